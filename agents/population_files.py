"""Files of profiles: Parquet as the project writes it, and a user's own CSV, TSV and JSON lines.

The columns are the fields of `Profile`; columns with more than one value hold JSON text, which every language can read.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from sandbox.core.profile import Profile
from sandbox.errors import DataError, quote_value, unknown
from sandbox.files import replace_file
from sandbox.paths import POPULATIONS_DIR
from sandbox.text_tables import read_text_table

COLUMNS = Profile.__struct_fields__
COLUMN_TYPES = {field.name: field.type for field in msgspec.structs.fields(Profile)}
REQUIRED_COLUMNS = ("id", "persona")
JSON_COLUMNS = ("stories", "tastes", "star_shares", "demographics", "hours")
"""Columns that hold JSON text."""
MAX_PERSONA_WORDS = 100
MAX_ROWS_LISTED = 10
"""Bad rows that an error lists one by one."""
MAX_VALUE_CHARS = 60
"""Characters of a bad value that an error quotes."""


def read_population(path: Path) -> list[Profile]:
    """Read a population from Parquet, CSV, TSV or JSON lines.

    Raises:
        DataError: The file is missing or unreadable, has an unknown column, or has bad rows; the first ten are listed.
    """
    rows = _read_rows(path)
    if not rows:
        raise DataError(f"{path} has no rows; a population needs at least one person")
    _check_columns(path, {name for row in rows for name in row})
    profiles: list[Profile] = []
    bad_rows: list[str] = []
    first_rows: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        profile, faults = _parse_profile(row)
        if profile and (first := first_rows.setdefault(profile.id, number)) != number:
            faults.append(f"id: found {profile.id!r}, the id of row {first}; every person needs a unique id")
        if faults:
            bad_rows.append(f"row {number}: {'; '.join(faults)}")
        elif profile:
            profiles.append(profile)
    if bad_rows:
        raise DataError(f"{path} has {_list_bad_rows(bad_rows)}")
    return profiles


def write_population(path: Path, profiles: Sequence[Profile]) -> None:
    """Write a population as Parquet."""
    import pandas as pd

    rows = [msgspec.to_builtins(profile) for profile in profiles]
    for row in rows:
        row.update({name: json.dumps(row[name], ensure_ascii=False) for name in JSON_COLUMNS})
    with replace_file(path) as draft:
        pd.DataFrame(rows, columns=list(COLUMNS)).to_parquet(draft, index=False)


def _list_bad_rows(bad_rows: Sequence[str]) -> str:
    count = "1 bad row" if len(bad_rows) == 1 else f"{len(bad_rows)} bad rows"
    num_omitted = len(bad_rows) - MAX_ROWS_LISTED
    omission = [f"... and {num_omitted} more"] if num_omitted > 0 else []
    return "\n".join((f"{count} (row 1 is the first person):", *bad_rows[:MAX_ROWS_LISTED], *omission))


def _check_columns(path: Path, names: set[str]) -> None:
    if problems := [unknown("column", name, COLUMNS) for name in sorted(names.difference(COLUMNS))]:
        raise DataError(f"{path}: " + "\n".join(problems))
    if missing := [name for name in REQUIRED_COLUMNS if name not in names]:
        raise DataError(
            f"{path} lacks the column {' and '.join(missing)}; every person needs {' and '.join(REQUIRED_COLUMNS)}"
        )


def _read_rows(path: Path) -> list[dict[str, Any]]:
    import pandas as pd

    if not path.is_file():
        shipped = ", ".join(sorted(file.name for file in POPULATIONS_DIR.glob("*.parquet")))
        raise DataError(f"there is no population at {path}; name a file, or one that comes with the project: {shipped}")
    readers: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
        ".parquet": lambda file: pd.read_parquet(file).to_dict("records"),
        ".csv": _read_separated,
        ".tsv": _read_separated,
        ".jsonl": _read_json_lines,
    }
    if path.suffix.lower() not in readers:
        raise DataError(f"{path}: unknown ending {path.suffix!r}; a population is {', '.join(readers)}")
    try:
        rows = readers[path.suffix.lower()](path)
    except (ValueError, OSError) as error:
        raise DataError(f"{path} cannot be read as {path.suffix[1:]}: {str(error).splitlines()[0]}") from error
    return [dict(_nonempty_cells(row)) for row in rows]


def _read_separated(path: Path) -> list[dict[str, Any]]:
    """Read CSV or TSV. Cells stay text, so that an id such as 007 or a persona such as "NA" survives."""
    return [{name: cell or None for name, cell in row.cells.items()} for row in read_text_table(path).rows]


def _read_json_lines(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    # Not `splitlines`: a text may hold separators of lines that JSON does not know.
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
        try:
            rows += [msgspec.json.decode(line, type=dict[str, Any])] if line.strip() else []
        except msgspec.DecodeError as error:
            raise ValueError(f"line {number} is not a JSON object ({error})") from error
    return rows


def _nonempty_cells(row: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the name and value of every cell that is filled, as plain Python values."""
    for name, cell in row.items():
        value = cell.tolist() if isinstance(cell, np.ndarray | np.generic) else cell
        if value is not None and not (isinstance(value, float) and math.isnan(value)):
            yield str(name), value


def _parse_profile(row: Mapping[str, Any]) -> tuple[Profile | None, list[str]]:
    """Return a row as a profile, and its faults: the column, what was found, what is expected."""
    values: dict[str, Any] = {}
    faults = [f"{name}: found nothing, expected text" for name in REQUIRED_COLUMNS if name not in row]
    for name, value in row.items():
        try:
            values[name] = msgspec.convert(_decode_cell(name, value), COLUMN_TYPES[name], strict=False)
        except (msgspec.ValidationError, json.JSONDecodeError) as error:
            faults.append(f"{name}: found {quote_value(value, MAX_VALUE_CHARS)}; {error}")
    if faults:
        return None, faults
    profile = Profile(**values)
    faults = list(_find_faults(profile))
    total = sum(profile.tastes.values())
    if profile.tastes and not faults and abs(total - 1) > 1e-9:
        shares = {name: weight / total for name, weight in profile.tastes.items()}
        profile = msgspec.structs.replace(profile, tastes=shares)
    return profile, faults


def _find_faults(profile: Profile) -> Iterator[str]:
    """Yield what is wrong with a profile beyond the types of its fields."""
    if not profile.id.strip():
        yield f"id: found {profile.id!r}, expected a name"
    words = len(profile.persona.split())
    if not 1 <= words <= MAX_PERSONA_WORDS:
        yield f"persona: found {words} words, expected 1 to {MAX_PERSONA_WORDS}"
    for name, weight in profile.tastes.items():
        if not 0 < weight < math.inf:
            yield f"tastes: found {weight} for {name!r}, expected weights above 0"
    if not 0 <= profile.budget < math.inf:
        yield f"budget: found {profile.budget}, expected 0 or more"
    if profile.words < 1:
        yield f"words: found {profile.words}, expected 1 or more"
    total = 1.0 if profile.star_shares is None else math.fsum(profile.star_shares)
    if not abs(total - 1) <= 1e-6:
        yield f"star_shares: found a sum of {total:g}, expected 1; divide each by the sum"


def _decode_cell(name: str, value: Any) -> Any:
    """Decode JSON text; return a map or struct column of Parquet as a dictionary."""
    if name in JSON_COLUMNS and isinstance(value, str):
        return json.loads(value)
    if name in ("tastes", "demographics") and isinstance(value, list):
        value = dict(value) if all(isinstance(pair, tuple) for pair in value) else value
    # A struct column gives every row the keys of all rows, with None for those that the row lacks.
    return {key: cell for key, cell in value.items() if cell is not None} if isinstance(value, dict) else value
