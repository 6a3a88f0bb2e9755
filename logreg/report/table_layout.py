"""How a table fits on paper: which page, how wide each column, and panels where no page is wide enough.

Widths are in ens, half the height of the type: about one digit. They are estimated from the characters alone,
so that the same document is laid out alike on every machine, whatever fonts it has.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from logreg.report.formats import display_width, visible
from logreg.report.nodes import Row, Table, TableColumn, column_spans

__all__ = [
    "BOLD",
    "Page",
    "TableLayout",
    "column_ranges",
    "kept_together",
    "lay_out",
    "line_count",
    "natural_widths",
    "short",
    "soft_breaks",
    "text_width",
    "wrapped",
]

#: Widths of characters of common text faces that are far from that of a digit, in ens.
_NARROW = frozenset("iljtfrI.,:;'|!()[]/ \u00a0\u202f\u2009")
_NARROW_WIDTH = 0.7
_WIDE = frozenset("mwMW@%—&✓×")
_WIDE_WIDTH = 1.8
_CAPITAL_WIDTH = 1.4
#: How much wider bold type is.
BOLD = 1.12
#: Between neighbouring columns.
_GAP = 2.5
_INDENT = 2.0
#: A heading this short stays on one line; a longer one wraps over a narrow column.
_SHORT_HEADING = 12.0
#: Columns of text are narrowed to this before a smaller type, a wider page or panels are tried.
_NARROW_TEXT = 18.0
#: Text this short is a number or a word and never wraps.
_SHORT_TEXT = 24
#: Words longer than this may break within; none of everyday language is.
_LONGEST_WORD = 28
_PIECE = 12
#: Enough halvings of the widest table for a difference that no page shows.
_BISECTIONS = 40
_LONG_WORD = re.compile(rf"[^\s]{{{_LONGEST_WORD + 1},}}")
_AFTER_MARK = re.compile(r"(?<=[_.:/,;=+*|\\-])")
#: Zero width space: a line may break here (Unicode Standard Annex 14, class ZW).
_BREAK = "\u200b"
_NO_BREAK_SPACE = "\u00a0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A kind of page with a type size: the ``width`` of its lines is in ens of that size (``points``)."""

    points: float
    width: float
    landscape: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLayout:
    """Where a table goes: a page, panels of column numbers, and the width of every column in ens.

    ``needed`` are the widths at which nothing would wrap; a column that got less ``wraps``.
    """

    page: Page
    panels: tuple[tuple[int, ...], ...]
    widths: tuple[float, ...]
    needed: tuple[float, ...]

    def wraps(self, column: int) -> bool:
        """Return whether a column is narrower than its longest line of text."""
        return self.widths[column] < self.needed[column]

    def panel_width(self, panel: Sequence[int]) -> float:
        """Return the width of a panel in ens, the space between its columns included."""
        return _total([self.widths[j] for j in panel]) - _GAP


def line_count(rows: Sequence[Row], panel: Sequence[int], layout: TableLayout) -> int:
    """Return about how many lines the rows take in a panel."""
    return sum(max(_lines_of(row, j, layout.widths[j]) for j in panel) for row in rows)


def _lines_of(row: Row, j: int, width: float) -> int:
    return 1 if row.kind == "group" else math.ceil(text_width(visible(row.cells[j].text)) / width) or 1


def text_width(text: str) -> float:
    """Return the width of a line of text in ens, rather too large than too small.

    Examples
    --------
    >>> text_width("1.93"), text_width("体重")
    (3.7, 4.0)
    """
    return round(sum(map(_character_width, text)), 2)


@lru_cache(maxsize=1024)
def _character_width(character: str) -> float:
    if character in _NARROW:
        return _NARROW_WIDTH
    if character in _WIDE:
        return _WIDE_WIDTH
    return _CAPITAL_WIDTH if character.isupper() else float(display_width(character))


def lay_out(table: Table, pages: Sequence[Page]) -> TableLayout:
    """Return the first page on which the table fits, columns of text narrowed if need be.

    A table that fits on none is split into panels on upright pages, as few as can be; each repeats the row
    headings, and the columns of a group stay together where they can.
    """
    needed = natural_widths(table)
    floors = [min(width, _NARROW_TEXT) if _may_wrap(table, j) else width for j, width in enumerate(needed)]
    for page in pages:
        widths = _shrunk(needed, floors, page.width - _GAP * len(needed))
        if _total(widths) <= page.width:
            whole = tuple(range(len(widths)))
            return TableLayout(page=page, panels=(whole,), widths=tuple(widths), needed=tuple(needed))
    upright = [page for page in pages if not page.landscape] or list(pages)
    layouts = []
    for page in upright:
        widths = _panel_widths(table, needed, floors, page.width)
        panels = _panels(table, widths, page.width)
        layouts.append(TableLayout(page=page, panels=panels, widths=tuple(widths), needed=tuple(needed)))
    return min(layouts, key=lambda layout: (len(layout.panels), -layout.page.points))


def column_ranges(columns: Sequence[TableColumn]) -> Iterator[tuple[str, range]]:
    """Yield each upper heading ("" for none) with the positions of the columns below it."""
    end = 0
    for group, size in column_spans(columns):
        yield group, range(end, end + size)
        end += size


def wrapped(text: str, width: float) -> tuple[str, ...]:
    """Return ``text``, made visible, in lines of at most ``width`` ens where its words allow.

    Examples
    --------
    >>> wrapped("Newton decrement", 10.0)
    ('Newton', 'decrement')
    """
    lines: list[str] = []
    for word in visible(text).split():
        if lines and text_width(f"{lines[-1]} {word}") <= width:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return tuple(lines)


def short(text: str) -> bool:
    """Return whether a text is as short as a number or a word, so that it stays on one line."""
    return len(text) <= _SHORT_TEXT


def kept_together(text: str) -> str:
    """Return short text with spaces that do not break, such as those of an interval."""
    return text.replace(" ", _NO_BREAK_SPACE) if short(text) else text


def soft_breaks(text: str) -> str:
    """Return ``text`` with places where a line may break inside words that are too long for any line.

    Examples
    --------
    >>> soft_breaks("a word"), soft_breaks("x" * 30).split("\\u200b")
    ('a word', ['xxxxxxxxxxxx', 'xxxxxxxxxxxx', 'xxxxxx'])
    """
    return _LONG_WORD.sub(lambda match: _BREAK.join(_pieces(match[0])), text)


def _pieces(word: str) -> list[str]:
    return [part[i : i + _PIECE] for part in _AFTER_MARK.split(word) for i in range(0, len(part), _PIECE)]


def _total(widths: Sequence[float]) -> float:
    return sum(widths) + _GAP * len(widths)


def natural_widths(table: Table) -> list[float]:
    """Return the widths in ens at which no cell wraps; headings wrap at their spaces."""
    return _widened([_needed_width(table, j) for j in range(len(table.columns))], table)


def _needed_width(table: Table, j: int) -> float:
    """Return the width at which no cell of a column wraps; headings wrap at their spaces."""
    column = table.columns[j]
    heading, unit = visible(column.heading), visible(column.unit)
    widest = max(_widest_word(heading) * BOLD, _widest_word(unit), 1.0)
    widest = max(widest, min(text_width(heading), _SHORT_HEADING) * BOLD)
    for row in table.rows:
        if row.kind != "group":
            inset = row.indent * _INDENT if j == 0 else 0.0
            widest = max(widest, text_width(visible(row.cells[j].text)) + inset)
    return widest


def _widest_word(text: str) -> float:
    return max(text_width(word) for word in text.split(" "))


def _widened(widths: list[float], table: Table) -> list[float]:
    """Return the widths with the last column of each group wide enough for the words of its upper heading."""
    result = list(widths)
    for group, places in column_ranges(table.columns):
        room = _total([result[j] for j in places]) - _GAP
        result[places[-1]] += max(0.0, _widest_word(visible(group)) * BOLD - room)
    return result


def _may_wrap(table: Table, j: int) -> bool:
    """Return whether a column is text, or holds something too long to be a number."""
    column = table.columns[j]
    return column.align == "left" or not all(
        short(text) for text in (*_texts(table.rows, j), *column.heading.split(" "), *column.unit.split(" "))
    )


def _texts(rows: Sequence[Row], j: int) -> list[str]:
    return [row.cells[j].text for row in rows if row.kind != "group"]


def _shrunk(widths: Sequence[float], floors: Sequence[float], total: float) -> list[float]:
    """Return widths that sum to ``total`` if the floors allow: the widest are cut to a common width."""
    low, high = 0.0, max(widths, default=0.0)
    if sum(widths) <= total:
        return list(widths)

    def cut(cap: float) -> list[float]:
        return [max(min(width, cap), floor) for width, floor in zip(widths, floors, strict=True)]

    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(cut(middle)) <= total else (low, middle)
    return cut(low)


def _panel_widths(
    table: Table, needed: Sequence[float], floors: Sequence[float], width: float
) -> list[float]:
    """Return widths for panels: row headings leave half of the line, text takes half of the rest."""
    n_headers = table.row_headers
    headers = needed[:n_headers]
    fitted = _shrunk(headers, [1.0] * n_headers, width / 2 - _GAP * n_headers)
    room = width - _total(fitted)
    return fitted + [
        min(need, max(room / 2, floor), room - _GAP)
        for need, floor in zip(needed[n_headers:], floors[n_headers:], strict=True)
    ]


def _panels(table: Table, widths: Sequence[float], width: float) -> tuple[tuple[int, ...], ...]:
    """Split the columns into as few panels as fit, about equally wide."""
    headers = tuple(range(table.row_headers))
    room = width - _total(widths[: table.row_headers])
    units = _units(table, widths, room)
    sizes = [_total([widths[j] for j in unit]) for unit in units]
    panels = _evenly(sizes, room)
    return tuple(headers + tuple(j for i in panel for j in units[i]) for panel in panels) or (headers,)


def _units(table: Table, widths: Sequence[float], room: float) -> list[list[int]]:
    """Return the columns that stay together: whole groups, or single columns of a group that is too wide."""
    units: list[list[int]] = []
    for _, places in column_ranges(table.columns):
        columns = [j for j in places if j >= table.row_headers]
        if columns and _total([widths[j] for j in columns]) <= room:
            units.append(columns)
        else:
            units += [[j] for j in columns]
    return units


def _evenly(sizes: Sequence[float], room: float) -> list[list[int]]:
    """Return the numbers of consecutive units per panel: as few panels as fit, about equally wide."""
    panels: list[list[int]] = []
    start = 0
    for n_left in range(len(_packed(sizes, room)), 0, -1):
        target = sum(sizes[start:]) / n_left
        end, used = start + 1, sizes[start]
        while end < len(sizes) and used + sizes[end] <= room:
            rest_fits = len(_packed(sizes[end:], room)) < n_left
            if rest_fits and used + sizes[end] / 2 > target:
                break
            used += sizes[end]
            end += 1
        panels.append(list(range(start, end)))
        start = end
    return panels


def _packed(sizes: Sequence[float], room: float) -> list[list[int]]:
    """Return the numbers of consecutive units that share a line of this width."""
    panels: list[list[int]] = []
    used = 0.0
    for i, size in enumerate(sizes):
        if panels and used + size <= room:
            panels[-1].append(i)
            used += size
        else:
            panels.append([i])
            used = size
    return panels
