"""How likely every model finds what people wrote, and, to measure forgetting, plain prose and chat."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from sandbox.core.profile import Profile
from sandbox.prompting.render import Prompt, render
from training.evaluation.cases import ChatCase, EvaluationCase, case_questions
from training.evaluation.config import OWN, Control, EvaluateConfig
from training.evaluation.engines import EngineGroup
from training.evaluation.metrics import Array, MetricKey, Metrics, Sample
from training.evaluation.scorer import NO_ADAPTER, LikelihoodScorer

PER_CHARACTER = "nll per character"
PROSE, CHAT = "general prose", "base's own chat"
ABILITY = Path(__file__).parent / "ability"
"""`prose.txt`: paragraphs written for this purpose; `chat.txt`: requests to an assistant."""


class LikelihoodRun:
    """Scores texts with one engine after another; reports on the tasks that fit into the context of every model."""

    def __init__(
        self,
        config: EvaluateConfig,
        texts: Sequence[EvaluationCase],
        chats: Sequence[ChatCase],
        people: Mapping[str, Profile],
        controls: Sequence[Control],
    ) -> None:
        self.config = config
        self.texts = texts
        self.chats = chats
        self._prompts: dict[Control, list[Prompt]] = {
            control: [render(question) for question in case_questions(texts, people, control, config.seed)]
            for control in controls
        }
        self._text_values: dict[tuple[str, Control], Array] = {}
        self._chat_values: dict[tuple[str, Control], Array] = {}
        self._ability_metrics: Metrics = {}
        self._base_replies: list[str] = []

    def score_group(self, group: EngineGroup, notify: Callable[[str], None]) -> None:
        """Score all texts with the models of one engine; call it with the base's engine first."""
        scorer = LikelihoodScorer(group.base, group.adapters(), self.config.max_length)
        if self.config.ability and not self._base_replies:
            self._base_replies = scorer.base_replies(_assistant_prompts())
        for name, folder in group.models.items():
            notify(f"reading {len(self.texts) + len(self.chats)} texts with {name}")
            self._score_model(scorer, name, name if folder else NO_ADAPTER)

    def metrics(self) -> Metrics:
        """Return negative log-likelihoods in nats per character."""
        metrics = _collect_samples(self._text_values, self.texts) if self.texts else {}
        metrics |= _collect_samples(self._chat_values, self.chats) if self.chats else {}
        return metrics | self._ability_metrics

    def _score_model(self, scorer: LikelihoodScorer, name: str, adapter: str) -> None:
        texts = [case.answer for case in self.texts]
        for control, prompts in self._prompts.items():
            self._text_values[name, control] = _nll_per_character(scorer, prompts, texts, adapter)
        prompts, answers = [chat.prompt for chat in self.chats], [chat.answer for chat in self.chats]
        self._chat_values[name, OWN] = _nll_per_character(scorer, prompts, answers, adapter)
        if self.config.ability:
            self._ability_metrics |= self._score_ability(scorer, name, adapter)

    def _score_ability(self, scorer: LikelihoodScorer, name: str, adapter: str) -> Metrics:
        """Score plain prose and the base's replies as an assistant; each paragraph counts as one user."""
        paragraphs = _read_paragraphs("prose.txt")
        prose = -np.array(scorer.prose_likelihoods(paragraphs, adapter)) / [len(text) for text in paragraphs]
        chat = _nll_per_character(scorer, _assistant_prompts(), self._base_replies, adapter)
        metrics: Metrics = {}
        for form, values in ((PROSE, prose), (CHAT, chat)):
            users = tuple(f"{form} {index}" for index in range(len(values)))
            metrics[MetricKey(name, OWN, form, PER_CHARACTER)] = Sample(values, users)
        return metrics


def _assistant_prompts() -> list[Prompt]:
    """Return requests to an assistant."""
    return [Prompt("You are a helpful assistant.", line, "") for line in _read_paragraphs("chat.txt")]


def _collect_samples(
    values_by_model: Mapping[tuple[str, Control], Array], tasks: Sequence[EvaluationCase | ChatCase]
) -> Metrics:
    """Return samples by model, control and form, of the tasks that fit into the context of every model."""
    fits = np.all([np.isfinite(values) for values in values_by_model.values()], axis=0)
    metrics: Metrics = {}
    for (name, control), values in values_by_model.items():
        for form in dict.fromkeys(task.form for task in tasks):
            indices = [index for index, task in enumerate(tasks) if task.form == form and fits[index]]
            if indices:
                users = tuple(tasks[index].user for index in indices)
                metrics[MetricKey(name, control, form, PER_CHARACTER)] = Sample(values[indices], users)
    return metrics


def _nll_per_character(
    scorer: LikelihoodScorer, prompts: Sequence[Prompt], texts: Sequence[str], adapter: str
) -> Array:
    """Return the negative log-likelihood of each text, in nats per character; NaN if it is too long."""
    likelihoods = scorer.answer_likelihoods(prompts, texts, adapter)
    return np.array([np.nan if value is None else -value for value in likelihoods]) / [
        max(1, len(text)) for text in texts
    ]


def _read_paragraphs(name: str) -> list[str]:
    text = (ABILITY / name).read_text(encoding="utf-8")
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
