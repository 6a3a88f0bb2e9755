"""A fit repeated with one unit left out at a time, exactly and without a Newton climb for each.

Left out, a unit takes its own score and information from the sums over all rows, so the first step is free:
``(I - I_u)^-1 (S - S_u)`` at the optimum of all rows (Pregibon 1981 for a row). From there the metric
``I - I_u`` is kept and only the score is read again: one unit moves the optimum so little that each such step
gains several digits. The end is certified by the decrement like any other optimum. Where a step gains less
than expected, or nothing is left to determine a coefficient, an ordinary refit decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import Advance, unwatched
from logreg.design.matrices import DenseMatrix
from logreg.engine.kernel import block_probabilities, likelihood_sum, weighted_residuals
from logreg.engine.newton import tolerance_for
from logreg.engine.separation import certified_finite
from logreg.engine.types import DesignBlock, FloatArray, LikelihoodSum, Objective
from logreg.passes.refits import (
    DEFICIENT,
    FITTED,
    Refits,
    Resampling,
    in_threads,
    refit,
    regular_metric,
    serial_objective,
    threads_for,
)

__all__ = ["EXACT_ROWS", "deletion_refits", "influence_refits", "influences_of"]

#: Refits times rows up to which every unit is left out exactly where only the skewness of the influences is
#: asked for: a second or two.
EXACT_ROWS = 2.5e7
#: Score-only steps for one unit, and the gain per step they must have: half squared decrements fall by the
#: square of the share by which the information changes. Slower than that, a climb is better.
MOST_STEPS, SLOWEST_GAIN = 12, 0.05
#: The bias is N - 1 times a difference of estimates, so these are taken closer to their optimum than others.
FINER = 1e-4
#: The next step's gain is taken to be worse than the last by this factor.
CAUTION = 10.0


@dataclass(frozen=True, slots=True)
class _Units:
    """The distinct units: where each stands in ``copies`` (flat), and its rows as a block."""

    resampling: Resampling
    positions: NDArray[np.intp]
    by_cluster: DesignBlock | None
    bounds: NDArray[np.intp]

    def block(self, number: int) -> DesignBlock:
        """Return the rows of one unit, with the weight that leaves the sum."""
        if self.by_cluster is not None:
            return self.by_cluster.rows(int(self.bounds[number]), int(self.bounds[number + 1]))
        n = self.resampling.copies.shape[-1]
        outcome, row = divmod(int(self.positions[number]), n)
        step = int(np.searchsorted(self.bounds, row, side="right")) - 1
        start = row - int(self.bounds[step])
        one = self.resampling.steps[step].rows(start, start + 1)
        # One copy of a frequency weight is a trial like any other.
        one = replace(one, weights=None) if self.resampling.frequencies else one
        return replace(one, codes=np.array([outcome]), counts=None) if self.resampling.counted else one


def _units_of(resampling: Resampling) -> _Units:
    steps = resampling.steps
    if resampling.groups is None:
        bounds = np.concatenate([[0], np.cumsum([step.n_rows for step in steps])])
        return _Units(resampling, np.flatnonzero(resampling.copies), None, bounds)
    order = np.argsort(resampling.groups, kind="stable")
    sizes = np.bincount(resampling.groups)
    sorted_rows = _written_out(steps, order)
    return _Units(resampling, np.arange(len(sizes)), sorted_rows, np.concatenate([[0], np.cumsum(sizes)]))


def _written_out(steps: Sequence[DesignBlock], order: NDArray[np.intp]) -> DesignBlock:
    """Return all rows in another order, columns written out: the rows of a cluster become neighbours."""
    first = steps[0]

    def joined(parts: Sequence[FloatArray | NDArray[np.integer] | None]) -> FloatArray:
        return np.concatenate([part for part in parts if part is not None], axis=-1)[..., order]

    return DesignBlock(
        matrix=DenseMatrix(joined([step.matrix.to_array() for step in steps]), leading_one=False),
        n_outcomes=first.n_outcomes,
        codes=None if first.codes is None else joined([s.codes for s in steps]).astype(np.intp),
        counts=None if first.counts is None else joined([s.counts for s in steps]),
        weights=None if first.weights is None else joined([s.weights for s in steps]),
        offset=None if first.offset is None else joined([s.offset for s in steps]),
    )


def deletion_refits(
    resampling: Resampling, *, threads: int | None = None, advance: Advance = unwatched
) -> Refits:
    """Refit without each unit in turn.

    Copies of a trial have one refit between them, which counts for all. With clusters the design is
    written out once, in cluster order.

    Parameters
    ----------
    resampling : Resampling
        The rows and their units.
    threads : int, optional
        Threads to use; by default as many as are of use.
    advance : callable
        Told of every refit.
    """
    units = _units_of(resampling)
    objective = serial_objective(resampling.steps)
    full = objective(resampling.optimum, 2)

    def without(number: int) -> tuple[FloatArray | None, int]:
        coef = _left_out(resampling, objective, full, units.block(number))
        if coef is not None:
            return coef, FITTED
        occurs = resampling.copies.copy()
        occurs.reshape(-1)[units.positions[number]] -= 1.0
        return refit(resampling, occurs)

    n = len(units.positions)
    coef = np.full((n, *resampling.optimum.shape), np.nan)
    reasons = np.full(n, FITTED, dtype=np.int8)
    found = in_threads(without, range(n), threads_for(resampling, threads), advance)
    for u, (one, reason) in enumerate(found):
        reasons[u] = reason
        if one is not None:
            coef[u] = one
    return Refits(
        coef=coef,
        reasons=reasons,
        copies=resampling.copies.ravel()[units.positions],
        strata=resampling.strata().ravel()[units.positions],
    )


def _left_out(
    resampling: Resampling, objective: Objective, full: LikelihoodSum, unit: DesignBlock
) -> FloatArray | None:
    """Return the coefficients (m, p) without a unit, None where an ordinary refit has to decide."""
    free, coef = resampling.free, resampling.optimum
    own = likelihood_sum(unit, coef, 2)
    assert full.score is not None
    assert full.information is not None
    assert own.score is not None
    assert own.information is not None
    metric = regular_metric((full.information - own.information)[np.ix_(free, free)])
    if metric is None:
        return None
    score, previous = full.score - own.score, np.inf
    tolerance = tolerance_for(resampling.n_rows)
    for _ in range(MOST_STEPS):
        step = metric.solve(score.ravel()[free])
        decrement = 0.5 * float(score.ravel()[free] @ step)
        gain = decrement / previous if previous < np.inf else 1.0
        # The metric is that of the optimum of all rows: half the bound leaves room for what changed since.
        certified = certified_finite(decrement, 0.5 * full.smallest_weight)
        flat = coef.ravel().copy()
        flat[free] += step
        coef = flat.reshape(coef.shape)
        if certified and decrement * min(1.0, CAUTION * gain) <= FINER * tolerance:
            return coef
        if previous < np.inf and not gain <= SLOWEST_GAIN:
            # Rounding may end the gains first.
            return coef if certified and decrement <= tolerance else None
        previous = decrement
        total, own = objective(coef, 1), likelihood_sum(unit, coef, 1)
        assert total.score is not None
        assert own.score is not None
        score = total.score - own.score
    return None


def influence_refits(resampling: Resampling) -> Refits:
    """Return what the estimate would be without each unit, to first order: ``coef - I^-1 S_u``.

    These are the empirical influence values of Davison and Hinkley (1997, section 2.7), for when leaving out
    every unit would take too long: they differ from exact deletion by a share of the unit's leverage.
    """
    optimum, free = resampling.optimum, resampling.free
    m, p = optimum.shape
    total = serial_objective(resampling.steps)(optimum, 2)
    assert total.information is not None
    metric = regular_metric(total.information[np.ix_(free, free)])
    kept = np.flatnonzero(resampling.copies)
    strata = resampling.strata().ravel()[kept]
    copies = resampling.copies.ravel()[kept]
    if metric is None:
        nothing = np.full((len(kept), m, p), np.nan)
        reasons = np.full(len(kept), DEFICIENT, dtype=np.int8)
        return Refits(coef=nothing, reasons=reasons, copies=copies, strata=strata)
    n = resampling.copies.shape[-1]
    scores = np.zeros((len(kept), m * p))
    start = 0
    for step in resampling.steps:
        x, stop = step.matrix.to_array(), start + step.n_rows
        residual = _residuals(step, optimum)
        if resampling.groups is None:
            inside = np.flatnonzero((kept % n >= start) & (kept % n < stop))
            row, outcome = kept[inside] % n - start, strata[inside]
            weight = None if resampling.frequencies or step.weights is None else step.weights[row]
            of_units = residual(row, outcome, weight)
            scores[inside] = (of_units[:, np.newaxis] * x[:, row]).reshape(m * p, -1).T
        else:
            products = (weighted_residuals(step, optimum)[:, np.newaxis] * x).reshape(m * p, -1)
            np.add.at(scores, resampling.groups[start:stop], products.T)
        start = stop
    coef = np.tile(optimum.ravel(), (len(kept), 1))
    coef[:, free] -= metric.solve(scores[:, free].T).T
    return Refits(
        coef=coef.reshape(-1, m, p),
        reasons=np.full(len(kept), FITTED, dtype=np.int8),
        copies=copies,
        strata=strata,
    )


def _residuals(
    step: DesignBlock, coef: FloatArray
) -> Callable[[NDArray[np.intp], NDArray[np.intp], FloatArray | None], FloatArray]:
    """Return a function of rows, their outcomes and weights (None: 1) to residuals ``w ([k = j] - p_j)``."""
    probabilities, complements = block_probabilities(step, coef)
    equations = np.arange(1, len(coef) + 1)[:, np.newaxis]

    def residual(row: NDArray[np.intp], outcome: NDArray[np.intp], weight: FloatArray | None) -> FloatArray:
        own = np.where(outcome == equations, complements[1:, row], -probabilities[1:, row])
        return own if weight is None else own * weight

    return residual


def influences_of(resampling: Resampling, *, advance: Advance = unwatched) -> Refits:
    """Leave out each unit, exactly where that is quick (`EXACT_ROWS`), else to first order."""
    units = np.count_nonzero(resampling.copies)
    if float(units) * resampling.n_rows <= EXACT_ROWS:
        return deletion_refits(resampling, advance=advance)
    return influence_refits(resampling)
