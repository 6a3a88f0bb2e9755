"""Rank, working coordinates and the warm start, through the whole engine."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.engine import optimum
from logreg.errors import CollinearityWarning

N = 120


def _table(seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {"x": rng.normal(size=N), "z": rng.exponential(size=N), "g": rng.choice(list("abc"), N)}
    )
    data["y"] = (rng.uniform(size=N) < 1 / (1 + np.exp(-data.x / 2))).astype(int)
    data["k"] = rng.choice(list("pqr"), N)
    return data


BASE = _table()
YEAR = np.resize(np.arange(1990.0, 2020.0), N)

#: What is added, the formula, the formula without the aliased columns, and the combinations by name.
ALIASES: dict[str, tuple[dict[str, Any], str, str, dict[str, dict[str, float]]]] = {
    "a duplicate": ({"d": BASE.x}, "x + d", "x", {"d": {"x": 1.0}}),
    "a multiple": ({"d": -3 * BASE.x}, "x + d + z", "x + z", {"d": {"x": -3.0}}),
    "a constant": ({"d": 5.0}, "x + d", "x", {"d": {"Intercept": 5.0}}),
    "a large constant": ({"d": 1e9}, "x + d", "x", {"d": {"Intercept": 1e9}}),
    "zeros": ({"d": 0.0}, "x + d", "x", {"d": {}}),
    "zeros first": ({"d": 0.0}, "d + x", "x", {"d": {}}),
    "a sum": ({"d": BASE.x + BASE.z}, "x + z + d", "x + z", {"d": {"x": 1.0, "z": 1.0}}),
    "a sum with a constant": (
        {"d": 2 * BASE.x - BASE.z + 7},
        "x + z + d",
        "x + z",
        {"d": {"Intercept": 7.0, "x": 2.0, "z": -1.0}},
    ),
    "two at once": (
        {"d": BASE.x + 1, "e": BASE.z * 2},
        "x + z + d + e",
        "x + z",
        {"d": {"Intercept": 1.0, "x": 1.0}, "e": {"z": 2.0}},
    ),
    "three copies": ({"d": BASE.x, "e": BASE.x}, "x + d + e", "x", {"d": {"x": 1.0}, "e": {"x": 1.0}}),
    "dummies of every level": (
        {f"is_{level}": (BASE.g == level).astype(float) for level in "abc"},
        "is_a + is_b + is_c + x",
        "is_a + is_b + x",
        {"is_c": {"Intercept": 1.0, "is_a": -1.0, "is_b": -1.0}},
    ),
    "a factor and its own dummy": (
        {"d": (BASE.g == "b").astype(float)},
        "g + d + x",
        "g + x",
        {"d": {"g[T.b]": 1.0}},
    ),
    "all levels and a constant": (
        {"one": 1.0},
        "0 + g + one + x",
        "0 + g + x",
        {"one": {"g[a]": 1.0, "g[b]": 1.0, "g[c]": 1.0}},
    ),
    "shifted years": (
        {"year": YEAR, "age": 2020.0 - YEAR},
        "year + age + x",
        "year + x",
        {"age": {"Intercept": 2020.0, "year": -1.0}},
    ),
    "far from zero": (
        {"d": 1e8 + np.rint(BASE.x * 1024) / 1024, "e": 3e8 + 3 * np.rint(BASE.x * 1024) / 1024},
        "d + e + z",
        "d + z",
        {"e": {"d": 3.0}},
    ),
    "beside a collinear pair": (
        {"near": BASE.x + 1e-5 * BASE.z, "d": BASE.x * 2},
        "x + near + d",
        "x + near",
        {"d": {"x": 2.0}},
    ),
    "years, squares and a copy": (
        {"year": YEAR, "square": YEAR**2, "d": YEAR / 10},
        "year + square + d",
        "year + square",
        {"d": {"year": 0.1}},
    ),
    "tiny columns": ({"d": 1e-9 * BASE.x, "e": 2e-9 * BASE.x}, "d + e", "d", {"e": {"d": 2.0}}),
}


@pytest.mark.parametrize("outcome", ["y", "k"])
@pytest.mark.parametrize("case", ALIASES)
def test_aliased_columns_are_named_and_left_out(case: str, outcome: str) -> None:
    added, formula, independent, combinations = ALIASES[case]
    data = BASE.assign(**added)
    with pytest.warns(CollinearityWarning) as caught:
        fit = logreg.fit(f"{outcome} ~ {formula}", data)
    # The pair that is left is close to collinear itself, with and without the copy.
    near = case == "beside a collinear pair"
    assert len(caught) == 1 + near
    with warnings.catch_warnings(record=True) as again:
        warnings.simplefilter("always")
        plain = logreg.fit(f"{outcome} ~ {independent}", data)
    assert ["nearly collinear" in str(warning.message) for warning in again] == [True] * near
    assert fit.convergence.converged
    assert {name: {k: v for k, v in parts if abs(v) > 1e-6} for name, parts in fit.aliases} == {
        name: pytest.approx(parts, rel=1e-6) for name, parts in combinations.items()
    }
    for name in combinations:
        assert repr(name) in str(caught[0].message)
        assert fit.coef.xs(name, level="term").isna().all()
        assert fit.vcov.xs(name, level="term").isna().all(axis=None)
    kept = plain.coef.index
    np.testing.assert_allclose(fit.coef[kept], plain.coef, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(fit.vcov.loc[kept, kept], plain.vcov, rtol=1e-5, atol=1e-9)
    assert fit.loglik == pytest.approx(plain.loglik, rel=1e-11)
    assert (fit.n_coef, fit.df_model, fit.aic) == (plain.n_coef, plain.df_model, pytest.approx(plain.aic))
    np.testing.assert_allclose(fit.probabilities(), plain.probabilities(), rtol=1e-7)
    table = fit.odds_ratios().set_index("term")
    assert table.loc[list(combinations), ["odds_ratio", "conf_low", "p_value"]].isna().all(axis=None)


@pytest.mark.parametrize("kind", ["HC0", "HC1"])
def test_robust_covariance_leaves_aliases_out(kind: str) -> None:
    data = BASE.assign(d=BASE.x * 2)
    with pytest.warns(CollinearityWarning):
        fit = logreg.fit("y ~ x + d + z", data, covariance=kind)
    plain = logreg.fit("y ~ x + z", data, covariance=kind)
    kept = plain.coef.index
    np.testing.assert_allclose(fit.vcov.loc[kept, kept], plain.vcov, rtol=1e-8)
    assert fit.vcov.loc[("1", "d")].isna().all()


def test_more_columns_than_rows() -> None:
    """The surplus columns are combinations; what is left fits every row, so the estimates are not finite."""
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.normal(size=(6, 9)), columns=[f"x{i}" for i in range(9)])
    data["y"] = [0, 1, 0, 1, 1, 0]
    with pytest.warns(logreg.LogregWarning) as caught:
        fit = logreg.fit("y ~ " + " + ".join(f"x{i}" for i in range(9)), data)
    kinds = {warning.category.__name__ for warning in caught}
    assert {"CollinearityWarning", "SeparationWarning"} <= kinds
    assert len(fit.aliases) == 4


def test_near_aliases_are_kept() -> None:
    data = BASE.assign(near=BASE.x + 1e-7 * BASE.z)
    with pytest.warns(CollinearityWarning, match="'x', 'near' are nearly collinear: the condition number"):
        fit = logreg.fit("y ~ x + near", data)
    assert fit.aliases == ()
    easy = logreg.fit("y ~ x + z", data)
    np.testing.assert_allclose(fit.coef["1"]["near"] * 1e-7, easy.coef["1"]["z"], rtol=1e-6)
    assert fit.convergence.condition_number > 1e6


# The warm start ---------------------------------------------------------------------------------------

MANY = 100_000


def _many() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    data = pd.DataFrame(
        {"x": rng.normal(size=MANY), "z": rng.normal(size=MANY), "g": rng.choice(list("abcd"), MANY)}
    )
    score = 0.4 * data.x - 0.2 * data.z - 1
    data["y"] = (rng.uniform(size=MANY) < 1 / (1 + np.exp(-score))).astype(int)
    data["k"] = (np.column_stack([np.zeros(MANY), score, -score]) + rng.gumbel(size=(MANY, 3))).argmax(axis=1)
    return data


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    return _many()


def _cold(formula: str, data: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Any:
    with monkeypatch.context() as patch:
        patch.setattr(optimum, "SAMPLE_THRESHOLD", MANY * 100)
        return logreg.fit(formula, data, **options)


def _equal(warm: Any, cold: Any) -> None:
    errors = cold.std_error_array
    np.testing.assert_allclose((warm.coef_array - cold.coef_array) / errors, 0.0, atol=1e-9)
    np.testing.assert_allclose(warm.std_error_array, errors, rtol=1e-9)
    assert warm.loglik == pytest.approx(cold.loglik, rel=1e-13)
    assert warm.convergence.converged


@pytest.mark.parametrize("formula", ["y ~ x + z", "y ~ x + g", "k ~ x + z", "y ~ x + g:z"])
def test_the_warm_start_ends_where_the_cold_one_does(
    formula: str, many: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm = logreg.fit(formula, many)
    _equal(warm, _cold(formula, many, monkeypatch))
    stages = [row[0] for row in warm.convergence.trace]
    assert stages == sorted(stages, reverse=True), "sample first, then full"
    assert set(stages) == {"sample", "full"}
    assert warm.convergence.trace[-1][1] == "information"


def test_many_coefficients_approach_on_the_samples_metric(
    many: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimum, "CHEAP_INFORMATION", 1)
    warm = logreg.fit("y ~ x + g", many)
    _equal(warm, _cold("y ~ x + g", many, monkeypatch))


ODD_SAMPLES = {
    "no event in the sample": lambda d: d.assign(y=np.where(np.arange(MANY) % 20 == 0, 0, d.y)),
    "nothing but events in the sample": lambda d: d.assign(y=np.where(np.arange(MANY) % 20 == 0, 1, d.y)),
    "a column that is 0 in the sample": lambda d: d.assign(z=np.where(np.arange(MANY) % 20 == 0, 0.0, d.z)),
    "a constant in the sample": lambda d: d.assign(z=np.where(np.arange(MANY) % 20 == 0, 1e6, 1e6 + d.z)),
    "two columns alike in the sample": lambda d: d.assign(z=np.where(np.arange(MANY) % 20 == 0, d.x, d.z)),
    "one level in the sample": lambda d: d.assign(g=np.where(np.arange(MANY) % 20 == 0, "a", d.g)),
    "separated in the sample": lambda d: d.assign(
        y=np.where(np.arange(MANY) % 20 == 0, d.x > 0, d.y).astype(int)
    ),
    "a wild value outside the sample": lambda d: d.assign(z=np.where(np.arange(MANY) == 7, 50.0, d.z)),
}


@pytest.mark.parametrize("formula", ["y ~ x + z", "y ~ x + z + g"])
@pytest.mark.parametrize("case", ODD_SAMPLES)
def test_a_sample_that_misleads(
    case: str, formula: str, many: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ODD_SAMPLES[case](many)
    _equal(logreg.fit(formula, data), _cold(formula, data, monkeypatch))


def test_a_binary_column_that_the_sample_never_sees(
    many: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two dummies of 100,000 rows are still written out as numbers; in the sample both are zero."""
    place = np.arange(MANY) % 20
    data = many.assign(h=np.where(place == 0, "a", np.where(place % 2 == 0, "b", "c")))
    _equal(logreg.fit("y ~ x + h", data), _cold("y ~ x + h", data, monkeypatch))


def test_aliases_are_judged_on_all_rows(many: pd.DataFrame) -> None:
    data = many.assign(d=np.where(np.arange(MANY) % 20 == 0, many.x, many.x + 1e-3 * many.z))
    fit = logreg.fit("y ~ x + d", data)
    assert fit.aliases == ()
    with pytest.warns(CollinearityWarning, match="'d' = 2 x"):
        logreg.fit("y ~ x + z + d", many.assign(d=2 * many.x))
