"""Several versions of one tweet are one tweet, in whatever order and format they are collected."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.training.sources.source_files import json_lines, write_file
from training.corpus.config import find_earliest_day
from training.pipeline.funnel import Tally
from training.sources.tweet_edits import EDITED, list_replaced
from training.sources.twitter import Twitter

FIRST, SECOND, THIRD, OTHER = (
    "1570000000000000001",
    "1570000000000000002",
    "1570000000000000003",
    "157000000000000009",
)


def build_tweet(name: str, versions: list[str], text: str = "", **fields: Any) -> dict[str, Any]:
    """Return a tweet as version 2 of the API has it."""
    return {
        "id": name,
        "text": text or f"Version {name} of a tweet about bread.",
        "author_id": "7",
        "created_at": "2022-10-01T10:00:00.000Z",
        "edit_history_tweet_ids": versions,
        **fields,
    }


VERSIONS = [
    build_tweet(FIRST, [FIRST]),  # collected before it was edited
    build_tweet(OTHER, [OTHER]),
    build_tweet(SECOND, [FIRST, SECOND]),
    build_tweet(THIRD, [FIRST, SECOND, THIRD]),
]


def read_tweets(path: Path) -> tuple[list[str], list[str], dict[str, int]]:
    """Return the ids of records and of items, and the numbers that were counted, by reason."""
    source, tally, ids = Twitter(name="twitter", paths=[str(path)]), Tally("read"), {"record": [], "item": []}
    for table, rows in source.read_tables(path, tally, find_earliest_day(source)):
        ids[table] += rows["id"].to_list()
    return ids["record"], ids["item"], {reason: number for (_, _, reason), number in tally.counts.items()}


def as_lines(tweets: list[dict[str, Any]]) -> bytes:
    return json_lines(tweets)


def as_response(tweets: list[dict[str, Any]]) -> bytes:
    return json_lines([{"data": tweets, "includes": {"users": [{"id": "7", "username": "ann"}]}}])


def as_array(tweets: list[dict[str, Any]]) -> bytes:
    return json.dumps(tweets, indent=1).encode()


def as_table(tweets: list[dict[str, Any]]) -> bytes:
    with io.StringIO() as file:
        writer = csv.writer(file)
        writer.writerow(["id", "username", "text", "edit_history_tweet_ids"])
        for tweet in tweets:
            writer.writerow([tweet["id"], "ann", tweet["text"], json.dumps(tweet["edit_history_tweet_ids"])])
        return file.getvalue().encode()


def as_python_table(tweets: list[dict[str, Any]]) -> bytes:
    rows = [f'{tweet["id"]},ann,{tweet["text"]},"{tweet["edit_history_tweet_ids"]}"' for tweet in tweets]
    return "\n".join(["id,username,text,edit_history_tweet_ids", *rows]).encode() + b"\n"


def as_version_1(tweets: list[dict[str, Any]]) -> bytes:
    return json_lines(
        {
            "id_str": tweet["id"],
            "full_text": tweet["text"],
            "user": {"screen_name": "ann"},
            "created_at": "Sat Oct 01 10:00:00 +0000 2022",
            "edit_history": {"edit_tweet_ids": tweet["edit_history_tweet_ids"]},
        }
        for tweet in tweets
    )


@pytest.mark.parametrize("write", [as_lines, as_response, as_array, as_table, as_python_table, as_version_1])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_the_newest_version_is_the_record_and_the_others_are_counted(
    tmp_path: Path, write: Any, is_reversed: bool
) -> None:
    tweets = VERSIONS[::-1] if is_reversed else VERSIONS
    records, items, counts = read_tweets(write_file(tmp_path / "tweets.json", write(tweets)))
    assert sorted(records) == sorted([THIRD, OTHER])
    assert sorted(items) == [FIRST, SECOND]
    assert counts[EDITED] == 2
    assert "rejected" not in counts


def test_a_version_whose_successor_is_not_in_the_file_is_kept(tmp_path: Path) -> None:
    reply = build_tweet(OTHER, [OTHER], referenced_tweets=[{"type": "replied_to", "id": THIRD}])
    tweets = [build_tweet(FIRST, [FIRST, SECOND, THIRD]), build_tweet(SECOND, [FIRST, SECOND, THIRD]), reply]
    records, _, counts = read_tweets(write_file(tmp_path / "tweets.jsonl.gz", json_lines(tweets)))
    assert records == [SECOND, OTHER]
    assert counts[EDITED] == 1


def test_tweets_that_were_never_edited_are_all_records(tmp_path: Path) -> None:
    tweets = [build_tweet(name, [name]) for name in (FIRST, SECOND, THIRD)]
    records, _, counts = read_tweets(write_file(tmp_path / "tweets.jsonl", json_lines(tweets)))
    assert records == [FIRST, SECOND, THIRD]
    assert EDITED not in counts


def test_the_longest_list_of_versions_counts() -> None:
    assert list_replaced([["1", "2"], ["1", "2", "3"]], {"1", "2", "3"}) == {"1", "2"}
    assert list_replaced([["1", "2"], ["1", "2", "3"]], {"1", "2"}) == {"1"}
    assert list_replaced([["1", "2"]], {"1"}) == set()
