"""Build all tasks about the users of one bucket."""

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import polars as pl

from sandbox.core.memory import MemoryBudget
from sandbox.core.profile import Profile
from training.persons.extractive import load_split_records
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import Tables
from training.sources.platform import find_platform
from training.tasks.catalog import Catalog, load_catalogs
from training.tasks.choices import experience_tasks, purchase_tasks, reply_tasks, star_tasks, thread_tasks
from training.tasks.decision_points import DecisionPoint, Record, find_decision_points
from training.tasks.forms import TASK, Task
from training.tasks.list_lookup import lookup_tasks
from training.tasks.paper_forms import comment_tasks, preference_tasks, writing_tasks
from training.tasks.synthetic import SyntheticObject, synthetic_tasks
from training.tasks.texts import text_tasks

EMPTY_CATALOG = Catalog([])
PERSON_COLUMNS = ["source", "user", "self", "profile"]
SYNTHETIC_TABLES = ("portrait", "social_qa", "scenario", "topic")
"""Tables of synthetic objects; a corpus without a language model has none."""
CHUNK_TASKS = 5_000
"""Tasks that are written at once."""

TableRow: TypeAlias = dict[str, Any]
"""A row of the table `TASK`."""
UserKey: TypeAlias = tuple[str, str]
"""Source and user."""


def task_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Build every task about the people of one bucket.

    Args:
        unit: Its inputs `person`, `record`, `decided` (what the split decided about the records), `catalog` and
            `object` (synthetic objects, if there are any).
        settings: As `TaskConfig`, with `seed`.
        tally: Counts tasks by source and form.
    """
    people: dict[UserKey, dict[str, Profile]] = {}
    persons = pl.read_parquet(unit.file("person"), columns=PERSON_COLUMNS).select(PERSON_COLUMNS)
    for source, user, name, profile in persons.iter_rows():
        people.setdefault((source, user), {})[name] = msgspec.json.decode(profile, type=Profile)
    objects = _load_objects(unit.inputs["object"])
    catalogs = load_catalogs(unit.inputs["catalog"])
    rows = load_split_records(unit.file("record"), unit.file("decided"))
    tasks: list[TableRow] = []
    for (source, user), group in rows.group_by("source", "user", maintain_order=True):
        key = str(source), str(user)
        if selves := people.get(key):
            user_objects = objects.get(key, [])
            records = _add_topics(group.to_dicts(), user_objects)
            tasks += _record_rows(records, selves, catalogs, settings)
            tasks += _synthetic_rows(user_objects, selves, {row["id"] for row in records if row["early"]}, settings)
        if len(tasks) >= CHUNK_TASKS:
            yield "task", _count_tasks(tasks, tally)
            tasks = []
    yield "task", _count_tasks(tasks, tally)


def _load_objects(files: Sequence[Path]) -> dict[UserKey, list[SyntheticObject]]:
    """Return the synthetic objects by user, their values decoded."""
    objects: dict[UserKey, list[SyntheticObject]] = {}
    for path in files:
        for row in pl.read_parquet(path).iter_rows(named=True):
            decoded = {**row, "value": msgspec.json.decode(row["value"])}
            objects.setdefault((row["source"], row["user"]), []).append(decoded)
    return objects


def _add_topics(rows: list[dict[str, Any]], objects: Sequence[SyntheticObject]) -> list[dict[str, Any]]:
    """Return the records with their topics, "" for those without a topic."""
    topics = {topic["record"]: topic["value"]["topic"] for topic in objects if topic["kind"] == "topic"}
    return [{**row, "topic": topics.get(row["id"], "")} for row in rows]


def _count_tasks(rows: list[TableRow], tally: Tally) -> pl.DataFrame:
    for row in rows:
        tally.add(row["source"], "tasks", f"{row['family']}/{row['form']}", 1)
    return pl.DataFrame(rows, schema=TASK)


def _synthetic_rows(
    objects: Sequence[SyntheticObject], selves: Mapping[str, Profile], early: Set[str], settings: Mapping[str, Any]
) -> Iterator[TableRow]:
    for synthetic, task in synthetic_tasks(objects, selves, early, settings["seed"]):
        if _is_wanted(task, synthetic["platform"], settings):
            yield _task_row(synthetic, synthetic["record"], task)


def _record_rows(
    rows: Sequence[Record],
    selves: Mapping[str, Profile],
    catalogs: Mapping[tuple[str, str], Catalog],
    settings: Mapping[str, Any],
) -> Iterator[TableRow]:
    budget = MemoryBudget(**settings["memory"])
    for point in find_decision_points(rows, selves, budget, settings["per_user"], settings["seed"]):
        record = point.record
        catalog = catalogs.get((record["source"], record["split"].replace("seen", "train")), EMPTY_CATALOG)
        draws = 1
        if record["split"] == "train":
            draws = settings["draws"]
            point = point._replace(**{name: settings[name] for name in ("varied_share", "forgetful_share")})
        again = [point._replace(draw=draw) for draw in range(1, draws)]
        redrawn = (_list_tasks(other, catalog, settings) for other in again)
        # Of these, nothing is drawn but the presentation, which must differ, or the same prompt comes twice.
        reworded = (experience_tasks(other._replace(varied_share=1.0)) for other in again)
        for task in chain(_tasks_about(point, catalog, settings), *redrawn, *reworded):
            if _is_wanted(task, record["platform"], settings):
                yield _task_row(record, record["id"], task)


def _tasks_about(point: DecisionPoint, catalog: Catalog, settings: Mapping[str, Any]) -> Iterator[Task]:
    yield from _list_tasks(point, catalog, settings)
    yield from star_tasks(point)
    yield from experience_tasks(point)
    yield from reply_tasks(point, catalog)
    yield from preference_tasks(point, catalog)
    if settings["min_words"] <= len(point.record["text"].split()) <= settings["max_words"]:
        yield from text_tasks(point, settings["max_words"])
        yield from writing_tasks(point, settings["length_hint"])
        yield from comment_tasks(point, settings["length_hint"])


def _list_tasks(point: DecisionPoint, catalog: Catalog, settings: Mapping[str, Any]) -> Iterator[Task]:
    """Yield the tasks with a randomly drawn list of options."""
    hard, uniform = settings["hard"], settings["uniform"]
    yield from purchase_tasks(point, catalog, hard, uniform)
    yield from thread_tasks(point, catalog, hard, uniform)
    yield from lookup_tasks(point, catalog, hard + uniform + 1)


def _is_wanted(task: Task, platform: str, settings: Mapping[str, Any]) -> bool:
    return task.family in settings["families"] and task.form in find_platform(platform).forms


def _task_row(about: Mapping[str, Any], record: str, task: Task) -> TableRow:
    return {
        "family": task.family,
        "form": task.form,
        **{name: about[name] for name in ("source", "platform", "user", "split")},
        "record": record if task.is_record else "",
        "messages": msgspec.json.encode(task.messages).decode(),
        "question": task.question,
        "meta": msgspec.json.encode(task.meta).decode(),
    }
