"""What the plots hold: the numbers of the fit, and nothing global changed."""

from __future__ import annotations

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

import logreg
from logreg.errors import SupportError
from logreg.report.context import context_of
from logreg.report.drawing import effect_figure, forest_alt, forest_figure, house_style
from logreg.report.forest import ratio_frame, ratio_ticks

BIRTHS = logreg.datasets.load("birthwt")


def test_the_forest_plot_holds_the_odds_ratios() -> None:
    fit = logreg.fit("low ~ age + race + smoke", BIRTHS)
    axes = fit.plot.odds_ratios()
    ratios = fit.odds_ratios()
    marks = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert marks == pytest.approx(ratios["odds_ratio"].tolist())
    bars = [
        line.get_xdata() for line in axes.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 2
    ]
    ends = [tuple(x) for x in bars if x[0] != x[1]]
    assert np.array(ends) == pytest.approx(ratios[["conf_low", "conf_high"]].to_numpy())
    assert axes.get_xscale() == "log"
    names = [label.get_text().strip() for label in axes.get_yticklabels()]
    assert names == [
        "Mother's age (years)",
        "Mother's race",
        "white",
        "black",
        "other",
        "Smoked in pregnancy",
        "no",
        "yes",
    ]


def test_hollow_marks_are_intervals_that_hold_one() -> None:
    fit = logreg.fit("low ~ age + smoke", BIRTHS)
    ratios = fit.odds_ratios()
    clear = ((ratios["conf_low"] > 1) | (ratios["conf_high"] < 1)).tolist()
    marks = [line for line in fit.plot.odds_ratios().lines if line.get_marker() == "o"]
    assert [mark.get_markerfacecolor() != "white" for mark in marks] == clear == [False, True]


def test_given_axes_are_drawn_into() -> None:
    fit = logreg.fit("partic ~ hincome + children", logreg.datasets.load("womenlf"))
    first, second = Figure().subplots(1, 2)
    assert fit.plot.odds_ratios(ax=first) is first
    assert fit.plot.effect("hincome", ax=second) is second
    assert len(second.lines) == 3


def test_the_effect_plot_holds_the_probabilities() -> None:
    fit = logreg.fit("low ~ age + smoke", BIRTHS)
    axes = fit.plot.effect("age")
    (line,) = axes.lines
    grid = {"age": line.get_xdata().tolist(), "smoke": ["no"] * len(line.get_xdata())}
    assert line.get_ydata() == pytest.approx(fit.probabilities(grid)["1"].to_numpy())
    low, high = axes.get_ylim()
    assert low == 0.0
    assert high <= 1.0


def test_levels_are_points_with_intervals() -> None:
    fit = logreg.fit("low ~ race", BIRTHS)
    axes = fit.plot.effect("race")
    shares = BIRTHS.groupby("race", observed=True)["low"].mean()
    assert axes.lines[0].get_xdata().tolist() == pytest.approx(shares.tolist())
    assert [label.get_text() for label in axes.get_yticklabels()] == ["white", "black", "other"]


def test_effects_need_rows(tmp_path: object) -> None:
    path = f"{tmp_path}/model.json"
    logreg.fit("low ~ age", BIRTHS).save(path)
    loaded = logreg.load(path)
    with pytest.raises(SupportError, match="holds no rows"):
        loaded.plot.effect("age")
    assert loaded.plot.odds_ratios().get_xscale() == "log"


def test_alternative_texts_carry_the_numbers() -> None:
    fit = logreg.fit("low ~ age + race", BIRTHS)
    ratios = fit.odds_ratios().set_index("term")["odds_ratio"]
    text = forest_alt(context_of(fit))
    assert f"Mother's race black {ratios['race[T.black]']:.2f} (" in text


def test_figures_are_the_same_whatever_the_user_has_set() -> None:
    fit = logreg.fit("low ~ age + race", BIRTHS)

    def drawn() -> str:
        with house_style():
            return forest_figure(context_of(fit)).svg

    usual = drawn()
    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 30, "axes.facecolor": "red"}):
        names = [name for name in matplotlib.rcParams if name != "backend"]
        before = [matplotlib.rcParams[name] for name in names]
        assert drawn() == usual
        assert [matplotlib.rcParams[name] for name in names] == before


def test_characters_that_the_font_lacks_are_drawn_as_text() -> None:
    data = BIRTHS.assign(race=BIRTHS["race"].cat.rename_categories(["体重", "ab", "$x^2$ \u2801"]))
    fit = logreg.fit("low ~ race", data)
    with house_style():
        svg = forest_figure(context_of(fit, labels={"race": "人種"})).svg
    assert "人種" in svg
    assert "体重" in svg
    assert "$x^2$ \u2801" in svg
    latin = logreg.fit("low ~ race", BIRTHS)
    with house_style():
        assert "<text" not in forest_figure(context_of(latin)).svg


def test_more_outcomes_than_lines_in_one_panel_get_panels() -> None:
    sheet = logreg.datasets.describe("anes96")
    fit = logreg.fit(sheet.formula, logreg.datasets.load("anes96"))
    from logreg.interpret.effects import effect_of

    context = context_of(fit)
    with house_style():
        figure = effect_figure(context, effect_of(fit, "age", fit.profiles()), 1)
    assert all(name in figure.alt for name in fit.spec.outcome.names)
    assert "at their mean" in figure.caption


def test_pyplot_is_not_imported() -> None:
    program = (
        "import sys, logreg\nfit = logreg.fit('low ~ age', logreg.datasets.load('birthwt'))\nassert not "
        "any(m.startswith('matplotlib') for m in sys.modules)\nfit.report_document(); "
        "fit.plot.effect('age')\nassert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


@pytest.mark.parametrize("frame", [(0.4, 6.0), (0.97, 1.02), (1e-9, 1e9), (0.02, 30.0), (1.0 / 1.02, 1.02)])
def test_ticks_lie_on_the_axis_and_hold_one(frame: tuple[float, float]) -> None:
    ticks = ratio_ticks(*frame)
    assert 2 <= len(ticks) <= 9
    assert 1.0 in ticks
    assert all(frame[0] <= tick <= frame[1] for tick in ticks)


def test_one_wide_interval_does_not_squeeze_the_others() -> None:
    data = BIRTHS.assign(rare=[1] * 3 + [0] * 186)
    data.loc[:2, "low"] = [1, 0, 0]
    context = context_of(logreg.fit("low ~ rare + smoke", data))
    low, high = ratio_frame(context, [0])
    largest = max(n.ratio for n in context.numbers[0][1:])
    assert high <= largest * 13.5
    assert low > 0.0
