"""Branches: what another configuration may change in a run that has begun, and how running worlds take it over."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sandbox.core.world import World
from sandbox.errors import ConfigError
from sandbox.runtime.assembly import (
    BoundConfig,
    bind_inputs,
    build_assignment,
    build_interventions,
    resolve_world,
)
from sandbox.runtime.config import Arm, RunConfig, load_run_config
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.manifest import Manifest, Segment
from sandbox.runtime.treatments import config_under

MIND_SETTINGS = ("mind", "extra_minds", "assignment", "model")
"""Settings that say who answers; all but the arms' minds can change in a branch."""


def check_branch_step(manifest: Manifest, step: int, log: DecisionLog) -> None:
    """Raise `ConfigError` if no branch can begin at `step`: all steps before it must be complete."""
    start, config = manifest.segments[-1]
    is_finished = manifest.status == "finished"
    last = config.steps if is_finished else max((start, *(batch[1] for batch in log.batches())))
    if not 0 < step <= last:
        hint = "" if is_finished else "; the step after it may be incomplete: resume the run first"
        raise ConfigError(f"--at {step} must lie in the run's log, from 1 to {last} (0-based steps){hint}")
    if step < start:
        raise ConfigError(f"--at {step} lies before step {start}, where this branch began; branch its parent")


def compose_branch(manifest: Manifest, step: int, overrides: Sequence[str]) -> BoundConfig:
    """Return the configuration of a branch, and the files that it names.

    Raises:
        ConfigError: The files in `conf/` have changed, or an override would change what came before `step`.
    """
    old, known = manifest.segments[-1].config, manifest.inputs
    if bind_inputs(load_run_config(manifest.overrides), known)[0] != old:
        raise ConfigError(
            f"the files in conf/ have changed since {manifest.folder} was run, so overrides cannot be composed; check "
            "out the commit in its manifest.json"
        )
    new, inputs = bind_inputs(load_run_config([*manifest.overrides, *overrides]), known)
    refuse_changed_past(old, new, step)
    return new, inputs


def last_change_of_minds(segments: Sequence[Segment]) -> int:
    """Return the first step that is answered by the minds that a run has now."""
    start = 0
    for earlier, later in pairwise(segments):
        if any(getattr(earlier.config, name) != getattr(later.config, name) for name in MIND_SETTINGS):
            start = later.from_step
    return start


def refuse_changed_past(old: RunConfig, new: RunConfig, step: int) -> None:
    """Raise `ConfigError` if a branch's configuration would change what came before `step`."""
    _refuse_changed_shape(old, new)
    if new.arms() != old.arms():
        raise ConfigError("minds and the names of treatments shape a run from its first step; start a new run")
    if resolve_world(old)[0] is not resolve_world(new)[0]:
        raise ConfigError("a branch stays in its world; start a new run for another one")
    for arm in new.arms():
        _refuse_changed_past_of(arm, old, new, step)


def _refuse_changed_shape(old: RunConfig, new: RunConfig) -> None:
    for name in ("population", "graph", "seeds", "memory", "presentation"):
        if getattr(new, name) != getattr(old, name):
            raise ConfigError(f"{name} shapes a run from its first step and cannot change in a branch")


def _refuse_changed_past_of(arm: Arm, old: RunConfig, new: RunConfig, step: int) -> None:
    kind, old_params = resolve_world(old, arm.treatment)
    _, new_params = resolve_world(new, arm.treatment)
    for name in sorted(old_params.fixed):
        if getattr(old_params, name) != getattr(new_params, name):
            raise ConfigError(f"world.{name} shapes the world when it is created and cannot change in a branch")
    old, new = config_under(old, arm.treatment), config_under(new, arm.treatment)
    _refuse_changed_shape(old, new)
    build_assignment(new, kind, arm.mind)
    old_interventions = build_interventions(kind, old_params, old.interventions, old.steps)
    for intervention in build_interventions(kind, new_params, new.interventions, new.steps):
        if intervention.step < step and intervention not in old_interventions:
            raise ConfigError(f"an intervention at step {intervention.step} would change what came before --at {step}")


def list_switches(segments: Sequence[Segment]) -> dict[int, tuple[RunConfig, RunConfig]]:
    """Return the steps at which a run changes its configuration, each with the configurations before and after."""
    return {later.from_step: (earlier.config, later.config) for earlier, later in pairwise(segments)}


def switch_config(worlds: Sequence[World[Any]], old: RunConfig, new: RunConfig) -> None:
    """Give running worlds the parameters, assignment and interventions in which a new configuration differs."""
    arms = [arm for arm in new.arms() for _ in new.seeds]
    for world, arm in zip(worlds, arms, strict=True):
        kind, before = resolve_world(old, arm.treatment)
        _, after = resolve_world(new, arm.treatment)
        changes = {name: getattr(after, name) for name in type(after).model_fields}
        world.change(**{name: value for name, value in changes.items() if getattr(before, name) != value})
        world.assign_minds(build_assignment(new, kind, arm.mind))
        world.scheduled = build_interventions(kind, after, config_under(new, arm.treatment).interventions, new.steps)
