"""Fit the rule agents of the feed to real threads and texts, and print their parameters.

    python -m experiments.people.fit_threads ../shared/data

Which post a reply answers: the model of Gómez, Kappen, Litvak and Kaltenbrunner (2013, doi:10.1007/s11280-012-0162-8),
by maximum likelihood. How much people differ in writing: a Poisson-lognormal distribution of texts per author,
truncated at zero because who wrote nothing is not in the data. How much threads differ in the replies that they draw:
the same distribution of replies per thread. How long replies are: the mean and standard deviation of the logarithm of
their words. Train split only. Each printed line belongs in `worlds/feed/rules.py`.
"""

import math
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, gammaln, log_softmax, logsumexp
from scipy.stats import norm

from experiments.people.forum_replies import count_words, read_replies
from experiments.people.reddit_threads import HumanThread, read_threads
from worlds.feed.posts import Floats, Ints

NORMAL_POINTS = np.linspace(-6, 6, 2401)
"""Where the integral over the normal logarithm of a rate is evaluated, in standard deviations."""


class Attractiveness(NamedTuple):
    """What draws replies to a post."""

    popularity: float
    """Per reply that it has, and once for itself."""
    opening: float
    """Of being the opening of the thread."""
    novelty: float
    """Factor per post that came after it: the newest post of a thread has 1 times this."""


class Attachments(NamedTuple):
    """All replies of all threads, one entry each."""

    num_posts: Ints
    """Posts of the thread before the reply."""
    degree: Ints
    """One more than the replies that the answered post had before."""
    is_opening: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
    age: Ints
    """Posts since the answered one, itself included: 1 for the newest post."""


def collect_attachments(threads: Sequence[Sequence[int]]) -> Attachments:
    """Return what every reply answered.

    Args:
        threads: Of each thread: the place of the post that each reply answers, in order of time.
    """
    rows: list[tuple[int, int, bool, int]] = []
    for parents in threads:
        degrees = [1] * (len(parents) + 1)
        for number, parent in enumerate(parents, 1):
            rows.append((number, degrees[parent], parent == 0, number - parent))
            degrees[parent] += 1
    num_posts, degree, is_opening, age = np.array(rows).T
    return Attachments(num_posts, degree, is_opening.astype(bool), age)


def log_likelihood(parameters: Attractiveness, data: Attachments) -> float:
    """Return the log likelihood of what all replies answered."""
    popularity, opening, novelty = parameters
    answered = popularity * data.degree + opening * data.is_opening + novelty**data.age
    newer = novelty * (1 - novelty**data.num_posts) / (1 - novelty)
    total = popularity * (2 * data.num_posts - 1) + opening + newer
    return float(np.log(answered / total).sum())


def fit_attractiveness(data: Attachments) -> Attractiveness:
    """Return the parameters of the highest likelihood."""

    def unpack(values: Floats) -> Attractiveness:
        return Attractiveness(*(float(value) for value in (*np.exp(values[:2]), expit(values[2]))))

    start = np.array([-2.0, 0.0, 2.0])
    result = minimize(lambda values: -log_likelihood(unpack(values), data), start, method="Nelder-Mead")
    return unpack(result.x)


def fit_spread(counts: Sequence[int]) -> float:
    """Return the standard deviation of the logarithm of the rates behind counts: Poisson-lognormal.

    Args:
        counts: One for each author or thread. If none of them is 0, zeros are taken to be missing from the data.
    """
    values, frequencies = np.unique(counts, return_counts=True)
    is_truncated = values[0] > 0
    log_weights = log_softmax(norm.logpdf(NORMAL_POINTS))

    def loss(parameters: Floats) -> float:
        log_rates = parameters[0] + np.exp(parameters[1]) * NORMAL_POINTS
        rates = np.exp(log_rates)
        log_poisson = values[:, None] * log_rates - rates - gammaln(values + 1)[:, None]
        log_probabilities = np.asarray(logsumexp(log_weights + log_poisson, axis=1))
        log_zero = float(np.asarray(logsumexp(log_weights - rates)))
        log_counted = math.log1p(-math.exp(log_zero)) if is_truncated else 0.0
        return -float(frequencies @ (log_probabilities - log_counted))

    return float(np.exp(minimize(loss, np.array([0.0, 0.3]), method="Nelder-Mead").x[1]))


def count_texts(threads: Sequence[HumanThread]) -> list[int]:
    """Return the number of posts of every known author."""
    return list(Counter(author for thread in threads for author in thread.authors if author >= 0).values())


def main(data: str) -> None:
    """Print the parameters, and the numbers behind them."""
    threads = [thread for thread in read_threads(Path(data)) if thread.split == "train"]
    attachments = collect_attachments([thread.parents for thread in threads])
    print(f"{len(threads)} threads, {len(attachments.age)} replies")
    print(np.round(fit_attractiveness(attachments), 4).tolist())
    counts = count_texts(threads)
    print(f"{len(counts)} authors: WRITING_SPREAD {fit_spread(counts):.3f}")
    num_replies = [len(thread.parents) for thread in threads]
    print(f"APPEAL_SPREAD {fit_spread(num_replies):.3f}")
    words = np.log([count_words(reply.text) for reply in read_replies(Path(data)) if reply.split == "train"])
    print(f"{len(words)} replies: WORDS_MEAN {words.mean():.3f}, WORDS_SPREAD {words.std():.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
