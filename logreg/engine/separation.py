"""Separation: is there a finite maximum of the likelihood, and if not, what is its limit?

Certificate. The logistic loss is self-concordant in the sense of Bach (2010, Electronic Journal of Statistics
4, prop. 2): a finite maximum exists if the Newton decrement at some point is small against the curvature
there, ``lambda * R <= 1/2`` with ``R = max ||x_i||`` in the metric of the inverse information. Since the
information contains ``w_i x_i x_i'``, R is at most ``1 / sqrt(min w_i)``, and the smallest weight is known
from the largest logit. A converged fit without extreme logits is thereby certified at no cost; on separated
data the product cannot fall below a constant, because decrement and weights vanish together.

Programme. Where the certificate fails, a linear programme decides (Konis 2007; multinomial form after Albert
and Anderson 1984). A direction b separates if ``a'b >= 0`` for all ``a = x_i (e_y - e_j)``, j being the
classes other than the one observed, and some are strict. The programme finds the direction that makes as many
strict as can be: none if the data overlap, all if the separation is complete. Coordinates with b != 0 have
infinite estimates.

Limit. Along the direction b, rows with a'b > 0 are fitted perfectly. What remains is the likelihood with
logits ``x'(beta + t b)``, t large, whose other coefficients are finite and keep their errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from logreg.engine.newton import Ascent, climb
from logreg.engine.types import DesignBlock, FloatArray, Objective, SeparationKind

__all__ = ["LimitFit", "Verdict", "certified_finite", "find_separation", "fit_limit"]

#: Cells of the constraint matrix up to which the programme is run.
LARGEST_PROGRAMME = 4_000_000
#: Rows the programme starts from, and adds at a time.
ROWS_AT_A_TIME = 1500
#: Rounds of adding rows before the verdict is left open.
MOST_ROUNDS = 12
#: Margins above this are strict, below minus this violated; in between lies the programme's tolerance.
MOVED = 1e-6
#: Eigenvalues of a Gram matrix below this share of the largest are rounding.
RANK_SHARE = 1e-13
#: Feasibility tolerances of the programme (HiGHS's tightest is 1e-10), tried in turn: with a tight one the
#: solver now and then gives up on a programme that it solves with its own.
FEASIBILITIES = (1e-9, 1e-7)
#: Bound on the direction's elements, with columns scaled to 1 and strict margins of 1.
LONGEST = 1e7
#: Elements of the direction and margins below this are zero: columns are scaled to 1, and directions are at
#: most 1.
ZERO = 1e-7
#: Margin of a strict constraint, by the bounds of the programme.
STRICT = 1.0
#: Margins are rounded to so many digits.
TIE_DIGITS = 6
#: Logit that stands for infinity: e^-1000 is exactly 0.
INFINITE_LOGIT = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the outcome is separated; ``direction`` (m, p) on the design's scale is 0 where estimates are
    finite.

    ``rows`` counts the rows fitted perfectly in the limit.
    """

    kind: SeparationKind
    direction: FloatArray | None = None
    rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFit:
    """The limit of the fit along the direction of separation; ``free`` coefficients are determined there."""

    ascent: Ascent
    free: NDArray[np.intp]
    blocks: tuple[DesignBlock, ...]


def certified_finite(decrement: float, smallest_weight: float) -> bool:
    """Whether half the squared decrement and the smallest row weight prove a finite maximum (Bach 2010, prop.
    2).

    The constant is halved once more, which covers the softmax with room to spare.
    """
    return smallest_weight > 0 and bool(np.sqrt(2.0 * decrement) <= 0.25 * np.sqrt(smallest_weight))


def find_separation(blocks: Sequence[DesignBlock], kept: NDArray[np.intp]) -> Verdict:
    """Decide by linear programming on the distinct rows whether the outcome is separated.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows used.
    kept : (k,) array of int
        Design columns that are not aliased.
    """
    m = blocks[0].n_outcomes - 1
    n_columns = blocks[0].matrix.shape[1]
    if sum(block.n_rows for block in blocks) * len(kept) > LARGEST_PROGRAMME * 4:
        return Verdict(kind="not checked")
    rows, observed = _distinct_rows(blocks, kept)
    scale = np.abs(rows).max(axis=0)
    scale[scale == 0] = 1.0
    constraints = _constraints(rows / scale, observed, m + 1)
    if constraints.size > LARGEST_PROGRAMME:
        return Verdict(kind="not checked")
    strict = _strict_rows(constraints)
    if strict is None:
        return Verdict(kind="not checked")
    if not strict.any():
        return Verdict(kind="none")
    b = _shortest(constraints[strict], constraints[~strict])
    if b is None:
        return Verdict(kind="not checked")
    complete = bool(strict.all())
    direction = np.zeros((m, n_columns))
    direction[:, kept] = b.reshape(m, len(kept)) / scale
    perfect = 0
    for block in blocks:
        perfect += int(np.count_nonzero(_block_margins(block, direction).min(axis=0) > 0.5 * STRICT))
    return Verdict(kind="complete" if complete else "quasi-complete", direction=direction, rows=perfect)


def _strict_rows(constraints: FloatArray) -> NDArray[np.bool_] | None:
    """Return which rows some separating direction makes strict; None if the programme fails or takes too
    long.

    What one direction leaves at margin 0 may still be separated by another, so the search goes on among those
    rows: two directions add up to one that is strict on both their rows.
    """
    open_rows = np.arange(len(constraints))
    while len(open_rows):
        b = _separating_direction(constraints[open_rows])
        if b is None:
            return None
        moved = constraints[open_rows] @ b > MOVED
        if not moved.any():
            break
        open_rows = open_rows[~moved]
    strict = np.ones(len(constraints), dtype=bool)
    strict[open_rows] = False
    return strict


def _separating_direction(constraints: FloatArray) -> FloatArray | None:
    """Return a direction that no row objects to and some rows profit from, 0 if there is none, None without
    an answer.

    A programme over a few thousand rows is enough: rows that overlap and span what all span prove overlap for
    all, and a direction found on some rows is held against all; rows that object are added.
    """
    n, size = constraints.shape
    working = np.unique(np.linspace(0, n - 1, min(n, ROWS_AT_A_TIME)).astype(np.intp))
    for _ in range(MOST_ROUNDS):
        chosen = constraints[working]
        strict = _strict_somewhere(chosen)
        if strict is None:
            return None
        if strict.any():
            b = _shortest(chosen[strict], chosen[~strict])
            if b is None:
                return None
            margins = constraints @ b
            if margins.min() >= -MOVED:
                return b
            worst = np.argsort(margins, kind="stable")
        elif len(working) == n or len(_row_space(chosen)) == len(_row_space(constraints)):
            return np.zeros(size)
        else:
            worst = np.setdiff1d(np.arange(n), working)
        working = np.union1d(working, worst[:ROWS_AT_A_TIME])
    return None


def _row_space(rows: FloatArray) -> FloatArray:
    """Return an orthonormal basis of what the rows span, (rank, size)."""
    values, vectors = np.linalg.eigh(rows.T @ rows)
    basis: FloatArray = (
        vectors[:, values > RANK_SHARE * max(float(values[-1]), 0.0)].T if len(rows) else vectors[:0]
    )
    return basis


def _strict_somewhere(constraints: FloatArray) -> NDArray[np.bool_] | None:
    """Return which constraints some separating direction makes strict, None if the programme fails.

    Maximise the sum of u with ``u_i <= a'b`` and ``0 <= u_i <= 1``. Directions can be added up and stretched,
    so one optimum has u_i = 1 wherever any direction moves row i, and u_i = 0 elsewhere.
    """
    from scipy import sparse

    n, size = constraints.shape
    found = _solved(
        np.concatenate([np.zeros(size), -np.ones(n)]),
        A_ub=sparse.csc_array(sparse.hstack([sparse.csr_array(-constraints), sparse.eye_array(n)])),
        b_ub=np.zeros(n),
        bounds=[(-LONGEST, LONGEST)] * size + [(0.0, STRICT)] * n,
    )
    if found is None:
        return None
    strict: NDArray[np.bool_] = found[size:] > 0.5 * STRICT
    return strict


def _solved(cost: FloatArray, **programme: object) -> FloatArray | None:
    """Return the solution of a linear programme by HiGHS, None if no attempt comes to an end."""
    # Most fits are certified without the programme and need not wait for its package.
    from scipy.optimize import linprog

    for method in ("highs", "highs-ipm"):
        for tolerance in FEASIBILITIES:
            # The stubs do not know that sparse constraints are accepted.
            answer = linprog(  # type: ignore[call-overload]
                cost,
                **programme,
                method=method,
                options={
                    "primal_feasibility_tolerance": tolerance,
                    "dual_feasibility_tolerance": tolerance,
                },
            )
            if answer.status == 0:
                return np.asarray(answer.x, dtype=np.float64)
    return None


def _shortest(strict: FloatArray, still: FloatArray) -> FloatArray | None:
    """Return the direction with the smallest sum of absolute elements: margin `STRICT` on some rows, 0 on
    others.

    It names as few coefficients as can be, and its elements are no larger than the margins need.
    """
    size = strict.shape[1]
    basis = _row_space(still)
    working = np.unique(np.linspace(0, len(strict) - 1, min(len(strict), ROWS_AT_A_TIME)).astype(np.intp))
    for _ in range(MOST_ROUNDS):
        chosen = strict[working]
        found = _solved(
            np.ones(2 * size),
            A_ub=-np.hstack([chosen, -chosen]),
            b_ub=np.full(len(chosen), -STRICT),
            A_eq=np.hstack([basis, -basis]) if len(basis) else None,
            b_eq=np.zeros(len(basis)) if len(basis) else None,
            bounds=(0.0, None),
        )
        if found is None:
            return None
        b = found[:size] - found[size:]
        margins = strict @ b
        if margins.min() >= 0.99 * STRICT:
            return np.where(np.abs(b) > ZERO * np.abs(b).max(), b, 0.0)
        working = np.union1d(working, np.argsort(margins, kind="stable")[:ROWS_AT_A_TIME])
    return None


def _distinct_rows(
    blocks: Sequence[DesignBlock], kept: NDArray[np.intp]
) -> tuple[FloatArray, NDArray[np.intp]]:
    """Return distinct (row, observed class) pairs; a row of counts is seen once per class that occurred."""
    found = []
    for block in blocks:
        x = block.matrix.to_array()[kept]
        if block.codes is not None:
            found.append(np.vstack([x, block.codes]))
            continue
        assert block.counts is not None
        for k, count in enumerate(block.counts):
            rows = x[:, count > 0]
            found.append(np.vstack([rows, np.full(rows.shape[1], float(k))]))
    table = np.unique(np.hstack(found).T, axis=0)
    return table[:, :-1], table[:, -1].astype(np.intp)


def _constraints(rows: FloatArray, observed: NDArray[np.intp], classes: int) -> FloatArray:
    """Return one constraint a (m k,) per distinct row and class other than the observed one."""
    k = rows.shape[1]
    parts = []
    for other in range(classes):
        here = observed != other
        a = np.zeros((int(here.sum()), classes, k))
        index = np.arange(len(a))
        a[index, observed[here]] += rows[here]
        a[index, other] -= rows[here]
        parts.append(a[:, 1:].reshape(len(a), (classes - 1) * k))
    return np.vstack(parts)


def _block_margins(block: DesignBlock, direction: FloatArray) -> FloatArray:
    """Return how far the direction moves the observed class away from each other one, (K - 1, n); binary: one
    row.
    """
    moved = np.vstack([np.zeros((1, block.n_rows)), block.matrix.matvec(direction)])
    if block.codes is not None:
        own = np.take_along_axis(moved, block.codes.astype(np.intp)[np.newaxis], axis=0)
        margins = own - moved
        margins[block.codes.astype(np.intp), np.arange(block.n_rows)] = np.inf
    else:
        assert block.counts is not None
        occurred = block.counts > 0
        lowest = np.where(occurred, moved, np.inf).min(axis=0)
        margins = np.where(occurred, np.where(occurred.sum(axis=0) > 1, -np.inf, np.inf), lowest - moved)
    return margins


def fit_limit(
    blocks: Sequence[DesignBlock],
    evaluator: Callable[[Sequence[DesignBlock]], Objective],
    direction: FloatArray,
    kept: NDArray[np.intp],
    max_iterations: int,
) -> LimitFit:
    """Fit what remains of the model when it is moved infinitely far along the direction of separation.

    Coefficients the limit does not determine are held at 0, those with an infinite estimate first.
    """
    m, n_columns = direction.shape
    limit = [_moved_far(block, direction) for block in blocks]
    objective = evaluator(limit)
    coef = np.zeros((m, n_columns))
    information = objective(coef, 2).information
    assert information is not None
    candidates = (np.arange(m)[:, np.newaxis] * n_columns + kept).ravel()
    # Finite coefficients come first, so that what has to be held is one with an infinite estimate.
    finite = direction.ravel()[candidates] == 0
    order = np.concatenate([candidates[finite], candidates[~finite]])
    free = np.sort(_independent(information, order))
    ascent = climb(objective, Ascent(coef=coef), free, max_iterations=max_iterations)
    return LimitFit(ascent=ascent, free=free, blocks=tuple(limit))


def _moved_far(block: DesignBlock, direction: FloatArray) -> DesignBlock:
    # Margins of the observed class are 0 or at least STRICT; rounding makes those that are 0 up to the
    # programme's tolerance exactly so.
    offset = np.round(block.matrix.matvec(direction), TIE_DIGITS) * (INFINITE_LOGIT / STRICT)
    return DesignBlock(
        matrix=block.matrix,
        n_outcomes=block.n_outcomes,
        codes=block.codes,
        counts=block.counts,
        weights=block.weights,
        offset=offset if block.offset is None else block.offset + offset,
    )


def _independent(information: FloatArray, order: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the coefficients that the information determines, preferring those that come first."""
    inner = information[np.ix_(order, order)]
    diagonal = np.diagonal(inner).copy()
    alive = diagonal > 0
    scale = np.where(alive, 1.0 / np.sqrt(np.where(alive, diagonal, 1.0)), 0.0)
    remaining = inner * scale[:, np.newaxis] * scale
    chosen = []
    for j in range(len(order)):
        pivot = remaining[j, j]
        if pivot <= 1e-9:
            continue
        chosen.append(j)
        row = remaining[j, j + 1 :] / np.sqrt(pivot)
        remaining[j + 1 :, j + 1 :] -= np.outer(row, row)
    return order[np.array(chosen, dtype=np.intp)]
