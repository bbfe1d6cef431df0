import random
from pathlib import Path

import pyarrow as pa
import pytest

from training.sources.typed import Piece, pieces

from .reading import written

SCHEMA = pa.schema({"a": pa.string(), "n": pa.float64(), "not": pa.null()})


def read(tmp_path: Path, raw: bytes) -> list[Piece]:
    """Pieces of a file with these bytes."""
    return list(pieces(written(tmp_path / "a.jsonl.zst", raw), SCHEMA))


def test_lines_become_columns_of_the_fields_that_are_looked_at(tmp_path: Path) -> None:
    [piece] = read(tmp_path, b'{"a":"x","n":1,"b":[{"a":2}]}\n{"n":null,"not":null}\n{}')
    assert piece.columns is not None
    assert piece.columns.rows() == [("x", 1.0, None), (None, None, None), (None, None, None)]


@pytest.mark.parametrize(
    "odd",
    [
        *(b'{"a":1}', b'{"n":"1"}', b'{"not":[]}', b'{"n":NaN}', b'{"a":"x"', b"", b"7", b"[]", b'{"a":"x"} null'),
        *(b'{"a":"\xff"}', b'{"a":"\\ud83d"}', b'{"a":"x","a":"y"}', b'{"a":"x"}{"a":"y"}'),
    ],
)
@pytest.mark.parametrize("place", [0, 1000, 2998])
def test_lines_with_an_odd_one_among_them_have_no_columns(
    tmp_path: Path, odd: bytes, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.sources.lines.ROWS", 10)
    monkeypatch.setattr("training.sources.lines.COMPRESSED", 10)
    lines = [b'{"a":"x","n":1.5}'] * 30_000
    lines[10 * place] = odd
    found = read(tmp_path, b"\n".join(lines))
    assert b"".join(block for piece in found for block in piece.blocks) == b"\n".join(lines)
    assert [piece.first for piece in found] == [1 + sum(one.lines for one in found[:at]) for at in range(len(found))]
    [bad] = [piece for piece in found if piece.columns is None]
    assert bad.first <= 10 * place + 1 < bad.first + bad.lines
    assert len(found) > 1
    assert all(piece.columns.height == piece.lines for piece in found if piece.columns is not None)


def test_a_null_is_a_row_without_anything_unless_it_stands_first(tmp_path: Path) -> None:
    [first] = read(tmp_path, b"null\n{}\n")
    assert first.columns is None
    [later] = read(tmp_path, b"{}\nnull\n")
    assert later.columns is not None
    assert later.columns.rows() == [(None, None, None)] * 2


def test_whatever_stands_in_a_file_stops_nothing(tmp_path: Path) -> None:
    """Arrow is known to die of a null that stands first; here bytes are changed, doubled and lost at random."""
    rng = random.Random(0)
    good = b'{"a":"x \\u00e9","n":1.5,"b":{"c":[null,true,1e5,"\\n"]},"not":null}\n' * 5
    for _ in range(300):
        raw = bytearray(good)
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(raw))
            raw[at : at + rng.randrange(3)] = rng.choice(
                [b"", b"null", b"{", b"}", b"[", b'"', b"\\", b"\n", b"\x00", b"\xff"]
            )
        found = read(tmp_path, bytes(raw))
        assert b"".join(block for piece in found for block in piece.blocks) in (bytes(raw), b"")
