"""The judge's scores, thresholds and independence."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from agents.prompt import render
from sandbox.errors import ConfigError
from sandbox.question import Fill, Question, Value
from tests.training.synthesis.scripted import ASK, GOOD, TEXT, Scripted, made_by, paper, portion, written
from training.funnel import Tally
from training.synthesis import judge
from training.synthesis.asking import Asker
from training.synthesis.judge import MEANINGS, SCORE, Candidate, JudgeConfig, Verdict, judge_unit, readable
from training.synthesis.posts import Post
from training.synthesis.synthesizer import synthesis_unit

CONFIG = JudgeConfig(**paper("judge", model="other-model"))
POST = Post("diary", "forum", "u0", "r0", "train", "latest", False, "2014-05-13", TEXT)


def judged(candidates: Sequence[Candidate], mind: Scripted, config: JudgeConfig, tally: Tally) -> list[Verdict]:
    return judge.judged(candidates, Asker(mind, 0, tally), config, tally)


def candidate(kind: str = "persona", platform: str = "forum", model: str = "big-model@1") -> Candidate:
    return Candidate("diary", platform, "u0", "", kind, "A loyal worker.", (POST,), model)


def scoring(**scores: int) -> Scripted:
    """Gives those scores, and 10 on all other items."""
    return Scripted(lambda question: {name: scores.get(name, 10) for name in _items(question)}, "other-model@9")


def _items(question: Question) -> list[str]:
    return [item["name"] for item in question.facts["items"]]


@pytest.mark.parametrize(
    ("kind", "platform", "scores", "reason"),
    [
        ("persona", "forum", {"hallucination": 8, "coverage": 7, "conciseness": 8, "relevance": 8, "overall": 8}, ""),
        ("persona", "forum", {"coverage": 6}, "coverage < 7"),
        ("persona", "forum", {"hallucination": 7, "overall": 1}, "hallucination < 8"),
        ("profile", "blog", {"relevance": 8}, "relevance < 9"),
        ("stories", "forum", {"novelty": 7, "coverage": 8}, ""),
        ("qa_general", "forum", {"overall": 8}, "overall < 9"),
        ("qa_general", "forum", {"leakage": 7}, "leakage < 8"),
        ("qa_reason", "blog", {"leakage": 7}, "leakage < 8"),
        ("qa_reason", "forum", {"leakage": 7, "novelty": 7, "overall": 8}, ""),
        ("qa_reason", "microblog", {"hallucination": 8}, "hallucination < 9"),
        ("qa_reason", "microblog", {"overall": 7}, ""),
        ("scenario_long", "forum", {"fidelity": 7}, "fidelity < 8"),
    ],
)
def test_the_papers_thresholds_decide(kind: str, platform: str, scores: dict[str, int], reason: str) -> None:
    tally = Tally("judge")
    (verdict,) = judged([candidate(kind, platform)], scoring(**scores), CONFIG, tally)
    assert verdict.reason == reason
    assert verdict.scores["overall"] == scores.get("overall", 10)
    assert tally.counts["diary", kind, reason or "out"] == 1


@pytest.mark.parametrize(("kind", "platform"), [("style", "forum"), ("topic", "blog"), ("persona", "reviews")])
def test_what_has_no_threshold_is_kept_without_a_question(kind: str, platform: str) -> None:
    mind, tally = scoring(), Tally("judge")
    assert judged([candidate(kind, platform)], mind, CONFIG, tally) == [Verdict()]
    assert mind.batches == []
    assert tally.counts["diary", kind, "out, not judged"] == 1


def test_all_objects_are_scored_in_one_batch_in_bounded_whole_numbers() -> None:
    mind, tally = scoring(), Tally("judge")
    judged([candidate(), candidate("qa_reason"), candidate("style")], mind, CONFIG, tally)
    (batch,) = mind.batches
    forms = [question.form.model.model_json_schema() for question in batch if isinstance(question.form, Fill)]
    assert [list(form["properties"]) for form in forms] == [
        ["hallucination", "coverage", "conciseness", "relevance", "overall"],
        ["hallucination", "coverage", "fidelity", "novelty", "leakage", "overall"],
    ]
    bounds = {(one["type"], one["minimum"], one["maximum"]) for form in forms for one in form["properties"].values()}
    assert bounds == {("integer", 1, 10)}
    assert tally.counts["all", "questions", "asked"] == 2
    assert not [key for key in tally.counts if key[1] == "judge"]


def test_the_source_comes_first_then_the_object_then_the_items() -> None:
    mind = scoring()
    judged([candidate()], mind, CONFIG, Tally("judge"))
    text = render(mind.batches[0][0]).user
    places = [text.index(part) for part in (TEXT, "this persona:\nA loyal worker.", 'Field "hallucination"', "overall")]
    assert places == sorted(places)
    assert all(meaning in text for item, meaning in MEANINGS.items() if item in CONFIG.thresholds["persona"])


def test_an_object_without_scores_is_dropped() -> None:
    class Mute(Scripted):
        """Has no scores to give."""

        def answer(self, questions: Any) -> Any:
            return [msgspec.structs.replace(one, source="fallback", retried=True) for one in super().answer(questions)]

    mute, tally = Mute(scoring().script, "other-model"), Tally("judge")
    assert judged([candidate()], mute, CONFIG, tally) == [Verdict(reason="no score")]
    assert tally.counts["diary", "persona", "no score"] == 1


@pytest.mark.parametrize("made_by", ["other-model@9", "other-model", "hub/Other-Model@77", "/models/other-model@3"])
def test_a_model_does_not_judge_its_own(made_by: str) -> None:
    with pytest.raises(ConfigError, match=r"judge\.model is other-model, which made 1 of the 2 objects itself"):
        judged([candidate(), candidate(model=made_by)], scoring(), CONFIG, Tally("judge"))


def test_a_model_may_judge_its_own_where_that_is_said_and_counted() -> None:
    tally = Tally("judge")
    config = CONFIG.model_copy(update={"allow_self_judge": True})
    judged([candidate(model="other-model@9")], scoring(), config, tally)
    assert tally.counts["all", "objects", "judged by the model that made them"] == 1


def test_thresholds_are_checked() -> None:
    for thresholds in ({"persona": {"charm": 3}}, {"persona": {"overall": 11}}):
        with pytest.raises(ValueError, match="thresholds"):
            JudgeConfig.model_validate({**CONFIG.model_dump(), "thresholds": thresholds})


def test_thresholds_of_what_is_never_made_are_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown kind of object 'persna'.*Did you mean 'persona'"):
        JudgeConfig.model_validate({**CONFIG.model_dump(), "thresholds": {"persna": {"overall": 8}}})


@pytest.fixture
def made(tmp_path: Path) -> list[Path]:
    """What the synthesizer leaves of one portion."""
    tally = Tally("synthesis")
    tables = dict(synthesis_unit([written(tmp_path, "record", portion(early=3))], made_by(), tally))
    return [written(tmp_path, name, tables[name]) for name in ("object", "post")]


def scored(
    made: list[Path], mind: Scripted, monkeypatch: pytest.MonkeyPatch, **changes: object
) -> tuple[dict[str, pl.DataFrame], Tally]:
    monkeypatch.setattr("training.synthesis.asking.mind_of", lambda _: mind)
    tally = Tally("judge")
    settings = {"ask": {**ASK, "model": "other-model"}, "judge": paper("judge", model="other-model", **changes)}
    return dict(judge_unit(made, settings, tally)), tally


def test_a_unit_keeps_what_passes(made: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def script(question: Question) -> Value:
        weak = question.facts["object"] in ("profile", "qa thoughts")
        return {name: 2 if weak and name == "coverage" else 9 for name in _items(question)}

    tables, tally = scored(made, Scripted(script, "other-model@9"), monkeypatch)
    before = pl.read_parquet(made[0])
    assert before["kind"].n_unique() == 13
    assert tables["object"].equals(before.filter(~pl.col("kind").is_in(["profile", "qa_thoughts"])))
    assert tables["score"].schema == SCORE
    lost = tables["score"].filter(pl.col("reason") != "").group_by("kind").len().sort("kind").rows()
    assert lost == [("profile", 2), ("qa_thoughts", 5)]
    assert set(tables["score"]["judge"]) == {"other-model@9", ""}
    assert tally.counts["diary", "qa_thoughts", "coverage < 8"] == 5


def test_what_enters_is_kept_or_its_loss_is_counted(made: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    mind = Scripted(lambda question: dict.fromkeys(_items(question), 7 + question.seed % 3), "other-model@9")
    tables, tally = scored(made, mind, monkeypatch)
    kept = dict(tables["object"].group_by("kind").len().rows())
    for kind, entered in pl.read_parquet(made[0]).group_by("kind").len().rows():
        mine = {reason: number for (_, what, reason), number in tally.counts.items() if what == kind}
        assert mine.pop("in") == entered == sum(mine.values())
        assert mine.get("out", 0) + mine.get("out, not judged", 0) == kept.get(kind, 0)


def test_people_are_judged_by_what_they_know_and_moments_by_their_record(
    made: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    mind = scoring()
    scored(made, mind, monkeypatch)
    shown = {(one.facts["object"], len(one.facts["posts"])) for one in mind.batches[0]}
    assert shown >= {("persona", 4), ("persona", 3), ("stories", 4), ("stories", 3), ("qa general", 1)}


def test_an_empty_portion_stays_empty(made: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for path in made:
        pl.read_parquet(path).clear().write_parquet(path)
    tables, _ = scored(made, scoring(), monkeypatch)
    assert [table.height for table in tables.values()] == [0, 0]


def test_nobody_is_asked_where_nothing_is_to_be_judged(made: list[Path]) -> None:
    nothing = {"ask": None, "judge": {**paper("judge"), "thresholds": {}, "by_platform": {}}}
    tables = dict(judge_unit(made, nothing, Tally("judge")))
    assert tables["object"].equals(pl.read_parquet(made[0]))
    assert set(tables["score"]["judge"]) == {""}


def test_objects_are_read_as_prose() -> None:
    assert readable({"text": "Plain."}) == "Plain."
    assert readable([{"record": "r", "summary": "S", "content": "C."}]) == "Summary: S Content: C."
    told = readable(GOOD["frame"])
    assert told == "Background: A neighbour needs a lift to the clinic. Characters: a worker; a neighbour"
