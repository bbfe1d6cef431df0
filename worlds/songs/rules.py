"""The song market without a language model: a conditional logit of appeal, taste and counts (McFadden 1974).

Which song is downloaded from a page: in proportion to exp(appeal) (1 + count)^b, and more often if its style is a
favourite. Whether anything is downloaded, and whether the visit ends, does not depend on the songs: Krumme, Cebrian,
Pickard and Pentland (2012, doi:10.1371/journal.pone.0033785) found in the same experiment that counts decide what people
try, not whether they download it.

The effect of counts, the spread of appeal and the probabilities of downloading and leaving were fitted by maximum
likelihood to the train part of experiment 1 of MusicLab: `python -m experiments.people.fit_songs DATA`.
"""

from math import exp
from typing import Any

from sandbox.core import Question, Reply, Rules
from worlds.songs.catalogue import SOUND_STEP, SOUNDS

COUNT_EFFECT = 0.49
"""Log odds of a download per unit of log(1 + count)."""
DOWNLOADING, LEAVING = 0.45, 0.2
"""Probabilities that somebody downloads one of the songs of a page, and that they leave after it without one."""
TASTE_EFFECT = 0.5
"""Log odds that a favourite style adds; not fitted, since the data do not hold what people like."""
SOUND_WEIGHTS = tuple(exp(SOUND_STEP * (sound - len(SOUNDS) // 2)) for sound in range(len(SOUNDS)))
TASTE_WEIGHT = exp(TASTE_EFFECT)


def choose_song(question: Question[Any]) -> Reply:
    """Download one of the songs, look on, or leave."""
    weights = song_weights(question, COUNT_EFFECT)
    scale = DOWNLOADING / sum(weights)
    return [*[weight * scale for weight in weights], 1 - DOWNLOADING - LEAVING, LEAVING]


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
