"""Worlds of rule-following people are fast, linear in agents, and small.

Claims: at least 20,000 decisions per second at 10,000 agents on one core with the decision log on disk; the log-log
slope of the time per step over 1,000 to 100,000 agents is at most 1.1; at most 3 KB per agent beyond the profile
at 100,000 agents.

    python -m benchmarks.rule                           # all of it: speed, slope, memory; some minutes
    python -m benchmarks.rule --sizes 10000 --profile   # hot spots

Each size runs in a process of its own, pinned to one core. People are drawn from the project's population, in copies
where it has too few; sellers are an eighth of the agents. The time of a step is the median after the first step.
Memory is what the process holds (RSS) more than with all profiles drawn, after all code was loaded and run once: once
the worlds are built, and once the last step is done. `per CPU s` leaves out what other programs took of the core.
"""

import argparse
import cProfile
import gc
import json
import math
import os
import pstats
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from benchmarks.common import configured, middle, parser, patched, report, rule_mind, worlds
from sandbox.log import DecisionLog
from sandbox.runner import Progress, Runner
from sandbox.seeds import SeedTree
from worlds.marketplace import Marketplace

NUM_HOT = 30


class Clock(Progress):
    """When each step began, in wall and CPU seconds."""

    def __init__(self) -> None:
        self.marks: list[tuple[float, float]] = []

    def stepped(self, step: int) -> None:
        """Note the time."""
        self.marks.append((time.perf_counter(), time.process_time()))


def measure(args: argparse.Namespace, agents: int) -> dict[str, Any]:
    """Build and run one size in this process."""
    import agents.population as source

    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    _run(args, 50, Clock())
    config = _config(args, agents)
    rng = SeedTree(0).rng("population")
    drawn = source.people(config.population["file"], agents + agents // 8, rng, Marketplace.platforms)
    before = _rss()
    with patched(source, "people", lambda *_, **__: drawn):
        found = _run(args, agents, Clock(), before)
    return {"agents": agents, **found}


def _run(args: argparse.Namespace, agents: int, clock: Clock, before: int = 0) -> dict[str, Any]:
    config = _config(args, agents)
    start = time.perf_counter()
    made = worlds(config)
    built_s, built = time.perf_counter() - start, _rss() - before
    with TemporaryDirectory() as folder:
        log = DecisionLog.create(Path(folder) / "decisions.sqlite")
        runner = Runner(made, rule_mind(config), log, max_fallback_share=0, progress=clock)
        profile = cProfile.Profile()
        if before and args.profile:
            profile.enable()
        runner.run(args.steps)
        profile.disable()
        clock.stepped(args.steps)
        ran = _rss() - before
        decisions = [0] * args.steps
        for _, step, _, number, _, _ in log.batches():
            decisions[step] += number
        log.close()
        size = (Path(folder) / "decisions.sqlite").stat().st_size
    if before and args.profile:
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(NUM_HOT)
    return {
        "build_s": built_s,
        "built_bytes": built,
        "ran_bytes": ran,
        "log_bytes": size,
        "decisions": decisions,
        "wall_s": [b[0] - a[0] for a, b in zip(clock.marks, clock.marks[1:], strict=False)],
        "cpu_s": [b[1] - a[1] for a, b in zip(clock.marks, clock.marks[1:], strict=False)],
    }


def _config(args: argparse.Namespace, agents: int) -> Any:
    return configured(args, agents, args.steps, "mind=rule", f"world.num_sellers={agents // 8}")


def _rss() -> int:
    gc.collect()
    return psutil.Process().memory_info().rss


def slope(found: Sequence[dict[str, Any]], clock: str) -> float:
    """Least-squares slope of log seconds per step over log agents."""
    points = [(math.log(one["agents"]), math.log(middle(one[clock][1:]))) for one in found]
    x0, y0 = (sum(column) / len(points) for column in zip(*points, strict=True))
    return sum((x - x0) * (y - y0) for x, y in points) / sum((x - x0) ** 2 for x, _ in points)


def row(one: dict[str, Any]) -> list[str]:
    """One size as cells."""
    agents, later = one["agents"], sum(one["decisions"][1:])
    rates = [f"{later / sum(one[clock][1:]):,.0f}" for clock in ("wall_s", "cpu_s")]
    memory = [f"{one[name] / agents / 1024:.2f}" for name in ("built_bytes", "ran_bytes")]
    return [f"{agents:,}", f"{later:,}", *rates, f"{middle(one['wall_s'][1:]):.3f}", f"{one['build_s']:.2f}", *memory]


def main() -> None:
    """Measure every size in a fresh process and report; or, with `--size`, one size in this process."""
    options = parser(__doc__, repeats=1)
    options.add_argument("--sizes", type=int, nargs="+", default=[1_000, 3_000, 10_000, 30_000, 100_000])
    options.add_argument("--steps", type=int, default=6)
    options.add_argument("--profile", action="store_true", help="print where time goes; slows everything down")
    options.add_argument("--size", type=int, help=argparse.SUPPRESS)
    args = options.parse_args()
    if args.size:
        print(json.dumps(measure(args, args.size)))
        return
    found: list[dict[str, Any]] = []
    for _ in range(args.repeats):
        for agents in args.sizes:
            command = [sys.executable, "-m", "benchmarks.rule", *sys.argv[1:], "--size", str(agents)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found.append(json.loads(done.stdout))
    head = ["agents", "decisions", "per s", "per CPU s", "s per step", "build s", "KB/agent built", "KB/agent run"]
    slopes = {clock: slope(found, clock) for clock in ("wall_s", "cpu_s")} if len(args.sizes) > 1 else {}
    print("log-log slope of the time per step:", {clock: round(value, 3) for clock, value in slopes.items()}, "\n")
    report(args, head, [row(one) for one in found], {"slope": slopes, "sizes": found})


if __name__ == "__main__":
    main()
