"""Numbers become text here, and text becomes harmless to look at. Pure functions, the same in every locale.

A number that could not be computed is NaN and stands as its reason; a number that is infinite stands as ∞.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "NOT_AVAILABLE",
    "PLAIN",
    "REPORT",
    "UNSEEN",
    "NumberStyle",
    "display_width",
    "fixed",
    "integer",
    "interval",
    "odds_ratio",
    "odds_ratio_interval",
    "p_value",
    "percent",
    "share",
    "share_digits",
    "share_interval",
    "shortest",
    "significant",
    "visible",
]

#: Stands for a NaN that came without a reason.
NOT_AVAILABLE = "not available"

#: Significant digits are written out between these powers of ten, in scientific form outside of them.
_SMALLEST_PLAIN_EXPONENT = -4
_LARGEST_PLAIN_EXPONENT = 6
#: From here on a float has no digit after the point, and a row of zeros would pretend otherwise.
_TOO_LARGE_FOR_DIGITS = 2.0**53
#: Digits that an odds ratio near 1 may gain, so that 1.0004 does not read as "1.00".
_EXTRA_RATIO_DIGITS = 3
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberStyle:
    """How a report or a journal writes numbers.

    ``digits`` are significant digits of estimates; ``ratio_digits``, ``p_digits`` and ``percent_digits`` are
    digits after the point. ``minus`` and ``thousands`` are the characters to use, ``interval_word`` stands
    between two limits, ``exponent`` chooses "1.2 × 10⁻⁷" or "1.2e-7", and ``leading_zero`` False writes
    p values as ".032"; ``share_zero`` False writes all else that cannot exceed 1 so, probabilities among it.

    ``decimal`` is the decimal mark and ``first_grouped`` the smallest number whose thousands are set apart
    (10,000: SI brochure, 5.4.4). ``interval_brackets`` stand around two limits. ``p_steps`` are pairs (bound,
    digits) in rising order: a p value below the bound has so many digits after the point, those beyond the
    last have ``p_digits``. ``p_significant`` asks for significant digits instead. Below ``p_smallest`` p
    values are only bounded; 0 stands for what ``p_digits`` can show.
    """

    digits: int = 3
    ratio_digits: int = 2
    p_digits: int = 3
    percent_digits: int = 1
    minus: str = "\u2212"
    thousands: str = "\u202f"
    interval_word: str = " to "
    exponent: Literal["power", "e"] = "power"
    leading_zero: bool = True
    share_zero: bool = True
    decimal: str = "."
    first_grouped: int = 10_000
    interval_brackets: tuple[str, str] = ("", "")
    p_steps: tuple[tuple[float, int], ...] = ()
    p_significant: int = 0
    p_smallest: float = 0.0

    def __post_init__(self) -> None:
        for name, least in (("digits", 1), ("ratio_digits", 1), ("p_digits", 1), ("percent_digits", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)}")


#: Typographic: true minus sign, thin spaces between thousands, powers of ten.
REPORT = NumberStyle()
#: For terminals and files that programs read again: ASCII only, apart from ∞.
PLAIN = NumberStyle(minus="-", thousands="", exponent="e")


def fixed(value: float, digits: int, style: NumberStyle = REPORT, *, reason: str = "") -> str:
    """Return ``value`` with ``digits`` digits after the point; a NaN as its ``reason``.

    Examples
    --------
    >>> fixed(-0.0004, 2, PLAIN), fixed(-1.005, 1, PLAIN), fixed(float("inf"), 2)
    ('0.00', '-1.0', '∞')
    """
    if not math.isfinite(value):
        return _not_finite(value, style, reason)
    if abs(value) >= _TOO_LARGE_FOR_DIGITS:
        return significant(value, style)
    text = f"{abs(value):.{digits}f}"
    whole, point, fraction = text.partition(".")
    if style.thousands and int(whole) >= style.first_grouped:
        whole = f"{int(whole):,}".replace(",", style.thousands)
    negative = value < 0 and text.strip("0.") != ""
    return (style.minus if negative else "") + whole + point.replace(".", style.decimal) + fraction


def significant(
    value: float, style: NumberStyle = REPORT, *, digits: int | None = None, reason: str = ""
) -> str:
    """Return ``value`` with at least ``digits`` significant digits (the style's unless given).

    Digits before the point are never rounded away; very large and very small numbers are in scientific form.

    Examples
    --------
    >>> [significant(x, PLAIN) for x in (0.0312345, -2.0, 151.26, 98765.4, 1.5e-9, 0.0)]
    ['0.0312', '-2.00', '151', '98765', '1.50e-9', '0']
    """
    if not math.isfinite(value):
        return _not_finite(value, style, reason)
    if value == 0:
        return "0"
    n_digits = style.digits if digits is None else digits
    mantissa, _, power = f"{abs(value):.{n_digits - 1}e}".partition("e")
    exponent = int(power)
    if _SMALLEST_PLAIN_EXPONENT <= exponent <= _LARGEST_PLAIN_EXPONENT:
        return fixed(value, max(0, n_digits - 1 - exponent), style)
    return (style.minus if value < 0 else "") + _scientific(mantissa, exponent, style)


def shortest(value: float, style: NumberStyle = REPORT, *, digits: int = 6) -> str:
    """Return ``value`` with at most ``digits`` significant digits and no zeros at the end, ungrouped.

    For values of variables, units and levels of confidence, which are shown as they were given.

    Examples
    --------
    >>> [shortest(x) for x in (10.0, 0.1, -2.50, 1986.0, 1 / 3, 1.5e9)]
    ['10', '0.1', '−2.5', '1986', '0.333333', '1.5\xa0×\xa010⁹']
    """
    if not math.isfinite(value):
        return _not_finite(value, style, "")
    mantissa, _, power = f"{abs(value):.{digits}g}".partition("e")
    text = _scientific(mantissa, int(power), style) if power else mantissa.replace(".", style.decimal)
    return (style.minus if value < 0 else "") + text


def _scientific(mantissa: str, exponent: int, style: NumberStyle) -> str:
    if style.exponent == "power":
        scale = "\u00a0×\u00a010" + str(exponent).translate(_SUPERSCRIPTS)
    else:
        scale = f"e{exponent}"
    return mantissa.replace(".", style.decimal) + scale


def integer(value: float, style: NumberStyle = REPORT, *, reason: str = "") -> str:
    """Return a whole number exactly, its thousands set apart.

    Raises
    ------
    ValueError
        If the number is finite and not whole: a count is never rounded in silence.

    Examples
    --------
    >>> integer(9007199254740993, PLAIN), integer(-12.0, PLAIN)
    ('9007199254740993', '-12')
    """
    if not isinstance(value, int):
        if not math.isfinite(value):
            return _not_finite(value, style, reason)
        if value != int(value):
            raise ValueError(f"{value!r} is not a whole number")
    whole = int(value)
    grouped = abs(whole) >= style.first_grouped
    text = f"{abs(whole):,}".replace(",", style.thousands) if grouped else str(abs(whole))
    return (style.minus if whole < 0 else "") + text


def p_value(value: float, style: NumberStyle = REPORT, *, reason: str = "") -> str:
    """Return a p value; one that would round to 0 or to 1 without being so is written with "<" or ">".

    Raises
    ------
    ValueError
        If the value lies outside [0, 1].

    Examples
    --------
    >>> [p_value(p) for p in (0.0321, 0.0004, 0.0, 1.0)]
    ['0.032', '<0.001', '<0.001', '1.000']
    """
    if math.isnan(value):
        return reason or NOT_AVAILABLE
    if not 0 <= value <= 1:
        raise ValueError(f"a p value lies between 0 and 1, not at {value!r}")
    digits = next((digits for bound, digits in style.p_steps if value < bound), style.p_digits)
    smallest = style.p_smallest or 10.0**-digits
    if value >= smallest and style.p_significant:
        digits = max(digits, style.p_significant - 1 - int(f"{value:.{style.p_significant - 1}e}"[-3:]))
    text = f"{value:.{digits}f}"
    if value < smallest:
        text = f"<{smallest:.{round(-math.log10(smallest))}f}"
    elif value < 1 and float(text) == 1:
        text = ">0." + "9" * digits
    text = text if style.leading_zero else text.replace("0.", ".", 1)
    return text.replace(".", style.decimal)


#: Shares are never written with more digits after the point.
MOST_SHARE_DIGITS = 8


def share(value: float, digits: int, style: NumberStyle = REPORT, *, reason: str = "") -> str:
    """Return a number that cannot exceed 1, such as a probability, with ``digits`` digits after the point.

    One that would round to 0 without being so is written with "<".

    Examples
    --------
    >>> share(0.25, 2), share(0.25, 2, NumberStyle(share_zero=False)), share(1.0, 2)
    ('0.25', '.25', '1.00')
    >>> share(0.0004, 3), share(0.0, 3)
    ('<0.001', '0.000')
    """
    below = digits > 0 and value > 0.0 and float(f"{value:.{digits}f}") == 0.0
    text = fixed(10.0**-digits if below else value, digits, style, reason=reason)
    if not style.share_zero and abs(value) <= 1.0:
        text = text.replace(f"0{style.decimal}", style.decimal, 1)
    return f"<{text}" if below else text


def share_digits(largest: float, usual: int) -> int:
    """Return how many digits after the point show the largest of some small shares with as many as 0.1 has.

    Examples
    --------
    >>> [share_digits(largest, 3) for largest in (0.4, 0.02, 0.0012, 0.0)]
    [3, 4, 5, 3]
    """
    if not 0.0 < largest < 1.0:
        return usual
    return min(MOST_SHARE_DIGITS, usual + max(0, -math.floor(math.log10(largest)) - 1))


def share_interval(
    low: float, high: float, digits: int, style: NumberStyle = REPORT, *, reason: str = ""
) -> str:
    """Return "low to high", each limit written as `share` writes it; the ``reason`` if either is NaN.

    Examples
    --------
    >>> share_interval(0.05, 0.4, 2)
    '0.05 to 0.40'
    """
    return _between(low, high, lambda limit: share(limit, digits, style), style, reason)


def percent(value: float, style: NumberStyle = REPORT, *, digits: int | None = None, reason: str = "") -> str:
    """Return a proportion (0 to 1, or a difference of proportions) as a percentage.

    A proportion that would round to 0 % or 100 % without being so is written with "<" or ">".

    Examples
    --------
    >>> [percent(x, PLAIN) for x in (0.312, 0.0, 1e-9, 1.0, 0.99999, -0.05)]
    ['31.2%', '0.0%', '<0.1%', '100.0%', '>99.9%', '-5.0%']
    """
    if not math.isfinite(value):
        return _not_finite(value, style, reason)
    n_digits = style.percent_digits if digits is None else digits
    rounded = float(f"{value * 100:.{n_digits}f}")
    step = 10.0**-n_digits
    if 0 < value < 1 and rounded == 0:
        return f"<{step:.{n_digits}f}%".replace(".", style.decimal)
    if 0 < value < 1 and rounded == 100:
        return f">{100 - step:.{n_digits}f}%".replace(".", style.decimal)
    return fixed(value * 100, n_digits, style) + "%"


def odds_ratio(value: float, style: NumberStyle = REPORT, *, reason: str = "") -> str:
    """Return an odds ratio: two digits after the point, more near 1 and near 0, none above a hundred.

    Raises
    ------
    ValueError
        If the value is negative.

    Examples
    --------
    >>> [odds_ratio(x, PLAIN) for x in (1.934, 1.0004, 1.0, 0.01322, 153.2, float("inf"))]
    ['1.93', '1.0004', '1.00', '0.013', '153', '∞']
    """
    if value < 0:
        raise ValueError(f"an odds ratio is not negative: {value!r}")
    digits = style.ratio_digits
    rounded = round(value, digits) if math.isfinite(value) else value
    if not math.isfinite(value) or (rounded >= 10.0 ** (1 - digits) and rounded != 1 and rounded < 100):
        return fixed(value, digits, style, reason=reason)
    if rounded == 1:
        enough = (
            d for d in range(digits, digits + _EXTRA_RATIO_DIGITS) if value == 1 or round(value, d) != 1
        )
        return fixed(value, next(enough, digits + _EXTRA_RATIO_DIGITS), style)
    return significant(value, style, digits=digits if value < 1 else 3)


def interval(low: float, high: float, digits: int, style: NumberStyle = REPORT, *, reason: str = "") -> str:
    """Return "low to high" with ``digits`` digits after the point; the ``reason`` if either limit is NaN.

    Examples
    --------
    >>> interval(1.0249, 1.3681, 2), interval(-0.5, float("inf"), 1, PLAIN)
    ('1.02 to 1.37', '-0.5 to ∞')
    """
    return _between(low, high, lambda limit: fixed(limit, digits, style), style, reason)


def odds_ratio_interval(low: float, high: float, style: NumberStyle = REPORT, *, reason: str = "") -> str:
    """Return "low to high", each as `odds_ratio` writes it, both with the digits that one needs.

    Examples
    --------
    >>> odds_ratio_interval(0.0, 0.987), odds_ratio_interval(1.0024, float("inf"))
    ('0 to 0.99', '1.002 to ∞')
    >>> odds_ratio_interval(0.9921, 0.9957), odds_ratio_interval(0.9957, 153.2)
    ('0.992 to 0.996', '0.996 to 153')
    """
    smallest, digits = 10.0 ** (1 - style.ratio_digits), style.ratio_digits
    if smallest <= low <= high < 100:
        # An odds ratio near 1 has more digits, and the limit beside it as many.
        digits = max(len(odds_ratio(limit, style).partition(style.decimal)[2]) for limit in (low, high))
        return _between(low, high, lambda limit: fixed(limit, digits, style), style, reason)
    return _between(low, high, lambda limit: odds_ratio(limit, style), style, reason)


def _between(low: float, high: float, write: Callable[[float], str], style: NumberStyle, reason: str) -> str:
    if math.isnan(low) or math.isnan(high):
        return reason or NOT_AVAILABLE
    before, after = style.interval_brackets
    return before + write(low) + style.interval_word + write(high) + after


def _not_finite(value: float, style: NumberStyle, reason: str) -> str:
    if math.isnan(value):
        return reason or NOT_AVAILABLE
    return "∞" if value > 0 else style.minus + "∞"


#: Characters that act or hide instead of being seen: controls, line and paragraph separators, joiners,
#: directional marks, blank fillers, variation selectors, tags, lone surrogates and non-characters (Unicode's
#: Default_Ignorable_Code_Point, Cc, Cs, Zl, Zp; the braille blank and interlinear marks besides).
_UNSEEN_RANGES = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    + "".join(chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(1, 17))
)
#: Joiners that spelling needs: between letters of Arabic and Indic scripts, and inside emoji.
_CURSIVE = "\u0620-\u06ff\u0750-\u077f\u0900-\u0dff"
_PICTURE = "\u2190-\u27ff\u2900-\u2bff\U0001f000-\U0001faff"
_NEEDED = re.compile(
    f"(?<=[{_CURSIVE}])[\u200c\u200d](?=[{_CURSIVE}])"
    f"|(?<=[{_PICTURE}\ufe0f])\u200d(?=[{_PICTURE}])"
    f"|(?<=[{_PICTURE}])[\ufe0e\ufe0f]"
)
#: One character that acts or hides instead of being seen, needed by the spelling or not.
UNSEEN = re.compile(f"[{_UNSEEN_RANGES}]")
_SPACES = str.maketrans("\n\t", "  ")


def visible(text: str, *, line_breaks: bool = False) -> str:
    """Return ``text`` with every control, directional and invisible character written as ``<U+202E>``.

    Letters of all scripts stay. Line feeds and tabs become spaces, or stay with ``line_breaks``. The result
    can be encoded, cannot move a terminal's cursor and cannot reorder the text beside it.

    Examples
    --------
    >>> visible("a\\u202eb"), visible("\\x1b[31mred"), visible("größe (kg)"), visible("two\\nlines")
    ('a<U+202E>b', '<U+001B>[31mred', 'größe (kg)', 'two lines')
    """

    def shown(match: re.Match[str]) -> str:
        character = match[0]
        if (line_breaks and character in "\n\t") or _NEEDED.match(match.string, match.start()):
            return character
        return f"<U+{ord(character):04X}>"

    text = text.replace("\r\n", "\n")
    return UNSEEN.sub(shown, text if line_breaks else text.translate(_SPACES))


def display_width(text: str) -> int:
    """Return the columns that ``text`` takes in a terminal: wide characters two, combining ones none.

    Source: Unicode Standard Annex 11.

    Examples
    --------
    >>> display_width("kg"), display_width("体重"), display_width("e\\u0301")
    (2, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
