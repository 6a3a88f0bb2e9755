"""Refits of a model to some of its rows: without an outcome, and to random halves of the trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from logreg.design.spec import DesignSpec
from logreg.engine.kernel import outcome_weights
from logreg.engine.types import DesignBlock, FloatArray, Optimum
from logreg.passes.ascent import maximise
from logreg.passes.rows import split_trials, without_outcome
from logreg.passes.sums import objective_of

__all__ = ["Halves", "RowsByOutcome"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowsByOutcome:
    """The rows of a fit, for refits."""

    blocks: Sequence[DesignBlock]
    spec: DesignSpec
    max_iterations: int

    def full(self) -> Optimum:
        """Return the fit to all rows."""
        return self._fit(self.blocks)

    def without(self, omitted: int) -> Optimum:
        """Return the fit without an outcome, the first of those left being the baseline."""
        return self._fit(without_outcome(self.blocks, omitted))

    def halves(self, rng: np.random.Generator) -> Halves:
        """Return two random halves of the trials."""
        first, second = split_trials(self.blocks, rng)
        return Halves(first=self._of(first), second=self._of(second))

    def loglik(self, coef: FloatArray) -> float:
        """Return the log-likelihood of coefficients (m, p) over these rows."""
        return objective_of(self.blocks)(np.ascontiguousarray(coef), 0).loglik

    def _of(self, blocks: Sequence[DesignBlock]) -> RowsByOutcome:
        return RowsByOutcome(blocks=blocks, spec=self.spec, max_iterations=self.max_iterations)

    def _fit(self, blocks: Sequence[DesignBlock]) -> Optimum:
        totals = reduce(add, (outcome_weights(block).sum(axis=1) for block in blocks))
        return maximise(blocks, self.spec, totals, self.max_iterations)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Halves:
    """Two random halves of the trials, for Small and Hsiao's test."""

    first: RowsByOutcome
    second: RowsByOutcome

    def coefs(self) -> tuple[Optimum, Optimum]:
        """Return the fits to both halves."""
        return self.first.full(), self.second.full()

    def without(self, omitted: int, coef: FloatArray) -> tuple[float, Optimum]:
        """Return the log-likelihood of ``coef`` in the second half without an outcome, and the maximum
        there.
        """
        rows = self.second._of(without_outcome(self.second.blocks, omitted))
        return rows.loglik(coef), rows.full()
