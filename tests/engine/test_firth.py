"""Jeffreys' penalty and its derivatives, against arbitrary precision, differences and closed forms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import mpmath
import numpy as np
import pytest

from logreg.design.matrices import DenseMatrix
from logreg.engine import firth as engine
from logreg.engine.constrained import climb_within
from logreg.engine.firth import (
    FLATTEST,
    Penalised,
    PenaltySum,
    half_log_determinant,
    leverages,
    root_of,
)
from logreg.engine.newton import Ascent, climb, factorise
from logreg.engine.types import DesignBlock, FloatArray
from logreg.passes import firth as passes
from logreg.passes.firth import cumulants, penalised_objective, row_leverages

SHAPES = [(12, 2, 2), (15, 2, 3), (20, 3, 4)]


def block_of(
    n: int,
    p: int,
    k: int,
    *,
    seed: int = 1,
    weights: bool = False,
    offset: bool = False,
    counts: bool = False,
) -> DesignBlock:
    rng = np.random.default_rng(seed)
    return DesignBlock(
        matrix=DenseMatrix(rng.normal(size=(p - 1, n)), leading_one=True),
        n_outcomes=k,
        codes=None if counts else np.arange(n) % k,
        counts=rng.integers(0, 4, size=(k, n)) + 1.0 if counts else None,
        weights=rng.uniform(0.5, 2.0, size=n) if weights else None,
        offset=rng.normal(size=(k - 1, n)) if offset else None,
    )


def every(block: DesignBlock) -> np.ndarray:
    return np.arange((block.n_outcomes - 1) * block.matrix.shape[1])


def some_coef(block: DesignBlock, seed: int = 3) -> FloatArray:
    return np.random.default_rng(seed).normal(size=(block.n_outcomes - 1, block.matrix.shape[1]))


@contextmanager
def without_exact_hessian() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passes, "EXACT_WORK", 0.0)
        yield


def penalised_by_mpmath(block: DesignBlock, coef: mpmath.matrix) -> mpmath.mpf:
    """log-likelihood + log det(information) / 2, from their definitions at 60 digits."""
    x = block.matrix.to_array()
    m, p, n = block.n_outcomes - 1, block.matrix.shape[1], block.n_rows
    loglik = mpmath.mpf(0)
    information = mpmath.zeros(m * p)
    for i in range(n):
        eta = [mpmath.mpf(0)]
        for j in range(m):
            own = mpmath.mpf(0) if block.offset is None else mpmath.mpf(float(block.offset[j, i]))
            eta.append(own + sum(coef[j, r] * float(x[r, i]) for r in range(p)))
        total = sum(mpmath.e**e for e in eta)
        prob = [mpmath.e**e / total for e in eta]
        trials = (
            [float(block.codes[i] == c) for c in range(m + 1)]
            if block.counts is None
            else [float(c) for c in block.counts[:, i]]
        )
        weight = 1.0 if block.weights is None else float(block.weights[i])
        loglik += weight * sum(t * mpmath.log(q) for t, q in zip(trials, prob, strict=True))
        for j in range(m):
            for k in range(m):
                w = weight * sum(trials) * prob[j + 1] * ((j == k) - prob[k + 1])
                for r in range(p):
                    for s in range(p):
                        information[j * p + r, k * p + s] += w * float(x[r, i]) * float(x[s, i])
    return loglik + mpmath.log(mpmath.det(information)) / 2


@pytest.mark.parametrize(("n", "p", "k"), [(8, 2, 2), (8, 2, 3), (7, 2, 4)])
@pytest.mark.parametrize(
    "options", [{}, {"weights": True, "offset": True}, {"counts": True, "weights": True}]
)
def test_value_and_score_are_those_of_the_definition(
    n: int, p: int, k: int, options: dict[str, bool]
) -> None:
    block = block_of(n, p, k, **options)
    coef = some_coef(block) / 2.0
    objective = penalised_objective([block], every(block))
    total = objective(coef, 2)
    assert total.score is not None
    with mpmath.workdps(60):
        exact = mpmath.matrix(coef.tolist())
        value = penalised_by_mpmath(block, exact)
        h = mpmath.mpf(10) ** -20
        score = np.zeros_like(coef)
        for j in range(coef.shape[0]):
            for r in range(coef.shape[1]):
                up, down = exact.copy(), exact.copy()
                up[j, r] += h
                down[j, r] -= h
                score[j, r] = (penalised_by_mpmath(block, up) - penalised_by_mpmath(block, down)) / (2 * h)
    assert total.loglik + objective.reference == pytest.approx(float(value), rel=1e-13)
    np.testing.assert_allclose(total.score, score, rtol=1e-11, atol=1e-13 * np.abs(score).max())


@pytest.mark.parametrize(("n", "p", "k"), SHAPES)
@pytest.mark.parametrize("options", [{}, {"weights": True, "counts": True}])
def test_exact_curvature_is_the_derivative_of_the_score(
    n: int, p: int, k: int, options: dict[str, bool]
) -> None:
    block = block_of(n, p, k, **options)
    coef = some_coef(block) / 4.0
    objective = penalised_objective([block], every(block))
    assert objective.curvature == "exact"
    found = objective(coef, 2).information
    assert found is not None
    differences = np.empty_like(found)
    h = 1e-5
    for column in range(coef.size):
        step = np.zeros(coef.size)
        step[column] = h
        up = objective(coef + step.reshape(coef.shape), 1).score
        down = objective(coef - step.reshape(coef.shape), 1).score
        assert up is not None
        assert down is not None
        differences[:, column] = (down - up).ravel() / (2.0 * h)
    np.testing.assert_allclose(found, differences, rtol=1e-7, atol=1e-8 * np.abs(found).max())
    np.testing.assert_allclose(found, found.T, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_augmented_curvature_is_exact_in_saturated_cells(k: int) -> None:
    cells, trials = 3, 4.0
    rng = np.random.default_rng(k)
    counts = rng.multinomial(int(trials), np.full(k, 1.0 / k), size=cells).T.astype(float)
    block = DesignBlock(
        matrix=DenseMatrix(np.eye(cells), leading_one=False), n_outcomes=k, codes=None, counts=counts
    )
    # At the maximum the pseudo-observations are half of each outcome.
    added = (counts + 0.5) / (counts + 0.5).sum(axis=0)
    coef = np.log(added[1:] / added[0])
    exact = penalised_objective([block], every(block))(coef, 2)
    with without_exact_hessian():
        augmented = penalised_objective([block], every(block))(coef, 2)
    assert exact.information is not None
    assert exact.score is not None
    assert augmented.information is not None
    np.testing.assert_allclose(exact.score, 0.0, atol=1e-14)
    np.testing.assert_allclose(augmented.information, exact.information, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("n", "p", "k"), SHAPES)
def test_both_curvatures_lead_to_the_same_maximum(n: int, p: int, k: int) -> None:
    block = block_of(n, p, k, weights=True)
    start = np.zeros((k - 1, p))
    exact = climb(penalised_objective([block], every(block)), Ascent(coef=start), every(block))
    with without_exact_hessian():
        objective = penalised_objective([block], every(block))
    assert objective.curvature == "augmented"
    other = climb(objective, Ascent(coef=start), every(block), reuse=True)
    assert exact.status == other.status == "converged"
    np.testing.assert_allclose(other.coef, exact.coef, rtol=1e-9, atol=1e-10)
    assert len([row for row in exact.trace if row.kind == "information"]) < 8


@pytest.mark.parametrize(("n", "p", "k"), SHAPES)
def test_orders_agree(n: int, p: int, k: int) -> None:
    block = block_of(n, p, k, counts=True)
    objective = penalised_objective([block], every(block))
    coef = some_coef(block)
    value, score, full = (objective(coef, order) for order in (0, 1, 2))
    assert value.loglik == score.loglik == full.loglik
    assert value.score is None
    assert score.information is None
    np.testing.assert_array_equal(score.score, full.score)


def test_singular_information_is_minus_infinity_and_stepped_back_from() -> None:
    block = block_of(12, 2, 2)
    objective = penalised_objective([block], every(block))
    far = np.array([[1e5, 1e5]])
    for order in (0, 1, 2):
        assert objective(far, order).loglik == -np.inf
    ascent = climb(objective, Ascent(coef=np.array([[0.0, 25.0]])), every(block))
    assert ascent.status == "converged"
    here = climb(objective, Ascent(coef=np.zeros((1, 2))), every(block))
    np.testing.assert_allclose(ascent.coef, here.coef, rtol=1e-9)


@pytest.mark.parametrize(("share", "left"), [(0.4, 0.6), (1.0, FLATTEST), (1.001, FLATTEST), (3.0, 2.0)])
def test_where_the_exact_curvature_is_indefinite_its_size_counts(share: float, left: float) -> None:
    block = block_of(12, 2, 2)
    likelihood = penalised_objective([block], every(block)).likelihood
    coef = some_coef(block)
    information = likelihood(coef, 2).information
    assert information is not None
    down = PenaltySum(score=np.zeros((1, 2)), curvature=-share * information, thirds=np.zeros((2, 3)))
    objective = Penalised(
        likelihood=likelihood,
        penalty=lambda coef, root, curvature: down,
        free=every(block),
        curvature="exact",
    )
    np.testing.assert_allclose(objective(coef, 2).information, left * information, rtol=1e-12)


def test_where_the_curvature_overflows_the_information_is_the_metric() -> None:
    block = block_of(12, 2, 2)
    likelihood = penalised_objective([block], every(block)).likelihood
    lost = PenaltySum(score=np.zeros((1, 2)), curvature=np.full((2, 2), np.nan), thirds=np.zeros((2, 3)))
    objective = Penalised(
        likelihood=likelihood,
        penalty=lambda coef, root, curvature: lost,
        free=every(block),
        curvature="exact",
    )
    coef = some_coef(block)
    np.testing.assert_array_equal(objective(coef, 2).information, likelihood(coef, 2).information)


def separated_block(n: int, q: int, seed: int) -> DesignBlock:
    """Draw one number that tells the outcomes apart, and others that tell nothing."""
    rng = np.random.default_rng(seed)
    codes = (rng.random(n) < 0.5).astype(np.int8)
    numbers = rng.normal(size=(q, n))
    numbers[0] = 2.0 * codes - 1.0 + 0.1 * rng.normal(size=n)
    return DesignBlock(matrix=DenseMatrix(numbers, leading_one=True), n_outcomes=2, codes=codes)


@pytest.mark.parametrize("seed", range(3))
def test_the_exact_hessian_takes_over_where_rows_are_separated(seed: int) -> None:
    block = separated_block(1_000, 10, seed)
    objective = penalised_objective([block], every(block))
    assert objective.curvature == "augmented"
    assert objective.exact is not None
    assert objective.exact.exact is None
    ascents = [
        climb(objective, Ascent(coef=np.zeros((1, 11))), every(block), reuse=True, exact=exact)
        for exact in (None, objective.exact)
    ]
    assert [ascent.status for ascent in ascents] == ["max_iterations", "converged"]
    # Firth's equations as they are written: X'(y - p + h (1/2 - p)) = 0.
    x, coef = block.matrix.to_array().T, ascents[1].coef[0]
    p = 1.0 / (1.0 + np.exp(-x @ coef))
    root = np.linalg.cholesky(x.T @ (x * (p * (1.0 - p))[:, np.newaxis]))
    h = p * (1.0 - p) * (np.linalg.solve(root, x.T) ** 2).sum(axis=0)
    np.testing.assert_allclose(x.T @ (block.codes - p + h * (0.5 - p)), 0.0, atol=1e-8)
    # Nowhere near by is it higher: a maximum, not a saddle.
    summit = objective(ascents[1].coef, 0).loglik
    deviations = np.sqrt(np.linalg.inv(root @ root.T).diagonal())
    around = np.random.default_rng(seed).normal(size=(200, 1, 11)) * 0.1 * deviations
    assert max(objective(ascents[1].coef + step, 0).loglik for step in around) < summit


def test_an_exact_hessian_that_takes_too_much_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    block = separated_block(1_000, 10, 0)
    for limit in ("MOST_WORK", "MOST_NUMBERS"):
        with monkeypatch.context() as patch:
            patch.setattr(passes, limit, 100.0)
            assert penalised_objective([block], every(block)).exact is None


@pytest.mark.parametrize(("n", "p", "k"), SHAPES)
def test_leverages_add_up_to_the_number_of_coefficients(n: int, p: int, k: int) -> None:
    block = block_of(n, p, k, weights=True, counts=True, offset=True)
    coef = some_coef(block)
    information = penalised_objective([block], every(block)).likelihood(coef, 2).information
    assert information is not None
    metric = factorise(information)
    assert metric is not None
    root = root_of(metric, every(block), (k - 1, p))
    flat = root.reshape(-1, root.shape[2])
    np.testing.assert_allclose(flat @ flat.T, np.linalg.inv(information), rtol=1e-9, atol=1e-12)
    found = leverages(block, coef, root)
    assert found.sum() == pytest.approx((k - 1) * p, rel=1e-12)
    assert found.min() > 0.0
    assert half_log_determinant(metric) == pytest.approx(np.linalg.slogdet(information)[1] / 2.0, rel=1e-12)
    halves = [block.rows(0, 5), block.rows(5, n)]
    np.testing.assert_allclose(np.concatenate(row_leverages(halves, coef, root)), found, rtol=1e-13)


def test_binary_leverages_are_the_diagonal_of_the_hat_matrix() -> None:
    block = block_of(12, 3, 2)
    coef = some_coef(block)
    x = block.matrix.to_array().T
    p = 1.0 / (1.0 + np.exp(-(x @ coef[0])))
    rooted = np.sqrt(p * (1.0 - p))[:, np.newaxis] * x
    hat = rooted @ np.linalg.solve(rooted.T @ rooted, rooted.T)
    root = np.linalg.cholesky(np.linalg.inv(rooted.T @ rooted))[np.newaxis]
    np.testing.assert_allclose(leverages(block, coef, root), np.diagonal(hat), rtol=1e-11)


def test_third_cumulants_by_the_definition() -> None:
    block = block_of(12, 2, 2, counts=True, weights=True)
    coef = some_coef(block)
    directions = np.array([[1.0, 0.5], [-2.0, 0.25]])
    x = block.matrix.to_array().T
    p = 1.0 / (1.0 + np.exp(-(x @ coef[0])))
    assert block.counts is not None
    assert block.weights is not None
    # A Bernoulli residual is 1 - p with probability p, -p otherwise.
    third = p * (1.0 - p) ** 3 - (1.0 - p) * p**3
    total = block.counts.sum(axis=0) * block.weights * third
    expected = [float(np.sum(total * (x @ d) ** 3)) for d in directions]
    np.testing.assert_allclose(cumulants([block], coef, directions), expected, rtol=1e-12)


def test_sums_do_not_depend_on_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    block = block_of(700, 3, 3, weights=True)
    coef = some_coef(block)
    # Whether leverages are small enough to be left out of the metric is asked of each piece.
    monkeypatch.setattr(engine, "SMALL_LEVERAGE", 0.0)
    for work in (passes.EXACT_WORK, 0.0):
        monkeypatch.setattr(passes, "EXACT_WORK", work)
        whole = penalised_objective([block], every(block))(coef, 2)
        with monkeypatch.context() as patch:
            patch.setattr(passes, "FEWEST_ROWS", 7)
            patch.setattr(passes, "SCRATCH", 1)
            patch.setattr(passes, "CHUNK_ROWS", 100)
            cut = penalised_objective([block.rows(0, 333), block.rows(333, 700)], every(block))(coef, 2)
        assert cut.loglik == pytest.approx(whole.loglik, rel=1e-12)
        np.testing.assert_allclose(cut.score, whole.score, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(cut.information, whole.information, rtol=1e-9, atol=1e-9)


def test_held_coefficients_keep_the_penalty_of_the_full_design() -> None:
    block = replace(block_of(12, 2, 2), codes=(np.arange(12) % 4 == 0).astype(int))
    objective = penalised_objective([block], every(block))
    held, ascent = climb_within(
        objective, np.zeros((1, 2)), np.array([[1.0], [0.0]]), n_rows=12, max_iterations=50
    )
    assert held[0, 1] == 0.0
    assert ascent.current is not None
    # With the slope at 0 the information is p (1 - p) X'X: a whole observation is added to each side, where
    # the model of the intercept alone adds half of one.
    assert held[0, 0] == pytest.approx(np.log(4.0 / 10.0), rel=1e-9)
    alone = climb(penalised_objective([block], np.array([0])), Ascent(coef=np.zeros((1, 2))), np.array([0]))
    assert alone.coef[0, 0] == pytest.approx(np.log(3.5 / 9.5), rel=1e-9)


def test_the_penalty_is_counted_from_where_it_is_said() -> None:
    block = block_of(12, 2, 2)
    at = np.array([[0.3, -0.2]])
    free = every(block)
    objective = penalised_objective([block], free, at)
    assert objective(at, 0).loglik == pytest.approx(objective.likelihood(at, 0).loglik, rel=1e-14)
    assert penalised_objective([block], free)(np.zeros((1, 2)), 0).loglik == pytest.approx(
        12 * np.log(0.5), rel=1e-14
    )
