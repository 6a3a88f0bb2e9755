"""The estimator against scikit-learn's own checks, other packages, and data with a known answer."""

from __future__ import annotations

import ast
import pickle
import re
import warnings
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import statsmodels.api as sm
from scipy import sparse
from sklearn import exceptions
from sklearn.base import clone
from sklearn.ensemble import AdaBoostClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import logreg
from logreg import LogisticClassifier
from logreg.adapters.arrays import (
    are_as_checked,
    array_source,
    formula_of,
    outcome_of,
    plain_formula,
    surely_finite,
)
from logreg.adapters.sklearn import FAR
from logreg.api import fit as fit_formula
from logreg.design.formula import parse_formula
from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate

#: Newton's method ends within rounding on well-conditioned data; so do statsmodels' Newton steps.
SAME_OPTIMUM = 1e-8
#: scikit-learn's lbfgs stops on a gradient of 1e-10: its probabilities are then this close.
SAME_AS_LBFGS = 1e-6


def sample(n_classes: int, n: int = 400, p: int = 4, seed: int = 1) -> tuple[Any, Any]:
    """Draw features and overlapping classes 0 .. K - 1 from a multinomial logit model."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    logits = np.column_stack([np.zeros(n), 0.3 + X @ rng.standard_normal((p, n_classes - 1))])
    gumbel = -np.log(-np.log(rng.random(logits.shape)))
    return X, (logits + gumbel).argmax(axis=1)


SEPARATED = ([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [
        LogisticClassifier(),
        LogisticClassifier(fit_intercept=False),
        LogisticClassifier(weight_kind="frequency"),
        LogisticClassifier(weight_kind="precision", covariance="HC1"),
        LogisticClassifier(estimator="firth", weight_kind="frequency"),
    ]
)
def test_passes_the_checks_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


# Agreement with other packages --------------------------------------------------------------------------


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_binary_coefficients_and_errors_are_those_of_statsmodels(fit_intercept: bool) -> None:
    X, y = sample(2)
    theirs = sm.Logit(y, sm.add_constant(X) if fit_intercept else X).fit(disp=0, method="newton", tol=1e-12)
    ours = LogisticClassifier(fit_intercept=fit_intercept).fit(X, y)
    if fit_intercept:
        np.testing.assert_allclose(ours.intercept_[0], theirs.params[0], rtol=SAME_OPTIMUM)
    else:
        assert ours.intercept_.tolist() == [0.0]
    np.testing.assert_allclose(ours.coef_[0], theirs.params[int(fit_intercept) :], rtol=SAME_OPTIMUM)
    np.testing.assert_allclose(ours.fit_.coefficients().std_error, theirs.bse, rtol=SAME_OPTIMUM)


def test_multinomial_coefficients_are_those_of_statsmodels() -> None:
    X, y = sample(4)
    theirs = sm.MNLogit(y, sm.add_constant(X)).fit(disp=0, method="newton", tol=1e-12)
    ours = LogisticClassifier().fit(X, y)
    assert ours.coef_.shape == (4, 4)
    np.testing.assert_array_equal(ours.coef_[0], 0.0)
    assert ours.intercept_[0] == 0.0
    np.testing.assert_allclose(ours.coef_[1:], theirs.params[1:].T, rtol=1e-7)
    np.testing.assert_allclose(ours.intercept_[1:], theirs.params[0], rtol=1e-7)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_probabilities_and_classes_are_those_of_scikit_learn_without_penalty(n_classes: int) -> None:
    X, y = sample(n_classes)
    new, _ = sample(n_classes, seed=2)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(X, y)
    ours = LogisticClassifier().fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(new), theirs.predict_proba(new), atol=SAME_AS_LBFGS)
    np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    if n_classes == 2:
        np.testing.assert_allclose(ours.decision_function(new), theirs.decision_function(new), rtol=1e-4)
    else:
        scores = theirs.decision_function(new)
        np.testing.assert_allclose(ours.decision_function(new), scores - scores[:, :1], atol=1e-4)


def test_one_binary_feature_has_the_log_odds_of_the_table() -> None:
    # 8 of 20 against 4 of 20: odds 8/12 and 4/16.
    X = np.repeat([[1.0], [1.0], [0.0], [0.0]], [8, 12, 4, 16], axis=0)
    y = np.repeat([1, 0, 1, 0], [8, 12, 4, 16])
    model = LogisticClassifier().fit(X, y)
    np.testing.assert_allclose(model.intercept_, [np.log(4 / 16)], rtol=1e-12)
    np.testing.assert_allclose(model.coef_, [[np.log(8 / 12) - np.log(4 / 16)]], rtol=1e-12)


# Classes, event and baseline ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["no", "yes"]),
        np.array(["no", "yes"], dtype=object),
        np.array([False, True]),
        np.array([-1, 1], dtype=np.int8),
        np.array([0.0, 2.0]),
    ],
    ids=["text", "objects", "bool", "int8", "float"],
)
def test_labels_of_any_type_come_back_as_they_were(labels: Any) -> None:
    X, y = sample(2)
    codes = LogisticClassifier().fit(X, y)
    model = LogisticClassifier().fit(X, labels[y])
    assert model.classes_.dtype == labels.dtype
    np.testing.assert_array_equal(model.classes_, labels)
    np.testing.assert_array_equal(model.predict(X), labels[codes.predict(X)])
    np.testing.assert_array_equal(model.coef_, codes.coef_)


def test_classes_are_sorted_whatever_comes_first() -> None:
    X, y = sample(3)
    model = LogisticClassifier().fit(X, np.array(["b", "c", "a"])[y])
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert model.fit_.spec.outcome.baseline == "a"


def test_the_event_turns_the_fit_and_not_the_scores() -> None:
    X, y = sample(2)
    labels = np.array(["no", "yes"])[y]
    usual, turned = LogisticClassifier().fit(X, labels), LogisticClassifier(event="no").fit(X, labels)
    assert usual.fit_.spec.outcome.modelled == ("yes",)
    assert turned.fit_.spec.outcome.modelled == ("no",)
    np.testing.assert_allclose(turned.fit_.coef, -usual.fit_.coef.to_numpy(), rtol=SAME_OPTIMUM)
    np.testing.assert_allclose(turned.coef_, usual.coef_, rtol=SAME_OPTIMUM)
    np.testing.assert_allclose(turned.decision_function(X), usual.decision_function(X), rtol=1e-6)


def test_the_baseline_moves_the_zeros_and_not_the_probabilities() -> None:
    X, y = sample(3)
    usual, moved = LogisticClassifier().fit(X, y), LogisticClassifier(baseline=1).fit(X, y)
    np.testing.assert_array_equal(moved.coef_[1], 0.0)
    np.testing.assert_allclose(moved.coef_, usual.coef_ - usual.coef_[1], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(moved.predict_proba(X), usual.predict_proba(X), rtol=1e-7)


def test_features_and_outcome_keep_their_names() -> None:
    X, y = sample(2, p=3)
    frame = pd.DataFrame(X, columns=["age", "weight (kg)", "status"])
    series = pd.Series(y, name="status")
    model = LogisticClassifier().fit(frame, series)
    assert model.feature_names_in_.tolist() == ["age", "weight (kg)", "status"]
    assert model.fit_.spec.column_names == ("Intercept", "age", "weight (kg)", "status")
    assert model.fit_.spec.formula == "status_ ~ age + `weight (kg)` + status"
    np.testing.assert_allclose(model.fit_.probabilities(frame), model.predict_proba(frame), rtol=1e-12)
    other = LogisticClassifier().fit(pl.DataFrame(frame), y)
    np.testing.assert_array_equal(other.coef_, model.coef_)


def test_names_are_forgotten_with_the_frame_that_had_them() -> None:
    X, y = sample(2, p=2)
    model = LogisticClassifier().fit(pd.DataFrame(X, columns=["age", "weight"]), y).fit(X, y)
    assert not hasattr(model, "feature_names_in_")
    assert model.fit_.spec.column_names == ("Intercept", "x0", "x1")


@pytest.mark.parametrize("intercept", [True, False])
def test_the_formula_of_plain_names_is_what_its_text_says(intercept: bool) -> None:
    names = ["x0", "x1", "x2"]
    written = plain_formula("y", names, intercept=intercept)
    assert written == parse_formula(written.text, [*names, "y"])


@pytest.mark.parametrize("y", [[0, 1], [[0], [1]], np.array([0.0, 1.0]), np.array([0, 1, 1])])
def test_only_arrays_that_need_no_change_go_unchecked(y: Any) -> None:
    X = np.zeros((2, 1))
    assert are_as_checked(X, np.array([0, 1]))
    assert not are_as_checked(X, y)
    for other in (X.tolist(), X[0], X.astype(np.float32), X[:, :0], np.ma.array(X), pd.DataFrame(X)):
        assert not are_as_checked(other, np.array([0, 1]))


def test_nameless_features_are_numbered_and_many_are_not_listed() -> None:
    X, y = sample(2, n=2_000, p=31)
    few, many = LogisticClassifier().fit(X[:, :2], y), LogisticClassifier().fit(X, y)
    assert few.fit_.spec.formula == "y ~ x0 + x1"
    assert many.fit_.spec.formula == "y ~ ."
    assert many.fit_.spec.column_names[-1] == "x30"


# Weights ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sampling", "precision", "frequency"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_whole_weights_are_worth_repeated_rows(kind: str, n_classes: int) -> None:
    X, y = sample(n_classes)
    weights = np.random.default_rng(3).integers(0, 4, len(y))
    weighted = LogisticClassifier(weight_kind=kind).fit(X, y, sample_weight=weights)
    repeated = LogisticClassifier().fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-7, atol=1e-10)
    same_errors = np.allclose(weighted.fit_.vcov, repeated.fit_.vcov, rtol=1e-6)
    assert same_errors == (kind == "frequency")


def test_the_unit_of_fractional_weights_does_not_matter() -> None:
    X, y = sample(2)
    weights = np.random.default_rng(4).random(len(y))
    one = LogisticClassifier().fit(X, y, sample_weight=weights)
    other = LogisticClassifier().fit(X, y, sample_weight=1e-6 * weights)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(other.coef_, one.coef_, rtol=SAME_OPTIMUM)
    np.testing.assert_allclose(one.coef_, theirs.coef_, rtol=1e-4)


def test_sampling_weights_bring_the_sandwich() -> None:
    X, y = sample(2)
    weights = np.random.default_rng(4).random(len(y))
    model = LogisticClassifier().fit(X, y, sample_weight=weights)
    Z = np.column_stack([np.ones(len(X)), X])
    p = model.predict_proba(X)[:, 1]
    bread = np.linalg.inv(Z.T @ ((weights * p * (1 - p))[:, np.newaxis] * Z))
    scores = (weights * (y - p))[:, np.newaxis] * Z
    expected = len(y) / (len(y) - 1) * bread @ (scores.T @ scores) @ bread
    np.testing.assert_allclose(model.fit_.vcov, expected, rtol=1e-7)


def test_a_class_of_weight_zero_is_as_good_as_removed() -> None:
    X, y = sample(3)
    kept = y != 1
    weighted = LogisticClassifier().fit(X, y, sample_weight=kept.astype(float))
    removed = LogisticClassifier().fit(X[kept], y[kept])
    assert weighted.classes_.tolist() == [0, 2]
    np.testing.assert_allclose(weighted.coef_, removed.coef_, rtol=SAME_OPTIMUM)


# Tails, separation and warnings -------------------------------------------------------------------------


def test_log_probabilities_are_exact_in_both_tails() -> None:
    model = LogisticClassifier().fit(*sample(2, p=1))
    model.coef_, model.intercept_ = np.array([[1.0]]), np.array([0.0])
    found = model.predict_log_proba([[800.0], [-800.0], [40.0]])
    # log(1 + e^-40) = e^-40 to 17 digits.
    expected = [[-800.0, 0.0], [0.0, -800.0], [-40.0, -np.exp(-40.0)]]
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    assert model.predict([[800.0], [-800.0]]).tolist() == [1, 0]


def test_log_probabilities_of_several_classes_are_exact_in_the_tails() -> None:
    model = LogisticClassifier().fit(*sample(3, p=1))
    model.coef_, model.intercept_ = np.array([[0.0], [1.0], [-1.0]]), np.zeros(3)
    found = model.predict_log_proba([[800.0], [-800.0]])
    np.testing.assert_allclose(found, [[-800.0, 0.0, -1600.0], [-800.0, -1600.0, 0.0]], rtol=1e-15)
    np.testing.assert_array_equal(model.predict_proba([[800.0]]), [[0.0, 1.0, 0.0]])


def test_logits_without_a_value_are_refused() -> None:
    model = LogisticClassifier().fit(*sample(2, p=1))
    # The product overflows to inf, against an intercept of -inf.
    model.coef_, model.intercept_ = np.array([[4.0]]), np.array([-np.inf])
    assert model.predict_proba([[0.0]]).tolist() == [[1.0, 0.0]]
    with pytest.raises(logreg.PredictError, match="1 rows overflow, first in row 1"):
        model.predict_proba([[0.0], [1e308]])


def test_separated_classes_are_warned_of_and_predicted() -> None:
    with pytest.warns(exceptions.ConvergenceWarning, match="complete separation") as caught:
        model = LogisticClassifier().fit(*SEPARATED)
    assert len(caught) == 1
    assert issubclass(caught[0].category, logreg.SeparationWarning)
    assert np.isinf(model.fit_.coef).any()
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.intercept_).all()
    scores = model.decision_function(SEPARATED[0])
    assert (np.abs(scores) >= FAR * (1 - 1e-9)).all()
    assert model.predict(SEPARATED[0]).tolist() == SEPARATED[1]


def test_quasi_separation_leaves_the_other_probabilities_at_their_limit() -> None:
    # Every row with x = 1 is an event; of the others 3 of 10 are.
    X = np.repeat([[1.0], [0.0], [0.0]], [5, 3, 7], axis=0)
    y = np.repeat([1, 1, 0], [5, 3, 7])
    with pytest.warns(exceptions.ConvergenceWarning, match="quasi-complete separation"):
        model = LogisticClassifier().fit(X, y)
    np.testing.assert_allclose(model.predict_proba([[0.0], [1.0]]), [[0.7, 0.3], [0.0, 1.0]], atol=1e-12)


def test_a_separated_class_of_three_leaves_the_other_two_at_their_limit() -> None:
    # Class 2 exactly where x = 1; of the others 3 of 10 are 1.
    X = np.repeat([[1.0], [0.0], [0.0]], [5, 3, 7], axis=0)
    y = np.repeat([2, 1, 0], [5, 3, 7])
    with pytest.warns(exceptions.ConvergenceWarning, match="separation"):
        model = LogisticClassifier().fit(X, y)
    expected = [[0.7, 0.3, 0.0], [0.0, 0.0, 1.0]]
    found = model.predict_proba([[0.0], [1.0]])
    np.testing.assert_allclose(found[0], expected[0], atol=1e-9)
    assert found[1, 2] == 1.0


def test_a_fit_cut_short_is_warned_of() -> None:
    X, y = sample(2)
    with pytest.warns(exceptions.ConvergenceWarning, match="not converged after 1 iteration") as caught:
        model = LogisticClassifier(max_iterations=1).fit(X, y)
    assert issubclass(caught[0].category, logreg.ConvergenceWarning)
    assert model.n_iter_ == 1


def test_remarks_that_leave_predictions_alone_are_kept_and_not_shown() -> None:
    X, y = sample(2)
    twice = np.column_stack([X, X[:, 0] - 2.0 * X[:, 1]])
    model = LogisticClassifier().fit(twice, y)
    assert [remark.kind for remark in model.fit_.remarks] == ["CollinearityWarning"]
    assert model.coef_[0, -1] == 0.0
    np.testing.assert_allclose(
        model.predict_proba(twice), LogisticClassifier().fit(X, y).predict_proba(X), rtol=1e-7
    )


def test_filters_for_warnings_are_left_as_they_were() -> None:
    before = list(warnings.filters)
    LogisticClassifier().fit(*sample(2))
    assert warnings.filters == before


# The fit behind the estimator ---------------------------------------------------------------------------


def test_the_fit_is_that_of_the_formula() -> None:
    X, y = sample(3)
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    options: dict[str, Any] = {"covariance": "HC1", "confidence": 0.9, "baseline": 2}
    ours = LogisticClassifier(**options).fit(frame, y).fit_
    direct = fit_formula("y ~ a + b + c + d", frame.assign(y=y), **options)
    pd.testing.assert_frame_equal(ours.coefficients(), direct.coefficients(), rtol=SAME_OPTIMUM)
    assert ours.loglik == pytest.approx(direct.loglik, rel=1e-12)


@pytest.mark.parametrize("estimator", ["firth", "flic", "flac", "median"])
def test_estimators_of_less_bias_are_those_of_the_formula(estimator: str) -> None:
    X, y = sample(2, n=60, p=2)
    model = LogisticClassifier(estimator=estimator).fit(X, y)
    frame = pd.DataFrame({"x0": X[:, 0], "x1": X[:, 1], "y": y})
    direct = fit_formula("y ~ x0 + x1", frame, estimator=estimator)
    np.testing.assert_allclose(model.fit_.coef_array, direct.coef_array, rtol=1e-9)
    np.testing.assert_allclose(model.fit_.vcov_array, direct.vcov_array, rtol=1e-9)
    np.testing.assert_allclose(model.predict_proba(X), direct.probabilities(), rtol=1e-9)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_firth_is_finite_where_classes_are_separated(n_classes: int) -> None:
    y = np.repeat(np.arange(n_classes), 4)
    X = np.arange(len(y), dtype=float)[:, np.newaxis]
    model = LogisticClassifier(estimator="firth").fit(X, y)
    assert model.fit_.separation.verdict == "complete"
    assert np.abs(model.coef_).max() < 5.0
    assert model.predict(X).tolist() == y.tolist()


def test_firth_takes_no_sampling_weights() -> None:
    X, y = sample(2)
    with pytest.raises(SupportError, match="sampling weights"):
        LogisticClassifier(estimator="firth").fit(X, y, sample_weight=np.ones(len(y)))


def test_the_fit_reads_the_array_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    from logreg.passes import encode as passes

    seen: list[Any] = []
    original = passes.DesignBlock

    def watched(*args: Any, **options: Any) -> Any:
        seen.append(original(*args, **options))
        return seen[-1]

    monkeypatch.setattr(passes, "DesignBlock", watched)
    X, y = sample(2)
    before = X.copy()
    named = pd.DataFrame(X, columns=[f"number {j}" for j in range(X.shape[1])])
    for layout in (np.ascontiguousarray(X), np.asfortranarray(X), named):
        LogisticClassifier().fit(layout, y)
        assert np.shares_memory(seen[-1].matrix.columns, layout)
        assert not seen[-1].matrix.columns.flags.writeable
        np.testing.assert_array_equal(layout, before)
    assert X.flags.writeable


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "by row": np.ascontiguousarray,
    "by column": np.asfortranarray,
    "every other row": lambda X: np.repeat(X, 2, axis=0)[::2],
    "every other column": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "backwards": lambda X: X[::-1].copy()[::-1],
    "one column": lambda X: X[:, :1],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("n_classes", "options"),
    [
        (2, {}),
        (2, {"estimator": "firth", "event": 0}),
        (2, {"covariance": "HC3", "intercept": False, "confidence": 0.9}),
        (3, {"baseline": 2, "max_iterations": 30}),
    ],
)
def test_an_array_gives_what_a_table_of_its_columns_gives(
    layout: str, n_classes: int, options: dict[str, Any]
) -> None:
    X, y = sample(n_classes)
    X, intercept = LAYOUTS[layout](X), options.get("intercept", True)
    options = {name: value for name, value in options.items() if name != "intercept"}
    names = [f"x{j}" for j in range(X.shape[1])]
    _, outcome = outcome_of(y)
    found = LogisticClassifier(fit_intercept=intercept, **options).fit(X, y).fit_
    source = array_source(X, names, outcome, "y")
    table = logreg.fit(formula_of("y", names, intercept=intercept), source, **options)
    assert found.source is None
    # Centred columns would have arrays inside.
    assert found.centred is None
    for field in fields(LogisticEstimate):
        one, other = getattr(found, field.name), getattr(table, field.name)
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, other, err_msg=field.name)
        else:
            assert one == other, field.name


def test_pickles_after_use_and_without_a_training_row() -> None:
    rng = np.random.default_rng(5)
    X, y = sample(2, n=3_000)
    X[:, 0] = np.round(rng.random(3_000), 3) + 0.123456789e-3
    model = LogisticClassifier().fit(X, y)
    model.fit_.odds_ratios()
    model.predict(X)
    text = pickle.dumps(model)
    assert X[17, 0].tobytes() not in text
    assert len(text) < X.nbytes / 2
    again = pickle.loads(text)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    pd.testing.assert_frame_equal(again.fit_.coefficients(), model.fit_.coefficients())


# Inside scikit-learn ------------------------------------------------------------------------------------


def test_works_in_pipelines_cross_validation_and_searches() -> None:
    X, y = sample(3)
    pipeline = make_pipeline(StandardScaler(), LogisticClassifier())
    plain = LogisticClassifier().fit(X, y)
    # Maximum likelihood does not depend on the scale of the features.
    np.testing.assert_allclose(pipeline.fit(X, y).predict_proba(X), plain.predict_proba(X), rtol=1e-7)
    scores = cross_val_score(pipeline, X, y, cv=3, scoring="neg_log_loss")
    assert np.isfinite(scores).all()
    search = GridSearchCV(pipeline, {"logisticclassifier__fit_intercept": [True, False]}, cv=3).fit(X, y)
    assert hasattr(search.best_estimator_[-1], "fit_")
    assert not hasattr(clone(plain), "fit_")
    boosted = AdaBoostClassifier(LogisticClassifier(), n_estimators=3).fit(X, y)
    assert boosted.score(X, y) > np.bincount(y).max() / len(y)


def test_scores_are_accuracies() -> None:
    X, y = sample(2)
    model = LogisticClassifier().fit(X, y)
    assert model.score(X, y) == np.mean(model.predict(X) == y)


# Refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"event": "perhaps"}, logreg.OutcomeError, "perhaps"),
        ({"baseline": 7}, logreg.OutcomeError, "7"),
        ({"covariance": "HC9"}, logreg.SupportError, "HC9"),
        ({"confidence": 95}, logreg.SupportError, "95"),
        ({"max_iterations": 0}, logreg.SupportError, "max_iterations"),
        ({"weight_kind": "importance"}, logreg.SupportError, "importance"),
    ],
)
def test_options_that_are_not_there_are_named(options: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        LogisticClassifier(**options).fit(*sample(2))


def test_outcomes_that_are_no_classes_are_refused() -> None:
    X, y = sample(2, n=20)
    with pytest.raises(logreg.OutcomeError, match="one class, 1, in 20 rows"):
        LogisticClassifier().fit(X, np.ones(20, dtype=int))
    with pytest.raises(logreg.OutcomeError, match="event"):
        LogisticClassifier(event=1).fit(X, np.arange(20) % 3)
    with pytest.raises(logreg.OutcomeError, match="Unknown label type"):
        LogisticClassifier().fit(X, np.linspace(0.0, 1.0, 20))
    labels = np.array(["no", "yes"], dtype=object)[y]
    labels[[3, 5]] = None
    with pytest.raises(logreg.OutcomeError, match="missing in 2 rows, first in row 3"):
        LogisticClassifier().fit(X, labels)


def test_labels_without_an_order_are_refused() -> None:
    X, y = sample(2, n=20)
    labels = np.array(["no", 1], dtype=object)[y]
    with pytest.raises(logreg.OutcomeError, match="the types int, str"):
        LogisticClassifier().fit(X, labels)


def test_weights_that_do_not_suit_their_kind_are_refused() -> None:
    X, y = sample(2)
    with pytest.raises(logreg.WeightError, match="fractions"):
        LogisticClassifier(weight_kind="frequency").fit(X, y, sample_weight=np.full(len(y), 0.5))
    weights = np.ones(len(y))
    weights[7] = -1.0
    with pytest.raises(logreg.WeightError, match=r"negative in 1 row, first in row 7"):
        LogisticClassifier().fit(X, y, sample_weight=weights)


def test_sparse_and_missing_features_are_refused() -> None:
    X, y = sample(2)
    with pytest.raises(TypeError, match="Sparse"):
        LogisticClassifier().fit(sparse.csr_array(X), y)
    model = LogisticClassifier().fit(X, y)
    X[[3, 7], 1] = np.nan
    with pytest.raises(
        logreg.DataError, match=r"NaN: column 'x1' is missing \(NaN\) in 2 rows, first in row 3"
    ):
        LogisticClassifier().fit(X, y)
    named = pd.DataFrame(X, columns=["a", "dose", "c", "d"])
    with pytest.raises(logreg.DataError, match=r"column 'dose' is missing"):
        LogisticClassifier().fit(named, y)
    X[:, 1] = 0.0
    X[5, 2] = -np.inf
    with pytest.raises(
        logreg.PredictError, match=r"infinity: column 'x2' is infinite in 1 row, first in row 5"
    ):
        model.predict(X)


def test_what_scikit_learn_refuses_is_an_error_of_this_package() -> None:
    X, y = sample(2)
    model = LogisticClassifier().fit(X, y)
    with pytest.raises(logreg.DataError, match="Expected 2D array"):
        LogisticClassifier().fit(X[:, 0], y)
    with pytest.raises(logreg.DataError, match="inconsistent numbers of samples"):
        LogisticClassifier().fit(X, y[1:])
    with pytest.raises(logreg.WeightError, match="sample_weight"):
        LogisticClassifier().fit(X, y, sample_weight=np.ones(3))
    with pytest.raises(logreg.PredictError, match="expecting 4 features"):
        model.predict(X[:, :2])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 39_999])
def test_one_value_in_many_that_is_not_finite_is_found(order: Any, value: float, row: int) -> None:
    X, y = sample(2, n=40_000, p=2)
    X = np.asarray(X, order=order)
    assert surely_finite(X)
    X[row, 1] = value
    assert not surely_finite(X)
    with pytest.raises(ValueError, match="Input X contains"):
        LogisticClassifier().fit(X, y)


def test_two_infinities_do_not_cancel_and_sums_beyond_doubles_are_not_vouched_for() -> None:
    assert not surely_finite(np.array([[np.inf], [-np.inf]]))
    assert not surely_finite(np.full((4, 1), 1e308))
    assert not surely_finite([[1.0]])


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
def test_whole_labels_of_every_width_are_told_apart_to_their_limits(dtype: str) -> None:
    limits = np.iinfo(dtype)
    for labels in (
        [limits.min, -1, 0, limits.max],
        [limits.max - 2, limits.max],
        [limits.min, limits.min + 5],
    ):
        y = np.tile(np.array(labels, dtype=dtype), 30)
        model = LogisticClassifier().fit(sample(2, n=len(y))[0], y)
        assert model.classes_.tolist() == labels
        assert model.classes_.dtype == y.dtype
        column = outcome_of(y)[1]
        assert np.array(column.levels)[column.codes].tolist() == y.tolist()


# The page -----------------------------------------------------------------------------------------------


def test_the_page_runs_and_shows_what_it_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scikit-learn.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)\n```", page, flags=re.DOTALL)
    assert len(blocks) == page.count("```python") == 4
    namespace: dict[str, Any] = {}
    for code, shown in blocks:
        tree = ast.parse(code)
        last = tree.body.pop()
        assert isinstance(last, ast.Expr)
        exec(compile(tree, "docs/scikit-learn.md", "exec"), namespace)
        value = eval(compile(ast.Expression(last.value), "docs/scikit-learn.md", "eval"), namespace)
        assert repr(value) == shown
