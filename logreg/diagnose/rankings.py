"""The trials of an outcome in the order of their predictions: all that discrimination and calibration need.

An outcome is set against all others together. Trials with the same prediction are counted together, so that
ties are exact and a row of counts says the same as its trials one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from logreg.inference.estimate import LogisticEstimate
from logreg.logits import sigmoid_pair

__all__ = ["Ranking", "no_interval_reason", "ranking_of", "rankings_of"]

FloatArray = NDArray[np.float64]

#: Log-odds nearer than this are one number: the same record may be summed up in another order in another
#: block of rows.
SAME = 1e-10


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """The trials of one outcome against the rest, at each distinct prediction.

    Parameters
    ----------
    outcome : str
    log_odds : (g,) array
        Distinct predictions in rising order, log-odds of the outcome; infinite ones are predictions of
        exactly 0 or 1.
    events, others : (g,) arrays
        Sums of weights of the trials that ended in the outcome, and of those that did not.
    apparent : bool
        Whether the trials are those that made the model, so that it looks better than it is.
    no_interval : str
        Why binomial intervals would be wrong; "" if the trials are independent ones.
    """

    outcome: str
    log_odds: FloatArray
    events: FloatArray
    others: FloatArray
    apparent: bool
    no_interval: str = ""

    @cached_property
    def probability(self) -> FloatArray:
        """Predicted probabilities (g,)."""
        return np.asarray(sigmoid_pair(self.log_odds)[0], dtype=np.float64)

    @cached_property
    def complement(self) -> FloatArray:
        """One minus the predicted probabilities (g,), without cancellation."""
        return np.asarray(sigmoid_pair(self.log_odds)[1], dtype=np.float64)

    @property
    def trials(self) -> FloatArray:
        """Trials at each prediction (g,)."""
        return self.events + self.others

    @property
    def n_events(self) -> float:
        """Trials that ended in the outcome."""
        return float(self.events.sum())

    @property
    def n_others(self) -> float:
        """Trials that did not."""
        return float(self.others.sum())

    @property
    def n_trials(self) -> float:
        """All trials."""
        return self.n_events + self.n_others


def ranking_of(
    outcome: str,
    log_odds: FloatArray,
    events: FloatArray,
    others: FloatArray,
    *,
    apparent: bool = False,
    no_interval: str = "",
) -> Ranking:
    """Put trials in the order of their log-odds and count those with the same together.

    Parameters
    ----------
    outcome : str
    log_odds, events, others : (n,) arrays
        Row by row: the prediction, and the weighted trials that ended in the outcome and that did not.
    apparent, no_interval
        As for `Ranking`.

    Examples
    --------
    >>> import numpy as np
    >>> ranking = ranking_of("1", np.array([0.0, 2.0, 0.0]), np.array([1.0, 1, 0]), np.array([0.0, 0, 1]))
    >>> ranking.log_odds.tolist(), ranking.events.tolist(), ranking.others.tolist()
    ([0.0, 2.0], [1.0, 1.0], [1.0, 0.0])
    """
    there = np.flatnonzero(events + others > 0.0)
    order = there[np.argsort(log_odds[there], kind="stable")]
    ordered = log_odds[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] > ordered[:-1] + SAME])[: len(ordered)])
    return Ranking(
        outcome=outcome,
        log_odds=ordered[starts],
        events=np.add.reduceat(events[order], starts),
        others=np.add.reduceat(others[order], starts),
        apparent=apparent,
        no_interval=no_interval,
    )


def rankings_of(
    names: Sequence[str], log_odds: FloatArray, trials: FloatArray, *, apparent: bool, no_interval: str
) -> tuple[Ranking, ...]:
    """Return the ranking of each outcome against the rest; of two outcomes that of the event alone.

    Parameters
    ----------
    names : sequence of str
        The K outcomes, baseline first.
    log_odds, trials : (K, n) arrays
        As `logreg.passes.against_rest.PredictedRows` has them.
    apparent, no_interval
        As for `Ranking`.
    """
    shown = [1] if len(names) == 2 else range(len(names))
    return tuple(
        ranking_of(
            names[k],
            log_odds[k],
            trials[k],
            # With two outcomes nothing is subtracted; with more, weights that are no whole numbers may leave
            # a rounding error behind.
            trials[0] if len(names) == 2 else np.delete(trials, k, axis=0).sum(axis=0),
            apparent=apparent,
            no_interval=no_interval,
        )
        for k in shown
    )


def no_interval_reason(fit: LogisticEstimate, *, apparent: bool, weighted: bool) -> str:
    """Return why intervals for independent trials do not apply; "" if they do.

    Parameters
    ----------
    fit : LogisticEstimate
    apparent : bool
        Whether the trials are those of the fit, whose covariance says if they come in groups.
    weighted : bool
        Whether the trials carry weights.
    """
    if weighted and fit.spec.weight_kind != "frequency":
        return f"no interval with {fit.spec.weight_kind} weights"
    covariance = fit.options.covariance
    if apparent and (covariance.startswith("survey (") or " by " in covariance or "clusters" in covariance):
        return "no interval: the trials come in groups"
    return ""
