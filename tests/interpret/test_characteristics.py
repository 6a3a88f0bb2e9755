"""Moments, quantiles, standardised differences and tests: against R, scipy and formulas written out."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from logreg.interpret.characteristics import (
    LevelSummary,
    chi_squared_test,
    kruskal_test,
    level_differences,
    number_differences,
    summarise_levels,
    summarise_numbers,
    welch_test,
)

REFERENCE = Path(__file__).parents[1] / "reference"
R = json.loads((REFERENCE / "own" / "adapters" / "table_one.json").read_text())
#: Sums of at most 263 numbers in doubles, on both sides.
RTOL = 1e-12


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "data" / name)


def members(labels: pd.Series, order: list[object]) -> np.ndarray:
    return np.array([(labels == one).to_numpy(dtype=float) for one in order])


@pytest.fixture
def birthwt() -> pd.DataFrame:
    return table("a01_birthwt.csv")


@pytest.fixture
def womenlf() -> pd.DataFrame:
    return table("a03_womenlf.csv")


CLASSES = ["fulltime", "not.work", "parttime"]


def test_moments_and_quartiles_are_those_of_r(birthwt: pd.DataFrame) -> None:
    found = summarise_numbers(
        birthwt["lwt"].to_numpy(dtype=float), members(birthwt["low"], [0, 1]), frequencies=True
    )
    shown = np.array([found.n, found.mean, found.sd, found.median, found.q1, found.q3]).T
    expected = [R["lwt_overall"], R["lwt_0"], R["lwt_1"]]
    np.testing.assert_allclose(shown, expected, rtol=RTOL)


def test_a_frequency_is_so_many_copies() -> None:
    rng = np.random.default_rng(1)
    x, copies = rng.normal(size=30).round(1), rng.integers(0, 4, 30)
    groups = np.array([np.arange(30) % 2 == g for g in (0, 1)], dtype=float)
    found = summarise_numbers(x, groups * copies, frequencies=True)
    again = summarise_numbers(np.repeat(x, copies), np.repeat(groups, copies, axis=1), frequencies=True)
    for name in ("n", "mean", "sd", "median", "q1", "q3"):
        np.testing.assert_allclose(getattr(found, name), getattr(again, name), rtol=RTOL)
    one = kruskal_test(x, groups * copies)
    other = kruskal_test(np.repeat(x, copies), np.repeat(groups, copies, axis=1))
    assert one.statistic == pytest.approx(other.statistic, rel=RTOL)


def test_other_weights_have_the_variance_and_quantiles_written_out() -> None:
    x, w = np.array([4.0, 1.0, 3.0, 2.0]), np.array([[1.0, 0.5, 0.25, 2.0]])
    found = summarise_numbers(x, w, frequencies=False)
    row = w[0]
    mean = float((row * x).sum() / row.sum())
    variance = row.sum() / (row.sum() ** 2 - (row**2).sum()) * float((row * (x - mean) ** 2).sum())
    np.testing.assert_allclose(found.mean, mean, rtol=RTOL)
    np.testing.assert_allclose(found.sd, np.sqrt(variance), rtol=RTOL)
    # Sorted: 1 (0.5), 2 (2), 3 (0.25), 4 (1), total 3.75: quartiles at 0.9375, 1.875 and 2.8125.
    assert (found.q1[1], found.median[1], found.q3[1]) == (2.0, 2.0, 4.0)
    # Equal weights: no unit in them, and the flat places of the distribution function are halved.
    even = summarise_numbers(x, np.full((1, 4), 7.0), frequencies=False)
    assert (even.q1[1], even.median[1], even.q3[1]) == (1.5, 2.5, 3.5)
    np.testing.assert_allclose(even.sd, np.std(x, ddof=1), rtol=RTOL)


def test_missing_values_are_counted_by_group() -> None:
    x = np.array([1.0, np.nan, 3.0, np.nan])
    found = summarise_numbers(x, np.array([[1.0, 1, 0, 0], [0, 0, 1, 1]]), frequencies=True)
    assert found.missing.tolist() == [2.0, 1.0, 1.0]
    assert found.n.tolist() == [2.0, 1.0, 1.0]
    assert np.isnan(found.sd[1])


def test_standardised_differences_of_two_groups(birthwt: pd.DataFrame) -> None:
    groups = members(birthwt["low"], [0, 1])
    age = summarise_numbers(birthwt["age"].to_numpy(dtype=float), groups, frequencies=True)
    assert number_differences(age)[0, 1] == pytest.approx(R["smd_age"][0], rel=RTOL)
    for name, levels in (("race", ["white", "black", "other"]), ("smoke", ["no", "yes"])):
        codes = birthwt[name].map({level: k for k, level in enumerate(levels)}).to_numpy()
        found = level_differences(summarise_levels(codes, len(levels), groups))
        assert found[0, 1] == pytest.approx(R[f"smd_{name}"][0], rel=1e-10)


def test_standardised_differences_of_all_pairs(womenlf: pd.DataFrame) -> None:
    groups = members(womenlf["partic"], CLASSES)
    income = summarise_numbers(womenlf["hincome"].to_numpy(dtype=float), groups, frequencies=True)
    codes, levels = pd.factorize(womenlf["region"], sort=True)
    region = summarise_levels(codes, len(levels), groups)
    upper = np.triu_indices(3, 1)
    np.testing.assert_allclose(number_differences(income)[upper], R["smd_hincome_pairs"], rtol=RTOL)
    np.testing.assert_allclose(level_differences(region)[upper], R["smd_region_pairs"], rtol=1e-10)


def test_two_levels_are_the_difference_of_two_shares() -> None:
    counts = np.array([[50.0, 50.0], [30.0, 20.0], [20.0, 30.0]])
    found = level_differences(LevelSummary(counts=counts, missing=np.zeros(3)))
    assert found[0, 1] == pytest.approx(0.2 / np.sqrt((0.24 + 0.24) / 2.0), rel=RTOL)


def test_differences_where_nothing_varies() -> None:
    counts = np.array([[10.0, 10.0], [10.0, 0.0], [0.0, 10.0]])
    assert level_differences(LevelSummary(counts=counts, missing=np.zeros(3)))[0, 1] == np.inf
    same = np.array([[20.0, 0.0], [10.0, 0.0], [10.0, 0.0]])
    assert level_differences(LevelSummary(counts=same, missing=np.zeros(3)))[0, 1] == 0.0
    # A level that one group lacks: the other group still varies in it.
    lacking = np.array([[19.0, 5.0, 6.0], [9.0, 5.0, 0.0], [10.0, 0.0, 6.0]])
    found = level_differences(LevelSummary(counts=lacking, missing=np.zeros(3)))[0, 1]
    p, q = lacking[1] / 14.0, lacking[2] / 16.0
    s = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2.0
    d = (p - q)[1:]
    assert found == pytest.approx(np.sqrt(d @ np.linalg.solve(s[1:, 1:], d)), rel=1e-10)


def test_welch_and_kruskal_are_those_of_r(birthwt: pd.DataFrame, womenlf: pd.DataFrame) -> None:
    low, partic = members(birthwt["low"], [0, 1]), members(womenlf["partic"], CLASSES)
    age, income = birthwt["age"].to_numpy(dtype=float), womenlf["hincome"].to_numpy(dtype=float)
    lwt = birthwt["lwt"].to_numpy(dtype=float)
    for found, name in (
        (welch_test(summarise_numbers(age, low, frequencies=True)), "welch_t"),
        (welch_test(summarise_numbers(income, partic, frequencies=True)), "welch_f"),
        (kruskal_test(lwt, low), "kruskal_2"),
        (kruskal_test(income, partic), "kruskal_3"),
    ):
        np.testing.assert_allclose([found.statistic, found.df, found.p_value], R[name], rtol=1e-10)
    scipy = stats.kruskal(*(income[row > 0] for row in partic))
    assert kruskal_test(income, partic).p_value == pytest.approx(scipy.pvalue, rel=1e-10)


def test_levels_by_chi_squared_or_fisher(birthwt: pd.DataFrame) -> None:
    low = members(birthwt["low"], [0, 1])
    race = summarise_levels(pd.factorize(birthwt["race"])[0], 3, low)
    found = chi_squared_test(race)
    np.testing.assert_allclose([found.statistic, found.df, found.p_value], R["chi_squared"], rtol=1e-10)
    hypertension = summarise_levels(pd.factorize(birthwt["ht"])[0], 2, low)
    exact = chi_squared_test(hypertension)
    assert exact.name == "Fisher exact"
    assert exact.p_value == pytest.approx(R["fisher"][0], rel=1e-9)


def test_tests_that_cannot_be_made_say_why() -> None:
    constant = np.ones(6)
    groups = np.array([[1.0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]])
    welch = welch_test(summarise_numbers(constant, groups, frequencies=True))
    kruskal = kruskal_test(constant, groups)
    chi = chi_squared_test(summarise_levels(np.zeros(6, dtype=np.intp), 2, groups))
    for found in (welch, kruskal, chi):
        assert np.isnan(found.p_value)
        assert found.reason
    sparse = summarise_levels(np.array([0, 1, 2, 0, 1, 2]), 3, groups)
    assert chi_squared_test(sparse).reason == "expected counts below 5"
