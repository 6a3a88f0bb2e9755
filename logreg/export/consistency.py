"""What must hold between the fields of a model file: a forged one is refused by the field at fault."""

from __future__ import annotations

from typing import get_args

import numpy as np
from numpy.typing import NDArray

from logreg import errors
from logreg.engine.types import Status
from logreg.errors import LogregWarning
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.estimators import ESTIMATORS
from logreg.strict_json import refuse

__all__ = ["require_consistent"]

#: Coefficients of columns that doubles can square are smaller, and so are the sizes of such columns.
LARGEST_COEFFICIENT = 1e160

#: Sums that were added in another order agree to this relative difference.
SUM_TOLERANCE = 1e-9

#: Covariances are symmetric to this share of the standard errors' product.
SYMMETRY_TOLERANCE = 1e-6


def _require_separation(estimate: LogisticEstimate) -> None:
    """Refuse a direction of separation that is not that of the infinite coefficients."""
    direction, coef = estimate.separation.direction, estimate.coef_array
    infinite = np.isinf(coef)
    if direction is None:
        if infinite.any():
            refuse("separation.direction", "is null, but there are infinite coefficients")
    elif [len(row) for row in direction] != [coef.shape[1]] * len(coef):
        refuse("separation.direction", f"is not a table of {len(coef)} by {coef.shape[1]} numbers")
    elif not (np.sign(direction) == np.where(infinite, np.sign(coef), 0.0)).all():
        refuse("separation.direction", "does not point to the coefficients that are infinite")
    undetermined = estimate.separation.undetermined
    if undetermined is not None and direction is None:
        refuse("separation.undetermined", "is there without a direction of separation")
    for k, change in enumerate(undetermined or ()):
        if [len(row) for row in change] != [coef.shape[1]] * len(coef):
            field = f"separation.undetermined[{k}]"
            refuse(field, f"is not a table of {len(coef)} by {coef.shape[1]} numbers")
        if not 0.0 < np.abs(change).max() <= LARGEST_COEFFICIENT:
            refuse(f"separation.undetermined[{k}]", f"is 0 throughout, or beyond {LARGEST_COEFFICIENT:g}")
    outcomes, names = estimate.spec.outcome.modelled, estimate.spec.column_names
    places = [(outcomes[j], names[k], float(np.sign(coef[j, k]))) for j, k in np.argwhere(infinite)]
    if list(estimate.separation.infinite) != places:
        refuse("separation.infinite", "does not list the coefficients that are infinite")


def require_consistent(estimate: LogisticEstimate) -> None:
    """Refuse fields that are sound alone and contradict each other.

    Raises
    ------
    LoadError
        Naming the field.
    """
    names, outcomes = estimate.spec.column_names, estimate.spec.outcome.names
    aliased = [name for name, _ in estimate.aliases]
    for name in [*aliased, *(part for _, shares in estimate.aliases for part, _ in shares)]:
        if name not in names:
            refuse("aliases", f"names {name!r}, which is not a design column")
    estimated = dict(zip(names, estimate.estimated.T.tolist(), strict=True))
    for name, each in estimated.items():
        # Besides aliased columns, only the limit of a separated model leaves coefficients open.
        if any(each) if name in aliased else not (all(each) or estimate.separation.direction is not None):
            refuse("coefficients", f"is null or a number for {name!r}, against the aliased columns {aliased}")
    _require_separation(estimate)
    if estimate.sample.outcomes != outcomes:
        refuse("sample.outcomes", f"is {list(estimate.sample.outcomes)}, not {list(outcomes)}")
    for name in ("rows", "weight"):
        if len(getattr(estimate.sample, name)) != len(outcomes):
            refuse(f"sample.{name}", f"does not have one number for each of {len(outcomes)} outcomes")
    if estimate.n_rows != estimate.sample.rows_used:
        refuse("n_rows", f"is {estimate.n_rows}, but sample.rows_used is {estimate.sample.rows_used}")
    probability = estimate.row_sums.probability
    if [len(row) for row in probability] != [len(outcomes)] * len(outcomes):
        refuse("row_sums.probability", f"is not a table of {len(outcomes)} by {len(outcomes)} numbers")
    # Cauchy's inequality: the square of a sum is at most the sum of squares times the sum of weights.
    sums, total = estimate.row_sums, sum(estimate.sample.weight)
    if sums.logit * (sums.logit / total) > sums.logit_squared * (1.0 + SUM_TOLERANCE):
        refuse("row_sums.logit", "is too large beside row_sums.logit_squared")
    if not estimate.reference_df > 0.0:
        refuse("reference_df", f"is {estimate.reference_df}, not a positive number of degrees of freedom")
    _require_numbers(estimate)
    if estimate.options.estimator not in ESTIMATORS:
        refuse("options.estimator", f"is {estimate.options.estimator!r}, not one of {', '.join(ESTIMATORS)}")
    if not 0.0 < estimate.options.confidence < 1.0:
        refuse("options.confidence", f"is {estimate.options.confidence}, not a level between 0 and 1")
    if estimate.convergence.status not in get_args(Status):
        refuse(
            "convergence.status",
            f"is {estimate.convergence.status!r}, not one of {', '.join(get_args(Status))}",
        )
    for k, remark in enumerate(estimate.remarks):
        kind = getattr(errors, remark.kind, None) if remark.kind in errors.__all__ else None
        if not (isinstance(kind, type) and issubclass(kind, LogregWarning)):
            refuse(f"remarks[{k}].kind", f"is {remark.kind!r}, not a warning of logreg")


def _require_numbers(estimate: LogisticEstimate) -> None:
    """Refuse numbers that no fit gives."""
    coef = estimate.coef_array
    if (np.abs(coef[np.isfinite(coef)]) > LARGEST_COEFFICIENT).any():
        refuse("coefficients", f"holds numbers beyond {LARGEST_COEFFICIENT:g}")
    if (np.abs(estimate.limit_coef) > LARGEST_COEFFICIENT).any():
        refuse("limit_coefficients", f"holds numbers beyond {LARGEST_COEFFICIENT:g}")
    # Sandwiches of several clusterings need not be positive, and say so in a remark.
    positive = estimate.options.covariance == "model"
    _require_covariance(estimate.vcov_array, "covariance", positive=positive)
    if estimate.centred is not None:
        _require_covariance(estimate.centred.vcov, "centred.covariance", positive=positive)
    for name in ("loglik", "loglik_null"):
        # A log-likelihood of outcomes is the logarithm of a probability; rounding may leave it at zero.
        if getattr(estimate, name) > 0.0:
            refuse(name, f"is {getattr(estimate, name)}, and a log-likelihood is not above 0")
    for name in ("rows", "weight"):
        if not min(getattr(estimate.sample, name)) > 0.0:
            refuse(f"sample.{name}", "holds an outcome that does not occur")
    sums = {"sum_weights": sum(estimate.sample.weight)}
    frequencies = estimate.spec.weight_kind == "frequency"
    sums["n_trials"] = sums["sum_weights"] if frequencies else sum(estimate.sample.rows)
    for name, expected in sums.items():
        value = getattr(estimate, name)
        if not (np.isfinite(expected) and abs(value - expected) <= SUM_TOLERANCE * expected):
            refuse(name, f"is {value}, but the outcomes in sample add up to {expected}")


def _require_covariance(vcov: NDArray[np.float64], field: str, *, positive: bool) -> None:
    variances = np.diagonal(vcov)
    if np.isinf(vcov).any() or (positive and (variances < 0.0).any()):
        refuse(field, "holds an infinite number or a negative variance")
    with np.errstate(invalid="ignore", over="ignore"):
        deviations = np.sqrt(np.abs(variances))
        size = np.outer(deviations, deviations)
        apart = np.abs(vcov - vcov.T) > SYMMETRY_TOLERANCE * size
        beyond = np.abs(vcov) > (1.0 + SYMMETRY_TOLERANCE) * size
    if apart.any() or (positive and beyond.any()) or (np.isnan(vcov) != np.isnan(vcov.T)).any():
        refuse(field, "is not symmetric with correlations between -1 and 1")
