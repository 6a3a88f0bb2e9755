"""The coefficient tables: one for two outcomes; side by side and stacked for more."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal

from logreg.report.context import BLANK, Context, Numbers, step_text
from logreg.report.formats import NumberStyle, fixed, odds_ratio, odds_ratio_interval, p_value, significant
from logreg.report.inference_words import interval_note
from logreg.report.nodes import Cell, Row, Table, TableColumn
from logreg.report.outline import Line
from logreg.report.words import REASONS, amount, endless_names, reason_text

__all__ = [
    "RATIO_KEYS",
    "coefficient_tables",
    "estimate_cells",
    "estimate_columns",
    "heading_row",
    "logit_text",
    "name_cell",
    "note_texts",
    "row_kind",
    "stacked_table",
    "wide_table",
]

#: A table of one outcome against the baseline shows these.
RATIO_KEYS = ("odds_ratio", "interval", "p_value")
#: Columns of a table that fits an upright page (the style sheet of the page turns wider ones).
WIDEST_UPRIGHT = 13
#: Below this three digits after the point would leave one that counts.
SMALLEST_WITH_THREE_DIGITS = 0.01
ALL_KEYS = ("estimate", "std_error", *RATIO_KEYS)


def coefficient_tables(context: Context) -> tuple[Table, ...]:
    """Return the tables of estimates: one for a binary outcome, for others side by side and stacked by
    outcome.
    """
    if len(context.outcomes) == 1:
        return (binary_table(context),)
    wide, stacked = wide_table(context), stacked_table(context)
    # On paper a very wide table turns the page: it comes last, so that the heading stays with the other.
    return (wide, stacked) if len(wide.columns) <= WIDEST_UPRIGHT else (stacked, wide)


def binary_table(context: Context, *, counts: bool = True) -> Table:
    """Return the estimates of a binary outcome, variable by variable."""
    counted = counts and _has_counts(context)
    columns = [TableColumn(key="term", heading="Variable")]
    if counted:
        columns += [
            TableColumn(key="n", heading=_count_heading(context), align="right"),
            TableColumn(key="events", heading="Events", align="right"),
        ]
    columns += estimate_columns(context, ALL_KEYS)
    rows = []
    for line in context.lines:
        if line.kind == "heading":
            rows.append(heading_row(line))
            continue
        cells = [name_cell(context, line)]
        if counted:
            cells += [_count_cell(context, line.counts), _count_cell(context, line.counts[1:])]
        cells += estimate_cells(context, 0, line, ALL_KEYS)
        rows.append(Row(cells=tuple(cells), kind=row_kind(line), indent=line.indent))
    return Table(
        key="coefficients",
        caption=(
            f"Logits and odds ratios for {context.outcome_heading}: {context.outcomes[0]} against "
            f"{context.baseline} (the baseline)."
        ),
        columns=tuple(columns),
        rows=tuple(rows),
        notes=_notes(context, ALL_KEYS, counted=counted),
    )


def wide_table(context: Context) -> Table:
    """Return odds ratios with the outcomes side by side, each against the baseline."""
    counted = _has_counts(context)
    columns = [TableColumn(key="term", heading="Variable")]
    if counted:
        group = _apart(f"{context.baseline} (baseline)", context.outcomes)
        columns.append(TableColumn(key="n", heading=_count_heading(context), align="right", group=group))
    for outcome in context.outcomes:
        if counted:
            columns.append(
                TableColumn(key="n", heading=_count_heading(context), align="right", group=outcome)
            )
        columns += estimate_columns(context, RATIO_KEYS, group=outcome)
    rows = []
    for line in context.lines:
        if line.kind == "intercept":
            continue
        if line.kind == "heading":
            rows.append(heading_row(line))
            continue
        cells = [name_cell(context, line)]
        cells += [_count_cell(context, line.counts[:1])] if counted else []
        for k in range(len(context.outcomes)):
            cells += [_count_cell(context, line.counts[k + 1 : k + 2])] if counted else []
            cells += estimate_cells(context, k, line, RATIO_KEYS)
        rows.append(Row(cells=tuple(cells), kind=row_kind(line), indent=line.indent))
    return Table(
        key="odds_ratios",
        caption=(
            f"Odds ratios for {context.outcome_heading}, outcomes side by side, each against "
            f"{context.baseline} (the baseline)."
        ),
        columns=tuple(columns),
        rows=tuple(rows),
        notes=_notes(context, RATIO_KEYS, counted=counted),
    )


def stacked_table(context: Context) -> Table:
    """Return logits and odds ratios with the outcomes below each other, each against the baseline."""
    columns = (TableColumn(key="term", heading="Outcome and variable"), *estimate_columns(context, ALL_KEYS))
    rows = []
    for k, outcome in enumerate(context.outcomes):
        heading = f"{outcome} (against {context.baseline})"
        rows.append(Row(cells=(Cell(text=heading, value=outcome, style="strong"),), kind="group"))
        for line in context.lines:
            cells = [name_cell(context, line)]
            # The heading of a factor is a row of its own here: the outcome's heading governs them all.
            empty = line.kind == "heading"
            cells += [Cell(text="")] * len(ALL_KEYS) if empty else estimate_cells(context, k, line, ALL_KEYS)
            rows.append(Row(cells=tuple(cells), kind=row_kind(line), indent=line.indent + 1))
    return Table(
        key="coefficients",
        caption=(
            f"Logits and odds ratios for {context.outcome_heading}, outcome by outcome, each against "
            f"{context.baseline} (the baseline)."
        ),
        columns=columns,
        rows=tuple(rows),
        notes=_notes(context, ALL_KEYS, counted=False),
    )


def _apart(heading: str, others: Sequence[str]) -> str:
    """Return a heading that no other column group has."""
    return _apart(f"{heading} ", others) if heading in others else heading


def _has_counts(context: Context) -> bool:
    return any(line.counts for line in context.lines)


def _count_heading(context: Context) -> str:
    spec = context.shown.spec
    return "Weight" if spec.weights is not None and spec.weight_kind != "frequency" else "n"


def estimate_columns(context: Context, keys: Sequence[str], group: str = "") -> list[TableColumn]:
    """Return the columns of a table of estimates, under a common heading."""
    headings = {
        "estimate": ("Logit", "log-odds"),
        "std_error": ("Std. error", "log-odds"),
        "odds_ratio": ("Odds ratio", ""),
        "interval": (f"{context.level} CI", "odds ratio" if "estimate" in keys else ""),
        "p_value": ("p", ""),
    }
    return [
        TableColumn(key=key, heading=headings[key][0], unit=headings[key][1], align="right", group=group)
        for key in keys
    ]


def row_kind(line: Line) -> Literal["data", "reference"]:
    """Return the kind of row that a line is."""
    return "reference" if line.kind == "reference" else "data"


def heading_row(line: Line) -> Row:
    """Return a factor's heading over the whole table."""
    return Row(cells=(Cell(text=line.text, value=line.name),), kind="group")


def name_cell(context: Context, line: Line) -> Cell:
    """Return what a line is about, with the unit of its estimates if that is not 1."""
    unit = None if line.position is None else context.numbers[0][line.position].unit
    step = "" if unit is None or unit == 1.0 else f", per {step_text(unit, context.style)}"
    return Cell(text=line.text + step, value=line.name)


def _count_cell(context: Context, counts: Sequence[float]) -> Cell:
    return Cell(text=amount(sum(counts), context.style), value=sum(counts)) if counts else Cell(text="")


def estimate_cells(context: Context, equation: int, line: Line, keys: Sequence[str]) -> list[Cell]:
    """Return the estimates of a line in one equation, a cell for each key."""
    style = context.style
    if line.position is None:
        shown = {"interval": Cell(text="from the others")}
        if line.kind == "reference":
            shown = {"odds_ratio": Cell(text="1", value=1.0), "interval": Cell(text="reference")}
        return [shown.get(key, Cell(text="")) for key in keys]
    numbers = context.numbers[equation][line.position]
    reason = reason_text(context.shown, line, numbers, style)
    cells = {
        "estimate": _number_cell(
            numbers.logit, logit_text(numbers.logit, style, reason=numbers.reason), reason
        ),
        "std_error": _number_cell(
            numbers.std_error, logit_text(numbers.std_error, style, reason=BLANK), reason
        ),
        "odds_ratio": _number_cell(numbers.ratio, odds_ratio(numbers.ratio, style, reason=BLANK), reason),
        "interval": _interval_cell(context, numbers, reason),
        "p_value": _number_cell(
            numbers.p_value,
            p_value(numbers.p_value, style, reason=BLANK),
            reason if math.isnan(numbers.p_value) else "",
        ),
    }
    if "estimate" not in keys and reason and numbers.reason != "infinite":
        cells["odds_ratio"] = _number_cell(numbers.ratio, numbers.reason, reason)
    if line.kind in ("intercept", "basis"):
        # Neither is an odds ratio between records; the test of a basis function still says something.
        without = RATIO_KEYS if line.kind == "intercept" else ("odds_ratio", "interval")
        cells |= {key: Cell(text=BLANK, style="muted") for key in without}
    return [cells[key] for key in keys]


def logit_text(value: float, style: NumberStyle, *, reason: str = "") -> str:
    """Return a logit or its standard error: three digits after the point, more for small ones.

    Examples
    --------
    >>> from logreg.report.formats import PLAIN
    >>> [logit_text(x, PLAIN) for x in (1.23449, -0.0296, 0.00041267)]
    ['1.234', '-0.030', '0.00041']
    """
    if 0.0 < abs(value) < SMALLEST_WITH_THREE_DIGITS:
        return significant(value, style, digits=2)
    return fixed(value, 3, style, reason=reason)


def _number_cell(value: float, text: str, reason: str) -> Cell:
    return Cell(text=text, value=value, reason=reason)


def _interval_cell(context: Context, numbers: Numbers, reason: str) -> Cell:
    text = odds_ratio_interval(numbers.low, numbers.high, context.style, reason=numbers.reason)
    if numbers.has_interval:
        return Cell(text=text, value=f"{numbers.low!r} to {numbers.high!r}")
    return Cell(text=text, reason=reason)


def _notes(context: Context, keys: Sequence[str], *, counted: bool) -> tuple[str, ...]:
    return tuple(note_texts(context, keys, counted=counted))


def note_texts(context: Context, keys: Sequence[str], *, counted: bool) -> Iterator[str]:
    """Yield what has to be said below a table of estimates."""
    kinds = {line.kind for line in context.lines}
    parts = [interval_note(context)]
    if "estimate" in keys:
        parts.insert(0, "Std. error: standard error of the logit")
        parts.insert(0, "Logit: natural logarithm of the odds ratio")
    if counted:
        words = "sums of weights" if _count_heading(context) == "Weight" else "records at the level"
        parts.append(
            f"{_count_heading(context)}: {words}"
            + (", Events: those with the event" if len(context.outcomes) == 1 else "")
        )
    yield ". ".join(parts) + "."
    if "number" in kinds:
        named = " unless “per” says otherwise" if context.units else ""
        yield f"Numeric variables: for an increase by 1{named}."
    if len(context.outcomes) > 1:
        yield (
            f"Each odds ratio compares one outcome with {context.baseline} only; the outcome's probability "
            "may move the other way."
        )
    if any(line.joint for line in context.lines):
        yield "Terms that act jointly (interactions, polynomials, splines): read them from the effect plots."
    if any(line.contrast == "sum" for line in context.lines):
        yield (
            "Sum coding: each level is compared with the mean of the logits over all levels; the last level "
            "follows from the others."
        )
    if "full" in kinds:
        yield "Without an intercept the first factor keeps all its levels: they have odds, not odds ratios."
    if "intercept" in kinds and "estimate" in keys:
        yield "Intercept: log-odds with numeric variables at 0 and factors at their reference level."
    reasons = dict.fromkeys(
        f"{reason_text(context.shown, line, numbers, context.style)}."
        for _, line, numbers in context.estimates()
        if numbers.reason and numbers.reason != "infinite"
    )
    yield from reasons
    endless = endless_names(context, context.estimates())
    if endless:
        yield f"{'; '.join(endless)}: {REASONS['infinite']}."
