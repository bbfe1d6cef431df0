"""Names say what things are: few vague words, functions that are verbs, one type for one name.

The bounds are those of code bases that are easy to read (pydantic_evals, tinker-cookbook): 0 to 0.4 % vague names, 1 to
2 % of functions that are a lone participle. A name counts once for each scope that binds it.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import NamedTuple, TypeAlias

ROOT = Path(__file__).parents[1]
PACKAGES = ("sandbox", "agents", "worlds", "training", "experiments", "benchmarks", "tests")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

VAGUE = frozenset(
    re.findall(
        r"\w+",
        "one found known mine made told some said kept asked drawn every whole both left other others shown given",
    )
)
"""Words that say nothing about what a variable holds."""
PARTICIPLES = frozenset(
    re.findall(
        r"\w+",
        "begun bought broken chosen done drawn found given gone heard held kept known left lost made meant met paid "
        "seen sent shown sold spent stolen sung taken thought told won worn written",
    )
)
"""Irregular participles that English cannot take for another form of the verb."""
NOUNS_AND_VERBS = frozenset(("embed", "exceed", "feed", "need", "ring", "seed", "shed", "speed", "string", "thing"))
"""Words that end like a participle and are none."""

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class Names(NamedTuple):
    """All names of the code, each with the file that binds it."""

    variables: list[tuple[str, str]]
    functions: list[tuple[str, str]]
    types: list[tuple[str, str]]


def collect_names() -> Names:
    """Return what every scope of every file binds."""
    names = Names([], [], [])
    for path in FILES:
        file = str(path.relative_to(ROOT))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for scope in ast.walk(tree):
            if isinstance(scope, ast.Module | Function):
                names.variables.extend((file, name) for name in sorted(bound_names(scope)))
            elif isinstance(scope, ast.comprehension | ast.Lambda):
                names.variables.extend((file, name) for name in sorted(short_lived_names(scope)))
            if isinstance(scope, Function):
                names.functions.append((file, scope.name))
            elif isinstance(scope, ast.ClassDef):
                names.types.append((file, scope.name))
    return names


def bound_names(scope: ast.Module | Function) -> set[str]:
    """Return the parameters and variables of a module or function; those of nested functions are their own."""
    names = {name for node in own_nodes(scope) for name in stored_names(node)}
    if isinstance(scope, Function):
        arguments = scope.args
        listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        names |= {argument.arg for argument in listed if argument is not None}
    return names - {"self", "cls", "_", "__"}


def own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a scope without those of nested scopes."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, Function | ast.Lambda | ast.comprehension):
            yield from own_nodes(child)


def stored_names(node: ast.AST) -> set[str]:
    """Return the name that a node stores to, if any."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return {node.id}
    return {node.name} if isinstance(node, ast.ExceptHandler) and node.name else set()


def short_lived_names(scope: ast.comprehension | ast.Lambda) -> set[str]:
    """Return the variables of a comprehension or the parameters of a lambda."""
    if isinstance(scope, ast.Lambda):
        return {argument.arg for argument in scope.args.args} - {"_", "__"}
    return {node.id for node in ast.walk(scope.target) if isinstance(node, ast.Name)} - {"_", "__"}


def is_lone_participle(name: str) -> bool:
    """Return whether a function's name is a single participle or gerund, such as `_drawn` or `weighing`."""
    word = name.strip("_")
    if "_" in word or word in NOUNS_AND_VERBS:
        return False
    return word in PARTICIPLES or (len(word) > 4 and word.endswith(("ed", "ing")))


NAMES = collect_names()


def test_few_variables_have_vague_names() -> None:
    vague = [f"{file}: {name}" for file, name in NAMES.variables if name.strip("_") in VAGUE]
    assert len(NAMES.variables) > 10_000
    assert len(vague) < 0.01 * len(NAMES.variables), vague


def test_names_are_words() -> None:
    assert mean(len(name.strip("_")) for _, name in NAMES.variables) >= 6


def test_few_functions_are_a_lone_participle() -> None:
    participles = [f"{file}: {name}" for file, name in NAMES.functions if is_lone_participle(name)]
    assert len(NAMES.functions) > 2_000
    assert len(participles) < 0.03 * len(NAMES.functions), participles


def test_few_types_share_a_name() -> None:
    counts = Counter(name for _, name in NAMES.types)
    repeated = [f"{file}: {name}" for file, name in NAMES.types if counts[name] > 1]
    assert sum(count > 1 for count in counts.values()) < 0.03 * len(counts), repeated


def test_the_measure_notices_vague_names() -> None:
    tree = ast.parse(
        "def f(one, *, _kept=0):\n    for told in one: x = [y for y in told]\n    return lambda made: made"
    )
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    assert bound_names(function) == {"one", "_kept", "told", "x"}
    short_scopes = [node for node in ast.walk(tree) if isinstance(node, ast.comprehension | ast.Lambda)]
    assert set().union(*map(short_lived_names, short_scopes)) == {"y", "made"}
    functions = ("_drawn", "weighing", "seed", "draw_profiles", "read", "scored")
    assert [name for name in functions if is_lone_participle(name)] == ["_drawn", "weighing", "scored"]
