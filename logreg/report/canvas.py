"""What all drawings share: ink, styles of outcomes, names that fit, legends.

Colours differ in lightness, and line styles, markers and names beside the lines say the same without colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

from logreg.report.context import Context
from logreg.report.formats import visible
from logreg.report.outline import level_text
from logreg.whole_imports import load_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "GREY",
    "INK",
    "LEGEND_LINE",
    "PALE",
    "Style",
    "characters_of_font",
    "cut",
    "draw_legend",
    "legend_lines",
    "name_ticks",
    "new_axes",
    "set_decimal_mark",
    "short",
    "shown_outcomes",
    "style_of",
    "text_width",
]

#: Names longer than this are cut in figures; the tables hold them in full.
LONGEST_NAME = 34
#: Points that one line of a legend takes.
LEGEND_LINE = 13.0
#: What fits into one line of a legend.
LEGEND_CHARACTERS = 72
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


def new_axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return the axes given, or those of a new figure (inches) that pyplot does not know."""
    if ax is not None:
        return ax
    load_whole("matplotlib.figure")
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained").add_subplot()


def shown_outcomes(context: Context) -> tuple[str, ...]:
    """Return the outcomes whose probability is drawn: the event of two, all of more."""
    names = context.fit.spec.outcome.names
    return names[1:] if len(names) == 2 else names


@cache
def _font(weight: str) -> Any:
    load_whole("matplotlib.font_manager")
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
    # One pass from the left: a name may have a hundred thousand characters.
    widths = accumulate(text_width(character, size) for character in text)
    kept = sum(1 for _ in takewhile(lambda width: width <= points - text_width("…", size), widths))
    return text[:kept].rstrip() + "…"


def name_ticks(ax: Axes, texts: Sequence[str]) -> None:
    """Write names at 0, 1, 2 ... of the vertical axis, as they are: a dollar sign starts no formula."""
    from matplotlib.ticker import FixedFormatter, FixedLocator

    ax.yaxis.set_major_locator(FixedLocator(range(len(texts))))
    ax.yaxis.set_major_formatter(FixedFormatter(texts))
    for label in ax.get_yticklabels():
        label.set_parse_math(False)
        label.set_fontsize(9)


def set_decimal_mark(figure: Figure, mark: str) -> None:
    """Write the numbers of all axes with a decimal mark; names beside an axis stay as they are."""
    from matplotlib.ticker import FixedFormatter, Formatter

    class Marked(Formatter):
        """A formatter whose texts have another decimal mark."""

        def __init__(self, inner: Formatter) -> None:
            self.inner = inner

        def set_locs(self, locs: Any) -> None:
            self.inner.set_locs(locs)

        def __call__(self, x: float, pos: int | None = None) -> str:
            return self.inner(x, pos).replace(".", mark)

        def get_offset(self) -> str:
            return self.inner.get_offset().replace(".", mark)

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            formatter = axis.get_major_formatter()
            if not isinstance(formatter, FixedFormatter):
                axis.set_major_formatter(Marked(formatter))


def draw_legend(ax: Axes, handles: Sequence[Any], texts: Sequence[str]) -> None:
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
