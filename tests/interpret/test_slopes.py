"""Average marginal effects: against R for all published cases, finite differences and closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.data import open_source
from logreg.interpret.grids import plan_of
from logreg.interpret.slope_averages import slope_estimates

from ..reference.test_cases import case_of, data_of, fitted_to
from .test_averages import numeric_std_errors

CASES = (
    "a01_birthwt",
    "a02_titanic",
    "a03_womenlf",
    "a05_ucb",
    "a08_contraception",
    "a09_pima_glmnet",
    "a10_alligators",
)
#: The bar for average effects and their errors.
AME = 1e-7


def by_label(found: pd.DataFrame) -> dict[tuple[str, str], tuple[float, float]]:
    """Return (estimate, std_error) by outcome and the label that the case files use."""
    result = {}
    for line in found.itertuples():
        label = line.variable if line.contrast == "dy/dx" else f"{line.variable}[{line.contrast}]"
        result[line.outcome, label] = (line.estimate, line.std_error)
    return result


def expected_effects(case: dict[str, Any], name: str, event: str) -> dict[tuple[str, str], Any]:
    effects = case["expected"][name]
    if case["kind"] == "multinomial":
        return {(k, label): value for label, by in effects.items() for k, value in by.items()}
    return {(event, label): value for label, value in effects.items()}


@pytest.mark.parametrize("name", CASES)
def test_average_effects_of_the_published_cases(name: str) -> None:
    case = case_of(name)
    fit = fitted_to(case)
    found = by_label(fit.slopes())
    expected = expected_effects(case, "ame", fit.spec.outcome.names[1])
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert found[key][0] == pytest.approx(value["estimate"], rel=AME, abs=1e-12), key
        assert found[key][1] == pytest.approx(value["se"], rel=AME), key


def test_average_effects_with_clustered_errors() -> None:
    case = case_of("a08_contraception")
    fit = fitted_to(case, covariance=logreg.cluster(case["cluster"], kind="CR1"))
    expected = expected_effects(case, "ame_cluster_CR1", fit.spec.outcome.names[1])
    found = by_label(fit.slopes())
    for key, value in expected.items():
        assert found[key][1] == pytest.approx(value["se"], rel=AME), key


@pytest.fixture(scope="module")
def birthwt() -> pd.DataFrame:
    return data_of(case_of("a01_birthwt"))


def brute_slopes(data: pd.DataFrame, name: str, h: float, verb: str = "probabilities") -> Any:
    """Return a function of a fit: average derivatives of all outcomes by fourth-order differences."""

    def of(fit: Any) -> np.ndarray:
        def average(k: float) -> np.ndarray:
            return getattr(fit, verb)(data.assign(**{name: data[name] + k * h})).mean().to_numpy()

        return (8 * (average(1) - average(-1)) - (average(2) - average(-2))) / (12 * h)

    return of


@pytest.mark.parametrize(
    "formula",
    [
        "low ~ age * smoke + I(age^2) + lwt",
        "low ~ poly(age, 2) + race:scale(lwt)",
        "low ~ bs(age, df=5) + ns(lwt, df=3)",
        "low ~ ns(age, df=3) * smoke + lwt",
        "low ~ log(age) * smoke + C(race, Sum)",
    ],
)
def test_derivatives_of_transformed_variables(birthwt: pd.DataFrame, formula: str) -> None:
    fit = logreg.fit(formula, birthwt)
    of = brute_slopes(birthwt, "age", 2e-3)
    found = fit.slopes("age").iloc[0]
    assert found["estimate"] == pytest.approx(of(fit)[1], rel=1e-8)
    # Differences of differences: the reference is good to about 1e-6.
    assert found["std_error"] == pytest.approx(numeric_std_errors(fit, of)[1], rel=3e-6)


@pytest.mark.parametrize("scale", ["logit", "odds"])
def test_other_scales(scale: str) -> None:
    fit = fitted_to(case_of("a03_womenlf"))
    data = data_of(case_of("a03_womenlf"))
    of = brute_slopes(data, "hincome", 1e-2, {"logit": "logits", "odds": "odds"}[scale])
    found = fit.slopes("hincome", scale=scale)
    np.testing.assert_allclose(found["estimate"], of(fit), rtol=1e-8)
    np.testing.assert_allclose(found["std_error"], numeric_std_errors(fit, of), rtol=1e-6)
    if scale == "logit":
        np.testing.assert_allclose(found["estimate"], fit.coef.xs("hincome", level="term"), rtol=1e-12)


@pytest.mark.parametrize("kind", ["eyex", "dyex", "eydx"])
def test_elasticities(kind: str) -> None:
    fit = fitted_to(case_of("a03_womenlf"))
    data = data_of(case_of("a03_womenlf"))
    x = data["hincome"].to_numpy()[:, np.newaxis]

    def of(one: Any) -> np.ndarray:
        h = 1e-2
        moved = {
            k: one.probabilities(data.assign(hincome=data["hincome"] + k * h)).to_numpy()
            for k in (-2, -1, 1, 2)
        }
        slope = (8 * (moved[1] - moved[-1]) - (moved[2] - moved[-2])) / (12 * h)
        slope = slope / (one.probabilities(data).to_numpy() if kind.startswith("ey") else 1.0)
        return (slope * (x if kind.endswith("ex") else 1.0)).mean(axis=0)

    found = fit.slopes("hincome", kind=kind)
    np.testing.assert_allclose(found["estimate"], of(fit), rtol=1e-7, atol=1e-11)
    np.testing.assert_allclose(found["std_error"], numeric_std_errors(fit, of), rtol=1e-6)
    assert set(fit.slopes(kind=kind)["variable"]) == {"hincome"}


@pytest.mark.parametrize("name", ["a01_birthwt", "a03_womenlf", "a09_pima_glmnet"])
def test_products_of_probabilities_agree_with_differentiating_row_by_row(name: str) -> None:
    fit = fitted_to(case_of(name))
    numbers = [c.name for c in fit.spec.columns if c.name in fit.spec.predictors]
    plan = plan_of(
        fit,
        fit._rows.access(),
        "slopes",
        data=None,
        at=None,
        by=None,
        others="observed",
        weights=None,
        average=True,
    )
    fast, slow = (slope_estimates(fit, plan, numbers, general=general) for general in (False, True))
    np.testing.assert_allclose(fast.values, slow.values, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(fast.std_errors(fit), slow.std_errors(fit), rtol=1e-11)


def test_trends_within_levels() -> None:
    """emtrends: the slope of the logit by sex, and on the probability scale at given values."""
    case = case_of("a02_titanic")
    fit = fitted_to(case)
    expected = case["expected"]["emtrends_age_by_sex"]
    found = fit.slopes("age", at={"sex": expected["levels"]}, scale="logit")
    np.testing.assert_allclose(found["estimate"], expected["trend"], rtol=1e-8)
    np.testing.assert_allclose(found["std_error"], expected["se"], rtol=1e-8)


def test_at_values_groups_and_the_typical_row(birthwt: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ age * smoke + I(age^2) + race", birthwt)
    found = fit.slopes("age", at={"age": [20, 30], "smoke": ["yes"]})
    for age, estimate in zip(found["age"], found["estimate"], strict=True):
        of = brute_slopes(birthwt.assign(age=age, smoke="yes"), "age", 1e-2)
        assert estimate == pytest.approx(of(fit)[1], rel=1e-8)
    groups = fit.slopes("age", by="race").set_index("race")["estimate"]
    for race, part in birthwt.groupby("race", observed=True):
        assert groups[race] == pytest.approx(brute_slopes(part, "age", 1e-2)(fit)[1], rel=1e-8)
    plain = logreg.fit("low ~ age + smoke", birthwt)
    typical = plain.slopes("age", at="mean").iloc[0]
    p = plain.probabilities({"age": [birthwt["age"].mean()], "smoke": ["no"]})["1"][0]
    assert typical["estimate"] == pytest.approx(plain.coef["1", "age"] * p * (1 - p), rel=1e-10)


def test_mixed_models_take_each_variable_the_shorter_way(birthwt: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ age + ns(lwt, df=3) + ptl + smoke", birthwt)
    options = {
        "data": None,
        "at": {"smoke": ["no", "yes"]},
        "by": "race",
        "others": "observed",
        "weights": None,
    }
    plan = plan_of(fit, fit._rows.access(), "slopes", average=True, **options)
    names = ["age", "lwt", "ptl"]
    fast, slow = (slope_estimates(fit, plan, names, general=general) for general in (False, True))
    np.testing.assert_allclose(fast.values, slow.values, rtol=1e-11)
    np.testing.assert_allclose(fast.std_errors(fit), slow.std_errors(fit), rtol=1e-11)


def test_rows_average_to_the_average(birthwt: pd.DataFrame) -> None:
    for fit in (logreg.fit("low ~ age * smoke + lwt", birthwt), fitted_to(case_of("a03_womenlf"))):
        rows = fit.slopes(average=False)
        means = rows.groupby(["variable", "contrast", "outcome"])["estimate"].mean()
        for line in fit.slopes().itertuples():
            assert means[line.variable, line.contrast, line.outcome] == pytest.approx(line.estimate, rel=1e-9)


def test_error_of_a_row_is_that_of_its_average(birthwt: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ ns(age, df=3) + smoke", birthwt)
    rows = fit.slopes("age", average=False).iloc[:3]
    for k in range(3):
        alone = fit.slopes("age", data=birthwt.iloc[[k]]).iloc[0]
        assert rows["std_error"][k] == pytest.approx(alone["std_error"], rel=1e-10)


def test_blocks_and_frequencies(birthwt: pd.DataFrame) -> None:
    data = birthwt.assign(n=1 + np.arange(len(birthwt)) % 3)
    for formula in ("low ~ age + lwt + race", "low ~ ns(age, df=3) * smoke + lwt"):
        whole = logreg.fit(formula, data, weights="n")
        blocks = logreg.fit(formula, open_source(data, block_rows=7), weights="n")
        repeated = logreg.fit(formula, data.loc[data.index.repeat(data["n"])].reset_index(drop=True))
        for options in ({}, {"by": "smoke"}, {"unconditional": True}):
            first = whole.slopes(**options)
            pd.testing.assert_frame_equal(first, blocks.slopes(**options), rtol=1e-9)
            pd.testing.assert_frame_equal(first, repeated.slopes(**options), rtol=1e-7)


def test_unconditional_variance(birthwt: pd.DataFrame) -> None:
    for formula in ("low ~ age + lwt", "low ~ age + I(age^2) + lwt"):
        fit = logreg.fit(formula, birthwt)
        rows = fit.slopes("age", average=False)["estimate"]
        plain, more = (fit.slopes("age", unconditional=u)["std_error"][0] for u in (False, True))
        assert more**2 == pytest.approx(plain**2 + rows.var(ddof=1) / len(rows), rel=1e-9)


def test_far_from_zero_nothing_is_lost(birthwt: pd.DataFrame) -> None:
    near = logreg.fit("low ~ age + lwt", birthwt).slopes()
    far = logreg.fit("low ~ age + lwt", birthwt.assign(age=birthwt["age"] + 1e6)).slopes()
    np.testing.assert_allclose(far["estimate"], near["estimate"], rtol=1e-8)
    np.testing.assert_allclose(far["std_error"], near["std_error"], rtol=1e-7)


def test_offset_moves_with_its_variable(birthwt: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ lwt + offset(age / 50)", birthwt)
    of = brute_slopes(birthwt, "lwt", 1e-2)
    assert fit.slopes("lwt")["estimate"][0] == pytest.approx(of(fit)[1], rel=1e-8)
    both = logreg.fit("low ~ age + lwt + offset(log(age))", birthwt)
    of = brute_slopes(birthwt, "age", 1e-2)
    found = both.slopes("age").iloc[0]
    assert found["estimate"] == pytest.approx(of(both)[1], rel=1e-8)
    assert found["std_error"] == pytest.approx(numeric_std_errors(both, of)[1], rel=1e-6)


def test_numbers_that_are_0_and_1_have_a_derivative(birthwt: pd.DataFrame) -> None:
    data = birthwt.assign(smokes=(birthwt["smoke"] == "yes") * 1)
    fit = logreg.fit("low ~ age + smokes", data)
    p = fit.probabilities()["1"]
    expected = fit.coef["1", "smokes"] * (p * (1 - p)).mean()
    found = fit.slopes("smokes").iloc[0]
    assert found["contrast"] == "dy/dx"
    assert found["estimate"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.filterwarnings("ignore::logreg.errors.LogregWarning")
def test_separated_numbers_have_infinite_slopes() -> None:
    """NV's coefficient is infinite: so is its slope where the outcome is open, and no error is invented."""
    data = data_of(case_of("a04_endometrial"))
    fit = logreg.fit("HG ~ NV + PI + EH", data)
    found = fit.slopes().set_index("variable")
    assert found.loc["NV", "estimate"] == np.inf
    assert np.isnan(found.loc["NV", ["std_error", "p_value"]].astype(float)).all()
    rows = fit.slopes("NV", average=False)
    assert set(rows["estimate"]) == {0.0, np.inf}
    assert rows["std_error"].isna().all()
    # The others: the maximum in the limit is that of the rows with NV = 0.
    rest = data[data["NV"] == 0]
    limit = logreg.fit("HG ~ PI + EH", rest).slopes().set_index("variable")
    share = len(rest) / len(data)
    for name in ("PI", "EH"):
        assert found.loc[name, "estimate"] == pytest.approx(limit.loc[name, "estimate"] * share, rel=1e-7)
        assert found.loc[name, "std_error"] == pytest.approx(limit.loc[name, "std_error"] * share, rel=1e-6)
    assert fit.slopes("NV", scale="logit")["estimate"][0] == np.inf


@pytest.mark.parametrize(
    ("variables", "options", "message"),
    [
        ({"age": 10}, {}, "no steps"),
        ("age", {"kind": "dxdy"}, "kind='dxdy'"),
        ("age", {"kind": "eyex", "scale": "odds"}, "elasticity"),
        ("smoke", {"kind": "eyex"}, "has levels"),
        ("smoke", {"at": {"smoke": ["yes"]}}, "set by at="),
        ("agee", {}, "Did you mean 'age'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    birthwt: pd.DataFrame, variables: Any, options: dict[str, Any], message: str
) -> None:
    fit = logreg.fit("low ~ age + smoke", birthwt)
    with pytest.raises(logreg.SupportError, match=message):
        fit.slopes(variables, **options)
