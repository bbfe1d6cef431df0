"""The main job as a user types it: the default mind, the shipped adapter, the real engine, the answer cache."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

import pytest

from agents.models import resolve_model
from sandbox.paths import model_dir
from sandbox.runtime.run import Run

ROOT = Path(__file__).parents[3]
SMALL = ("world=marketplace", "population.size=12", "world.num_sellers=3", "steps=3")
MAX_NEW_TOKENS = 120
"""Prompt tokens that half of the decisions after the first step may send anew, since the rest is cached."""


def run_command(cache: Path, *arguments: str) -> None:
    """Run one command in a process of its own, with a cache of answers of its own."""
    process = subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=ROOT, env={**os.environ, "SANDBOX_CACHE": str(cache)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr


def count_answers(folder: Path, column: str) -> Counter[str]:
    with closing(Run(folder).log()) as log:
        return Counter(log.count_by(column))


def answers_of(folder: Path) -> Sequence[object]:
    with closing(Run(folder).log()) as log:
        return [row["value"] for row in log.decisions()]


def count_new_tokens(folder: Path) -> Sequence[int]:
    """Of every decision after the first step."""
    with closing(Run(folder).log()) as log:
        return [row["prompt_tokens"] - row["cached_tokens"] for row in log.decisions("step > 0 AND source = 'model'")]


@pytest.mark.engine
def test_the_default_run_is_played_by_the_shipped_humanllm_and_a_second_one_asks_it_nothing(tmp_path: Path) -> None:
    resolve_model("smollm2-135m")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "models").symlink_to(model_dir("smollm2-135m").parent)
    first, second = tmp_path / "first", tmp_path / "second"
    run_command(tmp_path / "cache", "run", *SMALL, f"run_dir={first}")
    assert set(count_answers(first, "mind")) == {"humanllm"}
    assert count_answers(first, "source")["model"] > 20
    assert count_answers(first, "source")["fallback"] == 0
    assert 0 < median(count_new_tokens(first)) <= MAX_NEW_TOKENS
    for ending in ("png", "svg"):
        assert (first / "figures" / f"overview.{ending}").stat().st_size > 10_000
    run_command(tmp_path / "cache", "run", *SMALL, f"run_dir={second}")
    assert set(count_answers(second, "source")) == {"cache"}
    assert answers_of(second) == answers_of(first)
