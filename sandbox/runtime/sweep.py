"""`run -m`: Hydra's sweeper and launchers run one job for each combination of values."""

import sys
from collections.abc import Callable
from typing import Any

from sandbox.composition import search_path
from sandbox.paths import CONF_DIR


def sweep(overrides: list[str], job: Callable[[list[str]], int]) -> int:
    """Run `job` with the overrides of every combination; return 1 if one of them failed, else 0.

    A failed job raises: a launcher may run it in another process, from which only its exception comes back.
    """
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import CompactHydraException

    def run_one(_: Any) -> None:
        combination = list(HydraConfig.get().overrides.task)
        print(f"\n== {' '.join(combination)}", file=sys.stderr)
        if job(combination):
            raise CompactHydraException(f"the sweep is incomplete: {' '.join(combination)} failed")

    sys.argv = ["sandbox", "-m", *search_path(), *overrides]
    try:
        hydra.main(config_path=str(CONF_DIR), config_name="config", version_base="1.3")(run_one)()
    except SystemExit:  # Hydra has printed the reason
        return 1
    return 0
