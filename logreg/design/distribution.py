"""The exact distribution of one number over the rows used: distinct values and how often each occurs.

Everything a stateful transform learns is computed from this, never from running moments. Merging adds whole
counts to sorted distinct values, so the result is the same to the last bit however the rows were cut into
blocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from logreg.data.source import FloatArray
from logreg.errors import DataError, WeightError

__all__ = ["Distribution"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Distribution:
    """Distinct values and their counts.

    Parameters
    ----------
    values : (m,) float64
        Distinct finite values, ascending; zero has no sign.
    counts : (m,) float64
        Rows, or the sum of frequency weights, at each value: whole numbers above zero.

    Examples
    --------
    >>> d = Distribution.of([2.0, 1.0, 2.0])
    >>> d.values.tolist(), d.counts.tolist(), d.median
    ([1.0, 2.0], [1.0, 2.0], 2.0)
    """

    values: FloatArray
    counts: FloatArray

    @staticmethod
    def of(values: ArrayLike, weights: ArrayLike | None = None) -> Distribution:
        """Count the distinct values of one block.

        Parameters
        ----------
        values : (n,) float
            Finite numbers; missing rows are already left out.
        weights : (n,) float, optional
            Frequencies, whole numbers; rows of weight zero do not count. Without them every row counts once.

        Raises
        ------
        DataError
            When a value is NaN or infinite.
        WeightError
            When a frequency is negative or not whole.
        """
        x = np.asarray(values, dtype=np.float64)
        _require_finite(x)
        if weights is None:
            return _runs(np.sort(x), None)
        w = np.asarray(weights, dtype=np.float64)
        _require_frequencies(w)
        order = np.argsort(x)
        order = order[w[order] > 0.0]
        return _runs(x[order], w[order])

    def merge(self, other: Distribution) -> Distribution:
        """Return the distribution of the rows of both: associative and commutative, to the last bit."""
        if not other.values.size:
            return self
        if not self.values.size:
            return other
        x = np.concatenate([self.values, other.values])
        order = np.argsort(x, kind="stable")  # two ascending runs: one linear merge
        return _runs(x[order], np.concatenate([self.counts, other.counts])[order])

    def within(self, lower: float, upper: float) -> Distribution:
        """Return the distribution of the rows with ``lower <= value <= upper``."""
        first = int(np.searchsorted(self.values, lower, side="left"))
        last = int(np.searchsorted(self.values, upper, side="right"))
        return Distribution(values=self.values[first:last], counts=self.counts[first:last])

    @property
    def n(self) -> float:
        """Number of rows, or the sum of their frequencies."""
        return float(self.counts.sum())

    @property
    def minimum(self) -> float:
        """Smallest value (NaN without rows)."""
        return float(self.values[0]) if self.values.size else math.nan

    @property
    def maximum(self) -> float:
        """Largest value (NaN without rows)."""
        return float(self.values[-1]) if self.values.size else math.nan

    @property
    def mean(self) -> float:
        """Arithmetic mean (NaN without rows)."""
        if not self.values.size:
            return math.nan
        # Summing distances from a value in the middle keeps the digits of data far from zero.
        origin = float(self.values[self.values.size // 2])
        return origin + float((self.counts * (self.values - origin)).sum()) / self.n

    def variance(self, ddof: float = 1) -> float:
        """Variance with divisor ``n - ddof`` (NaN when that is not positive).

        Two passes with the correction for the rounding of the mean: Chan, Golub and LeVeque (1983), eq. 1.7.
        """
        if self.n <= ddof:
            return math.nan
        distance = self.values - self.mean
        weighted = self.counts * distance
        total = float((weighted * distance).sum()) - float(weighted.sum()) ** 2 / self.n
        return max(total, 0.0) / (self.n - ddof)

    def quantile(self, p: float) -> float:
        """Quantile of type 7 over the rows, as R's ``quantile`` and `numpy.quantile` (NaN without rows).

        Hyndman and Fan (1996): linear between the order statistics around ``1 + (n - 1) p``.

        Raises
        ------
        ValueError
            When ``p`` is not between 0 and 1.

        Examples
        --------
        >>> Distribution.of([1.0, 2.0, 4.0, 8.0]).quantile(0.5)
        3.0
        """
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"a quantile needs a probability between 0 and 1, got {p!r}")
        if not self.values.size:
            return math.nan
        position = (self.n - 1.0) * p
        below = math.floor(position)
        above_share = position - below
        cumulative = np.cumsum(self.counts)
        lower, upper = self.values[
            np.searchsorted(cumulative, [below, min(below + 1.0, self.n - 1.0)], side="right")
        ].tolist()
        return float((1.0 - above_share) * lower + above_share * upper) if lower != upper else float(lower)

    @property
    def median(self) -> float:
        """Quantile at one half."""
        return self.quantile(0.5)


def _runs(ascending: FloatArray, counts: FloatArray | None) -> Distribution:
    """Collapse equal neighbours of an ascending array, adding their counts (one each without counts)."""
    # Adding 0.0 turns -0.0 into 0.0: which of the two came first would depend on the blocking.
    ascending = ascending + 0.0
    starts = np.flatnonzero(np.concatenate([[True], ascending[1:] != ascending[:-1]])[: ascending.size])
    values = ascending[starts]
    if counts is None:
        total = np.diff(starts, append=ascending.size).astype(np.float64)
    else:
        total = np.add.reduceat(counts, starts) if starts.size else np.empty(0)
    values.flags.writeable = False
    total.flags.writeable = False
    return Distribution(values=values, counts=total)


def _require_finite(x: FloatArray) -> None:
    bad = ~np.isfinite(x)
    if bad.any():
        raise DataError(
            f"{_count(bad)} without a finite value, the first at position {int(bad.argmax())} of its block. "
            "Leave these rows out or correct them."
        )


def _require_frequencies(w: FloatArray) -> None:
    bad = ~((w >= 0.0) & (w == np.floor(w)) & np.isfinite(w))
    if bad.any():
        first = int(bad.argmax())
        raise WeightError(
            f"{_count(bad)} with a frequency that is not a whole number of zero or more, the first at "
            f"position {first} of its block ({float(w[first])!r}). Count rows without weights instead."
        )


def _count(bad: NDArray[np.bool_]) -> str:
    rows = int(bad.sum())
    return "1 row" if rows == 1 else f"{rows} rows"
