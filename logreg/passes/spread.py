"""Columns whose values differ so much in size that the smaller ones have no digits beside the larger."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from logreg.design.coding import NumericFactor
from logreg.design.spec import DesignSpec
from logreg.engine.types import DesignBlock, Optimum
from logreg.errors import DataError

__all__ = ["check_spread"]

#: Values below this share of the largest are rounding to whoever looks at them together: sums of products
#: keep 16 digits.
SMALLEST_SHARE = 1e-13


def check_spread(blocks: Sequence[DesignBlock], spec: DesignSpec, optimum: Optimum) -> None:
    """Refuse a verdict of separation or aliasing that rests on one far value, beside which others vanish.

    Only columns that the verdict is about are looked at, and only if there is one. Exact zeros are no loss:
    a 0/1 column may be held in any unit. Nor are small values of splines and polynomials: these are sums of
    larger ones, and hold nothing but their rounding there.

    Raises
    ------
    DataError
        With the column, and its largest and smallest values.
    """
    suspects = {alias.column for alias in optimum.aliases}
    if optimum.direction is not None:
        suspects |= set(np.flatnonzero((optimum.direction != 0).any(axis=0)).tolist())
    if not suspects:
        return
    positions = blocks[0].matrix.number_positions().tolist()
    summed = {
        coded.term
        for coded in spec.coded_terms
        if all(spec.factor[label].expression in spec.state for label in coded.labels if _numeric(spec, label))
    }
    for place, column in enumerate(positions):
        if column not in suspects or spec.columns[column].term in summed:
            continue
        sizes = np.concatenate([np.abs(block.matrix.numbers()[place]) for block in blocks])
        largest = float(sizes.max(initial=0.0))
        lost = (sizes > 0.0) & (sizes < SMALLEST_SHARE * largest)
        if lost.any():
            raise DataError(
                f"column {spec.columns[column].variable!r} holds values up to {largest:g} and "
                f"{int(np.count_nonzero(lost))} others up to {float(sizes[lost].max()):g} only: beside the "
                "large ones these have no digits, and it cannot be told whether the column is separated or "
                "a combination of others. Check the large values, or transform the column."
            )


def _numeric(spec: DesignSpec, label: str) -> bool:
    return isinstance(spec.factor[label], NumericFactor)
