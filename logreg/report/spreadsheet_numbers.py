"""Number formats of spreadsheets that show a number as a report does, while the cell keeps all its digits.

Formats follow ECMA-376, part 1, section 18.8.31; sections of a format are separated by semicolons.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Decimal

from logreg.report.nodes import Value

__all__ = ["number_format"]

#: Spreadsheets keep 15 digits: a larger whole number would end in zeros that were never counted.
_LARGEST_WHOLE = 10**15
#: Nearer to 0 than this, numbers become 0 in a spreadsheet; beyond the other, nothing can be written.
_SMALLEST, _LARGEST = 2.3e-308, 9.99e307
#: Digits that a format may gain until it rounds as the report does: ties round up there, to even here.
_EXTRA_DIGITS = 3
_SEPARATORS = "\u202f\u2009\u00a0',"
_FIXED = re.compile(
    rf"(?P<bound>[<>])?(?P<sign>[-−])?(?P<whole>\d{{1,3}}(?:[{_SEPARATORS}]\d{{3}})+|\d*)"
    r"(?:\.(?P<fraction>\d+))?(?P<percent>%)?"
)
_POWER = re.compile(
    r"(?P<sign>[-−])?(?P<mantissa>\d(?:\.(?P<fraction>\d+))?)(?:e|\u00a0×\u00a010)-?[-⁻⁺\d⁰¹²³⁴⁵⁶⁷⁸⁹]+"
)


def number_format(value: Value, text: str) -> str | None:
    """Return the format in which a spreadsheet shows ``value`` as ``text``; None if only text can be written.

    A bound such as "<0.001" becomes a condition, so that the format suits other numbers too. A tie that a
    spreadsheet would round otherwise gets a digit more. The decimal mark is that of the reader's language.

    Examples
    --------
    >>> number_format(0.0321, "0.032"), number_format(0.0004, "<0.001"), number_format(0.312, "31.2%")
    ('0.000', '[<0.001]"<0.001";0.000', '0.0%')
    >>> number_format(1.0, "reference") is None
    True
    """
    if isinstance(value, (bool, str)) or value is None or not math.isfinite(value):
        return None
    if (isinstance(value, int) and abs(value) >= _LARGEST_WHOLE) or not (
        value == 0 or _SMALLEST <= abs(value) <= _LARGEST
    ):
        return None
    readings = [text.replace("·", "."), *([text.replace(",", ".")] if "." not in text else [])]
    formats = (_format_of(float(value), reading, text) for reading in readings)
    return next((pattern for pattern in formats if pattern is not None), None)


def _format_of(value: float, reading: str, text: str) -> str | None:
    """Return the format for a text whose decimal mark has become a point; None if it is another number."""
    match = _POWER.fullmatch(reading)
    if match:
        digits = "0" * len(match["fraction"] or "")
        return _signed(f"0.{digits}E+00" if digits else "0E+00", value, match["sign"])
    match = _FIXED.fullmatch(reading)
    if match is None or not (match["whole"] or match["fraction"]):
        return None
    return _bounded(match, value, text) if match["bound"] else _fixed(match, value)


def _fixed(match: re.Match[str], value: float) -> str | None:
    whole, fraction = re.sub(r"\D", "", match["whole"]), match["fraction"] or ""
    shown = Decimal(f"{whole or 0}.{fraction or 0}")
    shown = -shown if match["sign"] else shown
    scale = 100 if match["percent"] else 1
    if abs(float(shown) - value * scale) > 0.5000001 * 10.0 ** -len(fraction):
        return None
    n_digits = len(fraction)
    while n_digits < len(fraction) + _EXTRA_DIGITS and _rounded(value * scale, n_digits) != shown:
        n_digits += 1
        shown = Decimal(f"{value * scale:.{n_digits}f}")
    return _signed(_pattern(match, n_digits), value, match["sign"])


def _rounded(value: float, n_digits: int) -> Decimal:
    """Return a number as a spreadsheet rounds it: the decimal of 15 digits, ties away from zero."""
    return Decimal(f"{value:.15g}").quantize(Decimal(1).scaleb(-n_digits), rounding=ROUND_HALF_UP)


def _bounded(match: re.Match[str], value: float, text: str) -> str | None:
    whole, fraction = re.sub(r"\D", "", match["whole"]), match["fraction"] or ""
    bound = float(f"{whole or 0}.{fraction or 0}") / (100 if match["percent"] else 1)
    if match["sign"] or not (value < bound if match["bound"] == "<" else value > bound):
        return None
    return f'[{match["bound"]}{bound:.15g}]"{text}";{_pattern(match, len(fraction))}'


def _pattern(match: re.Match[str], n_digits: int) -> str:
    whole = "#,##0" if re.search(r"\D", match["whole"]) else "0" if match["whole"] else ""
    return whole + ("." + "0" * n_digits if n_digits else "") + (match["percent"] or "")


def _signed(pattern: str, value: float, sign: str | None) -> str:
    """Return a pattern whose negative numbers have the sign of the text, or none if they round to zero."""
    if sign == "−":
        return f'{pattern};"−"{pattern}'
    return f"{pattern};{pattern}" if value < 0 and not sign else pattern
