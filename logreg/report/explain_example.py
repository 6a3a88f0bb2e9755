"""A worked example as text that can be checked with a pocket calculator.

Digits are chosen so that the numbers shown agree with each other: values times coefficients give the
contributions, these add up to the logit, its exponential is the odds, and the odds give the probability.
Where no few digits do, the rounding that is left goes to the contributions that lose most by rounding.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from logreg.data.source import Level
from logreg.interpret.worked_example import Contribution, Range, WorkedExample
from logreg.report.context import percent_of
from logreg.report.formats import PLAIN, display_width, fixed, percent, significant, visible
from logreg.report.outline import level_text

__all__ = ["Example", "apportioned"]

#: Digits after the point of logits and contributions that are tried in turn. With ten terms plain rounding
#: adds up in two cases of five, so that six more tries leave few sums without.
PLACES = (3, 4, 5, 6, 7, 8, 9)
#: Significant digits of odds that are tried in turn.
DIGITS = (3, 4, 5, 6)
#: Significant digits of a double.
ALL_DIGITS = 17
#: Probabilities nearer to 0 or 1 than this are shown by their significant digits.
NEAR_END = 0.001
#: Columns of a line: narrower than the tables of a text report.
WIDTH = 78
#: Said of a finite logit with infinite parts.
MEETING = "The infinite parts cancel: the sum is that of the limit."


@dataclass(frozen=True, kw_only=True, repr=False)
class Example(WorkedExample):
    """A worked example that prints: a record's values, the sum that is its logit, odds and probability."""

    labels: Mapping[str, str]

    @classmethod
    def of(cls, example: WorkedExample, labels: Mapping[str, str]) -> Example:
        """Bind headings of columns to a worked example."""
        values = {field.name: getattr(example, field.name) for field in fields(WorkedExample)}
        return cls(**values, labels=labels)

    def __str__(self) -> str:
        return "\n".join(visible(line).rstrip() for line in _lines(self))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def apportioned(values: Sequence[float], total: float, digits: int) -> list[float]:
    """Round numbers to ``digits`` after the point such that they add up to the rounded ``total``.

    What plain rounding leaves over goes, one unit of the last digit each, to those it moved furthest the
    other way (the method of largest remainders).

    Examples
    --------
    >>> apportioned([0.333, 0.333, 0.334], 1.0, 2)
    [0.33, 0.33, 0.34]
    """
    unit = 10.0**digits
    scaled = [value * unit for value in values]
    whole = [round(value) for value in scaled]
    left = round(total * unit) - sum(whole)
    step = 1 if left > 0 else -1
    order = sorted(range(len(values)), key=lambda k: step * (whole[k] - scaled[k]))
    for k in order[: abs(left)]:
        whole[k] += step
    return [round(n / unit, digits) for n in whole]


def _lines(example: Example) -> list[str]:
    heading = example.labels.get(example.label) or example.label
    lines = [_title(example, heading), "", *_values_lines(example), ""]
    shown_odds = []
    digits = _odds_digits(example)
    for outcome, parts, logit, odds in zip(
        example.modelled, example.equations, example.logits, example.odds, strict=True
    ):
        if len(example.modelled) > 1:
            lines += [f"{level_text(outcome)} against {level_text(example.baseline)}:", ""]
        lines += _sum_table(parts, logit, digits)
        if not math.isfinite(logit.estimate):
            lines += [_endless(logit.estimate), ""]
            shown_odds.append(float(np.exp(logit.estimate)))
            continue
        if _has_no_sum(parts):
            lines += [MEETING, ""]
        places = _places(parts, logit.estimate, digits)
        text = significant(odds, PLAIN, digits=digits)
        lines += [f"Odds = exp({fixed(logit.estimate, places, PLAIN)}) = {text} to 1", ""]
        # Odds beyond the doubles are shown as such; the rest of the sum uses the digits that are shown.
        shown_odds.append(float(text) if math.isfinite(odds) else odds)
    return lines + _probability_lines(example, shown_odds, digits)


def _has_no_sum(parts: Sequence[Contribution]) -> bool:
    return any(math.isinf(part.contribution) for part in parts)


def _title(example: Example, heading: str) -> str:
    if len(example.modelled) > 1:
        return f"Worked example: {heading}, each outcome against {level_text(example.baseline)}"
    event = level_text(example.modelled[0])
    what = event if example.grouped else f"{heading} = {event}"
    return f"Worked example: {what} (against {level_text(example.baseline)})"


def _values_lines(example: Example) -> list[str]:
    """Return the record, broken between its values."""
    shown = [f"{example.labels.get(name) or name} = {_level(value)}" for name, value in example.values]
    if not shown:
        return ["Any record: the model has no predictors"]
    lines, line = [], "A record with"
    for k, text in enumerate(shown):
        item = f" {text}{',' if k + 1 < len(shown) else ''}"
        if k and len(line) + len(item) > WIDTH:
            lines.append(line)
            line = " "
        line += item
    return [*lines, line]


def _level(value: Level) -> str:
    return f"{value:.6g}" if isinstance(value, float) else level_text(value)


# Logits --------------------------------------------------------------------------------------------------


def _places(parts: Sequence[Contribution], logit: float, odds_digits: int) -> int:
    """Return digits after the point with which the sum and the exponential can be checked."""
    for places in PLACES:
        adds_up = _has_no_sum(parts) or round(
            sum(round(p.contribution, places) for p in parts), places
        ) == round(logit, places)
        if adds_up and _same_odds(logit, places, odds_digits):
            return places
    return next((places for places in range(3, 16) if _same_odds(logit, places, odds_digits)), 15)


def _same_odds(logit: float, places: int, digits: int) -> bool:
    """Whether the exponential of the logit as shown is the odds as shown."""
    with np.errstate(over="ignore"):
        exact, shown = float(np.exp(logit)), float(np.exp(round(logit, places)))
    return significant(exact, PLAIN, digits=digits) == significant(shown, PLAIN, digits=digits)


def _sum_table(parts: Sequence[Contribution], logit: Range, odds_digits: int) -> list[str]:
    rows = [("Term", "Value", "Coefficient", "Contribution")]
    if _has_no_sum(parts) or not math.isfinite(logit.estimate):
        rows += [(p.term, *_factors(p, None, 3), _addend(p.contribution, 3)) for p in parts]
        total = fixed(logit.estimate, _places(parts, logit.estimate, odds_digits), PLAIN)
        total = "not known" if math.isnan(logit.estimate) else total
    else:
        places = _places(parts, logit.estimate, odds_digits)
        shown = apportioned([p.contribution for p in parts], logit.estimate, places)
        rows += [
            (p.term, *_factors(p, value, places), _addend(value, places))
            for p, value in zip(parts, shown, strict=True)
        ]
        total = fixed(logit.estimate, places, PLAIN)
    rows.append(("Logit (their sum)", "", "", total))
    widths = [max(display_width(visible(row[k])) for row in rows) for k in range(4)]
    lines = []
    for row in rows:
        cells = [visible(cell) for cell in row]
        first = cells[0] + " " * (widths[0] - display_width(cells[0]))
        rest = ["  " + " " * (widths[k] - display_width(cells[k])) + cells[k] for k in (1, 2, 3)]
        lines.append(first + "".join(rest))
    rule = "-" * (sum(widths) + 6)
    return [lines[0], rule, *lines[1:-1], rule, lines[-1], ""]


def _addend(value: float, places: int) -> str:
    return fixed(value, places, PLAIN)


def _factors(part: Contribution, shown: float | None, places: int) -> tuple[str, str]:
    """Return value and coefficient with the digits their product needs to be the contribution shown."""
    if math.isnan(part.coefficient):
        return f"{part.value:.4g}", "left out"
    if shown is None or not math.isfinite(part.coefficient):
        return f"{part.value:.4g}", significant(part.coefficient, PLAIN, digits=4)
    for digits in range(4, ALL_DIGITS + 1):
        value, coefficient = f"{part.value:.{digits}g}", f"{part.coefficient:.{digits}g}"
        if round(float(value) * float(coefficient), places) == shown:
            return value, coefficient
    return f"{part.value:.6g}", f"{part.coefficient:.6g}"


def _endless(logit: float) -> str:
    if math.isnan(logit):
        return "The data separate the outcomes in several directions: of this logit they say nothing."
    if logit > 0:
        return "The data separate the outcomes: this logit grows without limit, and so do the odds."
    return "The data separate the outcomes: this logit falls without limit, and the odds go to 0."


# Probabilities -------------------------------------------------------------------------------------------


def _odds_digits(example: WorkedExample) -> int:
    """Return significant digits of the odds from which every probability, as shown, follows."""
    if any(map(math.isnan, example.odds)):
        return DIGITS[0]
    for digits in DIGITS:
        odds = [
            float(significant(value, PLAIN, digits=digits)) if math.isfinite(value) else value
            for value in example.odds
        ]
        found = _from_odds(odds)
        exact = [p.estimate for p in example.probabilities]
        if all(_probability(a) == _probability(b) for a, b in zip(found, exact, strict=True)):
            return digits
    return DIGITS[-1]


def _from_odds(odds: Sequence[float]) -> list[float]:
    """Return the probabilities of the baseline and of each outcome."""
    if any(map(math.isinf, odds)):
        n = sum(map(math.isinf, odds))
        return [0.0, *(1.0 / n if math.isinf(value) else 0.0 for value in odds)]
    total = 1.0 + sum(odds)
    return [1.0 / total, *(value / total for value in odds)]


def _probability(p: float) -> str:
    if p in (0.0, 1.0) or NEAR_END <= p <= 1.0 - NEAR_END:
        return fixed(p, 3, PLAIN)
    if p < NEAR_END:
        return significant(p, PLAIN)
    return fixed(p, min(15, 2 - math.floor(math.log10(1.0 - p))), PLAIN)


def _probability_lines(example: Example, odds: Sequence[float], digits: int) -> list[str]:
    finite = all(map(math.isfinite, odds))
    shown = [significant(value, PLAIN, digits=digits) for value in odds]
    if len(odds) == 1:
        p = example.probabilities[1]
        how = f"{shown[0]} / (1 + {shown[0]}) = " if finite else ""
        if math.isnan(p.estimate):
            return ["Probability: not known"]
        return [f"Probability = {how}{_probability(p.estimate)}, that is {_percents(example, p)}"]
    lines = []
    if finite:
        total = f"{1.0 + sum(odds):.12g}"
        lines = [f"The odds of all outcomes, 1 for {level_text(example.baseline)}, add up to {total}.", ""]
    for k, (outcome, p) in enumerate(zip(example.outcomes, example.probabilities, strict=True)):
        part = "1" if k == 0 else shown[k - 1]
        how = f"{part} / {total} = " if finite else ""
        stated = (
            "not known" if math.isnan(p.estimate) else f"{_probability(p.estimate)}, {_percents(example, p)}"
        )
        lines.append(f"P({level_text(outcome)}) = {how}{stated}")
    return lines


def _percents(example: Example, p: Range) -> str:
    text = percent(p.estimate, PLAIN)
    if math.isnan(p.low) or math.isnan(p.high):
        return f"{text} (no interval)"
    level = percent_of(example.confidence)
    return f"{text} ({level} CI {percent(p.low, PLAIN)} to {percent(p.high, PLAIN)})"
