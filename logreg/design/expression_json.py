"""Expressions and formulas of a model file: text, which goes through the fence of the formula language.

Nothing in a file is trusted to be code, a tree or a name of a function. Each expression is stored as it is
spelled, with the columns it reads, and must come out of the parser exactly so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

from logreg.design.ast import Column, Expression, Formula, columns_of
from logreg.design.fence import LITERALS, Token, quote, tokenize
from logreg.design.formula import parse_formula
from logreg.design.spelling import spell
from logreg.errors import FormulaError
from logreg.strict_json import Json, from_json, refuse

__all__ = ["Role", "expression_from_json", "expression_to_json", "formula_from_json", "written"]

#: The place of an expression in a formula: left of ``~``, a factor, or inside ``offset()``.
Role = Literal["outcome", "factor", "offset"]

_TEXTS = tuple[str, ...]


def written(expression: Expression) -> str:
    """Return an expression as a formula holds it: a column alone in backticks where it needs them."""
    return quote(expression.name) if isinstance(expression, Column) else spell(expression)


def expression_to_json(expression: Expression) -> dict[str, Json]:
    """Return the text of an expression and the columns it reads."""
    return {"expression": written(expression), "columns": list(columns_of(expression))}


def expression_from_json(entry: Mapping[str, Any], role: Role, field: str) -> Expression:
    """Parse the text of one expression as part of a formula over the columns it says it reads.

    The text must come out as it went in, so that it cannot be two terms, or close a bracket that it did not
    open.

    Raises
    ------
    LoadError
        Naming the field.
    """
    text = from_json(str, entry["expression"], f"{field}.expression")
    columns = from_json(_TEXTS, entry["columns"], f"{field}.columns")
    if len(columns) == 1 and text == quote(columns[0]):
        return Column(columns[0])
    other = "y" + "_" * max(map(len, columns), default=0)  # longer than each of the columns, so none of them
    around = {"outcome": f"{text} ~ 1", "factor": f"{other} ~ {text}", "offset": f"{other} ~ offset({text})"}
    formula = _parsed(around[role], [*columns, other], f"{field}.expression")
    found = _candidates(formula, role)
    if len(found) != 1 or written(found[0]) != text or columns_of(found[0]) != columns:
        refuse(
            f"{field}.expression", f"is not the spelling of one expression over the columns {list(columns)}"
        )
    return found[0]


def _candidates(formula: Formula, role: Role) -> Sequence[Expression]:
    """Return what a formula made for one expression holds in its place: one entry if all is well."""
    if role == "outcome":
        return [] if formula.response is None else [formula.response]
    factors = [factor for term in formula.terms for factor in term.factors]
    if role == "offset":
        return [] if factors else formula.offsets
    return [] if formula.offsets else factors


def _parsed(text: str, columns: Iterable[str], field: str) -> Formula:
    try:
        return parse_formula(text, list(columns))
    except FormulaError as error:
        refuse(field, str(error))


def formula_from_json(
    value: object,
    field: str,
    *,
    outcome: Expression,
    intercept: bool,
    terms: Sequence[tuple[Expression, ...]],
    offsets: Sequence[Expression],
) -> str:
    """Return the formula as the user wrote it, once it has passed the fence and says what the design says.

    A formula with ``.`` is read but not compared: it stands for columns that the file need not name, because
    they may have been taken away again.

    Raises
    ------
    LoadError
        Naming the field.
    """
    text: str = from_json(str, value, field)
    try:
        tokens = tokenize(text)
    except FormulaError as error:
        refuse(field, str(error))
    read = [name for term in terms for factor in term for name in columns_of(factor)]
    names = dict.fromkeys([*columns_of(outcome), *read, *_named_columns(tokens)])
    dotted = any(token.kind == "name" and token.value == "." for token in tokens)
    if dotted and len(names) == len(columns_of(outcome)):
        names["_" * (1 + max(map(len, names)))] = None  # '.' must stand for something
    parsed = _parsed(text, names, field)
    same = (
        parsed.response == outcome
        and parsed.intercept == intercept
        and [term.factors for term in parsed.terms] == list(terms)
        and parsed.offsets == tuple(offsets[: len(parsed.offsets)])
    )
    if not same and not dotted:
        refuse(field, "does not say what the rest of the design says")
    return text


def _named_columns(tokens: Sequence[Token]) -> Iterator[str]:
    """Yield names that may be columns: a term that was added and taken away again leaves no other trace."""
    for token, following in pairwise(tokens):
        plain = token.kind == "name" and following.kind != "(" and token.value not in (".", *LITERALS)
        if plain or token.kind == "column":
            yield token.value
