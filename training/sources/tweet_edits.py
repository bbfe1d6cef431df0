"""Edited tweets in what the API returns: every version has an id of its own, and lists those of the versions before it.

Several versions of one tweet are one tweet, so only the newest version in a file is a record. A version that was
collected before an edit does not know of it, so the lists of all tweets of a file are needed before the first is read.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from training.sources.lines import read_blocks

EDITED = "an older version of an edited tweet"
"""What versions are counted as that a newer version in the same file replaces."""
_FIELD = re.compile(rb"(?i)edit_?(?:history_?)?tweet_?ids")
"""The name of the list in both versions of the API, in what scrapers store and as a column of a table."""
_NAMED_LIST = re.compile(rb'(?i)edit_?(?:history_?)?tweet_?ids"\s*:\s*\[([^\]]*,[^\]]*)\]')
_LIST = re.compile(rb"\[((?:[\s\"']*\d{10,20}[\s\"']*,?){2,})\]")
"""A list of several ids in the cell of a table, as JSON or as Python writes it."""
_ID = re.compile(rb"\d+")


def read_histories(path: Path) -> set[tuple[str, ...]]:
    """Return the ids of all versions, the first version first, of each tweet of a file that has several.

    The file is read to its end only if its beginning has the list's name, which the API gives every tweet.
    """
    histories, pattern = set[tuple[str, ...]](), None
    for block in read_blocks(path):
        if pattern is None:
            if not _FIELD.search(block):
                return set()
            head = block.removeprefix(b"\xef\xbb\xbf").lstrip()
            pattern = _NAMED_LIST if head.startswith((b"{", b"[", b"window.")) else _LIST
        histories |= _find_lists(pattern, block)
    return histories


def _find_lists(pattern: re.Pattern[bytes], block: bytes) -> set[tuple[str, ...]]:
    lists = (tuple(number.decode() for number in _ID.findall(match[1])) for match in pattern.finditer(block))
    return {ids for ids in lists if len(ids) > 1}


def list_replaced(histories: Iterable[Sequence[str]], ids: Collection[str]) -> frozenset[str]:
    """Return the ids of versions of which a later one is there.

    Args:
        histories: The ids of all versions of a tweet, the first version first; of the same tweet there may be several
            lists, since an older one is shorter.
        ids: Those of the tweets that are there; a set, for long files.
    """
    replaced: set[str] = set()
    for history in histories:
        last = max((place for place, name in enumerate(history) if name in ids), default=0)
        replaced.update(history[:last])
    return frozenset(replaced)
