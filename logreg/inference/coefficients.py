"""The coefficient table: estimates on the logit scale with Wald tests and intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.normal import critical_value, two_sided_p_value
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_interval", "coefficient_table"]


def check_interval(interval: str) -> None:
    """Refuse interval methods that are not there.

    Raises
    ------
    SupportError
        For anything but "wald".
    """
    if interval != "wald":
        raise SupportError(f"interval={interval!r} is not supported; the intervals at hand are 'wald'.")


def coefficient_table(
    fit: LogisticEstimate, confidence: float | None = None, interval: str = "wald"
) -> pd.DataFrame:
    """Return one row per coefficient, on the logit (log-odds) scale.

    Parameters
    ----------
    fit : LogisticEstimate
        m equations, p design columns.
    confidence : float, optional
        Level of the intervals; the fit's own if not given.
    interval : str
        "wald": estimate -+ z standard errors.

    Returns
    -------
    DataFrame of m * p rows
        ``outcome, term, variable, level, reference, estimate, std_error, statistic, p_value, conf_low,
        conf_high``.

    Raises
    ------
    SupportError
        For an unknown interval or a level outside (0, 1).
    """
    check_interval(interval)
    z = critical_value(fit.options.confidence if confidence is None else confidence, fit.reference_df)
    columns, outcome = fit.spec.columns, fit.spec.outcome
    m = len(outcome.modelled)
    estimate, std_error = fit.coef_array.ravel(), fit.std_error_array.ravel()
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimate / std_error
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
            "p_value": two_sided_p_value(statistic, fit.reference_df),
            "conf_low": estimate - z * std_error,
            "conf_high": estimate + z * std_error,
        }
    )
