"""Tests of terms: what each adds to the model, as linear constraints on the coefficients of the one fit.

Every test compares two models inside the fit, a larger and a smaller one, each being the fit with some
effects set to zero (`logreg.inference.spans`); nothing is coded anew, so that a term means the same whatever
the contrasts of the fit. For several logits a term is tested in all of them at once: df counts K - 1
coefficients per column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from logreg.design.spec import DesignSpec
from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.likelihood import Likelihood
from logreg.inference.nested import Nested, check_test, choose_test, columns_of, likelihood_ratio, nested
from logreg.inference.spans import (
    CONSTANT,
    Piece,
    effect_rows,
    in_every_equation,
    labels_of_terms,
    pieces_of,
    rows_of,
    spanned,
)
from logreg.inference.verdict import Verdict
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KINDS", "anova", "overall_test"]

FloatArray = NDArray[np.float64]

#: What each kind compares, as tables say it.
KINDS = {
    1: "kind 1, sequential: each term given the terms before it",
    2: "kind 2, marginal: each term given all terms that do not contain it",
    3: "kind 3, partial: each term given all others, with factors in sum-to-zero coding (contr.sum) whatever "
    "the contrasts of the fit, so that an effect is averaged over the levels of the other factors with equal "
    "weight, and taken where interacting numbers are 0",
}

#: What each test is, as tables say it.
DESCRIPTIONS = {
    "LR": "likelihood-ratio tests",
    "wald": "Wald tests with the covariance of the fit",
    "score": "score tests",
}


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One term: the effects that the larger model sets to zero, and those that the smaller one adds."""

    term: str
    fixed: frozenset[Piece]
    added: frozenset[Piece]


def anova(
    fit: LogisticEstimate, likelihood: Callable[[], Likelihood], kind: int = 2, test: str = "LR"
) -> pd.DataFrame:
    """Return a test of every term of the model.

    Parameters
    ----------
    fit : LogisticEstimate
        With K outcomes; a term is tested in its K - 1 logits together.
    likelihood : callable
        Returns the fit's likelihood; called for "LR" and "score".
    kind : 1, 2 or 3
        1: terms in order, each given those before it. 2: each term given all terms that do not contain it
        (``a`` given ``b`` but without ``a:b``). 3: each term given all others; as this depends on how factors
        are coded, it is stated here: sum-to-zero coding (R's ``contr.sum``) for every factor, whatever the
        contrasts of the fit, and numbers as they are. The effect of ``a`` in ``a * b`` is then averaged over
        the levels of ``b`` with equal weight, and in ``a * x`` it is the effect where ``x`` is 0. Without an
        intercept, the first factor's test of kind 3 includes the mean of its levels.
    test : "LR", "wald" or "score"
        Likelihood ratio, from the likelihood also where the covariance of the fit is a sandwich; Wald, with
        the covariance of the fit, and F instead of chi-squared where that has finite degrees of freedom; Rao
        score, from the likelihood.

    Returns
    -------
    DataFrame
        ``term, df, statistic, p_value, s_value, reason``, with ``df_error`` for F tests; one row per term. A
        p-value is NaN where ``reason`` says why; ``s_value`` is -log2 of it, known also where it underflows.
        ``attrs["note"]`` states kind and test.

    Raises
    ------
    SupportError
        For an unknown kind or test; for "LR" and "score" on a loaded model or under sampling weights.

    Notes
    -----
    The smaller models span what their terms span when coded for themselves: without ``a``, the model ``0 + a
    + b`` still has a mean for every level of ``b``, as R's ``update(fit, . ~ . - a)`` has. Kinds as in Fox
    (2016, *Applied Regression Analysis*, 3rd ed., 8.2 and 15.3); tests as in Cox and Hinkley (1974,
    *Theoretical Statistics*, 9.3).

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + race * smoke", logreg.datasets.load("birthwt"))
    >>> print(fit.anova().round(3)[["term", "df", "statistic", "p_value"]].to_string(index=False))
          term  df  statistic  p_value
           age   1      0.787    0.375
          race   2      8.414    0.015
         smoke   1      9.265    0.002
    race:smoke   2      2.831    0.243
    """
    _check_kind(kind)
    kind_of_test = check_test(test)
    spec = fit.spec
    effects = effect_rows(spec)
    run = choose_test(fit, likelihood, kind_of_test)
    comparisons = _comparisons(spec, frozenset(effects), int(kind))
    found = [
        run(_models(fit, effects, one.fixed, one.added), f"{one.term} adds nothing") for one in comparisons
    ]
    result = table({"term": [one.term for one in comparisons], **columns_of(found)})
    note = f"{KINDS[int(kind)]}; {DESCRIPTIONS[test]}"
    if not fit.is_binary:
        note += f"; each term in all {len(fit.coef_array)} logits together"
    result.attrs["note"] = note
    return result


def overall_test(fit: LogisticEstimate, likelihood: Callable[[], Likelihood], test: str = "LR") -> Verdict:
    """Return the test of all terms together, against the model of the intercepts alone.

    Parameters
    ----------
    fit : LogisticEstimate
    likelihood : callable
        As for `anova`; called for "score", and for "LR" where the likelihood is a penalised one.
    test : "LR", "wald" or "score"

    Raises
    ------
    SupportError
        As for `anova`, and for a model that does not hold the constant, in which the model of the intercepts
        is not nested.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> print(fit.overall_test())
    all terms add nothing: likelihood-ratio chi2(2) = 7.396, p = 0.0248
    """
    kind_of_test = check_test(test)
    effects = effect_rows(fit.spec)
    if CONSTANT not in effects:
        raise SupportError(
            "the model has no intercept, so that the model of the intercepts alone is not nested in it. Keep "
            "the intercept, or test terms with anova()."
        )
    hypothesis = "all terms add nothing"
    models = _models(fit, effects, frozenset(), frozenset(effects) - {CONSTANT})
    if test == "LR" and fit.has_likelihood and fit.options.estimator == "ml":
        # The log-likelihood of the smaller model is part of every fit.
        return likelihood_ratio(hypothesis, fit.loglik, fit.loglik_null, models.df)
    return choose_test(fit, likelihood, kind_of_test)(models, hypothesis)


def _check_kind(kind: object) -> None:
    if isinstance(kind, bool) or not isinstance(kind, int | np.integer) or kind not in KINDS:
        raise SupportError(
            f"kind={kind!r} is not supported; use 1 (sequential), 2 (marginal) or 3 (partial)."
        )


def _comparisons(spec: DesignSpec, every: frozenset[Piece], kind: int) -> list[_Comparison]:
    """Return for each term which effects the two models lack."""
    labels = labels_of_terms(spec)
    terms = list(labels)

    def lacking(present: list[str]) -> frozenset[Piece]:
        return every - spanned(spec, present)

    found = []
    seen = {CONSTANT} if spec.intercept else set[Piece]()
    for k, term in enumerate(terms):
        if kind == 3:
            own = frozenset(pieces_of(spec, labels[term])) - seen
            seen |= own
            found.append(_Comparison(term, frozenset(), own & every))
            continue
        if kind == 1:
            larger = terms[: k + 1]
        else:
            larger = [other for other in terms if not labels[term] < labels[other]]
        fixed = lacking(larger)
        added = lacking([other for other in larger if other != term]) - fixed
        found.append(_Comparison(term, fixed, added))
    return found


def _models(
    fit: LogisticEstimate,
    effects: dict[Piece, FloatArray],
    fixed: frozenset[Piece],
    added: frozenset[Piece],
) -> Nested:
    """Return both models as constraints in every equation."""
    m, p = fit.coef_array.shape
    return nested(
        fit,
        in_every_equation(rows_of(effects, fixed, p), m),
        in_every_equation(rows_of(effects, added, p), m),
    )
