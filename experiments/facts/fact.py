"""What a stylised fact is, and how evidence is judged by it.

The seed is the unit: a statistic gives one value per seed, and the verdict rests on the 95 % interval of their mean.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

import pandas as pd

from experiments.facts.evidence import Arm, Evidence, Tables
from experiments.facts.measures import Frame
from experiments.statistics import equivalence
from sandbox.intervals import Mean

Answer: TypeAlias = Literal["within", "outside", "cannot tell"]
Statistic: TypeAlias = Callable[..., Frame]
"""From an arm's tables, and those of the arm it is compared with where the fact needs one, to a value per seed."""


UNKNOWN = Mean(math.nan, math.nan, 0)


class CannotTellError(Exception):
    """A statistic has no value here; the message says why, in words that follow a colon."""


@dataclass(frozen=True)
class Band:
    """Where the mean of a statistic must lie; the ends themselves lie outside."""

    low: float
    high: float
    why: str
    """Where the ends come from."""
    human: float = math.nan
    """The value of real people or markets, where one number is known; NaN otherwise."""

    def place(self, low: float, high: float) -> Answer:
        """Whether an interval lies wholly inside, wholly outside, or across an end."""
        if self.low < low and high < self.high:
            return "within"
        return "outside" if high <= self.low or low >= self.high else "cannot tell"


class Partner(NamedTuple):
    """The other arm of a fact that speaks of a difference."""

    words: str
    """Which arm it is, in words that follow `needs`."""
    fits: Callable[[Arm, Arm], bool]
    """Whether the second arm is that of the first."""


@dataclass(frozen=True)
class Needs:
    """What a run must have for a fact to be judged."""

    tables: Mapping[str, Sequence[str]]
    """Columns by table, arm and seed apart."""
    world: Mapping[str, Sequence[Any]] = field(default_factory=dict[str, Sequence[Any]])
    """Parameters of the world and the values that they may have."""
    seeds: int = 2
    """Fewest worlds per arm."""
    steps: int = 1
    """Fewest steps."""
    partner: Partner | None = None

    def unmet(self, arm: Arm, tables: Tables) -> str | None:
        """What is missing, in words; None where nothing is."""
        for check in (self._unmet_tables, self._unmet_settings, self._unmet_size):
            if missing := check(arm, tables):
                return missing
        return None

    def _unmet_tables(self, arm: Arm, tables: Tables) -> str | None:
        for name, columns in self.tables.items():
            if name not in tables or tables[name].empty:
                return f"needs the table {name!r}, of which {arm.name} has no row"
            if lacking := [column for column in columns if column not in tables[name]]:
                return f"needs the column {lacking[0]!r} of the table {name!r}"
        return None

    def _unmet_settings(self, arm: Arm, tables: Tables) -> str | None:
        for name, allowed in self.world.items():
            if (found := arm.world.get(name)) not in allowed:
                wanted = " or ".join(str(value) for value in allowed)
                return f"needs world.{name}={wanted}, and {arm.name} has {found}"
        return None

    def _unmet_size(self, arm: Arm, tables: Tables) -> str | None:
        steps, seeds = num_steps(tables), len(seeds_of(tables))
        if seeds < self.seeds:
            return f"needs at least {self.seeds} seeds, and {arm.name} has {seeds}"
        return f"needs at least {self.steps} steps, and {arm.name} has {steps}" if steps < self.steps else None


@dataclass(frozen=True)
class Verdict:
    """What a fact says of one arm."""

    fact: str
    arm: str
    answer: Answer
    reason: str
    """One clause: the numbers, or what is missing."""
    mean: Mean = UNKNOWN
    """Mean over seeds with its 95 % interval."""
    p_within: float = math.nan
    """Of two one-sided t-tests that the mean lies in the band: small where it does."""


@dataclass(frozen=True)
class Fact:
    """One stylised fact."""

    name: str
    statement: str
    """What is so among real people, in one sentence."""
    citation: str
    """Author, year, and DOI or other address."""
    measure: str
    """What the statistic is, in words, with its unit."""
    statistic: Statistic
    band: Band
    needs: Needs
    note: str = ""
    """What the comparison cannot show."""

    def judge(self, evidence: Evidence, arm: str) -> Verdict:
        """Hold one arm against the fact."""
        try:
            values = self.values(evidence, arm).to_numpy(float)
        except CannotTellError as reason:
            return Verdict(self.name, arm, "cannot tell", str(reason))
        mean = Mean.of(values)
        answer, reason = self._held(mean)
        against = "".join(f", against {other.name}" for other in self._arms(evidence, arm)[1:])
        p_within = equivalence(values, self.band.low, self.band.high)
        return Verdict(self.name, arm, answer, f"{reason}{against}", mean, p_within)

    def values(self, evidence: Evidence, arm: str) -> Frame:
        """The statistic, one value per seed.

        Raises:
            CannotTellError: The arm lacks something that the fact needs.
        """
        arms = self._arms(evidence, arm)
        tables = [evidence.of(one.name) for one in arms]
        missing = self.needs.unmet(arms[0], tables[0]) or _unmet_partner(self.needs, arms, tables)
        if missing:
            raise CannotTellError(missing)
        return self.statistic(*tables)

    def _arms(self, evidence: Evidence, arm: str) -> list[Arm]:
        """The arm, and the one that it is compared with where the fact speaks of a difference."""
        mine, partner = evidence.arms[arm], self.needs.partner
        if partner is None:
            return [mine]
        found = next((other for other in evidence.arms.values() if partner.fits(mine, other)), None)
        if found is None:
            raise CannotTellError(f"needs {partner.words}")
        return [mine, found]

    def _held(self, mean: Mean) -> tuple[Answer, str]:
        """The answer to a mean over seeds, and the numbers in words."""
        if mean.num < self.needs.seeds:
            return "cannot tell", f"only {mean.num} of the seeds have a value, and it takes {self.needs.seeds}"
        low, high = mean.value - mean.half_width, mean.value + mean.half_width
        answer = self.band.place(low, high)
        where = {"within": "inside", "outside": "outside", "cannot tell": "neither clearly inside nor outside"}[answer]
        band = f"({self.band.low:.3g}, {self.band.high:.3g})"
        return answer, f"{mean.value:.3g} [{low:.3g}, {high:.3g}] is {where} {band}"


def seeds_of(tables: Tables) -> list[int]:
    """The seeds that an arm was run with."""
    return sorted({int(seed) for table in tables.values() for seed in table["seed"].unique()})


def num_steps(tables: Tables) -> int:
    """Steps that an arm was run for."""
    steps = [int(table["step"].max()) + 1 for table in tables.values() if "step" in table and not table.empty]
    return max(steps, default=0)


def per_seed(table: Frame, statistic: Callable[[Frame], float]) -> Frame:
    """A statistic of each seed's rows."""
    return pd.Series({int(seed): statistic(rows) for seed, rows in table.groupby("seed")}, dtype=float)


def _unmet_partner(needs: Needs, arms: Sequence[Arm], tables: Sequence[Tables]) -> str | None:
    """The partner must have the tables and seeds too; its settings are what makes it a partner."""
    other = Needs(needs.tables, seeds=needs.seeds, steps=needs.steps)
    return other.unmet(arms[1], tables[1]) if len(arms) > 1 else None
