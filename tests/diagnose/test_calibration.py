"""Calibration in groups: R, scikit-learn, and what must add up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import calibration_curve
from statsmodels.stats.proportion import proportion_confint

import logreg
from logreg.diagnose.calibration import wilson_interval
from logreg.errors import SupportError

R = json.loads(
    (Path(__file__).parents[1] / "reference" / "own" / "performance" / "performance.json").read_text()
)
BIRTHS = logreg.datasets.load("birthwt")
NUMBERS = ["n_trials", "predicted", "observed", "conf_low", "conf_high"]


def numbers(table: pd.DataFrame) -> list[float]:
    found: list[float] = table[NUMBERS].to_numpy().ravel().tolist()
    return found


def test_groups_are_those_of_r() -> None:
    fit = logreg.fit("low ~ age + lwt + race + smoke + ht", BIRTHS)
    assert numbers(fit.calibration()) == pytest.approx(R["birthwt_groups"], rel=1e-8, abs=1e-12)
    assert numbers(fit.calibration(groups=5)) == pytest.approx(R["birthwt5_groups"], rel=1e-8, abs=1e-12)


def test_equal_predictions_stay_together() -> None:
    found = logreg.fit("low ~ smoke + race", BIRTHS).calibration()
    assert len(found) < 7
    assert numbers(found) == pytest.approx(R["ties_groups"], rel=1e-8, abs=1e-12)


def test_new_data_copies_and_counts() -> None:
    half = logreg.fit("low ~ age + lwt + smoke + ht", BIRTHS.iloc[::2])
    found = half.calibration(groups=4, data=BIRTHS.iloc[1::2])
    assert numbers(found) == pytest.approx(R["new_groups"], rel=1e-8, abs=1e-12)
    data = BIRTHS.assign(times=np.arange(len(BIRTHS)) % 3 + 1)
    weighted = logreg.fit("low ~ age + lwt", data, weights="times")
    assert numbers(weighted.calibration()) == pytest.approx(R["copies_groups"], rel=1e-8, abs=1e-12)
    counted = logreg.fit("cbind(admitted, rejected) ~ dept + gender", logreg.datasets.load("ucb"))
    assert numbers(counted.calibration()) == pytest.approx(R["counts_groups"], rel=1e-8, abs=1e-12)


def test_groups_are_those_of_scikit_learn() -> None:
    fit = logreg.fit("low ~ age + lwt", BIRTHS)
    shares, means = calibration_curve(
        BIRTHS["low"], np.round(fit.probabilities()["1"], 12), n_bins=7, strategy="quantile"
    )
    found = fit.calibration(groups=7)
    assert found["observed"].to_numpy() == pytest.approx(shares)
    assert found["predicted"].to_numpy() == pytest.approx(means)


def test_every_outcome_has_its_groups_and_they_add_up() -> None:
    women = logreg.datasets.load("womenlf")
    found = logreg.fit("partic ~ hincome + children", women).calibration(groups=6)
    for outcome, part in found.groupby("outcome"):
        assert part["group"].tolist() == list(range(1, len(part) + 1))
        assert part["n_trials"].sum() == len(women)
        events = (women["partic"] == outcome).sum()
        assert (part["n_trials"] * part["observed"]).sum() == pytest.approx(events)
        # The score equations of the intercepts.
        assert (part["n_trials"] * part["predicted"]).sum() == pytest.approx(events)
        assert part["predicted"].is_monotonic_increasing


@pytest.mark.parametrize(("events", "n"), [(0, 10), (3, 10), (10, 10), (1, 1), (59, 189)])
def test_wilsons_interval_is_that_of_statsmodels(events: int, n: int) -> None:
    expected = proportion_confint(events, n, alpha=0.1, method="wilson")
    assert wilson_interval(events / n, n, 0.9) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("groups", [1, 0, 2.5, "ten", True, None])
def test_fewer_than_two_groups_are_refused(groups: Any) -> None:
    with pytest.raises(SupportError, match="groups="):
        logreg.fit("low ~ age", BIRTHS).calibration(groups=groups)
