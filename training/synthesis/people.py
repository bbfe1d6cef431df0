"""People in a model's words with the figures of their logs, and what may be asked about them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from sandbox.people import Profile
from training.funnel import Tally
from training.persons.extractive import PERSON
from training.stages import Folders, Tables, Unit
from training.synthesis import steps
from training.synthesis.synthesizer import OBJECT

KINDS = {
    "portrait": [step.kind for step in (*steps.ABOUT_USERS, steps.STORY)],
    "social_qa": [step.kind for step in steps.QA],
    "scenario": [step.kind for step in steps.SCENES],
    "topic": [steps.TOPIC.kind],
}
"""Tables of what was made and kept, and the kinds of objects in each."""

Said = Mapping[str, Any]
"""What was made of one self, by kind, each as its step's answer."""


def people_units(folders: Folders) -> list[Unit]:
    """Every table of people with what was made of its portions and kept."""
    objects = folders.files("judge", "object")
    return [
        (name, [*files, *(path for path in objects if path.stem.startswith(f"{name}-"))])
        for name, files in folders.each("persons", "person")
    ]


def people_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Put people together, and sort what was made by what it is.

    Args:
        files: One table of people with their figures, then the objects that were made of them.
        settings: None are used.
        tally: Counts people and objects.
    """
    objects = pl.concat([pl.DataFrame(schema=OBJECT), *map(pl.read_parquet, files[1:])])
    rows = pl.read_parquet(files[0]).iter_rows(named=True)
    yield "person", pl.DataFrame(list(_people(rows, _said(objects), tally)), schema=PERSON)
    for table, kinds in KINDS.items():
        made = objects.filter(pl.col("kind").is_in(kinds))
        for source, kind, number in made.group_by("source", "kind").len().sort("source", "kind").iter_rows():
            tally.add(source, kind, "out", number)
        yield table, made


def told(profile: Profile, said: Said) -> Profile:
    """A profile with the model's words in place of all others; what was not made or not kept is empty."""
    return msgspec.structs.replace(
        profile,
        persona=said[steps.PERSONA.kind]["persona"],
        profile=said.get(steps.PROFILE.kind, {"text": ""})["text"],
        stories=tuple(one["content"] for one in said.get(steps.STORY.kind, ())),
        writing_style=said.get(steps.STYLE.kind, {"text": ""})["text"],
    )


def _said(objects: pl.DataFrame) -> dict[tuple[str, str, str], dict[str, Any]]:
    """The parts of people by source, user and self."""
    said: dict[tuple[str, str, str], dict[str, Any]] = {}
    parts = objects.filter(pl.col("record") == "").select("source", "user", "self", "kind", "value")
    for source, user, which, kind, value in parts.iter_rows():
        said.setdefault((source, user, which), {})[kind] = msgspec.json.decode(value)
    return said


def _people(
    rows: Iterator[dict[str, Any]], said: Mapping[tuple[str, str, str], Said], tally: Tally
) -> Iterator[dict[str, Any]]:
    """The people who have a persona."""
    for row in rows:
        mine = said.get((row["source"], row["user"], row["self"]), {})
        is_somebody = steps.PERSONA.kind in mine
        what = "people" if row["self"] == "latest" else f"{row['self']} selves"
        tally.add(row["source"], what, "in", 1)
        tally.add(row["source"], what, "out" if is_somebody else "no persona", 1)
        if is_somebody:
            profile = told(msgspec.json.decode(row["profile"], type=Profile), mine)
            yield {**row, "profile": msgspec.json.encode(profile).decode()}
