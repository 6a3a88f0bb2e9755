"""The section on effects: predicted probabilities along each variable, as figures and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from logreg.interpret.effects import Effect, Profile, effect_of, why_no_effects
from logreg.report.canvas import shown_outcomes
from logreg.report.context import BLANK, Context
from logreg.report.drawing import effect_figure, shares_figure
from logreg.report.formats import share, share_digits, share_interval
from logreg.report.inference_words import wald_note
from logreg.report.nodes import Block, Cell, Note, Row, Section, Table, TableColumn, paragraph
from logreg.report.outline import level_text
from logreg.report.words import average_text, event_text, listed

__all__ = ["MOST_EFFECTS", "effect_variables", "effects_of", "effects_section"]

#: More figures than this are not read; the table and the sentences cover every variable.
MOST_EFFECTS = 6
#: A factor with more levels than this is a list, not a figure.
MOST_LEVELS = 40


def effect_variables(context: Context) -> tuple[str, ...]:
    """Return the variables that get a figure: all, or the clearest ones, in the order of the formula.

    A variable is as clear as the smallest p value of a coefficient it takes part in.
    """
    spec = context.fit.spec
    if len(spec.predictors) <= MOST_EFFECTS:
        return spec.predictors
    smallest = _smallest_p(context)
    chosen = sorted(spec.predictors, key=lambda name: (smallest[name], spec.predictors.index(name)))[
        :MOST_EFFECTS
    ]
    return tuple(name for name in spec.predictors if name in chosen)


def _smallest_p(context: Context) -> dict[str, float]:
    """Return the smallest p value of a coefficient that each variable takes part in; 1 without any."""
    smallest = dict.fromkeys(context.fit.spec.predictors, 1.0)
    for _, line, numbers in context.estimates():
        for name in _variables_of(context, line.term):
            if numbers.p_value < smallest[name]:
                smallest[name] = numbers.p_value
    return smallest


def _clearest_curve(context: Context, effects: Sequence[Effect]) -> Effect | None:
    """Return the effect of the clearest numeric variable; None if there is none."""
    smallest = _smallest_p(context)
    curves = [effect for effect in effects if effect.kind == "curve"]
    return min(curves, key=lambda effect: smallest[effect.variable], default=None)


def _variables_of(context: Context, term: str) -> list[str]:
    from logreg.design.ast import columns_of

    spec = context.fit.spec
    labels = [label for coded in spec.coded_terms if coded.term == term for label in coded.labels]
    return [name for label in labels for name in columns_of(spec.factor[label].expression)]


def effects_of(context: Context, profiles: Mapping[str, Profile]) -> tuple[Effect, ...]:
    """Return the effects that the report shows; none where they cannot be computed."""
    if why_no_effects(context.fit.spec, has_rows=context.fit.source is not None):
        return ()
    found = (
        effect_of(context.fit, name, profiles, confidence=context.confidence)
        for name in effect_variables(context)
    )
    return tuple(effect for effect in found if effect.kind == "curve" or len(effect.values) <= MOST_LEVELS)


def effects_section(context: Context, effects: Sequence[Effect]) -> Section:
    """Return figures and a table of predicted probabilities, or a note that says why there are none."""
    spec = context.fit.spec
    reason = why_no_effects(spec, has_rows=context.fit.source is not None)
    blocks: list[Block] = []
    if reason:
        blocks.append(Note(text=f"Predicted probabilities are not shown: {reason}."))
    elif effects:
        blocks.append(paragraph(_introduction(context, effects)))
        blocks += [effect_figure(context, effect, k) for k, effect in enumerate(effects, start=1)]
        clearest = None if context.fit.is_binary else _clearest_curve(context, effects)
        blocks += [] if clearest is None else [shares_figure(context, clearest)]
        blocks.append(_table(context, effects))
    return Section(key="effects", title="Predicted probabilities", blocks=tuple(blocks))


def _introduction(context: Context, effects: Sequence[Effect]) -> str:
    left_out = [
        context.label(name)
        for name in context.fit.spec.predictors
        if name not in {e.variable for e in effects}
    ]
    text = (
        "Each figure moves one variable and holds the others still, numbers at their mean and factors at "
        "their most frequent level. A variable that occurs in several terms moves in all of them."
    )
    if not context.fit.is_binary:
        text += " The probabilities of all outcomes add up to 1."
    if left_out:
        text += f" Not shown, as less clear or with too many levels: {listed(left_out)}."
    return text


def _table(context: Context, effects: Sequence[Effect]) -> Table:
    outcomes = shown_outcomes(context)
    single = len(outcomes) == 1
    columns = [TableColumn(key="value", heading="Variable and value")]
    for outcome in outcomes:
        group = "" if single else level_text(outcome)
        columns.append(TableColumn(key="probability", heading="Probability", align="right", group=group))
        columns.append(TableColumn(key="interval", heading=f"{context.level} CI", align="right", group=group))
    rows = []
    largest = max(
        (p for effect in effects for outcome in outcomes for p, _, _ in effect.quoted(outcome).values()),
        default=0.0,
    )
    digits = share_digits(largest, 3)
    for effect in effects:
        rows.append(
            Row(cells=(Cell(text=context.label(effect.variable), value=effect.variable),), kind="group")
        )
        frames = [effect.quoted(outcome) for outcome in outcomes]
        for value in effect.marks:
            text = average_text(value, context.style) if isinstance(value, float) else level_text(value)
            cells = [Cell(text=text, value=value)]
            for numbers in frames:
                p, low, high = numbers[value]
                cells.append(Cell(text=share(p, digits, context.style), value=p))
                lost = low != low or high != high
                shown = share_interval(low, high, digits, context.style, reason=BLANK)
                cells.append(Cell(text=shown, value=None if lost else f"{low!r} to {high!r}"))
            rows.append(Row(cells=tuple(cells), indent=1))
    what = event_text(context.fit, context.outcome_heading, outcomes[0]) if single else "every outcome"
    interval = (
        f"CI: {context.level} confidence interval ({wald_note(context)}), on the logit of each probability."
        if any(effect.has_intervals for effect in effects)
        else f"CI: {context.level} confidence interval; there is none for these estimates."
    )
    return Table(
        key="probabilities",
        caption=f"Predicted probability of {what}, other variables at typical values.",
        columns=tuple(columns),
        rows=tuple(rows),
        notes=(f"{interval} {_values_shown(effects)}.",),
    )


def _values_shown(effects: Sequence[Effect]) -> str:
    kinds = {effect.kind for effect in effects}
    numbers = "numbers are shown at their 1st percentile, median and 99th percentile"
    factors = "factors at every level" if "curve" in kinds else "factors are shown at every level"
    text = ", ".join(said for said, kind in ((numbers, "curve"), (factors, "levels")) if kind in kinds)
    return text[:1].upper() + text[1:]
