"""The rules by which a column of any table becomes a `Column`: numbers, categories, or a reason why neither.

`logreg.data.pandas_columns` and `logreg.data.arrow_columns` read the two memory layouts; what counts as
missing, which integers are too large and how the messages read is decided here, once. The user's memory is
never written to: every array handed out is either fresh or a read-only view.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import (
    BoolArray,
    CategoryColumn,
    Column,
    FloatArray,
    Level,
    NumberColumn,
    UnusableColumn,
)

__all__ = [
    "EXACT_INTEGER_LIMIT",
    "categories",
    "date_column",
    "digits_are_lost",
    "duration_column",
    "floats",
    "integers",
    "level_of",
    "no_values",
    "other_column",
    "shown_value",
    "slice_column",
    "too_large_integers",
]

S = TypeVar("S", bound=np.generic)

#: Every integer up to here has its own float64; above, neighbours share one (a significand has 53 bits).
EXACT_INTEGER_LIMIT = 2**53

#: A column whose sum is no larger has no infinite value, nor one that could not be squared. (Columns with
#: huge values of both signs that cancel to less are found later, with less to say about them.)
UNREMARKABLE_TOTAL = 1e150

#: Longer integers are described by their length: Python writes out 4,300 digits at most.
_SHOWN_BITS = 13_000

#: ``float(int)`` overflows from 2**1024 on, so integers with more bits are lost without asking.
_FLOAT64_EXPONENT_BITS = 1023


def floats(
    values: NDArray[Any], *, dtype: str, kind: str = "float", total: float | None = None
) -> NumberColumn:
    """Return numbers whose NaN are missing; float64 in native byte order is viewed, anything else converted.

    Parameters
    ----------
    values : array of shape (n,)
        Real numbers of any width, or booleans.
    dtype : str
        The source's own name for the type.
    kind : str
        "float", "integer" or "boolean".
    total : float, optional
        The sum of the values, if it is known already.

    Examples
    --------
    >>> floats(np.array([1.5, np.nan]), dtype="float64").missing
    array([False,  True])
    """
    numbers: FloatArray = values
    if values.dtype != np.float64:
        with np.errstate(over="ignore"):
            # A long double beyond float64 becomes infinite, which others refuse by name.
            numbers = np.asarray(values, dtype=np.float64)
    missing, finite = _missing_of(numbers, total)
    return NumberColumn(values=_read_only(numbers), missing=missing, kind=kind, dtype=dtype, finite=finite)


def integers(values: NDArray[Any], missing: BoolArray | None, *, dtype: str) -> NumberColumn | UnusableColumn:
    """Return integers of any width as float64, or the reason why that would lose digits.

    Parameters
    ----------
    values : array of shape (n,)
        Signed or unsigned integers; anything that fits at the missing rows.
    missing : bool array of shape (n,) or None
        Rows without a value.
    dtype : str
        The source's own name for the type.
    """
    # Two extremes take a quarter of the time of two comparisons.
    if values.itemsize == 8 and _reach(values) > EXACT_INTEGER_LIMIT:
        for row in np.flatnonzero((values > EXACT_INTEGER_LIMIT) | (values < -EXACT_INTEGER_LIMIT)):
            if digits_are_lost(int(values[row])) and (missing is None or not missing[row]):
                return too_large_integers(int(values[row]), int(row), dtype=dtype)
    numbers = values.astype(np.float64)
    if missing is None or not missing.any():
        return NumberColumn(
            values=_read_only(numbers), missing=None, kind="integer", dtype=dtype, finite=True
        )
    numbers[missing] = np.nan
    return NumberColumn(values=_read_only(numbers), missing=_read_only(missing), kind="integer", dtype=dtype)


def _reach(values: NDArray[Any]) -> int:
    """Return the largest absolute value of integers, exactly: as one of 64 bits the smallest has none."""
    return max(int(values.max()), -int(values.min())) if len(values) else 0


def no_values(n_rows: int, *, dtype: str) -> NumberColumn:
    """Return the column of a type that says nothing, where no row has a value."""
    return floats(np.full(n_rows, np.nan), dtype=dtype)


def categories(
    codes: NDArray[np.integer[Any]],
    labels: Sequence[Any],
    *,
    dtype: str,
    declared: bool = False,
    ordered: bool = False,
) -> CategoryColumn:
    """Return labels by code, -1 where missing; codes of up to 32 bits are viewed.

    Parameters
    ----------
    codes : integer array of shape (n,)
        Position of each row's label in ``labels``, or -1.
    labels : sequence
        The source's own labels. None or NaN means missing; labels that become equal are made one level.
    dtype : str
        The source's own name for the type.
    declared, ordered : bool
        Whether the type itself fixes the order of the levels, and whether it calls them ordered.

    Examples
    --------
    >>> categories(np.array([1, 0, -1]), ["no", "yes"], dtype="str").levels
    ('no', 'yes')
    """
    levels, place = _distinct_levels(labels)
    # Codes as narrow as the source's own are viewed; wide and unsigned ones are converted.
    small = codes.dtype.kind == "i" and codes.dtype.itemsize <= 4
    narrow: NDArray[Any] = codes if small else codes.astype(np.int32)
    if place is not None:
        narrow = np.array([*place, -1], dtype=np.int32)[narrow]  # code -1 reads the last entry
    return CategoryColumn(
        codes=_read_only(narrow),
        levels=levels,
        declared=declared,
        ordered=ordered,
        dtype=dtype,
    )


def _distinct_levels(labels: Sequence[Any]) -> tuple[tuple[Level, ...], list[int] | None]:
    """Return the distinct levels, and each label's position among them (None: the labels are the levels)."""
    if set(map(type, labels)) <= {str} and len(set(labels)) == len(labels):
        # The usual case; an identifier may have a million labels.
        return tuple(labels), None
    positions: dict[tuple[type, Level], int] = {}
    place: list[int] = []
    for label in labels:
        if label is None or label != label:
            place.append(-1)
            continue
        level = level_of(label)
        key = (type(level), level)  # True, 1 and 1.0 are equal in Python and different as labels
        place.append(positions.setdefault(key, len(positions)))
    levels = tuple(level for _, level in positions)
    return levels, None if place == list(range(len(place))) else place


def level_of(label: Any) -> Level:
    """Return a label as a Python str, bool, int or float; other labels (intervals, dates) by their text."""
    if isinstance(label, np.generic):
        label = label.item()
    if isinstance(label, str):
        return str(label)
    return label if isinstance(label, bool | int | float) else str(label)


def digits_are_lost(value: int) -> bool:
    """Tell whether an integer changes when it is made float64.

    Examples
    --------
    >>> digits_are_lost(2**53), digits_are_lost(2**53 + 1), digits_are_lost(2**53 + 2)
    (False, True, False)
    """
    if abs(value) <= EXACT_INTEGER_LIMIT:
        return False
    return value.bit_length() > _FLOAT64_EXPONENT_BITS or int(float(value)) != value


def too_large_integers(value: int, row: int, *, dtype: str) -> UnusableColumn:
    """Return the refusal of integers that float64 cannot hold."""
    return UnusableColumn(
        dtype=dtype,
        reason="integers above 2**53 lose digits as floating-point numbers",
        remedy="subtract a constant, or treat it as an identifier",
        example=shown_value(value),
        row=row,
    )


#: Characters of a value that a message shows.
SHOWN_CHARACTERS = 60

#: What the representation of a foreign object may raise.
_REPR_ERRORS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


def shown_value(value: object) -> str:
    """Return a value as messages show it: on one line, cut if it is long, and whatever its own text does.

    Examples
    --------
    >>> shown_value([1, 2]), shown_value(10**5000)
    ('[1, 2]', 'an integer of 16610 bits')
    """
    if isinstance(value, int) and value.bit_length() > _SHOWN_BITS:
        return f"an integer of {value.bit_length()} bits"
    try:
        text = " ".join(repr(value).split())
    except _REPR_ERRORS:
        return f"a {type(value).__qualname__}"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 3]}..."


def date_column(*, dtype: str) -> UnusableColumn:
    """Return the refusal of dates, times of day and periods."""
    named = dtype if "datetime" in dtype else f"{dtype} (datetime)"
    return UnusableColumn(
        dtype=named,
        reason="dates are not numbers",
        remedy="derive a number (days since ...) or categories",
    )


def duration_column(*, dtype: str) -> UnusableColumn:
    """Return the refusal of differences of times."""
    return UnusableColumn(
        dtype=dtype,
        reason="durations have no unit as numbers",
        remedy="divide by a duration, such as one day, to get numbers",
    )


def other_column(*, dtype: str, example: str | None = None, row: int | None = None) -> UnusableColumn:
    """Return the refusal of a type that is neither numbers nor labels."""
    if "complex" in dtype:
        reason, remedy = "complex numbers have no order", "take the real part, the modulus or the argument"
    else:
        reason, remedy = f"{dtype} values are neither numbers nor labels", "derive numbers or text from them"
    return UnusableColumn(dtype=dtype, reason=reason, remedy=remedy, example=example, row=row)


def slice_column(column: Column, start: int, stop: int) -> Column:
    """Return rows ``start .. stop`` of a column as views of it."""
    match column:
        case NumberColumn():
            missing = None if column.missing is None else column.missing[start:stop]
            return NumberColumn(
                values=column.values[start:stop],
                missing=missing if missing is not None and missing.any() else None,
                kind=column.kind,
                dtype=column.dtype,
            )
        case CategoryColumn():
            return CategoryColumn(
                codes=column.codes[start:stop],
                levels=column.levels,
                declared=column.declared,
                ordered=column.ordered,
                dtype=column.dtype,
            )
        case UnusableColumn():
            return UnusableColumn(
                dtype=column.dtype,
                reason=column.reason,
                remedy=column.remedy,
                example=column.example,
                row=None if column.row is None else column.row - start,
            )


def _missing_of(values: FloatArray, total: float | None = None) -> tuple[BoolArray | None, bool]:
    """Find NaN, at the price of one sum when there are none; tell also whether all values are finite."""
    # A NaN makes the sum NaN. The converse fails (inf - inf), so a NaN sum only asks for the exact look.
    if total is None:
        with np.errstate(over="ignore", invalid="ignore"):
            total = float(values.sum())
    if not np.isnan(total):
        return None, abs(total) <= UNREMARKABLE_TOTAL
    missing: BoolArray = np.isnan(values)
    return (_read_only(missing) if missing.any() else None), False


def _read_only(array: NDArray[S]) -> NDArray[S]:
    view = array.view()
    view.flags.writeable = False
    return view
