"""Ten published data sets, computed in R and certified at 77 digits: what `logreg` must reproduce.

Covered: plain maximum likelihood for binary (a01, a02, a08, a09), grouped (a05) and multinomial outcomes
(a03, and a10 with frequency weights), the sandwich HC0 and HC1, and the estimates of a survey-weighted model
(a07, coefficients, probabilities and linearised standard errors without strata). Left out: a04, whose outcome
is separated so that no finite maximum exists (bias-reduced estimates), a06, whose likelihood is conditional
on matched sets, the penalised points of a09, and the strata and finite-population correction of a07.

The formula is put together from each case's ``terms`` and the coefficient names from its
``parameters[].pieces``; the names must match those of the fit in both directions.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg

from .comparison import (
    ESTIMATE_RTOL,
    HERE,
    LOGLIK_RTOL,
    RATIO_RTOL,
    Expected,
    Fitted,
    Key,
    assert_close_mapping,
    check_covariance,
    check_estimates,
    check_odds_ratios,
    check_predicted,
    check_statistics,
    estimates_table,
    label_in,
    numbers,
    read_json,
    read_table,
)

MAXIMUM_LIKELIHOOD = (
    "a01_birthwt",
    "a02_titanic",
    "a03_womenlf",
    "a05_ucb",
    "a08_contraception",
    "a09_pima_glmnet",
    "a10_alligators",
)
SURVEY = "a07_apistrat"

SUM_CODED_LEVELS = {
    "sex": "C(sex, contr.sum)",
    "passengerClass": "C(passengerClass, contr.sum)",
}


def case_of(name: str) -> dict[str, Any]:
    return read_json(HERE / "cases" / f"{name}.json")


def term_name(pieces: list[dict[str, Any]]) -> str:
    """Return the coefficient's name on the wire from the pieces whose product is its column.

    A contrast column of `contr.sum` is named by the level that it codes as 1 (the last level is -1
    everywhere).
    """
    names = []
    for piece in pieces:
        if "expr" in piece:
            expression = piece["expr"]
            names.append(
                expression if expression.isidentifier() else f"I({expression.replace('**', ' ** ')})"
            )
        elif "level" in piece:
            names.append(f"{piece['var']}[T.{piece['level']}]")
        else:
            assert piece["contrast"] == "contr.sum"
            [level] = [level for level, code in piece["codes"].items() if code == 1]
            names.append(f"{SUM_CODED_LEVELS[piece['var']]}[S.{level}]")
    return ":".join(names) or "Intercept"


def term_names(parameters: list[dict[str, Any]]) -> dict[str, str]:
    """Map the parameter names of R to those of `logreg`, one to one."""
    names = {parameter["name"]: term_name(parameter["pieces"]) for parameter in parameters}
    assert len(names) == len(parameters) == len(set(names.values()))
    return names


def left_side(case: Mapping[str, Any]) -> str:
    outcome = case["outcome"]
    if case["kind"] == "grouped":
        return f"cbind({outcome['success_column']}, {outcome['failure_column']})"
    return str(outcome["column"])


def data_of(case: Mapping[str, Any]) -> pd.DataFrame:
    levels = {name: content["levels"] for name, content in case["categorical"].items()}
    outcome = case["outcome"]
    if case["kind"] != "grouped" and all(isinstance(level, str) for level in outcome["levels"]):
        levels[outcome["column"]] = outcome["levels"]
    return read_table(HERE / case["data"], levels)


def used_rows(case: Mapping[str, Any], data: pd.DataFrame) -> pd.DataFrame:
    """Return the rows complete in the columns of the model."""
    pieces = [piece for parameter in case["parameters"] for piece in parameter["pieces"]]
    columns = {piece["var"] if "var" in piece else piece["expr"].removesuffix("**2") for piece in pieces}
    if case["kind"] != "grouped":
        columns.add(case["outcome"]["column"])
    return data.dropna(subset=sorted(columns))


def outcome_options(case: Mapping[str, Any], data: pd.DataFrame) -> dict[str, Any]:
    """Return the options that name the event or the baseline as the case does."""
    if case["kind"] == "grouped":
        return {}
    column = case["outcome"]["column"]
    if case["kind"] == "multinomial":
        return {"baseline": label_in(data, column, case["outcome"]["reference"])}
    return {"event": label_in(data, column, case["outcome"]["success"])}


def fitted_to(case: Mapping[str, Any], right: str | None = None, **options: Any) -> Any:
    """Fit the case's model, or another right-hand side on the rows that the case uses."""
    data = data_of(case)
    used = used_rows(case, data)
    if case["weights"]:
        options = {"weights": case["weights"]["column"], "weight_kind": case["weights"]["kind"], **options}
    options = {**outcome_options(case, data), **options}
    formula = f"{left_side(case)} ~ {right or ' + '.join(case['terms'])}"
    if len(used) == len(data) or right is not None:
        return logreg.fit(formula, used, **options)
    with pytest.warns(logreg.MissingDataWarning, match=f"{len(used)} used"):
        return logreg.fit(formula, data, **options)


def keyed(
    case: Mapping[str, Any], values: Mapping[str, Any], names: Mapping[str, str], event: str
) -> dict[Key, float]:
    """Return a dictionary of the case keyed by (outcome, term), checked to cover the parameters exactly."""
    nested = values if case["kind"] == "multinomial" else {event: values}
    for inner in nested.values():
        assert set(inner) == set(names)
    return {(out, names[name]): numbers(v) for out, inner in nested.items() for name, v in inner.items()}


def event_and_baseline(case: Mapping[str, Any]) -> tuple[str, str]:
    outcome = case["outcome"]
    if case["kind"] == "grouped":
        return outcome["success_column"], outcome["failure_column"]
    if case["kind"] == "multinomial":
        return "", outcome["reference"]
    [baseline] = [str(level) for level in outcome["levels"] if level != outcome["success"]]
    return str(outcome["success"]), baseline


def expected_of(case: Mapping[str, Any]) -> Expected:
    expected, names = case["expected"], term_names(case["parameters"])
    event, baseline = event_and_baseline(case)

    def table(values: Mapping[str, Any]) -> dict[Key, float]:
        return keyed(case, values, names, event)

    if case["kind"] == "multinomial":
        keys = tuple((entry["class"], names[entry["param"]]) for entry in expected["vcov_order"])
    else:
        keys = tuple((event, name) for name in names.values())
    return Expected(
        baseline=baseline,
        keys=keys,
        coef=table(expected["coef"]),
        std_error=table(expected["se"]),
        statistic=table(expected["z"]),
        p_value=table(expected["p"]),
        conf_low=table(expected["wald_ci"]["lower"]),
        conf_high=table(expected["wald_ci"]["upper"]),
        odds_ratio=table(expected["rrr" if case["kind"] == "multinomial" else "odds_ratio"]),
        vcov=np.array(expected["vcov"]),
        statistics=expected_statistics(case),
        fitted=expected_fitted(case, event),
    )


def expected_statistics(case: Mapping[str, Any]) -> dict[str, float]:
    """Return the fit statistics under their names here, all on the Bernoulli or categorical likelihood."""
    fit, r2 = case["expected"]["fit"], case["expected"]["r2"]
    grouped = case["kind"] == "grouped"
    loglik = fit["loglik_kernel"] if grouped else fit["loglik"]
    loglik_null = fit["loglik_null_kernel"] if grouped else fit["loglik_null"]
    n = fit["n_trials"] if grouped else fit["bic_n"]
    n_coef = fit.get("n_params", len(case["parameters"]))
    statistics = {
        "sum_weights": n,
        "loglik": loglik,
        "loglik_null": loglik_null,
        "lr_statistic": fit["lr"]["chi2"],
        "lr_df": fit["lr"]["df"],
        "lr_p_value": fit["lr"]["p"],
        "deviance": -2 * loglik,
        "deviance_null": -2 * loglik_null,
        "aic": fit["aic_kernel"] if grouped else fit["aic"],
        "aicc": -2 * loglik + 2 * n_coef * n / (n - n_coef - 1),
        "bic": fit["bic_n_trials_kernel"] if grouped else fit["bic"],
        "mcfadden": r2["mcfadden"],
        # the slopes only; the file's own figure takes the intercepts off as well
        "mcfadden_adjusted": 1 - (loglik - fit["df_model"]) / loglik_null,
        "cox_snell": r2["cox_snell"],
        "nagelkerke": r2["nagelkerke"],
        "df_model": fit["df_model"],
        "n_coef": n_coef,
    }
    if "tjur" in r2:
        statistics["tjur"] = r2["tjur"]
    if not case["weights"]:
        statistics["n_rows"] = case["expected"]["n_used"]
    return statistics


def expected_fitted(case: Mapping[str, Any], event: str) -> dict[str, Any]:
    fitted = case["expected"]["fitted"]
    if case["kind"] == "multinomial":
        return {
            "prob": {
                outcome: {
                    "first10": first,
                    "sum": fitted["prob_sum"][outcome],
                    "sumsq": fitted["prob_sumsq"][outcome],
                }
                for outcome, first in fitted["prob_first10"].items()
            },
            "prob_se": {out: {"first10": first} for out, first in fitted["prob_se_delta_first10"].items()},
        }
    names = {"logit": "link", "prob": "prob", "logit_se": "link_se", "prob_se": "prob_se_delta"}
    return {quantity: {event: fitted[name]} for quantity, name in names.items() if name in fitted}


@pytest.fixture(scope="module", params=MAXIMUM_LIKELIHOOD)
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    return case_of(request.param)


@pytest.fixture(scope="module")
def fitted(case: dict[str, Any]) -> Fitted:
    return Fitted(fit=fitted_to(case), expected=expected_of(case), used=used_rows(case, data_of(case)))


def test_coefficients(fitted: Fitted) -> None:
    check_estimates(fitted.fit, fitted.expected)


def test_odds_ratios(fitted: Fitted) -> None:
    check_odds_ratios(fitted.fit, fitted.expected)


def test_covariance(fitted: Fitted) -> None:
    check_covariance(fitted.fit, fitted.expected)


def test_fit_statistics(fitted: Fitted) -> None:
    check_statistics(fitted.fit, fitted.expected)


def test_fitted_values(case: dict[str, Any], fitted: Fitted) -> None:
    frequency = fitted.used[case["weights"]["column"]].to_numpy(dtype=float) if case["weights"] else None
    check_predicted(fitted.fit, fitted.used, fitted.expected.fitted, weights=frequency)


@pytest.mark.parametrize("kind", ["HC0", "HC1"])
@pytest.mark.parametrize("name", [name for name in MAXIMUM_LIKELIHOOD if name != "a05_ucb"])
def test_sandwich_standard_errors(name: str, kind: str) -> None:
    case = case_of(name)
    event, _ = event_and_baseline(case)
    expected = keyed(case, case["expected"]["robust"][kind]["se"], term_names(case["parameters"]), event)
    check_standard_errors(fitted_to(case, covariance=kind), expected)


def test_sandwich_of_grouped_data_is_that_of_single_trials() -> None:
    """R's sandwich takes a row of counts for one observation; here grouped and ungrouped data agree."""
    case = case_of("a05_ucb")
    event, _ = event_and_baseline(case)
    certified = case["expected"]["certified_values"]["hc0_se_bernoulli"]
    expected = keyed(case, certified, term_names(case["parameters"]), event)
    check_standard_errors(fitted_to(case, covariance="HC0"), expected)


def check_standard_errors(fit: Any, expected: Mapping[Key, float]) -> None:
    table = estimates_table(fit)
    assert_close_mapping(dict(table["std_error"]), expected, rtol=ESTIMATE_RTOL, what="sandwich std_error")


def test_probabilities_of_the_training_rows_are_the_default() -> None:
    case = case_of("a01_birthwt")
    fit = fitted_to(case)
    data = data_of(case)
    pd.testing.assert_frame_equal(fit.probabilities(), fit.probabilities(data))
    expected = expected_fitted(case, "1")["prob"]["1"]["first10"]
    wide = fit.probabilities().rename(columns=str)
    np.testing.assert_allclose(wide["1"].to_numpy()[:10], expected, rtol=1e-10)


def test_event_of_a_01_outcome_and_of_declared_categories_is_the_default() -> None:
    for name in ("a01_birthwt", "a02_titanic"):
        case = case_of(name)
        data = used_rows(case, data_of(case))
        fit = logreg.fit(f"{left_side(case)} ~ {' + '.join(case['terms'])}", data)
        check_estimates(fit, expected_of(case))


def test_the_other_event_changes_every_sign() -> None:
    case = case_of("a09_pima_glmnet")
    expected = expected_of(case)
    flipped = replace(
        expected,
        baseline="Yes",
        keys=tuple(("No", term) for _, term in expected.keys),
        **{
            name: {("No", term): sign * v for (_, term), v in getattr(expected, source).items()}
            for name, source, sign in (
                ("coef", "coef", -1),
                ("std_error", "std_error", 1),
                ("statistic", "statistic", -1),
                ("p_value", "p_value", 1),
                ("conf_low", "conf_high", -1),
                ("conf_high", "conf_low", -1),
            )
        },
        odds_ratio=None,
    )
    fit = fitted_to(case, event="No")
    check_estimates(fit, flipped)
    check_odds_ratios(fit, flipped)
    check_covariance(fit, flipped)


def test_reference_level_named_in_the_formula() -> None:
    case = case_of("a01_birthwt")
    expected = case["expected"]
    data = pd.read_csv(HERE / case["data"])
    right = " + ".join('C(race, Treatment("white"))' if term == "race" else term for term in case["terms"])
    fit = logreg.fit(f"low ~ {right}", data)
    table = fit.coefficients().set_index("term")["estimate"]
    for level in ("black", "other"):
        [name] = [term for term in table.index if term.endswith(f"[T.{level}]")]
        assert table[name] == pytest.approx(expected["coef"][f"race{level}"], rel=1e-8)
    assert fit.loglik == pytest.approx(expected["fit"]["loglik"], rel=LOGLIK_RTOL)


def test_new_data() -> None:
    case = case_of("a01_birthwt")
    new = case["expected"]["prediction_newdata"]
    fit, rows = fitted_to(case), pd.DataFrame(new["rows"])
    names = {"logit": "link", "logit_se": "link_se", "prob": "prob"}
    check_predicted(fit, rows, {quantity: {"1": {"all": new[name]}} for quantity, name in names.items()})
    limits = fit.probabilities(rows, interval=True)
    limits = limits[limits["outcome"].map(str) == "1"]
    np.testing.assert_allclose(limits["conf_low"], new["prob_lower"], rtol=1e-8)
    np.testing.assert_allclose(limits["conf_high"], new["prob_upper"], rtol=1e-8)


def test_classification() -> None:
    binary = case_of("a01_birthwt")
    labels = np.asarray(fitted_to(binary).classify()).astype(int).ravel()
    actual = data_of(binary)["low"].to_numpy()
    counts = binary["expected"]["classification_0.5"]
    assert ((labels == 1) & (actual == 1)).sum() == counts["tp"]
    assert ((labels == 1) & (actual == 0)).sum() == counts["fp"]
    assert ((labels == 0) & (actual == 0)).sum() == counts["tn"]
    assert ((labels == 0) & (actual == 1)).sum() == counts["fn"]

    multinomial = case_of("a03_womenlf")
    confusion = multinomial["expected"]["confusion"]
    labels = np.asarray(fitted_to(multinomial).classify()).astype(str).ravel()
    actual = data_of(multinomial)["partic"].astype(str).to_numpy()
    order = confusion["order"]
    table = [[int(((actual == a) & (labels == b)).sum()) for b in order] for a in order]
    assert table == confusion["counts_actual_by_predicted"]


def against_fulltime(case: Mapping[str, Any]) -> Expected:
    refit = case["expected"]["refit_reference_fulltime"]
    names = term_names(case["parameters"])
    coef, se = (keyed(case, refit[part], names, "") for part in ("coef", "se"))
    return Expected(baseline="fulltime", keys=tuple(coef), coef=coef, std_error=se)


def test_change_of_baseline_by_refit() -> None:
    case = case_of("a03_womenlf")
    check_estimates(fitted_to(case, baseline="fulltime"), against_fulltime(case))


def test_change_of_baseline_without_refit() -> None:
    case = case_of("a03_womenlf")
    fit, refit = fitted_to(case), fitted_to(case, baseline="fulltime")
    expected = against_fulltime(case)
    check_odds_ratios(fit, expected, versus="fulltime")
    # the p-values and limits of the refit, which the line above and the test before tie to R
    columns = ["odds_ratio", "conf_low", "conf_high", "p_value"]
    first = fit.odds_ratios(versus="fulltime", intercept=True).set_index(["outcome", "term"])[columns]
    second = refit.odds_ratios(intercept=True).set_index(["outcome", "term"])[columns]
    pd.testing.assert_frame_equal(first.sort_index(), second.sort_index(), rtol=1e-7, atol=0)
    data = data_of(case)
    for scale in ("logits", "odds"):
        one, other = getattr(fit, scale)(data, versus="fulltime"), getattr(refit, scale)(data)
        assert set(one.columns) == set(other.columns) == {"not.work", "parttime"}
        pd.testing.assert_frame_equal(one[list(other.columns)], other, rtol=1e-9)
    pd.testing.assert_frame_equal(
        fit.probabilities(data)[["fulltime", "not.work", "parttime"]],
        refit.probabilities(data)[["fulltime", "not.work", "parttime"]],
        rtol=1e-9,
    )


NESTED = {
    "a01_birthwt": "lwt + race + smoke + ht + ui",
    "a02_titanic": "sex + passengerClass + age",
    "a03_womenlf": "hincome + children",
}


@pytest.mark.parametrize("name", NESTED)
def test_likelihood_ratio_of_nested_fits(name: str) -> None:
    case = case_of(name)
    nested = case["expected"]["nested_lr"]
    assert nested["restricted_formula_r"].split("~")[1].strip() == NESTED[name]
    full, restricted = fitted_to(case), fitted_to(case, NESTED[name])
    assert 2 * (full.loglik - restricted.loglik) == pytest.approx(nested["chi2"], rel=RATIO_RTOL)
    assert full.df_model - restricted.df_model == nested["df"]


def test_larger_model_with_frequency_weights() -> None:
    case = case_of("a10_alligators")
    larger = case["expected"]["larger_model"]
    fit = fitted_to(case, "lake + size + gender")
    names = {**term_names(case["parameters"]), "genderFemale": "gender[T.Female]"}
    coef = keyed(case, larger["coef"], names, "")
    table = fit.coefficients()
    actual = {
        (str(o), t): v for o, t, v in zip(table["outcome"], table["term"], table["estimate"], strict=True)
    }
    assert set(actual) == set(coef)
    for key, value in coef.items():
        assert actual[key] == pytest.approx(value, rel=1e-8), key
    assert fit.loglik == pytest.approx(larger["loglik"], rel=LOGLIK_RTOL)
    smaller = fitted_to(case)
    assert 2 * (fit.loglik - smaller.loglik) == pytest.approx(larger["lr_gender"]["chi2"], rel=RATIO_RTOL)


def test_zero_frequencies_count_for_nothing() -> None:
    case = case_of("a10_alligators")
    data = data_of(case)
    fit = fitted_to(case)
    assert fit.n_rows == int((data["freq"] > 0).sum())
    assert fit.sum_weights == data["freq"].sum() == case["expected"]["n_used"]


def test_frequencies_agree_with_repeated_rows() -> None:
    case = case_of("a10_alligators")
    data = data_of(case)
    repeated = data.loc[data.index.repeat(data["freq"])].reset_index(drop=True)
    fit = logreg.fit("foodchoice ~ lake + size", repeated, baseline="Fish")
    check_estimates(fit, expected_of(case))
    check_statistics(fit, expected_of(case))


def test_saturated_grouped_model() -> None:
    case = case_of("a05_ucb")
    saturated = case["expected"]["saturated"]
    fit = fitted_to(case, "dept * gender")
    data = data_of(case)
    # closed form: the observed proportion in every cell
    observed = (data["admitted"] / (data["admitted"] + data["rejected"])).to_numpy()
    np.testing.assert_allclose(fit.probabilities(data)["admitted"].to_numpy(), observed, rtol=1e-10)
    table = fit.coefficients().set_index("term")["estimate"]
    names = {name: wire_name_of_r_cell(name) for name in saturated["coef"]}
    assert set(names.values()) == set(table.index)
    for name, value in saturated["coef"].items():
        assert table[names[name]] == pytest.approx(value, rel=1e-8), name


def wire_name_of_r_cell(name: str) -> str:
    """Return the name of a coefficient of ``dept * gender`` from R's (``deptB:genderFemale``)."""
    if name == "(Intercept)":
        return "Intercept"
    parts = [
        ("dept", p.removeprefix("dept")) if p.startswith("dept") else ("gender", "Female")
        for p in name.split(":")
    ]
    return ":".join(f"{variable}[T.{level}]" for variable, level in parts)


def test_grouped_agrees_with_one_row_per_applicant() -> None:
    case = case_of("a05_ucb")
    data = data_of(case)
    long = pd.concat(
        [
            data[["dept", "gender"]].assign(outcome=outcome).loc[data.index.repeat(data[outcome])]
            for outcome in ("rejected", "admitted")
        ],
        ignore_index=True,
    )
    long["outcome"] = pd.Categorical(long["outcome"], ["rejected", "admitted"])
    fit = logreg.fit("outcome ~ dept + gender", long)
    expected = expected_of(case)
    check_estimates(fit, expected)
    check_covariance(fit, expected)
    statistics = {name: value for name, value in expected.statistics.items() if name != "n_rows"}
    check_statistics(fit, replace(expected, statistics={**statistics, "n_rows": 4526}))


def test_sum_coded_interactions() -> None:
    case = case_of("a02_titanic")
    coded = case["expected"]["sum_coded"]
    right = "{sex} * {passengerClass} + {sex} * age".format(**SUM_CODED_LEVELS)
    fit = fitted_to(case, right)
    names = term_names(coded["parameters"])
    coef, se = (keyed(case, coded[part], names, "yes") for part in ("coef", "se"))
    check_estimates(fit, Expected(baseline="no", keys=tuple(coef), coef=coef, std_error=se))
    assert fit.loglik == pytest.approx(case["expected"]["fit"]["loglik"], rel=LOGLIK_RTOL)


def survey_fit(case: Mapping[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return fitted_to(case)


def test_survey_weighted_coefficients_and_probabilities() -> None:
    case = case_of(SURVEY)
    fit, names = survey_fit(case), term_names(case["parameters"])
    coef = keyed(case, case["expected"]["coef"], names, "Yes")
    table = fit.coefficients().set_index("term")["estimate"]
    assert set(table.index) == set(names.values())
    for (_, term), value in coef.items():
        assert table[term] == pytest.approx(value, rel=1e-8), term
    check = case["expected"]["fitted"]
    data = data_of(case)
    probabilities, logits = fit.probabilities(data)["Yes"].to_numpy(), fit.logits(data)["Yes"].to_numpy()
    np.testing.assert_allclose(probabilities[:10], check["prob"]["first10"], rtol=1e-10)
    np.testing.assert_allclose(logits[:10], check["link"]["first10"], rtol=1e-10)
    assert np.sum(probabilities**2) == pytest.approx(check["prob"]["sumsq"], rel=1e-10)
    assert np.sum(logits**2) == pytest.approx(check["link"]["sumsq"], rel=1e-10)


def test_survey_weighted_standard_errors() -> None:
    """Sampling weights without strata: linearised standard errors with the factor n / (n - 1)."""
    case = case_of(SURVEY)
    fit, names = survey_fit(case), term_names(case["parameters"])
    se = keyed(case, case["expected"]["weights_only"]["se"], names, "Yes")
    table = fit.coefficients().set_index("term")["std_error"]
    for (_, term), value in se.items():
        assert table[term] == pytest.approx(value, rel=1e-8), term
