"""Estimates with their derivatives: values, Jacobian, delta method, one table.

An `Estimates` is q numbers with their derivative with respect to all coefficients. Whatever is computed from
numbers with known derivatives keeps them (chain rule), so that standard errors of averages, contrasts and
differences of contrasts all come from one quadratic form,

    V = J vcov J'  [+ sampling variance of the covariates]                      (1)

(delta method: Agresti 2013, *Categorical Data Analysis*, 3rd ed., 16.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.normal import critical_value, two_sided_p_value
from logreg.interpret.margins import MarginSums
from logreg.interpret.row_functions import RowFunction
from logreg.logits import sigmoid_pair
from logreg.logits.limit import without_rounding
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "INTERVALS",
    "Estimates",
    "Interval",
    "estimates_of_margins",
    "inference_columns",
    "result_table",
    "std_errors_of_rows",
]

FloatArray: TypeAlias = NDArray[np.float64]

#: A derivative with respect to an infinite coefficient below this share of the row's largest is none.
NEGLIGIBLE = 1e-10

#: Averages whose joint sampling variance is kept, as a square matrix (32 MB).
MOST_UNCONDITIONAL = 2_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimates:
    """q estimates with their derivatives.

    ``values`` (q,); ``jacobian`` (q, m p) with respect to the coefficients at ``x - fit.logit_centre``;
    ``known`` (q,) is False where no standard error exists (an infinite logit); ``complements`` (q,) are ``1 -
    values`` of probabilities, without cancellation; ``sampling`` (q, q) is the variance that the covariates
    add (None: conditional on them).
    """

    values: FloatArray
    jacobian: FloatArray
    known: NDArray[np.bool_]
    complements: FloatArray | None = None
    sampling: FloatArray | None = None

    def take(self, positions: Sequence[int] | NDArray[np.intp]) -> Estimates:
        """Return some of the estimates."""
        k = np.asarray(positions, dtype=np.intp)
        return Estimates(
            values=self.values[k],
            jacobian=self.jacobian[k],
            known=self.known[k],
            complements=None if self.complements is None else self.complements[k],
            sampling=None if self.sampling is None else self.sampling[np.ix_(k, k)],
        )

    def derived(
        self,
        values: FloatArray,
        parts: Sequence[tuple[NDArray[np.intp], FloatArray]],
    ) -> Estimates:
        """Return functions of the estimates, by the chain rule.

        Parameters
        ----------
        values : (r,) array
            The functions' values.
        parts : sequence of (positions (r,), derivatives (r,))
            Which estimates each function is of, and its derivative in them.
        """
        jacobian = np.zeros((len(values), self.jacobian.shape[1]))
        known = np.ones(len(values), dtype=bool)
        for positions, slope in parts:
            jacobian += slope[:, np.newaxis] * self.jacobian[positions]
            known &= self.known[positions]
        sampling = None
        if self.sampling is not None:
            mixing = np.zeros((len(values), len(self.values)))
            for positions, slope in parts:
                mixing[np.arange(len(values)), positions] += slope
            sampling = mixing @ self.sampling @ mixing.T
        return Estimates(values=values, jacobian=jacobian, known=known, sampling=sampling)

    def combined(self, weights: FloatArray) -> Estimates:
        """Return linear combinations ``weights @ values`` for weights (r, q); 0 times infinity is 0."""
        finite = np.isfinite(self.values)
        with np.errstate(invalid="ignore"):
            shares = np.where(weights[:, ~finite] == 0.0, 0.0, weights[:, ~finite] * self.values[~finite])
            values = weights[:, finite] @ self.values[finite] + shares.sum(axis=1)
        return Estimates(
            values=values,
            jacobian=weights @ self.jacobian,
            known=np.array([bool(self.known[row != 0.0].all()) for row in weights], dtype=bool),
            sampling=None if self.sampling is None else weights @ self.sampling @ weights.T,
        )

    def covariance(self, fit: LogisticEstimate) -> FloatArray:
        """Return the covariance (q, q) of the estimates by (1), NaN where none exists."""
        result: FloatArray = self.jacobian @ fit.logit_vcov @ self.jacobian.T
        if self.sampling is not None:
            result = result + self.sampling
        unknown = ~self._finite(fit)
        result[unknown] = np.nan
        result[:, unknown] = np.nan
        return result

    def std_errors(self, fit: LogisticEstimate) -> FloatArray:
        """Return the standard errors (q,), NaN where none exists."""
        variance = np.einsum("qa,qa->q", self.jacobian @ fit.logit_vcov, self.jacobian)
        if self.sampling is not None:
            variance = variance + np.diagonal(self.sampling)
        return np.where(self._finite(fit), np.sqrt(np.maximum(variance, 0.0)), np.nan)

    def _finite(self, fit: LogisticEstimate) -> NDArray[np.bool_]:
        return self.known & ~depends_on_infinite(fit, self.jacobian)


def depends_on_infinite(fit: LogisticEstimate, jacobian: FloatArray) -> NDArray[np.bool_]:
    """Tell which rows of a Jacobian (q, m p) move with a coefficient that has no finite variance, or with
    changes of coefficients of which the data cannot tell. It is one with respect to `Estimates.jacobian`.
    """
    unknown = np.zeros(len(jacobian), dtype=bool)
    if fit.without_error.any():
        size = np.abs(jacobian).max(axis=1, initial=0.0)
        unknown |= np.abs(jacobian[:, fit.without_error]).max(axis=1) > NEGLIGIBLE * size
    if fit.undetermined is not None:
        flat = fit.around_centre(fit.undetermined).reshape(len(fit.undetermined), -1).T
        unknown |= without_rounding(jacobian @ flat, np.abs(jacobian) @ np.abs(flat)).any(axis=1)
    return unknown


def estimates_of_margins(
    sums: MarginSums, function: RowFunction, spread: FloatArray | None = None
) -> Estimates:
    """Return the averages of g groups, s settings and f values as q = g s f estimates, in that order.

    ``spread`` (g, s f, s f) is the sampling variance of the averages. Groups without rows give NaN.
    """
    g, s, f = sums.values.shape
    weight = np.where(sums.weight > 0.0, sums.weight, np.nan)[:, np.newaxis, np.newaxis]
    values = sums.values / weight
    complements = None
    if function.scale == "probability":
        complements = np.stack([np.delete(values, k, axis=2).sum(axis=2) for k in range(f)], axis=2).ravel()
    products = sums.products / weight[..., np.newaxis]
    jacobian = np.einsum("fmr,gsrp->gsfmp", function.unfold, products)
    # All rows at infinity: nothing is known of the error. Some: that of the others is what there is.
    known = np.repeat((sums.infinite < sums.weight[:, np.newaxis]).ravel(), f)
    return Estimates(
        values=values.ravel(),
        jacobian=jacobian.reshape(g * s * f, -1),
        known=known,
        complements=complements,
        sampling=None if spread is None else block_diagonal(spread),
    )


def block_diagonal(blocks: FloatArray) -> FloatArray:
    """Return blocks (g, k, k) along the diagonal: averages of different rows do not vary together.

    Raises
    ------
    SupportError
        When there are too many of them.
    """
    g, k, _ = blocks.shape
    if g * k > MOST_UNCONDITIONAL:
        raise SupportError(
            f"unconditional=True needs the joint variance of {g * k} averages; at most {MOST_UNCONDITIONAL} "
            "are supported. Ask for fewer variables or groups at a time."
        )
    result = np.zeros((g * k, g * k))
    for j, block in enumerate(blocks):
        here = slice(j * k, (j + 1) * k)
        result[here, here] = block
    return result


def std_errors_of_rows(
    fit: LogisticEstimate, parts: Sequence[tuple[FloatArray, FloatArray]], infinite: NDArray[np.bool_] | None
) -> FloatArray:
    """Return standard errors (f, n) of f functions of each of n rows.

    Parameters
    ----------
    fit : LogisticEstimate
    parts : sequence of (gradient (f, m, n), columns (p, n))
        The derivative of function k with respect to the coefficients of equation j is the sum over parts of
        gradient[k, j] times the columns.
    infinite : (n,) bool array, optional
        Rows with an infinite logit: they have no standard error.
    """
    f, m, n = parts[0][0].shape
    p = len(parts[0][1])
    result = np.empty((f, n))
    for k in range(f):
        jacobian = np.zeros((m, p, n))
        for gradient, columns in parts:
            jacobian += gradient[k][:, np.newaxis] * columns
        flat = jacobian.reshape(m * p, n)
        variance = np.einsum("an,an->n", fit.logit_vcov @ flat, flat)
        unknown = depends_on_infinite(fit, flat.T)
        if infinite is not None:
            unknown |= infinite
        result[k] = np.where(unknown, np.nan, np.sqrt(np.maximum(variance, 0.0)))
    return result


# Intervals --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Interval:
    """How an interval is made: symmetric on a working scale, mapped back.

    ``working(values, complements)`` is the number on the working scale and its derivative in the value;
    ``back`` maps it to the scale shown. The test is of "working = 0".
    """

    working: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
    back: Callable[[FloatArray], FloatArray]


def _reciprocal(values: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.divide(1.0, values)


INTERVALS: Mapping[str, Interval] = MappingProxyType(
    {
        "identity": Interval(lambda v, _: (v, np.ones_like(v)), lambda w: w),
        "log": Interval(lambda v, _: (np.log(v), 1.0 / v), np.exp),
        "logit": Interval(lambda v, c: (np.log(v) - np.log(c), 1.0 / (v * c)), lambda w: sigmoid_pair(w)[0]),
        "log1p": Interval(lambda v, _: (np.log1p(v), 1.0 / (1.0 + v)), np.expm1),
    }
)


def inference_columns(
    fit: LogisticEstimate,
    values: FloatArray,
    std_errors: FloatArray,
    *,
    interval: str = "identity",
    complements: FloatArray | None = None,
    confidence: float | None = None,
) -> dict[str, FloatArray]:
    """Return ``estimate, std_error, statistic, p_value, conf_low, conf_high``.

    Parameters
    ----------
    values, std_errors : arrays
        On the scale shown.
    interval : str
        A name of `INTERVALS`. The interval is symmetric on its working scale, and the test is of zero there:
        "log" of a ratio of 1, "logit" of a probability of one half.
    complements : array, optional
        ``1 - values``, for "logit".
    confidence : float, optional
        The fit's own level if not given.
    """
    z = critical_value(fit.options.confidence if confidence is None else confidence, fit.reference_df)
    kind = INTERVALS[interval]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        centre, slope = kind.working(values, np.empty(0) if complements is None else complements)
        spread = std_errors * np.abs(slope)
        statistic = np.where(np.isfinite(centre), centre / spread, np.nan)
        low, high = kind.back(centre - z * spread), kind.back(centre + z * spread)
    return {
        "estimate": values,
        "std_error": std_errors,
        "statistic": statistic,
        "p_value": two_sided_p_value(statistic, fit.reference_df),
        "conf_low": low,
        "conf_high": high,
    }


def reciprocal_columns(
    fit: LogisticEstimate, values: FloatArray, std_errors: FloatArray, *, confidence: float | None = None
) -> dict[str, FloatArray]:
    """Return the columns of ``1 / values``, the interval being that of the values with its ends inverted.

    Where the interval of a value includes 0, the values between its inverted ends are the ones excluded: the
    region is ``(-inf, conf_low]`` together with ``[conf_high, inf)``, with ``conf_low < 0 < conf_high``
    (Altman 1998, BMJ 317:1309).
    """
    found = inference_columns(fit, values, std_errors, confidence=confidence)
    low, high = _reciprocal(found["conf_low"]), _reciprocal(found["conf_high"])
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            **found,
            "estimate": _reciprocal(values),
            "std_error": std_errors / values**2,
            "conf_low": np.minimum(low, high),
            "conf_high": np.maximum(low, high),
        }


# Tables -----------------------------------------------------------------------------------------------


def result_table(
    lines: Mapping[str, Sequence[Any]], own: Mapping[str, Sequence[Any]], numbers: Mapping[str, FloatArray]
) -> pd.DataFrame:
    """Return ``outcome``, the data's own columns, then what else labels a line, then the numbers.

    Parameters
    ----------
    lines : mapping
        Labels of the lines, ``row`` and ``outcome`` first.
    own : mapping
        Columns named as in the data (``by`` and ``at``).
    numbers : mapping

    Raises
    ------
    SupportError
        If a column of the data has the name of a column of the result.
    """
    import pandas as pd

    taken = [name for name in own if name in lines or name in numbers]
    if taken:
        raise SupportError(f"{taken[0]!r} is a column of the result too: rename the column of the data.")
    labels = {name: np.asarray([*values, None], dtype=object)[:-1] for name, values in lines.items()}
    frame = table({**labels, **numbers})
    place = 1 + max((k for k, name in enumerate(frame.columns) if name in ("row", "outcome")), default=-1)
    for k, (name, values) in enumerate(own.items()):
        column = pd.Series(list(values), index=frame.index)
        if not column.empty and all(isinstance(value, str) for value in values):
            column = column.astype(object)
        frame.insert(place + k, name, column)
    return frame
