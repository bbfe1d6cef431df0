"""Stages: each turns files into Parquet files, unit by unit, and is done once.

A stage's key is a hash of its name, its code, its settings and the keys of the stages before it. A folder that was
finished under the same key is left as it is; one that was begun under it goes on with the units that are missing (a
unit's files appear by renaming, its receipt last, so a kill at any moment loses at most the units in flight); any
other is made anew. Units know nothing of one another, so they can run anywhere that sees the folder.
"""

import inspect
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from sandbox.errors import DataError
from training.funnel import Count, Tally

Tables: TypeAlias = Iterable[tuple[str, pl.DataFrame]]
"""(name of a table, some of its rows); a table may come in many pieces, all with the same columns."""

Unit: TypeAlias = tuple[str, Sequence[Path]]
"""Name and input files of one piece of work."""


class Work(Protocol):
    """What a stage does to one unit. It must be a function of a module, so that other processes can import it."""

    def __call__(self, files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
        """Read `files`, count in `tally`, yield tables."""
        ...


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline."""

    name: str
    work: Work
    after: tuple["Stage", ...] = ()
    """Stages whose output this one reads."""
    units: Callable[["Folders"], Sequence[Unit]] = field(default=lambda _: [])
    """The pieces of work, from what the stages before have left."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[Path] = ()
    """Files from outside of the corpus."""

    def key(self) -> str:
        """Hash of all that the output depends on."""
        code = "".join(code_of(self.work.__module__))
        state = blake2b(digest_size=16)
        for part in (self.name, code, msgspec.json.encode(self.settings, order="sorted", enc_hook=str).decode()):
            state.update(f"{len(part)}:{part}".encode())
        for path in self.inputs:
            state.update(fingerprint(path))
        for stage in self.after:
            state.update(stage.key().encode())
        return state.hexdigest()


class Folders:
    """Where stages leave their tables: `<corpus>/<stage>/<table>/<unit>.parquet`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def files(self, stage: str, table: str) -> list[Path]:
        """All files of one table, in the order of their units."""
        return sorted((self.root / stage / table).glob("*.parquet"))

    def scan(self, stage: str, table: str) -> pl.LazyFrame:
        """One table, lazily."""
        return pl.scan_parquet(self.files(stage, table))

    def tables(self, stage: str) -> list[str]:
        """Names of a stage's tables."""
        return sorted(path.name for path in (self.root / stage).iterdir() if path.is_dir())

    def each(self, stage: str, table: str) -> list[tuple[str, list[Path]]]:
        """One unit for every file of a table."""
        return [(path.stem, [path]) for path in self.files(stage, table)]

    def buckets(self, stage: str) -> list[tuple[str, list[Path]]]:
        """One unit for every bucket that a stage has parted its rows into."""
        return [
            (table.removeprefix("bucket="), self.files(stage, table))
            for table in self.tables(stage)
            if table.startswith("bucket=")
        ]


class Receipt(msgspec.Struct):
    """That a unit is done, and what was counted in it."""

    counts: list[Count]
    tables: dict[str, int]
    """Rows of each table."""


def run_unit(folder: Path, stage: str, work: Work, unit: Unit, settings: Mapping[str, Any]) -> Receipt:
    """Do one unit and leave its files and its receipt in `folder`."""
    name, files = unit
    tally, rows, waiting = Tally(stage), dict[str, int](), dict[Path, Path]()
    with ExitStack() as stack:
        writers: dict[str, pq.ParquetWriter] = {}
        for table, frame in work(files, settings, tally):
            arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
            if table not in writers:
                path = folder / table / f"{name}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                waiting[path.with_suffix(".part")] = path
                writer = pq.ParquetWriter(path.with_suffix(".part"), arrow.schema, compression="zstd")
                writers[table] = stack.enter_context(writer)
            rows[table] = rows.get(table, 0) + frame.height
            writers[table].write_table(pa.Table.from_batches(arrow.to_batches(), arrow.schema))
    for part, path in waiting.items():
        part.replace(path)
    receipt = Receipt(list(tally.rows()), rows)
    _write(folder / "done" / f"{name}.json", receipt)
    return receipt


def code_of(name: str, seen: set[str] | None = None) -> Iterator[str]:
    """Source of a module of this package and of those of this package that it uses; this file and the funnel apart."""
    seen = {__name__, Tally.__module__} if seen is None else seen
    if name in seen or not name.startswith(f"{__package__}."):
        return
    seen.add(name)
    yield inspect.getsource(module := sys.modules[name])
    used = {
        value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", "")
        for value in vars(module).values()
    }
    for other in sorted(str(one) for one in used):
        yield from code_of(other, seen)


def fingerprint(path: Path) -> bytes:
    """Size and hash of the first and last MiB, or a folder's names and sizes: enough to see that a dump has changed."""
    if path.is_dir():
        files = (one for one in sorted(path.rglob("*")) if one.is_file())
        listed = "".join(f"{one.relative_to(path)}/{one.stat().st_size}/" for one in files)
        return blake2b(listed.encode("utf-8", "surrogateescape"), digest_size=16).digest()
    if not path.is_file():
        raise DataError(f"there is no file or folder {path}; name the files of the source")
    size, edge = path.stat().st_size, 1 << 20
    with path.open("rb") as file:
        state = blake2b(size.to_bytes(8, "little") + file.read(edge), digest_size=16)
        file.seek(max(edge, size - edge))
        state.update(file.read())
    return state.digest()


class Launcher(Protocol):
    """Where units run."""

    def __call__(self, folder: Path, stage: Stage, units: Sequence[Unit]) -> Iterator[tuple[str, Receipt]]:
        """Do all units in any order; yield the name and receipt of each as it is done."""
        ...


def local(folder: Path, stage: Stage, units: Sequence[Unit]) -> Iterator[tuple[str, Receipt]]:
    """One unit after the other in this process; Polars uses all cores within each."""
    for unit in units:
        yield unit[0], run_unit(folder, stage.name, stage.work, unit, stage.settings)


def run_stage(
    root: Path,
    stage: Stage,
    launcher: Launcher = local,
    told: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> list[Count]:
    """Do what is left of a stage; returns its counts.

    Args:
        root: Folder of the corpus.
        stage: What to do; the stages before it are done.
        launcher: Where its units run.
        told: Called with the stage's name, units done and units in all.
    """
    folder, key = root / stage.name, stage.key()
    finished = folder / "stage.json"
    if _known(folder / "key") != key:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "key").write_text(key, encoding="utf-8")
    if finished.exists():
        return msgspec.json.decode(finished.read_bytes(), type=Receipt).counts
    units = list(stage.units(Folders(root)))
    receipts = {name: one for name, _ in units if (one := _receipt(folder, name)) is not None}
    told(stage.name, len(receipts), len(units))
    for name, receipt in launcher(folder, stage, [unit for unit in units if unit[0] not in receipts]):
        receipts[name] = receipt
        told(stage.name, len(receipts), len(units))
    tally, rows = Tally(stage.name), dict[str, int]()
    for name, _ in units:
        for one in receipts[name].counts:
            tally.add(one.source, one.what, one.reason, one.number)
        for table, number in receipts[name].tables.items():
            rows[table] = rows.get(table, 0) + number
    whole = Receipt(list(tally.rows()), rows)
    _write(finished, whole)
    return whole.counts


def _known(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _receipt(folder: Path, name: str) -> Receipt | None:
    path = folder / "done" / f"{name}.json"
    return msgspec.json.decode(path.read_bytes(), type=Receipt) if path.exists() else None


def _write(path: Path, receipt: Receipt) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(receipt))
    part.replace(path)
