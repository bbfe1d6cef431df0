"""The page of stylised facts, from the facts themselves."""

import json
import math
from collections.abc import Iterator

import pandas as pd

from docs.generate.data_pages import list_worlds, resolve_world_class
from docs.generate.markdown import anchor, escape_text
from experiments.assay import read_assays
from experiments.facts.fact import Fact
from experiments.facts.measure_people import MEASURED_FILE
from experiments.facts.registry import list_facts
from experiments.frames import column, rows_where, to_records


def write_page() -> str:
    """Return `reference/facts/index.md`."""
    lines = [
        anchor("facts"),
        "# Stylised facts",
        "",
        "What a world is judged by. The band is where the mean over seeds must lie for the verdict *within*; "
        "[Statistics](../../explanation/statistics.md) explains the test. Worlds that are not listed have no facts. "
        "Every fact was tried on people who were made to show it, and on people who were made not to. Power is the "
        "share of resamples of so many seeds in which the verdict is the expected one.",
        "",
    ]
    for world in list_worlds():
        kind = resolve_world_class(world)
        facts = list_facts(kind)
        lines += [f"## Facts of `world={world}`", ""] if facts else []
        assays = read_assays(kind) if facts else pd.DataFrame()
        for fact in facts:
            lines += _describe_fact(fact, assays)
    return "\n".join(lines)


def _describe_fact(fact: Fact, assays: pd.DataFrame) -> Iterator[str]:
    human = fact.human
    yield from (f"### `{fact.name}`", "", escape_text(fact.statement), "")
    yield f"- **Source**: {escape_text(fact.citation)}"
    yield f"- **Statistic**: {escape_text(fact.measure)}"
    yield f"- **Band**: {_format(fact.band.low)} to {_format(fact.band.high)} ({escape_text(fact.band.why)})"
    if not math.isnan(human):
        yield f"- **People**: {human:g}"
    yield from _describe_controls(fact.name)
    if fact.is_check:
        yield "- **A check for an artefact**: random agents pass it, so that passing says nothing about people"
    yield from _describe_assays(fact.name, assays)
    if fact.needs.partner:
        yield f"- **Needs** {escape_text(fact.needs.partner.description)}"
    if fact.note:
        yield f"- **Limits**: {escape_text(fact.note)}"
    yield ""


def _describe_controls(name: str) -> Iterator[str]:
    """Yield what happens if real people are put into worlds; nothing if no data allow it."""
    rows = json.loads(MEASURED_FILE.read_text(encoding="utf-8")).get("facts", {})
    for row in rows.values():
        if row["fact"] == name:
            yield (
                f"- **Real people in worlds of {row['buyers']} buyers**: mean {row['mean']:g}; within in "
                f"{row['within_share']:.0%} and outside in {row['outside_share']:.0%} of comparisons of 20 worlds "
                "(`python -m experiments.facts.people_controls`)"
            )


def _describe_assays(name: str, assays: pd.DataFrame) -> Iterator[str]:
    """Yield the fact's assays as a table."""
    rows = to_records(rows_where(assays, column(assays, "fact") == name))
    if not rows:
        return
    yield from (f"- **Tried on people of known behaviour** (`python -m sandbox assay {name}`):", "")
    yield from (
        "  | people | expected | verdict | mean and 95 % interval | power, 8 seeds | 20 seeds |",
        f"  |{'---|' * 6}",
    )
    for row in rows:
        numbers = f"{row['value']:.3g} [{row['low']:.3g}, {row['high']:.3g}]"
        powers = ["–" if math.isnan(row[power]) else f"{row[power]:.0%}" for power in ("power_8", "power_20")]
        expected = row["expected"] if isinstance(row["expected"], str) else "–"
        yield f"  | {' | '.join([row['people'], expected, row['verdict'], numbers, *powers])} |"
    yield ""


def _format(end: float) -> str:
    return {math.inf: "∞", -math.inf: "−∞"}.get(end, f"{end:.3g}")
