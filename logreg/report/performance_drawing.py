"""ROC curves and calibration as pictures: panels for axes of any origin, and figures of a report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from logreg.diagnose.calibration import CalibrationGroup
from logreg.diagnose.discrimination import Area, roc_curve
from logreg.diagnose.rankings import FloatArray, Ranking
from logreg.report.canvas import GREY, INK, PALE, Style, cut, short, style_of
from logreg.report.context import Context
from logreg.report.curves import DIRECT_OUTCOMES, ENDS
from logreg.report.drawing import drawn
from logreg.report.formats import NumberStyle, share, share_interval
from logreg.report.nodes import Figure
from logreg.report.outline import level_text
from logreg.report.panels import WIDTH, Margins, across, name_below, new_figure, panels_of, widest
from logreg.report.words import bracketed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

__all__ = ["area_text", "calibration_figure", "draw_calibration", "draw_roc", "roc_figure"]

#: Inches: the side of a panel that stands alone; with its axis it fits a phone's screen.
SIDE = 2.9
#: A curve is drawn through this many places of each axis at most: finer steps are thinner than its line. Of
#: a panel among others, so many.
PLACES, FEW_PLACES = 400, 120
#: Bars that count predictions along an axis.
BARS = 50
#: Share of the axis below 0 that these bars take, and their height.
FOOT, TALLEST = 0.16, 0.11
#: Shares up to here are told with more digits.
SMALL_SHARES = 0.15


def area_text(area: Area, level: str, style: NumberStyle) -> str:
    """Return an area under a curve with its interval, if it has one: 0.72 (95% CI 0.64 to 0.79)."""
    value = share(area.area, 2, style, reason=area.reason)
    if math.isnan(area.conf_low):
        return value
    limits = share_interval(area.conf_low, area.conf_high, 2, style)
    return f"{value} {bracketed(f'{level} CI {limits}')}"


# ROC -------------------------------------------------------------------------------------------------------


def draw_roc(
    ax: Axes,
    rankings: Sequence[Ranking],
    styles: Sequence[Style],
    texts: Sequence[str],
    *,
    small: bool = False,
) -> None:
    """Draw ROC curves into one panel, with a text about each: inside for one curve, else beside the panel.

    ``small`` is for a panel among others, whose axes are named outside.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter

    ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle=(0, (2, 2)))
    lines = []
    for ranking, style in zip(rankings, styles, strict=True):
        curve = roc_curve(ranking)
        x, y = _thinned(1.0 - curve.specificity, curve.sensitivity, FEW_PLACES if small else PLACES)
        lines += ax.plot(x, y, color=style.colour, linestyle=style.dashes, linewidth=1.2 if small else 1.7)
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.01, 1.01)
    ax.set_box_aspect(1.0)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(FixedLocator([0.0, 0.5, 1.0] if small else [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    _dress(ax)
    if not small:
        ax.set_xlabel("1 − specificity", fontsize=9)
        ax.set_ylabel("Sensitivity", fontsize=9)
        ax.text(
            0.6,
            0.56,
            "no better than chance",
            rotation=45,
            rotation_mode="anchor",
            ha="center",
            va="top",
            fontsize=7.5,
            color=GREY,
        )
    if len(rankings) == 1:
        ax.text(
            0.98,
            0.03 if small else 0.04,
            texts[0],
            ha="right",
            va="bottom",
            fontsize=7 if small else 8.5,
            color=INK,
            parse_math=False,
        )
        return
    legend = ax.legend(
        lines,
        texts,
        loc="upper left",
        bbox_to_anchor=(1.04, 1.0),
        borderaxespad=0.0,
        frameon=False,
        fontsize=8.5,
        handlelength=3.2,
        labelspacing=0.9,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _thinned(x: FloatArray, y: FloatArray, places: int) -> tuple[FloatArray, FloatArray]:
    """Return a rising curve without points too close to tell apart, nor those inside straight runs."""
    if len(x) > 2 * places:
        cells = np.rint(x * places) * (places + 1.0) + np.rint(y * places)
        kept = np.append(np.flatnonzero(np.concatenate([[True], cells[1:] != cells[:-1]])), len(x) - 1)
        x, y = x[kept], y[kept]
    right, up = np.diff(x), np.diff(y)
    bends = right[:-1] * up[1:] != right[1:] * up[:-1]
    kept = np.flatnonzero(np.concatenate([[True], bends, [True]]))
    return x[kept], y[kept]


def roc_figure(context: Context, rankings: Sequence[Ranking], areas: Sequence[Area]) -> Figure:
    """Return the ROC curves of the outcomes, with the areas below them."""
    names = [level_text(ranking.outcome) for ranking in rankings]
    shown = [area_text(area, context.level, context.style) for area in areas]
    return drawn(
        "roc",
        context.style,
        lambda: _roc(context, rankings, areas, names, shown),
        alt=_roc_alt(context, names, shown, rankings),
        caption=_roc_caption(context, rankings, areas),
    )


def _roc(
    context: Context,
    rankings: Sequence[Ranking],
    areas: Sequence[Area],
    names: Sequence[str],
    shown: Sequence[str],
) -> Drawing:
    if len(rankings) == 1:
        margins = Margins(0.55, 0.15, 0.5, 0.1)
        figure = new_figure(SIDE + margins.left + margins.right, SIDE + margins.bottom + margins.top)
        (panel,) = panels_of(figure, 1, 1, margins)
        draw_roc(panel, rankings, [style_of(0)], [f"AUC {shown[0]}"])
    elif len(rankings) <= DIRECT_OUTCOMES:
        texts = [f"{short(name, 24)}\nAUC {text}" for name, text in zip(names, shown, strict=True)]
        beside = 0.7 + widest((line for text in texts for line in text.split("\n")), 8.5)
        margins = Margins(0.55, beside, 0.5, 0.1)
        width = min(WIDTH, SIDE + margins.left + beside)
        side = width - margins.left - beside
        figure = new_figure(width, side + margins.bottom + margins.top)
        (panel,) = panels_of(figure, 1, 1, margins)
        draw_roc(panel, rankings, [style_of(k) for k in range(len(rankings))], texts)
    else:
        figure, panels = _squares(names, "1 − specificity", "Sensitivity", gap=(0.2, 0.32))
        for k, panel in enumerate(panels):
            columns = _columns(len(names))
            panel.tick_params(labelbottom=k + columns >= len(names), labelleft=k % columns == 0)
        for panel, ranking, area in zip(panels, rankings, areas, strict=True):
            draw_roc(
                panel, [ranking], [style_of(0)], [f"AUC {share(area.area, 2, context.style)}"], small=True
            )
    return figure


def _roc_alt(
    context: Context, names: Sequence[str], shown: Sequence[str], rankings: Sequence[Ranking]
) -> str:
    said = []
    for name, text, ranking in zip(names, shown, rankings, strict=True):
        curve = roc_curve(ranking)
        # What a reader takes from a curve: how much is found at the price of one in ten, and of one in five.
        found = [
            f"{share(_found_at(curve.specificity, curve.sensitivity, spared), 2, context.style)} at a "
            f"specificity of {share(spared, 1, context.style)}"
            for spared in (0.9, 0.8)
        ]
        said.append(f"{name}: area {text}, sensitivity {found[0]} and {found[1]}")
    return f"ROC curves, sensitivity against 1 minus specificity. {'; '.join(said)}."


def _found_at(specificity: FloatArray, sensitivity: FloatArray, spared: float) -> float:
    """Return the sensitivity at a specificity, on the straight line between thresholds."""
    return float(np.interp(1.0 - spared, 1.0 - specificity, sensitivity))


def _roc_caption(context: Context, rankings: Sequence[Ranking], areas: Sequence[Area]) -> str:
    single = len(rankings) == 1
    what = f"{context.outcome_heading} = {level_text(rankings[0].outcome)}" if single else "each outcome"
    against = "" if single else " against all others together"
    reasons = list(dict.fromkeys(area.reason for area in areas if area.reason))
    return (
        f"Receiver operating characteristic (ROC) of the predictions of {what}{against}: at every threshold, "
        "the share of the events that are called events (sensitivity) against the share of the others that "
        "are too (1 − specificity). The area (AUC) is the chance that an event is predicted higher than a "
        f"record without, ties counting half{_interval_words(context, areas)}. Apparent performance, in the "
        f"data that made the model.{''.join(f' {reason.capitalize()}.' for reason in reasons)}"
    )


def _interval_words(context: Context, areas: Sequence[Area]) -> str:
    has_interval = any(not math.isnan(area.conf_low) for area in areas)
    return f", with DeLong's {context.level} interval" if has_interval else ""


# Calibration -----------------------------------------------------------------------------------------------


def draw_calibration(
    ax: Axes,
    ranking: Ranking,
    groups: Sequence[CalibrationGroup],
    *,
    small: bool = False,
) -> None:
    """Draw observed against predicted shares into one panel, with a count of the predictions at its foot.

    ``small`` is for a panel among others, whose axes are named outside.
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    end = _end_of_axes(groups)
    ax.plot([0, end], [0, end], color=GREY, linewidth=0.9, linestyle=(0, (2, 2)))
    x = [group.predicted for group in groups]
    with_interval = [group for group in groups if not math.isnan(group.conf_low)]
    ax.vlines(
        [group.predicted for group in with_interval],
        [group.conf_low for group in with_interval],
        [group.conf_high for group in with_interval],
        color=INK,
        linewidth=1.0 if small else 1.3,
    )
    ax.plot(x, [group.observed for group in groups], "o", color=INK, markersize=3.2 if small else 5.0)
    _count_at_foot(ax, ranking, end)
    ax.axhline(0.0, color=GREY, linewidth=0.6)
    ax.set_xlim(-0.01 * end, 1.01 * end)
    ax.set_ylim(-FOOT * end, 1.01 * end)
    ax.set_box_aspect(1.0)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=3 if small else 6, steps=[1, 2, 5, 10]))
    # No share is below 0; the ticks there would belong to the bars.
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if value > -1e-12 else ""))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    _dress(ax)
    if not small:
        ax.set_xlabel("Predicted probability", fontsize=9)
        ax.set_ylabel("Observed share", fontsize=9)


def _count_at_foot(ax: Axes, ranking: Ranking, end: float) -> None:
    """Draw bars that count the predictions, as one shape, standing on the foot of the panel; those beyond the
    end are in the last bar.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    places = np.minimum((ranking.probability / end * BARS).astype(np.intp), BARS - 1)
    counts = np.bincount(places, weights=ranking.trials, minlength=BARS)
    heights = TALLEST * end * counts / counts.max()
    vertices: list[tuple[float, float]] = []
    codes: list[Any] = []
    foot, wide = -FOOT * end, end / BARS
    for k in np.flatnonzero(counts):
        left, right, top = (k + 0.1) * wide, (k + 0.9) * wide, foot + heights[k]
        vertices += [(left, foot), (left, top), (right, top), (right, foot), (left, foot)]
        codes += [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    ax.add_patch(PathPatch(Path(vertices, codes), facecolor=GREY, linewidth=0))


def _end_of_axes(groups: Sequence[CalibrationGroup]) -> float:
    """Return where both axes end: at the next round number above all points and intervals.

    Of a rare outcome a few predictions lie far beyond, which would press the points into a corner.
    """
    ends = [group.observed if math.isnan(group.conf_high) else group.conf_high for group in groups]
    highest = max(*ends, *(group.predicted for group in groups))
    power = 10.0 ** math.floor(math.log10(highest)) if highest > 0.0 else 1.0
    return min(1.0, next(step * power for step in ENDS if step * power >= highest * (1.0 - 1e-12)))


def calibration_figure(
    context: Context, rankings: Sequence[Ranking], groups: Sequence[Sequence[CalibrationGroup]]
) -> Figure:
    """Return observed against predicted shares, one panel per outcome."""
    names = [level_text(ranking.outcome) for ranking in rankings]
    return drawn(
        "calibration",
        context.style,
        lambda: _calibration(rankings, groups, names),
        alt=_calibration_alt(context, names, groups),
        caption=_calibration_caption(context, rankings, groups),
    )


def _calibration(
    rankings: Sequence[Ranking], groups: Sequence[Sequence[CalibrationGroup]], names: Sequence[str]
) -> Drawing:
    if len(rankings) == 1:
        margins = Margins(0.55, 0.15, 0.5, 0.1)
        figure = new_figure(SIDE + margins.left + margins.right, SIDE + margins.bottom + margins.top)
        draw_calibration(panels_of(figure, 1, 1, margins)[0], rankings[0], groups[0])
    else:
        # Rare outcomes would hide in a corner of common axes.
        figure, panels = _squares(names, "Predicted probability", "Observed share", gap=(0.36, 0.5))
        for panel, ranking, part in zip(panels, rankings, groups, strict=True):
            draw_calibration(panel, ranking, part, small=True)
    return figure


def _calibration_alt(
    context: Context, names: Sequence[str], groups: Sequence[Sequence[CalibrationGroup]]
) -> str:
    said = []
    for name, part in zip(names, groups, strict=True):
        digits = 2 if _end_of_axes(part) > SMALL_SHARES else 4
        pairs = ", ".join(
            f"{share(group.predicted, digits, context.style)} and "
            f"{share(group.observed, digits, context.style)}"
            for group in part
        )
        said.append(f"{name}: {pairs}")
    return (
        "Calibration, observed shares against predicted probabilities in groups of like predictions. "
        f"Predicted and observed, from the lowest group to the highest. {'; '.join(said)}."
    )


def _calibration_caption(
    context: Context, rankings: Sequence[Ranking], groups: Sequence[Sequence[CalibrationGroup]]
) -> str:
    single = len(rankings) == 1
    what = f"{context.outcome_heading} = {level_text(rankings[0].outcome)}" if single else "each outcome"
    against = "" if single else " against all others together"
    reasons = list(dict.fromkeys(group.reason for part in groups for group in part if group.reason))
    is_beyond = any(
        one.probability[-1] > _end_of_axes(part) for one, part in zip(rankings, groups, strict=True)
    )
    beyond = ", the last one all that lie farther" if is_beyond else ""
    bars = f" with {context.level} Wilson intervals" if not all(map(_lacks_interval, groups)) else ""
    return (
        f"Calibration of the predictions of {what}{against}: points are the share observed in "
        f"{_number(groups)} groups of like predictions{bars}, on the diagonal where the model is right; bars "
        f"at the foot count the predictions{beyond}. Apparent calibration, in the data that made the model: "
        f"new data will lie farther off.{''.join(f' {reason.capitalize()}.' for reason in reasons)}"
    )


def _lacks_interval(groups: Sequence[CalibrationGroup]) -> bool:
    return all(math.isnan(group.conf_low) for group in groups)


def _number(groups: Sequence[Sequence[CalibrationGroup]]) -> str:
    low, high = min(map(len, groups)), max(map(len, groups))
    return f"{low}" if low == high else f"{low} to {high}"


# What both share -------------------------------------------------------------------------------------------


def _columns(n: int) -> int:
    return 2 if n == 2 else 4 if n > 6 or n == 4 else 3


def _squares(
    names: Sequence[str], across_name: str, up_name: str, *, gap: tuple[float, float]
) -> tuple[Any, list[Any]]:
    """Return a figure with one square panel per name, ``gap`` inches apart, and the panels."""
    n, columns = len(names), _columns(len(names))
    rows = -(-n // columns)
    margins = Margins(0.62, 0.12, 0.5, 0.26)
    side = across(margins, columns, gap[0])
    figure = new_figure(WIDTH, rows * side + (rows - 1) * gap[1] + margins.bottom + margins.top)
    panels = panels_of(figure, rows, columns, margins, gap=gap)
    for k, panel in enumerate(panels):
        if k >= n:
            panel.set_visible(False)
            continue
        beyond = margins.right if k % columns == columns - 1 else gap[0] - 0.08
        panel.set_title(cut(names[k], 72.0 * (side + beyond), 8), fontsize=8, loc="left", parse_math=False)
    name_below(figure, across_name, margins)
    figure.supylabel(up_name, fontsize=9, x=0.08 / WIDTH, ha="left")
    return figure, panels[:n]


def _dress(ax: Axes) -> None:
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.tick_params(labelsize=8)
    ax.grid(True, color=PALE, linewidth=0.5)
    ax.set_axisbelow(True)
