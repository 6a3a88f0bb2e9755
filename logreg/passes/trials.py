"""Groups of trials put together from rows all over the table, for adjustments of a group as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from logreg.engine.kernel import ROWS_PER_STEP, block_probabilities
from logreg.engine.types import DesignBlock, FloatArray
from logreg.errors import SupportError
from logreg.passes.sums import split_rows

__all__ = ["GroupTrials", "group_trials"]

#: Rows kept at a time while groups are put together; further rows cost a pass each.
GATHERED_ROWS = 65_536


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupTrials:
    """All trials of one group for a binary outcome, copies written out.

    ``design`` (t, p), ``variance`` (t,) is p (1 - p), ``weights`` (t,) are those that are not frequencies,
    ``residual`` (t,) is y - p.
    """

    design: FloatArray
    variance: FloatArray
    weights: FloatArray
    residual: FloatArray


def group_trials(
    blocks: Sequence[DesignBlock],
    coef: FloatArray,
    codes: NDArray[np.intp],
    n_groups: int,
    largest: int,
    *,
    frequencies: bool,
) -> Iterator[GroupTrials]:
    """Yield all trials of each group of a binary outcome, in working memory of a few groups.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows used.
    coef : (1, p) array
        Where probabilities are taken.
    codes : (n,) array
        Group of each row, from 0 on.
    n_groups : int
        Number of groups, each with at least one row.
    largest : int
        Trials a group may have.
    frequencies : bool
        Whether weights are copies of a row.

    Raises
    ------
    SupportError
        If a group has more than ``largest`` trials, or counts are not whole.
    """
    copies = np.concatenate([_copies(block, frequencies=frequencies) for block in blocks], axis=1)
    if np.any(copies != np.round(copies)):
        raise SupportError("CR2 adjusts single trials, and some counts of trials are not whole numbers.")
    trials = np.bincount(codes, weights=copies.sum(axis=0), minlength=n_groups)
    if trials.max(initial=0.0) > largest:
        raise SupportError(
            f"CR2 needs a matrix of the size of each cluster, and one has {trials.max():.0f} trials, more "
            f"than {largest}. Use kind='CR1'."
        )
    ends = np.cumsum(np.bincount(codes, minlength=n_groups))
    first = 0
    while first < n_groups:
        before = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + GATHERED_ROWS, side="right")))
        yield from _gathered(blocks, coef, codes, copies, first, last, frequencies=frequencies)
        first = last


def _gathered(
    blocks: Sequence[DesignBlock],
    coef: FloatArray,
    codes: NDArray[np.intp],
    copies: FloatArray,
    first: int,
    last: int,
    *,
    frequencies: bool,
) -> Iterator[GroupTrials]:
    """Yield the groups ``first .. last`` from one pass over the rows."""
    parts, start = [], 0
    for step in split_rows(blocks, ROWS_PER_STEP):
        here = codes[start : start + step.n_rows]
        wanted = np.flatnonzero((here >= first) & (here < last))
        if len(wanted):
            p, q = (values[1, wanted] for values in block_probabilities(step, coef))
            weights = np.ones(len(wanted))
            if step.weights is not None and not frequencies:
                weights = step.weights[wanted]
            parts.append((step.matrix.to_array()[:, wanted], p, q, weights, wanted + start))
        start += step.n_rows
    design, p, q, weights, rows = (np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
    order = np.argsort(codes[rows], kind="stable")
    bounds = np.searchsorted(codes[rows][order], np.arange(first, last + 1))
    for low, high in pairwise(bounds):
        own = order[low:high]
        others, events = copies[:, rows[own]].astype(np.intp)
        of_trial = np.concatenate([np.repeat(own, others), np.repeat(own, events)])
        event = np.arange(len(of_trial)) >= others.sum()
        yield GroupTrials(
            design=design[:, of_trial].T,
            variance=(p * q)[of_trial],
            weights=weights[of_trial],
            residual=np.where(event, q[of_trial], -p[of_trial]),
        )


def _copies(block: DesignBlock, *, frequencies: bool) -> FloatArray:
    """Return how many trials of each row ended in each outcome (K, n), copies counted."""
    counts = block.counts
    if counts is None:
        assert block.codes is not None
        counts = (block.codes == np.arange(block.n_outcomes)[:, np.newaxis]).astype(float)
    return counts * block.weights if frequencies and block.weights is not None else counts
