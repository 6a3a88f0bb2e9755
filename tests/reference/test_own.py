"""Models that the published cases do not exercise, fitted in R and certified again at 40 digits.

Polynomials and splines (with new rows), centring and scaling, offsets, a formula without intercept,
interactions without main effects, contrasts, arithmetic in the formula, frequency weights, missing values
that overlap, seven outcomes. How the numbers were made is in ``own/README.md``.

The last part puts predictors on other scales: there the reference is exact algebra on the unscaled answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri

import logreg

from .comparison import (
    HERE,
    LOGLIK_RTOL,
    Expected,
    Fitted,
    check_covariance,
    check_estimates,
    check_odds_ratios,
    check_predicted,
    check_statistics,
    label_in,
    predicted,
    read_json,
    read_table,
)

SHIFTED_SE_RTOL = 1e-6
"""A predictor near 1e5 with a spread of 5 to 7: x' V x is a sum of terms 4e8 times its value, so that a
covariance correct to the last digit leaves 1e-7 of it. Everything else keeps its bound."""

NAMES = tuple(sorted(path.stem for path in (HERE / "own").glob("b*.json")))


def case_of(name: str) -> dict[str, Any]:
    return read_json(HERE / "own" / f"{name}.json")


def data_of(case: Mapping[str, Any]) -> pd.DataFrame:
    columns = pd.read_csv(HERE / case["data"], nrows=0).columns
    levels = {name: content for name, content in case["categorical"].items() if name in columns}
    if not all(level.isdigit() for level in case["levels"]):
        levels[case["outcome"]] = case["levels"]
    return read_table(HERE / case["data"], levels)


def used_rows(case: Mapping[str, Any], data: pd.DataFrame) -> pd.DataFrame:
    used = data.dropna(subset=case["columns"]) if "columns" in case else data
    return used[used[case["weights"]["column"]] > 0] if case["weights"] else used


def options_of(case: Mapping[str, Any], data: pd.DataFrame) -> dict[str, Any]:
    baseline, *others = (label_in(data, case["outcome"], level) for level in case["levels"])
    options: dict[str, Any] = {"event": others[0]} if case["kind"] == "binary" else {"baseline": baseline}
    if case["weights"]:
        options |= {"weights": case["weights"]["column"], "weight_kind": case["weights"]["kind"]}
    if case["offset"]:
        options["offset"] = case["offset"]
    return options


def fitted_to(case: Mapping[str, Any]) -> Any:
    data = data_of(case)
    options = options_of(case, data)
    if "columns" not in case:
        return logreg.fit(case["formula"], data, **options)
    with pytest.warns(logreg.MissingDataWarning, match=f"{len(used_rows(case, data))} used"):
        return logreg.fit(case["formula"], data, **options)


def expected_of(case: Mapping[str, Any]) -> Expected:
    expected = case["expected"]
    baseline, *outcomes = case["levels"]
    keys = tuple((outcome, term) for outcome in outcomes for term in case["terms"])

    def table(values: Mapping[str, Mapping[str, float]]) -> dict[tuple[str, str], float]:
        flat = {(outcome, term): value for outcome, inner in values.items() for term, value in inner.items()}
        assert set(flat) == set(keys)
        return flat

    fit, r2 = expected["fit"], expected["r2"]
    statistics = {
        "n_rows": expected["n_used"],
        "sum_weights": expected["sum_weights"],
        **{
            name: fit[name]
            for name in ("loglik", "loglik_null", "deviance", "deviance_null", "df_model", "n_coef")
        },
        **{name: fit[name] for name in ("aic", "aicc", "bic")},
        **r2,
        # the slopes only
        "mcfadden_adjusted": 1 - (fit["loglik"] - fit["df_model"]) / fit["loglik_null"],
        "lr_statistic": fit["lr"]["chi2"],
        "lr_df": fit["lr"]["df"],
        "lr_p_value": fit["lr"]["p"],
    }
    return Expected(
        baseline=baseline,
        keys=keys,
        coef=table(expected["coef"]),
        std_error=table(expected["se"]),
        statistic=table(expected["z"]),
        p_value=table(expected["p"]),
        conf_low=table(expected["wald_ci"]["lower"]),
        conf_high=table(expected["wald_ci"]["upper"]),
        vcov=np.array(expected["vcov"]),
        statistics=statistics,
        fitted=expected_fitted(expected["fitted"]),
    )


def expected_fitted(fitted: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Turn ``logit_se_first10: {outcome: values}`` into ``logit_se: {outcome: {"first10": values}}``."""
    result: dict[str, dict[str, dict[str, Any]]] = {}
    for name, outcomes in fitted.items():
        quantity, _, summary = name.rpartition("_")
        for outcome, values in outcomes.items():
            result.setdefault(quantity, {}).setdefault(outcome, {})[summary] = values
    return result


@pytest.fixture(scope="module", params=NAMES)
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    return case_of(request.param)


@pytest.fixture(scope="module")
def fitted(case: dict[str, Any]) -> Fitted:
    return Fitted(fit=fitted_to(case), expected=expected_of(case), used=used_rows(case, data_of(case)))


def test_every_case_is_there() -> None:
    assert len(NAMES) == 24


def test_coefficients(fitted: Fitted) -> None:
    check_estimates(fitted.fit, fitted.expected)


def test_odds_ratios(fitted: Fitted) -> None:
    check_odds_ratios(fitted.fit, fitted.expected)


def test_covariance(fitted: Fitted) -> None:
    check_covariance(fitted.fit, fitted.expected)


def test_fit_statistics(fitted: Fitted) -> None:
    check_statistics(fitted.fit, fitted.expected)


def test_fitted_values(fitted: Fitted) -> None:
    check_predicted(fitted.fit, fitted.used, fitted.expected.fitted)


@pytest.mark.parametrize("name", [name for name in NAMES if "new" in case_of(name)["expected"]])
def test_new_rows_are_encoded_with_what_was_learned(name: str) -> None:
    case = case_of(name)
    new = case["expected"]["new"]
    expected = {
        quantity: {outcome: {"all": values} for outcome, values in outcomes.items()}
        for quantity, outcomes in new.items()
        if quantity != "rows"
    }
    fit, rows = fitted_to(case), pd.DataFrame(new["rows"])
    check_predicted(fit, rows, expected)
    # one row at a time: nothing may be learned again from the new rows
    together = predicted(fit, rows)
    for i in range(len(rows)):
        alone = predicted(fit, rows.iloc[[i]])
        for quantity, outcomes in together.items():
            for outcome, values in outcomes.items():
                np.testing.assert_allclose(alone[quantity][outcome], values[[i]], rtol=1e-13)


def test_offset_as_an_array_and_in_the_formula() -> None:
    case = case_of("b05_offset")
    data = data_of(case)
    for fit in (
        logreg.fit(case["formula"], data, offset=data["o"].to_numpy()),
        logreg.fit(case["formula"] + " + offset(o)", data),
    ):
        check_estimates(fit, expected_of(case))
        check_statistics(fit, expected_of(case))


def test_offset_per_outcome_as_an_array() -> None:
    case = case_of("b21_offset_per_outcome")
    data = data_of(case)
    fit = logreg.fit(
        case["formula"], data, baseline="not.work", offset=data[["o_part", "o_full"]].to_numpy(dtype=float)
    )
    check_estimates(fit, expected_of(case))
    check_statistics(fit, expected_of(case))


def test_frequency_weights_as_an_array() -> None:
    case = case_of("b23_frequency_weights")
    data = data_of(case)
    fit = logreg.fit(case["formula"], data, baseline="not.work", weights=data["freq"].to_numpy())
    check_estimates(fit, expected_of(case))
    check_statistics(fit, expected_of(case))


def test_frequency_weights_agree_with_the_published_rows() -> None:
    published = read_json(HERE / "cases" / "a03_womenlf.json")["expected"]["fit"]
    fit = fitted_to(case_of("b23_frequency_weights"))
    assert fit.loglik == pytest.approx(published["loglik"], rel=LOGLIK_RTOL)
    assert fit.bic == pytest.approx(published["bic"], rel=LOGLIK_RTOL)


@pytest.mark.parametrize("name", ["b13_gaps", "b27_gaps"])
def test_missing_rows_can_be_refused(name: str) -> None:
    case = case_of(name)
    data = data_of(case)
    with pytest.raises(logreg.DataError) as refusal:
        logreg.fit(case["formula"], data, missing="raise", **options_of(case, data))
    for column in case["columns"]:
        assert (repr(column) in str(refusal.value)) == bool(data[column].isna().any())


def test_another_baseline_without_a_second_fit() -> None:
    first, other = case_of("b31_seven_classes"), case_of("b32_seven_classes_baseline_3")
    expected = expected_of(other)
    fit = fitted_to(first)
    check_odds_ratios(fit, expected, versus=3)
    wide = fit.logits(data_of(other), versus=3).rename(columns=str)
    long = fit.logits(data_of(other), versus=3, interval=True)
    for outcome, summaries in expected.fitted["logit"].items():
        np.testing.assert_allclose(wide[outcome].to_numpy()[:10], summaries["first10"], rtol=1e-9, atol=1e-10)
        rows = long[long["outcome"].map(str) == outcome]
        se = expected.fitted["logit_se"][outcome]["first10"]
        np.testing.assert_allclose(rows["std_error"].to_numpy()[:10], se, rtol=1e-8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """Columns replaced by ``shift + scale * x``."""

    scale: Mapping[str, float]
    shift: Mapping[str, float]

    def applied_to(self, data: pd.DataFrame) -> pd.DataFrame:
        columns = {**dict.fromkeys(self.scale), **dict.fromkeys(self.shift)}
        return data.assign(
            **{name: self.shift.get(name, 0.0) + self.scale.get(name, 1.0) * data[name] for name in columns}
        )

    def matrix(self, terms: tuple[str, ...]) -> np.ndarray:
        """Return the matrix that takes the coefficients of x to those of ``shift + scale * x``."""
        transform = np.eye(len(terms))
        intercept = terms.index("Intercept")
        for i, term in enumerate(terms):
            scale = self.scale.get(term, 1.0)
            transform[i, i] /= scale
            if i != intercept:
                transform[intercept, i] = -self.shift.get(term, 0.0) / scale
        return transform


SCALINGS = {
    "b14_scales": {
        "up": Scaling(scale={"age": 1e8}, shift={}),
        "down": Scaling(scale={"age": 1e-8}, shift={}),
        "both": Scaling(scale={"age": 1e-8, "lwt": 1e8}, shift={}),
        "shifted": Scaling(scale={}, shift={"age": 1e5}),
        "shifted and scaled": Scaling(scale={"age": 1e4, "lwt": 1e-4}, shift={"age": 1e5, "lwt": -7}),
    },
    "b28_scales": {
        "up": Scaling(scale={"hincome": 1e8}, shift={}),
        "down": Scaling(scale={"hincome": 1e-8}, shift={}),
        "shifted": Scaling(scale={}, shift={"hincome": 1e5}),
        "shifted and scaled": Scaling(scale={"hincome": 1e4}, shift={"hincome": 1e5}),
    },
}


def rescaled(expected: Expected, terms: tuple[str, ...], scaling: Scaling) -> Expected:
    """Return the exact answer for the rescaled columns; likelihood and probabilities stay as they are."""
    assert expected.vcov is not None
    transform = np.kron(np.eye(len(expected.keys) // len(terms)), scaling.matrix(terms))
    coef = transform @ np.array([expected.coef[key] for key in expected.keys])
    vcov = transform @ expected.vcov @ transform.T
    se = np.sqrt(np.diag(vcov))
    columns = {
        "coef": coef,
        "std_error": se,
        "statistic": coef / se,
        "p_value": 2 * ndtr(-np.abs(coef / se)),
        "conf_low": coef + ndtri(0.025) * se,
        "conf_high": coef + ndtri(0.975) * se,
    }
    tables = {
        name: dict(zip(expected.keys, values.tolist(), strict=True)) for name, values in columns.items()
    }
    return replace(expected, vcov=vcov, **tables)


@pytest.mark.parametrize(
    ("name", "scaling"), [(name, kind) for name, kinds in SCALINGS.items() for kind in kinds]
)
def test_scale_and_shift_of_a_predictor_cost_no_digits(name: str, scaling: str) -> None:
    case = case_of(name)
    change = SCALINGS[name][scaling]
    data = change.applied_to(data_of(case))
    fit = logreg.fit(case["formula"], data, **options_of(case, data))
    expected = rescaled(expected_of(case), tuple(case["terms"]), change)
    check_estimates(fit, expected)
    check_covariance(fit, expected)
    check_statistics(fit, expected)
    shifted = any(change.shift.values())
    check_predicted(fit, data, expected.fitted, **({"se_rtol": SHIFTED_SE_RTOL} if shifted else {}))
