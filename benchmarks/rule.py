"""Worlds of rule-following agents are fast, linear in the number of agents, and small.

Claims, for the marketplace: at least 20,000 decisions per second at 10,000 agents on one core with the decision log on
disk; the log-log slope of the time per step over 1,000 to 100,000 agents is at most 1.1; at most 3 KB per agent beyond
the profile at 100,000 agents. For every other world: at least 15,000 decisions per second at 10,000 agents.

    python -m benchmarks.rule                           # everything: speed, slope, memory; some minutes
    python -m benchmarks.rule --sizes 10000 --profile   # hot spots
    python -m benchmarks.rule --sizes 10000 --world feed

Each size runs in a process of its own, pinned to one core. Profiles are drawn from the project's population, and repeat
if it has too few; sellers of the marketplace are an eighth of its agents. The time of a step is the median after the
first step. Memory is how much the resident set (RSS) grows after all code was loaded and run once and all profiles were
drawn: until the worlds are built, and until the last step is done. `per CPU s` does not count the time that other
programs took from the core.
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
from functools import wraps
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from benchmarks.common import (
    build_fresh_worlds,
    load_market_config,
    make_parser,
    median_or_zero,
    patch_attribute,
    report_table,
    rule_mind_factory,
)
from sandbox.core.profile import Profile
from sandbox.core.seeds import SeedTree
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.config import RunConfig, load_run_config
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.runner import Progress, Runner
from worlds.marketplace import Marketplace

NUM_HOT_SPOTS = 30
WARM_UP_AGENTS = 50


class StepClock(Progress):
    """Notes when each step began, in wall and CPU seconds."""

    def __init__(self) -> None:
        self.marks: list[tuple[float, float]] = []

    def begin_step(self, step: int) -> None:
        """Note the time."""
        self.marks.append((time.perf_counter(), time.process_time()))

    def step_seconds(self, clock: int) -> list[float]:
        """Return the duration of every step: wall seconds for clock 0, CPU seconds for clock 1."""
        return [end[clock] - start[clock] for start, end in pairwise(self.marks)]


def measure_size(args: argparse.Namespace, agents: int) -> dict[str, Any]:
    """Build and run one size in this process."""
    import agents.population as population

    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    _run_world(args, WARM_UP_AGENTS)
    config = _load_config(args, agents)
    kind, params = resolve_world(config)
    rng = SeedTree(0).rng("population")
    num_profiles = kind.num_profiles(params, agents)
    profiles = population.load_profiles(config.population["file"], num_profiles, rng, kind.platforms)
    base_bytes = _resident_bytes()

    @wraps(population.load_profiles)
    def give_profiles(*_: object, **__: object) -> list[Profile]:
        return profiles

    with patch_attribute(population, "load_profiles", give_profiles):
        measurements = _run_world(args, agents, base_bytes)
    return {"agents": agents, **measurements}


def _run_world(args: argparse.Namespace, agents: int, base_bytes: int = 0) -> dict[str, Any]:
    """Run one world; `base_bytes` is the memory before, or 0 for a warm-up, which is never profiled."""
    config, clock = _load_config(args, agents), StepClock()
    start = time.perf_counter()
    worlds = build_fresh_worlds(config)
    build_s, built_bytes = time.perf_counter() - start, _resident_bytes() - base_bytes
    is_profiled = bool(base_bytes and args.profile)
    with TemporaryDirectory() as folder:
        log = DecisionLog.create(Path(folder) / "decisions.sqlite")
        runner = Runner(worlds, rule_mind_factory(config), log, max_fallback_rate=0, progress=clock)
        profile = cProfile.Profile()
        if is_profiled:
            profile.enable()
        runner.run(args.steps)
        profile.disable()
        clock.begin_step(args.steps)
        run_bytes = _resident_bytes() - base_bytes
        decisions = [0] * args.steps
        for _, step, _, number, _, _ in log.batches():
            decisions[step] += number
        log.close()
        log_bytes = (Path(folder) / "decisions.sqlite").stat().st_size
    if is_profiled:
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(NUM_HOT_SPOTS)
    return {
        "build_s": build_s,
        "built_bytes": built_bytes,
        "run_bytes": run_bytes,
        "log_bytes": log_bytes,
        "decisions": decisions,
        "wall_s": clock.step_seconds(0),
        "cpu_s": clock.step_seconds(1),
    }


def _load_config(args: argparse.Namespace, agents: int) -> RunConfig:
    if args.world == Marketplace.name:
        return load_market_config(args, agents, args.steps, "mind=rule", f"world.num_sellers={agents // 8}")
    return load_run_config([f"world={args.world}", f"population.size={agents}", f"steps={args.steps}", "mind=rule"])


def _resident_bytes() -> int:
    gc.collect()
    return psutil.Process().memory_info().rss


def log_log_slope(sizes: Sequence[dict[str, Any]], clock: str) -> float:
    """Return the least-squares slope of log seconds per step over log agents."""
    points = [(math.log(size["agents"]), math.log(median_or_zero(size[clock][1:]))) for size in sizes]
    x0, y0 = (sum(column) / len(points) for column in zip(*points, strict=True))
    return sum((x - x0) * (y - y0) for x, y in points) / sum((x - x0) ** 2 for x, _ in points)


def size_row(size: dict[str, Any]) -> list[str]:
    """Return the measurements of one size as cells."""
    agents, decisions = size["agents"], sum(size["decisions"][1:])
    rates = [f"{decisions / sum(size[clock][1:]):,.0f}" for clock in ("wall_s", "cpu_s")]
    memory = [f"{size[name] / agents / 1024:.2f}" for name in ("built_bytes", "run_bytes")]
    seconds = [f"{median_or_zero(size['wall_s'][1:]):.3f}", f"{size['build_s']:.2f}"]
    return [f"{agents:,}", f"{decisions:,}", *rates, *seconds, *memory]


def main() -> None:
    """Measure every size in a new process and report; or, with `--size`, one size in this process."""
    parser = make_parser(__doc__, repeats=1)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 3_000, 10_000, 30_000, 100_000])
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--world", default=Marketplace.name)
    parser.add_argument("--profile", action="store_true", help="print where time goes; slows everything down")
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.size:
        print(json.dumps(measure_size(args, args.size)))
        return
    sizes: list[dict[str, Any]] = []
    for _ in range(args.repeats):
        for agents in args.sizes:
            command = [sys.executable, "-m", "benchmarks.rule", *sys.argv[1:], "--size", str(agents)]
            process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            sizes.append(json.loads(process.stdout))
    head = ["agents", "decisions", "per s", "per CPU s", "s per step", "build s", "KB/agent built", "KB/agent run"]
    clocks = ("wall_s", "cpu_s") if len(args.sizes) > 1 else ()
    slopes = {clock: log_log_slope(sizes, clock) for clock in clocks}
    print("log-log slope of the time per step:", {clock: round(value, 3) for clock, value in slopes.items()}, "\n")
    report_table(args, head, [size_row(size) for size in sizes], {"slope": slopes, "sizes": sizes})


if __name__ == "__main__":
    main()
