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
from sandbox.validation import validated
from training.core import CoreConfig, core_unit
from training.funnel import Tally
from training.record import ITEM, PLATFORMS, RECORD, frame

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
    "per_place": False,
    "max_users": None,
    "max_records": None,
}
BLANK: Row = {"source": "s", "platform": "reviews", "kind": "review", "item": "", "time": 0, "place": ""}


def table(rows: list[Row]) -> pl.DataFrame:
    """Records with these fields."""
    return frame(RECORD, {name: [(BLANK | row)[name] for row in rows] for name in [*BLANK, "user", "id"]})


def core(rows: list[Row], config: Row, num_files: int = 1, seed: int = 0) -> tuple[list[str], Tally]:
    """Ids that are left, sorted, with the rows spread over so many files."""
    tally = Tally("core")
    with TemporaryDirectory() as folder:
        files: list[Path] = []
        for number in range(num_files):
            files.append(Path(folder) / f"{number}.parquet")
            table(rows).gather_every(num_files, number).write_parquet(files[-1], row_group_size=3)
        wanted = {platform: OPEN | config for platform in PLATFORMS} | {"seed": seed}
        left = [row for _, rows in core_unit(files, wanted, tally) for row in rows["id"]]
    return sorted(left), tally


def reviews(*pairs: str) -> list[Row]:
    """Records from texts such as `ax` (user a, item x), in order of time."""
    return [{"user": pair[0], "item": pair[1], "id": str(n), "time": n} for n, pair in enumerate(pairs)]


def test_of_two_records_of_one_item_the_earlier_is_kept() -> None:
    left, tally = core(reviews("ax", "bx", "ax", "ay")[::-1], {"one_per_item": True})
    assert left == ["0", "1", "3"]
    assert tally.counts["s", "records", "same user and item again"] == 1
    assert tally.counts["s", "users", "same user and item again"] == 0


def test_records_of_no_item_are_not_copies_of_each_other() -> None:
    rows: list[Row] = [{"user": "a", "id": str(number)} for number in range(3)]
    assert core(rows, {"one_per_item": True, "item_core": 2, "top_items_share": 0.01})[0] == ["0", "1", "2"]


def test_items_need_a_title_and_of_one_title_one_item_is_kept(tmp_path: Path) -> None:
    rows = reviews("ax", "ay", "az", "aw", "av")
    table(rows).write_parquet(records := tmp_path / "records.parquet")
    (tmp_path / "item").mkdir()
    titles = {"x": "A Kettle", "y": "a kettle ", "z": "", "w": "A pan"}  # v is not listed at all
    known = {"source": "s", "id": list(titles), "title": list(titles.values())}
    frame(ITEM, known).write_parquet(items := tmp_path / "item" / "all.parquet")
    tally, wanted = Tally("core"), {"reviews": OPEN | {"titled_items": True}, "seed": 0}
    (_, left), *_ = core_unit([records, items], wanted, tally)
    assert sorted(left["item"]) in (["w", "x"], ["w", "y"])
    assert tally.counts["s", "records", "item without a title of its own"] == 3
    (_, left), *_ = core_unit([records], wanted, Tally("core"))
    assert left.height == 5, "a source that lists no items has their titles in its records"


def test_the_most_frequent_items_are_kept() -> None:
    rows = reviews("ax", "bx", "cx", "ay", "by", "az", "bw")
    assert core(rows, {"top_items_share": 0.5})[0] == ["0", "1", "2", "3", "4"]


def test_each_place_has_its_own_most_frequent_items_and_core() -> None:
    rows = reviews("ax", "bx", "cx", "ay", "az", "bz", "aw")
    for row in rows[4:]:
        row["place"] = "there"
    assert core(rows, {"top_items_share": 0.5, "per_place": True})[0] == ["0", "1", "2", "4", "5"]
    assert core(rows, {"user_core": 3})[0] == ["0", "3", "4", "6"]
    assert core(rows, {"user_core": 3, "per_place": True})[0] == []
    assert core(rows, {"user_core": 2, "per_place": True})[0] == ["0", "3", "4", "6"]


def test_users_need_posts_of_their_own() -> None:
    rows: list[Row] = [{"user": "ab"[n % 2], "id": str(n), "kind": "post" if n < 5 else "comment"} for n in range(8)]
    left, tally = core(rows, {"min_posts": 3})
    assert left == ["0", "2", "4", "6"]
    assert tally.counts["s", "users", "user has too few posts"] == 1


def test_a_comment_goes_with_what_it_answers_all_along_the_thread() -> None:
    rows: list[Row] = [
        {"user": "a", "id": "p", "kind": "post"},
        {"user": "a", "id": "c1", "kind": "comment", "item": "p"},
        {"user": "a", "id": "c2", "kind": "comment", "item": "gone"},
        {"user": "a", "id": "c3", "kind": "comment", "item": "c2"},
        {"user": "a", "id": "c4", "kind": "comment", "item": "c3"},
        {"user": "a", "id": "c5", "kind": "comment"},
    ]
    assert core(rows, {"needs_answered": True})[0] == ["c1", "c5", "p"]


def test_the_core_peels_until_it_holds() -> None:
    square = reviews("ax", "ay", "bx", "by")
    chain = [row | {"id": f"z{row['id']}"} for row in reviews("cy", "cz", "dz", "dw", "ew")]
    left, tally = core(square + chain, {"user_core": 2, "item_core": 2})
    assert left == ["0", "1", "2", "3"]
    assert tally.counts["s", "records", "out"] == 4
    assert tally.counts["s", "items", "out"] == 2


def test_a_user_who_buys_twice_is_still_one_user_of_the_item() -> None:
    assert core(reviews("ax", "ax", "by", "cy"), {"item_core": 2})[0] == ["2", "3"]


def test_of_too_many_records_the_latest_are_kept() -> None:
    rows = [*reviews("ax", "ay", "az", "bx"), {"user": "a", "id": "undated", "time": None}]
    left, tally = core(rows, {"max_records": 2})
    assert left == ["1", "2", "3"]
    assert tally.counts["s", "records", "user's older records"] == 2


def test_too_many_users_are_drawn_by_the_seed() -> None:
    rows: list[Row] = [{"user": f"u{number % 40}", "id": str(number)} for number in range(80)]
    left, tally = core(rows, {"max_users": 10})
    assert len(left) == 20
    assert tally.counts["s", "users", "out"] == 10
    assert core(rows, {"max_users": 10})[0] == left
    assert core(rows, {"max_users": 10}, seed=1)[0] != left


def test_sources_do_not_mix() -> None:
    rows = [{"user": "a", "id": str(number), "source": "st"[number % 2]} for number in range(4)]
    left, tally = core(rows, {"min_records": 3})
    assert left == []
    assert tally.counts["t", "records", "user has too few records"] == 2


def test_no_files_leave_nothing() -> None:
    assert list(core_unit([], {"seed": 0}, Tally("core"))) == []


def test_a_platform_without_rules_is_refused() -> None:
    with TemporaryDirectory() as folder, pytest.raises(ConfigError, match="core"):
        table(reviews("ax")).write_parquet(path := Path(folder) / "x.parquet")
        list(core_unit([path], {"seed": 0}, Tally("core")))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_rules_that_come_with_the_project_are_complete(platform: str) -> None:
    node = yaml.safe_load((CONF_DIR / "rules" / f"{platform}.yaml").read_text(encoding="utf-8"))
    assert validated(CoreConfig, node["core"]).model_dump() == node["core"]


ROWS = st.lists(
    st.builds(
        lambda user, item, kind, time, place: {"user": user, "item": item, "kind": kind, "time": time, "place": place},
        st.sampled_from("abcde"),
        st.sampled_from(["", "x", "y", "z", "0", "1", "2"]),
        st.sampled_from(["post", "comment", "review"]),
        st.one_of(st.none(), st.integers(0, 3)),
        st.sampled_from(["here", "there"]),
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
        "per_place": st.booleans(),
        "max_users": st.sampled_from([None, 1, 3]),
        "max_records": st.sampled_from([None, 2]),
    }
)


@settings(max_examples=25, deadline=None)
@given(ROWS, CONFIGS, st.randoms(use_true_random=False), st.integers(2, 3))
def test_the_order_of_rows_and_their_files_do_not_matter(rows: list[Row], config: Row, random: Any, files: int) -> None:
    rows = [row | {"id": str(number)} for number, row in enumerate(rows)]
    left, tally = core(rows, config)
    random.shuffle(rows)
    again, counted = core(rows, config, files)
    assert (again, counted.counts) == (left, tally.counts)


@settings(max_examples=25, deadline=None)
@given(ROWS, CONFIGS)
def test_what_is_left_satisfies_every_rule_at_once(rows: list[Row], config: Row) -> None:
    rows = [row | {"id": str(number)} for number, row in enumerate(rows)]
    left, tally = core(rows, config)
    mine = [row for row in rows if row["id"] in left]
    assert core(mine, config | {"top_items_share": 1.0})[0] == left
    per_user, posts = (
        Counter(row["user"] for row in mine),
        Counter(row["user"] for row in mine if row["kind"] == "post"),
    )
    assert all(per_user[user] >= config["min_records"] and posts[user] >= config["min_posts"] for user in per_user)
    assert len(per_user) <= (config["max_users"] or len(per_user))
    users = {(row["place"] if config["per_place"] else "", row["item"], row["user"]) for row in mine if row["item"]}
    assert all(number >= config["item_core"] for number in Counter(pair[:2] for pair in users).values())
    dropped = sum(
        number
        for (_, what, reason), number in tally.counts.items()
        if what == "records" and reason not in ("in", "out")
    )
    assert dropped == len(rows) - len(left)
