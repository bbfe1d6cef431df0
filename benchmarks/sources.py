"""Sources other than Reddit's, each against decoding its lines: `twitter` on tweets and answers, `table` on JSON lines.

Claim: the stages `read` and `filter` together have at least half the speed of only decompressing and decoding the same
file with the fastest well-kept decoder.

    python -m benchmarks.sources
    python -m benchmarks.sources --records 50000 --repeats 1    # a glance

The texts, users and times are those of made-up comments (`logs.py`), cut to 280 characters; the tweets have the keys
that version 2 of the API gives where all public `tweet.fields` are asked for. Sides take turns in one process, as in
`corpus.py`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeAlias

import zstandard

from benchmarks.common import parser, report
from benchmarks.corpus import Timed, in_turns, lines_of, make_dump, speed_rows
from benchmarks.logs import FILES, WINDOW

LENGTH = 280
"""Characters of a tweet at most."""
AN_ANSWER = 100
"""Tweets in an answer at most, as the API has it for searches."""
Comment: TypeAlias = Mapping[str, Any]
Line: TypeAlias = dict[str, Any]


def tweet(one: Comment, number: int) -> Line:
    """A comment as the API's version 2 would hand out a tweet; every second one answers somebody."""
    made: Line = {
        "author_id": one["author_fullname"],
        "context_annotations": [],
        "conversation_id": one["link_id"],
        "created_at": f"{datetime.fromtimestamp(one['created_utc'], UTC):%Y-%m-%dT%H:%M:%S}.000Z",
        "edit_history_tweet_ids": [one["id"]],
        "edit_controls": {"edits_remaining": 5, "is_edit_eligible": True, "editable_until": "2022-01-01T00:30:00.000Z"},
        "id": one["id"],
        "lang": "en",
        "possibly_sensitive": False,
        "public_metrics": {
            **{"retweet_count": one["score"], "reply_count": 0, "like_count": one["score"], "quote_count": 0},
            **{"bookmark_count": 0, "impression_count": 10 * one["score"]},
        },
        "reply_settings": "everyone",
        "text": one["body"][:LENGTH],
    }
    if number % 2:
        made["in_reply_to_user_id"] = one["subreddit_id"]
        made["referenced_tweets"] = [{"type": "replied_to", "id": one["parent_id"]}]
        mention = {"start": 0, "end": 8, "username": one["subreddit"], "id": one["subreddit_id"]}
        made["entities"] = {"mentions": [mention], "annotations": [], "urls": []}
    return made


def tweets(comments: Iterable[Comment]) -> Iterator[Line]:
    """One a line."""
    return (tweet(one, number) for number, one in enumerate(comments))


def answers(comments: Iterable[Comment]) -> Iterator[Line]:
    """So many a line, with their authors, as the API answers."""
    left = tweets(comments)
    while some := list(islice(left, AN_ANSWER)):
        names = {one["author_id"] for one in some}
        users = [{"id": name, "username": name, "name": name, "description": "Just me."} for name in sorted(names)]
        yield {"data": some, "includes": {"users": users}, "meta": {"result_count": len(some)}}


def rows(comments: Iterable[Comment]) -> Iterator[Line]:
    """Of a table with eight columns, as academic sets have them."""
    for number, one in enumerate(comments):
        named = {"id": one["id"], "user": one["author"], "time": one["created_utc"], "place": one["subreddit"]}
        yield {**named, "thread": one["link_id"], "text": one["body"][:LENGTH], "votes": one["score"], "row": number}


class Format(NamedTuple):
    """How a source's lines are made up, and its settings."""

    source: str
    lines: Callable[[Iterable[Comment]], Iterator[Line]]
    settings: Sequence[str] = ()


TABLE = "{id: id, place: place, thread: thread, votes: votes}"
FORMATS = {
    "twitter, tweets": Format("twitter", tweets),
    "twitter, answers": Format("twitter", answers),
    "table": Format("table", rows, ["source.table.kind_of_platform=forum", f"+source.table.columns={TABLE}"]),
}


def written(dump: Path, path: Path, shaped: Callable[[Iterable[Comment]], Iterator[Line]]) -> None:
    """Comments of a dump, in another shape."""
    with path.open("wb") as raw, zstandard.ZstdCompressor(3).stream_writer(raw) as file:
        for line in shaped(map(json.loads, lines_of(dump / FILES["comments"]))):
            file.write(json.dumps(line).encode() + b"\n")


def measured(folder: Path, repeats: int) -> Iterator[tuple[str, dict[str, list[Timed]]]]:
    """Passes of each side, format by format."""
    for name, (source, shaped, settings) in FORMATS.items():
        path = folder / f"{source}.jsonl.zst"
        written(folder, path, shaped)
        named = [f"sources=[{source}]", f"source.{source}.paths=[{path}]", *settings]
        yield name, in_turns([path], named, folder / "corpus", repeats)


def main() -> None:
    """Measure every format and report."""
    options = parser(__doc__, repeats=3)
    options.add_argument("--records", type=int, default=1_000_000, help="posts and comments of the made-up dump")
    options.add_argument("--window", type=int, default=WINDOW, help="of its compression, as a power of 2 (bytes)")
    args = options.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        make_dump(args, folder, args.records)
        number = sum(1 for _ in lines_of(folder / FILES["comments"]))
        found = dict(measured(folder, args.repeats))
    rows = [[source, *row] for source, sides in found.items() for row in speed_rows(sides, number)]
    report(args, ["source", "side", "s", "CPU s", "records/s", "ours / it", "by CPU time"], rows, found)


if __name__ == "__main__":
    main()
