"""A frozen design as plain arithmetic that any language can run: steps, factors and their products.

A step is a number or a tuple of an operation and its operands; operands that are steps are computed first.

- ``("input", i)``: the number that input i holds.
- ``("table", i, values)``: the number that belongs to the choice made at input i.
- ``("match", i, j, partners)``: 1 if the choice at j is the partner of the choice at i, else 0.
- ``("center", step, mean)`` and ``("scale", step, mean, sd)``: what these transforms have learned.
- ``("position", step, numbers)``: where a number stands in a list, nowhere if it is not in it.
- the elementwise functions, operators and comparisons of formulas, by their names there.

Everything learned is a number by now; no name and no text of the data takes part in the arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from logreg.data.source import Level
from logreg.design.ast import Call, Column, Expression, Number, Text
from logreg.design.coding import CategoricalFactor, CodedTerm, Factor, NumericFactor
from logreg.design.outcome import level_name
from logreg.design.spec import DesignSpec
from logreg.design.transforms import TRANSFORMS, State
from logreg.errors import SupportError
from logreg.report.formats import visible

__all__ = [
    "OPERATIONS",
    "Basis",
    "FactorSteps",
    "Place",
    "Step",
    "TermParts",
    "factor_steps",
    "offset_steps",
    "term_parts",
]

Step: TypeAlias = "float | tuple[Any, ...]"

#: The functions, operators and comparisons that steps may hold, beside those listed above.
OPERATIONS = frozenset(
    [
        *("I", "abs", "ceil", "cos", "exp", "expm1", "floor", "log", "log10", "log1p", "log2", "logit"),
        *("pmax", "pmin", "round", "sigmoid", "sign", "sin", "sqrt", "tan"),
        *("+", "-", "*", "/", "**", "//", "%", "neg", "==", "!=", "<", "<=", ">", ">="),
    ]
)
_EQUALITIES = ("==", "!=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which input holds a data column; ``levels`` are its choices, None for an input of numbers."""

    position: int
    levels: tuple[Level, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """How one number becomes several columns.

    ``kind`` "poly": polynomials by the recurrence that has the centres ``alpha`` and the squared norms
    ``norm2``; "powers": the powers from 1 to ``degree``; "pieces": polynomials of ``(x - centre) / half``
    between ``breaks``, ``coefficients[piece][column][power]``; the outermost pieces go on for ever.
    """

    kind: str
    alpha: tuple[float, ...] = ()
    norm2: tuple[float, ...] = ()
    degree: int = 0
    breaks: tuple[float, ...] = ()
    centres: tuple[float, ...] = ()
    halves: tuple[float, ...] = ()
    coefficients: tuple[tuple[tuple[float, ...], ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorSteps:
    """How a factor is computed: a number, or the position of a level among ``n_levels``."""

    label: str
    step: Step
    basis: Basis | None = None
    n_levels: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TermParts:
    """A product of factors: for each its place in the list of factors and, for one with levels, the row of
    numbers of every level. The leftmost factor varies fastest.
    """

    term: str
    parts: tuple[tuple[int, tuple[tuple[float, ...], ...] | None], ...]


def factor_steps(spec: DesignSpec, places: Mapping[str, Place]) -> tuple[FactorSteps, ...]:
    """Return how each factor of a design is computed from the inputs.

    Raises
    ------
    SupportError
        For a function that has no step.
    """
    return tuple(_factor(factor, spec.state, places) for factor in spec.factors)


def offset_steps(spec: DesignSpec, places: Mapping[str, Place]) -> tuple[Step, ...]:
    """Return how each offset is computed from the inputs.

    Raises
    ------
    SupportError
        For a function that has no step.
    """
    return tuple(_step(offset, spec.state, places) for offset in spec.offsets)


def term_parts(spec: DesignSpec) -> tuple[TermParts, ...]:
    """Return the products that make the design columns, in their order, the intercept aside."""
    order = {factor.label: k for k, factor in enumerate(spec.factors)}
    return tuple(
        TermParts(
            term=coded.term,
            parts=tuple((order[label], _coding(spec.factor[label], coded)) for label in coded.labels),
        )
        for coded in spec.coded_terms
    )


def _coding(factor: Factor, coded: CodedTerm) -> tuple[tuple[float, ...], ...] | None:
    if isinstance(factor, NumericFactor):
        return None
    table = np.eye(len(factor.levels)) if factor.label in coded.full else factor.contrasts()
    return tuple(map(tuple, table.tolist()))


# Factors -------------------------------------------------------------------------------------------------


def _factor(factor: Factor, states: Mapping[Call, State], places: Mapping[str, Place]) -> FactorSteps:
    label = visible(factor.label)
    if isinstance(factor, CategoricalFactor):
        return FactorSteps(label=label, step=_level_step(factor, states, places), n_levels=len(factor.levels))
    expression = factor.expression
    if isinstance(expression, Call) and expression.function in ("poly", "bs", "ns"):
        inner = _step(expression.arguments[0], states, places)
        return FactorSteps(label=label, step=inner, basis=_basis(expression, states[expression]))
    return FactorSteps(label=label, step=_step(expression, states, places))


def _level_step(factor: CategoricalFactor, states: Mapping[Call, State], places: Mapping[str, Place]) -> Step:
    inner = factor.expression
    place = places[inner.name] if isinstance(inner, Column) else None
    if place is None or place.levels is None:
        return ("position", _step(inner, states, places), tuple(float(level) for level in factor.levels))
    by_name = {level_name(level): k for k, level in enumerate(factor.levels)}
    return ("table", place.position, tuple(by_name[level_name(level)] for level in place.levels))


# Steps ---------------------------------------------------------------------------------------------------


def _step(expression: Expression, states: Mapping[Call, State], places: Mapping[str, Place]) -> Step:
    if isinstance(expression, Number):
        return float(expression.value)
    if isinstance(expression, Column):
        place = places[expression.name]
        if place.levels is None:
            return ("input", place.position)
        return ("table", place.position, tuple(float(level) for level in place.levels))
    if isinstance(expression, Text):
        raise SupportError(f"the text {expression.value!r} cannot be computed with.")
    name, arguments = expression.function, expression.arguments
    if name in ("center", "scale", "standardize"):
        state = states[expression]
        numbers = (state["mean"],) if name == "center" else (state["mean"], state["sd"])
        return ("center" if name == "center" else "scale", _step(arguments[0], states, places), *numbers)
    if name in _EQUALITIES and any(_is_label(part, places) for part in arguments):
        return _equality(name, arguments, places)
    if name not in OPERATIONS:
        raise SupportError(f"the calculator cannot compute {name}().")
    return (
        name,
        *(_step(part, states, places) for part in (*arguments, *dict(expression.keywords).values())),
    )


def _is_label(part: Expression, places: Mapping[str, Place]) -> bool:
    """Whether an operand holds labels and not numbers."""
    if isinstance(part, Text):
        return True
    levels = places[part.name].levels if isinstance(part, Column) else None
    return levels is not None and any(isinstance(level, str) for level in levels)


def _equality(name: str, arguments: Sequence[Expression], places: Mapping[str, Place]) -> Step:
    """Return a comparison of labels, worked out for every choice."""
    first, second = arguments
    if not isinstance(first, Column):
        first, second = second, first
    assert isinstance(first, Column)
    place = places[first.name]
    levels = place.levels or ()
    if isinstance(second, Column):
        other = places[second.name]
        partner = {level: k for k, level in enumerate(other.levels or ())}
        found: Step = ("match", place.position, other.position, tuple(partner.get(x, -1) for x in levels))
        return found if name == "==" else ("-", 1.0, found)
    assert isinstance(second, Text | Number)
    return ("table", place.position, tuple(float((x == second.value) == (name == "==")) for x in levels))


# Bases ---------------------------------------------------------------------------------------------------


def _basis(call: Call, state: State) -> Basis:
    if call.function == "poly":
        if "alpha" not in state:
            return Basis(kind="powers", degree=int(_number(state, "degree")))
        return Basis(kind="poly", alpha=_numbers(state, "alpha"), norm2=_numbers(state, "norm2"))
    return _pieces(call, state)


def _pieces(call: Call, state: State) -> Basis:
    """Return a spline basis as polynomials between its knots.

    A polynomial of degree d is found from d + 1 values of the basis itself, taken at Chebyshev's points,
    where the equations are well conditioned. A natural spline has two more pieces, straight lines beyond the
    ends.
    """
    lower, upper, knots = _number(state, "lower"), _number(state, "upper"), _numbers(state, "knots")
    path = (lower, *knots, upper)
    degree = int(_number(state, "degree")) if "degree" in state else 3
    frames = [((a + b) / 2.0, (b - a) / 2.0, degree) for a, b in pairwise(path)]
    breaks = tuple(knots)
    if call.function == "ns":
        half = (upper - lower) / 2.0
        frames = [(lower - half, half, 1), *frames, (upper + half, half, 1)]
        breaks = path
    encode = TRANSFORMS[call.function].encode
    coefficients = []
    for centre, half, power in frames:
        chebyshev = np.cos(np.pi * (2.0 * np.arange(power + 1) + 1.0) / (2.0 * (power + 1)))
        points = centre + half * chebyshev
        values = encode(points, state)
        powers = np.vander((points - centre) / half, power + 1, increasing=True)
        coefficients.append(tuple(map(tuple, np.linalg.solve(powers, values).T.tolist())))
    return Basis(
        kind="pieces",
        breaks=breaks,
        centres=tuple(centre for centre, _, _ in frames),
        halves=tuple(half for _, half, _ in frames),
        coefficients=tuple(coefficients),
    )


def _number(state: State, key: str) -> float:
    value = state[key]
    assert isinstance(value, float | int)
    return float(value)


def _numbers(state: State, key: str) -> tuple[float, ...]:
    value = state[key]
    assert isinstance(value, tuple)
    return value
