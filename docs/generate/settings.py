"""Pages of settings: type, unit, default and meaning of every one, from pydantic models, docstrings and YAML files."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from omegaconf import OmegaConf
from pydantic import BaseModel

from docs.generate.dictionary import setting_meanings, setting_units
from docs.generate.docstrings import read_field_docstrings
from docs.generate.markdown import code, escape_text, table
from docs.generate.types import describe_field, is_number, nested_models

CONF = Path(__file__).parents[2] / "conf"
MISSING = "???"
"""What Hydra calls a value that must be given."""
MAX_DEFAULT = 48
"""Characters of a default that a table shows."""


class DescribedSetting(NamedTuple):
    """One setting of a model."""

    path: str
    """Where it is, such as `memory.recent`."""
    key: str
    """`Class.field`, as `docs/dictionary.yaml` names it."""
    kind: str
    """Type and bounds in words."""
    unit: str
    defaults: tuple[Any, ...]
    """One value for each choice of its group."""
    meaning: str
    is_number: bool


def list_settings(model: type[BaseModel], values: Sequence[Any], prefix: str = "") -> Iterator[DescribedSetting]:
    """Yield every setting of a model, those of nested models after the setting that holds them.

    Args:
        model: Type of the settings.
        values: What each choice of the group sets, as plain values; one for a model that is in no group.
        prefix: Path of the model in the configuration, with its last dot.
    """
    docstrings = read_field_docstrings(model)
    for name, field in model.model_fields.items():
        key = f"{_defining_class(model, name)}.{name}"
        defaults = tuple(_value_of(node, name, field.get_default(call_default_factory=True)) for node in values)
        meaning = docstrings.get(name) or field.description or setting_meanings().get(key, "")
        numeric = is_number(field.annotation)
        unit = setting_units().get(key, "")
        yield DescribedSetting(f"{prefix}{name}", key, describe_field(field), unit, defaults, meaning, numeric)
        for path, nested in nested_models(field.annotation):
            yield from list_settings(nested, [_inner(node, path) for node in defaults], f"{prefix}{name}{path}.")


def settings_table(model: type[BaseModel], choices: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the table of a model; `choices` are the values of each choice by name, or of one without a name."""
    names = [f"default in `{name}`" if name else "default" for name in choices]
    rows = [
        (code(item.path), item.kind, item.unit, *map(format_default, item.defaults), escape_text(item.meaning))
        for item in list_settings(model, list(choices.values()), prefix)
    ]
    return table(["setting", "type", "unit", *names, "meaning"], rows) if rows else ["It has no settings.", ""]


def load_values(file: str) -> dict[str, Any]:
    """Return what a file of `conf/` sets, on top of the files beside it that its defaults list names."""
    path = CONF / file
    node = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    values: dict[str, Any] = {str(key): value for key, value in node.items()} if isinstance(node, dict) else {}
    inherited: dict[str, Any] = {}
    for entry in values.pop("defaults", []):
        if isinstance(entry, str) and (path.parent / f"{entry}.yaml").is_file():
            inherited |= load_values(f"{path.parent.relative_to(CONF)}/{entry}.yaml")
    return inherited | values


def describe_file(file: str) -> str:
    """Return the comment that a file of `conf/` begins with, as Markdown."""
    lines = (CONF / file).read_text(encoding="utf-8").splitlines()
    comments = list[str]()
    for line in lines[1 if "@package" in lines[0] else 0 :]:
        if not line.startswith("#"):
            break
        comments.append(line.removeprefix("#").strip())
    return escape_text(" ".join(comments))


def show_file(file: str) -> list[str]:
    """Return a file of `conf/` as a code block, without the comment that describes it."""
    lines = (CONF / file).read_text(encoding="utf-8").splitlines()
    first = next((place for place, line in enumerate(lines) if not line.startswith("#")), 0)
    return ["```yaml", *lines[first:], "```", ""]


def format_default(value: Any) -> str:
    """Return a default as a cell of a table."""
    if value is _ABSENT:
        return ""
    if value == MISSING:
        return "*required*"
    text = value if isinstance(value, str) and value else _to_flow_style(value)
    return code(text) if len(text) <= MAX_DEFAULT else "*see the file*"


def _to_flow_style(value: Any) -> str:
    if isinstance(value, bool | None):
        return {True: "true", False: "false", None: "null"}[value]
    return yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("\n...\n").strip()


def _defining_class(model: type[BaseModel], name: str) -> str:
    """Return the name of the class that declares a field, which may be a base of the model."""
    owners = [base.__name__ for base in model.__mro__ if name in inspect.get_annotations(base)]
    return owners[-1] if owners else model.__name__


class _Absent:
    """Stands for a value that no file sets."""


_ABSENT = _Absent()


def _value_of(node: Any, name: str, default: Any) -> Any:
    if isinstance(node, Mapping) and name in node:
        return node[name]
    is_plain = isinstance(default, str | int | float | bool | list | dict | None)
    return default if is_plain and isinstance(node, Mapping) else _ABSENT


def _inner(node: Any, path: str) -> Any:
    """Return the value that nested settings have, if there is just one."""
    return node if not path and isinstance(node, Mapping) else _ABSENT
