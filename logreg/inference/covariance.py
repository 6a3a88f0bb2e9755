"""Covariances of the coefficients by name: from the information alone, or the sandwich around it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from logreg.errors import SupportError

__all__ = ["COVARIANCES", "check_covariance", "sandwich"]

FloatArray = NDArray[np.float64]

#: What each covariance is, by name.
COVARIANCES = {
    "model": "inverse of the information at the optimum",
    "HC0": "sandwich of the row scores, without a factor",
    "HC1": "sandwich of the row scores, times n / (n - k)",
    "survey": "sandwich of the weighted row scores, times n / (n - 1), as Stata and R's survey package for "
    "one stratum",
}


def check_covariance(covariance: object, *, sampling: bool) -> str:
    """Return the covariance to use.

    Sampling weights are no counts, so the information does not measure what is known: they force the
    sandwich.

    Raises
    ------
    SupportError
        For an unknown name.
    """
    known = [name for name in COVARIANCES if name != "survey"]
    if not isinstance(covariance, str) or covariance not in known:
        raise SupportError(
            f"covariance={covariance!r} is not supported; the covariances at hand are {', '.join(known)}."
        )
    return "survey" if sampling and covariance == "model" else covariance


def sandwich(vcov: FloatArray, meat: FloatArray, *, kind: str, n: float, n_coef: int) -> FloatArray:
    """Return ``V M V`` times the factor of its kind; NaN rows of aliased columns stay NaN.

    Parameters
    ----------
    vcov : (m p, m p) array
        Inverse information.
    meat : (m p, m p) array
        Sum of outer products of the row scores.
    kind : str
        "HC0", "HC1" or "survey".
    n : float
        Number of rows.
    n_coef : int
        Number of estimated coefficients.
    """
    factor = {"HC0": 1.0, "HC1": n / (n - n_coef) if n > n_coef else np.nan, "survey": n / (n - 1.0)}[kind]
    inner = np.nan_to_num(vcov)
    result = factor * (inner @ meat @ inner)
    result = (result + result.T) / 2
    result[np.isnan(vcov)] = np.nan
    return result
