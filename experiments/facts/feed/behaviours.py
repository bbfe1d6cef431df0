"""Behaviour of simple people in the feed, from which the facts' controls are put together."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.core import Question, Reply, change_facts
from sandbox.core.mind import Rule
from worlds.feed.person import Act
from worlds.feed.rules import FILLER, react

MUCHNIK = "Muchnik, Aral and Taylor (2013), doi:10.1126/science.1240466"
REDDIT = (
    "Threads of eight college communities of Reddit (github.com/emorynlp/reddit-college), train and val split; measured "
    "by `experiments.people.measure_feed`"
)
FORUM = ("world.ranking=chronological", "world.discovery=1.0")
"""Overrides of a forum in order of time, as in the declared experiment."""
Chances = Mapping[Act, float]
"""Probabilities of acts; what is missing is scrolling on."""


def act_with(chances: Callable[[dict[str, Any]], Chances]) -> Rule:
    """Return people whose acts depend on what they see.

    Args:
        chances: From the facts of the question to the probabilities.
    """

    def reply(question: Question[Any]) -> Reply:
        acts = chances(question.facts)
        weights = [acts.get(option.key, 0.0) for option in question.form.options]  # type: ignore[union-attr]
        return [1 - sum(weights[1:]), *weights[1:]]

    return reply


def act_always(**chances: float) -> Rule:
    """Return people who do something with the same probability, whatever they see."""
    return act_with(lambda _: chances)  # type: ignore[arg-type,return-value]


def see_score(change: Callable[[int], int]) -> Rule:
    """Return people who act as rule people would at another score."""
    return lambda question: react(change_facts(question, {"score": change(question.facts["score"] or 0)}))


def write_words(number: int) -> Rule:
    """Return people who write so many words."""
    return lambda _: " ".join((FILLER * 2)[:number])
