"""A rumour on a social graph: the smallest world, and the one to copy (after Daley & Kendall 1964)."""

from typing import Any, ClassVar, Self

from pydantic import Field

from sandbox.core import Agent, Question, Row, Turn, World, WorldParams, choose, choose_among, gather, random_reply
from sandbox.figures import NetworkMap, TimeSeries


class RumorParams(WorldParams):
    """Parameters of a `Rumor`."""

    text: str
    """The rumour."""
    first: int = Field(ge=1)
    """Number of agents who believe it from the start."""


class Villager(Agent["Rumor"]):
    """Hears a rumour and may pass it on."""

    NOBODY: ClassVar = ("nobody", "keep it to yourself")
    believes = False

    def ask_whom(self, rumor: str) -> Question[Self | None]:
        """Ask whether to pass it on, and to whom."""
        friends = choose_among(
            self.friends()[:6], Villager.key, lambda friend: f"tell friend {friend.key()}", none=self.NOBODY
        )
        return self.ask("whom", {"rumor": rumor}, friends)


class Rumor(World[RumorParams]):
    """People hear a rumour, believe it or not, and pass it on to friends."""

    prompts: ClassVar = {
        "preamble": "You are playing one real person in a village. Stay that person.",
        "whom": 'You believe this: "{{ rumor }}" Do you pass it on?',
        "belief": 'A friend tells you: "{{ rumor }}" Do you believe it?',
    }
    rules: ClassVar = {
        "whom": random_reply,  # any friend is as likely as nobody
        "belief": lambda question: [3.0, 1.0],  # three in four believe it
    }
    metric_labels: ClassVar = {"believer_share": "share of agents who believe the rumour"}
    figures = (
        TimeSeries("spread", "Spread of the rumour", ("believer_share",), "share of agents"),
        NetworkMap("network", "Who believes it", "agents", "node", "believes", "believes it"),
    )

    def __init__(self, params: RumorParams, **parts: Any) -> None:
        super().__init__(params, **parts)
        self.villagers = [Villager(self, profile, node) for node, profile in enumerate(self.profiles)]
        for villager in self.in_order(self.villagers, "first")[: params.first]:
            villager.believes = True

    def turn(self) -> Turn[None]:
        """Believers may tell a friend; those who are told believe it or not."""
        rumor = self.params.text
        tellers = [villager for villager in self.villagers if villager.believes and villager.friends()]
        listeners = yield from gather([teller.ask_whom(rumor) for teller in tellers])
        hearers = [villager for villager in self.villagers if villager in listeners and not villager.believes]
        beliefs = yield from gather([hearer.ask("belief", {"rumor": rumor}, choose("yes", "no")) for hearer in hearers])
        for hearer, belief in zip(hearers, beliefs, strict=True):
            hearer.believes = belief == "yes"
            hearer.remember("rumour", f"You were told: {rumor}")

    def metrics(self) -> dict[str, float]:
        """Return how far the rumour has spread."""
        return {"believer_share": sum(villager.believes for villager in self.villagers) / len(self.villagers)}

    def tables(self) -> dict[str, list[Row]]:
        """Return who believes it."""
        return {"agents": [{"node": node, "believes": each.believes} for node, each in enumerate(self.villagers)]}
