"""What lies beside the tweets of an account's own archive: whose they are, and the complete texts of long ones.

`tweets.js` has only the beginning of a tweet of more than 280 characters. All of it is in `note-tweet.js`, under an id
of its own, so the two are matched by when they were written and how they begin.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from sandbox.errors import DataError
from training.sources.entities import decode_entities
from training.sources.times import parse_time
from training.sources.tweet_edits import list_replaced

JsonObject = Mapping[str, Any]

COMPANIONS = ("account.js", "profile.js", "note-tweet*.js")
"""Files of an archive that are read besides its tweets."""
BEGINNING = 100
"""Characters in which a tweet and its complete text agree; links further on are written in different ways."""
RECOGNISABLE = 40
"""Characters by which a text can be recognised if its time is unknown or another, as after an edit."""

SHORTEST_CUT = 100
"""A text of fewer characters that does not end in an ellipsis is complete, even if a long one begins like it."""

_ENDING = re.compile(r"\s*(?P<ellipsis>…|\.\.\.)?\s*(?:https?://t\.co/\w+)?\s*$")
_MENTIONS = re.compile(r"^(?:@\w+\s+)+")


class Note(NamedTuple):
    """The complete text of a long tweet."""

    id: str
    time: int | None
    """Unix seconds; None if it is not said."""
    text: str


class Notes:
    """All long tweets of an archive."""

    def __init__(self, notes: Sequence[Note]) -> None:
        self._by_id = {note.id: note for note in notes}
        self._by_second: dict[int | None, list[Note]] = {}
        self._by_beginning: dict[str, list[Note]] = {}
        for note in notes:
            self._by_second.setdefault(note.time, []).append(note)
            self._by_beginning.setdefault(_comparable(note.text)[:RECOGNISABLE], []).append(note)

    def complete(self, tweet: JsonObject) -> JsonObject:
        """Return a tweet with its complete text, as the API would give it; the same tweet if it is not a long one."""
        note = self._by_id.get(tweet_id(tweet)) or self._find_note(tweet)
        return tweet if note is None else {**tweet, "note_tweet": {"text": note.text}}

    def _find_note(self, tweet: JsonObject) -> Note | None:
        text = str(tweet.get("full_text") or tweet.get("text") or "")
        ending = _ENDING.search(text)
        if ending is None or (len(text) < SHORTEST_CUT and ending["ellipsis"] is None):
            return None
        beginning = _comparable(text[: ending.start()])
        return next(self._matching_notes(beginning, _parse_time(tweet.get("created_at"))), None)

    def _matching_notes(self, beginning: str, time: int | None) -> Iterator[Note]:
        """Yield notes that go on from `beginning`: first of the same second or the ones beside it, then of any time."""
        same_moment = [] if time is None else [*range(time, time + 2), time - 1]
        candidates = [note for second in same_moment for note in self._by_second.get(second, [])]
        if len(beginning) >= RECOGNISABLE:
            candidates += self._by_beginning.get(beginning[:RECOGNISABLE], [])
        head = beginning[:BEGINNING].partition("http")[0]
        for note in candidates:
            complete = _comparable(note.text)
            if head and complete.startswith(head) and len(complete) > len(beginning):
                yield note


def tweet_id(tweet: JsonObject) -> str:
    """Return the id of a tweet of an archive."""
    return str(tweet.get("id_str") or tweet.get("id"))


def find_replaced(tweets: Iterable[JsonObject]) -> frozenset[str]:
    """Return the ids of tweets of which a later version, after an edit, is among the tweets too."""
    versions = {tweet_id(tweet): _list_versions(tweet) for tweet in tweets}
    return list_replaced(versions.values(), versions)


def _list_versions(tweet: JsonObject) -> list[str]:
    """Return the ids of all versions of a tweet, the first version first; none for a tweet that cannot be edited."""
    edit = tweet.get("edit_info")
    first = (
        edit.get("initial") or (edit.get("edit") or {}).get("editControlInitial") if isinstance(edit, dict) else None
    )
    ids = first.get("editTweetIds") if isinstance(first, dict) else None
    return list(map(str, ids)) if isinstance(ids, list) else []


def find_owner(path: Path) -> JsonObject:
    """Return the account whose archive `path` is part of."""
    account, profile = (_read_first(path, name) for name in ("account", "profile"))
    name = account.get("username") or account.get("accountId")
    if not name:
        raise DataError(f"{path}: whose tweets are they? Put the archive's account.js, unchanged, beside them")
    return {"userscreenname": name, "bio": (profile.get("description") or {}).get("bio")}


def read_notes(path: Path) -> Notes:
    """Return the long tweets of the archive that `path` is part of; none if it has no file of them."""
    entries = (entry for file in sorted(path.parent.glob(COMPANIONS[2])) for entry in _read_entries(file, "noteTweet"))
    return Notes(
        [
            Note(str(entry.get("noteTweetId")), _parse_time(entry.get("createdAt")), text)
            for entry in entries
            if isinstance(text := (entry.get("core") or {}).get("text"), str)
        ]
    )


def list_companions(path: Path) -> list[Path]:
    """Return the other files of an archive on which its tweets depend; none for what is no archive."""
    if ".js" not in path.suffixes:
        return []
    return [file for pattern in COMPANIONS for file in sorted(path.parent.glob(pattern)) if file != path]


def _read_first(path: Path, name: str) -> JsonObject:
    """Return the one entry of another file of an archive; empty if there is none."""
    file = path.with_name(f"{name}.js")
    return next(_read_entries(file, name), {}) if file.exists() else {}


def _read_entries(file: Path, name: str) -> Iterator[JsonObject]:
    """Yield the objects that a file of an archive wraps in `name`."""
    raw = file.read_bytes()
    try:
        entries = msgspec.json.decode(raw[raw.index(b"[") :], type=list[dict[str, Any]])
    except (ValueError, msgspec.DecodeError) as error:
        raise DataError(f"{file} is not as it was in the archive: {error}") from error
    yield from (entry[name] for entry in entries if isinstance(entry.get(name), dict))


def _parse_time(text: Any) -> int | None:
    try:
        return parse_time(text) if isinstance(text, str) else None
    except (ValueError, OverflowError):
        return None


def _comparable(text: str) -> str:
    """Return a text as both files have it: without whom it answers at its beginning, and with single blanks."""
    return _MENTIONS.sub("", " ".join(decode_entities(text).split()))
