"""Random tables of any types, formulas, weights and options: a right answer or a named error.

Right is what an independent solve finds, or a warning says why it is not: see `confirm`.
"""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import event, given

import logreg
from logreg.errors import (
    CollinearityWarning,
    ConvergenceWarning,
    DataWarning,
    LogregError,
    LogregWarning,
    MissingDataWarning,
    SeparationWarning,
)

from .fuzzing import fuzz
from .independent import Maximum, Problem, certify_firth, logit_errors, maximise, separates
from .random_cases import Case, Expected, cases

#: Two certified optima are closer than these: on probabilities, and relative on log-likelihoods and errors.
PROBABILITY, RELATIVE = 1e-7, 1e-9
#: The same of log-likelihoods under separation: columns far from 0 hold few digits of what moves the others.
PREDICTED = 1e-6
#: Errors of logits are differences of large terms where columns lie far from zero.
ERRORS = 1e-5
#: Condition of the information in an orthonormal basis up to which its inverse has the digits for that.
REGULAR = 1e8
#: Distance in standard errors from a stationary point, found by numerical differentiation.
STATIONARY = 1e-4


@fuzz
@given(cases())
def test_cases(case: Case) -> None:
    """What must be refused is, what need not be is fitted, and fits agree with the independent solve."""
    before = kept(case.frame)
    message, fit, found = called(case)
    assert same_content(before, case.frame), "the caller's data were changed"
    if message is not None:
        event("refused")
        assert len(message) > 30, message
        assert case.must_refuse or case.may_refuse, f"refused without need: {message}"
        return
    assert not case.must_refuse, "not refused"
    assert (MissingDataWarning in found) == case.missing
    look_around(fit, found)
    if case.expected is None:
        event("fitted, not confirmed")
        return
    confirm(fit, case, case.expected, found)


def called(case: Case) -> tuple[str | None, Any, set[type[Warning]]]:
    """Return the message of a refusal, or the fit, with the warnings given; nothing else may come of it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            message, fit = None, logreg.fit(case.formula, case.frame, **case.options)
        except LogregError as error:
            message, fit = str(error), None
    foreign = [warning for warning in caught if not issubclass(warning.category, LogregWarning)]
    assert not foreign, [str(warning.message) for warning in foreign]
    return message, fit, {warning.category for warning in caught}


def look_around(fit: Any, found: set[type[Warning]]) -> None:
    """Read every small table: no warning, and NaN only for what is aliased, infinite or collinear."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tables = [fit.coefficients(), fit.odds_ratios(), fit.fit_statistics()]
        probabilities = fit.probabilities().to_numpy()
        str(fit.summary())
    coefficients = tables[0]
    # A sandwich may have no variance for a coefficient, and says so.
    sound = fit.convergence.converged and not found & {CollinearityWarning, DataWarning}
    if sound:
        known = coefficients[np.isfinite(coefficients["estimate"])]
        assert not known[["std_error", "conf_low", "conf_high"]].isna().to_numpy().any()
    assert (coefficients["estimate"].isna().to_numpy() <= np.isnan(fit.coef_array).ravel()).all()
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-12)


def confirm(fit: Any, case: Case, expected: Expected, found: set[type[Warning]]) -> None:
    """Hold a fit against the independent solve of the same model."""
    problem = expected.problem
    names = list(expected.outcomes)
    probabilities = fit.probabilities()
    assert sorted(probabilities.columns) == sorted(names)
    assert fit.spec.outcome.baseline == names[0]
    assert fit.n_rows == problem.counts.shape[1]
    rounding = problem.basis.shape[1] > len(fit.spec.column_names)
    if expected.doubtful and (CollinearityWarning in found or rounding):
        event("nearly collinear")
        return
    if ConvergenceWarning in found:
        event("not converged, with a warning")
        return
    rank = problem.basis.shape[1]
    collinear = len(fit.spec.column_names) > rank
    assert (CollinearityWarning in found) >= collinear
    estimator = case.options.get("estimator", "ml")
    p = probabilities[names].to_numpy().T
    named(fit, expected)
    if not expected.doubtful and not (expected.outlying and fit.separation.direction is not None):
        predicts(problem, p, fit.loglik / expected.loglik_unit)
    if estimator != "ml":
        logits = fit.logits()[names[1:]].to_numpy().T
        event(estimator)
        bias_reduced(estimator, problem, logits, p)
        return
    ours = maximise(problem)
    if expected.doubtful and expected.outlying and not ours.arrived:
        event("far out and nearly collinear")
        return
    loglik = fit.loglik / expected.loglik_unit
    if SeparationWarning in found and fit.separation.direction is not None:
        if expected.doubtful or expected.outlying:
            event("separated, far from zero")
            return
        confirm_separation(fit, loglik, expected, ours, p)
        return
    unsure = ours.arrived or expected.outlying or SeparationWarning in found
    assert unsure or separates(problem) is not True, "separated, without a word"
    assert np.count_nonzero(~np.isnan(fit.coef_array)) == rank * problem.n_equations
    if not ours.arrived:
        event("confirmed by its score")
        stationary(problem, p)
        return
    event("confirmed")
    # Coefficients are doubles: a logit made of 1e10 and its opposite has six digits behind the point.
    rounding_of_logits = 4.0 * np.finfo(float).eps * float(np.nanmax(np.abs(fit.coef_array), initial=0.0))
    np.testing.assert_allclose(p, ours.probability, atol=PROBABILITY + rounding_of_logits)
    np.testing.assert_allclose(loglik, ours.loglik, rtol=RELATIVE, atol=1e-9)
    covariance = case.options.get("covariance", "model")
    comparable = case.options.get("weight_kind", "frequency") == "frequency" and covariance not in (
        "HC2",
        "HC3",
    )
    regular = rank > 0 and CollinearityWarning not in found and np.linalg.cond(ours.information) < REGULAR
    if comparable and regular:
        table = fit.logits(interval=True)
        for k, name in enumerate(names[1:]):
            errors = table.loc[table["outcome"] == name, "std_error"].to_numpy()
            np.testing.assert_allclose(errors, logit_errors(problem, ours, covariance)[k], rtol=ERRORS)


def predicts(problem: Problem, p: np.ndarray, loglik: float) -> None:
    """Predictions for the rows of the fit give its log-likelihood, in the limit of separation too."""
    with np.errstate(divide="ignore"):
        logs = np.where(problem.counts > 0, np.log(p), 0.0)
    found = float(((problem.counts * logs).sum(axis=0) * problem.weights).sum())
    np.testing.assert_allclose(found, loglik, rtol=PREDICTED, atol=PREDICTED)


def stationary(problem: Problem, p: np.ndarray) -> None:
    """Probabilities (K, n) make the score zero: the likelihood is concave, so this is its maximum."""
    trials = problem.counts.sum(axis=0)
    residual = (problem.counts - trials * p) * problem.weights
    score, size = residual @ problem.basis, np.abs(residual) @ np.abs(problem.basis)
    assert (np.abs(score) <= 1e-6 * size + 1e-9).all()


def confirm_separation(fit: Any, loglik: float, expected: Expected, ours: Maximum, p: np.ndarray) -> None:
    """The independent programme finds separation too, and the limit is where the independent climb goes.

    The climb is on its way from below, and what it lacks is the sum of the rows' divergences from the limit:
    no probability is further off than Pinsker's inequality allows.
    """
    rounding = 1e-9 * max(1.0, abs(ours.loglik))
    if expected.outlying or separates(expected.problem) is False:
        # Finite, but so far away that no logit there is moderate: a difference the programme cannot see.
        assert not ours.arrived, "no separation"
        event("nearly separated")
        rounding = 1e-2
    else:
        event("separated")
    problem = expected.problem
    lacking = loglik - ours.loglik
    assert lacking >= -max(rounding, PREDICTED * max(1.0, abs(ours.loglik)))
    trials = problem.counts.sum(axis=0) * problem.weights
    assert (
        np.abs(p - ours.probability) <= np.sqrt((max(lacking, 0.0) + rounding) / (2.0 * trials)) + 1e-6
    ).all()


def bias_reduced(estimator: str, problem: Any, logits: np.ndarray, p: np.ndarray) -> None:
    """Firth's estimate is stationary; FLIC and FLAC predict as many events as there were."""
    if estimator == "firth":
        assert certify_firth(problem, logits) < STATIONARY
    elif estimator in ("flic", "flac"):
        trials = problem.counts.sum(axis=0) * problem.weights
        happened = (problem.counts * problem.weights).sum(axis=1)
        np.testing.assert_allclose(p @ trials, happened, rtol=1e-6)


def named(fit: Any, expected: Expected) -> None:
    """The names of coefficients are true: the columns they name give the logits of the table."""
    columns = [expected.named.get(name) for name in fit.spec.column_names]
    if any(column is None for column in columns) or not np.isfinite(fit.coef_array).all():
        return
    event("names confirmed")
    logits = fit.logits()[list(expected.outcomes[1:])].to_numpy().T
    parts = fit.coef_array[:, :, np.newaxis] * np.array(columns).reshape(len(columns), logits.shape[1])
    size = np.abs(parts).sum(axis=1) + 1.0
    assert (np.abs(parts.sum(axis=1) + expected.problem.offset - logits) <= 1e-10 * size).all()


def kept(frame: Any) -> Any:
    """Return a copy of a table to compare with later; polars and Arrow tables cannot be changed."""
    if isinstance(frame, pd.DataFrame):
        return frame.copy(deep=True)
    return copy.deepcopy(frame) if isinstance(frame, dict) else None


def same_content(before: Any, frame: Any) -> bool:
    if before is None:
        return True
    if isinstance(frame, pd.DataFrame):
        pd.testing.assert_frame_equal(before, frame, check_exact=True)
        return True
    return list(before) == list(frame) and all(
        type(before[name]) is type(frame[name]) and repr(before[name]) == repr(frame[name]) for name in frame
    )
