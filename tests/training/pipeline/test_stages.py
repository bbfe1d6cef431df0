import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sandbox.errors import DataError
from training.pipeline.folders import Folders, Unit
from training.pipeline.funnel import Count, Tally
from training.pipeline.stages import Stage, Tables, run_stage

UNITS = 6


def square_numbers(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Yield rows with the square of a file's number; die at the number that the settings name."""
    number = int(unit.file("number").read_text(encoding="utf-8"))
    if settings.get("die_at") == number:
        yield "square", pl.DataFrame({"x": [-1]})
        os.kill(os.getpid(), signal.SIGKILL)
    tally.add("numbers", "records", "out", 2)
    yield "square", pl.DataFrame({"x": [number * number]})
    yield "square", pl.DataFrame({"x": [settings["plus"] + number]})


def reject_everything(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Yield a record and a rejected line, which is one too many."""
    yield "record", pl.DataFrame({"x": [1]})
    yield "reject", pl.DataFrame({"line": [7]})
    raise DataError("too many")


def build_stage(folder: Path, **settings: Any) -> Stage:
    paths = [folder / f"{number}.txt" for number in range(UNITS)]
    for number, path in enumerate(paths):
        path.write_text(str(number), encoding="utf-8")
    units = [Unit(f"n{number}", {"number": [path]}) for number, path in enumerate(paths)]
    return Stage("square", square_numbers, (), lambda _: units, {"plus": 100, **settings}, paths)


def digest(root: Path) -> str:
    state = blake2b()
    for path in sorted(root.rglob("*")):
        if path.is_file():
            state.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return state.hexdigest()


def test_a_stage_leaves_its_tables_and_counts(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    assert run_stage(root, build_stage(tmp_path)) == [Count("square", "numbers", "records", "out", 2 * UNITS)]
    rows = Folders(root).scan("square", "square").collect()["x"].to_list()
    assert sorted(rows) == sorted([n * n for n in range(UNITS)] + [100 + n for n in range(UNITS)])


def test_an_unchanged_stage_is_not_run_again(tmp_path: Path) -> None:
    root, reports = tmp_path / "corpus", list[tuple[str, int, int]]()
    first = run_stage(root, build_stage(tmp_path))
    second = run_stage(root, build_stage(tmp_path), report_progress=lambda *report: reports.append(report))
    assert second == first
    assert reports == []


@pytest.mark.parametrize("change", ["setting", "input"])
def test_a_changed_stage_is_rebuilt(tmp_path: Path, change: str) -> None:
    root = tmp_path / "corpus"
    run_stage(root, build_stage(tmp_path))
    stage = build_stage(tmp_path, **({"plus": 7} if change == "setting" else {}))
    if change == "input":
        (tmp_path / "0.txt").write_text("9", encoding="utf-8")
    run_stage(root, stage)
    rows = Folders(root).scan("square", "square").collect()["x"].to_list()
    assert (7 in rows) if change == "setting" else (81 in rows)


def test_the_key_of_a_stage_covers_the_stages_before_it(tmp_path: Path) -> None:
    before = build_stage(tmp_path)
    after = Stage("after", square_numbers, (before,), settings={"plus": 1})
    changed = replace(after, after=(replace(before, settings={"plus": 2}),))
    assert after.key() != changed.key()


def test_a_stage_killed_in_a_unit_comes_to_the_same_end(tmp_path: Path) -> None:
    complete = tmp_path / "complete"
    run_stage(complete, build_stage(tmp_path))
    root, numbers = tmp_path / "corpus", tmp_path
    script = (
        "import sys; sys.path.insert(0, '.');"
        "from importlib.util import module_from_spec, spec_from_file_location;"
        f"spec = spec_from_file_location('{square_numbers.__module__}', {__file__!r});"
        "module = module_from_spec(spec); sys.modules[spec.name] = module; spec.loader.exec_module(module);"
        "from pathlib import Path; from dataclasses import replace;"
        f"stage = module.build_stage(Path({str(numbers)!r}));"
        "dying = replace(stage, settings={**stage.settings, 'die_at': 3});"
        "object.__setattr__(dying, 'key', stage.key);"
        f"module.run_stage(Path({str(root)!r}), dying)"
    )
    process = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[3], check=False)
    assert process.returncode == -signal.SIGKILL
    assert not (root / "square" / "stage.json").exists()
    assert len(list((root / "square" / "done").iterdir())) == 3
    run_stage(root, build_stage(tmp_path))
    assert digest(root) == digest(complete)


def test_the_reason_why_a_unit_failed_is_kept(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="too many"):
        run_stage(tmp_path, Stage("read", reject_everything, (), lambda _: [Unit("a", {})]))
    assert pl.read_parquet(tmp_path / "read" / "reject" / "a.parquet")["line"].to_list() == [7]
    assert not (tmp_path / "read" / "record" / "a.parquet").exists()
