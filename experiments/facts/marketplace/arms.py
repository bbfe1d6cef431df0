"""Which arms of a marketplace belong together, and what of its tables several facts use."""

from experiments.facts.evidence import Arm, Tables
from experiments.facts.fact import CannotTellError, Partner
from experiments.facts.measures import Frame

INFLUENCE = frozenset({"ranking", "reviews", "word_of_mouth"})
"""Parameters through which people learn what others chose."""
SOLITARY = {"ranking": ("random", "relevance"), "reviews": ("off",), "word_of_mouth": (False,)}
"""Their values where people learn nothing of others."""
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


def market_shares(tables: Tables) -> Frame:
    """Each listing's share of all choices: a row per listing, a column per seed; 0 where it never was on the market.

    Raises:
        CannotTellError: The worlds do not trade the same goods.
    """
    titles = tables["offers"].groupby("listing")["title"].nunique()
    if (titles > 1).any():
        raise CannotTellError("needs worlds that trade the same goods, and here every seed has its own")
    counts = demand(tables).fillna(0.0)
    return counts / counts.sum()
