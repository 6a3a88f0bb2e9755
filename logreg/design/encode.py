"""Encoding: a frozen design and a block of rows give the matrix, the outcome, weights and offset. Nothing is
learned here.

Columns of the table that enter the design as they are stay where they are: the matrix is a view of them.
Dummy columns are never built for large blocks (see `logreg.design.matrices`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from logreg.data.layout import side_by_side
from logreg.data.source import CategoryColumn, FloatArray, NumberColumn
from logreg.design.ast import Column
from logreg.design.coding import CategoricalFactor, CodedTerm, NumericFactor
from logreg.design.expressions import evaluate
from logreg.design.factors import Categories, labels_of_expression
from logreg.design.matrices import DenseMatrix, Indicators, SplitMatrix
from logreg.design.outcome import quoted
from logreg.design.rows import BlockRows, RowLabel, refuse_infinite
from logreg.design.spec import DesignSpec
from logreg.design.spelling import spell
from logreg.errors import PredictError, rows_of

__all__ = ["DENSE_CELLS", "EncodedOutcome", "encode_matrix", "encode_offset", "encode_outcome"]

#: Dummy columns are written out while rows times columns stay below this (2 MB): small fits are faster so.
DENSE_CELLS = 250_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EncodedOutcome:
    """Level numbers ``codes`` (n,) with 0 the baseline, or ``counts`` (K, n)."""

    codes: NDArray[np.integer] | None
    counts: FloatArray | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """Design columns of one coded term: numbers (q, n), or one row of positions with optional numbers."""

    width: int
    numbers: Sequence[FloatArray] | None = None
    indicators: Indicators | None = None


def encode_matrix(
    spec: DesignSpec, rows: BlockRows, row_label: RowLabel, *, counted: bool = False
) -> DenseMatrix | SplitMatrix:
    """Return the design matrix of the rows.

    Parameters
    ----------
    spec : DesignSpec
        The frozen design.
    rows : BlockRows
        Complete rows of one block.
    row_label : callable
        Names a row for messages.
    counted : bool
        Whether categories stay integers however few cells their dummy columns would take.

    Raises
    ------
    PredictError
        For a level that the fit did not see, naming column, level and rows.
    DataError
        Where a transform is not finite.
    """
    n = rows.n_used
    labels: dict[str, Categories] = {}
    numbers: dict[str, FloatArray] = {}
    for factor in spec.factors:
        if isinstance(factor, CategoricalFactor):
            labels[factor.label] = known_labels(factor, rows, row_label)
        else:
            numbers[factor.label] = numbers_of(spec, factor, rows, row_label)
    parts = [part for coded in spec.coded_terms for part in encode_term(spec, coded, labels, numbers)]
    dummies = sum(part.width for part in parts if part.indicators is not None)
    if dummies and (counted or n * dummies > DENSE_CELLS):
        return _split(spec, parts, n)
    return dense_matrix(spec, parts, n)


def known_labels(factor: CategoricalFactor, rows: BlockRows, row_label: RowLabel) -> Categories:
    labels = labels_of_expression(factor.expression, rows, row_label)
    positions = labels.positions(factor.levels)
    # Levels the design does not know: declared but unused ones are fine as long as no row has them.
    unknown = positions[:-1] == len(factor.levels)
    if unknown.any():
        bad = unknown[labels.codes] & (labels.codes >= 0)
        if bad.any():
            first = int(np.argmax(bad))
            level = labels.levels[labels.codes[first]]
            raise PredictError(
                f"column {factor.variable!r} has the level {level!r} in {rows_of(int(bad.sum()))}, first in "
                f"{row_label(rows.position(first))}, which the fit did not see. Known levels: "
                f"{quoted(factor.levels)}. Recode these rows or leave them out."
            )
    return labels


def numbers_of(spec: DesignSpec, factor: NumericFactor, rows: BlockRows, row_label: RowLabel) -> FloatArray:
    if not isinstance(factor.expression, Column):
        values = evaluate(factor.expression, rows.lookup, spec.state)
        refuse_infinite(values, factor.label, rows, row_label, computed=True)
        return values
    column = rows.columns[factor.expression.name]
    if isinstance(column, CategoryColumn):
        raise PredictError(
            f"column {factor.variable!r} holds labels ({column.dtype}), but the fit read numbers there. "
            "Convert it to numbers."
        )
    assert isinstance(column, NumberColumn)
    if not column.finite:
        refuse_infinite(column.values, factor.variable, rows, row_label, computed=False)
    return column.values


def encode_term(
    spec: DesignSpec,
    coded: CodedTerm,
    labels: Mapping[str, Categories],
    numbers: Mapping[str, FloatArray],
) -> list[_Part]:
    """Encode one coded term; the leftmost factor varies fastest, as in `columns_of_term`."""
    factors = [spec.factor[label] for label in coded.labels]
    if all(isinstance(factor, NumericFactor) for factor in factors):
        columns = _products([_columns(numbers[factor.label]) for factor in factors])
        return [_Part(width=len(columns), numbers=columns)]
    categorical = [factor for factor in factors if isinstance(factor, CategoricalFactor)]
    summed = any(f.contrast == "sum" and f.label not in coded.full for f in categorical)
    several = any(isinstance(f, NumericFactor) and len(f.suffixes) > 1 for f in factors)
    if summed or several:
        # Codings that are not one column per row are written out; such factors are small.
        pieces = []
        for factor in factors:
            if isinstance(factor, NumericFactor):
                pieces.append(_columns(numbers[factor.label]))
            else:
                table = _coding_table(factor, full=factor.label in coded.full)
                rows_coded = table[labels[factor.label].positions(factor.levels)[labels[factor.label].codes]]
                pieces.append(_columns(rows_coded))
        columns = _products(pieces)
        return [_Part(width=len(columns), numbers=columns)]
    indicators = _indicators(coded, categorical, labels)
    multipliers = [numbers[factor.label] for factor in factors if isinstance(factor, NumericFactor)]
    if multipliers:
        product = multipliers[0]
        for other in multipliers[1:]:
            product = product * other
        indicators = Indicators(indicators.codes, indicators.positions, indicators.width, product)
    return [_Part(width=indicators.width, indicators=indicators)]


def _columns(values: FloatArray) -> list[FloatArray]:
    return [values] if values.ndim == 1 else list(values.T)


def _products(pieces: Sequence[list[FloatArray]]) -> list[FloatArray]:
    """All products of one column of each piece, the first piece varying fastest."""
    result = pieces[-1]
    for piece in reversed(pieces[:-1]):
        result = [column * later for later in result for column in piece]
    return result


def _coding_table(factor: CategoricalFactor, *, full: bool) -> FloatArray:
    return np.eye(len(factor.levels)) if full else factor.contrasts()


def _indicators(
    coded: CodedTerm, categorical: Sequence[CategoricalFactor], labels: Mapping[str, Categories]
) -> Indicators:
    """One position per row for a product of factors; a row at a reference level has none."""
    tables = []
    for factor in categorical:
        levels = factor.levels if factor.label in coded.full else factor.reduced
        tables.append((labels[factor.label], levels))
    if len(tables) == 1:
        found, levels = tables[0]
        return Indicators(found.codes, found.positions(levels), len(levels))
    width = 1
    index: NDArray[np.intp] | None = None
    outside: NDArray[np.bool_] | None = None
    for found, levels in tables:
        part = found.positions(levels)[found.codes]
        none = part == len(levels)
        index = part * width if index is None else index + part * width
        outside = none if outside is None else outside | none
        width *= len(levels)
    assert index is not None
    assert outside is not None
    index[outside] = width
    return Indicators(index.astype(np.int32), np.arange(width + 1, dtype=np.intp), width)


def dense_matrix(spec: DesignSpec, parts: Sequence[_Part], n: int) -> DenseMatrix:
    """Numbers side by side; a view of the table where they already lie so."""
    if all(part.indicators is None for part in parts):
        columns = [column for part in parts for column in part.numbers or ()]
        view = side_by_side(columns) if len(columns) > 1 else None
        if view is not None:
            return DenseMatrix(view, spec.intercept)
    width = sum(part.width for part in parts)
    matrix = np.zeros((width, n))
    start = 0
    for part in parts:
        if part.indicators is None:
            for column in part.numbers or ():
                matrix[start] = column
                start += 1
            continue
        index = part.indicators.index()
        rows = np.flatnonzero(index < part.width)
        values = part.indicators.values
        matrix[start + index[rows], rows] = 1.0 if values is None else values[rows]
        start += part.width
    return DenseMatrix(matrix, spec.intercept)


def _split(spec: DesignSpec, parts: Sequence[_Part], n: int) -> SplitMatrix:
    first = int(spec.intercept)
    starts = first + np.concatenate([[0], np.cumsum([part.width for part in parts])]).astype(np.intp)
    numeric_positions: list[int] = list(range(first))
    indicator_positions: list[int] = []
    columns: list[FloatArray] = []
    terms: list[Indicators] = []
    for part, start in zip(parts, starts, strict=False):
        here = range(int(start), int(start) + part.width)
        if part.indicators is None:
            columns.extend(part.numbers or ())
            numeric_positions.extend(here)
        else:
            terms.append(part.indicators)
            indicator_positions.extend(here)
    view = side_by_side(columns) if len(columns) > 1 else None
    if view is None:
        view = np.vstack(columns) if columns else np.empty((0, n))
    order = np.array(numeric_positions + indicator_positions, dtype=np.intp)
    return SplitMatrix(DenseMatrix(view, spec.intercept), tuple(terms), order)


def encode_outcome(spec: DesignSpec, rows: BlockRows, row_label: RowLabel) -> EncodedOutcome:
    """Return the outcome of the rows in the design's level order."""
    outcome = spec.outcome
    if outcome.grouped:
        counts = np.vstack([rows.number(name) for name in outcome.columns])
        return EncodedOutcome(codes=None, counts=counts)
    labels = labels_of_expression(outcome.expression, rows, row_label)
    positions = labels.positions(outcome.levels)
    narrow = np.int8 if len(outcome.levels) < 127 else np.int32
    if np.array_equal(positions[:-1], np.arange(len(outcome.levels))):
        return EncodedOutcome(codes=labels.codes.astype(narrow, copy=False), counts=None)
    codes = positions.astype(narrow)[labels.codes]
    unknown = codes == len(outcome.levels)
    if unknown.any():
        first = int(np.argmax(unknown))
        raise PredictError(
            f"the outcome {outcome.label!r} has the level {labels.levels[labels.codes[first]]!r} in "
            f"{rows_of(int(unknown.sum()))}, first in {row_label(rows.position(first))}, which the fit did "
            "not see."
        )
    return EncodedOutcome(codes=codes, counts=None)


def encode_offset(spec: DesignSpec, rows: BlockRows, row_label: RowLabel) -> FloatArray | None:
    """Return the offsets (m, n) on the logit scale, None without any."""
    if not spec.offsets:
        return None
    values = []
    for offset in spec.offsets:
        value = evaluate(offset, rows.lookup, spec.state)
        computed = not isinstance(offset, Column)
        what = f"the offset {spell(offset)!r}" if computed else spell(offset)
        refuse_infinite(value, what, rows, row_label, computed=computed)
        values.append(value)
    if spec.offset_per_outcome:
        return np.vstack(values)
    total = np.sum(values, axis=0)
    return np.repeat(total[np.newaxis], spec.n_equations, axis=0)
