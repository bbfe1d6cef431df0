"""The shape of the code and of its settings, kept by tests: short files, short functions, types, docstrings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from sandbox.composition import GROUPS, list_choices
from sandbox.runtime.assembly import build_worlds, resolve_world
from sandbox.runtime.config import load_run_config

ROOT = Path(__file__).parents[1]
PACKAGES = ("sandbox", "agents", "worlds", "training", "experiments")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MAX_LINES = 300
LONG_FUNCTION = 40
"""Lines beyond which a function is long."""
MAX_LONG_SHARE = 0.05
SMALL = ("mind=rule", "population.size=100", "steps=1")

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    """Return a file's name for test reports."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[tuple[str, Function, bool]]:
    """Yield every function of a file: where, what, and whether it is public (by name, class and enclosing scope)."""

    def inside(node: ast.AST, public: bool) -> Iterator[tuple[str, Function, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                is_documented = not child.name.startswith("_") and not is_overload(child)
                yield f"{name_of(path)}:{child.lineno} {child.name}", child, public and is_documented
                yield from inside(child, False)
            else:
                yield from inside(child, public and not (isinstance(child, ast.ClassDef) and child.name[0] == "_"))

    yield from inside(ast.parse(path.read_text(encoding="utf-8")), True)


def is_overload(function: Function) -> bool:
    """Return whether a function only declares a signature; the one that implements it has the docstring."""
    return any(isinstance(decorator, ast.Name) and decorator.id == "overload" for decorator in function.decorator_list)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES
    assert ast.get_docstring(ast.parse(text)), "a module begins by saying what it is about"


def test_few_functions_are_long() -> None:
    lines = [
        (where, 1 + (node.end_lineno or node.lineno) - node.lineno)
        for path in FILES
        for where, node, _ in functions(path)
    ]
    long = [where for where, number in lines if number > LONG_FUNCTION]
    assert len(lines) > 300
    assert len(long) <= MAX_LONG_SHARE * len(lines), long


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_function_says_what_it_returns(path: Path) -> None:
    assert [where for where, node, _ in functions(path) if node.returns is None] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_everything_public_has_a_docstring(path: Path) -> None:
    missing = [where for where, node, is_public in functions(path) if is_public and not ast.get_docstring(node)]
    assert missing == []
    classes = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)]
    assert [node.name for node in classes if node.name[0] != "_" and not ast.get_docstring(node)] == []


def groups() -> list[tuple[str, str]]:
    """Return every group of settings with every choice in it."""
    return [(group, name) for group in GROUPS for name in list_choices(group)]


TRAINING_GROUPS = ("corpus", "source", "panel", "filters", "synthesis", "judge", "recipe")


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
        ring = "\n".join(f"{node},{(node + 1) % 100}" for node in range(100))
        (tmp_path / "ring.csv").write_text(f"source,target\n{ring}\n")
        overrides.append(f"graph.path={tmp_path / 'ring.csv'}")
    config = load_run_config(overrides)
    [world] = build_worlds(config)
    kind, _ = resolve_world(config)
    assert isinstance(world, kind)
    assert world.network.G.number_of_nodes() == 100


@pytest.mark.parametrize("path", sorted((ROOT / "conf" / "experiment").glob("*.yaml")), ids=name_of)
def test_every_experiment_composes(path: Path) -> None:
    assert build_worlds(load_run_config([f"experiment={path.stem}"]))


def test_the_world_to_copy_is_small() -> None:
    files = (ROOT / "worlds" / "rumor.py", ROOT / "conf" / "world" / "rumor.yaml")
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files) < 100
