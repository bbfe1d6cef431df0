"""Every setting that a document or a message names can be set, and a name that does not exist is named."""

import re
from pathlib import Path

import pytest

from sandbox.errors import ConfigError
from training.corpus.config import load_corpus_config

ROOT = Path(__file__).parents[3]
NAMED = r"`\+?((?:source|filters|clean|splits|tasks|synthesis|judge)\.[A-Za-z_.0-9]*[a-z0-9])[`=]"
"""A setting of a corpus in a document."""
SOURCES = "sources=[reddit,table,twitter,tafeng]"
ALL_SOURCES = "sources=[reddit,table,twitter,tafeng,amazon]"
FILES = ("source.twitter.paths=[a.js]", "source.table.paths=[a.csv]", "source.table.platform=microblog")


def list_named_settings() -> list[str]:
    """Return the settings that the documents name, for some source or platform where they name none.

    Pages that are generated from the settings themselves, and may be there or not, are left out.
    """
    written = [path for path in sorted((ROOT / "docs").rglob("*.md")) if not {"reference", "_build"} & {*path.parts}]
    pages = [ROOT / "training" / "README.md", *written]
    names = {name for page in pages for name in re.findall(NAMED, page.read_text(encoding="utf-8"))}
    return sorted(name.replace("NAME", "reddit").replace("PLATFORM", "forum") for name in names)


def test_documents_name_settings() -> None:
    assert {"source.reddit.max_reject_share", "source.reddit.earliest", "splits.shares"} <= set(list_named_settings())


@pytest.mark.parametrize("setting", list_named_settings())
def test_a_setting_that_a_document_names_can_be_set(setting: str) -> None:
    values = {
        "shares": "{train: 1, val: 0, test: 0}",
        "earliest": "2010-01-01",
        "citation": "Mine (2026)",
        "rating_scale": "[0,10]",
        "path": "log.zip",
        "per_user": "3",
    }
    value = values.get(setting.rpartition(".")[2], "0.5")
    load_corpus_config([ALL_SOURCES, *FILES, f"{setting}={value}"])


@pytest.mark.parametrize(
    "override",
    [
        "source.reddit.max_reject_share=0.5",
        "+source.reddit.max_reject_share=0.5",
        "source.reddit.earliest=2010-01-01",
        "source.twitter.licence=mine",
        "source.table.rating_scale=[0,10]",
        "source.table.not_rated=[0]",
        "source.table.space_character=_",
        "source.table.time_unit=ns",
        "source.table.columns={user: author, time: when, text: body, stars: rating}",
        "source.table.columns.stars=rating",
        "source.tafeng.path=log.zip",
    ],
)
def test_a_setting_with_a_default_needs_no_plus(override: str) -> None:
    load_corpus_config([SOURCES, *FILES, override])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("source.redit.submissions=[x]", "unknown source 'redit'.*Did you mean 'reddit'"),
        ("source.amazon.reviews=[x]", "unknown source 'amazon'; there is reddit, table, tafeng, twitter"),
        ("+source.redit.submissions=[x]", "unknown source 'redit'"),
        ("source.reddit.max_reject_shar=0.5", r"source\.reddit\.max_reject_shar: .*Did you mean 'max_reject_share'"),
        ("source.reddit.max_reject_share=2", r"source\.reddit\.max_reject_share: .*less than or equal to 1"),
        ("source.table.columns.starz=rating", "unknown field 'starz'.*Did you mean 'stars'"),
        ("source.reddit.earliest=soon", r"source\.reddit\.earliest"),
        ("splits.sharez=1", "unknown setting 'sharez'.*Did you mean 'shares'"),
    ],
)
def test_a_name_that_does_not_exist_is_named(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_corpus_config([SOURCES, *FILES, override])


def test_a_setting_reaches_the_source() -> None:
    config = load_corpus_config([SOURCES, *FILES, "source.reddit.max_reject_share=0.5"])
    assert config.source["reddit"]["max_reject_share"] == 0.5


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("splits.shares={train: 8, val: 1, test: 1}", "less than or equal to 1"),
        ("splits.shares={train: 0.5, val: 0.1, test: 0.1}", "must add up to 1, found 0.7"),
        ("splits.shares={train: 0, val: 0, test: 0}", "must add up to 1, found 0"),
        ("splits.shares={train: 1.5, val: -0.5, test: 0}", "greater than or equal to 0"),
        ("seed=-1", "greater than or equal to 0"),
        ("source.table.rating_scale=[0,inf]", "both finite"),
        ("source.table.rating_scale=[nan,5]", "both finite"),
    ],
)
def test_a_value_that_would_give_something_else_is_refused(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_corpus_config([SOURCES, *FILES, override])


@pytest.mark.parametrize("override", ["source=table", "+source=table"])
def test_a_source_that_is_chosen_like_a_group_is_one_sentence(override: str) -> None:
    """Explaining it once more and once more took minutes."""
    with pytest.raises(ConfigError, match=r"a corpus has several; write sources=\[table\]"):
        load_corpus_config([override, "source.table.files=[x.csv]"])
