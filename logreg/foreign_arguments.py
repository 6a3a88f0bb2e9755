"""Arguments that `logreg.fit` does not have, answered with the one that does what was meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import ParamSpec, TypeVar

from logreg.errors import did_you_mean

__all__ = ["explains_unknown_arguments"]

P = ParamSpec("P")
R = TypeVar("R")

#: What other packages call it: R's glm, statsmodels, scikit-learn, Stata, SAS.
FOREIGN: Mapping[str, str] = MappingProxyType(
    {
        "freq_weights": "weights='column' with weight_kind='frequency'",
        "fweights": "weights='column' with weight_kind='frequency'",
        "fweight": "weights='column' with weight_kind='frequency'",
        "pweight": "weights='column' with weight_kind='sampling'",
        "var_weights": "weights='column' with weight_kind='precision'",
        "aweight": "weights='column' with weight_kind='precision'",
        "sample_weight": "weights='column', and weight_kind= says what they mean",
        "n_trials": "cbind(success, failure) on the left side of the formula",
        "trials": "cbind(success, failure) on the left side of the formula",
        "cov_type": "covariance='HC1', or logreg.cluster('column')",
        "cov_kwds": "covariance=logreg.cluster('column')",
        "vce": "covariance='HC1', or logreg.cluster('column')",
        "cluster": "covariance=logreg.cluster('column')",
        "exposure": "offset=, which is added to the logits",
        "alpha": "confidence=0.95 for intervals (there is no penalty to choose)",
        "level": "confidence=0.95",
        "conf_level": "confidence=0.95",
        "maxiter": "max_iterations=",
        "max_iter": "max_iterations=",
        "na_action": "missing='drop' or missing='raise'",
        "reference": "baseline= for the outcome, C(x, Treatment('level')) for a factor",
        "ref": "baseline= for the outcome, C(x, Treatment('level')) for a factor",
        "positive": "event=",
        "method": "estimator=",
        "penalty": "estimator='firth' for finite estimates under separation; there is no ridge or lasso",
        "family": "nothing: every fit is a logistic regression of two or more outcomes",
    }
)


def explains_unknown_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function with a TypeError that says which argument was meant.

    Examples
    --------
    >>> @explains_unknown_arguments
    ... def fit(*, weights=None): ...
    >>> fit(weigths="n")
    Traceback (most recent call last):
    TypeError: fit() has no argument 'weigths'. Did you mean 'weights'? Arguments are: weights.
    """
    code = function.__code__
    known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in known:
                nearest = did_you_mean(name, (*known, *FOREIGN))
                said = FOREIGN.get(name) or next((FOREIGN[f] for f in FOREIGN if repr(f) in nearest), "")
                hint = f" Here it is {said}." if said else nearest
                raise TypeError(
                    f"{code.co_name}() has no argument {name!r}.{hint} Arguments are: {', '.join(known)}."
                )
        return function(*args, **kwargs)

    return checked
