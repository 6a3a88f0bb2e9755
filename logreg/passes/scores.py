"""Sums of scores over rows and groups of rows: what a robust covariance is made of.

A trial's score is its residuals (m,) times its row of the design (p,). Sums never hold more than a few
thousand rows of either; sums by group come a range of groups at a time when there are too many to keep.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from logreg.data import open_source
from logreg.data.source import CategoryColumn, Column, Level, NumberColumn, Source, UnusableColumn
from logreg.engine.kernel import (
    ROWS_PER_STEP,
    block_probabilities,
    outer_sum,
    residual_moments,
    weighted_residuals,
)
from logreg.engine.types import DesignBlock, FloatArray
from logreg.errors import DataError, SupportError, did_you_mean
from logreg.passes.encode import Places
from logreg.passes.sums import CHUNK_ROWS, objective_of, score_outer_sum, split_rows, sum_over
from logreg.passes.trials import GroupTrials, group_trials
from logreg.threads import in_order

__all__ = ["Groups", "Scores", "group_codes"]

IntArray: TypeAlias = NDArray[np.intp]

#: Numbers that the sums of one range of groups may take (64 MB); further ranges cost a pass each.
GROUP_NUMBERS = 2**23
#: Numbers of scratch per step where rows are written out: 16 MB.
SCRATCH_NUMBERS = 2**21
#: Eigenvalues of the information with unit diagonal below this share of its size are rounding: aliased
#: columns.
SINGULAR = 1e-13
#: From this leverage on a trial determines its own fit up to rounding, and has no residual to adjust.
LARGEST_LEVERAGE = 1.0 - 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groups:
    """Which group each row belongs to: ``codes`` (n,) number the ``labels``, -1 where there is none."""

    codes: IntArray
    labels: tuple[Level, ...]


def group_codes(pieces: Sequence[Column]) -> Groups:
    """Number the values of a column that came in pieces, one per block, whose levels may differ.

    Only values that occur get a number; numbers are sorted, labels stand as they first come.

    Parameters
    ----------
    pieces : sequence of Column
        Number or category columns, in row order.

    Raises
    ------
    DataError
        If a piece is neither numbers nor labels.

    Examples
    --------
    >>> from logreg.data import open_source
    >>> blocks = open_source({"town": ["b", "a", None, "a"]}, block_rows=2).blocks(["town"])
    >>> groups = group_codes([block.columns["town"] for block in blocks])
    >>> groups.codes.tolist(), groups.labels
    ([0, 1, -1, 1], ('b', 'a'))
    """
    numbers = [piece for piece in pieces if isinstance(piece, NumberColumn)]
    if pieces and len(numbers) == len(pieces):
        return _number_groups(numbers)
    place: dict[tuple[type, Level], int] = {}
    parts: list[IntArray] = [np.empty(0, dtype=np.intp)]
    for piece in pieces:
        part = _number_groups([piece]) if isinstance(piece, NumberColumn) else _label_groups(piece)
        # True, 1 and 1.0 are equal in Python and different as labels.
        new = [place.setdefault((type(label), label), len(place)) for label in part.labels]
        parts.append(np.array([*new, -1], dtype=np.intp)[part.codes])
    return Groups(codes=np.concatenate(parts), labels=tuple(label for _, label in place))


def _number_groups(pieces: Sequence[NumberColumn]) -> Groups:
    values = np.concatenate([piece.values for piece in pieces])
    present = ~np.isnan(values)
    found, codes = np.unique(values[present], return_inverse=True)
    result = np.full(len(values), -1, dtype=np.intp)
    result[present] = codes
    kind = {"boolean": bool, "integer": int}.get(pieces[0].kind, float)
    return Groups(codes=result, labels=tuple(kind(value) for value in found))


def _label_groups(piece: Column) -> Groups:
    if isinstance(piece, UnusableColumn):
        raise DataError(f"{piece.reason}. Remedy: {piece.remedy}")
    assert isinstance(piece, CategoryColumn)
    # Declared levels may be without a row. Those that occur keep the order in which they first do.
    occurring, first = np.unique(piece.codes, return_index=True)
    order = np.argsort(first[occurring >= 0])
    used = occurring[occurring >= 0][order]
    place = np.full(len(piece.levels) + 1, -1, dtype=np.intp)  # code -1 reads the last entry
    place[used] = np.arange(len(used))
    return Groups(codes=place[piece.codes], labels=tuple(piece.levels[k] for k in used))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """The rows of a fit as a robust covariance needs them.

    ``places`` tells where in ``source`` the rows stand that are used; ``frequencies`` says that weights are
    copies of a row. Blocks and coefficients (m, p) are those of the engine, in any coordinates.
    """

    source: Source
    places: Sequence[Places]
    frequencies: bool

    @property
    def positions(self) -> IntArray:
        """The place in the source of each row used (n,)."""
        return np.concatenate([np.empty(0, dtype=np.intp), *(part.positions() for part in self.places)])

    @property
    def n_source_rows(self) -> int:
        """Number of rows of the source, used or not."""
        if self.source.n_rows is not None:
            return self.source.n_rows
        return sum(block.n_rows for block in self.source.blocks(self.source.column_names[:1]))

    def row_label(self, position: int) -> str:
        """Name a row of the source as the user knows it."""
        return self.source.row_label(position)

    def groups(self, column: object, role: str) -> Groups:
        """Return the groups of all rows of the source, by a column name or an array of labels.

        Raises
        ------
        DataError
            If there is no such column, if it holds neither numbers nor labels, or if an array has another
            length.
        """
        try:
            return group_codes(self._pieces(column, role))
        except DataError as error:
            raise DataError(f"{role} {_shown(column)} cannot be used: {error}") from None

    def numbers(self, column: object, role: str) -> FloatArray:
        """Return a numeric column, or an array, over all rows of the source (NaN where missing).

        Raises
        ------
        DataError
            If it is not numeric, not there, or of another length.
        """
        try:
            pieces = self._pieces(column, role)
        except DataError as error:
            raise DataError(f"{role} {_shown(column)} cannot be used: {error}") from None
        if not all(isinstance(piece, NumberColumn) for piece in pieces):
            raise DataError(f"{role} {_shown(column)} holds labels, not numbers. Give a numeric column.")
        return np.concatenate([piece.values for piece in pieces if isinstance(piece, NumberColumn)])

    def _pieces(self, column: object, role: str) -> list[Column]:
        if isinstance(column, str):
            if column not in self.source.column_names:
                hint = did_you_mean(column, self.source.column_names)
                raise DataError(f"it is not a column of the data.{hint}")
            return [block.columns[column] for block in self.source.blocks((column,))]
        given = open_source({role: column})
        if given.n_rows != self.n_source_rows:
            raise DataError(
                f"it has {given.n_rows} values, but the data have {self.n_source_rows} rows. Give one per "
                "row, or a column name."
            )
        return [block.columns[role] for block in given.blocks((role,))]

    def outer(self, blocks: Sequence[DesignBlock], coef: FloatArray) -> FloatArray:
        """Return the sum over trials of the outer products of their scores (m p, m p)."""
        return score_outer_sum(blocks, coef, frequencies=self.frequencies)

    def roots(self, blocks: Sequence[DesignBlock], coef: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return L and R (m p, f) with ``R R'`` the information at ``coef``, ``L L'`` a generalised inverse
        of it, and ``L' R`` the identity.
        """
        information = objective_of(blocks)(coef, 2).information
        assert information is not None
        size = np.sqrt(np.diagonal(information))
        scale = np.where(size > 0, 1.0 / np.where(size > 0, size, 1.0), 0.0)
        values, vectors = np.linalg.eigh(information * np.outer(scale, scale))
        kept = values > SINGULAR * len(values)
        deviation = np.sqrt(values[kept])
        left = scale[:, np.newaxis] * vectors[:, kept] / deviation
        return left, size[:, np.newaxis] * vectors[:, kept] * deviation

    def adjusted_outer(self, blocks: Sequence[DesignBlock], coef: FloatArray, power: float) -> FloatArray:
        """Return `outer` with the residuals r of each trial replaced by ``(I - H)^-power r``.

        H (m, m) is the trial's block of the hat matrix, ``W X (X' W X)^-1 X'``, and the power of the matrix
        the principal one, so that the result does not depend on the baseline.

        Raises
        ------
        SupportError
            If a trial has leverage 1.
        """
        root, _ = self.roots(blocks, coef)
        m, p = coef.shape
        rows = int(np.clip(SCRATCH_NUMBERS // max(root.shape[1] * m, 1), 64, ROWS_PER_STEP))
        steps = [split_rows([chunk], rows) for chunk in split_rows(blocks, CHUNK_ROWS)]
        of_equation = root.reshape(m, p, -1)
        return sum_over(steps, lambda step: self._adjusted(step, coef, of_equation, power))

    def _adjusted(self, block: DesignBlock, coef: FloatArray, root: FloatArray, power: float) -> FloatArray:
        p, q = block_probabilities(block, coef)
        moments = residual_moments(block, p, q, frequencies=self.frequencies)
        m, n = len(moments), block.n_rows
        # N_jl = x' M_jl x with M = L L' the inverse information.
        parts = [block.matrix.matvec(root[j].T) for j in range(m)]
        spread = np.empty((n, m, m))
        for j in range(m):
            for k in range(j + 1):
                spread[:, j, k] = spread[:, k, j] = np.einsum("fn,fn->n", parts[j], parts[k])
        weights = np.ones(n) if self.frequencies or block.weights is None else block.weights
        if m == 1:
            leverage = weights * p[1] * q[1] * spread[:, 0, 0]
            _check_leverage(leverage)
            return outer_sum(block.matrix, moments / (1.0 - leverage) ** (2.0 * power))
        # W = R R' with R_jl = s_j [j = l] - p_j s_l, s the roots of all K probabilities: every entry keeps
        # its digits. With f(t) = (1 - t)^-power = 1 + t g(t): f(W N) = I + R g(R' N R) R' N.
        size = np.sqrt(p)
        factor = -p[1:, np.newaxis] * size[np.newaxis]
        equation = np.arange(m)
        factor[equation, equation + 1] = size[1:] * q[1:]
        factor = np.moveaxis(factor * np.sqrt(weights), 2, 0)
        leverage, vectors = np.linalg.eigh(np.swapaxes(factor, 1, 2) @ spread @ factor)
        _check_leverage(leverage)
        around = factor @ vectors
        adjust = (around * _excess(leverage, power)[:, np.newaxis, :]) @ np.swapaxes(around, 1, 2) @ spread
        adjust += np.eye(m)
        adjusted = adjust @ np.moveaxis(moments, 2, 0) @ np.swapaxes(adjust, 1, 2)
        adjusted = np.moveaxis(adjusted, 0, 2)
        # Sums of squares up to rounding.
        adjusted[equation, equation] = np.maximum(adjusted[equation, equation], 0.0)
        return outer_sum(block.matrix, adjusted)

    def group_scores(
        self, blocks: Sequence[DesignBlock], coef: FloatArray, codes: IntArray, n_groups: int
    ) -> Iterator[tuple[int, FloatArray]]:
        """Yield the sums of scores by group, a range of groups at a time.

        Parameters
        ----------
        blocks : sequence of DesignBlock
            All rows used.
        coef : (m, p) array
            Where scores are taken.
        codes : (n,) array
            Group of each row, from 0 on.
        n_groups : int
            Number of groups; some may have no row.

        Yields
        ------
        first : int
            The first group of the range.
        sums : (g, m p) array
            Its sums and those of the groups after it.
        """
        size = coef.size
        width = max(GROUP_NUMBERS // max(size, 1), 1)
        rows = int(np.clip(SCRATCH_NUMBERS // max(coef.shape[1], 1), 64, ROWS_PER_STEP))
        steps, start = [], 0
        for step in split_rows(blocks, rows):
            steps.append((step, codes[start : start + step.n_rows]))
            start += step.n_rows
        for first in range(0, n_groups, width):
            last = min(first + width, n_groups)
            sums = np.zeros((last - first, size))
            near = [(step, own) for step, own in steps if own.max(initial=-1) >= first and own.min() < last]
            for groups, part in in_order(partial(_step_sums, coef=coef, first=first, last=last), near):
                sums[groups - first] += part
            yield first, sums

    def group_trials(
        self, blocks: Sequence[DesignBlock], coef: FloatArray, codes: IntArray, n_groups: int, largest: int
    ) -> Iterator[GroupTrials]:
        """Yield all trials of each group; see `logreg.passes.trials`."""
        return group_trials(blocks, coef, codes, n_groups, largest, frequencies=self.frequencies)


def _step_sums(
    step: tuple[DesignBlock, IntArray], *, coef: FloatArray, first: int, last: int
) -> tuple[IntArray, FloatArray]:
    """Return the groups ``first .. last`` that occur in a block's rows, and their sums of scores (g, m p)."""
    block, codes = step
    residuals, design = weighted_residuals(block, coef), block.matrix.to_array()
    chosen = np.flatnonzero((codes >= first) & (codes < last))
    order = chosen[np.argsort(codes[chosen], kind="stable")]
    if len(order) < len(codes) or np.any(order[1:] < order[:-1]):
        residuals, design, codes = residuals[:, order], design[:, order], codes[order]
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    m, p = coef.shape
    sums = np.empty((len(starts), m, p))
    for j in range(m):
        sums[:, j, :] = np.add.reduceat(design * residuals[j], starts, axis=1).T if len(starts) else 0.0
    return codes[starts], sums.reshape(len(starts), m * p)


def _excess(leverage: FloatArray, power: float) -> FloatArray:
    """Return ((1 - t)^-power - 1) / t, which is ``power`` at 0."""
    small = np.abs(leverage) < 1e-300
    t = np.where(small, 1.0, leverage)
    return np.where(small, power, np.expm1(-power * np.log1p(-np.where(small, 0.0, leverage))) / t)


def _check_leverage(leverage: FloatArray) -> None:
    if leverage.max(initial=0.0) > LARGEST_LEVERAGE:
        raise SupportError(
            "HC2 and HC3 divide by 1 - leverage, and some rows have leverage 1: they alone determine a "
            "coefficient. Use covariance='HC1', or leave out the term."
        )


def _shown(column: Any) -> str:
    return repr(column) if isinstance(column, str) else "given as an array"
