"""A `Document` as PDF, typeset by typst: tagged for screen readers (PDF/UA-1), the same bytes every time.

The template is fixed. The document reaches it as data, so that no text can act as markup, and the template
can read no file. Fonts are those inside of the package ``typst``; only a text with characters that none of
them has, such as Chinese, is set with fonts of the machine, and characters that these lack too are written
as ``<U+4F53>``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, assert_never

from logreg.report.extra import require_extra
from logreg.report.formats import visible
from logreg.report.nodes import (
    Block,
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
from logreg.report.table_layout import (
    Page,
    TableLayout,
    column_ranges,
    kept_together,
    lay_out,
    line_count,
    soft_breaks,
    wrapped,
)

if TYPE_CHECKING:
    import typst

__all__ = ["PIXELS_PER_INCH", "drawing_to_pdf", "drawing_to_png", "render"]

#: A4 with margins of 22 mm leaves lines of 166 mm, on its side of 253 mm, here in points.
_LINE, _LANDSCAPE_LINE = 470.5, 717.1
#: Libertinus is narrower than most: estimated widths that are a little more than the line fit on it.
_PAGES = (
    Page(points=9.5, width=100),
    Page(points=8.0, width=128),
    Page(points=8.0, width=180, landscape=True),
)
#: Estimated widths are a little too large: a column that gets this share of what it needs does not wrap.
_NEARLY = 0.9
#: Between neighbouring columns, in ens.
_GAP = 2.5
#: Of a block of code on paper, in characters.
_CODE_LINE = 75
_LABELS = ("table", "figure", "warning", "info", "contents")
#: What typst says about a character that no font has, quoted as Rust writes strings.
_NO_GLYPH = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
_RUST_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}|\\(.)")
#: typst names every character without a glyph at once; a second round is for what it reports after those.
_ROUNDS = 3
_PNG_TEMPLATE = b"""#set page(width: auto, height: auto, margin: 0pt, fill: white)
#image(bytes(sys.inputs.svg), format: "svg", alt: "drawing")
"""
#: Sharp on paper at the size of the drawing.
PIXELS_PER_INCH = 200.0
#: A page as large as the drawing, with its description.
_FIGURE_TEMPLATE = b"""#let figure = json(bytes(sys.inputs.document))
#set document(title: figure.title)
#set page(width: auto, height: auto, margin: 0pt, fill: white)
#image(bytes(figure.svg), format: "svg", alt: figure.alt)
"""


def render(document: Document) -> bytes:
    """Return the document as a PDF of A4 pages.

    Raises
    ------
    SupportError
        If the package ``typst`` is not installed.
    typst.TypstError
        If a drawing cannot be read.
    """
    require_extra(".pdf")
    return _typeset(_template(), _document(document))


def drawing_to_pdf(svg: str, *, title: str, alt: str) -> bytes:
    """Return a drawing as a PDF with one page of its size, tagged for screen readers.

    Parameters
    ----------
    svg : str
    title : str
        Name of the document.
    alt : str
        What the drawing shows.

    Raises
    ------
    SupportError
        If the package ``typst`` is not installed.
    typst.TypstError
        If the drawing cannot be read.
    """
    require_extra(".pdf")
    return _typeset(_FIGURE_TEMPLATE, {"svg": svg, "title": visible(title), "alt": visible(alt)})


def drawing_to_png(svg: str, pixels_per_inch: float = PIXELS_PER_INCH) -> bytes:
    """Return a drawing as a PNG, for formats that cannot hold an SVG.

    Raises
    ------
    SupportError
        If the package ``typst`` is not installed.
    typst.TypstError
        If the drawing cannot be read.
    """
    require_extra(".png")
    import typst

    # Letters stand as text only where the drawing's own font lacks them: a font of the machine may have them.
    lacking = "<text" in svg
    return typst.compile(
        _PNG_TEMPLATE,
        format="png",
        ppi=pixels_per_inch,
        font_paths=_fonts(system=lacking),
        ignore_system_fonts=not lacking,
        sys_inputs={"svg": svg},
    )


@cache
def _fonts(*, system: bool) -> typst.Fonts:
    import typst

    return typst.Fonts(include_system_fonts=system, include_embedded_fonts=True)


@cache
def _template() -> bytes:
    return files("logreg.report").joinpath("templates", "report.typ").read_bytes()


def _typeset(template: bytes, document: dict[str, Any]) -> bytes:
    """Return a PDF: set with fonts of the package, with those of the machine for what they lack, and with
    spelt out what these lack too.
    """
    import typst

    content = json.dumps(document, ensure_ascii=False)
    try:
        return _compiled(template, content, system_fonts=False)
    except typst.TypstError as error:
        missing = _without_glyph(error)
        if not missing:
            raise
    for _ in range(_ROUNDS):
        try:
            return _compiled(template, content, system_fonts=True)
        except typst.TypstError as error:
            missing = _without_glyph(error)
            if not missing:
                raise
            content = _spelt_out(content, missing)
    return _compiled(template, content, system_fonts=True)


def _compiled(template: bytes, content: str, *, system_fonts: bool) -> bytes:
    import typst

    return typst.compile(
        template,
        format="pdf",
        font_paths=_fonts(system=system_fonts),
        ignore_system_fonts=not system_fonts,
        sys_inputs={"document": content},
        pdf_standards=["ua-1"],
        timestamp=0,
    )


def _without_glyph(error: typst.TypstError) -> set[str]:
    """Return the characters that typst found in no font; none if it failed for another reason."""
    texts = _NO_GLYPH.findall(error.diagnostic) + _NO_GLYPH.findall(error.message)
    return {character for text in texts for character in _RUST_ESCAPE.sub(_unescaped, text)} - {" "}


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    return {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}.get(match[2], match[2])


def _spelt_out(content: str, characters: set[str]) -> str:
    pattern = re.compile("[" + "".join(re.escape(character) for character in sorted(characters)) + "]")

    def spelt(value: Any, opening: str = "<", closing: str = ">") -> Any:
        if isinstance(value, str):
            return pattern.sub(lambda match: f"{opening}U+{ord(match[0]):04X}{closing}", value)
        if isinstance(value, list):
            return [spelt(item) for item in value]
        if isinstance(value, dict):
            # In a drawing the brackets are those of elements, so they are escaped there.
            escaped = {"svg": ("&lt;", "&gt;")}
            return {key: spelt(item, *escaped.get(key, ())) for key, item in value.items()}
        return value

    return json.dumps(spelt(json.loads(content)), ensure_ascii=False)


# --- the document as the template reads it ----------------------------------------------------------------


def _document(document: Document) -> dict[str, Any]:
    language, _, rest = document.language.partition("-")
    labels = document.labels
    return {
        "title": _text(document.title),
        "subtitle": _text(document.subtitle),
        "language": language.lower(),
        "region": next((part.upper() for part in rest.split("-") if len(part) == 2), ""),
        "labels": {name: _text(getattr(labels, name)) for name in _LABELS},
        "has_contents": bool(document.sections),
        "n_opening": _opening(document),
        "blocks": _blocks(document.blocks),
    }


def _opening(document: Document) -> int:
    """Return how many blocks share the first page with a table on its side: it and remarks before it."""
    for i, block in enumerate(document.blocks):
        if isinstance(block, Table) and not document.sections and lay_out(block, _PAGES).page.landscape:
            return i + 1
        if not isinstance(block, Note | Paragraph):
            break
    return 0


def _text(text: str) -> str:
    return soft_breaks(visible(text))


def _blocks(nodes: Sequence[Block]) -> list[dict[str, Any]]:
    """Return blocks in order; a paragraph in front of code stays with it."""
    return [
        _block(node) | {"keep": isinstance(node, Paragraph) and isinstance(after, Code)}
        for node, after in zip(nodes, (*nodes, None)[1:], strict=True)
    ]


def _block(node: Block) -> dict[str, Any]:
    """Return one block as plain dictionaries and lists of what is shown."""
    match node:
        case Section():
            blocks = _blocks(node.blocks)
            # The heading goes to the page on its side with the table that it heads.
            turned = bool(blocks) and blocks[0].get("landscape", False)
            return {"kind": "section", "title": _text(node.title), "turned": turned, "blocks": blocks}
        case Paragraph():
            return {"kind": "paragraph", "runs": [[run.kind, _text(run.text)] for run in node.runs]}
        case Facts():
            items = [[_text(fact.label), _text(fact.text), _text(fact.note)] for fact in node.items]
            return {"kind": "facts", "items": items}
        case Table():
            return _table(node)
        case Figure():
            figure = {"kind": "figure", "svg": node.svg, "alt": visible(node.alt)}
            return figure | {"caption": _text(node.caption)}
        case Note():
            return {"kind": node.kind, "text": _text(node.text)}
        case Code():
            shown = visible(node.text, line_breaks=True)
            n_lines = sum(math.ceil(len(line) / _CODE_LINE) or 1 for line in shown.split("\n"))
            return {"kind": "code", "n_lines": n_lines, "text": soft_breaks(shown)}
        case _:
            assert_never(node)


def _table(table: Table) -> dict[str, Any]:
    layout = lay_out(table, _PAGES)
    return {
        "kind": "table",
        "caption": _text(table.caption),
        "notes": [_text(note) for note in table.notes],
        "points": layout.page.points,
        "landscape": layout.page.landscape,
        "panels": [_panel(table, panel, layout) for panel in layout.panels],
    }


def _panel(table: Table, chosen: Sequence[int], layout: TableLayout) -> dict[str, Any]:
    columns = [table.columns[j] for j in chosen]
    widths = layout.widths
    line = _LANDSCAPE_LINE if layout.page.landscape else _LINE
    en = line / layout.page.width / layout.page.points
    return {
        # A column that need not wrap is as wide as typst finds it; the estimate is for those that do.
        "widths": [
            0 if widths[j] >= _NEARLY * layout.needed[j] else round((widths[j] + _GAP) * en, 3)
            for j in chosen
        ],
        "n_lines": line_count(table.rows, chosen, layout),
        "aligns": [column.align for column in columns],
        "headings": [
            [_lines(table.columns[j].heading, widths[j]), _lines(table.columns[j].unit, widths[j])]
            for j in chosen
        ],
        "spans": list(_spans(columns, [widths[j] for j in chosen])),
        "rows": [_row(row, chosen) for row in table.rows],
    }


def _spans(columns: Sequence[TableColumn], widths: Sequence[float]) -> Iterator[tuple[list[str], int]]:
    """Yield the lines of each upper heading, wrapped over its columns, with their number."""
    for group, places in column_ranges(columns):
        yield _lines(group, sum(widths[j] for j in places)), len(places)


def _lines(text: str, width: float) -> list[str]:
    return [soft_breaks(line) for line in wrapped(text, width)]


def _row(row: Row, chosen: Sequence[int]) -> dict[str, Any]:
    cells = row.cells if row.kind == "group" else [row.cells[j] for j in chosen]
    return {
        "kind": row.kind,
        "indent": row.indent,
        "cells": [[kept_together(_text(cell.text)), cell.style] for cell in cells],
    }
