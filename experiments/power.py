"""`python -m sandbox power`: how many seeds a comparison needs, from a small pilot of cheap minds.

The pilot plays the comparison's world, treatments and declared outcomes with minds that cost nothing (`rule` and
`random`, or others). Its paired differences say how much a contrast varies from seed to seed; the families, and so the
levels of the tests, are those of the comparison itself. Language models may vary more or less than the minds of the
pilot: pilot with them (`--minds base,humanllm`) before a costly study.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.comparison import default_experiment
from experiments.contrasts import list_pairs, pair_values
from experiments.families import FLOORS, question_minds
from experiments.frames import column, rows_where, to_records
from experiments.outcomes import Outcome, list_outcomes
from experiments.reports.page import format_number
from experiments.statistics import ALPHA, POWER, contrast_of, detectable_difference, paired_differences, t_test_power
from sandbox.counting import count_of
from sandbox.errors import ConfigError
from sandbox.output.progress import ProgressBar
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.config import RunConfig, load_run_config
from sandbox.runtime.manifest import FILE
from sandbox.runtime.results import Results
from sandbox.runtime.run import Run

PILOT_SEEDS = 8
EFFECT = "10%"
"""Difference that is looked for: a share of the outcome's mean, or a number in its unit."""
SEED_NUMBERS = (3, 8, 20, 50)
MAX_SEEDS = 100_000
"""Seeds beyond which a number is not looked for."""
MAX_DECISIONS = 200_000
"""Agents x steps x worlds of a pilot that `compare` plays before it starts."""
COLUMNS = (
    "outcome", "family", "family_size", "kind", "treatment", "first", "second", "mean", "sd", "sd_low", "sd_high",
    "effect", "seeds", "seeds_low", "seeds_high", *(f"detectable_{number}" for number in SEED_NUMBERS), "num_seeds",
)  # fmt: skip
"""`first` and `second`: the pilot's contrast, which stands for those of the comparison of the same kind. `mean`: of the
second arm. `sd`: of the differences within seeds, with its 95 % interval. `effect`: the difference that is looked for.
`seeds`: how many find it with 80 % power, with the interval that follows from that of `sd`; NaN where nothing varies.
`detectable_N`: what N seeds find. `num_seeds`: seeds of the pilot."""


class Plan(NamedTuple):
    """What a comparison will test."""

    config: RunConfig
    outcomes: Sequence[Outcome]
    """The declared ones."""

    def family_size(self, is_primary: bool) -> int:
        """Return the number of contrasts whose p-values will be adjusted together, structural zeros included."""
        arms = self.config.arms()
        own = set(question_minds([arm.mind for arm in arms]))
        num_pairs = sum(set(pair.minds) <= own for pair in list_pairs(arms))
        return num_pairs * sum(outcome.is_primary == is_primary for outcome in self.outcomes)


def make_plan(overrides: Sequence[str]) -> Plan:
    """Return what `compare` with these overrides will test.

    Raises:
        ConfigError: No outcome is declared, or one names no metric.
    """
    config = load_run_config([*default_experiment(overrides), *overrides])
    kind, _ = resolve_world(config)
    declared = [outcome for outcome in list_outcomes(config, kind) if outcome.is_declared]
    if not declared:
        raise ConfigError("power needs declared outcomes; name metrics of the world: outcomes=[...]")
    return Plan(config, declared)


def start_pilot(plan: Plan, overrides: Sequence[str], minds: Sequence[str], num_seeds: int, folder: Path | None) -> Run:
    """Begin the pilot of a comparison, or return it if its folder holds it already.

    Args:
        plan: The comparison.
        overrides: Those that were typed.
        minds: Minds of the pilot; empty: those of `FLOORS` that the comparison knows.
        num_seeds: Number of seeds.
        folder: The pilot's folder; None: a new one under `runs/`.

    Raises:
        ConfigError: Fewer than two seeds, or the pilot has a single arm.
    """
    if num_seeds < 2:
        raise ConfigError(f"a pilot of {num_seeds} seed says nothing about how seeds vary; use at least --pilot 2")
    names = list(minds) or [name for name in reversed(FLOORS) if name in plan.config.extra_minds]
    changes = {"minds": names, "seeds": list(range(num_seeds)), "run_dir": folder or plan.config.run_dir}
    config = plan.config.model_copy(update=changes)
    if len(config.arms()) < 2:
        raise ConfigError("a pilot needs two arms; name several cheap minds (--minds rule,random) or treatments={...}")
    if config.run_dir is not None and (config.run_dir / FILE).is_file():
        begun = Run(config.run_dir)
        if begun.manifest.segments[-1].config == config:
            return begun
    return Run.start(overrides, config)


def power_table(plan: Plan, pilot: Results, pilot_config: RunConfig, effect: str = EFFECT) -> pd.DataFrame:
    """Return how many seeds each declared contrast needs; see `COLUMNS`."""
    arms = pilot_config.arms()
    rows: list[dict[str, Any]] = []
    for outcome in plan.outcomes:
        values = outcome.values(pilot.metrics)
        size = max(1, plan.family_size(outcome.is_primary))
        for pair in list_pairs(arms):
            first, second = pair_values(pair, values, arms)
            contrast = contrast_of(paired_differences(first, second))
            mean = float(np.mean(list(second.values()))) if second else math.nan
            rows.append(
                {
                    **{"outcome": outcome.name, "family": "primary" if outcome.is_primary else "secondary"},
                    **{"family_size": size, "mean": mean, "num_seeds": contrast.num_seeds},
                    **pair._asdict(),
                    **_requirements(contrast.sd, contrast.num_seeds, size, read_effect(effect, mean)),
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _requirements(sd: float, num_seeds: int, size: int, effect: float) -> dict[str, float]:
    """Return the columns of a row that follow from a standard deviation."""
    low, high = sd_interval(sd, num_seeds)
    numbers = {
        name: seeds_needed(effect, end, size) for name, end in (("seeds", sd), ("seeds_low", low), ("seeds_high", high))
    }
    detectable = {f"detectable_{number}": detectable_difference(sd, number, size, num_seeds) for number in SEED_NUMBERS}
    return {"sd": sd, "sd_low": low, "sd_high": high, "effect": effect, **numbers, **detectable}


def read_effect(text: str, mean: float) -> float:
    """Return a difference in the outcome's unit, given as `10%` of the mean or as a number.

    Raises:
        ConfigError: It is neither, or not above 0.
    """
    is_share = text.endswith("%")
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = math.nan
    if not number > 0:
        raise ConfigError(f"--effect takes a share of the mean such as 10%, or a number such as 0.2; found {text!r}")
    return abs(mean) * number / 100 if is_share else number


def sd_interval(sd: float, num_seeds: int) -> tuple[float, float]:
    """Return the 95 % interval of a standard deviation of normal values, by the chi-square distribution."""
    from scipy.stats import chi2

    if num_seeds < 2 or math.isnan(sd):
        return math.nan, math.nan
    degrees = num_seeds - 1
    quantiles: Any = chi2.ppf([1 - ALPHA / 2, ALPHA / 2], degrees)
    low, high = (sd * math.sqrt(degrees / float(quantile)) for quantile in quantiles)
    return low, high


def seeds_needed(effect: float, sd: float, family_size: int = 1) -> float:
    """Return the smallest number of seeds with 80 % power at Holm's first step.

    Args:
        effect: True difference.
        sd: True standard deviation of the differences within seeds.
        family_size: Number of tests whose p-values are adjusted together.

    Returns:
        The number; NaN if nothing varies or no difference is looked for, infinity beyond `MAX_SEEDS`.
    """
    if not (sd > 0 and effect > 0):
        return math.nan
    return _seeds_needed(round(effect / sd, 4), family_size)


@cache
def _seeds_needed(effect: float, family_size: int) -> float:
    def is_enough(number: int) -> bool:
        return float(t_test_power(np.array([effect]), number, ALPHA / family_size)[0]) >= POWER

    enough = 2
    while not is_enough(enough):
        if enough > MAX_SEEDS:
            return math.inf
        enough *= 2
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if is_enough(middle) else (middle, enough)
    return float(enough)


def describe_power(table: pd.DataFrame, labels: dict[str, str]) -> list[str]:
    """Return the table as lines for a terminal, an outcome after the other."""
    lines: list[str] = []
    for outcome, rows in table.groupby("outcome", sort=False):
        first = to_records(rows)[0]
        lines.append(f"{labels[str(outcome)]} ({first['family']}, tests in the family: {first['family_size']})")
        for row in to_records(rows):
            shared = f" ({row['treatment']})" if row["treatment"] else ""
            name = f"{row['first']} − {row['second']}{shared}{', interaction' * (row['kind'] == 'interaction')}"
            lines.append(f"    {name}: {_describe_row(row)}")
    return lines


def _describe_row(row: dict[str, Any]) -> str:
    if pd.isna(row["sd"]):
        return "nothing varied in the pilot, so it says nothing about how many seeds are needed"
    found = ", ".join(f"{format_number(row[f'detectable_{number}'])} with {number}" for number in SEED_NUMBERS)
    interval = f"{_count(row['seeds_low'])} to {_count(row['seeds_high'])}"
    spread = f"SD {format_number(row['sd'])} [{format_number(row['sd_low'])}, {format_number(row['sd_high'])}]"
    need = f"{_count(row['seeds'])} seeds [{interval}] find {format_number(row['effect'])}"
    return f"{spread}; {need}; seeds find {found}"


def _count(number: float) -> str:
    return "–" if math.isnan(number) else f"over {MAX_SEEDS:,}" if math.isinf(number) else f"{number:,.0f}"


def foresee(overrides: Sequence[str], notify: Callable[[str], None]) -> None:
    """Say what a comparison will be able to find with its number of seeds, before it starts.

    If it has arms with a language model, a pilot of rule-following and random agents says so in the outcomes' units.
    Otherwise the pilot would cost as much as the comparison, and what can be found is said in standard deviations.
    """
    config = load_run_config([*default_experiment(overrides), *overrides])
    if not config.outcomes:
        notify("No outcome is declared, so nothing is tested; all contrasts will be exploratory.")
        return
    plan = make_plan(overrides)
    notify(f"What {count_of(len(config.seeds), 'seed')} can find with 80 % power:")
    for line in _foresee_by_pilot(plan, overrides) if _is_worth_a_pilot(plan) else _foresee_in_sd(plan):
        notify(f"- {line}")


def _is_worth_a_pilot(plan: Plan) -> bool:
    config = plan.config
    pilot_minds = [name for name in FLOORS if name in config.extra_minds]
    num_worlds = max(1, len(config.treatments)) * len(pilot_minds) * PILOT_SEEDS
    is_cheap = int(config.population["size"]) * config.steps * num_worlds <= MAX_DECISIONS
    return is_cheap and num_worlds > PILOT_SEEDS and not {arm.mind for arm in config.arms()} <= set(FLOORS)


COMPARED = {"mind": "minds", "treatment": "treatments", "interaction": "a treatment's effects on minds"}
"""What a kind of contrast compares."""


def _foresee_by_pilot(plan: Plan, overrides: Sequence[str]) -> list[str]:
    with TemporaryDirectory() as folder:
        run = start_pilot(plan, overrides, (), PILOT_SEEDS, Path(folder) / "pilot")
        with ProgressBar(run.manifest.segments[-1].config.steps) as progress:
            results = run.resume(progress, lambda _: None)
        table = power_table(plan, results, run.manifest.segments[-1].config)
    number, labels = len(plan.config.seeds), {outcome.name: outcome.label for outcome in plan.outcomes}
    lines = [f"(from a pilot of {PILOT_SEEDS} seeds of rule and random agents; language models may vary more or less)"]
    for outcome, rows in rows_where(table, column(table, "sd").notna()).groupby("outcome", sort=False):
        finds = [
            f"{COMPARED[row['kind']]} that differ by "
            f"{format_number(detectable_difference(row['sd'], number, row['family_size'], row['num_seeds']))}"
            for row in to_records(rows.sort_values("sd").drop_duplicates("kind", keep="last"))
        ]
        lines.append(f"{labels[str(outcome)]}: {'; '.join(finds)}")
    return lines


def _foresee_in_sd(plan: Plan) -> list[str]:
    number = len(plan.config.seeds)
    if number < 2:
        return ["one seed cannot test anything; use several seeds=[...]"]
    lines = [
        f"{name} outcomes (family of {size} tests): {detectable_difference(1.0, number, size, 10_000):.2g} standard "
        "deviations of the differences within seeds"
        for name, size in (("primary", plan.family_size(True)), ("secondary", plan.family_size(False)))
        if size
    ]
    return [*lines, "how large that is in the outcomes' units is not known before the run; `power` plays a pilot"]
