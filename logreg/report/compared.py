"""Changes of variables with what goes with them on both scales: odds ratios and average differences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from logreg.design.distribution import Distribution
from logreg.design.outcome import level_name
from logreg.interpret.changes import moves_alone, partners_of
from logreg.report.context import Context, Numbers
from logreg.report.explain_effects import AverageDifference, Move, Probabilities, levels_of, quartiles
from logreg.report.outline import Line
from logreg.report.words import listed

__all__ = ["DEPENDS", "Compared", "Ratio", "compared_lines"]

#: How the reason begins why a change has no odds ratio of its own.
DEPENDS = "depends on "


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """The odds ratio of a change, ``reason`` saying why there is none or no interval."""

    ratio: float
    low: float
    high: float
    reason: str = ""

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 1."""
        return self.low > 1.0 or self.high < 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One change of a data variable with what goes with it on both scales.

    ``ratios`` holds one odds ratio for each outcome with a logit; ``differences`` the average difference of
    the event's probability, or those of all outcomes.
    """

    move: Move
    ratios: tuple[Ratio, ...]
    differences: tuple[AverageDifference, ...]


def compared_lines(context: Context, probabilities: Probabilities) -> tuple[Compared, ...]:
    """Return every change that the section shows, variable by variable; none where rows are lacking.

    What a coefficient says alone is shown as such: a number by its unit, a level against its reference. A
    variable in interactions, polynomials or splines moves as a whole, all its terms with it; so do factors
    that are not coded against a reference.
    """
    if probabilities.why_not:
        return ()
    of_lines: dict[str, list[tuple[Move, tuple[Ratio, ...]]]] = {}
    left_out: set[str] = set()
    for line in context.lines:
        if line.position is None or line.kind == "intercept":
            continue
        numbers = [found[line.position] for found in context.numbers]
        move = probabilities.move_of(line, numbers[0])
        if move is None or not _says_it_alone(line, numbers[0], move):
            continue
        if numbers[0].reason == "left out":
            left_out.add(move.variable)
        else:
            ratios = tuple(_ratio_of(one) for one in numbers)
            of_lines.setdefault(move.variable, []).append((move, ratios))
    names = context.fit.spec.predictors
    whole = {name: _whole_moves(context, name) for name in names if name not in {*of_lines, *left_out}}
    of_variables = _ratios_of_variables(context, whole)
    changes = [
        change
        for name in names
        for change in of_lines.get(name) or [(move, of_variables[move]) for move in whole.get(name, ())]
    ]
    found = probabilities.of([move for move, _ in changes])
    return tuple(
        Compared(move=move, ratios=ratios, differences=_seen_from(context, found[move]))
        for move, ratios in changes
    )


def _says_it_alone(line: Line, numbers: Numbers, move: Move) -> bool:
    """Whether the coefficient of a line is the logarithm of the odds ratio of a move."""
    if line.kind == "level":
        return True
    return line.name == move.variable and (move.step is not None or numbers.unit in (None, 1.0))


def _seen_from(context: Context, found: tuple[AverageDifference, ...]) -> tuple[AverageDifference, ...]:
    """Return the differences of the outcomes that the tables are about: with two outcomes, of the one that is
    compared with the other.
    """
    if not context.fit.is_binary or found[0].outcome == context.outcomes[0]:
        return found
    return (found[0].of_other(context.outcomes[0]),)


def _ratio_of(numbers: Numbers) -> Ratio:
    return Ratio(ratio=numbers.ratio, low=numbers.low, high=numbers.high, reason=numbers.reason)


def _whole_moves(context: Context, name: str) -> list[Move]:
    """Return how a variable moves that no single coefficient describes."""
    levels = levels_of(context, name)
    if levels is not None:
        return [Move(variable=name, start=levels[0], end=level) for level in levels[1:]]
    profile = context.profiles[name]
    assert isinstance(profile, Distribution)
    if len(profile.values) == 2:
        low, high = (float(value) for value in profile.values)
        return [Move(variable=name, start=low, end=high)]
    if moves_alone(context.fit.spec, name):
        return [Move(variable=name, step=_unit_of(context, name))]
    low, high = quartiles(profile)
    return [Move(variable=name, start=low, end=high)] if low < high else []


def _unit_of(context: Context, name: str) -> float:
    """Return the unit that the tables use for a number, 1 unless asked otherwise."""
    names = context.shown.spec.column_names
    unit = context.numbers[0][names.index(name)].unit if name in names else None
    return 1.0 if unit is None else unit


def _ratios_of_variables(
    context: Context, whole: Mapping[str, Sequence[Move]]
) -> dict[Move, tuple[Ratio, ...]]:
    """Return the odds ratios of moves of whole variables; those that others decide have a reason instead."""
    result: dict[Move, tuple[Ratio, ...]] = {}
    stepped, between = dict[str, float](), dict[str, Any]()
    labelled: list[str] = []
    for name, moves in whole.items():
        partners = partners_of(context.fit.spec, name)
        if partners:
            reason = f"{DEPENDS}{listed(context.label(partner) for partner in partners)}"
            lost = Ratio(ratio=math.nan, low=math.nan, high=math.nan, reason=reason)
            result |= {move: (lost,) * len(context.outcomes) for move in moves}
        elif levels_of(context, name) is not None:
            labelled.append(name)
        else:
            stepped |= {move.variable: move.step for move in moves if move.step is not None}
            between |= {move.variable: move.how for move in moves if move.step is None}
    # All at once: what can be asked for by name, and numbers that go from one value to another.
    lines = _odds_ratios(context, [*stepped, *labelled], stepped) + _odds_ratios(context, between, {})
    for move in (move for moves in whole.values() for move in moves if move not in result):
        result[move] = tuple(_ratio_in(line) for line in lines if _is_of(context, line, move))
    return result


def _odds_ratios(context: Context, variables: Any, unit: Mapping[str, float]) -> list[dict[Any, Any]]:
    if not variables:
        return []
    return context.fit.odds_ratios(
        variables=variables,
        unit=unit or None,
        versus=context.versus,
        confidence=context.confidence,
        interval=context.interval,
    ).to_dict("records")


def _is_of(context: Context, line: Mapping[Any, Any], move: Move) -> bool:
    """Whether a line of ``fit.odds_ratios`` is about a move; numbers have one each."""
    if line["variable"] != move.variable or levels_of(context, move.variable) is None:
        return bool(line["variable"] == move.variable)
    assert move.start is not None
    assert move.end is not None
    return (line["level"], line["reference"]) == (level_name(move.end), level_name(move.start))


def _ratio_in(line: Mapping[Any, Any]) -> Ratio:
    ratio, low, high = (float(line[name]) for name in ("odds_ratio", "conf_low", "conf_high"))
    reason = "infinite" if ratio in (0.0, math.inf) else "not estimated" if math.isnan(low) else ""
    return Ratio(ratio=ratio, low=low, high=high, reason=reason)
