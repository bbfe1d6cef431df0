"""All tasks about the users of one bucket."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from sandbox.people import MemoryBudget, Profile
from training.funnel import Tally
from training.persons.extractive import with_parts
from training.stages import Folders, Tables, Unit
from training.tasks import choices, paper, texts
from training.tasks.catalog import Catalog, catalogs
from training.tasks.example import TASK, Task
from training.tasks.moments import Moment, moments_of

NOTHING = Catalog([])
WHO = ["source", "user", "self", "profile"]
PIECE = 5_000
"""Tasks that are written at once."""


def task_units(folders: Folders) -> list[Unit]:
    """Every bucket of people with their records, what was decided about these, and all catalogs."""
    catalog = folders.files("catalog", "option")
    return [
        (name, [*files, folders.root / "clean" / "record" / files[0].name, *folders.files("split", name), *catalog])
        for name, files in folders.each("quality", "person")
    ]


def task_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Build every task about the people of one bucket.

    Args:
        files: People, records, what was decided about these, catalogs.
        settings: As `TaskConfig`, with `seed`.
        tally: Counts tasks by source and form.
    """
    people: dict[tuple[str, str], dict[str, Profile]] = {}
    for source, user, which, profile in pl.read_parquet(files[0], columns=WHO).select(WHO).iter_rows():
        people.setdefault((source, user), {})[which] = msgspec.json.decode(profile, type=Profile)
    known = catalogs(files[3:])
    rows = with_parts(files[1], files[2])
    made: list[dict[str, Any]] = []
    for (source, user), group in rows.group_by("source", "user", maintain_order=True):
        if selves := people.get((str(source), str(user))):
            made += _tasks(group.to_dicts(), selves, known, settings)
        if len(made) >= PIECE:
            yield "task", _counted(made, tally)
            made = []
    yield "task", _counted(made, tally)


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
        for task in _about(moment, catalog, settings):
            if task.family in settings["families"]:
                yield _row(moment, task)


def _about(moment: Moment, catalog: Catalog, settings: Mapping[str, Any]) -> Iterator[Task]:
    hard, uniform = settings["hard"], settings["uniform"]
    yield from choices.purchase(moment, catalog, hard, uniform)
    yield from choices.thread(moment, catalog, hard, uniform)
    yield from choices.stars(moment)
    yield from choices.reply(moment, catalog)
    yield from paper.preference(moment, catalog)
    if settings["fewest_words"] <= len(moment.record["text"].split()) <= settings["most_words"]:
        yield from texts.written(moment, settings["most_words"])
        yield from paper.writing(moment, settings["length_hint"])
        yield from paper.commenting(moment, settings["length_hint"])


def _row(moment: Moment, task: Task) -> dict[str, Any]:
    record = moment.record
    return {
        "family": task.family,
        "form": task.form,
        **{name: record[name] for name in ("source", "platform", "user", "split")},
        "record": record["id"],
        "messages": msgspec.json.encode(task.messages).decode(),
        "question": task.question,
        "meta": msgspec.json.encode(task.meta).decode(),
    }
