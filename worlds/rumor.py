"""A rumour on a social graph: the smallest world, and the one to copy (Maki & Thompson 1973)."""

from typing import Any, ClassVar, Self

from pydantic import Field

from sandbox.core import Agent, Question, Row, Turn, World, WorldParams, choose, choose_among, gather
from sandbox.figures import NetworkMap, TimeSeries
from worlds.rumor_reaction import GOING_ON_BY_NEWS


class RumorParams(WorldParams):
    """Parameters of a `Rumor`."""

    text: str
    """The rumour."""
    first: int = Field(ge=1)
    """Number of agents who spread the rumour from the start."""


class Villager(Agent["Rumor"]):
    """Is an ignorant, who has not heard the rumour; a spreader; or a stifler, who knows it and is silent."""

    NOBODY: ClassVar = ("nobody", "keep it to yourself")
    state = "ignorant"

    def ask_whom(self) -> Question[Self | None]:
        """Ask which of up to six friends to tell, if any."""
        friends = self.sample_friends(6)
        form = choose_among(friends, Villager.key, lambda friend: f"tell friend {friend.key()}", none=self.NOBODY)
        return self.ask("whom", {"rumor": self.world.params.text, "friends": len(friends)}, form)

    def ask_again(self, hearer: Self) -> Question[str]:
        """Ask whether to keep spreading it although a friend already knew it."""
        facts = {"rumor": self.world.params.text, "friend": hearer.key(), "was_new": False}
        return self.ask("again", facts, choose("yes", "no"))


class Rumor(World[RumorParams]):
    """People tell friends a rumour until they meet somebody who already knows it."""

    prompts: ClassVar = {
        "preamble": "You are playing one real person in a village. Stay that person.",
        "whom": 'You have heard this: "{{ rumor }}" Do you pass it on now?',
        "again": 'You told friend {{ friend }}: "{{ rumor }}" {{ "It was news to your friend." if was_new else '
        '"Your friend already knew it." }} Do you keep telling people?',
    }
    rules: ClassVar = {
        "whom": lambda question: [1.0] * question.facts["friends"] + [0.0],  # any friend, never nobody
        "again": lambda question: [1.0, 0.0] if question.facts["was_new"] else [0.0, 1.0],
    }
    reactions = (GOING_ON_BY_NEWS,)
    metric_labels: ClassVar = {
        "ignorant_share": "share of agents who have not heard the rumour",
        "spreader_share": "share of agents who spread the rumour",
        "stifler_share": "share of agents who know the rumour and are silent",
    }
    figures = (
        TimeSeries("spread", "Spread of the rumour", tuple(metric_labels), "share of agents"),
        NetworkMap("network", "Who knows it", "agents", "node", "state", "state"),
    )

    def __init__(self, params: RumorParams, **parts: Any) -> None:
        super().__init__(params, **parts)
        self.villagers = [Villager(self, profile, node) for node, profile in enumerate(self.profiles)]
        self.tips: list[Row] = []
        for villager in self.in_order(self.villagers, "first")[: params.first]:
            villager.state = "spreader"

    def turn(self) -> Turn[None]:
        """Spreaders tell a friend; those whose friend already knew it may stop."""
        tellers = self.in_order([v for v in self.villagers if v.state == "spreader" and v.friends()], "tell")
        hearers = yield from gather([teller.ask_whom() for teller in tellers])
        repeats = [(t, h) for t, h in zip(tellers, hearers, strict=True) if h and not self.tell(t, h)]
        decisions = yield from gather([teller.ask_again(hearer) for teller, hearer in repeats])
        for (teller, _), decision in zip(repeats, decisions, strict=True):
            teller.state = "spreader" if decision == "yes" else "stifler"

    def tell(self, teller: Villager, hearer: Villager) -> bool:
        """Let one villager tell another, and return whether it was news."""
        was_new = hearer.state == "ignorant"
        self.tips.append({"step": self.now, "teller": teller.unique_id, "hearer": hearer.unique_id, "was_new": was_new})
        if was_new:
            hearer.state = "spreader"
            hearer.remember("rumour", f"Friend {teller.key()} told you: {self.params.text}")
        return was_new

    def metrics(self) -> dict[str, float]:
        """Return the share of agents in each state."""
        states = [villager.state for villager in self.villagers]
        return {f"{state}_share": states.count(state) / len(states) for state in ("ignorant", "spreader", "stifler")}

    def tables(self) -> dict[str, list[Row]]:
        """Return who knows it, and who told whom."""
        return {"agents": [{"node": n, "state": v.state} for n, v in enumerate(self.villagers)], "tips": self.tips}
