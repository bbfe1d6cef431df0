"""The shape of the code and of its settings, kept by tests: short files, short functions, types, docstrings."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from sandbox.assembly import make_worlds, world_class
from sandbox.cli import _parser
from sandbox.config import GROUPS, choices
from sandbox.run import read_config

ROOT = Path(__file__).parents[1]
PACKAGES = ("sandbox", "agents", "worlds", "training", "experiments")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
README = ROOT / "README.md"
MAX_LINES = 300
LONG = 40
"""Lines beyond which a function is long."""
MAX_LONG_SHARE = 0.05
SMALL = ("mind=rule", "population.size=100", "steps=1")

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    """A file's name in test reports."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[tuple[str, Function, bool]]:
    """Every function of a file: where, what, and whether it is public (named so, in a public class, in no function)."""

    def inside(node: ast.AST, public: bool) -> Iterator[tuple[str, Function, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                yield f"{name_of(path)}:{child.lineno} {child.name}", child, public and not child.name.startswith("_")
                yield from inside(child, False)
            else:
                yield from inside(child, public and not (isinstance(child, ast.ClassDef) and child.name[0] == "_"))

    yield from inside(ast.parse(path.read_text(encoding="utf-8")), True)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES
    assert ast.get_docstring(ast.parse(text)), "a module begins by saying what it is about"


def test_few_functions_are_long() -> None:
    lines = [
        (where, 1 + (one.end_lineno or one.lineno) - one.lineno) for path in FILES for where, one, _ in functions(path)
    ]
    long = [where for where, number in lines if number > LONG]
    assert len(lines) > 300
    assert len(long) <= MAX_LONG_SHARE * len(lines), long


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_function_says_what_it_returns(path: Path) -> None:
    assert [where for where, one, _ in functions(path) if one.returns is None] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_everything_public_has_a_docstring(path: Path) -> None:
    assert [where for where, one, public in functions(path) if public and not ast.get_docstring(one)] == []
    classes = [one for one in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(one, ast.ClassDef)]
    assert [one.name for one in classes if one.name[0] != "_" and not ast.get_docstring(one)] == []


def groups() -> list[tuple[str, str]]:
    """Every group of settings and every choice in it."""
    return [(group, name) for group in GROUPS for name in choices(group)]


TRAINING_GROUPS = ("corpus", "source", "rules", "synthesis", "judge", "recipe")


def test_every_folder_of_settings_is_a_known_group() -> None:
    folders = {path.name for path in (ROOT / "conf").iterdir() if path.is_dir()}
    assert folders == {*GROUPS, *TRAINING_GROUPS, "humanllm", "experiment", "accelerate"}


@pytest.mark.parametrize("path", sorted((ROOT / "conf").glob("*/*.yaml")), ids=name_of)
def test_every_file_of_settings_begins_with_one_line_about_itself(path: Path) -> None:
    first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    if "@package" in first:  # Hydra wants this line first
        first = path.read_text(encoding="utf-8").split("\n", 2)[1]
    assert re.fullmatch(r"# \S.{10,118}", first)


@pytest.mark.parametrize(("group", "name"), groups())
def test_every_choice_of_every_group_composes(group: str, name: str, tmp_path: Path) -> None:
    overrides = [*SMALL, f"{group}={name}"]
    if (group, name) == ("graph", "from_file"):
        ring = "\n".join(f"{one},{(one + 1) % 100}" for one in range(100))
        (tmp_path / "ring.csv").write_text(f"source,target\n{ring}\n")
        overrides.append(f"graph.path={tmp_path / 'ring.csv'}")
    config = read_config(overrides)
    [world] = make_worlds(config)
    kind, _ = world_class(config)
    assert isinstance(world, kind)
    assert world.network.G.number_of_nodes() == 100


@pytest.mark.parametrize("path", sorted((ROOT / "conf" / "experiment").glob("*.yaml")), ids=name_of)
def test_every_experiment_composes(path: Path) -> None:
    assert make_worlds(read_config([f"experiment={path.stem}"]))


def commands() -> list[str]:
    """Lines of the README that run the sandbox."""
    text = README.read_text(encoding="utf-8")
    return [line.strip().removeprefix("$ ") for line in text.splitlines() if _COMMAND.match(line)]


_COMMAND = re.compile(r"\s*(\$ )?python -m sandbox( |$)")


def test_the_readme_shows_commands() -> None:
    assert {command.split()[3] for command in commands()} >= {"run", "resume", "branch", "show", "list", "check"}


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_readme_is_understood(command: str) -> None:
    args, overrides = _parser().parse_known_args(shlex.split(command, comments=True)[3:])
    assert not [one for one in overrides if one.startswith("-")]
    assert args.takes_overrides or not overrides
    if args.name == "ask":
        return  # what follows is a question
    sweeps = getattr(args, "multirun", False) or args.name == "phase"
    for chosen in _each(overrides) if sweeps else [overrides]:
        world = [f"world={args.world}"] if args.name == "check" else []
        assert make_worlds(read_config([*world, *chosen]))


def _each(overrides: list[str]) -> Iterator[list[str]]:
    """The overrides of a sweep with each of its values in turn, others at their first."""
    values = {key: value.split(",") for key, _, value in (one.partition("=") for one in overrides)}
    plain = {key for key, value in values.items() if any(mark in "".join(value) for mark in "[{(")}
    first = {key: ",".join(value) if key in plain else value[0] for key, value in values.items()}
    for key, several in values.items():
        for value in several if key not in plain else []:
            yield [f"{one}={value if one == key else first[one]}" for one in values]


def test_the_world_to_copy_is_small() -> None:
    files = (ROOT / "worlds" / "rumor.py", ROOT / "conf" / "world" / "rumor.yaml")
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files) < 80
