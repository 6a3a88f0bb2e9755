"""Where a separated likelihood never falls: which combinations of coefficients are unbounded, and what is
left of the likelihood for those that are not.

The log-likelihood falls nowhere along b if and only if ``a'b >= 0`` for every constraint a of
`logreg.engine.separation`: these b are its directions of recession (Rockafellar 1970, Convex Analysis,
section 8), and every set ``{loglik >= level}`` recedes along them and no others. Since each such set lies
within lower bounds on all ``a'coef``, a combination ``c'coef`` is unbounded above on it if and only if some b
has ``c'b > 0``. Directions with ``c'b = 0`` leave c alone: the likelihood is moved infinitely far along the
one that fits most rows, and what is left is regular as far as c is concerned.

Most rows of a quasi-separated outcome are moved by no direction. What remains to be asked is about the few
dimensions in which these rows stay where they are, and about the rows that move there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from logreg.engine.programme import MOVED, null_space, shortest, strict_rows
from logreg.engine.separation import (
    bounded_constraints,
    fit_limit,
    independent,
    information_at_zero,
    limit_is_finite,
    moved_far,
)
from logreg.engine.types import DesignBlock, FloatArray, Objective

__all__ = ["Receding", "Recession", "find_recession"]

Evaluator = Callable[[Sequence[DesignBlock]], Objective]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Receding:
    """What separation does to one combination of coefficients.

    ``rises`` and ``falls`` say that it is unbounded while the log-likelihood stays within any distance of its
    supremum. ``objective`` is the likelihood moved along the directions that leave the combination alone, and
    ``free`` are the coefficients, in the flattened vector, which it determines; the others are 0.
    """

    rises: bool
    falls: bool
    objective: Objective
    free: NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recession:
    """The constraints of a separated outcome, with the rows behind them.

    ``constraints`` (n, m k) belong to the k ``kept`` columns scaled by ``scale``; ``strict`` (n,) are those
    that some direction of recession makes strict, ``open`` (d, m k) spans the directions that leave the
    others alone, and ``limit`` is what is left of the likelihood without them: the objective and the
    coefficients it determines.
    """

    blocks: Sequence[DesignBlock]
    evaluator: Evaluator
    constraints: FloatArray
    strict: NDArray[np.bool_]
    open: FloatArray
    scale: FloatArray
    kept: NDArray[np.intp]
    limit: tuple[Objective, NDArray[np.intp]]

    def along(self, contrast: FloatArray) -> Receding | None:
        """Return what separation does to ``contrast @ coef``, contrast (m p,); None if no programme tells."""
        m = self.blocks[0].n_outcomes - 1
        c = contrast.reshape(m, -1)[:, self.kept].ravel() / self.scale
        c = c / max(float(np.abs(c).max(initial=0.0)), np.finfo(float).tiny)
        inside = self.open @ c
        if np.linalg.norm(inside) <= MOVED:
            # Rows that are not fitted perfectly determine it: no direction of recession moves it.
            return Receding(rises=False, falls=False, objective=self.limit[0], free=self.limit[1])
        rows = self.constraints[self.strict] @ self.open.T
        # As one more constraint, c is made strict by some direction or by none; c and -c together stay at 0.
        above, below, still = (
            strict_rows(np.vstack([rows, *more])) for more in ([inside], [-inside], [inside, -inside])
        )
        if above is None or below is None or still is None:
            return None
        apart = self.strict.copy()
        apart[self.strict] = still[:-2]
        limit = _limit(self.blocks, self.evaluator, self.constraints, apart, self.scale, self.kept, c)
        if limit is None:
            return None
        return Receding(rises=bool(above[-1]), falls=bool(below[-1]), objective=limit[0], free=limit[1])


def find_recession(
    blocks: Sequence[DesignBlock],
    evaluator: Evaluator,
    kept: NDArray[np.intp],
    direction: FloatArray | None = None,
    max_iterations: int = 50,
) -> Recession | None:
    """Gather the constraints of a separated outcome; None if they are too many, or no programme could tell
    which are strict.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows used.
    evaluator : callable
        Turns blocks into their objective.
    kept : (k,) array of int
        Design columns that are not aliased.
    direction : (m, p) array, optional
        The direction that the fit found: where what it leaves has a finite maximum, there is no other to look
        for.
    max_iterations : int
        Newton iterations for that maximum.
    """
    bounded = bounded_constraints(blocks, kept)
    if bounded is None:
        return None
    constraints, scale = bounded[0], np.tile(bounded[1], blocks[0].n_outcomes - 1)
    strict = limit = None
    if direction is not None:
        margins = constraints @ (direction[:, kept].ravel() * scale)
        if margins.min() >= -MOVED:
            fitted = fit_limit(blocks, evaluator, direction, kept, max_iterations)
            if limit_is_finite(fitted, kept):
                strict, limit = margins > MOVED, (evaluator(fitted.blocks), fitted.free)
    if strict is None:
        strict = strict_rows(constraints)
        limit = None if strict is None else _limit(blocks, evaluator, constraints, strict, scale, kept)
    if strict is None or limit is None:
        return None
    return Recession(
        blocks=blocks,
        evaluator=evaluator,
        constraints=constraints,
        strict=strict,
        open=null_space(constraints[~strict]),
        scale=scale,
        kept=kept,
        limit=limit,
    )


def _limit(
    blocks: Sequence[DesignBlock],
    evaluator: Evaluator,
    constraints: FloatArray,
    moved: NDArray[np.bool_],
    scale: FloatArray,
    kept: NDArray[np.intp],
    still: FloatArray | None = None,
) -> tuple[Objective, NDArray[np.intp]] | None:
    """Return the likelihood without the rows that a direction moves, which leaves the combination ``still``
    alone, and the coefficients it determines.
    """
    m, n_columns = blocks[0].n_outcomes - 1, blocks[0].matrix.shape[1]
    everywhere = information_at_zero(blocks, evaluator)
    if moved.any():
        others = constraints[~moved] if still is None else np.vstack([constraints[~moved], still])
        b = shortest(constraints[moved], others)
        if b is None:
            return None
        direction = np.zeros((m, n_columns))
        direction[:, kept] = (b / scale).reshape(m, len(kept))
        blocks = [moved_far(block, direction) for block in blocks]
    objective = evaluator(blocks)
    information = objective(np.zeros((m, n_columns)), 2).information
    assert information is not None
    candidates = (np.arange(m)[:, np.newaxis] * n_columns + kept).ravel()
    # A combination that is bounded is one of any coefficients that determine all others on these rows.
    return objective, np.sort(independent(information, candidates, everywhere))
