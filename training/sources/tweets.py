"""Files of tweets in the formats in which they are distributed, read field by field.

The first bytes of a file tell its format. One list of names (`tweet_fields.py`) serves all formats.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, starmap
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec
import polars as pl
import pyarrow as pa

from sandbox.errors import DataError
from training.sources.arrow_json import read_pieces
from training.sources.lines import JsonLines, name_columns, read_blocks, read_csv_rows, select_fields, split_pieces
from training.sources.source import Rejects
from training.sources.tweet_archive import Notes, find_owner, find_replaced, read_notes, tweet_id
from training.sources.tweet_edits import EDITED
from training.sources.tweet_fields import KNOWN_NAMES, NAMES, spell
from training.sources.twitter_api import OBJECTS, REFERENCE_KINDS, REFERENCES, build_schema, extract_tweets

JsonObject: TypeAlias = Mapping[str, Any]
CellLists: TypeAlias = dict[str, list[Any]]
"""For each field that some tweet has, what every tweet has there; None for nothing."""
TweetRow: TypeAlias = tuple[int, JsonObject, bool]
"""Line, tweet, and whether it was collected."""

NESTED = ("user", "author", "public_metrics", "note_tweet", "extended_tweet")
"""Objects within a tweet whose fields belong to it."""
API_FIELDS = {
    *("id", "id_str", "text", "full_text", "created_at", "lang", "author_id", "conversation_id", REFERENCES, *NESTED),
    *("in_reply_to_status_id", "in_reply_to_status_id_str", "retweet_count", "retweeted_status"),
}
"""The fields that are read of a tweet as either version of the API returns it."""
NOTICES = frozenset({"delete", "limit", "scrub_geo", "status_withheld", "user_withheld", "warning", "meta", "errors"})
"""What a line may hold instead of a tweet."""
WRAPPER = "tweet"
"""What an archive wraps a tweet in."""
RESPONSE_FIELDS = frozenset({"data", "includes"})
"""What a response of the API holds."""
LINE_FIELDS = API_FIELDS | NOTICES | RESPONSE_FIELDS
"""The fields that are read of a line."""
SENTIMENT140 = ("target", "id", "date", "flag", "user", "text")
"""Columns of the best-known dump without a header."""
EMPTY_CELLS = frozenset({"", "nan", "NaN", "None", "null", "NULL"})
"""What a CSV file has in place of nothing; in a tweet's text it is a word."""


class Tweets(NamedTuple):
    """Some tweets of a file."""

    lines: Sequence[int] | pl.Series
    cells: Mapping[str, list[Any] | pl.Series]
    is_collected: Sequence[bool] | pl.Series
    """For each tweet, whether it was collected; otherwise it is only there because another refers to it."""

    def row(self, index: int) -> JsonObject:
        """Return the fields that are read of one tweet."""
        return {name: cells[index] for name, cells in self.cells.items() if cells[index] is not None}


def read_tweets(path: Path, rejects: Rejects) -> Iterator[Tweets]:
    """Yield all tweets of a file, whatever its format, some at a time."""
    block = next(read_blocks(path), b"")
    head = block.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"{"):
        objects = list(_decode_lines(block))
        names = set(chain.from_iterable(objects))
        if not {name for name in names if spell(name) in KNOWN_NAMES} <= API_FIELDS:  # rare fields may come late
            yield from _read_json_lines(path, rejects)
        else:
            has_own_names = any(map(_has_own_names, objects))
            schema = None if has_own_names else build_schema({*LINE_FIELDS, WRAPPER}, "data" in names)
            yield from _read_api_lines(path, rejects, schema)
    elif head.startswith((b"[", b"window.")):
        owner, notes = (find_owner(path), read_notes(path)) if head.startswith(b"w") else ({}, Notes([]))
        yield from _read_array(path, rejects, owner, notes)
    else:
        header = head.partition(b"\n")[0]
        yield from _read_csv(path, rejects, "\t" if header.count(b"\t") > header.count(b",") else ",")


def _decode_lines(block: bytes) -> Iterator[JsonObject]:
    """Yield the objects of some lines."""
    for line in block.splitlines():
        try:
            yield msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue  # it is counted when the line is read


def _has_own_names(line: JsonObject) -> bool:
    """Return whether an object within a line has a known name other than the one that the API gives it."""
    included = _first_object(line.get("includes"))
    objects = [("author", user) for user in _list_objects(included.get("users"))]
    for tweet in (line, *_list_objects(line.get("data")), *_list_objects(included.get("tweets"))):
        nested = ((outer, inner) for outer in NESTED for inner in _list_objects(tweet.get(outer)))
        objects += [("", tweet), *nested]
    return any(
        spell(outer + name) in KNOWN_NAMES and name not in (OBJECTS.get(outer, ()) if outer else API_FIELDS)
        for outer, names in objects
        for name in names
    )


def _read_api_lines(path: Path, rejects: Rejects, schema: pa.Schema | None) -> Iterator[Tweets]:
    """Yield tweets of lines with the API's own names, of which no other fields are decoded.

    Args:
        path: The file.
        rejects: Receives bad lines.
        schema: Types with which whole pieces can be read at once; None: they cannot.
    """
    kind, attributes = select_fields(sorted(LINE_FIELDS), None)
    for piece in read_pieces(path, schema):
        if (tweets := extract_tweets(piece)) is not None:
            yield from starmap(Tweets, tweets)
            continue
        for lines, objects in JsonLines(kind).decode_blocks(piece.blocks, rejects, piece.first_line):
            columns = {name: list(map(attrgetter(attribute), objects)) for name, attribute in attributes.items()}
            present = {name: column for name, column in columns.items() if column.count(None) < len(column)}
            yield from _tweets_of_columns(lines, present)


def _tweets_of_columns(lines: Sequence[int], columns: Mapping[str, list[Any]]) -> Iterator[Tweets]:
    """Yield tweets whose fields come as columns; row by row if there are responses or notices among them."""
    if columns.keys().isdisjoint(NOTICES | RESPONSE_FIELDS):
        yield Tweets(lines, _build_cells(columns, columns.__getitem__), [True] * len(lines))
    else:
        rows = ({name: cells[index] for name, cells in columns.items()} for index in range(len(lines)))
        yield from map(_tweets_of_rows, split_pieces(chain.from_iterable(map(_unpack_line, lines, rows))))


def _read_json_lines(path: Path, rejects: Rejects) -> Iterator[Tweets]:
    """Yield tweets of lines with names of their own."""
    for lines, objects in JsonLines(dict[str, Any]).decode_blocks(read_blocks(path), rejects):
        yield from map(_tweets_of_rows, split_pieces(chain.from_iterable(map(_unpack_line, lines, objects))))


def _unpack_line(number: int, line: JsonObject) -> Iterator[TweetRow]:
    """Yield the tweets of a line: those of a response, or the one that it is; none of a notice."""
    if _list_objects(line.get("data")):
        yield from _unpack_response(line, number)
    elif all(line.get(name) is None for name in NOTICES):
        yield number, _unwrap(line), True


def _unpack_response(response: JsonObject, number: int) -> Iterator[TweetRow]:
    """Yield the tweets of a response of the API, each with its author."""
    included = _first_object(response.get("includes"))
    users = {str(user.get("id")): user for user in _list_objects(included.get("users"))}
    for is_collected, tweets in ((True, response["data"]), (False, included.get("tweets"))):
        for tweet in _list_objects(tweets):
            author = users.get(str(tweet.get("author_id")), {})
            yield number, {**_unwrap(tweet), "author": author}, is_collected


def _unwrap(tweet: JsonObject) -> JsonObject:
    """Return a tweet that may be wrapped once more, as in archives."""
    return _first_object(tweet.get(WRAPPER)) or tweet


def _read_array(path: Path, rejects: Rejects, owner: JsonObject, notes: Notes) -> Iterator[Tweets]:
    """Yield the tweets of an archive, all of which are its owner's, the long ones complete.

    Versions that were edited later are only there to be answered.
    """
    raw = b"".join(read_blocks(path))
    try:
        entries = msgspec.json.decode(raw[raw.index(b"[") : raw.rindex(b"]") + 1], type=list[Any])
    except (ValueError, msgspec.DecodeError) as error:
        rejects.add(1, f"no list of tweets: {error}", raw[:200])
        return
    replaced = find_replaced(_unwrap(entry) for entry in entries if isinstance(entry, dict))
    for piece in split_pieces(enumerate(entries, 1)):
        objects: list[tuple[int, JsonObject]] = []
        for number, entry in piece:
            tweet = _unwrap(entry) if isinstance(entry, dict) else None
            if tweet is None or tweet.get("deleted_at"):
                rejects.add(number, "no tweet" if tweet is None else "a tweet that its author deleted", str(entry))
            else:
                objects.append((number, tweet))
        tweets = _tweets_of_rows(
            (number, notes.complete(tweet), tweet_id(tweet) not in replaced) for number, tweet in objects
        )
        rejects.set_aside[EDITED] += len(tweets.lines) - sum(tweets.is_collected)
        owner_cells = {name: [value] * len(tweets.lines) for name, value in owner.items()}
        yield tweets._replace(cells={**tweets.cells, **owner_cells})


def _read_csv(path: Path, rejects: Rejects, delimiter: str) -> Iterator[Tweets]:
    rows = read_csv_rows(path, rejects, delimiter)
    if (first := next(rows, None)) is None:
        return
    names = [spell(name) for name in first[1]]
    if len(names) == len(SENTIMENT140) and first[1][1].isdigit():
        names, rows = list(SENTIMENT140), chain([first], rows)
    elif missing := [field for field in ("user", "text") if not set(NAMES[field]) & set(names)]:
        raise DataError(
            f"{path}: no column has the {' or the '.join(missing)} of a tweet; found {', '.join(first[1])[:200]}; "
            "use sources=[table], where you say what your columns mean"
        )
    for piece in split_pieces(name_columns(rows, names, rejects)):
        yield _tweets_of_rows((number, _drop_empty_cells(row), True) for number, row in piece)


def _drop_empty_cells(row: JsonObject) -> JsonObject:
    return {name: cell for name, cell in row.items() if cell not in EMPTY_CELLS or name in NAMES["text"]}


def _tweets_of_rows(tweet_rows: Iterable[TweetRow]) -> Tweets:
    """Return tweets that come row by row."""
    listing = list(tweet_rows)
    lines, rows, is_collected = zip(*listing, strict=True) if listing else ((), (), ())
    return Tweets(lines, _build_cells(_all_names(rows), lambda name: [row.get(name) for row in rows]), is_collected)


def _build_cells(names: Collection[str], column: Callable[[str], list[Any]]) -> CellLists:
    """Return the fields that are read: a tweet's own, those of its objects, and the ids of what it refers to."""
    cells: CellLists = {}
    _add_known_columns(cells, names, column)
    for outer in NESTED:
        if outer in names:
            objects = [cell if isinstance(cell, dict) else {} for cell in column(outer)]
            inner_column = lambda name, objects=objects: [inner.get(name) for inner in objects]  # noqa: E731
            _add_known_columns(cells, _all_names(objects), inner_column, outer)
    if REFERENCES in names:
        references = column(REFERENCES)
        for name, kind in REFERENCE_KINDS.items():
            _add_column(cells, name, [_referenced_id(cell, kind) if cell else None for cell in references])
    return cells


def _add_known_columns(
    cells: CellLists, names: Iterable[str], column: Callable[[str], list[Any]], outer: str = ""
) -> None:
    for name in names:
        if (spelling := spell(outer + name)) in KNOWN_NAMES:
            _add_column(cells, spelling, column(name))


def _add_column(cells: CellLists, name: str, values: list[Any]) -> None:
    """Add a column; if there is one of that name, the later value counts if it says anything."""
    if before := cells.get(name):
        values = [old if new is None else new for old, new in zip(before, values, strict=True)]
    cells[name] = values


def _referenced_id(references: Any, kind: str) -> Any:
    """Return the id of the tweet that is referred to in this way."""
    for reference in references if isinstance(references, list) else [references]:
        if isinstance(reference, dict) and reference.get("type") == kind:
            return reference.get("id")
    return None


def _all_names(rows: Iterable[JsonObject]) -> dict[str, None]:
    """Return all names of their fields, in the order in which they appear."""
    return dict.fromkeys(chain.from_iterable(rows))


def _list_objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects in what should be one, or a list of them."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _first_object(value: Any) -> dict[str, Any]:
    return next(iter(_list_objects(value)), {})
