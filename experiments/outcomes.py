"""Outcomes: one number per arm and seed, and how arms differ in it; outcomes may be declared before the run."""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple, TypeAlias

import pandas as pd

from experiments.frames import column, rows_where
from experiments.scorecard import FLOORS
from experiments.statistics import LEVEL, holm, paired_contrast
from sandbox.core.world import World
from sandbox.runtime.assembly import check_outcomes
from sandbox.runtime.config import LAST, Arm, RunConfig

COLUMNS = (
    "kind", "outcome", "declared", "treatment", "first", "second", "difference", "low", "high", "effect", "p", "p_holm",
    "detectable", "num_seeds",
)  # fmt: skip
"""`kind`: `mind` (first minus second mind, within one treatment), `treatment` (first minus second treatment, within one
mind, whose name is in `treatment`), or `interaction` (the treatment's effect on the first mind minus that on the
second)."""

SeedValues: TypeAlias = Mapping[int, float]


class Outcome(NamedTuple):
    """One metric, summarised as one number per replicate."""

    name: str
    """As declared, such as `gini_sales@last`."""
    label: str
    is_declared: bool
    """Whether it was named before the run; all other outcomes are exploratory."""
    undefined_at_zero: str = ""
    """Metric that is 0 when this one is undefined; empty if it is always defined."""

    @property
    def metric(self) -> str:
        """Name of the metric."""
        return self.name.removesuffix(LAST)

    def values(self, metrics: pd.DataFrame) -> dict[str, dict[int, float]]:
        """Return its value by arm and seed, without seeds in which it is never defined."""
        defined = metrics
        if self.undefined_at_zero:
            defined = rows_where(metrics, column(metrics, self.undefined_at_zero) != 0)
        groups = defined.sort_values("step", kind="stable").groupby(["arm", "seed"], sort=False)[self.metric]
        summary: Any = groups.last() if self.name.endswith(LAST) else groups.mean()
        values: dict[str, dict[int, float]] = {str(arm): {} for arm in column(metrics, "arm").unique()}
        for (arm, seed), value in summary.items():
            values[str(arm)][int(seed)] = float(value)
        return values


def list_outcomes(config: RunConfig, kind: type[World[Any]]) -> list[Outcome]:
    """Return the declared outcomes in their order, then every other metric of the world.

    Raises:
        ConfigError: An outcome names no metric of the world.
    """
    check_outcomes(config, kind)
    labels = kind.metric_labels
    declared = [make_outcome(name, kind, is_declared=True) for name in config.outcomes]
    metrics = {outcome.metric for outcome in declared}
    return [*declared, *(make_outcome(name, kind, is_declared=False) for name in labels if name not in metrics)]


def make_outcome(name: str, kind: type[World[Any]], is_declared: bool) -> Outcome:
    """Return the outcome of a metric of the world, with or without `LAST`."""
    metric = name.removesuffix(LAST)
    label = kind.metric_labels[metric] + ", last step" * name.endswith(LAST)
    return Outcome(name, label, is_declared, kind.undefined_at_zero.get(metric, ""))


def outcome_table(outcomes: Sequence[Outcome], metrics: pd.DataFrame) -> pd.DataFrame:
    """Return every outcome of every replicate: outcome, declared, arm, seed, value."""
    rows = [
        (outcome.name, outcome.is_declared, arm, seed, value)
        for outcome in outcomes
        for arm, values in outcome.values(metrics).items()
        for seed, value in values.items()
    ]
    return pd.DataFrame(rows, columns=["outcome", "declared", "arm", "seed", "value"])


def contrast_table(outcomes: Sequence[Outcome], metrics: pd.DataFrame, arms: Sequence[Arm]) -> pd.DataFrame:
    """Return all contrasts of all outcomes; see `COLUMNS`.

    Minds are compared with the first mind, treatments with the first treatment. Declared outcomes are one family, whose
    p-values are adjusted together; exploratory outcomes have no adjusted p-value, since the number of comparisons was
    not fixed in advance.
    """
    rows = [row for outcome in outcomes for row in _contrast_rows(outcome, outcome.values(metrics), arms)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    is_declared = table["declared"].to_numpy(bool)
    table.loc[is_declared, "p_holm"] = holm(table.loc[is_declared, "p"].to_list())
    return table


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


def _select_minds(minds: Sequence[str]) -> list[str]:
    human_like = [mind for mind in minds if mind not in FLOORS]
    return human_like if len(human_like) > 1 else list(minds)


def _size_verdict(interactions: pd.DataFrame, outcome: Any, treatment: Any) -> str:
    """Return whether the minds' effects differ in size."""
    is_pair = (column(interactions, "outcome") == outcome) & (column(interactions, "treatment") == treatment)
    p_values = column(rows_where(interactions, is_pair), "p_holm").dropna()
    if p_values.empty:
        return "not tested"
    return "differs" if (p_values < 1 - LEVEL).any() else "inconclusive"


def _sign_agreement(part: pd.DataFrame) -> str:
    ups, downs = int((column(part, "low") > 0).sum()), int((column(part, "high") < 0).sum())
    if ups and downs:
        return "opposite"
    return "up" if ups == len(part) else "down" if downs == len(part) else "inconclusive"


def _contrast_rows(outcome: Outcome, values: Mapping[str, SeedValues], arms: Sequence[Arm]) -> list[tuple[Any, ...]]:
    names = {(arm.mind, arm.treatment): arm.name for arm in arms}
    minds, treatments = (list(dict.fromkeys(part)) for part in zip(*names, strict=True))

    def contrast_row(kind: str, treatment: str, pair: tuple[str, str], plus: SeedValues, minus: SeedValues) -> Any:
        *numbers, p, detectable, num_seeds = paired_contrast(plus, minus)
        names = (kind, outcome.name, outcome.is_declared, treatment, *pair)
        return (*names, *numbers, p, math.nan, detectable, num_seeds)

    def arm_values(mind: str, treatment: str) -> SeedValues:
        return values.get(names[mind, treatment], {})

    first_mind, first_treatment = minds[0], treatments[0]
    rows = [
        contrast_row(
            "mind", treatment, (mind, first_mind), arm_values(mind, treatment), arm_values(first_mind, treatment)
        )
        for treatment, mind in product(treatments, minds[1:])
    ]
    for treatment in treatments[1:]:
        pair = (treatment, first_treatment)
        rows += [
            contrast_row("treatment", mind, pair, arm_values(mind, treatment), arm_values(mind, first_treatment))
            for mind in minds
        ]
        effects = {mind: _subtract(arm_values(mind, treatment), arm_values(mind, first_treatment)) for mind in minds}
        rows += [
            contrast_row("interaction", treatment, (mind, first_mind), effects[mind], effects[first_mind])
            for mind in minds[1:]
        ]
    return rows


def _subtract(first: SeedValues, second: SeedValues) -> dict[int, float]:
    return {seed: first[seed] - second[seed] for seed in first if seed in second}
