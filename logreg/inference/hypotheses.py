"""Linear hypotheses about coefficients, as text or as a matrix: Wald, likelihood-ratio and score tests.

All are about ``contrast @ coef = value`` on the flattened coefficients. With ``d = contrast @ coef - value``
and V the fit's covariance, Wald's statistic is ``d' (contrast V contrast')^-1 d``; constraints that repeat
others are left out, and the degrees of freedom count those that remain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
from scipy.linalg import qr

from logreg.engine.newton import factorise
from logreg.engine.types import FloatArray
from logreg.errors import FormulaError, SupportError, did_you_mean
from logreg.inference.coefficient_algebra import Evaluator, names_of, outcomes_of
from logreg.inference.coefficients import LikelihoodOf
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.hypothesis_text import read_hypothesis
from logreg.inference.likelihood import Likelihood
from logreg.inference.normal import critical_value
from logreg.inference.profile import profile_intervals
from logreg.inference.verdict import TestKind, Verdict, answered, unanswered

__all__ = ["Hypothesis", "contrast_covariance", "linear_hypothesis", "run_test", "unknown_reason"]

#: Rows of a contrast that leave less than this share of their length beside the others repeat them.
RANK_TOLERANCE = 1e-9
#: A contrast moves along an alias if its product with it is more than this share of their lengths.
ALIAS_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hypothesis:
    """``contrast @ coef = value``: contrast (q, m p), value (q,), and how it was written."""

    contrast: FloatArray
    value: FloatArray
    text: str

    @property
    def df(self) -> int:
        """Number of combinations."""
        return len(self.value)


def linear_hypothesis(fit: LogisticEstimate, hypothesis: Any, value: Any = None) -> Hypothesis:
    """Return a hypothesis, read from text or taken as a matrix.

    Parameters
    ----------
    fit : LogisticEstimate
        m equations, p design columns.
    hypothesis : str, array or DataFrame
        Text (`logreg.inference.hypothesis_text`): ``"age = 0, lwt = 0"``, ``"[black] age = [other] age"``. An
        array (q, m p) or (m p,) runs equation by equation. The columns of a frame, or the index of a series,
        are terms, or pairs (outcome, term); coefficients not named have 0.
    value : number or sequence of q numbers, optional
        What the rows of a matrix equal, 0 if not given; text says so itself.

    Raises
    ------
    FormulaError
        For text that is not part of the language or not linear, with the place marked.
    SupportError
        For a matrix of another shape, names that are not known, and hypotheses about no coefficient.
    """
    if isinstance(hypothesis, str):
        if value is not None:
            raise SupportError("value= goes with a matrix; in a text write the value behind '='.")
        return _from_text(fit, hypothesis)
    contrast = _matrix(fit, hypothesis)
    try:
        values = np.zeros(len(contrast)) + np.asarray(0.0 if value is None else value, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.shape != (len(contrast),) or not np.isfinite(values).all():
        raise SupportError(f"value={value!r} is neither a number nor {len(contrast)} numbers, one per row.")
    if not contrast.any(axis=1).all():
        raise SupportError("a row of the matrix is 0 throughout: it says nothing about any coefficient.")
    rows = [_described(fit, row, v) for row, v in zip(contrast, values, strict=True)]
    return Hypothesis(contrast=contrast, value=values, text=", ".join(rows))


def _from_text(fit: LogisticEstimate, text: str) -> Hypothesis:
    equations = read_hypothesis(text, names_of(fit.spec), outcomes_of(fit.spec))
    at_zero = Evaluator(spec=fit.spec, coef=np.zeros(fit.coef_array.shape), text=text, linear=True)
    contrasts, values = [], []
    for equation in equations:
        left, right = at_zero(equation.left), at_zero(equation.right)
        k = max(len(left.value), len(right.value))
        if {len(left.value), len(right.value)} - {1, k}:
            raise FormulaError(
                f"{equation.text!r} compares {len(left.value)} coefficients with {len(right.value)}. Name "
                "single columns, or write [outcome] before a name that stands for all equations."
            )
        sides = [0.0 if side.gradient is None else side.gradient for side in (left, right)]
        contrast = np.zeros((k, fit.coef_array.size)) + sides[0] - sides[1]
        if not contrast.any(axis=1).all():
            raise FormulaError(f"{equation.text!r} says nothing about any coefficient.")
        contrasts.append(contrast)
        values.append(np.zeros(k) + right.value - left.value)
    written = ", ".join(equation.text for equation in equations)
    return Hypothesis(contrast=np.vstack(contrasts), value=np.concatenate(values), text=written)


def _matrix(fit: LogisticEstimate, given: Any) -> FloatArray:
    import pandas as pd

    m, p = fit.coef_array.shape
    if isinstance(given, pd.Series):
        given = given.to_frame().T
    positions: Sequence[int] = range(m * p)
    if isinstance(given, pd.DataFrame):
        positions = [_position(fit, label) for label in given.columns]
        if len(set(positions)) < len(positions):
            raise SupportError("the matrix names a coefficient twice.")
    try:
        rows = np.atleast_2d(np.asarray(given, dtype=np.float64))
    except (TypeError, ValueError):
        rows = np.empty((0, 0))
    if rows.ndim != 2 or rows.shape[1] != len(positions) or not rows.size or not np.isfinite(rows).all():
        raise SupportError(
            "a hypothesis is a text, or a matrix of finite numbers with one column per coefficient, here "
            f"{m * p} ({m} equations of {p}); or a frame whose columns are terms."
        )
    contrast = np.zeros((len(rows), m * p))
    contrast[:, positions] = rows
    return contrast


def _position(fit: LogisticEstimate, label: Any) -> int:
    names, outcomes = fit.spec.column_names, outcomes_of(fit.spec)
    if not isinstance(label, tuple) and len(outcomes) > 1:
        raise SupportError(
            f"column {label!r} of the matrix: with several equations columns are pairs (outcome, term)."
        )
    outcome, term = label if isinstance(label, tuple) and len(label) == 2 else (outcomes[0], label)
    if term not in names:
        raise SupportError(f"column {term!r} of the matrix is not a term.{did_you_mean(str(term), names)}")
    if outcome not in outcomes:
        raise SupportError(
            f"{outcome!r} in the matrix is not an outcome with coefficients."
            f"{did_you_mean(str(outcome), outcomes)}"
        )
    return outcomes.index(outcome) * len(names) + names.index(term)


def _described(fit: LogisticEstimate, row: FloatArray, value: float) -> str:
    outcomes, names = outcomes_of(fit.spec), fit.spec.column_names
    text = ""
    for k in np.flatnonzero(row):
        name = names[k % len(names)]
        if len(outcomes) > 1:
            name = f"[{outcomes[k // len(names)]}] {name}"
        sign = "-" if row[k] < 0 else "+" if text else ""
        size = "" if abs(row[k]) == 1 else f"{abs(row[k]):g}*"
        text += f" {sign} {size}{name}" if text else f"{sign}{size}{name}"
    return f"{text} = {value:g}"


def contrast_covariance(fit: LogisticEstimate, contrast: FloatArray) -> FloatArray:
    """Return the covariance (q, q) of ``contrast @ coef``, contrast (q, m p), with its digits where columns
    lie far from zero.

    With centres subtracted from the columns the intercept is ``a + sum of centre_k b_k``, so that a contrast
    c has there the elements ``c_k - c_0 centre_k``.
    """
    m, p = fit.coef_array.shape
    centred = contrast.reshape(-1, m, p).copy()
    if fit.spec.intercept:
        centred[:, :, 1:] -= centred[:, :, :1] * fit.logit_centre[1:]
    flat = centred.reshape(-1, m * p)
    result: FloatArray = flat @ fit.logit_vcov @ flat.T
    return (result + result.T) / 2


def unknown_reason(fit: LogisticEstimate, contrast: FloatArray, *, infinite: bool) -> str:
    """Return why combinations (q, m p) of the coefficients are not known, or an empty text.

    A combination with an aliased column is known if it does not change along the alias (it is estimable).
    ``infinite`` asks for combinations with an infinite estimate too.
    """
    m, p = fit.coef_array.shape
    names, rows = fit.spec.column_names, contrast.reshape(-1, p)
    for name, combination in fit.aliases:
        along = np.zeros(p)
        along[names.index(name)] = 1.0
        for other, share in combination:
            along[names.index(other)] -= share
        moved = np.abs(rows @ along) > ALIAS_TOLERANCE * np.linalg.norm(rows, axis=1) * np.linalg.norm(along)
        if (moved & (rows[:, names.index(name)] != 0)).any():
            return (
                f"{name!r} is a combination of other columns and was not estimated, so that the data say "
                "nothing about this"
            )
    if not infinite:
        return ""
    aliased = np.isin(np.array(names), [name for name, _ in fit.aliases])
    unbounded = ~np.isfinite(fit.coef_array) & ~aliased
    involved = contrast.reshape(-1, m, p).any(axis=0) & unbounded
    if involved.any():
        found = ", ".join(repr(names[k]) for k in sorted({int(k) for k in np.nonzero(involved)[1]}))
        return (
            f"the outcome is separated and {found} has no finite estimate, so that there is no standard error"
        )
    return ""


def _independent(contrast: FloatArray, value: FloatArray, scale: FloatArray) -> list[int]:
    """Return rows that the others repeat none of, checked to agree with those left out."""
    rows = contrast * scale
    length = np.linalg.norm(rows, axis=1)
    length[length == 0] = 1.0
    rows, left = rows / length[:, np.newaxis], value / length
    _, r, order = qr(rows.T, mode="economic", pivoting=True)
    rank = int(np.sum(np.abs(np.diagonal(r)) > RANK_TOLERANCE))
    kept, others = order[:rank], order[rank:]
    if len(others):
        shares = np.linalg.lstsq(rows[kept].T, rows[others].T, rcond=None)[0]
        allowed = 1e-8 * (1.0 + np.abs(left).max())
        if (np.abs(shares.T @ left[kept] - left[others]) > allowed).any():
            raise SupportError("the constraints contradict each other: no coefficients satisfy all of them.")
    return sorted(int(k) for k in kept)


def run_test(
    fit: LogisticEstimate,
    likelihood: LikelihoodOf,
    hypothesis: Any,
    test: str = "wald",
    confidence: float | None = None,
    value: Any = None,
) -> Verdict:
    """Test a linear hypothesis about the coefficients.

    Parameters
    ----------
    fit : LogisticEstimate
        m equations.
    likelihood : callable
        Hands out the likelihood over the rows, for the tests that need it.
    hypothesis, value
        As for `linear_hypothesis`. Several equations are tested jointly; without ``[outcome]`` a name stands
        for all equations of a multinomial fit; a text without ``=`` says that it is 0.
    test : str
        "wald", with the fit's covariance and its t or F reference; "LR" or "score", from the likelihood.
    confidence : float, optional
        Level of the interval of a single combination; the fit's own if not given.

    Returns
    -------
    Verdict
        Wald tests of combinations with an infinite estimate, and any test of what the data say nothing about,
        are not valid and say why.

    Raises
    ------
    FormulaError, SupportError
        For a hypothesis that cannot be read, contradicts itself, or says nothing; for an unknown test, and
        tests that need rows or a likelihood where there are none.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + lwt + race", logreg.datasets.load("birthwt"))
    >>> print(fit.test("age = 0, lwt = 0"))
    age = 0, lwt = 0: Wald chi2(2) = 6.141, p = 0.0464
    >>> fit.test("race", test="LR").df
    2
    """
    if test not in get_args(TestKind):
        raise SupportError(f"test={test!r} is not supported; the tests are 'wald', 'LR' and 'score'.")
    kind: TestKind = test  # type: ignore[assignment]
    confidence = fit.options.confidence if confidence is None else confidence
    critical = critical_value(confidence, fit.reference_df)
    asked = linear_hypothesis(fit, hypothesis, value)
    aliased = np.tile(
        np.isin(np.array(fit.spec.column_names), [name for name, _ in fit.aliases]), len(fit.coef_array)
    )
    contrast = np.where(aliased, 0.0, asked.contrast)
    reason = unknown_reason(fit, asked.contrast, infinite=False)
    if reason:
        return unanswered(asked.text, kind, asked.df, reason)
    # In units of standard errors where there are some, so that the rank does not depend on columns' scales.
    errors = fit.std_error_array.ravel()
    scale = np.where(np.isfinite(errors) & (errors > 0), errors, 1.0)
    rows = _independent(contrast, asked.value, scale)
    asked = Hypothesis(contrast=contrast[rows], value=asked.value[rows], text=asked.text)
    reason = unknown_reason(fit, asked.contrast, infinite=True)
    if kind == "wald":
        if reason:
            return unanswered(asked.text, kind, asked.df, f"{reason}; test='LR' has an answer")
        return _wald(fit, asked, confidence, critical)
    verdict = _of_likelihood(likelihood(f"test={kind!r}"), fit.loglik, asked, kind, confidence)
    return verdict if len(rows) > 1 or reason or not verdict.valid else _with_estimate(fit, asked, verdict)


def _with_estimate(fit: LogisticEstimate, asked: Hypothesis, verdict: Verdict) -> Verdict:
    """Add estimate and standard error of one combination."""
    return replace(
        verdict,
        estimate=float(asked.contrast[0] @ fit.limit_coef.ravel()),
        std_error=float(np.sqrt(contrast_covariance(fit, asked.contrast)[0, 0])),
    )


def _wald(fit: LogisticEstimate, asked: Hypothesis, confidence: float, critical: float) -> Verdict:
    metric = factorise(contrast_covariance(fit, asked.contrast))
    if metric is None:
        return unanswered(asked.text, "wald", asked.df, "the covariance of these combinations is singular")
    distance = asked.contrast @ fit.limit_coef.ravel() - asked.value
    squared = float(distance @ metric.solve(distance))
    df = len(distance)
    statistic = squared if fit.reference_df == np.inf else squared / df
    verdict = answered(asked.text, "wald", statistic, df, fit.reference_df)
    if df > 1:
        return verdict
    verdict = _with_estimate(fit, asked, verdict)
    margin = critical * verdict.std_error
    return replace(
        verdict,
        conf_low=verdict.estimate - margin,
        conf_high=verdict.estimate + margin,
        confidence=confidence,
    )


def _of_likelihood(
    likelihood: Likelihood, loglik: float, asked: Hypothesis, kind: TestKind, confidence: float
) -> Verdict:
    """Return the test by the likelihood under the hypothesis; one combination has its profile interval."""
    restricted = likelihood.constrained(asked.contrast, asked.value)
    if not restricted.converged:
        return unanswered(asked.text, kind, asked.df, "the model under the hypothesis did not converge")
    if kind == "score":
        statistic = likelihood.score_statistic(restricted)
        if np.isnan(statistic):
            return unanswered(asked.text, kind, asked.df, "the information under the hypothesis is singular")
        return answered(asked.text, kind, statistic, restricted.df, np.inf)
    ratio = 2.0 * max(loglik - restricted.loglik, 0.0)
    verdict = answered(asked.text, kind, ratio, restricted.df, np.inf)
    if restricted.df > 1:
        return verdict
    found = profile_intervals(likelihood, asked.contrast, loglik=loglik, confidence=confidence)
    return replace(
        verdict,
        estimate=float(found.estimate[0]),
        conf_low=float(found.low[0]),
        conf_high=float(found.high[0]),
        confidence=confidence,
    )
