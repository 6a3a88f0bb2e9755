"""The fit itself: blocks of the design to the optimum, and the model of the intercepts alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from logreg.data.source import Advance, unwatched
from logreg.design.matrices import DenseMatrix
from logreg.design.spec import DesignSpec
from logreg.engine.optimum import find_optimum
from logreg.engine.types import DesignBlock, FloatArray, Optimum
from logreg.passes.sums import CHUNK_ROWS, blas_threads, objective_of, score_outer_sum

__all__ = ["maximise", "null_loglik"]


def maximise(
    blocks: Sequence[DesignBlock],
    spec: DesignSpec,
    tally_weights: FloatArray,
    max_iterations: int,
    *,
    sandwich: bool = False,
    advance: Advance = unwatched,
) -> Optimum:
    """Fit the design to the blocks; ``tally_weights`` (K,) are the outcomes' sums of weights.

    ``sandwich`` asks for the robust covariance too; ``advance`` is told the number of rows after every pass.
    """
    frequencies = spec.weight_kind == "frequency"
    null = _null_start(blocks, tally_weights)
    climb = partial(
        find_optimum,
        blocks,
        partial(objective_of, advance=advance),
        null_logits=null,
        intercept=spec.intercept,
        max_iterations=max_iterations,
        meat=partial(score_outer_sum, frequencies=frequencies) if sandwich else None,
    )
    if sum(block.n_rows for block in blocks) <= CHUNK_ROWS:
        return climb()
    # Between the passes the matrices are small: threads that BLAS keeps waiting for them only get in the way.
    with blas_threads().limit(limits=1, user_api="blas"):
        return climb()


def _null_start(blocks: Sequence[DesignBlock], outcome_totals: FloatArray) -> FloatArray:
    """Return where intercepts start (m,): the log-odds of the outcomes, less the offset's mean."""
    start: FloatArray = np.log(outcome_totals[1:]) - np.log(outcome_totals[0])
    if blocks[0].offset is not None:
        n_rows = sum(block.n_rows for block in blocks)
        start -= sum(block.offset.sum(axis=1) for block in blocks if block.offset is not None) / n_rows
    return start


def null_loglik(blocks: Sequence[DesignBlock], outcome_totals: FloatArray, max_iterations: int) -> float:
    """Return the log-likelihood of the intercepts alone, with the same rows, weights and offset.

    Without an offset it is ``sum_k n_k log(n_k / n)``.
    """
    if blocks[0].offset is None:
        return float(outcome_totals @ (np.log(outcome_totals) - np.log(outcome_totals.sum())))
    constant = [
        DesignBlock(
            matrix=DenseMatrix(np.empty((0, block.n_rows)), leading_one=True),
            n_outcomes=block.n_outcomes,
            codes=block.codes,
            counts=block.counts,
            weights=block.weights,
            offset=block.offset,
        )
        for block in blocks
    ]
    return find_optimum(
        constant,
        objective_of,
        null_logits=_null_start(blocks, outcome_totals),
        intercept=True,
        max_iterations=max_iterations,
    ).loglik
