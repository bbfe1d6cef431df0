import gzip
import json
from math import nan
from pathlib import Path

import pytest

from sandbox.errors import DataError
from tests.training.evaluation.benchmarks.published import motivebench_scene, to_json_lines, tombench_item
from training.evaluation.benchmarks.items import load_items


def test_motivebench_is_read_as_published_and_as_gzipped_lines(motivebench: Path, tmp_path: Path) -> None:
    items = load_items(motivebench)
    assert [(item.task, item.aspect, item.scene) for item in items[:3]] == [
        ("Persona", "motivation", "Persona/0"), ("Persona", "behaviour", "Persona/0"), ("Persona", "both", "Persona/0")
    ]  # fmt: skip
    assert items[1].options[items[1].gold] == "Behavior C0."
    assert items[1].forms == ("motivebench", "motivebench: Persona", "motivebench: behaviour")
    compact = tmp_path / "motivebench.jsonl.gz"
    rows = [{"subset": "Persona", **motivebench_scene(idx)} for idx in range(4)]
    compact.write_bytes(gzip.compress(to_json_lines(rows).encode()))
    assert load_items(compact) == items


def test_tombench_is_read_in_both_languages(tombench: Path, tmp_path: Path) -> None:
    items = load_items(tombench)
    english, chinese = items[:2]
    assert english.options == ("A man did.", "Nobody did.", "A cat did.")
    assert chinese.options == ("是", "不", "也许", "从不")
    assert (english.gold, items[-1].gold) == (2, 0)
    assert english.text == ("Xiao Hong number 0 puts a cabbage into her bag.", "Who did 0?")
    assert chinese.forms == ("tombench zh", "tombench zh: False Belief Task")
    scenes = [item.scene for item in items if item.language == "en"]
    assert scenes == ["False Belief Task/1"] * 2 + ["False Belief Task/2"] * 2 + ["False Belief Task/3"] * 2 + [
        "Hinting Task Test/1"
    ]
    compact = tmp_path / "small.jsonl"
    compact_names = {"STORY": "story", "QUESTION": "question", "故事": "story_zh", "问题": "question_zh"}
    rows = [{"task": "False Belief Task", **tombench_item(index)} for index in range(6)]
    for row in rows:
        for published, name in compact_names.items():
            row[name] = row.pop(published)
        row["options"] = {letter: row[f"OPTION-{letter}"] for letter in "ABC"}
        row["options_zh"] = {letter: row[f"选项{letter}"] for letter in "ABCD"}
        row["answer"] = row.pop("答案\nANSWER")
    compact.write_text(to_json_lines(rows), encoding="utf-8")
    assert load_items(compact) == items[:12]


SCENE_WITHOUT_THAT_LETTER = {**motivebench_scene(1), "Correct Answer 2": "G"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"x": 1}\n', "item 1: not in the format that MotiveBench or ToMBench"),
        ("a.jsonl", "{", "cannot be read"),
        ("a.jsonl.gz", "no gzip", "cannot be read"),
        ("a_questions.json", json.dumps([motivebench_scene(0), SCENE_WITHOUT_THAT_LETTER]), "item 2: not in"),
        ("b.jsonl", to_json_lines([tombench_item(0, zh_options=("只", nan, nan, nan))]), "1 options"),
        (
            "c.jsonl",
            to_json_lines([tombench_item(0, zh_options=("长" * 200, "短", "不", "是"))]),
            "longest of 201 tokens",
        ),
        ("none.csv", "", "there is no benchmark at"),
    ],
)
def test_a_damaged_file_is_named(name: str, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load_items(tmp_path)
