"""Raw logs become a corpus as a stream: not much slower than they can be decoded, in memory that stays flat.

Claims: the stages `read` and `filter` together have at least half the speed of only decompressing and decoding the
same files with the fastest well-kept decoder; while the input grows from 100,000 to 3,000,000 records, the process
never holds 1 GB more than one that has only imported the package.

    python -m benchmarks.corpus                                   # all of it; about 20 minutes and 3 GB of disk
    python -m benchmarks.corpus --sizes 100000 --speed 100000     # a glance
    python -m benchmarks.corpus --set rules.forum.core.min_posts=6 rules.forum.core.needs_answered=true

Reddit dumps are made up first (`logs.py`). Decoders take every line into Python objects, all keys of it; the two sides
take turns in one process, after one turn that is thrown away. Then every size runs through all stages, and what
`python -m training corpus` writes at the end, in a process of its own. Memory is the most that it ever held (peak RSS,
from Linux, which is asked anew at every stage), pages of the files it reads included. Users of made-up logs write too
few posts for the paper's six, so that rule is off, and with it the one that a comment's post is kept; else the later
stages would have next to nothing to do.
"""

import argparse
import importlib
import importlib.util
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeAlias

import msgspec
import zstandard

from benchmarks.common import middle, parser, report, table
from benchmarks.logs import FILES, WINDOW

OURS = "read and filter"
SIZES = (100_000, 300_000, 1_000_000, 3_000_000)
SET = ("rules.forum.core.min_posts=0", "rules.forum.core.needs_answered=false")
LOGS = 5_500_000
"""Records that the plan is for, as many as the paper's."""
PIECE = 1 << 20
"""Bytes that the bare side decompresses at once."""
MB = 1_000_000
LEFT_BY = {"read": "read", "filter": "read", "core": "filter", "part": "core", "group": "core", "clean": "core"}
"""By stage, the one that left the records that enter it; of the later ones that is `clean`."""

Decode: TypeAlias = Callable[[bytes], object]


class Timed(NamedTuple):
    """One pass."""

    wall_s: float
    cpu_s: float


class Spent(msgspec.Struct):
    """What one stage took."""

    stage: str
    wall_s: float
    cpu_s: float
    peak_bytes: int
    records: int = 0
    """That entered it."""


class Watch:
    """Time and peak memory of every stage, as `build` tells of them."""

    def __init__(self) -> None:
        self.spent: list[Spent] = []
        self._stage, self._start, self._cpu = "", 0.0, 0.0

    def told(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Begin a stage, unless it has begun already; "" ends the last one."""
        if stage == self._stage:
            return
        now, cpu = time.perf_counter(), time.process_time()
        if self._stage:
            self.spent.append(Spent(self._stage, now - self._start, cpu - self._cpu, peak()))
        forget_peak()
        self._stage, self._start, self._cpu = stage, now, cpu


def peak() -> int:
    """The most bytes that this process held since it began or forgot."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def forget_peak() -> None:
    """Count the peak from here on."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def decoders() -> dict[str, Decode]:
    """Those that are installed, each a function of a line."""
    found: dict[str, Decode] = {"msgspec": msgspec.json.Decoder().decode}
    if importlib.util.find_spec("orjson"):
        found["orjson"] = importlib.import_module("orjson").loads
    return found


def decode_all(files: Sequence[Path], decode: Decode) -> None:
    """Decompress files and decode every line; nothing else."""
    for path in files:
        for line in lines_of(path):
            decode(line)


def lines_of(path: Path) -> Iterator[bytes]:
    """Lines of a zstandard file."""
    for block in _blocks(path):
        yield from block.splitlines()


def _blocks(path: Path) -> Iterator[bytes]:
    """Whole lines."""
    rest = b""
    with path.open("rb") as raw, zstandard.ZstdDecompressor(max_window_size=1 << 31).stream_reader(raw) as file:
        while piece := file.read(PIECE):
            end = piece.rfind(b"\n") + 1
            if end:
                yield rest + piece[:end]
            rest = piece[end:] if end else rest + piece
    yield rest


def read_and_filter(settings: Sequence[str], corpus: Path) -> Callable[[], None]:
    """The two stages, from an empty folder; reading the configuration is left out."""
    from training.corpus import configured, stages_of
    from training.stages import run_stage

    stages = stages_of(configured([*settings, *whereto(corpus)]))[:2]

    def run() -> None:
        shutil.rmtree(corpus, ignore_errors=True)
        for stage in stages:
            run_stage(corpus, stage)

    return run


def whereto(corpus: Path) -> list[str]:
    """Settings of a corpus in that folder."""
    return [f"corpus_dir={corpus}", "secret=benchmark"]


def of_reddit(dump: Path) -> list[str]:
    """Settings of a corpus of that dump."""
    return ["sources=[reddit]", *(f"source.reddit.{kind}=[{dump / name}]" for kind, name in FILES.items())]


def make_dump(args: argparse.Namespace, folder: Path, records: int) -> None:
    """Make a dump in a process of its own, so that this one stays small."""
    options = ["--records", str(records), "--window", str(args.window)]
    subprocess.run([sys.executable, "-m", "benchmarks.logs", folder, *options], check=True)


def timed(work: Callable[[], object]) -> Timed:
    """Seconds that it takes."""
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return Timed(time.perf_counter() - start, time.process_time() - cpu)


def in_turns(files: Sequence[Path], settings: Sequence[str], corpus: Path, repeats: int) -> dict[str, list[Timed]]:
    """Passes of each decoder over the files and of the two stages, in turns; the first turn is thrown away."""
    sides: dict[str, Callable[[], object]] = {
        name: partial(decode_all, files, decode) for name, decode in decoders().items()
    }
    sides[OURS] = read_and_filter(settings, corpus)
    found: dict[str, list[Timed]] = {name: [] for name in sides}
    for _ in range(repeats + 1):
        for name, work in sides.items():
            found[name].append(timed(work))
    return {name: passes[1:] for name, passes in found.items()}


def speed_rows(found: dict[str, list[Timed]], records: int) -> list[list[object]]:
    """One side a row: records per second, and our speed as a share of it, by wall and by CPU time."""
    rows: list[list[object]] = []
    for name, passes in found.items():
        wall_s, cpu_s = (middle(column) for column in zip(*passes, strict=True))
        ratios = [
            [side[clock] / ours[clock] for side, ours in zip(passes, found[OURS], strict=True)] for clock in (0, 1)
        ]
        shares = [f"{middle(ratio):.2f}" for ratio in ratios]
        rows.append([name, f"{wall_s:.2f}", f"{cpu_s:.2f}", f"{records / wall_s:,.0f}", *shares])
    return rows


def build_one(args: argparse.Namespace) -> dict[str, Any]:
    """Make one corpus in this process and measure it; of no records, only import what it takes."""
    from training.corpus import build, configured
    from training.out import write_out

    if not args.size:
        return {"records": 0, "peak_bytes": peak(), "spent": []}
    watch = Watch()
    config = configured([*of_reddit(args.folder), *whereto(args.folder / "corpus"), *args.set])
    counts = build(config, watch.told)
    watch.told("out")
    write_out(config, counts)
    watch.told("")
    for one in watch.spent:
        left = (LEFT_BY.get(one.stage, "clean"), "records", "out")
        one.records = sum(count.number for count in counts if (count.stage, count.what, count.reason) == left)
    most = max(one.peak_bytes for one in watch.spent)
    return {"records": args.size, "peak_bytes": most, "spent": msgspec.to_builtins(watch.spent)}


def scale(args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Every size in a process of its own, after one that only imports."""
    found: list[dict[str, Any]] = []
    for records in (0, *args.sizes):
        make_dump(args, folder, records)
        size_bytes = sum((folder / name).stat().st_size for name in FILES.values())
        command = [sys.executable, "-m", "benchmarks.corpus", "--size", str(records), "--folder", str(folder)]
        done = subprocess.run([*command, "--set", *args.set], stdout=subprocess.PIPE, text=True, check=True)
        found.append({**json.loads(done.stdout), "dump_bytes": size_bytes})
        shutil.rmtree(folder / "corpus", ignore_errors=True)
    return found


def scale_rows(found: Sequence[dict[str, Any]]) -> list[list[object]]:
    """One size a row."""
    base, *sizes = found
    rows: list[list[object]] = [["none", "", "", "", f"{base['peak_bytes'] / MB:,.0f}", 0, "import"]]
    for one in sizes:
        records, peak_mb = one["records"], one["peak_bytes"] / MB
        seconds = sum(spent["wall_s"] for spent in one["spent"])
        most = max(one["spent"], key=lambda spent: spent["peak_bytes"])
        above_mb = peak_mb - base["peak_bytes"] / MB
        cells = (records, one["dump_bytes"] / MB, seconds, records / seconds, peak_mb, above_mb)
        rows.append([*(f"{cell:,.0f}" for cell in cells), most["stage"]])
    return rows


def stage_rows(found: Sequence[dict[str, Any]], logs: int) -> list[list[object]]:
    """One stage a row: seconds at every size; at the largest one records, speed, memory; and minutes for `logs`."""
    base, *sizes = found
    rows: list[list[object]] = []
    minutes = 0.0
    for spent in zip(*(one["spent"] for one in sizes), strict=True):
        last, seconds = spent[-1], [f"{one['wall_s']:,.1f}" for one in spent]
        rate = max(1, last["records"]) / last["wall_s"]
        above_mb = (last["peak_bytes"] - base["peak_bytes"]) / MB
        cells = [f"{last['records']:,}", f"{rate:,.0f}", f"{above_mb:,.0f}", f"{logs / rate / 60:,.1f}"]
        rows.append([last["stage"], *seconds, *cells])
        minutes += logs / rate / 60
    totals = [f"{sum(spent['wall_s'] for spent in one['spent']):,.1f}" for one in sizes]
    return [*rows, ["all", *totals, "", "", "", f"{minutes:,.1f}"]]


def main() -> None:
    """Measure speed, then every size in a fresh process, and report; or, with `--size`, one size in this process."""
    options = parser(__doc__, repeats=5)
    options.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="records; none: speed only")
    options.add_argument("--speed", type=int, default=300_000, help="records that the sides are timed with")
    options.add_argument("--window", type=int, default=WINDOW, help="of compression, as a power of 2 (bytes)")
    options.add_argument("--plan", type=int, default=LOGS, help="records that the last column is for")
    options.add_argument("--set", nargs="*", default=SET, help="overrides of the corpus's settings")
    options.add_argument("--folder", type=Path, help="where dumps and corpora are made; default: a temporary folder")
    options.add_argument("--size", type=int, help=argparse.SUPPRESS)
    args = options.parse_args()
    if args.size is not None:
        print(json.dumps(build_one(args)))
        return
    with TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        make_dump(args, folder, args.speed)
        dumps = [folder / name for name in FILES.values()]
        sides = in_turns(dumps, of_reddit(folder), folder / "corpus", args.repeats)
        found = scale(args, folder) if args.sizes else []
    if found:
        table(["records", "dump MB", "s", "records/s", "peak MB", "above base", "peak in"], scale_rows(found))
        head = ["stage", *(f"s at {size:,}" for size in args.sizes), "records in", "per s", "MB above base"]
        table([*head, f"min for {args.plan:,}"], stage_rows(found, args.plan))
    head = ["side", "s", "CPU s", "records/s", "ours / it", "by CPU time"]
    report(args, head, speed_rows(sides, args.speed), {"speed": sides, "sizes": found})


if __name__ == "__main__":
    main()
