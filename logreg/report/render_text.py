"""A `Document` as plain text for terminals: aligned columns, wrapped to a width, no escape sequences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from logreg.report.formats import display_width, visible
from logreg.report.nodes import (
    Align,
    Block,
    Code,
    Document,
    Facts,
    Figure,
    Note,
    Paragraph,
    Row,
    Section,
    Table,
    TableColumn,
)
from logreg.report.table_layout import column_ranges

__all__ = ["WIDTH", "render"]

#: Columns of a line: fits a terminal beside an editor and a printed page.
WIDTH = 100
_NARROWEST = 40
_GAP = 2
_INDENT = 2
#: A heading this short stays on one line; a longer one wraps over a narrow column.
_SHORT_HEADING = 12
#: Columns are narrowed to this before the table is split into panels.
_NARROW_COLUMN = 16
_WIDEST_LABEL = 32


def render(document: Document, *, width: int = WIDTH) -> str:
    """Return the document as text, no line of a paragraph or table wider than ``width`` (40 at least).

    A table that is too wide is split into panels that repeat the row headings. Control characters and
    terminal escapes are shown as ``<U+001B>``; wide characters count as two columns.

    Examples
    --------
    >>> print(render(Document(title="Low birth weight", blocks=())))
    Low birth weight
    ════════════════
    """
    if width < _NARROWEST:
        raise ValueError(f"the width must be at least {_NARROWEST} columns, not {width}")
    numbers = _numbers(document)
    parts = [_title(document, width)]
    parts += [_block(block, document, numbers, width, depth=1) for block in document.blocks]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _numbers(document: Document) -> dict[tuple[str, str], int]:
    """Return the number of each table and figure in reading order, by kind and key."""
    tables = {("table", table.key): i for i, table in enumerate(document.tables, start=1)}
    return tables | {("figure", figure.key): i for i, figure in enumerate(document.figures, start=1)}


def _title(document: Document, width: int) -> list[str]:
    lines = _wrap(document.title, width)
    lines.append("═" * max(display_width(line) for line in lines))
    return lines + (_wrap(document.subtitle, width) if document.subtitle else [])


def _block(
    node: Block, document: Document, numbers: dict[tuple[str, str], int], width: int, depth: int
) -> list[str]:
    """Return the lines of one block."""
    labels = document.labels
    match node:
        case Section():
            parts = [_heading(node.title, width, depth)]
            parts += [_block(block, document, numbers, width, depth + 1) for block in node.blocks]
            return "\n\n".join("\n".join(lines) for lines in parts if lines).split("\n")
        case Paragraph():
            return _wrap("".join(run.text for run in node.runs), width)
        case Facts():
            return _facts(node, width)
        case Table():
            return _table(node, f"{labels.table} {numbers['table', node.key]}. ", width)
        case Figure():
            caption = f"{labels.figure} {numbers['figure', node.key]}. {node.caption}"
            return _wrap(caption, width) + _hanging("[", node.alt + "]", width)
        case Note():
            return _hanging(
                (labels.warning if node.kind == "warning" else labels.info) + ": ", node.text, width
            )
        case Code():
            return ["    " + line for line in visible(node.text, line_breaks=True).split("\n")]
        case _:
            assert_never(node)


def _heading(title: str, width: int, depth: int) -> list[str]:
    lines = _wrap(title, width)
    rule = "─" * max(display_width(line) for line in lines)
    return [*lines, rule] if depth == 1 else lines


def _facts(facts: Facts, width: int) -> list[str]:
    labels = [_wrap(fact.label, _WIDEST_LABEL) for fact in facts.items]
    indent = max((display_width(line) for lines in labels for line in lines), default=0) + _GAP
    texts = [fact.text + (f" ({fact.note})" if fact.note else "") for fact in facts.items]
    cells = [(label, _wrap(text, width - indent)) for label, text in zip(labels, texts, strict=True)]
    widths = [indent - _GAP, width - indent]
    return [line for row in cells for line in _beside(row, widths, ("left", "left"))]


def _table(table: Table, label: str, width: int) -> list[str]:
    """Return caption, panels and notes of a table."""
    widths = _column_widths(table, width)
    panels = [_panel(table, columns, widths, width) for columns in _panels(table, widths, width)]
    lines = _wrap(label + table.caption, width)
    for i, panel in enumerate(panels):
        lines += ([""] if i else []) + panel
    for note in table.notes:
        lines += _wrap(note, width)
    return lines


def _column_widths(table: Table, width: int) -> list[int]:
    """Return the width of each column: what it needs, less where the table would not fit."""
    needed = [_needed_width(table, j, width) for j in range(len(table.columns))]
    for group, places in column_ranges(table.columns):
        # A word of the heading above a group is not broken where the group can be a little wider.
        room = sum(needed[j] + _GAP for j in places) - _GAP
        needed[places[-1]] += max(0, min(_widest_word(group), width // 2) - room)
    total = width - _GAP * (len(needed) - 1)
    wrappable = [
        c.align == "left" or n > 2 * _NARROW_COLUMN for c, n in zip(table.columns, needed, strict=True)
    ]
    floors = [min(n, _NARROW_COLUMN) if w else n for n, w in zip(needed, wrappable, strict=True)]
    fitted = _shrunk(needed, floors, total)
    # Row headings repeat in every panel: they leave half of the line to the numbers.
    n_headers = table.row_headers
    if sum(fitted) > total and 0 < n_headers < len(fitted):
        fitted[:n_headers] = _shrunk(fitted[:n_headers], [1] * n_headers, width // 2 - _GAP * n_headers)
    largest = width // 2 - _GAP if n_headers else width
    return (
        [w if j < n_headers else min(w, largest) for j, w in enumerate(fitted)]
        if sum(fitted) > total
        else fitted
    )


def _needed_width(table: Table, j: int, width: int) -> int:
    column = table.columns[j]
    needed = max((_widest_word(text) for text in (column.heading, column.unit)), default=1)
    needed = max(needed, min(display_width(visible(column.heading)), _SHORT_HEADING), 1)
    for row in table.rows:
        if row.kind != "group":
            needed = max(
                needed, display_width(visible(row.cells[j].text)) + (row.indent * _INDENT if j == 0 else 0)
            )
    return min(needed, width)


def _widest_word(text: str) -> int:
    return max((display_width(word) for word in visible(text).split(" ")), default=0)


def _shrunk(widths: Sequence[int], floors: Sequence[int], total: int) -> list[int]:
    """Return widths that sum to ``total`` if the floors allow, always taking from the widest."""
    result = list(widths)
    while sum(result) > total:
        spare = [w if w > floor else 0 for w, floor in zip(result, floors, strict=True)]
        if not any(spare):
            break
        result[spare.index(max(spare))] -= 1
    return result


def _panels(table: Table, widths: Sequence[int], width: int) -> list[list[int]]:
    """Split the columns into panels that fit, each with the row headings; groups stay whole if they can."""
    headers = list(range(table.row_headers))
    room = width - sum(widths[j] + _GAP for j in headers)
    panels: list[list[int]] = [[]]
    used = 0
    for unit in _units(table, widths, room):
        needed = sum(widths[j] + _GAP for j in unit)
        if panels[-1] and used + needed > room + _GAP:
            panels.append([])
            used = 0
        panels[-1] += unit
        used += needed
    return [headers + panel for panel in panels]


def _units(table: Table, widths: Sequence[int], room: int) -> Iterator[list[int]]:
    """Yield the columns that stay together: whole groups, or single columns of a group that is too wide."""
    for _, places in column_ranges(table.columns):
        columns = [j for j in places if j >= table.row_headers]
        if sum(widths[j] + _GAP for j in columns) <= room + _GAP:
            yield from [columns] if columns else []
        else:
            yield from ([j] for j in columns)


def _panel(table: Table, chosen: Sequence[int], widths: Sequence[int], width: int) -> list[str]:
    """Return the lines of some columns of a table, between rules."""
    columns = [table.columns[j] for j in chosen]
    sizes = [widths[j] for j in chosen]
    line_width = sum(sizes) + _GAP * (len(sizes) - 1)
    lines = ["━" * line_width]
    if any(column.group for column in columns):
        lines += _group_headings(columns, sizes)
    headings = [
        _wrap(c.heading, w) + (_wrap(c.unit, w) if c.unit else [])
        for c, w in zip(columns, sizes, strict=True)
    ]
    tallest = max(len(heading) for heading in headings)
    headings = [[""] * (tallest - len(heading)) + heading for heading in headings]
    lines += _beside(headings, sizes, [column.align for column in columns])
    lines.append("─" * line_width)
    for row in table.rows:
        lines += _row(row, chosen, sizes, columns, max(line_width, min(width, _NARROWEST)))
    return [*lines, "━" * line_width]


def _row(
    row: Row, chosen: Sequence[int], sizes: Sequence[int], columns: Sequence[TableColumn], line_width: int
) -> list[str]:
    pad = " " * (row.indent * _INDENT)
    if row.kind == "group":
        return [pad + line for line in _wrap(row.cells[0].text, line_width - len(pad))]
    cells = []
    for j, size in zip(chosen, sizes, strict=True):
        inset = pad if j == 0 and len(pad) < size else ""
        cells.append([inset + line for line in _wrap(row.cells[j].text, size - len(inset))])
    return _beside(cells, sizes, [column.align for column in columns])


def _group_headings(columns: Sequence[TableColumn], sizes: Sequence[int]) -> list[str]:
    """Return the upper headings, centred over their columns with a rule below each."""
    spans = [(group, sum(sizes[j] + _GAP for j in places) - _GAP) for group, places in column_ranges(columns)]
    cells = [_wrap(group, size) for group, size in spans]
    widths = [size for _, size in spans]
    rules = [["─" * size if group else ""] for group, size in spans]
    centred: list[Align] = ["center"] * len(spans)
    return _beside(cells, widths, centred) + _beside(rules, widths, centred)


def _beside(cells: Sequence[Sequence[str]], widths: Sequence[int], aligns: Sequence[Align]) -> list[str]:
    """Return cells of wrapped lines set side by side, the first lines level."""
    lines = []
    for i in range(max((len(cell) for cell in cells), default=0)):
        parts = [
            _aligned(cell[i] if i < len(cell) else "", width, align)
            for cell, width, align in zip(cells, widths, aligns, strict=True)
        ]
        lines.append((" " * _GAP).join(parts).rstrip())
    return lines


def _aligned(text: str, width: int, align: Align) -> str:
    space = max(0, width - display_width(text))
    left = {"left": 0, "right": space, "center": space // 2}[align]
    return " " * left + text + " " * (space - left)


def _hanging(label: str, text: str, width: int) -> list[str]:
    """Return wrapped text after a label, later lines indented below the first."""
    label = visible(label)
    indent = min(display_width(label), width // 2)
    first, *rest = _wrap(text, width - indent)
    return [label + first, *(" " * indent + line for line in rest)]


def _wrap(text: str, width: int) -> list[str]:
    """Return ``text``, made visible, in lines of at most ``width`` columns; long words are broken."""
    lines: list[str] = []
    line, used = "", 0
    for word in visible(text).split(" "):
        size = display_width(word)
        if lines or line:
            if used + 1 + size <= width:
                line, used = f"{line} {word}", used + 1 + size
                continue
            lines.append(line)
        *full, line = _broken(word, size, width)
        lines += full
        used = display_width(line)
    return [*lines, line]


def _broken(word: str, size: int, width: int) -> list[str]:
    """Return a word in pieces of at most ``width`` columns."""
    if size <= width:
        return [word]
    if word.isascii():
        return [word[start : start + width] for start in range(0, size, width)]
    pieces: list[str] = []
    start, used = 0, 0
    for i, character in enumerate(word):
        step = display_width(character)
        if used + step > width and i > start:
            pieces.append(word[start:i])
            start, used = i, 0
        used += step
    return [*pieces, word[start:]]
