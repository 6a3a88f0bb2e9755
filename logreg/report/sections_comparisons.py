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
    rows = _rows_of_event(context, compared) if context.fit.is_binary else _rows_of_all(context, compared)
    return Table(
        key="comparisons",
        caption=caption,
        columns=tuple(_columns(context)),
        rows=tuple(rows),
        notes=tuple(_notes(context, compared)),
    )


def _columns(context: Context) -> Iterator[TableColumn]:
    first = "Change" if context.fit.is_binary else "Change and outcome"
    interval = f"{context.level} CI"
    yield TableColumn(key="change" if context.fit.is_binary else "outcome", heading=first)
    yield TableColumn(key="odds_ratio", heading="Odds ratio", align="right")
    yield TableColumn(key="ratio_interval", heading=interval, unit="odds ratio", align="right")
    yield TableColumn(key="difference", heading="Difference", unit="% points", align="right")
    yield TableColumn(key="interval", heading=interval, unit="% points", align="right")


def _rows_of_event(context: Context, compared: Sequence[Compared]) -> Iterator[Row]:
    """Yield a row per change, levels and values below the name of their variable."""
    above = ""
    for one in compared:
        move = one.move
        heading = _heading(context, move)
        if move.step is None and heading != above:
            yield Row(cells=(Cell(text=heading, value=move.variable),), kind="group")
        above = heading
        text = heading if move.step is not None else _ends_text(context, move)
        (ratio,), (found,) = one.ratios, one.differences
        cells = (
            Cell(text=text, value=_contrast(move)),
            *_ratio_cells(context, ratio, contrary=False),
            *_difference_cells(context, found),
        )
        yield Row(cells=cells, indent=int(move.step is None))


def _rows_of_all(context: Context, compared: Sequence[Compared]) -> Iterator[Row]:
    """Yield a group of rows per change, one for each outcome, the baseline first."""
    for one in compared:
        move = one.move
        heading = _heading(context, move)
        if move.step is None:
            heading = f"{context.label(move.variable)}: {_ends_text(context, move)}"
            if levels_of(context, move.variable) is not None:
                heading += f" against {level_text(_end(move.start))}"
        yield Row(cells=(Cell(text=heading, value=_contrast(move)),), kind="group")
        by_outcome = {found.outcome: found for found in one.differences}
        cells = (
            Cell(text=context.baseline, value=context.baseline),
            Cell(text="1", value=1.0, style="muted"),
            Cell(text="baseline", style="muted"),
            *_difference_cells(context, by_outcome[context.baseline]),
        )
        yield Row(cells=cells, indent=1)
        for outcome, ratio in zip(context.outcomes, one.ratios, strict=True):
            found = by_outcome[outcome]
            cells = (
                Cell(text=outcome, value=outcome),
                *_ratio_cells(context, ratio, contrary=_is_contrary(ratio, found)),
                *_difference_cells(context, found),
            )
            yield Row(cells=cells, indent=1)


def _heading(context: Context, move: Move) -> str:
    """Return the name of a variable with its step, or the level that others are compared with."""
    name = context.label(move.variable)
    if move.step is not None:
        return f"{name}, per {step_text(move.step, context.style)}"
    if levels_of(context, move.variable) is None:
        return name
    return f"{name}, against {level_text(_end(move.start))}"


def _ends_text(context: Context, move: Move) -> str:
    """Return the level that is compared, or both values of a number."""
    if levels_of(context, move.variable) is None:
        start, end = (value_text(_end(value), context.style) for value in (move.start, move.end))
        return f"{start} to {end}"
    return level_text(_end(move.end))


def _contrast(move: Move) -> str:
    """Return a move as data: ``smoke: yes - no``, ``age: +5``."""
    if move.step is not None:
        return f"{move.variable}: {move.step:+g}"
    return f"{move.variable}: {level_name(_end(move.end))} - {level_name(_end(move.start))}"


def _end(level: Level | None) -> Level:
    assert level is not None
    return level


def _is_contrary(ratio: Ratio, found: AverageDifference) -> bool:
    return is_contrary(ratio.ratio, found, is_clear=ratio.is_clear)


def _ratio_cells(context: Context, ratio: Ratio, *, contrary: bool) -> Iterator[Cell]:
    style, reason = context.style, _short(ratio.reason)
    text = odds_ratio(ratio.ratio, style, reason=reason or BLANK)
    yield Cell(text=f"{text} {CONTRARY}" if contrary else text, value=ratio.ratio, reason=ratio.reason)
    lost = math.isnan(ratio.low) or math.isnan(ratio.high)
    yield Cell(
        text=odds_ratio_interval(ratio.low, ratio.high, style, reason=reason),
        value=None if lost else f"{ratio.low!r} to {ratio.high!r}",
        reason=ratio.reason if lost else "",
    )


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
