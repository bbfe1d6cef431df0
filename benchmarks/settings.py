"""Which engine settings are fastest: the reasons for the values in `conf/mind/base.yaml`.

    python -m benchmarks.settings --agents 100 --steps 4 --repeats 2

Every variant changes one setting of the default and gets a process, and so an engine, of its own; the variants take
turns (`--repeats` turns). Each sends the same rounds, recorded from one default run, from an empty prefix cache, once
untimed and then `--passes` times. `top_p` below 1 is compared with `min_p`, on texts only. The times do not include
compilation (`enforce_eager=false`); the column of starts does.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.common import (
    RoundTimes,
    build_fresh_worlds,
    decision_rate,
    load_market_config,
    make_parser,
    median_or_zero,
    report_table,
)
from benchmarks.recorded_runs import EngineRecorder, load_calls, save_calls

VARIANTS: dict[str, list[str]] = {
    "default": [],
    "enforce_eager=false": ["mind.enforce_eager=false"],
    "block_size=64": ["mind.block_size=64"],
    "block_size=128": ["mind.block_size=128"],
    "max_num_batched_tokens=8192": ["mind.max_num_batched_tokens=8192"],
    "head_dtype=float32": ["mind.head_dtype=float32"],
    "top_p=0.95, min_p=0": ["mind.top_p=0.95", "mind.min_p=0"],
    "top_p=1, min_p=0": ["mind.top_p=1.0", "mind.min_p=0"],
}


def measure_variant(args: argparse.Namespace) -> None:
    """Time the recorded rounds with one variant in this process; record them first if no variant has."""
    config = load_market_config(args, args.agents, args.steps, *VARIANTS[args.variant])
    start = time.perf_counter()
    recorder = EngineRecorder(config)
    start_s = time.perf_counter() - start
    file = args.folder / "calls.msgpack"
    if not file.exists():
        save_calls(file, recorder.record_run(build_fresh_worlds(config), args.steps).calls)
    calls = load_calls(file)
    sampling = recorder.mind.sampling
    for params in (params for call in calls if call.kind == "text" for params in call.params):
        params.top_p, params.min_p = sampling.top_p, sampling.min_p
    passes: list[RoundTimes] = []
    for _ in range(args.passes + 1):
        recorder.reset_prefix_cache()
        passes.append(recorder.replay_calls(calls))
    recorder.mind.close()
    (args.folder / "measured.json").write_text(json.dumps({"start_s": start_s, "passes": passes[1:]}))


def variant_rows(passes: dict[str, list[RoundTimes]], starts: dict[str, list[float]]) -> list[list[object]]:
    """Return one row per variant; ratios are to the first."""
    medians = {
        name: {kind: median_or_zero([decision_rate(times, kind) for times in turns]) for kind in ("choice", "text")}
        for name, turns in passes.items()
    }
    reference = next(iter(medians.values()))
    rows: list[list[object]] = []
    for name, rates in medians.items():
        row: list[object] = [f"`{name}`"]
        for kind, rate in rates.items():
            row += [f"{rate:.1f}", f"{rate / reference[kind]:.2f}" if reference[kind] else "-"]
        rows.append([*row, f"{median_or_zero(starts[name]):.0f}"])
    return rows


def main() -> None:
    """Measure and report."""
    parser = make_parser(__doc__, repeats=2)
    for name, default in (("agents", 100), ("steps", 4), ("passes", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="VARIANT")
    parser.add_argument("--variant", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.variant:
        measure_variant(args)
        return
    passes: dict[str, list[RoundTimes]] = {name: [] for name in args.variants}
    starts: dict[str, list[float]] = {name: [] for name in args.variants}
    with TemporaryDirectory() as folder:
        for _ in range(args.repeats):
            for name in args.variants:
                command = [sys.executable, "-m", "benchmarks.settings", *sys.argv[1:], "--folder", folder]
                subprocess.run([*command, "--variant", name], check=True)
                measured = json.loads((Path(folder) / "measured.json").read_text())
                passes[name] += [RoundTimes(*times) for times in measured["passes"]]
                starts[name].append(measured["start_s"])
    head = ["setting", "choices per s", "ratio", "texts per s", "ratio", "start, s"]
    report_table(args, head, variant_rows(passes, starts), {"starts": starts, "passes": passes})


if __name__ == "__main__":
    main()
