from pathlib import Path

import polars as pl

from training.funnel import Tally
from training.grouping import group_unit, part_unit, part_units
from training.record import ITEM, RECORD, frame
from training.stages import Folders, run_unit

NUM_USERS, NUM_ITEMS = 12, 8


def corpus(root: Path, per_bucket: int) -> tuple[pl.DataFrame, Tally]:
    """Comments on items, parted and grouped; returns all records and the counts."""
    ids = [f"c{number}" for number in range(NUM_USERS * 5)]
    columns = {
        "id": ids,
        "user": [f"u{number % NUM_USERS}" for number in range(len(ids))],
        "item": [f"i{number % (NUM_ITEMS + 1)}" for number in range(len(ids))],
    }
    records = frame(RECORD, {**columns, "source": "s", "kind": "comment", "text": "well"})
    items = frame(ITEM, {"id": [f"i{n}" for n in range(NUM_ITEMS)], "source": "s", "title": "Title", "user": "asker"})
    kept = records.filter(pl.col("id") != "c0").select("source", "id", "item")
    tables = {"filter/record": records, "read/record": records, "read/item": items, "core/kept": kept}
    for name, rows in tables.items():
        (root / name).mkdir(parents=True)
        rows.write_parquet(root / name / "x.parquet")
    for name, files in part_units(Folders(root)):
        run_unit(root / "part", "part", part_unit, (name, files), {"records_per_bucket": per_bucket})
    tally, found = Tally("group"), list[pl.DataFrame]()
    for folder in sorted((root / "part").glob("bucket=*")):
        items_of = sorted((root / "part" / folder.name.replace("bucket", "item")).glob("*.parquet"))
        for name, part in group_unit([*sorted(folder.glob("*.parquet")), *items_of], {}, tally):
            found.append(part.with_columns(pl.lit(name).alias("bucket")))
    return pl.concat(found), tally


def test_a_user_is_in_one_bucket_and_nothing_is_lost(tmp_path: Path) -> None:
    rows, _ = corpus(tmp_path, 10)
    assert sorted(rows["id"]) == sorted(f"c{number}" for number in range(1, NUM_USERS * 5))
    assert rows["bucket"].n_unique() > 1
    assert rows.group_by("user").agg(pl.col("bucket").n_unique())["bucket"].max() == 1


def test_a_reply_meets_what_it_answers(tmp_path: Path) -> None:
    rows, tally = corpus(tmp_path, 10)
    known = rows.filter(pl.col("item") != f"i{NUM_ITEMS}")
    assert set(known["context"]) == {"Title"}
    unknown = rows.height - known.height
    assert tally.counts["s", "records", "context unknown"] == unknown > 0


def test_only_what_is_answered_is_carried_along(tmp_path: Path) -> None:
    corpus(tmp_path, 10)
    carried = pl.read_parquet(sorted((tmp_path / "part").glob("item=*/*.parquet")))
    assert sorted(carried["id"].unique()) == sorted(f"i{number}" for number in range(NUM_ITEMS))
    assert set(carried.columns) == set(ITEM)


def test_the_number_of_buckets_follows_the_number_of_records(tmp_path: Path) -> None:
    rows, _ = corpus(tmp_path, 1000)
    assert rows["bucket"].unique().to_list() == ["bucket=0000of0001"]
