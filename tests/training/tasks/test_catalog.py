from pathlib import Path
from typing import Any

import polars as pl

from training.funnel import Tally
from training.record import RECORD, frame
from training.tasks.catalog import Catalog, Option, catalog_unit, catalogs

from .people import catalog, comment, record


def listed(tmp_path: Path, rows: list[dict[str, Any]], per_place: int = 100) -> dict[tuple[str, str], Catalog]:
    """Catalogs made of these records."""
    records, decided, made = tmp_path / "record" / "a.parquet", tmp_path / "split.parquet", tmp_path / "made.parquet"
    records.parent.mkdir(exist_ok=True)
    frame(RECORD, {name: [row[name] for row in rows] for name in rows[0] if name in RECORD}).write_parquet(records)
    pl.DataFrame([{name: row[name] for name in ("source", "id", "split")} for row in rows]).write_parquet(decided)
    ((_, table),) = catalog_unit([records, decided], {"per_place": per_place}, Tally("catalog"))
    table.write_parquet(made)
    return catalogs([made])


def test_every_side_lists_what_its_own_people_chose(tmp_path: Path) -> None:
    splits = ("train", "seen", "val", "test")
    rows = [record(number, split=splits[number % 4]) for number in range(40)] + [record(40, item="B0", split="test")]
    made = listed(tmp_path, rows)
    keys = {side: {option.key for option in one.options} for (_, side), one in made.items()}
    assert keys["train"] == {f"B{number}" for number in range(40) if number % 4 < 2}
    assert keys["test"] == {"B0", *(f"B{number}" for number in range(3, 40, 4))}


def test_threads_are_those_of_comments(tmp_path: Path) -> None:
    rows = [comment(1), comment(2, kind="post"), comment(3, thread="")]
    (option,) = listed(tmp_path, rows)["s", "train"].options
    assert option == Option("t_1", "Tea", "Tea no. 1", "Do you like it, 1?", None, -1, 1)


def test_bare_purchases_are_of_products(tmp_path: Path) -> None:
    known = {"platform": "purchases", "kind": "purchase", "text": "", "item": "B1", "context": "Pot"}
    rows = [record(number, price=price, **known) for number, price in enumerate((10.0, 90.0, 12.0))]
    (option,) = listed(tmp_path, rows)["s", "train"].options
    assert (option.key, option.title, option.text) == ("B1", "Pot", "")
    assert option.price == 12, "the median of what was paid"


def test_bands_are_equally_full_within_their_place(tmp_path: Path) -> None:
    rows = [record(number, price=float(number + 1), place="Tea" if number < 50 else "Mugs") for number in range(60)]
    rows += [record(60, price=None)]
    options = listed(tmp_path, rows)["s", "train"].options
    tea = sorted((one for one in options if one.place == "Tea" and one.price), key=lambda one: one.price or 0)
    assert [one.band for one in tea] == [band for band in range(5) for _ in range(10)]
    assert next(one.band for one in options if one.price is None) == -1
    assert {one.band for one in options if one.place == "Mugs"} == set(range(5))


def test_a_place_lists_no_more_than_is_wanted(tmp_path: Path) -> None:
    rows = [record(number, place=f"Place {number % 2}") for number in range(60)]
    assert len(listed(tmp_path, rows, 7)["s", "train"].options) == 14


def test_a_product_that_was_not_kept_has_the_band_of_the_nearest_price() -> None:
    prices = [(5.0, 0), (9.0, 1), (20.0, 2), (None, -1)]
    known = Catalog([Option(f"b{n}", "Tea", f"B{n}", "", price, band, 1) for n, (price, band) in enumerate(prices)])
    assert [known.band_of("Tea", price) for price in (1.0, 8.0, 19.0, 500.0, None)] == [0, 1, 2, 2, -1]
    assert known.band_of("Mugs", 5.0) == -1


def test_too_few_near_ones_are_made_up_for_by_any() -> None:
    made = Catalog([Option("a", "Tea", "A", "", 1.0, 0, 1), Option("b", "Tea", "B", "", 1.0, 0, 1), *catalog().options])
    drawn = made.others(made.options[0], frozenset(), 5, 2, 1)
    assert len({one.key for one, _ in drawn} - {"a"}) == 7
    few = Catalog(made.options[:2])
    assert [(one.key, kind) for one, kind in few.others(few.options[0], frozenset(), 3, 3, 1)] == [("b", "hard")]
