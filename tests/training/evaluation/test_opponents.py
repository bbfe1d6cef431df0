"""The fair opponents of a fine-tuned model find what they are made to find: weights, a temperature, biases."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sandbox.core.answer import Answer
from sandbox.core.answering import display_order
from sandbox.core.form import Choose, Option
from sandbox.core.memory import NO_MEMORY, Event, MemoryView
from sandbox.core.profile import Profile
from sandbox.core.question import Question
from training.evaluation.baselines import fit_baselines
from training.evaluation.calibration import fit_calibration, name_answers
from training.evaluation.cases import EvaluationCase
from training.evaluation.choices import predict_with_calibration
from training.evaluation.conditional_logit import MIN_OPTIONS, Features, fit_conditional_logit
from training.evaluation.config import OWN
from training.evaluation.domain_models import DOMAIN_MODELS
from training.tasks.forms import TaskQuestion, build_question
from worlds.marketplace.people import tell_purchase

RNG = np.random.default_rng(0)
PERSON = Profile("u", "", platform="commons")


def make_case(
    form: str,
    facts: dict[str, Any],
    keys: list[str],
    answer: str,
    template: str,
    memory: MemoryView = NO_MEMORY,
    seed: int | None = None,
) -> EvaluationCase:
    """Return a case with these options, which a seed shuffles."""
    options = Choose(tuple(map(Option, keys)), ordered=seed is None)
    question = TaskQuestion(template, facts, options, memory, seed or 0)
    return EvaluationCase(form, "panel", template.partition("/")[0], "u", question, answer, {"answer": answer})


def draw(scores: list[float]) -> int:
    """Return a choice by these utilities."""
    return int(np.argmax(np.array(scores) + RNG.gumbel(size=len(scores))))


def test_a_logit_finds_the_weights_that_choices_were_made_with() -> None:
    choices = [
        [{"price": float(price), f"brand {place}": 1.0} for place, price in enumerate(RNG.normal(size=3))]
        for _ in range(3000)
    ]
    golds = [draw([-1.5 * option["price"] + 0.8 * ("brand 2" in option) for option in row]) for row in choices]
    fit = fit_conditional_logit(choices, golds)
    assert fit.weights["price"] == pytest.approx(-1.5, abs=0.12)
    assert fit.weights["brand 2"] - fit.weights["brand 0"] == pytest.approx(0.8, abs=0.15)
    assert sum(fit.predict(choices[0])) == pytest.approx(1)


def test_a_logit_of_choices_of_different_sizes_counts_only_their_options() -> None:
    choices: list[list[Features]] = [[{"a": 1.0}, {"a": 0.0}, *[{"a": 0.0}] * (row % 3)] for row in range(600)]
    fit = fit_conditional_logit(choices, [draw([1.0, *[0.0] * (len(row) - 1)]) for row in choices])
    assert fit.weights["a"] == pytest.approx(1.0, abs=0.2)


def test_what_is_rare_or_unknown_is_left_out() -> None:
    choices = [*[[{"common": 1.0}, {"rare": 1.0}]] * (MIN_OPTIONS - 1), [{"common": 1.0}, {}]]
    fit = fit_conditional_logit(choices, [0] * len(choices))
    assert fit.weights.keys() == {"common"}
    assert fit.predict([{"unknown": 1.0}, {}]) == [0.5, 0.5]
    assert fit_conditional_logit([], []).predict([{"a": 1.0}, {}]) == [0.5, 0.5]


@pytest.mark.parametrize(("sharpness", "bias"), [(0.5, 0.0), (2.0, 1.0), (0.0, -1.0)])
def test_calibration_finds_temperature_and_bias(sharpness: float, bias: float) -> None:
    logs = RNG.normal(size=(4000, 3))
    probs = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    golds = [draw([*(sharpness * np.log(row) + bias * np.array([0, 0, 1]))]) for row in probs]
    fit = fit_calibration(probs.tolist(), [["a", "b", "c"]] * len(golds), golds)
    assert fit.sharpness == pytest.approx(sharpness, abs=0.1)
    assert fit.biases["c"] - fit.biases["a"] == pytest.approx(bias, abs=0.15)


def test_a_calibrated_guess_is_the_shares_of_answers() -> None:
    fit = fit_calibration([[0.5, 0.5]] * 1000, [["yes", "no"]] * 1000, [0] * 800 + [1] * 200)
    assert fit.apply([0.5, 0.5], ["yes", "no"]) == pytest.approx([0.8, 0.2], abs=0.01)


def test_common_options_are_named_by_what_they_are_and_others_by_their_place() -> None:
    gifts = [make_case("contribute", {}, ["0", "20"], "0", "commons/contribute")] * 3
    leaving = [*gifts, *gifts, make_case("contribute", {}, ["0", "20", "leave"], "0", "commons/contribute")]
    assert name_answers(leaving, leaving)[-1] == ["0", "20", "place 2"]
    songs = [make_case("page", {}, [f"{number}{place}" for place in "abc"], "0a", "songs/page", seed=number)
             for number in range(8)]  # fmt: skip
    names = name_answers(songs, songs)
    orders = [display_order(build_question(song.question, PERSON)) for song in songs]
    assert any(list(order) not in ([0, 1, 2], [2, 1, 0], [0, 2, 1], [1, 0, 2]) for order in orders), "a cycle"
    for places, order in zip(names, orders, strict=True):
        assert [places[option] for option in order] == ["place 0", "place 1", "place 2"]


class Guess:
    """A mind that always gives the same probabilities."""

    def __init__(self, *probs: float) -> None:
        self.probs = probs

    def answer(self, questions: list[Question[Any]]) -> list[Answer]:
        """Answer all with the first option."""
        return [Answer("0", "model", probs=self.probs) for _ in questions]


def test_a_base_that_is_wrong_alike_everywhere_is_right_when_calibrated() -> None:
    train = [make_case("contribute", FACTS, ["0", "20"], "0" if place % 4 else "20", "commons/contribute")
             for place in range(400)]  # fmt: skip
    predictions: Any = {("base", OWN, "contribute"): [(0.1, 0.9)] * 2}
    mind: Any = Guess(0.1, 0.9)
    corrected = predict_with_calibration("base", predictions, train[:2], train, {"u": PERSON}, mind)
    [probs, _] = corrected["base, calibrated", OWN, "contribute"]
    assert list(probs) == pytest.approx([0.75, 0.25], abs=0.02)


FACTS: dict[str, Any] = {
    "endowment": 20, "multiplier": 2.0, "num_others": 3, "opt_out": False, "round": 2, "rounds": 10,
    "punishment": False, "rewards": False, "price": 1, "impact": 3, "show_earnings": False, "talk": False,
    "partners": "group", "own": None, "others": [], "others_mean": None, "earned": None, "others_earned": None,
    "lost": 0, "gained": 0, "messages": [],
}  # fmt: skip


def make_gift() -> EvaluationCase:
    """Return somebody who gives what the others gave, more or less."""
    own, mean = (int(value) for value in RNG.integers(0, 21, 2))
    keys = [*map(str, range(21)), "leave"]
    gift = draw([-0.5 * abs(value - mean) for value in range(21)])
    return make_case("contribute", {**FACTS, "own": own, "others_mean": mean}, keys, str(gift), "commons/contribute")


def make_punishment() -> EvaluationCase:
    """Return somebody who takes from who gave least, or from nobody."""
    gifts = [int(value) for value in RNG.integers(0, 21, 3)]
    facts = {"contribution": 20, "others": gifts, "endowment": 20, "price": 1, "impact": 3}
    keys = ["1", "2", "3", "nobody"]
    return make_case("punish", facts, keys, keys[draw([*(-0.3 * gift for gift in gifts), -1.0])], "commons/punish")


def make_revision() -> EvaluationCase:
    """Return somebody who adopts what the others say, or stays if there are none."""
    is_alone = bool(RNG.integers(0, 2))
    facts = {"others": None if is_alone else 5.0, "own": 3.0, "scale": 2.0, "kind": "news"}
    keys = ["-1", "0", "0.5", "1"]
    stay, adopt = (2.0, -2.0) if is_alone else (-1.0, 1.0)
    return make_case("revise", facts, keys, keys[draw([-3.0, stay, -1.0, adopt])], "opinion/revise")


def make_purchase() -> EvaluationCase:
    """Return somebody who buys what is cheap, or what they bought before."""
    prices = RNG.uniform(1, 2, 3)
    offers = [{"title": f"brand{place} tea", "price": float(price)} for place, price in enumerate(prices)]
    facts = {"category": "Tea", "usual_price": 1.5, "offers": offers}
    memory = MemoryView(recent=(Event(0, "purchase", tell_purchase("brand1 tea", 100)),))
    chosen = draw([-3 * float(np.log(price)) + 2 * (place == 1) for place, price in enumerate(prices)])
    return make_case("choose", facts, ["0", "1", "2"], str(chosen), "marketplace/choose", memory)


def make_download() -> EvaluationCase:
    """Return somebody who follows counts."""
    songs = [{"id": str(place), "count": int(RNG.integers(0, 40)), "sound": 2} for place in range(4)]
    chosen = draw([float(np.log1p(song["count"])) for song in songs])
    return make_case("page", {"songs": songs}, ["0", "1", "2", "3"], str(chosen), "songs/page")


def make_stars() -> EvaluationCase:
    """Return somebody whose stars follow the experience."""
    step = int(RNG.integers(0, 2))
    stars = draw([2.0 * (place == 4 * step) for place in range(5)]) + 1
    facts = {"experience": ("terrible", "excellent")[step]}
    return make_case("experience", facts, ["1", "2", "3", "4", "5"], str(stars), "marketplace/stars")


MAKERS: dict[str, Callable[[], EvaluationCase]] = {
    "contribute": make_gift,
    "punish": make_punishment,
    "revise": make_revision,
    "choose": make_purchase,
    "page": make_download,
    "experience": make_stars,
}


@pytest.mark.parametrize("form", DOMAIN_MODELS)
def test_a_domain_model_predicts_who_does_what_its_literature_says(form: str) -> None:
    train, held_out = ([MAKERS[form]() for _ in range(500)] for _ in range(2))
    baselines = fit_baselines(train, {"u": PERSON}, form)
    losses = {
        name: float(np.mean([-np.log(predict(case)[keys_of(case).index(case.answer)]) for case in held_out]))
        for name, predict in baselines.items()
    }
    own = losses[DOMAIN_MODELS[form].name]
    assert own < losses["majority"] - 0.05, losses
    assert own < losses["uniform"] - 0.1


def keys_of(case: EvaluationCase) -> list[str]:
    """Return the keys of a case's options."""
    form = case.question.form
    assert isinstance(form, Choose)
    return [option.key for option in form.options]
