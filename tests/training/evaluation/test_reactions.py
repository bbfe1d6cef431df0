"""Held-out decisions with one fact changed: who reacts is found to react, who does not is found flat."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from sandbox.core.answer import Answer
from sandbox.core.form import STARS
from sandbox.core.memory import NO_MEMORY
from sandbox.core.mind import Mind, MindContext, RandomMind
from sandbox.core.profile import Profile
from sandbox.core.question import Question
from training.evaluation.baselines import fit_baselines
from training.evaluation.cases import EvaluationCase
from training.evaluation.reactions import VariedCases, vary_cases
from training.tasks.decision_points import stable_hash
from training.tasks.forms import TaskQuestion
from worlds.marketplace.experiences import EXPERIENCES

PEOPLE = {f"u{number}": Profile(f"u{number}", "", platform="reviews") for number in range(12)}
STARS_AFTER: dict[str, int] = dict(zip(EXPERIENCES, (1, 1, 2, 3, 4, 5, 5), strict=True))


class FairReviewer(Mind):
    """Gives the stars that the experience deserves, if it is asked under its own name."""

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> "FairReviewer":
        """Return one; there is nothing to set."""
        return cls()

    def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
        """Return certain answers."""
        return [self._answer(question) for question in questions]

    def _answer(self, question: Question[Any]) -> Answer:
        stars = STARS_AFTER[question.facts["experience"]] if question.mind == "reviewer" else 5
        return Answer(str(stars), "model", index=stars - 1, probs=tuple(float(star == stars) for star in range(1, 6)))


def make_case(user: str, experience: str) -> EvaluationCase:
    """Return a purchase that somebody rated as they should."""
    facts = {"title": "Pot", "paid": "", "experience": experience}
    seed = stable_hash(user, experience)
    question = TaskQuestion("marketplace/stars", facts, STARS.without_objects(), NO_MEMORY, seed)
    return EvaluationCase("experience", "panel", "reviews", user, question, str(STARS_AFTER[experience]), {})


@pytest.fixture
def cases() -> VariedCases:
    """Return what everybody decided, two things each."""
    decided = [
        make_case(user, EXPERIENCES[(number + step) % 7]) for number, user in enumerate(PEOPLE) for step in (0, 3)
    ]
    return vary_cases(decided, PEOPLE, 10)["marketplace"]


def test_slopes_tell_who_reacts(cases: VariedCases) -> None:
    rng = np.random.default_rng(0)
    train = [make_case("u0", EXPERIENCES[rng.integers(7)]) for _ in range(300)]
    baselines = {"experience": fit_baselines(train, PEOPLE, "experience")}
    assert len(cases) == 10 * len(EXPERIENCES)
    table = [
        cases.measure("reviewer", FairReviewer(), is_adapter=True, baselines=baselines),
        cases.measure("base", FairReviewer(), is_adapter=False, baselines=baselines),
        cases.measure("random", RandomMind(), is_adapter=False, baselines=baselines),
    ]
    rows = [part.iloc[0] for part in table]
    exact = np.polyfit(range(7), list(STARS_AFTER.values()), 1)[0]
    assert [row["model"] for row in rows] == ["reviewer", "base", "random"]
    assert [row["verdict"] for row in rows] == ["reacts", "flat", "flat"]
    assert [row["num_people"] for row in rows] == [10, 10, 10]
    assert rows[0]["slope"] == pytest.approx(exact)
    assert rows[0]["domain"] == pytest.approx(exact, abs=0.1)


def test_without_a_world_or_people_nothing_is_varied(cases: VariedCases) -> None:
    case = make_case("u0", "fine")
    assert vary_cases([case], PEOPLE, 0) == {}
    of_logs = case._replace(question=TaskQuestion("stars", {}, STARS.without_objects(), NO_MEMORY, 0))
    assert vary_cases([of_logs], PEOPLE, 10) == {}
