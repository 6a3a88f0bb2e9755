"""Work shared among threads: its order, its errors, and what threads inherit."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from logreg.threads import Crew, in_order, sum_in_threads


@pytest.fixture(autouse=True)
def four_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logreg.threads.os.cpu_count", lambda: 4)


def test_terms_are_added_in_the_order_of_the_items() -> None:
    def late_first(k: int) -> str:
        time.sleep(0.01 if k % 4 == 0 else 0.0)
        return chr(ord("a") + k)

    # Joining text does not commute.
    assert sum_in_threads(late_first, range(26)) == "abcdefghijklmnopqrstuvwxyz"


def test_one_item_needs_no_thread() -> None:
    here = threading.get_ident()
    assert sum_in_threads(lambda _: threading.get_ident(), [0]) == here


def test_the_caller_and_helpers_share_the_work_and_a_crew_keeps_its_threads() -> None:
    crew, gate = Crew(), threading.Barrier(4, timeout=20)

    def who(_: int) -> frozenset[int]:
        gate.wait()  # passes only if four threads are here at once
        return frozenset([threading.get_ident()])

    class Union(frozenset[int]):
        def __add__(self, other: frozenset[int]) -> Union:
            return Union(self | other)

    first, second = (sum_in_threads(lambda k: Union(who(k)), range(4), crew) for _ in range(2))
    assert len(first) == 4
    assert threading.get_ident() in first
    assert first == second


def test_an_error_in_a_helper_reaches_the_caller_and_stops_the_rest() -> None:
    caller, begun = threading.get_ident(), []

    def fail_elsewhere(k: int) -> int:
        begun.append(k)
        if threading.get_ident() != caller:
            raise ValueError(f"item {k}")
        time.sleep(0.01)
        return k

    with pytest.raises(ValueError, match="item"):
        sum_in_threads(fail_elsewhere, range(1000))
    assert len(begun) < 100


def test_an_error_of_the_caller_stops_the_helpers() -> None:
    caller, begun = threading.get_ident(), []

    def fail_here(k: int) -> int:
        begun.append(k)
        if threading.get_ident() == caller:
            raise KeyboardInterrupt
        time.sleep(0.01)
        return k

    with pytest.raises(KeyboardInterrupt):
        sum_in_threads(fail_here, range(1000))
    time.sleep(0.05)
    assert len(begun) < 100


@pytest.mark.parametrize(
    "share", [lambda f, items: sum_in_threads(f, items), lambda f, items: sum(in_order(f, items))]
)
def test_threads_treat_overflow_as_the_caller_does(share: object) -> None:
    def overflow(_: int) -> float:
        return float(np.exp(np.array([1000.0]))[0])

    with np.errstate(over="ignore"):
        assert share(overflow, range(8)) == np.inf  # type: ignore[operator]
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        share(overflow, range(8))  # type: ignore[operator]
