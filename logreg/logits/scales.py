"""Between the scales: logit, odds, probability, and their logarithms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from logreg.errors import DataError
from logreg.logits.blocks import FloatArray, log_partition, log_softmax_rows, sigmoid_pair, softmax_rows
from logreg.logits.border import Numbers, read_axis, read_numbers, read_temperature, scaled

__all__ = ["log_sigmoid", "log_softmax", "logit", "odds", "odds_to_probability", "sigmoid", "softmax"]

#: How far probability + complement may be from 1: both may have been rounded to single precision.
COMPLEMENT_TOLERANCE = 1e-6


def sigmoid(logits: Any, *, temperature: float = 1.0) -> Any:
    """Return the probability ``1 / (1 + exp(-logit / temperature))`` of each logit.

    Parameters
    ----------
    logits
        Log-odds: a number, list, array, series or frame of any shape. ``-inf`` gives 0 and ``inf`` gives 1.
    temperature
        Divides the logits; above 1 it pulls probabilities towards 1/2, below 1 towards 0 and 1.

    Returns
    -------
    same kind
        Probabilities in [0, 1], same shape, index and column names.

    Raises
    ------
    DataError
        If a logit is NaN or not a number, or the temperature is not finite and above 0.

    Examples
    --------
    >>> sigmoid([-2.0, 0.0, 2.0]).round(4)
    array([0.1192, 0.5   , 0.8808])
    >>> sigmoid(-745.0)
    5e-324
    """
    numbers = read_numbers(logits, "logits")
    return numbers.like(sigmoid_pair(scaled(numbers, temperature))[0])


def log_sigmoid(logits: Any, *, temperature: float = 1.0) -> Any:
    """Return the logarithm of `sigmoid`, exact also where the probability rounds to 1 or to 0.

    Parameters
    ----------
    logits
        Log-odds: a number, list, array, series or frame of any shape.
    temperature
        Divides the logits.

    Returns
    -------
    same kind
        Log-probabilities (nats), at most 0, same shape, index and column names.

    Raises
    ------
    DataError
        As `sigmoid`.

    Examples
    --------
    >>> log_sigmoid([-1000.0, 40.0])
    array([-1.00000000e+03, -4.24835426e-18])
    """
    numbers = read_numbers(logits, "logits")
    return numbers.like(-log_partition(-scaled(numbers, temperature)))


def softmax(logits: Any, axis: int = -1, *, temperature: float = 1.0) -> Any:
    """Return the probabilities ``exp(logit / temperature)``, divided by their sum over the axis.

    Only differences within a row count: adding the same number to every logit of a row changes nothing.
    Columns that are measured against a baseline need the baseline's column of zeros beside them.

    Parameters
    ----------
    logits
        Logits, one per class along ``axis``: a list, array, series or frame. One ``inf`` in a row gets
        probability 1, ``-inf`` gets 0.
    axis
        The axis that runs over the classes; for a frame -1 and 1 are its columns.
    temperature
        Divides the logits; below 1 it favours the leading class, above 1 it levels the classes.

    Returns
    -------
    same kind
        Probabilities that sum to 1 over the axis, same shape, index and column names.

    Raises
    ------
    DataError
        If a logit is NaN or not a number, if a row has several ``inf`` or nothing but ``-inf`` (the limit
        is not defined), or if axis or temperature cannot be used.

    Examples
    --------
    >>> softmax([2.0, 1.0, 0.1]).round(3)
    array([0.659, 0.242, 0.099])
    """
    return _over_rows(softmax_rows, logits, axis, temperature)


def log_softmax(logits: Any, axis: int = -1, *, temperature: float = 1.0) -> Any:
    """Return the logarithm of `softmax`, exact also where a probability rounds to 1 or to 0.

    Parameters
    ----------
    logits, axis, temperature
        As for `softmax`.

    Returns
    -------
    same kind
        Log-probabilities (nats), at most 0, same shape, index and column names.

    Raises
    ------
    DataError
        As `softmax`.

    Examples
    --------
    >>> log_softmax([0.0, -1000.0])
    array([    0., -1000.])
    """
    return _over_rows(log_softmax_rows, logits, axis, temperature)


def logit(probabilities: Any, *, complement: Any = None) -> Any:
    """Return the log-odds ``log(p) - log(1 - p)`` of each probability.

    Near 1 the spacing of doubles, 1.1e-16, limits what ``p`` can say. With its complement, known exactly,
    the upper tail is as fine as the lower: the smaller of the two is used.

    Parameters
    ----------
    probabilities
        Numbers in [0, 1]: a number, list, array, series or frame of any shape. 0 gives ``-inf``, 1 gives
        ``inf``.
    complement
        ``1 - p`` of each probability, same shape.

    Returns
    -------
    same kind
        Log-odds, same shape, index and column names.

    Raises
    ------
    DataError
        If a probability is NaN, not a number or outside [0, 1], or does not add up to 1 with its complement.

    Examples
    --------
    >>> logit([0.1, 0.5, 0.9]).round(4)
    array([-2.1972,  0.    ,  2.1972])
    >>> round(logit(1.0, complement=1e-300), 4)
    690.7755
    """
    numbers = _probabilities(probabilities, "probabilities")
    p = numbers.values
    if complement is None:
        q = 1.0 - p  # exact from 1/2 upwards, and not used below
    else:
        other = _probabilities(complement, "complement")
        q = other.values
        if q.shape != p.shape:
            raise DataError(
                f"complement has shape {q.shape}, probabilities {p.shape}. Give one complement per value."
            )
        away = np.abs(p + q - 1.0) > COMPLEMENT_TOLERANCE
        other.refuse_where(away, "not 1 minus the probability", "Give 1 - p of the same rows.")
    # scipy.special.logit is exact up to 1/2, near 1/2 too: it uses log1p of the distance to 1/2 there.
    lower = special.logit(np.minimum(p, q))
    return numbers.like(np.asarray(np.where(p <= q, lower, -lower)))


def odds(logits: Any, *, temperature: float = 1.0) -> Any:
    """Return the odds ``exp(logit / temperature)``.

    Parameters
    ----------
    logits
        Log-odds: a number, list, array, series or frame of any shape.
    temperature
        Divides the logits.

    Returns
    -------
    same kind
        Odds from 0 to ``inf``, same shape, index and column names. Above a logit of 709.78 the odds exceed
        the largest double, 1.8e308, and are ``inf``.

    Raises
    ------
    DataError
        As `sigmoid`.

    Examples
    --------
    >>> odds([-1.0, 0.0, 1.0]).round(3)
    array([0.368, 1.   , 2.718])
    """
    numbers = read_numbers(logits, "logits")
    with np.errstate(over="ignore", under="ignore"):
        return numbers.like(np.asarray(np.exp(scaled(numbers, temperature))))


def odds_to_probability(odds: Any) -> Any:
    """Return the probability ``odds / (1 + odds)``.

    Parameters
    ----------
    odds
        Numbers from 0 to ``inf``: a number, list, array, series or frame of any shape.

    Returns
    -------
    same kind
        Probabilities in [0, 1], same shape, index and column names.

    Raises
    ------
    DataError
        If a value is NaN, negative or not a number.

    Examples
    --------
    >>> odds_to_probability([0.25, 1.0, 4.0])
    array([0.2, 0.5, 0.8])
    """
    numbers = read_numbers(odds, "odds")
    values = numbers.values
    numbers.refuse_where(
        values < 0, "negative", "Odds start at 0; log-odds go to `sigmoid` instead of this function."
    )
    finite = np.where(np.isinf(values), 0.0, values)
    with np.errstate(under="ignore"):
        return numbers.like(np.asarray(np.where(np.isinf(values), 1.0, finite / (1.0 + finite))))


def refuse_undefined_rows(numbers: Numbers, axis: int) -> None:
    """Raise a `DataError` where infinities leave the softmax of a row without a limit."""
    values = numbers.values
    if values.size == 0 or not np.isinf(values).any():
        return
    up = np.asarray((values == np.inf).sum(axis=axis) > 1)
    down = np.asarray((values == -np.inf).all(axis=axis))
    line = "column" if values.ndim == 2 and axis == 0 else "row"
    for bad, what in ((up, "more than one +inf"), (down, "nothing but -inf")):
        if not bad.any():
            continue
        first = ", ".join(str(int(i)) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
        where = f", the first in {line} {first} (counted from 0)" if first else ""
        raise DataError(
            f"{numbers.name}: {int(bad.sum())} of {bad.size} {line}s with {what}{where}. Softmax is not "
            "defined there; give finite logits."
        )


def _over_rows(
    rows: Callable[[FloatArray, float], FloatArray], logits: Any, axis: int, temperature: float
) -> Any:
    numbers = read_numbers(logits, "logits")
    factor = read_temperature(temperature)
    where = read_axis(axis, numbers)
    refuse_undefined_rows(numbers, where)
    # Sums over the last axis of a contiguous array are pairwise in numpy; over other axes they are not.
    moved = np.ascontiguousarray(np.moveaxis(numbers.values, where, -1))
    return numbers.like(np.moveaxis(rows(moved, factor), -1, where))


def _probabilities(given: Any, name: str) -> Numbers:
    numbers = read_numbers(given, name)
    outside: NDArray[np.bool_] = (numbers.values < 0) | (numbers.values > 1)
    numbers.refuse_where(outside, "outside [0, 1]", "Give probabilities, not logits or percentages.")
    return numbers
