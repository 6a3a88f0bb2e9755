"""Statistics of the fit as a whole, one definition each (docs/statistics.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from logreg.inference.estimate import LogisticEstimate
from logreg.inference.estimators import penalised_loglik
from logreg.inference.normal import chi2_p_value
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NO_LIKELIHOOD", "NO_MAXIMUM", "fit_statistics"]

#: Why likelihood statistics are missing under sampling weights.
NO_LIKELIHOOD = "not defined with sampling weights: the pseudo-likelihood is not a likelihood"

#: Why they are missing for estimates that do not maximise the likelihood.
NO_MAXIMUM = "not defined for bias-reduced estimates: they do not maximise the likelihood"


def fit_statistics(fit: LogisticEstimate) -> pd.DataFrame:
    """Return the statistics of a fit.

    n is the number of Bernoulli or categorical trials: the sum of frequency weights times trials per row, not
    the number of rows of the table. Under sampling weights, statistics that need a likelihood are NaN, and
    for bias-reduced estimates those that need its maximum; ``loglik`` is at the estimate, without penalty.

    Returns
    -------
    DataFrame
        ``statistic, value``.
    """
    names, values = zip(*_statistics(fit), strict=True)
    return table({"statistic": names, "value": np.array(values, dtype=float)})


def _statistics(fit: LogisticEstimate) -> Iterator[tuple[str, float]]:
    loglik, null, n, k = fit.loglik, fit.loglik_null, fit.n_trials, fit.n_coef
    nan = float("nan")
    likelihood = fit.maximises_likelihood
    nested = likelihood and fit.spans_constant
    lr = max(2.0 * (loglik - null), 0.0)
    yield "n_rows", fit.n_rows
    yield "sum_weights", fit.sum_weights
    yield "n_trials", n
    if fit.is_binary:
        yield "events", fit.sample.weight[1]
    yield "n_coef", k
    yield "df_model", fit.df_model
    yield "loglik", loglik
    if fit.options.estimator == "firth":
        yield "loglik_penalised", penalised_loglik(fit)
    yield "loglik_null", null
    yield "deviance", fit.deviance
    yield "deviance_null", -2.0 * null
    yield "lr_statistic", lr if nested else nan
    yield "lr_df", fit.df_model if nested else nan
    yield "lr_p_value", chi2_p_value(lr, fit.df_model) if nested else nan
    yield "aic", fit.aic
    # Hurvich and Tsai's correction has no meaning once coefficients outnumber trials.
    yield "aicc", fit.aic + 2.0 * k * (k + 1) / (n - k - 1) if likelihood and n > k + 1 else nan
    yield "bic", fit.bic
    # McFadden: 1 - l/l0; adjusted by the slopes only, so that a useless slope does not raise it.
    # Where the offset alone explains everything, there is nothing left to take a share of.
    explained = likelihood and null < 0.0
    yield "mcfadden", 1.0 - loglik / null if explained else nan
    yield "mcfadden_adjusted", 1.0 - (loglik - fit.df_model) / null if explained else nan
    # Cox-Snell: 1 - exp(2 (l0 - l) / n); Nagelkerke divides by its maximum.
    with np.errstate(over="ignore"):  # a model without intercept may fit worse than any intercept
        cox_snell = -np.expm1(2.0 * (null - loglik) / n)
    yield "cox_snell", float(cox_snell) if likelihood else nan
    yield "nagelkerke", float(cox_snell / -np.expm1(2.0 * null / n)) if explained else nan
    yield from _row_statistics(fit)


def _row_statistics(fit: LogisticEstimate) -> Iterator[tuple[str, float]]:
    """Statistics from predicted probabilities, weighted like the fit."""
    sums = fit.row_sums
    weight = np.asarray(fit.sample.weight)
    total = float(weight.sum())
    if fit.is_binary:
        # Tjur: mean probability of the event among events minus among the others; never its absolute value.
        mean = np.asarray(sums.probability)[:, 1] / weight
        yield "tjur", float(mean[1] - mean[0])
        rate = weight[1] / total
        # Binary Brier score: mean of (y - p)^2, half the sum over both outcomes. Efron: 1 - Brier / Brier of
        # the mean.
        brier = sums.squared_error / 2.0 / total
        yield "efron", float(1.0 - brier / (rate * (weight[0] / total)))
        # McKelvey-Zavoina: SS(logits) / (SS(logits) + n pi^2 / 3).
        # Infinite logits (separation) have no spread to speak of.
        spread = max(sums.logit_squared - sums.logit * (sums.logit / total), 0.0)
        share = spread / (spread + total * np.pi**2 / 3.0) if np.isfinite(spread) else np.nan
        yield "mckelvey_zavoina", share
        yield "brier", brier
    else:
        yield "brier", sums.squared_error / total
