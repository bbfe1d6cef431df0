"""Populations: what is written is read again, errors name what is wrong, and the seed decides who is drawn."""

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

from agents.population import draw_profiles, load_profiles
from agents.population_files import JSON_COLUMNS, read_population, write_population
from sandbox.core.profile import Profile
from sandbox.errors import ConfigError, DataError
from sandbox.paths import POPULATIONS_DIR

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
    source="own logs",
)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
WEIGHTS = st.dictionaries(TEXT, st.floats(0.01, 9), max_size=4)
STARS = st.lists(st.floats(0.01, 1), min_size=5, max_size=5)


def make_profiles(number: int) -> list[Profile]:
    return [Profile(id=f"p{i}", persona="You are somebody.") for i in range(number)]


def write_rows(tmp_path: Path, *rows: dict[str, Any]) -> Path:
    path = tmp_path / "own.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def read_error(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_population(path)
    return str(caught.value)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    profiles = [FULL, Profile(id="minimal", persona="You are nobody.")]
    write_population(path, profiles)
    assert read_population(path) == profiles


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
    share_1, share_2, share_3, share_4, share_5 = (star / math.fsum(stars) for star in stars)
    total = sum(weights.values())
    profile = Profile(
        id="x",
        persona=f"You {text}",
        stories=tuple(stories),
        tastes={name: weight / total for name, weight in weights.items()},
        star_shares=(share_1, share_2, share_3, share_4, share_5),
        budget=budget,
        words=words,
    )
    path = tmp_path_factory.mktemp("any") / "p.parquet"
    write_population(path, [profile])
    assert read_population(path) == [profile]


def test_csv_with_json_cells_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    row = msgspec.to_builtins(FULL)
    json_cells = {name: json.dumps(row[name]) for name in JSON_COLUMNS}
    pd.DataFrame([{**row, **json_cells}]).to_csv(path, index=False)
    assert read_population(path) == [FULL]


def test_an_id_of_digits_and_a_persona_like_a_missing_value_stay_text_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("id,persona,budget,source\n007,NA,,\n", encoding="utf-8")
    assert read_population(path) == [Profile(id="007", persona="NA")]


def test_json_lines_with_nested_values_are_read(tmp_path: Path) -> None:
    assert read_population(write_rows(tmp_path, msgspec.to_builtins(FULL))) == [FULL]


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


def test_tastes_are_scaled_to_sum_to_one(tmp_path: Path) -> None:
    [profile] = read_population(write_rows(tmp_path, {**ANN, "tastes": {"a": 6, "b": 2}}))
    assert profile.tastes == {"a": 0.75, "b": 0.25}


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
    message = read_error(write_rows(tmp_path, {**ANN, "id": "first"}, {**ANN, **change}))
    assert "1 bad row" in message
    assert "row 2: " in message
    assert "row 1: " not in message
    for part in parts:
        assert part in message


def test_a_share_that_is_not_a_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text('id,persona,tastes,budget\na,You.,"{""Toys"": NaN}",inf\n', encoding="utf-8")
    message = read_error(path)
    assert "tastes: found nan" in message
    assert "budget: found inf" in message


def test_all_faults_of_a_row_are_listed_at_once(tmp_path: Path) -> None:
    message = read_error(write_rows(tmp_path, {**ANN, "activity": 3, "budget": "x"}))
    assert "activity" in message
    assert "budget" in message


def test_an_id_used_twice_is_reported_with_both_rows(tmp_path: Path) -> None:
    message = read_error(write_rows(tmp_path, ANN, {**ANN, "id": "bob"}, ANN))
    assert "row 3: id: found 'ann', the id of row 1" in message


def test_ten_bad_rows_are_listed_and_the_rest_counted(tmp_path: Path) -> None:
    message = read_error(write_rows(tmp_path, *({**ANN, "id": str(i), "words": 0} for i in range(13))))
    assert "13 bad rows" in message
    assert "row 10: " in message
    assert "row 11: " not in message
    assert message.endswith("... and 3 more")


def test_an_unknown_column_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    message = read_error(write_rows(tmp_path, {**ANN, "star_share": [0, 0, 0, 0, 1]}))
    assert "unknown column 'star_share'" in message
    assert "Did you mean 'star_shares'?" in message


def test_a_missing_column_is_reported_once(tmp_path: Path) -> None:
    message = read_error(write_rows(tmp_path, {"id": "a"}, {"id": "b"}))
    assert "lacks the column persona" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("own.parquet", "not parquet", "cannot be read as parquet"),
        ("own.jsonl", '{"id": "a", "persona": "You."}\n{"id": ', "line 2"),
        ("own.jsonl", "[1, 2]", "line 1"),
        ("own.jsonl", "\n", "no rows"),
        ("own.csv", "", "cannot be read as csv"),
        ("own.csv", "id,persona\n", "no rows"),
        ("own.csv", "id,persona\na,b\nc,d,e\n", "line 3"),
        ("own.xlsx", "x", "unknown ending '.xlsx'"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path, name: str, text: str, part: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    message = read_error(tmp_path / name)
    assert part in message
    assert name in message


def test_a_missing_file_is_named_along_with_what_there_is(tmp_path: Path) -> None:
    message = read_error(tmp_path / "nobody.parquet")
    assert "nobody.parquet" in message
    assert "genome.parquet" in message


@given(st.integers(1, 12), st.integers(1, 40), st.integers(0, 2**32))
def test_the_same_seed_draws_the_same_people_with_ids_of_their_own(number: int, size: int, seed: int) -> None:
    population = make_profiles(number)
    sample = draw_profiles(population, size, np.random.default_rng(seed))
    assert sample == draw_profiles(population, size, np.random.default_rng(seed))
    assert len({profile.id for profile in sample}) == len(sample) == size


@given(st.integers(1, 12), st.integers(1, 40), st.integers(0, 2**32))
def test_nobody_is_drawn_again_before_all_have_been(number: int, size: int, seed: int) -> None:
    sample = draw_profiles(make_profiles(number), size, np.random.default_rng(seed))
    for start in range(0, size, number):
        copy = [profile.id for profile in sample[start : start + number]]
        ending = f"#{start // number + 1}" if start else ""
        assert {name.removesuffix(ending) for name in copy} <= {f"p{i}" for i in range(number)}
        assert len(set(copy)) == len(copy)


def test_different_seeds_draw_different_people() -> None:
    samples = [draw_profiles(make_profiles(50), 10, np.random.default_rng(seed)) for seed in range(10)]
    assert len({tuple(profile.id for profile in sample) for sample in samples}) == 10


def test_people_who_come_first_are_not_drawn_again() -> None:
    population = make_profiles(5)
    sample = draw_profiles(population, 8, np.random.default_rng(0), [population[3], population[1]])
    assert [profile.id for profile in sample[:2]] == ["p3", "p1"]
    assert {profile.id for profile in sample[:5]} == {f"p{i}" for i in range(5)}
    assert all(profile.id.endswith("#2") for profile in sample[5:])


def test_the_people_of_a_network_must_suit_the_world(tmp_path: Path) -> None:
    people = [Profile(id=name, persona="You.", platform=name) for name in ("blog", "forum")]
    write_population(tmp_path / "own.parquet", people)
    file, rng = str(tmp_path / "own.parquet"), np.random.default_rng(0)
    names = [profile.id for profile in load_profiles(file, 2, rng, namings=[("0", "1"), ("forum", "blog")])]
    assert names == ["forum", "blog"]
    with pytest.raises(ConfigError, match=r"names 1 people who are not of platform blog .* 'forum'"):
        load_profiles(file, 2, rng, ["blog"], namings=[("forum", "blog")])


def test_lines_of_json_end_where_json_says(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text('{"id": "a", "persona": "One.\u2028Two."}\n', encoding="utf-8")
    assert read_population(tmp_path / "own.jsonl")[0].persona == "One.\u2028Two."


@pytest.mark.parametrize("text", ["id,persona\nr0,Likes tea, and coffee\n", "id\tpersona\nr0\n"])
@pytest.mark.parametrize("name", ["own.csv", "own.TSV"])
def test_a_row_with_another_number_of_cells_is_refused_by_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert "line 2 has" in read_error(tmp_path / name)


def test_copies_of_copies_keep_ids_of_their_own() -> None:
    population = [Profile(id=name, persona="You.") for name in ("a", "a#2", "a#3")]
    sample = draw_profiles(population, 12, np.random.default_rng(0))
    assert len({profile.id for profile in sample}) == 12


def test_a_copy_has_a_digest_of_its_own() -> None:
    population = make_profiles(1)
    population[0].digest()
    original, copy = draw_profiles(population, 2, np.random.default_rng(0))
    assert original.digest() != copy.digest()


@pytest.mark.parametrize(("number", "size"), [(3, 0), (3, -1), (0, 1)])
def test_drawing_nobody_is_refused(number: int, size: int) -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        draw_profiles(make_profiles(number), size, np.random.default_rng(0))


def test_the_shipped_people_are_valid_and_many() -> None:
    shipped = read_population(POPULATIONS_DIR / "genome.parquet")
    assert len(shipped) >= 1000
    assert Counter(profile.platform for profile in shipped).keys() == {"forum", "microblog", "blog", "reviews"}
    assert len({profile.persona for profile in shipped}) > 0.95 * len(shipped)
    for profile in shipped:
        assert len(profile.persona.split()) <= 75
        assert 100 <= len(profile.profile.split()) <= 400
        assert 1 <= len(profile.stories) <= 8
        assert 0.02 <= profile.activity <= 0.95
        assert profile.split in ("train", "val", "test")
        assert profile.source
        if profile.platform == "reviews":
            assert profile.tastes
            assert profile.budget > 0
            assert profile.star_shares is not None


def test_a_shipped_population_is_found_by_its_name() -> None:
    population = read_population(POPULATIONS_DIR / "genome.parquet")
    sample = load_profiles("genome.parquet", 5, np.random.default_rng(1))
    expected = draw_profiles(population, 5, np.random.default_rng(1))
    assert [profile.id for profile in sample] == [profile.id for profile in expected]


def test_only_people_of_the_requested_platforms_and_splits_are_drawn() -> None:
    sample = load_profiles("genome.parquet", 30, np.random.default_rng(1), platforms=["blog", "forum"], splits=["test"])
    assert {profile.platform for profile in sample} == {"blog", "forum"}
    assert {profile.split for profile in sample} == {"test"}


def test_people_of_unknown_platform_suit_every_world(tmp_path: Path) -> None:
    write_population(tmp_path / "own.parquet", make_profiles(3))
    assert len(load_profiles(str(tmp_path / "own.parquet"), 3, np.random.default_rng(0), ["reviews"], ["test"])) == 3


def test_an_error_says_that_nobody_is_of_the_requested_platform(tmp_path: Path) -> None:
    write_population(tmp_path / "own.parquet", [Profile(id="a", persona="You.", platform="blog", split="train")])
    with pytest.raises(ConfigError, match=r"nobody .* is of platform reviews .*; it has blog \(train\)"):
        load_profiles(str(tmp_path / "own.parquet"), 3, np.random.default_rng(0), ["reviews"])


def test_too_few_people_of_a_split_are_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"needs 77 people, but only 76 .* reviews and split val or test: lower"):
        load_profiles("genome.parquet", 77, np.random.default_rng(0), platforms=["reviews"], splits=["val", "test"])
    everybody = load_profiles("genome.parquet", 400, np.random.default_rng(0), platforms=["reviews"], splits=["test"])
    assert len(everybody) == 400, "no split has that many, so people are used several times, as everywhere"


def test_a_population_that_changed_between_two_draws_is_read_again(tmp_path: Path) -> None:
    path = write_rows(tmp_path, ANN)
    (first,) = load_profiles(str(path), 1, np.random.default_rng(0))
    assert write_rows(tmp_path, {**ANN, "id": "annabel"}) == path
    (second,) = load_profiles(str(path), 1, np.random.default_rng(0))
    assert (first.id, second.id) == ("ann", "annabel")
