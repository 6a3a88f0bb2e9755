"""Formulas of a spreadsheet, written and computed at once: each carries its text and what it comes to.

So the value that is stored beside a formula comes from the same expression as the formula. Only functions
that Excel 2007 and LibreOffice share are here. No text of the data stands in a formula: it stands in cells
that formulas point to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Formula",
    "Operand",
    "absolute",
    "any_of",
    "chosen",
    "cosine",
    "differs",
    "equals",
    "exactly",
    "exponential",
    "greatest",
    "is_exact",
    "is_number",
    "item",
    "item_across",
    "joined",
    "least",
    "length",
    "log_10",
    "logarithm",
    "matrix_product",
    "no_value",
    "place_in",
    "power",
    "quoted",
    "rounded",
    "rounded_down",
    "sign",
    "sine",
    "square_root",
    "sum_of",
    "sum_of_products",
    "sum_where",
    "tangent",
]

#: Programs read constants to 15 digits; one that needs more stands in a cell, where all digits are kept.
_DIGITS = 15
#: How tightly a formula binds: a comparison, a sum, a product, one piece.
_COMPARISON, _SUM, _PRODUCT, _PIECE = range(4)
#: Excel takes no longer text between quotation marks.
_LONGEST_LITERAL = 255


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A formula without its equals sign, and its value: a number, a text, a truth value or an array.

    NaN stands for an error, which spreads as errors of spreadsheets do; whatever a spreadsheet cannot hold
    (an infinite number) is one. Arithmetic and comparisons of formulas are formulas.

    Examples
    --------
    >>> x = Formula("$B$2", 3.0)
    >>> area = (x + 1) * x
    >>> area.text, area.value
    ('($B$2+1)*$B$2', 12.0)
    """

    text: str
    value: Any
    rank: int = _PIECE

    def __add__(self, other: Operand) -> Formula:
        return _joined(self, "+", other, _SUM, np.add)

    def __radd__(self, other: Operand) -> Formula:
        return _joined(other, "+", self, _SUM, np.add)

    def __sub__(self, other: Operand) -> Formula:
        return _joined(self, "-", other, _SUM, np.subtract)

    def __rsub__(self, other: Operand) -> Formula:
        return _joined(other, "-", self, _SUM, np.subtract)

    def __mul__(self, other: Operand) -> Formula:
        return _joined(self, "*", other, _PRODUCT, np.multiply)

    def __rmul__(self, other: Operand) -> Formula:
        return _joined(other, "*", self, _PRODUCT, np.multiply)

    def __truediv__(self, other: Operand) -> Formula:
        return _joined(self, "/", other, _PRODUCT, np.divide)

    def __rtruediv__(self, other: Operand) -> Formula:
        return _joined(other, "/", self, _PRODUCT, np.divide)

    def __neg__(self) -> Formula:
        return Formula(f"-{_within(self, _PIECE)}", _finite(np.negative(self.value)), _SUM)

    def __lt__(self, other: Operand) -> Formula:
        return _compared(self, "<", other, np.less)

    def __le__(self, other: Operand) -> Formula:
        return _compared(self, "<=", other, np.less_equal)

    def __gt__(self, other: Operand) -> Formula:
        return _compared(self, ">", other, np.greater)

    def __ge__(self, other: Operand) -> Formula:
        return _compared(self, ">=", other, np.greater_equal)


Operand: TypeAlias = "Formula | float"


def exactly(number: float) -> Formula | None:
    """Return a number as a constant of a formula, or None if it has more digits than constants keep.

    Examples
    --------
    >>> exactly(0.25).text, exactly(-3.0).text, exactly(0.1 + 0.2)
    ('0.25', '(-3)', None)
    """
    text = f"{number:.{_DIGITS}G}"
    if float(text) != number:
        return None
    return Formula(f"({text})" if number < 0 else text, float(number))


def quoted(text: str) -> Formula:
    """Return a text of ours as a constant; texts of the data belong in cells."""
    assert len(text) <= _LONGEST_LITERAL
    doubled = text.replace('"', '""')
    return Formula(f'"{doubled}"', text)


def equals(first: Operand, second: Operand) -> Formula:
    """Return whether two numbers are the same."""
    return _compared(first, "=", second, np.equal)


def differs(first: Operand, second: Operand) -> Formula:
    """Return whether two numbers differ."""
    return _compared(first, "<>", second, np.not_equal)


def chosen(condition: Formula, then: Operand, otherwise: Operand) -> Formula:
    """Return one of two formulas; an error in the other does no harm."""
    yes, no = _formula(then), _formula(otherwise)
    value = condition.value if _is_error(condition.value) else (yes if condition.value else no).value
    return Formula(f"IF({condition.text},{yes.text},{no.text})", value)


def no_value() -> Formula:
    """Return the error that says that there is no value."""
    return Formula("NA()", np.nan)


def is_number(part: Formula) -> Formula:
    """Return whether a formula comes to a number: not to a text, and not to an error."""
    number = not isinstance(part.value, str) and not _is_error(part.value)
    return Formula(f"ISNUMBER({part.text})", number)


def any_of(*conditions: Formula) -> Formula:
    """Return whether one of several conditions holds."""
    values = [condition.value for condition in conditions]
    return Formula(
        f"OR({','.join(condition.text for condition in conditions)})",
        np.nan if any(map(_is_error, values)) else any(map(bool, values)),
    )


def item(area: Formula, row: Operand) -> Formula:
    """Return what stands in a row of an area, counted from 1: a cell, or a row of several."""
    place = _formula(row)
    n_rows, n_columns = area.value.shape
    whole = "" if n_columns == 1 else ",0"
    text = f"INDEX({area.text},{place.text}{whole})"
    if _is_error(place.value) or not 1 <= place.value <= n_rows:
        return Formula(text, np.nan)
    found = area.value[int(place.value) - 1]
    return Formula(text, found[0] if n_columns == 1 else found[np.newaxis, :])


def item_across(area: Formula, column: Operand) -> Formula:
    """Return what stands in a column, counted from 1, of an area of one row."""
    place = _formula(column)
    value = np.nan if _is_error(place.value) else area.value[0, int(place.value) - 1]
    return Formula(f"INDEX({area.text},1,{place.text})", value)


def place_in(number: Operand, area: Formula) -> Formula:
    """Return at which place of a row or column of numbers a number stands; an error if it is not there."""
    sought = _formula(number)
    places = np.flatnonzero(area.value.ravel() == sought.value)
    return Formula(f"MATCH({sought.text},{area.text},0)", float(places[0]) + 1.0 if len(places) else np.nan)


def is_exact(area: Formula, part: Formula) -> Formula:
    """Return which texts of an area are this text, to the letter: in the same case, without wildcards."""
    same = np.array([[text == part.value for text in row] for row in area.value], dtype=object)
    return Formula(f"EXACT({area.text},{part.text})", same)


def length(text: Formula) -> Formula:
    """Return the number of characters of a text."""
    return Formula(f"LEN({text.text})", float(len(text.value)))


def joined(*texts: Formula) -> Formula:
    """Return texts one after the other."""
    return Formula(
        "&".join(_within(text, _PIECE) for text in texts), "".join(text.value for text in texts), _SUM
    )


def sum_of_products(*areas: Formula) -> Formula:
    """Return the sum of the products of areas of one shape."""
    product = areas[0].value
    for area in areas[1:]:
        product = product * area.value
    total = np.sum(np.asarray(product, dtype=float))
    return Formula(f"SUMPRODUCT({','.join(area.text for area in areas)})", _finite(total))


def matrix_product(first: Formula, second: Formula) -> Formula:
    """Return the product of two matrices, for use inside of `sum_of_products`."""
    product = np.asarray(first.value, dtype=float) @ np.asarray(second.value, dtype=float)
    return Formula(f"MMULT({first.text},{second.text})", _finite(product))


def sum_where(keys: Formula, key: Operand, numbers: Formula) -> Formula:
    """Return the sum of the numbers whose key is this number; texts among them count nothing."""
    wanted = _formula(key)
    total = 0.0
    for here, number in zip(keys.value.ravel(), numbers.value.ravel(), strict=True):
        if here == wanted.value and not isinstance(number, str):
            total += float(number)
    return Formula(f"SUMIF({keys.text},{wanted.text},{numbers.text})", _finite(total))


def _function(name: str, compute: Callable[..., Any]) -> Callable[..., Formula]:
    def call(*operands: Operand) -> Formula:
        parts = [_formula(operand) for operand in operands]
        text = f"{name}({','.join(part.text for part in parts)})"
        values = [part.value for part in parts]
        if any(np.asarray(value).dtype.kind not in "fib" for value in values):
            return Formula(text, np.nan)
        with np.errstate(all="ignore"):
            return Formula(text, _finite(compute(*values)))

    return call


def _of_all(reduce: Callable[[ArrayLike], Any]) -> Callable[..., Any]:
    return lambda *values: reduce(np.concatenate([np.ravel(value).astype(float) for value in values]))


def _real_power(base: Any, exponent: Any) -> Any:
    return np.nan if base == 0 and exponent <= 0 else np.power(base, exponent)


def _away_from_zero(value: Any, digits: Any) -> Any:
    assert digits == 0
    return np.copysign(np.floor(np.abs(value) + 0.5), value)


absolute = _function("ABS", np.abs)
cosine = _function("COS", np.cos)
exponential = _function("EXP", np.exp)
greatest = _function("MAX", _of_all(np.max))
least = _function("MIN", _of_all(np.min))
log_10 = _function("LOG10", np.log10)
logarithm = _function("LN", np.log)
#: A power; 0 to the power of 0 is an error, and what LibreOffice makes of roots of negative numbers is not
#: what others make.
power = _function("POWER", _real_power)
#: The nearest whole number; halves go away from 0.
rounded = _function("ROUND", _away_from_zero)
#: The next whole number below.
rounded_down = _function("INT", np.floor)
sign = _function("SIGN", np.sign)
sine = _function("SIN", np.sin)
square_root = _function("SQRT", np.sqrt)
sum_of = _function("SUM", _of_all(np.sum))
tangent = _function("TAN", np.tan)


def _formula(operand: Operand) -> Formula:
    if isinstance(operand, Formula):
        return operand
    constant = exactly(operand)
    if constant is None:
        raise ValueError(f"{operand!r} has too many digits for a formula: it belongs in a cell")
    return constant


def _within(part: Formula, rank: int) -> str:
    return part.text if part.rank >= rank else f"({part.text})"


def _joined(first: Operand, mark: str, second: Operand, rank: int, compute: Callable[..., Any]) -> Formula:
    left, right = _formula(first), _formula(second)
    # What is subtracted or divided by must be one piece; sums and products need no brackets on the right.
    inside = rank + 1 if mark in "-/" else rank
    value: Any = np.nan
    if not isinstance(left.value, str) and not isinstance(right.value, str):
        with np.errstate(all="ignore"):
            value = _finite(compute(left.value, right.value))
    return Formula(f"{_within(left, rank)}{mark}{_within(right, inside)}", value, rank)


def _compared(first: Operand, mark: str, second: Operand, compute: Callable[..., Any]) -> Formula:
    left, right = _formula(first), _formula(second)
    text = f"{_within(left, _SUM)}{mark}{_within(right, _SUM)}"
    if _is_error(left.value) or _is_error(right.value):
        return Formula(text, np.nan, _COMPARISON)
    if isinstance(left.value, str) or isinstance(right.value, str):
        # In the order of spreadsheets, every text comes after every number.
        return Formula(
            text, bool(compute(isinstance(left.value, str), isinstance(right.value, str))), _COMPARISON
        )
    value = compute(left.value, right.value)
    return Formula(text, value if isinstance(value, np.ndarray) else bool(value), _COMPARISON)


def _is_error(value: Any) -> bool:
    return isinstance(value, float) and bool(np.isnan(value))


def _finite(value: Any) -> float | NDArray[np.float64]:
    """Return numbers with NaN for what a spreadsheet cannot hold."""
    array = np.asarray(value, dtype=float)
    if array.ndim == 0:
        return float(array) if np.isfinite(array) else np.nan
    return np.where(np.isfinite(array), array, np.nan)
