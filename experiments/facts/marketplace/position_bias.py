"""An option must not win because it comes first."""

import math
from typing import Any

import pandas as pd

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.reference import Band, Reference
from experiments.frames import column, rows_where
from sandbox.core import Question, Reply
from sandbox.core.answering import display_order
from sandbox.output.log_totals import PositionBias

MIN_CHOICES = 50
"""Shuffled choices that a world needs."""


def first_option_odds_ratio(choices: pd.DataFrame) -> float:
    """Return the odds of the first option relative to those by chance, among choices whose options were shuffled.

    Options count by their probabilities (see `sandbox.output.log_totals.PositionBias`).
    """
    shuffled = rows_where(choices, ~column(choices, "ordered").astype(bool))
    if len(shuffled) < MIN_CHOICES:
        return float("nan")
    first, chance = float(column(shuffled, "first_weight").sum()), float((1 / column(shuffled, "num_options")).sum())
    return math.exp(PositionBias("", 0, len(shuffled), first, chance).log_odds_ratio)


def odds_ratio_by_seed(tables: Tables) -> pd.Series:
    """Return the odds ratio of each seed."""
    return per_seed(tables["choices"], first_option_odds_ratio)


def prefer_first(question: Question[Any]) -> Reply:
    """Take the option that is displayed first six times as often as any other."""
    order = display_order(question)
    return [6.0 if index == order[0] else 1.0 for index in range(len(order))]


FACT = Fact(
    name="position_bias",
    statement="People do not choose an option because it comes first; agents based on language models do.",
    citation="Bansal et al. (2025), Magentic Marketplace, arXiv:2510.25779: agents give the first proposal an "
    "advantage of 10 to 30 times",
    measure="odds ratio of the option displayed first against chance, in shuffled order (geometric mean over seeds)",
    statistic=odds_ratio_by_seed,
    band=Band(2 / 3, 1.5, "no advantage of the first position, within a factor of 1.5"),
    needs=Needs({"choices": ("ordered", "num_options", "first_weight")}),
    reference=Reference(1.0),
    is_check=True,
    is_ratio=True,
    controls=Controls(shows={"rules": {}}, lacks={"the first": {"review": prefer_first, "tell": prefer_first}}),
    note="In the paper the first proposal is the first to arrive in a market; here it is the first option of a "
    "shuffled question. The artefact is the same, but its size may differ. That people show no such bias is our "
    "reading, not a finding of the paper.",
)
