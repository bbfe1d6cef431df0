import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from agents.minds.language import Engine, Job, LanguageMind, Raw, Sampling
from agents.prompt import Prompt, render
from sandbox.errors import BackendError, ConfigError
from sandbox.mind import Context, Mind, chosen
from sandbox.question import Answer, Question
from training.evaluate.asked import Chat
from training.evaluate.judged import FIRST_PLACE, answers, check_judge, judged_samples, short_enough
from training.evaluate.run import configured
from training.evaluate.samples import Key, Sample

CHATS = [
    Chat("qa_general", f"u{n}", Prompt("", f"What does u{n} do?\nSay it.", ""), f"They run {n}.") for n in range(4)
]
SAMPLING = Sampling(temperature=1.0, text_temperature=1.0, top_p=1.0, min_p=0.0)


FAIR = ["models={base: null}", "mind@judge.mind=server"]


class Reading(Mind):
    """Prefers an answer that stands in the question twice, as the true one does too; likes the first place a little."""

    name = "reading"

    def __init__(self, bias: float = 0.0, source: Any = "model") -> None:
        self.bias, self.source = bias, source
        self.asked: list[Question] = []

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: Context) -> "Reading":
        raise NotImplementedError

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        self.asked += questions
        right = [[one.facts[place] == one.facts["real"] for place in ("first", "second")] for one in questions]
        weights = [[0.1 + first + self.bias, 0.1 + second] for first, second in right]
        return [chosen(one, both, self.source) for one, both in zip(questions, weights, strict=True)]


class Saying(LanguageMind):
    """Says what its engine says."""

    name = "saying"


class Parrot(Engine):
    """Says who it is and what it was asked."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.jobs: Sequence[Job] = ()

    def generate(self, jobs: Sequence[Job]) -> list[Raw | None]:
        self.jobs = jobs
        return [None if self.fails else Raw(text=f" {job.voice}: {job.prompt.user} ") for job in jobs]

    def model(self, voice: str) -> str:
        return "parrot"

    def describe(self) -> dict[str, Any]:
        return {"model": "parrot"}


def mean(samples: Mapping[Key, Any], name: str, figure: str) -> float:
    found = samples[Key(name, "own", "qa_general", figure)]
    assert isinstance(found, Sample)
    assert found.users == ("u0", "u1", "u2", "u3")
    return float(found.values.mean())


def test_the_nearer_answer_is_preferred_whatever_the_judge_thinks_of_places() -> None:
    real, wrong = [chat.answer for chat in CHATS], ["They sleep."] * 4
    made = {"base": wrong, "good": real, "same": wrong, "half": [*real[:2], *wrong[2:]]}
    fair = judged_samples(made, CHATS, Reading(), 0)
    assert mean(fair, "good", "preferred to base") == pytest.approx(1.1 / 1.2)
    assert mean(fair, "same", "preferred to base") == 0.5
    assert mean(fair, "half", "preferred to base") == pytest.approx((1.1 / 1.2 + 0.5) / 2)
    assert mean(fair, "same", FIRST_PLACE) == 0.5
    biased = judged_samples(made, CHATS, Reading(bias=0.4), 0)
    assert mean(biased, "same", "preferred to base") == 0.5
    assert mean(biased, "same", FIRST_PLACE) == pytest.approx(0.5 / 0.6)
    assert not [key for key in fair if key.contestant == "base"]


def test_both_orders_are_asked_and_nobody_is_named() -> None:
    judge = Reading()
    judged_samples({"base": ["Old."] * 4, "tuned": ["New."] * 4}, CHATS, judge, 0)
    one, other = judge.asked[:2]
    assert (one.facts["first"], one.facts["second"]) == (other.facts["second"], other.facts["first"])
    assert "tuned" not in render(one).user
    assert "They run 0." in render(one).user


def test_contestants_answer_in_one_batch_each_with_its_own_voice() -> None:
    mind = Saying(engine := Parrot(), SAMPLING, None)
    made = answers({"base": None, "tuned": "folder"}, CHATS, mind, 0)
    assert made["base"][1] == f": {CHATS[1].prompt.user}"
    assert made["tuned"][1] == f"tuned: {CHATS[1].prompt.user}"
    assert len(engine.jobs) == 8
    assert len({job.seed for job in engine.jobs}) == 4
    assert all(job.many_lines for job in engine.jobs)


def test_silence_is_no_verdict() -> None:
    with pytest.raises(BackendError, match="8 of 8"):
        answers({"base": None, "tuned": "x"}, CHATS, Saying(Parrot(fails=True), SAMPLING, None), 0)
    with pytest.raises(BackendError, match="8 of 8"):
        judged_samples({"base": ["a"] * 4, "tuned": ["b"] * 4}, CHATS, Reading(source="fallback"), 0)
    with pytest.raises(ConfigError, match="reading"):
        answers({"base": None}, CHATS, Reading(), 0)


def test_a_judge_with_a_stake_is_refused(tmp_path: Path) -> None:
    for stage, table, column, name in (
        ("synthesis", "object", "model", "org/Maker@1"),
        ("judge", "score", "judge", "Sifter"),
    ):
        (tmp_path / stage / table).mkdir(parents=True)
        pl.DataFrame({column: [name, ""]}).write_parquet(tmp_path / stage / table / "a.parquet")
    for judge, why in (("other/maker", "learn from"), ("Sifter", "chose"), ("smollm2-135m", "base")):
        settings = [*FAIR, f"corpus_dir={tmp_path}", f"judge.model={judge}"]
        with pytest.raises(ConfigError, match=why):
            check_judge(configured(settings)[0])
    for mind in (None, Reading()):
        check_judge(configured([*FAIR, f"corpus_dir={tmp_path}", "judge.model=someone"])[0], mind)


def test_what_a_server_really_serves_is_looked_at_and_what_adapters_learnt_from(tmp_path: Path) -> None:
    settings = [*FAIR, f"corpus_dir={tmp_path}", "judge.model=someone"]
    with pytest.raises(ConfigError, match="parrot"):
        check_judge(configured([*settings, "model=org/parrot"])[0], Saying(Parrot(), SAMPLING, None))
    corpus, adapter = tmp_path / "other", tmp_path / "run" / "adapter"
    (corpus / "synthesis" / "object").mkdir(parents=True)
    adapter.mkdir(parents=True)
    pl.DataFrame({"model": ["org/Someone"]}).write_parquet(corpus / "synthesis" / "object" / "a.parquet")
    (adapter.parent / "manifest.json").write_text(json.dumps({"settings": {"corpus_dir": str(corpus)}}), "utf-8")
    with pytest.raises(ConfigError, match="learn from"):
        check_judge(configured([*settings, f"++models.tuned={adapter}"])[0])


def test_what_a_judge_cannot_read_whole_is_left_out() -> None:
    long = Chat("qa_general", "u", Prompt("", "word " * 2000, ""), "Short.")
    assert short_enough([*CHATS, long, long._replace(prompt=CHATS[0].prompt, answer="word " * 2000)]) == CHATS


def test_a_judge_needs_a_model() -> None:
    with pytest.raises(ConfigError, match="both mind and model"):
        configured(["judge.model=someone"])
    with pytest.raises(ConfigError, match="reads up to"):
        check_judge(configured(["models={base: null}", "mind@judge.mind=base", "judge.model=someone"])[0])
