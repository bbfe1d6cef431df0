from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from sandbox.people import Profile
from training.funnel import Tally
from training.persons import extractive, posters
from training.persons.habits import habits_of
from training.record import RECORD, frame

DAY = 86_400
START = 1_600_000_000
SECRET_WORDS = "My neighbour Ottokar painted the blue fence while whistling an old marching song backwards."


def row(user: str, number: int, **known: Any) -> dict[str, Any]:
    """A record of a forum, unless it is said otherwise."""
    plain = {
        "source": "s",
        "platform": "forum",
        "user": user,
        "time": START + number * DAY,
        "kind": "comment",
        "place": "Gardening",
        "id": f"{user}-{number:03}",
        "text": f"I grow tomatoes and peppers. {SECRET_WORDS}",
        "title": "",
        "stars": None,
        "price": None,
        "votes": 3,
        "extra": "",
    }
    return {**plain, **known}


def review(user: str, number: int, stars: float, price: float | None = 12.5) -> dict[str, Any]:
    known = {"platform": "reviews", "kind": "review", "place": "Pet Supplies", "stars": stars, "price": price}
    return row(user, number * 20, **known)


def made(
    tmp_path: Path, rows: list[dict[str, Any]], history: float = 1.0, split: str = "train", early: float = 0.0
) -> list[Profile]:
    """Run both stages over one bucket of records of which a share, from the start, is history."""
    records = frame(RECORD, {name: [one[name] for one in rows] for name in rows[0]})
    place = pl.int_range(pl.len()).over("user") / pl.len().over("user")
    part = pl.when(place < history).then(pl.lit("history")).otherwise(pl.lit("target")).alias("part")
    decided = records.select("source", "user", "id", pl.lit(split).alias("split"), part, early=place < early)
    files = [tmp_path / "record" / "b.parquet", tmp_path / "b" / "all.parquet"]
    for path, table in zip(files, (records, decided), strict=True):
        path.parent.mkdir(exist_ok=True)
        table.write_parquet(path)
    for name, table in extractive.marginal_unit(files, {}, Tally("marginals")):
        files.append(tmp_path / f"{name}.parquet")
        table.write_parquet(files[-1])
    ((_, people),) = extractive.person_unit(files, {"min_history": 3}, Tally("persons"))
    return [msgspec.json.decode(text, type=Profile) for text in people["profile"]]


def test_a_poster_is_said_in_our_words_only(tmp_path: Path) -> None:
    (one,) = made(tmp_path, [row("a", number) for number in range(12)])
    said = " ".join((one.persona, one.profile, one.writing_style, *one.stories))
    assert "Gardening" in said
    assert not any(word in said for word in ("Ottokar", "tomatoes", "whistling", "fence"))
    assert 100 <= len(one.profile.split()) <= 400
    assert len(one.persona.split()) <= 100
    assert one.tastes == {"Gardening": 1.0}
    assert (one.platform, one.split, one.source) == ("forum", "train", "s")


def test_an_earlier_self_knows_its_first_records_only(tmp_path: Path) -> None:
    rows = [review("a", number, 5 if number < 4 else 1) for number in range(10)]
    latest, early = made(tmp_path, rows, early=0.4)
    assert latest.star_shares
    assert early.star_shares
    assert latest.star_shares[0] > early.star_shares[0] + 0.2
    assert len(made(tmp_path, rows, early=0.2)) == 1


def test_a_reviewer_has_stars_prices_and_tastes(tmp_path: Path) -> None:
    rows = [review("a", number, stars) for number, stars in enumerate((5, 5, 4, 1))]
    rows += [review("b", number, 3) for number in range(4)]
    one, other = made(tmp_path, rows)
    assert one.star_shares is not None
    assert other.star_shares is not None
    assert one.star_shares[4] > other.star_shares[4]
    assert other.star_shares[2] > one.star_shares[2]
    assert sum(one.star_shares) == pytest.approx(1)
    assert one.budget == 12.5
    assert one.tastes == {"Pet Supplies": 1.0}


def test_what_came_later_changes_nothing(tmp_path: Path) -> None:
    before = [row("a", number) for number in range(6)]
    quiet = made(tmp_path, [*before, *(row("a", number) for number in range(6, 12))], history=0.5)
    loud = [row("a", number, place="Politics", text="WHAT A DAY!!! Why?", votes=900) for number in range(6, 12)]
    assert made(tmp_path, [*before, *loud], history=0.5) == quiet


def test_a_held_out_reviewer_does_not_move_the_marginals(tmp_path: Path) -> None:
    rows = [review("a", number, 5) for number in range(4)]
    held = made(tmp_path, rows, split="test")
    assert held == [], "with nobody to train on there is nothing to smooth toward"


def test_too_little_history_makes_nobody(tmp_path: Path) -> None:
    assert made(tmp_path, [row("a", 0), row("a", 1)]) == []


def test_what_people_state_of_themselves_is_kept_coarse(tmp_path: Path) -> None:
    extra = '{"gender": "female", "age": 27, "industry": "Law"}'
    rows = [row("a", number, platform="blog", kind="post", place="", extra=extra) for number in range(9)]
    (one,) = made(tmp_path, rows)
    assert one.demographics == {"gender": "female", "age": "20s", "industry": "Law"}
    assert one.persona.startswith("You are a woman in your twenties whose field is Law.")


def test_records_without_time_make_a_person_without_hours(tmp_path: Path) -> None:
    (one,) = made(tmp_path, [row("a", number, time=None) for number in range(9)])
    assert one.hours == ()
    assert "without dates" in one.profile


def test_hours_are_shares_of_a_day(tmp_path: Path) -> None:
    (one,) = made(tmp_path, [row("a", number) for number in range(9)])
    assert len(one.hours) == 24
    assert sum(one.hours) == pytest.approx(1, abs=0.01)


def test_a_topic_needs_others_who_write_of_it_too() -> None:
    common = [["the harbour was full of sailboats this morning"] for _ in range(posters.MIN_USERS)]
    others = [["lentils simmer slowly in the iron kettle"] for _ in range(3 * posters.MIN_USERS)]
    lonely = [["the harbour was full of sailboats beside zeppelins"]]
    topics = posters.topics_of([*common, *others, *lonely])
    assert "sailboats" in topics[0]
    assert "zeppelins" not in topics[-1]


def test_a_story_is_about_a_topic_only_where_the_word_stands_by_itself() -> None:
    texts = ["The training took all day.", "Rain, at last!", "See [NAME] &amp; rain"]
    episodes = posters.episodes_of([row("a", number, text=text) for number, text in enumerate(texts)], ["rain"])
    assert [one.topics for one in episodes] == [(), ("rain",), ("rain",)]


def test_habits_count_marks_not_mark_up() -> None:
    loud = habits_of(["WOW! What is this? :) #fun [URL]", "why not"])
    assert loud.exclaim_share == 0.5
    assert loud.question_share == 0.5
    assert loud.tag_share == loud.link_share == loud.emoticon_share == 0.5
    assert loud.lower_share == 0.5
    assert habits_of(["[URL] [NAME]<br/>so"]).words == 1
