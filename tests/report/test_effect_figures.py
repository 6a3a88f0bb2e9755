"""Data marks on effect curves, and the stacked areas of several outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

import logreg

BIRTHS = logreg.datasets.load("birthwt")
WOMEN = logreg.datasets.load("womenlf")


def strokes(axes: Axes) -> np.ndarray:
    """Return foot and head (n, 2, 2) of the strokes that show the data."""
    (patch,) = axes.patches
    return np.asarray(patch.get_path().vertices).reshape(-1, 2, 2)


def test_strokes_stand_where_the_data_lie_and_grow_with_them() -> None:
    axes = logreg.fit("low ~ age + smoke", BIRTHS).plot.effect("age")
    found = strokes(axes)
    low, high = axes.get_xlim()
    counts = BIRTHS["age"][BIRTHS["age"].between(low, high)].value_counts().sort_index()
    assert found[:, 0, 0].tolist() == counts.index.tolist()
    assert (found[:, 0, 1] == 0.0).all()
    heights = found[:, 1, 1]
    assert (
        np.argsort(heights, kind="stable").tolist() == np.argsort(counts.to_numpy(), kind="stable").tolist()
    )
    assert heights.max() == pytest.approx(0.07)
    assert heights.min() >= 0.3 * 0.07


def test_frequencies_count_and_many_values_are_counted_in_steps() -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"x": rng.normal(size=3000), "y": rng.integers(0, 2, 3000), "n": 2})
    axes = logreg.fit("y ~ x", data, weights="n").plot.effect("x")
    found = strokes(axes)
    assert 30 < len(found) <= 60
    low, high = axes.get_xlim()
    shown = data["x"][data["x"].between(low, high)]
    counts, edges = np.histogram(shown, bins=60, range=(low, high))
    assert found[:, 0, 0] == pytest.approx(((edges[1:] + edges[:-1]) / 2)[counts > 0])
    expected = 0.07 * (0.3 + 0.7 * counts[counts > 0] / counts.max())
    assert found[:, 1, 1] == pytest.approx(expected)


def test_stacked_areas_have_their_strokes_above_and_names_tied_to_them() -> None:
    axes = logreg.fit("partic ~ hincome + children", WOMEN).plot.effect("hincome", kind="stacked")
    assert (strokes(axes)[:, 0, 1] > 1.0).all()
    assert [text.get_text() for text in axes.texts] == ["not.work", "parttime", "fulltime"]
    tops = [area.get_paths()[0].vertices[:, 1].max() for area in axes.collections]
    assert tops[-1] == pytest.approx(1.0)
    for text, area in zip(axes.texts, axes.collections, strict=True):
        vertices = area.get_paths()[0].vertices
        end = vertices[vertices[:, 0] == vertices[:, 0].max(), 1]
        assert end.min() <= text.xy[1] <= end.max()


def test_factors_have_no_strokes() -> None:
    assert not logreg.fit("low ~ age + smoke", BIRTHS).plot.effect("smoke").patches


def test_a_report_of_several_outcomes_stacks_the_clearest_number_once() -> None:
    rng = np.random.default_rng(4)
    n = 600
    data = pd.DataFrame({"faint": rng.normal(size=n), "clear": rng.normal(size=n)})
    utility = np.column_stack([np.zeros(n), 1.5 * data["clear"], -data["clear"]]) + rng.gumbel(size=(n, 3))
    data["y"] = np.array(["a", "b", "c"])[utility.argmax(axis=1)]
    fit = logreg.fit("y ~ faint + clear", data)
    report = fit.report_document(sections=["effects"])
    assert [figure.key for figure in report.figures] == ["effect_1", "effect_2", "shares"]
    figure = report.figure("shares")
    assert "by clear" in figure.caption
    middle = {"faint": [data["faint"].mean()], "clear": [data["clear"].median()]}
    p = fit.probabilities(middle).iloc[0]
    assert f"a {p['a']:.2f}, b {p['b']:.2f} and c {p['c']:.2f}" in figure.alt


@pytest.mark.parametrize("formula", ["low ~ age + smoke", "partic ~ children"])
def test_two_outcomes_and_factors_alone_have_no_stack(formula: str) -> None:
    fit = logreg.fit(formula, BIRTHS if formula.startswith("low") else WOMEN)
    assert "shares" not in [figure.key for figure in fit.report_document(sections=["effects"]).figures]
