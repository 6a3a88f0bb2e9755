"""The estimators by name: what each maximises or solves, and what can be said with it."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from logreg.design.spec import DesignSpec
from logreg.errors import SupportError, did_you_mean
from logreg.inference.estimate import LogisticEstimate

__all__ = [
    "ESTIMATORS",
    "check_design",
    "check_estimator",
    "penalised_loglik",
    "require_likelihood",
    "require_maximum",
]

#: What each estimator is, by name.
ESTIMATORS = MappingProxyType(
    {
        "ml": "maximum likelihood",
        "firth": "Firth's bias-reducing penalised likelihood (Jeffreys' penalty on the information)",
        "flic": "Firth's bias-reducing penalised likelihood with the intercept re-estimated by maximum "
        "likelihood (FLIC)",
        "flac": "Firth's bias-reducing penalised likelihood with pseudo-observations told apart by an added "
        "covariate (FLAC)",
        "median": "median bias reduction (Kenne Pagui, Salvan and Sartori)",
    }
)


def check_estimator(estimator: object, *, weight_kind: str, covariance: str) -> str:
    """Return the name of an estimator, valid with these weights and this covariance.

    Raises
    ------
    SupportError
        For an unknown name, and for a bias-reducing estimator with sampling weights or a robust covariance.
    """
    if not isinstance(estimator, str) or estimator not in ESTIMATORS:
        hint = did_you_mean(estimator, list(ESTIMATORS)) if isinstance(estimator, str) else ""
        raise SupportError(
            f"estimator={estimator!r} is not supported;{hint} the estimators at hand are "
            f"{', '.join(map(repr, ESTIMATORS))}."
        )
    if estimator == "ml":
        return estimator
    if weight_kind == "sampling":
        raise SupportError(
            f"estimator={estimator!r} reduces bias by the information of independent rows, which sampling "
            "weights do not measure. Use estimator='ml', or say by weight_kind= that they are counts or "
            "precisions."
        )
    if covariance != "model":
        raise SupportError(
            f"estimator={estimator!r} comes with covariance='model'; for {covariance!r} use estimator='ml'."
        )
    return estimator


def check_design(estimator: str, spec: DesignSpec) -> None:
    """Refuse a design that an estimator is not defined for.

    Raises
    ------
    SupportError
        "flac" and "median" take two outcomes; "flic" and "flac" take an intercept.
    """
    if estimator in ("flac", "median") and not spec.outcome.is_binary:
        why = (
            "its pseudo-observations are an event and a non-event"
            if estimator == "flac"
            else "its estimates would depend on the choice of the baseline"
        )
        other = "'firth' or 'flic'" if estimator == "flac" else "'firth'"
        raise SupportError(
            f"estimator={estimator!r} is for two outcomes ({why}), and {spec.outcome.label!r} has "
            f"{len(spec.outcome.names)}. Use estimator={other}."
        )
    if estimator in ("flic", "flac") and not spec.intercept:
        raise SupportError(
            f"estimator={estimator!r} corrects the intercept, and the model has none. Keep the intercept, or "
            "use estimator='firth'."
        )


def require_likelihood(fit: LogisticEstimate, what: str) -> None:
    """Refuse what needs a likelihood whose maximum the estimate is: the penalised one counts.

    Raises
    ------
    SupportError
        Under sampling weights, and for "flic", "flac" and "median".
    """
    if not fit.has_likelihood:
        raise SupportError(
            f"{what} needs a likelihood, and sampling weights have none. Use Wald tests and intervals."
        )
    if fit.options.estimator not in ("ml", "firth"):
        raise SupportError(
            f"{what} needs a likelihood, and the estimates of estimator={fit.options.estimator!r} maximise "
            "none. Use Wald tests and intervals, or estimator='firth'."
        )


def require_maximum(fit: LogisticEstimate, what: str) -> None:
    """Refuse for bias-reduced estimates what compares or repeats maximum likelihood.

    Raises
    ------
    SupportError
        Unless the estimator is "ml".
    """
    if fit.options.estimator != "ml":
        raise SupportError(
            f"{what} is about maximum likelihood, and this fit has estimator={fit.options.estimator!r}. Fit "
            "the model with estimator='ml'."
        )


def penalised_loglik(fit: LogisticEstimate) -> float:
    """Return the log-likelihood with Jeffreys' penalty ``log|I| / 2`` at the estimate; NaN if that is not
    Firth's.

    I is the information of the estimated coefficients in the design's own columns: the value depends on their
    units, differences between estimates of the same columns do not. NaN for other estimators, since their
    covariance is not the inverse of I or nothing is penalised.

    Examples
    --------
    One event in four rows: Firth's estimate of its probability is (1 + 1/2) / (4 + 1) = 0.3.

    >>> import math, logreg
    >>> fit = logreg.fit("y ~ 1", {"y": [0, 0, 0, 1]}, estimator="firth")
    >>> math.isclose(fit.penalised_loglik, math.log(0.3 * 0.7**3) + math.log(4 * 0.3 * 0.7) / 2)
    True
    """
    if fit.options.estimator != "firth":
        return float("nan")
    kept = fit.estimated.ravel()
    vcov = fit.logit_vcov[np.ix_(kept, kept)]
    scale = np.sqrt(np.diagonal(vcov))
    # Centring columns does not change the determinant, and the centred covariance keeps its digits.
    half = 0.5 * float(np.linalg.slogdet(vcov / np.outer(scale, scale))[1]) + float(np.log(scale).sum())
    return fit.loglik - half
