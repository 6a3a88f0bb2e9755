"""The styles of a DOCX report: those of Word set soberly and a few of its own, all open to change in Word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

__all__ = ["set_styles"]

_TEXT_FONT, _CODE_FONT = "Calibri", "Consolas"
_INK, _SOFT, _CAUTION = "1D1F22", "595E66", "8A4B00"
#: Size and space before and after, in points.
_HEADINGS = {1: (16, 22, 6), 2: (13, 16, 4), 3: (11, 12, 3), 4: (10.5, 10, 2), 5: (10.5, 10, 2)}
_FACT_TAB = 150.0


def set_styles(word: WordDocument, language: str) -> None:
    """Set fonts, sizes and colours, add the styles that reports need, and say the language of the text."""
    styles = word.styles
    _set_language(word, language)
    _paragraph_style(word, "Normal", size=10.5, after=6, line=1.1)
    _paragraph_style(word, "Title", size=22, after=4, bold=True)
    _paragraph_style(word, "Subtitle", size=12, after=12, color=_SOFT)
    for level, (size, before, after) in _HEADINGS.items():
        style = _paragraph_style(word, f"Heading {level}", size=size, before=before, after=after, bold=True)
        style.paragraph_format.keep_with_next = True
    for name in ("Title", "Subtitle", "Heading 4", "Heading 5"):
        styles[name].font.italic = False
    _remove_border(styles["Title"])
    _paragraph_style(word, "Caption", size=10, before=14, after=4)
    _paragraph_style(word, "Contents Heading", new=True, size=10.5, after=2, bold=True)
    entry = _paragraph_style(word, "Contents Entry", new=True, size=10, after=1)
    entry.paragraph_format.tab_stops.add_tab_stop(_points(14))
    _paragraph_style(word, "Table Text", new=True, size=9.5, before=1.5, after=1.5, line=1.0)
    _paragraph_style(word, "Table Text Small", new=True, size=8, before=1, after=1, line=1.0)
    _paragraph_style(word, "Table Note", new=True, size=8.5, before=2, after=2, color=_SOFT)
    fact = _paragraph_style(word, "Fact", new=True, size=10, after=2)
    fact.paragraph_format.tab_stops.add_tab_stop(_points(_FACT_TAB))
    fact.paragraph_format.left_indent = _points(_FACT_TAB)
    fact.paragraph_format.first_line_indent = -_points(_FACT_TAB)
    _set_apart(_paragraph_style(word, "Remark", new=True, size=10.5, before=8, after=8), _SOFT, "F5F5F1")
    _set_apart(_paragraph_style(word, "Warning", new=True, size=10.5, before=8, after=8), _CAUTION, "FDF4E3")
    _set_apart(
        _paragraph_style(word, "Code", new=True, size=9, before=6, after=8, font=_CODE_FONT), "", "F5F5F1"
    )
    _character_style(word, "Code Text", font=_CODE_FONT, size=9.5)
    _character_style(word, "Soft Text", color=_SOFT)


def _points(size: float) -> Any:
    from docx.shared import Pt

    return Pt(size)


def _paragraph_style(
    word: WordDocument,
    name: str,
    *,
    size: float,
    before: float = 0,
    after: float = 0,
    line: float | None = None,
    bold: bool = False,
    color: str = _INK,
    font: str = _TEXT_FONT,
    new: bool = False,
) -> Any:
    """Return the paragraph style of this name, made or found, set as given."""
    from docx.enum.style import WD_STYLE_TYPE

    style: Any = word.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH) if new else word.styles[name]
    if new:
        style.base_style = word.styles["Normal"]
    _set_font(style, font, size, color)
    style.font.bold = bold
    style.paragraph_format.space_before = _points(before)
    style.paragraph_format.space_after = _points(after)
    if line is not None:
        style.paragraph_format.line_spacing = line
    return style


def _character_style(
    word: WordDocument, name: str, *, font: str | None = None, size: float | None = None, color: str = _INK
) -> None:
    from docx.enum.style import WD_STYLE_TYPE

    _set_font(word.styles.add_style(name, WD_STYLE_TYPE.CHARACTER), font, size, color)


def _set_font(style: Any, font: str | None, size: float | None, color: str) -> None:
    from docx.oxml.ns import qn
    from docx.shared import RGBColor

    if font is not None:
        style.font.name = font
        fonts = style.element.rPr.rFonts
        for attribute in [name for name in fonts.attrib if name.endswith("Theme")]:
            del fonts.attrib[attribute]  # the theme would win over the name
        fonts.set(qn("w:cs"), font)
    if size is not None:
        style.font.size = _points(size)
    style.font.color.rgb = RGBColor.from_string(color)
    for spacing in style.element.rPr.findall(qn("w:spacing")):
        style.element.rPr.remove(spacing)


def _set_language(word: WordDocument, language: str) -> None:
    from docx.oxml.ns import qn

    for lang in word.styles.element.iter(qn("w:lang")):
        lang.set(qn("w:val"), language)


def _remove_border(style: Any) -> None:
    from docx.oxml.ns import qn

    for border in style.element.pPr.findall(qn("w:pBdr")):
        style.element.pPr.remove(border)


def _set_apart(style: Any, bar: str, ground: str) -> None:
    """Give a paragraph style a ground and, if a colour is named, a bar on its left."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls, qn

    properties = style.element.get_or_add_pPr()
    parts = [f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{ground}"/>']
    if bar:
        left = f'<w:left w:val="single" w:sz="18" w:space="8" w:color="{bar}"/>'
        parts.insert(0, f"<w:pBdr {nsdecls('w')}>{left}</w:pBdr>")
    # Border and ground stand before the spacing in the order of the schema.
    spacing = properties.find(qn("w:spacing"))
    for part in parts:
        spacing.addprevious(parse_xml(part))
