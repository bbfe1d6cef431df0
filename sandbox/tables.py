"""Tables on disk: CSV for people and spreadsheets, and Parquet beside it, from which the project itself reads.

CSV cannot tell text from a number, nor an empty text from a missing one: a person called `NA` would come back as
nobody, and one called `007` as 7. Parquet keeps both apart.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.errors import DataError
from sandbox.files import replace_file

if TYPE_CHECKING:
    import pandas as pd


def write_table(table: "pd.DataFrame", path: Path) -> list[Path]:
    """Write a table as CSV and Parquet, each whole or not at all.

    Args:
        table: Any table; a column that mixes types, such as numbers and words, is text in the Parquet file.
        path: Where to write, without a suffix; a dot in its name is no suffix.

    Returns:
        The files: CSV, then Parquet.
    """
    files = table_files(path)
    with replace_file(files[1]) as draft:
        _uniform_columns(table).to_parquet(draft, index=False)
    with replace_file(files[0]) as draft:
        table.to_csv(draft, index=False)
    return files


def read_table(path: Path) -> "pd.DataFrame | None":
    """Return a table that `write_table` wrote; None if it is not there.

    Args:
        path: As for `write_table`.

    Raises:
        DataError: The Parquet file is damaged.
    """
    import pandas as pd
    import pyarrow as pa

    file = table_files(path)[1]
    if not file.is_file():
        return None
    try:
        return pd.read_parquet(file)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{file} is damaged ({reason}); remove it and repeat the command that wrote it") from error


def table_files(path: Path) -> list[Path]:
    """Return the files of a table: CSV, then Parquet."""
    return [path.with_name(f"{path.name}{suffix}") for suffix in (".csv", ".parquet")]


def _uniform_columns(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return the table with text in place of columns whose values have no common type in Parquet."""
    import pandas as pd
    import pyarrow as pa

    texts: dict[Any, Any] = {}
    for name in [name for name, kind in table.dtypes.items() if pd.api.types.is_object_dtype(kind)]:
        try:
            pa.array(table[name], from_pandas=True)
        except pa.ArrowException:
            texts[name] = table[name].map(str, na_action="ignore")
    return table.assign(**texts)
