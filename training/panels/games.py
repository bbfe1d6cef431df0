"""The public-goods games of Alsobay, Rand, Watts and Almaatouq (2025), in the form of the commons.

118 games of 1,276 people, 2 to 20 in each, in which talk, punishment and other settings were randomised between games
(arXiv:2508.17151; as transcripts in Psych-201). The game is the unit of every interval.
"""

import gzip
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from sandbox.errors import DataError
from worlds.commons.history import History, RoundOutcome, to_efficiency

FILE = "commons_public_goods/transcripts.jsonl.gz"
"""Within a folder of data sets."""
ENDOWMENT = 20
"""Coins; the same in all games."""
_EXIT = "You <<exited the game>>"
_ROUND = re.compile(r"## Round \d+[^\n]*\n")
_OTHERS_EARNINGS = re.compile(r"^[A-Z]{2,}: [^\n]*Total round gains/losses are ([+-]?\d+)", re.M)
"""What a round's summary says of another player, where earnings are shown."""


class Transcript(msgspec.Struct, frozen=True):
    """One line of the file: all that one person read and did, which stands between `<<` and `>>`."""

    game: str
    person: str
    split: str
    text: str


class Round(NamedTuple):
    """What one person saw and did in one round."""

    contribution: int
    others: Sequence[int]
    """Contributions of the others who still played."""
    earned: float
    """Coins in the end; NaN if the transcript does not say."""
    punished: Sequence[int]
    """Contributions of those whom the person punished."""
    names: Sequence[str] = ()
    """Names of the others, in the order of `others`."""
    deductions: Sequence[tuple[str, int]] = ()
    """Whom the person punished, and the coins that it took from them, in the order of the transcript."""
    could_punish: bool = False
    """Whether the transcript says whom the person punished, or that it was nobody."""
    lost: int = 0
    """Coins that others took."""
    others_earned: float | None = None
    """Mean of what the others earned; None where that was not shown."""


class Person(NamedTuple):
    """One person's game."""

    id: str
    rounds: dict[int, Round]
    """By 0-based round; rounds without a decision are missing."""
    has_left: bool = False
    """Whether the person left before the end."""
    exit_round: int | None = None
    """0-based round in which the person left instead of giving."""


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
    num_rounds: int | None = None
    """Number of rounds that people are told of; None if they do not know the end."""
    can_leave: bool = False
    """Whether people may leave the game."""

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
    return read_transcripts(data / FILE)


def read_transcripts(path: Path) -> list[Game]:
    """Return all games of a file of transcripts, by id.

    Raises:
        DataError: The file is missing, has a line that is no transcript, or a game that is in two splits.
    """
    people: dict[str, list[Transcript]] = defaultdict(list)
    for transcript in _read_lines(path):
        people[transcript.game].append(transcript)
    for game, rows in people.items():
        if len(splits := sorted({row.split for row in rows})) > 1:
            raise DataError(
                f"{path}: the game {game!r} is in the splits {' and '.join(splits)}; its people saw one another, so "
                "put all of them into one"
            )
    return [_read_game(game, rows) for game, rows in sorted(people.items())]


def _read_lines(path: Path) -> Iterator[Transcript]:
    try:
        with gzip.open(path, "rb") as file:
            lines = file.readlines()
    except (OSError, EOFError) as error:
        raise DataError(f"{path} cannot be read as compressed lines ({error}); name a file of transcripts") from error
    decoder = msgspec.json.Decoder(Transcript)
    for number, line in enumerate(lines, 1):
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DataError(
                f"{path}, line {number}: not a transcript with game, person, split and text ({error}); mend the line"
            ) from error


def _read_game(game: str, rows: Sequence[Transcript]) -> Game:
    instructions, _, play = rows[0].text.partition("# GAME STARTS")
    multiplier = re.search(r"money multiplier of (\d+(?:\.\d+)?)", instructions)
    size = re.search(r"in a group of (\d+) players", instructions)
    sanction = re.search(r"the punisher spends (\d+) coins?, causing the punished player to lose (\d+)", instructions)
    price, impact = map(int, sanction.groups()) if sanction else (0, 0)
    end = re.search(r"^## Round 1 of (\d+)", play, re.M)
    return Game(
        id=game,
        split=rows[0].split,
        punishment="can impose deductions" in instructions,
        talk="You can communicate" in instructions,
        all_or_nothing="either contribute all" in instructions,
        multiplier=float(multiplier[1]) if multiplier else math.nan,
        people=[
            Person(row.person, dict(_read_rounds(row.text)), _EXIT in row.text, _find_exit(row.text)) for row in rows
        ],
        opt_out="coins in the public fund and can choose to withdraw" in instructions,
        is_end_known=end is not None,
        show_earnings=any(_OTHERS_EARNINGS.search(row.text) for row in rows),
        group_size=int(size[1]) if size else len(rows),
        price=price,
        impact=impact,
        num_rounds=int(end[1]) if end else None,
        can_leave="You may exit the game" in instructions,
    )


def _split_rounds(text: str) -> list[str]:
    return _ROUND.split(text.partition("# GAME STARTS")[2])[1:]


def _find_exit(text: str) -> int | None:
    """Return the round in which a person left without giving anything; None if there is none."""
    parts = enumerate(_split_rounds(text))
    return next((number for number, part in parts if _EXIT in part and "You contributed" not in part), None)


def _read_rounds(text: str) -> Iterable[tuple[int, Round]]:
    """Yield every round in which the person decided, by number."""
    for number, part in enumerate(_split_rounds(text)):
        contribution = re.search(r"You contributed <<(\d+) coins?>>", part)
        if contribution is None:
            continue
        others = dict(re.findall(r"^([A-Z]+) contributed (\d+) coins?\.", part, re.M))
        deductions = [
            (name, int(coins)) for coins, name in re.findall(r"<<deducted (\d+) coins? from ([A-Z]+)>>", part)
        ]
        earned = re.search(r"^You: [^\n]*Total round gains/losses are ([+-]?\d+)", part, re.M)
        lost = re.search(r"^You: [^\n]*?(\d+) coins? deducted by other players", part, re.M)
        earnings = [int(coins) for coins in _OTHERS_EARNINGS.findall(part)]
        yield (
            number,
            Round(
                contribution=int(contribution[1]),
                others=[int(coins) for coins in others.values()],
                earned=float(earned[1]) if earned else math.nan,
                punished=[int(others[name]) for name, _ in deductions if name in others],
                names=list(others),
                deductions=[(name, coins) for name, coins in deductions if name in others],
                could_punish=bool(deductions) or "<<did not deduct" in part,
                lost=int(lost[1]) if lost else 0,
                others_earned=sum(earnings) / len(earnings) if earnings else None,
            ),
        )
