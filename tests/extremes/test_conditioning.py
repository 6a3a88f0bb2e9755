"""Columns on any scale, against a Newton iteration in 50 digits on the very numbers the table holds.

A coefficient that the data determine to 1e-10 of its standard error must come out so, however the columns are
written; so must the covariance.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.design import encode
from logreg.errors import CollinearityWarning

# Nearly collinear columns are warned of, rightly; here it is the numbers that matter.
pytestmark = pytest.mark.filterwarnings("ignore:columns .* are nearly collinear")

#: Estimates in standard errors, and relative errors of the covariance. The data are exact doubles; what is
#: left is the rounding of the last map back to the design's columns.
TOLERANCE = 1e-10

N = 40


def exact(
    columns: list[Any], y: Any, offset: Any = None, digits: int = 60
) -> tuple[np.ndarray, np.ndarray, float]:
    """Binary coefficients (intercept first), covariance and log-likelihood in ``digits`` digits."""
    with mpmath.workdps(digits):
        # Powers of two change no digit, and spare the solver columns of very different size.
        units = [1.0, *(2.0 ** np.rint(np.log2(np.abs(np.asarray(c, dtype=float)).max())) for c in columns)]
        rows = [
            [
                mpmath.mpf(1),
                *(mpmath.mpf(float(c[i])) / unit for c, unit in zip(columns, units[1:], strict=True)),
            ]
            for i in range(len(y))
        ]
        x = mpmath.matrix(rows)
        outcome = [int(v) for v in y]
        extra = [mpmath.mpf(0 if offset is None else float(offset[i])) for i in range(len(y))]
        n, p = x.rows, x.cols
        coef = mpmath.matrix(p, 1)
        for _ in range(100):
            eta = x * coef
            prob = [1 / (1 + mpmath.exp(-(eta[i] + extra[i]))) for i in range(n)]
            score = mpmath.matrix(
                [mpmath.fsum(x[i, j] * (outcome[i] - prob[i]) for i in range(n)) for j in range(p)]
            )
            information = mpmath.matrix(p, p)
            for j in range(p):
                for k in range(p):
                    information[j, k] = mpmath.fsum(
                        x[i, j] * x[i, k] * prob[i] * (1 - prob[i]) for i in range(n)
                    )
            step = mpmath.lu_solve(information, score)
            coef += step
            if (score.T * step)[0] < mpmath.mpf(10) ** (-digits):
                break
        else:
            raise AssertionError("the reference did not converge")
        vcov = information**-1
        eta = x * coef
        loglik = mpmath.fsum(
            -mpmath.log1p(mpmath.exp(-(eta[i] + extra[i]) * (1 if outcome[i] else -1))) for i in range(n)
        )
        return (
            np.array([float(coef[j] / units[j]) for j in range(p)]),
            np.array([[float(vcov[j, k] / units[j] / units[k]) for k in range(p)] for j in range(p)]),
            float(loglik),
        )


def _rng() -> np.random.Generator:
    return np.random.default_rng(2024)


def _years() -> dict[str, Any]:
    year = np.linspace(1900, 2020, N).round()
    return {"year": year, "square": year**2}


def _cubes() -> dict[str, Any]:
    year = np.linspace(1900, 2020, N).round()
    return {"year": year, "square": year**2, "cube": year**3}


def _longley() -> dict[str, Any]:
    """Economic series that grow together, on scales from 1e2 to 1e5, as in Longley (1967)."""
    rng = _rng()
    trend = np.linspace(0, 1, N)
    return {
        "deflator": 83 + 34 * trend + rng.normal(size=N) * 0.3,
        "gnp": 234_289 + 320_000 * trend + rng.normal(size=N) * 3000,
        "population": 107_608 + 22_500 * trend + rng.normal(size=N) * 60,
        "year": 1947 + np.round(39 * trend),
    }


DESIGNS: dict[str, Callable[[], dict[str, Any]]] = {
    "plain": lambda: {"x": _rng().normal(size=N), "z": _rng().exponential(size=N)},
    "year and its square": _years,
    "year, its square and its cube": _cubes,
    "Longley": _longley,
    "1e8 + N(0, 1)": lambda: {"x": 1e8 + _rng().normal(size=N), "z": _rng().exponential(size=N)},
    "-1e12 + 1e3 N(0, 1)": lambda: {"x": -1e12 + 1e3 * _rng().normal(size=N)},
    "two shifted columns": lambda: {"x": 1e8 + _rng().normal(size=N), "z": 3e7 + 5 * np.sin(np.arange(N))},
    "1e-8 N(0, 1)": lambda: {"x": 1e-8 * _rng().normal(size=N), "z": _rng().normal(size=N) ** 2},
    "1e-100 and 1e100": lambda: {"x": 1e-100 * _rng().normal(size=N), "z": 1e100 * np.sin(np.arange(N))},
    "nearly the same, 1e-4": lambda: (lambda x: {"x": x, "z": x + 1e-4 * np.cos(np.arange(N))})(
        _rng().normal(size=N)
    ),
    "nearly the same, 1e-7": lambda: (lambda x: {"x": x, "z": x + 1e-7 * np.cos(np.arange(N))})(
        _rng().normal(size=N)
    ),
    "nearly the same, 1e-9": lambda: (lambda x: {"x": x, "z": x + 1e-9 * np.cos(np.arange(N))})(
        _rng().normal(size=N)
    ),
    "the sum of two, nearly": lambda: (
        lambda x, z: {"x": x, "z": z, "s": x + z + 1e-6 * np.cos(np.arange(N))}
    )(_rng().normal(size=N), np.sin(np.arange(N))),
    "a rare value": lambda: {"x": np.r_[np.ones(6), np.zeros(N - 6)], "z": 1e5 + np.arange(N) % 7},
    "integers near 2**53": lambda: {"x": 2.0**52 + np.arange(N) % 11},
    "a heavy tail": lambda: {"x": np.sinh(_rng().normal(size=N) * 3)},
}

#: What a column leaves after the others, relative to its own size: a double holds so few of its digits that
#: the answer depends on the last bits of the data, which both sides share, and on the way back.
LOOSER = {
    "nearly the same, 1e-9": 1e-6,
    "nearly the same, 1e-7": 1e-8,
}


def _outcome(design: dict[str, Any]) -> np.ndarray:
    """0/1 with a weak link to every column, never separated."""
    rng = np.random.default_rng(7)
    score = sum((np.argsort(np.argsort(c)) / N - 0.5) for c in design.values())
    return (rng.uniform(size=N) < 1 / (1 + np.exp(-score))).astype(int)


@pytest.mark.parametrize("name", DESIGNS)
def test_estimates_and_covariance(name: str) -> None:
    design = DESIGNS[name]()
    y = _outcome(design)
    coef, vcov, loglik = exact(list(design.values()), y, digits=90)
    fit = logreg.fit("y ~ " + " + ".join(design), pd.DataFrame({"y": y, **design}))
    tolerance = LOOSER.get(name, TOLERANCE)
    errors = np.sqrt(np.diagonal(vcov))
    assert fit.convergence.converged
    assert fit.loglik == pytest.approx(loglik, rel=max(1e-12, tolerance / 1e3))
    np.testing.assert_allclose((fit.coef_array[0] - coef) / errors, 0.0, atol=tolerance)
    np.testing.assert_allclose(fit.std_error_array[0], errors, rtol=tolerance)
    scale = np.outer(errors, errors)
    np.testing.assert_allclose(fit.vcov_array / scale, vcov / scale, atol=tolerance)


@pytest.mark.parametrize("name", [name for name in DESIGNS if name not in ("plain",)])
def test_fitted_values(name: str) -> None:
    """Probabilities are those of the exact optimum, up to the digits that ``x b`` loses to cancellation."""
    design = DESIGNS[name]()
    y = _outcome(design)
    coef, _, _ = exact(list(design.values()), y, digits=90)
    with mpmath.workdps(60):
        logits = [
            float(
                mpmath.fsum(
                    [
                        mpmath.mpf(coef[0]),
                        *(
                            mpmath.mpf(b) * float(c[i])
                            for b, c in zip(coef[1:], design.values(), strict=True)
                        ),
                    ]
                )
            )
            for i in range(N)
        ]
    sizes = sum(abs(b) * np.abs(c) for b, c in zip(coef[1:], design.values(), strict=True))
    fit = logreg.fit("y ~ " + " + ".join(design), pd.DataFrame({"y": y, **design}))
    np.testing.assert_array_less(np.abs(fit.logits()["1"] - logits), 1e-9 + 64 * np.finfo(float).eps * sizes)


@pytest.mark.parametrize("kind", ["model", "HC0"])
@pytest.mark.parametrize("name", ["year and its square", "Longley", "1e8 + N(0, 1)", "two shifted columns"])
def test_standard_errors_do_not_depend_on_where_zero_is(name: str, kind: str) -> None:
    """The slopes' errors equal those of centred columns; centring is exact here to 1e-16 of the column."""
    design = DESIGNS[name]()
    y = _outcome(design)
    centred = {key: c - c.mean() for key, c in design.items()}
    right = " + ".join(design)
    raw = logreg.fit(f"y ~ {right}", pd.DataFrame({"y": y, **design}), covariance=kind)
    easy = logreg.fit(f"y ~ {right}", pd.DataFrame({"y": y, **centred}), covariance=kind)
    np.testing.assert_allclose(raw.std_error_array[0, 1:], easy.std_error_array[0, 1:], rtol=1e-6)


@pytest.mark.parametrize("name", ["year and its square", "Longley", "1e8 + N(0, 1)"])
def test_standard_errors_of_fitted_logits(name: str) -> None:
    design = DESIGNS[name]()
    y = _outcome(design)
    _, vcov, _ = exact(list(design.values()), y, digits=90)
    centred = {key: (c - c.mean()) / c.std() for key, c in design.items()}
    _, vcov, _ = exact(list(centred.values()), y, digits=90)
    x = np.column_stack([np.ones(N), *centred.values()])
    expected = np.sqrt(np.einsum("ij,jk,ik->i", x, vcov, x))
    fit = logreg.fit("y ~ " + " + ".join(design), pd.DataFrame({"y": y, **design}))
    np.testing.assert_allclose(fit.logits(interval=True)["std_error"], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("shift", "cells"),
    [
        (2e3, 10**9),
        (2e3, 0),
        (1e6, 10**9),
        pytest.param(
            1e6,
            0,
            marks=pytest.mark.xfail(
                strict=True, reason="products of numbers and categories are not centred when split"
            ),
        ),
    ],
)
def test_slopes_by_group_of_a_shifted_column(
    shift: float, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers times categories, written out as numbers or kept as indicators with values."""
    rng = _rng()
    n = 300
    x = shift + rng.normal(size=n)
    g = np.resize(list("ab"), n)
    y = (rng.uniform(size=n) < 1 / (1 + np.exp(-(x - shift) * np.where(g == "a", 1, -0.5)))).astype(int)
    data = pd.DataFrame({"x": x, "g": g, "y": y})
    slopes, errors = [], []
    for level in "ab":
        part = data[data.g == level]
        coef, vcov, _ = exact([part.x.to_numpy()], part.y.to_numpy())
        slopes.append(coef[1])
        errors.append(np.sqrt(vcov[1, 1]))
    monkeypatch.setattr(encode, "DENSE_CELLS", cells)
    fit = logreg.fit("y ~ 0 + g + g:x", data)
    np.testing.assert_allclose(fit.coef_array[0, 2:], slopes, rtol=1e-8)
    np.testing.assert_allclose(fit.std_error_array[0, 2:], errors, rtol=1e-8)


def test_without_an_intercept() -> None:
    """Nothing may be centred here; x near 1e4 with spread 1."""
    rng = _rng()
    x, z = 1e4 + rng.normal(size=N), rng.normal(size=N)
    y = (rng.uniform(size=N) < 0.6).astype(int)
    with mpmath.workdps(60):
        columns = mpmath.matrix([[float(a), float(b)] for a, b in zip(x, z, strict=True)])
        coef = mpmath.matrix(2, 1)
        for _ in range(60):
            eta = columns * coef
            p = [1 / (1 + mpmath.exp(-eta[i])) for i in range(N)]
            score = mpmath.matrix(
                [mpmath.fsum(columns[i, j] * (int(y[i]) - p[i]) for i in range(N)) for j in range(2)]
            )
            information = mpmath.matrix(2, 2)
            for j in range(2):
                for k in range(2):
                    information[j, k] = mpmath.fsum(
                        columns[i, j] * columns[i, k] * p[i] * (1 - p[i]) for i in range(N)
                    )
            coef += mpmath.lu_solve(information, score)
        expected = np.array([float(c) for c in coef])
    fit = logreg.fit("y ~ 0 + x + z", pd.DataFrame({"x": x, "z": z, "y": y}))
    np.testing.assert_allclose((fit.coef_array[0] - expected) / fit.std_error_array[0], 0, atol=TOLERANCE)


def test_extreme_offsets() -> None:
    """Rows with offsets of +-1000 carry no information; 60 digits agree."""
    rng = _rng()
    x = rng.normal(size=N)
    y = (rng.uniform(size=N) < 1 / (1 + np.exp(-x))).astype(int)
    offset = np.where(np.arange(N) % 4 == 0, np.where(y == 1, 1000.0, -1000.0), 0.3)
    coef, vcov, loglik = exact([x], y, offset)
    fit = logreg.fit("y ~ x", pd.DataFrame({"x": x, "y": y, "o": offset}), offset="o")
    errors = np.sqrt(np.diagonal(vcov))
    np.testing.assert_allclose((fit.coef_array[0] - coef) / errors, 0, atol=TOLERANCE)
    np.testing.assert_allclose(fit.std_error_array[0], errors, rtol=TOLERANCE)
    assert fit.loglik == pytest.approx(loglik, rel=1e-13)
    assert np.isfinite(fit.loglik_null)


@pytest.mark.parametrize("shift", [0.0, 5.0, -30.0, 200.0])
def test_the_start_does_not_matter(shift: float) -> None:
    """An offset far from the data puts the start of the ascent far from the end."""
    rng = _rng()
    x = rng.normal(size=N)
    y = (rng.uniform(size=N) < 0.5).astype(int)
    plain = logreg.fit("y ~ x", pd.DataFrame({"x": x, "y": y}))
    moved = logreg.fit("y ~ x", pd.DataFrame({"x": x, "y": y}), offset=np.full(N, shift))
    np.testing.assert_allclose(moved.coef_array[0] + [shift, 0], plain.coef_array[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(moved.std_error_array, plain.std_error_array, rtol=1e-9)
    np.testing.assert_allclose(moved.loglik_null, plain.loglik_null, rtol=1e-10)


@pytest.mark.parametrize("events", [1, 6, 50])
def test_rare_events(events: int) -> None:
    rng = np.random.default_rng(6)
    n = 20_000
    x = np.r_[rng.normal(size=events), rng.normal(size=n - events)]
    y = np.r_[np.ones(events), np.zeros(n - events)].astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = logreg.fit("y ~ x", pd.DataFrame({"x": x, "y": y}))
    p = fit.probabilities()["1"].to_numpy()
    # The score equations, with products that are exact enough at p of 1e-4 and below.
    assert p.sum() == pytest.approx(events, rel=1e-10)
    assert p @ x == pytest.approx(x[:events].sum(), rel=1e-9, abs=1e-10)
    design = np.column_stack([np.ones(n), x])
    information = (design * (p * (1 - p))[:, np.newaxis]).T @ design
    np.testing.assert_allclose(fit.vcov_array, np.linalg.inv(information), rtol=1e-9)


def test_a_column_within_rounding_of_another_is_left_out() -> None:
    x = _rng().normal(size=N)
    data = pd.DataFrame({"x": x, "z": np.nextafter(x, np.inf), "y": _outcome({"x": x})})
    with pytest.warns(CollinearityWarning, match="'z' = x"):
        fit = logreg.fit("y ~ x + z", data)
    plain = logreg.fit("y ~ x", data)
    np.testing.assert_allclose(fit.coef_array[0, :2], plain.coef_array[0], rtol=1e-9)
