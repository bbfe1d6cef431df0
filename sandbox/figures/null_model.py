"""The null model in figures: the range that chance alone gives a metric, drawn as a grey band.

The numbers are computed in `sandbox.runtime.null`. A mean over a run's seeds that chance alone produces lies inside the
band with a probability of 95 % at each step: the band is a prediction interval for the mean of one new world for each
seed, mean ± t · SD · √(1/n + 1/N), with n seeds, N null worlds, the standard deviation SD within seeds, and t the
quantile of Student's t with the degrees of freedom of SD (Hahn & Meeker 1991, doi:10.1002/9780470316771).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from sandbox.counting import count_of
from sandbox.intervals import t_quantile

if TYPE_CHECKING:
    import pandas as pd

MAX_BANDS = 2
"""Treatments whose bands can be told apart in one panel."""


class NullBand(NamedTuple):
    """What chance alone gives one metric in one treatment, by step."""

    arm: str
    """The arm whose pen draws the mean; empty: the band belongs to all arms."""
    steps: np.ndarray
    middle: np.ndarray
    """Mean over null worlds; NaN where the metric was never defined."""
    half_width: np.ndarray
    """NaN where no seed has two null worlds with a value."""


@dataclass(frozen=True)
class NullModel:
    """Moments of every metric over worlds in which everybody answers at random."""

    moments: "pd.DataFrame"
    """One row per treatment, step and metric: mean, sd (within seeds), df (of sd), num_worlds."""
    treatment_by_arm: Mapping[str, str]

    @property
    def has_one_treatment(self) -> bool:
        """Whether one band belongs to all arms."""
        return len(set(self.treatment_by_arm.values())) == 1

    @property
    def is_readable(self) -> bool:
        """Whether the bands can be drawn: there is one, or each of a few belongs to one arm."""
        treatments = set(self.treatment_by_arm.values())
        return self.has_one_treatment or len(self.treatment_by_arm) == len(treatments) <= MAX_BANDS

    def bands(self, metric: str, num_seeds: int) -> list[NullBand]:
        """Return the bands of a metric for means over `num_seeds` seeds; none if they would be unreadable."""
        if not self.is_readable:
            return []
        rows = self.moments[self.moments["metric"] == metric]
        arms = {treatment: "" if self.has_one_treatment else arm for arm, treatment in self.treatment_by_arm.items()}
        return [
            _make_band(arms[str(treatment)], cast("pd.DataFrame", part), num_seeds)
            for treatment, part in rows.groupby("treatment", sort=False)
        ]

    def note(self) -> str:
        """Say what the bands are."""
        if not self.is_readable:
            return "What chance alone gives in each treatment is in null.csv."
        num_worlds = int(self.moments["num_worlds"].to_numpy().max())
        means = "their mean" if self.has_one_treatment else "their means, in the colours of the arms"
        return (
            "Grey bands: the same worlds if everybody answers at random "
            f"(95 %, n = {count_of(num_worlds, 'world')}); thin lines: {means}."
        )


def _make_band(arm: str, rows: "pd.DataFrame", num_seeds: int) -> NullBand:
    """Return the prediction interval for a mean over seeds, by step."""
    quantiles = np.array([t_quantile(df) if df > 0 else np.nan for df in rows["df"]])
    errors = rows["sd"].to_numpy(float) * np.sqrt(1 / num_seeds + 1 / rows["num_worlds"].clip(lower=1).to_numpy())
    return NullBand(arm, rows["step"].to_numpy(), rows["mean"].to_numpy(float), quantiles * errors)
