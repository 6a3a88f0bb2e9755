"""A nomogram: the model as scales of points that add up to a total, which gives a probability.

The points of a variable are its part of the logit, counted from its least and stretched such that the
variable with the widest part runs from 0 to 100 (Harrell 2015, *Regression Modeling Strategies*, 2nd ed., and
the ``nomogram`` function of his R package rms). Parts come from predictions of the fit, so that every
transform of a single variable is read as a whole; where it turns, each stretch between turns has a scale of
its own. Factors that act jointly with each other, or with one number, get a scale for every combination of
the others' levels. Two numbers that act jointly cannot be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import Level
from logreg.design.ast import columns_of
from logreg.design.distribution import Distribution
from logreg.design.spec import DesignSpec
from logreg.errors import SupportError, did_you_mean
from logreg.interpret.effects import Profile, why_no_effects
from logreg.report.calculator import CalculatorInput, calculator_model, choices_of, starting_values
from logreg.report.context import Context
from logreg.report.formats import REPORT, NumberStyle, shortest, significant, visible
from logreg.report.words import event_text

__all__ = ["MOST_POINTS", "Nomogram", "PointScale", "nomogram_of", "number_text", "round_numbers"]

FloatArray = NDArray[np.float64]

#: Points of the variable whose part of the logit is the widest.
MOST_POINTS = 100.0
#: Where a number is looked at to find where its part turns.
GRID = 201
#: Points by which a number's part must turn back to get another scale; less cannot be read.
TURN = 1.0
#: More scales for the same variables than this are not read.
MOST_COMBINATIONS = 12
#: More levels than this have no room on a scale.
MOST_LEVELS = 15
#: More scales than this do not fit on a page.
MOST_SCALES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class PointScale:
    """A scale of one variable: values with their points, in the order of the values.

    ``held`` says at which levels of other variables it holds; ``ends`` are the points between which it runs.
    """

    variable: str
    label: str
    held: str
    values: tuple[Level, ...]
    texts: tuple[str, ...]
    points: tuple[float, ...]
    ends: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nomogram:
    """The scales, and the way from total points to the logit: ``base + per_point * total``.

    ``most`` is the largest total. ``outcome`` is what the logit is about, against ``baseline``; with more
    than two outcomes it gives odds against the baseline, from which alone no probability follows. ``style``
    is how numbers are written.
    """

    outcome: str
    baseline: str
    is_binary: bool
    scales: tuple[PointScale, ...]
    base: float
    per_point: float
    most: float
    style: NumberStyle = REPORT

    def total_of_logit(self, logit: float) -> float:
        """Return the total points that belong to a logit."""
        return (logit - self.base) / self.per_point


def nomogram_of(context: Context, profiles: Mapping[str, Profile], outcome: object = None) -> Nomogram:
    """Return the nomogram of a fit.

    Parameters
    ----------
    context : Context
    profiles : mapping
        Data column to what it looks like, from ``fit.profiles()``.
    outcome : level, optional
        The outcome against the baseline; needed where there are more than two.

    Raises
    ------
    SupportError
        For a loaded model, an outcome that is missing or unknown, infinite coefficients, variables that act
        jointly in more ways than scales can show, or a model whose logit does not move.

    Examples
    --------
    >>> import logreg
    >>> from logreg.report.context import context_of
    >>> fit = logreg.fit("low ~ lwt + smoke", logreg.datasets.load("birthwt"))
    >>> nomogram = nomogram_of(context_of(fit), fit.profiles())
    >>> [(scale.variable, round(max(scale.points))) for scale in nomogram.scales]
    [('lwt', 100), ('smoke', 30)]
    """
    fit, spec = context.fit, context.fit.spec
    objection = why_no_effects(spec, has_rows=bool(profiles))
    if objection:
        raise SupportError(f"there is no nomogram: {objection}.")
    equation = _equation(spec, outcome)
    if fit.separation.direction is not None:
        raise SupportError(
            "there is no nomogram: the outcome is separated, and infinite coefficients have no points. Fit "
            'the model with estimator="firth".'
        )
    start = starting_values(spec, profiles)
    inputs = dict(zip(start, calculator_model(context, profiles).inputs, strict=True))
    grids = [_grid(spec, group, inputs, start, profiles) for group in _groups(spec, tuple(start))]
    at_start, parts = _predicted(context, grids, start, equation)
    widest = max(float(np.ptp(part.everything)) for part in parts)
    if not widest > 0.0:
        raise SupportError("there is no nomogram: no variable moves the logit.")
    per_point = widest / MOST_POINTS
    scales = tuple(scale for part in parts for scale in part.scales(per_point))
    if len(scales) > MOST_SCALES:
        raise SupportError(
            f"there is no nomogram: it would have {len(scales)} scales, more than the {MOST_SCALES} that a "
            "page holds."
        )
    names = spec.outcome.names
    return Nomogram(
        outcome=visible(event_text(fit, context.outcome_heading, names[equation + 1])),
        baseline=visible(names[0]),
        is_binary=fit.is_binary,
        scales=scales,
        base=at_start + sum(float(part.everything.min()) - at_start for part in parts),
        per_point=per_point,
        most=sum(float(np.ptp(part.everything)) for part in parts) / per_point,
        style=context.style,
    )


def _equation(spec: DesignSpec, outcome: object) -> int:
    modelled = spec.outcome.modelled
    if outcome is None and len(modelled) == 1:
        return 0
    listed = ", ".join(map(repr, modelled))
    if outcome is None:
        raise SupportError(f"a nomogram is about one outcome: give outcome=, one of {listed}.")
    for k, name in enumerate(modelled):
        if outcome == name or outcome == spec.outcome.levels[k + 1]:
            return k
    raise SupportError(
        f"outcome={outcome!r} has no logit of its own; those with one are {listed}."
        f"{did_you_mean(str(outcome), modelled)}"
    )


# Parts of the logit --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Grid:
    """The records of one group of variables, the others at their start.

    ``rows`` go along the ``values`` of ``variable`` at every combination of the others, which ``helds`` tell
    in words; ``ticks`` are the values of a number that get a mark.
    """

    variable: CalculatorInput
    values: tuple[Level, ...]
    ticks: frozenset[float]
    helds: tuple[str, ...]
    rows: Mapping[str, Sequence[Level]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """The logits (combinations, values) of a grid."""

    grid: _Grid
    everything: FloatArray
    style: NumberStyle

    def scales(self, per_point: float) -> Iterator[PointScale]:
        """Yield the scales: one per combination, and per stretch of a number between turns."""
        grid = self.grid
        lowest = float(self.everything.min())
        for held, logits in zip(grid.helds, self.everything, strict=True):
            points = (logits - lowest) / per_point
            if grid.variable.choices is not None:
                yield self._scale(held, range(len(grid.values)), grid.variable.choices, points)
                continue
            for first, last in _stretches(points):
                marked = [
                    k for k in range(first, last + 1) if k in (first, last) or grid.values[k] in grid.ticks
                ]
                ends = (0, len(grid.values) - 1)
                texts = [
                    number_text(
                        float(grid.values[k]),
                        self.style,
                        4 if k in ends or grid.values[k] in grid.ticks else 3,
                    )
                    for k in marked
                ]
                yield self._scale(held, marked, texts, points, first, last)

    def _scale(
        self,
        held: str,
        marked: Sequence[int],
        texts: Sequence[str],
        points: FloatArray,
        first: int = 0,
        last: int = -1,
    ) -> PointScale:
        run = points[first : None if last < 0 else last + 1]
        return PointScale(
            variable=self.grid.variable.name,
            label=self.grid.variable.label,
            held=held,
            values=tuple(self.grid.values[k] for k in marked),
            texts=tuple(texts),
            points=tuple(float(points[k]) for k in marked),
            ends=(float(run.min()), float(run.max())),
        )


def _groups(spec: DesignSpec, names: Sequence[str]) -> list[list[str]]:
    """Return the variables in groups: those that share a term act jointly."""
    groups = [{name} for name in names]
    for coded in spec.coded_terms:
        shared = {name for label in coded.labels for name in columns_of(spec.factor[label].expression)}
        groups = _joined(groups, shared)
    for offset in spec.offsets:
        groups = _joined(groups, set(columns_of(offset)))
    return sorted((sorted(group, key=names.index) for group in groups), key=lambda g: names.index(g[0]))


def _joined(groups: list[set[str]], shared: set[str]) -> list[set[str]]:
    touching = [group for group in groups if group & shared]
    return [*(group for group in groups if not group & shared), set().union(*touching)]


def _grid(
    spec: DesignSpec,
    group: Sequence[str],
    inputs: Mapping[str, CalculatorInput],
    start: Mapping[str, Level],
    profiles: Mapping[str, Profile],
) -> _Grid:
    """Go along the variable of a group that gets the scale, at every combination of the others."""
    numbers = [name for name in group if inputs[name].choices is None]
    if len(numbers) > 1:
        raise SupportError(
            f"there is no nomogram: {' and '.join(map(repr, numbers))} act jointly, and a scale shows one "
            "number."
        )
    levels = {name: choices_of(spec, name, profiles[name]) or () for name in group if name not in numbers}
    crowded = next((name for name in levels if len(levels[name]) > MOST_LEVELS), None)
    if crowded is not None:
        raise SupportError(
            f"there is no nomogram: {crowded!r} has {len(levels[crowded])} levels, more than the "
            f"{MOST_LEVELS} that a scale has room for."
        )
    main = numbers[0] if numbers else max(group, key=lambda name: len(levels[name]))
    others = [name for name in group if name != main]
    combinations = list(product(*(range(len(levels[name])) for name in others)))
    if len(combinations) > MOST_COMBINATIONS:
        raise SupportError(
            f"there is no nomogram: {', '.join(map(repr, group))} act jointly in {len(combinations)} "
            f"combinations, more than {MOST_COMBINATIONS}."
        )
    ticks = frozenset[float]()
    values: tuple[Level, ...] = levels.get(main, ())
    if main in numbers:
        low, high = inputs[main].low, inputs[main].high
        assert low is not None
        assert high is not None
        known = profiles[main]
        whole = isinstance(known, Distribution) and bool(np.all(known.values == np.rint(known.values)))
        ticks = frozenset(round_numbers(low, high, whole=whole))
        values = tuple(sorted({*np.linspace(low, high, GRID).tolist(), *ticks}))
    rows: dict[str, list[Level]] = {name: [] for name in start}
    for combination in combinations:
        at = {name: levels[name][k] for name, k in zip(others, combination, strict=True)}
        for name, column in rows.items():
            column += list(values) if name == main else [at.get(name, start[name])] * len(values)
    return _Grid(
        variable=inputs[main],
        values=values,
        ticks=ticks,
        helds=tuple(
            ", ".join(
                f"{inputs[name].label} {(inputs[name].choices or ())[k]}"
                for name, k in zip(others, combination, strict=True)
            )
            for combination in combinations
        ),
        rows=rows,
    )


def _predicted(
    context: Context, grids: Sequence[_Grid], start: Mapping[str, Level], equation: int
) -> tuple[float, list[_Part]]:
    """Return the logit at the start, and those of all grids, predicted at once."""
    rows = {
        name: [value, *(one for grid in grids for one in grid.rows[name])] for name, value in start.items()
    }
    logits = context.fit.logits(rows).to_numpy(dtype=float)[:, equation]
    sizes = [len(grid.helds) * len(grid.values) for grid in grids]
    pieces = np.split(logits[1:], np.cumsum(sizes)[:-1])
    parts = [
        _Part(grid=grid, everything=piece.reshape(len(grid.helds), -1), style=context.style)
        for grid, piece in zip(grids, pieces, strict=True)
    ]
    return float(logits[0]), parts


def _stretches(points: FloatArray) -> Iterator[tuple[int, int]]:
    """Yield the first and last place of every stretch between turns of more than `TURN` points."""
    first, extreme, direction = 0, 0, 0.0
    for k in range(1, len(points)):
        move = points[k] - points[extreme]
        if direction == 0.0:
            direction = float(np.sign(points[k] - points[0])) if abs(points[k] - points[0]) > TURN else 0.0
            extreme = k
        elif move * direction >= 0.0:
            extreme = k
        elif abs(move) > TURN:
            yield first, extreme
            first, extreme, direction = extreme, k, -direction
    yield first, len(points) - 1


def round_numbers(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Return round numbers between two, about eight."""
    from matplotlib.ticker import MaxNLocator

    found = MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=whole).tick_values(low, high)
    return [float(f"{tick:.12g}") for tick in np.asarray(found).tolist() if low <= tick <= high]


def number_text(value: float, style: NumberStyle = REPORT, digits: int = 4) -> str:
    """Return a number of a scale, with the digits it needs and no more than some."""
    return shortest(value, style, digits=digits) if abs(value) < 1e4 else significant(value, style)
