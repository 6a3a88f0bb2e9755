"""Sentences about coefficients and outcomes: odds are called odds, an association is not called a cause.

An odds ratio compares odds, which are not probabilities; nothing here says that something is "times more
likely".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from logreg.inference.estimate import LogisticEstimate
from logreg.report.context import Context, Numbers, step_text
from logreg.report.formats import (
    REPORT,
    NumberStyle,
    fixed,
    integer,
    odds_ratio,
    odds_ratio_interval,
    p_value,
    shortest,
    significant,
)
from logreg.report.outline import JointTerms, Line, level_text

__all__ = [
    "NO_CLEAR_DIFFERENCE",
    "REASONS",
    "amount",
    "average_text",
    "bracketed",
    "compared_text",
    "endless_names",
    "event_text",
    "joint_sentence",
    "line_name",
    "listed",
    "odds_text",
    "outcome_sentence",
    "p_text",
    "plural",
    "ratio_sentence",
    "reason_text",
]

#: How a sentence begins whose interval holds an odds ratio of 1.
NO_CLEAR_DIFFERENCE = "No clear difference"
#: So many coefficients without a finite estimate are named.
MOST_ENDLESS = 8
#: Why a number is missing, in full.
REASONS = {
    "left out": "left out of the model, because its column is a combination of other columns",
    "infinite": "no finite estimate, since the data separate the outcomes there",
    "not estimated": "not estimated",
    "no interval": "without an interval, since its profile likelihood could not be followed to its end",
}


def listed(items: Iterable[str], last: str = " and ") -> str:
    """Join words as a list in a sentence.

    Examples
    --------
    >>> listed(["age", "lwt", "race"])
    'age, lwt and race'
    """
    words = list(items)
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + last + words[-1] if words else ""


def plural(n: float, noun: str, style: NumberStyle) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> from logreg.report.formats import PLAIN
    >>> plural(1, "row", PLAIN), plural(189, "row", PLAIN)
    ('1 row', '189 rows')
    """
    return f"{amount(n, style)} {noun}{'' if n == 1 else 's'}"


def amount(n: float, style: NumberStyle) -> str:
    """Return a count, or a sum of weights, with one digit after the point where it is not whole.

    Examples
    --------
    >>> from logreg.report.formats import PLAIN
    >>> amount(59.0, PLAIN), amount(44.209, PLAIN)
    ('59', '44.2')
    """
    return integer(n, style) if n == round(n) else fixed(n, 1, style)


def p_text(p: float, style: NumberStyle) -> str:
    """Return a p value as it stands in a sentence.

    Examples
    --------
    >>> from logreg.report.formats import PLAIN
    >>> p_text(0.0321, PLAIN), p_text(0.0, PLAIN)
    ('p = 0.032', 'p < 0.001')
    """
    text = p_value(p, style)
    return f"p {text[0]} {text[1:]}" if text[0] in "<>" else f"p = {text}"


def bracketed(limits: str, style: NumberStyle = REPORT) -> str:
    """Return an interval as it stands beside its estimate: in brackets, its own or round ones.

    Examples
    --------
    >>> from logreg.report.journals import STYLES
    >>> bracketed("1.02 to 1.37", STYLES["jama"]), bracketed("[1.02, 1.37]", STYLES["apa"])
    ('(1.02 to 1.37)', '[1.02, 1.37]')
    """
    before, _ = style.interval_brackets
    return limits if before and limits.startswith(before) else f"({limits})"


def average_text(value: float, style: NumberStyle) -> str:
    """Return a mean or a quantile: whole numbers as such, others with four digits.

    Examples
    --------
    >>> from logreg.report.formats import PLAIN
    >>> average_text(23.238095, PLAIN), average_text(5.0, PLAIN)
    ('23.24', '5')
    """
    return (
        integer(value, style)
        if value == round(value) and abs(value) < 1e6
        else significant(value, style, digits=4)
    )


def event_text(shown: LogisticEstimate, heading: str, outcome: str) -> str:
    """Return an outcome as it stands in a sentence: ``low = 1``, or ``admitted`` for columns of counts."""
    return outcome if shown.spec.outcome.grouped else f"{heading} = {outcome}"


def odds_text(context: Context, outcome: str) -> str:
    """Return which odds a sentence is about: the odds of low = 1 (against 0)."""
    event = event_text(context.shown, context.outcome_heading, outcome)
    return f"the odds of {event} (against {context.baseline})"


def ratio_sentence(context: Context, equation: int, line: Line, numbers: Numbers) -> str:
    """Return one coefficient in a sentence.

    It says "no clear difference" where the interval holds an odds ratio of 1, and then what the interval
    leaves open.
    """
    odds = odds_text(context, context.outcomes[equation])
    if not numbers.is_finite:
        what = line.subject if not line.level else f"{line.subject} = {line.level}"
        if math.isinf(numbers.logit):
            end = "grows without limit" if numbers.logit > 0 else "falls to 0"
            end += _open_interval(context, numbers)
            return f"For {odds}, the odds ratio of {what} {end}: there is {REASONS['infinite']}."
        return f"For {odds}, the odds ratio of {what} is {REASONS[numbers.reason or 'not estimated']}."
    body = f"{_alike(context)}{odds} were {compared_text(context, line, numbers)}"
    if line.kind == "full":
        body = f"{odds} {_odds_at_level(context, line, numbers)}"
    elif not numbers.is_clear:
        left_open = _left_open(numbers, context.style)
        return f"{NO_CLEAR_DIFFERENCE}: {body}. The interval leaves room for odds from {left_open}."
    return body[0].upper() + body[1:] + "."


def _open_interval(context: Context, numbers: Numbers) -> str:
    """Return the interval of an infinite estimate, where it has one."""
    if not numbers.has_interval:
        return ""
    return f" ({context.level} CI {odds_ratio_interval(numbers.low, numbers.high, context.style)})"


def _alike(context: Context) -> str:
    """Say what is held fixed, if there is anything to hold."""
    return "among otherwise alike records, " if len(context.shown.spec.predictors) > 1 else ""


def compared_text(context: Context, line: Line, numbers: Numbers) -> str:
    """Return how the odds compare: 2.52 times as high with smoke = yes as with smoke = no (95% CI ...)."""
    style = context.style
    times = f"{odds_ratio(numbers.ratio, style)} times as high"
    interval = f"({context.level} CI {odds_ratio_interval(numbers.low, numbers.high, style)})"
    if line.kind == "number":
        step = step_text(1.0 if numbers.unit is None else numbers.unit, style)
        return f"{times} for each increase of {line.subject} by {step} {interval}"
    if line.contrast == "sum":
        return (
            f"{times} with {line.subject} = {line.level} as in the (geometric) mean over the levels of "
            f"{line.subject} {interval}"
        )
    return f"{times} with {line.subject} = {line.level} as with {line.subject} = {line.reference} {interval}"


def _odds_at_level(context: Context, line: Line, numbers: Numbers) -> str:
    style = context.style
    interval = f"({context.level} CI {odds_ratio_interval(numbers.low, numbers.high, style)})"
    return (
        f"were {odds_ratio(numbers.ratio, style)} to 1 with {line.subject} = {line.level}, all numbers at 0 "
        f"and other factors at their reference level {interval}"
    )


def _left_open(numbers: Numbers, style: NumberStyle) -> str:
    return f"{_relative(numbers.low, style)} to {_relative(numbers.high, style)}"


def _relative(ratio: float, style: NumberStyle) -> str:
    """Return a ratio of odds as a change of the odds: 10% lower, 4% higher, 3.40 times as high."""
    if ratio == 1.0:
        return "no change"
    if ratio >= 2.0:
        return f"{odds_ratio(ratio, style)} times as high"
    if ratio < 0.01:
        return "less than a hundredth"
    change = 100.0 * abs(ratio - 1.0)
    digits = 0 if change >= 10.0 else 1
    shown = fixed(change, digits, style) if change >= 0.1 else f"less than {fixed(0.1, 1, style)}"
    return f"{shown}% {'lower' if ratio < 1.0 else 'higher'}"


def joint_sentence(context: Context, group: JointTerms, figures: Sequence[str]) -> str:
    """Return why some terms are not read one by one, and where to look instead; ``figures`` are variables
    with a plot.
    """
    terms = listed(group.terms)
    names = listed(context.label(name) for name in group.variables)
    shown = [context.label(name) for name in group.variables if name in figures]
    where = (
        f" the effect {'plot' if len(shown) == 1 else 'plots'} of {listed(shown)}"
        if shown
        else " predicted probabilities"
    )
    verb = "describes" if len(group.terms) == 1 else "together describe"
    return (
        f"{terms} {verb} {names}: no coefficient of {'it' if len(group.terms) == 1 else 'theirs'} can be "
        f"read alone, since what one of them means depends on the others. Read them jointly from{where}."
    )


def outcome_sentence(context: Context) -> str:
    """Return what is modelled, on how many records, and how often it occurs."""
    shown, style = context.shown, context.style
    sample, outcome = shown.sample, shown.spec.outcome
    kind = "logistic regression" if outcome.is_binary else "multinomial logistic regression"
    rows = plural(shown.n_rows, "row", style)
    counts = sample.rows if shown.spec.weight_kind != "frequency" else sample.weight
    trials = sum(counts)
    if outcome.grouped:
        rows = f"{amount(trials, style)} trials ({rows} of counts)"
    elif trials != shown.n_rows:
        rows = f"{amount(trials, style)} records ({rows} with frequency weights)"
    if outcome.is_binary:
        share = fixed(100.0 * counts[1] / trials, 1, style)
        unweighted = " (before weighting)" if shown.spec.weight_kind != "frequency" else ""
        event = event_text(shown, context.outcome_heading, context.outcomes[0])
        ended = "were counted as" if outcome.grouped else "had"
        return (
            f"This {kind} models {odds_text(context, context.outcomes[0])} in {rows}, of which{unweighted} "
            f"{amount(counts[1], style)} ({share}%) {ended} {event}."
        )
    found = listed(
        f"{name} ({amount(n, style)})" for name, n in zip(context.outcomes, counts[1:], strict=True)
    )
    return (
        f"This {kind} models {context.outcome_heading} in {rows}: the odds of {found}, each against "
        f"{context.baseline} ({amount(counts[0], style)})."
    )


def line_name(line: Line) -> str:
    """Return what a line of a coefficient table is about: its variable, and the level if it has one."""
    return f"{line.subject}: {level_text(line.level)}" if line.level else line.subject


def endless_names(context: Context, found: Iterable[tuple[int, Line, Numbers]]) -> list[str]:
    """Return what has no finite estimate, by variable and level and, with several outcomes, the outcome."""
    names: dict[str, list[str]] = {}
    for equation, line, numbers in found:
        if numbers.reason == "infinite":
            names.setdefault(line_name(line), []).append(context.outcomes[equation])
    said = [
        name if len(context.outcomes) == 1 else f"{name} ({listed(outcomes)})"
        for name, outcomes in names.items()
    ]
    more = len(said) - MOST_ENDLESS
    return said if more <= 0 else [*said[:MOST_ENDLESS], f"{more} more"]


def reason_text(shown: LogisticEstimate, line: Line, numbers: Numbers, style: NumberStyle) -> str:
    """Return why a coefficient has no number, with the columns it is made of if it was left out."""
    if numbers.reason == "left out":
        for name, parts in shown.aliases:
            if name == line.name:
                made_of = listed((f"{_share(share, style)}{part}" for part, share in parts), " + ") or "0"
                return f"{line.name} was left out: it equals {made_of.replace(', ', ' + ')}"
    if numbers.reason == "infinite":
        return f"{line.name}: {REASONS['infinite']}"
    if numbers.reason in ("", "no interval"):
        return f"{line.name} is {REASONS['no interval']}" if numbers.reason else ""
    if shown.separation.infinite:
        return (
            f"{line.name} is open: with the infinite estimates in place, the likelihood does not depend on it"
        )
    return f"{line.name} has no standard error: the optimum was not found"


def _share(share: float, style: NumberStyle) -> str:
    shown = shortest(share, style)
    return "" if shown == "1" else f"{shown} × "
