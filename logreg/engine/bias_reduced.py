"""From blocks of the design to a bias-reduced `Optimum`: Firth's estimate, and two that are made from it.

The programme of `find_bias_reduced`:

1. Coordinates and aliased columns as for maximum likelihood (`logreg.engine.optimum`).
2. Come near the maximum without the sums that only the penalty needs: by Newton steps on the plain
   log-likelihood while they promise more than the penalty can matter; with many rows from the penalised
   maximum of a sample, by steps on the log-likelihood with the penalty's gradient held as the sample has it.
3. Climb to the maximum of the penalised log-likelihood. Steps are halved while it falls; it has a finite
   maximum, so that they arrive.
4. "flic": climb once more, on the log-likelihood, with the intercepts alone. "flac": give every row pseudo-
   observations as heavy as its leverage, and climb on the log-likelihood of both with one more coefficient
   for the pseudo-observations (Puhr, Heinze, Nold, Lusa and Geroldinger 2017, Statistics in Medicine 36,
   2302-2317, sections 2.3 and 2.4). "median": solve the equations of `logreg.engine.median`.
5. Covariance from the information at the estimate; what the rows say about separation, if asking is cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from logreg.engine.firth import Penalised, free_part, half_log_determinant, root_of
from logreg.engine.median import solve_median
from logreg.engine.newton import Ascent, Metric, climb, factorise, moved, tolerance_for
from logreg.engine.optimum import Prepared, find_optimum, in_design_coordinates, prepare
from logreg.engine.penalised_start import near_by_likelihood, near_by_sample, newton_step, shift
from logreg.engine.separation import Verdict, certified_finite, find_separation
from logreg.engine.types import DesignBlock, FloatArray, LikelihoodSum, Objective, Optimum, Order

__all__ = ["BiasReduction", "RowSums", "find_bias_reduced"]

BiasReduction: TypeAlias = Literal["firth", "flic", "flac", "median"]

#: Multiplications of an information up to which a few Newton steps towards maximum likelihood are made, to
#: see whether that exists. A bias-reduced estimate is finite either way.
CHEAP_NEWTON = 1e7
#: Those steps: from a bias-reduced estimate one or two certify a maximum that is there.
NEWTON_STEPS = 3
#: Rows times coefficients up to which, without that certificate, the linear programme decides.
SMALL_PROGRAMME = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSums:
    """The sums over rows that bias reduction needs, with threads, elsewhere (`logreg.passes.firth`)."""

    likelihood: Callable[[Sequence[DesignBlock]], Objective]
    penalised: Callable[[Sequence[DesignBlock], NDArray[np.intp], float | None], Penalised]
    leverages: Callable[[Sequence[DesignBlock], FloatArray, FloatArray], list[FloatArray]]
    cumulants: Callable[[Sequence[DesignBlock], FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Estimate:
    """Where an estimator ended: coefficients (m, p), the information (m p, m p) that its covariance inverts,
    and the plain log-likelihood there.
    """

    ascent: Ascent
    coef: FloatArray
    information: FloatArray
    loglik: float


def find_bias_reduced(
    blocks: Sequence[DesignBlock],
    sums: RowSums,
    estimator: BiasReduction,
    *,
    null_logits: FloatArray,
    intercept: bool,
    max_iterations: int,
) -> Optimum:
    """Return a bias-reduced estimate with its covariance, and say how sure that is.

    ``loglik`` of the result is the log-likelihood without penalty; that of the trace is the penalised one, in
    the design's own columns. ``separation`` tells what maximum likelihood would have met, without a
    direction: these estimates are finite.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows used; at least one design column.
    sums : RowSums
        How to sum over them.
    estimator : "firth", "flic", "flac" or "median"
        "flac" and "median" take two outcomes, "flic" and "flac" an intercept.
    null_logits : (m,) array
        Where the intercepts start: log-odds of the outcomes in all rows.
    intercept : bool
        Whether design column 0 is the intercept.
    max_iterations : int
        Newton iterations on all rows, in each climb.
    """
    n_rows = sum(block.n_rows for block in blocks)
    n_columns = blocks[0].matrix.shape[1]
    m = blocks[0].n_outcomes - 1
    ready = prepare(blocks, intercept=intercept)
    free = ready.free
    if not len(free):
        # All columns are 0: nothing is estimated, and nothing has a bias.
        return find_optimum(
            blocks,
            sums.likelihood,
            null_logits=null_logits,
            intercept=intercept,
            max_iterations=max_iterations,
        )
    start = np.zeros((m, n_columns))
    if intercept:
        start[:, 0] = null_logits
    ascent = Ascent(coef=start)
    objective = sums.penalised(ready.blocks, free, 0.0)
    if ready.sample:
        near_by_sample(sums.penalised(ready.sample, free, None), objective.likelihood, ascent)
    else:
        near_by_likelihood(objective.likelihood, ascent, free, max_iterations)
    first = sum(row.stage == "sample" for row in ascent.trace)
    begun: LikelihoodSum | None = None
    if ascent.metric is not None:
        # The penalty counts from the last information found on the way.
        objective = replace(objective, reference=half_log_determinant(ascent.metric))
        begun = objective(ascent.coef, 2)
    if begun is None or not np.isfinite(begun.loglik):
        # Not near, or where the information is singular and the penalty infinite.
        ascent.coef, ascent.metric, begun = start, None, None
        objective = sums.penalised(ready.blocks, free, None)
    ascent = climb(
        objective,
        ascent,
        free,
        begun=begun,
        max_iterations=max_iterations,
        tolerance=tolerance_for(n_rows),
        # An exact Hessian needs no correction; an approximate one is corrected by the scores met on the way.
        reuse=objective.curvature != "exact",
        exact=objective.exact,
    )
    shift(ascent, first, objective.reference)
    shift(ascent, 0, -m * _log_volume(ready))
    there = objective.likelihood(ascent.coef, 2)
    assert there.information is not None
    metric = factorise(free_part(there.information, free))
    verdict = _verdict(ready, objective, ascent.coef, there, metric)
    found = _estimate(ready, sums, estimator, objective, ascent, there, max_iterations)
    result = replace(
        found.ascent,
        coef=found.coef,
        current=LikelihoodSum(
            loglik=found.loglik, score=None if ascent.current is None else ascent.current.score
        ),
        metric=metric
        if found.information is there.information
        else factorise(free_part(found.information, free)),
    )
    optimum = in_design_coordinates(result, ready.coordinates, ready.aliases, free, None)
    return replace(
        optimum,
        separation=verdict.kind,
        perfect_rows=verdict.rows,
        moments=there.moments if estimator == "firth" else None,
    )


def _log_volume(ready: Prepared) -> float:
    """Return what ``log|I| / 2`` of an equation has in working coordinates beyond that in the design's."""
    if ready.coordinates.trivial:
        return 0.0
    return float(np.linalg.slogdet(ready.coordinates.to_design()[np.ix_(ready.kept, ready.kept)])[1])


def _verdict(
    ready: Prepared, objective: Penalised, coef: FloatArray, there: LikelihoodSum, metric: Metric | None
) -> Verdict:
    """Return whether the outcome is separated, if asking is cheap; ``there`` is the likelihood at ``coef``,
    ``metric`` its information factorised.

    The certificate holds at any point, so that Newton steps in search of one need no safeguard.
    """
    free, start = objective.free, coef
    n_rows = sum(block.n_rows for block in ready.blocks)
    cheap = n_rows * len(free) ** 2 <= CHEAP_NEWTON
    for further in range(NEWTON_STEPS if cheap else 0, -1, -1):
        if metric is None:
            break
        assert there.score is not None
        step = newton_step(metric, there, free)
        decrement = 0.5 * float(there.score.ravel()[free] @ step)
        if certified_finite(decrement, there.smallest_weight):
            return Verdict(kind="none")
        if further:
            coef = moved(coef, free, step)
            there = objective.likelihood(coef, 2)
            assert there.information is not None
            metric = factorise(free_part(there.information, free))
    if not cheap or n_rows * len(free) > SMALL_PROGRAMME:
        return Verdict(kind="not checked")
    outward = climb(objective.likelihood, Ascent(coef=start), free)
    return replace(find_separation(ready.blocks, ready.kept, outward.coef), direction=None)


def _estimate(
    ready: Prepared,
    sums: RowSums,
    estimator: BiasReduction,
    objective: Penalised,
    ascent: Ascent,
    there: LikelihoodSum,
    max_iterations: int,
) -> _Estimate:
    """Return the estimate that is asked for, made from Firth's; ``there`` is the likelihood at that."""
    free = objective.free
    assert there.information is not None
    firth = _Estimate(ascent=ascent, coef=ascent.coef, information=there.information, loglik=there.loglik)
    if ascent.status != "converged" or estimator == "firth":
        return firth
    n_rows = sum(block.n_rows for block in ready.blocks)
    if estimator == "flic":
        return _with_free_intercepts(objective.likelihood, firth, free, n_rows, max_iterations)
    if estimator == "flac":
        return _with_added_covariate(ready.blocks, sums, firth, free, n_rows, max_iterations)
    solved = solve_median(
        objective,
        lambda coef, directions: sums.cumulants(ready.blocks, coef, directions),
        ready.coordinates.to_design(),
        ascent,
        tolerance=tolerance_for(n_rows),
        max_iterations=max_iterations,
    )
    return _at(objective.likelihood, solved, solved.coef)


def _at(likelihood: Objective, ascent: Ascent, coef: FloatArray) -> _Estimate:
    total = likelihood(coef, 2)
    assert total.information is not None
    return _Estimate(ascent=ascent, coef=coef, information=total.information, loglik=total.loglik)


def _followed_by(first: Ascent, second: Ascent) -> Ascent:
    """Return a climb that went on as another one: it is as good as the worse of the two."""
    return replace(
        second,
        trace=first.trace,
        passes=first.passes + second.passes,
        decrement=max(first.decrement, second.decrement),
        current=first.current,
    )


def _with_free_intercepts(
    likelihood: Objective,
    firth: _Estimate,
    free: NDArray[np.intp],
    n_rows: int,
    max_iterations: int,
) -> _Estimate:
    """FLIC: maximise the log-likelihood over the intercepts, the slopes being Firth's.

    The covariance V_ss of the slopes stays that of Firth's fit. Where the log-likelihood is at its maximum
    over the intercepts a, ``da = A^-1 (score - B ds)`` with A and B the information's blocks for (a, a) and
    (a, s), so that

        V_aa = A^-1 + A^-1 B V_ss B' A^-1,    V_as = -A^-1 B V_ss.

    The inverse of this V has the blocks A, B and ``V_ss^-1 + B'A^-1 B``.
    """
    m, n_columns = firth.coef.shape
    intercepts = np.arange(m) * n_columns
    slopes = np.setdiff1d(free, intercepts)
    ascent = climb(
        likelihood,
        Ascent(coef=firth.coef),
        intercepts,
        tolerance=tolerance_for(n_rows),
        max_iterations=max_iterations,
    )
    here = _at(likelihood, _followed_by(firth.ascent, ascent), ascent.coef)

    def explained(information: FloatArray) -> FloatArray:
        """Return what the intercepts take from the information of the slopes: ``B'A^-1 B``."""
        cross = information[np.ix_(intercepts, slopes)]
        result: FloatArray = cross.T @ np.linalg.solve(information[np.ix_(intercepts, intercepts)], cross)
        return result

    inside = np.ix_(slopes, slopes)
    information = here.information.copy()
    information[inside] = (
        firth.information[inside] - explained(firth.information) + explained(here.information)
    )
    return replace(here, information=information)


def _with_added_covariate(
    blocks: Sequence[DesignBlock],
    sums: RowSums,
    firth: _Estimate,
    free: NDArray[np.intp],
    n_rows: int,
    max_iterations: int,
) -> _Estimate:
    """FLAC: maximum likelihood on rows and pseudo-observations, with an indicator of the latter as a further
    column.

    Each row has half an event and half a non-event for a pseudo-observation, times its leverage in Firth's
    fit. Their design has 1 in the indicator where it has 1 for the intercept, so that sums for the one serve
    for the other.
    """
    metric = factorise(free_part(firth.information, free))
    assert metric is not None
    m, n_columns = firth.coef.shape
    weights = sums.leverages(blocks, firth.coef, root_of(metric, free, (m, n_columns)))
    rows = sums.likelihood(blocks)
    pseudo = sums.likelihood(
        [
            replace(block, codes=None, counts=np.full((2, block.n_rows), 0.5), weights=weight)
            for block, weight in zip(blocks, weights, strict=True)
        ]
    )

    def both(coef: FloatArray, order: Order) -> LikelihoodSum:
        own, added = coef[:, :-1], coef[:, :-1].copy()
        added[0, 0] += coef[0, -1]
        first, second = rows(own, order), pseudo(added, order)
        total = first + second
        if total.score is None or second.score is None:
            return total
        score = np.append(total.score, second.score[0, 0])[np.newaxis]
        if total.information is None or second.information is None:
            return replace(total, score=score, information=None)
        edge = second.information[:, :1]
        information = np.block([[total.information, edge], [edge.T, edge[:1]]])
        return replace(total, score=score, information=information)

    ascent = climb(
        both,
        Ascent(coef=np.append(firth.coef, 0.0)[np.newaxis]),
        np.append(free, n_columns),
        tolerance=tolerance_for(n_rows),
        max_iterations=max_iterations,
    )
    coef = ascent.coef[:, :-1]
    full = both(ascent.coef, 2).information
    assert full is not None
    edge = full[:-1, -1:]
    return _Estimate(
        ascent=replace(_followed_by(firth.ascent, ascent), metric=None),
        coef=coef,
        # The covariance of the other coefficients, when the indicator's is estimated too.
        information=full[:-1, :-1] - edge @ edge.T / full[-1, -1],
        loglik=rows(coef, 0).loglik,
    )
