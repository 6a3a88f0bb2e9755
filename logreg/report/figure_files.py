"""A figure of a report as a file of its own: SVG, PNG or PDF, the same bytes every time."""

from __future__ import annotations

import html
import os
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING

from logreg.errors import SupportError, did_you_mean
from logreg.report.extra import require_extra
from logreg.report.formats import visible
from logreg.report.render_pdf import PIXELS_PER_INCH, drawing_to_pdf, drawing_to_png
from logreg.report.write import write_bytes_atomically

if TYPE_CHECKING:
    from logreg.report.nodes import Figure

__all__ = ["figure_bytes", "write_figure"]

SUFFIXES = (".svg", ".png", ".pdf")
#: Beyond this a picture of a page would take gigabytes.
MOST_PIXELS_PER_INCH = 2400.0


def write_figure(figure: Figure, path: str | os.PathLike[str], dpi: float | None = None) -> Path:
    """Write a figure in the format that the path's suffix names, and return the path.

    Parameters
    ----------
    figure : Figure
    path : path
        ``.svg`` is the drawing as it stands in a report, ``.pdf`` the same, tagged for screen readers,
        ``.png`` a picture of it.
    dpi : float, optional
        Pixels per inch of a picture; 200 if not given.

    Raises
    ------
    SupportError
        For another suffix, for ``dpi`` where there are no pixels, and for ``.png`` and ``.pdf`` without the
        extra ``report``. Nothing is written.
    OSError
        If the file cannot be written; it names the path, and an older file of that name is still as it was.
    """
    target = Path(path)
    write_bytes_atomically(target, figure_bytes(figure, target.suffix, dpi))
    return target


def figure_bytes(figure: Figure, suffix: str, dpi: float | None = None) -> bytes:
    """Return the bytes of the file that `write_figure` would write."""
    kind = suffix.lower()
    if kind not in SUFFIXES:
        raise SupportError(
            f"no figure can be written with the suffix {suffix!r}: use one of {', '.join(SUFFIXES)}."
            + did_you_mean(kind, SUFFIXES)
        )
    if dpi is not None and kind != ".png":
        raise SupportError(f"dpi= is for pictures (.png): a figure in {kind} is sharp at any size.")
    require_extra(kind)
    if kind == ".svg":
        return _alone(figure).encode("utf-8")
    if kind == ".pdf":
        first_sentence = figure.alt.partition(". ")[0].removesuffix(".")
        return drawing_to_pdf(figure.svg, title=first_sentence, alt=figure.alt)
    return drawing_to_png(figure.svg, PIXELS_PER_INCH if dpi is None else _checked(dpi))


def _alone(figure: Figure) -> str:
    """Return the drawing as a file, which says itself what it shows."""
    alt = html.escape(visible(figure.alt), quote=True)
    body = figure.svg.removeprefix("<svg")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<svg role="img" aria-label="{alt}"{body}\n'


def _checked(dpi: object) -> float:
    if isinstance(dpi, bool) or not isinstance(dpi, Real) or not 1.0 <= float(dpi) <= MOST_PIXELS_PER_INCH:
        raise SupportError(
            f"dpi={dpi!r} is not a number of pixels per inch between 1 and {MOST_PIXELS_PER_INCH:g}."
        )
    return float(dpi)
