"""What the tests of a world's parameters and interventions are made of."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sandbox.core import World
from sandbox.runtime.assembly import build_worlds
from sandbox.runtime.config import load_run_config

SEEDS = 12
"""Paired seeds behind every change."""
MIN_T = 2.2
"""Student's t that 12 paired seeds need for p < 0.05."""


class Knob(NamedTuple):
    """One change and what it must do; several overrides are separated as the test that reads them says."""

    name: str
    """A parameter, an intervention, or the social graph."""
    change: str
    """Overrides of the changed world."""
    metric: str
    """What is compared."""
    sign: int
    """Of the change in the metric."""
    why: str
    before: str = ""
    """Overrides of the world that it is compared with; empty: the defaults."""


def build_rule_worlds(*overrides: str) -> list[World[Any]]:
    """Build a world of rule agents for each seed."""
    seeds = f"seeds=[{','.join(map(str, range(SEEDS)))}]"
    return build_worlds(load_run_config(["mind=rule", seeds, *overrides]))


def stack_outcomes(outcomes: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Return, by outcome, its value for each seed."""
    return {name: np.array([outcome[name] for outcome in outcomes], float) for name in outcomes[0]}


def student_t(differences: np.ndarray) -> float:
    """Return Student's t of paired differences; NaN if all are equal."""
    spread: Any = differences.std(ddof=1)
    return float(differences.mean() / (spread / np.sqrt(len(differences)))) if spread else float("nan")


def paired_t(before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray], metric: str) -> float:
    """Return Student's t of the change in a metric; both sides are by metric, as `stack_outcomes` returns them."""
    return student_t(after[metric] - before[metric])
