"""The forest plot: odds ratios with their intervals on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from logreg.report.canvas import (
    GREY,
    INK,
    PALE,
    Style,
    draw_legend,
    name_ticks,
    short,
    style_of,
    text_width,
)
from logreg.report.context import Context, Numbers, step_text
from logreg.report.formats import REPORT, NumberStyle, odds_ratio, odds_ratio_interval, shortest
from logreg.report.outline import Line
from logreg.report.words import bracketed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "beside_text",
    "draw_forest",
    "forest_lines",
    "forest_name",
    "odds_tick",
    "open_end",
    "ratio_frame",
    "ratio_text",
    "ratio_ticks",
]

#: An interval that reaches farther than this factor beyond the estimates ends in an arrow.
FARTHEST = 12.0
#: Distances of ticks where the axis spans less than a factor of four.
EVEN_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
#: Ticks of an axis that has a line, or only a panel, to itself.
MOST_TICKS, MOST_TICKS_OF_PANEL = 9, 5


def forest_lines(context: Context) -> tuple[Line, ...]:
    """Return the lines of the forest plot: odds ratios that can be read alone, and their references."""
    drawn = [
        line for line in context.lines if not line.joint and line.kind not in ("intercept", "full", "implied")
    ]
    terms = {line.term for line in drawn if line.kind != "heading"}
    return tuple(line for line in drawn if line.term in terms)


def draw_forest(
    ax: Axes,
    context: Context,
    equations: Sequence[int],
    *,
    names: bool = True,
    frame: tuple[float, float] | None = None,
) -> None:
    """Draw odds ratios of some outcomes into one panel.

    ``names`` labels the lines; ``frame`` are the ends of the axis. The only panel of one outcome shows its
    numbers too.
    """
    lines = forest_lines(context)
    beside = len(equations) == 1 and frame is None
    low, high = frame or ratio_frame(context, equations)
    ax.axvline(1.0, color=GREY, linewidth=0.9, zorder=1)
    offsets = np.linspace(-0.28, 0.28, len(equations)) if len(equations) > 1 else np.zeros(1)
    for place, line in enumerate(lines):
        if line.kind == "reference":
            ax.plot(1.0, place, marker="|", color=GREY, markersize=7, zorder=2)
        for offset, k in zip(offsets, equations, strict=True):
            if line.position is not None:
                _draw_ratio(ax, context.numbers[k][line.position], place + offset, style_of(k), (low, high))
        if beside:
            text = beside_text(context, equations[0], line)
            ax.annotate(
                text,
                (1.02, place),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8,
                color=GREY if line.kind == "reference" else INK,
                annotation_clip=False,
            )
    _dress_forest(ax, context, lines, (low, high), names=names, panel=frame is not None)
    if len(equations) > 1:
        _forest_legend(ax, context, equations)


def _draw_ratio(ax: Axes, numbers: Numbers, y: float, style: Style, frame: tuple[float, float]) -> None:
    low, high = frame
    if not numbers.is_finite:
        if math.isinf(numbers.logit):
            edge, arrow = (high, ">") if numbers.logit > 0 else (low, "<")
            ax.plot(edge, y, marker=arrow, color=style.colour, markersize=6, clip_on=False, zorder=3)
            if numbers.has_interval:
                ends = [max(numbers.low, low), min(numbers.high, high)]
                ax.plot(ends, [y, y], color=style.colour, linewidth=1.4, solid_capstyle="butt", zorder=2)
        return
    left, right = max(numbers.low, low), min(numbers.high, high)
    ax.plot([left, right], [y, y], color=style.colour, linewidth=1.4, solid_capstyle="butt", zorder=2)
    for reached, edge, arrow in ((numbers.low < low, low, "<"), (numbers.high > high, high, ">")):
        if reached:
            ax.plot(edge, y, marker=arrow, color=style.colour, markersize=4.5, clip_on=False, zorder=3)
    if low <= numbers.ratio <= high:
        filled = style.colour if numbers.is_clear else "white"
        ax.plot(
            numbers.ratio,
            y,
            marker=style.marker,
            markersize=5.5,
            color=style.colour,
            markerfacecolor=filled,
            markeredgewidth=1.2,
            linestyle="none",
            zorder=4,
        )


def beside_text(context: Context, equation: int, line: Line) -> str:
    """Return estimate and interval as they stand to the right of a line."""
    if line.kind == "reference":
        return "1 (reference)"
    if line.position is None:
        return ""
    numbers = context.numbers[equation][line.position]
    if not numbers.is_finite and not math.isinf(numbers.logit):
        return numbers.reason
    return ratio_text(context, numbers)


def ratio_text(context: Context, numbers: Numbers) -> str:
    """Return an odds ratio with its interval, or with the reason why there is none."""
    style = context.style
    limits = odds_ratio_interval(numbers.low, numbers.high, style, reason=numbers.reason)
    return f"{odds_ratio(numbers.ratio, style)} {bracketed(limits, style)}"


def open_end(context: Context, numbers: Numbers) -> str:
    """Return the interval of an infinite estimate, where it has one."""
    style = context.style
    limits = odds_ratio_interval(numbers.low, numbers.high, style)
    return f" {bracketed(limits, style)}" if numbers.has_interval else ""


def ratio_frame(context: Context, equations: Sequence[int]) -> tuple[float, float]:
    """Return the ends of the axis: all estimates, and intervals as far as they do not dwarf them."""
    lines = forest_lines(context)
    found = [
        context.numbers[k][line.position] for k in equations for line in lines if line.position is not None
    ]
    finite = [numbers for numbers in found if numbers.is_finite and 0.0 < numbers.ratio < math.inf]
    least = min([1.0, *(n.ratio for n in finite)])
    most = max([1.0, *(n.ratio for n in finite)])
    low = min([1.0, *(max(n.low, least / FARTHEST) for n in finite)])
    high = max([1.0, *(min(n.high, most * FARTHEST) for n in finite)])
    # Where infinite estimates have an interval, its finite end is worth seeing, with some way to go beyond.
    half = [n for n in found if math.isinf(n.logit) and n.has_interval]
    high = max([high, *(2.0 * min(n.low, high * FARTHEST) for n in half if n.logit > 0)])
    low = min([low, *(0.5 * max(n.high, low / FARTHEST) for n in half if n.logit < 0)])
    margin = max((high / low) ** 0.04, 1.02)
    return low / margin, high * margin


def _dress_forest(
    ax: Axes, context: Context, lines: Sequence[Line], frame: tuple[float, float], *, names: bool, panel: bool
) -> None:
    ax.set_xscale("log")
    ax.set_xlim(*frame)
    ax.set_ylim(len(lines) - 0.4, -0.6)
    ticks = ratio_ticks(*frame, most=MOST_TICKS_OF_PANEL if panel else MOST_TICKS)
    ax.set_xticks(ticks, [odds_tick(tick, context.style) for tick in ticks], fontsize=8)
    ax.minorticks_off()
    ax.xaxis.grid(True, color=PALE, linewidth=0.5)
    ax.set_axisbelow(True)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    if names:
        texts = [forest_name(context, line) for line in lines]
        name_ticks(ax, texts)
        for label, line in zip(ax.get_yticklabels(), lines, strict=True):
            label.set_color(GREY if line.kind == "reference" else INK)
            label.set_fontweight("bold" if line.kind == "heading" else "normal")
    else:
        ax.set_yticks([])
    ax.tick_params(axis="y", length=0)
    _align_names(ax)
    ax.set_xlabel(f"Odds ratio, {context.level} interval (log scale)", fontsize=9)


def _align_names(ax: Axes) -> None:
    """Set the names flush left, as in the table."""
    labels = ax.get_yticklabels()
    longest = max(
        (text_width(label.get_text(), 9, str(label.get_fontweight())) for label in labels), default=0.0
    )
    for label in labels:
        label.set_horizontalalignment("left")
    ax.tick_params(axis="y", pad=longest + 4.0)


def forest_name(context: Context, line: Line) -> str:
    """Return the name of a line as it stands beside the plot."""
    unit = _unit(context, line)
    return "   " * line.indent + short(f"{line.text}, per {unit}" if unit else line.text)


def _unit(context: Context, line: Line) -> str:
    if line.position is None:
        return ""
    unit = context.numbers[0][line.position].unit
    return "" if unit is None or unit == 1.0 else step_text(unit, context.style)


def _forest_legend(ax: Axes, context: Context, equations: Sequence[int]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=style_of(k).colour, marker=style_of(k).marker, linewidth=1.4, markersize=5.5)
        for k in equations
    ]
    texts = [short(context.outcomes[k], 28) for k in equations]
    draw_legend(ax, handles, texts)


def ratio_ticks(low: float, high: float, *, most: int = MOST_TICKS) -> list[float]:
    """Return round numbers for a logarithmic axis, as many as fit: even steps, 1-2-5, 1-3, or powers of ten.

    Examples
    --------
    >>> ratio_ticks(0.4, 6.0), ratio_ticks(0.5, 1.8, most=5), ratio_ticks(0.02, 30.0)
    ([0.5, 1.0, 2.0, 5.0], [0.5, 1.0, 1.5], [0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0])
    """
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    choices = [_even_steps(low, high, step) for step in EVEN_STEPS] if high < 4.0 * low else []
    choices += [
        [x for k in exponents for m in mantissas if low <= (x := float(f"{m}e{k}")) <= high]
        for mantissas in ((1, 2, 5), (1, 3), (1,))
    ]
    # Every second, third ... power of ten, always with 1.
    choices += [
        [10.0**k for k in exponents if k % every == 0 and low <= 10.0**k <= high] for every in range(2, 99)
    ]
    return next(found for found in choices if 2 <= len(found) <= most or found == [1.0])


def _even_steps(low: float, high: float, step: float) -> list[float]:
    return [
        round(k * step, 2)
        for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
        if k > 0
    ]


def odds_tick(value: float, style: NumberStyle = REPORT) -> str:
    """Return a tick of an odds ratio axis as text."""
    return shortest(value, style) if 1e-4 <= value < 1e6 else f"1e{round(math.log10(value))}"
