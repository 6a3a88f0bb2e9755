"""Where the penalised climb starts: near its maximum, and from the null model where that is not safe."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

import logreg
from logreg.design.matrices import DenseMatrix
from logreg.engine import optimum, penalised_start
from logreg.engine.firth import free_part, half_log_determinant
from logreg.engine.newton import Ascent, climb, factorise
from logreg.engine.penalised_start import near_by_likelihood, near_by_sample
from logreg.engine.types import DesignBlock, FloatArray, LikelihoodSum, Order
from logreg.passes import firth as passes
from logreg.passes.firth import penalised_objective
from logreg.passes.sums import objective_of

FREE = np.arange(3)


def block_of(n: int, seed: int = 1, slope: float = 1.0) -> DesignBlock:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, n))
    codes = (rng.uniform(size=n) < expit(slope * x[0] - 0.5)).astype(int)
    return DesignBlock(matrix=DenseMatrix(x, leading_one=True), n_outcomes=2, codes=codes)


def firth_of(block: DesignBlock) -> FloatArray:
    return climb(penalised_objective([block], FREE), Ascent(coef=np.zeros((1, 3))), FREE, reuse=True).coef


def distance(block: DesignBlock, coef: FloatArray) -> float:
    """Distance from Firth's estimate, in standard errors."""
    end = firth_of(block)
    information = penalised_objective([block], FREE).likelihood(end, 2).information
    step = (coef - end).ravel()
    return float(np.sqrt(step @ information @ step))


def test_plain_steps_come_as_near_as_the_bias() -> None:
    block = block_of(500)
    ascent = Ascent(coef=np.zeros((1, 3)))
    near_by_likelihood(penalised_objective([block], FREE).likelihood, ascent, FREE, 50)
    assert distance(block, np.zeros((1, 3))) > 5.0
    assert distance(block, ascent.coef) < 0.5
    assert ascent.metric is not None


@pytest.mark.parametrize("estimator", ["firth", "flac"])
def test_a_fit_from_the_null_model_is_the_same(estimator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = logreg.datasets.load("birthwt")
    near = logreg.fit("low ~ age + lwt + smoke", data, estimator=estimator)
    # Too large a tolerance: no step is taken but the last, which is refused.
    monkeypatch.setattr(penalised_start, "PLAIN_TOLERANCE", np.inf)
    monkeypatch.setattr(penalised_start, "moved", lambda coef, free, step: np.full_like(coef, 1e5))
    null = logreg.fit("low ~ age + lwt + smoke", data, estimator=estimator)
    assert null.convergence.converged
    np.testing.assert_allclose(null.coef_array, near.coef_array, rtol=1e-9)
    assert null.loglik == pytest.approx(near.loglik, rel=1e-13)
    assert null.convergence.trace[-1][2] == pytest.approx(near.convergence.trace[-1][2], rel=1e-12)


def test_the_gradient_of_a_sample_leads_close_to_the_maximum_of_all_rows() -> None:
    block = block_of(20_000)
    sampled = penalised_objective([block.take(np.arange(0, 20_000, optimum.SAMPLE_SHARE))], FREE)
    penalties = 0

    def likelihood(coef: FloatArray, order: Order) -> LikelihoodSum:
        nonlocal penalties
        penalties += order == 2
        return penalised_objective([block], FREE).likelihood(coef, order)

    ascent = Ascent(coef=np.array([[-0.5, 0.0, 0.0]]))
    near_by_sample(sampled, likelihood, ascent)
    assert {row.stage for row in ascent.trace} == {"sample", "full"}
    assert distance(block, ascent.coef) < 0.02
    assert penalties <= 2


def test_a_sample_without_an_end_leaves_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(penalised_start, "SAMPLE_ITERATIONS", 0)
    block = block_of(2000)
    sampled = penalised_objective([block.take(np.arange(0, 2000, 20))], FREE)
    ascent = Ascent(coef=np.zeros((1, 3)))
    near_by_sample(sampled, penalised_objective([block], FREE).likelihood, ascent)
    assert not ascent.coef.any()
    assert ascent.metric is None


def test_the_trace_of_many_rows_shows_the_penalised_log_likelihood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimum, "SAMPLE_THRESHOLD", 1000)
    rng = np.random.default_rng(2)
    x = 50.0 + 10.0 * rng.normal(size=4000)
    y = (rng.uniform(size=4000) < expit(0.1 * (x - 55.0))).astype(int)
    fit = logreg.fit("y ~ x", {"x": x, "y": y}, estimator="firth")
    block = DesignBlock(matrix=DenseMatrix(x[np.newaxis], leading_one=True), n_outcomes=2, codes=y)
    objective = penalised_objective([block], np.arange(2), 0.0)
    expected = objective(fit.coef_array, 0).loglik
    full = [row for row in fit.convergence.trace if row[0] == "full"]
    assert full[-1][2] == pytest.approx(expected, rel=1e-9)
    # On the way there, it is what the penalty's gradient makes of it.
    assert [row[2] for row in full[1:]] == pytest.approx([expected] * (len(full) - 1), rel=1e-3)


def test_the_penalty_is_summed_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = 0

    def counted(*arguments: object) -> object:
        nonlocal sums
        sums += 1
        return penalty_sum(*arguments)  # type: ignore[arg-type]

    penalty_sum = passes.penalty_sum
    monkeypatch.setattr(passes, "penalty_sum", counted)
    rng = np.random.default_rng(4)
    x = rng.normal(size=(10, 1000))
    y = (rng.uniform(size=1000) < expit(x[0] - x[1])).astype(int)
    data = {f"x{j}": one for j, one in enumerate(x)} | {"y": y}
    fit = logreg.fit("y ~ " + " + ".join(f"x{j}" for j in range(10)), data, estimator="firth")
    assert fit.convergence.converged
    assert sums <= 4


def test_asking_twice_at_one_point_sums_once(monkeypatch: pytest.MonkeyPatch) -> None:
    block = block_of(50)
    asked = 0

    def counted(*_: object) -> object:
        def objective(coef: FloatArray, order: Order) -> LikelihoodSum:
            nonlocal asked
            asked += 1
            return plain(coef, order)

        return objective

    plain = objective_of([block])
    monkeypatch.setattr(passes, "objective_over", counted)
    likelihood = penalised_objective([block], FREE, 0.0).likelihood
    coef = np.full((1, 3), 0.2)
    first = likelihood(coef, 2)
    assert likelihood(coef.copy(), 1) is first
    assert asked == 1
    # The point is remembered as it was.
    coef[0, 0] = 0.7
    assert likelihood(coef, 2).loglik == plain(coef, 2).loglik != first.loglik
    metric = factorise(free_part(first.information, FREE))
    assert metric is not None
    assert half_log_determinant(metric) == pytest.approx(
        0.5 * np.linalg.slogdet(first.information)[1], rel=1e-12
    )
