"""Decisions on the logits themselves, which still differ where the probabilities have rounded together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from logreg.errors import DataError
from logreg.logits.border import Numbers, read_axis, read_numbers, read_real, read_temperature

__all__ = ["classify"]


def classify(
    logits: Any,
    *,
    threshold: float = 0.5,
    labels: Sequence[Hashable] | Mapping[Any, Hashable] | None = None,
    axis: int | None = None,
    temperature: float = 1.0,
) -> Any:
    """Return the class each row of logits points to, decided without probabilities.

    One column of logits is binary: class 1 where the logit is above ``logit(threshold)``, else class 0.
    Several columns: the largest logit wins. A tie goes to the first class in both cases, between infinities
    too.

    Parameters
    ----------
    logits
        A number or shape (n,) or (n, 1): log-odds of class 1. Shape (n, K), or a frame of K columns: one
        logit per class.
    threshold
        Probability above which class 1 is chosen, in [0, 1]; for binary logits only.
    labels
        What to return instead of 0, 1, ...: one label per class, or a mapping from class numbers (for a
        frame of several columns: from column names). A frame of several columns returns its column names
        unless told otherwise.
    axis
        The axis that runs over the classes. Default: none for one-dimensional logits, which are binary;
        else the last. ``axis=-1`` reads one-dimensional logits as one row with a logit per class.
    temperature
        Divides the logits; it matters only to a threshold other than 1/2.

    Returns
    -------
    class, array or series
        One class per row; a series keeps the index, and of a frame it is named ``class``.

    Raises
    ------
    DataError
        If a logit is NaN; if threshold, axis or temperature cannot be used; if labels do not match the
        classes.

    Examples
    --------
    >>> classify([-0.3, 0.0, 1.2], labels=["no", "yes"]).tolist()
    ['no', 'no', 'yes']
    >>> classify([800.0, 801.0], axis=-1)
    1
    """
    numbers = read_numbers(logits, "logits")
    factor = read_temperature(temperature)
    cut = _cut(threshold)
    if axis is None and numbers.values.ndim < 2:
        codes = np.asarray(numbers.values > cut * factor, dtype=np.intp)
        return numbers.like(_labelled(codes, labels, range(2), numbers))
    over = read_axis(-1 if axis is None else axis, numbers)
    if numbers.columns is not None and over != 1:
        raise DataError("logits: the classes of a frame are its columns, axis=-1. Transpose the frame first.")
    classes = numbers.values.shape[over]
    if classes == 0:
        raise DataError("logits: there is no class to choose from. Give one column per class.")
    if classes == 1:
        binary = np.asarray(np.take(numbers.values, 0, axis=over) > cut * factor, dtype=np.intp)
        return numbers.per_row(_labelled(binary, labels, range(2), numbers), "class")
    if cut != 0.0:
        raise DataError(
            f"threshold={threshold!r} belongs to binary logits, and there are {classes} classes here. "
            "Leave it out."
        )
    names = range(classes) if numbers.columns is None else numbers.columns
    codes = np.asarray(np.argmax(numbers.values, axis=over))
    return numbers.per_row(_labelled(codes, labels, names, numbers), "class")


def _cut(threshold: float) -> float:
    """Return the logit of the threshold."""
    value = read_real(threshold)
    if not 0.0 <= value <= 1.0:
        raise DataError(f"threshold={threshold!r} is not a probability. Give a number from 0 to 1.")
    # Up to 1/2 the logit of a double is exact; from 1/2 upwards 1 - value is.
    return float(special.logit(value) if value <= 0.5 else -special.logit(1.0 - value))


def _labelled(
    codes: NDArray[np.intp],
    labels: Sequence[Hashable] | Mapping[Any, Hashable] | None,
    names: Sequence[Hashable],
    numbers: Numbers,
) -> NDArray[Any]:
    """Return the label of each code; ``names`` are the classes as the user knows them."""
    if labels is None and isinstance(names, range):
        return codes
    if isinstance(labels, Mapping):
        missing = [name for name in names if name not in labels]
        if missing:
            raise DataError(f"labels: no label for class {missing[0]!r}. Map each of {list(names)!r}.")
        known = [labels[name] for name in names]
    elif labels is None:
        known = list(names)
    else:
        known = list(labels)
        if len(known) != len(names):
            hint = " Use axis=-1 if the logits are one per class." if numbers.values.ndim == 1 else ""
            raise DataError(f"labels: {len(known)} given for {len(names)} classes. Give one per class.{hint}")
    if isinstance(known[0], str | bool | int | float) and len({type(label) for label in known}) == 1:
        return np.asarray(known)[codes]
    # Mixed labels and tuples stay the objects they are.
    return np.fromiter(known, dtype=object, count=len(known))[codes]
