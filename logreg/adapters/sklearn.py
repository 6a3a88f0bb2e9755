"""`LogisticClassifier`: a fit behind scikit-learn's interface.

Coefficients and scores follow scikit-learn's order of classes, whatever the baseline of the fit. With two
classes the score is the log-odds of ``classes_[1]``; with more there is one score per class, 0 for the
baseline, so that a softmax of the scores gives the probabilities.
"""

from __future__ import annotations

import warnings as python_warnings
from dataclasses import replace
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import exceptions
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from logreg import errors
from logreg.adapters.arrays import (
    are_as_checked,
    array_source,
    formula_of,
    outcome_of,
    plain_formula,
    read_only,
    refusals_as,
    refuse_not_finite,
    response_name,
    surely_finite,
)
from logreg.api import fit as fit_formula
from logreg.api import fit_array
from logreg.data.source import CategoryColumn
from logreg.design.ast import Formula
from logreg.design.spec import WeightKind
from logreg.errors import DataError, LogregWarning, PredictError, SupportError, WeightError
from logreg.fitted import LogisticFit
from logreg.inference.survey import Survey
from logreg.logits import log_sigmoid, log_softmax, sigmoid_pair, softmax

__all__ = ["ConvergenceWarning", "LogisticClassifier", "SeparationWarning"]

FloatArray = NDArray[np.float64]

#: How far separation moves logits: beyond 37 the other side's probability is lost beside 1.
FAR = 40.0


class ConvergenceWarning(errors.ConvergenceWarning, exceptions.ConvergenceWarning):  # type: ignore[misc]
    """The optimum was not certified; scikit-learn's warning of this name too."""


class SeparationWarning(errors.SeparationWarning, exceptions.ConvergenceWarning):  # type: ignore[misc]
    """Some coefficients have no finite estimate; scikit-learn's `ConvergenceWarning` too."""


#: Remarks that concern predictions, and not their errors alone, by kind.
WARNINGS = {warning.__name__: warning for warning in (ConvergenceWarning, SeparationWarning)}


class LogisticClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Logistic regression by maximum likelihood, or with less bias, for two classes or more.

    Parameters
    ----------
    estimator : {"ml", "firth", "flic", "flac", "median"}
        Maximum likelihood without penalty; or finite under separation and less biased in small samples, as in
        `logreg.fit`. These take ``sample_weight`` with ``weight_kind="frequency"`` or "precision".
    covariance : {"model", "HC0", "HC1"}
        Covariance of the coefficients in ``fit_``: inverse information, or the sandwich.
    confidence : float
        Default level of the intervals of ``fit_``.
    max_iterations : int
        Newton iterations allowed.
    baseline : label, optional
        The class that the logits of ``fit_`` are measured against, by default ``classes_[0]``. With more than
        two classes it is also the class of zeros in ``coef_``.
    event : label, optional
        Two classes: the one whose probability ``fit_`` models, by default ``classes_[1]``; ``coef_`` and
        `decision_function` are about ``classes_[1]`` all the same.
    fit_intercept : bool
        Whether the logits have an intercept.
    weight_kind : {"sampling", "precision", "frequency"}
        What ``sample_weight`` measures. Weights multiply the log-likelihood of their rows, so coefficients
        and probabilities are the same for every kind, and a weight of 2 is worth the row given twice, as
        scikit-learn wants it; the standard errors of ``fit_`` are not the same. "sampling": 1 / probability
        of selection; the covariance is the sandwich, and there is no likelihood-based statistic. It is the
        default because it takes no weight for a count of rows. "precision": proportional to 1 / variance,
        rescaled to sum to the number of rows. "frequency": whole numbers of identical rows.

    Attributes
    ----------
    fit_ : LogisticFit
        Standard errors, odds ratios, intervals, reports. It holds no row of the data: predictions from it
        need ``data=``, a frame with the columns ``feature_names_in_``, or ``x0``, ``x1``, ... without names.
    classes_ : array of shape (K,)
        Sorted labels of the rows with a positive weight.
    coef_ : array of shape (1, n_features) or (K, n_features)
        Change of the score per unit of each feature (log-odds): of ``classes_[1]`` for two classes, else of
        each class against the baseline, whose row is 0. Features that are combinations of others have 0.
    intercept_ : array of shape (1,) or (K,)
        Scores where all features are 0 (log-odds).
    n_iter_ : int
        Newton iterations on all rows.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : array of shape (n_features,)
        Names of the features, if all of them are text.

    Notes
    -----
    Remarks of the fit that leave its predictions alone (collinear columns, small classes) are kept in
    ``fit_.remarks`` and not given as warnings. An optimum that was not certified, and classes that can be
    separated, are warned of with `ConvergenceWarning` and `SeparationWarning`, each also scikit-learn's
    `ConvergenceWarning`. Separated classes have infinite estimates in ``fit_``; ``coef_`` is finite then, and
    far enough in their direction for the rows that are fitted perfectly.

    Examples
    --------
    >>> from logreg import LogisticClassifier
    >>> X, y = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]], ["no", "no", "yes", "no", "yes", "yes"]
    >>> model = LogisticClassifier().fit(X, y)
    >>> model.predict([[0.5], [4.5]]).tolist()
    ['no', 'yes']
    >>> model.fit_.odds_ratios(unit={"x0": 2})[["variable", "unit", "odds_ratio"]].round(2)
      variable  unit  odds_ratio
    0       x0   2.0       11.34
    """

    def __init__(
        self,
        *,
        estimator: str = "ml",
        covariance: Any = "model",
        confidence: float = 0.95,
        max_iterations: int = 50,
        baseline: Any = None,
        event: Any = None,
        fit_intercept: bool = True,
        weight_kind: str = "sampling",
    ) -> None:
        self.estimator = estimator
        self.covariance = covariance
        self.confidence = confidence
        self.max_iterations = max_iterations
        self.baseline = baseline
        self.event = event
        self.fit_intercept = fit_intercept
        self.weight_kind = weight_kind

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> LogisticClassifier:
        """Fit the model.

        Parameters
        ----------
        X : array or frame of shape (n, n_features)
            Finite numbers; float64 is used where it lies.
        y : array of shape (n,)
            Labels of at least two classes.
        sample_weight : array of shape (n,), optional
            Multiplies each row's log-likelihood; rows of weight 0 are left out. See ``weight_kind``.

        Returns
        -------
        LogisticClassifier
            The estimator itself.

        Raises
        ------
        OutcomeError
            For fewer than two classes or missing labels; for an event or a baseline that is not a class.
        WeightError
            For weights that are negative or do not suit ``weight_kind``.
        DataError
            For X and y that scikit-learn's checks refuse, and for values that are missing or infinite.
            Types that they do not know are TypeErrors.
        SupportError
            For options that are not there.
        """
        name = getattr(y, "name", None)
        finite = surely_finite(X)
        if finite and are_as_checked(X, y):
            self.n_features_in_ = X.shape[1]
            self.__dict__.pop("feature_names_in_", None)
        else:
            with refusals_as(DataError):
                X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite=False)
            if not finite:
                refuse_not_finite(X, self._feature_names(), DataError)
        labels, outcome = outcome_of(y)
        _check_weight_kind(self.weight_kind)
        weights: FloatArray | None = None
        if sample_weight is not None:
            with refusals_as(WeightError):
                weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        features = self._feature_names()
        response = response_name(name, features)
        options: dict[str, Any] = {
            "event": self.event,
            "baseline": self.baseline,
            "estimator": self.estimator,
            "covariance": self.covariance,
            "confidence": self.confidence,
            "max_iterations": self.max_iterations,
        }
        table = read_only(X)
        source = array_source(table, features, outcome, response)
        # Names of one's own are read, as others would be: they may be hard to write.
        plain = name is None and not hasattr(self, "feature_names_in_")
        formula = (plain_formula if plain else formula_of)(
            response, features, intercept=bool(self.fit_intercept)
        )
        weighted = weights is not None or isinstance(self.covariance, Survey)
        if isinstance(formula, Formula) and table.flags.forc and not weighted:
            fit = fit_array(formula, source, table, outcome, **options)
        else:
            with python_warnings.catch_warnings():
                python_warnings.simplefilter("ignore", LogregWarning)
                fit = fit_formula(
                    formula,
                    source,
                    weights=weights,
                    weight_kind="frequency" if weights is None else self.weight_kind,
                    **options,
                )
            # Without its source the fit holds no training row, and no lock that could not be pickled.
            fit = replace(fit, source=None)
        self.fit_ = fit
        self.n_iter_ = fit.convergence.iterations
        self._set_scores(labels, outcome, _finite_coef(fit, X, weights))
        for remark in fit.remarks:
            if remark.kind in WARNINGS:
                python_warnings.warn(remark.text, WARNINGS[remark.kind], stacklevel=2)
        return self

    def decision_function(self, X: Any) -> FloatArray:
        """Return the scores of each row on the logit (log-odds) scale.

        Returns
        -------
        array of shape (n,) or (n, K)
            Two classes: log-odds of ``classes_[1]``. More: logits against the baseline, whose score is 0.

        Raises
        ------
        PredictError
            Where the scores of a row overflow.
        """
        check_is_fitted(self)
        with refusals_as(PredictError):
            X = validate_data(self, X, dtype=np.float64, reset=False, ensure_all_finite=False)
        refuse_not_finite(X, self._feature_names(), PredictError)
        with np.errstate(over="ignore", invalid="ignore"):
            scores: FloatArray = X @ self.coef_.T + self.intercept_
        undefined = np.isnan(scores).any(axis=1)
        if undefined.any():
            raise PredictError(
                f"the logits of {int(undefined.sum())} rows overflow, first in row "
                f"{int(np.argmax(undefined))}. Rescale the features, here and in the fit."
            )
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row, decided on the logits; shape (n,)."""
        scores = self.decision_function(X)
        chosen = (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)
        labels: NDArray[Any] = self.classes_[chosen]
        return labels

    def predict_proba(self, X: Any) -> FloatArray:
        """Return the probability of each class, columns as ``classes_``; shape (n, K)."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            probability, complement = sigmoid_pair(scores)
            return np.column_stack([complement, probability])
        result: FloatArray = softmax(scores)
        return result

    def predict_log_proba(self, X: Any) -> FloatArray:
        """Return the logarithms of the probabilities, exact where a probability rounds to 0 or 1."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return np.column_stack([log_sigmoid(-scores), log_sigmoid(scores)])
        result: FloatArray = log_softmax(scores)
        return result

    def _feature_names(self) -> list[str]:
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            return [f"x{j}" for j in range(self.n_features_in_)]
        return [str(name) for name in names]

    def _set_scores(self, labels: NDArray[Any], outcome: CategoryColumn, coef: FloatArray) -> None:
        """Put coefficients (m, p) into scikit-learn's order of classes."""
        spec = self.fit_.spec
        # Classes whose rows all have weight 0 are not among the levels.
        positions = [outcome.levels.index(level) for level in spec.outcome.levels]
        present = np.sort(positions)
        self.classes_ = labels[present]
        scores = np.zeros((len(present), self.n_features_in_ + 1))
        rows = np.searchsorted(present, positions[1:])
        scores[rows, int(not spec.intercept) :] = coef
        if len(present) == 2:
            scores = scores[1:] - scores[:1]
        self.coef_, self.intercept_ = scores[:, 1:].copy(), scores[:, 0].copy()


def _finite_coef(fit: LogisticFit, X: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Return coefficients (m, p) for predictions: those of the fit, under separation near their limit.

    The likelihood then grows for ever along a direction, one step of which moves the observed class of a row
    that is fitted perfectly at least 1 away from each other class. The point is so many steps along it that
    all of these end `FAR` apart, wherever the finite part of the coefficients has put them.
    """
    if fit.separation.direction is None:
        return fit.filled_coef
    used = X if weights is None else X[weights > 0]
    coef, first = fit.filled_coef, int(fit.spec.intercept)
    largest = float(np.abs(used @ coef[:, first:].T + (coef[:, 0] if first else 0.0)).max())
    point: FloatArray = coef + (FAR + 2.0 * largest) * np.asarray(fit.separation.direction)
    return point


def _check_weight_kind(kind: object) -> None:
    known = get_args(WeightKind)
    if kind not in known:
        raise SupportError(f"weight_kind={kind!r} is not supported; use {' or '.join(map(repr, known))}.")
