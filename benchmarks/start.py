"""Heavy libraries are not loaded before they are needed.

Claim: `python -m sandbox --help` takes less than 0.5 s. Also reported: `import sandbox`, `list` and `doctor`.

    python -m benchmarks.start --repeats 7

Wall time of complete processes. The commands take turns, and the first turn is discarded; `python -c pass` is the
floor.
"""

import subprocess
import sys
import time

from benchmarks.common import make_parser, median_or_zero, report_table

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import sandbox": ["-c", "import sandbox"],
    "python -m sandbox --help": ["-m", "sandbox", "--help"],
    "python -m sandbox list": ["-m", "sandbox", "list"],
    "python -m sandbox doctor": ["-m", "sandbox", "doctor"],
}


def main() -> None:
    """Measure and report."""
    args = make_parser(__doc__, repeats=7).parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(args.repeats + 1):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=True)
            seconds[name].append(time.perf_counter() - start)
    seconds = {name: turns[1:] for name, turns in seconds.items()}
    rows = [[f"`{name}`", f"{median_or_zero(turns):.2f}", f"{min(turns):.2f}"] for name, turns in seconds.items()]
    report_table(args, ["command", "median, s", "minimum, s"], rows, seconds)


if __name__ == "__main__":
    main()
