"""What is named first must not win because it is named first."""

from experiments.facts.evidence import Tables
from experiments.facts.fact import Band, Fact, Needs, per_seed
from experiments.facts.measures import Frame

MIN_CHOICES = 50
"""Shuffled choices that a world needs."""


def first_odds(choices: Frame) -> float:
    """Odds of the first option over those that chance gives it, where the order was shuffled.

    Half a choice is added on both sides, so that the odds of who always takes the first are finite (Haldane 1956).
    """
    shuffled = choices[~choices["ordered"].astype(bool)]
    if len(shuffled) < MIN_CHOICES:
        return float("nan")
    number, first = len(shuffled), float(shuffled["first"].sum())
    chance = float((1 / shuffled["num_options"]).sum())
    return (first + 0.5) / (number - first + 0.5) / (chance / (number - chance))


def odds(tables: Tables) -> Frame:
    """The odds of each seed."""
    return per_seed(tables["choices"], first_odds)


FACT = Fact(
    name="first_option",
    statement="People do not take an option because it comes first; agents made of language models do.",
    citation="Bansal et al. (2025), Magentic Marketplace, arXiv:2510.25779: agents give the first proposal an "
    "advantage of 10 to 30 times",
    measure="odds that the option shown first is chosen, over the odds by chance, where the order is shuffled",
    statistic=odds,
    band=Band(2 / 3, 1.5, "no advantage of the first place, give or take a half", 1.0),
    needs=Needs({"choices": ("ordered", "num_options", "first")}),
    note="Theirs is the first proposal to arrive in a market, ours the first option of a shuffled question; the "
    "artefact is the same, its size need not be. That people have none is our reading, not their finding.",
)
