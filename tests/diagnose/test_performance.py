"""The numbers about performance: R, the statistics of the fit, and what holds by construction."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss

import logreg
from logreg.errors import SupportError

R = json.loads(
    (Path(__file__).parents[1] / "reference" / "own" / "performance" / "performance.json").read_text()
)
BIRTHS = logreg.datasets.load("birthwt")


def by_name(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index("statistic")


def test_the_brier_score_and_its_kin_are_those_of_r() -> None:
    found = by_name(logreg.fit("low ~ age + lwt + race + smoke + ht", BIRTHS).performance())["value"]
    names = ["brier", "brier_scaled", "observed_expected"]
    assert found[names].tolist() == pytest.approx(R["birthwt_brier"], rel=1e-9)
    assert (found["n_trials"], found["events"]) == (189.0, 59.0)


def test_the_apparent_scores_are_the_statistics_of_the_fit() -> None:
    fit = logreg.fit("low ~ age + smoke", BIRTHS)
    found, known = by_name(fit.performance())["value"], by_name(fit.fit_statistics())["value"]
    assert found["brier"] == pytest.approx(known["brier"], rel=1e-12)
    assert found["brier_scaled"] == pytest.approx(known["efron"], rel=1e-12)
    women = logreg.fit("partic ~ hincome + children", logreg.datasets.load("womenlf"))
    table = women.performance()
    parts = table.loc[table["statistic"] == "brier", "value"]
    assert parts.sum() == pytest.approx(by_name(women.fit_statistics()).loc["brier", "value"], rel=1e-12)
    for outcome, value in zip(("not.work", "parttime", "fulltime"), parts, strict=True):
        assert value == pytest.approx(R[f"women_brier_{outcome}"][0], rel=1e-6)


def test_calibration_in_the_data_of_the_fit_is_perfect_by_construction() -> None:
    found = by_name(logreg.fit("low ~ age + lwt + smoke", BIRTHS).performance())
    assert found.loc["calibration_intercept", "value"] == pytest.approx(0.0, abs=1e-9)
    assert found.loc["calibration_slope", "value"] == pytest.approx(1.0, abs=1e-9)
    assert "same trials made the model" in found.loc["calibration_slope", "reason"]
    assert np.isnan(found.loc["calibration_slope", "conf_low"])


def test_calibration_in_new_data_is_that_of_r() -> None:
    half = logreg.fit("low ~ age + lwt + smoke + ht", BIRTHS.iloc[::2])
    found = by_name(half.performance(BIRTHS.iloc[1::2]))
    ends = ["value", "conf_low", "conf_high"]
    assert found.loc["calibration_intercept", ends].tolist() == pytest.approx(R["new_shift"], rel=1e-7)
    assert found.loc["calibration_slope", ends].tolist() == pytest.approx(R["new_slope"], rel=1e-7)
    assert found.loc[["brier", "brier_scaled", "observed_expected"], "value"].tolist() == pytest.approx(
        R["new_brier"], rel=1e-9
    )


def test_confidence_reaches_every_interval() -> None:
    half = logreg.fit("low ~ age + lwt + smoke + ht", BIRTHS.iloc[::2])
    wide, narrow = (by_name(half.performance(BIRTHS.iloc[1::2], confidence=c)) for c in (0.99, 0.5))
    for name in ("auc", "calibration_intercept", "calibration_slope"):
        assert wide.loc[name, "conf_low"] < narrow.loc[name, "conf_low"]
        assert wide.loc[name, "conf_high"] > narrow.loc[name, "conf_high"]
    with pytest.raises(SupportError, match="confidence"):
        half.performance(confidence=95)


def test_the_score_of_scikit_learn_with_weights() -> None:
    data = BIRTHS.assign(times=np.arange(len(BIRTHS)) % 3 + 1)
    fit = logreg.fit("low ~ age + lwt", BIRTHS)
    found = by_name(fit.performance(data, weights="times")).loc["brier", "value"]
    p = fit.probabilities()["1"]
    assert found == pytest.approx(brier_score_loss(data["low"], p, sample_weight=data["times"]), rel=1e-12)


def test_what_cannot_be_known_says_why() -> None:
    fit = logreg.fit("low ~ age", BIRTHS)
    alike = by_name(fit.performance(BIRTHS[BIRTHS["low"] == 0]))
    for name in ("auc", "brier_scaled", "calibration_intercept", "calibration_slope"):
        assert np.isnan(alike.loc[name, "value"])
        assert alike.loc[name, "reason"] != ""
    equal = by_name(fit.performance(BIRTHS.assign(age=30)))
    assert np.isnan(equal.loc["calibration_slope", "value"])
    assert equal.loc["calibration_slope", "reason"] == "all predictions are equal"
    assert equal.loc["auc", "value"] == 0.5
    # Predictions that separate the new rows have no finite slope.
    data = pd.DataFrame({"age": [20.0, 25, 30, 35], "low": [1, 1, 0, 0]})
    apart = by_name(fit.performance(data))
    assert apart.loc["calibration_slope", "value"] == np.inf
    assert "separate" in apart.loc["calibration_slope", "reason"]
    assert apart.loc["auc", "value"] == 1.0


def test_every_missing_number_has_a_reason() -> None:
    women = logreg.datasets.load("womenlf")
    table = logreg.fit("partic ~ hincome + children", women).performance()
    lacking = table[["value", "conf_low", "conf_high"]].isna().any(axis=1)
    assert (table.loc[lacking, "reason"] != "").all()
    assert (table.loc[~lacking, "reason"] == "").all()
