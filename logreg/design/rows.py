"""One block of rows as the design sees it: which rows are complete, and their columns as arrays.

Roles matter here: a date as a predictor is a `DataError`, as the outcome an `OutcomeError`. Missing values
are counted by the first column that lacks them, so that the counts add up to the rows left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import CategoryColumn, Column, FloatArray, NumberColumn, RowBlock, UnusableColumn
from logreg.design.expressions import Labels, Values
from logreg.errors import DataError, LogregError, OutcomeError, WeightError, rows_of

__all__ = ["ZERO_WEIGHT", "BlockRows", "RowLabel", "read_rows", "refuse_infinite"]

Role = Literal["outcome", "predictor", "offset", "weight"]
RowLabel = Callable[[int], str]

ERRORS: Mapping[Role, type[LogregError]] = {
    "outcome": OutcomeError,
    "predictor": DataError,
    "offset": DataError,
    "weight": WeightError,
}

#: Squares of what is larger leave the doubles, and variances of coefficients with them.
LARGEST_VALUE = 1e150

#: The ledger's entry for rows left out because their weight is zero.
ZERO_WEIGHT = "(weight is zero)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockRows:
    """The rows of one block that are used: ``keep`` (None: all), columns cut to them, and the ledger."""

    start: int
    n_read: int
    n_used: int
    keep: NDArray[np.bool_] | None
    columns: Mapping[str, Column]
    weights: FloatArray | None
    dropped: Mapping[str, int]
    first_missing: Mapping[str, int]

    def position(self, used: int) -> int:
        """Return the position in the source of the ``used``-th row that is used."""
        if self.keep is None:
            return self.start + used
        return self.start + int(np.flatnonzero(self.keep)[used])

    def number(self, name: str) -> FloatArray:
        """Return a numeric column of the rows used."""
        column = self.columns[name]
        assert isinstance(column, NumberColumn)
        return column.values

    def lookup(self, name: str) -> Values:
        """Return a column for `logreg.design.expressions.evaluate`."""
        column = self.columns[name]
        if isinstance(column, CategoryColumn):
            return Labels(codes=column.codes, levels=column.levels)
        assert isinstance(column, NumberColumn)
        return column.values


def read_rows(
    block: RowBlock,
    roles: Mapping[str, Role],
    *,
    weights: str | None,
    row_label: RowLabel,
    drop_missing: bool = True,
) -> BlockRows:
    """Find the complete rows of a block and cut its columns to them.

    Parameters
    ----------
    block : RowBlock
        Holds every column in ``roles``.
    roles : mapping
        Column name to role, in the order in which missing values are attributed.
    weights : str, optional
        The column of weights; rows of weight zero are left out.
    row_label : callable
        Position in the source to the user's name of the row.
    drop_missing : bool
        False keeps incomplete rows (prediction marks them itself).

    Raises
    ------
    DataError, OutcomeError, WeightError
        For columns that cannot be used in their role, and for weights that are negative, infinite or missing.
    """
    for name, role in roles.items():
        column = block.columns[name]
        if isinstance(column, UnusableColumn):
            raise _unusable(name, role, column, block.start, row_label)
    keep: NDArray[np.bool_] | None = None
    dropped: dict[str, int] = {}
    first: dict[str, int] = {}

    def leave_out(reason: str, rows: NDArray[np.bool_]) -> None:
        nonlocal keep
        new = rows if keep is None else rows & keep
        count = int(np.count_nonzero(new))
        if count:
            dropped[reason] = dropped.get(reason, 0) + count
            first.setdefault(reason, block.start + int(np.argmax(new)))
        keep = ~rows if keep is None else keep & ~rows

    row_weights = None
    if weights is not None:
        row_weights = _checked_weights(weights, block, row_label)
        zero = row_weights == 0
        if zero.any():
            leave_out(ZERO_WEIGHT, zero)
    for name, role in roles.items():
        if role == "weight" or not drop_missing:
            continue
        missing = _missing(block.columns[name])
        if missing is not None:
            leave_out(name, missing)
    if keep is not None and keep.all():
        keep = None
    columns = dict(block.columns)
    n_used = block.n_rows
    if keep is not None:
        n_used = int(np.count_nonzero(keep))
        columns = {name: _cut(column, keep) for name, column in columns.items()}
        row_weights = None if row_weights is None else row_weights[keep]
    return BlockRows(
        start=block.start,
        n_read=block.n_rows,
        n_used=n_used,
        keep=keep,
        columns=columns,
        weights=row_weights,
        dropped=dropped,
        first_missing=first,
    )


def _missing(column: Column) -> NDArray[np.bool_] | None:
    if isinstance(column, NumberColumn):
        return column.missing
    assert isinstance(column, CategoryColumn)
    missing: NDArray[np.bool_] = column.codes < 0
    return missing if missing.any() else None


def _cut(column: Column, keep: NDArray[np.bool_]) -> Column:
    if isinstance(column, NumberColumn):
        missing = None if column.missing is None else column.missing[keep]
        return NumberColumn(
            values=column.values[keep],
            missing=None if missing is None or not missing.any() else missing,
            kind=column.kind,
            dtype=column.dtype,
        )
    if isinstance(column, CategoryColumn):
        return CategoryColumn(
            codes=column.codes[keep],
            levels=column.levels,
            declared=column.declared,
            ordered=column.ordered,
            dtype=column.dtype,
        )
    return column


def _checked_weights(name: str, block: RowBlock, row_label: RowLabel) -> FloatArray:
    column = block.columns[name]
    if not isinstance(column, NumberColumn):
        raise WeightError(f"the weights {name!r} are labels, not numbers. Give a numeric column or array.")
    values = column.values
    for bad, what, remedy in (
        (np.isnan(values), "missing", "Fill them in, or leave these rows out."),
        (np.isinf(values), "infinite", "Weights must be finite."),
        (values < 0, "negative", "Weights must be zero or more."),
        (values > LARGEST_VALUE, "huge", f"Weights above {LARGEST_VALUE:g} cannot be summed: rescale them."),
        (
            (values > 0) & (values < 1.0 / LARGEST_VALUE),
            "tiny",
            f"Weights below {1.0 / LARGEST_VALUE:g} lose their digits: rescale them, or make them 0.",
        ),
    ):
        count = int(np.count_nonzero(bad))
        if count:
            row = row_label(block.start + int(np.argmax(bad)))
            raise WeightError(
                f"{what} weight: {name!r} is {what} in {rows_of(count)}, first in {row}. {remedy}"
            )
    return values


def _unusable(name: str, role: Role, column: UnusableColumn, start: int, row_label: RowLabel) -> LogregError:
    where = f", e.g. {column.example}" if column.example else ""
    if column.row is not None:
        where += f" in {row_label(start + column.row)}"
    subject = {
        "outcome": "the outcome",
        "predictor": "column",
        "offset": "the offset",
        "weight": "the weights",
    }
    return ERRORS[role](
        f"{subject[role]} {name!r} ({column.dtype}) cannot be used: {column.reason}{where}. "
        f"Remedy: {column.remedy}."
    )


def refuse_infinite(
    values: NDArray[Any], what: str, rows: BlockRows, row_label: RowLabel, *, computed: bool
) -> None:
    """Raise when a column used in the design is not finite everywhere, or too large to be squared.

    Raises
    ------
    DataError
        With the count, the first row, and the remedy.
    """
    # A finite sum has finite terms, and a moderate one no huge ones (unless they cancel, which the ascent
    # notices); only other sums need the closer look.
    with np.errstate(over="ignore", invalid="ignore"):
        total = values.sum()
    if abs(total) <= LARGEST_VALUE:
        return
    count, first = _where(~np.isfinite(values), rows, row_label)
    if count and computed:
        raise DataError(
            f"{what} is not finite in {rows_of(count)}, first in {first}. This is not the same as a missing "
            "value, so the rows are not left out silently: restrict the data to where it is defined, or use "
            "another transform."
        )
    if count:
        raise DataError(
            f"column {what!r} is infinite in {rows_of(count)}, first in {first}. Replace these values, mark "
            "them as missing, or transform the column."
        )
    count, first = _where(np.abs(values) > LARGEST_VALUE, rows, row_label)
    if count:
        largest = float(np.abs(values).max())
        raise DataError(
            f"{what if computed else f'column {what!r}'} holds values up to {largest:g}, too large to be "
            f"squared in doubles, in {rows_of(count)}, first in {first}. Rescale it: divide it by its "
            "standard deviation, or use another unit."
        )


def _where(bad: NDArray[np.bool_], rows: BlockRows, row_label: RowLabel) -> tuple[int, str]:
    """Return the number of rows that are bad in any column, and the label of the first."""
    by_row = bad.reshape(len(bad), -1).any(axis=1)
    count = int(np.count_nonzero(by_row))
    return count, row_label(rows.position(int(np.argmax(by_row)))) if count else ""
