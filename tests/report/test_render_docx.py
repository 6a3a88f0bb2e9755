"""DOCX: what Word needs to be told twice, described pictures, the same bytes, and text that is only text."""

import io
import re
import zipfile
from functools import cache
from xml.etree import ElementTree

import docx
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn

from logreg.report.formats import visible
from logreg.report.nodes import (
    Cell,
    Code,
    Document,
    Fact,
    Facts,
    Figure,
    Note,
    Row,
    Section,
    Table,
    TableColumn,
    paragraph,
)
from logreg.report.render_docx import render

from .document_reader import parts_of_archive, squeezed, words_of
from .test_hostile import HOSTILE, LONG, SVG, document_of
from .test_renderers import odds_table, one, sample


def word(document: Document) -> docx.document.Document:
    return docx.Document(io.BytesIO(render(document)))


def skeleton(raw: bytes) -> list[str]:
    """Return the elements of the document in order, those that hold pieces of text aside."""
    root = ElementTree.fromstring(parts_of_archive(raw)["word/document.xml"])
    names = [element.tag.rpartition("}")[2] for element in root.iter()]
    return [name for name in names if name not in ("t", "br", "tab", "r")]


@cache
def harmless_skeleton() -> list[str]:
    return skeleton(render(document_of("x")))


@pytest.mark.parametrize("text", [*HOSTILE.values(), *LONG.values()], ids=[*HOSTILE, *LONG])
def test_hostile_text_is_shown_and_never_obeyed(text: str) -> None:
    raw = render(document_of(text))
    for name, part in parts_of_archive(raw).items():
        if name.endswith((".xml", ".rels")):
            ElementTree.fromstring(part)
        assert b"TargetMode" not in part
    assert squeezed(visible(text)) in words_of(".docx", raw)
    if len(text) < 1000:
        harmless, found = harmless_skeleton(), skeleton(raw)
        assert set(found) <= set(harmless)
        for name in ("tbl", "tr", "tc", "fldSimple", "hyperlink", "drawing"):
            assert found.count(name) == harmless.count(name)
        n_dropped = 0 if text.strip() else 1  # a blank subtitle
        n_turned = found.count("sectPr") - 1  # a table of wide text may lie on its side
        assert found.count("p") == harmless.count("p") - n_dropped + n_turned


def test_columns_have_their_width_in_the_grid_and_in_every_cell() -> None:
    (table,) = word(one(odds_table())).tables
    grid = [int(column.get(qn("w:w"))) for column in table._tbl.tblGrid.iterchildren()]
    assert len(grid) == 5
    for row in table._tbl.tr_lst:
        first = 0
        for cell in row.tc_lst:
            span = cell.grid_span
            assert int(cell.tcPr.find(qn("w:tcW")).get(qn("w:w"))) == sum(grid[first : first + span])
            first += span
        assert first == 5
    assert table._tbl.tblPr.find(qn("w:tblLayout")).get(qn("w:type")) == "fixed"


def test_both_rows_of_headings_repeat_on_every_page() -> None:
    (table,) = word(one(odds_table())).tables
    repeated = [
        row._tr.trPr is not None and row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows
    ]
    assert repeated == [True, True, False, False, False, False]
    assert table._tbl.tblPr.find(qn("w:tblCaption")).get(qn("w:val")) == "Odds ratios"
    assert [cell.text for cell in table.rows[5].cells] == ["black", "2.41", "0.032", "2.41", "0.032"]
    assert table.cell(0, 1).text == table.cell(0, 2).text == "outcome 0"
    assert table.cell(0, 0).text == "Predictor"


def test_numbers_are_on_the_right_and_intervals_do_not_break() -> None:
    columns = (TableColumn(key="a", heading="A"), TableColumn(key="b", heading="B", align="right"))
    rows = (Row(cells=(Cell(text="x"), Cell(text="0.1 to 0.2"))),)
    (table,) = word(one(Table(key="t", caption="", columns=columns, rows=rows))).tables
    paragraph = table.cell(1, 1).paragraphs[0]
    assert paragraph.text == "0.1\u00a0to\u00a00.2"
    assert paragraph._p.pPr.jc.get(qn("w:val")) == "right"


def test_pictures_are_described_and_no_wider_than_the_text() -> None:
    wide = SVG.replace('width="10"', 'width="2000"')
    figures = tuple(Figure(key=key, svg=wide, alt=f"drawing {key}", caption="c") for key in ("one", "two"))
    document = word(Document(title="T", blocks=figures))
    assert [shape._inline.docPr.get("descr") for shape in document.inline_shapes] == [
        "drawing one",
        "drawing two",
    ]
    assert [shape._inline.docPr.get("id") for shape in document.inline_shapes] == ["1", "2"]
    section = document.sections[0]
    room = section.page_width - section.left_margin - section.right_margin
    assert all(abs(shape.width - room) < 20 for shape in document.inline_shapes)


def test_captions_count_by_fields() -> None:
    document = Document(title="T", blocks=(odds_table("a"), odds_table("b")))
    source = parts_of_archive(render(document))["word/document.xml"].decode()
    fields = re.findall(r'<w:fldSimple w:instr=" SEQ Table \\\* ARABIC ">.*?>(\d)</w:t>', source)
    assert fields == ["1", "2"]


def test_sections_have_heading_styles_and_links_from_the_contents() -> None:
    inner = Section(key="inner", title="Inner", blocks=())
    document = word(one(Section(key="outer", title="Outer", blocks=(inner,))))
    styles = {p.text: p.style.name for p in document.paragraphs if p.text}
    assert styles["One block"] == "Title"
    source = document.element.xml
    anchors = re.findall(r'w:anchor="(\w+)"', source)
    names = re.findall(r'<w:bookmarkStart w:id="\d+" w:name="(\w+)"', source)
    assert anchors == names == ["section_1", "section_2"]
    headings = [p.style.name for p in document.paragraphs if p.style.name.startswith("Heading")]
    assert headings == ["Heading 1", "Heading 2"]
    assert document.element.xml.count('w:fldCharType="begin"') == document.element.xml.count('"end"') == 1


def test_wide_tables_lie_on_their_side_with_their_heading() -> None:
    whole = Section(key="s", title="Wide", blocks=(odds_table(n_outcomes=7),))
    document = word(Document(title="T", blocks=(whole, paragraph("Upright again."))))
    assert [s.orientation for s in document.sections] == [
        WD_ORIENT.PORTRAIT,
        WD_ORIENT.LANDSCAPE,
        WD_ORIENT.PORTRAIT,
    ]
    assert all("PAGE" in s.footer._element.xml for s in document.sections)
    breaks = [
        i for i, p in enumerate(document.paragraphs) if p._p.pPr is not None and p._p.pPr.sectPr is not None
    ]
    heading = next(i for i, p in enumerate(document.paragraphs) if p.style.name == "Heading 1")
    assert breaks[0] < heading < breaks[1]


def orientations(document: docx.document.Document) -> list[object]:
    return [s.orientation for s in document.sections]


def test_no_section_is_empty_behind_or_between_tables_on_their_side() -> None:
    upright, turned = WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE
    wide = odds_table("a", n_outcomes=7), odds_table("b", n_outcomes=7)
    text = paragraph("Before.")
    last = word(one(Section(key="s", title="Wide", blocks=(text, wide[0]))))
    assert orientations(last) == [upright, turned]
    assert last.sections[-1].page_width > last.sections[-1].page_height
    assert orientations(word(one(Section(key="s", title="Wide", blocks=(text, *wide))))) == [upright, turned]


def test_title_and_warnings_share_the_page_of_a_first_table_on_its_side() -> None:
    warning = Note(kind="warning", text="Few events.")
    wide = odds_table(n_outcomes=7)
    alone = word(Document(title="T", blocks=(warning, wide)))
    assert orientations(alone) == [WD_ORIENT.LANDSCAPE]
    followed = word(Document(title="T", blocks=(warning, wide, paragraph("After."))))
    assert orientations(followed) == [WD_ORIENT.LANDSCAPE, WD_ORIENT.PORTRAIT]
    narrow_first = word(Document(title="T", blocks=(odds_table("a"), wide)))
    assert orientations(narrow_first) == [WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE]


def kept(document: docx.document.Document, style: str) -> list[bool]:
    return [bool(p.paragraph_format.keep_with_next) for p in document.paragraphs if p.style.name == style]


def test_short_code_stays_on_one_page_with_the_words_before_it() -> None:
    for n_lines, whole in ((20, True), (100, None)):
        blocks = (paragraph("So:"), Code(text="a = 1\n" * n_lines))
        document = word(Document(title="T", blocks=blocks))
        (code,) = [p for p in document.paragraphs if p.style.name == "Code"]
        (words,) = [p for p in document.paragraphs if p.text == "So:"]
        assert code.paragraph_format.keep_together is whole
        assert words.paragraph_format.keep_with_next


def test_a_short_list_of_facts_stays_together_and_away_from_what_follows() -> None:
    facts = tuple(Fact(label=f"Fact {i}", text="1") for i in range(3))
    document = word(one(Facts(items=facts)))
    assert kept(document, "Fact") == [True, True, False]
    last = [p for p in document.paragraphs if p.style.name == "Fact"][-1]
    assert last.paragraph_format.space_after.pt == 12
    assert not any(kept(word(one(Facts(items=facts * 10))), "Fact"))


@pytest.mark.parametrize(("n_rows", "n_kept"), [(5, 5), (60, 5)])
def test_notes_stay_with_the_last_rows_of_their_table(n_rows: int, n_kept: int) -> None:
    columns = (TableColumn(key="a", heading="A"),)
    rows = tuple(Row(cells=(Cell(text=str(i)),)) for i in range(n_rows))
    document = word(one(Table(key="t", caption="", columns=columns, rows=rows, notes=("one", "two"))))
    marks = [
        bool(row.cells[0].paragraphs[0].paragraph_format.keep_with_next) for row in document.tables[0].rows
    ]
    assert sum(marks[1:]) == n_kept
    assert marks[-2:] == [True, True]
    assert kept(document, "Table Note") == [True, False]


def test_warnings_that_follow_each_other_are_two_boxes() -> None:
    notes = tuple(Note(kind="warning", text=text) for text in ("one", "two", "three"))
    found = [p for p in word(Document(title="T", blocks=notes)).paragraphs if p.style.name == "Warning"]
    # Word joins neighbours of the same border and indent.
    insets = [p.paragraph_format.left_indent or 0 for p in found]
    assert insets[0] != insets[1] != insets[2]


def test_captions_are_nearer_to_their_own_figure_or_table() -> None:
    figure = Figure(key="f", svg=SVG, alt="a drawing", caption="Drawn.")
    document = word(Document(title="T", blocks=(figure, odds_table())))
    below, above = [p for p in document.paragraphs if p.style.name == "Caption"]
    assert below.paragraph_format.space_before < below.paragraph_format.space_after
    style = above.style.paragraph_format
    assert above.paragraph_format.space_before is above.paragraph_format.space_after is None
    assert style.space_after < style.space_before


def test_no_table_is_wider_than_its_page() -> None:
    for n_outcomes in (1, 5, 7, 12):
        document = word(one(odds_table(n_outcomes=n_outcomes)))
        room = max(s.page_width - s.left_margin - s.right_margin for s in document.sections) / 635
        for table in document.tables:
            assert sum(int(c.get(qn("w:w"))) for c in table._tbl.tblGrid.iterchildren()) <= room + 2


def test_tables_that_follow_each_other_stay_apart() -> None:
    bare = Table(key="a", caption="", columns=(TableColumn(key="a", heading="A"),), rows=())
    other = Table(key="b", caption="", columns=(TableColumn(key="a", heading="A"),), rows=())
    document = word(Document(title="T", blocks=(bare, other)))
    names = [child.tag.rpartition("}")[2] for child in document.element.body]
    assert "tbl,tbl" not in ",".join(names)
    assert names[-2:] == ["p", "sectPr"]


def test_language_and_properties() -> None:
    document = word(Document(title="T", blocks=(), language="fr-CA"))
    assert document.core_properties.title == "T"
    assert document.core_properties.author == ""
    assert document.core_properties.created.year == 1980
    assert document.styles.element.find(f".//{qn('w:lang')}").get(qn("w:val")) == "fr-CA"


def test_code_keeps_lines_and_tabs() -> None:
    paragraphs = word(one(Code(text="a = 1\n\tb\n"))).paragraphs
    assert [p.text for p in paragraphs if p.style.name == "Code"] == ["a = 1\n\tb\n"]


def test_the_archive_holds_no_times() -> None:
    with zipfile.ZipFile(io.BytesIO(render(sample()))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.create_system for entry in archive.infolist()} == {3}
