"""The pages of a DOCX report: paper, margins, page numbers, and sections of pages on their side."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from logreg.report.docx_xml import field, paragraph

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

__all__ = [
    "EMU_PER_TWIP",
    "LANDSCAPE_WIDTH",
    "TEXT_HEIGHT",
    "TEXT_WIDTH",
    "TURNED_ENDS",
    "UPRIGHT_ENDS",
    "set_page",
    "with_sections",
]

#: A4 with margins of 22 mm, in twips (a twentieth of a point).
_SHORT_SIDE, _LONG_SIDE, _MARGIN = 11906, 16838, 1247
TEXT_WIDTH, LANDSCAPE_WIDTH = _SHORT_SIDE - 2 * _MARGIN, _LONG_SIDE - 2 * _MARGIN
TEXT_HEIGHT = LANDSCAPE_WIDTH
EMU_PER_TWIP = 635
#: Stand for the ends of upright sections and of sections on their side until it is known what is between.
UPRIGHT_ENDS, TURNED_ENDS = "upright section ends", "turned section ends"


def set_page(word: WordDocument) -> None:
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

    return Emu(round(twips * EMU_PER_TWIP))


def with_sections(word: WordDocument, parts: Sequence[str]) -> Iterator[str]:
    """Yield the parts with the sections of their pages; sections without anything in them are left out.

    Where nothing follows a section on its side, the last section of the file, which needs no end, is turned.
    """
    last = len(parts) - 1
    for i, part in enumerate(parts):
        empty = (part, parts[i + 1] if i < last else "") == (TURNED_ENDS, UPRIGHT_ENDS)
        empty_before = i > 0 and (parts[i - 1], part) == (TURNED_ENDS, UPRIGHT_ENDS)
        if empty or empty_before or (i == last and part == TURNED_ENDS):
            continue
        if part in (UPRIGHT_ENDS, TURNED_ENDS):
            yield paragraph("", section=_section(word, landscape=part == TURNED_ENDS))
        else:
            yield part
    if parts[-1] == TURNED_ENDS:
        _turn(word.sections[-1]._sectPr)


def _section(word: WordDocument, *, landscape: bool) -> str:
    """Return the properties of a section that ends here, like those of the last with the paper turned."""
    properties = copy.deepcopy(word.element.body.sectPr)
    if landscape:
        _turn(properties)
    return str(properties.xml)


def _turn(properties: Any) -> None:
    """Turn the paper of a section."""
    from docx.enum.section import WD_ORIENT

    properties.page_width, properties.page_height = _emu(_LONG_SIDE), _emu(_SHORT_SIDE)
    properties.orientation = WD_ORIENT.LANDSCAPE
