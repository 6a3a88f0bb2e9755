"""Reads what stands inside one factor of a formula: a call of a listed function, its arguments, arithmetic.

The operators inside a call are arithmetic and bind as in Python; what may stand where is decided by the table
in `logreg.design.functions`, and anything else is refused with its position.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from logreg.design.ast import Call, Expression, Number, Text, columns_of
from logreg.design.fence import Token, displayed, nearest
from logreg.design.functions import ALIASES, CONTRASTS, FUNCTIONS, OPERATORS, Function, Kind
from logreg.design.reader import COMPARISONS, Reader, column_hint, read_column
from logreg.design.spelling import spell
from logreg.errors import FormulaError

__all__ = ["read_call", "read_expression"]

_TRUTH = {"True": 1.0, "TRUE": 1.0, "False": 0.0, "FALSE": 0.0}

_FUNCTION_REMEDIES = {
    "min": "Write pmin(x, z).",
    "max": "Write pmax(x, z).",
    "ln": "Write log(x).",
    "cr": "For a natural spline write ns(x, df=).",
    "cs": "For a natural spline write ns(x, df=).",
    "cc": "There are no cyclic splines; for a natural spline write ns(x, df=).",
    "c": "A list stands only in an argument, as in knots=c(1, 2).",
    "list": "A list stands only in an argument, as in knots=[1, 2].",
}

_MISPLACED: Mapping[Kind, str] = MappingProxyType(
    {
        "basis": "It gives several columns, so it stands on the right side as a term of its own.",
        "stateful": "It stands on the right side.",
        "categorical": "It stands as a term of its own, not inside another call.",
        "offset": "It stands on the right side as a term of its own, added with '+'.",
        "response": "It stands on the left side of '~', alone.",
        "contrast": "It stands inside C(), as in C(x, Treatment('a')).",
    }
)


def read_call(reader: Reader, token: Token, allowed: frozenset[Kind]) -> Call:
    """Read the call whose name is ``token`` and whose opening bracket comes next.

    Raises
    ------
    FormulaError
        When the function is not listed or not of an ``allowed`` kind, or its arguments do not fit.
    """
    name = ALIASES.get(token.value, token.value)
    function = FUNCTIONS.get(name)
    if token.kind != "name" or function is None:
        raise _refuse_function(reader, token)
    if function.kind not in allowed:
        raise reader.refuse(token, f"{name}() has no place here", _MISPLACED.get(function.kind, ""))
    reader.count(token)
    with reader.nested(reader.next()):
        call = _read_arguments(reader, name, function)
    missing = [word for word, _ in function.parameters[len(call.arguments) : function.required]]
    if missing:
        what = f"{name}() lacks the argument{'s' * (len(missing) > 1)} {', '.join(map(repr, missing))}"
        raise reader.refuse(token, what, f"Write {function.signature(name)}.")
    if function.kind == "response" and len(set(call.arguments)) < len(call.arguments):
        raise reader.refuse(token, f"{name}() names a column twice")
    if function.kind not in ("contrast", "response") and not columns_of(call):
        raise reader.refuse(token, f"{displayed(spell(call))} reads no column of the data", "Leave it out.")
    return call


def _refuse_function(reader: Reader, token: Token) -> FormulaError:
    name = token.value
    known = [key for key in FUNCTIONS if key not in CONTRASTS]
    allowed = f"Allowed are {', '.join(known)}."
    if token.kind == "column":
        return reader.refuse(token, f"the column {displayed(name)} cannot be called", allowed)
    last = name.rpartition(".")[2]
    hint = column_hint(reader, token.start) or _FUNCTION_REMEDIES.get(name, "")
    if not hint and last != name and last in FUNCTIONS:
        hint = f"Attribute access is not allowed; write {FUNCTIONS[last].signature(last)}."
    hint = hint or nearest(name, [*known, *ALIASES])
    return reader.refuse(
        token, f"function not allowed in a formula: {displayed(name)}", f"{hint} {allowed}".strip()
    )


# Arguments --------------------------------------------------------------------------------------------


def _read_arguments(reader: Reader, name: str, function: Function) -> Call:
    parameters = function.parameters
    arguments: list[Expression] = []
    keywords: dict[str, Expression] = {}
    while not reader.take(")"):
        if (arguments or keywords) and not reader.take(","):
            raise reader.unexpected()
        place = reader.token
        if place.kind == "name" and reader.follows("="):
            reader.index += 2
            kind = dict(parameters[max(function.required, len(arguments)) :]).get(place.value)
            if kind is None or place.value in keywords:
                raise _refuse_keyword(reader, place, name, function)
            keywords[place.value] = _VALUES[kind](reader, place.value)
            continue
        if keywords:
            raise reader.refuse(place, f"{name}() needs a name for every argument after the first named one")
        unnamed = len(parameters) - function.named
        if len(arguments) >= unnamed and not function.repeats:
            what = f"{name}() takes at most {unnamed} argument{'s' * (unnamed != 1)} without a name"
            raise reader.refuse(place, what, f"Write {function.signature(name)}.")
        word, kind = parameters[min(len(arguments), len(parameters) - 1)]
        arguments.append(_VALUES[kind](reader, word))
    return Call(name, tuple(arguments), tuple(keywords.items()))


def _refuse_keyword(reader: Reader, token: Token, name: str, function: Function) -> FormulaError:
    known = [word for word, _ in function.parameters]
    remedy = f"Write {function.signature(name)}."
    if token.value in known[: function.required]:
        return reader.refuse(token, f"the argument {token.value!r} of {name}() goes without a name", remedy)
    if token.value in known:
        return reader.refuse(token, f"the argument {token.value!r} of {name}() is given twice", remedy)
    what = f"{name}() has no argument {displayed(token.value)}"
    return reader.refuse(token, what, f"{nearest(token.value, known)} {remedy}".strip())


def _read_operand(reader: Reader, word: str) -> Expression:
    token = reader.token
    value = read_expression(reader)
    if isinstance(value, Text):
        remedy = "Write the name of a column without quotes, in backticks if need be."
        raise reader.refuse(token, f"the argument {word!r} cannot be a text", remedy)
    return value


def _read_plain_column(reader: Reader, _: str) -> Expression:
    token = reader.next()
    if token.kind not in ("name", "column") or reader.token.kind not in (",", ")"):
        raise reader.refuse(
            token, "cbind() takes names of columns only", "Compute the counts in the data first."
        )
    return read_column(reader, token)


def _read_number(reader: Reader, word: str) -> Expression:
    first = reader.token
    sign = -1.0 if reader.take("-") else 1.0
    token = reader.next()
    if token.kind != "number":
        raise _refuse_value(reader, first, word, "a number")
    return Number(sign * _finite(reader, token))


def _read_whole(reader: Reader, word: str) -> Expression:
    token = reader.token
    value = _read_number(reader, word)
    if isinstance(value, Number) and value.value >= 0 and value.value.is_integer():
        return value
    raise _refuse_value(reader, token, word, "a whole number, 0 or more")


def _read_flag(reader: Reader, word: str) -> Expression:
    token = reader.next()
    if token.kind == "name" and token.value in _TRUTH:
        return Number(_TRUTH[token.value])
    if token.kind == "number" and token.value in ("0", "1"):
        return Number(float(token.value))
    raise _refuse_value(reader, token, word, "True or False")


def _read_level(reader: Reader, word: str) -> Expression:
    token = reader.token
    if token.kind == "text":
        return Text(reader.next().value)
    if token.kind == "name" and token.value in _TRUTH:
        return Number(_TRUTH[reader.next().value])
    if token.kind in ("number", "-"):
        return _read_number(reader, word)
    remedy = f"Put it in quotes: {displayed(token.value)}." if token.kind in ("name", "column") else ""
    raise _refuse_value(reader, token, word, "a level, a text in quotes or a number", remedy)


def _read_list(reader: Reader, word: str, read_item: Callable[[Reader, str], Expression]) -> Expression:
    """Read ``[a, b]`` or R's ``c(a, b)``, or a single item as a list of one."""
    closing = "]"
    if reader.token.kind == "name" and reader.token.value == "c" and reader.follows("("):
        reader.index += 1
        closing = ")"
    elif reader.token.kind != "[":
        return Call("list", (read_item(reader, word),))
    reader.index += 1
    items: list[Expression] = []
    while not reader.take(closing):
        if items and not reader.take(","):
            raise reader.unexpected()
        items.append(read_item(reader, word))
    return Call("list", tuple(items))


def _read_contrast(reader: Reader, _: str) -> Expression:
    token = reader.next()
    if token.kind != "name" or token.value not in CONTRASTS:
        remedy = "Use Treatment('level') or Sum; a level alone is written reference='level'."
        what = f"{displayed(token.value)} is not a known contrast"
        raise reader.refuse(token, what, f"{nearest(token.value, CONTRASTS)} {remedy}".strip())
    if reader.token.kind == "(":
        return read_call(reader, token, frozenset({"contrast"}))
    return Call(token.value)


def _refuse_value(reader: Reader, token: Token, word: str, wanted: str, remedy: str = "") -> FormulaError:
    found = f", not {displayed(token.value)}" if token.value else ""
    return reader.refuse(token, f"the argument {word!r} must be {wanted}{found}", remedy)


_VALUES: Mapping[str, Callable[[Reader, str], Expression]] = MappingProxyType(
    {
        "expression": _read_operand,
        "column": _read_plain_column,
        "number": _read_number,
        "whole": _read_whole,
        "numbers": lambda reader, word: _read_list(reader, word, _read_number),
        "flag": _read_flag,
        "level": _read_level,
        "levels": lambda reader, word: _read_list(reader, word, _read_level),
        "contrast": _read_contrast,
    }
)


# Arithmetic -------------------------------------------------------------------------------------------


def read_expression(reader: Reader, above: int = 0) -> Expression:
    """Read arithmetic and comparisons whose operators bind more tightly than ``above``.

    Raises
    ------
    FormulaError
        When it is not an expression, calls what is not listed, or names an unknown column.
    """
    first = reader.token
    left = _read_signed(reader)
    while OPERATORS.get(reader.token.kind, 0) > above:
        token = reader.next()
        reader.count(token)
        second = reader.token
        right = read_expression(reader, OPERATORS[token.kind])
        if token.kind not in COMPARISONS:
            _require_number(reader, first, left)
            _require_number(reader, second, right)
        elif reader.token.kind in COMPARISONS:
            raise reader.unexpected()
        left = Call(token.kind, (left, right))
    return left


def _read_signed(reader: Reader) -> Expression:
    """Read a power with the signs before it, which bind less tightly than the power, as in mathematics."""
    minuses = 0
    while reader.token.kind in ("+", "-"):
        token = reader.next()
        if token.kind == "-":
            reader.count(token)
            minuses += 1
    first = reader.token
    value = _read_atom(reader)
    if reader.token.kind == "**":
        token = reader.next()
        reader.count(token)
        second = reader.token
        with reader.nested(token):
            exponent = _read_signed(reader)
        _require_number(reader, first, value)
        _require_number(reader, second, exponent)
        value = Call("**", (value, exponent))
    for _ in range(minuses):
        _require_number(reader, first, value)
        value = Call("neg", (value,))
    return value


def _read_atom(reader: Reader) -> Expression:
    token = reader.token
    if token.kind in ("name", "column"):
        reader.index += 1
        if reader.token.kind == "(":
            return read_call(reader, token, reader.calls)
        if token.kind == "name" and token.value in _TRUTH and token.value not in reader.columns:
            return Number(_TRUTH[token.value])
        return read_column(reader, token)
    if token.kind == "number":
        return Number(_finite(reader, reader.next()))
    if token.kind == "text":
        return Text(reader.next().value)
    if token.kind == "(":
        with reader.nested(reader.next()):
            value = read_expression(reader)
        reader.close(")")
        return value
    raise reader.unexpected()


def _finite(reader: Reader, token: Token) -> float:
    value = float(token.value)
    if math.isinf(value):
        raise reader.refuse(token, f"the number {displayed(token.value)} is too large")
    return value


def _require_number(reader: Reader, token: Token, value: Expression) -> None:
    if isinstance(value, Text):
        raise reader.refuse(token, f"the text {displayed(value.value)} can only be compared, with == or !=")
