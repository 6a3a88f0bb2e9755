"""How factors are spelled in column names: as formulaic, and so Python's own ``ast.unparse``, writes them."""

from __future__ import annotations

from collections.abc import Mapping

from logreg.design.ast import Call, Column, Expression, Number, Text
from logreg.design.fence import quote
from logreg.design.functions import FUNCTIONS, OPERATORS

__all__ = ["spell"]

#: Whole numbers below this are exact in float64 and are spelled without a decimal point.
LARGEST_WHOLE = 1e15


def spell(expression: Expression) -> str:
    """Return the canonical spelling of an expression.

    A column alone is spelled verbatim; inside a call it is put in backticks where the language needs them.

    Examples
    --------
    >>> x = Column("my var")
    >>> spell(x)
    'my var'
    >>> spell(Call("I", (Call("**", (x, Number(2.0))),)))
    'I(`my var` ** 2)'
    """
    return expression.name if isinstance(expression, Column) else _spell(expression, 0)


def _spell(expression: Expression, binding: int) -> str:
    """Spell inside a context that binds as tightly as ``binding``, in brackets if that is tighter."""
    if isinstance(expression, Column):
        return quote(expression.name)
    if isinstance(expression, Text):
        return repr(expression.value)
    if isinstance(expression, Number):
        return _bracketed(
            _spell_number(expression.value), expression.value < 0 and binding > OPERATORS["neg"]
        )
    if expression.function in OPERATORS:
        level = OPERATORS[expression.function]
        return _bracketed(_spell_operation(expression, level), binding > level)
    if expression.function == "list":
        return f"[{', '.join(_spell(item, 0) for item in expression.arguments)}]"
    return _spell_call(expression)


def _spell_operation(call: Call, level: int) -> str:
    if call.function == "neg":
        return "-" + _spell(call.arguments[0], level)
    left, right = call.arguments
    comparison, power = level == OPERATORS["=="], call.function == "**"
    # Powers group from the right, comparisons not at all, everything else from the left.
    before = _spell(left, level + 1 if comparison or power else level)
    after = _spell(right, level if power else level + 1)
    return f"{before} {call.function} {after}"


def _spell_call(call: Call) -> str:
    function = FUNCTIONS[call.function]
    if function.kind == "contrast" and not (call.arguments or call.keywords):
        return call.function
    kinds: Mapping[str, str] = dict(function.parameters)
    positional = [kind for _, kind in function.parameters]
    positional += positional[-1:] * (len(call.arguments) - len(positional))
    words = [_spell_argument(value, kind) for value, kind in zip(call.arguments, positional, strict=False)]
    words += [f"{name}={_spell_argument(value, kinds[name])}" for name, value in call.keywords]
    return f"{call.function}({', '.join(words)})"


def _spell_argument(value: Expression, kind: str) -> str:
    if kind == "flag" and isinstance(value, Number):
        return str(bool(value.value))
    return _spell(value, 0)


def _spell_number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < LARGEST_WHOLE else repr(value)


def _bracketed(text: str, needed: bool) -> str:
    return f"({text})" if needed else text
