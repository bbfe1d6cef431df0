"""The cars of Helveston et al. (2015), asked as the marketplace asks: which of three would you buy?

Buyers of cars in the USA chose fifteen times among three cars that were described to them. Nothing was bought, so
nothing is remembered.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import pandas as pd

from sandbox.errors import DataError
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
COLUMNS = (
    "person", "obsnum", "choice", "split", "price", "opCost", "accelTime", *POWER_TRAINS, *ORIGINS, *FAST_CHARGING
)  # fmt: skip
SPLITS = ("train", "val", "test")


class Cars(Purchases):
    """Choices among cars: CSV, one row for a car; `obsnum` numbers the choices, and prices are in thousand dollars."""

    is_remembered: ClassVar[bool] = False

    def category_of(self, path: Path) -> str:
        """Return what is bought."""
        return "Cars"

    def read_shoppers(self, path: Path, rejects: Rejects) -> Sequence[Shopper]:
        """Return the people of a file."""
        cars = read_columns(path, COLUMNS)
        shoppers: list[Shopper] = []
        for person, rows in cars.groupby("person", sort=False):
            occasions: list[Occasion] = []
            for number, offered in rows.groupby("obsnum", sort=False):
                chosen = [place for place, choice in enumerate(offered["choice"]) if choice == 1]
                if len(chosen) != 1 or len(offered) < 2:
                    rejects.add(None, f"a choice of {len(chosen)} among {len(offered)} cars", str(number))
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


def read_columns(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Return a CSV file that has these columns.

    Raises:
        DataError: It cannot be read, or lacks one of them.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, EOFError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} cannot be read as a CSV file ({reason}); name the data's file") from error
    if missing := [name for name in columns if name not in table]:
        raise DataError(f"{path} lacks the column {' and '.join(missing)}; it has {', '.join(map(str, table.columns))}")
    return table
