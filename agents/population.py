"""Populations: files of profiles, read with an error that names every bad row, and profiles drawn from them.

A population is a Parquet file with one person per row; a user's own CSV, TSV and JSON lines are read as well. The
columns are the fields of `Profile`; columns with more than one value hold JSON text, which every language can read.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from sandbox.core.profile import Profile
from sandbox.errors import ConfigError, DataError, quote_value, unknown
from sandbox.files import replace_file
from sandbox.graphs.people import match_people
from sandbox.paths import POPULATIONS_DIR, locate_population
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


def load_profiles(
    file: str,
    size: int,
    rng: np.random.Generator,
    platforms: Sequence[str] = (),
    splits: Sequence[str] = (),
    namings: Sequence[Sequence[str]] = (),
    notify: Callable[[str], None] = lambda text: None,
) -> list[Profile]:
    """Draw profiles from a population.

    Args:
        file: A path, or the name of a population that comes with the project.
        size: How many profiles; see `draw_profiles`.
        rng: Decides which profiles are drawn, and their order.
        platforms: Kinds of logs that people may come from; empty: any. Profiles without a platform always qualify.
        splits: Splits that people may belong to; empty: any. Profiles without a split always qualify.
        namings: What the nodes of the social graph can be called. Where these are ids of people, these people come
            first, in the order of the nodes, and nobody else lives on the graph.
        notify: Receives what may surprise: copies of people, and people who are left out.

    Raises:
        ConfigError: Nobody in the population is of these platforms and splits, or fewer than `size` people are although
            all splits together have enough: copies of few people would look like a sample of many. Or some nodes of the
            graph are called like people and others are not.
    """
    population = read_population(locate_population(file))
    of_platforms = [profile for profile in population if _matches(profile.platform, platforms)]
    eligible = [profile for profile in of_platforms if _matches(profile.split, splits)]
    wanted = f"platform {' or '.join(platforms) or 'any'} and split {' or '.join(splits) or 'any'}"
    names = match_people(namings, [profile.id for profile in population])
    if not names and eligible and len(eligible) < size <= len(of_platforms):
        raise ConfigError(
            f"the world needs {size} people, but only {len(eligible)} of the population {file} are of {wanted}: lower "
            "population.size, or draw people of all splits with population.splits=[train,val,test], among them people "
            "whom HumanLLM was trained on"
        )
    if not eligible:
        kinds = sorted({f"{profile.platform} ({profile.split or 'no split'})" for profile in population})
        raise ConfigError(
            f"nobody in the population {file} is of {wanted}; it has {', '.join(kinds)}: use another population or "
            "other splits"
        )
    by_id = {profile.id: profile for profile in eligible}
    if unsuitable := [name for name in names if name not in by_id]:
        raise ConfigError(
            f"the network names {len(unsuitable)} people who are not of {wanted}, among them {unsuitable[0]!r}: use "
            "other splits or another world, or leave out the column"
        )
    sample = draw_profiles(eligible, size, rng, [by_id[name] for name in names])
    for note in _describe_sample(file, len(eligible), size, names):
        notify(note)
    return sample


def draw_profiles(
    profiles: Sequence[Profile], size: int, rng: np.random.Generator, first: Sequence[Profile] = ()
) -> list[Profile]:
    """Draw profiles without replacement.

    If `size` exceeds the population, complete permuted copies follow; the second copy of `r001` is `r001#2`.

    Args:
        profiles: The population.
        size: How many to draw.
        rng: Decides who is drawn, and in which order.
        first: People of the population who begin the sample, in this order.

    Raises:
        ConfigError: `size` is below 1, or there is nobody to draw.
    """
    if size < 1 or not profiles:
        raise ConfigError(f"cannot draw {size} people from a population of {len(profiles)}; both must be at least 1")
    sample = [*first]
    first_ids = {profile.id for profile in first}
    pool = [profile for profile in profiles if profile.id not in first_ids]
    used_ids = {profile.id for profile in profiles}
    copy = 1
    while len(sample) < size:
        for index in rng.permutation(len(pool))[: size - len(sample)]:
            profile = pool[int(index)]
            if copy > 1:
                profile = msgspec.structs.replace(profile, id=_reserve_id(profile.id, copy, used_ids))
            sample.append(profile)
        pool = profiles
        copy += 1
    return sample


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


def _describe_sample(file: str, number: int, size: int, names: Sequence[str]) -> Iterator[str]:
    """Yield what may surprise about a sample of `size` of `number` people, of whom the network names some."""
    if size > number:
        yield (
            f"the world needs {size} people and {file} has {number} who suit it: {size - number} of the {size} agents "
            "are copies of others, with ids such as x#2; lower population.size or add people."
        )
    if names and size < number:
        yield (
            f"{number - size} of the {number} people of {file} who suit the world take no part: the network does not "
            "name them (in a .graphml file, people without a tie can have a node)."
        )


def _matches(value: str, allowed: Sequence[str]) -> bool:
    return not value or not allowed or value in allowed


def _reserve_id(name: str, copy: int, used_ids: set[str]) -> str:
    """Return an unused id for a copy and mark it as used: `r001#3` if the population itself has an `r001#2`."""
    while f"{name}#{copy}" in used_ids:
        copy += 1
    used_ids.add(f"{name}#{copy}")
    return f"{name}#{copy}"


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
