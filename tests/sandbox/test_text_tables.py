"""Tables as text: no cell slips into another column."""

import csv
from pathlib import Path

import pytest

from sandbox.errors import DataError
from sandbox.text_tables import read_text_table


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.csv"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("id,persona\nr0,Likes tea, and coffee\n", ["line 2", "3 cells", "header has 2"]),
        ("id,persona\nr0\n", ["line 2", "1 cell,", "header has 2"]),
        ("id,persona\na,b\n\n\nc,d,e\nf\n", ["line 5 (and 1 further row)", "3 cells"]),
        ("persona\nr0,You.\nr1,You.\n", ["line 2", "2 cells", "header has 1"]),
        ('id,persona\n"a\nb",c\nd,e,f\n', ["line 4", "3 cells"]),
        ("id\tpersona\r\na\tb\tc\r\n", ["line 2", "3 cells", "'\\t'"]),
        ("id;persona\na;b;c\n", ["line 2", "';'"]),
        ('id,persona\na,"Likes tea\nb,You.\n', ["line 2", "quote"]),
        ('id,persona\na,b\nc,"d" e\n', ["line 3", "quote"]),
        ("id,persona,\na,b,c\n", ["line 2", "column 3", "no name"]),
        ("id,id\na,b\n", ["'id' twice"]),
        ("", ["empty"]),
    ],
)
def test_a_table_with_shifted_cells_is_refused_by_line(tmp_path: Path, text: str, parts: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        read_text_table(write(tmp_path, text))
    for part in [*parts, "own.csv"]:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ('id,persona\na,"tea, and coffee"\n', {"id": "a", "persona": "tea, and coffee"}),
        ("\ufeffid;persona\r\na;tea, and coffee\r\n\r\n", {"id": "a", "persona": "tea, and coffee"}),
        ("id\tpersona\na\ttea, and coffee\n", {"id": "a", "persona": "tea, and coffee"}),
        ('id,persona\na,"two\nlines, ""quoted"""\n', {"id": "a", "persona": 'two\nlines, "quoted"'}),
        ("id , persona,\na,,\n,,\n", {"id": "a", "persona": ""}),
    ],
)
def test_cells_stand_under_the_names_of_their_columns(tmp_path: Path, text: str, cells: dict[str, str]) -> None:
    [row] = read_text_table(write(tmp_path, text)).rows
    assert row.cells == cells


def test_long_cells_are_read_and_other_readers_of_csv_keep_their_limit(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,persona\nann," + "x" * 200_000 + "\n", encoding="utf-8")
    before = csv.field_size_limit()
    assert len(read_text_table(path).rows[0].cells["persona"]) == 200_000
    assert csv.field_size_limit() == before
