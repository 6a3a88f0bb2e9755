"""Marginal means and their contrasts: against R's emmeans."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg

from ..reference.comparison import HERE, read_json
from ..reference.test_cases import case_of, data_of, fitted_to

EMMEANS = read_json(HERE / "own" / "effects" / "emmeans.json")


@pytest.fixture(scope="module")
def birthwt() -> pd.DataFrame:
    return data_of(case_of("a01_birthwt"))


@pytest.fixture(scope="module")
def spline(birthwt: pd.DataFrame) -> Any:
    return logreg.fit(EMMEANS["spline"]["formula"], birthwt)


def assert_means(found: pd.DataFrame, expected: dict[str, Any], rtol: float = 1e-9) -> None:
    """Compare with a frame of emmeans, whose first factor varies fastest."""
    labels = [name for name in expected if name in found.columns]
    table = found.set_index(labels)
    for k in range(len(expected["SE"])):
        key = tuple(expected[name][k] for name in labels)
        line = table.loc[key if len(key) > 1 else key[0]]
        names = {
            "estimate": "emmean" if "emmean" in expected else "prob",
            "std_error": "SE",
            "conf_low": "asymp.LCL",
            "conf_high": "asymp.UCL",
        }
        for ours, theirs in names.items():
            assert line[ours] == pytest.approx(expected[theirs][k], rel=rtol), (key, ours)


@pytest.mark.parametrize(
    ("case_name", "key", "variables"),
    [
        ("a01_birthwt", "emmeans", ["race"]),
        ("a02_titanic", "emmeans", ["sex", "passengerClass"]),
        ("a02_titanic", "emmeans_class", ["passengerClass"]),
        ("a05_ucb", "emmeans", ["dept"]),
    ],
)
def test_means_of_the_published_cases(case_name: str, key: str, variables: list[str]) -> None:
    case = case_of(case_name)
    fit = fitted_to(case)
    link = fit.marginal_means(variables).set_index(variables)
    probability = fit.marginal_means(variables, scale="probability").set_index(variables)
    assert len(link) == len(case["expected"][key]["rows"])
    for row in case["expected"][key]["rows"]:
        cell = tuple(row["levels"][name] for name in variables)
        cell = cell if len(cell) > 1 else cell[0]
        assert link.loc[cell, "estimate"] == pytest.approx(row["link"], rel=1e-8)
        assert link.loc[cell, "std_error"] == pytest.approx(row["se"], rel=1e-8)
        for column, name in {
            "estimate": "prob",
            "std_error": "prob_se",
            "conf_low": "prob_lower",
            "conf_high": "prob_upper",
        }.items():
            assert probability.loc[cell, column] == pytest.approx(row[name], rel=1e-8)


def test_pairs_of_a_published_case() -> None:
    case = case_of("a01_birthwt")
    found = fitted_to(case).pairwise("race", adjust="none").set_index("contrast")
    for row in case["expected"]["emmeans_pairs"]:
        first, second = row["contrast"].split(" - ")
        line = found.loc[f"{second} - {first}"]
        assert line["estimate"] == pytest.approx(-row["estimate"], rel=1e-8)
        assert line["std_error"] == pytest.approx(row["se"], rel=1e-8)
        assert line["p_value"] == pytest.approx(row["p_unadjusted"], rel=1e-7)


def test_pairs_adjusted_by_tukey() -> None:
    case = case_of("a01_birthwt")
    found = fitted_to(case).pairwise("race").set_index("contrast")
    for row in case["expected"]["emmeans_pairs"]:
        first, second = row["contrast"].split(" - ")
        line = found.loc[f"{second} - {first}"]
        assert line["p_value"] == pytest.approx(row["p_tukey"], rel=1e-6)
        assert line["conf_low"] < line["estimate"] - 2.3 * line["std_error"]


def test_splines_interactions_and_weights(spline: Any) -> None:
    expected = EMMEANS["spline"]
    assert_means(spline.marginal_means("smoke"), expected["smoke_link"])
    assert_means(spline.marginal_means("smoke", scale="probability"), expected["smoke_response"])
    assert_means(spline.marginal_means("smoke", weights="observed"), expected["smoke_proportional"])
    assert_means(spline.marginal_means(["race", "smoke"], at={"age": 30}), expected["race_smoke_at_age"])
    regrid = spline.marginal_means("race", scale="probability", averaging="probability")
    for column, name in {"estimate": "prob", "std_error": "SE"}.items():
        np.testing.assert_allclose(regrid[column], expected["race_regrid"][name], rtol=1e-9)


def test_contrasts_and_odds_ratios(spline: Any) -> None:
    expected = EMMEANS["spline"]["race_pairs_none"]
    found = spline.pairwise("race", adjust="none")
    np.testing.assert_allclose(-found["estimate"], expected["estimate"], rtol=1e-9)
    np.testing.assert_allclose(-found["conf_high"], expected["asymp.LCL"], rtol=1e-9)
    ratios = EMMEANS["spline"]["race_odds_ratios"]
    odds = spline.pairwise("race", adjust="none", scale="odds")
    order = [ratios["contrast"].index(name) for name in odds["contrast"]]
    for column, name in {
        "estimate": "odds.ratio",
        "std_error": "SE",
        "conf_low": "asymp.LCL",
        "conf_high": "asymp.UCL",
    }.items():
        np.testing.assert_allclose(odds[column], np.array(ratios[name])[order], rtol=1e-9)


def test_polynomials_and_several_values(birthwt: pd.DataFrame) -> None:
    fit = logreg.fit(EMMEANS["poly"]["formula"], birthwt)
    assert_means(fit.marginal_means("race", at={"lwt": [100, 150]}), EMMEANS["poly"]["race_link"])
    assert_means(fit.marginal_means("smoke", weights="observed"), EMMEANS["poly"]["smoke_proportional"])
    shown = fit.marginal_means(["race", "lwt"], at={"lwt": [100, 150]})
    both = shown.groupby("race", sort=False)["estimate"].mean()
    np.testing.assert_allclose(both, EMMEANS["poly"]["race_link"]["emmean"], rtol=1e-9)


def test_multinomial_probabilities() -> None:
    """emmeans' mode "prob" averages probabilities; nnet stops 1e-6 from the optimum."""
    fit = fitted_to(case_of("a03_womenlf"))
    expected = EMMEANS["womenlf"]["children_prob"]
    found = fit.marginal_means("children", scale="probability", averaging="probability")
    table = found.set_index(["outcome", "children"])
    for k, key in enumerate(zip(expected["partic"], expected["children"], strict=True)):
        assert table.loc[key, "estimate"] == pytest.approx(expected["prob"][k], rel=1e-5)
        assert table.loc[key, "std_error"] == pytest.approx(expected["SE"][k], rel=1e-5)
    back = fit.marginal_means("children", scale="probability")
    np.testing.assert_allclose(back.groupby("children")["estimate"].sum(), 1.0, rtol=1e-12)
    logits = fit.marginal_means("children").set_index(["children", "outcome"])["estimate"].unstack()
    shares = np.exp(logits).assign(**{fit.spec.outcome.baseline: 1.0})
    shares = shares.div(shares.sum(axis=1), axis=0)
    for line in back.itertuples():
        assert line.estimate == pytest.approx(shares.loc[line.children, line.outcome], rel=1e-12)


@pytest.mark.parametrize(
    ("variables", "options", "message"),
    [
        ("rac", {}, "Did you mean 'race'"),
        ("age", {}, "at which values"),
        ("race", {"weights": "outer"}, "weights='outer'"),
        ("race", {"averaging": "probability"}, "gives probabilities"),
        ("race", {"averaging": "odds", "scale": "odds"}, "averaging='odds'"),
        ("race", {"at": {"smoke": ["maybe"]}}, "not a level"),
        ("race", {"at": {"smok": ["yes"]}}, "Did you mean 'smoke'"),
        ([], {}, "not a name"),
    ],
)
def test_what_makes_no_sense_is_refused(
    spline: Any, variables: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(logreg.SupportError, match=message):
        spline.marginal_means(variables, **options)
