"""Measure the people that the feed is compared with, and write `feed.csv`.

    python -m experiments.people.measure_feed ../shared/data

Threads: those of the train and val split, with the metrics of the world; intervals are 95 % percentile intervals of
1,000 bootstrap samples of threads. Replies: those of people of the train and val split; samples of people.

Votes: as published by Muchnik, Aral and Taylor (2013, doi:10.1126/science.1240466). The abstract gives the effects of
+32 % and +25 %, and says that down-votes were corrected. The probabilities of a first vote (5.13 % and 0.82 %) and the
numbers of comments (4,049 seeded up, 1,942 seeded down, 95,290 not seeded) were seen in summaries of the paper, not in
the paper itself. The intervals are ours: those of a proportion, or of a ratio of two, with one first reader for each
comment. The abstract reports no spread of final scores, so their intervals are empty; that seeded down-votes did not
change them is from summaries, too.
"""

import math
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np

from experiments.people.effects import HumanEffect, write_effects
from experiments.people.forum_replies import HumanReply, count_words, read_replies
from experiments.people.reddit_threads import HumanThread, read_threads
from worlds.feed.person import MAX_WORDS
from worlds.feed.posts import (
    Floats,
    Ints,
    mean_depth,
    mean_size,
    no_reply_share,
    size_gini,
    stack_shapes,
    top_level_share,
)

TABLE = Path(__file__).parent / "feed.csv"
RESAMPLES = 1000
UP, DOWN, GAIN, FINAL_GAIN = 0.0513, 0.0082, 0.32, 0.25
"""Probabilities of a first vote on comments that were not seeded, and effects of a seeded up-vote (Muchnik et al.)."""
NUM_UP, NUM_DOWN, NUM_CONTROL = 4049, 1942, 95290
"""Comments by treatment."""
NORMAL_QUANTILE = 1.96
THREAD_METRICS: dict[str, Callable[[Ints], float]] = {
    "thread_size": mean_size,
    "thread_depth": mean_depth,
    "no_reply_share": no_reply_share,
    "top_level_share": top_level_share,
    "gini_threads": size_gini,
}
ArrayT = TypeVar("ArrayT", Floats, Ints)
Interval: TypeAlias = tuple[float, float, float]
"""A value, and the ends of its interval; NaN if unknown."""


def bootstrap(units: ArrayT, statistic: Callable[[ArrayT], float]) -> Interval:
    """Return a statistic of units, one row each, with its 95 % percentile interval."""
    rng = np.random.default_rng(0)
    values = [statistic(units[rng.integers(len(units), size=len(units))]) for _ in range(RESAMPLES)]
    low, high = np.nanquantile(values, (0.025, 0.975))
    return statistic(units), float(low), float(high)


def mean_words(people: Ints) -> float:
    """Return the mean words of a reply, from the words and the number of replies of each person."""
    words, replies = people.sum(axis=0)
    return float(words / replies)


def measure_threads(threads: Sequence[HumanThread]) -> list[HumanEffect]:
    """Return the thread metrics of real threads."""
    shapes = stack_shapes([thread.shape for thread in threads])
    return [
        HumanEffect("none", "", f"{name}@last", *bootstrap(shapes, metric), len(shapes), "thread")
        for name, metric in THREAD_METRICS.items()
    ]


def measure_replies(replies: Sequence[HumanReply]) -> HumanEffect:
    """Return the mean words of real replies, counting at most as many of each as the world allows."""
    totals: dict[str, Ints] = defaultdict(lambda: np.zeros(2, np.int64))
    for reply in replies:
        totals[reply.person] += (min(count_words(reply.text), MAX_WORDS), 1)
    return HumanEffect(
        "none", "", "reply_words@last", *bootstrap(np.array(list(totals.values())), mean_words), len(totals), "person"
    )


def published_votes() -> list[HumanEffect]:
    """Return the effects of seeded votes as published."""
    treated = UP * (1 + GAIN)
    log_error = math.sqrt((1 - treated) / (treated * NUM_UP) + (1 - UP) / (UP * NUM_CONTROL))
    low, high = (math.exp(math.log(1 + GAIN) + sign * NORMAL_QUANTILE * log_error) - 1 for sign in (-1, 1))
    num, unknown = NUM_UP + NUM_CONTROL, (math.nan, math.nan)
    return [
        HumanEffect("none", "", "first_up_share@last", *_proportion(UP), NUM_CONTROL, "comment"),
        HumanEffect("none", "", "first_down_share@last", *_proportion(DOWN), NUM_CONTROL, "comment"),
        HumanEffect("up", "none", "first_up_share@last", UP * GAIN, UP * low, UP * high, num, "comment"),
        HumanEffect("up", "none", "log_final_score@last", math.log(1 + FINAL_GAIN), *unknown, num, "comment"),
        HumanEffect("down", "none", "log_final_score@last", 0.0, *unknown, NUM_DOWN + NUM_CONTROL, "comment"),
    ]


def _proportion(share: float) -> Interval:
    error = NORMAL_QUANTILE * math.sqrt(share * (1 - share) / NUM_CONTROL)
    return share, share - error, share + error


def measure_all(data: Path) -> list[HumanEffect]:
    """Return all effects and means, from a folder of data sets."""
    threads = [thread for thread in read_threads(data) if thread.split != "test"]
    replies = [reply for reply in read_replies(data) if reply.split != "test"]
    return [*published_votes(), *measure_threads(threads), measure_replies(replies)]


def main(data: str) -> None:
    """Write the table, and print it."""
    write_effects(TABLE, measure_all(Path(data)))
    print(TABLE.read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
