"""Panels on a page: where the drawings of a figure stand, in inches.

Measuring beats matplotlib's layout engine by a factor of two, and gives the same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from logreg.report.canvas import text_width

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["WIDTH", "Margins", "across", "name_below", "new_figure", "panels_of", "widest"]

#: Inches: the text of a printed page, and a phone's screen after scaling.
WIDTH = 6.5


class Margins(NamedTuple):
    """Room around the panels, in inches."""

    left: float
    right: float
    bottom: float
    top: float


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure (inches) that pyplot does not know."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def panels_of(
    figure: Figure,
    rows: int,
    columns: int,
    margins: Margins,
    *,
    gap: tuple[float, float] = (0.0, 0.0),
    **shared: Any,
) -> list[Any]:
    """Return panels inside margins, row by row, all in inches."""
    width, height = figure.get_size_inches()
    left, right, bottom, top = margins
    wide = (width - left - right - (columns - 1) * gap[0]) / columns
    down = (height - bottom - top - (rows - 1) * gap[1]) / rows
    place = {
        "left": left / width,
        "right": 1.0 - right / width,
        "bottom": bottom / height,
        "top": 1.0 - top / height,
    }
    grid = figure.add_gridspec(rows, columns, **place, wspace=gap[0] / wide, hspace=gap[1] / down)
    return list(grid.subplots(squeeze=False, **shared).ravel())


def name_below(figure: Figure, text: str, margins: Margins) -> None:
    """Write the name of the horizontal axis that all panels share."""
    width, height = figure.get_size_inches()
    centre = (margins.left + width - margins.right) / 2.0 / width
    figure.supxlabel(text, fontsize=9, x=centre, y=0.06 / height, va="bottom", parse_math=False)


def widest(texts: Iterable[str], size: float, weight: str = "normal") -> float:
    """Return the width of the widest text in inches."""
    return max((text_width(text, size, weight) for text in texts), default=0.0) / 72.0


def across(margins: Margins, columns: int, gap: float) -> float:
    """Return the width of a panel of a figure as wide as the page, in inches."""
    return (WIDTH - margins.left - margins.right - (columns - 1) * gap) / columns
