import gzip
from pathlib import Path
from typing import Any

import pytest
import zstandard

from sandbox.errors import DataError
from tests.training.sources.source_files import write_file
from training.sources import lines
from training.sources.lines import JsonLines, decode_text, name_columns, read_blocks, read_csv_rows
from training.sources.source import Rejects

RAW = b"".join(b'{"n":%d}\n' % number for number in range(60_000))


@pytest.mark.parametrize("ending", ["json", "json.gz", "json.zst"])
def test_blocks_are_complete_lines_and_nothing_is_lost(tmp_path: Path, ending: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(lines, "COMPRESSED_BYTES", 100)
    blocks = list(read_blocks(write_file(tmp_path / f"a.{ending}", RAW)))
    assert b"".join(blocks) == RAW
    assert len(blocks) > 3
    assert all(block.endswith(b"\n") for block in blocks)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
@pytest.mark.parametrize("keep", [0.5, 0.999])
def test_compressed_data_that_ends_too_early_is_an_error(tmp_path: Path, pack: Any, keep: float) -> None:
    packed = pack(RAW)
    path = tmp_path / f"a.{'gz' if pack is gzip.compress else 'zst'}"
    path.write_bytes(packed[: int(len(packed) * keep)])
    with pytest.raises(DataError, match="cannot be read to its end"):
        list(read_blocks(path))


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_what_is_not_compressed_is_an_error(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"a.{ending}").write_bytes(RAW)
    with pytest.raises(DataError, match="download the file again"):
        list(read_blocks(tmp_path / f"a.{ending}"))


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_files_joined_end_to_end_are_read_as_one(tmp_path: Path, pack: Any) -> None:
    path = tmp_path / f"a.{'gz' if pack is gzip.compress else 'zst'}"
    path.write_bytes(pack(RAW) + pack(RAW))
    assert b"".join(read_blocks(path)) == RAW + RAW


@pytest.mark.parametrize("ending", ["json", "json.gz", "json.zst"])
def test_an_empty_file_has_no_lines(tmp_path: Path, ending: str) -> None:
    assert list(read_blocks(write_file(tmp_path / f"a.{ending}", b""))) == []


def test_bad_json_costs_itself_and_nothing_else(tmp_path: Path) -> None:
    path = write_file(tmp_path / "a.json", b'{"n":1}\n{"n":\n\n\xff\xfe\n[]\n{"n":2}')
    rejects = Rejects("s", path)
    assert [row for rows in JsonLines(dict[str, int]).read_file(path, rejects) for row in rows] == [{"n": 1}, {"n": 2}]
    assert rejects.table()["line"].to_list() == [2, 4, 5]


def test_all_lines_count_that_a_quote_swallows(tmp_path: Path) -> None:
    path = write_file(tmp_path / "a.csv", b'1,2,"never closed\n' + b"2,good\n" * 100 + b"2,good")
    rejects = Rejects("s", path)
    assert list(name_columns(read_csv_rows(path, rejects), ["a", "b"], rejects)) == []
    assert rejects.number == 102, "the row that is too long, and all lines that it swallowed"


def test_csv_rows_span_lines_and_those_of_another_length_are_rejected(tmp_path: Path) -> None:
    path = write_file(tmp_path / "a.csv", b'\xef\xbb\xbfa,b\n1,"x\ny"\n\n2\n3,caf\xe9\n')
    rejects = Rejects("s", path)
    rows = read_csv_rows(path, rejects)
    assert list(name_columns(rows, next(rows)[1], rejects)) == [
        (2, {"a": "1", "b": "x\ny"}),
        (6, {"a": "3", "b": "café"}),
    ]
    assert rejects.table().select("line", "reason", "sample").rows() == [(5, "1 columns instead of 2", "9")]


def test_a_field_without_end_is_rejected_and_reading_goes_on(tmp_path: Path) -> None:
    path = write_file(tmp_path / "a.csv", b"a\n" + b"x" * 200_000 + b"\nb\n")
    rejects = Rejects("s", path)
    assert [row for _, row in read_csv_rows(path, rejects)] == [["a"], ["b"]]
    assert rejects.number == 1


@pytest.mark.parametrize(
    ("raw", "text"), [(b"caf\xc3\xa9", "café"), (b"caf\xe9 \x93so\x94", "café “so”"), (b"\xe9\x81", "é"), (b"", "")]
)
def test_text_is_utf_8_or_else_windows_1252(raw: bytes, text: str) -> None:
    assert decode_text(raw) == text
