"""`python -m sandbox ask`: interviews and surveys, off the timeline.

People answer as who they were after some steps of a run: with the memories of then. The run is replayed from its log,
which is only read, and nobody remembers having been asked. All is asked twice, with other draws: test-retest agreement.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import pandas as pd
from pydantic import Field, PositiveInt, field_validator, model_validator

from experiments.facts.measures import Frame
from sandbox.assembly import make_mind
from sandbox.config import Frozen, RunConfig, plain, targeted
from sandbox.errors import ConfigError, ContractError, DataError, unknown
from sandbox.mind import RuleMind
from sandbox.people import count_tokens
from sandbox.question import Answer, Choose, Form, Option, Question, Template, Write
from sandbox.run import LOG, Run
from sandbox.validation import validated
from sandbox.world import Person, World

MAX_TOKENS = 150
"""Of an item's text, as `count_tokens` counts; more would be cut."""
LIKERT = ("strongly disagree", "disagree", "neither agree nor disagree", "agree", "strongly agree")
FOLDER = "answers"


class Item(Frozen):
    """One question of a survey."""

    id: str = Field(pattern=r"^\w[\w-]*$")
    text: str = Field(min_length=1)
    """What is asked; in a Likert item, the statement."""
    kind: Literal["likert", "choice", "open"] = "open"
    options: list[str] = Field(default=[])
    """Answers of a choice; of a Likert item, the scale from low to high (default: `LIKERT`)."""
    words: PositiveInt = 40
    """Most words of an open answer."""

    @field_validator("text")
    @classmethod
    def _short(cls, text: str) -> str:
        if count_tokens(text) > MAX_TOKENS:
            raise ValueError(f"must be at most {3 * MAX_TOKENS} characters, so that nothing of it is cut")
        return text

    @model_validator(mode="after")
    def _answerable(self) -> "Item":
        if self.kind == "choice" and not 2 <= len(set(self.options)) == len(self.options) <= 26:
            raise ValueError("a choice needs 2 to 26 different options")
        if self.kind == "open" and self.options:
            raise ValueError("an open question has no options; make it kind: choice")
        return self

    @property
    def scale(self) -> Sequence[str]:
        """Possible answers in order; empty where the answer is open."""
        return self.options or (LIKERT if self.kind == "likert" else ())

    def form(self) -> Form:
        """The form of the answer; a scale keeps its order."""
        if self.kind == "open":
            return Write(self.words)
        options = tuple(Option(str(place + 1), text) for place, text in enumerate(self.scale))
        return Choose(options, ordered=self.kind == "likert")


class Survey(Frozen):
    """What is asked, and whom."""

    name: str = Field(default="survey", pattern=r"^\w[\w-]*$")
    """Of the table of answers."""
    items: list[Item] = Field(min_length=1)
    who: list[int] | str = "all"
    """`all`, a role of the world, or a list of agents' ids."""
    people: PositiveInt | None = None
    """No more than so many of them in each replicate, drawn from the seed."""
    repeats: PositiveInt = 2
    """How often everybody is asked the same."""


class Asked(NamedTuple):
    """A question with all that the table of answers says of it."""

    question: Question
    item: Item
    repeat: int
    person: Person


def read_survey(path: Path) -> Survey:
    """Read a survey from YAML.

    Raises:
        DataError: There is no such file, or it is no YAML.
        ConfigError: It is no survey.
    """
    from omegaconf import OmegaConf
    from yaml import YAMLError

    try:
        return validated(Survey, plain(OmegaConf.load(path)), str(path))
    except (OSError, YAMLError) as error:
        raise DataError(f"cannot read the survey {path}: {' '.join(str(error).split())}") from error


def chosen_survey(question: str | None, path: Path | None, who: str | None, people: int | None) -> Survey:
    """The survey of a file, or of one open question; `who` and `people` take the place of what it says.

    Raises:
        ConfigError: Both or neither are named.
    """
    if (question is None) == (path is None):
        raise ConfigError('ask takes one question, such as "What did you buy last?", or --survey FILE')
    survey = Survey(items=[Item(id="question", text=question)]) if question else read_survey(path or Path())
    changes: dict[str, Any] = {} if people is None else {"people": people}
    if who is not None:
        ids = who.replace(",", "").isdigit()
        changes["who"] = [int(one) for one in who.split(",")] if ids else who
    return validated(Survey, {**survey.model_dump(), **changes}, "survey")


def ask(run: Run, step: int, survey: Survey, say: Callable[[str], None]) -> Frame:
    """Ask people as they were after `step` steps.

    Returns:
        One row per answer: arm, seed, step, agent, role, profile, item, kind, repeat, answer, number (1-based place of
        the answer on its scale), expected (mean of the scale under the answer's probabilities), source.

    Raises:
        ConfigError: Nobody fits `who`, or the run has no such step.
        ContractError: The run's log is not what it was before.
    """
    before = _digest(run.folder / LOG)
    worlds = run.replay(step)
    if (done := worlds[0].now) != step:
        raise ConfigError(f"--at {step} must lie in the run's log, from 0 to {done} steps")
    config = run.manifest.segments[-1].config
    asked = [one for world in _with_words(worlds, config) for one in _questions(world, survey)]
    mind = make_mind(config, say)
    try:
        answers = [answer for part in _rounds(asked) for answer in mind.answer([one.question for one in part])]
    finally:
        mind.close()
    if _digest(run.folder / LOG) != before:
        raise ContractError(f"{run.folder / LOG} has changed while people were asked; another process must write it")
    ordered = [one for part in _rounds(asked) for one in part]
    return pd.DataFrame([_row(*both) for both in zip(ordered, answers, strict=True)])


def write_answers(table: Frame, run: Run, survey: Survey) -> list[Path]:
    """Write the answers beside the run, and how well people agree with themselves where they were asked twice."""
    folder = run.folder / FOLDER
    folder.mkdir(exist_ok=True)
    step = int(table["step"].iloc[0])
    path = folder / f"{survey.name}-at-{step}.csv"
    table.to_csv(path, index=False)
    table.to_parquet(path.with_suffix(".parquet"), index=False)
    files = [path, path.with_suffix(".parquet")]
    if survey.repeats > 1:
        agreed = path.with_name(f"{survey.name}-at-{step}-retest.csv")
        retest(table).to_csv(agreed, index=False)
        files.append(agreed)
    return files


def retest(table: Frame) -> Frame:
    """Test-retest agreement by arm and item that has a scale.

    Returns:
        Columns arm, item, people, same (share who answered the same twice), chance (the share to be expected of people
        who all draw from everybody's answers), kappa (Cohen 1960; of a Likert item with quadratic weights, Cohen 1968).
    """
    rows: list[tuple[Any, ...]] = []
    for (arm, item, kind), part in table[table["kind"] != "open"].groupby(["arm", "item", "kind"], sort=False):
        pairs: Frame = part.pivot_table(index=["seed", "agent"], columns="repeat", values="number")
        if pairs.shape[1] > 1:
            first, second = (pairs[repeat].to_numpy(int) for repeat in (0, 1))
            shares = part["number"].value_counts(normalize=True)
            rows.append(
                (arm, item, len(pairs), (first == second).mean(), (shares**2).sum(), _kappa(first, second, kind))
            )
    return pd.DataFrame(rows, columns=["arm", "item", "people", "same", "chance", "kappa"])


def summary(table: Frame) -> list[str]:
    """Answers by arm and item as lines for a terminal."""
    lines: list[str] = []
    for (item, arm), part in table.groupby(["item", "arm"], sort=False):
        kind = part["kind"].iloc[0]
        if kind == "open":
            said = [f'"{text}"' for text in part["answer"].head(3)]
            lines.append(f"{item}, {arm}: {len(part)} answers, such as {'; '.join(said)}")
            continue
        shares = part["answer"].value_counts(normalize=True)
        mean = f", mean {part['number'].mean():.2f}" if kind == "likert" else ""
        counted = ", ".join(f"{100 * share:.0f} % {answer}" for answer, share in shares.items())
        lines.append(f"{item}, {arm}: {counted}{mean} (n = {len(part)})")
    return lines


def _kappa(first: Any, second: Any, kind: Any) -> float:
    from statsmodels.stats.inter_rater import cohens_kappa

    size = int(max(first.max(), second.max()))
    counts = pd.crosstab(
        pd.Categorical(first, range(1, size + 1)), pd.Categorical(second, range(1, size + 1)), dropna=False
    ).to_numpy()
    if (counts.sum(0) > 0).sum() < 2 and (counts.sum(1) > 0).sum() < 2:
        return float("nan")  # everybody says the same: there is nothing to agree on
    found: Any = cohens_kappa(counts, wt="quadratic" if kind == "likert" else None, return_results=False)
    return float(found)


def _with_words(worlds: Sequence[World], config: RunConfig) -> list[World]:
    """The worlds whose people can answer any question; rules know only those of their world."""
    nodes = {arm.name: config.voices.get(arm.mind, config.mind) for arm in config.arms()}
    found = [world for world in worlds if targeted(nodes[world.replicate.rsplit("/", 1)[0]], "mind")[0] is not RuleMind]
    if not found:
        raise ConfigError("all people of this run follow rules, which know no answer but to their world's questions")
    return found


def _questions(world: World, survey: Survey) -> list[Asked]:
    people = _chosen(world, survey)
    return [
        Asked(_question(world, person, item, repeat), item, repeat, person)
        for repeat in range(survey.repeats)
        for item in survey.items
        for person in people
    ]


def _rounds(asked: Sequence[Asked]) -> list[list[Asked]]:
    """Batches in which nobody is asked twice: one per item and repeat, over all worlds."""
    rounds: dict[tuple[str, int], list[Asked]] = {}
    for one in asked:
        rounds.setdefault((one.item.id, one.repeat), []).append(one)
    return list(rounds.values())


def _question(world: World, person: Person, item: Item, repeat: int) -> Question:
    where = f"{person.unique_id}/{world.now}/{item.id}/{repeat}".encode()
    seed = blake2b(
        where, key=world.seeds.decision(person.unique_id, world.now, -3).to_bytes(8, "little"), digest_size=8
    )
    asked = person.ask(min(set(world.prompts) - {"rules"}), {"question": item.text}, item.form())  # for its rules
    lead = "How far do you agree? " if item.kind == "likert" else ""
    template = Template(f"survey/{item.id}", asked.template.rules, f"{lead}{{{{ question }}}}")
    return msgspec.structs.replace(asked, template=template, seed=int.from_bytes(seed.digest(), "little"))


def _chosen(world: World, survey: Survey) -> list[Person]:
    people = sorted((one for one in world.agents if isinstance(one, Person)), key=lambda one: one.unique_id)
    if isinstance(survey.who, str):
        if survey.who not in ("all", *world.roles):
            raise ConfigError(f"who: {unknown('role', survey.who, ['all', *world.roles])}")
        fitting = [one for one in people if survey.who in ("all", one.role)]
    else:
        fitting = [one for one in people if one.unique_id in survey.who]
    if not fitting:
        raise ConfigError(f"nobody to ask in {world.replicate}: who is {survey.who!r}, and there are {_roles(people)}")
    return world.in_order(fitting, "survey")[: survey.people]


def _roles(people: Sequence[Person]) -> str:
    return ", ".join(f"{number} x {role}" for role, number in Counter(one.role for one in people).items())


def _row(one: Asked, answer: Answer) -> Mapping[str, Any]:
    arm, seed = one.question.replicate.rsplit("/", 1)
    scale = one.item.scale
    number = int(str(answer.value)) if scale else None
    probs = answer.probs or ()
    return {
        "arm": arm,
        "seed": int(seed),
        "step": one.question.step,
        "agent": one.person.unique_id,
        "role": one.person.role,
        "profile": one.person.profile.id,
        "item": one.item.id,
        "kind": one.item.kind,
        "repeat": one.repeat,
        "answer": scale[number - 1] if number else answer.value,
        "number": number,
        "expected": sum((at + 1) * share for at, share in enumerate(probs)) if one.item.kind == "likert" else None,
        "source": answer.source,
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
