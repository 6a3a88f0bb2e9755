"""Plots of odds ratios and of predicted probabilities, on matplotlib axes of the object-oriented kind.

Nothing global of matplotlib is touched and no window is opened. Colours differ in lightness, and line styles,
markers and names beside the lines say the same without colour.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from logreg.errors import SupportError
from logreg.interpret.effects import Effect, effect_of, why_no_effects
from logreg.report.context import Context, Numbers, Units, context_of, step_text
from logreg.report.formats import odds_ratio, odds_ratio_interval, visible
from logreg.report.outline import Line, level_text
from logreg.report.words import event_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from logreg.fitted import LogisticFit

__all__ = [
    "DIRECT_OUTCOMES",
    "Plots",
    "Style",
    "draw_curves",
    "draw_effect",
    "draw_forest",
    "draw_levels",
    "effect_plot",
    "odds_ratio_plot",
    "style_of",
]

#: Names longer than this are cut in figures; the tables hold them in full.
LONGEST_NAME = 34
#: Up to this many outcomes share one panel; more would hide each other.
DIRECT_OUTCOMES = 4
#: An interval that reaches farther than this factor beyond the estimates ends in an arrow.
FARTHEST = 12.0
#: Points that one line of a legend takes.
LEGEND_LINE = 13.0
#: What fits into one line of a legend.
LEGEND_CHARACTERS = 72
#: Distances of ticks where the axis spans less than a factor of four.
EVEN_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
#: Ticks of an axis that has a line, or only a panel, to itself.
MOST_TICKS, MOST_TICKS_OF_PANEL = 9, 5
INK, GREY, PALE = "#1d1f22", "#6b6f76", "#c9ccd1"


class Style(NamedTuple):
    """How one outcome is drawn."""

    colour: str
    dashes: Any
    marker: str


#: Dark to light, so that they stay apart in grey (Okabe and Ito's palette, which the colour-blind can tell
#: apart).
STYLES = (
    Style("#000000", "-", "o"),
    Style("#0072B2", (0, (6, 2)), "s"),
    Style("#D55E00", (0, (1.5, 1.5)), "^"),
    Style("#009E73", (0, (6, 2, 1.5, 2)), "D"),
    Style("#882255", (0, (3, 1.5)), "v"),
    Style("#E69F00", (0, (9, 2)), "P"),
    Style("#56B4E9", (0, (4, 2, 1, 2, 1, 2)), "X"),
)


def style_of(k: int) -> Style:
    """Return the style of the k-th outcome."""
    return STYLES[k % len(STYLES)]


class Plots:
    """The plots of a fit: ``fit.plot.odds_ratios()`` and ``fit.plot.effect("age")``."""

    def __init__(self, fit: LogisticFit) -> None:
        self._fit = fit

    def odds_ratios(
        self,
        ax: Axes | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        units: Units | None = None,
        confidence: float | None = None,
        versus: object = None,
    ) -> Axes:
        """Draw a forest plot of odds ratios; see `odds_ratio_plot`."""
        return odds_ratio_plot(
            self._fit, ax, labels=labels, units=units, confidence=confidence, versus=versus
        )

    def effect(
        self,
        variable: str,
        ax: Axes | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        confidence: float | None = None,
    ) -> Axes:
        """Draw predicted probabilities along a variable; see `effect_plot`."""
        return effect_plot(self._fit, variable, ax, labels=labels, confidence=confidence)

    def __repr__(self) -> str:
        return "<plots of a fit: odds_ratios(), effect(variable)>"


def odds_ratio_plot(
    fit: LogisticFit,
    ax: Axes | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    units: Units | None = None,
    confidence: float | None = None,
    versus: object = None,
) -> Axes:
    """Draw odds ratios with their intervals on a logarithmic axis; outcomes differ by marker.

    Parameters
    ----------
    fit : LogisticFit
    ax : matplotlib Axes, optional
        Drawn into; a new figure, unknown to pyplot, if not given (``ax.figure.savefig(...)``).
    labels, units, confidence, versus
        As for `logreg.report.context.context_of`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> fit.plot.odds_ratios().get_xscale()
    'log'
    """
    context = context_of(fit, labels=labels, units=units, confidence=confidence, versus=versus)
    n_lines = len(forest_lines(context)) * (1.0 if len(context.outcomes) == 1 else 1.5)
    axes = _axes(ax, (6.5, 1.0 + 0.24 * n_lines))
    draw_forest(axes, context, range(len(context.outcomes)))
    return axes


def effect_plot(
    fit: LogisticFit,
    variable: str,
    ax: Axes | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    confidence: float | None = None,
) -> Axes:
    """Draw the predicted probability of every outcome along a variable, the others held at typical values.

    A number gives curves with bands, a factor points with intervals; two outcomes show the event alone.
    Arguments as for `odds_ratio_plot`.

    Raises
    ------
    SupportError
        If the variable is not a predictor, or typical values of the others are not known.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> fit.plot.effect("age").get_ylabel()
    'Predicted probability'
    """
    reason = why_no_effects(fit.spec, has_rows=fit.source is not None)
    if reason:
        raise SupportError(f"predicted probabilities along {variable!r} cannot be drawn: {reason}.")
    context = context_of(fit, labels=labels, confidence=confidence)
    effect = effect_of(fit, variable, fit.profiles(), confidence=confidence)
    axes = _axes(ax, effect_size(effect, len(shown_outcomes(context))))
    draw_effect(axes, context, effect, shown_outcomes(context))
    return axes


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained").add_subplot()


def shown_outcomes(context: Context) -> tuple[str, ...]:
    """Return the outcomes whose probability is drawn: the event of two, all of more."""
    names = context.fit.spec.outcome.names
    return names[1:] if len(names) == 2 else names


def forest_lines(context: Context) -> tuple[Line, ...]:
    """Return the lines of the forest plot: odds ratios that can be read alone, and their references."""
    drawn = [
        line for line in context.lines if not line.joint and line.kind not in ("intercept", "full", "implied")
    ]
    terms = {line.term for line in drawn if line.kind != "heading"}
    return tuple(line for line in drawn if line.term in terms)


@cache
def _font(weight: str) -> Any:
    from matplotlib import font_manager

    place = font_manager.findfont(font_manager.FontProperties(family=["DejaVu Sans"], weight=weight))
    return font_manager.get_font(place)


def characters_of_font() -> frozenset[int]:
    """Return the characters that can be drawn."""
    return frozenset(_font("normal").get_charmap())


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return how wide a line of text is, in points; a character that the font lacks counts as wide.

    Examples
    --------
    >>> text_width("mm", 9) == 2 * text_width("m", 9)
    True
    """
    bold = weight == "bold"
    return sum(_advance(character, bold) for character in text) * size


@cache
def _advance(character: str, bold: bool) -> float:
    """Return the width of a character in units of the font's size, 1 for one that the font lacks."""
    from matplotlib.ft2font import LoadFlags

    font = _font("bold" if bold else "normal")
    if ord(character) not in font.get_charmap():
        return 1.0
    glyph: Any = font.load_char(ord(character), flags=LoadFlags.NO_SCALE)
    return float(glyph.horiAdvance) / float(font.units_per_EM)


def short(text: str, longest: int = LONGEST_NAME) -> str:
    """Return a name made visible and cut to fit beside a plot."""
    text = visible(text)
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def cut(text: str, points: float, size: float) -> str:
    """Return a name made visible and cut to a width."""
    text = visible(text)
    if text_width(text, size) <= points:
        return text
    while text and text_width(text + "…", size) > points:
        text = text[:-1]
    return text.rstrip() + "…"


# Odds ratios -----------------------------------------------------------------------------------------


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
    if not numbers.is_finite:
        return (
            f"{odds_ratio(numbers.ratio)} ({numbers.reason})" if math.isinf(numbers.logit) else numbers.reason
        )
    return f"{odds_ratio(numbers.ratio)} ({odds_ratio_interval(numbers.low, numbers.high)})"


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
    margin = max((high / low) ** 0.04, 1.02)
    return low / margin, high * margin


def _dress_forest(
    ax: Axes, context: Context, lines: Sequence[Line], frame: tuple[float, float], *, names: bool, panel: bool
) -> None:
    ax.set_xscale("log")
    ax.set_xlim(*frame)
    ax.set_ylim(len(lines) - 0.4, -0.6)
    ticks = ratio_ticks(*frame, most=MOST_TICKS_OF_PANEL if panel else MOST_TICKS)
    ax.set_xticks(ticks, [odds_tick(tick) for tick in ticks], fontsize=8)
    ax.minorticks_off()
    ax.xaxis.grid(True, color=PALE, linewidth=0.5)
    ax.set_axisbelow(True)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    if names:
        texts = [forest_name(context, line) for line in lines]
        _name_ticks(ax, texts)
        for label, line in zip(ax.get_yticklabels(), lines, strict=True):
            label.set_color(GREY if line.kind == "reference" else INK)
            label.set_fontweight("bold" if line.kind == "heading" else "normal")
    else:
        ax.set_yticks([])
    ax.tick_params(axis="y", length=0)
    _align_names(ax)
    ax.set_xlabel(f"Odds ratio, {context.level} interval (log scale)", fontsize=9)


def _name_ticks(ax: Axes, texts: Sequence[str]) -> None:
    """Write names at 0, 1, 2 ... of the vertical axis, as they are: a dollar sign starts no formula."""
    from matplotlib.ticker import FixedFormatter, FixedLocator

    ax.yaxis.set_major_locator(FixedLocator(range(len(texts))))
    ax.yaxis.set_major_formatter(FixedFormatter(texts))
    for label in ax.get_yticklabels():
        label.set_parse_math(False)
        label.set_fontsize(9)


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
    return "" if unit is None or unit == 1.0 else step_text(unit)


def _forest_legend(ax: Axes, context: Context, equations: Sequence[int]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=style_of(k).colour, marker=style_of(k).marker, linewidth=1.4, markersize=5.5)
        for k in equations
    ]
    texts = [short(context.outcomes[k], 28) for k in equations]
    _legend(ax, handles, texts)


def _legend(ax: Axes, handles: Sequence[Any], texts: Sequence[str]) -> None:
    """Put a legend above the panel."""
    columns = _legend_columns(texts)
    legend = ax.legend(
        handles,
        texts,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        borderaxespad=0.0,
        borderpad=0.3,
        ncols=columns,
        frameon=False,
        fontsize=8,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _legend_columns(texts: Sequence[str]) -> int:
    return min(len(texts), max(1, LEGEND_CHARACTERS // (max(map(len, texts)) + 6)))


def legend_lines(outcomes: Sequence[str]) -> int:
    """Return how many lines the legend of some outcomes takes."""
    texts = [short(level_text(outcome), 28) for outcome in outcomes]
    return -(-len(texts) // _legend_columns(texts)) if len(texts) > 1 else 0


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


def odds_tick(value: float) -> str:
    """Return a tick of an odds ratio axis as text."""
    return f"{value:g}" if 1e-4 <= value < 1e6 else f"1e{round(math.log10(value))}"


# Predicted probabilities -------------------------------------------------------------------------------


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
        _name_ticks(ax, texts)
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
        _legend(ax, handles, [short(level_text(outcome), 28) for outcome in outcomes])


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
