"""A rumour on a social graph: the smallest world, and the one to copy (after Daley & Kendall 1964)."""

from typing import Any, ClassVar

from pydantic import Field

from sandbox.figures import NetworkMap, TimeSeries
from sandbox.mind import Reply
from sandbox.question import Choose, Option, Question, choose
from sandbox.world import Person, Record, Turn, World, WorldParams


class RumorParams(WorldParams):
    """The `text` that is said, and how many people are the `first` to believe it."""

    text: str
    first: int = Field(ge=1)


class Villager(Person):
    """Hears a rumour and may pass it on."""

    believes = False

    def ask_whom(self, rumor: str) -> Question:
        """Pass it on, and to whom?"""
        friends = [Option(str(friend.unique_id), f"tell friend {friend.unique_id}") for friend in self.friends()[:6]]
        return self.ask("whom", {"rumor": rumor}, Choose((*friends, Option("nobody", "keep it to yourself"))))


class Rumor(World):
    """People hear a rumour, believe it or not, and pass it on to friends."""

    Params = RumorParams
    prompts: ClassVar = {
        "rules": "You are playing one real person in a village. Stay that person.",
        "whom": 'You believe this: "{{ rumor }}" Do you pass it on?',
        "belief": 'A friend tells you: "{{ rumor }}" Do you believe it?',
    }
    measures: ClassVar = {"believer_share": "share of people who believe the rumour"}
    figures = (
        TimeSeries("spread", "Spread of the rumour", ("believer_share",), "share of people"),
        NetworkMap("network", "Who believes it", "people", "node", "believes", "believes it"),
    )

    def __init__(self, params: RumorParams, **parts: Any) -> None:
        super().__init__(params, **parts)
        self.villagers = [Villager(self, profile, node) for node, profile in enumerate(self.people)]
        for villager in self.in_order(self.villagers, "first")[: params.first]:
            villager.believes = True

    def turn(self) -> Turn:
        """Believers may tell a friend; who is told believes it or not."""
        rumor = self.params.text
        tellers = [one for one in self.villagers if one.believes and one.friends()]
        told = {str(answer.value) for answer in (yield [teller.ask_whom(rumor) for teller in tellers])}
        hearers = [one for one in self.villagers if str(one.unique_id) in told and not one.believes]
        asked = [hearer.ask("belief", {"rumor": rumor}, choose("yes", "no")) for hearer in hearers]
        for hearer, answer in zip(hearers, (yield asked), strict=True):
            hearer.believes = answer.value == "yes"
            hearer.remember("rumour", f"You were told: {rumor}")

    def metrics(self) -> dict[str, float]:
        """How far it has come."""
        return {"believer_share": sum(one.believes for one in self.villagers) / len(self.villagers)}

    def tables(self) -> dict[str, list[Record]]:
        """Who believes it."""
        return {"people": [{"node": node, "believes": one.believes} for node, one in enumerate(self.villagers)]}

    @staticmethod
    def rule(question: Question) -> Reply:
        """Tell anyone as likely as nobody; believe three times in four."""
        form = question.form
        return [1] * len(form.options) if isinstance(form, Choose) and len(form.options) != 2 else [3, 1]
