"""Which variables are compared, and from where to where: steps of numbers, pairs of levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from numbers import Real
from typing import Any

import numpy as np

from logreg.data.source import Level, NumberColumn
from logreg.design.outcome import level_name
from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.interpret.grids import is_switch, levels_in, value_of
from logreg.interpret.population import Access, Change, Fixed, Piece, Population, Shift, require_variable

__all__ = ["Variation", "asked_variables", "numeric_variables", "variations_of"]

#: Pairs of levels by name: each with the reference, each with each, each with the one before.
PAIRINGS = ("reference", "pairwise", "sequential")
#: Moves of a number by name: a standard deviation around the mean, between the quartiles, over the range.
MOVES = ("sd", "iqr", "minmax")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """A variable before and after; ``low`` None leaves it as it is in each row.

    ``ends`` are the names of both ends, or the step alone.
    """

    variable: str
    low: Change | None
    high: Change
    ends: tuple[str, ...]

    def label(self, join: str) -> str:
        """Return the variation in words: ``black - white``, ``+10``."""
        return join.join(self.ends)

    def before(self) -> list[tuple[str, Change]]:
        """Return the change of the low end."""
        return [] if self.low is None else [(self.variable, self.low)]

    def after(self) -> list[tuple[str, Change]]:
        """Return the change of the high end."""
        return [(self.variable, self.high)]


def asked_variables(fit: LogisticEstimate, variables: Any, leave_out: Sequence[str] = ()) -> dict[str, Any]:
    """Return the variables asked for, each with how it moves (None: in the usual way).

    Parameters
    ----------
    variables : None, str, list of str or mapping
        None: every predictor but those in ``leave_out``.

    Raises
    ------
    SupportError
        For what is not a predictor, or stands still because ``at`` sets it.
    """
    if variables is None:
        asked: dict[str, Any] = {name: None for name in fit.spec.predictors if name not in leave_out}
    elif isinstance(variables, str):
        asked = {variables: None}
    elif isinstance(variables, Mapping):
        asked = dict(variables)
    elif isinstance(variables, Sequence):
        asked = dict.fromkeys(variables)
    else:
        raise SupportError(f"variables={variables!r} is not a name, a list of names or a mapping.")
    for name in asked:
        require_variable(fit.spec, name)
    if not asked:
        raise SupportError("there is no variable to compare: the model has no other predictors.")
    return asked


def numeric_variables(
    fit: LogisticEstimate, population: Population, names: Sequence[str]
) -> dict[str, tuple[Level, ...] | None]:
    """Return the levels of each variable, None for numbers that are not used as levels."""
    return {name: levels_in(fit, population, name) for name in names}


def variations_of(
    fit: LogisticEstimate, access: Access, population: Population, asked: Mapping[str, Any]
) -> list[Variation]:
    """Return every comparison asked for.

    Raises
    ------
    SupportError
        For steps, pairs or words that do not fit the variable.
    """
    levels = numeric_variables(fit, population, list(asked))
    plain = [name for name, found in levels.items() if found is None and asked[name] is None]
    switches = _switches(population, plain)
    result: list[Variation] = []
    for name, how in asked.items():
        known = levels[name]
        if known is not None:
            result += _of_levels(access, name, how, known)
        elif name in switches:
            result.append(_between(name, 0.0, 1.0, _switch_names(population, name)))
        else:
            result.append(_of_number(access, name, how))
    return result


def _switches(population: Population, names: Sequence[str]) -> set[str]:
    """Return the numbers that are 0 and 1 only."""
    if not names:
        return set()

    def of_piece(piece: Piece) -> _All:
        found = []
        for name in names:
            column = piece.column(name)
            assert isinstance(column, NumberColumn)
            found.append(is_switch(column))
        return _All(tuple(found))

    found = population.total(of_piece).flags
    return {name for name, flag in zip(names, found, strict=True) if flag}


@dataclass(frozen=True, slots=True)
class _All:
    """Flags that hold for all pieces."""

    flags: tuple[bool, ...]

    def __add__(self, other: _All) -> _All:
        return _All(tuple(a and b for a, b in zip(self.flags, other.flags, strict=True)))


def _switch_names(population: Population, name: str) -> tuple[str, str]:
    column = population.first().column(name)
    return ("True", "False") if isinstance(column, NumberColumn) and column.kind == "boolean" else ("1", "0")


def _of_levels(access: Access, name: str, how: Any, levels: tuple[Level, ...]) -> list[Variation]:
    pairs: list[tuple[Level, Level]]
    if how is None or how == "reference":
        pairs = [(levels[0], level) for level in levels[1:]]
    elif isinstance(how, str) and how == "pairwise":
        pairs = list(combinations(levels, 2))
    elif isinstance(how, str) and how == "sequential":
        pairs = list(pairwise(levels))
    elif isinstance(how, Sequence) and not isinstance(how, str) and len(how) == 2:
        where = f"variables[{name!r}]"
        first, second = (value_of(access, name, value, levels, where) for value in how)
        pairs = [(first, second)]
    else:
        raise SupportError(
            f"variables[{name!r}]={how!r} is not supported for levels: use {', '.join(map(repr, PAIRINGS))}, "
            "or two levels (from, to)."
        )
    return [_between(name, a, b, (level_name(b), level_name(a))) for a, b in pairs]


def _of_number(access: Access, name: str, how: Any) -> Variation:
    if isinstance(how, np.generic):
        how = how.item()
    if how is None:
        how = 1.0
    if isinstance(how, str):
        return _move(access, name, how)
    if isinstance(how, Sequence) and len(how) == 2:
        where = f"variables[{name!r}]"
        low, high = (float(value_of(access, name, value, None, where)) for value in how)
        return _between(name, low, high, (f"{high:g}", f"{low:g}"))
    if isinstance(how, bool) or not isinstance(how, Real) or not np.isfinite(float(how)) or not how:
        raise SupportError(
            f"variables[{name!r}]={how!r} is not supported for numbers: use a step that is not 0, two values "
            f"(from, to), or {', '.join(map(repr, MOVES))}."
        )
    return Variation(variable=name, low=None, high=Shift(float(how)), ends=(f"{float(how):+g}",))


def _move(access: Access, name: str, how: str) -> Variation:
    if how not in MOVES:
        raise SupportError(
            f"variables[{name!r}]={how!r} is not supported for numbers: use {', '.join(map(repr, MOVES))}, a "
            "step or two values."
        )
    distribution = access.distribution(name)
    if how == "sd":
        half = float(np.sqrt(distribution.variance())) / 2.0
        return _between(name, distribution.mean - half, distribution.mean + half, ("mean+sd/2", "mean-sd/2"))
    if how == "iqr":
        return _between(name, distribution.quantile(0.25), distribution.quantile(0.75), ("Q3", "Q1"))
    return _between(name, distribution.minimum, distribution.maximum, ("max", "min"))


def _between(name: str, low: Level, high: Level, ends: tuple[str, str]) -> Variation:
    return Variation(variable=name, low=Fixed(low), high=Fixed(high), ends=ends)
