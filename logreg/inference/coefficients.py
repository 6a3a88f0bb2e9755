"""The coefficient table: estimates on the logit scale with Wald or likelihood-ratio tests and intervals."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from logreg.engine.types import FloatArray
from logreg.errors import ConvergenceWarning, SupportError, did_you_mean
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.likelihood import Likelihood
from logreg.inference.normal import critical_value, two_sided_p_value
from logreg.inference.profile import ProfileIntervals, profile_curve, profile_intervals
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LikelihoodOf", "check_interval", "coefficient_table", "profile_of", "profile_table"]


#: From what needs it to the likelihood over the rows of the fit.
LikelihoodOf = Callable[[str], Likelihood]


def check_interval(interval: str) -> None:
    """Refuse interval methods that are not there.

    Raises
    ------
    SupportError
        For anything but "wald" and "profile".
    """
    if interval not in ("wald", "profile"):
        raise SupportError(
            f"interval={interval!r} is not supported; the intervals at hand are 'wald' and 'profile'."
        )


def profile_of(
    fit: LogisticEstimate,
    likelihood: LikelihoodOf | None,
    contrasts: FloatArray,
    names: Sequence[str],
    confidence: float,
) -> ProfileIntervals:
    """Return profile-likelihood intervals of combinations (q, m p) of the coefficients, called ``names`` in
    warnings.

    Raises
    ------
    SupportError
        For a fit whose covariance is not that of the likelihood, or that holds no rows.

    Warns
    -----
    ConvergenceWarning
        Where the search for an end failed; the end is NaN then.
    """
    what = "interval='profile'"
    if likelihood is None:
        raise SupportError(f"{what} needs the rows the model was fitted to.")
    if fit.options.covariance != "model" and fit.has_likelihood:
        raise SupportError(
            f"{what} rests on the likelihood alone, and would not go with covariance="
            f"{fit.options.covariance!r}. Use interval='wald', or covariance='model'."
        )
    found = profile_intervals(likelihood(what), contrasts, loglik=fit.loglik, confidence=confidence)
    if found.failed.any():
        failed = ", ".join(repr(name) for name, lost in zip(names, found.failed, strict=True) if lost)
        warnings.warn(
            f"the profile likelihood of {failed} could not be followed to its end; what is not known is NaN.",
            ConvergenceWarning,
            stacklevel=4,
        )
    return found


def coefficient_table(
    fit: LogisticEstimate,
    confidence: float | None = None,
    interval: str = "wald",
    likelihood: LikelihoodOf | None = None,
) -> pd.DataFrame:
    """Return one row per coefficient, on the logit (log-odds) scale.

    Parameters
    ----------
    fit : LogisticEstimate
        m equations, p design columns.
    confidence : float, optional
        Level of the intervals; the fit's own if not given.
    interval : str
        "wald": estimate -+ z standard errors. "profile": the values whose likelihood ratio stays below its
        critical value (`logreg.inference.profile`); ``statistic`` then is the signed root of the likelihood
        ratio of 0 and ``p_value`` its p-value, for infinite estimates too.
    likelihood : callable, optional
        Hands out the likelihood over the rows, for profiles.

    Returns
    -------
    DataFrame of m * p rows
        ``outcome, term, variable, level, reference, estimate, std_error, statistic, p_value, conf_low,
        conf_high``.

    Raises
    ------
    SupportError
        For an unknown interval or a level outside (0, 1); for profiles of a loaded model, under sampling
        weights, or with a covariance that is not that of the likelihood.
    """
    check_interval(interval)
    confidence = fit.options.confidence if confidence is None else confidence
    z = critical_value(confidence, fit.reference_df)
    columns, outcome = fit.spec.columns, fit.spec.outcome
    m = len(outcome.modelled)
    estimate, std_error = fit.coef_array.ravel(), fit.std_error_array.ravel()
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimate / std_error
        low, high = estimate - z * std_error, estimate + z * std_error
    p_value = two_sided_p_value(statistic, fit.reference_df)
    if interval == "profile":
        names = [column.name for column in columns] * m
        found = profile_of(fit, likelihood, np.eye(estimate.size), names, confidence)
        statistic, p_value, low, high = found.statistic, found.p_value, found.low, found.high
    return table(
        {
            "outcome": np.repeat(np.array(outcome.modelled, dtype=object), len(columns)),
            "term": [column.name for column in columns] * m,
            "variable": [column.variable for column in columns] * m,
            "level": [column.level for column in columns] * m,
            "reference": [column.reference for column in columns] * m,
            "estimate": estimate,
            "std_error": std_error,
            "statistic": statistic,
            "p_value": p_value,
            "conf_low": low,
            "conf_high": high,
        }
    )


def profile_table(
    fit: LogisticEstimate,
    likelihood: LikelihoodOf,
    term: str,
    outcome: str | None = None,
    points: int | Sequence[float] = 41,
    confidence: float | None = None,
) -> pd.DataFrame:
    """Return the profile log-likelihood of one coefficient: the largest one where it has each value.

    Parameters
    ----------
    fit : LogisticEstimate
        m equations.
    likelihood : callable
        Hands out the likelihood over the rows.
    term : str
        A design column, as in the coefficient table.
    outcome : str, optional
        Which equation; needed where there are more than two outcomes.
    points : int or sequence of float
        How many values to spread over the profile interval and somewhat beyond, or the values themselves, on
        the logit scale.
    confidence : float, optional
        Level of that interval; the fit's own if not given.

    Returns
    -------
    DataFrame
        ``outcome, term, value, loglik, signed_root``.

    Raises
    ------
    SupportError
        For an unknown term or outcome, an aliased coefficient, a loaded model, or under sampling weights.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> fit.profile("age", points=[0.0])["signed_root"].round(3).tolist()
    [1.59]
    """
    names, modelled = fit.spec.column_names, fit.spec.outcome.modelled
    if term not in names:
        raise SupportError(f"profile: {term!r} is not a coefficient.{did_you_mean(str(term), names)}")
    if outcome is None and len(modelled) > 1:
        raise SupportError(f"profile: say which outcome, outcome= one of {', '.join(map(repr, modelled))}.")
    if outcome is not None and outcome not in modelled:
        raise SupportError(
            f"profile: {outcome!r} is not an outcome with coefficients.{did_you_mean(str(outcome), modelled)}"
        )
    values = _values(points)
    contrast = np.zeros(fit.coef_array.shape)
    row = 0 if outcome is None else modelled.index(outcome)
    contrast[row, names.index(term)] = 1.0
    if term in dict(fit.aliases):
        raise SupportError(f"profile: {term!r} is a combination of other columns and was not estimated.")
    curve = profile_curve(
        likelihood("profile()"),
        contrast.ravel(),
        loglik=fit.loglik,
        confidence=fit.options.confidence if confidence is None else confidence,
        points=values,
    )
    return table(
        {
            "outcome": [modelled[row]] * len(curve.value),
            "term": [term] * len(curve.value),
            "value": curve.value,
            "loglik": curve.loglik,
            "signed_root": curve.signed_root,
        }
    )


def _values(points: Any) -> int | FloatArray:
    """Return how many points, or their values."""
    if isinstance(points, Integral) and not isinstance(points, bool) and int(points) >= 2:
        return int(points)
    try:
        values = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    if (
        isinstance(points, Integral | bool)
        or values.ndim != 1
        or not len(values)
        or not np.isfinite(values).all()
    ):
        raise SupportError(
            f"points={points!r} is neither a number of points, at least 2, nor a list of values."
        )
    return values
