"""An error about settings shows what is wrong, and is short however long the settings are."""

import pytest

from sandbox.errors import SandboxError
from sandbox.runtime.assembly import build_worlds, check_minds
from sandbox.runtime.config import load_run_config

LONG = "x" * 4000


@pytest.mark.parametrize(
    "overrides",
    [
        [LONG],
        [f"world={LONG}"],
        [f"steps={LONG}"],
        [f"steps=[{'1,' * 2000}"],
        [f"{LONG}=1"],
        [f"mind._target_={LONG}"],
        ["treatments={" + ",".join(f"t{number}: 1" for number in range(300)) + "}"],
        [f"minds=[{LONG}]"],
        [f"primary=[{LONG}]"],
        [f"graph=stochastic_block graph.by={LONG}"],
        ["interventions=[" + ",".join("{do: message, step: a}" for _ in range(200)) + "]"],
        ["~steps"],
        ["~world"],
    ],
)
def test_an_error_is_no_longer_than_what_it_says(overrides: list[str]) -> None:
    with pytest.raises(SandboxError) as caught:
        config = load_run_config(["world=rumor", "mind=rule", "population.size=8", *overrides])
        build_worlds(config)
        check_minds(config)
    assert len(str(caught.value)) < 1000
