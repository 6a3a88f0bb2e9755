"""Which rows separate an outcome: the reach of every number among the rows of each outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from logreg.engine.types import DesignBlock, FloatArray
from logreg.passes.sums import split_rows

__all__ = ["Reach", "reach_of_numbers"]

#: Rows whose numeric columns are looked at together.
ROWS_AT_A_TIME = 65_536


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reach:
    """Extremes of design columns among the trials of each outcome, and how many lie beyond the others'.

    ``low`` and ``high`` (K, p) are NaN for columns that are not numbers. ``above`` (K, p) counts the rows of
    an outcome that lie above every row of all other outcomes, ``below`` those that lie below.
    """

    low: FloatArray
    high: FloatArray
    above: FloatArray
    below: FloatArray


def reach_of_numbers(blocks: Sequence[DesignBlock]) -> Reach:
    """Look at all rows twice: first for the extremes, then for the rows beyond those of other outcomes."""
    k, p = blocks[0].n_outcomes, blocks[0].matrix.shape[1]
    places = blocks[0].matrix.number_positions()
    low, high = np.full((k, p), np.inf), np.full((k, p), -np.inf)
    pieces = split_rows(blocks, ROWS_AT_A_TIME)
    for piece in pieces:
        columns = piece.matrix.numbers()
        for outcome, rows in enumerate(_rows_of(piece)):
            found = columns[:, rows]
            if found.shape[1]:
                low[outcome, places] = np.minimum(low[outcome, places], found.min(axis=1))
                high[outcome, places] = np.maximum(high[outcome, places], found.max(axis=1))
    above, below = np.zeros((k, p)), np.zeros((k, p))
    for outcome in range(k):
        others = np.delete(np.arange(k), outcome)
        ceiling, floor = high[others].max(axis=0), low[others].min(axis=0)
        for piece in pieces:
            found = piece.matrix.numbers()[:, _rows_of(piece)[outcome]]
            above[outcome, places] += (found > ceiling[places, np.newaxis]).sum(axis=1)
            below[outcome, places] += (found < floor[places, np.newaxis]).sum(axis=1)
    numbers = np.isin(np.arange(p), places)
    low[:, ~numbers] = high[:, ~numbers] = np.nan
    return Reach(low=low, high=high, above=above, below=below)


def _rows_of(block: DesignBlock) -> list[NDArray[np.intp]]:
    """Return which rows have trials of each outcome."""
    if block.counts is not None:
        return [np.flatnonzero(count > 0) for count in block.counts]
    assert block.codes is not None
    return [np.flatnonzero(block.codes == outcome) for outcome in range(block.n_outcomes)]
