"""The estimate of a separated outcome, from the limit of its likelihood: in the design's own columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from logreg.engine.conditioning import Coordinates
from logreg.engine.programme import MOVED
from logreg.engine.separation import LimitFit, Verdict
from logreg.engine.types import DesignBlock, FloatArray, Optimum

__all__ = ["separated_optimum"]

#: Elements of a change that moves no logit below this share of the largest are rounding.
IDLE = 1e-7
#: Elements of a mapped direction that move less than this share of what the largest moves are rounding, and
#: so are those below a share of the parts they are summed from.
ROUNDING, CANCELLED = 1e-12, 1e-9
#: Rows that should stay where they are may be moved by so much of the margin of those that go.
STILL = 1e-6


def separated_optimum(
    optimum: Optimum,
    at_limit: Optimum,
    limit: LimitFit,
    verdict: Verdict,
    coordinates: Coordinates,
    sizes: FloatArray,
    blocks: Sequence[DesignBlock],
) -> Optimum:
    """Return the optimum at the limit: which coefficients are infinite, and which the other rows determine.

    Parameters
    ----------
    optimum : Optimum
        Where the climb on all rows ended; its trace is kept.
    at_limit : Optimum
        The limit fit in the design's own columns.
    limit : LimitFit
        The same in working coordinates.
    verdict : Verdict
        With the direction, in working coordinates.
    coordinates : Coordinates
        How the two go together.
    sizes : (p,) array
        The largest absolute value of each design column.
    blocks : sequence of DesignBlock
        All rows, in the design's own columns.
    """
    assert verdict.direction is not None
    transform = coordinates.to_design().T
    direction = verdict.direction @ transform
    # What an element moves is its size times that of its column, whatever unit the column is in; what is left
    # where large parts cancel is rounding too.
    moves, parts = np.abs(direction) * sizes, np.abs(verdict.direction) @ np.abs(transform)
    direction[moves <= max(ROUNDING * moves.max(), MOVED)] = 0.0
    cancelled = np.where(np.abs(direction) <= CANCELLED * parts, direction, 0.0)
    # Rounding moves nothing. What does is needed, however small it is beside its parts.
    if all(np.abs(block.matrix.matvec(cancelled)).max(initial=0.0) <= STILL for block in blocks):
        direction -= cancelled
    flat = direction.ravel()
    coef, vcov = at_limit.coef.copy(), at_limit.vcov.copy()
    robust = None if at_limit.robust is None else at_limit.robust.copy()
    infinite = np.flatnonzero(flat)
    held = limit.held
    if not coordinates.trivial:
        # What is held at 0 in working coordinates is a combination of the design's own columns.
        idle = (limit.idle @ transform).reshape(len(held), direction.size)
        reach = np.tile(sizes, len(direction))
        held = _held(idle * reach, infinite)
        if len(np.setdiff1d(held, infinite)):
            # In logits again: coefficients of columns in different units have no common scale.
            share = np.linalg.lstsq(
                (idle * reach)[:, held].T, np.nan_to_num(coef).ravel()[held] * reach[held]
            )[0]
            coef -= (share @ idle).reshape(coef.shape)
    coef.reshape(-1)[np.setdiff1d(held, infinite)] = np.nan
    for matrix in (vcov, robust):
        if matrix is not None:
            matrix[infinite, :] = matrix[:, infinite] = np.nan
    return replace(
        at_limit,
        coef=coef,
        vcov=vcov,
        robust=robust,
        status="separated" if at_limit.status == "converged" else at_limit.status,
        trace=optimum.trace + at_limit.trace,
        passes=optimum.passes + at_limit.passes,
        separation=verdict.kind,
        direction=direction,
        perfect_rows=verdict.rows,
    )


def _held(idle: FloatArray, infinite: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return a coefficient (h,) for each idle change (h, m p) that is 0 for none: infinite ones first."""
    remaining = idle.copy()
    held: list[int] = []
    for candidates in (infinite, np.arange(idle.shape[1])):
        while len(candidates) and len(held) < len(idle):
            largest = np.abs(remaining[:, candidates])
            row, place = np.unravel_index(int(largest.argmax()), largest.shape)
            if largest[row, place] <= IDLE * np.abs(remaining).max():
                break
            column = candidates[place]
            held.append(int(column))
            pivot = remaining[row] / remaining[row, column]
            remaining -= remaining[:, [column]] * pivot
            remaining[row] = 0.0
    return np.array(held, dtype=np.intp)
