"""Crude odds ratios are those of models with one variable each on the rows of the whole model."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import logreg
from logreg import ConvergenceWarning, SupportError
from logreg.interpret.crude import NUMBERS
from logreg.reduced import reduced_fit

OWN = Path(__file__).parents[1] / "reference" / "own"
REFERENCE = json.loads((OWN / "crude" / "crude.json").read_text(encoding="utf-8"))
#: Both sides stop within 1e-12 standard errors of the optimum.
TOLERANCE = 1e-8


def published(name: str) -> pd.DataFrame:
    return pd.read_csv(OWN.parent / "data" / f"{name}.csv")


def assert_crude(found: pd.DataFrame, expected: dict[str, dict[str, float]], rtol: float = TOLERANCE) -> None:
    rows = found.set_index("term")
    assert set(expected) <= set(rows.index)
    for term, numbers in expected.items():
        for name, value in numbers.items():
            assert rows.loc[term, f"crude_{name}"] == pytest.approx(value, rel=rtol), (term, name)


def gaps() -> Any:
    data = pd.read_csv(OWN / "birthwt_gaps.csv")
    with pytest.warns(logreg.MissingDataWarning):
        return logreg.fit("low ~ age + lwt + C(race, Treatment('white')) + smoke + ftv", data)


def test_rows_are_those_of_the_whole_model() -> None:
    fit = gaps()
    used, read = REFERENCE["rows"]
    assert (fit.sample.rows_used, fit.sample.rows_read) == (used, read)
    expected = {
        name.replace("race[", "C(race, Treatment('white'))["): value
        for name, value in REFERENCE["gaps"].items()
    }
    found = fit.crude_odds_ratios()
    found["term"] = found["term"].str.replace('"', "'")
    assert_crude(found, expected)


def test_the_adjusted_half_is_the_table_of_odds_ratios() -> None:
    fit = logreg.fit("low ~ age + race + smoke", logreg.datasets.load("birthwt"))
    options: dict[str, Any] = {"unit": {"age": 5}, "confidence": 0.9, "interval": "profile"}
    found = fit.crude_odds_ratios(**options)
    adjusted = fit.odds_ratios(**options)
    pd.testing.assert_frame_equal(found[adjusted.columns], adjusted)
    assert list(found.columns) == [
        *("outcome", "baseline", "term", "variable", "level", "reference", "unit"),
        *("crude_odds_ratio", "crude_conf_low", "crude_conf_high", "crude_p_value"),
        *("odds_ratio", "conf_low", "conf_high", "p_value"),
    ]


def test_without_an_intercept_the_constant_stays() -> None:
    data = published("a01_birthwt")
    data["race"] = pd.Categorical(data["race"], ["white", "black", "other"])
    fit = logreg.fit("low ~ 0 + race + smoke + lwt", data)
    assert_crude(fit.crude_odds_ratios(), REFERENCE["without_intercept"])


def test_terms_that_share_variables_are_fitted_together() -> None:
    fit = logreg.fit("low ~ age * smoke + lwt + I(lwt^2) + ht", published("a01_birthwt"))
    # The square of a weight is far from its line's scale: R loses digits there.
    assert_crude(fit.crude_odds_ratios(), REFERENCE["joint"], rtol=1e-7)


def test_the_offset_stays() -> None:
    data = pd.read_csv(OWN / "birthwt_offset.csv")
    data["race"] = pd.Categorical(data["race"], ["white", "black", "other"])
    assert_crude(logreg.fit("low ~ age + race", data, offset="o").crude_odds_ratios(), REFERENCE["offset"])
    assert_crude(logreg.fit("low ~ age + race + offset(o)", data).crude_odds_ratios(), REFERENCE["offset"])


@pytest.mark.parametrize(
    ("name", "covariance"), [("cluster", logreg.cluster("district")), ("HC3", "HC3")], ids=["cluster", "HC3"]
)
def test_the_kind_of_covariance_stays(name: str, covariance: Any) -> None:
    data = published("a08_contraception")
    fit = logreg.fit("use ~ age + I(age^2) + livch + urban", data, covariance=covariance)
    assert_crude(fit.crude_odds_ratios(), REFERENCE[name])


def test_a_survey_design_stays_with_degrees_of_freedom_of_its_own() -> None:
    design = logreg.survey(strata="stype", weights="pw", fpc="fpc")
    fit = logreg.fit("sch_wide ~ ell + meals + stype", published("a07_apistrat"), covariance=design)
    assert_crude(fit.crude_odds_ratios(), REFERENCE["survey"])


def test_bias_reduction_stays() -> None:
    fit = logreg.fit("HG ~ NV + PI + EH", published("a04_endometrial"), estimator="firth")
    assert_crude(fit.crude_odds_ratios(), REFERENCE["firth"], rtol=1e-7)


def test_several_outcomes() -> None:
    with pytest.warns(logreg.MissingDataWarning):
        fit = logreg.fit("partic ~ hincome + children + region", pd.read_csv(OWN / "womenlf_gaps.csv"))
    found = fit.crude_odds_ratios()
    for outcome, expected in REFERENCE["multinomial"].items():
        assert_crude(found[found["outcome"] == outcome], expected)


def test_another_baseline_is_that_of_both_halves() -> None:
    data = logreg.datasets.load("womenlf")
    moved = logreg.fit("partic ~ hincome + children", data).crude_odds_ratios(versus="fulltime")
    again = logreg.fit("partic ~ hincome + children", data, baseline="fulltime").crude_odds_ratios()
    keys = ["outcome", "term"]
    for name in (*NUMBERS, *(f"crude_{name}" for name in NUMBERS)):
        pd.testing.assert_series_equal(
            moved.set_index(keys)[name].sort_index(), again.set_index(keys)[name].sort_index(), rtol=1e-9
        )


def test_frequencies_and_counts_are_the_rows_they_stand_for() -> None:
    counts = logreg.datasets.load("ucb")
    long = counts.melt(["dept", "gender"], ["admitted", "rejected"], "outcome", "n")
    long["outcome"] = pd.Categorical(long["outcome"], ["rejected", "admitted"])
    grouped = logreg.fit("cbind(admitted, rejected) ~ dept + gender", counts).crude_odds_ratios()
    weighted = logreg.fit("outcome ~ dept + gender", long, weights="n").crude_odds_ratios()
    copies = long.loc[long.index.repeat(long["n"])].reset_index(drop=True)
    each = logreg.fit("outcome ~ dept + gender", copies).crude_odds_ratios()
    for other in (grouped, weighted):
        for name in NUMBERS:
            np.testing.assert_allclose(other[f"crude_{name}"], each[f"crude_{name}"], rtol=1e-8)
    # By hand, from the margins of the two-way table.
    by = counts.groupby("gender")[["admitted", "rejected"]].sum()
    odds = by["admitted"] / by["rejected"]
    row = each.set_index("variable").loc["gender"]
    assert row["crude_odds_ratio"] == pytest.approx(odds[row["level"]] / odds[row["reference"]], rel=1e-10)


def test_precision_weights_stay() -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"x": rng.normal(size=80), "z": rng.normal(size=80), "w": rng.uniform(0.5, 3, 80)})
    data["y"] = (rng.uniform(size=80) < 0.4).astype(int)
    found = logreg.fit(
        "y ~ x + z", data, weights="w", weight_kind="precision", covariance="HC0"
    ).crude_odds_ratios()
    scaled = data["w"] * 80 / data["w"].sum()
    model = sm.GLM(data["y"], sm.add_constant(data[["x"]]), sm.families.Binomial(), var_weights=scaled).fit(
        tol=1e-14, maxiter=100, cov_type="HC0"
    )
    row = found.set_index("term").loc["x"]
    assert row["crude_odds_ratio"] == pytest.approx(math.exp(model.params["x"]), rel=1e-9)
    assert row["crude_p_value"] == pytest.approx(model.pvalues["x"], rel=1e-7)


def test_profile_intervals_are_those_of_the_small_model() -> None:
    data = logreg.datasets.load("birthwt")
    found = logreg.fit("low ~ lwt + smoke", data).crude_odds_ratios(interval="profile").set_index("term")
    alone = logreg.fit("low ~ smoke", data).odds_ratios(interval="profile").set_index("term")
    for name in NUMBERS:
        assert found.loc["smoke[T.yes]", f"crude_{name}"] == pytest.approx(
            alone.loc["smoke[T.yes]", name], rel=1e-7
        )


def test_one_variable_is_crude_and_adjusted_at_once(tmp_path: Path) -> None:
    fit = logreg.fit("low ~ race", logreg.datasets.load("birthwt"))
    found = fit.crude_odds_ratios()
    for name in NUMBERS:
        assert found[f"crude_{name}"].equals(found[name].rename(f"crude_{name}"))
    fit.save(tmp_path / "model.json")
    pd.testing.assert_frame_equal(logreg.load(tmp_path / "model.json").crude_odds_ratios(), found)


def test_separation_of_the_whole_model_alone() -> None:
    data = pd.DataFrame({"y": [0, 0, 1, 1, 0, 1], "a": [1, 2, 2, 3, 3, 4.0], "b": [0, 2, 1, 0, 4, 2.0]})
    with pytest.warns(logreg.SeparationWarning):
        fit = logreg.fit("y ~ a + b", data)
    found = fit.crude_odds_ratios().set_index("term")
    assert not np.isfinite(found["odds_ratio"]).any() or (found["odds_ratio"] == 0).any()
    model = sm.Logit(data["y"], sm.add_constant(data[["a"]])).fit(disp=0, tol=1e-14)
    assert found.loc["a", "crude_odds_ratio"] == pytest.approx(math.exp(model.params["a"]), rel=1e-8)
    assert np.isfinite(found.loc["a", "crude_conf_high"])


def test_a_level_with_one_outcome_is_infinite_in_both() -> None:
    data = pd.DataFrame({"y": [0, 1] * 6 + [1, 1], "g": list("abab" * 3) + ["c"] * 2, "x": range(14)})
    data["y"] = [0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1]
    with pytest.warns(logreg.LogregWarning):
        fit = logreg.fit("y ~ g + x", data)
    row = fit.crude_odds_ratios().set_index("term").loc["g[T.c]"]
    assert row["crude_odds_ratio"] == math.inf
    assert math.isnan(row["crude_conf_low"])


def test_an_optimum_that_was_not_found_has_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from logreg import reduced

    def short(fit: Any, terms: Any, what: str) -> Any:
        found = reduced_fit(fit, terms, what)
        lost = replace(found.convergence, status="max_iterations")
        return replace(found, convergence=lost) if "smoke" in terms else found

    fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    monkeypatch.setattr(reduced, "reduced_fit", short)
    with pytest.warns(ConvergenceWarning, match="'smoke' was not found"):
        found = fit.crude_odds_ratios().set_index("term")
    assert found.loc["smoke[T.yes]", [f"crude_{name}" for name in NUMBERS]].isna().all()
    assert found.loc["age", [f"crude_{name}" for name in NUMBERS]].notna().all()


def test_what_cannot_be_fitted_again_is_refused(tmp_path: Path) -> None:
    data = logreg.datasets.load("birthwt")
    fit = logreg.fit("low ~ age + smoke", data)
    fit.save(tmp_path / "model.json")
    with pytest.raises(SupportError, match="needs the rows"):
        logreg.load(tmp_path / "model.json").crude_odds_ratios()
    sites = np.arange(len(data)) % 9
    with pytest.raises(SupportError, match="array is not kept"):
        fit.with_covariance(logreg.cluster(sites)).crude_odds_ratios()
    with pytest.raises(SupportError, match="resampled as well"):
        fit.with_covariance(fit.bootstrap(30, rng=1)).crude_odds_ratios()


def test_a_reduced_fit_is_the_fit_of_its_terms() -> None:
    """Not only its odds ratios: everything that follows from a fit."""
    data = logreg.datasets.load("birthwt")
    found = reduced_fit(logreg.fit("low ~ age + race + smoke", data), ["race"], "this test")
    alone = logreg.fit("low ~ race", data)
    pd.testing.assert_frame_equal(found.fit_statistics(), alone.fit_statistics(), rtol=1e-9)
    pd.testing.assert_frame_equal(found.anova(), alone.anova(), rtol=1e-8)
    sampled = {"weights": "pw", "weight_kind": "sampling"}
    schools = logreg.datasets.load("apistrat")
    found = reduced_fit(logreg.fit("sch_wide ~ ell + stype", schools, **sampled), ["ell"], "this test")
    alone = logreg.fit("sch_wide ~ ell", schools, **sampled)
    assert found.loglik == pytest.approx(alone.loglik, rel=1e-12)
    np.testing.assert_allclose(found.vcov_array, alone.vcov_array, rtol=1e-9)
