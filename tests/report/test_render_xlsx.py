"""XLSX: numbers keep their digits and look as in the report; text is text, whatever it looks like."""

import io
import math
import textwrap
import zipfile
from dataclasses import replace

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from logreg.report import formats
from logreg.report.formats import PLAIN, REPORT, NumberStyle, visible
from logreg.report.nodes import (
    Block,
    Cell,
    Code,
    Document,
    DrawnFigure,
    Fact,
    Facts,
    Row,
    Section,
    Table,
    TableColumn,
    paragraph,
)
from logreg.report.render_xlsx import render
from logreg.report.spreadsheet_intervals import limits_of
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
    assert [cell.value for cell in sheet[4][: len(cells)]] == expected
    assert {cell.data_type for cell in sheet[4][: len(cells)]} == {"s"}


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
    assert [cell.value for cell in sheet[3]][:5] == [None, "outcome 0", None, "outcome 1", None]
    assert [cell.value for cell in sheet[4]][:3] == ["Predictor", "Odds ratio (per unit)", "p"]
    assert sheet.cell(9, 1).value == "Wald intervals."
    assert sheet.cell(7, 1).alignment.indent == 1
    merged = {str(area) for area in sheet.merged_cells.ranges}
    assert {area for area in merged if area[1] not in "19"} == {"B3:C3", "D3:E3"}
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


# --- text is not cut ---------------------------------------------------------------------------------------


def lines_of(sheet: Worksheet, row: int, *, points: float = 15.0) -> float:
    """The lines for which a row is tall enough; a row without a height has one."""
    height = sheet.row_dimensions[row].height
    return 1.0 if height is None else height / points


def row_of(sheet: Worksheet, start: str) -> int:
    (found,) = [row[0].row for row in sheet.iter_rows() if str(row[0].value or "").startswith(start)]
    return int(found)


def section(*blocks: Block) -> Document:
    return one(Section(key="s", title="S", blocks=blocks))


def test_rows_of_program_text_are_tall_enough_for_a_fixed_pitch() -> None:
    # Consolas is 0.55 of its size wide, the fonts that stand in for it up to 0.602; 114 digits of 7 pixels.
    text = "A record with " + ", ".join(f"illi{k} = {k}" for k in range(40)) + ", last = 33"
    sheet = book(section(Code(text=text)))["Report"]
    row = row_of(sheet, "A record")
    characters = int(114 * 7 * 0.75 / (0.602 * 10))
    needed = len(textwrap.wrap(text, characters))
    assert round(lines_of(sheet, row, points=15 * 10 / 11)) >= needed > 1
    assert sheet.cell(row, 1).value.endswith("last = 33")


def test_a_fact_without_spaces_is_shown_whole() -> None:
    digest = "5ca2c77f332708701addf54a7689a3eca69f742e9bf22f7dfae963f4118011" + "f2"
    sheet = book(section(Facts(items=(Fact(label="SHA-256", text=digest),))))["Report"]
    assert lines_of(sheet, row_of(sheet, "SHA-256")) == 3  # 64 digits, fewer than 30 on a line


def test_links_hold_the_whole_caption() -> None:
    caption = "Odds ratios for Low birth weight: 1 against 0 (the baseline), and average differences. " * 2
    table = replace(table_of([Cell(text="1")]), caption=caption.strip())
    sheet = book(one(table))["Report"]
    links = [cell for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    assert {cell.value for cell in links} == {f"Table 1. {caption.strip()}"}
    assert all(lines_of(sheet, cell.row) >= 2 for cell in links)
    endless = replace(table, caption="word " * 1000)
    (shown,) = {
        cell.value for row in book(one(endless))["Report"].iter_rows() for cell in row if cell.hyperlink
    }
    assert shown.endswith("word…")


def test_notes_and_captions_wrap_over_the_table_in_rows_that_fit() -> None:
    note = "Wald intervals are computed on the scale of the logit. " * 6
    table = replace(table_of([Cell(text="1"), Cell(text="2")]), notes=(note, "Short."), caption=note)
    sheet = book(one(table))["t"]
    for start in ("Table 1.", "Wald", "Short."):
        row = row_of(sheet, start)
        (area,) = [area for area in sheet.merged_cells.ranges if area.min_row == row]
        assert (area.min_col, area.max_row) == (1, row)
        assert sheet.cell(row, 1).alignment.wrap_text
    assert lines_of(sheet, row_of(sheet, "Wald")) >= len(textwrap.wrap(note, 85))
    assert lines_of(sheet, row_of(sheet, "Short.")) < 2


def test_upper_headings_stand_on_their_rule_and_rows_keep_off_it() -> None:
    sheet = book(sample())["odds"]
    assert sheet["B3"].alignment.vertical in (None, "bottom")  # None is the bottom
    assert all(sheet.row_dimensions[row].height > 15 for row in (5, 6, 9))


def test_a_figure_says_that_it_is_drawn_elsewhere_and_is_not_drawn() -> None:
    def never() -> str:
        raise AssertionError("drawn")

    figure = DrawnFigure(key="f", draw=never, alt="Description", caption="Filled marks are clear.")
    sheet = book(section(figure))["Report"]
    row = row_of(sheet, "Figure 1 ")
    assert sheet.cell(row, 1).value == (
        "Figure 1 (drawn in the other formats of this report). Filled marks are clear."
    )
    assert sheet.cell(row + 1, 1).value == "Description"


# --- intervals ---------------------------------------------------------------------------------------------


def test_intervals_are_two_columns_of_numbers() -> None:
    columns = (
        TableColumn(key="name", heading="Variable"),
        TableColumn(key="interval", heading="95% CI", unit="odds ratio", align="right", group="Crude"),
        TableColumn(key="p", heading="p", align="right", group="Crude"),
    )
    intervals = [
        Cell(text="1.27 to 10.03", value="1.2704321098765433 to 10.034"),
        Cell(text="0.53 to ∞", value="0.5301 to inf"),
        Cell(text="reference"),
        Cell(text="–", value=None),
    ]
    rows = [Row(cells=(Cell(text="x"), cell, Cell(text="0.5", value=0.5))) for cell in intervals]
    rows.insert(0, Row(cells=(Cell(text="Group"),), kind="group"))
    sheet = book(one(Table(key="t", caption="C", columns=columns, rows=tuple(rows))))["t"]
    read = [[cell.value for cell in row][:4] for row in sheet.iter_rows(min_row=3, max_row=9)]
    assert read == [
        [None, "Crude", None, None],
        ["Variable", "95% CI (odds ratio)\nlower", "95% CI (odds ratio)\nupper", "p"],
        ["Group", None, None, None],
        ["x", 1.2704321098765433, 10.034, 0.5],
        ["x", 0.5301, "∞", 0.5],
        ["x", "reference", "", 0.5],
        ["x", "–", "", 0.5],
    ]
    assert "B3:D3" in {str(area) for area in sheet.merged_cells.ranges}
    assert sheet["B6"].number_format == "0.00"


@pytest.mark.parametrize("style", [*STYLES, NumberStyle(decimal="·", interval_word="–")])
@pytest.mark.parametrize(
    ("low", "high"), [(-0.51, 1.26), (0.0001234, 98765.4), (-math.inf, 2.5), (-3.1, -0.2)]
)
def test_limits_are_found_in_every_style(style: NumberStyle, low: float, high: float) -> None:
    text = formats.interval(low, high, 4, style)
    found = limits_of(Cell(text=text, value=f"{low!r} to {high!r}"))
    assert found is not None
    assert [cell.value for cell in found] == [low, high]
    assert style.interval_word.join(cell.text for cell in found) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.27 to 10.03", None),
        ("1.27 to 10.03", "1.9 to 10.03"),
        ("1.27 to ∞", "1.27 to -inf"),
        ("low to high", "low to high"),
        ("8 to 9", 8.5),
    ],
)
def test_what_shows_other_numbers_is_no_interval(text: str, value: str | float | None) -> None:
    assert limits_of(Cell(text=text, value=value)) is None
