"""Judge runs by every fact of their world, and present the verdicts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.facts.evidence import Evidence, runs_by_name
from experiments.facts.fact import Fact
from experiments.facts.registry import list_facts
from sandbox.core.world import World

COLUMNS = (
    "fact", "arm", "verdict", "value", "low", "high", "p_within", "p_outside", "band_low", "band_high", "human",
    "num_seeds", "reason",
)  # fmt: skip


def judge_facts(
    evidence: Evidence | Path | Sequence[Path], kind: type[World[Any]], facts: Sequence[Fact] | None = None
) -> pd.DataFrame:
    """Judge every arm by every fact.

    Args:
        evidence: Tables of several arms, or folders of finished runs, each of which is an arm named after its folder.
        kind: The world of the runs.
        facts: The facts; default: all facts of the world.

    Returns:
        One row per fact and arm; see `COLUMNS`. `verdict` is within, outside or inconclusive; `reason` says why.
    """
    if not isinstance(evidence, Evidence):
        folders = [evidence] if isinstance(evidence, Path) else evidence
        evidence = Evidence.from_runs(runs_by_name(folders))
    rows = [_judge_arm(fact, evidence, arm) for fact in facts or list_facts(kind) for arm in evidence.arms]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def catalogue(kind: type[World[Any]]) -> pd.DataFrame:
    """Return one row per fact: what it says, where it is from, how it is measured and what it cannot show."""
    texts = [
        (fact.name, fact.title, fact.statement, fact.measure, fact.band.why, fact.citation, fact.note)
        for fact in list_facts(kind)
    ]
    return pd.DataFrame(texts, columns=["fact", "title", "statement", "measure", "band", "citation", "note"])


def format_table(table: pd.DataFrame) -> str:
    """Format verdicts for a terminal: a block per fact, a line per arm."""
    lines: list[str] = []
    for name, rows in table.groupby("fact", sort=False):
        lines.append(str(name).replace("_", " "))
        width = max(len(str(arm)) for arm in rows["arm"])
        lines += [f"  {arm:<{width}}  {verdict:<12}  {reason}" for arm, verdict, reason in _list_verdicts(rows)]
    return "\n".join(lines)


def _list_verdicts(rows: pd.DataFrame) -> list[tuple[str, str, str]]:
    return list(zip(rows["arm"], rows["verdict"], rows["reason"], strict=True))


def _judge_arm(fact: Fact, evidence: Evidence, arm: str) -> tuple[object, ...]:
    judgement = fact.judge(evidence, arm)
    mean, band = judgement.mean, fact.band
    interval = (mean.value, mean.low, mean.high)
    numbers = (judgement.p_within, judgement.p_outside, band.low, band.high, fact.human)
    return (fact.name, arm, judgement.verdict, *interval, *numbers, mean.num, judgement.reason)
