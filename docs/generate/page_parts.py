"""Parts of the pages of settings: titles, sections, and what a choice of a group is made of."""

from importlib import import_module
from typing import Any

from pydantic import BaseModel

from docs.generate.markdown import anchor, code
from docs.generate.settings import describe_file, load_values, settings_table, show_file
from sandbox.composition import resolve_target


def title_lines(title: str, target: str) -> list[str]:
    """Return a page's title, with a target that links can name."""
    return [anchor(target), f"# {title}", ""]


def section_lines(title: str, file: str) -> list[str]:
    """Return the title of a choice's section, and the comment that its file begins with."""
    return [f"## `{title}`", "", f"{describe_file(file)} (`conf/{file}`)", ""]


def file_section(group: str, name: str, title: str = "") -> list[str]:
    """Return the section of a choice that is best shown as its file."""
    return [*section_lines(title or f"{group}={name}", f"{group}/{name}.yaml"), *show_file(f"{group}/{name}.yaml")]


def table_section(group: str, name: str, title: str, model: type[BaseModel], prefix: str) -> list[str]:
    """Return the section of a choice as a table of its settings."""
    table = settings_table(model, {"": choice_values(group, name)}, prefix)
    beside = [f"It also sets {code(f'{key}: {value}')}." for key, value in values_beside(group, name).items()]
    return [*section_lines(title, f"{group}/{name}.yaml"), *beside, "", *table]


def resolve_choice(group: str, name: str) -> Any:
    """Return the class or function that a choice's `_target_` names."""
    return resolve_target(_load_node(group, name), f"conf/{group}/{name}.yaml")[0]


def choice_values(group: str, name: str) -> dict[str, Any]:
    """Return the settings of a choice, without its `_target_`."""
    return {key: value for key, value in _load_node(group, name).items() if key != "_target_"}


def values_beside(group: str, name: str) -> dict[str, Any]:
    """Return what the file of a choice sets outside of its group, such as the usual number of steps of a world."""
    values = load_values(f"{group}/{name}.yaml")
    return {key: value for key, value in values.items() if key != group} if group in values else {}


def _load_node(group: str, name: str) -> dict[str, Any]:
    """Return what a choice sets in its group; the file of a `@package _global_` holds the group as a node."""
    values = load_values(f"{group}/{name}.yaml")
    return values.get(group, values)


def load_model(path: str) -> type[BaseModel]:
    """Return the settings model at a path such as `sandbox.runtime.config:RunConfig`."""
    module, name = path.split(":")
    return getattr(import_module(module), name)
