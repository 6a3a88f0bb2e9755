"""Areas under ROC curves and the curves themselves: R's pROC, scikit-learn, and pairs counted one by one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score, roc_curve

import logreg
from logreg.diagnose.discrimination import area_under
from logreg.diagnose.discrimination import roc_curve as our_curve
from logreg.diagnose.rankings import Ranking, ranking_of

R = json.loads(
    (Path(__file__).parents[1] / "reference" / "own" / "performance" / "performance.json").read_text()
)
BIRTHS = logreg.datasets.load("birthwt")
WOMEN = logreg.datasets.load("womenlf")


def area_of(fit: logreg.LogisticFit, data: pd.DataFrame | None = None) -> list[float]:
    (ranking,) = fit.rankings(data)
    found = area_under(ranking)
    return [found.area, found.std_error, found.conf_low, found.conf_high]


def copies() -> pd.DataFrame:
    return BIRTHS.assign(times=np.arange(len(BIRTHS)) % 3 + 1)


def test_areas_with_delongs_interval_are_those_of_proc() -> None:
    full = logreg.fit("low ~ age + lwt + race + smoke + ht", BIRTHS)
    assert area_of(full) == pytest.approx(R["birthwt_auc"], rel=1e-9)
    few = logreg.fit("low ~ smoke + race", BIRTHS)
    assert area_of(few) == pytest.approx(R["ties_auc"], rel=1e-9)


def test_new_data_have_an_area_of_their_own() -> None:
    half = logreg.fit("low ~ age + lwt + smoke + ht", BIRTHS.iloc[::2])
    assert area_of(half, BIRTHS.iloc[1::2]) == pytest.approx(R["new_auc"], rel=1e-9)


def test_frequencies_are_copies_and_counts_are_trials() -> None:
    weighted = logreg.fit("low ~ age + lwt", copies(), weights="times")
    assert area_of(weighted) == pytest.approx(R["copies_auc"], rel=1e-9)
    counted = logreg.fit("cbind(admitted, rejected) ~ dept + gender", logreg.datasets.load("ucb"))
    # The first column of cbind is the event.
    assert area_of(counted) == pytest.approx(R["counts_auc"], rel=1e-9)


def test_new_data_can_be_weighted_too() -> None:
    fit = logreg.fit("low ~ age + lwt", BIRTHS)
    data = copies()
    repeated = data.loc[data.index.repeat(data["times"])]
    one, other = fit.performance(data, weights="times"), fit.performance(repeated)
    pd.testing.assert_frame_equal(one, other)


def test_several_outcomes_are_each_set_against_the_rest() -> None:
    fit = logreg.fit("partic ~ hincome + children", WOMEN)
    rankings = fit.rankings()
    assert [ranking.outcome for ranking in rankings] == ["not.work", "parttime", "fulltime"]
    for ranking in rankings:
        found = area_under(ranking)
        assert [found.area, found.std_error] == pytest.approx(R[f"women_{ranking.outcome}"], rel=1e-9)


def test_the_curve_is_that_of_proc() -> None:
    for name, formula in (("birthwt", "low ~ age + lwt + race + smoke + ht"), ("ties", "low ~ smoke + race")):
        table = logreg.fit(formula, BIRTHS).roc()
        assert table["sensitivity"].tolist() == pytest.approx(R[f"{name}_sensitivity"], abs=1e-12)
        assert table["specificity"].tolist() == pytest.approx(R[f"{name}_specificity"], abs=1e-12)


def test_the_curve_and_its_thresholds_are_those_of_scikit_learn() -> None:
    fit = logreg.fit("low ~ smoke + race", copies(), weights="times")
    data = copies()
    p = np.round(fit.probabilities()["1"].to_numpy(), 12)
    false, true, threshold = roc_curve(data["low"], p, sample_weight=data["times"], drop_intermediate=False)
    table = fit.roc()
    assert table["sensitivity"].to_numpy() == pytest.approx(true)
    assert 1.0 - table["specificity"].to_numpy() == pytest.approx(false)
    assert table["threshold"].to_numpy() == pytest.approx(threshold)
    (ranking,) = fit.rankings()
    assert area_under(ranking).area == pytest.approx(
        roc_auc_score(data["low"], p, sample_weight=data["times"]), rel=1e-12
    )


def test_area_and_error_are_those_of_pairs_counted_one_by_one() -> None:
    rng = np.random.default_rng(5)
    score = rng.integers(0, 8, 60).astype(float)
    event = (rng.random(60) < expit(score - 4.0)).astype(float)
    ranking = ranking_of("1", score, event, 1.0 - event)
    above = score[event == 1][:, None] - score[event == 0][None, :]
    wins = np.where(above > 0, 1.0, np.where(above == 0, 0.5, 0.0))
    m, n = wins.shape
    area = wins.mean()
    variance = wins.mean(axis=1).var(ddof=1) / m + wins.mean(axis=0).var(ddof=1) / n
    found = area_under(ranking, 0.9)
    assert (found.area, found.std_error) == pytest.approx((area, np.sqrt(variance)), rel=1e-12)
    half = 1.6448536269514722 * np.sqrt(variance) / (area * (1 - area))
    ends = expit([logit(area) - half, logit(area) + half])
    assert (found.conf_low, found.conf_high) == pytest.approx(tuple(ends), rel=1e-12)


def _made(score: list[float], event: list[float]) -> Ranking:
    values = np.array(event)
    return ranking_of("1", np.array(score), values, 1.0 - values)


def test_an_area_without_an_interval_says_why() -> None:
    perfect = area_under(_made([1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 1.0, 1.0]))
    assert perfect.area == 1.0
    assert np.isnan([perfect.std_error, perfect.conf_low, perfect.conf_high]).all()
    assert "perfectly" in perfect.reason
    single = area_under(_made([1.0, 2.0, 3.0], [0.0, 1.0, 0.0]))
    assert (single.area, "single" in single.reason) == (0.5, True)
    none = area_under(_made([1.0, 2.0], [0.0, 0.0]))
    assert np.isnan(none.area)
    assert none.reason == "no trial ended in the outcome"


def test_an_area_near_one_keeps_its_interval_inside() -> None:
    score = np.arange(1000.0)
    event = (score >= 500).astype(float)
    event[[499, 500]] = [1.0, 0.0]
    found = area_under(ranking_of("1", score, event, 1.0 - event))
    assert 0.999 < found.conf_low < found.area < found.conf_high < 1.0


def test_reversed_predictions_are_never_flipped() -> None:
    found = area_under(_made([4.0, 3.0, 2.5, 2.0, 1.0], [0.0, 0.0, 1.0, 0.0, 1.0]))
    assert found.area == pytest.approx(1.0 / 6.0)


def test_a_curve_runs_from_nothing_called_to_all_called() -> None:
    curve = our_curve(_made([1.0, 2.0, 2.0, 3.0], [0.0, 0.0, 1.0, 1.0]))
    assert curve.threshold[0] == np.inf
    assert curve.sensitivity.tolist() == [0.0, 0.5, 1.0, 1.0]
    assert curve.specificity.tolist() == [1.0, 1.0, 0.5, 0.0]
