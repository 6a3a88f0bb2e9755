"""The ascent: a safeguarded Newton method with a certificate.

The programme of `climb`:

1. Start from the intercepts of the null model.
2. If a sample of the rows was given: climb on it, and take its information, scaled up, as a first metric.
3. Newton steps with fresh score and information, halved while the log-likelihood falls.
4. With many rows, approach: steps that reuse the last information as a metric, with a fresh score. Each is
   one read of the design, where a full evaluation costs several. The metric is replaced as soon as a step
   gains too little.
5. Where the decrement falls as on a separated likelihood, stop as soon as there is proof that it is one.
6. Stop when half the squared Newton decrement, from a fresh score and information, is at most
   `tolerance_for` the number of rows.

The decrement ``score' information^-1 score / 2`` is in log-likelihood units and does not change when columns
are scaled: it is the gain a quadratic model still promises, and its square root is the remaining distance in
standard errors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from logreg.engine.types import FloatArray, Iteration, LikelihoodSum, Objective, Status

__all__ = ["Ascent", "Metric", "climb", "factorise", "moved", "tolerance_for"]

#: Half the squared decrement at which a point is an optimum: 1.4e-10 standard errors away from it.
DECREMENT_TOLERANCE = 1e-20
#: Rounding keeps the decrement of ill-conditioned fits above the tolerance; when it is this small and no
#: longer falls, the point is as good as doubles allow (1.4e-6 standard errors).
STAGNATION_TOLERANCE = 1e-12
#: The share of itself that a decrement keeps, at least, where it no longer falls. Where only far rows hold a
#: coefficient it falls by a factor of e per step, then of ten and a hundred, and takes the information along.
STAGNANT = 0.5
#: A reused metric is kept while the decrement falls at least by this factor per step.
METRIC_GAIN = 0.25
#: The same for an approximate information where there is an exact one; good approximations gain far more.
APPROXIMATE_GAIN = 0.1
#: Promised gain, in log-likelihood units, below which many rows are approached with a fresh score alone: ten
#: standard errors from the end the information is already that of the end, to a percent.
NEAR = 50.0
#: The most gain that is taken for granted in predicting where the next step ends.
SAFE_GAIN = 1e-6
#: An evaluation that misses the tolerance by no more than this factor has the information of the optimum to a
#: relative 1e-11: one more step is certified by a fresh score alone.
CLOSE = 100.0
#: Gains grow as the metric is corrected; the next one is taken to be better by this much.
GROWING_GAIN = 0.01
#: On a separated likelihood Newton's step goes on by one logit, and the decrement falls by a factor of e each
#: time. Below the first of these whoever calls is asked whether that is the case, and so on by the second.
RECEDING, RECEDING_AGAIN = 1e-8, 1e-6
#: What the decrement keeps of itself per step, at least, while that may be the case.
RECEDING_GAIN = 0.25
#: Score-only steps in a row; each gains a factor of ten at least, so this is never reached in practice.
MAX_APPROACH = 100
#: Loss of log-likelihood that rounding can explain, relative to its size.
ROUNDING = 1e-13
#: Halvings of a step before ascent is given up.
MAX_HALVINGS = 30


#: Over t standard errors the information changes by about t / sqrt(n) of itself. So the tolerance may grow
#: with n, from this many rows on, and errors still are those of the optimum to a relative 1e-12.
ROWS_OF_TOLERANCE = 1e4


def tolerance_for(n_rows: int) -> float:
    """Return half the squared Newton decrement that certifies an optimum over so many rows.

    Examples
    --------
    >>> [f"{tolerance_for(n):.0e}" for n in (189, 1_000_000)]
    ['1e-20', '1e-18']
    """
    return DECREMENT_TOLERANCE * max(1.0, n_rows / ROWS_OF_TOLERANCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A factorised information, with columns scaled to unit diagonal: solves for Newton steps."""

    factor: FloatArray
    scale: FloatArray

    def solve(self, right: FloatArray) -> FloatArray:
        """Return ``information^-1 @ right`` for a vector (size,) or matrix (size, k)."""
        scale = self.scale if right.ndim == 1 else self.scale[:, np.newaxis]
        solution, _ = lapack.dpotrs(self.factor, scale * right, lower=1)
        result: FloatArray = scale * solution
        return result

    def inverse(self) -> FloatArray:
        """Return ``information^-1``, exactly symmetric."""
        # The triangle above the factor is 0, and stays so: the sum counts the diagonal twice, exactly.
        half, _ = lapack.dpotri(self.factor, lower=1)
        inverse = half + half.T
        np.einsum("ii->i", inverse)[:] *= 0.5
        # One factor per element: scaling rows and then columns would round the two halves differently.
        result: FloatArray = inverse * np.outer(self.scale, self.scale)
        return result


def factorise(information: FloatArray) -> Metric | None:
    """Return the Cholesky factor of an information scaled to unit diagonal, None if it is not positive
    definite.
    """
    diagonal = information.diagonal()
    # NaN fails the first comparison, infinity the second. (The methods min and max take three times as long.)
    if not (np.minimum.reduce(diagonal) > 0 and np.maximum.reduce(diagonal) < np.inf):
        return None
    scale = 1.0 / np.sqrt(diagonal)
    factor, failed = lapack.dpotrf(information * scale[:, np.newaxis] * scale, lower=1)
    if failed:
        return None
    return Metric(factor=factor, scale=scale)


def moved(coef: FloatArray, free: NDArray[np.intp], step: FloatArray) -> FloatArray:
    """Return coefficients (m, p) with the free ones moved by a step (f,)."""
    if len(free) == coef.size:
        return coef + step.reshape(coef.shape)
    flat = coef.ravel().copy()
    flat[free] += step
    return flat.reshape(coef.shape)


@dataclass(slots=True, kw_only=True)
class Ascent:
    """Where an ascent stands: the point, what was evaluated there, and the trace so far."""

    coef: FloatArray
    current: LikelihoodSum | None = None
    metric: Metric | None = None
    decrement: float = np.inf
    status: Status = "max_iterations"
    trace: list[Iteration] = field(default_factory=list)
    passes: int = 0


@dataclass(frozen=True, slots=True)
class _Problem:
    """An objective restricted to the coefficients that are free."""

    objective: Objective
    free: NDArray[np.intp]
    stage: Literal["sample", "full"]

    def score(self, total: LikelihoodSum) -> FloatArray:
        assert total.score is not None
        flat: FloatArray = total.score.ravel()
        return flat if len(self.free) == len(flat) else flat[self.free]

    def metric(self, total: LikelihoodSum) -> Metric | None:
        assert total.information is not None
        if len(self.free) == len(total.information):
            return factorise(total.information)
        return factorise(total.information[np.ix_(self.free, self.free)])

    def moved(self, coef: FloatArray, step: FloatArray) -> FloatArray:
        return moved(coef, self.free, step)


def climb(
    objective: Objective,
    ascent: Ascent,
    free: NDArray[np.intp],
    *,
    begun: LikelihoodSum | None = None,
    stage: Literal["sample", "full"] = "full",
    tolerance: float = DECREMENT_TOLERANCE,
    max_iterations: int = 50,
    reuse: bool = False,
    first_steps: int = 0,
    recedes: Callable[[FloatArray], bool] | None = None,
    exact: Objective | None = None,
) -> Ascent:
    """Climb to the maximum of an objective by safeguarded Newton steps.

    Parameters
    ----------
    objective : Objective
        Log-likelihood with derivatives, a pure function of coefficients (m, p).
    ascent : Ascent
        Where to start. Updated and returned.
    free : (f,) array of int
        Positions of the coefficients to estimate in the flattened (m p,) vector; the others stay as they are.
    begun : LikelihoodSum, optional
        What the objective is at the start, with information, where that is known and no step comes before.
    stage : "sample" or "full"
        For the trace.
    tolerance : float
        Half the squared Newton decrement at which to stop, in log-likelihood units.
    max_iterations : int
        Evaluations with information allowed.
    reuse : bool
        Whether a score alone is so much cheaper than score and information that the last information is worth
        keeping.
    first_steps : int
        Score-only steps to take at most on the metric that ``ascent`` brings along.
    recedes : callable, optional
        Whether there is proof at a point that the likelihood has no maximum. It is asked when the decrement
        falls as if there were none; the climb then ends with status "separated".
    exact : Objective, optional
        The same function with a better information, which takes longer: used from where a step with the other
        gains too little.
    """
    problem = _Problem(objective, free, stage)
    if ascent.metric is not None and first_steps:
        _approach(problem, ascent, tolerance, first_steps)
    total = objective(ascent.coef, 2) if begun is None else begun
    ascent.passes += 1
    previous, halvings, receding = np.inf, 0, RECEDING
    if not len(free):
        ascent.current, ascent.decrement, ascent.status = total, 0.0, "converged"
        return ascent
    for iteration in range(max_iterations + 1):
        ascent.current, ascent.metric = total, problem.metric(total)
        if ascent.metric is None:
            ascent.status = "no_ascent"
            _note(problem, ascent, "information", total, problem.score(total), np.nan, halvings)
            return ascent
        score = problem.score(total)
        step = ascent.metric.solve(score)
        ascent.decrement = 0.5 * float(score @ step)
        _note(problem, ascent, "information", total, score, ascent.decrement, halvings)
        stagnant = STAGNANT * previous <= ascent.decrement <= STAGNATION_TOLERANCE
        if recedes is not None and RECEDING_GAIN * previous <= ascent.decrement <= receding:
            if recedes(ascent.coef):
                ascent.status = "separated"
                return ascent
            receding *= RECEDING_AGAIN
        if exact is not None and APPROXIMATE_GAIN * previous < ascent.decrement:
            problem, exact = replace(problem, objective=exact), None
            total, previous, reuse = problem.objective(ascent.coef, 2), np.inf, False
            ascent.passes += 1
            continue
        # An approach that brought nothing is not tried again.
        reuse = reuse and ascent.decrement < previous
        previous = ascent.decrement
        if ascent.decrement <= tolerance or stagnant:
            ascent.status = "converged"
            if ascent.decrement <= STAGNATION_TOLERANCE or stage == "sample":
                # The step is at hand and costs nothing: it takes the point to rounding, or near enough.
                ascent.coef = problem.moved(ascent.coef, step)
            return ascent
        if iteration == max_iterations:
            break
        if (
            reuse
            and ascent.decrement <= CLOSE * tolerance
            and _certified_by_score(problem, ascent, step, tolerance)
        ):
            return ascent
        if reuse and ascent.decrement < NEAR:
            start = ascent.coef
            ascent.coef = problem.moved(start, step)
            _approach(problem, ascent, tolerance, MAX_APPROACH)
            moved: LikelihoodSum | None = objective(ascent.coef, 2)
            ascent.passes += 1
            halvings = 0
            if moved is not None and not _acceptable(moved.loglik, total.loglik):
                ascent.coef = start
                moved, halvings = _safeguarded_step(problem, ascent, step)
        else:
            moved, halvings = _safeguarded_step(problem, ascent, step)
        if moved is None:
            ascent.status = "no_ascent"
            return ascent
        total = moved
    ascent.status = "max_iterations"
    return ascent


def _certified_by_score(problem: _Problem, ascent: Ascent, step: FloatArray, tolerance: float) -> bool:
    """Take the step and certify its end by a fresh score and the information from just before it."""
    assert ascent.current is not None
    assert ascent.metric is not None
    coef = problem.moved(ascent.coef, step)
    total = problem.objective(coef, 1)
    ascent.passes += 1
    score = problem.score(total)
    decrement = 0.5 * float(score @ ascent.metric.solve(score))
    _note(problem, ascent, "score", total, score, decrement, 0)
    if not (decrement <= tolerance and _acceptable(total.loglik, ascent.current.loglik)):
        return False
    ascent.coef, ascent.decrement, ascent.status = coef, decrement, "converged"
    ascent.current = replace(ascent.current, loglik=total.loglik, score=total.score)
    return True


def _acceptable(loglik: float, before: float) -> bool:
    """Whether a log-likelihood has not fallen, rounding aside."""
    return bool(np.isfinite(loglik)) and loglik >= before - ROUNDING * max(1.0, abs(before))


def _safeguarded_step(
    problem: _Problem, ascent: Ascent, step: FloatArray
) -> tuple[LikelihoodSum | None, int]:
    """Move by the step, halved until the log-likelihood does not fall; return what is found there."""
    assert ascent.current is not None
    # No step can gain more than the log-likelihood is below zero; one that promises more is far too long.
    length = min(1.0, max(-ascent.current.loglik, 1.0) / max(ascent.decrement, 1.0))
    for halvings in range(MAX_HALVINGS + 1):
        candidate = problem.moved(ascent.coef, length * step)
        # The full step is nearly always right, so it is evaluated in full at once; a shortened one is tried
        # first.
        total = problem.objective(candidate, 2 if halvings == 0 else 0)
        ascent.passes += 1
        if _acceptable(total.loglik, ascent.current.loglik):
            ascent.coef = candidate
            if total.information is None:
                total = problem.objective(candidate, 2)
                ascent.passes += 1
            return total, halvings
        length /= 2
    return None, MAX_HALVINGS + 1


def _approach(problem: _Problem, ascent: Ascent, tolerance: float, max_steps: int) -> None:
    """Take score-only steps on a reused metric until they promise the tolerance or gain too little.

    The metric is corrected by the pairs (step, change of score) met on the way: the two-loop recursion of
    limited-memory BFGS (Nocedal and Wright 2006, algorithm 7.4) with the factorised information as its
    initial matrix.
    """
    metric = ascent.metric
    assert metric is not None
    previous, last_gain = np.inf, 0.0
    best_coef, best_loglik = ascent.coef, -np.inf
    pairs: list[tuple[FloatArray, FloatArray]] = []
    last_step = last_score = None
    for _ in range(max_steps):
        total = problem.objective(ascent.coef, 1)
        ascent.passes += 1
        score = problem.score(total)
        if last_step is not None and last_score is not None and last_step @ (last_score - score) > 0:
            pairs.append((last_step, last_score - score))
        step = _corrected(metric, pairs, score)
        decrement = 0.5 * float(score @ step)
        _note(problem, ascent, "score", total, score, decrement, 0)
        if not (decrement >= 0 and (best_loglik == -np.inf or _acceptable(total.loglik, best_loglik))):
            ascent.coef = best_coef
            return
        best_coef, best_loglik = ascent.coef, total.loglik
        gain = decrement / previous
        if gain > METRIC_GAIN:
            return
        ascent.coef = problem.moved(ascent.coef, step)
        # The next step gains at least as much as the worse of the last two: stop when that is enough.
        if decrement * max(gain, last_gain, SAFE_GAIN) * GROWING_GAIN <= tolerance:
            return
        previous, last_step, last_score = decrement, step, score
        last_gain = gain


def _corrected(metric: Metric, pairs: list[tuple[FloatArray, FloatArray]], score: FloatArray) -> FloatArray:
    """Return the quasi-Newton step for a score."""
    shares: list[float] = []
    remaining = score.copy()
    for step, change in reversed(pairs):
        share = float(step @ remaining) / float(step @ change)
        remaining -= share * change
        shares.append(share)
    result = metric.solve(remaining)
    for (step, change), share in zip(pairs, reversed(shares), strict=True):
        result += step * (share - float(change @ result) / float(step @ change))
    return result


def _note(
    problem: _Problem,
    ascent: Ascent,
    kind: Literal["information", "score"],
    total: LikelihoodSum,
    score: FloatArray,
    decrement: float,
    halvings: int,
) -> None:
    ascent.trace.append(
        Iteration(
            stage=problem.stage,
            kind=kind,
            loglik=total.loglik,
            newton_decrement=decrement,
            max_abs_score=float(np.maximum.reduce(np.abs(score), initial=0.0)),
            step_halvings=halvings,
        )
    )
