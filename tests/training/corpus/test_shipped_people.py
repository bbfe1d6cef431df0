"""The people that ship with the project: no text of theirs is from the users that they are made from."""

import gzip
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.population_files import read_population
from sandbox.core.profile import Profile
from sandbox.paths import POPULATIONS_DIR

SHARED = Path(__file__).parents[4] / "shared/data"
SETS = ("reviews_amazon2023", "forum_*", "blog_*", "microblog_*")
FILES = sorted(path for pattern in SETS for path in SHARED.glob(f"{pattern}/*.jsonl.gz"))
RUN = 8
WORD = re.compile(r"[a-z0-9]+")

needs_the_logs = pytest.mark.skipif(not FILES, reason=f"needs the logs in {SHARED}, which are not ours")


def hash_runs(text: str) -> Iterator[int]:
    """Yield a hash of every `RUN` words in a row, whatever their case and punctuation."""
    words = WORD.findall(html.unescape(text).lower().replace("'", "").replace("’", ""))
    for start in range(len(words) - RUN + 1):
        yield hash(tuple(words[start : start + RUN]))


def list_texts(person: Profile) -> list[str]:
    return [person.persona, person.profile, person.writing_style, *person.stories]


@pytest.fixture(scope="module")
def people() -> list[Profile]:
    return read_population(POPULATIONS_DIR / "genome.parquet")


@needs_the_logs
def test_no_eight_words_in_a_row_are_from_a_source(people: list[Profile]) -> None:
    person_of_run = {run: person.id for person in people for text in list_texts(person) for run in hash_runs(text)}
    assert len(person_of_run) > 50_000
    copied: list[tuple[str, str]] = []
    for path in FILES:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for row in map(json.loads, file):
                texts = (row.get(name) or "" for name in ("text", "title", "product", "parent_text", "thread_title"))
                copied += [
                    (person_of_run[run], path.parent.name)
                    for text in texts
                    for run in hash_runs(text)
                    if run in person_of_run
                ]
    assert copied == []


def test_a_copied_run_would_be_found() -> None:
    sentence = "I bought this for my cat, and she LOVES it!"
    assert set(hash_runs(f"You once wrote: {sentence}")) & set(hash_runs(f"Great. {sentence} Buy it."))


@needs_the_logs
def test_no_id_of_a_source_is_in_them(people: list[Profile]) -> None:
    content = (POPULATIONS_DIR / "genome.parquet").read_bytes() + repr(people).encode()
    users: set[str] = set()
    for path in FILES:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            users.update(json.loads(line)["user"] for line in file)
    assert len(users) > 5000
    assert not [user for user in users if user.split("_")[1].encode() in content]
