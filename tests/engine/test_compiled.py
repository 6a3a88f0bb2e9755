"""The compiled kernel against the kernel in Python, which defines it, and against fifty digits."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.design.matrices import DenseMatrix, Indicators, SplitMatrix
from logreg.engine import compiled
from logreg.engine.firth import penalty_sum, root_of
from logreg.engine.kernel import likelihood_sum
from logreg.engine.newton import factorise
from logreg.engine.types import DesignBlock
from logreg.passes.sums import compiled_block, probability_sums, sums_of_moments

#: Sums of some hundred terms in another order; products of three factors of logits of size 10 on top.
CLOSE = 1e-12
#: exp, log and two divisions, each within an ulp or two.
FEW_ULPS = 8 * np.finfo(float).eps

VARIANTS = ("baseline", "avx2", "avx512")


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    path = compiled.library_path()
    assert path.exists(), "the package is installed without its compiled kernel; see hatch_build.py"
    return ctypes.CDLL(str(path))


def test_the_library_is_that_of_the_source(library: ctypes.CDLL) -> None:
    source = compiled.library_path().with_name("rows.c").read_bytes()
    digest = hashlib.sha256(source).hexdigest().encode()
    found = (ctypes.c_char * len(digest)).in_dll(library, "logreg_source_baseline")
    assert found.raw == digest, "rows.c has changed: install the package again"


@pytest.mark.parametrize(
    ("found", "variant"),
    [
        (["X86_V3", "X86_V4", "AVX512_ICL"], "avx512"),
        (["SSE41", "AVX2", "FMA3", "AVX512F"], "avx2"),
        (["AVX2", "FMA3", "AVX512F", "AVX512_SKX"], "avx512"),
        (["AVX2"], "baseline"),
        (["ASIMD", "ASIMDHP"], "baseline"),
        ([], "baseline"),
    ],
)
def test_the_variant_is_what_the_processor_has(found: list[str], variant: str) -> None:
    assert compiled.variant_for(found) == variant


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Every variant this processor can run, in turn."""
    here: Any = np.show_config(mode="dicts")
    best = compiled.variant_for(here["SIMD Extensions"].get("found", ()))
    if VARIANTS.index(request.param) > VARIANTS.index(best):
        pytest.skip("not on this processor")
    monkeypatch.setattr(compiled, "variant_for", lambda found: request.param)
    compiled._library.cache_clear()
    yield request.param
    compiled._library.cache_clear()


def block_of(
    *, n: int, q: int, m: int, by_row: bool, ones: bool, terms: bool, weighted: bool, seed: int = 0
) -> DesignBlock:
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(n, q))
    dense = DenseMatrix((numbers if by_row else np.asfortranarray(numbers)).T, ones)
    matrix: DenseMatrix | SplitMatrix = dense
    if terms:
        first = Indicators(rng.integers(0, 4, n).astype(np.int8), np.array([3, 0, 1, 2]), 3)
        values = rng.normal(size=2 * n)[::2]
        second = Indicators(rng.integers(0, 5, n), np.array([2, 0, 1, 4, 3]), 4, values)
        matrix = SplitMatrix(dense, (first, second), rng.permutation(q + ones + 7))
    return DesignBlock(
        matrix=matrix,
        n_outcomes=m + 1,
        codes=rng.integers(0, m + 1, n).astype(np.int32 if terms else np.int8),
        weights=rng.uniform(0.5, 2.0, n) if weighted else None,
        offset=rng.normal(size=(n, m)).T if weighted else None,
    )


def off(found: Any, expected: Any) -> float:
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    return float(
        np.max(np.abs(found - expected), initial=0.0) / max(np.max(np.abs(expected), initial=0.0), 1e-300)
    )


@pytest.mark.parametrize("terms", [False, True])
@pytest.mark.parametrize("by_row", [False, True])
@pytest.mark.parametrize("m", [1, 2, 5])
@pytest.mark.parametrize(("n", "q"), [(1, 3), (33, 0), (40, 1), (777, 9), (1100, 26)])
def test_sums_are_those_of_the_kernel(
    variant: str, n: int, q: int, m: int, by_row: bool, terms: bool
) -> None:
    for ones, weighted, size in ((True, False, 0.5), (False, True, 5.0), (True, True, 60.0)):
        block = block_of(n=n, q=q, m=m, by_row=by_row, ones=ones, terms=terms, weighted=weighted)
        p = block.matrix.shape[1]
        if not p:
            continue
        coef = np.random.default_rng(1).normal(size=(m, p)) * size
        rows = compiled_block(block)
        assert rows is not None
        expected = likelihood_sum(block, coef, 2)
        for order in (0, 1, 2):
            found = rows(coef, order)  # type: ignore[arg-type]
            assert found.loglik == pytest.approx(expected.loglik, rel=CLOSE)
            assert (found.score is None) == (order == 0)
            assert (found.information is None) == (found.moments is None) == (order < 2)
        assert found.score is not None
        assert found.information is not None
        assert found.moments is not None
        assert off(found.score, expected.score) < CLOSE
        assert off(found.information, expected.information) < CLOSE
        assert np.array_equal(found.information, found.information.T)
        assert found.smallest_weight == pytest.approx(expected.smallest_weight, rel=CLOSE)
        for one, other in zip(sums_of_moments(found.moments), probability_sums([block], coef), strict=True):
            assert off(one, other) < CLOSE


@pytest.mark.parametrize("curvature", ["none", "augmented", "exact"])
@pytest.mark.parametrize("by_row", [False, True])
@pytest.mark.parametrize(("n", "q"), [(40, 1), (777, 9), (1100, 18)])
def test_the_penalty_is_that_of_the_kernel(
    variant: str, n: int, q: int, by_row: bool, curvature: Any
) -> None:
    for ones, weighted in ((True, False), (False, True)):
        block = block_of(n=n, q=q, m=1, by_row=by_row, ones=ones, terms=False, weighted=weighted)
        p = block.matrix.shape[1]
        free = np.arange(p) if q < 5 else np.delete(np.arange(p), 2)
        coef = np.random.default_rng(1).normal(size=(1, p))
        information = likelihood_sum(block, coef, 2).information
        assert information is not None
        metric = factorise(information[np.ix_(free, free)])
        assert metric is not None
        root = root_of(metric, free, (1, p))
        rows = compiled_block(block)
        assert rows is not None
        assert rows.takes_penalty
        found, expected = rows.penalty(coef, root, curvature), penalty_sum(block, coef, root, curvature)
        assert off(found.score, expected.score) < CLOSE
        for one, other in ((found.curvature, expected.curvature), (found.thirds, expected.thirds)):
            assert (one is None) == (other is None)
        if expected.thirds is not None:
            assert off(found.curvature, expected.curvature) < CLOSE
            assert off(found.thirds, expected.thirds) < CLOSE
        elif expected.curvature is not None:
            # It is left out where leverages are small, piece by piece, and the pieces are not the same.
            assert off(found.curvature + information, expected.curvature + information) < 0.01


@pytest.mark.parametrize("curvature", ["none", "augmented", "exact"])
@pytest.mark.parametrize(("n", "q"), [(5, 0), (40, 1), (777, 9), (1100, 18)])
def test_one_call_finds_what_three_steps_find(variant: str, n: int, q: int, curvature: Any) -> None:
    for weighted, size in ((False, 0.1), (True, 1.0)):
        block = block_of(n=n, q=q, m=1, by_row=True, ones=True, terms=False, weighted=weighted)
        p = q + 1
        coef = np.random.default_rng(1).normal(size=(1, p)) * size
        rows = compiled_block(block)
        assert rows is not None
        expected = rows(coef, 2)
        assert expected.information is not None
        metric = factorise(expected.information)
        assert metric is not None
        added = rows.penalty(coef, root_of(metric, np.arange(p), (1, p)), curvature)
        whole = rows.penalised(coef, curvature)
        assert whole is not None
        total, half, penalty = whole
        assert total.loglik == expected.loglik
        assert total.smallest_weight == expected.smallest_weight
        for one, other in zip(
            (total.score, total.information, total.moments),
            (expected.score, expected.information, expected.moments),
            strict=True,
        ):
            np.testing.assert_array_equal(one, other)
        assert half == pytest.approx(0.5 * np.linalg.slogdet(expected.information)[1], rel=1e-12, abs=1e-12)
        assert off(penalty.score, added.score) < 1e-11
        for one, other in ((penalty.curvature, added.curvature), (penalty.thirds, added.thirds)):
            assert (one is None) == (other is None)
        if curvature == "exact":
            assert penalty.curvature is not None
            assert penalty.thirds is not None
            assert off(penalty.curvature, added.curvature) < 1e-11
            # The root is any with L L' the inverse: thirds are compared by what is made of them.
            assert added.thirds is not None
            assert off(penalty.thirds @ penalty.thirds.T, added.thirds @ added.thirds.T) < 1e-11


@pytest.mark.parametrize("factor", [1.0, 1e-170])
def test_one_call_leaves_what_may_be_singular_to_others(variant: str, factor: float) -> None:
    numbers = np.array([[1.0, 2.0, 4.0], [2.0, 4.0, 8.0]]) * factor
    rows = compiled_block(
        DesignBlock(matrix=DenseMatrix(numbers, True), n_outcomes=2, codes=np.array([0, 1, 0], dtype=np.int8))
    )
    assert rows is not None
    assert rows.penalised(np.zeros((1, 3)), "none") is None


def one_row(m: int, code: int) -> Any:
    return compiled_block(
        DesignBlock(
            matrix=DenseMatrix(np.ones((1, 1)), False),
            n_outcomes=m + 1,
            codes=np.array([code], dtype=np.int8),
        )
    )


@pytest.mark.parametrize("code", [0, 1])
def test_two_outcomes_hold_fifty_digits_in_both_tails(variant: str, code: int) -> None:
    grid = np.concatenate(
        [np.linspace(-745, 745, 299), np.linspace(-3, 3, 101), [1e-300, -1e-17, 37.0, -37.0]]
    )
    rows = one_row(1, code)
    with mpmath.workdps(50):
        for x in grid.tolist():
            total = rows(np.array([[x]]), 2)
            s = mpmath.mpf(x) if code else -mpmath.mpf(x)
            p, q = 1 / (1 + mpmath.exp(-mpmath.mpf(x))), 1 / (1 + mpmath.exp(mpmath.mpf(x)))
            missed = (1 if code else -1) / (1 + mpmath.exp(s))
            for found, expected in (
                (total.loglik, -mpmath.log1p(mpmath.exp(-s))),
                (total.score[0, 0], missed),
                (total.information[0, 0], p * q),
            ):
                # Below the normal numbers only their spacing is left.
                assert abs(found - expected) <= max(FEW_ULPS * abs(expected), 1e-323), (x, found)


@pytest.mark.parametrize("code", [0, 1, 2])
def test_three_outcomes_hold_fifty_digits_in_all_tails(variant: str, code: int) -> None:
    rng = np.random.default_rng(5)
    rows = one_row(2, code)
    points = np.concatenate([rng.normal(size=(60, 2)) * scale for scale in (1.0, 20.0, 300.0)])
    with mpmath.workdps(50):
        for a, b in [*points.tolist(), [0.0, 0.0], [700.0, 700.0], [-700.0, -700.0], [5.0, 5.0]]:
            total = rows(np.array([[a], [b]]), 2)
            # Differences of logits are rounded before they are exponents.
            bound = FEW_ULPS + (abs(a) + abs(b)) * np.finfo(float).eps
            odds = [mpmath.mpf(1), mpmath.exp(mpmath.mpf(a)), mpmath.exp(mpmath.mpf(b))]
            everything = sum(odds)
            p = [one / everything for one in odds]
            others = sum(one for k, one in enumerate(odds) if k != code) / everything
            expected_score = [others if code == j else -p[j] for j in (1, 2)]
            loss = mpmath.log1p(sum(one for k, one in enumerate(odds) if k != code) / odds[code])
            assert abs(total.loglik + loss) <= max(bound * loss, 1e-320), (a, b)
            for found, expected in zip(total.score[:, 0], expected_score, strict=True):
                assert abs(found - expected) <= max(bound * abs(expected), 1e-320), (a, b)
            complements = [sum(odds[:1] + odds[2:]) / everything, sum(odds[:2]) / everything]
            expected_information = [
                [p[1] * complements[0], -p[1] * p[2]],
                [-p[1] * p[2], p[2] * complements[1]],
            ]
            for j in (0, 1):
                for k in (0, 1):
                    found, expected = total.information[j, k], expected_information[j][k]
                    assert abs(found - expected) <= max(bound * abs(expected), 1e-320), (a, b)


@pytest.mark.parametrize("m", [1, 3])
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_stays_so(variant: str, m: int, value: float) -> None:
    block = block_of(n=50, q=2, m=m, by_row=True, ones=True, terms=False, weighted=False)
    rows = compiled_block(block)
    assert rows is not None
    coef = np.zeros((m, 3))
    coef[0, 1] = value
    with np.errstate(invalid="ignore"):
        assert not np.isfinite(rows(coef, 2).loglik)


def test_no_rows_add_nothing() -> None:
    block = block_of(n=40, q=3, m=2, by_row=True, ones=True, terms=True, weighted=True).rows(7, 7)
    rows = compiled_block(block)
    assert rows is not None
    total = rows(np.ones((2, 11)), 2)
    assert total.loglik == 0.0
    assert total.smallest_weight == np.inf
    assert total.score is not None
    assert not total.score.any()


def test_rows_it_does_not_know_are_left_to_the_kernel() -> None:
    block = block_of(n=40, q=3, m=1, by_row=True, ones=True, terms=False, weighted=True)
    assert isinstance(block.matrix, DenseMatrix)
    assert block.codes is not None
    gaps = np.zeros((80, 6))[::2, ::2].T
    for unknown in (
        replace(block, codes=None, counts=np.ones((2, 40))),
        replace(block, codes=block.codes.astype(np.uint8)),
        replace(block, matrix=DenseMatrix(block.matrix.columns.astype(np.float32), True)),
        replace(block, matrix=DenseMatrix(gaps, True)),
    ):
        assert compiled_block(unknown) is None


@pytest.mark.parametrize(
    ("code", "position"), [(-1, 0), (4, 0), (0, -1), (0, 4)], ids=["below", "beyond", "before", "behind"]
)
def test_codes_that_have_no_place_are_left_to_the_kernel(code: int, position: int) -> None:
    block = block_of(n=40, q=3, m=1, by_row=True, ones=True, terms=True, weighted=False)
    assert isinstance(block.matrix, SplitMatrix)
    first, second = block.matrix.terms
    codes, positions = first.codes.copy(), first.positions.copy()
    codes[7] = code
    positions[1] = position if position else positions[1]
    wrong = replace(block.matrix, terms=(Indicators(codes, positions, 3), second))
    assert compiled_block(replace(block, matrix=wrong)) is None


def test_one_column_with_gaps_and_rows_backwards() -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 2, 50).astype(np.int8)[::-1]
    for numbers in (rng.normal(size=(100, 2))[::2, :1].T, rng.normal(size=(50, 4)).T[:, ::-1]):
        block = DesignBlock(matrix=DenseMatrix(numbers, True), n_outcomes=2, codes=codes)
        rows = compiled_block(block)
        assert rows is not None
        coef = rng.normal(size=(1, len(numbers) + 1))
        assert off(rows(coef, 2).information, likelihood_sum(block, coef, 2).information) < CLOSE


def test_memory_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    block = block_of(n=40, q=3, m=1, by_row=True, ones=True, terms=False, weighted=False)
    monkeypatch.setattr(compiled, "_library", lambda: compiled._Library(*(3 * [lambda *_: 1])))
    rows = compiled_block(block)
    assert rows is not None
    with pytest.raises(MemoryError, match="no memory for the sums"):
        rows(np.zeros((1, 4)), 2)


def test_a_model_in_which_nothing_is_estimated_has_its_sums() -> None:
    table = pd.DataFrame({"y": [0, 1, 1, 0, 1], "x": 0.0})
    with pytest.warns(logreg.errors.CollinearityWarning):
        fit = logreg.fit("y ~ x - 1", table)
    # Every probability is one half.
    assert fit.loglik == pytest.approx(5 * np.log(0.5), rel=1e-15)
    statistics = fit.fit_statistics().set_index("statistic")["value"]
    assert statistics["brier"] == pytest.approx(0.25, rel=1e-15)


@pytest.mark.parametrize(
    ("data", "formula", "options"),
    [
        ("birthwt", "low ~ age + lwt + race + smoke", {}),
        ("birthwt", "low ~ age + lwt + race + smoke", {"covariance": "HC3"}),
        ("birthwt", "low ~ age + lwt + smoke", {"estimator": "firth"}),
        ("womenlf", "partic ~ hincome + children", {}),
    ],
)
def test_a_fit_without_the_library_is_the_same(
    monkeypatch: pytest.MonkeyPatch, data: str, formula: str, options: dict[str, Any]
) -> None:
    table = logreg.datasets.load(data)
    fast = logreg.fit(formula, table, **options)
    monkeypatch.setattr(compiled, "_library", lambda: None)
    slow = logreg.fit(formula, table, **options)
    pd.testing.assert_frame_equal(fast.coefficients(), slow.coefficients(), rtol=1e-9)
    pd.testing.assert_frame_equal(fast.fit_statistics(), slow.fit_statistics(), rtol=1e-9)
