"""Reading a source's files as the pipeline does, for tests."""

import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import zstandard

from training.corpus import configured, stages_of
from training.funnel import Tally
from training.privacy import make_key
from training.sources.source import Source
from training.stages import Folders, run_stage

Rows = list[dict[str, Any]]


class Reading(NamedTuple):
    """What came out of all files of a source."""

    records: Rows
    items: Rows
    rejects: Rows
    num_rejected: int

    @property
    def reasons(self) -> list[tuple[int, str]]:
        """Line and reason of every reject of the sample."""
        return [(one["line"], one["reason"]) for one in self.rejects]


def reading(source: Source) -> Reading:
    """Read all files of a source."""
    found: dict[str, Rows] = {"record": [], "item": [], "reject": []}
    tally = Tally("read")
    for path in source.files():
        for table, piece in source.tables(path, tally):
            found[table] += piece.to_dicts()
    return Reading(
        found["record"], found["item"], found["reject"], tally.counts.get((source.name, "lines", "rejected"), 0)
    )


def json_lines(rows: Iterable[Any]) -> bytes:
    """Rows as JSON lines; bytes are lines already."""
    return b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)


def written(path: Path, raw: bytes) -> Path:
    """Write a file, compressed by its ending."""
    pack = {".gz": gzip.compress, ".zst": zstandard.compress}.get(path.suffix, bytes)
    path.write_bytes(pack(raw))
    return path


def run_until(last: str, overrides: Sequence[str], home: Path) -> pl.DataFrame:
    """Run the pipeline's stages up to one of them; returns the records of its buckets, or of its table `record`."""
    config = configured([*overrides, f"corpus_dir={home}"])
    home.mkdir()
    make_key(home / "secret.key", "tea")
    for stage in stages_of(config):
        run_stage(home, stage)
        if stage.name == last:
            break
    folders = Folders(home)
    tables = [name for name in folders.tables(last) if name == "record" or name.startswith("bucket=")]
    return pl.concat([folders.scan(last, name) for name in tables]).collect()
