"""Populations: files of profiles, read with a clear word about every bad row, and people drawn from them.

A population is a Parquet file with one person a row; CSV and JSON lines of the user's own are read as well. The
columns are the fields of `Profile`; those that hold more than one value are JSON text, which every language reads.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from sandbox.errors import ConfigError, DataError, unknown
from sandbox.people import Profile

FOLDER = Path(__file__).parent / "populations"
"""The populations that come with the project."""

FIELDS = Profile.__struct_fields__
NESTED = ("stories", "tastes", "star_shares", "demographics")
"""Columns that hold JSON text."""
MAX_PERSONA_WORDS = 100
MAX_ROWS_NAMED = 10
"""Bad rows that an error names one by one."""


def people(file: str, number: int, rng: np.random.Generator) -> list[Profile]:
    """Draw `number` people from the population in `file`: a path, or the name of one that comes with the project."""
    path = Path(file)
    return draw_people(read_population(path if path.is_file() else FOLDER / file), number, rng)


def draw_people(profiles: Sequence[Profile], size: int, rng: np.random.Generator) -> list[Profile]:
    """Draw people without replacement.

    Where more are wanted than there are, whole permuted copies follow; the second copy of `r001` is `r001#2`.

    Raises:
        ConfigError: `size` is below 1, or there is nobody to draw.
    """
    if size < 1 or not profiles:
        raise ConfigError(f"cannot draw {size} people from a population of {len(profiles)}; both must be at least 1")
    drawn: list[Profile] = []
    copy = 1
    while len(drawn) < size:
        for index in rng.permutation(len(profiles))[: size - len(drawn)]:
            one = profiles[int(index)]
            drawn.append(one if copy == 1 else msgspec.structs.replace(one, id=f"{one.id}#{copy}"))
        copy += 1
    return drawn


def read_population(path: Path) -> list[Profile]:
    """Read a population from Parquet, CSV or JSON lines.

    Raises:
        DataError: The file is missing or unreadable, has an unknown column, or has bad rows; the first ten are named.
    """
    rows = _rows(path)
    if not rows:
        raise DataError(f"{path} has no rows; a population needs at least one person")
    for column in sorted({name for row in rows for name in row}):
        if column not in FIELDS:
            raise DataError(f"{path}: {unknown('column', column, FIELDS)}")
    good: list[Profile] = []
    bad: list[str] = []
    seen: set[str] = set()
    for number, row in enumerate(rows, 1):
        try:
            profile = _profile(row)
        except (msgspec.ValidationError, json.JSONDecodeError, ValueError) as error:
            bad.append(f"row {number}: {error}")
            continue
        bad += [f"row {number}: id: {profile.id!r} stands in an earlier row"] if profile.id in seen else []
        seen.add(profile.id)
        good.append(profile)
    if bad:
        more = f"\n... and {len(bad) - MAX_ROWS_NAMED} more" if len(bad) > MAX_ROWS_NAMED else ""
        raise DataError(f"{path} has {len(bad)} bad rows:\n" + "\n".join(bad[:MAX_ROWS_NAMED]) + more)
    return good


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
    readers = {
        ".parquet": pd.read_parquet,
        ".csv": lambda file: pd.read_csv(file, dtype={"id": str}),
        ".jsonl": lambda file: pd.read_json(file, lines=True, dtype={"id": str}),
    }
    if path.suffix not in readers:
        raise DataError(f"{path}: unknown ending {path.suffix!r}; a population is {', '.join(readers)}")
    try:
        table: pd.DataFrame = readers[path.suffix](path)
    except (ValueError, OSError) as error:
        raise DataError(f"{path} cannot be read as {path.suffix[1:]}: {str(error).splitlines()[0]}") from error
    return [dict(_present(row)) for row in table.to_dict("records")]


def _present(row: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """The cells that are filled."""
    for name, value in row.items():
        if value is not None and value == value:  # NaN differs from itself
            yield str(name), value.item() if isinstance(value, np.generic) else value


def _profile(row: dict[str, Any]) -> Profile:
    """One row as a profile; `ValueError` says which column, what was found and what is expected."""
    node = {name: _nested(name, value) for name, value in row.items()}
    profile = msgspec.convert(node, Profile, strict=False)
    words = len(profile.persona.split())
    if not 1 <= words <= MAX_PERSONA_WORDS:
        raise ValueError(f"persona: has {words} words, expected 1 to {MAX_PERSONA_WORDS}")
    if any(weight <= 0 for weight in profile.tastes.values()):
        raise ValueError(f"tastes: weights must be positive, found {profile.tastes}")
    if profile.budget < 0:
        raise ValueError(f"budget: must not be negative, found {profile.budget}")
    if profile.star_shares is not None and abs(sum(profile.star_shares) - 1) > 1e-6:
        raise ValueError(f"star_shares: must sum to 1, found {sum(profile.star_shares):g} in all")
    total = sum(profile.tastes.values())
    if abs(total - 1) > 1e-9 and profile.tastes:
        shares = {name: weight / total for name, weight in profile.tastes.items()}
        profile = msgspec.structs.replace(profile, tastes=shares)
    return profile


def _nested(name: str, value: Any) -> Any:
    if name not in NESTED or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise ValueError(f"{name}: {value!r} is not JSON ({error.msg})") from error
