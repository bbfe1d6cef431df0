"""Whole corpora through `synthesizer=llm`, by a scripted mind and a scripted judge."""

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

from agents.population import read_population
from sandbox.errors import ConfigError
from sandbox.people import Profile
from tests.training.logs import digests, write_logs
from tests.training.synthesis.echo import Echo
from tests.training.test_corpus import KILLER, ROOT
from training.cli import main
from training.corpus import build, configured, stages_of
from training.funnel import Count
from training.out import write_out
from training.synthesis.people import KINDS
from training.synthesis.synthesizer import OBJECT

NODE = "{_target_: tests.training.synthesis.echo.Echo}"
LLM = [
    "synthesizer=llm", f"mind={NODE}", "model=big-model@1", f"judge.mind={NODE}", "judge.model=other-model@1",
    "synthesis.records_per_unit=60",
]  # fmt: skip


class Corpus(NamedTuple):
    """A corpus that is there."""

    folder: Path
    logs: list[str]
    counts: list[Count]
    asked: Counter[bytes]
    """How often each question was put to a mind."""

    def table(self, stage: str, name: str) -> pl.DataFrame:
        """All rows of a table."""
        return pl.read_parquet(sorted((self.folder / stage / name).glob("*.parquet")))

    def people(self, stage: str) -> dict[tuple[str, str], Profile]:
        """People of a stage by user and self."""
        rows = self.table(stage, "person").select("user", "self", "profile").iter_rows()
        return {(user, which): msgspec.json.decode(profile, type=Profile) for user, which, profile in rows}

    def counted(self, stage: str, what: str) -> Counter[str]:
        """Numbers by reason."""
        total: Counter[str] = Counter()
        for one in self.counts:
            if (one.stage, one.what) == (stage, what):
                total[one.reason] += one.number
        return total


def made(
    folder: Path, logs: list[str], *overrides: str, answers: str = "answers.sqlite", batches: float = float("inf")
) -> Corpus:
    """Build a corpus in `folder`, whose answers are kept beside it; interrupted after so many batches."""
    config = configured([*logs, *(overrides or LLM), f"corpus_dir={folder}"])
    Echo.asked.clear()
    Echo.left = batches
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandbox.assembly.answers_file", lambda: folder.parent / answers)
        counts = build(config)
    write_out(config, counts)
    return Corpus(folder, logs, counts, Counter(Echo.asked))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """A corpus of made-up logs."""
    home = tmp_path_factory.mktemp("llm")
    return made(home / "genome", write_logs(home, users=6, each=8))


def test_people_have_the_models_words_and_the_figures_of_their_logs(corpus: Corpus) -> None:
    figures, people = corpus.people("persons"), corpus.people("quality")
    assert {which for _, which in people} == {"latest", "early"}
    words = {"persona": "", "profile": "", "stories": (), "writing_style": ""}
    for key, person in people.items():
        assert msgspec.structs.replace(person, **words) == msgspec.structs.replace(figures[key], **words)
        assert person.persona != figures[key].persona
        assert person.persona.islower()
    assert any(person.stories and person.writing_style and person.profile for person in people.values())
    out = read_population(corpus.folder / "people.parquet")
    assert {one.id for one in out} == {user for user, which in people if which == "latest"}


def test_what_was_made_stands_in_tables_by_what_it_is(corpus: Corpus) -> None:
    for name, kinds in KINDS.items():
        table = corpus.table("quality", name)
        assert table.schema == OBJECT
        assert set(table["kind"]) == set(kinds)
        assert set(table["self"]) == {"latest", "early"}
        assert all(msgspec.json.decode(value) for value in table["value"])
    fields = {tuple(msgspec.json.decode(value)) for value in corpus.table("quality", "social_qa")["value"]}
    assert fields == {("scenario", "question", "answer")}
    fields = {tuple(msgspec.json.decode(value)) for value in corpus.table("quality", "scenario")["value"]}
    assert fields == {("text", "background", "characters")}


def test_what_was_made_becomes_tasks(corpus: Corpus) -> None:
    tasks = corpus.table("tasks", "task").filter(pl.col("record") == "", pl.col("family") != "reading")
    forms = {family: set(mine["form"]) for (family,), mine in tasks.group_by("family")}
    assert forms == {
        "profile": {"persona2profile"},
        "stories": {"half2half", "half_persona2half", "half_theme2target", "half_theme_persona2target"},
        "social_qa": set(KINDS["social_qa"]),
        "scenario": set(KINDS["scenario"]),
    }
    chats = [[one["content"] for one in msgspec.json.decode(chat)] for chat in tasks["messages"]]
    assert all(answer not in asked for asked, answer in chats)
    topics = {msgspec.json.decode(value)["topic"] for value in corpus.table("quality", "topic")["value"]}
    asked = corpus.table("tasks", "task").filter(pl.col("form") == "type1")["messages"]
    assert any(topic in chat for topic in topics for chat in asked)


def test_nobody_is_asked_about_what_they_are_made_from(corpus: Corpus) -> None:
    paths = [path for path in corpus.folder.glob("split/*/*.parquet") if path.parent.name != "done"]
    decided = pl.concat(map(pl.read_parquet, sorted(paths)))
    made = corpus.table("judge", "object").filter(pl.col("record") != "")
    rows = made.join(decided.rename({"id": "record"}), on=["source", "record"], suffix="_of_record")
    assert rows.height == made.height
    assert set(rows.filter(pl.col("self") == "latest")["part"]) == {"target"}
    assert set(rows.filter(pl.col("self") == "early").select("part", "early").rows()) == {("history", False)}
    assert rows["split"].equals(rows["split_of_record"], check_names=False)


def test_what_enters_is_kept_or_its_loss_is_counted(corpus: Corpus) -> None:
    kept = Counter(corpus.table("judge", "object")["kind"])
    for kind in (kind for kinds in KINDS.values() for kind in kinds):
        asked, judged = corpus.counted("synthesis", kind), corpus.counted("judge", kind)
        assert asked.pop("in") == asked.total() > 0
        assert judged.pop("in") == judged.total() > 0
        assert judged["out"] + judged["out, not judged"] == kept[kind] == corpus.counted("quality", kind)["out"]
        if kind in ("persona", "topic", "qa_reason"):
            assert asked["out"] == corpus.counted("judge", kind)["in"]


def test_people_enter_and_leave_with_a_reason(corpus: Corpus) -> None:
    before, after = (Counter(which for _, which in corpus.people(stage)) for stage in ("persons", "quality"))
    for what, which in {"people": "latest", "early selves": "early"}.items():
        mine = corpus.counted("quality", what)
        assert (mine["in"], mine["out"]) == (before[which], after[which])
        assert mine["in"] == mine["out"] + mine["no persona"]
    users = corpus.counted("synthesis", "users")
    assert users["in"] == before["latest"] == users["out"] + users["too few qualified posts"]


def test_scores_are_kept_with_their_judge(corpus: Corpus) -> None:
    scores = corpus.table("judge", "score")
    lost = scores.filter(pl.col("reason") != "")
    assert scores.height - lost.height == corpus.table("judge", "object").height
    assert set(scores.filter(pl.col("scores") != "")["judge"]) == {"other-model@1"}
    assert lost["reason"].str.contains(r"^\w+ < \d$").all()
    assert lost.height > 0


@pytest.mark.parametrize("batches", [3, 13, 24])
def test_an_interrupted_corpus_goes_on_to_the_same_and_asks_nothing_twice(
    corpus: Corpus, tmp_path: Path, batches: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path / "genome", corpus.logs, batches=batches)
    before = Counter(Echo.asked)
    assert 0 < before.total() < corpus.asked.total()
    after = made(tmp_path / "genome", corpus.logs)
    assert before + after.asked == corpus.asked == Counter(set(corpus.asked))
    assert digests(tmp_path / "genome") == digests(corpus.folder)


def test_a_corpus_killed_in_what_a_model_makes_comes_to_the_same(corpus: Corpus, tmp_path: Path) -> None:
    folder = copytree(corpus.folder, tmp_path / "genome")
    command = ["corpus", *corpus.logs, *LLM, "cache=false", f"corpus_dir={folder}"]
    for stage in ("portions", "synthesis", "judge"):
        rmtree(folder / stage)
        killed = subprocess.run(
            [sys.executable, "-c", KILLER, stage, *command], cwd=ROOT, capture_output=True, check=False
        )
        assert killed.returncode == -signal.SIGKILL, (stage, killed.stderr)
    Echo.left = float("inf")
    assert main(command) == 0
    assert digests(folder) == digests(corpus.folder)


def test_a_corpus_that_is_there_asks_nothing(corpus: Corpus) -> None:
    again = made(corpus.folder, corpus.logs)
    assert again.asked.total() == 0
    assert again.counts == corpus.counts


def test_the_card_names_the_model_and_its_judge(corpus: Corpus) -> None:
    card = (corpus.folder / "card.md").read_text(encoding="utf-8")
    assert "written by the language model big-model@1" in card
    assert "judged by other-model@1" in card


def test_without_a_judge_all_is_kept(corpus: Corpus) -> None:
    plain = [one for one in LLM if not one.startswith("judge.")]
    other = made(corpus.folder.with_name("unjudged"), corpus.logs, *plain, "judge=none")
    assert other.asked.total() == 0
    assert other.table("judge", "object").equals(corpus.table("synthesis", "object"))


def test_what_only_a_model_needs_does_not_touch_the_extractive_path(corpus: Corpus) -> None:
    def keys(*overrides: str) -> dict[str, str]:
        config = configured([*corpus.logs, *overrides, f"corpus_dir={corpus.folder}"])
        return {stage.name: stage.key() for stage in stages_of(config)}

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
        (["synthesizer=llm", "mind={_target_: pathlib.Path}", "model=b"], "must name a subclass of sandbox.mind.Mind"),
        (["synthesizer=llm", "judge.thresholds.persona.overall=11"], "judge.thresholds.persona.overall"),
    ],
)
def test_what_would_fail_after_hours_fails_at_once(corpus: Corpus, overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        stages_of(configured([*corpus.logs, *overrides]))


def test_the_shipped_settings_fit_the_shipped_engine(corpus: Corpus) -> None:
    assert stages_of(configured([*corpus.logs, *VLLM, "judge=none"]))
    assert stages_of(configured([*corpus.logs, *SERVER, "judge.model=big", "judge.allow_self_judge=true"]))
