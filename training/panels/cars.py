"""The cars of Helveston et al. (2015), asked as the marketplace asks: which of three would you buy?

Buyers of cars in the USA chose fifteen times among three cars that were described to them. Nothing was bought, so
nothing is remembered.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from sandbox.errors import DataError
from training.panels.csv_files import read_columns
from training.panels.purchases import Occasion, Purchases, ShelfOffer, Shopper
from training.sources.source import Rejects

POWER_TRAINS = {
    "hev": "hybrid",
    "phev10": "plug-in hybrid with 10 electric miles",
    "phev20": "plug-in hybrid with 20 electric miles",
    "phev40": "plug-in hybrid with 40 electric miles",
    "bev75": "electric car with a range of 75 miles",
    "bev100": "electric car with a range of 100 miles",
    "bev150": "electric car with a range of 150 miles",
}
"""Columns of power trains; a car without any runs on gasoline."""
ORIGINS = {"american": "American", "japanese": "Japanese", "chinese": "Chinese", "skorean": "South Korean"}
"""Columns of the makers' countries; a car without any is German."""
FAST_CHARGING = ("phevFastcharge", "bevFastcharge")
NUMBERS = ("price", "opCost", "accelTime", *POWER_TRAINS, *ORIGINS, *FAST_CHARGING)
COLUMNS = ("person", "obsnum", "choice", "split", *NUMBERS)


class Cars(Purchases):
    """Choices among cars: CSV, one row for a car; `obsnum` numbers the choices, and prices are in thousand dollars."""

    is_real: ClassVar[bool] = False

    def category_of(self, path: Path) -> str:
        """Return what is bought."""
        return "Cars"

    def read_shoppers(self, path: Path, rejects: Rejects) -> Sequence[Shopper]:
        """Return the people of a file."""
        cars = read_columns(path, COLUMNS)
        shoppers: list[Shopper] = []
        for person, rows in cars.groupby("person", sort=False):
            if (splits := len(set(rows["split"]))) != 1:
                raise DataError(f"{path}: the person {person} is in {splits} splits; put all rows of a person into one")
            occasions: list[Occasion] = []
            for number, offered in rows.groupby("obsnum", sort=False):
                chosen = [place for place, choice in enumerate(offered["choice"]) if choice == 1]
                if len(chosen) != 1 or len(offered) < 2:
                    rejects.add(None, f"a choice of {len(chosen)} among {len(offered)} cars", str(number))
                    continue
                numbers = offered[list(NUMBERS)].to_numpy(float)
                if np.isnan(numbers).any() or (numbers[:, 0] <= 0).any():
                    rejects.add(None, "a car without a price, or with an empty cell", str(number))
                    continue
                offers = [describe_car(car) for car in offered.to_dict("records")]
                occasions.append(Occasion(str(number), offers, chosen[0]))
            shoppers.append(Shopper(str(person), str(rows["split"].iloc[0]), occasions))
        return shoppers


def describe_car(car: Mapping[str, float]) -> ShelfOffer:
    """Return a car in words, with its price."""
    power_train = next((text for name, text in POWER_TRAINS.items() if car[name]), "gasoline car")
    charging = " and fast charging" if any(car[name] for name in FAST_CHARGING) else ""
    origin = next((text for name, text in ORIGINS.items() if car[name]), "German")
    name = (
        f"{origin} {power_train}{charging}, {car['opCost']:g} cents a mile, "
        f"{car['accelTime']:g} seconds to 60 miles an hour"
    )
    return ShelfOffer(name, round(100_000 * car["price"]))
