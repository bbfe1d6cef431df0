import re
import shlex
from pathlib import Path

import pytest

from sandbox.config import choices
from training import corpus, merge, ship
from training.evaluate import run
from training.sft import config as sft

README = Path(__file__).parents[2] / "training" / "README.md"
CONFIGURED = {
    "corpus": corpus.configured,
    "sft": sft.configured,
    "merge": merge.configured,
    "evaluate": run.configured,
    "all": ship.configured,
}


def commands() -> list[str]:
    """Commands of the README's blocks."""
    blocks = re.findall(r"```\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    lines = (line for block in blocks for line in block.replace("\\\n", " ").splitlines())
    return [line for line in lines if not line.startswith("pip ")]


def test_every_kind_of_dump_and_every_step_has_a_command() -> None:
    named = {name for command in commands() for name in re.findall(r"sources=\[(\w+)\]", command)}
    assert {"reddit", "twitter", "blogger", "amazon", "table"} <= named <= set(choices("source"))
    assert {shlex.split(command)[3] for command in commands()} == set(CONFIGURED)


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_readme_is_understood(command: str) -> None:
    python, module, package, verb, *overrides = shlex.split(command)
    assert (python, module, package) == ("python", "-m", "training")
    config = CONFIGURED[verb](overrides)
    if isinstance(config, corpus.CorpusConfig):
        assert config.source[config.sources[0]]["_target_"].startswith("training.sources.")
        assert config.rules["microblog"].row[2]["rule"] == "min_characters"
