"""What the plots hold: the numbers of the fit, and nothing global changed."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import logreg
from logreg.errors import SupportError
from logreg.report.context import context_of
from logreg.report.drawing import effect_figure, forest_alt, forest_figure, house_style
from logreg.report.forest import ratio_frame, ratio_ticks

BIRTHS = logreg.datasets.load("birthwt")
WOMEN = logreg.datasets.load("womenlf")


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


@pytest.mark.parametrize("scale", ["probability", "odds", "logit"])
def test_curves_and_bands_hold_the_predictions_on_every_scale(scale: str) -> None:
    fit = logreg.fit("partic ~ hincome + children", WOMEN)
    axes = fit.plot.effect("hincome", scale=scale, at={"children": "absent"}, confidence=0.9)
    grid = {"hincome": axes.lines[0].get_xdata().tolist()}
    grid["children"] = ["absent"] * len(grid["hincome"])
    outcomes = WOMEN["partic"].cat.categories if scale == "probability" else ["parttime", "fulltime"]
    predicted = {"probability": fit.probabilities, "odds": fit.odds, "logit": fit.logits}[scale]
    expected, limits = predicted(grid), predicted(grid, interval=True, confidence=0.9)
    assert len(axes.lines) == len(axes.collections) == len(outcomes)
    for line, band, outcome in zip(axes.lines, axes.collections, outcomes, strict=True):
        assert line.get_ydata() == pytest.approx(expected[outcome].to_numpy(), rel=1e-12)
        rows = limits[limits["outcome"] == outcome]
        vertices = band.get_paths()[0].vertices
        for x, low, high in zip(grid["hincome"], rows["conf_low"], rows["conf_high"], strict=True):
            drawn = vertices[np.isclose(vertices[:, 0], x), 1]
            assert (drawn.min(), drawn.max()) == pytest.approx((low, high), rel=1e-12)
    heading = "Predicted probability" if scale == "probability" else f"Predicted {scale} against not.work"
    assert axes.get_ylabel() == heading


def test_one_outcome_of_several_can_be_shown() -> None:
    fit = logreg.fit("partic ~ hincome + children", WOMEN)
    axes = fit.plot.effect("hincome", outcome="fulltime")
    (line,) = axes.lines
    grid = {"hincome": line.get_xdata().tolist(), "children": ["present"] * len(line.get_xdata())}
    assert line.get_ydata() == pytest.approx(fit.probabilities(grid)["fulltime"].to_numpy())
    assert axes.get_ylabel() == "Predicted probability of fulltime"


def test_a_second_variable_gives_one_curve_for_each_value() -> None:
    fit = logreg.fit("low ~ age * smoke + race", BIRTHS)
    axes = fit.plot.effect("age", by="smoke", scale="logit", at={"race": "other"})
    assert [text.get_text() for text in axes.texts] == ["smoke = no", "smoke = yes"]
    for line, smoke in zip(axes.lines, ("no", "yes"), strict=True):
        n = len(line.get_xdata())
        grid = {"age": line.get_xdata().tolist(), "smoke": [smoke] * n, "race": ["other"] * n}
        assert line.get_ydata() == pytest.approx(fit.logits(grid)["1"].to_numpy(), rel=1e-12)


def test_a_second_number_stands_at_three_of_its_quantiles() -> None:
    fit = logreg.fit("low ~ age * smoke", BIRTHS)
    axes = fit.plot.effect("smoke", by="age", scale="odds")
    ages = [float(np.quantile(BIRTHS["age"], q, method="inverted_cdf")) for q in (0.1, 0.5, 0.9)]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [f"age = {age:.0f}" for age in ages]
    for line, age in zip(axes.lines, ages, strict=True):
        expected = fit.odds({"age": [age, age], "smoke": ["no", "yes"]})["1"]
        assert line.get_xdata().tolist() == pytest.approx(expected.tolist(), rel=1e-12)


def test_stacked_areas_are_the_shares_of_all_outcomes() -> None:
    fit = logreg.fit("partic ~ hincome + children", WOMEN)
    axes = fit.plot.effect("hincome", kind="stacked")
    assert axes.get_ylim() == (0.0, 1.0)
    below = np.zeros(1)
    for area, outcome in zip(axes.collections, WOMEN["partic"].cat.categories, strict=True):
        vertices = area.get_paths()[0].vertices
        x = np.unique(vertices[:, 0])
        shares = fit.probabilities({"hincome": x, "children": ["present"] * len(x)})[outcome].to_numpy()
        drawn = np.array([vertices[vertices[:, 0] == value, 1] for value in x[1:-1]])
        above = below + shares if below.size > 1 else shares
        assert drawn.max(axis=1) == pytest.approx(above[1:-1], rel=1e-12)
        below = above
    assert below == pytest.approx(np.ones(len(below)))


def test_stacked_bars_are_the_shares_at_each_level() -> None:
    fit = logreg.fit("partic ~ region", WOMEN)
    axes = fit.plot.effect("region", kind="stacked")
    shares = pd.crosstab(WOMEN["region"], WOMEN["partic"], normalize="index")
    for bars, outcome in zip(axes.containers, shares.columns, strict=True):
        assert [bar.get_width() for bar in bars] == pytest.approx(shares[outcome].tolist())


def test_the_profile_is_the_largest_likelihood_at_each_value() -> None:
    """At a value b of age, the other coefficients are those of the fit with b times age as an offset."""
    fit = logreg.fit("low ~ age + smoke", BIRTHS)
    axes = fit.plot.profile("age", confidence=0.9)
    profile, wald, *_ = axes.lines
    for k in (0, 10, 33):
        b = float(profile.get_xdata()[k])
        held = logreg.fit("low ~ smoke", BIRTHS, offset=b * BIRTHS["age"].to_numpy(dtype=float))
        assert profile.get_ydata()[k] == pytest.approx(held.loglik - fit.loglik, abs=1e-9)
        row = fit.coefficients().set_index("term").loc["age"]
        parabola = -0.5 * ((b - row["estimate"]) / row["std_error"]) ** 2
        assert wald.get_ydata()[k] == pytest.approx(parabola, rel=1e-9)
    cut = [line for line in axes.lines if len(set(line.get_ydata())) == 1 and line.get_ydata()[0] < 0]
    assert cut[0].get_ydata()[0] == pytest.approx(-0.5 * 2.705543454095404, rel=1e-9)
    assert "90% interval" in [text.get_text() for text in axes.texts]


def test_the_profile_of_one_outcome_has_to_be_named() -> None:
    fit = logreg.fit("partic ~ hincome", WOMEN)
    with pytest.raises(SupportError, match="which outcome"):
        fit.plot.profile("hincome")
    assert len(fit.plot.profile("hincome", "fulltime").lines) == 4
    with pytest.raises(SupportError, match="Did you mean 'hincome'"):
        fit.plot.profile("hincom", "fulltime")


def test_an_infinite_coefficient_has_a_profile_without_a_parabola() -> None:
    with pytest.warns(logreg.SeparationWarning):
        fit = logreg.fit("HG ~ NV + PI + EH", logreg.datasets.load("endometrial"))
    axes = fit.plot.profile("NV")
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["Profile"]
    y = axes.lines[0].get_ydata()
    assert (np.diff(y) > 0).all()
    assert -0.1 < y[-1] < 0.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scale": "odd"}, "scale"),
        ({"kind": "pie"}, "'bands' or 'stacked'"),
        ({"kind": "stacked", "scale": "odds"}, "leave scale, by, outcome out"),
        ({"kind": "stacked", "by": "children"}, "leave scale, by, outcome out"),
        ({"by": "children"}, "name it with outcome="),
        ({"by": "hincome", "outcome": "fulltime"}, "the variable itself"),
        ({"by": "childrn", "outcome": "fulltime"}, "Did you mean 'children'"),
        ({"outcome": "full"}, "not a level of 'partic'"),
        ({"outcome": "not.work", "scale": "logit"}, "has no logit of its own"),
        ({"by": "children", "outcome": "not.work", "scale": "odds"}, "has no odds of its own"),
        ({"at": {"hincom": 1}}, "hincom"),
    ],
    ids=str,
)
def test_options_of_effects_are_checked(options: dict[str, Any], words: str) -> None:
    fit = logreg.fit("partic ~ hincome * children", WOMEN)
    with pytest.raises(SupportError, match=words):
        fit.plot.effect("hincome", **options)


def test_a_variable_that_is_not_there_is_named() -> None:
    with pytest.raises(SupportError, match="hincom"):
        logreg.fit("partic ~ hincome", WOMEN).plot.effect("hincom")


def test_the_forest_plot_takes_profile_intervals() -> None:
    fit = logreg.fit("low ~ age + smoke", BIRTHS)
    axes = fit.plot.odds_ratios(interval="profile")
    ratios = fit.odds_ratios(interval="profile")
    ends = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    assert {(row.conf_low, row.conf_high) for row in ratios.itertuples()} <= set(ends)


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
