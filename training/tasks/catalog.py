"""The catalog: products and threads that people of each side could have chosen, from which choice lists are drawn.

A side (train, val, test) draws only from what its own people chose, so a thread of one side never appears in a task of
another. Hard negatives share the category (and price band) of the chosen item; uniform ones come from anywhere.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from sandbox.core.seeds import uniforms
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import Tables

PRICE_BANDS = 5
"""Price bands of a category, equally full."""
TRIES_PER_ITEM = 20
"""Draws for each item that is wanted before the list stays shorter."""


class CatalogItem(NamedTuple):
    """One product or thread."""

    key: str
    category: str
    """Product category or community."""
    title: str
    text: str
    """Text of the thread; "" for a product."""
    price: float | None
    band: int
    """0 to 4, from cheap to expensive within its category; -1 if its price is unknown."""
    people: int
    """People of the side who chose it."""


class Alternative(NamedTuple):
    """One option of a choice."""

    item: CatalogItem
    kind: str
    """`chosen`, or how it got on the list: `hard`, `uniform`, or `owned` if the person had it before."""


def catalog_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """List what the people of every source and side chose.

    Args:
        unit: Its inputs `record`, the clean records, and `decided`, what the split decided about them.
        settings: `per_category`, the number of products or threads kept per category, by hash; `product_platforms`;
            and `purchase_platforms`, those of them on which a product has another price each time.
        tally: Counts them.
    """
    side = pl.col("split").replace("seen", "train").alias("side")
    decided = pl.scan_parquet(list(unit.inputs["decided"])).select("source", "id", side)
    is_product = pl.col("platform").is_in(settings["product_platforms"])
    choices = (
        pl.scan_parquet(list(unit.inputs["record"]))
        .with_columns(
            key=pl.when(is_product).then("item").otherwise("thread"),
            title=pl.when(is_product).then("context").otherwise("title"),
            thread_text=pl.when(is_product).then(pl.lit("")).otherwise("context"),
        )
        .filter((pl.col("key") != "") & (pl.col("title") != "") & (is_product | (pl.col("kind") == "comment")))
        .join(decided, on=["source", "id"])
        .sort("source", "id")
    )
    # A purchase records the price paid, which differs between days; a review has the product's list price.
    price, is_paid = pl.col("price"), pl.col("platform").first().is_in(settings["purchase_platforms"])
    by_key = choices.group_by("source", "side", "key").agg(
        pl.col("category").first(),
        pl.col("title").first(),
        pl.when(is_paid).then(price.median().round(2)).otherwise(price.first()).alias("price"),
        text=pl.col("thread_text").first(),
        people=pl.col("user").n_unique(),
    )
    order = pl.col("key").hash(seed=0).rank("ordinal").over("source", "side", "category")
    rank = (pl.col("price").rank("ordinal") - 1).over("source", "side", "category")
    num_priced = pl.col("price").count().over("source", "side", "category")
    band = (rank * PRICE_BANDS // num_priced).fill_null(-1).cast(pl.Int64).alias("band")
    # Sorted before it is ranked: options of one price fall into bands by their order.
    rows = by_key.filter(order <= settings["per_category"]).sort("source", "side", "key").with_columns(band).collect()
    for source, number in rows.group_by("source").len().sort("source").iter_rows():
        tally.add(source, "options", "out", number)
    yield "option", rows.select("source", "side", *CatalogItem._fields)


class Catalog:
    """The items of one source and side."""

    def __init__(self, items: Sequence[CatalogItem]) -> None:
        self.items = items
        self._by_key = {item.key: item for item in items}
        self._by_band: dict[tuple[str, int], list[CatalogItem]] = {}
        self._prices: dict[str, list[tuple[float, int]]] = {}
        for item in items:
            self._by_band.setdefault((item.category, item.band), []).append(item)
            if item.price is not None:
                self._prices.setdefault(item.category, []).append((item.price, item.band))

    def find(self, key: str) -> CatalogItem | None:
        """Return the item with this key; None if it was not kept."""
        return self._by_key.get(key)

    def price_band(self, category: str, price: float | None) -> int:
        """Return the band of a product that was not kept: that of its category's nearest price; -1 if there is none.

        In another band than its alternatives, the chosen product could be recognised by its price alone.
        """
        prices = self._prices.get(category, [])
        if price is None or not prices:
            return -1
        _, band = min(prices, key=lambda entry: abs(entry[0] - price))
        return band

    def draw_alternatives(
        self, chosen: CatalogItem, excluded: Set[str], hard: int, uniform: int, seed: int
    ) -> list[Alternative]:
        """Draw items that were not chosen: hard negatives, then uniform ones, also in place of missing hard ones.

        Args:
            chosen: The item that was chosen.
            excluded: Keys that the person chose at some other time.
            hard: Number of items wanted from the same category and price band.
            uniform: Number of items wanted from anywhere.
            seed: Seed of the draw.
        """
        stream, used = uniforms(seed, b"others"), {*excluded, chosen.key, chosen.title.casefold()}
        similar = self._by_band.get((chosen.category, chosen.band), [])
        alternatives = [Alternative(item, "hard") for item in _sample(similar, hard, used, stream)]
        missing = hard + uniform - len(alternatives)
        return [*alternatives, *(Alternative(item, "uniform") for item in _sample(self.items, missing, used, stream))]

    def draw_list(self, most: int, seed: int) -> list[CatalogItem]:
        """Draw two to `most` items from anywhere, all with different titles; fewer than two from a tiny catalog."""
        stream = uniforms(seed, b"listed")
        number = 2 + int(next(stream) * (most - 1))
        return list(_sample(self.items, number, set(), stream))


def load_catalogs(files: Sequence[Path]) -> dict[tuple[str, str], Catalog]:
    """Return catalogs by source and side."""
    rows = pl.concat([pl.read_parquet(path) for path in files])
    parts = rows.partition_by("source", "side", as_dict=True)
    return {
        (str(source), str(side)): Catalog([CatalogItem(*row) for row in part.select(CatalogItem._fields).iter_rows()])
        for (source, side), part in sorted(parts.items())
    }


def _sample(
    items: Sequence[CatalogItem], number: int, used: set[str], stream: Iterator[float]
) -> Iterator[CatalogItem]:
    """Yield up to `number` different items that are not in `used`, and add them to it.

    `used` holds keys and titles: several keys may share a title, and nobody could tell them apart on a list.
    """
    for _ in range(TRIES_PER_ITEM * number if items else 0):
        if number <= 0:
            return
        item = items[int(next(stream) * len(items))]
        names = {item.key, item.title.casefold()}
        if not names & used:
            used |= names
            number -= 1
            yield item
