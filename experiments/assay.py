"""`python -m sandbox assay`: try every fact on people of known behaviour, before it judges a mind.

Each fact gets a run of its world in which every kind of people that its file names is an arm, next to the world's rules
and to random answers. The fact must find `within` whoever was made to show it, and `outside` whoever was made not to.
"""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import experiments.facts
from experiments.facts.evidence import Evidence
from experiments.facts.fact import Fact, Judgement
from experiments.facts.reference import Verdict
from experiments.facts.registry import list_facts
from experiments.frames import column, rows_where
from experiments.reports.page import format_number
from experiments.statistics import FloatArray
from sandbox.core.world import World
from sandbox.errors import ConfigError, DataError, quote_value, unknown
from sandbox.files import replace_file, replace_text
from sandbox.folders import make_folder
from sandbox.output.progress import notify, resume_with_bar
from sandbox.quoting import quote
from sandbox.runtime.assembly import check_first_seed, resolve_world
from sandbox.runtime.config import ARM_SEPARATOR, RunConfig, load_run_config
from sandbox.runtime.manifest import FILE as MANIFEST
from sandbox.runtime.manifest import check_begun_runs
from sandbox.runtime.run import Run
from sandbox.settings import validate

DEFAULTS = ("mind=rule", f"seeds=[{','.join(map(str, range(12)))}]")
"""Settings of every run, before those of the fact and of the user."""
BASELINES = {"rule": "sandbox.core.mind.RuleMind", "random": "sandbox.core.mind.RandomMind"}
"""Minds that are tried beside the controls, without an expectation."""
SIZES = (8, 20)
"""Numbers of seeds for which the power is reported."""
RESAMPLES = 500
MIN_VALUES = 8
"""Seeds with a value that a power needs."""
COLUMNS = (
    "fact", "people", "expected", "verdict", "is_right", "value", "low", "high", "power_8", "power_20", "num_seeds",
)  # fmt: skip
"""One row per fact and kind of people. `expected` is empty for the baselines; `power_8` and `power_20` are the shares
of resamples of so many seeds in which the verdict is the expected one."""
FILE = "assays.csv"
RECORD = "assay.json"
"""The settings and facts of an assay, as a list of words; a folder with it holds an assay."""


def run_assays(overrides: Sequence[str], names: Sequence[str], folder: Path) -> pd.DataFrame:
    """Try facts and return the table of `COLUMNS`, which is also written to `folder`.

    Args:
        overrides: Settings of all runs; `world=` names the world.
        names: The facts; none: all facts of the world.
        folder: Where the runs are made; a run that is there already is continued.

    Raises:
        ConfigError: There is no such fact, a fact has no controls, or a setting is wrong; nothing was run.
        DataError: A file that earlier runs in the folder were run with has changed.
    """
    kind = assayed_world(overrides)
    facts = {fact.name: fact for fact in list_facts(kind)}
    if not facts:
        raise ConfigError(f"world {kind.name} has no stylised facts to try; add one as CONTRIBUTING.md describes")
    if wrong := [name for name in names if name not in facts]:
        raise ConfigError(unknown("fact", wrong[0], facts))
    for name in names or facts:
        if not (folder / name / MANIFEST).is_file():
            check_first_seed(_configure_trial(facts[name], kind, overrides, folder / name)[1])
    _begin(folder, [*overrides, *names])
    check_begun_runs([folder / name for name in names or facts])
    rows: list[tuple[Any, ...]] = []
    for name in names or facts:
        notify(name)
        rows += _judge_trial(facts[name], _run_trial(facts[name], kind, overrides, folder / name))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    with replace_file(folder / FILE) as draft:
        table.to_csv(draft, index=False)
    return table


def _begin(folder: Path, words: Sequence[str]) -> None:
    """Mark a folder as that of an assay; raise `DataError` if it is another run's or assay's."""
    if (folder / MANIFEST).is_file():
        raise DataError(f"{folder} is a run, not an assay; name the folder of an assay, or a new one")
    record = make_folder(folder, "--run") / RECORD
    if record.is_file() and (earlier := json.loads(record.read_text(encoding="utf-8"))) != list(words):
        raise DataError(
            f"{folder} holds an assay of other settings or facts ({quote_value(' '.join(earlier))}); repeat these "
            "words to continue it, or name another folder"
        )
    replace_text(record, json.dumps(words))


def record_assays(table: pd.DataFrame, kind: type[World[Any]]) -> Path:
    """Store the table beside the facts of a world, whose cards in the documentation show it; return its path."""
    path = _record_path(kind)
    with replace_file(path) as draft:
        update_assays(read_assays(kind), table).to_csv(draft, index=False, float_format="%.6g")
    return path


def update_assays(stored: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the stored rows with those of the facts in `table` replaced, by fact; other facts keep theirs."""
    others = rows_where(stored, ~column(stored, "fact").isin(table["fact"]))
    updated = pd.concat([others, table], ignore_index=True) if len(others) else table
    return updated.sort_values("fact", kind="stable", ignore_index=True)


def read_assays(kind: type[World[Any]]) -> pd.DataFrame:
    """Return the stored table of a world's facts; empty if there is none."""
    path = _record_path(kind)
    return pd.read_csv(path) if path.is_file() else pd.DataFrame(columns=list(COLUMNS))


def _record_path(kind: type[World[Any]]) -> Path:
    return Path(experiments.facts.__file__).parent / kind.name / FILE


def assayed_world(overrides: Sequence[str]) -> type[World[Any]]:
    """Return the class of the world that the settings name."""
    kind, _ = resolve_world(load_run_config([*DEFAULTS, *overrides]))
    return kind


def describe_assays(table: pd.DataFrame) -> Iterator[str]:
    """Yield lines for a terminal: a block per fact, a line per kind of people."""
    width = max(len(str(people)) for people in table["people"])
    for name, rows in table.groupby("fact", sort=False):
        yield str(name).replace("_", " ")
        for row in rows.to_dict("records"):
            mark = {True: "as expected", False: "WRONG"}.get(row["is_right"], "")
            numbers = f"{format_number(row['value'])} [{format_number(row['low'])}, {format_number(row['high'])}]"
            yield f"  {row['people']:<{width}}  {row['verdict']:<12}  {numbers:<26}  {mark}"


def _run_trial(fact: Fact, kind: type[World[Any]], overrides: Sequence[str], folder: Path) -> Run:
    """Run the world with all kinds of people, or continue that run."""
    has_begun = (folder / MANIFEST).is_file()
    run = Run(folder) if has_begun else Run.start(*_configure_trial(fact, kind, overrides, folder))
    if run.manifest.status != "finished":
        resume_with_bar(run)
    return run


def _configure_trial(
    fact: Fact, kind: type[World[Any]], overrides: Sequence[str], folder: Path
) -> tuple[list[str], RunConfig]:
    """Return the settings of the run of a fact, and what they compose to with its kinds of people as minds."""
    if fact.controls is None:
        raise ConfigError(f"the fact {fact.name} names no controls; add `controls=Controls(...)` to its file")
    overrides = [*DEFAULTS, *fact.controls.settings, *overrides, f"run_dir={quote(folder)}"]
    config = load_run_config(overrides)
    target = "experiments.facts.controls.ControlMind"
    minds: dict[str, dict[str, str]] = {
        people: {"_target_": target, "fact": f"{_home(fact, kind)}.{fact.name}", "people": people}
        for people in fact.controls.people
    }
    minds |= {name: {"_target_": path} for name, path in BASELINES.items()}
    changes = {"extra_minds": minds, "minds": list(minds)}
    return overrides, validate(RunConfig, {**config.model_dump(), **changes})


def _home(fact: Fact, kind: type[World[Any]]) -> str:
    """Return the name of the world in whose folder a fact is: the world itself, or one that it inherits from."""
    parents = [parent for parent in kind.__mro__ if issubclass(parent, World) and parent is not World]
    return next(parent.name for parent in reversed(parents) if fact.name in {each.name for each in list_facts(parent)})


def _judge_trial(fact: Fact, run: Run) -> Iterator[tuple[Any, ...]]:
    """Yield a row of the table for each kind of people in its run."""
    evidence, controls = Evidence.from_run(run), fact.controls
    for arm in run.manifest.segments[-1].config.arms():
        if controls is not None and arm.treatment == controls.treatment:
            yield _row(fact, fact.judge(evidence, arm.name), controls.expected(arm.mind))


def _row(fact: Fact, judgement: Judgement, expected: Verdict | None) -> tuple[Any, ...]:
    mean, values = judgement.mean, np.array(judgement.values, float)
    values = values[np.isfinite(values)]
    powers = [_power(fact, values, expected, size) for size in SIZES]
    interval = (mean.value, mean.low, mean.high)
    is_right = None if expected is None else judgement.verdict == expected
    people = judgement.arm.partition(ARM_SEPARATOR)[0]
    return (fact.name, people, expected, judgement.verdict, is_right, *interval, *powers, mean.num)


def _power(fact: Fact, values: FloatArray, expected: Verdict | None, size: int) -> float:
    """Return the share of resamples of `size` seeds in which the verdict is the expected one; NaN without one."""
    if expected is None or len(values) < MIN_VALUES:
        return math.nan
    rng = np.random.default_rng(0)
    samples = rng.choice(values, (RESAMPLES, size))
    return float(np.mean([fact.test(sample)[0] == expected for sample in samples]))
