"""Row by row: two fits on the same rows side by side, and the rows that are left without an outcome.

Nothing here holds more than a few thousand rows of a design at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from logreg.engine.kernel import ROWS_PER_STEP, outcome_weights
from logreg.engine.types import DesignBlock, FloatArray
from logreg.logits import log_softmax
from logreg.passes.limit import limit_logits

__all__ = ["PairedRows", "paired_rows", "row_logliks", "split_trials", "without_outcome"]


def row_logliks(block: DesignBlock, coef: FloatArray, direction: FloatArray | None = None) -> FloatArray:
    """Return the log-probability of every outcome in every row of a block, (K, n), baseline first.

    Parameters
    ----------
    block : DesignBlock
        A few thousand rows.
    coef : (m, p) array
        Finite coefficients on the logit scale.
    direction : (m, p) array, optional
        Where the outcome is separated, the direction in which the coefficients go to infinity.
    """
    logits = limit_logits(block, coef, direction)
    full = np.vstack([np.zeros((1, logits.shape[1])), logits])
    return np.asarray(log_softmax(full, axis=0), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairedRows:
    """The rows of two fits side by side; ``order[k]`` is the second fit's number of the first's outcome k."""

    first: Sequence[DesignBlock]
    second: Sequence[DesignBlock]
    order: NDArray[np.intp]

    def difference(self) -> int | None:
        """Return the first row (counted among those used) whose outcome or weight differs, None if all agree.

        Weights count relative to their sum, as they enter the likelihood.
        """
        if sum(b.n_rows for b in self.first) != sum(b.n_rows for b in self.second):
            return min(sum(b.n_rows for b in self.first), sum(b.n_rows for b in self.second))
        start = 0
        for one, other in self._pieces(ROWS_PER_STEP):
            here, there = outcome_weights(one), outcome_weights(other)[self.order]
            # Weights that are not frequencies were divided by their mean, in whatever order it was summed.
            differ = ~np.isclose(here, there, rtol=1e-12, atol=0.0).all(axis=0)
            if differ.any():
                return start + int(np.argmax(differ))
            start += one.n_rows
        return None

    def loglik_sums(
        self,
        coefs: tuple[FloatArray, FloatArray],
        directions: tuple[FloatArray | None, FloatArray | None],
        centre: float,
    ) -> tuple[float, float]:
        """Return sums over trials of ``d - centre`` and of its square, d the difference of log-likelihoods.

        d is the first fit's log-probability of what happened less the second's; a row of counts stands for
        its trials, and frequencies for copies.
        """
        total = squares = 0.0
        for one, other in self._pieces(ROWS_PER_STEP):
            trials = outcome_weights(one)
            mine = row_logliks(one, coefs[0], directions[0])
            theirs = row_logliks(other, coefs[1], directions[1])[self.order]
            # What did not happen may have probability 0 under one fit, and counts for nothing.
            d = np.where(
                trials > 0, np.where(trials > 0, mine, 0.0) - np.where(trials > 0, theirs, 0.0), centre
            )
            total += float((trials * (d - centre)).sum())
            squares += float((trials * (d - centre) ** 2).sum())
        return total, squares

    def unspanned(self, kept: tuple[NDArray[np.intp], NDArray[np.intp]]) -> float:
        """Return how far the second fit's columns and offset are from being combinations of the first's.

        Parameters
        ----------
        kept : pair of arrays of int
            The columns of each design that are not aliased.

        Returns
        -------
        float
            The largest share of a column's length that the columns of the first design cannot give: 0 up to
            rounding if the second model is nested in the first, by the QR decomposition of all rows.
        """
        n_large = len(kept[0])
        triangle: FloatArray | None = None
        for one, other in self._pieces(max(ROWS_PER_STEP, 4 * (n_large + len(kept[1])))):
            columns = [one.matrix.to_array()[kept[0]], other.matrix.to_array()[kept[1]]]
            if one.offset is not None or other.offset is not None:
                columns.append(self._offset_difference(one, other))
            rows = np.vstack(columns).T
            stacked = rows if triangle is None else np.vstack([triangle, rows])
            triangle = np.asarray(np.linalg.qr(stacked, mode="r"), dtype=np.float64)
        if triangle is None or triangle.shape[1] == n_large:
            return 0.0
        smaller = triangle[:, n_large:]
        length = np.linalg.norm(smaller, axis=0)
        left = np.linalg.norm(smaller[n_large:], axis=0)
        return float((left / np.where(length > 0.0, length, 1.0)).max(initial=0.0))

    def _offset_difference(self, one: DesignBlock, other: DesignBlock) -> FloatArray:
        """Return the difference of the offsets (m, n), against the first fit's baseline."""

        def full(block: DesignBlock) -> FloatArray:
            result = np.zeros((block.n_outcomes, block.n_rows))
            if block.offset is not None:
                result[1:] = block.offset
            return result

        theirs = full(other)[self.order]
        result: FloatArray = full(one)[1:] - (theirs[1:] - theirs[0])
        return result

    def _pieces(self, rows: int) -> Iterator[tuple[DesignBlock, DesignBlock]]:
        """Yield both fits' rows in pieces of the same rows, however they were read in blocks."""
        first, second = iter(self.first), iter(self.second)
        one, other = next(first, None), next(second, None)
        here = there = 0
        while one is not None and other is not None:
            count = min(one.n_rows - here, other.n_rows - there, rows)
            if count:
                yield one.rows(here, here + count), other.rows(there, there + count)
            here, there = here + count, there + count
            if here == one.n_rows:
                one, here = next(first, None), 0
            if there == other.n_rows:
                other, there = next(second, None), 0


def paired_rows(
    first: Sequence[DesignBlock], second: Sequence[DesignBlock], order: Sequence[int]
) -> PairedRows:
    """Put the rows of two fits side by side; ``order[k]`` is the second's number of the first's outcome k."""
    return PairedRows(first=first, second=second, order=np.asarray(order, dtype=np.intp))


def without_outcome(blocks: Sequence[DesignBlock], omitted: int) -> list[DesignBlock]:
    """Return the rows, or trials, that did not end in an outcome, with the others numbered anew.

    The first outcome that is left is the baseline; offsets are taken against it.
    """
    found = []
    for block in blocks:
        if block.codes is not None:
            chosen = np.flatnonzero(block.codes != omitted)
        else:
            assert block.counts is not None
            chosen = np.flatnonzero(np.delete(block.counts, omitted, axis=0).sum(axis=0) > 0)
        if not len(chosen):
            continue
        part = block.take(chosen)
        codes = None if part.codes is None else part.codes - (part.codes > omitted)
        offset = part.offset
        if offset is not None:
            left = np.delete(np.vstack([np.zeros((1, part.n_rows)), offset]), omitted, axis=0)
            offset = left[1:] - left[0]
        found.append(
            replace(
                part,
                n_outcomes=block.n_outcomes - 1,
                codes=codes,
                counts=None if part.counts is None else np.delete(part.counts, omitted, axis=0),
                offset=offset,
            )
        )
    return found


def split_trials(
    blocks: Sequence[DesignBlock], rng: np.random.Generator
) -> tuple[list[DesignBlock], list[DesignBlock]]:
    """Split the trials at random into two halves; a row of counts or with a frequency may go to both.

    Trials are drawn without replacement, so that one half has as many as the other, or one fewer.
    """
    trials = [np.rint(outcome_weights(block)).astype(np.int64) for block in blocks]
    flat = np.concatenate([part.ravel() for part in trials])
    drawn = rng.multivariate_hypergeometric(flat, int(flat.sum()) // 2, method="marginals")
    halves: tuple[list[DesignBlock], list[DesignBlock]] = ([], [])
    start = 0
    for block, all_of in zip(blocks, trials, strict=True):
        mine = drawn[start : start + all_of.size].reshape(all_of.shape)
        start += all_of.size
        for half, counts in zip(halves, (mine, all_of - mine), strict=True):
            chosen = np.flatnonzero(counts.sum(axis=0) > 0)
            if len(chosen):
                part = block.take(chosen)
                half.append(replace(part, codes=None, weights=None, counts=counts[:, chosen].astype(float)))
    return halves
