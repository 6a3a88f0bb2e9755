"""The section on how well the model fits: the test of the whole, tests of terms, and statistics."""

from __future__ import annotations

import math
from typing import NamedTuple

from logreg.inference.fit_statistics import NO_LIKELIHOOD, NO_MAXIMUM
from logreg.report.context import BLANK, Context
from logreg.report.formats import fixed, p_value, share
from logreg.report.nodes import Cell, Row, Section, Table, TableColumn, paragraph
from logreg.report.sections_tests import overall_test_text, term_tests
from logreg.report.words import amount

__all__ = ["STATISTICS", "model_fit_section"]


class Statistic(NamedTuple):
    """How a statistic of the fit is shown: its group, heading, format and meaning."""

    group: str
    heading: str
    kind: str
    meaning: str


SIZE, LIKELIHOOD, CRITERIA = "Size", "Likelihood", "Information criteria (smaller is better)"
PSEUDO, ERROR = "Pseudo R², share described", "Probabilities"
#: The statistics in the order of the table; docs/statistics.md holds the definitions.
STATISTICS = {
    "n_rows": Statistic(SIZE, "Rows used", "count", "rows of the table"),
    "sum_weights": Statistic(SIZE, "Sum of weights", "count", "weights times trials"),
    "n_trials": Statistic(SIZE, "Trials", "count", "single outcomes; the n of the criteria below"),
    "events": Statistic(SIZE, "Events", "count", "trials with the event, with their weights if any"),
    "n_coef": Statistic(SIZE, "Coefficients", "count", "estimated, intercepts included"),
    "df_model": Statistic(SIZE, "Slopes", "count", "estimated, intercepts not included"),
    "loglik": Statistic(LIKELIHOOD, "Log-likelihood", "loglik", "sum over trials"),
    "loglik_penalised": Statistic(
        LIKELIHOOD, "Log-likelihood, penalised", "loglik", "with Jeffreys’ penalty log|I| / 2"
    ),
    "loglik_null": Statistic(
        LIKELIHOOD, "Log-likelihood, intercepts only", "loglik", "same rows, weights and offset"
    ),
    "deviance": Statistic(LIKELIHOOD, "Deviance", "loglik", "−2 log-likelihood"),
    "deviance_null": Statistic(LIKELIHOOD, "Deviance, intercepts only", "loglik", "−2 log-likelihood"),
    "lr_statistic": Statistic(LIKELIHOOD, "Likelihood ratio χ²", "loglik", "against intercepts only"),
    "lr_df": Statistic(LIKELIHOOD, "Degrees of freedom", "count", "of the likelihood ratio test"),
    "lr_p_value": Statistic(LIKELIHOOD, "p", "p", "of the likelihood ratio test"),
    "aic": Statistic(CRITERIA, "AIC", "loglik", "Akaike: deviance + 2 × coefficients"),
    "aicc": Statistic(CRITERIA, "AICc", "loglik", "AIC corrected for few trials"),
    "bic": Statistic(CRITERIA, "BIC", "loglik", "Schwarz: deviance + log(trials) × coefficients"),
    "mcfadden": Statistic(PSEUDO, "McFadden", "share", "1 − log-likelihood / that of intercepts only"),
    "mcfadden_adjusted": Statistic(PSEUDO, "McFadden, adjusted", "share", "charged one unit per slope"),
    "cox_snell": Statistic(PSEUDO, "Cox–Snell", "share", "from the likelihood ratio per trial"),
    "nagelkerke": Statistic(PSEUDO, "Nagelkerke", "share", "Cox–Snell over its largest possible value"),
    "tjur": Statistic(
        PSEUDO, "Tjur", "share", "mean probability of the event among events less that among the others"
    ),
    "efron": Statistic(PSEUDO, "Efron", "share", "1 − squared error / that of the mean"),
    "mckelvey_zavoina": Statistic(PSEUDO, "McKelvey–Zavoina", "share", "share of the logit's variance"),
    "brier": Statistic(
        ERROR, "Brier score", "share", "mean squared error of the probabilities; 0 is perfect"
    ),
}


def model_fit_section(context: Context) -> Section:
    """Return the tests of the whole and of its terms, and the statistics of the fit with what they mean."""
    return Section(
        key="model_fit",
        title="Model fit",
        blocks=(
            paragraph(overall_test_text(context)),
            *term_tests(context),
            _statistics_table(context),
        ),
    )


def _values(context: Context) -> dict[str, float]:
    frame = context.fit.fit_statistics()
    return dict(zip(frame["statistic"].tolist(), frame["value"].tolist(), strict=True))


def _reason(context: Context, name: str) -> str:
    """Return why a statistic is NaN."""
    fit = context.fit
    if not fit.has_likelihood:
        return NO_LIKELIHOOD
    if not fit.maximises_likelihood:
        return NO_MAXIMUM
    if name == "mckelvey_zavoina":
        return "not defined: some logits are infinite"
    if name == "aicc":
        return "not defined: as many coefficients as trials"
    if name.startswith("lr_") and not fit.spans_constant:
        return "not defined: the model has no intercept, so that intercepts alone are not a part of it"
    if name.startswith("lr_"):
        return "not defined: the model has no slopes"
    return "not defined for these data"


def _statistics_table(context: Context) -> Table:
    rows: list[Row] = []
    group = ""
    values = _values(context)
    if context.fit.n_trials == context.fit.n_rows == context.fit.sum_weights:
        values = {name: value for name, value in values.items() if name not in ("sum_weights", "n_trials")}
    for name, value in values.items():
        about = STATISTICS.get(name, Statistic("Further", name, "share", ""))
        if about.group != group:
            group = about.group
            rows.append(Row(cells=(Cell(text=group, value=group),), kind="group"))
        reason = _reason(context, name) if math.isnan(value) else ""
        cells = (
            Cell(text=about.heading, value=name),
            Cell(
                text=BLANK if reason else _statistic_text(value, about.kind, context),
                value=value,
                reason=reason,
            ),
            # The full reason stands with the value; the table repeats what comes before the colon.
            Cell(text=reason.partition(":")[0] or about.meaning, style="muted"),
        )
        rows.append(Row(cells=cells, indent=1))
    return Table(
        key="fit_statistics",
        caption="Statistics of the fit.",
        columns=(
            TableColumn(key="statistic", heading="Statistic"),
            TableColumn(key="value", heading="Value", align="right"),
            TableColumn(key="meaning", heading="Meaning"),
        ),
        rows=tuple(rows),
        notes=(
            "A pseudo R² is no share of variance explained as in linear regression; values of different "
            "kinds are not comparable.",
        ),
    )


def _statistic_text(value: float, kind: str, context: Context) -> str:
    style = context.style
    if kind == "count":
        return amount(value, style)
    if kind == "p":
        return p_value(value, style)
    return share(value, 3, style) if kind == "share" else fixed(value, 2 if kind == "loglik" else 3, style)
