"""Sentences for analysts: every coefficient with its error, test and interval, and how they were made."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from logreg.report.context import Context, Numbers, step_text
from logreg.report.explain_effects import (
    AverageDifference,
    Move,
    Probabilities,
    contrary_sentence,
    value_text,
)
from logreg.report.explain_joint import joint_effects
from logreg.report.formats import fixed, odds_ratio, odds_ratio_interval
from logreg.report.inference_words import covariance_text, interval_text, named_test, t_text
from logreg.report.outline import JointTerms, Line, joint_terms
from logreg.report.sections_coefficients import logit_text
from logreg.report.sections_tests import overall_test_text
from logreg.report.words import (
    event_text,
    joint_sentence,
    listed,
    odds_text,
    outcome_sentence,
    p_text,
    plural,
    ratio_sentence,
)

__all__ = ["analyst_sentences"]


def analyst_sentences(context: Context) -> Iterator[str]:
    """Yield the model and its test, one sentence per coefficient, joint terms at stated values, and the
    fine print.
    """
    yield outcome_sentence(context)
    if context.fit.spec.predictors:
        yield overall_test_text(context)
    probabilities = Probabilities(context=context)
    lines = [one for one in context.estimates() if not one[1].joint]
    moves = [
        None if probabilities.why_not or n.reason == "left out" else probabilities.move_of(line, n)
        for _, line, n in lines
    ]
    found = probabilities.of([move for move in moves if move is not None])
    for (equation, line, numbers), move in zip(lines, moves, strict=True):
        said = _coefficient(context, equation, line, numbers)
        if move in found and numbers.is_finite:
            assert move is not None
            said += f"; {_difference(context, probabilities, line, equation, move, found[move])}"
        yield said if said.endswith(".") else f"{said}."
    for group in joint_terms(context.shown.spec):
        yield f"{joint_sentence(context, group, ())}{_tests(context, group)}"
        yield from joint_effects(context, group, probabilities)
    if probabilities.why_not:
        yield f"Average differences in probability are left out: {probabilities.why_not}."
    yield from _fine_print(context)


def _coefficient(context: Context, equation: int, line: Line, numbers: Numbers) -> str:
    """Return a coefficient with its error, test and odds ratio, without a full stop; or why it has none."""
    if not numbers.is_finite:
        return ratio_sentence(context, equation, line, numbers)
    style = context.style
    letter = "z" if context.fit.reference_df == math.inf else "t"
    # The p value of a likelihood ratio is not that of the estimate over its standard error.
    wald = f"{letter} = {fixed(numbers.logit / numbers.std_error, 2, style)}, "
    statistic = wald if context.interval == "wald" else ""
    what = _what(context, line, numbers)
    return (
        f"{what}, on {odds_text(context, context.outcomes[equation])}: coefficient "
        f"{logit_text(numbers.logit, style)} (SE {logit_text(numbers.std_error, style)}, {statistic}"
        f"{p_text(numbers.p_value, style)}), odds ratio "
        f"{odds_ratio(numbers.ratio, style)} ({context.level} CI "
        f"{odds_ratio_interval(numbers.low, numbers.high, style)})"
    )


def _difference(
    context: Context,
    probabilities: Probabilities,
    line: Line,
    equation: int,
    move: Move,
    found: Sequence[AverageDifference],
) -> str:
    """Return the average difference in the probability of one outcome, and whether it goes against the
    odds.
    """
    outcome = context.outcomes[equation]
    own = next(one for one in found if one.outcome == outcome)
    event = event_text(context.shown, context.outcome_heading, outcome)
    over = _over(context, line, move)
    said = f"average difference in the probability of {event}{over}: {_points(context, own)}"
    if context.fit.is_binary:
        return said
    contrary = contrary_sentence(context, [own], [probabilities.ratios(line, move)[equation]])
    return f"{said}. {contrary}".rstrip() if contrary else said


def _over(context: Context, line: Line, move: Move) -> str:
    """Return between which values a number moves whose coefficient is about a function of it."""
    if line.kind == "level" or move.step is not None:
        return ""
    assert move.start is not None
    assert move.end is not None
    start, end = value_text(move.start, context.style), value_text(move.end, context.style)
    return f" ({context.label(move.variable)} from {start} to {end})"


def _tests(context: Context, group: JointTerms) -> str:
    """Return Wald tests of the terms of a group, as a further sentence; "" where there are none."""
    style = context.style
    found = context.fit.anova(kind=2, test="wald")
    shown = [
        f"{row['term']} {p_text(row['p_value'], style)} ({plural(row['df'], 'coefficient', style)})"
        for row in found.to_dict("records")
        if row["term"] in group.terms and not math.isnan(row["p_value"])
    ]
    return (
        f" Wald tests of kind 2, each given the terms that do not contain it: {listed(shown)}."
        if shown
        else ""
    )


def _what(context: Context, line: Line, numbers: Numbers) -> str:
    if line.kind == "number":
        unit = 1.0 if numbers.unit is None else numbers.unit
        return f"{line.subject}, per {step_text(unit, context.style)}"
    if line.kind == "full":
        return f"{line.subject} = {line.level} (odds, not a ratio of odds)"
    against = "the mean of the levels" if line.contrast == "sum" else line.reference
    return f"{line.subject} = {line.level} against {against}"


def _points(context: Context, found: AverageDifference) -> str:
    style = context.style
    size = f"{fixed(100.0 * found.estimate, 2, style)} percentage points"
    if not found.has_interval:
        return f"{size} (no interval)"
    low, high = (fixed(100.0 * end, 2, style) for end in (found.low, found.high))
    return (
        f"{size} (SE {fixed(100.0 * found.std_error, 2, style)}, {context.level} CI {low} to {high}, "
        f"{p_text(found.p_value, style)})"
    )


def _fine_print(context: Context) -> Iterator[str]:
    fit = context.fit
    law = "the normal distribution" if fit.reference_df == math.inf else t_text(fit.reference_df)
    if context.interval == "wald":
        made = f"Wald intervals on the logit scale, p values two-sided Wald tests, both from {law}"
    else:
        made = f"{interval_text(context)} intervals, p values those of {named_test(context)}s"
    yield (
        f"Covariance {covariance_text(fit.options.covariance)}; intervals of coefficients are {made}; "
        "nothing is adjusted for multiple comparisons."
    )
    yield (
        "Odds ratios are conditional on the other terms and change when terms are added, even terms "
        "unrelated to the variable (they are not collapsible); differences in probability are averages over "
        "the records used, with delta-method errors. Neither is a causal effect by itself."
    )
