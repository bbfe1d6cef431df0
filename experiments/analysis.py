"""What a finished comparison says about its arms: all tables, computed from the run's folder."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pandas as pd

from experiments.facts.evidence import Evidence
from experiments.facts.registry import describe_missing_references, list_facts, list_items
from experiments.facts.table import judge_facts
from experiments.individual import evaluated_models, evaluation_scores, individual_rows, unscored_forms
from experiments.outcomes import Outcome, agreement_table, contrast_table, list_outcomes, outcome_table
from experiments.scorecard import nearness, scorecard
from sandbox.core.world import World
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.config import RunConfig
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.results import NETWORK, Results
from sandbox.runtime.run import Run


@dataclass(frozen=True)
class Analysis:
    """The tables of a finished comparison."""

    run: Run
    config: RunConfig
    world: type[World[Any]]
    outcomes: Sequence[Outcome]
    tables: dict[str, pd.DataFrame]
    """By name: outcomes, contrasts, agreements, facts, scorecard, nearness, data_quality."""
    missing_references: str
    """For which metrics and tables there is no reference data, in one sentence; empty if for none."""
    unscored_forms: Sequence[str] = ()
    """Forms of the evaluation on held-out people that are not scored, in words."""

    @property
    def titles(self) -> dict[str, str]:
        """What reports call the facts and the items of the scorecard, by name."""
        facts, items = list_facts(self.world), list_items(self.world)
        return {entry.name: entry.title for entry in (*facts, *items)}


def analyse_run(run: Run, results: Results) -> Analysis:
    """Compute all tables of a finished run."""
    config = run.manifest.segments[-1].config
    kind, _ = resolve_world(config)
    outcomes = list_outcomes(config, kind)
    contrasts = contrast_table(outcomes, results.metrics, config.arms())
    evidence = Evidence.from_run(run)
    scores, models = evaluation_scores(config), evaluated_models(config)
    individual = list(individual_rows(scores, models)) if scores else []
    with closing(run.log()) as log:
        quality = data_quality(log)
    tables = {
        "outcomes": outcome_table(outcomes, results.metrics),
        "contrasts": contrasts,
        "agreements": agreement_table(contrasts),
        "facts": judge_facts(evidence, kind),
        "scorecard": scorecard(evidence, kind, individual),
        "nearness": nearness(evidence, kind),
        "data_quality": quality,
    }
    missing = describe_missing_references(kind, [name for name in results.tables if name != NETWORK])
    unscored = unscored_forms(scores) if scores and individual else ()
    return Analysis(run, config, kind, outcomes, tables, missing, unscored)


def data_quality(log: DecisionLog) -> pd.DataFrame:
    """Return, by arm, the number of decisions and the rates of fallbacks, retries, cached answers and truncated texts.

    The truncation rate is a share of the texts, since only they can be truncated; the others are shares of decisions.
    """
    table = pd.DataFrame(log.count_quality())
    table["truncation_rate"] = table.pop("truncated") / table.pop("texts").clip(lower=1)
    for count, rate in (("fallback", "fallback_rate"), ("retried", "retry_rate"), ("cache", "cache_rate")):
        table[rate] = table.pop(count) / table["decisions"]
    return table
