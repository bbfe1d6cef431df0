"""Twitter, now X: an account's own archive (`tweets.js`), the API's answers and tweets as JSON lines, and CSV dumps.

What a file is shows in its first bytes. Every tweet becomes one flat row whose names are written in small letters and
without signs (`user.screen_name` is `userscreenname`), so that one list of names, `NAMES`, serves all formats.
"""

import html
import re
from calendar import timegm
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_tz
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeAlias

import msgspec
import polars as pl
from pydantic import Field

from sandbox.errors import DataError
from training.record import ITEM, RECORD, frame
from training.sources.lines import blocks, csv_rows, in_pieces, lines, named
from training.sources.source import Rejects, Source, moment, paths_of, whole

Row: TypeAlias = Mapping[str, Any]

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
"""What a tweet's fields are called, in flat rows; of several the first that is there counts."""
NESTED = ("user", "author", "public_metrics", "note_tweet", "extended_tweet")
"""Objects within a tweet whose fields belong to its row."""
SENTIMENT140 = ("target", "id", "date", "flag", "user", "text")
"""Columns of the best-known dump without a header."""
NOTICES = frozenset({"delete", "limit", "scrub_geo", "status_withheld", "user_withheld", "warning", "meta", "errors"})
"""What a line may hold instead of a tweet."""
EMPTY = frozenset({"", "nan", "NaN", "None", "null", "NULL"})
"""What stands in a CSV file where there is nothing; in a tweet's text it is a word."""
MILLISECONDS = 10**11
"""Greater times are no seconds."""


class Found(NamedTuple):
    """A tweet as its file has it."""

    line: int
    row: Row
    is_collected: bool = True
    """Else it is there only because another tweet points at it."""


class Twitter(Source):
    """Settings: the files."""

    platform: ClassVar[str] = "microblog"

    paths: list[str] = Field(min_length=1)
    """Paths or globs of files of any of the formats, .gz and .zst too; `account.js` must lie beside a `tweets.js`."""

    def files(self) -> Sequence[Path]:
        """All files that are named."""
        return paths_of(self.paths, Path(), f"source.{self.name}.paths")

    def read(self, path: Path, rejects: Rejects) -> Iterator[tuple[str, pl.DataFrame]]:
        """Tweets as records, replies as comments; all can be answered, so all are items too."""
        label = self.label(path)
        for some in in_pieces(tweets(path, rejects)):
            items: list[dict[str, Any]] = []
            records: list[dict[str, Any]] = []
            for line, row, is_collected in some:
                try:
                    items.append(record(row, f"{label}/{line}"))
                except (ValueError, OverflowError) as error:
                    rejects.add(line, str(error), str(dict(row)))
                else:
                    records += items[-1:] if is_collected else []
            yield "record", self._frame(RECORD, records)
            yield "item", self._frame(ITEM, items)

    def _frame(self, schema: dict[str, pl.DataType], rows: Sequence[Row]) -> pl.DataFrame:
        columns = {name: [row[name] for row in rows] for name in schema if rows and name in rows[0]}
        return frame(schema, {**columns, "source": self.name})


def record(row: Row, name: str) -> dict[str, Any]:
    """One tweet's columns; `name` is its id if it has none. Raises `ValueError` where it cannot be one."""
    names = names_of(tuple(row))
    said = {field: value(row, names[field]) for field in NAMES}
    user, text, item, votes = (said[field] for field in ("user", "text", "item", "votes"))
    if not (user and text):
        raise ValueError(f"no {'text' if user else 'user'}")
    is_retweet = said["is_rt"].lower() in ("true", "1") or any(row[one] for one in names["original"])
    marks = {"is_rt": is_retweet, "lang": said["lang"], "bio": said["bio"]}
    known = {field: found for field, found in marks.items() if found}
    return {
        "platform": Twitter.platform,
        "user": user,
        "time": seconds(said["time"]),
        "kind": "comment" if item else "post",
        "id": said["id"] or name,
        "item": item.removesuffix(".0"),
        "thread": said["thread"] or item.removesuffix(".0") or said["id"] or name,
        "text": html.unescape(text),
        "votes": whole(float(votes)) if votes else None,
        "extra": msgspec.json.encode(known).decode() if known else "",
    }


@lru_cache(maxsize=4096)
def names_of(names: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Which names of a row say each field, the one that counts first; rows of a file mostly have the same names."""
    return {field: tuple(one for one in known if one in names) for field, known in NAMES.items()}


def value(row: Row, names: Sequence[str]) -> str:
    """What the first of these names that says anything says; "" for nothing."""
    for name in names:
        found = row[name]
        if found not in (None, "") and not isinstance(found, dict | list):
            return str(found)
    return ""


def seconds(found: str) -> int | None:
    """Unix seconds from ISO 8601, Twitter's own `Wed Aug 27 13:08:45 +0000 2008`, or unix seconds or milliseconds."""
    if not found:
        return None
    if re.fullmatch(r"\d+(?:\.\d+)?", found):
        return moment(float(found) / (1000 if float(found) > MILLISECONDS else 1))
    try:
        when = datetime.fromisoformat(found.removesuffix(" UTC"))
    except ValueError:
        parts = parsedate_tz(found)
        if parts is None:
            raise ValueError(f"time is {found!r}") from None
        return moment(timegm(parts[:9]) - (parts[9] or 0))
    return moment((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


def tweets(path: Path, rejects: Rejects) -> Iterator[Found]:
    """All tweets of a file, whatever its format."""
    head = next(blocks(path), b"").removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"{"):
        yield from _json_lines(path, rejects)
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


def flat(tweet: Row) -> Row:
    """A tweet, in an archive wrapped once more, with the fields of its objects and the ids of what it refers to."""
    tweet = _first(tweet.get("tweet")) or tweet
    row = {spelt(name): found for name, found in tweet.items()}
    for name in NESTED:
        inner = tweet.get(name)
        if isinstance(inner, dict):
            row |= {spelt(name + key): found for key, found in inner.items()}
    for other in _objects(tweet.get("referenced_tweets")):
        row[spelt(f"referenced_tweets_{other.get('type')}_id")] = other.get("id")
    return row


@lru_cache(maxsize=4096)
def spelt(name: str) -> str:
    """A field's name in small letters, without signs."""
    return re.sub(r"[\W_]", "", name.lower())


def _objects(found: Any) -> list[dict[str, Any]]:
    """The objects in what should be one, or a list of them."""
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]


def _first(found: Any) -> dict[str, Any]:
    return next(iter(_objects(found)), {})


def _json_lines(path: Path, rejects: Rejects) -> Iterator[Found]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    for number, line in lines(path):
        try:
            page = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            rejects.add(number, str(error), line)
            continue
        if _objects(page.get("data")):
            yield from _answer(page, number)
        elif page.keys().isdisjoint(NOTICES):
            yield Found(number, flat(page))


def _answer(page: Row, number: int) -> Iterator[Found]:
    """Tweets of an answer of the API, each with its author."""
    included = _first(page.get("includes"))
    users = {str(user.get("id")): user for user in _objects(included.get("users"))}
    for name, some in (("data", page["data"]), ("includes", included.get("tweets"))):
        for tweet in _objects(some):
            author = users.get(str(tweet.get("author_id")), {})
            yield Found(number, flat({**tweet, "author": author}), name == "data")


def _array(path: Path, rejects: Rejects, owner: Row) -> Iterator[Found]:
    raw = b"".join(blocks(path))
    try:
        found = msgspec.json.decode(raw[raw.index(b"[") : raw.rindex(b"]") + 1], type=list[Any])
    except (ValueError, msgspec.DecodeError) as error:
        rejects.add(1, f"no list of tweets: {error}", raw[:200])
        return
    for number, one in enumerate(found, 1):
        if isinstance(one, dict):
            yield Found(number, {**flat(one), **owner})
        else:
            rejects.add(number, "no tweet", str(one))


def _beside(path: Path, name: str) -> dict[str, Any]:
    """The one entry of another file of an archive; empty where there is none."""
    other = path.with_name(f"{name}.js")
    raw = other.read_bytes() if other.exists() else b"[]"
    try:
        entries = _objects(msgspec.json.decode(raw[raw.index(b"[") :]))
    except (ValueError, msgspec.DecodeError) as error:
        raise DataError(f"{other} is not as the archive had it: {error}") from error
    return next((one[name] for one in entries if isinstance(one.get(name), dict)), {})


def _csv(path: Path, rejects: Rejects, delimiter: str) -> Iterator[Found]:
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
    for number, row in named(rows, names, rejects):
        yield Found(number, {name: one for name, one in row.items() if one not in EMPTY or name in NAMES["text"]})
