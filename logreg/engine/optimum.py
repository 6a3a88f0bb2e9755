"""From blocks of the design to an `Optimum`: rank, working coordinates, ascent, and the way back.

The engine sees an `Evaluator`, which turns blocks into an objective (with threads, elsewhere), and nothing
else of the outside: no names, no frames, no files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from logreg.engine.conditioning import (
    Coordinates,
    find_aliases,
    identity,
    orthogonalised,
    suitable_coordinates,
)
from logreg.engine.newton import MAX_APPROACH, Ascent, Metric, climb
from logreg.engine.separation import certified_finite, find_separation, fit_limit
from logreg.engine.types import Alias, DesignBlock, FloatArray, Objective, Optimum, Status

__all__ = ["SAMPLE_SHARE", "SAMPLE_THRESHOLD", "find_optimum"]

#: From this many rows on, the ascent starts from a sample.
SAMPLE_THRESHOLD = 100_000
#: One row in so many goes into the sample.
SAMPLE_SHARE = 20
#: Up to so many coefficients, one evaluation with information costs less than four with the score alone.
CHEAP_INFORMATION = 64
#: Rows per coefficient a sample needs for its information to be a useful metric.
ROWS_PER_COEFFICIENT = 20
#: Half the squared decrement, in the log-likelihood of the sample, at which its climb ends: the sample's own
#: error is larger.
SAMPLE_TOLERANCE = 1e-3
#: The sample's climb is cut off here; if it has not arrived, the full climb starts from the null model.
SAMPLE_ITERATIONS = 12

Evaluator = Callable[[Sequence[DesignBlock]], Objective]


def find_optimum(
    blocks: Sequence[DesignBlock],
    evaluator: Evaluator,
    *,
    null_logits: FloatArray,
    intercept: bool,
    max_iterations: int,
) -> Optimum:
    """Maximise the log-likelihood of the blocks and say how sure that is.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows used.
    evaluator : callable
        Turns blocks into their objective.
    null_logits : (m,) array
        Where the intercepts start: log-odds of the outcomes in all rows.
    intercept : bool
        Whether design column 0 is the intercept.
    max_iterations : int
        Newton iterations on all rows.
    """
    n_rows = sum(block.n_rows for block in blocks)
    n_columns = blocks[0].matrix.shape[1]
    m = blocks[0].n_outcomes - 1
    if n_columns == 0:
        return _empty(blocks, evaluator, m)
    sampled = n_rows >= SAMPLE_THRESHOLD
    sample = [b.rows(0, b.n_rows, SAMPLE_SHARE) for b in blocks] if sampled else list(blocks)

    coordinates, suspects = suitable_coordinates(sample, intercept=intercept)
    working = [coordinates.recast(block) for block in blocks]
    aliases, near = find_aliases(working, suspects, intercept=intercept)
    numeric = set(coordinates.positions.tolist())
    if near and any(j in numeric for j in suspects):
        dropped = [alias.column for alias in aliases]
        coordinates = orthogonalised(coordinates, sample, dropped, intercept=intercept)
        working = [coordinates.recast(block) for block in blocks]

    kept = np.setdiff1d(np.arange(n_columns), [alias.column for alias in aliases])
    free = (np.arange(m)[:, np.newaxis] * n_columns + kept).ravel()
    start = np.zeros((m, n_columns))
    if intercept:
        start[:, 0] = null_logits
    ascent = Ascent(coef=start)
    if sampled and sum(b.n_rows for b in sample) >= ROWS_PER_COEFFICIENT * len(free):
        small = [coordinates.recast(block) for block in sample]
        ascent = _warm_start(small, evaluator, ascent, free)
    # Few coefficients: information is cheap, and the sample's is replaced after one step. Many: it is worth
    # many scores.
    ascent = climb(
        evaluator(working),
        ascent,
        free,
        max_iterations=max_iterations,
        reuse=sampled,
        first_steps=1 if len(free) <= CHEAP_INFORMATION else MAX_APPROACH,
    )
    assert ascent.current is not None
    optimum = _in_design_coordinates(ascent, coordinates, aliases, free)
    if ascent.status == "converged" and certified_finite(ascent.decrement, ascent.current.smallest_weight):
        return optimum
    return _with_separation(optimum, blocks, evaluator, kept, max_iterations)


def _with_separation(
    optimum: Optimum,
    blocks: Sequence[DesignBlock],
    evaluator: Evaluator,
    kept: NDArray[np.intp],
    max_iterations: int,
) -> Optimum:
    """Decide whether a finite optimum exists, and replace an ascent to infinity by its limit."""
    verdict = find_separation(blocks, kept)
    if verdict.direction is None:
        return replace(optimum, separation=verdict.kind)
    limit = fit_limit(blocks, evaluator, verdict.direction, kept, max_iterations)
    n_columns = optimum.coef.shape[1]
    dropped = [alias.column for alias in optimum.aliases]
    plain = identity(np.empty(0, dtype=np.intp), n_columns, intercept=False)
    found = _in_design_coordinates(limit.ascent, plain, optimum.aliases, limit.free)
    coef = found.coef.copy()
    coef[:, dropped] = np.nan
    vcov = found.vcov.copy()
    # What is neither infinite nor determined by the rows that are left is not known.
    undetermined = np.setdiff1d(np.arange(coef.size), limit.free)
    flat = coef.reshape(-1)
    flat[undetermined[verdict.direction.ravel()[undetermined] == 0]] = np.nan
    infinite = np.flatnonzero(verdict.direction.ravel() != 0)
    vcov[infinite, :] = vcov[:, infinite] = np.nan
    return replace(
        found,
        coef=coef,
        vcov=vcov,
        status="separated",
        trace=optimum.trace + found.trace,
        passes=optimum.passes + found.passes,
        separation=verdict.kind,
        direction=verdict.direction,
        perfect_rows=verdict.rows,
    )


def _warm_start(
    sample: Sequence[DesignBlock], evaluator: Evaluator, ascent: Ascent, free: NDArray[np.intp]
) -> Ascent:
    """Climb on the sample; keep its point and its information if the climb arrived."""
    first = climb(
        evaluator(sample),
        Ascent(coef=ascent.coef),
        free,
        stage="sample",
        tolerance=SAMPLE_TOLERANCE,
        max_iterations=SAMPLE_ITERATIONS,
    )
    ascent.trace.extend(first.trace)
    if first.status == "converged" and first.metric is not None:
        ascent.coef = first.coef
        # The information of all rows is about SAMPLE_SHARE times that of the sample.
        ascent.metric = Metric(
            factor=first.metric.factor, scale=first.metric.scale / np.sqrt(float(SAMPLE_SHARE))
        )
    return ascent


def _empty(blocks: Sequence[DesignBlock], evaluator: Evaluator, m: int) -> Optimum:
    """A model without coefficients: logits are the offsets."""
    coef = np.zeros((m, 0))
    return Optimum(
        coef=coef,
        vcov=np.zeros((0, 0)),
        loglik=evaluator(blocks)(coef, 0).loglik,
        status="converged",
        newton_decrement=0.0,
        max_abs_score=0.0,
        condition_number=1.0,
        aliases=(),
        trace=(),
        passes=1,
    )


def _in_design_coordinates(
    ascent: Ascent, coordinates: Coordinates, aliases: Sequence[Alias], free: NDArray[np.intp]
) -> Optimum:
    m, n_columns = ascent.coef.shape
    size = m * n_columns
    vcov = np.full((size, size), np.nan)
    condition = np.inf
    coef = ascent.coef.copy()
    dropped = [alias.column for alias in aliases]
    metric = ascent.metric
    if metric is not None:
        inner = np.zeros((size, size))
        inner[np.ix_(free, free)] = metric.inverse()
        if not coordinates.trivial:
            transform = np.kron(np.eye(m), coordinates.to_design())
            inner = transform @ inner @ transform.T
            inner = (inner + inner.T) / 2
        vcov[np.ix_(free, free)] = inner[np.ix_(free, free)]
        deviations = np.sqrt(np.diagonal(inner)[free])
        if np.all(deviations > 0) and np.all(np.isfinite(deviations)):
            correlation = inner[np.ix_(free, free)] / np.outer(deviations, deviations)
            condition = _condition(correlation)
    if not coordinates.trivial:
        coef = coef @ coordinates.to_design().T
    coef[:, dropped] = np.nan
    status: Status = ascent.status
    assert ascent.current is not None
    assert ascent.current.score is not None
    return Optimum(
        coef=coef,
        vcov=vcov,
        loglik=ascent.current.loglik,
        status=status,
        newton_decrement=ascent.decrement,
        max_abs_score=float(np.abs(ascent.current.score.ravel()[free]).max(initial=0.0)),
        condition_number=condition,
        aliases=_aliases_of_design(aliases, coordinates),
        trace=tuple(ascent.trace),
        passes=ascent.passes,
    )


def _condition(correlation: FloatArray) -> float:
    """Return the ratio of the extreme eigenvalues of a correlation matrix, infinite if it is singular to
    rounding.
    """
    values = np.linalg.eigvalsh(correlation)
    return float(values[-1] / values[0]) if values[0] > 0 else np.inf


def _aliases_of_design(aliases: Sequence[Alias], coordinates: Coordinates) -> tuple[Alias, ...]:
    """Express combinations found in working coordinates by the design's own columns."""
    if coordinates.trivial:
        return tuple(aliases)
    result = []
    for alias in aliases:
        vector = np.zeros(coordinates.n_columns)
        vector[alias.column] = 1.0
        for column, share in alias.combination:
            vector[column] -= share
        # X_working v = X_design T v = 0: scale so that the aliased column has coefficient 1.
        vector = coordinates.to_design() @ vector
        vector /= vector[alias.column]
        size = np.abs(vector).max()
        terms = tuple(
            (int(k), float(-vector[k]))
            for k in np.flatnonzero(np.abs(vector) > 1e-9 * size)
            if k != alias.column
        )
        result.append(Alias(column=alias.column, combination=terms))
    return tuple(result)
