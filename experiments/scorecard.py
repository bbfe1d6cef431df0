"""How close to real people an arm comes, item by item, between a floor and a ceiling.

Every item is a distance from real people. Its score is (distance - floor) / (ceiling - floor): 0 is as far from people
as the simple baselines are (the worse of the arms `random` and `rule` in the same world, one floor for all arms), 1 is
as close as one world-sized sample of people is to another. There is no score if the baselines are as close as people.
Items without a sample of people are compared with a norm from the literature: 1 is the norm itself, the scorecard says
so, and there is no score if the baselines' interval contains the norm. There is no overall score, since an average
would hide failures; the worst items are named instead.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, get_args

import pandas as pd

from experiments.facts.evidence import Evidence
from experiments.facts.item import ScoreItem
from experiments.facts.reference import Level
from experiments.facts.registry import list_items
from experiments.families import ADDED, FLOORS, Family, adjust_by_family, deciding_p, question_minds
from experiments.frames import column, columns, rows_where
from experiments.statistics import ALPHA, confidence_interval, paired_contrast
from sandbox.core.world import World

MIN_SEEDS = 2
"""Seeds in which an item must have a value to be scored: a single seed may be an outlier."""
COLUMNS = (
    "level", "item", "against", "arm", "score", "low", "high", "distance", "floor", "ceiling", "value", "human",
    "num_seeds", "distance_measure",
)  # fmt: skip
NEARNESS = (
    "item", "against", "arm", "than", "family", "family_size", "difference", "low", "high", "sd", "p", "p_holm",
    "verdict", "detectable", "num_seeds",
)  # fmt: skip
"""Columns of `nearness`."""


def scorecard(evidence: Evidence, kind: type[World[Any]], individual: Iterable[tuple[Any, ...]] = ()) -> pd.DataFrame:
    """Score every arm on every item that the run and the data allow; see `COLUMNS`.

    Args:
        evidence: All arms; an arm is scored if one of `FLOORS` has an arm in the same world.
        kind: The world; a world without items gets an empty table.
        individual: Rows about held-out people (`experiments.individual`), which come first.
    """
    rows = list(individual)
    for item in list_items(kind):
        distances = {arm: item.distances(evidence, arm).dropna() for arm in evidence.arms}
        for arm in evidence.arms:
            rows += _score_arm(item, evidence, arm, distances)
    return pd.DataFrame(sorted(rows, key=lambda row: get_args(Level).index(row[0])), columns=list(COLUMNS))


def nearness(evidence: Evidence, kind: type[World[Any]]) -> pd.DataFrame:
    """Test which arms are nearer to people than the first arm in the same world, by differences within a seed.

    Returns:
        See `NEARNESS`. `difference` is below 0 where the arm is nearer. `p_holm` is adjusted over all items of the arms
        that the question is about. `verdict` is nearer or further if that p-value (the plain one for the arm of a
        baseline) is below 5 %, else inconclusive.
    """
    rows: list[dict[str, Any]] = []
    arms = list(evidence.arms.values())
    own_minds = question_minds([arm.mind for arm in arms])
    for item in list_items(kind):
        by_arm = {arm.name: _seed_values(item.distances(evidence, arm.name)) for arm in arms}
        for arm in arms:
            first = next(candidate for candidate in arms if not candidate.differing_params(arm))
            contrast = paired_contrast(by_arm[arm.name], by_arm[first.name])
            if arm is not first and contrast.num_seeds > 1:
                family: Family = "nearness" if arm.mind in own_minds else "baseline"
                family = "no difference" if contrast.is_structural_zero else family
                names = {"item": item.name, "against": item.reference.against, "arm": arm.name, "than": first.name}
                rows.append({**names, "family": family, **contrast._asdict()})
    computed = {*ADDED, "verdict"}
    table = adjust_by_family(pd.DataFrame(rows, columns=[name for name in NEARNESS if name not in computed]))
    pairs = zip(table["difference"], deciding_p(table), strict=True)
    table["verdict"] = [_compare_distance(difference, p) for difference, p in pairs]
    return columns(table, NEARNESS)


def _seed_values(series: pd.Series) -> dict[int, float]:
    return {int(str(seed)): float(value) for seed, value in series.items()}


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
    item: ScoreItem, evidence: Evidence, arm: str, distances: Mapping[str, pd.Series]
) -> list[tuple[Any, ...]]:
    own = distances[arm]
    baselines = {
        name: float(distances[name].mean()) for name in _floor_arms(evidence, arm) if not distances[name].empty
    }
    if len(own) < MIN_SEEDS or not set(baselines) - {arm}:
        return []
    worse = max(baselines, key=lambda name: baselines[name])
    floor, distance, reference = baselines[worse], float(own.mean()), item.reference
    low, high = confidence_interval(own.to_numpy(float))
    value = math.nan if item.values is None else float(item.values(evidence, arm).mean())
    has_score = _differs_from_norm(item, evidence, worse)
    ends = (distance, high, low)  # a larger distance is a lower score
    scores = [normalized_score(end, floor, reference.ceiling) if has_score else math.nan for end in ends]
    numbers = (*scores, distance, floor, reference.ceiling, value, reference.value, len(own))
    return [(item.level, item.name, reference.against, arm, *numbers, item.distance_measure)]


def _differs_from_norm(item: ScoreItem, evidence: Evidence, arm: str) -> bool:
    """Return whether a baseline differs from a norm by more than chance; True if the item is not about a norm.

    Single worlds differ from a norm by chance alone, so their mean distance says nothing if the mean is on the norm.
    """
    if item.reference.against == "people" or item.values is None:
        return True
    low, high = confidence_interval(item.values(evidence, arm).to_numpy(float))
    return not low <= item.reference.value <= high


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
