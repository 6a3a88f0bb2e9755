"""Linear programmes over rows that object: directions in which a likelihood never falls.

A direction b separates if ``a'b >= 0`` for all ``a = x_i (e_y - e_j)``, j being the classes other than the
one observed, and some are strict (Konis 2007; multinomial form after Albert and Anderson 1984).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from logreg.engine.types import DesignBlock, FloatArray
from logreg.whole_imports import load_whole

__all__ = [
    "MOST_ROUNDS",
    "MOVED",
    "STRICT",
    "constraints_of",
    "distinct_rows",
    "null_space",
    "row_space",
    "shortest",
    "shortest_within",
    "strict_rows",
    "without_rounding",
]

#: Rows the programme starts from, and adds at a time.
ROWS_AT_A_TIME = 1500
#: Rounds of adding rows before the verdict is left open.
MOST_ROUNDS = 12
#: Margins above this are strict, below minus this violated; in between lies the programme's tolerance.
MOVED = 1e-6
#: Singular values below this share of the largest are rounding, or below the tolerance of the programme.
RANK_SHARE = 3e-7
#: Feasibility tolerances of the programme (HiGHS's tightest is 1e-10), tried in turn: with a tight one the
#: solver now and then gives up on a programme that it solves with its own.
FEASIBILITIES = (1e-9, 1e-7)
#: Simplex iterations per row and column of a programme, and interior-point iterations, after which an attempt
#: is given up: they take a few, and some tens. Without a bound HiGHS now and then goes round for ever.
SIMPLEX_ITERATIONS = 100
INTERIOR_ITERATIONS = 1_000
#: Bound on the direction's elements, with columns scaled to 1 and strict margins of 1.
LONGEST = 1e7
#: Elements of the direction and margins below this are zero: columns are scaled to 1, and directions are at
#: most 1.
ZERO = 1e-7
#: Moves along what has to stay still that are left to rounding, as a share of the largest element.
EXACT = 1e-13
#: Share of the largest element by which a direction may be changed to leave the others exactly still.
SLIGHT = 1e-5
#: Margin of a strict constraint, by the bounds of the programme.
STRICT = 1.0


def strict_rows(constraints: FloatArray) -> NDArray[np.bool_] | None:
    """Return which rows some separating direction makes strict; None if the programme fails or takes too
    long.

    What one direction leaves at margin 0 may still be separated by another, so the search goes on among those
    rows: two directions add up to one that is strict on both their rows.
    """
    open_rows = np.arange(len(constraints))
    while len(open_rows):
        remaining = constraints[open_rows]
        basis = row_space(remaining)
        if len(basis) < constraints.shape[1]:
            # Directions that move no row but by rounding would be stretched until they do.
            remaining = remaining @ basis.T
        b = _separating_direction(remaining)
        if b is None:
            return None
        moved = remaining @ b > MOVED
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
            b = shortest(chosen[strict], chosen[~strict])
            if b is None:
                return None
            margins = constraints @ b
            if margins.min() >= -MOVED:
                return b
            worst = np.argsort(margins, kind="stable")
        elif len(working) == n or len(row_space(chosen)) == len(row_space(constraints)):
            return np.zeros(size)
        else:
            worst = np.setdiff1d(np.arange(n), working)
        working = np.union1d(working, worst[:ROWS_AT_A_TIME])
    return None


def row_space(rows: FloatArray) -> FloatArray:
    """Return an orthonormal basis of what the rows span, (rank, size)."""
    return _spaces(rows)[0]


def null_space(rows: FloatArray) -> FloatArray:
    """Return an orthonormal basis of the directions in which no row is moved, (size - rank, size)."""
    return _spaces(rows)[1]


def _spaces(rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    if not len(rows):
        return np.zeros((0, rows.shape[1])), np.eye(rows.shape[1])
    triangular = np.asarray(np.linalg.qr(rows, mode="r"))
    _, values, vectors = np.linalg.svd(triangular)
    rank = int(np.count_nonzero(values > RANK_SHARE * values[0]))
    return vectors[:rank], vectors[rank:]


def _strict_somewhere(constraints: FloatArray) -> NDArray[np.bool_] | None:
    """Return which constraints some separating direction makes strict, None if the programme fails.

    Maximise the sum of u with ``u_i <= a'b`` and ``0 <= u_i <= 1``. Directions can be added up and stretched,
    so one optimum has u_i = 1 wherever any direction moves row i, and u_i = 0 elsewhere.
    """
    load_whole("scipy.sparse")
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


def _solved(cost: FloatArray, **programme: Any) -> FloatArray | None:
    """Return the solution of a linear programme by HiGHS, None if no attempt comes to an end."""
    # Most fits are certified without the programme and need not wait for its package.
    load_whole("scipy.optimize")
    from scipy.optimize import linprog

    size = len(cost) + len(programme["b_ub"])
    attempts = {"highs": SIMPLEX_ITERATIONS * size, "highs-ipm": INTERIOR_ITERATIONS}
    for method, most in attempts.items():
        for tolerance in FEASIBILITIES:
            # The stubs do not know that sparse constraints are accepted.
            answer = linprog(  # type: ignore[call-overload]
                cost,
                **programme,
                method=method,
                options={
                    "primal_feasibility_tolerance": tolerance,
                    "dual_feasibility_tolerance": tolerance,
                    "maxiter": most,
                },
            )
            if answer.status == 0:
                return np.asarray(answer.x, dtype=np.float64)
    return None


def shortest(strict: FloatArray, still: FloatArray) -> FloatArray | None:
    """Return the direction with the smallest sum of absolute elements: margin `STRICT` on some rows, 0 on
    others.

    It names as few coefficients as can be, and its elements are no larger than the margins need.
    """
    basis = row_space(still)
    working = np.unique(np.linspace(0, len(strict) - 1, min(len(strict), ROWS_AT_A_TIME)).astype(np.intp))
    for _ in range(MOST_ROUNDS):
        b = shortest_within(strict[working], basis)
        if b is None:
            return None
        margins = strict @ b
        if margins.min() >= 0.99 * STRICT:
            return b
        working = np.union1d(working, np.argsort(margins, kind="stable")[:ROWS_AT_A_TIME])
    return None


def shortest_within(strict: FloatArray, basis: FloatArray) -> FloatArray | None:
    """Return `shortest` by one programme over all strict rows (n, size); ``basis`` (r, size) spans the
    others.
    """
    size = strict.shape[1]
    found = _solved(
        np.ones(2 * size),
        A_ub=-np.hstack([strict, -strict]),
        b_ub=np.full(len(strict), -STRICT),
        A_eq=np.hstack([basis, -basis]) if len(basis) else None,
        b_eq=np.zeros(len(basis)) if len(basis) else None,
        bounds=(0.0, None),
    )
    return None if found is None else without_rounding(found[:size] - found[size:], basis)


def without_rounding(b: FloatArray, still: FloatArray) -> FloatArray:
    """Return a direction with its negligible elements set to 0, and what it moves along ``still`` taken away.

    The programme leaves margins of 0 up to its tolerance. Far out in the direction, they would be seen.
    ``still`` (r, size) has orthonormal rows.
    """
    large = np.abs(b) > ZERO * np.abs(b).max()
    result = np.where(large, b, 0.0)
    if not len(still):
        return result
    moved = still @ result
    if np.abs(moved).max() > EXACT * np.abs(b).max():
        # Imported here: most fits are certified without a programme.
        load_whole("scipy.linalg")
        from scipy.linalg import lstsq

        change = lstsq(still[:, large], moved, lapack_driver="gelsy")[0]
        result[large] -= change
        beyond = np.abs(still @ result).max() > EXACT * np.abs(b).max()
        if beyond or np.abs(change).max() > SLIGHT * np.abs(b).max():
            # What was negligible is needed.
            result = b - still.T @ (still @ b)
    return result


def distinct_rows(
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


def constraints_of(rows: FloatArray, observed: NDArray[np.intp], classes: int) -> FloatArray:
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
