"""Stages: each turns files into Parquet files, unit by unit, and is done once.

A stage's key is a hash of its name, its code (with that of all modules of this project that it imports), its settings,
its source files and the keys of the stages before it. A folder that was finished under the same key is left as it is.
One that was begun under it resumes with the units that are missing: a unit's files appear by renaming, its receipt
last, so a kill at any moment loses at most the units in flight. Any other folder is rebuilt. Units know nothing of one
another, so they can run anywhere that sees the folder.

A unit gets its input files by name (`unit.inputs["record"]`). Which tables of which stages these are is said where the
stage is declared, with the functions in `folders.py`; a stage's work knows neither the stages before it nor their
folders.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import msgspec
import polars as pl

from sandbox.errors import DataError
from sandbox.files import replace_file, replace_text
from training.pipeline.folders import Folders, ListUnits, Unit
from training.pipeline.funnel import Count, Tally
from training.pipeline.keys import fingerprint, read_sources
from training.pipeline.writer import Writer

Tables: TypeAlias = Iterable[tuple[str, pl.DataFrame]]
"""(name of a table, some of its rows); a table may come in many pieces, all with the same columns."""

ReportProgress: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of a stage, the number of its units that are done, and the number of all its units."""

REJECTS = "reject"
"""A table that is kept even of a unit that fails, since it says why."""


class Work(Protocol):
    """What a stage does to one unit. It must be a function of a module, so that other processes can import it."""

    def __call__(self, unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
        """Read the unit's inputs, count in `tally`, yield tables."""
        ...


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline."""

    name: str
    work: Work
    after: tuple["Stage", ...] = ()
    """Stages whose output this one reads."""
    units: ListUnits = field(default=lambda _: [])
    """Lists the pieces of work, each with its inputs, from what the stages before have left."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    source_files: Sequence[Path] = ()
    """Files from outside of the corpus that the output depends on."""
    modules: Sequence[str] = ()
    """Modules that the work finds by name, such as those that `_target_` names in the settings."""
    count_overall: Callable[[Folders, Mapping[str, Any], Tally], None] = lambda folders, settings, tally: None
    """Counts, once all units are done, what no unit can count alone."""

    def key(self) -> str:
        """Return a hash of all that the output depends on."""
        code = "".join(read_sources([self.work.__module__, *self.modules]))
        state = blake2b(digest_size=16)
        for part in (self.name, code, msgspec.json.encode(self.settings, order="sorted", enc_hook=str).decode()):
            state.update(f"{len(part)}:{part}".encode())
        for path in self.source_files:
            state.update(fingerprint(path))
        for stage in self.after:
            state.update(stage.key().encode())
        return state.hexdigest()


class Receipt(msgspec.Struct):
    """That a unit is done, and what was counted in it."""

    counts: list[Count]
    tables: dict[str, int]
    """Rows of each table."""


class Launcher(Protocol):
    """Where units run."""

    def __call__(self, folder: Path, stage: Stage, units: Sequence[Unit]) -> Iterator[tuple[str, Receipt]]:
        """Do all units in any order; yield the name and receipt of each as it is done."""
        ...


def run_unit(folder: Path, stage: str, work: Work, unit: Unit, settings: Mapping[str, Any]) -> Receipt:
    """Do one unit and leave its files and its receipt in `folder`; of one that fails, only its rejects."""
    tally, writer = Tally(stage), Writer(folder, unit.name)
    try:
        with writer:
            for table, frame in work(unit, settings, tally):
                writer.write(table, frame)
    except DataError:
        writer.finish(REJECTS)
        raise
    writer.finish(*writer.rows)
    receipt = Receipt(list(tally.rows()), writer.rows)
    _write_receipt(_receipt_path(folder, unit.name), receipt)
    return receipt


def run_locally(folder: Path, stage: Stage, units: Sequence[Unit]) -> Iterator[tuple[str, Receipt]]:
    """Do one unit after the other in this process; Polars uses all cores within each."""
    for unit in units:
        yield unit.name, run_unit(folder, stage.name, stage.work, unit, stage.settings)


def run_stage(
    root: Path,
    stage: Stage,
    launcher: Launcher = run_locally,
    report_progress: ReportProgress = lambda stage, done, total: None,
) -> list[Count]:
    """Do what is missing of a stage; return its counts.

    Args:
        root: Folder of the corpus.
        stage: What to do; the stages before it are done.
        launcher: Where its units run.
        report_progress: Called before the first unit, and after each.
    """
    folder, key = root / stage.name, stage.key()
    finished = folder / "stage.json"
    if _read_key(folder / "key") != key:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        replace_text(folder / "key", key)
    if (total := _read_receipt(finished)) is not None:
        return total.counts
    units = list(stage.units(Folders(root)))
    receipts = {unit.name: receipt for unit in units if (receipt := _read_receipt(_receipt_path(folder, unit.name)))}
    report_progress(stage.name, len(receipts), len(units))
    for name, receipt in launcher(folder, stage, [unit for unit in units if unit.name not in receipts]):
        receipts[name] = receipt
        report_progress(stage.name, len(receipts), len(units))
    tally, rows = _add_up(stage.name, [receipts[unit.name] for unit in units])
    stage.count_overall(Folders(root), stage.settings, tally)
    total = Receipt(list(tally.rows()), rows)
    _write_receipt(finished, total)
    return total.counts


def _add_up(stage: str, receipts: Iterable[Receipt]) -> tuple[Tally, dict[str, int]]:
    tally, rows = Tally(stage), dict[str, int]()
    for receipt in receipts:
        for count in receipt.counts:
            tally.add(count.source, count.entity, count.reason, count.number)
        for table, number in receipt.tables.items():
            rows[table] = rows.get(table, 0) + number
    return tally, rows


def _read_key(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _receipt_path(folder: Path, unit: str) -> Path:
    return folder / "done" / f"{unit}.json"


def _read_receipt(path: Path) -> Receipt | None:
    """Return a receipt; None for one that is absent or damaged, so that its work is done again."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Receipt)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _write_receipt(path: Path, receipt: Receipt) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_file(path) as draft:
        draft.write_bytes(msgspec.json.encode(receipt))
