"""Standardised coefficients, each kind by its name: a bare "beta" would not say which of them it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from logreg.design.spec import INTERCEPT
from logreg.errors import SupportError, did_you_mean
from logreg.inference.coefficients import coefficient_table
from logreg.inference.estimate import LogisticEstimate
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["STANDARDISATIONS", "standardised_table"]

FloatArray = NDArray[np.float64]

#: What each kind divides ``b * sd(x)`` by.
STANDARDISATIONS = {
    "x": "1: the change of the logit for one standard deviation of the column",
    "latent-y": "the standard deviation of the latent response, sqrt(Var(logit) + pi^2 / 3)",
    "sas": "the standard deviation of the logistic distribution, pi / sqrt(3)",
    "menard": "the standard deviation of the logit over R, the correlation of outcome and probability",
}
#: Variance of the standard logistic distribution.
LOGISTIC_VARIANCE = np.pi**2 / 3.0


class Spread(Protocol):
    """Standard deviations over the rows a fit used."""

    @property
    def columns(self) -> FloatArray:
        """Of the design columns (p,)."""
        ...

    @property
    def logits(self) -> FloatArray:
        """Of the logits of each equation (m,)."""
        ...


def standardised_table(
    fit: LogisticEstimate,
    kind: str,
    spread: Callable[[], Spread],
    confidence: float | None = None,
) -> pd.DataFrame:
    """Return coefficients times the standard deviation of their design column, over what ``kind`` divides by.

    Standard deviations are those of the rows used (weights honoured, divisor n - 1) and are taken as known:
    z and p are those of the coefficient itself. A column of a factor has the standard deviation of its 0/1
    indicator, a column of a product or a spline that of the column; these seldom mean much.

    Parameters
    ----------
    fit : LogisticEstimate
        m equations, p design columns.
    kind : {"x", "latent-y", "sas", "menard"}
        "x": ``b s_x`` (Agresti 2007, *An Introduction to Categorical Data Analysis*, 2nd ed., 4.5.2; bStdX of
        Long and Freese's listcoef). "latent-y": ``b s_x / sqrt(Var(logit) + pi^2 / 3)`` (McKelvey and Zavoina
        1975; bStdXY of listcoef, StdYX of Mplus). "sas": ``b s_x / (pi / sqrt(3))`` (SAS/STAT, PROC
        SURVEYLOGISTIC, "Analysis of Maximum Likelihood Estimates", option STB). "menard": ``b s_x R /
        sd(logit)`` with R the correlation of outcome and predicted probability (Menard 2004, *The American
        Statistician* 58, 218-223).
    spread : callable
        Returns the standard deviations.
    confidence : float, optional
        The fit's own level if not given.

    Returns
    -------
    DataFrame without intercepts
        ``outcome, term, variable, level, reference, standardisation, sd, divisor, estimate, std_error,
        statistic, p_value, conf_low, conf_high``; ``estimate`` is ``coefficient * sd / divisor``.

    Raises
    ------
    SupportError
        For an unknown kind; for "latent-y" and "menard" with more than two outcomes or under separation,
        where there is no one latent response, or no finite spread of the logit.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + lwt", logreg.datasets.load("birthwt"))
    >>> fit.standardised("x").estimate.round(3).tolist()
    [-0.211, -0.391]
    """
    if kind not in STANDARDISATIONS:
        hint = did_you_mean(kind, STANDARDISATIONS) if isinstance(kind, str) else ""
        raise SupportError(
            f"kind={kind!r} is not a standardisation; use {', '.join(map(repr, STANDARDISATIONS))}.{hint}"
        )
    if kind in ("latent-y", "menard"):
        if not fit.is_binary:
            raise SupportError(
                f"kind={kind!r} is defined for two outcomes; with more there is no one response to "
                "standardise. Use 'x' or 'sas', which apply to each equation."
            )
        if fit.separation.direction is not None:
            raise SupportError(
                f"kind={kind!r} divides by the spread of the logits, which is infinite under separation. Use "
                "'x' or 'sas'."
            )
    found = spread()
    divisor = _divisor(fit, kind, found)
    sd = np.tile(found.columns, len(fit.coef_array))
    coefficients = coefficient_table(fit, confidence)
    scale = sd / divisor
    shown = (coefficients["term"] != INTERCEPT).to_numpy()
    columns = {name: coefficients[name].to_numpy() for name in ("outcome", "term", "variable")}
    columns |= {name: coefficients[name].to_numpy() for name in ("level", "reference")}
    columns |= {
        "standardisation": np.full(len(sd), kind, dtype=object),
        "sd": sd,
        "divisor": np.full(len(sd), divisor),
    }
    for name in ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"):
        values = coefficients[name].to_numpy()
        # An infinite coefficient of a column without spread has no standardised one.
        with np.errstate(invalid="ignore"):
            columns[name] = values if name in ("statistic", "p_value") else values * scale
    return table({name: values[shown] for name, values in columns.items()})


def _divisor(fit: LogisticEstimate, kind: str, spread: Spread) -> float:
    if kind == "x":
        return 1.0
    if kind == "sas":
        return float(np.sqrt(LOGISTIC_VARIANCE))
    deviation = float(spread.logits[0])
    if kind == "latent-y":
        return float(np.sqrt(deviation**2 + LOGISTIC_VARIANCE))
    return deviation / _correlation(fit)


def _correlation(fit: LogisticEstimate) -> float:
    """Return the correlation of the 0/1 outcome with its probability, over trials with their weights."""
    sums = np.asarray(fit.row_sums.probability)
    n, events, p_events = float(sums.sum()), float(sums[1].sum()), float(sums[1, 1])
    p = float(sums[:, 1].sum())
    # Both outcomes miss by the same: squared_error = 2 sum (y - p)^2 = 2 (sum y - 2 sum y p + sum p^2).
    p_squared = fit.row_sums.squared_error / 2.0 - events + 2.0 * p_events
    covariance = p_events - events * p / n
    variances = (events - events**2 / n) * (p_squared - p**2 / n)
    return float(covariance / np.sqrt(variances)) if variances > 0.0 else float("nan")
