"""Types of settings in words: `integer, at least 1` rather than `Annotated[int, Ge(1)]`."""

import types
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.generate.markdown import code

WORDS = {int: "integer", float: "number", str: "text", bool: "true or false", Path: "path", date: "date"}
BOUNDS = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}


def describe_field(field: FieldInfo) -> str:
    """Return the type and bounds of a field in words, as Markdown."""
    return describe_type(field.annotation, field.metadata)


def describe_type(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """Return a type and its bounds in words, as Markdown."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return describe_type(arguments[0], [*_constraints(arguments[1:]), *metadata])
    words = _words(annotation, origin, arguments)
    return ", ".join([words, *_bounds(metadata)])


def is_number(annotation: Any) -> bool:
    """Return whether a setting is a number, or may be one."""
    if get_origin(annotation) in (Annotated, Union, types.UnionType):
        return any(is_number(part) for part in get_args(annotation))
    return annotation in (int, float)


def nested_models(annotation: Any) -> list[tuple[str, type[BaseModel]]]:
    """Return the settings models inside a type, each with what stands for a key or place on the way to it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [("", annotation)]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict:
        return [(f".NAME{path}", model) for path, model in nested_models(arguments[1])]
    if origin in (list, tuple):
        return [(f"[0]{path}", model) for path, model in nested_models(arguments[0])]
    if origin in (Annotated, Union, types.UnionType):
        return [pair for part in arguments for pair in nested_models(part)]
    return []


def _words(annotation: Any, origin: Any, arguments: Sequence[Any]) -> str:
    if annotation in WORDS:
        return WORDS[annotation]
    if origin is Literal:
        return _either([code(str(value)) for value in arguments])
    if origin in (Union, types.UnionType):
        parts = [code("null") if part is type(None) else describe_type(part) for part in arguments]
        return _either(parts)
    if origin is dict:
        return "settings" if arguments[1] is Any else f"{_plural(arguments[1])} by name"
    if origin is tuple and Ellipsis not in arguments:
        return f"{len(arguments)} × {describe_type(arguments[0])}"
    if origin in (list, tuple, Sequence):
        return f"list of {_plural(arguments[0])}"
    return "settings" if nested_models(annotation) else "any value"


def _plural(annotation: Any) -> str:
    singular, comma, bounds = describe_type(annotation).partition(",")
    plurals = {"integer": "integers", "number": "numbers", "text": "texts", "path": "paths", "any value": "values"}
    return f"{plurals.get(singular, singular)}{comma}{bounds}"


def _either(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"


def _constraints(metadata: Iterable[Any]) -> list[Any]:
    """Unfold pydantic's `Field(...)` inside an annotation into its single constraints."""
    return [part for item in metadata for part in (item.metadata if isinstance(item, FieldInfo) else [item])]


def _bounds(metadata: Iterable[Any]) -> list[str]:
    constraints = list(metadata)
    bounds = {name: getattr(item, name) for item in constraints for name in BOUNDS if hasattr(item, name)}
    bounds = {name: value for name, value in bounds.items() if value is not None}
    nonempty = ["not empty" for item in constraints if getattr(item, "min_length", None)]
    if {"ge", "le"} <= bounds.keys():
        return [f"{bounds['ge']:g} to {bounds['le']:g}", *nonempty]
    return [*(BOUNDS[name].format(f"{value:g}") for name, value in bounds.items()), *nonempty]
