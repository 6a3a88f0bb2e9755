"""The rows an average runs over, and what is changed in them before the model is asked.

A `Setting` says what happens to the variables: nothing, the same value for every row (standardisation,
g-computation), or a step up or down. Where a variable enters the design through columns of its own, the
change is known without encoding the rows again: `SettingMap`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import CategoryColumn, Column, Level, NumberColumn
from logreg.design import ast
from logreg.design.coding import NumericFactor
from logreg.design.distribution import Distribution
from logreg.design.outcome import level_name
from logreg.design.spec import DesignSpec
from logreg.errors import SupportError, did_you_mean

__all__ = [
    "AS_OBSERVED",
    "Access",
    "Change",
    "Fixed",
    "Piece",
    "Population",
    "Setting",
    "SettingMap",
    "Shift",
    "map_settings",
    "own_columns",
    "plain_column",
    "positions_among",
    "require_variable",
    "values_of",
]

FloatArray: TypeAlias = NDArray[np.float64]
T = TypeVar("T")


class Piece(Protocol):
    """A few thousand rows, as the corridor hands them over (`logreg.passes.counterfactual`)."""

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        ...

    @property
    def weights(self) -> FloatArray | None:
        """What each row counts in averages (None: 1)."""
        ...

    @property
    def squared_weights(self) -> FloatArray | None:
        """Sum of the squared weights of the trials of each row (None: 1)."""
        ...

    @property
    def positions(self) -> NDArray[np.intp]:
        """Place of each row in the source."""
        ...

    def column(self, name: str) -> Column:
        """Return a column as it is in the data."""
        ...

    def encoded(self, changes: Mapping[str, Column]) -> tuple[Any, FloatArray | None]:
        """Return design and offset with some columns replaced."""
        ...

    def derivative(self, name: str, changes: Mapping[str, Column]) -> tuple[FloatArray, FloatArray | None]:
        """Return the derivatives of design (p, n) and offset (m, n) with respect to a column."""
        ...


class Population(Protocol):
    """The rows that averages run over."""

    @property
    def training(self) -> bool:
        """Whether they are the rows of the fit."""
        ...

    def total(self, function: Callable[[Any], T]) -> T:
        """Return the sum of a function over all pieces."""
        ...

    def each(self, function: Callable[[Any], T]) -> list[T]:
        """Return a function of every piece, in order."""
        ...

    def first(self) -> Any:
        """Return the first row as a piece."""
        ...

    def n_read(self) -> int:
        """Return the number of rows, complete or not."""
        ...

    def labels(self, positions: NDArray[np.intp] | None) -> Any:
        """Return the labels of rows, of all without ``positions``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What effects ask of a fit beyond its numbers, handed over by `logreg.fitted`.

    ``population(what, data, weights, also)`` gives rows; ``profiles()`` and ``distribution(name)`` describe
    the columns over the rows of the fit.
    """

    population: Callable[[str, Any, Any, Sequence[str]], Population]
    profiles: Callable[[], Mapping[str, Any]]
    distribution: Callable[[str], Distribution]


@dataclass(frozen=True, slots=True)
class Fixed:
    """Every row gets this value."""

    value: Level

    def apply(self, column: Column, n: int) -> Column:
        """Return the column with the value in all n rows."""
        if isinstance(column, NumberColumn):
            values = np.full(n, float(self.value))
            return NumberColumn(
                values=values, missing=None, kind=column.kind, dtype=column.dtype, finite=True
            )
        return CategoryColumn(
            codes=np.zeros(n, dtype=np.int8),
            levels=(self.value,),
            declared=False,
            ordered=False,
            dtype=column.dtype,
        )


@dataclass(frozen=True, slots=True)
class Shift:
    """Every row's number moves by this step."""

    step: float

    def apply(self, column: Column, n: int) -> Column:
        """Return the column with its n values moved."""
        assert isinstance(column, NumberColumn)
        assert len(column.values) == n
        return NumberColumn(
            values=column.values + self.step, missing=None, kind=column.kind, dtype=column.dtype
        )


Change: TypeAlias = Fixed | Shift


@dataclass(frozen=True, slots=True)
class Setting:
    """What happens to the variables, in order; a variable occurs once."""

    changes: tuple[tuple[str, Change], ...] = ()

    def with_changes(self, changes: Sequence[tuple[str, Change]]) -> Setting:
        """Return the setting with further changes."""
        return Setting((*self.changes, *changes))

    def columns(self, piece: Piece) -> dict[str, Column]:
        """Return the replaced columns of a piece."""
        return {name: change.apply(piece.column(name), piece.n_rows) for name, change in self.changes}


#: The rows as they are.
AS_OBSERVED = Setting()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SettingMap:
    """A setting as a change of the encoded rows: ``x -> keep * x + constant`` after ``encode`` is applied.

    ``encode`` holds what has to be encoded again; ``keep`` (p,) is 0 for columns that are replaced by the
    ``constant`` (p,), and 1 for all others.
    """

    encode: Setting
    keep: FloatArray
    constant: FloatArray


def own_columns(spec: DesignSpec, name: str) -> list[int] | None:
    """Return the design columns of a variable if no other variable is in them, None otherwise.

    A variable that is part of the offset has none of its own either.
    """
    if name in spec.offset_columns:
        return None
    found: list[int] = []
    start = int(spec.intercept)
    for width, behind in _coded_columns(spec):
        if name in behind:
            if behind != {name}:
                return None
            found += range(start, start + width)
        start += width
    return found


def plain_column(spec: DesignSpec, name: str) -> int | None:
    """Return the one design column that is the variable itself, None if it enters in another way."""
    own = own_columns(spec, name)
    if own is None or len(own) != 1:
        return None
    [position] = own
    for coded in spec.coded_terms:
        factor = spec.factor[coded.labels[0]]
        if factor.label == spec.columns[position].name and len(coded.labels) == 1:
            alone = isinstance(factor, NumericFactor) and factor.expression == ast.Column(name)
            return position if alone else None
    return None


def _coded_columns(spec: DesignSpec) -> list[tuple[int, set[str]]]:
    """Return the width of each coded term and the data columns behind it."""
    result = []
    for coded in spec.coded_terms:
        width = 1
        behind: set[str] = set()
        for label in coded.labels:
            factor = spec.factor[label]
            behind |= set(ast.columns_of(factor.expression))
            if isinstance(factor, NumericFactor):
                width *= len(factor.suffixes)
            else:
                width *= len(factor.levels) if label in coded.full else len(factor.reduced)
        result.append((width, behind))
    return result


def map_settings(
    spec: DesignSpec, population: Population, settings: Sequence[Setting], *, encode_all: bool = False
) -> list[SettingMap]:
    """Find for each setting what must be encoded again and what is known without.

    Parameters
    ----------
    spec : DesignSpec
    population : Population
        Its first row shows how a value is encoded.
    settings : sequence of Setting
    encode_all : bool
        Encode everything again: the slow way, which must give the same.
    """
    p = len(spec.columns)
    own = {name: own_columns(spec, name) for setting in settings for name, _ in setting.changes}
    plain = {name: plain_column(spec, name) for name in own}
    first = population.first()
    known: dict[tuple[str, Change], FloatArray] = {}
    result = []
    for setting in settings:
        keep, constant, again = np.ones(p), np.zeros(p), []
        for name, change in setting.changes:
            columns, position = own[name], plain[name]
            if encode_all or columns is None or (isinstance(change, Shift) and position is None):
                again.append((name, change))
            elif isinstance(change, Shift):
                constant[position] += change.step
            else:
                if (name, change) not in known:
                    design, _ = first.encoded(Setting(((name, change),)).columns(first))
                    known[name, change] = design.to_array()[:, 0]
                keep[columns] = 0.0
                constant[columns] = known[name, change][columns]
        result.append(SettingMap(encode=Setting(tuple(again)), keep=keep, constant=constant))
    return result


def require_variable(spec: DesignSpec, name: object) -> str:
    """Return the name of a data column among the predictors.

    Raises
    ------
    SupportError
        If it is none, with the nearest spelling.
    """
    if not isinstance(name, str) or name not in spec.predictors:
        known = ", ".join(map(repr, spec.predictors)) or "none"
        raise SupportError(
            f"{name!r} is not a predictor of the model.{did_you_mean(str(name), spec.predictors)} "
            f"Predictors are: {known}."
        )
    return name


def values_of(population: Population, names: Sequence[str]) -> dict[str, tuple[Level, ...]]:
    """Return the distinct values of columns, missing ones left out.

    Labels stand in declared order, others sorted, numbers ascending.
    """

    def of_piece(piece: Piece) -> _Found:
        return _Found(tuple(_distinct(piece.column(name)) for name in names))

    found = population.total(of_piece).columns
    first = population.first()
    result: dict[str, tuple[Level, ...]] = {}
    for name, values in zip(names, found, strict=True):
        column = first.column(name)
        if isinstance(column, CategoryColumn) and column.declared:
            result[name] = tuple(level for level in column.levels if level in values)
        else:
            result[name] = tuple(sorted(values, key=_order))
    return result


@dataclass(frozen=True, slots=True)
class _Found:
    """Distinct values per column."""

    columns: tuple[frozenset[Level], ...]

    def __add__(self, other: _Found) -> _Found:
        return _Found(tuple(a | b for a, b in zip(self.columns, other.columns, strict=True)))


def _order(level: Level) -> tuple[bool, float, str]:
    return (True, 0.0, level) if isinstance(level, str) else (False, float(level), "")


def _distinct(column: Column) -> frozenset[Level]:
    if isinstance(column, NumberColumn):
        values = column.values if column.missing is None else column.values[~column.missing]
        kind = {"integer": int, "boolean": bool}.get(column.kind, float)
        return frozenset(kind(value) for value in np.unique(values))
    assert isinstance(column, CategoryColumn)
    present = np.unique(column.codes)
    return frozenset(column.levels[code] for code in present.tolist() if code >= 0)


def positions_among(column: Column, values: Sequence[Level]) -> NDArray[np.intp]:
    """Return the position of each row's value among ``values``, -1 where it is missing."""
    if isinstance(column, NumberColumn):
        known = np.asarray(values, dtype=np.float64)
        order = np.argsort(known)
        place = np.minimum(np.searchsorted(known[order], column.values), len(known) - 1)
        codes = order[place]
        return np.where(known[codes] == column.values, codes, -1).astype(np.intp)
    assert isinstance(column, CategoryColumn)
    by_name = {level_name(level): k for k, level in enumerate(values)}
    table = np.array([*(by_name.get(level_name(level), -1) for level in column.levels), -1], dtype=np.intp)
    return table[column.codes]
