"""Random settings for every command, and what became of each: a run, one short sentence, or a bug.

    python -m tests.sandbox.cli.random_overrides --number 1000 --seed 7

Each command runs in a forked process, in an empty folder, for at most `MAX_SECONDS`; one that works longer was not
wrong. Every command that ended in a traceback, in a long error or without a word is printed.
"""

import argparse
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import sandbox.cli.main
import training.cli
from sandbox.composition import compose, list_choices

MAX_CHARS = 1500
"""Characters of an error; a longer one shows more than what is wrong."""
MAX_SECONDS = 25.0
TINY = ("steps=1", "null_worlds=0", "reactions=0", "cache=false", "population.size=12", "mind=rule")
"""What comes before the random settings, so that a command that works is quick."""
WORLDS = ("rumor", "marketplace", "commons", "songs", "opinion", "feed")
MAINS: dict[str, Callable[[Sequence[str]], int]] = {"sandbox": sandbox.cli.main.main, "training": training.cli.main}
CONFIGS = {"corpus": "corpus", "sft": "sft", "evaluate": "evaluate", "merge": "merge", "all": "all"}
"""The file of settings of each command of `training`."""
NUMBERS = (
    "0", "1", "-1", "2", "0.5", "-0.0", "1e-320", "1e308", "1e400", "nan", "inf", "-inf", ".nan",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1" * 400, "1e5", "0x10", "0o17",
    "1_000", "1e", "٣", "½", "1/3",
)  # fmt: skip
WORDS = (
    "null", "true", "false", "yes", "???", "", "''", '""', "' '", "x", "NaN", "None", "👩‍🚀", "Ünï cödé",
    "‮abc", "\x00", "\n", "\t", "a\tb", "\\", "\\'", '"', "'", "a'b", "`ls`", "$HOME", "${steps}",
    "${oc.env:HOME}", "${", "${nowhere}", "${.x}", "}", "{", "[", "]", ",", ":", "=", "a=b", "a:b", "a,b",
    "{a}", "(1)", "int(3)", "str(null)", "glob(*)", "range(1,3)", "choice(1,2)", "shuffle(1,2)",
    "interval(0,1)", "sort(2,1)", "x" * 3000, "../../../etc/passwd", "/", "/dev/null", "~", "~nobody", ".",
    "conf", "*", "con", "file.csv", "a/b", "@", "#", "%s", "{}", "%(x)s", "-", "--", "!!python/name:os.system",
)  # fmt: skip
NESTED = (
    "[]", "{}", "[[]]", "[{}]", "{{}}", "[null]", "[nan]", "[1,1]", "[true]", "[x,x]", "['']", "[[1],[2]]",
    "{a: null}", "{a: 1}", "{a: {b: {c: 1}}}", "{1: 2}", "{null: 1}", "{nan: 1}", "{true: x}", "{a: [1, 2]}",
    "{_target_: os.system}", "{_target_: null}", "{_target_: [x]}", "[{do: x}]", "[{step: 0}]",
    "[{step: nan, do: set}]", "{a: a, a: b}", "['\\n']", "[" * 60 + "]" * 60, "[" + "x," * 2000 + "x]",
    "{'': 1}", "{a: ''}", "[👩‍🚀]", "{👩‍🚀: {}}", "{'a/b': {}}", "[0.1,0.2,0.3]",
)  # fmt: skip
RARE_KEYS = (
    "x", "", "a.b.c", ".", "..", "steps.x", "world", "world.", ".world", "world..x", "world._target_",
    "mind._target_", "hydra", "hydra.x", "hydra/launcher", "hydra.run.dir", "defaults", "[0]", "steps[0]",
    "a b", "👩‍🚀", "mind@x", "mind@extra_minds.a", "world@x", "graph@world", "interventions.0", "seeds.0",
    "minds.0", "__class__", "_target_", "experiment", "population", "mind.adapters", "extra_minds.a",
    "extra_minds.a._target_", "assignment.x", "treatments.a", "treatments.a.b", "x" * 500,
)  # fmt: skip
BUGS = ("traceback", "long", "silent")
"""What should not become of a command."""
PREFIXES = ("",) * 12 + ("+", "++", "~", "+", "++", "-", "++~")


class Outcome(NamedTuple):
    """What became of a command."""

    kind: str
    """`finished`, `sentence`, `slow`, `traceback`, `long` or `silent` (it failed without a word)."""
    text: str
    """What it said on stderr."""


class OverrideFuzzer:
    """Draws commands with random settings; the same seed gives the same commands."""

    def __init__(self, seed: int) -> None:
        self._draws = Random(seed)
        self._settings: dict[tuple[str, str], dict[str, Any]] = {}

    def draw_command(self) -> tuple[str, list[str]]:
        """Return `sandbox` or `training`, and the words after it."""
        draws = self._draws
        if draws.random() < 0.2:
            name = draws.choice(list(CONFIGS))
            return "training", [name, *self._draw_overrides(self._list_settings(CONFIGS[name], ""))]
        world = draws.choice(WORLDS)
        overrides = [*TINY, f"world={world}", *self._draw_overrides(self._list_settings("config", world))]
        name = draws.choices(["run", "compare", "run -m", "phase", "check", "power"], [12, 2, 2, 2, 1, 1])[0]
        if name == "run -m":
            return "sandbox", ["run", "-m", *overrides]
        if name == "check":
            return "sandbox", ["check", world, *(text for text in overrides if not text.startswith("world="))]
        return "sandbox", [*(["phase", draws.choice(["x", "sales"])] if name == "phase" else [name]), *overrides]

    def _draw_overrides(self, settings: Mapping[str, Any]) -> list[str]:
        return [self._draw_override(settings) for _ in range(self._draws.choice([1, 1, 1, 2, 3]))]

    def _draw_override(self, settings: Mapping[str, Any]) -> str:
        draws = self._draws
        key = draws.choice(list(settings)) if draws.random() < 0.8 else draws.choice(RARE_KEYS)
        if key in settings and draws.random() < 0.4:
            return f"{key}={self._draw_similar(settings[key])}"
        if draws.random() < 0.05:
            key += draws.choice([".x", ".0", "._target_", "[0]", " "])
        prefix = draws.choice(PREFIXES)
        if prefix.startswith("~") and draws.random() < 0.7:
            return prefix + key
        return f"{prefix}{key}={self._draw_value()}" if draws.random() > 0.01 else key

    def _draw_similar(self, value: Any) -> str:
        """Return a value of the type that the setting has."""
        draws = self._draws
        if isinstance(value, bool):
            return draws.choice(["true", "false"])
        if isinstance(value, int):
            return str(draws.choice([0, 1, 2, 3, value + 1, 2 * value, -value, value - 1]))
        if isinstance(value, float):
            return str(draws.choice([0, 1, 2 * value, -value, draws.random(), draws.uniform(-10, 10)]))
        if isinstance(value, list):
            parts = [draws.choice(["0", "1", "x", "0.5", "rule", "random", "{}"]) for _ in range(draws.randrange(4))]
            return f"[{','.join(parts)}]"
        return draws.choice(["null", "x", "rule", "random", "A", "{}", "post", "0", "2020-01-01"])

    def _draw_value(self) -> str:
        draws = self._draws
        kind = draws.random()
        if kind < 0.08:
            return f"[{','.join(self._draw_value() for _ in range(draws.randrange(4)))}]"
        if kind < 0.14:
            return f"{{a: {self._draw_value()}, {draws.choice(['b', '1', 'null', '_target_'])}: {self._draw_value()}}}"
        if kind < 0.2:
            return ",".join(self._draw_value() for _ in range(2))
        if kind < 0.26:
            names = [name for group in ("world", "mind", "graph", "experiment") for name in list_choices(group)]
            return draws.choice([name for name in names if name not in ("base", "humanllm", "server")])
        return draws.choice(draws.choice([NUMBERS, WORDS, NESTED]))

    def _list_settings(self, config: str, world: str) -> dict[str, Any]:
        """Return the values of all settings of a command by their paths, of groups too."""
        if (config, world) not in self._settings:
            node = compose([f"world={world}", "mind=rule"]) if world else compose([], config, ())
            self._settings[config, world] = dict(_walk(node, ""))
        return self._settings[config, world]


def _walk(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, value in node.items():
        yield f"{path}{name}", value
        if isinstance(value, dict):
            yield from _walk(value, f"{path}{name}.")


def try_command(package: str, words: list[str]) -> Outcome:
    """Run a command in a process of its own and say what became of it."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "work").mkdir()
        child = _fork_command(package, words, folder)
        end = time.monotonic() + MAX_SECONDS
        while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > end:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return Outcome("slow", "")
            time.sleep(0.005)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return judge_output(code, (folder / "stderr").read_text(encoding="utf-8", errors="replace"))


def judge_output(code: int, text: str) -> Outcome:
    """Say what the exit code of a command and its words on stderr show."""
    error = text[text.rfind("error: ") :] if "error: " in text else ""
    if "Traceback (most recent call last)" in text or code < 0:
        return Outcome("traceback", text)
    if len(error) > MAX_CHARS:
        return Outcome("long", text)
    if code and not error:
        return Outcome("silent", text)
    return Outcome("sentence" if code else "finished", text)


def _fork_command(package: str, words: list[str], folder: Path) -> int:
    if child := os.fork():
        return child
    os.setsid()
    with (folder / "stdout").open("w") as out, (folder / "stderr").open("w", encoding="utf-8") as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
    os.chdir(folder / "work")
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    code = 1
    try:
        code = MAINS[package](words)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def find_bugs(number: int, seed: int) -> list[str]:
    """Try random commands; print and return those that ended in a bug, and print what became of all."""
    fuzzer, kinds, bugs = OverrideFuzzer(seed), Counter[str](), list[str]()
    for _ in range(number):
        package, words = fuzzer.draw_command()
        outcome = try_command(package, words)
        kinds[outcome.kind] += 1
        if outcome.kind in BUGS:
            bugs.append(f"{outcome.kind}: {package} {words}\n{outcome.text[-2500:]}")
            print(bugs[-1], file=sys.stderr, flush=True)
    print(dict(kinds), file=sys.stderr)
    return bugs


def main() -> None:
    """Try as many commands as asked for."""
    parser = argparse.ArgumentParser(description="Try random settings.")
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    sys.exit(bool(find_bugs(args.number, args.seed)))


if __name__ == "__main__":
    main()
