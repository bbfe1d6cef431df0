"""What could have been chosen: products and threads of each side, from which the options of choices are drawn.

A side (train, val, test) draws from its own people's products and threads only, so that a thread of one never stands
in a task of another. Hard negatives are of the same place (and price band), uniform ones of anywhere.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from sandbox.seeds import uniforms
from training.funnel import Tally
from training.record import PRODUCT_PLATFORMS
from training.stages import Folders, Tables, Unit

BANDS = 5
"""Price bands of a place, equally full."""
TRIES = 20
"""Draws for each option that is wanted, before other options take its place."""


class Option(NamedTuple):
    """One product or thread."""

    key: str
    place: str
    title: str
    text: str
    """What was said there; "" of a product."""
    price: float | None
    band: int
    """0 to 4, from cheap to dear within its place; -1 where its price is unknown."""
    people: int
    """Of the side, who chose it."""


class Drawn(NamedTuple):
    """An option that the person did not choose."""

    option: Option
    kind: str
    """`hard`, `uniform`, or `owned` where the person had it before."""


def catalog_units(folders: Folders) -> list[Unit]:
    """Everything at once, of which what was chosen is kept."""
    decided = [path for table in folders.tables("split") if table != "done" for path in folders.files("split", table)]
    return [("all", [*folders.files("clean", "record"), *decided])]


def catalog_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """List what the people of every source and side chose.

    Args:
        files: Clean records, and what was decided about them.
        settings: `per_place`, products or threads that are kept of a place, by hash.
        tally: Counts them.
    """
    records = [path for path in files if path.parent.name == "record"]
    side = pl.col("split").replace("seen", "train").alias("side")
    decided = pl.scan_parquet([path for path in files if path not in records]).select("source", "id", side)
    is_product = pl.col("platform").is_in(PRODUCT_PLATFORMS)
    chosen = (
        pl.scan_parquet(records)
        .with_columns(
            key=pl.when(is_product).then("item").otherwise("thread"),
            title=pl.when(is_product).then("context").otherwise("title"),
            said=pl.when(is_product).then(pl.lit("")).otherwise("context"),
        )
        .filter((pl.col("key") != "") & (pl.col("title") != "") & (is_product | (pl.col("kind") == "comment")))
        .join(decided, on=["source", "id"])
        .sort("source", "id")
    )
    price, is_paid = pl.col("price"), pl.col("platform").first() == "purchases"  # paid, so another one each time
    by_key = chosen.group_by("source", "side", "key").agg(
        pl.col("place", "title").first(),
        pl.when(is_paid).then(price.median().round(2)).otherwise(price.first()).alias("price"),
        text=pl.col("said").first(),
        people=pl.col("user").n_unique(),
    )
    order = pl.col("key").hash(seed=0).rank("ordinal").over("source", "side", "place")
    rank = (pl.col("price").rank("ordinal") - 1).over("source", "side", "place")
    known = pl.col("price").count().over("source", "side", "place")
    band = (rank * BANDS // known).fill_null(-1).cast(pl.Int64).alias("band")
    # Sorted before it is ranked: options of one price fall into bands by their order.
    rows = by_key.filter(order <= settings["per_place"]).sort("source", "side", "key").with_columns(band).collect()
    for source, number in rows.group_by("source").len().sort("source").iter_rows():
        tally.add(source, "options", "out", number)
    yield "option", rows.select("source", "side", *Option._fields)


class Catalog:
    """The options of one source and side."""

    def __init__(self, options: Sequence[Option]) -> None:
        self.options = options
        self._of = {option.key: option for option in self.options}
        self._near: dict[tuple[str, int], list[Option]] = {}
        self._priced: dict[str, list[tuple[float, int]]] = {}
        for option in self.options:
            self._near.setdefault((option.place, option.band), []).append(option)
            if option.price is not None:
                self._priced.setdefault(option.place, []).append((option.price, option.band))

    def find(self, key: str) -> Option | None:
        """The option of that key; None where it was not kept."""
        return self._of.get(key)

    def band_of(self, place: str, price: float | None) -> int:
        """Band of a product that was not kept: that of the kept one of its place with the nearest price; -1 for none.

        With another band than those it stands among, the chosen product would be known by its price alone.
        """
        priced = self._priced.get(place, [])
        if price is None or not priced:
            return -1
        return min(priced, key=lambda one: abs(one[0] - price))[1]

    def others(self, chosen: Option, taken: Set[str], hard: int, uniform: int, seed: int) -> list[Drawn]:
        """Options that were not chosen: near ones, then any; any where there are too few near ones.

        Args:
            chosen: What was.
            taken: Keys that the person chose at some other time.
            hard: Options of the same place and price band that are wanted.
            uniform: Options of anywhere that are wanted.
            seed: Of the draw.
        """
        stream, passed = uniforms(seed, b"others"), {*taken, chosen.key, chosen.title.casefold()}
        near = self._near.get((chosen.place, chosen.band), [])
        drawn = [Drawn(option, "hard") for option in _sample(near, hard, passed, stream)]
        wanted = hard + uniform - len(drawn)
        return [*drawn, *(Drawn(option, "uniform") for option in _sample(self.options, wanted, passed, stream))]

    def listed(self, most: int, seed: int) -> list[Option]:
        """Two to `most` options of anywhere, no two of one title; fewer than two where there are hardly any."""
        stream = uniforms(seed, b"listed")
        number = 2 + int(next(stream) * (most - 1))
        return list(_sample(self.options, number, set(), stream))


def catalogs(files: Sequence[Path]) -> dict[tuple[str, str], Catalog]:
    """Catalogs by source and side."""
    rows = pl.concat([pl.read_parquet(path) for path in files])
    parts = rows.partition_by("source", "side", as_dict=True)
    return {
        (str(source), str(side)): Catalog([Option(*row) for row in part.select(Option._fields).iter_rows()])
        for (source, side), part in sorted(parts.items())
    }


def _sample(options: Sequence[Option], wanted: int, passed: set[str], stream: Iterator[float]) -> Iterator[Option]:
    """So many different options that are not `passed`, which they then are; fewer where there are hardly any.

    `passed` holds keys and titles: one title may belong to several keys, and nobody could tell these apart.
    """
    for _ in range(TRIES * wanted if options else 0):
        if wanted <= 0:
            return
        option = options[int(next(stream) * len(options))]
        names = {option.key, option.title.casefold()}
        if not names & passed:
            passed |= names
            wanted -= 1
            yield option
