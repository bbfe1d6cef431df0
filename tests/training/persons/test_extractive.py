from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from sandbox.core.profile import Profile
from training.persons import extractive, posters
from training.persons.habits import measure_habits
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.sources.record import RECORD, frame

DAY = 86_400
START = 1_600_000_000
SECRET_WORDS = "My neighbour Ottokar painted the blue fence while whistling an old marching song backwards."


def make_row(user: str, number: int, **fields: Any) -> dict[str, Any]:
    """Make a record, of a forum unless `fields` say otherwise."""
    defaults = {
        "source": "s",
        "platform": "forum",
        "user": user,
        "time": START + number * DAY,
        "kind": "comment",
        "category": "Gardening",
        "id": f"{user}-{number:03}",
        "text": f"I grow tomatoes and peppers. {SECRET_WORDS}",
        "title": "",
        "stars": None,
        "price": None,
        "votes": 3,
        "extra": "",
    }
    return {**defaults, **fields}


def make_review(user: str, number: int, stars: float, price: float | None = 12.5) -> dict[str, Any]:
    fields = {"platform": "reviews", "kind": "review", "category": "Pet Supplies", "stars": stars, "price": price}
    return make_row(user, number * 20, **fields)


def build_people(
    tmp_path: Path, rows: list[dict[str, Any]], history: float = 1.0, split: str = "train", early: float = 0.0
) -> list[Profile]:
    """Run both stages over one bucket of records; the first `history` of every user's records are history."""
    records = frame(RECORD, {name: [row[name] for row in rows] for name in rows[0]})
    earlier = pl.int_range(pl.len()).over("user") / pl.len().over("user")
    part = pl.when(earlier < history).then(pl.lit("history")).otherwise(pl.lit("target")).alias("part")
    decided = records.select("source", "user", "id", pl.lit(split).alias("split"), part, early=earlier < early)
    files: dict[str, list[Path]] = {"marginals": []}
    for name, table in (("record", records), ("decided", decided)):
        files[name] = [tmp_path / f"{name}.parquet"]
        table.write_parquet(files[name][0])
    unit = Unit("b", files)
    for name, table in extractive.marginal_unit(unit, {"platforms": ["reviews"]}, Tally("marginals")):
        files[name].append(tmp_path / f"{name}.parquet")
        table.write_parquet(files[name][0])
    ((_, people),) = extractive.person_unit(unit, {"min_history": 3}, Tally("persons"))
    return [msgspec.json.decode(text, type=Profile) for text in people["profile"]]


def test_a_poster_is_described_in_our_words_only(tmp_path: Path) -> None:
    (profile,) = build_people(tmp_path, [make_row("a", number) for number in range(12)])
    text = " ".join((profile.persona, profile.profile, profile.writing_style, *profile.stories))
    assert "Gardening" in text
    assert not any(word in text for word in ("Ottokar", "tomatoes", "whistling", "fence"))
    assert 100 <= len(profile.profile.split()) <= 400
    assert len(profile.persona.split()) <= 100
    assert profile.tastes == {"Gardening": 1.0}
    assert (profile.platform, profile.split, profile.source) == ("forum", "train", "s")


def test_an_earlier_self_knows_its_first_records_only(tmp_path: Path) -> None:
    rows = [make_review("a", number, 5 if number < 4 else 1) for number in range(10)]
    latest, early = build_people(tmp_path, rows, early=0.4)
    assert latest.star_shares
    assert early.star_shares
    assert latest.star_shares[0] > early.star_shares[0] + 0.2
    assert len(build_people(tmp_path, rows, early=0.2)) == 1


def test_a_reviewer_has_stars_prices_and_tastes(tmp_path: Path) -> None:
    rows = [make_review("a", number, stars) for number, stars in enumerate((5, 5, 4, 1))]
    rows += [make_review("b", number, 3) for number in range(4)]
    mixed, average = build_people(tmp_path, rows)
    assert mixed.star_shares is not None
    assert average.star_shares is not None
    assert mixed.star_shares[4] > average.star_shares[4]
    assert average.star_shares[2] > mixed.star_shares[2]
    assert sum(mixed.star_shares) == pytest.approx(1)
    assert mixed.budget == 12.5
    assert mixed.tastes == {"Pet Supplies": 1.0}


def test_later_records_change_nothing(tmp_path: Path) -> None:
    before = [make_row("a", number) for number in range(6)]
    quiet = build_people(tmp_path, [*before, *(make_row("a", number) for number in range(6, 12))], history=0.5)
    loud = [make_row("a", number, category="Politics", text="WHAT A DAY!!! Why?", votes=900) for number in range(6, 12)]
    assert build_people(tmp_path, [*before, *loud], history=0.5) == quiet


def test_a_held_out_reviewer_does_not_move_the_marginals(tmp_path: Path) -> None:
    rows = [make_review("a", number, 5) for number in range(4)]
    people = build_people(tmp_path, rows, split="test")
    assert people == [], "with nobody to train on there is nothing to smooth toward"


def test_too_little_history_makes_no_person(tmp_path: Path) -> None:
    assert build_people(tmp_path, [make_row("a", 0), make_row("a", 1)]) == []


def test_what_people_state_about_themselves_is_coarsened(tmp_path: Path) -> None:
    extra = '{"gender": "female", "age": 27, "industry": "Law"}'
    rows = [make_row("a", number, platform="blog", kind="post", category="", extra=extra) for number in range(9)]
    (profile,) = build_people(tmp_path, rows)
    assert profile.demographics == {"gender": "female", "age": "20s", "industry": "Law"}
    assert profile.persona.startswith("You are a woman in your twenties whose field is Law.")


def test_records_without_time_make_a_person_without_hours(tmp_path: Path) -> None:
    (profile,) = build_people(tmp_path, [make_row("a", number, time=None) for number in range(9)])
    assert profile.hours == ()
    assert "without dates" in profile.profile


def test_hours_are_shares_of_a_day(tmp_path: Path) -> None:
    (profile,) = build_people(tmp_path, [make_row("a", number) for number in range(9)])
    assert len(profile.hours) == 24
    assert sum(profile.hours) == pytest.approx(1, abs=0.01)


def test_a_topic_needs_other_people_who_use_the_word() -> None:
    common = [["the harbour was full of sailboats this morning"] for _ in range(posters.MIN_USERS)]
    unrelated = [["lentils simmer slowly in the iron kettle"] for _ in range(3 * posters.MIN_USERS)]
    lonely = [["the harbour was full of sailboats beside zeppelins"]]
    topics = posters.find_topics([*common, *unrelated, *lonely])
    assert "sailboats" in topics[0]
    assert "zeppelins" not in topics[-1]


def test_a_story_is_about_a_topic_only_if_it_contains_the_full_word() -> None:
    texts = ["The training took all day.", "Rain, at last!", "See [NAME] &amp; rain"]
    episodes = posters.list_episodes([make_row("a", number, text=text) for number, text in enumerate(texts)], ["rain"])
    assert [episode.topics for episode in episodes] == [(), ("rain",), ("rain",)]


def test_habits_count_punctuation_not_markup() -> None:
    loud = measure_habits(["WOW! What is this? :) #fun [URL]", "why not"])
    assert loud.exclaim_share == 0.5
    assert loud.question_share == 0.5
    assert loud.tag_share == loud.link_share == loud.emoticon_share == 0.5
    assert loud.lower_share == 0.5
    assert measure_habits(["[URL] [NAME]<br/>so"]).words == 1
