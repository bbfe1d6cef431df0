"""Replies that real people wrote in college communities of Reddit: their texts, for lengths."""

import gzip
import json
from pathlib import Path
from typing import NamedTuple

FILE = "forum_reddit_college/items.jsonl.gz"


class HumanReply(NamedTuple):
    """One comment of one person."""

    person: str
    split: str
    text: str


def read_replies(data: Path) -> list[HumanReply]:
    """Return all comments with at least one word in a folder of data sets; the split is by person."""
    with gzip.open(data / FILE, "rt", encoding="utf-8") as file:
        items = [json.loads(line) for line in file]
    replies = [HumanReply(item["user"], item["split"], item["text"]) for item in items if item["kind"] == "comment"]
    return [reply for reply in replies if count_words(reply.text)]


def count_words(text: str) -> int:
    """Return the number of words, separated by spaces."""
    return len(text.split())
