"""The algebra of terms: sums, crossings, nestings and powers on the right side of a formula.

The algebra is our own rather than formulaic's: formulaic's tokens hold Python source to be evaluated, which
must not happen here; its operators have no limit, so ``(a + b + c)^99`` never ends; and reading ten terms
takes it ten times as long as here. The rules are few, and the tests hold them against formulaic's, order
included. What R and formulaic read differently is refused with what to write instead: ``a * b %in% c``, the
intercept in a product, and leaving the intercept out inside brackets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

from logreg.design.ast import Call, Expression
from logreg.design.calls import read_call
from logreg.design.fence import Token, displayed
from logreg.design.functions import Kind
from logreg.design.reader import Reader, read_column
from logreg.errors import FormulaError

__all__ = ["INTERCEPT", "MAX_PRODUCTS", "MAX_TERMS", "RightSide", "Terms", "read_sum"]

#: Terms a formula may stand for; the information matrix of more would not fit in memory.
MAX_TERMS = 10_000

#: Products of two terms that may be formed, so that expanding ends within a fraction of a second.
MAX_PRODUCTS = 100_000

#: Terms in order. A term is the indices of its factors, first spelling kept; its key is the set of them as
#: bits of an integer, which makes a product and the test for a repeated term one operation each.
Terms: TypeAlias = dict[int, tuple[int, ...]]

INTERCEPT = 0

_FACTORS: frozenset[Kind] = frozenset(
    {"elementwise", "identity", "stateful", "basis", "categorical", "offset"}
)


@dataclass(slots=True)
class RightSide:
    """What the right side holds so far: its factors by number, and which of them are offsets (as bits)."""

    reader: Reader
    outcome: tuple[str, ...]
    factors: dict[Expression, int]
    offsets: int = 0


def read_sum(side: RightSide, terms: Terms) -> None:
    """Add terms and take terms away, in place."""
    reader = side.reader
    while True:
        first = reader.token
        negative = False
        while reader.token.kind in ("+", "-"):
            negative ^= reader.next().kind == "-"
        if reader.token.kind == "number" and float(reader.token.value) == 0.0:
            reader.index += 1
            operand: Terms = {INTERCEPT: ()}
            negative = not negative
        else:
            operand = _read_product(side)
        _spend(side, first, len(operand))
        if negative:
            _require_removable(side, first, operand)
            for key in operand:
                terms.pop(key, None)
        else:
            _add(terms, operand)
        _require_few(side, first, terms)
        if reader.token.kind not in ("+", "-"):
            return


def _read_product(side: RightSide) -> Terms:
    """Read ``*``, ``/`` and ``%in%``, which group from the left."""
    reader = side.reader
    left = _read_interaction(side)
    before = reader.token.kind
    while reader.token.kind in ("*", "/", "%in%"):
        token = reader.next()
        if (before == "%in%") != (token.kind == "%in%"):
            what = f"{token.kind!r} after {before!r} is read differently by R and by formulaic"
            raise reader.refuse(token, what, "Put brackets around one of them.")
        right = _read_interaction(side)
        if token.kind == "*":
            products = _cross(side, token, left, right)
            _add(left, right)
            _add(left, products)
        elif token.kind == "/":
            left = _nest(side, token, left, right)
        else:
            left = _nest(side, token, right, left)
        _require_few(side, token, left)
    return left


def _read_interaction(side: RightSide) -> Terms:
    left = _read_power(side)
    while side.reader.token.kind == ":":
        token = side.reader.next()
        left = _cross(side, token, left, _read_power(side))
    return left


def _read_power(side: RightSide) -> Terms:
    reader = side.reader
    base = _read_operand(side)
    if reader.token.kind != "**":
        return base
    token, exponent = reader.next(), reader.next()
    if exponent.kind != "number" or not exponent.value.isdecimal() or float(exponent.value) < 1.0:
        what = "the power of a term must be a whole number from 1"
        raise reader.refuse(exponent, what, "To square x write I(x^2).")
    if reader.token.kind == "**":
        raise reader.refuse(reader.token, "a power of a power", "Put brackets around one of them.")
    result = base
    for _ in range(int(min(float(exponent.value), MAX_TERMS)) - 1):
        larger = _cross(side, token, result, base)
        if list(larger.items()) == list(result.items()):  # no higher power brings anything new
            break
        result = larger
    return result


def _read_operand(side: RightSide) -> Terms:
    reader = side.reader
    token = reader.token
    if token.kind == "(":
        terms: Terms = {}
        with reader.nested(reader.next()):
            read_sum(side, terms)
        reader.close(")")
        return terms
    if token.kind == "number" and float(token.value) == 1.0:
        reader.index += 1
        return {INTERCEPT: ()}
    if token.kind == "number":
        remedy = "Only 1 and 0, with and without intercept, stand alone; arithmetic goes in I(...)."
        raise reader.refuse(token, f"the number {displayed(token.value)} is not a term", remedy)
    if token.kind == "text" and reader.index and reader.tokens[reader.index - 1].kind not in (")", "]"):
        raise reader.refuse(token, "a text is not a term", "Write a column's name without quotes.")
    if token.kind not in ("name", "column"):
        raise reader.unexpected()
    reader.index += 1
    if reader.token.kind == "(":
        reader.operations = 0
        return _single(side, read_call(reader, token, _FACTORS))
    if token.kind == "name" and token.value == ".":
        return _remaining(side, token)
    return _single(side, read_column(reader, token))


def _single(side: RightSide, factor: Expression) -> Terms:
    index = side.factors.setdefault(factor, len(side.factors))
    if isinstance(factor, Call) and factor.function == "offset":
        side.offsets |= 1 << index
    return {1 << index: (index,)}


def _remaining(side: RightSide, dot: Token) -> Terms:
    """Return what ``.`` stands for: every column that is not on the left side."""
    terms: Terms = {}
    for name in side.reader.columns:
        if name not in side.outcome:
            _add(terms, _single(side, read_column(side.reader, dot._replace(kind="column", value=name))))
            _require_few(side, dot, terms)
    if not terms:
        raise side.reader.refuse(dot, "'.' stands for no column: all are on the left side")
    return terms


# The algebra of terms ---------------------------------------------------------------------------------


def _add(terms: Terms, more: Terms) -> None:
    """Add terms that are not there yet, in place; one that is keeps its place and spelling."""
    for key, parts in more.items():
        terms.setdefault(key, parts)


def _cross(side: RightSide, token: Token, left: Terms, right: Terms) -> Terms:
    """Return every product of a term of the left with one of the right, factors in order of appearance."""
    for key in (*left, *right):
        if key == INTERCEPT or key & side.offsets:
            what = f"{'an offset' if key else 'the intercept'} is an operand of {token.kind!r}"
            raise side.reader.refuse(token, what, "Write it outside the product, with '+'.")
    _spend(side, token, len(left) * len(right))
    products: Terms = {}
    for key, parts in left.items():
        for other, more in right.items():
            if key | other not in products:
                products[key | other] = parts + tuple(part for part in more if not key >> part & 1)
    _require_few(side, token, products)
    return products


def _nest(side: RightSide, token: Token, parents: Terms, nested: Terms) -> Terms:
    """Return the parents, and the product of all of them with each nested term."""
    if not parents:
        raise side.reader.refuse(token, f"nothing is left for {token.kind!r} to nest in")
    singles: list[Terms] = [{key: parts} for key, parts in parents.items()]
    common = reduce(lambda left, right: _cross(side, token, left, right), singles)
    result = dict(parents)
    _add(result, _cross(side, token, common, nested))
    return result


def _require_removable(side: RightSide, token: Token, terms: Terms) -> None:
    if INTERCEPT in terms and side.reader.nesting:
        what = "the intercept is left out inside brackets"
        raise side.reader.refuse(token, what, "Write '- 1' outside the brackets.")
    if any(key & side.offsets for key in terms):
        raise side.reader.refuse(token, "an offset can only be added", "Leave it out instead.")


def _spend(side: RightSide, token: Token, products: int) -> None:
    side.reader.products += products
    if side.reader.products > MAX_PRODUCTS:
        raise _refuse_many(side, token)


def _require_few(side: RightSide, token: Token, terms: Terms) -> None:
    if len(terms) - (INTERCEPT in terms) > MAX_TERMS:
        raise _refuse_many(side, token)


def _refuse_many(side: RightSide, token: Token) -> FormulaError:
    what = f"the formula expands to too many terms (at most {MAX_TERMS:,})"
    return side.reader.refuse(token, what, "Use a smaller power, or fewer columns.")
