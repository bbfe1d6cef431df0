"""The extractive synthesizer: people from statistics of their history, worded by templates; no model, no randomness.

The declaration of a platform (`sources/platform.py`) says how its people are made and worded. Only records marked as
history are used, so everything that a task asks about a person is later than everything that their profile says.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from sandbox.core.profile import Profile
from training.persons import posters
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import Tables
from training.sources.platform import History, find_platform

PERSON: dict[str, pl.DataType] = {
    "source": pl.String(),
    "platform": pl.String(),
    "user": pl.String(),
    "split": pl.String(),
    "self": pl.String(),  # latest: of all history; early: of its first records
    "profile": pl.String(),  # a `Profile` as JSON
}
"""Columns of a table of people."""

Records = list[dict[str, Any]]
"""Records of one user, oldest first, as dictionaries."""


def marginal_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Summarise what people who are not held out do on average; each person's statistics are smoothed toward it.

    Args:
        unit: Its inputs `record` and `decided`, what the split decided about the records.
        settings: `platforms`, those whose people need a summary.
        tally: Nothing is counted.
    """
    columns = ("source", "platform", "user", "id", "category", "time", "stars", "title", "text", "price")
    history = pl.scan_parquet(unit.inputs["decided"]).filter(
        (pl.col("part") == "history") & (pl.col("split") == "train")
    )
    records = pl.scan_parquet(unit.inputs["record"])
    summaries: dict[str, str] = {}
    for platform in settings["platforms"]:
        rows = records.filter(pl.col("platform") == platform).select(columns)
        rows = rows.join(history.select("source", "id"), on=["source", "id"], how="semi")
        histories = (group.to_dicts() for group in _group_by_user(rows.sort("source", "user", "time", "id").collect()))
        if summary := find_platform(platform).profiles.summarize_population(list(histories)):
            summaries[platform] = summary
    if summaries:
        yield "marginals", pl.DataFrame({"platform": list(summaries), "json": list(summaries.values())})


def person_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Make a person of every user with enough history.

    Args:
        unit: Its inputs `record`, the records of one bucket, `decided`, what the split decided about them, and
            `marginals`, the summaries that `marginal_unit` left.
        settings: `min_history`, records that a person needs.
        tally: Counts users and people.
    """
    rows = load_history(unit.file("record"), unit.file("decided"))
    populations = {
        platform: summary
        for path in unit.inputs["marginals"]
        for platform, summary in pl.read_parquet(path).iter_rows()
    }
    people = _build_people("latest", rows, settings["min_history"], populations)
    num_people = Counter(person["source"] for person in people)
    for source, num_users in rows.group_by("source").agg(pl.col("user").n_unique()).sort("source").iter_rows():
        tally.add(source, "users", "in", num_users)
        tally.add(source, "users", "too little history", num_users - num_people[source])
        tally.add(source, "people", "out", num_people[source])
    people += _build_people("early", rows.filter("early"), settings["min_history"], populations)
    yield "person", pl.DataFrame(people, schema=PERSON)


def load_history(records: Path, decided: Path) -> pl.DataFrame:
    """Return the records of one bucket that are history, in order of time, with their split."""
    return load_split_records(records, decided).filter(pl.col("part") == "history")


def load_split_records(records: Path, decided: Path) -> pl.DataFrame:
    """Return the records of one bucket, in order of time, with what the split decided about them.

    Args:
        records: The clean records.
        decided: Their columns `split`, `part` (history or target) and `early`.
    """
    assignments = pl.read_parquet(decided).select("source", "id", "split", "part", "early")
    rows = pl.read_parquet(records).drop("split").join(assignments, on=["source", "id"], how="inner")
    return rows.sort("source", "user", "time", "id", nulls_last=False)


def build_profile(history: History, topics: Sequence[str], population: str) -> Profile | None:
    """Return one person as their platform makes it from their records, oldest first; None if these say too little."""
    return find_platform(history[0]["platform"]).profiles.build_profile(history, topics, population)


def _build_people(
    self_name: str, rows: pl.DataFrame, min_records: int, populations: Mapping[str, str]
) -> list[dict[str, str]]:
    """Return the people, as rows of a `PERSON` table, of all users with enough of these records.

    Args:
        self_name: Which self of theirs this is, `latest` or `early`.
        rows: Records in order of user and time.
        min_records: Records that a person needs.
        populations: Summary of all people, by platform.
    """
    histories = [group.to_dicts() for group in _group_by_user(rows) if group.height >= min_records]
    people: list[dict[str, str]] = []
    for history, topics in zip(histories, _find_topics(histories), strict=True):
        if profile := build_profile(history, topics, populations.get(history[0]["platform"], "")):
            keys = {name: history[0][name] for name in ("source", "platform", "user", "split")}
            people.append({**keys, "self": self_name, "profile": msgspec.json.encode(profile).decode()})
    return people


def _find_topics(histories: Sequence[Records]) -> list[list[str]]:
    """Return the topics of each user, weighed against the other users of the same source."""
    topics_by_index: dict[int, list[str]] = {}
    for source in sorted({history[0]["source"] for history in histories}):
        indices = [index for index, history in enumerate(histories) if history[0]["source"] == source]
        topics = posters.find_topics([[record["text"] for record in histories[index]] for index in indices])
        topics_by_index.update(zip(indices, topics, strict=True))
    return [topics_by_index[index] for index in range(len(histories))]


def _group_by_user(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for _, group in rows.group_by("source", "user", maintain_order=True):
        yield group
