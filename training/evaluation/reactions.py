"""Whether models react: held-out people's own decisions, asked again with one fact changed.

A model that predicts a decision may have learned only that people repeat themselves. Here a fact that a world declares
(`World.reactions`) is changed while the person, their memory and all else stay the same. The domain's own model, fitted
to train people, is asked the same, and says what a modeller would expect.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd

from sandbox.core.answer import Answer
from sandbox.core.form import Choose
from sandbox.core.mind import Mind
from sandbox.core.profile import Profile
from sandbox.core.question import Question
from sandbox.core.reaction import Reaction
from sandbox.runtime.reaction_tables import slope_table
from sandbox.runtime.reactions import QuestionSample, measure_reactions
from training.evaluation.baselines import Baseline
from training.evaluation.cases import EvaluationCase, case_questions
from training.evaluation.choices import assign_mind
from training.evaluation.config import OWN
from training.evaluation.domain_models import DOMAIN_MODELS
from training.tasks.forms import TaskQuestion
from training.tasks.worlds import SEPARATOR, find_world, is_world_template

Baselines: TypeAlias = Mapping[str, Mapping[str, Baseline]]
"""By form and name."""


class VariedCases:
    """Decisions of one world with a fact at every level, those of each reaction from as many people as possible."""

    def __init__(
        self, world: str, cases: Sequence[EvaluationCase], people: Mapping[str, Profile], num_people: int
    ) -> None:
        """Choose whose decisions are varied.

        Args:
            world: Name of the world whose questions the cases ask.
            cases: Held-out decisions.
            people: Profiles by user.
            num_people: Most people for each reaction; each is asked about one decision.
        """
        self.reactions: Sequence[Reaction] = find_world(world).kind.reactions
        own = [case for case in cases if case.question.template.startswith(world + SEPARATOR)]
        self._forms = {case.question.template: case.form for case in own}
        sample = QuestionSample(self.reactions, num_people)
        sample.add(list(case_questions(own, people, OWN, seed=0)))
        self._varied = list(sample.vary())

    def measure(self, model: str, mind: Mind, is_adapter: bool, baselines: Baselines) -> pd.DataFrame:
        """Ask a model, and the domain's own models the same, and return its slopes, as `slope_table`.

        The model's name is in the column `model`, and the slopes of the domain's own in `domain`.

        Args:
            model: Name of the model, which becomes the arm.
            mind: The engine that holds it.
            is_adapter: Whether the engine knows it by its name, rather than as what it answers with by default.
            baselines: By form and name; the domain's own models are among them.
        """
        name = model if is_adapter else ""

        def answer_domain(questions: Sequence[Question[Any]]) -> list[Answer]:
            return [self._answer_domain(question, baselines) for question in questions]

        def answer_model(questions: Sequence[Question[Any]]) -> list[Answer]:
            return mind.answer([assign_mind(question, name) for question in questions])

        answers = measure_reactions(self._varied, answer_model, answer_domain)
        table = slope_table(answers.assign(arm=model), self.reactions)
        return table.rename(columns={"arm": "model", "rule": "domain"})

    def __len__(self) -> int:
        return len(self._varied)

    def _answer_domain(self, question: Question[Any], baselines: Baselines) -> Answer:
        """Return the probabilities of the domain's own model; none where it has no model of the form."""
        form, answer_form = self._forms[question.template.name], question.form
        if form not in DOMAIN_MODELS or not isinstance(answer_form, Choose):
            return Answer("", "fallback")
        parts = (question.facts, answer_form, question.memory, question.seed, question.presentation)
        asked = TaskQuestion(question.template.name, *parts)
        case = EvaluationCase(form, "", question.profile.platform, question.profile.id, asked, "", {})
        return Answer("", "rule", probs=tuple(baselines[form][DOMAIN_MODELS[form].name](case)))


def vary_cases(
    cases: Sequence[EvaluationCase], people: Mapping[str, Profile], num_people: int
) -> dict[str, VariedCases]:
    """Return the varied decisions by world, for the worlds that asked any of the cases."""
    templates = [case.question.template for case in cases if is_world_template(case.question.template)]
    worlds = sorted({template.partition(SEPARATOR)[0] for template in templates})
    return {world: VariedCases(world, cases, people, num_people) for world in worlds} if num_people else {}
