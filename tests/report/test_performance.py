"""The section on performance and its drawings: the numbers of the fit, in words and in pictures."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import logreg
from logreg.errors import PredictError, SupportError
from logreg.report.nodes import Document, Note, Table
from logreg.report.performance_drawing import _thinned
from logreg.report.write import render_as

BIRTHS = logreg.datasets.load("birthwt")
WOMEN = logreg.datasets.load("womenlf")


def fitted(name: str) -> logreg.LogisticFit:
    sheet = logreg.datasets.describe(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        return logreg.fit(sheet.formula, logreg.datasets.load(name), **sheet.fit)


def document(fit: logreg.LogisticFit, **options: Any) -> Document:
    return fit.report_document(sections=["performance"], **options)


def test_the_table_holds_the_numbers_of_the_fit() -> None:
    fit = logreg.fit("partic ~ hincome + children", WOMEN)
    shown = document(fit, confidence=0.9).table("performance").to_frame().set_index("outcome")
    table = fit.performance(confidence=0.9).set_index(["outcome", "statistic"])
    for outcome in ("not.work", "parttime", "fulltime"):
        for name in ("events", "auc", "brier", "brier_scaled", "calibration_intercept", "calibration_slope"):
            assert shown.loc[outcome, name] == table.loc[(outcome, name), "value"]
        low, high = table.loc[(outcome, "auc"), ["conf_low", "conf_high"]]
        assert shown.loc[outcome, "auc_interval"] == f"{low!r} to {high!r}"


def test_the_words_say_that_performance_is_apparent() -> None:
    text = render_as(document(logreg.fit("low ~ age + smoke", BIRTHS)), ".txt").decode()
    assert "apparent" in text
    assert "intercept is 0 and the slope 1 by" in " ".join(text.split())
    firth = render_as(document(logreg.fit("low ~ age + smoke", BIRTHS, estimator="firth")), ".txt").decode()
    assert "by construction" not in " ".join(firth.split())


def test_figures_say_their_numbers_in_words() -> None:
    fit = logreg.fit("low ~ age + lwt + race + smoke + ht", BIRTHS)
    report = document(fit)
    auc = fit.performance().set_index("statistic").loc["auc"]
    assert f"area {auc['value']:.2f} (95% CI {auc['conf_low']:.2f} to {auc['conf_high']:.2f})" in (
        report.figure("roc").alt
    )
    groups = fit.calibration()
    pairs = [
        f"{p:.2f} and {share:.2f}" for p, share in zip(groups["predicted"], groups["observed"], strict=True)
    ]
    assert ", ".join(pairs) in report.figure("calibration").alt
    lancet = document(fit, style="lancet").figure("roc")
    assert f"area {auc['value']:.2f}".replace(".", "·") in lancet.alt


@pytest.mark.parametrize("name", ["birthwt", "womenlf", "anes96", "ucb", "endometrial", "apistrat"])
def test_every_kind_of_fit_has_the_section(name: str) -> None:
    fit = fitted(name)
    report = document(fit)
    assert [figure.key for figure in report.figures] == ["roc", "calibration"]
    assert render_as(report, ".json") == render_as(document(fit), ".json")


def test_a_loaded_model_says_what_to_do(tmp_path: Path) -> None:
    logreg.fit("low ~ age", BIRTHS).save(tmp_path / "model.json")
    (note,) = document(logreg.load(tmp_path / "model.json")).section("performance").blocks
    assert isinstance(note, Note)
    assert "fit.performance(data=...)" in note.text


def test_missing_intervals_are_explained_below_the_table() -> None:
    fit = logreg.fit("low ~ age", BIRTHS, covariance=logreg.cluster("race"))
    report = document(fit)
    table = report.table("performance")
    assert isinstance(table, Table)
    assert "AUC: no interval: the trials come in groups." in table.notes
    assert "DeLong" not in report.figure("roc").caption
    assert "Wilson" not in report.figure("calibration").caption


def test_the_roc_plot_holds_the_curve() -> None:
    fit = logreg.fit("low ~ smoke + race", BIRTHS)
    axes = fit.plot.roc()
    table = fit.roc()
    x, y = axes.lines[1].get_data()
    assert set(zip(x, y, strict=True)) <= set(
        zip(1.0 - table["specificity"], table["sensitivity"], strict=True)
    )
    area = np.trapezoid(y, x)
    assert area == pytest.approx(fit.performance().set_index("statistic").loc["auc", "value"], rel=1e-12)


def test_a_thinned_curve_stays_where_it_was() -> None:
    rng = np.random.default_rng(1)
    x, y = np.sort(rng.random(50_000)), np.sort(rng.random(50_000) ** 0.3)
    few_x, few_y = _thinned(x, y, 100)
    assert len(few_x) < 210
    assert (few_x[0], few_y[0], few_x[-1], few_y[-1]) == (x[0], y[0], x[-1], y[-1])
    assert np.abs(np.interp(x, few_x, few_y) - y).max() < 0.02


def test_points_inside_straight_runs_are_not_drawn() -> None:
    x, y = _thinned(np.array([0.0, 0.0, 0.0, 0.5, 1.0]), np.array([0.0, 0.5, 1.0, 1.0, 1.0]), 400)
    assert (x.tolist(), y.tolist()) == ([0.0, 0.0, 1.0], [0.0, 1.0, 1.0])


def test_several_outcomes_differ_by_dashes_and_are_named_with_their_areas() -> None:
    fit = logreg.fit("partic ~ hincome + children", WOMEN)
    axes = fit.plot.roc(data=WOMEN.iloc[:80])
    curves = axes.lines[1:]
    assert len({str(line._dash_pattern) for line in curves}) == 3
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    areas = fit.performance(WOMEN.iloc[:80]).query("statistic == 'auc'")["value"]
    assert [text.split("\n")[0] for text in texts] == ["not.work", "parttime", "fulltime"]
    for text, area in zip(texts, areas, strict=True):
        assert f"AUC {area:.2f}" in text


def test_the_calibration_plot_holds_the_groups() -> None:
    fit = logreg.fit("partic ~ hincome + children", WOMEN)
    axes = fit.plot.calibration(outcome="fulltime", groups=5)
    groups = fit.calibration(groups=5).query("outcome == 'fulltime'")
    (points,) = [line for line in axes.lines if line.get_marker() == "o"]
    assert points.get_xdata() == pytest.approx(groups["predicted"].tolist())
    assert points.get_ydata() == pytest.approx(groups["observed"].tolist())
    bars = np.array([path.vertices[:, 1] for path in axes.collections[0].get_paths()])
    assert bars == pytest.approx(groups[["conf_low", "conf_high"]].to_numpy())
    assert axes.get_xlim()[1] >= groups["conf_high"].max()


def test_bars_at_the_foot_count_the_predictions() -> None:
    fit = logreg.fit("low ~ smoke", BIRTHS)
    axes = fit.plot.calibration()
    (bars,) = axes.patches
    vertices = bars.get_path().vertices.reshape(-1, 5, 2)
    assert len(vertices) == 2
    heights = vertices[:, 1, 1] - vertices[:, 0, 1]
    counts = BIRTHS["smoke"].value_counts()[["no", "yes"]].to_numpy()
    assert heights / heights.max() == pytest.approx(counts / counts.max())


def test_given_axes_are_drawn_into_and_nothing_global_changes() -> None:
    before = dict(matplotlib.rcParams)
    fit = logreg.fit("low ~ age + smoke", BIRTHS)
    first, second = Figure().subplots(1, 2)
    assert fit.plot.roc(ax=first) is first
    assert fit.plot.calibration(ax=second) is second
    assert dict(matplotlib.rcParams) == before


def test_what_cannot_be_drawn_says_why() -> None:
    women = logreg.fit("partic ~ hincome + children", WOMEN)
    with pytest.raises(SupportError, match="name it with outcome="):
        women.plot.calibration()
    with pytest.raises(SupportError, match="'elsewhere' is not a level"):
        women.plot.roc(outcome="elsewhere")
    with pytest.raises(SupportError, match="hide each other"):
        fitted("anes96").plot.roc()
    births = logreg.fit("low ~ age", BIRTHS)
    with pytest.raises(SupportError, match="is the baseline"):
        births.plot.roc(outcome=0)
    with pytest.raises(SupportError, match="no trial"):
        births.plot.roc(data=BIRTHS[BIRTHS["low"] == 0])
    with pytest.raises(PredictError, match="'low'"):
        births.plot.calibration(data=pd.DataFrame({"age": [20.0]}))


def test_rare_outcomes_do_not_hide_in_a_corner() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=20_000)
    data = pd.DataFrame({"x": x, "y": (rng.random(20_000) < 0.004 * np.exp(0.5 * x)).astype(int)})
    fit = logreg.fit("y ~ x", data)
    axes = fit.plot.calibration()
    assert axes.get_xlim()[1] < 0.03 < fit.probabilities()["1"].max()
    assert "the last one all that lie farther" in document(fit).figure("calibration").caption
    (bars,) = axes.patches
    assert bars.get_path().vertices[:, 0].max() <= axes.get_xlim()[1]
