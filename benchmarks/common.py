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

from sandbox.assembly import make_worlds, world_class
from sandbox.config import RunConfig
from sandbox.mind import Mind, RuleMind
from sandbox.run import read_config
from sandbox.world import World

Parts = dict[str, float]
"""Seconds by what they were spent on."""

KINDS = ("choice", "text", "all")


class Timed(NamedTuple):
    """One timed pass."""

    seconds: Parts
    """By kind of round, and `all` (which has the end of the last step besides)."""
    decisions: dict[str, int]


def parser(doc: str | None, repeats: int = 3) -> argparse.ArgumentParser:
    """Options that every benchmark has; `doc` is its module's docstring."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--repeats", type=int, default=repeats, help=f"passes of each side (default {repeats})")
    made.add_argument("--model", default="smollm2-135m", help="language model, where one is needed")
    made.add_argument("--population", help="file of people; default: the project's")
    made.add_argument("--json", type=Path, help="write the raw numbers here rather than to stdout")
    return made


def configured(args: argparse.Namespace, agents: int, steps: int, *more: str, mind: str = "base") -> RunConfig:
    """The default marketplace for so many agents; seller and buyer counts keep their ratio (12 to 100).

    All people are the base unless `mind` says otherwise, so that a server without adapters does the same work.
    """
    sized = (f"population.size={agents}", f"world.num_sellers={max(1, round(0.12 * agents))}")
    drawn = (f"population.file={Path(args.population).absolute()}",) if args.population else ()
    return read_config([f"model={args.model}", f"steps={steps}", f"mind={mind}", *sized, *drawn, *more])


def worlds(config: RunConfig, num_seeds: int = 1) -> list[World]:
    """Fresh worlds, by seed."""
    return make_worlds(config.model_copy(update={"seeds": list(range(num_seeds))}))


def rule_mind(config: RunConfig) -> Callable[[], Mind]:
    """Makes the world's own rule-following people."""
    kind, _ = world_class(config)
    return lambda: RuleMind(kind.rule)


def add(timed: Timed, kind: str, num: int, seconds: float) -> None:
    """Book `num` decisions of one kind."""
    for name in (kind, "all"):
        timed.seconds[name] = timed.seconds.get(name, 0.0) + seconds
        timed.decisions[name] = timed.decisions.get(name, 0) + num


def rate(timed: Timed, kind: str) -> float:
    """Decisions per second; 0 where there were none."""
    return timed.decisions[kind] / timed.seconds[kind] if timed.decisions.get(kind) else 0.0


def middle(values: Sequence[float]) -> float:
    """Median; 0 of nothing."""
    return median(values) if values else 0.0


def table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table."""
    for cells in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(str(cell) for cell in cells) + " |")
    print()


def report(args: argparse.Namespace, head: Sequence[object], rows: Sequence[Sequence[object]], raw: Any) -> None:
    """Print a Markdown table; the raw numbers and the machine go to `--json` or stdout."""
    table(head, rows)
    machine = {"machine": platform.machine(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    text = json.dumps({"options": vars(args), **machine, "raw": raw}, default=str)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)


@contextmanager
def patched(owner: Any, name: str, value: Any) -> Generator[None]:
    """Set an attribute for a while."""
    old = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, old) if old is not None else delattr(owner, name)


def clocked(work: Callable[..., Any], parts: Parts, what: str) -> Callable[..., Any]:
    """`work`, its seconds added to `parts[what]`."""

    def clocked(*args: Any, **options: Any) -> Any:
        start = time.perf_counter()
        try:
            return work(*args, **options)
        finally:
            parts[what] = parts.get(what, 0.0) + time.perf_counter() - start

    return clocked
