"""Several tests at once: adjusted p-values, and intervals that hold together.

Single-step adjustment compares every ``|t|`` with the distribution of the largest. For estimates whose
correlation ``L L'`` has rank r, the statistics are ``L z`` with z spherical, and with u uniform on the sphere

    P(max |t_i| > c) = E_u P(|z| > c / g(u)),    g(u) = max_i |l_i' u|,

whose inner tail is that of chi-squared or F with r degrees of freedom (Genz and Bretz 2009, Computation of
Multivariate Normal and t Probabilities, section 4.2.2). What is left is a smooth mean over directions:
by quadrature for r = 2, by a Sobol sequence beyond. Singular correlations, as those of all pairwise
differences, are no special case, and the same directions serve every c, so that results repeat to the last
digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtrc, fdtrc, ndtri

from logreg.errors import SupportError, did_you_mean
from logreg.inference.normal import critical_value, two_sided_p_value

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ADJUSTMENTS", "adjust_p_values", "adjusted", "simultaneous"]

FloatArray = NDArray[np.float64]

#: Adjustments of p-values alone, and what statsmodels calls them.
P_VALUE_METHODS = {
    "bonferroni": "bonferroni",
    "sidak": "sidak",
    "holm": "holm",
    "holm-sidak": "holm-sidak",
    "hochberg": "simes-hochberg",
    "hommel": "hommel",
    "BH": "fdr_bh",
    "BY": "fdr_by",
    "none": None,
}
#: All adjustments: those, and the ones that know how the estimates are related.
ADJUSTMENTS = (*P_VALUE_METHODS, "simultaneous", "tukey")

#: Directions on the sphere, as a power of 2. With these, probabilities are right to 1e-4 up to rank
#: 5, and to 1e-3 up to rank 20.
LOG2_DIRECTIONS = 17
#: Tails of the studentised range below this are lost in rounding; Bonferroni's bound is as good there.
SMALLEST_RANGE_TAIL = 1e-9
#: Directions of the half circle for rank 2: the mean of a periodic function with kinks, right to 1e-9.
CIRCLE_DIRECTIONS = 200_000
#: Eigenvalues of a correlation below this share of the largest are rounding.
RANK_SHARE = 1e-10
#: Elements of directions times contrasts held at a time.
CHUNK_ELEMENTS = 4_000_000


def adjust_p_values(p_values: Any, method: str = "holm") -> Any:
    """Return p-values adjusted for their number; missing ones do not count and stay missing.

    Parameters
    ----------
    p_values : sequence of float, array or Series
        Probabilities.
    method : str
        "holm", "bonferroni", "sidak", "holm-sidak", "hochberg", "hommel": the chance of any false rejection;
        "BH" (Benjamini-Hochberg), "BY" (Benjamini-Yekutieli): the share of false rejections; "none".

    Returns
    -------
    array, or Series with the index of the one given

    Raises
    ------
    SupportError
        For an unknown method, and for what is not a probability.

    Examples
    --------
    >>> adjust_p_values([0.01, 0.02, 0.04], "holm").tolist()
    [0.03, 0.04, 0.04]
    """
    if method not in P_VALUE_METHODS:
        raise SupportError(
            f"method={method!r} is not supported for p-values alone."
            f"{did_you_mean(str(method), P_VALUE_METHODS)} The methods are {', '.join(P_VALUE_METHODS)}."
        )
    try:
        values = np.asarray(p_values, dtype=np.float64)
    except (TypeError, ValueError):
        raise SupportError(f"p-values are numbers between 0 and 1, got {p_values!r}.") from None
    if values.ndim != 1 or (values < 0).any() or (values > 1).any():
        raise SupportError("p-values are a list of numbers between 0 and 1.")
    result = _adjusted_p(values, method)
    index = getattr(p_values, "index", None)
    if index is None or callable(index):
        return result
    import pandas as pd

    return pd.Series(result, index=index, name=getattr(p_values, "name", None))


def _adjusted_p(values: FloatArray, method: str) -> FloatArray:
    result = values.copy()
    name, known = P_VALUE_METHODS[method], ~np.isnan(values)
    if name is None or not known.any():
        return result
    from statsmodels.stats.multitest import multipletests

    result[known] = multipletests(values[known], method=name)[1]
    return result


def adjusted(
    estimates: FloatArray, vcov: FloatArray, method: str, confidence: float, df: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return adjusted p-values (of the value 0) and intervals of q estimates.

    Parameters
    ----------
    estimates : (q,) array
        Estimates; those that are not finite, or have no standard error, do not count and have NaN.
    vcov : (q, q) array
        Their covariance.
    method : str
        One of `ADJUSTMENTS`. "simultaneous": single-step, from the joint distribution. "tukey": the
        studentised range, for all pairwise differences of k means (Tukey-Kramer; exact if their errors are
        alike and independent, else conservative). The others adjust p-values alone; their intervals are
        Bonferroni's, which hold together at the level asked for, Sidak's for "sidak", and unadjusted for
        "none".
    confidence : float
        Level at which the intervals hold together.
    df : float
        Degrees of freedom of t, infinite for the normal.

    Returns
    -------
    p_values, conf_low, conf_high : (q,) arrays

    Raises
    ------
    SupportError
        For an unknown method, a level outside (0, 1), and "tukey" for what cannot be all pairwise
        differences.
    """
    if method not in ADJUSTMENTS:
        raise SupportError(
            f"method={method!r} is not an adjustment.{did_you_mean(str(method), ADJUSTMENTS)} They are "
            f"{', '.join(ADJUSTMENTS)}."
        )
    estimates = np.asarray(estimates, dtype=np.float64)
    single = critical_value(confidence, df)
    with np.errstate(invalid="ignore", divide="ignore"):
        std_error = np.sqrt(np.diagonal(vcov))
        known = np.isfinite(estimates) & np.isfinite(std_error) & (std_error > 0)
        t = np.where(known, estimates / std_error, np.nan)
    q = int(known.sum())
    if q == 0:
        critical, p_values = single, t
    elif method == "tukey":
        n_means = _number_of_means(q, vcov[np.ix_(known, known)])
        p_values, critical = np.full_like(t, np.nan), _tukey_critical(n_means, df, confidence)
        p_values[known] = _tukey_p(t[known], n_means, df)
    elif method == "simultaneous":
        largest = _LargestStatistic(vcov[np.ix_(known, known)], df)
        p_values, critical = np.full_like(t, np.nan), largest.critical(confidence, single)
        p_values[known] = [largest.p_value(x) for x in t[known]]
    else:
        p_values = _adjusted_p(two_sided_p_value(t, df), method)
        level = 1.0 - (1.0 - confidence) / q
        if method == "sidak":
            level = confidence ** (1.0 / q)
        critical = single if method == "none" else critical_value(level, df)
    margin = np.where(known, critical * std_error, np.nan)
    return p_values, estimates - margin, estimates + margin


def simultaneous(
    estimate: Sequence[float] | FloatArray,
    vcov: Any,
    df: float = np.inf,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return single-step simultaneous tests and intervals of estimates with a joint covariance.

    Parameters
    ----------
    estimate : (q,) array
        Estimates, for example contrasts of coefficients.
    vcov : (q, q) array or DataFrame
        Their covariance; it may be singular.
    df : float
        Degrees of freedom of t, infinite for the normal.
    confidence : float
        Level at which all intervals hold together.

    Returns
    -------
    DataFrame
        ``estimate, std_error, statistic, p_value, conf_low, conf_high``. Probabilities are right to 1e-9 for
        covariances of rank 2, 1e-4 up to rank 5 and 1e-3 up to rank 20, and the same every time.

    Raises
    ------
    SupportError
        For shapes that do not match, and a level outside (0, 1).
    """
    from logreg.tables import table

    values, matrix = np.asarray(estimate, dtype=np.float64), np.asarray(vcov, dtype=np.float64)
    if values.ndim != 1 or matrix.shape != (len(values), len(values)) or not len(values):
        raise SupportError(f"q estimates have a covariance (q, q), got {values.shape} and {matrix.shape}.")
    p_value, low, high = adjusted(values, matrix, "simultaneous", confidence, df)
    std_error = np.sqrt(np.diagonal(matrix))
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = values / std_error
    return table(
        {
            "estimate": values,
            "std_error": std_error,
            "statistic": statistic,
            "p_value": p_value,
            "conf_low": low,
            "conf_high": high,
        }
    )


class _LargestStatistic:
    """The distribution of ``max |t_i|``, from the sizes g(u) of many directions u."""

    def __init__(self, vcov: FloatArray, df: float) -> None:
        error = np.sqrt(np.diagonal(vcov))
        values, vectors = np.linalg.eigh(vcov / np.outer(error, error))
        kept = values > RANK_SHARE * values[-1]
        root = vectors[:, kept] * np.sqrt(values[kept])
        self.count, self.rank, self.df = len(vcov), int(kept.sum()), df
        self.sizes = _sizes(root / np.linalg.norm(root, axis=1)[:, np.newaxis])

    def p_value(self, statistic: float) -> float:
        """Return P(max |t_i| > |statistic|), at least that of one statistic and at most that of all apart."""
        alone = float(two_sided_p_value(np.array([statistic]), self.df)[0])
        squared = (abs(statistic) / self.sizes) ** 2
        tails = (
            chdtrc(self.rank, squared)
            if self.df == np.inf
            else fdtrc(self.rank, self.df, squared / self.rank)
        )
        return float(np.clip(tails.mean(), alone, min(1.0, self.count * alone)))

    def critical(self, confidence: float, single: float) -> float:
        """Return c with P(max |t_i| <= c) = confidence."""
        alone = critical_value(1.0 - (1.0 - confidence) / self.count, self.df)
        if self.count == 1:
            return single
        return float(
            brentq(lambda c: self.p_value(c) - (1.0 - confidence), 0.999 * single, 1.001 * alone, xtol=1e-12)
        )


def _sizes(rows: FloatArray) -> FloatArray:
    """Return the largest of ``|row @ u|`` for directions u spread evenly over the sphere."""
    rank = rows.shape[1]
    if rank == 1:
        return np.ones(1)
    if rank == 2:
        angle = (np.arange(CIRCLE_DIRECTIONS) + 0.5) * (np.pi / CIRCLE_DIRECTIONS)
        directions = np.stack([np.cos(angle), np.sin(angle)])
    else:
        from scipy.stats import qmc

        points = qmc.Sobol(rank, scramble=False).random_base2(LOG2_DIRECTIONS).T
        # Shifted by the roots of primes, so that no point lies at 0 and no two coordinates keep step.
        directions = ndtri((points + np.sqrt(_primes(rank))[:, np.newaxis]) % 1.0)
        directions /= np.linalg.norm(directions, axis=0)
    step = max(1, CHUNK_ELEMENTS // len(rows))
    parts = [
        np.abs(rows @ directions[:, start : start + step]).max(axis=0)
        for start in range(0, directions.shape[1], step)
    ]
    result: FloatArray = np.concatenate(parts)
    return result


def _primes(n: int) -> FloatArray:
    """Return the first n primes."""
    found: list[int] = []
    candidate = 2
    while len(found) < n:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return np.array(found, dtype=np.float64)


def _number_of_means(q: int, vcov: FloatArray) -> int:
    """Return k where q = k (k - 1) / 2 differences have a covariance of rank at most k - 1."""
    k = round((1.0 + float(np.sqrt(1.0 + 8.0 * q))) / 2.0)
    error = np.sqrt(np.diagonal(vcov))
    values = np.linalg.eigvalsh(vcov / np.outer(error, error))
    rank = int(np.sum(values > RANK_SHARE * values[-1]))
    if k * (k - 1) // 2 != q or rank > k - 1:
        raise SupportError(
            f"method='tukey' is for all pairwise differences of some means, and these {q} estimates are not. "
            "Use method='simultaneous'."
        )
    return k


def _tukey_p(t: FloatArray, n_means: int, df: float) -> FloatArray:
    from scipy.stats import studentized_range

    if n_means == 2:
        return two_sided_p_value(t, df)
    # The range of k means over the error of one is |t| sqrt(2).
    found = np.array([studentized_range.sf(abs(x) * np.sqrt(2.0), n_means, df) for x in t])
    alone = two_sided_p_value(t, df)
    bound = np.minimum(1.0, alone * (n_means * (n_means - 1) / 2))
    result: FloatArray = np.where(bound < SMALLEST_RANGE_TAIL, bound, np.clip(found, alone, bound))
    return result


def _tukey_critical(n_means: int, df: float, confidence: float) -> float:
    from scipy.stats import studentized_range

    if n_means == 2:
        return critical_value(confidence, df)
    return float(studentized_range.ppf(confidence, n_means, df) / np.sqrt(2.0))
