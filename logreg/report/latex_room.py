"""How many lines blocks take in LaTeX, so that what belongs together is not torn at the foot of a page.

Lines are estimated from the characters, rather too many than too few: asked for too much, TeX starts a page a
little early; asked for too little, it breaks a table as it would have done anyway.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from logreg.report.formats import visible
from logreg.report.nodes import (
    Block,
    Code,
    Facts,
    Figure,
    Note,
    Paragraph,
    Section,
    Table,
    TableColumn,
)
from logreg.report.table_layout import (
    Page,
    TableLayout,
    column_ranges,
    lay_out,
    line_count,
    text_width,
    wrapped,
)

__all__ = [
    "COLUMN_GAP",
    "FACT_SHARES",
    "PAGES",
    "breakable_lines",
    "heading_lines",
    "needed_by_facts",
    "needed_by_panel",
    "needed_by_section",
    "rows_held_together",
    "upper_rooms",
]

#: A4 with margins of 22 mm leaves lines of 166 mm, on its side of 253 mm. Latin Modern is wide if small.
PAGES = (
    Page(points=10, width=92),
    Page(points=9, width=100),
    Page(points=8, width=110),
    Page(points=8, width=168, landscape=True),
)
#: Between neighbouring columns, in ens: twice \\tabcolsep.
COLUMN_GAP = 2.4
#: Widths of labels and values of a list of facts, as shares of the line; the rest is the gap.
FACT_SHARES = (0.3, 0.6)

#: A page has about 58 lines: less than half of one is the most that is left empty to keep a table whole.
_WHOLE = 24
#: Programs are kept whole up to this many lines.
_WHOLE_CODE = 40
#: Rows of a longer table below its headings on its first page, and above its foot on its last.
_ROWS_HELD = 3
#: A heading of a section with the space around it.
_SECTION_HEADING = 4
#: The space above and below a table, and its rules.
_TABLE_SPACE = 4
#: The least that stands below a heading of a section.
_LEAST = 5
#: A lead this short is kept with what it leads to.
_LEAD = 4
#: The height of a figure is not known here; TeX holds the drawing to the heading itself.
_FIGURE = 8
#: Of lines of running text, in ens.
_LINE = PAGES[0].width


def needed_by_section(section: Section) -> int:
    """Return the lines that the heading of a section needs with the start of what stands below it."""
    lines = 0
    for block in section.blocks:
        lines += _start(block)
        if not isinstance(block, Paragraph) or lines > _LEAD:
            break
    return _SECTION_HEADING + max(lines, _LEAST)


def needed_by_facts(facts: Facts) -> int:
    """Return the lines that a list of facts needs at its start: all, if it is short."""
    rooms = [share * _LINE for share in FACT_SHARES]
    lines = [
        max(_wrapped(fact.label, rooms[0]), _wrapped(f"{fact.text} ({fact.note})", rooms[1]))
        for fact in facts.items
    ]
    return _whole_or(sum(lines) + _TABLE_SPACE, sum(lines[:_ROWS_HELD]) + _TABLE_SPACE)


def needed_by_panel(table: Table, layout: TableLayout, panel: Sequence[int], *, with_caption: bool) -> int:
    """Return the lines that a panel needs at its start: all, if it is short, or headings and a few rows."""
    head = _head_lines(table, layout, panel, with_caption=with_caption)
    whole = head + line_count(table.rows, panel, layout)
    return _whole_or(whole, head + line_count(table.rows[:_ROWS_HELD], panel, layout))


def rows_held_together(
    table: Table, layout: TableLayout, panel: Sequence[int], *, with_caption: bool
) -> frozenset[int]:
    """Return the rows after which no page may end: group headings, and the last of a table that is long.

    A panel that asks for room for all its rows does without: it is torn only if it turns out to be taller.
    """
    rows = table.rows
    headings = {i for i, row in enumerate(rows) if row.kind == "group"}
    whole = _head_lines(table, layout, panel, with_caption=with_caption) + line_count(rows, panel, layout)
    is_long = whole > _WHOLE
    return frozenset(headings.union(range(max(0, len(rows) - _ROWS_HELD), len(rows) - 1) if is_long else ()))


def _head_lines(table: Table, layout: TableLayout, panel: Sequence[int], *, with_caption: bool) -> int:
    """Return the lines of a panel without its rows, the space around it included."""
    caption = _wrapped(f"Table 99: {table.caption}", _LINE) + 1 if with_caption else 0
    return caption + _TABLE_SPACE + heading_lines(table, layout, panel)


def heading_lines(table: Table, layout: TableLayout, panel: Sequence[int]) -> int:
    """Return how many lines the headings of a panel take, those of groups included."""
    columns = [table.columns[j] for j in panel]
    widths = [layout.widths[j] for j in panel]
    upper = [len(wrapped(group, room)) for group, _, room in upper_rooms(columns, widths) if group]
    own = [
        len(wrapped(column.heading, width)) + len(wrapped(column.unit, width))
        for column, width in zip(columns, widths, strict=True)
    ]
    return max(upper, default=0) + max(own)


def upper_rooms(
    columns: Sequence[TableColumn], widths: Sequence[float]
) -> Iterator[tuple[str, range, float]]:
    """Yield each upper heading with the positions of its columns, and how wide it may be, in ens."""
    for group, places in column_ranges(columns):
        yield group, places, sum(widths[j] for j in places) + COLUMN_GAP * (len(places) - 1)


def breakable_lines(lines: Sequence[str]) -> frozenset[int]:
    """Return the lines after which a page may end: none in a short program, else blank ones.

    A blank line below a lead, which ends in a colon, holds the lead to what follows.
    """
    if len(lines) <= _WHOLE_CODE:
        return frozenset()
    blank = {i for i, line in enumerate(lines) if not line.strip()}
    # A stretch without a blank line may be longer than a page.
    far = {i for i in range(len(lines)) if not blank.intersection(range(i - _WHOLE, i + _WHOLE))}
    leads = {i for i in blank if i and lines[i - 1].rstrip().endswith(":")}
    return frozenset((blank | far) - leads - {0, len(lines) - 2})


def _start(block: Block) -> int:
    """Return the lines that the start of a block needs."""
    match block:
        case Section():
            return needed_by_section(block)
        case Paragraph():
            return min(_wrapped("".join(run.text for run in block.runs), _LINE) + 1, _LEAD + 1)
        case Facts():
            return needed_by_facts(block)
        case Table():
            layout = lay_out(block, PAGES)
            # A page on its side starts afresh.
            return (
                0
                if layout.page.landscape
                else needed_by_panel(block, layout, layout.panels[0], with_caption=True)
            )
        case Figure():
            return _FIGURE
        case Note():
            return min(_wrapped(block.text, _LINE * 0.8) + 2, _WHOLE)
        case Code():
            return _whole_or(block.text.count("\n") + 3, _LEAST)
    raise TypeError(f"no such block: {type(block).__name__}")


def _whole_or(whole: int, start: int) -> int:
    return whole if whole <= _WHOLE else min(start, _WHOLE)


def _wrapped(text: str, width: float) -> int:
    return max(1, math.ceil(text_width(visible(text)) / width))
