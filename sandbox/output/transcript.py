"""One agent of a run, to read: who it is, what it was asked, what it could answer and did, what it remembers.

The run is replayed from its log, which needs no model; prompts are rendered again as they were.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import msgspec

from sandbox.core.agent import Agent
from sandbox.core.answering import display_order
from sandbox.core.form import Choose
from sandbox.core.memory import Event, MemoryView
from sandbox.core.profile import Profile
from sandbox.core.question import Question
from sandbox.core.replicate import Replicate
from sandbox.core.world import World
from sandbox.errors import ConfigError, unknown
from sandbox.prompting.render import option_labels, render
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.run import Run

READERS = ("model", "cache", "fallback")
"""Sources of answers for which a mind read the prompt, or was to."""
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
"""Characters that a terminal could take for commands; line breaks stay."""


class Decision(NamedTuple):
    """A question with its row of the log."""

    question: Question[Any]
    row: Mapping[str, Any]


class AgentRecorder:
    """Listens to a replay and records one agent."""

    def __init__(self, agent: int, replicate: Replicate, first_step: int) -> None:
        """Record the agent with that id from a step on; its memories, from before that step."""
        self.agent, self.replicate, self.first_step = agent, replicate, first_step
        self.profile: Profile | None = None
        self.role = ""
        self.ids: list[int] = []
        """Of all agents that there are."""
        self.num_steps = 0
        """Finished steps."""
        self.memories: dict[int, MemoryView] = {}
        """By number of finished steps."""
        self.questions: list[tuple[int, Question[Any]]] = []
        """With the number of their batch."""
        self._num_batches = 0

    def observe(self, num_steps: int, worlds: Sequence[World[Any]]) -> None:
        """Consider the worlds after some steps."""
        [world] = [world for world in worlds if world.replicate == self.replicate]
        agents = {agent.unique_id: agent for agent in world.agents if isinstance(agent, Agent)}
        self.num_steps, self.ids = num_steps, sorted({*self.ids, *agents})
        if self.agent in agents:
            self.profile, self.role = agents[self.agent].profile, agents[self.agent].role
            self.memories[num_steps] = agents[self.agent].memory.view()

    def add(self, questions: Sequence[Question[Any]]) -> None:
        """Consider a batch of questions."""
        self.questions += [
            (self._num_batches, question)
            for question in questions
            if question.agent == self.agent and question.replicate == self.replicate and self._is_wanted(question)
        ]
        self._num_batches += 1

    def decisions(self, log: DecisionLog) -> Iterator[Decision]:
        """Yield what was asked, with what the log holds about it."""
        for batch, question in self.questions:
            where = "batch = ? AND arm = ? AND seed = ? AND agent = ?"
            [row] = log.decisions(where, (batch, *self.replicate, self.agent))
            yield Decision(question, row)

    def _is_wanted(self, question: Question[Any]) -> bool:
        return question.step >= self.first_step


def describe_agent(run: Run, agent: int, step: int | None, arm: str | None, seed: int | None) -> Iterator[str]:
    """Yield lines on one agent of a run.

    Args:
        run: The run.
        agent: Id of the agent.
        step: 0-based step, whose questions are shown with the memory before it; None: all steps.
        arm: Name of the arm; None: the first.
        seed: Seed of the replicate; None: the first.

    Raises:
        ConfigError: There is no such arm, seed, agent or step.
    """
    replicate = _find_replicate(run, arm, seed)
    recorder = AgentRecorder(agent, replicate, step or 0)
    run.replay(None if step is None else step + 1, recorder.observe, recorder)
    if recorder.profile is None:
        ids = f"ids go from {recorder.ids[0]} to {recorder.ids[-1]}" if recorder.ids else "it has none"
        raise ConfigError(f"--agent: there is no agent {agent} in {replicate}; {ids}")
    if step is not None and step not in recorder.memories:
        raise ConfigError(
            f"--at {step}: agent {agent} of {replicate} was there from step {min(recorder.memories)} to "
            f"{max(recorder.memories)}"
        )
    with closing(run.log()) as log:
        decisions = list(recorder.decisions(log))
    yield from _describe_person(run, recorder)
    if step is not None:
        yield from _describe_memory(recorder.memories[step], step)
    yield from _describe_steps(recorder, decisions, is_one_step=step is not None)
    if step is None:
        yield from _describe_memory(recorder.memories[max(recorder.memories)], max(recorder.memories))


def _find_replicate(run: Run, arm: str | None, seed: int | None) -> Replicate:
    config = run.manifest.segments[-1].config
    arms = [condition.name for condition in config.arms()]
    if arm is not None and arm not in arms:
        raise ConfigError(f"--arm: {unknown('arm', arm, arms)}")
    if seed is not None and seed not in config.seeds:
        raise ConfigError(f"--seed: there is no seed {seed} in this run; there is {', '.join(map(str, config.seeds))}")
    return Replicate(arms[0] if arm is None else arm, config.seeds[0] if seed is None else seed)


def _describe_person(run: Run, recorder: AgentRecorder) -> Iterator[str]:
    arm, seed = recorder.replicate
    config = run.manifest.segments[-1].config
    yield f"Agent {recorder.agent}, {recorder.role}, arm {arm}, seed {seed}"
    if len(config.arms()) * len(config.seeds) > 1:
        arms, seeds = ", ".join(condition.name for condition in config.arms()), ", ".join(map(str, config.seeds))
        yield f"(others: --arm {arms}; --seed {seeds})"
    profile = recorder.profile
    if profile is not None:
        yield f"\nPersona ({profile.id}{f', from {profile.source}' if profile.source else ''})"
        yield f"  {_printable(profile.persona)}"
        if profile.writing_style:
            yield f"  Writing style: {_printable(profile.writing_style)}"


def _describe_memory(memory: MemoryView, num_steps: int) -> Iterator[str]:
    yield f"\nMemory after {num_steps} steps"
    lines = [f"  step {event.step}, {_describe_event(event)}" for event in (*memory.salient, *memory.recent)]
    lines += [f"  {count} x {_printable(kind)} by now condensed" for kind, count in memory.summary]
    yield from lines or ["  nothing"]


def _describe_steps(recorder: AgentRecorder, decisions: Sequence[Decision], is_one_step: bool) -> Iterator[str]:
    """Yield, step by step, what was asked and answered, and what the agent remembers of it."""
    if not decisions:
        yield "\nIt was asked nothing" + (f" in step {recorder.first_step}." if is_one_step else ".")
    for step in range(recorder.first_step, recorder.num_steps + 1):
        for decision in decisions:
            if decision.question.step == step:
                yield from _describe_decision(decision)
        if events := _events_of(recorder.memories.get(step + 1), step):
            yield f"\nRemembered of step {step}"
            yield from (f"  {_describe_event(event)}" for event in events)


def _events_of(memory: MemoryView | None, step: int) -> list[Event]:
    """Return the events of a step that are remembered at its end."""
    events = () if memory is None else (*memory.salient, *memory.recent)
    return [event for event in events if event.step == step]


def _describe_decision(decision: Decision) -> Iterator[str]:
    question, row = decision
    yield f"\nStep {question.step}, round {question.round}: {question.template.name}"
    unread = "" if row["source"] in READERS else f", as a language model would read it; mind {row['mind']} reads none"
    yield f"  Prompt{unread}"
    yield from (f"    | {line}" for line in _printable(render(question).as_text()).splitlines())
    if isinstance(question.form, Choose):
        yield "  Options, with their probabilities"
        yield from _describe_options(question, question.form, row)
    else:
        yield f"  Answer: {_printable(row['value']) or '(no text)'}"
    yield f"  Answered by {_describe_source(row)}"


def _describe_options(question: Question[Any], form: Choose[Any], row: Mapping[str, Any]) -> Iterator[str]:
    probs = None if row["probs"] is None else msgspec.json.decode(row["probs"])
    letters = option_labels(form, question.presentation)
    for letter, index in zip(letters, display_order(question), strict=True):
        option = form.options[index]
        probability = "    –" if probs is None else f"{probs[index]:.3f}"
        sign = ">" if option.key == row["value"] else " "
        yield f"  {sign} {letter}  {probability}  {_printable(option.text or option.key)}"


def _describe_source(row: Mapping[str, Any]) -> str:
    model = f", {row['model']}" if row["model"] else ""
    notes = {
        "drawn at random, since no answer could be obtained": row["source"] == "fallback",
        "from the cache": row["source"] == "cache",
        "truncated": row["truncated"],
        "asked twice": row["retried"],
    }
    return f"mind {row['mind']}{model}" + "".join(f"; {note}" for note, holds in notes.items() if holds)


def _describe_event(event: Event) -> str:
    return f"{_printable(event.kind)}: {_printable(event.text)}"


def _printable(text: str) -> str:
    """Return text without characters that a terminal could take for commands."""
    return _CONTROL.sub("", text)
