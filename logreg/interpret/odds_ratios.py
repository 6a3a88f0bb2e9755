"""Odds ratios: coefficients exponentiated, per unit, against any baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from logreg.errors import SupportError, did_you_mean
from logreg.inference.coefficients import LikelihoodOf, check_interval, profile_of
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.normal import critical_value, two_sided_p_value
from logreg.interpret.predictions import contrast_of_outcomes
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["odds_ratio_table"]

FloatArray = NDArray[np.float64]


def odds_ratio_table(
    fit: LogisticEstimate,
    *,
    unit: str | Mapping[str, float] | None = None,
    interval: str = "wald",
    versus: object = None,
    intercept: bool = False,
    confidence: float | None = None,
    spread: Callable[[str, str], float] | None = None,
    likelihood: LikelihoodOf | None = None,
) -> pd.DataFrame:
    """Return one odds ratio per coefficient, with the interval of the logit exponentiated.

    With more than two outcomes each is a ratio of odds against the baseline, P(outcome) / P(baseline), also
    called a relative risk ratio; its direction need not be that of the outcome's probability.

    Parameters
    ----------
    fit : LogisticEstimate
        m equations, p design columns.
    unit : mapping, "sd" or "iqr", optional
        Increase of each numeric variable that its odds ratio refers to; 1 for those not named. Numbers inside
        functions, splines and products have no unit of their own here: they move as a whole with
        ``fit.odds_ratios(variables=..., at=...)``, see `logreg.interpret.odds_ratios_at`.
    interval : str
        "wald", or "profile": the values whose likelihood ratio stays below its critical value, with p-values
        from the likelihood ratio of 1, for infinite estimates too.
    versus : level, optional
        Another outcome as the baseline, without refitting.
    intercept : bool
        Whether to show the odds at zero as well.
    confidence : float, optional
        The fit's own level if not given.
    spread : callable, optional
        ``(variable, "sd" or "iqr")`` to its value in the rows used.
    likelihood : callable, optional
        Hands out the likelihood over the rows, for profiles.

    Returns
    -------
    DataFrame
        ``outcome, baseline, term, variable, level, reference, unit, odds_ratio, conf_low, conf_high,
        p_value``.

    Raises
    ------
    SupportError
        For units of what is not a numeric variable that enters as it is.
    """
    check_interval(interval)
    confidence = fit.options.confidence if confidence is None else confidence
    z = critical_value(confidence, fit.reference_df)
    outcomes, baseline, contrast = contrast_of_outcomes(fit, versus)
    columns = fit.spec.columns
    units = _units(fit, unit, spread)
    shown = [k for k, column in enumerate(columns) if intercept or column.variable != "Intercept"]
    m, p = fit.coef_array.shape
    vcov = fit.vcov_array.reshape(m, p, m, p)
    scale = np.array([units.get(k, 1.0) for k in range(p)])
    estimate = _differences(contrast, fit.coef_array)
    with np.errstate(invalid="ignore"):
        # Var(b_j - b_k) = V_jj + V_kk - 2 V_jk, for every design column at once.
        variance = np.einsum("kj,jplp,kl->kp", contrast, np.nan_to_num(vcov), contrast)
    std_error = np.sqrt(np.maximum(variance, 0.0))
    # An infinite or aliased coefficient has no standard error, and lends none to what it is compared with.
    std_error[~np.isfinite(estimate)] = np.nan
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # The test is that of the coefficient, to the last digit: a unit changes nothing about it.
        p_value = two_sided_p_value(estimate / std_error, fit.reference_df)
        estimate, std_error = estimate * scale, std_error * np.abs(scale)
        low, high = estimate - z * std_error, estimate + z * std_error
    k = len(outcomes)
    if interval == "profile":
        combinations = np.einsum("kj,cp->kcjp", contrast, np.eye(p)[shown]).reshape(k * len(shown), m * p)
        found = profile_of(fit, likelihood, combinations, [columns[c].name for c in shown] * k, confidence)
        ends = np.stack([found.low, found.high]).reshape(2, k, len(shown)) * scale[shown]
        low[:, shown], high[:, shown] = ends.min(axis=0), ends.max(axis=0)
        p_value[:, shown] = found.p_value.reshape(k, len(shown))
    with np.errstate(over="ignore"):
        ratios, low, high = np.exp(estimate), np.exp(low), np.exp(high)
    return table(
        {
            "outcome": np.repeat(np.array(outcomes, dtype=object), len(shown)),
            "baseline": [baseline] * (k * len(shown)),
            "term": [columns[c].name for c in shown] * k,
            "variable": [columns[c].variable for c in shown] * k,
            "level": [columns[c].level for c in shown] * k,
            "reference": [columns[c].reference for c in shown] * k,
            "unit": [units.get(c) for c in shown] * k,
            "odds_ratio": ratios[:, shown].ravel(),
            "conf_low": low[:, shown].ravel(),
            "conf_high": high[:, shown].ravel(),
            "p_value": p_value[:, shown].ravel(),
        }
    )


def _differences(contrast: FloatArray, coef: FloatArray) -> FloatArray:
    """Return ``contrast @ coef`` where 0 times infinity is 0, and infinity minus infinity is not known."""
    with np.errstate(invalid="ignore"):
        products = np.where(contrast[:, :, np.newaxis] == 0, 0.0, contrast[:, :, np.newaxis] * coef)
        result: FloatArray = products.sum(axis=1)
    return result


def _units(
    fit: LogisticEstimate,
    unit: str | Mapping[str, float] | None,
    spread: Callable[[str, str], float] | None,
) -> dict[int, float]:
    """Return the unit of each design column that is a number as it stands (1 unless asked otherwise)."""
    plain = {
        column.variable: k
        for k, column in enumerate(fit.spec.columns)
        if column.name == column.variable and column.variable in fit.spec.predictors
    }
    units = dict.fromkeys(plain.values(), 1.0)
    if unit is None:
        return units
    if isinstance(unit, str):
        if unit not in ("sd", "iqr"):
            raise SupportError(f"unit={unit!r} is not supported; use 'sd', 'iqr' or a number per variable.")
        if spread is None:
            raise SupportError(
                f"unit={unit!r} needs the data, which a loaded model does not hold. Give numbers per "
                "variable."
            )
        return {k: spread(name, unit) for name, k in plain.items()}
    if not isinstance(unit, Mapping):
        raise SupportError(f"unit={unit!r} is not supported; use 'sd', 'iqr' or a number per variable.")
    for name, value in unit.items():
        if name not in plain:
            raise SupportError(
                f"unit: {name!r} is not a numeric variable that enters the model as it is."
                f"{did_you_mean(name, plain)} Such variables are: {', '.join(map(repr, plain)) or 'none'}. "
                "One inside functions or products moves as a whole when it is named in variables=."
            )
        if (
            isinstance(value, bool)
            or not isinstance(value, Real)
            or not np.isfinite(float(value))
            or value == 0
        ):
            raise SupportError(f"unit: {name!r} needs a finite number that is not 0, got {value!r}.")
        units[plain[name]] = float(value)
    return units
