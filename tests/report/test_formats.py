"""Numbers and names as text: checked against exact decimal arithmetic and the Unicode character database."""

import math
import sys
import unicodedata
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logreg.report import formats
from logreg.report.formats import PLAIN, REPORT, NumberStyle, visible

NAN, INF = float("nan"), float("inf")


@given(st.floats(-1e12, 1e12), st.integers(0, 6))
def test_fixed_is_the_exact_decimal_rounded_half_to_even(value: float, digits: int) -> None:
    exact = Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
    text = formats.fixed(value, digits, PLAIN)
    assert Decimal(text) == exact
    assert len(text.partition(".")[2]) == digits


@given(st.floats(min_value=1e-300, max_value=1e300), st.integers(1, 8))
def test_significant_digits_keep_the_relative_error_below_half_a_unit(value: float, digits: int) -> None:
    shown = Decimal(formats.significant(value, PLAIN, digits=digits))
    assert abs(shown - Decimal(value)) <= abs(Decimal(value)) * Decimal(5).scaleb(-digits)


@given(st.floats(0, 1))
def test_p_value_never_claims_zero_or_one(p: float) -> None:
    text = formats.p_value(p)
    assert text != "0.000"
    if text.startswith("<"):
        assert p < 0.001
    elif text.startswith(">"):
        assert 0.999 < p < 1
    else:
        assert abs(Decimal(text) - Decimal(p)) <= Decimal("0.0005")
        assert (text == "1.000") == (p == 1)


@given(st.floats(0, 1))
def test_percent_never_claims_certainty(probability: float) -> None:
    text = formats.percent(probability)
    assert (text == "0.0%") == (probability == 0)
    assert (text == "100.0%") == (probability == 1)


@given(st.floats(0, 1e12))
def test_odds_ratio_is_close_to_its_value_and_apart_from_one(ratio: float) -> None:
    shown = Decimal(formats.odds_ratio(ratio, PLAIN))
    assert abs(shown - Decimal(ratio)) <= max(Decimal("0.05") * Decimal(ratio), Decimal(0))
    if abs(ratio - 1) > 1e-4:
        assert shown != 1


@given(st.integers(-(10**30), 10**30))
def test_integers_are_exact(value: int) -> None:
    assert int(formats.integer(value, PLAIN)) == value
    assert int(formats.integer(value).replace("\u2212", "-").replace("\u202f", "")) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formats.integer(1234), "1234"),
        (formats.integer(20000), "20\u202f000"),
        (formats.integer(-1234567), "\u22121\u202f234\u202f567"),
        (formats.fixed(12345.678, 1), "12\u202f345.7"),
        (formats.fixed(-1.5, 2), "\u22121.50"),
        (formats.fixed(-0.0, 1), "0.0"),
        (formats.fixed(1e300, 2, PLAIN), "1.00e300"),
        (formats.significant(-1.5e-9), "\u22121.50\u00a0×\u00a010⁻⁹"),
        (formats.significant(0.00099996, PLAIN), "0.00100"),
        (formats.significant(9999.6, PLAIN), "10000"),
        (formats.p_value(0.0321, NumberStyle(leading_zero=False)), ".032"),
        (formats.p_value(0.0000321, NumberStyle(leading_zero=False)), "<.001"),
        (formats.p_value(0.00004, NumberStyle(p_digits=4)), "<0.0001"),
        (formats.percent(-0.0571), "\u22125.7%"),
        (formats.percent(0.004, digits=0), "<1%"),
        (formats.odds_ratio(0.0), "0"),
        (formats.odds_ratio(0.00034), "0.00034"),
        (formats.odds_ratio(99.996), "100"),
        (formats.odds_ratio(1.00004, PLAIN), "1.00004"),
        (formats.interval(-0.5, 0.25, 2), "\u22120.50 to 0.25"),
        (formats.interval(-INF, INF, 2), "\u2212∞ to ∞"),
        (formats.interval(1, 2, 1, NumberStyle(interval_word="; ")), "1.0; 2.0"),
        (formats.odds_ratio_interval(1.2, INF), "1.20 to ∞"),
    ],
)
def test_written_as_a_reader_expects(text: str, expected: str) -> None:
    assert text == expected


@pytest.mark.parametrize(
    "function",
    [
        lambda x, reason: formats.fixed(x, 2, reason=reason),
        lambda x, reason: formats.significant(x, reason=reason),
        lambda x, reason: formats.integer(x, reason=reason),
        lambda x, reason: formats.p_value(x, reason=reason),
        lambda x, reason: formats.percent(x, reason=reason),
        lambda x, reason: formats.odds_ratio(x, reason=reason),
        lambda x, reason: formats.interval(x, 1.0, 2, reason=reason),
        lambda x, reason: formats.odds_ratio_interval(1.0, x, reason=reason),
    ],
)
def test_a_number_that_does_not_exist_gives_its_reason(function) -> None:
    assert function(NAN, "separated") == "separated"
    assert function(NAN, "") == formats.NOT_AVAILABLE


@pytest.mark.parametrize(
    "function",
    [
        lambda: formats.p_value(1.0000001),
        lambda: formats.p_value(-1e-9),
        lambda: formats.integer(1.5),
        lambda: formats.odds_ratio(-0.1),
        lambda: NumberStyle(digits=0),
    ],
)
def test_impossible_numbers_are_refused(function) -> None:
    with pytest.raises(ValueError, match=r"p value|whole|negative|digits"):
        function()


def test_numbers_of_the_plain_style_are_ascii() -> None:
    values = [-1234567.8, -1e-12, 0.5, 3e40]
    assert all(formats.significant(value, PLAIN).isascii() for value in values)
    assert REPORT.minus != PLAIN.minus


#: Arabic and Kaithi number signs: format characters that are drawn.
_DRAWN_FORMAT_CHARACTERS = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
#: Letters, marks and symbols that are blank: Default_Ignorable_Code_Point and the empty braille cell.
_BLANK = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}


def test_visible_shows_every_character_that_hides_and_no_other() -> None:
    for point in range(sys.maxunicode + 1):
        character = chr(point)
        category = unicodedata.category(character)
        name = unicodedata.name(character, "")
        hides = category in ("Cc", "Cs", "Zl", "Zp") or point in _BLANK or "VARIATION SELECTOR" in name
        hides |= (
            category == "Cf" and point not in _DRAWN_FORMAT_CHARACTERS and not name.startswith("EGYPTIAN")
        )
        if hides and character not in "\n\t":
            assert visible(character) == f"<U+{point:04X}>"
        elif category[0] in "LMNPS" or category == "Zs":
            assert visible(character) == character


@pytest.mark.parametrize(
    "text",
    [
        "größe (kg)",
        "体重",
        "вес",
        "الوزن",
        "می\u200cخواهم",
        "क्\u200dष",
        "👩\u200d🔬",
        "❤\ufe0f",
        "e\u0301",
        "1\u202f234",
    ],
)
def test_visible_keeps_spelling(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u200bb", "a<U+200B>b"),
        ("a\u200cb", "a<U+200C>b"),
        ("\x1b]0;title\x07", "<U+001B>]0;title<U+0007>"),
        ("\ud800", "<U+D800>"),
        ("a\r\nb\tc\rd", "a b c<U+000D>d"),
    ],
)
def test_visible_examples(text: str, expected: str) -> None:
    assert visible(text) == expected


@given(st.text(st.characters()))
def test_visible_can_be_encoded_and_is_stable(text: str) -> None:
    shown = visible(text)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert visible(shown) == shown


def test_display_width_of_columns() -> None:
    assert [formats.display_width(text) for text in ("", "age", "体重", "e\u0301", "👩")] == [0, 3, 4, 1, 2]
    assert math.isclose(formats.display_width("x" * 1000), 1000)
