"""What can be counted about somebody who posts: places, topics, rhythm, replies and habits of writing.

A topic is a word that weighs more in this person's texts than in other people's (tf-idf, Sparck Jones 1972,
doi:10.1108/eb026526) and that several others use too, so that nobody can be known by it.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

import msgspec
import numpy as np

from training.persons.habits import Habits, habits_of, hours_of, plain

MIN_USERS = 5
"""A topic is named only if so many different people write of it."""
MAX_TOPICS = 6
TALK_FILE = Path(__file__).parent / "talk.txt"
TALK = frozenset(TALK_FILE.read_text(encoding="utf-8").split())
"""Words that say nothing of what somebody talks about."""
TOPIC = r"(?u)\b[a-z][a-z]{3,}\b"
"""What may be a topic, in lower case."""
LONG = 1.5
"""A text is long if it has so many times the person's median of words."""


class Figures(msgspec.Struct, frozen=True):
    """Everything that the wording may speak of."""

    platform: str
    num: int
    """Number of texts."""
    places: dict[str, float]
    """Share of each community, largest first; empty where the platform has none."""
    topics: tuple[str, ...]
    """The weightiest first."""
    reply_share: float
    """Share of texts that answer somebody."""
    days: int
    """Days with a text; 0 where the source has no times."""
    span_days: int
    """Days from the first text to the last, both counted."""
    first: int | None
    """Month of the first text, year x 12 + month - 1; None where there are no times."""
    last: int | None
    hours: tuple[float, ...]
    """Share of texts by hour of the day (UTC); empty where there are no times."""
    weekend_share: float
    habits: Habits
    demographics: dict[str, str]
    """As they state it themselves: gender, age (a decade), industry."""
    votes: float | None
    """Median score of what they wrote."""


class Episode(msgspec.Struct, frozen=True):
    """One text, without its words."""

    month: int | None
    kind: str
    place: str
    words: int
    first_person: bool
    topics: tuple[str, ...]


def figures_of(records: Sequence[Mapping[str, Any]], topics: Sequence[str]) -> Figures:
    """Count one person's records with text, oldest first; `topics` are those of `topics_of`."""
    times = [datetime.fromtimestamp(one["time"], UTC) for one in records if one["time"] is not None]
    days = {when.date() for when in times}
    places = Counter(one["place"] for one in records if one["place"])
    votes = [one["votes"] for one in records if one["votes"] is not None]
    return Figures(
        platform=records[0]["platform"],
        num=len(records),
        places={name: places[name] / places.total() for name in sorted(places, key=lambda name: (-places[name], name))},
        topics=tuple(topics),
        reply_share=fmean(one["kind"] == "comment" for one in records),
        days=len(days),
        span_days=(max(days) - min(days)).days + 1 if days else 0,
        first=_month(times[0]) if times else None,
        last=_month(times[-1]) if times else None,
        hours=hours_of(times),
        weekend_share=fmean(when.weekday() >= 5 for when in times) if times else 0.0,
        habits=habits_of([one["text"] for one in records]),
        demographics=_stated(records),
        votes=float(np.median(votes)) if votes else None,
    )


def topics_of(texts_by_user: Sequence[Sequence[str]]) -> list[list[str]]:
    """The weightiest words of each user, best first, by tf-idf over the users given."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

    documents = [" \n ".join(map(plain, texts)) for texts in texts_by_user]
    if len(documents) < MIN_USERS:
        return [[] for _ in documents]
    words = TfidfVectorizer(
        token_pattern=TOPIC,
        ngram_range=(1, 1),
        stop_words=sorted(ENGLISH_STOP_WORDS | TALK),
        min_df=MIN_USERS,
        max_df=0.3,
        sublinear_tf=True,
    )
    try:
        weights = words.fit_transform(documents).tocsr()
    except ValueError:  # nobody shares a word with enough others
        return [[] for _ in documents]
    names = words.get_feature_names_out()
    return [_best(names, weights[row]) for row in range(len(documents))]


def episodes_of(records: Sequence[Mapping[str, Any]], topics: Sequence[str]) -> list[Episode]:
    """The texts, oldest first, as facts."""
    return [_episode(one, topics) for one in records]


def storiness(episode: Episode, habits: Habits) -> float:
    """How much a text looks like a story: long for this person, in the first person, about what they care for."""
    return min(episode.words / (LONG * habits.words), 2.0) + episode.first_person + 0.5 * min(len(episode.topics), 3)


def _episode(one: Mapping[str, Any], topics: Sequence[str]) -> Episode:
    one_habits = habits_of([one["text"]])
    words = set(re.findall(TOPIC, plain(one["text"]).lower()))
    when = None if one["time"] is None else _month(datetime.fromtimestamp(one["time"], UTC))
    about = tuple(topic for topic in topics if topic in words)
    return Episode(when, one["kind"], one["place"], one_habits.words, bool(one_habits.first_person_share), about)


def _best(names: Any, row: Any) -> list[str]:
    order = sorted(zip(-row.data, names[row.indices], strict=True))
    chosen: list[str] = []
    for _, name in order:
        if not any(_same_stem(str(name), other) for other in chosen):
            chosen.append(str(name))
        if len(chosen) == MAX_TOPICS:
            break
    return chosen


def _same_stem(one: str, other: str) -> bool:
    """Whether two words are forms of one, roughly: they share all but their last three letters."""
    stem = min(len(one), len(other)) - 2
    return one[: max(4, stem)] == other[: max(4, stem)]


def _month(when: datetime) -> int:
    return when.year * 12 + when.month - 1


def _stated(records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Gender, age in decades and industry where the platform's own fields say so."""
    extra = msgspec.json.decode(records[0]["extra"]) if records[0]["extra"] else {}
    stated: dict[str, str] = {}
    if extra.get("gender") in ("male", "female"):
        stated["gender"] = extra["gender"]
    if str(extra.get("age") or "").isdigit():
        stated["age"] = f"{int(extra['age']) // 10 * 10}s"
    industry = str(extra.get("industry") or extra.get("topic") or "")
    if industry and industry.lower() not in ("indunk", "unknown"):
        stated["industry"] = industry.replace("-", " ")
    return stated
