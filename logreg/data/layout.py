"""How columns lie in memory: several of them as one matrix without copying."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from logreg.data.source import FloatArray

__all__ = ["side_by_side"]

_FLOAT64_BYTES = 8


def side_by_side(columns: Sequence[FloatArray]) -> FloatArray | None:
    """Return equally spaced column views of one allocation as the rows of one matrix, None if they are not.

    Element (j, i) of the result is element i of ``columns[j]``, byte for byte: the result steps along rows by
    the common stride of the views and across columns by their common distance. So it reaches no memory that
    the views do not, and since all belong to one allocation, which the first view keeps alive, none can go
    away.

    Parameters
    ----------
    columns : sequence of q float64 arrays of shape (n,)

    Returns
    -------
    float64 array of shape (q, n) or None
        Read-only.
    """
    if not columns or len(columns[0]) == 0:
        return None
    first = columns[0]
    (row_step,) = first.strides
    addresses = [column.__array_interface__["data"][0] for column in columns]
    column_step = addresses[1] - addresses[0] if len(columns) > 1 else _FLOAT64_BYTES
    even = all(b - a == column_step for a, b in pairwise(addresses))
    owner = _owner(first)
    alike = all(
        column.dtype == np.float64 and column.strides == first.strides and _owner(column) is owner
        for column in columns
    )
    # Linear algebra libraries take a matrix as it lies only if one of its two steps is a single number.
    usable = column_step > 0 and row_step > 0 and _FLOAT64_BYTES in (row_step, column_step)
    if not (even and alike and usable):
        return None
    return np.lib.stride_tricks.as_strided(
        first, shape=(len(columns), len(first)), strides=(column_step, row_step), writeable=False
    )


def _owner(array: object) -> object:
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array
