"""The contract of a world, as a test that anybody can call: `python -m sandbox check WORLD`.

`check_world` plays a world with random and with rule-following agents, renders what they are asked, and raises
`ContractError` at the first promise that is broken. One parametrised test runs it for every file in `conf/world/`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import zip_longest
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from sandbox.core.answer import Answer
from sandbox.core.mind import Mind, RandomMind, RuleMind
from sandbox.core.presentation import Presentation
from sandbox.core.question import Question
from sandbox.core.templates import PREAMBLE, template_from
from sandbox.core.world import World, advance
from sandbox.errors import ContractError
from sandbox.prompting.origin import find_template_line, find_variable
from sandbox.prompting.render import Prompt, render, template_variables
from sandbox.runtime.assembly import build_worlds, resolve_world
from sandbox.runtime.config import RunConfig, load_run_config
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.reaction_contract import check_reactions
from sandbox.runtime.results import Results
from sandbox.runtime.runner import Runner
from sandbox.runtime.world_code import explain_world
from sandbox.user_code import explain_user_code

STEPS = 6
"""Steps for which each promise is tried."""
PRESENTATIONS = (
    Presentation(),
    Presentation(profile_reversed=True, scales_reversed=True),
    Presentation(shuffle=1, first_label="Z", given_names=True),
)
"""Together they exercise every way of laying out a question."""
PLAIN_RUN = ("mind=rule", f"steps={STEPS}", "seeds=[0]", "assignment={}", "extra_minds={}", "interventions=[]")
"""What a check sets, whatever the world's experiment says."""


def check_world(overrides: Sequence[str]) -> Iterator[str]:
    """Yield every promise that the configured world keeps, as it is found to be kept.

    Raises:
        ContractError: A promise is broken; the message says which, where, and what was found.
    """
    config = load_run_config([*overrides, *PLAIN_RUN])
    promises = (
        _check_rules,
        _check_answers,
        _check_rendering,
        _check_metrics,
        _check_repeatability,
        _check_seeding,
        _check_asking_changes_nothing,
        _check_replay,
        _check_reactions,
    )
    for check in promises:
        finding = check(config)
        yield (check.__doc__ or "").split("\n", 1)[0].removesuffix(".") + (f": {finding}" if finding else "")


def _check_rules(config: RunConfig) -> str:
    """Every template has a rule."""
    kind, _ = resolve_world(config)
    if missing := sorted(set(kind.prompts) - {PREAMBLE} - set(kind.rules)):
        raise ContractError(f"world {kind.name} has no rule for the template {missing[0]!r}; add it to its `rules`")
    if unused := sorted(set(kind.rules) - set(kind.prompts)):
        raise ContractError(
            f"world {kind.name} has a rule {unused[0]!r}, but no template of that name in its `prompts`"
        )
    return f"{len(kind.rules)}"


def _check_answers(config: RunConfig) -> str:
    """Every question can be answered at random and by the world's rules, and the invariants hold throughout."""
    kind, _ = resolve_world(config)
    for mind in (RandomMind(), RuleMind(kind.rules)):
        if not _play(_build_world(config), mind, STEPS):
            raise ContractError(
                f"world {kind.name} asked nobody anything in {STEPS} steps; its turn must yield questions"
            )
    return ""


def _check_rendering(config: RunConfig) -> str:
    """Every question renders in every wording and presentation, within the budget of tokens."""
    kind, _ = resolve_world(config)
    longest, longest_template = 0, ""
    facts: dict[str, set[str]] = {}
    for mind in (RandomMind(), RuleMind(kind.rules)):
        for question in _play(_build_world(config), mind, STEPS):
            facts.setdefault(question.template.key, set()).update(question.facts)
            for wording, version in _all_presentations(kind, question):
                length = _render(version, wording).num_tokens()
                if length > kind.max_prompt_tokens:
                    raise ContractError(
                        f"template {question.template.name}: a prompt has up to {length} tokens, more than the "
                        f"max_prompt_tokens of world {kind.name}, {kind.max_prompt_tokens}; shorten facts or options"
                    )
                longest, longest_template = max((longest, longest_template), (length, question.template.key))
    _check_variables(kind, facts)
    return f"the longest prompt has at most {longest} tokens ({longest_template})"


def _check_variables(kind: type[World[Any]], facts: Mapping[str, set[str]]) -> None:
    """Look at all branches of all templates, also at those that no question has reached."""
    for wording, prompts in enumerate(kind.wordings()):
        for key, text in prompts.items():
            name = f"{kind.name}/{key}" + (f" (wording {wording})" if wording else "")
            undefined = template_variables(name, text) - facts.get(key, set())
            if undefined and key in facts:
                variable = min(undefined)
                broken = ContractError(
                    f"template {name}: {variable!r} is undefined; "
                    f"its facts are {', '.join(sorted(facts[key])) or 'none'}"
                )
                broken.add_note(str(find_template_line(f"{kind.name}/{key}", text, find_variable(text, variable))))
                raise broken


def _render(question: Question[Any], wording: int) -> Prompt:
    try:
        return render(question)
    except ContractError as error:
        if wording:
            error.args = (f"{error} (wording {wording})",)
        raise


def _check_metrics(config: RunConfig) -> str:
    """Metrics are finite or missing and exactly those that the world declares, and its tables hold rows."""
    world = _build_world(config)
    for _ in range(STEPS):
        _play(world, RandomMind(), 1)
        if set(world.latest_metrics) != set(world.metric_labels):
            difference = sorted(set(world.latest_metrics) ^ set(world.metric_labels))
            raise ContractError(
                f"world {world.name}: metrics() and metric_labels differ in {difference}; "
                "each metric needs a label and a value"
            )
        if bad := {name: value for name, value in world.latest_metrics.items() if not _is_metric(value)}:
            raise ContractError(
                f"world {world.name}, step {world.now - 1}: metrics must be finite, or None where there is no case, "
                f"found {bad}"
            )
        Results.of([world])
    return ""


def _check_repeatability(config: RunConfig) -> str:
    """The same seed gives the same history, question by question."""
    first, second = (_play(_build_world(config), RandomMind(), STEPS) for _ in range(2))
    if difference := _first_difference(first, second):
        raise ContractError(
            f"two worlds with the same seed ask differently (first: {difference}); draw random numbers from "
            "self.seeds only, and iterate over lists or self.in_order, never over sets"
        )
    rules = RuleMind(type(_build_world(config)).rules)
    for question in first:
        if rules.answer([question]) != rules.answer([question]):
            raise ContractError(
                f"the rule of {question.template.name} answers the same question differently; "
                "a rule depends on its question alone, and the weights it returns are drawn for it"
            )
    return ""


def _check_seeding(config: RunConfig) -> str:
    """Another seed gives another history, even to the same people on the same graph."""
    world = _build_world(config)
    parts: dict[str, Any] = {"profiles": world.profiles, "graph": world.network.G, "replicate": world.replicate}
    reseeded = type(world)(world.params, rng=world.seeds.seed + 1, **parts)
    if not _first_difference(_play(world, RandomMind(), STEPS), _play(reseeded, RandomMind(), STEPS)):
        raise ContractError("seeds 0 and 1 give the same history; draw random numbers from self.seeds")
    return ""


def _check_asking_changes_nothing(config: RunConfig) -> str:
    """Asking changes nothing: a step that is begun and abandoned leaves no trace."""
    undisturbed = _play(_build_world(config), RandomMind(), STEPS)
    world = _build_world(config)
    questions: list[Question[Any]] = []
    for _ in range(STEPS):
        abandoned = world.play()
        advance(abandoned, None)
        abandoned.close()
        questions += _play(world, RandomMind(), 1)
    if difference := _first_difference(undisturbed, questions):
        raise ContractError(f"asking changes the world: after a step was begun and abandoned, {difference} differs")
    return ""


def _check_replay(config: RunConfig) -> str:
    """The decision log replays to the same metrics."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "decisions.sqlite"
        live, replayed = _build_world(config), _build_world(config)
        for world, mind in ((live, RandomMind), (replayed, _refuse_to_answer)):
            log = DecisionLog.open(path, write=True) if path.exists() else DecisionLog.create(path)
            with closing(log):
                _run(world, mind, log)
        if live.latest_metrics != replayed.latest_metrics:
            raise ContractError(f"replayed metrics differ: {live.latest_metrics} and {replayed.latest_metrics}")
    return ""


def _check_reactions(config: RunConfig) -> str:
    """Every reaction changes one fact of a question, and rule agents show it."""
    kind, _ = resolve_world(config)
    questions: list[Question[Any]] = []
    for needs in {tuple(reaction.needs.items()) for reaction in kind.reactions}:
        for mind in (RandomMind(), RuleMind(kind.rules)):
            world = _build_world(config)
            world.change(**dict(needs))
            questions += _play(world, mind, STEPS)
    with explain_user_code(lambda: f"world {kind.name}: checking its reactions", lambda: kind):
        check_reactions(kind, questions)
    return f"{len(kind.reactions)}"


def _run(world: World[Any], make_mind: Callable[[], Mind], log: DecisionLog) -> None:
    Runner([world], make_mind, log, max_fallback_rate=0).run(STEPS)


def _refuse_to_answer() -> Mind:
    raise ContractError("the replay asks more than was logged")


def _build_world(config: RunConfig) -> World[Any]:
    return build_worlds(config)[0]


def _is_metric(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and isfinite(value))


def _all_presentations(kind: type[World[Any]], question: Question[Any]) -> Iterator[tuple[int, Question[Any]]]:
    """Yield the number of a wording and the question, in every wording and in every presentation of the first one."""
    for wording, prompts in enumerate(kind.wordings()):
        template = template_from(kind.name, question.template.key, prompts)
        yield wording, msgspec.structs.replace(question, template=template)
    for presentation in PRESENTATIONS[1:]:
        yield 0, msgspec.structs.replace(question, presentation=presentation)


def _first_difference(first: Sequence[Question[Any]], second: Sequence[Question[Any]]) -> str:
    """Say where two histories differ first; empty if they do not."""
    for expected, actual in zip_longest(first, second):
        if expected is None or actual is None:
            return f"the number of questions, {len(first)} and {len(second)}"
        if expected.digest() != actual.digest():
            return f"{expected.template.name} of agent {expected.agent} in step {expected.step}, round {expected.round}"
    return ""


def _play(world: World[Any], mind: Mind, steps: int) -> list[Question[Any]]:
    """Drive a world; return what was asked."""
    history: list[Question[Any]] = []

    class RecordingMind(RandomMind):
        def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
            history.extend(questions)
            return [self._answer(question) for question in questions]

        def _answer(self, question: Question[Any]) -> Answer:
            question.content()  # facts and options must fit into the log
            return mind.answer([question])[0]

    world.mind = RecordingMind()
    for _ in range(steps):
        with explain_world(world, lambda: history[-1:]):
            world.step()
    return history
