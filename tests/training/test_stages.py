import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sandbox.errors import DataError
from training import stages
from training.corpus import configured, stages_of
from training.funnel import Count, Tally
from training.stages import ROOT, Folders, Stage, Tables, fingerprint, run_stage

UNITS = 6


def squares(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Some rows of a file, squared; dies where it is told to."""
    number = int(files[0].read_text(encoding="utf-8"))
    if settings.get("die_at") == number:
        yield "square", pl.DataFrame({"x": [-1]})
        os.kill(os.getpid(), signal.SIGKILL)
    tally.add("numbers", "records", "out", 2)
    yield "square", pl.DataFrame({"x": [number * number]})
    yield "square", pl.DataFrame({"x": [settings["plus"] + number]})


def rejecting(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """A record and a rejected line, which is one too many."""
    yield "record", pl.DataFrame({"x": [1]})
    yield "reject", pl.DataFrame({"line": [7]})
    raise DataError("too many")


def stage_of(folder: Path, **settings: Any) -> Stage:
    paths = [folder / f"{number}.txt" for number in range(UNITS)]
    for number, path in enumerate(paths):
        path.write_text(str(number), encoding="utf-8")
    units = [(f"n{number}", [path]) for number, path in enumerate(paths)]
    return Stage("square", squares, (), lambda _: units, {"plus": 100, **settings}, paths)


def digest(root: Path) -> str:
    state = blake2b()
    for path in sorted(root.rglob("*")):
        if path.is_file():
            state.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return state.hexdigest()


def test_a_stage_leaves_its_tables_and_counts(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    assert run_stage(root, stage_of(tmp_path)) == [Count("square", "numbers", "records", "out", 2 * UNITS)]
    rows = Folders(root).scan("square", "square").collect()["x"].to_list()
    assert sorted(rows) == sorted([n * n for n in range(UNITS)] + [100 + n for n in range(UNITS)])


def test_an_unchanged_stage_is_not_run_again(tmp_path: Path) -> None:
    root, told = tmp_path / "corpus", list[tuple[str, int, int]]()
    first = run_stage(root, stage_of(tmp_path))
    again = run_stage(root, stage_of(tmp_path), told=lambda *one: told.append(one))
    assert again == first
    assert told == []


@pytest.mark.parametrize("change", ["setting", "input"])
def test_a_changed_stage_is_run_anew(tmp_path: Path, change: str) -> None:
    root = tmp_path / "corpus"
    run_stage(root, stage_of(tmp_path))
    stage = stage_of(tmp_path, **({"plus": 7} if change == "setting" else {}))
    if change == "input":
        (tmp_path / "0.txt").write_text("9", encoding="utf-8")
    run_stage(root, stage)
    rows = Folders(root).scan("square", "square").collect()["x"].to_list()
    assert (7 in rows) if change == "setting" else (81 in rows)


def test_what_comes_before_a_stage_is_part_of_its_key(tmp_path: Path) -> None:
    before = stage_of(tmp_path)
    after = Stage("after", squares, (before,), settings={"plus": 1})
    other = replace(after, after=(replace(before, settings={"plus": 2}),))
    assert after.key() != other.key()


def test_a_stage_killed_in_a_unit_comes_to_the_same_end(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    run_stage(whole, stage_of(tmp_path))
    root, numbers = tmp_path / "corpus", tmp_path
    script = (
        "import sys; sys.path.insert(0, '.');"
        "from importlib.util import module_from_spec, spec_from_file_location;"
        f"spec = spec_from_file_location('{squares.__module__}', {__file__!r});"
        "module = module_from_spec(spec); sys.modules[spec.name] = module; spec.loader.exec_module(module);"
        "from pathlib import Path; from dataclasses import replace;"
        f"stage = module.stage_of(Path({str(numbers)!r}));"
        "dying = replace(stage, settings={**stage.settings, 'die_at': 3});"
        "object.__setattr__(dying, 'key', stage.key);"
        f"module.run_stage(Path({str(root)!r}), dying)"
    )
    died = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=False)
    assert died.returncode == -signal.SIGKILL
    assert not (root / "square" / "stage.json").exists()
    assert len(list((root / "square" / "done").iterdir())) == 3
    run_stage(root, stage_of(tmp_path))
    assert digest(root) == digest(whole)


def test_a_fingerprint_sees_both_ends_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"a" * 3_000_000)
    before = fingerprint(path)
    path.write_bytes(b"a" * 2_999_999 + b"b")
    assert fingerprint(path) != before


def test_a_fingerprint_sees_the_midst_of_a_small_file_and_a_touched_large_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"a" * 3_000_000)
    small = fingerprint(path)
    path.write_bytes(b"a" * 1_500_000 + b"b" + b"a" * 1_499_999)
    assert fingerprint(path) != small
    monkeypatch.setattr(stages, "WHOLE_BYTES", 0)
    os.utime(path, ns=(1, 1))
    before = fingerprint(path)
    os.utime(path, ns=(2, 2))
    assert fingerprint(path) != before


PREPARING = {"filter", "core", "part", "group", "clean", "split", "leaks", "marginals", "persons", "quality", "catalog"}


@pytest.mark.parametrize(
    ("edited", "changed"),
    [
        ("agents/prompt.py", {"tasks"}),
        ("sandbox/question.py", {"tasks"}),
        ("training/sources/lines.py", {"read", "tasks", *PREPARING}),
        ("training/sources/table.py", {"read", "tasks", *PREPARING}),
        ("training/sources/reddit.py", set[str]()),
        ("sandbox/errors.py", set[str]()),
    ],
)
def test_an_edited_module_redoes_what_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edited: str, changed: set[str]
) -> None:
    for path in (path for package in stages.PACKAGES for path in (ROOT / package).rglob("*.py")):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (tmp_path / "secret.key").touch()
    (tmp_path / "table.csv").write_text("user,time,text\n", encoding="utf-8")
    table = ["sources=[table]", "source.table.kind_of_platform=blog", f"source.table.paths=[{tmp_path}/table.csv]"]
    every = stages_of(configured([*table, f"corpus_dir={tmp_path}"]))
    monkeypatch.setattr(stages, "ROOT", tmp_path)
    before = {stage.name: stage.key() for stage in every}
    with (tmp_path / edited).open("a", encoding="utf-8") as file:
        file.write("# edited\n")
    assert {stage.name for stage in every if stage.key() != before[stage.name]} == changed


def test_why_a_unit_failed_is_kept(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="too many"):
        run_stage(tmp_path, Stage("read", rejecting, (), lambda _: [("a", [])]))
    assert pl.read_parquet(tmp_path / "read" / "reject" / "a.parquet")["line"].to_list() == [7]
    assert not (tmp_path / "read" / "record" / "a.parquet").exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.zst"):
        fingerprint(tmp_path / "nothing.zst")
