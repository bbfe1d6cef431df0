"""CSV files of panels, checked for the columns that a panel reads."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from sandbox.errors import DataError


def read_columns(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Return a CSV file that has these columns.

    Raises:
        DataError: It cannot be read, or lacks one of them.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, EOFError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} cannot be read as a CSV file ({reason}); name the data's file") from error
    if missing := [name for name in columns if name not in table]:
        raise DataError(f"{path} lacks the column {' and '.join(missing)}; it has {', '.join(map(str, table.columns))}")
    return table
