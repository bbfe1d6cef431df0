"""Populations: what is written is read again, what is wrong is named, and who is drawn hangs on the seed."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.population import FOLDER, NESTED, draw_people, people, read_population, write_population
from sandbox.errors import ConfigError, DataError
from sandbox.people import Profile

ANN: dict[str, Any] = {"id": "ann", "persona": "You are Ann, 40, and careful with money."}
FULL = Profile(
    id="r001",
    persona='You say "no", often; you are ünlike others.',
    profile="Longer.\nWith a second line.",
    stories=("In March you paid $20.", "In May, nothing."),
    writing_style="Short, with commas.",
    tastes={"Toys and Games": 0.75, "Pet Supplies": 0.25},
    budget=14.5,
    activity=0.4,
    star_shares=(0.1, 0.1, 0.1, 0.2, 0.5),
    words=12,
    demographics={"age": "40"},
    source="mine",
)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
WEIGHTS = st.dictionaries(TEXT, st.floats(0.01, 9), max_size=4)
STARS = st.lists(st.floats(0.01, 1), min_size=5, max_size=5)


def some(number: int) -> list[Profile]:
    return [Profile(id=f"p{place}", persona="You are somebody.") for place in range(number)]


def lines(tmp_path: Path, *rows: dict[str, Any]) -> Path:
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def fault(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_population(path)
    return str(caught.value)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    written = [FULL, Profile(id="bare", persona="You are bare.")]
    write_population(path, written)
    assert read_population(path) == written


@settings(max_examples=30, deadline=None)
@given(TEXT, st.lists(TEXT, max_size=3), WEIGHTS, STARS, st.floats(0, 1e6), st.integers(1, 10**6))
def test_any_good_profile_survives_the_file(
    tmp_path_factory: pytest.TempPathFactory,
    text: str,
    stories: list[str],
    weights: dict[str, float],
    stars: list[float],
    budget: float,
    words: int,
) -> None:
    one, two, three, four, five = (star / math.fsum(stars) for star in stars)
    total = sum(weights.values())
    profile = Profile(
        id="x",
        persona=f"You {text}",
        stories=tuple(stories),
        tastes={name: weight / total for name, weight in weights.items()},
        star_shares=(one, two, three, four, five),
        budget=budget,
        words=words,
    )
    path = tmp_path_factory.mktemp("any") / "p.parquet"
    write_population(path, [profile])
    assert read_population(path) == [profile]


def test_csv_with_json_cells_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    row = msgspec.to_builtins(FULL)
    nested = {name: json.dumps(row[name]) for name in NESTED}
    pd.DataFrame([{**row, **nested}]).to_csv(path, index=False)
    assert read_population(path) == [FULL]


def test_an_id_of_digits_and_a_persona_like_a_missing_value_stay_text_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("id,persona,budget,source\n007,NA,,\n", encoding="utf-8")
    assert read_population(path) == [Profile(id="007", persona="NA")]


def test_json_lines_with_nested_values_are_read(tmp_path: Path) -> None:
    assert read_population(lines(tmp_path, msgspec.to_builtins(FULL))) == [FULL]


def test_parquet_with_lists_and_dictionaries_of_pandas_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pandas.parquet"
    rows = [
        {**ANN, "tastes": {"Toys": 1.0}, "star_shares": [0, 0, 0, 0, 1.0], "stories": ["One."]},
        {**ANN, "id": "bob", "tastes": {"Pets": 1.0}, "star_shares": None, "stories": None},
    ]
    pd.DataFrame(rows).to_parquet(path)
    ann, bob = read_population(path)
    assert (ann.tastes, ann.star_shares, ann.stories) == ({"Toys": 1.0}, (0, 0, 0, 0, 1), ("One.",))
    assert (bob.tastes, bob.star_shares, bob.stories) == ({"Pets": 1.0}, None, ())


def test_a_map_column_is_read(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "map.parquet"
    tastes = pa.array([[("Toys", 3.0), ("Pets", 1.0)]], pa.map_(pa.string(), pa.float64()))
    pq.write_table(pa.table({"id": ["a"], "persona": ["You."], "tastes": tastes}), path)
    assert read_population(path)[0].tastes == {"Toys": 0.75, "Pets": 0.25}


def test_tastes_are_made_to_sum_to_one(tmp_path: Path) -> None:
    assert read_population(lines(tmp_path, {**ANN, "tastes": {"a": 6, "b": 2}}))[0].tastes == {"a": 0.75, "b": 0.25}


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"activity": 1.4}, ["activity", "1.4", "<= 1"]),
        ({"activity": -0.1}, ["activity", "-0.1", ">= 0"]),
        ({"budget": "much"}, ["budget", "'much'", "float"]),
        ({"budget": -3}, ["budget", "-3", "0 or more"]),
        ({"words": 0}, ["words", "found 0", "1 or more"]),
        ({"words": 2.5}, ["words", "2.5", "int"]),
        ({"id": 5}, ["id", "found 5", "str"]),
        ({"id": " "}, ["id", "' '"]),
        ({"persona": ""}, ["persona", "found 0 words"]),
        ({"persona": "word " * 101}, ["persona", "found 101 words", "100"]),
        ({"persona": None}, ["persona", "found nothing"]),
        ({"tastes": {"Toys": 0, "Pets": 1}}, ["tastes", "'Toys'", "above 0"]),
        ({"tastes": {"Toys": -1}}, ["tastes", "-1", "above 0"]),
        ({"tastes": {"Toys": "lots"}}, ["tastes", "lots", "float"]),
        ({"tastes": [1, 2]}, ["tastes", "[1, 2]", "object"]),
        ({"tastes": "{'Toys': 1}"}, ["tastes", "{'Toys': 1}", "property name"]),
        ({"star_shares": [0.2, 0.2, 0.2, 0.2, 0.3]}, ["star_shares", "1.1", "divide"]),
        ({"star_shares": [0.5, 0.5]}, ["star_shares", "length 5", "got 2"]),
        ({"star_shares": [0, 0, 0, 0, 100]}, ["star_shares", "100", "<= 1"]),
        ({"stories": "Once upon a time."}, ["stories", "Once upon a time."]),
    ],
)
def test_a_bad_cell_is_named_with_row_column_and_what_was_found(
    tmp_path: Path, change: dict[str, Any], parts: list[str]
) -> None:
    message = fault(lines(tmp_path, {**ANN, "id": "first"}, {**ANN, **change}))
    assert "1 bad row" in message
    assert "row 2: " in message
    assert "row 1: " not in message
    for part in parts:
        assert part in message


def test_a_share_that_is_no_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text('id,persona,tastes,budget\na,You.,"{""Toys"": NaN}",inf\n', encoding="utf-8")
    message = fault(path)
    assert "tastes: found nan" in message
    assert "budget: found inf" in message


def test_all_faults_of_a_row_are_told_at_once(tmp_path: Path) -> None:
    message = fault(lines(tmp_path, {**ANN, "activity": 3, "budget": "x"}))
    assert "activity" in message
    assert "budget" in message


def test_an_id_used_twice_is_told_with_both_rows(tmp_path: Path) -> None:
    message = fault(lines(tmp_path, ANN, {**ANN, "id": "bob"}, ANN))
    assert "row 3: id: found 'ann', the id of row 1" in message


def test_ten_bad_rows_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    message = fault(lines(tmp_path, *({**ANN, "id": str(place), "words": 0} for place in range(13))))
    assert "13 bad rows" in message
    assert "row 10: " in message
    assert "row 11: " not in message
    assert message.endswith("... and 3 more")


def test_an_unknown_column_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    message = fault(lines(tmp_path, {**ANN, "star_share": [0, 0, 0, 0, 1]}))
    assert "unknown column 'star_share'" in message
    assert "Did you mean 'star_shares'?" in message


def test_a_missing_column_is_told_once(tmp_path: Path) -> None:
    message = fault(lines(tmp_path, {"id": "a"}, {"id": "b"}))
    assert "lacks the column persona" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("mine.parquet", "not parquet", "cannot be read as parquet"),
        ("mine.jsonl", '{"id": "a", "persona": "You."}\n{"id": ', "line 2"),
        ("mine.jsonl", "[1, 2]", "line 1"),
        ("mine.jsonl", "\n", "no rows"),
        ("mine.csv", "", "cannot be read as csv"),
        ("mine.csv", "id,persona\n", "no rows"),
        ("mine.csv", "id,persona\na,b\nc,d,e\n", "line 3"),
        ("mine.xlsx", "x", "unknown ending '.xlsx'"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path, name: str, text: str, part: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    message = fault(tmp_path / name)
    assert part in message
    assert name in message


def test_a_missing_file_is_named_along_with_what_there_is(tmp_path: Path) -> None:
    message = fault(tmp_path / "nobody.parquet")
    assert "nobody.parquet" in message
    assert "genome.parquet" in message


@given(st.integers(1, 12), st.integers(1, 40), st.integers(0, 2**32))
def test_the_same_seed_draws_the_same_people_with_ids_of_their_own(number: int, size: int, seed: int) -> None:
    crowd = some(number)
    drawn = draw_people(crowd, size, np.random.default_rng(seed))
    assert drawn == draw_people(crowd, size, np.random.default_rng(seed))
    assert len({one.id for one in drawn}) == len(drawn) == size


@given(st.integers(1, 12), st.integers(1, 40), st.integers(0, 2**32))
def test_nobody_is_drawn_again_before_all_have_been(number: int, size: int, seed: int) -> None:
    drawn = draw_people(some(number), size, np.random.default_rng(seed))
    for start in range(0, size, number):
        copy = [one.id for one in drawn[start : start + number]]
        ending = f"#{start // number + 1}" if start else ""
        assert {name.removesuffix(ending) for name in copy} <= {f"p{place}" for place in range(number)}
        assert len(set(copy)) == len(copy)


def test_different_seeds_draw_different_people() -> None:
    draws = {tuple(one.id for one in draw_people(some(50), 10, np.random.default_rng(seed))) for seed in range(10)}
    assert len(draws) == 10


def test_copies_of_copies_keep_ids_of_their_own() -> None:
    crowd = [Profile(id=name, persona="You.") for name in ("a", "a#2", "a#3")]
    drawn = draw_people(crowd, 12, np.random.default_rng(0))
    assert len({one.id for one in drawn}) == 12


def test_a_copy_has_a_digest_of_its_own() -> None:
    crowd = some(1)
    crowd[0].digest()
    one, other = draw_people(crowd, 2, np.random.default_rng(0))
    assert one.digest() != other.digest()


@pytest.mark.parametrize(("number", "size"), [(3, 0), (3, -1), (0, 1)])
def test_drawing_nobody_is_refused(number: int, size: int) -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        draw_people(some(number), size, np.random.default_rng(0))


def test_the_shipped_people_are_valid_and_many() -> None:
    shipped = read_population(FOLDER / "genome.parquet")
    assert len(shipped) >= 1000
    assert Counter(one.platform for one in shipped).keys() == {"forum", "microblog", "blog", "reviews"}
    assert len({one.persona for one in shipped}) > 0.95 * len(shipped)
    for one in shipped:
        assert len(one.persona.split()) <= 75
        assert 100 <= len(one.profile.split()) <= 400
        assert 1 <= len(one.stories) <= 8
        assert 0.02 <= one.activity <= 0.95
        assert one.split in ("train", "val", "test")
        assert one.source
        if one.platform == "reviews":
            assert one.tastes
            assert one.budget > 0
            assert one.star_shares is not None


def test_a_shipped_population_is_found_by_its_name() -> None:
    drawn = people("genome.parquet", 5, np.random.default_rng(1))
    assert [one.id for one in drawn] == [
        one.id for one in draw_people(read_population(FOLDER / "genome.parquet"), 5, np.random.default_rng(1))
    ]


def test_only_people_of_the_kind_and_split_that_is_wanted_are_drawn() -> None:
    drawn = people("genome.parquet", 30, np.random.default_rng(1), platforms=["blog", "forum"], splits=["test"])
    assert {one.platform for one in drawn} == {"blog", "forum"}
    assert {one.split for one in drawn} == {"test"}


def test_people_of_unknown_kind_suit_every_world(tmp_path: Path) -> None:
    write_population(tmp_path / "own.parquet", some(3))
    assert len(people(str(tmp_path / "own.parquet"), 3, np.random.default_rng(0), ["reviews"], ["test"])) == 3


def test_nobody_of_the_kind_that_is_wanted_is_said(tmp_path: Path) -> None:
    write_population(tmp_path / "own.parquet", [Profile(id="a", persona="You.", platform="blog", split="train")])
    with pytest.raises(ConfigError, match=r"nobody .* is of platform reviews .*; it has blog \(train\)"):
        people(str(tmp_path / "own.parquet"), 3, np.random.default_rng(0), ["reviews"])
