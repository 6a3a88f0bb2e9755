"""LogisticRegression of scikit-learn as a fit, with a penalty and without."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)

import logreg
from logreg import errors
from logreg.adapters.penalised import PenalisedFit

INF = float("inf")


@pytest.fixture
def pima() -> tuple[pd.DataFrame, pd.Series]:
    data = logreg.datasets.load("pima")
    return data[["glu", "bmi", "age"]], data["type"]


@pytest.fixture
def womenlf() -> tuple[pd.DataFrame, pd.Series]:
    data = logreg.datasets.load("womenlf")
    X = data[["hincome"]].assign(kids=(data["children"] == "present").astype(float))
    return X, data["partic"].astype(str)


def adopted(estimator: Any, X: Any, y: Any, **options: Any) -> logreg.LogisticFit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.LogregWarning)
        return logreg.from_sklearn(estimator, X, y, **options)


def exact(**options: Any) -> LogisticRegression:
    return LogisticRegression(C=INF, tol=1e-10, solver="newton-cholesky", **options)


def test_without_a_penalty_it_is_the_fit(pima: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = pima
    model = exact().fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", errors.LogregWarning)
        fit = logreg.from_sklearn(model, X, y)
    own = logreg.fit("type ~ glu + bmi + age", X.assign(type=y))
    assert type(fit) is logreg.LogisticFit
    assert fit.spec.column_names == ("Intercept", "glu", "bmi", "age")
    np.testing.assert_array_equal(fit.coef_array[0, 1:], model.coef_[0])
    np.testing.assert_array_equal(fit.coef_array[0, :1], model.intercept_)
    np.testing.assert_allclose(fit.vcov_array, own.vcov_array, rtol=1e-10)
    np.testing.assert_allclose(fit.loglik, own.loglik, rtol=1e-12)
    assert fit.convergence.converged
    assert fit.provenance["fitted_by"].startswith("scikit-learn ")
    np.testing.assert_allclose(fit.probabilities(), model.predict_proba(X), rtol=1e-12)


def test_multinomial_coefficients_become_differences_from_the_first_class(
    womenlf: tuple[pd.DataFrame, pd.Series],
) -> None:
    X, y = womenlf
    model = exact().fit(X, y)
    fit = adopted(model, X, y)
    assert fit.spec.outcome.names == tuple(model.classes_)
    np.testing.assert_array_equal(fit.coef_array[:, 1:], model.coef_[1:] - model.coef_[0])
    np.testing.assert_allclose(fit.probabilities(), model.predict_proba(X), rtol=1e-10)
    own = logreg.fit("partic ~ hincome + kids", X.assign(partic=y))
    np.testing.assert_allclose(fit.coef_array, own.coef_array, rtol=1e-6)
    np.testing.assert_allclose(fit.vcov_array, own.vcov_array, rtol=1e-6)


@pytest.mark.parametrize(
    "scaler", [StandardScaler(), MinMaxScaler(), MaxAbsScaler(), StandardScaler(with_mean=False)]
)
def test_scalers_are_undone(pima: tuple[pd.DataFrame, pd.Series], scaler: Any) -> None:
    X, y = pima
    model = make_pipeline(scaler, exact()).fit(X, y)
    fit = adopted(model, X, y)
    own = logreg.fit("type ~ glu + bmi + age", X.assign(type=y))
    np.testing.assert_allclose(fit.coef_array, own.coef_array, rtol=1e-8)
    np.testing.assert_allclose(fit.probabilities(), model.predict_proba(X), rtol=1e-9)


def test_two_scalers_one_after_the_other(pima: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = pima
    model = make_pipeline(MinMaxScaler(), StandardScaler(), LogisticRegression(C=0.3)).fit(X, y)
    fit = adopted(model, X, y)
    np.testing.assert_allclose(fit.probabilities(), model.predict_proba(X), rtol=1e-10)


def test_other_steps_give_their_columns(pima: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = pima
    model = make_pipeline(
        PolynomialFeatures(2, include_bias=False), StandardScaler(), LogisticRegression()
    ).fit(X, y)
    fit = adopted(model, X, y)
    assert fit.spec.column_names[4] == "glu^2"
    np.testing.assert_allclose(fit.probabilities(), model.predict_proba(X), rtol=1e-9)


def test_categories_by_a_column_transformer() -> None:
    data = logreg.datasets.load("birthwt")
    X, y = data[["age", "race"]].astype({"race": str}), data["low"]
    encode = make_column_transformer(
        (OneHotEncoder(drop="first"), ["race"]), remainder="passthrough", verbose_feature_names_out=False
    )
    model = make_pipeline(encode, exact()).fit(X, y)
    fit = adopted(model, X, y)
    own = logreg.fit("low ~ age + C(race)", data.astype({"race": str}))
    np.testing.assert_allclose(fit.loglik, own.loglik, rtol=1e-10)
    assert "race_other" in fit.spec.column_names


def test_arrays_without_names_and_labels_as_numbers(pima: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = pima
    numbers = (y == "Yes").to_numpy().astype(int)
    model = exact(fit_intercept=False).fit(X.to_numpy(), numbers)
    fit = adopted(model, X.to_numpy(), numbers)
    assert fit.spec.column_names == ("x0", "x1", "x2")
    np.testing.assert_array_equal(fit.coef_array, model.coef_)


def test_class_weights_enter_as_sampling_weights(pima: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = pima
    model = exact(class_weight="balanced").fit(X, y)
    fit = adopted(model, X, y)
    weights = np.where(y == "Yes", 0.5 / (y == "Yes").mean(), 0.5 / (y == "No").mean())
    own = logreg.fit("type ~ glu + bmi + age", X.assign(type=y), weights=weights, weight_kind="sampling")
    np.testing.assert_allclose(fit.coef_array, own.coef_array, rtol=1e-7)
    np.testing.assert_allclose(fit.vcov_array, own.vcov_array, rtol=1e-8)
    twice = adopted(exact().fit(X, y, sample_weight=weights), X, y, sample_weight=weights)
    np.testing.assert_allclose(twice.coef_array, fit.coef_array, rtol=1e-7)


def test_a_solver_that_stopped_early_is_told_apart(pima: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = pima
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(C=INF, max_iter=8).fit(X, y)
    with pytest.warns(errors.ConvergenceWarning, match="not at the optimum"):
        fit = logreg.from_sklearn(model, X, y)
    np.testing.assert_array_equal(fit.coef_array[0, 1:], model.coef_[0])


@pytest.fixture
def penalised(pima: tuple[pd.DataFrame, pd.Series]) -> tuple[PenalisedFit, LogisticRegression, pd.DataFrame]:
    X, y = pima
    model = LogisticRegression(C=0.001, max_iter=1000).fit(X, y)
    with pytest.warns(errors.DataWarning, match="errors are not valid for penalised fits"):
        fit = logreg.from_sklearn(model, X, y)
    assert isinstance(fit, PenalisedFit)
    return fit, model, X


def test_a_penalised_fit_keeps_coefficients_and_predictions(penalised: Any) -> None:
    fit, model, X = penalised
    np.testing.assert_array_equal(fit.coef_array[0, 1:], model.coef_[0])
    np.testing.assert_allclose(fit.probabilities(), model.predict_proba(X), rtol=1e-12)
    np.testing.assert_allclose(fit.odds_ratios()["odds_ratio"], np.exp(model.coef_[0]), rtol=1e-14)
    observed = (logreg.datasets.load("pima")["type"] == "Yes").to_numpy()
    p = model.predict_proba(X)[:, 1]
    np.testing.assert_allclose(fit.loglik, np.log(np.where(observed, p, 1 - p)).sum(), rtol=1e-10)
    # Average change for one unit more of glu, by brute force.
    change = model.predict_proba(X.assign(glu=X["glu"] + 1))[:, 1] - p
    found = fit.comparisons("glu")
    np.testing.assert_allclose(found["estimate"], change.mean(), rtol=1e-9)


def test_a_penalised_fit_has_no_errors_anywhere(penalised: Any) -> None:
    fit, _, X = penalised
    lost = {"std_error", "statistic", "p_value", "conf_low", "conf_high"}
    tables = [
        fit.coefficients(),
        fit.odds_ratios(),
        fit.odds_ratios(variables=["glu"], at={"bmi": 30}),
        fit.comparisons(),
        fit.slopes(),
        fit.predictions(),
        fit.predictions(data=X.head(3), average=False),
        fit.logits(interval=True),
        fit.odds(interval=True),
        fit.probabilities(interval=True),
        fit.marginal_means("glu", at={"glu": [100, 120]}),
        fit.tidy(conf_int=True),
    ]
    for table in tables:
        shown = table[[name for name in table.columns if name in lost]]
        assert len(shown.columns) > 1
        assert shown.isna().all(axis=None), table
    values = fit.fit_statistics().set_index("statistic")["value"]
    assert values[["aic", "bic", "mcfadden", "lr_p_value"]].isna().all()
    assert np.isfinite(values["tjur"])


@pytest.mark.parametrize(
    "call",
    [
        lambda f: f.test("glu = 0"),
        lambda f: f.anova(),
        lambda f: f.overall_test(),
        lambda f: f.coefficients(interval="profile"),
        lambda f: f.odds_ratios(interval="profile"),
        lambda f: f.profile("glu"),
        lambda f: f.bootstrap(10),
        lambda f: f.jackknife(),
        lambda f: f.with_covariance("HC0"),
        lambda f: f.compare(f),
        lambda f: f.e_values(),
        lambda f: f.explain(),
        lambda f: f.function("glu * 2"),
        lambda f: f.save("model.json"),
        lambda f: f.worked_example(row=0),
    ],
)
def test_what_needs_errors_is_refused(penalised: Any, call: Any) -> None:
    with pytest.raises(errors.SupportError):
        call(penalised[0])


def test_a_penalised_fit_is_reported(penalised: Any, tmp_path: Any) -> None:
    fit = penalised[0]
    assert "not valid for penalised fits" in " ".join(str(fit.summary()).split())
    assert "1.0" in fit.summary()._repr_html_()
    document = fit.report_document(units={"glu": 10}, labels={"glu": "Glucose"})
    frame = document.table("coefficients").to_frame()
    np.testing.assert_allclose(frame["odds_ratio"].iloc[0], np.exp(10 * fit.coef_array[0, 1]))
    fit.report(tmp_path / "report.md", units={"glu": 10}, labels={"glu": "Glucose"})
    assert "Glucose, per 10" in (tmp_path / "report.md").read_text(encoding="utf-8")
    with pytest.raises(TypeError):
        fit.report_document(unknown=1)


def test_a_penalty_keeps_separated_and_collinear_estimates_finite() -> None:
    X = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]})
    X["twice"] = 2.0 * X["x"]
    y = np.array([0, 0, 0, 1, 1, 1])
    model = LogisticRegression().fit(X, y)
    fit = adopted(model, X, y)
    np.testing.assert_array_equal(fit.coef_array[0, 1:], model.coef_[0])
    np.testing.assert_allclose(fit.probabilities(), model.predict_proba(X), rtol=1e-12)
    assert fit.loglik == pytest.approx(np.log(model.predict_proba(X)[np.arange(6), y]).sum(), rel=1e-12)


def test_weights_count_in_the_likelihood_of_a_penalised_fit() -> None:
    X, y = np.arange(6.0)[:, np.newaxis], np.array([0, 0, 0, 1, 1, 1])
    weights = np.array([1.0, 2.0, 3.0, 1.0, 0.5, 2.5])
    model = LogisticRegression().fit(X, y, sample_weight=weights)
    fit = adopted(model, X, y, sample_weight=weights)
    expected = weights @ np.log(model.predict_proba(X)[np.arange(6), y])
    assert fit.loglik == pytest.approx(expected, rel=1e-12)


def test_multinomial_with_a_penalty(womenlf: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = womenlf
    model = LogisticRegression(C=0.1).fit(X, y)
    fit = adopted(model, X, y)
    np.testing.assert_allclose(fit.probabilities(), model.predict_proba(X), rtol=1e-10)
    assert str(fit.summary()).count("against fulltime") == 2


def test_what_is_not_such_an_estimator_is_refused(pima: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = pima
    model = LogisticRegression().fit(X, y)
    with pytest.raises(errors.SupportError, match="LinearRegression"):
        logreg.from_sklearn(LinearRegression(), X, y)
    with pytest.raises(errors.SupportError, match="not fitted"):
        logreg.from_sklearn(LogisticRegression(), X, y)
    with pytest.raises(errors.SupportError, match="fit_"):
        logreg.from_sklearn(logreg.LogisticClassifier().fit(X, y), X, y)
    with pytest.raises(errors.DataError, match="2 columns"):
        logreg.from_sklearn(model, X[["glu", "bmi"]], y)
    with pytest.raises(errors.OutcomeError, match="maybe"):
        logreg.from_sklearn(model, X, y.astype(str).replace("No", "maybe"))
    with pytest.raises(errors.OutcomeError, match="labels"):
        logreg.from_sklearn(model, X, y[:-1])
    with pytest.raises(errors.DataError, match="missing or infinite"):
        logreg.from_sklearn(model, X.assign(bmi=np.nan), y)
    with pytest.raises(errors.OutcomeError):
        logreg.from_sklearn(model, X, np.full(len(X), "No"))
