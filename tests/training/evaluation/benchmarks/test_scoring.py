from collections.abc import Callable, Mapping, Sequence
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sandbox.core.answer import Answer
from sandbox.core.answering import draw_option
from sandbox.core.form import Choose
from sandbox.core.mind import Mind, MindContext
from sandbox.core.question import Question
from sandbox.errors import BackendError, ConfigError
from training.evaluation.benchmarks.items import BenchmarkItem, load_items
from training.evaluation.benchmarks.questions import MOTIVEBENCH_ORDERS, build_questions, list_option_orders
from training.evaluation.benchmarks.scoring import sample_scenes, score_answers, score_baselines, score_benchmarks
from training.evaluation.metrics import MetricKey
from training.evaluation.run import load_evaluate_config


class WeighingMind(Mind):
    """Weighs the options of a question by a function of the question and the displayed texts."""

    name = "weighing"

    def __init__(self, weigh: Callable[[Question, list[str]], Sequence[float]], source: Any = "model") -> None:
        self.weigh, self.source = weigh, source
        self.batches: list[Sequence[Question]] = []

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> "WeighingMind":
        raise NotImplementedError

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        self.batches.append(questions)
        return [
            draw_option(question, self.weigh(question, option_texts(question)), self.source) for question in questions
        ]


def option_texts(question: Question) -> list[str]:
    """Options in displayed order."""
    assert isinstance(question.form, Choose)
    return [option.text for option in question.form.options]


def mean_metrics(items: Sequence[BenchmarkItem], mind: Mind) -> dict[tuple[str, str], float]:
    orders = [list_option_orders(item) for item in items]
    metrics = score_answers(items, orders, mind.answer(build_questions(items, orders)))
    return {key: float(sample.values.mean()) for key, sample in metrics.items()}


def test_who_knows_is_always_right_and_who_likes_a_letter_is_right_by_chance(motivebench: Path, tombench: Path) -> None:
    items = [*load_items(motivebench), *load_items(tombench)]
    right = {item.options[item.gold] for item in items}
    informed = mean_metrics(items, WeighingMind(lambda _, texts: [3.0 if text in right else 0.25 for text in texts]))
    assert informed["motivebench", "accuracy"] == informed["motivebench: both", "accuracy, as printed"] == 1
    assert informed["motivebench: Persona", "all three correct"] == 1
    assert ("motivebench: both", "all three correct") not in informed
    assert informed["motivebench", "nll"] == pytest.approx(-log(3 / 4.25))
    biased = mean_metrics(items, WeighingMind(lambda _, texts: [1.0, *[0.0] * (len(texts) - 1)]))
    assert biased["tombench zh", "accuracy"] == pytest.approx(1 / 4)
    assert biased["tombench en: False Belief Task", "accuracy"] == pytest.approx(1 / 3)
    assert biased["tombench en", "share of the favourite letter"] == 1
    assert biased["motivebench", "accuracy, as printed"] == 0


def test_a_scene_counts_only_where_all_three_are_right_in_one_order(motivebench: Path) -> None:
    items = load_items(motivebench)
    right = {item.options[item.gold] for item in items if item.aspect != "both"}
    means = mean_metrics(
        items,
        WeighingMind(lambda _, texts: [float(text in right) + 0.01 * position for position, text in enumerate(texts)]),
    )
    # Without a right option in mind, the last letter is chosen: sometimes it is the right one.
    lucky = np.mean([order.index(5) == 5 for order in MOTIVEBENCH_ORDERS])
    assert means["motivebench", "all three correct"] == pytest.approx(lucky)
    assert means["motivebench", "accuracy"] == pytest.approx((2 + lucky) / 3)


def test_baselines_are_what_the_orders_leave_to_chance(motivebench: Path, tombench: Path) -> None:
    items = [*load_items(motivebench), *load_items(tombench)]
    baselines = score_baselines(items, [list_option_orders(item) for item in items])
    means = {
        (name, *key): sample.values.mean() for name, metrics in baselines.items() for key, sample in metrics.items()
    }
    assert means["uniform", "motivebench", "accuracy"] == pytest.approx(1 / 6)
    assert means["uniform", "motivebench", "all three correct"] == pytest.approx(1 / 6**3)
    assert means["uniform", "tombench zh", "nll"] == pytest.approx(log(4))
    assert means["always one letter", "tombench zh", "accuracy"] == pytest.approx(1 / 4)
    assert means["always one letter", "tombench zh: Hinting Task Test", "accuracy, as printed"] == 1
    most = max(sum(order[position] == 5 for order in MOTIVEBENCH_ORDERS) for position in range(6))
    assert means["always one letter", "motivebench: both", "accuracy"] == pytest.approx(most / 18)


def test_models_are_asked_in_one_batch_with_their_adapters(motivebench: Path, tombench: Path) -> None:
    mind = WeighingMind(
        lambda question, texts: [1.0 + (question.mind == "tuned") * (text in RIGHT_TEXTS) for text in texts]
    )
    files = {"motivebench": motivebench, "tombench": tombench}
    metrics = score_benchmarks(files, {"base": None, "tuned": "folder"}, mind, None, 0)
    (batch,) = mind.batches
    num_questions = 12 * 18 + 7 * 3 + 7 * 4
    assert [question.mind for question in batch] == [""] * num_questions + ["tuned"] * num_questions
    tuned = metrics[MetricKey("tuned", "own", "motivebench", "accuracy")]
    assert tuned.values.tolist() == [1.0] * 12
    assert tuned.users[:4] == ("Persona/0",) * 3 + ("Persona/1",)
    base = metrics[MetricKey("base", "own", "tombench en: Hinting Task Test", "nll")]
    assert base.values.tolist() == pytest.approx([log(3)])
    assert {key.model for key in metrics} == {"base", "tuned", "uniform", "always one letter"}


RIGHT_TEXTS = {
    f"{name}{idx}." for idx in range(4) for name in ("Motivation B", "Behavior C", "Motivation and Behavior F")
}


def test_a_missing_answer_is_an_error(tombench: Path) -> None:
    silent = WeighingMind(lambda _, texts: [1.0] * len(texts), "fallback")
    with pytest.raises(BackendError, match="49 of 49 questions"):
        score_benchmarks({"tombench": tombench}, {"base": None}, silent, None, 0)


def test_a_benchmark_under_another_name_is_refused(tombench: Path) -> None:
    mind = WeighingMind(lambda _, texts: [1.0] * len(texts))
    with pytest.raises(ConfigError, match=r"benchmarks\.motivebench: .* holds tombench"):
        score_benchmarks({"motivebench": tombench}, {"base": None}, mind, None, 0)
    with pytest.raises(ConfigError, match=r"unknown benchmark 'tomebench'.*tombench"):
        score_benchmarks({"tomebench": tombench}, {"base": None}, mind, None, 0)


def test_a_sample_has_complete_scenes_of_every_part(motivebench: Path, tombench: Path) -> None:
    items = [*load_items(motivebench), *load_items(tombench)]
    few = sample_scenes(items, 2, 1)
    scenes = {item.scene for item in few if item.aspect}
    assert [sum(item.scene == scene for item in few) for scene in scenes] == [3, 3]
    assert sum(item.language == "en" and item.task == "False Belief Task" for item in few) == 4
    assert sample_scenes(items, 2, 1) == few
    assert sample_scenes(items, None, 1) == items
    assert len({tuple(sample_scenes(items, 2, seed)) for seed in range(8)}) > 1


def test_benchmarks_are_named_on_the_command_line_as_the_manual_has_it() -> None:
    assert load_evaluate_config([])[0].benchmarks == {}
    config, _ = load_evaluate_config(["benchmarks={motivebench: one, tombench: other}"])
    assert config.benchmarks == {"motivebench": Path("one"), "tombench": Path("other")}
    with pytest.raises(ConfigError, match="benchmarks: it takes motivebench, tombench, and nothing else"):
        load_evaluate_config(["benchmarks={tomebench: one}"])
