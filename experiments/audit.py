"""`python -m sandbox audit`: how much do outcomes move when something is changed that should not matter?

Every variant in `conf/audit.yaml` is a run in a folder of its own, beside `plain`, which it is held against seed by
seed; each is a process of its own, so an audit that was stopped goes on with the first run that is not finished.
"""

import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from experiments.comparison import experiment_of
from experiments.facts.measures import Frame
from experiments.outcomes import Outcome, outcomes_of
from experiments.page import inlined, write_pages
from experiments.statistics import holm, interval_in_words, paired
from sandbox.assembly import world_class
from sandbox.config import Arm, Frozen, RunConfig, plain
from sandbox.errors import ConfigError, DataError
from sandbox.manifest import FILE, Manifest
from sandbox.paths import CONF_DIR, runs_dir
from sandbox.results import Results
from sandbox.run import read_config
from sandbox.validation import validated

PLAIN = "plain"
NAMES = ("audit.html", "audit.md")
COLUMNS = (
    "outcome",
    "mind",
    "treatment",
    "variant",
    "what",
    "difference",
    "low",
    "high",
    "p",
    "p_holm",
    "detectable",
    "main_effect",
    "sensitivity",
    "num_seeds",
)
"""`difference`: variant less plain; `main_effect`: of the last mind against the first one, plain and under the same
treatment; `sensitivity`: size of the difference as a share of that effect's, or of the least effect that the seeds
could find where that is larger."""
TIMES = "*"
"""Before a number that a setting is multiplied with, whatever its value is otherwise."""


class Variant(Frozen):
    """One thing that should not matter."""

    what: str
    """Kind of thing that is changed."""
    overrides: list[str] = Field(min_length=1)
    """In Hydra's syntax; `population.size=*2` is twice what it is in the plain runs."""


class Audit(Frozen):
    """`conf/audit.yaml`."""

    plain: list[str]
    variants: dict[str, Variant]


def settings() -> Audit:
    """Read `conf/audit.yaml`."""
    from omegaconf import OmegaConf

    return validated(Audit, plain(OmegaConf.load(CONF_DIR / "audit.yaml")), "audit")


def run_all(overrides: Sequence[str], folder: Path | None, say: Any) -> Path:
    """Run everything that is not finished; returns the folder of the runs.

    Where no outcome is declared, all metrics are.

    Raises:
        ConfigError: An override is wrong, or comes with the folder of an audit that was begun; nothing was run then.
        DataError: A run failed; what it said stands above.
    """
    audit, common = settings(), _begun(folder)
    if common and overrides:
        raise ConfigError("audit takes settings for new runs, or the folder of an audit that was begun, not both")
    common = common or _declared([*experiment_of(overrides), *audit.plain, *overrides], say)
    config = read_config(common)
    kind, _ = world_class(config)
    outcomes_of(config, kind)
    runs: dict[str, list[str]] = {PLAIN: common}
    for name, variant in audit.variants.items():
        changed = changes(name, variant, config, say)
        if not changed:
            continue
        if typed := _of_another(changed, common):
            say(f"{name} is left out: {typed[0]} was said of the plain runs' and would not hold there")
        elif read_config([*common, *changed]).presentation.wording > len(kind.paraphrases):
            say(f"{name} is left out: {kind.__name__} has {len(kind.paraphrases)} paraphrases of its prompts")
        else:
            runs[name] = [*common, *changed]
    folder = folder or runs_dir() / f"audit-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    for done, (name, settings_of) in enumerate(runs.items(), 1):
        say(f"{name} ({done} of {len(runs)})")
        _run(_folder(folder, name), settings_of)
    return folder


def _of_another(changed: Sequence[str], common: Sequence[str]) -> list[str]:
    """What was typed of something, such as the graph, in whose place a variant puts another."""
    groups = tuple(f"{setting}." for setting, _, _ in (one.partition("=") for one in changed) if "." not in setting)
    return [one for one in common if one.startswith(groups)]


def changes(name: str, variant: Variant, config: RunConfig, say: Any) -> list[str]:
    """A variant's overrides for this plain configuration; those of settings that it lacks are left out and said."""
    parted = [override.partition("=") for override in variant.overrides]
    known = {setting: value for setting, _, value in parted if _setting(config, setting) is not None}
    if lacking := [setting for setting, _, _ in parted if setting not in known]:
        goes = f"goes without {', '.join(lacking)}" if known else "is left out"
        say(f"{name} {goes}: there is no {lacking[0]} here")
    return [f"{setting}={_changed(_setting(config, setting), value)}" for setting, value in known.items()]


def _changed(now: Any, value: str) -> str:
    """What an override sets a setting to that is `now` something."""
    if not value.startswith(TIMES):
        return value
    times = float(value.removeprefix(TIMES)) * now
    return str(round(times) if isinstance(now, int) else round(times, 6))


def _setting(config: RunConfig, path: str) -> Any:
    """The value of a setting; None where there is none."""
    node: Any = config.model_dump()
    for name in path.split("."):
        node = node.get(name) if isinstance(node, dict) else None
    return node


def _declared(overrides: list[str], say: Any) -> list[str]:
    """The overrides, with all metrics as outcomes where they name none."""
    config = read_config(overrides)
    if config.outcomes:
        return overrides
    kind, _ = world_class(config)
    say(f"no outcomes are declared, so all metrics are looked at: {', '.join(kind.measures)}")
    return [*overrides, f"outcomes=[{','.join(kind.measures)}]"]


def sensitivities(folder: Path) -> Frame:
    """How far every variant moves every declared outcome of every mind, worst first; see `COLUMNS`."""
    audit = settings()
    first = Manifest.read(folder / PLAIN).segments[-1].config
    kind, _ = world_class(first)
    declared = [one for one in outcomes_of(first, kind) if one.is_declared]
    base = _metrics(folder / PLAIN)
    rows: list[tuple[Any, ...]] = []
    for name, variant in audit.variants.items():
        if (path := _folder(folder, name)).is_dir():
            moved = _metrics(path)
            rows += [
                (one.name, arm.mind, arm.treatment, name, variant.what, *numbers)
                for one in declared
                for arm, numbers in _moved(one, first.arms(), base, moved)
            ]
    table: Frame = pd.DataFrame(rows, columns=list(COLUMNS))
    table["p_holm"] = holm(table["p"].to_list())
    return table.sort_values("sensitivity", ascending=False, ignore_index=True, kind="stable")


def write(folder: Path) -> list[Path]:
    """Write table, figure and page, also as Markdown; the page comes first."""
    from experiments.charts import draw_sensitivities

    table = sensitivities(folder)
    table.to_csv(folder / "sensitivities.csv", index=False)
    table.to_parquet(folder / "sensitivities.parquet", index=False)
    first = Manifest.read(folder / PLAIN)
    config = first.segments[-1].config
    kind, _ = world_class(config)
    labels = {one.name: one.label for one in outcomes_of(config, kind)}
    drawn = draw_sensitivities(table, labels, folder)
    intervals = interval_in_words(len(config.seeds))
    facts = {"world": kind.__name__, "config": config, "manifest": first, "labels": labels, "worst": _worst(table)}
    figure = inlined(next(path for path in drawn if path.suffix == ".png"))
    paths = write_pages(folder, NAMES, **facts, rows=table.to_dict("records"), figure=figure, intervals=intervals)
    return [*paths, folder / "sensitivities.csv", *drawn]


def _worst(table: Frame) -> list[Mapping[str, Any]]:
    """The largest move of every mind and kind of thing, under whichever treatment, worst first."""
    rows = table.dropna(subset=["sensitivity"]).drop_duplicates(["mind", "what"])
    return rows.to_dict("records")


def _moved(one: Outcome, arms: Sequence[Arm], base: Frame, changed: Frame) -> list[tuple[Arm, tuple[float, ...]]]:
    """How far every arm moves, from `difference` on; minds are held against each other within a treatment."""
    before, after = one.values(base), one.values(changed)
    moved: list[tuple[Arm, tuple[float, ...]]] = []
    for arm in arms:
        alike = [other.name for other in arms if other.treatment == arm.treatment]
        main = paired(before.get(alike[-1], {}), before.get(alike[0], {}))
        scale = np.nanmax([abs(main.difference), main.detectable, 0.0])
        found = paired(after.get(arm.name, {}), before.get(arm.name, {}))
        share = abs(found.difference) / scale if scale > 0 else math.nan
        tests = (found.difference, found.low, found.high, found.p, math.nan, found.detectable)
        moved.append((arm, (*tests, main.difference, share, found.num)))
    return moved


def _begun(folder: Path | None) -> list[str]:
    """What all runs of an audit that was begun have in common; nothing where none was."""
    if folder is None or not (folder / PLAIN / FILE).is_file():
        return []
    return [one for one in Manifest.read(folder / PLAIN).overrides if not one.startswith("run_dir=")]


def _folder(runs: Path, name: str) -> Path:
    return runs / name.replace(" ", "-")


def _metrics(folder: Path) -> Frame:
    found = Results.read(folder)
    if found is None:
        raise DataError(f"{folder} has no results yet; go on with `python -m sandbox audit --run {folder.parent}`")
    return found.metrics


def _run(folder: Path, overrides: Sequence[str]) -> None:
    """Run one variant, or go on with it."""
    begun = (folder / FILE).is_file()
    if begun and Manifest.read(folder).status == "finished":
        return
    what = ["resume", str(folder)] if begun else ["run", *overrides, f"run_dir={folder}"]
    done = subprocess.run([sys.executable, "-m", "sandbox", *what], stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise DataError(
            f"the run in {folder} failed (exit code {done.returncode}); mend what is said above and go on with "
            f"`python -m sandbox audit --run {folder.parent}`"
        )
