"""Statistics of a fit from closed forms: two-by-two tables, saturated models, and canned numbers."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.errors import SmallClassWarning, SupportError
from logreg.inference.covariance import check_covariance, factor_of
from logreg.inference.estimate import Sample
from logreg.inference.normal import chi2_p_value, normal_quantile, two_sided_p_value

# A two-by-two table: events and others, exposed and not.
A, B, C, D = 30, 20, 15, 45
TABLE = pd.DataFrame({"x": [1, 1, 0, 0], "y": [1, 0, 1, 0], "n": [A, B, C, D]})


@pytest.fixture(scope="module")
def fit() -> Any:
    return logreg.fit("y ~ x", TABLE, weights="n")


def test_the_odds_ratio_of_a_two_by_two_table(fit: Any) -> None:
    """log(ad/bc) with Woolf's variance 1/a + 1/b + 1/c + 1/d."""
    row = fit.coefficients().set_index("term").loc["x"]
    log_ratio, error = np.log(A * D / (B * C)), np.sqrt(1 / A + 1 / B + 1 / C + 1 / D)
    assert row.estimate == pytest.approx(log_ratio, rel=1e-12)
    assert row.std_error == pytest.approx(error, rel=1e-12)
    assert row.statistic == pytest.approx(log_ratio / error, rel=1e-12)
    with mpmath.workdps(40):
        expected = mpmath.erfc(abs(mpmath.mpf(row.statistic)) / mpmath.sqrt(2))
    assert row.p_value == pytest.approx(float(expected), rel=1e-12)
    assert row.conf_low == pytest.approx(log_ratio - 1.959963984540054 * error, rel=1e-12)
    assert row.conf_high == pytest.approx(log_ratio + 1.959963984540054 * error, rel=1e-12)
    intercept = fit.coefficients().set_index("term").loc["Intercept"]
    assert intercept.estimate == pytest.approx(np.log(C / D), rel=1e-12)
    assert intercept.std_error == pytest.approx(np.sqrt(1 / C + 1 / D), rel=1e-12)


def test_likelihood_statistics(fit: Any) -> None:
    found = fit.fit_statistics().set_index("statistic").value
    n, events = A + B + C + D, A + C
    loglik = (
        A * np.log(A / (A + B)) + B * np.log(B / (A + B)) + C * np.log(C / (C + D)) + D * np.log(D / (C + D))
    )
    null = events * np.log(events / n) + (n - events) * np.log(1 - events / n)
    cox_snell = 1 - np.exp(2 * (null - loglik) / n)
    expected = {
        "n_rows": 4,
        "sum_weights": n,
        "n_trials": n,
        "events": events,
        "n_coef": 2,
        "df_model": 1,
        "loglik": loglik,
        "loglik_null": null,
        "deviance": -2 * loglik,
        "deviance_null": -2 * null,
        "lr_statistic": 2 * (loglik - null),
        "lr_df": 1,
        "lr_p_value": float(mpmath.erfc(mpmath.sqrt(loglik - null))),
        "aic": -2 * loglik + 4,
        "aicc": -2 * loglik + 2 * 2 * n / (n - 3),
        "bic": -2 * loglik + 2 * np.log(n),
        "mcfadden": 1 - loglik / null,
        "mcfadden_adjusted": 1 - (loglik - 1) / null,
        "cox_snell": cox_snell,
        "nagelkerke": cox_snell / (1 - np.exp(2 * null / n)),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-11), name


def test_statistics_of_fitted_probabilities(fit: Any) -> None:
    """Written out over the 110 trials of the table."""
    found = fit.fit_statistics().set_index("statistic").value
    p = np.repeat([A / (A + B), A / (A + B), C / (C + D), C / (C + D)], TABLE.n)
    y = np.repeat(TABLE.y, TABLE.n).to_numpy()
    logits = np.log(p / (1 - p))
    spread = ((logits - logits.mean()) ** 2).sum()
    expected = {
        "tjur": p[y == 1].mean() - p[y == 0].mean(),
        "efron": 1 - ((y - p) ** 2).sum() / ((y - y.mean()) ** 2).sum(),
        "mckelvey_zavoina": spread / (spread + len(y) * np.pi**2 / 3),
        "brier": ((y - p) ** 2).mean(),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-11), name


def test_statistics_of_three_outcomes() -> None:
    """Brier's own score sums over the outcomes; binary statistics are absent."""
    counts = {("a", "p"): 5, ("a", "q"): 3, ("a", "r"): 2, ("b", "p"): 2, ("b", "q"): 6, ("b", "r"): 7}
    data = pd.DataFrame([(g, y, n) for (g, y), n in counts.items()], columns=["g", "y", "n"])
    fit = logreg.fit("y ~ g", data, weights="n")
    found = fit.fit_statistics().set_index("statistic").value
    shares = {
        g: {y: n / part.n.sum() for y, n in zip(part.y, part.n, strict=True)} for g, part in data.groupby("g")
    }
    brier = (
        sum(
            n * sum(((y == k) - share) ** 2 for k, share in shares[g].items()) for (g, y), n in counts.items()
        )
        / data.n.sum()
    )
    assert found["brier"] == pytest.approx(brier, rel=1e-11)
    assert not {"tjur", "efron", "events"} & set(found.index)
    assert found["n_coef"] == 4
    assert found["df_model"] == 2
    assert fit.loglik == pytest.approx(
        sum(n * np.log(shares[g][y]) for (g, y), n in counts.items()), rel=1e-12
    )
    np.testing.assert_allclose(
        fit.coef["r"]["g[T.b]"],
        np.log(shares["b"]["r"] / shares["b"]["p"]) - np.log(shares["a"]["r"] / shares["a"]["p"]),
    )
    np.testing.assert_allclose(fit.std_error_array[1, 0], np.sqrt(1 / 2 + 1 / 5), rtol=1e-11)


def test_the_null_model() -> None:
    fit = logreg.fit("y ~ 1", TABLE, weights="n")
    found = fit.fit_statistics().set_index("statistic").value
    assert found["loglik"] == pytest.approx(found["loglik_null"], rel=1e-13)
    assert found["df_model"] == 0
    assert found["lr_statistic"] == pytest.approx(0, abs=1e-10)
    assert np.isnan(found["lr_p_value"])
    for name in ("mcfadden", "cox_snell", "nagelkerke", "tjur", "efron", "mckelvey_zavoina"):
        assert found[name] == pytest.approx(0, abs=1e-12), name


@pytest.mark.parametrize(
    ("formula", "spans"),
    [
        ("y ~ g", True),
        ("y ~ 0 + g", True),
        ("y ~ 0 + g:h", True),
        ("y ~ 0 + g*h", True),
        ("y ~ 0 + x", False),
        ("y ~ 0 + x:g", False),
        ("y ~ 0 + x + g", True),
    ],
)
def test_the_constant_is_found_wherever_it_hides(formula: str, spans: bool) -> None:
    rng = np.random.default_rng(4)
    n = 200
    data = pd.DataFrame(
        {"x": rng.normal(size=n), "g": rng.choice(list("ab"), n), "h": rng.choice(list("cd"), n)}
    )
    data["y"] = rng.integers(0, 2, n)
    fit = logreg.fit(formula, data)
    found = fit.fit_statistics().set_index("statistic").value
    assert fit.df_model == fit.n_coef - spans
    assert np.isnan(found["lr_statistic"]) != spans


def test_sampling_weights_have_no_likelihood() -> None:
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"x": rng.normal(size=80), "y": rng.integers(0, 2, 80), "w": rng.uniform(1, 4, 80)})
    fit = logreg.fit("y ~ x", data, weights="w", weight_kind="sampling")
    found = fit.fit_statistics().set_index("statistic").value
    missing = ["lr_statistic", "lr_p_value", "aic", "aicc", "bic", "mcfadden", "cox_snell", "nagelkerke"]
    assert found[missing].isna().all()
    assert np.isnan(fit.aic)
    assert np.isfinite(found[["tjur", "brier", "efron"]]).all()


def test_the_survey_covariance_written_out() -> None:
    """n/(n-1) A^-1 B A^-1 with weighted scores, as Stata's pweights; the unit of the weights cancels."""
    rng = np.random.default_rng(9)
    n = 150
    x, w = rng.normal(size=n), rng.uniform(1, 30, n)
    y = (rng.uniform(size=n) < 0.4).astype(int)
    fit = logreg.fit("y ~ x", pd.DataFrame({"x": x, "y": y, "w": w}), weights="w", weight_kind="sampling")
    design = np.column_stack([np.ones(n), x])
    p = fit.probabilities()["1"].to_numpy()
    bread = np.linalg.inv((design * (w * p * (1 - p))[:, np.newaxis]).T @ design)
    scores = design * (w * (y - p))[:, np.newaxis]
    np.testing.assert_allclose(scores.sum(axis=0), 0, atol=1e-9)
    expected = n / (n - 1) * bread @ (scores.T @ scores) @ bread
    np.testing.assert_allclose(fit.vcov, expected, rtol=1e-10)


@pytest.mark.parametrize(("kind", "factor"), [("HC0", 1.0), ("HC1", 150 / 148)])
def test_the_sandwich_written_out(kind: str, factor: float) -> None:
    rng = np.random.default_rng(10)
    n = 150
    x = rng.normal(size=n)
    y = rng.integers(0, 2, n)
    fit = logreg.fit("y ~ x", pd.DataFrame({"x": x, "y": y}), covariance=kind)
    design = np.column_stack([np.ones(n), x])
    p = fit.probabilities()["1"].to_numpy()
    bread = np.linalg.inv((design * (p * (1 - p))[:, np.newaxis]).T @ design)
    scores = design * (y - p)[:, np.newaxis]
    np.testing.assert_allclose(fit.vcov, factor * bread @ (scores.T @ scores) @ bread, rtol=1e-10)


def test_the_multinomial_sandwich_written_out() -> None:
    rng = np.random.default_rng(11)
    n = 200
    x = rng.normal(size=n)
    y = rng.choice(list("pqr"), n)
    fit = logreg.fit("y ~ x", pd.DataFrame({"x": x, "y": y}), covariance="HC0")
    design = np.column_stack([np.ones(n), x])
    p = fit.probabilities().to_numpy()[:, 1:]
    information = np.zeros((4, 4))
    meat = np.zeros((4, 4))
    for i in range(n):
        information += np.kron(np.diag(p[i]) - np.outer(p[i], p[i]), np.outer(design[i], design[i]))
        score = np.kron((y[i] == np.array(["q", "r"])) - p[i], design[i])
        meat += np.outer(score, score)
    bread = np.linalg.inv(information)
    np.testing.assert_allclose(fit.vcov, bread @ meat @ bread, rtol=1e-9, atol=1e-12)


def test_the_factors_of_the_sandwich() -> None:
    assert factor_of("HC0", n=10, n_coef=2) == 1.0
    assert factor_of("HC1", n=10, n_coef=2) == 10 / 8
    assert factor_of("survey", n=10, n_coef=2) == 10 / 9
    assert np.isnan(factor_of("HC1", n=2, n_coef=2))


def test_names_of_covariances() -> None:
    assert check_covariance("model", sampling=False) == "model"
    assert check_covariance("model", sampling=True) == "survey"
    assert check_covariance("HC1", sampling=True) == "HC1"
    for unknown in ("survey", "hc0", None, 3):
        with pytest.raises(SupportError, match="model"):
            check_covariance(unknown, sampling=False)


@pytest.mark.parametrize("z", [0.0, 1e-9, 0.5, 1.96, 8.3, 12.5, 37.0])
def test_p_values_keep_their_digits_in_the_tail(z: float) -> None:
    with mpmath.workdps(40):
        expected = float(mpmath.erfc(mpmath.mpf(z) / mpmath.sqrt(2)))
    assert two_sided_p_value(np.array([z, -z])) == pytest.approx([expected, expected], rel=1e-12)


@pytest.mark.parametrize(("statistic", "df"), [(0.0, 3), (3.84, 1), (50.0, 2), (900.0, 7), (1300.0, 40)])
def test_chi_squared_tails(statistic: float, df: int) -> None:
    with mpmath.workdps(40):
        expected = float(mpmath.gammainc(mpmath.mpf(df) / 2, mpmath.mpf(statistic) / 2, regularized=True))
    assert chi2_p_value(statistic, df) == pytest.approx(expected, rel=1e-11)
    assert np.isnan(chi2_p_value(statistic, 0))
    assert np.isnan(chi2_p_value(np.nan, df))


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999, 1 - 1e-10, np.float32(0.95)])
def test_normal_quantiles(level: float) -> None:
    with mpmath.workdps(40):
        expected = mpmath.sqrt(2) * mpmath.erfinv(mpmath.mpf(float(level)))
    assert normal_quantile(level) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("level", [0, 1, -0.1, 95, np.nan, "0.95", None, True, [0.95]])
def test_levels_that_are_none(level: Any) -> None:
    with pytest.raises(SupportError, match="between 0 and 1"):
        normal_quantile(level)


def test_intervals_widen_with_confidence(fit: Any) -> None:
    narrow, wide = fit.coefficients(confidence=0.5), fit.coefficients(confidence=0.999)
    assert (wide.conf_low < narrow.conf_low).all()
    assert (wide.conf_high > narrow.conf_high).all()
    default = logreg.fit("y ~ x", TABLE, weights="n", confidence=0.5)
    pd.testing.assert_frame_equal(default.coefficients(), narrow)


def test_the_ledger_must_add_up() -> None:
    with pytest.raises(AssertionError, match="ledger"):
        Sample(rows_read=5, rows_used=3, dropped=(("x", 1),), outcomes=("0", "1"), rows=(1, 2), weight=(1, 2))


def test_frames_of_the_sample() -> None:
    data = TABLE.loc[TABLE.index.repeat(3)].reset_index(drop=True)
    data.loc[[9, 10], "x"] = np.nan
    with pytest.warns(logreg.MissingDataWarning):
        fit = logreg.fit("y ~ x", data, weights="n")
    sample = fit.sample
    assert (sample.rows_read, sample.rows_used, sample.rows_dropped) == (12, 10, 2)
    assert sample.to_frame().to_dict("list") == {
        "outcome": ["0", "1"],
        "rows": [4.0, 6.0],
        "weight": [3.0 * B + D, 3.0 * (A + C)],
    }
    assert sample.dropped_frame().to_dict("list") == {"column": ["x"], "rows": [2]}
    assert "2 dropped: x is missing" in str(sample)


def test_a_small_class_counts_copies_of_rows() -> None:
    """One row that stands for a hundred trials is no small class; the same row once is one."""
    data = pd.DataFrame({"a": [1, 0, 0, 2, 2], "b": [1, 0, 2, 0, 2], "y": [0, 1, 1, 1, 1]})
    data["n"] = [100, 30, 20, 40, 10]
    assert logreg.fit("y ~ a + b", data, weights="n").remarks == ()
    with pytest.warns(SmallClassWarning, match="'0' of 'y' has 1 rows for 2 coefficients"):
        logreg.fit("y ~ a + b", data)


def test_arrays_of_a_fit_are_read_only(fit: Any) -> None:
    for array in (fit.coef_array, fit.vcov_array):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    table = fit.coef
    table.iloc[0] = 99.0
    assert fit.coef.iloc[0] != 99.0


def test_the_certificate(fit: Any) -> None:
    assert fit.convergence.status == "converged"
    assert fit.convergence.newton_decrement <= 1e-12
    trace = fit.convergence.to_frame()
    assert len(trace) == fit.convergence.iterations + 1
    assert trace.loglik.is_monotonic_increasing or (np.diff(trace.loglik) > -1e-9).all()
    assert "converged after" in str(fit.convergence)


def test_labels(fit: Any) -> None:
    assert list(fit.coef.index) == [("1", "Intercept"), ("1", "x")]
    assert list(fit.vcov.index) == list(fit.vcov.columns) == list(fit.coef.index)
    columns = "outcome term variable level reference estimate std_error statistic p_value conf_low conf_high"
    assert list(fit.coefficients().columns) == columns.split()
