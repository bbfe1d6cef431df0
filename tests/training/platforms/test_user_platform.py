"""A platform of a user's own: one Python file and one YAML file, from its raw file to its people and tasks."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl
import pytest

from sandbox.core.profile import Profile
from sandbox.errors import ConfigError
from tests.training.logs import FRAMES, WORDS
from training.corpus.build import build_corpus, list_stages
from training.corpus.config import load_corpus_config
from training.corpus.export import export_corpus
from training.pipeline.folders import Folders
from training.pipeline.funnel import Count
from training.sources.platform import find_platform

PYTHON = '''
"""Guestbooks: short entries about a place, one `user|unix seconds|place|text` a line."""

from pathlib import Path

from training.persons.poster_templates import Medium
from training.persons.profiles import PosterProfiles
from training.sources.lines import decode_text
from training.sources.platform import BASIC_FORMS, Platform
from training.sources.record import RECORD, frame
from training.sources.source import Source, resolve_paths

PLATFORM = Platform(
    "guestbook",
    PosterProfiles(Medium("the guestbooks of inns", "entries", preposition="about", has_replies=False)),
    forms=BASIC_FORMS - {"type3", "type4"},
    prompts={
        "preamble": "You are playing one real guest of an inn.",
        "post": "Write into the guestbook of {{ place }}:",
    },
)


class Guestbook(Source):
    platform: str = "guestbook"
    paths: list[str]

    def files(self):
        return resolve_paths(self.paths, Path(), "source.inns.paths")

    def read_file(self, path, rejects):
        rows = [line.split("|") for line in decode_text(path.read_bytes()).splitlines()]
        user, time, place, text = (list(column) for column in zip(*rows))
        yield "record", frame(
            RECORD,
            {
                "source": self.name, "platform": self.platform, "kind": "post",
                "id": [f"{path.name}/{number}" for number in range(len(rows))],
                "user": user, "time": [int(second) for second in time], "category": place, "text": text,
            },
        )
'''
YAML = """
# @package _global_
# Entries in the guestbooks of inns
sources: [inns]
source:
  inns: {_target_: platforms.guestbook.Guestbook, name: inns, paths: [inns.txt]}
filters:
  guestbook:
    rules: [{rule: known_author}, {rule: has_time}]
    k_core:
      titled_items: false
      one_per_item: false
      top_items_share: 1.0
      min_posts: 0
      needs_answered: false
      min_records: 3
      user_core: 0
      item_core: 0
      per_category: false
      max_users: null
      max_records: null
corpus_dir: corpus
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Write the platform and a raw file into a folder, and work there."""
    (tmp_path / "platforms").mkdir()
    (tmp_path / "platforms" / "guestbook.py").write_text(PYTHON, encoding="utf-8")
    (tmp_path / "conf" / "corpus").mkdir(parents=True)
    (tmp_path / "conf" / "corpus" / "guestbook.yaml").write_text(YAML.lstrip(), encoding="utf-8")
    communities = [*WORDS]
    entries = [
        f"guest_{user}|{1_500_000_000 + 90_000 * number + user}|{community}|"
        + " ".join(
            frame.format(WORDS[community][(number + user) % 10], WORDS[community][(3 * number + index) % 10])
            for index, frame in enumerate(FRAMES)
        )
        for user in range(6)
        for number in range(10)
        for community in [communities[(user + number // 5) % 3]]
    ]
    (tmp_path / "inns.txt").write_text("\n".join(entries), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    find_platform.cache_clear()
    for name in ("platforms.guestbook", "platforms"):
        sys.modules.pop(name, None)


def test_a_user_adds_a_platform_in_two_files(folder: Path) -> None:
    config = load_corpus_config(["corpus=guestbook", "secret=inn", "splits.shares={train: 1, val: 0, test: 0}"])
    counts = build_corpus(config)
    export_corpus(config, counts)
    assert Count("read", "inns", "records", "out", 60) in counts
    folders = Folders(folder / "corpus")
    people = folders.scan("quality", "person").filter(pl.col("self") == "latest").collect()
    profiles = [msgspec.json.decode(text, type=Profile) for text in people["profile"]]
    assert [profile.platform for profile in profiles] == ["guestbook"] * 6
    assert all("the guestbooks of inns" in profile.persona for profile in profiles)
    tasks = folders.scan("tasks", "task").collect()
    assert {"post", "type1", "type2"} >= set(tasks["form"]) >= {"post", "type2"}
    posts = [json.loads(chat) for chat in tasks.filter(pl.col("form") == "post")["messages"]]
    assert all(chat[0]["content"].startswith("You are playing one real guest of an inn.") for chat in posts)
    assert all(any(f"guestbook of {place}:" in chat[1]["content"] for place in WORDS) for chat in posts)
    assert (folder / "corpus" / "tasks" / "train.jsonl").stat().st_size > 0


def test_an_edit_to_the_platform_rebuilds_what_it_reads(folder: Path) -> None:
    (folder / "corpus").mkdir()
    (folder / "corpus" / "secret.key").touch()
    stages = list_stages(load_corpus_config(["corpus=guestbook"]))
    before = [stage.key() for stage in stages]
    with (folder / "platforms" / "guestbook.py").open("a", encoding="utf-8") as file:
        file.write("# edited\n")
    assert not set(before) & {stage.key() for stage in stages}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("PLATFORM = None", "platforms.guestbook must declare PLATFORM = Platform"),
        (PYTHON.replace('"guestbook",', '"inn",'), "must declare PLATFORM"),
    ],
)
def test_a_module_without_its_platform_is_named(folder: Path, source: str, message: str) -> None:
    reader = PYTHON.partition("class Guestbook")[2]
    header = PYTHON.partition("PLATFORM =")[0]
    text = source if "class" in source else f"{header}{source}\n\n\nclass Guestbook{reader}"
    (folder / "platforms" / "guestbook.py").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load_corpus_config(["corpus=guestbook"])


def test_a_platform_without_filters_is_named(folder: Path) -> None:
    path = folder / "conf" / "corpus" / "guestbook.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.partition("filters:")[0], encoding="utf-8")
    with pytest.raises(ConfigError, match=r"unknown filters 'guestbook'.*conf/filters/guestbook\.yaml"):
        load_corpus_config(["corpus=guestbook"])
