"""Bias-reduced fits: R's brglm2, closed forms, brute force, and every kind of data a fit takes."""

from __future__ import annotations

import json
import math
import pickle
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq, minimize
from scipy.special import expit
from scipy.stats import chi2

import logreg
from logreg import SupportError
from logreg.data import open_source
from logreg.engine import bias_reduced, optimum

REFERENCE = Path(__file__).parents[1] / "reference"
CASES: dict[str, Any] = json.loads((REFERENCE / "own" / "firth" / "firth.json").read_text(encoding="utf-8"))
ENDOMETRIAL: dict[str, Any] = json.loads(
    (REFERENCE / "cases" / "a04_endometrial.json").read_text(encoding="utf-8")
)["expected"]["firth"]
FORMULA = "HG ~ NV + PI + EH"

#: In standard errors. Firth, FLIC and FLAC agree with R to 1e-13.
ESTIMATE = 1e-10
#: brglm2's iterations for the median stop when a step is below 1e-12; ours at a decrement of 1e-20.
MEDIAN = 1e-9


def endometrial() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "data" / "a04_endometrial.csv")


def birthwt() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "data" / "a01_birthwt.csv")


def women() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "data" / "a03_womenlf.csv")


def values_of(numbers: dict[str, float]) -> list[float]:
    return list(numbers.values())


def agrees(fit: Any, other: Any, tolerance: float = ESTIMATE) -> None:
    """Same coefficients to so many standard errors, and the same covariance relative to these."""
    error = fit.std_error_array
    np.testing.assert_allclose(fit.coef_array / error, other.coef_array / error, rtol=0, atol=tolerance)
    scale = np.outer(error, error)
    np.testing.assert_allclose(fit.vcov_array / scale, other.vcov_array / scale, rtol=0, atol=10 * tolerance)


# References ----------------------------------------------------------------------------------------------


def test_endometrial_estimates() -> None:
    fit = logreg.fit(FORMULA, endometrial(), estimator="firth")
    error = np.array(values_of(ENDOMETRIAL["se"]))
    np.testing.assert_allclose(fit.coef / error, values_of(ENDOMETRIAL["coef"]) / error, rtol=0, atol=1e-12)
    np.testing.assert_allclose(fit.vcov, ENDOMETRIAL["vcov"], rtol=1e-10)
    table = fit.coefficients()
    np.testing.assert_allclose(table["p_value"], values_of(ENDOMETRIAL["p_wald"]), rtol=1e-10)
    assert fit.loglik == pytest.approx(ENDOMETRIAL["loglik"], rel=1e-13)
    assert fit.penalised_loglik == pytest.approx(ENDOMETRIAL["penalized_loglik"], rel=1e-13)
    assert fit.convergence.newton_decrement <= 1e-20
    assert fit.separation.verdict == "quasi-complete"
    assert fit.separation.rows == 13
    assert fit.separation.direction is None


def test_endometrial_penalised_likelihood_ratio_tests() -> None:
    fit = logreg.fit(FORMULA, endometrial(), estimator="firth")
    likelihood = fit._rows.likelihood("a test")
    assert likelihood.objective(likelihood.optimum, 0).loglik == pytest.approx(fit.loglik, rel=1e-13)
    for k, term in enumerate(("(Intercept)", "NV", "PI", "EH")):
        expected = ENDOMETRIAL["penalized_lr"][term]
        found = likelihood.constrained(np.eye(4)[k : k + 1], np.zeros(1))
        assert found.converged
        assert 2.0 * (fit.loglik - found.loglik) == pytest.approx(expected["chi2"], rel=1e-11)
    table = fit.anova().set_index("term")
    for term in ("NV", "PI", "EH"):
        expected = ENDOMETRIAL["penalized_lr"][term]
        assert table.loc[term, "statistic"] == pytest.approx(expected["chi2"], rel=1e-10)
        assert table.loc[term, "p_value"] == pytest.approx(expected["p"], rel=1e-9)


def test_endometrial_penalised_profile_intervals() -> None:
    table = logreg.fit(FORMULA, endometrial(), estimator="firth").coefficients(interval="profile")
    expected = ENDOMETRIAL["penalized_profile_ci"]
    np.testing.assert_allclose(table["conf_low"], values_of(expected["lower"]), rtol=1e-9)
    np.testing.assert_allclose(table["conf_high"], values_of(expected["upper"]), rtol=1e-9)


def test_endometrial_median() -> None:
    fit = logreg.fit(FORMULA, endometrial(), estimator="median")
    expected = ENDOMETRIAL["median_bias_reduced"]
    error = np.array(values_of(expected["se"]))
    np.testing.assert_allclose(fit.coef / error, values_of(expected["coef"]) / error, rtol=0, atol=MEDIAN)
    np.testing.assert_allclose(fit.coefficients()["std_error"], error, rtol=1e-9)


def read_case(name: str) -> tuple[dict[str, Any], pd.DataFrame, dict[str, Any]]:
    case = CASES[name]
    options = {option: case[option] for option in ("offset", "weights") if option in case}
    return case, pd.read_csv(REFERENCE / case["data"]), options


@pytest.mark.parametrize("name", ["birthwt", "offset", "ucb"])
@pytest.mark.parametrize("estimator", ["firth", "flic", "flac", "median"])
def test_binary_cases_in_r(name: str, estimator: str) -> None:
    case, data, options = read_case(name)
    fit = logreg.fit(case["formula"], data, estimator=estimator, **options)
    assert list(fit.spec.column_names) == case["terms"]
    expected = case[estimator]
    error = np.array(expected["se"])
    tolerance = MEDIAN if estimator == "median" else ESTIMATE
    np.testing.assert_allclose(fit.coef_array[0] / error, expected["coef"] / error, rtol=0, atol=tolerance)
    scale = np.outer(error, error)
    np.testing.assert_allclose(
        fit.vcov_array / scale, np.array(expected["vcov"]) / scale, rtol=0, atol=tolerance
    )
    if estimator == "firth":
        assert fit.loglik == pytest.approx(case["loglik"], rel=1e-13)
        assert fit.penalised_loglik == pytest.approx(case["loglik_penalised"], rel=1e-13)
    else:
        assert math.isnan(fit.penalised_loglik)


@pytest.mark.parametrize("name", ["womenlf", "womenlf_separated", "alligators"])
def test_multinomial_cases_in_r(name: str) -> None:
    case, data, options = read_case(name)
    fit = logreg.fit(case["formula"], data, estimator="firth", baseline=case["levels"][0], **options)
    assert list(fit.spec.column_names) == case["terms"]
    order = [case["levels"].index(level) - 1 for level in fit.spec.outcome.modelled]
    vcov = np.array(case["vcov"]).reshape(len(order), len(case["terms"]), len(order), -1)
    vcov = vcov[order][:, :, order].reshape(fit.vcov_array.shape)
    error = np.sqrt(np.diagonal(vcov))
    coef = np.array(case["coef"])[order]
    np.testing.assert_allclose(fit.coef_array.ravel() / error, coef.ravel() / error, rtol=0, atol=ESTIMATE)
    scale = np.outer(error, error)
    np.testing.assert_allclose(fit.vcov_array / scale, vcov / scale, rtol=0, atol=ESTIMATE)
    assert fit.loglik == pytest.approx(case["loglik"], rel=1e-12)
    assert fit.penalised_loglik == pytest.approx(case["loglik_penalised"], rel=1e-12)
    assert fit.separation.verdict == ("quasi-complete" if name == "womenlf_separated" else "none")


# Closed forms ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("events", "n"), [(1, 4), (3, 10), (499, 500)])
def test_one_proportion_adds_half_an_observation_to_each_side(events: int, n: int) -> None:
    fit = logreg.fit("y ~ 1", {"y": [1] * events + [0] * (n - events)}, estimator="firth")
    p = (events + 0.5) / (n + 1.0)
    assert fit.coef_array[0, 0] == pytest.approx(math.log(p / (1.0 - p)), rel=1e-12)
    assert fit.vcov_array[0, 0] == pytest.approx(1.0 / (n * p * (1.0 - p)), rel=1e-12)


def test_two_by_two_table_adds_half_to_each_cell() -> None:
    table = {"exposed": [0, 1], "yes": [3, 10], "no": [17, 0]}
    fit = logreg.fit("cbind(yes, no) ~ exposed", table, estimator="firth")
    low, high = math.log(3.5 / 17.5), math.log(10.5 / 0.5)
    np.testing.assert_allclose(fit.coef_array, [[low, high - low]], rtol=1e-12)


def test_saturated_multinomial_adds_half_to_each_cell() -> None:
    counts = np.array([[5, 0, 2, 1], [0, 7, 1, 3], [2, 2, 0, 0]])
    rows = [
        {"y": f"o{k}", "g": f"g{i}"}
        for i, row in enumerate(counts)
        for k, c in enumerate(row)
        for _ in range(c)
    ]
    fit = logreg.fit("y ~ 0 + C(g)", pd.DataFrame(rows), estimator="firth")
    expected = np.log((counts[:, 1:] + 0.5) / (counts[:, :1] + 0.5)).T
    np.testing.assert_allclose(fit.coef_array, expected, rtol=1e-11, atol=1e-14)


def brute_force(x: np.ndarray, y: np.ndarray, coef: np.ndarray) -> float:
    eta = x @ coef
    p = expit(eta)
    information = (x.T * (p * (1 - p))) @ x
    return float(np.sum(np.where(y == 1, np.log(p), np.log1p(-p)))) + np.linalg.slogdet(information)[1] / 2


def test_profile_interval_by_brute_force() -> None:
    rng = np.random.default_rng(5)
    x = np.column_stack([np.ones(14), rng.normal(size=14)])
    y = (rng.uniform(size=14) < 0.4).astype(int)
    fit = logreg.fit("y ~ x", {"y": y, "x": x[:, 1]}, estimator="firth")
    top = brute_force(x, y, fit.coef_array[0])

    def profile(slope: float) -> float:
        # Golden section on the intercept would do; the grid is refined instead, without derivatives.
        low, high = -12.0, 12.0
        for _ in range(60):
            grid = np.linspace(low, high, 9)
            best = int(np.argmax([brute_force(x, y, np.array([one, slope])) for one in grid]))
            low, high = grid[max(best - 1, 0)], grid[min(best + 1, 8)]
            if high - low < 1e-10:
                break
        return brute_force(x, y, np.array([(low + high) / 2.0, slope]))

    def excess(slope: float) -> float:
        return 2.0 * (top - profile(slope)) - 3.841458820694124

    at = fit.coef_array[0, 1]
    row = fit.coefficients(interval="profile").iloc[1]
    assert row["conf_low"] == pytest.approx(brentq(excess, at - 8.0, at, xtol=1e-10), rel=1e-7)
    assert row["conf_high"] == pytest.approx(brentq(excess, at, at + 8.0, xtol=1e-10), rel=1e-7)


# Where the iterations are hard -----------------------------------------------------------------------------


def separated_by_one(n: int, q: int, seed: int) -> tuple[pd.DataFrame, Any, Any]:
    """Draw one predictor that tells the outcomes apart, others nothing: frame, design and outcome."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.5).astype(int)
    x = rng.normal(size=(n, q))
    x[:, 0] = 2 * y - 1 + 0.1 * rng.normal(size=n)
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(q)]).assign(y=y)
    return frame, np.column_stack([np.ones(n), x]), y


def penalised_value_and_score(design: Any, y: Any, coef: Any) -> tuple[float, Any]:
    """Return l + log|I| / 2 and X'(y - p + h (1/2 - p)), as Firth (1993) writes them."""
    logits = design @ coef
    p = expit(logits)
    w = expit(logits) * expit(-logits)
    root = np.linalg.cholesky(design.T @ (design * w[:, np.newaxis]))
    h = w * (np.linalg.solve(root, design.T) ** 2).sum(axis=0)
    loglik = -np.logaddexp(0.0, np.where(y == 1, -logits, logits)).sum()
    return loglik + np.log(root.diagonal()).sum(), design.T @ (y - p + h * (0.5 - p))


@pytest.mark.parametrize(("n", "q", "seed"), [(200, 5, 3), (1_000, 10, 0), (1_000, 10, 2), (5_000, 10, 1)])
def test_separated_rows_are_climbed_to_the_end(n: int, q: int, seed: int) -> None:
    frame, design, y = separated_by_one(n, q, seed)
    fit = logreg.fit("y ~ .", frame, estimator="firth")
    assert fit.convergence.converged
    _, score = penalised_value_and_score(design, y, fit.coef_array[0])
    error = fit.std_error_array[0]
    np.testing.assert_allclose(score * error, 0.0, atol=1e-9)


@pytest.mark.parametrize(
    ("n", "q", "seed", "column", "limit"),
    [(300, 4, 1, 2, "conf_low"), (300, 4, 1, 2, "conf_high"), (1_000, 10, 0, 3, "conf_low")],
)
def test_profile_limits_on_separated_rows_by_brute_force(
    n: int, q: int, seed: int, column: int, limit: str
) -> None:
    """No other maximiser, whatever its start, finds more or less at a limit than the interval says."""
    frame, design, y = separated_by_one(n, q, seed)
    fit = logreg.fit("y ~ .", frame, estimator="firth")
    held = math.log(fit.odds_ratios(interval="profile")[limit].iloc[column - 1])
    rng = np.random.default_rng(1)
    others = np.delete(np.arange(q + 1), column)

    def fallen(z: Any) -> tuple[float, Any]:
        try:
            height, score = penalised_value_and_score(design, y, np.insert(z, column, held))
        except np.linalg.LinAlgError:
            return 1e10, np.zeros(q)
        return -height, -score[others]

    starts = fit.coef_array[0][others] + rng.normal(size=(12, q))
    highest = -min(minimize(fallen, start, jac=True, method="BFGS").fun for start in starts)
    summit, _ = penalised_value_and_score(design, y, fit.coef_array[0])
    assert 2 * (summit - highest) == pytest.approx(chi2.ppf(0.95, 1), rel=1e-5)


@pytest.mark.parametrize("name", ["stuck_278", "stuck_240"])
@pytest.mark.parametrize("estimator", ["firth", "flic", "flac"])
def test_complete_separation_where_brglm2_stops_early(name: str, estimator: str) -> None:
    case, data, _ = read_case(name)
    assert not all(case["converged_brglm2"].values())
    fit = logreg.fit(case["formula"], data, estimator=estimator)
    assert fit.convergence.status == "converged"
    assert fit.separation.verdict == "complete"
    assert np.isfinite(fit.coef_array).all()
    if estimator == "firth":
        x = np.column_stack([np.ones(len(data)), data[["x1", "x2", "x3"]]])
        top = brute_force(x, data["y"].to_numpy(), fit.coef_array[0])
        assert top == pytest.approx(fit.penalised_loglik, rel=1e-12)
        for k in range(4):
            for sign in (-1.0, 1.0):
                aside = fit.coef_array[0].copy()
                aside[k] += sign * 1e-3
                assert brute_force(x, data["y"].to_numpy(), aside) < top


def test_median_under_complete_separation_says_that_solutions_may_be_several() -> None:
    case, data, _ = read_case("stuck_278")
    with pytest.warns(logreg.SeparationWarning, match="several solutions"):
        fit = logreg.fit(case["formula"], data, estimator="median")
    assert fit.convergence.status == "converged"
    assert fit.convergence.newton_decrement <= 1e-20


def test_median_that_is_not_reached_is_not_called_converged() -> None:
    case, data, _ = read_case("stuck_240")
    with pytest.warns(logreg.LogregWarning) as caught:
        fit = logreg.fit(case["formula"], data, estimator="median")
    assert fit.convergence.status == "no_ascent"
    assert {warning.category for warning in caught} == {
        logreg.SeparationWarning,
        logreg.ConvergenceWarning,
    }


def test_too_few_iterations_are_told() -> None:
    with pytest.warns(logreg.ConvergenceWarning):
        fit = logreg.fit(FORMULA, endometrial(), estimator="flac", max_iterations=2)
    assert fit.convergence.status == "max_iterations"


@pytest.mark.parametrize("estimator", ["firth", "flic", "flac", "median"])
def test_columns_far_from_zero(estimator: str) -> None:
    data = endometrial()
    # The median is tied to the coefficients: it moves with what the intercept means.
    shift = 0.0 if estimator == "median" else 1e7
    far = data.assign(PI=data["PI"] * 1e3 + shift)
    near = logreg.fit(FORMULA, data, estimator=estimator)
    fit = logreg.fit(FORMULA, far, estimator=estimator)
    assert fit.convergence.status == "converged"
    slopes = fit.coef_array[0, 1:] * [1.0, 1e3, 1.0]
    np.testing.assert_allclose(slopes, near.coef_array[0, 1:], rtol=1e-8)
    np.testing.assert_allclose(
        fit.logits(interval=True)["std_error"], near.logits(interval=True)["std_error"], rtol=1e-7
    )
    if estimator == "firth":
        # Scaling a column by c adds log c to half the log-determinant.
        assert fit.penalised_loglik == pytest.approx(near.penalised_loglik + math.log(1e3), rel=1e-9)


@pytest.mark.parametrize("estimator", ["firth", "flic", "flac", "median"])
def test_aliased_columns(estimator: str) -> None:
    data = endometrial().assign(twice=lambda d: 2.0 * d["EH"] + 1.0)
    plain = logreg.fit(FORMULA, data, estimator=estimator)
    with pytest.warns(logreg.CollinearityWarning):
        fit = logreg.fit(FORMULA + " + twice", data, estimator=estimator)
    assert math.isnan(fit.coef_array[0, 4])
    np.testing.assert_allclose(fit.coef_array[0, :4], plain.coef_array[0], rtol=1e-9)
    np.testing.assert_allclose(fit.vcov_array[:4, :4], plain.vcov_array, rtol=1e-8)
    if estimator == "firth":
        assert fit.penalised_loglik == pytest.approx(plain.penalised_loglik, rel=1e-11)
        low = fit.coefficients(interval="profile")["conf_low"]
        np.testing.assert_allclose(low[:4], plain.coefficients(interval="profile")["conf_low"], rtol=1e-7)


# Layouts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ["firth", "flic", "flac", "median"])
def test_blocks_give_the_same_fit(estimator: str) -> None:
    whole = logreg.fit(FORMULA, endometrial(), estimator=estimator)
    blocks = logreg.fit(FORMULA, open_source(endometrial(), block_rows=7), estimator=estimator)
    agrees(blocks, whole)
    many = logreg.fit("partic ~ hincome + children", women(), estimator="firth")
    few = logreg.fit("partic ~ hincome + children", open_source(women(), block_rows=50), estimator="firth")
    agrees(few, many)


@pytest.mark.parametrize("estimator", ["firth", "flic", "flac", "median"])
def test_frequencies_are_copies(estimator: str) -> None:
    data = birthwt()
    times = np.arange(len(data)) % 3
    copies = logreg.fit("low ~ age + race", data.loc[data.index.repeat(times)], estimator=estimator)
    weighted = logreg.fit("low ~ age + race", data, weights=times, estimator=estimator)
    agrees(weighted, copies, 1e-9)


@pytest.mark.parametrize("estimator", ["firth", "flic", "flac", "median"])
def test_grouped_rows_are_their_trials(estimator: str) -> None:
    table = pd.DataFrame({"x": [0.0, 1.0, 2.0, 4.0], "yes": [0, 1, 2, 6], "no": [5, 3, 4, 1]})
    trials = pd.concat(
        [
            table.loc[table.index.repeat(table[name]), ["x"]].assign(y=value)
            for name, value in (("yes", 1), ("no", 0))
        ]
    )
    agrees(
        logreg.fit("cbind(yes, no) ~ x", table, estimator=estimator),
        logreg.fit("y ~ x", trials, estimator=estimator),
    )


@pytest.mark.parametrize("estimator", ["firth", "flic"])
def test_multinomial_counts_are_their_trials(estimator: str) -> None:
    rng = np.random.default_rng(2)
    table = pd.DataFrame(rng.integers(0, 4, size=(8, 3)), columns=["a", "b", "c"]).assign(x=np.arange(8.0))
    trials = pd.concat(
        [table.loc[table.index.repeat(table[name]), ["x"]].assign(y=name) for name in ("a", "b", "c")]
    )
    agrees(
        logreg.fit("cbind(a, b, c) ~ x", table, estimator=estimator),
        logreg.fit("y ~ x", trials, estimator=estimator),
    )


def test_precision_weights_enter_the_information_with_mean_one() -> None:
    data = endometrial()
    plain = logreg.fit(FORMULA, data, estimator="firth")
    same = logreg.fit(FORMULA, data, estimator="firth", weights=np.full(79, 7.0), weight_kind="precision")
    agrees(same, plain)


@pytest.mark.parametrize("estimator", ["firth", "flic"])
def test_offsets_shift_the_logits(estimator: str) -> None:
    data = women().assign(o=2.0, part=0.25)
    plain = logreg.fit("partic ~ hincome", data, estimator=estimator)
    moved = logreg.fit("partic ~ hincome", data, offset=["o", "part"], estimator=estimator)
    np.testing.assert_allclose(moved.coef_array[:, 1], plain.coef_array[:, 1], rtol=1e-9)
    np.testing.assert_allclose(moved.coef_array[:, 0], plain.coef_array[:, 0] - [2.0, 0.25], rtol=1e-9)


def test_the_baseline_changes_nothing() -> None:
    fits = [
        logreg.fit("partic ~ hincome + children", women(), baseline=level, estimator="firth")
        for level in ("not.work", "parttime", "fulltime")
    ]
    for first, second in pairwise(fits):
        assert first.loglik == pytest.approx(second.loglik, rel=1e-12)
        assert first.penalised_loglik == pytest.approx(second.penalised_loglik, rel=1e-12)
        names = list(first.probabilities().columns)
        np.testing.assert_allclose(first.probabilities()[names], second.probabilities()[names], rtol=1e-10)


@pytest.mark.parametrize("estimator", ["firth", "flic", "flac"])
def test_many_rows_start_from_a_sample(estimator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=3000)
    data = {"x": x, "y": (rng.uniform(size=3000) < expit(x - 1.0)).astype(int)}
    plain = logreg.fit("y ~ x", data, estimator=estimator)
    monkeypatch.setattr(optimum, "SAMPLE_THRESHOLD", 1000)
    monkeypatch.setattr("logreg.passes.firth.EXACT_WORK", 0.0)
    monkeypatch.setattr(bias_reduced, "CHEAP_NEWTON", 0.0)
    sampled = logreg.fit("y ~ x", data, estimator=estimator)
    agrees(sampled, plain)
    assert sampled.convergence.trace[0][0] == "sample"
    assert sampled.separation.verdict == "not checked"


# FLIC and FLAC ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ["flic", "flac"])
def test_mean_probability_is_the_event_rate(estimator: str) -> None:
    """Few events pull Firth's probabilities towards 1/2; Puhr et al. (2017) correct that."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(100, 4))
    data = pd.DataFrame(x, columns=list("abcd")).assign(y=(np.arange(100) < 4).astype(int))
    firth = logreg.fit("y ~ a + b + c + d", data, estimator="firth").probabilities()["1"].mean()
    assert firth > 0.05
    fit = logreg.fit("y ~ a + b + c + d", data, estimator=estimator)
    assert fit.probabilities()["1"].mean() == pytest.approx(0.04, rel=1e-11)


def test_flic_keeps_slopes_and_their_errors() -> None:
    firth = logreg.fit(FORMULA, endometrial(), estimator="firth")
    flic = logreg.fit(FORMULA, endometrial(), estimator="flic")
    np.testing.assert_allclose(flic.coef_array[0, 1:], firth.coef_array[0, 1:], rtol=1e-14)
    np.testing.assert_allclose(flic.vcov_array[1:, 1:], firth.vcov_array[1:, 1:], rtol=1e-11)
    assert flic.coef_array[0, 0] != firth.coef_array[0, 0]


def test_flic_of_several_outcomes_fits_every_rate() -> None:
    data = women()[:60]
    fit = logreg.fit("partic ~ hincome + children", data, estimator="flic")
    means = fit.probabilities().mean()
    for level, rate in data["partic"].value_counts(normalize=True).items():
        assert means[level] == pytest.approx(rate, rel=1e-11)
    firth = logreg.fit("partic ~ hincome + children", data, estimator="firth")
    np.testing.assert_allclose(fit.coef_array[:, 1:], firth.coef_array[:, 1:], rtol=1e-13)
    slopes = [1, 2, 4, 5]
    inside = np.ix_(slopes, slopes)
    np.testing.assert_allclose(fit.vcov_array[inside], firth.vcov_array[inside], rtol=1e-10)
    assert np.linalg.eigvalsh(fit.vcov_array).min() > 0.0


# What is said about such fits --------------------------------------------------------------------------


def test_likelihood_statistics_are_those_of_the_maximum_only() -> None:
    fit = logreg.fit(FORMULA, endometrial(), estimator="firth")
    values = fit.fit_statistics().set_index("statistic")["value"]
    for name in ("lr_statistic", "lr_p_value", "aic", "aicc", "bic", "mcfadden", "cox_snell", "nagelkerke"):
        assert math.isnan(values[name]), name
    assert values["loglik"] == fit.loglik
    assert values["loglik_penalised"] == fit.penalised_loglik
    assert values["deviance"] == -2.0 * fit.loglik
    assert 0.0 < values["tjur"] < 1.0
    assert math.isnan(fit.aic)
    assert math.isnan(fit.bic)
    maximum = logreg.fit("low ~ age", birthwt())
    assert math.isnan(maximum.penalised_loglik)
    assert "loglik_penalised" not in set(maximum.fit_statistics()["statistic"])


def test_overall_test_is_penalised() -> None:
    fit = logreg.fit(FORMULA, endometrial(), estimator="firth")
    found = fit._rows.likelihood("a test").constrained(np.eye(4)[1:], np.zeros(3))
    assert fit.overall_test().statistic == pytest.approx(2.0 * (fit.loglik - found.loglik), rel=1e-10)


@pytest.mark.parametrize("estimator", ["firth", "flic", "flac"])
def test_separated_data_give_no_warning(estimator: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = logreg.fit(FORMULA, endometrial(), estimator=estimator)
        text = str(fit.summary())
        fit.report_document()
    assert "Firth" in text
    assert "not defined for bias-reduced estimates" in " ".join(text.split())


@pytest.mark.parametrize("estimator", ["firth", "flic", "flac", "median"])
def test_saved_and_loaded(estimator: str, tmp_path: Path) -> None:
    fit = logreg.fit(FORMULA, endometrial(), estimator=estimator)
    fit.save(tmp_path / "model.json")
    loaded = logreg.load(tmp_path / "model.json")
    assert loaded.options.estimator == estimator
    np.testing.assert_array_equal(loaded.coef_array, fit.coef_array)
    assert loaded.separation == fit.separation
    coefficients = "coefficients"
    shown, again = (one.report_document().table(coefficients).to_frame() for one in (fit, loaded))
    pd.testing.assert_frame_equal(again, shown)
    if estimator == "firth":
        assert loaded.penalised_loglik == fit.penalised_loglik
        # The penalised likelihood ratio needs the rows, which a file does not hold.
        assert "Penalised LR chi2(3)" in str(fit.summary())
        assert "Wald chi2(3)" in str(loaded.summary())
    else:
        assert str(loaded.summary()) == str(fit.summary())
    assert pickle.loads(pickle.dumps(fit)).options.estimator == estimator


def test_a_model_without_columns_is_maximum_likelihood() -> None:
    fit = logreg.fit("y ~ 0 + offset(o)", {"y": [0, 1, 1], "o": [0.1, 0.2, 0.3]}, estimator="firth")
    assert fit.coef_array.shape == (1, 0)


# Refusals --------------------------------------------------------------------------------------------------


def test_unknown_estimators_are_refused_by_name() -> None:
    with pytest.raises(SupportError, match=r"estimator='frith' is not supported.*'firth'"):
        logreg.fit(FORMULA, endometrial(), estimator="frith")
    with pytest.raises(SupportError, match="estimator=1 is not supported"):
        logreg.fit(FORMULA, endometrial(), estimator=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("estimator", ["firth", "flic", "flac", "median"])
def test_combinations_that_are_refused(estimator: str) -> None:
    data = endometrial()
    with pytest.raises(SupportError, match="sampling weights"):
        logreg.fit(FORMULA, data, estimator=estimator, weights=np.ones(79), weight_kind="sampling")
    with pytest.raises(SupportError, match="covariance='model'"):
        logreg.fit(FORMULA, data, estimator=estimator, covariance="HC1")
    fit = logreg.fit(FORMULA, data, estimator=estimator)
    with pytest.raises(SupportError, match="estimator="):
        fit.with_covariance("HC3")
    with pytest.raises(SupportError, match="estimator='ml'"):
        fit.bootstrap(10, rng=1)
    with pytest.raises(SupportError, match="maximum likelihood"):
        fit.compare(logreg.fit("HG ~ PI", data))
    with pytest.raises(SupportError, match="maximum likelihood"):
        fit.vuong(logreg.fit("HG ~ PI", data))
    assert fit.with_covariance("model") is fit


@pytest.mark.parametrize("estimator", ["flac", "median"])
def test_two_outcomes_only(estimator: str) -> None:
    with pytest.raises(SupportError, match="is for two outcomes"):
        logreg.fit("partic ~ hincome", women(), estimator=estimator)


@pytest.mark.parametrize("estimator", ["flic", "flac"])
def test_an_intercept_is_needed(estimator: str) -> None:
    with pytest.raises(SupportError, match="the model has none"):
        logreg.fit("HG ~ 0 + NV", endometrial(), estimator=estimator)


@pytest.mark.parametrize("estimator", ["flic", "flac", "median"])
def test_no_likelihood_no_likelihood_ratio(estimator: str) -> None:
    fit = logreg.fit(FORMULA, endometrial(), estimator=estimator)
    for call in (fit.anova, lambda: fit.coefficients(interval="profile")):
        with pytest.raises(SupportError, match="maximise none"):
            call()
    assert fit.anova(test="wald")["p_value"].notna().all()
