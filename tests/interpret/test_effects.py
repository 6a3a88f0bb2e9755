"""Effects against closed forms: saturated models, hand-made rows, quantiles of numpy."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

import logreg
from logreg.errors import SupportError
from logreg.interpret.effects import effect_of, typical_values, values_along, why_no_effects

#: Two groups: 12 of 20 and 5 of 25.
TABLE = pd.DataFrame(
    {"g": ["a"] * 20 + ["b"] * 25, "y": [1] * 12 + [0] * 8 + [1] * 5 + [0] * 20, "x": np.arange(45.0) % 7}
)


def test_levels_of_a_saturated_model_are_the_shares_with_the_logit_interval() -> None:
    fit = logreg.fit("y ~ g", TABLE)
    effect = effect_of(fit, "g", fit.profiles())
    assert effect.kind == "levels"
    assert effect.values == ("a", "b")
    quoted = effect.quoted("1")
    for level, events, n in (("a", 12, 20), ("b", 5, 25)):
        # Var(logit p) of a proportion: 1/events + 1/non-events.
        half = 1.959963984540054 * math.sqrt(1 / events + 1 / (n - events))
        centre = logit(events / n)
        expected = (events / n, expit(centre - half), expit(centre + half))
        assert quoted[level] == pytest.approx(expected, rel=1e-9)
        assert effect.quoted("0")[level][0] == pytest.approx(1 - events / n, rel=1e-9)


def test_a_curve_moves_the_variable_in_all_its_terms() -> None:
    fit = logreg.fit("y ~ x * g + I(x**2)", TABLE)
    effect = effect_of(fit, "x", fit.profiles())
    b = fit.coef["1"]
    x = np.array(effect.values)
    # g stands at its most frequent level, b.
    eta = b["Intercept"] + b["g[T.b]"] + (b["x"] + b["x:g[T.b]"]) * x + b["I(x ** 2)"] * x**2
    found = effect.of_outcome("1").set_index("value").loc[list(x), "estimate"]
    assert found.to_numpy() == pytest.approx(expit(eta), rel=1e-12)


def test_a_curve_runs_from_the_first_to_the_ninety_ninth_percentile() -> None:
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"x": rng.normal(size=200), "y": rng.integers(0, 2, 200)})
    fit = logreg.fit("y ~ x", data)
    kind, values = values_along(fit.spec, "x", fit.profiles()["x"])
    assert kind == "curve"
    assert (values[0], values[-1]) == pytest.approx(np.quantile(data["x"], [0.01, 0.99]))
    assert effect_of(fit, "x", fit.profiles()).marks[1] == pytest.approx(np.median(data["x"]))


def test_a_curve_falls_back_to_the_range_where_the_percentiles_coincide() -> None:
    x = np.zeros(1000)
    x[:3] = [1.0, 2.0, 5.0]
    data = pd.DataFrame({"x": x, "y": np.arange(1000) % 2})
    fit = logreg.fit("y ~ x", data)
    _, values = values_along(fit.spec, "x", fit.profiles()["x"])
    assert (values[0], values[-1]) == (0.0, 5.0)


def test_typical_values_are_means_and_most_frequent_levels() -> None:
    data = TABLE.assign(code=[1, 2, 2] * 15, flag=[True, True, False] * 15)
    fit = logreg.fit("y ~ x + g + C(code) + flag", data)
    held = {one.name: (one.value, one.how) for one in typical_values(fit.spec, fit.profiles())}
    assert held["x"] == (pytest.approx(TABLE["x"].mean()), "mean")
    assert held["g"] == ("b", "most frequent")
    assert held["code"] == (2, "most frequent")
    assert held["flag"] == (1.0, "most frequent")


def test_frequencies_count_in_typical_values() -> None:
    data = TABLE.assign(w=[3] * 20 + [1] * 25)
    fit = logreg.fit("y ~ x + g", data, weights="w")
    held = {one.name: one.value for one in typical_values(fit.spec, fit.profiles())}
    assert held["g"] == "a"
    assert held["x"] == pytest.approx(np.average(data["x"], weights=data["w"]))


def test_rows_left_out_do_not_count() -> None:
    data = TABLE.copy()
    data.loc[:9, "x"] = np.nan
    with pytest.warns(logreg.MissingDataWarning):
        fit = logreg.fit("y ~ x + g", data)
    held = {one.name: one.value for one in typical_values(fit.spec, fit.profiles())}
    assert held["x"] == pytest.approx(data["x"].mean())


def test_a_column_of_labels_inside_an_expression_has_levels_too() -> None:
    fit = logreg.fit("y ~ I(g == 'a') + x", TABLE)
    effect = effect_of(fit, "g", fit.profiles())
    assert effect.values == ("a", "b")
    b = fit.coef["1"]
    expected = expit(b["Intercept"] + b["I(g == 'a')"] + b["x"] * TABLE["x"].mean())
    assert effect.quoted("1")["a"][0] == pytest.approx(expected, rel=1e-12)


def test_an_offset_stands_at_its_mean() -> None:
    data = TABLE.assign(o=np.linspace(-1.0, 2.0, 45))
    fit = logreg.fit("y ~ g", data, offset="o")
    effect = effect_of(fit, "g", fit.profiles())
    assert effect.held[0].name == "o"
    b = fit.coef["1"]
    assert effect.quoted("1")["a"][0] == pytest.approx(expit(b["Intercept"] + data["o"].mean()), rel=1e-12)


def test_probabilities_of_all_outcomes_add_up() -> None:
    fit = logreg.fit("partic ~ hincome + children", logreg.datasets.load("womenlf"))
    effect = effect_of(fit, "hincome", fit.profiles())
    total = effect.frame.groupby("value")["estimate"].sum()
    assert total.to_numpy() == pytest.approx(1.0, abs=1e-12)


def test_a_variable_that_is_none_names_the_nearest() -> None:
    fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    with pytest.raises(SupportError, match="Did you mean 'age'"):
        effect_of(fit, "agee", fit.profiles())


def test_reasons_for_having_no_effects() -> None:
    offset = logreg.fit("y ~ g", TABLE, offset=np.zeros(45))
    empty = logreg.fit("y ~ 1", TABLE)
    full = logreg.fit("y ~ g", TABLE)
    assert "array" in why_no_effects(offset.spec, has_rows=True)
    assert "no predictors" in why_no_effects(empty.spec, has_rows=True)
    assert "no rows" in why_no_effects(full.spec, has_rows=False)
    assert why_no_effects(full.spec, has_rows=True) == ""


def test_a_loaded_model_has_no_profiles(tmp_path: object) -> None:
    path = f"{tmp_path}/model.json"
    logreg.fit("y ~ g", TABLE).save(path)
    with pytest.raises(SupportError, match="no rows"):
        logreg.load(path).profiles()
