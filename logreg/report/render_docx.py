"""A `Document` as DOCX, made to be edited: styles, captions that count, repeated headers, figures described.

Fonts are Word's own (Calibri, Consolas). Drawings become pictures of 200 pixels per inch.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, assert_never

from logreg.report.archive import DATE, same_every_time
from logreg.report.docx_pages import (
    EMU_PER_TWIP,
    LANDSCAPE_WIDTH,
    TEXT_HEIGHT,
    TEXT_WIDTH,
    TURNED_ENDS,
    UPRIGHT_ENDS,
    set_page,
    with_sections,
)
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
from logreg.report.table_layout import Page, TableLayout, column_ranges, kept_together, lay_out

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

__all__ = ["render"]

#: A digit of Calibri is 0.507 of its height. Estimated widths leave room for Arial, which may replace it.
_TWIPS_PER_EN = 10.4
_GAP = 2.5
_TABLE_STYLES = {9.5: "TableText", 8.0: "TableTextSmall"}
_RUN_STYLES = {"plain": "", "strong": "Strong", "emphasis": "Emphasis", "code": "CodeText"}
#: A table of so few rows stays on one page.
_FEW_ROWS = 16
#: Of a longer one this many stay with its heading.
_FIRST_ROWS = 3
#: And this many with the notes below it.
_LAST_ROWS = 2
#: A list of so few facts and so few lines of code stay on one page.
_FEW_FACTS = 12
_FEW_LINES = 40
#: Of a block of code, in characters.
_CODE_LINE = 85
#: What belongs together is this near, what does not this far, in twips.
_NEAR, _FAR = 60, 240
#: A row with longer cells may go on over the page.
_LONG_CELL = 500
_INDENT = 200
_TALLEST_PICTURE = 0.8


def _page(points: float, width: int, *, landscape: bool = False) -> Page:
    return Page(points=points, width=width / (points * _TWIPS_PER_EN), landscape=landscape)


_PAGES = (_page(9.5, TEXT_WIDTH), _page(8.0, TEXT_WIDTH), _page(8.0, LANDSCAPE_WIDTH, landscape=True))


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
    set_page(word)
    _set_properties(word, document)
    numbers = {("table", node.key): i for i, node in enumerate(document.tables, start=1)}
    numbers |= {("figure", node.key): i for i, node in enumerate(document.figures, start=1)}
    numbers |= {("section", node.key): i for i, node in enumerate(document.sections, start=1)}
    writing = _Writing(document=document, word=word, numbers=numbers, bookmarks=count(1))
    parts = [paragraph(run(document.title), style="Title")]
    parts += [paragraph(run(document.subtitle), style="Subtitle")] if document.subtitle.strip() else []
    parts += _contents(document)
    parts += _blocks(document.blocks, writing, depth=1)
    if _opens_turned(document):
        parts.remove(UPRIGHT_ENDS)
    _append(word, with_sections(word, parts))
    file = io.BytesIO()
    word.save(file)
    return same_every_time(file.getvalue())


def _opens_turned(document: Document) -> bool:
    """Return whether nothing but remarks stands before a table on its side, so that they share its page."""
    blocks = [block for block in document.blocks if not isinstance(block, Note | Paragraph)][:1]
    return not document.sections and any(_is_turned(block) for block in blocks)


def _is_turned(block: Block) -> bool:
    return isinstance(block, Table) and lay_out(block, _PAGES).page.landscape


def _append(word: WordDocument, parts: Iterable[str]) -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    body = word.element.body
    content = "".join(parts)
    whole = parse_xml(f"<w:body {nsdecls('w', 'r', 'wp', 'a', 'pic')}>{content}</w:body>")
    last = body.sectPr
    for child in list(whole):
        last.addprevious(child)


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


def _blocks(nodes: Sequence[Block], writing: _Writing, depth: int) -> Iterator[str]:
    n_notes = 0
    for node, following in zip(nodes, (*nodes, None)[1:], strict=True):
        n_notes = n_notes + 1 if isinstance(node, Note) else 0
        # Paragraphs that differ in nothing become one box in Word: every other one starts a twip further in.
        inset = (n_notes + 1) % 2
        if isinstance(node, Note):
            yield _note(node, writing, inset)
        elif isinstance(node, Paragraph):
            yield _paragraph(node, keep=isinstance(following, Code))
        else:
            yield from _block(node, writing, depth)


def _paragraph(node: Paragraph, *, keep: bool) -> str:
    runs = "".join(run(part.text, style=_RUN_STYLES[part.kind]) for part in node.runs)
    return paragraph(runs, keep_with_next=keep)


def _note(node: Note, writing: _Writing, inset: int) -> str:
    labels = writing.document.labels
    label = labels.warning if node.kind == "warning" else labels.info
    style = "Warning" if node.kind == "warning" else "Remark"
    return paragraph(run(label + " ", style="Strong") + run(node.text), style=style, indent=inset)


def _block(node: Section | Facts | Table | Figure | Code, writing: _Writing, depth: int) -> Iterator[str]:
    """Yield the paragraphs and tables of one block."""
    labels = writing.document.labels
    match node:
        case Section():
            name = f"section_{writing.numbers['section', node.key]}"
            heading = bookmark(run(node.title), name, next(writing.bookmarks))
            turned = bool(node.blocks) and _is_turned(node.blocks[0])
            content = list(_blocks(node.blocks, writing, depth + 1))
            # The heading goes to the page on its side with the table that it heads.
            yield from content[:turned]
            yield paragraph(heading, style=f"Heading{depth}")
            yield from content[turned:]
        case Facts():
            last = len(node.items) - 1
            for i, fact in enumerate(node.items):
                shown = run(fact.label, style="SoftText") + tab() + run(fact.text)
                shown += run(f" ({fact.note})", style="SoftText") if fact.note else ""
                keep = i < last <= _FEW_FACTS
                after = _FAR if i == last else None
                yield paragraph(shown, style="Fact", keep_with_next=keep, keep_lines=True, after=after)
        case Table():
            yield from _table(node, writing)
        case Figure():
            yield paragraph(_picture(node, writing), keep_with_next=True)
            yield _caption(labels.figure, "Figure", writing.numbers["figure", node.key], node.caption)
        case Code():
            n_lines = sum(math.ceil(len(line) / _CODE_LINE) or 1 for line in node.text.split("\n"))
            yield paragraph(run(node.text, lines=True), style="Code", keep_lines=n_lines <= _FEW_LINES)
        case _:
            assert_never(node)


def _caption(label: str, sequence: str, number: int, text: str, *, above: bool = False) -> str:
    """Return a caption whose number Word counts, so that lists of tables and cross-references work."""
    counted = field(f"SEQ {sequence} \\* ARABIC", str(number))
    shown = run(label + " ", style="Strong") + counted + run(". " + text)
    if above:
        return paragraph(shown, style="Caption", keep_with_next=True)
    return paragraph(shown, style="Caption", before=_NEAR, after=_FAR)


def _picture(figure: Figure, writing: _Writing) -> str:
    """Return a run with the drawing as a picture, no larger than the page, described."""
    inline: Any = writing.word.part.new_pic_inline(io.BytesIO(drawing_to_png(figure.svg)))
    width, height = inline.extent.cx, inline.extent.cy
    scale = min(
        1.0,
        TEXT_WIDTH * EMU_PER_TWIP / width,
        _TALLEST_PICTURE * TEXT_HEIGHT * EMU_PER_TWIP / height,
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


def _table(node: Table, writing: _Writing) -> Iterator[str]:
    """Yield caption, panels and notes; a table that is too wide for upright pages has pages on their side."""
    layout = lay_out(node, _PAGES)
    yield from [UPRIGHT_ENDS] if layout.page.landscape else []
    number = writing.numbers["table", node.key]
    yield _caption(writing.document.labels.table, "Table", number, node.caption, above=True)
    for i, panel in enumerate(layout.panels):
        yield from [paragraph("", style="TableNote")] if i else []
        yield _panel(node, panel, layout)
    # Without a paragraph between them, tables that touch would become one.
    *notes, last = node.notes or ("",)
    yield from (paragraph(run(note), style="TableNote", keep_with_next=True) for note in notes)
    yield paragraph(run(last) if last else "", style="TableNote", after=_FAR)
    yield from [TURNED_ENDS] if layout.page.landscape else []


def _panel(node: Table, panel: Sequence[int], layout: TableLayout) -> str:
    style = _TABLE_STYLES[layout.page.points]
    twips = layout.page.points * _TWIPS_PER_EN
    columns = [node.columns[j] for j in panel]
    rows = list(_headings(columns, style))
    last = len(node.rows) - 1
    # The last panel stays with the notes.
    noted = bool(node.notes) and panel is layout.panels[-1]
    for i, row in enumerate(node.rows):
        keep = len(node.rows) <= _FEW_ROWS or i < _FIRST_ROWS or (noted and i > last - _LAST_ROWS)
        keep = keep and (noted or i < last)
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
    grouped = any(column.group for column in columns)
    if grouped:
        upper = []
        for group, places in column_ranges(columns):
            heading = _heading(columns[places[0]], style)
            shown = paragraph(run(group, style="Strong"), style=style, align="center", keep_with_next=True)
            upper.append(
                TableCell(content=shown, span=len(places), bottom=True, ruled_below=True)
                if group
                else TableCell(content=heading, vertical="restart", bottom=True, ruled_below=True)
            )
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
