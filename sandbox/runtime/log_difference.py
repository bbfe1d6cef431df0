"""What a question and its row in the decision log differ in, for the error of a log that does not match its run."""

from collections.abc import Mapping
from typing import Any

import msgspec

from sandbox.core.question import Question


def to_signed(seed: int) -> int:
    """Return 64 bits as SQLite stores them: its integers have a sign."""
    return seed - (1 << 64) if seed >> 63 else seed


def first_difference(question: Question[Any], row: Mapping[str, Any]) -> str:
    """Say in what a question differs from the logged one; `row` is that of the log."""
    fields = {name: getattr(question, name) for name in ("step", "round", "agent", "role")}
    for name, value in {**question.replicate._asdict(), **fields}.items():
        if row[name] != value:
            return f"{name} is {value!r}, but the log has {row[name]!r}"
    if (content := question.content()) != row["content"]:
        return _json_difference("question", msgspec.json.decode(content), msgspec.json.decode(row["content"]))
    if row["question_seed"] != to_signed(question.seed):
        return "the seed of the question differs"
    if row["memory"] != question.memory.digest():
        return "the memory differs"
    return f"the profile or the text of the prompt {question.template.name} differs"


def _json_difference(path: str, now: Any, then: Any) -> str:
    if isinstance(now, dict) and isinstance(then, dict):
        for key in sorted({**now, **then}):
            if now.get(key) != then.get(key):
                return _json_difference(f"{path}.{key}", now.get(key), then.get(key))
    if isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        for index, (item_now, item_then) in enumerate(zip(now, then, strict=True)):
            if item_now != item_then:
                return _json_difference(f"{path}[{index}]", item_now, item_then)
    return f"{path} is {now!r}, but the log has {then!r}"
