"""Tests of the whole model and of its terms: a sentence and a table."""

from __future__ import annotations

import math
from typing import Any

from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.verdict import TestKind, Verdict
from logreg.report.context import BLANK, Context
from logreg.report.formats import NumberStyle, fixed, p_value, significant
from logreg.report.nodes import Block, Cell, Row, Table, TableColumn, paragraph
from logreg.report.outline import factor_heading
from logreg.report.words import p_text, plural

__all__ = ["overall_statistic", "overall_test_text", "term_tests", "why_wald"]

#: Rows times coefficients times terms up to which the model is fitted without each term: two seconds of work
#: on two cores.
LARGEST_REFITS = 5e7


def why_wald(fit: LogisticEstimate, *, has_rows: bool) -> str:
    """Return why terms are tested by Wald tests instead of likelihood ratios; "" if they are not."""
    if not fit.has_likelihood:
        return "sampling weights have no likelihood"
    if fit.options.estimator not in ("ml", "firth"):
        return "the estimates maximise no likelihood"
    if fit.options.covariance != "model":
        return f"standard errors are “{fit.options.covariance}”, which a likelihood ratio would ignore"
    if not has_rows:
        return "a model loaded from a file holds no rows to fit again"
    work = fit.n_rows * fit.n_coef * max(len(fit.spec.coded_terms), 1)
    if work > LARGEST_REFITS and fit.separation.direction is None:
        return "with so many rows they take no further fits and hardly differ from likelihood ratios"
    return ""


# The whole model -----------------------------------------------------------------------------------------


def _overall(context: Context) -> Verdict | str:
    """Return the test of all terms together, or why there is none."""
    fit = context.fit
    if not fit.df_model:
        return "not defined: the model has no slopes"
    if not fit.spans_constant:
        return "not defined: the model has no intercept, so that intercepts alone are not a part of it"
    plain = fit.maximises_likelihood and fit.options.covariance == "model"
    kind: TestKind = "LR" if plain or not why_wald(fit, has_rows=fit.source is not None) else "wald"
    try:
        found = fit.overall_test(kind)
    except SupportError as error:
        return f"not at hand: {str(error).rstrip('.')}"
    return found if found.valid else f"not at hand: {found.reason}"


def overall_statistic(context: Context) -> str:
    """Return the test of all terms as one line shows it, ``LR chi2(2) = 7.40, p = 0.025``; "" if there is
    none.
    """
    found, style = _overall(context), context.style
    if isinstance(found, str):
        return ""
    finite = math.isfinite(found.df_error)
    law = f"F({found.df}, {found.df_error:g})" if finite else f"chi2({found.df})"
    name = "Wald" if found.test == "wald" else "LR"
    name = name if name == "Wald" or context.fit.options.estimator == "ml" else "Penalised LR"
    return f"{name} {law} = {fixed(found.statistic, 2, style)}, {p_text(found.p_value, style)}"


def overall_test_text(context: Context) -> str:
    """Return the test of all slopes in a sentence, or why there is none."""
    found, style = _overall(context), context.style
    if isinstance(found, str):
        return f"A test of the whole model is {found}."
    df = plural(found.df, "degree", style)
    if math.isfinite(found.df_error):
        df = f"{found.df} and {found.df_error:g} degrees"
    what = f"{_test_name(context, found.test)} {'F' if math.isfinite(found.df_error) else 'χ²'}"
    test = f"{what} = {fixed(found.statistic, 2, style)} on {df} of freedom, {p_text(found.p_value, style)}"
    if found.p_value < 1.0 - context.confidence:
        return f"Together the predictors describe the outcome better than intercepts alone ({test})."
    return (
        "The data do not show clearly that the predictors together describe the outcome better than "
        f"intercepts alone ({test})."
    )


def _test_name(context: Context, kind: TestKind) -> str:
    if kind == "wald":
        return "Wald"
    return "likelihood ratio" if context.fit.options.estimator == "ml" else "penalised likelihood ratio"


# Terms ---------------------------------------------------------------------------------------------------


def term_tests(context: Context) -> tuple[Block, ...]:
    """Return a sentence on what is tested and the table of all terms; nothing for a model without terms."""
    fit = context.fit
    if not fit.spec.coded_terms:
        return ()
    why = why_wald(fit, has_rows=fit.source is not None)
    kind: TestKind = "wald" if why else "LR"
    found = fit.anova(kind=2, test=kind).to_dict("records")
    return paragraph(_what_is_tested(context, kind, why)), _table(context, kind, found)


def _what_is_tested(context: Context, kind: TestKind, why: str) -> str:
    """Return in words what a test of kind 2 compares (Fox 2016, Applied Regression Analysis, 8.2) and how."""
    fit = context.fit
    products = any(len(coded.labels) > 1 for coded in fit.spec.coded_terms)
    name = f"{_test_name(context, kind)} tests"
    how = f"by {name} of the model with the term against the model without it"
    if kind == "wald":
        df = fit.reference_df
        law = "" if math.isinf(df) else f" (F with {df:g} error degrees of freedom)"
        how = f"by {name} with the covariance of the coefficients{law}, because {why}"
    both = ", both without the products that contain it" if products and kind == "LR" else ""
    every = "both" if len(context.outcomes) == 2 else f"all {len(context.outcomes)}"
    together = "" if fit.is_binary else f", in {every} logits together"
    return (
        "What each term adds is tested given all terms that do not contain it (kind 2, also called type II), "
        f"{how}{both}. A factor is tested over all its levels at once{together}; how factors are coded makes "
        "no difference."
    )


def _table(context: Context, kind: TestKind, found: list[dict[Any, Any]]) -> Table:
    style = context.style
    is_f = any(math.isfinite(row.get("df_error", math.inf)) for row in found)
    name = _test_name(context, kind)
    columns = [
        TableColumn(key="term", heading="Term"),
        TableColumn(key="df", heading="df", align="right"),
        *([TableColumn(key="df_error", heading="Error df", align="right")] if is_f else []),
        TableColumn(
            key="statistic", heading=f"{name[0].upper()}{name[1:]} {'F' if is_f else 'χ²'}", align="right"
        ),
        TableColumn(key="p_value", heading="p", align="right"),
    ]
    headings = {
        coded.term: " × ".join(
            factor_heading(context.shown.spec.factor[label], context.labels) for label in coded.labels
        )
        for coded in context.shown.spec.coded_terms
    }
    return Table(
        key="term_tests",
        caption="Tests of terms, each given the terms that do not contain it.",
        columns=tuple(columns),
        rows=tuple(
            Row(
                cells=(
                    Cell(text=headings.get(row["term"], row["term"]), value=row["term"]),
                    Cell(text=str(row["df"]), value=row["df"]),
                    *([_df_error(row["df_error"], style)] if is_f else []),
                    *_numbers(row, style),
                )
            )
            for row in found
        ),
        notes=tuple(dict.fromkeys(f"{BLANK}: {_reason(row)}." for row in found if _reason(row))),
    )


def _reason(row: dict[Any, Any]) -> str:
    """Return why a test has no number; pandas has NaN where there is nothing to say."""
    return row["reason"] if isinstance(row["reason"], str) else ""


def _df_error(value: float, style: NumberStyle) -> Cell:
    if value == round(value):
        return Cell(text=f"{value:g}", value=value)
    return Cell(text=significant(value, style, digits=4, reason=BLANK), value=value)


def _numbers(row: dict[Any, Any], style: NumberStyle) -> tuple[Cell, Cell]:
    reason = _reason(row)
    return (
        Cell(text=fixed(row["statistic"], 2, style, reason=BLANK), value=row["statistic"], reason=reason),
        Cell(text=p_value(row["p_value"], style, reason=BLANK), value=row["p_value"], reason=reason),
    )
