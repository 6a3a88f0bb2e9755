"""Every table of a fit is the same for the same rows in another order, in blocks, and as frequencies.

No reference is needed: what depends on the order was not computed to its end, or rests on rounding. Most of
the tables are separated, where ends of intervals and maxima are hardest to reach.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.data import open_source
from logreg.errors import LogregError, LogregWarning

#: Searches end within some 1e-9 of what they look for, and what is made from their ends loses some digits.
RTOL, ATOL = 2e-6, 1e-7

FORMULAS = (
    "x + z",
    "x + g",
    "x*g",
    "g*h + x",
    "poly(x, 2) + h",
    "log(z + 1) + g",
    "x + z + g + h",
    "0 + g + x",
)

TABLES: dict[str, Callable[[Any], pd.DataFrame]] = {
    "coefficients": lambda fit: fit.coefficients(),
    "profile intervals": lambda fit: fit.coefficients(interval="profile"),
    "statistics": lambda fit: fit.fit_statistics().query("statistic != 'n_rows'"),
    "odds ratios": lambda fit: fit.odds_ratios(),
    "odds ratios at values": lambda fit: fit.odds_ratios(variables="x"),
    "crude odds ratios": lambda fit: fit.crude_odds_ratios(),
    "comparisons": lambda fit: fit.comparisons(),
    "ratios": lambda fit: fit.comparisons(contrast="ratio"),
    "slopes": lambda fit: fit.slopes(),
    "averages": lambda fit: fit.predictions(by="h"),
    "performance": lambda fit: fit.performance(),
    "terms in turn": lambda fit: fit.anova(1),
    "terms given others": lambda fit: fit.anova(2),
    "terms given all": lambda fit: fit.anova(3),
    "all terms": lambda fit: fit.overall_test().to_frame(),
}


def table(rng: np.random.Generator) -> pd.DataFrame:
    """Draw 30 to 120 rows; of every four tables three are separated, by a level, along x or along z."""
    n, k, how = int(rng.integers(30, 120)), int(rng.choice([2, 2, 3])), int(rng.integers(0, 4))
    data = pd.DataFrame(
        {
            "x": rng.normal(size=n).round(3),
            "z": rng.exponential(size=n).round(3),
            "g": rng.choice(list("abc"), n),
            "h": rng.choice(["lo", "hi"], n),
            "w": rng.integers(1, 4, n).astype(float),
        }
    )
    scores = np.outer(data.x, rng.normal(size=k)) + rng.gumbel(size=(n, k))
    drawn = scores.argmax(axis=1)
    if how == 1:
        drawn = np.where(data.g == "c", k - 1, drawn)
    elif how == 2:
        drawn = np.where(data.x > 0.3, k - 1, np.minimum(drawn, k - 2))
    elif how == 3:
        drawn = np.where(data.z > 1.5, 0, drawn)
    return data.assign(y=np.array(list("pqr"))[drawn])


def tables_of(formula: str, data: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Return every table, or the kind of error that there is instead of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", LogregWarning)
        fit = logreg.fit(formula, data, **options)
        found: dict[str, Any] = {}
        for name, make in TABLES.items():
            try:
                found[name] = make(fit)
            except LogregError as error:
                found[name] = type(error)
        return found


def require_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, one in expected.items():
        other = found[name]
        if isinstance(one, type):
            assert other is one, name
            continue
        assert list(other.columns) == list(one.columns), name
        for column in one.columns:
            if pd.api.types.is_float_dtype(one[column]):
                np.testing.assert_allclose(
                    other[column], one[column], rtol=RTOL, atol=ATOL, err_msg=f"{name}: {column}"
                )
            elif column != "reason":
                assert other[column].astype(str).tolist() == one[column].astype(str).tolist(), name


@pytest.mark.parametrize("seed", range(30))
def test_order_blocks_and_frequencies_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = table(rng)
    formula = "y ~ " + FORMULAS[seed % len(FORMULAS)]
    estimator = str(rng.choice(["ml", "ml", "ml", "firth"]))
    weighted = seed % 3 == 0
    options: dict[str, Any] = {"estimator": estimator} | ({"weights": "w"} if weighted else {})
    if data.y.nunique() < 2:
        pytest.skip("one outcome only")
    expected = tables_of(formula, data, options)
    require_same(tables_of(formula, data.sample(frac=1.0, random_state=seed), options), expected)
    if "poly" not in formula:
        # Polynomials are learned from all rows at once, and differ by rounding.
        require_same(tables_of(formula, open_source(data, block_rows=17), options), expected)
    if weighted:
        repeated = data.loc[data.index.repeat(data.w.astype(int))].reset_index(drop=True)
        require_same(tables_of(formula, repeated, {"estimator": estimator}), expected)
