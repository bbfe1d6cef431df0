import pytest

from sandbox.composition import list_choices
from sandbox.errors import ConfigError
from training.corpus.config import load_corpus_config
from training.sources.platform import BASIC_FORMS, find_platform, shipped_platforms
from training.tasks.forms import PROMPTS, task_template


@pytest.mark.parametrize("name", shipped_platforms())
def test_a_shipped_platform_is_complete(name: str) -> None:
    platform = find_platform(name)
    assert platform.name == name
    assert name in list_choices("filters")
    assert task_template("thread", name).preamble == (PROMPTS / f"preamble_{name}.txt").read_text(encoding="utf-8")


def test_the_forms_of_the_platforms_are_those_that_are_capped() -> None:
    config = load_corpus_config(["sources=[tafeng]", "source.tafeng.path=pyproject.toml"])
    forms = frozenset[str]().union(*(find_platform(name).forms for name in shipped_platforms()))
    assert forms == set(config.tasks.caps)
    assert forms - BASIC_FORMS == {"purchase", "item_selection", "experience"}


@pytest.mark.parametrize(("name", "hint"), [("forums", "Did you mean 'forum'"), ("../forum", "platforms/../forum.py")])
def test_an_unknown_platform_is_named(name: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=f"unknown platform '{name}'.*{hint}"):
        find_platform(name)
