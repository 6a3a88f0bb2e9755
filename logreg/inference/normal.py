"""Tails and quantiles of the reference distributions, from the special functions that keep their digits.

Upper tails are computed as such: nothing here subtracts a distribution function from one.
"""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc, log_ndtr, ndtr, ndtri, stdtr, stdtrit

from logreg.errors import SupportError

__all__ = [
    "chi2_p_value",
    "critical_value",
    "f_p_value",
    "log_two_sided_p_value",
    "normal_quantile",
    "two_sided_p_value",
]

FloatArray = NDArray[np.float64]


def two_sided_p_value(z: FloatArray, df: float = np.inf) -> FloatArray:
    """Return P(|Z| >= |z|) of a standard normal, or of Student's t, accurate until it underflows.

    Examples
    --------
    >>> import numpy as np
    >>> print(f"{two_sided_p_value(np.array([12.5]))[0]:.3e}")
    7.465e-36
    """
    tail = -np.abs(z)
    return np.asarray(2.0 * (ndtr(tail) if df == np.inf else stdtr(df, tail)), dtype=np.float64)


def log_two_sided_p_value(z: FloatArray) -> FloatArray:
    """Return log P(|Z| >= |z|) of a standard normal: finite long after the p-value itself underflows.

    Examples
    --------
    >>> import numpy as np
    >>> print(f"{log_two_sided_p_value(np.array([100.0]))[0]:.4f}")
    -5004.8311
    """
    result: FloatArray = np.log(2.0) + log_ndtr(-np.abs(z))
    return result


def critical_value(confidence: float, df: float = np.inf) -> float:
    """Return t with P(|T| <= t) = confidence, the normal quantile for infinite degrees of freedom.

    Raises
    ------
    SupportError
        If the level is not between 0 and 1.
    """
    z = normal_quantile(confidence)
    return z if df == np.inf else float(-stdtrit(df, (1.0 - float(confidence)) / 2.0))


def normal_quantile(confidence: float) -> float:
    """Return z with P(|Z| <= z) = confidence.

    Raises
    ------
    SupportError
        If the level is not between 0 and 1.
    """
    # A border of many calls: text or an array here is the user's slip, not ours.
    if isinstance(confidence, bool) or not isinstance(confidence, Real) or not 0.0 < confidence < 1.0:
        raise SupportError(f"confidence={confidence!r} is not a level between 0 and 1; use for example 0.95.")
    return float(-ndtri((1.0 - float(confidence)) / 2.0))


def chi2_p_value(statistic: float, df: int) -> float:
    """Return P(chi-squared with df degrees of freedom >= statistic)."""
    if df <= 0 or np.isnan(statistic):
        return float("nan")
    return float(chdtrc(df, max(statistic, 0.0)))


def f_p_value(statistic: float, df: int, df_error: float) -> float:
    """Return P(F >= statistic) of an F distribution, for a chi-squared statistic divided by ``df``."""
    if df <= 0 or np.isnan(statistic):
        return float("nan")
    if df_error == np.inf:
        return chi2_p_value(statistic * df, df)
    return float(fdtrc(df, df_error, max(statistic, 0.0)))
