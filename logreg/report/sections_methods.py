"""The section on methods: what was done, as it could stand in a paper."""

from __future__ import annotations

from collections.abc import Iterator

from logreg import __version__
from logreg.design.ast import Call
from logreg.design.coding import NumericFactor
from logreg.engine.newton import tolerance_for
from logreg.inference.estimate import FITTED_BY
from logreg.inference.estimators import ESTIMATORS
from logreg.inference.normal import critical_value
from logreg.report.context import Context
from logreg.report.formats import significant
from logreg.report.inference_words import covariance_text, interval_text, named_test
from logreg.report.nodes import Block, Section, code, paragraph
from logreg.report.outline import factor_heading, level_text
from logreg.report.sections_data import WEIGHTS_TEXT, offsets_text
from logreg.report.sections_tests import why_wald
from logreg.report.words import amount, listed, plural

__all__ = ["methods_section"]


def methods_section(context: Context) -> Section:
    """Return a paragraph on what was done, as it could stand in a paper."""
    first = f"{_model_text(context)} The formula was "
    rest = " ".join(_method_sentences(context))
    blocks: tuple[Block, ...] = (paragraph(first, code(context.fit.spec.formula), ". ", rest),)
    return Section(key="methods", title="Methods", blocks=blocks)


def _model_text(context: Context) -> str:
    outcome = context.shown.spec.outcome
    if outcome.is_binary:
        return (
            f"{context.outcome_heading} was modelled by binary logistic regression (logit link): the "
            "log-odds of "
            f"{context.outcomes[0]} against {context.baseline} are a linear function of the predictors."
        )
    return (
        f"{context.outcome_heading} was modelled by multinomial logistic regression (logit link): for each "
        f"of {listed(context.outcomes)}, the log-odds against {context.baseline} are a linear function of "
        "the predictors with coefficients of its own."
    )


def _method_sentences(context: Context) -> Iterator[str]:
    fit = context.fit
    spec, options, style = fit.spec, fit.options, context.style
    estimator = ESTIMATORS.get(options.estimator, options.estimator)
    elsewhere = fit.provenance.get(FITTED_BY)
    yield (
        f"Coefficients and their covariance were taken over from {elsewhere}; logreg evaluated score and "
        "information there, and made every table and figure from them."
        if elsewhere
        else f"Coefficients were estimated by {estimator} with Newton's method, which stops when half the "
        "squared Newton decrement, the gain in log-likelihood still to be expected, is at most "
        f"{significant(tolerance_for(context.fit.n_rows), style, digits=1)}."
    )
    yield (
        f"Standard errors come from the covariance {covariance_text(options.covariance, fit.reference_df)}"
        f"{_groups_text(context)}."
    )
    yield _interval_sentence(context)
    yield from _test_sentences(context)
    yield "Nothing is adjusted for multiple comparisons."
    yield from _average_sentences(context)
    yield _missing_text(context)
    yield from _coding_sentences(context)
    if spec.weights is not None:
        yield f"Rows were weighted by {WEIGHTS_TEXT[spec.weight_kind]}."
    if spec.offsets:
        kind = "offsets, one per logit," if spec.offset_per_outcome else "offset"
        yield f"The {kind} {offsets_text(context)} entered with coefficient 1."
    yield f"The analysis was made with logreg {__version__}."


def _groups_text(context: Context) -> str:
    """Return how many clusters and strata the covariance counts, as far as that is known."""
    nouns = {"cluster": "clusters", "strata": "strata"}
    counts = [
        f"{amount(n, context.style)} {nouns[role]} by {column}"
        for role, column, n in context.fit.group_counts()
    ]
    return f"; there were {listed(counts)}" if counts else ""


def _interval_sentence(context: Context) -> str:
    fit, style = context.fit, context.style
    if context.interval == "wald":
        z = significant(critical_value(context.confidence, fit.reference_df), style)
        return (
            f"Intervals are Wald intervals at {context.level}: estimate ± {z} standard errors on the logit "
            "scale, exponentiated for odds ratios. p values belong to two-sided Wald tests."
        )
    # The root of the likelihood ratio is normal: its square is cut at that of the normal quantile.
    cut = significant(critical_value(context.confidence) ** 2, style)
    kind = interval_text(context)
    return (
        f"Intervals of odds ratios are {kind} intervals at {context.level}: the values at which twice the "
        f"{kind.removeprefix('profile ')}, on the log scale and maximised over all other coefficients, lies "
        f"less than {cut} below its maximum. p values of coefficients belong to {named_test(context)}s. "
        "Intervals of predictions are Wald intervals."
    )


def _test_sentences(context: Context) -> Iterator[str]:
    fit = context.fit
    if not fit.spec.coded_terms:
        return
    kind = "Wald tests" if why_wald(fit, has_rows=fit.source is not None) else "likelihood ratio tests"
    if kind != "Wald tests" and fit.options.estimator != "ml":
        kind = f"penalised {kind}"
    yield f"Terms were tested as wholes by {kind} of kind 2, each given all terms that do not contain it."


def _average_sentences(context: Context) -> Iterator[str]:
    fit = context.fit
    if fit.source is None or not fit.spec.predictors:
        return
    weighted = " with their weights" if fit.spec.weights is not None else ""
    yield (
        "Average differences in probability compare predictions with a variable at one value and at another, "
        f"all else as observed, averaged over the records used{weighted}; their standard errors are by the "
        "delta method and take the records as given."
    )


def _missing_text(context: Context) -> str:
    sample, style = context.fit.sample, context.style
    if context.fit.options.missing == "raise":
        return "Missing values were not allowed, and there were none in the columns of the model."
    if not sample.rows_dropped:
        return "No row had a missing value in the columns of the model."
    # Reasons other than a missing value stand in brackets in place of a column.
    other = {name.strip("()"): count for name, count in sample.dropped if name[:1] == "(" and count}
    missing = sample.rows_dropped - sum(other.values())
    read = amount(sample.rows_read, style)
    parts = [f"{plural(missing, 'row', style)} of {read} without a value in every column of the model"]
    if not missing:
        parts = []
    parts += [f"{plural(count, 'row', style)} of {read}, since the {why}," for why, count in other.items()]
    return f"{listed(parts)} were left out."


def _coding_sentences(context: Context) -> Iterator[str]:
    spec = context.fit.spec
    treatment = [f for f in spec.categorical() if f.contrast == "treatment"]
    if treatment:
        references = listed(
            f"{factor_heading(f, context.labels)}: {level_text(f.reference)}" for f in treatment
        )
        yield f"Factors were compared with their reference levels ({references})."
    sums = [factor_heading(f, context.labels) for f in spec.categorical() if f.contrast == "sum"]
    if sums:
        yield f"Levels of {listed(sums)} were compared with the mean over levels (sum coding)."
    computed = [
        f.label for f in spec.factors if isinstance(f, NumericFactor) and isinstance(f.expression, Call)
    ]
    if computed:
        learned = (
            " What they depend on (means, knots, ranges) was taken from the rows used." if spec.states else ""
        )
        verb = "was" if len(computed) == 1 else "were"
        yield f"{listed(computed)} {verb} computed inside the formula.{learned}"
