"""Random cells of any types in small tables, and columns at any scale: a right answer or a named error."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import assume, given
from hypothesis import strategies as st

import logreg
from logreg.errors import LogregError, LogregWarning
from logreg.passes.encode import training_rows

from .base import newton
from .fuzzing import fuzz

CELLS = st.one_of(
    st.floats(width=64),
    st.integers(-3, 3),
    st.integers(),
    st.booleans(),
    st.none(),
    st.text(max_size=3),
    st.sampled_from(["a", "b", "c", "1", "1.5", np.nan, pd.NA, pd.NaT, np.inf, 1e300, 1e-300, b"a", 1j, [1]]),
)


def columns(n: int) -> Any:
    return st.one_of(
        st.lists(st.floats(-5, 5), min_size=n, max_size=n),
        st.lists(st.integers(0, 2), min_size=n, max_size=n),
        st.lists(st.sampled_from("abc"), min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n, max_size=n),
        st.lists(CELLS, min_size=n, max_size=n),
        st.lists(st.one_of(st.none(), st.floats(-5, 5)), min_size=n, max_size=n),
    )


FORMULAS = [
    "y ~ x",
    "y ~ x + z",
    "y ~ x * z",
    "y ~ C(x)",
    "y ~ log(x)",
    "y ~ poly(x, 2)",
    "y ~ 0 + z",
    "C(y) ~ x",
]


@fuzz
@given(data=st.data())
def test_tables_of_any_cells(data: Any) -> None:
    """Any table and options give an optimum that an independent iteration confirms, or a named error."""
    n = data.draw(st.integers(0, 12))
    table = {name: data.draw(columns(n)) for name in ("y", "x", "z", "w")}
    options: dict[str, Any] = {}
    if data.draw(st.booleans()):
        options = {
            "weights": "w",
            "weight_kind": data.draw(st.sampled_from(["frequency", "sampling", "precision"])),
        }
    if data.draw(st.integers(0, 4)) == 0:
        options["offset"] = "z"
    kind = data.draw(st.sampled_from(["dict", "pandas", "polars", "arrow"]))
    frame: Any = {name: pd.Series(values, dtype=object).tolist() for name, values in table.items()}
    try:
        if kind == "pandas":
            frame = pd.DataFrame(frame)
        elif kind == "polars":
            frame = pl.DataFrame(frame, strict=False)
        elif kind == "arrow":
            frame = pa.table(frame)
    except (TypeError, ValueError, OverflowError, pa.ArrowException, pl.exceptions.PolarsError):
        assume(False)
    formula = data.draw(st.sampled_from(FORMULAS))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", LogregWarning)
        fit, message = None, ""
        try:
            fit = logreg.fit(formula, frame, **options)
        except LogregError as error:
            message = str(error)
        if fit is None:
            assert len(message) > 30, message
            return
        fit.coefficients(), fit.odds_ratios(), fit.probabilities(), fit.fit_statistics(), str(fit.summary())
        confirm(fit)


#: Standard errors from the optimum that half a squared decrement of 1e-20 stands for.
CERTIFIED = 1.5e-10


def confirm(fit: Any) -> None:
    """The score of a certified optimum is zero, by an independent sum over the rows."""
    if fit.convergence.status != "converged" or np.isnan(fit.coef_array).any():
        return
    (block,) = training_rows(fit.source, fit.spec).blocks
    x = block.matrix.to_array()
    logits = fit.coef_array @ x
    if block.offset is not None:
        logits = logits + block.offset
    full = np.vstack([np.zeros(x.shape[1]), logits])
    full = full - full.max(axis=0)
    probability = np.exp(full) / np.exp(full).sum(axis=0)
    weights = np.ones(x.shape[1]) if block.weights is None else block.weights
    hit = np.arange(len(full))[:, np.newaxis] == block.codes
    score = ((hit - probability) * weights)[1:] @ x.T
    size = (np.abs(hit - probability) * weights)[1:] @ np.abs(x).T
    # What the fit certifies is the distance in standard errors: a score of 1e-6 may be 1e-11 of them.
    near = CERTIFIED / fit.std_error_array
    np.testing.assert_array_less(np.abs(score), 1e-6 * size + 1e-9 + np.where(np.isfinite(near), near, 0.0))


@fuzz
@given(seed=st.integers(0, 2**32 - 1), shift=st.floats(-1e6, 1e6), scale=st.floats(1e-6, 1e6))
def test_scale_and_shift_change_nothing(seed: int, shift: float, scale: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=60)
    y = (rng.uniform(size=60) < 1 / (1 + np.exp(-x))).astype(int)
    assume(10 < y.sum() < 50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = logreg.fit("y ~ x", {"y": y, "x": shift + scale * x})
    coef, errors = newton([x], y)
    digits = 1e-16 * (1.0 + abs(shift) / scale)  # what the shift leaves of x
    found = fit.coef_array[0, 1] * scale
    assert abs(found - coef[1]) / errors[1] < 1e-6 + 1e3 * digits
