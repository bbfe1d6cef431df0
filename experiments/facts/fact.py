"""What a stylised fact is, and how evidence is judged by it.

The seed is the unit: a statistic gives one value per seed, and the verdict is that of a test of their mean.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from experiments.facts.controls import Controls
from experiments.facts.evidence import ArmSettings, Evidence, Tables, list_seeds, num_steps
from experiments.facts.reference import Band, Level, Reference, Verdict
from experiments.reports.page import format_number
from experiments.statistics import ALPHA, FloatArray, equivalence_p_value, outside_p_value
from sandbox.counting import count_of
from sandbox.errors import ContractError
from sandbox.intervals import GeometricMean, Mean

Statistic: TypeAlias = Callable[..., pd.Series]
"""From an arm's tables, and those of its comparison arm if the fact needs one, to a value per seed."""

UNKNOWN = Mean(math.nan, math.nan, 0)


class InconclusiveError(Exception):
    """A statistic has no value here; the message says why, in words that can follow a colon."""


class Partner(NamedTuple):
    """The comparison arm of a fact about a difference."""

    description: str
    """Which arm it is, in words that follow `needs`."""
    matches: Callable[[ArmSettings, ArmSettings], bool]
    """Whether the second arm is the comparison arm of the first."""


@dataclass(frozen=True)
class Needs:
    """What a run must have for a fact to be judged."""

    tables: Mapping[str, Sequence[str]]
    """Columns by table, in addition to arm and seed."""
    world: Mapping[str, Sequence[Any]] = field(default_factory=dict[str, Sequence[Any]])
    """Parameters of the world and the values that they may have."""
    seeds: int = 2
    """Minimum number of worlds per arm."""
    steps: int = 1
    """Minimum number of steps."""
    partner: Partner | None = None

    def unmet(self, arm: ArmSettings, tables: Tables) -> str | None:
        """Return what is missing, in words; None if nothing is."""
        for check in (self._unmet_tables, self._unmet_settings, self._unmet_size):
            if missing := check(arm, tables):
                return missing
        return None

    def _unmet_tables(self, arm: ArmSettings, tables: Tables) -> str | None:
        for name, names in self.tables.items():
            if name not in tables or tables[name].empty:
                return f"needs the table {name!r}, which has no rows for {arm.name}"
            if missing := [column_name for column_name in names if column_name not in tables[name]]:
                return f"needs the column {missing[0]!r} of the table {name!r}"
        return None

    def _unmet_settings(self, arm: ArmSettings, tables: Tables) -> str | None:
        for name, allowed in self.world.items():
            if (value := arm.world.get(name)) not in allowed:
                expected = " or ".join(map(str, allowed))
                return f"needs world.{name}={expected}, and {arm.name} has {value}"
        return None

    def _unmet_size(self, arm: ArmSettings, tables: Tables) -> str | None:
        steps, seeds = num_steps(tables), len(list_seeds(tables))
        if seeds < self.seeds:
            return f"needs at least {count_of(self.seeds, 'seed')}, and {arm.name} has {seeds}"
        return (
            f"needs at least {count_of(self.steps, 'step')}, and {arm.name} has {steps}" if steps < self.steps else None
        )


@dataclass(frozen=True)
class Judgement:
    """What a fact says about one arm."""

    fact: str
    arm: str
    verdict: Verdict
    reason: str
    """One clause: the numbers, or what is missing."""
    mean: Mean | GeometricMean = UNKNOWN
    """Mean over seeds with its 95 % interval; of a ratio, the geometric mean."""
    p_within: float = math.nan
    """P-value of two one-sided t-tests that the mean is in the band: below 5 % exactly if the verdict is `within`."""
    p_outside: float = math.nan
    """P-value of the t-test that the mean is not in the band: below 5 % exactly if the verdict is `outside`."""
    values: tuple[float, ...] = ()
    """The statistic by seed, in the order of the seeds; empty if it has none."""


@dataclass(frozen=True)
class Fact:
    """One stylised fact, complete in one file: statistic, band, source, reference data, and place on the scorecard."""

    name: str
    statement: str
    """What is true of real people, in one sentence."""
    citation: str
    """Author, year, and DOI or another address."""
    measure: str
    """What the statistic is, in words, with its unit."""
    statistic: Statistic
    band: Band
    needs: Needs
    reference: Reference | None = None
    """The value of real people or markets, if a single number is known."""
    level: Level | None = None
    """Under which heading the scorecard lists it; None: it is not scored."""
    label: str = ""
    """What reports call it; default: the name in words."""
    note: str = ""
    """What the comparison cannot show."""
    is_ratio: bool = False
    """Whether the statistic is a ratio around 1, such as an odds ratio, so that half as much is as far away as twice as
    much: its logarithm is averaged and tested."""
    controls: Controls | None = None
    """People of known behaviour on whom the fact is tried."""
    is_check: bool = False
    """Whether it is a check for an artefact, which a mind that answers at random passes: passing says nothing about
    people, failing does."""

    def __post_init__(self) -> None:
        if self.level is not None and (self.reference is None or math.isnan(self.reference.value)):
            raise ContractError(f"fact {self.name} has the scorecard level {self.level} but no reference value")
        if self.is_ratio and not self.band.low > 0:
            raise ContractError(f"fact {self.name} is a ratio, so its band must be above 0, found {self.band.low:g}")

    @property
    def title(self) -> str:
        """What reports call the fact."""
        return (self.label or self.name.replace("_", " ")) + " (check)" * self.is_check

    @property
    def human(self) -> float:
        """The value of real people; NaN if it is unknown."""
        return math.nan if self.reference is None else self.reference.value

    def judge(self, evidence: Evidence, arm: str) -> Judgement:
        """Judge one arm by the fact."""
        try:
            values = self.values(evidence, arm).to_numpy(float)
        except InconclusiveError as reason:
            return Judgement(self.name, arm, "inconclusive", str(reason))
        mean = self._average(values)
        if mean.num < self.needs.seeds:
            verb = "seed has" if mean.num == 1 else "seeds have"
            reason = f"only {mean.num} {verb} a value, and {self.needs.seeds} are needed"
            return Judgement(self.name, arm, "inconclusive", reason, mean, values=tuple(values.tolist()))
        verdict, p_within, p_outside = self.test(values)
        against = "".join(f", against {partner.name}" for partner in self._find_arms(evidence, arm)[1:])
        reason = f"{self._describe_position(mean, verdict)}{against}"
        return Judgement(self.name, arm, verdict, reason, mean, p_within, p_outside, tuple(values.tolist()))

    def test(self, values: FloatArray) -> tuple[Verdict, float, float]:
        """Return the verdict on a value per seed, and the p-values of being within the band and outside it."""
        ends = (self.band.low, self.band.high)
        if self.is_ratio:
            values, ends = np.log(values), (math.log(ends[0]), math.log(ends[1]))
        p_within, p_outside = (test(values, *ends) for test in _TESTS)
        verdict: Verdict = "within" if p_within < ALPHA else "outside" if p_outside < ALPHA else "inconclusive"
        return verdict, p_within, p_outside

    def values(self, evidence: Evidence, arm: str) -> pd.Series:
        """Return the statistic, one value per seed.

        Raises:
            InconclusiveError: The arm lacks something that the fact needs.
        """
        arms = self._find_arms(evidence, arm)
        tables = [evidence.arm_tables(settings.name) for settings in arms]
        missing = self.needs.unmet(arms[0], tables[0]) or _unmet_by_partner(self.needs, arms, tables)
        if missing:
            raise InconclusiveError(missing)
        return self.statistic(*tables)

    def _average(self, values: FloatArray) -> Mean | GeometricMean:
        """Return the mean over seeds: of a ratio, the geometric one."""
        return GeometricMean.of_logarithms(np.log(values).tolist()) if self.is_ratio else Mean.of(values.tolist())

    def _find_arms(self, evidence: Evidence, arm: str) -> list[ArmSettings]:
        """Return the arm, followed by its comparison arm if the fact is about a difference."""
        settings, partner = evidence.arms[arm], self.needs.partner
        if partner is None:
            return [settings]
        match = next((candidate for candidate in evidence.arms.values() if partner.matches(settings, candidate)), None)
        if match is None:
            raise InconclusiveError(f"needs {partner.description}")
        return [settings, match]

    def _describe_position(self, mean: Mean | GeometricMean, verdict: Verdict) -> str:
        """Return where a mean over seeds is, in words."""
        position = {"within": "inside", "outside": "outside", "inconclusive": "neither clearly inside nor outside"}
        band = f"({format_number(self.band.low)}, {format_number(self.band.high)})"
        interval = f"[{format_number(mean.low)}, {format_number(mean.high)}]"
        return f"{format_number(mean.value)} {interval} is {position[verdict]} {band}"


def _unmet_by_partner(needs: Needs, arms: Sequence[ArmSettings], tables: Sequence[Tables]) -> str | None:
    """Return what the comparison arm lacks of tables and seeds; its settings are what makes it a comparison arm."""
    shared_needs = Needs(needs.tables, seeds=needs.seeds, steps=needs.steps)
    return shared_needs.unmet(arms[1], tables[1]) if len(arms) > 1 else None


_TESTS = (equivalence_p_value, outside_p_value)
"""That the mean is in the band, and that it is not."""
