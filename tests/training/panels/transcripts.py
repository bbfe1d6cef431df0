"""Made-up transcripts of public-goods games, in the format of the experiment."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

INSTRUCTIONS = """In this multi-player online public goods game, you will be in a group of 3 players.
After everyone has contributed, the amount in the public fund will be multiplied by the money multiplier of 1.8.
You can choose to contribute any integer amount from 0 up to your entire endowment of 20 coins.
You cannot communicate with other players.
You start each round with all 20 coins in the public fund and can choose to withdraw these to your private fund.
After seeing each player's contributions, players can impose deductions on each other.
Per unit deduction, the punisher spends 1 coin, causing the punished player to lose 3 coins.
You may exit the game at any time.

# GAME STARTS
"""
FIRST = """
## Round 1 of 3:
You contributed <<5 coins>>.
### Outcome Stage
DOG contributed 1 coin.
OWL contributed 20 coins.
### Deduction Stage: Decide which players, if any, to deduct coins — and how much.
You <<deducted 12 coins from DOG>>.
You <<deducted 3 coins from OWL>>.
OWL deducted 6 coins from you.
### Round Summary
You: 5 coins spent on deductions. 6 coins deducted by other players. Total round gains/losses are +20 coins.
DOG: Total round gains/losses are +22 coins.
OWL: 2 coins spent on deductions. Total round gains/losses are +10 coins.
"""
SECOND = """
## Round 2 of 3:
You contributed <<0 coins>>.
### Outcome Stage
DOG contributed 20 coins.
OWL is no longer in the game.
### Deduction Stage: Decide which players, if any, to deduct coins — and how much.
You <<did not deduct coins from any player>>.
### Round Summary
You: Total round gains/losses are +38 coins.
DOG: Total round gains/losses are +18 coins.
"""
EXIT = """
## Round 3 of 3:
You <<exited the game>>.
# GAME COMPLETE
"""


def transcript(game: str, person: str, split: str, *rounds: str) -> dict[str, str]:
    """Return one line of a file: a person who saw these rounds."""
    return {"game": game, "person": person, "split": split, "text": INSTRUCTIONS + "".join(rounds)}


def write_transcripts(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    """Write lines as the experiment's file has them; return its path."""
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write_games(path: Path) -> Path:
    """Write six games of two transcripts each: four of train, one of val and one of test."""
    splits = ("train", "train", "train", "train", "val", "test")
    return write_transcripts(
        path,
        [
            transcript(f"g{game}", f"p{game}{person}", split, FIRST, SECOND, EXIT)
            for game, split in enumerate(splits)
            for person in range(2)
        ],
    )
