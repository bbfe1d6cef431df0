"""Groceries that households bought, asked as the marketplace asks; the panels of the R package Ecdat.

Each file is one of its data sets, written as `write.csv` in R or `to_csv` in Python writes it: `Catsup.csv`,
`Cracker.csv`, `Yogurt.csv` (Jain, Vilcassim & Chintagunta 1994), `Ketchup.csv`, `Tuna.csv` (Kim, Blattberg & Rossi
1995). A row is a purchase, with the price of every brand in the shop. The data have no split: a hash of the household's
number decides. So all purchases of a household are in one split, also if two files have the same households.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sandbox.core.seeds import uniform
from sandbox.errors import DataError, unknown
from training.panels.csv_files import read_columns
from training.panels.purchases import Occasion, Purchases, ShelfOffer, Shopper
from training.sources.source import Rejects
from training.tasks.decision_points import stable_hash

TRAIN_SHARE, VAL_SHARE = 0.75, 0.1
NOTES = {"disp": "on display", "feat": "advertised"}
"""Columns that say how a brand was promoted."""


class Brand(NamedTuple):
    """A brand of the data."""

    name: str
    cents: float
    """Cents for one unit of the price in the data."""


class Goods(NamedTuple):
    """A kind of goods."""

    category: str
    household: str
    """Column of the household."""
    prefix: str
    """What precedes `choice` in the name of its column."""
    brands: Mapping[str, Brand]
    """By the name in the data."""


GOODS = {
    # Prices are in cents per ounce; what a bottle costs follows from its size, which the brand's name tells.
    "Catsup": Goods("Bottled Ketchup", "id", "", {
        "heinz41": Brand("Heinz ketchup of 41 ounces", 41),
        "heinz32": Brand("Heinz ketchup of 32 ounces", 32),
        "heinz28": Brand("Heinz ketchup of 28 ounces", 28),
        "hunts32": Brand("Hunt's ketchup of 32 ounces", 32),
    }),
    "Cracker": Goods("Crackers", "id", "", {
        "sunshine": Brand("Sunshine crackers", 1),
        "kleebler": Brand("Keebler crackers", 1),
        "nabisco": Brand("Nabisco crackers", 1),
        "private": Brand("crackers of the shop's own brand", 1),
    }),
    # Prices are in cents per ounce, and the data do not tell the size of a cup.
    "Yogurt": Goods("Yogurt", "id", "", {
        "yoplait": Brand("eight ounces of Yoplait yogurt", 8),
        "dannon": Brand("eight ounces of Dannon yogurt", 8),
        "hiland": Brand("eight ounces of Hiland yogurt", 8),
        "weight": Brand("eight ounces of Weight Watchers yogurt", 8),
    }),
    "Ketchup": Goods("Ketchup", "Ketchup.hid", "Ketchup.", {
        "heinz": Brand("Heinz ketchup", 100),
        "hunts": Brand("Hunt's ketchup", 100),
        "delmonte": Brand("Del Monte ketchup", 100),
        "stb": Brand("ketchup of the shop's own brand", 100),
    }),
    "Tuna": Goods("Canned Tuna", "Tuna.hid", "Tuna.", {
        "skw": Brand("StarKist tuna in water", 100),
        "cosw": Brand("Chicken of the Sea tuna in water", 100),
        "sko": Brand("StarKist tuna in oil", 100),
        "coso": Brand("Chicken of the Sea tuna in oil", 100),
        "pw": Brand("tuna in water of the shop's own brand", 100),
    }),
}  # fmt: skip
"""By the name of the data set."""


class Households(Purchases):
    """Purchases of households: CSV, one file for each kind of goods, named as in Ecdat."""

    def category_of(self, path: Path) -> str:
        """Return what the goods of a file are called."""
        return find_goods(path).category

    def read_shoppers(self, path: Path, rejects: Rejects) -> Sequence[Shopper]:
        """Return the households of a file."""
        goods = find_goods(path)
        choice = f"{goods.prefix}choice"
        purchases = read_columns(path, [goods.household, choice, *(f"price.{brand}" for brand in goods.brands)])
        shoppers: list[Shopper] = []
        for household, rows in purchases.groupby(goods.household, sort=False):
            occasions: list[Occasion] = []
            for number, row in enumerate(rows.to_dict("records")):
                if row[choice] not in goods.brands:
                    rejects.add(None, f"an unknown brand {row[choice]!r}", str(household))
                elif not all(row[f"price.{brand}"] > 0 for brand in goods.brands):  # nor is an empty cell
                    rejects.add(None, "a brand without a price", str(household))
                else:
                    offers = [_describe_brand(goods, brand, row) for brand in goods.brands]
                    occasions.append(Occasion(str(number), offers, list(goods.brands).index(row[choice])))
            shoppers.append(Shopper(f"{path.stem}/{household}", _draw_split(str(household)), occasions))
        return shoppers


def find_goods(path: Path) -> Goods:
    """Return what a file is about.

    Raises:
        DataError: The file is not named as a data set of Ecdat that is known here.
    """
    if path.stem not in GOODS:
        raise DataError(f"{path}: {unknown('data set', path.stem, GOODS)} The name of the file says which one it is.")
    return GOODS[path.stem]


def _describe_brand(goods: Goods, brand: str, row: Mapping[Any, Any]) -> ShelfOffer:
    name, cents = goods.brands[brand]
    notes = [text for column, text in NOTES.items() if row.get(f"{column}.{brand}", 0) == 1]
    return ShelfOffer(name, round(cents * row[f"price.{brand}"]), " and ".join(notes))


def _draw_split(household: str) -> str:
    place = uniform(stable_hash("household", household), b"split")
    if place < TRAIN_SHARE:
        return "train"
    return "val" if place < TRAIN_SHARE + VAL_SHARE else "test"
