"""Separation: is there a finite maximum of the likelihood, and if not, what is its limit?

Certificate. The logistic loss is self-concordant in the sense of Bach (2010, Electronic Journal of Statistics
4, prop. 2): a finite maximum exists if the Newton decrement at some point is small against the curvature
there, ``lambda * R <= 1/2`` with ``R = max ||x_i||`` in the metric of the inverse information. Since the
information contains ``w_i x_i x_i'``, R is at most ``1 / sqrt(min w_i)``, and the smallest weight is known
from the largest logit. A converged fit without extreme logits is thereby certified at no cost; on separated
data the product cannot fall below a constant, because decrement and weights vanish together.

Proof by sums. Where the certificate fails, sums over the rows prove what the end of the climb shows, overlap
or a direction that separates (`logreg.engine.divergence`).

Programme. Where that proves nothing, a linear programme decides (Konis 2007; multinomial form after Albert
and Anderson 1984). A direction b separates if ``a'b >= 0`` for all ``a = x_i (e_y - e_j)``, j being the
classes other than the one observed, and some are strict. The programme finds the direction that makes as many
strict as can be: none if the data overlap, all if the separation is complete. Coordinates with b != 0 have
infinite estimates.

Limit. Along the direction b, rows with a'b > 0 are fitted perfectly. What remains is the likelihood with
logits ``x'(beta + t b)``, t large, whose other coefficients are finite and keep their errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from logreg.engine.divergence import find_divergence, is_held
from logreg.engine.newton import Ascent, climb
from logreg.engine.programme import STRICT, constraints_of, distinct_rows, shortest, strict_rows
from logreg.engine.types import DesignBlock, FloatArray, Objective, SeparationKind

__all__ = [
    "LimitFit",
    "Verdict",
    "bounded_constraints",
    "certified_finite",
    "find_separation",
    "fit_limit",
    "independent",
    "information_at_zero",
    "limit_is_finite",
    "moved_far",
    "prove_verdict",
]

#: Cells of the constraint matrix up to which the programme is run.
LARGEST_PROGRAMME = 4_000_000
#: A column is looked at again where what is left of it is smaller by this factor.
SHRUNK = 1e-2
#: Margins are rounded to so many digits: the programme leaves those that are 0 up to `MOVED`.
TIE_DIGITS = 5
#: Logit that stands for infinity: e^-1000 is exactly 0.
INFINITE_LOGIT = 1000.0
#: Finite logits up to this share of it leave it infinite; where they are larger, it is moved further away.
FAR_SHARE = 0.25
#: Share of a column's information that rounding may leave where the column is 0.
NOTHING_LEFT = 1e-18
#: Beyond, sums of logits would have too few digits left.
FARTHEST_LOGIT = 1e10


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the outcome is separated; ``direction`` (m, p) on the design's scale is 0 where estimates are
    finite.

    ``rows`` counts the rows fitted perfectly in the limit.
    """

    kind: SeparationKind
    direction: FloatArray | None = None
    rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFit:
    """The limit of the fit along the direction of separation; ``free`` coefficients are determined there.

    ``idle`` (h, m, p) are the changes of coefficients that move no logit there, one for each of the ``held``.
    """

    ascent: Ascent
    free: NDArray[np.intp]
    held: NDArray[np.intp]
    idle: FloatArray
    blocks: tuple[DesignBlock, ...]
    distance: float


def certified_finite(decrement: float, smallest_weight: float) -> bool:
    """Whether half the squared decrement and the smallest row weight prove a finite maximum (Bach 2010, prop.
    2).

    The constant is halved once more, which covers the softmax with room to spare.
    """
    return smallest_weight > 0 and bool(np.sqrt(2.0 * decrement) <= 0.25 * np.sqrt(smallest_weight))


def find_separation(
    blocks: Sequence[DesignBlock], kept: NDArray[np.intp], coef: FloatArray | None = None
) -> Verdict:
    """Decide whether the outcome is separated: by what the end of a climb proves, or by linear programming.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows used.
    kept : (k,) array of int
        Design columns that are not aliased.
    coef : (m, p) array, optional
        Where a climb on the log-likelihood ended; without it, the linear programme decides.
    """
    proved = None if coef is None else prove_verdict(blocks, kept, coef)
    return _by_programme(blocks, kept) if proved is None else proved


def prove_verdict(blocks: Sequence[DesignBlock], kept: NDArray[np.intp], coef: FloatArray) -> Verdict | None:
    """Return what sums over the rows prove at a point of a climb, None if they prove nothing.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows used.
    kept : (k,) array of int
        Design columns that are not aliased.
    coef : (m, p) array
        Near a maximum, or far out.
    """
    divergence = find_divergence(blocks, kept, coef)
    if divergence is None:
        return None
    if divergence.direction is None:
        return Verdict(kind="none")
    return _verdict_along(blocks, divergence.direction, complete=divergence.complete)


def _by_programme(blocks: Sequence[DesignBlock], kept: NDArray[np.intp]) -> Verdict:
    """Decide by linear programming on the distinct rows."""
    m, n_columns = blocks[0].n_outcomes - 1, blocks[0].matrix.shape[1]
    bounded = bounded_constraints(blocks, kept)
    if bounded is None:
        return Verdict(kind="not checked")
    constraints, scale = bounded
    found = _in_levels(constraints)
    if found is None:
        return Verdict(kind="not checked")
    b, complete = found
    if not b.any():
        return Verdict(kind="none")
    direction = np.zeros((m, n_columns))
    direction[:, kept] = b.reshape(m, len(kept)) / scale
    return _verdict_along(blocks, direction, complete=complete)


def bounded_constraints(
    blocks: Sequence[DesignBlock], kept: NDArray[np.intp]
) -> tuple[FloatArray, FloatArray] | None:
    """Return the constraints (c, m k) of the distinct rows, None if they are too many for a programme.

    They belong to columns whose largest value is 1; the second array (k,) holds what they were divided by.
    """
    if sum(block.n_rows for block in blocks) * len(kept) > LARGEST_PROGRAMME * 4:
        return None
    rows, observed = distinct_rows(blocks, kept)
    scale = np.abs(rows).max(axis=0)
    scale[scale == 0] = 1.0
    constraints = constraints_of(rows / scale, observed, blocks[0].n_outcomes)
    return None if constraints.size > LARGEST_PROGRAMME else (constraints, scale)


def _in_levels(constraints: FloatArray) -> tuple[FloatArray, bool] | None:
    """Return the direction that makes strict what can be, 0 if nothing can, and whether that is everything;
    None if a programme fails.

    Beside a far value a column's other values are too small to be seen. Where all far ones are strict, the
    others are looked at again, in their own unit. What makes these strict is added to so much of what came
    before that nothing is lost by it.
    """
    remaining = np.arange(len(constraints))
    unit = np.ones(constraints.shape[1])
    levels: list[tuple[NDArray[np.intp], FloatArray]] = []
    while len(remaining):
        rows = constraints[remaining] / unit
        strict = strict_rows(rows)
        if strict is None:
            return None
        if not strict.any():
            break
        b = shortest(rows[strict], rows[~strict])
        if b is None:
            return None
        levels.append((remaining[strict], b / unit))
        remaining = remaining[~strict]
        sizes = np.abs(constraints[remaining]).max(axis=0, initial=0.0)
        smaller = (sizes > 0) & (sizes < SHRUNK * unit)
        if not smaller.any():
            break
        unit = np.where(sizes > 0, sizes, unit)
    total = np.zeros(constraints.shape[1])
    for strict_there, b in reversed(levels):
        short = STRICT - float((constraints[strict_there] @ total).min())
        total += max(short, STRICT) * b
    return total, not len(remaining)


def _verdict_along(blocks: Sequence[DesignBlock], direction: FloatArray, *, complete: bool) -> Verdict:
    """Return the verdict of a direction that separates, with the number of rows fitted perfectly."""
    perfect = 0
    for block in blocks:
        perfect += int(np.count_nonzero(_block_margins(block, direction).min(axis=0) > 0.5 * STRICT))
    return Verdict(kind="complete" if complete else "quasi-complete", direction=direction, rows=perfect)


def _block_margins(block: DesignBlock, direction: FloatArray) -> FloatArray:
    """Return how far the direction moves the observed class away from each other one, (K - 1, n); binary: one
    row.
    """
    moved = np.vstack([np.zeros((1, block.n_rows)), block.matrix.matvec(direction)])
    if block.codes is not None:
        own = np.take_along_axis(moved, block.codes.astype(np.intp)[np.newaxis], axis=0)
        margins = own - moved
        margins[block.codes.astype(np.intp), np.arange(block.n_rows)] = np.inf
    else:
        assert block.counts is not None
        occurred = block.counts > 0
        lowest = np.where(occurred, moved, np.inf).min(axis=0)
        margins = np.where(occurred, np.where(occurred.sum(axis=0) > 1, -np.inf, np.inf), lowest - moved)
    return margins


def limit_is_finite(limit: LimitFit, kept: NDArray[np.intp]) -> bool:
    """Whether sums over the rows prove that the limit determines its free coefficients, and finite ones."""
    return limit.ascent.status == "converged" and is_held(limit.blocks, kept, limit.ascent.coef, limit.free)


def fit_limit(
    blocks: Sequence[DesignBlock],
    evaluator: Callable[[Sequence[DesignBlock]], Objective],
    direction: FloatArray,
    kept: NDArray[np.intp],
    max_iterations: int,
) -> LimitFit:
    """Fit what remains of the model when it is moved infinitely far along the direction of separation.

    Coefficients the limit does not determine are held at 0, those with an infinite estimate first.
    """
    found = _fit_moved(blocks, evaluator, direction, kept, max_iterations, INFINITE_LOGIT)
    # A finite coefficient may move a row as far as infinity was meant to be: then it has to be farther away.
    while (reach := _reach(blocks, found.ascent.coef)) > FAR_SHARE * found.distance < FARTHEST_LOGIT:
        found = _fit_moved(blocks, evaluator, direction, kept, max_iterations, reach / FAR_SHARE**2)
    return found


def _reach(blocks: Sequence[DesignBlock], coef: FloatArray) -> float:
    """Return the largest absolute logit, offsets aside."""
    return max(float(np.abs(block.matrix.matvec(coef)).max(initial=0.0)) for block in blocks)


def _fit_moved(
    blocks: Sequence[DesignBlock],
    evaluator: Callable[[Sequence[DesignBlock]], Objective],
    direction: FloatArray,
    kept: NDArray[np.intp],
    max_iterations: int,
    distance: float,
) -> LimitFit:
    """Fit with rows at ``distance`` along the direction."""
    m, n_columns = direction.shape
    limit = [moved_far(block, direction, distance) for block in blocks]
    objective = evaluator(limit)
    coef = np.zeros((m, n_columns))
    information = objective(coef, 2).information
    assert information is not None
    candidates = (np.arange(m)[:, np.newaxis] * n_columns + kept).ravel()
    # Finite coefficients come first, so that what has to be held is one with an infinite estimate.
    finite = direction.ravel()[candidates] == 0
    order = np.concatenate([candidates[finite], candidates[~finite]])
    free = np.sort(independent(information, order, information_at_zero(blocks, evaluator)))
    ascent = climb(objective, Ascent(coef=coef), free, max_iterations=max_iterations)
    held = np.setdiff1d(candidates, free)
    idle = np.zeros((len(held), coef.size))
    idle[np.arange(len(held)), held] = 1.0
    size = np.sqrt(np.diagonal(information)[free])
    inner = information[np.ix_(free, free)] / (size[:, np.newaxis] * size)
    idle[:, free] = -np.linalg.solve(inner, information[np.ix_(free, held)] / size[:, np.newaxis]).T / size
    return LimitFit(
        ascent=ascent,
        free=free,
        held=held,
        idle=idle.reshape(len(held), m, n_columns),
        blocks=tuple(limit),
        distance=distance,
    )


def moved_far(block: DesignBlock, direction: FloatArray, distance: float = INFINITE_LOGIT) -> DesignBlock:
    """Return the block with its logits moved infinitely far along a direction, as an offset."""
    # Margins of the observed class are 0 or at least STRICT; rounding makes those that are 0 up to the
    # programme's tolerance exactly so.
    offset = np.round(block.matrix.matvec(direction), TIE_DIGITS) * (distance / STRICT)
    return DesignBlock(
        matrix=block.matrix,
        n_outcomes=block.n_outcomes,
        codes=block.codes,
        counts=block.counts,
        weights=block.weights,
        offset=offset if block.offset is None else block.offset + offset,
    )


def information_at_zero(
    blocks: Sequence[DesignBlock], evaluator: Callable[[Sequence[DesignBlock]], Objective]
) -> FloatArray:
    """Return the information (m p, m p) where all coefficients are 0."""
    shape = (blocks[0].n_outcomes - 1, blocks[0].matrix.shape[1])
    result = evaluator(blocks)(np.zeros(shape), 2).information
    assert result is not None
    return result


def independent(information: FloatArray, order: NDArray[np.intp], everywhere: FloatArray) -> NDArray[np.intp]:
    """Return the coefficients that the information determines, preferring those that come first.

    ``everywhere`` is the information with the rows that are not left: of a column that is 0 on the others,
    rounding may have made something very small.
    """
    inner = information[np.ix_(order, order)]
    diagonal = np.diagonal(inner).copy()
    alive = diagonal > NOTHING_LEFT * np.diagonal(everywhere)[order]
    scale = np.where(alive, 1.0 / np.sqrt(np.where(alive, diagonal, 1.0)), 0.0)
    remaining = inner * scale[:, np.newaxis] * scale
    chosen = []
    for j in range(len(order)):
        pivot = remaining[j, j]
        if pivot <= 1e-9:
            continue
        chosen.append(j)
        row = remaining[j, j + 1 :] / np.sqrt(pivot)
        remaining[j + 1 :, j + 1 :] -= np.outer(row, row)
    return order[np.array(chosen, dtype=np.intp)]
