"""`python -m sandbox calibrate`: values of settings at which a world does what people did, and how well people tell.

A world is played at points spread over the ranges (a Sobol sequence, which SciPy draws), and the points that come
nearest to people say which values fit them (`experiments.posterior`). A second round spreads its points over
what is left of the ranges. What comes out is a sample of the posterior under a uniform prior.

Every point follows from the plan, so a study is repeatable, plays on all cores, and goes on where it was killed.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from experiments.frames import Array
from experiments.people.effects import HumanEffect
from experiments.people_arm import read_humans, select_effects
from experiments.plans import RangePlan, read_outline
from experiments.points import PointResult, check_point, play_points, point_key
from experiments.posterior import Posterior, fit_posterior
from sandbox.errors import ConfigError, DataError
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.config import RunConfig, load_run_config
from sandbox.runtime.runner import Track

POINTS = "points.jsonl"
SEEDS = (0, 1, 2, 3, 4)
"""Seeds of a study whose settings name none."""
NUM_POINTS = 256
"""Points of a round by default."""
ROUNDS = 2
MARGIN = 0.25
"""By how much of its width the range of the kept points is widened on each side for the second round."""


class CalibrationPlan(RangePlan):
    """What a study varies: `calibration.json`."""

    file = "calibration.json"
    noun = "calibration"
    command = "calibrate"

    humans: str
    num_points: int
    """Points of a round."""


def create(overrides: Sequence[str], num_points: int | None) -> Path:
    """Begin a study.

    Raises:
        ConfigError: Nothing varies, a range is no range of numbers, there is no target, or a corner cannot be run.
        DataError: The folder holds something already, or people's file is damaged.
    """
    outline = read_outline(overrides, SEEDS, "calibrate needs settings that vary, such as world.first=1..10")
    if named := [one.name for one in outline.ranges if not one.is_ordered]:
        raise ConfigError(f"{named[0]} has named values; calibrate once for each of them, and compare the distances")
    config, _ = [check_point(outline.overrides, outline.settings_at(share)) for share in (0.0, 1.0)]
    list_targets(config)
    folder = CalibrationPlan.choose_folder(outline.run_dir, "calibrate")
    plan = CalibrationPlan(
        humans=config.humans or "",
        num_points=num_points or NUM_POINTS,
        overrides=outline.overrides,
        inputs=outline.find_inputs(),
        ranges=outline.ranges,
    )
    plan.write(folder)
    return folder


def list_targets(config: RunConfig) -> list[HumanEffect]:
    """Return people's means under the treatments that the world has; effects, where there are no means.

    Raises:
        ConfigError: No people are named, or they share nothing with the world.
        DataError: People's file is damaged, or a target has no interval.
    """
    if not config.humans:
        raise ConfigError("calibrate needs people to come near to: humans=FILE, or the name of a human experiment")
    kind, _ = resolve_world(config)
    chosen = select_effects(read_humans(config.humans), kind, config.arms())
    targets = [effect for effect in chosen if not effect.control] or chosen
    if unknown := [effect for effect in targets if not effect.high > effect.low]:
        raise DataError(
            f"humans: {unknown[0].outcome} has no interval, so nobody knows how near is near; add low and high"
        )
    return targets


def calibrate(plan: CalibrationPlan, path: Path, track: Track, notify: Callable[[str], None]) -> Posterior:
    """Play all rounds, and return the posterior.

    Args:
        plan: The study.
        path: Where results are kept.
        track: Shows how far it is.
        notify: Is told about rounds.
    """
    ranges = plan.ranges
    targets = list_targets(load_run_config([*plan.overrides, *(f"{one.name}={one.at(0)}" for one in ranges)]))
    box = np.array([[0.0, 1.0]] * len(ranges))
    shares, simulated = np.empty((0, len(ranges))), np.empty((0, len(targets)))
    for number in range(ROUNDS):
        if number:
            box = _shrink(fit_posterior(ranges, targets, shares, simulated), box)
        notify(f"round {number + 1} of {ROUNDS}: {plan.num_points} points")
        drawn = box[:, 0] + _spread(plan.num_points, len(ranges), number) * (box[:, 1] - box[:, 0])
        points = [{one.name: one.at(float(share)) for one, share in zip(ranges, row, strict=True)} for row in drawn]
        results = play_points(plan.overrides, points, path, track, notify)
        moments = np.array([_moments(results[point_key(point)], targets) for point in points])
        # Earlier points in what is left of the ranges are spread evenly over it too.
        inside = ((shares >= box[:, 0]) & (shares <= box[:, 1])).all(axis=1)
        shares, simulated = np.vstack([shares[inside], drawn]), np.vstack([simulated[inside], moments])
    return fit_posterior(ranges, targets, shares, simulated)


def _spread(number: int, dimensions: int, seed: int) -> Array:
    """Return points that fill a unit cube evenly."""
    from scipy.stats import qmc

    return qmc.Sobol(dimensions, rng=seed).random(number)


def _moments(result: PointResult, targets: Sequence[HumanEffect]) -> list[float]:
    def mean(treatment: str, outcome: str) -> float:
        values = [value for value in result.values[treatment][outcome] if value is not None]
        return float(np.mean(values)) if values else math.nan

    return [
        mean(target.treatment, target.outcome) - (mean(target.control, target.outcome) if target.control else 0.0)
        for target in targets
    ]


def _shrink(posterior: Posterior, box: Array) -> Array:
    """Return the part of the box in which the posterior lies, with a margin."""
    low, high = posterior.samples.min(axis=0), posterior.samples.max(axis=0)
    room = MARGIN * (high - low)
    return np.column_stack([np.maximum(low - room, box[:, 0]), np.minimum(high + room, box[:, 1])])
