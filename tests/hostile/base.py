"""The base table of the hostile cases, the ways it is spoilt, and an independent solve to compare fits with.

200 rows: ``x1 x2 x3`` normal, ``b`` 0/1, ``g`` a/b/c, ``y`` 0/1, ``ys`` no/yes, ``y3`` 0/1/2, ``y3s`` p/q/r.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

N = 200
GONE = [3, 50, 77, 120, 199]

#: Estimates: 1e-6 standard errors; probabilities: 1e-8. Two certified optima are closer than that.
COEF_TOLERANCE, PROBABILITY_TOLERANCE = 1e-6, 1e-8


def _base() -> pd.DataFrame:
    rng = np.random.default_rng(20240607)
    data = pd.DataFrame({name: rng.normal(size=N) for name in ("x1", "x2", "x3")})
    data["b"] = rng.integers(0, 2, N)
    data["g"] = rng.choice(list("abc"), N)
    p = 1 / (1 + np.exp(-(0.3 + 0.8 * data.x1 - 0.5 * data.x2)))
    data["y"] = (rng.uniform(size=N) < p).astype(int)
    data["ys"] = np.where(data.y == 1, "yes", "no")
    scores = np.column_stack([np.zeros(N), 0.2 + 0.6 * data.x1, -0.1 + 0.5 * data.x2])
    cumulated = (np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)).cumsum(axis=1)
    data["y3"] = (rng.uniform(size=N)[:, np.newaxis] > cumulated).sum(axis=1)
    data["y3s"] = np.array(list("pqr"))[data.y3]
    return data


BASE = _base()
PLAIN = [BASE.x1, BASE.x2]


def with_columns(**columns: Any) -> pd.DataFrame:
    data = BASE.copy()
    for name, values in columns.items():
        data[name] = values
    return data


def put(name: str, rows: Any, value: object, dtype: Any = float) -> pd.DataFrame:
    data = BASE.copy()
    data[name] = data[name].astype(dtype)
    data.loc[rows, name] = value
    return data


def renamed(name: str, old: str = "x1") -> pd.DataFrame:
    return BASE.rename(columns={old: name})


def at(row: int, value: float, other: float = 1.0) -> np.ndarray:
    values = np.full(N, other)
    values[row] = value
    return values


def newton(
    columns: list[Any], y: Any, offset: Any = 0.0, weights: Any = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Binary coefficients, intercept first, and their standard errors, from a matrix written out."""
    x = np.column_stack([np.ones(len(y)), *columns]).astype(float)
    y = np.asarray(y, dtype=float)
    coef = np.zeros(x.shape[1])
    for _ in range(60):
        p = 1 / (1 + np.exp(-(x @ coef + offset)))
        information = (x * (weights * p * (1 - p))[:, np.newaxis]).T @ x
        coef = coef + np.linalg.solve(information, x.T @ (weights * (y - p)))
    return coef, np.sqrt(np.diagonal(np.linalg.inv(information)))


def newton_multinomial(columns: list[Any], codes: Any) -> np.ndarray:
    """Coefficients (K - 1, p) against code 0."""
    x = np.column_stack([np.ones(len(codes)), *columns]).astype(float)
    y = np.eye(int(np.max(codes)) + 1)[np.asarray(codes)][:, 1:]
    n, p, m = len(x), x.shape[1], y.shape[1]
    coef = np.zeros((m, p))
    for _ in range(60):
        odds = np.exp(x @ coef.T)
        probability = odds / (1 + odds.sum(axis=1, keepdims=True))
        information = np.zeros((m * p, m * p))
        for i in range(n):
            v = np.diag(probability[i]) - np.outer(probability[i], probability[i])
            information += np.kron(v, np.outer(x[i], x[i]))
        coef = coef + np.linalg.solve(information, ((y - probability).T @ x).ravel()).reshape(m, p)
    return coef


def same(fit: Any, expected: tuple[np.ndarray, np.ndarray]) -> None:
    coef, errors = expected
    assert fit.convergence.status == "converged"
    np.testing.assert_allclose((fit.coef_array[0] - coef) / errors, 0.0, atol=COEF_TOLERANCE)
    np.testing.assert_allclose(fit.std_error_array[0], errors, rtol=1e-6)


def same_multinomial(fit: Any, coef: np.ndarray) -> None:
    assert fit.convergence.status == "converged"
    errors = fit.std_error_array
    np.testing.assert_allclose((fit.coef_array - coef) / errors, 0.0, atol=COEF_TOLERANCE)


def counts() -> pd.DataFrame:
    """More successes than trials in 5 rows."""
    trials = 2 + np.arange(N) % 4
    success = np.minimum(trials, np.arange(N) % 3)
    success[:5] = trials[:5] + 2
    return with_columns(s=success, f=trials - success, t=trials)


def too_many_levels() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {"id": np.repeat(np.arange(10_000), 2), "y": np.tile([0, 1], 10_000), "x1": rng.normal(size=20_000)}
    )


def duplicated() -> pd.DataFrame:
    data = BASE.copy()
    data.columns = pd.Index(["x1", "x2", "x1", *BASE.columns[3:]])
    return data


def blanks() -> pd.Series:
    """Levels that differ only by a trailing blank or by Unicode form."""
    levels = BASE.g.copy()
    where = levels.index[levels == "b"]
    levels[where[::2]] = "b "
    where = levels.index[levels == "c"]
    levels[where] = "é"
    levels[where[::2]] = "e\u0301"
    return levels
