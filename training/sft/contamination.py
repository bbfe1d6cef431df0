"""Refuse to train on a benchmark: tasks are compared with fingerprints of texts that models are tested on.

A text's fingerprints are 64-bit hashes of runs of 13 words in small letters (a Chinese character counts as a word),
the smallest `SAMPLED` of them: no text can be read from them, and whoever holds the text finds the same ones. (Runs of
13 words: Brown et al. 2020, arXiv:2005.14165, appendix C; smallest hashes: Broder 1997,
doi:10.1109/SEQUEN.1997.666900.)

`benchmarks.fingerprints` holds a line for every story of ToMBench and every question of MotiveBench that it was made
from: its name, a tab, its fingerprints in base64 (little endian). Make it anew, from files in the layouts of
`training/evaluate/benchmarks/layouts.py`, with

    python -m training.sft.contamination FILES... --out training/sft/benchmarks.fingerprints
"""

import argparse
import re
import sys
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sandbox.errors import DataError, SandboxError
from training.evaluate.benchmarks.layouts import read_items
from training.sft.examples import Row

Hashes: TypeAlias = npt.NDArray[np.uint64]

SHIPPED = Path(__file__).with_name("benchmarks.fingerprints")
RUN = 13
"""Words of a run."""
SAMPLED = 16
"""Fingerprints of a text, at most."""
SHARED = 3
"""A task that has so many fingerprints of one text holds it, or a good part of it."""


class Known:
    """Fingerprints of texts, by name."""

    def __init__(self, texts: Sequence[tuple[str, Hashes]]) -> None:
        self.names = [name for name, _ in texts]
        self.sizes = [hashes.size for _, hashes in texts]
        hashes = np.concatenate([np.zeros(0, np.uint64), *(hashes for _, hashes in texts)])
        order = np.argsort(hashes, kind="stable")
        self.hashes: Hashes = hashes[order]
        self.owners = np.repeat(np.arange(len(texts)), self.sizes)[order]

    def places(self, hashes: Hashes) -> npt.NDArray[np.intp]:
        """Where those of the hashes stand that are fingerprints of anything."""
        found = np.searchsorted(self.hashes, hashes)
        found[found == self.hashes.size] = 0
        return np.flatnonzero(self.hashes[found] == hashes)

    def likest(self, hashes: Hashes) -> tuple[int, int]:
        """The text that shares most of the hashes, and how many of them."""
        shared: Counter[int] = Counter(self.owners[np.isin(self.hashes, hashes)].tolist())
        return max(shared.items(), key=lambda one: one[1])


def refuse_benchmarks(rows: Sequence[Row], path: Path, fingerprints: Path = SHIPPED) -> None:
    """Raise where a task holds an item of a benchmark.

    Args:
        rows: Tasks, one a line of the file.
        path: Where they are from, to be named.
        fingerprints: Of the benchmarks.

    Raises:
        DataError: A task holds an item, or the file of fingerprints is none.
    """
    known = read_fingerprints(fingerprints)
    for start in range(0, len(rows), _BATCH):
        texts = [_text(row) for row in rows[start : start + _BATCH]]
        for place, hashes in _suspects(texts, known):
            owner, shared = known.likest(hashes)
            if shared >= SHARED:
                raise DataError(
                    f"{path}, line {start + place + 1}: the task holds text of the benchmark item {known.names[owner]} "
                    f"({shared} of its {known.sizes[owner]} fingerprints), and a model is not tested on what it was "
                    "trained on; leave its source out, or drop the line"
                )


def write_fingerprints(files: Iterable[Path], out: Path) -> int:
    """Write the fingerprints of what items begin with, a story or a whole question; returns the number of texts."""
    made: dict[str, str] = {}
    for file in files:
        for item in read_items(file):
            hashes = np.unique(run_hashes(item.text[0]))[:SAMPLED]
            if hashes.size >= SHARED:
                label = f"{item.benchmark} {item.language}: {item.scene}"
                made.setdefault(b64encode(hashes.astype("<u8").tobytes()).decode(), label)
    out.write_text("".join(f"{name}\t{code}\n" for code, name in made.items()), encoding="utf-8")
    return len(made)


def read_fingerprints(path: Path) -> Known:
    """Fingerprints as they were written.

    Raises:
        DataError: The file is missing or damaged.
    """
    try:
        lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
        return Known([(name, np.frombuffer(b64decode(code, validate=True), "<u8")) for name, code in lines])
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} is no file of fingerprints: {error}; make it with `python -m training.sft.contamination`"
        ) from error


def run_hashes(text: str) -> Hashes:
    """A hash of every run of `RUN` words, in their order."""
    return _run_hashes(_words(text))


def _suspects(texts: Sequence[str], known: Known) -> Iterator[tuple[int, Hashes]]:
    """Texts with any fingerprint, by place, and their hashes. A run over two texts counts for the first."""
    words = [_words(text) for text in texts]
    ends = np.cumsum([len(one) for one in words])
    hashes = _run_hashes([word for one in words for word in one])
    places = known.places(hashes)
    texts_of = np.searchsorted(ends, places, side="right")
    for text in np.unique(texts_of).tolist():
        yield text, hashes[places[texts_of == text]]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _run_hashes(words: Sequence[str]) -> Hashes:
    numbers = np.fromiter(map(_number, words), np.uint64, len(words))
    runs = max(0, numbers.size - RUN + 1)
    hashes = np.zeros(runs, np.uint64)
    for place in range(RUN):
        hashes *= _BASE
        hashes += numbers[place : place + runs]
    return hashes


def _text(row: Row) -> str:
    return "\n".join(message["content"] for message in row.messages)


@lru_cache(maxsize=2**18)
def _number(word: str) -> int:
    """64 bits of a word, the same everywhere."""
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little")


_BASE = np.uint64(0x9E3779B97F4A7C15)
_BATCH = 1000
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write fingerprints; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.sft.contamination", description=main.__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a benchmark: a file, or a folder of files")
    parser.add_argument("--out", type=Path, required=True)
    settings = parser.parse_args(arguments)
    try:
        print(f"{write_fingerprints(settings.files, settings.out)} texts in {settings.out}")
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
