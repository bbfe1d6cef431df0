"""Behaviour of simple people in the song market, from which the facts' controls are put together."""

from typing import Any

from sandbox.core import Question, Reply
from sandbox.core.mind import Rule
from worlds.songs.rules import song_weights, visit_page

CITATION = (
    "Salganik, Dodds and Watts (2006), doi:10.1126/science.1121066; measured by `experiments.people.measure_songs` on "
    "the train part of experiment 1"
)


def follow_counts(count_effect: float) -> Rule:
    """Return people for whom counts matter that much, in log odds per unit of log(1 + count)."""
    return lambda question: visit_page(question, song_weights(question, count_effect))


def choose_anything(question: Question[Any]) -> Reply:
    """Download any song of the page, whatever it is."""
    return visit_page(question, [1.0] * len(question.facts["songs"]))


def choose_by_sound(power: float, count_effect: float) -> Rule:
    """Return people for whom differences between songs matter `power` times as much as for rule agents."""

    def choose(question: Question[Any]) -> Reply:
        appeal, both = song_weights(question, 0.0), song_weights(question, count_effect)
        return visit_page(question, [weight * base ** (power - 1) for weight, base in zip(both, appeal, strict=True)])

    return choose
