"""The column glossary, and the one place where tables for users are built.

Each column that any table shows is declared here once: documentation, tests and report headings read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GLOSSARY", "Entry", "table"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a column means, on which scale, and its heading in reports."""

    heading: str
    meaning: str
    scale: str = ""


GLOSSARY: Mapping[str, Entry] = MappingProxyType(
    {
        "outcome": Entry("Outcome", "outcome level the row is about"),
        "baseline": Entry("Baseline", "outcome level it is compared with"),
        "term": Entry("Term", "design column, named as formulaic does"),
        "variable": Entry("Variable", "data column behind the term"),
        "level": Entry("Level", "level of the variable; missing for numbers"),
        "reference": Entry("Reference", "level it is compared with; missing for numbers"),
        "unit": Entry("Unit", "increase the odds ratio refers to; missing for levels"),
        "contrast": Entry("Contrast", "what is compared: high - low, a step, or a derivative"),
        "estimate": Entry("Estimate", "estimated value", "the scale of the table"),
        "std_error": Entry("Std. error", "standard error of the estimate", "the scale of the estimate"),
        "bias": Entry(
            "Bias", "mean of the resampled estimates minus the estimate", "the scale of the estimate"
        ),
        "statistic": Entry("z", "estimate divided by its standard error, or the name of a statistic"),
        "p_value": Entry("p", "two-sided p-value of 'no difference'", "probability"),
        "df": Entry("df", "degrees of freedom"),
        "df_error": Entry("Error df", "degrees of freedom of the denominator; infinite for chi-squared"),
        "conf_low": Entry("Low", "lower end of the confidence interval", "the scale of the estimate"),
        "conf_high": Entry("High", "upper end of the confidence interval", "the scale of the estimate"),
        "group": Entry("Group", "group of records the number is about; missing for all of them"),
        "y_level": Entry("Outcome", "outcome level the row is about, by broom's name"),
        "null_deviance": Entry("Null deviance", "deviance with intercepts only"),
        "df_null": Entry("Null df", "trials less intercepts, per logit"),
        "deviance": Entry("Deviance", "minus twice the log-likelihood"),
        "df_residual": Entry("Residual df", "trials, per logit, less coefficients"),
        "nobs": Entry("n", "number of trials"),
        "odds_ratio": Entry(
            "Odds ratio", "factor by which the odds against the baseline change", "odds ratio"
        ),
        "crude_odds_ratio": Entry("Crude odds ratio", "odds ratio with the variable alone", "odds ratio"),
        "crude_conf_low": Entry("Crude low", "lower end of its confidence interval", "odds ratio"),
        "crude_conf_high": Entry("Crude high", "upper end of its confidence interval", "odds ratio"),
        "crude_p_value": Entry("Crude p", "two-sided p-value of a crude odds ratio of 1", "probability"),
        "standardisation": Entry("Standardisation", "which standardised coefficient it is, by name"),
        "sd": Entry("SD", "standard deviation of the design column in the rows used"),
        "divisor": Entry("Divisor", "what coefficient times SD is divided by"),
        "approximation": Entry("Approximation", "how the odds ratio became a risk ratio"),
        "risk_ratio": Entry("Risk ratio", "ratio of the event's probabilities, approximated", "risk ratio"),
        "e_value": Entry(
            "E-value", "least association of a confounder that explains the estimate away", "risk ratio"
        ),
        "e_value_limit": Entry(
            "E-value (limit)", "the same for the limit of the interval nearer 1", "risk ratio"
        ),
        "design_value": Entry("Value", "value of the design column in this record"),
        "coefficient": Entry("Coefficient", "change of the logit per unit of the design column", "log-odds"),
        "contribution": Entry("Contribution", "value times coefficient, added to the logit", "log-odds"),
        "row": Entry("Row", "label of the data row"),
        "value": Entry("Value", "value of the statistic"),
        "reason": Entry("Reason", "why rows were left out, or a number is missing"),
        "column": Entry("Column", "data column"),
        "rows": Entry("Rows", "number of rows"),
        "weight": Entry("Weight", "sum of weights times trials"),
        "stage": Entry("Stage", "on a sample of the rows or on all"),
        "kind": Entry("Kind", "what was evaluated: the score alone, or score and information"),
        "model": Entry("Model", "formula of the model"),
        "n_rows": Entry("Rows used", "rows of the table the model was fitted to"),
        "n_coef": Entry("Coefficients", "number of estimated coefficients, intercepts included"),
        "aic": Entry("AIC", "Akaike's criterion, -2 loglik + 2 k"),
        "bic": Entry("BIC", "Schwarz's criterion, -2 loglik + k log n"),
        "aic_weight": Entry("AIC weight", "share of exp(-AIC / 2) among the models", "probability"),
        "test": Entry("Test", "which test the row shows"),
        "versus": Entry("Against", "what it is compared with"),
        "correction": Entry("Correction", "correction for the numbers of coefficients"),
        "favours": Entry("Favours", "model that the sign of the statistic speaks for"),
        "valid": Entry("Valid", "whether the statistic has the distribution it is referred to"),
        "loglik": Entry("Log-likelihood", "sum over rows", "log-likelihood"),
        "hypothesis": Entry("Hypothesis", "what is tested about the coefficients"),
        "log_p_value": Entry("log p", "natural logarithm of the p-value", "log probability"),
        "s_value": Entry("s", "bits of information against the hypothesis, -log2 of the p-value", "bits"),
        "function": Entry("Function", "function of the coefficients"),
        "signed_root": Entry(
            "Signed root", "signed square root of the likelihood ratio against the maximum", "standard normal"
        ),
        "newton_decrement": Entry(
            "Newton decrement", "half the squared decrement: the gain still promised", "log-likelihood"
        ),
        "max_abs_score": Entry("Largest score", "largest absolute element of the score"),
        "n_trials": Entry("n", "number of trials: the sum of weights times trials"),
        "threshold": Entry("Threshold", "trials predicted at least this are called events", "probability"),
        "sensitivity": Entry("Sensitivity", "share of the events that are called events", "probability"),
        "specificity": Entry("Specificity", "share of the others that are not", "probability"),
        "predicted": Entry("Predicted", "mean predicted probability", "probability"),
        "observed": Entry("Observed", "share of the trials that ended in the outcome", "probability"),
        "step_halvings": Entry("Halvings", "how often the step to this point was halved"),
    }
)


def table(columns: Mapping[str, Sequence[Any] | Any]) -> pd.DataFrame:
    """Return a data frame of declared columns.

    Raises
    ------
    KeyError
        If a column is not in the glossary: declare it there first.
    """
    import pandas as pd

    for name in columns:
        GLOSSARY[name]
    return pd.DataFrame(dict(columns))
