"""Another baseline is a change of coordinates: the same as fitting against it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.errors import PredictError
from logreg.interpret.baseline import with_baseline

LEVELS = ("not.work", "parttime", "fulltime")


@pytest.mark.parametrize("versus", LEVELS)
def test_it_equals_the_fit_against_that_baseline(versus: str) -> None:
    data = logreg.datasets.load("womenlf")
    formula = "partic ~ hincome + children + region"
    moved = with_baseline(logreg.fit(formula, data), versus)
    fitted = logreg.fit(formula, data, baseline=versus)
    assert moved.spec.outcome.names == fitted.spec.outcome.names
    assert moved.coef_array == pytest.approx(fitted.coef_array, rel=1e-8, abs=1e-10)
    assert moved.vcov_array == pytest.approx(fitted.vcov_array, rel=1e-7, abs=1e-12)
    assert moved.sample == fitted.sample
    assert moved.spec.level_counts == fitted.spec.level_counts


def test_two_outcomes_change_sign() -> None:
    fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    moved = with_baseline(fit, 1)
    assert moved.coef_array == pytest.approx(-fit.coef_array)
    assert moved.vcov_array == pytest.approx(fit.vcov_array)
    assert with_baseline(fit, None) is fit
    assert with_baseline(fit, 0) is fit


def test_a_column_left_out_stays_left_out() -> None:
    data = logreg.datasets.load("womenlf").assign(twice=lambda d: 2.0 * d["hincome"])
    with pytest.warns(logreg.CollinearityWarning):
        fit = logreg.fit("partic ~ hincome + twice", data)
    moved = with_baseline(fit, "fulltime")
    assert np.isnan(moved.coef_array[:, 2]).all()
    assert np.isfinite(moved.coef_array[:, :2]).all()


def test_infinite_estimates_keep_their_sign() -> None:
    # Level c has outcome "r" only: its logit against "p" and "q" is infinite.
    data = pd.DataFrame({"g": list("aaabbbccc") * 4, "y": list("pqrpqrrrr") * 4})
    with pytest.warns(logreg.LogregWarning):
        fit = logreg.fit("y ~ g", data)
    moved = with_baseline(fit, "r")
    place = fit.spec.column_names.index("g[T.c]")
    assert fit.coef_array[1, place] == np.inf
    assert moved.spec.outcome.names == ("r", "p", "q")
    assert (moved.coef_array[:, place] == -np.inf).all()
    assert np.isnan(moved.std_error_array[:, place]).all()
    assert {sign for _, term, sign in moved.separation.infinite if term == "g[T.c]"} == {-1.0}


def test_an_unknown_level_is_refused() -> None:
    fit = logreg.fit("low ~ age", logreg.datasets.load("birthwt"))
    with pytest.raises(PredictError, match="not a level"):
        with_baseline(fit, "yes")
