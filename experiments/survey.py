"""`python -m sandbox ask`: interviews and surveys, off the timeline.

Agents answer as they were after some steps of a run, with the memories they had then. The run is replayed from its log,
which is only read, and no agent remembers the survey. Every question is asked twice, with different random draws, to
measure test-retest agreement.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import pandas as pd
from pydantic import Field, PositiveInt, field_validator, model_validator

from experiments.retest import retest_agreement
from sandbox.composition import resolve_target, to_plain
from sandbox.core.agent import Agent
from sandbox.core.answer import Answer
from sandbox.core.form import MAX_OPTIONS, Choose, Form, Option, Write
from sandbox.core.memory import count_tokens
from sandbox.core.mind import RuleMind
from sandbox.core.question import Question, Template
from sandbox.core.templates import PREAMBLE
from sandbox.core.world import World
from sandbox.counting import count_of
from sandbox.errors import ConfigError, ContractError, DataError, unknown
from sandbox.output.progress import track
from sandbox.runtime.assembly import build_minds
from sandbox.runtime.config import RunConfig
from sandbox.runtime.run import LOG, Run
from sandbox.settings import Settings, validate

MAX_TOKENS = 150
"""Maximum length of an item's text, by `count_tokens`; more would be truncated."""
LIKERT = ("strongly disagree", "disagree", "neither agree nor disagree", "agree", "strongly agree")
FOLDER = "answers"


class SurveyItem(Settings):
    """One question of a survey."""

    id: str = Field(pattern=r"^\w[\w-]*$")
    text: str = Field(min_length=1)
    """The question; for a Likert item, the statement."""
    kind: Literal["likert", "choice", "open"] = "open"
    options: list[str] = Field(default=[])
    """Answers of a choice; for a Likert item, the scale from low to high (default: `LIKERT`)."""
    words: PositiveInt = 40
    """Maximum number of words of an open answer."""

    @field_validator("text")
    @classmethod
    def _check_length(cls, text: str) -> str:
        if count_tokens(text) > MAX_TOKENS:
            raise ValueError(f"must have at most {3 * MAX_TOKENS} characters, so that none of it is truncated")
        return text

    @model_validator(mode="after")
    def _check_options(self) -> "SurveyItem":
        if self.kind == "choice" and not 2 <= len(set(self.options)) == len(self.options) <= MAX_OPTIONS:
            raise ValueError(f"a choice needs 2 to {MAX_OPTIONS} different options")
        if self.kind == "open" and self.options:
            raise ValueError("an open question has no options; make it kind: choice")
        return self

    @property
    def scale(self) -> Sequence[str]:
        """Possible answers in order; empty if the answer is open."""
        return self.options or (LIKERT if self.kind == "likert" else ())

    def form(self) -> Form:
        """Return the form of the answer; a scale keeps its order."""
        if self.kind == "open":
            return Write(self.words)
        options = tuple(Option(str(index + 1), text) for index, text in enumerate(self.scale))
        return Choose(options, ordered=self.kind == "likert")


class Survey(Settings):
    """The questions, and which agents answer them."""

    name: str = Field(default="survey", pattern=r"^\w[\w-]*$")
    """Name of the table of answers."""
    items: list[SurveyItem] = Field(min_length=1)
    agents: list[int] | str = "all"
    """`all`, a role of the world, or a list of agents' ids."""
    max_agents: PositiveInt | None = None
    """Maximum number of agents in each replicate, drawn by its seed; null: all of them."""
    repeats: PositiveInt = 2
    """How often every agent is asked each question."""


class SurveyQuestion(NamedTuple):
    """A question, with everything the table of answers says about it."""

    question: Question[Any]
    item: SurveyItem
    repeat: int
    agent: Agent[Any]


def read_survey(path: Path) -> Survey:
    """Read a survey from YAML.

    Raises:
        DataError: There is no such file, or it is not YAML.
        ConfigError: It is not a survey.
    """
    from omegaconf import OmegaConf
    from yaml import YAMLError

    try:
        return validate(Survey, to_plain(OmegaConf.load(path)), str(path))
    except (OSError, YAMLError) as error:
        raise DataError(f"cannot read the survey {path}: {' '.join(str(error).split())}") from error


def choose_survey(question: str | None, path: Path | None, agents: str | None, max_agents: int | None) -> Survey:
    """Return the survey in a file, or a survey of one open question.

    Args:
        question: The open question.
        path: The file.
        agents: A role, or ids separated by commas; overrides what the survey says.
        max_agents: Overrides what the survey says.

    Raises:
        ConfigError: Both or neither of `question` and `path` are given.
    """
    if (question is None) == (path is None):
        raise ConfigError('ask takes one question, such as "What did you buy last?", or --survey FILE')
    survey = Survey(items=[SurveyItem(id="question", text=question)]) if question else read_survey(path or Path())
    changes: dict[str, Any] = {} if max_agents is None else {"max_agents": max_agents}
    if agents is not None:
        are_ids = agents.replace(",", "").isdigit()
        changes["agents"] = [int(agent_id) for agent_id in agents.split(",")] if are_ids else agents
    return validate(Survey, {**survey.model_dump(), **changes}, "survey")


def ask(run: Run, step: int, survey: Survey, notify: Callable[[str], None]) -> pd.DataFrame:
    """Ask agents as they were after `step` steps.

    Returns:
        One row per answer: arm, seed, step, agent, role, profile, item, kind, repeat, answer, number (1-based position
        of the answer on its scale), expected (mean of the scale under the answer's probabilities), source.

    Raises:
        ConfigError: No agent matches `agents`, or the run has no such step.
        ContractError: The run's log changed in the meantime.
    """
    before = _digest_file(run.folder / LOG)
    worlds = run.replay(step)
    if (done := worlds[0].now) != step:
        raise ConfigError(f"--at {step} is outside the run's log, which goes from 0 to {done} steps")
    config = run.manifest.segments[-1].config
    batches = _batch(
        [entry for world in _worlds_with_words(worlds, config) for entry in _list_questions(world, survey)]
    )
    mind = build_minds(config, notify)
    try:
        answers = [
            answer
            for batch in track(batches, "interview")
            for answer in mind.answer([entry.question for entry in batch])
        ]
    finally:
        mind.close()
    if _digest_file(run.folder / LOG) != before:
        raise ContractError(f"{run.folder / LOG} changed during the survey; is another process writing to it?")
    entries = [entry for batch in batches for entry in batch]
    return pd.DataFrame([_answer_row(entry, answer) for entry, answer in zip(entries, answers, strict=True)])


def write_answers(table: pd.DataFrame, run: Run, survey: Survey) -> list[Path]:
    """Write the answers into the run's folder, and the test-retest agreement if agents were asked twice."""
    folder = run.folder / FOLDER
    folder.mkdir(exist_ok=True)
    step = int(table["step"].iloc[0])
    path = folder / f"{survey.name}-at-{step}.csv"
    table.to_csv(path, index=False)
    table.to_parquet(path.with_suffix(".parquet"), index=False)
    files = [path, path.with_suffix(".parquet")]
    if survey.repeats > 1:
        retest = path.with_name(f"{survey.name}-at-{step}-retest.csv")
        retest_agreement(table).to_csv(retest, index=False)
        files.append(retest)
    return files


def summarize(table: pd.DataFrame) -> list[str]:
    """Return answers by arm and item as lines for a terminal."""
    lines: list[str] = []
    groups: Any = table.groupby(["item", "arm"], sort=False)
    for (item, arm), part in groups:
        kind = part["kind"].iloc[0]
        if kind == "open":
            examples = [f'"{text}"' for text in part["answer"].head(3)]
            lines.append(f"{item}, {arm}: {count_of(len(part), 'answer')}, for example {'; '.join(examples)}")
            continue
        shares = part["answer"].value_counts(normalize=True)
        mean = f", mean {part['number'].mean():.2f}" if kind == "likert" else ""
        percentages = ", ".join(f"{100 * share:.0f} % {answer}" for answer, share in shares.items())
        lines.append(f"{item}, {arm}: {percentages}{mean} (n = {len(part)})")
    return lines


def _worlds_with_words(worlds: Sequence[World[Any]], config: RunConfig) -> list[World[Any]]:
    """Return the worlds whose agents can answer any question; rules can answer only those of their own world."""
    nodes = {arm.name: config.extra_minds.get(arm.mind, config.mind) for arm in config.arms()}
    answering = [world for world in worlds if resolve_target(nodes[world.replicate.arm], "mind")[0] is not RuleMind]
    if not answering:
        raise ConfigError("all agents of this run follow rules, which can answer only the questions of their world")
    return answering


def _list_questions(world: World[Any], survey: Survey) -> list[SurveyQuestion]:
    agents = _select_agents(world, survey)
    return [
        SurveyQuestion(_make_question(world, agent, item, repeat), item, repeat, agent)
        for repeat in range(survey.repeats)
        for item in survey.items
        for agent in agents
    ]


def _batch(entries: Sequence[SurveyQuestion]) -> list[list[SurveyQuestion]]:
    """Return batches in which no agent is asked twice: one per item and repeat, over all worlds."""
    batches: dict[tuple[str, int], list[SurveyQuestion]] = {}
    for entry in entries:
        batches.setdefault((entry.item.id, entry.repeat), []).append(entry)
    return list(batches.values())


def _make_question(world: World[Any], agent: Agent[Any], item: SurveyItem, repeat: int) -> Question[Any]:
    context = f"{agent.unique_id}/{world.now}/{item.id}/{repeat}".encode()
    # Round -3 occurs in no world, so a survey shares no random numbers with the run.
    key = world.seeds.decision(agent.unique_id, world.now, -3).to_bytes(8, "little")
    seed = blake2b(context, key=key, digest_size=8)
    # Any template of the world will do: only its preamble is used.
    question = agent.ask(min(set(world.prompts) - {PREAMBLE}), {"question": item.text}, item.form())
    lead = "How far do you agree? " if item.kind == "likert" else ""
    template = Template(f"survey/{item.id}", question.template.preamble, f"{lead}{{{{ question }}}}")
    return msgspec.structs.replace(question, template=template, seed=int.from_bytes(seed.digest(), "little"))


def _select_agents(world: World[Any], survey: Survey) -> list[Agent[Any]]:
    agents = sorted((agent for agent in world.agents if isinstance(agent, Agent)), key=lambda agent: agent.unique_id)
    if isinstance(survey.agents, str):
        if survey.agents not in ("all", *world.roles):
            raise ConfigError(f"agents: {unknown('role', survey.agents, ['all', *world.roles])}")
        matching = [agent for agent in agents if survey.agents in ("all", agent.role)]
    else:
        matching = [agent for agent in agents if agent.unique_id in survey.agents]
    if not matching:
        raise ConfigError(
            f"no agent to ask in {world.replicate}: agents is {survey.agents!r}, but there are {_count_roles(agents)}"
        )
    return world.in_order(matching, "survey")[: survey.max_agents]


def _count_roles(agents: Sequence[Agent[Any]]) -> str:
    return ", ".join(f"{number} x {role}" for role, number in Counter(agent.role for agent in agents).items())


def _answer_row(entry: SurveyQuestion, answer: Answer) -> Mapping[str, Any]:
    arm, seed = entry.question.replicate
    scale = entry.item.scale
    number = int(str(answer.value)) if scale else None
    probs = answer.probs or ()
    mean = sum((index + 1) * probability for index, probability in enumerate(probs))
    return {
        "arm": arm,
        "seed": seed,
        "step": entry.question.step,
        "agent": entry.agent.unique_id,
        "role": entry.agent.role,
        "profile": entry.agent.profile.id,
        "item": entry.item.id,
        "kind": entry.item.kind,
        "repeat": entry.repeat,
        "answer": scale[number - 1] if number else answer.value,
        "number": number,
        "expected": mean if entry.item.kind == "likert" else None,
        "source": answer.source,
    }


def _digest_file(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
