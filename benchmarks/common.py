"""What the benchmarks share: options, the configuration, medians, and the report."""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from sandbox.core.mind import Mind, RuleMind
from sandbox.core.world import World
from sandbox.runtime.assembly import build_worlds, resolve_world
from sandbox.runtime.config import RunConfig, load_run_config

PartSeconds = dict[str, float]
"""Seconds by what they were spent on."""

ROUND_KINDS = ("choice", "text", "all")


class RoundTimes(NamedTuple):
    """Seconds and decisions of one timed pass."""

    seconds: PartSeconds
    """By kind of round, and `all` (which also includes the end of the last step)."""
    decisions: dict[str, int]


def make_parser(description: str | None, repeats: int = 3) -> argparse.ArgumentParser:
    """Return a parser with the options of every benchmark; `description` is the module's docstring."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=repeats, help=f"passes of each side (default {repeats})")
    parser.add_argument("--model", default="smollm2-135m", help="language model, if the benchmark needs one")
    parser.add_argument("--population", help="file of people; default: the project's")
    parser.add_argument("--json", type=Path, help="write the raw numbers to this file instead of stdout")
    return parser


def load_market_config(
    args: argparse.Namespace, agents: int, steps: int, *overrides: str, mind: str = "base"
) -> RunConfig:
    """Load the default marketplace for a number of agents; sellers and buyers keep their ratio (12 to 100).

    All agents are answered by the base model unless `mind` says otherwise, so that a server without adapters does the
    same work.
    """
    sizes = (f"population.size={agents}", f"world.num_sellers={max(1, round(0.12 * agents))}")
    population = (f"population.file={Path(args.population).absolute()}",) if args.population else ()
    return load_run_config([f"model={args.model}", f"steps={steps}", f"mind={mind}", *sizes, *population, *overrides])


def build_fresh_worlds(config: RunConfig, num_seeds: int = 1) -> list[World]:
    """Build new worlds, by seed."""
    return build_worlds(config.model_copy(update={"seeds": list(range(num_seeds))}))


def rule_mind_factory(config: RunConfig) -> Callable[[], Mind]:
    """Return a function that makes the mind of the world's own rules."""
    kind, _ = resolve_world(config)
    return lambda: RuleMind(kind.rules)


def add_round(times: RoundTimes, kind: str, num: int, seconds: float) -> None:
    """Add `num` decisions of one kind."""
    for name in (kind, "all"):
        times.seconds[name] = times.seconds.get(name, 0.0) + seconds
        times.decisions[name] = times.decisions.get(name, 0) + num


def decision_rate(times: RoundTimes, kind: str) -> float:
    """Return decisions per second; 0 if there were none."""
    return times.decisions[kind] / times.seconds[kind] if times.decisions.get(kind) else 0.0


def median_or_zero(values: Sequence[float]) -> float:
    """Return the median; 0 for an empty sequence."""
    return median(values) if values else 0.0


def print_table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table."""
    for cells in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(str(cell) for cell in cells) + " |")
    print()


def report_table(args: argparse.Namespace, head: Sequence[object], rows: Sequence[Sequence[object]], raw: Any) -> None:
    """Print a Markdown table; write the raw numbers and the machine to `--json` or stdout."""
    print_table(head, rows)
    machine = {"machine": platform.machine(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    text = json.dumps({"options": vars(args), **machine, "raw": raw}, default=str)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)


@contextmanager
def patch_attribute(owner: Any, name: str, value: Any) -> Generator[None]:
    """Set an attribute within a context; delete it afterwards if it was inherited."""
    original = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original) if original is not None else delattr(owner, name)


def add_clock(work: Callable[..., Any], parts: PartSeconds, part: str) -> Callable[..., Any]:
    """Wrap a function so that its seconds are added to `parts[part]`."""

    def timed_work(*args: Any, **options: Any) -> Any:
        start = time.perf_counter()
        try:
            return work(*args, **options)
        finally:
            parts[part] = parts.get(part, 0.0) + time.perf_counter() - start

    return timed_work
