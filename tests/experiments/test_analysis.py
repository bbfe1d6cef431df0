"""Data quality, computed from the decision log."""

from pathlib import Path

import numpy as np

from experiments.analysis import data_quality
from sandbox.core.answer import Answer
from sandbox.core.form import Write
from sandbox.core.replicate import Replicate
from sandbox.runtime.log import DecisionLog
from tests.conftest import make_question


def log_answers(log: DecisionLog, replicate: Replicate, choices: list[Answer], texts: list[Answer]) -> None:
    """Log a batch of choices and texts of one replicate."""
    forms = [None] * len(choices) + [Write(5)] * len(texts)
    questions = [make_question(form, replicate=replicate, agent=agent) for agent, form in enumerate(forms)]
    log.append(questions, [*choices, *texts], 0.1, 0.0)


def test_rates_of_data_quality_are_shares_of_all_decisions_or_texts_of_an_arm(tmp_path: Path) -> None:
    log = DecisionLog.create(tmp_path / "log.sqlite")
    choice, cached = Answer("tea", "model", position=0), Answer("tea", "cache", position=0)
    fallback = Answer("tea", "fallback", position=0)
    text = Answer("some words", "model")
    retried, truncated = Answer("some words", "model", retried=True), Answer("some words", "model", truncated=True)
    log_answers(log, Replicate("base:on", 0), [fallback, *[cached] * 5], [*[retried] * 2, *[text] * 2])
    log_answers(
        log, Replicate("base:on", 1), [fallback, *[cached] * 5, *[choice] * 8], [*[truncated] * 2, *[text] * 14]
    )
    log_answers(log, Replicate("rule:on", 0), [Answer("tea", "rule", position=1)] * 4, [])
    rates = data_quality(log).set_index("arm")
    log.close()
    assert rates.loc["base:on"].to_dict() == {
        "decisions": 40, "fallback_rate": 0.05, "truncation_rate": 0.1, "retry_rate": 0.05, "cache_rate": 0.25,
    }  # fmt: skip
    assert rates.loc["rule:on"].drop("truncation_rate").to_list() == [4, 0, 0, 0]
    assert np.isnan(rates.loc["rule:on", "truncation_rate"]), "no text could be truncated"
