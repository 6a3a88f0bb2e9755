"""A `Sheet` as a worksheet of a file, by xlsxwriter: how each kind of cell looks, and what may be entered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from logreg.report.formats import visible
from logreg.report.spreadsheet_formulas import Formula
from logreg.report.spreadsheet_lines import LINE_HEIGHT, text_lines
from logreg.report.spreadsheet_sheet import Content, Entry, Sheet, Style, cell_address
from logreg.report.table_layout import BOLD

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

__all__ = ["AllDigits", "fit_to_paper", "write_sheet"]

_SOFT, _CAUTION, _INPUT, _MARKED = "#595E66", "#8A4B00", "#FFF8DC", "#F6C88B"
#: No number of a spreadsheet is larger.
_LARGEST = 9.9e307
_A4 = 9
_PLAIN = 'General;"\N{MINUS SIGN}"General'
_LOGIT = '0.000;"\N{MINUS SIGN}"0.000'
#: A format has three cases at most; those of `_ODDS_BEYOND` are laid over it.
_ODDS = "[=0]0;[<0.1]0.0000;0.000"
#: Odds from the first number up to the second; the tiniest would look like 0, the largest fill no column.
_ODDS_BEYOND: tuple[tuple[float, float, str], ...] = (
    (1e-307, 0.000999999, "0.00E+00"),
    (100.0, 999_999.0, "0.0"),
    (999_999.0, 9.9e307, "0.00E+00"),
)
_PROBABILITY = '[<0.0005]"<0.001";[>0.9995]">0.999";0.000'
_RIGHT: Mapping[str, Any] = MappingProxyType({"align": "right"})
_FRAME: Mapping[str, Any] = MappingProxyType(
    {"border": 2, "bg_color": _INPUT, "bold": True, "indent": 1, **_RIGHT}
)
#: How each kind of cell differs from plain text.
_STYLES: Mapping[Style, Mapping[str, Any]] = MappingProxyType(
    {
        "title": {"bold": True, "font_size": 15},
        "heading": {"bold": True, "font_size": 12},
        "column": {"bold": True, "bottom": 1, "text_wrap": True},
        "number_column": {"bold": True, "bottom": 1, "text_wrap": True, **_RIGHT},
        "upper_column": {"bold": True, "text_wrap": True, "align": "center", "bottom": 1},
        "label": {"text_wrap": True},
        "soft": {"font_color": _SOFT},
        "caution": {"font_color": _CAUTION, "bold": True},
        "remark": {"font_color": _CAUTION, "bold": True, "indent": 1},
        "remark_column": {"bold": True, "bottom": 1, "indent": 1},
        "aside": {"font_color": _SOFT, "indent": 1},
        "number": {"num_format": _PLAIN, **_RIGHT},
        "input_number": {**_FRAME, "num_format": _PLAIN},
        "input_choice": {**_FRAME, "num_format": "@"},
        "soft_value": {"font_color": _SOFT, "num_format": _PLAIN, **_RIGHT},
        "logit": {"num_format": _LOGIT, **_RIGHT},
        "odds": {"num_format": _ODDS, **_RIGHT},
        "probability": {"num_format": _PROBABILITY, **_RIGHT},
        "strong_label": {"bold": True, "text_wrap": True},
        "strong_text": {"bold": True, **_RIGHT},
        "strong_logit": {"bold": True, "num_format": _LOGIT, "top": 1, **_RIGHT},
        "strong_probability": {"bold": True, "num_format": _PROBABILITY, **_RIGHT},
    }
)


class AllDigits(float):
    """A number that xlsxwriter, which asks for 16 digits, writes with as many as bring it back exactly."""

    def __format__(self, spec: str) -> str:
        """Return the number as in a file: 17 digits where 16 are too few; ``spec`` has no part in it."""
        short = format(float(self), ".16G")
        return short if float(short) == float(self) else format(float(self), ".17G")


def fit_to_paper(sheet: Worksheet, *, landscape: bool = False) -> None:
    """Print a sheet on pages of its own width."""
    sheet.hide_gridlines(2)
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    if landscape:
        sheet.set_landscape()


def write_sheet(workbook: Workbook, sheet: Sheet, make_format: Callable[..., Any]) -> None:
    """Add a sheet to a file; ``make_format`` returns the format of a file with given properties."""

    def styled(style: Style) -> Any:
        return make_format(valign="vcenter", **_STYLES[style])

    page = workbook.add_worksheet(sheet.name)
    fit_to_paper(page, landscape=True)
    for column, width in enumerate(sheet.widths):
        page.set_column(column, column, width)
    for row, lines in _heights(sheet).items():
        page.set_row(row, LINE_HEIGHT * lines)
    for (row, column), n_columns in sheet.merged.items():
        style = sheet.cells[row, column].style
        page.merge_range(row, column, row, column + n_columns - 1, "", styled(style))
    for (row, column), cell in sheet.cells.items():
        _write_cell(page, row, column, cell.content, styled(cell.style))
        if cell.style == "odds":
            _write_odds_beyond(page, row, column, make_format)
    if sheet.frozen:
        page.freeze_panes(sheet.frozen, 0)
    for entry in sheet.entries:
        _write_entry(page, sheet, entry, make_format)
    rows, columns = (max(place[axis] for place in sheet.cells) for axis in (0, 1))
    page.ignore_errors({"number_stored_as_text": f"$A$1:{cell_address(rows, columns)}"})


def _heights(sheet: Sheet) -> dict[int, int]:
    """Return the lines of the rows that have more than one: as the sheet says, or as its texts wrap."""
    heights = {row: lines for row, lines in sheet.heights.items() if lines > 1}
    for (row, column), cell in sheet.cells.items():
        style = _STYLES[cell.style]
        if not isinstance(cell.content, str) or "text_wrap" not in style:
            continue
        last = column + sheet.merged.get((row, column), 1)
        width = (sum(sheet.widths[column:last]) - 1.0) / (BOLD if "bold" in style else 1.0)
        lines = text_lines(cell.content, width)
        if lines > max(1, heights.get(row, 1)):
            heights[row] = lines
    return heights


def _write_odds_beyond(page: Worksheet, row: int, column: int, make_format: Callable[..., Any]) -> None:
    """Show odds that are very small or large in their own way."""
    for low, high, pattern in _ODDS_BEYOND:
        rule = {"type": "cell", "criteria": "between", "minimum": low, "maximum": high}
        page.conditional_format(row, column, row, column, rule | {"format": make_format(num_format=pattern)})


def _write_cell(page: Worksheet, row: int, column: int, content: Content, cell_format: Any) -> None:
    if isinstance(content, Formula):
        value = content.value
        if not isinstance(value, str):
            value = "#N/A" if np.isnan(value) else AllDigits(value)
        page.write_formula(row, column, f"={content.text}", cell_format, value)
    elif isinstance(content, str):
        if content:
            page.write_string(row, column, visible(content), cell_format)
        else:
            page.write_blank(row, column, None, cell_format)
    else:
        page.write_number(row, column, AllDigits(content), cell_format)


def _write_entry(page: Worksheet, sheet: Sheet, entry: Entry, make_format: Callable[..., Any]) -> None:
    """Say what may be entered in a cell, and colour it while there is a remark on it."""
    place = (entry.row, entry.column, entry.row, entry.column)
    if entry.choices is None:
        rule: dict[str, Any] = {"validate": "decimal", "criteria": ">=", "value": -_LARGEST}
        rule |= {"error_title": "A number is needed", "error_message": "Enter a number."}
    else:
        rule = {"validate": "list", "source": f"={entry.choices.text}"}
        rule |= {"error_title": "Not in the list", "error_message": "Choose a name from the list."}
    page.data_validation(*place, rule)
    remark = sheet.cell(entry.row, entry.remark).text.split("!")[1]
    marked = make_format(bg_color=_MARKED, italic=True)
    page.conditional_format(*place, {"type": "formula", "criteria": f"=LEN({remark})>0", "format": marked})
