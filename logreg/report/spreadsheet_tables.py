"""A table as a sheet of a spreadsheet: caption, headings that stay in view, numbers, notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logreg.report.formats import visible
from logreg.report.nodes import Cell, Row, Table, TableColumn
from logreg.report.spreadsheet_intervals import split_intervals
from logreg.report.spreadsheet_lines import LINE_HEIGHT, cut, pieces, text_lines
from logreg.report.spreadsheet_numbers import number_format
from logreg.report.spreadsheet_write import AllDigits, fit_to_paper
from logreg.report.table_layout import BOLD, column_ranges, text_width

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

__all__ = ["TableSheet", "write_value"]

_SOFT = "#595E66"
#: Tables are as wide as their text up to this, then they wrap.
_WIDEST_COLUMN = 60.0
_PADDING = 3.0
_INDENT = 2.0
#: A heading this short stays on one line; a longer one wraps over a narrow column.
_SHORT_HEADING = 12.0
#: Caption and notes run over the table, and over empty columns until they are this wide.
_NARROWEST_NOTE = 70.0
_EMPTY_COLUMN = 8.43
#: Characters of a note or caption in one cell.
_LONGEST_NOTE = 1_200
#: Space in points that keeps text off the rules.
_AIR = 3.0
#: Wider tables, in characters, are printed on paper on its side.
_UPRIGHT = 125.0


def write_value(
    sheet: Worksheet, line: int, column: int, cell: Cell, make: Callable[..., Any], properties: dict[str, Any]
) -> None:
    """Write a number with a format that shows it as the report does, or else the text."""
    shown = number_format(cell.value, cell.text)
    if shown is None:
        sheet.write_string(line, column, cut(visible(cell.text or cell.reason)), make(**properties))
    else:
        assert cell.value is not None
        number = AllDigits(float(cell.value) + 0.0)  # a zero without sign
        sheet.write_number(line, column, number, make(num_format=shown, **properties))


@dataclass(slots=True, kw_only=True)
class TableSheet:
    """The sheet in the making; ``make`` returns the format of a file with given properties."""

    sheet: Worksheet
    make: Callable[..., Any]
    widths: tuple[float, ...] = ()

    def write(self, table: Table, caption: str) -> None:
        """Write caption, headings, rows and notes."""
        split = split_intervals(table)
        columns, rows = split.columns, split.rows
        headings = [_heading(column, end) for column, end in zip(columns, split.ends, strict=True)]
        self.widths = tuple(_width(j, headings[j], rows) + _PADDING for j in range(len(columns)))
        self._widen_groups(columns)
        for j, width in enumerate(self.widths):
            self.sheet.set_column(j, j, width)
        self._write_across(0, cut(visible(caption), _LONGEST_NOTE), bold=True, font_size=12)
        first = self._write_headings(columns, headings)
        line = first
        for row in rows:
            air = 2.0 * _AIR if line == first else _AIR
            self._write_row(line, row, columns, air, last=line == first + len(rows) - 1)
            line += 1
        for k, note in enumerate(table.notes):
            for piece in pieces(cut(visible(note)), _LONGEST_NOTE):
                air = _AIR if k == 0 else 0.0
                self._write_across(line, piece, air, font_color=_SOFT, font_size=10, valign="bottom")
                line += 1
        self.sheet.freeze_panes(first, table.row_headers)
        self.sheet.repeat_rows(1, first - 1)
        fit_to_paper(self.sheet, landscape=sum(self.widths) > _UPRIGHT)

    def _widen_groups(self, columns: Sequence[TableColumn]) -> None:
        """Make the last column of each group wide enough for the words of its upper heading."""
        widths = list(self.widths)
        for group, places in column_ranges(columns):
            longest = max(text_width(word) for word in visible(group).split(" ")) * BOLD + _PADDING
            widths[places[-1]] += max(0.0, min(longest, _WIDEST_COLUMN) - sum(widths[j] for j in places))
        self.widths = tuple(widths)

    def _write_across(self, line: int, text: str, air: float = 0.0, **properties: Any) -> None:
        """Write a text over the columns of the table, and over empty ones beside a narrow table."""
        width, last = sum(self.widths), len(self.widths) - 1
        while width < _NARROWEST_NOTE:
            width, last = width + _EMPTY_COLUMN, last + 1
        cell_format = self.make(text_wrap=True, **properties)
        if last:
            self.sheet.merge_range(line, 0, line, last, "", cell_format)
        self.sheet.write_string(line, 0, text, cell_format)
        bold = BOLD if properties.get("bold") else 1.0
        self.sheet.set_row(line, LINE_HEIGHT * text_lines(text, (width - 1.0) / bold) + air)

    def _write_headings(self, columns: Sequence[TableColumn], headings: Sequence[str]) -> int:
        """Write the headings from the third row on and return the row after them."""
        line = 2
        style = {"bold": True, "valign": "bottom", "bottom": 1, "text_wrap": True}
        if any(column.group for column in columns):
            n_lines = 1
            upper = self.make(**style, align="center")
            for group, places in column_ranges(columns):
                width = (sum(self.widths[j] for j in places) - 1.0) / BOLD
                n_lines = max(n_lines, text_lines(group, width))
                if group and len(places) > 1:
                    self.sheet.merge_range(line, places[0], line, places[-1], "", upper)
                if group:
                    self.sheet.write_string(line, places[0], cut(visible(group)), upper)
            self.sheet.set_row(line, LINE_HEIGHT * n_lines + _AIR)
            line += 1
        n_lines = 1
        for j, (column, heading) in enumerate(zip(columns, headings, strict=True)):
            self.sheet.write_string(line, j, heading, self.make(**style, **_aligned(column, j)))
            width = (self.widths[j] - 1.0) / BOLD
            n_lines = max(n_lines, sum(text_lines(part, width) for part in heading.split("\n")))
        self.sheet.set_row(line, LINE_HEIGHT * n_lines + _AIR)
        return line + 1

    def _write_row(
        self, line: int, row: Row, columns: Sequence[TableColumn], air: float, *, last: bool
    ) -> None:
        shared: dict[str, Any] = {"bottom": 2} if last else {}
        inset = {"indent": row.indent} if row.indent else {}
        n_lines = 1
        if row.kind != "group":
            cells = zip(row.cells, self.widths, strict=True)
            n_lines = max(text_lines(cell.text, width - 1.0) for cell, width in cells)
        # A single line keeps off the rules above and below; beside several, all begin at the same height.
        shared |= {"valign": "vcenter"} if n_lines == 1 else {}
        self.sheet.set_row(line, LINE_HEIGHT * n_lines + air)
        if row.kind == "group":
            text = cut(visible(row.cells[0].text))
            self.sheet.write_string(line, 0, text, self.make(italic=True, **inset, **shared))
            if last:
                for j in range(1, len(columns)):
                    self.sheet.write_blank(line, j, None, self.make(**shared))
            return
        for j, cell in enumerate(row.cells):
            properties = _aligned(columns[j], j) | shared
            properties |= inset if j == 0 else {}
            properties |= {"bold": True} if cell.style == "strong" else {}
            if cell.style == "muted" or row.kind == "reference":
                properties |= {"font_color": _SOFT}
            if text_width(cell.text) > _WIDEST_COLUMN:
                properties |= {"text_wrap": True}
            write_value(self.sheet, line, j, cell, self.make, properties)


def _heading(column: TableColumn, end: str) -> str:
    """Return what stands above a column, for a limit with a second line that says which it is."""
    heading = f"{column.heading} ({column.unit})" if column.unit and column.heading else column.heading
    shown = cut(visible(heading or column.unit))
    return f"{shown}\n{end}" if end else shown


def _width(j: int, heading: str, rows: Sequence[Row]) -> float:
    """Return the width at which no cell of a column wraps; headings wrap at their spaces."""
    widest = max(text_width(word) for word in heading.replace("\n", " ").split(" ")) * BOLD
    widest = max(widest, min(text_width(heading.split("\n")[0]), _SHORT_HEADING) * BOLD, 1.0)
    for row in rows:
        if row.kind != "group":
            inset = row.indent * _INDENT if j == 0 else 0.0
            widest = max(widest, text_width(visible(row.cells[j].text)) + inset)
    return min(widest, _WIDEST_COLUMN)


def _aligned(column: TableColumn, j: int) -> dict[str, Any]:
    """Return the alignment of a column; text keeps its distance from numbers on its left."""
    properties: dict[str, Any] = {"align": column.align}
    return properties | {"indent": 1} if column.align == "left" and j > 0 else properties
