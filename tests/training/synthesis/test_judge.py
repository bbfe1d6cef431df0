"""The judge's scores, thresholds and independence."""

from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from agents.prompt import render
from sandbox.errors import ConfigError
from sandbox.question import Fill, Question, Value
from tests.training.synthesis.scripted import GOOD, TEXT, Scripted, records, settings, written
from training.funnel import Tally
from training.synthesis import judge
from training.synthesis.judge import MEANINGS, SCORE, Candidate, JudgeConfig, judge_unit, judged, readable
from training.synthesis.posts import Post
from training.synthesis.synthesizer import synthesize_unit

CONFIG = JudgeConfig(**settings("judge", model="other-model"))
POST = Post("diary", "forum", "u0", "r0", "target", "2014-05-13", TEXT)


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
    assert judged([candidate(kind, platform)], mind, CONFIG, tally) == [({}, "")]
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
            return [msgspec.structs.replace(one, source="fallback") for one in super().answer(questions)]

    mute, tally = Mute(scoring().script, "other-model"), Tally("judge")
    assert judged([candidate()], mute, CONFIG, tally) == [({}, "no score")]
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


@pytest.fixture
def bucket(tmp_path: Path) -> list[Path]:
    """What the synthesizer leaves of one bucket."""
    tables = synthesize_unit([written(tmp_path, "record", records())], settings("synthesis"), Tally("persons"))
    return [written(tmp_path, name, table) for name, table in tables]


def test_a_unit_keeps_what_passes(bucket: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def script(question: Question) -> Value:
        weak = question.facts["object"] in ("profile", "qa thoughts")
        return {name: 2 if weak and name == "coverage" else 9 for name in _items(question)}

    monkeypatch.setattr(judge, "mind_of", lambda *_: Scripted(script, "other-model@9"))
    tally = Tally("judge")
    tables = dict(judge_unit(bucket, settings("judge", model="other-model"), tally))
    assert set(tables["person"]["object"]) == {"persona", "stories", "style"}
    made = pl.read_parquet(bucket[2])
    assert tables["made"].equals(made.filter(pl.col("kind") != "qa_thoughts"))
    assert tables["score"].schema == SCORE
    assert tables["score"].filter(pl.col("reason") != "")["kind"].value_counts().sort("kind").rows() == [
        ("profile", 1),
        ("qa_thoughts", 4),
    ]
    assert set(tables["score"]["judge"]) == {"other-model@9"}
    assert tally.counts["diary", "qa_thoughts", "coverage < 8"] == 4


def test_people_are_judged_by_their_history_and_moments_by_their_record(
    bucket: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    mind = scoring()
    monkeypatch.setattr(judge, "mind_of", lambda *_: mind)
    dict(judge_unit(bucket, settings("judge", model="other-model"), Tally("judge")))
    shown = {question.facts["object"]: len(question.facts["posts"]) for question in mind.batches[0]}
    assert shown["persona"] == shown["stories"] == 4
    assert shown["qa general"] == shown["scenario long"] == 1


def test_an_empty_bucket_stays_empty(bucket: list[Path]) -> None:
    for path in bucket:
        pl.read_parquet(path).clear().write_parquet(path)
    tables = dict(judge_unit(bucket, settings("judge", model="other-model"), Tally("judge")))
    assert [table.height for table in tables.values()] == [0, 0, 0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mind": None}, r"judge\.mind or judge\.model is null"),
        ({"mind": {"_target_": "x.Y", "max_model_len": 2048}}, r"judge: .* mind\.max_model_len is 2048"),
    ],
)
def test_settings_are_checked(bucket: list[Path], changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        dict(judge_unit(bucket, settings("judge", **{"model": "other-model", **changes}), Tally("judge")))


def test_objects_are_read_as_prose() -> None:
    assert readable("Plain.") == "Plain."
    assert readable('[{"record":"r","summary":"S","content":"C."}]') == "Summary: S Content: C."
    told = readable(msgspec.json.encode(GOOD["frame"]).decode())
    assert told == "Background: A neighbour needs a lift to the clinic. Characters: a worker; a neighbour"
