"""The song market without a language model: a conditional logit of appeal, taste and counts (McFadden 1974).

Which song is downloaded from a page: in proportion to exp(appeal) (1 + count)^b, and more often if its style is a
favourite. Whether anything is downloaded does not depend on the songs of the page: Krumme, Cebrian, Pickard and
Pentland (2012, doi:10.1371/journal.pone.0033785) found in the same experiment that counts matter for what people try,
not for whether they download it. A few eager people download from nearly every page; the others leave as soon as they
find nothing.

The effect of counts, the spread of appeal and the parameters of visits were fitted by maximum likelihood to the train
part of experiment 1 of MusicLab: `python -m experiments.people.fit_songs DATA`.
"""

from math import exp
from typing import Any

from sandbox.core import Question, Reply, Rules
from sandbox.core.seeds import uniform
from worlds.songs.catalogue import SOUND_STEP, SOUNDS

COUNT_EFFECT = 0.47
"""Log odds of a download per unit of log(1 + count)."""
EAGER_SHARE = 0.076
"""Share of people who are eager."""
EAGER_DOWNLOADING = 0.979
"""Probability that an eager person downloads a song of a page; otherwise they turn to the next page."""
DOWNLOADING = 0.552
"""Probability that anybody else does; otherwise they leave."""
TASTE_EFFECT = 0.5
"""Log odds that a favourite style adds; not fitted, since the data do not hold what people like."""
SOUND_WEIGHTS = tuple(exp(SOUND_STEP * (sound - len(SOUNDS) // 2)) for sound in range(len(SOUNDS)))
TASTE_WEIGHT = exp(TASTE_EFFECT)


def choose_song(question: Question[Any]) -> Reply:
    """Download one of the songs, look on, or leave."""
    return visit_page(question, song_weights(question, COUNT_EFFECT))


def visit_page(question: Question[Any], weights: list[float]) -> list[float]:
    """Return the probabilities of all answers, given the odds of each song against the others."""
    eager = is_eager(question)
    downloading = EAGER_DOWNLOADING if eager else DOWNLOADING
    scale = downloading / sum(weights)
    rest = 1 - downloading
    return [*[weight * scale for weight in weights], rest if eager else 0.0, 0.0 if eager else rest]


def is_eager(question: Question[Any]) -> bool:
    """Return whether the person downloads from nearly every page: the same on every visit."""
    return uniform(int.from_bytes(question.profile.digest()[:8], "little"), b"eager") < EAGER_SHARE


def song_weights(question: Question[Any], count_effect: float) -> list[float]:
    """Return the odds of each song of a page.

    Args:
        question: Asks about the page.
        count_effect: Log odds of a download per unit of log(1 + count).
    """
    styles = question.facts["styles"]
    return [
        SOUND_WEIGHTS[song["sound"]]
        * (TASTE_WEIGHT if song["style"] in styles else 1.0)
        * ((1 + song["count"]) ** count_effect if song["count"] else 1.0)
        for song in question.facts["songs"]
    ]


RULES: Rules = {"page": choose_song}
