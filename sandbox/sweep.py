"""`run -m`: Hydra's sweeper and launchers run one job for each combination of values."""

import sys
from collections.abc import Callable
from typing import Any

from sandbox.paths import CONF_DIR


def sweep(overrides: list[str], job: Callable[[list[str]], int]) -> int:
    """Run `job` with the overrides of every combination; returns 1 where one of them failed, else 0.

    A failed job raises: a launcher may run it in another process, from which only its exception comes back.
    """
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import CompactHydraException

    def run_one(_: Any) -> None:
        chosen = list(HydraConfig.get().overrides.task)
        print(f"\n== {' '.join(chosen)}", file=sys.stderr)
        if job(chosen):
            raise CompactHydraException(f"the sweep is not whole: {' '.join(chosen)} failed")

    sys.argv = ["sandbox", "-m", *overrides]
    try:
        hydra.main(config_path=str(CONF_DIR), config_name="config", version_base="1.3")(run_one)()
    except SystemExit:  # Hydra has said why
        return 1
    return 0
