"""The commons: who plays with whom, and what a round is.

One step is one round: members may say something; they give, or leave; funds pay out; who may, punishes and rewards.
"""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from sandbox.core import Row, Turn, World, gather, read_prompts
from sandbox.errors import ConfigError
from worlds.commons.funds import pay_out, split_into_groups
from worlds.commons.history import History, Ints, RoundOutcome, to_efficiency
from worlds.commons.member import MAX_MESSAGES, Member, Round, Sanction
from worlds.commons.metrics import FIGURES, METRIC_LABELS, commons_metrics
from worlds.commons.reactions import REACTIONS
from worlds.commons.rules import RULES
from worlds.commons.settings import MAX_GROUP, CommonsParams

FOLDER = Path(__file__).parent
Gifts: TypeAlias = dict[Member, int]
"""By member who plays: coins given."""
Others: TypeAlias = dict[Member, list[Member]]
"""By member who plays: whom they see."""


class Commons(World[CommonsParams]):
    """Repeated public goods in groups or among friends, with punishment, rewards, talk and leaving."""

    prompts = read_prompts(FOLDER / "prompts")
    paraphrases = tuple(read_prompts(FOLDER / "paraphrases" / number) for number in ("1", "2", "3"))
    rules = RULES
    metric_labels = METRIC_LABELS
    figures = FIGURES
    reactions = REACTIONS

    def __init__(self, params: CommonsParams, **parts: Any) -> None:
        """Form the funds; `parts` are those of `World`."""
        super().__init__(params, **parts)
        self.members = [Member(self, profile, node) for node, profile in enumerate(self.profiles)]
        if len(self.members) < 2:
            raise ConfigError(
                f"a fund needs at least 2 people, found {len(self.members)}; set population.size=2 or more"
            )
        self.funds = self._form_funds()
        self.history = History(self._number_groups())
        self.messages: list[Row] = []
        """What was said."""
        self.sanctions: list[Row] = []
        """Who punished or rewarded whom."""
        self._num_speakers: int | None = None

    def _form_funds(self) -> list[list[Member]]:
        if self.params.partners == "friends":
            return [[member, *member.friends()] for member in self.members]
        return split_into_groups(self.in_order(self.members, "groups"), self.params.group_size)

    def _number_groups(self) -> Ints:
        """Return each member's group; among friends, all are one."""
        if self.params.partners == "friends":
            return np.zeros(len(self.members), np.int64)
        numbers = {member: number for number, fund in enumerate(self.funds) for member in fund}
        return np.array([numbers[member] for member in self.members])

    # One round.

    def turn(self) -> Turn[None]:
        """Talk, gifts, payments, sanctions."""
        self._num_speakers = None
        others = {} if self._is_over() else {member: self._visible_others(member) for member in self.members}
        players = self.in_order([member for member, seen in others.items() if seen], "play")
        if self.params.talk:
            yield from self._talk(players, others)
        gifts = yield from self._give(players, others)
        others = {member: [other for other in others[member] if other in gifts] for member in gifts}
        sanctions: list[Sanction] = []
        if self.params.punishment:
            sanctions += yield from self._sanction(gifts, others, reward=False)
        if self.params.rewards:
            sanctions += yield from self._sanction(gifts, others, reward=True)
        self._settle(gifts, others, sanctions)

    def _is_over(self) -> bool:
        return self.params.rounds is not None and self.now >= self.params.rounds

    def _visible_others(self, member: Member) -> list[Member]:
        """Return the members who play and whom one shares a fund with; none for those who left."""
        if member.has_left:
            return []
        if self.params.partners == "friends":
            seen = member.sample_friends(MAX_GROUP - 1)
        else:
            seen = self.funds[self.history.groups[member.node]]
        return [other for other in seen if other is not member and not other.has_left]

    def _talk(self, players: Sequence[Member], others: Others) -> Turn[None]:
        decisions = yield from gather([member.ask_to_speak(len(others[member])) for member in players])
        speakers = [member for member, speaks in zip(players, decisions, strict=True) if speaks]
        texts = yield from gather([member.ask_message(len(others[member])) for member in speakers])
        messages = dict(zip(speakers, texts, strict=True))
        for member in players:
            member.messages = [messages[other] for other in others[member] if other in messages][:MAX_MESSAGES]
        self._num_speakers = len(speakers)
        self.messages += [
            {"step": self.now, "member": speaker.unique_id, "text": text} for speaker, text in messages.items()
        ]

    def _give(self, players: Sequence[Member], others: Others) -> Turn[Gifts]:
        """Return what everybody gave who did not leave instead."""
        amounts = yield from gather([member.ask_contribution(len(others[member])) for member in players])
        for member, coins in zip(players, amounts, strict=True):
            member.has_left = coins is None
        return {member: coins for member, coins in zip(players, amounts, strict=True) if coins is not None}

    def _sanction(self, gifts: Gifts, others: Others, *, reward: bool) -> Turn[list[Sanction]]:
        """Ask everybody whom to punish or to reward, then how much."""
        givers = [member for member in gifts if others[member]]
        targets = yield from gather([giver.ask_target(others[giver], gifts, reward=reward) for giver in givers])
        pairs = [(giver, target) for giver, target in zip(givers, targets, strict=True) if target]
        units = yield from gather([giver.ask_units(gifts[target], reward=reward) for giver, target in pairs])
        return [Sanction(giver, target, number, reward) for (giver, target), number in zip(pairs, units, strict=True)]

    def _settle(self, gifts: Gifts, others: Others, sanctions: Sequence[Sanction]) -> None:
        """Pay out, carry out the sanctions, and let everybody see what happened."""
        params = self.params
        payments = pay_out(self.funds, gifts, params.multiplier)
        costs, losses, gains = Counter[Member](), Counter[Member](), Counter[Member]()
        for sanction in sanctions:
            costs[sanction.giver] += params.price * sanction.units
            (gains if sanction.is_reward else losses)[sanction.receiver] += params.impact * sanction.units
        earned = {
            member: params.endowment - coins + payments[member] - costs[member] - losses[member] + gains[member]
            for member, coins in gifts.items()
        }
        for member, coins in gifts.items():
            seen = others[member]
            member.end_round(
                Round(
                    contribution=coins,
                    others=tuple(sorted((gifts[other] for other in seen), reverse=True)),
                    earned=earned[member],
                    others_earned=sum(earned[other] for other in seen) / len(seen) if seen else None,
                    lost=losses[member],
                    gained=gains[member],
                )
            )
        self._record(gifts, earned, sanctions)

    def _record(self, gifts: Gifts, earned: dict[Member, float], sanctions: Sequence[Sanction]) -> None:
        """Keep the round for metrics and tables."""
        outcome = RoundOutcome(*(np.full(len(self.members), np.nan) for _ in range(6)))
        for member, coins in gifts.items():
            node, mean = member.node, member.last.others_mean if member.last else None
            outcome.gifts[node] = coins / self.params.endowment
            outcome.others[node] = math.nan if mean is None else mean / self.params.endowment
            outcome.earned[node] = earned[member]
            outcome.efficiency[node] = to_efficiency(earned[member], self.params.endowment, self.params.multiplier)
            if self.params.punishment:
                outcome.punished[node] = outcome.punished_below[node] = 0
        for sanction in sanctions:
            self.sanctions.append(self._describe_sanction(sanction, gifts))
            if not sanction.is_reward:
                outcome.punished[sanction.giver.node] += 1
                outcome.punished_below[sanction.giver.node] += gifts[sanction.receiver] < _mean_seen(sanction.giver)
        self.history.rounds.append(outcome)

    def _describe_sanction(self, sanction: Sanction, gifts: Gifts) -> Row:
        return {
            "step": self.now,
            "giver": sanction.giver.unique_id,
            "receiver": sanction.receiver.unique_id,
            "kind": "reward" if sanction.is_reward else "punishment",
            "units": sanction.units,
            "giver_contribution": gifts[sanction.giver],
            "receiver_contribution": gifts[sanction.receiver],
        }

    # Results.

    def metrics(self) -> dict[str, float]:
        """Return all metrics of the latest round and so far."""
        left = sum(member.has_left for member in self.members) / len(self.members)
        return commons_metrics(self.history, self._num_speakers, left)

    def tables(self) -> dict[str, list[Row]]:
        """Return who gave what, what was said, and who punished or rewarded whom."""
        gifts = self.history.stack("gifts")
        counts = np.bincount(np.rint(20 * gifts[~np.isnan(gifts)]).astype(int), minlength=21)
        members: list[Row] = [
            {
                "node": member.node,
                "group": int(self.history.groups[member.node]),
                "mean_contribution": None
                if np.isnan(gifts[:, member.node]).all()
                else float(np.nanmean(gifts[:, member.node])),
                "left": member.has_left,
            }
            for member in self.members
        ]
        return {
            "members": members,
            "amounts": [{"percent": 5 * twentieth, "count": int(count)} for twentieth, count in enumerate(counts)],
            "messages": self.messages,
            "sanctions": self.sanctions,
        }


def _mean_seen(member: Member) -> float:
    """Return the mean of what the member and the others whom it saw gave in the latest round, in coins."""
    played = member.last
    if played is None:
        return math.nan
    return (played.contribution + sum(played.others)) / (1 + len(played.others))
