"""Predictions along one variable, the others held at typical values.

The design does the rest: a variable that occurs in several terms (interactions, polynomials, splines) moves
in all of them at once, so that its effect is read as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from logreg.design.ast import Column
from logreg.design.distribution import Distribution
from logreg.errors import SupportError, did_you_mean
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

    from logreg.data.source import Level
    from logreg.design.spec import DesignSpec

__all__ = [
    "Effect",
    "Held",
    "Profile",
    "Scale",
    "effect_of",
    "typical_values",
    "values_along",
    "why_no_effects",
]

#: What is predicted: probabilities of all outcomes, or odds and logits of each against the baseline.
Scale = Literal["probability", "odds", "logit"]

#: A column of numbers by its exact distribution, a column of labels by how often each level occurs.
Profile = Distribution | Mapping[Any, float]

#: Points along a number: enough for a curve that looks smooth in print.
CURVE_POINTS = 61
#: A curve runs between these quantiles: beyond them a few rows would set the frame.
CURVE_ENDS = (0.01, 0.99)


class Fitted(Protocol):
    """What an effect needs of a fit."""

    @property
    def spec(self) -> DesignSpec:
        """The frozen design."""
        ...

    def probabilities(
        self, data: Any = None, interval: bool = False, confidence: float | None = None
    ) -> pd.DataFrame:
        """Return probabilities of all outcomes."""
        ...

    def odds(
        self, data: Any = None, interval: bool = False, versus: Any = None, confidence: float | None = None
    ) -> pd.DataFrame:
        """Return odds against the baseline."""
        ...

    def logits(
        self, data: Any = None, interval: bool = False, versus: Any = None, confidence: float | None = None
    ) -> pd.DataFrame:
        """Return logits against the baseline."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A variable that stays where it is: ``how`` says why there."""

    name: str
    value: Level
    how: Literal["mean", "most frequent", "given"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effect:
    """Predictions along one variable, on the scale of probabilities, odds or logits.

    ``kind`` is "curve" along a number, "levels" at each level of a factor or of a number with two values.
    ``frame`` has the columns ``value, outcome, estimate, std_error, conf_low, conf_high``, values first;
    ``marks`` are the values worth quoting: both ends and the median of a curve, every level.
    """

    variable: str
    kind: Literal["curve", "levels"]
    values: tuple[Level, ...]
    marks: tuple[Level, ...]
    held: tuple[Held, ...]
    frame: pd.DataFrame
    scale: Scale = "probability"

    @property
    def has_intervals(self) -> bool:
        """Whether any prediction has an interval; those of penalised fits have none."""
        return bool(self.frame["conf_low"].notna().any())

    def of_outcome(self, outcome: str) -> pd.DataFrame:
        """Return the rows of one outcome."""
        return self.frame[self.frame["outcome"] == outcome]

    def quoted(self, outcome: str) -> dict[Level, tuple[float, float, float]]:
        """Return (estimate, low, high) of one outcome at the values worth quoting."""
        rows = self.of_outcome(outcome)
        columns = (rows[name].tolist() for name in ("value", "estimate", "conf_low", "conf_high"))
        found = {value: (p, low, high) for value, p, low, high in zip(*columns, strict=True)}
        return {value: found[value] for value in self.marks}


def why_no_effects(spec: DesignSpec, *, has_rows: bool) -> str:
    """Return why probabilities along a variable cannot be shown; "" if they can."""
    if not spec.predictors:
        return "the model has no predictors"
    if not has_rows:
        return "the model was loaded from a file and holds no rows, so that typical values are not known"
    if any(name in spec.user_columns for name in spec.offset_columns):
        return "the offset was given as an array, which has no value for rows that are made up"
    return ""


def typical_values(spec: DesignSpec, profiles: Mapping[str, Profile]) -> tuple[Held, ...]:
    """Return a typical value of every predictor and offset column, in the order of the formula.

    Labels, numbers used as levels and numbers with the values 0 and 1 only stand at what occurs most often
    (the first in level order on ties), other numbers at their mean.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> [(held.name, round(held.value, 1) if held.how == "mean" else held.value)
    ...  for held in typical_values(fit.spec, fit.profiles())]
    [('age', 23.2), ('smoke', 'no')]
    """
    names = dict.fromkeys((*spec.predictors, *spec.offset_columns))
    return tuple(_typical(name, _levels_of(spec, name), profiles[name]) for name in names)


def _typical(name: str, levels: tuple[Level, ...] | None, profile: Profile) -> Held:
    if isinstance(profile, Distribution):
        if levels is None and not _is_switch(profile):
            return Held(name=name, value=profile.mean, how="mean")
        best = int(np.argmax(profile.counts))
        return Held(name=name, value=float(profile.values[best]), how="most frequent")
    known = levels or tuple(profile)
    return Held(name=name, value=max(known, key=lambda level: profile.get(level, 0.0)), how="most frequent")


def _is_switch(profile: Distribution) -> bool:
    return profile.values.tolist() in ([0.0, 1.0], [0.0], [1.0])


def _levels_of(spec: DesignSpec, name: str) -> tuple[Level, ...] | None:
    """Return the levels of a column that is used as a factor, None for one that is used as a number."""
    for factor in spec.categorical():
        if factor.expression == Column(name):
            return factor.levels
    return None


def values_along(
    spec: DesignSpec, name: str, profile: Profile
) -> tuple[Literal["curve", "levels"], tuple[Level, ...]]:
    """Return the values a variable runs through: its levels, or equal steps between its 1st and 99th
    percentile.

    Where these coincide the curve runs from the minimum to the maximum.
    """
    levels = _levels_of(spec, name)
    if levels is not None:
        return "levels", levels
    if not isinstance(profile, Distribution):
        return "levels", tuple(sorted(profile, key=str))
    if len(profile.values) <= 2:
        return "levels", tuple(profile.values.tolist())
    low, high = (profile.quantile(p) for p in CURVE_ENDS)
    if low == high:
        low, high = profile.minimum, profile.maximum
    return "curve", tuple(np.linspace(low, high, CURVE_POINTS).tolist())


def effect_of(
    fit: Fitted,
    variable: str,
    profiles: Mapping[str, Profile],
    *,
    confidence: float | None = None,
    scale: Scale = "probability",
    at: Mapping[str, Level] | None = None,
) -> Effect:
    """Return predictions along one variable, the others held still.

    Parameters
    ----------
    fit : LogisticFit
        Predicts for rows that are made up here.
    variable : str
        A data column among the predictors.
    profiles : mapping
        Column to its distribution, from ``fit.profiles()``.
    confidence : float, optional
        The fit's own level if not given.
    scale : {"probability", "odds", "logit"}
        Probabilities of every outcome, or odds or logits of all but the baseline against it.
    at : mapping, optional
        Where to hold variables that shall not stand at a typical value.

    Raises
    ------
    SupportError
        If the variable, or one to hold, is not a predictor, or for an unknown scale.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> effect = effect_of(fit, "smoke", fit.profiles())
    >>> effect.of_outcome("1")[["value", "estimate"]].round(3).values.tolist()
    [['no', 0.251], ['yes', 0.4]]
    """
    spec = fit.spec
    at = {} if at is None else at
    for name in (variable, *at):
        if name not in spec.predictors:
            known = ", ".join(map(repr, spec.predictors)) or "none"
            raise SupportError(
                f"{name!r} is not a predictor of the model.{did_you_mean(name, spec.predictors)} "
                f"Predictors are: {known}."
            )
    held = tuple(
        Held(name=one.name, value=at[one.name], how="given") if one.name in at else one
        for one in typical_values(spec, profiles)
        if one.name != variable
    )
    kind, values = values_along(spec, variable, profiles[variable])
    quoted = _quoted_values(kind, values, profiles[variable])
    along = tuple(dict.fromkeys((*values, *quoted)))
    verbs: dict[str, Callable[..., pd.DataFrame]] = {
        "probability": fit.probabilities,
        "odds": fit.odds,
        "logit": fit.logits,
    }
    if scale not in verbs:
        raise SupportError(f"scale={scale!r} is not supported; use {', '.join(map(repr, verbs))}.")
    found = verbs[scale](_grid(variable, along, held), interval=True, confidence=confidence)
    n_outcomes = len(spec.outcome.names) - (scale != "probability")
    found["value"] = np.repeat(np.array([*along, None], dtype=object)[:-1], n_outcomes)
    shown = ["value", "outcome", "estimate", "std_error", "conf_low", "conf_high"]
    return Effect(
        variable=variable,
        kind=kind,
        values=values,
        marks=quoted,
        held=held,
        frame=table({name: found[name].to_numpy() for name in shown}),
        scale=scale,
    )


def _quoted_values(kind: str, values: Sequence[Level], profile: Profile) -> tuple[Level, ...]:
    if kind == "levels" or not isinstance(profile, Distribution):
        return tuple(values)
    middle = min(max(profile.median, float(values[0])), float(values[-1]))
    return tuple(dict.fromkeys((values[0], middle, values[-1])))


def _grid(variable: str, values: Sequence[Level], held: Sequence[Held]) -> dict[str, Any]:
    """Return a table as a dictionary: one column runs, the others stand still."""
    return {variable: list(values)} | {one.name: [one.value] * len(values) for one in held}
