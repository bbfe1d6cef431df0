"""All tasks about the users of one bucket."""

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import polars as pl

from sandbox.people import MemoryBudget, Profile
from training.funnel import Tally
from training.persons.extractive import with_parts
from training.stages import Folders, Tables, Unit
from training.tasks import choices, paper, reading, texts
from training.tasks.catalog import Catalog, catalogs
from training.tasks.example import TASK, Task
from training.tasks.made import Object, made_tasks
from training.tasks.moments import Moment, moments_of

NOTHING = Catalog([])
WHO = ["source", "user", "self", "profile"]
MADE = ("portrait", "social_qa", "scenario", "topic")
"""Tables of what a language model made, where one did."""
PIECE = 5_000
"""Tasks that are written at once."""

Key: TypeAlias = tuple[str, str]
"""Source and user."""


def task_units(folders: Folders) -> list[Unit]:
    """Every bucket of people with their records, what was decided about these, all catalogs, and what a model made."""
    catalog, units = folders.files("catalog", "option"), list[Unit]()
    for name, (people,) in folders.each("quality", "person"):
        made = [path for table in MADE if (path := _beside(people, "quality", table)).is_file()]
        units.append(
            (name, [people, _beside(people, "clean", "record"), *folders.files("split", name), *catalog, *made])
        )
    return units


def task_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Build every task about the people of one bucket.

    Args:
        files: People, records, what was decided about these, catalogs, what a model made.
        settings: As `TaskConfig`, with `seed`.
        tally: Counts tasks by source and form.
    """
    people: dict[Key, dict[str, Profile]] = {}
    for source, user, which, profile in pl.read_parquet(files[0], columns=WHO).select(WHO).iter_rows():
        people.setdefault((source, user), {})[which] = msgspec.json.decode(profile, type=Profile)
    objects = _objects([path for path in files[3:] if path.parent.name in MADE])
    known = catalogs([path for path in files[3:] if path.parent.name not in MADE])
    rows = with_parts(files[1], files[2])
    built: list[dict[str, Any]] = []
    for (source, user), group in rows.group_by("source", "user", maintain_order=True):
        key = str(source), str(user)
        if selves := people.get(key):
            mine = objects.get(key, [])
            told = _with_topics(group.to_dicts(), mine)
            built += _tasks(told, selves, known, settings)
            built += _made(mine, selves, {row["id"] for row in told if row["early"]}, settings)
        if len(built) >= PIECE:
            yield "task", _counted(built, tally)
            built = []
    yield "task", _counted(built, tally)


def _beside(people: Path, stage: str, table: str) -> Path:
    """The file of another table about the same bucket."""
    return people.parents[2] / stage / table / people.name


def _objects(files: Sequence[Path]) -> dict[Key, list[Object]]:
    """What a model made, by user, its values decoded."""
    found: dict[Key, list[Object]] = {}
    for path in files:
        for row in pl.read_parquet(path).iter_rows(named=True):
            found.setdefault((row["source"], row["user"]), []).append(
                {**row, "value": msgspec.json.decode(row["value"])}
            )
    return found


def _with_topics(rows: list[dict[str, Any]], objects: Sequence[Object]) -> list[dict[str, Any]]:
    """Records with what they are about, where a model said that."""
    topics = {one["record"]: one["value"]["topic"] for one in objects if one["kind"] == "topic"}
    return [{**row, "topic": topics.get(row["id"], "")} for row in rows]


def _made(
    objects: Sequence[Object], selves: Mapping[str, Profile], early: Set[str], settings: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for one, task in made_tasks(objects, selves, early, settings["seed"]):
        if task.family in settings["families"]:
            yield _row(one, one["record"], task)


def _counted(made: list[dict[str, Any]], tally: Tally) -> pl.DataFrame:
    for row in made:
        tally.add(row["source"], "tasks", f"{row['family']}/{row['form']}", 1)
    return pl.DataFrame(made, schema=TASK)


def _tasks(
    rows: list[dict[str, Any]],
    selves: Mapping[str, Profile],
    known: Mapping[tuple[str, str], Catalog],
    settings: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    budget = MemoryBudget(**settings["memory"])
    for moment in moments_of(rows, selves, budget, settings["per_user"], settings["seed"]):
        record = moment.record
        catalog = known.get((record["source"], record["split"].replace("seen", "train")), NOTHING)
        draws = 1
        if record["split"] == "train":
            draws, moment = settings["draws"], moment._replace(varied_share=settings["varied_share"])
        again = (_listed(moment._replace(draw=draw), catalog, settings) for draw in range(1, draws))
        for task in chain(_about(moment, catalog, settings), *again):
            if task.family in settings["families"]:
                yield _row(record, record["id"], task)


def _about(moment: Moment, catalog: Catalog, settings: Mapping[str, Any]) -> Iterator[Task]:
    yield from _listed(moment, catalog, settings)
    yield from choices.stars(moment)
    yield from choices.reply(moment, catalog)
    yield from paper.preference(moment, catalog)
    if settings["fewest_words"] <= len(moment.record["text"].split()) <= settings["most_words"]:
        yield from texts.written(moment, settings["most_words"])
        yield from paper.writing(moment, settings["length_hint"])
        yield from paper.commenting(moment, settings["length_hint"])


def _listed(moment: Moment, catalog: Catalog, settings: Mapping[str, Any]) -> Iterator[Task]:
    """What is asked with a list of options that chance draws."""
    hard, uniform = settings["hard"], settings["uniform"]
    yield from choices.purchase(moment, catalog, hard, uniform)
    yield from choices.thread(moment, catalog, hard, uniform)
    yield from reading.found(moment, catalog, hard + uniform + 1)


def _row(about: Mapping[str, Any], record: str, task: Task) -> dict[str, Any]:
    return {
        "family": task.family,
        "form": task.form,
        **{name: about[name] for name in ("source", "platform", "user", "split")},
        "record": record if task.is_record else "",
        "messages": msgspec.json.encode(task.messages).decode(),
        "question": task.question,
        "meta": msgspec.json.encode(task.meta).decode(),
    }
