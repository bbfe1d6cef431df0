"""Contrasts: how arms differ in outcomes, which of their p-values are adjusted together, and whether minds agree."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import pandas as pd

from experiments.families import ADDED, FLOORS, Family, adjust_by_family, question_minds
from experiments.frames import column, columns, rows_where
from experiments.outcomes import Outcome, SeedValues
from experiments.statistics import ALPHA, Contrast, contrast_of, paired_differences
from sandbox.runtime.config import Arm

COLUMNS = (
    "kind", "outcome", "declared", "family", "family_size", "treatment", "first", "second", "difference", "low", "high",
    "effect", "sd", "p", "p_holm", "detectable", "num_seeds",
)  # fmt: skip
"""`kind`: `mind` (first minus second mind, within one treatment), `treatment` (first minus second treatment, within one
mind, whose name is in `treatment`), or `interaction` (the treatment's effect on the first mind minus that on the
second). `family` and `family_size`: see `experiments.families`."""

KINDS = ("mind", "treatment", "interaction")


class ArmPair(NamedTuple):
    """Two arms, or two effects of a treatment, that are compared."""

    kind: str
    treatment: str
    """What both share: the treatment, or in a `treatment` contrast the mind."""
    first: str
    second: str
    minds: tuple[str, ...]
    """Minds that are involved."""


def list_pairs(arms: Sequence[Arm]) -> list[ArmPair]:
    """Return what is compared: minds with the first mind, treatments with the first treatment, and the interactions."""
    minds = list(dict.fromkeys(arm.mind for arm in arms))
    treatments = list(dict.fromkeys(arm.treatment for arm in arms))
    first_mind, first_treatment = minds[0], treatments[0]
    pairs = [
        ArmPair("mind", treatment, mind, first_mind, (mind, first_mind))
        for treatment, mind in product(treatments, minds[1:])
    ]
    for treatment in treatments[1:]:
        pairs += [ArmPair("treatment", mind, treatment, first_treatment, (mind,)) for mind in minds]
        pairs += [ArmPair("interaction", treatment, mind, first_mind, (mind, first_mind)) for mind in minds[1:]]
    return pairs


def pair_values(pair: ArmPair, values: Mapping[str, SeedValues], arms: Sequence[Arm]) -> tuple[SeedValues, SeedValues]:
    """Return the values by seed of what a pair compares.

    Args:
        pair: One of `list_pairs`.
        values: An outcome by arm and seed.
        arms: All arms.
    """
    names = {(arm.mind, arm.treatment): arm.name for arm in arms}
    reference = arms[0].treatment

    def arm_values(mind: str, treatment: str) -> SeedValues:
        return values.get(names[mind, treatment], {})

    if pair.kind == "mind":
        return arm_values(pair.first, pair.treatment), arm_values(pair.second, pair.treatment)
    if pair.kind == "treatment":
        return arm_values(pair.treatment, pair.first), arm_values(pair.treatment, pair.second)
    effects = [_subtract(arm_values(mind, pair.treatment), arm_values(mind, reference)) for mind in pair[2:4]]
    return effects[0], effects[1]


def contrast_table(
    outcomes: Sequence[Outcome], metrics: pd.DataFrame, arms: Sequence[Arm], kinds: Collection[str] = KINDS
) -> pd.DataFrame:
    """Return the contrasts of all outcomes, all of them or those of some kinds; see `COLUMNS`.

    `detectable` is the smallest true difference that the printed test finds with 80 % power: at the level of the row's
    family, or at 5 % if its p-value is not adjusted.
    """
    own_minds = question_minds([arm.mind for arm in arms])
    rows = [
        {
            **pair._asdict(),
            "outcome": outcome.name,
            "declared": outcome.is_declared,
            "family": outcome_family(outcome, contrast, set(pair.minds) <= set(own_minds)),
            **contrast._asdict(),
        }
        for outcome in outcomes
        for pair, contrast in _outcome_contrasts(outcome, metrics, arms)
        if pair.kind in kinds
    ]
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in ADDED])
    return columns(adjust_by_family(table), COLUMNS)


def outcome_family(outcome: Outcome, contrast: Contrast, is_asked_about: bool) -> Family:
    """Return the family of a test; `is_asked_about`: whether the question is about all of its minds."""
    if not outcome.is_declared:
        return "exploratory"
    if not is_asked_about:
        return "baseline"
    if contrast.is_structural_zero:
        return "no difference"
    return "primary" if outcome.is_primary else "secondary"


def agreement_table(contrasts: pd.DataFrame) -> pd.DataFrame:
    """Return whether minds agree on what a treatment does, by outcome and treatment.

    The minds that are compared are those not in `FLOORS`, since the baselines are not meant to be human-like; all minds
    if fewer than two others remain.

    Returns:
        Columns outcome, first, second (treatments), minds (which are compared), agreement, size. `agreement` is about
        the sign: `up` or `down` if all minds' intervals are on that side of zero, `opposite` if some are on one side
        and some on the other, else `inconclusive`. `size`: `differs` if the effect on a mind differs from that on the
        first one, with an adjusted p-value below 5 %; `inconclusive` if none does; `not tested` for exploratory
        outcomes, which have no adjusted p-value, and if the first mind is not among those compared.
    """
    kinds = column(contrasts, "kind")
    effects, interactions = rows_where(contrasts, kinds == "treatment"), rows_where(contrasts, kinds == "interaction")
    minds = _select_minds(column(effects, "treatment").unique().tolist())
    effects = rows_where(effects, column(effects, "treatment").isin(minds))
    are_compared = column(interactions, "first").isin(minds) & column(interactions, "second").isin(minds)
    interactions = rows_where(interactions, are_compared)
    groups: Any = effects.groupby(["outcome", "first", "second"], sort=False)
    rows = [
        (outcome, first, second, ", ".join(minds), _sign_agreement(part), _size_verdict(interactions, outcome, first))
        for (outcome, first, second), part in groups
    ]
    return pd.DataFrame(rows, columns=["outcome", "first", "second", "minds", "agreement", "size"])


def _outcome_contrasts(
    outcome: Outcome, metrics: pd.DataFrame, arms: Sequence[Arm]
) -> Iterator[tuple[ArmPair, Contrast]]:
    values = outcome.values(metrics)
    for pair in list_pairs(arms):
        yield pair, contrast_of(paired_differences(*pair_values(pair, values, arms)))


def _select_minds(minds: Sequence[str]) -> list[str]:
    human_like = [mind for mind in minds if mind not in FLOORS]
    return human_like if len(human_like) > 1 else list(minds)


def _size_verdict(interactions: pd.DataFrame, outcome: Any, treatment: Any) -> str:
    """Return whether the minds' effects differ in size."""
    is_pair = (column(interactions, "outcome") == outcome) & (column(interactions, "treatment") == treatment)
    p_values = column(rows_where(interactions, is_pair), "p_holm").dropna()
    if p_values.empty:
        return "not tested"
    return "differs" if (p_values < ALPHA).any() else "inconclusive"


def _sign_agreement(part: pd.DataFrame) -> str:
    ups, downs = int((column(part, "low") > 0).sum()), int((column(part, "high") < 0).sum())
    if ups and downs:
        return "opposite"
    return "up" if ups == len(part) else "down" if downs == len(part) else "inconclusive"


def _subtract(first: SeedValues, second: SeedValues) -> dict[int, float]:
    return {seed: first[seed] - second[seed] for seed in first if seed in second}
