"""The functions and operators of formulas: one table, for the parser, the speller and the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from logreg.design.ast import Call, Expression

__all__ = ["ALIASES", "CONTRASTS", "FUNCTIONS", "OPERATORS", "Function", "Kind", "ParameterKind", "bind"]

Kind: TypeAlias = Literal[
    "elementwise", "identity", "stateful", "basis", "categorical", "offset", "response", "contrast"
]
ParameterKind: TypeAlias = Literal[
    "expression", "column", "number", "whole", "numbers", "flag", "level", "levels", "contrast"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One listed function.

    ``parameters`` are in positional order, each with what it may hold. The first ``required`` must be given,
    without a name; the last ``named`` need their name; with ``repeats`` the last may be given any number of
    times. A ``basis`` function gives several columns, a ``stateful`` one a single column; both learn from the
    data.
    """

    kind: Kind
    parameters: tuple[tuple[str, ParameterKind], ...]
    meaning: str
    required: int = 1
    named: int = 0
    repeats: bool = False

    def signature(self, name: str) -> str:
        """Return the call as written in documentation and messages, e.g. ``poly(x, degree=, raw=)``."""
        words = [word if i < self.required else f"{word}=" for i, (word, _) in enumerate(self.parameters)]
        return f"{name}({', '.join([*words, '...'] if self.repeats else words)})"


_X: tuple[str, ParameterKind] = ("x", "expression")


def _elementwise(meaning: str) -> Function:
    return Function(kind="elementwise", parameters=(_X,), meaning=meaning)


def _rowwise(meaning: str) -> Function:
    return Function(
        kind="elementwise", parameters=(_X, ("z", "expression")), meaning=meaning, required=2, repeats=True
    )


def _contrast(meaning: str, *parameters: tuple[str, ParameterKind]) -> Function:
    return Function(kind="contrast", parameters=parameters, meaning=meaning, required=0)


#: Every function a formula may call, by name.
FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "log": _elementwise("natural logarithm"),
        "log2": _elementwise("logarithm to base 2"),
        "log10": _elementwise("logarithm to base 10"),
        "log1p": _elementwise("log(1 + x), exact near 0"),
        "exp": _elementwise("exponential"),
        "expm1": _elementwise("exp(x) - 1, exact near 0"),
        "sqrt": _elementwise("square root"),
        "abs": _elementwise("absolute value"),
        "sin": _elementwise("sine, x in radians"),
        "cos": _elementwise("cosine, x in radians"),
        "tan": _elementwise("tangent, x in radians"),
        "sign": _elementwise("-1, 0 or 1"),
        "floor": _elementwise("largest whole number not above x"),
        "ceil": _elementwise("smallest whole number not below x"),
        "round": _elementwise("nearest whole number"),
        "logit": _elementwise("log-odds of a probability"),
        "sigmoid": _elementwise("probability of a log-odds"),
        "pmin": _rowwise("the smallest of the values, row by row"),
        "pmax": _rowwise("the largest of the values, row by row"),
        "I": Function(
            kind="identity",
            parameters=(_X,),
            meaning="arithmetic as written: + - * / ** // %, and comparisons giving 1 or 0",
        ),
        "center": Function(kind="stateful", parameters=(_X,), meaning="x minus its mean"),
        "scale": Function(
            kind="stateful", parameters=(_X,), meaning="x minus its mean, in standard deviations"
        ),
        "standardize": Function(kind="stateful", parameters=(_X,), meaning="the same as scale"),
        "poly": Function(
            kind="basis",
            parameters=(_X, ("degree", "whole"), ("raw", "flag")),
            meaning="polynomial, orthogonal unless raw=True",
        ),
        "bs": Function(
            kind="basis",
            parameters=(
                _X,
                ("df", "whole"),
                ("knots", "numbers"),
                ("degree", "whole"),
                ("include_intercept", "flag"),
                ("lower_bound", "number"),
                ("upper_bound", "number"),
            ),
            meaning="B-spline",
        ),
        "ns": Function(
            kind="basis",
            parameters=(_X, ("df", "whole"), ("knots", "numbers")),
            meaning="natural cubic spline",
        ),
        "C": Function(
            kind="categorical",
            parameters=(_X, ("contrasts", "contrast"), ("levels", "levels"), ("reference", "level")),
            meaning="x as categories; contrasts Treatment(reference) or Sum",
            named=2,
        ),
        "offset": Function(
            kind="offset", parameters=(_X,), meaning="added to the log-odds, with coefficient 1"
        ),
        "cbind": Function(
            kind="response",
            parameters=(("a", "column"), ("b", "column")),
            meaning="left side only: counts per outcome, one column each",
            required=2,
            repeats=True,
        ),
        "Treatment": _contrast("in C(): differences from a reference level", ("reference", "level")),
        "contr.treatment": _contrast("in C(): differences from a base level", ("base", "level")),
        "Sum": _contrast("in C(): differences from the mean of the levels"),
        "contr.sum": _contrast("in C(): differences from the mean of the levels"),
    }
)

CONTRASTS = tuple(name for name, function in FUNCTIONS.items() if function.kind == "contrast")

#: Other spellings, and the function each stands for.
ALIASES: Mapping[str, str] = MappingProxyType(
    {"factor": "C", "as.factor": "C", "as.numeric": "I", "ceiling": "ceil"}
)

_COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER = 1, 2, 3, 4, 5

#: The operators inside calls and how tightly they bind, as in Python.
OPERATORS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), _COMPARISON),
        **dict.fromkeys(("+", "-"), _SUM),
        **dict.fromkeys(("*", "/", "//", "%"), _PRODUCT),
        "neg": _SIGN,
        "**": _POWER,
    }
)


def bind(call: Call) -> dict[str, Expression]:
    """Return the arguments of a listed function by parameter name, positional ones first.

    Examples
    --------
    >>> from logreg.design.ast import Column, Number
    >>> list(bind(Call("poly", (Column("age"), Number(2.0)), (("raw", Number(1.0)),))))
    ['x', 'degree', 'raw']
    """
    names = [name for name, _ in FUNCTIONS[call.function].parameters]
    return {**dict(zip(names, call.arguments, strict=False)), **dict(call.keywords)}
