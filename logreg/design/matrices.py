"""Blocks of the design behind three verbs: plain numbers, and plain numbers with categories.

Dummy columns are never stored, dense or sparse. A categorical term is one integer per row, and its products
are counts: with ``i`` the position of each row's level, ``X' r`` is ``bincount(i, r)`` and the block of ``X'
W X`` for two factors is a weighted two-way table. That is as fast as a compiled sparse product, needs no copy
of the table, and has no set-up cost (docs/decisions/0002).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DenseMatrix", "Indicators", "SplitMatrix"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DenseMatrix:
    """Numbers, with or without a leading column of ones that is never stored.

    ``columns`` has shape (q, n) in any memory layout; it may be a view of the caller's table and is never
    written to.
    """

    columns: FloatArray
    leading_one: bool

    @property
    def shape(self) -> tuple[int, int]:
        """(n rows, p columns), the leading column of ones included."""
        q, n = self.columns.shape
        return n, q + self.leading_one

    def matvec(self, coef: FloatArray) -> FloatArray:
        """Return ``coef @ X.T``, shape (m, n)."""
        first = int(self.leading_one)
        result: FloatArray = coef[:, first:] @ self.columns
        if self.leading_one:
            result += coef[:, :1]
        return result

    def transpose_matvec(self, rows: FloatArray) -> FloatArray:
        """Return ``rows @ X``, shape (m, p)."""
        product = rows @ self.columns.T
        if not self.leading_one:
            return product
        return np.concatenate([rows.sum(axis=1, keepdims=True), product], axis=1)

    def sandwich(self, weights: FloatArray | None = None, *, signed: bool = False) -> FloatArray:
        """Return ``X.T @ diag(weights) @ X``, shape (p, p); without weights ``X.T @ X``."""
        n, p = self.shape
        first = int(self.leading_one)
        if weights is None:
            gram = np.empty((p, p))
            gram[first:, first:] = self.columns @ self.columns.T
            if self.leading_one:
                gram[0, 0] = n
                gram[0, 1:] = gram[1:, 0] = self.columns @ np.ones(n)
            return gram
        # Scratch in the layout of the columns, so that the product below streams through both alike.
        by_row = self.columns.strides[0] < self.columns.strides[-1]
        scaled = np.empty((n, p)).T if by_row else np.empty((p, n))
        factor = weights if signed else np.sqrt(weights)
        if self.leading_one:
            scaled[0] = factor
        np.multiply(self.columns, factor, out=scaled[first:])
        if not signed:
            # numpy sees that both operands are one array and computes half the products.
            return scaled @ scaled.T
        product = scaled @ self.columns.T
        if not self.leading_one:
            return product
        return np.concatenate([scaled.sum(axis=1, keepdims=True), product], axis=1)

    def rows(self, start: int, stop: int) -> DenseMatrix:
        """Return the rows ``start:stop``, as a view."""
        return DenseMatrix(self.columns[:, start:stop], self.leading_one)

    def take(self, chosen: NDArray[np.intp]) -> DenseMatrix:
        """Return the rows at these places, as a copy in the layout of the columns."""
        by_row = self.columns.strides[0] < self.columns.strides[-1]
        taken = self.columns.T.take(chosen, axis=0).T if by_row else self.columns.take(chosen, axis=1)
        return DenseMatrix(taken, self.leading_one)

    def sample(self, share: int, run: int) -> DenseMatrix:
        """Return the first ``run`` of every ``share * run`` rows, as a copy in the layout of the columns."""
        return DenseMatrix(_runs(self.columns.T, share, run).T, self.leading_one)

    def to_array(self) -> FloatArray:
        """Return all columns written out, shape (p, n); for a few thousand rows at a time."""
        if not self.leading_one:
            return np.array(self.columns)
        return np.vstack([np.ones((1, self.columns.shape[1])), self.columns])

    def numbers(self) -> FloatArray:
        """Return the stored numeric columns, shape (q, n)."""
        return self.columns

    def number_positions(self) -> NDArray[np.intp]:
        """Return where the stored numeric columns stand in the design."""
        return np.arange(len(self.columns)) + self.leading_one

    def recast(self, centre: FloatArray, mixing: FloatArray) -> DenseMatrix:
        """Return the matrix whose numeric columns are ``mixing.T @ (columns - centre)``, as a copy."""
        return DenseMatrix(_recast(self.columns, centre, mixing), self.leading_one)


def _runs(table: FloatArray, share: int, run: int) -> FloatArray:
    """Return the first ``run`` of every ``share * run`` rows of a (n, q) table, in its layout."""
    n, q = table.shape
    period = share * run
    whole = n // period
    taken, last = whole * run, table[whole * period : whole * period + run]
    # Splitting an axis in two never copies: rows are copied once, run by run.
    if table.strides[0] > table.strides[1]:
        result = np.empty((taken + len(last), q))
        result[:taken].reshape(whole, run, q)[:] = table[: whole * period].reshape(whole, period, q)[:, :run]
    else:
        result = np.empty((q, taken + len(last))).T
        parts = table.T[:, : whole * period].reshape(q, whole, period)[:, :, :run]
        result.T[:, :taken].reshape(q, whole, run)[:] = parts
    result[taken:] = last
    return result


@dataclass(frozen=True, slots=True)
class Indicators:
    """The columns of one categorical term: row i has ``values[i]`` (or 1) in column ``positions[codes[i]]``.

    ``positions`` maps the source's codes to 0 .. width; ``width`` stands for "no column" (the reference
    level).
    """

    codes: NDArray[np.integer]
    positions: NDArray[np.intp]
    width: int
    values: FloatArray | None = None

    def index(self) -> NDArray[np.intp]:
        """Return each row's column within the term, ``width`` for none."""
        return self.positions.take(self.codes)

    def rows(self, part: slice | NDArray[np.intp]) -> Indicators:
        """Return some of the rows: views of a slice, copies of places."""
        values = None if self.values is None else self.values[part]
        return Indicators(self.codes[part], self.positions, self.width, values)


@dataclass(frozen=True, slots=True)
class SplitMatrix:
    """A dense part followed by categorical terms; ``order`` says where each column stands in the design.

    ``order[k]`` is the design column of split column k (dense columns first, then term by term).
    """

    dense: DenseMatrix
    terms: tuple[Indicators, ...]
    order: NDArray[np.intp]

    @property
    def shape(self) -> tuple[int, int]:
        """(n rows, p columns)."""
        return self.dense.shape[0], len(self.order)

    def matvec(self, coef: FloatArray) -> FloatArray:
        """Return ``coef @ X.T``, shape (m, n)."""
        split = coef[:, self.order]
        start = self.dense.shape[1]
        result = self.dense.matvec(split[:, :start])
        for term in self.terms:
            # One zero behind the coefficients serves the rows without a column.
            padded = np.zeros((len(coef), term.width + 1))
            padded[:, :-1] = split[:, start : start + term.width]
            start += term.width
            index = term.index()
            for j in range(len(coef)):
                part = padded[j].take(index)
                if term.values is not None:
                    part *= term.values
                result[j] += part
        return result

    def transpose_matvec(self, rows: FloatArray) -> FloatArray:
        """Return ``rows @ X``, shape (m, p)."""
        parts = [self.dense.transpose_matvec(rows)]
        for term in self.terms:
            index = term.index()
            part = np.empty((len(rows), term.width))
            for j, row in enumerate(rows):
                weights = row if term.values is None else row * term.values
                part[j] = np.bincount(index, weights=weights, minlength=term.width + 1)[:-1]
            parts.append(part)
        result = np.empty((len(rows), len(self.order)))
        result[:, self.order] = np.concatenate(parts, axis=1)
        return result

    def sandwich(self, weights: FloatArray | None = None, *, signed: bool = False) -> FloatArray:
        """Return ``X.T @ diag(weights) @ X``, shape (p, p); without weights ``X.T @ X``."""
        if weights is None:
            weights = np.ones(self.shape[0])
        p = len(self.order)
        n_dense = self.dense.shape[1]
        split = np.zeros((p, p))
        split[:n_dense, :n_dense] = self.dense.sandwich(weights, signed=signed)
        first = int(self.dense.leading_one)
        columns = self.dense.numbers()
        scaled = columns * weights
        done: list[tuple[Indicators, NDArray[np.intp], slice]] = []
        start = n_dense
        for term in self.terms:
            index, width = term.index(), term.width
            here = slice(start, start + width)
            start += width
            weighted, numbers, own = weights, scaled, weights
            if term.values is not None:
                weighted, numbers = weights * term.values, scaled * term.values
                own = weighted * term.values
            diagonal = np.bincount(index, weights=own, minlength=width + 1)[:-1]
            np.fill_diagonal(split[here, here], diagonal)
            for d in range(n_dense):
                if d < first:
                    plain = term.values is None
                    sums = (
                        diagonal if plain else np.bincount(index, weights=weighted, minlength=width + 1)[:-1]
                    )
                else:
                    sums = np.bincount(index, weights=numbers[d - first], minlength=width + 1)[:-1]
                split[here, d] = split[d, here] = sums
            for other, other_index, there in done:
                # A weighted two-way table; the last row and column are "no column" and are cut off.
                cell = index * (other.width + 1)
                cell += other_index
                size = (width + 1) * (other.width + 1)
                row = weighted if other.values is None else weighted * other.values
                table = np.bincount(cell, weights=row, minlength=size)
                table = table.reshape(width + 1, other.width + 1)[:-1, :-1]
                split[here, there] = table
                split[there, here] = table.T
            done.append((term, index, here))
        if np.array_equal(self.order, np.arange(p)):
            return split
        result = np.empty_like(split)
        result[np.ix_(self.order, self.order)] = split
        return result

    def rows(self, start: int, stop: int) -> SplitMatrix:
        """Return the rows ``start:stop``, as views."""
        part = slice(start, stop)
        return SplitMatrix(
            self.dense.rows(start, stop), tuple(term.rows(part) for term in self.terms), self.order
        )

    def take(self, chosen: NDArray[np.intp]) -> SplitMatrix:
        """Return the rows at these places, as copies."""
        return SplitMatrix(
            self.dense.take(chosen), tuple(term.rows(chosen) for term in self.terms), self.order
        )

    def sample(self, share: int, run: int) -> SplitMatrix:
        """Return the first ``run`` of every ``share * run`` rows, as copies."""
        places = np.arange(0, self.shape[0], share * run)[:, np.newaxis] + np.arange(run)
        chosen = places[places < self.shape[0]]
        return SplitMatrix(
            self.dense.sample(share, run), tuple(term.rows(chosen) for term in self.terms), self.order
        )

    def to_array(self) -> FloatArray:
        """Return all columns written out, shape (p, n); for a few thousand rows at a time."""
        n, p = self.shape
        result = np.zeros((p, n))
        start = self.dense.shape[1]
        result[self.order[:start]] = self.dense.to_array()
        for term in self.terms:
            index = term.index()
            rows = np.flatnonzero(index < term.width)
            here = self.order[start : start + term.width]
            result[here[index[rows]], rows] = 1.0 if term.values is None else term.values[rows]
            start += term.width
        return result

    def numbers(self) -> FloatArray:
        """Return the stored numeric columns, shape (q, n)."""
        return self.dense.numbers()

    def number_positions(self) -> NDArray[np.intp]:
        """Return where the stored numeric columns stand in the design."""
        return self.order[self.dense.number_positions()]

    def recast(self, centre: FloatArray, mixing: FloatArray) -> SplitMatrix:
        """Return the matrix whose numeric columns are ``mixing.T @ (columns - centre)``; categories stay."""
        return SplitMatrix(self.dense.recast(centre, mixing), self.terms, self.order)


def _recast(columns: FloatArray, centre: FloatArray, mixing: FloatArray) -> FloatArray:
    """Centre first, then mix: the subtraction is where a large shift would cost digits."""
    centred = columns - centre[:, np.newaxis]
    if np.count_nonzero(mixing - np.diag(np.diagonal(mixing))):
        result: FloatArray = mixing.T @ centred
        return result
    centred *= np.diagonal(mixing)[:, np.newaxis]
    return centred
