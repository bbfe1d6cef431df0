"""Sums over a decision log: who answered, how trustworthy the answers are, and what they cost."""

from collections.abc import Mapping, Sequence
from itertools import islice
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

import msgspec

from sandbox.core.form import Choose
from sandbox.runtime.log import DecisionLog

MAX_CHOICES = 50_000
"""Choices that the position bias is computed from."""


class PositionBias(NamedTuple):
    """How often the option displayed first was chosen, among choices whose options were shuffled."""

    num: int
    """Number of choices."""
    num_first: int
    """Choices of the option displayed first."""
    expected: float
    """Value of `num_first` if position had no effect: the sum of 1 / number of options."""
    variance: float
    """Variance of `num_first` if position had no effect."""

    @classmethod
    def of(cls, log: DecisionLog) -> "PositionBias":
        """Count the log's first `MAX_CHOICES` choices, except those whose order carries meaning and is not shuffled."""
        num, num_first, expected, variance = 0, 0, 0.0, 0.0
        for row in islice(log.decisions("position IS NOT NULL"), MAX_CHOICES):
            form = _CONTENT.decode(row["content"])[2]
            if not form.ordered:
                chance = 1 / len(form.options)
                num, num_first, expected = num + 1, num_first + (row["position"] == 0), expected + chance
                variance += chance * (1 - chance)
        return cls(num, num_first, expected, variance)

    def p_value(self) -> float:
        """Return the probability of a share at least as far from chance if position had no effect.

        Uses the normal approximation, two-sided.
        """
        score = abs(self.num_first - self.expected) / sqrt(self.variance)
        return 2 * (1 - NormalDist().cdf(score))


class LogTotals(NamedTuple):
    """Sums over a decision log."""

    sums: Mapping[str, float]
    """As `DecisionLog.totals` gives them."""
    num_batches: int
    sources: Mapping[str, int]
    """Number of decisions by the source of the answer, such as `model` or `fallback`."""
    minds: Mapping[str, int]
    """Number of decisions by the mind that answered."""
    models: Sequence[str]
    """Language models that answered."""
    num_texts: int
    """Answers that were written, not chosen."""
    position_bias: PositionBias

    @classmethod
    def of(cls, log: DecisionLog) -> "LogTotals":
        """Compute all sums."""
        sources, minds, models = (log.count_by(column) for column in ("source", "mind", "model"))
        model_names = [model for model in models if model]
        return cls(log.totals(), log.num_batches, sources, minds, model_names, log.count_texts(), PositionBias.of(log))


_CONTENT = msgspec.json.Decoder(tuple[str, msgspec.Raw, Choose])
