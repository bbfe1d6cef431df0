"""Prices move: dispersion that lasts must not be the dispersion that was there at the start."""

from experiments.facts.evidence import Tables
from experiments.facts.fact import Band, Fact, Needs, per_seed
from experiments.facts.marketplace.price_dispersion import MIN_STEPS
from experiments.facts.measures import Frame

MOVED = 0.01
"""Share of its first price by which a price must differ from it to have moved."""


def moved(tables: Tables) -> Frame:
    """Share of each seed's listings whose price is not the first one."""

    def share(rows: Frame) -> float:
        return float(((rows["price"] / rows["first_price"] - 1).abs() > MOVED).mean())

    return per_seed(tables["listings"], share)


FACT = Fact(
    name="price_movement",
    statement="Dispersed prices are not frozen: who is cheapest changes with time.",
    citation="Baye, Morgan and Scholten (2006), Information, Search, and Price Dispersion, Handbook on Economics and "
    "Information Systems",
    measure="share of the listings whose price differs from their first one by more than 1 %",
    statistic=moved,
    band=Band(0.1, float("inf"), "more than a tenth of all prices, so that the start does not explain the end"),
    needs=Needs({"listings": ("price", "first_price")}, steps=MIN_STEPS),
    note="Listings whose seller left are not in the table.",
)
