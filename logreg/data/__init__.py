"""Where rows come from: frames and files, seen as blocks of plain numpy columns."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import narwhals
import numpy as np

from logreg.data.files import file_source
from logreg.data.frames import frame_source, mapping_source
from logreg.data.source import Source
from logreg.errors import DataError, PredictError

__all__ = ["open_new_data", "open_source"]

_ACCEPTED = (
    "a pandas or polars frame, a pyarrow Table, RecordBatch or RecordBatchReader, a DuckDB relation or "
    "another object with __arrow_c_stream__, a dict of columns, or a path to a .csv, .csv.gz, .tsv or "
    ".parquet file"
)

_SOURCE_METHODS = ("blocks", "reduce", "row_label")


def open_source(data: Any, *, block_rows: int | None = None) -> Source:
    """Return the user's table as a `Source`: column names now, rows as blocks of numpy arrays on demand.

    Parameters
    ----------
    data : table
        A pandas frame; a polars frame or lazy frame (which is collected); a pyarrow Table, RecordBatch or
        RecordBatchReader; a DuckDB relation or any other object with ``__arrow_c_stream__``, read once; a
        dict of columns, where scalars stand for every row (alone: for one row); a path to a .csv, .csv.gz,
        .tsv or .parquet file; a `Source`, which is returned as it is.
    block_rows : int, optional
        Most rows per block, at least 1. By default a table in memory, which a CSV file becomes, is one block,
        and a Parquet file is read some 130,000 rows at a time.

    Raises
    ------
    DataError
        If the data are none of these, or a file is not what its name says.
    FileNotFoundError
        If there is no such file.

    Notes
    -----
    The data are never written to. In a CSV file an empty field, ``NA``, ``NaN`` and ``null`` are missing;
    in a frame an empty string is a label like any other.

    Examples
    --------
    >>> source = open_source({"age": [31.0, 24.0], "race": ["black", "white"]})
    >>> source.column_names
    ('age', 'race')
    >>> next(source.blocks(["age"])).columns["age"].values
    array([31., 24.])
    """
    if block_rows is not None and block_rows < 1:
        raise DataError(f"block_rows must be at least 1, not {block_rows}")
    if all(hasattr(type(data), method) for method in _SOURCE_METHODS):
        return cast(Source, data)
    data = narwhals.to_native(data, pass_through=True)
    if isinstance(data, str | os.PathLike):
        return file_source(Path(_path_text(data)), block_rows=block_rows)
    found = frame_source(data, block_rows=block_rows)
    if found is not None:
        return found
    if isinstance(data, Mapping):
        return mapping_source(data, block_rows=block_rows)
    if isinstance(data, np.ndarray):
        raise DataError(
            "a numpy array has no column names; give them, for example "
            "pandas.DataFrame(X, columns=['x1', 'x2'])"
        )
    raise DataError(f"cannot read a table from a {type(data).__qualname__}; accepted are {_ACCEPTED}")


def open_new_data(data: Any) -> Source:
    """Return a table of rows to predict for; see `open_source`.

    Raises
    ------
    PredictError
        If it is none of the accepted tables, or a file is not what its name says.
    FileNotFoundError
        If there is no such file.
    """
    try:
        return open_source(data)
    except DataError as error:
        raise PredictError(f"the new data cannot be read: {error}") from None


def _path_text(data: str | os.PathLike[str]) -> str:
    """Return a path as text."""
    path = os.fspath(data)
    if not isinstance(path, str):
        raise DataError(f"a path must be text, not {type(path).__qualname__}; accepted are {_ACCEPTED}")
    return path
