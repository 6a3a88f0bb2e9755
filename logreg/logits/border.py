"""The border: numbers in any container come in as float64 arrays and go out in the container they came in.

pandas and polars are recognised by the name of the module that defines the type, never imported. Other
containers (lists, numpy arrays of any number type, anything with ``__array__``) give numpy arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from logreg.errors import DataError
from logreg.logits.blocks import FloatArray

__all__ = ["Numbers", "read_axis", "read_numbers", "read_real", "read_temperature", "scaled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What the user gave, as float64 without NaN, and the two ways back.

    ``columns`` and ``index`` are the labels of a frame (None elsewhere; polars has no index). ``like``
    wraps values of the same shape, ``per_row`` values of a shape with the axis of the classes removed,
    under a name.
    """

    name: str
    values: FloatArray
    columns: tuple[Hashable, ...] | None = None
    index: Any = None
    like: Callable[[NDArray[Any]], Any]
    per_row: Callable[[NDArray[Any], str], Any]

    def place(self, position: tuple[int, ...]) -> str:
        """Return where a value stands, in words: by column name in a frame, by number elsewhere."""
        if self.columns is not None:
            return f"column {self.columns[position[1]]!r}, row {position[0]}"
        if len(position) == 2:
            return f"row {position[0]}, column {position[1]}"
        return f"row {position[0]}" if len(position) == 1 else f"index {position}"

    def refuse_where(self, bad: NDArray[np.bool_], what: str, remedy: str) -> None:
        """Raise a `DataError` that counts the marked values and names the first, if there are any."""
        if not bad.any():
            return
        if bad.ndim == 0:
            raise DataError(f"{self.name}: the value is {what}. {remedy}")
        first = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
        count = int(bad.sum())
        verb = "is" if count == 1 else "are"
        raise DataError(
            f"{self.name}: {count} of {bad.size} values {verb} {what}, the first in {self.place(first)} "
            f"(counted from 0). {remedy}"
        )


def read_numbers(given: Any, name: str) -> Numbers:
    """Return what the user gave as `Numbers`; ``name`` is what messages call it.

    Raises
    ------
    DataError
        If a value is not a number, is missing or NaN, or rows differ in length.
    """
    library = _library(given)
    if library is None:
        numbers = _plain(given, name)
    elif hasattr(given, "columns"):
        numbers = _frame(given, name, pandas=library == "pandas")
    else:
        numbers = _series(given, name, pandas=library == "pandas")
    numbers.refuse_where(np.isnan(numbers.values), "missing or NaN", "Drop or fill missing values first.")
    return numbers


def read_temperature(temperature: object) -> float:
    """Return the temperature as a float.

    Raises
    ------
    DataError
        If it is not one finite number above 0.
    """
    value = read_real(temperature)
    if not (math.isfinite(value) and value > 0):
        raise DataError(f"temperature={temperature!r} is not usable: give one finite number above 0.")
    return value


def read_real(given: object) -> float:
    """Return one real number as a float, and NaN for anything else."""
    return float(given) if isinstance(given, Real) else math.nan


def scaled(numbers: Numbers, temperature: object) -> FloatArray:
    """Return the values divided by the temperature.

    A quotient beyond the range of doubles becomes infinite, which is where its sigmoid and its odds are
    anyway.
    """
    factor = read_temperature(temperature)
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(numbers.values / factor)


def read_axis(axis: int, numbers: Numbers) -> int:
    """Return the axis as an index from 0.

    Raises
    ------
    DataError
        If the numbers have no such axis.
    """
    dimensions = numbers.values.ndim
    if (
        isinstance(axis, bool)
        or not isinstance(axis, int | np.integer)
        or not -dimensions <= axis < dimensions
    ):
        raise DataError(
            f"axis={axis!r} does not exist: {numbers.name} has {dimensions} dimension(s), shape "
            f"{numbers.values.shape}. Give the axis that runs over the classes."
        )
    return int(axis) % dimensions


def _library(given: object) -> str | None:
    roots = {base.__module__.partition(".")[0] for base in type(given).__mro__}
    if not hasattr(given, "to_numpy"):
        return None
    if "pandas" in roots and hasattr(given, "index"):
        return "pandas"
    return "polars" if "polars" in roots else None


def _plain(given: Any, name: str) -> Numbers:
    values = _floats(given, name)

    def like(out: NDArray[Any]) -> Any:
        return out.item() if out.ndim == 0 else out

    return Numbers(name=name, values=values, like=like, per_row=lambda out, _: like(out))


def _series(given: Any, name: str, *, pandas: bool) -> Numbers:
    def like(out: NDArray[Any]) -> Any:
        return _build_series(type(given), out, given.name, given.index if pandas else None)

    return Numbers(
        name=name,
        values=_column(given, f"{name}, column {given.name!r}", pandas=pandas),
        index=given.index if pandas else None,
        like=like,
        per_row=lambda out, _: out.item() if out.ndim == 0 else out,
    )


def _frame(given: Any, name: str, *, pandas: bool) -> Numbers:
    labels = tuple(given.columns)
    parts = [given.iloc[:, j] for j in range(len(labels))] if pandas else given.get_columns()
    values = np.empty((len(given), len(labels)), dtype=np.float64)
    for j, part in enumerate(parts):
        values[:, j] = _column(part, f"{name}, column {labels[j]!r}", pandas=pandas)

    def like(out: NDArray[Any]) -> Any:
        if pandas:
            return type(given)(out, index=given.index, columns=given.columns)
        return type(given)(out, schema=list(labels))

    def per_row(out: NDArray[Any], title: str) -> Any:
        return _build_series(type(parts[0]), out, title, given.index if pandas else None)

    index = given.index if pandas else None
    return Numbers(name=name, values=values, columns=labels, index=index, like=like, per_row=per_row)


def _build_series(kind: Any, values: NDArray[Any], title: Hashable, index: Any) -> Any:
    if index is not None:
        return kind(values, index=index, name=title)
    # polars takes Python strings and mixed labels from a list, numbers from the array.
    return kind(title, values if values.dtype.kind in "biuf" else values.tolist())


def _column(series: Any, name: str, *, pandas: bool) -> FloatArray:
    if pandas and series.dtype.kind in "iuf":
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))
    return _floats(series.to_numpy(), name)


def _floats(given: Any, name: str) -> FloatArray:
    """Convert to float64; text and dates are refused although numpy could read some of them as numbers."""
    try:
        masked = np.ma.isMaskedArray(given)
        raw = np.asarray(given.astype(np.float64).filled(np.nan) if masked else given)
        if raw.dtype.kind == "O":
            text = [v for v in raw.ravel() if isinstance(v, str | bytes)]
            if not text:
                return np.asarray([_number(v) for v in raw.ravel()], dtype=np.float64).reshape(raw.shape)
        elif raw.dtype.kind in "biuf":
            return raw.astype(np.float64, copy=False)
    except (TypeError, ValueError) as problem:
        raise DataError(
            f"{name}: not a rectangular array of numbers ({problem}). Convert it first."
        ) from problem
    raise DataError(f"{name}: values of type {raw.dtype} are not numbers. Convert them to numbers first.")


def _number(value: Any) -> float:
    # pandas.NA knows no float(); its type's name is all that may be known of it here.
    return math.nan if value is None or type(value).__name__ == "NAType" else float(value)
