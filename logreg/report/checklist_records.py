"""What a fit knows of its variables and records, in sentences for a checklist."""

from __future__ import annotations

import math

from logreg.design.ast import Column
from logreg.design.coding import CategoricalFactor
from logreg.report.checklists import joined, sees
from logreg.report.context import Context
from logreg.report.formats import fixed
from logreg.report.outline import level_text
from logreg.report.sections_data import offsets_text
from logreg.report.sections_table_one import missing_text, missing_values_text
from logreg.report.words import amount, listed, plural

__all__ = [
    "FEW_EVENTS",
    "characteristics",
    "data_source",
    "events_per_coefficient",
    "excluded",
    "flow",
    "missing",
    "missing_values",
    "outcome_counts",
    "predictors",
    "preparation",
    "size",
    "the_outcome",
    "variables",
]

#: Levels of a factor that an answer spells out.
LEVELS_SHOWN = 8
#: Fewer events than this per coefficient are few (Peduzzi et al. 1996, *J. Clin. Epidemiol.* 49, 1373-1379).
FEW_EVENTS = 10.0


# Variables and data --------------------------------------------------------------------------------------


def the_outcome(context: Context) -> str:
    """Name the outcome with its event or categories, and what they are compared with."""
    outcome = context.shown.spec.outcome
    what = f"The outcome is {context.outcome_heading}"
    if outcome.grouped:
        what += f", counted in the columns {listed(outcome.columns)}"
    if context.fit.is_binary:
        return f"{what}: {context.outcomes[0]} against {context.baseline}."
    return f"{what}: {listed(context.outcomes)}, each against {context.baseline}."


def predictors(context: Context) -> str:
    """Name the predictors: numbers, and factors with their levels."""
    spec = context.fit.spec
    if not spec.predictors:
        return "The model has no predictors."
    factors = {f.variable: f for f in spec.categorical() if isinstance(f.expression, Column)}
    shown = [
        f"{context.label(name)} ({_levels(factors[name])})" if name in factors else context.label(name)
        for name in spec.predictors
    ]
    offset = f" The offset is {offsets_text(context)}." if spec.offsets else ""
    noun = "predictor is" if len(shown) == 1 else "predictors are"
    return f"The {noun} {'; '.join(shown)}.{offset}"


def _levels(factor: CategoricalFactor) -> str:
    shown = [level_text(level) for level in factor.levels[:LEVELS_SHOWN]]
    more = len(factor.levels) - len(shown)
    levels = ", ".join(shown) + (f" and {more} more levels" if more else "")
    return levels if factor.contrast == "sum" else f"{levels}; reference {level_text(factor.reference)}"


def variables(context: Context) -> str:
    """Name outcome and predictors."""
    return joined(the_outcome(context), predictors(context), sees(context, "data"))


def data_source(context: Context) -> str:
    """Say what is recorded of where the data came from."""
    about = context.fit.provenance
    parts = [about.get("kind", "not recorded")]
    parts += [f"file {about['file']}"] if "file" in about else []
    parts += [f"data set {about['dataset']}, which comes with logreg"] if "dataset" in about else []
    return joined(f"The data were read from: {', '.join(parts)}.", sees(context, "data"))


def preparation(context: Context) -> str:
    """Say what was done to the values on the way into the model."""
    computed = _computed(context)
    said = "No variable was transformed inside the formula."
    if computed:
        said = f"Computed inside the formula: {listed(computed)}."
    return joined(said, sees(context, "methods"))


def _computed(context: Context) -> list[str]:
    return [f.label for f in context.fit.spec.factors if not isinstance(f.expression, Column)]


# Size and missing values ---------------------------------------------------------------------------------


def outcome_counts(context: Context) -> str:
    """Count the outcomes, with sums of weights where weights are no counts."""
    sample, spec, style = context.shown.sample, context.fit.spec, context.style
    frequency = spec.weights is None or spec.weight_kind == "frequency"
    counts = sample.weight if frequency else sample.rows
    shown = listed(f"{amount(n, style)} with {name}" for name, n in zip(sample.outcomes, counts, strict=True))
    what = "Trials" if spec.outcome.grouped else "Records"
    said = f"{what} by outcome: {shown}."
    if not frequency:
        weights = listed(
            f"{amount(n, style)} with {name}" for name, n in zip(sample.outcomes, sample.weight, strict=True)
        )
        said += f" Sums of weights: {weights}."
    return said


def events_per_coefficient(context: Context) -> float:
    """Return the rarest outcome's count for each coefficient beyond the intercept; NaN without one."""
    fit = context.fit
    frequency = fit.spec.weights is None or fit.spec.weight_kind == "frequency"
    counts = fit.sample.weight if frequency else fit.sample.rows
    slopes = fit.df_model / len(fit.coef_array)
    return min(counts) / slopes if slopes else math.nan


def size(context: Context) -> str:
    """Say how many rows and outcomes there are, and how many per coefficient."""
    style = context.style
    said = f"{plural(context.fit.n_rows, 'row', style)} used. {outcome_counts(context)}"
    per = events_per_coefficient(context)
    if math.isnan(per):
        return said
    of = "" if context.fit.is_binary else " of each logit"
    few = f", which is few (below {FEW_EVENTS:g})" if per < FEW_EVENTS else ""
    noun = "trials" if context.fit.spec.outcome.grouped else "records"
    return (
        f"{said} The rarest outcome has {fixed(per, 1, style)} {noun} per coefficient{of}, intercept aside"
        f"{few}."
    )


def missing(context: Context) -> str:
    """Say how missing values were handled."""
    if context.fit.options.missing == "raise":
        return "Missing values were not allowed, and there were none in the columns of the model."
    return joined(
        "Rows with a value in every column of the model were used (complete cases); nothing was imputed.",
        missing_text(context),
        sees(context, "data"),
    )


def flow(context: Context) -> str:
    """Count rows from the table to the model."""
    sample, style = context.fit.sample, context.style
    return joined(
        f"{plural(sample.rows_read, 'row', style)} read, {amount(sample.rows_dropped, style)} left out, "
        f"{amount(sample.rows_used, style)} used.",
        outcome_counts(context),
        sees(context, "data"),
    )


def excluded(context: Context) -> str:
    """Say why rows were left out of the model."""
    return joined(missing_text(context), sees(context, "data"))


def missing_values(context: Context) -> str:
    """Count missing values, column by column."""
    return missing_values_text(context) or excluded(context)


def characteristics(context: Context) -> str:
    """Point to the tables of characteristics."""
    return sees(context, "data", "table_one")
