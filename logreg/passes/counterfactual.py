"""Rows to average over, with variables set to other values: the data are changed and encoded again.

What a variable does, it does through every column of the design that it enters. So the change is made in the
table, a few thousand rows at a time, and the frozen design does the rest; nothing larger is ever held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import add
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from logreg.data.columns import slice_column
from logreg.data.source import Column, RowBlock, Source, UnusableColumn
from logreg.design.derivatives import matrix_derivative, offset_derivative
from logreg.design.encode import encode_matrix, encode_offset
from logreg.design.rows import BlockRows, Role, read_rows
from logreg.design.spec import DesignSpec
from logreg.engine.kernel import ROWS_PER_STEP
from logreg.engine.types import FloatArray, Matrix
from logreg.errors import DataError, WeightError
from logreg.passes.encode import training_roles
from logreg.passes.sums import CHUNK_ROWS, sum_over

__all__ = ["Piece", "Population", "population_of"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """A few thousand complete rows.

    ``weights`` (n,) is what each counts in averages: weight times number of trials (None: 1);
    ``squared_weights`` (n,) is the sum of the squared weights of the independent trials it stands for, which
    the sampling variance of an average needs. A frequency of 3 is three trials of weight 1.
    """

    rows: BlockRows
    spec: DesignSpec
    source: Source
    weights: FloatArray | None
    squared_weights: FloatArray | None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.rows.n_used

    @property
    def positions(self) -> NDArray[np.intp]:
        """Place of each row in the source."""
        kept = np.arange(self.rows.n_read) if self.rows.keep is None else np.flatnonzero(self.rows.keep)
        return kept + self.rows.start

    def column(self, name: str) -> Column:
        """Return a column as it is in the data."""
        return self.rows.columns[name]

    def encoded(self, changes: Mapping[str, Column]) -> tuple[Matrix, FloatArray | None]:
        """Return design and offset of the rows with some columns replaced."""
        rows = self._changed(changes)
        label = self.source.row_label
        return encode_matrix(self.spec, rows, label), encode_offset(self.spec, rows, label)

    def derivative(self, name: str, changes: Mapping[str, Column]) -> tuple[FloatArray, FloatArray | None]:
        """Return the derivatives of design (p, n) and offset (m, n) with respect to a column."""
        rows = self._changed(changes)
        return (
            matrix_derivative(self.spec, rows, self.source.row_label, name),
            offset_derivative(self.spec, rows, name),
        )

    def first(self) -> Piece:
        """Return the first row alone."""
        columns = {name: slice_column(column, 0, 1) for name, column in self.rows.columns.items()}
        position = int(self.positions[0])
        rows = replace(self.rows, start=position, n_read=1, n_used=1, keep=None, columns=columns)
        return replace(self, rows=rows, weights=None, squared_weights=None)

    def _changed(self, changes: Mapping[str, Column]) -> BlockRows:
        return self.rows if not changes else replace(self.rows, columns={**self.rows.columns, **changes})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """The rows of a source that averages run over; `Piece` by `Piece`, in threads, added in order.

    ``training`` says that they are the rows of the fit; ``weights`` names the column that weighs them;
    ``index`` holds the user's labels of all rows of the source, if there are any.
    """

    source: Source
    spec: DesignSpec
    training: bool
    weights: str | None
    also: tuple[str, ...]
    index: Any = None

    def total(self, function: Callable[[Piece], T]) -> T:
        """Return the sum of ``function`` over all pieces with rows.

        Raises
        ------
        DataError
            If no row is complete.
        """

        def of_piece(block: RowBlock) -> list[T]:
            piece = self._piece(block)
            return [function(piece)] if piece.n_rows else []

        def of_block(block: RowBlock) -> list[T]:
            pieces = [_cut(block, start, ROWS_PER_STEP) for start in range(0, block.n_rows, ROWS_PER_STEP)]
            step = CHUNK_ROWS // ROWS_PER_STEP
            chunks = [pieces[k : k + step] for k in range(0, len(pieces), step)]
            # A list of at most one sum, so that pieces without rows add nothing. Any chunks can be summed.
            found = sum_over(cast(Any, chunks), cast(Any, lambda part: _Sum(of_piece(part))))
            return cast(list[T], found.parts)

        found = self.source.reduce(
            lambda block: _Sum(of_block(block)) if block.n_rows else _Sum([]), add, self._names()
        )
        if found is None or not found.parts:
            raise DataError("no row of the data is complete in the columns that the model needs.")
        return cast(T, found.parts[0])

    def each(self, function: Callable[[Piece], T]) -> list[T]:
        """Return ``function`` of every piece, in the order of the rows."""
        return self.total(lambda piece: [function(piece)])

    def first(self) -> Piece:
        """Return the first complete row."""
        names = self._names()
        for block in self.source.blocks(names):
            for start in range(0, block.n_rows, ROWS_PER_STEP):
                piece = self._piece(_cut(block, start, ROWS_PER_STEP))
                if piece.n_rows:
                    return piece.first()
        raise DataError("no row of the data is complete in the columns that the model needs.")

    def n_read(self) -> int:
        """Return the number of rows of the source, complete or not."""
        known = self.source.n_rows
        if known is not None:
            return known
        return self.source.reduce(lambda block: block.n_rows, add, self._names()) or 0

    def labels(self, positions: NDArray[np.intp] | None) -> Any:
        """Return the labels of rows, of all without ``positions``: the user's own, or where they stand."""
        if positions is None:
            return np.arange(self.n_read()) if self.index is None else self.index
        return positions if self.index is None else self.index[positions]

    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._roles(), *self.also)))

    def _roles(self) -> dict[str, Role]:
        if self.training:
            return training_roles(self.spec)
        roles: dict[str, Role] = dict.fromkeys(self.spec.predictors, "predictor")
        roles.update({name: "offset" for name in self.spec.offset_columns if name not in roles})
        if self.weights is not None:
            roles.setdefault(self.weights, "weight")
        return roles

    def _piece(self, block: RowBlock) -> Piece:
        rows = read_rows(block, self._roles(), weights=self.weights, row_label=self.source.row_label)
        for name in self.also:
            column = rows.columns[name]
            if isinstance(column, UnusableColumn):
                raise DataError(
                    f"column {name!r} ({column.dtype}) cannot be used: {column.reason}. Remedy: "
                    f"{column.remedy}."
                )
        weights = rows.weights
        copies = self.training and self.spec.weight_kind == "frequency"
        squared = weights if weights is None or copies else weights**2
        if self.training and self.spec.outcome.grouped:
            trials = np.sum([rows.number(name) for name in self.spec.outcome.columns], axis=0)
            weights = trials if weights is None else weights * trials
            squared = trials if squared is None else squared * trials
        return Piece(rows=rows, spec=self.spec, source=self.source, weights=weights, squared_weights=squared)


@dataclass(frozen=True, slots=True, eq=False)
class _Sum:
    """The sum of what is there: no or one value."""

    parts: list[Any]

    def __add__(self, other: _Sum) -> _Sum:
        if not self.parts:
            return other
        return self if not other.parts else _Sum([self.parts[0] + other.parts[0]])


def _cut(block: RowBlock, start: int, height: int) -> RowBlock:
    if start == 0 and block.n_rows <= height:
        return block
    stop = min(start + height, block.n_rows)
    columns = {name: slice_column(column, start, stop) for name, column in block.columns.items()}
    return RowBlock(start=block.start + start, n_rows=stop - start, columns=columns)


def population_of(
    source: Source,
    spec: DesignSpec,
    *,
    training: bool,
    weights: str | None = None,
    also: Sequence[str] = (),
    index: Any = None,
) -> Population:
    """Return the rows of a source as a population.

    Parameters
    ----------
    source : Source
        The rows of the fit (``training``), or others.
    spec : DesignSpec
        The frozen design.
    weights : str, optional
        For other rows: the column that weighs them. The fit's own rows carry the weights of the fit.
    also : sequence of str
        Further columns to hand out; missing values in them drop no row.
    index : sequence, optional
        Labels of all rows of the source.

    Raises
    ------
    WeightError
        For weights given for the fit's own rows.
    """
    if training and weights is not None:
        raise WeightError(
            "weights= belongs to data=. Averages over the rows of the fit use the weights of the fit."
        )
    return Population(
        source=source,
        spec=spec,
        training=training,
        weights=spec.weights if training else weights,
        also=tuple(also),
        index=index,
    )
