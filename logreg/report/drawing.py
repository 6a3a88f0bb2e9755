"""Figures of a report: whole drawings as SVG, the same bytes on every run, with their numbers in words."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from logreg.interpret.effects import Effect
from logreg.report.canvas import (
    LEGEND_LINE,
    characters_of_font,
    cut,
    legend_lines,
    set_decimal_mark,
    short,
    shown_outcomes,
    style_of,
    text_width,
)
from logreg.report.context import Context
from logreg.report.curves import (
    DIRECT_OUTCOMES,
    draw_curves,
    draw_effect,
    draw_levels,
    draw_stacked,
    effect_size,
    outcome_strands,
    probability_heading,
    probability_top,
)
from logreg.report.forest import (
    beside_text,
    draw_forest,
    forest_lines,
    forest_name,
    open_end,
    ratio_frame,
    ratio_text,
)
from logreg.report.formats import REPORT, NumberStyle, share, share_digits, share_interval, visible
from logreg.report.inference_words import intervals_named, wald_note
from logreg.report.nodes import DrawnFigure
from logreg.report.nodes import Figure as FigureNode
from logreg.report.outline import joint_terms, level_text
from logreg.report.panels import WIDTH, Margins, across, name_below, new_figure, panels_of, widest
from logreg.report.svg_compact import compact
from logreg.report.words import average_text, bracketed, listed
from logreg.whole_imports import load_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "drawn",
    "effect_alt",
    "effect_figure",
    "forest_alt",
    "forest_figure",
    "held_text",
    "house_style",
    "shares_figure",
    "svg_of",
]

STYLE: dict[str, Any] = {
    "svg.hashsalt": "logreg",
    "svg.fonttype": "path",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "path.simplify": False,
}
#: Characters the font lacks stand in as braille patterns while widths are measured, and come back in the
#: drawing.
STAND_INS = range(0x2801, 0x2900)
#: Beyond this many values an alternative text would be longer than the table it stands for.
MOST_QUOTED = 24


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the report's style whatever the user's settings of matplotlib; they are back afterwards."""
    load_whole("matplotlib.style", "matplotlib.figure", "matplotlib.font_manager")
    import matplotlib.style

    with matplotlib.style.context(STYLE, after_reset=True):
        yield


def svg_of(figure: Figure, style: NumberStyle = REPORT) -> str:
    """Return a drawing as SVG, with the style's decimal mark in the numbers of its axes.

    Letters become paths, unless the font lacks some: then they stay text.
    """
    import matplotlib

    if style.decimal != REPORT.decimal:
        set_decimal_mark(figure, style.decimal)
    there, back = _stand_ins(figure)
    if there:
        _translate(figure, there)
    stream = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none" if there else "path"}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None}, transparent=False)
    return compact(stream.getvalue()).translate(back)


def drawn(
    key: str, style: NumberStyle, draw: Callable[[], Figure], *, alt: str, caption: str = ""
) -> FigureNode:
    """Return a figure of a report that is drawn, in the report's style, when it is first looked at."""

    def svg() -> str:
        with house_style():
            return svg_of(draw(), style)

    return DrawnFigure(key=key, draw=svg, alt=alt, caption=caption)


def _stand_ins(figure: Figure) -> tuple[dict[int, int], dict[int, int]]:
    """Return what replaces the characters that the font lacks, and the way back."""
    texts = [text.get_text() for text in _texts(figure)]
    texts += [label for axis in _axes_of(figure) for label in _fixed_labels(axis)]
    known = characters_of_font()
    used = dict.fromkeys(ord(character) for text in texts for character in text)
    lacking = [code for code in used if (code not in known or code in STAND_INS) and code != ord("\n")]
    pairs = dict(zip(lacking, STAND_INS, strict=False))
    there = {code: pairs.get(code, 0xFFFD) for code in lacking}
    return there, {stand_in: code for code, stand_in in pairs.items()}


def _translate(figure: Figure, characters: dict[int, int]) -> None:
    for text in _texts(figure):
        text.set_text(text.get_text().translate(characters))
    for axis in _axes_of(figure):
        labels = _fixed_labels(axis)
        if labels:
            axis.get_major_formatter().seq = [label.translate(characters) for label in labels]


def _texts(figure: Figure) -> list[Any]:
    """Return the texts of a drawing apart from ticks, which matplotlib would have to make first."""
    found = list(figure.texts)
    for axes in figure.axes:
        legend = axes.get_legend()
        found += [*axes.texts, axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]  # type: ignore[attr-defined]
        found += legend.get_texts() if legend else []
    return found


def _axes_of(figure: Figure) -> list[Any]:
    return [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]


def _fixed_labels(axis: Any) -> list[str]:
    return [str(label) for label in getattr(axis.get_major_formatter(), "seq", ())]


# Odds ratios -----------------------------------------------------------------------------------------


def forest_figure(context: Context) -> FigureNode:
    """Return the forest plot: one panel, or one per outcome on the same axis of odds ratios."""
    return drawn(
        "forest",
        context.style,
        lambda: _forest(context),
        alt=forest_alt(context),
        caption=_forest_caption(context),
    )


def _forest(context: Context) -> Figure:
    n_lines, n_panels = len(forest_lines(context)), len(context.outcomes)
    columns = min(n_panels, 2 if n_panels in (2, 4) else 3)
    rows = -(-n_panels // columns)
    frame = None if n_panels == 1 else ratio_frame(context, range(n_panels))
    names = 0.12 + max(
        (
            widest([forest_name(context, line)], 9, "bold" if line.kind == "heading" else "normal")
            for line in forest_lines(context)
        ),
        default=0.0,
    )
    if n_panels == 1:
        beside = widest((beside_text(context, 0, line) for line in forest_lines(context)), 8)
        margins, gap = Margins(names, beside + 0.2, 0.5, 0.08), (0.0, 0.0)
    else:
        margins, gap = Margins(names, 0.15, 0.5, 0.4), (0.14, 0.65)
    height = rows * 0.22 * (n_lines + 0.2) + margins.bottom + margins.top + (rows - 1) * gap[1]
    figure = new_figure(WIDTH, height)
    for k, panel in enumerate(panels_of(figure, rows, columns, margins, gap=gap)):
        if k >= n_panels:
            panel.set_visible(False)
            continue
        draw_forest(panel, context, [k], names=k % columns == 0, frame=frame)
        if n_panels > 1:
            panel.set_title(
                _heading(context.outcomes[k], 72.0 * across(margins, columns, gap[0])),
                fontsize=8.5,
                loc="left",
                parse_math=False,
            )
            panel.set_xlabel("")
    if n_panels > 1:
        name_below(figure, f"Odds ratio, {context.level} interval (log scale)", margins)
    return figure


def _heading(text: str, points: float) -> str:
    """Return the name of an outcome on at most two lines of a width."""
    words = visible(text).split(" ")
    first = words.pop(0)
    while words and text_width(f"{first} {words[0]}", 8.5) <= points:
        first = f"{first} {words.pop(0)}"
    return "\n".join(cut(line, points, 8.5) for line in (first, " ".join(words)) if line)


def _forest_caption(context: Context) -> str:
    against = f"against {context.baseline}"
    what = f"{context.outcomes[0]} {against}" if len(context.outcomes) == 1 else f"each outcome {against}"
    return (
        f"Odds ratios for {context.outcome_heading}: {what}, with {intervals_named(context)} on a "
        "logarithmic axis. "
        "Filled marks: the interval leaves out 1; hollow marks: it does not; small strokes: reference levels"
        f"{'; arrows: interval or estimate go on beyond the axis' if _has_arrows(context) else ''}."
        f"{' Terms that act jointly are not drawn.' if joint_terms(context.shown.spec) else ''}"
    )


def _has_arrows(context: Context) -> bool:
    low, high = ratio_frame(context, range(len(context.outcomes)))
    shown = forest_lines(context)
    return any(
        numbers.low < low or numbers.high > high or bool(numbers.reason)
        for _, line, numbers in context.estimates()
        if line in shown
    )


def forest_alt(context: Context) -> str:
    """Return the forest plot in words: every odds ratio with its interval, as far as a reader can follow."""
    found = []
    shown = forest_lines(context)
    for k, line, numbers in context.estimates():
        if line not in shown:
            continue
        name = f"{line.subject} {line.text}" if line.indent else line.text
        if len(context.outcomes) > 1:
            name = f"{context.outcomes[k]}, {name}"
        found.append(
            f"{name} {ratio_text(context, numbers)}"
            if numbers.is_finite
            else f"{name} {numbers.reason}{open_end(context, numbers)}"
        )
    more = len(found) - MOST_QUOTED
    rest = f"; and {more} more, all in the tables" if more > 0 else ""
    return (
        f"Forest plot of odds ratios with {intervals_named(context)}. {'; '.join(found[:MOST_QUOTED])}{rest}."
    )


# Predicted probabilities -------------------------------------------------------------------------------


def effect_figure(context: Context, effect: Effect, number: int) -> FigureNode:
    """Return the predicted probabilities along one variable; ``number`` makes its key."""
    return drawn(
        f"effect_{number}",
        context.style,
        lambda: _effect(context, effect),
        alt=effect_alt(context, effect),
        caption=_effect_caption(context, effect),
    )


def _effect(context: Context, effect: Effect) -> Figure:
    outcomes = shown_outcomes(context)
    if len(outcomes) > DIRECT_OUTCOMES:
        return _small_multiples(context, effect, outcomes)
    figure = new_figure(*effect_size(effect, len(outcomes)))
    (panel,) = panels_of(figure, 1, 1, _effect_margins(effect, outcomes))
    draw_effect(panel, context, effect, outcomes)
    return figure


def shares_figure(context: Context, effect: Effect) -> FigureNode:
    """Return the probabilities of all outcomes along one variable as shares of one, without intervals."""
    named = context.label(effect.variable)
    return drawn(
        "shares",
        context.style,
        lambda: _shares(context, effect),
        alt=_shares_alt(context, effect),
        caption=(
            f"Predicted probabilities of all outcomes of {context.outcome_heading} by {named}, stacked: the "
            "height of an area is the probability of its outcome. "
            f"{'Intervals are in the figures before. ' if effect.has_intervals else ''}"
            f"Strokes above show where the data lie. {held_text(context, effect)}"
        ),
    )


def _shares(context: Context, effect: Effect) -> Figure:
    outcomes = context.fit.spec.outcome.names
    figure = new_figure(*effect_size(effect, len(outcomes)))
    margins = _effect_margins(effect, outcomes)
    (panel,) = panels_of(figure, 1, 1, margins._replace(top=margins.top + 0.12, right=margins.right + 0.2))
    draw_stacked(panel, context, effect, outcome_strands(context, effect, outcomes))
    return figure


def _shares_alt(context: Context, effect: Effect) -> str:
    outcomes = context.fit.spec.outcome.names
    quoted = {outcome: effect.quoted(outcome) for outcome in outcomes}
    # The areas add up to 1: two digits show what is there.
    said = [
        f"At {_value(value, context)}: "
        + listed(
            f"{level_text(outcome)} {share(quoted[outcome][value][0], 2, context.style)}"
            for outcome in outcomes
        )
        for value in effect.marks
    ]
    return (
        f"Stacked areas, predicted probabilities of all outcomes of {context.outcome_heading} by "
        f"{context.label(effect.variable)}. {'; '.join(said)}."
    )


def _effect_margins(effect: Effect, outcomes: Sequence[str]) -> Margins:
    if effect.kind == "curve":
        named = outcomes if len(outcomes) > 1 else ()
        beside = widest((short(level_text(outcome), 24) for outcome in named), 8.5)
        return Margins(0.58, 0.25 + beside, 0.5, 0.1)
    levels = widest((short(level_text(value)) for value in effect.values), 9)
    return Margins(levels + 0.2, 0.25, 0.5, 0.28 + LEGEND_LINE / 72.0 * legend_lines(outcomes))


def _small_multiples(context: Context, effect: Effect, outcomes: Sequence[str]) -> Figure:
    """Draw one panel per outcome on the same axes."""
    columns = 4 if effect.kind == "curve" and len(outcomes) > 6 else 3
    rows = -(-len(outcomes) // columns)
    curve = effect.kind == "curve"
    down = 0.95 if curve else 0.24 * (len(effect.values) + 0.1)
    left = 0.58 if curve else 0.2 + widest((short(level_text(value)) for value in effect.values), 9)
    margins, gap = Margins(left, 0.15, 0.5, 0.25 if curve else 0.45), (0.14, 0.42)
    height = rows * down + (rows - 1) * gap[1] + margins.bottom + margins.top
    figure = new_figure(WIDTH, height)
    strands = outcome_strands(context, effect, outcomes)
    frame = 0.0, probability_top([strand.rows for strand in strands])
    for k, panel in enumerate(panels_of(figure, rows, columns, margins, gap=gap)):
        if k >= len(outcomes):
            panel.set_visible(False)
            continue
        if curve:
            draw_curves(panel, context, effect, [strands[k]._replace(style=style_of(0))], frame, names=False)
        else:
            draw_levels(
                panel,
                context,
                effect,
                [strands[k]._replace(style=style_of(0))],
                frame,
                names=k % columns == 0,
            )
        title = cut(level_text(outcomes[k]), 72.0 * across(margins, columns, gap[0]), 7.5)
        panel.set_title(title, fontsize=7.5, loc="left", parse_math=False)
        panel.set_xlabel("")
        panel.set_ylabel("")
        panel.tick_params(labelbottom=k + columns >= len(outcomes), labelleft=k % columns == 0)
    named = short(context.label(effect.variable), 60)
    name_below(figure, named if curve else "Predicted probability", margins)
    if curve:
        figure.supylabel("Predicted probability", fontsize=9, x=0.08 / WIDTH, ha="left")
    else:
        figure.suptitle(
            named, fontsize=9, x=0.08 / WIDTH, ha="left", y=1.0 - 0.05 / height, va="top", parse_math=False
        )
    return figure


def _effect_caption(context: Context, effect: Effect) -> str:
    band = "band" if effect.kind == "curve" else "interval"
    strokes = " Strokes at the foot show where the data lie." if effect.kind == "curve" else ""
    with_interval = "; there are no intervals"
    if effect.has_intervals:
        with_interval = f", with a pointwise {context.level} {band} ({wald_note(context)})"
        if effect.frame["conf_low"].isna().any():
            with_interval += ", left out where an estimate is infinite"
    return (
        f"Predicted probability of {probability_heading(context)} by {context.label(effect.variable)}"
        f"{with_interval}.{strokes} {held_text(context, effect)}"
    )


def held_text(context: Context, effect: Effect) -> str:
    """Return where the other variables stand."""
    means = [
        f"{context.label(held.name)} {average_text(float(held.value), context.style)}"
        for held in effect.held
        if held.how == "mean"
    ]
    levels = [
        f"{context.label(held.name)} {level_text(held.value)}" for held in effect.held if held.how != "mean"
    ]
    parts = ([f"at their mean: {', '.join(means)}"] if means else []) + (
        [f"at their most frequent value: {', '.join(levels)}"] if levels else []
    )
    return f"The other variables stand {'; '.join(parts)}." if parts else "The model has no other variable."


def effect_alt(context: Context, effect: Effect) -> str:
    """Return the figure in words: probabilities with intervals at both ends and the median, or at every
    level.
    """
    said, style = [], context.style
    outcomes = shown_outcomes(context)
    quoted = {outcome: list(effect.quoted(outcome).items())[:MOST_QUOTED] for outcome in outcomes}
    every = [p for found in quoted.values() for _, (p, _, _) in found]
    digits = share_digits(max(every), 2)
    if any(p > 0.0 and round(p, digits) == 0.0 for p in every):
        digits += 1
    for outcome in outcomes:
        points = []
        for value, (p, low, high) in quoted[outcome]:
            interval = share_interval(low, high, digits, style)
            known = f" {bracketed(interval, style)}" if low == low and high == high else ""
            points.append(f"{share(p, digits, style)}{known} at {_value(value, context)}")
        said.append(f"{level_text(outcome)}: {listed(points)}")
    intervals = f", with {context.level} intervals" if effect.has_intervals else ""
    return (
        f"Predicted probability of {probability_heading(context)} by {context.label(effect.variable)}"
        f"{intervals}. {'; '.join(said)}."
    )


def _value(value: Any, context: Context) -> str:
    return average_text(value, context.style) if isinstance(value, float) else level_text(value)
