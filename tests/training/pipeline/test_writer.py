import resource
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from training.pipeline.writer import Writer

FRAME = pl.DataFrame({"id": [f"{number}" for number in range(2000)], "kind": ["post"] * 2000})


@contextmanager
def limit_file_size(num_bytes: int) -> Generator[None]:
    """Let no file grow beyond this many bytes."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_files_are_complete_before_they_get_their_names(tmp_path: Path, pieces: int) -> None:
    writer = Writer(tmp_path, "unit")
    with writer:
        for _ in range(pieces):
            writer.write("record", FRAME)
        writer.write("reject", FRAME)  # the last piece opens a file
    assert not list(tmp_path.rglob("*.parquet"))
    assert [pq.read_metadata(path).num_rows for path in sorted(tmp_path.rglob("*.part"))] == [pieces * 2000, 2000]
    writer.finish("record")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.parquet")] == ["record/unit.parquet"]
    assert writer.rows == {"record": pieces * 2000, "reject": 2000}


@pytest.mark.parametrize("num_bytes", [100, 4000])
def test_a_full_disk_raises_an_error(tmp_path: Path, num_bytes: int) -> None:
    with limit_file_size(num_bytes), pytest.raises(OSError, match="File too large"), Writer(tmp_path, "unit") as writer:
        for _ in range(5):
            writer.write("record", FRAME)


def test_only_a_column_that_repeats_its_values_gets_a_dictionary(tmp_path: Path) -> None:
    with Writer(tmp_path, "unit") as writer:
        writer.write("record", FRAME)
    columns = pq.read_metadata(tmp_path / "record" / "unit.part").row_group(0)
    assert [columns.column(index).has_dictionary_page for index in (0, 1)] == [False, True]
