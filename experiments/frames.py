"""Typed access to pandas, whose own annotations cannot say whether an index yields a column, a table or a value."""

from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import numpy as np
import pandas as pd

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


def column(table: pd.DataFrame, name: Any) -> pd.Series:
    """Return one column of a table."""
    return cast("pd.Series", table[name])


def columns(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return some columns of a table."""
    return cast("pd.DataFrame", table[list(names)])


def rows_where(table: pd.DataFrame, condition: pd.Series) -> pd.DataFrame:
    """Return the rows for which a condition holds."""
    return cast("pd.DataFrame", table[condition])


def entries_where(series: pd.Series, condition: pd.Series) -> pd.Series:
    """Return the entries of a series for which a condition holds."""
    return cast("pd.Series", series[condition])


def to_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries."""
    return cast("list[dict[str, Any]]", table.to_dict("records"))
