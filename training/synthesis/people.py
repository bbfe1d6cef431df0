"""People in a model's words with the figures of their logs, and the objects that tasks ask about."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import msgspec
import polars as pl

from sandbox.core.profile import Profile
from training.persons.extractive import PERSON
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import Tables
from training.synthesis import steps
from training.synthesis.synthesizer import OBJECT

TABLE_KINDS = {
    "portrait": [step.kind for step in (*steps.ABOUT_USERS, steps.STORY)],
    "social_qa": [step.kind for step in steps.QA],
    "scenario": [step.kind for step in steps.SCENES],
    "topic": [steps.TOPIC.kind],
}
"""Tables of the objects that were kept, and the kinds of objects in each."""

Portrait: TypeAlias = Mapping[str, Any]
"""The objects about one self, by kind, each as its step's answer."""


def people_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Put people together, and sort the objects into tables.

    Args:
        unit: Its inputs `person`, people with their figures, and `object`, the objects that were made of them.
        settings: None are used.
        tally: Counts people and objects.
    """
    objects = pl.concat([pl.DataFrame(schema=OBJECT), *map(pl.read_parquet, unit.inputs["object"])])
    rows = pl.read_parquet(unit.file("person")).iter_rows(named=True)
    yield "person", pl.DataFrame(list(_build_people(rows, _collect_portraits(objects), tally)), schema=PERSON)
    for table, kinds in TABLE_KINDS.items():
        of_kind = objects.filter(pl.col("kind").is_in(kinds))
        for source, kind, number in of_kind.group_by("source", "kind").len().sort("source", "kind").iter_rows():
            tally.add(source, kind, "out", number)
        yield table, of_kind


def apply_portrait(profile: Profile, portrait: Portrait) -> Profile:
    """Return a profile whose texts are all the model's; what was not made or not kept is empty."""
    return msgspec.structs.replace(
        profile,
        persona=portrait[steps.PERSONA.kind]["persona"],
        profile=portrait.get(steps.PROFILE.kind, {"text": ""})["text"],
        stories=tuple(story["content"] for story in portrait.get(steps.STORY.kind, ())),
        writing_style=portrait.get(steps.STYLE.kind, {"text": ""})["text"],
    )


def _collect_portraits(objects: pl.DataFrame) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return the portraits by source, user and self."""
    portraits: dict[tuple[str, str, str], dict[str, Any]] = {}
    parts = objects.filter(pl.col("record") == "").select("source", "user", "self", "kind", "value")
    for source, user, name, kind, value in parts.iter_rows():
        portraits.setdefault((source, user, name), {})[kind] = msgspec.json.decode(value)
    return portraits


def _build_people(
    rows: Iterator[dict[str, Any]], portraits: Mapping[tuple[str, str, str], Portrait], tally: Tally
) -> Iterator[dict[str, Any]]:
    """Yield the people who have a persona."""
    for row in rows:
        portrait = portraits.get((row["source"], row["user"], row["self"]), {})
        has_persona = steps.PERSONA.kind in portrait
        counted = "people" if row["self"] == "latest" else f"{row['self']} selves"
        tally.add(row["source"], counted, "in", 1)
        tally.add(row["source"], counted, "out" if has_persona else "no persona", 1)
        if has_persona:
            profile = apply_portrait(msgspec.json.decode(row["profile"], type=Profile), portrait)
            yield {**row, "profile": msgspec.json.encode(profile).decode()}
