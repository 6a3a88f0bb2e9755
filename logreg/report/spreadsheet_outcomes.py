"""The second half of a calculator's numbers: from the design row to logits, odds and probabilities.

Source of the formulas: `logreg.report.calculator`. Exponentials are taken of numbers that are not positive,
so that none overflows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from logreg.report.calculator import CalculatorModel
from logreg.report.spreadsheet_design import INFINITE, OFFSET, Design
from logreg.report.spreadsheet_formulas import (
    Formula,
    absolute,
    chosen,
    equals,
    exponential,
    greatest,
    is_number,
    item,
    item_across,
    least,
    logarithm,
    matrix_product,
    place_in,
    quoted,
    sign,
    square_root,
    sum_of,
    sum_of_products,
    sum_where,
)
from logreg.report.spreadsheet_sheet import Column, Line
from logreg.report.spreadsheet_steps import Workings, sigmoid
from logreg.report.spreadsheet_text import shortened

__all__ = [
    "Part",
    "Three",
    "Uncertainty",
    "compared_of",
    "logits_of",
    "parts_of",
    "probabilities_of",
    "uncertainty_of",
]

#: What is larger is `INFINITE`, or a sum with it.
_BEYOND = INFINITE / 10.0
#: The exponential of a larger logit would not be a number of a spreadsheet: such odds count as infinite.
_LARGEST_EXPONENT = 709.0
_ENDLESS, _ENDLESS_BELOW, _NONE = quoted("∞"), quoted("\N{MINUS SIGN}∞"), quoted("\N{EN DASH}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Three:
    """An estimate with its limits, which are None without a covariance."""

    estimate: Formula
    low: Formula | None = None
    high: Formula | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """The covariance of the logits (m, m), and how many standard errors limits lie from an estimate."""

    covariance: Formula
    critical: Formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a term adds to the logit of each outcome, the first included, against the one compared with."""

    label: str
    added: tuple[Formula, ...]


def logits_of(
    model: CalculatorModel, workings: Workings, design: Design, offsets: Sequence[Formula]
) -> Column:
    """Write the logits of all K outcomes against the first, whose own is 0; return their cells."""
    moved = ("Speed", "Tolerance", "Rank", "Ranked speed", "Its tolerance", "Its place", "Place")
    headings = ("Outcome", "Logit", "Sum", *(moved if model.direction else ()))
    workings.heading("Logits against the first outcome", *headings)
    sheet, top = workings.sheet, workings.line
    _write_outcomes(model, workings)
    sums: list[Formula] = []
    for k, coefficients in enumerate(design.coefficients):
        total = sum_of_products(design.row, coefficients)
        sums.append(sheet.put(top + k + 1, 2, total + offsets[k] if offsets else total))
    moves = _moves(model, workings, design, top) if model.direction else []
    sheet.put(top, 1, 0.0)
    for k, logit in enumerate(sums):
        sheet.put(top + k + 1, 1, logit + moves[k] if moves else logit)
    return Column(sheet=sheet, row=top, column=1, n_rows=len(sums) + 1)


def _write_outcomes(model: CalculatorModel, workings: Workings) -> None:
    """Write the outcomes as the labels of the next rows."""
    for outcome in model.outcomes:
        workings.sheet.put(workings.line, 0, shortened(outcome), "label")
        workings.line += 1


def _moves(model: CalculatorModel, workings: Workings, design: Design, top: int) -> list[Formula]:
    """Write how far separation moves the logits, all outcomes in rows from ``top`` on.

    As in logreg.logits.limit.endless: outcomes are ranked by their speed along the direction; each
    goes twice ``far`` beyond the next slower one, together with those that are as fast but for a tolerance.
    """
    n_outcomes = len(model.outcomes)
    speed, tolerance, rank, ranked, its_tolerance, its_place = (
        Column(sheet=workings.sheet, row=top, column=3 + j, n_rows=n_outcomes) for j in range(6)
    )
    speed.put(0, 0.0)
    sizes: list[Formula | float] = [0.0]
    for k, steps in enumerate(design.directions):
        speed.put(k + 1, sum_of_products(design.row, steps))
        sizes.append(sum_of_products(absolute(design.row) * absolute(steps)))
    fastest = greatest(greatest(speed.area()), -least(speed.area()))
    for k, size in enumerate(sizes):
        tolerance.put(k, model.still * greatest(size, fastest))
        slower = sum_of_products((speed.area() < speed.cell(k)) * 1)
        same = sum_of_products(equals(speed.area(0, k), speed.cell(k)) * 1) if k else None
        rank.put(k, (slower if same is None else slower + same) + 1)
    for r in range(n_outcomes):
        place = place_in(r + 1.0, rank.area())
        ranked.put(r, item(speed.area(), place))
        its_tolerance.put(r, item(tolerance.area(), place))
        if r == 0:
            its_place.put(r, 0.0)
            continue
        gap = ranked.cell(r) - ranked.cell(r - 1) > greatest(its_tolerance.cell(r), its_tolerance.cell(r - 1))
        its_place.put(r, its_place.cell(r - 1) + chosen(gap, 1, 0))
    places = [workings.sheet.put(top + k, 9, item(its_place.area(), rank.cell(k))) for k in range(n_outcomes)]
    return [(place - places[0]) * (2.0 * model.far) for place in places[1:]]


def uncertainty_of(model: CalculatorModel, workings: Workings, design: Design) -> Uncertainty | None:
    """Write the covariance of the coefficients and, from it, that of the logits; None where there is none."""
    if model.covariance is None:
        return None
    m, p = len(model.coefficients), len(model.column_names)
    names = [shortened(name) for name in model.column_names]
    workings.heading("Covariance of the coefficients", "Column", *names * m)
    sheet, top = workings.sheet, workings.line
    for r, row in enumerate(model.covariance):
        sheet.put(top + r, 0, names[r % p], "label")
        sheet.write_across(top + r, 1, [*row, *(later[r] for later in model.covariance[r + 1 :])])
    workings.line += m * p
    outcomes = [shortened(outcome) for outcome in model.outcomes[1:]]
    workings.heading("Covariance of the logits", "Outcome", *outcomes)
    first = workings.line
    for j in range(m):
        sheet.put(first + j, 0, outcomes[j], "label")
        for k in range(m):
            block = sheet.area(top + j * p, 1 + k * p, p, p)
            # Matrices of one cell are left out: not every program has them.
            left = matrix_product(block, design.centred) if p > 1 else block * design.centred
            sheet.put(first + j, k + 1, sum_of_products(left, design.centred))
    workings.line += m
    covariance = sheet.area(first, 1, m, m)
    critical = workings.labelled("limits, in standard errors", model.critical)
    return Uncertainty(covariance=covariance, critical=critical)


def _gradient_headings(model: CalculatorModel) -> list[str]:
    return [f"Slope, {shortened(outcome)}" for outcome in model.outcomes[1:]]


def _reach(line: Line, slopes: Sequence[Formula | float], uncertainty: Uncertainty) -> Formula:
    """Write the gradient of a function of the logits and its standard error; return how far limits are."""
    for slope in slopes:
        line.put(slope)
    gradient = line.last(len(slopes))
    if len(slopes) > 1:
        variance = sum_of_products(matrix_product(gradient, uncertainty.covariance), gradient)
    else:
        variance = sum_of_products(gradient, uncertainty.covariance, gradient)
    return uncertainty.critical * line.put(square_root(greatest(variance, 0)))


def probabilities_of(
    model: CalculatorModel, workings: Workings, logits: Column, uncertainty: Uncertainty | None
) -> list[Three]:
    """Write probabilities; their limits stand on the log-odds of each outcome against all others."""
    limits = ["Others, log-odds", "Log-odds", *_gradient_headings(model), "Standard error", "Lower", "Upper"]
    workings.heading(
        "Probabilities", "Outcome", "Relative odds", "Probability", *(limits if uncertainty else [])
    )
    top, n_outcomes = workings.line, len(model.outcomes)
    _write_outcomes(model, workings)
    lines = [Line(sheet=workings.sheet, row=top + k) for k in range(n_outcomes)]
    for k, line in enumerate(lines):
        line.put(exponential(logits.cell(k) - greatest(logits.area())))
    relative = Column(sheet=workings.sheet, row=top, column=1, n_rows=n_outcomes)
    found = []
    for k, line in enumerate(lines):
        estimate = line.put(relative.cell(k) / sum_of(relative.area()))
        if uncertainty is None:
            found.append(Three(estimate=estimate))
            continue
        rest = line.put(_logarithm_of_sum(logits.others(k)))
        log_odds = line.put(logits.cell(k) - rest)
        slopes = [
            1.0 if j == k else -exponential(least(logits.cell(j) - rest, 0)) for j in range(1, n_outcomes)
        ]
        reach = _reach(line, slopes, uncertainty)
        ends: list[Formula] = [sigmoid(log_odds - reach), sigmoid(log_odds + reach)]
        if model.direction:
            largest = greatest(greatest(logits.area()), -least(logits.area()))
            ends = [chosen(largest >= model.far, _NONE, end) for end in ends]
        found.append(Three(estimate=estimate, low=line.put(ends[0]), high=line.put(ends[1])))
    return found


def _logarithm_of_sum(areas: Sequence[Formula]) -> Formula:
    """Return the logarithm of the sum of the exponentials of all cells of some areas."""
    largest = greatest(*areas)
    return largest + logarithm(reduce(add, (sum_of_products(exponential(area - largest)) for area in areas)))


def compared_of(
    model: CalculatorModel,
    workings: Workings,
    logits: Column,
    uncertainty: Uncertainty | None,
    versus: Formula | None,
) -> list[tuple[Three, Three]]:
    """Write odds and logits against the outcome at the place ``versus``; None is the first."""
    headings = ["Difference", "Logit", "Odds"]
    if uncertainty:
        headings += [*_gradient_headings(model), "Standard error"]
        headings += ["Lower logit", "Upper logit", "Lower odds", "Upper odds"]
    workings.heading("Odds and logits against the outcome compared with", "Outcome", *headings)
    top, n_outcomes = workings.line, len(model.outcomes)
    _write_outcomes(model, workings)
    base = logits.cell(0) if versus is None else item(logits.area(), versus)
    found = []
    for k in range(n_outcomes):
        line = Line(sheet=workings.sheet, row=top + k)
        difference = line.put(logits.cell(k) - base)
        shown: list[Formula] = [difference, _odds(difference)]
        if model.direction:
            # Nothing is known of two outcomes that are impossible alike.
            alike = chosen(greatest(logits.area()) - logits.cell(k) >= model.far, 1, 0)
            open_one = alike * chosen(absolute(difference) < model.far, 1, 0) > 0
            shown = [
                chosen(open_one, _NONE, part) for part in (_shown(difference, model.far), _odds(difference))
            ]
        logit, odds = map(line.put, shown)
        if uncertainty is None:
            found.append((Three(estimate=odds), Three(estimate=logit)))
            continue
        slopes = [_contrast(j, k, versus) for j in range(1, n_outcomes)]
        reach = _reach(line, slopes, uncertainty)
        ends = [difference - reach, difference + reach]
        if model.direction:
            ends = [chosen(is_number(logit), end, _NONE) for end in ends]
        low, high = (line.put(end) for end in ends)
        ends = [
            chosen(is_number(end), _odds(end), _NONE) if model.direction else _odds(end)
            for end in (low, high)
        ]
        limits = [line.put(end) for end in ends]
        found.append(
            (
                Three(estimate=odds, low=limits[0], high=limits[1]),
                Three(estimate=logit, low=low, high=high),
            )
        )
    return found


def _contrast(j: int, k: int, versus: Formula | None) -> Formula | float:
    """Return the slope of the logit of outcome k against the one compared with, along the logit of j."""
    own = float(j == k)
    return own if versus is None else own - chosen(equals(versus, j + 1.0), 1, 0)


def _odds(logit: Formula) -> Formula:
    return chosen(logit > _LARGEST_EXPONENT, _ENDLESS, exponential(least(logit, _LARGEST_EXPONENT)))


def _shown(number: Formula, far: float) -> Formula:
    """Return a number, or the sign for an infinite one where it is large enough to stand for that."""
    return chosen(absolute(number) >= far, chosen(number > 0, _ENDLESS, _ENDLESS_BELOW), number)


def parts_of(
    model: CalculatorModel,
    workings: Workings,
    design: Design,
    offsets: Sequence[Formula],
    versus: Formula | None,
) -> tuple[Part, ...]:
    """Write what each term adds to the logit of every outcome against the one compared with."""
    names = [shortened(outcome) for outcome in model.outcomes]
    terms = [(k + 1.0, shortened(label)) for k, (_, label) in enumerate(model.term_labels)]
    rows: list[tuple[str, list[Formula]]] = [
        (label, [_total(model, design, number, added) for added in design.added])
        for number, label in [*([(0.0, "Intercept")] if model.intercept else []), *terms]
    ]
    rows += [(OFFSET, list(offsets))] if offsets else []
    as_shown = model.direction is not None or versus is not None
    shown = [f"Shown, {name}" for name in names] if as_shown else []
    workings.heading("What each term adds", "Term", *names, *shown)
    found = []
    for label, sums in rows:
        workings.sheet.put(workings.line, 0, label, "label")
        line = Line(sheet=workings.sheet, row=workings.line)
        contents: list[Formula | float] = [0.0, *sums]
        cells = [line.put(content) for content in contents]
        if as_shown:
            base = None if versus is None else item_across(line.last(len(cells)), versus)
            cells = [line.put(_against(model, cell, base)) for cell in cells]
        found.append(Part(label=label, added=tuple(cells)))
        workings.line += 1
    return tuple(found)


def _total(model: CalculatorModel, design: Design, number: float, added: Formula) -> Formula:
    """Return what the columns of a term add together; nothing can be said of one infinity less another."""
    total = sum_where(design.term, number, added)
    if model.direction is None:
        return total
    here = equals(design.term, number)
    above, below = sum_of_products(here * (added > _BEYOND)), sum_of_products(here * (added < -_BEYOND))
    return chosen(least(above, below) > 0, _NONE, total)


def _against(model: CalculatorModel, cell: Formula, base: Formula | None) -> Formula:
    difference = cell if base is None else cell - base
    if model.direction is None:
        return difference
    found = _shown(difference, _BEYOND)
    if base is not None:
        both = least(absolute(cell), absolute(base)) > _BEYOND
        found = chosen(both, chosen(equals(sign(cell), sign(base)), _NONE, found), found)
    return chosen(is_number(difference), found, _NONE)
