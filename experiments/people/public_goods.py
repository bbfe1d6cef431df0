"""The public-goods games of Alsobay, Rand, Watts and Almaatouq (2025), in the form of the commons.

118 games of 1,276 people, 2 to 20 in each, in which talk, punishment and other settings were randomised between games
(arXiv:2508.17151; as transcripts in Psych-201). The game is the unit of every interval.
"""

import gzip
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from worlds.commons.history import Floats, History, RoundOutcome, to_efficiency

FILE = "commons_public_goods/transcripts.jsonl.gz"
ENDOWMENT = 20
"""Coins; the same in all games."""
_EXIT = "You <<exited the game>>"
_OTHERS_EARNINGS = re.compile(r"^[A-Z]{2,}: [^\n]*Total round gains/losses", re.M)
"""What a round's summary says of another player, where earnings are shown."""


class Round(NamedTuple):
    """What one person saw and did in one round."""

    contribution: int
    others: Sequence[int]
    """Contributions of the others who still played."""
    earned: float
    """Coins in the end; NaN if the transcript does not say."""
    punished: Sequence[int]
    """Contributions of those whom the person punished."""


class Person(NamedTuple):
    """One person's game."""

    id: str
    rounds: dict[int, Round]
    """By 0-based round; rounds without a decision are missing."""
    has_left: bool = False
    """Whether the person left before the end."""


class Game(NamedTuple):
    """One game and its randomised settings."""

    id: str
    split: str
    punishment: bool
    talk: bool
    all_or_nothing: bool
    multiplier: float
    people: list[Person]
    opt_out: bool = False
    """Whether all coins are in the fund until they are taken out."""
    is_end_known: bool = False
    """Whether people know the number of rounds."""
    show_earnings: bool = False
    """Whether people see what the others earned."""
    group_size: int = 0
    """Players at the start, also those without a transcript."""
    price: int = 0
    """Coins that one unit of punishment costs; 0 without punishment."""
    impact: int = 0
    """Coins that one unit of punishment takes; 0 without punishment."""

    @property
    def marginal_return(self) -> float:
        """Coins that a contributor gets back from the fund per coin, at the start."""
        return self.multiplier / self.group_size

    def history(self) -> History:
        """Return the game in the form of the world."""
        history = History(np.zeros(len(self.people), np.int64))
        last = max((number for person in self.people for number in person.rounds), default=-1)
        for number in range(last + 1):
            rounds = [person.rounds.get(number) for person in self.people]
            columns = np.array([self._outcome(played) for played in rounds], float)
            history.rounds.append(RoundOutcome(*columns.T))
        return history

    def left_share(self) -> float:
        """Return the share of people who left before the end."""
        return sum(person.has_left for person in self.people) / len(self.people)

    def _outcome(self, played: Round | None) -> tuple[float, ...]:
        """Return the fields of a `RoundOutcome` for one person."""
        if played is None:
            return (math.nan,) * 6
        mean = (sum(played.others) + played.contribution) / (len(played.others) + 1)
        num_low = sum(coins < mean for coins in played.punished)
        return (
            played.contribution / ENDOWMENT,
            sum(played.others) / len(played.others) / ENDOWMENT if played.others else math.nan,
            played.earned,
            to_efficiency(played.earned, ENDOWMENT, self.multiplier),
            *((float(len(played.punished)), float(num_low)) if self.punishment else (math.nan, math.nan)),
        )


def read_games(data: Path) -> list[Game]:
    """Return all games of the transcripts in a folder of data sets, by id."""
    people: dict[str, list[dict[str, str]]] = defaultdict(list)
    with gzip.open(data / FILE, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            people[row["game"]].append(row)
    return [_read_game(game, rows) for game, rows in sorted(people.items())]


def _read_game(game: str, rows: Sequence[dict[str, str]]) -> Game:
    instructions, _, play = rows[0]["text"].partition("# GAME STARTS")
    multiplier = re.search(r"money multiplier of (\d+(?:\.\d+)?)", instructions)
    size = re.search(r"in a group of (\d+) players", instructions)
    sanction = re.search(r"the punisher spends (\d+) coins?, causing the punished player to lose (\d+)", instructions)
    price, impact = map(int, sanction.groups()) if sanction else (0, 0)
    return Game(
        id=game,
        split=rows[0]["split"],
        punishment="can impose deductions" in instructions,
        talk="You can communicate" in instructions,
        all_or_nothing="either contribute all" in instructions,
        multiplier=float(multiplier[1]) if multiplier else math.nan,
        people=[Person(row["person"], dict(_read_rounds(row["text"])), _EXIT in row["text"]) for row in rows],
        opt_out="coins in the public fund and can choose to withdraw" in instructions,
        is_end_known=bool(re.search(r"^## Round 1 of \d+", play, re.M)),
        show_earnings=any(_OTHERS_EARNINGS.search(row["text"]) for row in rows),
        group_size=int(size[1]) if size else len(rows),
        price=price,
        impact=impact,
    )


def _read_rounds(text: str) -> Iterable[tuple[int, Round]]:
    """Yield every round in which the person decided, by number."""
    for number, part in enumerate(re.split(r"## Round \d+[^\n]*\n", text.partition("# GAME STARTS")[2])[1:]):
        contribution = re.search(r"You contributed <<(\d+) coins?>>", part)
        if contribution is None:
            continue
        others = dict(re.findall(r"^([A-Z]+) contributed (\d+) coins?\.", part, re.M))
        targets = re.findall(r"<<deducted \d+ coins? from ([A-Z]+)>>", part)
        earned = re.search(r"^You: [^\n]*Total round gains/losses are ([+-]?\d+)", part, re.M)
        yield (
            number,
            Round(
                contribution=int(contribution[1]),
                others=[int(coins) for coins in others.values()],
                earned=float(earned[1]) if earned else math.nan,
                punished=[int(others[target]) for target in targets if target in others],
            ),
        )


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
