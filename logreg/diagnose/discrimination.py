"""How well predictions tell an outcome from the rest: the ROC curve and the area below it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from logreg.diagnose.rankings import FloatArray, Ranking
from logreg.inference.normal import critical_value
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Area", "RocCurve", "area_under", "roc_curve", "roc_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """The area under a ROC curve with DeLong's standard error and an interval; ``reason`` says why either is
    missing (NaN).
    """

    area: float
    std_error: float
    conf_low: float
    conf_high: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RocCurve:
    """What happens at each threshold: trials at or above it are called events.

    All arrays (g + 1,) run from the highest threshold, which calls none (``threshold`` infinite), to the
    lowest, which calls all. ``threshold`` is a probability; trials are compared by their log-odds, which tell
    probabilities apart that round to the same number.
    """

    threshold: FloatArray
    sensitivity: FloatArray
    specificity: FloatArray


def area_under(ranking: Ranking, confidence: float = 0.95) -> Area:
    """Return the area under the ROC curve: how often an event is predicted higher than a trial of the rest.

    Ties count one half. The standard error is DeLong, DeLong and Clarke-Pearson's (1988), from the placement
    of each event among the others and of each other among the events; the interval is symmetric for the logit
    of the area, so that it stays inside (0, 1).

    Parameters
    ----------
    ranking : Ranking
    confidence : float
        Level of the interval.

    Examples
    --------
    >>> import numpy as np
    >>> from logreg.diagnose.rankings import ranking_of
    >>> score, event = np.array([1.0, 2.0, 2.0, 3.0]), np.array([0.0, 0.0, 1.0, 1.0])
    >>> area_under(ranking_of("1", score, event, 1.0 - event)).area
    0.875
    """
    z = critical_value(confidence)
    m, n = ranking.n_events, ranking.n_others
    nan = math.nan
    if m == 0.0 or n == 0.0:
        reason = "no trial ended in the outcome" if m == 0.0 else "every trial ended in the outcome"
        return Area(area=nan, std_error=nan, conf_low=nan, conf_high=nan, reason=reason)
    below, above = _below(ranking.others), _above(ranking.events)
    # Placement of an event among the others, and of another trial among the events; their complements as sums
    # of their own, so that an area near 1 keeps its distance.
    event_place = (below + 0.5 * ranking.others) / n
    other_place = (above + 0.5 * ranking.events) / m
    area = float(ranking.events @ event_place) / m
    short = float(ranking.events @ (_above(ranking.others) + 0.5 * ranking.others)) / m / n
    reason = ranking.no_interval
    if not reason and min(m, n) < 2.0:
        reason = "no interval: a single trial on one side"
    if not reason and (area == 0.0 or short == 0.0):
        reason = "no interval: the outcomes are told apart perfectly"
    if reason:
        return Area(area=area, std_error=nan, conf_low=nan, conf_high=nan, reason=reason)
    variance = (
        float(ranking.events @ (event_place - area) ** 2) / (m - 1.0) / m
        + float(ranking.others @ (other_place - area) ** 2) / (n - 1.0) / n
    )
    error = math.sqrt(variance)
    centre, half = math.log(area / short), z * error / (area * short)
    return Area(
        area=area,
        std_error=error,
        conf_low=1.0 / (1.0 + math.exp(half - centre)),
        conf_high=1.0 / (1.0 + math.exp(-half - centre)),
    )


def _below(counts: FloatArray) -> FloatArray:
    """Return how many stand at lower predictions."""
    return np.concatenate([[0.0], np.cumsum(counts)[:-1]])


def _above(counts: FloatArray) -> FloatArray:
    """Return how many stand at higher predictions."""
    return np.concatenate([np.cumsum(counts[::-1])[:-1][::-1], [0.0]])


def roc_curve(ranking: Ranking) -> RocCurve:
    """Return the ROC curve of an outcome with a point at every distinct prediction.

    A share of no trials is NaN: the sensitivity without events, the specificity without others.
    """
    with np.errstate(invalid="ignore"):
        found = np.concatenate([[0.0], np.cumsum(ranking.events[::-1])]) / ranking.n_events
        spared = np.concatenate([np.cumsum(ranking.others)[::-1], [0.0]]) / ranking.n_others
    return RocCurve(
        threshold=np.concatenate([[np.inf], ranking.probability[::-1]]),
        sensitivity=found,
        specificity=spared,
    )


def roc_table(rankings: Sequence[Ranking]) -> pd.DataFrame:
    """Return the ROC curves of all outcomes, each against the rest.

    Returns
    -------
    DataFrame
        ``outcome, threshold, sensitivity, specificity``, from the highest threshold to the lowest.
    """
    curves = [roc_curve(ranking) for ranking in rankings]
    return table(
        {
            "outcome": np.repeat(
                np.array([ranking.outcome for ranking in rankings], dtype=object),
                [len(curve.threshold) for curve in curves],
            ),
            **{
                name: np.concatenate([getattr(curve, name) for curve in curves])
                for name in ("threshold", "sensitivity", "specificity")
            },
        }
    )
