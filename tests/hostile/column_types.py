"""The types of columns of random tables: those of pandas, polars, Arrow, numpy and plain Python.

A column is made twice: as values that mean something (numbers with NaN, labels with None), and stored in a
type. The independent solve sees the meaning only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["FAMILIES", "REFUSED", "ROUNDED", "Column", "Storage", "stored"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What a column means: ``values`` are numbers (NaN missing) or labels (None missing).

    ``levels`` are the labels in the order that makes the first the reference. ``stored`` is the column as the
    caller has it, in the type ``kind``; ``refused`` says that no model can read it.
    """

    values: NDArray[Any]
    stored: Any
    kind: str
    levels: tuple[Any, ...] = ()
    refused: bool = False

    @property
    def is_text(self) -> bool:
        return self.values.dtype == object

    @property
    def missing(self) -> NDArray[np.bool_]:
        if self.is_text:
            return np.array([value is None for value in self.values], dtype=bool)
        return np.isnan(self.values.astype(float))


# How values are stored ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Storage:
    """A type: what it can hold (a key of `ROUNDED`, or "text"), whether missing values too, and the way in.

    ``make`` takes the values, None where missing; one with a ``declared`` order of levels takes these too.
    """

    holds: str
    missing: bool
    make: Callable[..., Any]
    declared: bool = False


def _cents(values: Array) -> Array:
    return np.round(np.clip(values, -1e6, 1e6), 2) + 0.0


#: What becomes of arbitrary numbers in types that cannot hold them.
ROUNDED: Mapping[str, Callable[[Array], Array]] = {
    "real": lambda values: values,
    "single": lambda values: np.clip(values, -1e30, 1e30).astype(np.float32).astype(float),
    "half": lambda values: np.clip(values, -6e4, 6e4).astype(np.float16).astype(float),
    "cents": _cents,
    "whole": lambda values: np.round(np.clip(values, -100, 100)) + 0.0,
    "natural": lambda values: np.abs(np.round(np.clip(values, -100, 100))),
    "truth": lambda values: (
        (values > np.clip(values, -1e9, 1e9).mean()).astype(float) if len(values) else values
    ),
}


def _as(convert: Callable[[Any], Any]) -> Callable[[list[Any]], list[Any]]:
    return lambda values: [None if value is None else convert(value) for value in values]


def _nan(values: list[Any]) -> Array:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _pandas(dtype: Any, convert: Callable[[Any], Any] = float) -> Callable[[list[Any]], Any]:
    return lambda values: pd.Series(_as(convert)(values), dtype=dtype)


def _arrow_in_pandas(kind: Any, convert: Callable[[Any], Any] = float) -> Callable[[list[Any]], Any]:
    return lambda values: pd.Series(
        pd.arrays.ArrowExtensionArray(pa.array(_as(convert)(values), type=kind))  # type: ignore[attr-defined]
    )


def _cent_text(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")


def _masked(values: list[Any]) -> Any:
    gone = [value is None for value in values]
    return np.ma.masked_array([0.0 if value is None else value for value in values], mask=gone)


PANDAS: Mapping[str, Storage] = {
    "float64": Storage("real", True, lambda values: pd.Series(_nan(values))),
    ">f8": Storage("real", True, lambda values: pd.Series(_nan(values).astype(">f8"))),
    "float32": Storage("single", True, lambda values: pd.Series(_nan(values).astype(np.float32))),
    "float16": Storage("half", True, lambda values: pd.Series(_nan(values).astype(np.float16))),
    "longdouble": Storage("real", True, lambda values: pd.Series(_nan(values).astype(np.longdouble))),
    "sparse": Storage("real", True, lambda values: pd.Series(pd.arrays.SparseArray(_nan(values)))),
    "float objects": Storage("real", True, _pandas(object)),
    "decimal objects": Storage("cents", True, _pandas(object, _cent_text)),
    "int objects": Storage("whole", True, _pandas(object, int)),
    "bool objects": Storage("truth", True, _pandas(object, bool)),
    "bool": Storage("truth", False, _pandas(bool, bool)),
    "boolean": Storage("truth", True, _pandas("boolean", bool)),
    "Float32": Storage("single", True, _pandas("Float32")),
    "Float64": Storage("real", True, _pandas("Float64")),
    **{name: Storage("whole", False, _pandas(name, int)) for name in ("int8", "int16", "int32", "int64")},
    **{
        name: Storage("natural", False, _pandas(name, int))
        for name in ("uint8", "uint16", "uint32", "uint64")
    },
    **{name: Storage("whole", True, _pandas(name, int)) for name in ("Int8", "Int16", "Int32", "Int64")},
    **{name: Storage("natural", True, _pandas(name, int)) for name in ("UInt8", "UInt64")},
    "double[pyarrow]": Storage("real", True, _arrow_in_pandas(pa.float64())),
    "int64[pyarrow]": Storage("whole", True, _arrow_in_pandas(pa.int64(), int)),
    "uint8[pyarrow]": Storage("natural", True, _arrow_in_pandas(pa.uint8(), int)),
    "bool[pyarrow]": Storage("truth", True, _arrow_in_pandas(pa.bool_(), bool)),
    "decimal128[pyarrow]": Storage("cents", True, _arrow_in_pandas(pa.decimal128(20, 2), _cent_text)),
    "object": Storage("text", True, _pandas(object, str)),
    "str": Storage("text", True, _pandas("str", str)),
    "string[python]": Storage("text", True, _pandas(pd.StringDtype("python"), str)),
    "string[pyarrow]": Storage("text", True, _pandas(pd.StringDtype("pyarrow"), str)),
    "large_string[pyarrow]": Storage("text", True, _arrow_in_pandas(pa.large_string(), str)),
    "category": Storage(
        "text", True, lambda values, levels: pd.Series(pd.Categorical(values, levels)), declared=True
    ),
    "ordered": Storage(
        "text",
        True,
        lambda values, levels: pd.Series(pd.Categorical(values, levels, ordered=True)),
        declared=True,
    ),
}


def _arrow(kind: Any, convert: Callable[[Any], Any]) -> Callable[[list[Any]], Any]:
    return lambda values: pa.array(_as(convert)(values), type=kind)


ARROW: Mapping[str, Storage] = {
    "double": Storage("real", True, partial(pa.array, type=pa.float64())),
    "float": Storage("single", True, partial(pa.array, type=pa.float32())),
    "halffloat": Storage("half", True, _arrow(pa.float16(), np.float16)),
    "decimal128": Storage("cents", True, _arrow(pa.decimal128(20, 2), _cent_text)),
    "decimal256": Storage("cents", True, _arrow(pa.decimal256(50, 2), _cent_text)),
    "bool": Storage("truth", True, _arrow(pa.bool_(), bool)),
    **{
        str(kind): Storage("whole", True, _arrow(kind, int))
        for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64())
    },
    **{
        str(kind): Storage("natural", True, _arrow(kind, int))
        for kind in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())
    },
    "string": Storage("text", True, partial(pa.array, type=pa.string())),
    "large_string": Storage("text", True, partial(pa.array, type=pa.large_string())),
    "string_view": Storage("text", True, partial(pa.array, type=pa.string_view())),
    "dictionary": Storage(
        "text",
        True,
        lambda values, levels: pa.DictionaryArray.from_arrays(
            pa.array([None if v is None else levels.index(v) for v in values], pa.int8()), pa.array(levels)
        ),
        declared=True,
    ),
}


def _polars(kind: Any, convert: Callable[[Any], Any]) -> Callable[[list[Any]], Any]:
    return lambda values: pl.Series(_as(convert)(values), dtype=kind)


POLARS: Mapping[str, Storage] = {
    "Float64": Storage("real", True, _polars(pl.Float64, float)),
    "Float32": Storage("single", True, _polars(pl.Float32, float)),
    "Decimal": Storage("cents", True, _polars(pl.Decimal(20, 2), _cent_text)),
    "Boolean": Storage("truth", True, _polars(pl.Boolean, bool)),
    **{
        str(kind): Storage("whole", True, _polars(kind, int))
        for kind in (pl.Int8, pl.Int16, pl.Int32, pl.Int64)
    },
    **{
        str(kind): Storage("natural", True, _polars(kind, int))
        for kind in (pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
    },
    "String": Storage("text", True, _polars(pl.String, str)),
    "Categorical": Storage("text", True, _polars(pl.Categorical, str)),
    "Enum": Storage(
        "text",
        True,
        lambda values, levels: pl.Series(values, dtype=pl.Enum(list(levels))),
        declared=True,
    ),
}
PLAIN: Mapping[str, Storage] = {
    "list": Storage("real", True, list),
    "tuple": Storage("whole", True, lambda values: tuple(_as(int)(values))),
    "array": Storage("real", True, _nan),
    "read-only array": Storage("real", True, lambda values: pa.array(_nan(values)).to_numpy()),
    "every other value": Storage("real", True, lambda values: np.repeat(_nan(values), 2)[::2]),
    "masked array": Storage("real", True, _masked),
    "bool list": Storage("truth", True, _as(bool)),
    "array of int8": Storage("whole", False, lambda values: np.array(values, dtype=np.int8)),
    "text list": Storage("text", True, list),
    "array of text": Storage("text", False, lambda values: np.array(values, dtype=str)),
    "array of objects": Storage("text", True, lambda values: np.array(values, dtype=object)),
}
FAMILIES = {"pandas": PANDAS, "polars": POLARS, "arrow": ARROW, "dict": PLAIN}

_DAY, _MOMENT = date(2024, 2, 29), datetime(2024, 2, 29, 12)

#: Columns of which no number and no label can be made, from the number of rows.
REFUSED: Mapping[str, Mapping[str, Callable[[int], Any]]] = {
    "pandas": {
        "datetime64": lambda n: pd.Series(pd.date_range("2024-01-01", periods=n)),
        "datetime with zone": lambda n: pd.Series(pd.date_range("2024-01-01", periods=n, tz="UTC")),
        "timedelta64": lambda n: pd.Series(pd.to_timedelta(np.arange(n), unit="D")),
        "period": lambda n: pd.Series(pd.period_range("2024-01", periods=n, freq="M")),
        "complex": lambda n: pd.Series(np.arange(n) * 1j),
        "bytes": lambda n: pd.Series([b"a"] * n, dtype=object),
        "lists": lambda n: pd.Series([[1.0]] * n, dtype=object),
        "numbers and text": lambda n: pd.Series([1.5, "a"] * n, dtype=object)[:n],
        "fractions": lambda n: pd.Series([Fraction(1, 3)] * n, dtype=object),
        "dates": lambda n: pd.Series([_DAY] * n, dtype=object),
        "above 2**53": lambda n: pd.Series([2**53 + 1] * n),
        "list[pyarrow]": lambda n: pd.Series(pd.arrays.ArrowExtensionArray(pa.array([[1]] * n))),  # type: ignore[attr-defined]
    },
    "polars": {
        "Date": lambda n: pl.Series([_DAY] * n),
        "Datetime": lambda n: pl.Series([_MOMENT] * n),
        "Duration": lambda n: pl.Series([timedelta(1)] * n),
        "List": lambda n: pl.Series([[1.0]] * n),
        "Struct": lambda n: pl.Series([{"a": 1}] * n),
        "Binary": lambda n: pl.Series([b"a"] * n),
        "Object": lambda n: pl.Series([object()] * n, dtype=pl.Object),
    },
    "arrow": {
        "date32": lambda n: pa.array([_DAY] * n),
        "timestamp": lambda n: pa.array([_MOMENT] * n),
        "duration": lambda n: pa.array([timedelta(1)] * n),
        "list": lambda n: pa.array([[1.0]] * n),
        "struct": lambda n: pa.array([{"a": 1}] * n),
        "binary": lambda n: pa.array([b"a"] * n),
    },
    "dict": {
        "array of dates": lambda n: np.array(["2024-02-29"] * n, dtype="datetime64[D]"),
        "complex array": lambda n: np.ones(n) * 1j,
        "list of objects": lambda n: [Fraction(1, 3)] * n,
        "list of numbers and text": lambda n: [1, "a"] * (n // 2) + [1] * (n % 2),
    },
}


def stored(values: NDArray[Any], storage: Storage, kind: str, levels: tuple[Any, ...] = ()) -> Column:
    """Put values, None or NaN where missing, into a type that holds them."""
    plain = [None if value is None or value != value else value for value in values.tolist()]
    stored = storage.make(plain, levels) if storage.declared else storage.make(plain)
    if storage.holds == "text" and not storage.declared:
        levels = tuple(sorted({value for value in plain if value is not None}))
    return Column(values=values, stored=stored, kind=kind, levels=levels)
