"""CSV files of panels, checked for the columns that a panel reads."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from sandbox.errors import DataError


def read_columns(path: Path, columns: Sequence[str], *, is_compressed: bool = False) -> pd.DataFrame:
    """Return a CSV file that has these columns.

    Args:
        path: The file.
        columns: Names that must be there.
        is_compressed: Whether it must be compressed by gzip, whatever its name says.

    Raises:
        DataError: It cannot be read, or lacks one of them.
    """
    try:
        table = pd.read_csv(path, compression="gzip" if is_compressed else "infer")
    except (OSError, EOFError, zlib.error, ValueError) as error:
        kind, reason = "compressed CSV" if is_compressed else "CSV", str(error).splitlines()[0]
        raise DataError(f"{path} cannot be read as a {kind} file ({reason}); name the data's file") from error
    if missing := [name for name in columns if name not in table]:
        raise DataError(f"{path} lacks the column {' and '.join(missing)}; it has {', '.join(map(str, table.columns))}")
    return table
