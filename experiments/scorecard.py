"""How close to real people an arm comes, item by item, between a floor and a ceiling.

Every item is a squared distance from real people (`experiments.facts.distance`), corrected so that real people are at 0
on average, however few there are in a world. Its score is 1 - distance / floor: 0 is as far from people as the simple
baselines are (the worse of the arms `random` and `rule` in the same world, one floor for all arms), 1 is where people
are. Intervals carry the errors of the arm, of the floor and of people's value. There is no score if the floor is not
significantly further from people than people. Items without a sample of people are compared with a norm from the
literature: 1 is the norm itself, and the scorecard says so. Rows about individual choices end at the best simple
predictor, not at people (`experiments.individual`). There is no overall score, since an average would hide failures;
the worst items are named instead.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, get_args

import pandas as pd

from experiments.facts.distance import Distance, distance_difference, score_of
from experiments.facts.evidence import Evidence
from experiments.facts.item import ScoreItem
from experiments.facts.reference import Level
from experiments.families import ADDED, FLOORS, Family, adjust_by_family, deciding_p, question_minds
from experiments.frames import column, columns, rows_where
from experiments.statistics import ALPHA

CEILING = 0.0
"""Expected distance of real people from real people."""
COLUMNS = (
    "level", "item", "against", "arm", "score", "low", "high", "distance", "floor", "ceiling", "value", "human",
    "num_seeds", "distance_measure",
)  # fmt: skip
NEARNESS = (
    "item", "against", "arm", "than", "family", "family_size", "difference", "low", "high", "sd", "p", "p_holm",
    "verdict", "detectable", "num_seeds",
)  # fmt: skip
"""Columns of `nearness`."""


def scorecard(evidence: Evidence, items: Iterable[ScoreItem], others: Iterable[tuple[Any, ...]] = ()) -> pd.DataFrame:
    """Score every arm on every item that the run and the data allow; see `COLUMNS`.

    Args:
        evidence: All arms; an arm is scored if one of `FLOORS` has an arm in the same world.
        items: What is scored.
        others: Rows about reactions and about held-out people.
    """
    rows = list(others)
    for item in items:
        distances = _distances(item, evidence)
        for arm in distances:
            rows += _score_arm(item, evidence, arm, distances)
    return pd.DataFrame(sorted(rows, key=lambda row: get_args(Level).index(row[0])), columns=list(COLUMNS))


def _distances(item: ScoreItem, evidence: Evidence) -> dict[str, Distance]:
    """Return the distances of the arms that have one."""
    distances = {arm: item.distance(evidence, arm) for arm in evidence.arms}
    return {arm: distance for arm, distance in distances.items() if distance is not None}


def nearness(evidence: Evidence, items: Iterable[ScoreItem]) -> pd.DataFrame:
    """Test which arms are nearer to people than the first arm in the same world, by differences within a seed.

    Returns:
        See `NEARNESS`. `difference` is that of squared distances, below 0 where the arm is nearer. `p_holm` is adjusted
        over all items of the arms that the question is about. `verdict` is nearer or further if that p-value (the plain
        one for the arm of a baseline) is below 5 %, else inconclusive.
    """
    rows: list[dict[str, Any]] = []
    arms = list(evidence.arms.values())
    own_minds = question_minds([arm.mind for arm in arms])
    for item in items:
        distances = _distances(item, evidence)
        for arm in arms:
            first = next(candidate for candidate in arms if not candidate.differing_params(arm))
            if arm is not first and arm.name in distances and first.name in distances:
                difference = distance_difference(distances[arm.name], distances[first.name])
                family: Family = "nearness" if arm.mind in own_minds else "baseline"
                names = {"item": item.name, "against": item.reference.against, "arm": arm.name, "than": first.name}
                rows.append({**names, "family": family, **difference._asdict()})
    computed = {*ADDED, "verdict"}
    table = adjust_by_family(pd.DataFrame(rows, columns=[name for name in NEARNESS if name not in computed]))
    pairs = zip(table["difference"], deciding_p(table), strict=True)
    table["verdict"] = [_compare_distance(difference, p) for difference, p in pairs]
    return columns(table, NEARNESS)


def _compare_distance(difference: float, p: float) -> str:
    if not p < ALPHA:
        return "inconclusive"
    return "nearer" if difference < 0 else "further"


def worst_items(card: pd.DataFrame, arm: str, titles: Mapping[str, str], number: int = 3) -> list[str]:
    """Return the items on which an arm is furthest from people, with scores, worst first; norms are left out."""
    is_scored = (column(card, "arm") == arm) & (column(card, "against") == "people") & column(card, "score").notna()
    rows = rows_where(card, is_scored).sort_values("score").head(number)
    pairs = zip(rows["item"], rows["score"], strict=True)
    return [f"{titles.get(name, str(name).replace('_', ' '))} ({score:.2f})" for name, score in pairs]


def _score_arm(
    item: ScoreItem, evidence: Evidence, arm: str, distances: Mapping[str, Distance]
) -> list[tuple[Any, ...]]:
    baselines = [name for name in _floor_arms(evidence, arm) if name in distances]
    if not set(baselines) - {arm}:
        return []
    own, floor = distances[arm], max((distances[name] for name in baselines), key=lambda distance: distance.square)
    score, low, high, _ = score_of(own, floor)
    value, human = item.mean(evidence, arm), item.reference.value
    numbers = (score, low, high, own.square, floor.square, CEILING, value, human, own.num_seeds)
    return [(item.level, item.name, item.reference.against, arm, *numbers, item.distance_measure)]


def normalized_score(distance: float, floor: float, ceiling: float) -> float:
    """Return the score of a distance; NaN if the floor is no further from people than the ceiling."""
    return (distance - floor) / (ceiling - floor) if floor > ceiling else math.nan


def _floor_arms(evidence: Evidence, arm: str) -> list[str]:
    """Return the baselines' arms in the same world, the same for all arms there; `random` itself is not scored."""
    settings = evidence.arms[arm]
    if settings.mind == FLOORS[0]:
        return []
    return [
        candidate.name
        for candidate in evidence.arms.values()
        if candidate.mind in FLOORS and not settings.differing_params(candidate)
    ]
