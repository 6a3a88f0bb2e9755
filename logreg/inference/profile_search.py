"""The search behind profile likelihoods: the end of an interval, or the maximum at a given value.

The upper end of the interval of a combination ``c'coef`` is the maximum of ``c'coef`` over the convex set
``l(coef) >= level`` (Venzon and Moolgavkar 1988, Applied Statistics 37, 87-94). Their method is followed here
in the form of sequential quadratic programming. With score s and information I, a step d maximises ``c'd``
where the quadratic model ``l + s'd - d'Id/2`` reaches the level; that has the closed form (their appendix)

    d = I^-1 (s + lambda c),    lambda = +-sqrt(2 (l + s'I^-1 s / 2 - level) / c'I^-1 c).            (1)

Points of the curve, and likelihood-ratio tests, maximise l where ``c'coef`` has a given value; the step is
(1) with

    lambda = (value - c'coef - c'I^-1 s) / c'I^-1 c.                                                 (2)

Both steps descend on a merit function (the exact penalty of the programme; minus the log-likelihood), which a
line search enforces, and both remain descents when I is the information at another point. So an information
is kept, at first that of the optimum, and steps need only the score, until they gain too little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from logreg.engine.newton import Metric, factorise
from logreg.engine.types import FloatArray, LikelihoodSum, Objective, Order

__all__ = ["Found", "Surface", "ToEnd", "ToPoint", "search"]

#: Distance from the end of an interval, in standard errors, that is predicted when the search stops.
END_TOLERANCE = 1e-9
#: The same for a maximum, whose log-likelihood then is right to the square of it.
POINT_TOLERANCE = 1e-6
#: Steps this long, in standard errors, are not the last ones: predictions hold near the end only.
LAST_STEP = 1e-3
#: An information is kept while steps shrink at least by this factor.
KEPT_GAIN = 0.25
#: Evaluations of the score in one search; ten are usual, and fifty on separated data.
MAX_STEPS = 400
#: Halvings of a step before a search is given up.
MAX_HALVINGS = 60
#: Loss of log-likelihood that rounding can explain, relative to its size.
ROUNDING = 1e-13


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """The likelihood as a function of the f coefficients that matter, with a combination of them.

    ``held`` (m, p) holds the others. ``metric`` is the information at ``start`` (f,): the maximum, or, if
    that lies at infinity, the best point whose combination is 0. ``maximum`` is the supremum.
    """

    objective: Objective
    held: FloatArray
    free: NDArray[np.intp]
    contrast: FloatArray
    start: FloatArray
    metric: Metric
    maximum: float

    def at(self, x: FloatArray, order: Order) -> LikelihoodSum:
        """Return log-likelihood and derivatives at x, in all coefficients."""
        coef = self.held.copy()
        coef.reshape(-1)[self.free] = x
        return self.objective(coef, order)

    def metric_at(self, x: FloatArray) -> Metric | None:
        """Return the information at x, None if it is singular."""
        information = self.at(x, 2).information
        assert information is not None
        return factorise(information[np.ix_(self.free, self.free)])

    def state(self, x: FloatArray, total: LikelihoodSum, metric: Metric, along: FloatArray) -> _State:
        """Return what a step from x needs to know."""
        assert total.score is not None
        score = total.score.ravel()[self.free]
        newton = metric.solve(score)
        return _State(
            loglik=total.loglik,
            value=float(self.contrast @ x),
            score=score,
            contrast=self.contrast,
            newton=newton,
            gain=0.5 * float(score @ newton),
            along=along,
            variance=float(self.contrast @ along),
            slope=float(self.contrast @ newton),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _State:
    """A point of a search, in the metric at hand.

    ``score`` is s, ``contrast`` is c, ``newton`` is ``I^-1 s``, ``gain`` is ``s'I^-1 s / 2``, ``along`` is
    ``I^-1 c``, ``variance`` is ``c'I^-1 c`` and ``slope`` is ``c'I^-1 s``.
    """

    loglik: float
    value: float
    score: FloatArray
    contrast: FloatArray
    newton: FloatArray
    gain: float
    along: FloatArray
    variance: float
    slope: float

    def step(self, multiplier: float) -> tuple[FloatArray, float]:
        """Return ``d = I^-1 (s + multiplier c)`` and its length in standard errors, the root of ``d'Id``."""
        move = self.newton + multiplier * self.along
        # Id = s + multiplier c. At the end the two cancel: element by element, before anything is squared.
        squared = float(move @ (self.score + multiplier * self.contrast))
        return move, float(np.sqrt(max(squared, 0.0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ToEnd:
    """Look for the largest (``side`` 1) or smallest (-1) value whose log-likelihood reaches ``level``."""

    side: float
    level: float
    tolerance: float = END_TOLERANCE

    def multiplier(self, state: _State) -> float:
        """Return lambda of equation (1)."""
        within = 2.0 * (state.loglik + state.gain - self.level) / state.variance
        # Where not even the model's maximum reaches the level: towards it, by Newton's step.
        return self.side * float(np.sqrt(within)) if within > 0 else 0.0  # equation (1)

    def price(self, multiplier: float) -> float:
        """Return what a unit of log-likelihood costs in the merit."""
        # The multiplier of the programme's constraint is 1 / |lambda|; an exact penalty exceeds it.
        return 2.0 / abs(multiplier) if multiplier else 1.0

    def merit(self, loglik: float, value: float, multiplier: float) -> float:
        """Return what every step lowers."""
        if multiplier == 0.0:
            return -loglik
        return -self.side * value + self.price(multiplier) * max(self.level - loglik, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToPoint:
    """Look for the largest log-likelihood where the combination has the value ``target``, starting there."""

    target: float
    tolerance: float = POINT_TOLERANCE

    def multiplier(self, state: _State) -> float:
        """Return lambda of equation (2)."""
        return (self.target - state.value - state.slope) / state.variance  # equation (2)

    def price(self, multiplier: float) -> float:  # noqa: ARG002
        """Return what a unit of log-likelihood costs in the merit."""
        return 1.0

    def merit(self, loglik: float, value: float, multiplier: float) -> float:  # noqa: ARG002
        """Return what every step lowers."""
        return -loglik


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """Where a search ended, one predicted step further than the last evaluation."""

    x: FloatArray
    loglik: float
    value: float


def search(surface: Surface, goal: ToEnd | ToPoint, start: FloatArray, metric: Metric) -> Found | None:
    """Follow the steps of a goal until one promises to end within its tolerance; None if none does."""
    x, total = start, surface.at(start, 1)
    along = metric.solve(surface.contrast)
    previous, fresh, misled = np.inf, False, False
    for _ in range(MAX_STEPS):
        state = surface.state(x, total, metric, along)
        multiplier = goal.multiplier(state)
        move, length = state.step(multiplier)
        shrinks = min(length / previous, 1.0) if previous < np.inf else 1.0
        if length <= LAST_STEP and length * shrinks <= goal.tolerance:
            # The quadratic model, right to this step, also tells the log-likelihood at its end.
            return Found(
                x=x + move,
                loglik=state.loglik + state.gain - 0.5 * multiplier**2 * state.variance,
                value=state.value + float(surface.contrast @ move),
            )
        if not fresh and (misled or (previous < np.inf and shrinks > KEPT_GAIN)):
            renewed = surface.metric_at(x)
            if renewed is None:
                return None
            metric, along = renewed, renewed.solve(surface.contrast)
            fresh, misled = True, False
            continue
        moved = _linesearch(surface, goal, x, state, move, multiplier)
        if moved is None and fresh:
            return None
        if moved is None:
            misled = True
            continue
        x, total, misled = moved
        previous, fresh = length, False
    return None


def _linesearch(
    surface: Surface,
    goal: ToEnd | ToPoint,
    x: FloatArray,
    state: _State,
    move: FloatArray,
    multiplier: float,
) -> tuple[FloatArray, LikelihoodSum, bool] | None:
    """Return the point after a step with its score, the step halved until the merit falls, and whether it
    was.
    """
    before = goal.merit(state.loglik, state.value, multiplier)
    rounding = ROUNDING * (goal.price(multiplier) * max(1.0, abs(state.loglik)) + abs(state.value))
    share = 1.0
    for _ in range(MAX_HALVINGS):
        candidate = x + share * move
        total = surface.at(candidate, 1)
        value = float(surface.contrast @ candidate)
        if np.isfinite(total.loglik) and goal.merit(total.loglik, value, multiplier) <= before + rounding:
            return candidate, total, share < 1.0
        share /= 2.0
    return None
