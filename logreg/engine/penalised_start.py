"""Where the climb on the penalised log-likelihood starts: near its maximum, at the price of plain sums.

The penalty takes a second pass over the rows for every point, and is worth about half a unit of
log-likelihood per coefficient: far away it does not matter, and near by its gradient hardly changes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from logreg.engine.firth import Penalised
from logreg.engine.newton import MAX_APPROACH, Ascent, Metric, climb, moved
from logreg.engine.optimum import SAMPLE_ITERATIONS, SAMPLE_SHARE, SAMPLE_TOLERANCE
from logreg.engine.types import FloatArray, LikelihoodSum, Objective, Order

__all__ = ["near_by_likelihood", "near_by_sample", "newton_step", "shift"]

#: Half the squared decrement, per coefficient, up to which the plain log-likelihood is climbed: the penalty
#: is worth about as much.
PLAIN_TOLERANCE = 0.5
#: The same in all for a climb with the sample's gradient of the penalty, which is off by some hundredths of a
#: standard error: what is left is taken by the first step on the penalised log-likelihood, as is that.
HELD_TOLERANCE = 0.05


def near_by_likelihood(
    likelihood: Objective, ascent: Ascent, free: NDArray[np.intp], max_iterations: int
) -> None:
    """Climb on the plain log-likelihood as long as that is what matters, and take one more step, without a
    safeguard.
    """
    start = ascent.coef
    climb(
        likelihood,
        ascent,
        free,
        tolerance=PLAIN_TOLERANCE * len(free),
        max_iterations=min(max_iterations, SAMPLE_ITERATIONS),
    )
    if ascent.status == "converged" and ascent.metric is not None and ascent.current is not None:
        ascent.coef = moved(ascent.coef, free, newton_step(ascent.metric, ascent.current, free))
    else:
        ascent.coef, ascent.metric = start, None


def near_by_sample(sampled: Penalised, likelihood: Objective, ascent: Ascent) -> None:
    """Climb on a sample; if that arrived, climb on with all rows, the penalty's gradient being the sample's.

    The penalty is half a logarithm of a determinant: its gradient hardly depends on the number of rows.
    """
    free = sampled.free
    found = climb(
        sampled,
        Ascent(coef=ascent.coef),
        free,
        stage="sample",
        tolerance=SAMPLE_TOLERANCE,
        max_iterations=SAMPLE_ITERATIONS,
    )
    shift(found, 0, sampled.reference)
    ascent.trace.extend(found.trace)
    penalised, plain = sampled(found.coef, 1), sampled.likelihood(found.coef, 1)
    if found.status != "converged" or found.metric is None or not np.isfinite(penalised.loglik):
        return
    assert penalised.score is not None
    assert plain.score is not None
    ascent.coef = found.coef
    # The information of all rows is about SAMPLE_SHARE times that of the sample.
    ascent.metric = Metric(
        factor=found.metric.factor, scale=found.metric.scale / np.sqrt(float(SAMPLE_SHARE))
    )
    climb(
        _with_held_penalty(likelihood, penalised.score - plain.score, found.coef),
        ascent,
        free,
        tolerance=HELD_TOLERANCE,
        max_iterations=SAMPLE_ITERATIONS,
        reuse=True,
        first_steps=MAX_APPROACH,
    )


def _with_held_penalty(likelihood: Objective, gradient: FloatArray, origin: FloatArray) -> Objective:
    """Return the log-likelihood plus the linear function with a gradient (m, p) that is 0 at the origin."""

    def objective(coef: FloatArray, order: Order) -> LikelihoodSum:
        total = likelihood(coef, order)
        return replace(
            total,
            loglik=total.loglik + float(np.vdot(gradient, coef - origin)),
            score=None if total.score is None else total.score + gradient,
        )

    return objective


def newton_step(metric: Metric, total: LikelihoodSum, free: NDArray[np.intp]) -> FloatArray:
    """Return the step (f,) of the free coefficients."""
    assert total.score is not None
    return metric.solve(total.score.ravel()[free])


def shift(ascent: Ascent, first: int, by: float) -> None:
    """Add to the log-likelihoods of a trace from row ``first`` on."""
    if by == 0.0:
        return
    ascent.trace[first:] = [row._replace(loglik=row.loglik + by) for row in ascent.trace[first:]]
