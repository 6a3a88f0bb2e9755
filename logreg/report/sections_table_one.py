"""The characteristics of the records by outcome: "Table 1" of a paper, inside a report."""

from __future__ import annotations

from collections.abc import Iterator

from logreg.report.context import Context
from logreg.report.nodes import Note, Section, paragraph
from logreg.report.words import amount, listed, plural

__all__ = ["TITLE", "missing_text", "missing_values_text", "table_one_section"]

TITLE = "Characteristics of the records"


def table_one_section(context: Context) -> Section:
    """Return every variable of the model by outcome on the rows used, with standardised differences.

    A note says why there is none for a loaded model; a model without predictors has nothing to show.
    """
    fit = context.fit
    if not fit.spec.predictors:
        return Section(key="table_one", title=TITLE, blocks=())
    if fit.source is None:
        note = Note(
            text="Characteristics are not shown: the model was loaded from a file and holds no records."
        )
        return Section(key="table_one", title=TITLE, blocks=(note,))
    found = fit.table_one(labels=dict(context.labels), style=context.style).document
    said = " ".join(_sentences(context))
    return Section(key="table_one", title=TITLE, blocks=(paragraph(said), *found.blocks))


def _sentences(context: Context) -> Iterator[str]:
    yield f"The records are those that the model used, by {context.outcome_heading}."
    yield missing_text(context)
    yield missing_values_text(context)


def missing_values_text(context: Context) -> str:
    """Return in how many rows each column of the model lacks a value, in a sentence; "" if none does.

    A loaded model cannot tell.
    """
    if context.fit.source is None or not any(name[:1] != "(" for name, _ in context.fit.sample.dropped):
        return ""
    frame = context.fit.missing_values()
    found = [(name, n) for name, n in zip(frame["column"], frame["rows"], strict=True) if n]
    counts = listed(f"{context.label(name)} in {amount(int(n), context.style)}" for name, n in found)
    complete = " All other columns are complete." if len(found) < len(frame) else ""
    return f"Of the rows read, a value is missing of {counts}.{complete}"


def missing_text(context: Context) -> str:
    """Return how many rows were left out because a value was missing, in a sentence or two."""
    sample, style = context.fit.sample, context.style
    lost = [(name, n) for name, n in sample.dropped if n and name[:1] != "("]
    without_weight = sum(n for name, n in sample.dropped if name[:1] == "(")
    zero = f" {plural(without_weight, 'row', style)} had a weight of zero." if without_weight else ""
    if not lost:
        return f"None of the {amount(sample.rows_read, style)} rows read lacked a value.{zero}"
    n = sum(n for _, n in lost)
    were = "was" if n == 1 else "were"
    return (
        f"Of {plural(sample.rows_read, 'row', style)} read, {amount(n, style)} {were} left out because a "
        f"value was missing.{zero}"
    )
