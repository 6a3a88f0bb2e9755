"""Sums over all rows: the `Objective` and its relatives, in threads and in an order that does not depend on
them.

Rows are cut into chunks of a fixed size; each thread sums whole chunks, and chunk sums are added in order, so
that the result does not depend on the number of threads. BLAS runs single-threaded meanwhile: two Python
threads with one BLAS thread each beat one with two, since exponentials and scaling then run in parallel too.
"""

from __future__ import annotations

import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import lru_cache, partial, reduce
from operator import add
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from logreg.data.source import Advance, unwatched
from logreg.design.matrices import DenseMatrix, SplitMatrix
from logreg.engine.compiled import CompiledRows, compiled_rows
from logreg.engine.kernel import (
    ROWS_PER_STEP,
    likelihood_sum,
    outcome_weights,
    row_probabilities,
    score_outer,
)
from logreg.engine.types import DesignBlock, FloatArray, LikelihoodSum, Objective, Order
from logreg.logits import sigmoid_pair
from logreg.logits.limit import FAR
from logreg.passes.limit import limit_logits

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

__all__ = [
    "CHUNK_ROWS",
    "Crew",
    "compiled",
    "in_order",
    "objective_of",
    "one_blas_thread",
    "probability_sums",
    "score_outer_sum",
    "split_rows",
    "sum_over",
    "sums_of_moments",
]

#: Rows summed by one thread at a stretch.
CHUNK_ROWS = 16_384

#: Fewer chunks than this are halved.
FEW_CHUNKS = 16

#: Rows per kernel call where categories are counted: long runs, for tables are cleared and added for each,
#: but not so long that scratch weighs on memory.
COUNTED_ROWS = 49_152

#: Items begun ahead of the one that is waited for, per thread: none is idle, and few are to be called off.
AHEAD = 8

S = TypeVar("S")
T = TypeVar("T")


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


class Crew:
    """Threads that help the caller's, started when they are first needed and kept for the next sum.

    Starting a thread takes as long as a pass over some thousand rows. They end with the last reference to the
    crew.
    """

    def __init__(self) -> None:
        # Asking for the number of processors takes as long as a small pass.
        self._n_threads = os.cpu_count() or 1
        self._pool: ThreadPoolExecutor | None = None

    def begin(self, work: Callable[[], None], n_items: int) -> list[Future[None]]:
        """Have as many threads do the work as there are processors besides the caller's, and items."""
        n_helpers = min(self._n_threads, n_items) - 1
        if n_helpers < 1:
            return []
        if self._pool is None:
            # Imported here: small fits need neither the import nor the look at the loaded libraries.
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(self._n_threads - 1)
        return [self._pool.submit(work) for _ in range(n_helpers)]


def sum_over(steps: Sequence[Sequence[S]], function: Callable[[S], T], crew: Crew | None = None) -> T:
    """Add ``function`` of every step: within chunks in threads, over chunks in order."""

    def chunk_sum(chunk: Sequence[S]) -> T:
        return reduce(add, map(function, chunk))

    if len(steps) == 1:
        return chunk_sum(steps[0])
    with one_blas_thread():
        return _sum_in_threads(chunk_sum, steps, crew or Crew())


class _OrderedSum(Generic[T]):
    """A sum whose terms come in any order and are added in theirs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, T] = {}
        self._added = 0
        self.total: T | None = None

    def put(self, place: int, term: T) -> None:
        """Add the term at a place as soon as all before it are."""
        with self._lock:
            self._waiting[place] = term
            while self._added in self._waiting:
                following: Any = self._waiting.pop(self._added)
                self.total = following if self.total is None else self.total + following
                self._added += 1


def _sum_in_threads(function: Callable[[S], T], items: Sequence[S], crew: Crew) -> T:
    """Add ``function`` of the items; the caller's thread works too. Who interrupts waits for none of them."""
    result: _OrderedSum[T] = _OrderedSum()
    # All threads take the next item from one iterator: its steps do not interleave.
    places = iter(range(len(items)))
    stopped: list[bool] = []

    def work() -> None:
        try:
            for place in places:
                if stopped:
                    return
                result.put(place, function(items[place]))
        except BaseException:
            stopped.append(True)
            raise

    overflow = np.geterr()

    def help_out() -> None:
        # Threads do not inherit how the caller treats overflow, so they are told.
        with np.errstate(**overflow):
            work()

    try:
        helpers = crew.begin(help_out, len(items))
        work()
        for helper in helpers:
            helper.result()
    except BaseException:
        stopped.append(True)
        raise
    assert result.total is not None
    return result.total


def in_order(function: Callable[[S], T], items: Sequence[S], n_threads: int | None = None) -> Iterator[T]:
    """Yield ``function`` of every item, computed in threads, in the order of the items.

    There is a thread per processor unless ``n_threads`` says how many. Who interrupts waits for none of them:
    those at work end by themselves, and what has not begun is called off.
    """
    # Asking for the number of processors takes as long as a small pass.
    n_threads = min(n_threads or os.cpu_count() or 1, len(items)) if len(items) > 1 else 1
    if n_threads < 2:
        yield from map(function, items)
        return
    # Imported here: small fits need neither the import nor the look at the loaded libraries.
    from concurrent.futures import ThreadPoolExecutor

    # Threads do not inherit how the caller treats overflow, so they are told.
    start = partial(np.seterr, **np.geterr())
    with one_blas_thread():
        pool = ThreadPoolExecutor(n_threads, initializer=start)
        begun: deque[Future[T]] = deque()
        try:
            for item in items:
                begun.append(pool.submit(function, item))
                if len(begun) > AHEAD * n_threads:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()


@lru_cache(maxsize=1)
def _blas_libraries() -> tuple[Any, ...]:
    """Find the BLAS libraries of the process, once: looking takes 3 ms, setting their threads nothing."""
    from threadpoolctl import ThreadpoolController

    return tuple(one for one in ThreadpoolController().lib_controllers if one.user_api == "blas")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS to one thread: of many small products, further threads wait longer than they work."""
    libraries = _blas_libraries()
    before = [one.get_num_threads() for one in libraries]
    if all(n == 1 for n in before):
        yield
        return
    try:
        for one in libraries:
            one.set_num_threads(1)
        yield
    finally:
        for one, n in zip(libraries, before, strict=True):
            one.set_num_threads(n)


def objective_of(
    blocks: Sequence[DesignBlock], advance: Advance = unwatched, crew: Crew | None = None
) -> Objective:
    """Return the log-likelihood of the blocks with its derivatives, as a pure function of the coefficients.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows used, kept by the closure.
    advance : callable
        Told the number of rows after every pass over them.
    crew : Crew, optional
        Threads that other sums over these rows use as well.

    Returns
    -------
    Objective
        ``(coef (m, p), order) -> LikelihoodSum``.
    """
    runs = _likelihoods(blocks)
    n_rows = sum(block.n_rows for block in blocks)

    # The compiled kernel calls no BLAS.
    alone = nullcontext if all(isinstance(run[0], CompiledRows) for run in runs) else one_blas_thread
    crew = crew or Crew()

    def objective(coef: FloatArray, order: Order) -> LikelihoodSum:
        with alone():
            total = sum_over(runs, lambda likelihood: likelihood(coef, order), crew)
        advance(n_rows)
        return total

    return objective


def _likelihoods(blocks: Sequence[DesignBlock]) -> list[list[Objective]]:
    """Return the likelihoods of steps of rows, by chunks: compiled where that is possible."""
    return [
        [fast]
        if (fast := compiled(chunk))
        else [partial(likelihood_sum, step) for step in split_rows([chunk], _rows_per_step(chunk))]
        for chunk in chunks(blocks)
    ]


def chunks(blocks: Sequence[DesignBlock]) -> list[DesignBlock]:
    """Cut blocks into what one thread sums at a stretch: of fewer rows less, so that threads end together."""
    few = sum(block.n_rows for block in blocks) < FEW_CHUNKS * CHUNK_ROWS
    rows = CHUNK_ROWS // 2 if few else CHUNK_ROWS
    return [chunk for block in blocks for chunk in split_rows([block], max(rows, _rows_per_step(block)))]


def compiled(block: DesignBlock) -> CompiledRows | None:
    """Return the rows of a block for the compiled kernel, None where it cannot be used."""
    matrix = block.matrix
    dense = matrix.dense if isinstance(matrix, SplitMatrix) else matrix
    if block.codes is None or not isinstance(dense, DenseMatrix):
        return None
    return compiled_rows(
        numbers=dense.columns,
        leading_one=dense.leading_one,
        terms=matrix.terms if isinstance(matrix, SplitMatrix) else (),
        order=matrix.order if isinstance(matrix, SplitMatrix) else None,
        n_outcomes=block.n_outcomes,
        codes=block.codes,
        weights=block.weights,
        offset=block.offset,
    )


def score_outer_sum(blocks: Sequence[DesignBlock], coef: FloatArray, *, frequencies: bool) -> FloatArray:
    """Return the sum over trials of the outer products of their scores (m p, m p)."""
    return sum_over(_steps(blocks), lambda step: score_outer(step, coef, frequencies=frequencies))


def probability_sums(
    blocks: Sequence[DesignBlock], coef: FloatArray, direction: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return sums over rows at given coefficients.

    Parameters
    ----------
    blocks : sequence of DesignBlock
        All rows.
    coef : (m, p) array
        Finite coefficients.
    direction : (m, p) array, optional
        Where the outcome is separated, the direction in which the coefficients go to infinity: probabilities
        are those of the limit, and the last sum is infinite if a logit is.

    Returns
    -------
    probability : (K, K) array
        Row j: sum of ``weight * p_k`` over trials that ended in outcome j.
    others : (3,) array
        Sums of ``weight * sum_k (y_k - p_k)^2`` (squared error), of ``weight * logit`` and of ``weight *
        logit^2``, the logits being those of the first equation.
    """

    def sums(block: DesignBlock) -> FloatArray:
        logits = limit_logits(block, coef, direction)
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

    total = sum_over(_steps(blocks), sums)
    others = total[-3:]
    if direction is not None and others[2] >= FAR:
        others[1:] = 0.0, np.inf
    return sums_of_moments(total)


def sums_of_moments(moments: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the sums of `probability_sums` from one array (K K + 3,) of both."""
    k = math.isqrt(len(moments) - 3)
    return moments[:-3].reshape(k, k), moments[-3:]


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
