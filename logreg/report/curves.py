"""Effects as pictures: curves with bands along a number, points with intervals at levels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from logreg.interpret.effects import Effect
from logreg.report.canvas import (
    LEGEND_LINE,
    PALE,
    Style,
    draw_legend,
    legend_lines,
    name_ticks,
    short,
    shown_outcomes,
    style_of,
)
from logreg.report.context import Context
from logreg.report.outline import level_text
from logreg.report.words import event_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "DIRECT_OUTCOMES",
    "draw_curves",
    "draw_effect",
    "draw_levels",
    "effect_size",
    "probability_heading",
    "probability_top",
    "spread_apart",
]

#: Up to this many outcomes share one panel; more would hide each other.
DIRECT_OUTCOMES = 4


def effect_size(effect: Effect, n_outcomes: int) -> tuple[float, float]:
    """Return the size of one panel in inches."""
    if effect.kind == "curve":
        return 6.5, 3.0
    per_level = 0.3 if n_outcomes == 1 else 0.16 + 0.16 * min(n_outcomes, DIRECT_OUTCOMES)
    return 6.5, 0.8 + per_level * len(effect.values) + (0.3 if n_outcomes > 1 else 0.0)


def draw_effect(ax: Axes, context: Context, effect: Effect, outcomes: Sequence[str]) -> None:
    """Draw the probabilities of some outcomes along a variable into one panel."""
    top = probability_top(effect, outcomes)
    if effect.kind == "curve":
        draw_curves(ax, context, effect, outcomes, top)
    else:
        draw_levels(ax, context, effect, outcomes, top)


def probability_top(effect: Effect, outcomes: Sequence[str]) -> float:
    """Return where the axis of probabilities ends: the next tenth above all intervals."""
    shown = effect.frame[effect.frame["outcome"].isin(list(outcomes))]
    highest = float(np.nanmax([shown["conf_high"].max(), shown["estimate"].max(), 0.0]))
    return min(1.0, math.ceil(highest * 10.0 + 0.2) / 10.0)


def draw_curves(
    ax: Axes, context: Context, effect: Effect, outcomes: Sequence[str], top: float, *, names: bool = True
) -> None:
    """Draw one curve with its band per outcome, its name beside the right end."""
    all_names = context.fit.spec.outcome.names
    ends = []
    for outcome in outcomes:
        style = style_of(all_names.index(outcome) if len(outcomes) > 1 else 0)
        rows = effect.of_outcome(outcome)
        rows = rows[rows["value"].isin(effect.values)]
        x = rows["value"].to_numpy(dtype=float)
        y, low, high = (rows[name].to_numpy() for name in ("estimate", "conf_low", "conf_high"))
        ax.fill_between(x, low, high, color=style.colour, alpha=0.13, linewidth=0)
        ax.plot(x, y, color=style.colour, linestyle=style.dashes, linewidth=1.7)
        ends.append((float(y[-1]), outcome, style))
    ax.set_xlim(float(effect.values[0]), float(effect.values[-1]))
    ax.set_ylim(0.0, top)
    ax.set_xlabel(short(context.label(effect.variable), 60), fontsize=9, parse_math=False)
    ax.set_ylabel("Predicted probability", fontsize=9)
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(nbins=8 if names else 4, steps=[1, 2, 5, 10]))
    ax.ticklabel_format(axis="x", useOffset=False)
    _dress_probabilities(ax, "y")
    if names and len(outcomes) > 1:
        _names_beside(ax, ends, top)


def _names_beside(ax: Axes, ends: Sequence[tuple[float, str, Style]], top: float) -> None:
    """Write the outcomes' names at the right ends of their curves, moved apart where they would touch."""
    gap = 0.075 * top
    places = spread_apart([y for y, _, _ in ends], gap, top)
    for (_, outcome, style), place in zip(ends, places, strict=True):
        ax.annotate(
            short(level_text(outcome), 24),
            (1.015, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8.5,
            color=style.colour,
            annotation_clip=False,
            parse_math=False,
        )


def spread_apart(values: Sequence[float], gap: float, top: float) -> list[float]:
    """Return the values moved as little as needed to be ``gap`` apart, in the same order, between 0 and
    ``top``.

    Examples
    --------
    >>> spread_apart([0.5, 0.51, 0.1], 0.1, 1.0)
    [0.5, 0.6, 0.1]
    """
    order = sorted(range(len(values)), key=lambda k: (values[k], k))
    placed: list[float] = []
    for k in order:
        placed.append(max(values[k], placed[-1] + gap) if placed else values[k])
    excess = max(0.0, placed[-1] - top) if placed else 0.0
    result = [0.0] * len(values)
    for k, place in zip(order, placed, strict=True):
        result[k] = round(max(0.0, place - excess), 10)
    return result


def draw_levels(
    ax: Axes, context: Context, effect: Effect, outcomes: Sequence[str], top: float, *, names: bool = True
) -> None:
    """Draw one point with its interval per level and outcome, levels from top to bottom."""
    all_names = context.fit.spec.outcome.names
    offsets = np.linspace(-0.27, 0.27, len(outcomes)) if len(outcomes) > 1 else np.zeros(1)
    for outcome, offset in zip(outcomes, offsets, strict=True):
        style = style_of(all_names.index(outcome) if len(outcomes) > 1 else 0)
        rows = effect.of_outcome(outcome)
        y = np.arange(len(rows)) + offset
        ax.hlines(y, rows["conf_low"], rows["conf_high"], color=style.colour, linewidth=1.5)
        ax.plot(rows["estimate"], y, style.marker, color=style.colour, markersize=5.5)
    ax.set_ylim(len(effect.values) - 0.45, -0.55)
    ax.set_xlim(0.0, top)
    if names:
        texts = [short(level_text(value)) for value in effect.values]
        name_ticks(ax, texts)
    else:
        ax.set_yticks([])
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("Predicted probability", fontsize=9)
    _dress_probabilities(ax, "x")
    title = short(context.label(effect.variable), 60)
    if names:
        ax.set_title(
            title, fontsize=9, loc="left", pad=5.0 + LEGEND_LINE * legend_lines(outcomes), parse_math=False
        )
    if names and len(outcomes) > 1:
        from matplotlib.lines import Line2D

        styles = [style_of(all_names.index(outcome)) for outcome in outcomes]
        handles = [
            Line2D([], [], color=s.colour, marker=s.marker, linewidth=1.5, markersize=5.5) for s in styles
        ]
        draw_legend(ax, handles, [short(level_text(outcome), 28) for outcome in outcomes])


def _dress_probabilities(ax: Axes, axis: str) -> None:
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.tick_params(labelsize=8)
    (ax.yaxis if axis == "y" else ax.xaxis).grid(True, color=PALE, linewidth=0.5)
    ax.set_axisbelow(True)


def probability_heading(context: Context) -> str:
    """Return whose probability is drawn."""
    outcomes = shown_outcomes(context)
    if len(outcomes) == 1:
        return event_text(context.fit, context.outcome_heading, level_text(outcomes[0]))
    return f"each outcome of {context.outcome_heading}"
