"""A mind that answers with a function, and small portions of records, for the tests of synthesis."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias

import polars as pl
import yaml

from agents.cache import AnswerCache
from sandbox.core.answer import Answer, Value
from sandbox.core.mind import Mind, MindContext
from sandbox.core.question import Question
from sandbox.paths import CONF_DIR
from training.sources.record import RECORD, frame

TEXT = (
    "Yesterday my neighbour Ruth knocked and asked whether I could drive her to the clinic in Leeds. I was tired after "
    "the night shift, but I drove her anyway, because she once sat with my mother for 3 days. On the way back we "
    "laughed about the broken heater and I felt proud of the two of us."
)
"""A post of a person invented for these tests."""

Script: TypeAlias = Callable[[Question[Any]], Value]


class ScriptedSynthesizer(Mind):
    """Answers every question with a function, and records the batches."""

    name = "scripted"

    def __init__(self, script: Script, model: str = "big-model@1", cache: AnswerCache | None = None) -> None:
        self.script = script
        self.model = model
        self.cache = cache
        self.batches: list[list[Question[Any]]] = []

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> Self:
        """Build what a stage asks: a good synthesizer."""
        return cls(answer_well, context.model)

    def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
        """Call the function for questions that are not in the cache."""
        keys = [question.digest() for question in questions]
        cached = self.cache.get(keys) if self.cache else {}
        batch = {key: question for key, question in zip(keys, questions, strict=True) if key not in cached}
        self.batches.append(list(batch.values()))
        answers = {key: Answer(self.script(question), "model", model=self.model) for key, question in batch.items()}
        if self.cache:
            self.cache.add(answers)
        return [answers.get(key) or cached[key] for key in keys]

    def describe(self) -> dict[str, Any]:
        """Return its model."""
        return {"mind": self.name, "model": self.model}

    def close(self) -> None:
        """Close the cache."""
        if self.cache:
            self.cache.close()


def answer_well(question: Question[Any]) -> Value:
    """Return an answer that passes, for every step over `TEXT`."""
    kind = prompt_kind(question)
    if kind in ("clean", "rewrite"):
        return {"text": " ".join(question.facts["posts"][0])}
    if kind == "judge":
        return {item["name"]: 9 for item in question.facts["items"]}
    return GOOD["qa" if kind.startswith("qa") else kind]


def prompt_kind(question: Question[Any]) -> str:
    """Return the name of the question's prompt."""
    return question.template.name.removeprefix("synthesis/")


def portion(
    users: int = 1, history: int = 4, later: int = 4, early: int = 0, text: str = TEXT, **columns: object
) -> pl.DataFrame:
    """Return users with posts an hour apart; the first `early` posts of their history are of an early self."""
    places = [(user, post) for user in range(users) for post in range(history + later)]
    rows = frame(
        RECORD,
        {
            "source": "diary",
            "platform": "forum",
            "kind": "post",
            "user": [f"u{user}" for user, _ in places],
            "id": [f"{user}-{post}" for user, post in places],
            "time": [1_400_000_000 + 3600 * post for _, post in places],
            "text": [text] * len(places),
            "split": "train",
            **columns,
        },
    )
    between = "early" if early else ""
    asked_self = ["latest" if post >= history else between if post >= early else "" for _, post in places]
    is_early = [post < early for _, post in places]
    return rows.with_columns(asked_self=pl.Series(asked_self), early=pl.Series(is_early))


ASK = {
    "mind": {"_target_": "tests.training.synthesis.scripted_synthesizer.ScriptedSynthesizer"},
    "model": "big-model@1",
    "cache": False,
    "seed": 0,
}
"""Settings of a stage that asks a scripted mind."""


def paper_settings(group: str, **changes: object) -> dict[str, Any]:
    """Return the settings of `conf/<group>/paper.yaml`."""
    return {**yaml.safe_load((CONF_DIR / group / "paper.yaml").read_text(encoding="utf-8")), **changes}


def synthesis_settings(**changes: object) -> dict[str, Any]:
    """Return the settings of the stage `synthesis`."""
    return {"ask": ASK, "make": paper_settings("synthesis", **changes)}


def write_table(folder: Path, name: str, rows: pl.DataFrame) -> Path:
    """Write rows as the file of a table, and return it."""
    path = folder / name / "0000.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.write_parquet(path)
    return path


_SCENE = (
    "I came home from the night shift, tired, and sat down in the kitchen. Then my neighbour knocked. She asked "
    "whether I could drive her to the clinic, and her voice was small. I looked at my shoes and thought of my mother, "
    "with whom she had once sat for days. So I took the keys. The heater of the car was broken and we were cold all "
    "the way. She told me about the clinic, I told her about the shift. On the way back we laughed about the broken "
    "heater until my eyes were wet. I drove slowly, since the road was dark. At her door she pressed my hand. I felt "
    "proud of the two of us and slept until noon. "
)
GOOD: dict[str, Value] = {
    "tag": {"quality": "high", "harmless": True},
    "screen": {"unsafe": False, "concrete": True},
    "persona": {
        "persona": "A tired but loyal night shift worker who drives a neighbour to the clinic out of gratitude."
    },
    "profile": "This person works a night shift and looks after others even when tired. Somebody who once sat with a "
    "sick mother is not forgotten: a favour is returned by driving that neighbour to the clinic, without a word about "
    "it. Small mishaps, such as a broken heater, are laughed at rather than complained of. Pride comes from what two "
    "people manage together, not from work or money. The tone is calm and warm; feelings are named briefly and at the "
    "end. Family matters most, then the street, then sleep. Strangers do not appear, and plans are never spoken of: "
    "what counts is the day that has just gone by and whoever was knocking at the door in need of a hand on it.",
    "style": "Plain, calm sentences in the past tense, each telling one thing, with small dry jokes and hardly any "
    "adjectives; feelings are named at the end and never explained.",
    "stories": {
        "summary": "a favour returned",
        "content": "I drove my neighbour Ruth to the clinic although I was tired after the night shift. She had sat "
        "with my mother once, so it was my turn. We laughed about the heater on the way back and I felt proud.",
    },
    "topic": {"topic": "Somebody gives an elderly neighbour a lift to a clinic, tired after work."},
    "qa": {
        "scenario": "A worker comes home after a night shift. A neighbour knocks and wants to be taken to the clinic.",
        "question": "Why does the worker agree to go?",
        "answer": "Because Ruth once sat with the worker's mother for 3 days.",
    },
    "scenario_long": _SCENE + " ".join(f"And I drove on, past the clinic and {word}." for word in _SCENE.split()[:4]),
    "scenario_story": _SCENE + " ".join(f"And I drove on, past the clinic and {word}." for word in _SCENE.split()[:14]),
    "scenario_behaviour": _SCENE,
    "scenario_thoughts": _SCENE,
    "frame": {"background": "A neighbour needs a lift to the clinic.", "characters": ["a worker", "a neighbour"]},
}
