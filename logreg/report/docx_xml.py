"""Pieces of WordprocessingML as text (ECMA-376, part 1, chapter 17), in the order of its schema."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from logreg.report.formats import visible
from logreg.report.nodes import Align

__all__ = [
    "TableCell",
    "TableRow",
    "bookmark",
    "contents_field",
    "field",
    "link",
    "paragraph",
    "run",
    "tab",
    "table",
]

#: Lengths are in twips, a twentieth of a point; borders are in eighths of a point.
_STRONG_RULE = '<w:{side} w:val="single" w:sz="8" w:space="0" w:color="282828"/>'
_RULE = '<w:{side} w:val="single" w:sz="4" w:space="0" w:color="282828"/>'
_ALIGNS: dict[Align, str] = {"left": "left", "right": "right", "center": "center"}
_BREAKS = re.compile(r"[\n\t]")
_CELL_MARGIN = "<w:tblCellMar>{}</w:tblCellMar>"
#: Word shows at most so much of a description in its dialogue; longer ones make files that it repairs.
_LONGEST_ATTRIBUTE = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCell:
    """One cell: finished paragraphs, how many columns it spans, its place in a vertical span, its rule."""

    content: str
    span: int = 1
    vertical: Literal["", "restart", "continue"] = ""
    bottom: bool = False
    ruled_below: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One row; ``header`` rows are repeated on every page."""

    cells: tuple[TableCell, ...]
    header: bool = False
    may_split: bool = False


def run(text: str, *, style: str = "", lines: bool = False) -> str:
    """Return a run of text, made visible, in a character style; line feeds and tabs stay with ``lines``."""
    properties = f"<w:rPr><w:rStyle w:val={quoteattr(style)}/></w:rPr>" if style else ""
    shown = visible(text, line_breaks=lines)
    parts = [
        f'<w:t xml:space="preserve">{escape(part)}</w:t>' if part else "" for part in _BREAKS.split(shown)
    ]
    marks = ["<w:br/>" if mark == "\n" else "<w:tab/>" for mark in _BREAKS.findall(shown)]
    inner = parts[0] + "".join(mark + part for mark, part in zip(marks, parts[1:], strict=True))
    return f"<w:r>{properties}{inner}</w:r>"


def tab() -> str:
    """Return a step to the next tab stop."""
    return "<w:r><w:tab/></w:r>"


def paragraph(
    content: str,
    *,
    style: str = "",
    align: Align = "left",
    indent: int = 0,
    keep_with_next: bool = False,
    keep_lines: bool = False,
    before: int | None = None,
    after: int | None = None,
    section: str = "",
) -> str:
    """Return a paragraph of finished runs; ``section`` ends a section here.

    Lengths are in twips; the space ``before`` and ``after`` is that of the style where None.
    """
    properties = f"<w:pStyle w:val={quoteattr(style)}/>" if style else ""
    properties += "<w:keepNext/>" if keep_with_next else ""
    properties += "<w:keepLines/>" if keep_lines else ""
    spaces = "".join(
        f' w:{side}="{space}"' for side, space in (("before", before), ("after", after)) if space is not None
    )
    properties += f"<w:spacing{spaces}/>" if spaces else ""
    properties += f'<w:ind w:left="{indent}"/>' if indent else ""
    properties += f'<w:jc w:val="{_ALIGNS[align]}"/>' if align != "left" else ""
    properties += section
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{content}</w:p>"


def bookmark(content: str, name: str, number: int) -> str:
    """Return runs with a name that links lead to."""
    start = f'<w:bookmarkStart w:id="{number}" w:name={quoteattr(name)}/>'
    return f'{start}{content}<w:bookmarkEnd w:id="{number}"/>'


def link(content: str, name: str) -> str:
    """Return runs that lead to a bookmark."""
    return f'<w:hyperlink w:anchor={quoteattr(name)} w:history="1">{content}</w:hyperlink>'


def field(instruction: str, shown: str) -> str:
    """Return a field with the text that it shows until it is updated."""
    return f"<w:fldSimple w:instr={quoteattr(f' {instruction} ')}>{run(shown)}</w:fldSimple>"


def contents_field(entries: Sequence[str], style: str) -> list[str]:
    """Return the paragraphs of a table of contents, one per finished entry; Word can update it."""
    start = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        '<w:r><w:instrText xml:space="preserve"> TOC \\o "1-2" \\h \\n </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )
    end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    last = len(entries) - 1
    return [
        paragraph((start if i == 0 else "") + entry + (end if i == last else ""), style=style)
        for i, entry in enumerate(entries)
    ]


def table(
    rows: Iterable[TableRow], widths: Sequence[int], *, gap: int, caption: str, row_headers: bool
) -> str:
    """Return a table with fixed columns (twips, the gap between columns included), between two rules.

    Widths stand in the grid and in every cell: Word reads the one, LibreOffice and Google Docs the other.
    """
    total = sum(widths)
    borders = _STRONG_RULE.format(side="top") + _STRONG_RULE.format(side="bottom")
    margins = "".join(f'<w:{side} w:w="{gap // 2}" w:type="dxa"/>' for side in ("left", "right"))
    title = visible(caption)[:_LONGEST_ATTRIBUTE]
    properties = (
        f'<w:tblW w:w="{total}" w:type="dxa"/><w:tblBorders>{borders}</w:tblBorders>'
        f'<w:tblLayout w:type="fixed"/>{_CELL_MARGIN.format(margins)}'
        f'<w:tblLook w:val="{"04A0" if row_headers else "0420"}" w:firstRow="1" w:lastRow="0" '
        f'w:firstColumn="{int(row_headers)}" w:lastColumn="0" w:noHBand="1" w:noVBand="1"/>'
        f"<w:tblCaption w:val={quoteattr(title)}/>"
    )
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    body = "".join(_row(row, widths) for row in rows)
    return f"<w:tbl><w:tblPr>{properties}</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{body}</w:tbl>"


def _row(row: TableRow, widths: Sequence[int]) -> str:
    properties = ("" if row.may_split else "<w:cantSplit/>") + ("<w:tblHeader/>" if row.header else "")
    cells = []
    first = 0
    for cell in row.cells:
        cells.append(_cell(cell, sum(widths[first : first + cell.span])))
        first += cell.span
    return f"<w:tr>{f'<w:trPr>{properties}</w:trPr>' if properties else ''}{''.join(cells)}</w:tr>"


def _cell(cell: TableCell, width: int) -> str:
    properties = f'<w:tcW w:w="{width}" w:type="dxa"/>'
    properties += f'<w:gridSpan w:val="{cell.span}"/>' if cell.span > 1 else ""
    properties += f'<w:vMerge w:val="{cell.vertical}"/>' if cell.vertical else ""
    properties += f"<w:tcBorders>{_RULE.format(side='bottom')}</w:tcBorders>" if cell.ruled_below else ""
    properties += '<w:vAlign w:val="bottom"/>' if cell.bottom else ""
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{cell.content}</w:tc>"
