"""Populations: files of profiles, read with a clear word about every bad row, and people drawn from them.

A population is a Parquet file with one person a row; CSV and JSON lines of the user's own are read as well. The
columns are the fields of `Profile`; those that hold more than one value are JSON text, which every language reads.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from sandbox.errors import ConfigError, DataError, unknown
from sandbox.people import Profile

FOLDER = Path(__file__).parent / "populations"
"""The populations that come with the project."""

FIELDS = Profile.__struct_fields__
KINDS = {field.name: field.type for field in msgspec.structs.fields(Profile)}
REQUIRED = ("id", "persona")
NESTED = ("stories", "tastes", "star_shares", "demographics", "hours")
"""Columns that hold JSON text."""
MAX_PERSONA_WORDS = 100
MAX_ROWS_NAMED = 10
"""Bad rows that an error names one by one."""


def people(
    file: str, number: int, rng: np.random.Generator, platforms: Sequence[str] = (), splits: Sequence[str] = ()
) -> list[Profile]:
    """Draw people from a population.

    Args:
        file: A path, or the name of a population that comes with the project.
        number: How many people; see `draw_people`.
        rng: Who is drawn.
        platforms: Kinds of logs that people may come from; empty: any. People of unknown kind always may.
        splits: Whether a model may have been trained on them, likewise.

    Raises:
        ConfigError: Nobody in the population is of these kinds.
    """
    path = Path(file)
    every = read_population(path if path.is_file() else FOLDER / file)
    suited = [one for one in every if _is_any(one.platform, platforms) and _is_any(one.split, splits)]
    if not suited:
        kinds = sorted({f"{one.platform} ({one.split or 'no split'})" for one in every})
        raise ConfigError(
            f"nobody in the population {file} is of platform {' or '.join(platforms) or 'any'} and split "
            f"{' or '.join(splits) or 'any'}; it has {', '.join(kinds)}: take another population or other splits"
        )
    return draw_people(suited, number, rng)


def _is_any(found: str, wanted: Sequence[str]) -> bool:
    return not found or not wanted or found in wanted


def draw_people(profiles: Sequence[Profile], size: int, rng: np.random.Generator) -> list[Profile]:
    """Draw people without replacement.

    Where more are wanted than there are, whole permuted copies follow; the second copy of `r001` is `r001#2`.

    Raises:
        ConfigError: `size` is below 1, or there is nobody to draw.
    """
    if size < 1 or not profiles:
        raise ConfigError(f"cannot draw {size} people from a population of {len(profiles)}; both must be at least 1")
    drawn: list[Profile] = []
    taken = {one.id for one in profiles}
    copy = 1
    while len(drawn) < size:
        for index in rng.permutation(len(profiles))[: size - len(drawn)]:
            one = profiles[int(index)]
            drawn.append(one if copy == 1 else msgspec.structs.replace(one, id=_free_id(one.id, copy, taken)))
        copy += 1
    return drawn


def _free_id(name: str, copy: int, taken: set[str]) -> str:
    """The id of a copy, which is then taken; `#3` where the population itself holds a `#2`."""
    while f"{name}#{copy}" in taken:
        copy += 1
    taken.add(f"{name}#{copy}")
    return f"{name}#{copy}"


def read_population(path: Path) -> list[Profile]:
    """Read a population from Parquet, CSV or JSON lines.

    Raises:
        DataError: The file is missing or unreadable, has an unknown column, or has bad rows; the first ten are named.
    """
    rows = _rows(path)
    if not rows:
        raise DataError(f"{path} has no rows; a population needs at least one person")
    _check_columns(path, {name for row in rows for name in row})
    good: list[Profile] = []
    bad: list[str] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        profile, faults = _profile(row)
        if profile and (first := seen.setdefault(profile.id, number)) != number:
            faults.append(f"id: found {profile.id!r}, the id of row {first}; every person needs an id of their own")
        if faults:
            bad.append(f"row {number}: {'; '.join(faults)}")
        elif profile:
            good.append(profile)
    if bad:
        raise DataError(f"{path} has {_told(bad)}")
    return good


def _told(bad: Sequence[str]) -> str:
    rows = "1 bad row" if len(bad) == 1 else f"{len(bad)} bad rows"
    more = [f"... and {len(bad) - MAX_ROWS_NAMED} more"] if len(bad) > MAX_ROWS_NAMED else []
    return "\n".join((f"{rows} (row 1 is the first person):", *bad[:MAX_ROWS_NAMED], *more))


def _check_columns(path: Path, names: set[str]) -> None:
    if strange := [unknown("column", name, FIELDS) for name in sorted(names.difference(FIELDS))]:
        raise DataError(f"{path}: " + "\n".join(strange))
    if lacking := [name for name in REQUIRED if name not in names]:
        raise DataError(f"{path} lacks the column {' and '.join(lacking)}; every person needs {' and '.join(REQUIRED)}")


def write_population(path: Path, profiles: Sequence[Profile]) -> None:
    """Write a population as Parquet."""
    import pandas as pd

    rows = [msgspec.to_builtins(profile) for profile in profiles]
    for row in rows:
        row.update({name: json.dumps(row[name], ensure_ascii=False) for name in NESTED})
    pd.DataFrame(rows, columns=list(FIELDS)).to_parquet(path, index=False)


def _rows(path: Path) -> list[dict[str, Any]]:
    import pandas as pd

    if not path.is_file():
        shipped = ", ".join(sorted(file.name for file in FOLDER.glob("*.parquet")))
        raise DataError(f"there is no population at {path}; name a file, or one that comes with the project: {shipped}")
    readers: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
        ".parquet": lambda file: pd.read_parquet(file).to_dict("records"),
        ".csv": lambda file: pd.read_csv(file, dtype=str, keep_default_na=False, na_values=[""]).to_dict("records"),
        ".jsonl": _json_lines,
    }
    if path.suffix not in readers:
        raise DataError(f"{path}: unknown ending {path.suffix!r}; a population is {', '.join(readers)}")
    try:
        rows = readers[path.suffix](path)
    except (ValueError, OSError) as error:
        raise DataError(f"{path} cannot be read as {path.suffix[1:]}: {str(error).splitlines()[0]}") from error
    return [dict(_present(row)) for row in rows]


def _json_lines(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        try:
            rows += [msgspec.json.decode(line, type=dict[str, Any])] if line.strip() else []
        except msgspec.DecodeError as error:
            raise ValueError(f"line {number} is no JSON object ({error})") from error
    return rows


def _present(row: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """The cells that are filled, as plain Python values."""
    for name, cell in row.items():
        value = cell.tolist() if isinstance(cell, np.ndarray | np.generic) else cell
        if value is not None and not (isinstance(value, float) and math.isnan(value)):
            yield str(name), value


def _profile(row: Mapping[str, Any]) -> tuple[Profile | None, list[str]]:
    """One row as a profile, and what is wrong with it: column, what was found, what is expected."""
    values: dict[str, Any] = {}
    faults = [f"{name}: found nothing, expected text" for name in REQUIRED if name not in row]
    for name, value in row.items():
        try:
            values[name] = msgspec.convert(_nested(name, value), KINDS[name], strict=False)
        except (msgspec.ValidationError, json.JSONDecodeError) as error:
            faults.append(f"{name}: found {_short(value)}; {error}")
    if faults:
        return None, faults
    profile = Profile(**values)
    faults = list(_faults(profile))
    total = sum(profile.tastes.values())
    if profile.tastes and not faults and abs(total - 1) > 1e-9:
        shares = {name: weight / total for name, weight in profile.tastes.items()}
        profile = msgspec.structs.replace(profile, tastes=shares)
    return profile, faults


def _faults(profile: Profile) -> Iterator[str]:
    """What types cannot say."""
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


def _nested(name: str, value: Any) -> Any:
    """JSON text as what it holds; a map or struct column as a dictionary."""
    if name in NESTED and isinstance(value, str):
        return json.loads(value)
    if name in ("tastes", "demographics") and isinstance(value, list):
        value = dict(value) if all(isinstance(pair, tuple) for pair in value) else value
    return {key: cell for key, cell in value.items() if cell is not None} if isinstance(value, dict) else value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
