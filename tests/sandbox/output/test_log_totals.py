"""The position bias of a log is that of the mind that answered."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from sandbox.core.answering import draw_option
from sandbox.core.form import Choose, Option
from sandbox.output.log_totals import PositionBias
from sandbox.runtime.log import DecisionLog
from tests.conftest import make_question

NUM_CHOICES = 400


def measure_bias(tmp_path: Path, weights: Sequence[float] | None, is_ordered: bool = False) -> PositionBias:
    """Return the bias of a mind that always takes the option displayed first, or of one that has `weights`."""
    form = Choose((Option("a"), Option("b"), Option("c"), Option("d")), ordered=is_ordered)
    questions = [make_question(form, agent=agent, seed=agent * 7919 + 1) for agent in range(NUM_CHOICES)]
    answers = [draw_option(question, weights or [1.0] * 4, "random") for question in questions]
    if weights is None:
        answers = [msgspec.structs.replace(answer, position=0) for answer in answers]
    with closing(DecisionLog.create(tmp_path / "decisions.sqlite")) as log:
        log.append(questions, answers, 0.1, 0.0)
        return PositionBias.of(log)


def test_a_mind_that_takes_the_first_option_is_detected(tmp_path: Path) -> None:
    bias = measure_bias(tmp_path, None)
    assert (bias.num, bias.num_first, bias.expected) == (400, 400, 100)
    assert bias.p_value() < 0.001


def test_a_mind_with_a_taste_but_no_bias_is_not_accused(tmp_path: Path) -> None:
    assert measure_bias(tmp_path, [0.7, 0.1, 0.1, 0.1]).p_value() > 0.01


def test_choices_whose_order_means_something_do_not_count(tmp_path: Path) -> None:
    assert measure_bias(tmp_path, [1.0] * 4, is_ordered=True).num == 0
