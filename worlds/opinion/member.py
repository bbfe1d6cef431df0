"""Who holds an opinion: what they are asked, how they can revise it, and what they remember."""

from bisect import bisect
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from sandbox.core import Agent, Choose, Option, Profile, Question, World, Write
from sandbox.core.seeds import draw, uniform, uniforms
from worlds.opinion.networks import NUM_CANDIDATES, sample
from worlds.opinion.settings import MAX_DECIMALS, OpinionParams, Topic

Panel: TypeAlias = World[OpinionParams]
"""What members know of their world."""

STEPS = (-1.5, -1.0, -0.75, -0.5, -0.25, -0.1, 0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5)
"""Revisions to choose from, as shares of the way from one's own opinion to the mean of those seen; as many lead away as
lead towards them, so that who answers at random does not follow."""
STEPS_ALONE = (-2.0, -1.0, -0.5, -0.2, -0.05, 0.0, 0.05, 0.2, 0.5, 1.0, 2.0)
"""Revisions of somebody who sees nobody, or only people of the same opinion, in scales of the topic."""
MAX_SHOWN = 6
"""Others whose answers are shown one by one."""
_ARGUMENT = Write(max_words=20)
_FORMATS = [f",.{decimals}f" for decimals in range(MAX_DECIMALS + 1)]
_EDGES = [(low + high) / 2 for low, high in pairwise(step for step in STEPS if step)]
_MOVES = [step for step in STEPS if step]
_KEYS = {step: f"{step:g}" for step in (*STEPS, *STEPS_ALONE)}
_BY_SIZE: dict[tuple[float, ...], list[float]] = {
    steps: sorted((step for step in steps if step), key=abs) for steps in (STEPS, STEPS_ALONE)
}
"""Steps other than staying, the smallest first."""


def format_opinion(value: float, decimals: int) -> str:
    """Return an opinion as people read it: without zeros at the end, large numbers with commas."""
    text = format(value, _FORMATS[decimals])
    text = text.rstrip("0").rstrip(".") if decimals else text
    return "0" if text == "-0" else text


def nearest_step(share: float) -> float:
    """Return the step nearest to a revision, a share of the way; only who does not move at all takes the step 0."""
    return _MOVES[bisect(_EDGES, share)] if share else 0.0


def revision_form(own: float, others: float | None, topic: Topic) -> tuple[Choose[float], bool]:
    """Return the legal revisions of an opinion, lowest first, and whether they are steps towards the others.

    The key of an option is its step: a share of the way to the others, or a number of scales of the topic if there are
    no others, or none of another opinion. Steps that lead to the same legal number are one option; staying is always
    one.
    """
    if others is not None:
        values = _list_values(own, others - own, STEPS, topic)
        if len(values) > 1:
            return _make_form(values, topic.decimals), True
    unit = max(topic.scale, -2 * 0.1**topic.decimals / STEPS_ALONE[0])
    return _make_form(_list_values(own, unit, STEPS_ALONE, topic), topic.decimals), False


def _list_values(own: float, unit: float, steps: tuple[float, ...], topic: Topic) -> dict[float, float]:
    """Return steps by the legal opinion that they lead to; of several, the smallest."""
    low, high, decimals = topic.low, topic.highest, topic.decimals
    values = {own: 0.0}
    for step in _BY_SIZE[steps]:
        value = own + step * unit
        value = round(low if value < low else high if value > high else value, decimals)
        if value not in values:
            values[value] = step
    return values


def _make_form(values: dict[float, float], decimals: int) -> Choose[float]:
    ordered = sorted(values)
    options = tuple([Option(_KEYS[values[value]], format_opinion(value, decimals)) for value in ordered])
    return Choose(options, True, tuple(ordered))


class Person(Agent[Panel]):
    """Holds an opinion and revises it."""

    def __init__(self, world: Panel, profile: Profile, node: int) -> None:
        super().__init__(world, profile, node)
        self.node = node
        """Place on the social graph."""
        self.sees: list[Person] = []
        """Others whose opinions one can see."""
        self.argument = ""
        """What was said last for one's opinion."""
        self.is_convinced = False
        """Whether one never revises the opinion again."""
        self.party = self._draw_party()

    def _draw_party(self) -> str:
        parties = self.world.params.parties if self.world.params.about == "news" else {}
        seed = self.world.seeds.decision(self.unique_id, -1, -1)
        return list(parties)[draw(list(parties.values()), seed)] if parties else ""

    def form_opinion(self, topic: Topic) -> None:
        """Form a first opinion, the same in all arms of a seed."""
        quantile = uniform(self.world.seeds.decision(self.unique_id, -1, -2))
        self.begin_with(topic, topic.first_opinion(quantile) + topic.lean.get(self.party, 0.0))

    def begin_with(self, topic: Topic, opinion: float) -> None:
        """Hold a first opinion, the legal one nearest to a number."""
        self.topic = topic
        self.opinion = self.first = topic.legalise(opinion)

    # Whom one sees.

    def look(self) -> "list[Person]":
        """Return the others who are seen in this step."""
        params = self.world.params
        limit = params.num_seen or len(self.sees)
        if params.shown != "mean":
            limit = min(limit, MAX_SHOWN)
        return sample(self.sees, limit, self._stream(-3)) if len(self.sees) > limit else self.sees

    def turn_away(self, group: "Sequence[Person]") -> None:
        """See somebody of the group who is more like-minded instead of the one whose opinion is furthest."""
        stream = self._stream(-4)
        if not self.sees or next(stream) >= self.world.params.rewiring:
            return
        strangers = [person for person in sample(group, NUM_CANDIDATES, stream) if person is not self]
        candidates = [person for person in strangers if person not in self.sees]
        furthest, nearest = max(self.sees, key=self._distance), min(candidates, key=self._distance, default=None)
        if nearest is not None and self._distance(nearest) < self._distance(furthest):
            self.sees = [person for person in self.sees if person is not furthest] + [nearest]

    def _distance(self, other: "Person") -> float:
        return abs(other.opinion - self.opinion)

    def _stream(self, purpose: int) -> Any:
        return uniforms(self.world.seeds.decision(self.unique_id, self.world.now, purpose))

    # What a person is asked.

    def ask_argument(self) -> Question[str]:
        """Ask for an argument that others will read."""
        return self.ask(
            "argue",
            {**self._describe_topic(), "own_text": format_opinion(self.opinion, self.topic.decimals)},
            _ARGUMENT,
        )

    def ask_revision(self, seen: "Sequence[Person]", others: float | None) -> Question[float]:
        """Ask for the opinion after seeing others.

        Args:
            seen: The others.
            others: The mean of their opinions; None without others.
        """
        decimals = self.topic.decimals
        form, follows = revision_form(self.opinion, others, self.topic)
        shown = self.world.params.shown
        facts = {
            **self._describe_topic(),
            "own": self.opinion,
            "own_text": format_opinion(self.opinion, decimals),
            "first": self.first,
            "first_text": format_opinion(self.first, decimals),
            "num_others": len(seen),
            "others": others,
            "others_text": "" if others is None else format_opinion(others, max(decimals, 1)),
            "answers": [] if shown == "mean" else [person.opinion for person in seen],
            "answer_texts": [] if shown == "mean" else [format_opinion(person.opinion, decimals) for person in seen],
            "arguments": [person.argument for person in seen] if shown == "arguments" else [],
            "follows": follows,
            "decimals": decimals,
            "scale": self.topic.scale,
            "nearness": 1.0,
        }
        return self.ask("revise", facts, form)

    def _describe_topic(self) -> dict[str, Any]:
        return {
            "text": self.topic.text,
            "kind": self.topic.kind,
            "has_truth": self.topic.truth is not None,
            "party": self.party,
        }

    # What happens to a person.

    def revise(self, opinion: float, others: float | None) -> None:
        """Take an opinion; what one thought before becomes a memory."""
        decimals = self.topic.decimals
        seen = "" if others is None else f", the others {format_opinion(others, decimals)} on average"
        self.remember("estimate", f"You said {format_opinion(self.opinion, decimals)}{seen}.")
        self.opinion = opinion
