import importlib
import os
from pathlib import Path

import pytest

from sandbox.errors import DataError
from training.corpus.build import list_stages
from training.corpus.config import load_corpus_config
from training.pipeline import keys
from training.pipeline.keys import PACKAGES, ROOT, UNHASHED_MODULES, find_module_file, fingerprint


@pytest.mark.parametrize("module", sorted(UNHASHED_MODULES))
def test_a_module_whose_code_does_not_count_exists(module: str) -> None:
    assert find_module_file(module) is not None, "a wrong name here would rebuild corpora without need"
    assert importlib.import_module(module)


def test_every_module_of_the_pipeline_is_machinery() -> None:
    modules = {f"training.pipeline.{path.stem}" for path in (ROOT / "training" / "pipeline").glob("[a-z]*.py")}
    assert modules <= UNHASHED_MODULES


def test_a_fingerprint_covers_both_ends_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"a" * 3_000_000)
    before = fingerprint(path)
    path.write_bytes(b"a" * 2_999_999 + b"b")
    assert fingerprint(path) != before


def test_a_fingerprint_covers_the_middle_of_a_small_file_and_the_time_of_a_large_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"a" * 3_000_000)
    small = fingerprint(path)
    path.write_bytes(b"a" * 1_500_000 + b"b" + b"a" * 1_499_999)
    assert fingerprint(path) != small
    monkeypatch.setattr(keys, "MAX_HASHED_BYTES", 0)
    os.utime(path, ns=(1, 1))
    before = fingerprint(path)
    os.utime(path, ns=(2, 2))
    assert fingerprint(path) != before


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.zst"):
        fingerprint(tmp_path / "nothing.zst")


STAGES = {
    *("read", "filter", "k_core", "partition", "group", "clean", "split", "leaks"),
    *("marginals", "persons", "quality", "catalog", "tasks"),
}
PERSON_STAGES = {"marginals", "persons", "quality", "tasks"}


@pytest.mark.parametrize(
    ("edited", "changed"),
    [
        ("sandbox/prompting/render.py", {"tasks"}),
        ("sandbox/core/question.py", {"tasks"}),
        ("sandbox/core/profile.py", PERSON_STAGES),
        ("training/sources/lines.py", STAGES),
        ("training/sources/table.py", STAGES),
        ("training/sources/reddit.py", set[str]()),
        ("training/platforms/blog.py", PERSON_STAGES),
        ("training/platforms/forum.py", set[str]()),
        ("sandbox/errors.py", set[str]()),
        ("sandbox/settings.py", set[str]()),
        ("sandbox/composition.py", set[str]()),
    ],
)
def test_an_edited_module_rebuilds_what_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edited: str, changed: set[str]
) -> None:
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (tmp_path / "secret.key").touch()
    (tmp_path / "table.csv").write_text("user,time,text\n", encoding="utf-8")
    table = ["sources=[table]", "source.table.platform=blog", f"source.table.paths=[{tmp_path}/table.csv]"]
    stages = list_stages(load_corpus_config([*table, f"corpus_dir={tmp_path}"]))
    monkeypatch.setattr(keys, "ROOT", tmp_path)
    before = {stage.name: stage.key() for stage in stages}
    assert (tmp_path / edited).is_file()
    with (tmp_path / edited).open("a", encoding="utf-8") as file:
        file.write("# edited\n")
    assert {stage.name for stage in stages if stage.key() != before[stage.name]} == changed
