"""Means and standard deviations of the design columns and of the logits over the rows a fit used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from logreg.engine.kernel import ROWS_PER_STEP, outcome_weights
from logreg.engine.types import DesignBlock, FloatArray
from logreg.passes.sums import CHUNK_ROWS, split_rows, sum_over

__all__ = ["DesignSpread", "design_spread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moments:
    """Weight, means (q,) and sums of squared distances from them (q,); ``a + b`` is that of the rows of both.

    Source: Chan, Golub and LeVeque (1983), eq. 2.1: nothing far from zero is ever squared.
    """

    weight: float
    mean: FloatArray
    squares: FloatArray

    def __add__(self, other: _Moments) -> _Moments:
        weight = self.weight + other.weight
        if weight == 0.0:
            return self
        gap = other.mean - self.mean
        share = other.weight / weight
        return _Moments(
            weight=weight,
            mean=self.mean + share * gap,
            squares=self.squares + other.squares + self.weight * share * gap * gap,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DesignSpread:
    """Standard deviations of the design columns (p,) and of the logits of each equation (m,), in the rows
    used.

    Weights and trials are honoured; the divisor is the sum of weights less one. Frequencies count copies;
    other weights have mean 1.
    """

    columns: FloatArray
    logits: FloatArray


def design_spread(blocks: Sequence[DesignBlock], coef: FloatArray) -> DesignSpread:
    """Return the spread of the design columns and of the logits at ``coef`` (m, p), offset included."""
    p = coef.shape[1]

    def moments(block: DesignBlock) -> _Moments:
        x = block.matrix.to_array()
        logits = coef @ x
        if block.offset is not None:
            logits += block.offset
        values = np.concatenate([x, logits])
        weights = outcome_weights(block).sum(axis=0)
        total = float(weights.sum())
        mean = values @ weights / total if total > 0.0 else np.zeros(len(values))
        distance = values - mean[:, np.newaxis]
        return _Moments(weight=total, mean=mean, squares=distance * distance @ weights)

    found = sum_over(
        [split_rows([chunk], ROWS_PER_STEP) for chunk in split_rows(blocks, CHUNK_ROWS)], moments
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(found.squares / (found.weight - 1.0))
    return DesignSpread(columns=spread[:p], logits=spread[p:])
