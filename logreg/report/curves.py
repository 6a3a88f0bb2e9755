"""Effects as pictures: curves with bands along a number, points with intervals at levels, shares stacked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from logreg.design.distribution import Distribution
from logreg.interpret.effects import Effect
from logreg.report.canvas import (
    GREY,
    INK,
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
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = [
    "DIRECT_OUTCOMES",
    "Strand",
    "draw_curves",
    "draw_effect",
    "draw_levels",
    "draw_stacked",
    "draw_strands",
    "effect_size",
    "outcome_strands",
    "probability_heading",
    "probability_top",
    "scale_heading",
    "spread_apart",
]

#: Up to this many outcomes share one panel; more would hide each other.
DIRECT_OUTCOMES = 4
#: Share of the axis that separates two names beside their curves.
NAME_GAP = 0.075
#: Length of the line from an area to its name, as a share of the width.
TIE = 0.07
#: Strokes that show where the data lie: how many at most, and the height of the tallest as a share of the
#: axis; the shortest has this part of its height, so that a few far values are not lost beside many.
MOST_STROKES, TALLEST_STROKE, SHORTEST_STROKE = 60, 0.07, 0.3
#: Ends of axes, times a power of ten.
ENDS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
#: Axes of probabilities below this end at such a number, others at a whole tenth; so much of it stays free.
SMALL, FREE = 0.05, 1.02
#: Room above and below what is drawn on an axis without natural ends, as a share of it.
MARGIN = 0.05


class Strand(NamedTuple):
    """What is drawn in one style: a name and the lines ``value, estimate, conf_low, conf_high``."""

    name: str
    style: Style
    rows: pd.DataFrame


def outcome_strands(context: Context, effect: Effect, outcomes: Sequence[str]) -> list[Strand]:
    """Return one strand per outcome, styled as everywhere in the report."""
    names = context.fit.spec.outcome.names
    return [
        Strand(
            level_text(outcome),
            style_of(names.index(outcome) if len(outcomes) > 1 else 0),
            effect.of_outcome(outcome),
        )
        for outcome in outcomes
    ]


def effect_size(effect: Effect, n_strands: int) -> tuple[float, float]:
    """Return the size of one panel in inches."""
    if effect.kind == "curve":
        return 6.5, 3.0
    per_level = 0.3 if n_strands == 1 else 0.16 + 0.16 * min(n_strands, DIRECT_OUTCOMES)
    return 6.5, 0.8 + per_level * len(effect.values) + (0.3 if n_strands > 1 else 0.0)


def draw_effect(ax: Axes, context: Context, effect: Effect, outcomes: Sequence[str]) -> None:
    """Draw the predictions for some outcomes along a variable into one panel."""
    draw_strands(ax, context, effect, outcome_strands(context, effect, outcomes))


def draw_strands(ax: Axes, context: Context, effect: Effect, strands: Sequence[Strand]) -> None:
    """Draw strands along the variable of an effect: curves for a number, points for levels."""
    frame = frame_of(effect, strands)
    if effect.kind == "curve":
        draw_curves(ax, context, effect, strands, frame)
    else:
        draw_levels(ax, context, effect, strands, frame)


def frame_of(effect: Effect, strands: Sequence[Strand]) -> tuple[float, float]:
    """Return the ends of the axis: 0 and the next tenth for probabilities, all intervals otherwise."""
    if effect.scale == "probability":
        return 0.0, probability_top([strand.rows for strand in strands])
    shown = ["conf_low", "conf_high", "estimate"]
    values = np.concatenate([strand.rows[shown].to_numpy() for strand in strands])
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (-1.0, 1.0)
    if effect.scale == "odds":
        return 0.0, high * (1.0 + MARGIN)
    margin = MARGIN * (high - low) or 1.0
    return low - margin, high + margin


def probability_top(frames: Sequence[pd.DataFrame]) -> float:
    """Return where the axis of probabilities ends: the next tenth above all intervals; sooner if small."""
    highest = float(
        np.nanmax([0.0, *(frame[name].max() for frame in frames for name in ("conf_high", "estimate"))])
    )
    if 0.0 < highest < SMALL:
        power = 10.0 ** math.floor(math.log10(highest))
        return next(end * power for end in (*ENDS, 20.0) if end * power >= FREE * highest)
    return min(1.0, math.ceil(highest * 10.0 + 0.2) / 10.0)


def scale_heading(context: Context, effect: Effect, outcome: str = "") -> str:
    """Return the name of the predicted quantity for its axis, of one outcome if named."""
    spec = context.fit.spec.outcome
    if effect.scale != "probability" and spec.is_binary:
        outcome = spec.names[1]
    of = f" of {short(level_text(outcome), 20)}" if outcome else ""
    if effect.scale == "probability":
        return f"Predicted probability{of}"
    return f"Predicted {effect.scale}{of} against {short(level_text(spec.baseline), 20)}"


def draw_curves(
    ax: Axes,
    context: Context,
    effect: Effect,
    strands: Sequence[Strand],
    frame: tuple[float, float],
    *,
    names: bool = True,
) -> None:
    """Draw one curve with its band per strand, its name beside the right end."""
    ends = []
    for strand in strands:
        rows = _along(effect, strand.rows)
        x = rows["value"].to_numpy(dtype=float)
        y, low, high = (rows[name].to_numpy() for name in ("estimate", "conf_low", "conf_high"))
        ax.fill_between(x, low, high, color=strand.style.colour, alpha=0.13, linewidth=0)
        ax.plot(x, y, color=strand.style.colour, linestyle=strand.style.dashes, linewidth=1.7)
        ends.append((float(y[-1]), strand.name, strand.style.colour))
    _dress_curves(ax, context, effect, frame, wide=names)
    _stroke_data(ax, context, effect, foot=0.0, colour=GREY, most=MOST_STROKES // (1 if names else 2))
    if names and len(strands) > 1:
        _names_beside(ax, ends, frame)


def _stroke_data(ax: Axes, context: Context, effect: Effect, *, foot: float, colour: str, most: int) -> None:
    """Draw where the data lie as one shape: strokes the taller the more frequent a value is, standing on
    ``foot`` (a share of the axis).

    More than ``most`` different values are counted in steps.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    profile = context.profiles.get(effect.variable)
    if not isinstance(profile, Distribution):
        return
    low, high = float(effect.values[0]), float(effect.values[-1])
    shown = profile.within(low, high)
    values: NDArray[np.floating] = shown.values
    counts: NDArray[np.floating] = shown.counts
    if len(values) > most:
        step = (high - low) / most
        places = np.minimum(((values - low) / step).astype(np.intp), most - 1)
        counts = np.bincount(places, weights=counts, minlength=most).astype(float)
        values = low + (np.arange(most) + 0.5) * step
    there = np.flatnonzero(counts)
    if not there.size:
        return
    heights = SHORTEST_STROKE + (1.0 - SHORTEST_STROKE) * counts[there] / counts.max()
    ends = np.column_stack(
        [values[there], np.full(len(there), foot), values[there], foot + TALLEST_STROKE * heights]
    )
    strokes = Path(ends.reshape(-1, 2), [Path.MOVETO, Path.LINETO] * len(there))
    ax.add_patch(
        PathPatch(
            strokes,
            transform=ax.get_xaxis_transform(),
            edgecolor=colour,
            linewidth=1.6,
            fill=False,
            clip_on=False,
            zorder=1.5,
            capstyle="butt",
        )
    )


def _along(effect: Effect, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the lines of a curve, without the values that are only quoted."""
    return rows[rows["value"].isin(effect.values)]


def _dress_curves(
    ax: Axes, context: Context, effect: Effect, frame: tuple[float, float], *, wide: bool
) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.set_xlim(float(effect.values[0]), float(effect.values[-1]))
    ax.set_ylim(*frame)
    ax.set_xlabel(short(context.label(effect.variable), 60), fontsize=9, parse_math=False)
    ax.set_ylabel(scale_heading(context, effect), fontsize=9, parse_math=False)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=8 if wide else 4, steps=[1, 2, 5, 10]))
    ax.ticklabel_format(axis="x", useOffset=False)
    _dress(ax, "y")


def _names_beside(ax: Axes, ends: Sequence[tuple[float, str, str]], frame: tuple[float, float]) -> None:
    """Write names at the right ends of their curves, moved apart where they would touch."""
    low, high = frame
    places = spread_apart([(y - low) / (high - low) for y, _, _ in ends], NAME_GAP, 1.0)
    for (_, name, colour), place in zip(ends, places, strict=True):
        ax.annotate(
            short(name, 24),
            (1.015, place),
            xycoords="axes fraction",
            va="center",
            fontsize=8.5,
            color=colour,
            annotation_clip=False,
            parse_math=False,
        )


def _name_areas(ax: Axes, middle: NDArray[np.floating], names: Sequence[str]) -> None:
    """Write names beside the right ends of areas, each tied to the middle of its own."""
    places = spread_apart([float(y) for y in middle], NAME_GAP, 1.0)
    for name, y, place in zip(names, middle, places, strict=True):
        ax.annotate(
            short(name, 24),
            (1.0, float(y)),
            (1.0 + TIE, place),
            xycoords="axes fraction",
            textcoords="axes fraction",
            va="center",
            fontsize=8.5,
            color=INK,
            annotation_clip=False,
            parse_math=False,
            arrowprops={
                "arrowstyle": "-",
                "color": GREY,
                "linewidth": 0.7,
                "relpos": (0.0, 0.5),
                "shrinkA": 2.0,
                "shrinkB": 0.0,
            },
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
    ax: Axes,
    context: Context,
    effect: Effect,
    strands: Sequence[Strand],
    frame: tuple[float, float],
    *,
    names: bool = True,
) -> None:
    """Draw one point with its interval per level and strand, levels from top to bottom."""
    offsets = np.linspace(-0.27, 0.27, len(strands)) if len(strands) > 1 else np.zeros(1)
    for strand, offset in zip(strands, offsets, strict=True):
        colour, rows = strand.style.colour, strand.rows
        y = np.arange(len(rows)) + offset
        ax.hlines(y, rows["conf_low"], rows["conf_high"], color=colour, linewidth=1.5)
        # A probability of 1 stands on the edge of the panel.
        ax.plot(rows["estimate"], y, strand.style.marker, color=colour, markersize=5.5, clip_on=False)
    _dress_levels(ax, context, effect, frame, [strand.name for strand in strands], names=names)
    if names and len(strands) > 1:
        from matplotlib.lines import Line2D

        handles = [
            Line2D([], [], color=s.style.colour, marker=s.style.marker, linewidth=1.5, markersize=5.5)
            for s in strands
        ]
        draw_legend(ax, handles, [short(strand.name, 28) for strand in strands])


def _dress_levels(
    ax: Axes,
    context: Context,
    effect: Effect,
    frame: tuple[float, float],
    legend: Sequence[str],
    *,
    names: bool,
) -> None:
    ax.set_ylim(len(effect.values) - 0.45, -0.55)
    ax.set_xlim(*frame)
    if names:
        name_ticks(ax, [short(level_text(value)) for value in effect.values])
        ax.set_title(
            short(context.label(effect.variable), 60),
            fontsize=9,
            loc="left",
            pad=5.0 + LEGEND_LINE * legend_lines(legend),
            parse_math=False,
        )
    else:
        ax.set_yticks([])
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(scale_heading(context, effect), fontsize=9, parse_math=False)
    _dress(ax, "x")


def _dress(ax: Axes, axis: str) -> None:
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.tick_params(labelsize=8)
    (ax.yaxis if axis == "y" else ax.xaxis).grid(True, color=PALE, linewidth=0.5)
    ax.set_axisbelow(True)


def draw_stacked(ax: Axes, context: Context, effect: Effect, strands: Sequence[Strand]) -> None:
    """Draw the probabilities of all outcomes as shares of one: areas along a number, bars at levels."""
    shares = [_along(effect, strand.rows)["estimate"].to_numpy() for strand in strands]
    edges = np.vstack([np.zeros(len(shares[0])), np.cumsum(shares, axis=0)])
    line: dict[str, Any] = {"edgecolor": "white", "linewidth": 1.2}
    if effect.kind == "curve":
        x = np.array(effect.values, dtype=float)
        for k, strand in enumerate(strands):
            ax.fill_between(x, edges[k], edges[k + 1], color=_pale(strand.style.colour), **line)
        _dress_curves(ax, context, effect, (0.0, 1.0), wide=True)
        # Above the areas, whose colours would swallow them.
        _stroke_data(ax, context, effect, foot=1.012, colour=INK, most=MOST_STROKES)
        _name_areas(ax, (edges[:-1, -1] + edges[1:, -1]) / 2.0, [strand.name for strand in strands])
        return
    places = np.arange(len(effect.values))
    bars = [
        ax.barh(places, shares[k], left=edges[k], height=0.62, color=_pale(strand.style.colour), **line)
        for k, strand in enumerate(strands)
    ]
    _dress_levels(ax, context, effect, (0.0, 1.0), [strand.name for strand in strands], names=True)
    draw_legend(ax, bars, [short(strand.name, 28) for strand in strands])


def _pale(colour: str) -> tuple[float, float, float]:
    """Return a colour mixed with white, so that areas stay apart in grey and let the grid through."""
    from matplotlib.colors import to_rgb

    red, green, blue = (0.35 + 0.65 * part for part in to_rgb(colour))
    return red, green, blue


def probability_heading(context: Context) -> str:
    """Return whose probability is drawn."""
    outcomes = shown_outcomes(context)
    if len(outcomes) == 1:
        return event_text(context.fit, context.outcome_heading, level_text(outcomes[0]))
    return f"each outcome of {context.outcome_heading}"
