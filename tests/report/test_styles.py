"""Styles of journals: what their guides write, in p values, decimals and intervals, and in whole reports."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import matplotlib.figure
import pytest
from hypothesis import given
from hypothesis import strategies as st

import logreg
from logreg.errors import SeparationWarning, SupportError
from logreg.report.canvas import name_ticks, set_decimal_mark
from logreg.report.formats import (
    REPORT,
    NumberStyle,
    fixed,
    integer,
    interval,
    p_value,
    percent,
    share,
    share_interval,
    shortest,
    significant,
)
from logreg.report.journals import STYLES, style_named
from logreg.report.nodes import Cell, Document, Table
from logreg.report.render_text import render
from logreg.report.sections import SECTIONS
from logreg.report.write import render_as

#: Examples of the guides: AMA 11th ed. 18.7.1 and 19.5; NEJM 2019; APA 7th ed. 6.36; The Lancet.
P_VALUES = {
    "jama": {
        0.5: ".50",
        0.032: ".03",
        0.049: ".049",
        0.0461: ".046",
        0.008: ".008",
        0.0004: "<.001",
        0.996: ">.99",
    },
    "nejm": {0.5: "0.50", 0.032: "0.03", 0.008: "0.008", 0.0004: "<0.001", 0.996: ">0.99"},
    "apa": {0.5: ".500", 0.032: ".032", 0.0004: "<.001"},
    "lancet": {0.5: "0·50", 0.032: "0·032", 0.0081: "0·0081", 0.00034: "0·00034", 0.00003: "<0·0001"},
}


@pytest.mark.parametrize(
    ("style", "p", "text"), [(s, p, t) for s, m in P_VALUES.items() for p, t in m.items()]
)
def test_p_values(style: str, p: float, text: str) -> None:
    assert p_value(p, STYLES[style]) == text


def test_the_lancet_sets_every_decimal_point_at_mid_height() -> None:
    lancet = STYLES["lancet"]
    shown = (
        fixed(1.5, 2, lancet),
        significant(1.5e-9, lancet),
        percent(0.312, lancet),
        percent(1e-9, lancet),
        percent(0.99999, lancet),
        interval(0.5, 1.25, 2, lancet),
    )
    assert not any("." in text for text in shown)
    assert shown[-1] == "0·50 to 1·25"


def test_apa_brackets_intervals_and_groups_thousands() -> None:
    apa = STYLES["apa"]
    assert interval(5.62, 8.31, 2, apa) == "[5.62, 8.31]"
    assert (integer(1234, apa), integer(1234, REPORT), integer(12345, STYLES["nejm"])) == (
        "1,234",
        "1234",
        "12,345",
    )
    assert fixed(0.75, 2, apa) == "0.75"  # what can exceed 1 keeps its zero


@given(st.sampled_from(sorted(STYLES)), st.floats(0, 1))
def test_no_style_claims_certainty(name: str, p: float) -> None:
    style = STYLES[name]
    text = p_value(p, style).replace("·", ".")
    if text[0] in "<>":
        bound = Decimal(text[1:])
        assert (Decimal(p) < bound) == (text[0] == "<")
    else:
        assert abs(Decimal(text) - Decimal(p)) <= Decimal("0.005")
        assert Decimal(text) > 0
        assert (Decimal(text) == 1) == (p == 1)


def test_what_cannot_exceed_one_has_no_zero_in_apa_style() -> None:
    apa = STYLES["apa"]
    assert [share(x, 2, apa) for x in (0.25, 0.999, 1.0, 0.0, -0.04, math.nan)] == [
        *(".25", "1.00", "1.00", ".00", "\u2212.04"),
        "not available",
    ]
    assert share(10.5, 1, apa) == "10.5"  # what does exceed it is left as it is
    assert share_interval(0.05, 0.4, 2, apa) == "[.05, .40]"
    assert share_interval(0.05, 0.4, 2, STYLES["jama"]) == "0.05 to 0.40"  # AMA: of P, alpha and beta only
    assert share(0.25, 2, STYLES["lancet"]) == "0·25"


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(sorted(STYLES)))
def test_the_shortest_text_is_the_number_to_six_digits(value: float, name: str) -> None:
    style = STYLES[name]
    text = shortest(value, style).replace(style.decimal, ".").replace(style.minus, "-")
    mantissa, _, power = re.sub("\u00a0×\u00a010", "e", text).partition("e")
    power = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or "0"
    assert Decimal(mantissa).scaleb(int(power)) == Decimal(f"{value:.6g}")
    assert not re.search(r"\.\d*0$", mantissa)


def test_styles_by_name() -> None:
    assert style_named("report") is REPORT
    own = NumberStyle(digits=4)
    assert style_named(own) is own
    with pytest.raises(SupportError, match="'lancet'"):
        style_named("lancett")


# Whole reports ----------------------------------------------------------------------------------------

#: What a report of each kind is made of: formula, data, options of the fit, options of the report.
CASES: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "binary": (
        "low ~ age + I(age^2) + lwt + race + smoke",
        "birthwt",
        {},
        {"units": {"lwt": 0.5}, "confidence": 0.999, "interval": "profile"},
    ),
    "multinomial": ("partic ~ hincome + children", "womenlf", {}, {"units": "sd"}),
    "grouped": ("cbind(admitted, rejected) ~ dept + gender", "ucb", {}, {}),
    "weighted": (
        "sch_wide ~ ell + meals",
        "apistrat",
        {
            "weights": "pw",
            "weight_kind": "sampling",
            "covariance": logreg.survey(strata="stype", fpc="fpc"),
        },
        {},
    ),
    "separated": ("HG ~ NV + PI + EH", "endometrial", {}, {"interval": "profile"}),
    "bias-reduced": ("HG ~ NV + PI + EH", "endometrial", {"estimator": "firth"}, {}),
}
#: Code is plain in every style, and so is arithmetic that is worked step by step.
PLAIN_SECTIONS = ("reproduce", "calculator")
STYLED_SECTIONS = [name for name in SECTIONS if name not in PLAIN_SECTIONS]


@cache
def fitted(case: str) -> Any:
    formula, data, options, _ = CASES[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeparationWarning)
        return logreg.fit(formula, logreg.datasets.load(data), **options)


@cache
def styled(case: str, style: str) -> Document:
    document: Document = fitted(case).report_document(style=style, sections=STYLED_SECTIONS, **CASES[case][3])
    return document


def cells(document: Document) -> Iterator[tuple[Table, str, Cell]]:
    for table in document.tables:
        for row in table.rows:
            for column, cell in zip(table.columns, row.cells, strict=False):
                yield table, column.key, cell


def points_of(text: str) -> list[str]:
    """Return where digits stand around a decimal point, versions and addresses of papers apart."""
    text = re.sub(r"doi:\S+", "", " ".join(text.split())).replace(f"logreg {logreg.__version__}", "")
    return [text[max(0, m.start() - 40) : m.end() + 10] for m in re.finditer(r"(?<![\w.])\d*\.\d", text)]


@pytest.mark.parametrize("case", CASES)
def test_no_decimal_point_is_left_in_a_report_with_another_mark(case: str) -> None:
    document = styled(case, "lancet")
    assert points_of(render(document)) == []
    assert "·" in document.title + render(document)
    for figure in document.figures:
        assert points_of(figure.alt + figure.caption) == [], figure.key


def test_the_search_for_points_finds_some() -> None:
    assert len(points_of(render(styled("grouped", "report")))) > 50
    assert points_of(f"logreg {logreg.__version__} and logit 0·5 at 1·25") == []
    assert points_of("p = .03") == ["p = .03"]


@pytest.mark.parametrize("case", ["binary", "multinomial", "grouped"])
def test_apa_writes_no_zero_before_the_point_of_what_cannot_exceed_one(case: str) -> None:
    document = styled(case, "apa")
    found = [
        (table.key, cell.text)
        for table, key, cell in cells(document)
        if key.startswith(("p_value", "probability")) and re.match(r"[<>]?0\.", cell.text)
    ]
    assert found == []
    text = render(document)
    assert re.findall(r"\bp [=<>] 0\.\d+", text) == []
    assert re.findall(r"\d \(\[|\(\[", text) == []


@pytest.mark.parametrize("case", ["multinomial", "grouped"])
def test_a_style_changes_no_raw_number(case: str) -> None:
    ours, theirs = styled(case, "lancet"), styled(case, "report")
    assert [table.key for table in ours.tables] == [table.key for table in theirs.tables]
    for left, right in zip(ours.tables, theirs.tables, strict=True):
        # Sentences, and headings that hold steps of variables, are written in the style.
        frames = [table.to_frame().reset_index(drop=True).select_dtypes("number") for table in (left, right)]
        assert frames[0].equals(frames[1]), left.key


def test_the_summary_is_plain_whatever_the_style() -> None:
    assert "·" not in str(fitted("grouped").summary())


def test_the_nomogram_is_styled_beside_a_plain_calculator() -> None:
    document = fitted("grouped").report_document(style="lancet", sections=["calculator", "reproduce"])
    assert points_of(document.figure("nomogram").alt) == []
    assert "0·5" in document.figure("nomogram").alt
    assert "style='lancet'" in render(document)


def test_axes_have_the_mark_of_the_style() -> None:
    figure = matplotlib.figure.Figure()
    ax = figure.subplots()
    ax.plot([0.0, 2.5e7], [0, 1])
    name_ticks(ax, ["v1.0", "v1.5"])
    set_decimal_mark(figure, "·")
    figure.canvas.draw()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["v1.0", "v1.5"]
    numbers = [label.get_text() for label in ax.get_xticklabels()]
    assert {"0·5", "1·0"} <= set(numbers)
    assert not any("." in text for text in numbers)
    assert ax.xaxis.get_major_formatter().get_offset() == "1e7"


def test_drawings_differ_by_style_only_in_their_mark() -> None:
    report, lancet, apa = (styled("multinomial", name) for name in ("report", "lancet", "apa"))
    for key in ("forest", "effect_1"):
        assert report.figure(key).svg != lancet.figure(key).svg
        assert report.figure(key).svg == apa.figure(key).svg


@pytest.mark.parametrize("suffix", [".html", ".md", ".tex", ".xlsx"])
def test_a_style_reaches_every_format(suffix: str) -> None:
    document = fitted("grouped").report_document(style="lancet", sections=["odds_ratios"])
    content = render_as(document, suffix)
    if suffix != ".xlsx":
        shown = {cell.text for _, key, cell in cells(document) if key == "odds_ratio"} - {"", "1"}
        text = content.decode().replace("\\textperiodcentered{}", "·")
        assert all(one in text for one in shown if "·" in one)
    assert content == render_as(document, suffix)


def test_own_tables_take_a_style() -> None:
    import pandas as pd

    frame = pd.DataFrame({"share": [0.25, 1 / 3]})
    shown = logreg.report.table(frame, caption="Shares", style="lancet")
    assert [row.cells[0].text for row in shown.rows] == ["0·25", "0·333333"]
    with pytest.raises(SupportError, match="'lancet'"):
        logreg.report.table(frame, caption="Shares", style="lancett")
