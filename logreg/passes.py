"""The corridor: source, design and likelihood joined to an `Objective`, and other sums over all rows.

Rows are cut into chunks of a fixed size; each thread sums whole chunks, and chunk sums are added in order, so
that the result does not depend on the number of threads. BLAS runs single-threaded meanwhile: two Python
threads with one BLAS thread each beat one with two, since exponentials and scaling then run in parallel too.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial, reduce
from operator import add
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import (
    Advance,
    CategoryColumn,
    Column,
    Level,
    NumberColumn,
    RowBlock,
    Source,
    unwatched,
)
from logreg.design.distribution import Distribution
from logreg.design.encode import encode_matrix, encode_offset, encode_outcome
from logreg.design.learning import Learned
from logreg.design.matrices import DenseMatrix, SplitMatrix
from logreg.design.rows import Role, read_rows
from logreg.design.spec import DesignSpec
from logreg.engine.kernel import (
    ROWS_PER_STEP,
    likelihood_sum,
    outcome_weights,
    row_probabilities,
    score_outer,
)
from logreg.engine.optimum import find_optimum
from logreg.engine.types import DesignBlock, FloatArray, LikelihoodSum, Matrix, Objective, Optimum, Order
from logreg.logits import sigmoid_pair

__all__ = [
    "CHUNK_ROWS",
    "PredictionRows",
    "distribution_of",
    "encode_blocks",
    "encode_for_prediction",
    "maximise",
    "null_loglik",
    "objective_of",
    "probability_sums",
    "profiles_of",
    "score_outer_sum",
    "split_rows",
    "spread_of",
]

#: Rows summed by one thread at a stretch.
CHUNK_ROWS = 16_384

#: Rows per kernel call where categories are counted: the tables to clear and add are large.
COUNTED_ROWS = 65_536

T = TypeVar("T")


def encode_blocks(source: Source, learned: Learned, roles: dict[str, Role]) -> list[DesignBlock]:
    """Encode all rows used, block by block, and keep the blocks: they are mostly views of the source.

    Weights that are not frequencies are scaled to mean 1: their unit has no meaning, and the ascent's
    tolerance has.
    """
    spec = learned.spec
    scale = weight_scale(learned)

    def encode(block: RowBlock) -> list[DesignBlock]:
        rows = read_rows(block, roles, weights=spec.weights, row_label=source.row_label)
        if not rows.n_used:
            return []
        outcome = encode_outcome(spec, rows, source.row_label)
        weights = rows.weights
        return [
            DesignBlock(
                matrix=encode_matrix(spec, rows, source.row_label),
                n_outcomes=len(spec.outcome.levels),
                codes=outcome.codes,
                counts=outcome.counts,
                weights=weights if weights is None or scale == 1.0 else weights * scale,
                offset=encode_offset(spec, rows, source.row_label),
            )
        ]

    return source.reduce(encode, add, tuple(roles)) or []


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PredictionRows:
    """Encoded rows to predict for: matrices with their offsets, and where their rows stand.

    ``source_positions`` (n,) are the rows' places in the source, ``positions`` (n,) their places among the
    ``n_rows`` rows of the result; places without an encoded row have a missing value and get NaN.
    """

    parts: tuple[tuple[Matrix, FloatArray | None], ...]
    source_positions: NDArray[np.intp]
    positions: NDArray[np.intp]
    n_rows: int

    def pieces(self) -> Iterator[tuple[slice, Matrix, FloatArray | None]]:
        """Yield a few thousand rows at a time, with the slice of encoded rows they are."""
        start = 0
        for matrix, offset in self.parts:
            for first in range(0, matrix.shape[0], ROWS_PER_STEP):
                last = min(first + ROWS_PER_STEP, matrix.shape[0])
                here = slice(start + first, start + last)
                yield here, matrix.rows(first, last), None if offset is None else offset[:, first:last]
            start += matrix.shape[0]


def encode_for_prediction(source: Source, spec: DesignSpec, *, training: bool) -> PredictionRows:
    """Encode the rows of a table for prediction.

    ``training`` takes the rows the fit used, and only those; new data keep every row.

    Raises
    ------
    PredictError
        For a column or a level that does not match the fit.
    """
    roles: dict[str, Role] = {}
    if training:
        roles.update(dict.fromkeys(spec.outcome.columns, "outcome"))
    roles.update(dict.fromkeys(spec.predictors, "predictor"))
    roles.update({name: "offset" for name in spec.offset_columns if name not in roles})
    weights = spec.weights if training else None
    if weights is not None:
        roles.setdefault(weights, "weight")

    def encode(block: RowBlock) -> list[tuple[int, Matrix, FloatArray | None, NDArray[np.intp]]]:
        rows = read_rows(block, roles, weights=weights, row_label=source.row_label)
        kept = np.arange(block.n_rows) if rows.keep is None else np.flatnonzero(rows.keep)
        matrix = encode_matrix(spec, rows, source.row_label)
        return [(block.n_rows, matrix, encode_offset(spec, rows, source.row_label), kept + block.start)]

    if roles:
        found = source.reduce(encode, add, tuple(roles)) or []
    else:
        n = source.n_rows or 0
        found = [(n, DenseMatrix(np.empty((0, n)), spec.intercept), None, np.arange(n))]
    positions = np.concatenate([part[3] for part in found]) if found else np.empty(0, dtype=np.intp)
    n_rows = sum(part[0] for part in found)
    return PredictionRows(
        parts=tuple((part[1], part[2]) for part in found),
        source_positions=positions,
        positions=np.arange(len(positions)) if training else positions,
        n_rows=len(positions) if training else n_rows,
    )


def distribution_of(source: Source, spec: DesignSpec, name: str) -> Distribution:
    """Return the exact distribution of a numeric column over the rows used, frequencies counted."""
    roles = _training_roles(spec)

    def step(block: RowBlock) -> Distribution:
        rows = read_rows(block, roles, weights=spec.weights, row_label=source.row_label)
        return Distribution.of(rows.number(name), rows.weights if spec.weight_kind == "frequency" else None)

    found = source.reduce(step, Distribution.merge, tuple(roles))
    assert found is not None
    return found


def profiles_of(source: Source, spec: DesignSpec) -> dict[str, Distribution | Counter[Level]]:
    """Return what every predictor and offset column looks like over the rows used, frequencies counted.

    A column of numbers gives its exact distribution, a column of labels how often each level occurs.
    """
    roles = _training_roles(spec)
    names = tuple(dict.fromkeys((*spec.predictors, *spec.offset_columns)))

    def step(block: RowBlock) -> list[Distribution | Counter[Level]]:
        rows = read_rows(block, roles, weights=spec.weights, row_label=source.row_label)
        weights = rows.weights if spec.weight_kind == "frequency" else None
        return [_profile(rows.columns[name], weights) for name in names]

    found = source.reduce(step, lambda a, b: list(map(_merged, a, b)), tuple(roles))
    assert found is not None
    return dict(zip(names, found, strict=True))


def _profile(column: Column, weights: FloatArray | None) -> Distribution | Counter[Level]:
    if isinstance(column, NumberColumn):
        return Distribution.of(column.values, weights)
    assert isinstance(column, CategoryColumn)
    counts = np.bincount(column.codes, weights=weights, minlength=len(column.levels))
    return Counter({level: float(n) for level, n in zip(column.levels, counts, strict=True) if n})


def _merged(
    first: Distribution | Counter[Level], second: Distribution | Counter[Level]
) -> Distribution | Counter[Level]:
    if isinstance(first, Distribution):
        assert isinstance(second, Distribution)
        return first.merge(second)
    assert isinstance(second, Counter)
    return first + second


def _training_roles(spec: DesignSpec) -> dict[str, Role]:
    """Return the columns that decide which rows the fit used, with what each is for."""
    roles: dict[str, Role] = dict.fromkeys(spec.outcome.columns, "outcome")
    roles.update(dict.fromkeys(spec.predictors, "predictor"))
    roles.update({column: "offset" for column in spec.offset_columns if column not in roles})
    if spec.weights is not None:
        roles.setdefault(spec.weights, "weight")
    return roles


def spread_of(source: Source, spec: DesignSpec, name: str, measure: str) -> float:
    """Return the standard deviation ("sd", n - 1) or the interquartile range ("iqr", type 7) of a column."""
    distribution = distribution_of(source, spec, name)
    if measure == "sd":
        return float(np.sqrt(distribution.variance()))
    return distribution.quantile(0.75) - distribution.quantile(0.25)


def weight_scale(learned: Learned) -> float:
    """Return what weights are multiplied by before they enter the likelihood (1 for frequencies)."""
    if learned.spec.weights is None or learned.spec.weight_kind == "frequency":
        return 1.0
    return learned.tally.n_used / learned.tally.sum_weights


def split_rows(blocks: Iterable[DesignBlock], rows: int) -> list[DesignBlock]:
    """Cut blocks into pieces of at most ``rows`` rows, as views."""
    return [
        block if block.n_rows <= rows else block.rows(start, min(start + rows, block.n_rows))
        for block in blocks
        for start in range(0, block.n_rows, rows)
    ]


def _steps(blocks: Sequence[DesignBlock]) -> list[list[DesignBlock]]:
    """Cut blocks into chunks, one thread's work at a stretch, and those into steps of the kernel."""
    return [
        split_rows([chunk], _rows_per_step(chunk))
        for block in blocks
        for chunk in split_rows([block], max(CHUNK_ROWS, _rows_per_step(block)))
    ]


def _rows_per_step(block: DesignBlock) -> int:
    """Scratch of a dense block must fit the cache; tables of counts like longer runs."""
    return COUNTED_ROWS if isinstance(block.matrix, SplitMatrix) else ROWS_PER_STEP


def _sum_over(steps: Sequence[Sequence[DesignBlock]], function: Callable[[DesignBlock], T]) -> T:
    """Add ``function`` of every step: within chunks in threads, over chunks in order."""

    def chunk_sum(chunk: Sequence[DesignBlock]) -> T:
        return reduce(add, map(function, chunk))

    if len(steps) == 1:
        return chunk_sum(steps[0])
    n_threads = min(os.cpu_count() or 1, len(steps))
    if n_threads < 2:
        return reduce(add, map(chunk_sum, steps))
    # Imported here: small fits need neither the import nor the look at the loaded libraries.
    from concurrent.futures import ThreadPoolExecutor

    with _blas_threads().limit(limits=1, user_api="blas"), ThreadPoolExecutor(n_threads) as pool:
        return reduce(add, pool.map(chunk_sum, steps))


@lru_cache(maxsize=1)
def _blas_threads() -> Any:
    """Find the BLAS libraries of the process, once: looking takes 3 ms, setting their threads nothing."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def objective_of(blocks: Sequence[DesignBlock], advance: Advance = unwatched) -> Objective:
    """Return the log-likelihood of the blocks with its derivatives, as a pure function of the coefficients.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows used, kept by the closure.
    advance : callable
        Told the number of rows after every pass over them.

    Returns
    -------
    Objective
        ``(coef (m, p), order) -> LikelihoodSum``.
    """
    steps = _steps(blocks)
    n_rows = sum(block.n_rows for block in blocks)

    def objective(coef: FloatArray, order: Order) -> LikelihoodSum:
        total = _sum_over(steps, lambda step: likelihood_sum(step, coef, order))
        advance(n_rows)
        return total

    return objective


def maximise(
    blocks: Sequence[DesignBlock],
    spec: DesignSpec,
    tally_weights: FloatArray,
    max_iterations: int,
    *,
    sandwich: bool = False,
    advance: Advance = unwatched,
) -> Optimum:
    """Fit the design to the blocks; ``tally_weights`` (K,) are the outcomes' sums of weights.

    ``sandwich`` asks for the robust covariance too; ``advance`` is told the number of rows after every pass.
    """
    frequencies = spec.weight_kind == "frequency"
    null = _null_start(blocks, tally_weights)
    climb = partial(
        find_optimum,
        blocks,
        partial(objective_of, advance=advance),
        null_logits=null,
        intercept=spec.intercept,
        max_iterations=max_iterations,
        meat=partial(score_outer_sum, frequencies=frequencies) if sandwich else None,
    )
    if sum(block.n_rows for block in blocks) <= CHUNK_ROWS:
        return climb()
    # Between the passes the matrices are small: threads that BLAS keeps waiting for them only get in the way.
    with _blas_threads().limit(limits=1, user_api="blas"):
        return climb()


def _null_start(blocks: Sequence[DesignBlock], outcome_totals: FloatArray) -> FloatArray:
    """Return where intercepts start (m,): the log-odds of the outcomes, less the offset's mean."""
    start: FloatArray = np.log(outcome_totals[1:]) - np.log(outcome_totals[0])
    if blocks[0].offset is not None:
        n_rows = sum(block.n_rows for block in blocks)
        start -= sum(block.offset.sum(axis=1) for block in blocks if block.offset is not None) / n_rows
    return start


def null_loglik(blocks: Sequence[DesignBlock], outcome_totals: FloatArray, max_iterations: int) -> float:
    """Return the log-likelihood of the intercepts alone, with the same rows, weights and offset.

    Without an offset it is ``sum_k n_k log(n_k / n)``.
    """
    if blocks[0].offset is None:
        return float(outcome_totals @ (np.log(outcome_totals) - np.log(outcome_totals.sum())))
    constant = [
        DesignBlock(
            matrix=DenseMatrix(np.empty((0, block.n_rows)), leading_one=True),
            n_outcomes=block.n_outcomes,
            codes=block.codes,
            counts=block.counts,
            weights=block.weights,
            offset=block.offset,
        )
        for block in blocks
    ]
    return find_optimum(
        constant,
        objective_of,
        null_logits=_null_start(blocks, outcome_totals),
        intercept=True,
        max_iterations=max_iterations,
    ).loglik


def score_outer_sum(blocks: Sequence[DesignBlock], coef: FloatArray, *, frequencies: bool) -> FloatArray:
    """Return the sum over trials of the outer products of their scores (m p, m p)."""
    return _sum_over(_steps(blocks), lambda step: score_outer(step, coef, frequencies=frequencies))


def probability_sums(blocks: Sequence[DesignBlock], coef: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return sums over rows at given coefficients.

    Returns
    -------
    probability : (K, K) array
        Row j: sum of ``weight * p_k`` over trials that ended in outcome j.
    others : (3,) array
        Sums of ``weight * sum_k (y_k - p_k)^2`` (squared error), of ``weight * logit`` and of ``weight *
        logit^2``, the logits being those of the first equation.
    """

    def sums(block: DesignBlock) -> FloatArray:
        logits = block.matrix.matvec(coef)
        if block.offset is not None:
            logits += block.offset
        if block.n_outcomes == 2 and block.counts is None and block.weights is None:
            return _binary_sums(block, logits[0])
        p, q, _ = row_probabilities(logits)
        weights = outcome_weights(block)
        trials = weights.sum(axis=0)
        # For a trial that ends in j: (1 - p_j)^2 + sum of the other p_k^2.
        squares = (p * p).sum(axis=0)
        error = float((weights * (q * q - p * p + squares)).sum())
        first = logits[0]
        return np.concatenate(
            [(weights @ p.T).ravel(), [error, float(trials @ first), float(trials @ (first * first))]]
        )

    total = _sum_over(_steps(blocks), sums)
    k = blocks[0].n_outcomes
    return total[: k * k].reshape(k, k), total[k * k :]


def _binary_sums(block: DesignBlock, logits: FloatArray) -> FloatArray:
    """Return the sums of `probability_sums` for plain 0/1 rows, which are most, in few operations."""
    assert block.codes is not None
    p, q = sigmoid_pair(logits)
    event = block.codes.astype(np.float64)
    n, n_event = len(event), float(event.sum())
    p_event = float(p @ event)
    q_event = float(q @ event)
    p_other = float(p.sum()) - p_event
    # Both outcomes miss by the same amount: q for an event, p otherwise.
    missed = np.where(block.codes, q, p)
    return np.array(
        [
            n - n_event - p_other,
            p_other,
            q_event,
            p_event,
            2.0 * float(missed @ missed),
            float(logits.sum()),
            float(logits @ logits),
        ]
    )
