"""Items as MotiveBench and ToMBench publish them, for tests."""

import json
from collections.abc import Mapping, Sequence
from math import nan
from typing import Any


def motivebench_scene(idx: int) -> dict[str, Any]:
    """A scene as MotiveBench prints it."""
    row: dict[str, Any] = {"idx": idx}
    for number, name in enumerate(("Motivation", "Behavior", "Motivation and Behavior"), 1):
        row[f"{name} Reasoning Question"] = f"Ann ({idx}) has lost her well-worn hat. {name}, what is it?"
        row[f"Options {number}"] = [f"{letter}. {name} {letter}{idx}." for letter in "ABCDEF"]
        row[f"Correct Answer {number}"] = "BCF"[number - 1]
    return row


def tombench_item(
    index: int, answer: str = "C", zh_options: Sequence[Any] = ("是", "B.不", "C. 也许", "D、从不")
) -> dict[str, Any]:
    """An item as ToMBench prints it; two consecutive items share a story."""
    english = dict(zip("ABCD", ("A man did.", "B. Nobody did.", "C: A cat did.", nan), strict=True))
    return {
        "能力\nABILITY": "Belief",
        "序号\nINDEX": index,
        "故事": f"小红{index // 2}把卷心菜放进背包。",
        "问题": "在哪里？",
        **{f"选项{letter}": text for letter, text in zip("ABCD", zh_options, strict=True)},
        "STORY": f"Xiao Hong number {index // 2} puts a cabbage into her bag.",
        "QUESTION": f"Who did {index}?",
        **{f"OPTION-{letter}": text for letter, text in english.items()},
        "答案\nANSWER": answer,
    }


def to_json_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
