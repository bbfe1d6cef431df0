"""Independent public-goods games as one history, so that they are measured like the groups of a world."""

import math
from collections.abc import Sequence

import numpy as np

from worlds.commons.history import Floats, History, RoundOutcome


def pool(histories: Sequence[History]) -> History:
    """Return independent games as one history: groups beside each other, as in a world of several groups."""
    groups = np.concatenate([np.full(len(history.groups), number) for number, history in enumerate(histories)])
    pooled = History(groups)
    for number in range(max(len(history.rounds) for history in histories)):
        pooled.rounds.append(
            RoundOutcome(*(_join_round(histories, number, name) for name in RoundOutcome.__annotations__))
        )
    return pooled


def _join_round(histories: Sequence[History], number: int, name: str) -> Floats:
    """Return one field of one round of all games; missing where a game was over."""
    return np.concatenate(
        [
            getattr(history.rounds[number], name)
            if number < len(history.rounds)
            else np.full(len(history.groups), math.nan)
            for history in histories
        ]
    )
