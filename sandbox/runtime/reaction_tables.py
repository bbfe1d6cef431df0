"""Curves, slopes and verdicts, computed from the answers to varied questions.

Every person contributes one question, so people are the unit: a person's slope is that of the least-squares line of the
outcome on the level's position, and means over people have Student's t intervals (`sandbox.intervals`).
"""

from collections.abc import Sequence
from math import isfinite, nan
from typing import Any, Literal, TypeAlias, cast

import pandas as pd

from sandbox.core.reaction import SMALLEST_SHARE, Reaction
from sandbox.intervals import Mean

ReactionVerdict: TypeAlias = Literal["reacts", "weak", "flat", "wrong", "unclear"]
ANSWER_COLUMNS = (
    "arm", "seed", "reaction", "step", "agent", "profile", "level", "position", "outcome", "rule", "random", "mind",
    "source",
)  # fmt: skip
SLOPE_COLUMNS = (
    "arm", "reaction", "slope", "low", "high", "num_people", "direction", "smallest", "rule", "random", "people",
    "people_low", "people_high", "verdict",
)  # fmt: skip
FAILURES: tuple[ReactionVerdict, ...] = ("flat", "wrong")
"""Verdicts that say a declared reaction is not there."""


def curve_table(answers: pd.DataFrame) -> pd.DataFrame:
    """Return the mean outcome over people, by arm, reaction and level.

    Returns:
        Columns arm, reaction, level, position, mean, low, high (its 95 % interval), rule (mean of rule agents at the
        same questions), num_people.
    """
    rows: list[dict[str, Any]] = []
    groups: Any = answers.groupby(["arm", "reaction", "level", "position"], sort=False)
    for (arm, reaction, level, position), part in groups:
        mean = Mean.of(part["outcome"].to_numpy(float))
        rule = Mean.of(part["rule"].to_numpy(float)).value
        rows.append(
            {
                "arm": arm,
                "reaction": reaction,
                "level": level,
                "position": position,
                "mean": mean.value,
                "low": mean.low,
                "high": mean.high,
                "rule": rule,
                "num_people": mean.num,
            }
        )
    columns = ["arm", "reaction", "level", "position", "mean", "low", "high", "rule", "num_people"]
    return pd.DataFrame(rows, columns=columns)


def slope_table(answers: pd.DataFrame, reactions: Sequence[Reaction]) -> pd.DataFrame:
    """Return the mean slope over people with the verdict, by arm and reaction; columns `SLOPE_COLUMNS`."""
    by_name = {reaction.name: reaction for reaction in reactions}
    groups: Any = answers.groupby(["arm", "reaction"], sort=False)
    rows = [(arm, name, *_slope_row(by_name[name], part)) for (arm, name), part in groups]
    return pd.DataFrame(rows, columns=list(SLOPE_COLUMNS))


def judge_slope(low: float, high: float, value: float, smallest: float) -> ReactionVerdict:
    """Return whether a slope is a reaction.

    Args:
        low: Lower end of its 95 % interval; slope and interval are counted positive in the direction of theory.
        high: Upper end.
        value: The slope.
        smallest: Smallest slope that counts as a reaction.

    Returns:
        `flat`: the interval lies between plus and minus the smallest slope that counts, so that there is no reaction
        worth the name. `wrong`: it lies below 0. `reacts`: it lies above 0 and the slope is at least the smallest that
        counts. `weak`: it lies above 0 but the slope is smaller. `unclear`: anything else, such as too few people.
    """
    if not (isfinite(low) and isfinite(high) and smallest > 0):
        return "unclear"
    if -smallest < low and high < smallest:
        return "flat"
    if high < 0:
        return "wrong"
    if low > 0:
        return "reacts" if value >= smallest else "weak"
    return "unclear"


def people_slopes(answers: pd.DataFrame, outcome: str = "outcome") -> list[float]:
    """Return each person's least-squares slope of an outcome on the position; NaN with fewer than two positions."""
    return [_slope(part, outcome) for _, part in answers.groupby("profile", sort=False)]


def _slope_row(reaction: Reaction, answers: pd.DataFrame) -> tuple[Any, ...]:
    own, rule, chance = (Mean.of(people_slopes(answers, name)) for name in ("outcome", "rule", "random"))
    people = reaction.people
    smallest = reaction.smallest
    if not isfinite(smallest):
        smallest = max(0.0, SMALLEST_SHARE * reaction.direction * (people.value if people else rule.value))
    signed = reaction.direction * own.value
    verdict = judge_slope(signed - own.half_width, signed + own.half_width, signed, smallest)
    references = (people.value, people.low, people.high) if people else (nan, nan, nan)
    slope = (own.value, own.low, own.high, own.num)
    return (*slope, reaction.direction, smallest, rule.value, chance.value, *references, verdict)


def _slope(answers: pd.DataFrame, outcome: str) -> float:
    valid = cast("pd.DataFrame", answers[answers[outcome].notna()])
    position = valid["position"].to_numpy(float)
    deviation = position - position.mean() if len(position) else position
    spread = float((deviation**2).sum())
    slope = float((deviation * valid[outcome].to_numpy(float)).sum() / spread) if spread > 0 else nan
    return round(slope, 12)  # a sum of rounding errors is no reaction
