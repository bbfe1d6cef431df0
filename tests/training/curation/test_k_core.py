from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.errors import ConfigError
from sandbox.paths import CONF_DIR
from sandbox.settings import validate
from training.curation.k_core import KCoreConfig, k_core_unit
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.sources.platform import shipped_platforms
from training.sources.record import ITEM, RECORD, frame

Row = dict[str, Any]
OPEN: Row = {
    "titled_items": False,
    "one_per_item": False,
    "top_items_share": 1.0,
    "min_posts": 0,
    "needs_answered": False,
    "min_records": 0,
    "user_core": 0,
    "item_core": 0,
    "per_category": False,
    "max_users": None,
    "max_records": None,
}
BLANK: Row = {"source": "s", "platform": "reviews", "kind": "review", "item": "", "time": 0, "category": ""}


def make_table(rows: list[Row]) -> pl.DataFrame:
    """Make records with these fields."""
    return frame(RECORD, {name: [(BLANK | row)[name] for row in rows] for name in [*BLANK, "user", "id"]})


def filter_rows(rows: list[Row], config: Row, num_files: int = 1, seed: int = 0) -> tuple[list[str], Tally]:
    """Spread the rows over files, run the stage, and return the sorted ids of the remaining rows."""
    tally = Tally("k_core")
    with TemporaryDirectory() as folder:
        files: list[Path] = []
        for number in range(num_files):
            files.append(Path(folder) / f"{number}.parquet")
            make_table(rows).gather_every(num_files, number).write_parquet(files[-1], row_group_size=3)
        rules = {platform: OPEN | config for platform in shipped_platforms()} | {"seed": seed}
        tables = k_core_unit(Unit("all", {"record": files, "item": []}), rules, tally)
        remaining = [name for _, table in tables for name in table["id"]]
    return sorted(remaining), tally


def make_reviews(*pairs: str) -> list[Row]:
    """Make records from texts such as `ax` (user a, item x), in order of time."""
    return [{"user": pair[0], "item": pair[1], "id": str(n), "time": n} for n, pair in enumerate(pairs)]


def test_of_two_records_of_one_item_the_earlier_is_kept() -> None:
    remaining, tally = filter_rows(make_reviews("ax", "bx", "ax", "ay")[::-1], {"one_per_item": True})
    assert remaining == ["0", "1", "3"]
    assert tally.counts["s", "records", "same user and item again"] == 1
    assert tally.counts["s", "users", "same user and item again"] == 0


def test_records_of_no_item_are_not_copies_of_each_other() -> None:
    rows: list[Row] = [{"user": "a", "id": str(number)} for number in range(3)]
    assert filter_rows(rows, {"one_per_item": True, "item_core": 2, "top_items_share": 0.01})[0] == ["0", "1", "2"]


def test_items_need_a_title_and_of_one_title_one_item_is_kept(tmp_path: Path) -> None:
    rows = make_reviews("ax", "ay", "az", "aw", "av")
    make_table(rows).write_parquet(records := tmp_path / "records.parquet")
    titles = {"x": "A Kettle", "y": "a kettle ", "z": "", "w": "A pan"}  # v is not listed at all
    columns = {"source": "s", "id": list(titles), "title": list(titles.values())}
    frame(ITEM, columns).write_parquet(items := tmp_path / "items.parquet")
    tally, rules = Tally("k_core"), {"reviews": OPEN | {"titled_items": True}, "seed": 0}
    (_, remaining), *_ = k_core_unit(Unit("all", {"record": [records], "item": [items]}), rules, tally)
    assert sorted(remaining["item"]) in (["w", "x"], ["w", "y"])
    assert tally.counts["s", "records", "item without a title of its own"] == 3
    (_, remaining), *_ = k_core_unit(Unit("all", {"record": [records], "item": []}), rules, Tally("k_core"))
    assert remaining.height == 5, "a source that lists no items has their titles in its records"


def test_the_most_frequent_items_are_kept() -> None:
    rows = make_reviews("ax", "bx", "cx", "ay", "by", "az", "bw")
    assert filter_rows(rows, {"top_items_share": 0.5})[0] == ["0", "1", "2", "3", "4"]


def test_each_category_has_its_own_most_frequent_items_and_k_core() -> None:
    rows = make_reviews("ax", "bx", "cx", "ay", "az", "bz", "aw")
    for row in rows[4:]:
        row["category"] = "second"
    assert filter_rows(rows, {"top_items_share": 0.5, "per_category": True})[0] == ["0", "1", "2", "4", "5"]
    assert filter_rows(rows, {"user_core": 3})[0] == ["0", "3", "4", "6"]
    assert filter_rows(rows, {"user_core": 3, "per_category": True})[0] == []
    assert filter_rows(rows, {"user_core": 2, "per_category": True})[0] == ["0", "3", "4", "6"]


def test_users_need_posts_of_their_own() -> None:
    rows: list[Row] = [{"user": "ab"[n % 2], "id": str(n), "kind": "post" if n < 5 else "comment"} for n in range(8)]
    remaining, tally = filter_rows(rows, {"min_posts": 3})
    assert remaining == ["0", "2", "4", "6"]
    assert tally.counts["s", "users", "user has too few posts"] == 1


def test_a_comment_is_dropped_with_its_parent_along_the_thread() -> None:
    rows: list[Row] = [
        {"user": "a", "id": "p", "kind": "post"},
        {"user": "a", "id": "c1", "kind": "comment", "item": "p"},
        {"user": "a", "id": "c2", "kind": "comment", "item": "gone"},
        {"user": "a", "id": "c3", "kind": "comment", "item": "c2"},
        {"user": "a", "id": "c4", "kind": "comment", "item": "c3"},
        {"user": "a", "id": "c5", "kind": "comment"},
    ]
    assert filter_rows(rows, {"needs_answered": True})[0] == ["c1", "c5", "p"]


def test_the_k_core_peels_until_it_is_stable() -> None:
    square = make_reviews("ax", "ay", "bx", "by")
    chain = [row | {"id": f"z{row['id']}"} for row in make_reviews("cy", "cz", "dz", "dw", "ew")]
    remaining, tally = filter_rows(square + chain, {"user_core": 2, "item_core": 2})
    assert remaining == ["0", "1", "2", "3"]
    assert tally.counts["s", "records", "out"] == 4
    assert tally.counts["s", "items", "out"] == 2


def test_a_user_who_buys_twice_is_still_one_user_of_the_item() -> None:
    assert filter_rows(make_reviews("ax", "ax", "by", "cy"), {"item_core": 2})[0] == ["2", "3"]


def test_of_too_many_records_the_latest_are_kept() -> None:
    rows = [*make_reviews("ax", "ay", "az", "bx"), {"user": "a", "id": "undated", "time": None}]
    remaining, tally = filter_rows(rows, {"max_records": 2})
    assert remaining == ["1", "2", "3"]
    assert tally.counts["s", "records", "user's older records"] == 2


def test_too_many_users_are_drawn_by_the_seed() -> None:
    rows: list[Row] = [{"user": f"u{number % 40}", "id": str(number)} for number in range(80)]
    remaining, tally = filter_rows(rows, {"max_users": 10})
    assert len(remaining) == 20
    assert tally.counts["s", "users", "out"] == 10
    assert filter_rows(rows, {"max_users": 10})[0] == remaining
    assert filter_rows(rows, {"max_users": 10}, seed=1)[0] != remaining


def test_sources_do_not_mix() -> None:
    rows = [{"user": "a", "id": str(number), "source": "st"[number % 2]} for number in range(4)]
    remaining, tally = filter_rows(rows, {"min_records": 3})
    assert remaining == []
    assert tally.counts["t", "records", "user has too few records"] == 2


def test_no_files_yield_nothing() -> None:
    assert list(k_core_unit(Unit("all", {"record": [], "item": []}), {"seed": 0}, Tally("k_core"))) == []


def test_a_platform_without_rules_is_refused() -> None:
    with TemporaryDirectory() as folder, pytest.raises(ConfigError, match="k_core"):
        make_table(make_reviews("ax")).write_parquet(path := Path(folder) / "x.parquet")
        list(k_core_unit(Unit("all", {"record": [path], "item": []}), {"seed": 0}, Tally("k_core")))


@pytest.mark.parametrize("platform", shipped_platforms())
def test_the_shipped_rules_are_complete(platform: str) -> None:
    node = yaml.safe_load((CONF_DIR / "filters" / f"{platform}.yaml").read_text(encoding="utf-8"))
    assert validate(KCoreConfig, node["k_core"]).model_dump() == node["k_core"]


ROWS = st.lists(
    st.builds(
        lambda user, item, kind, time, category: {
            "user": user,
            "item": item,
            "kind": kind,
            "time": time,
            "category": category,
        },
        st.sampled_from("abcde"),
        st.sampled_from(["", "x", "y", "z", "0", "1", "2"]),
        st.sampled_from(["post", "comment", "review"]),
        st.one_of(st.none(), st.integers(0, 3)),
        st.sampled_from(["first", "second"]),
    ),
    min_size=1,
    max_size=40,
)
CONFIGS = st.fixed_dictionaries(
    {
        "titled_items": st.just(False),
        "one_per_item": st.booleans(),
        "top_items_share": st.sampled_from([0.5, 1.0]),
        "min_posts": st.integers(0, 2),
        "needs_answered": st.booleans(),
        "min_records": st.integers(0, 3),
        "user_core": st.integers(0, 3),
        "item_core": st.integers(0, 2),
        "per_category": st.booleans(),
        "max_users": st.sampled_from([None, 1, 3]),
        "max_records": st.sampled_from([None, 2]),
    }
)


@settings(max_examples=25, deadline=None)
@given(ROWS, CONFIGS, st.randoms(use_true_random=False), st.integers(2, 3))
def test_the_order_of_rows_and_their_files_do_not_matter(rows: list[Row], config: Row, random: Any, files: int) -> None:
    rows = [row | {"id": str(number)} for number, row in enumerate(rows)]
    remaining, tally = filter_rows(rows, config)
    random.shuffle(rows)
    shuffled, shuffled_tally = filter_rows(rows, config, files)
    assert (shuffled, shuffled_tally.counts) == (remaining, tally.counts)


@settings(max_examples=25, deadline=None)
@given(ROWS, CONFIGS)
def test_what_is_left_satisfies_every_rule_at_once(rows: list[Row], config: Row) -> None:
    rows = [row | {"id": str(number)} for number, row in enumerate(rows)]
    remaining, tally = filter_rows(rows, config)
    kept_rows = [row for row in rows if row["id"] in remaining]
    assert filter_rows(kept_rows, config | {"top_items_share": 1.0})[0] == remaining
    per_user = Counter(row["user"] for row in kept_rows)
    posts = Counter(row["user"] for row in kept_rows if row["kind"] == "post")
    assert all(per_user[user] >= config["min_records"] and posts[user] >= config["min_posts"] for user in per_user)
    assert len(per_user) <= (config["max_users"] or len(per_user))
    users = {
        (row["category"] if config["per_category"] else "", row["item"], row["user"])
        for row in kept_rows
        if row["item"]
    }
    assert all(number >= config["item_core"] for number in Counter(pair[:2] for pair in users).values())
    dropped = sum(
        number
        for (_, entity, reason), number in tally.counts.items()
        if entity == "records" and reason not in ("in", "out")
    )
    assert dropped == len(rows) - len(remaining)
