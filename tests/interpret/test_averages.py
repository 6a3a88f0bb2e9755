"""Average and row-wise predictions: against marginaleffects, brute force, finite differences and limits."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.data import open_source

from ..reference.comparison import HERE, read_json
from ..reference.test_cases import case_of, data_of, fitted_to

AVERAGES = read_json(HERE / "own" / "effects" / "averages.json")
#: marginaleffects differentiates numerically, by one-sided differences.
PEER_ERROR = 1e-6


@pytest.fixture(scope="module")
def birthwt() -> pd.DataFrame:
    return data_of(case_of("a01_birthwt"))


@pytest.fixture(scope="module")
def peer(birthwt: pd.DataFrame) -> Any:
    return logreg.fit(AVERAGES["formula"], birthwt)


@pytest.fixture(scope="module")
def women() -> Any:
    return fitted_to(case_of("a03_womenlf"))


def perturbed(fit: Any, at: int, step: float) -> Any:
    """Return the fit with one coefficient moved, to differentiate anything it predicts."""
    coef = fit.coef_array.copy()
    coef.ravel()[at] += step
    return replace(fit, coef_array=coef, limit_coef=coef)


def numeric_std_errors(fit: Any, of: Any) -> np.ndarray:
    """Return delta-method errors of ``of(fit)`` with a Jacobian by fourth-order differences."""
    columns = []
    for k, error in enumerate(fit.std_error_array.ravel()):
        h = 1e-2 * error
        near = of(perturbed(fit, k, h)) - of(perturbed(fit, k, -h))
        far = of(perturbed(fit, k, 2 * h)) - of(perturbed(fit, k, -2 * h))
        columns.append((8 * near - far) / (12 * h))
    jacobian = np.stack(columns, axis=1)
    return np.sqrt(np.einsum("qa,ab,qb->q", jacobian, fit.vcov_array, jacobian))


def test_averages_agree_with_marginaleffects(peer: Any) -> None:
    for name, options in {
        "predictions": {},
        "predictions_by_race": {"by": "race"},
        "predictions_at_smoke": {"at": {"smoke": ["no", "yes"]}},
    }.items():
        found, expected = peer.predictions(**options), AVERAGES[name]
        np.testing.assert_allclose(found["estimate"], expected["estimate"], rtol=1e-12)
        np.testing.assert_allclose(found["std_error"], expected["std_error"], rtol=PEER_ERROR)


def test_columns_and_their_order(peer: Any) -> None:
    found = peer.predictions(by="race", at={"smoke": ["yes", "no"]})
    numbers = ["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]
    assert list(found.columns) == ["outcome", "race", "smoke", *numbers]
    assert found["race"].tolist() == ["white"] * 2 + ["black"] * 2 + ["other"] * 2
    assert found["smoke"].tolist() == ["yes", "no"] * 3
    assert set(found["outcome"]) == {"1"}
    rows = peer.predictions(at={"age": [20, 30]}, average=False)
    assert list(rows.columns)[:3] == ["row", "outcome", "age"]
    assert rows["row"].tolist()[:4] == [0, 0, 1, 1]


def test_the_mean_prediction_is_the_share_of_the_outcome(women: Any) -> None:
    """The score equations of the intercepts: averages of fitted probabilities are observed shares."""
    found = women.predictions().set_index("outcome")["estimate"]
    shares = women.sample.to_frame().set_index("outcome")["weight"] / women.sum_weights
    np.testing.assert_allclose(found[shares.index], shares, rtol=1e-10)


def test_rows_without_changes_are_the_probabilities(women: Any, peer: Any) -> None:
    for fit in (women, peer):
        found = fit.predictions(average=False)
        expected = fit.probabilities(interval=True)
        if fit.is_binary:
            expected = expected[expected["outcome"] == fit.spec.outcome.names[1]]
        for column in ("estimate", "std_error", "conf_low", "conf_high"):
            np.testing.assert_allclose(found[column], expected[column], rtol=1e-9)
        assert found["row"].tolist() == expected["row"].tolist()


@pytest.mark.parametrize("scale", ["probability", "logit", "odds"])
def test_standardisation_is_setting_every_row_and_averaging(women: Any, scale: str) -> None:
    at = {"children": ["present", "absent"], "hincome": [10.0, 25.0]}
    found = women.predictions(at=at, scale=scale)
    data = data_of(case_of("a03_womenlf"))
    verb = {"probability": "probabilities", "logit": "logits", "odds": "odds"}[scale]

    def of(fit: Any) -> np.ndarray:
        averages = [
            getattr(fit, verb)(data.assign(children=c, hincome=h)).mean().to_numpy()
            for c in at["children"]
            for h in at["hincome"]
        ]
        return np.concatenate(averages)

    np.testing.assert_allclose(found["estimate"], of(women), rtol=1e-12)
    np.testing.assert_allclose(found["std_error"], numeric_std_errors(women, of), rtol=1e-7)


def test_statistics_belong_to_the_scale_of_the_interval(peer: Any) -> None:
    found = peer.predictions(at={"smoke": "yes"}, confidence=0.9).iloc[0]
    p, error = found["estimate"], found["std_error"]
    logit, spread = np.log(p / (1 - p)), error / (p * (1 - p))
    assert found["statistic"] == pytest.approx(logit / spread, rel=1e-12)
    z = 1.6448536269514722
    assert found["conf_low"] == pytest.approx(1 / (1 + np.exp(-(logit - z * spread))), rel=1e-12)
    odds = peer.predictions(scale="odds").iloc[0]
    assert odds["statistic"] == pytest.approx(
        np.log(odds["estimate"]) / (odds["std_error"] / odds["estimate"])
    )
    assert odds["conf_low"] > 0


def test_typical_row(peer: Any, birthwt: pd.DataFrame) -> None:
    row = {name: birthwt[name].mean() for name in ("age", "lwt")}
    row |= {name: birthwt[name].mode()[0] for name in ("smoke", "race", "ht")}
    expected = peer.probabilities({name: [value] for name, value in row.items()}, interval=True).iloc[1]
    found = peer.predictions(at="mean").iloc[0]
    for column in ("estimate", "std_error", "conf_low", "conf_high"):
        assert found[column] == pytest.approx(expected[column], rel=1e-12)
    moved = peer.predictions(at={"age": ["mean", "max"]}, others="typical")
    assert moved["estimate"][0] == pytest.approx(found["estimate"], rel=1e-12)
    assert moved["age"].tolist() == [birthwt["age"].mean(), birthwt["age"].max()]


def test_frequencies_are_repeated_rows() -> None:
    case = case_of("a10_alligators")
    weighted = fitted_to(case)
    data = data_of(case)
    column = case["weights"]["column"]
    repeated = data.loc[data.index.repeat(data[column])].reset_index(drop=True)
    formula, baseline = weighted.spec.formula, weighted.spec.outcome.baseline
    plain = logreg.fit(formula, repeated, baseline=baseline)
    for options in ({}, {"by": "lake"}, {"at": {"size": [">2.3"]}}, {"unconditional": True}):
        a, b = weighted.predictions(**options), plain.predictions(**options)
        np.testing.assert_allclose(a["estimate"], b["estimate"], rtol=1e-9)
        np.testing.assert_allclose(a["std_error"], b["std_error"], rtol=1e-8)


def test_grouped_rows_weigh_by_their_trials() -> None:
    case = case_of("a05_ucb")
    grouped = fitted_to(case)
    data = data_of(case)
    long = pd.concat(
        [
            data.loc[data.index.repeat(data["admitted"])].assign(y=1),
            data.loc[data.index.repeat(data["rejected"])].assign(y=0),
        ]
    )
    single = logreg.fit("y ~ dept + gender", long)
    for options in ({}, {"by": "gender"}, {"unconditional": True}):
        a, b = grouped.predictions(**options), single.predictions(**options)
        np.testing.assert_allclose(a["estimate"], b["estimate"], rtol=1e-9)
        np.testing.assert_allclose(a["std_error"], b["std_error"], rtol=1e-8)


@pytest.mark.parametrize("kind", ["sampling", "precision"])
def test_other_weights_are_weights_of_the_average(birthwt: pd.DataFrame, kind: str) -> None:
    data = birthwt.assign(w=1.0 + (np.arange(len(birthwt)) % 4) / 3)
    fit = logreg.fit("low ~ age + smoke", data, weights="w", weight_kind=kind)
    p = fit.probabilities()["1"].to_numpy()
    found = fit.predictions(by="smoke")
    for level, estimate in zip(found["smoke"], found["estimate"], strict=True):
        here = (data["smoke"] == level).to_numpy()
        assert estimate == pytest.approx(np.average(p[here], weights=data["w"][here]), rel=1e-12)
    new = fit.predictions(data=data, weights="w", by="smoke")
    np.testing.assert_allclose(new["estimate"], found["estimate"], rtol=1e-12)
    np.testing.assert_allclose(new["std_error"], found["std_error"], rtol=1e-10)
    assert fit.predictions(data=data)["estimate"][0] == pytest.approx(p.mean(), rel=1e-12)


def test_blocks_give_the_same(birthwt: pd.DataFrame) -> None:
    formula = "low ~ ns(age, df=3) * smoke + race + lwt"
    whole = logreg.fit(formula, birthwt)
    blocks = logreg.fit(formula, open_source(birthwt, block_rows=7))
    for options in (
        {"by": "race", "at": {"smoke": ["no", "yes"]}},
        {"average": False},
        {"unconditional": True},
        {"at": "mean"},
    ):
        pd.testing.assert_frame_equal(whole.predictions(**options), blocks.predictions(**options), rtol=1e-9)


def test_unconditional_adds_the_variance_of_the_mean(women: Any) -> None:
    """V = J V J' + n / (n - 1) sum (p_i - mean)^2 / n^2."""
    plain, more = women.predictions(), women.predictions(unconditional=True)
    p = women.probabilities().to_numpy()
    n = len(p)
    added = p.var(axis=0, ddof=1) / n
    np.testing.assert_allclose(more["std_error"] ** 2, plain["std_error"] ** 2 + added, rtol=1e-10)


def test_offset_stays_where_it_is(birthwt: pd.DataFrame) -> None:
    data = birthwt.assign(shift=np.sin(np.arange(len(birthwt))))
    fit = logreg.fit("low ~ age + smoke", data, offset="shift")
    found = fit.predictions(at={"smoke": ["yes"]})
    expected = fit.probabilities(data.assign(smoke="yes"))["1"].mean()
    assert found["estimate"][0] == pytest.approx(expected, rel=1e-12)
    moved = fit.predictions(at={"shift": [0.5]})
    assert moved["estimate"][0] == pytest.approx(fit.probabilities(data.assign(shift=0.5))["1"].mean())
    array = logreg.fit("low ~ age + smoke", birthwt, offset=data["shift"].to_numpy())
    assert array.predictions(at={"smoke": ["yes"]})["estimate"][0] == pytest.approx(expected, rel=1e-12)
    with pytest.raises(logreg.PredictError):
        array.predictions(data=birthwt)


def test_far_from_zero_nothing_is_lost(birthwt: pd.DataFrame) -> None:
    near = logreg.fit("low ~ age + I(age^2) + smoke", birthwt)
    far = logreg.fit("low ~ age + I(age^2) + smoke", birthwt.assign(age=birthwt["age"] + 2000))
    a, b = (fit.predictions(by="race", at={"smoke": ["no", "yes"]}) for fit in (near, far))
    np.testing.assert_allclose(a["std_error"], b["std_error"], rtol=1e-6)


def test_aliased_columns_change_nothing(birthwt: pd.DataFrame) -> None:
    plain = logreg.fit("low ~ age + smoke", birthwt)
    with pytest.warns(logreg.CollinearityWarning):
        doubled = logreg.fit("low ~ age + smoke + twice", birthwt.assign(twice=2 * birthwt["age"]))
    a, b = plain.predictions(by="smoke"), doubled.predictions(by="smoke")
    np.testing.assert_allclose(a["std_error"], b["std_error"], rtol=1e-9)


def test_separated_rows_are_at_their_limit() -> None:
    data = pd.DataFrame({"g": ["a"] * 20 + ["b"] * 10, "y": [0, 1] * 10 + [1] * 10})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        fit = logreg.fit("y ~ g", data)
    found = fit.predictions(by="g").set_index("g")
    assert found.loc["b", "estimate"] == 1.0
    assert np.isnan(found.loc["b", ["std_error", "statistic", "p_value", "conf_low"]].astype(float)).all()
    # The other group is a fit of its own: p = 1/2 of 20 rows.
    assert found.loc["a", "std_error"] == pytest.approx(np.sqrt(0.25 / 20), rel=1e-6)
    assert fit.predictions()["estimate"][0] == pytest.approx(20 / 30, rel=1e-9)
    assert fit.predictions()["std_error"][0] == pytest.approx(20 / 30 * np.sqrt(0.25 / 20), rel=1e-6)
    rows = fit.predictions(average=False)
    assert np.isnan(rows["std_error"][20:]).all()
    assert np.isfinite(rows["std_error"][:20]).all()


def test_the_reference_group_separated_leaves_no_error() -> None:
    """Intercept and difference are infinite; the error of their sum is not known, and not invented."""
    data = pd.DataFrame({"g": ["a"] * 10 + ["b"] * 20, "y": [1] * 10 + [0, 1] * 10})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        fit = logreg.fit("y ~ g", data)
    found = fit.predictions(by="g").set_index("g")
    assert found["estimate"].tolist() == pytest.approx([1.0, 0.5])
    error = found.loc["b", "std_error"]
    assert np.isnan(error) or error == pytest.approx(np.sqrt(0.25 / 20), rel=1e-6)


def test_new_rows_with_gaps(peer: Any, birthwt: pd.DataFrame) -> None:
    new = birthwt.head(6).assign(age=[20.0, np.nan, 30.0, 22.0, 41.0, 25.0])
    new.index = list("uvwxyz")
    rows = peer.predictions(data=new, average=False)
    assert rows["row"].tolist() == list("uvwxyz")
    assert np.isnan(rows["estimate"][1])
    assert rows["estimate"].notna().sum() == 5
    average = peer.predictions(data=new)["estimate"][0]
    assert average == pytest.approx(rows["estimate"].mean(), rel=1e-12)


def test_loaded_models_need_rows(peer: Any, birthwt: pd.DataFrame, tmp_path: Any) -> None:
    peer.save(tmp_path / "model.json")
    loaded = logreg.load(tmp_path / "model.json")
    with pytest.raises(logreg.SupportError, match="Give data="):
        loaded.predictions()
    a, b = loaded.predictions(data=birthwt), peer.predictions(data=birthwt)
    pd.testing.assert_frame_equal(a, b, rtol=1e-10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": "probabilty"}, "scale='probabilty'"),
        ({"at": "median"}, "at='median'"),
        ({"at": {"smok": ["yes"]}}, "Did you mean 'smoke'"),
        ({"at": {"smoke": ["maybe"]}}, "not a level of 'smoke'"),
        ({"at": {"age": ["old"]}}, "not a finite number"),
        ({"at": {"age": []}}, "no value"),
        ({"others": "mean"}, "others='mean'"),
        ({"average": False, "by": "race"}, "average=False"),
        ({"average": False, "unconditional": True}, "average=False"),
        ({"average": 1}, "average=1"),
        ({"by": 3}, "by=3"),
        ({"at": "mean", "by": "race"}, "typical"),
        ({"confidence": 95}, "confidence=95"),
    ],
)
def test_what_makes_no_sense_is_refused(peer: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(logreg.SupportError, match=message):
        peer.predictions(**options)


def test_too_many_groups_are_refused() -> None:
    n = 3000
    data = pd.DataFrame({f"x{k}": np.sin((k + 1) * np.arange(n)) for k in range(40)})
    data["y"] = np.arange(n) % 5
    fit = logreg.fit("y ~ " + " + ".join(f"x{k}" for k in range(40)), data.astype({"y": str}))
    with pytest.raises(logreg.SupportError, match="cut a number in by="):
        fit.comparisons(by="x0")


def test_unknown_columns_and_weights(peer: Any, birthwt: pd.DataFrame) -> None:
    with pytest.raises(logreg.DataError, match="Did you mean 'race'"):
        peer.predictions(by="rac")
    with pytest.raises(logreg.WeightError, match="weights= belongs to data="):
        peer.predictions(weights="age")
    with pytest.raises(logreg.SupportError, match="rename the column"):
        logreg.fit("low ~ age", birthwt.assign(estimate=1)).predictions(by="estimate")
    with pytest.raises(TypeError):
        peer.predictions(nonsense=1)


def test_intercept_only() -> None:
    fit = logreg.fit("y ~ 1", pd.DataFrame({"y": [0, 1, 1, 1], "g": ["a", "b", "a", "b"]}))
    found = fit.predictions(by="g")
    assert found["estimate"].tolist() == pytest.approx([0.75, 0.75])
    assert found["std_error"][0] == pytest.approx(np.sqrt(0.75 * 0.25 / 4), rel=1e-8)
