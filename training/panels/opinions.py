"""What panels about opinions share: everybody judges alone, then revises twice, as the opinion world asks.

Each revision becomes one question. The answer is the world's legal revision that is nearest to what the person said.
Only who stays takes the option of staying; of two others that are equally near, it is the smaller move.
"""

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from sandbox.core.form import Choose
from sandbox.errors import DataError, unknown
from training.panels.judgements import Group, NewsJudgement, load_topics
from training.panels.panel import Panel, PanelDecision, build_world, world_params
from training.sources.source import Rejects
from worlds.opinion import Opinion
from worlds.opinion.settings import OpinionParams, Topic

BEYOND = "revise: beyond the outermost option"
"""Note on a revision that is larger than any that the world offers."""


class OpinionPanel(Panel):
    """An experiment in which groups of people revise what they think."""

    world: ClassVar[str] = "opinion"

    @abstractmethod
    def read_groups(self, path: Path) -> Sequence[Group]:
        """Return the groups of a file."""

    @abstractmethod
    def count_seen(self, group: Group, judgement: NewsJudgement, step: int, place: int) -> int:
        """Return how many others a person saw before a revision.

        Args:
            group: The person's group.
            judgement: What all of the group said about one topic.
            step: 0 for the first revision, 1 for the second.
            place: Which of the people.
        """

    def split_of(self, group: Group) -> str:
        """Return the split of a group."""
        return group.split

    def read_decisions(self, path: Path, rejects: Rejects) -> Iterator[PanelDecision]:
        """Yield both revisions of everybody about every topic."""
        topics = load_topics()
        for group in self.read_groups(path):
            for judgement in group.judgements:
                if judgement.topic not in topics:
                    reason = unknown("topic", judgement.topic, topics)
                    raise DataError(f"{path}: {reason} Add it to conf/world/opinion.yaml.")
                size = len(judgement.people)
                num_seen = [
                    [self.count_seen(group, judgement, step, place) for step in (0, 1)] for place in range(size)
                ]
                sitting = Sitting(group.id, self.split_of(group), judgement, topics[judgement.topic], num_seen)
                for place in range(size):
                    yield from sitting.revise(place, rejects)


class Sitting:
    """A group that judges one topic, as people of the opinion world."""

    def __init__(
        self, group: str, split: str, judgement: NewsJudgement, topic: Topic, num_seen: Sequence[Sequence[int]]
    ) -> None:
        self.group, self.split, self.judgement, self.topic = group, split, judgement, topic
        self.num_seen = num_seen
        """By person: how many others one saw before the first and before the second revision."""
        # Nobody needs ties, since what people saw is in the data.
        params = world_params("opinion", OpinionParams, {"about": topic.kind, "network": "alone", "shown": "mean"})
        self.world = build_world(Opinion, params, max(2, len(num_seen), 1 + max(map(max, num_seen))))

    def revise(self, place: int, rejects: Rejects) -> Iterator[PanelDecision]:
        """Yield the revisions of one person until one that is missing, or before which the mean of those seen is."""
        person, judgement = self.world.people[place], self.judgement
        person.party = judgement.parties[place]
        opinions = [float(row[place]) for row in judgement.opinions]
        if math.isnan(opinions[0]):
            rejects.add(None, "no first answer", judgement.people[place])
            return
        person.begin_with(self.topic, opinions[0])
        for step, number in enumerate(self.num_seen[place]):
            said, mean = opinions[step + 1], float(judgement.others[step][place])
            if math.isnan(said) or (number and math.isnan(mean)):
                reason = "no revised answer" if math.isnan(said) else "no mean of those whom the person saw"
                rejects.add(None, reason, judgement.people[place])
                return
            opinion, others = self.topic.legalise(said), mean if number else None
            yield self._decision(step, place, opinion, others)
            person.revise(opinion, others)

    def _decision(self, step: int, place: int, opinion: float, others: float | None) -> PanelDecision:
        person = self.world.people[place]
        self.world.now = step
        seen = [other for other in self.world.people if other is not person][: self.num_seen[place][step]]
        question = person.ask_revision(seen, others)
        assert isinstance(question.form, Choose)
        answer, note = nearest_revision(question.form, person.opinion, opinion)
        record = f"{self.judgement.topic}/{step}/revise"
        name = self.judgement.people[place]
        return PanelDecision(name, self.group, self.split, record, "revise", question, answer, note)


def nearest_revision(form: Choose[float], own: float, opinion: float) -> tuple[str, str]:
    """Return the key of the option nearest to a new opinion, and a note if it is beyond all options.

    Args:
        form: Legal revisions, each of which stands for an opinion.
        own: The opinion until then; only who keeps it stays.
        opinion: The new one.
    """
    if opinion == own:
        return form.options[form.objects.index(own)].key, ""
    moves = [(value, option) for value, option in zip(form.objects, form.options, strict=True) if value != own]
    _, nearest = min(moves, key=lambda move: (abs(move[0] - opinion), abs(move[0] - own)))
    is_beyond = not min(form.objects) <= opinion <= max(form.objects)
    return nearest.key, BEYOND if is_beyond else ""
