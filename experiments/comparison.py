"""`python -m sandbox compare`: arms and seeds in one run, and what they say beside people, as a folder to hand on.

A comparison is an ordinary run, all of whose arms and seeds are asked in one batch per round, so it resumes as one.
Beside what every run leaves, its folder gets

report.html            all of it, to be read; figures inline
report.md              its tables, to be pasted
comparison/*.csv       outcomes, contrasts, agreements, facts, scorecard, nearness, honesty; and as .parquet
comparison/*.png .svg  contrasts and scorecard
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from experiments.charts import draw_contrasts, draw_scorecard
from experiments.facts.evidence import Evidence
from experiments.facts.measures import Frame
from experiments.facts.table import facts_of, worlds_with_facts
from experiments.individual import contestants_of, individual_rows, left_out, scores_of
from experiments.outcomes import Outcome, agreements_of, contrasts_of, outcomes_of, table_of
from experiments.scorecard import nearness, scorecard
from sandbox.assembly import world_class
from sandbox.config import RunConfig, choices
from sandbox.errors import ConfigError
from sandbox.results import Results
from sandbox.run import Run, read_config

TARGET = "comparison"
ARMS = "arms"
"""The experiment of a world that has none of its own name."""


@dataclass(frozen=True)
class Comparison:
    """What a finished run says about its arms."""

    run: Run
    config: RunConfig
    outcomes: Sequence[Outcome]
    tables: dict[str, Frame]
    """By name: see the head of this module."""
    left_out: Sequence[str] = ()
    """What is known of held-out people and not scored, in words."""


def start(overrides: Sequence[str]) -> Run:
    """Begin a comparison; without `experiment=`, that of the world's name is taken, or else `arms`.

    Raises:
        ConfigError: There is but one arm, or an outcome names no metric.
    """
    taken = [*experiment_of(overrides), *overrides]
    config = read_config(taken)
    kind, _ = world_class(config)
    outcomes_of(config, kind)
    if len(config.arms()) < 2:
        raise ConfigError("nothing to compare: there is one arm; name several minds=[...] or treatments={...}")
    return Run.start(taken, config)


def conclude(run: Run, results: Results) -> list[Path]:
    """Judge a finished run and write tables, figures and report; the report's path comes first."""
    from experiments.report import write_report

    found = judged(run, results)
    target = run.folder / TARGET
    target.mkdir(exist_ok=True)
    files: list[Path] = []
    for name, table in found.tables.items():
        files += _write(table, target / name)
    labels = {one.name: one.label for one in found.outcomes}
    drawn = draw_contrasts(found.tables["contrasts"], labels, target)
    drawn += draw_scorecard(found.tables["scorecard"], target)
    return [*write_report(found, drawn), *drawn, *files]


def judged(run: Run, results: Results) -> Comparison:
    """All tables of a finished run."""
    config = run.manifest.segments[-1].config
    kind, _ = world_class(config)
    world = kind.__name__.lower()
    outcomes = outcomes_of(config, kind)
    contrasts = contrasts_of(outcomes, results.metrics, config.arms())
    evidence = Evidence.of_run(run)
    has_facts = world in worlds_with_facts()
    scores, contestants = scores_of(config), contestants_of(config)
    individual = list(individual_rows(scores, contestants)) if scores else []
    tables: dict[str, Frame] = {
        "outcomes": table_of(outcomes, results.metrics),
        "contrasts": contrasts,
        "agreements": agreements_of(contrasts),
        "facts": facts_of(evidence, world=world) if has_facts else pd.DataFrame(),
        "scorecard": scorecard(evidence, world, individual),
        "nearness": nearness(evidence, world),
        "honesty": honesty(run),
    }
    return Comparison(run, config, outcomes, tables, left_out(scores) if scores and individual else ())


def honesty(run: Run) -> Frame:
    """By arm: decisions, the shares of them that are fallbacks, asked again, or from the cache, and of texts cut."""
    log = run.log()
    try:
        counts: Frame = pd.DataFrame(log.mishaps())
    finally:
        log.close()
    counts["arm"] = counts.pop("replicate").str.rsplit("/", n=1).str[0]
    added = counts.groupby("arm", sort=False).sum().reset_index()
    added["truncated_share"] = added.pop("truncated") / added.pop("texts").clip(lower=1)
    for name in ("fallback", "asked_again", "cache"):
        added[f"{name}_share"] = added.pop(name) / added["decisions"]
    return added


def experiment_of(overrides: Sequence[str]) -> list[str]:
    """Which experiment to add, where none is named: that of the world's name, else `arms`."""
    if any(one.startswith("experiment=") for one in overrides):
        return []
    world = next((one.partition("=")[2] for one in overrides if one.startswith("world=")), "marketplace")
    return [f"experiment={world if world in choices('experiment') else ARMS}"]


def _write(table: Frame, path: Path) -> list[Path]:
    files = [path.with_suffix(".csv"), path.with_suffix(".parquet")]
    table.to_csv(files[0], index=False)
    table.to_parquet(files[1], index=False)
    return files
