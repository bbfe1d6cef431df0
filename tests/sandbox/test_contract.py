"""The contract of a world: every world keeps it, and every way of breaking it is noticed."""

import random
from itertools import count
from typing import Any, ClassVar

import pytest

from sandbox.config import choices
from sandbox.contract import check_world
from sandbox.errors import ContractError
from sandbox.mind import Reply
from sandbox.question import Question
from sandbox.world import Turn
from tests.conftest import belief
from worlds import rumor
from worlds.rumor import Rumor

SMALL = ["population.size=20"]
PROMISES = ("answered", "finite", "same seed", "Another seed", "Asking changes nothing", "replays")

made = count()
"""Counts the worlds that were made: state that outlives a world, as none should."""


class GlobalRandomness(Rumor):
    """Asks whom a generator of its own names, which no seed rules."""

    def turn(self) -> Turn:
        yield [belief(random.choice(self.villagers), "x")]


class CountsItself(Rumor):
    """Each world asks something else than the one before."""

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self.number = next(made)

    def turn(self) -> Turn:
        yield [belief(self.villagers[0], f"rumour {self.number}")]


class AsksFewerEachTime(Rumor):
    """Each world asks fewer people than the one before."""

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self.number = next(made)

    def turn(self) -> Turn:
        yield [belief(one, "x") for one in self.villagers[: 1 + self.number % 7]]


class AskingChanges(Rumor):
    """Remembers that it asked before it is answered."""

    asked = 0

    def turn(self) -> Turn:
        self.asked += 1
        answers = yield [belief(self.villagers[0], f"for the {self.asked}th time")]
        self.villagers[0].believes = answers[0].value == "yes"


class NotANumber(Rumor):
    """Measures nothing."""

    def metrics(self) -> dict[str, float]:
        return {"believer_share": float("nan")}


class Undeclared(Rumor):
    """Measures more than it says."""

    def metrics(self) -> dict[str, float]:
        return {**super().metrics(), "doubters": 1.0}


class Unmeasured(Rumor):
    """Measures less than it says."""

    measures: ClassVar = {**Rumor.measures, "doubters": "number of doubters"}

    def metrics(self) -> dict[str, float]:
        return {**super().metrics(), **({"doubters": 1.0} if self.now < 3 else {})}


class Silent(Rumor):
    """Asks nobody."""

    def turn(self) -> Turn:
        yield from ()


class DeafToSeeds(Rumor):
    """The same whatever the seed."""

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **{**more, "rng": 5})

    def turn(self) -> Turn:
        yield [belief(self.villagers[0], "x")]


class WrongRule(Rumor):
    """Its rule knows another number of options."""

    @staticmethod
    def rule(question: Question) -> Reply:
        return "perhaps"


class BrokenInvariant(Rumor):
    """Finds itself impossible."""

    def check(self) -> None:
        if self.now == 4:
            raise ContractError("a villager was lost")


class ForgetfulMetrics(Rumor):
    """A metric that depends on how the world came about, not on its answers."""

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self.number = next(made)

    def metrics(self) -> dict[str, float]:
        return {"believer_share": float(self.number)}


@pytest.mark.parametrize("world", sorted(choices("world")))
def test_every_world_keeps_every_promise(world: str) -> None:
    kept = list(check_world([f"world={world}", *SMALL]))
    assert len(kept) == len(PROMISES)
    for promise, words in zip(kept, PROMISES, strict=True):
        assert words in promise


@pytest.mark.parametrize("overrides", [["seeds=[5]"], ["graph=scale_free"], ["mind=base"], ["steps=1"]])
def test_other_settings_do_not_matter_to_the_contract(overrides: list[str]) -> None:
    assert len(list(check_world(["world=rumor", *SMALL, *overrides]))) == len(PROMISES)


@pytest.mark.parametrize(
    ("kind", "promise", "says"),
    [
        (Silent, 0, "asked nobody anything in 6 steps; its turn must yield questions"),
        (WrongRule, 0, "perhaps"),
        (BrokenInvariant, 0, "a villager was lost"),
        (NotANumber, 1, "step 0: metrics must be finite, found {'believer_share': nan}"),
        (Undeclared, 1, r"metrics\(\) and measures differ in \['doubters'\]"),
        (Unmeasured, 1, r"metrics\(\) and measures differ in \['doubters'\]"),
        (GlobalRandomness, 2, "two worlds of one seed ask differently .* draw random numbers from self.seeds only"),
        (CountsItself, 2, "two worlds of one seed ask differently .*first at countsitself/belief of agent 1 in step 0"),
        (AsksFewerEachTime, 2, "two worlds of one seed ask"),
        (DeafToSeeds, 3, "seeds 0 and 1 give the same history"),
        (AskingChanges, 4, "asking changes the world: .*agent 1 in step 0.* differs"),
        (ForgetfulMetrics, 5, "replayed metrics differ"),
    ],
)
def test_a_world_that_breaks_a_promise_is_told_which(
    monkeypatch: pytest.MonkeyPatch, kind: type[Rumor], promise: int, says: str
) -> None:
    monkeypatch.setattr(rumor, "Rumor", kind)  # what conf/world/rumor.yaml names
    kept: list[str] = []
    with pytest.raises(ContractError, match=says):
        for one in check_world(["world=rumor", *SMALL]):
            kept.append(one)
    assert len(kept) <= promise, kept
