"""Experiment 1 of MusicLab (Salganik, Dodds & Watts 2006, doi:10.1126/science.1121066), in the form of the song market.

8,203 downloads of 48 songs by 2,145 people in eight social worlds and an independent one. People without a download are
not in the data, nor is what people listened to. The data have no split: the first three quarters of each world's
downloads are the train part, from which everything here is measured; the rest is the test part.
"""

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sandbox.errors import DataError
from worlds.songs.history import Cohort, History

FILE = "market_musiclab/downloads.csv.gz"
NUM_SONGS = 48
COLUMNS = ("world", "condition", "person", "song", "seconds")
TRAIN_SHARE = 0.75


class Download(NamedTuple):
    """One person's download of one song."""

    person: str
    song: int
    """0-based number."""


class MarketLog(NamedTuple):
    """All downloads in one world, in order."""

    number: int
    """The number of the world in the data."""
    is_social: bool
    downloads: Sequence[Download]

    def train_part(self) -> "MarketLog":
        """Return the world without the downloads that are left out for tests."""
        return self._replace(downloads=self.downloads[: int(TRAIN_SHARE * len(self.downloads))])

    def first(self, number: int) -> "MarketLog":
        """Return the world when it had `number` downloads."""
        return self._replace(downloads=self.downloads[:number])


def read_markets(data: Path) -> list[MarketLog]:
    """Return all worlds of experiment 1 in a folder of data sets, by number; the independent one is the last."""
    return read_downloads(data / FILE)


def read_downloads(path: Path) -> list[MarketLog]:
    """Return all worlds of experiment 1 in a file, by number; the independent one is the last.

    Raises:
        DataError: The file cannot be read, or is of another format.
    """
    rows: dict[tuple[int, bool], list[tuple[float, Download]]] = {}
    for row in _read_rows(path):
        download = Download(row["person"], _read_song(row["song"], path))
        key = (int(row["world"]), row["condition"] == "social")
        rows.setdefault(key, []).append((float(row["seconds"]), download))
    return [
        MarketLog(number, is_social, [download for _, download in sorted(entries, key=lambda entry: entry[0])])
        for (number, is_social), entries in sorted(rows.items())
    ]


def _read_song(text: str, path: Path) -> int:
    """Return the 0-based number of a song."""
    if not text.isdecimal() or not 1 <= int(text) <= NUM_SONGS:
        raise DataError(f"{path}: the song {text!r} is none of the numbers from 1 to {NUM_SONGS}")
    return int(text) - 1


def _read_rows(path: Path) -> Iterator[Mapping[str, str]]:
    """Yield the rows of a file; raise `DataError` if it is missing or not compressed, or lacks a column."""
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
                raise DataError(f"{path} lacks the column {' and '.join(missing)}; name MusicLab's file of downloads")
            yield from reader
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as a compressed CSV file ({error}); name MusicLab's file") from error


def split_people(market: MarketLog, size: int, rng: np.random.Generator) -> list[MarketLog]:
    """Deal the people of an independent world into as many worlds as have `size` downloads each.

    Its people do not affect each other, so that each of these is an independent world too. People come in a random
    order; the last ones, who do not fill a world, are left out.
    """
    by_person: dict[str, list[Download]] = {}
    for download in market.downloads:
        by_person.setdefault(download.person, []).append(download)
    people, worlds, current = list(by_person), list[MarketLog](), list[Download]()
    for place in rng.permutation(len(people)):
        current += by_person[people[place]]
        if len(current) >= size:
            worlds.append(market._replace(downloads=current[:size]))
            current = []
    return worlds


def read_history(markets: Iterable[MarketLog]) -> History:
    """Return worlds as a history: a cohort is the next download of each world."""
    markets = list(markets)
    sequences = [[download.song for download in market.downloads] for market in markets]
    history = History(NUM_SONGS, [market.is_social for market in markets], sequences)
    parts = [_list_choices(market) for market in markets]
    nothing = np.zeros((3, NUM_SONGS), np.int64)
    for place in range(max(map(len, parts), default=0)):
        rows = [part[place] if place < len(part) else nothing for part in parts]
        history.cohorts.append(Cohort(*np.stack(rows, axis=1)))
    return history


def _list_choices(market: MarketLog) -> list[np.ndarray]:
    """Return, by download, three rows: counts before, songs that the person did not have yet, and what was taken."""
    counts, choices = np.zeros(NUM_SONGS, np.int64), list[np.ndarray]()
    had: dict[str, list[int]] = {}
    for person, song in market.downloads:
        shown, taken = np.ones(NUM_SONGS, np.int64), np.zeros(NUM_SONGS, np.int64)
        shown[had.setdefault(person, [])] = 0
        taken[song] = 1
        choices.append(np.stack([counts, shown, taken]))
        had[person].append(song)
        counts = counts + taken
    return choices
