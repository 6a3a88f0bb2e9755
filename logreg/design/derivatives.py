"""Derivatives of the design with respect to one column of the data, exact by the chain rule.

A column of the data may stand in several factors (``age``, ``I(age ** 2)``, ``ns(age, 3)``) and a factor in
several terms; the derivative of a design column is the sum over all of them. Categories do not move: the
derivative of an indicator is zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

import numpy as np

from logreg.data.source import FloatArray
from logreg.design.ast import Call, Column, Expression, columns_of
from logreg.design.coding import CategoricalFactor, NumericFactor
from logreg.design.encode import dense_matrix, encode_term, known_labels, numbers_of
from logreg.design.expressions import COMPARISONS, data_of, evaluate
from logreg.design.functions import FUNCTIONS, bind
from logreg.design.rows import BlockRows, RowLabel
from logreg.design.spec import DesignSpec
from logreg.design.splines import bspline_basis, natural_basis
from logreg.design.transforms import State

__all__ = ["derivative", "matrix_derivative", "offset_derivative"]

#: Step for a natural spline, as a share of the distance between its boundary knots. The fourth-order
#: difference is exact within a cubic piece and at a knot; rounding leaves about 1e-16 / 1e-4.
SPLINE_STEP = 1e-4

#: Derivatives of the functions of one argument. Steps (floor, sign, ...) have none or zero; zero is taken.
ELEMENTWISE: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "I": np.ones_like,
        "abs": np.sign,
        "ceil": np.zeros_like,
        "cos": lambda x: -np.sin(x),
        "exp": np.exp,
        "expm1": np.exp,
        "floor": np.zeros_like,
        "log": lambda x: 1.0 / x,
        "log10": lambda x: 1.0 / (x * math.log(10.0)),
        "log1p": lambda x: 1.0 / (1.0 + x),
        "log2": lambda x: 1.0 / (x * math.log(2.0)),
        "logit": lambda x: 1.0 / (x * (1.0 - x)),
        "neg": lambda x: -np.ones_like(x),
        "round": np.zeros_like,
        "sigmoid": lambda x: 0.25 / np.cosh(0.5 * x) ** 2,
        "sign": np.zeros_like,
        "sin": np.cos,
        "sqrt": lambda x: 0.5 / np.sqrt(x),
        "tan": lambda x: 1.0 / np.cos(x) ** 2,
    }
)


def matrix_derivative(spec: DesignSpec, rows: BlockRows, row_label: RowLabel, name: str) -> FloatArray:
    """Return the derivative of every design column with respect to the data column ``name``.

    Parameters
    ----------
    spec : DesignSpec
        p columns.
    rows : BlockRows
        n complete rows.
    row_label : callable
        Names a row for messages.
    name : str
        A numeric column of the data.

    Returns
    -------
    (p, n) array
        In units of the design column per unit of the data column.
    """
    n = rows.n_used
    numeric = [factor for factor in spec.factors if isinstance(factor, NumericFactor)]
    slopes = {
        factor.label: derivative(factor.expression, name, rows, spec.state)
        for factor in numeric
        if name in columns_of(factor.expression)
    }
    needed = {x for coded in spec.coded_terms if slopes.keys() & set(coded.labels) for x in coded.labels}
    numbers = {
        factor.label: numbers_of(spec, factor, rows, row_label)
        for factor in numeric
        if factor.label in needed
    }
    labels = {
        factor.label: known_labels(factor, rows, row_label)
        for factor in spec.factors
        if isinstance(factor, CategoricalFactor) and factor.label in needed
    }
    result = np.zeros((len(spec.columns), n))
    start = int(spec.intercept)
    for coded in spec.coded_terms:
        moving = [label for label in coded.labels if label in slopes]
        width = 0
        for label in moving:
            # Product rule: one factor at a time is replaced by its derivative.
            parts = encode_term(spec, coded, labels, {**numbers, label: slopes[label]})
            columns = dense_matrix(spec, parts, n).columns
            width = len(columns)
            result[start : start + width] += columns
        start += width if moving else _width(spec, coded.labels, coded.full)
    return result


def _width(spec: DesignSpec, labels: tuple[str, ...], full: frozenset[str]) -> int:
    width = 1
    for label in labels:
        factor = spec.factor[label]
        if isinstance(factor, NumericFactor):
            width *= len(factor.suffixes)
        else:
            width *= len(factor.levels) if label in full else len(factor.reduced)
    return width


def offset_derivative(spec: DesignSpec, rows: BlockRows, name: str) -> FloatArray | None:
    """Return the derivative of the offsets (m, n) with respect to a data column, None where it is zero."""
    if name not in spec.offset_columns:
        return None
    zero = np.zeros(rows.n_used)
    values = [
        derivative(offset, name, rows, spec.state) if name in columns_of(offset) else zero
        for offset in spec.offsets
    ]
    if spec.offset_per_outcome:
        return np.vstack(values)
    return np.repeat(np.sum(values, axis=0)[np.newaxis], spec.n_equations, axis=0)


def derivative(
    expression: Expression, name: str, rows: BlockRows, states: Mapping[Call, State]
) -> FloatArray:
    """Return the derivative of an expression with respect to a column: (n,), or (n, q) for a basis.

    Comparisons, and functions that are constant between jumps, have derivative zero.
    """
    with np.errstate(all="ignore"):
        return np.asarray(_derivative(expression, name, rows, states), dtype=np.float64)


def _derivative(
    expression: Expression, name: str, rows: BlockRows, states: Mapping[Call, State]
) -> FloatArray:
    zero = np.zeros(rows.n_used)
    if isinstance(expression, Column) and expression.name == name:
        return np.ones(rows.n_used)
    if not isinstance(expression, Call) or name not in columns_of(expression):
        return zero
    if expression.function in COMPARISONS:
        return zero

    def value(part: Expression) -> Any:
        return evaluate(part, rows.lookup, states) if columns_of(part) else _constant(part)

    if expression in states:
        inner = data_of(expression)
        outer = _transform_derivative(expression, value(inner), states[expression])
        slope = _derivative(inner, name, rows, states)
        return outer * slope if outer.ndim == 1 else outer * slope[:, np.newaxis]
    parts = _operands(expression)
    if len(parts) == 1:
        outer = ELEMENTWISE[expression.function](value(parts[0]))
        return cast(FloatArray, outer * _derivative(parts[0], name, rows, states))
    slopes = [_derivative(part, name, rows, states) for part in parts]
    return _operator_derivative(expression.function, [value(part) for part in parts], slopes)


def _constant(part: Expression) -> float:
    """Return a part without columns: a literal, or arithmetic of literals."""
    from logreg.design.expressions import _evaluate, _no_column

    return float(cast(float, _evaluate(part, _no_column, {})))


def _operands(call: Call) -> tuple[Expression, ...]:
    if not call.keywords:
        return call.arguments
    bound = bind(call)
    return tuple(bound[name] for name, _ in FUNCTIONS[call.function].parameters if name in bound)


def _operator_derivative(function: str, values: list[Any], slopes: list[FloatArray]) -> FloatArray:
    if function in ("pmin", "pmax"):
        best, slope = values[0], slopes[0]
        for other, its_slope in zip(values[1:], slopes[1:], strict=True):
            taken = other < best if function == "pmin" else other > best
            best, slope = np.where(taken, other, best), np.where(taken, its_slope, slope)
        return slope
    (a, b), (da, db) = values, slopes
    if function == "+":
        return da + db
    if function == "-":
        return da - db
    if function == "*":
        return cast(FloatArray, da * b + a * db)
    if function == "/":
        return cast(FloatArray, (da - a / b * db) / b)
    if function == "**":
        power = b * np.power(a, b - 1.0) * da
        # The exponent moves too: a^b log a, which only a positive base has.
        return cast(FloatArray, np.where(db == 0.0, power, power + np.power(a, b) * np.log(a) * db))
    if function == "%":
        return cast(FloatArray, da - np.floor_divide(a, b) * db)
    assert function == "//", function
    return np.zeros_like(da)


def _transform_derivative(call: Call, x: FloatArray, state: State) -> FloatArray:
    """Return the derivative of a stateful transform in its argument: (n,), or (n, q) for a basis."""
    if call.function == "center":
        return np.ones_like(x)
    if call.function in ("scale", "standardize"):
        return np.full_like(x, 1.0 / cast(float, state["sd"]))
    if call.function == "poly":
        return _poly_derivative(x, state)
    lower, upper = cast(float, state["lower"]), cast(float, state["upper"])
    knots = cast("tuple[float, ...]", state["knots"])
    if call.function == "bs":
        keep = int(bool(state["include_intercept"]))
        return _bs_derivative(x, knots, lower, upper, int(cast(float, state["degree"])))[:, 1 - keep :]
    assert call.function == "ns", call.function
    h = SPLINE_STEP * (upper - lower)
    near, far = (
        natural_basis(x + k * h, knots=knots, lower=lower, upper=upper)
        - natural_basis(x - k * h, knots=knots, lower=lower, upper=upper)
        for k in (1.0, 2.0)
    )
    result: FloatArray = (8.0 * near - far) / (12.0 * h)
    return result


def _poly_derivative(x: FloatArray, state: State) -> FloatArray:
    """Differentiate the three-term recurrence, or the powers."""
    if "alpha" not in state:
        degree = int(cast(float, state["degree"]))
        return np.stack([k * x ** (k - 1) for k in range(1, degree + 1)], axis=1)
    alpha = cast("tuple[float, ...]", state["alpha"])
    norm2 = cast("tuple[float, ...]", state["norm2"])
    before, current = np.zeros_like(x), np.ones_like(x)
    slope_before, slope = np.zeros_like(x), np.zeros_like(x)
    result = np.empty((x.size, len(alpha)))
    for i, shift in enumerate(alpha):
        ratio = norm2[i + 1] / norm2[i] if i else 0.0
        slope_before, slope = slope, current + (x - shift) * slope - ratio * slope_before
        before, current = current, (x - shift) * current - ratio * before
        result[:, i] = slope / math.sqrt(norm2[i + 2])
    return result


def _bs_derivative(
    x: FloatArray, knots: tuple[float, ...], lower: float, upper: float, degree: int
) -> FloatArray:
    """Return all derivatives (n, functions), the first included: de Boor (1978), chapter X, (12).

    ``B'_i = degree (B_i / (t_{i + degree} - t_i) - B_{i+1} / (t_{i + degree + 1} - t_{i+1}))``, one degree
    lower on the right.
    """
    t = np.array([lower] * (degree + 1) + list(knots) + [upper] * (degree + 1))
    below = bspline_basis(x, knots=knots, lower=lower, upper=upper, degree=degree - 1, intercept=True)
    # One degree lower the outermost knots are one copy fewer: function i there is i + 1 here.
    scaled = degree * below / (t[degree + 1 : -1] - t[1 : -degree - 1])
    result = np.zeros((len(x), scaled.shape[1] + 1))
    result[:, 1:] += scaled
    result[:, :-1] -= scaled
    return result
