"""What separates an outcome is said in words that the table bears out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg


def remark(formula: str, data: Any, **options: Any) -> str:
    with pytest.warns(logreg.SeparationWarning) as caught:
        fit = logreg.fit(formula, data, **options)
    assert str(caught[0].message) in [remark.text for remark in fit.remarks]
    return str(caught[0].message)


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    n = 90
    found = pd.DataFrame({"g": rng.choice(list("abc"), n), "x": rng.normal(size=n)})
    found["y"] = np.where(found.g == "a", "yes", rng.choice(["no", "yes"], n))
    found["m"] = np.where(found.g == "a", rng.choice(["p", "q"], n), rng.choice(["p", "q", "r"], n))
    found["z"] = (found.x > 0).astype(int)
    return found


def test_a_level_where_the_outcome_is_certain(data: pd.DataFrame) -> None:
    rows = int((data.g == "a").sum())
    assert f"{rows} rows are fitted perfectly (all {rows} rows with g = a have y = yes)" in remark(
        "y ~ g + x", data
    )


def test_a_level_where_an_outcome_does_not_occur(data: pd.DataFrame) -> None:
    rows = int((data.g == "a").sum())
    text = remark("m ~ g + x", data)
    assert f"(none of the {rows} rows with g = a has m = r)" in text
    assert "fitted perfectly" not in text


def test_a_range_where_the_outcome_is_certain(data: pd.DataFrame) -> None:
    low, high = data.x[data.z == 1].min(), data.x[data.z == 0].max()
    text = remark("z ~ x", data)
    assert f"all {(data.z == 0).sum()} rows with x below {low:g} have z = 0" in text
    assert f"all {(data.z == 1).sum()} rows with x above {high:g} have z = 1" in text


def test_the_published_case() -> None:
    table = logreg.datasets.load("endometrial")
    rows = int((table.NV > 0).sum())
    assert (table.HG[table.NV > 0] == 1).all()
    assert f"all {rows} rows with NV above 0 have HG = 1" in remark("HG ~ NV + PI + EH", table)


def test_counts_and_frequencies_count_trials() -> None:
    table = pd.DataFrame({"s": [5, 9, 4], "f": [3, 0, 6], "g": ["a", "b", "c"]})
    assert "all 9 rows with g = b have cbind(s, f) = s" in remark("cbind(s, f) ~ g", table)
    long = pd.DataFrame({"y": [1, 0, 1, 1, 0], "n": [5, 3, 9, 4, 6], "g": list("aabcc")})
    assert "all 9 rows with g = b have y = 1" in remark("y ~ g", long, weights="n")


def test_a_combination_has_no_rows_of_its_own() -> None:
    rng = np.random.default_rng(3)
    table = pd.DataFrame(rng.normal(size=(80, 2)), columns=["u", "v"])
    table["y"] = (table.u + table.v > 0).astype(int)
    text = remark("y ~ u + v", table)
    assert "80 rows are fitted perfectly" in text
    assert "by 'u' and 'v' together" in text
