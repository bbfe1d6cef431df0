"""How near to people an arm comes, thing by thing, between a floor and a ceiling.

Every item is a distance from real people. Its score is (distance - floor) / (ceiling - floor): 0 is as far from people
as simple minds are, the worse of the arms `random` and `rule` of the same run; 1 is as near as two samples of real
people are to each other. Where simple minds are as near as people there is no score. No overall score is given, since
an average would hide failures: the worst items are named instead.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd

from experiments.facts.evidence import Evidence, Tables
from experiments.facts.fact import CannotTellError, per_seed
from experiments.facts.measures import Frame
from experiments.facts.people import Reference, figures, reference
from experiments.facts.references import MEASURED, Measured
from experiments.facts.table import facts, worlds_with_facts
from experiments.statistics import LEVEL, holm, interval, paired

Level = Literal["individual", "distribution", "variance", "homogeneity", "structure", "dynamics"]
FLOORS = ("random", "rule")
"""The minds whose arms are the floor: nobody takes them for people."""
MIN_ROWS = 20
"""Reviews or purchases that a world needs to be scored by them."""
COLUMNS = (
    "level", "item", "arm", "score", "low", "high", "distance", "floor", "ceiling", "value", "human", "num_seeds",
    "what",
)  # fmt: skip


class Item(NamedTuple):
    """One thing that is scored."""

    name: str
    level: Level
    what: str
    """What the distance is, in words with its unit."""
    distances: Callable[[Evidence, str], Frame]
    """Of an arm, one per seed."""
    values: Callable[[Evidence, str], Frame] | None
    """The arm's own figures, where the thing is a number rather than a distribution."""
    human: float
    """The figure of real people; NaN for a distribution."""
    ceiling: float
    """Distance between two samples of real people, or half the interval of what is known of them."""


def scorecard(evidence: Evidence, world: str, individual: Path | None = None) -> Frame:
    """Score every arm on every item that the run and the data allow; see `COLUMNS`.

    Args:
        evidence: Of all arms; an arm is scored where the same world has one of `FLOORS` besides.
        world: Name of the world's class in small letters; a world without items gets an empty table.
        individual: `scores.csv` of an evaluation on held-out people (`python -m training evaluate`).
    """
    rows = list(_individual(individual)) if individual is not None and individual.is_file() else []
    for item in items(world):
        found = {arm: item.distances(evidence, arm).dropna() for arm in evidence.arms}
        for arm in evidence.arms:
            rows += _scored(item, evidence, arm, found)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def nearness(evidence: Evidence, world: str) -> Frame:
    """Which arms are nearer to people than the first one in the same world: differences of distances within a seed.

    Returns:
        Columns item, arm, than, difference, low, high (below 0: nearer), p, p_holm (adjusted over the items of an arm),
        answer: nearer or further where p_holm is below 5 %, else cannot tell.
    """
    rows: list[dict[str, Any]] = []
    arms = list(evidence.arms.values())
    for item in items(world):
        by_arm = {arm.name: dict(item.distances(evidence, arm.name).items()) for arm in arms}
        for arm in arms:
            first = next(one for one in arms if not one.differs_in(arm))
            found = paired(by_arm[arm.name], by_arm[first.name])
            if arm is not first and found.num > 1:
                told = {name: getattr(found, name) for name in ("difference", "low", "high", "p")}
                rows.append({"item": item.name, "arm": arm.name, "than": first.name, **told})
    table: Frame = pd.DataFrame(rows, columns=["item", "arm", "than", "difference", "low", "high", "p"])
    table["p_holm"] = table.groupby("arm")["p"].transform(lambda family: holm(family.to_list()))
    table["answer"] = [_nearer(*both) for both in zip(table["difference"], table["p_holm"], strict=True)]
    return table


def _nearer(difference: float, p_holm: float) -> str:
    if not p_holm < 1 - LEVEL:
        return "cannot tell"
    return "nearer" if difference < 0 else "further"


def items(world: str) -> list[Item]:
    """What is scored in a world."""
    if world not in worlds_with_facts():
        return []
    return [*map(_measured_item, MEASURED), *_fact_items(world)]


def worst(card: Frame, arm: str, number: int = 3) -> list[str]:
    """The items on which an arm is furthest from people, in words, worst first."""
    mine = card[(card["arm"] == arm) & card["score"].notna()].sort_values("score")
    names, scores = mine["item"].head(number), mine["score"].head(number)
    return [f"{str(name).replace('_', ' ')} ({score:.2f})" for name, score in zip(names, scores, strict=True)]


def _measured_item(one: Measured) -> Item:
    known: Reference = reference(one.name)

    def distances(evidence: Evidence, arm: str) -> Frame:
        return _per_world(evidence.of(arm), one, lambda rows: one.distance(one.figure(rows), known.value))

    def values(evidence: Evidence, arm: str) -> Frame:
        return _per_world(evidence.of(arm), one, one.figure)

    is_number = isinstance(known.value, float)
    human = float(known.value) if isinstance(known.value, float) else math.nan
    return Item(one.name, one.level, one.what, distances, values if is_number else None, human, known.apart)


def _per_world(tables: Tables, one: Measured, figure: Callable[[Frame], Any]) -> Frame:
    table = tables.get(one.table)
    if table is None or table.empty:
        return pd.Series(dtype=float)

    def enough(rows: Frame) -> float:
        return float(figure(rows.rename(columns=one.columns))) if len(rows) >= MIN_ROWS else math.nan

    return per_seed(table, enough)


_LEVELS: Mapping[str, Level] = {
    "basket_prices": "structure",
    "position_effect": "structure",
    "first_option": "structure",
    "price_dispersion": "dynamics",
    "reputation_premium": "dynamics",
    "repeat_purchases": "dynamics",
}
"""Facts with a number of real people's that is not measured again in `references`."""


def _fact_items(world: str) -> Iterator[Item]:
    for fact in facts(world):
        level = _LEVELS.get(fact.name)
        human = 1.0 if fact.name == "price_dispersion" else fact.band.human
        if level is None or math.isnan(human):
            continue

        def values(evidence: Evidence, arm: str, fact: Any = fact) -> Frame:
            try:
                return fact.values(evidence, arm)
            except CannotTellError:
                return pd.Series(dtype=float)

        def distances(evidence: Evidence, arm: str, values: Any = values, human: float = human) -> Frame:
            return (values(evidence, arm) - human).abs()

        known = figures().get(fact.name)
        ceiling = (known.high - known.low) / 2 if known else 0.0
        yield Item(fact.name, level, f"|{fact.measure} - {human:g}|", distances, values, human, ceiling)


def _scored(item: Item, evidence: Evidence, arm: str, found: Mapping[str, Frame]) -> list[tuple[Any, ...]]:
    mine = found[arm]
    simple = [float(found[one].mean()) for one in _floors_of(evidence, arm) if not found[one].empty]
    if mine.empty or not simple:
        return []
    floor, distance = max(simple), float(mine.mean())
    low, high = interval(mine.to_numpy(float))
    value = math.nan if item.values is None else float(item.values(evidence, arm).mean())
    scores = [normalised(one, floor, item.ceiling) for one in (distance, high, low)]
    numbers = (*scores, distance, floor, item.ceiling, value, item.human, len(mine))
    return [(item.level, item.name, arm, *numbers, item.what)]


def normalised(distance: float, floor: float, ceiling: float) -> float:
    """The score of a distance; NaN where the floor is no further from people than the ceiling."""
    return (distance - floor) / (ceiling - floor) if floor > ceiling else math.nan


def _floors_of(evidence: Evidence, arm: str) -> list[str]:
    """The arms of simple minds in the same world, but the arm itself; of `random` there are none."""
    mine = evidence.arms[arm]
    if mine.mind == FLOORS[0]:
        return []
    same = [one for one in evidence.arms.values() if not mine.differs_in(one) and one.name != arm]
    return [one.name for one in same if one.mind in FLOORS]


def _individual(scores: Path) -> Iterator[tuple[Any, ...]]:
    """Choices of held-out people: how likely each contestant finds what they really did.

    The floor is a uniform guess, the ceiling the best guess that knows only the person's own earlier record.
    """
    table: Frame = pd.read_csv(scores)
    table = table[(table["figure"] == "nll") & (table["who"] == "own") & ~table["form"].str.contains(",")]
    for form, rows in table.groupby("form"):
        by_name = rows.set_index("contestant")
        own = [name for name in by_name.index if name in OWN_RECORD]
        if "uniform" not in by_name.index or not own:
            continue
        floor, ceiling = float(by_name.loc["uniform", "value"]), float(by_name.loc[own, "value"].min())
        for arm in (name for name in by_name.index if name not in GUESSES):
            value, low, high = (float(by_name.loc[arm, name]) for name in ("value", "low", "high"))
            scored = [normalised(one, floor, ceiling) for one in (value, high, low)]
            what = "negative log-likelihood of what held-out people chose (nats); ceiling: their own earlier choices"
            numbers = (*scored, value, floor, ceiling, value, math.nan, int(by_name.loc[arm, "users"]))
            yield ("individual", f"{form}_choices", arm, *numbers, what)


GUESSES = ("uniform", "majority", "popular", "last", "tastes", "own stars")
OWN_RECORD = ("last", "tastes", "own stars")
"""Guesses that know the person's own earlier record."""
