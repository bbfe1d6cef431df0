"""People as an arm: what a human experiment found, beside what every arm of a comparison did.

An effect is the difference that a treatment makes to an outcome. People's effects come from a table
(`experiments.people.effects`), with intervals over the groups that were randomised; those of an arm are means over
seeds. Two questions are asked of each: does it have the sign of people's, and does it lie in their interval? Only an
effect of people whose own interval excludes 0 has a sign that can be reproduced.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from experiments.contrasts import ArmPair, pair_values
from experiments.facts.distance import Linear, ratio_interval
from experiments.facts.evidence import Evidence
from experiments.facts.item import ScoreItem
from experiments.facts.reference import Reference, Verdict
from experiments.outcomes import Outcome, SeedValues, make_outcome
from experiments.people.effects import HumanEffect
from experiments.people.observations import read_people
from experiments.statistics import ALPHA, FloatArray, equivalence_p_value, outside_p_value, paired_differences
from sandbox.core.world import World
from sandbox.errors import ConfigError, unknown
from sandbox.intervals import Mean, t_quantile
from sandbox.paths import expand_user
from sandbox.runtime.config import LAST, Arm

FOLDER = Path(__file__).parent / "people"
"""Where the effects are that come with the project, one file for each human experiment."""
LEVEL = "effect"
Sign: TypeAlias = Literal["same", "opposite", "not shown", "people not shown", "people unknown", ""]
"""Of an arm's effect against people's: the interval is on the same side of 0, on the other side, on both sides, or
people's own is on both sides, or unknown; empty for a mean."""
MAIN = "main"
"""What people's files call the only treatment of a world without treatments."""
Equivalence: TypeAlias = Literal["equivalent", "different", "inconclusive", ""]
NORMAL_95 = 1.959964
"""Half-width of a 95 % interval in standard errors."""
_TESTED = ("same", "opposite", "not shown")
COLUMNS = (
    "outcome", "treatment", "control", "mind", "sign", "place", "equivalence", "value", "low", "high", "people",
    "people_low", "people_high", "ratio", "ratio_low", "ratio_high", "num_seeds", "num_units", "unit",
)  # fmt: skip
"""A row is an effect, or a mean if `control` is empty. `place`: whether the arm's mean over seeds is within people's
interval, outside of it, or inconclusive, by the tests of the stylised facts. `equivalence`: whether it is
`equivalent` to people's value within the declared margin, `different` or `inconclusive`; empty without a margin.
`ratio`: the arm's effect over people's, with Fieller's interval; missing where people's effect is not shown."""


def read_humans(humans: str) -> list[HumanEffect]:
    """Return the effects of the human experiment that the setting `humans` names.

    Raises:
        ConfigError: There is no such file, and no experiment of this name comes with the project.
        DataError: The file is damaged.
    """
    shipped = {path.stem: path for path in sorted(FOLDER.glob("*.csv"))}
    path = shipped.get(humans, expand_user(humans))
    if not path.is_file():
        raise ConfigError(f"humans: {unknown('file or human experiment', humans, shipped)}")
    return read_people(path)


class Counts(NamedTuple):
    """How many of people's effects one mind has."""

    num_effects: int
    """Effects of people whose interval excludes 0, and that the mind has a value for."""
    num_same_sign: int
    num_inside: int
    """Effects with the same sign that are within people's interval."""


def select_effects(effects: Sequence[HumanEffect], kind: type[World[Any]], arms: Sequence[Arm]) -> list[HumanEffect]:
    """Return the effects and means whose treatments a comparison has.

    Raises:
        ConfigError: There is none, or one is about an outcome that the world does not have.
    """
    if not any(arm.treatment for arm in arms):
        effects = [effect._replace(treatment="") if effect.treatment == MAIN else effect for effect in effects]
    for effect in effects:
        if (metric := effect.outcome.removesuffix(LAST)) not in kind.metric_labels:
            raise ConfigError(f"humans: {unknown('metric', metric, kind.metric_labels)}")
    treatments = {arm.treatment for arm in arms}
    chosen = [effect for effect in effects if {effect.treatment, effect.control or effect.treatment} <= treatments]
    if not chosen:
        has = ", ".join(dict.fromkeys(effect.treatment for effect in effects))
        found = ", ".join(sorted(treatments)) or "none"
        raise ConfigError(f"humans: people have the treatments {has}; the comparison has {found}, so nothing is shared")
    return chosen


def people_table(
    effects: Sequence[HumanEffect],
    kind: type[World[Any]],
    metrics: pd.DataFrame,
    arms: Sequence[Arm],
    margins: Mapping[str, float] = MappingProxyType({}),
) -> pd.DataFrame:
    """Put people's effects and means beside those of every mind; see `COLUMNS`.

    Args:
        effects: Those of `select_effects`.
        kind: The world.
        metrics: The metrics of the comparison by arm, seed and step.
        arms: All its arms.
        margins: By outcome, how far from people's value still counts as equal.
    """
    minds = list(dict.fromkeys(arm.mind for arm in arms))
    by_outcome = {name: make_outcome(name, kind).values(metrics) for name in {effect.outcome for effect in effects}}
    rows = [
        _describe(effect, mind, values, margins.get(effect.outcome))
        for effect in effects
        for mind in minds
        if len(values := effect_values(effect, by_outcome[effect.outcome], arms, mind))
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def effect_values(effect: HumanEffect, values: Mapping[str, SeedValues], arms: Sequence[Arm], mind: str) -> pd.Series:
    """Return a mind's effect, or mean, by seed; seeds that only one of two arms has are left out.

    Args:
        effect: That of people.
        values: Its outcome by arm and seed.
        arms: All arms.
        mind: One of their minds.
    """
    pair = ArmPair("treatment", mind, effect.treatment, effect.control or effect.treatment, (mind,))
    treated, control = pair_values(pair, values, arms)
    if not effect.control:
        return pd.Series(treated, dtype=float)
    seeds = sorted(set(treated) & set(control))
    return pd.Series(paired_differences(treated, control), seeds, dtype=float)


def effect_items(effects: Sequence[HumanEffect], kind: type[World[Any]], arms: Sequence[Arm]) -> Iterator[ScoreItem]:
    """Yield people's effects as scored items: an arm is scored by its difference from its control."""
    by_arm = {arm.name: arm for arm in arms}
    for effect in effects:
        if effect.control and _is_shown(effect):
            outcome = make_outcome(effect.outcome, kind)
            yield ScoreItem(
                name=f"{effect.outcome}: {effect.treatment} − {effect.control}",
                title=f"{outcome.label}: {effect.treatment} − {effect.control}",
                level=LEVEL,
                measure=f"difference in {outcome.label} between {effect.treatment} and {effect.control}",
                reference=_reference(effect),
                values=lambda evidence, name, effect=effect, outcome=outcome: _item_values(
                    evidence, by_arm.get(name), effect, outcome, arms
                ),
            )


def count_effects(table: pd.DataFrame) -> dict[str, Counts]:
    """Count, by mind, how many of people's effects it has; `table` is that of `people_table`."""
    counts: dict[str, Counts] = {}
    for mind, rows in table.groupby("mind", sort=False):
        signs = [(sign, place) for sign, place in zip(rows["sign"], rows["place"], strict=True) if sign in _TESTED]
        same = [place for sign, place in signs if sign == "same"]
        counts[str(mind)] = Counts(len(signs), len(same), same.count("within"))
    return counts


def _item_values(
    evidence: Evidence, arm: Arm | None, effect: HumanEffect, outcome: Outcome, arms: Sequence[Arm]
) -> pd.DataFrame:
    """Return the effect by seed of an arm that has the treatment; no rows for any other."""
    if arm is None or arm.treatment != effect.treatment:
        return pd.DataFrame()
    return effect_values(effect, outcome.values(evidence.tables["metrics"]), arms, arm.mind).to_frame(0)


def _describe(effect: HumanEffect, mind: str, values: pd.Series, margin: float | None) -> dict[str, Any]:
    numbers = values.to_numpy(float)
    mean = Mean.of(numbers.tolist())
    ratio, ratio_low, ratio_high = _ratio(effect, values)
    return {
        **{"outcome": effect.outcome, "treatment": effect.treatment, "control": effect.control, "mind": mind},
        "sign": _compare_sign(effect, mean) if effect.control else "",
        "place": _find_place(effect, numbers),
        "equivalence": judge_equivalence(effect, mean, margin),
        **{"value": mean.value, "low": mean.low, "high": mean.high},
        **{"people": effect.value, "people_low": effect.low, "people_high": effect.high},
        **{"ratio": ratio, "ratio_low": ratio_low, "ratio_high": ratio_high},
        **{"num_seeds": mean.num, "num_units": effect.num_units, "unit": effect.unit},
    }


def judge_equivalence(effect: HumanEffect, mean: Mean, margin: float | None) -> Equivalence:
    """Return whether a mean over seeds equals people's value within a margin (two one-sided tests; Schuirmann 1987).

    Both have errors: that of the seeds, and that of people, which their interval gives.
    """
    if margin is None:
        return ""
    error, of_people = mean.half_width / t_quantile(max(mean.num - 1, 1)), (effect.high - effect.low) / (2 * NORMAL_95)
    both = math.hypot(error, of_people)
    if not math.isfinite(both):
        return "inconclusive"
    freedom = (mean.num - 1) * (both / error) ** 4 if error else math.inf  # Welch and Satterthwaite
    distance = abs(mean.value - effect.value)
    if distance + t_quantile(freedom, 1 - 2 * ALPHA) * both < margin:
        return "equivalent"
    return "different" if distance - t_quantile(freedom) * both > margin else "inconclusive"


def _is_shown(effect: HumanEffect) -> bool:
    """Whether people's interval excludes 0."""
    return effect.low > 0 or effect.high < 0


def _compare_sign(effect: HumanEffect, mean: Mean) -> Sign:
    if math.isnan(effect.low):
        return "people unknown"
    if not _is_shown(effect):
        return "people not shown"
    direction = math.copysign(1, effect.value)
    low, high = sorted((mean.low * direction, mean.high * direction))
    return "same" if low > 0 else "opposite" if high < 0 else "not shown"


def _find_place(effect: HumanEffect, values: FloatArray) -> Verdict:
    if math.isnan(effect.low):
        return "inconclusive"
    if equivalence_p_value(values, effect.low, effect.high) < ALPHA:
        return "within"
    return "outside" if outside_p_value(values, effect.low, effect.high) < ALPHA else "inconclusive"


def _reference(effect: HumanEffect) -> Reference:
    return Reference(effect.value, effect.low, effect.high, num_people=effect.num_units)


def _ratio(effect: HumanEffect, values: pd.Series) -> tuple[float, float, float]:
    """Return the ratio of the mean to people's effect, with its interval."""
    if not effect.control or not _is_shown(effect) or len(values) < 2:
        return math.nan, math.nan, math.nan
    reference, mean = _reference(effect), float(values.mean())
    top = Linear(mean, (values - mean) / len(values), np.zeros(1), 0.0, reference)
    bottom = Linear(effect.value, pd.Series(dtype=float), np.ones(1), 0.0, reference)
    return mean / effect.value + 0.0, *ratio_interval(top, bottom)


def describe_counts(counts: Mapping[str, Counts]) -> list[str]:
    """Return a sentence per mind on how many of people's effects it has."""
    return [
        f"{mind}: of {number} effects that people show, {same} with the same sign, {inside} of them inside people's "
        "interval"
        for mind, (number, same, inside) in counts.items()
    ]
