"""Batches of rounds against one HTTP request per decision, the way most agent frameworks ask.

Claims: against requests one at a time, rounds in one `LLM.generate` make at least 8 times as many texts, and at least
5 times as many choices where people's prefixes are cached. Sixteen requests at a time are reported as they are.

    python -m benchmarks.one_by_one --decisions 200 --texts 100 --repeats 1

The prompts are those of a default run, recorded first. The server is a real `vllm serve` with the same settings; it
and the in-process engine take turns, never at once (`--repeats` of each). Three loads, each from an emptied prefix
cache: choice rounds and text rounds after each person's first prompt of the run was sent once, untimed, so that
the rules and the person are cached; and the whole run with a cold cache.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.common import Timed, configured, middle, parser, rate, report, worlds
from benchmarks.metered import Call, Meter, read_calls, write_calls
from benchmarks.served import WARM_CONCURRENCY, serving

SKIPPED = 0.3
"""Share of the run's calls before choice rounds are taken: the first prompts lie there."""
LOADS = ("choices, people cached", "texts, people cached", "the whole run, cold cache")


def loads(calls: Sequence[Call], decisions: int, texts: int) -> list[tuple[list[Call], list[Call]]]:
    """What is sent before, untimed, and what is timed; in the order of `LOADS`."""
    late = calls[int(SKIPPED * len(calls)) :]
    warm = [first_prompts(calls)]
    return [
        (warm, upto([call for call in late if call.kind == "choice"], decisions)),
        (warm, upto([call for call in calls if call.kind == "text"], texts)),
        ([], list(calls)),
    ]


def first_prompts(calls: Sequence[Call]) -> Call:
    """Everybody's first choice, as one batch."""
    found: dict[str, tuple[Any, ...]] = {}
    for call in (call for call in calls if call.kind == "choice"):
        for person, *asked in zip(call.people, call.prompts, call.params, call.adapters, strict=True):
            found.setdefault(person, tuple(asked))
    prompts, params, adapters = (list(column) for column in zip(*found.values(), strict=True))
    return Call("choice", prompts, params, list(found), adapters)


def upto(calls: Sequence[Call], number: int) -> list[Call]:
    """Whole rounds until there are at least so many decisions."""
    taken: list[Call] = []
    for call in calls:
        if sum(len(one.prompts) for one in taken) >= number:
            break
        taken.append(call)
    return taken


def measure(
    args: argparse.Namespace, calls: Sequence[Call], forget: Callable[[], None], *send: Callable[[list[Call]], Timed]
) -> list[Timed]:
    """Time every load; `send` is how to send what is untimed and how to send the rest."""
    untimed, timed = send
    untimed(list(calls[:2]))
    found: list[Timed] = []
    for before, load in loads(calls, args.decisions, args.texts):
        forget()
        untimed(before)
        found.append(timed(load))
    return found


def in_process(args: argparse.Namespace) -> None:
    """Record a run (`record`) or send the loads in batches (`batches`); the only code that starts an engine here."""
    meter = Meter(configured(args, args.agents, args.steps))
    file = args.folder / "calls.msgpack"
    if args.phase == "record":
        run = meter.run(worlds(configured(args, args.agents, args.steps)), args.steps)
        write_calls(file, run.calls)
    else:
        calls = read_calls(file)
        found = measure(args, calls, meter.forget, meter.bare, meter.bare)
        (args.folder / "batches.json").write_text(json.dumps(found))
    meter.mind.close()


def compare(args: argparse.Namespace, folder: Path) -> list[list[list[Timed]]]:
    """For every repeat: the loads in batches, one at a time, and sixteen at a time."""
    child = [sys.executable, "-m", "benchmarks.one_by_one", *sys.argv[1:], "--folder", str(folder), "--phase"]
    subprocess.run([*child, "record"], check=True)
    calls = read_calls(folder / "calls.msgpack")
    found: list[list[list[Timed]]] = []
    for _ in range(args.repeats):
        subprocess.run([*child, "batches"], check=True)
        sides = [[Timed(*one) for one in json.loads((folder / "batches.json").read_text())]]
        with serving(configured(args, args.agents, args.steps)) as server:

            def warm(calls: list[Call], server: Any = server) -> Timed:
                return server.send(calls, WARM_CONCURRENCY)

            for concurrency in (1, args.concurrency):

                def send(calls: list[Call], server: Any = server, concurrency: int = concurrency) -> Timed:
                    return server.send(calls, concurrency)

                sides.append(measure(args, calls, server.forget, warm, send))
        found.append(sides)
    return found


def main() -> None:
    """Measure and report."""
    options = parser(__doc__, repeats=1)
    for name, default in (("agents", 100), ("steps", 20), ("decisions", 200), ("texts", 100), ("concurrency", 16)):
        options.add_argument(f"--{name}", type=int, default=default)
    options.add_argument("--phase", choices=("record", "batches"), help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = options.parse_args()
    if args.phase:
        in_process(args)
        return
    with TemporaryDirectory() as folder:
        found = compare(args, Path(folder))
    rows: list[list[object]] = []
    for at, load in enumerate(LOADS):
        sides = [[rate(repeat[side][at], "all") for repeat in found] for side in range(3)]
        ratios = [middle([one / other for one, other in zip(sides[0], side, strict=True)]) for side in sides[1:]]
        num = found[0][0][at].decisions["all"]
        rows.append([load, num, *(f"{middle(side):.1f}" for side in sides), *(f"{ratio:.1f}" for ratio in ratios)])
    many = f"{args.concurrency} at a time"
    head = ["load", "decisions", "rounds, per s", "one at a time", many, "rounds / one", f"rounds / {many}"]
    report(args, head, rows, found)


if __name__ == "__main__":
    main()
