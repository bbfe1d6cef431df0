"""The page of stylised facts, from the facts themselves."""

import json
import math
from collections.abc import Iterator

from docs.generate.data_pages import list_worlds, resolve_world_class
from docs.generate.markdown import anchor, escape_text
from experiments.facts.fact import Fact
from experiments.facts.measure_people import MEASURED_FILE
from experiments.facts.registry import list_facts


def write_page() -> str:
    """Return `reference/facts/index.md`."""
    lines = [
        anchor("facts"),
        "# Stylised facts",
        "",
        "What a world is judged by. The band is where the mean over seeds must lie for the verdict *within*; "
        "[Statistics](../../explanation/statistics.md) explains the test. Worlds that are not listed have no facts.",
        "",
    ]
    for world in list_worlds():
        facts = list_facts(resolve_world_class(world))
        lines += [f"## Facts of `world={world}`", ""] if facts else []
        for fact in facts:
            lines += _describe_fact(fact)
    return "\n".join(lines)


def _describe_fact(fact: Fact) -> Iterator[str]:
    human = fact.human
    yield from (f"### `{fact.name}`", "", escape_text(fact.statement), "")
    yield f"- **Source**: {escape_text(fact.citation)}"
    yield f"- **Statistic**: {escape_text(fact.measure)}"
    yield f"- **Band**: {_format(fact.band.low)} to {_format(fact.band.high)} ({escape_text(fact.band.why)})"
    if not math.isnan(human):
        yield f"- **People**: {human:g}"
    yield from _describe_controls(fact.name)
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


def _format(end: float) -> str:
    return {math.inf: "∞", -math.inf: "−∞"}.get(end, f"{end:.3g}")
