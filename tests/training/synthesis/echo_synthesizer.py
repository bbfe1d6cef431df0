"""A mind that can synthesize from any posts: it rearranges their own words, and fails now and then."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice, repeat
from random import Random
from typing import Any, ClassVar, Self

from agents.cache import AnswerCache
from sandbox.core.answer import Answer, Value
from sandbox.core.mind import MindContext
from sandbox.core.question import Question
from tests.training.synthesis.scripted_synthesizer import ScriptedSynthesizer, prompt_kind


class EchoSynthesizer(ScriptedSynthesizer):
    """Answers in words of the posts, caches its answers if it may, and can be interrupted."""

    question_digests: ClassVar[list[bytes]] = []
    """Every question that any such mind was asked and that was not in its cache."""
    batches_to_interruption: ClassVar[float] = float("inf")
    """Batches until the next interruption."""

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> Self:
        """Build what a stage asks."""
        return cls(echo_posts, context.model, AnswerCache(context.cache) if context.cache else None)

    def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
        """Answer, or be interrupted."""
        EchoSynthesizer.batches_to_interruption -= 1
        if EchoSynthesizer.batches_to_interruption < 0:
            raise KeyboardInterrupt
        answers = super().answer(questions)
        EchoSynthesizer.question_digests.extend(question.digest() for question in self.batches[-1])
        return answers


def echo_posts(question: Question[Any]) -> Value:
    """Return an answer that usually passes."""
    random, kind = Random(question.seed), prompt_kind(question)
    if kind in ("clean", "rewrite"):
        return {"text": " ".join(question.facts["posts"][0])}
    if kind == "judge":
        return {item["name"]: random.choices((6, 8, 9, 10), (1, 4, 20, 40))[0] for item in question.facts["items"]}
    text = " ".join(piece for post in question.facts["posts"] for piece in post).lower()
    words = sorted({word for word in text.split() if word.isalpha()})
    random.shuffle(words)
    return _ANSWERS[kind.partition("_")[0]](words if random.random() < 0.9 else ["nonsense"] * 9, random)


def _make_text(words: Sequence[str], number: int, random: Random) -> str:
    """Return a number of words, in a new order each time that all are used up."""
    shuffles = (random.sample(batch, len(batch)) for batch in repeat(words))
    return " ".join(islice(chain.from_iterable(shuffles), number)) + "."


def _make_question(words: Sequence[str], random: Random) -> Value:
    """Return a question whose answer has no word in common with its scenario."""
    half = len(words) // 2
    scenario, answer = _make_text(words[:half], 20, random), _make_text(words[half:], 12, random)
    return {"scenario": scenario, "question": "Why is that so?", "answer": answer}


_ANSWERS: dict[str, Callable[[Sequence[str], Random], Value]] = {
    "tag": lambda words, random: {
        "quality": random.choice(("high", "high", "medium", "low")),
        "harmless": random.random() < 0.95,
    },
    "screen": lambda words, random: {"unsafe": random.random() < 0.05, "concrete": random.random() < 0.9},
    "persona": lambda words, random: {"persona": _make_text(words, 30, random) if random.random() < 0.9 else None},
    "profile": lambda words, random: _make_text(words, 120, random),
    "style": lambda words, random: _make_text(words, 30, random),
    "stories": lambda words, random: {
        "summary": _make_text(words, 5, random),
        "content": _make_text(words, 40, random),
    },
    "topic": lambda words, random: {"topic": _make_text(words, 12, random)},
    "qa": _make_question,
    "scenario": lambda words, random: _make_text(words, 210, random),
    "frame": lambda words, random: {"background": _make_text(words, 6, random), "characters": ["somebody"]},
}
