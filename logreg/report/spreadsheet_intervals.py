"""Intervals as two columns of numbers: a report shows them as one text, a spreadsheet is there to compute."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from logreg.report.nodes import Cell, Row, Table, TableColumn
from logreg.report.spreadsheet_numbers import number_format

__all__ = ["ENDS", "Split", "limits_of", "split_intervals"]

#: What stands below the heading of an interval, for its two columns.
ENDS = ("lower", "upper")
_VALUE = re.compile(r"(?P<low>-?(?:inf|[\d.]+(?:e[-+]?\d+)?)) to (?P<high>-?(?:inf|[\d.]+(?:e[-+]?\d+)?))")
_LIMIT = r"[-−]?(?:∞|[\d.,·'\u202f\u2009\u00a0]*\d(?:\u00a0×\u00a010[⁻\d⁰¹²³⁴⁵⁶⁷⁸⁹]+|e-?\d+)?)%?"
_TEXT = re.compile(rf"[(\[]?(?P<low>{_LIMIT})(?P<word>\D+?)(?P<high>{_LIMIT})[)\]]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A table whose intervals are two columns; ``ends`` holds "lower", "upper" or "" for every column."""

    columns: tuple[TableColumn, ...]
    rows: tuple[Row, ...]
    ends: tuple[str, ...]


def limits_of(cell: Cell) -> tuple[Cell, Cell] | None:
    """Return the limits of an interval as cells; None if it is none, or shows other numbers than it holds.

    Examples
    --------
    >>> low, high = limits_of(Cell(text="1.27 to ∞", value="1.2704 to inf"))
    >>> low.text, low.value, high.text, high.value
    ('1.27', 1.2704, '∞', inf)
    >>> limits_of(Cell(text="reference")) is None
    True
    """
    value = _VALUE.fullmatch(cell.value) if isinstance(cell.value, str) else None
    text = _TEXT.fullmatch(cell.text) if value else None
    if value is None or text is None:
        return None
    found = [replace(cell, text=text[end], value=float(value[end])) for end in ("low", "high")]
    return (found[0], found[1]) if all(map(_shows_its_number, found)) else None


def _shows_its_number(cell: Cell) -> bool:
    assert isinstance(cell.value, float)
    if math.isinf(cell.value):
        return cell.text.lstrip("-−") == "∞" and (cell.text == "∞") == (cell.value > 0)
    return number_format(cell.value, cell.text) is not None


def split_intervals(table: Table) -> Split:
    """Return columns and rows of a table, each column with intervals as two; other text is in the first."""
    found = [[limits_of(cell) for cell in row.cells] for row in table.rows if row.kind != "group"]
    splits = [any(limits[j] is not None for limits in found) for j in range(len(table.columns))]
    if not any(splits):
        return Split(columns=table.columns, rows=table.rows, ends=("",) * len(table.columns))
    columns: list[TableColumn] = []
    ends: list[str] = []
    for column, is_split in zip(table.columns, splits, strict=True):
        columns += [column, column] if is_split else [column]
        ends += ENDS if is_split else [""]
    rows, limits = [], iter(found)
    for row in table.rows:
        if row.kind != "group":
            cells = _side_by_side(row.cells, next(limits), splits)
            row = replace(row, cells=tuple(cells))
        rows.append(row)
    return Split(columns=tuple(columns), rows=tuple(rows), ends=tuple(ends))


def _side_by_side(
    cells: Sequence[Cell], limits: Sequence[tuple[Cell, Cell] | None], splits: Sequence[bool]
) -> list[Cell]:
    found: list[Cell] = []
    for cell, pair, is_split in zip(cells, limits, splits, strict=True):
        found += pair or ((cell, Cell(text="")) if is_split else (cell,))
    return found
