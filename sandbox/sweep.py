"""`run -m`: Hydra's sweeper and launchers run one job for each combination of values."""

import sys
from collections.abc import Callable
from typing import Any

from sandbox.paths import CONF_DIR


def sweep(overrides: list[str], job: Callable[[list[str]], int]) -> int:
    """Run `job` with the overrides of every combination; returns the highest exit code."""
    import hydra
    from hydra.core.hydra_config import HydraConfig

    codes: list[int] = []

    def run_one(_: Any) -> None:
        chosen = list(HydraConfig.get().overrides.task)
        print(f"\n== {' '.join(chosen)}", file=sys.stderr)
        codes.append(job(chosen))

    sys.argv = ["sandbox", "-m", *overrides]
    hydra.main(config_path=str(CONF_DIR), config_name="config", version_base="1.3")(run_one)()
    return max(codes, default=1)
