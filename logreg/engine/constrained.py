"""The maximum of a log-likelihood on a plane: ``coef = origin + basis @ z``, whatever restricted it."""

from __future__ import annotations

import numpy as np

from logreg.engine.newton import Ascent, climb, tolerance_for
from logreg.engine.types import FloatArray, LikelihoodSum, Objective, Order

__all__ = ["climb_within"]

#: Restricted models serve for their log-likelihood, which is right to about this half squared decrement; the
#: step that is taken then squares it. Under separation the information is singular soon after.
LOGLIK_TOLERANCE = 1e-12
#: Share of the largest eigenvalue of an information below which one may be rounding, and the score along it
#: at which nothing is left to gain there: on a separated outcome the two vanish together.
ROUNDING, VANISHED = 1e-13, 1e-12


def climb_within(
    objective: Objective, origin: FloatArray, basis: FloatArray, *, n_rows: int, max_iterations: int
) -> tuple[FloatArray, Ascent]:
    """Maximise over the coefficients ``origin + basis @ z``, starting at ``z = 0``.

    Where the outcome is separated within the plane there is no maximum; the climb then ends where the
    log-likelihood is within the tolerance of its supremum, with status "converged", or at ``max_iterations``.
    Where it is separated in several directions, some are at their end before others: the climb goes on
    without them.

    Parameters
    ----------
    objective : Objective
        Log-likelihood with derivatives at coefficients (m, p).
    origin : (m, p) array
        A point of the plane.
    basis : (m p, f) array
        Directions to move in; scaled so that the information along them is of the order of 1.
    n_rows : int
        Rows behind the objective, for the tolerance.
    max_iterations : int
        Newton steps allowed.

    Returns
    -------
    coef : (m, p) array
        Where the climb ended.
    ascent : Ascent
        In the coordinates z; ``ascent.current`` holds the log-likelihood.
    """
    while True:
        ascent = climb(
            _within(objective, origin, basis),
            Ascent(coef=np.zeros((1, basis.shape[1]))),
            np.arange(basis.shape[1]),
            tolerance=max(LOGLIK_TOLERANCE, tolerance_for(n_rows)),
            max_iterations=max_iterations,
        )
        origin = origin + (basis @ ascent.coef[0]).reshape(origin.shape)
        if ascent.status != "no_ascent":
            return origin, ascent
        assert ascent.current is not None
        remaining = _not_vanished(ascent.current)
        if remaining is None:
            return origin, ascent
        basis = basis @ remaining


def _within(objective: Objective, origin: FloatArray, basis: FloatArray) -> Objective:
    """Return the objective of the coordinates z (1, f) of ``origin + basis @ z``."""

    def within(z: FloatArray, order: Order) -> LikelihoodSum:
        total = objective(origin + (basis @ z[0]).reshape(origin.shape), order)
        return LikelihoodSum(
            loglik=total.loglik,
            score=None if total.score is None else (total.score.ravel() @ basis)[np.newaxis],
            information=None if total.information is None else basis.T @ total.information @ basis,
        )

    return within


def _not_vanished(total: LikelihoodSum) -> FloatArray | None:
    """Return the directions (f, f - 1) along which there may be something left to gain: all but the one with
    the least information. None if that is no rounding, or there is something left along it.
    """
    assert total.score is not None
    assert total.information is not None
    if not np.isfinite(total.information).all():
        return None
    values, vectors = np.linalg.eigh(total.information)
    if values[0] > ROUNDING * values[-1] or abs(total.score[0] @ vectors[:, 0]) > VANISHED:
        return None
    result: FloatArray = vectors[:, 1:]
    return result
