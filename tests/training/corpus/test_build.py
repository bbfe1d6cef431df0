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

from agents.population_files import read_population
from sandbox.errors import ConfigError
from sandbox.files import LOCK
from tests.training.logs import digests, write_logs
from training.cli import main
from training.corpus.build import build_corpus, list_stages
from training.corpus.config import load_corpus_config
from training.corpus.export import export_corpus
from training.pipeline.funnel import Count
from training.tasks.forms import TaskQuestion, build_question, prompt_messages
from training.tasks.list_lookup import LOOKUP_FORMS

ROOT = Path(__file__).parents[3]


def build_and_export(folder: Path, overrides: list[str]) -> list[Count]:
    """Build a corpus in `folder`; return its funnel."""
    config = load_corpus_config([*overrides, f"corpus_dir={folder}"])
    counts = build_corpus(config)
    export_corpus(config, counts)
    return counts


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], list[Count]]:
    """Build a corpus of made-up logs; return its folder, the overrides and its funnel."""
    home = tmp_path_factory.mktemp("corpus")
    overrides = write_logs(home)
    return home / "genome", overrides, build_and_export(home / "genome", overrides)


def test_logs_become_people_that_a_run_accepts(corpus: tuple[Path, list[str], list[Count]]) -> None:
    folder, _, _ = corpus
    people = read_population(folder / "people.parquet")
    assert Counter(person.platform for person in people) == {"forum": 12, "reviews": 12}
    assert {place for person in people for place in person.tastes} == {"Gardening", "Cycling", "Cooking", "Tools"}
    assert all(person.star_shares and person.budget > 5 for person in people if person.platform == "reviews")
    assert "gardener" not in "".join(repr(person) for person in people)


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
    cases = product(("filter", "k_core", "clean", "split"), ("reddit", "amazon"), ("records", "users"))
    for stage, source, entity in [*cases, *product(("filter", "k_core"), ("reddit", "amazon"), ("items",))]:
        key = stage, source, entity
        reasons = {count.reason: count.number for count in counts if (count.stage, count.source, count.entity) == key}
        remaining = ("out", "train", "val", "test") if entity == "users" else ("out", "train", "val", "test", "seen")
        lost = sum(number for reason, number in reasons.items() if reason not in ("in", "seen", *remaining))
        assert reasons["in"] - lost == sum(reasons.get(reason, 0) for reason in remaining) > 0, (key, reasons)


def test_what_one_stage_leaves_enters_the_next(corpus: tuple[Path, list[str], list[Count]]) -> None:
    _, _, counts = corpus
    numbers = {(count.stage, count.source, count.entity, count.reason): count.number for count in counts}
    for source, entity in product(("reddit", "amazon"), ("records", "users", "items")):
        for stage, following in (("read", "filter"), ("filter", "k_core")):
            assert numbers[stage, source, entity, "out"] == numbers[following, source, entity, "in"], (
                stage,
                source,
                entity,
            )


def read_tasks(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the lines of every file of tasks, by split."""
    files = sorted((folder / "tasks").glob("*.jsonl"))
    return {path.stem: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in files}


def test_tasks_are_chats_about_what_people_of_their_split_did(corpus: tuple[Path, list[str], list[Count]]) -> None:
    folder, _, counts = corpus
    tasks = read_tasks(folder)
    splits = {person.id: person.split for person in read_population(folder / "people.parquet")}
    forms = Counter(row["form"] for rows in tasks.values() for row in rows)
    sandbox = {"stars", "verdict", "review", "reply", "answer", "post", "purchase", "thread", *LOOKUP_FORMS}
    assert set(forms) == {*sandbox, "personalized_comment", "item_selection", "type1", "type2", "type3", "type4"}
    num_built = sum(count.number for count in counts if (count.stage, count.entity) == ("tasks", "tasks"))
    assert num_built == sum(forms.values())
    for split, rows in tasks.items():
        for row in rows:
            assert row["split"] == split
            assert splits[row["user"]] == split.replace("seen", "train")
            assert [message["role"] for message in row["messages"][-2:]] == ["user", "assistant"]
            assert all(message["content"] for message in row["messages"])


def test_the_files_of_tasks_are_chats_to_trl(corpus: tuple[Path, list[str], list[Count]], tmp_path: Path) -> None:
    from datasets import Dataset
    from trl.data_utils import is_conversational

    path = corpus[0] / "tasks" / "train.jsonl"
    rows: Any = Dataset.from_json(str(path), cache_dir=str(tmp_path))
    assert len(rows) == len(path.read_text(encoding="utf-8").splitlines())
    assert is_conversational(rows[0])


def test_the_question_of_a_task_depends_on_its_person(corpus: tuple[Path, list[str], list[Count]]) -> None:
    folder, _, _ = corpus
    people = {person.id: person for person in read_population(folder / "people.parquet")}
    differing = 0
    for row in read_tasks(folder)["test"]:
        if row["family"] == "sandbox":
            question = msgspec.json.decode(row["question"], type=TaskQuestion)
            assert prompt_messages(build_question(question, people[row["user"]])) == row["messages"][:-1]
            stranger = next(
                person for person in people.values() if person.id != row["user"] and person.platform == row["platform"]
            )
            differing += prompt_messages(build_question(question, stranger)) != row["messages"][:-1]
    assert differing > 10


def test_no_more_tasks_are_written_than_the_caps_allow(
    corpus: tuple[Path, list[str], list[Count]], tmp_path: Path
) -> None:
    folder, overrides, _ = corpus
    copytree(folder, tmp_path / "capped")
    build_and_export(tmp_path / "capped", [*overrides, "tasks.caps.stars=5", "tasks.held_out_cap=2"])
    tasks, complete = read_tasks(tmp_path / "capped"), read_tasks(folder)
    assert Counter(row["form"] for row in tasks["train"])["stars"] == 5
    per_platform = Counter((row["form"], row["platform"]) for row in tasks["test"])
    assert max(per_platform.values()) == 2
    assert all(row in complete["train"] for row in tasks["train"])


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
    build_and_export(tmp_path / "again", overrides)
    assert digests(tmp_path / "again") == digests(folder)


def test_a_finished_corpus_is_not_rebuilt(corpus: tuple[Path, list[str], list[Count]]) -> None:
    folder, overrides, counts = corpus
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet") if path.parent != folder}
    assert build_and_export(folder, overrides) == counts
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_changed_setting_rebuilds_only_what_depends_on_it(corpus: tuple[Path, list[str], list[Count]]) -> None:
    folder, overrides, _ = corpus
    plain = {stage.name: stage.key() for stage in list_stages(load_corpus_config([*overrides, f"corpus_dir={folder}"]))}
    config = load_corpus_config([*overrides, f"corpus_dir={folder}", "min_history=4"])
    changed = {stage.name for stage in list_stages(config) if stage.key() != plain[stage.name]}
    assert changed == {"persons", "quality", "tasks"}


def test_another_secret_for_the_same_folder_is_refused(corpus: tuple[Path, list[str], list[Count]]) -> None:
    folder, overrides, _ = corpus
    with pytest.raises(ConfigError, match="another key"):
        build_and_export(folder, [*overrides, "secret=coffee"])


KILLER = """
import os, signal, sys
from training import cli
from training.corpus import export
from training.pipeline import stages

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def kill_after_first(tables):
    yield next(iter(tables))
    kill()

stage, run_unit, write_chunks = sys.argv[1], stages.run_unit, export._write_chunks
if stage == "export":
    export._write_chunks = lambda *arguments: (write_chunks(*arguments), kill())
stages.run_unit = lambda folder, name, work, unit, settings: run_unit(
    folder, name, (lambda *arguments: kill_after_first(work(*arguments))) if name == stage else work, unit, settings
)
cli.main(sys.argv[2:])
"""
"""Runs the command, and is killed in the middle of a stage, after the first piece of its first table."""


def test_a_pipeline_killed_in_every_stage_comes_to_the_same_corpus(
    corpus: tuple[Path, list[str], list[Count]], tmp_path: Path
) -> None:
    folder, overrides, _ = corpus
    command = ["corpus", *overrides, f"corpus_dir={tmp_path / 'killed'}"]
    for stage in [*(stage.name for stage in list_stages(load_corpus_config(command[1:]))), "export"]:
        process = subprocess.run(
            [sys.executable, "-c", KILLER, stage, *command], cwd=ROOT, capture_output=True, check=False
        )
        assert process.returncode == -signal.SIGKILL, (stage, process.stderr)
    assert main(command) == 0
    assert digests(tmp_path / "killed") == digests(folder)
    names = {path.name for path in (tmp_path / "killed").iterdir()}
    assert names == {path.name for path in folder.iterdir()} | {LOCK}


def test_of_two_processes_on_one_folder_one_builds_it_and_the_other_says_so(
    corpus: tuple[Path, list[str], list[Count]], tmp_path: Path
) -> None:
    folder, overrides, _ = corpus
    command = [sys.executable, "-m", "training", "corpus", *overrides, f"corpus_dir={tmp_path / 'shared'}"]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    outputs = [process.communicate() for process in processes]
    results = sorted((process.returncode, errors) for process, (_, errors) in zip(processes, outputs, strict=True))
    assert [code for code, _ in results] == [0, 1]
    assert results[1][1].startswith("error: another process is writing into")
    assert results[1][1].count("\n") == 1
    assert digests(tmp_path / "shared").items() >= digests(folder).items()


@pytest.mark.parametrize("key", [b"", b"k" * 31, b"k" * 64])
def test_a_key_that_is_not_whole_is_refused_before_anything_is_read(
    corpus: tuple[Path, list[str], list[Count]], tmp_path: Path, capsys: pytest.CaptureFixture[str], key: bytes
) -> None:
    (tmp_path / "secret.key").write_bytes(key)
    assert main(["corpus", *corpus[1], f"corpus_dir={tmp_path}"]) == 1
    error = capsys.readouterr().err
    assert f"secret.key holds {len(key)} bytes, but a key has 32" in error
    assert {path.name for path in tmp_path.iterdir()} == {"secret.key", LOCK}


def test_it_is_said_that_a_lost_key_changes_all_ids(
    corpus: tuple[Path, list[str], list[Count]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, overrides, _ = corpus
    copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "secret.key").unlink()
    assert main(["corpus", *overrides, f"corpus_dir={tmp_path / 'copy'}"]) == 0
    assert "the ids of all people may change" in capsys.readouterr().err


def test_receipts_that_were_cut_are_made_again(corpus: tuple[Path, list[str], list[Count]], tmp_path: Path) -> None:
    folder, overrides, _ = corpus
    copytree(folder, tmp_path / "copy")
    clean = tmp_path / "copy" / "clean"
    for receipt in (clean / "stage.json", *(clean / "done").iterdir()):
        receipt.write_bytes(receipt.read_bytes()[:10])
    build_and_export(tmp_path / "copy", overrides)
    assert digests(tmp_path / "copy") == digests(folder)


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
