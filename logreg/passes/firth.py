"""Sums over all rows that bias reduction needs: the penalised likelihood, leverages, third cumulants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import Advance, unwatched
from logreg.engine.firth import (
    Curvature,
    Penalised,
    PenaltySum,
    cubed_sum,
    free_part,
    half_log_determinant,
    leverages,
    penalty_sum,
)
from logreg.engine.newton import factorise
from logreg.engine.types import DesignBlock, FloatArray, LikelihoodSum, Objective, Order
from logreg.passes.sums import (
    CHUNK_ROWS,
    Chunk,
    compiled_chunks,
    objective_over,
    split_rows,
    sum_over,
)
from logreg.threads import Crew, in_order, one_blas_thread

_Penalty: TypeAlias = Callable[[FloatArray, FloatArray, Curvature], PenaltySum]

__all__ = ["cumulants", "penalised_objective", "row_leverages"]

#: Multiplications up to which the exact Hessian costs next to nothing: some hundredths of a millisecond.
EXACT_WORK = 2e5
#: Up to which it is there for ascents that the approximate one makes too slow: a second or two.
MOST_WORK = 5e9
#: Numbers that it takes up to then: 160 MB.
MOST_NUMBERS = 2e7
#: Numbers of scratch per piece of rows: it stays in cache.
SCRATCH = 500_000
#: Fewest rows per piece; below, the interpreter outweighs the arithmetic.
FEWEST_ROWS = 256


def penalised_objective(
    blocks: Sequence[DesignBlock],
    free: NDArray[np.intp],
    counted_from: FloatArray | float | None = None,
    advance: Advance = unwatched,
) -> Penalised:
    """Return the log-likelihood of the blocks with Jeffreys' penalty on the free coefficients.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows used, kept by the closure.
    free : (f,) array of int
        Positions of the estimated coefficients in the flattened (m p,) vector: all but aliased ones.
    counted_from : (m, p) array or float, optional
        Coefficients at which the penalty is to count as 0, by default all 0; or what it is there.
    advance : callable
        Told the number of rows after every pass for the information.
    """
    crew = Crew()
    cut = compiled_chunks(blocks)
    likelihood = _remembering(objective_over(cut, advance, crew))
    n_rows = sum(block.n_rows for block in blocks)
    m, p, f = blocks[0].n_outcomes - 1, blocks[0].matrix.shape[1], len(free)
    triangle = f * (f + 1) // 2
    work = n_rows * triangle * m * p
    plain = _penalties(cut, (m + 2) * f)
    curved: list[list[_Penalty]] = []

    # The compiled penalty calls no BLAS.
    alone = one_blas_thread if any(isinstance(one, partial) for run in plain for one in run) else nullcontext

    def penalty(coef: FloatArray, root: FloatArray, curvature: Curvature) -> PenaltySum:
        if curvature == "exact" and not curved:
            curved.extend(_penalties(cut, (m + 2) * triangle))
        pieces = curved if curvature == "exact" else plain
        with alone():
            return sum_over(pieces, lambda piece: piece(coef, root, curvature), crew)

    if not isinstance(counted_from, float):
        there = likelihood(np.zeros((m, p)) if counted_from is None else counted_from, 2).information
        assert there is not None
        metric = factorise(free_part(there, free))
        counted_from = 0.0 if metric is None else half_log_determinant(metric)
    # Few rows, all in one run, and every coefficient free: the library finds the root between its two passes.
    only = cut[0][1] if len(cut) == 1 else None

    def whole(coef: FloatArray, curvature: Curvature) -> tuple[LikelihoodSum, float, PenaltySum] | None:
        assert only is not None
        advance(n_rows)
        return only.penalised(coef, curvature)

    return Penalised(
        whole=whole if only and only.takes_penalty and f == p else None,
        likelihood=likelihood,
        penalty=penalty,
        free=free,
        curvature="exact" if work <= EXACT_WORK else "augmented",
        reference=counted_from,
        affordable=work <= MOST_WORK and triangle * m * p <= MOST_NUMBERS,
    )


def _remembering(objective: Objective) -> Objective:
    """Return the objective with a memory of its last information: asking again at the same point is free."""
    last: dict[bytes, LikelihoodSum] = {}

    def remembered(coef: FloatArray, order: Order) -> LikelihoodSum:
        point = coef.tobytes()
        if point in last:
            return last[point]
        total = objective(coef, order)
        if order == 2:
            last.clear()
            last[point] = total
        return total

    return remembered


def _penalties(cut: Sequence[Chunk], per_row: int) -> list[list[_Penalty]]:
    """Return the penalties of pieces of rows, by chunks: compiled where that is possible."""
    return [
        [compiled.penalty]
        if compiled and compiled.takes_penalty
        else [partial(penalty_sum, piece) for piece in split_rows([chunk], _rows_per_piece(per_row))]
        for chunk, compiled in cut
    ]


def _rows_per_piece(per_row: int) -> int:
    return max(SCRATCH // max(per_row, 1), FEWEST_ROWS)


def _pieces(blocks: Sequence[DesignBlock], per_row: int) -> list[list[DesignBlock]]:
    """Cut blocks into chunks of one thread's work, and those so that scratch of ``per_row`` numbers fits."""
    rows = _rows_per_piece(per_row)
    return [split_rows([chunk], rows) for chunk in split_rows(blocks, CHUNK_ROWS)]


def row_leverages(blocks: Sequence[DesignBlock], coef: FloatArray, root: FloatArray) -> list[FloatArray]:
    """Return the leverages (n,) of the rows of every block; ``root`` is that of the inverse information."""
    per_row = (len(root) + 2) * root.shape[2]

    def of_chunk(chunk: Sequence[DesignBlock]) -> FloatArray:
        return np.concatenate([leverages(piece, coef, root) for piece in chunk])

    return [np.concatenate(list(in_order(of_chunk, _pieces([block], per_row)))) for block in blocks]


def cumulants(blocks: Sequence[DesignBlock], coef: FloatArray, directions: FloatArray) -> FloatArray:
    """Return the third cumulants of the scores of a binary outcome along directions (f, p), shape (f,)."""
    pieces = _pieces(blocks, 2 * len(directions))
    return sum_over(pieces, lambda piece: cubed_sum(piece, coef, directions))
