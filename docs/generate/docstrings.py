"""Docstrings of fields: the strings that stand beneath the fields of a class in its source."""

import ast
import inspect
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from textwrap import dedent
from types import ModuleType
from typing import Any


@cache
def read_field_docstrings(kind: type[Any]) -> dict[str, str]:
    """Return the docstring of every field of a class, inherited ones included, by name."""
    docstrings: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.partition(".")[0] in ("sandbox", "agents", "worlds", "training", "experiments"):
            with suppress(OSError):  # a generic class with its parameters filled in has no source of its own
                definition = ast.parse(dedent(inspect.getsource(base))).body[0]
                docstrings |= _pair_with_strings(definition.body if isinstance(definition, ast.ClassDef) else [])
    return docstrings


@cache
def read_module_docstrings(module: ModuleType) -> dict[str, str]:
    """Return the docstring of every module-level name that has one beneath it, by name."""
    return _pair_with_strings(ast.parse(inspect.getsource(module)).body)


def _pair_with_strings(statements: Iterable[ast.stmt]) -> dict[str, str]:
    docstrings: dict[str, str] = {}
    name = ""
    for statement in statements:
        if name and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            docstrings[name] = inspect.cleandoc(str(statement.value.value))
        name = _assigned_name(statement)
    return docstrings


def _assigned_name(statement: ast.stmt) -> str:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return ""
