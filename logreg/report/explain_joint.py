"""Terms that act jointly (interactions, polynomials, splines), by their effects at stated values.

No coefficient of such terms is read alone: a variable of the data moves as a whole, at values of the
variables it acts with that the sentence names.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Any

from logreg.data.source import Level
from logreg.design.distribution import Distribution
from logreg.interpret.changes import moves_alone, partners_of
from logreg.interpret.effects import typical_values
from logreg.report.context import Context
from logreg.report.explain_effects import (
    AverageDifference,
    Move,
    Probabilities,
    contrary_sentence,
    difference_text,
    differences_in,
    levels_of,
    part_text,
    quartiles,
    value_text,
)
from logreg.report.formats import odds_ratio, odds_ratio_interval
from logreg.report.outline import JointTerms
from logreg.report.words import NO_CLEAR_DIFFERENCE, REASONS, listed, odds_text
from logreg.tables import GLOSSARY

__all__ = ["joint_effects"]

#: Most combinations of other values that a variable is described at; beyond, some stand at typical values.
MOST_COMBINATIONS = 6
#: Added to what is not clear in a sentence that holds something clear.
NOT_CLEAR = ", no clear difference"


def joint_effects(context: Context, group: JointTerms, probabilities: Probabilities) -> Iterator[str]:
    """Yield the sentences on every variable of a group, at stated values of the others."""
    if probabilities.why_not:
        return
    for variable in group.variables:
        held = _held_values(context, variable, probabilities)
        for move in _moves(context, variable, probabilities):
            yield from _at_each(context, move, held)


def _moves(context: Context, name: str, probabilities: Probabilities) -> list[Move]:
    """Return how a variable moves: from its reference level to each other, or from quartile to quartile.

    A number whose effect depends on where it starts goes by the median.
    """
    levels = levels_of(context, name)
    profile = probabilities.profiles[name]
    if levels is not None:
        return [Move(variable=name, start=levels[0], end=level) for level in levels[1:]]
    assert isinstance(profile, Distribution)
    if len(profile.values) == 2:
        points = [float(value) for value in profile.values]
    else:
        low, high = quartiles(profile)
        points = [low, high]
        if not moves_alone(context.fit.spec, name):
            points = sorted({low, float(f"{profile.median:.4g}"), high})
    return [Move(variable=name, start=a, end=b) for a, b in pairwise(points) if a < b]


def _held_values(context: Context, name: str, probabilities: Probabilities) -> dict[str, tuple[Level, ...]]:
    """Return values of the variables that matter for a move of this one, few enough to be read."""
    spec = context.fit.spec
    typical = {one.name: one.value for one in typical_values(spec, probabilities.profiles)}
    held: dict[str, tuple[Level, ...]] = {}
    for partner in partners_of(spec, name):
        levels = levels_of(context, partner)
        profile = probabilities.profiles[partner]
        if levels is not None:
            held[partner] = levels
            continue
        assert isinstance(profile, Distribution)
        if len(profile.values) <= 2:
            held[partner] = tuple(float(value) for value in profile.values)
        else:
            held[partner] = tuple(dict.fromkeys(quartiles(profile)))
    while math.prod(map(len, held.values())) > MOST_COMBINATIONS:
        longest = max(held, key=lambda partner: len(held[partner]))
        value = typical[longest]
        held[longest] = (float(f"{value:.4g}") if isinstance(value, float) else value,)
    return held


def _at_each(context: Context, move: Move, held: Mapping[str, Sequence[Level]]) -> Iterator[str]:
    fit = context.fit
    ask = {move.variable: move.how}
    at = {name: list(values) for name, values in held.items()}
    ratios = fit.odds_ratios(
        variables=ask, at=at, versus=context.versus, confidence=context.confidence, interval=context.interval
    ).to_dict("records")
    # A column called like one of the table's own cannot be held there; the odds ratios say it alone.
    changes: list[dict[Any, Any]] = []
    if not set(held) & GLOSSARY.keys():
        changes = fit.comparisons(ask, at=at or None, confidence=context.confidence).to_dict("records")
    combinations = list(product(*held.values()))
    # Odds ratios run outcome by outcome, comparisons setting by setting.
    n, per_setting = len(combinations), len(changes) // len(combinations)
    for k, values in enumerate(combinations):
        found = differences_in(changes[k * per_setting : (k + 1) * per_setting])
        of_outcomes = [ratios[j * n + k] for j in range(len(context.outcomes))]
        yield _sentence(context, move, dict(zip(held, values, strict=True)), of_outcomes, found)


def _sentence(
    context: Context,
    move: Move,
    held: Mapping[str, Level],
    ratios: Sequence[Mapping[Any, Any]],
    found: Sequence[AverageDifference],
) -> str:
    at = listed(f"{context.label(name)} = {value_text(value, context.style)}" for name, value in held.items())
    others = set(context.fit.spec.predictors) - {move.variable, *held}
    lead = f"With {at}, " if at else ""
    alike = "among otherwise alike records, " if others else ""
    unclear = all(map(_holds_one, ratios)) and not any(one.is_clear for one in found)
    odds = "; ".join(
        _ratio_text(context, outcome, move, line) + (NOT_CLEAR if _holds_one(line) and not unclear else "")
        for outcome, line in zip(context.outcomes, ratios, strict=True)
    )
    body = f"{lead}{alike}{odds}{_change_text(context, found, unclear=unclear)}"
    if unclear:
        body = f"{NO_CLEAR_DIFFERENCE}: {body[0].lower()}{body[1:]}"
    said = f"{body[0].upper()}{body[1:]}."
    if len(found) <= 1:
        return said
    clear = [(line["odds_ratio"], not _holds_one(line)) for line in ratios]
    compared = [(outcome, *one) for outcome, one in zip(context.outcomes, clear, strict=True)]
    return f"{said} {contrary_sentence(context, found, compared)}".rstrip()


def _change_text(context: Context, found: Sequence[AverageDifference], *, unclear: bool) -> str:
    """Return what the move goes with on the probability scale; ``unclear`` was said before."""
    if not found:
        return ""
    if len(found) > 1:
        return f"; the average probabilities were: {'; '.join(part_text(context, one) for one in found)}"
    [one] = found
    mark = NOT_CLEAR if one.has_interval and not (one.is_clear or unclear) else ""
    return f"; the average probability was {difference_text(context, one)}{mark}"


def _holds_one(line: Mapping[Any, Any]) -> bool:
    return bool(line["conf_low"] <= 1.0 <= line["conf_high"])


def _ratio_text(context: Context, outcome: str, move: Move, line: Mapping[Any, Any]) -> str:
    name = context.label(move.variable)
    odds = odds_text(context, outcome)
    ratio, low, high = line["odds_ratio"], line["conf_low"], line["conf_high"]
    assert move.start is not None
    assert move.end is not None
    values = [f"{name} = {value_text(end, context.style)}" for end in (move.end, move.start)]
    if math.isnan(ratio):
        return f"{odds} with {values[0]} and with {values[1]} cannot be compared: no record tells them apart"
    if math.isnan(low):
        end = "grows without limit" if ratio > 1.0 else "falls to 0"
        return (
            f"for {odds} the odds ratio of {values[0]} against {values[1]} {end}: there is "
            f"{REASONS['infinite']}"
        )
    style = context.style
    interval = f"({context.level} CI {odds_ratio_interval(low, high, style)})"
    times = f"{odds_ratio(ratio, style)} times as high"
    return f"{odds} were {times} with {values[0]} as with {values[1]} {interval}"
