"""An error about settings shows what is wrong, and is short however long the settings are."""

import re

import pytest

from sandbox.cli.main import main
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
        ["treatments={a/b: {}}"],
        ["treatments={../x: {}, b: {}}"],
        ["treatments.a/b.first=2"],
        [f"+mind@extra_minds.{LONG}=rule"],
        ["interventions=" + "[" * 200 + "]" * 200],
        ["world._target_=sys.modules"],
        ["graph._target_=sys.modules"],
        ["population._target_=sys.modules"],
        ["steps=9999999999999999999999"],
        ["steps=1e9"],
        ["seeds=[9999999999999999999999]"],
        ["null_worlds=1000000000"],
        ["population.size=1000000000"],
    ],
)
def test_an_error_is_no_longer_than_what_it_says(overrides: list[str]) -> None:
    with pytest.raises(SandboxError) as caught:
        config = load_run_config(["world=rumor", "mind=rule", "population.size=8", *overrides])
        build_worlds(config)
        check_minds(config)
    assert len(str(caught.value)) < 600


def test_a_path_of_any_length_is_cut_in_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "world=rumor", "mind=rule", "graph=from_file", f"graph.path={LONG}.csv"]) == 1
    assert re.fullmatch(
        r"error: graph file x{200}\.\.\. cannot be read as .csv: File name too long\n", capsys.readouterr().err
    )
