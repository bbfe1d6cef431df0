"""A market is efficient by its rules alone, so efficiency shows intelligence only where it exceeds theirs."""

from experiments.facts.evidence import Tables
from experiments.facts.fact import Band, Fact, Needs, per_seed
from experiments.facts.marketplace.arms import ZERO
from experiments.facts.measures import Frame


def efficiency(metrics: Frame) -> float:
    """Consumer surplus that was had, as a share of the surplus that the best choice of each search had."""
    had, missed = metrics["surplus"].sum(), metrics["surplus_gap"].sum()
    return float(had / (had + missed)) if had + missed > 0 else float("nan")


def beyond_zero_intelligence(mine: Tables, random: Tables) -> Frame:
    """Efficiency less that of choices drawn by chance, by seed."""
    return (per_seed(mine["metrics"], efficiency) - per_seed(random["metrics"], efficiency)).dropna()


FACT = Fact(
    name="efficiency",
    statement="Traders of zero intelligence who cannot overspend make a double auction nearly efficient, so only "
    "efficiency beyond theirs speaks of the traders.",
    citation="Gode and Sunder (1993), Journal of Political Economy 101(1):119, doi:10.1086/261868",
    measure="consumer surplus as a share of the best choices' surplus, less that of a mind that draws by chance",
    statistic=beyond_zero_intelligence,
    band=Band(0, float("inf"), "more than the rules of the market alone achieve"),
    needs=Needs({"metrics": ("surplus", "surplus_gap")}, partner=ZERO),
    note="Theirs is a double auction with values for each unit, ours a market with posted prices, where chance also "
    "buys at a loss, and its sellers price by chance. Dollars of surplus favour dear goods, whoever buys them. A high "
    "efficiency by itself is no evidence of intelligence.",
)
