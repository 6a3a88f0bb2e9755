"""The nomogram as a drawing, alone or as a figure of a report, and in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from logreg.interpret.effects import Profile
from logreg.logits import sigmoid
from logreg.report.canvas import GREY, INK, PALE, cut, new_axes, text_width
from logreg.report.context import Context, context_of
from logreg.report.drawing import drawn
from logreg.report.formats import shortest
from logreg.report.nodes import Figure
from logreg.report.nomogram import MOST_POINTS, Nomogram, nomogram_of, number_text, round_numbers
from logreg.report.panels import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

    from logreg.fitted import LogisticFit

__all__ = ["nomogram_figure", "nomogram_plot"]

#: Probabilities that get a mark where the scale reaches them.
PROBABILITIES: tuple[float, ...] = (
    *(0.0001, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5),
    *(0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999),
)
#: Odds that get a mark.
ODDS = tuple(digit * 10.0**power for power in range(-4, 4) for digit in (1, 2, 5))
#: With fewer of these marks a scale gets round numbers of its own.
FEWEST_MARKS = 3
#: A scale with more marks than this is told by three of them.
MOST_MARKS = 8
#: Inches: width, height of one scale, size of letters in points.
WIDTH, ROW, SIZE = 6.5, 0.36, 7.5
#: Names of scales take this share of the width at most; so much is left free on the right.
WIDEST_NAME, RIGHT = 0.32, 0.05
#: Room between two marks' texts, in points of letters.
GAP = 3.0
#: Between two lines of one path.
BREAK = (math.nan, math.nan)


def nomogram_plot(
    fit: LogisticFit,
    ax: Axes | None = None,
    *,
    outcome: object = None,
    labels: Mapping[str, str] | None = None,
) -> Axes:
    """Draw a nomogram: scales of points, their total, and what the total means.

    Read the points of each value straight above it on the first scale, add them up, find the total below and
    read the logit and the probability straight under it. With more than two outcomes the last scale is the
    odds against the baseline.

    Parameters
    ----------
    fit : LogisticFit
        With its rows: the scales run over the range of the data.
    ax : matplotlib Axes, optional
        Drawn into; a new figure, unknown to pyplot, if not given.
    outcome : level, optional
        Needed where there are more than two.
    labels : mapping, optional
        Headings of columns.

    Raises
    ------
    SupportError
        Where there is no nomogram; see `nomogram_of`.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> axes = fit.plot.nomogram()
    >>> [text.get_text() for text in axes.texts][0]
    'Points'
    """
    context = context_of(fit, labels=labels)
    found = nomogram_of(context, {} if fit.source is None else fit.profiles(), outcome)
    axes = new_axes(ax, (WIDTH, height_of(found)))
    draw_nomogram(axes, found)
    return axes


def height_of(nomogram: Nomogram) -> float:
    """Return the height of a drawing in inches."""
    return ROW * (len(nomogram.scales) + 4) + 0.2


def nomogram_figure(context: Context, profiles: Mapping[str, Profile]) -> Figure:
    """Return the nomogram of two outcomes as a figure of a report.

    Raises
    ------
    SupportError
        Where there is none; see `nomogram_of`.
    """
    found = nomogram_of(context, profiles)
    return drawn(
        "nomogram",
        context.style,
        lambda: _drawing(found),
        alt=nomogram_alt(found),
        caption=nomogram_caption(found),
    )


def _drawing(nomogram: Nomogram) -> Drawing:
    figure = new_figure(WIDTH, height_of(nomogram))
    draw_nomogram(figure.add_axes((0.01, 0.0, 0.98, 1.0)), nomogram)
    return figure


def nomogram_caption(nomogram: Nomogram) -> str:
    """Return how the nomogram is read."""
    last = "probability" if nomogram.is_binary else f"odds against {nomogram.baseline}"
    joint = any(scale.held for scale in nomogram.scales)
    several = len({(scale.variable, scale.held) for scale in nomogram.scales}) < len(nomogram.scales)
    return (
        f"Nomogram for {nomogram.outcome}. Read the points of each value straight above it, add them up, and "
        f"read the {last} straight below the total. Predictions have no interval here."
        + (
            " Of the scales of one variable, take the one that names the record's other levels."
            if joint
            else ""
        )
        + (" A number whose points rise and fall has one scale for each direction." if several else "")
    )


def nomogram_alt(nomogram: Nomogram) -> str:
    """Return the nomogram in words: points at the marks of every scale, probabilities at a few totals."""
    scales = []
    for scale in nomogram.scales:
        marks = list(zip(scale.texts, scale.points, strict=True))
        # Both ends of a number are enough for its range; the marks between are read from the drawing.
        shown = marks if len(marks) <= MOST_MARKS else [marks[0], marks[len(marks) // 2], marks[-1]]
        held = f" ({scale.held})" if scale.held else ""
        said = ", ".join(f"{text} {points:.0f}" for text, points in shown)
        scales.append(f"{scale.label}{held}: {said}")
    what = "probability" if nomogram.is_binary else f"odds against {nomogram.baseline}"
    totals = ", ".join(f"{total:.0f} gives {text}" for text, total in _last_marks(nomogram))
    return (
        f"Nomogram for {nomogram.outcome}. Points by value: {'; '.join(scales)}. "
        f"Total points and {what}: {totals}."
    )


def _last_marks(nomogram: Nomogram) -> list[tuple[str, float]]:
    """Return marks of the last scale, probability or odds, as text with their total points."""
    ends = nomogram.base, nomogram.base + nomogram.per_point * nomogram.most
    if nomogram.is_binary:
        (low, high), usual = map(_probability, ends), PROBABILITIES
    else:
        (low, high), usual = map(math.exp, ends), ODDS
    inside = [value for value in usual if low <= value <= high]
    marks = []
    for value in inside if len(inside) >= FEWEST_MARKS else round_numbers(low, high):
        logit = math.log(value / (1.0 - value)) if nomogram.is_binary else math.log(value)
        marks.append((shortest(value, nomogram.style), nomogram.total_of_logit(logit)))
    return marks


def _probability(logit: float) -> float:
    return float(np.asarray(sigmoid(logit)))


def draw_nomogram(ax: Axes, nomogram: Nomogram) -> None:
    """Draw a nomogram into axes, whose frame goes."""
    scales, most, style = nomogram.scales, nomogram.most, nomogram.style
    last = "Probability" if nomogram.is_binary else f"Odds against {nomogram.baseline}"
    names = [("Points", ""), *((one.label, one.held) for one in scales)]
    names += [("Total points", ""), ("Logit", ""), (last, "")]
    inches = 72.0 * WIDTH
    widest = max(text_width(text, SIZE) for name in names for text in name)
    left = min(WIDEST_NAME, widest / inches + 0.04)
    unit = inches * (1.0 - left - RIGHT)
    edge = -left * inches / unit
    ax.set_axis_off()
    ax.set_xlim(edge, 1.0 + RIGHT * inches / unit)
    ax.set_ylim(len(names) - 0.35, -0.75)
    for k, name in enumerate(names):
        _write_name(ax, edge, k, name, left * inches - 8.0)
    tens = np.linspace(0.0, 1.0, 11).tolist()
    ruled = [point for x in tens for point in ((x, 0.0), (x, len(scales) + 0.4), BREAK)]
    ax.plot(*zip(*ruled, strict=True), color=PALE, linewidth=0.5, zorder=0, clip_on=False)
    whole = (0.0, 1.0)
    ends = nomogram.base, nomogram.base + nomogram.per_point * most
    drawn = [([(f"{points:g}", points / MOST_POINTS) for points in range(0, 101, 10)], whole)]
    for one in scales:
        marks = [(text, at / MOST_POINTS) for text, at in zip(one.texts, one.points, strict=True)]
        drawn.append((marks, (one.ends[0] / MOST_POINTS, one.ends[1] / MOST_POINTS)))
    drawn += [
        ([(number_text(total, style), total / most) for total in round_numbers(0.0, most)], whole),
        (
            [
                (number_text(logit, style), nomogram.total_of_logit(logit) / most)
                for logit in round_numbers(*ends)
            ],
            whole,
        ),
        ([(text, at / most) for text, at in _last_marks(nomogram)], whole),
    ]
    # One path for all lines: a drawing of a third the size.
    lines = [point for row, one in enumerate(drawn) for point in _draw_scale(ax, row, *one, unit)]
    ax.plot(*zip(*lines, strict=True), color=INK, linewidth=0.9, solid_capstyle="butt", clip_on=False)


def _write_name(ax: Axes, x: float, row: int, name: tuple[str, str], room: float) -> None:
    """Write what a scale is called, and below it where it holds, in at most ``room`` points of letters."""
    for text, shift, size, colour in ((name[0], 0.0, SIZE, INK), (name[1], 0.36, SIZE - 1.0, GREY)):
        if text:
            shown = cut(text, room, size)
            ax.text(x, row + shift, shown, fontsize=size, va="center", color=colour, parse_math=False)


def _draw_scale(
    ax: Axes, row: int, marks: Sequence[tuple[str, float]], ends: tuple[float, float], unit: float
) -> Iterator[tuple[float, float]]:
    """Write the texts of one scale, above for the first and else below; yield the points of its lines.

    ``unit`` is the width of the scales in points of letters.
    """
    yield from ((ends[0], row), (ends[1], row), BREAK)
    for _, x in marks:
        yield from ((x, row - 0.1), (x, row + 0.1), BREAK)
    for text, x, above in _placed(marks, unit, first=row == 0):
        ax.text(
            x,
            row - 0.14 if above else row + 0.14,
            text,
            fontsize=SIZE,
            ha="center",
            va="bottom" if above else "top",
            color=INK,
            parse_math=False,
        )


def _placed(marks: Sequence[tuple[str, float]], unit: float, *, first: bool) -> list[tuple[str, float, bool]]:
    """Return the texts of a scale with their places and whether they stand above the line.

    Texts without room on the usual side (above on the first scale) stand on the other; those of the ends come
    first. Without room on either side a number is left out, for its neighbours tell it, and the name of a
    level joins that of its neighbour.
    """
    marks = sorted(marks, key=lambda mark: mark[1])
    taken: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    found = []
    for k in sorted(range(len(marks)), key=lambda k: (k not in (0, len(marks) - 1), k)):
        text, x = marks[k]
        shown = cut(text, unit / 2.0, SIZE)
        half = (text_width(shown, SIZE) / 2.0 + GAP / 2.0) / unit
        sides = [above for above in (first, not first) if _is_free(taken[above], x - half, x + half)]
        if sides:
            taken[sides[0]].append((x - half, x + half))
            found.append((shown, x, sides[0]))
        elif any(character.isalpha() for character in text):
            near = [n for n in (k - 1, k + 1) if 0 <= n < len(marks)]
            other = min(near, key=lambda n: abs(marks[n][1] - x))
            low, high = sorted((k, other))
            joined = f"{marks[low][0]}, {marks[high][0]}", (marks[low][1] + marks[high][1]) / 2.0
            return _placed([*marks[:low], joined, *marks[high + 1 :]], unit, first=first)
    return found


def _is_free(taken: Sequence[tuple[float, float]], low: float, high: float) -> bool:
    return all(high <= first or low >= last for first, last in taken)
