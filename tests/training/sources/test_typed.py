import random
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard

from training.sources.bare import schema_of
from training.sources.tweets import LOOKED_AT
from training.sources.typed import Piece, pieces

from .reading import written

ODD = [b"", b"null", b"{", b"}", b"[", b'"', b"\\", b"\n", b"\x00", b"\xff"]
SCHEMA = pa.schema({"a": pa.string(), "n": pa.float64(), "not": pa.null()})


def read(tmp_path: Path, raw: bytes) -> list[Piece]:
    """Pieces of a file with these bytes."""
    return list(pieces(written(tmp_path / "a.jsonl.zst", raw), SCHEMA))


def test_lines_become_columns_of_the_fields_that_are_looked_at(tmp_path: Path) -> None:
    [piece] = read(tmp_path, b'{"a":"x","n":1,"b":[{"a":2}]}\n{"n":2.5,"not":null}')
    assert piece.columns is not None
    assert piece.columns.rows() == [("x", 1.0, None), (None, 2.5, None)]


@pytest.mark.parametrize(
    "odd",
    [
        *(b'{"a":1}', b'{"n":"1"}', b'{"not":[]}', b'{"n":NaN}', b'{"a":"x"', b"", b"7", b"[]", b"null", b"{}"),
        *(b'{"a":"\xff"}', b'{"a":"\\ud83d"}', b'{"a":"x","a":"y"}', b'{"a":"x"}{"a":"y"}', b'{"a":"x"} null'),
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


@pytest.mark.parametrize(
    "schema", [SCHEMA, schema_of(LOOKED_AT, has_answers=False), schema_of(LOOKED_AT, has_answers=True)]
)
def test_whatever_stands_in_a_file_stops_nothing(tmp_path: Path, schema: pa.Schema) -> None:
    """Arrow is known to crash on a null that stands first; here bytes are changed, doubled and lost at random."""
    rng = random.Random(0)
    tweet = b'{"id":"1","a":"\\u00e9","n":1.5,"author":{"id":"2"},"referenced_tweets":[{"type":"x"}],"data":null}'
    answer = b'{"data":[%b,%b],"includes":{"users":[{"id":"2"}],"tweets":[%b]},"b":[null,true,1e5]}' % ((tweet,) * 3)
    good = (tweet + b"\n" + answer + b"\n") * 2
    for _ in range(300):
        raw = bytearray(good)
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(raw))
            raw[at : at + rng.randrange(3)] = rng.choice(ODD)
        path = written(tmp_path / "a.jsonl", bytes(raw))
        for piece in pieces(path, schema):
            assert piece.columns is None or piece.columns.height == piece.lines


def test_a_file_of_many_small_frames_is_one_piece(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.zst").write_bytes(zstandard.compress(b'{"a":"x"}\n') * 3000)
    [piece] = pieces(tmp_path / "a.jsonl.zst", SCHEMA)
    assert (piece.lines, piece.columns is None) == (3000, False)
