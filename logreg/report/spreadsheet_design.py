"""The first half of a calculator's numbers: from the cells of a record to its design row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, mul
from types import MappingProxyType
from typing import TypeAlias

from logreg.report.calculator import WORDS, CalculatorModel
from logreg.report.calculator_steps import FactorSteps
from logreg.report.spreadsheet_formulas import (
    Formula,
    chosen,
    equals,
    is_exact,
    is_number,
    no_value,
    sum_of_products,
)
from logreg.report.spreadsheet_steps import Choices, Workings
from logreg.report.spreadsheet_text import shortened

__all__ = [
    "INFINITE",
    "NO_NAME",
    "OFFSET",
    "Check",
    "Design",
    "design_of",
    "factors_of",
    "inputs_of",
    "offsets_of",
    "place_of",
]

OFFSET = "Offset"
NO_NAME = "a name from the list is needed"
#: Stands for an infinite number while terms are added up.
INFINITE = 1e300
_SIGNS: Mapping[bool, tuple[float, float]] = MappingProxyType(
    {True: (INFINITE, -INFINITE), False: (-INFINITE, INFINITE)}
)

#: What to say if a cell holds no number, and the cell.
Check: TypeAlias = "tuple[str, Formula]"
#: The columns of a factor, or the place of its level.
_Factor: TypeAlias = "list[Formula] | Formula"


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Areas with one row per design column: its value, the same less its centre, the number of its term (0
    for the intercept), and for each equation the coefficient, what the column adds to the logit, and the
    direction of separation, if there is one.
    """

    row: Formula
    centred: Formula
    term: Formula
    coefficients: tuple[Formula, ...]
    added: tuple[Formula, ...]
    directions: tuple[Formula, ...]


def inputs_of(model: CalculatorModel, workings: Workings, entries: Sequence[Formula]) -> list[Check]:
    """Write the numbers of a record, for choices their places, from the cells that the reader changes."""
    workings.heading("Inputs", "Name", "Number used", "Choice found")
    checks = []
    for k, (one, entry) in enumerate(zip(model.inputs, entries, strict=True)):
        label = shortened(one.label)
        if one.choices is None:
            used = workings.labelled(label, chosen(is_number(entry), entry, no_value()))
            checks.append((f"{label}: {WORDS['missing']}", used))
        else:
            used = place_of(workings, label, workings.choices[k], entry)
            checks.append((f"{label}: {NO_NAME}", used))
        workings.inputs.append(used)
    return checks


def place_of(workings: Workings, label: str, choices: Choices, entry: Formula) -> Formula:
    """Write the place, counted from 1, of the name in a cell among the choices; an error if it is none."""
    sought = sum_of_products(is_exact(choices.names, entry) * choices.numbers)
    found = workings.sheet.put(workings.line, 2, sought)
    return workings.labelled(label, chosen(found > 0, found, no_value()))


def factors_of(model: CalculatorModel, workings: Workings, checks: list[Check]) -> list[_Factor]:
    """Write the factors; return the columns of each, or the place of its level."""
    before = workings.line
    workings.heading("Factors", "What", "Value", "Constants")
    first = workings.line
    places = [
        workings.step(factor.step) if factor.n_levels is None else workings.level(factor.step)
        for factor in model.factors
    ]
    for step in model.offsets:
        workings.step(step)
    if workings.line == first:
        workings.remove_from(before)
    found: list[_Factor] = []
    for factor, place in zip(model.factors, places, strict=True):
        label = shortened(factor.label)
        columns = workings.basis(label, factor.basis, place) if factor.basis else [place]
        # The last power of a number is the first to have no value.
        checks.append((f"{label}: {WORDS['no_value']}", columns[-1]))
        found.append(columns if factor.n_levels is None else place)
    return found


def offsets_of(model: CalculatorModel, workings: Workings, checks: list[Check]) -> list[Formula]:
    """Write the offset of each equation and return them; none without offsets."""
    if not model.offsets:
        return []
    steps = [workings.step(step) for step in model.offsets]
    workings.heading("Offset", "Of", "Value")
    if model.offset_per_outcome:
        named = zip(model.outcomes[1:], steps, strict=True)
        found = [workings.labelled(shortened(outcome), step) for outcome, step in named]
    else:
        found = [workings.labelled("every outcome but the first", reduce(add, steps))] * len(
            model.coefficients
        )
    checks += [(f"{OFFSET}: {WORDS['no_value']}", cell) for cell in dict.fromkeys(found)]
    return found


def design_of(model: CalculatorModel, workings: Workings, factors: Sequence[_Factor]) -> Design:
    """Write the design row, one design column on each line, with coefficients and what they add."""
    products, owners = _products(model, workings, factors)
    names = [shortened(outcome) for outcome in model.outcomes[1:]]
    n_columns, m = len(products), len(names)
    shown, centred = model.shown_coefficients, any(model.centre)
    headings = ["Value", "Term number", *(["Centre", "Value less centre"] if centred else [])]
    headings += [f"Coefficient, {name}" for name in names]
    headings += [f"Adds to logit, {name}" for name in names]
    headings += [f"Direction, {name}" for name in names] if model.direction else []
    workings.heading("Design row", "Column", *headings)
    sheet, top, first = workings.sheet, workings.line, 5 if centred else 3
    for i, (name, product, owner) in enumerate(zip(model.column_names, products, owners, strict=True)):
        row = top + i
        out = shown is not None and all(coef[i] is None for coef in shown)
        sheet.put(row, 0, shortened(name) + (" (left out)" if out else ""), "label")
        x = sheet.put(row, 1, product)
        sheet.put(row, 2, owner)
        if centred:
            sheet.put(row, 4, x - sheet.put(row, 3, model.centre[i]))
        for k in range(m):
            coefficient = sheet.put(row, first + k, model.coefficients[k][i])
            reported = model.coefficients[k][i] if shown is None else shown[k][i]
            sheet.put(row, first + m + k, _added(x, coefficient, reported))
            if model.direction:
                sheet.put(row, first + 2 * m + k, model.direction[k][i])
    workings.line += n_columns
    area = [
        sheet.area(top, column, n_columns) for column in range(1, first + (3 if model.direction else 2) * m)
    ]
    return Design(
        row=area[0],
        centred=area[3] if centred else area[0],
        term=area[1],
        coefficients=tuple(area[first - 1 : first - 1 + m]),
        added=tuple(area[first - 1 + m : first - 1 + 2 * m]),
        directions=tuple(area[first - 1 + 2 * m :]),
    )


def _products(
    model: CalculatorModel, workings: Workings, factors: Sequence[_Factor]
) -> tuple[list[Formula | float], list[float]]:
    """Return the design row as products of cells, and the number of the term of each."""
    codes: dict[tuple[int, object], list[Formula]] = {}
    before = workings.line
    workings.heading("Coded levels", "Level", "Value")
    first = workings.line
    products: list[Formula | float] = [1.0] if model.intercept else []
    owners = [0.0] if model.intercept else []
    numbers = {name: k + 1.0 for k, (name, _) in enumerate(model.term_labels)}
    for term in model.terms:
        found: list[tuple[Formula, ...]] = [()]
        for place, coding in reversed(term.parts):
            here = factors[place]
            if isinstance(here, Formula):
                assert coding is not None
                if (place, coding) not in codes:
                    codes[place, coding] = _coded(model, workings, model.factors[place], coding, here)
                here = codes[place, coding]
            found = [(column, *later) for later in found for column in here]
        products += [reduce(mul, cells) for cells in found]
        owners += [numbers[term.term]] * len(found)
    if workings.line == first:
        workings.remove_from(before)
    return products, owners


def _coded(
    model: CalculatorModel,
    workings: Workings,
    factor: FactorSteps,
    coding: tuple[tuple[float, ...], ...],
    level: Formula,
) -> list[Formula]:
    """Write the columns of a factor with levels; each is 0 but at a level or two."""
    names = _level_names(model, factor)
    found = []
    for j in range(len(coding[0])):
        value: Formula | float = 0.0
        here = [(k, row[j]) for k, row in enumerate(coding) if row[j]]
        for k, number in reversed(here):
            value = chosen(equals(level, k + 1.0), number, value)
        label = f"{shortened(factor.label)}: {shortened(names[here[0][0]])}"
        found.append(workings.labelled(label, value))
    return found


def _level_names(model: CalculatorModel, factor: FactorSteps) -> list[str]:
    """Return how the levels of a factor are named for the reader."""
    assert isinstance(factor.step, tuple)
    assert factor.n_levels is not None
    if factor.step[0] == "position":
        return [f"{number:g}" for number in factor.step[2]]
    names = model.inputs[factor.step[1]].choices or ()
    by_level = dict(zip(factor.step[2], names, strict=True))
    return [by_level.get(k, f"level {k + 1}") for k in range(factor.n_levels)]


def _added(x: Formula, coefficient: Formula, reported: float | None) -> Formula | float:
    """Return what a column adds to a logit, as it is reported: nothing where it is 0 or was left out."""
    if reported is None:
        return 0.0
    if math.isinf(reported):
        return chosen(equals(x, 0), 0, chosen(x > 0, *_SIGNS[reported > 0]))
    return x * coefficient
