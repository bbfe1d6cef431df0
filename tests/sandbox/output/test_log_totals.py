"""The position bias of a log is that of the mind that answered, and the seed is its unit."""

import math
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from experiments.facts.decisions import decision_tables
from experiments.position_bias import position_bias_table
from sandbox.core.answer import Answer
from sandbox.core.answering import display_order, draw_option
from sandbox.core.form import Choose, Option
from sandbox.core.presentation import Presentation
from sandbox.core.question import Question
from sandbox.core.replicate import Replicate
from sandbox.output.log_totals import OddsRatio, PositionBias, count_fallbacks, measure_position_bias
from sandbox.runtime.log import DecisionLog
from tests.conftest import make_question

NUM_CHOICES = 100
OPTIONS = tuple(Option(key) for key in "abcd")
TASTE = (0.7, 0.1, 0.1, 0.1)


def make_questions(arm: str, seed: int, shuffle: int = 0, is_ordered: bool = False) -> list[Question]:
    """Return questions whose seeds, and so shuffles and draws, are the same in all arms."""
    form = Choose(OPTIONS, ordered=is_ordered)
    return [
        make_question(
            form,
            agent=agent,
            replicate=Replicate(arm, seed),
            seed=(agent * 7919 + 1) * (seed + 1) | 1 << 63,
            presentation=Presentation(shuffle=shuffle),
        )
        for agent in range(NUM_CHOICES)
    ]


def answer_by_taste(question: Question) -> Answer:
    """Answer by the options alone."""
    return draw_option(question, TASTE, "rule")


def answer_first(question: Question) -> Answer:
    """Give the option displayed first nine times the weight of another."""
    first = display_order(question)[0]
    return draw_option(question, [9.0 if index == first else 1.0 for index in range(4)], "model")


def measure_biases(
    path: Path, questions: Sequence[Question], answers: Sequence[Answer], shuffle: int = 0
) -> list[PositionBias]:
    with closing(DecisionLog.create(path / "decisions.sqlite")) as log:
        log.append(questions, answers, 0.1, 0.0)
        return measure_position_bias(log, shuffle)


@pytest.mark.parametrize("shuffle", [0, 1])
def test_a_mind_that_prefers_the_first_option_has_its_odds_ratio(tmp_path: Path, shuffle: int) -> None:
    questions = make_questions("base", 0, shuffle)
    (bias,) = measure_biases(tmp_path, questions, [answer_first(question) for question in questions], shuffle)
    assert (bias.num, bias.first, bias.chance) == (100, pytest.approx(75), pytest.approx(25))
    assert math.exp(bias.log_odds_ratio) == pytest.approx(75.5 / 25.5 / (25.5 / 75.5))


def test_a_draw_stands_for_a_probability_that_is_unknown(tmp_path: Path) -> None:
    questions = make_questions("base", 0)
    answers = [msgspec.structs.replace(answer_first(question), probs=None, position=0) for question in questions]
    (bias,) = measure_biases(tmp_path, questions, answers)
    assert (bias.num, bias.first) == (100, 100)
    assert math.isfinite(bias.log_odds_ratio)


def test_choices_whose_order_means_something_do_not_count(tmp_path: Path) -> None:
    questions = make_questions("base", 0, is_ordered=True)
    assert measure_biases(tmp_path, questions, [answer_by_taste(question) for question in questions]) == []


def test_fallbacks_are_nobodys_choices(tmp_path: Path) -> None:
    questions = make_questions("base", 0)
    chosen = [answer_first(question) for question in questions]
    fallbacks = [draw_option(question, [1.0] * 4, "fallback") for question in questions[:40]]
    (bias,) = measure_biases(tmp_path, questions, [*fallbacks, *chosen[40:]])
    assert (bias.num, bias.first) == (60, pytest.approx(45))
    with closing(DecisionLog.open(tmp_path / "decisions.sqlite")) as log:
        tables = decision_tables(log.decisions())
        assert len(tables["choices"]) == 60
        assert count_fallbacks(log) == {"base": (40, 100)}


def test_rule_and_random_answers_do_not_dilute_the_share_of_fallbacks(tmp_path: Path) -> None:
    questions = [question for arm in ("rule", "base") for question in make_questions(arm, 0)]
    sources = ["rule"] * 100 + ["random"] * 60 + ["fallback"] * 10 + ["model"] * 30
    answers = [draw_option(question, TASTE, source) for question, source in zip(questions, sources, strict=True)]
    with closing(DecisionLog.create(tmp_path / "decisions.sqlite")) as log:
        log.append(questions, answers, 0.1, 0.0)
        assert count_fallbacks(log) == {"base": (10, 40)}


def test_many_arms_with_the_same_shuffles_and_draws_are_no_evidence_of_a_bias(tmp_path: Path) -> None:
    """A map over parameters has dozens of arms that repeat the same chance; counting decisions took it for a bias."""
    arms = [f"cell {number}" for number in range(30)]
    questions = [question for arm in arms for seed in range(3) for question in make_questions(arm, seed)]
    answers = [msgspec.structs.replace(answer_by_taste(question), probs=None) for question in questions]
    biases = measure_biases(tmp_path, questions, answers)
    num_first = sum(answer.position == 0 for answer in answers)
    by_decision = (num_first - len(answers) / 4) / math.sqrt(len(answers) * 3 / 16)
    table: Any = position_bias_table(biases)
    assert abs(by_decision) > 3.3, "p < 0.001 if decisions were independent"
    assert len(table) == 30
    assert table["num_seeds"].unique().tolist() == [3]
    assert (table["p"] > 0.05).all()


def test_intervals_of_an_unbiased_mind_cover_1_and_those_of_a_biased_one_do_not(tmp_path: Path) -> None:
    questions = [question for arm in ("rule", "base") for seed in range(5) for question in make_questions(arm, seed)]
    answers = [
        (answer_by_taste if question.replicate.arm == "rule" else answer_first)(question) for question in questions
    ]
    table: Any = position_bias_table(measure_biases(tmp_path, questions, answers)).set_index("arm")
    assert table.loc["rule", "low"] < 1 < table.loc["rule", "high"]
    assert table.loc["base", "low"] > 5


def test_an_odds_ratio_covers_1_in_19_of_20_experiments_without_bias() -> None:
    rng = np.random.default_rng(0)
    ratios = [
        OddsRatio.of([PositionBias("a", seed, 100, float(rng.binomial(100, 0.25)), 25.0) for seed in range(8)])
        for _ in range(400)
    ]
    assert 0.92 < np.mean([ratio.low < 1 < ratio.high for ratio in ratios]) < 0.98


def test_one_seed_has_no_interval() -> None:
    ratio = OddsRatio.of([PositionBias("a", 0, 100, 40.0, 25.0)])
    assert ratio.num_seeds == 1
    assert math.isnan(ratio.low)
