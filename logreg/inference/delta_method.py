"""Functions of coefficients with standard errors by the delta method: ``Var f(b) = g' V g``, g the gradient.

The gradient is exact (`logreg.inference.coefficient_algebra`); what is approximate is the linear view of f
over the width of the interval (Oehlert 1992, American Statistician 46, 27-29).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from logreg.errors import FormulaError, SupportError
from logreg.inference.coefficient_algebra import Evaluator, names_of, outcomes_of
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.hypotheses import contrast_covariance, unknown_reason
from logreg.inference.hypothesis_text import read_function
from logreg.inference.normal import critical_value, two_sided_p_value
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["function_table"]


def function_table(fit: LogisticEstimate, expression: str, confidence: float | None = None) -> pd.DataFrame:
    """Return a function of the coefficients with its standard error by the delta method.

    Parameters
    ----------
    fit : LogisticEstimate
        m equations.
    expression : str
        Coefficients, numbers, ``+ - * / **``, ``exp``, ``log`` and ``sqrt``, as in
        `logreg.inference.hypothesis_text`; ``"-Intercept / dose"`` is the dose at probability one half. Where
        a name stands for several coefficients there is one row for each.
    confidence : float, optional
        Level of the interval; the fit's own if not given.

    Returns
    -------
    DataFrame
        ``function, outcome, term, estimate, std_error, statistic, p_value, conf_low, conf_high`` on the scale
        of the function; the test is of the value 0. ``outcome`` and ``term`` tell several rows apart.

    Raises
    ------
    FormulaError
        For what is not part of the language, with the place marked.
    SupportError
        For coefficients that are not estimated or infinite, and functions without a finite value.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> fit.function("exp(10 * age)").round(3).loc[0, ["estimate", "std_error"]].tolist()
    [0.608, 0.194]
    """
    if not isinstance(expression, str):
        raise FormulaError(f"a function of coefficients is a text, got {expression!r}.")
    node = read_function(expression, names_of(fit.spec), outcomes_of(fit.spec))
    t = critical_value(fit.options.confidence if confidence is None else confidence, fit.reference_df)
    found = Evaluator(spec=fit.spec, coef=fit.limit_coef, text=expression, linear=False)(node)
    if found.gradient is None:
        raise FormulaError(f"{expression!r} names no coefficient.")
    reason = unknown_reason(fit, found.gradient, infinite=True)
    if reason:
        raise SupportError(f"{expression!r} has no value: {reason}.")
    k = len(found.value)
    std_error = np.sqrt(np.diagonal(contrast_covariance(fit, found.gradient)))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = found.value / std_error
    labels = found.labels or ((None, None),) * k
    return table(
        {
            "function": [expression] * k,
            "outcome": [outcome for outcome, _ in labels],
            "term": [term for _, term in labels],
            "estimate": found.value,
            "std_error": std_error,
            "statistic": statistic,
            "p_value": two_sided_p_value(statistic, fit.reference_df),
            "conf_low": found.value - t * std_error,
            "conf_high": found.value + t * std_error,
        }
    )
