"""One form for all reference cases, and the comparisons that every case goes through.

Expected numbers are keyed by the names that `logreg` puts on the wire: the outcome label as text, and the
term. Each ``check_*`` takes a fit and the expected numbers and raises on the first disagreement.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

HERE = Path(__file__).parent

ESTIMATE_RTOL = 1e-8
"""Coefficients, standard errors, z and Wald limits: any correct solver that certifies its optimum is
closer."""

ESTIMATE_FLOOR = 1e-8
"""Absolute part of the same bound, in standard errors: an estimate or limit near zero has no relative
accuracy."""

P_VALUE_RTOL = 1e-7
"""A relative error e in z is z**2 * e in the p-value; z reaches 20 in these cases, but its own error is
1e-12."""

LOGLIK_RTOL = 1e-10
"""Log-likelihoods are flat at the optimum: an error of 1e-6 standard errors in a coefficient costs 1e-12
here."""

RATIO_RTOL = 1e-8
"""Differences and ratios of log-likelihoods (likelihood-ratio test, pseudo-R2) lose a few digits to
cancellation."""

FITTED_RTOL = 1e-10
"""Fitted probabilities and logits: sums over rows of coefficient errors, far below the bound when
polished."""

FITTED_SE_RTOL = 1e-8
"""Their standard errors inherit the accuracy of the covariance."""

Key: TypeAlias = tuple[str, str]
Rows: TypeAlias = Mapping[str, Mapping[str, Sequence[float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Reference numbers of one fit.

    ``keys`` are (outcome, term), outcome-major, and label ``vcov``. ``statistics`` has the names of
    ``fit_statistics``. ``fitted`` maps a quantity (``logit``, ``logit_se``, ``prob``, ``prob_se``) to
    outcomes and those to ``first10``, ``sum`` or ``sumsq`` over the rows used.
    """

    baseline: str
    keys: tuple[Key, ...]
    coef: Mapping[Key, float]
    std_error: Mapping[Key, float]
    statistic: Mapping[Key, float] | None = None
    p_value: Mapping[Key, float] | None = None
    conf_low: Mapping[Key, float] | None = None
    conf_high: Mapping[Key, float] | None = None
    odds_ratio: Mapping[Key, float] | None = None
    vcov: np.ndarray | None = None
    statistics: Mapping[str, float] = field(default_factory=dict)
    fitted: Mapping[str, Rows] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A fit beside what is expected of it and the rows it used (missing values and zero weights left out)."""

    fit: Any
    expected: Expected
    used: pd.DataFrame


def read_json(path: Path) -> dict[str, Any]:
    """Read a case file."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def read_table(path: Path, categorical: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Read a data file: only empty fields are missing; categories in the declared order, first =
    reference."""
    declared = dict.fromkeys(categorical, str)
    data = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=declared)
    for name, levels in categorical.items():
        present = set(data[name].dropna())
        assert present <= set(levels), (name, present, levels)
        data[name] = pd.Categorical(data[name], categories=list(levels))
    return data


def label_in(data: pd.DataFrame, column: str, text: str) -> Any:
    """Return the outcome label as the column holds it (an integer column holds 1, the case file ``"1"``)."""
    [label] = [value for value in data[column].dropna().unique() if str(value) == str(text)]
    return label.item() if isinstance(label, np.generic) else label


def numbers(value: float | str) -> float:
    """Read a number of a case file; infinities are text there."""
    return float(value)


def estimates_table(fit: Any) -> pd.DataFrame:
    """Return ``fit.coefficients()`` indexed by (outcome as text, term), checked to be unique."""
    table = fit.coefficients()
    table.index = pd.MultiIndex.from_arrays([table["outcome"].map(str), table["term"].map(str)])
    assert table.index.is_unique
    return table


def assert_close_mapping(
    actual: Mapping[Key, float],
    expected: Mapping[Key, float],
    *,
    rtol: float,
    floor: Mapping[Key, float] | None = None,
    what: str,
) -> None:
    """Compare key by key; ``floor`` is an absolute allowance per key. The keys must agree in both
    directions."""
    assert set(actual) == set(expected), (what, set(actual) ^ set(expected))
    for key, value in expected.items():
        bound = rtol * abs(value) + (0.0 if floor is None else floor[key])
        assert abs(actual[key] - value) <= bound, (
            f"{what} of {key}: {actual[key]!r}, expected {value!r}, "
            f"off by {abs(actual[key] - value):.3g} where {bound:.3g} is allowed"
        )


def check_estimates(fit: Any, expected: Expected) -> None:
    """Compare coefficients, standard errors, z, p and Wald limits."""
    table = estimates_table(fit)
    floor = {key: ESTIMATE_FLOOR * se for key, se in expected.std_error.items()}
    columns = {
        "estimate": (expected.coef, ESTIMATE_RTOL, floor),
        "std_error": (expected.std_error, ESTIMATE_RTOL, None),
        "statistic": (expected.statistic, ESTIMATE_RTOL, dict.fromkeys(expected.keys, ESTIMATE_FLOOR)),
        "p_value": (expected.p_value, P_VALUE_RTOL, None),
        "conf_low": (expected.conf_low, ESTIMATE_RTOL, floor),
        "conf_high": (expected.conf_high, ESTIMATE_RTOL, floor),
    }
    for column, (values, rtol, allowance) in columns.items():
        if values is not None:
            assert_close_mapping(dict(table[column]), values, rtol=rtol, floor=allowance, what=column)


def check_odds_ratios(fit: Any, expected: Expected, *, versus: Any = None) -> None:
    """Compare odds ratios, their limits and p-values with the exponentiated reference."""
    table = fit.odds_ratios(intercept=True, versus=versus)
    table.index = pd.MultiIndex.from_arrays([table["outcome"].map(str), table["term"].map(str)])
    assert table.index.is_unique
    assert set(table["baseline"].map(str)) == {expected.baseline}
    ratios = expected.odds_ratio or {key: float(np.exp(value)) for key, value in expected.coef.items()}
    # d exp(b) = exp(b) db, and db is allowed ESTIMATE_RTOL * |b| + ESTIMATE_FLOOR * se

    def allowance(ends: Mapping[Key, float]) -> dict[Key, float]:
        spread = expected.std_error
        return {k: float(np.exp(v)) * ESTIMATE_RTOL * (abs(v) + spread[k]) for k, v in ends.items()}

    assert_close_mapping(
        dict(table["odds_ratio"]),
        ratios,
        rtol=ESTIMATE_RTOL,
        floor=allowance(expected.coef),
        what="odds ratio",
    )
    for column, ends in {"conf_low": expected.conf_low, "conf_high": expected.conf_high}.items():
        if ends is not None:
            exponentiated = {key: float(np.exp(value)) for key, value in ends.items()}
            assert_close_mapping(
                dict(table[column]),
                exponentiated,
                rtol=ESTIMATE_RTOL,
                floor=allowance(ends),
                what=f"odds {column}",
            )
    if expected.p_value is not None:
        assert_close_mapping(
            dict(table["p_value"]), expected.p_value, rtol=P_VALUE_RTOL, what="p-value of the odds ratio"
        )


def check_covariance(fit: Any, expected: Expected) -> None:
    """Compare all entries in units of the two standard errors, read by label and not by position."""
    assert expected.vcov is not None
    frame = fit.vcov
    rows = [(str(outcome), str(term)) for outcome, term in frame.index]
    assert rows == [(str(outcome), str(term)) for outcome, term in frame.columns]
    assert set(rows) == set(expected.keys)
    order = [rows.index(key) for key in expected.keys]
    actual = frame.to_numpy()[np.ix_(order, order)]
    scale = np.array([expected.std_error[key] for key in expected.keys])
    error = np.abs(actual - expected.vcov) / np.outer(scale, scale)
    assert error.max() <= ESTIMATE_RTOL, f"covariance off by {error.max():.3g} in units of standard errors"


STATISTIC_RTOL = {
    "n_rows": 0.0,
    "sum_weights": 0.0,
    "df_model": 0.0,
    "n_coef": 0.0,
    "lr_df": 0.0,
    "lr_p_value": P_VALUE_RTOL,
    **dict.fromkeys(
        ("loglik", "loglik_null", "deviance", "deviance_null", "aic", "aicc", "bic"), LOGLIK_RTOL
    ),
    **dict.fromkeys(
        ("lr_statistic", "mcfadden", "mcfadden_adjusted", "cox_snell", "nagelkerke", "tjur"), RATIO_RTOL
    ),
}

ATTRIBUTES = ("loglik", "loglik_null", "deviance", "aic", "bic", "n_rows", "sum_weights", "df_model")


def check_statistics(fit: Any, expected: Expected) -> None:
    """Compare ``fit_statistics`` and the attributes that repeat some of it."""
    table = fit.fit_statistics()
    assert table["statistic"].is_unique
    actual = dict(zip(table["statistic"], table["value"], strict=True))
    for name, value in expected.statistics.items():
        assert name in actual, f"fit_statistics has no {name!r}: {list(actual)}"
        bound = STATISTIC_RTOL[name] * abs(value)
        assert abs(actual[name] - value) <= bound, f"{name}: {actual[name]!r}, expected {value!r}"
    for name in ATTRIBUTES:
        if name in expected.statistics:
            bound = STATISTIC_RTOL[name] * abs(expected.statistics[name])
            assert abs(getattr(fit, name) - expected.statistics[name]) <= bound, f"fit.{name}"


def by_outcome(long: pd.DataFrame, column: str, n: int) -> dict[str, np.ndarray]:
    """Split a long frame into one array per outcome, rows in the order in which they stand."""
    parts = {
        str(outcome): part[column].to_numpy(dtype=float)
        for outcome, part in long.groupby("outcome", observed=True)
    }
    assert all(len(part) == n for part in parts.values()), {name: len(part) for name, part in parts.items()}
    return parts


def predicted(fit: Any, data: pd.DataFrame | None) -> dict[str, dict[str, np.ndarray]]:
    """Return logits and probabilities with standard errors, per quantity and outcome, in row order.

    The wide and the long form must hold the same numbers, and limits of probabilities must be probabilities.
    """
    logits, probabilities = fit.logits(data), fit.probabilities(data)
    long_logits, long_probabilities = fit.logits(data, interval=True), fit.probabilities(data, interval=True)
    n = len(logits)
    assert len(probabilities) == n
    assert data is None or len(data) == n
    result = {
        "logit": {str(name): logits[name].to_numpy() for name in logits.columns},
        "prob": {str(name): probabilities[name].to_numpy() for name in probabilities.columns},
        "logit_se": by_outcome(long_logits, "std_error", n),
        "prob_se": by_outcome(long_probabilities, "std_error", n),
    }
    for quantity, long in {"logit": long_logits, "prob": long_probabilities}.items():
        for name, values in by_outcome(long, "estimate", n).items():
            np.testing.assert_allclose(values, result[quantity][name], rtol=1e-14)
        assert (long["conf_low"] <= long["estimate"]).all()
        assert (long["estimate"] <= long["conf_high"]).all()
    # an upper limit whose logit is above 37 is 1 in double precision
    assert long_probabilities["conf_low"].between(0, 1).all()
    assert long_probabilities["conf_high"].between(0, 1).all()
    total = np.sum(list(result["prob"].values()), axis=0)
    np.testing.assert_allclose(total, 1.0, rtol=1e-14)
    return result


def summarised(values: np.ndarray, summary: str, weights: np.ndarray | None) -> Any:
    """Return the part or the sum of fitted values that a case file keeps under this name."""
    weight = np.ones(len(values)) if weights is None else weights
    summaries = {
        "all": values,
        "first10": values[:10],
        "sum": weight @ values,
        "sumsq": weight @ values**2,
    }
    return summaries[summary]


def check_predicted(
    fit: Any,
    data: pd.DataFrame | None,
    fitted: Mapping[str, Rows],
    *,
    weights: np.ndarray | None = None,
    se_rtol: float = FITTED_SE_RTOL,
) -> None:
    """Compare predicted logits and probabilities, and their delta-method standard errors.

    ``weights`` are the frequencies with which sums over rows were formed.
    """
    actual = predicted(fit, data)
    for quantity, outcomes in fitted.items():
        rtol = se_rtol if quantity.endswith("_se") else FITTED_RTOL
        for outcome, summaries in outcomes.items():
            assert outcome in actual[quantity], (quantity, outcome, list(actual[quantity]))
            values = actual[quantity][outcome]
            # a logit, and a sum of logits, may be near zero beside the terms it is made of
            floor = rtol * float(np.max(np.abs(values))) if quantity == "logit" else 0.0
            for summary, value in summaries.items():
                np.testing.assert_allclose(
                    summarised(values, summary, weights),
                    np.asarray(value, dtype=float),
                    rtol=rtol,
                    atol=floor * (len(values) if summary == "sum" else 1),
                    err_msg=f"{quantity} of {outcome!r}, {summary}",
                )
