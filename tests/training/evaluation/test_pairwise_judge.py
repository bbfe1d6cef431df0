import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from agents.minds.language import Engine, Generation, Job, LanguageMind, Sampling
from sandbox.core.answer import Answer
from sandbox.core.answering import draw_option
from sandbox.core.mind import Mind, MindContext
from sandbox.core.question import Question
from sandbox.errors import BackendError, ConfigError
from sandbox.prompting.render import Prompt, render
from training.evaluation.cases import ChatCase
from training.evaluation.metrics import MetricKey, Sample
from training.evaluation.pairwise_judge import (
    POSITION_BIAS,
    check_judge,
    generate_answers,
    score_preferences,
    select_short,
)
from training.evaluation.run import load_evaluate_config

CHATS = [
    ChatCase("qa_general", f"u{n}", Prompt("", f"What does u{n} do?\nSay it.", ""), f"They run {n}.") for n in range(4)
]
SAMPLING = Sampling(temperature=1.0, text_temperature=1.0, top_p=1.0, min_p=0.0)


NO_STAKE = ["models={base: null}", "mind@judge.mind=server"]


class MatchingJudge(Mind):
    """Prefers an answer equal to the true one, and has some bias for the first position."""

    name = "matching"

    def __init__(self, bias: float = 0.0, source: Any = "model") -> None:
        self.bias, self.source = bias, source
        self.questions: list[Question] = []

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> "MatchingJudge":
        raise NotImplementedError

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        self.questions += questions
        matches = [
            [question.facts[order] == question.facts["real"] for order in ("first", "second")] for question in questions
        ]
        weights = [[0.1 + first + self.bias, 0.1 + second] for first, second in matches]
        return [draw_option(question, row, self.source) for question, row in zip(questions, weights, strict=True)]


class ParrotMind(LanguageMind):
    """Answers with the texts of its engine."""

    name = "parrot"


class ParrotEngine(Engine):
    """Repeats the adapter's name and the prompt."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.jobs: Sequence[Job] = ()

    def generate(self, jobs: Sequence[Job]) -> list[Generation | None]:
        self.jobs = jobs
        return [None if self.fails else Generation(text=f" {job.adapter}: {job.prompt.user} ") for job in jobs]

    def model(self, adapter: str) -> str:
        return "parrot"

    def describe(self) -> dict[str, Any]:
        return {"model": "parrot"}


def mean_metric(metrics: Mapping[MetricKey, Any], name: str, metric: str) -> float:
    sample = metrics[MetricKey(name, "own", "qa_general", metric)]
    assert isinstance(sample, Sample)
    assert sample.users == ("u0", "u1", "u2", "u3")
    return float(sample.values.mean())


def test_the_closer_answer_is_preferred_whatever_the_position_bias_of_the_judge() -> None:
    real, wrong = [chat.answer for chat in CHATS], ["They sleep."] * 4
    answers = {"base": wrong, "good": real, "same": wrong, "half": [*real[:2], *wrong[2:]]}
    unbiased = score_preferences(answers, CHATS, MatchingJudge(), 0)
    assert mean_metric(unbiased, "good", "preferred to base") == pytest.approx(1.1 / 1.2)
    assert mean_metric(unbiased, "same", "preferred to base") == 0.5
    assert mean_metric(unbiased, "half", "preferred to base") == pytest.approx((1.1 / 1.2 + 0.5) / 2)
    assert mean_metric(unbiased, "same", POSITION_BIAS) == 0.5
    biased = score_preferences(answers, CHATS, MatchingJudge(bias=0.4), 0)
    assert mean_metric(biased, "same", "preferred to base") == 0.5
    assert mean_metric(biased, "same", POSITION_BIAS) == pytest.approx(0.5 / 0.6)
    assert not [key for key in unbiased if key.model == "base"]


def test_both_orders_are_asked_and_nobody_is_named() -> None:
    judge = MatchingJudge()
    score_preferences({"base": ["Old."] * 4, "tuned": ["New."] * 4}, CHATS, judge, 0)
    new_first, old_first = judge.questions[:2]
    assert new_first.facts["first"] == old_first.facts["second"]
    assert new_first.facts["second"] == old_first.facts["first"]
    assert "tuned" not in render(new_first).user
    assert "They run 0." in render(new_first).user


def test_models_answer_in_one_batch_each_with_its_own_adapter() -> None:
    mind = ParrotMind(engine := ParrotEngine(), SAMPLING, None)
    answers = generate_answers({"base": None, "tuned": "folder"}, CHATS, mind, 0)
    assert answers["base"][1] == f": {CHATS[1].prompt.user}"
    assert answers["tuned"][1] == f"tuned: {CHATS[1].prompt.user}"
    assert len(engine.jobs) == 8
    assert len({job.seed for job in engine.jobs}) == 4
    assert all(job.multiline for job in engine.jobs)


def test_silence_is_no_verdict() -> None:
    with pytest.raises(BackendError, match="8 of 8"):
        silent = ParrotMind(ParrotEngine(fails=True), SAMPLING, None)
        generate_answers({"base": None, "tuned": "x"}, CHATS, silent, 0)
    with pytest.raises(BackendError, match="8 of 8"):
        score_preferences({"base": ["a"] * 4, "tuned": ["b"] * 4}, CHATS, MatchingJudge(source="fallback"), 0)
    with pytest.raises(ConfigError, match="matching"):
        generate_answers({"base": None}, CHATS, MatchingJudge(), 0)


def test_a_judge_with_a_stake_is_refused(tmp_path: Path) -> None:
    for stage, table, column, name in (
        ("synthesis", "object", "model", "org/Maker@1"),
        ("judge", "score", "judge", "Sifter"),
    ):
        (tmp_path / stage / table).mkdir(parents=True)
        pl.DataFrame({column: [name, ""]}).write_parquet(tmp_path / stage / table / "a.parquet")
    for judge, reason in (("other/maker", "learn from"), ("Sifter", "chose"), ("smollm2-135m", "base")):
        settings = [*NO_STAKE, f"corpus_dir={tmp_path}", f"judge.model={judge}"]
        with pytest.raises(ConfigError, match=reason):
            check_judge(load_evaluate_config(settings)[0])
    for mind in (None, MatchingJudge()):
        check_judge(load_evaluate_config([*NO_STAKE, f"corpus_dir={tmp_path}", "judge.model=someone"])[0], mind)


def test_the_model_that_a_server_serves_and_the_corpora_of_adapters_are_checked(tmp_path: Path) -> None:
    settings = [*NO_STAKE, f"corpus_dir={tmp_path}", "judge.model=someone"]
    with pytest.raises(ConfigError, match="parrot"):
        config, _ = load_evaluate_config([*settings, "model=org/parrot"])
        check_judge(config, ParrotMind(ParrotEngine(), SAMPLING, None))
    corpus, adapter = tmp_path / "other", tmp_path / "run" / "adapter"
    (corpus / "synthesis" / "object").mkdir(parents=True)
    adapter.mkdir(parents=True)
    pl.DataFrame({"model": ["org/Someone"]}).write_parquet(corpus / "synthesis" / "object" / "a.parquet")
    (adapter.parent / "manifest.json").write_text(json.dumps({"settings": {"corpus_dir": str(corpus)}}), "utf-8")
    with pytest.raises(ConfigError, match="learn from"):
        check_judge(load_evaluate_config([*settings, f"++models.tuned={adapter}"])[0])


def test_tasks_that_a_judge_cannot_read_in_full_are_skipped() -> None:
    long = ChatCase("qa_general", "u", Prompt("", "word " * 2000, ""), "Short.")
    assert select_short([*CHATS, long, long._replace(prompt=CHATS[0].prompt, answer="word " * 2000)]) == CHATS


def test_a_judge_needs_a_model() -> None:
    with pytest.raises(ConfigError, match="both mind and model"):
        load_evaluate_config(["judge.model=someone"])
    with pytest.raises(ConfigError, match="reads up to"):
        settings = ["models={base: null}", "mind@judge.mind=base", "judge.model=someone"]
        check_judge(load_evaluate_config(settings)[0])
