"""Which engine settings are fastest: the ground for the values in `conf/mind/base.yaml`.

    python -m benchmarks.settings --agents 100 --steps 4 --repeats 2

Every variant changes one setting of the default and gets a process, so an engine, of its own; the variants take turns
(`--repeats` turns). Each sends the same rounds, recorded from one default run, from an empty prefix cache, once
untimed and then `--passes` times. `top_p` below 1 is measured against `min_p`, on texts only. Compiling
(`enforce_eager=false`) is not in the times; its start is, in the column of starts.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.common import Timed, configured, middle, parser, rate, report, worlds
from benchmarks.metered import Meter, read_calls, write_calls

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


def measure(args: argparse.Namespace) -> None:
    """One variant in this process: record a run where there is none, else time its rounds."""
    config = configured(args, args.agents, args.steps, *VARIANTS[args.variant])
    start = time.perf_counter()
    meter = Meter(config)
    start_s = time.perf_counter() - start
    file = args.folder / "calls.msgpack"
    if not file.exists():
        write_calls(file, meter.run(worlds(config), args.steps).calls)
    calls = read_calls(file)
    for params in (one for call in calls if call.kind == "text" for one in call.params):
        params.top_p, params.min_p = meter.mind.sampling.top_p, meter.mind.sampling.min_p
    passes: list[Timed] = []
    for _ in range(args.passes + 1):
        meter.forget()
        passes.append(meter.bare(calls))
    meter.mind.close()
    found = {"start_s": start_s, "passes": passes[1:]}
    (args.folder / "found.json").write_text(json.dumps(found))


def main() -> None:
    """Measure and report."""
    options = parser(__doc__, repeats=2)
    for name, default in (("agents", 100), ("steps", 4), ("passes", 2)):
        options.add_argument(f"--{name}", type=int, default=default)
    options.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="VARIANT")
    options.add_argument("--variant", help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = options.parse_args()
    if args.variant:
        measure(args)
        return
    found: dict[str, list[Timed]] = {name: [] for name in args.variants}
    starts: dict[str, list[float]] = {name: [] for name in args.variants}
    with TemporaryDirectory() as folder:
        for _ in range(args.repeats):
            for name in args.variants:
                child = [sys.executable, "-m", "benchmarks.settings", *sys.argv[1:], "--folder", folder]
                subprocess.run([*child, "--variant", name], check=True)
                one = json.loads((Path(folder) / "found.json").read_text())
                found[name] += [Timed(*each) for each in one["passes"]]
                starts[name].append(one["start_s"])
    rows: list[list[object]] = []
    first = {kind: middle([rate(one, kind) for one in found[args.variants[0]]]) for kind in ("choice", "text")}
    for name, passes in found.items():
        row: list[object] = [f"`{name}`"]
        for kind, base in first.items():
            speed = middle([rate(one, kind) for one in passes])
            row += [f"{speed:.1f}", f"{speed / base:.2f}" if base else "-"]
        rows.append([*row, f"{middle(starts[name]):.0f}"])
    head = ["setting", "choices per s", "ratio", "texts per s", "ratio", "start, s"]
    report(args, head, rows, {"starts": starts, "passes": found})


if __name__ == "__main__":
    main()
