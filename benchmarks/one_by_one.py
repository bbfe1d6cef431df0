"""Batches of rounds compared with one HTTP request per decision, the way most agent frameworks ask.

Claims: compared with one request at a time, rounds in one `LLM.generate` make at least 8 times as many texts, and at
least 5 times as many choices if people's prefixes are cached. The rate for 16 requests at a time is reported without a
claim.

    python -m benchmarks.one_by_one --decisions 200 --texts 100 --repeats 1

The prompts are those of a default run, recorded first. The server is a real `vllm serve` with the same settings; it
and the in-process engine take turns, never at once (`--repeats` turns each). There are three loads, each from an empty
prefix cache: choice rounds, and text rounds, after the first prompt of each person in the run was sent once, untimed,
so that the preamble and the person are cached; and the complete run with a cold cache.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from benchmarks.common import (
    RoundTimes,
    build_fresh_worlds,
    decision_rate,
    load_market_config,
    make_parser,
    median_or_zero,
    report_table,
)
from benchmarks.recorded_runs import EngineCall, EngineRecorder, load_calls, save_calls
from benchmarks.vllm_server import WARM_UP_CONCURRENCY, run_server

SKIPPED_SHARE = 0.3
"""Share of the run's calls before choice rounds are taken: the first prompts are there."""
LOADS = ("choices, people cached", "texts, people cached", "the complete run, cold cache")

Send: TypeAlias = Callable[[Sequence[EngineCall]], RoundTimes]


def build_loads(
    calls: Sequence[EngineCall], decisions: int, texts: int
) -> list[tuple[list[EngineCall], list[EngineCall]]]:
    """Return what is sent first, untimed, and what is timed; in the order of `LOADS`."""
    late = calls[int(SKIPPED_SHARE * len(calls)) :]
    warm_up = [first_choices(calls)]
    return [
        (warm_up, take_rounds([call for call in late if call.kind == "choice"], decisions)),
        (warm_up, take_rounds([call for call in calls if call.kind == "text"], texts)),
        ([], list(calls)),
    ]


def first_choices(calls: Sequence[EngineCall]) -> EngineCall:
    """Return everybody's first choice, as one batch."""
    by_person: dict[str, tuple[Any, ...]] = {}
    for call in (call for call in calls if call.kind == "choice"):
        for person, *request in zip(call.people, call.prompts, call.params, call.adapters, strict=True):
            by_person.setdefault(person, tuple(request))
    prompts, params, adapters = (list(column) for column in zip(*by_person.values(), strict=True))
    return EngineCall("choice", prompts, params, list(by_person), adapters)


def take_rounds(calls: Sequence[EngineCall], number: int) -> list[EngineCall]:
    """Return complete rounds until there are at least `number` decisions."""
    rounds: list[EngineCall] = []
    for call in calls:
        if sum(len(earlier.prompts) for earlier in rounds) >= number:
            break
        rounds.append(call)
    return rounds


def time_loads(
    args: argparse.Namespace, calls: Sequence[EngineCall], reset_cache: Callable[[], None], warm_up: Send, send: Send
) -> list[RoundTimes]:
    """Time every load.

    Args:
        args: Command-line options.
        calls: The recorded run.
        reset_cache: Empties the prefix cache.
        warm_up: Sends what is not timed.
        send: Sends what is timed.
    """
    warm_up(calls[:2])
    times: list[RoundTimes] = []
    for first, load in build_loads(calls, args.decisions, args.texts):
        reset_cache()
        warm_up(first)
        times.append(send(load))
    return times


def run_phase(args: argparse.Namespace) -> None:
    """Record a run (`record`) or send the loads in batches (`batches`); only this code starts an engine here."""
    config = load_market_config(args, args.agents, args.steps)
    recorder = EngineRecorder(config)
    file = args.folder / "calls.msgpack"
    if args.phase == "record":
        run = recorder.record_run(build_fresh_worlds(config), args.steps)
        save_calls(file, run.calls)
    else:
        replay = recorder.replay_calls
        times = time_loads(args, load_calls(file), recorder.reset_prefix_cache, replay, replay)
        (args.folder / "batches.json").write_text(json.dumps(times))
    recorder.mind.close()


def compare_sides(args: argparse.Namespace, folder: Path) -> list[list[list[RoundTimes]]]:
    """Return for every repeat the times of the loads in batches, one at a time, and `--concurrency` at a time."""
    command = [sys.executable, "-m", "benchmarks.one_by_one", *sys.argv[1:], "--folder", str(folder), "--phase"]
    subprocess.run([*command, "record"], check=True)
    calls = load_calls(folder / "calls.msgpack")
    repeats: list[list[list[RoundTimes]]] = []
    for _ in range(args.repeats):
        subprocess.run([*command, "batches"], check=True)
        sides = [[RoundTimes(*times) for times in json.loads((folder / "batches.json").read_text())]]
        with run_server(load_market_config(args, args.agents, args.steps)) as server:
            warm_up = partial(server.send_calls, concurrency=WARM_UP_CONCURRENCY)
            for concurrency in (1, args.concurrency):
                send = partial(server.send_calls, concurrency=concurrency)
                sides.append(time_loads(args, calls, server.reset_prefix_cache, warm_up, send))
        repeats.append(sides)
    return repeats


def load_rows(repeats: Sequence[Sequence[Sequence[RoundTimes]]]) -> list[list[object]]:
    """Return one row per load."""
    rows: list[list[object]] = []
    for index, load in enumerate(LOADS):
        sides = [[decision_rate(repeat[side][index], "all") for repeat in repeats] for side in range(3)]
        ratios = [
            median_or_zero([batch / request for batch, request in zip(sides[0], side, strict=True)])
            for side in sides[1:]
        ]
        num = repeats[0][0][index].decisions["all"]
        rates = [f"{median_or_zero(side):.1f}" for side in sides]
        rows.append([load, num, *rates, *(f"{ratio:.1f}" for ratio in ratios)])
    return rows


def main() -> None:
    """Measure and report."""
    parser = make_parser(__doc__, repeats=1)
    for name, default in (("agents", 100), ("steps", 20), ("decisions", 200), ("texts", 100), ("concurrency", 16)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--phase", choices=("record", "batches"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.phase:
        run_phase(args)
        return
    with TemporaryDirectory() as folder:
        repeats = compare_sides(args, Path(folder))
    several = f"{args.concurrency} at a time"
    head = ["load", "decisions", "rounds, per s", "one at a time", several, "rounds / one", f"rounds / {several}"]
    report_table(args, head, load_rows(repeats), repeats)


if __name__ == "__main__":
    main()
