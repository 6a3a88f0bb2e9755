"""The logits of rows, at finite coefficients and in the limit of separation."""

from __future__ import annotations

import numpy as np

from logreg.engine.kernel import ROWS_PER_STEP
from logreg.engine.types import DesignBlock, FloatArray
from logreg.logits.limit import endless

__all__ = ["limit_logits"]


def limit_logits(block: DesignBlock, coef: FloatArray, direction: FloatArray | None = None) -> FloatArray:
    """Return the logits (m, n) of a block, offset included.

    With ``direction`` (m, p), in which the coefficients go to infinity, logits that grow without bound are at
    least `logreg.logits.limit.FAR` from each other.
    """
    logits = block.matrix.matvec(coef)
    if block.offset is not None:
        logits += block.offset
    if direction is not None:
        moved = block.matrix.matvec(direction)
        for start in range(0, block.n_rows, ROWS_PER_STEP):
            here = slice(start, start + ROWS_PER_STEP)
            design = block.matrix.rows(start, min(start + ROWS_PER_STEP, block.n_rows)).to_array()
            logits[:, here] += endless(moved[:, here], np.abs(direction) @ np.abs(design), axis=0)
    return logits
