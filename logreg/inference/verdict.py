"""The answer of a test, with its reason where there is none."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import betaln, chdtrc, fdtrc, gammaln, hyp2f1, log_ndtr

from logreg.inference.normal import chi2_p_value, f_p_value
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TestKind", "Verdict", "answered", "log_upper_tail", "unanswered"]

TestKind = Literal["wald", "LR", "score"]

#: Tails below this are taken from their series on the log scale, before they lose digits and underflow.
SMALLEST_TAIL = 1e-250
#: Terms of the continued fraction of a tail; far out, where it is used, a few dozen suffice.
MAX_TERMS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a test says about a hypothesis.

    ``statistic`` is chi-squared with ``df`` degrees of freedom, or F with ``df`` and ``df_error`` where that
    is finite. ``log_p_value`` stays finite when ``p_value`` underflows. Hypotheses about one combination of
    coefficients also have its ``estimate`` with standard error and, for Wald and likelihood-ratio tests,
    interval at level ``confidence``, on the logit scale; the others have NaN there. If ``valid`` is False,
    ``reason`` says why there is no number.
    """

    hypothesis: str
    test: TestKind
    statistic: float
    df: int
    df_error: float = np.inf
    p_value: float
    log_p_value: float
    valid: bool = True
    reason: str = ""
    estimate: float = np.nan
    std_error: float = np.nan
    conf_low: float = np.nan
    conf_high: float = np.nan
    confidence: float = np.nan

    @property
    def s_value(self) -> float:
        """Bits of information against the hypothesis, -log2 of the p-value (Greenland 2019)."""
        return -self.log_p_value / float(np.log(2.0))

    def to_frame(self) -> pd.DataFrame:
        """Return one row, by the names of the fields."""
        names = [field.name for field in fields(self) if field.name != "confidence"]
        names.insert(names.index("log_p_value") + 1, "s_value")
        return table({name: [getattr(self, name)] for name in names})

    def __str__(self) -> str:
        name = {"wald": "Wald", "LR": "likelihood-ratio", "score": "score"}[self.test]
        if not self.valid:
            return f"{self.hypothesis}: no {name} test: {self.reason}"
        law = f"chi2({self.df})" if self.df_error == np.inf else f"F({self.df}, {self.df_error:.6g})"
        shown = f"{self.hypothesis}: {name} {law} = {self.statistic:.4g}, p = {_p_text(self)}"
        if not np.isnan(self.estimate):
            shown += f"; estimate {self.estimate:.4g}"
        if not (np.isnan(self.conf_low) or np.isnan(self.conf_high)):
            shown += f" ({100 * self.confidence:g}% interval {self.conf_low:.4g} to {self.conf_high:.4g})"
        return shown


def answered(hypothesis: str, test: TestKind, statistic: float, df: int, df_error: float = np.inf) -> Verdict:
    """Return the verdict of a statistic: chi-squared, or F where ``df_error`` is finite."""
    return Verdict(
        hypothesis=hypothesis,
        test=test,
        statistic=statistic,
        df=df,
        df_error=df_error,
        p_value=chi2_p_value(statistic, df) if df_error == np.inf else f_p_value(statistic, df, df_error),
        log_p_value=log_upper_tail(statistic, df, df_error),
    )


def unanswered(hypothesis: str, test: TestKind, df: int, reason: str) -> Verdict:
    """Return the verdict of a test without a number."""
    nan = float("nan")
    return Verdict(
        hypothesis=hypothesis,
        test=test,
        statistic=nan,
        df=df,
        p_value=nan,
        log_p_value=nan,
        valid=False,
        reason=reason,
    )


def _p_text(verdict: Verdict) -> str:
    if verdict.p_value > 0:
        return f"{verdict.p_value:.3g}"
    return f"10^{verdict.log_p_value / np.log(10.0):.0f}"


def log_upper_tail(statistic: float, df: int, df_error: float = np.inf) -> float:
    """Return log P(chi-squared(df) >= statistic), or of F(df, df_error): finite where the tail underflows.

    Far out, chi-squared by the continued fraction of the incomplete gamma function (Abramowitz and Stegun
    6.5.31) and F by the series of the incomplete beta function (26.5.23 with 26.6.2).

    Examples
    --------
    >>> print(f"{log_upper_tail(10_000.0, 1):.4f}")
    -5004.8311
    """
    if df <= 0 or np.isnan(statistic):
        return float("nan")
    if statistic <= 0:
        return 0.0
    if df_error == np.inf and df == 1:
        return float(np.log(2.0) + log_ndtr(-np.sqrt(statistic)))
    tail = chdtrc(df, statistic) if df_error == np.inf else fdtrc(df, df_error, statistic)
    if tail > SMALLEST_TAIL:
        return float(np.log(tail))
    if df_error == np.inf:
        return _log_gamma_tail(0.5 * df, 0.5 * statistic)
    a, b, x = 0.5 * df_error, 0.5 * df, df_error / (df_error + df * statistic)
    series = float(np.log(hyp2f1(a + b, 1.0, a + 1.0, x)))
    return float(a * np.log(x) + b * np.log1p(-x) - np.log(a) - betaln(a, b)) + series


def _log_gamma_tail(a: float, x: float) -> float:
    """Return log Q(a, x) by Lentz's evaluation of ``x + 1 - a - 1 (1 - a) / (x + 3 - a - ...)``."""
    b = x + 1.0 - a
    c, d = np.inf, 1.0 / b
    fraction = d
    for k in range(1, MAX_TERMS):
        share = -k * (k - a)
        b += 2.0
        d = 1.0 / (share * d + b)
        c = b + share / c
        fraction *= c * d
        if abs(c * d - 1.0) < np.finfo(float).eps:
            break
    return float(-x + a * np.log(x) - gammaln(a) + np.log(fraction))
