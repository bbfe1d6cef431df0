"""Reddit threads of college communities, in the form of the feed.

36,862 threads of eight communities, 2011 to 2022 (github.com/emorynlp/reddit-college), of which structure, times and
lengths are used. The data have no split, so threads are split here by a hash of their number: 70 % train, 15 % val,
15 % test. A thread is what was written within two days, as in the world.
"""

from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.frames import column, rows_where
from worlds.feed.posts import ThreadShape

FILE = "cascade_reddit_threads/nodes.parquet"
TWO_DAYS = 48 * 3600
"""Seconds after the opening in which replies count."""


class HumanThread(NamedTuple):
    """One real thread."""

    id: int
    split: str
    community: str
    parents: tuple[int, ...]
    """Place of the post that each reply answers, in order of time."""
    authors: tuple[int, ...]
    """Number of the author of every post; -1 if unknown."""

    @property
    def shape(self) -> ThreadShape:
        """The thread in the form of the world."""
        return ThreadShape.of(self.parents)


def thread_split(thread: int) -> str:
    """Return whether a thread belongs to train, val or test."""
    percent = int.from_bytes(blake2b(b"thread/%d" % thread, digest_size=8).digest(), "little") % 100
    return "train" if percent < 70 else "val" if percent < 85 else "test"


def read_threads(data: Path) -> list[HumanThread]:
    """Return all threads in a folder of data sets, by number."""
    table = pd.read_parquet(data / FILE).sort_values(["thread", "node"])
    nodes = rows_where(table, (column(table, "node") == 0) | (column(table, "delay_s") <= TWO_DAYS))
    columns = [column(nodes, name).to_numpy() for name in ("thread", "node", "parent", "author")]
    communities = column(nodes, "subreddit").tolist()
    starts = np.flatnonzero(np.diff(columns[0], prepend=-1))
    threads: list[HumanThread] = []
    for start, end in zip(starts, [*starts[1:], len(nodes)], strict=True):
        number, places, parents, authors = (values[start:end].tolist() for values in columns)
        place_of = {node: place for place, node in enumerate(places)}
        answered = tuple(place_of[parent] for parent in parents[1:])
        split = thread_split(number[0])
        threads.append(HumanThread(number[0], split, communities[start], answered, tuple(authors)))
    return threads
