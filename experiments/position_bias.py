"""Position bias by arm: how much likelier the option displayed first is than by chance, with intervals over seeds."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from experiments.statistics import contrast_of
from sandbox.output.log_totals import OddsRatio, PositionBias

COLUMNS = ("arm", "odds_ratio", "low", "high", "p", "num_choices", "num_seeds")
"""`odds_ratio`: odds that the first option is chosen, relative to those by chance; the geometric mean over seeds. `p`:
of the t-test over seeds that its logarithm is 0."""


def position_bias_table(biases: Sequence[PositionBias]) -> pd.DataFrame:
    """Return the position bias of every arm; see `COLUMNS`.

    Args:
        biases: Those of all arms and seeds (`sandbox.output.log_totals.measure_position_bias`).
    """
    arms = list(dict.fromkeys(bias.arm for bias in biases))
    return pd.DataFrame(
        [_describe_arm([bias for bias in biases if bias.arm == arm]) for arm in arms], columns=list(COLUMNS)
    )


def _describe_arm(biases: Sequence[PositionBias]) -> tuple[object, ...]:
    ratio = OddsRatio.of(biases)
    logs = np.array([bias.log_odds_ratio for bias in biases])
    numbers = (
        ratio.value,
        ratio.low,
        ratio.high,
        contrast_of(logs).p,
        sum(bias.num for bias in biases),
        ratio.num_seeds,
    )
    return (biases[0].arm, *numbers)
