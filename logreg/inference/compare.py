"""Whole models side by side: nested ones by likelihood-ratio tests, others by criteria and Vuong's test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from logreg.errors import SupportError
from logreg.inference.comparable import Pairing, is_nested, order_of_outcomes, require_comparable, size_of
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.nested import likelihood_ratio
from logreg.inference.normal import two_sided_p_value
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compare", "vuong"]

FloatArray = NDArray[np.float64]

#: Differences of log-probabilities that vary by less than this are rounding.
INDISTINGUISHABLE = 1e-9


def compare(fits: Sequence[LogisticEstimate], pair: Pairing) -> pd.DataFrame:
    """Return the models in order of size, each tested against a smaller one.

    Parameters
    ----------
    fits : sequence of LogisticEstimate
        Two or more, of the same outcome on the same rows.
    pair : callable
        Puts the rows of two fits side by side.

    Returns
    -------
    DataFrame
        ``model, n_rows, n_coef, loglik, aic, bic, aic_weight, test, versus, df, statistic, p_value, reason``:
        one row per model, fewest coefficients first. ``aic_weight`` is ``exp(-(aic - smallest) / 2)`` over
        the sum of all (Burnham and Anderson 2002, *Model Selection*, 2.9). ``test`` is "LR" where a model
        above is nested in this one (``versus``, the largest of them), from the likelihood whatever the
        covariance of the fits; else "Vuong" against the one above, the plain statistic being positive where
        this model is the closer one (`vuong` has the corrected statistics).

    Raises
    ------
    DataError
        If the models are not about the same rows, with the counts and the columns that differ.
    SupportError
        For one model alone, for something that is not a fit, for different outcomes, and under sampling
        weights.

    Notes
    -----
    A model is nested if its columns, and its offset less the other's, are combinations of the other's columns
    on every row, by the formulas or else by the rows: ``dose`` is nested in ``C(dose)``.

    Examples
    --------
    >>> import logreg
    >>> data = logreg.datasets.load("birthwt")
    >>> small, large = (logreg.fit(f"low ~ {right}", data) for right in ("age", "age + race"))
    >>> print(large.compare(small).round(3)[["model", "aic", "df", "statistic"]].to_string(index=False))
               model     aic  df  statistic
           low ~ age 235.912 NaN        NaN
    low ~ age + race 236.128 2.0      3.784
    """
    fits = require_comparable(fits, pair)
    fits = sorted(fits, key=size_of)
    found = [_against(fit, fits[:k], pair) for k, fit in enumerate(fits)]
    aic = np.array([fit.aic for fit in fits])
    weight = np.exp(-(aic - aic.min()) / 2.0)
    result = table(
        {
            "model": [fit.spec.formula for fit in fits],
            "n_rows": [fit.n_rows for fit in fits],
            "n_coef": [fit.n_coef for fit in fits],
            "loglik": [fit.loglik for fit in fits],
            "aic": aic,
            "bic": [fit.bic for fit in fits],
            "aic_weight": weight / weight.sum(),
            "test": np.array([one.test for one in found], dtype=object),
            "versus": np.array([one.versus for one in found], dtype=object),
            "df": [one.df for one in found],
            "statistic": [one.statistic for one in found],
            "p_value": [one.p_value for one in found],
            "reason": np.array([one.reason for one in found], dtype=object),
        }
    )
    result.attrs["note"] = (
        "each model against the largest one above it that is nested in it, by the likelihood ratio, whatever "
        "the covariance of the fits; if there is none, against the one above it by Vuong's test without "
        "correction for size, which takes for granted that the two do not fit every row alike"
    )
    return result


def vuong(first: LogisticEstimate, second: LogisticEstimate, pair: Pairing) -> pd.DataFrame:
    """Return Vuong's test of two models of which neither is nested in the other.

    With ``d`` the difference of the log-probabilities of what happened, over n trials, the statistic is
    ``(sum of d - c) / (sqrt(n) sd(d))``, standard normal if both are equally close to the truth (Vuong 1989,
    *Econometrica* 57, 5.6 and 5.14; sd with n - 1 as in pscl's ``vuong``). The correction c for the numbers
    of coefficients k is 0, ``k1 - k2`` (AIC) or ``(k1 - k2) log(n) / 2`` (BIC).

    Parameters
    ----------
    first, second : LogisticEstimate
    pair : callable
        Puts the rows of both side by side.

    Returns
    -------
    DataFrame
        ``correction, statistic, p_value, favours, reason``; two-sided p-values; ``favours`` is the formula of
        the model that the sign speaks for. The test supposes that the two differ in some rows: where they
        may be alike in the population (both reduce to the same model), that has to be rejected first
        (Vuong's variance test), which is not done here.

    Raises
    ------
    SupportError
        For nested models, which `compare` tests, and for what `compare` refuses.

    Examples
    --------
    >>> import logreg
    >>> data = logreg.datasets.load("birthwt")
    >>> one, other = (logreg.fit(f"low ~ {right}", data) for right in ("age + lwt", "race + smoke"))
    >>> print(one.vuong(other).round(3)[["correction", "statistic", "p_value"]].to_string(index=False))
    correction  statistic  p_value
          none     -0.831    0.406
           AIC     -0.599    0.549
           BIC     -0.222    0.824
    """
    require_comparable((first, second), pair)
    by_size = sorted((first, second), key=size_of)
    if is_nested(by_size[1], by_size[0], pair):
        raise SupportError(
            f"{by_size[0].spec.formula!r} is nested in {by_size[1].spec.formula!r}: compare() gives the "
            "likelihood-ratio test, and Vuong's test does not apply."
        )
    found = _vuong(first, second, pair)
    difference = [first.loglik - second.loglik - c for c in found.corrections]
    names = [first.spec.formula, second.spec.formula]
    result = table(
        {
            "correction": ["none", "AIC", "BIC"],
            "statistic": found.statistics,
            "p_value": two_sided_p_value(np.array(found.statistics)),
            "favours": np.array(
                [None if found.reason or d == 0.0 else names[int(d < 0.0)] for d in difference], dtype=object
            ),
            "reason": np.array([found.reason] * 3, dtype=object),
        }
    )
    result.attrs["note"] = "supposes that the two models do not fit every row alike (Vuong's variance test)"
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Against:
    """The test of a model against another: which, against what, and what came of it."""

    test: str | None = None
    versus: str | None = None
    df: float = np.nan
    statistic: float = np.nan
    p_value: float = np.nan
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Vuong:
    statistics: list[float]
    corrections: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    reason: str | None = None


def _against(fit: LogisticEstimate, smaller: Sequence[LogisticEstimate], pair: Pairing) -> _Against:
    """Return the test of a model against the largest nested one, or else the largest of the others."""
    if not smaller:
        return _Against()
    unknown = False
    for other in reversed(smaller):
        nested = is_nested(fit, other, pair)
        unknown |= nested is None
        if nested:
            versus, df = other.spec.formula, size_of(fit) - size_of(other)
            if not df:
                return _Against(versus=versus, reason="the same model in other columns")
            found = likelihood_ratio(versus, fit.loglik, other.loglik, df)
            return _Against(test="LR", versus=versus, df=df, statistic=found.statistic, p_value=found.p_value)
    if unknown:
        return _Against(
            reason="the formulas do not show nesting, and a loaded model holds no rows that could"
        )
    result = _vuong(fit, smaller[-1], pair)
    z = result.statistics[0]
    p_value = float(two_sided_p_value(np.array([z]))[0])
    versus = smaller[-1].spec.formula
    return _Against(test="Vuong", versus=versus, statistic=z, p_value=p_value, reason=result.reason)


def _vuong(first: LogisticEstimate, second: LogisticEstimate, pair: Pairing) -> _Vuong:
    nan = float("nan")
    if first.spec.weights is not None and first.spec.weight_kind == "precision":
        return _Vuong([nan] * 3, reason="Vuong's test takes rows as equals, and precision weights do not")
    rows = pair(first, second, order_of_outcomes(first, second))
    if rows is None:
        return _Vuong([nan] * 3, reason="Vuong's test needs the rows, which a loaded model does not hold")
    n = first.n_trials
    gain = first.loglik - second.loglik
    total, squares = rows.loglik_sums(
        (first.limit_coef, second.limit_coef), (_direction(first), _direction(second)), gain / n
    )
    sd = float(np.sqrt(max(squares - total**2 / n, 0.0) / (n - 1.0))) if n > 1 else 0.0
    if sd <= INDISTINGUISHABLE:
        return _Vuong([nan] * 3, reason="the two models fit every row alike")
    more = float(first.n_coef - second.n_coef)
    corrections = [0.0, more, more * float(np.log(n)) / 2.0]
    return _Vuong([(gain - c) / (np.sqrt(n) * sd) for c in corrections], corrections)


def _direction(fit: LogisticEstimate) -> FloatArray | None:
    return None if fit.separation.direction is None else np.asarray(fit.separation.direction)
