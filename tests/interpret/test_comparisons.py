"""Comparisons: against R's average effects, marginaleffects, brute force and closed forms."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.data import open_source
from logreg.interpret.comparisons import comparison_estimates

from ..reference.test_cases import case_of, data_of, fitted_to
from .test_averages import AVERAGES, PEER_ERROR, numeric_std_errors

MEASURES = {
    "differenceavg": "difference",
    "ratioavg": "ratio",
    "lnratioavg": "log_ratio",
    "lnoravg": "log_odds_ratio",
}


@pytest.fixture(scope="module")
def birthwt() -> pd.DataFrame:
    return data_of(case_of("a01_birthwt"))


@pytest.fixture(scope="module")
def peer(birthwt: pd.DataFrame) -> Any:
    return logreg.fit(AVERAGES["formula"], birthwt)


@pytest.fixture(scope="module")
def women() -> Any:
    return fitted_to(case_of("a03_womenlf"))


@pytest.mark.parametrize(("name", "contrast"), MEASURES.items())
def test_measures_agree_with_marginaleffects(peer: Any, name: str, contrast: str) -> None:
    asked = {"age": (20, 30), "smoke": None, "race": "pairwise"}
    found, expected = peer.comparisons(asked, contrast=contrast), AVERAGES[name]
    assert found["variable"].tolist() == expected["term"]
    np.testing.assert_allclose(found["estimate"], expected["estimate"], rtol=1e-9)
    np.testing.assert_allclose(found["std_error"], expected["std_error"], rtol=PEER_ERROR)
    if contrast == "difference":
        assert found["contrast"].tolist() == expected["contrast"]


def test_groups_moves_and_rows_agree_with_marginaleffects(peer: Any) -> None:
    pairs = [
        (peer.comparisons("smoke", by="race"), AVERAGES["by_race"]),
        (peer.comparisons({"age": "iqr"}), AVERAGES["moves"]["iqr"]),
        (peer.comparisons({"age": "minmax"}), AVERAGES["moves"]["minmax"]),
        (peer.comparisons({"age": (20, 30)}, average=False).head(10), AVERAGES["rows"]),
    ]
    for found, expected in pairs:
        np.testing.assert_allclose(found["estimate"], expected["estimate"], rtol=1e-9)
        np.testing.assert_allclose(found["std_error"], expected["std_error"], rtol=2e-6)


def test_effect_of_sex_within_class() -> None:
    case = case_of("a02_titanic")
    fit = fitted_to(case)
    found = fit.comparisons("sex", by="passengerClass").set_index("passengerClass")
    for level, expected in case["expected"]["ame_sex_within_class"].items():
        assert found.loc[level, "estimate"] == pytest.approx(expected["estimate"], rel=1e-8)
        assert found.loc[level, "std_error"] == pytest.approx(expected["se"], rel=1e-7)


def brute(fit: Any, data: pd.DataFrame, name: str, low: Any, high: Any) -> Any:
    """Return a function of a fit: the change of average probabilities of all outcomes."""

    def averages(of: Any) -> np.ndarray:
        a = of.probabilities(data.assign(**{name: low})).mean().to_numpy()
        b = of.probabilities(data.assign(**{name: high})).mean().to_numpy()
        return (b - a)[1 if fit.is_binary else 0 :]

    return averages


@pytest.mark.parametrize(
    "formula",
    [
        "low ~ ns(age, df=3) * smoke + race + lwt",
        "low ~ poly(age, 2) + C(ftv) + smoke:race",
        "low ~ log(age) + I(age > 25) + bs(lwt, df=4) + C(race, Sum)",
    ],
)
def test_steps_move_every_column_of_a_variable(birthwt: pd.DataFrame, formula: str) -> None:
    data = birthwt.assign(ftv=birthwt["ftv"].clip(upper=2))
    fit = logreg.fit(formula, data)
    found = fit.comparisons({"age": 3}).iloc[0]
    of = brute(fit, data, "age", data["age"], data["age"] + 3)
    assert found["estimate"] == pytest.approx(of(fit)[0], rel=1e-10)
    assert found["std_error"] == pytest.approx(numeric_std_errors(fit, of)[0], rel=1e-7)


def test_multinomial_differences_and_their_sum(women: Any) -> None:
    data = data_of(case_of("a03_womenlf"))
    found = women.comparisons({"hincome": 5})
    of = brute(women, data, "hincome", data["hincome"], data["hincome"] + 5)
    np.testing.assert_allclose(found["estimate"], of(women), rtol=1e-10)
    np.testing.assert_allclose(found["std_error"], numeric_std_errors(women, of), rtol=1e-7)
    assert abs(found["estimate"].sum()) < 1e-14


def test_known_changes_agree_with_encoding_again(birthwt: pd.DataFrame, women: Any) -> None:
    formula = "low ~ age + ns(lwt, df=3) + race + C(ftv) + smoke * ptl"
    fit = logreg.fit(formula, birthwt.assign(ftv=birthwt["ftv"].clip(upper=2)))
    for one in (fit, women):
        names = list(one.spec.predictors)
        for at in (None, {names[0]: [20.0, 30.0]}):
            _, fast = comparison_estimates(one, one._rows.access(), at=at)
            _, slow = comparison_estimates(one, one._rows.access(), at=at, encode_all=True)
            np.testing.assert_allclose(fast.values, slow.values, rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(fast.std_errors(one), slow.std_errors(one), rtol=1e-12)


def test_marginal_odds_ratio_is_of_averages(peer: Any, birthwt: pd.DataFrame) -> None:
    p, q = (peer.probabilities(birthwt.assign(smoke=level))["1"].mean() for level in ("yes", "no"))
    found = peer.comparisons("smoke", contrast="odds_ratio").iloc[0]
    assert found["estimate"] == pytest.approx(p / (1 - p) / (q / (1 - q)), rel=1e-12)
    logs = peer.comparisons("smoke", contrast="log_odds_ratio").iloc[0]
    assert found["conf_low"] == pytest.approx(np.exp(logs["conf_low"]), rel=1e-12)
    assert found["p_value"] == pytest.approx(logs["p_value"], rel=1e-12)
    assert found["contrast"] == "odds_ratio(yes / no)"
    lift, ratio = (peer.comparisons("smoke", contrast=name).iloc[0] for name in ("lift", "ratio"))
    for column in ("estimate", "conf_low", "conf_high"):
        assert lift[column] == pytest.approx(ratio[column] - 1, rel=1e-12)
    assert lift["p_value"] == pytest.approx(ratio["p_value"], rel=1e-9)


def test_conditional_odds_ratio_without_averaging(birthwt: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ age + smoke", birthwt)
    rows = fit.comparisons("smoke", contrast="odds_ratio", average=False)
    wald = fit.odds_ratios().set_index("variable").loc["smoke"]
    np.testing.assert_allclose(rows["estimate"], wald["odds_ratio"], rtol=1e-10)
    np.testing.assert_allclose(rows["conf_high"], wald["conf_high"], rtol=1e-8)
    logits = fit.comparisons("age", scale="logit").iloc[0]
    coefficients = fit.coefficients().set_index("term").loc["age"]
    assert logits["estimate"] == pytest.approx(coefficients["estimate"], rel=1e-10)
    assert logits["std_error"] == pytest.approx(coefficients["std_error"], rel=1e-10)


def test_number_needed_has_two_parts_where_the_difference_may_be_zero(peer: Any) -> None:
    for name in ("smoke", "age"):
        difference = peer.comparisons(name).iloc[0]
        needed = peer.comparisons(name, contrast="number_needed").iloc[0]
        ends = sorted((1 / difference["conf_low"], 1 / difference["conf_high"]))
        assert needed["estimate"] == pytest.approx(1 / difference["estimate"], rel=1e-12)
        assert [needed["conf_low"], needed["conf_high"]] == pytest.approx(ends, rel=1e-12)
        assert needed["p_value"] == difference["p_value"]
        inside = needed["conf_low"] < needed["estimate"] < needed["conf_high"]
        crosses = difference["conf_low"] < 0 < difference["conf_high"]
        assert inside != crosses
        assert (needed["conf_low"] < 0 < needed["conf_high"]) == crosses


def test_second_differences(peer: Any, birthwt: pd.DataFrame) -> None:
    def of(fit: Any) -> np.ndarray:
        p = {
            (s, a): fit.probabilities(birthwt.assign(smoke=s, age=birthwt["age"] + a))["1"].mean()
            for s in ("no", "yes")
            for a in (0, 10)
        }
        return np.array([p["yes", 10] - p["no", 10] - p["yes", 0] + p["no", 0]])

    found = peer.comparisons({"smoke": None, "age": 10}, cross=True).iloc[0]
    assert found["estimate"] == pytest.approx(of(peer)[0], rel=1e-10)
    assert found["std_error"] == pytest.approx(numeric_std_errors(peer, of)[0], rel=1e-7)
    assert (found["variable"], found["contrast"]) == ("smoke:age", "(yes - no) x (+10)")
    rows = peer.comparisons({"smoke": None, "age": 10}, cross=True, average=False)
    assert rows["estimate"].mean() == pytest.approx(found["estimate"], rel=1e-10)


def test_rows_average_to_the_average(women: Any) -> None:
    average = women.comparisons()
    rows = women.comparisons(average=False)
    means = rows.groupby(["variable", "contrast", "outcome"])["estimate"].mean()
    for line in average.itertuples():
        assert means[line.variable, line.contrast, line.outcome] == pytest.approx(line.estimate, rel=1e-10)


def test_switches_go_from_0_to_1(birthwt: pd.DataFrame) -> None:
    data = birthwt.assign(smokes=(birthwt["smoke"] == "yes"), numeric=(birthwt["smoke"] == "yes") * 1)
    reference = logreg.fit("low ~ age + smoke", data).comparisons("smoke").iloc[0]
    for name, label in {"smokes": "True - False", "numeric": "1 - 0"}.items():
        found = logreg.fit(f"low ~ age + {name}", data).comparisons(name).iloc[0]
        assert found["estimate"] == pytest.approx(reference["estimate"], rel=1e-10)
        assert found["std_error"] == pytest.approx(reference["std_error"], rel=1e-8)
        assert found["contrast"] == label


def test_pairs_of_levels(peer: Any) -> None:
    labels = {
        "reference": ["black - white", "other - white"],
        "sequential": ["black - white", "other - black"],
        "pairwise": ["black - white", "other - white", "other - black"],
        ("other", "black"): ["black - other"],
    }
    for how, expected in labels.items():
        assert peer.comparisons({"race": how})["contrast"].tolist() == expected
    assert peer.comparisons({"age": -5})["contrast"].tolist() == ["-5"]


def test_numbers_used_as_levels(birthwt: pd.DataFrame) -> None:
    data = birthwt.assign(ftv=birthwt["ftv"].clip(upper=2))
    fit = logreg.fit("low ~ C(ftv) + age", data)
    found = fit.comparisons("ftv")
    assert found["contrast"].tolist() == ["1 - 0", "2 - 0"]
    expected = (
        fit.probabilities(data.assign(ftv=2))["1"].mean() - fit.probabilities(data.assign(ftv=0))["1"].mean()
    )
    assert found["estimate"][1] == pytest.approx(expected, rel=1e-10)


def test_blocks_and_weights_give_the_same(birthwt: pd.DataFrame) -> None:
    data = birthwt.assign(n=1 + np.arange(len(birthwt)) % 3)
    formula = "low ~ age * smoke + race"
    whole = logreg.fit(formula, data, weights="n")
    blocks = logreg.fit(formula, open_source(data, block_rows=7), weights="n")
    repeated = logreg.fit(formula, data.loc[data.index.repeat(data["n"])].reset_index(drop=True))
    for options in ({}, {"by": "race"}, {"contrast": "ratio", "at": {"smoke": ["no", "yes"]}}):
        first = whole.comparisons(**options)
        pd.testing.assert_frame_equal(first, blocks.comparisons(**options), rtol=1e-9)
        pd.testing.assert_frame_equal(first, repeated.comparisons(**options), rtol=1e-7)
    a, b = (fit.comparisons(unconditional=True) for fit in (whole, repeated))
    pd.testing.assert_frame_equal(a, b, rtol=1e-7)


def test_unconditional_variance_of_a_difference(peer: Any) -> None:
    rows = peer.comparisons("smoke", average=False)["estimate"]
    plain, more = (peer.comparisons("smoke", unconditional=u)["std_error"][0] for u in (False, True))
    assert more**2 == pytest.approx(plain**2 + rows.var(ddof=1) / len(rows), rel=1e-9)


def test_robust_covariances_are_used(birthwt: pd.DataFrame) -> None:
    formula = "low ~ age + smoke"
    model, robust = (logreg.fit(formula, birthwt, covariance=kind) for kind in ("model", "HC1"))
    of = brute(robust, birthwt, "smoke", "no", "yes")
    found = robust.comparisons("smoke").iloc[0]
    assert found["std_error"] == pytest.approx(numeric_std_errors(robust, of)[0], rel=1e-7)
    assert found["std_error"] != pytest.approx(model.comparisons("smoke")["std_error"][0], rel=1e-4)


def test_separated_levels_have_no_error() -> None:
    data = pd.DataFrame(
        {"g": ["a"] * 20 + ["b"] * 10 + ["c"] * 20, "y": [0, 1] * 10 + [1] * 10 + [0, 0, 0, 1] * 5}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        fit = logreg.fit("y ~ g", data)
    found = fit.comparisons("g").set_index("contrast")
    assert found.loc["b - a", "estimate"] == pytest.approx(0.5)
    assert np.isnan(found.loc["b - a", "std_error"])
    assert found.loc["c - a", "estimate"] == pytest.approx(-0.25)
    expected = np.sqrt(0.25 / 20 + 0.75 * 0.25 / 20)
    assert found.loc["c - a", "std_error"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("variables", "options", "message"),
    [
        ("agee", {}, "Did you mean 'age'"),
        ({"age": "iqrr"}, {}, "iqrr"),
        ({"age": 0}, {}, "a step that is not 0"),
        ({"age": (1, 2, 3)}, {}, "not supported for numbers"),
        ({"race": 2}, {}, "not supported for levels"),
        ({"race": ("white", "green")}, {}, "'green' is not a level"),
        ("smoke", {"contrast": "risk"}, "contrast='risk'"),
        ("smoke", {"contrast": "ratio", "scale": "logit"}, "no meaning on scale='logit'"),
        ("smoke", {"at": {"smoke": ["yes"]}}, "cannot be set by at="),
        ("smoke", {"cross": True}, "two variables"),
        (["smoke", "age"], {"cross": True, "contrast": "ratio"}, "two variables"),
        (["smoke", "age"], {"cross": "yes"}, "cross='yes'"),
        (5, {}, "variables=5"),
        ([], {}, "no variable"),
    ],
)
def test_what_makes_no_sense_is_refused(
    peer: Any, variables: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(logreg.SupportError, match=message):
        peer.comparisons(variables, **options)
