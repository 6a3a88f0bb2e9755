"""The kernel against its definition: gradient and Hessian by central differences in 100 digits."""

from __future__ import annotations

from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logreg.design.matrices import DenseMatrix
from logreg.engine import kernel
from logreg.engine.kernel import likelihood_sum, outcome_weights, row_probabilities, score_outer
from logreg.engine.types import DesignBlock, LikelihoodSum
from logreg.logits import sigmoid, softmax

settings.register_profile("derivatives", derandomize=True, deadline=None, max_examples=25, database=None)
settings.load_profile("derivatives")

#: Sums of at most a dozen terms, each good to a few units in the last place.
RTOL = 1e-13
#: Width of the central differences; their error is about its square.
STEP = mpmath.mpf(10) ** -20
#: Second differences divide by its square: 40 digits are lost, and 60 are left.
DIGITS = 100


@st.composite
def blocks(draw: st.DrawFn, n_outcomes: tuple[int, ...] = (2, 3, 4)) -> tuple[DesignBlock, np.ndarray]:
    """A few rows with every combination of codes or counts, weights and offset; and coefficients."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, p = draw(st.integers(1, 7)), draw(st.integers(1, 3))
    k = draw(st.sampled_from(n_outcomes))
    size = draw(st.sampled_from([0.1, 1.0, 8.0, 40.0]))
    grouped, weighted, moved = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
    counts = rng.integers(0, 4, (k, n)).astype(float)
    block = DesignBlock(
        matrix=DenseMatrix(rng.normal(size=(p - 1, n)), True),
        n_outcomes=k,
        codes=None if grouped else rng.integers(0, k, n).astype(np.int8),
        counts=counts if grouped else None,
        weights=rng.uniform(0.1, 3, n) if weighted else None,
        offset=rng.normal(size=(k - 1, n)) if moved else None,
    )
    return block, size * rng.normal(size=(k - 1, p))


def exact_loglik(block: DesignBlock, coef: list[list[Any]]) -> Any:
    """sum of weight * count * log p, written as the definition says."""
    x = block.matrix.to_array()
    m, n = block.n_outcomes - 1, block.n_rows
    trials = outcome_weights(block)
    total = mpmath.mpf(0)
    for i in range(n):
        logits = [mpmath.mpf(0)]
        for j in range(m):
            logit = mpmath.fsum(coef[j][c] * mpmath.mpf(float(x[c, i])) for c in range(len(x)))
            logits.append(logit + (0 if block.offset is None else mpmath.mpf(float(block.offset[j, i]))))
        normaliser = mpmath.log(mpmath.fsum(mpmath.exp(logit) for logit in logits))
        for k in range(m + 1):
            total += mpmath.mpf(float(trials[k, i])) * (logits[k] - normaliser)
    return total


def exact(block: DesignBlock, coef: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray]:
    """Log-likelihood, score and information by central differences."""
    m, p = coef.shape
    size = m * p

    def at(steps: dict[int, int]) -> Any:
        moved = [
            [mpmath.mpf(float(coef[j, c])) + steps.get(j * p + c, 0) * STEP for c in range(p)]
            for j in range(m)
        ]
        return exact_loglik(block, moved)

    def sums(*changes: tuple[int, int]) -> Any:
        steps: dict[int, int] = {}
        for where, change in changes:
            steps[where] = steps.get(where, 0) + change
        return at(steps)

    score = [(sums((a, 1)) - sums((a, -1))) / (2 * STEP) for a in range(size)]
    information = np.zeros((size, size))
    for a, b in product(range(size), repeat=2):
        if a >= b:
            second = (
                sums((a, 1), (b, 1)) - sums((a, 1), (b, -1)) - sums((a, -1), (b, 1)) + sums((a, -1), (b, -1))
            ) / (4 * STEP**2)
            information[a, b] = information[b, a] = float(-second)
    return at({}), np.array([float(s) for s in score]).reshape(m, p), information


@given(blocks())
def test_score_is_the_gradient_and_information_minus_the_hessian(
    case: tuple[DesignBlock, np.ndarray],
) -> None:
    block, coef = case
    with mpmath.workdps(DIGITS):
        loglik, score, information = exact(block, coef)
        found = likelihood_sum(block, coef, 2)
        assert float(abs(found.loglik - loglik)) <= RTOL * max(1.0, abs(float(loglik)))
    assert found.score is not None
    assert found.information is not None
    scale = np.abs(block.matrix.to_array()).max() * (1 + outcome_weights(block).sum())
    np.testing.assert_allclose(found.score, score, rtol=RTOL, atol=RTOL * scale)
    np.testing.assert_allclose(found.information, information, rtol=1e-12, atol=RTOL * scale)
    np.testing.assert_array_equal(found.information, found.information.T)


@given(blocks())
def test_lower_orders_are_the_same_numbers(case: tuple[DesignBlock, np.ndarray]) -> None:
    block, coef = case
    two, one, zero = (likelihood_sum(block, coef, order) for order in (2, 1, 0))
    assert two.loglik == one.loglik == zero.loglik
    assert two.score is not None
    np.testing.assert_array_equal(two.score, one.score)
    assert one.information is zero.information is zero.score is None


@given(blocks(n_outcomes=(2,)))
def test_multinomial_with_two_outcomes_is_binary(case: tuple[DesignBlock, np.ndarray]) -> None:
    block, coef = case
    logits = block.matrix.matvec(coef)
    if block.offset is not None:
        logits = logits + block.offset
    binary = kernel._binary(block, logits.copy(), 2)
    multinomial = kernel._multinomial(block, logits.copy(), 2)
    np.testing.assert_allclose(multinomial.loglik, binary.loglik, rtol=RTOL)
    np.testing.assert_allclose(multinomial.score, binary.score, rtol=RTOL, atol=1e-14)
    np.testing.assert_allclose(multinomial.information, binary.information, rtol=RTOL)


@given(blocks(), st.integers(1, 6))
def test_likelihoods_of_blocks_add(case: tuple[DesignBlock, np.ndarray], cut: int) -> None:
    block, coef = case
    cut = min(cut, block.n_rows)
    whole = likelihood_sum(block, coef, 2)
    parts = [block.rows(0, cut), block.rows(cut, block.n_rows)]
    total = likelihood_sum(parts[0], coef, 2) + likelihood_sum(parts[1], coef, 2)
    np.testing.assert_allclose(total.loglik, whole.loglik, rtol=1e-13)
    np.testing.assert_allclose(total.score, whole.score, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(total.information, whole.information, rtol=1e-12, atol=1e-14)
    assert (total + LikelihoodSum(loglik=1.0)).score is None


@given(blocks())
def test_counts_are_repeated_rows(case: tuple[DesignBlock, np.ndarray]) -> None:
    """A row of counts, and a row with a weight, are that many single rows: likelihood and meat alike."""
    block, coef = case
    if block.counts is None:
        return
    counts = block.counts.astype(int)
    rows = np.repeat(np.arange(block.n_rows), counts.sum(axis=0))
    codes = np.concatenate([np.repeat(np.arange(block.n_outcomes), column) for column in counts.T])
    single = DesignBlock(
        matrix=DenseMatrix(block.matrix.to_array()[1:, rows], True),
        n_outcomes=block.n_outcomes,
        codes=codes.astype(np.int8),
        weights=None if block.weights is None else block.weights[rows],
        offset=None if block.offset is None else block.offset[:, rows],
    )
    ours, theirs = likelihood_sum(block, coef, 2), likelihood_sum(single, coef, 2)
    np.testing.assert_allclose(ours.loglik, theirs.loglik, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ours.score, theirs.score, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(ours.information, theirs.information, rtol=1e-11, atol=1e-14)
    for frequencies in (True, False):
        meat = score_outer(block, coef, frequencies=frequencies)
        np.testing.assert_allclose(
            meat, score_outer(single, coef, frequencies=frequencies), rtol=1e-11, atol=1e-12
        )


@given(blocks())
def test_the_meat_is_a_sum_of_outer_products(case: tuple[DesignBlock, np.ndarray]) -> None:
    block, coef = case
    if block.codes is None:
        return
    m, p = coef.shape
    powers = {True: 1, False: 2}
    for frequencies, power in powers.items():
        total = np.zeros((m * p, m * p))
        for i in range(block.n_rows):
            row = block.rows(i, i + 1)
            plain = DesignBlock(
                matrix=row.matrix, n_outcomes=row.n_outcomes, codes=row.codes, offset=row.offset
            )
            score = likelihood_sum(plain, coef, 1).score
            assert score is not None
            weight = 1.0 if row.weights is None else row.weights[0] ** power
            total += weight * np.outer(score.ravel(), score.ravel())
        np.testing.assert_allclose(
            score_outer(block, coef, frequencies=frequencies), total, rtol=1e-11, atol=1e-13
        )


@pytest.mark.parametrize("size", [0.0, 1.0, 30.0, 300.0, 800.0, 1e5])
def test_probabilities_and_their_complements(size: float) -> None:
    logits = size * np.random.default_rng(2).normal(size=(3, 50))
    p, q, log_normaliser = row_probabilities(logits)
    full = np.vstack([np.zeros(50), logits])
    np.testing.assert_allclose(p, softmax(full, axis=0), rtol=1e-13)
    np.testing.assert_allclose(p.sum(axis=0), 1.0, rtol=1e-15 * 8)
    np.testing.assert_allclose(p + q, 1.0, rtol=1e-15 * 8)
    with mpmath.workdps(DIGITS):
        for i in range(0, 50, 7):
            terms = [mpmath.exp(mpmath.mpf(float(v))) for v in full[:, i]]
            total = mpmath.fsum(terms)
            assert log_normaliser[i] == pytest.approx(float(mpmath.log(total)), rel=1e-14, abs=1e-300)
            for k in range(4):
                other = mpmath.fsum(t for j, t in enumerate(terms) if j != k) / total
                assert q[k, i] == pytest.approx(float(other), rel=1e-13, abs=1e-300)


def test_binary_probabilities_are_sigmoids() -> None:
    logits = np.array([[-800.0, -40.0, -1.0, 0.0, 1e-20, 1.0, 40.0, 800.0]])
    p, q, _ = row_probabilities(logits)
    np.testing.assert_allclose(p[1], sigmoid(logits[0]), rtol=1e-15 * 4)
    np.testing.assert_allclose(p[0], sigmoid(-logits[0]), rtol=1e-15 * 4)
    np.testing.assert_array_equal(q, p[::-1])


@pytest.mark.parametrize("n_outcomes", [2, 3])
@pytest.mark.parametrize("grouped", [True, False])
def test_logits_of_a_thousand_are_finite_and_exact(n_outcomes: int, grouped: bool) -> None:
    """Certain outcomes cost nothing; impossible ones that happened cost their logit; neither is NaN."""
    offset = np.array([[1000.0, 1000.0, -1000.0, -1000.0, 40.0]] + [[0.0] * 5] * (n_outcomes - 2))
    codes = np.array([1, 0, 0, 1, 1], dtype=np.int8)
    block = DesignBlock(
        matrix=DenseMatrix(np.empty((0, 5)), True),
        n_outcomes=n_outcomes,
        codes=None if grouped else codes,
        counts=np.eye(n_outcomes)[codes].T.copy() if grouped else None,
        offset=offset,
    )
    with mpmath.workdps(DIGITS):
        loglik, score, information = exact(block, np.zeros((n_outcomes - 1, 1)))
    found = likelihood_sum(block, np.zeros((n_outcomes - 1, 1)), 2)
    np.testing.assert_allclose(found.loglik, float(loglik), rtol=1e-15)
    np.testing.assert_allclose(found.score, score, rtol=1e-13)
    np.testing.assert_allclose(found.information, information, rtol=1e-12)


def test_a_certain_outcome_keeps_its_digits() -> None:
    """log p = -log(1 + e^-40) = -4.2e-18 must not round to 0."""
    for n_outcomes in (2, 3):
        offset = np.array([[40.0]] + [[-30.0]] * (n_outcomes - 2))
        block = DesignBlock(
            matrix=DenseMatrix(np.empty((0, 1)), True),
            n_outcomes=n_outcomes,
            codes=np.array([1]),
            offset=offset,
        )
        with mpmath.workdps(DIGITS):
            expected = exact_loglik(block, [[mpmath.mpf(0)]] * (n_outcomes - 1))
        found = likelihood_sum(block, np.zeros((n_outcomes - 1, 1)), 1)
        assert found.loglik == pytest.approx(float(expected), rel=1e-14)
        assert found.score is not None
        assert found.score[0, 0] == pytest.approx(-float(expected), rel=1e-14)
