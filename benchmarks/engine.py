"""A run costs little more than its language model.

Claims: a run (runner, world, log, answer cache, prompts, drawing of answers) makes at least 0.95 of the decisions per
second of bare `LLM.generate` on the same token ids with the same sampling in the same engine; log and cache together
take less than 3 % of a run.

    python -m benchmarks.engine --agents 100 1000 --steps 5 --repeats 3

Passes alternate (run, bare, run, bare, ...), after one run that is thrown away, each from an empty prefix cache. The
time of a round counts from the end of the round before: the world's share of it is in there. The median of the
ratios of neighbouring passes is reported. Parts of the run come from wrapped functions: `engine` is `LLM.generate`.
"""

import argparse
from collections.abc import Sequence

from benchmarks.common import Timed, configured, middle, parser, rate, report, table, worlds
from benchmarks.metered import Meter, Pass

KINDS = ("choice", "text", "all")
LOG_AND_CACHE = ("log", "cache get", "cache put")


def measure(args: argparse.Namespace, meter: Meter, agents: int) -> list[tuple[Pass, Timed]]:
    """Alternate runs and bare passes over what they asked."""
    config = configured(args, agents, args.steps, mind=args.mind)
    pairs: list[tuple[Pass, Timed]] = []
    for number in range(args.repeats + 1):
        meter.forget()
        run = meter.run(worlds(config), args.steps)
        if not number:
            continue
        meter.forget()
        pairs.append((run, meter.bare(run.calls)))
    return pairs


def speeds(agents: int, pairs: Sequence[tuple[Pass, Timed]]) -> list[list[str]]:
    """One row a kind of round."""
    rows: list[list[str]] = []
    for kind in KINDS:
        both = [(rate(run.timed, kind), rate(bare, kind)) for run, bare in pairs]
        if not all(one and other for one, other in both):
            continue
        # where text was asked again, the bare pass has more prompts than the run has decisions
        ratios = [bare.seconds[kind] / run.timed.seconds[kind] for run, bare in pairs]
        run_rate, bare_rate = (middle(side) for side in zip(*both, strict=True))
        num = pairs[0][0].timed.decisions[kind]
        rows.append([str(agents), kind, str(num), f"{run_rate:.1f}", f"{bare_rate:.1f}", f"{middle(ratios):.3f}"])
    return rows


def shares(pairs: Sequence[tuple[Pass, Timed]]) -> dict[str, float]:
    """Median share of the run's time by part, in percent."""
    found: dict[str, list[float]] = {}
    for run, _ in pairs:
        total, parts = run.timed.seconds["all"], dict(run.parts)
        mind = parts.pop("mind")
        parts["reading and drawing"] = mind - sum(value for name, value in parts.items() if name != "log")
        parts["world and runner"] = total - mind - parts["log"]
        parts["log and cache"] = sum(parts[name] for name in LOG_AND_CACHE)
        for name, seconds in parts.items():
            found.setdefault(name, []).append(100 * seconds / total)
    return {name: round(middle(values), 2) for name, values in found.items()}


def prefix_cache(run: Pass) -> dict[str, float]:
    """How much of the prompts the engine had read before."""
    later = [(prompt, cached) for step, prompt, cached in run.tokens if step]
    prompts, cached = (sum(column) for column in zip(*(row[1:] for row in run.tokens), strict=True))
    return {
        "hit rate": round(cached / prompts, 3),
        "hit rate after the first step": round(sum(c for _, c in later) / max(1, sum(p for p, _ in later)), 3),
        "median new tokens after the first step": middle([prompt - cached for prompt, cached in later]),
        "median prompt tokens": middle([row[1] for row in run.tokens]),
    }


def main() -> None:
    """Measure and report."""
    options = parser(__doc__)
    options.add_argument("--agents", type=int, nargs="+", default=[100, 1000])
    options.add_argument("--steps", type=int, default=5)
    options.add_argument("--mind", choices=("base", "humanllm"), default="base")
    args = options.parse_args()
    meter = Meter(configured(args, min(args.agents), args.steps, mind=args.mind))
    rows: list[list[str]] = []
    details: list[Sequence[object]] = []
    raw = []
    for agents in args.agents:
        pairs = measure(args, meter, agents)
        run, _ = pairs[-1]
        rows += speeds(agents, pairs)
        parts, cache = shares(pairs), prefix_cache(run)
        details += [[agents, f"{name}, % of the run", value] for name, value in parts.items()]
        details += [[agents, name, value] for name, value in cache.items()]
        passes = [{"run": one.timed, "parts": one.parts, "bare": bare} for one, bare in pairs]
        raw.append({"agents": agents, "passes": passes, "shares": parts, "prefix cache": cache})
    meter.mind.close()
    table(["agents", "what", "value"], details)
    head = ["agents", "rounds", "decisions", "run, decisions/s", "bare, prompts/s", "run / bare"]
    report(args, head, rows, raw)


if __name__ == "__main__":
    main()
