"""What the end of a climb proves about separation, by a few sums over rows.

A constraint ``a = x_i (e_y - e_j)`` belongs to every observed outcome y of a row and every other outcome j; b
separates if ``a'b >= 0`` for all of them and some are strict (`logreg.engine.programme`). At the end of a
climb ``lambda_a``, the weight of y times the probability of j, tells two kinds apart: those that *hold* the
coefficients, with ``lambda_a`` of ordinary size, and those fitted so well that they may be strict.

Overlap. No b makes any of a set of constraints strict, if and only if ``sum mu_a a = 0`` with all
``mu_a > 0`` (Stiemke 1915). The score of the holding constraints, ``s = sum lambda_a a``, is nearly 0. What
is left of it is taken away by ``mu_a = lambda_a (1 - a'd)`` with ``d = G^+ s`` and ``G = sum lambda_a a a'``.
Since ``(a'd)^2 <= a'G^+a s'G^+s <= s'G^+s / lambda_a``, all are positive if

    s'G^+ s < min lambda_a.                                                                              (1)

If the holding constraints span all directions, there is no separation, whatever the others are.

Separation. Otherwise b must leave them at 0, and the end of the climb has gone far in such a direction: its
part that is orthogonal to them. If that leaves every constraint either far in front or at 0, and those at 0
span no more than the holding ones, it makes as many strict as can be. All this is held against every row;
where it does not hold, nothing is said, and the linear programme decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from logreg.engine.conditioning import largest_sizes
from logreg.engine.kernel import ROWS_PER_STEP, outcome_weights, outer_sum, row_probabilities
from logreg.engine.programme import MOST_ROUNDS, STRICT, shortest_within, without_rounding
from logreg.engine.types import DesignBlock, FloatArray
from logreg.threads import one_blas_thread, sum_in_threads

__all__ = ["Divergence", "find_divergence", "is_held"]

BoolArray = NDArray[np.bool_]

#: Constraints with a lambda of at least this hold the coefficients: their logits are within 14 of each other.
#: Under separation a climb goes on to logits of 25 and more before its decrement is small enough.
HOLDING = 1e-6
#: Where what is separated has been taken far out, whatever is left may hold: logits within 27 of each other.
HARDLY_HOLDING = 1e-12
#: The two sides of (1) are kept this factor apart, in square roots; on separated data they never are.
SAFE = 0.5
#: Rounding of sums over rows, relative to the sum of absolute values: for a million rows, with room to spare.
SUM_ROUNDING = 1e-13
#: Shares of the largest eigenvalue of a Gram matrix above which a direction counts, and below which it does
#: not. In between nothing is said.
SURELY, HARDLY = 1e-9, 1e-12
#: Margins, in logits, from which a constraint is far in front, and up to which it is at 0.
FAR, STILL = 1.0, 1e-4
#: Hardest constraints that the search for the shortest direction starts from, and adds at a time.
HARDEST = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Divergence:
    """What was proved: ``direction`` (m, p) makes every constraint strict that can be, by `STRICT` or more;
    None if there is none. ``complete`` says that these are all.
    """

    direction: FloatArray | None
    complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Held:
    """Sums over the constraints that hold, (m k,) and (m k, m k), the smallest lambda and the sum of all."""

    score: FloatArray
    gram: FloatArray
    least: float
    total: float

    def __add__(self, other: _Held) -> _Held:
        return _Held(
            score=self.score + other.score,
            gram=self.gram + other.gram,
            least=min(self.least, other.least),
            total=self.total + other.total,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """All rows a few thousand at a time, with the coefficients that count and the unit of each."""

    pieces: Sequence[DesignBlock]
    kept: NDArray[np.intp]
    unit: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        """(m, p) of coefficients."""
        return self.pieces[0].n_outcomes - 1, self.pieces[0].matrix.shape[1]

    def scaled(self, coef: FloatArray) -> FloatArray:
        """Return coefficients (m, p) as those (m k,) of columns whose largest value is 1."""
        return coef[:, self.kept].ravel() * self.unit

    def coef(self, scaled: FloatArray) -> FloatArray:
        """Return the opposite of `scaled`, 0 for columns that do not count."""
        result = np.zeros(self.shape)
        result[:, self.kept] = (scaled / self.unit).reshape(len(result), -1)
        return result

    def margins(self, directions: Sequence[FloatArray]) -> Iterator[tuple[DesignBlock, list[FloatArray]]]:
        """Yield each piece with the margins (K, K, n) of its constraints [y, j] under directions (m k,); NaN
        where there is no such constraint.
        """
        for piece in self.pieces:
            missing = ~_constrained(piece)
            found = []
            for direction in directions:
                moved = np.vstack([np.zeros((1, piece.n_rows)), piece.matrix.matvec(self.coef(direction))])
                margin = moved[:, np.newaxis] - moved
                margin[missing] = np.nan
                found.append(margin)
            yield piece, found

    def gram(self, piece: DesignBlock, values: FloatArray) -> FloatArray:
        """Return the sum of ``value a a'`` over the constraints of a piece, values (K, K, n), or (n,) where
        each row has one.
        """
        if values.ndim == 1:
            moments = values[np.newaxis, np.newaxis]
        else:
            every = -(values + values.swapaxes(0, 1))
            own = np.arange(len(values))
            every[own, own] += values.sum(axis=0) + values.sum(axis=1)
            moments = every[1:, 1:]
        free = (np.arange(self.shape[0])[:, np.newaxis] * self.shape[1] + self.kept).ravel()
        result: FloatArray = outer_sum(piece.matrix, moments)[np.ix_(free, free)]
        return result / np.outer(self.unit, self.unit)

    def constraints(self, piece: DesignBlock, chosen: BoolArray) -> FloatArray:
        """Return the constraints (c, m k) that are chosen among those (K, K, n) of a piece."""
        observed, other, row = np.nonzero(chosen)
        x = piece.matrix.to_array()[np.ix_(self.kept, row)].T
        result = np.zeros((len(row), piece.n_outcomes, len(self.kept)))
        index = np.arange(len(row))
        result[index, observed] += x
        result[index, other] -= x
        flat: FloatArray = result[:, 1:].reshape(len(row), -1)
        return flat / self.unit


def find_divergence(
    blocks: Sequence[DesignBlock], kept: NDArray[np.intp], coef: FloatArray
) -> Divergence | None:
    """Return what the end of a climb proves about separation, None if it proves nothing.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows used.
    kept : (k,) array of int
        Design columns that are not aliased.
    coef : (m, p) array
        Where the climb on the log-likelihood ended, on the logit scale: near a maximum, or far out.
    """
    rows = _all_rows(blocks, kept)
    held = _held(rows, coef)
    spaces = _spaces(held.gram)
    if spaces is None or len(spaces[1]):
        # Lambdas of very different size blur what is spanned.
        spaces = _spaces(_spanned(rows, coef))
    if spaces is None or not _overlap(held, spaces[0]):
        return None
    spanned, open_space = spaces
    if not len(open_space):
        return Divergence(direction=None)
    return _separation(rows, spanned, open_space, rows.scaled(coef) @ open_space.T @ open_space)


def is_held(
    blocks: Sequence[DesignBlock], kept: NDArray[np.intp], coef: FloatArray, free: NDArray[np.intp]
) -> bool:
    """Whether the constraints that hold span the coefficients ``free``, and (1) proves that none is strict.

    Then these coefficients have a finite maximum, the others being what they are.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows, with offsets that take those fitted perfectly far out.
    kept : (k,) array of int
        Design columns that are not aliased.
    coef : (m, p) array
        Where a climb ended.
    free : (f,) array of int
        Positions in the flattened (m p,) vector.
    """
    rows = _all_rows(blocks, kept)
    chosen = np.searchsorted((np.arange(len(coef))[:, np.newaxis] * coef.shape[1] + kept).ravel(), free)
    return not len(free) or any(
        _is_held(_held(rows, coef, least), chosen) for least in (HOLDING, HARDLY_HOLDING)
    )


def _is_held(held: _Held, chosen: NDArray[np.intp]) -> bool:
    gram = held.gram[np.ix_(chosen, chosen)]
    size = np.sqrt(np.diagonal(gram))
    if not size.all():
        return False
    gram = gram / np.outer(size, size)
    values = np.linalg.eigvalsh(gram)
    if values[0] <= SURELY * values[-1]:
        return False
    return _overlap(replace(held, score=held.score[chosen] / size, gram=gram), np.eye(len(chosen)))


def _all_rows(blocks: Sequence[DesignBlock], kept: NDArray[np.intp]) -> _Rows:
    sizes = largest_sizes(blocks)[kept]
    sizes[sizes == 0] = 1.0
    return _Rows(
        pieces=[
            block.rows(start, min(start + ROWS_PER_STEP, block.n_rows))
            for block in blocks
            for start in range(0, block.n_rows, ROWS_PER_STEP)
        ],
        kept=kept,
        unit=np.tile(sizes, blocks[0].n_outcomes - 1),
    )


def _constrained(piece: DesignBlock) -> BoolArray:
    """Return which constraints [y, j] there are (K, K, n): y was observed, and j is another outcome."""
    occurred = outcome_weights(piece) > 0
    other: BoolArray = ~np.eye(len(occurred), dtype=bool)
    return occurred[:, np.newaxis] & other[..., np.newaxis]


def _lambdas(piece: DesignBlock, coef: FloatArray, least: float = HOLDING) -> FloatArray:
    """Return lambda of the constraints that hold (K, K, n), 0 for those with less than the ``least``.

    For two outcomes one of which each row has, which is most of what there is, the shape is (n,).
    """
    logits = piece.matrix.matvec(coef)
    if piece.offset is not None:
        logits += piece.offset
    if piece.codes is not None and piece.n_outcomes == 2:
        # 1 / (1 + e^s) with s the logit of what happened; where e^s overflows, it holds nothing.
        missed: FloatArray = np.where(piece.codes, logits[0], -logits[0])
        with np.errstate(over="ignore"):
            np.exp(missed, out=missed)
        missed += 1.0
        np.reciprocal(missed, out=missed)
        if piece.weights is not None:
            missed *= piece.weights
        if missed.min(initial=np.inf) < least:
            missed[missed < least] = 0.0
        return missed
    probabilities, _, _ = row_probabilities(logits)
    result = outcome_weights(piece)[:, np.newaxis] * probabilities
    own = np.arange(len(result))
    result[own, own] = 0.0
    result[result < least] = 0.0
    return result


def _held(rows: _Rows, coef: FloatArray, holding: float = HOLDING) -> _Held:
    """Sum over the constraints that hold."""

    def of_piece(piece: DesignBlock) -> _Held:
        value = _lambdas(piece, coef, holding)
        if value.ndim == 1:
            assert piece.codes is not None
            net = np.where(piece.codes, value, -value)[np.newaxis]
        else:
            net = (value.sum(axis=1) - value.sum(axis=0))[1:]
        lowest = float(value.min(initial=np.inf))
        if not lowest > 0:
            lowest = float(value.min(initial=np.inf, where=value > 0))
        return _Held(
            score=piece.matrix.transpose_matvec(net)[:, rows.kept].ravel() / rows.unit,
            gram=rows.gram(piece, value),
            least=lowest,
            total=float(value.sum()),
        )

    with one_blas_thread():
        return sum_in_threads(of_piece, rows.pieces)


def _spanned(rows: _Rows, coef: FloatArray) -> FloatArray:
    """Return the Gram matrix of the constraints that hold."""
    with one_blas_thread():
        return sum_in_threads(
            lambda piece: rows.gram(piece, (_lambdas(piece, coef) > 0).astype(np.float64)), rows.pieces
        )


def _spaces(gram: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Return orthonormal bases of what a Gram matrix spans and of the rest, None if that is not clear."""
    values, vectors = np.linalg.eigh(gram)
    largest = max(float(values[-1]), np.finfo(float).tiny)
    inside, outside = values > SURELY * largest, values <= HARDLY * largest
    if not (inside | outside).all():
        return None
    return vectors[:, inside].T, vectors[:, outside].T


def _overlap(held: _Held, spanned: FloatArray) -> bool:
    """Whether (1) proves that none of the constraints that hold can be made strict."""
    if not len(spanned):
        return True
    values, vectors = np.linalg.eigh(spanned @ held.gram @ spanned.T)
    if values[0] <= 0:
        return False
    remaining = (spanned @ held.score) @ vectors
    # By Cauchy's inequality, element j of the sum of absolute values is at most the root of total gram_jj.
    rounding = SUM_ROUNDING * np.sqrt(held.total * np.trace(held.gram) / values[0])
    return bool(np.sqrt((remaining**2 / values).sum()) + rounding <= SAFE * np.sqrt(held.least))


def _separation(
    rows: _Rows, spanned: FloatArray, open_space: FloatArray, outward: FloatArray
) -> Divergence | None:
    """Hold a direction (m k,), which leaves the holding constraints at 0, against all; return the shortest
    one that does the same, None if it does not separate, or may not do so as far as can be.
    """
    still_gram = np.zeros((len(outward), len(outward)))
    least, complete = np.inf, True
    for piece, (margin,) in rows.margins([outward]):
        strict, still = margin >= FAR, np.abs(margin) <= STILL
        if not (strict | still | np.isnan(margin)).all():
            return None
        least = min(least, float(margin.min(initial=np.inf, where=strict)))
        if still.any():
            complete = False
            still_gram += rows.gram(piece, still.astype(np.float64))
    if not least < np.inf:
        return None
    if not complete:
        spaces = _spaces(still_gram)
        if spaces is None or len(spaces[0]) != len(spanned):
            return None
    if len(open_space) == 1:
        # There is one such direction only.
        b: FloatArray | None = without_rounding(outward * (STRICT / least), spanned)
    else:
        b = _shortest(rows, spanned, outward)
    return None if b is None else Divergence(direction=rows.coef(b), complete=complete)


def _shortest(rows: _Rows, still: FloatArray, outward: FloatArray) -> FloatArray | None:
    """Return the shortest direction with margins of `STRICT` where ``outward`` has them far in front, and 0
    along ``still``; None if no programme finds it.

    A few hundred constraints are enough to begin with: those with the smallest margins, which are added as
    long as some are violated.
    """
    b, working = outward, np.empty((0, len(outward)))
    for _ in range(MOST_ROUNDS):
        hardest, least = _hardest(rows, outward, b)
        if len(working) and least >= 0.99 * STRICT:
            return b
        working = np.vstack([working, hardest])
        found = shortest_within(working, still)
        if found is None:
            return None
        b = found
    return None


def _hardest(rows: _Rows, outward: FloatArray, b: FloatArray) -> tuple[FloatArray, float]:
    """Return the strict constraints (c, m k) with the smallest margins under b, and the smallest margin."""
    constraints, margins = np.empty((0, len(b))), np.empty(0)
    limit = np.inf
    for piece, (front, margin) in rows.margins([outward, b]):
        chosen = (front >= FAR) & (margin < limit)
        found = margin[chosen]
        if not len(found):
            continue
        if len(found) > HARDEST:
            chosen &= margin <= np.partition(found, HARDEST - 1)[HARDEST - 1]
            found = margin[chosen]
        margins = np.concatenate([margins, found])
        constraints = np.vstack([constraints, rows.constraints(piece, chosen)])
        if len(margins) > HARDEST:
            best = np.argsort(margins, kind="stable")[:HARDEST]
            constraints, margins = constraints[best], margins[best]
            limit = float(margins[-1])
    return constraints, float(margins.min(initial=np.inf))
