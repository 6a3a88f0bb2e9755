"""Logits that grow without bound, as those of separated outcomes do: only their order is left to say."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

__all__ = ["FAR", "STILL", "endless", "unsettled", "without_rounding"]

FloatArray = NDArray[np.float64]

#: Logit that stands for infinity while outcomes are compared; its exponential overflows to the limit.
FAR = 1e6
#: Moves along the direction of separation below this share of their parts' sizes are none.
STILL = 1e-7


def without_rounding(moved: FloatArray, size: FloatArray) -> FloatArray:
    """Return moves that are 0 where they are `STILL` of the size of their parts, or less.

    Examples
    --------
    >>> import numpy as np
    >>> without_rounding(np.array([1.0, 1e-9]), np.ones(2)).tolist()
    [1.0, 0.0]
    """
    result: FloatArray = np.where(np.abs(moved) > STILL * size, moved, 0.0)
    return result


def endless(moved: FloatArray, size: FloatArray, *, axis: int) -> FloatArray:
    """Return how far logits are moved that grow without bound, given their moves along the direction.

    Only the order of a row's outcomes (along ``axis``, the baseline standing still) matters: each is ahead of
    the next slower one by 2 FAR. Those as fast as each other, but for `STILL` of their parts' ``size`` or of
    the row's fastest, stay together, and what their finite logits say about them keeps its digits.

    Examples
    --------
    >>> import numpy as np
    >>> moved = np.array([[3.0, 0.0], [3.0, -1.0]])
    >>> endless(moved, np.ones((2, 2)), axis=0).tolist()
    [[2000000.0, 0.0], [2000000.0, -2000000.0]]
    """
    moved, size = np.moveaxis(moved, axis, 0), np.moveaxis(size, axis, 0)
    still = np.zeros((1, *moved.shape[1:]))
    speed = np.concatenate([still, moved])
    tolerance = STILL * np.maximum(np.concatenate([still, size]), np.abs(moved).max(axis=0))
    order = np.argsort(speed, axis=0, kind="stable")
    ranked = np.take_along_axis(tolerance, order, axis=0)
    gaps = np.diff(np.take_along_axis(speed, order, axis=0), axis=0) > np.maximum(ranked[1:], ranked[:-1])
    place = np.empty_like(speed)
    np.put_along_axis(place, order, np.concatenate([still, np.cumsum(gaps, axis=0)]), axis=0)
    return np.moveaxis((place[1:] - place[:1]) * (2.0 * FAR), 0, axis)


def unsettled(
    logits: FloatArray, moved: FloatArray, size: FloatArray, contrast: FloatArray | None = None
) -> NDArray[np.bool_]:
    """Return where logits are not known: neither infinite nor one number.

    Parameters
    ----------
    logits : (m, n) array
        With what `endless` adds: outcomes that stay together are less than FAR apart, the baseline at 0.
    moved : (r, m, n) array
        How far changes of coefficients move them of which the data cannot tell.
    size : (r, m, n) array
        Sizes of the parts that these moves are sums of.
    contrast : (k, m) array, optional
        Differences of logits to look at, each by itself. By default those among the outcomes ahead of all
        others, together: they decide the probabilities. Of two outcomes that stay behind together, nothing is
        known.

    Returns
    -------
    array of shape (n,), or (k, n) for a contrast

    Examples
    --------
    >>> import numpy as np
    >>> unsettled(np.array([[0.5, 0.5, 2e6]]), np.array([[[1.0, 1e-16, 1.0]]]), np.ones((1, 1, 3))).tolist()
    [True, False, False]
    """
    full, moves, sizes = (
        np.concatenate([np.zeros_like(part[..., :1, :]), part], axis=-2) for part in (logits, moved, size)
    )
    leads = full > full.max(axis=0) - FAR
    if contrast is not None:
        apart = without_rounding(contrast @ moved, np.abs(contrast) @ size) != 0.0
        compared = np.concatenate([-contrast.sum(axis=1, keepdims=True), contrast], axis=1) != 0.0
        behind = compared.astype(np.intp) @ leads == 0
        found: NDArray[np.bool_] = (behind | apart.any(axis=0)) & (np.abs(contrast @ logits) < FAR)
        return found
    result = np.zeros(logits.shape[-1], dtype=np.bool_)
    for j, k in combinations(range(len(full)), 2):
        apart = without_rounding(moves[:, j] - moves[:, k], sizes[:, j] + sizes[:, k]) != 0.0
        result |= leads[j] & leads[k] & apart.any(axis=0)
    return result
