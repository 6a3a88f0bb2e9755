"""Odds ratios: exponentiated coefficients, per unit, against any baseline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.errors import SupportError

N = 240
Z = 1.959963984540054


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(31)
    frame = pd.DataFrame(
        {
            "x": rng.normal(50, 12, N),
            "z": rng.exponential(size=N),
            "g": rng.choice(list("abc"), N),
            "w": rng.integers(1, 4, N),
        }
    )
    scores = np.outer((frame.x - 50) / 12, [0.0, 0.6, -0.4]) + rng.gumbel(size=(N, 3))
    frame["k"] = np.array(["low", "mid", "top"])[scores.argmax(axis=1)]
    frame["y"] = (frame.k == "mid").astype(int)
    return frame


@pytest.fixture(scope="module")
def three(data: pd.DataFrame) -> Any:
    return logreg.fit("k ~ x + z + g", data)


def test_the_table(three: Any) -> None:
    table = three.odds_ratios()
    columns = "outcome baseline term variable level reference unit odds_ratio conf_low conf_high p_value"
    assert list(table.columns) == columns.split()
    assert list(table.term) == ["x", "z", "g[T.b]", "g[T.c]"] * 2
    assert list(table.outcome) == ["mid"] * 4 + ["top"] * 4
    assert set(table.baseline) == {"low"}
    assert table.level.fillna("").tolist() == ["", "", "b", "c"] * 2
    assert table.reference.fillna("").tolist() == ["", "", "a", "a"] * 2
    assert table.unit.fillna(0).tolist() == [1, 1, 0, 0] * 2
    coefficients = three.coefficients().query("term != 'Intercept'").reset_index(drop=True)
    np.testing.assert_allclose(table.odds_ratio, np.exp(coefficients.estimate), rtol=1e-13)
    np.testing.assert_allclose(table.conf_low, np.exp(coefficients.conf_low), rtol=1e-12)
    np.testing.assert_allclose(table.conf_high, np.exp(coefficients.conf_high), rtol=1e-12)
    np.testing.assert_allclose(table.p_value, coefficients.p_value, rtol=1e-10)


def test_the_odds_at_zero_on_demand(three: Any) -> None:
    table = three.odds_ratios(intercept=True)
    assert list(table.term[:2]) == ["Intercept", "x"]
    np.testing.assert_allclose(table.odds_ratio[0], np.exp(three.coef["mid"]["Intercept"]), rtol=1e-12)


@pytest.mark.parametrize("unit", [10, 0.5, -1, 2.5])
def test_units(three: Any, unit: float) -> None:
    one, many = three.odds_ratios(), three.odds_ratios(unit={"x": unit})
    x = one.term == "x"
    np.testing.assert_allclose(many.odds_ratio[x], one.odds_ratio[x] ** unit, rtol=1e-10)
    ends = [one.conf_low[x] ** unit, one.conf_high[x] ** unit]
    low, high = ends if unit > 0 else ends[::-1]
    np.testing.assert_allclose(many.conf_low[x], low, rtol=1e-10)
    np.testing.assert_allclose(many.conf_high[x], high, rtol=1e-10)
    np.testing.assert_allclose(many.p_value, one.p_value, rtol=1e-12)
    assert (many.unit[x] == unit).all()
    pd.testing.assert_frame_equal(many[~x], one[~x])


def test_units_of_spread(three: Any, data: pd.DataFrame) -> None:
    sd, iqr = three.odds_ratios(unit="sd"), three.odds_ratios(unit="iqr")
    for name in ("x", "z"):
        assert sd.unit[sd.term == name].iloc[0] == pytest.approx(data[name].std(), rel=1e-12)
        expected = data[name].quantile(0.75) - data[name].quantile(0.25)
        assert iqr.unit[iqr.term == name].iloc[0] == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(sd.odds_ratio[0], np.exp(three.coef["mid"]["x"] * data.x.std()), rtol=1e-10)


def test_spread_of_the_rows_used_with_their_weights(data: pd.DataFrame) -> None:
    gaps = data.assign(z=data.z.where(np.arange(N) > 20), w=data.w.where(np.arange(N) < 200, 0))
    with pytest.warns(logreg.MissingDataWarning):
        fit = logreg.fit("y ~ x + z", gaps, weights="w")
    used = gaps.dropna().loc[lambda d: d.index.repeat(d.w)]
    for unit, value in (("sd", used.x.std()), ("iqr", used.x.quantile(0.75) - used.x.quantile(0.25))):
        assert fit.odds_ratios(unit=unit).unit[0] == pytest.approx(value, rel=1e-12)


def test_versus(three: Any) -> None:
    table = three.odds_ratios(versus="top")
    assert list(table.outcome) == ["low"] * 4 + ["mid"] * 4
    assert set(table.baseline) == {"top"}
    v = three.vcov
    difference = three.coef["mid"]["x"] - three.coef["top"]["x"]
    error = np.sqrt(
        v.loc[("mid", "x"), ("mid", "x")]
        + v.loc[("top", "x"), ("top", "x")]
        - 2 * v.loc[("mid", "x"), ("top", "x")]
    )
    row = table.query("outcome == 'mid' and term == 'x'").iloc[0]
    assert row.odds_ratio == pytest.approx(np.exp(difference), rel=1e-11)
    assert row.conf_low == pytest.approx(np.exp(difference - Z * error), rel=1e-10)
    assert row.conf_high == pytest.approx(np.exp(difference + Z * error), rel=1e-10)
    back = table.query("outcome == 'low'").odds_ratio.to_numpy()
    np.testing.assert_allclose(back, 1 / three.odds_ratios().query("outcome == 'top'").odds_ratio, rtol=1e-12)


def test_versus_and_unit_together(three: Any) -> None:
    both = three.odds_ratios(versus="mid", unit={"x": 10, "z": 2})
    one = three.odds_ratios(versus="mid")
    power = one.term.map({"x": 10, "z": 2}).fillna(1)
    np.testing.assert_allclose(both.odds_ratio, one.odds_ratio**power, rtol=1e-9)


def test_ratios_beyond_doubles_are_infinite_without_a_warning(three: Any) -> None:
    table = three.odds_ratios(unit={"x": 1e6})
    assert set(table.odds_ratio[table.term == "x"]) <= {0.0, np.inf}
    assert not table[["odds_ratio", "conf_low", "conf_high", "p_value"]].isna().any(axis=None)


@pytest.mark.parametrize(
    ("formula", "units"),
    [
        ("y ~ log(x) + z", {"z"}),
        ("y ~ poly(x, 2) + z", {"z"}),
        ("y ~ x*z", {"x", "z"}),
        ("y ~ x:g + z", {"z"}),
        ("y ~ g", set()),
        ("y ~ I(x / 2)", set()),
    ],
)
def test_which_terms_have_a_unit(formula: str, units: set[str], data: pd.DataFrame) -> None:
    fit = logreg.fit(formula, data)
    table = fit.odds_ratios()
    assert set(table.term[table.unit.notna()]) == units
    assert set(table.term[fit.odds_ratios(unit="sd").unit.notna()]) == units
    for name in {"x", "z", "g"} - units:
        with pytest.raises(SupportError, match=f"'{name}'"):
            fit.odds_ratios(unit={name: 2})


def test_names_are_not_mistaken_for_the_intercept(data: pd.DataFrame) -> None:
    fit = logreg.fit("y ~ intercept + z", data.rename(columns={"x": "intercept"}))
    assert list(fit.odds_ratios().term) == ["intercept", "z"]
