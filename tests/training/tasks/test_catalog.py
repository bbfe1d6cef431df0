from pathlib import Path
from typing import Any

import polars as pl

from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.sources.record import RECORD, frame
from training.tasks.catalog import Catalog, CatalogItem, catalog_unit, load_catalogs

from .people import catalog, comment, record

PLATFORMS = {"product_platforms": ["reviews", "purchases"], "purchase_platforms": ["purchases"]}


def build_catalogs(
    tmp_path: Path, rows: list[dict[str, Any]], per_category: int = 100
) -> dict[tuple[str, str], Catalog]:
    """Return catalogs built from these records."""
    records, decided, options = (tmp_path / f"{name}.parquet" for name in ("record", "split", "option"))
    frame(RECORD, {name: [row[name] for row in rows] for name in rows[0] if name in RECORD}).write_parquet(records)
    pl.DataFrame([{name: row[name] for name in ("source", "id", "split")} for row in rows]).write_parquet(decided)
    unit = Unit("all", {"record": [records], "decided": [decided]})
    ((_, table),) = catalog_unit(unit, {"per_category": per_category, **PLATFORMS}, Tally("catalog"))
    table.write_parquet(options)
    return load_catalogs([options])


def test_every_side_lists_what_its_own_people_chose(tmp_path: Path) -> None:
    splits = ("train", "seen", "val", "test")
    rows = [record(number, split=splits[number % 4]) for number in range(40)] + [record(40, item="B0", split="test")]
    catalogs = build_catalogs(tmp_path, rows)
    keys = {side: {item.key for item in side_catalog.items} for (_, side), side_catalog in catalogs.items()}
    assert keys["train"] == {f"B{number}" for number in range(40) if number % 4 < 2}
    assert keys["test"] == {"B0", *(f"B{number}" for number in range(3, 40, 4))}


def test_threads_are_those_of_comments(tmp_path: Path) -> None:
    rows = [comment(1), comment(2, kind="post"), comment(3, thread="")]
    (item,) = build_catalogs(tmp_path, rows)["s", "train"].items
    assert item == CatalogItem("t_1", "Tea", "Tea no. 1", "Do you like it, 1?", None, -1, 1)


def test_bare_purchases_are_of_products(tmp_path: Path) -> None:
    purchase = {"platform": "purchases", "kind": "purchase", "text": "", "item": "B1", "context": "Pot"}
    rows = [record(number, price=price, **purchase) for number, price in enumerate((10.0, 90.0, 12.0))]
    (item,) = build_catalogs(tmp_path, rows)["s", "train"].items
    assert (item.key, item.title, item.text) == ("B1", "Pot", "")
    assert item.price == 12, "the median of what was paid"


def test_bands_are_equally_full_within_their_category(tmp_path: Path) -> None:
    rows = [record(number, price=float(number + 1), category="Tea" if number < 50 else "Mugs") for number in range(60)]
    rows += [record(60, price=None)]
    items = build_catalogs(tmp_path, rows)["s", "train"].items
    tea = sorted((item for item in items if item.category == "Tea" and item.price), key=lambda item: item.price or 0)
    assert [item.band for item in tea] == [band for band in range(5) for _ in range(10)]
    assert next(item.band for item in items if item.price is None) == -1
    assert {item.band for item in items if item.category == "Mugs"} == set(range(5))


def test_a_category_lists_no_more_than_is_wanted(tmp_path: Path) -> None:
    rows = [record(number, category=f"Place {number % 2}") for number in range(60)]
    assert len(build_catalogs(tmp_path, rows, 7)["s", "train"].items) == 14


def test_a_product_that_was_not_kept_has_the_band_of_the_nearest_price() -> None:
    prices = [(5.0, 0), (9.0, 1), (20.0, 2), (None, -1)]
    items = [CatalogItem(f"b{n}", "Tea", f"B{n}", "", price, band, 1) for n, (price, band) in enumerate(prices)]
    priced_catalog = Catalog(items)
    assert [priced_catalog.price_band("Tea", price) for price in (1.0, 8.0, 19.0, 500.0, None)] == [0, 1, 2, 2, -1]
    assert priced_catalog.price_band("Mugs", 5.0) == -1


def test_missing_hard_negatives_are_replaced_by_uniform_ones() -> None:
    twins = [CatalogItem(key, "Tea", key.upper(), "", 1.0, 0, 1) for key in ("a", "b")]
    large = Catalog([*twins, *catalog().items])
    alternatives = large.draw_alternatives(twins[0], frozenset(), 5, 2, 1)
    assert len({item.key for item, _ in alternatives} - {"a"}) == 7
    alternatives = Catalog(twins).draw_alternatives(twins[0], frozenset(), 3, 3, 1)
    assert [(item.key, kind) for item, kind in alternatives] == [("b", "hard")]
