"""What rankings are made of: ties, infinite predictions, groups of trials, new rows."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.diagnose.rankings import ranking_of
from logreg.errors import PredictError, SupportError, WeightError
from logreg.passes.against_rest import log_odds_against_rest

BIRTHS = logreg.datasets.load("birthwt")
WOMEN = logreg.datasets.load("womenlf")


def test_log_odds_that_differ_by_rounding_are_one_prediction() -> None:
    ranking = ranking_of("1", np.array([0.3, 0.1 + 0.2, 0.7]), np.array([1.0, 0, 1]), np.array([0.0, 1, 0]))
    assert ranking.events.tolist() == [1.0, 1.0]
    assert ranking.others.tolist() == [1.0, 0.0]


def test_rows_without_trials_do_not_count() -> None:
    ranking = ranking_of("1", np.array([1.0, 2.0]), np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    assert ranking.log_odds.tolist() == [2.0]


def test_log_odds_are_those_of_the_probabilities() -> None:
    fit = logreg.fit("partic ~ hincome + children", WOMEN)
    p = fit.probabilities()
    for ranking in fit.rankings():
        values = np.unique(np.round(p[ranking.outcome], 9))
        assert ranking.probability == pytest.approx(values, abs=1e-8)
        assert ranking.probability + ranking.complement == pytest.approx(np.ones(len(values)))
        assert ranking.n_events == (WOMEN["partic"] == ranking.outcome).sum()
        assert ranking.n_trials == len(WOMEN)


def test_certain_predictions_of_several_outcomes_keep_their_order() -> None:
    logits = np.array([[40.0, 42.0], [-3.0, 1.0]])
    found = log_odds_against_rest(logits)
    # Both probabilities of the second outcome are 1 to the last bit.
    rest = np.log(np.exp([0.0, 0.0]) + np.exp(logits[1]))
    assert found[1] == pytest.approx(logits[0] - rest, rel=1e-14)


def test_the_fastest_outcome_wins_and_equally_fast_ones_share() -> None:
    logits = np.array([[0.0, 1.0, 0.5], [1.0, 0.0, -0.5]])
    moves = np.array([[1.0, 2.0, 0.0], [2.0, 2.0, -1.0]])
    found = log_odds_against_rest(logits, moves)
    inf = np.inf
    assert found[0].tolist() == [-inf, -inf, -0.5]
    assert found[1].tolist() == [-inf, 1.0, 0.5]
    assert found[2].tolist() == [inf, -1.0, -inf]


def test_a_separated_level_is_predicted_with_certainty() -> None:
    data = pd.DataFrame(
        {"y": [0, 1, 0, 1, 1, 0, 1, 1], "g": list("aabbbbcc"), "x": [1.0, 2, 3, 4, 5, 6, 1, 2]}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        fit = logreg.fit("y ~ g + x", data)
    (ranking,) = fit.rankings()
    assert ranking.log_odds[-1] == np.inf
    assert (ranking.events[-1], ranking.others[-1]) == (2.0, 0.0)
    assert ranking.probability[-1] == 1.0
    table = fit.performance().set_index("statistic")
    assert table.loc["calibration_slope", "reason"] == "some probabilities are exactly 0 or 1"
    assert 0.5 < table.loc["auc", "value"] < 1.0


def test_rows_are_read_in_blocks_with_the_same_result(tmp_path: Path) -> None:
    path = tmp_path / "births.parquet"
    pd.concat([BIRTHS] * 3, ignore_index=True).to_parquet(path, row_group_size=50)
    whole = logreg.fit("low ~ age + race", pd.read_parquet(path)).performance()
    blocks = logreg.fit("low ~ age + race", path).performance()
    pd.testing.assert_frame_equal(whole, blocks)


def test_rows_with_a_missing_value_are_left_out_of_new_data() -> None:
    fit = logreg.fit("low ~ age + smoke", BIRTHS)
    data = BIRTHS.astype({"age": float})
    data.loc[[0, 5], "age"] = np.nan
    data["smoke"] = data["smoke"].where(data.index != 7, None)
    (ranking,) = fit.rankings(data)
    assert ranking.n_trials == len(BIRTHS) - 3
    assert not ranking.apparent


@pytest.mark.parametrize(
    ("data", "weights", "error", "words"),
    [
        (BIRTHS.drop(columns="low"), None, PredictError, "'low'"),
        (BIRTHS.assign(low=7), None, PredictError, "which the fit did not see"),
        (BIRTHS.assign(smoke="often"), None, PredictError, "'often'"),
        (BIRTHS.assign(age=np.nan), None, PredictError, "no row of the new data is complete"),
        (BIRTHS.assign(w=0.5), "w", WeightError, "fractions"),
        (BIRTHS, "wight", PredictError, "'wight'"),
        (None, "lwt", WeightError, "belongs to data="),
    ],
)
def test_new_data_that_do_not_match_are_refused(
    data: Any, weights: str | None, error: type[Exception], words: str
) -> None:
    fit = logreg.fit("low ~ age + smoke", BIRTHS)
    with pytest.raises(error, match=words):
        fit.performance(data, weights=weights)


def test_a_loaded_model_needs_data(tmp_path: Path) -> None:
    logreg.fit("low ~ age + smoke", BIRTHS).save(tmp_path / "model.json")
    loaded = logreg.load(tmp_path / "model.json")
    with pytest.raises(SupportError, match="loaded model"):
        loaded.roc()
    expected = logreg.fit("low ~ age + smoke", BIRTHS).roc(BIRTHS)
    pd.testing.assert_frame_equal(loaded.roc(BIRTHS), expected)


def test_trials_that_are_not_independent_have_no_interval() -> None:
    api = logreg.datasets.load("apistrat")
    sampled = logreg.fit("sch_wide ~ meals", api, weights="pw", weight_kind="sampling")
    clustered = logreg.fit("low ~ age", BIRTHS, covariance=logreg.cluster("race"))
    for fit, words in ((sampled, "sampling weights"), (clustered, "come in groups")):
        auc = fit.performance().set_index("statistic").loc["auc"]
        assert np.isfinite(auc["value"])
        assert np.isnan(auc["conf_low"])
        assert words in auc["reason"]
        assert fit.calibration()["reason"].str.contains(words).all()
