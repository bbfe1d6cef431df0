"""A person in the browser: plays some agents of a running world, while another mind answers for all others.

The page is served on this machine alone, to whoever has the link with its token. The person sees what the agent's
prompt says, and what they decide is logged like any answer. A run waits for them as long as they need. Stop it with
Ctrl-C, and `resume` continues with the batch that is not complete.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Self

from pydantic import Field, NonNegativeInt

from agents.minds.desk import Desk
from sandbox.composition import resolve_target
from sandbox.core.answer import Answer
from sandbox.core.answering import display_order
from sandbox.core.form import Choose
from sandbox.core.mind import Mind, MindContext
from sandbox.core.question import Question
from sandbox.errors import ConfigError
from sandbox.prompting.page import describe_question
from sandbox.settings import Settings, validate


class HumanSettings(Settings):
    """Settings of `HumanMind`."""

    agents: list[NonNegativeInt] = Field(min_length=1)
    """Ids of the agents whom the person plays, in every world of the run."""
    others: dict[str, Any]
    """Mind of all other agents."""
    port: int = Field(ge=0, le=65535)
    """Where the page is served; 0: any port that is free."""


class HumanMind(Mind):
    """Asks a person for some agents, and another mind for the others."""

    name = "human"
    asks_people = True

    def __init__(self, settings: HumanSettings, others: Mind, notify: Callable[[str], None]) -> None:
        self.settings = settings
        self._others = others
        self._desk = Desk(settings.port)
        notify(f"you play agent {', '.join(map(str, settings.agents))}: open {self._desk.url}")

    @classmethod
    def check(cls, settings: Mapping[str, Any], model: str) -> None:
        """Validate the settings, and those of the other mind."""
        kind, node = resolve_others(validate(HumanSettings, settings, "mind"))
        kind.check(node, model)

    @classmethod
    def check_agents(cls, settings: Mapping[str, Any], agents: Collection[int]) -> None:
        """Raise `ConfigError` if the person is to play an agent who does not exist."""
        if missing := [agent for agent in validate(HumanSettings, settings, "mind").agents if agent not in agents]:
            raise ConfigError(f"mind.agents names {missing[0]}, but agents are numbered {min(agents)} to {max(agents)}")

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> Self:
        """Build the other mind, and serve the page."""
        checked = validate(HumanSettings, settings, "mind")
        kind, node = resolve_others(checked)
        return cls(checked, kind.build(node, context), context.notify)

    def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
        """Ask the other mind first, which is fast, then the person, one question after the other."""
        is_own = [question.agent in self.settings.agents for question in questions]
        others = [question for question, own in zip(questions, is_own, strict=True) if not own]
        answers = iter(self._others.answer(others) if others else [])
        given = [None if own else next(answers) for own in is_own]
        return [
            self._ask(question) if answer is None else answer for question, answer in zip(questions, given, strict=True)
        ]

    def describe(self) -> dict[str, Any]:
        """Name the agents and the mind of the others."""
        return {"mind": self.name, "agents": list(self.settings.agents), "others": self._others.describe()}

    def close(self) -> None:
        """Tell the page that the run has ended, and free its port."""
        self._desk.close()
        self._others.close()

    def _ask(self, question: Question[Any]) -> Answer:
        when = f"{question.replicate}, step {question.step}, agent {question.agent}"
        value = self._desk.ask({**describe_question(question, is_self=False), "when": when}, question)
        form = question.form
        if not isinstance(form, Choose):
            return Answer(value, self.name, mind=self.name)
        index = form.index(value)
        probs = tuple(float(place == index) for place in range(len(form.options)))
        position = display_order(question).index(index)
        return Answer(value, self.name, mind=self.name, index=index, probs=probs, position=position)


def resolve_others(settings: HumanSettings) -> tuple[type[Mind], dict[str, Any]]:
    """Return the mind of all other agents, and its settings."""
    kind, node = resolve_target(settings.others, "mind.others")
    if not (isinstance(kind, type) and issubclass(kind, Mind)) or kind is HumanMind:
        raise ConfigError("mind.others must name another mind, such as sandbox.core.mind.RuleMind")
    return kind, dict(node)
