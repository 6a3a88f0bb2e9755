"""Derivatives of the design: against differences of the encoded columns, for every function of formulas."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.data.source import NumberColumn
from logreg.design.derivatives import ELEMENTWISE
from logreg.design.functions import FUNCTIONS

N = 40


def table() -> pd.DataFrame:
    i = np.arange(N)
    return pd.DataFrame(
        {
            # Nowhere near a whole number, so that steps and remainders have a derivative.
            "x": 1.3 + i + 0.2 * np.sin(i),
            "u": 0.3 + 0.4 * np.abs(np.sin(i)),
            "z": 2.0 + np.cos(i),
            "g": np.array(list("abc"))[i % 3],
            "y": (np.sin(3 * i) > 0).astype(int),
        }
    )


TERMS = [
    *(f"{name}(x)" for name in ("log", "log2", "log10", "log1p", "sqrt", "abs", "sin", "cos")),
    *(f"{name}(x / 10)" for name in ("exp", "expm1", "sigmoid", "sign", "floor", "ceil", "round")),
    "tan(u)",
    "logit(u)",
    "pmin(x, 10 * z)",
    "pmax(x, 20 * z)",
    "I(x + z)",
    "I(z - x)",
    "I(-x)",
    "I(x * z * x)",
    "I(z / x)",
    "I(x / (1 + x))",
    "I(x ** 3)",
    "I(x ** 0.5)",
    "I(z ** (x / 10))",
    "I(x % 3)",
    "I(x // 3)",
    "I(x > 20.5)",
    "I(1 / 3 * x)",
    "center(x)",
    "scale(x)",
    "standardize(log(x))",
    "poly(x, 4)",
    "poly(x, 3, raw=True)",
    "poly(sqrt(x), 2)",
    "bs(x, df=6)",
    "bs(x, df=5, degree=2)",
    "bs(x, knots=[10.11, 25.22], degree=1)",
    "bs(x, df=5, include_intercept=True)",
    "bs(x, knots=[10, 25], lower_bound=5, upper_bound=35)",
    "ns(x, df=4)",
    "ns(x, knots=[10.5, 25.5])",
    "x:z",
    "x:g",
    "C(g, Sum):x",
    "C(g):ns(x, df=2)",
    "log(x):poly(x, 2):z",
    "x * g * z",
    "offset(x / 40) + z",
]


def variables_in(term: str) -> list[str]:
    return [name for name in "xuz" if re.search(rf"\b{name}\b", term)]


@pytest.mark.parametrize(("term", "name"), [(term, name) for term in TERMS for name in variables_in(term)])
@pytest.mark.filterwarnings("ignore::logreg.errors.LogregWarning")
def test_every_function_of_formulas(term: str, name: str) -> None:
    data = table()
    fit = logreg.fit(f"y ~ {term}", data)
    piece = fit._rows.population("this", None, None, ["x", "u", "z"]).total(lambda piece: piece)
    found, offset = piece.derivative(name, {})
    h = 1e-4

    def encoded(k: float) -> tuple[np.ndarray, np.ndarray | None]:
        column = NumberColumn(values=data[name].to_numpy() + k * h, missing=None, kind="float", dtype="float")
        design, shift = piece.encoded({name: column})
        return design.to_array(), shift

    values = {k: encoded(k) for k in (-2, -1, 1, 2)}
    expected = (8 * (values[1][0] - values[-1][0]) - (values[2][0] - values[-2][0])) / (12 * h)
    scale = np.abs(values[1][0]).max(axis=1, keepdims=True)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found / scale, expected / scale, rtol=1e-7, atol=2e-10)
    if offset is not None:
        np.testing.assert_allclose(offset, 1 / 40, rtol=1e-14)


def test_the_table_of_derivatives_is_complete() -> None:
    several = {"pmin", "pmax"}
    listed = {name for name, f in FUNCTIONS.items() if f.kind in ("elementwise", "identity")}
    assert listed - several | {"neg"} == ELEMENTWISE.keys()
