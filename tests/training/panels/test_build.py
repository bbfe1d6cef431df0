"""A panel becomes people and tasks that fine-tuning and evaluation read like any other."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.population import read_population
from sandbox.core.form import Choose
from sandbox.core.memory import NO_MEMORY
from sandbox.errors import ConfigError, DataError
from tests.training.logs import digests, write_logs
from tests.training.panels.transcripts import FIRST, SECOND, transcript, write_games, write_transcripts
from training.corpus.build import build_corpus
from training.corpus.config import load_corpus_config
from training.corpus.export import export_corpus
from training.corpus.losses import list_notes
from training.evaluation.baselines import fit_baselines
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.cases import case_questions, load_cases, load_people, mark_new_products
from training.evaluation.choices import group_by_form, predict_with_baselines, score_choices
from training.finetuning.config import load_sft_config
from training.pipeline.funnel import Count
from training.tasks.forms import TaskQuestion, answer_text, build_question, prompt_messages


def build(folder: Path, path: Path, *overrides: str) -> list[Count]:
    """Build and export a corpus of one panel; return its funnel."""
    settings = ["panels=[public_goods]", f"panel.public_goods.path={path}", "secret=black", f"corpus_dir={folder}"]
    config = load_corpus_config([*settings, *overrides])
    counts = build_corpus(config)
    export_corpus(config, counts)
    return counts


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a corpus of made-up games."""
    home = tmp_path_factory.mktemp("panels")
    build(home / "corpus", write_games(home / "games.gz"))
    return home / "corpus"


def read_tasks(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the lines of every file of tasks, by split."""
    files = sorted((folder / "tasks").glob("*.jsonl"))
    return {path.stem: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in files}


def test_the_corpus_of_a_panel_holds_every_decision(corpus: Path) -> None:
    tasks = read_tasks(corpus)
    assert {split: len(rows) for split, rows in tasks.items()} == {"train": 48, "val": 12, "test": 12}
    for split, rows in tasks.items():
        assert {(row["family"], row["source"], row["platform"]) for row in rows} == {
            ("sandbox", "public_goods", "commons")
        }
        assert {row["split"] for row in rows} == {split}
    assert not (corpus / "people.parquet").exists()
    card = (corpus / "card.md").read_text(encoding="utf-8")
    assert "public_goods | 12 | 72" in card
    assert "Tasks about the people of experiments and panels, without a population" in card
    assert "## Sources" not in card


def test_tasks_are_rendered_again_as_they_are_written(corpus: Path) -> None:
    people = load_people(corpus)
    presentations = set()
    for row in (row for rows in read_tasks(corpus).values() for row in rows):
        task_question = msgspec.json.decode(row["question"], type=TaskQuestion)
        question = build_question(task_question, people[row["user"]])
        reply = answer_text(question, json.loads(row["meta"])["answer"])
        assert row["messages"] == [*prompt_messages(question), {"role": "assistant", "content": reply}]
        presentations.add((row["split"] == "train", task_question.presentation.wording))
        assert question.template.name == f"commons/{row['form']}"
    assert {wording for is_train, wording in presentations if is_train} == {0, 1, 2, 3}
    assert {wording for is_train, wording in presentations if not is_train} == {0}


def test_no_id_of_the_data_is_in_a_corpus(corpus: Path) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (corpus / "tasks").glob("*.jsonl"))
    assert '"p00' not in text
    users = {row["user"] for rows in read_tasks(corpus).values() for row in rows}
    assert users == set(load_people(corpus))


def test_only_train_people_have_a_persona(corpus: Path) -> None:
    people = load_people(corpus).values()
    assert {person.platform for person in people} == {"commons"}
    assert all(not person.persona for person in people if person.split != "train")
    with_persona = [bool(person.persona) for person in people if person.split == "train"]
    assert any(with_persona)
    assert not all(with_persona)


def test_the_share_of_personas_is_a_setting(corpus: Path, tmp_path: Path) -> None:
    build(tmp_path / "c", corpus.parent / "games.gz", "panel.public_goods.persona_share=1")
    people = load_people(tmp_path / "c").values()
    assert all(bool(person.persona) == (person.split == "train") for person in people)


def test_equal_settings_give_equal_corpora(corpus: Path, tmp_path: Path) -> None:
    build(tmp_path / "again", corpus.parent / "games.gz")
    assert digests(tmp_path / "again") == digests(corpus)


def test_the_user_is_told_what_became_of_answers(tmp_path: Path) -> None:
    unfinished = SECOND[: SECOND.index("### Round Summary")]
    rows = [transcript("g", "p", "train", FIRST, unfinished), transcript("h", "q", "test", FIRST)]
    path = write_transcripts(tmp_path / "games.gz", rows)
    config = load_corpus_config(["panels=[public_goods]", f"panel.public_goods.path={path}"])
    notes = list_notes(config, build(tmp_path / "c", path))
    assert notes == [
        "panel.public_goods: 1 unusable answers: rejected.",
        "panel.public_goods: 2 fitted answers: punish: the first of several targets.",
        "panel.public_goods: 2 fitted answers: units: the nearest option.",
    ]


def count_forgetful(folder: Path) -> Mapping[str, tuple[int, int]]:
    """Return by split how many questions are asked without a memory, and how many there are."""
    rows = {
        split: [msgspec.json.decode(row["question"], type=TaskQuestion) for row in part]
        for split, part in read_tasks(folder).items()
    }
    return {split: (sum(row.memory == NO_MEMORY for row in part), len(part)) for split, part in rows.items()}


def test_train_questions_can_be_asked_without_memories(corpus: Path, tmp_path: Path) -> None:
    build(tmp_path / "c", corpus.parent / "games.gz", "tasks.forgetful_share=1")
    before, after = count_forgetful(corpus), count_forgetful(tmp_path / "c")
    assert before["train"][0] < before["train"][1] == after["train"][0] == after["train"][1]
    assert {split: before[split] for split in ("val", "test")} == {split: after[split] for split in ("val", "test")}


def test_decisions_of_one_person_are_capped(corpus: Path, tmp_path: Path) -> None:
    counts = build(tmp_path / "c", corpus.parent / "games.gz", "tasks.per_user=2")
    rows = [row for rows in read_tasks(tmp_path / "c").values() for row in rows]
    assert len(rows) == 2 * 12
    lost = {count.reason: count.number for count in counts if count.entity == "decisions"}
    assert lost["in"] - lost["more than per_user of one person"] == lost["train"] + lost["val"] + lost["test"] == 24


@pytest.mark.parametrize(("game", "person", "kind"), [("g0", "other", "game 'g0'"), ("g9", "p00", "person 'p00'")])
def test_who_is_in_two_splits_is_refused(tmp_path: Path, game: str, person: str, kind: str) -> None:
    rows = [transcript("g0", "p00", "train", FIRST), transcript(game, person, "test", FIRST, SECOND)]
    with pytest.raises(DataError, match=rf"games\.gz: the {kind} is in the splits t\w+ and t\w+"):
        build(tmp_path / "c", write_transcripts(tmp_path / "games.gz", rows))


def test_a_decision_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    rows = [transcript("g", "p", "train", FIRST)] * 2
    with pytest.raises(DataError, match="the decision 0/contribute of the person 'p' is there twice"):
        build(tmp_path / "c", write_transcripts(tmp_path / "games.gz", rows))


def test_a_split_that_there_is_not_is_refused(tmp_path: Path) -> None:
    path = write_transcripts(tmp_path / "games.gz", [transcript("g", "p", "dev", FIRST)])
    with pytest.raises(DataError, match="in the split 'dev'; splits are train, val, test"):
        build(tmp_path / "c", path)


def test_a_panel_without_decisions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no decision can be asked about"):
        build(tmp_path / "c", write_transcripts(tmp_path / "games.gz", []))


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["panels=[publicgoods]"], "'publicgoods'"),
        (["panel=public_goods"], r"write panels=\[public_goods\]"),
        (["panels=[public_goods]", "panel.estimate.path=x"], "panel"),
        (["panels=[public_goods,public_goods]"], "named twice"),
        (["panels=[public_goods]", "panel.public_goods._target_=training.sources.amazon.Amazon"], "subclass of"),
        (["panels=[public_goods]", "panel.public_goods.name=games"], "stand under its name"),
        (["panels=[public_goods]", "panel.public_goods.persona_share=2"], "less than or equal to 1"),
    ],
)
def test_wrong_settings_are_named(overrides: list[str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        load_corpus_config(overrides)


def test_a_file_that_there_is_not_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"panel\.public_goods\.path: nothing at"):
        build(tmp_path / "c", tmp_path / "none.gz")


def test_panels_stand_beside_sources(corpus: Path, tmp_path: Path) -> None:
    logs = [override for override in write_logs(tmp_path) if not override.startswith("secret=")]
    build(tmp_path / "c", corpus.parent / "games.gz", *logs)
    tasks, people = read_tasks(tmp_path / "c"), load_people(tmp_path / "c")
    assert {row["source"] for row in tasks["train"]} == {"public_goods", "reddit", "amazon"}
    of_panel = [row for split in ("train", "val", "test") for row in tasks[split] if row["source"] == "public_goods"]
    of_panel_alone = [row for rows in read_tasks(corpus).values() for row in rows]
    assert sorted(map(str, of_panel)) == sorted(map(str, of_panel_alone))
    assert {person.platform for person in people.values()} == {"commons", "forum", "reviews"}
    assert {person.platform for person in read_population(tmp_path / "c" / "people.parquet")} == {"forum", "reviews"}
    cases = mark_new_products(load_cases(tmp_path / "c" / "tasks" / "test.jsonl", 100, 0), tmp_path / "c")
    assert {case.platform for case in cases if case.is_new} <= {"reviews"}


def test_every_control_asks_a_panels_question(corpus: Path) -> None:
    people = load_people(corpus)
    cases = mark_new_products(load_cases(corpus / "tasks" / "test.jsonl", 100, 0), corpus)
    assert not any(case.is_new for case in cases)
    for control in ("own", "shuffled", "nobody", "history", "profile"):
        questions = list(case_questions(cases, people, control, 0))
        assert [question.facts for question in questions] == [case.question.facts for case in cases]
        for question, case in zip(questions, cases, strict=True):
            assert isinstance(question.form, Choose)
            assert question.template.name == f"commons/{case.form}"
            assert prompt_messages(question)[1]["content"]


def test_baselines_are_scored_although_options_differ_between_questions(corpus: Path) -> None:
    people = load_people(corpus)
    train, test = (load_cases(corpus / "tasks" / f"{split}.jsonl", 100, 0) for split in ("train", "test"))
    baselines = {form: fit_baselines(cases, people, form) for form, cases in group_by_form(train).items()}
    predictions = predict_with_baselines(test, baselines)
    metrics = score_choices(predictions, test, Bootstrap(20, 0))
    scored = {(key.form, key.metric) for key in metrics if key.model == "majority"}
    assert {form for form, metric in scored if metric == "nll"} == {"contribute", "punish", "units"}
    assert {form for form, metric in scored if metric == "JS divergence"} == {"contribute", "units"}


def test_fine_tuning_takes_every_form_of_the_shipped_panels() -> None:
    config, _ = load_sft_config(["out_dir=nowhere"])
    assert {"contribute", "punish", "units", "revise"} <= {
        form for form, most in config.mixture.items() if most is None
    }
