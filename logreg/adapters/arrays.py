"""Features and labels in arrays as a source and a formula, without a copy of the features."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets

from logreg.data.columns import categories
from logreg.data.source import CategoryColumn, NumberColumn
from logreg.data.source import Column as DataColumn
from logreg.data.table import TableSource
from logreg.design.ast import Column, Formula, Term
from logreg.design.factors import distinct_numbers
from logreg.design.fence import quote
from logreg.errors import LogregError, OutcomeError, rows_of
from logreg.threads import sum_in_threads

__all__ = [
    "are_as_checked",
    "array_source",
    "formula_of",
    "outcome_of",
    "plain_formula",
    "read_only",
    "refusals_as",
    "refuse_not_finite",
    "response_name",
    "surely_finite",
]

FloatArray = NDArray[np.float64]

#: Rows of an array that are summed at a stretch.
SUMMED_ROWS = 32_768
#: Features that a formula names one by one; a longer one is easier to read as ``y ~ .``.
NAMED_FEATURES = 30
#: Labels up to so many are checked without their rows; more may be too many for those, says scikit-learn.
FEW_LABELS = 20


def outcome_of(y: NDArray[Any]) -> tuple[NDArray[Any], CategoryColumn]:
    """Return the sorted labels (K,), and each row's label as a column whose levels keep that order.

    Raises
    ------
    OutcomeError
        For missing labels, labels that cannot be sorted, numbers that are no classes, and fewer than two
        classes.

    Examples
    --------
    >>> labels, column = outcome_of(np.array(["yes", "no", "yes"]))
    >>> labels.tolist(), column.codes.tolist()
    (['no', 'yes'], [1, 0, 1])
    """
    codes: NDArray[np.integer]
    if y.dtype.kind == "i":
        labels, codes = distinct_numbers(y)
    else:
        labels, codes = _sorted_labels(y)
    # Text and a few whole numbers are always classes, and the check sorts all rows.
    if not (isinstance(labels[0], str) or (y.dtype.kind in "ib" and len(labels) <= FEW_LABELS)):
        with refusals_as(OutcomeError):
            check_classification_targets(labels if len(labels) <= FEW_LABELS else y)
    if len(labels) < 2:
        raise OutcomeError(
            f"y has only one class, {labels.tolist()[0]!r}, in {len(y)} rows. A classifier needs two."
        )
    column = categories(codes, labels.tolist(), dtype=str(y.dtype), declared=True)
    return labels.astype(y.dtype, copy=False), column


def _sorted_labels(y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.integer]]:
    """Return the distinct labels, sorted, and each row's among them."""
    # By hashing: a million text labels would take a second to sort.
    codes, values = pd.factorize(y)
    missing = codes < 0
    if missing.any():
        raise OutcomeError(
            f"y is missing in {int(missing.sum())} rows, first in row {int(np.argmax(missing))}. "
            "Leave these rows out."
        )
    try:
        labels, order = np.unique(np.asarray(values), return_inverse=True)
    except TypeError:
        kinds = ", ".join(sorted({type(value).__name__ for value in values}))
        raise OutcomeError(f"y mixes labels of the types {kinds}. Make them all text.") from None
    return labels, codes if np.array_equal(order, np.arange(len(order))) else order[codes]


def are_as_checked(X: object, y: object) -> bool:
    """Return whether scikit-learn's checks return X and y as they are, if X is finite.

    For arrays of doubles and of whole numbers they say no more than this, and take a tenth of a millisecond.
    """
    return (
        type(X) is np.ndarray
        and type(y) is np.ndarray
        and (X.ndim, X.dtype) == (2, np.float64)
        and (y.ndim, y.dtype.kind) == (1, "i")
        and X.size > 0
        and len(X) == len(y)
    )


def surely_finite(X: object) -> bool:
    """Return whether X is an array of doubles that are all finite, as far as one sum in threads can tell.

    scikit-learn's own check takes one thread; what this one does not vouch for is left to that.
    """
    if not (isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype == np.float64):
        return False

    def total(start: int) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            return float(X[start : start + SUMMED_ROWS].sum())

    return math.isfinite(sum_in_threads(total, range(0, max(len(X), 1), SUMMED_ROWS)))


@contextmanager
def refusals_as(error: type[LogregError]) -> Iterator[None]:
    """Give values that scikit-learn's checks refuse the type of error that they have here."""
    try:
        yield
    except ValueError as refused:
        raise error(str(refused)) from None


def refuse_not_finite(X: FloatArray, features: Sequence[str], error: type[LogregError]) -> None:
    """Refuse features that are missing or infinite somewhere.

    Raises
    ------
    LogregError
        Of type ``error``, naming the first such column, how many of its rows there are, and the first.
    """
    if surely_finite(X):
        return
    for values, name in zip(X.T, features, strict=True):
        for what, how, bad in (
            ("NaN", "missing (NaN)", np.isnan(values)),
            ("infinity", "infinite", np.isinf(values)),
        ):
            count = int(np.count_nonzero(bad))
            if count:
                raise error(
                    f"Input X contains {what}: column {name!r} is {how} "
                    f"in {rows_of(count)}, first in row {int(np.argmax(bad))}. Fill in these values, or "
                    "leave the rows out."
                )


def response_name(name: object, features: Sequence[str]) -> str:
    """Return what the outcome is called: the name of the series that held it, or ``y``, unlike any feature.

    Examples
    --------
    >>> response_name("low", ["age", "lwt"]), response_name(None, ["x", "y"])
    ('low', 'y_')
    """
    response = name if isinstance(name, str) and name else "y"
    while response in features:
        response += "_"
    return response


def formula_of(response: str, features: Sequence[str], *, intercept: bool) -> str:
    """Return the formula with every feature as it is.

    Examples
    --------
    >>> formula_of("low", ["age", "weight (kg)"], intercept=False)
    'low ~ age + `weight (kg)` - 1'
    """
    terms = " + ".join(map(quote, features)) if len(features) <= NAMED_FEATURES else "."
    return f"{quote(response)} ~ {terms}{'' if intercept else ' - 1'}"


def plain_formula(response: str, features: Sequence[str], *, intercept: bool) -> Formula:
    """Return what `formula_of` says of plain names, without reading it.

    Examples
    --------
    >>> plain_formula("y", ["x0", "x1"], intercept=True).text
    'y ~ x0 + x1'
    """
    return Formula(
        text=formula_of(response, features, intercept=intercept),
        response=Column(response),
        response_label=response,
        intercept=intercept,
        terms=tuple(Term((Column(name),), (name,)) for name in features),
    )


def read_only(X: FloatArray) -> FloatArray:
    """Return a view of an array that cannot be written to."""
    table = X.view(np.ndarray)
    table.flags.writeable = False
    return table


def array_source(
    X: FloatArray, features: Sequence[str], outcome: CategoryColumn, response: str
) -> TableSource:
    """Return features and outcome as a source whose columns are views of X.

    Parameters
    ----------
    X : array of shape (n, p)
        Finite numbers, not to be written to: they are not checked again.
    features : sequence of p str
        Names of the columns of X.
    outcome : CategoryColumn
        Labels of the n rows.
    response : str
        Name of the outcome.
    """

    def convert(places: Sequence[int]) -> list[DataColumn]:
        return [outcome if place == len(features) else _feature(X[:, place]) for place in places]

    def describe() -> Mapping[str, str]:
        return {"kind": "array"}

    return TableSource(names=[*features, response], n_rows=len(X), convert=convert, describe=describe)


def _feature(values: FloatArray) -> NumberColumn:
    return NumberColumn(values=values, missing=None, kind="float", dtype="float64", finite=True)
