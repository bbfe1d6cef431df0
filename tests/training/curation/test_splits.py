from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from sandbox.errors import DataError
from training.curation.near_duplicates import band_keys
from training.curation.splits import check_disjoint, leak_unit, split_unit
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.sources.record import RECORD, frame

SETTINGS = {
    "shares": {"train": 0.7, "val": 0.1, "test": 0.2},
    "history_share": 0.6,
    "early_share": 0.3,
    "seen_share": 0.1,
    "seed": 0,
}
COMMON = "The train was late again today and nobody at the station could tell us why it had stopped in the tunnel."


def make_record(user: str, number: int, **fields: Any) -> dict[str, Any]:
    random = Random(f"{user}/{number}")
    text = " ".join("".join(random.choices("abcdefgh", k=5)) for _ in range(20))
    defaults = {"user": user, "id": f"{user}-{number}", "time": number, "text": text, "thread": "", "split": None}
    return {**defaults, **fields}


def assign_splits(tmp_path: Path, rows: list[dict[str, Any]], **settings: Any) -> tuple[pl.DataFrame, Tally]:
    """Run the stage over two files; return the assignments and the counts."""
    records = frame(RECORD, {name: [row[name] for row in rows] for name in rows[0]} | {"source": "s"})
    half = records.height // 2
    files: dict[str, list[Path]] = {"record": [], "bands": []}
    for name, part in (("a", records[:half]), ("b", records[half:])):
        keys = band_keys(part["text"].to_list()).with_columns(pl.col("index").cast(pl.Int64))
        ids = part.select("source", "id").with_row_index("index").with_columns(pl.col("index").cast(pl.Int64))
        bands = keys.join(ids, on="index").drop("index")
        for table, content in (("record", part), ("bands", bands)):
            path = tmp_path / table / f"{name}.parquet"
            path.parent.mkdir(exist_ok=True)
            content.write_parquet(path)
            files[table].append(path)
    tally = Tally("split")
    tables = dict(split_unit(Unit("all", files), {**SETTINGS, **settings}, tally))
    assert set(tables) <= {"a", "b"}
    return pl.concat(tables.values()), tally


def test_a_users_records_stay_in_one_split_and_history_comes_first(tmp_path: Path) -> None:
    rows = [make_record(f"u{user}", number) for user in range(60) for number in range(10)]
    assigned, _ = assign_splits(tmp_path, rows)
    side = assigned.with_columns(pl.col("split").replace("seen", "train"))
    assert side.group_by("user").agg(pl.col("split").n_unique())["split"].max() == 1
    assert set(side["split"]) == {"train", "val", "test"}
    times = assigned.join(pl.DataFrame(rows).select("id", "time"), on="id")
    for _, group in times.group_by("user"):
        history = group.filter(pl.col("part") == "history")["time"]
        assert history.to_list() == list(range(6))
        is_train = group["split"][0] in ("train", "seen")
        assert group.filter("early")["time"].to_list() == list(range(3 * is_train))
    seen = times.filter(pl.col("split") == "seen")
    assert set(seen["time"]) == {9}


def test_the_sources_own_split_is_kept(tmp_path: Path) -> None:
    rows = [make_record(f"u{user}", number, split="val") for user in range(9) for number in range(4)]
    assigned, _ = assign_splits(tmp_path, rows)
    assert set(assigned["split"]) == {"val"}


def test_a_user_in_two_splits_of_the_source_is_refused_in_one_sentence(tmp_path: Path) -> None:
    rows = [make_record("a", n, split=split) for n, split in enumerate(("val", "test"))] + [
        make_record("b", 0, split="val")
    ]
    with pytest.raises(DataError, match=r"source\.s puts 1 of its users into .*, such as a .* into test and val; give"):
        assign_splits(tmp_path, rows)


def test_records_without_a_split_get_that_of_their_user(tmp_path: Path) -> None:
    rows = [make_record(f"u{user}", n, split="test" if n == 2 else None) for user in range(9) for n in range(4)]
    assigned, _ = assign_splits(tmp_path, rows)
    assert set(assigned["split"]) == {"test"}


def test_only_the_later_split_keeps_a_shared_thread(tmp_path: Path) -> None:
    rows = [make_record("a", n, split="train", thread=f"t{n}") for n in range(4)]
    rows += [make_record("b", n, split="test", thread=f"t{n}") for n in range(2)]
    assigned, tally = assign_splits(tmp_path, rows)
    assert sorted(assigned["id"]) == ["a-2", "a-3", "b-0", "b-1"]
    assert tally.counts["s", "records", "thread in another split"] == 2


@pytest.mark.parametrize("text", [COMMON, COMMON.replace("again", "once more")])
def test_only_the_later_split_keeps_a_shared_text(tmp_path: Path, text: str) -> None:
    rows = [make_record("a", 0, split="train", text=COMMON), make_record("a", 1, split="train")]
    rows += [make_record("b", 0, split="test", text=text), make_record("b", 1, split="test")]
    assigned, _ = assign_splits(tmp_path, rows)
    expected = {"a-1", "b-0", "b-1"}
    assert expected <= set(assigned["id"])
    if text == COMMON:
        assert set(assigned["id"]) == expected


def test_the_order_of_rows_does_not_change_the_splits(tmp_path: Path) -> None:
    rows = [make_record(f"u{user}", number) for user in range(20) for number in range(5)]
    first, _ = assign_splits(tmp_path, rows)
    reversed_rows, _ = assign_splits(tmp_path, rows[::-1])
    assert first.sort("id").equals(reversed_rows.sort("id"))


def test_records_of_one_time_are_never_divided_into_history_and_target(tmp_path: Path) -> None:
    rows = [make_record(f"u{user}", number, time=number // 4) for user in range(30) for number in range(10)]
    assigned, _ = assign_splits(tmp_path, rows)
    times = assigned.join(pl.DataFrame(rows).select("id", "time"), on="id")
    assert times.group_by("user", "time").agg(pl.col("part").n_unique())["part"].max() == 1
    assert set(times.filter(pl.col("part") == "target")["time"]) == {2}


def test_records_without_a_time_are_history(tmp_path: Path) -> None:
    assigned, _ = assign_splits(
        tmp_path, [make_record(f"u{user}", number, time=None) for user in range(9) for number in range(4)]
    )
    assert set(assigned["part"]) == {"history"}


@pytest.mark.parametrize(
    ("leak", "kind"),
    [({"thread": "t1"}, "threads"), ({"text": COMMON}, "texts"), ({"text": f"{COMMON} Odd."}, "texts")],
    ids=["thread", "text", "nearly a text"],
)
def test_the_stage_fails_on_a_leak_that_was_planted_after_the_split(
    tmp_path: Path, leak: dict[str, str], kind: str
) -> None:
    fields = {"thread": "t1", "text": COMMON} if "thread" in leak else {"text": COMMON}
    rows = [make_record("a", 0, split="train", **fields), make_record("a", 1, split="train")]
    rows += [make_record("b", 0, split="train", **leak), make_record("b", 1, split="train")]
    assigned, _ = assign_splits(tmp_path, rows)
    path = tmp_path / "decided.parquet"
    files = {table: list((tmp_path / table).glob("*")) for table in ("record", "bands")}
    unit = Unit("all", {**files, "decided": [path]})
    assigned.write_parquet(path)
    assert dict(leak_unit(unit, {}, Tally("leaks")))["checked"]["records"].to_list() == [4]
    moved = pl.when(pl.col("user") == "b").then(pl.lit("test")).otherwise("split")
    assigned.with_columns(moved.alias("split")).write_parquet(path)
    with pytest.raises(DataError, match=rf"leak: \d+ {kind} are in more than one split"):
        list(leak_unit(unit, {}, Tally("leaks")))


@pytest.mark.parametrize("shared", [{"thread": "t"}, {"text": COMMON}])
def test_threads_and_texts_in_train_are_not_held_out_as_seen(tmp_path: Path, shared: dict[str, str]) -> None:
    rows = [make_record(user, number, split="train") for user in "ab" for number in range(10)]
    rows[0] |= shared
    rows[19] |= shared
    assigned, tally = assign_splits(tmp_path, rows)
    assert assigned.filter(pl.col("split") == "seen")["id"].to_list() == ["a-9"]
    assert tally.counts["s", "records", "seen: thread or text in train"] == 1


def test_the_leak_check_fails_on_a_planted_leak() -> None:
    clean = pl.DataFrame(
        {
            "source": ["s"] * 4,
            "user": ["a", "a", "b", "c"],
            "thread": ["", "t1", "t2", ""],
            "text_key": ["1", "2", "3", "4"],
            "split": ["train", "seen", "test", "val"],
        }
    )
    check_disjoint(clean)
    for column, value in (("user", "a"), ("thread", "t1"), ("text_key", "1")):
        leaking = _set_value(clean, "test", column, value)
        with pytest.raises(DataError, match="leak"):
            check_disjoint(leaking)
    for column, value in (("thread", "t2"), ("text_key", "1")):
        with pytest.raises(DataError, match="leak"):
            check_disjoint(_set_value(clean, "seen", column, value))


def _set_value(rows: pl.DataFrame, split: str, column: str, value: str) -> pl.DataFrame:
    """Set `column` to `value` in the rows of one split."""
    return rows.with_columns(
        pl.when(pl.col("split") == split).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)
    )
