"""Every verb of every matrix against the product written out, and against tabmat's split matrix."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sps
import tabmat

from logreg.design.matrices import DenseMatrix, Indicators, SplitMatrix

#: Sums of a few hundred products of numbers near 1.
TOLERANCE = 1e-12

N = 257


def _close(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


def _dummies(index: np.ndarray, width: int, values: np.ndarray | None) -> np.ndarray:
    """Columns (width, n) of one term; rows whose index is ``width`` have none."""
    table = np.eye(width + 1)[:, :-1][index]
    return (table if values is None else table * values[:, np.newaxis]).T


def _dense(rng: np.random.Generator, q: int, order: str, leading_one: bool) -> tuple[DenseMatrix, np.ndarray]:
    columns = rng.normal(size=(q, N))
    written = np.vstack([np.ones((int(leading_one), N)), columns])
    laid_out = columns if order == "column by column" else np.ascontiguousarray(columns.T).T
    return DenseMatrix(laid_out, leading_one), written


def _split(
    rng: np.random.Generator, q: int, leading_one: bool, terms: list[tuple[int, bool]], shuffled: bool
) -> tuple[SplitMatrix, np.ndarray]:
    dense, written = _dense(rng, q, "column by column", leading_one)
    indicators, columns = [], [written]
    for width, with_values in terms:
        # Codes of the source in an order of its own, two of them at a reference without a column.
        positions = np.append(rng.permutation(width), [width, width])
        codes = rng.integers(0, width + 2, N).astype(np.int32)
        values = rng.normal(size=N) if with_values else None
        indicators.append(Indicators(codes, positions.astype(np.intp), width, values))
        columns.append(_dummies(positions[codes], width, values))
    split_order = np.vstack(columns)
    p = len(split_order)
    order = np.arange(p)
    if shuffled:
        order[int(leading_one) :] = int(leading_one) + rng.permutation(p - int(leading_one))
    expected = np.empty_like(split_order)
    expected[order] = split_order
    return SplitMatrix(dense, tuple(indicators), order.astype(np.intp)), expected


Case = Callable[[], tuple[DenseMatrix | SplitMatrix, np.ndarray]]


def _cases() -> dict[str, Case]:
    def rng() -> np.random.Generator:
        return np.random.default_rng(8)

    cases: dict[str, Case] = {
        f"dense {order}, {'with' if one else 'without'} ones, {q} columns": (
            lambda order=order, one=one, q=q: _dense(rng(), q, order, one)
        )
        for order in ("column by column", "row by row")
        for one in (True, False)
        for q in (0, 1, 4)
        if q or one
    }
    terms = {
        "one term": [(3, False)],
        "two terms": [(3, False), (5, False)],
        "slopes by level": [(4, False), (4, True)],
        "two slopes": [(2, True), (3, True)],
        "wide": [(40, False), (7, True), (2, False)],
        "one level": [(1, False), (3, False)],
    }
    for name, sizes in terms.items():
        for one in (True, False):
            for q in (0, 2):
                cases[f"split {name}, {'with' if one else 'without'} ones, {q} columns"] = (
                    lambda one=one, q=q, sizes=sizes: _split(rng(), q, one, sizes, shuffled=True)
                )
    return cases


CASES = _cases()


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[DenseMatrix | SplitMatrix, np.ndarray]:
    return CASES[request.param]()


@pytest.fixture
def weights() -> np.ndarray:
    return np.random.default_rng(9).uniform(0.0, 2.0, N)


def test_shape_and_columns(case: tuple[DenseMatrix | SplitMatrix, np.ndarray]) -> None:
    matrix, expected = case
    assert matrix.shape == expected.T.shape
    np.testing.assert_array_equal(matrix.to_array(), expected)
    np.testing.assert_array_equal(matrix.numbers(), expected[matrix.number_positions()])


@pytest.mark.parametrize("m", [1, 3])
def test_matvec(case: tuple[DenseMatrix | SplitMatrix, np.ndarray], m: int) -> None:
    matrix, expected = case
    coef = np.random.default_rng(1).normal(size=(m, len(expected)))
    _close(matrix.matvec(coef), coef @ expected)


@pytest.mark.parametrize("m", [1, 3])
def test_transpose_matvec(case: tuple[DenseMatrix | SplitMatrix, np.ndarray], m: int) -> None:
    matrix, expected = case
    rows = np.random.default_rng(2).normal(size=(m, N))
    _close(matrix.transpose_matvec(rows), rows @ expected.T)


def test_sandwich(case: tuple[DenseMatrix | SplitMatrix, np.ndarray], weights: np.ndarray) -> None:
    matrix, expected = case
    found = matrix.sandwich(weights)
    _close(found, (expected * weights) @ expected.T)
    np.testing.assert_array_equal(found, found.T)


def test_sandwich_with_weights_of_both_signs(
    case: tuple[DenseMatrix | SplitMatrix, np.ndarray], weights: np.ndarray
) -> None:
    matrix, expected = case
    signed = weights - 1.0
    _close(matrix.sandwich(signed, signed=True), (expected * signed) @ expected.T)


def test_sandwich_with_zero_weights(case: tuple[DenseMatrix | SplitMatrix, np.ndarray]) -> None:
    matrix, expected = case
    some = np.where(np.arange(N) % 3 == 0, 1.0, 0.0)
    _close(matrix.sandwich(some), (expected * some) @ expected.T)


@pytest.mark.parametrize("part", [(0, N, 1), (10, 200, 1), (0, N, 7), (N, N, 1), (5, 6, 1), (3, 250, 20)])
def test_rows(case: tuple[DenseMatrix | SplitMatrix, np.ndarray], part: tuple[int, int, int]) -> None:
    matrix, expected = case
    start, stop, step = part
    cut = expected[:, slice(*part)]
    piece = matrix.rows(start, stop) if step == 1 else matrix.take(np.arange(start, stop, step))
    assert type(piece) is type(matrix)
    np.testing.assert_array_equal(piece.to_array(), cut)
    if cut.shape[1]:
        weights = np.linspace(0.5, 1.0, cut.shape[1])
        _close(piece.sandwich(weights), (cut * weights) @ cut.T)
        _close(piece.transpose_matvec(weights[np.newaxis]), weights[np.newaxis] @ cut.T)


@pytest.mark.parametrize(("share", "run"), [(1, 1), (7, 1), (5, 4), (3, 100), (20, 32)])
def test_sample(case: tuple[DenseMatrix | SplitMatrix, np.ndarray], share: int, run: int) -> None:
    matrix, expected = case
    chosen = [i for i in range(N) if i % (share * run) < run]
    piece = matrix.sample(share, run)
    assert type(piece) is type(matrix)
    np.testing.assert_array_equal(piece.to_array(), expected[:, chosen])


@pytest.mark.parametrize("diagonal", [True, False])
def test_recast(case: tuple[DenseMatrix | SplitMatrix, np.ndarray], diagonal: bool) -> None:
    matrix, expected = case
    before = expected.copy()
    positions = matrix.number_positions()
    q = len(positions)
    rng = np.random.default_rng(3)
    centre = rng.normal(size=q)
    mixing = np.diag(rng.uniform(1, 2, q)) if diagonal else rng.normal(size=(q, q))
    expected = expected.copy()
    expected[positions] = mixing.T @ (expected[positions] - centre[:, np.newaxis])
    _close(matrix.recast(centre, mixing).to_array(), expected)
    np.testing.assert_array_equal(matrix.to_array(), before)


def test_matrices_never_write_to_the_table() -> None:
    columns = np.random.default_rng(4).normal(size=(3, N))
    columns.flags.writeable = False
    weights = np.ones(N)
    weights.flags.writeable = False
    for leading_one in (True, False):
        matrix = DenseMatrix(columns, leading_one)
        matrix.sandwich(weights)
        matrix.sandwich(weights, signed=True)
        matrix.transpose_matvec(weights[np.newaxis])
        matrix.matvec(np.ones((1, 3 + leading_one)))
        matrix.recast(np.ones(3), np.eye(3))
        assert matrix.rows(0, 10).columns.base is not None


def test_split_matrix_agrees_with_tabmat(weights: np.ndarray) -> None:
    rng = np.random.default_rng(5)
    numbers = rng.normal(size=(2, N))
    codes = [rng.integers(0, width + 1, N) for width in (3, 6)]
    slope = rng.normal(size=N)
    order = np.arange(1 + 2 + 3 + 6 + 6)
    ours = SplitMatrix(
        DenseMatrix(numbers, True),
        (
            Indicators(codes[0], np.array([3, 0, 1, 2]), 3),
            Indicators(codes[1], np.array([6, 0, 1, 2, 3, 4, 5]), 6),
            Indicators(codes[1], np.array([6, 0, 1, 2, 3, 4, 5]), 6, slope),
        ),
        order,
    )
    categorical = [tabmat.CategoricalMatrix(pd.Categorical(c), drop_first=True) for c in codes]
    slopes = sps.csc_matrix(np.eye(7)[codes[1]][:, 1:] * slope[:, np.newaxis])
    theirs = tabmat.SplitMatrix(
        [
            tabmat.DenseMatrix(np.vstack([np.ones(N), numbers]).T.copy(order="F")),
            *categorical,
            tabmat.SparseMatrix(slopes),
        ]
    )
    coef = rng.normal(size=len(order))
    _close(ours.matvec(coef[np.newaxis])[0], theirs.matvec(coef))
    _close(ours.transpose_matvec(weights[np.newaxis])[0], theirs.transpose_matvec(weights))
    _close(ours.sandwich(weights), theirs.sandwich(weights))
