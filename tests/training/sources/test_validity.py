"""What cannot be is rejected with its reason, whatever the source; nothing is read as something else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.errors import ConfigError, DataError
from sandbox.settings import validate
from tests.training.sources.source_files import SourceContents, json_lines, read_source, write_file
from training.sources.amazon import Amazon, parse_price
from training.sources.reddit import Reddit
from training.sources.table import Table
from training.sources.times import parse_time
from training.sources.twitter import Twitter

ROW = {"user": "ann", "time": 1424777752, "text": "So be it.", "stars": 4, "price": 3.5}
TWEET = {"id": "30", "author_id": "7", "text": "Toast.", "created_at": "2021-03-01T10:00:00.000Z"}
POST = {"id": "5abc", "subreddit": "cooking", "created_utc": 1424777752, "author": "ann", "selftext": "Bread."}
REVIEW = {"user_id": "AANN", "parent_asin": "B1", "rating": 4.0, "timestamp": 1588687728923, "text": "Good."}
COLUMNS = {name: name for name in ROW} | {"kind": "=review"}


def read_table(folder: Path, rows: list[Any], ending: str = "jsonl", **settings: Any) -> SourceContents:
    """Return what is read from a table with these rows."""
    if ending == "csv":
        names = list(rows[0])
        lines = [names, *([str(row[name]) for name in names] for row in rows)]
        raw = "".join(",".join(line) + "\n" for line in lines).encode()
    else:
        raw = json_lines(rows)
    path = write_file(folder / f"rows.{ending}", raw)
    values = {"name": "shop", "platform": "reviews", "paths": [str(path)], "columns": COLUMNS, "kinds": {}, "extra": []}
    return read_source(validate(Table, {**values, "max_reject_share": 1, **settings}))


def read_tweets(folder: Path, tweets: list[Any]) -> SourceContents:
    """Return what is read from tweets of the API."""
    path = write_file(folder / "tweets.jsonl", json_lines(tweets))
    return read_source(Twitter(name="twitter", paths=[str(path)], max_reject_share=1))


def read_posts(folder: Path, posts: list[Any], **settings: Any) -> SourceContents:
    """Return what is read from submissions of Reddit."""
    path = write_file(folder / "RS.json", json_lines(posts))
    values = {"name": "reddit", "submissions": [str(path)], "comments": [], "max_reject_share": 1}
    return read_source(validate(Reddit, {**values, **settings}))


def read_reviews(folder: Path, reviews: list[Any]) -> SourceContents:
    """Return what is read from reviews on Amazon."""
    path = write_file(folder / "Books.jsonl", json_lines(reviews))
    return read_source(Amazon(name="amazon", reviews=[str(path)], meta=[], max_reject_share=1))


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
@pytest.mark.parametrize(
    ("unit", "time", "day"),
    [
        ("s", 20150224, "1970-08-22"),
        ("s", 2015, "1970-01-01"),
        ("s", 42059, "1970-01-01"),
        ("s", 42059.48, "1970-01-01"),
        ("s", 0, "1970-01-01"),
        ("ms", 1424777752, "1970-01-17"),
        ("us", 1424777752000, "1970-01-17"),
        ("ns", 1424777752000000, "1970-01-17"),
        ("s", 1424777752000, "no date"),
        ("ms", 1424777752000000, "no date"),
        ("iso", 1424777752, "a number that is no day"),
        ("iso", 1424777752000, "a number that is no day"),
        ("iso", 2015, "a number that is no day"),
        ("iso", 42059.48, "no date such as"),
        ("iso", "0000-00-00", "no date such as"),
        ("iso", "2015-02-24 11:35:52 CEST", "no date such as"),
        ("iso", "1969-12-31", "no date"),
        ("iso", "1993-12-31", "before the earliest possible day, 1994-01-01"),
        ("iso", "2093-12-31", "2093-12-31 (3913056000 s), in the future"),
        ("s", "soon", "no number"),
    ],
)
def test_a_number_that_is_no_time_in_its_unit_is_rejected(
    tmp_path: Path, unit: str, time: Any, day: str, ending: str
) -> None:
    result = read_table(tmp_path, [ROW | {"time": time}], ending, time_unit=unit)
    assert result.records == []
    [(line, reason)] = result.reasons
    assert line == 1 + (ending == "csv")
    assert day in reason


def test_a_wrong_unit_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1970-08-22 .*is source\.shop\.time_unit, s, right\?"):
        read_table(tmp_path, [ROW | {"time": 20150224}] * 3, max_reject_share=0.01, time_unit="s")


@pytest.mark.parametrize(
    "text",
    [
        "1424777752",
        "1424777752.5",
        "1424777752000",
        "1424777752000000",
        "1424777752000000000",
        "20150224113552",
        "2015-02-24T12:35:52+01:00",
        "Tue Feb 24 11:35:52 +0000 2015",
        "Tue Feb 24 03:35:52 PST 2015",
        "Tue, 24 Feb 2015 12:35:52 +0100",
        "Tue, 24 Feb 2015 11:35:52 GMT",
    ],
)
def test_one_moment_is_read_from_every_way_of_writing_it(text: str) -> None:
    assert parse_time(text) == 1424777752


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Tue Feb 24 11:35:52 CEST 2015", "time zone 'CEST' is unknown"),
        ("Tue, 24 Feb 2015 11:35:52 IST", "time zone 'IST' is unknown"),
        ("Tue Feb 24 2015 11:35:52 GMT+0100 (CET)", "no date"),
        ("Feb 24, 2015 10:00 PM", "no date"),
        ("2015-02-24 10:00:00 Europe/Berlin", "no date"),
        ("Mon Feb 30 11:35:52 +0000 2015", "a day that there is not"),
    ],
)
def test_a_zone_that_is_not_known_is_never_utc(tmp_path: Path, text: str, reason: str) -> None:
    result = read_tweets(tmp_path, [TWEET, TWEET | {"created_at": text}])
    assert len(result.records) == 1
    assert reason in result.reasons[0][1]


@pytest.mark.parametrize("time", ["0", "2015", "42059.5", "1999-12-31", "2006-03-20T23:59:59Z", "2093-01-01"])
def test_no_tweet_is_older_than_twitter(tmp_path: Path, time: str) -> None:
    result = read_tweets(tmp_path, [TWEET, TWEET | {"created_at": time}, TWEET | {"created_at": "2006-03-21"}])
    assert [record["time"] for record in result.records] == [1614592800, 1142899200]
    assert [line for line, _ in result.reasons] == [2]


def test_a_tweet_without_time_among_others_is_rejected(tmp_path: Path) -> None:
    result = read_tweets(tmp_path, [TWEET, TWEET | {"created_at": None}])
    assert (len(result.records), result.reasons) == (1, [(2, "no time")])


@pytest.mark.parametrize("time", ["soon", "", 0, 20150224, -5, 1100000000, 1424777752000, 10**25])
def test_a_post_on_reddit_has_a_time_that_can_be(tmp_path: Path, time: Any) -> None:
    result = read_posts(tmp_path, [POST, b"{\n", POST | {"created_utc": time}])
    assert len(result.records) == 1
    assert sorted(line for line, _ in result.reasons) == [2, 3]


def test_somebody_may_name_another_earliest_day(tmp_path: Path) -> None:
    assert len(read_posts(tmp_path, [POST | {"created_utc": 86_400 * 400}], earliest="1971-01-01").records) == 1


def test_clocks_of_other_zones_may_be_ahead(tmp_path: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=12)).timestamp()
    assert len(read_posts(tmp_path, [POST | {"created_utc": soon}]).records) == 1


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
@pytest.mark.parametrize("stars", [0, 0.5, 4.5, 6, 10, -1, 100])
def test_stars_outside_of_their_scale_are_rejected(tmp_path: Path, stars: float, ending: str) -> None:
    result = read_table(tmp_path, [ROW, ROW | {"stars": stars}], ending)
    assert [record["stars"] for record in result.records] == [4.0]
    assert result.reasons == [(2 + (ending == "csv"), f"stars is {float(stars)}, not 1, 2, 3, 4 or 5")]


@pytest.mark.parametrize("rating", ["4/5", "80%", "★★★★", "4 stars", "4,0", "5_0", "True"])
def test_a_rating_that_is_no_number_says_so(tmp_path: Path, rating: str) -> None:
    result = read_table(tmp_path, [ROW | {"stars": rating}], "jsonl", rating_scale=[0, 100])
    assert result.records == []
    [(line, reason)] = result.reasons
    assert line == 1
    assert reason.startswith("stars is '")
    assert reason.endswith("no number")
    with pytest.raises(DataError, match="write a rating as a plain number"):
        read_table(tmp_path, [ROW | {"stars": rating}], "jsonl", rating_scale=[0, 100], max_reject_share=0.01)


def test_the_setting_for_other_scales_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"stars is 4\.5.*source\.shop\.rating_scale, 1 to 5.*not_rated"):
        read_table(tmp_path, [ROW | {"stars": 4.5}], max_reject_share=0.01)


@pytest.mark.parametrize(
    ("scale", "ratings", "stars"),
    [
        ([0.5, 5], [0.5, 1, 1.5, 2.5, 3, 4.5, 5], [1, 1, 2, 3, 3, 5, 5]),
        ([0, 10], range(11), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5]),
        ([1, 10], range(1, 11), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
        ([0, 100], [0, 19.9, 20, 59, 80, 100], [1, 1, 2, 3, 5, 5]),
        ([-10, 10], [-10, 0, 10], [1, 3, 5]),
    ],
)
def test_ratings_of_other_scales_become_stars(tmp_path: Path, scale: list[float], ratings: Any, stars: Any) -> None:
    result = read_table(tmp_path, [ROW | {"stars": rating} for rating in ratings], rating_scale=scale)
    assert [record["stars"] for record in result.records] == list(stars)
    assert result.reasons == []


def test_what_was_not_rated_has_no_stars_and_what_is_off_the_scale_is_rejected(tmp_path: Path) -> None:
    rows = [ROW | {"stars": rating} for rating in (0, 8, 11, None)]
    result = read_table(tmp_path, rows, rating_scale=[1, 10], not_rated=[0])
    assert [record["stars"] for record in result.records] == [None, 4.0, None]
    assert result.reasons == [(3, "rating 11 is outside of rating_scale, 1 to 10")]


def test_a_scale_without_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="rating_scale must name the lowest rating before the highest"):
        read_table(tmp_path, [ROW], rating_scale=[10, 0])


@pytest.mark.parametrize("rating", [0.0, 4.5, 6.0, 10.0])
def test_amazon_has_whole_stars(tmp_path: Path, rating: float) -> None:
    result = read_reviews(tmp_path, [REVIEW, REVIEW | {"rating": rating}])
    assert (len(result.records), len(result.reasons)) == (1, 1)
    assert f"stars is {rating}" in result.reasons[0][1]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"text": "So be\0 it."}, "a text holds the character NUL"),
        ({"user": "an\0n"}, "a text holds the character NUL"),
        ({"user": " \t\u200b"}, "no user"),
        ({"user": ""}, "no user"),
        ({"price": -3.5}, "price is -3.5, less than 0"),
        ({"price": "inf"}, "price is 'inf': a number is infinite"),
        ({"time": None}, "no time, or none that can be read"),
        ({"time": ""}, "no time, or none that can be read"),
    ],
)
def test_a_line_that_cannot_be_is_rejected(tmp_path: Path, cells: dict[str, Any], reason: str) -> None:
    result = read_table(tmp_path, [ROW, ROW | cells, ROW])
    assert len(result.records) == 2
    assert result.reasons == [(2, reason)]


def test_other_sources_reject_the_same(tmp_path: Path) -> None:
    tweets = read_tweets(tmp_path, [TWEET | {"text": "a\0b"}, TWEET | {"author_id": "  "}])
    posts = read_posts(tmp_path, [POST | {"title": "a\0b"}, POST | {"author": "  "}])
    reviews = read_reviews(tmp_path, [REVIEW | {"text": "a\0b"}, REVIEW | {"user_id": ""}, REVIEW | {"timestamp": 1}])
    assert tweets.records == posts.records == reviews.records == []
    assert [len(result.reasons) for result in (tweets, posts, reviews)] == [2, 2, 3]


def test_a_product_with_a_negative_price_is_rejected(tmp_path: Path) -> None:
    products = [{"parent_asin": "B1", "price": -3.5}, {"parent_asin": "B2", "price": "-$5.00"}, {"parent_asin": "B3"}]
    path = write_file(tmp_path / "meta_Books.jsonl", json_lines(products))
    result = read_source(Amazon(name="amazon", reviews=[], meta=[str(path)], max_reject_share=1))
    assert [item["id"] for item in result.items] == ["B3"]
    assert [line for line, _ in result.reasons] == [1, 2]


@pytest.mark.parametrize(
    ("price", "number"),
    [("-5.00", -5.0), ("-$5.00", -5.0), ("$12.99 - $20.99", 12.99), ("from 7.99", 7.99), ("\u2014", None)],
)
def test_a_price_keeps_its_sign(price: str, number: float | None) -> None:
    assert parse_price(price) == number


def test_the_sample_of_a_reject_shows_the_shape_of_what_was_read(tmp_path: Path) -> None:
    [reject] = read_table(tmp_path, [ROW | {"time": 20150224}], time_unit="s").rejects
    assert "'time': 99999999" in reject["sample"]
    assert "ann" not in reject["sample"]
