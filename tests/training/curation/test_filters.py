from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from pydantic import TypeAdapter

from sandbox.errors import ConfigError
from sandbox.paths import CONF_DIR
from training.curation.filters import (
    REMOVED,
    RULES,
    count_passed_rules,
    count_users_and_items,
    filter_unit,
    parse_rules,
    select_passing,
)
from training.pipeline.folders import Folders, Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import run_unit
from training.sources.platform import shipped_platforms
from training.sources.record import RECORD, frame

LONG = "word " * 80


def make_rows(*rows: dict[str, Any]) -> pl.DataFrame:
    """Make records with these fields; the others are those of a post that every rule keeps."""
    defaults = {"source": "s", "platform": "forum", "user": "ann", "kind": "post", "text": LONG, "item": "t3_1"}
    defaults |= {"title": "A title", "extra": "", "time": 1, "votes": 5}
    complete = [{"id": str(n)} | defaults | row for n, row in enumerate(rows)]
    columns: dict[str, object] = {name: [row[name] for row in complete] for name in complete[0]}
    return frame(RECORD, columns)


def apply_rules(rows: pl.DataFrame, node: Sequence[dict[str, Any]], tally: Tally | None = None) -> pl.DataFrame:
    """Return the records that all rules keep."""
    rules = parse_rules(node)
    return select_passing(rows, count_passed_rules(rows, rules), rules, "s", tally or Tally("filter"))


def is_kept(rule: dict[str, Any], *rows: dict[str, Any]) -> list[bool]:
    """Return whether the rule keeps each record."""
    remaining = apply_rules(make_rows(*rows), [rule])["id"].to_list()
    return [str(number) in remaining for number in range(len(rows))]


CASES: list[tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]] = [
    ({"rule": "known_author"}, [{"user": "ann"}], [{"user": "[deleted]"}, {"user": ""}]),
    (
        {"rule": "no_bot", "names": ["AutoTLDR"]},
        [{"user": "talbot"}, {"user": "bottle"}, {"user": "Robot"}],
        [{"user": "autotldr"}, {"user": "AutoModerator"}, {"user": "weather_bot"}, {"user": "RepostSleuthBot"}],
    ),
    (
        {"rule": "self_post"},
        [{"extra": '{"is_self":true}'}, {"extra": ""}],
        [{"extra": '{"is_self":false}'}, {"text": ""}],
    ),
    ({"rule": "no_adult_community"}, [{"extra": '{"over_18":false}'}], [{"extra": '{"over_18":true}'}]),
    (
        {"rule": "not_distinguished"},
        [{"extra": '{"distinguished":null}'}, {"extra": r'{"a":"\"distinguished\":\"moderator\""}'}],
        [{"extra": '{"is_self":true,"distinguished":"moderator"}'}],
    ),
    (
        {"rule": "min_votes_or_comments", "votes": 2, "comments": 2},
        [{"votes": 2}, {"votes": -4, "extra": '{"num_comments":12}'}, {"votes": None}],
        [{"votes": 1}, {"votes": 1, "extra": '{"num_comments":1}'}],
    ),
    (
        {"rule": "not_removed"},
        [{"text": "They [removed] it"}],
        [*({"text": mark} for mark in REMOVED), {"extra": '{"removed":"moderator"}'}],
    ),
    (
        {"rule": "min_characters", "number": 10},
        [{"title": "1234", "text": "567890"}, {"kind": "review", "text": "1234567890"}],
        [
            {"title": "123", "text": "456789"},
            {"kind": "comment", "text": "123456789"},
            {"title": "[removed]", "text": "1"},
        ],
    ),
    (
        {"rule": "min_words", "number": 3},
        [{"text": "one two three"}, {"text": "\n one\ttwo\u00a0\n\nthree four"}],
        [{"text": "one two"}, {"text": " one two \n"}, {"text": ""}],
    ),
    (
        {"rule": "min_words", "number": 50},
        [{"text": LONG}],
        [{"text": "word " * 49}],
    ),
    (
        {"rule": "no_short_question", "words": 4},
        [{"text": "Is this too short?"}, {"text": "Not a question"}, {"text": "Why? Because."}],
        [{"text": "Is it short?"}, {"text": "Why? \n"}],
    ),
    ({"rule": "top_level"}, [{"item": "t3_x"}, {"item": ""}], [{"item": "t1_x"}]),
    (
        {"rule": "no_retweet"},
        [{"text": "START @ noon", "extra": '{"is_rt":false}'}],
        [{"text": "RT @ann: hi"}, {"text": "So true! RT @ann: hi"}, {"extra": '{"is_rt":true}'}],
    ),
    (
        {"rule": "no_ad", "phrases": ["Buy now"]},
        [{"text": "I buy nowhere else"[:5]}],
        [{"text": "so BUY NOW, friends"}],
    ),
    (
        {"rule": "no_company", "words": ["Inc", "service provider"]},
        [{"extra": '{"bio":"since 2004, incredible"}'}, {"extra": ""}, {"text": "Inc."}],
        [{"extra": '{"bio":"Acme, INC."}'}, {"extra": '{"a":1,"description":"Your \\"best\\" service provider"}'}],
    ),
    ({"rule": "no_company", "words": []}, [{"extra": '{"bio":"Acme Inc"}'}], []),
    ({"rule": "has_time"}, [{"time": 0}], [{"time": None}]),
    ({"rule": "has_title"}, [{"title": "x"}], [{"title": ""}, {"title": "[deleted by user]"}]),
    ({"rule": "has_item"}, [{"item": "x"}], [{"item": ""}]),
]


@pytest.mark.parametrize(("rule", "good", "bad"), CASES, ids=[case[0]["rule"] for case in CASES])
def test_a_rule_keeps_the_good_and_drops_the_bad(
    rule: dict[str, Any], good: list[dict[str, Any]], bad: list[dict[str, Any]]
) -> None:
    assert is_kept(rule, *good, *bad) == [True] * len(good) + [False] * len(bad)


def test_every_rule_has_a_case() -> None:
    assert {rule["rule"] for rule, _, _ in CASES} == set(RULES)


def test_records_of_other_kinds_pass() -> None:
    rule = {"rule": "min_words", "kinds": ["review"], "number": 6}
    assert is_kept(rule, {"kind": "review", "text": "Good"}, {"kind": "purchase", "text": ""}) == [False, True]


def test_a_record_counts_for_the_first_rule_that_drops_it() -> None:
    node = [{"rule": "known_author"}, {"rule": "min_words", "number": 3}, {"rule": "has_time"}]
    rows = make_rows(
        {"user": "", "text": "short"}, {"text": "short", "time": None}, {"text": "short"}, {}, {"time": None}
    )
    tally = Tally("filter")
    assert apply_rules(rows, node, tally)["id"].to_list() == ["3"]
    counts = {reason: number for (_, _, reason), number in tally.counts.items()}
    assert counts == {"in": 5, "known_author": 1, "min_words": 2, "has_time": 1, "out": 1}


def test_a_rule_may_be_named_twice() -> None:
    node = [
        {"rule": "min_words", "kinds": ["post"], "number": 3},
        {"rule": "min_words", "kinds": ["comment"], "number": 2},
    ]
    rows = make_rows({"text": "one two"}, {"kind": "comment", "text": "one two"})
    assert apply_rules(rows, node)["id"].to_list() == ["1"]


def test_removed_titles_and_texts_are_blanked() -> None:
    remaining = apply_rules(make_rows({"title": "[removed]"}, {"text": "[deleted]"}), [])
    assert remaining["title"].to_list() == ["", "A title"]
    assert remaining["text"].to_list() == [LONG, ""]


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"rule": "min_word", "number": 3}, r"rules\[0\].rule: unknown rule 'min_word'.*Did you mean 'min_words'"),
        ({"number": 3}, "unknown rule ''"),
        ({"rule": "min_words", "numbr": 3}, "unknown setting of min_words 'numbr'; there is number"),
        ({"rule": "min_words"}, "min_words lacks number"),
        ({"rule": "min_words", "number": "many"}, r"rules\[0\].number: Input should be a valid integer.*got 'many'"),
        ({"rule": "min_words", "number": -1}, "greater than or equal to 0"),
        ({"rule": "no_bot", "names": 7}, r"rules\[0\].names: .*, got 7"),
        ({"rule": "known_author", "kinds": ["posts"]}, r"kinds: unknown kind 'posts'.*Did you mean 'post'"),
    ],
)
def test_a_broken_rule_is_explained(node: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_rules([node])


def test_each_record_meets_the_rules_of_its_platform_and_counts_for_its_source(tmp_path: Path) -> None:
    rows = make_rows({"text": "short"}, {"text": "short", "platform": "blog", "source": "b"}, {"source": "t"})
    rows.write_parquet(tmp_path / "x.parquet", row_group_size=2)
    tally = Tally("filter")
    settings = {"forum": [{"rule": "min_words", "number": 3}], "blog": []}
    unit = Unit("x", {"record": [tmp_path / "x.parquet"]})
    tables = filter_unit(unit, settings, tally)
    remaining = pl.concat(rows for table, rows in tables if table == "record")
    assert remaining["id"].sort().to_list() == ["1", "2"]
    assert tally.counts["s", "records", "out"] == 0
    assert tally.counts["b", "records", "out"] == tally.counts["t", "records", "out"] == 1
    with pytest.raises(ConfigError, match="unknown platform 'blog'"):
        list(filter_unit(unit, {"forum": []}, Tally("filter")))


def test_users_and_items_are_counted_once_over_all_files_and_lost_with_their_last_record(tmp_path: Path) -> None:
    settings = {"forum": [{"rule": "min_words", "number": 3}, {"rule": "has_time"}]}
    files = {
        "a": make_rows({"user": "ann", "text": "short", "item": "t1"}, {"user": "bob", "time": None, "item": "t1"}),
        "b": make_rows({"user": "ann", "item": ""}, {"user": "bob", "text": "short"}, {"user": "eve", "text": "short"}),
    }
    for name, rows in files.items():
        rows.write_parquet(tmp_path / f"{name}.parquet", row_group_size=1)
        unit = Unit(name, {"record": [tmp_path / f"{name}.parquet"]})
        run_unit(tmp_path / "filter", "filter", filter_unit, unit, settings)
    tally = Tally("filter")
    count_users_and_items(Folders(tmp_path), settings, tally)
    assert tally.counts == {
        ("s", "users", "in"): 3,
        ("s", "users", "min_words"): 1,
        ("s", "users", "has_time"): 1,
        ("s", "users", "out"): 1,
        ("s", "items", "in"): 2,
        ("s", "items", "min_words"): 1,
        ("s", "items", "has_time"): 1,
        ("s", "items", "out"): 0,
    }


@pytest.mark.parametrize("platform", shipped_platforms())
def test_the_shipped_rules_are_sound(platform: str) -> None:
    text = (CONF_DIR / "filters" / f"{platform}.yaml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    node = TypeAdapter(list[dict[str, Any]]).validate_python(yaml.safe_load(text)["rules"])
    assert parse_rules(node)[0].name == "known_author"
    kind = {"reviews": "review", "purchases": "purchase"}.get(platform, "post")
    row = make_rows({"platform": platform, "kind": kind})
    required = "item" if platform == "purchases" else "text"
    assert apply_rules(row, node).height == 1
    assert apply_rules(row.with_columns(pl.lit("").alias(required)), node).height == 0
