import resource
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import current_thread

import polars as pl
import pyarrow.parquet as pq
import pytest

from training.threads import Writer, ahead, side_by_side

FRAME = pl.DataFrame({"id": [f"{number}" for number in range(2000)], "kind": ["post"] * 2000})


@contextmanager
def largest(number: int) -> Generator[None]:
    """No file may have more bytes."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (number, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_files_are_whole_before_they_get_their_names(tmp_path: Path, pieces: int) -> None:
    writer = Writer(tmp_path, "unit")
    with writer:
        for _ in range(pieces):
            writer.write("record", FRAME)
        writer.write("reject", FRAME)  # the last one begins a file
    assert not list(tmp_path.rglob("*.parquet"))
    assert [pq.read_metadata(path).num_rows for path in sorted(tmp_path.rglob("*.part"))] == [pieces * 2000, 2000]
    writer.finish("record")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.parquet")] == ["record/unit.parquet"]
    assert writer.rows == {"record": pieces * 2000, "reject": 2000}


@pytest.mark.parametrize("number", [100, 4000])
def test_a_full_disk_is_no_secret(tmp_path: Path, number: int) -> None:
    with largest(number), pytest.raises(OSError, match="File too large"), Writer(tmp_path, "unit") as writer:
        for _ in range(5):
            writer.write("record", FRAME)


def test_only_what_repeats_itself_gets_a_dictionary(tmp_path: Path) -> None:
    with Writer(tmp_path, "unit") as writer:
        writer.write("record", FRAME)
    columns = pq.read_metadata(tmp_path / "record" / "unit.part").row_group(0)
    assert [columns.column(place).has_dictionary_page for place in (0, 1)] == [False, True]


@pytest.mark.parametrize("number", [1, 4])
def test_what_is_made_ahead_comes_in_order_from_another_thread(number: int) -> None:
    found = list(ahead(((place, current_thread()) for place in range(10)), number))
    assert [place for place, _ in found] == [*range(10)]
    assert current_thread() not in {thread for _, thread in found}


def test_what_is_made_side_by_side_comes_in_order() -> None:
    assert list(side_by_side(str, range(100))) == [str(number) for number in range(100)]


def test_errors_come_where_the_piece_is_used() -> None:
    for left in (ahead(map(int, ["1", "2", "x"])), side_by_side(int, ["1", "2", "x"])):
        assert [next(left), next(left)] == [1, 2]
        with pytest.raises(ValueError, match="invalid literal"):
            next(left)
