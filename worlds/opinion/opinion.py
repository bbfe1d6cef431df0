"""The opinion world: who sees whom, and what a round is.

One step is one round: people argue, if arguments are shown; all see others' opinions and revise their own at once;
some turn away from those who think differently.
"""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sandbox.core import Row, Turn, World, gather, read_prompts
from sandbox.descriptive import mean_of
from sandbox.errors import ConfigError
from worlds.opinion.history import History, standardise
from worlds.opinion.member import STEPS, Person, nearest_step
from worlds.opinion.metrics import FIGURES, MEASURES, METRIC_LABELS
from worlds.opinion.networks import see_centre, see_equally, see_nobody
from worlds.opinion.reactions import REACTIONS
from worlds.opinion.rules import RULES
from worlds.opinion.settings import OpinionParams, Topic

FOLDER = Path(__file__).parent


class Opinion(World[OpinionParams]):
    """People who see others' opinions and revise their own, in groups or on the social graph."""

    prompts = read_prompts(FOLDER / "prompts")
    paraphrases = tuple(read_prompts(FOLDER / "paraphrases" / number) for number in ("1", "2", "3"))
    rules = RULES
    metric_labels = METRIC_LABELS
    figures = FIGURES
    reactions = REACTIONS

    def __init__(self, params: OpinionParams, **parts: Any) -> None:
        """Form groups and first opinions; `parts` are those of `World`."""
        super().__init__(params, **parts)
        self.people = [Person(self, profile, node) for node, profile in enumerate(self.profiles)]
        if len(self.people) < 2:
            raise ConfigError(f"a group needs at least 2 people, found {len(self.people)}; set population.size=2")
        self.groups = self._form_groups()
        self.topics = self._form_opinions()
        self._connect()
        self.history = self._begin_history()
        self.arguments: list[Row] = []
        """What was said."""
        self.steps_taken = Counter[float]()
        """How often people who saw others took each step towards them."""

    # Before the first step.

    def _form_groups(self) -> list[list[Person]]:
        if self.params.network == "graph":
            return [self.people]
        ordered, size = self.in_order(self.people, "groups"), self.params.group_size
        groups = [ordered[start : start + size] for start in range(0, len(ordered), size)]
        if len(groups) > 1 and len(groups[-1]) == 1:
            groups[-2].extend(groups.pop())
        return groups

    def _form_opinions(self) -> list[Topic]:
        """Give every group a topic, all once before any twice, and people first opinions; return topics by group."""
        listed = self.params.list_topics()
        ordered = self.seeds.order(self.now, "topics", listed, range(len(listed)))
        topics = [ordered[number % len(ordered)] for number in range(len(self.groups))]
        for group, topic in zip(self.groups, topics, strict=True):
            for person in group:
                person.form_opinion(topic)
        return topics

    def _connect(self) -> None:
        rng = self.seeds.rng("world")
        for group in self.groups:
            match self.params.network:
                case "alone":
                    seen = see_nobody(group)
                case "decentralised":
                    seen = see_equally(group, self.params.degree, rng)
                case "centralised":
                    seen = see_centre(group)
                case "graph":
                    seen = [person.friends() for person in group]
            for person, others in zip(group, seen, strict=True):
                person.sees = others

    def _begin_history(self) -> History:
        numbers = {person: number for number, group in enumerate(self.groups) for person in group}
        self._middle, self._scale, truth = (
            np.array([getattr(person.topic, name) for person in self.people], float)
            for name in ("middle", "scale", "truth")
        )
        parties = list(self.params.parties)[:2]
        history = History(
            np.array([numbers[person] for person in self.people]),
            standardise(truth, self._middle, self._scale),
            np.array([parties.index(person.party) if person.party in parties else -1 for person in self.people]),
        )
        self._record_opinions(history)
        return history

    # One round.

    def turn(self) -> Turn[None]:
        """Arguments, revisions, new ties."""
        if self.params.shown == "arguments":
            yield from self._argue()
        revising = self.in_order([person for person in self.people if not person.is_convinced], "revise")
        seen = [person.look() for person in revising]
        means = [sum([other.opinion for other in others]) / len(others) if others else None for others in seen]
        looks = zip(revising, seen, means, strict=True)
        opinions = yield from gather([person.ask_revision(others, mean) for person, others, mean in looks])
        self._revise(revising, means, opinions)
        if self.params.rewiring:
            for group in self.groups:
                for person in group:
                    person.turn_away(group)

    def _argue(self) -> Turn[None]:
        """Ask for the arguments of all whom somebody sees."""
        seen = {other for person in self.people for other in person.sees}
        speakers = self.in_order([person for person in self.people if person in seen], "argue")
        texts = yield from gather([speaker.ask_argument() for speaker in speakers])
        for speaker, text in zip(speakers, texts, strict=True):
            speaker.argument = text
            self.arguments.append({"step": self.now, "person": speaker.unique_id, "text": text})

    def _revise(self, revising: Sequence[Person], means: Sequence[float | None], opinions: Sequence[float]) -> None:
        """Let all take their new opinions at once."""
        others = np.full(len(self.people), np.nan)
        for person, mean, opinion in zip(revising, means, opinions, strict=True):
            if mean is not None:
                others[person.node] = mean
                if mean != person.opinion:
                    self.steps_taken[nearest_step((opinion - person.opinion) / (mean - person.opinion))] += 1
            person.revise(opinion, mean)
        self.history.others.append(standardise(others, self._middle, self._scale))
        self._record_opinions(self.history)

    def _record_opinions(self, history: History) -> None:
        opinions = np.array([person.opinion for person in self.people])
        history.opinions.append(standardise(opinions, self._middle, self._scale))
        history.right.append(np.array([_is_right(person) for person in self.people]))

    # Results.

    def metrics(self) -> dict[str, float]:
        """Return all metrics of the latest round and so far."""
        return {name: measure(self.history) for name, measure in MEASURES.items()}

    def tables(self) -> dict[str, list[Row]]:
        """Return who thought what, how groups moved, how far people went, and what was said."""
        names = {id(topic): name for name, topic in self.params.topics.items()}
        people: list[Row] = [
            {
                "node": person.node,
                "group": int(self.history.groups[person.node]),
                "topic": names[id(person.topic)],
                "party": person.party or None,
                "first_opinion": person.first,
                "opinion": person.opinion,
                "standardised_opinion": float(self.history.opinions[-1][person.node]),
            }
            for person in self.people
        ]
        steps: list[Row] = [{"share": f"{step:g}", "count": self.steps_taken[step]} for step in STEPS]
        return {
            "people": people,
            "groups": [self._describe_group(number, names) for number in range(len(self.groups))],
            "revisions": steps,
            "arguments": self.arguments,
        }

    def _describe_group(self, number: int, names: dict[int, str]) -> Row:
        group, topic = self.groups[number], self.topics[number]
        first, latest = (np.array([getattr(person, name) for person in group]) for name in ("first", "opinion"))
        return {
            "group": number,
            "topic": names[id(topic)],
            "truth": topic.truth,
            "first_mean": mean_of(first),
            "mean": mean_of(latest),
            "first_sd": float(first.std(ddof=1)),
            "sd": float(latest.std(ddof=1)),
        }


def _is_right(person: Person) -> float:
    """Return 1 if an opinion is on the side of a truth that is one end of the scale, 0 if not; NaN if it is not."""
    topic = person.topic
    if topic.high is None or topic.truth not in (topic.low, topic.high):
        return math.nan
    middle = (topic.low + topic.high) / 2
    return float(person.opinion > middle if topic.truth == topic.high else person.opinion < middle)
