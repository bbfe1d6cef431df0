import re
import shlex
from pathlib import Path

import pytest

from sandbox.config import choices
from training.corpus import configured

README = Path(__file__).parents[3] / "training" / "README.md"


def commands() -> list[str]:
    """Commands of the blocks of the README that read a dump."""
    blocks = re.findall(r"```\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def test_every_kind_of_dump_has_a_command() -> None:
    named = {name for command in commands() for name in re.findall(r"sources=\[(\w+)\]", command)}
    assert named == {"reddit", "twitter", "blogger", "amazon", "table"} <= set(choices("source"))


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_readme_is_understood(command: str) -> None:
    python, module, package, verb, *overrides = shlex.split(command)
    assert (python, module, package, verb) == ("python", "-m", "training", "corpus")
    config = configured(overrides)
    assert config.source[config.sources[0]]["_target_"].startswith("training.sources.")
    assert config.rules["microblog"].row[2]["rule"] == "min_characters"
