"""A `Document` as XLSX: a first sheet to read, then one sheet per table, its numbers with all their digits.

Numbers are cells that calculate, with all their digits, shown as the report shows them. Text is written as
text: nothing becomes a formula or a link. Intervals are two columns. Sheets are named after the keys of
the tables. Figures stand as their captions and descriptions. A calculator has two sheets of its own, with
formulas that hold no text of the data.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
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
    Section,
    Table,
    Value,
)
from logreg.report.spreadsheet_calculator import calculator_sheets
from logreg.report.spreadsheet_lines import LINE_HEIGHT, MOST_LINES, code_lines, cut, pieces, text_lines
from logreg.report.spreadsheet_tables import TableSheet, write_value
from logreg.report.spreadsheet_write import fit_to_paper, write_sheet

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
_ALL_COLUMNS = float(sum(_READING_COLUMNS))
_CODE: dict[str, Any] = {"font_name": "Consolas", "font_size": 10}
#: Characters of program text on a line over all columns, in the widest font that may stand in for its own.
_CODE_COLUMNS = 98
#: Most characters of a link: about four lines.
_LONGEST_LINK = 400
#: Stands behind the number of a figure, whose caption speaks of marks that are not to be seen here.
_DRAWN_ELSEWHERE = "(drawn in the other formats of this report)"
_LONGEST_SHEET_NAME = 31
#: Excel keeps this name for itself.
_RESERVED = "history"
_READING_SHEET = "Report"
_CALCULATOR_SHEET = "Calculator"


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
        sheet = workbook.add_worksheet(book.sheets[table.key])
        TableSheet(sheet=sheet, make=book.format).write(table, _caption(book, table, number))
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
    fit_to_paper(sheet)
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
            _write_text(book, f"{labels.figure} {number} {_DRAWN_ELSEWHERE}. {node.caption}".rstrip())
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
                _write_code(book, line)
        case _:
            assert_never(node)


def _write_text(book: _Book, text: str, **properties: Any) -> None:
    """Write text over all columns, in rows that are tall enough for it."""
    scale = properties.get("font_size", _SIZE) / _SIZE
    per_line = _ALL_COLUMNS / scale
    for piece in pieces(visible(text), int(per_line * MOST_LINES / scale / 2)):
        cell_format = _merged(book, LINE_HEIGHT * scale * text_lines(piece, per_line), **properties)
        book.reading.write_string(book.line, 0, piece, cell_format)
        book.line += 1


def _write_code(book: _Book, line: str) -> None:
    """Write a line of program text, of which every character is equally wide."""
    for piece in pieces(line, _CODE_COLUMNS * MOST_LINES // 2):
        height = LINE_HEIGHT * _CODE["font_size"] / _SIZE * code_lines(piece, _CODE_COLUMNS)
        book.reading.write_string(book.line, 0, piece, _merged(book, height, **_CODE))
        book.line += 1


def _merged(book: _Book, height: float, **properties: Any) -> Any:
    """Make the next row one cell of this height, and return its format."""
    cell_format = book.format(text_wrap=True, **properties)
    book.reading.set_row(book.line, height)
    book.reading.merge_range(book.line, 0, book.line, len(_READING_COLUMNS) - 1, "", cell_format)
    return cell_format


def _write_fact(book: _Book, label: str, text: str, value: Value, note: str) -> None:
    sheet, line = book.reading, book.line
    sheet.write_string(line, 0, cut(visible(label)), book.format(text_wrap=True, font_color=_SOFT))
    cell = Cell(text=text, value=_not_nan(value))
    write_value(sheet, line, 1, cell, book.format, {"text_wrap": True, "align": "left"})
    sheet.write_string(line, 2, cut(visible(note)), book.format(text_wrap=True, font_color=_SOFT))
    texts = zip((label, text, note), _READING_COLUMNS, strict=True)
    sheet.set_row(line, LINE_HEIGHT * max(text_lines(shown, width) for shown, width in texts))
    book.line += 1


def _not_nan(value: Value) -> Value:
    return None if isinstance(value, float) and math.isnan(value) else value


def _write_link(book: _Book, table: Table, number: int) -> None:
    """Write a link to the sheet of a table."""
    _write_jump(book, cut(visible(_caption(book, table, number)), _LONGEST_LINK), book.sheets[table.key])


def _caption(book: _Book, table: Table, number: int) -> str:
    return f"{book.document.labels.table} {number}. {table.caption}".rstrip()


def _write_jump(book: _Book, text: str, sheet: str) -> None:
    """Write a link to the top of a sheet."""
    height = LINE_HEIGHT * text_lines(text, _ALL_COLUMNS)
    link_format = _merged(book, height, font_color="#1B4F8A", underline=1)
    book.reading.write_url(book.line, 0, f"internal:'{sheet}'!A1", link_format, string=text)
    book.line += 1
