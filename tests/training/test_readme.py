import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from sandbox.composition import list_choices
from training.corpus.config import CorpusConfig, load_corpus_config
from training.evaluation.run import load_evaluate_config
from training.finetuning.config import load_sft_config
from training.finetuning.merge import load_merge_config
from training.release.ship import load_release_config
from training.tasks.forms import TASK

README = Path(__file__).parents[2] / "training" / "README.md"
LOADERS = {
    "corpus": load_corpus_config,
    "sft": load_sft_config,
    "merge": load_merge_config,
    "evaluate": load_evaluate_config,
    "all": load_release_config,
}


def list_blocks(language: str = "") -> list[str]:
    """Return the README's blocks in a language; commands are in none."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [block for name, block in blocks if name == language]


def list_commands() -> list[str]:
    """Return the commands of the README's blocks."""
    lines = (line for block in list_blocks() for line in block.replace("\\\n", " ").splitlines())
    return [line.removeprefix("RAY_ADDRESS=auto ") for line in lines if not line.startswith("pip ")]


def test_every_kind_of_dump_and_every_step_has_a_command() -> None:
    sources = {name for command in list_commands() for name in re.findall(r"sources=\[(\w+)\]", command)}
    assert {"reddit", "twitter", "blogger", "amazon", "table"} <= sources <= set(list_choices("source"))
    assert {shlex.split(command)[3] for command in list_commands()} == set(LOADERS)


def test_other_trainers_are_given_the_fields_that_tasks_have() -> None:
    (info,), (axolotl,) = map(json.loads, list_blocks("json")), map(yaml.safe_load, list_blocks("yaml"))
    (entry,) = axolotl["datasets"]
    assert {entry["field_messages"], *info["social"]["columns"].values()} == {"messages"} <= set(TASK)
    tags = info["social"]["tags"]
    assert {tags["role_tag"], tags["content_tag"]} == {"role", "content"} == set(entry["message_property_mappings"])
    assert {tags["user_tag"], tags["assistant_tag"], tags["system_tag"]} == {"user", "assistant", "system"}


@pytest.mark.parametrize("command", list_commands())
def test_a_command_of_the_readme_is_understood(command: str) -> None:
    python, module, package, verb, *overrides = shlex.split(command)
    assert (python, module, package) == ("python", "-m", "training")
    config = LOADERS[verb](overrides)
    if isinstance(config, CorpusConfig):
        assert config.source[config.sources[0]]["_target_"].startswith("training.sources.")
        assert config.filters["microblog"].rules[2]["rule"] == "min_characters"


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`([a-z_]+/[a-z_]+\.py)`", README.read_text(encoding="utf-8"))))
)
def test_a_file_that_the_readme_names_exists(path: str) -> None:
    assert (README.parent / path).is_file() or (README.parents[1] / path).is_file()
