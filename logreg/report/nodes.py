"""What a report says, before anyone decides how it looks.

A `Document` is a frozen tree of a few kinds of block. Renderers read it and nothing else: every number stands
in it twice, as the raw value (for JSON and data frames) and as the text that is shown. Whatever a renderer
could stumble over is refused here, when the node is made.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_args

from logreg.errors import did_you_mean
from logreg.report.checks import (
    Value,
    plain_value,
    require_key,
    require_one_of,
    require_text,
    require_tuple,
    require_unique,
)
from logreg.report.svg import clean_svg

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BLOCK_TYPES",
    "Block",
    "Cell",
    "Code",
    "Document",
    "DrawnFigure",
    "Fact",
    "Facts",
    "Figure",
    "Labels",
    "Note",
    "Paragraph",
    "Row",
    "RowGroup",
    "Run",
    "Section",
    "Table",
    "TableColumn",
    "Value",
    "code",
    "emphasis",
    "paragraph",
    "row_groups",
    "strong",
]

#: Stands in for a drawing that is not made yet.
NOTHING_DRAWN = '<svg xmlns="http://www.w3.org/2000/svg"/>'
RunKind: TypeAlias = Literal["plain", "strong", "emphasis", "code"]
RowKind: TypeAlias = Literal["data", "reference", "group"]
CellStyle: TypeAlias = Literal["plain", "strong", "muted"]
Align: TypeAlias = Literal["left", "right", "center"]

#: Headings h2 to h6 are left below the title.
_DEEPEST_SECTION = 5
#: Deeper indentation than this is a tree, not a table.
_LARGEST_INDENT = 4
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stretch of a paragraph set in one way: plain, strong, emphasis or code."""

    text: str
    kind: RunKind = "plain"

    def __post_init__(self) -> None:
        require_text("a run", self.text)
        require_one_of("kind of run", self.kind, get_args(RunKind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Running text. `paragraph` builds one from strings."""

    runs: tuple[Run, ...]

    def __post_init__(self) -> None:
        require_tuple("the runs of a paragraph", self.runs, Run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A label with its value, such as rows read: 189; ``value`` is raw, ``text`` is shown."""

    label: str
    text: str
    value: Value = None
    note: str = ""

    def __post_init__(self) -> None:
        require_text("a fact", self.label, self.text, self.note)
        object.__setattr__(self, "value", plain_value(self.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A short list of labelled values."""

    items: tuple[Fact, ...]

    def __post_init__(self) -> None:
        require_tuple("the items of a list of facts", self.items, Fact)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn:
    """One column of a table.

    ``key`` names it on the wire, ``heading`` is read, ``unit`` says the unit or the scale ("log-odds", "per
    10 lb"). Neighbouring columns of the same ``group`` share a heading above theirs; a key is unique within
    its group, so that outcomes side by side repeat the same keys.
    """

    key: str
    heading: str
    align: Align = "left"
    unit: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        require_text("a table column", self.key, self.heading, self.unit, self.group)
        require_one_of("alignment", self.align, get_args(Align))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value of a table: ``value`` is raw, ``text`` is shown.

    A NaN must have a ``text`` or a ``reason`` that says why there is no number.
    """

    text: str
    value: Value = None
    style: CellStyle = "plain"
    reason: str = ""

    def __post_init__(self) -> None:
        require_text("a cell", self.text, self.reason)
        require_one_of("style of cell", self.style, get_args(CellStyle))
        object.__setattr__(self, "value", plain_value(self.value))
        if isinstance(self.value, float) and math.isnan(self.value) and not (self.text or self.reason):
            raise ValueError("a cell without a number (NaN) must say why, in its text or its reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table.

    A "group" row has a single cell, a heading that spans the table and governs the following rows that are
    indented further. A "reference" row is the level others are compared with.
    """

    cells: tuple[Cell, ...]
    kind: RowKind = "data"
    indent: int = 0

    def __post_init__(self) -> None:
        require_tuple("the cells of a row", self.cells, Cell)
        require_one_of("kind of row", self.kind, get_args(RowKind))
        if self.kind == "group" and len(self.cells) != 1:
            raise ValueError(f"a group row has one cell that spans the table, not {len(self.cells)}")
        if not 0 <= self.indent <= _LARGEST_INDENT:
            raise ValueError(f"a row is indented by 0 to {_LARGEST_INDENT} steps, not {self.indent}")


def column_spans(columns: Sequence[TableColumn]) -> tuple[tuple[str, int], ...]:
    """Return each upper heading with the number of columns below it; ("", 1) for a column without one."""
    spans: list[tuple[str, int]] = []
    for column in columns:
        if column.group and spans and spans[-1][0] == column.group:
            spans[-1] = (column.group, spans[-1][1] + 1)
        else:
            spans.append((column.group, 1))
    return tuple(spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A captioned table; the first ``row_headers`` columns say what each row is about."""

    key: str
    caption: str
    columns: tuple[TableColumn, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    row_headers: int = 1

    def __post_init__(self) -> None:
        require_key("table", self.key)
        require_text(f"table {self.key!r}", self.caption)
        require_tuple(f"the columns of table {self.key!r}", self.columns, TableColumn)
        require_tuple(f"the rows of table {self.key!r}", self.rows, Row)
        require_tuple(f"the notes of table {self.key!r}", self.notes, str)
        width = len(self.columns)
        if width == 0:
            raise ValueError(f"table {self.key!r} has no columns")
        if not 0 <= self.row_headers <= width:
            raise ValueError(
                f"table {self.key!r} has {width} columns and cannot have {self.row_headers} row headers"
            )
        for i, row in enumerate(self.rows):
            if row.kind != "group" and len(row.cells) != width:
                raise ValueError(
                    f"row {i} of table {self.key!r} has {len(row.cells)} cells for {width} columns"
                )
        require_unique(f"columns of table {self.key!r}", ((c.group, c.key) for c in self.columns))
        require_unique(
            f"column groups of table {self.key!r}", (group for group, _ in self.column_groups if group)
        )

    @property
    def column_groups(self) -> tuple[tuple[str, int], ...]:
        """Each upper heading with the number of columns below it; ("", 1) for a column without one."""
        return column_spans(self.columns)

    def to_frame(self) -> pd.DataFrame:
        """Return the raw values as a data frame, one row per row that is not a group heading.

        Columns are the keys, or (group, key) pairs where columns are grouped. Where rows are grouped, the
        index holds the heading that governs each row ("" for none).
        """
        import pandas as pd

        grouped = any(column.group for column in self.columns)
        pairs = [(column.group, column.key) for column in self.columns]
        headed = [(group.heading, row) for group in row_groups(self) for row in group.rows]
        values = [[cell.value for cell in row.cells] for _, row in headed]
        columns: pd.Index[Any] = pd.Index([key for _, key in pairs])
        if grouped:
            columns = pd.MultiIndex.from_tuples(pairs, names=["group", "column"])
        index = None
        if any(heading is not None for heading, _ in headed):
            index = pd.Index([_heading_text(heading) for heading, _ in headed], name="group")
        return pd.DataFrame(values, columns=columns, index=index)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A drawing with a description for those who cannot see it.

    ``svg`` is cleaned on the way in (see `logreg.report.svg.clean_svg`); ``alt`` may not be empty.
    """

    key: str
    svg: str
    alt: str
    caption: str = ""

    def __post_init__(self) -> None:
        require_key("figure", self.key)
        require_text(f"figure {self.key!r}", self.svg, self.alt, self.caption)
        if not self.alt.strip():
            raise ValueError(f"figure {self.key!r} needs a description (alt) for readers who cannot see it")
        object.__setattr__(self, "svg", clean_svg(self.svg, prefix=f"figure-{self.key}"))

    def write(self, path: str | os.PathLike[str], dpi: float | None = None) -> Path:
        """Write the figure alone, as .svg, .png or .pdf; see `logreg.report.figure_files.write_figure`."""
        from logreg.report.figure_files import write_figure

        return write_figure(self, path, dpi)


class DrawnFigure(Figure):
    """A figure that is drawn when its ``svg`` is first asked for: formats without pictures never do."""

    __slots__ = ("_draw", "_drawn")

    _draw: Callable[[], str]
    _drawn: str | None

    def __init__(self, *, key: str, draw: Callable[[], str], alt: str, caption: str = "") -> None:
        # Everything but the drawing is checked now, by a figure that has none.
        Figure(key=key, svg=NOTHING_DRAWN, alt=alt, caption=caption)
        values = {"key": key, "alt": alt, "caption": caption, "_draw": draw, "_drawn": None}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def svg(self) -> str:
        """The drawing, cleaned as that of any figure."""
        if self._drawn is None:
            object.__setattr__(self, "_drawn", self.plain(self._draw()).svg)
        assert self._drawn is not None
        return self._drawn

    def plain(self, svg: str) -> Figure:
        """Return a figure that holds a drawing."""
        return Figure(key=self.key, svg=svg, alt=self.alt, caption=self.caption)

    def __eq__(self, other: object) -> bool:
        mine = self.plain(self.svg)
        return isinstance(other, Figure) and mine == (
            other.plain(other.svg) if isinstance(other, DrawnFigure) else other
        )

    def __hash__(self) -> int:
        return hash(self.plain(self.svg))

    def __reduce__(self) -> tuple[Callable[..., Figure], tuple[object, ...]]:
        return partial(Figure, key=self.key, svg=self.svg, alt=self.alt, caption=self.caption), ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A remark set apart from the text; a warning says that results need care."""

    text: str
    kind: Literal["warning", "info"] = "info"

    def __post_init__(self) -> None:
        require_text("a note", self.text)
        require_one_of("kind of note", self.kind, ("warning", "info"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Lines of a program or a formula, shown as they are."""

    text: str
    language: str = ""

    def __post_init__(self) -> None:
        require_text("a code block", self.text, self.language)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A titled part of the document, found by its key: ``document["odds_ratios"]``."""

    key: str
    title: str
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        require_key("section", self.key)
        require_text(f"section {self.key!r}", self.title)
        require_tuple(f"the blocks of section {self.key!r}", self.blocks, *BLOCK_TYPES)

    def to_frame(self) -> pd.DataFrame:
        """Return the raw values of the section's first table; KeyError if it has none."""
        for block in _walk(self.blocks):
            if isinstance(block, Table):
                return block.to_frame()
        raise KeyError(f"section {self.key!r} has no table")


Block: TypeAlias = Section | Paragraph | Facts | Table | Figure | Note | Code
BLOCK_TYPES: tuple[type[Any], ...] = get_args(Block)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The words that renderers add of their own, in the document's language."""

    table: str = "Table"
    figure: str = "Figure"
    warning: str = "Warning"
    info: str = "Note"
    contents: str = "Contents"
    skip: str = "Skip to content"
    copy_numbers: str = "Copy numbers"
    copy_text: str = "Copy text"
    copied: str = "Copied"
    lower: str = "lower limit"
    upper: str = "upper limit"

    def __post_init__(self) -> None:
        require_text("the labels", *(getattr(self, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A report as a tree of blocks. Keys of sections, of tables and of figures are each unique.

    Examples
    --------
    >>> facts = Facts(items=(Fact(label="Rows read", text="189", value=189),))
    >>> data = Section(key="data", title="Data", blocks=(facts,))
    >>> document = Document(title="Low birth weight", blocks=(data,))
    >>> document["data"].title
    'Data'
    """

    title: str
    blocks: tuple[Block, ...]
    subtitle: str = ""
    language: str = "en"
    labels: Labels = Labels()

    def __post_init__(self) -> None:
        require_text("the document", self.title, self.subtitle, self.language)
        require_tuple("the blocks of the document", self.blocks, *BLOCK_TYPES)
        if not _LANGUAGE.fullmatch(self.language):
            raise ValueError(f"{self.language!r} is not a language tag such as 'en' or 'pt-BR'")
        if _depth(self.blocks) > _DEEPEST_SECTION:
            raise ValueError(f"sections nest {_DEEPEST_SECTION} deep at most")
        require_unique("sections", (section.key for section in self.sections))
        require_unique("tables", (table.key for table in self.tables))
        require_unique("figures", (figure.key for figure in self.figures))

    @property
    def sections(self) -> tuple[Section, ...]:
        """All sections at any depth, in reading order."""
        return tuple(block for block in _walk(self.blocks) if isinstance(block, Section))

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables in reading order; their place is their number."""
        return tuple(block for block in _walk(self.blocks) if isinstance(block, Table))

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All figures in reading order; their place is their number."""
        return tuple(block for block in _walk(self.blocks) if isinstance(block, Figure))

    def __getitem__(self, key: str) -> Section | Table | Figure:
        """Return the section with this key, or else the table or the figure; KeyError names the nearest."""
        parts: tuple[Section | Table | Figure, ...] = (*self.sections, *self.tables, *self.figures)
        return _found("section, table or figure", key, parts, lambda part: part.key)

    def section(self, key: str) -> Section:
        """Return the section with this key; KeyError names the nearest."""
        return _found("section", key, self.sections, lambda section: section.key)

    def table(self, key: str) -> Table:
        """Return the table with this key; KeyError names the nearest."""
        return _found("table", key, self.tables, lambda table: table.key)

    def figure(self, key: str) -> Figure:
        """Return the figure with this key; KeyError names the nearest."""
        return _found("figure", key, self.figures, lambda figure: figure.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGroup:
    """Consecutive rows under one group heading, or under none."""

    heading: Row | None
    rows: tuple[Row, ...]


def row_groups(table: Table) -> tuple[RowGroup, ...]:
    """Split the rows of a table by the group headings that govern them.

    A heading governs the rows after it that are indented further than itself; the first that is not ends it.
    """
    groups: list[tuple[Row | None, list[Row]]] = []
    for row in table.rows:
        heading = groups[-1][0] if groups else None
        if row.kind == "group":
            groups.append((row, []))
        elif not groups or (heading is not None and row.indent <= heading.indent):
            groups.append((None, [row]))
        else:
            groups[-1][1].append(row)
    return tuple(RowGroup(heading=heading, rows=tuple(rows)) for heading, rows in groups)


def paragraph(*parts: str | Run) -> Paragraph:
    """Return a paragraph of plain strings and runs.

    Examples
    --------
    >>> paragraph("The odds are ", strong("1.93"), " times as high.").runs[1].kind
    'strong'
    """
    return Paragraph(runs=tuple(part if isinstance(part, Run) else Run(text=part) for part in parts))


def strong(text: str) -> Run:
    """Return a run that stands out."""
    return Run(text=text, kind="strong")


def emphasis(text: str) -> Run:
    """Return a run in italics."""
    return Run(text=text, kind="emphasis")


def code(text: str) -> Run:
    """Return a run set as code: a formula, the name of a column."""
    return Run(text=text, kind="code")


def _walk(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Section):
            yield from _walk(block.blocks)


def _depth(blocks: Iterable[Block]) -> int:
    return max((1 + _depth(block.blocks) for block in blocks if isinstance(block, Section)), default=0)


def _heading_text(row: Row | None) -> str:
    return "" if row is None else row.cells[0].text


def _found(what: str, key: str, nodes: tuple[T, ...], key_of: Callable[[T], str]) -> T:
    for node in nodes:
        if key_of(node) == key:
            return node
    known = [key_of(node) for node in nodes]
    raise KeyError(f"no {what} {key!r} in this document; it has {known}.{did_you_mean(key, known)}")
