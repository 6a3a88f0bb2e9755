"""Columns on any scale: rank, and coordinates in which the arithmetic keeps its digits.

Newton's method does not care about the coordinates of the design, its arithmetic does: a year column near
2000, a squared year, or an identifier near 1e8 lose half the digits in ``X' W X``. Where the sample shows
such columns, the numeric columns are centred, scaled and, if nearly collinear, orthogonalised once (Cholesky
QR, done twice), the fit runs in these coordinates, and coefficients and covariance are mapped back by the
exact linear map. Where it does not, nothing is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack, solve_triangular

from logreg.engine.types import Alias, ColumnScaleError, DesignBlock, FloatArray

__all__ = [
    "Coordinates",
    "find_aliases",
    "identity",
    "largest_sizes",
    "orthogonalised",
    "suitable_coordinates",
]

#: A column whose mean exceeds its spread by this factor is centred: X'X loses the square of it in digits.
SHIFT_LIMIT = 10.0
#: Root mean squares outside these bounds are rescaled, since squares and products must not leave the doubles.
SMALLEST_SCALE, LARGEST_SCALE = 1e-60, 1e60
#: Columns outside these bounds have coefficients whose variance, about the scale to the power -2, leaves the
#: doubles.
SMALLEST_SQUARED, LARGEST_SQUARED = 1e-150, 1e150
#: Share of a column's variance left after the columns before it, below which X'WX is too coarse a tool.
SUSPECT_SHARE = 1e-4
#: Residual norm relative to the column's own, below which a column is a combination of the others. Rounding
#: of exact combinations leaves about 1e-14; R's lm uses 1e-7.
ALIAS_TOLERANCE = 1e-10
#: The same relative to the column with its mean: what rounding leaves of a constant column.
ROUNDING = 1e-13
#: Shares of other columns in an aliased one below this are rounding.
NO_SHARE = 1e-9
#: Rows times squared columns up to which the triangular factor is made of all rows: about half a second.
TRIANGULAR_WORK = 2e9
#: Rows written out at a time for it.
FACTORED_ROWS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinates:
    """Working coordinates: numeric columns become ``mixing.T @ (column - centre)``; ``trivial`` leaves them
    alone.
    """

    positions: NDArray[np.intp]
    centre: FloatArray
    mixing: FloatArray
    n_columns: int
    intercept: bool
    trivial: bool

    def recast(self, block: DesignBlock) -> DesignBlock:
        """Return the block in working coordinates."""
        if self.trivial:
            return block
        return DesignBlock(
            matrix=block.matrix.recast(self.centre, self.mixing),
            n_outcomes=block.n_outcomes,
            codes=block.codes,
            counts=block.counts,
            weights=block.weights,
            offset=block.offset,
        )

    def to_centred(self) -> FloatArray:
        """Return T (p, p) from working coefficients to those of the design's columns minus `centres`."""
        transform = np.eye(self.n_columns)
        transform[np.ix_(self.positions, self.positions)] = self.mixing
        return transform

    def to_design(self) -> FloatArray:
        """Return T (p, p) with ``coef_design = T @ coef_working`` in each equation."""
        transform = self.to_centred()
        if self.intercept:
            transform[0, self.positions] -= self.centre @ self.mixing
        return transform

    def centres(self) -> FloatArray:
        """Return what is subtracted from each design column (p,), 0 for most."""
        result = np.zeros(self.n_columns)
        result[self.positions] = self.centre
        return result


def identity(matrix_positions: NDArray[np.intp], n_columns: int, intercept: bool) -> Coordinates:
    """Return the coordinates that change nothing."""
    q = len(matrix_positions)
    return Coordinates(
        positions=matrix_positions,
        centre=np.zeros(q),
        mixing=np.eye(q),
        n_columns=n_columns,
        intercept=intercept,
        trivial=True,
    )


def _gram(blocks: Sequence[DesignBlock]) -> FloatArray:
    return reduce(add, (block.matrix.sandwich() for block in blocks))


def _centred_correlation(gram: FloatArray, intercept: bool) -> FloatArray:
    """Return the Gram matrix with the intercept swept out, scaled to unit diagonal."""
    swept = gram.copy()
    if intercept:
        swept[1:, 1:] -= np.outer(gram[1:, 0], gram[0, 1:]) / gram[0, 0]
        swept[0, 1:] = swept[1:, 0] = 0.0
    diagonal = np.diagonal(swept)
    # A constant column leaves rounding only; it must not be blown up to look like a regular one.
    constant = diagonal <= 1e-13 * np.diagonal(gram)
    swept[constant, constant] = 1.0
    scale = 1.0 / np.sqrt(diagonal)
    correlation = swept * scale[:, np.newaxis] * scale
    if constant.any():
        correlation[constant, :] = 0.0
        correlation[:, constant] = 0.0
    return correlation


def _suspects(correlation: FloatArray) -> list[int]:
    """Return the columns that the ones before them nearly explain, by Cholesky in the design's order."""
    # The usual case in one call: a Cholesky factor whose pivots are all well above the limit.
    factor, failed = lapack.dpotrf(correlation, lower=1)
    if not failed and factor.diagonal().min(initial=1.0) ** 2 >= SUSPECT_SHARE:
        return []
    remaining = correlation.copy()
    suspects: list[int] = []
    for j in range(len(remaining)):
        pivot = remaining[j, j]
        if pivot < SUSPECT_SHARE:
            suspects.append(j)
            continue
        row = remaining[j, j + 1 :] / np.sqrt(pivot)
        remaining[j + 1 :, j + 1 :] -= np.outer(row, row)
    return suspects


def suitable_coordinates(blocks: Sequence[DesignBlock], *, intercept: bool) -> tuple[Coordinates, list[int]]:
    """Choose working coordinates from a sample of rows and name the columns that may be aliased.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        The rows to look at; a column combination found in all rows shows in any sample of them.
    intercept : bool
        Whether design column 0 is the intercept; without one, columns are scaled but never centred.

    Returns
    -------
    coordinates : Coordinates
        Trivial when the design's own columns are fit for arithmetic.
    suspects : list of int
        Columns for `find_aliases` to judge on all rows, in working coordinates.
    """
    matrix = blocks[0].matrix
    positions, n_columns = matrix.number_positions(), matrix.shape[1]
    plain = identity(positions, n_columns, intercept)
    n = sum(block.n_rows for block in blocks)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        gram = _gram(blocks)
        squares = gram.diagonal()[positions] / n
        mean = gram[0, positions] / n if intercept else np.zeros(len(positions))
        # The usual case needs that one product: root mean squares that leave no doubt about largest values.
        # Variances cancel for shifted columns, which is how they show.
        usual = (
            (squares > SMALLEST_SCALE**2)
            & (squares < LARGEST_SCALE**2 / n)
            & (mean**2 <= SHIFT_LIMIT**2 * (squares - mean**2))
        )
    if usual.all():
        return plain, _suspects(_centred_correlation(gram, intercept))
    tables = [block.matrix.numbers() for block in blocks]
    largest = largest_sizes(blocks)[positions]
    unit = np.where(largest > 0, largest, 1.0)
    hopeless = (unit < SMALLEST_SQUARED) | (unit > LARGEST_SQUARED)
    if hopeless.any():
        raise ColumnScaleError(int(positions[int(np.argmax(hopeless))]))
    odd_scale = (unit < SMALLEST_SCALE) | (unit > LARGEST_SCALE)
    # Scaled sums: plain sums of squares of 1e300 would overflow.
    mean = sum((table / unit[:, np.newaxis]).sum(axis=1) for table in tables) / n * unit
    squares = sum(
        (((table - mean[:, np.newaxis]) / unit[:, np.newaxis]) ** 2).sum(axis=1) for table in tables
    )
    spread = np.sqrt(squares / n) * unit
    spread = np.where(spread > 0, spread, unit)
    shifted = (np.abs(mean) > SHIFT_LIMIT * spread) & intercept
    coordinates = plain
    if odd_scale.any() or shifted.any():
        coordinates = Coordinates(
            positions=positions,
            centre=mean if intercept else np.zeros_like(mean),
            mixing=np.diag(1.0 / (spread if intercept else unit)),
            n_columns=n_columns,
            intercept=intercept,
            trivial=False,
        )
        gram = _gram([coordinates.recast(block) for block in blocks])
    return coordinates, _suspects(_centred_correlation(gram, intercept))


def largest_sizes(blocks: Sequence[DesignBlock]) -> FloatArray:
    """Return the largest absolute value of each design column (p,), 1 for intercept and indicators."""
    sizes = np.ones(blocks[0].matrix.shape[1])
    tables = [block.matrix.numbers() for block in blocks]
    # Not of absolute values: they would be a second table.
    largest = [np.maximum(t.max(axis=1, initial=0.0), -t.min(axis=1, initial=0.0)) for t in tables]
    sizes[blocks[0].matrix.number_positions()] = np.max(largest, axis=0)
    return sizes


def orthogonalised(
    coordinates: Coordinates, blocks: Sequence[DesignBlock], aliased: Sequence[int], *, intercept: bool
) -> Coordinates:
    """Return coordinates in which the numeric columns that are not aliased are nearly orthonormal on a
    sample.

    Cholesky QR applied twice: the first round leaves a condition number of about the square root, the
    second one near 1 (Fukaya et al. 2014).
    """
    numeric = coordinates.positions
    kept = np.array([k for k, column in enumerate(numeric) if column not in set(aliased)], dtype=np.intp)
    n = sum(block.n_rows for block in blocks)
    for _ in range(2):
        recast = [coordinates.recast(block) for block in blocks]
        mean = (
            sum(b.matrix.numbers().sum(axis=1) for b in recast) / n if intercept else np.zeros(len(numeric))
        )
        centred = [b.matrix.numbers() - np.asarray(mean)[:, np.newaxis] for b in recast]
        gram = np.asarray(sum(c @ c.T for c in centred))[np.ix_(kept, kept)] / n
        scale = 1.0 / np.sqrt(np.diagonal(gram))
        correlation = gram * scale[:, np.newaxis] * scale
        # A shift of rounding size keeps the factor real; the second round removes what it distorts.
        correlation[np.diag_indices_from(correlation)] += len(kept) * 4 * np.finfo(float).eps
        factor = np.linalg.cholesky(correlation)
        step = np.eye(len(numeric))
        inverse = solve_triangular(factor, np.eye(len(kept)), lower=True).T
        step[np.ix_(kept, kept)] = scale[:, np.newaxis] * inverse
        # column -> step' (mixing' (x - centre) - mean): the new centre absorbs the mean.
        centre = coordinates.centre + np.linalg.solve(coordinates.mixing.T, np.asarray(mean))
        coordinates = Coordinates(
            positions=numeric,
            centre=centre,
            mixing=coordinates.mixing @ step,
            n_columns=coordinates.n_columns,
            intercept=intercept,
            trivial=False,
        )
    return coordinates


def find_aliases(
    blocks: Sequence[DesignBlock], *, raw: FloatArray, intercept: bool
) -> tuple[list[Alias], bool]:
    """Find the columns that the ones before them determine, in the design's order.

    The triangular factor R of the rows has the geometry of the columns with all their digits, where sums of
    squares have half. Of very many rows it is made of some: what they leave of a column all rows leave too,
    and only the others are judged by sums over all.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows, in working coordinates.
    raw : (p,) array
        Largest absolute value of each column before anything was subtracted from it, in working units.
    intercept : bool
        Whether design column 0 is the intercept.

    Returns
    -------
    aliases : list of Alias
        In working coordinates, with the combination of earlier columns.
    near : bool
        Whether some column is not an alias but close to one.
    """
    n, p = sum(block.n_rows for block in blocks), blocks[0].matrix.shape[1]
    step = max(1, n // max(2 * p, int(TRIANGULAR_WORK) // p**2))
    columns = _triangular_factor(
        blocks if step == 1 else [block.take(np.arange(0, block.n_rows, step)) for block in blocks]
    )
    own = np.linalg.norm(columns, axis=0)
    spread = np.linalg.norm(columns[1:], axis=0) if intercept else own
    noise = np.finfo(float).eps * raw * np.sqrt(sum(len(range(0, block.n_rows, step)) for block in blocks))
    basis = np.zeros((len(columns), 0))
    kept: list[int] = []
    aliases: list[Alias] = []
    near = False
    for j in range(p):
        rest = columns[:, j].copy()
        for _ in range(2):  # twice is enough (Giraud, Langou and Rozloznik 2005)
            rest -= basis @ (basis.T @ rest)
        left = float(np.linalg.norm(rest))
        close = left <= np.sqrt(SUSPECT_SHARE) * spread[j]
        within = max(ALIAS_TOLERANCE * spread[j], ROUNDING * own[j], noise[j] if close else 0.0)
        dependent = left <= within or len(kept) == len(columns)
        combination = None
        if dependent and step == 1:
            combination = _combination(columns[:, kept], columns[:, j])
        elif dependent:
            combination = _combination_of_all(blocks, kept, j, intercept=intercept)
        if combination is None:
            near = near or bool(close)
            basis = np.column_stack([basis, rest / left])
            kept.append(j)
        else:
            shares = zip(kept, combination, strict=True)
            terms = tuple((k, float(share)) for k, share in shares if abs(share) > NO_SHARE)
            aliases.append(Alias(column=j, combination=terms))
    return aliases, near


def _triangular_factor(blocks: Sequence[DesignBlock]) -> FloatArray:
    """Return R (min(n, p), p) of the QR decomposition of all rows, a few thousand at a time."""
    factor = np.zeros((0, blocks[0].matrix.shape[1]))
    for block in blocks:
        for start in range(0, block.n_rows, FACTORED_ROWS):
            rows = block.rows(start, min(start + FACTORED_ROWS, block.n_rows)).matrix.to_array().T
            factor = np.asarray(np.linalg.qr(np.vstack([factor, rows]), mode="r"))
    return factor


def _combination(before: FloatArray, column: FloatArray) -> FloatArray:
    """Return the shares of earlier columns that make up a column."""
    scale = 1.0 / np.linalg.norm(before, axis=0)
    result: FloatArray = scale * np.linalg.lstsq(before * scale, column)[0]
    return result


def _combination_of_all(
    blocks: Sequence[DesignBlock], before: Sequence[int], j: int, *, intercept: bool
) -> FloatArray | None:
    """Return the shares of earlier columns that make up column j in all rows, None if none do.

    Least squares by normal equations with two rounds of refinement from the residuals themselves.
    """
    gram = _gram(blocks)
    vector = np.zeros((1, len(gram)))
    vector[0, j] = 1.0
    own = np.sqrt(gram[j, j])
    scale = 1.0 / np.sqrt(np.diagonal(gram)[before])
    system = gram[np.ix_(before, before)] * scale[:, np.newaxis] * scale
    residual_norm = own
    for _ in range(3):
        right = np.zeros(len(gram))
        squares = 0.0
        for block in blocks:
            residual = block.matrix.matvec(vector)
            squares += float(residual[0] @ residual[0])
            right += block.matrix.transpose_matvec(residual)[0]
        residual_norm = np.sqrt(squares)
        if len(before) == 0:
            break
        vector[0, before] -= scale * np.linalg.lstsq(system, scale * right[before], rcond=None)[0]
    spread = np.sqrt(max(gram[j, j] - gram[0, j] ** 2 / gram[0, 0], 0.0)) if intercept and j else own
    if residual_norm > max(ALIAS_TOLERANCE * spread, ROUNDING * own):
        return None
    combination: FloatArray = -vector[0, before]
    return combination
