"""Outcomes: one number per arm and seed, which were declared before the run, and how arms differ in them."""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import pandas as pd

from experiments.facts.measures import Frame
from experiments.scorecard import FLOORS
from experiments.statistics import LEVEL, holm, paired
from sandbox.config import Arm, RunConfig
from sandbox.errors import ConfigError, unknown
from sandbox.world import World

LAST = "@last"
"""After a metric's name: its value at the last step, as befits counts so far; without it, its mean over steps."""

COLUMNS = (
    "kind", "outcome", "declared", "treatment", "first", "second", "difference", "low", "high", "effect", "p", "p_holm",
    "detectable", "num",
)  # fmt: skip
"""`kind`: `mind` (first less second mind, one treatment), `treatment` (first less second treatment, one mind, which
stands in `treatment`), or `agreement` (the treatment's effect on the first mind less that on the second)."""


class Outcome(NamedTuple):
    """One metric, made one number per replicate."""

    name: str
    """As declared, such as `gini_sales@last`."""
    label: str
    is_declared: bool
    """Whether it was named before the run; all others are exploratory."""
    without: str = ""
    """Metric that is 0 where this one has no value; "" where it always has one."""

    @property
    def measure(self) -> str:
        """The metric."""
        return self.name.removesuffix(LAST)

    def values(self, metrics: Frame) -> dict[str, dict[int, float]]:
        """Its value by arm and seed; seeds in which it never has one are left out."""
        known = metrics if not self.without else metrics[metrics[self.without] != 0]
        ordered = known.sort_values("step", kind="stable").groupby(["arm", "seed"], sort=False)[self.measure]
        found = ordered.last() if self.name.endswith(LAST) else ordered.mean()
        values: dict[str, dict[int, float]] = {str(arm): {} for arm in metrics["arm"].unique()}
        for (arm, seed), value in found.items():
            values[str(arm)][int(seed)] = float(value)
        return values


def outcomes_of(config: RunConfig, kind: type[World]) -> list[Outcome]:
    """The declared outcomes, in their order, then every other metric of that kind of world.

    Raises:
        ConfigError: An outcome names no metric of the world.
    """
    measures = kind.measures
    for name in config.outcomes:
        if name.removesuffix(LAST) not in measures:
            raise ConfigError(f"outcomes: {unknown('metric', name.removesuffix(LAST), measures)}")
    declared = [outcome_of(name, kind, True) for name in config.outcomes]
    taken = {one.measure for one in declared}
    return [*declared, *(outcome_of(name, kind, False) for name in measures if name not in taken)]


def outcome_of(name: str, kind: type[World], is_declared: bool) -> Outcome:
    """One metric of that kind of world, with or without `LAST`."""
    return Outcome(name, _label(name, kind.measures), is_declared, kind.without.get(name.removesuffix(LAST), ""))


def _label(name: str, measures: Mapping[str, str]) -> str:
    label = measures[name.removesuffix(LAST)]
    return f"{label}, last step" if name.endswith(LAST) else label


def table_of(outcomes: Sequence[Outcome], metrics: Frame) -> Frame:
    """Every outcome of every replicate: outcome, declared, arm, seed, value."""
    rows = [
        (one.name, one.is_declared, arm, seed, value)
        for one in outcomes
        for arm, values in one.values(metrics).items()
        for seed, value in values.items()
    ]
    return pd.DataFrame(rows, columns=["outcome", "declared", "arm", "seed", "value"])


def contrasts_of(outcomes: Sequence[Outcome], metrics: Frame, arms: Sequence[Arm]) -> Frame:
    """All contrasts of all outcomes; see `COLUMNS`.

    Minds are held against the first one, treatments against the first one. Declared outcomes are one family, in which
    p-values are adjusted together; exploratory ones get no adjusted p-value, since nobody counted how many were looked
    at.
    """
    rows = [row for one in outcomes for row in _contrasts(one, one.values(metrics), arms)]
    table: Frame = pd.DataFrame(rows, columns=list(COLUMNS))
    known = table["declared"].to_numpy(bool)
    table.loc[known, "p_holm"] = holm(table.loc[known, "p"].to_list())
    return table


def agreements_of(contrasts: Frame) -> Frame:
    """Whether minds agree on what a treatment does, by outcome and treatment.

    Judged are the minds that are not `FLOORS`, for nobody takes those for people; all minds, where fewer than two
    others are left.

    Returns:
        Columns outcome, first, second (treatments), minds (who is judged), agreement, size. `agreement`, on the sign:
        `up` or `down` where all minds' intervals lie on that side of zero, `opposite` where some lie on this and some
        on that side, else `cannot tell`. `size`: `differs` where the effect on one of the minds is another than that
        on the first one, with an adjusted p-value below 5 %; `cannot tell` where none is; `not judged` for exploratory
        outcomes, which have no adjusted p-value, and where the first mind is not among those judged.
    """
    effects, apart = (contrasts[contrasts["kind"] == kind] for kind in ("treatment", "agreement"))
    minds = _judged(effects["treatment"].unique().tolist())
    effects = effects[effects["treatment"].isin(minds)]
    apart = apart[apart["first"].isin(minds) & apart["second"].isin(minds)]
    found = [
        (outcome, first, second, ", ".join(minds), _agreement(part), _size(apart, outcome, first))
        for (outcome, first, second), part in effects.groupby(["outcome", "first", "second"], sort=False)
    ]
    return pd.DataFrame(found, columns=["outcome", "first", "second", "minds", "agreement", "size"])


def _judged(minds: Sequence[str]) -> list[str]:
    others = [mind for mind in minds if mind not in FLOORS]
    return others if len(others) > 1 else list(minds)


def _size(apart: Frame, outcome: Any, treatment: Any) -> str:
    """Whether the minds' effects differ; `apart` holds the contrasts between them."""
    p_values = apart.loc[(apart["outcome"] == outcome) & (apart["treatment"] == treatment), "p_holm"].dropna()
    if p_values.empty:
        return "not judged"
    return "differs" if (p_values < 1 - LEVEL).any() else "cannot tell"


def _agreement(part: Frame) -> str:
    ups, downs = int((part["low"] > 0).sum()), int((part["high"] < 0).sum())
    if ups and downs:
        return "opposite"
    return "up" if ups == len(part) else "down" if downs == len(part) else "cannot tell"


def _contrasts(one: Outcome, values: Mapping[str, Mapping[int, float]], arms: Sequence[Arm]) -> list[tuple[Any, ...]]:
    names = {(arm.mind, arm.treatment): arm.name for arm in arms}
    minds, treatments = (list(dict.fromkeys(part)) for part in zip(*names, strict=True))

    def row(kind: str, treatment: str, first: str, second: str, plus: Mapping[int, float], minus: Any) -> Any:
        found = paired(plus, minus)
        *parts, p, detectable, number = found
        return (kind, one.name, one.is_declared, treatment, first, second, *parts, p, math.nan, detectable, number)

    def value(mind: str, treatment: str) -> Mapping[int, float]:
        return values.get(names[mind, treatment], {})

    rows = [
        row("mind", treatment, mind, minds[0], value(mind, treatment), value(minds[0], treatment))
        for treatment, mind in product(treatments, minds[1:])
    ]
    for treatment in treatments[1:]:
        effects = {mind: _less(value(mind, treatment), value(mind, treatments[0])) for mind in minds}
        rows += [
            row("treatment", mind, treatment, treatments[0], value(mind, treatment), value(mind, treatments[0]))
            for mind in minds
        ]
        rows += [row("agreement", treatment, mind, minds[0], effects[mind], effects[minds[0]]) for mind in minds[1:]]
    return rows


def _less(first: Mapping[int, float], second: Mapping[int, float]) -> dict[int, float]:
    return {seed: first[seed] - second[seed] for seed in first if seed in second}
