"""Behaviour of simple people in the feed, from which the facts' controls are put together."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sandbox.core import Choose, Question, Reply, change_facts
from sandbox.core.mind import Rule
from worlds.feed.rules import filler_words, react

MUCHNIK = "Muchnik, Aral and Taylor (2013), doi:10.1126/science.1240466"
REDDIT = (
    "Threads of eight college communities of Reddit (github.com/emorynlp/reddit-college), train and val split; "
    "measured by `experiments.people.measure_feed`"
)
FORUM = ("world.ranking=chronological", "world.discovery=1.0")
"""Overrides of a forum in order of time, as in the declared experiment."""
Chances: TypeAlias = Mapping[str, float]
"""Probabilities of acts (`worlds.feed.person.ACTS`); what is missing is scrolling on."""


def act_with(chances: Callable[[dict[str, Any]], Chances]) -> Rule:
    """Return people whose acts depend on what they see.

    Args:
        chances: From the facts of the question to the probabilities.
    """

    def reply(question: Question[Any]) -> Reply:
        acts = chances(question.facts)
        options = question.form.options if isinstance(question.form, Choose) else ()
        weights = [acts.get(option.key, 0.0) for option in options[1:]]
        return [1 - sum(weights), *weights]

    return reply


def act_always(**chances: float) -> Rule:
    """Return people who do something with the same probability, whatever they see."""
    return act_with(lambda _: chances)


def ignore_score(question: Question[Any]) -> Reply:
    """Act as rule agents do on a post without votes."""
    return react(change_facts(question, {"score": 0}))


def write_words(number: int) -> Rule:
    """Return people who write so many words."""
    return lambda _: filler_words(number)
