"""Where the units of a stage run: here, or on a Ray cluster that sees the same folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sandbox.errors import ConfigError
from training.stages import Launcher, Receipt, Stage, Unit, local, run_unit

RETRIES = 3
"""How often a unit is begun again whose worker died."""


def launcher_of(name: str) -> Launcher:
    """The launcher of that name."""
    known: dict[str, Launcher] = {"local": local, "ray": on_ray}
    return known[name]


def on_ray(folder: Path, stage: Stage, units: Sequence[Unit]) -> Iterator[tuple[str, Receipt]]:
    """Every unit as a Ray task; a unit whose worker dies is done again elsewhere.

    A unit writes its files under other names and renames them when it is done, so one that died leaves nothing, and
    one that is done twice leaves the same.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise ConfigError("launcher=ray needs Ray: pip install 'social-sandbox[ray]'") from error
    if not ray.is_initialized():
        ray.init(address="auto" if _cluster_is_up() else None, log_to_driver=False)
    remote: Any = ray.remote(max_retries=RETRIES)(run_unit)
    waiting = {remote.remote(folder, stage.name, stage.work, unit, stage.settings): unit[0] for unit in units}
    while waiting:
        (done, *_), _ = ray.wait(list(waiting), num_returns=1)
        yield waiting.pop(done), ray.get(done)


def _cluster_is_up() -> bool:
    """Whether this machine belongs to a cluster already (`ray start`), by what Ray itself looks at."""
    import os

    return "RAY_ADDRESS" in os.environ
