"""The report of a comparison: one self-contained page, readable on a phone and without a network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.analysis import Analysis
from experiments.facts.table import catalogue
from experiments.frames import column, rows_where, to_records
from experiments.people_arm import count_effects, describe_counts
from experiments.reactions import summarize_reactions
from experiments.reports.headline import describe_minds
from experiments.reports.page import inline_image, name_in_words, write_pages
from experiments.scorecard import FLOORS, worst_items
from experiments.statistics import describe_intervals
from sandbox.output.provenance import describe_agents

PAGES = ("report.html", "report.md")


def write_report(analysis: Analysis, pictures: Sequence[Path]) -> list[Path]:
    """Write the page and its Markdown into the run's folder; `pictures` are those of the comparison."""
    return write_pages(analysis.run.folder, PAGES, **_page_variables(analysis, pictures))


def _page_variables(analysis: Analysis, pictures: Sequence[Path]) -> dict[str, Any]:
    """Return what the templates show."""
    config, tables, titles = analysis.config, analysis.tables, analysis.titles
    people = tables["people"]
    arms = config.arms()
    judged = [arm.name for arm in arms if arm.mind not in FLOORS]
    figures = sorted((analysis.run.folder / "figures").glob("*.png"))
    return {
        "registration": analysis.registration,
        "title": f"{analysis.world.name.capitalize()}: {', '.join(arm.name for arm in arms)}",
        "manifest": analysis.run.manifest,
        "config": config,
        "agents": describe_agents(config),
        "answered": describe_minds(tables["answers"]),
        "arms": to_records(rows_where(tables["arms"], column(tables["arms"], "declared"))),
        "labels": analysis.labels,
        "primary": [outcome.label for outcome in analysis.outcomes if outcome.is_primary],
        "titles": titles,
        "summary": [
            *summarize_reactions(analysis.slopes, analysis.world, judged),
            *summarize_arms(tables, titles, judged),
        ],
        "reactions": to_records(analysis.slopes),
        "units": {reaction.name: reaction.unit for reaction in analysis.world.reactions},
        "people_effects": to_records(rows_where(people, column(people, "control") != "")),
        "people_means": to_records(rows_where(people, column(people, "control") == "")),
        "people_counts": describe_counts(count_effects(people)),
        "missing_references": analysis.missing_references,
        "facts": _fact_sections(tables["facts"], catalogue(analysis.world)),
        "card": to_records(tables["scorecard"]),
        "nearness": to_records(tables["nearness"]),
        "declared": _select_contrasts(tables["contrasts"], are_declared=True),
        "exploratory": _select_contrasts(tables["contrasts"], are_declared=False),
        "agreements": to_records(tables["agreements"]),
        "intervals": describe_intervals(len(config.seeds)),
        "unscored_forms": analysis.unscored_forms,
        "position_bias": to_records(tables["position_bias"]),
        "data_quality": to_records(tables["data_quality"]),
        "inline": {path.stem: inline_image(path) for path in pictures if path.suffix == ".png"},
        "figures": {path.stem: inline_image(path) for path in figures if path.stem != "overview"},
    }


def summarize_arms(tables: Mapping[str, pd.DataFrame], titles: Mapping[str, str], arms: Sequence[str]) -> list[str]:
    """Return a sentence per arm for a reader in a hurry: failures first, nothing averaged away."""
    sentences: list[str] = []
    for arm in arms:
        parts = [
            *_summarize_facts(tables["facts"], titles, arm),
            *_summarize_nearness(tables["nearness"], titles, arm),
        ]
        if furthest := worst_items(tables["scorecard"], arm, titles):
            parts.append(f"by score, furthest from people in {', '.join(furthest)}")
        if parts:
            sentences.append(f"{arm}: {'; '.join(parts)}.")
    return sentences


def _summarize_facts(facts: pd.DataFrame, titles: Mapping[str, str], arm: str) -> list[str]:
    rows = rows_where(facts, column(facts, "arm") == arm)
    if rows.empty:
        return []
    names = {verdict: [_item_title(name, titles) for name in part["fact"]] for verdict, part in rows.groupby("verdict")}
    outside, within, inconclusive = (len(names.get(verdict, [])) for verdict in ("outside", "within", "inconclusive"))
    counts = f"{outside} outside their band, {within} within and {inconclusive} inconclusive"
    parts = [f"of {len(rows)} stylised facts, {counts}"]
    return [*parts, f"outside: {', '.join(names['outside'])}"] if "outside" in names else parts


def _summarize_nearness(near: pd.DataFrame, titles: Mapping[str, str], arm: str) -> list[str]:
    rows = rows_where(near, column(near, "arm") == arm)
    if rows.empty:
        return []
    than = rows["than"].iloc[0]
    words = {
        "nearer": f"significantly nearer to people than {than} in",
        "further": f"significantly further from people than {than} in",
        "inconclusive": f"no significant difference from {than} was found in",
    }
    names = {
        verdict: [
            _item_title(name, titles) + " (a norm)" * (against == "norm")
            for name, against in zip(part["item"], part["against"], strict=True)
        ]
        for verdict, part in rows.groupby("verdict")
    }
    return [f"{word} {', '.join(names[verdict])}" for verdict, word in words.items() if verdict in names]


def _item_title(name: Any, titles: Mapping[str, str]) -> str:
    return titles.get(name, name_in_words(name))


def _fact_sections(facts: pd.DataFrame, descriptions: pd.DataFrame) -> list[dict[str, Any]]:
    """Return every fact with its description and the verdict on every arm."""
    by_name = descriptions.set_index("fact")
    return [
        {"name": name, **by_name.loc[str(name)].to_dict(), "verdicts": to_records(rows)}
        for name, rows in facts.groupby("fact", sort=False)
    ]


def _select_contrasts(contrasts: pd.DataFrame, are_declared: bool) -> list[dict[str, Any]]:
    return to_records(rows_where(contrasts, column(contrasts, "declared") == are_declared))
