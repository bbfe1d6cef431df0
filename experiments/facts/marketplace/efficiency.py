"""A market's rules alone make it efficient, so efficiency shows intelligence only beyond what the rules achieve."""

import pandas as pd

from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.marketplace.arms import ZERO
from experiments.facts.reference import Band
from experiments.frames import column


def efficiency(metrics: pd.DataFrame) -> float:
    """Return realised consumer surplus as a share of the surplus of the best choice in each search."""
    realised, missed = column(metrics, "surplus").sum(), column(metrics, "surplus_gap").sum()
    return float(realised / (realised + missed)) if realised + missed > 0 else float("nan")


def beyond_zero_intelligence(arm: Tables, random: Tables) -> pd.Series:
    """Return efficiency minus that of random choices, by seed."""
    return (per_seed(arm["metrics"], efficiency) - per_seed(random["metrics"], efficiency)).dropna()


FACT = Fact(
    name="efficiency",
    statement="Traders of zero intelligence who cannot overspend make a double auction nearly efficient, so only "
    "efficiency beyond theirs is evidence about the traders.",
    citation="Gode and Sunder (1993), Journal of Political Economy 101(1):119, doi:10.1086/261868",
    measure="consumer surplus as a share of the best choices' surplus, minus that of a mind that answers at random",
    statistic=beyond_zero_intelligence,
    band=Band(0, float("inf"), "more than the rules of the market alone achieve"),
    needs=Needs({"metrics": ("surplus", "surplus_gap")}, partner=ZERO),
    note="Their market is a double auction with a value for each unit. Ours has posted prices, random agents also buy "
    "at a loss, and random sellers price at random. Surplus in dollars favours expensive goods, whoever buys them. "
    "High efficiency alone is no evidence of intelligence.",
)
