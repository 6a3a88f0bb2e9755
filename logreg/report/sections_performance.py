"""The section on performance: how well the model tells outcomes apart, and whether its probabilities are
right.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from logreg.diagnose.calibration import calibration_groups
from logreg.diagnose.discrimination import area_under
from logreg.report.context import BLANK, Context
from logreg.report.formats import fixed, share, share_interval
from logreg.report.nodes import Cell, Note, Paragraph, Row, Section, Table, TableColumn, paragraph
from logreg.report.outline import level_text
from logreg.report.performance_drawing import calibration_figure, roc_figure
from logreg.report.words import amount

__all__ = ["performance_section"]

#: Groups of like predictions in the calibration figure, as is usual.
GROUPS = 10


class Measure(NamedTuple):
    """How a statistic of `logreg.diagnose.performance` is shown; ``is_share``: it cannot exceed 1."""

    heading: str
    digits: int
    is_share: bool
    meaning: str


#: The columns of the table; docs/statistics.md holds the definitions.
MEASURES = {
    "auc": Measure("AUC", 3, True, "area under the ROC curve, one half by chance and 1 at best"),
    "brier": Measure("Brier score", 3, True, "mean squared distance of probability and outcome, 0 at best"),
    "brier_scaled": Measure(
        "Scaled Brier score", 3, True, "1 − the Brier score over that of the overall share, 1 at best"
    ),
    "calibration_intercept": Measure(
        "Calibration intercept",
        2,
        False,
        "log-odds by which the predictions are too low on average, 0 at best",
    ),
    "calibration_slope": Measure(
        "Calibration slope",
        2,
        False,
        "coefficient of the predicted log-odds, below 1 where they are too extreme",
    ),
}


class Value(NamedTuple):
    """A statistic with its interval, as `fit.performance()` has it."""

    value: float
    low: float
    high: float
    reason: str


def performance_section(context: Context) -> Section:
    """Return a table of statistics with the ROC curve and the calibration, or a note that says why not."""
    fit = context.fit
    title = "Performance of the predictions"
    if fit.source is None:
        note = Note(
            text="Performance is not shown: the model was loaded from a file and holds no rows. "
            "fit.performance(data=...) measures it in other rows."
        )
        return Section(key="performance", title=title, blocks=(note,))
    rankings = fit.rankings()
    areas = [area_under(ranking, context.confidence) for ranking in rankings]
    groups = [calibration_groups(ranking, GROUPS, context.confidence) for ranking in rankings]
    return Section(
        key="performance",
        title=title,
        blocks=(
            _introduction(context),
            _table(context),
            roc_figure(context, rankings, areas),
            calibration_figure(context, rankings, groups),
        ),
    )


def _introduction(context: Context) -> Paragraph:
    fit = context.fit
    text = (
        "These statistics are apparent: they come from the data that made the model, which fits them better "
        "than it will fit others. Only new data can tell how good its predictions are."
    )
    if fit.maximises_likelihood and fit.spans_constant and fit.separation.direction is None:
        text += (
            " In these data the calibration intercept is 0 and the slope 1 by construction, whatever the "
            "model, so that they say nothing here."
            if fit.is_binary
            else " In these data the calibration intercepts are 0 by construction and the slopes lie near 1, "
            "whatever the model, so that they say little here."
        )
    if not fit.is_binary:
        text += " Each outcome is set against all others together."
    return paragraph(text)


def _values(context: Context) -> dict[str, dict[str, Value]]:
    """Return the statistics by outcome and name."""
    found: dict[str, dict[str, Value]] = {}
    frame = context.fit.performance(confidence=context.confidence)
    columns = ("outcome", "statistic", "value", "conf_low", "conf_high", "reason")
    for outcome, name, *value in zip(*(frame[column].tolist() for column in columns), strict=True):
        found.setdefault(outcome, {})[name] = Value(*value)
    return found


def _table(context: Context) -> Table:
    columns = [
        TableColumn(key="outcome", heading="Outcome"),
        TableColumn(key="events", heading="Events", align="right"),
    ]
    for name, measure in MEASURES.items():
        columns.append(TableColumn(key=name, heading=measure.heading, align="right"))
        if name == "auc":
            columns.append(TableColumn(key="auc_interval", heading=f"{context.level} CI", align="right"))
    found = _values(context)
    return Table(
        key="performance",
        caption=f"Performance of the model of {context.outcome_heading} in the data that made it.",
        columns=tuple(columns),
        rows=tuple(_row(context, outcome, values) for outcome, values in found.items()),
        notes=_notes(context, found),
    )


def _row(context: Context, outcome: str, values: Mapping[str, Value]) -> Row:
    style = context.style
    events, trials = values["events"].value, values["n_trials"].value
    cells = [
        Cell(text=level_text(outcome), value=outcome),
        Cell(text=f"{amount(events, style)} of {amount(trials, style)}", value=events),
    ]
    for name, measure in MEASURES.items():
        one = values[name]
        written = share if measure.is_share else fixed
        text = written(one.value, measure.digits, style, reason=BLANK)
        cells.append(Cell(text=text, value=one.value, reason=one.reason if math.isnan(one.value) else ""))
        if name == "auc":
            lost = math.isnan(one.low)
            shown = share_interval(one.low, one.high, measure.digits, style, reason=BLANK)
            cells.append(
                Cell(
                    text=shown,
                    value=None if lost else f"{one.low!r} to {one.high!r}",
                    reason=one.reason if lost else "",
                )
            )
    return Row(cells=tuple(cells))


def _notes(context: Context, found: Mapping[str, Mapping[str, Value]]) -> tuple[str, ...]:
    meanings = "; ".join(f"{measure.heading}: {measure.meaning}" for measure in MEASURES.values())
    areas = [values["auc"] for values in found.values()]
    notes = [f"{meanings}."]
    if any(not math.isnan(area.low) for area in areas):
        notes.append(
            f"CI: {context.level} confidence interval of the AUC, from DeLong's standard error, on the logit "
            "of the area."
        )
    missing = [
        (MEASURES[name].heading, values[name].reason)
        for values in found.values()
        for name in MEASURES
        if math.isnan(values[name].value) or (name == "auc" and math.isnan(values[name].low))
    ]
    reasons: dict[str, list[str]] = {}
    for heading, reason in missing:
        headings = reasons.setdefault(reason, [])
        headings += [] if heading in headings else [heading]
    return (*notes, *(f"{', '.join(headings)}: {reason}." for reason, headings in reasons.items()))
