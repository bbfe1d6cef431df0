from pathlib import Path

import polars as pl

from training.curation.grouping import CONTEXT_CHARACTERS, MARGIN, group_unit, partition_unit
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import run_unit
from training.sources.record import ITEM, RECORD, frame

NUM_USERS, NUM_ITEMS = 12, 8


def run_stages(root: Path, per_bucket: int) -> tuple[pl.DataFrame, Tally]:
    """Partition and group comments on items; return all records with their buckets, and the counts of `group`."""
    ids = [f"c{number}" for number in range(NUM_USERS * 5)]
    columns = {
        "id": ids,
        "user": [f"u{number % NUM_USERS}" for number in range(len(ids))],
        "item": [f"i{number % (NUM_ITEMS + 1)}" for number in range(len(ids))],
    }
    records = frame(RECORD, {**columns, "source": "s", "kind": "comment", "text": "well"})
    items = frame(ITEM, {"id": [f"i{n}" for n in range(NUM_ITEMS)], "source": "s", "title": "Title", "user": "asker"})
    kept_ids = records.filter(pl.col("id") != "c0").select("source", "id", "item")
    files = {name: root / f"{name}.parquet" for name in ("records", "items", "kept")}
    for path, rows in zip(files.values(), (records, items, kept_ids), strict=True):
        rows.write_parquet(path)
    for name, role, path in (
        ("record-x", "record", files["records"]),
        ("item-as-item-x", "item", files["items"]),
        ("record-as-item-x", "item", files["records"]),
    ):
        unit = Unit(name, {role: [path], "kept": [files["kept"]]})
        run_unit(root / "part", "part", partition_unit, unit, {"records_per_bucket": per_bucket})
    tally, groups = Tally("group"), list[pl.DataFrame]()
    for folder in sorted((root / "part").glob("bucket=*")):
        item_files = sorted((root / "part" / folder.name.replace("bucket", "item")).glob("*.parquet"))
        unit = Unit(
            folder.name.removeprefix("bucket="), {"record": sorted(folder.glob("*.parquet")), "item": item_files}
        )
        for name, rows in group_unit(unit, {}, tally):
            groups.append(rows.with_columns(pl.lit(name).alias("bucket")))
    return pl.concat(groups), tally


def test_a_user_is_in_one_bucket_and_nothing_is_lost(tmp_path: Path) -> None:
    rows, _ = run_stages(tmp_path, 10)
    assert sorted(rows["id"]) == sorted(f"c{number}" for number in range(1, NUM_USERS * 5))
    assert rows["bucket"].n_unique() > 1
    assert rows.group_by("user").agg(pl.col("bucket").n_unique())["bucket"].max() == 1


def test_an_entity_is_never_cut_in_two(tmp_path: Path) -> None:
    room = CONTEXT_CHARACTERS + MARGIN - 5
    text = "x" * room + " &amp;#8217;tis so"
    records = frame(RECORD, {"source": ["s"], "id": ["c"], "user": ["u"], "item": ["i"], "kind": "comment"})
    items = frame(ITEM, {"source": ["s"], "id": ["i"], "user": ["v"], "text": [text]})
    records.write_parquet(tmp_path / "record.parquet")
    items.write_parquet(tmp_path / "item.parquet")
    unit = Unit("0of1", {name: [tmp_path / f"{name}.parquet"] for name in ("record", "item")})
    [(_, rows)] = group_unit(unit, {}, Tally("group"))
    assert rows["context"][0] == "x" * room + " ’tis"


def test_a_reply_meets_its_parent(tmp_path: Path) -> None:
    rows, tally = run_stages(tmp_path, 10)
    with_item = rows.filter(pl.col("item") != f"i{NUM_ITEMS}")
    assert set(with_item["context"]) == {"Title"}
    num_unknown = rows.height - with_item.height
    assert tally.counts["s", "records", "context unknown"] == num_unknown > 0


def test_only_what_is_answered_is_carried_along(tmp_path: Path) -> None:
    run_stages(tmp_path, 10)
    carried = pl.read_parquet(sorted((tmp_path / "part").glob("item=*/*.parquet")))
    assert sorted(carried["id"].unique()) == sorted(f"i{number}" for number in range(NUM_ITEMS))
    assert set(carried.columns) == set(ITEM)


def test_the_number_of_buckets_follows_the_number_of_records(tmp_path: Path) -> None:
    rows, _ = run_stages(tmp_path, 1000)
    assert rows["bucket"].unique().to_list() == ["bucket=0000of0001"]
