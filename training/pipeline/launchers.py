"""Where the units of a stage run: in this process, or on a Ray cluster whose machines see the same folder.

Ray Core's tasks are used, not Ray Data's operators. Those put rows into blocks and pass blocks on, whereas a unit is
one task that writes files and a receipt, and that is retried, reported and blamed on its own.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any

from sandbox.errors import BackendError, ConfigError, SandboxError
from training.pipeline.folders import Unit
from training.pipeline.stages import Launcher, Receipt, Stage, Work, run_locally, run_unit

RETRIES = 3
"""How often a unit is restarted after its worker died."""


def resolve_launcher(name: str) -> Launcher:
    """Return the launcher of that name."""
    launchers: dict[str, Launcher] = {"local": run_locally, "ray": run_on_ray}
    return launchers[name]


def run_on_ray(folder: Path, stage: Stage, units: Sequence[Unit]) -> Iterator[tuple[str, Receipt]]:
    """Do every unit as a task on one core; a unit whose worker dies is restarted, on any machine.

    A unit's files get their names when it is done, so a unit that died leaves nothing that is read, and a unit that is
    done twice leaves the same files. The cluster is the one that `RAY_ADDRESS` names or that runs on this machine;
    otherwise one is started on this machine's cores, and ends with this process.
    """
    ray = _connect_ray()
    # Polars would start a thread for every core in each worker; a unit that runs alone may have them all.
    variables = {"POLARS_MAX_THREADS": "1"} if len(units) > 1 else {}
    task = ray.remote(max_retries=RETRIES, runtime_env={"env_vars": variables})(_run_remotely)
    settings, working_dir = ray.put(stage.settings), Path.cwd()
    pending: dict[Any, str] = {}
    for unit in units:
        unit_task = task.options(name=f"{stage.name} {unit.name}")
        pending[unit_task.remote(working_dir, folder, stage.name, stage.work, unit, settings)] = unit.name
    try:
        while pending:
            (finished, *_), _ = ray.wait(list(pending), num_returns=1)
            name = pending.pop(finished)
            yield name, _get_receipt(ray, finished, f"unit {name} of stage {stage.name}")
    finally:
        for reference in pending:
            ray.cancel(reference)


def _connect_ray() -> Any:
    """Return Ray, connected to a cluster and silent except for workers that die."""
    try:
        import ray
    except ModuleNotFoundError as error:
        raise ConfigError("launcher=ray needs Ray: pip install 'social-sandbox[ray]'") from error
    if not ray.is_initialized():
        try:
            ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        except ConnectionError as error:
            raise BackendError(f"launcher=ray finds no cluster; start one, or unset RAY_ADDRESS: {error}") from error
    return ray


def _run_remotely(
    working_dir: Path, folder: Path, stage: str, work: Work, unit: Unit, settings: Mapping[str, Any]
) -> Receipt | SandboxError:
    """Do a unit in a worker, where relative paths must mean what they mean in the launching process's `working_dir`.

    An error that the user can fix is returned, since Ray would print the traceback of one that is raised.
    """
    try:
        with chdir(working_dir):
            return run_unit(folder, stage, work, unit, settings)
    except SandboxError as error:
        return error


def _get_receipt(ray: Any, reference: Any, label: str) -> Receipt:
    """Return what a task returned, or raise its error as if it had been raised here."""
    try:
        result: Receipt | SandboxError = ray.get(reference)
    except ray.exceptions.RayTaskError:  # a bug of ours, with its traceback
        raise
    except ray.exceptions.RayError as error:
        raise BackendError(
            f"{label} was lost on the Ray cluster ({type(error).__name__}). Workers that keep dying usually run out of "
            "memory: lower records_per_bucket or give Ray fewer cores, then run the same command again; finished units "
            "are kept"
        ) from error
    if isinstance(result, SandboxError):
        raise result
    return result
