"""Several tests at once: against R's `p.adjust` and multcomp, and closed forms of the largest statistic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import ndtr, ndtri, stdtr
from scipy.stats import norm, studentized_range

import logreg
from logreg.errors import SupportError
from logreg.inference.multiplicity import ADJUSTMENTS, adjust_p_values, adjusted, simultaneous
from logreg.inference.normal import critical_value

from ..reference.comparison import HERE, read_json
from ..reference.test_cases import case_of, fitted_to

OWN = read_json(HERE / "own/hypotheses/hypotheses.json")


def differences(k: int) -> np.ndarray:
    """All pairwise differences of k means."""
    return np.array([np.eye(k)[a] - np.eye(k)[b] for a in range(k) for b in range(a)])


@pytest.mark.parametrize("method", OWN["p_values"]["adjusted"])
def test_p_values_are_those_of_r(method: str) -> None:
    given = [np.nan if p is None else p for p in OWN["p_values"]["p"]]
    expected = [np.nan if p is None else p for p in OWN["p_values"]["adjusted"][method]]
    np.testing.assert_allclose(adjust_p_values(given, method), expected, rtol=1e-12)


def test_a_series_keeps_its_index() -> None:
    given = pd.Series([0.01, 0.04], index=["a", "b"], name="p")
    found = logreg.adjust_p_values(given, "bonferroni")
    pd.testing.assert_series_equal(found, pd.Series([0.02, 0.08], index=["a", "b"], name="p"))


@pytest.mark.parametrize("p", [[-0.1], [1.2], ["a"], 0.5, [[0.1]]])
def test_what_is_no_list_of_probabilities_is_refused(p: Any) -> None:
    with pytest.raises(SupportError, match=r"p-values are"):
        adjust_p_values(p)


def test_unknown_methods_are_refused() -> None:
    with pytest.raises(SupportError, match="Did you mean 'holm'"):
        adjust_p_values([0.1], "holms")
    with pytest.raises(SupportError, match="Did you mean 'tukey'"):
        adjusted(np.ones(1), np.eye(1), "tuckey", 0.95, np.inf)


@pytest.mark.parametrize("family", OWN["families"], ids=lambda family: family["title"])
def test_simultaneous_tests_are_those_of_multcomp(family: dict[str, Any]) -> None:
    """Multcomp integrates by a random lattice to 1e-7, R's polished glm has covariances to 1e-10."""
    fit = fitted_to(case_of("a01_birthwt"))
    contrast = np.array(family["contrast"])
    estimate, vcov = contrast @ fit.coef_array[0], contrast @ fit.vcov_array @ contrast.T
    np.testing.assert_allclose(estimate, family["estimate"], rtol=1e-8)
    table = simultaneous(estimate, vcov)
    accuracy = 1e-6 if np.linalg.matrix_rank(vcov, tol=1e-9) <= 2 else 1e-3
    np.testing.assert_allclose(table["p_value"], family["p"], atol=accuracy)
    # Its critical value is a root found to 1e-4 or so by R's `uniroot`.
    error = table["std_error"]
    for column in ("conf_low", "conf_high"):
        np.testing.assert_allclose(table[column] / error, np.array(family[column]) / error, atol=5e-3)


@pytest.mark.parametrize(
    ("k", "df", "accuracy"),
    [
        (3, np.inf, 1e-9),
        (4, np.inf, 1e-4),
        (6, np.inf, 1e-4),
        (9, np.inf, 1e-3),
        (3, 15.0, 1e-9),
        (4, 15.0, 1e-4),
    ],
)
def test_all_pairwise_differences_follow_the_studentised_range(k: int, df: float, accuracy: float) -> None:
    c = differences(k)
    estimates = np.linspace(0.3, 5.0, len(c))
    p, low, _ = adjusted(estimates, c @ c.T, "simultaneous", 0.95, df)
    exact = studentized_range.sf(estimates, k, df)
    np.testing.assert_allclose(p, exact, atol=accuracy)
    margin = studentized_range.ppf(0.95, k, df)
    np.testing.assert_allclose(estimates - low, margin, atol=30 * accuracy)
    by_tukey = adjusted(estimates, c @ c.T, "tukey", 0.95, df)
    np.testing.assert_allclose(by_tukey[0], exact, rtol=1e-6)
    np.testing.assert_allclose(estimates - by_tukey[1], margin, rtol=1e-6)


@pytest.mark.parametrize(("k", "accuracy"), [(2, 1e-9), (3, 1e-4), (5, 1e-4), (8, 1e-3), (15, 1e-3)])
def test_comparisons_with_a_control_follow_dunnett(k: int, accuracy: float) -> None:
    """Equicorrelation 1/2: given the control, the others are independent."""
    vcov = 0.5 * (np.eye(k) + np.ones((k, k)))
    half = np.sqrt(0.5)

    def exact(t: float) -> float:
        def inside(z: float) -> float:
            return float(norm.pdf(z) * (ndtr((t - half * z) / half) - ndtr((-t - half * z) / half)) ** k)

        return 1.0 - float(quad(inside, -9, 9, epsabs=1e-12)[0])

    t = np.linspace(0.8, 3.1, k)
    p, _, high = adjusted(t, vcov, "simultaneous", 0.95, np.inf)
    np.testing.assert_allclose(p, [exact(x) for x in t], atol=accuracy)
    assert exact(high[0] - t[0]) == pytest.approx(0.05, abs=accuracy)


def test_independent_estimates_are_sidaks() -> None:
    t = np.array([0.5, 2.0, 2.6])
    p, _, high = adjusted(t, np.eye(3), "simultaneous", 0.9, np.inf)
    np.testing.assert_allclose(p, 1 - (1 - 2 * ndtr(-t)) ** 3, atol=1e-4)
    np.testing.assert_allclose(high - t, -ndtri((1 - 0.9 ** (1 / 3)) / 2), atol=1e-3)
    exact = adjusted(t, np.eye(3), "sidak", 0.9, np.inf)
    np.testing.assert_allclose(exact[0], 1 - (1 - 2 * ndtr(-t)) ** 3, rtol=1e-12)
    np.testing.assert_allclose(t - exact[1], -ndtri((1 - 0.9 ** (1 / 3)) / 2), rtol=1e-12)


@pytest.mark.parametrize("method", ADJUSTMENTS)
def test_one_estimate_needs_no_adjustment(method: str) -> None:
    p, low, high = adjusted(np.array([1.5]), np.array([[4.0]]), method, 0.95, 7.0)
    assert p[0] == pytest.approx(2 * stdtr(7.0, -0.75), rel=1e-10)
    assert (low[0], high[0]) == pytest.approx(
        (1.5 - 2 * critical_value(0.95, 7.0), 1.5 + 2 * critical_value(0.95, 7.0))
    )


@pytest.mark.parametrize("method", ["holm", "hochberg", "hommel", "BH", "BY", "bonferroni", "holm-sidak"])
def test_intervals_of_p_value_methods_are_bonferronis(method: str) -> None:
    estimates = np.array([1.0, 2.0, 3.0])
    p, low, high = adjusted(estimates, np.eye(3), method, 0.95, np.inf)
    np.testing.assert_allclose(p, adjust_p_values(2 * ndtr(-estimates), method), rtol=1e-12)
    np.testing.assert_allclose(high - estimates, -ndtri(0.025 / 3), rtol=1e-12)
    np.testing.assert_allclose(estimates - low, -ndtri(0.025 / 3), rtol=1e-12)


def test_none_leaves_all_as_it_is() -> None:
    p, low, _ = adjusted(np.array([1.0, 2.0]), np.eye(2), "none", 0.95, np.inf)
    np.testing.assert_allclose(p, 2 * ndtr([-1.0, -2.0]), rtol=1e-12)
    np.testing.assert_allclose(low, [1 - critical_value(0.95), 2 - critical_value(0.95)])


@pytest.mark.parametrize("method", ["holm", "simultaneous", "none", "tukey"])
def test_what_is_not_known_does_not_count(method: str) -> None:
    c = differences(3)
    estimates, vcov = np.array([1.0, 2.0, 3.0]), c @ c.T
    some = np.full((5, 5), np.nan)
    some[np.ix_([1, 2, 4], [1, 2, 4])] = vcov
    spread = np.array([np.inf, 1.0, 2.0, np.nan, 3.0])
    for alone, among in zip(
        adjusted(estimates, vcov, method, 0.95, np.inf),
        adjusted(spread, some, method, 0.95, np.inf),
        strict=True,
    ):
        np.testing.assert_allclose(among[[1, 2, 4]], alone, rtol=1e-12)
        assert np.isnan(among[[0, 3]]).all()


def test_far_tails_stay_between_one_test_and_bonferroni() -> None:
    c = differences(4)
    t = np.array([9.0, 12.0, 20.0, 30.0, 8.0, 7.0])
    for method in ("tukey", "simultaneous"):
        p, _, _ = adjusted(np.sqrt(2) * t, c @ c.T, method, 0.95, np.inf)
        assert (p >= 2 * ndtr(-t) * (1 - 1e-12)).all()
        assert (p <= 12 * ndtr(-t) * (1 + 1e-12)).all()


def test_results_repeat() -> None:
    c = differences(5)
    first, second = (adjusted(np.arange(10.0), c @ c.T, "simultaneous", 0.95, 30.0) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_tukey_is_for_pairwise_differences() -> None:
    with pytest.raises(SupportError, match="pairwise differences"):
        adjusted(np.ones(3), np.eye(3), "tukey", 0.95, np.inf)
    with pytest.raises(SupportError, match="pairwise differences"):
        adjusted(np.ones(4), np.eye(4), "tukey", 0.95, np.inf)


def test_shapes_and_levels() -> None:
    with pytest.raises(SupportError, match="covariance"):
        simultaneous([1.0, 2.0], np.eye(3))
    with pytest.raises(SupportError, match="level"):
        simultaneous([1.0, 2.0], np.eye(2), confidence=2.0)
