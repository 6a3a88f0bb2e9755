"""A sheet of a spreadsheet as plain values: cells with text, numbers and formulas, and what each is for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from logreg.report.spreadsheet_formulas import Formula

__all__ = ["Column", "Content", "Entry", "Line", "Sheet", "SheetCell", "Style", "cell_address"]

Content: TypeAlias = "str | float | Formula"
#: What a cell is for; whoever writes the file decides how that looks.
Style: TypeAlias = Literal[
    "title",
    "heading",
    "column",
    "number_column",
    "upper_column",
    "label",
    "soft",
    "aside",
    "caution",
    "remark",
    "remark_column",
    "number",
    "input_number",
    "input_choice",
    "soft_value",
    "logit",
    "odds",
    "probability",
    "strong_label",
    "strong_text",
    "strong_logit",
    "strong_probability",
]


@dataclass(frozen=True, slots=True)
class SheetCell:
    """What stands in one cell; a text is never taken for anything else."""

    content: Content
    style: Style


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A cell that the reader changes: to a number, or to one of the texts in the area ``choices``.

    ``remark`` is the column of the cell beside it that is not empty when the value needs care.
    """

    row: int
    column: int
    remark: int
    choices: Formula | None = None


@dataclass(slots=True, kw_only=True)
class Sheet:
    """A sheet in the making. Rows and columns count from 0.

    Attributes
    ----------
    cells : dict
        By row and column.
    widths : tuple of float
        Of the columns, in characters.
    merged : dict
        First cell of a text that runs over several columns, to the number of columns.
    heights : dict
        Lines of text in a row that has more than one.
    entries : list of Entry
        The cells that the reader changes.
    frozen : int
        Rows at the top that stay in view.
    """

    name: str
    cells: dict[tuple[int, int], SheetCell] = field(default_factory=dict)
    widths: tuple[float, ...] = ()
    merged: dict[tuple[int, int], int] = field(default_factory=dict)
    heights: dict[int, int] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    frozen: int = 0

    def put(self, row: int, column: int, content: Content, style: Style = "number") -> Formula:
        """Write a cell and return what a formula calls it."""
        if isinstance(content, Formula):
            own = content.text.replace(f"'{self.name}'!", "")
            content = Formula(own, content.value)
            value = content.value
        else:
            value = content if isinstance(content, str) else float(content)
        self.cells[row, column] = SheetCell(content, style)
        return Formula(f"'{self.name}'!{cell_address(row, column)}", value)

    def area(self, row: int, column: int, n_rows: int, n_columns: int = 1) -> Formula:
        """Return what a formula calls a rectangle of cells; it has one row per row of the sheet."""
        values = [
            [_value(self.cells[row + i, column + j].content) for j in range(n_columns)] for i in range(n_rows)
        ]
        numbers = all(isinstance(value, float) for line in values for value in line)
        last = cell_address(row + n_rows - 1, column + n_columns - 1)
        return Formula(
            f"'{self.name}'!{cell_address(row, column)}:{last}",
            np.array(values, dtype=float if numbers else object),
        )

    def cell(self, row: int, column: int) -> Formula:
        """Return what a formula calls a cell that was written."""
        return Formula(f"'{self.name}'!{cell_address(row, column)}", _value(self.cells[row, column].content))

    def write_down(self, row: int, column: int, contents: list[float], style: Style = "number") -> Formula:
        """Write numbers below one another and return their area."""
        for i, content in enumerate(contents):
            self.put(row + i, column, content, style)
        return self.area(row, column, len(contents))

    def write_across(self, row: int, column: int, contents: list[float], style: Style = "number") -> Formula:
        """Write numbers beside one another and return their area."""
        for j, content in enumerate(contents):
            self.put(row, column + j, content, style)
        return self.area(row, column, 1, len(contents))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Cells of a sheet below one another."""

    sheet: Sheet
    row: int
    column: int
    n_rows: int

    def cell(self, k: int) -> Formula:
        """Return the cell in row k of the column."""
        return self.sheet.cell(self.row + k, self.column)

    def put(self, k: int, content: Content) -> Formula:
        """Write the cell in row k of the column and return it."""
        return self.sheet.put(self.row + k, self.column, content)

    def area(self, first: int = 0, end: int | None = None) -> Formula:
        """Return the cells from one row up to another; all by default."""
        size = (self.n_rows if end is None else end) - first
        return self.sheet.area(self.row + first, self.column, size)

    def others(self, k: int) -> list[Formula]:
        """Return the cells above row k and those below it, where there are any."""
        return [self.area(a, b) for a, b in ((0, k), (k + 1, self.n_rows)) if b > a]


@dataclass(slots=True, kw_only=True)
class Line:
    """A row of a sheet that is written from left to right; ``column`` is the next free one."""

    sheet: Sheet
    row: int
    column: int = 1

    def put(self, content: Content) -> Formula:
        """Write the next cell and return it."""
        self.column += 1
        return self.sheet.put(self.row, self.column - 1, content)

    def last(self, n_cells: int) -> Formula:
        """Return the area of the cells that were written last."""
        return self.sheet.area(self.row, self.column - n_cells, 1, n_cells)


def _value(content: Content) -> float | str:
    value = content.value if isinstance(content, Formula) else content
    return value if isinstance(value, str) else float(value)


def cell_address(row: int, column: int) -> str:
    """Return what a cell is called, for rows and columns counted from 0.

    Examples
    --------
    >>> cell_address(0, 0), cell_address(9, 27)
    ('$A$1', '$AB$10')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"${letters}${row + 1}"
