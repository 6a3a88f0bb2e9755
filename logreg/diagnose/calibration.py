"""Whether predicted probabilities are right: what was observed in groups of like predictions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from logreg.design.distribution import Distribution
from logreg.diagnose.rankings import FloatArray, Ranking
from logreg.errors import SupportError
from logreg.inference.normal import critical_value
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CalibrationGroup", "calibration_groups", "calibration_table", "wilson_interval"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationGroup:
    """Trials with like predictions of one outcome.

    ``n`` is their number (sum of weights), ``predicted`` their mean probability, ``observed`` the share that
    ended in the outcome, with an interval; ``reason`` says why there is none (NaN).
    """

    n: float
    predicted: float
    observed: float
    conf_low: float
    conf_high: float
    reason: str = ""


def wilson_interval(share: float, n: float, confidence: float) -> tuple[float, float]:
    """Return the score interval of a proportion among n independent trials (Wilson 1927).

    Examples
    --------
    >>> [round(end, 4) for end in wilson_interval(0.0, 10, 0.95)]
    [0.0, 0.2775]
    """
    z = critical_value(confidence)
    middle = share + z * z / (2.0 * n)
    half = z * math.sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n))
    whole = 1.0 + z * z / n
    # At a share of 0 or 1 the near end is exact; rounding must not carry it outside.
    low = 0.0 if share == 0.0 else (middle - half) / whole
    high = 1.0 if share == 1.0 else (middle + half) / whole
    return low, high


def calibration_groups(
    ranking: Ranking, groups: int = 10, confidence: float = 0.95
) -> tuple[CalibrationGroup, ...]:
    """Return predicted and observed shares in groups of like predictions, from the lowest to the highest.

    Parameters
    ----------
    ranking : Ranking
    groups : int
        At least 2. The predictions are cut at their quantiles (type 7, as numpy and R have them); one that
        equals a cut belongs below it, and equal predictions are never parted, so that there may be fewer
        groups.
    confidence : float
        Level of the intervals.

    Raises
    ------
    SupportError
        If ``groups`` is not a whole number of at least 2.
    """
    critical_value(confidence)
    if isinstance(groups, bool) or not isinstance(groups, Integral) or groups < 2:
        raise SupportError(f"groups={groups!r} is not a number of groups: give a whole number of at least 2.")
    spread = Distribution(values=ranking.probability, counts=ranking.trials)
    cuts = [spread.quantile(k / groups) for k in range(1, int(groups))]
    places = np.searchsorted(np.array(cuts), ranking.probability, side="left")
    starts = np.flatnonzero(np.concatenate([[True], places[1:] != places[:-1]]))
    trials = np.add.reduceat(ranking.trials, starts)
    predicted = np.add.reduceat(ranking.trials * ranking.probability, starts) / trials
    observed = np.add.reduceat(ranking.events, starts) / trials
    return tuple(
        _group(float(n), float(p), float(share), ranking.no_interval, confidence)
        for n, p, share in zip(trials, predicted, observed, strict=True)
    )


def _group(n: float, predicted: float, observed: float, reason: str, confidence: float) -> CalibrationGroup:
    low, high = (math.nan, math.nan) if reason else wilson_interval(observed, n, confidence)
    return CalibrationGroup(
        n=n, predicted=predicted, observed=observed, conf_low=low, conf_high=high, reason=reason
    )


def calibration_table(
    rankings: Sequence[Ranking], groups: int = 10, confidence: float = 0.95
) -> pd.DataFrame:
    """Return predicted and observed shares of every outcome, each against the rest; see `calibration_groups`.

    Returns
    -------
    DataFrame
        ``outcome, group, n_trials, predicted, observed, conf_low, conf_high, reason``; probabilities.
    """
    found = [
        (ranking.outcome, number, group)
        for ranking in rankings
        for number, group in enumerate(calibration_groups(ranking, groups, confidence), start=1)
    ]

    def column(name: str) -> FloatArray:
        return np.array([getattr(group, name) for _, _, group in found], dtype=float)

    return table(
        {
            "outcome": [outcome for outcome, _, _ in found],
            "group": [number for _, number, _ in found],
            "n_trials": column("n"),
            "predicted": column("predicted"),
            "observed": column("observed"),
            "conf_low": column("conf_low"),
            "conf_high": column("conf_high"),
            "reason": [group.reason for _, _, group in found],
        }
    )
