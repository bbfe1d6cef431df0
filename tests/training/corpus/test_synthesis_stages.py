"""Complete corpora built with `synthesizer=llm`, by a scripted mind and a scripted judge."""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from shutil import copytree, rmtree
from typing import NamedTuple

import msgspec
import polars as pl
import pytest

from agents.population_files import read_population
from sandbox.core.profile import Profile
from sandbox.errors import ConfigError
from tests.training.corpus.test_build import KILLER, ROOT
from tests.training.logs import digests, write_logs
from tests.training.synthesis.echo_synthesizer import EchoSynthesizer
from training.cli import main
from training.corpus.build import build_corpus, list_stages
from training.corpus.config import load_corpus_config
from training.corpus.export import export_corpus
from training.pipeline.funnel import Count
from training.synthesis.people import TABLE_KINDS
from training.synthesis.synthesizer import OBJECT

NODE = "{_target_: tests.training.synthesis.echo_synthesizer.EchoSynthesizer}"
LLM = [
    "synthesizer=llm", f"mind={NODE}", "model=big-model@1", f"judge.mind={NODE}", "judge.model=other-model@1",
    "synthesis.records_per_unit=60",
]  # fmt: skip


class Corpus(NamedTuple):
    """A corpus that has been built."""

    folder: Path
    logs: list[str]
    counts: list[Count]
    questions: Counter[bytes]
    """How often each question was put to a mind."""

    def table(self, stage: str, name: str) -> pl.DataFrame:
        """Return all rows of a table."""
        return pl.read_parquet(sorted((self.folder / stage / name).glob("*.parquet")))

    def people(self, stage: str) -> dict[tuple[str, str], Profile]:
        """Return the people of a stage by user and self."""
        rows = self.table(stage, "person").select("user", "self", "profile").iter_rows()
        return {(user, self_name): msgspec.json.decode(profile, type=Profile) for user, self_name, profile in rows}

    def count_reasons(self, stage: str, entity: str) -> Counter[str]:
        """Return numbers by reason."""
        total: Counter[str] = Counter()
        for count in self.counts:
            if (count.stage, count.entity) == (stage, entity):
                total[count.reason] += count.number
        return total


def build_and_export(
    folder: Path, logs: list[str], *overrides: str, answers: str = "answers.sqlite", batches: float = float("inf")
) -> Corpus:
    """Build a corpus in `folder`, with the answer cache beside it; interrupt it after this number of batches."""
    config = load_corpus_config([*logs, *(overrides or LLM), f"corpus_dir={folder}"])
    EchoSynthesizer.question_digests.clear()
    EchoSynthesizer.batches_to_interruption = batches
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandbox.runtime.assembly.answer_cache_file", lambda: folder.parent / answers)
        counts = build_corpus(config)
    export_corpus(config, counts)
    return Corpus(folder, logs, counts, Counter(EchoSynthesizer.question_digests))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Build a corpus of made-up logs."""
    home = tmp_path_factory.mktemp("llm")
    return build_and_export(home / "genome", write_logs(home, users=6, records_each=8))


def test_people_have_the_models_words_and_the_figures_of_their_logs(corpus: Corpus) -> None:
    figures, people = corpus.people("persons"), corpus.people("quality")
    assert {self_name for _, self_name in people} == {"latest", "early"}
    words = {"persona": "", "profile": "", "stories": (), "writing_style": ""}
    for key, person in people.items():
        assert msgspec.structs.replace(person, **words) == msgspec.structs.replace(figures[key], **words)
        assert person.persona != figures[key].persona
        assert person.persona.islower()
    assert any(person.stories and person.writing_style and person.profile for person in people.values())
    exported = read_population(corpus.folder / "people.parquet")
    assert {person.id for person in exported} == {user for user, self_name in people if self_name == "latest"}


def test_synthetic_objects_are_in_tables_by_kind(corpus: Corpus) -> None:
    for name, kinds in TABLE_KINDS.items():
        table = corpus.table("quality", name)
        assert table.schema == OBJECT
        assert set(table["kind"]) == set(kinds)
        assert set(table["self"]) == {"latest", "early"}
        assert all(msgspec.json.decode(value) for value in table["value"])
    fields = {tuple(msgspec.json.decode(value)) for value in corpus.table("quality", "social_qa")["value"]}
    assert fields == {("scenario", "question", "answer")}
    fields = {tuple(msgspec.json.decode(value)) for value in corpus.table("quality", "scenario")["value"]}
    assert fields == {("text", "background", "characters")}


def test_synthetic_objects_become_tasks(corpus: Corpus) -> None:
    tasks = corpus.table("tasks", "task").filter(pl.col("record") == "", pl.col("family") != "reading")
    forms = {family: set(rows["form"]) for (family,), rows in tasks.group_by("family")}
    assert forms == {
        "profile": {"persona2profile"},
        "stories": {"half2half", "half_persona2half", "half_theme2target", "half_theme_persona2target"},
        "social_qa": set(TABLE_KINDS["social_qa"]),
        "scenario": set(TABLE_KINDS["scenario"]),
    }
    chats = [[message["content"] for message in msgspec.json.decode(chat)] for chat in tasks["messages"]]
    assert all(answer not in question for question, answer in chats)
    topics = {msgspec.json.decode(value)["topic"] for value in corpus.table("quality", "topic")["value"]}
    chats_about_topics = corpus.table("tasks", "task").filter(pl.col("form") == "type1")["messages"]
    assert any(topic in chat for topic in topics for chat in chats_about_topics)


def test_no_self_is_asked_about_records_that_it_is_made_from(corpus: Corpus) -> None:
    paths = [path for path in corpus.folder.glob("split/*/*.parquet") if path.parent.name != "done"]
    decided = pl.concat(map(pl.read_parquet, sorted(paths)))
    objects = corpus.table("judge", "object").filter(pl.col("record") != "")
    rows = objects.join(decided.rename({"id": "record"}), on=["source", "record"], suffix="_of_record")
    assert rows.height == objects.height
    assert set(rows.filter(pl.col("self") == "latest")["part"]) == {"target"}
    assert set(rows.filter(pl.col("self") == "early").select("part", "early").rows()) == {("history", False)}
    assert rows["split"].equals(rows["split_of_record"], check_names=False)


def test_every_object_is_kept_or_its_loss_is_counted(corpus: Corpus) -> None:
    num_objects = Counter(corpus.table("judge", "object")["kind"])
    for kind in (kind for kinds in TABLE_KINDS.values() for kind in kinds):
        synthesis, judge = corpus.count_reasons("synthesis", kind), corpus.count_reasons("judge", kind)
        assert synthesis.pop("in") == synthesis.total() > 0
        assert judge.pop("in") == judge.total() > 0
        passed = judge["out"] + judge["out, not judged"]
        assert passed == num_objects[kind] == corpus.count_reasons("quality", kind)["out"]
        if kind in ("persona", "topic", "qa_reason"):
            assert synthesis["out"] == corpus.count_reasons("judge", kind)["in"]


def test_people_enter_and_leave_with_a_reason(corpus: Corpus) -> None:
    before, after = (Counter(self_name for _, self_name in corpus.people(stage)) for stage in ("persons", "quality"))
    for entity, self_name in {"people": "latest", "early selves": "early"}.items():
        reasons = corpus.count_reasons("quality", entity)
        assert (reasons["in"], reasons["out"]) == (before[self_name], after[self_name])
        assert reasons["in"] == reasons["out"] + reasons["no persona"]
    users = corpus.count_reasons("synthesis", "users")
    assert users["in"] == before["latest"] == users["out"] + users["too few qualified posts"]


def test_scores_are_kept_with_their_judge(corpus: Corpus) -> None:
    scores = corpus.table("judge", "score")
    lost = scores.filter(pl.col("reason") != "")
    assert scores.height - lost.height == corpus.table("judge", "object").height
    assert set(scores.filter(pl.col("scores") != "")["judge"]) == {"other-model@1"}
    assert lost["reason"].str.contains(r"^\w+ < \d$").all()
    assert lost.height > 0


@pytest.mark.parametrize("batches", [3, 13, 24])
def test_an_interrupted_corpus_resumes_to_the_same_and_asks_nothing_twice(
    corpus: Corpus, tmp_path: Path, batches: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        build_and_export(tmp_path / "genome", corpus.logs, batches=batches)
    before = Counter(EchoSynthesizer.question_digests)
    assert 0 < before.total() < corpus.questions.total()
    after = build_and_export(tmp_path / "genome", corpus.logs)
    assert before + after.questions == corpus.questions == Counter(set(corpus.questions))
    assert digests(tmp_path / "genome") == digests(corpus.folder)


def test_a_corpus_killed_during_synthesis_comes_to_the_same(corpus: Corpus, tmp_path: Path) -> None:
    folder = copytree(corpus.folder, tmp_path / "genome")
    command = ["corpus", *corpus.logs, *LLM, "cache=false", f"corpus_dir={folder}"]
    for stage in ("portions", "synthesis", "judge"):
        rmtree(folder / stage)
        process = subprocess.run(
            [sys.executable, "-c", KILLER, stage, *command], cwd=ROOT, capture_output=True, check=False
        )
        assert process.returncode == -signal.SIGKILL, (stage, process.stderr)
    EchoSynthesizer.batches_to_interruption = float("inf")
    assert main(command) == 0
    assert digests(folder) == digests(corpus.folder)


def test_a_finished_corpus_asks_nothing(corpus: Corpus) -> None:
    rebuilt = build_and_export(corpus.folder, corpus.logs)
    assert rebuilt.questions.total() == 0
    assert rebuilt.counts == corpus.counts


def test_the_card_names_the_model_and_its_judge(corpus: Corpus) -> None:
    card = (corpus.folder / "card.md").read_text(encoding="utf-8")
    assert "written by the language model big-model@1" in card
    assert "judged by other-model@1" in card


def test_without_a_judge_every_object_is_kept(corpus: Corpus) -> None:
    without_judge = [override for override in LLM if not override.startswith("judge.")]
    unjudged = build_and_export(corpus.folder.with_name("unjudged"), corpus.logs, *without_judge, "judge=none")
    assert unjudged.questions.total() == 0
    assert unjudged.table("judge", "object").equals(corpus.table("synthesis", "object"))


def test_what_only_a_model_needs_does_not_touch_the_extractive_path(corpus: Corpus) -> None:
    def keys(*overrides: str) -> dict[str, str]:
        config = load_corpus_config([*corpus.logs, *overrides, f"corpus_dir={corpus.folder}"])
        return {stage.name: stage.key() for stage in list_stages(config)}

    plain, llm = keys(), keys(*LLM)
    assert plain == keys("synthesis.min_posts=9", "model=any", "cache=false", "judge=none")
    assert {name for name in plain if plain[name] != llm[name]} == {"quality", "tasks"}
    assert set(llm) - set(plain) == {"portions", "synthesis", "judge"}


SERVER = ["synthesizer=llm", "mind=server", "model=org/big", "mind@judge.mind=server"]
VLLM = ["synthesizer=llm", "mind=base", "model=org/big"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["synthesizer=llm"], "needs mind and model: mind=base"),
        (["synthesizer=llm", "mind=server"], "needs mind and model"),
        (["synthesizer=llm", "mind=sever"], "Did you mean 'server'"),
        (SERVER, r"needs judge\.mind and judge\.model: .* or judge=none"),
        ([*SERVER, "judge.model=big"], "judge.model is big, which makes the objects too"),
        ([*VLLM, "judge=none", "mind.max_model_len=512"], r"2000 tokens but mind\.max_model_len is 512"),
        ([*VLLM, "mind@judge.mind=base", "judge.model=b"], r"5200 tokens but judge\.mind\.max_model_len is 2048"),
        (
            ["synthesizer=llm", "mind={_target_: pathlib.Path}", "model=b"],
            "must name a subclass of sandbox.core.mind.Mind",
        ),
        (["synthesizer=llm", "judge.thresholds.persona.overall=11"], "judge.thresholds.persona.overall"),
    ],
)
def test_what_would_fail_after_hours_fails_at_once(corpus: Corpus, overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        list_stages(load_corpus_config([*corpus.logs, *overrides]))


def test_the_shipped_settings_fit_the_shipped_engine(corpus: Corpus) -> None:
    assert list_stages(load_corpus_config([*corpus.logs, *VLLM, "judge=none"]))
    assert list_stages(load_corpus_config([*corpus.logs, *SERVER, "judge.model=big", "judge.allow_self_judge=true"]))
