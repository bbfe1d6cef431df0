"""How near to people an arm comes, thing by thing, between a floor and a ceiling.

Every item is a distance from real people. Its score is (distance - floor) / (ceiling - floor): 0 is as far from people
as simple minds are, the worse of the arms `random` and `rule` in the same world, one floor for all arms; 1 is as near
as a world's worth of real people is to others of them. Where simple minds are as near as people there is no score.
Items of which no sample of people is at hand are held against a norm from the literature: 1 is the norm itself, they
say so, and there is no score where the simple minds' interval holds the norm. No overall score is given, since an
average would hide failures: the worst items are named instead.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, get_args

import pandas as pd

from experiments.facts.evidence import Evidence, Tables
from experiments.facts.fact import CannotTellError, per_seed
from experiments.facts.measures import Frame
from experiments.facts.people import Reference, figures, reference
from experiments.facts.references import MEASURED, Measured
from experiments.facts.table import facts, worlds_with_facts
from experiments.statistics import LEVEL, holm, interval, paired

Level = Literal["individual", "distribution", "variance", "homogeneity", "choice", "structure", "dynamics"]
Against = Literal["people", "norm"]
FLOORS = ("random", "rule")
"""The minds whose arms are the floor: nobody takes them for people."""
MIN_SEEDS = 2
"""Seeds in which an item must have a value to be scored: one may be as odd as it likes."""
MIN_ROWS = 20
"""Reviews or purchases that a world needs to be scored by them."""
COLUMNS = (
    "level", "item", "against", "arm", "score", "low", "high", "distance", "floor", "ceiling", "value", "human",
    "num_seeds", "what",
)  # fmt: skip


class Item(NamedTuple):
    """One thing that is scored."""

    name: str
    level: Level
    what: str
    """What the distance is, in words with its unit."""
    against: Against
    """Whether a sample of people is at hand, or but a figure that the literature holds to be people's."""
    distances: Callable[[Evidence, str], Frame]
    """Of an arm, one per seed."""
    values: Callable[[Evidence, str], Frame] | None
    """The arm's own figures, where the thing is a number rather than a distribution."""
    human: float
    """The figure of real people, or the norm; NaN for a distribution."""
    ceiling: float
    """Distance between two samples of real people; of a norm, 0."""


def scorecard(evidence: Evidence, world: str, individual: Iterable[tuple[Any, ...]] = ()) -> Frame:
    """Score every arm on every item that the run and the data allow; see `COLUMNS`.

    Args:
        evidence: Of all arms; an arm is scored where the same world has one of `FLOORS` besides.
        world: Name of the world's class in small letters; a world without items gets an empty table.
        individual: Rows about held-out people (`experiments.individual`), which come first.
    """
    rows = list(individual)
    for item in items(world):
        found = {arm: item.distances(evidence, arm).dropna() for arm in evidence.arms}
        for arm in evidence.arms:
            rows += _scored(item, evidence, arm, found)
    return pd.DataFrame(sorted(rows, key=lambda row: get_args(Level).index(row[0])), columns=list(COLUMNS))


def nearness(evidence: Evidence, world: str) -> Frame:
    """Which arms are nearer to people than the first one in the same world: differences of distances within a seed.

    Returns:
        Columns item, against, arm, than, difference, low, high (below 0: nearer), p, p_holm (adjusted over the items of
        an arm), answer: nearer or further where p_holm is below 5 %, else cannot tell.
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
                named = {"item": item.name, "against": item.against, "arm": arm.name, "than": first.name}
                rows.append({**named, **told})
    table: Frame = pd.DataFrame(rows, columns=["item", "against", "arm", "than", "difference", "low", "high", "p"])
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
    """The items on which an arm is furthest from people, in words, worst first; norms are not among them."""
    mine = card[(card["arm"] == arm) & (card["against"] == "people") & card["score"].notna()].sort_values("score")
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
    return Item(one.name, one.level, one.what, "people", distances, values if is_number else None, human, known.apart)


def _per_world(tables: Tables, one: Measured, figure: Callable[[Frame], Any]) -> Frame:
    table = tables.get(one.table)
    if table is None or table.empty:
        return pd.Series(dtype=float)

    def enough(rows: Frame) -> float:
        return float(figure(rows.rename(columns=one.columns))) if len(rows) >= MIN_ROWS else math.nan

    return per_seed(table, enough)


_LEVELS: Mapping[str, Level] = {
    "basket_prices": "variance",
    "uneven_sales": "structure",
    "repeat_purchases": "dynamics",
    "position_effect": "choice",
    "first_option": "choice",
    "reputation_premium": "choice",
}
"""Facts with one number, of people's or held to be theirs, that is not measured again in `references`."""


def _fact_items(world: str) -> Iterator[Item]:
    for fact in facts(world):
        level = _LEVELS.get(fact.name)
        human = fact.band.human
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
        against: Against = "people" if known else "norm"
        ceiling = known.apart if known else 0.0
        yield Item(fact.name, level, f"|{fact.measure} - {human:g}|", against, distances, values, human, ceiling)


def _scored(item: Item, evidence: Evidence, arm: str, found: Mapping[str, Frame]) -> list[tuple[Any, ...]]:
    mine = found[arm]
    simple = {one: float(found[one].mean()) for one in _floors_of(evidence, arm) if not found[one].empty}
    if len(mine) < MIN_SEEDS or not set(simple) - {arm}:
        return []
    worse = max(simple, key=lambda one: simple[one])
    floor, distance = simple[worse], float(mine.mean())
    low, high = interval(mine.to_numpy(float))
    value = math.nan if item.values is None else float(item.values(evidence, arm).mean())
    has_room = _is_off_norm(item, evidence, worse)
    scores = [normalised(one, floor, item.ceiling) if has_room else math.nan for one in (distance, high, low)]
    numbers = (*scores, distance, floor, item.ceiling, value, item.human, len(mine))
    return [(item.level, item.name, item.against, arm, *numbers, item.what)]


def _is_off_norm(item: Item, evidence: Evidence, arm: str) -> bool:
    """Whether simple minds can be told from a norm, off which single worlds are by chance alone; true of people."""
    if item.against == "people" or item.values is None:
        return True
    low, high = interval(item.values(evidence, arm).to_numpy(float))
    return not low <= item.human <= high


def normalised(distance: float, floor: float, ceiling: float) -> float:
    """The score of a distance; NaN where the floor is no further from people than the ceiling."""
    return (distance - floor) / (ceiling - floor) if floor > ceiling else math.nan


def _floors_of(evidence: Evidence, arm: str) -> list[str]:
    """The arms of simple minds in the same world, the same for all arms there; `random` itself is not scored."""
    mine = evidence.arms[arm]
    if mine.mind == FLOORS[0]:
        return []
    return [one.name for one in evidence.arms.values() if one.mind in FLOORS and not mine.differs_in(one)]
