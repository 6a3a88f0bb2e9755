"""Drawings made lighter look the same: point by point along their paths, and pixel by pixel."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import matplotlib.figure
import matplotlib.image
import numpy as np
import pytest

from logreg.report.drawing import house_style, svg_of
from logreg.report.render_pdf import drawing_to_png
from logreg.report.svg import clean_svg
from logreg.report.svg_compact import compact

#: Half the last digit that is kept, and what the rounding of a scale may add.
CLOSE = 0.0051


def drawing(*, formula: bool = False) -> matplotlib.figure.Figure:
    """A drawing with all that reports draw: text of every kind, curves, bands, marks, hatches, clipping."""
    figure = matplotlib.figure.Figure(figsize=(5, 3))
    ax = figure.subplots()
    x = np.linspace(-3, 3, 80)
    ax.plot(x, np.sin(x), linestyle=(0, (6, 2)), linewidth=1.7, color="#0072B2", label="sine")
    ax.fill_between(x, np.sin(x) - 0.3, np.sin(x) + 0.3, alpha=0.13, color="#aabbcc", linewidth=0)
    ax.plot([0, 1, 2.5], [0.1234567, 0.2, 9.0], "o", markerfacecolor="white", markersize=5.5)
    ax.plot([0.5], [0.5], "D", color="black")
    ax.bar([-2, -1], [0.5, 0.25], hatch="//", edgecolor="black")
    ax.set_ylim(-1.5, 1.5)
    ax.set_xlabel("Weight of the mother, lb & 10−3")
    ax.set_ylabel("turned")
    ax.set_title("two\nlines" + (r" $x_1^2 + \frac{1}{2}$" if formula else ""))
    ax.annotate("slanted", (0, 0.1), rotation=30)
    ax.legend()
    return figure


def svgs(figure: matplotlib.figure.Figure) -> tuple[str, str]:
    """Return the drawing as matplotlib writes it, and made lighter."""
    stream = io.StringIO()
    with house_style():
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue(), compact(stream.getvalue())


def picture(svg: str) -> np.ndarray:
    return matplotlib.image.imread(io.BytesIO(drawing_to_png(clean_svg(svg, "p"))))


@pytest.mark.parametrize("formula", [False, True])
def test_a_lighter_drawing_looks_the_same(formula: bool) -> None:
    before, after = map(picture, svgs(drawing(formula=formula)))
    assert before.shape == after.shape
    different = np.abs(before - after).max(axis=2)
    # At 200 dots per inch only the shade of some edges differs.
    assert different.max() < 0.35
    assert (different > 0.1).mean() < 0.001
    # And what was compared is a drawing, not an empty page.
    assert (before[..., :3].mean(axis=2) < 0.5).mean() > 0.01


def test_it_is_lighter() -> None:
    before, after = (clean_svg(svg, "figure-drawing") for svg in svgs(drawing()))
    assert len(after) < 0.75 * len(before)


def points(data: str) -> list[tuple[float, float]]:
    """Return every point that a path names, of absolute and of relative commands."""
    found: list[tuple[float, float]] = []
    here = first = (0.0, 0.0)
    for letter, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", data):
        numbers = [float(x) for x in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", rest)]
        size = {"M": 1, "L": 1, "Q": 2, "C": 3, "Z": 0}[letter.upper()]
        if size == 0:
            here = first
            continue
        for k in range(0, len(numbers), 2 * size):
            origin = here if letter.islower() else (0.0, 0.0)
            for j in range(k, k + 2 * size, 2):
                here = origin[0] + numbers[j], origin[1] + numbers[j + 1]
                found.append(here)
        first = here if letter in "Mm" else first
    return found


def test_every_point_of_every_path_stays_within_half_a_hundredth() -> None:
    before, after = svgs(drawing())
    compared = 0
    # Definitions move to the front: paths are matched by their number of points and their place.
    old, new = (
        [points(path.get("d", "")) for path in ElementTree.fromstring(svg).iter() if path.get("d")]
        for svg in (before, after)
    )
    for path in old:
        nearest = min(
            (other for other in new if len(other) == len(path)),
            key=lambda other: np.abs(np.array(other) - np.array(path)).max(),
        )
        assert np.abs(np.array(nearest) - np.array(path)).max() < CLOSE
        compared += len(path)
    assert compared > 1000
    assert len(new) == len(old)


def test_errors_do_not_add_up_along_a_path() -> None:
    steps = np.cumsum(np.full(5000, 0.0333333))
    data = "M " + " L ".join(f"{x:.6f} {-x:.6f}" for x in steps)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><path d="{data}"/></svg>'
    (path,) = re.findall(r' d="([^"]*)"', compact(svg))
    assert np.abs(np.array(points(path))[:, 0] - steps).max() < CLOSE


def test_a_path_with_other_commands_is_only_rounded() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg"><path d="M 1.23456 2 A 3 3 0 0 1 4.56789 5 H 6.789"/></svg>'
    )
    assert 'd="M 1.23 2 A 3 3 0 0 1 4.57 5 H 6.79"' in compact(svg)


def test_letters_that_the_font_lacks_stay_text() -> None:
    figure = matplotlib.figure.Figure(figsize=(3, 2))
    figure.subplots().set_title("体重 & <b>")
    with house_style():
        assert "体重 &amp; &lt;b&gt;" in clean_svg(svg_of(figure), "p")


def test_the_same_drawing_gives_the_same_bytes() -> None:
    with house_style():
        assert svg_of(drawing()) == svg_of(drawing())
