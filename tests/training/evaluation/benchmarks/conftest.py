import json
from pathlib import Path

import pytest

from tests.training.evaluation.benchmarks.published import motivebench_scene, to_json_lines, tombench_item


@pytest.fixture
def motivebench(tmp_path: Path) -> Path:
    """A folder as its authors publish it, with a file that holds no items."""
    folder = tmp_path / "MotiveBench" / "Persona"
    folder.mkdir(parents=True)
    scenes = json.dumps([motivebench_scene(idx) for idx in range(4)])
    (folder / "Persona_questions.json").write_text(scenes, encoding="utf-8")
    (folder / "persona.jsonl").write_text('{"persona": "a sailor"}\n', encoding="utf-8")
    return tmp_path / "MotiveBench"


@pytest.fixture
def tombench(tmp_path: Path) -> Path:
    folder = tmp_path / "ToMBench" / "data"
    folder.mkdir(parents=True)
    items = to_json_lines([tombench_item(index) for index in range(6)])
    (folder / "False Belief Task.jsonl").write_text(items, encoding="utf-8")
    (folder / "Hinting Task Test.jsonl").write_text(to_json_lines([tombench_item(9, "A. ")]), encoding="utf-8")
    return tmp_path / "ToMBench"
