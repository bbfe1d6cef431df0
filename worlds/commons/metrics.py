"""What is measured in the commons, and how it is drawn.

Contributions are shares of the endowment. A metric without any case (nobody plays, nobody could punish) is missing,
which is NaN. Metrics "so far" run from the start.
"""

import math
from collections.abc import Sequence

import numpy as np

from sandbox.descriptive import mean_of
from sandbox.figures import Bars, Figure, NetworkMap, TimeSeries
from worlds.commons.history import History, share_of
from worlds.commons.reactions import CONTRIBUTION_BY_OTHERS

METRIC_LABELS = {
    "contribution": "mean contribution in the round, share of the endowment",
    "first_contribution": "mean contribution in the first round, share of the endowment",
    "drift": "mean contribution in the round minus that in the first",
    "zero_share": "share of members who gave nothing in the round",
    "full_share": "share of members who gave everything in the round",
    "earnings": "mean earnings in the round (coins)",
    "efficiency": "gain in the round as a share of the gain if all gave everything",
    "punisher_share": "share of members who punished somebody in the round",
    "punished_below": "share of the punished so far who gave less than the mean",
    "conditional_cooperation": "contribution per unit of the others' last mean, within people so far",
    "person_variance": "share of the variance of contributions so far that is between people",
    "speaker_share": "share of members who said something in the round",
    "left_share": "share of people who left so far",
}

HUMAN_AMOUNTS = dict(
    zip(
        map(str, range(0, 101, 5)),
        (0.2381, 0.0385, 0.0167, 0.0073, 0.0107, 0.0403, 0.0081, 0.0090, 0.0090, 0.0034, 0.1593, 0.0111, 0.0141, 0.0073,
         0.0051, 0.0240, 0.0077, 0.0030, 0.0069, 0.0073, 0.3730),
        strict=True,
    )
)  # fmt: skip
"""Share of each twentieth of the endowment, which is one coin there, among 2,335 contributions of 153 people, in the 14
games without talk and punishment in which any amount could be given (Alsobay et al. 2025; train and val splits)."""

FIGURES: Sequence[Figure] = (
    TimeSeries("contributions", "Contributions", ("contribution", "zero_share", "full_share"), "share"),
    TimeSeries("conditional", "Conditional cooperation", ("conditional_cooperation",), "slope so far"),
    TimeSeries("efficiency", "Efficiency", ("efficiency",), "share of the possible gain"),
    TimeSeries("punishment", "Punishment", ("punisher_share", "punished_below"), "share"),
    TimeSeries("talk", "Talk", ("speaker_share",), "share of members"),
    TimeSeries("leaving", "Who left", ("left_share",), "share of people so far"),
    Bars(
        "amounts",
        "Contributions by amount",
        "amounts",
        "percent",
        "count",
        "share of the endowment (%)",
        HUMAN_AMOUNTS,
        "real people (n = 2,335)",
    ),
    CONTRIBUTION_BY_OTHERS.figure(),
    NetworkMap("network", "Who gives", "members", "node", "mean_contribution", "mean contribution"),
)


def commons_metrics(history: History, num_speakers: int | None, left_share: float) -> dict[str, float]:
    """Return all metrics of `METRIC_LABELS`.

    Args:
        history: All rounds; the last one is the latest.
        num_speakers: Members who said something in the latest round; None if nobody could.
        left_share: Share of people who left so far.
    """
    latest, first = history.rounds[-1], mean_of(history.rounds[0].gifts)
    num_players = int((~np.isnan(latest.gifts)).sum())
    return {
        "contribution": mean_of(latest.gifts),
        "first_contribution": first,
        "drift": mean_of(latest.gifts) - first,
        "zero_share": share_of(latest.gifts, latest.gifts == 0),
        "full_share": share_of(latest.gifts, latest.gifts == 1),
        "earnings": mean_of(latest.earned),
        "efficiency": mean_of(latest.efficiency),
        "punisher_share": share_of(latest.punished, latest.punished > 0),
        "punished_below": history.punished_below_share(),
        "conditional_cooperation": history.conditional_cooperation(),
        "person_variance": history.person_variance_share(),
        "speaker_share": math.nan if num_speakers is None or not num_players else num_speakers / num_players,
        "left_share": left_share,
    }
