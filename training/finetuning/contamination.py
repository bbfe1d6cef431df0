"""Refuse to train on a benchmark: compare tasks with fingerprints of the texts that models are tested on.

A text's fingerprints are 64-bit hashes of runs of 13 words in lower case (a Chinese character counts as a word),
limited to the `MAX_FINGERPRINTS` smallest. No text can be recovered from them, but whoever has the text gets the same
ones. (Runs of 13 words: Brown et al. 2020, arXiv:2005.14165, appendix C; smallest hashes: Broder 1997,
doi:10.1109/SEQUEN.1997.666900.)

`benchmarks.fingerprints` has one line for every story of ToMBench and every question of MotiveBench: its name, a tab,
its fingerprints in base64 (little endian). To rebuild it from the benchmarks' files, whose layouts are described in
`training/evaluation/benchmarks/items.py`, run

    python -m training.finetuning.contamination FILES... --out training/finetuning/benchmarks.fingerprints
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
from sandbox.files import replace_text
from training.evaluation.benchmarks.items import load_items
from training.finetuning.examples import TaskRow

Hashes: TypeAlias = npt.NDArray[np.uint64]

SHIPPED = Path(__file__).with_name("benchmarks.fingerprints")
RUN_WORDS = 13
MAX_FINGERPRINTS = 16
"""Upper bound on the fingerprints of a text."""
MIN_SHARED = 3
"""A task with this number of fingerprints of one text contains it, or a good part of it."""


class FingerprintIndex:
    """Fingerprints of texts, to look up hashes in."""

    def __init__(self, texts: Sequence[tuple[str, Hashes]]) -> None:
        self.names = [name for name, _ in texts]
        self.sizes = [hashes.size for _, hashes in texts]
        hashes = np.concatenate([np.zeros(0, np.uint64), *(hashes for _, hashes in texts)])
        order = np.argsort(hashes, kind="stable")
        self.hashes: Hashes = hashes[order]
        self.owners = np.repeat(np.arange(len(texts)), self.sizes)[order]

    def matching_positions(self, hashes: Hashes) -> npt.NDArray[np.intp]:
        """Return the positions of those hashes that are fingerprints of any text."""
        positions = np.searchsorted(self.hashes, hashes)
        positions[positions == self.hashes.size] = 0
        return np.flatnonzero(self.hashes[positions] == hashes)

    def best_match(self, hashes: Hashes) -> tuple[int, int]:
        """Return the index of the text that shares most of the hashes, and the number that it shares."""
        shared: Counter[int] = Counter(self.owners[np.isin(self.hashes, hashes)].tolist())
        return max(shared.items(), key=lambda count: count[1])


def refuse_benchmarks(rows: Sequence[TaskRow], path: Path, fingerprints: Path = SHIPPED) -> None:
    """Raise if a task contains an item of a benchmark.

    Args:
        rows: Tasks, one per line of the file.
        path: Their file, for the message.
        fingerprints: File of the benchmarks' fingerprints.

    Raises:
        DataError: A task contains an item, or the file of fingerprints cannot be read.
    """
    index = load_fingerprints(fingerprints)
    for start in range(0, len(rows), _BATCH):
        texts = [_task_text(row) for row in rows[start : start + _BATCH]]
        for place, hashes in _find_suspects(texts, index):
            owner, shared = index.best_match(hashes)
            if shared >= MIN_SHARED:
                raise DataError(
                    f"{path}, line {start + place + 1}: the task contains text of the benchmark item "
                    f"{index.names[owner]} ({shared} of its {index.sizes[owner]} fingerprints), and a model must not "
                    "be tested on what it was trained on; leave out its source, or delete the line"
                )


def write_fingerprints(files: Iterable[Path], out: Path) -> int:
    """Write the fingerprints of each item's first paragraph, a story or a question; return the number of texts."""
    labels: dict[str, str] = {}
    for file in files:
        for item in load_items(file):
            hashes = np.unique(run_hashes(item.text[0]))[:MAX_FINGERPRINTS]
            if hashes.size >= MIN_SHARED:
                label = f"{item.benchmark} {item.language}: {item.scene}"
                labels.setdefault(b64encode(hashes.astype("<u8").tobytes()).decode(), label)
    replace_text(out, "".join(f"{label}\t{code}\n" for code, label in labels.items()))
    return len(labels)


def load_fingerprints(path: Path) -> FingerprintIndex:
    """Return the fingerprints in a file.

    Raises:
        DataError: The file is missing or damaged.
    """
    try:
        lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
        return FingerprintIndex([(name, np.frombuffer(b64decode(code, validate=True), "<u8")) for name, code in lines])
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} is no file of fingerprints: {error}; make it with `python -m training.finetuning.contamination`"
        ) from error


def run_hashes(text: str) -> Hashes:
    """Return a hash of every run of `RUN_WORDS` words, in order."""
    return _hash_runs(_split_words(text))


def _find_suspects(texts: Sequence[str], index: FingerprintIndex) -> Iterator[tuple[int, Hashes]]:
    """Yield the places of texts with any fingerprint, and those hashes.

    All texts are hashed as one sequence of words, which is fast; a run that spans two texts counts for the first.
    """
    words = [_split_words(text) for text in texts]
    ends = np.cumsum([len(text_words) for text_words in words])
    hashes = _hash_runs([word for text_words in words for word in text_words])
    positions = index.matching_positions(hashes)
    places = np.searchsorted(ends, positions, side="right")
    for place in np.unique(places).tolist():
        yield place, hashes[positions[places == place]]


def _split_words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _hash_runs(words: Sequence[str]) -> Hashes:
    """Return polynomial hashes of all runs, modulo 2^64."""
    numbers = np.fromiter(map(_hash_word, words), np.uint64, len(words))
    num_runs = max(0, numbers.size - RUN_WORDS + 1)
    hashes = np.zeros(num_runs, np.uint64)
    for offset in range(RUN_WORDS):
        hashes *= _BASE
        hashes += numbers[offset : offset + num_runs]
    return hashes


def _task_text(row: TaskRow) -> str:
    return "\n".join(message["content"] for message in row.messages)


@lru_cache(maxsize=2**18)
def _hash_word(word: str) -> int:
    """Return 64 bits of a word, the same on every machine."""
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little")


_BASE = np.uint64(0x9E3779B97F4A7C15)
_BATCH = 1000
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the fingerprints of benchmarks and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m training.finetuning.contamination", description="Write the fingerprints of benchmarks."
    )
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
