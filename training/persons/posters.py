"""Count what can be counted about somebody who posts: communities, topics, rhythm, replies and habits of writing.

A topic is a word that weighs more in this person's texts than in other people's (tf-idf, Sparck Jones 1972,
doi:10.1108/eb026526) and that several others use too, so that it identifies nobody.
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

from training.persons.habits import Habits, hour_shares, measure_habits, remove_placeholders

MIN_USERS = 5
"""A topic is named only if this many people use the word."""
MAX_TOPICS = 6
TALK_FILE = Path(__file__).parent / "talk.txt"
TALK = frozenset(TALK_FILE.read_text(encoding="utf-8").split())
"""Words that say nothing about what somebody talks about."""
TOPIC = r"(?u)\b[a-z][a-z]{3,}\b"
"""What may be a topic, in lower case."""
LONG = 1.5
"""A text this many times as long as the person's median text is long."""


class PosterStatistics(msgspec.Struct, frozen=True):
    """Everything that the wording templates may use."""

    platform: str
    num: int
    """Number of texts."""
    communities: dict[str, float]
    """Share of each community, largest first; empty if the platform has none."""
    topics: tuple[str, ...]
    """Highest weight first."""
    reply_share: float
    """Share of texts that answer somebody."""
    days: int
    """Days with a text; 0 if the source has no times."""
    span_days: int
    """Days from the first text to the last, both included."""
    first: int | None
    """Month of the first text, year x 12 + month - 1; None if there are no times."""
    last: int | None
    """Month of the last text."""
    hours: tuple[float, ...]
    """Share of texts by hour of the day (UTC); empty if there are no times."""
    weekend_share: float | None
    """Share of texts written on a Saturday or Sunday; None if there are no times."""
    habits: Habits
    demographics: dict[str, str]
    """As they state it themselves: gender, age (a decade), industry."""
    votes: float | None
    """Median score of their texts."""


class Episode(msgspec.Struct, frozen=True):
    """One text, without its words."""

    month: int | None
    """Year x 12 + month - 1; None if the time is unknown."""
    kind: str
    community: str
    words: int
    """Length of the text."""
    first_person: bool
    topics: tuple[str, ...]
    """Those of the person's topics that occur in it."""


def poster_statistics(records: Sequence[Mapping[str, Any]], topics: Sequence[str]) -> PosterStatistics:
    """Count one person's records with text, oldest first; `topics` are those of `find_topics`."""
    times = [datetime.fromtimestamp(record["time"], UTC) for record in records if record["time"] is not None]
    days = {time.date() for time in times}
    counts = Counter(record["category"] for record in records if record["category"])
    votes = [record["votes"] for record in records if record["votes"] is not None]
    communities = sorted(counts, key=lambda name: (-counts[name], name))
    return PosterStatistics(
        platform=records[0]["platform"],
        num=len(records),
        communities={name: counts[name] / counts.total() for name in communities},
        topics=tuple(topics),
        reply_share=fmean(record["kind"] == "comment" for record in records),
        days=len(days),
        span_days=(max(days) - min(days)).days + 1 if days else 0,
        first=_month(times[0]) if times else None,
        last=_month(times[-1]) if times else None,
        hours=hour_shares(times),
        weekend_share=fmean(time.weekday() >= 5 for time in times) if times else None,
        habits=measure_habits([record["text"] for record in records]),
        demographics=_demographics(records),
        votes=float(np.median(votes)) if votes else None,
    )


def find_topics(texts_by_user: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the words with the highest weight for each user, best first, by tf-idf over these users."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

    documents = [" \n ".join(map(remove_placeholders, texts)) for texts in texts_by_user]
    if len(documents) < MIN_USERS:
        return [[] for _ in documents]
    vectorizer = TfidfVectorizer(
        token_pattern=TOPIC,
        ngram_range=(1, 1),
        stop_words=sorted(ENGLISH_STOP_WORDS | TALK),
        min_df=MIN_USERS,
        max_df=0.3,
        sublinear_tf=True,
    )
    try:
        weights = vectorizer.fit_transform(documents).tocsr()
    except ValueError:  # no word is used by enough people
        return [[] for _ in documents]
    words = vectorizer.get_feature_names_out()
    return [_best_words(words, weights[row]) for row in range(len(documents))]


def list_episodes(records: Sequence[Mapping[str, Any]], topics: Sequence[str]) -> list[Episode]:
    """Return the texts as facts, in the order of the records."""
    return [_episode(record, topics) for record in records]


def storiness(episode: Episode, habits: Habits) -> float:
    """Return how much a text looks like a story: long for this person, in the first person, about their topics."""
    return min(episode.words / (LONG * habits.words), 2.0) + episode.first_person + 0.5 * min(len(episode.topics), 3)


def _episode(record: Mapping[str, Any], topics: Sequence[str]) -> Episode:
    habits = measure_habits([record["text"]])
    words = set(re.findall(TOPIC, remove_placeholders(record["text"]).lower()))
    month = None if record["time"] is None else _month(datetime.fromtimestamp(record["time"], UTC))
    mentioned = tuple(topic for topic in topics if topic in words)
    return Episode(month, record["kind"], record["category"], habits.words, bool(habits.first_person_share), mentioned)


def _best_words(words: Any, weights: Any) -> list[str]:
    """Return the words with the highest weights, none of them a form of a better one.

    Args:
        words: Array of words; scikit-learn does not declare its type.
        weights: Sparse row (CSR) of weights of these words.
    """
    by_weight = sorted(zip(-weights.data, words[weights.indices], strict=True))
    best: list[str] = []
    for _, word in by_weight:
        if not any(_share_stem(str(word), better) for better in best):
            best.append(str(word))
        if len(best) == MAX_TOPICS:
            break
    return best


def _share_stem(first: str, second: str) -> bool:
    """Return whether two words are roughly forms of one word: the shorter's first letters, all but two, are equal."""
    stem = min(len(first), len(second)) - 2
    return first[: max(4, stem)] == second[: max(4, stem)]


def _month(time: datetime) -> int:
    return time.year * 12 + time.month - 1


def _demographics(records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return gender, age in decades and industry if the platform's own fields say so."""
    extra = msgspec.json.decode(records[0]["extra"]) if records[0]["extra"] else {}
    demographics: dict[str, str] = {}
    if extra.get("gender") in ("male", "female"):
        demographics["gender"] = extra["gender"]
    if str(extra.get("age") or "").isdigit():
        demographics["age"] = f"{int(extra['age']) // 10 * 10}s"
    industry = str(extra.get("industry") or extra.get("topic") or "")
    if industry and industry.lower() not in ("indunk", "unknown"):
        demographics["industry"] = industry.replace("-", " ")
    return demographics
