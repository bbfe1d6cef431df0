"""The judge's scores, thresholds and independence."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from sandbox.core.answer import Answer, Value
from sandbox.core.form import Fill
from sandbox.core.question import Question
from sandbox.errors import ConfigError
from sandbox.prompting.render import render
from tests.training.synthesis.scripted_synthesizer import (
    ASK,
    GOOD,
    TEXT,
    ScriptedSynthesizer,
    paper_settings,
    portion,
    synthesis_settings,
    write_table,
)
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.synthesis import judge
from training.synthesis.judge import ANCHORS, SCORE, Candidate, JudgeConfig, JudgeVerdict, format_object, judge_unit
from training.synthesis.posts import Post
from training.synthesis.questions import Asker
from training.synthesis.synthesizer import synthesis_unit

CONFIG = JudgeConfig(**paper_settings("judge", model="other-model"))
POST = Post("diary", "forum", "u0", "r0", "train", "latest", False, "2014-05-13", TEXT)


def judge_with(
    mind: ScriptedSynthesizer, candidates: Sequence[Candidate], config: JudgeConfig, tally: Tally
) -> list[JudgeVerdict]:
    return judge.judge_candidates(candidates, Asker(mind, 0, tally), config, tally)


def candidate(kind: str = "persona", platform: str = "forum", model: str = "big-model@1") -> Candidate:
    return Candidate("diary", platform, "u0", "", kind, "A loyal worker.", (POST,), model)


def judge_giving(**scores: int) -> ScriptedSynthesizer:
    """Return a judge that gives these scores, and 10 on all other criteria."""
    return ScriptedSynthesizer(
        lambda question: {name: scores.get(name, 10) for name in criteria_of(question)}, "other-model@9"
    )


def criteria_of(question: Question[Any]) -> list[str]:
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
    (verdict,) = judge_with(judge_giving(**scores), [candidate(kind, platform)], CONFIG, tally)
    assert verdict.reason == reason
    assert verdict.scores["overall"] == scores.get("overall", 10)
    assert tally.counts["diary", kind, reason or "out"] == 1


@pytest.mark.parametrize(("kind", "platform"), [("style", "forum"), ("topic", "blog"), ("persona", "reviews")])
def test_objects_without_thresholds_are_kept_without_a_question(kind: str, platform: str) -> None:
    mind, tally = judge_giving(), Tally("judge")
    assert judge_with(mind, [candidate(kind, platform)], CONFIG, tally) == [JudgeVerdict()]
    assert mind.batches == []
    assert tally.counts["diary", kind, "out, not judged"] == 1


def test_all_objects_are_scored_in_one_batch_in_bounded_integers() -> None:
    mind, tally = judge_giving(), Tally("judge")
    judge_with(mind, [candidate(), candidate("qa_reason"), candidate("style")], CONFIG, tally)
    (batch,) = mind.batches
    forms = [question.form.model.model_json_schema() for question in batch if isinstance(question.form, Fill)]
    assert [list(form["properties"]) for form in forms] == [
        ["hallucination", "coverage", "conciseness", "relevance", "overall"],
        ["hallucination", "coverage", "fidelity", "novelty", "leakage", "overall"],
    ]
    fields = [field for form in forms for field in form["properties"].values()]
    assert {(field["type"], field["minimum"], field["maximum"]) for field in fields} == {("integer", 1, 10)}
    assert tally.counts["all", "questions", "asked"] == 2
    assert not [key for key in tally.counts if key[1] == "judge"]


def test_the_source_comes_first_then_the_object_then_the_criteria() -> None:
    mind = judge_giving()
    judge_with(mind, [candidate()], CONFIG, Tally("judge"))
    text = render(mind.batches[0][0]).user
    places = [text.index(part) for part in (TEXT, "this persona:\nA loyal worker.", 'Field "hallucination"', "overall")]
    assert places == sorted(places)
    assert all(anchor in text for criterion, anchor in ANCHORS.items() if criterion in CONFIG.thresholds["persona"])


def test_an_object_without_scores_is_dropped() -> None:
    class MuteJudge(ScriptedSynthesizer):
        """Has no scores to give."""

        def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
            answers = super().answer(questions)
            return [msgspec.structs.replace(answer, source="fallback", retried=True) for answer in answers]

    mute_judge, tally = MuteJudge(judge_giving().script, "other-model"), Tally("judge")
    assert judge_with(mute_judge, [candidate()], CONFIG, tally) == [JudgeVerdict(reason="no score")]
    assert tally.counts["diary", "persona", "no score"] == 1


@pytest.mark.parametrize("maker", ["other-model@9", "other-model", "hub/Other-Model@77", "/models/other-model@3"])
def test_a_model_does_not_judge_its_own(maker: str) -> None:
    with pytest.raises(ConfigError, match=r"judge\.model is other-model, which made 1 of the 2 objects itself"):
        judge_with(judge_giving(), [candidate(), candidate(model=maker)], CONFIG, Tally("judge"))


def test_a_model_may_judge_its_own_if_that_is_allowed_and_counted() -> None:
    tally = Tally("judge")
    config = CONFIG.model_copy(update={"allow_self_judge": True})
    judge_with(judge_giving(), [candidate(model="other-model@9")], config, tally)
    assert tally.counts["all", "objects", "judged by the model that made them"] == 1


def test_thresholds_are_checked() -> None:
    for thresholds in ({"persona": {"charm": 3}}, {"persona": {"overall": 11}}):
        with pytest.raises(ValueError, match="thresholds"):
            JudgeConfig.model_validate({**CONFIG.model_dump(), "thresholds": thresholds})


def test_thresholds_of_what_is_never_made_are_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown kind of object 'persna'.*Did you mean 'persona'"):
        JudgeConfig.model_validate({**CONFIG.model_dump(), "thresholds": {"persna": {"overall": 8}}})


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    """What the synthesizer leaves of one portion."""
    source = Unit("0000", {"portion": [write_table(tmp_path, "record", portion(early=3))]})
    tables = dict(synthesis_unit(source, synthesis_settings(), Tally("synthesis")))
    return Unit("0000", {name: [write_table(tmp_path, name, tables[name])] for name in ("object", "post")})


def run_judge(
    unit: Unit, mind: ScriptedSynthesizer, monkeypatch: pytest.MonkeyPatch, **changes: object
) -> tuple[dict[str, pl.DataFrame], Tally]:
    monkeypatch.setattr("training.synthesis.questions.open_mind", lambda _: mind)
    tally = Tally("judge")
    settings = {
        "ask": {**ASK, "model": "other-model"},
        "judge": paper_settings("judge", model="other-model", **changes),
    }
    return dict(judge_unit(unit, settings, tally)), tally


def test_a_unit_keeps_what_passes(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    def script(question: Question[Any]) -> Value:
        is_weak = question.facts["object"] in ("profile", "qa thoughts")
        return {name: 2 if is_weak and name == "coverage" else 9 for name in criteria_of(question)}

    tables, tally = run_judge(unit, ScriptedSynthesizer(script, "other-model@9"), monkeypatch)
    objects = pl.read_parquet(unit.file("object"))
    assert objects["kind"].n_unique() == 13
    assert tables["object"].equals(objects.filter(~pl.col("kind").is_in(["profile", "qa_thoughts"])))
    assert tables["score"].schema == SCORE
    lost = tables["score"].filter(pl.col("reason") != "").group_by("kind").len().sort("kind").rows()
    assert lost == [("profile", 2), ("qa_thoughts", 5)]
    assert set(tables["score"]["judge"]) == {"other-model@9", ""}
    assert tally.counts["diary", "qa_thoughts", "coverage < 8"] == 5


def test_every_object_is_kept_or_its_loss_is_counted(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    mind = ScriptedSynthesizer(
        lambda question: dict.fromkeys(criteria_of(question), 7 + question.seed % 3), "other-model@9"
    )
    tables, tally = run_judge(unit, mind, monkeypatch)
    num_kept = dict(tables["object"].group_by("kind").len().rows())
    for kind, entered in pl.read_parquet(unit.file("object")).group_by("kind").len().rows():
        counts = {reason: number for (_, entity, reason), number in tally.counts.items() if entity == kind}
        assert counts.pop("in") == entered == sum(counts.values())
        assert counts.get("out", 0) + counts.get("out, not judged", 0) == num_kept.get(kind, 0)


def test_people_are_judged_by_what_they_know_and_other_objects_by_their_record(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    mind = judge_giving()
    run_judge(unit, mind, monkeypatch)
    num_posts = {(question.facts["object"], len(question.facts["posts"])) for question in mind.batches[0]}
    assert num_posts >= {("persona", 4), ("persona", 3), ("stories", 4), ("stories", 3), ("qa general", 1)}


def test_an_empty_portion_stays_empty(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("object", "post"):
        pl.read_parquet(unit.file(name)).clear().write_parquet(unit.file(name))
    tables, _ = run_judge(unit, judge_giving(), monkeypatch)
    assert [table.height for table in tables.values()] == [0, 0]


def test_no_mind_is_needed_if_nothing_is_to_be_judged(unit: Unit) -> None:
    settings = {"ask": None, "judge": {**paper_settings("judge"), "thresholds": {}, "by_platform": {}}}
    tables = dict(judge_unit(unit, settings, Tally("judge")))
    assert tables["object"].equals(pl.read_parquet(unit.file("object")))
    assert set(tables["score"]["judge"]) == {""}


def test_objects_are_formatted_as_prose() -> None:
    assert format_object({"text": "Plain."}) == "Plain."
    assert format_object([{"record": "r", "summary": "S", "content": "C."}]) == "Summary: S Content: C."
    frame = format_object(GOOD["frame"])
    assert frame == "Background: A neighbour needs a lift to the clinic. Characters: a worker; a neighbour"
