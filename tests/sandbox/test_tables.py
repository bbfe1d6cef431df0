"""What is written as a table comes back as it was: text is never taken for a missing value or a number."""

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sandbox.errors import DataError
from sandbox.output.row_writer import RowWriter
from sandbox.tables import read_table, table_files, write_table

NAMES = ["NA", "null", "None", "nan", "", "007", "true", "1e5", "-", "N/A"]


def write_and_read(table: pd.DataFrame, folder: Path) -> pd.DataFrame:
    write_table(table, folder / "table")
    again = read_table(folder / "table")
    assert again is not None
    return again


@pytest.mark.parametrize(
    "column",
    [
        NAMES,
        [*NAMES[:-1], None],
        [1.5, math.nan] * 5,
        [True, None] * 5,
        [1, 2] * 5,
    ],
)
def test_a_table_comes_back_as_it_was(column: list[Any], tmp_path: Path) -> None:
    table = pd.DataFrame({"name": NAMES, "value": column})
    pd.testing.assert_frame_equal(write_and_read(table, tmp_path), table)


def test_a_column_of_words_and_numbers_is_text(tmp_path: Path) -> None:
    table = write_and_read(pd.DataFrame({"mixed": [1, "NA", None]}), tmp_path)
    assert table["mixed"].to_list()[:2] == ["1", "NA"]
    assert table["mixed"].isna().to_list() == [False, False, True]


def test_a_dot_in_a_name_is_no_suffix(tmp_path: Path) -> None:
    table = pd.DataFrame({"x": [1]})
    files = write_table(table, tmp_path / "v1.2")
    assert [file.name for file in files] == ["v1.2.csv", "v1.2.parquet"] == [file.name for file in tmp_path.iterdir()]


def test_no_table_is_none_and_a_damaged_one_an_error(tmp_path: Path) -> None:
    assert read_table(tmp_path / "table") is None
    table_files(tmp_path / "table")[1].write_bytes(b"PAR1 half")
    with pytest.raises(DataError, match=r"table\.parquet is damaged"):
        read_table(tmp_path / "table")


def test_missing_is_an_empty_cell_in_every_csv_file_and_a_text_that_says_na_stays_text(tmp_path: Path) -> None:
    """As R reads it with `na.strings = ""`, and pandas with the arguments below."""
    names, numbers = ["NA", "null", None, "nan"], [1.5, None, 2.5, math.nan]
    write_table(pd.DataFrame({"name": names, "value": numbers}), tmp_path / "table")
    with RowWriter({"name": "string", "value": "double"}, tmp_path / "rows") as writer:
        for name, number in zip(names, [1.5, None, 2.5, None], strict=True):
            writer.write({"name": name, "value": number})
    for file in (tmp_path / "table.csv", tmp_path / "rows.csv"):
        table = pd.read_csv(file, keep_default_na=False, na_values=[""])
        assert table["name"].fillna("missing").to_list() == ["NA", "null", "missing", "nan"]
        assert table["value"].isna().to_list() == [False, True, False, True]
    assert (tmp_path / "table.csv").read_text() == "name,value\nNA,1.5\nnull,\n,2.5\nnan,\n"
