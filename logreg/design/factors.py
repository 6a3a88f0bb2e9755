"""Labels of one block as integers: categories of factors, and the outcome.

The source numbers the labels of a block as it likes; the design numbers its levels once for all. What joins
them is a small table from the block's codes to level positions, looked up row by row and never written out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import CategoryColumn, FloatArray, Level, NumberColumn
from logreg.design.ast import Call, Column, Expression, Formula, Number, Text, columns_of
from logreg.design.expressions import evaluate, is_categorical
from logreg.design.outcome import level_name
from logreg.design.rows import BlockRows, RowLabel
from logreg.design.spelling import spell
from logreg.errors import DataError, FormulaError, LogregError, OutcomeError, rows_of

__all__ = [
    "Categories",
    "Labelling",
    "categories_of",
    "distinct_numbers",
    "labels_of_expression",
    "literal",
    "outcome_counts",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelling:
    """Levels with their counts by outcome level; mergeable.

    ``counts[level][outcome]`` is a sum of weights, ``rows[level]`` a number of rows; ``declared`` is the
    order of a categorical type (None if the type has none); ``numeric`` says that the levels are numbers or
    bools.
    """

    counts: Mapping[Level, Mapping[Level, float]] = field(default_factory=dict)
    rows: Mapping[Level, int] = field(default_factory=dict)
    declared: tuple[Level, ...] | None = None
    numeric: bool = False

    def __add__(self, other: Labelling) -> Labelling:
        counts = {level: dict(by) for level, by in self.counts.items()}
        for level, by in other.counts.items():
            mine = counts.setdefault(level, {})
            for outcome, count in by.items():
                mine[outcome] = mine.get(outcome, 0.0) + count
        rows = dict(self.rows)
        for level, count in other.rows.items():
            rows[level] = rows.get(level, 0) + count
        declared = self.declared
        if declared is None or (other.declared is not None and len(other.declared) > len(declared)):
            declared = other.declared
        return Labelling(counts=counts, rows=rows, declared=declared, numeric=self.numeric or other.numeric)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Categories:
    """The labels of the rows used: ``levels[codes[i]]``; no code is missing."""

    codes: NDArray[np.integer]
    levels: tuple[Level, ...]
    declared: bool
    numeric: bool

    def positions(self, levels: Sequence[Level]) -> NDArray[np.intp]:
        """Return the position in ``levels`` of each label of the block, ``len(levels)`` where it is not among
        them.
        """
        place = {level: k for k, level in enumerate(levels)}
        by_name = {level_name(level): k for k, level in enumerate(levels)}
        found = [place.get(level, by_name.get(level_name(level), len(levels))) for level in self.levels]
        return np.array([*found, len(levels)], dtype=np.intp)

    def by_outcome(
        self, outcome: tuple[Categories | None, Mapping[Level, FloatArray]], weights: FloatArray | None
    ) -> Labelling:
        """Count the rows used by label and outcome."""
        n = len(self.levels)
        rows = _counts(self.codes, n)
        present = np.flatnonzero(rows).tolist()
        return Labelling(
            counts=self._weights_by_outcome(outcome, weights, rows, present),
            rows={self.levels[k]: int(rows[k]) for k in present},
            declared=self.levels if self.declared else None,
            numeric=self.numeric,
        )

    def _weights_by_outcome(
        self,
        outcome: tuple[Categories | None, Mapping[Level, FloatArray]],
        weights: FloatArray | None,
        rows: NDArray[np.intp],
        present: Sequence[int],
    ) -> dict[Level, dict[Level, float]]:
        """Return the sums of weights of the labels that are present, by outcome."""
        n = len(self.levels)
        labels, grouped = outcome
        if labels is self:
            # The outcome itself, which may be an identifier with a level per row: no table of all by all.
            own = rows if weights is None else np.bincount(self.codes, weights=weights, minlength=n)
            return {self.levels[k]: {self.levels[k]: float(own[k])} for k in present}
        table: dict[Level, FloatArray] = {}
        if labels is None:
            for name, trials in grouped.items():
                weighted = trials if weights is None else trials * weights
                table[name] = np.bincount(self.codes, weights=weighted, minlength=n).astype(np.float64)
        elif n * len(labels.levels) > MOST_CELLS:
            return self._weights_of_pairs(labels, weights)
        else:
            size = len(labels.levels)
            counts = np.zeros(n * size)
            # Piece by piece: the positions in the table are wider than the codes.
            for start in range(0, len(self.codes), PIECE):
                piece = slice(start, start + PIECE)
                cell = self.codes[piece].astype(np.intp) * size + labels.codes[piece]
                weight = None if weights is None else weights[piece]
                counts += np.bincount(cell, weights=weight, minlength=n * size)
            by_level = counts.reshape(n, size)
            table = {level: by_level[:, k] for k, level in enumerate(labels.levels)}
        return {
            self.levels[k]: {level: float(column[k]) for level, column in table.items() if column[k]}
            for k in present
        }

    def _weights_of_pairs(
        self, labels: Categories, weights: FloatArray | None
    ) -> dict[Level, dict[Level, float]]:
        """Return the same from the pairs that occur: at most as many as rows, however many there might be."""
        size = len(labels.levels)
        pairs, place = np.unique(
            self.codes.astype(np.int64) * size + labels.codes.astype(np.int64), return_inverse=True
        )
        found: dict[Level, dict[Level, float]] = {}
        for pair, total in zip(pairs.tolist(), np.bincount(place, weights=weights).tolist(), strict=True):
            by = found.setdefault(self.levels[pair // size], {})
            if total:
                by[labels.levels[pair % size]] = float(total)
        return found


def _counts(codes: NDArray[np.integer], n: int) -> NDArray[np.intp]:
    """Count codes 0 .. n - 1, piece by piece: bincount widens what it is given."""
    if n <= COMPARED:
        return np.array([np.count_nonzero(codes == k) for k in range(n)], dtype=np.intp)
    counts = np.zeros(n, dtype=np.intp)
    for start in range(0, len(codes), PIECE):
        counts += np.bincount(codes[start : start + PIECE], minlength=n)
    return counts


def literal(expression: Expression) -> Level:
    """Return the value of a literal.

    Raises
    ------
    FormulaError
        If it is something else.
    """
    if isinstance(expression, Text):
        return expression.value
    if isinstance(expression, Number):
        value = expression.value
        return int(value) if float(value).is_integer() else value
    if isinstance(expression, Call) and expression.function == "neg":
        inner = literal(expression.arguments[0])
        if isinstance(inner, int | float):
            return -inner
    raise FormulaError("a level must be a text in quotes or a number.")


def _of_numbers(values: FloatArray, kind: str) -> Categories:
    """Number the distinct values of a numeric column; bools stay bools, and whole numbers are ints in any
    block.
    """
    distinct, codes = distinct_numbers(values)
    levels: tuple[Level, ...]
    if kind == "boolean":
        levels = tuple(bool(x) for x in distinct)
    else:
        levels = tuple(int(x) if x == np.rint(x) else float(x) for x in distinct)
    return Categories(codes=codes, levels=levels, declared=False, numeric=True)


#: Codes up to so many are counted by comparison, which takes a tenth of the time of a table of counts.
COMPARED = 4
#: Rows looked at a time where a table of several columns is made from narrow codes.
PIECE = 65_536
#: Cells of a table of labels by outcomes up to which it is written out.
MOST_CELLS = 1_000_000
#: Whole numbers in a range up to this are numbered by counting, not by sorting.
COUNTED_RANGE = 1024


def distinct_numbers(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.integer]]:
    """Return the distinct values of floats or signed integers (n,), sorted, and each row's among them."""
    if not len(values):
        return values, np.empty(0, dtype=np.int8)
    low = values.min()
    # As Python's own: the range of integers may be no such integer.
    reach = values.max().item() - low.item()
    if reach < COUNTED_RANGE:
        width = int(reach) + 1
        narrow = np.int8 if width <= np.iinfo(np.int8).max else np.int16
        shifted: NDArray[np.integer] = np.empty(len(values), dtype=narrow)
        np.subtract(values, low, out=shifted, casting="unsafe")
        pieces = (slice(start, start + PIECE) for start in range(0, len(values), PIECE))
        if all(np.array_equal(shifted[piece] + low, values[piece]) for piece in pieces):
            present = np.flatnonzero(_counts(shifted, width))
            if len(present) == width:
                return present + low, shifted
            place = np.zeros(width, dtype=narrow)
            place[present] = np.arange(len(present), dtype=narrow)
            return present + low, place[shifted]
    return np.unique(values, return_inverse=True)


def labels_of_expression(
    expression: Expression, rows: BlockRows, row_label: RowLabel, error: type[LogregError] = DataError
) -> Categories:
    """Return the labels of a column or of a computed number, with or without ``C(...)`` around it.

    Raises
    ------
    LogregError
        Of type ``error``, where a number that is to be a category is infinite or undefined.
    """
    if is_categorical(expression):
        assert isinstance(expression, Call)
        expression = expression.arguments[0]
    if isinstance(expression, Column):
        column = rows.columns[expression.name]
        if isinstance(column, CategoryColumn):
            numeric = bool(column.levels) and not any(isinstance(level, str) for level in column.levels)
            return Categories(
                codes=column.codes, levels=column.levels, declared=column.declared, numeric=numeric
            )
        assert isinstance(column, NumberColumn)
        if column.finite:
            return _of_numbers(column.values, column.kind)
        values, kind = column.values, column.kind
    else:
        values, kind = evaluate(expression, rows.lookup, {}), "float"
    bad = ~np.isfinite(values)
    if bad.any():
        where = int(np.argmax(bad))
        raise error(
            f"the categories of {spell(expression)!r} are not finite in {rows_of(int(bad.sum()))}, first "
            f"{values[where]:g} in {row_label(rows.position(where))}. Infinite and undefined values are not "
            "categories: replace them, or mark them as missing."
        )
    return _of_numbers(values, kind)


def categories_of(factor: Expression, rows: BlockRows, row_label: RowLabel) -> Categories | None:
    """Return the labels of a categorical factor, None if the factor is a number."""
    if is_categorical(factor):
        assert isinstance(factor, Call)
        return labels_of_expression(factor.arguments[0], rows, row_label)
    if isinstance(factor, Column) and isinstance(rows.columns[factor.name], CategoryColumn):
        return labels_of_expression(factor, rows, row_label)
    return None


def outcome_counts(
    formula: Formula, rows: BlockRows, row_label: RowLabel
) -> tuple[Labelling, Mapping[Level, float], tuple[Categories | None, Mapping[Level, FloatArray]]]:
    """Count the outcome in the rows used.

    Returns
    -------
    labelling : Labelling
        Outcome levels with their sums of weights.
    rows_by_outcome : mapping
        Level to unweighted trials.
    per_row : (Categories or None, mapping)
        The outcome of each row: labels, or counts per level.

    Raises
    ------
    OutcomeError
        For counts that are negative, fractional or labels.
    """
    response = formula.response
    assert response is not None
    if isinstance(response, Call) and response.function == "cbind":
        grouped: dict[Level, FloatArray] = {
            name: _trials(formula, name, rows, row_label) for name in columns_of(response)
        }
        empty = np.sum(list(grouped.values()), axis=0) == 0
        if empty.any():
            first = row_label(rows.position(int(np.argmax(empty))))
            raise OutcomeError(
                f"{formula.response_label} has zero trials in {rows_of(int(empty.sum()))}, first in {first}: "
                "all counts are 0. Leave these rows out."
            )
        weights = np.ones(rows.n_used) if rows.weights is None else rows.weights
        labelling = Labelling(
            counts={name: {name: float(trials @ weights)} for name, trials in grouped.items()},
            rows={name: int(trials.sum()) for name, trials in grouped.items()},
        )
        totals = {name: float(trials.sum()) for name, trials in grouped.items()}
        return labelling, totals, (None, grouped)
    labels = labels_of_expression(response, rows, row_label, OutcomeError)
    labelling = labels.by_outcome((labels, {}), rows.weights)
    return labelling, {level: float(n) for level, n in labelling.rows.items()}, (labels, {})


#: Every whole number up to here has a double of its own.
LARGEST_COUNT = 2.0**53


def _trials(formula: Formula, name: str, rows: BlockRows, row_label: RowLabel) -> FloatArray:
    column = rows.columns[name]
    if not isinstance(column, NumberColumn):
        raise OutcomeError(
            f"{formula.response_label} needs columns of counts, but {name!r} holds labels ({column.dtype})."
        )
    values = column.values
    # Above 2**53 neighbours share a double, and sums of counts would not be counts.
    bad = ~((values >= 0) & (values <= LARGEST_COUNT) & (values == np.rint(values)))
    if bad.any():
        where = int(np.argmax(bad))
        raise OutcomeError(
            f"{formula.response_label} needs counts of trials, but {name!r} is {values[where]:g} in "
            f"{row_label(rows.position(where))} ({rows_of(int(bad.sum()))} like this). Counts are whole "
            "numbers, zero or more (and at most 2**53); "
            "failures are trials minus successes, and negative ones mean more successes than trials."
        )
    return values
