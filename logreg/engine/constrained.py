"""The maximum of a log-likelihood on a plane: ``coef = origin + basis @ z``, whatever restricted it."""

from __future__ import annotations

import numpy as np

from logreg.engine.newton import Ascent, climb, tolerance_for
from logreg.engine.types import FloatArray, LikelihoodSum, Objective, Order

__all__ = ["climb_within"]

#: Restricted models serve for their log-likelihood. At this half squared decrement it is right to 1e-14.
LOGLIK_TOLERANCE = 1e-14


def climb_within(
    objective: Objective, origin: FloatArray, basis: FloatArray, *, n_rows: int, max_iterations: int
) -> tuple[FloatArray, Ascent]:
    """Maximise over the coefficients ``origin + basis @ z``, starting at ``z = 0``.

    Where the outcome is separated within the plane there is no maximum; the climb then ends where the
    log-likelihood is within the tolerance of its supremum, with status "converged", or at ``max_iterations``.

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
    n_directions = basis.shape[1]

    def within(z: FloatArray, order: Order) -> LikelihoodSum:
        total = objective(origin + (basis @ z[0]).reshape(origin.shape), order)
        return LikelihoodSum(
            loglik=total.loglik,
            score=None if total.score is None else (total.score.ravel() @ basis)[np.newaxis],
            information=None if total.information is None else basis.T @ total.information @ basis,
        )

    ascent = climb(
        within,
        Ascent(coef=np.zeros((1, n_directions))),
        np.arange(n_directions),
        tolerance=max(LOGLIK_TOLERANCE, tolerance_for(n_rows)),
        max_iterations=max_iterations,
    )
    return origin + (basis @ ascent.coef[0]).reshape(origin.shape), ascent
