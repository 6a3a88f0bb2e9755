"""XLSX: numbers keep their digits and look as in the report; text is text, whatever it looks like."""

import io
import math
import zipfile

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logreg.report import formats
from logreg.report.formats import PLAIN, REPORT, NumberStyle, visible
from logreg.report.nodes import Cell, Document, Fact, Facts, Row, Section, Table, TableColumn, paragraph
from logreg.report.render_xlsx import render
from logreg.report.spreadsheet_numbers import number_format

from .document_reader import parts_of_archive, shown_number, squeezed, words_of
from .test_hostile import HOSTILE, LONG, document_of
from .test_renderers import odds_table, one, sample

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "{=1}", "\t=1", "http://example.org"]


def book(document: Document) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(render(document)))


def table_of(cells: list[Cell], *, key: str = "t") -> Table:
    columns = tuple(TableColumn(key=f"c{i}", heading=f"C{i}", align="right") for i in range(len(cells)))
    return Table(key=key, caption="Caption", columns=columns, rows=(Row(cells=tuple(cells)),), row_headers=0)


@pytest.mark.parametrize("text", [*HOSTILE.values(), *FORMULAS], ids=[*HOSTILE, *FORMULAS])
def test_hostile_text_is_text(text: str) -> None:
    raw = render(document_of(text))
    for name, part in parts_of_archive(raw).items():
        if name.endswith(".xml"):
            assert b"<f>" not in part
        assert b"TargetMode" not in part
    sheet = openpyxl.load_workbook(io.BytesIO(raw))["table"]
    assert all(cell.data_type in ("s", "n") for row in sheet.iter_rows() for cell in row)
    assert squeezed(visible(text)) in words_of(".xlsx", raw)
    if text.strip():
        assert sheet.cell(5, 1).value == visible(text)


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_text_longer_than_a_cell_is_cut_in_tables_and_goes_on_below_in_prose(text: str) -> None:
    raw = render(Document(title="T", blocks=(table_of([Cell(text=text)]), paragraph(text))))
    read = openpyxl.load_workbook(io.BytesIO(raw))
    cell = read["t"].cell(4, 1).value
    assert cell.endswith("…")
    assert text.startswith(cell[:-1])
    prose = [row[0].value for row in read["Report"].iter_rows() if row[0].value]
    assert max(len(part) for part in prose) <= 32_767
    assert squeezed("".join(prose)).replace(" ", "").count(text[:1]) >= text.count(text[:1])


NUMBERS = [0.1 + 0.2, -1e-300, 1.7976931348623157e307, math.pi, -2.5, 123456.789, 2.0**53]


def test_numbers_keep_all_digits() -> None:
    cells = [Cell(text=formats.significant(value), value=value) for value in NUMBERS]
    sheet = book(one(table_of(cells)))["t"]
    for cell, value in zip(sheet[4], NUMBERS, strict=True):
        assert cell.value == value


def test_what_is_not_a_number_stands_as_its_text_or_reason() -> None:
    cells = [
        Cell(text="∞", value=math.inf),
        Cell(text="", value=math.nan, reason="aliased"),
        Cell(text="reference"),
        Cell(text="yes", value=True),
        Cell(text="9007199254740993", value=9007199254740993),
        Cell(text="12 (3.4%)", value=12),
        Cell(text="7", value="7"),
    ]
    sheet = book(one(table_of(cells)))["t"]
    expected = ["∞", "aliased", "reference", "yes", "9007199254740993", "12 (3.4%)", "7"]
    assert [cell.value for cell in sheet[4]] == expected
    assert {cell.data_type for cell in sheet[4]} == {"s"}


STYLES = [REPORT, PLAIN, NumberStyle(leading_zero=False), NumberStyle(thousands=",", digits=5)]


def assert_same_number(pattern: str, value: float, text: str) -> None:
    """The number that a spreadsheet shows is the report's, in digits; the exponent is written its own way."""
    shown = shown_number(value, pattern).replace(",", "")
    plain = text.replace("\u202f", "").replace(",", "")
    if "E" in pattern:
        mantissa, _, exponent = shown.partition("E")
        superscripts = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
        assert plain.translate(superscripts).replace("\u00a0×\u00a010", "e") == f"{mantissa}e{int(exponent)}"
    else:
        assert shown == plain or shown.startswith(plain[:-1])  # a tie gets a digit more


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(STYLES))
@example(0.125, PLAIN)
@example(2.5, PLAIN)
@example(-0.0004, REPORT)
@example(98765.4, REPORT)
def test_the_format_shows_what_the_report_shows(value: float, style: NumberStyle) -> None:
    for text in (formats.significant(value, style), formats.fixed(value, 2, style)):
        pattern = number_format(value, text)
        if pattern is None:
            assert 0 < abs(value) < 2.3e-308 or abs(value) > 9e307
        else:
            assert_same_number(pattern, value, text)


@given(st.floats(0, 1), st.sampled_from(STYLES))
def test_p_values_and_percentages_too(value: float, style: NumberStyle) -> None:
    for text in (formats.p_value(value, style), formats.percent(value, style)):
        pattern = number_format(value, text)
        if pattern is not None:
            shown = shown_number(value, pattern)
            assert shown == text or shown.startswith(text[:-1])
        else:
            assert 0 < value < 2.3e-308 or text.startswith((".", "<.", ">."))


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        (12, "12", "0"),
        (0.0004, "<0.001", '[<0.001]"<0.001";0.000'),
        (0.9999, ">0.999", '[>0.999]">0.999";0.000'),
        (0.0004, "<0.1%", '[<0.001]"<0.1%";0.0%'),
        (-1.5, "−1.50", '0.00;"−"0.00'),
        (-1.5, "-1.50", "0.00"),
        (-0.001, "0.00", "0.00;0.00"),
        (12345, "12\u202f345", "#,##0"),
        (1.5e-9, "1.50\u00a0×\u00a010⁻⁹", "0.00E+00"),
        (2.5, "2", "0.0"),
        (0.032, ".032", ".000"),
        (0.032, "0·032", "0.000"),
        (0.0004, "<0·001", '[<0.001]"<0·001";0.000'),
        (1.25, "1,25", "0.00"),
        (1234.0, "1,234", "#,##0"),
        (1.234, "1,234", "0.000"),
        (3.0, "4", None),
        (0.5, "<0.001", None),
        (1.0, "1 to 2", None),
        (1.0, "", None),
        (True, "1", None),
        ("1", "1", None),
    ],
)
def test_number_formats_by_hand(value: object, text: str, expected: str | None) -> None:
    assert number_format(value, text) == expected  # type: ignore[arg-type]


def test_one_sheet_per_table_named_by_its_key() -> None:
    long = "a" * 40
    keys = ["odds", "report", "history", long, long + "b"]
    document = Document(title="T", blocks=tuple(table_of([Cell(text="1")], key=key) for key in keys))
    names = book(document).sheetnames
    assert names == ["Report", "odds", "report_2", "history_2", "a" * 31, "a" * 29 + "_2"]


def test_headings_stay_in_view_and_notes_stand_below() -> None:
    sheet = book(sample())["odds"]
    assert sheet["A1"].value == "Table 1. Odds ratios"
    assert sheet.freeze_panes == "B5"
    assert [cell.value for cell in sheet[3]] == [None, "outcome 0", None, "outcome 1", None]
    assert [cell.value for cell in sheet[4]][:3] == ["Predictor", "Odds ratio (per unit)", "p"]
    assert sheet.cell(9, 1).value == "Wald intervals."
    assert sheet.cell(7, 1).alignment.indent == 1
    assert {str(area) for area in sheet.merged_cells.ranges} == {"B3:C3", "D3:E3"}
    assert sheet.print_title_rows == "$2:$4"


def test_the_first_sheet_links_to_every_table() -> None:
    sheet = book(Document(title="T", blocks=(odds_table("a"), odds_table("b"))))["Report"]
    targets = {cell.hyperlink.location for row in sheet.iter_rows() for cell in row if cell.hyperlink}
    assert targets == {"'a'!A1", "'b'!A1"}


def test_facts_that_are_numbers_are_numbers() -> None:
    facts = Facts(items=(Fact(label="Rows", text="12\u202f345", value=12345, note="all"),))
    sheet = book(one(Section(key="s", title="S", blocks=(facts,))))["Report"]
    (row,) = [row for row in sheet.iter_rows() if row[0].value == "Rows"]
    assert [cell.value for cell in row] == ["Rows", 12345, "all"]
    assert row[1].number_format == "#,##0"


def test_properties_and_archive_hold_no_times() -> None:
    raw = render(sample())
    assert openpyxl.load_workbook(io.BytesIO(raw)).properties.created.year == 1980
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
