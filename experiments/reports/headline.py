"""What a comparison found, in sentences for the terminal and the top of the report.

For every declared outcome and every fact: the arms that the question is about, side by side and against people, with
their intervals, whether one is nearer to people than the other, and what this number of seeds could have found.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from experiments.analysis import Analysis
from experiments.families import UNADJUSTED, question_minds
from experiments.frames import column, rows_where, to_records
from experiments.people_arm import count_effects, describe_counts
from experiments.reports.page import format_number, format_p_value, name_in_words
from experiments.statistics import ALPHA
from sandbox.counting import count_of

MODELLESS = {"rule": "the world's rules", "random": "chance"}
"""What answers for minds without a language model, by the source of their answers."""
INDENT = "\n    "


def describe_findings(analysis: Analysis) -> list[str]:
    """Return the headline of a comparison: a sentence per line, in blocks with a heading."""
    arms = _own_arms(analysis)
    seeds = f"{count_of(len(analysis.config.seeds), 'seed')}, 95 % intervals in brackets"
    blocks = {
        "Who answered": [f"{describe_minds(analysis.tables['answers'])}."],
        f"Declared outcomes ({seeds})": _describe_outcomes(analysis, arms),
        f"Effects beside people's ({seeds})": _describe_people(analysis, arms),
        f"Stylised facts, against people ({seeds})": _describe_facts(analysis, arms),
        "Distances from people": _describe_distances(analysis, arms),
    }
    registration = ["", analysis.registration] if analysis.registration else []
    filled = [(title, lines) for title, lines in blocks.items() if lines]
    return [*registration, *(line for title, lines in filled for line in ("", title, *(f"- {text}" for text in lines)))]


def describe_minds(answers: pd.DataFrame) -> str:
    """Say which model answered in which arm; `answers` is the table of that name."""
    clauses: list[str] = []
    for arm, rows in answers.groupby("arm", sort=False):
        total = int(column(rows, "decisions").sum())
        counts: dict[str, int] = {}
        for row in to_records(rows):  # a model's answers from the cache are its own
            counts[_name_mind(row)] = counts.get(_name_mind(row), 0) + int(row["decisions"])
        parts = [name if number == total else f"{name} ({number / total:.1%})" for name, number in counts.items()]
        clauses.append(f"{arm}: {', '.join(parts)}")
    return "; ".join(clauses)


def _name_mind(row: Mapping[str, Any]) -> str:
    """Return who gave some answers of an arm."""
    source = str(row["source"])
    return MODELLESS.get(source, source) if pd.isna(row["model"]) else str(row["model"])


def _own_arms(analysis: Analysis) -> list[str]:
    """Return the arms that the question is about, baselines left out."""
    arms = analysis.config.arms()
    minds = question_minds([arm.mind for arm in arms])
    return [arm.name for arm in arms if arm.mind in minds]


def _describe_outcomes(analysis: Analysis, arms: Sequence[str]) -> list[str]:
    means, contrasts = analysis.tables["arms"], analysis.tables["contrasts"]
    is_asked = column(contrasts, "declared") & (column(contrasts, "family") != "baseline")
    sentences: list[str] = []
    for outcome in analysis.outcomes:
        if outcome.is_declared:
            own = rows_where(means, (column(means, "outcome") == outcome.name) & column(means, "arm").isin(arms))
            values = [f"{row['arm']} {_mean(row, 'mean')}" for row in to_records(own)]
            tests = rows_where(contrasts, is_asked & (column(contrasts, "outcome") == outcome.name))
            differences = [_describe_contrast(row) for row in to_records(tests)]
            kind = " (primary)" * outcome.is_primary
            sentences.append(INDENT.join([f"{outcome.label}{kind}: {', '.join(values)}", *differences]))
    return sentences or ["none was declared before the run, so all contrasts are exploratory"]


def _describe_contrast(row: Mapping[str, Any]) -> str:
    shared = f" ({row['treatment']})" if row["treatment"] else ""
    name = f"{row['first']} − {row['second']}{shared}{', interaction' * (row['kind'] == 'interaction')}"
    if row["family"] == "no difference":
        return f"{name}: equal in every seed"
    verdict = "inconclusive" if not row["p_holm"] < ALPHA else "higher" if row["difference"] > 0 else "lower"
    return f"{name}: {verdict}, {_mean(row, 'difference')}, {_test(row)}"


def _describe_people(analysis: Analysis, arms: Sequence[str]) -> list[str]:
    """Return a sentence about every effect of people, and how many of them each mind has."""
    table = analysis.tables["people"]
    own_minds = {arm.mind for arm in analysis.config.arms() if arm.name in arms}
    effects = rows_where(table, (column(table, "control") != "") & column(table, "mind").isin(own_minds))
    sentences: list[str] = []
    groups: Any = effects.groupby(["outcome", "treatment", "control"], sort=False)
    for (outcome, treatment, control), rows in groups:
        records = to_records(rows)
        people = records[0]
        of_people = {"value": people["people"], "low": people["people_low"], "high": people["people_high"]}
        units = count_of(people["num_units"], people["unit"])
        title = f"{analysis.labels[outcome]}, {treatment} − {control}: people {_mean(of_people, 'value')} ({units})"
        values = [f"{row['mind']}: {_mean(row, 'value')}, {_describe_likeness(row)}" for row in records]
        sentences.append(INDENT.join([title, *values]))
    return [*sentences, *describe_counts(count_effects(effects))]


def _describe_likeness(row: Mapping[str, Any]) -> str:
    """Say in words how an effect compares with people's."""
    sign = {"same": "people's sign", "opposite": "the opposite sign", "not shown": "no effect shown"}.get(row["sign"])
    place = {"within": "inside people's interval", "outside": "outside of people's interval"}.get(row["place"])
    equivalence = {"equivalent": "equivalent within the margin", "different": "different beyond the margin"}
    return ", ".join(filter(None, (sign, place, equivalence.get(row["equivalence"])))) or "inconclusive"


def _describe_facts(analysis: Analysis, arms: Sequence[str]) -> list[str]:
    facts = analysis.tables["facts"]
    own = rows_where(facts, column(facts, "arm").isin(arms))
    sentences: list[str] = []
    for name, rows in own.groupby("fact", sort=False):
        records = to_records(rows)
        people = format_number(records[0]["human"])
        against = "norm" if name in analysis.checks else "people"
        known = f"{against} {people}, " if people != "–" else ""
        band = f"{known}band {format_number(records[0]['band_low'])} to {format_number(records[0]['band_high'])}"
        judged = [row for row in records if not pd.isna(row["value"])]
        values = [f"{row['arm']}: {_describe_judgement(row)}" for row in judged or records]
        near = _describe_nearness(analysis, arms, str(name))
        sentences.append(INDENT.join([f"{_title(analysis, name)} ({band})", *values, *near]))
    return sentences


def _describe_judgement(row: Mapping[str, Any]) -> str:
    if pd.isna(row["value"]):
        return f"inconclusive: {row['reason']}"
    p = {"within": row["p_within"], "outside": row["p_outside"]}.get(row["verdict"])
    return f"{row['verdict']}, {_mean(row, 'value')}" + ("" if p is None else f", {_p(p)}")


def _describe_distances(analysis: Analysis, arms: Sequence[str]) -> list[str]:
    """Return a sentence about every item that is no fact."""
    near, facts = analysis.tables["nearness"], set(analysis.tables["facts"]["fact"])
    items = [name for name in dict.fromkeys(near["item"]) if name not in facts]
    findings = {name: _describe_nearness(analysis, arms, name) for name in items}
    return [INDENT.join([_title(analysis, name), *parts]) for name, parts in findings.items() if parts]


def _describe_nearness(analysis: Analysis, arms: Sequence[str], item: str) -> list[str]:
    near = analysis.tables["nearness"]
    rows = rows_where(near, (column(near, "item") == item) & column(near, "arm").isin(arms))
    return [
        f"{row['arm']} is {_describe_verdict(row)} (difference in distance {_mean(row, 'difference')}, {_test(row)})"
        for row in to_records(rows)
    ]


def _describe_verdict(row: Mapping[str, Any]) -> str:
    goal = "people" if row["against"] == "people" else "the norm"
    if row["verdict"] == "inconclusive":
        return f"indistinguishable from {row['than']} in its distance from {goal}"
    preposition = {"nearer": "to", "further": "from"}[row["verdict"]]
    return f"{row['verdict']} {preposition} {goal} than {row['than']}"


def _test(row: Mapping[str, Any]) -> str:
    """Return the p-value of a test, and what it could have found."""
    if pd.isna(row["p"]):
        return "equal in every seed"
    is_adjusted = row["family"] not in UNADJUSTED and row["family_size"] > 1
    p = row["p"] if row["family"] in UNADJUSTED else row["p_holm"]
    adjusted = f" (Holm over {row['family_size']})" if is_adjusted else ""
    found = format_number(row["detectable"])
    return f"{_p(p)}{adjusted}" + (f", could have found {found}" if found != "–" else "")


def _p(p: float) -> str:
    text = format_p_value(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def _mean(row: Mapping[str, Any], name: str) -> str:
    interval = f" [{format_number(row['low'])}, {format_number(row['high'])}]" if not pd.isna(row["low"]) else ""
    return f"{format_number(row[name])}{interval}"


def _title(analysis: Analysis, name: Any) -> str:
    return analysis.titles.get(str(name), name_in_words(name))
