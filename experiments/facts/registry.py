"""What is known about a world: its stylised facts and scored items, found through the world's class.

The files in `experiments/facts/<name of a world>/` belong to that world and to every world that inherits from it. A
file declares a `FACT`, an `ITEM` of the scorecard, or one of each; no other list has to be kept.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import experiments.facts
from experiments.facts.fact import Fact
from experiments.facts.item import SampleItem, ScoreItem, fact_item
from sandbox.core.world import World


def list_facts(kind: type[World[Any]]) -> list[Fact]:
    """Return the facts of a world and of the worlds it inherits from, nearest world first, then by file name."""
    facts: dict[str, Fact] = {}
    for module in _modules(kind):
        fact = getattr(module, "FACT", None)
        if isinstance(fact, Fact):
            facts.setdefault(fact.name, fact)  # a world's own fact replaces an inherited one of the same name
    return list(facts.values())


def list_items(kind: type[World[Any]]) -> list[ScoreItem]:
    """Return what is scored in a world: compared samples first, then facts."""
    items = [fact_item(fact) for fact in list_facts(kind)]
    return [*(sample.score_item() for sample in list_samples(kind)), *(item for item in items if item is not None)]


def list_samples(kind: type[World[Any]]) -> list[SampleItem]:
    """Return the samples that are compared with people in a world."""
    samples: dict[str, SampleItem] = {}
    for module in _modules(kind):
        item = getattr(module, "ITEM", None)
        if isinstance(item, SampleItem):
            samples.setdefault(item.name, item)
    return list(samples.values())


def describe_missing_references(kind: type[World[Any]], tables: Iterable[str]) -> str:
    """Say in one sentence for which metrics and tables of a world there is no reference data; empty if for none.

    Args:
        kind: The world.
        tables: Names of the tables that a run of it left.
    """
    facts, samples = list_facts(kind), list_samples(kind)
    if not facts and not samples:
        return f"There is no reference data for the world {kind.name}, so its arms are compared only with each other."
    used = {name for fact in facts for name in fact.needs.tables} | {sample.table for sample in samples}
    measured = {name for fact in facts for name in fact.needs.tables.get("metrics", ())} | {fact.name for fact in facts}
    metrics = [name for name in kind.metric_labels if name not in measured]
    unused = sorted(set(tables) - used)
    parts = [_enumerate("metric", metrics), _enumerate("table", unused)]
    missing = " or ".join(part for part in parts if part)
    return f"There is no reference data for {missing}." if missing else ""


def _enumerate(noun: str, names: list[str]) -> str:
    if not names:
        return ""
    return f"the {noun}{'s' * (len(names) > 1)} {', '.join(names)}"


def _modules(kind: type[World[Any]]) -> Iterator[ModuleType]:
    """Yield the modules in the folders of a world and of the worlds it inherits from, nearest first."""
    for world in kind.lineage():
        folders = [Path(root) / world for root in experiments.facts.__path__]
        if world.isidentifier() and any(folder.is_dir() for folder in folders):
            package = importlib.import_module(f"{experiments.facts.__name__}.{world}")
            for name in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
                yield importlib.import_module(f"{package.__name__}.{name}")
