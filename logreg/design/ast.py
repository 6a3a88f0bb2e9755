"""What a formula means, as small frozen values: the only form in which it leaves the parser.

Nothing here can hold code: numbers, text, column names, and calls of functions from a fixed list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Call", "Column", "Expression", "Formula", "Number", "Term", "Text", "columns_of"]


@dataclass(frozen=True, slots=True)
class Number:
    """A literal number."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A literal string (only as an argument, e.g. the reference level)."""

    value: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the data, by its true name (backticks removed)."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A listed function or operator applied to arguments.

    Operators are calls too: ``+ - * / ** // % neg`` and the comparisons ``== != < <= > >=``; a list literal
    is the call ``list``. Keyword arguments keep their order.
    """

    function: str
    arguments: tuple[Expression, ...] = ()
    keywords: tuple[tuple[str, Expression], ...] = ()


Expression: TypeAlias = Number | Text | Column | Call


@dataclass(frozen=True, slots=True)
class Term:
    """A product of factors, e.g. ``race:smoke``; no factors is the intercept.

    ``labels[i]`` is the spelling of ``factors[i]`` as formulaic writes it (``I(x ** 2)``), used in column
    names.
    """

    factors: tuple[Expression, ...]
    labels: tuple[str, ...]

    @property
    def name(self) -> str:
        """The term as written in tables: labels joined with ``:``."""
        return ":".join(self.labels) if self.labels else "Intercept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A parsed formula.

    ``response`` is a `Column`, a transformed column, or ``Call("cbind", columns)``; None for a one-sided
    formula. ``terms`` are in formulaic's order (by degree), without the intercept; ``offsets`` come from
    ``offset(...)``.
    """

    text: str
    response: Expression | None
    response_label: str
    intercept: bool
    terms: tuple[Term, ...]
    offsets: tuple[Expression, ...] = ()


def columns_of(expression: Expression) -> tuple[str, ...]:
    """Return the names of the columns an expression reads, each once, in order of appearance."""
    if isinstance(expression, Column):
        return (expression.name,)
    if isinstance(expression, Call):
        inner = [*expression.arguments, *(value for _, value in expression.keywords)]
        return tuple(dict.fromkeys(name for part in inner for name in columns_of(part)))
    return ()
