"""Fits in broom's grammar: one row per coefficient, one row per fit, one row per record.

broom's names have dots; here they are underscores: ``std.error`` is ``std_error``, ``p.value`` is
``p_value``, ``conf.low`` is ``conf_low``, ``y.level`` is ``y_level``, ``null.deviance`` is ``null_deviance``,
``df.null`` is ``df_null``, ``df.residual`` is ``df_residual``, ``logLik`` is ``loglik``, ``AIC`` and ``BIC``
are ``aic`` and ``bic``. What `augment` adds begins with a dot, as in broom, so that it cannot meet a column
of the data: ``.fitted``, ``.se_fit``, ``.resid``, ``.hat``, ``.std_resid``, ``.cooksd``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from logreg.inference.estimate import LogisticEstimate
from logreg.interpret.predictions import LabelledRows, logits_table, probabilities_table
from logreg.logits import log_sigmoid, sigmoid_pair
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["augmented", "glance_table", "tidy_table"]

FloatArray = NDArray[np.float64]


def tidy_table(
    coefficients: pd.DataFrame, *, multinomial: bool, conf_int: bool, exponentiate: bool
) -> pd.DataFrame:
    """Return one row per coefficient with broom's columns.

    Parameters
    ----------
    coefficients : DataFrame
        From `logreg.inference.coefficients.coefficient_table`.
    multinomial : bool
        Whether ``y_level`` says which outcome the row is about.
    conf_int : bool
        Whether to add ``conf_low`` and ``conf_high``.
    exponentiate : bool
        Odds ratios, with the limits exponentiated; ``std_error`` stays that of the logit, as in broom.

    Returns
    -------
    DataFrame
        ``y_level, term, estimate, std_error, statistic, p_value, conf_low, conf_high``, log-odds unless
        exponentiated.
    """
    kept = ["term", "estimate", "std_error", "statistic", "p_value"]
    kept += ["conf_low", "conf_high"] if conf_int else []
    columns = {name: coefficients[name].to_numpy() for name in kept}
    if exponentiate:
        with np.errstate(over="ignore"):
            columns |= {
                name: np.exp(columns[name])
                for name in ("estimate", "conf_low", "conf_high")
                if name in columns
            }
    if multinomial:
        columns = {"y_level": coefficients["outcome"].to_numpy(), **columns}
    return table(columns)


def glance_table(fit: LogisticEstimate) -> pd.DataFrame:
    """Return one row with broom's columns for a glm.

    ``nobs`` is the number of trials, and ``df_null`` and ``df_residual`` are counted from it: m times
    the trials less the free coefficients (of the intercepts alone; of the model). Deviances are those of
    single trials, so that grouped counts and single rows agree; R's are of the rows as given.

    Returns
    -------
    DataFrame
        ``null_deviance, df_null, loglik, aic, bic, deviance, df_residual, nobs``.
    """
    m = len(fit.coef_array)
    return table(
        {
            "null_deviance": [-2.0 * fit.loglik_null],
            "df_null": [m * (fit.n_trials - 1.0)],
            "loglik": [fit.loglik],
            "aic": [fit.aic],
            "bic": [fit.bic],
            "deviance": [fit.deviance],
            "df_residual": [m * fit.n_trials - fit.n_coef],
            "nobs": [fit.n_trials],
        }
    )


def augmented(
    fit: LogisticEstimate, data: pd.DataFrame, rows: LabelledRows, observed: FloatArray | None
) -> pd.DataFrame:
    """Return data with what the model says of each row beside them.

    Parameters
    ----------
    fit : LogisticEstimate
    data : DataFrame
        n rows.
    rows : LabelledRows
        The same rows, encoded.
    observed : (2, n) array, optional
        Events and trials of the rows of a binary fit, for residuals; none for new data.

    Returns
    -------
    DataFrame
        Two outcomes: ``.fitted`` and ``.se_fit`` (log-odds), and with ``observed`` the deviance residual
        ``.resid``, leverage ``.hat = n p (1 - p) x' V x``, ``.std_resid = resid / sqrt(1 - hat)`` and Cook's
        distance ``.cooksd = (pearson / (1 - hat))^2 hat / k`` (R's ``rstandard``, ``hatvalues``,
        ``cooks.distance`` of a glm). Leverages are those of the inverse information: NaN under another
        covariance. More outcomes: ``.fitted_<outcome>`` (probabilities) and ``.class``.
    """
    result = data.copy()
    if not fit.is_binary:
        probabilities = probabilities_table(fit, rows)
        names = list(probabilities.columns)
        values = probabilities.to_numpy()
        for k, name in enumerate(names):
            result[f".fitted_{name}"] = values[:, k]
        chosen = np.array(names, dtype=object)[np.nan_to_num(values).argmax(axis=1)]
        chosen[np.isnan(values).any(axis=1)] = None
        result[".class"] = chosen
        return result
    long = logits_table(fit, rows, interval=True)
    logit, std_error = long["estimate"].to_numpy(), long["std_error"].to_numpy()
    result[".fitted"], result[".se_fit"] = logit, std_error
    if observed is None:
        return result
    events, trials = observed
    resid, pearson, weight = _residuals(events, trials, logit)
    known = fit.options.covariance == "model" and fit.maximises_likelihood
    hat = weight * std_error**2 if known else np.full_like(logit, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = 1.0 - hat
        result[".resid"] = resid
        result[".hat"] = hat
        result[".std_resid"] = resid / np.sqrt(left)
        result[".cooksd"] = (pearson / left) ** 2 * hat / fit.n_coef
    return result


def _residuals(
    events: FloatArray, trials: FloatArray, logit: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return deviance and Pearson residuals and the weights ``n p (1 - p)``, exact in both tails."""
    p, q = sigmoid_pair(logit)
    others = trials - events
    # y log(y / (n p)) + (n - y) log((n - y) / (n q)), with 0 log 0 = 0 and the logarithms of p and q from
    # the logit.
    with np.errstate(divide="ignore", invalid="ignore"):
        one = np.where(events > 0, events * (np.log(events / trials) - log_sigmoid(logit)), 0.0)
        other = np.where(others > 0, others * (np.log(others / trials) - log_sigmoid(-logit)), 0.0)
        raw = events * q - others * p  # y - n p without subtracting from 1
        weight = trials * p * q
        pearson = np.where(raw == 0.0, 0.0, raw / np.sqrt(weight))
    deviance = np.sign(raw) * np.sqrt(2.0 * np.maximum(one + other, 0.0))
    return deviance, pearson, weight
