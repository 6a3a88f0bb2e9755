"""What a fit knows of its methods and results, in sentences for a checklist."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import MappingProxyType

from logreg import __version__
from logreg.design.ast import Column, columns_of
from logreg.design.coding import CategoricalFactor, NumericFactor
from logreg.inference.covariance import ARRAY, COVARIANCES, covariance_roles
from logreg.inference.estimators import ESTIMATORS
from logreg.report.checklist_records import FEW_EVENTS, events_per_coefficient
from logreg.report.checklists import first_upper, joined, see, sees
from logreg.report.context import Context
from logreg.report.formats import fixed, percent
from logreg.report.inference_words import covariance_text, interval_text
from logreg.report.outline import factor_heading
from logreg.report.sections_data import WEIGHTS_TEXT, offsets_text
from logreg.report.words import amount, listed, plural

__all__ = [
    "absolute_risk",
    "abstract",
    "balance",
    "boundaries",
    "clusters",
    "code_at_hand",
    "full_model",
    "how_to_use",
    "incomplete_records",
    "initial_predictors",
    "interactions",
    "key_results",
    "limits",
    "main_results",
    "measures",
    "model_files",
    "model_type",
    "no_validation",
    "other_analyses",
    "performance",
    "quantitative",
    "risk_groups",
    "sampling",
    "statistical_methods",
    "unadjusted",
    "use_of_data",
]

#: Statistics of the fit that measure predictions, with their names in a sentence.
MEASURES = MappingProxyType({"brier": "Brier score", "tjur": "Tjur’s R²", "nagelkerke": "Nagelkerke’s R²"})


# Methods -------------------------------------------------------------------------------------------------


def model_type(context: Context) -> str:
    """Name the model, its formula and its estimator."""
    fit = context.fit
    kind = "Binary" if fit.is_binary else "Multinomial"
    estimator = ESTIMATORS.get(fit.options.estimator, fit.options.estimator)
    return (
        f"{kind} logistic regression by {estimator}, with the formula {fit.spec.formula}. All of its terms "
        "are in the model: logreg selects none."
    )


def statistical_methods(context: Context) -> str:
    """Name the model, its errors and intervals, and what was adjusted for."""
    fit = context.fit
    names = [context.label(name) for name in fit.spec.predictors]
    adjusted = ""
    if len(names) > 1:
        adjusted = f"Each odds ratio is adjusted for the other predictors ({listed(names)})."
    return joined(
        model_type(context),
        adjusted,
        f"{first_upper(interval_text(context))} intervals at {context.level}; standard errors "
        f"{covariance_text(fit.options.covariance, fit.reference_df)}.",
        sees(context, "methods"),
    )


def quantitative(context: Context) -> str:
    """Say how numbers enter the logit."""
    spec = context.fit.spec
    numeric = [f for f in spec.factors if isinstance(f, NumericFactor)]
    if not numeric:
        return "No predictor enters the model as a number."
    uses: dict[str, int] = {}
    for factor in numeric:
        for name in columns_of(factor.expression):
            uses[name] = uses.get(name, 0) + 1
    straight = [f for f in numeric if isinstance(f.expression, Column) and uses[f.variable] == 1]
    others = [f.label for f in numeric if f not in straight]
    lines = [factor_heading(f, context.labels) for f in straight]
    parts = (
        [f"{listed(lines)} as {'a straight line' if len(lines) == 1 else 'straight lines'}"] if lines else []
    )
    parts += [f"{listed(others)} as written"] if others else []
    return joined(
        f"On the scale of the logit, numbers enter so: {'; '.join(parts)}.",
        sees(context, "methods", "effects"),
    )


def boundaries(context: Context) -> str:
    """Say whether the formula makes categories of numbers."""
    made = [
        f.label
        for f in context.fit.spec.categorical()
        if not isinstance(f.expression, Column) or all(isinstance(level, int | float) for level in f.levels)
    ]
    made = [label for label in made if not _is_flag(context, label)]
    if made:
        return f"The formula takes these as categories, each value a level: {listed(made)}."
    return "The formula makes no categories of numbers."


def _is_flag(context: Context, label: str) -> bool:
    factor = context.fit.spec.factor[label]
    return isinstance(factor, CategoricalFactor) and all(isinstance(level, bool) for level in factor.levels)


def interactions(context: Context) -> str:
    """Name the products of variables in the model, and where they are shown."""
    found = _products(context)
    shown = any(len(coded.labels) > 1 for coded in context.fit.spec.coded_terms)
    return joined(found, sees(context, "model_fit", "effects") if shown else "")


def _products(context: Context) -> str:
    spec = context.fit.spec
    found = dict.fromkeys(
        " × ".join(factor_heading(spec.factor[label], context.labels) for label in coded.labels)
        for coded in spec.coded_terms
        if len(coded.labels) > 1
    )
    return f"Interactions in the model: {listed(found)}." if found else "The model has no interactions."


def sampling(context: Context) -> str:
    """Name weights, clusters and strata."""
    return joined(*_sampling(context))


def _weights_text(context: Context) -> str:
    """Return what the weights mean, in a sentence; "" without any."""
    spec = context.fit.spec
    if spec.weights is None:
        return ""
    name = "an array" if spec.weights in spec.user_columns else context.label(spec.weights)
    return f"Weights ({name}): {WEIGHTS_TEXT[spec.weight_kind]}."


def _sampling(context: Context) -> Iterator[str]:
    fit, style = context.fit, context.style
    yield _weights_text(context)
    name = fit.options.covariance
    roles = covariance_roles(name)
    counts = {(role, column): n for role, column, n in fit.group_counts()}
    for role, column in roles:
        n = counts.get((role, column))
        how_many = "" if n is None else f" ({amount(n, style)})"
        noun = "strata" if role == "strata" else "clusters"
        yield f"Standard errors allow for {noun} by {context.label(column)}{how_many}."
    if ARRAY in name:
        yield "Clusters or strata were given as an array."
    elif name not in COVARIANCES and not roles:
        yield f"Standard errors: {covariance_text(name)}."
    elif fit.spec.weights is None and not roles:
        yield "The analysis has no sampling weights, clusters or strata."


def clusters(context: Context) -> str:
    """Name the clusters of the covariance."""
    said = "The model has one set of coefficients for all records"
    name = context.fit.options.covariance
    columns = [context.label(column) for role, column in covariance_roles(name) if role == "cluster"]
    if columns or ARRAY in name:
        by = listed([*columns, *(["an array"] if ARRAY in name else [])])
        return f"{said}; standard errors allow for clusters by {by}."
    return f"{said}; standard errors come from the covariance {covariance_text(name)}."


def balance(context: Context) -> str:
    """Say that outcomes were not balanced, or what weights there are."""
    weights = _weights_text(context)
    return weights or "No record was drawn again, left out or weighted to balance the outcomes."


def initial_predictors(context: Context) -> str:
    """Count the predictors of the formula."""
    n = len(context.fit.spec.predictors)
    return f"{plural(n, 'variable', context.style)} in the formula, all kept."


def use_of_data(context: Context) -> str:
    """Say that all rows served for estimation."""
    rows = plural(context.fit.n_rows, "row", context.style)
    return f"All {rows} were used to estimate the model; none was held back."


def no_validation(context: Context) -> str:
    """Name the model and say that it is not validated here."""
    return joined(
        model_type(context),
        "Performance is apparent: it is measured on the rows the model was fitted to.",
        sees(context, "methods"),
    )


def risk_groups(context: Context) -> str:
    """Say that the model gives probabilities, not groups."""
    del context
    return "The model gives a probability of every outcome; no groups of risk are made of it."


# Results -------------------------------------------------------------------------------------------------


def abstract(context: Context) -> str:
    """Point to the answer in brief."""
    return f"{first_upper(see(context, 'answer'))} has the figures, {see(context, 'methods')} the methods."


def key_results(context: Context) -> str:
    """Point to the answer in brief."""
    return sees(context, "answer")


def main_results(context: Context) -> str:
    """Point to crude and adjusted odds ratios."""
    return joined(
        _unadjusted(context),
        f"Adjusted odds ratios with {context.level} intervals: {see(context, 'odds_ratios')}.",
    )


def unadjusted(context: Context) -> str:
    """Point to crude odds ratios."""
    return _unadjusted(context)


def _unadjusted(context: Context) -> str:
    n = len(context.fit.spec.predictors)
    if n < 2:
        return "With one predictor, crude and adjusted odds ratios are the same." if n else "No predictors."
    if context.fit.source is None:
        return "Crude odds ratios need the rows, which a loaded model does not hold."
    return f"Crude (unadjusted) odds ratios with {context.level} intervals: {see(context, 'crude')}."


def absolute_risk(context: Context) -> str:
    """Point to differences in probability."""
    if context.fit.source is None:
        return "Differences in probability need the rows, which a loaded model does not hold."
    return f"Average differences in probability, in percentage points: {see(context, 'comparisons')}."


def other_analyses(context: Context) -> str:
    """Name the further analyses in the report."""
    return joined(_products(context), sees(context, "model_fit", "effects"))


def full_model(context: Context) -> str:
    """Say where all coefficients are."""
    fit, style = context.fit, context.style
    if not fit.spec.intercept:
        intercept = "the model has no intercept"
    elif fit.is_binary:
        found = context.numbers[0][0].logit
        value = fixed(found, 3, style, reason="not estimated")
        intercept = f"the intercept is {value} on the logit scale"
    else:
        intercept = "the intercepts among them"
    offset = f" The offset {offsets_text(context)} is added to the logit." if fit.spec.offsets else ""
    return (
        f"All {plural(fit.n_coef, 'coefficient', style)}: {see(context, 'odds_ratios')}; {intercept}."
        f"{offset} fit.save() writes the model with all digits."
    )


def how_to_use(context: Context) -> str:
    """Point to the calculator and the calls that predict."""
    return (
        f"{first_upper(see(context, 'calculator'))}; fit.probabilities(data) or the command logreg predict "
        "for a table, fit.worked_example() for one record step by step."
    )


def measures(context: Context) -> str:
    """Name the measures of performance."""
    names = ", ".join(MEASURES.values())
    where = see(context, "performance")
    more = f" Discrimination and calibration: {where}." if where else ""
    return f"{names} and others, with what they mean: {see(context, 'model_fit')}.{more}"


def performance(context: Context) -> str:
    """Give the apparent performance."""
    frame = context.fit.fit_statistics()
    values = dict(zip(frame["statistic"], frame["value"], strict=True))
    shown = [
        f"{heading} {fixed(float(values[name]), 3, context.style)}"
        for name, heading in MEASURES.items()
        if name in values and not math.isnan(values[name])
    ]
    where = see(context, "performance", "model_fit") if context.fit.source else see(context, "model_fit")
    return f"Apparent performance: {', '.join(shown)}; {where}." if shown else first_upper(f"{where}.")


def limits(context: Context) -> str:
    """Name what the fit warns of."""
    fit, style = context.fit, context.style
    found = []
    if fit.separation.direction is not None:
        found.append("the outcome is separated, so that some odds ratios have no finite estimate")
    if not fit.convergence.converged and fit.separation.direction is None:
        found.append("the optimum was not found")
    if fit.aliases:
        found.append(f"{plural(len(fit.aliases), 'column', style)} left out as combinations of others")
    per = events_per_coefficient(context)
    if per < FEW_EVENTS:
        found.append(f"the rarest outcome has {fixed(per, 1, style)} records per coefficient")
    if fit.sample.rows_dropped:
        share = fit.sample.rows_dropped / fit.sample.rows_read
        found.append(f"{percent(share, style)} of the rows were left out")
    n = len(fit.remarks)
    told = f" Warnings at the top of the report: {amount(n, style)}." if n else ""
    if not found:
        return told.strip() or "The fit itself has no warnings."
    return f"What the fit shows: {'; '.join(found)}.{told}"


def code_at_hand(context: Context) -> str:
    """Point to the code."""
    return f"{first_upper(see(context, 'reproduce'))} has the program; it was run with logreg {__version__}."


def model_files(context: Context) -> str:
    """Name what can be handed out with the model."""
    return joined(
        "fit.save() writes the model as JSON without any record of the data; the report in HTML and XLSX "
        "has a calculator.",
        sees(context, "reproduce"),
    )


def incomplete_records(context: Context) -> str:
    """Say what the model does with records it cannot predict."""
    names = listed(context.label(name) for name in context.fit.spec.predictors)
    if not names:
        return "The model needs no values."
    return (
        f"The model needs a value of {names}: without one a record gets no prediction, and a level that the "
        "data did not have is refused."
    )
