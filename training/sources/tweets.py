"""Files of tweets in the formats in which they are handed on, read field by field.

What a file shows in its first bytes says its format. A field's name is spelt in small letters and without signs
(`user.screen_name` is `userscreenname`), so that one list of names, `NAMES`, serves all formats.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, starmap
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec
import polars as pl
import pyarrow as pa

from sandbox.errors import DataError
from training.sources.bare import OBJECTS, REFERENCES, REFERRED, schema_of, tweets_in
from training.sources.lines import JsonLines, blocks, csv_rows, in_pieces, named, picked
from training.sources.source import Rejects
from training.sources.typed import pieces

Row: TypeAlias = Mapping[str, Any]
Cells: TypeAlias = dict[str, list[Any]]
"""Of each field that some tweet has, what every tweet has there; None for nothing."""
Found: TypeAlias = tuple[int, Row, bool]
"""Line, tweet, and whether it was collected."""

NAMES = {
    field: names.split()
    for field, names in {
        "user": "userscreenname userusername authorusername screenname username handle authorid useridstr userid user "
        "author name",
        "text": "notetweettext extendedtweetfulltext fulltext tweettext text tweet rawcontent content body",
        "time": "createdat tweettime tweetcreated tweetcreatedat tweetdate date datetime timestamp time",
        "id": "idstr tweetid statusid id ids",
        "item": "inreplytostatusidstr inreplytostatusid inreplytotweetid inresponsetotweetid "
        "referencedtweetsrepliedtoid",
        "thread": "conversationidstr conversationid",
        "votes": "publicmetricsretweetcount retweetcount retweetscount retweets nretweets",
        "bio": "bio userdescription authordescription userrawdescription userprofiledescription userbio description",
        "lang": "lang language tweetlanguage",
        "is_rt": "isretweet isrt",
        "original": "retweetedstatus retweetedtweet referencedtweetsretweetedid retweetedstatusidstr "
        "retweetedstatusid retweettweetid retweetid",
    }.items()
}
"""What a tweet's fields are called; of several the first that says anything counts."""
WANTED = frozenset(chain.from_iterable(NAMES.values()))
NESTED = ("user", "author", "public_metrics", "note_tweet", "extended_tweet")
"""Objects within a tweet whose fields belong to it."""
OF_THE_API = {
    *("id", "id_str", "text", "full_text", "created_at", "lang", "author_id", "conversation_id", REFERENCES, *NESTED),
    *("in_reply_to_status_id", "in_reply_to_status_id_str", "retweet_count", "retweeted_status"),
}
"""What is looked at of a tweet as either version of the API hands it out."""
NOTICES = frozenset({"delete", "limit", "scrub_geo", "status_withheld", "user_withheld", "warning", "meta", "errors"})
"""What a line may hold instead of a tweet."""
WRAPPER = "tweet"
"""What an archive wraps a tweet in."""
PAGE = frozenset({"data", "includes"})
"""What an answer of the API holds."""
LOOKED_AT = OF_THE_API | NOTICES | PAGE
"""What is looked at of a line."""
SENTIMENT140 = ("target", "id", "date", "flag", "user", "text")
"""Columns of the best-known dump without a header."""
EMPTY = frozenset({"", "nan", "NaN", "None", "null", "NULL"})
"""What stands in a CSV file where there is nothing; in a tweet's text it is a word."""


class Tweets(NamedTuple):
    """Some tweets of a file."""

    lines: Sequence[int] | pl.Series
    cells: Mapping[str, list[Any] | pl.Series]
    collected: Sequence[bool] | pl.Series
    """Whether each was collected, rather than is there only because another points at it."""

    def row(self, place: int) -> Row:
        """What is looked at of one tweet."""
        return {name: cells[place] for name, cells in self.cells.items() if cells[place] is not None}


def tweets(path: Path, rejects: Rejects) -> Iterator[Tweets]:
    """All tweets of a file, whatever its format, some at a time."""
    block = next(blocks(path), b"")
    head = block.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"{"):
        some = list(_read(block))
        names = set(chain.from_iterable(some))
        if not {name for name in names if spelt(name) in WANTED} <= OF_THE_API:  # rare ones may come late
            yield from _json_lines(path, rejects)
        else:
            typed = None if any(map(_is_spelt_otherwise, some)) else schema_of({*LOOKED_AT, WRAPPER}, "data" in names)
            yield from _of_the_api(path, rejects, typed)
    elif head.startswith((b"[", b"window.")):
        yield from _array(path, rejects, owner_of(path) if head.startswith(b"w") else {})
    else:
        top = head.partition(b"\n")[0]
        yield from _csv(path, rejects, "\t" if top.count(b"\t") > top.count(b",") else ",")


def owner_of(path: Path) -> Row:
    """The account whose archive lies around `path`."""
    account, profile = (_beside(path, name) for name in ("account", "profile"))
    name = account.get("username") or account.get("accountId")
    if not name:
        raise DataError(f"{path}: whose tweets are they? Put the archive's account.js beside them, as it is there")
    return {"userscreenname": name, "bio": (profile.get("description") or {}).get("bio")}


@lru_cache(maxsize=4096)
def spelt(name: str) -> str:
    """A field's name in small letters, without signs."""
    return re.sub(r"[\W_]", "", name.lower())


def _read(block: bytes) -> Iterator[Row]:
    """Objects of some lines."""
    for line in block.splitlines():
        try:
            yield msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue  # whoever reads the line counts it


def _is_spelt_otherwise(line: Row) -> bool:
    """Whether an object within a line has a name that is looked at, but not the one that the API gives it."""
    included = _first(line.get("includes"))
    inner = [("author", user) for user in _objects(included.get("users"))]
    for tweet in (line, *_objects(line.get("data")), *_objects(included.get("tweets"))):
        inner += [("", tweet), *((outer, one) for outer in NESTED for one in _objects(tweet.get(outer)))]
    return any(
        spelt(outer + name) in WANTED and name not in (OBJECTS.get(outer, ()) if outer else OF_THE_API)
        for outer, one in inner
        for name in one
    )


def _of_the_api(path: Path, rejects: Rejects, typed: pa.Schema | None) -> Iterator[Tweets]:
    """Lines with the API's own names, of which no other fields are decoded; at once, where they are of these types."""
    kind, slots = picked(sorted(LOOKED_AT), None)
    for piece in pieces(path, typed):
        if (some := tweets_in(piece)) is not None:
            yield from starmap(Tweets, some)
            continue
        for lines, found in JsonLines(kind).numbered(piece.blocks, rejects, piece.first):
            columns = {name: list(map(attrgetter(slot), found)) for name, slot in slots.items()}
            yield from _of_columns(lines, {name: one for name, one in columns.items() if one.count(None) < len(one)})


def _of_columns(lines: Sequence[int], known: Mapping[str, list[Any]]) -> Iterator[Tweets]:
    """Tweets whose fields come as columns; where there are answers or notices among them, row by row."""
    if known.keys().isdisjoint(NOTICES | PAGE):
        yield Tweets(lines, _cells(known, known.__getitem__), [True] * len(lines))
    else:
        rows = ({name: cells[place] for name, cells in known.items()} for place in range(len(lines)))
        yield from map(_together, in_pieces(chain.from_iterable(map(_of_page, lines, rows))))


def _json_lines(path: Path, rejects: Rejects) -> Iterator[Tweets]:
    """Lines with names of their own."""
    for lines, found in JsonLines(dict[str, Any]).numbered(blocks(path), rejects):
        yield from map(_together, in_pieces(chain.from_iterable(map(_of_page, lines, found))))


def _of_page(number: int, page: Row) -> Iterator[Found]:
    """Tweets of a line: of an answer of the API, or the one that it is; none of a notice."""
    if _objects(page.get("data")):
        yield from _answer(page, number)
    elif all(page.get(name) is None for name in NOTICES):
        yield number, _unwrapped(page), True


def _answer(page: Row, number: int) -> Iterator[Found]:
    """Tweets of an answer of the API, each with its author."""
    included = _first(page.get("includes"))
    users = {str(user.get("id")): user for user in _objects(included.get("users"))}
    for name, some in (("data", page["data"]), ("includes", included.get("tweets"))):
        for tweet in _objects(some):
            author = users.get(str(tweet.get("author_id")), {})
            yield number, {**_unwrapped(tweet), "author": author}, name == "data"


def _unwrapped(tweet: Row) -> Row:
    """A tweet that may be wrapped once more, as archives have it."""
    return _first(tweet.get(WRAPPER)) or tweet


def _array(path: Path, rejects: Rejects, owner: Row) -> Iterator[Tweets]:
    """Tweets of an archive, all of which are its owner's."""
    raw = b"".join(blocks(path))
    try:
        found = msgspec.json.decode(raw[raw.index(b"[") : raw.rindex(b"]") + 1], type=list[Any])
    except (ValueError, msgspec.DecodeError) as error:
        rejects.add(1, f"no list of tweets: {error}", raw[:200])
        return
    for some in in_pieces(enumerate(found, 1)):
        for number, one in some:
            if not isinstance(one, dict):
                rejects.add(number, "no tweet", str(one))
        mine = _together((number, _unwrapped(one), True) for number, one in some if isinstance(one, dict))
        yield mine._replace(cells={**mine.cells, **{name: [one] * len(mine.lines) for name, one in owner.items()}})


def _beside(path: Path, name: str) -> dict[str, Any]:
    """The one entry of another file of an archive; empty where there is none."""
    other = path.with_name(f"{name}.js")
    raw = other.read_bytes() if other.exists() else b"[]"
    try:
        entries = _objects(msgspec.json.decode(raw[raw.index(b"[") :]))
    except (ValueError, msgspec.DecodeError) as error:
        raise DataError(f"{other} is not as the archive had it: {error}") from error
    return next((one[name] for one in entries if isinstance(one.get(name), dict)), {})


def _csv(path: Path, rejects: Rejects, delimiter: str) -> Iterator[Tweets]:
    rows = csv_rows(path, rejects, delimiter)
    if (first := next(rows, None)) is None:
        return
    names = [spelt(name) for name in first[1]]
    if len(names) == len(SENTIMENT140) and first[1][1].isdigit():
        names, rows = list(SENTIMENT140), chain([first], rows)
    elif lacking := [field for field in ("user", "text") if not set(NAMES[field]) & set(names)]:
        raise DataError(
            f"{path}: no column says the {' or the '.join(lacking)} of a tweet; found {', '.join(first[1])[:200]}; "
            "use sources=[table], where you say what your columns mean"
        )
    for some in in_pieces(named(rows, names, rejects)):
        yield _together((number, _filled(row), True) for number, row in some)


def _filled(row: Row) -> Row:
    return {name: one for name, one in row.items() if one not in EMPTY or name in NAMES["text"]}


def _together(found: Iterable[Found]) -> Tweets:
    """Tweets that come as whole rows."""
    known = list(found)
    lines, rows, collected = zip(*known, strict=True) if known else ((), (), ())
    return Tweets(lines, _cells(_all_names(rows), lambda name: [row.get(name) for row in rows]), collected)


def _cells(names: Collection[str], column: Callable[[str], list[Any]]) -> Cells:
    """The fields that are looked at: a tweet's own, those of its objects, and the ids of what it refers to."""
    cells: Cells = {}
    _add(cells, names, column)
    for outer in NESTED:
        if outer in names:
            inner = [one if isinstance(one, dict) else {} for one in column(outer)]
            _add(cells, _all_names(inner), lambda name, inner=inner: [one.get(name) for one in inner], outer)
    if REFERENCES in names:
        others = column(REFERENCES)
        for name, kind in REFERRED.items():
            _put(cells, name, [_id_of(some, kind) if some else None for some in others])
    return cells


def _add(cells: Cells, names: Iterable[str], column: Callable[[str], list[Any]], outer: str = "") -> None:
    for name in names:
        if (known := spelt(outer + name)) in WANTED:
            _put(cells, known, column(name))


def _put(cells: Cells, name: str, found: list[Any]) -> None:
    """Add a column; where there is one, the later counts if it says anything."""
    if before := cells.get(name):
        found = [old if new is None else new for old, new in zip(before, found, strict=True)]
    cells[name] = found


def _id_of(others: Any, kind: str) -> Any:
    """Id of the tweet that one refers to in this way."""
    for one in others if isinstance(others, list) else [others]:
        if isinstance(one, dict) and one.get("type") == kind:
            return one.get("id")
    return None


def _all_names(rows: Iterable[Row]) -> dict[str, None]:
    """All names of their fields, in the order in which they are met."""
    return dict.fromkeys(chain.from_iterable(rows))


def _objects(found: Any) -> list[dict[str, Any]]:
    """The objects in what should be one, or a list of them."""
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]


def _first(found: Any) -> dict[str, Any]:
    return next(iter(_objects(found)), {})
