"""Checklists of reporting, filled in where the fit knows the answer: STROBE and TRIPOD."""

from __future__ import annotations

from collections.abc import Iterator

from logreg.report.checklist_strobe import STROBE
from logreg.report.checklist_tripod import TRIPOD
from logreg.report.checklists import FOR_THE_AUTHOR, ON_REQUEST, TITLES, Checklist, Item, answer_text
from logreg.report.context import BLANK, Context
from logreg.report.nodes import Cell, Row, Section, Table, TableColumn, paragraph
from logreg.report.words import listed

__all__ = ["strobe_section", "tripod_section"]


def strobe_section(context: Context) -> Section:
    """Return STROBE's items, for a report about associations."""
    return _section(STROBE, context)


def tripod_section(context: Context) -> Section:
    """Return the items of TRIPOD and TRIPOD+AI, for a report about a prediction model."""
    return _section(TRIPOD, context)


def _section(checklist: Checklist, context: Context) -> Section:
    said = (
        f"{checklist.about} The answers are what the fit knows; “{FOR_THE_AUTHOR.strip()}” marks what it "
        "cannot know."
    )
    return Section(
        key=checklist.key, title=checklist.title, blocks=(paragraph(said), _table(checklist, context))
    )


def _table(checklist: Checklist, context: Context) -> Table:
    newer = (TableColumn(key="newer", heading=checklist.newer),) if checklist.newer else ()
    return Table(
        key=checklist.key,
        caption=f"{checklist.title.removeprefix('Checklist: ')}, item by item.",
        columns=(
            TableColumn(key="item", heading="Item"),
            *newer,
            TableColumn(key="asks", heading="What to report"),
            TableColumn(key="answer", heading="Answer"),
        ),
        rows=tuple(_rows(checklist, context)),
        notes=tuple(_notes(checklist, context)),
        row_headers=2 if checklist.newer else 1,
    )


def _rows(checklist: Checklist, context: Context) -> Iterator[Row]:
    for part in checklist.parts:
        yield Row(cells=(Cell(text=part.title, value=part.title),), kind="group")
        for item in part.items:
            yield Row(cells=tuple(_cells(checklist, item, context)), indent=1)


def _cells(checklist: Checklist, item: Item, context: Context) -> Iterator[Cell]:
    yield Cell(text=item.number or BLANK, value=item.number)
    if checklist.newer:
        yield Cell(text=item.newer or BLANK, value=item.newer)
    yield Cell(text=item.asks, value=item.asks)
    answer = answer_text(item, context)
    yield Cell(text=answer, value=answer)


def _notes(checklist: Checklist, context: Context) -> Iterator[str]:
    if context.fit.source is not None:
        shown = listed(f"“{TITLES[key]}”" for key in ON_REQUEST)
        names = ", ".join(f'"{key}"' for key in ("usual", *ON_REQUEST, checklist.key))
        yield f"Sections are those of the whole report; {shown} stand in it with sections=[{names}]."
    yield from checklist.sources
