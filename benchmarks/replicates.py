"""Replicates of a run share its rounds: together they take much less time than one after another.

Claim: three seeds in lockstep take less than 0.75 of the time of the same three seeds one after another.

    python -m benchmarks.replicates --agents 100 --steps 20 --repeats 1

One engine for all; passes alternate (together, apart, together, ...), after one pass of each that is thrown away.
Every run begins with an empty prefix cache, as three commands would; that these would start three engines is left out.
"""

import argparse

from benchmarks.common import Timed, configured, middle, parser, rate, report, worlds
from benchmarks.metered import Meter
from sandbox.config import RunConfig


def setting(args: argparse.Namespace) -> RunConfig:
    """What is run, for any number of seeds."""
    return configured(args, args.agents, args.steps, mind=args.mind)


def together(args: argparse.Namespace, meter: Meter) -> Timed:
    """All seeds in lockstep."""
    meter.forget()
    return meter.run(worlds(setting(args), args.seeds), args.steps).timed


def apart(args: argparse.Namespace, meter: Meter) -> Timed:
    """One seed after another."""
    total = Timed({}, {})
    for world in worlds(setting(args), args.seeds):
        meter.forget()
        one = meter.run([world], args.steps).timed
        for kind in one.decisions:
            total.decisions[kind] = total.decisions.get(kind, 0) + one.decisions[kind]
            total.seconds[kind] = total.seconds.get(kind, 0.0) + one.seconds[kind]
    return total


def main() -> None:
    """Measure and report."""
    options = parser(__doc__)
    options.add_argument("--agents", type=int, default=100)
    options.add_argument("--steps", type=int, default=5)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--mind", choices=("base", "humanllm"), default="base")
    args = options.parse_args()
    meter = Meter(setting(args))
    pairs = [(together(args, meter), apart(args, meter)) for _ in range(args.repeats + 1)][1:]
    meter.mind.close()
    rows: list[list[object]] = []
    for kind in ("choice", "text", "mixed", "all"):
        if not all(rate(one, kind) and rate(other, kind) for one, other in pairs):
            continue
        rates = [middle([rate(pair[side], kind) for pair in pairs]) for side in (0, 1)]
        ratio = middle([rate(other, kind) / rate(one, kind) for one, other in pairs])
        num = pairs[0][0].decisions[kind]
        rows.append([args.seeds, args.agents, kind, num, *(f"{value:.1f}" for value in rates), f"{ratio:.3f}"])
    head = ["seeds", "agents", "rounds", "decisions", "together, per s", "apart, per s", "time together / apart"]
    report(args, head, rows, [{"together": one, "apart": other} for one, other in pairs])


if __name__ == "__main__":
    main()
