"""Work shared among threads, and BLAS kept out of their way.

The heavy steps release the interpreter's lock: products of numpy, and the compiled kernel. What is summed is
added in the order of the items, so that no result depends on the number of threads.

BLAS has threads of its own. They wait for the next product by looking for it all the time, for hundredths
of a second, and whoever shares their processor gets half of it meanwhile: nothing here wakes them.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

__all__ = ["Crew", "in_order", "one_blas_thread", "sum_in_threads"]

#: Items begun ahead of the one that is waited for, per thread: none is idle, and few are to be called off.
AHEAD = 8

S = TypeVar("S")
T = TypeVar("T")


class Crew:
    """Threads that help the caller's, started when they are first needed and kept for the next sum.

    Starting a thread takes as long as a pass over some thousand rows. They end with the last reference to the
    crew.
    """

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None

    def begin(self, work: Callable[[], None], n_items: int) -> list[Future[None]]:
        """Have as many threads do the work as there are processors besides the caller's, and items."""
        # Asking for the number of processors takes as long as a small pass.
        processors = os.cpu_count() or 1
        n_helpers = min(processors, n_items) - 1
        if n_helpers < 1:
            return []
        if self._pool is None:
            # Imported here: small fits need neither the import nor the look at the loaded libraries.
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(processors - 1)
        return [self._pool.submit(work) for _ in range(n_helpers)]


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


def sum_in_threads(function: Callable[[S], T], items: Sequence[S], crew: Crew | None = None) -> T:
    """Add ``function`` of the items in their order, whichever thread finds it; the caller's works too.

    Who interrupts waits for none of the others: each ends with the item it is at.
    """
    if len(items) == 1:
        return function(items[0])
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
        helpers = (crew or Crew()).begin(help_out, len(items))
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
