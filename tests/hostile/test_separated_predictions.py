"""What is finite under separation is right: estimates, predictions and averages are those of the limit."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.errors import LogregWarning

from .base import newton

FORMULAS = ("y ~ x + g + v*h", "y ~ g + h", "y ~ x*h", "y ~ g*x", "y ~ g:x + g", "y ~ v*h + x")


def quiet(formula: str, data: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", LogregWarning)
        return logreg.fit(formula, data, **options)


def table(seed: int, shift: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = 28
    return pd.DataFrame(
        {
            "g": rng.choice(list("abcdef"), n),
            "h": rng.choice(list("uvw"), n),
            # Digits that a shift leaves alone.
            "x": shift + np.round(1024 * rng.normal(size=n)) / 1024,
            "v": rng.integers(0, 3, n).astype(float),
            "y": rng.integers(0, 2 + seed % 3, n),
        }
    )


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("formula", FORMULAS)
def test_the_limit_does_not_depend_on_the_origin_of_a_column(formula: str, seed: int) -> None:
    """And predictions for the rows of the fit give its log-likelihood."""
    near = quiet(formula, table(seed, 0.0))
    for shift in (0.0, 10.0, 2000.0):
        data = table(seed, shift)
        fit = quiet(formula, data)
        assert fit.separation.verdict == near.separation.verdict
        np.testing.assert_allclose(fit.loglik, near.loglik, rtol=1e-7)
        own = fit.probabilities().to_numpy()[np.arange(len(data)), data["y"]]
        with np.errstate(divide="ignore"):
            np.testing.assert_allclose(np.log(own).sum(), fit.loglik, rtol=1e-7)


def test_outcomes_that_leave_the_baseline_together_keep_their_distance() -> None:
    """Only outcome a where v = 0; where v = 1, 7 of 10 are b."""
    fit = quiet("y ~ v", {"v": [0] * 5 + [1] * 10, "y": ["a"] * 5 + ["b"] * 7 + ["c"] * 3})
    at_one = fit.probabilities().iloc[-1]
    np.testing.assert_allclose(at_one.to_numpy(), [0.0, 0.7, 0.3], rtol=1e-9)
    np.testing.assert_allclose(fit.logits(versus="b")["c"].iloc[-1], np.log(3 / 7), rtol=1e-9)
    np.testing.assert_allclose(fit.comparisons("v")["estimate"], [-1.0, 0.7, 0.3], rtol=1e-9)
    averages = fit.predictions(at={"v": [1]})["estimate"]
    np.testing.assert_allclose(averages, [0.0, 0.7, 0.3], rtol=1e-9, atol=1e-300)


def test_a_finite_slope_may_move_perfect_rows_further_than_any_logit() -> None:
    """Two perfect rows lie so far out in x that its slope moves them by 9887."""
    y = [1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 1]
    x = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 9000, 9000]
    fit = quiet("y ~ x + g", {"y": y, "x": x, "g": ["q"] * 12 + ["p"] * 2})
    coef, errors = newton([x[:12]], y[:12])
    np.testing.assert_allclose(fit.coef_array[0, 1], coef[1], rtol=1e-9)
    np.testing.assert_allclose(fit.std_error_array[0, 1], errors[1], rtol=1e-6)
    assert np.isinf(fit.coef_array[0, [0, 2]]).all()


def test_a_formula_without_columns_has_a_summary() -> None:
    assert "3 used of 3" in str(quiet("y ~ 0", {"y": [0, 1, 1]}).summary())
