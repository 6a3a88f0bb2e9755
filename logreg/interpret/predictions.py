"""Views of the linear predictor: logits, odds, probabilities, classes, each with what is known of its error.

Every standard error is the delta method on one quadratic form: for a function of the logits with gradient g
(m,), the variance at row x is ``sum_jk g_j g_k x' V_jk x``, V_jk being the block of the covariance for
equations j and k.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from logreg.errors import PredictError, SupportError, did_you_mean
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.normal import critical_value
from logreg.logits import logit, sigmoid, sigmoid_pair
from logreg.logits.limit import FAR, endless, unsettled
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LabelledRows",
    "classify",
    "contrast_of_outcomes",
    "logits_table",
    "odds_table",
    "probabilities_table",
]

FloatArray = NDArray[np.float64]


class DesignRows(Protocol):
    """A few thousand rows of the design."""

    def matvec(self, coef: FloatArray) -> FloatArray:
        """Return ``coef @ X.T``."""
        ...

    def to_array(self) -> FloatArray:
        """Return X.T."""
        ...


class EncodedRows(Protocol):
    """Rows to predict for, as the corridor hands them over."""

    @property
    def positions(self) -> NDArray[np.intp]:
        """Place of each encoded row in the result."""
        ...

    @property
    def n_rows(self) -> int:
        """Rows of the result."""
        ...

    def pieces(self) -> Iterator[tuple[slice, Any, FloatArray | None]]:
        """Yield (encoded rows, design, offset)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledRows:
    """Encoded rows and the labels of the result's rows."""

    rows: EncodedRows
    index: pd.Index[Any]

    def spread(self, values: FloatArray) -> FloatArray:
        """Put values of encoded rows (k, n) at their places among all rows; the others are NaN."""
        if values.shape[1] == self.rows.n_rows:
            return values
        result = np.full((len(values), self.rows.n_rows), np.nan)
        result[:, self.rows.positions] = values
        return result


def contrast_of_outcomes(fit: LogisticEstimate, versus: object) -> tuple[tuple[str, ...], str, FloatArray]:
    """Return the outcomes with a logit when ``versus`` is the baseline, its name, and the contrast.

    Returns
    -------
    outcomes : tuple of str
        All levels but the new baseline, in level order.
    baseline : str
        The level named by ``versus``, or the fit's own.
    contrast : (K - 1, m) array
        ``logits_new = contrast @ logits``: rows of e_j - e_b, with e of the fit's own baseline being 0.

    Raises
    ------
    PredictError
        If ``versus`` is not a level of the outcome.
    """
    outcome = fit.spec.outcome
    names, m = outcome.names, len(outcome.names) - 1
    position = 0
    if versus is not None:
        plain = isinstance(versus, str | int | float | np.generic)
        matches = [
            k
            for k, level in enumerate(outcome.levels)
            if plain and (level == versus or names[k] == str(versus))
        ]
        if not matches:
            raise PredictError(
                f"versus={versus!r} is not a level of the outcome {outcome.label!r}: "
                f"{', '.join(map(repr, names))}." + did_you_mean(str(versus), names)
            )
        position = matches[0]
    unit = np.vstack([np.zeros(m), np.eye(m)])
    others = [k for k in range(m + 1) if k != position]
    return tuple(names[k] for k in others), names[position], unit[others] - unit[position]


def _linear_predictors(
    fit: LogisticEstimate, rows: LabelledRows, contrast: FloatArray | None = None
) -> FloatArray:
    """Return logits (m, n) of the encoded rows, or differences of them (k, n) by a contrast (k, m).

    Under separation those that grow without bound are about 1e6 or more, and what is neither infinite nor
    known is NaN: each difference by itself, otherwise all logits of a row whose probabilities rest on it.
    """
    m = len(fit.coef_array)
    result = np.empty((m if contrast is None else len(contrast), len(rows.rows.positions)))
    direction = fit.separation.direction
    for here, design, offset in rows.rows.pieces():
        logits = design.matvec(fit.filled_coef)
        if offset is not None:
            logits += offset
        if direction is not None:
            x = design.to_array() - fit.logit_centre[:, np.newaxis]
            steps = fit.around_centre(np.asarray(direction))
            logits += endless(steps @ x, np.abs(steps) @ np.abs(x), axis=0)
        shown = logits if contrast is None else contrast @ logits
        if fit.probes is not None:
            probes = fit.around_centre(fit.probes)
            unknown = unsettled(logits, probes @ x, np.abs(probes) @ np.abs(x), contrast)
            shown = np.where(unknown, np.nan, shown)
        result[:, here] = shown
    return result


def _shown(fit: LogisticEstimate, logits: FloatArray) -> FloatArray:
    """Show logits that separation makes infinite as such."""
    if fit.separation.direction is None:
        return logits
    return np.where(np.abs(logits) >= FAR, np.copysign(np.inf, logits), logits)


def _variances(
    fit: LogisticEstimate, rows: LabelledRows, gradient: Callable[[slice], FloatArray], k: int
) -> FloatArray:
    """Return variances (k, n) of k functions of the logits; ``gradient(rows)`` is (k, m, rows)."""
    m, p = fit.coef_array.shape
    blocks = fit.logit_vcov.reshape(m, p, m, p)
    lost = fit.without_error.reshape(m, p).any(axis=0)
    result = np.zeros((k, len(rows.rows.positions)))
    try:
        with np.errstate(over="raise"):
            for here, design, _ in rows.rows.pieces():
                x = design.to_array() - fit.logit_centre[:, np.newaxis]
                g = gradient(here)
                for i in range(m):
                    for j in range(i + 1):
                        quadratic = np.einsum("pn,pn->n", x, blocks[i, :, j, :] @ x)
                        result[:, here] += (1.0 if i == j else 2.0) * g[:, i] * g[:, j] * quadratic
                if lost.any():
                    result[:, here][:, (x[lost] != 0.0).any(axis=0)] = np.nan
    except FloatingPointError:
        raise PredictError(
            "the standard errors of the logits overflow: their variance is beyond the range of doubles. "
            "Rescale the predictors, here and in the fit; if the model was loaded, check its file."
        ) from None
    return np.maximum(result, 0.0)


def _long(rows: LabelledRows, outcomes: tuple[str, ...], **columns: FloatArray) -> pd.DataFrame:
    """Return one line per row and outcome, rows first."""
    k = len(outcomes)
    return table(
        {
            "row": np.repeat(np.asarray(rows.index, dtype=object), k),
            "outcome": np.tile(np.array(outcomes, dtype=object), len(rows.index)),
            **{name: rows.spread(values).T.ravel() for name, values in columns.items()},
        }
    )


def _wide(rows: LabelledRows, outcomes: tuple[str, ...], values: FloatArray) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows.spread(values).T, index=rows.index, columns=list(outcomes))


def _level(fit: LogisticEstimate, confidence: float | None) -> float:
    return critical_value(fit.options.confidence if confidence is None else confidence, fit.reference_df)


def _require_flag(interval: object) -> None:
    """Refuse the name of a kind of interval: predictions have Wald intervals, or none."""
    if not isinstance(interval, bool | np.bool_):
        raise SupportError(
            f"interval={interval!r} is not supported here: predictions come with Wald intervals "
            "(interval=True) or without (interval=False)."
        )


def logits_table(
    fit: LogisticEstimate,
    rows: LabelledRows,
    *,
    interval: bool = False,
    versus: object = None,
    confidence: float | None = None,
) -> pd.DataFrame:
    """Return logits: log-odds of each outcome against the baseline, offset included.

    Parameters
    ----------
    fit : LogisticEstimate
    rows : LabelledRows
        n rows; those with a missing value get NaN.
    interval : bool
        Wide without (one column per outcome that is not the baseline), long with Wald intervals.
    versus : level, optional
        Another outcome as the baseline, without refitting.
    confidence : float, optional
        The fit's own level if not given.

    Returns
    -------
    DataFrame
        On the data's index; or ``row, outcome, estimate, std_error, conf_low, conf_high``. Log-odds.

    Raises
    ------
    PredictError
        For an unknown level.
    """
    _require_flag(interval)
    outcomes, _, contrast = contrast_of_outcomes(fit, versus)
    estimate = _shown(fit, _linear_predictors(fit, rows, contrast))
    if not interval:
        return _wide(rows, outcomes, estimate)
    z = _level(fit, confidence)
    variance = _variances(fit, rows, lambda _: contrast[:, :, np.newaxis], len(outcomes))
    std_error = np.where(np.isfinite(estimate), np.sqrt(variance), np.nan)
    return _long(
        rows,
        outcomes,
        estimate=estimate,
        std_error=std_error,
        conf_low=estimate - z * std_error,
        conf_high=estimate + z * std_error,
    )


def odds_table(
    fit: LogisticEstimate,
    rows: LabelledRows,
    *,
    interval: bool = False,
    versus: object = None,
    confidence: float | None = None,
) -> pd.DataFrame:
    """Return odds of each outcome against the baseline, P(outcome) / P(baseline).

    Intervals are those of the logits, exponentiated; ``std_error`` is the delta method's, odds times that of
    the logit. Arguments as for `logits_table`.
    """
    found = logits_table(fit, rows, interval=interval, versus=versus, confidence=confidence)
    # Odds beyond the doubles are infinite: probability 1 to the last bit.
    with np.errstate(over="ignore"):
        if not interval:
            return found.apply(np.exp)
        odds = np.exp(found["estimate"])
        found["std_error"] *= odds
        found["estimate"] = odds
        found["conf_low"] = np.exp(found["conf_low"])
        found["conf_high"] = np.exp(found["conf_high"])
    return found


def probabilities_table(
    fit: LogisticEstimate, rows: LabelledRows, *, interval: bool = False, confidence: float | None = None
) -> pd.DataFrame:
    """Return the probability of every outcome, the baseline included; they add up to 1 in each row.

    Intervals are symmetric for ``logit(p_k) = log(p_k / (1 - p_k))``, whose gradient with respect to the
    logits is ``[k = j] - [k != j] p_j / (1 - p_k)``, and are mapped back by the sigmoid: they never leave (0,
    1), and for two outcomes they are the interval of the logit. Each is an interval for one probability;
    together they are not a region of the simplex (Agresti 2013, *Categorical Data Analysis*, 3rd ed., 1.4.2
    and 16.1.6 for the logit interval and the delta method). ``std_error`` is on the probability scale, ``p (1
    - p)`` times that of the logit.

    Returns
    -------
    DataFrame
        On the data's index, one column per outcome; or ``row, outcome, estimate, std_error, conf_low,
        conf_high``.
    """
    _require_flag(interval)
    names = fit.spec.outcome.names
    logits = _linear_predictors(fit, rows)
    p, q = _probabilities(logits)
    if not interval:
        return _wide(rows, names, p)
    z = _level(fit, confidence)
    m = len(logits)
    full = np.vstack([np.zeros(logits.shape[1]), logits])
    # log of the odds of k against all others: l_k - log(sum of e^l_j, j not k), finite however certain the
    # outcome is.
    rest = np.array([logsumexp(np.delete(full, k, axis=0), axis=0) for k in range(m + 1)]).reshape(m + 1, -1)
    centre = full - rest

    def gradient(here: slice) -> FloatArray:
        # p_j / (1 - p_k) is the share of j among the others, e^l_j / sum of e^l_i over i not k.
        g: FloatArray = -np.exp(np.minimum(full[np.newaxis, 1:, here] - rest[:, np.newaxis, here], 0.0))
        for j in range(m):
            g[j + 1, j] = 1.0
        return g

    std_error = np.sqrt(_variances(fit, rows, gradient, m + 1))
    unknown = np.isnan(centre) | np.isnan(std_error)
    std_error[unknown] = np.nan
    ends = [np.where(unknown, 0.0, centre + sign * z * std_error) for sign in (-1.0, 1.0)]
    low, high = (np.where(unknown, np.nan, np.asarray(sigmoid(end))) for end in ends)
    std_error *= p * q
    if fit.separation.direction is not None:
        # A logit that separation makes infinite has no standard error.
        infinite = np.abs(logits).max(axis=0) >= FAR
        for values in (std_error, low, high):
            values[:, infinite] = np.nan
    return _long(rows, names, estimate=p, std_error=std_error, conf_low=low, conf_high=high)


def _probabilities(logits: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return probabilities (K, n) and their complements, baseline first."""
    if len(logits) == 1:
        p, q = sigmoid_pair(logits[0])
        return np.vstack([q, p]), np.vstack([p, q])
    shift = np.maximum(logits.max(axis=0), 0.0)
    odds = np.exp(np.vstack([-shift, logits - shift]))
    others = np.array([np.delete(odds, k, axis=0).sum(axis=0) for k in range(len(odds))])
    total = odds.sum(axis=0)
    return odds / total, others / total


def classify(fit: LogisticEstimate, rows: LabelledRows, *, threshold: float = 0.5) -> pd.Series[Any]:
    """Return the predicted outcome of each row, decided on the logits.

    Binary: the event where its logit is at least ``logit(threshold)``. More outcomes: the one with the
    largest logit, the first in level order on ties. Rows with a missing value get None.

    Raises
    ------
    SupportError
        For a threshold outside (0, 1), or one that is not 0.5 with more than two outcomes.
    """
    import pandas as pd

    if isinstance(threshold, bool) or not isinstance(threshold, Real) or not 0.0 < threshold < 1.0:
        raise SupportError(f"threshold={threshold!r} is not a probability between 0 and 1.")
    if not fit.is_binary and threshold != 0.5:
        raise SupportError(
            "threshold= applies to two outcomes; with more the most probable outcome is taken."
        )
    logits = rows.spread(_linear_predictors(fit, rows))
    missing = np.isnan(logits[0])
    if fit.is_binary:
        chosen = (logits[0] >= float(np.asarray(logit(float(threshold))))).astype(np.intp)
    else:
        chosen = np.vstack([np.zeros(logits.shape[1]), logits]).argmax(axis=0)
    levels = fit.spec.outcome.levels
    labels = np.empty(len(levels) + 1, dtype=object)
    labels[:-1] = levels
    chosen[missing] = len(levels)
    values = labels[chosen]
    return pd.Series(
        values.tolist() if not missing.any() else values, index=rows.index, name=fit.spec.outcome.label
    )
