"""The judgements of news of Guilbeault, Woolley and Becker (2021), asked as the opinion world asks.

The data do not say who saw whom: the mean of all others in the network stands for it, and all of them are seen. They
have no splits either. Networks are split by their number: multiples of five are test, as where people are measured, and
those with a remainder of one on division by ten are val.
"""

import math
from collections.abc import Sequence
from pathlib import Path

from training.panels.judgements import Group, NewsJudgement, read_judged_news
from training.panels.opinions import OpinionPanel

VAL_EVERY, VAL_REMAINDER = 10, 1


class News(OpinionPanel):
    """Networks that judged how probable news is: compressed CSV, one row for a person and piece of news."""

    def read_groups(self, path: Path) -> Sequence[Group]:
        """Return the networks of a file that judged in percent."""
        return read_judged_news(path)

    def split_of(self, group: Group) -> str:
        """Return the split of a network: train of the data's reader is divided into train and val."""
        number = int(group.id.rpartition(" ")[2])
        return "val" if group.split == "train" and number % VAL_EVERY == VAL_REMAINDER else group.split

    def count_seen(self, group: Group, judgement: NewsJudgement, step: int, place: int) -> int:
        """Return how many others of the network had answered before."""
        answers = [float(answer) for answer in judgement.opinions[step]]
        return sum(not math.isnan(answer) for number, answer in enumerate(answers) if number != place)
