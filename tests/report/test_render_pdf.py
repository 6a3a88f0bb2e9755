"""PDF: tagged, described, the same bytes every time, and data that typst never reads as markup."""

import dataclasses
import io
import re
from functools import cache
from itertools import pairwise

import pypdf
import pytest
import typst

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
from logreg.report.render_pdf import _spelt_out, _without_glyph, drawing_to_png, render

from .document_reader import pdf_descriptions, squeezed, words_of
from .test_hostile import HOSTILE, SVG, document_of
from .test_renderers import odds_table, one, sample


def reader_of(document: Document) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(render(document)))


def objects(reader: pypdf.PdfReader) -> list[object]:
    size = reader.trailer["/Size"]
    return [reader.get_object(pypdf.generic.IndirectObject(i, 0, reader)) for i in range(1, size)]


def tags(reader: pypdf.PdfReader) -> list[str]:
    return [str(o["/S"]) for o in objects(reader) if isinstance(o, dict) and o.get("/Type") == "/StructElem"]


@cache
def harmless_tags() -> set[str]:
    return set(tags(reader_of(document_of("x"))))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_shown_and_never_obeyed(text: str) -> None:
    """Characters without a glyph are spelt out, all others stand; the structure is that of harmless text."""
    content = render(document_of(text))
    assert not re.search(rb"/JavaScript|/Launch|/OpenAction|/EmbeddedFile|/URI", content)
    letters = re.findall("[A-Za-z]+", visible(text))
    words = words_of(".pdf", content)
    joined = re.sub(r"\s", "", words)
    assert all(re.sub(r"\s", "", word) in joined for word in letters)
    assert set(tags(pypdf.PdfReader(io.BytesIO(content)))) == harmless_tags()


def test_a_word_of_a_hundred_thousand_characters_stays_on_the_pages() -> None:
    columns = (TableColumn(key="a", heading="A"), TableColumn(key="b", heading="B", align="right"))
    cells = (Cell(text="x" * 100_000), Cell(text="1"))
    reader = reader_of(one(Table(key="t", caption="", columns=columns, rows=(Row(cells=cells),))))
    assert len(reader.pages) > 10
    assert all("x" * 50 in reader.pages[i].extract_text() for i in (0, 1, -1))


def test_the_file_declares_pdf_ua_its_title_and_its_language_and_no_date() -> None:
    reader = reader_of(dataclasses.replace(sample(), language="pt-BR"))
    assert b"pdfuaid:part>1<" in reader.trailer["/Root"]["/Metadata"].get_data()
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/Lang"] == "pt-BR"
    assert reader.metadata is not None
    assert reader.metadata.title == "Low birth weight"
    assert reader.metadata.creation_date is None
    assert pdf_descriptions(reader) == ["A curve above the diagonal"]


def test_tables_are_tagged_with_header_cells_that_repeat_on_every_page() -> None:
    cells = (Cell(text="row"), Cell(text="1.0"))
    columns = (TableColumn(key="a", heading="First"), TableColumn(key="b", heading="Second", align="right"))
    long = Table(key="t", caption="Long", columns=columns, rows=(Row(cells=cells),) * 200)
    reader = reader_of(one(long))
    assert len(reader.pages) > 2
    assert all("Second" in page.extract_text() for page in reader.pages)
    found = tags(reader)
    assert found.count("/Table") == 1
    assert found.count("/TH") == 2
    assert found.count("/TD") == 400


def test_headings_links_and_bookmarks_follow_the_sections() -> None:
    inner = Section(key="inner", title="Inner part", blocks=(paragraph("text"),))
    outer = Section(key="outer", title="Outer part", blocks=(inner,))
    reader = reader_of(one(outer))
    titles = [
        item.title for level in reader.outline for item in (level if isinstance(level, list) else [level])
    ]
    assert titles[-2:] == ["Outer part", "Inner part"]
    assert {"/H1", "/H2", "/TOC"} <= set(tags(reader))


def test_numbers_tables_and_figures_in_reading_order() -> None:
    figure = Figure(key="f", svg=SVG, alt="a drawing", caption="Drawn.")
    document = Document(title="T", blocks=(odds_table("a"), figure, odds_table("b")))
    words = words_of(".pdf", render(document))
    assert re.search(r"Table 1\. ?Odds ratios.*Figure 1\. ?Drawn\..*Table 2\. ?Odds ratios", words)


@pytest.mark.parametrize(("n_outcomes", "width", "height"), [(2, 595, 842), (7, 842, 595), (12, 595, 842)])
def test_wide_tables_lie_on_their_side_or_become_panels(n_outcomes: int, width: int, height: int) -> None:
    document = Document(
        title="T", blocks=(Section(key="s", title="Sides", blocks=(odds_table(n_outcomes=n_outcomes),)),)
    )
    reader = reader_of(document)
    (page,) = [page for page in reader.pages if "Odds ratios" in page.extract_text()]
    assert (round(float(page.mediabox.width)), round(float(page.mediabox.height))) == (width, height)
    text = squeezed("".join(page.extract_text() for page in reader.pages))
    assert text.count("2.41") == n_outcomes
    assert "Sides" in page.extract_text()  # the heading is with its table
    assert all(f"outcome {i}" in text for i in range(n_outcomes))


def data_row(i: int, indent: int = 0) -> Row:
    return Row(cells=(Cell(text=f"row{i}"), Cell(text=f"value{i}")), indent=indent)


def group_row(text: str) -> Row:
    return Row(kind="group", cells=(Cell(text=text),))


def two_columns(rows: tuple[Row, ...], notes: tuple[str, ...] = ()) -> Table:
    columns = (TableColumn(key="a", heading="First"), TableColumn(key="b", heading="Second"))
    return Table(key="t", caption="Long", columns=columns, rows=rows, notes=notes)


def lines_of_pages(document: Document) -> list[list[str]]:
    pages = [page.extract_text().split("\n") for page in reader_of(document).pages]
    return [[line.strip() for line in page if not re.fullmatch(r"\d+ / \d+", line.strip())] for page in pages]


@pytest.mark.parametrize("n_before", range(40, 52))
def test_a_heading_of_rows_is_never_the_last_line_of_a_page_and_is_said_again(n_before: int) -> None:
    before = tuple(data_row(i) for i in range(n_before))
    within = tuple(Row(cells=(Cell(text=f"inner{i}"), Cell(text="1")), indent=1) for i in range(70))
    after = tuple(data_row(i) for i in range(60))
    pages = lines_of_pages(one(two_columns((*before, group_row("Group"), *within, *after))))
    assert not any(page[-1] == "Group" for page in pages)
    headings_before_rows = [
        (line, above == "Group")
        for page in pages
        for above, line in pairwise(page)
        if above.startswith(("First", "Group"))
    ]
    assert all(said == line.startswith("inner") for line, said in headings_before_rows if line != "Group")
    assert sum(said for _, said in headings_before_rows) >= 2


def test_cells_below_a_heading_of_rows_still_belong_to_their_columns() -> None:
    reader = reader_of(one(two_columns((group_row("Group"), data_row(1, indent=1), data_row(2)))))
    cells = [o for o in objects(reader) if isinstance(o, dict) and o.get("/S") in ("/TH", "/TD")]
    headers = {str(c["/ID"]): attribute(c, "/Headers") for c in cells if "/ID" in c}
    columns = [key for key, above in headers.items() if not above]
    assert len(columns) == 2

    def column_of(names: list[str]) -> str:
        (name,) = names
        return name if name in columns else column_of(headers[name])

    found = [column_of(attribute(c, "/Headers")) for c in cells if c["/S"] == "/TD"]
    assert sorted(found) == sorted(columns * 2)


def attribute(element: dict[str, object], name: str) -> list[str]:
    attributes = element["/A"]
    several = attributes if isinstance(attributes, list) else [attributes]
    return [str(value) for a in several for value in a.get_object().get(name, [])]


@pytest.mark.parametrize("n_rows", range(40, 52))
def test_notes_are_on_the_page_of_the_last_row(n_rows: int) -> None:
    notes = ("First note.", "Second note.", "Third note.")
    pages = lines_of_pages(one(two_columns(tuple(data_row(i) for i in range(n_rows)), notes)))
    assert pages[-1][-3:] == list(notes)
    assert pages[-1][-4] == f"row{n_rows - 1} value{n_rows - 1}"


@pytest.mark.parametrize("n_before", range(26, 36))
def test_short_blocks_are_not_broken_and_long_tables_do_not_begin_at_the_foot(n_before: int) -> None:
    before = tuple(paragraph(f"line {i}") for i in range(n_before))
    code = Code(text="\n".join(f"code{i}" for i in range(12)))
    facts = Facts(items=tuple(Fact(label=f"code{i}", text="1") for i in range(6)))
    table = two_columns(
        tuple(Row(cells=(Cell(text=f"code{i}"), Cell(text="1"))) for i in range(12)), ("code",)
    )
    for block in (code, facts, table):
        pages = lines_of_pages(Document(title="T", blocks=(*before, block)))
        assert sum(any(line.startswith("code") for line in page) for page in pages) == 1
    long = two_columns(tuple(data_row(i) for i in range(60)))
    pages = lines_of_pages(Document(title="T", blocks=(*before, long)))
    counts = [sum(line.startswith("row") for line in page) for page in pages]
    assert all(n == 0 or n >= 5 for n in counts[:-1])


def test_words_before_code_go_with_it_to_the_next_page() -> None:
    code = Code(text="\n".join(f"code{i}" for i in range(12)))
    for n_before in range(26, 36):
        before = tuple(paragraph(f"line {i}") for i in range(n_before))
        pages = lines_of_pages(Document(title="T", blocks=(*before, paragraph("So:"), code)))
        assert [("So:" in page) for page in pages] == [("code0" in page) for page in pages]


def test_title_and_warnings_share_the_page_of_a_first_table_on_its_side() -> None:
    blocks = (Note(kind="warning", text="Few events."), odds_table(n_outcomes=7), paragraph("After."))
    first, second = reader_of(Document(title="Wide", blocks=blocks)).pages
    assert first.mediabox.width > first.mediabox.height
    assert second.mediabox.width < second.mediabox.height
    assert all(words in first.extract_text() for words in ("Wide", "Few events.", "Odds ratios", "2.41"))
    assert "After." in second.extract_text()


def test_a_table_that_fits_upright_is_not_turned() -> None:
    columns = [TableColumn(key="a", heading="Variable")]
    for i in range(4):
        columns.append(TableColumn(key="or", heading="Odds ratio", align="right", group=f"model {i}"))
        columns.append(TableColumn(key="ci", heading="95% CI", align="right", group=f"model {i}"))
    cells = (Cell(text="streptomycin"), *(Cell(text="17.18"), Cell(text="24.74 to 41907")) * 4)
    table = Table(key="t", caption="", columns=tuple(columns), rows=(Row(cells=cells),))
    (page,) = reader_of(one(table)).pages
    assert page.mediabox.width < page.mediabox.height
    assert "24.74\u00a0to\u00a041907" in page.extract_text() or page.extract_text().count("41907") == 4


def test_only_fonts_of_the_package_are_used_where_they_suffice() -> None:
    names = {
        str(o["/BaseFont"]) for o in objects(reader_of(sample())) if isinstance(o, dict) and "/BaseFont" in o
    }
    assert names
    assert all(re.search("Libertinus|NewComputerModern|NewCM|DejaVuSansMono", name) for name in names)


def test_characters_that_no_font_has_are_spelt_out() -> None:
    # Characters that Unicode has not assigned: no machine has a font for them.
    content = render(one(paragraph("a \u0378 \U000e1fff b")))
    assert "a <U+0378> <U+E1FFF> b" in words_of(".pdf", content)


def test_the_complaint_of_typst_about_a_glyph_is_understood() -> None:
    template = b'#set document(title: "t")\n#text(fallback: false, sys.inputs.text)'
    with pytest.raises(typst.TypstError) as caught:
        typst.compile(
            template,
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"text": 'x体"\u200d'},
            pdf_standards=["ua-1"],
        )
    assert "体" in _without_glyph(caught.value)
    assert _spelt_out('{"a": "x体", "svg": "<t>体</t>"}', {"体"}) == (
        '{"a": "x<U+4F53>", "svg": "<t>&lt;U+4F53&gt;</t>"}'
    )


def test_a_drawing_becomes_a_picture_of_two_hundred_pixels_per_inch() -> None:
    png = drawing_to_png(SVG.replace('"10"', '"144pt"'))
    assert png.startswith(b"\x89PNG")
    assert (int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")) == (400, 400)
    assert drawing_to_png(SVG) == drawing_to_png(SVG)


def test_another_failure_of_typst_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logreg.report.render_pdf._template", lambda: b'#panic("no")')
    with pytest.raises(typst.TypstError, match="panicked"):
        render(sample())
