import json
import signal
import subprocess
import sys
from collections import Counter
from itertools import product
from pathlib import Path
from shutil import copytree
from typing import Any

import msgspec
import polars as pl
import pytest

from agents.population import read_population
from sandbox.errors import ConfigError
from training.cli import main
from training.corpus import build, configured, stages_of
from training.funnel import Count
from training.out import write_out
from training.tasks.example import Asked, chat_of, question_of
from training.tasks.reading import FORMS

from .logs import digests, write_logs

ROOT = Path(__file__).parents[2]


def made(folder: Path, overrides: list[str]) -> list[Count]:
    """Build a corpus in `folder`; returns its funnel."""
    config = configured([*overrides, f"corpus_dir={folder}"])
    counts = build(config)
    write_out(config, counts)
    return counts


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], list[Count]]:
    """A corpus of made-up logs, the overrides that made it, and its funnel."""
    home = tmp_path_factory.mktemp("corpus")
    overrides = write_logs(home)
    return home / "genome", overrides, made(home / "genome", overrides)


def test_logs_become_people_that_a_run_accepts(corpus: tuple[Path, list[str], list[Count]]) -> None:
    folder, _, _ = corpus
    people = read_population(folder / "people.parquet")
    assert Counter(one.platform for one in people) == {"forum": 12, "reviews": 12}
    assert {place for one in people for place in one.tastes} == {"Gardening", "Cycling", "Cooking", "Tools"}
    assert all(one.star_shares and one.budget > 5 for one in people if one.platform == "reviews")
    assert "gardener" not in "".join(repr(one) for one in people)


def test_comments_know_what_they_answer_and_reviews_their_product(corpus: tuple[Path, list[str], list[Count]]) -> None:
    folder, _, _ = corpus
    rows = pl.scan_parquet(folder / "clean" / "record" / "*.parquet").collect()
    comments, reviews = rows.filter(pl.col("kind") == "comment"), rows.filter(pl.col("kind") == "review")
    assert comments["title"].str.starts_with("A question about").all()
    assert set(comments["context"]) <= set(rows.filter(pl.col("kind") == "post")["text"].str.slice(0, 500))
    assert reviews["context"].str.starts_with("Sturdy thing").all()
    assert reviews["price"].null_count() == 0


def test_every_record_is_kept_or_its_loss_is_counted(corpus: tuple[Path, list[str], list[Count]]) -> None:
    _, _, counts = corpus
    cases = product(("filter", "core", "clean", "split"), ("reddit", "amazon"), ("records", "users"))
    for stage, source, what in [*cases, *product(("filter", "core"), ("reddit", "amazon"), ("items",))]:
        mine = {one.reason: one.number for one in counts if (one.stage, one.source, one.what) == (stage, source, what)}
        left = ("out", "train", "val", "test") if what == "users" else ("out", "train", "val", "test", "seen")
        lost = sum(number for reason, number in mine.items() if reason not in ("in", "seen", *left))
        assert mine["in"] - lost == sum(mine.get(reason, 0) for reason in left) > 0, (stage, source, what, mine)


def test_what_one_stage_leaves_enters_the_next(corpus: tuple[Path, list[str], list[Count]]) -> None:
    _, _, counts = corpus
    known = {(one.stage, one.source, one.what, one.reason): one.number for one in counts}
    for source, what in product(("reddit", "amazon"), ("records", "users", "items")):
        for stage, following in (("read", "filter"), ("filter", "core")):
            assert known[stage, source, what, "out"] == known[following, source, what, "in"], (stage, source, what)


def tasks_of(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Lines of every file of tasks, by split."""
    files = sorted((folder / "tasks").glob("*.jsonl"))
    return {path.stem: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in files}


def test_tasks_are_chats_about_what_people_of_their_split_did(corpus: tuple[Path, list[str], list[Count]]) -> None:
    folder, _, counts = corpus
    tasks = tasks_of(folder)
    split_of = {one.id: one.split for one in read_population(folder / "people.parquet")}
    forms = Counter(row["form"] for rows in tasks.values() for row in rows)
    sandbox = {"stars", "verdict", "review", "reply", "answer", "post", "purchase", "thread", *FORMS}
    assert set(forms) == {*sandbox, "personalized_comment", "item_selection", "type1", "type2", "type3", "type4"}
    built = sum(one.number for one in counts if (one.stage, one.what) == ("tasks", "tasks"))
    assert built == sum(forms.values())
    for split, rows in tasks.items():
        for row in rows:
            assert row["split"] == split
            assert split_of[row["user"]] == split.replace("seen", "train")
            assert [one["role"] for one in row["messages"][-2:]] == ["user", "assistant"]
            assert all(one["content"] for one in row["messages"])


def test_the_files_of_tasks_are_chats_to_trl(corpus: tuple[Path, list[str], list[Count]], tmp_path: Path) -> None:
    from datasets import Dataset
    from trl.data_utils import is_conversational

    path = corpus[0] / "tasks" / "train.jsonl"
    rows: Any = Dataset.from_json(str(path), cache_dir=str(tmp_path))
    assert len(rows) == len(path.read_text(encoding="utf-8").splitlines())
    assert is_conversational(rows[0])


def test_the_question_of_a_task_is_its_chat_and_nobody_elses(corpus: tuple[Path, list[str], list[Count]]) -> None:
    folder, _, _ = corpus
    people = {one.id: one for one in read_population(folder / "people.parquet")}
    differing = 0
    for row in tasks_of(folder)["test"]:
        if row["family"] == "sandbox":
            asked = msgspec.json.decode(row["question"], type=Asked)
            assert chat_of(question_of(asked, people[row["user"]])) == row["messages"][:-1]
            other = next(one for one in people.values() if one.id != row["user"] and one.platform == row["platform"])
            differing += chat_of(question_of(asked, other)) != row["messages"][:-1]
    assert differing > 10


def test_no_more_tasks_are_written_than_wanted(corpus: tuple[Path, list[str], list[Count]], tmp_path: Path) -> None:
    folder, overrides, _ = corpus
    copytree(folder, tmp_path / "capped")
    made(tmp_path / "capped", [*overrides, "tasks.caps.stars=5", "tasks.held_out_cap=2"])
    tasks, whole = tasks_of(tmp_path / "capped"), tasks_of(folder)
    assert Counter(row["form"] for row in tasks["train"])["stars"] == 5
    per_platform = Counter((row["form"], row["platform"]) for row in tasks["test"])
    assert max(per_platform.values()) == 2
    assert all(row in whole["train"] for row in tasks["train"])


def test_the_report_and_the_card_name_every_source(corpus: tuple[Path, list[str], list[Count]]) -> None:
    folder, _, _ = corpus
    for name in ("funnel.html", "funnel.csv", "card.md"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "reddit" in text
        assert "amazon" in text


def test_the_same_logs_and_secret_make_the_same_corpus(
    corpus: tuple[Path, list[str], list[Count]], tmp_path: Path
) -> None:
    folder, overrides, _ = corpus
    made(tmp_path / "again", overrides)
    assert digests(tmp_path / "again") == digests(folder)


def test_a_corpus_that_is_there_is_not_made_again(corpus: tuple[Path, list[str], list[Count]]) -> None:
    folder, overrides, counts = corpus
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet") if path.parent != folder}
    assert made(folder, overrides) == counts
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_changed_rule_redoes_what_hangs_on_it_only(corpus: tuple[Path, list[str], list[Count]]) -> None:
    folder, overrides, _ = corpus
    plain = {stage.name: stage.key() for stage in stages_of(configured([*overrides, f"corpus_dir={folder}"]))}
    config = configured([*overrides, f"corpus_dir={folder}", "min_history=4"])
    changed = {stage.name for stage in stages_of(config) if stage.key() != plain[stage.name]}
    assert changed == {"persons", "quality", "tasks"}


def test_another_secret_for_the_same_folder_is_refused(corpus: tuple[Path, list[str], list[Count]]) -> None:
    folder, overrides, _ = corpus
    with pytest.raises(ConfigError, match="another key"):
        made(folder, [*overrides, "secret=coffee"])


KILLER = """
import os, signal, sys
from training import cli, out, stages

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def then_killed(tables):
    yield next(iter(tables))
    kill()

stage, run_unit, part = sys.argv[1], stages.run_unit, out._part
if stage == "out":
    out._part = lambda *parts: (part(*parts), kill())
stages.run_unit = lambda folder, name, work, unit, settings: run_unit(
    folder, name, (lambda *parts: then_killed(work(*parts))) if name == stage else work, unit, settings
)
cli.main(sys.argv[2:])
"""
"""Runs the command, and is killed in the midst of a stage, when the first piece of its first table was handed over."""


def test_a_pipeline_killed_in_every_stage_comes_to_the_same_corpus(
    corpus: tuple[Path, list[str], list[Count]], tmp_path: Path
) -> None:
    folder, overrides, _ = corpus
    command = ["corpus", *overrides, f"corpus_dir={tmp_path / 'killed'}"]
    for stage in [*(one.name for one in stages_of(configured(command[1:]))), "out"]:
        killed = subprocess.run(
            [sys.executable, "-c", KILLER, stage, *command], cwd=ROOT, capture_output=True, check=False
        )
        assert killed.returncode == -signal.SIGKILL, (stage, killed.stderr)
    assert main(command) == 0
    assert digests(tmp_path / "killed") == digests(folder)
    assert {path.name for path in (tmp_path / "killed").iterdir()} == {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ([], "sources is empty"),
        (["sources=[redit]"], "Did you mean 'reddit'"),
        (["sources=[reddit]", "source.reddit.submissions=[/nowhere/RS.zst]"], "nothing at '/nowhere/RS.zst'"),
        (["sources=[reddit]", "clean.max_toxic=2"], "clean.max_toxic"),
        (["sources=[reddit]", "claen.max_toxic=2"], "unknown setting 'claen'"),
    ],
)
def test_bad_settings_are_one_sentence(
    overrides: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["corpus", *overrides, f"corpus_dir={tmp_path}"]) == 1
    assert message in capsys.readouterr().err
