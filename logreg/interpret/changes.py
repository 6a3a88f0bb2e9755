"""Changes of data variables, as a user asks for them: which variables, from where to where, at which values.

Nothing here knows of coefficients: the rows before and after each change are made up in terms of the data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from numbers import Real
from typing import Any

import numpy as np

from logreg.data.source import Level
from logreg.design.ast import Column, columns_of
from logreg.design.coding import CategoricalFactor, NumericFactor
from logreg.design.distribution import Distribution
from logreg.design.outcome import level_name
from logreg.design.spec import DesignSpec
from logreg.errors import SupportError, did_you_mean
from logreg.interpret.effects import Profile, typical_values
from logreg.interpret.grouping import combinations_of

__all__ = ["Change", "Changes", "changes_of", "moves_alone", "partners_of"]

#: Which levels of a factor are compared, by name.
LEVEL_PAIRS = ("reference", "pairwise", "sequential")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a variable; ``unit`` is the increase of a number, ``level`` and ``reference`` name the
    ends where they matter.
    """

    variable: str
    start: Level
    end: Level
    unit: float | None = None
    level: str | None = None
    reference: str | None = None


def partners_of(spec: DesignSpec, variable: str) -> tuple[str, ...]:
    """Return the variables whose values decide what a change of this one does to the logit.

    They share a product of factors, or one expression, with it.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age * smoke + race", logreg.datasets.load("birthwt"))
    >>> partners_of(fit.spec, "smoke"), partners_of(fit.spec, "race")
    (('age',), ())
    """
    found: set[str] = set()
    for coded in spec.coded_terms:
        names = {name for label in coded.labels for name in columns_of(spec.factor[label].expression)}
        if variable in names:
            found |= names
    return tuple(name for name in spec.predictors if name in found - {variable})


def moves_alone(spec: DesignSpec, variable: str) -> bool:
    """Whether a number enters as it stands, once per product: its odds ratio then does not depend on where it
    starts.
    """
    for coded in spec.coded_terms:
        parts = [spec.factor[label] for label in coded.labels]
        touching = [part for part in parts if variable in columns_of(part.expression)]
        plain = [isinstance(p, NumericFactor) and p.expression == Column(variable) for p in touching]
        if len(touching) > 1 or not all(plain):
            return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Changes with the values of all columns before them; ``shown`` are columns whose values a reader must
    see, ``given`` those that were named.
    """

    lines: tuple[tuple[Change, dict[str, Level]], ...]
    shown: tuple[str, ...]
    given: tuple[str, ...]

    def held(self, name: str) -> list[Level | None]:
        """Return the value of a shown column in every line; None where it is what moves, from nowhere in
        particular.
        """
        return [
            None if name == change.variable and name not in self.given else values[name]
            for change, values in self.lines
        ]


def changes_of(
    spec: DesignSpec,
    profiles: Callable[[], Mapping[str, Profile]] | None,
    *,
    variables: str | Sequence[str] | Mapping[str, Sequence[Any]] | None,
    at: Mapping[str, Any] | None,
    unit: str | Mapping[str, float] | None,
    levels: str | None,
    spread: Callable[[str, str], float] | None,
) -> Changes:
    """Return the changes that were asked for; arguments as in
    `logreg.interpret.odds_ratios_at.conditional_odds_ratio_table`.

    Raises
    ------
    SupportError
        For what is not a predictor, values or units that do not fit it, or a predictor without a value where
        typical values are not known.
    """
    pairs = "reference" if levels is None else levels
    if pairs not in LEVEL_PAIRS:
        raise SupportError(f"levels={levels!r} is not supported; use {', '.join(map(repr, LEVEL_PAIRS))}.")
    given = _given_values(spec, at)
    asked = _asked_changes(spec, variables, given)
    known = None if profiles is None else profiles()
    typical = _standing_values(spec, known, given, asked)
    lines = tuple(_lines(spec, known, typical, given, asked, _Units(unit, spread), pairs))
    return Changes(lines=lines, shown=_shown_columns(spec, given, asked), given=tuple(given))


# What was asked for --------------------------------------------------------------------------------------


def _require_predictor(spec: DesignSpec, name: object, argument: str) -> str:
    if not isinstance(name, str) or name not in spec.predictors:
        known = ", ".join(map(repr, spec.predictors)) or "none"
        raise SupportError(
            f"{argument}: {name!r} is not a predictor of the model."
            f"{did_you_mean(str(name), spec.predictors)} Predictors are: {known}."
        )
    return name


def _given_values(spec: DesignSpec, at: Mapping[str, Any] | None) -> dict[str, tuple[Level, ...]]:
    """Return the values of ``at`` as lists."""
    if at is None:
        return {}
    if not isinstance(at, Mapping):
        raise SupportError(f'at={at!r} is not supported; name columns with values, at={{"age": [20, 30]}}.')
    given: dict[str, tuple[Level, ...]] = {}
    for name, values in at.items():
        if name not in spec.offset_columns:
            _require_predictor(spec, name, "at=")
        one = isinstance(values, str) or not isinstance(values, Iterable)
        listed = tuple(map(_plain, [values] if one else list(values)))
        if not listed or any(value is None or value != value for value in listed):
            raise SupportError(f"at=: {name!r} needs one value or more, none of them missing.")
        given[name] = listed
    return given


def _plain(value: Any) -> Level:
    """Return a numpy scalar as the Python number it stands for."""
    found: Level = value.item() if isinstance(value, np.generic) else value
    return found


def _asked_changes(
    spec: DesignSpec,
    variables: str | Sequence[str] | Mapping[str, Sequence[Any]] | None,
    given: Mapping[str, Sequence[Level]],
) -> dict[str, tuple[Level, Level] | None]:
    """Return the variables to change, with (from, to) where that was said."""
    if variables is None:
        return dict.fromkeys(name for name in spec.predictors if name not in given)
    if isinstance(variables, str):
        variables = [variables]
    asked: dict[str, tuple[Level, Level] | None] = {}
    for name in variables:
        _require_predictor(spec, name, "variables=")
        asked[name] = None
        if not isinstance(variables, Mapping):
            continue
        ends = variables[name]
        if isinstance(ends, str) or not isinstance(ends, Sequence) or len(ends) != 2:
            raise SupportError(
                f"variables=: {name!r} needs two values, (from, to), got {ends!r}. The size of a step goes "
                "into unit=."
            )
        if name in given:
            raise SupportError(f"{name!r} changes from {ends[0]!r} to {ends[1]!r}: leave it out of at=.")
        asked[name] = (_plain(ends[0]), _plain(ends[1]))
    return asked


def _standing_values(
    spec: DesignSpec,
    known: Mapping[str, Profile] | None,
    given: Mapping[str, Sequence[Level]],
    asked: Mapping[str, tuple[Level, Level] | None],
) -> dict[str, Level]:
    """Return where variables stand that no one named."""
    if known is not None:
        return {held.name: held.value for held in typical_values(spec, known)}
    # An offset given as an array cancels in every difference; its column needs some number.
    standing: dict[str, Level] = {name: 0.0 for name in spec.offset_columns if name in spec.user_columns}
    levels = {name: found for name in spec.predictors if (found := _factor_of(spec, name)) is not None}
    standing |= {name: factor.levels[0] for name, factor in levels.items()}
    needed = dict.fromkeys((*spec.predictors, *spec.offset_columns))
    fixed = {name for name, ends in asked.items() if ends is not None or name in levels}
    lacking = [
        name
        for name in needed
        if name not in given
        and name not in fixed
        and (name not in standing or any(name in partners_of(spec, v) for v in asked))
    ]
    if lacking:
        raise SupportError(
            "a loaded model holds no rows of the data, so that typical values are not known: give "
            f"{', '.join(map(repr, lacking))} a value in at=."
        )
    return standing


def _shown_columns(
    spec: DesignSpec, given: Mapping[str, Sequence[Level]], asked: Mapping[str, object]
) -> tuple[str, ...]:
    """Return the columns whose values a reader must see: those that were named, and those that matter."""
    matter = {partner for name in asked for partner in partners_of(spec, name)}
    rest = tuple(name for name in spec.predictors if name in matter and name not in given)
    return (*given, *rest)


# Changes -------------------------------------------------------------------------------------------------


class _Units:
    """How far each number moves."""

    def __init__(
        self, unit: str | Mapping[str, float] | None, spread: Callable[[str, str], float] | None
    ) -> None:
        if not (
            unit is None or isinstance(unit, Mapping) or (isinstance(unit, str) and unit in ("sd", "iqr"))
        ):
            raise SupportError(f"unit={unit!r} is not supported; use 'sd', 'iqr' or a number per variable.")
        if isinstance(unit, str) and spread is None:
            raise SupportError(
                f"unit={unit!r} needs the data, which a loaded model does not hold. Give numbers per "
                "variable."
            )
        self.unit, self.spread = unit, spread

    def of(self, name: str) -> float:
        """Return the increase of one variable."""
        if isinstance(self.unit, str):
            assert self.spread is not None
            return self.spread(name, self.unit)
        value = 1.0 if self.unit is None else self.unit.get(name, 1.0)
        if (
            isinstance(value, bool)
            or not isinstance(value, Real)
            or not np.isfinite(float(value))
            or not value
        ):
            raise SupportError(f"unit: {name!r} needs a finite number that is not 0, got {value!r}.")
        return float(value)

    def refuse_others(self, numbers: Sequence[str]) -> None:
        """Refuse units of what is not a number that changes by a step."""
        for name in self.unit if isinstance(self.unit, Mapping) else ():
            if name not in numbers:
                raise SupportError(
                    f"unit: {name!r} is not a numeric variable that changes by a step here."
                    f"{did_you_mean(str(name), numbers)} Such variables are: "
                    f"{', '.join(map(repr, numbers)) or 'none'}."
                )


def _factor_of(spec: DesignSpec, name: str) -> CategoricalFactor | None:
    """Return the factor that a column is used as, None for one used as a number."""
    return next((factor for factor in spec.categorical() if factor.expression == Column(name)), None)


def _lines(
    spec: DesignSpec,
    known: Mapping[str, Profile] | None,
    typical: Mapping[str, Level],
    given: Mapping[str, Sequence[Level]],
    asked: Mapping[str, tuple[Level, Level] | None],
    units: _Units,
    levels: str,
) -> Iterator[tuple[Change, dict[str, Level]]]:
    """Yield every change with the values of all columns before it."""
    numbers = []
    for name, ends in asked.items():
        labels = None if ends is not None else _labels_of(spec, known, name)
        if labels is not None and name in given:
            raise SupportError(f"{name!r} is compared level by level: leave it out of at=.")
        if labels is None and ends is None:
            numbers.append(name)
        for chosen in combinations_of(given):
            values = {**typical, **chosen}
            if ends is not None:
                changes = [_between(name, *ends)]
            elif labels is not None:
                changes = [
                    Change(variable=name, start=a, end=b, level=level_name(b), reference=level_name(a))
                    for a, b in _pairs(labels, levels)
                ]
            else:
                start = values[name] if name in given else _start_of(known, name, typical)
                changes = [_step(spec, name, start, units.of(name))]
            for change in changes:
                yield change, values | {name: change.start}
    units.refuse_others(numbers)


def _labels_of(spec: DesignSpec, known: Mapping[str, Profile] | None, name: str) -> tuple[Level, ...] | None:
    """Return the levels of a variable, its reference first; None for a number."""
    factor = _factor_of(spec, name)
    if factor is not None:
        first = factor.reference if factor.contrast == "treatment" else factor.levels[0]
        return (first, *(level for level in factor.levels if level != first))
    profile = None if known is None else known[name]
    if profile is None or isinstance(profile, Distribution):
        return None
    return tuple(sorted(profile, key=str))


def _pairs(labels: Sequence[Level], levels: str) -> Iterable[tuple[Level, Level]]:
    if levels == "pairwise":
        return combinations(labels, 2)
    return pairwise(labels) if levels == "sequential" else ((labels[0], other) for other in labels[1:])


def _start_of(known: Mapping[str, Profile] | None, name: str, typical: Mapping[str, Level]) -> Level:
    """Return where a number starts: a switch at 0, others at their mean."""
    profile = None if known is None else known[name]
    if isinstance(profile, Distribution) and profile.values.tolist() == [0.0, 1.0]:
        return 0.0
    return typical[name]


def _step(spec: DesignSpec, name: str, start: Level, unit: float) -> Change:
    if isinstance(start, str):
        raise SupportError(f"at=: {name!r} is a number, got {start!r}.")
    if moves_alone(spec, name):
        return Change(variable=name, start=start, end=start + unit, unit=unit)
    return Change(
        variable=name,
        start=start,
        end=start + unit,
        unit=unit,
        level=level_name(start + unit),
        reference=level_name(start),
    )


def _between(name: str, start: Level, end: Level) -> Change:
    numbers = not isinstance(start, str | bool) and not isinstance(end, str | bool)
    return Change(
        variable=name,
        start=start,
        end=end,
        unit=float(end) - float(start) if numbers else None,
        level=level_name(end),
        reference=level_name(start),
    )
