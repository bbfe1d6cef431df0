"""Nothing heavy is loaded before it is needed.

Claim: `python -m sandbox --help` takes less than 0.5 s. Reported besides: `import sandbox`, `list` and `doctor`.

    python -m benchmarks.start --repeats 7

Wall time of whole processes, taken in turns, after one turn that is thrown away; `python -c pass` is the floor.
"""

import subprocess
import sys
import time

from benchmarks.common import middle, parser, report

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import sandbox": ["-c", "import sandbox"],
    "python -m sandbox --help": ["-m", "sandbox", "--help"],
    "python -m sandbox list": ["-m", "sandbox", "list"],
    "python -m sandbox doctor": ["-m", "sandbox", "doctor"],
}


def main() -> None:
    """Measure and report."""
    args = parser(__doc__, repeats=7).parse_args()
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(args.repeats + 1):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=True)
            found[name].append(time.perf_counter() - start)
    kept = {name: seconds[1:] for name, seconds in found.items()}
    rows = [[f"`{name}`", f"{middle(seconds):.2f}", f"{min(seconds):.2f}"] for name, seconds in kept.items()]
    report(args, ["command", "median, s", "least, s"], rows, kept)


if __name__ == "__main__":
    main()
