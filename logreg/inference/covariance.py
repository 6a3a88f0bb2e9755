"""Covariances of the coefficients by name: from the information alone, or the sandwich around it."""

from __future__ import annotations

from logreg.errors import SupportError

__all__ = ["COVARIANCES", "check_covariance", "factor_of"]

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


def factor_of(kind: str, *, n: float, n_coef: int) -> float:
    """Return what the sandwich ``V M V`` is multiplied by.

    Parameters
    ----------
    kind : str
        "HC0", "HC1" or "survey".
    n : float
        Number of trials, or of rows where weights are not frequencies.
    n_coef : int
        Number of estimated coefficients.
    """
    if kind == "HC1":
        return n / (n - n_coef) if n > n_coef else float("nan")
    return n / (n - 1.0) if kind == "survey" else 1.0
