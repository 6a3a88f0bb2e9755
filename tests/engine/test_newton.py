"""The ascent: hard starts, and every branch it can fall back on, each provoked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.engine import newton
from logreg.engine.newton import MAX_HALVINGS, Ascent, Metric, climb, factorise
from logreg.engine.types import FloatArray, LikelihoodSum, Order


def objective_of(
    loglik: Callable[[FloatArray], float],
    score: Callable[[FloatArray], Any],
    information: Callable[[FloatArray], Any],
    calls: list[Order] | None = None,
) -> Any:
    """An objective of one equation from functions of the flat coefficients."""

    def objective(coef: FloatArray, order: Order) -> LikelihoodSum:
        if calls is not None:
            calls.append(order)
        flat = coef.ravel()
        return LikelihoodSum(
            loglik=float(loglik(flat)),
            score=np.atleast_2d(np.asarray(score(flat), dtype=float)) if order > 0 else None,
            information=np.atleast_2d(np.asarray(information(flat), dtype=float)) if order > 1 else None,
        )

    return objective


def climb_from(objective: Any, start: list[float], **options: Any) -> Ascent:
    coef = np.array([start])
    return climb(objective, Ascent(coef=coef), np.arange(coef.size), **options)


QUADRATIC = objective_of(
    lambda b: -0.5 * (b[0] - 3) ** 2 - 2 * (b[1] + 1) ** 2,
    lambda b: [-(b[0] - 3), -4 * (b[1] + 1)],
    lambda b: np.diag([1.0, 4.0]),
)

#: log-likelihood -sqrt(1 + b^2): plain Newton steps go from b to -b^3 and diverge outside (-1, 1).
BOWL = objective_of(
    lambda b: -np.sqrt(1 + b[0] ** 2),
    lambda b: [-b[0] / np.sqrt(1 + b[0] ** 2)],
    lambda b: (1 + b[0] ** 2) ** -1.5,
)


def test_a_quadratic_takes_one_step() -> None:
    ascent = climb_from(QUADRATIC, [0.0, 0.0])
    np.testing.assert_allclose(ascent.coef, [[3, -1]], rtol=1e-15)
    assert ascent.status == "converged"
    assert ascent.passes == 2
    assert [row.kind for row in ascent.trace] == ["information"] * 2
    assert ascent.trace[0].newton_decrement == pytest.approx(0.5 * 9 + 0.5 * 4)


def test_only_free_coefficients_move() -> None:
    ascent = climb(QUADRATIC, Ascent(coef=np.array([[0.0, 7.0]])), np.array([0]))
    np.testing.assert_allclose(ascent.coef, [[3, 7]])
    assert ascent.metric is not None
    np.testing.assert_allclose(ascent.metric.inverse(), [[1.0]])


@pytest.mark.parametrize("start", [0.5, 2.0, -30.0, 1e3])
def test_steps_are_halved_until_the_likelihood_rises(start: float) -> None:
    ascent = climb_from(BOWL, [start])
    assert ascent.status == "converged"
    assert abs(ascent.coef[0, 0]) < 1e-10
    assert any(row.step_halvings for row in ascent.trace) == (abs(start) > 1)
    logliks = [row.loglik for row in ascent.trace]
    assert logliks == sorted(logliks)


def test_a_step_into_nowhere_is_halved() -> None:
    """A log-likelihood that is not a number, or minus infinity, is no ascent."""
    for bad in (np.nan, -np.inf):
        objective = objective_of(
            lambda b, bad=bad: -100 - (b[0] - 1) ** 2 if b[0] < 1.5 else bad,
            lambda b: [-2 * (b[0] - 1)],
            lambda b: 2.0 if b[0] > 0.2 else 0.5,
        )
        ascent = climb_from(objective, [0.0])
        assert ascent.status == "converged"
        assert ascent.coef[0, 0] == pytest.approx(1.0)
        assert ascent.trace[1].step_halvings > 0


def test_no_ascent_when_the_score_points_downhill() -> None:
    calls: list[Order] = []
    objective = objective_of(lambda b: -(b[0] ** 2), lambda b: [2 * b[0]], lambda b: 2.0, calls)
    ascent = climb_from(objective, [1.0])
    assert ascent.status == "no_ascent"
    np.testing.assert_array_equal(ascent.coef, [[1.0]])
    assert len(calls) == 1 + MAX_HALVINGS + 1
    assert calls.count(2) == 2, "only the start and the full step are worth their information"


@pytest.mark.parametrize(
    "information",
    [
        np.zeros((2, 2)),
        np.array([[1.0, 2.0], [2.0, 1.0]]),
        np.diag([1.0, np.nan]),
        np.diag([1.0, -1.0]),
        np.diag([1.0, np.inf]),
    ],
)
def test_no_metric_without_a_positive_definite_information(information: FloatArray) -> None:
    assert factorise(information) is None
    objective = objective_of(lambda b: -(b @ b), lambda b: -2 * b, lambda b: information)
    ascent = climb_from(objective, [1.0, 1.0])
    assert ascent.status == "no_ascent"
    assert ascent.metric is None
    assert np.isnan(ascent.trace[-1].newton_decrement)


def test_the_information_may_fail_on_the_way() -> None:
    objective = objective_of(
        lambda b: -(b[0] ** 2), lambda b: [-2 * b[0]], lambda b: 4.0 if b[0] == 1.0 else -1.0
    )
    ascent = climb_from(objective, [1.0])
    assert ascent.status == "no_ascent"
    assert len(ascent.trace) == 2


def test_stagnation_at_rounding_is_convergence() -> None:
    """A score with noise keeps the decrement at 5e-15: as good as it gets."""
    objective = objective_of(lambda b: 0.0, lambda b: [1e-7], lambda b: 1.0)
    ascent = climb_from(objective, [0.0])
    assert ascent.status == "converged"
    assert ascent.decrement == pytest.approx(5e-15)
    assert len(ascent.trace) == 2


def test_stagnation_far_from_the_optimum_is_not() -> None:
    objective = objective_of(lambda b: 0.0, lambda b: [1e-3], lambda b: 1.0)
    ascent = climb_from(objective, [0.0], max_iterations=7)
    assert ascent.status == "max_iterations"
    assert len(ascent.trace) == 8


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_the_iteration_limit(limit: int) -> None:
    ascent = climb_from(BOWL, [0.9], max_iterations=limit)
    assert ascent.status == "max_iterations"
    assert len(ascent.trace) == limit + 1
    assert ascent.metric is not None


def test_the_metric_solves_and_inverts() -> None:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(5, 9)) * np.array([1e-8, 1.0, 1e6, 3.0, 1e-3])[:, np.newaxis]
    information = root @ root.T
    metric = factorise(information)
    assert metric is not None
    exact = np.linalg.inv(information / np.outer(*2 * [np.sqrt(np.diagonal(information))]))
    scale = np.sqrt(np.diagonal(information))
    np.testing.assert_allclose(metric.inverse() * np.outer(scale, scale), exact, rtol=1e-9)
    np.testing.assert_array_equal(metric.inverse(), metric.inverse().T)
    right = rng.normal(size=(5, 2)) * scale[:, np.newaxis]
    np.testing.assert_allclose(metric.solve(right), np.column_stack([metric.solve(c) for c in right.T]))
    np.testing.assert_allclose(information @ metric.solve(right), right, rtol=1e-8)


# The approach on a reused metric ----------------------------------------------------------------------


def _poisson() -> tuple[Any, list[Order]]:
    """loglik = sum(y b - e^b): smooth, concave, with its maximum at log(mean)."""
    calls: list[Order] = []
    y = np.array([3.0, 5.0, 1.0, 8.0])

    def exp(b: float) -> float:
        with np.errstate(over="ignore"):
            return float(np.exp(b))

    return (
        objective_of(
            lambda b: y.sum() * b[0] - 4 * exp(b[0]),
            lambda b: [y.sum() - 4 * exp(b[0])],
            lambda b: 4 * exp(b[0]),
            calls,
        ),
        calls,
    )


BEST = np.log(17 / 4)


def _metric(information: float) -> Metric:
    found = factorise(np.array([[information]]))
    assert found is not None
    return found


@pytest.mark.parametrize("factor", [1.0, 1.5, 0.8, 30.0, 0.02, 1e-6])
def test_any_metric_to_start_with_leads_to_the_optimum(factor: float) -> None:
    """A good one saves evaluations with information, a bad one is given up; the end is the same."""
    objective, calls = _poisson()
    ascent = Ascent(coef=np.array([[1.2]]), metric=_metric(17 * factor))
    climb(objective, ascent, np.array([0]), first_steps=100)
    assert ascent.status == "converged"
    assert ascent.coef[0, 0] == pytest.approx(BEST, rel=1e-14)
    assert calls[0] == 1
    assert calls[-1] == 2
    assert ascent.passes == len(calls)
    if factor == 1.0:
        assert calls.count(2) == 1


def test_the_approach_returns_to_the_best_point_when_a_step_is_too_long() -> None:
    objective, _ = _poisson()
    ascent = Ascent(coef=np.array([[1.0]]), metric=_metric(17e-3))
    climb(objective, ascent, np.array([0]), first_steps=100, max_iterations=1)
    # The first full evaluation is at the start again: the overlong step was taken back.
    first = next(row for row in ascent.trace if row.kind == "information")
    assert first.loglik == pytest.approx(17 - 4 * np.e)


def test_the_approach_survives_a_score_that_does_not_change() -> None:
    """The curvature along the step is then zero, and the correction would divide by it."""
    objective = objective_of(lambda b: b[0], lambda b: [1.0], lambda b: 1.0)
    ascent = Ascent(coef=np.array([[0.0]]), metric=_metric(1.0))
    climb(objective, ascent, np.array([0]), first_steps=100, max_iterations=3)
    assert ascent.status == "max_iterations"


def test_the_approach_stops_where_curvature_is_negative() -> None:
    objective = objective_of(lambda b: b[0] ** 2 / 2, lambda b: [b[0]], lambda b: 1.0)
    ascent = Ascent(coef=np.array([[1.0]]), metric=_metric(1.0))
    climb(objective, ascent, np.array([0]), first_steps=100, max_iterations=2)
    assert np.isfinite(ascent.coef).all()


@pytest.mark.parametrize("reuse", [True, False])
def test_reuse_changes_the_way_not_the_end(reuse: bool) -> None:
    objective, calls = _poisson()
    ascent = climb_from(objective, [0.0], reuse=reuse)
    assert ascent.status == "converged"
    assert ascent.coef[0, 0] == pytest.approx(BEST, rel=1e-14)
    assert (1 in calls) == reuse
    kinds = {row.kind for row in ascent.trace}
    assert ("score" in kinds) == reuse


@pytest.mark.parametrize("start", [0.9, 1.05, 1.2, 1.3, 1.5])
def test_reuse_on_steps_that_are_too_long(start: float) -> None:
    """Beyond 1 the full step ends lower than it began, and the old metric misleads there."""
    ascent = climb_from(BOWL, [start], reuse=True)
    assert ascent.status == "converged"
    assert abs(ascent.coef[0, 0]) < 1e-9


def test_tolerances_are_ordered() -> None:
    assert newton.DECREMENT_TOLERANCE < newton.STAGNATION_TOLERANCE


def test_a_decrement_that_falls_tenfold_has_not_come_to_rest_either() -> None:
    """One row at 2.6e6 holds the coefficient: where a step gains 1e-12 its error is 15 % off, moving on."""
    far = 2584812.0
    table = pd.DataFrame({"y": [0, 0, 1], "z": [far, 1.0, 1.0]})
    fit = logreg.fit("y ~ 0 + z", table)
    with mpmath.workdps(40):
        # The score equation 1 = 2 / (1 + e^-b) + far / (1 + e^(-b far)), and the information at its root.
        def equation(b: Any) -> Any:
            return 1 - 2 / (1 + mpmath.exp(-b)) - far / (1 + mpmath.exp(-b * far))

        b = mpmath.findroot(equation, (-2e-5, -5e-6), solver="illinois", maxsteps=200, verify=False)
        assert abs(equation(b)) < 1e-20
        information = sum(z * z / (2 + mpmath.exp(b * z) + mpmath.exp(-b * z)) for z in (far, 1.0, 1.0))
        assert fit.coef_array[0, 0] == pytest.approx(float(b), rel=1e-12)
        assert fit.std_error_array[0, 0] == pytest.approx(float(1 / mpmath.sqrt(information)), rel=1e-6)


def test_a_decrement_that_falls_a_hundredfold_has_not_come_to_rest() -> None:
    """One row at 1.6e8 holds the coefficient: over a step that gains 1e-12 its variance changes by 2 %."""
    far = 159037266.0
    table = pd.DataFrame({"y": [0, 0, 1], "z": [0.0, 1.0, far]})
    fit = logreg.fit("y ~ 0 + z", table)
    with mpmath.workdps(40):
        # The score equation far / (1 + e^(b far)) = 1 / (1 + e^-b), and the information at its root.
        def equation(b: Any) -> Any:
            return far / (1 + mpmath.exp(b * far)) - 1 / (1 + mpmath.exp(-b))

        b = mpmath.findroot(equation, (1e-7, 2e-7), solver="illinois", maxsteps=200, verify=False)
        assert abs(equation(b)) < 1e-20
        information = sum(z * z / (2 + mpmath.exp(b * z) + mpmath.exp(-b * z)) for z in (1.0, far))
        assert fit.coef_array[0, 0] == pytest.approx(float(b), rel=1e-12)
        # An error is 18,000 logits of that row: 1e-10 of it, where a climb may end, are 2e-6 of its size.
        assert fit.std_error_array[0, 0] == pytest.approx(float(1 / mpmath.sqrt(information)), rel=1e-6)
