"""Tables in memory as sources: pandas, polars, Arrow, anything that streams Arrow, and plain dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from narwhals import dependencies as recognise

from logreg.data.arrow_columns import column_from_arrow, order_is_declared
from logreg.data.columns import other_column
from logreg.data.foreign import reading
from logreg.data.pandas_columns import column_from_pandas, columns_from_pandas
from logreg.data.source import Column
from logreg.data.table import TableSource
from logreg.errors import DataError

__all__ = ["arrow_source", "frame_source", "mapping_source"]


def frame_source(data: Any, *, block_rows: int | None = None) -> TableSource | None:
    """Return a pandas, polars or Arrow table, or an Arrow stream, as a source; None for anything else."""
    if recognise.is_pandas_dataframe(data):
        # A copy that shares the memory: what is done to the caller's frame later does not show here.
        index, data = data.index, data.copy(deep=False)
        labels = list(data.columns)
        # A column by name is several times as fast as by place, where names are unique.
        by_name = data.columns.is_unique and data.columns.nlevels == 1

        def convert(places: Sequence[int]) -> list[Column]:
            series = [data[labels[place]] if by_name else data.iloc[:, place] for place in places]
            return columns_from_pandas(series)

        return TableSource(
            names=[str(label) for label in labels],
            n_rows=len(data),
            convert=convert,
            describe=partial(_describe_pandas, data),
            index=index,
            labels=_labels(data),
            block_rows=block_rows,
        )
    if recognise.is_polars_lazyframe(data):
        with reading("the polars lazy frame cannot be collected", "Collect it first to see where it fails."):
            frame = data.collect()
        return _polars_source(frame, "polars lazy frame", block_rows)
    if recognise.is_polars_dataframe(data):
        return _polars_source(data, "polars frame", block_rows)
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return _stream_source(data, block_rows)
    return None


def arrow_source(
    table: Any, *, describe: Callable[[], Mapping[str, str]], block_rows: int | None = None
) -> TableSource:
    """Return a pyarrow Table as a source."""

    def convert(places: Sequence[int]) -> list[Column]:
        return [
            column_from_arrow(table.column(place), declared=order_is_declared(table.schema.field(place)))
            for place in places
        ]

    return TableSource(
        names=table.schema.names,
        n_rows=table.num_rows,
        convert=convert,
        describe=describe,
        block_rows=block_rows,
    )


def mapping_source(data: Mapping[Any, Any], *, block_rows: int | None = None) -> TableSource:
    """Return a dictionary of columns as a source; scalars stand for every row, and alone for one row.

    Raises
    ------
    DataError
        If columns differ in length, or a value is neither a scalar nor one-dimensional.
    """
    names = [str(name) for name in data]
    vectors = [_vector(name, value) for name, value in zip(names, data.values(), strict=True)]
    lengths = [None if pd.api.types.is_scalar(vector) else len(vector) for vector in vectors]
    known = [length for length in lengths if length is not None]
    if len(set(known)) > 1:
        told = ", ".join(
            f"{name!r} has {length}"
            for name, length in zip(names, lengths, strict=True)
            if length is not None
        )
        raise DataError(f"columns differ in length: {told}; give every column the same number of rows")
    n_rows = known[0] if known else min(len(names), 1)
    columns = [
        pd.Series([vector] * n_rows) if length is None else vector
        for vector, length in zip(vectors, lengths, strict=True)
    ]
    return TableSource(
        names=names,
        n_rows=n_rows,
        convert=lambda places: [_column(columns[place]) for place in places],
        describe=partial(_kind, "dictionary"),
        block_rows=block_rows,
    )


def _polars_source(frame: Any, kind: str, block_rows: int | None) -> TableSource:
    return TableSource(
        names=frame.columns,
        n_rows=frame.height,
        convert=lambda places: [_column_from_polars(frame[:, place]) for place in places],
        describe=partial(_kind, kind),
        block_rows=block_rows,
    )


def _column_from_polars(series: Any) -> Column:
    import pyarrow as pa

    dtype = str(series.dtype)
    try:
        array = series.to_arrow()
    except pa.ArrowInvalid:  # types that only polars has, such as Int128
        return other_column(dtype=dtype)
    # An Enum declares the order of its levels; a Categorical has them as they happened to appear.
    return column_from_arrow(array, dtype=dtype, declared=bool(getattr(array.type, "ordered", False)))


def _stream_source(data: Any, block_rows: int | None) -> TableSource:
    """Read an Arrow table, batch or stream once, and keep it as a table."""
    import pyarrow as pa

    if isinstance(data, pa.Table):
        kind, table = "Arrow table", data
    else:
        kind = "DuckDB relation" if recognise.is_duckdb_relation(data) else "Arrow stream"
        with reading(
            f"cannot read a table from a {type(data).__qualname__}",
            "Give a table (a single column needs a name, as in {'x': column}); a query must run, and "
            "a stream is read once.",
        ):
            table = pa.table(data)
    return arrow_source(table, describe=partial(_kind, kind), block_rows=block_rows)


def _vector(name: str, value: Any) -> Any:
    """Return one entry of a dictionary as a pandas, polars or Arrow column, or as the scalar that it is."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return value[()]
    if pd.api.types.is_scalar(value):
        return value
    if recognise.is_polars_series(value) or recognise.is_pandas_series(value):
        return value
    if hasattr(value, "__arrow_c_stream__") or hasattr(value, "__arrow_c_array__"):
        import pyarrow as pa

        return pa.chunked_array(value) if hasattr(value, "__arrow_c_stream__") else pa.array(value)
    if isinstance(value, list | tuple | range | np.ndarray | pd.Index | pd.api.extensions.ExtensionArray):
        column: Any = value
        if getattr(column, "ndim", 1) == 1:
            return pd.Series(column, copy=False)
    raise DataError(
        f"column {name!r} is a {type(value).__qualname__}, not a scalar, list or one-dimensional array; "
        "give one value per row"
    )


def _column(vector: Any) -> Column:
    if isinstance(vector, pd.Series):
        return column_from_pandas(vector)
    if recognise.is_polars_series(vector):
        return _column_from_polars(vector)
    return column_from_arrow(vector)


def _labels(frame: pd.DataFrame) -> dict[str, str]:
    """Return the headings of columns that a frame carries in ``attrs["labels"]``."""
    labels = frame.attrs.get("labels")
    if not isinstance(labels, Mapping):
        return {}
    return {str(name): label for name, label in labels.items() if isinstance(label, str)}


def _describe_pandas(frame: pd.DataFrame) -> Mapping[str, str]:
    """Return ``kind``, and the bundled data set that the frame says it was loaded from."""
    dataset = frame.attrs.get("logreg_dataset")
    return _kind("pandas frame") | ({"dataset": dataset} if isinstance(dataset, str) else {})


def _kind(kind: str) -> dict[str, str]:
    return {"kind": kind}
