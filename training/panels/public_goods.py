"""The public-goods games of Alsobay, Rand, Watts and Almaatouq (2025), asked as the commons ask.

Every round of every person becomes a question about giving, with leaving as an option, and where people could punish,
one about whom and, if it was somebody, one about how much. What the questions cannot hold:

- The world lets a member punish one other in a round. Of several, the transcript's first is the answer.
- The world offers a few numbers of units. The nearest is the answer, the smaller of two that are equally near.
- What was said is not in the data, so games with talk are asked as if nobody had said anything.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from sandbox.core.question import Question
from training.panels.games import ENDOWMENT, Game, Person, Round, read_transcripts
from training.panels.panel import Panel, PanelDecision, build_world, world_params
from training.sources.source import Rejects
from training.tasks.decision_points import stable_hash
from worlds.commons import Commons
from worlds.commons.member import LEAVE, NOBODY, UNITS, Member
from worlds.commons.member import Round as SeenRound
from worlds.commons.settings import MAX_GROUP, CommonsParams


class PublicGoods(Panel):
    """Transcripts of public-goods games, JSON lines with game, person, split and text."""

    world: ClassVar[str] = "commons"

    def read_decisions(self, path: Path, rejects: Rejects) -> Iterator[PanelDecision]:
        """Yield what everybody gave, whom they punished and by how much, and when they left."""
        for game in read_transcripts(path):
            if reason := _find_game_fault(game):
                rejects.add(None, reason, game.id, num_lines=len(game.people))
                continue
            params = game_params(game)
            for person in game.people:
                yield from Seat(game, person, params).decide(rejects)


def game_params(game: Game) -> CommonsParams:
    """Return the settings of a game as those of the commons."""
    changes = {
        "group_size": game.group_size,
        "endowment": ENDOWMENT,
        "all_or_nothing": game.all_or_nothing,
        "opt_out": game.opt_out,
        "multiplier": game.multiplier,
        "rounds": game.num_rounds,
        "punishment": game.punishment,
        "talk": game.talk,
        "show_earnings": game.show_earnings,
        "leaving": game.can_leave,
    }
    prices = {"price": game.price, "impact": game.impact} if game.punishment else {}
    return world_params(PublicGoods.world, CommonsParams, {**changes, **prices})


def nearest_units(units: float) -> int:
    """Return the number of units nearest to what a person used that the world offers; of two, the smaller."""
    return min(UNITS, key=lambda offered: (abs(offered - units), offered))


class Seat:
    """One person's place in a game of the commons, whose member sees what the person saw."""

    def __init__(self, game: Game, person: Person, params: CommonsParams) -> None:
        self.game, self.person = game, person
        self.world = build_world(Commons, params, game.group_size)
        members = list(self.world.members)
        # Anywhere among the numbers, so that no number is never an option.
        self.member = members.pop(stable_hash("seat", game.id, person.id) % len(members))
        names = sorted({name for played in person.rounds.values() for name in played.names})
        self.others = dict(zip(names, members, strict=False))
        self.has_all_others = len(names) <= len(members)

    def decide(self, rejects: Rejects) -> Iterator[PanelDecision]:
        """Yield the person's decisions, round by round, until one whose outcome the transcript does not say."""
        num_others = self.game.group_size - 1
        if not self.has_all_others:
            rejects.add(None, "more players than the group has", self.person.id)
            return
        for number, played in sorted(self.person.rounds.items()):
            self.world.now = number
            if reason := _find_fault(played, self.game):
                rejects.add(None, f"{reason}; the person's later rounds are left out too", self.person.id)
                return
            # The world asks nobody who is alone.
            if num_others:
                question = self.member.ask_contribution(num_others)
                yield self._decision("contribute", question, str(played.contribution))
            yield from self._punish(played)
            self._see(played)
            num_others = len(played.others)
        if self.person.exit_round is not None and self.game.can_leave and num_others:
            self.world.now = self.person.exit_round
            yield self._decision("contribute", self.member.ask_contribution(num_others), LEAVE)

    def _punish(self, played: Round) -> Iterator[PanelDecision]:
        if not (self.game.punishment and played.could_punish and played.others):
            return
        contributions = self._contributions(played)
        seen = [member for member in self.world.members if member in contributions and member is not self.member]
        question = self.member.ask_target(seen, contributions, reward=False)
        if not played.deductions:
            yield self._decision("punish", question, NOBODY[0])
            return
        (name, coins), *more = played.deductions
        target = self.others[name]
        note = "punish: the first of several targets" if more else ""
        yield self._decision("punish", question, target.key(), note)
        units = coins / self.game.impact
        note = "" if units in UNITS else "units: the nearest option"
        question = self.member.ask_units(contributions[target], reward=False)
        yield self._decision("units", question, str(nearest_units(units)), note)

    def _contributions(self, played: Round) -> dict[Member, int]:
        contributions = zip(played.names, played.others, strict=True)
        return {self.member: played.contribution, **{self.others[name]: coins for name, coins in contributions}}

    def _see(self, played: Round) -> None:
        self.member.end_round(
            SeenRound(
                contribution=played.contribution,
                others=tuple(sorted(played.others, reverse=True)),
                earned=played.earned,
                others_earned=played.others_earned,
                lost=played.lost,
                gained=0,
            )
        )

    def _decision(self, form: str, question: Question[Any], answer: str, note: str = "") -> PanelDecision:
        game, person = self.game, self.person
        return PanelDecision(person.id, game.id, game.split, f"{self.world.now}/{form}", form, question, answer, note)


def _find_game_fault(game: Game) -> str:
    """Return why a game cannot be one of the commons; "" if it can."""
    if not 2 <= game.group_size <= MAX_GROUP:
        return f"a group of {game.group_size}; the commons take 2 to {MAX_GROUP}"
    if math.isnan(game.multiplier):
        return "instructions without a money multiplier"
    if game.punishment and not (game.price and game.impact):
        return "instructions without the price and the impact of a deduction"
    return ""


def _find_fault(played: Round, game: Game) -> str:
    """Return why a round cannot be asked about, or seen; "" if it can."""
    legal: Sequence[int] = (0, ENDOWMENT) if game.all_or_nothing else range(ENDOWMENT + 1)
    if played.contribution not in legal:
        return f"a contribution of {played.contribution} coins, which the game does not allow"
    return "a round whose result the transcript does not say" if math.isnan(played.earned) else ""
