"""The fit itself: blocks of the design to the optimum, and the model of the intercepts alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

import numpy as np

from logreg.data.source import Advance, unwatched
from logreg.design.matrices import DenseMatrix
from logreg.design.spec import DesignSpec
from logreg.engine.bias_reduced import BiasReduction, RowSums, find_bias_reduced
from logreg.engine.optimum import Meat, find_optimum
from logreg.engine.types import ColumnScaleError, DesignBlock, FloatArray, Optimum
from logreg.errors import DataError
from logreg.passes.firth import cumulants, penalised_objective, row_leverages
from logreg.passes.sums import objective_of
from logreg.threads import one_blas_thread

__all__ = ["maximise", "null_loglik"]


#: Rows, evenly spread, whose offsets stand for all when a starting value is chosen.
MEDIAN_ROWS = 10_000


def maximise(
    blocks: Sequence[DesignBlock],
    spec: DesignSpec,
    tally_weights: FloatArray,
    max_iterations: int,
    *,
    estimator: str = "ml",
    meat: Meat | None = None,
    advance: Advance = unwatched,
) -> Optimum:
    """Fit the design to the blocks; ``tally_weights`` (K,) are the outcomes' sums of weights.

    ``estimator`` is one of `logreg.inference.estimators`; ``meat`` asks for the robust covariance around
    maximum likelihood too; ``advance`` is told the number of rows after every pass.
    """
    null = _null_start(blocks, tally_weights)
    climb: Callable[[], Optimum] = partial(
        find_optimum,
        blocks,
        partial(objective_of, advance=advance),
        null_logits=null,
        intercept=spec.intercept,
        max_iterations=max_iterations,
        meat=meat,
    )
    # A model without columns has nothing to reduce the bias of.
    if estimator != "ml" and spec.column_names:
        climb = partial(
            find_bias_reduced,
            blocks,
            RowSums(
                likelihood=partial(objective_of, advance=advance),
                penalised=partial(penalised_objective, advance=advance),
                leverages=row_leverages,
                cumulants=cumulants,
            ),
            cast(BiasReduction, estimator),
            null_logits=null,
            intercept=spec.intercept,
            max_iterations=max_iterations,
        )
    try:
        # Far points overflow on the way; what is not finite there is seen and stepped back from. Between the
        # passes the matrices are small: threads that BLAS keeps waiting only get in the way, and with
        # other threads it adds up in another order.
        with (
            np.errstate(over="ignore", divide="ignore", invalid="ignore"),
            one_blas_thread(),
        ):
            return climb()
    except ColumnScaleError as error:
        raise DataError(
            f"column {spec.columns[error.column].variable!r} is on a scale so far from 1 that the variance "
            "of its coefficient is beyond the range of doubles. Rescale it: divide it by its standard "
            "deviation, or use another unit."
        ) from None


def _null_start(blocks: Sequence[DesignBlock], outcome_totals: FloatArray) -> FloatArray:
    """Return where intercepts start (m,): the log-odds of the outcomes, less the offset's median.

    A few rows with far offsets say nothing about the rest, so it is not the mean; some thousand rows suffice.
    """
    start: FloatArray = np.log(outcome_totals[1:]) - np.log(outcome_totals[0])
    if blocks[0].offset is not None:
        step = sum(block.n_rows for block in blocks) // MEDIAN_ROWS + 1
        some = [block.offset[:, ::step] for block in blocks if block.offset is not None]
        start -= np.median(np.concatenate(some, axis=1), axis=1)
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
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return find_optimum(
            constant,
            objective_of,
            null_logits=_null_start(blocks, outcome_totals),
            intercept=True,
            max_iterations=max_iterations,
        ).loglik
