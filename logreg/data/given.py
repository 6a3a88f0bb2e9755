"""Weights and offsets that the user gives beside the table, as columns like any other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from logreg.data.frames import mapping_source
from logreg.data.source import CategoryColumn, NumberColumn, Source
from logreg.data.table import TableSource
from logreg.errors import DataError, LogregError

__all__ = ["given_column", "is_vector"]


def is_vector(value: object) -> bool:
    """Tell whether a value is a column: a name, or anything with a length."""
    return isinstance(value, str) or hasattr(value, "__len__")


def given_column(value: Any, source: Source, *, role: str, error: type[LogregError]) -> NumberColumn:
    """Return an array of numbers, one per row of the source, as a column.

    Parameters
    ----------
    value : array of shape (n,)
        A list, a numpy array (masked entries are missing), a pandas, polars or Arrow column.
    source : Source
        The user's table; the index of a pandas series must be that of a pandas frame.
    role : str
        What the array is for, in messages.
    error : type
        Of the errors.

    Raises
    ------
    LogregError
        Of type ``error``, for anything but one number per row.

    Examples
    --------
    >>> from logreg.data import open_source
    >>> given_column([1, 2], open_source({"y": [0, 1]}), role="weights", error=DataError).values
    array([1., 2.])
    """
    shape = _shape(value)
    if shape is None:
        raise error(f"{role} must be a column name or an array of numbers, got {type(value).__name__}.")
    n_rows = source.n_rows
    if len(shape) != 1 or (n_rows is not None and shape[0] != n_rows):
        raise error(
            f"{role} has shape {shape}, but the data have {n_rows} rows. Give one number per row, or a "
            "column name."
        )
    index = source.index if isinstance(source, TableSource) else None
    if isinstance(value, pd.Series) and index is not None and not value.index.equals(index):
        raise error(
            f"{role} is a series whose index is not that of the data, so that it is not clear which value "
            f"belongs to which row. Put it into the data as a column, or give {role}=series.to_numpy() to "
            "match by position."
        )
    if not shape[0]:
        return NumberColumn(values=np.empty(0), missing=None, kind="float", dtype="float64", finite=True)
    try:
        block = next(mapping_source({role: value}).blocks([role]))
    except DataError:
        raise error(
            f"{role} must be a column name or an array of numbers, got {type(value).__name__}."
        ) from None
    column = block.columns[role]
    if isinstance(column, NumberColumn):
        return column
    if isinstance(column, CategoryColumn):
        raise error(f"{role} must be numbers, but the array holds labels ({column.dtype}). Convert it.")
    example = (
        "" if column.example is None else f", e.g. {column.example} in {source.row_label(column.row or 0)}"
    )
    raise error(
        f"{role} must be numbers, but the array is {column.dtype}: {column.reason}{example}. Remedy: "
        f"{column.remedy}."
    )


def _shape(value: Any) -> tuple[int, ...] | None:
    """Return the shape of an array or a sequence, None for what is neither."""
    if isinstance(value, list | tuple):
        return (len(value),)
    if isinstance(value, str | bytes) or np.isscalar(value):
        return None if isinstance(value, str | bytes) else ()
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return shape
    arrow = hasattr(value, "__arrow_c_array__") or hasattr(value, "__arrow_c_stream__")
    return (len(value),) if arrow and hasattr(value, "__len__") else None
