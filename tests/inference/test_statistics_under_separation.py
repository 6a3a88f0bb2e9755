"""Statistics of rows where some probabilities are exactly 0 or 1: they are those of the limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.data import open_source
from logreg.logits.limit import FAR, endless

pytestmark = pytest.mark.filterwarnings("ignore::logreg.SeparationWarning")

FORMULA = 'improved ~ arm + gender + C(baseline_condition, Treatment("poor"))'
#: Sums of about 100 products of doubles near 1.
ROUNDING = 1e-12


def strep() -> pd.DataFrame:
    return logreg.datasets.load("strep_tb")


def statistics(fit: Any) -> pd.Series:
    frame = fit.fit_statistics()
    return frame.set_index("statistic")["value"]


def expected(p: np.ndarray, event: np.ndarray, weight: np.ndarray | float = 1.0) -> dict[str, float]:
    """Return Brier, Efron and Tjur as sums over rows of probabilities."""
    weight = np.broadcast_to(weight, p.shape)
    rate = np.average(event, weights=weight)
    brier = float(np.average((event - p) ** 2, weights=weight))
    tjur = np.average(p, weights=weight * event) - np.average(p, weights=weight * (1 - event))
    return {"brier": brier, "efron": 1.0 - brier / (rate * (1.0 - rate)), "tjur": float(tjur)}


def agree(fit: Any, event: np.ndarray, weight: np.ndarray | float = 1.0) -> None:
    assert fit.separation.verdict in ("quasi-complete", "complete"), fit.separation.verdict
    found = statistics(fit)
    p = fit.probabilities().iloc[:, 1].to_numpy()
    for name, value in expected(p, event, weight).items():
        assert found[name] == pytest.approx(value, abs=ROUNDING), name
    assert np.isnan(found["mckelvey_zavoina"]), "infinite logits have no spread"


@pytest.mark.parametrize("rows", [None, 7])
def test_a_separated_level(rows: int | None) -> None:
    data = strep()
    fit = logreg.fit(FORMULA, data if rows is None else open_source(data, block_rows=rows))
    agree(logreg.fit(FORMULA, data), data["improved"].to_numpy(dtype=float))
    assert statistics(fit)["brier"] == pytest.approx(
        statistics(logreg.fit(FORMULA, data))["brier"], rel=1e-12
    )
    # All 16 patients of the level improved: the limit fits them perfectly, and the others as if alone.
    others = data[data["baseline_condition"] != "good"]
    alone = logreg.fit(FORMULA, others.assign(baseline_condition=others["baseline_condition"].astype(str)))
    assert statistics(fit)["brier"] * len(data) == pytest.approx(statistics(alone)["brier"] * len(others))


def test_complete_separation_is_perfect() -> None:
    data = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [0, 0, 1, 1]})
    fit = logreg.fit("y ~ x", data)
    found = statistics(fit)
    assert found[["brier", "efron", "tjur"]].tolist() == [0.0, 1.0, 1.0]


def test_frequencies_count_as_copies() -> None:
    data = strep()
    weight = 1.0 + np.arange(len(data)) % 3
    fit = logreg.fit(FORMULA, data, weights=weight)
    agree(fit, data["improved"].to_numpy(dtype=float), weight)


def test_several_outcomes() -> None:
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"x": rng.normal(size=90), "g": np.repeat(["a", "b", "c"], 30)})
    data["y"] = rng.choice(["p", "q", "r"], 90)
    data.loc[data["g"] == "c", "y"] = "r"
    fit = logreg.fit("y ~ x + g", data)
    assert fit.separation.verdict == "quasi-complete"
    p = fit.probabilities()
    happened = pd.get_dummies(data["y"])[list(p.columns)].to_numpy(dtype=float)
    brier = float(((happened - p.to_numpy()) ** 2).sum(axis=1).mean())
    assert statistics(fit)["brier"] == pytest.approx(brier, abs=ROUNDING)


def test_a_saved_model_keeps_them(tmp_path: Any) -> None:
    fit = logreg.fit(FORMULA, strep())
    fit.save(tmp_path / "model.json")
    pd.testing.assert_series_equal(statistics(logreg.load(tmp_path / "model.json")), statistics(fit))


def test_the_report_says_why_one_is_missing() -> None:
    table = logreg.fit(FORMULA, strep()).report_document(sections=["model_fit"]).table("fit_statistics")
    (row,) = [row for row in table.rows if "McKelvey" in row.cells[0].text]
    assert any("infinite" in cell.text or "infinite" in cell.reason for cell in row.cells)


def test_outcomes_that_grow_alike_stay_together() -> None:
    moved = np.array([[5.0, 5.0 + 1e-9, 0.0], [5.0, 5.0, 3.0]])
    far = endless(moved, np.full((2, 3), 5.0), axis=0)
    assert far[:, 0].tolist() == [2 * FAR, 2 * FAR]
    assert far[0, 1] == far[1, 1]
    assert far[:, 2].tolist() == [0.0, 2 * FAR]
