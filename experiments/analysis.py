"""What a finished comparison says about its arms: all tables, computed from the run's folder."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pandas as pd

from experiments.contrasts import agreement_table, contrast_table
from experiments.facts.evidence import Evidence
from experiments.facts.item import ScoreItem
from experiments.facts.registry import describe_missing_references, list_facts, list_items
from experiments.facts.table import judge_facts
from experiments.individual import evaluated_models, evaluation_scores, individual_rows, unscored_forms
from experiments.outcomes import Outcome, arm_table, list_outcomes, make_outcome, outcome_table
from experiments.people.effects import HumanEffect
from experiments.people_arm import effect_items, people_table, read_humans, select_effects
from experiments.position_bias import position_bias_table
from experiments.preregistration import check_kept, describe_kept
from experiments.reactions import reaction_rows, read_slopes
from experiments.scorecard import nearness, scorecard
from sandbox.core.world import World
from sandbox.output.log_totals import count_fallbacks, measure_position_bias
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
    """By name: outcomes, arms, contrasts, people, agreements, facts, scorecard, nearness, data_quality, answers,
    position_bias."""
    items: Sequence[ScoreItem]
    """What is scored in this world: compared samples, facts, and people's effects."""
    slopes: pd.DataFrame
    """Slopes of the reactions; empty if none were measured."""
    missing_references: str
    """For which metrics and tables there is no reference data, in one sentence; empty if for none."""
    unscored_forms: Sequence[str] = ()
    """Forms of the evaluation on held-out people that are not scored, in words."""
    registration: str = ""
    """That the comparison was preregistered and kept to it, in words; empty if it was not preregistered."""

    @property
    def checks(self) -> set[str]:
        """Names of the facts that are checks for an artefact."""
        return {fact.name for fact in list_facts(self.world) if fact.is_check}

    @property
    def labels(self) -> dict[str, str]:
        """What reports call the outcomes, people's included, by name."""
        of_people = (make_outcome(name, self.world) for name in self.tables["people"]["outcome"].unique())
        return {outcome.name: outcome.label for outcome in (*of_people, *self.outcomes)}

    @property
    def titles(self) -> dict[str, str]:
        """What reports call the facts and the items of the scorecard, by name."""
        facts = list_facts(self.world)
        return {entry.name: entry.title for entry in (*facts, *self.items, *self.world.reactions)}


def analyse_run(run: Run, results: Results) -> Analysis:
    """Compute all tables of a finished run."""
    config = run.manifest.segments[-1].config
    kind, _ = resolve_world(config)
    outcomes = list_outcomes(config, kind)
    effects = list_effects(config, kind)
    items = [*list_items(kind), *effect_items(effects, kind, config.arms())]
    contrasts = contrast_table(outcomes, results.metrics, config.arms())
    evidence = Evidence.from_run(run)
    scores, models = evaluation_scores(config), evaluated_models(config)
    individual = list(individual_rows(scores, models)) if scores else []
    slopes = read_slopes(run)
    minds = {name: arm.mind for name, arm in evidence.arms.items()}
    reaction = list(reaction_rows(slopes, kind, minds))
    with closing(run.log()) as log:
        quality, answers = data_quality(log), pd.DataFrame(log.count_answers())
        biases = measure_position_bias(log, config.presentation.shuffle)
    tables = {
        "outcomes": outcome_table(outcomes, results.metrics),
        "arms": arm_table(outcomes, results.metrics),
        "contrasts": contrasts,
        "people": people_table(effects, kind, results.metrics, config.arms(), config.margins),
        "agreements": agreement_table(contrasts),
        "facts": judge_facts(evidence, kind),
        "scorecard": scorecard(evidence, items, [*reaction, *individual]),
        "nearness": nearness(evidence, items),
        "data_quality": quality,
        "answers": answers,
        "position_bias": position_bias_table(biases),
    }
    missing = describe_missing_references(kind, [name for name in results.tables if name != NETWORK])
    unscored = unscored_forms(scores) if scores and individual else ()
    registration = describe_kept(check_kept(config, run.manifest.inputs))
    return Analysis(run, config, kind, outcomes, tables, items, slopes, missing, unscored, registration)


def list_effects(config: RunConfig, kind: type[World[Any]]) -> list[HumanEffect]:
    """Return people's effects and means that a comparison is held beside; empty if it names no human experiment.

    Raises:
        ConfigError: The human experiment is unknown, or shares nothing with the comparison.
        DataError: Its file is damaged.
    """
    return select_effects(read_humans(config.humans), kind, config.arms()) if config.humans else []


def data_quality(log: DecisionLog) -> pd.DataFrame:
    """Return, by arm, the number of decisions and the rates of fallbacks, retries, cached answers and truncated texts.

    The truncation rate is a share of the texts, since only they can be truncated (NaN if there are none); the others
    are shares of decisions; of fallbacks, a share of the decisions by minds that can fail.
    """
    table = pd.DataFrame(log.count_quality())
    table["truncation_rate"] = table.pop("truncated") / table.pop("texts").replace(0, float("nan"))
    counts = count_fallbacks(log)
    fallbacks_by_arm = [counts.get(arm, (0, 0)) for arm in table["arm"]]
    table["fallback_rate"] = [fallbacks / max(1, answers) for fallbacks, answers in fallbacks_by_arm]
    for count, rate in (("retried", "retry_rate"), ("cache", "cache_rate")):
        table[rate] = table.pop(count) / table["decisions"]
    return table.drop(columns="fallback")
