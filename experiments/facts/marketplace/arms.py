"""Which arms of a marketplace are compared with each other, and what several facts need of its tables."""

from collections.abc import Callable
from typing import cast

import numpy as np
import pandas as pd

from experiments.facts.evidence import ArmSettings, Tables
from experiments.facts.fact import InconclusiveError, Partner
from experiments.frames import column, entries_where

INFLUENCE = frozenset({"ranking", "reviews", "word_of_mouth"})
"""Parameters through which people learn what others chose."""
SOLITARY = {"ranking": ("random", "relevance"), "reviews": ("off",), "word_of_mouth": (False,)}
"""Values of these parameters under which people learn nothing about others."""
MIN_WORLDS = 8
"""Minimum number of worlds per arm, as in the experiment of Salganik, Dodds and Watts (2006)."""
MIN_CHOICES = 50
"""Choices that a world needs to be included: all worlds are subsampled to the number of the smallest one."""
DRAWS = 20
"""Number of subsamples over which facts about market shares are averaged."""
ZERO_INTELLIGENCE = "random"
"""Name of the mind that draws among the legal answers."""


def differ_only_in(arm: ArmSettings, reference: ArmSettings, names: frozenset[str]) -> bool:
    """Return whether two arms have the same mind and differ in the world, but only in some of these parameters."""
    differing = arm.differing_params(reference)
    return arm.mind == reference.mind and bool(differing) and differing <= names


def is_solitary(arm: ArmSettings) -> bool:
    """Return whether nobody learns what others chose."""
    return all(arm.world.get(name) in values for name, values in SOLITARY.items())


def _is_independent_arm(arm: ArmSettings, candidate: ArmSettings) -> bool:
    return is_solitary(candidate) and not is_solitary(arm) and differ_only_in(arm, candidate, INFLUENCE)


def _is_voluntary_arm(arm: ArmSettings, candidate: ArmSettings) -> bool:
    return candidate.world.get("reviews") == "on" and differ_only_in(arm, candidate, frozenset({"reviews"}))


def _is_zero_intelligence_arm(arm: ArmSettings, candidate: ArmSettings) -> bool:
    return candidate.mind == ZERO_INTELLIGENCE != arm.mind and not arm.differing_params(candidate)


INDEPENDENT = Partner(
    "an arm in which people learn what others chose, and one of the same mind with world.reviews=off, "
    "world.word_of_mouth=false and world.ranking=random",
    _is_independent_arm,
)
VOLUNTARY = Partner("an arm of the same mind that differs only in world.reviews=on", _is_voluntary_arm)
ZERO = Partner("an arm of another mind, and one in the same world with mind=random", _is_zero_intelligence_arm)


def demand(tables: Tables) -> pd.DataFrame:
    """Return how often each listing was chosen: a row per listing, a column per seed; NaN if it was never on offer."""
    choices = cast("pd.Series", tables["offers"].groupby(["seed", "listing"])["chosen"].sum()).astype(float)
    listed = tables["listings"].rename(columns={"id": "listing"}).set_index(["seed", "listing"]).index
    # Listings that no search returned have no row among the offers, but their demand is 0.
    return choices.reindex(choices.index.union(listed), fill_value=0.0).unstack("seed")


def mean_subsample_difference(
    difference: Callable[[pd.DataFrame, pd.DataFrame], pd.Series], first: Tables, second: Tables
) -> pd.Series:
    """Return how two arms differ, averaged over subsamples with equally many choices from every world of both arms.

    Shares of fewer choices are more unequal and vary more by counting alone, so every world is subsampled, without
    replacement, to the number of choices of the smallest one (rarefaction). Seeds with fewer than `MIN_CHOICES` in
    either arm are excluded from both.

    Args:
        difference: From the market shares of both arms to a value by seed.
        first: Tables of an arm.
        second: Tables of its comparison arm.

    Raises:
        InconclusiveError: Fewer than `MIN_WORLDS` seeds remain.
    """
    rng = np.random.default_rng(0)
    counts = [count_choices(tables) for tables in (first, second)]
    totals = pd.concat([count.sum() for count in counts], axis="columns")
    smallest = totals.min(axis="columns", skipna=False)
    smallest = entries_where(smallest, smallest >= MIN_CHOICES)
    if len(smallest) < MIN_WORLDS:
        raise InconclusiveError(
            f"needs {MIN_WORLDS} worlds with {MIN_CHOICES} choices in both arms, and there are {len(smallest)}"
        )
    number = int(smallest.min())
    usable = [cast("pd.DataFrame", count[smallest.index]) for count in counts]
    draws = [difference(*(_subsample_shares(count, number, rng) for count in usable)) for _ in range(DRAWS)]
    differences = pd.concat(draws, axis="columns")
    return differences.mean(axis="columns", skipna=False).dropna()


def _subsample_shares(counts: pd.DataFrame, number: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return market shares among `number` of each world's choices: a row per listing, a column per seed."""
    subsamples = {seed: rng.multivariate_hypergeometric(column(counts, seed).to_numpy(int), number) for seed in counts}
    return pd.DataFrame(subsamples, index=counts.index) / number


def count_choices(tables: Tables) -> pd.DataFrame:
    """Return how often each listing was chosen: a row per listing, a column per seed; 0 if it was never on offer.

    Raises:
        InconclusiveError: The worlds do not trade the same goods.
    """
    titles = cast("pd.Series", tables["offers"].groupby("listing")["title"].nunique())
    if (titles > 1).any():
        raise InconclusiveError("needs worlds that trade the same goods, and here every seed has its own")
    return demand(tables).fillna(0.0)
