"""E-values: how strong an unmeasured confounder would have to be to explain an association away."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RARE_BELOW", "e_value", "e_value_table"]

FloatArray = NDArray[np.float64]

#: An outcome is rare below this share (VanderWeele and Ding 2017, Table 2).
RARE_BELOW = 0.15
#: How an odds ratio becomes a risk ratio (VanderWeele and Ding 2017, Table 2).
APPROXIMATIONS = {
    True: "rare outcome: the odds ratio itself",
    False: "common outcome: square root of the odds ratio",
}
#: Why a coefficient has no E-value.
JOINT = "acts jointly with other terms: name variables= and at="
NO_PAIR = "does not compare two levels: name variables="
LEFT_OUT = "left out of the model"
#: Why an interval has none.
ENDLESS = "no interval: the data separate the outcomes along it"
#: The reference of levels under sum coding, as the design names it.
MEAN_OF_LEVELS = "(mean of levels)"


def e_value(risk_ratio: ArrayLike) -> FloatArray:
    """Return the E-value of risk ratios: the least association, as a risk ratio with both exposure and
    outcome, that an unmeasured confounder would need to explain them away.

    ``RR + sqrt(RR (RR - 1))``, a ratio below 1 inverted first (VanderWeele and Ding 2017, *Annals of Internal
    Medicine* 167, 268-274, Table 1).

    Raises
    ------
    SupportError
        For a negative ratio.

    Examples
    --------
    >>> e_value([3.9, 1.8, 0.5, 1.0]).round(2).tolist()
    [7.26, 3.0, 3.41, 1.0]
    """
    ratio = np.asarray(risk_ratio, dtype=np.float64)
    if (ratio < 0.0).any():
        raise SupportError(f"a risk ratio is not negative: {float(ratio[ratio < 0.0][0])!r}.")
    with np.errstate(divide="ignore"):
        upward = np.where(ratio < 1.0, 1.0 / ratio, ratio)
    result: FloatArray = upward + np.sqrt(upward) * np.sqrt(upward - 1.0)
    return result


def e_value_table(
    fit: LogisticEstimate,
    ratios: pd.DataFrame,
    *,
    rare: bool | None = None,
    joint: Collection[str] = (),
) -> pd.DataFrame:
    """Return E-values beside the odds ratios they belong to: of the estimate and of the interval.

    An odds ratio stands for the risk ratio where the outcome is rare, its square root where it is common
    (VanderWeele and Ding 2017, Table 2). The E-value of the interval belongs to the limit nearer 1; it is 1
    where the interval holds 1. The square root is good where the event's share is between 20 and 80 percent:
    for an event that nearly always happens, model the other outcome.

    Parameters
    ----------
    fit : LogisticEstimate
        Two outcomes.
    ratios : DataFrame
        From ``fit.odds_ratios``, per coefficient or at stated values.
    rare : bool, optional
        Whether the event is rare in the population the estimate is about; by default whether its share in the
        rows used (weighted) is below 15 percent. Say it for case-control data, where the sample cannot.
    joint : collection of str
        Design columns whose coefficients say nothing by themselves.

    Returns
    -------
    DataFrame
        The columns of ``ratios`` without ``p_value``, then ``approximation, risk_ratio, e_value,
        e_value_limit, reason``: why there is no E-value, else "".

    Raises
    ------
    SupportError
        With more than two outcomes: an odds ratio then compares two of them, and is no ratio of the risk of
        one.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ smoke", logreg.datasets.load("birthwt"))
    >>> fit.e_values()[["odds_ratio", "risk_ratio", "e_value", "e_value_limit"]].round(2).values.tolist()
    [[2.02, 1.42, 2.2, 1.24]]
    """
    if not fit.is_binary:
        raise SupportError(
            "E-values belong to the risk of one event; with more than two outcomes an odds ratio compares "
            "two of them only. Model the event against all others."
        )
    if rare is not None and not isinstance(rare, bool):
        raise SupportError(f"rare={rare!r} is not supported; use True, False or None.")
    is_rare = _share_of_event(fit) < RARE_BELOW if rare is None else rare
    power = 1.0 if is_rare else 0.5
    reasons = _reasons(ratios, joint)
    left_out = np.array([reason not in ("", ENDLESS) for reason in reasons])
    ratio, low, high = (
        np.where(left_out, np.nan, ratios[name].to_numpy(dtype=np.float64) ** power)
        for name in ("odds_ratio", "conf_low", "conf_high")
    )
    limit = np.where(ratio > 1.0, np.maximum(low, 1.0), np.minimum(high, 1.0))
    added = table(
        {
            "approximation": [APPROXIMATIONS[is_rare]] * len(ratios),
            "risk_ratio": ratio,
            "e_value": e_value(ratio),
            "e_value_limit": e_value(limit),
            "reason": reasons,
        }
    )
    found = ratios.drop(columns="p_value").reset_index(drop=True)
    return found.assign(**{name: added[name] for name in added.columns})


def _share_of_event(fit: LogisticEstimate) -> float:
    """Return the event's share of the trials, weights honoured."""
    baseline, event = fit.sample.weight
    return event / (baseline + event)


def _reasons(ratios: pd.DataFrame, joint: Collection[str]) -> list[str]:
    """Return why each line has no E-value, or none of its interval; "" if it has."""
    by_coefficient = "term" in ratios.columns
    found = []
    for line in ratios.to_dict("records"):
        level, reference = line["level"], line["reference"]
        if by_coefficient and line["term"] in joint:
            found.append(JOINT)
        elif by_coefficient and isinstance(level, str) and reference in (None, MEAN_OF_LEVELS):
            found.append(NO_PAIR)
        elif np.isnan(line["odds_ratio"]):
            found.append(LEFT_OUT)
        else:
            found.append(ENDLESS if np.isnan(line["conf_low"]) else "")
    return found
