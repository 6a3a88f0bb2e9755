"""Questions about the outcomes of a multinomial model: can two be combined, and do others not matter?

The multinomial model supposes the independence of irrelevant alternatives (IIA): the odds between two
outcomes do not change when a third is no longer there. Both tests of it compare the fit with one from which
an outcome, and the rows that ended in it, are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from logreg.engine.types import Optimum
from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.likelihood import Likelihood
from logreg.inference.nested import check_test, choose_test, columns_of, nested
from logreg.inference.normal import chi2_p_value
from logreg.inference.spans import CONSTANT, effect_rows, rows_of
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Hausman",
    "OutcomeRefits",
    "combine_categories",
    "hausman",
    "independence_of_irrelevant_alternatives",
]

FloatArray = NDArray[np.float64]

#: Eigenvalues of the difference of two covariances, with restricted variances scaled to 1, that are rounding.
NULL_EIGENVALUE = 1e-9
#: Differences of estimates, in restricted standard errors, along a null direction that are rounding.
NULL_DIFFERENCE = 1e-6

IIA_NOTE = (
    "a small p-value speaks against the independence of irrelevant alternatives, a large one does not show "
    "it: both tests have poor size, even in large samples, and often contradict each other (Cheng and Long "
    "2007); where the outcomes are plainly distinct alternatives, that is the better argument"
)
SPLIT_NOTE = "; the statistic depends on the random halves: another rng gives another one"


def combine_categories(
    fit: LogisticEstimate, likelihood: Callable[[], Likelihood], test: str = "wald"
) -> pd.DataFrame:
    """Return for every pair of outcomes a test that no variable tells them apart.

    The hypothesis is that all coefficients but the intercept are equal in the logits of both outcomes (and 0
    in that of an outcome paired with the baseline): the two could then be combined (Long and Freese 2014,
    *Regression Models for Categorical Dependent Variables Using Stata*, 3rd ed., 8.5; Cramer and Ridder
    1991).

    Parameters
    ----------
    fit : LogisticEstimate
        With more than two outcomes.
    likelihood : callable
        Returns the fit's likelihood; called for "LR" and "score".
    test : "wald", "LR" or "score"
        As for `logreg.inference.anova.anova`; "LR" fits the model with the constraint.

    Returns
    -------
    DataFrame
        ``outcome, baseline, df, statistic, p_value, s_value, reason``, with ``df_error`` for F tests; one row
        per pair, ``baseline`` being the first of the two in level order.

    Raises
    ------
    SupportError
        For two outcomes, for an unknown test, for a model of intercepts alone; for "LR" and "score" on a
        loaded model or under sampling weights.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("partic ~ hincome + children", logreg.datasets.load("womenlf"))
    >>> print(fit.combine_categories().round(2)[["outcome", "baseline", "statistic"]].to_string(index=False))
     outcome baseline  statistic
    parttime not.work       0.09
    fulltime not.work      54.30
    fulltime parttime      31.04
    """
    _require_several(fit, "combine_categories()")
    kind = check_test(test)
    effects = effect_rows(fit.spec)
    m, p = fit.coef_array.shape
    slopes = rows_of(effects, effects.keys() - {CONSTANT}, p)
    if not len(slopes):
        raise SupportError("combine_categories() needs a variable: the model holds intercepts alone.")
    run = choose_test(fit, likelihood, kind)
    names = fit.spec.outcome.names
    unit = np.vstack([np.zeros(m), np.eye(m)])
    pairs = list(combinations(range(len(names)), 2))
    found = []
    for one, other in pairs:
        rows = np.asarray(np.kron((unit[other] - unit[one])[np.newaxis], slopes), dtype=np.float64)
        hypothesis = f"{names[other]} and {names[one]} can be combined"
        found.append(run(nested(fit, np.zeros((0, m * p)), rows), hypothesis))
    result = table(
        {
            "outcome": [names[other] for _, other in pairs],
            "baseline": [names[one] for one, _ in pairs],
            **columns_of(found),
        }
    )
    result.attrs["note"] = "all coefficients but the intercept are equal in the logits of both outcomes"
    return result


class OutcomeRefits(Protocol):
    """The rows of the fit without one of the outcomes, as the corridor hands them over."""

    def full(self) -> Optimum:
        """Return the fit to all rows."""
        ...

    def without(self, omitted: int) -> Optimum:
        """Return the fit without an outcome, the first of those left being the baseline."""
        ...

    def halves(self, rng: np.random.Generator) -> OutcomeHalves:
        """Return the fits to two random halves of the trials."""
        ...


class OutcomeHalves(Protocol):
    """The two random halves of Small and Hsiao's test."""

    def coefs(self) -> tuple[Optimum, Optimum]:
        """Return the fits to both halves."""
        ...

    def without(self, omitted: int, coef: FloatArray) -> tuple[float, Optimum]:
        """Return the log-likelihood of ``coef`` (m - 1, p) in the second half without an outcome, and the
        maximum there.
        """
        ...


def independence_of_irrelevant_alternatives(
    fit: LogisticEstimate,
    refits: Callable[[], OutcomeRefits],
    test: str = "hausman",
    rng: np.random.Generator | int | None = None,
) -> pd.DataFrame:
    """Return for every outcome a test that the others' odds do not depend on its being there.

    Parameters
    ----------
    fit : LogisticEstimate
        With more than two outcomes; the tests use the model's own likelihood and covariance, whatever
        covariance was chosen.
    refits : callable
        Returns the rows for refits without an outcome.
    test : "hausman" or "small-hsiao"
        "hausman": with ``d`` the change of all estimates when the outcome is left out, intercepts included,
        and V the change of their covariance, ``d' V^- d`` is chi-squared with the rank of V (Hausman and
        McFadden 1984, *Econometrica* 52, eq. 2.3). V need not be positive definite in a sample; the row is
        then not ``valid``, and where the statistic would be negative it is not computable, which says nothing
        for or against independence.
        "small-hsiao": with random halves A and B, the likelihood ratio in B, without the outcome, of its own
        maximum there against ``b_A / sqrt(2) + (1 - 1 / sqrt(2)) b_B`` from the full choice set (Small and
        Hsiao 1985, *International Economic Review* 26, 619-627).
    rng : Generator or int, optional
        Decides the halves for "small-hsiao"; a number is a seed. Without it, halves are new on every call.

    Returns
    -------
    DataFrame
        ``outcome, df, statistic, p_value, valid, reason``: one row per outcome left out, the baseline
        included. ``attrs["note"]`` holds the warning that belongs to these tests: their size is poor even in
        large samples (Cheng and Long 2007, *Sociological Methods & Research* 35, 583-600).

    Raises
    ------
    SupportError
        For two outcomes, an unknown test, an ``rng`` that is not used; for a loaded model, sampling and
        precision weights.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("partic ~ hincome + children", logreg.datasets.load("womenlf"))
    >>> found = fit.independence_of_irrelevant_alternatives("small-hsiao", rng=1)
    >>> found[["outcome", "df"]].to_numpy().tolist()
    [['not.work', 3], ['parttime', 3], ['fulltime', 3]]
    """
    _require_several(fit, "independence_of_irrelevant_alternatives()")
    if not isinstance(test, str) or test not in ("hausman", "small-hsiao"):
        raise SupportError(f"test={test!r} is not supported; use 'hausman' or 'small-hsiao'.")
    if not fit.has_likelihood or (fit.spec.weights is not None and fit.spec.weight_kind != "frequency"):
        raise SupportError(
            "tests of independence of irrelevant alternatives compare likelihoods of trials; "
            f"{fit.spec.weight_kind} weights have none. Use frequencies or no weights."
        )
    if test == "hausman":
        if rng is not None:
            raise SupportError('rng= is for test="small-hsiao": the Hausman test has nothing random.')
        found, note = _hausman_tests(refits()), IIA_NOTE
    else:
        found, note = _small_hsiao_tests(fit, refits(), _generator(rng)), IIA_NOTE + SPLIT_NOTE
    result = table(
        {
            "outcome": list(fit.spec.outcome.names),
            "df": [one.df for one in found],
            "statistic": [one.statistic for one in found],
            "p_value": [one.p_value for one in found],
            "valid": [one.reason is None for one in found],
            "reason": np.array([one.reason for one in found], dtype=object),
        }
    )
    result.attrs["note"] = note
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """A chi-squared statistic; with a reason it is missing, or not to be trusted."""

    statistic: float
    df: int
    p_value: float
    reason: str | None = None


def _require_several(fit: LogisticEstimate, what: str) -> None:
    if fit.is_binary:
        raise SupportError(f"{what} is about more than two outcomes, and {fit.spec.outcome.label!r} has two.")


def _generator(rng: Any) -> np.random.Generator:
    whole = isinstance(rng, int | np.integer) and not isinstance(rng, bool) and rng >= 0
    if not (rng is None or whole or isinstance(rng, np.random.Generator)):
        raise SupportError(f"rng={rng!r} is neither a seed (a whole number) nor a numpy Generator.")
    return np.random.default_rng(rng)


def _contrast_without(m: int, omitted: int) -> FloatArray:
    """Return what takes logits (m, .) to those without an outcome, against the first of those left."""
    unit = np.delete(np.vstack([np.zeros(m), np.eye(m)]), omitted, axis=0)
    result: FloatArray = unit[1:] - unit[0]
    return result


# Hausman and McFadden ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hausman:
    """The quadratic form of the test; ``definite`` says whether the covariance can be one of a difference.

    ``statistic`` is None if V is singular along a direction in which the estimates did move.
    """

    statistic: float | None
    rank: int
    definite: bool


def hausman(difference: FloatArray, restricted: FloatArray, full: FloatArray) -> Hausman:
    """Return ``d' V^- d`` with ``V = restricted - full`` and its rank.

    Parameters
    ----------
    difference : (q,) array
        Restricted estimates minus full ones.
    restricted, full : (q, q) arrays
        Their covariances.
    """
    scale = np.sqrt(restricted.diagonal())
    values, vectors = np.linalg.eigh((restricted - full) / np.outer(scale, scale))
    along = vectors.T @ (difference / scale)
    regular = np.abs(values) > NULL_EIGENVALUE
    moved = bool(np.abs(along[~regular]).max(initial=0.0) > NULL_DIFFERENCE)
    return Hausman(
        None if moved else float(np.sum(along[regular] ** 2 / values[regular])),
        int(regular.sum()),
        bool((values[regular] > 0.0).all()),
    )


def _hausman_tests(refits: OutcomeRefits) -> list[_Finding]:
    full = refits.full()
    m, p = full.coef.shape
    found = []
    for omitted in range(m + 1):
        restricted = refits.without(omitted)
        failure = _failure(full, restricted)
        contrast = np.asarray(np.kron(_contrast_without(m, omitted), np.eye(p)), dtype=np.float64)
        known = np.tile(~np.isnan(full.coef[0]) & ~np.isnan(restricted.coef[0]), m - 1)
        if failure is None and len(restricted.aliases) != len(full.aliases):
            failure = "without the outcome, columns of the design are combinations of others"
        if failure is not None:
            found.append(_missing(int(known.sum()), failure))
            continue
        vcov = contrast @ np.nan_to_num(full.vcov) @ contrast.T
        change = restricted.coef.ravel() - contrast @ np.nan_to_num(full.coef).ravel()
        inner = np.ix_(known, known)
        result = hausman(change[known], restricted.vcov[inner], vcov[inner])
        found.append(_hausman_result(result))
    return found


def _hausman_result(result: Hausman) -> _Finding:
    if result.statistic is None:
        return _missing(
            result.rank, "the difference of the covariances is singular, and estimates moved along it"
        )
    if result.statistic < 0.0:
        return _missing(
            result.rank,
            f"the quadratic form is negative ({result.statistic:.6g}), the difference of the covariances not "
            "being positive definite: not computable, and evidence neither for nor against",
        )
    return _Finding(
        statistic=result.statistic,
        df=result.rank,
        p_value=chi2_p_value(result.statistic, result.rank),
        reason=None
        if result.definite
        else "the difference of the covariances is not positive definite: the chi-squared distribution is "
        "doubtful",
    )


def _missing(df: int, reason: str) -> _Finding:
    return _Finding(statistic=float("nan"), df=df, p_value=float("nan"), reason=reason)


def _failure(*fits: Optimum) -> str | None:
    """Return why fits cannot be compared."""
    for optimum in fits:
        if optimum.direction is not None:
            return "a fit has no finite estimates: the outcome is separated"
        if optimum.status != "converged":
            return f"a fit did not converge ({optimum.status})"
    return None


# Small and Hsiao -------------------------------------------------------------------------------------------


def _small_hsiao_tests(
    fit: LogisticEstimate, refits: OutcomeRefits, rng: np.random.Generator
) -> list[_Finding]:
    halves = refits.halves(rng)
    first, second = halves.coefs()
    m, p = fit.coef_array.shape
    share = float(np.sqrt(0.5))
    mixed = share * np.nan_to_num(first.coef) + (1.0 - share) * np.nan_to_num(second.coef)
    failure = _failure(first, second)
    found = []
    for omitted in range(m + 1):
        if failure is not None:
            found.append(_missing((m - 1) * p, failure))
            continue
        loglik, restricted = halves.without(omitted, _contrast_without(m, omitted) @ mixed)
        reason = _failure(restricted)
        df = int(np.sum(~np.isnan(restricted.coef)))
        if reason is not None:
            found.append(_missing(df, reason))
            continue
        statistic = max(2.0 * (restricted.loglik - loglik), 0.0)
        found.append(_Finding(statistic=statistic, df=df, p_value=chi2_p_value(statistic, df)))
    return found
