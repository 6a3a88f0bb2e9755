"""Jeffreys' penalty on the log-likelihood: half the log-determinant of the information, and its derivatives.

The penalised log-likelihood (Firth 1993, Biometrika 80, 27-38)

    l*(b) = l(b) + log|I(b)| / 2                                                                         (1)

has a finite maximum on every design of full rank (Kosmidis and Firth 2021, Biometrika 108, 71-82), separated
or not, and its maximum is free of the bias of order 1/n that maximum likelihood has. I is a sum over
rows, so is its derivative once I is known: one pass over the rows gives I, a second one, given its inverse,
the rest.

Notation, for a row x with weight w (trials included) and probabilities p_0 .. p_m: with ``L L' = I^-1`` cut
into equations, ``z_j = L_j' x`` and ``z_0 = 0``, so that ``z_j'z_k`` is the covariance of the row's logits j
and k, and ``D_jk = |z_j - z_k|^2`` the variance of their difference. Then

    r_c = sum_k p_k D_ck,    S = sum_c p_c r_c,    w S / 2 = leverage of the row,                        (2)
    d(log|I| / 2) / d logit_s = w p_s (r_s - S) / 2.                                                     (3)

Binary: ``D_01 = h = x'I^-1 x`` and (3) is ``w p (1 - p) h (1/2 - p)``, Firth's own. The multinomial form is
that of Kosmidis and Firth (2011, Biometrika 98, 755-759) with the nuisance parameters of their Poisson model
eliminated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from logreg.engine.kernel import block_probabilities, outer_sum, row_weights
from logreg.engine.newton import Metric, factorise
from logreg.engine.types import DesignBlock, FloatArray, LikelihoodSum, Order

__all__ = [
    "SMALL_LEVERAGE",
    "Curvature",
    "Penalised",
    "PenaltySum",
    "cubed_sum",
    "free_part",
    "half_log_determinant",
    "leverages",
    "penalty_sum",
    "root_of",
]

#: How the curvature of the penalty enters the metric of a step: not, approximately, or exactly.
Curvature = Literal["none", "augmented", "exact"]

#: Where the penalised log-likelihood curves upwards or hardly at all, a step takes its curvature for at least
#: this share of the information.
FLATTEST = 0.01
#: Rows whose leverages are all below this share of a trial change the metric of a step by less than that.
SMALL_LEVERAGE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltySum:
    """Derivatives of the penalty summed over rows; ``a + b`` is the sum over both.

    ``score`` (m, p) is the gradient. ``curvature`` (m p, m p) and ``thirds`` (m p, t) add up to the metric of
    a step: ``information + curvature + thirds @ thirds.T / 2``.
    """

    score: FloatArray
    curvature: FloatArray | None = None
    thirds: FloatArray | None = None

    def __add__(self, other: PenaltySum) -> PenaltySum:
        return PenaltySum(
            score=self.score + other.score,
            curvature=_added(self.curvature, other.curvature),
            thirds=_added(self.thirds, other.thirds),
        )


def _added(first: FloatArray | None, second: FloatArray | None) -> FloatArray | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second


def free_part(information: FloatArray, free: NDArray[np.intp]) -> FloatArray:
    """Return the rows and columns of the coefficients that are estimated."""
    return information if len(free) == len(information) else information[np.ix_(free, free)]


def half_log_determinant(metric: Metric) -> float:
    """Return ``log|I| / 2`` of a factorised information."""
    return float(np.log(metric.factor.diagonal() / metric.scale).sum())


def root_of(metric: Metric, free: NDArray[np.intp], shape: tuple[int, int]) -> FloatArray:
    """Return L (m, p, f) with ``L L' = I^-1`` on the f free coefficients and 0 on the others."""
    inverse, _ = lapack.dtrtri(metric.factor, lower=1)
    root = np.zeros((shape[0] * shape[1], len(free)))
    root[free] = metric.scale[:, np.newaxis] * inverse.T
    return root.reshape(*shape, len(free))


def _logit_roots(block: DesignBlock, root: FloatArray) -> list[FloatArray]:
    """Return z_j (f, n) of every equation."""
    return [block.matrix.matvec(np.ascontiguousarray(inner.T)) for inner in root]


def _variances(roots: list[FloatArray]) -> FloatArray:
    """Return D (K, K, n), the variances of differences of logits, that of the baseline being 0."""
    k, n = len(roots) + 1, roots[0].shape[1]
    variances = np.zeros((k, k, n))
    for j, one in enumerate(roots):
        variances[0, j + 1] = variances[j + 1, 0] = np.einsum("fn,fn->n", one, one)
        for i in range(j):
            apart = one - roots[i]
            variances[i + 1, j + 1] = variances[j + 1, i + 1] = np.einsum("fn,fn->n", apart, apart)
    return variances


def _spread(probabilities: FloatArray, variances: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return r (K, n) and S (n,) of equation (2)."""
    r = np.einsum("kn,ckn->cn", probabilities, variances)
    return r, np.einsum("cn,cn->n", probabilities, r)


def leverages(block: DesignBlock, coef: FloatArray, root: FloatArray) -> FloatArray:
    """Return the leverage of each row (n,), the trace of its part of the hat matrix: equation (2).

    Over all rows they add up to the number of coefficients.
    """
    probabilities, _ = block_probabilities(block, coef)
    _, spread = _spread(probabilities, _variances(_logit_roots(block, root)))
    weight = row_weights(block)
    return 0.5 * spread if weight is None else 0.5 * weight * spread


def penalty_sum(block: DesignBlock, coef: FloatArray, root: FloatArray, curvature: Curvature) -> PenaltySum:
    """Return the gradient of the penalty over a block, with what it adds to the metric of a step.

    Parameters
    ----------
    block : DesignBlock
        n rows.
    coef : (m, p) array
        Coefficients on the logit scale.
    root : (m, p, f) array
        Root of the inverse information at ``coef``, from `root_of`.
    curvature : "none", "augmented" or "exact"
        "exact": minus the Hessian of the penalty; it takes f / 6 times as long as an information.
        "augmented": the information of Firth's pseudo-observations, which each row contributes in proportion
        to its leverage; it is what is left of the Hessian where the leverages are held.
    """
    probabilities, complements = block_probabilities(block, coef)
    roots = _logit_roots(block, root)
    variances = _variances(roots)
    r, spread = _spread(probabilities, variances)
    weight = row_weights(block)
    p = probabilities[1:]
    pull = 0.5 * p if weight is None else 0.5 * weight * p
    score = block.matrix.transpose_matvec(pull * (r[1:] - spread))  # (3)
    if curvature == "none":
        return PenaltySum(score=score)
    if curvature == "augmented":
        k = len(probabilities)
        # A saturated cell has leverage K - 1 and gets K / 2 pseudo-observations, half of each outcome.
        added = (k / (2.0 * (k - 1.0))) * 0.5 * spread
        if added.max(initial=0.0) <= SMALL_LEVERAGE:
            return PenaltySum(score=score)
        total = added if weight is None else added * weight
        return PenaltySum(score=score, curvature=outer_sum(block.matrix, _moments(p, complements[1:], total)))
    return PenaltySum(
        score=score,
        curvature=outer_sum(
            block.matrix, _fixed_root_hessian(pull, p, r[1:], spread, variances[1:, 1:]), signed=True
        ),
        thirds=_thirds(block, 2.0 * pull, probabilities, roots),
    )


def _moments(p: FloatArray, q: FloatArray, total: FloatArray) -> FloatArray:
    """Return ``total (diag(p) - p p')`` of each row, (m, m, n)."""
    m, n = p.shape
    moments = np.empty((m, m, n))
    for j in range(m):
        moments[j, j] = total * p[j] * q[j]
        for k in range(j):
            moments[j, k] = moments[k, j] = -total * p[j] * p[k]
    return moments


def _fixed_root_hessian(
    pull: FloatArray, p: FloatArray, r: FloatArray, spread: FloatArray, variances: FloatArray
) -> FloatArray:
    """Return minus the derivative of (3) by the logits with L held, (m, m, n).

    ``w p_s / 2 (p_t (2 r_s + 2 r_t - 3 S - D_st) - [s = t] (r_s - S))``, in the binary case
    ``-w p q h (1 - 6 p q) / 2``.
    """
    m = len(p)
    result = np.empty((m, m, p.shape[1]))
    for s in range(m):
        for t in range(m):
            result[s, t] = pull[s] * p[t] * (2.0 * (r[s] + r[t]) - 3.0 * spread - variances[s, t])
        result[s, s] -= pull[s] * (r[s] - spread)
    return result


def _thirds(
    block: DesignBlock, weighted: FloatArray, probabilities: FloatArray, roots: list[FloatArray]
) -> FloatArray:
    """Return the third derivatives of the log-likelihood with two sides in the metric of the root, (m p, t).

    Row (s, r) holds ``L' (dI / d coef_sr) L``, a symmetric f x f matrix, written out so that products of rows
    are traces of products: with u_c = z_c - sum_k p_k z_k, the sum over rows of
    ``x_r w p_s (u_s u_s' - sum_c p_c u_c u_c')``.
    """
    size = len(roots[0])
    # An off-diagonal element stands for two; each row of the triangle starts on the diagonal.
    times = np.full(size * (size + 1) // 2, np.sqrt(2.0))
    times[np.cumsum(np.arange(size, 0, -1)) - np.arange(size, 0, -1)] = 1.0

    def summed(outer: FloatArray) -> FloatArray:
        result: FloatArray = times * block.matrix.transpose_matvec(outer).T
        return result

    if len(roots) == 1:
        # u_1 = q z and u_0 = -p z: what is summed is x_r w p q (q - p) z z'.
        (z,), (q, p) = roots, probabilities
        return summed(_products(z, z * (weighted[0] * q * (q - p))))
    mean = np.einsum("mn,mfn->fn", probabilities[1:], np.stack(roots))
    own = [_products(u, u) for u in (-mean, *(z - mean for z in roots))]
    average = np.einsum("kn,ktn->tn", probabilities, np.stack(own))
    return np.concatenate([summed(w * (outer - average)) for w, outer in zip(weighted, own[1:], strict=True)])


def _products(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return ``first_i second_j`` (t, n) for i <= j, row by row of the triangle."""
    size, n = first.shape
    products = np.empty((size * (size + 1) // 2, n))
    start = 0
    for i in range(size):
        stop = start + size - i
        np.multiply(first[i], second[i:], out=products[start:stop])
        start = stop
    return products


def cubed_sum(block: DesignBlock, coef: FloatArray, directions: FloatArray) -> FloatArray:
    """Return the third cumulants of the scores along directions (f, p): binary, shape (f,).

    The sum over rows of ``w p (1 - p) (1 - 2 p) (x'd)^3``.
    """
    (q, p), _ = block_probabilities(block, coef)
    cumulant = p * q * (q - p)
    weight = row_weights(block)
    if weight is not None:
        cumulant *= weight
    result: FloatArray = (block.matrix.matvec(directions) ** 3) @ cumulant
    return result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Penalised:
    """The penalised log-likelihood (1) as an `Objective`: ``(coef (m, p), order) -> LikelihoodSum``.

    ``penalty`` sums `penalty_sum` over the rows of ``likelihood``; ``free`` are the coefficients whose
    information counts, whichever of them a caller moves: holding some of them fixed keeps the penalty of the
    full design. ``reference`` is subtracted from the penalty, which then does not depend on the scale of
    columns; with the penalty's value for coefficients 0, or at the maximum, (1) is hardly ever positive,
    which the ascent counts on. ``affordable`` tells whether the exact Hessian is. ``whole`` finds likelihood,
    half the log-determinant and penalty in one call where all coefficients are free; None where it cannot.

    The ``information`` is a metric for steps and for the Newton decrement, not X'WX: minus the Hessian of
    (1), or close to it, so that Newton's method converges as it should. On separated rows that needs the
    exact one, which `exact` has.
    """

    likelihood: Callable[[FloatArray, Order], LikelihoodSum]
    penalty: Callable[[FloatArray, FloatArray, Curvature], PenaltySum]
    free: NDArray[np.intp]
    curvature: Curvature
    reference: float = 0.0
    affordable: bool = True
    whole: Callable[[FloatArray, Curvature], tuple[LikelihoodSum, float, PenaltySum] | None] | None = None

    @property
    def exact(self) -> Penalised | None:
        """The same with the exact Hessian, None where it is that already, or that would take too much."""
        return replace(self, curvature="exact") if self.affordable and self.curvature != "exact" else None

    def __call__(self, coef: FloatArray, order: Order) -> LikelihoodSum:
        """Return the penalised log-likelihood and its derivatives up to ``order``; minus infinity where the
        information is singular to rounding.
        """
        curvature: Curvature = self.curvature if order == 2 else "none"
        found = None if order == 0 or self.whole is None else self.whole(coef, curvature)
        if found is None:
            total = self.likelihood(coef, 2)
            assert total.information is not None
            metric = factorise(free_part(total.information, self.free))
            if metric is None:
                return LikelihoodSum(
                    loglik=-np.inf, score=np.full_like(coef, np.nan), information=total.information
                )
            if order == 0:
                return LikelihoodSum(loglik=total.loglik + half_log_determinant(metric) - self.reference)
            root = root_of(metric, self.free, (coef.shape[0], coef.shape[1]))
            found = total, half_log_determinant(metric), self.penalty(coef, root, curvature)
        total, half, added = found
        assert total.score is not None
        assert total.information is not None
        return LikelihoodSum(
            loglik=total.loglik + half - self.reference,  # (1)
            score=total.score + added.score,
            information=_metric(total.information, added, self.free) if order == 2 else None,
            smallest_weight=total.smallest_weight,
        )


def _metric(information: FloatArray, added: PenaltySum, free: NDArray[np.intp]) -> FloatArray:
    """Return the metric of a step, positive definite.

    Where the Hessian is indefinite, its eigenvalues in units of the information are taken without their signs
    (Nocedal and Wright 2006, section 3.4): a step goes up along every eigenvector, and far along flat ones.
    """
    metric = information if added.curvature is None else information + added.curvature
    if added.thirds is None:
        return metric
    metric = metric + 0.5 * added.thirds @ added.thirds.T
    if factorise(free_part(metric, free)) is not None:
        return metric
    plain = factorise(free_part(information, free))
    if plain is None or not np.isfinite(metric).all():
        return information
    inner = root_of(plain, free, (1, len(information)))[0]
    # L' metric L, and back: L^-T is I L.
    values, vectors = np.linalg.eigh(inner.T @ metric @ inner)
    outer = information @ inner @ vectors
    result: FloatArray = (outer * np.maximum(np.abs(values), FLATTEST)) @ outer.T
    return result
