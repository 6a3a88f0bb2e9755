"""How two predictions are compared: differences, ratios, odds ratios, with derivatives and intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from logreg.errors import SupportError, did_you_mean
from logreg.interpret.population import FloatArray
from logreg.interpret.row_functions import Scale

__all__ = ["CONTRASTS", "Contrast", "check_contrast"]

#: From high, low and their complements to the value and its derivatives in high and low.
Compared: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]


@dataclass(frozen=True, slots=True)
class Contrast:
    """How two predictions are compared, on which scales, and how its interval is made."""

    compare: Callable[[FloatArray, FloatArray, FloatArray, FloatArray], Compared]
    interval: str
    join: str
    scales: tuple[Scale, ...]


def _difference(h: FloatArray, low: FloatArray, _: FloatArray, __: FloatArray) -> Compared:
    one = np.ones_like(h)
    return h - low, one, -one


def _ratio(h: FloatArray, low: FloatArray, _: FloatArray, __: FloatArray) -> Compared:
    return h / low, 1.0 / low, -h / low**2


def _log_ratio(h: FloatArray, low: FloatArray, _: FloatArray, __: FloatArray) -> Compared:
    return np.log(h) - np.log(low), 1.0 / h, -1.0 / low


def _odds_ratio(h: FloatArray, low: FloatArray, hc: FloatArray, lc: FloatArray) -> Compared:
    ratio = h / hc * (lc / low)
    return ratio, ratio / (h * hc), -ratio / (low * lc)


def _log_odds_ratio(h: FloatArray, low: FloatArray, hc: FloatArray, lc: FloatArray) -> Compared:
    return np.log(h) - np.log(hc) - np.log(low) + np.log(lc), 1.0 / (h * hc), -1.0 / (low * lc)


def _lift(h: FloatArray, low: FloatArray, _: FloatArray, __: FloatArray) -> Compared:
    return (h - low) / low, 1.0 / low, -h / low**2


_POSITIVE: tuple[Scale, ...] = ("probability", "odds")

#: The comparisons by name. The odds of a ratio are those of the outcome against all others.
CONTRASTS: Mapping[str, Contrast] = MappingProxyType(
    {
        "difference": Contrast(_difference, "identity", " - ", ("probability", "logit", "odds")),
        "ratio": Contrast(_ratio, "log", " / ", _POSITIVE),
        "log_ratio": Contrast(_log_ratio, "identity", " / ", _POSITIVE),
        "lift": Contrast(_lift, "log1p", " / ", _POSITIVE),
        "odds_ratio": Contrast(_odds_ratio, "log", " / ", ("probability",)),
        "log_odds_ratio": Contrast(_log_odds_ratio, "identity", " / ", ("probability",)),
        "number_needed": Contrast(_difference, "reciprocal", " - ", ("probability",)),
    }
)


def check_contrast(contrast: object, scale: Scale) -> Contrast:
    """Return a contrast by name.

    Raises
    ------
    SupportError
        For an unknown name, or a scale on which it has no meaning.
    """
    if not isinstance(contrast, str) or contrast not in CONTRASTS:
        raise SupportError(
            f"contrast={contrast!r} is not supported.{did_you_mean(str(contrast), CONTRASTS)} Contrasts are: "
            f"{', '.join(map(repr, CONTRASTS))}."
        )
    if scale not in CONTRASTS[contrast].scales:
        raise SupportError(
            f"contrast={contrast!r} has no meaning on scale={scale!r}; use "
            f"{' or '.join(map(repr, CONTRASTS[contrast].scales))}."
        )
    return CONTRASTS[contrast]
