"""Long tweets of an account's archive are read complete, and what is cut is counted."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.errors import DataError
from tests.training.sources.source_files import SourceContents, read_source, write_file
from training.corpus.build import list_stages
from training.corpus.config import load_corpus_config
from training.pipeline.funnel import Tally
from training.sources.source import DOUBTFUL
from training.sources.twitter import CUT, Twitter

LONG = " ".join(f"Loaf {number} rose well in the cold, and https://t.co/link{number} says why." for number in range(12))
START = LONG[:270]


def write_archive(folder: Path, tweets: list[Any], notes: list[Any], name: str = "note-tweet.js") -> Path:
    """Write an archive; return the path of its tweets."""
    files = {
        "account.js": ("account", [{"account": {"username": "ann", "accountId": "7"}}]),
        name: ("note_tweet", [{"noteTweet": note} for note in notes]),
        "tweets.js": ("tweets", [{"tweet": tweet} for tweet in tweets]),
    }
    for file, (part, entries) in files.items():
        write_file(folder / file, f"window.YTD.{part}.part0 = {json.dumps(entries)}".encode())
    return folder / "tweets.js"


def read_archive(folder: Path, tweets: list[Any], notes: list[Any], name: str = "note-tweet.js") -> SourceContents:
    """Write an archive and return what is read from its tweets."""
    return read_source(Twitter(name="twitter", paths=[str(write_archive(folder, tweets, notes, name))]))


def build_tweet(text: str, second: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a tweet of an archive."""
    return {"id_str": "21", "full_text": text, "created_at": f"Mon Mar 06 10:00:{second:02} +0000 2023", **fields}


def build_note(text: str, second: int = 0, **fields: Any) -> dict[str, Any]:
    """Return an entry of `note-tweet.js`."""
    created = f"2023-03-06T10:00:{second:02}.000Z"
    return {"noteTweetId": "1632650000000000001", "createdAt": created, "core": {"text": text, "urls": []}, **fields}


@pytest.mark.parametrize(
    "text",
    [
        f"{START}… https://t.co/abc123",
        f"{START}…",
        f"{START}...",
        START,
        f"@bob @eve_ {START}… https://t.co/abc123",
        "Loaf 0 rose… https://t.co/abc123",
    ],
)
@pytest.mark.parametrize("name", ["note-tweet.js", "note-tweet-part1.js"])
def test_a_long_tweet_is_read_complete(tmp_path: Path, text: str, name: str) -> None:
    notes = [build_note("Another long text.", 30), build_note(LONG, 1)]
    [record] = read_archive(tmp_path, [build_tweet(text)], notes, name).records
    assert record["text"] == LONG


def test_a_note_without_the_tweets_time_is_known_by_its_beginning(tmp_path: Path) -> None:
    notes = [build_note(LONG, createdAt="2023-03-07T10:00:00.000Z"), build_note("x" * 300, createdAt=None)]
    records = read_archive(tmp_path, [build_tweet(f"{START}…")], notes).records
    assert [record["text"] for record in records] == [LONG]


def test_a_note_with_the_tweets_id_belongs_to_it(tmp_path: Path) -> None:
    [record] = read_archive(tmp_path, [build_tweet("Edited since.")], [build_note(LONG, 40, noteTweetId="21")]).records
    assert record["text"] == LONG


def test_entities_are_decoded_on_both_sides(tmp_path: Path) -> None:
    complete = "Bread & jam, " * 40
    written = complete.replace("&", "&amp;")
    records = read_archive(tmp_path, [build_tweet(f"{written[:200]}… https://t.co/a")], [build_note(written)]).records
    assert records[0]["text"] == complete


@pytest.mark.parametrize(
    "text", ["Loaf 0", "Loaf 0 rose well", "https://t.co/other", "RT @bob: " + START + "…", "Rye. " + START, "…"]
)
def test_other_tweets_of_the_same_second_stay_as_they_are(tmp_path: Path, text: str) -> None:
    [record] = read_archive(tmp_path, [build_tweet(text)], [build_note(LONG)]).records
    assert record["text"] == text


def test_texts_that_stay_cut_are_counted(tmp_path: Path) -> None:
    cut = f"{START}… https://t.co/abc123"
    tweets = [
        build_tweet(cut),
        build_tweet(f"RT @bob: {cut}"),
        build_tweet("Hm… well."),
        build_tweet("Rye… https://t.co/a"),
    ]
    path, tally = write_archive(tmp_path, tweets, [build_note(LONG)]), Tally("read")
    list(Twitter(name="twitter", paths=[str(path)]).read_tables(path, tally))
    assert tally.counts["twitter", DOUBTFUL, CUT] == 1


def test_of_an_edited_tweet_only_the_last_version_is_a_record(tmp_path: Path) -> None:
    ids = ["1", "2", "3"]
    tweets = [
        build_tweet("Bred.", id_str="1", edit_info={"initial": {"editTweetIds": ids}}),
        build_tweet("Breda.", id_str="2", edit_info={"edit": {"editControlInitial": {"editTweetIds": ids}}}),
        build_tweet("Bread.", id_str="3", edit_info={"edit": {"editControlInitial": {"editTweetIds": ids}}}),
        build_tweet("Rye.", id_str="7", edit_info={"initial": {"editTweetIds": ["7"]}}),
        build_tweet("Oat.", id_str="8", edit_info={"initial": {"editTweetIds": ["8", "9"]}}),
    ]
    contents = read_archive(tmp_path, tweets, [])
    assert [record["text"] for record in contents.records] == ["Bread.", "Rye.", "Oat."]
    assert [item["text"] for item in contents.items] == ["Bred.", "Breda."]


def test_tweets_that_their_author_deleted_are_rejected(tmp_path: Path) -> None:
    path = write_archive(tmp_path, [build_tweet("Rye."), build_tweet("Oat.", deleted_at="Mon Mar 06")], [])
    contents = read_source(Twitter(name="twitter", paths=[str(path)], max_reject_share=1))
    assert [record["text"] for record in contents.records] == ["Rye."]
    assert contents.reasons == [(2, "a tweet that its author deleted")]


def test_a_broken_note_file_is_named(tmp_path: Path) -> None:
    path = write_archive(tmp_path, [build_tweet(START)], [])
    write_file(tmp_path / "note-tweet.js", b"window.YTD.note_tweet.part0 = [{")
    with pytest.raises(DataError, match=r"note-tweet\.js is not as it was in the archive"):
        read_source(Twitter(name="twitter", paths=[str(path)]))


def test_a_file_that_comes_later_is_read(tmp_path: Path) -> None:
    path = write_archive(tmp_path, [build_tweet(START)], [])
    overrides = ["sources=[twitter]", f"source.twitter.paths=[{path}]", f"corpus_dir={tmp_path / 'corpus'}"]

    def read_key() -> str:
        return list_stages(load_corpus_config(overrides))[0].key()

    (tmp_path / "corpus").mkdir()
    write_file(tmp_path / "corpus" / "secret.key", b"k" * 32)
    keys = [read_key()]
    write_archive(tmp_path, [build_tweet(START)], [build_note(LONG)])
    keys.append(read_key())
    write_archive(tmp_path, [build_tweet(START)], [build_note(LONG)], "note-tweet-part1.js")
    keys.append(read_key())
    assert len(set(keys)) == 3
