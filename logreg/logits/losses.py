"""Cross-entropy straight from logits: minus the log-likelihood of what happened, in nats."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np

from logreg.errors import DataError, SupportError, WeightError, did_you_mean
from logreg.logits.blocks import FloatArray, log_partition, log_softmax_rows
from logreg.logits.border import Numbers, read_axis, read_numbers, read_temperature, scaled
from logreg.logits.scales import refuse_undefined_rows

__all__ = ["Reduction", "binary_cross_entropy", "cross_entropy"]

Reduction: TypeAlias = Literal["mean", "sum", "none"]

#: How far the probabilities of one row may add up from 1: they may have been computed in single precision.
ROW_SUM_TOLERANCE = 1e-5


def cross_entropy(
    logits: Any,
    outcome: Any,
    axis: int = -1,
    *,
    weights: Any = None,
    reduction: Reduction = "mean",
    temperature: float = 1.0,
) -> Any:
    """Return minus the log-probability of the outcome under the softmax of the logits.

    Parameters
    ----------
    logits
        Logits, one per class along ``axis``: shape (n, K), one row of shape (K,), or a frame.
    outcome
        Either the class of each row as a whole number from 0 to K - 1 (shape of the logits without
        ``axis``), or the probability of each class (shape of the logits; rows of 0 and a single 1 are the
        usual case). Taken by position; labels of pandas and polars frames must agree.
    axis
        The axis that runs over the classes; a frame's classes are its columns.
    weights
        One number of at least 0 per row. Rows with weight 0 count for nothing.
    reduction
        ``"mean"``: the weighted mean. ``"sum"``: the weighted sum. ``"none"``: each row's loss times its
        weight.
    temperature
        Divides the logits.

    Returns
    -------
    float, array or series
        Loss in nats, at least 0; ``inf`` where an outcome was given probability 0.

    Raises
    ------
    DataError
        If logits or outcome are NaN, of different length, or no classes or probabilities; if there is a
        single class; if a row's softmax is not defined.
    WeightError
        If a weight is negative or not finite, or all are 0.
    SupportError
        If the reduction is none of the three.

    Examples
    --------
    >>> round(cross_entropy([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]], [0, 2]), 4)
    0.7578
    """
    numbers = read_numbers(logits, "logits")
    truth = read_numbers(outcome, "outcome")
    factor = read_temperature(temperature)
    over = read_axis(axis, numbers)
    _refuse_other_labels(numbers, truth)
    if numbers.columns is not None and over != 1:
        raise DataError("logits: the classes of a frame are its columns, axis=-1. Transpose the frame first.")
    if numbers.values.shape[over] < 2:
        raise DataError(
            "logits: a single column has no other class to compare with. Use binary_cross_entropy, or add "
            "the baseline's column of zeros."
        )
    refuse_undefined_rows(numbers, over)
    log_p = log_softmax_rows(np.ascontiguousarray(np.moveaxis(numbers.values, over, -1)), factor)
    if truth.values.shape == numbers.values.shape:
        loss = _loss_of_shares(log_p, np.moveaxis(truth.values, over, -1))
    elif truth.values.shape == log_p.shape[:-1]:
        loss = _loss_of_classes(log_p, truth)
    else:
        raise DataError(
            f"outcome has shape {truth.values.shape}, logits {numbers.values.shape}. Give one class per row, "
            "or one probability per logit."
        )
    return _reduced(loss, weights, reduction, numbers)


def binary_cross_entropy(
    logits: Any,
    outcome: Any,
    *,
    weights: Any = None,
    reduction: Reduction = "mean",
    temperature: float = 1.0,
) -> Any:
    """Return minus the log-probability of a binary outcome under the sigmoid of the logits.

    The loss is ``y log(1 + exp(-logit)) + (1 - y) log(1 + exp(logit))``: two terms of one sign, so that
    nothing cancels.

    Parameters
    ----------
    logits
        Log-odds of the event: a number, list, array, series, or a frame.
    outcome
        1 or True for the event, 0 or False for none, or a probability of the event; the shape of the
        logits, or without the last axis where the logits are a single column. Taken by position; indexes of
        pandas must agree.
    weights, reduction, temperature
        As for `cross_entropy`, one weight per loss.

    Returns
    -------
    float, array, series or frame
        Loss in nats, at least 0.

    Raises
    ------
    DataError
        If logits or outcome are NaN or of different shape, or an outcome is outside [0, 1].
    WeightError, SupportError
        As `cross_entropy`.

    Examples
    --------
    >>> binary_cross_entropy([0.0, 40.0, -800.0], [1, 1, 1], reduction="none")
    array([6.93147181e-01, 4.24835426e-18, 8.00000000e+02])
    """
    numbers = read_numbers(logits, "logits")
    truth = read_numbers(outcome, "outcome")
    x, y = scaled(numbers, temperature), truth.values
    outside = np.asarray((y < 0) | (y > 1))
    truth.refuse_where(outside, "outside [0, 1]", "Give 0 and 1, or probabilities of the event.")
    if y.shape != x.shape:
        if x.shape != (*y.shape, 1):
            raise DataError(f"outcome has shape {y.shape}, logits {x.shape}. Give one outcome per logit.")
        x = x[..., 0]
    _refuse_other_labels(numbers, truth)
    loss = _times(y, log_partition(-x)) + _times(1.0 - y, log_partition(x))
    return _reduced(loss, weights, reduction, numbers)


def _loss_of_classes(log_p: FloatArray, truth: Numbers) -> FloatArray:
    classes = log_p.shape[-1]
    codes = truth.values
    wrong = np.asarray((codes != np.floor(codes)) | (codes < 0) | (codes >= classes))
    truth.refuse_where(wrong, f"not a class from 0 to {classes - 1}", "Number the classes in column order.")
    at = codes.astype(np.intp)[..., np.newaxis]
    return np.asarray(0.0 - np.take_along_axis(log_p, at, axis=-1)[..., 0])


def _loss_of_shares(log_p: FloatArray, shares: FloatArray) -> FloatArray:
    sums = shares.sum(axis=-1)
    bad = np.asarray((np.abs(sums - 1.0) > ROW_SUM_TOLERANCE) | (shares < 0).any(axis=-1))
    if bad.any():
        first = int(np.argmax(bad))
        raise DataError(
            f"outcome: {int(bad.sum())} of {bad.size} rows are not probabilities that add up to 1, the first "
            f"is row {first} (counted from 0). Give shares per class, not counts."
        )
    return np.asarray(_times(shares, 0.0 - log_p).sum(axis=-1))


def _times(weight: FloatArray, loss: FloatArray) -> FloatArray:
    """Multiply, with ``0 * inf = 0``: what has no weight costs nothing."""
    return np.multiply(weight, loss, out=np.zeros_like(loss), where=np.asarray(weight != 0))


def _reduced(loss: FloatArray, weights: Any, reduction: str, numbers: Numbers) -> Any:
    if reduction not in ("mean", "sum", "none"):
        hint = did_you_mean(str(reduction), ["mean", "sum", "none"])
        raise SupportError(f"reduction={reduction!r} is not one of 'mean', 'sum', 'none'.{hint}")
    total = float(loss.size)
    if weights is not None:
        w = _weights(weights, loss, numbers)
        loss, total = _times(w, loss), float(w.sum())
    if reduction == "none":
        return numbers.like(loss) if loss.shape == numbers.values.shape else numbers.per_row(loss, "loss")
    if reduction == "sum":
        return float(loss.sum())
    if loss.size == 0:
        raise DataError("logits: the mean loss of no rows is not defined. Use reduction='sum'.")
    if total == 0.0:
        raise WeightError("weights: all are 0, so that their mean is not defined. Use reduction='sum'.")
    return float(loss.sum()) / total


def _weights(given: Any, loss: FloatArray, numbers: Numbers) -> FloatArray:
    weights = read_numbers(given, "weights")
    _refuse_other_labels(numbers, weights)
    values = weights.values
    if values.shape != loss.shape:
        raise WeightError(
            f"weights have shape {values.shape}, the rows {loss.shape}. Give one weight per row."
        )
    bad = (values < 0) | np.isinf(values)
    if bad.any():
        first = int(np.argmax(bad))
        raise WeightError(
            f"weights: {int(bad.sum())} of {values.size} are negative or infinite, the first in row {first} "
            "(counted from 0). Give finite numbers of at least 0."
        )
    return values


def _refuse_other_labels(numbers: Numbers, other: Numbers) -> None:
    """Raise a `DataError` where rows or columns would be paired by position against their labels."""
    if numbers.index is not None and other.index is not None and not numbers.index.equals(other.index):
        raise DataError(
            f"{other.name} and logits have different row labels. Reindex one of them to the other first."
        )
    paired = numbers.columns is not None and other.columns is not None and len(numbers.columns) > 1
    if paired and numbers.columns != other.columns:
        raise DataError(
            f"{other.name} has columns {other.columns!r}, logits {numbers.columns!r}. Select the "
            "same columns in the same order first."
        )
