"""Who plays: the members of funds, what they are asked, and what they remember."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import msgspec

from sandbox.core import Agent, Choose, Option, Profile, Question, World, Write, choose_among
from worlds.commons.settings import CommonsParams

Table: TypeAlias = World[CommonsParams]
"""What members know of their game."""

LEAVE = "leave"
UNITS = (1, 2, 3, 5, 10)
"""Units of punishment or reward to choose from."""
NOBODY = ("nobody", "nobody")
MAX_MESSAGES = 5
"""Messages of others that a member has in mind when giving."""
_SPEAK = Choose((Option("yes", "yes"), Option("no", "no, stay silent")), objects=(True, False))
_MESSAGE = Write(max_words=15)
_UNITS = Choose(tuple(Option(str(units)) for units in UNITS), ordered=True, objects=UNITS)


class Round(msgspec.Struct, frozen=True):
    """What one member saw of one round."""

    contribution: int
    others: tuple[int, ...]
    """Contributions of the members that one shares a fund with, highest first."""
    earned: float
    """Coins in the end: those not given, from the funds, and after punishment and rewards."""
    others_earned: float | None
    """Mean over the same members; None if there were none."""
    lost: int
    """Coins that others took as punishment."""
    gained: int
    """Coins that others gave as rewards."""

    @property
    def others_mean(self) -> float | None:
        """Mean contribution of the others, in coins; None if there were none."""
        return sum(self.others) / len(self.others) if self.others else None


class Sanction(NamedTuple):
    """Coins that one member takes from or gives to another."""

    giver: "Member"
    receiver: "Member"
    units: int
    is_reward: bool


@lru_cache
def legal_amounts(endowment: int, all_or_nothing: bool) -> tuple[int, ...]:
    """Return the numbers of coins that can be given, least first."""
    return (0, endowment) if all_or_nothing else tuple(range(endowment + 1))


@lru_cache
def contribution_form(endowment: int, all_or_nothing: bool, leaving: bool) -> Choose[int | None]:
    """Return the legal contributions in coins, least first; None stands for leaving."""
    amounts = legal_amounts(endowment, all_or_nothing)
    options = tuple(Option(str(coins)) for coins in amounts)  # all say "coins" in the question: shorter prompts
    if not leaving:
        return Choose(options, True, amounts)
    return Choose((*options, Option(LEAVE, "leave the game for good")), True, (*amounts, None))


def label_target(key: str, contribution: int) -> str:
    """Return how another member reads among the options: a number, and what was given."""
    return f"player {key}, who gave {contribution}"


def option_keys(question: Question[Any]) -> list[str]:
    """Return the keys of a choice's options, in declared order."""
    form = question.form
    return [option.key for option in form.options] if isinstance(form, Choose) else []


class Member(Agent[Table]):
    """Gives to the funds that they are a member of."""

    def __init__(self, world: Table, profile: Profile, node: int) -> None:
        super().__init__(world, profile, node)
        self.node = node
        """Place on the social graph."""
        self.has_left = False
        self.last: Round | None = None
        """The last round that was played; None before the first."""
        self.messages: list[str] = []
        """What others said before this round."""

    # What a member is asked.

    # `num_others` is the number of members that one shares a fund with.

    def ask_to_speak(self, num_others: int) -> Question[bool]:
        """Ask whether to say something to the others before giving."""
        return self.ask("speak", self._facts(num_others), _SPEAK)

    def ask_message(self, num_others: int) -> Question[str]:
        """Ask what to say."""
        return self.ask("message", self._facts(num_others), _MESSAGE)

    def ask_contribution(self, num_others: int) -> Question[int | None]:
        """Ask how many coins to give, or (None) whether to leave."""
        params = self.world.params
        form = contribution_form(params.endowment, params.all_or_nothing, params.leaving)
        return self.ask("contribute", {**self._facts(num_others), "messages": self.messages}, form)

    def ask_target(
        self, others: Sequence["Member"], contributions: dict["Member", int], *, reward: bool
    ) -> Question[Any]:
        """Ask whom to punish or reward, if anybody; names say no more than what each gave."""
        params = self.world.params
        form = choose_among(
            others, Member.key, lambda other: label_target(other.key(), contributions[other]), none=NOBODY
        )
        facts = {
            "contribution": contributions[self],
            "others": [contributions[other] for other in others],
            "endowment": params.endowment,
            "price": params.price,
            "impact": params.impact,
        }
        return self.ask("reward" if reward else "punish", facts, form)

    def ask_units(self, contribution: int, *, reward: bool) -> Question[int]:
        """Ask how many units of punishment or reward to give to somebody who gave `contribution` coins."""
        params = self.world.params
        facts = {"target": contribution, "price": params.price, "impact": params.impact, "reward": reward}
        return self.ask("units", facts, _UNITS)

    def _facts(self, num_others: int) -> dict[str, Any]:
        """Return what everybody knows of the game, and what this member saw of the last round."""
        params, last = self.world.params, self.last
        others_earned = last.others_earned if last and params.show_earnings else None
        return {
            "endowment": params.endowment,
            "multiplier": params.multiplier,
            "num_others": num_others,
            "opt_out": params.opt_out,
            "round": self.world.now + 1,
            "rounds": params.rounds,
            "punishment": params.punishment,
            "rewards": params.rewards,
            "price": params.price,
            "impact": params.impact,
            "show_earnings": params.show_earnings,
            "talk": params.talk,
            "partners": params.partners,
            "own": last.contribution if last else None,
            "others": list(last.others) if last else [],
            "others_mean": last.others_mean if last else None,
            "earned": round(last.earned) if last else None,
            "others_earned": None if others_earned is None else round(others_earned),
            "lost": last.lost if last else 0,
            "gained": last.gained if last else 0,
        }

    # What happens to a member.

    def end_round(self, played: Round) -> None:
        """Keep what was seen of the round; the one before becomes a memory."""
        if self.last is not None:
            others = "" if self.last.others_mean is None else f", the others {self.last.others_mean:.0f} on average"
            self.remember("round", f"You gave {self.last.contribution}{others}.")
        self.last = played
        self.messages = []
