"""Characteristics of groups of records: moments, quantiles, shares, standardised differences, tests.

Every function takes one variable at a time, with the weights of its records in each group; overall is the
first group throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = [
    "GroupTest",
    "LevelSummary",
    "NumberSummary",
    "chi_squared_test",
    "kruskal_test",
    "level_differences",
    "number_differences",
    "summarise_levels",
    "summarise_numbers",
    "welch_test",
]

FloatArray = NDArray[np.float64]

#: Below this expected count the chi-squared distribution of Pearson's statistic is poor (Cochran 1954).
SMALLEST_EXPECTED = 5.0
#: Eigenvalues of a covariance of shares below this part of the largest are none.
RANK_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumberSummary:
    """A numeric variable in each group, overall first: arrays of shape (G + 1,).

    ``n`` are sums of weights of the records with a value, ``missing`` of those without.
    """

    n: FloatArray
    missing: FloatArray
    mean: FloatArray
    sd: FloatArray
    median: FloatArray
    q1: FloatArray
    q3: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelSummary:
    """A variable with L levels in each group, overall first: ``counts`` (G + 1, L), ``missing`` (G + 1,)."""

    counts: FloatArray
    missing: FloatArray

    @property
    def shares(self) -> FloatArray:
        """Shares of the levels among the records with a value (G + 1, L); NaN for an empty group."""
        with np.errstate(invalid="ignore", divide="ignore"):
            result: FloatArray = self.counts / self.counts.sum(axis=1, keepdims=True)
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTest:
    """A test by name; NaN with a reason where it cannot be made."""

    name: str
    statistic: float
    df: float
    p_value: float
    reason: str = ""


def summarise_numbers(values: FloatArray, weights: FloatArray, *, frequencies: bool) -> NumberSummary:
    """Return moments and quartiles of each group.

    Parameters
    ----------
    values : (n,) array
        NaN where missing.
    weights : (G, n) array
        Of each record in each group; 0 where it does not belong to it.
    frequencies : bool
        Whether weights count copies. The standard deviation then divides by n - 1 and quantiles are R's type
        7 of the copies; otherwise the variance is ``sum(w) / (sum(w)^2 - sum(w^2)) sum(w (x - mean)^2)``
        (Austin and Stuart 2015, *Statistics in Medicine* 34, section 3.1) and quantiles invert the weighted
        distribution function, halfway between two values where it is flat.
    """
    known = ~np.isnan(values)
    whole = np.vstack([weights.sum(axis=0), weights])
    x, w = values[known], whole[:, known]
    order = np.argsort(x, kind="stable")
    x, w = x[order], w[:, order]
    quartiles = np.array([[_quantile(x, row, q, frequencies) for q in (0.25, 0.5, 0.75)] for row in w])
    total = w.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (w @ x) / total
        squares = np.array([float(row @ (x - m) ** 2) for row, m in zip(w, mean, strict=True)])
        if frequencies:
            divisor = np.where(total > 1.0, total - 1.0, np.nan)
        else:
            divisor = total - (w * w).sum(axis=1) / total
            divisor[divisor <= 0.0] = np.nan
        sd = np.sqrt(squares / divisor)
    return NumberSummary(
        n=total,
        missing=whole[:, ~known].sum(axis=1),
        mean=mean,
        sd=sd,
        median=quartiles[:, 1],
        q1=quartiles[:, 0],
        q3=quartiles[:, 2],
    )


def _quantile(x: FloatArray, w: FloatArray, q: float, frequencies: bool) -> float:
    """Return a quantile of sorted values with weights; NaN if there are none."""
    kept = w > 0.0
    x, below = x[kept], np.cumsum(w[kept])
    if not len(x):
        return float("nan")
    if frequencies:
        place = q * (below[-1] - 1.0)  # type 7 of Hyndman and Fan (1996), counted from 0
        low = int(np.searchsorted(below, np.floor(place), side="right"))
        high = int(np.searchsorted(below, min(np.floor(place) + 1.0, below[-1] - 1.0), side="right"))
        return float(x[low] + (place - np.floor(place)) * (x[high] - x[low]))
    target = q * below[-1]
    at = int(np.searchsorted(below, target * (1.0 - 1e-12), side="left"))
    flat = abs(below[at] - target) <= 1e-12 * below[-1] and at + 1 < len(x)
    return float((x[at] + x[at + 1]) / 2.0 if flat else x[at])


def summarise_levels(codes: NDArray[np.intp], n_levels: int, weights: FloatArray) -> LevelSummary:
    """Return counts of each level in each group; code -1 is missing, weights are (G, n)."""
    counts = np.array([np.bincount(codes + 1, weights=row, minlength=n_levels + 1) for row in weights])
    counts = np.vstack([counts.sum(axis=0), counts])
    return LevelSummary(counts=counts[:, 1:], missing=counts[:, 0])


def number_differences(found: NumberSummary) -> FloatArray:
    """Return standardised mean differences of all pairs of groups (G, G).

    ``|m_1 - m_2| / sqrt((s_1^2 + s_2^2) / 2)`` (Austin 2009, *Statistics in Medicine* 28, equation 1);
    infinite where both groups are constant at different values.
    """
    mean, variance = found.mean[1:], found.sd[1:] ** 2

    def distance(a: int, b: int) -> float:
        return _share(float(abs(mean[a] - mean[b])), float(np.sqrt((variance[a] + variance[b]) / 2.0)))

    return _pairs(len(mean), distance)


def level_differences(found: LevelSummary) -> FloatArray:
    """Return standardised differences of the shares of all levels, for all pairs of groups (G, G).

    ``sqrt(d' S^-1 d)`` with d the differences of the shares of all levels but one and S the mean of the two
    multinomial covariances (Yang and Dalton 2012, *SAS Global Forum* 335-2012); with two levels it is
    ``|p_1 - p_2| / sqrt((p_1 q_1 + p_2 q_2) / 2)`` (Austin 2009, equation 2). Infinite where the groups
    differ in a direction in which neither varies.
    """
    shares = found.shares[1:]

    def distance(a: int, b: int) -> float:
        if np.isnan(shares[[a, b]]).any():
            return float("nan")
        covariance = sum(np.diag(p) - np.outer(p, p) for p in shares[[a, b]]) / 2.0
        d = shares[a] - shares[b]
        # With all levels S has rank L - 1, and its generalised inverse gives the same distance.
        values, vectors = np.linalg.eigh(covariance)
        along = vectors.T @ d
        kept = values > RANK_TOLERANCE * max(float(values.max()), RANK_TOLERANCE)
        if (np.abs(along[~kept]) > 1e-9).any():
            return float("inf")
        return float(np.sqrt(np.sum(along[kept] ** 2 / values[kept])))

    return _pairs(len(shares), distance)


def _pairs(n_groups: int, distance: Callable[[int, int], float]) -> FloatArray:
    result = np.zeros((n_groups, n_groups))
    for a, b in combinations(range(n_groups), 2):
        result[a, b] = result[b, a] = distance(a, b)
    return result


def _share(difference: float, size: float) -> float:
    if size > 0.0 or np.isnan(size):
        return float(difference / size)
    return 0.0 if difference == 0.0 else float("inf")


def welch_test(found: NumberSummary) -> GroupTest:
    """Return Welch's test of equal means, without assuming equal variances.

    For two groups Welch's t test (the statistic is t), for more his F test (Welch 1951, *Biometrika* 38,
    330-336). ``df`` are those of the denominator.
    """
    n, mean, variance = found.n[1:], found.mean[1:], found.sd[1:] ** 2
    g = len(n)
    name = "Welch t" if g == 2 else "Welch F"
    nan = float("nan")
    if g < 2 or not (variance > 0.0).all() or not (n > 1.0).all():
        return GroupTest(name=name, statistic=nan, df=nan, p_value=nan, reason="a group does not vary")
    precision = n / variance
    share = precision / precision.sum()
    centre = float(share @ mean)
    between = float(precision @ (mean - centre) ** 2) / (g - 1.0)
    spread = float(np.sum((1.0 - share) ** 2 / (n - 1.0)))
    statistic = between / (1.0 + 2.0 * (g - 2.0) / (g * g - 1.0) * spread)
    df = (g * g - 1.0) / (3.0 * spread)
    p_value = float(stats.f.sf(statistic, g - 1.0, df))
    if g == 2:
        statistic = float(np.sign(mean[0] - mean[1]) * np.sqrt(statistic))
    return GroupTest(name=name, statistic=statistic, df=df, p_value=p_value)


def kruskal_test(values: FloatArray, weights: FloatArray) -> GroupTest:
    """Return the Kruskal-Wallis test of equal distributions, corrected for ties; weights (G, n) count copies.

    With two groups it is the Wilcoxon rank sum test without a continuity correction, squared (Kruskal and
    Wallis 1952, *JASA* 47, equations 1.1 and 1.2).
    """
    name, nan = "Kruskal-Wallis", float("nan")
    known = ~np.isnan(values)
    distinct, places = np.unique(values[known], return_inverse=True)
    counts = np.array([np.bincount(places, weights=row[known], minlength=len(distinct)) for row in weights])
    tied, n = counts.sum(axis=0), counts.sum(axis=1)
    total = float(n.sum())
    # The correction for ties is a share: 1 less the sum of t^3 - t over N^3 - N.
    correction = 1.0 - float(np.sum(tied**3 - tied)) / (total**3 - total) if total > 1.0 else 0.0
    if len(n) < 2 or not (n > 0.0).all() or correction <= 0.0:
        return GroupTest(name=name, statistic=nan, df=nan, p_value=nan, reason="the values do not vary")
    rank = np.cumsum(tied) - tied + (tied + 1.0) / 2.0
    # Ranks about their mean: the difference of two large numbers in (1.1) loses digits.
    deviation = (counts @ (rank - (total + 1.0) / 2.0)) ** 2 / n
    statistic = 12.0 / (total * (total + 1.0)) * float(deviation.sum()) / correction
    df = len(n) - 1.0
    return GroupTest(name=name, statistic=statistic, df=df, p_value=float(stats.chi2.sf(statistic, df)))


def chi_squared_test(found: LevelSummary) -> GroupTest:
    """Return Pearson's chi-squared test, without correction; Fisher's exact test for a sparse two by two.

    A table is sparse if an expected count is below 5. A larger sparse table keeps the chi-squared test, and
    the reason says so beside its p-value.
    """
    counts = found.counts[1:]
    counts = counts[:, counts.sum(axis=0) > 0.0]
    name, nan = "chi-squared", float("nan")
    rows, columns = counts.sum(axis=1), counts.sum(axis=0)
    if min(counts.shape) < 2 or not (rows > 0.0).all():
        return GroupTest(name=name, statistic=nan, df=nan, p_value=nan, reason="the levels do not vary")
    expected = np.outer(rows, columns) / rows.sum()
    sparse = bool(expected.min() < SMALLEST_EXPECTED)
    if sparse and counts.shape == (2, 2):
        exact = stats.fisher_exact(np.rint(counts).astype(int))
        return GroupTest(name="Fisher exact", statistic=nan, df=nan, p_value=float(exact.pvalue))
    statistic = float(np.sum((counts - expected) ** 2 / expected))
    df = (counts.shape[0] - 1.0) * (counts.shape[1] - 1.0)
    p_value = float(stats.chi2.sf(statistic, df))
    reason = "expected counts below 5" if sparse else ""
    return GroupTest(name=name, statistic=statistic, df=df, p_value=p_value, reason=reason)
