"""Benchmarks run: those that need no language model are played at their smallest."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORLDS = sorted(path.stem for path in (ROOT / "conf" / "world").glob("*.yaml"))


@pytest.mark.parametrize(
    "words",
    [
        *(["benchmarks.rule", "--sizes", "60", "--steps", "2", "--world", world] for world in WORLDS),
        ["benchmarks.start", "--repeats", "1"],
        ["benchmarks.privacy", "--number", "2"],
        ["benchmarks.coverage", "--experiments", "20", "--worlds", "3"],
        ["benchmarks.rectified", "--samples", "5"],
        ["benchmarks.sources", "--records", "1000", "--repeats", "1"],
        ["benchmarks.corpus", "--sizes", "2000", "--speed", "2000"],
    ],
    ids=" ".join,
)
def test_a_benchmark_prints_its_numbers(words: list[str]) -> None:
    process = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert re.search(r"\d", process.stdout)
