"""A `Document` as DOCX, made to be edited: styles, captions that count, repeated headers, figures described.

Fonts are Word's own (Calibri, Consolas). Drawings become pictures of 200 pixels per inch.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, assert_never

from logreg.report.archive import DATE, same_every_time
from logreg.report.docx_styles import set_styles
from logreg.report.docx_xml import (
    TableCell,
    TableRow,
    bookmark,
    contents_field,
    field,
    link,
    paragraph,
    run,
    tab,
    table,
)
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
)
from logreg.report.render_pdf import drawing_to_png
from logreg.report.table_layout import Page, TableLayout, column_spans, kept_together, lay_out

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

__all__ = ["render"]

#: A4 with margins of 22 mm, in twips (a twentieth of a point).
_SHORT_SIDE, _LONG_SIDE, _MARGIN = 11906, 16838, 1247
_TEXT_WIDTH, _LANDSCAPE_WIDTH = _SHORT_SIDE - 2 * _MARGIN, _LONG_SIDE - 2 * _MARGIN
_EMU_PER_TWIP = 635
#: A digit of Calibri is 0.507 of its height. Estimated widths leave room for Arial, which may replace it.
_TWIPS_PER_EN = 10.4
_GAP = 2.5
_TABLE_STYLES = {9.5: "TableText", 8.0: "TableTextSmall"}
_RUN_STYLES = {"plain": "", "strong": "Strong", "emphasis": "Emphasis", "code": "CodeText"}
#: A table of so few rows stays on one page.
_FEW_ROWS = 16
#: Of a longer one this many stay with its heading.
_FIRST_ROWS = 3
#: A row with longer cells may go on over the page.
_LONG_CELL = 500
_INDENT = 200
_TALLEST_PICTURE = 0.8


def _page(points: float, width: int, *, landscape: bool = False) -> Page:
    return Page(points=points, width=width / (points * _TWIPS_PER_EN), landscape=landscape)


_PAGES = (_page(9.5, _TEXT_WIDTH), _page(8.0, _TEXT_WIDTH), _page(8.0, _LANDSCAPE_WIDTH, landscape=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writing:
    """What is the same for all blocks: the document, the file in the making, numbers given once."""

    document: Document
    word: WordDocument
    numbers: dict[tuple[str, str], int]
    bookmarks: Iterator[int]


def render(document: Document) -> bytes:
    """Return the document as a DOCX file of A4 pages.

    Raises
    ------
    SupportError
        If the package ``python-docx`` or ``typst`` is not installed.
    typst.TypstError
        If a drawing cannot be read.
    """
    require_extra(".docx")
    import docx

    word = docx.Document()
    set_styles(word, document.language)
    _set_page(word)
    _set_properties(word, document)
    numbers = {("table", node.key): i for i, node in enumerate(document.tables, start=1)}
    numbers |= {("figure", node.key): i for i, node in enumerate(document.figures, start=1)}
    numbers |= {("section", node.key): i for i, node in enumerate(document.sections, start=1)}
    writing = _Writing(document=document, word=word, numbers=numbers, bookmarks=count(1))
    parts = [paragraph(run(document.title), style="Title")]
    parts += [paragraph(run(document.subtitle), style="Subtitle")] if document.subtitle.strip() else []
    parts += _contents(document)
    for block in document.blocks:
        parts += _block(block, writing, depth=1)
    _append(word, parts)
    file = io.BytesIO()
    word.save(file)
    return same_every_time(file.getvalue())


def _append(word: WordDocument, parts: Sequence[str]) -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    body = word.element.body
    whole = parse_xml(f"<w:body {nsdecls('w', 'r', 'wp', 'a', 'pic')}>{''.join(parts)}</w:body>")
    last = body.sectPr
    for child in list(whole):
        last.addprevious(child)


def _set_page(word: WordDocument) -> None:
    """Set paper and margins, and a page number at the foot."""
    section = word.sections[0]
    section.page_width, section.page_height = _emu(_SHORT_SIDE), _emu(_LONG_SIDE)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, _emu(_MARGIN))
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    foot = section.footer.paragraphs[0]._p
    number = paragraph(field("PAGE", "1"), align="right", style="Footer")
    foot.addnext(parse_xml(number.replace("<w:p>", f"<w:p {nsdecls('w')}>", 1)))
    foot.getparent().remove(foot)


def _emu(twips: float) -> Any:
    from docx.shared import Emu

    return Emu(round(twips * _EMU_PER_TWIP))


def _set_properties(word: WordDocument, document: Document) -> None:
    properties = word.core_properties
    #: The format allows 255 characters.
    properties.title = visible(document.title)[:255]
    properties.language = document.language
    properties.author = properties.comments = properties.last_modified_by = ""
    properties.created = properties.modified = DATE
    properties.revision = 1


def _contents(document: Document) -> list[str]:
    """Return links to the sections and their parts; nothing if there are none."""
    entries = []
    for i, (section, depth) in enumerate(_sections(document.blocks, 1), start=1):
        if depth <= 2:
            inset = tab() if depth > 1 else ""
            entries.append(inset + link(run(section.title), f"section_{i}"))
    if not entries:
        return []
    heading = paragraph(run(document.labels.contents), style="ContentsHeading")
    return [heading, *contents_field(entries, "ContentsEntry")]


def _sections(blocks: Sequence[Block], depth: int) -> Iterator[tuple[Section, int]]:
    for block in blocks:
        if isinstance(block, Section):
            yield block, depth
            yield from _sections(block.blocks, depth + 1)


def _block(node: Block, writing: _Writing, depth: int) -> Iterator[str]:
    """Yield the paragraphs and tables of one block."""
    labels = writing.document.labels
    match node:
        case Section():
            name = f"section_{writing.numbers['section', node.key]}"
            heading = bookmark(run(node.title), name, next(writing.bookmarks))
            first = node.blocks[0] if node.blocks else None
            turned = isinstance(first, Table) and lay_out(first, _PAGES).page.landscape
            # The heading goes to the page on its side with the table that it heads.
            yield from [paragraph("", section=_section(writing.word, landscape=False))] if turned else []
            yield paragraph(heading, style=f"Heading{depth}")
            for block in node.blocks:
                if block is first and isinstance(block, Table):
                    yield from _table(block, writing, turn_page=not turned)
                else:
                    yield from _block(block, writing, depth + 1)
        case Paragraph():
            yield paragraph("".join(run(part.text, style=_RUN_STYLES[part.kind]) for part in node.runs))
        case Facts():
            for fact in node.items:
                shown = run(fact.label, style="SoftText") + tab() + run(fact.text)
                shown += run(f" ({fact.note})", style="SoftText") if fact.note else ""
                yield paragraph(shown, style="Fact")
        case Table():
            yield from _table(node, writing)
        case Figure():
            yield paragraph(_picture(node, writing), keep_with_next=True)
            yield _caption(labels.figure, "Figure", writing.numbers["figure", node.key], node.caption)
        case Note():
            label = labels.warning if node.kind == "warning" else labels.info
            style = "Warning" if node.kind == "warning" else "Remark"
            yield paragraph(run(label + " ", style="Strong") + run(node.text), style=style)
        case Code():
            yield paragraph(run(node.text, lines=True), style="Code")
        case _:
            assert_never(node)


def _caption(label: str, sequence: str, number: int, text: str, *, above: bool = False) -> str:
    """Return a caption whose number Word counts, so that lists of tables and cross-references work."""
    counted = field(f"SEQ {sequence} \\* ARABIC", str(number))
    return paragraph(
        run(label + " ", style="Strong") + counted + run(". " + text), style="Caption", keep_with_next=above
    )


def _picture(figure: Figure, writing: _Writing) -> str:
    """Return a run with the drawing as a picture, no larger than the page, described."""
    inline: Any = writing.word.part.new_pic_inline(io.BytesIO(drawing_to_png(figure.svg)))
    width, height = inline.extent.cx, inline.extent.cy
    scale = min(
        1.0,
        _TEXT_WIDTH * _EMU_PER_TWIP / width,
        _TALLEST_PICTURE * (_LONG_SIDE - 2 * _MARGIN) * _EMU_PER_TWIP / height,
    )
    picture: Any = inline.graphic.graphicData.pic
    for extent in (inline.extent, picture.spPr.xfrm.ext):
        extent.cx, extent.cy = round(width * scale), round(height * scale)
    number = writing.numbers["figure", figure.key]
    inline.docPr.id = number
    inline.docPr.name = figure.key
    inline.docPr.set("descr", visible(figure.alt))
    return f"<w:r><w:drawing>{inline.xml}</w:drawing></w:r>"


# --- tables -----------------------------------------------------------------------------------------------


def _table(node: Table, writing: _Writing, *, turn_page: bool = True) -> Iterator[str]:
    """Yield caption, panels and notes; a table that is too wide for upright pages has pages on their side."""
    layout = lay_out(node, _PAGES)
    if layout.page.landscape and turn_page:
        yield paragraph("", section=_section(writing.word, landscape=False))
    number = writing.numbers["table", node.key]
    yield _caption(writing.document.labels.table, "Table", number, node.caption, above=True)
    for i, panel in enumerate(layout.panels):
        yield from [paragraph("", style="TableNote")] if i else []
        yield _panel(node, panel, layout)
    for note in node.notes:
        yield paragraph(run(note), style="TableNote")
    if not node.notes:  # tables that touch would become one
        yield paragraph("", style="TableNote")
    if layout.page.landscape:
        yield paragraph("", section=_section(writing.word, landscape=True))


def _section(word: WordDocument, *, landscape: bool) -> str:
    """Return the properties of a section that ends here, like those of the last with the paper turned."""
    properties = copy.deepcopy(word.element.body.sectPr)
    if landscape:
        properties.page_width, properties.page_height = _emu(_LONG_SIDE), _emu(_SHORT_SIDE)
        from docx.enum.section import WD_ORIENT

        properties.orientation = WD_ORIENT.LANDSCAPE
    return str(properties.xml)


def _panel(node: Table, panel: Sequence[int], layout: TableLayout) -> str:
    style = _TABLE_STYLES[layout.page.points]
    twips = layout.page.points * _TWIPS_PER_EN
    columns = [node.columns[j] for j in panel]
    rows = list(_headings(columns, style))
    last = len(node.rows) - 1
    for i, row in enumerate(node.rows):
        keep = i < last if len(node.rows) <= _FEW_ROWS else i < _FIRST_ROWS
        rows.append(_row(row, panel, columns, style, keep=keep))
    return table(
        rows,
        [round((layout.widths[j] + _GAP) * twips) for j in panel],
        gap=round(_GAP * twips),
        caption=node.caption,
        row_headers=node.row_headers > 0,
    )


def _headings(columns: Sequence[TableColumn], style: str) -> Iterator[TableRow]:
    """Yield the row of upper headings, if there are any, and the row of headings, repeated on every page."""
    spans = column_spans(columns)
    grouped = any(group for group, _ in spans)
    if grouped:
        upper = []
        first = 0
        for group, size in spans:
            heading = _heading(columns[first], style)
            shown = paragraph(run(group, style="Strong"), style=style, align="center", keep_with_next=True)
            upper.append(
                TableCell(content=shown, span=size, bottom=True, ruled_below=True)
                if group
                else TableCell(content=heading, vertical="restart", bottom=True, ruled_below=True)
            )
            first += size
        yield TableRow(cells=tuple(upper), header=True)
    lower = [
        TableCell(content=paragraph("", style=style), vertical="continue", ruled_below=True)
        if grouped and not column.group
        else TableCell(content=_heading(column, style), bottom=True, ruled_below=True)
        for column in columns
    ]
    yield TableRow(cells=tuple(lower), header=True)


def _heading(column: TableColumn, style: str) -> str:
    lines = [run(column.heading, style="Strong")] if column.heading or not column.unit else []
    lines += [run(column.unit, style="SoftText")] if column.unit else []
    return "".join(paragraph(line, style=style, align=column.align, keep_with_next=True) for line in lines)


def _row(
    row: Row, panel: Sequence[int], columns: Sequence[TableColumn], style: str, *, keep: bool
) -> TableRow:
    inset = row.indent * _INDENT
    if row.kind == "group":
        heading = run(row.cells[0].text, style="Emphasis")
        content = paragraph(heading, style=style, indent=inset, keep_with_next=True)
        return TableRow(cells=(TableCell(content=content, span=len(panel)),))
    cells = []
    for k, (j, column) in enumerate(zip(panel, columns, strict=True)):
        cell = row.cells[j]
        shown = run(kept_together(cell.text), style=_cell_style(row, cell))
        cells.append(
            TableCell(
                content=paragraph(
                    shown, style=style, align=column.align, indent=inset if k == 0 else 0, keep_with_next=keep
                )
            )
        )
    return TableRow(cells=tuple(cells), may_split=not all(len(cell.text) < _LONG_CELL for cell in row.cells))


def _cell_style(row: Row, cell: Cell) -> str:
    if cell.style == "strong":
        return "Strong"
    return "SoftText" if cell.style == "muted" or row.kind == "reference" else ""
