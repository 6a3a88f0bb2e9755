"""A fit repeated on other samples of its own rows: drawn again with replacement, or with one unit left out.

A resample is a vector of counts, how often each unit occurs in it, and counts are frequency weights: the
design is never copied, only the weights of its blocks change. Every refit starts at the optimum of all rows,
in the coordinates in which that was found, and has to earn the same certificate. What fails is told by name.

Units are what was sampled independently: clusters where they are named; else trials, i.e. rows, the copies
behind a frequency weight, and the single trials of a row of counts. Rows keep a sampling or precision
weight as a property of their own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import Advance
from logreg.design.matrices import DenseMatrix
from logreg.design.spec import DesignSpec
from logreg.engine.conditioning import Coordinates
from logreg.engine.kernel import ROWS_PER_STEP, block_probabilities, likelihood_sum, row_weights
from logreg.engine.newton import Ascent, Metric, climb, factorise, tolerance_for
from logreg.engine.optimum import EXPENSIVE_INFORMATION
from logreg.engine.separation import certified_finite, find_separation
from logreg.engine.types import DesignBlock, FloatArray, LikelihoodSum, Objective, Order
from logreg.errors import DataError
from logreg.passes.scores import Scores
from logreg.passes.sums import split_rows
from logreg.passes.training import WorkingRows
from logreg.threads import in_order, one_blas_thread

__all__ = [
    "FAILURES",
    "Refits",
    "Resampling",
    "clusters_of",
    "in_threads",
    "refit",
    "regular_metric",
    "resampling_of",
    "reweighted",
    "serial_objective",
    "threads_for",
]

#: Why a resample gives no estimate; a refit's reason is a position here, `FITTED` if there is none.
FAILURES = ("an outcome level is lost", "rank deficient", "separated", "not converged")
LOST, DEFICIENT, SEPARATED, UNCERTIFIED = range(len(FAILURES))
FITTED = -1

#: Share of a column's information left after those before it, below which it is a combination of them:
#: rounding of exact combinations leaves 1e-15, and working coordinates keep regular columns above 1e-6.
DEFICIENT_SHARE = 1e-11
#: Newton steps from the optimum of all rows before separation is asked about; regular resamples need 3 to 6.
FIRST_ITERATIONS = 12
#: Rows times coefficients from which numpy's work outweighs the interpreter's, so that threads help.
THREADED_SIZE = 20_000

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resampling:
    """The rows of a fit, their units, and where a refit starts.

    ``steps`` are the rows in working coordinates, cut to the kernel's size. ``copies`` says how often each
    unit is in the data: (G,) for clusters, (n,) for rows, (K, n) for the trials of rows of counts; ``groups``
    (n,) is each row's cluster. ``optimum`` (m, p) is the estimate in working ``coordinates``, ``free`` the
    positions of what is estimated.
    """

    steps: tuple[DesignBlock, ...]
    copies: FloatArray
    groups: NDArray[np.intp] | None
    frequencies: bool
    optimum: FloatArray
    free: NDArray[np.intp]
    coordinates: Coordinates
    max_iterations: int

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return sum(step.n_rows for step in self.steps)

    @property
    def n_units(self) -> int:
        """Number of units, copies counted."""
        return round(float(self.copies.sum()))

    @property
    def n_distinct(self) -> int:
        """Number of different units: copies are one."""
        return int(np.count_nonzero(self.copies))

    @property
    def counted(self) -> bool:
        """Whether rows hold counts of trials."""
        return self.steps[0].counts is not None

    @property
    def unit(self) -> str:
        """What is drawn or left out, in the plural."""
        if self.groups is not None:
            return "clusters"
        return "trials" if self.counted or (self.frequencies and bool((self.copies != 1.0).any())) else "rows"

    def strata(self) -> NDArray[np.intp]:
        """Return the outcome of each unit, in the shape of ``copies``; clusters have none (0)."""
        if self.groups is not None:
            return np.zeros(len(self.copies), dtype=np.intp)
        if self.counted:
            levels = np.arange(len(self.copies), dtype=np.intp)
            return np.repeat(levels[:, np.newaxis], self.copies.shape[1], axis=1)
        return np.concatenate([np.asarray(step.codes, dtype=np.intp) for step in self.steps])

    def in_design(self, working: FloatArray) -> FloatArray:
        """Return coefficients (..., m, p) of the design's own columns."""
        result: FloatArray = working @ self.coordinates.to_design().T
        return result

    def centre(self) -> FloatArray | None:
        """Return what working coordinates subtract from each column (p,), None if they are the design's."""
        return None if self.coordinates.trivial else self.coordinates.centres()

    def in_centred(self, working: FloatArray) -> FloatArray:
        """Return coefficients (..., m, p) of the design's columns minus `centre`."""
        result: FloatArray = working @ self.coordinates.to_centred().T
        return result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refits:
    """Refits, in working coordinates: ``coef`` (B, m, p), NaN where there is none, and ``reasons`` (B,) why.

    ``copies`` (B,) says how many units each stands for; ``strata`` (B,) which outcome those had.
    """

    coef: FloatArray
    reasons: NDArray[np.int8]
    copies: FloatArray
    strata: NDArray[np.intp]


def clusters_of(scores: Scores, column: object) -> NDArray[np.intp]:
    """Return the cluster (n,) of each row used, numbered from 0, by a column name or an array over all rows.

    Raises
    ------
    DataError
        If the column cannot be used, has missing values in rows used, or holds fewer than two clusters.
    """
    codes = scores.groups(column, "cluster").codes[scores.positions]
    shown = repr(column) if isinstance(column, str) else "given as an array"
    missing = np.flatnonzero(codes < 0)
    if len(missing):
        raise DataError(
            f"cluster {shown} is missing in {len(missing)} rows of the fit, first in "
            f"{scores.row_label(int(scores.positions[missing[0]]))}. Fill them in, or leave these rows out."
        )
    labels, groups = np.unique(codes, return_inverse=True)
    if len(labels) < 2:
        raise DataError(f"cluster {shown} has one value in all rows of the fit; at least two are needed.")
    return groups


def resampling_of(
    working: WorkingRows,
    spec: DesignSpec,
    *,
    coef: FloatArray,
    estimated: NDArray[np.bool_],
    groups: NDArray[np.intp] | None,
    max_iterations: int,
) -> Resampling:
    """Prepare the rows of a fit for refits.

    Parameters
    ----------
    working : WorkingRows
        The rows in working coordinates.
    spec : DesignSpec
        The design; says what weights mean.
    coef : (m, p) array
        The estimate on the design's own columns, 0 for what is not ``estimated`` (m, p).
    groups : (n,) array of int, optional
        The cluster of each row, 0 .. G - 1.
    max_iterations : int
        Newton steps allowed for each refit.
    """
    frequencies = spec.weight_kind == "frequency"
    steps = tuple(split_rows(working.blocks, ROWS_PER_STEP))
    if groups is not None:
        copies = np.ones(int(groups.max()) + 1)
    else:
        copies = np.concatenate([_copies(step, frequencies=frequencies) for step in steps], axis=-1)
    return Resampling(
        steps=steps,
        copies=copies,
        groups=groups,
        frequencies=frequencies,
        optimum=working.working(coef),
        free=np.flatnonzero(estimated),
        coordinates=working.coordinates,
        max_iterations=max_iterations,
    )


def _copies(step: DesignBlock, *, frequencies: bool) -> FloatArray:
    """Return how often each unit of the rows is in the data, (n,) or (K, n)."""
    trials = np.ones(step.n_rows) if step.counts is None else step.counts
    copies: FloatArray = trials * step.weights if frequencies and step.weights is not None else trials
    return copies


def reweighted(resampling: Resampling, occurs: FloatArray) -> list[DesignBlock]:
    """Return the rows with every unit as often as ``occurs`` (the shape of ``copies``) says."""
    rows = occurs if resampling.groups is None else occurs[resampling.groups]
    result, start = [], 0
    for step in resampling.steps:
        here = rows[..., start : start + step.n_rows]
        start += step.n_rows
        own = None if resampling.frequencies and resampling.groups is None else step.weights
        if here.ndim == 2:
            result.append(replace(step, counts=here, weights=own))
        else:
            result.append(replace(step, weights=here if own is None else here * own))
    return result


def serial_objective(blocks: Sequence[DesignBlock]) -> Objective:
    """Return the log-likelihood of blocks without threads of its own: here each thread has a refit."""

    def objective(coef: FloatArray, order: Order) -> LikelihoodSum:
        return reduce(add, (likelihood_sum(block, coef, order) for block in blocks))

    return objective


def regular_metric(information: FloatArray) -> Metric | None:
    """Factorise an information of full rank; None if some column is a combination of others."""
    metric = factorise(information)
    if metric is None or metric.factor.diagonal().min(initial=1.0) ** 2 < DEFICIENT_SHARE:
        return None
    return metric


def refit(resampling: Resampling, occurs: FloatArray) -> tuple[FloatArray | None, int]:
    """Fit a resample; return its coefficients (m, p) in working coordinates, or None and the reason.

    A position in `FAILURES` is the reason; `FITTED` stands for none.
    """
    blocks = reweighted(resampling, occurs)
    if (_outcome_totals(blocks) == 0.0).any():
        return None, LOST
    objective, start, free = serial_objective(blocks), resampling.optimum, resampling.free
    first = objective(start, 2)
    assert first.information is not None
    if regular_metric(first.information[np.ix_(free, free)]) is None:
        return None, DEFICIENT

    def remembering(coef: FloatArray, order: Order) -> LikelihoodSum:
        return first if coef is start else objective(coef, order)

    n_rows, ascent = resampling.n_rows, Ascent(coef=start)
    for limit in (FIRST_ITERATIONS, resampling.max_iterations):
        ascent = climb(
            remembering,
            Ascent(coef=ascent.coef),
            free,
            tolerance=tolerance_for(n_rows),
            max_iterations=limit,
            reuse=n_rows * len(free) ** 2 >= EXPENSIVE_INFORMATION,
        )
        arrived = ascent.status == "converged"
        if arrived and certified_finite(ascent.decrement, _smallest_information(blocks, ascent.coef)):
            return ascent.coef, FITTED
        p = start.shape[1]
        verdict = find_separation(_occurring(blocks), np.unique(free % p))
        if verdict.direction is not None:
            return None, SEPARATED
        if verdict.kind == "not checked":
            return None, UNCERTIFIED
        if arrived:
            return ascent.coef, FITTED
    return None, UNCERTIFIED


def _outcome_totals(blocks: Sequence[DesignBlock]) -> FloatArray:
    """Return how much of each outcome (K,) a resample holds."""
    totals = np.zeros(blocks[0].n_outcomes)
    for block in blocks:
        if block.counts is not None:
            weighted = block.counts if block.weights is None else block.counts * block.weights
            totals += weighted.sum(axis=1)
        else:
            assert block.codes is not None
            totals += np.bincount(block.codes, weights=block.weights, minlength=len(totals))
    return totals


def _smallest_information(blocks: Sequence[DesignBlock], coef: FloatArray) -> float:
    """Return the kernel's ``smallest_weight``, taken over the rows that occur."""
    smallest = np.inf
    for block in blocks:
        probabilities, _ = block_probabilities(block, coef)
        trials = row_weights(block)
        assert trials is not None
        binary = len(coef) == 1
        curvature = probabilities.prod(axis=0) if binary else probabilities.min(axis=0) ** 2
        smallest = min(smallest, float((curvature * trials)[trials > 0].min(initial=np.inf)))
    return smallest


def _occurring(blocks: Iterable[DesignBlock]) -> list[DesignBlock]:
    """Return blocks of the rows that occur, written out: for the few resamples whose separation is asked
    about.
    """
    result = []
    for block in blocks:
        trials = row_weights(block)
        assert trials is not None
        kept = np.flatnonzero(trials)
        result.append(
            DesignBlock(
                matrix=DenseMatrix(block.matrix.to_array()[:, kept], leading_one=False),
                n_outcomes=block.n_outcomes,
                codes=None if block.codes is None else block.codes[kept],
                counts=None if block.counts is None else block.counts[:, kept],
                weights=None if block.weights is None else block.weights[kept],
                offset=None if block.offset is None else block.offset[:, kept],
            )
        )
    return result


def in_threads(
    function: Callable[[S], T], items: Sequence[S], n_threads: int, advance: Advance
) -> Iterator[T]:
    """Yield ``function`` of every item in order, from several threads with one BLAS thread each."""
    with one_blas_thread():
        for result in in_order(function, items, n_threads):
            yield result
            advance(1)


def threads_for(resampling: Resampling, threads: int | None) -> int:
    """Return how many threads to use: as told, or one per processor where that is of use."""
    if threads is not None:
        return threads
    return (os.cpu_count() or 1) if resampling.n_rows * len(resampling.free) >= THREADED_SIZE else 1
