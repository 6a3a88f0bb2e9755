"""The calculator of a report as two sheets: one where the reader changes values, one with numbers.

The formulas are those of `logreg.report.calculator`. The sheet with the numbers is written from top to
bottom, by `logreg.report.spreadsheet_design` and `logreg.report.spreadsheet_outcomes`; the reader's sheet,
`logreg.report.spreadsheet_page`, points to it.
"""

from __future__ import annotations

from collections.abc import Sequence

from logreg.report.calculator import WORDS, CalculatorModel
from logreg.report.spreadsheet_design import (
    NO_NAME,
    Check,
    design_of,
    factors_of,
    inputs_of,
    offsets_of,
    place_of,
)
from logreg.report.spreadsheet_formulas import Formula, chosen, is_number, length, quoted
from logreg.report.spreadsheet_outcomes import (
    compared_of,
    logits_of,
    parts_of,
    probabilities_of,
    uncertainty_of,
)
from logreg.report.spreadsheet_page import Page
from logreg.report.spreadsheet_sheet import Sheet
from logreg.report.spreadsheet_steps import Choices, Workings
from logreg.report.spreadsheet_text import distinct, shortened

__all__ = ["calculator_sheets"]

#: Columns of the sheet with the numbers, in characters: labels, then numbers.
_WIDTHS = (44.0, *[22.0] * 30)


def calculator_sheets(model: CalculatorModel, name: str, numbers_name: str) -> tuple[Sheet, Sheet]:
    """Return the sheet on which the reader changes the record, and the one it computes with.

    Parameters
    ----------
    model : CalculatorModel
    name, numbers_name : str
        Of the two sheets; without apostrophes.
    """
    workings = Workings(
        sheet=Sheet(name=numbers_name, widths=_WIDTHS),
        names=tuple(shortened(one.name) for one in model.inputs),
    )
    workings.sheet.put(0, 0, numbers_name, "title")
    workings.sheet.put(
        1, 0, f"The sheet “{name}” computes with these cells. Change values there, not here.", "soft"
    )
    workings.line = 2
    for k, one in enumerate(model.inputs):
        if one.choices is not None:
            workings.choices[k] = _listed(workings, f"Choices: {shortened(one.label)}", one.choices)
    outcomes = _listed(workings, f"Outcomes: {shortened(model.outcome)}", model.outcomes)

    page = Page(model=model, sheet=Sheet(name=name))
    page.write_opening()
    entries = page.write_inputs({k: choices.names for k, choices in workings.choices.items()})
    compared_with = page.write_baseline(outcomes.names)

    checks = inputs_of(model, workings, entries)
    versus = None
    if compared_with is not None:
        versus = page.versus = place_of(workings, WORDS["versus"], outcomes, compared_with)
        checks.append((f"{WORDS['versus']}: {NO_NAME}", versus))
    page.write_remarks([cell for _, cell in checks])

    factors = factors_of(model, workings, checks)
    offsets = offsets_of(model, workings, checks)
    design = design_of(model, workings, factors)
    logits = logits_of(model, workings, design, offsets)
    uncertainty = uncertainty_of(model, workings, design)
    probabilities = probabilities_of(model, workings, logits, uncertainty)
    against = compared_of(model, workings, logits, uncertainty, versus)
    parts = parts_of(model, workings, design, offsets, versus)

    page.message = _message(workings, checks)
    page.write_results(probabilities, against, outcomes.names)
    page.write_parts(parts, [logit for _, logit in against])
    page.write_notes(numbers_name)
    return page.sheet, workings.sheet


def _listed(workings: Workings, heading: str, texts: Sequence[str]) -> Choices:
    """Write names to choose from, with their numbers."""
    workings.heading(heading, "Name", "Number")
    row, sheet = workings.line, workings.sheet
    for k, text in enumerate(distinct(texts)):
        sheet.put(row + k, 0, text, "label")
    numbers = sheet.write_down(row, 1, [k + 1.0 for k in range(len(texts))])
    workings.line += len(texts)
    return Choices(names=sheet.area(row, 0, len(texts)), numbers=numbers, row=row, column=2)


def _message(workings: Workings, checks: Sequence[Check]) -> Formula:
    """Write a line for everything that can be wrong with a record; return the first that is, or ""."""
    workings.heading("Checks", "Said if it fails", "Said so far")
    found: Formula = quoted("")
    for text, cell in checks:
        said = workings.sheet.put(workings.line, 0, text, "label")
        here = chosen(is_number(cell), quoted(""), said)
        if found.text != quoted("").text:
            here = chosen(length(found) > 0, found, here)
        found = workings.sheet.put(workings.line, 1, here)
        workings.line += 1
    return found
