"""The coefficient tables against every outcome, so that a reader can change the baseline of a page."""

from __future__ import annotations

from collections.abc import Mapping
from math import comb

from logreg.report.context import Context, Units, context_of
from logreg.report.nodes import Block, Note
from logreg.report.sections_coefficients import coefficient_tables
from logreg.report.switched import switched

__all__ = ["coefficient_blocks"]

#: Pairs of outcomes times design columns: so many take 1.6 MB of a page, where 1,000 take 0.4 MB.
MOST_PAIRS = 4_000


def coefficient_blocks(context: Context) -> tuple[Block, ...]:
    """Return the coefficient tables; those of more than two outcomes with every other baseline to choose.

    A note says why there is nothing to choose where all of it would be too much.
    """
    tables = coefficient_tables(context)
    if len(context.outcomes) == 1:
        return tables
    reason = _why_fixed(context)
    if reason:
        remedy = "versus= makes a report against another outcome."
        return (*tables, Note(text=f"These tables compare with {context.baseline} only: {reason}. {remedy}"))
    outcomes = context.shown.spec.outcome.modelled
    found = [coefficient_tables(_against(context, outcome)) for outcome in outcomes]
    return tuple(
        switched(
            table,
            others,
            choices=(context.baseline, *context.outcomes),
            question="Compare with",
            remark=f"Changes the tables of this section; text and figures compare with {context.baseline}.",
        )
        for table, *others in zip(tables, *found, strict=True)
    )


def _why_fixed(context: Context) -> str:
    """Return why the baseline of a page cannot be changed, "" if it can."""
    if context.interval != "wald":
        return "profile likelihood intervals are searched for against one outcome at a time"
    pairs = comb(1 + len(context.outcomes), 2)
    if pairs * len(context.shown.spec.columns) > MOST_PAIRS:
        return f"{pairs} pairs of outcomes would make the page too large"
    return ""


def _against(context: Context, outcome: str) -> Context:
    return context_of(
        context.fit,
        labels=context.labels,
        units=_known_units(context),
        confidence=context.confidence,
        versus=outcome,
        interval=context.interval,
        style=context.style,
    )


def _known_units(context: Context) -> Units | None:
    """Return the units of a report; those that were read off the rows as numbers, not to be read again."""
    if context.units is None or isinstance(context.units, Mapping):
        return context.units
    columns = context.shown.spec.columns
    return {
        column.variable: one.unit
        for column, one in zip(columns, context.numbers[0], strict=True)
        if one.unit is not None
    }
