"""Sums over all rows: the `Objective` and its relatives, in threads and in an order that does not depend on
them.

Rows are cut into chunks of a fixed size; each thread sums whole chunks, and chunk sums are added in order, so
that the result does not depend on the number of threads. BLAS runs single-threaded meanwhile: two Python
threads with one BLAS thread each beat one with two, since exponentials and scaling then run in parallel too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from functools import partial, reduce
from operator import add
from typing import TypeAlias, TypeVar

import numpy as np

from logreg.data.source import Advance, unwatched
from logreg.design.matrices import DenseMatrix, SplitMatrix
from logreg.engine.compiled import CompiledRows, compiled_rows
from logreg.engine.kernel import (
    ROWS_PER_STEP,
    likelihood_sum,
    outcome_weights,
    row_probabilities,
    score_outer,
)
from logreg.engine.types import DesignBlock, FloatArray, LikelihoodSum, Objective, Order
from logreg.logits import sigmoid_pair
from logreg.logits.limit import FAR
from logreg.passes.limit import limit_logits
from logreg.threads import Crew, one_blas_thread, sum_in_threads

__all__ = [
    "CHUNK_ROWS",
    "Chunk",
    "chunks",
    "compiled_block",
    "compiled_chunks",
    "objective_of",
    "objective_over",
    "probability_sums",
    "score_outer_sum",
    "split_rows",
    "sum_over",
    "sums_of_moments",
]

#: Rows summed by one thread at a stretch.
CHUNK_ROWS = 16_384

#: Fewer chunks than this are halved.
FEW_CHUNKS = 16

#: Rows per kernel call where categories are counted: long runs, for tables are cleared and added for each,
#: but not so long that scratch weighs on memory.
COUNTED_ROWS = 49_152

S = TypeVar("S")
T = TypeVar("T")

#: What one thread sums at a stretch, and the same rows for the compiled kernel.
Chunk: TypeAlias = tuple[DesignBlock, CompiledRows | None]


def split_rows(blocks: Iterable[DesignBlock], rows: int) -> list[DesignBlock]:
    """Cut blocks into pieces of at most ``rows`` rows, as views."""
    return [
        block if block.n_rows <= rows else block.rows(start, min(start + rows, block.n_rows))
        for block in blocks
        for start in range(0, block.n_rows, rows)
    ]


def _steps(blocks: Sequence[DesignBlock]) -> list[list[DesignBlock]]:
    """Cut blocks into chunks, one thread's work at a stretch, and those into steps of the kernel."""
    return [split_rows([chunk], _rows_per_step(chunk)) for chunk in chunks(blocks)]


def _rows_per_step(block: DesignBlock) -> int:
    """Scratch of a dense block must fit the cache; tables of counts like longer runs."""
    return COUNTED_ROWS if isinstance(block.matrix, SplitMatrix) else ROWS_PER_STEP


def sum_over(steps: Sequence[Sequence[S]], function: Callable[[S], T], crew: Crew | None = None) -> T:
    """Add ``function`` of every step: within chunks in threads, over chunks in order."""

    def chunk_sum(chunk: Sequence[S]) -> T:
        return reduce(add, map(function, chunk))

    if len(steps) == 1:
        return chunk_sum(steps[0]) if len(steps[0]) > 1 else function(steps[0][0])
    with one_blas_thread():
        return sum_in_threads(chunk_sum, steps, crew)


def objective_of(
    blocks: Sequence[DesignBlock], advance: Advance = unwatched, crew: Crew | None = None
) -> Objective:
    """Return the log-likelihood of the blocks with its derivatives, as a pure function of the coefficients.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows used, kept by the closure.
    advance : callable
        Told the number of rows after every pass over them.
    crew : Crew, optional
        Threads that other sums over these rows use as well.

    Returns
    -------
    Objective
        ``(coef (m, p), order) -> LikelihoodSum``.
    """
    return objective_over(compiled_chunks(blocks), advance, crew)


def objective_over(cut: Sequence[Chunk], advance: Advance = unwatched, crew: Crew | None = None) -> Objective:
    """Return the objective of `objective_of` for rows that are cut into chunks already."""
    runs: list[list[Objective]] = [
        [compiled]
        if compiled
        else [partial(likelihood_sum, step) for step in split_rows([chunk], _rows_per_step(chunk))]
        for chunk, compiled in cut
    ]
    n_rows = sum(chunk.n_rows for chunk, _ in cut)

    # The compiled kernel calls no BLAS.
    alone = nullcontext if all(isinstance(run[0], CompiledRows) for run in runs) else one_blas_thread
    crew = crew or Crew()

    def objective(coef: FloatArray, order: Order) -> LikelihoodSum:
        with alone():
            total = sum_over(runs, lambda likelihood: likelihood(coef, order), crew)
        advance(n_rows)
        return total

    return objective


def compiled_chunks(blocks: Sequence[DesignBlock]) -> list[Chunk]:
    """Cut blocks into chunks, each with its rows for the compiled kernel where that is possible."""
    return [(chunk, compiled_block(chunk)) for chunk in chunks(blocks)]


def chunks(blocks: Sequence[DesignBlock]) -> list[DesignBlock]:
    """Cut blocks into what one thread sums at a stretch: of fewer rows less, so that threads end together."""
    few = sum(block.n_rows for block in blocks) < FEW_CHUNKS * CHUNK_ROWS
    rows = CHUNK_ROWS // 2 if few else CHUNK_ROWS
    return [chunk for block in blocks for chunk in split_rows([block], max(rows, _rows_per_step(block)))]


def compiled_block(block: DesignBlock) -> CompiledRows | None:
    """Return the rows of a block for the compiled kernel, None where it cannot be used."""
    matrix = block.matrix
    dense = matrix.dense if isinstance(matrix, SplitMatrix) else matrix
    if block.codes is None or not isinstance(dense, DenseMatrix):
        return None
    return compiled_rows(
        numbers=dense.columns,
        leading_one=dense.leading_one,
        terms=matrix.terms if isinstance(matrix, SplitMatrix) else (),
        order=matrix.order if isinstance(matrix, SplitMatrix) else None,
        n_outcomes=block.n_outcomes,
        codes=block.codes,
        weights=block.weights,
        offset=block.offset,
    )


def score_outer_sum(blocks: Sequence[DesignBlock], coef: FloatArray, *, frequencies: bool) -> FloatArray:
    """Return the sum over trials of the outer products of their scores (m p, m p)."""
    return sum_over(_steps(blocks), lambda step: score_outer(step, coef, frequencies=frequencies))


def probability_sums(
    blocks: Sequence[DesignBlock], coef: FloatArray, direction: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return sums over rows at given coefficients.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows.
    coef : (m, p) array
        Finite coefficients.
    direction : (m, p) array, optional
        Where the outcome is separated, the direction in which the coefficients go to infinity: probabilities
        are those of the limit, and the last sum is infinite if a logit is.

    Returns
    -------
    probability : (K, K) array
        Row j: sum of ``weight * p_k`` over trials that ended in outcome j.
    others : (3,) array
        Sums of ``weight * sum_k (y_k - p_k)^2`` (squared error), of ``weight * logit`` and of ``weight *
        logit^2``, the logits being those of the first equation.
    """

    def sums(block: DesignBlock) -> FloatArray:
        logits = limit_logits(block, coef, direction)
        if block.n_outcomes == 2 and block.counts is None and block.weights is None:
            return _binary_sums(block, logits[0])
        p, q, _ = row_probabilities(logits)
        weights = outcome_weights(block)
        trials = weights.sum(axis=0)
        # For a trial that ends in j: (1 - p_j)^2 + sum of the other p_k^2.
        squares = (p * p).sum(axis=0)
        error = float((weights * (q * q - p * p + squares)).sum())
        first = logits[0]
        return np.concatenate(
            [(weights @ p.T).ravel(), [error, float(trials @ first), float(trials @ (first * first))]]
        )

    total = sum_over(_steps(blocks), sums)
    others = total[-3:]
    if direction is not None and others[2] >= FAR:
        others[1:] = 0.0, np.inf
    return sums_of_moments(total)


def sums_of_moments(moments: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the sums of `probability_sums` from one array (K K + 3,) of both."""
    k = math.isqrt(len(moments) - 3)
    return moments[:-3].reshape(k, k), moments[-3:]


def _binary_sums(block: DesignBlock, logits: FloatArray) -> FloatArray:
    """Return the sums of `probability_sums` for plain 0/1 rows, which are most, in few operations."""
    assert block.codes is not None
    p, q = sigmoid_pair(logits)
    event = block.codes.astype(np.float64)
    n, n_event = len(event), float(event.sum())
    p_event = float(p @ event)
    q_event = float(q @ event)
    p_other = float(p.sum()) - p_event
    # Both outcomes miss by the same amount: q for an event, p otherwise.
    missed = np.where(block.codes, q, p)
    return np.array(
        [
            n - n_event - p_other,
            p_other,
            q_event,
            p_event,
            2.0 * float(missed @ missed),
            float(logits.sum()),
            float(logits @ logits),
        ]
    )
