"""The data dictionary: every file, table and column that a run, an export, a comparison or an interview leaves.

Types and units of metrics and of the decision log come from the code that declares them; `docs/dictionary.yaml` holds
the rest. `tests/test_docs.py` makes small runs and compares what they write with these pages.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from agents.population_files import JSON_COLUMNS
from docs.generate.dictionary import read_dictionary
from docs.generate.docstrings import read_field_docstrings
from docs.generate.markdown import anchor, code, escape_text, table
from docs.generate.page_parts import resolve_choice
from docs.generate.types import WORDS
from sandbox.composition import list_choices
from sandbox.core.answer import Answer
from sandbox.core.profile import Profile
from sandbox.core.question import Question
from sandbox.core.world import World
from sandbox.output.export import BATCH_COLUMNS, DECISION_COLUMNS, INTERVENTION_COLUMNS
from sandbox.runtime.manifest import Manifest

TYPES: Mapping[str, str] = {"int64": "integer", "double": "number", "string": "text", "bool": "true or false"}
"""Types of Arrow in the words of these pages."""

SECTIONS: Mapping[str, str] = {
    "null_model": "The null model",
    "export": "The rest of an export",
    "reactions": "Reactions",
    "comparison": "A comparison",
    "estimate": "An estimate",
    "power": "A pilot",
    "interview": "Interviews",
    "audit": "An audit",
    "phase": "A phase diagram",
    "sensitivity": "A study of sensitivity",
    "calibration": "A calibration",
    "prediction": "A prediction",
    "sweep": "A sweep",
}
"""Sections of `docs/dictionary.yaml` and their titles."""


class DescribedColumn(NamedTuple):
    """One column of a table."""

    name: str
    kind: str
    """Type in words; `, or empty` if it can be missing."""
    unit: str
    meaning: str


class DescribedTable(NamedTuple):
    """One table or file of columns."""

    name: str
    """Path inside the run's folder, `*` for what varies."""
    about: str
    """What one row is."""
    columns: tuple[DescribedColumn, ...]

    def column_names(self) -> list[str]:
        """Return the names of the columns, in order."""
        return [column.name for column in self.columns]


def list_tables(section: str) -> list[DescribedTable]:
    """Return the tables of a section of `docs/dictionary.yaml`, one of `SECTIONS`."""
    return [_read_table(name, node) for name, node in read_dictionary()[section].items()]


def list_world_tables(world: str) -> list[DescribedTable]:
    """Return the tables of a world, without the columns arm and seed that all of them begin with."""
    return [_read_table(name, node) for name, node in read_dictionary()["worlds"].get(world, {}).items()]


def list_common_tables() -> list[DescribedTable]:
    """Return the tables that every run has, without the columns arm and seed."""
    return [_read_table(name, node) for name, node in read_dictionary()["every_world"].items()]


def list_metrics(world: str) -> list[DescribedColumn]:
    """Return the metrics of a world: labels from the code, units from the dictionary or from the label's end."""
    units = read_dictionary()["metric_units"]
    return [
        DescribedColumn(name, "number, or empty", units.get(name) or _unit_of(label), label)
        for name, label in resolve_world_class(world).metric_labels.items()
    ]


def list_log_tables() -> list[DescribedTable]:
    """Return the tables of the decision log as they are exported."""
    declared = {"decisions": DECISION_COLUMNS, "batches": BATCH_COLUMNS, "interventions": INTERVENTION_COLUMNS}
    nodes = read_dictionary()["log"]
    return [
        DescribedTable(
            name, nodes[name]["about"], tuple(_log_column(column, types[column], nodes[name]) for column in types)
        )
        for name, types in declared.items()
    ]


def list_profile_columns() -> list[DescribedColumn]:
    """Return the columns of a population."""
    docstrings, nodes = read_field_docstrings(Profile), read_dictionary()["population"]
    return [
        DescribedColumn(
            field.name,
            "JSON text" if field.name in JSON_COLUMNS else WORDS.get(field.type, "number"),
            nodes.get(field.name, {}).get("unit", ""),
            docstrings.get(field.name) or nodes[field.name]["meaning"],
        )
        for field in msgspec.structs.fields(Profile)
    ]


def list_manifest_fields() -> list[tuple[str, str]]:
    """Return the fields of `manifest.json` and their meanings."""
    docstrings, meanings = read_field_docstrings(Manifest), read_dictionary()["manifest"]
    names = [name for name in Manifest.__dataclass_fields__ if name != "folder"]
    return [(name, docstrings.get(name) or meanings[name]) for name in names]


def list_worlds() -> list[str]:
    """Return the names of the worlds that come with the project."""
    return list(list_choices("world"))


def resolve_world_class(world: str) -> type[World[Any]]:
    """Return a world's class by the name of its settings file."""
    return resolve_choice("world", world)


def write_page() -> str:
    """Return `reference/data/index.md`."""
    fields = [(code(name), escape_text(text)) for name, text in list_manifest_fields()]
    lines = [anchor("data"), "# Data", "", _prose("introduction"), ""]
    lines += ["## `manifest.json`", "", *table(["field", "meaning"], fields)]
    lines += ["## `metrics.csv`", "", _prose("metrics"), ""]
    for world in list_worlds():
        lines += [f"### Metrics of `world={world}`", "", *_columns_table(list_metrics(world))]
    lines += ["## `tables/`", "", _prose("tables"), ""]
    for common_table in list_common_tables():
        lines += _describe_table(f"`tables/{common_table.name}.csv` of every world", common_table)
    for world in list_worlds():
        for world_table in list_world_tables(world):
            lines += _describe_table(f"`tables/{world_table.name}.csv` of `world={world}`", world_table)
    lines += ["## The decision log", "", _prose("log_introduction"), ""]
    for log_table in list_log_tables():
        lines += _describe_table(f"`export/{log_table.name}`", log_table)
    for section, title in SECTIONS.items():
        lines += [f"## {title}", "", _prose(f"{section}_introduction"), ""]
        for described_table in list_tables(section):
            lines += _describe_table(f"`{described_table.name}`", described_table)
    lines += ["(people)=", "## People", "", _prose("population_introduction"), ""]
    return "\n".join([*lines, *_columns_table(list_profile_columns())])


def _prose(key: str) -> str:
    return read_dictionary()[key]


def _describe_table(title: str, item: DescribedTable) -> list[str]:
    return [f"### {title}", "", escape_text(item.about), "", *_columns_table(item.columns)]


def _columns_table(columns: Iterable[DescribedColumn]) -> list[str]:
    rows = [(code(each.name), each.kind, escape_text(each.unit), escape_text(each.meaning)) for each in columns]
    return table(["column", "type", "unit", "meaning"], rows)


def _read_table(name: str, node: Mapping[str, Any]) -> DescribedTable:
    return DescribedTable(name, node["about"], tuple(_read_columns(node["columns"])))


def _read_columns(node: Mapping[str, Any]) -> Iterator[DescribedColumn]:
    """Yield columns written as `name: [type, unit, meaning]`; null for a column that is explained once for all."""
    shared = read_dictionary()["shared"]
    for name, cells in node.items():
        yield DescribedColumn(name, *(shared[name] if cells is None else cells))


def _log_column(name: str, kind: str, node: Mapping[str, Any]) -> DescribedColumn:
    cells = node["columns"].get(name, {})
    docstrings = read_field_docstrings(Question) | read_field_docstrings(Answer)
    empty = ", or empty" if cells.get("optional") else ""
    return DescribedColumn(
        name, f"{TYPES[kind]}{empty}", cells.get("unit", ""), cells.get("meaning") or docstrings[name]
    )


def _unit_of(label: str) -> str:
    match = re.search(r"\(([^()]+)\)$", label)
    return match[1] if match else ""
