"""The estimates of Becker, Brackbill and Centola (2017), asked as the opinion world asks.

The data give the mean of those whom a person saw, not their number: in a decentralised network it is the experiment's
four, in a centralised one all others for the central person and one for everybody else.
"""

import math
from collections.abc import Sequence
from pathlib import Path

from training.panels.judgements import Group, NewsJudgement, read_estimates
from training.panels.opinions import OpinionPanel

DEGREE = 4
"""Neighbours of everybody in the decentralised networks."""


class Estimates(OpinionPanel):
    """Groups that estimated quantities: compressed CSV, one row for a person and task."""

    def read_groups(self, path: Path) -> Sequence[Group]:
        """Return the groups of a file."""
        return read_estimates(path)

    def count_seen(self, group: Group, judgement: NewsJudgement, step: int, place: int) -> int:
        """Return how many others a person saw before a revision; 0 if people answered alone."""
        if group.treatment == "alone":
            return 0
        if group.treatment == "decentralised":
            return DEGREE
        is_central = bool(judgement.is_central) and judgement.is_central[place]
        answers = [float(answer) for answer in judgement.opinions[step]]
        return sum(not math.isnan(answer) for answer in answers) - 1 if is_central else 1
