"""Hold runs against every fact there is, and show the verdicts."""

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from experiments.facts.evidence import Evidence, runs_by_name
from experiments.facts.fact import Fact
from experiments.facts.measures import Frame
from sandbox.errors import ConfigError, unknown

COLUMNS = (
    "fact", "arm", "answer", "value", "low", "high", "p_within", "band_low", "band_high", "human", "num_seeds",
    "reason",
)  # fmt: skip


def worlds_with_facts() -> list[str]:
    """Worlds of which facts are known: the packages beside this file."""
    return sorted(found.name for found in pkgutil.iter_modules([str(Path(__file__).parent)]) if found.ispkg)


@cache
def facts(world: str = "marketplace") -> tuple[Fact, ...]:
    """The facts of a world, by name: `FACT` of every file in its package."""
    if world not in worlds_with_facts():
        raise ConfigError(unknown("world with facts", world, worlds_with_facts()))
    package = f"{__package__}.{world}"
    files = sorted(found.name for found in pkgutil.iter_modules(importlib.import_module(package).__path__))
    found = [getattr(importlib.import_module(f"{package}.{name}"), "FACT", None) for name in files]
    return tuple(one for one in found if isinstance(one, Fact))


def facts_of(
    evidence: Evidence | Path | Sequence[Path], chosen: Sequence[Fact] | None = None, world: str = "marketplace"
) -> Frame:
    """Judge every arm by every fact.

    Args:
        evidence: Tables of several arms, or folders of finished runs, each of which is an arm named by its folder.
        chosen: The facts; default: all of the world's.
        world: Which world's facts.

    Returns:
        One row per fact and arm; see `COLUMNS`. `answer` is within, outside or cannot tell, and `reason` says why.
    """
    if not isinstance(evidence, Evidence):
        folders = [evidence] if isinstance(evidence, Path) else evidence
        evidence = Evidence.of_runs(runs_by_name(folders))
    rows = [_row(fact, evidence, arm) for fact in chosen or facts(world) for arm in evidence.arms]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def catalogue(world: str = "marketplace") -> pd.DataFrame:
    """What the facts say, where they are from, how they are measured and what they cannot show; one row per fact."""
    texts = [(one.name, one.statement, one.measure, one.band.why, one.citation, one.note) for one in facts(world)]
    return pd.DataFrame(texts, columns=["fact", "statement", "measure", "band", "citation", "note"])


def as_text(table: Frame) -> str:
    """The table as lines that fit a terminal: a block per fact, a line per arm."""
    lines: list[str] = []
    for name, rows in table.groupby("fact", sort=False):
        lines.append(str(name).replace("_", " "))
        width = max(len(str(arm)) for arm in rows["arm"])
        lines += [f"  {arm:<{width}}  {answer:<11}  {reason}" for arm, answer, reason in _cells(rows)]
    return "\n".join(lines)


def _cells(rows: Frame) -> list[tuple[str, str, str]]:
    return list(zip(rows["arm"], rows["answer"], rows["reason"], strict=True))


def _row(fact: Fact, evidence: Evidence, arm: str) -> tuple[object, ...]:
    verdict = fact.judge(evidence, arm)
    mean, band = verdict.mean, fact.band
    interval = (mean.value, mean.value - mean.half_width, mean.value + mean.half_width)
    bounds = (verdict.p_within, band.low, band.high, band.human)
    return (fact.name, arm, verdict.answer, *interval, *bounds, mean.num, verdict.reason)
