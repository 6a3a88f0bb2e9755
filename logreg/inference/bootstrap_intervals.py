"""Confidence limits from bootstrap replicates, one column of replicates per coefficient.

Quantiles follow R's ``boot``: the one at level a is order statistic ``(R + 1) a`` of R replicates, and
between two order statistics interpolation is linear on the scale of normal quantiles (Davison and Hinkley
1997, eq. 5.8). So are the limits ``boot.ci``'s on the same replicates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from logreg.inference.normal import normal_quantile

__all__ = [
    "acceleration",
    "basic_limits",
    "bca_limits",
    "normal_limits",
    "percentile_limits",
    "quantile",
    "replicates_needed",
]

FloatArray = NDArray[np.float64]


def quantile(replicates: FloatArray, level: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return quantiles of replicates, and which of them lie beyond the outermost order statistics.

    Parameters
    ----------
    replicates : (R, s) array
        Finite.
    level : (s,) array
        One level for each column; NaN gives NaN.

    Returns
    -------
    quantiles : (s,) array
        The outermost order statistic where the level lies beyond it.
    beyond : (s,) array of bool
        Where that is so.

    Examples
    --------
    >>> import numpy as np
    >>> values, beyond = quantile(np.arange(1.0, 100.0)[:, np.newaxis], np.array([0.05]))
    >>> float(values[0]), bool(beyond[0])
    (5.0, False)
    """
    ordered = np.sort(replicates, axis=0)
    n = len(ordered)
    rank = (n + 1) * np.where(np.isnan(level), 0.5, level)
    below = np.clip(np.floor(rank), 1, n).astype(np.intp)
    above = np.minimum(below + 1, n)
    columns = np.arange(ordered.shape[1])
    low, high = ordered[below - 1, columns], ordered[above - 1, columns]
    # Davison and Hinkley (1997), eq. 5.8.
    edge, next_edge = ndtri(below / (n + 1)), ndtri(above / (n + 1))
    inside = (rank > below) & (above > below)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(inside, (ndtri(rank / (n + 1)) - edge) / (next_edge - edge), 0.0)
    found = np.where(np.isnan(level), np.nan, low + np.where(inside, share * (high - low), 0.0))
    return found, ~np.isnan(level) & ((rank < 1) | (rank > n))


def replicates_needed(confidence: float) -> int:
    """Return the fewest replicates whose order statistics reach the limits of this level.

    Examples
    --------
    >>> replicates_needed(0.95), replicates_needed(0.99)
    (39, 199)
    """
    tail = (1.0 - confidence) / 2.0
    # The share of rounding in 2 / (1 - 0.95) must not cost a replicate.
    return int(np.ceil(1.0 / tail - 1e-6)) - 1


def percentile_limits(replicates: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Return the quantiles of the replicates (R, s) as limits (s,) and (s,).

    Davison and Hinkley (1997), section 5.3.1; Efron and Tibshirani (1993), section 13.3.
    """
    tail = np.full(replicates.shape[1], (1.0 - confidence) / 2.0)
    return quantile(replicates, tail)[0], quantile(replicates, 1.0 - tail)[0]


def basic_limits(
    replicates: FloatArray, estimate: FloatArray, confidence: float
) -> tuple[FloatArray, FloatArray]:
    """Return the quantiles of replicates (R, s) reflected at the estimate (s,).

    Davison and Hinkley (1997), eq. 5.6.
    """
    low, high = percentile_limits(replicates, confidence)
    return 2.0 * estimate - high, 2.0 * estimate - low


def normal_limits(
    replicates: FloatArray, estimate: FloatArray, confidence: float
) -> tuple[FloatArray, FloatArray]:
    """Return ``estimate - bias -+ z std_error``, bias and standard error from the replicates (R, s).

    Davison and Hinkley (1997), eq. 5.5.
    """
    centre = 2.0 * estimate - replicates.mean(axis=0)
    reach = normal_quantile(confidence) * replicates.std(axis=0, ddof=1)
    return centre - reach, centre + reach


def bca_limits(
    replicates: FloatArray, estimate: FloatArray, acceleration: FloatArray, confidence: float
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Return bias-corrected and accelerated limits.

    Efron (1987); Efron and Tibshirani (1993), eqs. 14.9 to 14.14.

    Parameters
    ----------
    replicates : (R, s) array
        Replicates of s estimates.
    estimate, acceleration : (s,) arrays
        The estimates, and the skewness of their influences from `acceleration`.
    confidence : float
        Level of the interval.

    Returns
    -------
    low, high : (s,) arrays
        NaN where all replicates lie on one side of the estimate, so that its bias has no measure.
    beyond : (s,) array of bool
        Where a limit would lie beyond the outermost replicate, and is that.
    """
    z = normal_quantile(confidence)
    # (14.14): the share of replicates below the estimate.
    correction = ndtri((replicates < estimate).mean(axis=0))
    correction = np.where(np.isfinite(correction), correction, np.nan)

    def level(point: float) -> FloatArray:
        # (14.10)
        moved = correction + point
        result: FloatArray = ndtr(correction + moved / (1.0 - acceleration * moved))
        return result

    low, low_beyond = quantile(replicates, level(-z))
    high, high_beyond = quantile(replicates, level(z))
    return low, high, low_beyond | high_beyond


def acceleration(values: FloatArray, copies: FloatArray, strata: NDArray[np.intp]) -> FloatArray:
    """Return the acceleration (s,) of estimates from their values with each unit left out.

    Without strata ``sum (mean - t_i)^3 / (6 (sum (mean - t_i)^2)^1.5)`` (Efron and Tibshirani 1993, eq.
    14.15). In strata of n_k units the differences are taken from the stratum's mean and multiplied by ``(n_k
    - 1) / n_k`` (Davison and Hinkley 1997, section 5.3.2).

    Parameters
    ----------
    values : (N, s) array
        The estimates without unit i; N distinct units.
    copies : (N,) array
        How many units each stands for.
    strata : (N,) array of int
        The stratum of each unit.
    """
    squares, cubes = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    for stratum in np.unique(strata):
        here = strata == stratum
        weight, total = copies[here, np.newaxis], float(copies[here].sum())
        origin = values[here][0]
        # From the first value on: the differences between values are all that counts.
        moved = values[here] - origin
        influence = ((weight * moved).sum(axis=0) / total - moved) * ((total - 1.0) / total)
        squares += (weight * influence**2).sum(axis=0)
        cubes += (weight * influence**3).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        result: FloatArray = cubes / (6.0 * squares**1.5)
    return result
