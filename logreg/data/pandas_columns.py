"""A pandas series as a `Column`."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from logreg.data.arrow_columns import column_from_arrow
from logreg.data.columns import (
    categories,
    date_column,
    digits_are_lost,
    duration_column,
    floats,
    integers,
    no_values,
    other_column,
    shown_value,
    too_large_integers,
)
from logreg.data.layout import side_by_side
from logreg.data.source import BoolArray, CategoryColumn, Column, FloatArray, UnusableColumn
from logreg.threads import sum_in_threads

__all__ = ["column_from_pandas", "columns_from_pandas"]

Series: TypeAlias = "pd.Series[Any]"

#: Rows of a table whose columns are summed at a stretch.
SUMMED_ROWS = 32_768

_BOOLEANS = (bool, np.bool_)
_INTEGERS = (int, np.integer)
_REALS = (float, np.floating, Decimal)
_NUMBERS = (*_BOOLEANS, *_INTEGERS, *_REALS)
_DATES = (datetime.date, datetime.time, np.datetime64, pd.Period)  # a Timestamp is a datetime is a date
_DURATIONS = (datetime.timedelta, np.timedelta64)


def column_from_pandas(series: Series) -> Column:
    """Return a pandas series of any dtype as a column; float64 and int32 memory is viewed, never changed.

    Parameters
    ----------
    series : pandas.Series of shape (n,)
        Its index plays no part.

    Examples
    --------
    >>> column_from_pandas(pd.Series(["b", "a", None])).codes
    array([ 0,  1, -1], dtype=int32)
    """
    dtype: Any = series.dtype
    if isinstance(dtype, np.dtype):
        return _from_numpy(series, dtype)
    if isinstance(dtype, pd.CategoricalDtype):
        return categories(
            series.array.codes,  # type: ignore[attr-defined]
            dtype.categories.tolist(),
            dtype=str(dtype),
            declared=True,
            ordered=bool(dtype.ordered),
        )
    if isinstance(dtype, pd.StringDtype):
        return _strings(series, str(dtype))
    if isinstance(dtype, pd.SparseDtype):
        return column_from_pandas(pd.Series(np.asarray(series.array)))
    if isinstance(dtype, pd.ArrowDtype):
        import pyarrow as pa

        return column_from_arrow(pa.chunked_array(series), dtype=str(dtype))
    if isinstance(dtype, pd.DatetimeTZDtype | pd.PeriodDtype):
        return date_column(dtype=str(dtype))
    if dtype.kind in "iufb" and hasattr(dtype, "numpy_dtype"):
        return _from_masked(series, dtype)
    return other_column(dtype=str(dtype))


def columns_from_pandas(series: Sequence[Series]) -> list[Column]:
    """Return several series as columns; float64 columns of one table are looked through together.

    A sum over one column of a row-major table touches every cache line of the table; all sums at once read it
    once.
    """
    dtypes: list[Any] = [one.dtype for one in series]
    plain = {
        k: one.to_numpy()
        for k, (one, dtype) in enumerate(zip(series, dtypes, strict=True))
        if isinstance(dtype, np.dtype) and dtype == np.float64
    }
    view = side_by_side(list(plain.values())) if len(plain) > 1 else None
    totals = {} if view is None else dict(zip(plain, _row_sums(view).tolist(), strict=True))
    return [
        floats(plain[k], dtype="float64", total=totals[k]) if k in totals else column_from_pandas(one)
        for k, one in enumerate(series)
    ]


def _row_sums(view: FloatArray) -> FloatArray:
    """Return the sums of the rows of a (q, n) view; what is not finite among them shows in its sum."""
    n = view.shape[1]

    def piece_sum(start: int) -> FloatArray:
        with np.errstate(over="ignore", invalid="ignore"):
            result: FloatArray = view[:, start : start + SUMMED_ROWS].sum(axis=1)
            return result

    with np.errstate(over="ignore", invalid="ignore"):
        return sum_in_threads(piece_sum, range(0, max(n, 1), SUMMED_ROWS))


def _from_numpy(series: Series, dtype: np.dtype[Any]) -> Column:
    name = str(dtype)
    match dtype.kind:
        case "f":
            return floats(series.to_numpy(), dtype=name)
        case "i" | "u":
            return integers(series.to_numpy(), None, dtype=name)
        case "b":
            return floats(series.to_numpy(), dtype=name, kind="boolean")
        case "M":
            return date_column(dtype=name)
        case "m":
            return duration_column(dtype=name)
        case "O":
            return _from_objects(series)
        case _:
            return other_column(dtype=name)


def _from_masked(series: Series, dtype: Any) -> Column:
    """Read the nullable types of pandas (Int64, Float32, boolean ...), whose missing rows are pd.NA."""
    missing: BoolArray | None = series.isna().to_numpy() if series.hasnans else None
    if dtype.kind in "iu":
        return integers(series.to_numpy(dtype.numpy_dtype, na_value=0), missing, dtype=str(dtype))
    kind = "boolean" if dtype.kind == "b" else "float"
    return floats(series.to_numpy(np.float64, na_value=np.nan), dtype=str(dtype), kind=kind)


def _strings(series: Series, dtype: str) -> CategoryColumn:
    codes, labels = pd.factorize(series)
    return categories(codes, labels.tolist(), dtype=dtype)


def _from_objects(series: Series) -> Column:
    """Read a column of Python objects by the types that occur in it; None, NaN, NaT and pd.NA are missing."""
    objects: NDArray[np.object_] = series.to_numpy()
    missing = _missing_objects(series, objects)
    present = objects if not missing.any() else objects[~missing]
    types = set(map(type, present))
    if not types:
        return no_values(len(objects), dtype="object")
    if _all_are(types, str):
        return _strings(series, "object")
    # numpy counts its durations among the integers, so they are told apart first.
    if _all_are(types, _NUMBERS) and not any(issubclass(kind, np.timedelta64) for kind in types):
        return _number_objects(objects, missing, types)
    names = sorted({_type_name(kind) for kind in types})
    dtype = "object of " + " and ".join(names)
    if _all_are(types, _DATES):
        return date_column(dtype=dtype)
    if _all_are(types, _DURATIONS):
        return duration_column(dtype=dtype)
    return _mixed_objects(objects, missing, dtype, names)


def _missing_objects(series: Series, objects: NDArray[np.object_]) -> BoolArray:
    """Find None, NaN, NaT and pd.NA; pandas trips over the signalling NaN of the decimal module."""
    try:
        missing: BoolArray = pd.isna(series).to_numpy()
    except InvalidOperation:
        missing = np.array([_is_missing(value) for value in objects], dtype=np.bool_)
    return missing


def _is_missing(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_nan()
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def _number_objects(objects: NDArray[np.object_], missing: BoolArray, types: set[type]) -> Column:
    dtype = "object" if Decimal not in types else "object of Decimal"
    whole = (*_BOOLEANS, *_INTEGERS)
    for row, value in enumerate(objects):
        if isinstance(value, _INTEGERS) and digits_are_lost(int(value)):
            return too_large_integers(int(value), row, dtype=dtype)
    values = np.fromiter(
        (np.nan if gone else float(value) for value, gone in zip(objects, missing, strict=True)),
        dtype=np.float64,
        count=len(objects),
    )
    kind = "boolean" if _all_are(types, _BOOLEANS) else "integer" if _all_are(types, whole) else "float"
    return floats(values, dtype=dtype, kind=kind)


def _mixed_objects(
    objects: NDArray[np.object_], missing: BoolArray, dtype: str, names: list[str]
) -> UnusableColumn:
    """Refuse other objects, or a mixture; the example is the first of the rarest type, the likely slip."""
    by_type: dict[str, list[int]] = {name: [] for name in names}
    for row in np.flatnonzero(~missing).tolist():
        by_type[_type_name(type(objects[row]))].append(row)
    rarest = min(names, key=lambda name: len(by_type[name]))
    first = by_type[rarest][0]
    if len(names) == 1:
        return other_column(dtype=dtype, example=shown_value(objects[first]), row=first)
    return UnusableColumn(
        dtype=dtype,
        reason=f"it mixes {' and '.join(names)} values",
        remedy="make every value a number, or every value text",
        example=shown_value(objects[first]),
        row=first,
    )


def _all_are(types: Iterable[type], wanted: type | tuple[type, ...]) -> bool:
    return all(issubclass(kind, wanted) for kind in types)


def _type_name(kind: type) -> str:
    module = "" if kind.__module__ in {"builtins", "decimal"} else f"{kind.__module__}."
    return module + kind.__qualname__
