"""A table whose reader chooses what it compares with, where the format can; elsewhere the table as it stands.

All numbers are computed beforehand: every choice is a whole table of the same shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from logreg.report.checks import require_text, require_tuple
from logreg.report.nodes import Table

__all__ = ["SwitchedTable", "switched"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchedTable(Table):
    """A table with others of the same shape that may take its place.

    ``question`` stands before the choice, ``remark`` says what the choice does not change. ``choices`` name
    the tables: first the one that is shown where nothing can be chosen, then ``others``. Tables with the same
    question and choices change together.
    """

    question: str
    choices: tuple[str, ...]
    others: tuple[Table, ...]
    remark: str = ""

    def __post_init__(self) -> None:
        Table.__post_init__(self)
        require_text(f"table {self.key!r}", self.question, self.remark)
        require_tuple(f"the choices of table {self.key!r}", self.choices, str)
        require_tuple(f"the others of table {self.key!r}", self.others, Table)
        if len(self.choices) != 1 + len(self.others):
            raise ValueError(
                f"table {self.key!r} has {len(self.choices)} choices for {1 + len(self.others)} tables"
            )
        if any(_shape(other) != _shape(self) for other in self.others):
            raise ValueError(f"the others of table {self.key!r} must have its columns and rows")


def _shape(table: Table) -> tuple[object, ...]:
    """Return what a choice cannot change: all but captions, names of groups, cells and notes."""
    columns = tuple((column.key, column.heading, column.unit, column.align) for column in table.columns)
    rows = tuple((row.kind, row.indent, tuple(cell.style for cell in row.cells)) for row in table.rows)
    sizes = tuple((bool(group), size) for group, size in table.column_groups)
    return columns, sizes, table.row_headers, rows


def switched(
    table: Table, others: Sequence[Table], *, choices: Sequence[str], question: str, remark: str = ""
) -> SwitchedTable:
    """Return a table with others that may take its place; see `SwitchedTable`.

    Raises
    ------
    ValueError
        If the tables differ in shape, or choices are not as many as tables.
    """
    own = {field.name: getattr(table, field.name) for field in fields(Table)}
    return SwitchedTable(
        **own, question=question, choices=tuple(choices), others=tuple(others), remark=remark
    )
