"""A smaller model against a larger one, both inside one fit: likelihood-ratio, Wald and score tests.

The larger model is the fit under ``fixed @ coef = 0``, the smaller one under ``added @ coef = 0`` as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, null_space, qr, svd

from logreg.engine.newton import factorise
from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.hypotheses import contrast_covariance
from logreg.inference.likelihood import Constrained, Likelihood
from logreg.inference.verdict import TestKind, Verdict, answered, unanswered

__all__ = [
    "Nested",
    "NestedTest",
    "Restricted",
    "check_test",
    "choose_test",
    "columns_of",
    "likelihood_ratio",
    "nested",
    "wald_test",
]

FloatArray = NDArray[np.float64]

#: The tests at hand.
TESTS: tuple[TestKind, ...] = ("LR", "wald", "score")

#: Directions shorter than this share of the longest are rounding: shares of aliased columns carry 1e-9.
RANK_TOLERANCE = 1e-7
#: A standard error below this share of what it was alone is rounding, the square root of that of a variance:
#: the covariance does not have the rank the test needs.
SINGULAR = 1e-7
#: Elements of a contrast below this are rounding: they do not touch a coefficient.
UNTOUCHED = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nested:
    """Two nested models: rows (q, m p) of what both set to zero, and (d, m p) of what the smaller one adds.

    Both act on estimated columns alone; ``added`` is independent of ``fixed``, so that d counts the degrees
    of freedom.
    """

    fixed: FloatArray
    added: FloatArray

    @property
    def df(self) -> int:
        """Degrees of freedom."""
        return len(self.added)


def check_test(test: object) -> TestKind:
    """Return the test's name.

    Raises
    ------
    SupportError
        For an unknown one.
    """
    for kind in TESTS:
        if isinstance(test, str) and test == kind:
            return kind
    raise SupportError(f"test={test!r} is not supported; use {' or '.join(map(repr, TESTS))}.")


def nested(fit: LogisticEstimate, fixed: FloatArray, added: FloatArray) -> Nested:
    """Return the two models as constraints on the coefficients that are estimated.

    An aliased column stands for a combination of others, and a constraint on its coefficient may be none at
    all: what counts is which logits remain possible. With ``E`` the map from all coefficients to the
    estimated ones, the smaller model allows ``E z`` for all z with ``rows @ z = 0``.

    Parameters
    ----------
    fit : LogisticEstimate
        m equations, p columns.
    fixed, added : (q, m p) and (d, m p) arrays
        Independent rows on the flattened coefficients.
    """
    if not fit.aliases or not len(added):
        return Nested(fixed=fixed, added=added)
    aliased = _aliased(fit)
    m, p = fit.coef_array.shape
    position = {name: k for k, name in enumerate(fit.spec.column_names)}
    one = np.eye(p)
    for name, combination in fit.aliases:
        one[position[name], position[name]] = 0.0
        for other, share in combination:
            one[position[other], position[name]] = share
    kept = np.setdiff1d(np.arange(p), aliased)
    estimated = np.kron(np.eye(m), one[kept])
    unit = 1.0 / np.abs(estimated).max(axis=1)
    free = (np.arange(m)[:, np.newaxis] * p + kept).ravel()

    def constraints(rows: FloatArray) -> FloatArray:
        allowed = unit[:, np.newaxis] * (estimated @ _sure(null_space, rows) if len(rows) else estimated)
        directions, size, _ = _sure(svd, allowed)
        rank = int(np.sum(size > RANK_TOLERANCE * size.max(initial=0.0)))
        return np.asarray(directions[:, rank:].T, dtype=np.float64)

    def on_all(rows: FloatArray) -> FloatArray:
        result = np.zeros((len(rows), m * p))
        result[:, free] = rows * unit
        return result

    before, after = constraints(fixed), constraints(np.vstack([fixed, added]))
    # Both sets of rows are orthonormal and one spans the other: what is left of a row has length 0 or 1.
    _, size, beyond = _sure(svd, after - after @ before.T @ before, full_matrices=False)
    return Nested(fixed=on_all(before), added=on_all(beyond[size > 0.5]))


def _aliased(fit: LogisticEstimate) -> NDArray[np.intp]:
    names = {name for name, _ in fit.aliases}
    found = [k for k, name in enumerate(fit.spec.column_names) if name in names]
    return np.array(found, dtype=np.intp)


def wald_test(fit: LogisticEstimate, models: Nested, hypothesis: str) -> Verdict:
    """Test ``added @ coef = 0`` given ``fixed @ coef = 0``, with the covariance of the fit.

    With V the covariance, the rows of ``added`` are made uncorrelated with those of ``fixed``, ``K' = added'
    - fixed' (fixed V fixed')^-1 fixed V added'``, and ``(K b)' (K V K')^-1 K b`` is chi-squared (Fox 2016,
    *Applied Regression Analysis*, 3rd ed., 15.3, as car's ``Anova`` of type II; Wald 1943). Divided by df it
    is referred to F with ``fit.reference_df`` where that is finite.
    """
    df, n_fixed = models.df, len(models.fixed)
    if not df:
        return unanswered(hypothesis, "wald", 0, ADDS_NOTHING)
    every = np.vstack([models.fixed, models.added])
    touched = np.flatnonzero(np.abs(every).max(axis=0) > UNTOUCHED)
    infinite = touched[~np.isfinite(fit.coef_array.ravel()[touched])]
    if len(infinite):
        return unanswered(hypothesis, "wald", df, _without_estimate(fit, infinite))
    root = _square_root(contrast_covariance(fit, every))
    if root is None:
        return unanswered(hypothesis, "wald", df, "the covariance of the coefficients is not known")
    distance = every @ fit.limit_coef.ravel()
    length = np.linalg.norm(root[:, n_fixed:], axis=0)
    shown, left = root[:, n_fixed:] / length, distance[n_fixed:] / length
    if n_fixed:
        share = np.linalg.lstsq(root[:, :n_fixed], shown, rcond=None)[0]
        shown, left = shown - root[:, :n_fixed] @ share, left - share.T @ distance[:n_fixed]
    _, size, axes = _sure(svd, shown, full_matrices=False)
    if len(size) < df or size.min() <= SINGULAR:
        return unanswered(hypothesis, "wald", df, RANK_TOO_SMALL)
    statistic = float(np.sum((axes @ left / size) ** 2))
    return answered(
        hypothesis, "wald", statistic / (df if fit.reference_df < np.inf else 1), df, fit.reference_df
    )


#: Why a test has no answer.
ADDS_NOTHING = "it adds nothing to the other terms"
RANK_TOO_SMALL = (
    "the chosen covariance has too small a rank for so many coefficients (fewer clusters than coefficients, "
    "for example)"
)
NO_MAXIMUM = "the maximum of a restricted model was not reached: raise max_iterations= and fit again"


def _square_root(vcov: FloatArray) -> FloatArray | None:
    """Return A with ``A' A`` the covariance, also where it is singular; None without variances."""
    scale = np.sqrt(np.maximum(vcov.diagonal(), 0.0))
    if not (np.isfinite(vcov).all() and scale.min(initial=1.0) > 0.0):
        return None
    values, vectors = np.linalg.eigh(vcov / np.outer(scale, scale))
    result: FloatArray = np.sqrt(np.maximum(values, 0.0))[:, np.newaxis] * vectors.T * scale
    return result


def _without_estimate(fit: LogisticEstimate, positions: NDArray[np.intp]) -> str:
    names = fit.spec.column_names
    shown = ", ".join(dict.fromkeys(repr(names[k % len(names)]) for k in positions))
    return f"the outcome is separated, without a finite estimate of {shown}: use test='LR'"


def likelihood_ratio(hypothesis: str, larger: float, smaller: float, df: int) -> Verdict:
    """Return the test of two log-likelihoods, the smaller model having ``df`` coefficients fewer."""
    if not df:
        return unanswered(hypothesis, "LR", 0, ADDS_NOTHING)
    # The smaller model cannot fit better: what looks so is rounding.
    return answered(hypothesis, "LR", max(2.0 * (larger - smaller), 0.0), df)


def columns_of(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return the columns that tables of verdicts share; ``df_error`` only where the statistics are F."""
    columns: dict[str, Any] = {
        name: [getattr(verdict, name) for verdict in verdicts]
        for name in ("df", "statistic", "p_value", "s_value")
    }
    if any(verdict.df_error < np.inf for verdict in verdicts):
        columns["df_error"] = [verdict.df_error for verdict in verdicts]
    columns["reason"] = np.array([verdict.reason or None for verdict in verdicts], dtype=object)
    return columns


@dataclass(slots=True, kw_only=True, eq=False)
class Restricted:
    """Tests of nested models in one fit, which share what they have in common."""

    fit: LogisticEstimate
    likelihood: Likelihood
    root: FloatArray
    found: dict[bytes, Constrained]

    def maximum(self, rows: FloatArray) -> Constrained:
        """Return the maximum under ``rows @ coef = 0``, found once."""
        key = rows.tobytes()
        if key not in self.found:
            self.found[key] = self.likelihood.constrained(rows, np.zeros(len(rows)), self.root)
        return self.found[key]

    def likelihood_ratio(self, models: Nested, hypothesis: str) -> Verdict:
        """Return twice the difference of the maximal log-likelihoods; suprema where there is no maximum."""
        if not models.df:
            return unanswered(hypothesis, "LR", 0, ADDS_NOTHING)
        smaller = self.maximum(np.vstack([models.fixed, models.added]))
        larger = self.maximum(models.fixed) if len(models.fixed) else None
        if not smaller.converged or (larger is not None and not larger.converged):
            return unanswered(hypothesis, "LR", models.df, NO_MAXIMUM)
        loglik = self.fit.loglik if larger is None else larger.loglik
        return likelihood_ratio(hypothesis, loglik, smaller.loglik, models.df)

    def score(self, models: Nested, hypothesis: str) -> Verdict:
        """Return ``u' I^-1 u`` of the larger model at the maximum of the smaller one (Rao 1948)."""
        if not models.df:
            return unanswered(hypothesis, "score", 0, ADDS_NOTHING)
        smaller = self.maximum(np.vstack([models.fixed, models.added]))
        if not smaller.converged:
            return unanswered(hypothesis, "score", models.df, NO_MAXIMUM)
        statistic = (
            self._score_within(models.fixed, smaller)
            if len(models.fixed)
            else self.likelihood.score_statistic(smaller)
        )
        if np.isnan(statistic):
            singular = "the information at the smaller model is singular"
            return unanswered(hypothesis, "score", models.df, singular)
        return answered(hypothesis, "score", max(statistic, 0.0), models.df)

    def _score_within(self, fixed: FloatArray, smaller: Constrained) -> float:
        """Return the score statistic along the directions that ``fixed @ coef = 0`` leaves."""
        likelihood = self.likelihood
        total = likelihood.objective(smaller.working, 2)
        assert total.score is not None
        assert total.information is not None
        within = likelihood.working_contrast(fixed)[:, likelihood.free] @ self.root
        directions, _, _ = qr(within.T, pivoting=True)
        basis = self.root @ directions[:, len(fixed) :]
        free = likelihood.free
        metric = factorise(basis.T @ total.information[np.ix_(free, free)] @ basis)
        score = total.score.ravel()[free] @ basis
        return float("nan") if metric is None else float(score @ metric.solve(score))


#: Two nested models, and the hypothesis in words, to the verdict.
NestedTest = Callable[[Nested, str], Verdict]


def choose_test(fit: LogisticEstimate, likelihood: Callable[[], Likelihood], test: TestKind) -> NestedTest:
    """Return the test to apply to nested models, one of `TESTS`; only "wald" needs no rows.

    Raises
    ------
    SupportError
        From ``likelihood``: for a loaded model, and under sampling weights.
    """
    if test == "wald":
        return lambda models, hypothesis: wald_test(fit, models, hypothesis)
    found = likelihood()
    tests = Restricted(fit=fit, likelihood=found, root=found.root_information(), found={})
    return tests.likelihood_ratio if test == "LR" else tests.score


def _sure(decomposition: Callable[..., Any], matrix: FloatArray, **options: bool) -> Any:
    """Return a decomposition by singular values; the fast way to them now and then does not converge."""
    try:
        return decomposition(matrix, **options)
    except LinAlgError:
        return decomposition(matrix, **options, lapack_driver="gesvd")
