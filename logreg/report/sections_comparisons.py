"""Odds ratios and average differences in probability side by side: what an odds ratio does not say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from logreg.data.source import Level
from logreg.design.outcome import level_name
from logreg.report.compared import DEPENDS, Compared, Ratio
from logreg.report.context import BLANK, Context, step_text
from logreg.report.explain_effects import (
    AverageDifference,
    Move,
    Probabilities,
    is_contrary,
    levels_of,
    value_text,
)
from logreg.report.formats import NumberStyle, fixed, odds_ratio, odds_ratio_interval, significant
from logreg.report.inference_words import intervals_named, wald_note
from logreg.report.nodes import Cell, Note, Row, Section, Table, TableColumn, paragraph
from logreg.report.outline import level_text
from logreg.report.sections_coefficients import apart
from logreg.report.words import event_text, listed

__all__ = ["comparisons_section", "points_text"]

#: Marks an odds ratio whose outcome's probability moves the other way.
CONTRARY = "†"
#: Below this many percentage points one digit after the point would leave none that counts.
SMALLEST_WITH_ONE_DIGIT = 0.05


def comparisons_section(
    context: Context, probabilities: Probabilities, compared: Sequence[Compared]
) -> Section:
    """Return the table of both scales, or a note that says why there is none."""
    title = "Odds and probabilities side by side"
    if not context.fit.spec.predictors:
        return Section(key="comparisons", title=title, blocks=())
    if probabilities.why_not:
        note = Note(text=f"Average differences in probability are not shown: {probabilities.why_not}.")
        return Section(key="comparisons", title=title, blocks=(note,))
    if not compared:
        return Section(key="comparisons", title=title, blocks=())
    return Section(
        key="comparisons", title=title, blocks=(paragraph(_introduction(context)), _table(context, compared))
    )


def _introduction(context: Context) -> str:
    one = context.fit.is_binary
    what = f"the probability of {_event(context)}" if one else "the probability of every outcome"
    return (
        "An odds ratio tells by what factor odds differ, not how far probabilities do. Each line moves one "
        f"variable in every record used, everything else as observed, and averages the change in {what}."
    )


def _event(context: Context) -> str:
    return event_text(context.shown, context.outcome_heading, context.outcomes[0])


def _table(context: Context, compared: Sequence[Compared]) -> Table:
    rows: list[Row] = []
    heading = ""
    for one in compared:
        variable = one.move.variable
        alone = one.move.step is not None
        if not alone and variable != heading:
            rows.append(Row(cells=(Cell(text=_heading(context, one.move), value=variable),), kind="group"))
        heading = variable
        text = _step_name(context, one.move) if alone else _ends_text(context, one.move)
        cells = [Cell(text=text, value=_contrast(one.move)), *_number_cells(context, one)]
        rows.append(Row(cells=tuple(cells), indent=int(not alone)))
    notes = tuple(_notes(context, compared))
    if context.fit.is_binary:
        against = f"{context.outcomes[0]} against {context.baseline} (the baseline)"
        caption = (
            f"Odds ratios for {context.outcome_heading}: {against}, and average differences in the "
            f"probability of {_event(context)}."
        )
    else:
        caption = (
            f"Odds ratios for {context.outcome_heading}, each outcome against {context.baseline} (the "
            "baseline), and average differences in the probability of every outcome."
        )
    return Table(
        key="comparisons", caption=caption, columns=tuple(_columns(context)), rows=tuple(rows), notes=notes
    )


def _step_name(context: Context, move: Move) -> str:
    assert move.step is not None
    return f"{context.label(move.variable)}, per {step_text(move.step, context.style)}"


def _heading(context: Context, move: Move) -> str:
    """Return the heading above the moves of a variable, with the level that others are compared with."""
    name = context.label(move.variable)
    if levels_of(context, move.variable) is None:
        return name
    assert move.start is not None
    return f"{name}, against {level_text(move.start)}"


def _ends_text(context: Context, move: Move) -> str:
    assert move.start is not None
    assert move.end is not None
    if levels_of(context, move.variable) is None:
        return f"{value_text(move.start)} to {value_text(move.end)}"
    return level_text(move.end)


def _contrast(move: Move) -> str:
    """Return a move as data: ``smoke: yes - no``, ``age: +5``."""
    if move.step is not None:
        return f"{move.variable}: {move.step:+g}"
    return f"{move.variable}: {_level_name(move.end)} - {_level_name(move.start)}"


def _level_name(level: Level | None) -> str:
    assert level is not None
    return level_name(level)


def _columns(context: Context) -> Iterator[TableColumn]:
    yield TableColumn(key="change", heading="Change")
    interval = f"{context.level} CI"
    single = context.fit.is_binary
    names = (context.outcomes[0],) if single else (context.baseline, *context.outcomes)
    for name in names:
        group = name if name in context.outcomes else apart(f"{name} (baseline)", context.outcomes)
        group = "" if single else group
        if name in context.outcomes:
            yield TableColumn(key="odds_ratio", heading="Odds ratio", align="right", group=group)
        if single:
            yield TableColumn(key="ratio_interval", heading=interval, unit="odds ratio", align="right")
        yield TableColumn(
            key="difference", heading="Difference", unit="percentage points", align="right", group=group
        )
        yield TableColumn(
            key="interval", heading=interval, unit="percentage points", align="right", group=group
        )


def _number_cells(context: Context, one: Compared) -> Iterator[Cell]:
    by_outcome = {found.outcome: found for found in one.differences}
    if context.fit.is_binary:
        (ratio,), (found,) = one.ratios, one.differences
        yield _ratio_cell(context, ratio, contrary=False)
        low_high = odds_ratio_interval(ratio.low, ratio.high, context.style, reason=_short(ratio.reason))
        lost = math.isnan(ratio.low) or math.isnan(ratio.high)
        yield Cell(
            text=low_high,
            value=None if lost else f"{ratio.low!r} to {ratio.high!r}",
            reason=ratio.reason if lost else "",
        )
        yield from _difference_cells(context, found)
        return
    yield from _difference_cells(context, by_outcome[context.baseline])
    for outcome, ratio in zip(context.outcomes, one.ratios, strict=True):
        yield _ratio_cell(context, ratio, contrary=_is_contrary(ratio, by_outcome[outcome]))
        yield from _difference_cells(context, by_outcome[outcome])


def _is_contrary(ratio: Ratio, found: AverageDifference) -> bool:
    return is_contrary(ratio.ratio, found, is_clear=ratio.is_clear)


def _ratio_cell(context: Context, ratio: Ratio, *, contrary: bool) -> Cell:
    reason = _short(ratio.reason) or BLANK
    text = odds_ratio(ratio.ratio, context.style, reason=reason)
    return Cell(text=f"{text} {CONTRARY}" if contrary else text, value=ratio.ratio, reason=ratio.reason)


def _short(reason: str) -> str:
    """Return a reason as it stands in a cell; the names of other variables stand in the notes."""
    return BLANK if reason.startswith(DEPENDS) else reason


def _difference_cells(context: Context, found: AverageDifference) -> Iterator[Cell]:
    style = context.style
    points, low, high = (100.0 * value for value in (found.estimate, found.low, found.high))
    lost = not found.has_interval
    reason = "no interval: the predictions are at their limits" if lost else ""
    yield Cell(text=points_text(points, style), value=points)
    text = f"{points_text(low, style)}{style.interval_word}{points_text(high, style)}"
    yield Cell(text=BLANK if lost else text, value=None if lost else f"{low!r} to {high!r}", reason=reason)


def points_text(points: float, style: NumberStyle) -> str:
    """Return percentage points: one digit after the point, one that counts for small ones.

    Examples
    --------
    >>> from logreg.report.formats import PLAIN
    >>> [points_text(x, PLAIN) for x in (15.32, -0.04, 0.00213, 0.0, float("nan"))]
    ['15.3', '-0.04', '0.002', '0.0', '–']
    """
    if 0.0 < abs(points) < SMALLEST_WITH_ONE_DIGIT:
        return significant(points, style, digits=1)
    return fixed(points, 1, style, reason=BLANK)


def _notes(context: Context, compared: Sequence[Compared]) -> Iterator[str]:
    weighted = context.fit.spec.weights is not None and context.fit.spec.weight_kind != "frequency"
    records = "the records used, with their weights," if weighted else "the records used"
    yield (
        f"Difference: average over {records} of the predicted probability after the change less that before. "
        f"CI of differences: {context.level} confidence interval by the delta method ({wald_note(context)}), "
        "taking the records as given."
    )
    if context.fit.is_binary:
        yield f"CI of odds ratios: {intervals_named(context)}."
    found = {(one.move, f.outcome): f for one in compared for f in one.differences}
    if not context.fit.is_binary and any(
        _is_contrary(ratio, found[one.move, outcome])
        for one in compared
        for outcome, ratio in zip(context.outcomes, one.ratios, strict=True)
    ):
        yield (
            f"{CONTRARY}: the outcome's probability moves the other way than its odds against "
            f"{context.baseline}, and one of the two is clear."
        )
    joint = dict.fromkeys(
        f"{context.label(one.move.variable)} (which {one.ratios[0].reason})"
        for one in compared
        if one.ratios[0].reason.startswith(DEPENDS)
    )
    if joint:
        yield (
            f"{BLANK}: there is no single odds ratio for {listed(joint)}. All terms of a variable move with "
            "it."
        )
