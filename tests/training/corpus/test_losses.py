"""If nothing is left of a source, one line says who dropped it; what is odd about a finished corpus is said."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agents.population_files import read_population
from tests.training.logs import write_logs
from training.cli import main
from training.curation.k_core import REASON_SETTINGS, KCoreConfig

THINGS = "bread oven garden river coffee train window letter winter music market bicycle kitchen road".split()  # noqa: SIM905


def write_sentence(random: Random) -> str:
    """Return a tweet of ordinary length."""
    first, second, third, fourth = random.sample(THINGS, 4)
    return f"Today the {first} near the {second} made me think of the {third} and of the {fourth} again."


def write_german(random: Random) -> str:
    """Return a tweet in German."""
    first, second = random.sample(THINGS, 2)
    return f"Gestern habe ich im Garten lange über {first} nachgedacht und dann mit den Nachbarn über {second} geredet."


def write_tweets(
    folder: Path, users: int = 12, tweets: int = 14, write: Callable[[Random], str] = write_sentence
) -> list[str]:
    """Write tweets of the API; return the overrides that name them."""
    random, rows = Random(3), list[dict[str, Any]]()
    for user in range(users):
        for number in range(tweets):
            created = f"2021-03-{1 + number:02}T{user:02}:00:00.000Z"
            rows.append({"id": f"{user}x{number}", "author_id": f"user{user}", "created_at": created})
            rows[-1]["text"] = write(random)
    folder.mkdir(exist_ok=True)
    path = folder / "tweets.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return ["sources=[twitter]", f"source.twitter.paths=[{path}]"]


def fail(capsys: pytest.CaptureFixture[str], folder: Path, overrides: list[str]) -> str:
    """Run the command, which must fail and leave a funnel but no population; return its message."""
    assert main(["corpus", *overrides, f"corpus_dir={folder}"]) == 1
    [message] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert "nothing is left after the stage" in message
    assert str(folder / "funnel.html") in message
    assert not (folder / "people.parquet").exists()
    rows = (folder / "funnel.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) > 1 or "no records were found" in message
    return message


def test_ordinary_tweets_leave_people_by_default(tmp_path: Path) -> None:
    assert main(["corpus", *write_tweets(tmp_path), f"corpus_dir={tmp_path / 'corpus'}"]) == 0
    assert len(read_population(tmp_path / "corpus" / "people.parquet")) == 12


@pytest.mark.parametrize(
    ("overrides", "stage", "reason"),
    [
        (
            ["filters.microblog.rules.2.number=300"],
            "filter",
            "min_characters dropped 168 of 168 records (filters.microblog.rules.2.number=300)",
        ),
        (
            ["filters.microblog.k_core.min_records=15"],
            "k_core",
            "user has too few records dropped 168 of 168 records (filters.microblog.k_core.min_records=15)",
        ),
        (["clean.min_records=15"], "clean", "user has too few records left dropped"),
        (["clean.max_toxic=0"], "clean", "(clean.max_toxic=0.0)"),
        (["min_history=15"], "persons", "too little history dropped 12 users (min_history=15)"),
    ],
)
def test_the_rule_that_dropped_everybody_is_named(
    overrides: list[str], stage: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = fail(capsys, tmp_path / "corpus", [*write_tweets(tmp_path), *overrides])
    assert f"source.twitter: nothing is left after the stage {stage}:" in message
    assert reason in message


def test_people_who_write_another_language_are_no_empty_population(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = fail(capsys, tmp_path / "corpus", write_tweets(tmp_path, users=10, write=write_german))
    assert "language dropped 140 of 140 records (clean.language.threshold=0.5)" in message


def test_everybody_who_says_the_same_is_named_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = "I will vote on Tuesday, and so should you and everybody whom you know."
    message = fail(capsys, tmp_path / "corpus", write_tweets(tmp_path, write=lambda _: same))
    assert "near-duplicate of the user's own dropped 156 of 168 records (clean.duplicate_threshold=0.8)" in message


def test_several_rules_are_named_the_strictest_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overrides = ["filters.microblog.rules.2.number=86", "filters.microblog.k_core.min_records=14"]
    message = fail(capsys, tmp_path / "corpus", [*write_tweets(tmp_path), *overrides])
    numbers = [int(number) for number in re.findall(r"dropped (\d+) of 168 records", message)]
    assert numbers == sorted(numbers, reverse=True)
    assert (len(numbers), sum(numbers)) == (2, 168)


@pytest.mark.parametrize("raw", ["", '{"meta": {"result_count": 0}}\n', "[]"])
def test_files_without_records_are_said_to_be_empty(
    raw: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.json").write_text(raw, encoding="utf-8")
    overrides = ["sources=[twitter]", f"source.twitter.paths=[{tmp_path / 'a.json'}]"]
    assert "since no records were found in its files" in fail(capsys, tmp_path / "corpus", overrides)


def test_files_of_which_every_line_is_rejected_are_said_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "x"}\n' * 3, encoding="utf-8")
    settings = [f"source.twitter.paths=[{tmp_path / 'a.jsonl'}]", "source.twitter.max_reject_share=1"]
    message = fail(capsys, tmp_path / "corpus", ["sources=[twitter]", *settings])
    assert "all 3 lines were rejected" in message


def test_a_source_that_loses_everybody_is_not_hidden_by_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = [text for text in write_logs(tmp_path) if not text.startswith("sources=")]
    tweets = write_tweets(tmp_path / "tweets", write=write_german)
    message = fail(capsys, tmp_path / "corpus", ["sources=[reddit,amazon,twitter]", *overrides, tweets[1]])
    assert "source.twitter: nothing is left after the stage clean: language dropped" in message
    assert "or leave twitter out of sources" in message
    assert "source.reddit" not in message


def test_limits_that_leave_nobody_are_no_empty_population(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overrides = [*write_tweets(tmp_path), "people.microblog=0", f"corpus_dir={tmp_path / 'corpus'}"]
    assert main(["corpus", *overrides]) == 1
    assert "leaves nobody in the population" in capsys.readouterr().err
    assert not (tmp_path / "corpus" / "people.parquet").exists()


def test_a_source_without_files_says_which_settings_name_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["corpus", "sources=[reddit]", f"corpus_dir={tmp_path / 'corpus'}"]) == 1
    error = " ".join(capsys.readouterr().err.split())
    assert "no files are named (source.reddit.submissions=[], source.reddit.comments=[])" in error


def write_table(folder: Path, has_times: bool) -> list[str]:
    """Write a table of posts; return the overrides that name it."""
    random = Random(4)
    rows = [
        {"user": f"user{user}", "time": 1_500_000_000 + number, "text": write_sentence(random)}
        for user in range(10)
        for number in range(12)
    ]
    path = folder / "posts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    columns = "{user: user, text: text, kind: =post" + (", time: time}" if has_times else "}")
    file = folder / "conf" / "source" / "diary.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(
        f"_target_: training.sources.table.Table\nname: diary\nplatform: microblog\npaths: [{path}]\n"
        f"columns: {columns}\nkinds: {{}}\nextra: []\n",
        encoding="utf-8",
    )
    return ["sources=[diary]", f"corpus_dir={folder / 'corpus'}"]


def test_people_without_tasks_are_kept_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["corpus", *write_table(tmp_path, has_times=False)]) == 0
    assert len(read_population(tmp_path / "corpus" / "people.parquet")) == 10
    assert "source.diary: no tasks are about its people" in " ".join(capsys.readouterr().err.split())


def test_an_archive_of_one_person_outside_of_train_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overrides = [*write_tweets(tmp_path, users=1), "splits.shares={train: 0, val: 0.5, test: 0.5}"]
    assert main(["corpus", *overrides, f"corpus_dir={tmp_path / 'corpus'}"]) == 0
    assert "no user is in the split train" in " ".join(capsys.readouterr().err.split())


def test_every_reason_of_the_k_core_names_a_setting() -> None:
    assert set(REASON_SETTINGS.values()) == set(KCoreConfig.model_fields) - {"per_category"}
