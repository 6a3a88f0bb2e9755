"""Transforms that learn from the data before they encode: centring, scaling, polynomials, splines.

A transform learns its `State` once, from the exact `Distribution` of its argument over all rows used, and
from then on is a pure function of value and state: one row encodes alike in training, in any block, on any
worker and in new data. Formulaic's transforms of the same names fill their state from the first array they
see and offer no way to merge two states, so they serve as a second reference in the tests and not as the
implementation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias, cast

import numpy as np

from logreg.data.source import FloatArray
from logreg.design.distribution import Distribution
from logreg.design.splines import bspline_basis, natural_basis, quantile_knots, require_inside
from logreg.errors import DataError

__all__ = ["TRANSFORMS", "Argument", "Arguments", "FrozenState", "State", "Transform"]

Argument: TypeAlias = float | tuple[float, ...] | bool | None
Arguments: TypeAlias = Mapping[str, Argument]
State: TypeAlias = Mapping[str, float | tuple[float, ...]]

#: Degree of a B-spline. 3 is usual; the time grows with its square, and a few dozen leave no digits.
LARGEST_DEGREE = 100
#: A polynomial whose root mean square, relative to that of the one before and to half the range, is below
#: this has fewer than six of its sixteen digits left after subtraction: the distinct values are too close.
COLLAPSED = 1e-10

NO_ROWS = "Every row was left out: look at the missing values."


class FrozenState(Mapping[str, float | tuple[float, ...]]):
    """An immutable, picklable, hashable `State`.

    Examples
    --------
    >>> FrozenState(mean=2.0)["mean"]
    2.0
    """

    __slots__ = ("_entries",)
    _entries: dict[str, float | tuple[float, ...]]

    def __init__(self, **entries: float | tuple[float, ...]) -> None:
        self._entries = dict(entries)

    def __getitem__(self, key: str) -> float | tuple[float, ...]:
        return self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __hash__(self) -> int:
        return hash(frozenset(self._entries.items()))

    def __repr__(self) -> str:
        return f"FrozenState({', '.join(f'{key}={value!r}' for key, value in self._entries.items())})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """One stateful function of the formula language.

    ``learn(distribution, arguments)`` returns the state, or raises `DataError` when the data do not allow it.
    ``encode(values, state)`` maps (n,) to (n, q), C-contiguous; NaN stays NaN. ``suffixes(state)`` names the
    q columns as formulaic does: ``("",)`` where the function always gives one column, else ``"[1]", "[2]"``.
    ``defaults`` names the arguments after the data, None where there is no default.
    ``objection(arguments)`` says what is wrong with arguments that are each of the right kind, or None.
    """

    defaults: Arguments = field(default_factory=dict)
    learn: Callable[[Distribution, Arguments], State]
    encode: Callable[[FloatArray, State], FloatArray]
    suffixes: Callable[[State], tuple[str, ...]]
    objection: Callable[[Arguments], str | None] = lambda _: None


# Centring and scaling --------------------------------------------------------------------------------


def _learn_center(distribution: Distribution, _: Arguments) -> State:
    _require_distinct(distribution, 1, NO_ROWS)
    return _finite(FrozenState(mean=distribution.mean))


def _encode_center(values: FloatArray, state: State) -> FloatArray:
    return (values - _number(state, "mean"))[:, None]


def _learn_scale(distribution: Distribution, _: Arguments) -> State:
    """Mean and sample standard deviation (divisor n - 1), as R's ``scale``."""
    _require_distinct(distribution, 2)
    return _finite(FrozenState(mean=distribution.mean, sd=math.sqrt(distribution.variance(ddof=1))))


def _encode_scale(values: FloatArray, state: State) -> FloatArray:
    return ((values - _number(state, "mean")) / _number(state, "sd"))[:, None]


def _unnamed(_: State) -> tuple[str, ...]:
    return ("",)


# Polynomials -----------------------------------------------------------------------------------------


def _object_to_poly(arguments: Arguments) -> str | None:
    degree = arguments["degree"]
    return None if degree is not None and _float(degree) >= 1 else "degree must be 1 or more"


def _learn_poly(distribution: Distribution, arguments: Arguments) -> State:
    """Recurrence coefficients of the polynomials orthogonal over the rows, as R keeps them in ``coefs``.

    Stieltjes' procedure on distinct values with counts (Gautschi 2004, Orthogonal Polynomials, 2.2.3).
    """
    degree = int(_float(arguments["degree"]))
    _require_distinct(distribution, degree + 1, f"Use a degree below {max(distribution.values.size, 1)}.")
    if arguments["raw"]:
        return FrozenState(degree=float(degree))
    counts, mean = distribution.counts, distribution.mean
    centred = distribution.values - mean
    half_range = (distribution.maximum - distribution.minimum) / 2.0
    alpha: list[float] = []
    norm2 = [1.0, distribution.n]
    before, current = np.zeros_like(centred), np.ones_like(centred)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(degree):
            shift = float((counts * centred * current**2).sum()) / norm2[-1]
            alpha.append(mean + shift)
            ratio = norm2[-1] / norm2[-2] if len(norm2) > 2 else 0.0
            before, current = current, (centred - shift) * current - ratio * before
            norm2.append(float((counts * current**2).sum()))
            if norm2[-1] <= norm2[-2] * (COLLAPSED * half_range) ** 2:
                raise DataError(
                    f"the {distribution.values.size} distinct values are too close together for degree "
                    f"{degree}. Use a smaller degree, or rescale the column."
                )
    return _finite(FrozenState(alpha=tuple(alpha), norm2=tuple(norm2)))


def _encode_poly(values: FloatArray, state: State) -> FloatArray:
    """Evaluate by the three-term recurrence, as R's ``predict.poly``."""
    if "alpha" not in state:
        return _powers(values, int(_number(state, "degree")))
    alpha, norm2 = _numbers(state, "alpha"), _numbers(state, "norm2")
    basis = np.empty((values.size, len(alpha)))
    before, current = np.zeros_like(values), np.ones_like(values)
    for i, shift in enumerate(alpha):
        ratio = norm2[i + 1] / norm2[i] if i else 0.0
        before, current = current, (values - shift) * current - ratio * before
        basis[:, i] = current / math.sqrt(norm2[i + 2])
    return basis


def _powers(values: FloatArray, degree: int) -> FloatArray:
    basis = np.empty((values.size, degree))
    current = np.ones_like(values)
    for i in range(degree):
        current = current * values
        basis[:, i] = current
    return basis


def _name_poly(state: State) -> tuple[str, ...]:
    """Number the columns by degree; raw powers from 0, because formulaic names them so."""
    if "alpha" in state:
        return _numbered(1, len(_numbers(state, "alpha")))
    return _numbered(0, int(_number(state, "degree")))


# Splines ---------------------------------------------------------------------------------------------


def _object_to_bs(arguments: Arguments) -> str | None:
    degree, df, knots = arguments["degree"], arguments["df"], arguments["knots"]
    lower, upper = arguments["lower_bound"], arguments["upper_bound"]
    if degree is None or _float(degree) < 1:
        return "degree must be 1 or more"
    if _float(degree) > LARGEST_DEGREE:
        return f"degree must be at most {LARGEST_DEGREE}"
    smallest = int(_float(degree)) + bool(arguments["include_intercept"])
    if df is not None and _float(df) < smallest:
        return f"df must be {smallest} or more (the degree, and one for the intercept if included)"
    if df is not None and knots is not None:
        return "give df or knots, not both"
    if lower is not None and upper is not None and not _float(lower) < _float(upper):
        return "lower_bound must be below upper_bound"
    return None


def _learn_bs(distribution: Distribution, arguments: Arguments) -> State:
    """Boundary knots at the range unless given, interior knots given or at quantiles, as ``splines::bs``."""
    degree, intercept = _float(arguments["degree"]), float(bool(arguments["include_intercept"]))
    lower, upper = _boundary(distribution, arguments["lower_bound"], arguments["upper_bound"])
    df = degree + intercept if arguments["df"] is None else _float(arguments["df"])
    knots = _interior(distribution, arguments, int(df - degree - intercept), lower, upper)
    return _finite(
        FrozenState(knots=knots, lower=lower, upper=upper, degree=degree, include_intercept=intercept)
    )


def _encode_bs(values: FloatArray, state: State) -> FloatArray:
    return bspline_basis(
        values,
        knots=_numbers(state, "knots"),
        lower=_number(state, "lower"),
        upper=_number(state, "upper"),
        degree=int(_number(state, "degree")),
        intercept=bool(_number(state, "include_intercept")),
    )


def _name_bs(state: State) -> tuple[str, ...]:
    intercept = int(_number(state, "include_intercept"))
    return _numbered(1 - intercept, len(_numbers(state, "knots")) + int(_number(state, "degree")) + intercept)


def _object_to_ns(arguments: Arguments) -> str | None:
    if arguments["df"] is not None and _float(arguments["df"]) < 1:
        return "df must be 1 or more"
    if arguments["df"] is not None and arguments["knots"] is not None:
        return "give df or knots, not both"
    return None


def _learn_ns(distribution: Distribution, arguments: Arguments) -> State:
    """Boundary knots at the range, interior knots given or at quantiles, as ``splines::ns``."""
    lower, upper = _boundary(distribution, None, None)
    df = 1.0 if arguments["df"] is None else _float(arguments["df"])
    knots = _interior(distribution, arguments, int(df) - 1, lower, upper)
    return _finite(FrozenState(knots=knots, lower=lower, upper=upper))


def _encode_ns(values: FloatArray, state: State) -> FloatArray:
    return natural_basis(
        values, knots=_numbers(state, "knots"), lower=_number(state, "lower"), upper=_number(state, "upper")
    )


def _name_ns(state: State) -> tuple[str, ...]:
    return _numbered(1, len(_numbers(state, "knots")) + 1)


def _boundary(distribution: Distribution, lower: Argument, upper: Argument) -> tuple[float, float]:
    _require_distinct(distribution, 2)
    low = distribution.minimum if lower is None else _float(lower)
    high = distribution.maximum if upper is None else _float(upper)
    if distribution.within(low, high).values.size < 2:
        raise DataError(
            f"fewer than two distinct values lie between the boundary knots {low:g} and {high:g} (the column "
            f"runs from {distribution.minimum:g} to {distribution.maximum:g}). "
            "Move lower_bound or upper_bound."
        )
    return low, high


def _interior(
    distribution: Distribution, arguments: Arguments, count: int, lower: float, upper: float
) -> tuple[float, ...]:
    given = arguments["knots"]
    if given is None:
        return quantile_knots(distribution, count, lower, upper)
    knots = tuple(_float(knot) for knot in cast("tuple[float, ...]", given))
    require_inside(knots, lower, upper)
    return knots


# Shared ----------------------------------------------------------------------------------------------


def _require_distinct(
    distribution: Distribution, needed: int, remedy: str = "Leave the term out: it does not vary."
) -> None:
    found = int(distribution.values.size)
    if found < needed:
        raise DataError(
            f"needs at least {needed} distinct values, and the {distribution.n:.0f} rows used have {found}. "
            f"{remedy}"
        )


def _finite(state: FrozenState) -> State:
    for value in state.values():
        if not np.isfinite(value).all():
            raise DataError(
                "the values are too large to be squared and summed in float64. Rescale the column."
            )
    return state


def _numbered(first: int, count: int) -> tuple[str, ...]:
    return tuple(f"[{i}]" for i in range(first, first + count))


def _float(value: Argument) -> float:
    return float(cast("float", value))


def _number(state: State, key: str) -> float:
    return float(cast("float", state[key]))


def _numbers(state: State, key: str) -> tuple[float, ...]:
    return tuple(cast("tuple[float, ...]", state[key]))


_SCALE = Transform(learn=_learn_scale, encode=_encode_scale, suffixes=_unnamed)

#: The functions that learn, by their name in `logreg.design.functions`.
TRANSFORMS: Mapping[str, Transform] = MappingProxyType(
    {
        "center": Transform(learn=_learn_center, encode=_encode_center, suffixes=_unnamed),
        "scale": _SCALE,
        "standardize": _SCALE,
        "poly": Transform(
            defaults=MappingProxyType({"degree": 1.0, "raw": False}),
            learn=_learn_poly,
            encode=_encode_poly,
            suffixes=_name_poly,
            objection=_object_to_poly,
        ),
        "bs": Transform(
            defaults=MappingProxyType(
                {
                    "df": None,
                    "knots": None,
                    "degree": 3.0,
                    "include_intercept": False,
                    "lower_bound": None,
                    "upper_bound": None,
                }
            ),
            learn=_learn_bs,
            encode=_encode_bs,
            suffixes=_name_bs,
            objection=_object_to_bs,
        ),
        "ns": Transform(
            defaults=MappingProxyType({"df": None, "knots": None}),
            learn=_learn_ns,
            encode=_encode_ns,
            suffixes=_name_ns,
            objection=_object_to_ns,
        ),
    }
)
