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
    infinite = np.flatnonzero(direction.ravel())
    coef, vcov, robust = at_limit.coef.copy(), at_limit.vcov, at_limit.robust
    held, reach = limit.held, np.tile(sizes, len(direction))
    # Orthonormal where columns have one scale: mapped to columns far from 0 they all look alike.
    basis = np.linalg.qr(limit.idle.reshape(len(held), -1).T)[0].T
    idle = (basis.reshape(limit.idle.shape) @ transform).reshape(len(held), direction.size)
    if not coordinates.trivial:
        # What is held at 0 in working coordinates is a combination of the design's own columns.
        held = _held(idle * reach, infinite)
        still = _holding(idle, held, reach)
        coef = (still @ np.nan_to_num(coef).ravel()).reshape(coef.shape)
        coef[np.isnan(at_limit.coef)] = np.nan
        vcov = _moved(still, vcov)
        robust = None if robust is None else _moved(still, robust)
    # Beside columns so far from 0 that rounding hides which are held, others have no variance either.
    held = np.union1d(held, np.flatnonzero(~(vcov.diagonal() > 0.0)))
    coef.reshape(-1)[np.setdiff1d(held, infinite)] = np.nan
    unknown = np.union1d(infinite, np.flatnonzero(np.isnan(coef)))
    return replace(
        at_limit,
        coef=coef,
        vcov=_without(vcov, unknown),
        robust=None if robust is None else _without(robust, unknown),
        status="separated" if at_limit.status == "converged" else at_limit.status,
        trace=optimum.trace + at_limit.trace,
        passes=optimum.passes + at_limit.passes,
        separation=verdict.kind,
        direction=direction,
        undetermined=_cleared(idle, reach).reshape(-1, *direction.shape),
        perfect_rows=verdict.rows,
    )


def _cleared(idle: FloatArray, reach: FloatArray) -> FloatArray:
    """Return idle changes (h, m p) whose largest element moves a logit by up to 1, the others without
    rounding.
    """
    unit: FloatArray = idle / np.abs(idle * reach).max(axis=1, keepdims=True)
    unit[np.abs(unit * reach) <= IDLE] = 0.0
    return unit


def _holding(idle: FloatArray, held: NDArray[np.intp], reach: FloatArray) -> FloatArray:
    """Return the map (m p, m p) to the same logits with other coefficients held at 0, by idle changes (h, m
    p).

    In logits: coefficients of columns in different units, which reach so far, have no common scale.
    """
    result = np.eye(len(reach))
    shares = np.linalg.lstsq((idle * reach)[:, held].T, np.diag(reach[held]))[0]
    result[:, held] -= idle.T @ shares
    return result


def _moved(transform: FloatArray, vcov: FloatArray) -> FloatArray:
    result = transform @ vcov @ transform.T
    return np.asarray((result + result.T) / 2.0, dtype=np.float64)


def _without(vcov: FloatArray, unknown: NDArray[np.intp]) -> FloatArray:
    result = vcov.copy()
    result[unknown, :] = result[:, unknown] = np.nan
    return result


def _held(idle: FloatArray, infinite: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the coefficients (h,) to hold at 0, given the idle changes (h, m p) in logits: the last ones,
    infinite ones first, as `logreg.engine.separation.independent` leaves them.
    """
    remaining = idle.copy()
    finite = np.setdiff1d(np.arange(idle.shape[1]), infinite)
    held: list[int] = []
    for column in np.concatenate([infinite[::-1], finite[::-1]]):
        row = int(np.abs(remaining[:, column]).argmax())
        if len(held) < len(idle) and abs(remaining[row, column]) > IDLE * np.abs(remaining).max():
            held.append(int(column))
            pivot = remaining[row] / remaining[row, column]
            remaining -= remaining[:, [column]] * pivot
            remaining[row] = 0.0
    return np.array(held, dtype=np.intp)
