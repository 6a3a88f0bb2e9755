"""From blocks of the design to an `Optimum`: rank, working coordinates, ascent, and the way back.

The engine sees an `Evaluator`, which turns blocks into an objective (with threads, elsewhere), and nothing
else of the outside: no names, no frames, no files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from logreg.engine.conditioning import (
    Coordinates,
    find_aliases,
    largest_sizes,
    orthogonalised,
    suitable_coordinates,
)
from logreg.engine.newton import MAX_APPROACH, Ascent, Metric, climb, tolerance_for
from logreg.engine.separated import separated_optimum
from logreg.engine.separation import (
    Verdict,
    certified_finite,
    find_separation,
    fit_limit,
    limit_is_finite,
    prove_verdict,
)
from logreg.engine.types import Alias, DesignBlock, FloatArray, Objective, Optimum

__all__ = ["SAMPLE_SHARE", "SAMPLE_THRESHOLD", "Prepared", "find_optimum", "in_design_coordinates", "prepare"]

#: From this many rows on, the ascent starts from a sample.
SAMPLE_THRESHOLD = 100_000
#: One row in so many goes into the sample.
SAMPLE_SHARE = 20
#: Up to so many coefficients, replacing the sample's information by a full one after one step costs less than
#: the additional steps it would take.
CHEAP_INFORMATION = 400
#: Rows times squared coefficients from which an evaluation with information takes longer than several scores.
EXPENSIVE_INFORMATION = 5e7
#: Rows per coefficient a sample needs for its information to be a useful metric.
ROWS_PER_COEFFICIENT = 20
#: Half the squared decrement, in the log-likelihood of the sample, at which its climb ends: the sample's own
#: error is half a unit per coefficient.
SAMPLE_TOLERANCE = 0.5
#: The sample is taken in runs of rows: memory gives neighbours nearly for nothing.
RUN = 32
#: The climb on the sample starts from one in so many of its rows.
SMALLER_SHARE = 8
#: The sample's climb is cut off here; if it has not arrived, the full climb starts from the null model.
SAMPLE_ITERATIONS = 12

Evaluator = Callable[[Sequence[DesignBlock]], Objective]
Meat = Callable[[Sequence[DesignBlock], FloatArray], FloatArray]


def find_optimum(
    blocks: Sequence[DesignBlock],
    evaluator: Evaluator,
    *,
    null_logits: FloatArray,
    intercept: bool,
    max_iterations: int,
    meat: Meat | None = None,
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
    meat : callable, optional
        Blocks and coefficients to the meat of a sandwich, when one is asked for.
    """
    n_rows = sum(block.n_rows for block in blocks)
    n_columns = blocks[0].matrix.shape[1]
    m = blocks[0].n_outcomes - 1
    if n_columns == 0:
        return _empty(blocks, evaluator, m)
    ready = prepare(blocks, intercept=intercept)
    coordinates, working, aliases, kept, free = (
        ready.coordinates,
        ready.blocks,
        ready.aliases,
        ready.kept,
        ready.free,
    )
    start = np.zeros((m, n_columns))
    if intercept:
        start[:, 0] = null_logits
    ascent = Ascent(coef=start)
    if ready.sample:
        ascent = _warm_start((ready.smaller, ready.sample), evaluator, ascent, free)
    proved: list[Verdict] = []

    def recedes(coef: FloatArray) -> bool:
        verdict = prove_verdict(working, kept, coef)
        if verdict is None or verdict.direction is None:
            return False
        proved.append(verdict)
        return True

    # Few coefficients: information is cheap, and the sample's is replaced after one step. Many: it is worth
    # many scores.
    ascent = climb(
        evaluator(working),
        ascent,
        free,
        max_iterations=max_iterations,
        tolerance=tolerance_for(n_rows),
        reuse=n_rows >= SAMPLE_THRESHOLD or n_rows * len(free) ** 2 >= EXPENSIVE_INFORMATION,
        first_steps=1 if len(free) <= CHEAP_INFORMATION else MAX_APPROACH,
        recedes=recedes,
    )
    assert ascent.current is not None
    optimum = in_design_coordinates(
        ascent, coordinates, aliases, free, None if meat is None else meat(working, ascent.coef)
    )
    if ascent.status == "converged" and certified_finite(ascent.decrement, ascent.current.smallest_weight):
        # The last step was shorter than 1e-8 standard errors: sums over rows are those before it.
        # (There was none where nothing is estimated.)
        exact = ascent.decrement <= tolerance_for(n_rows) and (
            not ascent.trace or ascent.trace[-1].kind == "information"
        )
        return replace(optimum, moments=ascent.current.moments if exact else None)
    verdict = proved[0] if proved else find_separation(working, kept, ascent.coef)
    if verdict.direction is None:
        return replace(optimum, separation=verdict.kind)
    limit = fit_limit(working, evaluator, verdict.direction, kept, max_iterations)
    finite = limit_is_finite(limit, kept)
    if not finite:
        # What the climb seemed to prove is not enough: the linear programme decides.
        wider = find_separation(working, kept)
        if wider.direction is not None:
            verdict, limit = wider, fit_limit(working, evaluator, wider.direction, kept, max_iterations)
            finite = limit_is_finite(limit, kept)
    at_limit = in_design_coordinates(
        limit.ascent,
        coordinates,
        aliases,
        limit.free,
        None if meat is None else meat(limit.blocks, limit.ascent.coef),
        limit=True,
    )
    if not finite and at_limit.status == "converged":
        at_limit = replace(at_limit, status="no_ascent")
    return separated_optimum(optimum, at_limit, limit, verdict, coordinates, largest_sizes(blocks), blocks)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """Blocks in working coordinates, and which coefficients are to be estimated.

    ``aliases`` are the design columns that are combinations of others, ``kept`` the positions of those that
    are not, ``free`` (f,) the positions of their coefficients in the flattened (m p,) vector. ``sample``
    holds some of the rows to start an ascent from; it is empty where all rows are few, or the sample gave
    reason to suspect aliases, or is too small for so many coefficients. ``smaller`` holds some rows of the
    sample, for the climb on that.
    """

    coordinates: Coordinates
    blocks: Sequence[DesignBlock]
    aliases: tuple[Alias, ...]
    kept: NDArray[np.intp]
    free: NDArray[np.intp]
    sample: Sequence[DesignBlock]
    smaller: Sequence[DesignBlock]


def prepare(blocks: Sequence[DesignBlock], *, intercept: bool) -> Prepared:
    """Choose coordinates fit for arithmetic and find aliased columns.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows; of many, one in `SAMPLE_SHARE` is looked at first.
    intercept : bool
        Whether design column 0 is the intercept.
    """
    m, n_columns = blocks[0].n_outcomes - 1, blocks[0].matrix.shape[1]
    sampled = sum(block.n_rows for block in blocks) >= SAMPLE_THRESHOLD
    sample = [block.sample(SAMPLE_SHARE, RUN) for block in blocks] if sampled else []
    smaller = [block.sample(SMALLER_SHARE, 1) for block in sample]
    if sum(block.n_rows for block in smaller) < ROWS_PER_COEFFICIENT * n_columns:
        smaller = []
    coordinates, suspects = suitable_coordinates(smaller or sample or blocks, intercept=intercept)
    if suspects and smaller:
        coordinates, suspects = suitable_coordinates(sample, intercept=intercept)
    regular = not suspects
    if suspects and sampled:
        # What looks collinear in a sample may not be: all rows decide, and the climb starts without it.
        coordinates, suspects = suitable_coordinates(blocks, intercept=intercept)
    working = [coordinates.recast(block) for block in blocks]
    found: list[Alias] = []
    near = False
    if suspects:
        found, near = find_aliases(working, raw=_raw_sizes(blocks, coordinates), intercept=intercept)
    aliases = _aliases_of_design(found, coordinates)
    numeric = set(coordinates.positions.tolist())
    if near and any(j in numeric for j in suspects):
        dropped = [alias.column for alias in aliases]
        coordinates = orthogonalised(coordinates, blocks, dropped, intercept=intercept)
        working = [coordinates.recast(block) for block in blocks]
    kept = np.arange(n_columns)
    if aliases:
        kept = np.setdiff1d(kept, [alias.column for alias in aliases])
    free = (np.arange(m)[:, np.newaxis] * n_columns + kept).ravel()
    useful = regular and sum(block.n_rows for block in sample) >= ROWS_PER_COEFFICIENT * len(free)
    return Prepared(
        coordinates=coordinates,
        blocks=working,
        aliases=aliases,
        kept=kept,
        free=free,
        sample=[coordinates.recast(block) for block in sample] if useful else [],
        smaller=[coordinates.recast(block) for block in smaller] if useful else [],
    )


def _raw_sizes(blocks: Sequence[DesignBlock], coordinates: Coordinates) -> FloatArray:
    """Return the largest absolute value of each column as given (p,), in units of working coordinates."""
    sizes = largest_sizes(blocks)
    sizes[coordinates.positions] *= np.abs(np.diagonal(coordinates.mixing))
    return sizes


def _warm_start(
    samples: Sequence[Sequence[DesignBlock]], evaluator: Evaluator, ascent: Ascent, free: NDArray[np.intp]
) -> Ascent:
    """Climb on one sample after the other; keep point and information of the last if the climbs arrived."""
    first = Ascent(coef=ascent.coef)
    for rows in samples:
        if not rows or sum(block.n_rows for block in rows) < ROWS_PER_COEFFICIENT * len(free):
            continue
        first = climb(
            evaluator(rows),
            Ascent(coef=first.coef),
            free,
            stage="sample",
            tolerance=SAMPLE_TOLERANCE,
            max_iterations=SAMPLE_ITERATIONS,
        )
        ascent.trace.extend(first.trace)
        if first.status != "converged" or not _quadratic([row.newton_decrement for row in first.trace]):
            return ascent
    if first.metric is not None:
        ascent.coef = first.coef
        # The information of all rows is about SAMPLE_SHARE times that of the sample.
        ascent.metric = Metric(
            factor=first.metric.factor, scale=first.metric.scale / np.sqrt(float(SAMPLE_SHARE))
        )
    return ascent


def _quadratic(decrements: Sequence[float]) -> bool:
    """Whether an ascent arrived: Newton's last decrement was a fraction of the one before.

    On a separated sample there is nowhere to arrive at; decrements then fall by a factor of e per step.
    """
    return len(decrements) < 2 or decrements[-1] <= 0.2 * decrements[-2]


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


def in_design_coordinates(
    ascent: Ascent,
    coordinates: Coordinates,
    aliases: Sequence[Alias],
    free: NDArray[np.intp],
    meat: FloatArray | None,
    *,
    limit: bool = False,
) -> Optimum:
    """Return the optimum with coefficients and covariances of the design's own columns.

    What is not estimated has a covariance of NaN. At the ``limit`` of a separated outcome it is that of the
    representation whose held coefficients are 0, which gives the errors of all logits that are finite; and
    there is always one around a centre, be that 0.
    """
    m, n_columns = ascent.coef.shape
    size = m * n_columns
    unknown = np.full((size, size), np.nan)
    vcov, robust, condition = unknown, None, np.inf
    centred_vcov = centred_robust = None

    def shown(inner: FloatArray, transform: FloatArray | None) -> FloatArray:
        """Map a covariance, and mark what is not estimated."""
        if transform is not None:
            every = np.kron(np.eye(m), transform)
            inner = every @ inner @ every.T
            inner = (inner + inner.T) / 2
        if len(free) == size or limit:
            return inner
        result = unknown.copy()
        result[np.ix_(free, free)] = inner[np.ix_(free, free)]
        return result

    to_design = None if coordinates.trivial else coordinates.to_design()
    # Scales that doubles cannot square give infinite or zero variances, which the caller refuses by name.
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        inner: FloatArray | None = None
        if ascent.metric is not None:
            inner = ascent.metric.inverse()
            if len(free) < size:
                known, inner = inner, np.zeros((size, size))
                inner[np.ix_(free, free)] = known
        elif limit and not len(free):
            # All rows are fitted perfectly, and nothing is left to vary.
            inner = np.zeros((size, size))
        if inner is not None:
            vcov = shown(inner, to_design)
            if ascent.metric is not None:
                condition = _condition(vcov if len(free) == size else vcov[np.ix_(free, free)])
            around = None if meat is None else inner @ meat @ inner
            robust = None if around is None else shown((around + around.T) / 2, to_design)
            if limit or not coordinates.trivial:
                to_centred = None if coordinates.trivial else coordinates.to_centred()
                centred_vcov = shown(inner, to_centred)
                centred_robust = None if around is None else shown(around, to_centred)
    coef = ascent.coef.copy() if to_design is None else ascent.coef @ to_design.T
    if aliases:
        coef[:, [alias.column for alias in aliases]] = np.nan
    assert ascent.current is not None
    assert ascent.current.score is not None
    return Optimum(
        coef=coef,
        vcov=vcov,
        loglik=ascent.current.loglik,
        status=ascent.status,
        newton_decrement=ascent.decrement,
        max_abs_score=float(np.abs(ascent.current.score.ravel()[free]).max(initial=0.0)),
        condition_number=condition,
        aliases=tuple(aliases),
        trace=tuple(ascent.trace),
        passes=ascent.passes,
        robust=robust,
        centre=coordinates.centres() if limit or not coordinates.trivial else None,
        centred_vcov=centred_vcov,
        centred_robust=centred_robust,
    )


def _condition(vcov: FloatArray) -> float:
    """Return the condition number of a correlation matrix, infinite if it is singular to rounding."""
    deviations = np.sqrt(np.diagonal(vcov))
    if not (np.minimum.reduce(deviations) > 0 and np.maximum.reduce(deviations) < np.inf):
        return np.inf
    values, _, failed = lapack.dsyev(vcov / np.outer(deviations, deviations), compute_v=0)
    return float(values[-1] / values[0]) if not failed and values[0] > 0 else np.inf


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
