"""Results of statsmodels as fits: their numbers stay, ours certify them."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

import logreg
from logreg import errors

#: Taken over without arithmetic, apart from sums of the same rows in another order.
RTOL = 1e-12
#: Newton's method stops there and here at the optimum to rounding.
SAME_FIT = 1e-9


@pytest.fixture
def birthwt() -> pd.DataFrame:
    return logreg.datasets.load("birthwt")


@pytest.fixture
def womenlf() -> pd.DataFrame:
    data = logreg.datasets.load("womenlf")
    data["code"] = data["partic"].cat.codes.astype(int)
    return data


def adopted(result: Any) -> logreg.LogisticFit:
    """Take a result over; its warnings are looked at where a test is about them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.LogregWarning)
        return logreg.from_statsmodels(result)


def assert_same(fit: logreg.LogisticFit, own: logreg.LogisticFit) -> None:
    assert fit.spec.column_names == own.spec.column_names
    assert fit.spec.outcome.names == own.spec.outcome.names
    np.testing.assert_allclose(fit.coef_array, own.coef_array, rtol=SAME_FIT)
    np.testing.assert_allclose(fit.vcov_array, own.vcov_array, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(fit.loglik, own.loglik, rtol=RTOL)
    np.testing.assert_allclose(fit.loglik_null, own.loglik_null, rtol=RTOL)
    left, right = fit.fit_statistics(), own.fit_statistics()
    assert left["statistic"].tolist() == right["statistic"].tolist()
    np.testing.assert_allclose(left["value"], right["value"], rtol=SAME_FIT)
    assert fit.sample == own.sample


def test_a_logit_by_formula_is_the_fit_with_their_coefficients(birthwt: pd.DataFrame) -> None:
    formula = "low ~ age + lwt + C(race) + smoke"
    result = smf.logit(formula, birthwt).fit(disp=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = logreg.from_statsmodels(result)
    own = logreg.fit(formula, birthwt)
    assert_same(fit, own)
    coef = fit.coef.droplevel("outcome")
    np.testing.assert_array_equal(coef[result.params.index], result.params)
    vcov = fit.vcov.droplevel("outcome").droplevel("outcome", axis=1)
    names = result.params.index
    np.testing.assert_array_equal(vcov.loc[names, names], result.cov_params())
    assert fit.options.covariance == "model"
    assert fit.provenance["fitted_by"].startswith("statsmodels ")
    np.testing.assert_allclose(fit.probabilities()["1"], np.asarray(result.predict(birthwt)), rtol=1e-10)
    # What is known of variables and levels is that of the formula.
    assert fit.odds_ratios()["level"].dropna().tolist() == ["black", "other", "yes"]


def test_rows_with_missing_values_are_left_out_as_there(birthwt: pd.DataFrame) -> None:
    birthwt.loc[[3, 50, 51], "lwt"] = np.nan
    result = smf.logit("low ~ age + lwt", birthwt).fit(disp=0)
    with pytest.warns(errors.MissingDataWarning, match="3 rows dropped"):
        fit = logreg.from_statsmodels(result)
    assert (fit.sample.rows_read, fit.n_rows) == (189, 186)
    np.testing.assert_allclose(fit.loglik, result.llf, rtol=RTOL)


def test_a_model_of_arrays_keeps_their_names(birthwt: pd.DataFrame) -> None:
    exog = sm.add_constant(birthwt[["lwt", "age"]])
    fit = adopted(sm.Logit(birthwt["low"], exog).fit(disp=0))
    assert fit.spec.column_names == ("Intercept", "lwt", "age")
    assert_same(fit, logreg.fit("low ~ lwt + age", birthwt))
    bare = adopted(sm.Logit(birthwt["low"].to_numpy(), exog.to_numpy()).fit(disp=0))
    assert bare.spec.column_names == ("Intercept", "x1", "x2")
    np.testing.assert_array_equal(bare.coef_array, fit.coef_array)


def test_a_constant_in_the_last_column_and_none_at_all(birthwt: pd.DataFrame) -> None:
    exog = birthwt[["lwt", "age"]].assign(one=1.0)
    result = sm.Logit(birthwt["low"], exog).fit(disp=0)
    fit = adopted(result)
    assert fit.spec.column_names == ("Intercept", "lwt", "age")
    np.testing.assert_array_equal(fit.coef_array[0], result.params.to_numpy()[[2, 0, 1]])
    without = sm.Logit(birthwt["low"], birthwt[["lwt", "age"]]).fit(disp=0)
    assert_same(adopted(without), logreg.fit("low ~ lwt + age - 1", birthwt))


def test_functions_of_numpy_in_the_formula(birthwt: pd.DataFrame) -> None:
    fit = adopted(smf.logit("low ~ np.log(lwt) + age", birthwt).fit(disp=0))
    assert_same(fit, logreg.fit("low ~ log(lwt) + age", birthwt))


def test_a_formula_that_logreg_cannot_read_falls_back_on_columns(birthwt: pd.DataFrame) -> None:
    def halved(x: Any) -> Any:
        return x / 2.0

    result = smf.logit("low ~ halved(lwt) + C(race)", birthwt).fit(disp=0)
    fit = adopted(result)
    assert set(fit.spec.column_names) == set(result.params.index)
    np.testing.assert_array_equal(
        fit.coef.droplevel("outcome")[result.params.index], result.params.to_numpy()
    )
    np.testing.assert_allclose(fit.loglik, result.llf, rtol=RTOL)


def test_multinomial_equations_keep_their_order(womenlf: pd.DataFrame) -> None:
    result = smf.mnlogit("code ~ hincome + children", womenlf).fit(disp=0)
    fit = adopted(result)
    assert_same(fit, logreg.fit("code ~ hincome + children", womenlf))
    order = [result.params.index.get_loc(name) for name in fit.spec.column_names]
    np.testing.assert_array_equal(fit.coef_array, result.params.to_numpy()[order].T)
    block = np.asarray(result.cov_params())[3:6, :3]  # second equation with the first
    np.testing.assert_array_equal(fit.vcov_array[3:6, :3], block[np.ix_(order, order)])


def test_multinomial_arrays_with_text_labels(womenlf: pd.DataFrame) -> None:
    exog = sm.add_constant(womenlf[["hincome"]])
    labels = womenlf["partic"].astype(str)
    fit = adopted(sm.MNLogit(labels, exog).fit(disp=0))
    own = logreg.fit("partic ~ hincome", womenlf.assign(partic=labels))
    assert fit.spec.outcome.names == ("fulltime", "not.work", "parttime")
    assert_same(fit, own)


def test_glm_with_frequency_weights_and_offset(birthwt: pd.DataFrame) -> None:
    weights = np.arange(len(birthwt)) % 3 + 1.0
    offset = np.linspace(-1.0, 1.0, len(birthwt))
    result = smf.glm(
        "low ~ age + smoke",
        birthwt,
        family=sm.families.Binomial(),
        freq_weights=weights,
        offset=offset,
    ).fit(tol=1e-14)
    fit = adopted(result)
    own = logreg.fit("low ~ age + smoke", birthwt, weights=weights, offset=offset)
    assert_same(fit, own)
    assert fit.n_trials == weights.sum()
    np.testing.assert_allclose(fit.loglik, result.llf, rtol=RTOL)


def test_weights_and_offset_go_with_the_rows_that_were_used(birthwt: pd.DataFrame) -> None:
    birthwt.loc[[0, 7], "age"] = np.nan
    weights = np.arange(len(birthwt)) % 3 + 1.0
    result = smf.glm("low ~ age", birthwt, family=sm.families.Binomial(), freq_weights=weights).fit(tol=1e-14)
    fit = adopted(result)
    own = logreg.fit("low ~ age", birthwt.dropna(), weights=weights[birthwt["age"].notna()])
    np.testing.assert_allclose(fit.coef_array, own.coef_array, rtol=SAME_FIT)
    np.testing.assert_allclose(fit.loglik, own.loglik, rtol=RTOL)


def test_glm_of_text_models_the_level_that_statsmodels_models(birthwt: pd.DataFrame) -> None:
    # It takes the first sorted level for the event: P(no), not P(yes).
    result = smf.glm("smoke ~ age", birthwt, family=sm.families.Binomial()).fit(tol=1e-14)
    fit = adopted(result)
    np.testing.assert_allclose(
        fit.logits().iloc[:, 0], np.asarray(result.predict(which="linear")), rtol=1e-10
    )
    event = fit.spec.outcome.modelled[0]
    observed = (birthwt["smoke"].astype(str) == event).to_numpy(dtype=float)
    np.testing.assert_array_equal(observed, result.model.endog)


@pytest.mark.parametrize("how", ["two columns", "share and n_trials", "share and var_weights"])
def test_counts_are_counts(how: str) -> None:
    data = pd.DataFrame({"s": [3, 5, 9, 2], "f": [7, 5, 1, 4], "x": [0.0, 1.0, 2.0, 1.0]})
    total = data["s"] + data["f"]
    exog = sm.add_constant(data[["x"]])
    family = sm.families.Binomial()
    if how == "two columns":
        model = smf.glm("s + f ~ x", data, family=family)
    elif how == "share and n_trials":
        model = sm.GLM(data["s"] / total, exog, family=family, n_trials=total.to_numpy())
        model = sm.GLM(data[["s", "f"]], exog, family=family)
    else:
        model = sm.GLM(data["s"] / total, exog, family=family, var_weights=total.to_numpy())
    result = model.fit(tol=1e-14)
    fit = adopted(result)
    own = logreg.fit("cbind(s, f) ~ x", data)
    np.testing.assert_allclose(fit.coef_array, own.coef_array, rtol=SAME_FIT)
    np.testing.assert_allclose(fit.vcov_array, own.vcov_array, rtol=1e-8)
    assert (fit.n_trials, fit.sample.weight) == (own.n_trials, own.sample.weight)
    np.testing.assert_allclose(fit.loglik, own.loglik, rtol=RTOL)


@pytest.mark.parametrize("name", ["HC1", "HC2", "HC3"])
def test_a_robust_covariance_is_named_by_its_numbers(birthwt: pd.DataFrame, name: str) -> None:
    result = smf.logit("low ~ age + smoke", birthwt).fit(disp=0, cov_type=name)
    with pytest.warns(errors.DataWarning, match=f"calls the covariance '{name}'.* 'HC0'"):
        fit = logreg.from_statsmodels(result)
    assert fit.options.covariance == "HC0"
    own = logreg.fit("low ~ age + smoke", birthwt, covariance="HC0")
    np.testing.assert_allclose(fit.vcov_array, own.vcov_array, rtol=1e-8)


def test_a_cluster_covariance_is_recognised(birthwt: pd.DataFrame) -> None:
    groups = np.arange(len(birthwt)) // 5
    result = smf.logit("low ~ age + smoke", birthwt).fit(
        disp=0, cov_type="cluster", cov_kwds={"groups": groups}
    )
    fit = adopted(result)
    assert fit.options.covariance == "CR1S by (array)"
    own = logreg.fit("low ~ age + smoke", birthwt, covariance=logreg.cluster(groups, kind="CR1S"))
    np.testing.assert_allclose(fit.vcov_array, own.vcov_array, rtol=1e-8)


def test_a_dispersion_is_named(birthwt: pd.DataFrame) -> None:
    result = smf.glm("low ~ age", birthwt, family=sm.families.Binomial()).fit(scale="X2")
    fit = adopted(result)
    assert fit.options.covariance.startswith("statsmodels nonrobust, times a dispersion of 1.0")
    order = [result.params.index.get_loc(name) for name in fit.spec.column_names]
    np.testing.assert_array_equal(fit.vcov_array, np.asarray(result.cov_params())[np.ix_(order, order)])
    with pytest.raises(errors.SupportError, match="profile"):
        fit.coefficients(interval="profile")


def test_t_tests_have_their_degrees_of_freedom(birthwt: pd.DataFrame) -> None:
    result = smf.logit("low ~ age + smoke", birthwt).fit(disp=0, use_t=True)
    fit = adopted(result)
    assert fit.reference_df == 186.0
    table = fit.coefficients().set_index("term").loc[result.params.index]
    np.testing.assert_allclose(table["p_value"], result.pvalues, rtol=1e-10)
    np.testing.assert_allclose(table[["conf_low", "conf_high"]], result.conf_int(), rtol=1e-10)


def test_a_result_short_of_the_optimum_says_so_and_is_kept(birthwt: pd.DataFrame) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = smf.logit("low ~ age + lwt", birthwt).fit(disp=0, method="bfgs", maxiter=2)
    with pytest.warns(errors.ConvergenceWarning, match="not at the optimum"):
        fit = logreg.from_statsmodels(result)
    names = result.params.index
    np.testing.assert_array_equal(fit.coef.droplevel("outcome")[names], result.params)
    np.testing.assert_allclose(fit.loglik, result.llf, rtol=RTOL)
    assert not fit.convergence.converged
    own = logreg.fit("low ~ age + lwt", birthwt)
    # Half the squared decrement is what the log-likelihood still gains, to leading order.
    gain = own.loglik - fit.loglik
    assert fit.convergence.newton_decrement == pytest.approx(gain, rel=0.3)


def test_far_columns_keep_their_digits(birthwt: pd.DataFrame) -> None:
    data = birthwt.assign(year=2000.0 + birthwt["age"])
    # Steps cannot become shorter than rounding at 2000 lets them: 1e-9 is reached on every processor.
    result = smf.logit("low ~ year", data).fit(disp=0, method="newton", tol=1e-9)
    fit = adopted(result)
    own = logreg.fit("low ~ year", data)
    left, right = fit.logits(interval=True), own.logits(interval=True)
    np.testing.assert_allclose(left["std_error"], right["std_error"], rtol=1e-6)


def test_separation_shows_infinite_estimates_not_theirs() -> None:
    data = pd.DataFrame({"y": [0, 0, 0, 1, 1, 0, 1, 1], "x": [0, 0, 0, 0, 0, 0, 1, 1]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = smf.logit("y ~ x", data).fit(disp=0, maxiter=30)
    with pytest.warns(errors.LogregWarning) as caught:
        fit = logreg.from_statsmodels(result)
    assert any("not taken over" in str(w.message) for w in caught)
    assert np.isinf(fit.coef_array[0, 1])
    assert np.isnan(fit.std_error_array[0, 1])


def test_collinear_columns_are_left_out_as_by_logreg(birthwt: pd.DataFrame) -> None:
    exog = sm.add_constant(birthwt[["age"]]).assign(twice=2.0 * birthwt["age"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = sm.GLM(birthwt["low"], exog, family=sm.families.Binomial()).fit()
    with pytest.warns(errors.LogregWarning) as caught:
        fit = logreg.from_statsmodels(result)
    assert any("repeat each other" in str(w.message) for w in caught)
    assert np.isnan(fit.coef_array[0, 2])
    np.testing.assert_allclose(fit.loglik, result.llf, rtol=1e-10)


def test_everything_else_works_on_what_was_taken_over(birthwt: pd.DataFrame) -> None:
    fit = adopted(smf.logit("low ~ age + C(race) + smoke", birthwt).fit(disp=0))
    own = logreg.fit("low ~ age + C(race) + smoke", birthwt)
    for call in (
        lambda f: f.comparisons(),
        lambda f: f.anova(),
        lambda f: f.predictions(by="smoke"),
        lambda f: f.coefficients(interval="profile"),
    ):
        left, right = call(fit), call(own)
        numbers = left.select_dtypes("number").columns
        np.testing.assert_allclose(left[numbers], right[numbers], rtol=1e-6, atol=1e-9)
    assert "statsmodels" not in str(fit.summary()).splitlines()[0]
    assert fit.with_covariance("HC3").options.covariance == "HC3"


def test_results_without_data_or_with_names_twice(birthwt: pd.DataFrame) -> None:
    result = smf.logit("low ~ age", birthwt).fit(disp=0)
    result.remove_data()
    with pytest.raises(errors.DataError, match="remove_data"):
        logreg.from_statsmodels(result)
    exog = pd.DataFrame(np.column_stack([np.ones(189), birthwt[["age", "lwt"]]]), columns=["one", "a", "a"])
    with pytest.raises(errors.DataError, match="several columns named 'a'"):
        logreg.from_statsmodels(sm.Logit(birthwt["low"], exog).fit(disp=0))


def test_an_offset_counts_in_logit_and_is_refused_in_mnlogit(birthwt: pd.DataFrame) -> None:
    exog = sm.add_constant(birthwt[["age"]])
    offset = np.linspace(-1.0, 1.0, 189)
    fit = adopted(sm.Logit(birthwt["low"], exog, offset=offset).fit(disp=0))
    assert_same(fit, logreg.fit("low ~ age", birthwt, offset=offset))
    ignored = sm.MNLogit(birthwt["ftv"].clip(upper=2), exog, offset=offset).fit(disp=0)
    with pytest.raises(errors.SupportError, match="MNLogit ignores"):
        logreg.from_statsmodels(ignored)


def test_what_is_no_such_result_is_refused(birthwt: pd.DataFrame, womenlf: pd.DataFrame) -> None:
    exog = sm.add_constant(birthwt[["age"]])
    family = sm.families.Binomial
    cases: list[tuple[Any, str]] = [
        (smf.ols("lwt ~ age", birthwt).fit(), "OLS"),
        (smf.probit("low ~ age", birthwt).fit(disp=0), "Probit"),
        (smf.glm("lwt ~ age", birthwt).fit(), "Gaussian"),
        (smf.glm("low ~ age", birthwt, family=family(sm.families.links.Probit())).fit(), "link Probit"),
        (smf.logit("low ~ age", birthwt).fit_regularized(disp=0, alpha=1.0), "fit_regularized"),
        (sm.GLM(birthwt["low"], exog, family=family()).fit_regularized(alpha=0.1), "penalised|fit_regul"),
        (smf.glm("low ~ age", birthwt, family=family()).fit_constrained("age = 0"), "constrained"),
        (
            sm.GLM(birthwt["low"], exog, family=family(), var_weights=np.full(189, 0.5)).fit(),
            "whole numbers",
        ),
        ("result", "fit\\(\\) returned"),
    ]
    for result, message in cases:
        with pytest.raises(errors.SupportError, match=message):
            logreg.from_statsmodels(result)
