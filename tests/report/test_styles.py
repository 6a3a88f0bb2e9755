"""Styles of journals: what their guides write, in p values, decimals and intervals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logreg.errors import SupportError
from logreg.report.formats import (
    REPORT,
    STYLES,
    NumberStyle,
    fixed,
    integer,
    interval,
    p_value,
    percent,
    significant,
    style_named,
)

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


def test_styles_by_name() -> None:
    assert style_named("report") is REPORT
    own = NumberStyle(digits=4)
    assert style_named(own) is own
    with pytest.raises(SupportError, match="'lancet'"):
        style_named("lancett")
