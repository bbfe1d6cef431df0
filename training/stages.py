"""Stages: each turns files into Parquet files, unit by unit, and is done once.

A stage's key is a hash of its name, its code (with that of all modules of this project that it imports), its settings,
its input files and the keys of the stages before it. A folder that was finished under the same key is left as it is;
one that was begun under it goes on with the units that are missing (a unit's files appear by renaming, its receipt
last, so a kill at any moment loses at most the units in flight); any other is made anew. Units know nothing of one
another, so they can run anywhere that sees the folder.
"""

import ast
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import msgspec
import polars as pl

from sandbox.errors import DataError
from training.funnel import Count, Tally
from training.threads import Writer, unfinished

Tables: TypeAlias = Iterable[tuple[str, pl.DataFrame]]
"""(name of a table, some of its rows); a table may come in many pieces, all with the same columns."""

Unit: TypeAlias = tuple[str, Sequence[Path]]
"""Name and input files of one piece of work."""

REJECTS = "reject"
"""A table that is kept of a unit that fails too: it says why."""
ROOT = Path(__file__).parents[1]
"""Where the packages of this project are."""
PACKAGES = ("training", "agents", "sandbox")
"""Those of them whose code can change what comes out of a stage."""
APART = frozenset(
    {
        "sandbox.assembly",
        "sandbox.config",
        "sandbox.errors",
        "sandbox.paths",
        "sandbox.progress",
        "training.funnel",
        "training.progress",
        "training.stages",
        "training.threads",
    }
)
"""Modules that say how work is set up, run and told of, not what comes out of it."""
WHOLE_BYTES = 64 << 20
"""Files up to this size are hashed whole."""


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
    modules: Sequence[str] = ()
    """Modules that the work finds by their names, such as those that `_target_` names in the settings."""
    whole: Callable[["Folders", Mapping[str, Any], Tally], None] = lambda folders, settings, tally: None
    """Counts, when all units are done, what no unit can know alone."""

    def key(self) -> str:
        """Hash of all that the output depends on."""
        code = "".join(code_of([self.work.__module__, *self.modules]))
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
    """Do one unit and leave its files and its receipt in `folder`; of one that fails only its rejects."""
    name, files = unit
    tally, writer = Tally(stage), Writer(folder, name)
    try:
        with writer:
            for table, frame in work(files, settings, tally):
                writer.write(table, frame)
    except DataError:
        writer.finish(REJECTS)
        raise
    writer.finish(*writer.rows)
    receipt = Receipt(list(tally.rows()), writer.rows)
    _write(folder / "done" / f"{name}.json", receipt)
    return receipt


def code_of(names: Iterable[str]) -> Iterator[str]:
    """Source of these modules and of all of this project that they import, wherever in them; but for `APART`."""
    waiting, seen = sorted(names), set(APART)
    while waiting:
        name = waiting.pop()
        path = None if name in seen else _file_of(name)
        seen.add(name)
        if path is not None:
            yield (source := path.read_text(encoding="utf-8"))
            waiting += [one for one in _imports(source) if one.partition(".")[0] in PACKAGES]


def fingerprint(path: Path) -> bytes:
    """Hash of a file; of one that is large its size, time of change, first and last MiB; of a folder what is in it."""
    if path.is_dir():
        files = (one for one in sorted(path.rglob("*")) if one.is_file())
        stats = ((one.relative_to(path), one.stat()) for one in files)
        listed = "".join(f"{name}/{stat.st_size}/{stat.st_mtime_ns}/" for name, stat in stats)
        return blake2b(listed.encode("utf-8", "surrogateescape"), digest_size=16).digest()
    if not path.is_file():
        raise DataError(f"there is no file or folder {path}; name the files of the source")
    stat = path.stat()
    return _hash_of(path.absolute(), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=1 << 16)
def _hash_of(path: Path, size: int, changed: int) -> bytes:
    """Hash of a file that has not changed since then; every stage after the first one asks for it again."""
    edge = 1 << 20
    with path.open("rb") as file:
        if size <= WHOLE_BYTES:
            return file_digest(file, lambda: blake2b(digest_size=16)).digest()
        state = blake2b(f"{size}/{changed}/".encode() + file.read(edge), digest_size=16)
        file.seek(size - edge)
        state.update(file.read())
    return state.digest()


@lru_cache(maxsize=1 << 10)
def _imports(source: str) -> tuple[str, ...]:
    """Names of all that a source imports, sorted; of what stands behind a `from` some are no modules."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return tuple(sorted(found))


def _file_of(name: str) -> Path | None:
    """File of a module; None for what is none, or not written in Python."""
    path = ROOT.joinpath(*name.split("."))
    known = getattr(sys.modules.get(name), "__file__", None) or path
    files = (path.with_suffix(".py"), path / "__init__.py", Path(known))
    return next((one for one in files if one.suffix == ".py" and one.is_file()), None)


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
    stage.whole(Folders(root), stage.settings, tally)
    receipt = Receipt(list(tally.rows()), rows)
    _write(finished, receipt)
    return receipt.counts


def _known(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _receipt(folder: Path, name: str) -> Receipt | None:
    path = folder / "done" / f"{name}.json"
    return msgspec.json.decode(path.read_bytes(), type=Receipt) if path.exists() else None


def _write(path: Path, receipt: Receipt) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished(path).write_bytes(msgspec.json.encode(receipt))
    unfinished(path).replace(path)
