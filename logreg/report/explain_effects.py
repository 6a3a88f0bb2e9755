"""Average differences in probability, in sentences: what an odds ratio does not say.

They are average comparisons (``fit.comparisons``): every record of the fit with the variable at one value,
less the same records with it at the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from logreg.data.source import Level
from logreg.design.ast import Column, columns_of
from logreg.design.coding import CategoricalFactor
from logreg.design.distribution import Distribution
from logreg.design.outcome import level_name
from logreg.interpret.effects import Profile
from logreg.report.context import Context, Numbers, step_text
from logreg.report.formats import NumberStyle, fixed, shortest
from logreg.report.outline import Line, level_text
from logreg.report.words import event_text

__all__ = [
    "NO_CLEAR_IN_PROBABILITY",
    "AverageDifference",
    "Move",
    "Probabilities",
    "change_text",
    "contrary_sentence",
    "difference_sentence",
    "difference_text",
    "differences_in",
    "is_contrary",
    "levels_of",
    "part_text",
    "quartiles",
    "value_text",
]

#: How a sentence begins whose interval of the average difference holds 0.
NO_CLEAR_IN_PROBABILITY = "No clear difference in probability"
#: Over what differences are averaged.
AVERAGE = "On average over the records"
#: Quantiles between which a number moves where a step of 1 has no meaning of its own.
QUARTILES = (0.25, 0.75)


@dataclass(frozen=True, slots=True, kw_only=True)
class AverageDifference:
    """The average difference in the probability of one outcome, with its interval and test."""

    outcome: str
    estimate: float
    std_error: float
    low: float
    high: float
    p_value: float

    @property
    def has_interval(self) -> bool:
        """Whether there is an interval."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0.0 or self.high < 0.0

    def of_other(self, outcome: str) -> AverageDifference:
        """Return the difference of the other one of two outcomes: as large, the other way."""
        return replace(self, outcome=outcome, estimate=-self.estimate, low=-self.high, high=-self.low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change of one data variable: a step from where each record is, or from one value to another."""

    variable: str
    step: float | None = None
    start: Level | None = None
    end: Level | None = None

    @property
    def how(self) -> Any:
        """What ``fit.comparisons`` is asked for."""
        return self.step if self.step is not None else (self.start, self.end)


def value_text(value: Level, style: NumberStyle) -> str:
    """Return a value as it stands in a sentence.

    Examples
    --------
    >>> from logreg.report.formats import PLAIN
    >>> value_text(110.0, PLAIN), value_text(23.25, PLAIN), value_text("white", PLAIN)
    ('110', '23.25', 'white')
    """
    return shortest(value, style) if isinstance(value, float) else level_text(value)


@dataclass(frozen=True, kw_only=True)
class Probabilities:
    """Average differences of a fit on demand; without rows there are none."""

    context: Context

    @property
    def why_not(self) -> str:
        """Why there are no average differences; "" if there are."""
        if self.context.fit.source is None:
            return "the model was loaded from a file and holds no records to average over"
        return ""

    @property
    def profiles(self) -> Mapping[str, Profile]:
        """What each predictor looks like in the rows used."""
        return self.context.profiles

    def move_of(self, line: Line, numbers: Numbers) -> Move | None:
        """Return the change of a data variable that a line of the table is about; None if it is about none.

        A number inside a function moves between its quartiles, one with the values 0 and 1 from 0 to 1.
        """
        spec = self.context.fit.spec
        labels = [coded.labels for coded in spec.coded_terms if coded.term == line.term]
        if line.joint or line.kind not in ("number", "level") or len(labels) != 1 or len(labels[0]) != 1:
            return None
        part = spec.factor[labels[0][0]]
        if isinstance(part, CategoricalFactor):
            return self._of_level(part, line)
        names = columns_of(part.expression)
        profile = self.profiles[names[0]] if len(names) == 1 else None
        if not isinstance(profile, Distribution):
            return None
        if profile.values.tolist() == [0.0, 1.0]:
            return Move(variable=names[0], start=0.0, end=1.0)
        if part.expression == Column(names[0]):
            return Move(variable=names[0], step=1.0 if numbers.unit is None else numbers.unit)
        low, high = quartiles(profile)
        return Move(variable=names[0], start=low, end=high) if low < high else None

    @staticmethod
    def _of_level(part: CategoricalFactor, line: Line) -> Move | None:
        named = {level_text(level): level for level in part.levels}
        if part.contrast != "treatment" or not line.reference or not isinstance(part.expression, Column):
            return None
        return Move(variable=part.expression.name, start=named[line.reference], end=named[line.level])

    def ratios(self, line: Line, move: Move) -> list[tuple[str, float, bool]]:
        """Return, for each outcome with a logit, the odds ratio of a move and whether it is clear.

        A number inside a function may fall where the function rises: its odds ratio is that of the move.
        """
        context = self.context
        plain = any(line.name == name for name in context.fit.spec.predictors)
        if line.kind == "level" or plain:
            assert line.position is not None
            of_line = [found[line.position] for found in context.numbers]
            return [(o, n.ratio, n.is_clear) for o, n in zip(context.outcomes, of_line, strict=True)]
        found = context.fit.odds_ratios(
            variables={move.variable: move.how},
            versus=context.versus,
            confidence=context.confidence,
            interval=context.interval,
        ).to_dict("records")
        return [
            (outcome, row["odds_ratio"], row["conf_low"] > 1.0 or row["conf_high"] < 1.0)
            for outcome, row in zip(context.outcomes, found, strict=True)
        ]

    def of(self, moves: Sequence[Move]) -> dict[Move, tuple[AverageDifference, ...]]:
        """Return the average differences of each move, outcome by outcome; few passes over the rows."""
        result: dict[Move, tuple[AverageDifference, ...]] = {}
        waiting = [] if self.why_not else list(dict.fromkeys(moves))
        every_level = True
        while waiting:
            # One call moves every variable in one way: at first, each level against the reference.
            asked = {
                move.variable: None if every_level and self._is_between_levels(move) else move.how
                for move in reversed(waiting)
            }
            lines = self.context.fit.comparisons(asked, confidence=self.context.confidence).to_dict("records")
            for move in waiting:
                how = asked[move.variable]
                if how is None or how == move.how:
                    rows = [line for line in lines if _is_about(line, move, any_contrast=how is not None)]
                    result |= {move: differences_in(rows)} if rows else {}
            waiting = [move for move in waiting if move not in result]
            every_level = False
        return result

    def _is_between_levels(self, move: Move) -> bool:
        """Whether a move is one between levels of a factor."""
        factors = (part.expression for part in self.context.fit.spec.categorical())
        return move.step is None and Column(move.variable) in factors


def _is_about(line: Mapping[Any, Any], move: Move, *, any_contrast: bool) -> bool:
    """Whether a line of ``fit.comparisons`` is about a move."""
    if line["variable"] != move.variable:
        return False
    if any_contrast:
        return True
    assert move.start is not None
    assert move.end is not None
    return bool(line["contrast"] == f"{level_name(move.end)} - {level_name(move.start)}")


def quartiles(profile: Distribution) -> tuple[float, float]:
    """Return the quartiles as they are shown, the ends where they coincide."""
    low, high = (_shown(profile.quantile(q)) for q in QUARTILES)
    if low == high:
        low, high = _shown(profile.minimum), _shown(profile.maximum)
    return low, high


def _shown(value: float) -> float:
    """Return a number with the digits a sentence shows, so that the sentence is about the number it names."""
    return float(f"{value:.4g}")


def differences_in(rows: Iterable[Mapping[Any, Any]]) -> tuple[AverageDifference, ...]:
    """Read lines of ``fit.comparisons``."""
    return tuple(
        AverageDifference(
            outcome=level_text(row["outcome"]),
            estimate=float(row["estimate"]),
            std_error=float(row["std_error"]),
            low=float(row["conf_low"]),
            high=float(row["conf_high"]),
            p_value=float(row["p_value"]),
        )
        for row in rows
    )


# Sentences -----------------------------------------------------------------------------------------------


def difference_text(context: Context, found: AverageDifference) -> str:
    """Return a difference with its interval: 15.3 percentage points higher (95% CI 1.6 to 29.0 higher)."""
    return f"{_size(found, context.style)} {_interval(context, found)}"


def _size(found: AverageDifference, style: NumberStyle) -> str:
    if found.estimate == 0.0:
        return "the same"
    return f"{_points(found.estimate, style)} percentage points {_way(found.estimate)}"


def _interval(context: Context, found: AverageDifference) -> str:
    if not found.has_interval:
        return "(no interval)"
    return f"({context.level} CI {_limits(found, context.style)})"


def _points(value: float, style: NumberStyle) -> str:
    size = 100.0 * abs(value)
    if 0.0 < size < 0.05:
        return f"less than {fixed(0.1, 1, style)}"
    return fixed(size, 1, style)


def _way(value: float) -> str:
    return "lower" if value < 0.0 else "higher"


def _limits(found: AverageDifference, style: NumberStyle) -> str:
    low, high = _points(found.low, style), _points(found.high, style)
    if found.low < 0.0 < found.high:
        return f"{low} lower to {high} higher"
    first, last = (high, low) if found.high <= 0.0 else (low, high)
    return f"{first} to {last} {_way(found.low + found.high)}"


def difference_sentence(context: Context, move: Move, found: Sequence[AverageDifference]) -> str:
    """Return what a move goes with on the probability scale, averaged over the records of the fit.

    Two outcomes: the event. More: all of them, since a coefficient does not tell in which direction any of
    them moves.
    """
    if len(found) == 1:
        return _sentence_on_event(context, move, found[0])
    parts = "; ".join(part_text(context, one) for one in found)
    average = _average(context)
    if move.step is not None:
        return f"{average}, {_increase(context, move)} went with probabilities that were: {parts}."
    after, before = _ends(context, move)
    return f"{average}, with {after} compared with {before} the probabilities were: {parts}."


def _increase(context: Context, move: Move) -> str:
    assert move.step is not None
    return f"an increase of {context.label(move.variable)} by {step_text(move.step, context.style)}"


def _ends(context: Context, move: Move) -> tuple[str, str]:
    """Return both ends of a move, after and before."""
    name = context.label(move.variable)
    assert move.start is not None
    assert move.end is not None
    style = context.style
    return f"{name} = {value_text(move.end, style)}", f"{name} = {value_text(move.start, style)}"


def _sentence_on_event(context: Context, move: Move, found: AverageDifference) -> str:
    event = event_text(context.shown, context.outcome_heading, found.outcome)
    size, interval = _size(found, context.style), _interval(context, found)
    if move.step is not None:
        body = f"{_increase(context, move)} went with a probability of {event} that was {size} {interval}"
    else:
        after, before = _ends(context, move)
        than = "as" if found.estimate == 0.0 else "than"
        body = f"the probability of {event} was {size} with {after} {than} with {before} {interval}"
    average = _average(context)
    if found.has_interval and not found.is_clear:
        return f"{NO_CLEAR_IN_PROBABILITY}: {average[0].lower()}{average[1:]}, {body}."
    return f"{average}, {body}."


def change_text(context: Context, move: Move, found: AverageDifference) -> str:
    """Return a difference with what it goes with: 15.3 percentage points higher with smoke = yes than ..."""
    size = difference_text(context, found)
    if move.step is not None:
        return f"{size} for {_increase(context, move)}"
    after, before = _ends(context, move)
    return f"{size} with {after} {'as' if found.estimate == 0.0 else 'than'} with {before}"


def _average(context: Context) -> str:
    weighted = context.fit.spec.weights is not None and context.fit.spec.weight_kind != "frequency"
    return f"{AVERAGE}, weighted" if weighted else AVERAGE


def part_text(context: Context, found: AverageDifference) -> str:
    """Return the difference of one outcome among several."""
    unclear = found.has_interval and not found.is_clear
    said = f"{found.outcome} {difference_text(context, found)}"
    return f"{said}, no clear difference" if unclear else said


def is_contrary(ratio: float, found: AverageDifference, *, is_clear: bool) -> bool:
    """Whether a probability moves against its odds, and one of the two is clear (the odds: ``is_clear``)."""
    up_and_down = (ratio > 1.0 and found.estimate < 0.0) or (ratio < 1.0 and found.estimate > 0.0)
    return up_and_down and (is_clear or found.is_clear)


def levels_of(context: Context, name: str) -> tuple[Level, ...] | None:
    """Return the levels of a factor or of a column of labels, the reference first; None for numbers."""
    for factor in context.fit.spec.categorical():
        if factor.expression == Column(name):
            first = factor.reference if factor.contrast == "treatment" else factor.levels[0]
            return (first, *(level for level in factor.levels if level != first))
    profile = context.profiles[name]
    return None if isinstance(profile, Distribution) else tuple(sorted(profile, key=str))


def contrary_sentence(
    context: Context,
    found: Sequence[AverageDifference],
    ratios: Iterable[tuple[str, float, bool]],
) -> str:
    """Return which probabilities move against their odds; "" if none does.

    ``ratios`` holds, for each outcome with a logit, the odds ratio against the baseline and whether it is
    clear. Only what is clear on one scale at least is worth a sentence.
    """
    by_outcome = {one.outcome: one for one in found}
    contrary = []
    for outcome, ratio, is_clear in ratios:
        one = by_outcome.get(outcome)
        if one is not None and is_contrary(ratio, one, is_clear=is_clear):
            up, down = ("higher", "lower") if ratio > 1.0 else ("lower", "higher")
            contrary.append(
                f"the odds of {outcome} against {context.baseline} are {up}, its probability is {down}"
            )
    if not contrary:
        return ""
    return f"Here a probability moves the other way than the odds: {'; '.join(contrary)}."
