"""Which arms of a marketplace belong together, and what of its tables several facts use."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from experiments.facts.evidence import Arm, Tables
from experiments.facts.fact import CannotTellError, Partner
from experiments.facts.measures import Frame

INFLUENCE = frozenset({"ranking", "reviews", "word_of_mouth"})
"""Parameters through which people learn what others chose."""
SOLITARY = {"ranking": ("random", "relevance"), "reviews": ("off",), "word_of_mouth": (False,)}
"""Their values where people learn nothing of others."""
MIN_WORLDS = 8
"""Worlds of an arm, as in the experiment of Salganik, Dodds and Watts (2006)."""
MIN_CHOICES = 50
"""Choices that a world needs to be thinned to as many: one that few people shopped in would thin all others."""
DRAWS = 20
"""Of equally many choices, over which facts of market shares are averaged."""
ZERO_INTELLIGENCE = "random"
"""Name of the mind that draws among the legal answers."""


def same_but(mine: Arm, other: Arm, names: frozenset[str]) -> bool:
    """Whether two arms have one mind and differ in the world, in nothing but some of these parameters."""
    differing = mine.differs_in(other)
    return mine.mind == other.mind and bool(differing) and differing <= names


def is_solitary(arm: Arm) -> bool:
    """Whether nobody learns what others chose."""
    return all(arm.world.get(name) in values for name, values in SOLITARY.items())


def _is_independent_twin(mine: Arm, other: Arm) -> bool:
    return is_solitary(other) and not is_solitary(mine) and same_but(mine, other, INFLUENCE)


def _is_voluntary_twin(mine: Arm, other: Arm) -> bool:
    return other.world.get("reviews") == "on" and same_but(mine, other, frozenset({"reviews"}))


def _is_zero_intelligence_twin(mine: Arm, other: Arm) -> bool:
    return other.mind == ZERO_INTELLIGENCE != mine.mind and not mine.differs_in(other)


INDEPENDENT = Partner(
    "an arm in which people do learn what others chose, and one of the same mind with world.reviews=off, "
    "world.word_of_mouth=false and world.ranking=random",
    _is_independent_twin,
)
VOLUNTARY = Partner("an arm of the same mind that differs only in world.reviews=on", _is_voluntary_twin)
ZERO = Partner("an arm of another mind, and one in the same world with mind=random", _is_zero_intelligence_twin)


def demand(tables: Tables) -> Frame:
    """How often each listing was chosen: a row per listing, a column per seed; NaN where it never was on the market."""
    shown = tables["offers"].groupby(["seed", "listing"])["chosen"].sum().astype(float)
    listed = tables["listings"].rename(columns={"id": "listing"}).set_index(["seed", "listing"]).index
    return shown.reindex(shown.index.union(listed), fill_value=0.0).unstack("seed")


def mean_over_thinnings(difference: Callable[[Frame, Frame], Frame], one: Tables, other: Tables) -> Frame:
    """What two arms differ in, on average over draws of equally many choices from every world of both.

    Shares of fewer choices are more unequal and lie further apart by counting alone, so every world is thinned, without
    replacement, to the choices of the one with the fewest (rarefaction). Seeds with fewer than `MIN_CHOICES` in either
    arm are left out of both.

    Args:
        difference: Of the arms' market shares, a value by seed.
        one: Tables of an arm.
        other: Tables of the other.

    Raises:
        CannotTellError: Fewer than `MIN_WORLDS` seeds are left.
    """
    rng = np.random.default_rng(0)
    found = [choices_of(tables) for tables in (one, other)]
    together: Frame = pd.concat([count.sum() for count in found], axis="columns")
    fewest: Frame = together.min(axis="columns", skipna=False)
    fewest = fewest[fewest >= MIN_CHOICES]
    if len(fewest) < MIN_WORLDS:
        raise CannotTellError(
            f"needs {MIN_WORLDS} worlds with {MIN_CHOICES} choices in both arms, and there are {len(fewest)}"
        )
    number = int(fewest.min())
    counts = [count[fewest.index] for count in found]
    drawn = [difference(*(_thinned(count, number, rng) for count in counts)) for _ in range(DRAWS)]
    differences: Frame = pd.concat(drawn, axis="columns")
    return differences.mean(axis="columns", skipna=False).dropna()


def _thinned(counts: Frame, number: int, rng: np.random.Generator) -> Frame:
    """Market shares of so many of each world's choices: a row per listing, a column per seed."""
    kept = {seed: rng.multivariate_hypergeometric(counts[seed].to_numpy(int), number) for seed in counts}
    return pd.DataFrame(kept, index=counts.index) / number


def choices_of(tables: Tables) -> Frame:
    """How often each listing was chosen: a row per listing, a column per seed; 0 where it never was on the market.

    Raises:
        CannotTellError: The worlds do not trade the same goods.
    """
    titles = tables["offers"].groupby("listing")["title"].nunique()
    if (titles > 1).any():
        raise CannotTellError("needs worlds that trade the same goods, and here every seed has its own")
    return demand(tables).fillna(0.0)
