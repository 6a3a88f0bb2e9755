"""How good the predictions of an outcome are, in a few numbers: area, errors, calibration."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from logreg.diagnose.discrimination import Area, area_under
from logreg.diagnose.rankings import FloatArray, Ranking
from logreg.inference.normal import critical_value
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Performance", "Recalibrate", "Recalibrated", "Statistic", "performance_of", "performance_table"]


class Recalibrated(Protocol):
    """A regression of what happened on what was predicted, as the corridor hands it over."""

    @property
    def shift(self) -> float:
        """Intercept beside the log-odds as they are."""
        ...

    @property
    def shift_error(self) -> float:
        """Its standard error."""
        ...

    @property
    def slope(self) -> float:
        """Coefficient of the log-odds beside an intercept."""
        ...

    @property
    def slope_error(self) -> float:
        """Its standard error."""
        ...


#: (log-odds, events, others) to their regression.
Recalibrate = Callable[[FloatArray, FloatArray, FloatArray], Recalibrated]


#: What stands where no interval belongs.
NO_INTERVAL = "given without an interval"
#: Why calibration has no interval in the rows of the fit.
BY_CONSTRUCTION = "no interval: the same trials made the model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """A number with its interval; ``reason`` says why either is missing (NaN)."""

    value: float
    conf_low: float = math.nan
    conf_high: float = math.nan
    reason: str = NO_INTERVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """How good the predictions of one outcome are, against the rest.

    ``auc``: area under the ROC curve. ``brier``: mean of (y - p)^2. ``brier_scaled``: 1 - brier / that of
    predicting everyone the overall share. ``observed_expected``: events over the sum of their probabilities.
    ``calibration_intercept``: a in logit P = a + log-odds. ``calibration_slope``: b in logit P = a' + b
    log-odds.
    """

    outcome: str
    n_trials: float
    n_events: float
    auc: Area
    brier: float
    brier_scaled: Statistic
    observed_expected: Statistic
    calibration_intercept: Statistic
    calibration_slope: Statistic


def performance_of(ranking: Ranking, recalibrate: Recalibrate, confidence: float = 0.95) -> Performance:
    """Return how good the predictions of an outcome are.

    Parameters
    ----------
    ranking : Ranking
    recalibrate : callable
        Regresses events on log-odds, as `logreg.passes.against_rest.recalibration`.
    confidence : float
        Level of the intervals: of the area (see `logreg.diagnose.discrimination.area_under`), and in new data
        Wald intervals of the calibration intercept and slope.
    """
    p, q, n = ranking.probability, ranking.complement, ranking.n_trials
    brier = float(ranking.events @ (q * q) + ranking.others @ (p * p)) / n
    reference = ranking.n_events / n * (ranking.n_others / n)
    expected = float(ranking.trials @ p)
    intercept, slope = _calibration(ranking, recalibrate, confidence)
    return Performance(
        outcome=ranking.outcome,
        n_trials=n,
        n_events=ranking.n_events,
        auc=area_under(ranking, confidence),
        brier=brier,
        brier_scaled=Statistic(value=1.0 - brier / reference)
        if reference > 0.0
        else Statistic(value=math.nan, reason="all trials ended alike"),
        observed_expected=Statistic(value=ranking.n_events / expected)
        if expected > 0.0
        else Statistic(value=math.nan, reason="no event is expected"),
        calibration_intercept=intercept,
        calibration_slope=slope,
    )


def _calibration(
    ranking: Ranking, recalibrate: Recalibrate, confidence: float
) -> tuple[Statistic, Statistic]:
    reason = ""
    if ranking.n_events == 0.0 or ranking.n_others == 0.0:
        reason = "all trials ended alike"
    elif not np.isfinite(ranking.log_odds[[0, -1]]).all():
        # Their log-odds are infinite, and to leave the rows out would flatter the model.
        reason = "some probabilities are exactly 0 or 1"
    if reason:
        missing = Statistic(value=math.nan, reason=reason)
        return missing, missing
    found = recalibrate(ranking.log_odds, ranking.events, ranking.others)
    why = BY_CONSTRUCTION if ranking.apparent else ranking.no_interval
    z = critical_value(confidence)
    return (
        _with_interval(found.shift, found.shift_error, z, why, ""),
        _with_interval(found.slope, found.slope_error, z, why, "all predictions are equal"),
    )


def _with_interval(value: float, error: float, z: float, why: str, missing: str) -> Statistic:
    if math.isnan(value):
        return Statistic(value=value, reason=missing)
    if math.isinf(value):
        return Statistic(value=value, reason="infinite: the predictions separate the outcomes")
    if why:
        return Statistic(value=value, reason=why)
    return Statistic(value=value, conf_low=value - z * error, conf_high=value + z * error, reason="")


def performance_table(
    rankings: Sequence[Ranking], recalibrate: Recalibrate, confidence: float = 0.95
) -> pd.DataFrame:
    """Return how good the predictions of every outcome are, each against the rest.

    Returns
    -------
    DataFrame
        ``outcome, statistic, value, conf_low, conf_high, reason``.
    """
    found = [
        (performance.outcome, name, statistic)
        for performance in (performance_of(ranking, recalibrate, confidence) for ranking in rankings)
        for name, statistic in _statistics(performance)
    ]
    return table(
        {
            "outcome": [outcome for outcome, _, _ in found],
            "statistic": [name for _, name, _ in found],
            "value": [statistic.value for _, _, statistic in found],
            "conf_low": [statistic.conf_low for _, _, statistic in found],
            "conf_high": [statistic.conf_high for _, _, statistic in found],
            "reason": [statistic.reason for _, _, statistic in found],
        }
    )


def _statistics(found: Performance) -> Iterator[tuple[str, Statistic]]:
    auc = found.auc
    yield "n_trials", Statistic(value=found.n_trials)
    yield "events", Statistic(value=found.n_events)
    yield (
        "auc",
        Statistic(value=auc.area, conf_low=auc.conf_low, conf_high=auc.conf_high, reason=auc.reason),
    )
    yield "brier", Statistic(value=found.brier)
    yield "brier_scaled", found.brier_scaled
    yield "observed_expected", found.observed_expected
    yield "calibration_intercept", found.calibration_intercept
    yield "calibration_slope", found.calibration_slope
