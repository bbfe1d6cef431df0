"""The extractive synthesizer: people from figures of their history, worded by templates. No model, no randomness.

From records of reviews it makes reviewers, from bare purchases shoppers, from all others posters. Only records marked
as history are looked at, so whatever is asked about a person later is later than all that is said of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from sandbox.people import Profile
from training.funnel import Tally
from training.persons import poster_wording, posters, reviewer_wording, reviewers, shopper_wording, shoppers
from training.stages import Folders, Tables, Unit

DIGITS = 4
MAX_TASTES = 12
ACTIVITY_BOUNDS = (0.02, 0.95)
USUAL_ACTIVITY = 0.3
PERSON: dict[str, pl.DataType] = {
    "source": pl.String(),
    "platform": pl.String(),
    "user": pl.String(),
    "split": pl.String(),
    "self": pl.String(),  # latest: of all history; early: of its first records
    "profile": pl.String(),  # a `Profile` as JSON
}
"""Columns of a table of people."""

Rows = list[dict[str, Any]]


def marginal_units(folders: Folders) -> list[Unit]:
    """All reviews at once, of which few columns are read."""
    return [("all", [*folders.files("clean", "record"), *_assigned(folders)])]


def marginal_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """What reviewers who are not held out do on the whole; each reviewer's figures are smoothed toward it."""
    columns = ("source", "user", "id", "place", "time", "stars", "title", "text", "price")
    records = [path for path in files if path.parent.name == "record"]
    history = pl.scan_parquet([path for path in files if path not in records]).filter(
        (pl.col("part") == "history") & (pl.col("split") == "train")
    )
    rated = pl.scan_parquet(records).filter(pl.col("platform") == "reviews").select(columns)
    rows = rated.join(history.select("source", "id"), on=["source", "id"], how="semi").sort(
        "source", "user", "time", "id"
    )
    groups = [reviewers.reviews_of(group.to_dicts()) for group in _groups(rows.collect())]
    groups = [group for group in groups if group]
    if groups:
        every = [review for group in groups for review in group]
        marginals = reviewers.marginals_of(every, [reviewers.figures_of(group) for group in groups])
        yield "marginals", pl.DataFrame({"json": [msgspec.json.encode(marginals).decode()]})


def person_units(folders: Folders) -> list[Unit]:
    """Every bucket of users, with what was decided about its records."""
    every = folders.files("marginals", "marginals")
    return [(name, [*files, *folders.files("split", name), *every]) for name, files in folders.each("clean", "record")]


def person_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Make a person of every user with enough history."""
    rows = history_of(files[0], files[1])
    marginals = [pl.read_parquet(path) for path in files[2:]]
    known = msgspec.json.decode(marginals[0]["json"][0], type=reviewers.Marginals) if marginals else None
    made = _selves("latest", rows, settings["min_history"], known)
    for source, users in rows.group_by("source").agg(pl.col("user").n_unique()).sort("source").iter_rows():
        people = sum(one["source"] == source for one in made)
        tally.add(source, "users", "in", users)
        tally.add(source, "users", "too little history", users - people)
        tally.add(source, "people", "out", people)
    made += _selves("early", rows.filter("early"), settings["min_history"], known)
    yield "person", pl.DataFrame(made, schema=PERSON)


def _selves(which: str, rows: pl.DataFrame, fewest: int, marginals: reviewers.Marginals | None) -> list[dict[str, str]]:
    """Persons of all users who have enough of these records."""
    users = [group.to_dicts() for group in _groups(rows) if group.height >= fewest]
    made: list[dict[str, str]] = []
    for group, topics in zip(users, _topics(users), strict=True):
        if profile := profile_of(group, topics, marginals):
            known = {name: group[0][name] for name in ("source", "platform", "user", "split")}
            made.append({**known, "self": which, "profile": msgspec.json.encode(profile).decode()})
    return made


def history_of(records: Path, assigned: Path) -> pl.DataFrame:
    """The records of one bucket that are history, in order, with their split."""
    return with_parts(records, assigned).filter(pl.col("part") == "history")


def with_parts(records: Path, assigned: Path) -> pl.DataFrame:
    """The records of one bucket, in order, with split and part."""
    decided = pl.read_parquet(assigned).select("source", "id", "split", "part", "early")
    rows = pl.read_parquet(records).drop("split").join(decided, on=["source", "id"], how="inner")
    return rows.sort("source", "user", "time", "id", nulls_last=False)


def profile_of(group: Rows, topics: Sequence[str], marginals: reviewers.Marginals | None) -> Profile | None:
    """One person from their records, oldest first; None where these say too little."""
    if group[0]["platform"] == "purchases":
        return _shopper(group)
    if group[0]["platform"] != "reviews":
        return _poster(group, topics)
    reviews = reviewers.reviews_of(group)
    return None if not reviews or marginals is None else _reviewer(group[0], reviews, marginals)


def _poster(group: Rows, topics: Sequence[str]) -> Profile | None:
    written = [one for one in group if one["text"]]
    if not written:
        return None
    first, figures = written[0], posters.figures_of(written, topics)
    person = poster_wording.Poster(first["user"], figures, tuple(posters.episodes_of(written, topics)))
    return Profile(
        id=first["user"],
        persona=poster_wording.persona(person),
        profile=poster_wording.profile(person),
        stories=poster_wording.stories(person),
        writing_style=poster_wording.writing_style(person),
        tastes=_tastes(figures.places),
        activity=_activity(figures.days, figures.span_days),
        words=figures.habits.words,
        demographics=figures.demographics,
        hours=figures.hours,
        platform=first["platform"],
        split=first["split"],
        source=first["source"],
    )


def _reviewer(first: Mapping[str, Any], reviews: list[reviewers.Review], marginals: reviewers.Marginals) -> Profile:
    figures = reviewers.figures_of(reviews)
    ratios = [one.price / marginals.prices.get(one.category, marginals.price) for one in reviews if one.price]
    dearness = sorted(ratios)[len(ratios) // 2] if ratios else None
    bought = tuple(reviewers.purchase_of(one) for one in reviews)
    budget = reviewers.budget(figures, marginals)
    person = reviewer_wording.Person(first["user"], figures, bought, budget, dearness)
    one, two, three, four, five = rounded_shares(reviewers.smoothed_stars(figures, marginals))
    return Profile(
        id=first["user"],
        persona=reviewer_wording.persona(person),
        profile=reviewer_wording.profile(person),
        stories=reviewer_wording.stories(person),
        writing_style=reviewer_wording.writing_style(person),
        hours=figures.hours,
        tastes=_tastes(figures.tastes),
        budget=round(budget, 2),
        activity=round(reviewers.activity(figures, marginals), DIGITS),
        star_shares=(one, two, three, four, five),
        words=figures.habits.words,
        platform=first["platform"],
        split=first["split"],
        source=first["source"],
    )


def _shopper(group: Rows) -> Profile | None:
    first, bought = group[0], shoppers.purchases_of(group)
    if not bought:
        return None
    figures = shoppers.figures_of(bought, shoppers.age_of(first))
    person = shopper_wording.Shopper(first["user"], figures, tuple(bought))
    return Profile(
        id=first["user"],
        persona=shopper_wording.persona(person),
        profile=shopper_wording.profile(person),
        stories=shopper_wording.stories(person),
        tastes=_tastes(figures.tastes),
        budget=round(figures.prices[1], 2) if figures.prices else 0.0,
        activity=_activity(figures.days, figures.span_days),
        demographics={"age": figures.age} if figures.age else {},
        platform=first["platform"],
        split=first["split"],
        source=first["source"],
    )


def _tastes(shares: dict[str, float]) -> dict[str, float]:
    """The largest shares, in few digits."""
    largest = poster_wording.shares_of(shares, MAX_TASTES)
    return dict(zip(largest, rounded_shares(list(largest.values())), strict=True)) if largest else {}


def _activity(days: int, span_days: int) -> float:
    """Share of the days with something to show; a usual one where they are too few to tell."""
    low, high = ACTIVITY_BOUNDS
    return round(min(max(days / span_days, low), high), DIGITS) if days > 1 else USUAL_ACTIVITY


def rounded_shares(shares: Sequence[float]) -> list[float]:
    """Shares in few digits; the largest takes up what rounding leaves, so that they sum to 1."""
    short = [round(share, DIGITS) for share in shares]
    largest = short.index(max(short))
    short[largest] = round(short[largest] + 1 - sum(short), DIGITS)
    return short


def _topics(users: Sequence[Rows]) -> list[list[str]]:
    """Topics of each user, weighed against the others of the same source."""
    found: dict[int, list[str]] = {}
    for source in sorted({group[0]["source"] for group in users}):
        mine = [place for place, group in enumerate(users) if group[0]["source"] == source]
        topics = posters.topics_of([[one["text"] for one in users[place]] for place in mine])
        found.update(zip(mine, topics, strict=True))
    return [found[place] for place in range(len(users))]


def _groups(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for _, group in rows.group_by("source", "user", maintain_order=True):
        yield group


def _assigned(folders: Folders) -> list[Path]:
    return [path for table in folders.tables("split") for path in folders.files("split", table) if table != "done"]
