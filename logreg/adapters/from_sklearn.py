"""scikit-learn's LogisticRegression as a `LogisticFit`: binary and multinomial, with a penalty or without."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from logreg.adapters.adopted import Theirs, adopt, quiet_fit, row_sums_of, warn_of
from logreg.adapters.arrays import formula_of, response_name
from logreg.adapters.penalised import NO_ERRORS, PENALISED, PenalisedFit
from logreg.engine.types import FloatArray
from logreg.errors import DataError, OutcomeError, SupportError
from logreg.fitted import LogisticFit
from logreg.inference.estimate import FITTED_BY, Convergence, LogisticEstimate, Remark, Separation
from logreg.passes.sums import objective_of, probability_sums

__all__ = ["from_sklearn"]

#: Transformers that shift and scale each column: a model of their output is one of their input.
SCALERS = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler")


def from_sklearn(estimator: Any, X: Any, y: Any, *, sample_weight: Any = None) -> LogisticFit:
    """Return a fitted LogisticRegression of scikit-learn, with the rows it was fitted to, as a `LogisticFit`.

    scikit-learn gives every class of a multinomial model coefficients of its own that add up to zero; they
    are told against a baseline here, ``b_k - b_0`` with class 0 the first of ``classes_``. Odds ratios and
    probabilities are the same.

    Parameters
    ----------
    estimator : LogisticRegression, LogisticRegressionCV, or a Pipeline that ends in one
        Fitted. Scalers (StandardScaler, MinMaxScaler, MaxAbsScaler) before it are undone, so that
        coefficients are per unit of the columns of X; after other steps the columns are those that reach the
        regression, named by ``get_feature_names_out``.
    X : array or frame of shape (n, n_features)
        What the estimator was fitted to.
    y : array of shape (n,)
        Labels.
    sample_weight : array of shape (n,), optional
        As given to ``fit``; with ``class_weight`` the product enters. They are taken for sampling weights.

    Returns
    -------
    LogisticFit
        With the coefficients as they are. Without a penalty its covariance is the inverse information (the
        sandwich under weights), and ``convergence`` says how far from the optimum the solver stopped. With a
        penalty it is a `PenalisedFit`: every standard error, limit and p-value is NaN, and tests raise
        SupportError.

    Raises
    ------
    SupportError
        For other estimators.
    DataError, OutcomeError
        For rows that are not those of the estimator.

    Warns
    -----
    LogregWarning
        What `logreg.fit` says about these data; that the fit is penalised; that it is not at the optimum.

    Examples
    --------
    >>> import logreg
    >>> from sklearn.linear_model import LogisticRegression
    >>> pima = logreg.datasets.load("pima")
    >>> X, y = pima[["glu", "bmi"]], pima["type"]
    >>> fit = logreg.from_sklearn(LogisticRegression(C=float("inf"), tol=1e-10).fit(X, y), X, y)
    >>> fit.odds_ratios(unit={"glu": 10})[["variable", "odds_ratio", "conf_low", "conf_high"]].round(2)
      variable  odds_ratio  conf_low  conf_high
    0      glu        1.46      1.35       1.58
    1      bmi        1.08      1.05       1.12
    """
    steps, final = _steps(estimator)
    if hasattr(final, "fit_") and isinstance(final.fit_, LogisticFit):
        raise SupportError("a LogisticClassifier holds its LogisticFit already: take estimator.fit_.")
    _check(final)
    design = _design_of(steps, final, X)
    labels = np.asarray(y)
    data, formula = _table(final, design, labels, y)
    weights = _weights(final, labels, sample_weight)
    options: dict[str, Any] = {} if weights is None else {"weights": weights, "weight_kind": "sampling"}
    own = quiet_fit(formula, data, **options)
    if len(own.spec.outcome.levels) != len(final.classes_) or own.n_rows != len(data):
        raise OutcomeError(
            f"y lacks the class {_lacking(final, own)} that the estimator knows, or rows without a value or "
            "weight were left out. Give the rows it was fitted to."
        )
    coef = _coefficients(final, design)
    if _is_penalised(final):
        fit: LogisticFit = _penalised(own, coef, final)
    else:
        covariance = own.options.covariance
        fit = adopt(own, Theirs(package=_package(), coef=coef, covariance=covariance))
    warn_of(fit, stacklevel=2)
    return fit


def _package() -> str:
    import sklearn

    return f"scikit-learn {sklearn.__version__}"


def _steps(estimator: Any) -> tuple[list[Any], Any]:
    """Return the steps before the regression and the regression."""
    if hasattr(estimator, "steps") and hasattr(estimator, "named_steps"):
        found = [step for _, step in estimator.steps if step is not None and not isinstance(step, str)]
        return found[:-1], found[-1]
    return [], estimator


def _check(final: Any) -> None:
    name = type(final).__name__
    known = any(c.__name__ in ("LogisticRegression", "LogisticRegressionCV") for c in type(final).__mro__)
    if not known:
        raise SupportError(
            f"from_sklearn takes LogisticRegression, LogisticRegressionCV or a Pipeline that ends in one, "
            f"not {name}."
        )
    if not hasattr(final, "coef_"):
        raise SupportError("the estimator is not fitted: call its fit(X, y) first.")
    k = len(final.classes_)
    if final.coef_.shape[0] != (1 if k == 2 else k):
        raise SupportError(
            f"the estimator has {final.coef_.shape[0]} rows of coefficients for {k} classes: it is no "
            "multinomial model."
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Design:
    """The columns that coefficients are told for, with ``x_model = (x - shift) / scale``."""

    values: FloatArray
    names: tuple[str, ...]
    shift: FloatArray
    scale: FloatArray
    index: pd.Index[Any] | None


def _design_of(steps: list[Any], final: Any, X: Any) -> _Design:
    index = X.index if isinstance(X, pd.DataFrame) else None
    first = next((step for step in (*steps, final) if hasattr(step, "n_features_in_")), final)
    width = len(X.columns) if isinstance(X, pd.DataFrame) else np.shape(X)[1] if np.ndim(X) == 2 else None
    if width != first.n_features_in_:
        raise DataError(
            f"X has {width} columns, but the estimator was fitted to {first.n_features_in_}. Give the X it "
            "was fitted to."
        )
    scalers: list[Any] = []
    rest = list(steps)
    while rest and type(rest[-1]).__name__ in SCALERS and not getattr(rest[-1], "clip", False):
        scalers.append(rest.pop())
    values = X
    for step in rest:
        values = step.transform(values)
    names = _names(values, rest, final, X)
    if hasattr(values, "toarray"):
        values = values.toarray()
    array = np.asarray(values)
    try:
        array = np.array(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("X holds what is not a number, in columns that reach the regression.") from None
    if not np.isfinite(array).all():
        row, column = map(int, np.argwhere(~np.isfinite(array))[0])
        raise DataError(f"X has a missing or infinite value in row {row}, column {names[column]!r}.")
    shift, scale = np.zeros(array.shape[1]), np.ones(array.shape[1])
    for scaler in reversed(scalers):
        # x'' = (x' - a) / b with x' = (x - shift) / scale is (x - (shift + scale a)) / (scale b).
        a, b = _shift_and_scale(scaler, array.shape[1])
        shift, scale = shift + scale * a, scale * b
    return _Design(values=array, names=names, shift=shift, scale=scale, index=index)


def _names(values: Any, rest: list[Any], final: Any, X: Any) -> tuple[str, ...]:
    """Return what the columns are called: by the frame, by the step that made them, or x0, x1, ..."""
    if hasattr(values, "columns"):
        return tuple(map(str, values.columns))
    if rest:
        given = [str(name) for name in X.columns] if isinstance(X, pd.DataFrame) else None
        head = given
        try:
            for step in rest:
                head = list(step.get_feature_names_out(head))
        except (AttributeError, ValueError):
            head = None
        if head is not None:
            return tuple(map(str, head))
    named = getattr(final, "feature_names_in_", None)
    width = final.n_features_in_
    return tuple(map(str, named)) if named is not None else tuple(f"x{j}" for j in range(width))


def _shift_and_scale(scaler: Any, width: int) -> tuple[FloatArray, FloatArray]:
    name, one = type(scaler).__name__, np.ones(width)
    if name == "StandardScaler":
        shift = 0.0 * one if getattr(scaler, "mean_", None) is None or not scaler.with_mean else scaler.mean_
        return shift, one if scaler.scale_ is None else scaler.scale_
    if name == "MinMaxScaler":  # x scale_ + min_
        return -scaler.min_ / scaler.scale_, 1.0 / scaler.scale_
    return 0.0 * one, scaler.scale_


def _table(final: Any, design: _Design, labels: NDArray[Any], y: Any) -> tuple[pd.DataFrame, str]:
    classes = final.classes_
    unknown = [label for label in pd.unique(labels) if label not in classes]
    if len(labels) != len(design.values) or unknown:
        what = f"holds {unknown[0]!r}, which is not" if unknown else f"has {len(labels)} labels, not one for"
        which = f"one of classes_: {classes.tolist()}" if unknown else f"each of {len(design.values)} rows"
        raise OutcomeError(f"y {what} {which}.")
    response = response_name(getattr(y, "name", None), design.names)
    table = pd.DataFrame(design.values, columns=list(design.names), index=design.index)
    codes = np.searchsorted(classes, labels)
    table[response] = pd.Categorical.from_codes(codes, classes.tolist())
    intercept = bool(final.fit_intercept)
    return table, formula_of(response, design.names, intercept=intercept)


def _weights(final: Any, labels: NDArray[Any], sample_weight: Any) -> FloatArray | None:
    """Return the product of sample weights and class weights, None where there are neither."""
    if final.class_weight is None and sample_weight is None:
        return None
    from sklearn.utils import compute_sample_weight

    weights = np.ones(len(labels)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (len(labels),):
        raise DataError(f"sample_weight has shape {weights.shape}, not one number for each row.")
    if final.class_weight is not None:
        weights = weights * compute_sample_weight(final.class_weight, labels)
    return weights


def _is_penalised(final: Any) -> bool:
    """Tell whether the estimator was asked for a penalty: C is the inverse of its strength."""
    strength = getattr(final, "C_", None) if hasattr(final, "C_") else getattr(final, "C", 1.0)
    endless = bool(np.all(np.isinf(np.asarray(strength, dtype=np.float64))))
    return not (endless or getattr(final, "penalty", "deprecated") in (None, "none"))


def _coefficients(final: Any, design: _Design) -> FloatArray:
    """Return coefficients (m, p) against the first class, per unit of the design's own columns."""
    slopes = np.asarray(final.coef_, dtype=np.float64)
    intercepts = np.broadcast_to(np.asarray(final.intercept_, dtype=np.float64), (len(slopes),))
    if len(final.classes_) > 2:
        slopes, intercepts = slopes[1:] - slopes[:1], intercepts[1:] - intercepts[:1]
    slopes = slopes / design.scale
    intercepts = intercepts - slopes @ design.shift
    if not final.fit_intercept:
        if design.shift.any():
            raise SupportError(
                "fit_intercept=False after a scaler that shifts columns is a model with constants that the "
                "columns of X cannot express. Scale without centring, or fit an intercept."
            )
        return np.ascontiguousarray(slopes)
    return np.column_stack([intercepts, slopes])


def _lacking(final: Any, own: LogisticFit) -> str:
    known = set(own.spec.outcome.names)
    return ", ".join(repr(label) for label in final.classes_.tolist() if str(label) not in known) or "(none)"


def _penalised(own: LogisticFit, coef: FloatArray, final: Any) -> PenalisedFit:
    """Return the estimate at penalised coefficients: everything about the rows is that of our fit."""
    blocks = own._rows.training("taking over estimates").blocks
    loglik = _loglik(own, coef)
    nothing = np.full_like(own.vcov_array, np.nan)
    kept = [r for r in own.remarks if r.kind in ("MissingDataWarning", "DataWarning")]
    strength = getattr(final, "C_", None) if hasattr(final, "C_") else getattr(final, "C", None)
    setting = "a penalty" if strength is None else f"C={float(np.ravel(strength)[0]):g}"
    values: dict[str, Any] = {f.name: getattr(own, f.name) for f in fields(LogisticEstimate)}
    values |= {
        "coef_array": coef,
        "limit_coef": coef,
        "vcov_array": nothing,
        "centred": None,
        # A penalty keeps separated coefficients finite.
        "separation": Separation(
            verdict=own.separation.verdict, infinite=(), direction=None, rows=own.separation.rows
        ),
        "aliases": (),
        "loglik": loglik,
        "options": replace(own.options, estimator=PENALISED, covariance="model"),
        "convergence": Convergence(
            status="max_iterations" if np.max(final.n_iter_) >= final.max_iter else "converged",
            iterations=int(np.max(final.n_iter_)),
            passes=int(np.max(final.n_iter_)),
            newton_decrement=np.nan,
            max_abs_score=np.nan,
            condition_number=np.nan,
            trace=(),
        ),
        "row_sums": row_sums_of(own, blocks, coef),
        "reference_df": np.inf,
        "remarks": (
            *kept,
            Remark(
                kind="DataWarning",
                text=f"estimated by {_package()} with a penalty ({setting}): {NO_ERRORS}. Standard errors, "
                "intervals, tests and criteria are left out.",
            ),
        ),
        "provenance": {**own.provenance, FITTED_BY: _package()},
    }
    return PenalisedFit(**values, source=own.source)


def _loglik(own: LogisticFit, coef: FloatArray) -> float:
    """Return the log-likelihood at coefficients (m, p), in the user's weights."""
    blocks = own._rows.training("taking over estimates").blocks
    # The blocks hold weights of mean 1; the sums of probabilities add up to the same total.
    probability, _ = probability_sums(blocks, coef)
    scale = float(np.sum(own.sample.weight)) / float(probability.sum())
    return objective_of(blocks)(coef, 0).loglik * scale
