"""Logistic regression written out a second time, for a few rows: nothing here is taken from `logreg`.

The design is given as columns in any number and of any rank; everything is solved in an orthonormal basis of
what they span, found in long doubles. Probabilities, the log-likelihood and the errors of logits do not
depend on the basis.

Shapes: basis (n, r), counts (K, n) of trials per outcome, weights (n,), offset (K - 1, n), coef (K - 1, r).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

__all__ = ["Basis", "Maximum", "Problem", "certify_firth", "logit_errors", "maximise", "separates", "span"]

Array = NDArray[np.float64]

#: What is left of a column after those before it, as a share: rounding leaves 2e-16 of an exact combination.
DEPENDENT, NEARLY = 5e-15, 1e-6
#: Newton steps; on separated rows each moves the logits by one, and e^-30 is beyond every tolerance here.
STEPS = 60
#: Logits beyond this are on their way to infinity.
EXTREME = 25.0
#: Where the climb is left: sums of much larger terms have no digits left for the logits that stay finite.
FARTHEST = 1e4
#: Half the squared decrement, per unit of weight, at which a maximum has been reached.
ARRIVED = 1e-24


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Orthonormal columns (n, r), and the smallest share that was left of a column that was kept."""

    columns: Array
    smallest_share: float
    largest_dropped: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What the likelihood is made of."""

    basis: Array
    counts: Array
    weights: Array
    offset: Array

    @property
    def n_equations(self) -> int:
        return len(self.counts) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Maximum:
    """Where Newton's method ended; ``arrived`` says that the score is zero at moderate logits."""

    coef: Array
    probability: Array
    loglik: float
    information: Array
    arrived: bool


def span(columns: Sequence[Any], n: int) -> Basis:
    """Return an orthonormal basis of what the columns span: Gram and Schmidt, twice, in long doubles."""
    kept: list[NDArray[np.longdouble]] = []
    smallest, largest = 1.0, 0.0
    for column in columns:
        values = np.asarray(column, dtype=np.longdouble)
        size = np.abs(values).max(initial=0)
        if size == 0:
            continue
        values = values / size
        whole = np.sqrt(values @ values)
        for _ in range(2):
            for other in kept:
                values = values - (values @ other) * other
        left = np.sqrt(values @ values)
        share = float(left / whole)
        if share < DEPENDENT:
            largest = max(largest, share)
            continue
        smallest = min(smallest, share)
        kept.append(values / left)
    basis = np.array(kept, dtype=np.float64).reshape(len(kept), n).T
    return Basis(columns=basis, smallest_share=smallest, largest_dropped=largest)


def _log_probabilities(problem: Problem, coef: Array) -> Array:
    logits = np.vstack([np.zeros(len(problem.basis)), coef @ problem.basis.T + problem.offset])
    logits -= logits.max(axis=0)
    result: Array = logits - np.log(np.exp(logits).sum(axis=0))
    return result


def loglik(problem: Problem, coef: Array) -> float:
    """Return the sum of ``weight * count * log p``."""
    return float(((problem.counts * _log_probabilities(problem, coef)).sum(axis=0) * problem.weights).sum())


def information(problem: Problem, probability: Array) -> Array:
    """Return the information (m r, m r), equation by equation."""
    m, r = problem.n_equations, problem.basis.shape[1]
    trials = problem.counts.sum(axis=0) * problem.weights
    result = np.empty((m, r, m, r))
    for j in range(m):
        for k in range(j, m):
            p, other = probability[j + 1], probability[k + 1]
            # 1 - p as the sum of the others keeps its digits when p is nearly 1.
            rest = probability.sum(axis=0, where=(np.arange(m + 1) != j + 1)[:, np.newaxis])
            curvature = trials * (p * rest if j == k else -p * other)
            block = (problem.basis * curvature[:, np.newaxis]).T @ problem.basis
            result[j, :, k] = block
            result[k, :, j] = block.T
    return result.reshape(m * r, m * r)


def maximise(problem: Problem) -> Maximum:
    """Climb by Newton's method with halved steps, from equal probabilities."""
    m, r = problem.n_equations, problem.basis.shape[1]
    trials = problem.counts.sum(axis=0)
    coef = np.zeros((m, r))
    best = loglik(problem, coef)
    total = float((trials * problem.weights).sum())
    arrived = False
    for _ in range(STEPS):
        probability = np.exp(_log_probabilities(problem, coef))
        residual = (problem.counts - trials * probability)[1:] * problem.weights
        score = (residual @ problem.basis).ravel()
        hessian = information(problem, probability)
        try:
            step = np.linalg.solve(hessian, score)
        except np.linalg.LinAlgError:
            break
        if arrived or not np.isfinite(step).all():
            break
        gain = float(score @ step)
        arrived = gain <= ARRIVED * total
        length = 1.0
        for _ in range(30):
            there = coef + length * step.reshape(m, r)
            value = loglik(problem, there)
            if value >= best - 1e-13 * abs(best):
                break
            length /= 2
        else:
            break
        if np.abs(there @ problem.basis.T).max(initial=0.0) > FARTHEST:
            break
        coef, best = there, max(best, value)
        arrived = arrived or (gain <= 1e-16 * total and value <= best)
    probability = np.exp(_log_probabilities(problem, coef))
    moderate = bool(np.abs(coef @ problem.basis.T).max(initial=0.0) < EXTREME)
    return Maximum(
        coef=coef,
        probability=probability,
        loglik=loglik(problem, coef),
        information=information(problem, probability),
        arrived=arrived and moderate,
    )


def separates(problem: Problem) -> bool | None:
    """Tell by one linear programme whether the outcome is separated; None if that is too close to call."""
    m, r = problem.n_equations, problem.basis.shape[1]
    rows = []
    for i in np.flatnonzero(problem.weights > 0):
        for own in np.flatnonzero(problem.counts[:, i]):
            for other in range(m + 1):
                if other == own:
                    continue
                row = np.zeros((m + 1, r))
                row[own] += problem.basis[i]
                row[other] -= problem.basis[i]
                rows.append(row[1:].ravel())
    constraints = np.array(rows)
    sizes = np.abs(constraints).max(axis=1, initial=0.0)
    constraints = constraints[sizes > 0] / sizes[sizes > 0, np.newaxis]
    if not constraints.size:
        return False
    answer = linprog(
        -constraints.sum(axis=0),
        A_ub=-constraints,
        b_ub=np.zeros(len(constraints)),
        bounds=(-1.0, 1.0),
        method="highs",
    )
    if answer.status != 0:
        return None
    moved = float(-answer.fun)
    return None if 1e-9 < moved < 1e-4 else moved >= 1e-4


def logit_errors(problem: Problem, maximum: Maximum, covariance: str) -> Array:
    """Return the standard errors (m, n) of the rows' logits; ``covariance`` is "model", "HC0" or "HC1"."""
    m, r = problem.n_equations, problem.basis.shape[1]
    bread = np.linalg.inv(maximum.information)
    vcov = bread
    if covariance != "model":
        meat = np.zeros((m * r, m * r))
        for own in range(m + 1):
            residual = -maximum.probability[1:].copy()
            if own:
                residual[own - 1] += 1.0
            scores = np.einsum("jn,nr->njr", residual, problem.basis).reshape(len(problem.basis), m * r)
            meat += (scores * (problem.counts[own] * problem.weights)[:, np.newaxis]).T @ scores
        vcov = bread @ meat @ bread
        if covariance == "HC1":
            trials = float((problem.counts.sum(axis=0) * problem.weights).sum())
            vcov = vcov * trials / (trials - m * r)
    blocks = vcov.reshape(m, r, m, r)
    variance = np.array(
        [np.einsum("nr,rs,ns->n", problem.basis, blocks[j, :, j], problem.basis) for j in range(m)]
    )
    return np.sqrt(variance)


def certify_firth(problem: Problem, logits: Array) -> float:
    """Return how far, in standard errors, logits (m, n) are from a stationary point of Firth's likelihood.

    The penalised log-likelihood is differentiated numerically, in the basis: it needs no formula for the
    score. Infinite if the logits are not of the model.
    """
    m, r = problem.n_equations, problem.basis.shape[1]
    coef = (logits - problem.offset) @ problem.basis
    if np.abs(coef @ problem.basis.T + problem.offset - logits).max(initial=0.0) > 1e-6:
        return float("inf")

    def penalised(flat: Array) -> float:
        at = flat.reshape(m, r)
        inner = information(problem, np.exp(_log_probabilities(problem, at)))
        return loglik(problem, at) + 0.5 * float(np.linalg.slogdet(inner)[1])

    here = information(problem, np.exp(_log_probabilities(problem, coef)))
    # Steps of a thousandth of a standard error along the axes of the information.
    values, vectors = np.linalg.eigh(here)
    distance = 0.0
    for value, direction in zip(values, vectors.T, strict=True):
        step = 1e-3 / np.sqrt(value)
        up, down = penalised(coef.ravel() + step * direction), penalised(coef.ravel() - step * direction)
        two_up, two_down = (penalised(coef.ravel() + s * step * direction) for s in (2.0, -2.0))
        slope = (8.0 * (up - down) - (two_up - two_down)) / (12.0 * step)
        distance = max(distance, abs(slope) / np.sqrt(value))
    return distance
