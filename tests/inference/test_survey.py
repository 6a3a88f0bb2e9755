"""Survey designs against R's survey package and sums written out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.data import open_source
from logreg.errors import DataError, SupportError, WeightError
from logreg.passes import scores

REFERENCE = Path(__file__).parents[1] / "reference"
R = json.loads((REFERENCE / "own" / "covariance" / "covariance.json").read_text(encoding="utf-8"))["survey"]
CASE = json.loads((REFERENCE / "cases" / "a07_apistrat.json").read_text(encoding="utf-8"))["expected"]

RTOL = 1e-8
P_RTOL = 1e-7


def schools() -> pd.DataFrame:
    data = pd.read_csv(REFERENCE / "data" / "a07_apistrat.csv")
    place = np.arange(1, len(data) + 1)
    data["gap"] = data.ell.where((place % 9 != 0) & (data.dnum != 401))
    data["share"], data["groups"] = 200 / 6194, 757
    data["part"] = data.pw.where(place % 10 != 0, 0.0)
    return data


FULL = "sch_wide ~ ell + meals + mobility"
FORMULA = f"{FULL} + stype"
TERMS = {"(Intercept)": "Intercept", "stypeH": "stype[T.H]", "stypeM": "stype[T.M]", "gap": "gap"}


def column(fit: Any, name: str, expected: dict[str, float]) -> tuple[np.ndarray, list[float]]:
    table = fit.coefficients().set_index("term")[name]
    assert len(table) == len(expected)
    return table[[TERMS.get(term, term) for term in expected]].to_numpy(), list(expected.values())


def test_a_stratified_sample() -> None:
    fit = logreg.fit(FORMULA, schools(), covariance=logreg.survey(strata="stype", weights="pw"))
    for name, key, rtol in (
        ("std_error", "se", RTOL),
        ("statistic", "t", RTOL),
        ("p_value", "p_t_residual_df", P_RTOL),
    ):
        np.testing.assert_allclose(*column(fit, name, CASE[key]), rtol=rtol)
    for name, key in (("conf_low", "lower"), ("conf_high", "upper")):
        np.testing.assert_allclose(*column(fit, name, CASE["ci_t_residual_df"][key]), rtol=RTOL)
    assert fit.reference_df == CASE["residual_df"]
    assert fit.spec.weight_kind == "sampling"
    assert not fit.has_likelihood
    expected = np.array(CASE["vcov"])
    error = np.sqrt(np.diagonal(expected))
    assert np.abs((fit.vcov_array - expected) / np.outer(error, error)).max() < RTOL


def test_design_degrees_of_freedom() -> None:
    design = logreg.survey(strata="stype", df="design")
    fit = logreg.fit(FORMULA, schools(), weights="pw", weight_kind="sampling", covariance=design)
    assert fit.reference_df == CASE["design_df"]
    for name, key in (("conf_low", "lower"), ("conf_high", "upper")):
        np.testing.assert_allclose(*column(fit, name, CASE["ci_t_design_df"][key]), rtol=RTOL)


def test_finite_populations_and_no_strata() -> None:
    fit = logreg.fit(FORMULA, schools(), weights="pw", weight_kind="sampling")
    finite = fit.with_covariance(logreg.survey(strata="stype", fpc="fpc"))
    np.testing.assert_allclose(*column(finite, "std_error", CASE["with_fpc"]["se"]), rtol=RTOL)
    for other in (fit, fit.with_covariance(logreg.survey())):
        np.testing.assert_allclose(*column(other, "std_error", CASE["weights_only"]["se"]), rtol=RTOL)
    assert fit.reference_df == np.inf
    assert fit.with_covariance(logreg.survey()).reference_df == 199 - 5


DESIGNS = {
    "strata_nested_clusters": {"strata": "stype", "cluster": "dnum", "nest": True},
    "clusters": {"cluster": "dnum"},
    "clusters_fpc": {"cluster": "dnum", "fpc": "groups"},
    "nested_fpc": {"strata": "stype", "cluster": "dnum", "fpc": "fpc", "nest": True},
    "share": {"fpc": "share"},
    "zero_weights": {"strata": "stype", "weights": "part"},
    "gaps_rows": {},
    "gaps_strata": {"strata": "stype", "fpc": "fpc"},
    "gaps_nested": {"strata": "stype", "cluster": "dnum", "nest": True},
}


@pytest.mark.filterwarnings("ignore::logreg.MissingDataWarning")
@pytest.mark.parametrize("name", DESIGNS)
def test_designs_against_r(name: str) -> None:
    """Rows with missing values stay part of the design, as in R."""
    formula = FULL.replace("ell", "gap") if name.startswith("gaps") else FULL
    expected = R[name]
    fit = logreg.fit(formula, schools(), covariance=logreg.survey(**{"weights": "pw", **DESIGNS[name]}))
    np.testing.assert_allclose(*column(fit, "estimate", expected["coef"]), rtol=RTOL)
    np.testing.assert_allclose(*column(fit, "std_error", expected["se"]), rtol=RTOL)
    np.testing.assert_allclose(*column(fit, "p_value", expected["p"]), rtol=P_RTOL)
    assert fit.reference_df == expected["residual_df"]
    plain = fit.with_covariance(logreg.survey(df="design", **DESIGNS[name]))
    assert plain.reference_df == expected["design_df"]


@pytest.mark.filterwarnings("ignore::logreg.MissingDataWarning")
@pytest.mark.parametrize("name", ["nested_fpc", "gaps_nested", "gaps_rows"])
def test_blocks_give_the_same(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    formula = FULL.replace("ell", "gap") if name.startswith("gaps") else FULL
    design = logreg.survey(weights="pw", **DESIGNS[name])
    whole = logreg.fit(formula, schools(), covariance=design)
    monkeypatch.setattr(scores, "GROUP_NUMBERS", 30)
    parts = logreg.fit(formula, open_source(schools(), block_rows=7), covariance=design)
    np.testing.assert_allclose(parts.vcov_array, whole.vcov_array, rtol=1e-9, atol=1e-14)


def test_arrays_in_place_of_columns() -> None:
    data = schools()
    by_name = logreg.fit(FULL, data, covariance=logreg.survey(strata="stype", weights="pw", fpc="fpc"))
    by_array = logreg.fit(
        FULL,
        data,
        covariance=logreg.survey(strata=data.stype, weights=data.pw.to_numpy(), fpc=data.fpc.to_numpy()),
    )
    np.testing.assert_allclose(by_array.vcov_array, by_name.vcov_array, rtol=1e-12)


def test_several_outcomes_written_out() -> None:
    data = schools()
    data["three"] = np.where(data.sch_wide == "No", "no", np.where(data.emer > 10, "many", "few"))
    fit = logreg.fit(
        "three ~ meals",
        data,
        covariance=logreg.survey(strata="stype", cluster="dnum", nest=True, weights="pw"),
    )
    w = data.pw.to_numpy() / data.pw.mean()
    x = np.column_stack([np.ones(len(data)), data.meals])
    p = fit.probabilities()[list(fit.spec.outcome.modelled)].to_numpy()
    y = np.column_stack([data.three == level for level in fit.spec.outcome.modelled])
    row = w[:, None, None] * (np.einsum("nj,jk->njk", p, np.eye(2)) - p[:, :, None] * p[:, None, :])
    inverse = np.linalg.inv(np.einsum("njk,na,nb->jakb", row, x, x).reshape(4, 4))
    score = pd.DataFrame(np.einsum("nj,na->nja", w[:, None] * (y - p), x).reshape(-1, 4))
    totals = score.groupby([data.stype, data.dnum]).sum()
    meat = np.zeros((4, 4))
    for _, part in totals.groupby(level=0):
        n_h = len(part)
        meat += n_h / (n_h - 1) * (n_h - 1) * part.cov().to_numpy()
    np.testing.assert_allclose(fit.vcov_array, inverse @ meat @ inverse, rtol=1e-9)
    units, strata = len(totals), 3
    assert fit.reference_df == units - strata - 2


def test_a_census_has_no_sampling_error() -> None:
    data = schools().assign(all=1.0)
    fit = logreg.fit(FULL, data, covariance=logreg.survey(strata="stype", weights="pw", fpc="all"))
    np.testing.assert_array_equal(fit.vcov_array, 0.0)


def lonely() -> pd.DataFrame:
    data = schools()
    data.loc[7, "stype"] = "X"
    return data


@pytest.mark.parametrize(
    ("data", "design", "message"),
    [
        (lonely(), {"strata": "stype"}, "1 strata have a single sampling unit, the first of them in row 7"),
        (schools(), {"strata": "stype", "cluster": "dnum"}, "several strata.*nest=True"),
        (schools(), {"strata": "stype", "fpc": "ell"}, "varies within the stratum of row 0"),
        (schools().assign(few=20), {"strata": "stype", "fpc": "few"}, "says 20 for the stratum"),
        (schools(), {"fpc": "stype"}, "holds labels, not numbers"),
        (schools(), {"strata": "type"}, "Did you mean 'stype'"),
        (
            schools().assign(s=lambda d: d.stype.where(d.index != 4)),
            {"strata": "s"},
            "missing in 1 rows.*row 4",
        ),
    ],
)
def test_bad_designs_are_refused(data: pd.DataFrame, design: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        logreg.fit(FULL, data, covariance=logreg.survey(weights="pw", **design))


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(SupportError, match="df='normal'"):
        logreg.survey(df="normal")
    with pytest.raises(SupportError, match="nest='yes'"):
        logreg.survey(nest="yes")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        logreg.survey(stratum="stype")  # type: ignore[call-arg]


def test_weights_are_given_once() -> None:
    design = logreg.survey(strata="stype", weights="pw")
    with pytest.raises(WeightError, match="twice"):
        logreg.fit(FULL, schools(), weights="fpc", weight_kind="sampling", covariance=design)
    with pytest.raises(SupportError, match="weight_kind='frequency'"):
        logreg.fit(FULL, schools(), weights="pw", covariance=design)
    with pytest.raises(SupportError, match="weight_kind='precision'"):
        logreg.fit(FULL, schools(), weights="pw", weight_kind="precision", covariance=logreg.survey())
    plain = logreg.fit(FULL, schools())
    with pytest.raises(WeightError, match="Fit again"):
        plain.with_covariance(design)
    both = logreg.fit(FULL, schools(), weights="pw", weight_kind="sampling", covariance=design)
    assert both.with_covariance(design) is both


def test_too_few_units_for_the_model() -> None:
    data = schools().assign(quarter=lambda d: d.index % 4)
    with pytest.raises(SupportError, match=r"3 degrees of freedom.*df='design'"):
        logreg.fit(FULL, data, covariance=logreg.survey(cluster="quarter", weights="pw"))
    design = logreg.survey(cluster="quarter", weights="pw", df="design")
    assert logreg.fit(FULL, data, covariance=design).reference_df == 3


def test_saved_and_loaded(tmp_path: Path) -> None:
    design = logreg.survey(strata="stype", weights="pw", fpc="fpc")
    fit = logreg.fit(FULL, schools(), covariance=design)
    fit.save(tmp_path / "model.json")
    loaded = logreg.load(tmp_path / "model.json")
    assert loaded.reference_df == fit.reference_df
    assert loaded.options.covariance == "survey (strata stype; fpc fpc)"
    pd.testing.assert_frame_equal(loaded.coefficients(), fit.coefficients())
    assert loaded.with_covariance(design) is loaded


def test_reports_say_what_the_design_is() -> None:
    fit = logreg.fit(FULL, schools(), covariance=logreg.survey(strata="stype", weights="pw"))
    text = " ".join(str(fit.summary()).split())
    assert "linearised sandwich of the survey design" in text
    assert "t with 194 degrees of freedom" in text
