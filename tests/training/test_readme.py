import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from sandbox.config import choices
from training import corpus, merge, ship
from training.evaluate import run
from training.sft import config as sft
from training.tasks.example import TASK

README = Path(__file__).parents[2] / "training" / "README.md"
CONFIGURED = {
    "corpus": corpus.configured,
    "sft": sft.configured,
    "merge": merge.configured,
    "evaluate": run.configured,
    "all": ship.configured,
}


def blocks(language: str = "") -> list[str]:
    """The README's blocks in a language; commands are in none."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [block for name, block in found if name == language]


def commands() -> list[str]:
    """Commands of the README's blocks."""
    lines = (line for block in blocks() for line in block.replace("\\\n", " ").splitlines())
    return [line.removeprefix("RAY_ADDRESS=auto ") for line in lines if not line.startswith("pip ")]


def test_every_kind_of_dump_and_every_step_has_a_command() -> None:
    named = {name for command in commands() for name in re.findall(r"sources=\[(\w+)\]", command)}
    assert {"reddit", "twitter", "blogger", "amazon", "table"} <= named <= set(choices("source"))
    assert {shlex.split(command)[3] for command in commands()} == set(CONFIGURED)


def test_other_trainers_are_told_the_fields_that_tasks_have() -> None:
    (info,), (axolotl,) = (json.loads(one) for one in blocks("json")), (yaml.safe_load(one) for one in blocks("yaml"))
    (entry,) = axolotl["datasets"]
    assert {entry["field_messages"], *info["social"]["columns"].values()} == {"messages"} <= set(TASK)
    tags = info["social"]["tags"]
    assert {tags["role_tag"], tags["content_tag"]} == {"role", "content"} == set(entry["message_property_mappings"])
    assert {tags["user_tag"], tags["assistant_tag"], tags["system_tag"]} == {"user", "assistant", "system"}


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_readme_is_understood(command: str) -> None:
    python, module, package, verb, *overrides = shlex.split(command)
    assert (python, module, package) == ("python", "-m", "training")
    config = CONFIGURED[verb](overrides)
    if isinstance(config, corpus.CorpusConfig):
        assert config.source[config.sources[0]]["_target_"].startswith("training.sources.")
        assert config.rules["microblog"].row[2]["rule"] == "min_characters"
