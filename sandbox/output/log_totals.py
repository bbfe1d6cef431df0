"""Sums over a decision log: who answered, how trustworthy the answers are, and what they cost."""

import math
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from sandbox.core.answering import shuffled_order
from sandbox.core.form import Choose
from sandbox.intervals import GeometricMean
from sandbox.runtime.fallbacks import CERTAIN_SOURCES
from sandbox.runtime.log import DecisionLog

MAX_CHOICES = 50_000
"""Choices that the summary computes the position bias from."""


class PositionBias(NamedTuple):
    """How much likelier the option displayed first is than by chance, in the shuffled choices of one arm and seed."""

    arm: str
    seed: int
    num: int
    """Number of choices whose options were shuffled."""
    first: float
    """Sum of the probabilities of the options displayed first; where a probability is unknown, 1 for a choice of it."""
    chance: float
    """The same if position had no effect: the sum of 1 / number of options."""

    @property
    def log_odds_ratio(self) -> float:
        """Log of the odds of the first option, relative to those by chance; NaN without a choice.

        Half a choice is added on both sides of both odds, so that it is finite even if the first option always wins
        (Haldane 1956, doi:10.1111/j.1469-1809.1955.tb01285.x), and 0 if it wins as often as by chance.
        """
        if not self.num:
            return math.nan
        actual, expected = ((part + 0.5) / (self.num - part + 0.5) for part in (self.first, self.chance))
        return math.log(actual / expected)


class OddsRatio(NamedTuple):
    """An odds ratio with its 95 % interval over seeds."""

    value: float
    low: float
    """NaN with fewer than two seeds."""
    high: float
    num_seeds: int

    @classmethod
    def of(cls, biases: Sequence[PositionBias]) -> "OddsRatio":
        """Return the geometric mean of the odds ratios of an arm's seeds.

        The seed is the unit, not the decision: decisions in one world depend on one another, and arms with the same
        seed share shuffles and draws, so that chance in one arm is the same chance in the others.
        """
        return cls(*GeometricMean.of_logarithms([bias.log_odds_ratio for bias in biases]))


def measure_position_bias(log: DecisionLog, shuffle: int, max_choices: int | None = None) -> list[PositionBias]:
    """Measure the position bias of every arm and seed, in the order of the log.

    Probabilities are used where the log has them: which option came first is known from the shuffle, so a draw would
    only add noise. Choices whose order carries meaning, which is not shuffled, do not count, nor do fallbacks, which
    nobody chose.

    Args:
        log: The decision log.
        shuffle: `presentation.shuffle` of the run.
        max_choices: Only the first so many choices; None: all.
    """
    sums: dict[tuple[str, int], list[float]] = {}
    for row in islice(log.decisions("position IS NOT NULL AND source != 'fallback'"), max_choices):
        form = _CONTENT.decode(row["content"])[2]
        if not form.ordered:
            number = len(form.options)
            parts = (1, first_option_weight(row, number, shuffle), 1 / number)
            known_sums = sums.setdefault((row["arm"], row["seed"]), [0, 0.0, 0.0])
            known_sums[:] = (total + part for total, part in zip(known_sums, parts, strict=True))
    return [PositionBias(arm, seed, int(num), first, chance) for (arm, seed), (num, first, chance) in sums.items()]


def first_option_weight(row: Mapping[str, Any], num_options: int, shuffle: int) -> float:
    """Return the probability of the shuffled option displayed first, or whether it was chosen if that is unknown."""
    if row["probs"] is None:
        return float(row["position"] == 0)
    first = shuffled_order(num_options, row["question_seed"], shuffle)[0]
    return float(msgspec.json.decode(row["probs"])[first])


class LogTotals(NamedTuple):
    """Sums over a decision log."""

    sums: Mapping[str, float]
    """As `DecisionLog.totals` gives them."""
    num_batches: int
    sources: Mapping[str, Mapping[str, int]]
    """Number of decisions by arm and by the source of the answer, such as `model` or `fallback`."""
    minds: Mapping[str, Mapping[str, int]]
    """Number of decisions by arm and by the mind that answered."""
    models: Sequence[str]
    """Language models that answered."""
    num_texts: int
    """Answers that were written, not chosen."""
    position_bias: Sequence[PositionBias]
    """By arm and seed, from the first `MAX_CHOICES` choices."""
    fallbacks: Mapping[str, tuple[int, int]] = {}
    """By arm: the number of fallbacks, and of answers by minds that can fail."""

    @classmethod
    def of(cls, log: DecisionLog, shuffle: int = 0) -> "LogTotals":
        """Compute all sums; `shuffle` is the run's `presentation.shuffle`."""
        answers = log.count_answers()
        sources, minds = (_sum_by_arm(answers, name) for name in ("source", "mind"))
        models = list(dict.fromkeys(row["model"] for row in answers if row["model"]))
        biases = measure_position_bias(log, shuffle, MAX_CHOICES)
        texts, fallbacks = log.count_texts(), count_fallbacks(log)
        return cls(log.totals(), log.num_batches, sources, minds, models, texts, biases, fallbacks)


def _sum_by_arm(answers: Sequence[Mapping[str, Any]], name: str) -> dict[str, dict[str, int]]:
    """Return the number of decisions by arm and by the value of a column of `DecisionLog.count_answers`."""
    sums: dict[str, dict[str, int]] = {}
    for row in answers:
        of_arm = sums.setdefault(row["arm"], {})
        of_arm[row[name]] = of_arm.get(row[name], 0) + row["decisions"]
    return sums


def count_fallbacks(log: DecisionLog) -> dict[str, tuple[int, int]]:
    """Return, by arm, the number of fallbacks and of answers by minds that can fail; no rule or random answers."""
    counts: dict[str, tuple[int, int]] = {}
    for row in log.count_answers():
        if row["source"] not in CERTAIN_SOURCES:
            fallbacks, answers = counts.get(row["arm"], (0, 0))
            num_lost = row["decisions"] if row["source"] == "fallback" else 0
            counts[row["arm"]] = (fallbacks + num_lost, answers + row["decisions"])
    return counts


_CONTENT = msgspec.json.Decoder(tuple[str, msgspec.Raw, Choose])
