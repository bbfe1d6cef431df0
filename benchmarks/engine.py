"""A run costs little more than its language model.

Claims: a run (runner, world, log, answer cache, prompts, drawing of answers) makes at least 0.95 of the decisions per
second of bare `LLM.generate` on the same token ids with the same sampling in the same engine; log and cache together
take less than 3 % of a run.

    python -m benchmarks.engine --agents 100 1000 --steps 5 --repeats 3

Passes alternate (run, bare, run, bare, ...) after a first run that is discarded, each from an empty prefix cache. The
time of a round counts from the end of the round before, so it includes the world's share. The median of the ratios of
neighbouring passes is reported. The parts of a run come from wrapped functions: `engine` is `LLM.generate`.
"""

import argparse
from collections.abc import Sequence
from typing import Any

from benchmarks.common import (
    ROUND_KINDS,
    RoundTimes,
    build_fresh_worlds,
    decision_rate,
    load_market_config,
    make_parser,
    median_or_zero,
    print_table,
    report_table,
)
from benchmarks.recorded_runs import EngineRecorder, RecordedRun

LOG_AND_CACHE = ("log", "cache get", "cache put")


def measure_pairs(
    args: argparse.Namespace, recorder: EngineRecorder, agents: int
) -> list[tuple[RecordedRun, RoundTimes]]:
    """Alternate runs and bare passes over the prompts of the run before."""
    config = load_market_config(args, agents, args.steps, mind=args.mind)
    pairs: list[tuple[RecordedRun, RoundTimes]] = []
    for number in range(args.repeats + 1):
        recorder.reset_prefix_cache()
        run = recorder.record_run(build_fresh_worlds(config), args.steps)
        if not number:
            continue
        recorder.reset_prefix_cache()
        pairs.append((run, recorder.replay_calls(run.calls)))
    return pairs


def speed_rows(agents: int, pairs: Sequence[tuple[RecordedRun, RoundTimes]]) -> list[list[str]]:
    """Return one row per kind of round."""
    rows: list[list[str]] = []
    for kind in ROUND_KINDS:
        rates = [(decision_rate(run.times, kind), decision_rate(bare, kind)) for run, bare in pairs]
        if not all(run_rate and bare_rate for run_rate, bare_rate in rates):
            continue
        # if texts were asked for a second time, the bare pass has more prompts than the run has decisions
        ratios = [bare.seconds[kind] / run.times.seconds[kind] for run, bare in pairs]
        run_rate, bare_rate = (median_or_zero(side) for side in zip(*rates, strict=True))
        num = pairs[0][0].times.decisions[kind]
        ratio = median_or_zero(ratios)
        rows.append([str(agents), kind, str(num), f"{run_rate:.1f}", f"{bare_rate:.1f}", f"{ratio:.3f}"])
    return rows


def part_percentages(pairs: Sequence[tuple[RecordedRun, RoundTimes]]) -> dict[str, float]:
    """Return the median share of the run's time by part, in percent."""
    percentages: dict[str, list[float]] = {}
    for run, _ in pairs:
        total, parts = run.times.seconds["all"], dict(run.parts)
        mind = parts.pop("mind")
        parts["reading and drawing"] = mind - sum(value for name, value in parts.items() if name != "log")
        parts["world and runner"] = total - mind - parts["log"]
        parts["log and cache"] = sum(parts[name] for name in LOG_AND_CACHE)
        for name, seconds in parts.items():
            percentages.setdefault(name, []).append(100 * seconds / total)
    return {name: round(median_or_zero(values), 2) for name, values in percentages.items()}


def prefix_cache_statistics(run: RecordedRun) -> dict[str, float]:
    """Return how much of the prompts the engine took from its prefix cache."""
    prompts = [prompt for _, prompt, _ in run.tokens]
    cached_sum = sum(cached for _, _, cached in run.tokens)
    late = [(prompt, cached) for step, prompt, cached in run.tokens if step]
    late_sums = sum(prompt for prompt, _ in late), sum(cached for _, cached in late)
    return {
        "hit rate": round(cached_sum / sum(prompts), 3),
        "hit rate after the first step": round(late_sums[1] / max(1, late_sums[0]), 3),
        "median new tokens after the first step": median_or_zero([prompt - cached for prompt, cached in late]),
        "median prompt tokens": median_or_zero(prompts),
    }


def main() -> None:
    """Measure and report."""
    parser = make_parser(__doc__)
    parser.add_argument("--agents", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--mind", choices=("base", "humanllm"), default="base")
    args = parser.parse_args()
    recorder = EngineRecorder(load_market_config(args, min(args.agents), args.steps, mind=args.mind))
    rows: list[list[str]] = []
    details: list[Sequence[object]] = []
    raw: list[dict[str, Any]] = []
    for agents in args.agents:
        pairs = measure_pairs(args, recorder, agents)
        last_run, _ = pairs[-1]
        rows += speed_rows(agents, pairs)
        percentages, cache = part_percentages(pairs), prefix_cache_statistics(last_run)
        details += [[agents, f"{name}, % of the run", value] for name, value in percentages.items()]
        details += [[agents, name, value] for name, value in cache.items()]
        passes = [{"run": run.times, "parts": run.parts, "bare": bare} for run, bare in pairs]
        raw.append({"agents": agents, "passes": passes, "shares": percentages, "prefix cache": cache})
    recorder.mind.close()
    print_table(["agents", "quantity", "value"], details)
    head = ["agents", "rounds", "decisions", "run, decisions/s", "bare, prompts/s", "run / bare"]
    report_table(args, head, rows, raw)


if __name__ == "__main__":
    main()
