"""What a factor of a formula computes on one block: elementwise functions, operators, stateful transforms.

Expressions are values of `logreg.design.ast` and can only name functions listed here; nothing of the user's
text is ever executed. Everything is computed in float64, so whole numbers cannot wrap around. Where a
function is undefined the result is NaN or infinite and the caller reports the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.special import logit as scipy_logit

from logreg.data.source import FloatArray, Level
from logreg.design.ast import Call, Column, Expression, Number, Text, columns_of
from logreg.design.distribution import Distribution
from logreg.design.functions import FUNCTIONS, ParameterKind, bind
from logreg.design.spelling import spell
from logreg.design.transforms import TRANSFORMS, Argument, State
from logreg.errors import DataError, FormulaError

__all__ = [
    "ARITHMETIC",
    "COMPARISONS",
    "ELEMENTWISE",
    "Labels",
    "Values",
    "arguments_of",
    "column_suffixes",
    "data_of",
    "evaluate",
    "is_categorical",
    "learn",
    "learnable",
    "stateful_calls",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """A column of labels inside an expression, where ``==`` and ``!=`` are its only uses.

    ``levels[codes[i]]`` is row i's label; code -1 is missing.
    """

    codes: NDArray[np.integer[Any]]
    levels: tuple[Level, ...]


Values: TypeAlias = FloatArray | Labels
_Operand: TypeAlias = FloatArray | float | Labels | str
_Elementwise: TypeAlias = Callable[..., Any]


def _power(base: Any, exponent: Any) -> Any:
    """Raise to a power; the small whole ones by multiplication, fifty times as fast as the general case."""
    if np.ndim(exponent) == 0 and exponent in (2.0, 3.0, 4.0):
        square = np.multiply(base, base)
        return square if exponent == 2.0 else square * (base if exponent == 3.0 else square)
    return np.power(base, exponent)


#: What the elementwise functions of `logreg.design.functions` compute.
ELEMENTWISE: Mapping[str, _Elementwise] = MappingProxyType(
    {
        "I": lambda x: x,
        "abs": np.abs,
        "ceil": np.ceil,
        "cos": np.cos,
        "exp": np.exp,
        "expm1": np.expm1,
        "floor": np.floor,
        "log": np.log,
        "log10": np.log10,
        "log1p": np.log1p,
        "log2": np.log2,
        "logit": scipy_logit,
        "pmax": lambda *values: reduce(np.maximum, values),
        "pmin": lambda *values: reduce(np.minimum, values),
        "round": np.rint,
        "sigmoid": expit,
        "sign": np.sign,
        "sin": np.sin,
        "sqrt": np.sqrt,
        "tan": np.tan,
    }
)

#: What the arithmetic operators compute.
ARITHMETIC: Mapping[str, _Elementwise] = MappingProxyType(
    {
        "+": np.add,
        "-": np.subtract,
        "*": np.multiply,
        "/": np.true_divide,
        "**": _power,
        "//": np.floor_divide,
        "%": np.mod,
        "neg": np.negative,
    }
)

#: What the comparisons compute, apart from missing operands and labels.
COMPARISONS: Mapping[str, _Elementwise] = MappingProxyType(
    {
        "==": np.equal,
        "!=": np.not_equal,
        "<": np.less,
        "<=": np.less_equal,
        ">": np.greater,
        ">=": np.greater_equal,
    }
)


def evaluate(
    expression: Expression, lookup: Callable[[str], Values], states: Mapping[Call, State]
) -> FloatArray:
    """Compute an expression on the rows of one block.

    Parameters
    ----------
    expression
        A numeric factor, offset or response; not a ``C(...)``.
    lookup
        Column name to (n,) float64 values, or `Labels`.
    states
        The learned state of every stateful call inside.

    Returns
    -------
    (n,) float64, or (n, q) float64 where the outermost call is ``poly``, ``bs`` or ``ns``. NaN marks missing
    operands and undefined results, comparisons give 0 and 1. The array may be the caller's own column: do not
    write to it.

    Raises
    ------
    FormulaError
        Without any column, with labels used as numbers, or with a function that cannot stand there.

    Examples
    --------
    >>> ratio = Call("/", (Column("a"), Number(2.0)))
    >>> evaluate(ratio, {"a": np.array([1.0, 3.0])}.__getitem__, {}).tolist()
    [0.5, 1.5]
    """
    if not columns_of(expression):
        raise FormulaError(
            "a term without any column is a constant. Name a column in it, or use 1 for the intercept."
        )
    with np.errstate(all="ignore"):
        if _several_columns(expression):
            assert isinstance(expression, Call)
            return _encode(expression, lookup, states)
        value = _evaluate(expression, lookup, states)
    if isinstance(value, Labels | str):
        raise _not_a_number(expression)
    return np.asarray(value, dtype=np.float64)


def stateful_calls(expression: Expression) -> tuple[Call, ...]:
    """Return the calls whose state must be learned from the data, innermost first, each once.

    Raises
    ------
    FormulaError
        When a transform of several columns stands inside another function.

    Examples
    --------
    >>> call = Call("poly", (Call("scale", (Column("x"),)), Number(2.0)))
    >>> [inner.function for inner in stateful_calls(call)]
    ['scale', 'poly']
    """
    if not isinstance(expression, Call):
        return ()
    inner = _operands_of(expression)
    _require_single(inner, expression.function)
    found = [call for part in inner for call in stateful_calls(part)]
    if expression.function in TRANSFORMS:
        found.append(expression)
    return tuple(dict.fromkeys(found))


def learnable(expression: Expression, states: Mapping[Call, State]) -> tuple[Call, ...]:
    """Return the stateful calls that can be learned now: without a state, all inner calls with one."""
    return tuple(
        call
        for call in stateful_calls(expression)
        if call not in states and all(inner in states for inner in stateful_calls(call)[:-1])
    )


def learn(call: Call, distribution: Distribution) -> State:
    """Learn the state of a stateful call from the distribution of its data.

    Parameters
    ----------
    call
        One of `learnable`.
    distribution
        Of ``evaluate(data_of(call), ...)`` over all rows used.

    Raises
    ------
    FormulaError
        When an argument is wrong.
    DataError
        When the data do not allow the transform, with function and column.
    """
    arguments = arguments_of(call)
    try:
        return TRANSFORMS[call.function].learn(distribution, arguments)
    except DataError as error:
        names = ", ".join(repr(name) for name in columns_of(call))
        raise DataError(f"{spell(call)} of {names}: {error}") from error


def data_of(call: Call) -> Expression:
    """Return the argument of a stateful call that holds the data."""
    return bind(call)["x"]


def arguments_of(call: Call) -> Mapping[str, Argument]:
    """Return the literal arguments of a stateful call by name, with defaults, checked.

    Flags come as bool, ``knots`` as a tuple, numbers as float; None is what was not given and has no default.

    Raises
    ------
    FormulaError
        Naming the call and the argument that is wrong.

    Examples
    --------
    >>> dict(arguments_of(Call("poly", (Column("x"), Number(2.0)))))
    {'degree': 2.0, 'raw': False}
    """
    transform = TRANSFORMS[call.function]
    kinds = dict(FUNCTIONS[call.function].parameters)
    bound = dict(transform.defaults)
    for name, value in bind(call).items():
        if name != "x":
            bound[name] = _literal(f"{name} in {spell(call)}", kinds[name], value)
    objection = transform.objection(bound)
    if objection:
        raise FormulaError(f"{spell(call)}: {objection}.")
    return MappingProxyType(bound)


def column_suffixes(expression: Expression, states: Mapping[Call, State]) -> tuple[str, ...]:
    """Return what distinguishes the columns of a numeric factor: ``("",)``, or one suffix per column.

    Examples
    --------
    >>> column_suffixes(Column("age"), {})
    ('',)
    """
    if not _several_columns(expression):
        return ("",)
    assert isinstance(expression, Call)
    return TRANSFORMS[expression.function].suffixes(states[expression])


def is_categorical(expression: Expression) -> bool:
    """Tell whether a factor is marked as categorical: its outermost call is ``C``."""
    return isinstance(expression, Call) and expression.function == "C"


# Evaluation ------------------------------------------------------------------------------------------


def _evaluate(
    expression: Expression, lookup: Callable[[str], Values], states: Mapping[Call, State]
) -> _Operand:
    if isinstance(expression, Number):
        return float(expression.value)
    if isinstance(expression, Text):
        return expression.value
    if isinstance(expression, Column):
        return lookup(expression.name)
    if expression.function in TRANSFORMS:
        return _encode(expression, lookup, states)[:, 0]
    parts = _operands_of(expression)
    _require_single(parts, expression.function)
    operands = [_evaluate(part, lookup, states) for part in parts]
    if expression.function in COMPARISONS:
        return _compare(expression, operands)
    operation = ELEMENTWISE.get(expression.function) or ARITHMETIC.get(expression.function)
    if operation is None:
        raise FormulaError(f"{spell(expression)} cannot stand inside another expression.")
    for part, operand in zip(parts, operands, strict=True):
        if isinstance(operand, Labels | str):
            raise _not_a_number(part)
    result: FloatArray | float = operation(*operands)
    return result


def _encode(call: Call, lookup: Callable[[str], Values], states: Mapping[Call, State]) -> FloatArray:
    data = data_of(call)
    _require_single([data], call.function)
    values = _evaluate(data, lookup, states)
    if not isinstance(values, np.ndarray):
        raise _not_a_number(data)
    return TRANSFORMS[call.function].encode(values, states[call])


def _operands_of(call: Call) -> tuple[Expression, ...]:
    """Return the arguments in the order of the parameters, however they were given."""
    if not call.keywords:
        return call.arguments
    bound = bind(call)
    return tuple(bound[name] for name, _ in FUNCTIONS[call.function].parameters if name in bound)


def _compare(call: Call, operands: list[_Operand]) -> FloatArray | float:
    """Return 1.0 where the comparison holds, 0.0 where not, NaN where an operand is missing."""
    left, right = operands
    if isinstance(left, Labels | str) or isinstance(right, Labels | str):
        return _compare_labels(call, left, right)
    holds = COMPARISONS[call.function](left, right)
    return np.where(np.isnan(left) | np.isnan(right), np.nan, holds)


def _compare_labels(call: Call, left: _Operand, right: _Operand) -> FloatArray:
    first, second = call.arguments
    if not isinstance(left, Labels):
        left, right, first, second = right, left, second, first
    if not isinstance(left, Labels):
        text, other = (second, first) if isinstance(right, str) else (first, second)
        raise FormulaError(
            f"{_spelled(other)} is numeric and cannot be compared with the text {_spelled(text)}. "
            "Compare it with a number."
        )
    if call.function not in ("==", "!="):
        raise FormulaError(
            f"{_spelled(first)} holds labels, which have no {call.function} comparison. Use == or !=, "
            "or a numeric column."
        )
    if isinstance(right, np.ndarray):
        raise FormulaError(
            f"{_spelled(first)} holds labels and {_spelled(second)} numbers: nothing can be equal."
        )
    if not isinstance(right, Labels | str) and left.levels and all(isinstance(x, str) for x in left.levels):
        raise FormulaError(
            f'{_spelled(first)} holds text and cannot be compared with a number. Quote it: "{right:g}".'
        )
    equal = _equal_labels(left, right)
    return equal if call.function == "==" else 1.0 - equal


def _equal_labels(left: Labels, right: Labels | str | float) -> FloatArray:
    # A missing row has code -1, which picks the last entry of each table below.
    if not isinstance(right, Labels):
        table: FloatArray = np.array([float(level == right) for level in left.levels] + [np.nan])
        picked: FloatArray = table[left.codes]
        return picked
    position = {level: i for i, level in enumerate(left.levels)}
    translated = np.array([position.get(level, -2) for level in right.levels] + [-1])[right.codes]
    missing = (left.codes == -1) | (translated == -1)
    equal: FloatArray = np.where(missing, np.nan, left.codes == translated)
    return equal


# Arguments -------------------------------------------------------------------------------------------


def _literal(where: str, kind: ParameterKind, value: Expression) -> Argument:
    if kind == "numbers":
        parts = value.arguments if isinstance(value, Call) and value.function == "list" else (value,)
        knots = tuple(_constant(where, part) for part in parts)
        if not all(a < b for a, b in pairwise(knots)):
            raise FormulaError(f"{where} must be distinct and ascending.")
        return knots
    number = _constant(where, value)
    if kind == "flag":
        if number not in (0.0, 1.0):
            raise FormulaError(f"{where} must be True or False, not {number:g}.")
        return bool(number)
    if kind == "whole" and number != np.floor(number):
        raise FormulaError(f"{where} must be a whole number, not {number:g}.")
    return number


def _constant(where: str, value: Expression) -> float:
    """Return a literal number, or arithmetic of literal numbers such as ``1/3``."""
    if isinstance(value, Text) or columns_of(value) or stateful_calls(value):
        raise FormulaError(f"{where} must be a literal number, not {_spelled(value)}.")
    with np.errstate(all="ignore"):
        number = float(_evaluate(value, _no_column, {}))  # type: ignore[arg-type]
    if not np.isfinite(number):
        raise FormulaError(f"{where} must be finite, not {number}.")
    return number


def _no_column(name: str) -> Values:
    raise FormulaError(f"{name!r} is a column where a literal number is needed.")


# Words -----------------------------------------------------------------------------------------------


def _several_columns(expression: Expression) -> bool:
    listed = FUNCTIONS.get(expression.function) if isinstance(expression, Call) else None
    return listed is not None and listed.kind == "basis"


def _spelled(expression: Expression) -> str:
    return f"column {expression.name!r}" if isinstance(expression, Column) else spell(expression)


def _not_a_number(expression: Expression) -> FormulaError:
    return FormulaError(
        f"{_spelled(expression)} is text, not numbers. Use a numeric column, or compare labels with == or !=."
    )


def _require_single(parts: Iterable[Expression], outer: str) -> None:
    for part in parts:
        if _several_columns(part):
            raise FormulaError(
                f"{_spelled(part)} gives several columns and cannot stand inside {outer}. "
                "Make it a term of its own."
            )
