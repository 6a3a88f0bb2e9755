"""Where effects are evaluated: ``at`` values, groups ``by`` columns, rows as observed or one typical row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from logreg.data.source import CategoryColumn, Level, NumberColumn
from logreg.design.ast import Column
from logreg.design.outcome import level_name, quoted
from logreg.design.spec import DesignSpec
from logreg.errors import SupportError, did_you_mean
from logreg.inference.estimate import LogisticEstimate
from logreg.interpret.effects import typical_values
from logreg.interpret.grouping import Grouping, combinations_of
from logreg.interpret.population import Access, Fixed, Population, Setting, values_of

__all__ = ["Plan", "factor_levels", "levels_in", "plan_of"]

#: Words that stand for a value of a numeric column over the rows of the fit.
STATISTICS = ("mean", "median", "min", "max")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """Which rows are averaged, under which settings, in which groups."""

    population: Population
    settings: tuple[Setting, ...]
    labels: tuple[Mapping[str, Level], ...]
    grouping: Grouping

    @property
    def at(self) -> tuple[str, ...]:
        """Variables that are set to a value."""
        return tuple(self.labels[0])


def plan_of(
    fit: LogisticEstimate,
    access: Access,
    what: str,
    *,
    data: Any,
    at: Any,
    by: Any,
    others: str,
    weights: Any,
    average: bool,
) -> Plan:
    """Read ``at``, ``by``, ``others`` and ``data``.

    Raises
    ------
    SupportError
        For combinations without a meaning, unknown names, and values a variable does not have.
    """
    if not isinstance(average, bool):
        raise SupportError(f"average={average!r} is not True or False.")
    if others not in ("observed", "typical"):
        raise SupportError(f"others={others!r} is not supported; use 'observed' or 'typical'.")
    if isinstance(at, str):
        if at != "mean":
            raise SupportError(f"at={at!r} is not supported; use at='mean', or values by variable.")
        at, others = {}, "typical"
    columns = _names(by, "by")
    if columns and not average:
        raise SupportError("by= groups rows for averages; with average=False every row stands for itself.")
    if others == "typical":
        if data is not None or weights is not None or columns:
            raise SupportError(
                "one typical row (at='mean' or others='typical') has no data=, weights= or by= to average."
            )
        typical = {held.name: [held.value] for held in typical_values(fit.spec, access.profiles())}
        if not typical:
            raise SupportError(f"{what}: the model has no predictors, so that no row is typical.")
        data = typical
    population = access.population(what, data, weights, columns)
    grouping = Grouping()
    if columns:
        found = values_of(population, columns)
        empty = [name for name, values in found.items() if not values]
        if empty:
            raise SupportError(f"{what}: by={empty[0]!r} is missing in every row.")
        grouping = Grouping(
            columns=columns, values=tuple(_ordered(fit.spec, *item) for item in found.items())
        )
    labels = tuple(combinations_of(_at_values(fit, access, population, what, at)))
    settings = tuple(Setting(tuple((name, Fixed(v)) for name, v in one.items())) for one in labels)
    return Plan(population=population, settings=settings, labels=labels, grouping=grouping)


def _names(value: Any, argument: str) -> tuple[str, ...]:
    if value is None:
        return ()
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise SupportError(f"{argument}={value!r} is not a column name or a list of them.")
    return tuple(dict.fromkeys(names))


def _ordered(spec: DesignSpec, name: str, values: tuple[Level, ...]) -> tuple[Level, ...]:
    """Put the values of a factor or of the outcome in the order of its levels."""
    levels = factor_levels(spec, name)
    if levels is None and spec.outcome.expression == Column(name):
        levels = spec.outcome.levels
    if levels is None:
        return values
    place = {level_name(level): k for k, level in enumerate(levels)}
    return tuple(sorted(values, key=lambda level: place.get(level_name(level), len(place))))


def factor_levels(spec: DesignSpec, name: str) -> tuple[Level, ...] | None:
    """Return the levels of a column used as a factor, its reference first; None if it is used as a number."""
    for factor in spec.categorical():
        if factor.expression == Column(name):
            rest = tuple(level for level in factor.levels if level != factor.reference)
            return (factor.reference, *rest)
    return None


def levels_in(fit: LogisticEstimate, population: Population, name: str) -> tuple[Level, ...] | None:
    """Return the levels of a variable that is labels or a factor, None for a number."""
    levels = factor_levels(fit.spec, name)
    if levels is None and isinstance(population.first().column(name), CategoryColumn):
        return values_of(population, [name])[name]
    return levels


def _at_values(
    fit: LogisticEstimate, access: Access, population: Population, what: str, at: Any
) -> dict[str, list[Level]]:
    if at is None:
        return {}
    if not isinstance(at, Mapping):
        raise SupportError(f"at={at!r} is not 'mean' or a mapping of variables to values.")
    known = tuple(dict.fromkeys((*fit.spec.predictors, *fit.spec.offset_columns)))
    result: dict[str, list[Level]] = {}
    for name, given in at.items():
        if name not in known:
            raise SupportError(
                f"{what}: at names {name!r}, which is not a variable of the model."
                f"{did_you_mean(str(name), known)} Variables are: {', '.join(map(repr, known)) or 'none'}."
            )
        if isinstance(given, Mapping | set):
            raise SupportError(f"at[{name!r}]={given!r} is not a value or a list of values.")
        scalar = isinstance(given, str | Real) or not np.iterable(given)
        values = [given] if scalar else list(given)
        if not values:
            raise SupportError(f"at[{name!r}] holds no value.")
        levels = levels_in(fit, population, name)
        result[name] = [value_of(access, name, value, levels, f"at[{name!r}]") for value in values]
    return result


def value_of(access: Access, name: str, value: Any, levels: tuple[Level, ...] | None, where: str) -> Level:
    """Return a value a user gave for a variable: a level as the design knows it, or a finite number.

    Raises
    ------
    SupportError
        For a level that is none, or something that is not a number.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if levels is not None:
        for level in levels:
            if level_name(level) == (level_name(value) if isinstance(value, float) else str(value)):
                return level
        raise SupportError(
            f"{where}: {value!r} is not a level of {name!r}."
            f"{did_you_mean(str(value), [level_name(level) for level in levels])} Levels: {quoted(levels)}."
        )
    if isinstance(value, str) and value in STATISTICS:
        distribution = access.distribution(name)
        found = {
            "mean": distribution.mean,
            "median": distribution.median,
            "min": distribution.minimum,
            "max": distribution.maximum,
        }
        return found[value]
    if not isinstance(value, Real) or not np.isfinite(float(value)):
        raise SupportError(
            f"{where}: {value!r} is not a finite number or one of {', '.join(map(repr, STATISTICS))}."
        )
    return value if isinstance(value, bool | int) else float(value)


def is_switch(column: NumberColumn) -> bool:
    """Tell whether a block of numbers holds 0 and 1 only."""
    values = column.values if column.missing is None else column.values[~column.missing]
    # A look at a few settles it for nearly every measurement.
    few = values[:16]
    if not ((few == 0.0) | (few == 1.0)).all():
        return False
    return bool(((values == 0.0) | (values == 1.0)).all())
