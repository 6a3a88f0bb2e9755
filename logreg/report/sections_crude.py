"""Crude beside adjusted odds ratios: each variable alone, and among the others."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from logreg.design.spec import INTERCEPT
from logreg.errors import ConvergenceWarning, SupportError
from logreg.interpret.crude import FOUND, terms_taken_together
from logreg.report.context import Context, Numbers
from logreg.report.nodes import Cell, Note, Row, Section, Table, TableColumn, paragraph
from logreg.report.outline import Line, joint_terms
from logreg.report.sections_coefficients import (
    RATIO_KEYS,
    estimate_cells,
    estimate_columns,
    heading_row,
    name_cell,
    note_texts,
    row_kind,
)
from logreg.report.words import listed, plural

__all__ = ["TITLE", "crude_section"]

TITLE = "Crude and adjusted odds ratios"
#: Rows times coefficients up to which a model is fitted for each variable alone: two seconds of work on two
#: cores.
LARGEST_REFITS = 1e7


def crude_section(context: Context) -> Section:
    """Return the table of both, or a note that says why there is none; nothing for a single variable."""
    together = _together(context)
    if len(together) < 2:
        return Section(key="crude", title=TITLE, blocks=())
    found = _crude(context)
    if isinstance(found, str):
        note = Note(text=f"Crude odds ratios are not shown: {found}")
        return Section(key="crude", title=TITLE, blocks=(note,))
    rows = plural(context.fit.n_rows, "row", context.style)
    said = paragraph(
        "Crude odds ratios are from models with one variable each, adjusted ones from the model with all of "
        f"them. Both use the same {rows}, so that they differ by the adjustment alone. An odds ratio moves "
        "when a predictor of the outcome is added, even without confounding: the distance between the two is "
        "no measure of it."
    )
    return Section(key="crude", title=TITLE, blocks=(said, _table(context, found, together)))


def _together(context: Context) -> tuple[tuple[str, ...], ...]:
    spec = context.shown.spec
    return terms_taken_together(spec, [group.terms for group in joint_terms(spec)])


def _crude(context: Context) -> Context | str:
    """Return the context with the numbers of the crude models, or why there are none."""
    fit = context.fit
    if fit.source is None:
        return "the model was loaded from a file and holds no records to fit again."
    if fit.convergence.status not in FOUND:
        return "the optimum of the model itself was not found."
    if fit.n_rows * fit.n_coef > LARGEST_REFITS:
        return (
            "with so many rows, a model for each variable takes seconds. They are in fit.crude_odds_ratios()."
        )
    try:
        with warnings.catch_warnings():
            # The table shows which numbers are missing, and why.
            warnings.simplefilter("ignore", ConvergenceWarning)
            frame = fit.crude_odds_ratios(
                unit=context.units,
                interval=context.interval,
                versus=context.versus,
                confidence=context.confidence,
            )
    except SupportError as error:
        return str(error)
    rows = iter(frame.to_dict("records"))
    aliased = {name for name, _ in context.shown.aliases}
    numbers = tuple(
        tuple(
            one if column.variable == INTERCEPT else _numbers(one, next(rows), column.name in aliased)
            for column, one in zip(context.shown.spec.columns, adjusted, strict=True)
        )
        for adjusted in context.numbers
    )
    return replace(context, numbers=numbers)


def _numbers(adjusted: Numbers, row: dict[Any, Any], is_aliased: bool) -> Numbers:
    ratio, low, high = (float(row[f"crude_{name}"]) for name in ("odds_ratio", "conf_low", "conf_high"))
    reason = ""
    if math.isnan(ratio):
        reason = "left out" if is_aliased else "not estimated"
    elif ratio == 0.0 or math.isinf(ratio):
        reason = "infinite"
    elif math.isnan(low) or math.isnan(high):
        reason = "no interval"
    return Numbers(
        logit=-math.inf if ratio == 0.0 else math.log(ratio),
        std_error=math.nan,
        ratio=ratio,
        low=low,
        high=high,
        p_value=float(row["crude_p_value"]),
        unit=adjusted.unit,
        reason=reason,
    )


def _table(context: Context, crude: Context, together: Sequence[Sequence[str]]) -> Table:
    binary = len(context.outcomes) == 1
    against = f"{context.outcomes[0]} against" if binary else "each outcome against"
    return Table(
        key="crude",
        caption=(
            f"Crude and adjusted odds ratios for {context.outcome_heading}: {against} {context.baseline} "
            "(the baseline)."
        ),
        columns=(
            TableColumn(key="term", heading="Variable" if binary else "Outcome and variable"),
            *estimate_columns(context, RATIO_KEYS, group="Crude"),
            *estimate_columns(context, RATIO_KEYS, group="Adjusted"),
        ),
        rows=tuple(_rows_of_event(context, crude) if binary else _rows_of_all(context, crude)),
        notes=tuple(_notes(context, crude, together)),
    )


def _rows_of_event(context: Context, crude: Context) -> Iterator[Row]:
    for line in _lines(context):
        if line.kind == "heading":
            yield heading_row(line)
        else:
            yield Row(cells=_cells(context, crude, 0, line), kind=row_kind(line), indent=line.indent)


def _rows_of_all(context: Context, crude: Context) -> Iterator[Row]:
    """Yield the lines of each outcome below its heading."""
    for k, outcome in enumerate(context.outcomes):
        heading = f"{outcome} (against {context.baseline})"
        yield Row(cells=(Cell(text=heading, value=outcome, style="strong"),), kind="group")
        for line in _lines(context):
            cells = (name_cell(context, line), *[Cell(text="")] * 2 * len(RATIO_KEYS))
            if line.kind != "heading":
                cells = _cells(context, crude, k, line)
            yield Row(cells=cells, kind=row_kind(line), indent=line.indent + 1)


def _lines(context: Context) -> Iterator[Line]:
    return (line for line in context.lines if line.kind != "intercept")


def _cells(context: Context, crude: Context, equation: int, line: Line) -> tuple[Cell, ...]:
    return (
        name_cell(context, line),
        *estimate_cells(crude, equation, line, RATIO_KEYS),
        *estimate_cells(context, equation, line, RATIO_KEYS),
    )


def _notes(context: Context, crude: Context, together: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "Crude: the variable alone. Adjusted: given all variables of the model."
    groups = [terms for terms in together if len(terms) > 1]
    if groups:
        shown = "; ".join(listed(terms) for terms in groups)
        yield f"Terms that share variables are together in one crude model: {shown}."
    adjusted = tuple(note_texts(context, RATIO_KEYS, counted=False))
    yield from dict.fromkeys((*adjusted, *note_texts(crude, RATIO_KEYS, counted=False)))
    if context.fit.options.covariance.startswith("survey (") and math.isfinite(context.fit.reference_df):
        yield "Degrees of freedom are those of the adjusted model; a crude one has its own."
