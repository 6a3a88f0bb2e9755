"""Figures of a report: whole drawings as SVG, the same bytes on every run, with their numbers in words."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from logreg.design.outcome import level_name
from logreg.interpret.effects import Effect
from logreg.report.context import Context
from logreg.report.formats import fixed, odds_ratio, odds_ratio_interval
from logreg.report.nodes import Figure as FigureNode
from logreg.report.plots import (
    DIRECT_OUTCOMES,
    draw_curves,
    draw_effect,
    draw_forest,
    draw_levels,
    effect_size,
    forest_lines,
    probability_heading,
    probability_top,
    short,
    shown_outcomes,
)
from logreg.report.words import average_text, listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["effect_figure", "effect_alt", "forest_alt", "forest_figure", "house_style"]

#: Inches: the text of a printed page, and a phone's screen after scaling.
WIDTH = 6.5
STYLE: dict[str, Any] = {
    "svg.hashsalt": "logreg",
    "svg.fonttype": "path",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "path.simplify": False,
}
#: Characters the font lacks stand in as braille patterns while widths are measured, and come back in the drawing.
STAND_INS = range(0x2801, 0x2900)
#: Beyond this many values an alternative text would be longer than the table it stands for.
MOST_QUOTED = 24


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the report's style whatever the user's settings of matplotlib; they are back afterwards."""
    import matplotlib.style

    with matplotlib.style.context(STYLE, after_reset=True):
        yield


def _svg(size: tuple[float, float], texts: Sequence[str], draw: Callable[[Figure, Callable[[str], str]], None]) -> str:
    raise NotImplementedError


@cache
def _drawable() -> frozenset[int]:
    """Return the characters of the font."""
    from matplotlib import font_manager

    return frozenset(font_manager.get_font(font_manager.findfont("DejaVu Sans")).get_charmap())
