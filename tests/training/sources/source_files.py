"""Read and write a source's files, for tests."""

import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import zstandard

from training.corpus.build import list_stages
from training.corpus.config import find_earliest_day, load_corpus_config
from training.curation.pseudonyms import make_key
from training.pipeline.folders import Folders
from training.pipeline.funnel import Tally
from training.pipeline.stages import run_stage
from training.sources.source import Source

Rows = list[dict[str, Any]]


class SourceContents(NamedTuple):
    """What came out of all files of a source."""

    records: Rows
    items: Rows
    rejects: Rows
    num_rejected: int

    @property
    def reasons(self) -> list[tuple[int, str]]:
        """The line and reason of every reject of the sample."""
        return [(reject["line"], reject["reason"]) for reject in self.rejects]


def read_source(source: Source) -> SourceContents:
    """Return what is in all files of a source."""
    tables: dict[str, Rows] = {"record": [], "item": [], "reject": []}
    tally = Tally("read")
    for path in source.files():
        for table, piece in source.read_tables(path, tally, find_earliest_day(source)):
            tables[table] += piece.to_dicts()
    return SourceContents(
        tables["record"], tables["item"], tables["reject"], tally.counts.get((source.name, "lines", "rejected"), 0)
    )


def json_lines(rows: Iterable[Any]) -> bytes:
    """Return rows as JSON lines; bytes are lines already."""
    return b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)


def write_file(path: Path, raw: bytes) -> Path:
    """Write a file, compressed as its ending says; return its path."""
    pack = {".gz": gzip.compress, ".zst": zstandard.compress}.get(path.suffix, bytes)
    path.write_bytes(pack(raw))
    return path


def run_until(last: str, overrides: Sequence[str], home: Path) -> pl.DataFrame:
    """Run the stages up to the last one; return the records of its buckets, or of its table `record`."""
    config = load_corpus_config([*overrides, f"corpus_dir={home}"])
    home.mkdir()
    make_key(home / "secret.key", "tea")
    for stage in list_stages(config):
        run_stage(home, stage)
        if stage.name == last:
            break
    folders = Folders(home)
    tables = [name for name in folders.tables(last) if name == "record" or name.startswith("bucket=")]
    return pl.concat([folders.scan(last, name) for name in tables]).collect()
