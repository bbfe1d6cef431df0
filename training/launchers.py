"""Where the units of a stage run: here, or on a Ray cluster whose machines see the same folder.

Ray Core's tasks, not Ray Data's operators: those put rows into blocks and pass blocks on, whereas a unit is one task
that writes files and a receipt, and is to be retried, told of and found faulty by itself.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any

from sandbox.errors import BackendError, ConfigError, SandboxError
from training.stages import Launcher, Receipt, Stage, Unit, Work, local, run_unit

RETRIES = 3
"""How often a unit is begun again whose worker died."""


def launcher_of(name: str) -> Launcher:
    """The launcher of that name."""
    known: dict[str, Launcher] = {"local": local, "ray": on_ray}
    return known[name]


def on_ray(folder: Path, stage: Stage, units: Sequence[Unit]) -> Iterator[tuple[str, Receipt]]:
    """Every unit as a task on one core; a unit whose worker dies is begun again, on any machine.

    A unit's files get their names when it is done, so one that died leaves nothing that is read, and one that is done
    twice leaves the same. The cluster is the one that `RAY_ADDRESS` names or that runs on this machine, or else one of
    this machine's cores, which ends with this process.
    """
    ray = _connected()
    # Polars would start a thread for every core in each worker; a unit that is alone may have them all.
    variables = {"POLARS_MAX_THREADS": "1"} if len(units) > 1 else {}
    task = ray.remote(max_retries=RETRIES, runtime_env={"env_vars": variables})(_run_there)
    settings, here = ray.put(stage.settings), Path.cwd()
    waiting: dict[Any, str] = {}
    for unit in units:
        named = task.options(name=f"{stage.name} {unit[0]}")
        waiting[named.remote(here, folder, stage.name, stage.work, unit, settings)] = unit[0]
    try:
        while waiting:
            (done, *_), _ = ray.wait(list(waiting), num_returns=1)
            name = waiting.pop(done)
            yield name, _receipt_of(ray, done, f"unit {name} of stage {stage.name}")
    finally:
        for one in waiting:
            ray.cancel(one)


def _connected() -> Any:
    """Ray, connected to a cluster and silent but for workers that die."""
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


def _run_there(
    here: Path, folder: Path, stage: str, work: Work, unit: Unit, settings: Mapping[str, Any]
) -> Receipt | SandboxError:
    """`run_unit` in a worker, for which relative paths shall mean what they mean `here`.

    An error that the user can mend is handed back, since Ray would show the traceback of one that is raised.
    """
    try:
        with chdir(here):
            return run_unit(folder, stage, work, unit, settings)
    except SandboxError as error:
        return error


def _receipt_of(ray: Any, task: Any, what: str) -> Receipt:
    """What a task returned, or its error as if it had been raised here."""
    try:
        result: Receipt | SandboxError = ray.get(task)
    except ray.exceptions.RayTaskError:  # a bug of ours, with its traceback
        raise
    except ray.exceptions.RayError as error:
        raise BackendError(
            f"{what} was lost on the Ray cluster ({type(error).__name__}); workers that keep dying mostly lack memory: "
            "lower records_per_bucket or give Ray fewer cores, then run the same command again: what is done is kept"
        ) from error
    if isinstance(result, SandboxError):
        raise result
    return result
