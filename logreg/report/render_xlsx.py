"""A `Document` as XLSX: a first sheet to read, then one sheet per table, its numbers with all their digits.

Numbers are cells that calculate, with all their digits, shown as the report shows them. Text is written as
text: nothing becomes a formula or a link. Sheets are named after the keys of the tables. Figures stand as
their captions and descriptions. A calculator has two sheets of its own, with formulas that hold no text of
the data.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, assert_never

from logreg.report.archive import DATE
from logreg.report.calculator import Calculator
from logreg.report.extra import require_extra
from logreg.report.formats import visible
from logreg.report.nodes import (
    Block,
    Cell,
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
    Value,
)
from logreg.report.spreadsheet_calculator import calculator_sheets
from logreg.report.spreadsheet_numbers import number_format
from logreg.report.spreadsheet_write import AllDigits, write_sheet
from logreg.report.table_layout import column_spans, natural_widths, text_width, wrapped

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

__all__ = ["render"]

_SIZE = 11.0
_FONT: dict[str, Any] = {"font_name": "Calibri", "font_size": _SIZE, "valign": "top"}
_INK, _SOFT, _CAUTION = "#1D1F22", "#595E66", "#8A4B00"
_HEADING_SIZES = (15, 13, 12, 11, 11)
#: Columns of the sheet to read, in characters: labels, values, remarks; text runs over all three.
_READING_COLUMNS = (34, 30, 50)
#: Of these lines, so many fit into the tallest row that Excel draws (409 points).
_LINE_HEIGHT, _MOST_LINES = 15.0, 26
#: Estimated widths are a little too large for running text, and lines are not filled to the end.
_PROSE = 0.97
#: Excel takes 32,767 units of UTF-16 in a cell; any character is two at most.
_LONGEST_TEXT = 16_000
#: Tables are as wide as their text up to this, then they wrap.
_WIDEST_COLUMN = 60.0
_PADDING = 3.0
_LONGEST_SHEET_NAME = 31
#: Excel keeps this name for itself.
_RESERVED = "history"
_READING_SHEET = "Report"
_CALCULATOR_SHEET = "Calculator"
_A4 = 9
#: More columns than this are printed on paper on its side.
_UPRIGHT_COLUMNS = 8


@dataclass(slots=True, kw_only=True)
class _Book:
    """The file in the making: formats are made once, ``line`` is the next free row of the sheet to read."""

    document: Document
    workbook: Workbook
    reading: Worksheet
    sheets: dict[str, str]
    calculators: dict[str, Calculator]
    formats: dict[tuple[tuple[str, Any], ...], Any] = field(default_factory=dict)
    line: int = 0

    def format(self, **properties: Any) -> Any:
        """Return the format with these properties and the font of all cells."""
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            self.formats[key] = self.workbook.add_format(_FONT | {"font_color": _INK} | properties)
        return self.formats[key]


def render(document: Document) -> bytes:
    """Return the document as an XLSX workbook.

    Raises
    ------
    SupportError
        If the package ``xlsxwriter`` is not installed.
    """
    require_extra(".xlsx")
    import xlsxwriter

    file = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    workbook.set_properties({"title": visible(document.title)[:255], "created": DATE})
    calculators = _calculators(document)
    book = _Book(
        document=document,
        workbook=workbook,
        reading=workbook.add_worksheet(_READING_SHEET),
        sheets=_sheet_names(document, calculators),
        calculators=calculators,
    )
    _write_reading_sheet(book)
    pairs = [
        calculator_sheets(calculator.model, name, _numbers_name(name))
        for name, calculator in calculators.items()
    ]
    for calculator, _ in pairs:
        write_sheet(workbook, calculator, book.format)
    for number, table in enumerate(document.tables, start=1):
        _write_table(book, table, number)
    for _, numbers in pairs:
        write_sheet(workbook, numbers, book.format)
    workbook.close()
    return file.getvalue()


def _calculators(document: Document) -> dict[str, Calculator]:
    """Return the calculators in reading order by the names of their sheets."""
    parts = [document.blocks, *(section.blocks for section in document.sections)]
    found = [block for blocks in parts for block in blocks if isinstance(block, Calculator)]
    return {
        _CALCULATOR_SHEET if k == 1 else f"{_CALCULATOR_SHEET} {k}": calculator
        for k, calculator in enumerate(found, start=1)
    }


def _numbers_name(name: str) -> str:
    """Return the name of the sheet with the numbers of a calculator."""
    return name.replace(_CALCULATOR_SHEET, f"{_CALCULATOR_SHEET} model")


def _sheet_names(document: Document, calculators: Iterable[str]) -> dict[str, str]:
    """Return the name of each table's sheet: its key, shortened if need be, unique in any case."""
    taken = {_READING_SHEET.lower(), _RESERVED}
    taken |= {name.lower() for calculator in calculators for name in (calculator, _numbers_name(calculator))}
    names = {}
    for table in document.tables:
        name = table.key[:_LONGEST_SHEET_NAME]
        number = 2
        while name in taken:
            ending = f"_{number}"
            name = table.key[: _LONGEST_SHEET_NAME - len(ending)] + ending
            number += 1
        taken.add(name)
        names[table.key] = name
    return names


# --- the sheet to read ------------------------------------------------------------------------------------


def _write_reading_sheet(book: _Book) -> None:
    sheet, document = book.reading, book.document
    for j, width in enumerate(_READING_COLUMNS):
        sheet.set_column(j, j, width)
    sheet.hide_gridlines(2)
    _print_on_one_page_width(sheet)
    _write_text(book, document.title, bold=True, font_size=18)
    if document.subtitle.strip():
        _write_text(book, document.subtitle, font_color=_SOFT)
    if document.tables:
        book.line += 1
        _write_text(book, document.labels.contents, bold=True)
        for number, table in enumerate(document.tables, start=1):
            _write_link(book, table, number)
    for block in document.blocks:
        _write_block(book, block, depth=0)


def _write_block(book: _Book, node: Block, depth: int) -> None:
    """Write one block at the next free row of the sheet to read."""
    labels = book.document.labels
    match node:
        case Section():
            book.line += 1
            _write_text(book, node.title, bold=True, font_size=_HEADING_SIZES[depth])
            for block in node.blocks:
                _write_block(book, block, depth + 1)
        case Paragraph():
            _write_text(book, "".join(run.text for run in node.runs))
        case Facts():
            for fact in node.items:
                _write_fact(book, fact.label, fact.text, fact.value, fact.note)
        case Table():
            _write_link(book, node, book.document.tables.index(node) + 1)
        case Figure():
            number = [figure.key for figure in book.document.figures].index(node.key) + 1
            _write_text(book, f"{labels.figure} {number}. {node.caption}".rstrip())
            _write_text(book, node.alt, font_color=_SOFT)
        case Note():
            label = labels.warning if node.kind == "warning" else labels.info
            _write_text(
                book, f"{label}: {node.text}", font_color=_CAUTION if node.kind == "warning" else _INK
            )
        case Code():
            if isinstance(node, Calculator):
                name = next(name for name, one in book.calculators.items() if one is node)
                _write_jump(book, f"Live calculator: sheet “{name}”", name)
            for line in visible(node.text, line_breaks=True).expandtabs(4).split("\n"):
                _write_text(book, line, font_name="Consolas", font_size=10)
        case _:
            assert_never(node)


def _write_text(book: _Book, text: str, **properties: Any) -> None:
    """Write text over all columns, in rows that are tall enough for it."""
    size = properties.get("font_size", _SIZE)
    per_line = sum(_READING_COLUMNS) * _SIZE / size
    cell_format = book.format(text_wrap=True, **properties)
    for piece in _pieces(visible(text), int(per_line * _MOST_LINES * _SIZE / size / 2)):
        height = _LINE_HEIGHT * size / _SIZE
        book.reading.set_row(book.line, height * _n_lines(piece, per_line))
        last = len(_READING_COLUMNS) - 1
        book.reading.merge_range(book.line, 0, book.line, last, "", cell_format)
        book.reading.write_string(book.line, 0, piece, cell_format)
        book.line += 1


def _n_lines(text: str, width: float) -> int:
    """Return the lines that text takes in a column: programs do not all fit the height of a row to it."""
    return max(1, min(_MOST_LINES, math.ceil(text_width(visible(text)) * _PROSE / width)))


def _pieces(text: str, longest: int) -> list[str]:
    """Return the text in pieces of at most so many characters, cut at spaces where there are any."""
    pieces = []
    while len(text) > longest:
        end = text.rfind(" ", 1, longest)
        end = longest if end < 0 else end
        pieces.append(text[:end])
        text = text[end:].lstrip(" ")
    return [*pieces, text]


def _write_fact(book: _Book, label: str, text: str, value: Value, note: str) -> None:
    sheet, line = book.reading, book.line
    sheet.write_string(line, 0, _cut(visible(label)), book.format(text_wrap=True, font_color=_SOFT))
    _write_value(
        book, sheet, line, 1, Cell(text=text, value=_not_nan(value)), {"text_wrap": True, "align": "left"}
    )
    sheet.write_string(line, 2, _cut(visible(note)), book.format(text_wrap=True, font_color=_SOFT))
    texts = zip((label, text, note), _READING_COLUMNS, strict=True)
    sheet.set_row(line, _LINE_HEIGHT * max(_n_lines(shown, width) for shown, width in texts))
    book.line += 1


def _not_nan(value: Value) -> Value:
    return None if isinstance(value, float) and math.isnan(value) else value


def _write_link(book: _Book, table: Table, number: int) -> None:
    """Write a link to the sheet of a table."""
    text = _cut(visible(f"{book.document.labels.table} {number}. {table.caption}".rstrip()))
    shown = text if text_width(text) < sum(_READING_COLUMNS) else text[: sum(_READING_COLUMNS) // 2] + "…"
    _write_jump(book, shown, book.sheets[table.key])


def _write_jump(book: _Book, text: str, sheet: str) -> None:
    """Write a link to the top of a sheet."""
    link_format = book.format(font_color="#1B4F8A", underline=1)
    book.reading.write_url(book.line, 0, f"internal:'{sheet}'!A1", link_format, string=text)
    book.line += 1


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"


# --- the sheets of tables ---------------------------------------------------------------------------------


def _write_table(book: _Book, table: Table, number: int) -> None:
    """Write caption, headings, rows and notes of a table on a sheet of its own."""
    sheet = book.workbook.add_worksheet(book.sheets[table.key])
    sheet.hide_gridlines(2)
    caption = f"{book.document.labels.table} {number}. {table.caption}".rstrip()
    sheet.write_string(0, 0, _cut(visible(caption)), book.format(bold=True, font_size=12))
    widths = [min(width, _WIDEST_COLUMN) for width in natural_widths(table)]
    for j, width in enumerate(widths):
        sheet.set_column(j, j, width + _PADDING)
    first = _write_headings(book, sheet, table.columns, widths)
    line = first
    for row in table.rows:
        if row.kind != "group":
            lines = (_n_lines(cell.text, width) for cell, width in zip(row.cells, widths, strict=True))
            sheet.set_row(line, _LINE_HEIGHT * max(lines))
        _write_row(book, sheet, line, row, table, last=line == first + len(table.rows) - 1)
        line += 1
    for note in table.notes:
        sheet.write_string(line, 0, _cut(visible(note)), book.format(font_color=_SOFT, font_size=10))
        line += 1
    sheet.freeze_panes(first, table.row_headers)
    sheet.repeat_rows(1, first - 1)
    _print_on_one_page_width(sheet, landscape=len(table.columns) > _UPRIGHT_COLUMNS)


def _write_headings(
    book: _Book, sheet: Worksheet, columns: Sequence[TableColumn], widths: Sequence[float]
) -> int:
    """Write the headings from the third row on and return the row after them."""
    line = 2
    spans = column_spans(columns)
    if any(group for group, _ in spans):
        first, n_lines = 0, 1
        for group, size in spans:
            n_lines = max(n_lines, len(wrapped(group, sum(widths[first : first + size]))))
            upper = book.format(bold=True, align="center", bottom=1, text_wrap=True)
            if group and size > 1:
                sheet.merge_range(line, first, line, first + size - 1, "", upper)
            if group:
                sheet.write_string(line, first, _cut(visible(group)), upper)
            first += size
        sheet.set_row(line, _LINE_HEIGHT * min(n_lines, _MOST_LINES))
        line += 1
    n_lines = 1
    for j, column in enumerate(columns):
        heading = f"{column.heading} ({column.unit})" if column.unit and column.heading else column.heading
        cell_format = book.format(bold=True, valign="bottom", bottom=1, text_wrap=True, **_aligned(column, j))
        sheet.write_string(line, j, _cut(visible(heading or column.unit)), cell_format)
        n_lines = max(n_lines, len(wrapped(heading or column.unit, widths[j])))
    sheet.set_row(line, _LINE_HEIGHT * min(n_lines, _MOST_LINES))
    return line + 1


def _write_row(book: _Book, sheet: Worksheet, line: int, row: Row, table: Table, *, last: bool) -> None:
    rule = {"bottom": 2} if last else {}
    inset = {"indent": row.indent} if row.indent else {}
    if row.kind == "group":
        text = _cut(visible(row.cells[0].text))
        sheet.write_string(line, 0, text, book.format(italic=True, **inset, **rule))
        return
    for j, cell in enumerate(row.cells):
        properties = _aligned(table.columns[j], j) | rule
        properties |= inset if j == 0 else {}
        properties |= {"bold": True} if cell.style == "strong" else {}
        if cell.style == "muted" or row.kind == "reference":
            properties |= {"font_color": _SOFT}
        if text_width(cell.text) > _WIDEST_COLUMN:
            properties |= {"text_wrap": True}
        _write_value(book, sheet, line, j, cell, properties)


def _aligned(column: TableColumn, j: int) -> dict[str, Any]:
    """Return the alignment of a column; text keeps its distance from numbers on its left."""
    properties: dict[str, Any] = {"align": column.align}
    return properties | {"indent": 1} if column.align == "left" and j > 0 else properties


def _write_value(
    book: _Book, sheet: Worksheet, line: int, column: int, cell: Cell, properties: dict[str, Any]
) -> None:
    """Write a number with a format that shows it as the report does, or else the text."""
    shown = number_format(cell.value, cell.text)
    if shown is None:
        sheet.write_string(line, column, _cut(visible(cell.text or cell.reason)), book.format(**properties))
    else:
        assert cell.value is not None
        number = AllDigits(float(cell.value) + 0.0)  # a zero without sign
        sheet.write_number(line, column, number, book.format(num_format=shown, **properties))


def _print_on_one_page_width(sheet: Worksheet, *, landscape: bool = False) -> None:
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    if landscape:
        sheet.set_landscape()
