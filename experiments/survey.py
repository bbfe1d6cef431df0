"""`python -m sandbox ask`: interviews and surveys, off the timeline.

Agents answer as they were after some steps of a run, with the memories they had then. The run is replayed from its log,
which is only read, and no agent remembers the survey. Every question is asked twice, with different random draws, to
measure test-retest agreement.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import msgspec
import pandas as pd
from pydantic import Field, PositiveInt, field_validator, model_validator

from experiments.survey_agents import KIND_SEPARATOR, describe_agents, remembered_kinds, select_agents
from experiments.survey_files import write_interview
from sandbox.characters import remove_control_characters
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
from sandbox.errors import ConfigError, ContractError, DataError
from sandbox.files import hash_file
from sandbox.output.progress import track
from sandbox.runtime.config import RunConfig
from sandbox.runtime.fallbacks import ASIDE_ADVICE, FallbackGuard
from sandbox.runtime.run import LOG, Run
from sandbox.settings import Settings, validate

MAX_TOKENS = 150
"""Maximum length of an item's text, by `count_tokens`; more would be truncated."""
LIKERT_LEAD = "How far do you agree?"
LIKERT = ("strongly disagree", "disagree", "neither agree nor disagree", "agree", "strongly agree")


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
    remembers: str | None = None
    """Kind of event, such as `purchase`, that an agent must remember to be asked; null: whatever they remember."""
    max_agents: PositiveInt | None = None
    """Maximum number of agents in each replicate, drawn by its seed; null: all of them."""
    repeats: PositiveInt = 2
    """How often every agent is asked each question."""

    @field_validator("items")
    @classmethod
    def _check_ids(cls, items: list[SurveyItem]) -> list[SurveyItem]:
        ids = [item.id for item in items]
        if repeated := sorted({item_id for item_id in ids if ids.count(item_id) > 1}):
            raise ValueError(f"each needs an id of its own, but several are {repeated[0]!r}")
        return items


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


def choose_survey(
    question: str | None, path: Path | None, agents: str | None, max_agents: int | None, remembers: str | None = None
) -> Survey:
    """Return the survey in a file, or a survey of one open question.

    Args:
        question: The open question.
        path: The file.
        agents: A role, or ids separated by commas; overrides what the survey says.
        max_agents: Overrides what the survey says.
        remembers: Overrides what the survey says.

    Raises:
        ConfigError: Both or neither of `question` and `path` are given.
    """
    if (question is None) == (path is None):
        raise ConfigError('ask takes one question, such as "What did you buy last?", or --survey FILE')
    survey = Survey(items=[SurveyItem(id="question", text=question)]) if question else read_survey(path or Path())
    flags = {"max_agents": max_agents, "remembers": remembers}
    changes: dict[str, Any] = {name: value for name, value in flags.items() if value is not None}
    if agents is not None:
        are_ids = re.fullmatch(r"[0-9]+(,[0-9]+)*", agents)
        changes["agents"] = [int(agent_id) for agent_id in agents.split(",")] if are_ids else agents
    return validate(Survey, {**survey.model_dump(), **changes}, "survey")


def ask(run: Run, step: int, survey: Survey, notify: Callable[[str], None]) -> pd.DataFrame:
    """Ask agents as they were after `step` steps.

    Returns:
        One row per answer: arm, seed, step, agent, role, profile, num_events (that the agent remembers), remembers
        (kinds of these), item, question, kind, repeat, answer, number (1-based position of the answer on its scale),
        expected (mean of the scale under the answer's probabilities), source. An answer that could not be obtained is
        missing, and its source is `fallback`.

    Raises:
        ConfigError: No agent matches `agents`, or the run has no such step.
        BackendError: More answers than `max_fallback_rate` allows could not be obtained.
        ContractError: The run's log changed in the meantime.
    """
    before = hash_file(run.folder / LOG)
    worlds = run.replay(step if step >= 0 else None)
    if (done := worlds[0].now) != step:
        raise ConfigError(f"--at {step} is outside the run's log, which goes from 0 to {done} steps")
    config = run.manifest.segments[-1].config
    batches = _batch(_list_questions(_worlds_with_words(worlds, config), survey, notify))
    guard = FallbackGuard(config.max_fallback_rate, ASIDE_ADVICE)
    with closing(run.build_minds(notify)) as mind:
        questions = [[entry.question for entry in batch] for batch in batches]
        answers = [answer for batch in track(questions, "interview") for answer in guard.ask(mind.answer, batch)]
    guard.finish()
    if hash_file(run.folder / LOG) != before:
        raise ContractError(f"{run.folder / LOG} changed during the survey; is another process writing to it?")
    entries = [entry for batch in batches for entry in batch]
    return pd.DataFrame([_answer_row(entry, answer) for entry, answer in zip(entries, answers, strict=True)])


def write_answers(
    table: pd.DataFrame, folder: Path, run: Run, survey: Survey, source: Path | None = None
) -> list[Path]:
    """Write answers and questions into a folder, and the test-retest agreement if agents were asked twice.

    Args:
        table: The answers.
        folder: Where the files go.
        run: Whose agents answered.
        survey: The questions.
        source: The file that they were read from, if there is one.
    """
    return write_interview(table, folder, run, survey.name, survey, survey.repeats > 1, source)


def summarize(table: pd.DataFrame) -> list[str]:
    """Return answers by arm and item as lines for a terminal, and a sentence on the agents; fallbacks do not count."""
    groups: Any = table.groupby(["item", "arm"], sort=False)
    return [*(f"{item}, {arm}: {_summarize_item(part)}" for (item, arm), part in groups), describe_agents(table)]


def _summarize_item(rows: pd.DataFrame) -> str:
    """Return the answers of one arm to one item in words."""
    kind, answers = rows["kind"].iloc[0], cast("pd.DataFrame", rows[rows["source"] != "fallback"])
    num_agents = len(answers.drop_duplicates(["seed", "agent"]))
    number = f"n = {count_of(len(answers), 'answer')} of {count_of(num_agents, 'agent')}"
    if num_fallbacks := len(rows) - len(answers):
        number += f"; {num_fallbacks} more could not be obtained"
    if answers.empty:
        return f"no answer ({number})"
    if kind == "open":
        examples = "; ".join(f'"{remove_control_characters(str(text))}"' for text in answers["answer"].head(3))
        return f"for example {examples} ({number})"
    shares = answers["answer"].value_counts(normalize=True)
    mean = f", mean {answers['number'].mean():.2f}" if kind == "likert" else ""
    percentages = ", ".join(f"{100 * share:.0f} % {answer}" for answer, share in shares.items())
    return f"{percentages}{mean} ({number})"


def _worlds_with_words(worlds: Sequence[World[Any]], config: RunConfig) -> list[World[Any]]:
    """Return the worlds whose agents can answer any question; rules can answer only those of their own world."""
    nodes = {arm.name: config.extra_minds.get(arm.mind, config.mind) for arm in config.arms()}
    answering = [world for world in worlds if resolve_target(nodes[world.replicate.arm], "mind")[0] is not RuleMind]
    if not answering:
        raise ConfigError("all agents of this run follow rules, which can answer only the questions of their world")
    return answering


def _list_questions(
    worlds: Sequence[World[Any]], survey: Survey, notify: Callable[[str], None]
) -> list[SurveyQuestion]:
    agents = select_agents(worlds, survey.agents, survey.remembers, survey.max_agents, notify)
    return [
        SurveyQuestion(_make_question(world, agent, item, repeat), item, repeat, agent)
        for world in worlds
        for repeat in range(survey.repeats)
        for item in survey.items
        for agent in agents[world.replicate]
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
    lead = f"{LIKERT_LEAD} " if item.kind == "likert" else ""
    template = Template(f"survey/{item.id}", question.template.preamble, f"{lead}{{{{ question }}}}")
    return msgspec.structs.replace(question, template=template, seed=int.from_bytes(seed.digest(), "little"))


def _answer_row(entry: SurveyQuestion, answer: Answer) -> Mapping[str, Any]:
    arm, seed = entry.question.replicate
    scale, is_missing = entry.item.scale, answer.source == "fallback"
    number = int(str(answer.value)) if scale and not is_missing else None
    has_mean = entry.item.kind == "likert" and not is_missing
    mean = sum((index + 1) * probability for index, probability in enumerate(answer.probs or ()))
    events = remembered_kinds(entry.question.memory)
    return {
        "arm": arm,
        "seed": seed,
        "step": entry.question.step,
        "agent": entry.agent.unique_id,
        "role": entry.agent.role,
        "profile": entry.agent.profile.id,
        "num_events": events.total(),
        "remembers": KIND_SEPARATOR.join(events),
        "item": entry.item.id,
        "question": entry.item.text,
        "kind": entry.item.kind,
        "repeat": entry.repeat,
        "answer": scale[number - 1] if number else None if is_missing else answer.value,
        "number": number,
        "expected": mean if has_mean else None,
        "source": answer.source,
    }
