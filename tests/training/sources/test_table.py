import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sandbox.errors import ConfigError, DataError
from sandbox.settings import validate
from tests.training.sources.source_files import SourceContents, json_lines, read_source, write_file
from training.sources.arrow_json import Piece, read_pieces
from training.sources.table import Table

ROWS = [
    {"who": "ann", "when": "1420070400", "what": "So be it.", "type": "p", "stars": "", "likes": "3", "age": "44"},
    {"who": "bob", "when": "1420070401.5", "what": "Café, “quoted”\nand broken", "type": "c", "stars": "4"}
    | {"likes": "", "age": ""},
]
SETTINGS: dict[str, Any] = {
    "name": "diary",
    "platform": "blog",
    "columns": {"user": "who", "time": "when", "text": "what", "kind": "type", "stars": "stars", "votes": "likes"}
    | {"category": "=my_village"},
    "kinds": {"p": "post", "c": "comment"},
    "space_character": "_",
    "extra": ["age"],
}


def build_table(path: Path | str, **settings: Any) -> Table:
    """Return the source with other settings."""
    return validate(Table, {**SETTINGS, "paths": [str(path)], **settings})


def encode_rows(ending: str, rows: list[dict[str, str]]) -> bytes:
    """Return rows as CSV, TSV or JSON lines."""
    if ending.startswith("jsonl"):
        return json_lines(rows)
    between = "," if ending.startswith("csv") else "\t"
    quoted = [[f'"{cell}"' for cell in row.values()] for row in rows]
    return "".join(between.join(row) + "\n" for row in [list(rows[0]), *quoted]).encode()


def read_raw(tmp_path: Path, raw: bytes, name: str = "a.csv", **settings: Any) -> SourceContents:
    """Return what is read from one file with these bytes."""
    return read_source(build_table(write_file(tmp_path / name, raw), **settings))


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "csv.gz", "tsv.zst", "jsonl.gz", "parquet"])
def test_rows_become_records_field_by_field(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"diary.2015.{ending}"
    if ending == "parquet":
        pl.DataFrame(ROWS).write_parquet(path)
    else:
        write_file(path, encode_rows(ending, ROWS))
    result = read_source(build_table(path))
    shared = {"source": "diary", "platform": "blog", "category": "my village", "title": "", "context": "", "item": ""}
    shared |= {"thread": "", "price": None, "split": None}
    assert result.records == [
        {
            **shared,
            "user": "ann",
            "time": 1420070400,
            "kind": "post",
            "id": f"{path.name}/1",
            "text": "So be it.",
            "stars": None,
            "votes": 3,
            "extra": '{"age":"44"}',
        },
        {
            **shared,
            "user": "bob",
            "time": 1420070401,
            "kind": "comment",
            "id": f"{path.name}/2",
            "text": "Café, “quoted”\nand broken",
            "stars": 4.0,
            "votes": None,
            "extra": "",
        },
    ]
    assert (result.items, result.rejects) == ([], [])


@pytest.mark.parametrize(
    ("unit", "when", "seconds"),
    [
        ("s", "1424777752", 1424777752),
        ("ms", "1424777752999", 1424777752),
        ("us", "1424777752999999", 1424777752),
        ("ns", "1424777752500000000", 1424777752),
        ("iso", "2015-02-24", 1424736000),
        ("iso", "20150224", 1424736000),
        ("iso", "20150224113552", 1424777752),
        ("iso", "2015-02-24 11:35:52 UTC", 1424777752),
        ("iso", "2015-02-24T12:35:52+01:00", 1424777752),
    ],
)
def test_times_are_read_in_their_unit(tmp_path: Path, unit: str, when: str, seconds: int) -> None:
    [row] = read_raw(tmp_path, encode_rows("csv", [{**ROWS[0], "when": when}]), time_unit=unit).records
    assert row["time"] == seconds


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_rejects_name_lines_of_the_file(tmp_path: Path, ending: str) -> None:
    """A quoted cell spans lines, and a row is where it begins; blank lines count too."""
    rows = [ROWS[1], ROWS[1], {**ROWS[0], "when": "soon"}, {**ROWS[0], "stars": "7"}]
    first, *rest = encode_rows(ending, rows).split(b"\n", 1)
    blank = b"\n" if ending != "jsonl" else b""
    raw = first + b"\n" + blank + rest[0]
    expected = [3, 4] if ending == "jsonl" else [7, 8]
    assert [line for line, _ in read_raw(tmp_path, raw, f"a.{ending}", max_reject_share=1).reasons] == expected
    assert raw.split(b"\n")[expected[0] - 1].count(b"soon") == 1


def test_bad_rows_are_counted_with_their_reasons(tmp_path: Path) -> None:
    bad = [{"who": ""}, {"when": "soon"}, {"when": "1e99"}, {"type": "x"}, {"stars": "many"}, {"likes": "1e99"}]
    raw = encode_rows("csv", [*ROWS, *({**ROWS[0], **cells} for cells in bad)]) + b"only,three,columns\n"
    result = read_raw(tmp_path, raw, max_reject_share=1)
    assert len(result.records) == 2
    assert result.num_rejected == 7
    reasons = {reason for _, reason in result.reasons}
    assert {"no user", "3 columns instead of 7"} < reasons
    assert "kind is 'x', not one of p, c" in reasons
    assert "'likes': '9a99'" in result.rejects[-1]["sample"]


def test_a_split_that_there_is_not_is_rejected(tmp_path: Path) -> None:
    rows = [{"who": "ann", "part": part} for part in ("test", "", "validation")]
    settings: dict[str, Any] = {"columns": {"user": "who", "kind": "=post", "split": "part"}, "max_reject_share": 1}
    result = read_raw(tmp_path, json_lines(rows), "a.jsonl", **settings)
    assert [row["split"] for row in result.records] == ["test", None]
    assert result.reasons == [(3, "split is 'validation', not one of train, val, test")]


def test_made_up_ids_differ_where_files_have_one_name(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_file(tmp_path / folder / "part-0.csv", encode_rows("csv", ROWS))
    write_file(tmp_path / "a" / "part-1.csv", encode_rows("csv", ROWS))
    records = read_source(build_table(tmp_path / "*" / "part-*.csv")).records
    assert [row["id"] for row in records] == [
        *("a/part-0.csv/1", "a/part-0.csv/2"),
        *("part-1.csv/1", "part-1.csv/2"),
        *("b/part-0.csv/1", "b/part-0.csv/2"),
    ]
    assert read_source(build_table(tmp_path / "a" / "part-0.csv")).records[0]["id"] == "part-0.csv/1"


@pytest.mark.parametrize("pattern", ["*/a.csv", "**/a.csv", "[x]/a.csv", "x/a.csv", "[[]y]/a.csv", "[y]/a.csv"])
def test_folders_may_be_globs_in_absolute_paths_too(tmp_path: Path, pattern: str) -> None:
    folder = tmp_path / ("[y]" if "y" in pattern else "x")
    folder.mkdir()
    path = write_file(folder / "a.csv", b"")
    assert build_table(tmp_path / pattern).files() == [path]


def test_bad_json_is_counted(tmp_path: Path) -> None:
    raw = json_lines([*ROWS, b'{"who": \n', b"7\n", {"who": "eve"}])
    result = read_raw(tmp_path, raw, "a.jsonl", max_reject_share=1)
    assert len(result.records) == 2
    assert result.num_rejected == 3
    assert "kind is None, not one of p, c" in {reason for _, reason in result.reasons}


def test_json_lines_may_leave_out_what_is_not_there(tmp_path: Path) -> None:
    sparse = {name: cell for name, cell in ROWS[0].items() if name not in ("stars", "likes", "age")}
    records = read_raw(tmp_path, json_lines([ROWS[1], sparse]), "a.jsonl").records
    assert [(record["stars"], record["votes"], record["extra"]) for record in records] == [
        (4.0, None, ""),
        (None, None, ""),
    ]


def test_what_some_row_has_others_may_leave_out_in_later_pieces_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.sources.lines.PIECE_ROWS", 2)
    monkeypatch.setattr("training.sources.lines.BLOCK_BYTES", 100)
    sparse = {name: cell for name, cell in ROWS[0].items() if name != "stars"}
    result = read_raw(tmp_path, json_lines([ROWS[1], *[sparse] * 20]), "a.jsonl")
    assert [record["stars"] for record in result.records] == [4.0, *[None] * 20]


@pytest.mark.parametrize(("unit", "times"), [("iso", [20150101, "2015-01-02"]), ("s", [1420070400, 1420156800.5])])
def test_whole_numbers_are_read_as_they_stand(tmp_path: Path, unit: str, times: list[Any]) -> None:
    rows = [{**ROWS[0], "when": when, "likes": 2**53 + 1} for when in times]
    records = read_raw(tmp_path, json_lines([*rows, {**rows[0], "likes": 1.5}]), "a.jsonl", time_unit=unit).records
    assert [record["time"] for record in records] == [1420070400, 1420156800, 1420070400]
    assert [record["votes"] for record in records] == [2**53 + 1, 2**53 + 1, 2]


def test_rows_read_the_quick_way_are_those_read_the_long_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    complete = {"id": "a", "who": "ann", "when": 1420070400, "what": "So be it.", "type": "p", "stars": 5, "likes": 3}
    changes = [
        {"when": 1420070401, "stars": 4.0},
        {"likes": None, "stars": None},
        {"what": 'é "\U0001f600', "likes": -(2**62)},
    ]
    changes += [{"age": "44"}, {"age": ""}, {"who": ""}, {"type": "x"}, {"when": -5}, {"nested": {"who": ["eve"]}}]
    rows = [complete, *({**complete, **cells} for cells in changes)]
    odd_row = {**complete, "what": 5}
    columns = {**SETTINGS["columns"], "id": "id"}
    ways: list[bool] = []

    def record_way(path: Path, schema: pa.Schema) -> Iterator[Piece]:
        for piece in read_pieces(path, schema):
            ways.append(piece.columns is not None)
            yield piece

    monkeypatch.setattr("training.sources.rows.read_pieces", record_way)
    settings: dict[str, Any] = {"columns": columns, "max_reject_share": 1, "time_unit": "s"}
    quick = read_raw(tmp_path, json_lines(rows), "a.jsonl", **settings)
    long = read_raw(tmp_path, json_lines([odd_row, *rows]), "a.jsonl", **settings)
    assert ways == [True, False]
    assert quick.records == long.records[1:]
    assert [reason for _, reason in quick.reasons] == [reason for _, reason in long.reasons]
    assert (len(quick.records), quick.num_rejected) == (7, 3)


def test_lists_and_objects_are_no_cells(tmp_path: Path) -> None:
    result = read_raw(tmp_path, json_lines([*ROWS, {**ROWS[0], "what": ["x"]}]), "a.jsonl", max_reject_share=1)
    assert result.reasons == [(3, "column 'what' holds a list or an object")]


def test_truth_is_a_number_and_an_empty_kind_may_mean_one(tmp_path: Path) -> None:
    rows = [{**ROWS[0], "likes": True, "type": ""}, {**ROWS[0], "likes": False}]
    records = read_raw(tmp_path, json_lines(rows), "a.jsonl", kinds={"": "comment", "p": "post"}).records
    assert [(record["votes"], record["kind"]) for record in records] == [(1, "comment"), (0, "post")]


def test_what_json_lacks_is_kept_as_text(tmp_path: Path) -> None:
    when = pl.Series([1_600_000_000_123_456_789], dtype=pl.Datetime("ns"))
    pl.DataFrame(ROWS[:1]).with_columns(age=when).write_parquet(tmp_path / "a.parquet")
    [row] = read_source(build_table(tmp_path / "a.parquet")).records
    assert "2020-09-13" in row["extra"]


def test_columns_that_cannot_be_told_apart_or_looked_for_are_named(tmp_path: Path) -> None:
    doubled = pa.table([["ann"], ["bob"]], names=["who", "who"])
    pq.write_table(doubled, tmp_path / "a.parquet")
    with pytest.raises(DataError, match="several columns 'who'"):
        read_source(build_table(tmp_path / "a.parquet", columns={"user": "who", "kind": "=post"}))
    with pytest.raises(DataError, match="cannot all be looked for"):
        read_raw(tmp_path, json_lines(ROWS), "a.jsonl", columns={"user": 'w"ho', "kind": "=post"})


def test_other_encodings_do_not_stop_it(tmp_path: Path) -> None:
    raw = encode_rows("csv", ROWS).decode().replace("So be it.", "Déjà").encode("cp1252")
    assert [row["text"] for row in read_raw(tmp_path, raw).records] == ["Déjà", "Café, “quoted”\nand broken"]


def test_a_column_that_is_not_there_stops_with_an_explanation(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"2 of 2 lines .*as Table.*no column 'author'"):
        read_raw(tmp_path, encode_rows("csv", ROWS), columns={"user": "author", "kind": "=post"})


@pytest.mark.parametrize("ending", ["csv.gz", "parquet"])
def test_half_a_file_is_an_error(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    if ending == "parquet":
        pl.DataFrame(ROWS).write_parquet(path)
    else:
        path.write_bytes(gzip.compress(encode_rows("csv", ROWS)))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match="cannot be read to its end"):
        read_source(build_table(path))


@pytest.mark.parametrize("name", ["a.csv", "a.tsv.gz", "a.jsonl.zst"])
def test_an_empty_file_has_no_records(tmp_path: Path, name: str) -> None:
    assert read_raw(tmp_path, b"", name) == SourceContents([], [], [], 0)


def test_an_unknown_ending_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.xlsx: unknown ending"):
        read_raw(tmp_path, b"x", "a.xlsx")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(DataError, match=r"source\.diary\.paths: nothing at 'no\.csv'"):
        build_table("no.csv").files()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"columns": {"user": "who", "kind": "type", "txt": "what"}}, "Did you mean 'text'"),
        ({"columns": {"text": "what"}}, "columns lacks user and kind"),
        ({"kinds": {"p": "poast"}}, "Did you mean 'post'"),
        ({"columns": {"user": "who", "kind": "=poast"}}, "Did you mean 'post'"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_table("a.csv", **settings)
