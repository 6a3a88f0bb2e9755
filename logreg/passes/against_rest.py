"""Each outcome against the rest: the log-odds that the model gives it, row by row, with what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from logreg.data.source import Source
from logreg.design.matrices import DenseMatrix
from logreg.design.spec import DesignSpec
from logreg.engine.kernel import outcome_weights
from logreg.engine.optimum import find_optimum
from logreg.engine.types import DesignBlock, FloatArray
from logreg.errors import DataError, FormulaError, OutcomeError, PredictError, WeightError
from logreg.logits.limit import STILL
from logreg.passes.encode import TrainingRows, training_rows
from logreg.passes.sums import CHUNK_ROWS, objective_of, split_rows
from logreg.threads import in_order

__all__ = [
    "PredictedRows",
    "Recalibration",
    "log_odds_against_rest",
    "new_rows",
    "predicted_rows",
    "recalibration",
]

#: Newton iterations for two coefficients: far more than any finite optimum needs.
MOST_ITERATIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PredictedRows:
    """Rows with what was predicted for them and what happened, outcomes in level order, baseline first.

    ``log_odds`` (K, n) is the logarithm of p / (1 - p) of each outcome, infinite where separation makes it
    so; ``trials`` (K, n) says how many weighted trials of the row ended there.
    """

    log_odds: FloatArray
    trials: FloatArray


def new_rows(source: Source, spec: DesignSpec, what: str) -> TrainingRows:
    """Encode new rows with their outcome; those with a missing value are left out.

    Raises
    ------
    PredictError
        When the rows do not match the design, or none is complete; ``what`` needs them.
    WeightError
        For weights that are not what those of the fit are.
    """
    try:
        rows = training_rows(source, spec)
    except (DataError, FormulaError, OutcomeError) as error:
        if isinstance(error, PredictError):
            raise
        # Formula and columns were right when the model was fitted: now the new data are not.
        raise PredictError(str(error)) from None
    if not rows.n_rows:
        raise PredictError(f"{what}: no row of the new data is complete in the columns of the model.")
    weights = [block.weights for block in rows.blocks if block.weights is not None]
    if spec.weight_kind == "frequency" and any((part != np.rint(part)).any() for part in weights):
        raise WeightError(
            f"weights={spec.weights!r} holds fractions, but the model takes weights as numbers of identical "
            "rows (weight_kind='frequency')."
        )
    return rows


def predicted_rows(
    blocks: Sequence[DesignBlock], coef: FloatArray, direction: FloatArray | None
) -> PredictedRows:
    """Predict for all rows, in their order.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows; at least one.
    coef : (m, p) array
        Finite coefficients on the logit scale.
    direction : (m, p) array, optional
        Where the outcome is separated, the direction in which the coefficients go to infinity.
    """

    def predict(block: DesignBlock) -> tuple[FloatArray, FloatArray]:
        logits = block.matrix.matvec(coef)
        if block.offset is not None:
            logits += block.offset
        moves = None if direction is None else _moves(block, direction)
        return log_odds_against_rest(logits, moves), outcome_weights(block)

    found = list(in_order(predict, split_rows(blocks, CHUNK_ROWS)))
    return PredictedRows(
        log_odds=np.concatenate([log_odds for log_odds, _ in found], axis=1),
        trials=np.concatenate([trials for _, trials in found], axis=1),
    )


def _moves(block: DesignBlock, direction: FloatArray) -> FloatArray:
    """Return how fast each logit (m, n) goes to infinity; what is rounding of nothing is nothing."""
    moves = block.matrix.matvec(direction)
    size = np.abs(direction) @ np.abs(block.matrix.to_array())
    moves[np.abs(moves) <= STILL * size] = 0.0
    return moves


def log_odds_against_rest(logits: FloatArray, moves: FloatArray | None = None) -> FloatArray:
    """Return the log-odds (K, n) of each outcome against all others together, baseline first.

    ``logits`` (m, n) are those against the baseline. With ``moves`` (m, n) they are ``logits + t moves`` in
    the limit of large t: the fastest outcome of a row wins by an infinite amount, unless several are as fast.

    Examples
    --------
    >>> log_odds_against_rest(np.array([[1.5]])).tolist()
    [[-1.5], [1.5]]
    >>> log_odds_against_rest(np.array([[0.0], [0.0]]), np.array([[1.0], [1.0]])).tolist()
    [[-inf], [0.0], [0.0]]
    """
    full = np.vstack([np.zeros((1, logits.shape[1])), logits])
    if moves is None:
        if len(full) == 2:
            return np.vstack([-logits, logits])
        rest = [np.logaddexp.reduce(np.delete(full, k, axis=0), axis=0) for k in range(len(full))]
        return np.asarray(full - np.array(rest), dtype=np.float64)
    speeds = np.vstack([np.zeros((1, logits.shape[1])), moves])
    tolerance = STILL * np.abs(speeds).max(axis=0)
    result = np.empty_like(full)
    for k in range(len(full)):
        others, fastest = np.delete(full, k, axis=0), np.delete(speeds, k, axis=0)
        lead = speeds[k] - fastest.max(axis=0)
        slower = fastest < fastest.max(axis=0) - tolerance
        rest_now = np.logaddexp.reduce(np.where(slower, -np.inf, others), axis=0)
        result[k] = np.where(np.abs(lead) <= tolerance, full[k] - rest_now, np.copysign(np.inf, lead))
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalibration:
    """A logistic regression of an outcome on log-odds that were predicted for it.

    ``shift`` is the intercept where the log-odds enter with coefficient 1; ``slope`` their coefficient beside
    an intercept of its own. Errors are those of the model; infinite estimates have none (NaN). ``slope`` is
    NaN where all log-odds are equal.
    """

    shift: float
    shift_error: float
    slope: float
    slope_error: float


def recalibration(log_odds: FloatArray, events: FloatArray, others: FloatArray) -> Recalibration:
    """Regress what happened on what was predicted.

    Parameters
    ----------
    log_odds : (g,) array
        Finite.
    events, others : (g,) arrays
        Trials at each of them that ended in the outcome, and that did not; both occur.
    """
    counts = np.vstack([others, events])
    shift, shift_error = _last_coefficient(np.empty((0, len(log_odds))), counts, log_odds[np.newaxis])
    slope, slope_error = _last_coefficient(log_odds[np.newaxis], counts, None)
    return Recalibration(shift=shift, shift_error=shift_error, slope=slope, slope_error=slope_error)


def _last_coefficient(
    columns: FloatArray, counts: FloatArray, offset: FloatArray | None
) -> tuple[float, float]:
    """Return the last coefficient of a binary fit with intercept, and its error."""
    block = DesignBlock(
        matrix=DenseMatrix(columns, leading_one=True), n_outcomes=2, codes=None, counts=counts, offset=offset
    )
    totals = counts.sum(axis=1)
    start = np.log(totals[1:] / totals[0])
    if offset is not None:
        start = start - np.median(offset)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        optimum = find_optimum(
            [block], objective_of, null_logits=start, intercept=True, max_iterations=MOST_ITERATIONS
        )
    if optimum.direction is not None:
        way = float(optimum.direction[0, -1])
        if way != 0.0:
            return float(np.copysign(np.inf, way)), float("nan")
    return float(optimum.coef[0, -1]), float(np.sqrt(optimum.vcov[-1, -1]))
