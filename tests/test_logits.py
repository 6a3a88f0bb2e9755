"""`logreg.logits`: exact tails, honest refusals, frames in and out.

Expected values come from mpmath at 50 digits, from closed forms, or from constructed data.
"""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from logreg.errors import DataError, SupportError, WeightError
from logreg.logits import (
    binary_cross_entropy,
    classify,
    cross_entropy,
    log_partition,
    log_sigmoid,
    log_softmax,
    log_softmax_rows,
    logit,
    odds,
    odds_to_probability,
    sigmoid,
    sigmoid_pair,
    softmax,
    softmax_rows,
)

ROOT = Path(__file__).parents[1]
EXACT = 4e-16  # under two units in the last place: an exponential, a sum and a division
EXACT_ROW = 8e-16  # the same with a compensated difference and a sum over a handful of classes
SPACING = 5e-324  # of the subnormal grid, where relative error has no meaning
SMALLEST_NORMAL = np.finfo(np.float64).tiny


@pytest.fixture(autouse=True)
def _fifty_digits() -> Any:
    with mpmath.workdps(50):
        yield


def _grid() -> np.ndarray:
    rng = np.random.default_rng(20240229)
    near_zero = 10.0 ** rng.uniform(-300, 0, 200)
    tails = [708.3, 708.5, 709.7, 709.79, 710.0, 740.1, 744.4, 745.0, 745.13, 745.2, 36.7, 37.0, 40.0]
    return np.unique(
        np.concatenate(
            [
                np.arange(-750.0, 751.0, 7.0),
                rng.uniform(-750, 750, 300),
                rng.uniform(-40, 40, 300),
                near_zero,
                -near_zero,
                tails,
                np.negative(tails),
                [0.0],
            ]
        )
    )


GRID = _grid()


def _assert_exact(got: np.ndarray, expected: Sequence[Any], relative: float) -> None:
    assert len(got) == len(expected)
    for value, truth in zip(np.asarray(got).tolist(), expected, strict=True):
        allowed = relative * abs(truth) if abs(truth) >= SMALLEST_NORMAL else mpmath.mpf(SPACING)
        assert abs(mpmath.mpf(value) - truth) <= allowed, (value, mpmath.nstr(truth, 20))


def _sigmoid(x: float) -> Any:
    e = mpmath.exp(-abs(mpmath.mpf(x)))
    return e / (1 + e) if x < 0 else 1 / (1 + e)


def _log_sigmoid(x: float) -> Any:
    return min(mpmath.mpf(x), 0) - mpmath.log1p(mpmath.exp(-abs(mpmath.mpf(x))))


def _log_softmax(row: np.ndarray) -> list[Any]:
    top = int(np.argmax(row))
    others = mpmath.fsum(mpmath.exp(mpmath.mpf(v) - row[top]) for i, v in enumerate(row.tolist()) if i != top)
    return [mpmath.mpf(v) - mpmath.mpf(row[top]) - mpmath.log1p(others) for v in row.tolist()]


# --- exact in both tails -------------------------------------------------------------------------------


def test_sigmoid_is_exact_in_both_tails() -> None:
    _assert_exact(sigmoid(GRID), [_sigmoid(x) for x in GRID.tolist()], EXACT)


def test_sigmoid_pair_gives_both_sides_exactly() -> None:
    p, q = sigmoid_pair(GRID)
    _assert_exact(p, [_sigmoid(x) for x in GRID.tolist()], EXACT)
    _assert_exact(q, [_sigmoid(-x) for x in GRID.tolist()], EXACT)


def test_log_sigmoid_and_log_partition_are_exact() -> None:
    expected = [_log_sigmoid(x) for x in GRID.tolist()]
    _assert_exact(log_sigmoid(GRID), expected, EXACT)
    _assert_exact(log_partition(-GRID), [-v for v in expected], EXACT)


def test_odds_are_exact_and_infinite_beyond_the_range_of_doubles() -> None:
    inside = GRID[GRID < 709.78]
    _assert_exact(odds(inside), [mpmath.exp(x) for x in inside.tolist()], EXACT)
    assert np.all(np.isinf(odds(GRID[GRID > 709.79])))


def test_odds_to_probability_is_exact() -> None:
    values = np.concatenate([10.0 ** np.linspace(-320, 308, 400), [0.0, 1.0, np.finfo(np.float64).max]])
    _assert_exact(
        odds_to_probability(values), [mpmath.mpf(v) / (1 + mpmath.mpf(v)) for v in values.tolist()], EXACT
    )


def test_logit_is_exact_at_both_ends_and_around_one_half() -> None:
    rng = np.random.default_rng(7)
    p = np.concatenate(
        [
            10.0 ** rng.uniform(-320, -1, 200),
            rng.uniform(0, 1, 200),
            0.5 + 10.0 ** rng.uniform(-16, -1, 100),
            0.5 - 10.0 ** rng.uniform(-16.5, -1, 100),
            1.0 - 10.0 ** rng.uniform(-15.9, -1, 100),
        ]
    )
    expected = [mpmath.log(mpmath.mpf(v) / (1 - mpmath.mpf(v))) for v in p.tolist()]
    _assert_exact(logit(p), expected, EXACT)


def test_logit_with_the_complement_is_exact_in_the_upper_tail() -> None:
    q = 10.0 ** np.linspace(-320, -2, 300)
    expected = [mpmath.log1p(-mpmath.mpf(v)) - mpmath.log(mpmath.mpf(v)) for v in q.tolist()]
    _assert_exact(logit(1.0 - q, complement=q), expected, EXACT)
    _assert_exact(logit(q, complement=1.0 - q), [-v for v in expected], EXACT)


def test_logit_undoes_sigmoid_over_the_normal_range() -> None:
    x = GRID[(np.abs(GRID) < 700) & (np.abs(GRID) > 1e-3)]
    p, q = sigmoid_pair(x)
    np.testing.assert_allclose(logit(p, complement=q), x, rtol=5e-13)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_softmax_and_log_softmax_are_exact_across_the_range(classes: int) -> None:
    rng = np.random.default_rng(classes)
    rows = np.concatenate(
        [rng.normal(size=(40, classes)) * s for s in (1.0, 10.0, 200.0)]
        + [rng.uniform(-750, 750, (60, classes))]
    )
    logs = [_log_softmax(row) for row in rows]
    _assert_exact(log_softmax(rows).ravel(), [v for row in logs for v in row], EXACT_ROW)
    _assert_exact(softmax(rows).ravel(), [mpmath.exp(v) for row in logs for v in row], EXACT_ROW)


def test_softmax_keeps_what_subtracting_the_maximum_rounds_away() -> None:
    # 0.3 - 700.1 is not a double; the plain shift is off by 3e-14 here.
    row = np.array([0.3, 700.1])
    _assert_exact(softmax(row), [mpmath.exp(v) for v in _log_softmax(row)], EXACT_ROW)


def test_log_softmax_of_a_sure_winner_is_not_zero() -> None:
    assert log_softmax([50.0, 0.0])[0] == pytest.approx(-1.9287498479639178e-22, rel=1e-14)


def test_temperature_is_one_rounded_division_away_from_exact() -> None:
    x = np.array([-7.0, -0.85, 0.3, 7.0])
    expected = [_sigmoid_of_quotient(v, 0.01) for v in x.tolist()]
    got = sigmoid(x, temperature=0.01)
    for value, truth, score in zip(got.tolist(), expected, x.tolist(), strict=True):
        assert abs(mpmath.mpf(value) - truth) <= abs(truth) * (EXACT + abs(score / 0.01) * 2.0**-53)


def _sigmoid_of_quotient(x: float, temperature: float) -> Any:
    return 1 / (1 + mpmath.exp(-mpmath.mpf(x) / mpmath.mpf(temperature)))


# --- infinities ----------------------------------------------------------------------------------------


def test_infinite_logits_are_honoured() -> None:
    ends = [-np.inf, np.inf]
    assert sigmoid(ends).tolist() == [0.0, 1.0]
    assert log_sigmoid(ends).tolist() == [-np.inf, 0.0]
    assert odds(ends).tolist() == [0.0, np.inf]
    assert odds_to_probability([0.0, np.inf]).tolist() == [0.0, 1.0]
    assert logit([0.0, 1.0]).tolist() == ends
    assert softmax([0.0, np.inf, -np.inf]).tolist() == [0.0, 1.0, 0.0]
    assert log_softmax([0.0, np.inf, -np.inf]).tolist() == [-np.inf, 0.0, -np.inf]
    assert softmax([0.0, 0.0, -np.inf]).tolist() == [0.5, 0.5, 0.0]
    assert classify(ends).tolist() == [0, 1]
    assert classify([[np.inf, np.inf, 0.0]]).tolist() == [0]


def test_losses_at_infinite_logits_are_zero_or_infinite_never_nan() -> None:
    both = binary_cross_entropy([np.inf, np.inf, -np.inf, -np.inf], [1, 0, 0, 1], reduction="none")
    assert both.tolist() == [0.0, np.inf, 0.0, np.inf]
    rows = [[np.inf, 0.0, -np.inf]] * 3
    assert cross_entropy(rows, [0, 1, 2], reduction="none").tolist() == [0.0, np.inf, np.inf]
    assert cross_entropy(rows, np.eye(3), reduction="none").tolist() == [0.0, np.inf, np.inf]
    assert cross_entropy(rows, [0, 1, 2], weights=[1.0, 0.0, 0.0]) == 0.0


@pytest.mark.parametrize("function", [softmax, log_softmax])
def test_rows_without_a_limit_are_refused_with_their_number(function: Callable[..., Any]) -> None:
    rows = np.zeros((4, 3))
    rows[2, :2] = np.inf
    with pytest.raises(DataError, match=r"1 of 4 rows with more than one \+inf, the first in row 2"):
        function(rows)
    with pytest.raises(DataError, match=r"1 of 3 rows.*first in row 1"):
        function([[0.0, 0.0], [-np.inf, -np.inf], [0.0, 1.0]])
    with pytest.raises(DataError, match=r"1 of 4 columns with more than one \+inf, the first in column 2"):
        function(rows.T, axis=0)
    with pytest.raises(DataError, match="nothing but -inf"):
        cross_entropy([-np.inf, -np.inf], 0)


def test_finite_logits_at_the_end_of_the_range_do_not_overflow() -> None:
    huge = np.finfo(np.float64).max
    with np.errstate(all="raise"):
        assert softmax([huge, -huge]).tolist() == [1.0, 0.0]
        assert log_softmax([huge, -huge]).tolist() == [0.0, -np.inf]
        assert softmax([huge, 0.0], temperature=1e-300).tolist() == [1.0, 0.0]
        assert sigmoid([huge, -huge], temperature=1e-5).tolist() == [1.0, 0.0]
        assert odds([800.0, -800.0]).tolist() == [np.inf, 0.0]
        assert binary_cross_entropy([huge, -800.0], [0, 1], reduction="none").tolist() == [huge, 800.0]
        assert softmax([1e-320, 2.0], temperature=3.0)[0] > 0.0


# --- identities ----------------------------------------------------------------------------------------

logits = st.floats(-800, 800, allow_subnormal=False)
dyadic = st.integers(-(2**20), 2**20).map(lambda k: k / 1024)


@given(logits)
def test_sigmoid_and_its_mirror_add_up_to_one(x: float) -> None:
    assert abs(sigmoid(x) + sigmoid(-x) - 1.0) <= np.spacing(1.0)


@given(logits)
def test_softmax_of_two_is_the_sigmoid_of_their_difference(x: float) -> None:
    np.testing.assert_allclose(softmax([0.0, x]), [sigmoid(-x), sigmoid(x)], rtol=1e-15, atol=SPACING)
    np.testing.assert_allclose(log_softmax([0.0, x]), [log_sigmoid(-x), log_sigmoid(x)], rtol=1e-15)


@given(hnp.arrays(np.float64, (3, 4), elements=dyadic), dyadic)
def test_softmax_does_not_see_a_shift(rows: np.ndarray, shift: float) -> None:
    # Multiples of 1/1024 below 2**11 are added without rounding, so that equality is exact.
    assert np.array_equal(softmax(rows), softmax(rows + shift))
    assert np.array_equal(log_softmax(rows), log_softmax(rows + shift))


@given(hnp.arrays(np.float64, (3, 4), elements=logits))
def test_softmax_rows_are_distributions_and_agree_with_their_logarithm(rows: np.ndarray) -> None:
    shares, logs = softmax(rows), log_softmax(rows)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-15)
    assert np.all(logs <= 0.0)
    normal = logs > -700.0
    np.testing.assert_allclose(np.exp(logs[normal]), shares[normal], rtol=3e-13)


@given(logits, st.floats(0.01, 100))
def test_a_temperature_divides(x: float, temperature: float) -> None:
    assert sigmoid(x, temperature=temperature) == sigmoid(x / temperature)
    assert log_sigmoid(x, temperature=temperature) == log_sigmoid(x / temperature)
    assert odds(x, temperature=temperature) == odds(x / temperature)
    np.testing.assert_allclose(
        log_softmax([0.0, x], temperature=temperature), log_softmax([0.0, x / temperature]), rtol=1e-14
    )
    assert binary_cross_entropy(x, 1, temperature=temperature) == binary_cross_entropy(x / temperature, 1)


@given(hnp.arrays(np.float64, (5, 3), elements=dyadic), st.integers(0, 6))
def test_cross_entropy_is_minus_the_log_softmax_of_the_outcome(rows: np.ndarray, seed: int) -> None:
    truth = np.random.default_rng(seed).integers(0, 3, 5)
    picked = -log_softmax(rows)[np.arange(5), truth]
    np.testing.assert_array_equal(cross_entropy(rows, truth, reduction="none"), picked)
    np.testing.assert_array_equal(cross_entropy(rows, np.eye(3)[truth], reduction="none"), picked)
    np.testing.assert_array_equal(cross_entropy(rows.T, truth, axis=0, reduction="none"), picked)


@given(logits, st.floats(0, 1))
def test_binary_cross_entropy_is_the_cross_entropy_of_two_classes(x: float, y: float) -> None:
    two = cross_entropy([0.0, x], [1.0 - y, y])
    assert binary_cross_entropy(x, y) == pytest.approx(two, rel=1e-14, abs=1e-300)


@settings(max_examples=50)
@given(hnp.arrays(np.float64, (6, 3), elements=st.floats(-30, 30)))
def test_classify_is_the_largest_probability(rows: np.ndarray) -> None:
    chosen = softmax(rows)[np.arange(6), classify(rows)]
    assert np.all(chosen == softmax(rows).max(axis=1))


@given(st.lists(st.floats(-750, 750), min_size=2, max_size=20))
def test_sigmoid_never_decreases(values: list[float]) -> None:
    assert all(a <= b for a, b in pairwise(sigmoid(sorted(values)).tolist()))


# --- losses --------------------------------------------------------------------------------------------


def test_binary_cross_entropy_has_closed_forms() -> None:
    losses = binary_cross_entropy([0.0, -1000.0, 1000.0, 40.0], [0.25, 1, 1, True], reduction="none")
    expected = [mpmath.log(2), mpmath.mpf(1000), mpmath.mpf(0), mpmath.log1p(mpmath.exp(-40))]
    _assert_exact(losses, expected, EXACT)


def test_losses_per_row_are_exact_at_both_ends() -> None:
    _assert_exact(
        binary_cross_entropy(GRID, np.full(GRID.shape, 0.25), reduction="none"),
        [-_log_sigmoid(x) / 4 - 3 * _log_sigmoid(-x) / 4 for x in GRID.tolist()],
        1.2e-15,
    )


def test_reductions_and_weights() -> None:
    scores, truth, weights = [0.0, 0.0, 800.0], [1, 0, 0], [1.0, 3.0, 0.0]
    assert binary_cross_entropy(scores, truth, weights=weights, reduction="sum") == pytest.approx(
        4 * np.log(2)
    )
    assert binary_cross_entropy(scores, truth, weights=weights) == pytest.approx(np.log(2))
    each = binary_cross_entropy(scores, truth, weights=weights, reduction="none")
    np.testing.assert_allclose(each, [np.log(2), 3 * np.log(2), 0.0])
    doubled = cross_entropy([[1.0, 2.0, 0.0], [0.5, 0.0, 0.0]], [0, 1], weights=[2, 1], reduction="sum")
    repeated = cross_entropy([[1.0, 2.0, 0.0]] * 2 + [[0.5, 0.0, 0.0]], [0, 0, 1], reduction="sum")
    assert doubled == pytest.approx(repeated, rel=1e-15)


def test_cross_entropy_of_shares_is_the_mixture() -> None:
    row, shares = [2.0, 1.0, 0.1], [0.5, 0.25, 0.25]
    expected = sum(w * cross_entropy(row, k) for k, w in enumerate(shares))
    assert cross_entropy(row, shares) == pytest.approx(expected, rel=1e-15)


# --- decisions -----------------------------------------------------------------------------------------


def test_decisions_do_not_go_through_probabilities() -> None:
    assert sigmoid(40.0) == sigmoid(41.0) == 1.0
    assert classify([[40.0, 41.0], [801.0, 800.0]]).tolist() == [1, 0]
    assert classify([800.0, 801.0], axis=-1) == 1
    assert softmax([-900.0, -901.0, 0.0]).tolist() == [0.0, 0.0, 1.0]
    assert classify([[-901.0, -900.0]]).tolist() == [1]
    tiny = 1e-320
    assert sigmoid(tiny) == 0.5
    assert classify(tiny) == 1


def test_threshold_is_compared_as_a_logit() -> None:
    scores = [-750.0, -1.0, 0.0, 1.0, 750.0]
    assert classify(scores, threshold=0.0).tolist() == [1] * 5
    assert classify(scores, threshold=1.0).tolist() == [0] * 5
    assert classify(scores, threshold=0.73).tolist() == [0, 0, 0, 1, 1]
    assert classify(scores, threshold=0.74).tolist() == [0, 0, 0, 0, 1]
    assert classify(scores, threshold=0.74, temperature=0.5).tolist() == [0, 0, 0, 1, 1]
    assert classify([700.0, 701.0], threshold=1e-300).tolist() == [1, 1]
    assert classify([-690.0, -691.0], threshold=1e-300).tolist() == [1, 0]


def test_ties_go_to_the_first_class() -> None:
    assert classify([[1.0, 1.0, 0.0]]).tolist() == [0]
    assert classify([0.0]).tolist() == [0]


def test_labels_replace_the_class_numbers() -> None:
    rows = [[0.0, 1.0, 0.0], [2.0, 1.0, 0.0]]
    assert classify(rows, labels=["a", "b", "c"]).tolist() == ["b", "a"]
    assert classify(rows, labels={0: "a", 1: "b", 2: "c"}).tolist() == ["b", "a"]
    assert classify(rows, labels=["a", 1, None]).tolist() == [1, "a"]
    assert classify([-1.0, 1.0], labels=[False, True]).dtype == np.bool_
    assert classify([[0.3], [-0.3]], labels=["no", "yes"]).tolist() == ["yes", "no"]
    assert classify(0.3, labels=["no", "yes"]) == "yes"
    assert classify(np.array(rows).T, axis=0).tolist() == [1, 0]
    frame = pd.DataFrame(rows, columns=["a", "b", "c"])
    assert classify(frame, labels={"a": 10, "b": 20, "c": 30}).tolist() == [20, 10]


# --- containers ----------------------------------------------------------------------------------------

ELEMENTWISE = [sigmoid, log_sigmoid, odds]
KINDS: dict[str, Callable[[list[float]], Any]] = {
    "list": list,
    "tuple": tuple,
    "float32": lambda v: np.array(v, dtype=np.float32),
    "float16": lambda v: np.array(v, dtype=np.float16),
    "longdouble": lambda v: np.array(v, dtype=np.longdouble),
    "object": lambda v: np.array([Fraction(x) for x in v], dtype=object),
    "decimal": lambda v: [Decimal(x) for x in v],
    "strided": lambda v: np.repeat(np.array(v), 2)[::2],
    "masked": lambda v: np.ma.array(v),
    "pandas index": lambda v: pd.Index(v),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("function", [*ELEMENTWISE, softmax, log_softmax])
def test_every_kind_of_array_gives_float64(function: Callable[..., Any], kind: str) -> None:
    values = [-2.0, 0.25, 1.5]
    got = function(KINDS[kind](values))
    assert isinstance(got, np.ndarray)
    assert got.dtype == np.float64
    assert got.tolist() == function(np.array(values)).tolist()


@pytest.mark.parametrize("value", [0.25, np.float32(0.25), np.array(0.25), np.float64(0.25)])
def test_a_number_gives_a_float(value: Any) -> None:
    for function in (*ELEMENTWISE, logit, odds_to_probability):
        assert type(function(value)) is float
    assert type(sigmoid(0)) is float
    assert type(binary_cross_entropy(value, 1)) is float
    assert type(classify(value)) is int


def test_the_input_is_never_written_to_nor_shared() -> None:
    scores = np.array([[0.5, -np.inf, 2.0]])
    scores.setflags(write=False)
    for function in (*ELEMENTWISE, softmax, log_softmax, classify):
        assert not np.shares_memory(function(scores), scores)


def test_softmax_works_along_any_axis() -> None:
    cube = np.random.default_rng(3).normal(size=(2, 3, 4))
    for axis in (-3, -2, -1, 0, 1, 2):
        expected = np.exp(cube) / np.exp(cube).sum(axis=axis, keepdims=True)
        np.testing.assert_allclose(softmax(cube, axis), expected, rtol=1e-14)
        np.testing.assert_allclose(log_softmax(cube, axis), np.log(expected), rtol=1e-12)
        assert np.array_equal(classify(cube, axis=axis), cube.argmax(axis=axis))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_empty_arrays_give_empty_results(shape: tuple[int, ...]) -> None:
    empty = np.empty(shape)
    for function in (*ELEMENTWISE, softmax, log_softmax, logit, odds_to_probability):
        assert function(empty).shape == shape
    assert classify(np.empty((0, 3))).shape == (0,)
    assert classify([]).shape == (0,)
    assert cross_entropy(np.empty((0, 3)), [], reduction="none").shape == (0,)
    assert binary_cross_entropy([], [], reduction="sum") == 0.0


def _pandas() -> pd.DataFrame:
    index = pd.Index(["Ada", "Ben", "Cyd"], name="who")
    return pd.DataFrame({"car": [1.2, -0.4, 0.0], "train": [0.3, 0.9, 0.0], 3: [0, 0, 1]}, index=index)


def test_pandas_frames_keep_index_and_columns() -> None:
    frame = _pandas()
    for function in (*ELEMENTWISE, softmax, log_softmax):
        expected = pd.DataFrame(function(frame.to_numpy()), index=frame.index, columns=frame.columns)
        pd.testing.assert_frame_equal(function(frame), expected)
    pd.testing.assert_frame_equal(softmax(frame, axis=0), softmax(frame.T, axis=1).T)
    chosen = classify(frame)
    assert chosen.tolist() == ["car", "train", 3]
    assert chosen.index.equals(frame.index)
    assert chosen.name == "class"
    loss = cross_entropy(frame, pd.Series([0, 1, 2], index=frame.index), reduction="none")
    assert isinstance(loss, pd.Series)
    assert loss.index.equals(frame.index)


def test_pandas_series_keep_index_and_name() -> None:
    series = pd.Series([0.85, 0.3, -0.1], index=["dog", "fox", "car"], name="similarity")
    for function in (*ELEMENTWISE, softmax, log_softmax):
        expected = pd.Series(function(series.to_numpy()), index=series.index, name="similarity")
        pd.testing.assert_series_equal(function(series), expected)
    assert classify(series, labels=["no", "yes"]).to_dict() == {"dog": "yes", "fox": "yes", "car": "no"}
    assert classify(series, axis=-1, labels=list(series.index)) == "dog"
    assert cross_entropy(series, 0) == pytest.approx(-np.log(softmax(series)["dog"]))


def test_columns_of_pandas_with_the_same_name_and_nullable_types() -> None:
    twice = pd.DataFrame([[1, 2.0]], columns=["a", "a"])
    assert softmax(twice).columns.tolist() == ["a", "a"]
    nullable = pd.DataFrame(
        {"a": pd.array([1, 2], dtype="Int64"), "b": pd.array([0.5, 1.5], dtype="Float64")}
    )
    assert softmax(nullable).to_numpy().tolist() == softmax([[1, 0.5], [2, 1.5]]).tolist()
    arrow = pd.Series([1.0, 2.0], dtype="float64[pyarrow]")
    assert sigmoid(arrow).tolist() == sigmoid([1.0, 2.0]).tolist()


def test_polars_frames_and_series_stay_polars() -> None:
    frame = pl.DataFrame({"car": [1.2, -0.4], "train": [0.3, 0.9], "bus": [0, 0]})
    for function in (*ELEMENTWISE, softmax, log_softmax):
        got = function(frame)
        assert isinstance(got, pl.DataFrame)
        assert got.columns == frame.columns
        assert got.dtypes == [pl.Float64] * 3
        assert np.array_equal(got.to_numpy(), function(frame.to_numpy()))
    assert classify(frame).to_list() == ["car", "train"]
    assert classify(frame).name == "class"
    assert classify(frame, labels=[10, 20, 30]).to_list() == [10, 20]
    assert cross_entropy(frame, pl.Series([0, 1]), reduction="none").name == "loss"
    series = pl.Series("score", [0.85, 0.3, -0.1])
    assert softmax(series).name == "score"
    assert np.array_equal(softmax(series).to_numpy(), softmax([0.85, 0.3, -0.1]))
    assert classify(series, labels=["no", "yes"]).to_list() == ["yes", "yes", "no"]
    assert (
        pl.DataFrame(schema={"a": pl.Float64}).shape == sigmoid(pl.DataFrame(schema={"a": pl.Float64})).shape
    )


def test_one_column_of_a_frame_is_binary() -> None:
    frame = pd.DataFrame({"low": [0.2, -0.2]}, index=[7, 9])
    assert classify(frame).to_dict() == {7: 1, 9: 0}
    assert classify(frame, labels=["no", "yes"]).to_dict() == {7: "yes", 9: "no"}
    truth = pd.Series([1, 0], index=[7, 9])
    each = binary_cross_entropy(frame, truth, reduction="none")
    assert each.to_dict() == pytest.approx(dict.fromkeys((7, 9), np.log1p(np.exp(-0.2))))
    assert binary_cross_entropy(pl.DataFrame({"low": [0.0]}), [1]) == pytest.approx(np.log(2))


def test_neither_pandas_nor_polars_is_imported() -> None:
    code = "import sys, logreg.logits; print(sorted({'pandas', 'polars', 'narwhals'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- refusals ------------------------------------------------------------------------------------------

NAN = float("nan")
WITH_NAN = [[0.0, 1.0], [NAN, NAN]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sigmoid(NAN), "logits: the value is missing or NaN"),
        (lambda: sigmoid([0.0, NAN]), r"logits: 1 of 2 values is missing or NaN, the first in row 1 \("),
        (lambda: softmax(WITH_NAN), "2 of 4 values are missing or NaN, the first in row 1, column 0"),
        (lambda: log_softmax(np.full((1, 1, 2), NAN)), r"first in index \(0, 0, 0\)"),
        (lambda: odds(pd.DataFrame(WITH_NAN, columns=["a", "b"])), "first in column 'a', row 1"),
        (lambda: sigmoid(pl.DataFrame({"a": [1.0], "b": [None]})), "first in column 'b', row 0"),
        (lambda: sigmoid(pd.Series([1, pd.NA], dtype="Int64")), "1 of 2 values is missing"),
        (lambda: sigmoid(pd.Series([True, pd.NA], dtype="boolean")), "1 of 2 values is missing"),
        (lambda: sigmoid([1.0, None]), "1 of 2 values is missing"),
        (lambda: sigmoid(np.ma.array([1.0, 2.0], mask=[False, True])), "1 of 2 values is missing"),
        (lambda: classify([NAN]), "logits: 1 of 1 values is missing"),
        (lambda: logit([0.5, NAN]), "probabilities: 1 of 2 values is missing"),
        (lambda: odds_to_probability([NAN]), "odds: 1 of 1 values is missing"),
        (lambda: cross_entropy([[0.0, 1.0]], [NAN]), "outcome: 1 of 1 values is missing"),
        (lambda: sigmoid("0.5"), "not numbers"),
        (lambda: sigmoid(["0.5"]), "not numbers"),
        (lambda: sigmoid(np.array([0.5, "x"], dtype=object)), "not numbers"),
        (lambda: sigmoid([1j]), "not numbers"),
        (lambda: sigmoid(np.array(["2024-01-01"], dtype="datetime64[D]")), "not numbers"),
        (lambda: sigmoid([[1.0], [1.0, 2.0]]), "not a rectangular array"),
        (lambda: sigmoid({"a": 1.0}), "not a rectangular array of numbers"),
        (lambda: softmax(pd.DataFrame({"x": [1.0], "who": ["Ada"]})), "logits, column 'who': values of type"),
        (lambda: softmax(pl.DataFrame({"x": [1.0], "who": ["Ada"]})), "logits, column 'who': values of type"),
        (lambda: softmax(1.0), "axis=-1 does not exist: logits has 0 dimension"),
        (lambda: softmax([1.0], 1), "axis=1 does not exist"),
        (lambda: softmax([[1.0]], 0.0), "axis=0.0 does not exist"),
        (lambda: logit([0.2, 1.2, -0.1]), r"2 of 3 values are outside \[0, 1\], the first in row 1"),
        (lambda: logit([0.2], complement=[0.2]), "complement: 1 of 1 values is not 1 minus"),
        (lambda: logit([0.2], complement=0.8), r"complement has shape \(\), probabilities \(1,\)"),
        (lambda: odds_to_probability([1.0, -2.0]), "1 of 2 values is negative, the first in row 1"),
        (lambda: cross_entropy([[0.0, 1.0]], [2]), "not a class from 0 to 1, the first in row 0"),
        (lambda: cross_entropy([[0.0, 1.0]], [0.5]), "not a class from 0 to 1"),
        (lambda: cross_entropy([[0.0, 1.0]], [-1]), "not a class from 0 to 1"),
        (lambda: cross_entropy([[0.0, 1.0]], [0, 1]), r"outcome has shape \(2,\), logits \(1, 2\)"),
        (lambda: cross_entropy([[0.0, 1.0]], [[3, 4]]), "1 of 1 rows are not probabilities that add up to 1"),
        (lambda: cross_entropy([[0.0, 1.0]], [[-1, 2]]), "not probabilities"),
        (lambda: cross_entropy([[0.0]], [0]), "binary_cross_entropy"),
        (lambda: cross_entropy(pd.DataFrame(np.eye(2)), [0, 1], axis=0), "Transpose the frame"),
        (lambda: cross_entropy(np.empty((0, 2)), []), "mean loss of no rows"),
        (lambda: binary_cross_entropy([0.0], [2]), "outcome: 1 of 1 values is outside"),
        (lambda: binary_cross_entropy([0.0], [1, 0]), r"outcome has shape \(2,\), logits \(1,\)"),
        (lambda: classify([0.0], threshold=1.5), "threshold=1.5 is not a probability"),
        (lambda: classify([0.0], threshold="a"), "threshold='a' is not a probability"),
        (lambda: classify([[0.0, 1.0]], threshold=0.3), "belongs to binary logits, and there are 2 classes"),
        (lambda: classify([0.85, 0.3, -0.1], labels=["a", "b", "c"]), "Use axis=-1"),
        (lambda: classify([[0.0, 1.0]], labels=["a"]), "1 given for 2 classes"),
        (lambda: classify([[0.0, 1.0]], labels={0: "a"}), "no label for class 1"),
        (lambda: classify(np.empty((2, 0))), "no class to choose from"),
        (lambda: classify(pd.DataFrame(np.eye(2)), axis=0), "Transpose the frame"),
    ],
)
def test_bad_input_is_refused_by_name(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        call()


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.inf, NAN, "1", None, [1.0]])
def test_a_temperature_is_one_finite_number_above_zero(temperature: Any) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: sigmoid([0.0], temperature=temperature),
        lambda: log_sigmoid([0.0], temperature=temperature),
        lambda: softmax([0.0], temperature=temperature),
        lambda: log_softmax([0.0], temperature=temperature),
        lambda: odds([0.0], temperature=temperature),
        lambda: classify([0.0], temperature=temperature),
        lambda: cross_entropy([0.0, 0.0], 0, temperature=temperature),
        lambda: binary_cross_entropy([0.0], [0], temperature=temperature),
    ]
    for call in calls:
        with pytest.raises(DataError, match=r"temperature=.* finite number above 0"):
            call()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0], r"weights have shape \(1,\), the rows \(2,\)"),
        ([1.0, -1.0], "1 of 2 are negative or infinite, the first in row 1"),
        ([np.inf, 1.0], "the first in row 0"),
        ([0.0, 0.0], "all are 0"),
    ],
)
def test_bad_weights_are_refused(weights: list[float], message: str) -> None:
    with pytest.raises(WeightError, match=message):
        binary_cross_entropy([0.0, 1.0], [0, 1], weights=weights)


def test_an_unknown_reduction_is_refused_with_a_hint() -> None:
    with pytest.raises(SupportError, match="Did you mean 'mean'"):
        binary_cross_entropy([0.0], [1], reduction="means")  # type: ignore[arg-type]


def test_labels_of_two_frames_must_agree() -> None:
    frame = _pandas()
    with pytest.raises(DataError, match="outcome and logits have different row labels"):
        cross_entropy(frame, pd.Series([0, 1, 2], index=["Cyd", "Ben", "Ada"]))
    shares = pd.DataFrame(np.eye(3), index=frame.index, columns=["train", "car", 3])
    with pytest.raises(DataError, match=r"outcome has columns \('train', 'car', 3\)"):
        cross_entropy(frame, shares)
    with pytest.raises(DataError, match="weights and logits have different row labels"):
        cross_entropy(frame, [0, 1, 2], weights=pd.Series([1, 1, 1]))
    polars = pl.DataFrame({"a": [0.0], "b": [1.0]})
    with pytest.raises(DataError, match="same columns in the same order"):
        cross_entropy(polars, pl.DataFrame({"b": [0.0], "a": [1.0]}))


# --- building blocks -----------------------------------------------------------------------------------


def test_building_blocks_pass_nan_on_and_write_to_fresh_arrays() -> None:
    eta = np.array([NAN, 1.0])
    eta.setflags(write=False)
    p, q = sigmoid_pair(eta)
    assert np.isnan([p[0], q[0], log_partition(eta)[0]]).all()
    assert np.isfinite([p[1], q[1], log_partition(eta)[1]]).all()
    for out in (p, q, log_partition(eta), softmax_rows(eta), log_softmax_rows(eta)):
        assert out.flags.writeable
        assert not np.shares_memory(out, eta)
    assert softmax_rows(np.array([np.inf, np.inf, 0.0])).tolist() == [0.5, 0.5, 0.0]


# --- the page --------------------------------------------------------------------------------------------


def test_the_page_runs_and_shows_what_it_says() -> None:
    pytest.importorskip("logreg.api")
    page = (ROOT / "docs" / "logits.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)\n```)?", page, flags=re.DOTALL)
    assert len(blocks) >= 10
    namespace: dict[str, Any] = {}
    for code, shown in blocks:
        tree = ast.parse(code)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "docs/logits.md", "exec"), namespace)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "docs/logits.md", "eval"), namespace)
            assert not shown or repr(value) == shown


def test_the_figures_are_the_same_bytes_on_every_run(tmp_path: Path) -> None:
    draw = runpy.run_path(str(ROOT / "docs" / "make_figures.py"))["main"]
    for run in ("first", "second"):
        draw(tmp_path / run)
    first, second = (tmp_path / run / "softmax_temperature.svg" for run in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
    assert "similarity 0.85" in first.read_text(encoding="utf-8")
