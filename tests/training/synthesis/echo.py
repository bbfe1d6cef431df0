"""A mind that can synthesize from any posts: it says their own words in another order, and fails now and then."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice, repeat
from random import Random
from typing import Any, ClassVar, Self

from agents.cache import AnswerCache
from sandbox.mind import Context
from sandbox.question import Answer, Question, Value
from tests.training.synthesis.scripted import Scripted, kind_of


class Echo(Scripted):
    """Answers in words of the posts, keeps its answers where it may, and can be interrupted."""

    asked: ClassVar[list[bytes]] = []
    """Every question that any such mind was asked and did not know the answer of."""
    left: ClassVar[float] = float("inf")
    """Batches until the next interruption."""

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: Context) -> Self:
        """What a stage builds."""
        return cls(echo, context.model, AnswerCache(context.cache) if context.cache else None)

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """Answer, or be interrupted."""
        Echo.left -= 1
        if Echo.left < 0:
            raise KeyboardInterrupt
        answers = super().answer(questions)
        Echo.asked.extend(one.digest() for one in self.batches[-1])
        return answers


def echo(question: Question) -> Value:
    """An answer that mostly passes."""
    random, kind = Random(question.seed), kind_of(question)
    if kind in ("clean", "rewrite"):
        return {"text": " ".join(question.facts["posts"][0])}
    if kind == "judge":
        return {item["name"]: random.choices((6, 8, 9, 10), (1, 4, 20, 40))[0] for item in question.facts["items"]}
    shown = " ".join(piece for post in question.facts["posts"] for piece in post).lower()
    words = sorted({word for word in shown.split() if word.isalpha()})
    random.shuffle(words)
    return _ANSWERS[kind.partition("_")[0]](words if random.random() < 0.9 else ["nonsense"] * 9, random)


def _said(words: Sequence[str], number: int, random: Random) -> str:
    """So many words, in a new order each time that all are used up."""
    return " ".join(islice(chain.from_iterable(random.sample(one, len(one)) for one in repeat(words)), number)) + "."


def _question(words: Sequence[str], random: Random) -> Value:
    """A question whose answer has no word in common with what is given."""
    half = len(words) // 2
    given, kept = words[:half], words[half:]
    return {"scenario": _said(given, 20, random), "question": "Why is that so?", "answer": _said(kept, 12, random)}


_ANSWERS: dict[str, Callable[[Sequence[str], Random], Value]] = {
    "tag": lambda words, random: {
        "quality": random.choice(("high", "high", "medium", "low")),
        "harmless": random.random() < 0.95,
    },
    "screen": lambda words, random: {"unsafe": random.random() < 0.05, "concrete": random.random() < 0.9},
    "persona": lambda words, random: {"persona": _said(words, 30, random) if random.random() < 0.9 else None},
    "profile": lambda words, random: _said(words, 120, random),
    "style": lambda words, random: _said(words, 30, random),
    "stories": lambda words, random: {"summary": _said(words, 5, random), "content": _said(words, 40, random)},
    "topic": lambda words, random: {"topic": _said(words, 12, random)},
    "qa": _question,
    "scenario": lambda words, random: _said(words, 210, random),
    "frame": lambda words, random: {"background": _said(words, 6, random), "characters": ["somebody"]},
}
