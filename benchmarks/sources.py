"""Sources other than Reddit's, compared with decoding their lines: `twitter` on tweets and API responses, and `table`.

Claim: the stages `read` and `filter` together have at least half the speed of only decompressing and decoding the same
file with the fastest well-maintained decoder.

    python -m benchmarks.sources
    python -m benchmarks.sources --records 50000 --repeats 1    # a quick look

Texts, users and times are those of synthetic comments (`reddit_dump.py`), cut to 280 characters; the tweets have the
keys that version 2 of the API returns if all public `tweet.fields` are requested. Sides take turns in one process, as
in `corpus.py`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeAlias

import zstandard

from benchmarks.common import make_parser, report_table
from benchmarks.corpus import PassTime, make_dump, read_lines, speed_rows, time_in_turns
from benchmarks.reddit_dump import FILES, WINDOW

MAX_CHARACTERS = 280
"""Maximum length of a tweet."""
TWEETS_PER_RESPONSE = 100
"""Maximum number of tweets in a response, as the API has it for searches."""
Comment: TypeAlias = Mapping[str, Any]
JsonLine: TypeAlias = dict[str, Any]


def make_tweet(comment: Comment, number: int) -> JsonLine:
    """Return a comment as a tweet in the format of the API's version 2; every second tweet is a reply."""
    tweet: JsonLine = {
        "author_id": comment["author_fullname"],
        "context_annotations": [],
        "conversation_id": comment["link_id"],
        "created_at": f"{datetime.fromtimestamp(comment['created_utc'], UTC):%Y-%m-%dT%H:%M:%S}.000Z",
        "edit_history_tweet_ids": [comment["id"]],
        "edit_controls": {"edits_remaining": 5, "is_edit_eligible": True, "editable_until": "2022-01-01T00:30:00.000Z"},
        "id": comment["id"],
        "lang": "en",
        "possibly_sensitive": False,
        "public_metrics": {
            **{"retweet_count": comment["score"], "reply_count": 0, "like_count": comment["score"], "quote_count": 0},
            **{"bookmark_count": 0, "impression_count": 10 * comment["score"]},
        },
        "reply_settings": "everyone",
        "text": comment["body"][:MAX_CHARACTERS],
    }
    if number % 2:
        tweet["in_reply_to_user_id"] = comment["subreddit_id"]
        tweet["referenced_tweets"] = [{"type": "replied_to", "id": comment["parent_id"]}]
        mention = {"start": 0, "end": 8, "username": comment["subreddit"], "id": comment["subreddit_id"]}
        tweet["entities"] = {"mentions": [mention], "annotations": [], "urls": []}
    return tweet


def make_tweets(comments: Iterable[Comment]) -> Iterator[JsonLine]:
    """Yield one tweet per line."""
    return (make_tweet(comment, number) for number, comment in enumerate(comments))


def make_responses(comments: Iterable[Comment]) -> Iterator[JsonLine]:
    """Yield one response of the API per line: tweets with their authors."""
    tweets = make_tweets(comments)
    while batch := list(islice(tweets, TWEETS_PER_RESPONSE)):
        names = {tweet["author_id"] for tweet in batch}
        users = [{"id": name, "username": name, "name": name, "description": "Just me."} for name in sorted(names)]
        yield {"data": batch, "includes": {"users": users}, "meta": {"result_count": len(batch)}}


def make_table_rows(comments: Iterable[Comment]) -> Iterator[JsonLine]:
    """Yield the rows of a table with eight columns, as academic data sets have them."""
    for number, comment in enumerate(comments):
        yield {
            "id": comment["id"],
            "user": comment["author"],
            "time": comment["created_utc"],
            "category": comment["subreddit"],
            "thread": comment["link_id"],
            "text": comment["body"][:MAX_CHARACTERS],
            "votes": comment["score"],
            "row": number,
        }


class SourceFormat(NamedTuple):
    """A format to measure: its source, how its lines are made of comments, and further settings."""

    source: str
    make_lines: Callable[[Iterable[Comment]], Iterator[JsonLine]]
    settings: Sequence[str] = ()


TABLE_COLUMNS = "{id: id, category: category, thread: thread, votes: votes}"
FORMATS = {
    "twitter, tweets": SourceFormat("twitter", make_tweets),
    "twitter, responses": SourceFormat("twitter", make_responses),
    "table": SourceFormat(
        "table", make_table_rows, ["source.table.platform=forum", f"+source.table.columns={TABLE_COLUMNS}"]
    ),
}


def write_lines(dump: Path, path: Path, make_lines: Callable[[Iterable[Comment]], Iterator[JsonLine]]) -> None:
    """Write the comments of a dump in another format."""
    with path.open("wb") as raw, zstandard.ZstdCompressor(3).stream_writer(raw) as file:
        for line in make_lines(map(json.loads, read_lines(dump / FILES["comments"]))):
            file.write(json.dumps(line).encode() + b"\n")


def time_formats(folder: Path, repeats: int) -> Iterator[tuple[str, dict[str, list[PassTime]]]]:
    """Yield the times of each side, format by format."""
    for name, (source, make_lines, settings) in FORMATS.items():
        path = folder / f"{source}.jsonl.zst"
        write_lines(folder, path, make_lines)
        overrides = [f"sources=[{source}]", f"source.{source}.paths=[{path}]", *settings]
        yield name, time_in_turns([path], overrides, folder / "corpus", repeats)


def main() -> None:
    """Measure every format and report."""
    parser = make_parser(__doc__, repeats=3)
    parser.add_argument("--records", type=int, default=1_000_000, help="posts and comments of the synthetic dump")
    parser.add_argument("--window", type=int, default=WINDOW, help="window of compression, as a power of 2 (bytes)")
    args = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        make_dump(args, folder, args.records)
        num_comments = sum(1 for _ in read_lines(folder / FILES["comments"]))
        passes = dict(time_formats(folder, args.repeats))
    rows = [[name, *row] for name, sides in passes.items() for row in speed_rows(sides, num_comments)]
    report_table(args, ["source", "side", "s", "CPU s", "records/s", "ours / it", "by CPU time"], rows, passes)


if __name__ == "__main__":
    main()
