"""The contract of a world: every world keeps it, and every way of breaking it is noticed."""

import math
import random
import re
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest

from sandbox.composition import list_choices
from sandbox.core import Turn, choose, gather, random_reply
from sandbox.errors import ContractError
from sandbox.figures import TimeSeries
from sandbox.output.export import export_run
from sandbox.runtime.contract import check_world
from sandbox.runtime.results import Results
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from tests.conftest import again_question
from worlds import rumor
from worlds.rumor import Rumor

SMALL = ["population.size=20"]
PROMISES = (
    "has a rule",
    "can be answered",
    "renders",
    "finite",
    "same seed",
    "Another seed",
    "Asking changes nothing",
    "replays",
    "Every reaction",
)

num_worlds = count()
"""Counts the worlds that were built: state that outlives a world, as no state should."""


class GlobalRandomness(Rumor):
    """Asks an agent drawn from a generator that no seed controls."""

    def turn(self) -> Turn[None]:
        yield [again_question(random.choice(self.villagers), "x")]


class DiffersEachTime(Rumor):
    """Each world asks something other than the world before."""

    def __init__(self, *parts: Any, **options: Any) -> None:
        super().__init__(*parts, **options)
        self.number = next(num_worlds)

    def turn(self) -> Turn[None]:
        yield [again_question(self.villagers[0], f"rumour {self.number}")]


class AsksFewerEachTime(Rumor):
    """Each world asks another number of agents than the world before."""

    def __init__(self, *parts: Any, **options: Any) -> None:
        super().__init__(*parts, **options)
        self.number = next(num_worlds)

    def turn(self) -> Turn[None]:
        yield [again_question(villager, "x") for villager in self.villagers[: 1 + self.number % 7]]


class AskingChanges(Rumor):
    """Counts its questions before they are answered."""

    num_asked = 0

    def turn(self) -> Turn[None]:
        self.num_asked += 1
        answers = yield [again_question(self.villagers[0], f"question {self.num_asked}")]
        self.villagers[0].state = "spreader" if answers[0].value == "yes" else "stifler"


class InfiniteMetric(Rumor):
    """Has a metric that is no number."""

    def metrics(self) -> dict[str, float]:
        return {**super().metrics(), "ignorant_share": float("inf")}


class WithoutCase(Rumor):
    """Has a metric that has no case at first, and one that never has."""

    metric_labels: ClassVar = {**Rumor.metric_labels, "late": "has a case from step 2 on", "never": "never has a case"}

    def metrics(self) -> dict[str, float]:
        return {**super().metrics(), "late": 0.5 if self.now > 1 else float("nan"), "never": float("nan")}


class UndeclaredMetric(Rumor):
    """Measures more than it declares."""

    def metrics(self) -> dict[str, float]:
        return {**super().metrics(), "doubters": 1.0}


class MissingMetric(Rumor):
    """Measures less than it declares."""

    metric_labels: ClassVar = {**Rumor.metric_labels, "doubters": "number of doubters"}

    def metrics(self) -> dict[str, float]:
        return {**super().metrics(), **({"doubters": 1.0} if self.now < 3 else {})}


class AsksNobody(Rumor):
    """Asks nobody."""

    def turn(self) -> Turn[None]:
        yield from ()


class IgnoresSeed(Rumor):
    """Ignores the seed."""

    def __init__(self, *parts: Any, **options: Any) -> None:
        super().__init__(*parts, **{**options, "rng": 5})

    def turn(self) -> Turn[None]:
        yield [again_question(self.villagers[0], "x")]


class IllegalRule(Rumor):
    """Its rules answer a choice with a word."""

    rules: ClassVar = {"whom": lambda _: "perhaps", "again": lambda _: "perhaps"}


class MissingRule(Rumor):
    """Has no rule for one of its templates."""

    rules: ClassVar = {"whom": random_reply}


class RaisingRule(Rumor):
    """Its rule looks up a fact that is not there."""

    rules: ClassVar = {**Rumor.rules, "whom": lambda question: question.facts["weather"]}


class UndefinedVariable(Rumor):
    """Uses a variable that is not among the facts."""

    prompts: ClassVar = {**Rumor.prompts, "again": "Do you keep telling {{ rumour }}?"}


class BrokenParaphrase(Rumor):
    """Its own wording is fine; a paraphrase is not."""

    paraphrases: ClassVar = ({**Rumor.prompts, "whom": "Do you tell {{ nobody }}?"},)


class LongPrompt(Rumor):
    """Says more than its budget of tokens allows."""

    prompts: ClassVar = {**Rumor.prompts, "preamble": "Stay that person. " * 300}


class TooManyOptions(Rumor):
    """Offers more options than there are letters."""

    def turn(self) -> Turn[None]:
        facts = {"rumor": "x", "friend": "1", "was_new": False}
        yield [self.villagers[0].ask("again", facts, choose(*map(str, range(27))))]


class RaisingTurn(Rumor):
    """Fails in its own code."""

    def turn(self) -> Turn[None]:
        yield [again_question(self.villagers[0], "x")]
        raise ZeroDivisionError("no villagers")


class NegativeWeights(Rumor):
    """Its rule gives an option a negative weight."""

    rules: ClassVar = {**Rumor.rules, "again": lambda _: [-1.0, 2.0]}


class ImpureRule(Rumor):
    """Its rule draws random numbers of its own."""

    rules: ClassVar = {**Rumor.rules, "again": lambda _: [random.random(), 1.0]}


class UnusedRule(Rumor):
    """Has a rule for a template that it does not have."""

    rules: ClassVar = {**Rumor.rules, "agian": random_reply}


class LatentVariable(Rumor):
    """Uses an undefined variable in a branch that no question reaches."""

    prompts: ClassVar = {
        **Rumor.prompts,
        "again": "{% if rumor == 'x' %}{{ weather }}{% endif %}Do you keep telling it?",
    }


class FailingExpression(Rumor):
    """Adds a number to a text in a template."""

    prompts: ClassVar = {**Rumor.prompts, "again": "Do you keep telling {{ rumor + 1 }}?"}


class NoPreamble(Rumor):
    """Has no preamble."""

    prompts: ClassVar = {key: text for key, text in Rumor.prompts.items() if key != "preamble"}


class ForgottenFrom(Rumor):
    """Yields a generator instead of yielding from it."""

    def turn(self) -> Turn[None]:
        yield [gather([again_question(self.villagers[0], "x")])]  # type: ignore[list-item]


class PlainTurn(Rumor):
    """Its turn is no generator."""

    def turn(self) -> Turn[None]:
        return None  # type: ignore[return-value]


class BadTable(Rumor):
    """A table of it is no list of rows."""

    def tables(self) -> dict[str, Any]:
        return {"agents": 5}


class MistypedFigure(Rumor):
    """A figure of it draws a metric that there is not."""

    figures = (TimeSeries("spread", "Spread", ("ingorant_share",), "share"),)


class FailingConstructor(Rumor):
    """Cannot be built."""

    def __init__(self, *parts: Any, **options: Any) -> None:
        super().__init__(*parts, **options)
        raise LookupError("no village")


class BrokenInvariant(Rumor):
    """Breaks its own invariant."""

    def check(self) -> None:
        if self.now == 4:
            raise ContractError("a villager was lost")


class PathDependentMetric(Rumor):
    """Has a metric that depends on how the world was built, not on its answers."""

    def __init__(self, *parts: Any, **options: Any) -> None:
        super().__init__(*parts, **options)
        self.number = next(num_worlds)

    def metrics(self) -> dict[str, float]:
        return {**super().metrics(), "ignorant_share": float(self.number)}


@pytest.mark.parametrize("world", sorted(list_choices("world")))
def test_every_world_keeps_every_promise(world: str) -> None:
    promises = list(check_world([f"world={world}", *SMALL]))
    assert len(promises) == len(PROMISES)
    for promise, words in zip(promises, PROMISES, strict=True):
        assert words in promise


@pytest.mark.parametrize("overrides", [["seeds=[5]"], ["graph=scale_free"], ["mind=base"], ["steps=1"]])
def test_other_settings_do_not_matter_to_the_contract(overrides: list[str]) -> None:
    assert len(list(check_world(["world=rumor", *SMALL, *overrides]))) == len(PROMISES)


@pytest.mark.parametrize(
    ("kind", "promise", "message"),
    [
        (MissingRule, 0, "missingrule has no rule for the template 'again'; add it to its `rules`"),
        (UnusedRule, 0, "unusedrule has a rule 'agian', but no template of that name"),
        (FailingConstructor, 1, "building the world raised LookupError: no village, at test_contract.py"),
        (NegativeWeights, 1, r"again: weights of options must be finite, not negative .* found \[-1.0, 2.0\]"),
        (NoPreamble, 1, "world nopreamble has no prompt 'preamble'"),
        (ForgottenFrom, 1, "`turn` must yield lists of questions, found .*; with gather, write `yield from"),
        (PlainTurn, 1, "world plainturn: `turn` must be a generator"),
        (LatentVariable, 2, "template latentvariable/again: 'weather' is undefined; its facts are friend, rumor"),
        (FailingExpression, 2, "template failingexpression/again: TypeError: can only concatenate"),
        (BadTable, 3, "world badtable: reading its tables raised"),
        (MistypedFigure, 3, "the figure 'spread' draws an unknown metric 'ingorant_share'"),
        (ImpureRule, 4, "the rule of impurerule/again answers the same question differently"),
        (AsksNobody, 1, "asked nobody anything in 6 steps; its turn must yield questions"),
        (IllegalRule, 1, "found 'perhaps' for"),
        (
            RaisingRule,
            1,
            "the rule of raisingrule/whom, step 0, agent .* raised KeyError: 'weather', at test_contract.py",
        ),
        (BrokenInvariant, 1, "a villager was lost"),
        (TooManyOptions, 1, r"toomanyoptions/again: Choose needs 2 to 26 options with different keys, found 27"),
        (RaisingTurn, 1, "step 0 after raisingturn/again raised ZeroDivisionError: no villagers, at test_c"),
        (UndefinedVariable, 2, "template undefinedvariable/again: 'rumour' is undefined; its facts are rumor, friend"),
        (BrokenParaphrase, 2, r"template brokenparaphrase/whom: 'nobody' is undefined.*\(wording 1\)"),
        (LongPrompt, 2, r"longprompt/\w+: a prompt has up to 1\d\d\d tokens, more than the max_prompt_tokens .* 1200"),
        (InfiniteMetric, 3, "the metric 'ignorant_share' is inf, but `metrics` must return finite numbers"),
        (UndeclaredMetric, 3, "`metrics` returns 'doubters', which `metric_labels` does not have"),
        (MissingMetric, 3, r"metrics\(\) and metric_labels differ in \['doubters'\]"),
        (
            GlobalRandomness,
            4,
            "two worlds with the same seed ask differently .* draw random numbers from self.seeds only",
        ),
        (DiffersEachTime, 4, "ask differently .first: differseachtime/again of agent 1 in step 0"),
        (AsksFewerEachTime, 4, "two worlds with the same seed ask differently"),
        (IgnoresSeed, 5, "seeds 0 and 1 give the same history"),
        (AskingChanges, 6, "asking changes the world: .*agent 1 in step 0.* differs"),
        (PathDependentMetric, 7, "replayed metrics differ"),
    ],
)
def test_a_broken_promise_is_named(
    monkeypatch: pytest.MonkeyPatch, kind: type[Rumor], promise: int, message: str
) -> None:
    monkeypatch.setattr(rumor, "Rumor", kind)  # what conf/world/rumor.yaml names
    promises: list[str] = []
    with pytest.raises(ContractError, match=message) as error:
        promises.extend(check_world(["world=rumor", *SMALL]))
    assert "\n" not in str(error.value)
    assert len(promises) <= promise, promises


def test_a_metric_without_a_case_is_missing_everywhere(monkeypatch: pytest.MonkeyPatch, run_dir: Path) -> None:
    monkeypatch.setattr(rumor, "Rumor", WithoutCase)
    assert len(list(check_world(["world=rumor", *SMALL]))) == 9
    run = Run.start(["world=rumor", "mind=rule", *SMALL, "steps=4", f"run_dir={run_dir}"])
    run.resume(Progress(), lambda _: None)
    results = Results.read(run_dir)
    assert results is not None
    metrics: Any = results.metrics
    assert metrics["late"].to_list() == pytest.approx([math.nan, math.nan, 0.5, 0.5], nan_ok=True)
    assert metrics["never"].isna().all()
    export_run(run)
    long: Any = pd.read_parquet(run_dir / "export" / "metrics.parquet").set_index("metric")
    assert long.loc["late", "value"].notna().sum() == 2
    assert str(long["value"].dtype) == "float64"
    latest = run.replay()[0].latest_metrics
    assert (latest["late"], latest["never"]) == (0.5, None)


def test_check_reports_the_longest_prompt() -> None:
    [report] = [promise for promise in check_world(["world=rumor", *SMALL]) if "longest prompt" in promise]
    assert re.search(r"the longest prompt has at most \d+ tokens \((whom|again)\)", report)
