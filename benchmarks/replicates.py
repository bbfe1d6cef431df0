"""Replicates of a run share its rounds: together they take much less time than one after another.

Claim: three seeds in lockstep take less than 0.75 of the time of the same three seeds one after another.

    python -m benchmarks.replicates --agents 100 --steps 20 --repeats 1

One engine serves all; passes alternate (together, separately, together, ...), and the first pass of each is discarded.
Every run begins with an empty prefix cache, as three commands would; the time to start three engines is not counted.
"""

import argparse

from benchmarks.common import (
    RoundTimes,
    build_fresh_worlds,
    decision_rate,
    load_market_config,
    make_parser,
    median_or_zero,
    report_table,
)
from benchmarks.recorded_runs import EngineRecorder
from sandbox.runtime.config import RunConfig


def load_config(args: argparse.Namespace) -> RunConfig:
    """Return the configuration, for any number of seeds."""
    return load_market_config(args, args.agents, args.steps, mind=args.mind)


def run_together(args: argparse.Namespace, recorder: EngineRecorder) -> RoundTimes:
    """Run all seeds in lockstep."""
    recorder.reset_prefix_cache()
    return recorder.record_run(build_fresh_worlds(load_config(args), args.seeds), args.steps).times


def run_separately(args: argparse.Namespace, recorder: EngineRecorder) -> RoundTimes:
    """Run one seed after another; return the sums."""
    total = RoundTimes({}, {})
    for world in build_fresh_worlds(load_config(args), args.seeds):
        recorder.reset_prefix_cache()
        times = recorder.record_run([world], args.steps).times
        for kind in times.decisions:
            total.decisions[kind] = total.decisions.get(kind, 0) + times.decisions[kind]
            total.seconds[kind] = total.seconds.get(kind, 0.0) + times.seconds[kind]
    return total


def main() -> None:
    """Measure and report."""
    parser = make_parser(__doc__)
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--mind", choices=("base", "humanllm"), default="base")
    args = parser.parse_args()
    recorder = EngineRecorder(load_config(args))
    pairs = [(run_together(args, recorder), run_separately(args, recorder)) for _ in range(args.repeats + 1)][1:]
    recorder.mind.close()
    rows: list[list[object]] = []
    for kind in ("choice", "text", "mixed", "all"):
        rates = [(decision_rate(together, kind), decision_rate(separately, kind)) for together, separately in pairs]
        if not all(together and separately for together, separately in rates):
            continue
        medians = [median_or_zero(side) for side in zip(*rates, strict=True)]
        ratio = median_or_zero([separately / together for together, separately in rates])
        num = pairs[0][0].decisions[kind]
        rows.append([args.seeds, args.agents, kind, num, *(f"{value:.1f}" for value in medians), f"{ratio:.3f}"])
    head = ["seeds", "agents", "rounds", "decisions", "together, per s", "separately, per s"]
    raw = [{"together": together, "separately": separately} for together, separately in pairs]
    report_table(args, [*head, "time together / separately"], rows, raw)


if __name__ == "__main__":
    main()
