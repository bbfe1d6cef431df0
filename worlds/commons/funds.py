"""The funds that people share: who is in them, and what they pay out."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sandbox.core import Agent

MemberT = TypeVar("MemberT", bound=Agent[Any])


def split_into_groups(members: Sequence[MemberT], size: int) -> list[list[MemberT]]:
    """Return groups of `size` members, in the given order; the rest forms a smaller one, or joins the last if alone."""
    groups = [list(members[start : start + size]) for start in range(0, len(members), size)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2].extend(groups.pop())
    return groups


def pay_out(
    funds: Sequence[Sequence[MemberT]], contributions: Mapping[MemberT, float], multiplier: float
) -> dict[MemberT, float]:
    """Return what every contributor gets from the funds.

    A contribution is split evenly over the funds of its giver, so that giving costs the same however many they are.

    Args:
        funds: Members of each.
        contributions: By member, in coins; others of the funds do not play.
        multiplier: What each fund is multiplied by.
    """
    num_funds = dict.fromkeys(contributions, 0)
    players = [[member for member in fund if member in contributions] for fund in funds]
    for fund in players:
        for member in fund:
            num_funds[member] += 1
    payments = dict.fromkeys(contributions, 0.0)
    for fund in players:
        pot = sum(contributions[member] / num_funds[member] for member in fund)
        for member in fund:
            payments[member] += multiplier * pot / len(fund)
    return payments
