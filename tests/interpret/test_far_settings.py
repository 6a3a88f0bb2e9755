"""Settings far from the data: under separation, near the end of the doubles, and too many of them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.errors import SupportError


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Level b has events only; the numbers are those of a population."""
    rng = np.random.default_rng(0)
    n = 300
    data = pd.DataFrame(
        {
            "population": rng.normal(5e6, 2e6, size=n),
            "y": (rng.random(n) < 0.5).astype(int),
            "g": rng.choice(list("abc"), n),
            "h": rng.choice(list("uv"), n),
        }
    )
    data.loc[data.g == "b", "y"] = 1
    return data


@pytest.fixture(scope="module")
def separated(rows: pd.DataFrame) -> Any:
    with pytest.warns(logreg.errors.SeparationWarning):
        return logreg.fit("y ~ population + g + h", rows)


@pytest.mark.parametrize("value", [1e3, 1e7, 5e7])
def test_a_value_for_all_rows_is_the_same_as_rows_with_that_value(
    value: float, rows: pd.DataFrame, separated: Any
) -> None:
    at, data = {"population": value}, rows.assign(population=value)
    columns = ["estimate", "std_error"]
    for found, expected in (
        (separated.predictions(at=at), separated.predictions(data=data)),
        (separated.comparisons("h", at=at), separated.comparisons("h", data=data)),
        (separated.slopes("population", at=at), separated.slopes("population", data=data)),
    ):
        np.testing.assert_allclose(found[columns], expected[columns], rtol=1e-10)
        assert found[columns].notna().all(axis=None)


@pytest.mark.parametrize("step", [1e10, 1e300, 1e308])
def test_a_step_beyond_all_sense_leads_to_the_limit(step: float, rows: pd.DataFrame, separated: Any) -> None:
    # All rows of level b stay events: infinity is farther than any number.
    after = np.where(rows.g == "b", 1.0, float(separated.coef_array[0, 1] > 0))
    (found,) = separated.comparisons({"population": step}).estimate
    assert found == pytest.approx(after.mean() - rows.y.mean(), rel=1e-9)


@pytest.mark.parametrize(
    "ask",
    [
        lambda fit, at: fit.predictions(at=at),
        lambda fit, at: fit.comparisons("h", at=at),
        lambda fit, at: fit.slopes("population", at=at),
        lambda fit, at: fit.odds_ratios(variables="h", at=at),
    ],
)
def test_millions_of_combinations_are_refused_before_they_are_written_out(ask: Any) -> None:
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.normal(size=(60, 2)), columns=["population", "area"])
    data = data.assign(y=np.arange(60) % 2, h=np.arange(60) // 2 % 2)
    fit = logreg.fit("y ~ population * C(h) + area * C(h)", data)
    many = np.linspace(0.0, 1.0, 20_000).tolist()
    with pytest.raises(SupportError, match=re.escape("400,000,000 combinations (20,000 of 'population'")):
        ask(fit, {"population": many, "area": many})
