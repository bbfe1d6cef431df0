"""The report of a comparison: one page that holds everything, readable on a phone and without a network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.facts.measures import Frame
from experiments.facts.table import catalogue, worlds_with_facts
from experiments.page import inlined, pretty, write_pages
from experiments.scorecard import FLOORS, worst
from experiments.statistics import interval_in_words
from sandbox.assembly import world_class

if TYPE_CHECKING:
    from experiments.comparison import Comparison

NAMES = ("report.html", "report.md")


def write_report(found: "Comparison", drawn: Sequence[Path]) -> list[Path]:
    """Write the page and its Markdown into the run's folder; `drawn` are the comparison's figures."""
    return write_pages(found.run.folder, NAMES, **_told(found, drawn))


def _told(found: "Comparison", drawn: Sequence[Path]) -> dict[str, Any]:
    """What the templates show."""
    config, tables = found.config, found.tables
    kind, _ = world_class(config)
    manifest = found.run.manifest
    world = kind.__name__.lower()
    labels = {one.name: one.label for one in found.outcomes}
    inline = {path.stem: inlined(path) for path in drawn if path.suffix == ".png"}
    figures = sorted((found.run.folder / "figures").glob("*.png"))
    return {
        "title": f"{kind.__name__}: {', '.join(arm.name for arm in config.arms())}",
        "manifest": manifest,
        "config": config,
        "arms": [arm.name for arm in config.arms()],
        "people": kind.num_people(world_class(config)[1], int(config.population["size"])),
        "labels": labels,
        "words": in_words(tables, [arm.name for arm in config.arms() if arm.mind not in FLOORS]),
        "facts": _facts(tables["facts"], world),
        "card": tables["scorecard"].to_dict("records"),
        "nearness": tables["nearness"].to_dict("records"),
        "declared": _rows(tables["contrasts"], True),
        "exploratory": _rows(tables["contrasts"], False),
        "agreements": tables["agreements"].to_dict("records"),
        "intervals": interval_in_words(len(config.seeds)),
        "left_out": found.left_out,
        "honesty": tables["honesty"].to_dict("records"),
        "inline": inline,
        "figures": {path.stem: inlined(path) for path in figures if path.stem != "overview"},
    }


def in_words(tables: Mapping[str, Frame], arms: Sequence[str]) -> list[str]:
    """What a hurried reader should know: failures first, nothing averaged away."""
    facts, card, near = tables["facts"], tables["scorecard"], tables["nearness"]
    said: list[str] = []
    for arm in arms:
        parts = [*_facts_in_words(facts, arm), *_nearness_in_words(near, arm)]
        if furthest := worst(card, arm):
            parts.append(f"furthest from people, by score: {', '.join(furthest)}")
        if parts:
            said.append(f"{arm}: {'; '.join(parts)}.")
    return said


def _facts_in_words(facts: Frame, arm: str) -> list[str]:
    if facts.empty:
        return []
    mine = facts[facts["arm"] == arm]
    named = {answer: rows["fact"].map(pretty).to_list() for answer, rows in mine.groupby("answer")}
    counted = [f"{len(named.get(answer, []))} {answer}" for answer in ("outside", "within", "cannot tell")]
    said = [f"of {len(mine)} stylised facts {', '.join(counted)}"]
    return [*said, f"fails {', '.join(named['outside'])}"] if "outside" in named else said


def _nearness_in_words(near: Frame, arm: str) -> list[str]:
    mine = near[near["arm"] == arm] if not near.empty else near
    if mine.empty:
        return []
    words = {"nearer": "nearer than", "further": "further than", "cannot tell": "no telling from"}
    named = {
        answer: [_item(*one) for one in zip(rows["item"], rows["against"], strict=True)]
        for answer, rows in mine.groupby("answer")
    }
    than = mine["than"].iloc[0]
    return [f"{word} {than} in {', '.join(named[answer])}" for answer, word in words.items() if answer in named]


def _item(name: Any, against: str) -> str:
    return pretty(name) if against == "people" else f"{pretty(name)} (a norm)"


def _facts(facts: Frame, world: str) -> list[dict[str, Any]]:
    """Every fact with what it says and the verdict on every arm."""
    if facts.empty or world not in worlds_with_facts():
        return []
    told = catalogue(world).set_index("fact")
    return [
        {"name": name, **told.loc[str(name)].to_dict(), "verdicts": rows.to_dict("records")}
        for name, rows in facts.groupby("fact", sort=False)
    ]


def _rows(contrasts: Frame, declared: bool) -> list[dict[str, Any]]:
    return contrasts[contrasts["declared"] == declared].to_dict("records")
