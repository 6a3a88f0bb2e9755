"""Functions of a row's logits on the scales people use, with their gradients.

A row has m logits, those of the outcomes that are not the baseline; arrays run over s settings first and n
rows last.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np

from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.interpret.population import FloatArray
from logreg.logits import sigmoid_pair
from logreg.logits.limit import FAR

__all__ = [
    "SCALES",
    "RowFunction",
    "Scale",
    "check_scale",
    "outcomes_on",
    "pairs_of",
    "row_function",
    "row_probabilities",
]

Scale: TypeAlias = Literal["probability", "logit", "odds"]
SCALES = ("probability", "logit", "odds")


def check_scale(scale: object) -> Scale:
    """Return the scale.

    Raises
    ------
    SupportError
        For anything but "probability", "logit" and "odds".
    """
    if scale not in SCALES:
        raise SupportError(
            f"scale={scale!r} is not supported; the scales at hand are {', '.join(map(repr, SCALES))}."
        )
    return scale  # type: ignore[return-value]


def outcomes_on(fit: LogisticEstimate, scale: Scale) -> tuple[str, ...]:
    """Return the outcomes a scale has values for: all for probabilities, all but the baseline for logits."""
    outcome = fit.spec.outcome
    return outcome.names if scale == "probability" else outcome.modelled


def row_probabilities(logits: FloatArray) -> FloatArray:
    """Return probabilities (s, K, n), baseline first, of logits (s, m, n)."""
    if logits.shape[1] == 1:
        p, q = sigmoid_pair(logits[:, 0])
        return np.stack([q, p], axis=1)
    shift = np.maximum(logits.max(axis=1, keepdims=True), 0.0)
    odds = np.concatenate([-shift, logits - shift], axis=1)
    np.exp(odds, out=odds)
    odds /= odds.sum(axis=1, keepdims=True)
    return odds


def pairs_of(n_outcomes: int) -> list[tuple[int, int]]:
    """Return the pairs of outcomes k < l."""
    return list(combinations(range(n_outcomes), 2))


@dataclass(frozen=True, slots=True)
class RowFunction:
    """A function of the logits of a row on one scale, and its gradient from a few products.

    The gradient of value k with respect to logit j is ``sum_r unfold[k, j, r] * product r``. For
    probabilities the products are p_k p_l of the pairs k < l, since ``dp_k / dl_j = p_k ([k = j] - p_j)`` and
    ``p_k (1 - p_k)`` is the sum over the pairs with k: nothing is subtracted from one.
    """

    scale: Scale | Literal["pairs"]
    unfold: FloatArray

    def __call__(self, logits: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return values (s, f, n) and products (s, r, n) of logits (s, m, n)."""
        if self.scale == "logit":
            shown = np.where(np.abs(logits) >= FAR, np.copysign(np.inf, logits), logits)
            return shown, np.ones((len(logits), 1, logits.shape[2]))
        if self.scale == "odds":
            # Odds beyond the doubles are infinite: probability 1 to the last bit.
            with np.errstate(over="ignore"):
                odds = np.exp(logits)
            return odds, np.where(np.isfinite(odds), odds, 0.0)
        p = row_probabilities(logits)
        pairs = pairs_of(p.shape[1])
        products = np.stack([p[:, k] * p[:, j] for k, j in pairs], axis=1)
        if self.scale == "probability":
            return p, products
        # d(p_k p_l) / dl_j = p_k p_l ([k = j] + [l = j] - 2 p_j).
        s, _, n = logits.shape
        slopes = np.repeat(-2.0 * p[:, np.newaxis, 1:], len(pairs), axis=1)
        for r, (k, j) in enumerate(pairs):
            slopes[:, r, j - 1] += 1.0
            if k:
                slopes[:, r, k - 1] += 1.0
        slopes *= products[:, :, np.newaxis]
        return products, slopes.reshape(s, -1, n)

    def gradient(self, products: FloatArray) -> FloatArray:
        """Return gradients (s, f, m, n) of products (s, r, n)."""
        result: FloatArray = np.einsum("fmr,srn->sfmn", self.unfold, products)
        return result


def row_function(scale: Scale | Literal["pairs"], n_outcomes: int) -> RowFunction:
    """Return the function of a scale for K outcomes; "pairs" are the products p_k p_l, k < l."""
    m = n_outcomes - 1
    if scale == "pairs":
        n_pairs = len(pairs_of(n_outcomes))
        return RowFunction(scale, np.eye(n_pairs * m).reshape(n_pairs, m, n_pairs * m))
    if scale == "logit":
        return RowFunction(scale, np.eye(m)[:, :, np.newaxis])
    if scale == "odds":
        unfold = np.zeros((m, m, m))
        unfold[range(m), range(m), range(m)] = 1.0
        return RowFunction(scale, unfold)
    pairs = pairs_of(n_outcomes)
    full = np.zeros((n_outcomes, n_outcomes, len(pairs)))
    for r, (k, j) in enumerate(pairs):
        full[k, j, r] = full[j, k, r] = -1.0
        full[k, k, r] = full[j, j, r] = 1.0
    return RowFunction(scale, full[:, 1:])
