"""The median-bias reducing equations of a binary outcome: each estimate as often too large as too small.

Kenne Pagui, Salvan and Sartori (2017, Biometrika 104, 923-938) adjust the score so that the median of each
coefficient's estimate is right to order 1/n. With V = I^-1, V_j its column j, and the penalised score u* of
`logreg.engine.firth`, in the form of Kosmidis, Kenne Pagui and Sartori (2020, Statistics and Computing 30,
43-59, section 4):

    u*(b) + I(b) d(b) = 0,    d_j = -sum_i w_i p_i (1 - p_i) (1 - 2 p_i) (x_i'V_j)^3 / (3 V_jj).           (1)

This is the gradient of no function, so that there is no likelihood to test with; and it is tied to the
coefficients it is written in: with another reference level of a factor the fit is another one. For several
outcomes the same would be true of their baseline, which is why it is not offered there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from logreg.engine.firth import Penalised, free_part, root_of
from logreg.engine.newton import STAGNATION_TOLERANCE, Ascent, Metric, factorise
from logreg.engine.types import FloatArray

__all__ = ["solve_median"]

#: Halvings of a step before a fresh Jacobian is asked for, and before the search is given up.
PATIENCE, MAX_HALVINGS = 2, 30
#: Steps that shrink by less than this factor call for a fresh Jacobian.
GAIN = 0.5
#: Share of a step that the following one must be shorter by, times the share of the step that was taken.
SUFFICIENT = 0.25
#: Differences for the Jacobian, in standard errors: their error is of the same relative size, and so is what
#: a step then misses by.
DIFFERENCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Point:
    """Coefficients (1, p) with the adjusted score (f,), the factorised information, and half the squared
    decrement.
    """

    coef: FloatArray
    score: FloatArray
    metric: Metric
    decrement: float


@dataclass(slots=True, kw_only=True, eq=False)
class _Equations:
    """The equations (1) in working coordinates; ``passes`` counts their evaluations."""

    objective: Penalised
    cumulants: Callable[[FloatArray, FloatArray], FloatArray]
    transform: FloatArray
    passes: int = 0

    def at(self, coef: FloatArray) -> _Point | None:
        """Return the point, None where the information is singular."""
        self.passes += 1
        kept = self.objective.free
        total = self.objective.likelihood(coef, 2)
        assert total.score is not None
        assert total.information is not None
        information = free_part(total.information, kept)
        metric = factorise(information)
        if metric is None:
            return None
        root = root_of(metric, kept, (1, coef.shape[1]))
        score = (total.score + self.objective.penalty(coef, root, "none").score).ravel()[kept]
        # x_working' directions_j is x_design' V_j, V being the covariance in the design's coordinates.
        toward = self.transform @ metric.inverse()
        directions = np.zeros((len(kept), coef.shape[1]))
        directions[:, kept] = toward
        variance = np.einsum("jk,jk->j", toward, self.transform)
        shift = -self.cumulants(coef, directions) / (3.0 * variance)  # (1)
        score = score + information @ np.linalg.solve(self.transform, shift)
        decrement = 0.5 * float(score @ metric.solve(score))
        return _Point(coef=coef, score=score, metric=metric, decrement=decrement)

    def moved(self, point: _Point, step: FloatArray) -> _Point | None:
        """Return the point a step away."""
        coef = point.coef.copy()
        coef[0, self.objective.free] += step
        return self.at(coef)

    def inverse_jacobian(self, point: _Point) -> FloatArray | None:
        """Return the inverse of minus the derivatives of the score (f, f), by differences."""
        columns = []
        for k, size in enumerate(DIFFERENCE * np.sqrt(point.metric.inverse().diagonal())):
            step = np.zeros(len(point.score))
            step[k] = size
            there = self.moved(point, step)
            if there is None:
                return None
            columns.append((point.score - there.score) / size)
        result: FloatArray = np.linalg.inv(np.stack(columns, axis=1))
        return result


def solve_median(
    objective: Penalised,
    cumulants: Callable[[FloatArray, FloatArray], FloatArray],
    to_design: FloatArray,
    ascent: Ascent,
    *,
    tolerance: float,
    max_iterations: int,
) -> Ascent:
    """Solve the equations (1) from Firth's estimate by damped quasi-Newton steps.

    The Jacobian is at first that of Firth's equations, corrected by the changes of the score met on the way
    (Broyden's rank-one updates; Nocedal and Wright 2006, section 11.1), and found afresh by differences where
    that serves badly. A step is halved until the one that would follow it is shorter, in standard errors:
    Deuflhard's natural monotonicity test (2011, *Newton Methods for Nonlinear Problems*, section 3.3).

    Parameters
    ----------
    objective : Penalised
        In working coordinates, one equation.
    cumulants : callable
        ``(coef (1, p), directions (f, p)) -> (f,)``, the third cumulants of the scores along directions.
    to_design : (p, p) array
        ``coef_design = to_design @ coef_working``.
    ascent : Ascent
        Firth's fit.
    tolerance : float
        Half the squared decrement at which to stop.
    max_iterations : int
        Steps allowed.
    """
    kept = objective.free
    equations = _Equations(
        objective=objective,
        cumulants=cumulants,
        transform=to_design[np.ix_(kept, kept)],
        passes=ascent.passes,
    )
    point = equations.at(ascent.coef)
    assert point is not None
    assert ascent.metric is not None
    inverse: FloatArray | None = ascent.metric.inverse()
    fresh, status = False, ascent.status
    for iteration in range(max_iterations + 1):
        if point.decrement <= tolerance:
            break
        if inverse is None or iteration == max_iterations:
            status = "max_iterations"
            break
        found = _damped(equations, point, inverse, fresh)
        if found is None and not fresh:
            inverse, fresh = equations.inverse_jacobian(point), True
            continue
        if found is None:
            # No step shortens the next: as good as rounding allows, or stuck.
            status = status if point.decrement <= STAGNATION_TOLERANCE else "no_ascent"
            break
        following, taken, gain = found
        if gain > GAIN and not fresh:
            inverse, fresh = equations.inverse_jacobian(following), True
        else:
            change = inverse @ (point.score - following.score)
            inverse = inverse + np.outer(taken - change, taken @ inverse) / float(taken @ change)
            fresh = False
        point = following
    return replace(
        ascent,
        coef=point.coef,
        decrement=point.decrement,
        status=status,
        passes=equations.passes,
        metric=None,
    )


def _damped(
    equations: _Equations, point: _Point, inverse: FloatArray, fresh: bool
) -> tuple[_Point, FloatArray, float] | None:
    """Return the point after a damped step, the step, and the length of the following one relative to it."""
    step = inverse @ point.score
    scale = point.metric.scale
    length = float(np.linalg.norm(step / scale))
    for halvings in range(MAX_HALVINGS if fresh else PATIENCE):
        share = 0.5**halvings
        following = equations.moved(point, share * step)
        if following is not None:
            gain = float(np.linalg.norm(inverse @ following.score / scale)) / length
            if gain <= 1.0 - SUFFICIENT * share:
                return following, share * step, gain
    return None
