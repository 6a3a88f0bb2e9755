"""broom's verbs: columns by name, numbers against R and against the fit's own tables."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg import errors
from logreg.data import open_source

R = json.loads((Path(__file__).parents[1] / "reference" / "own" / "adapters" / "table_one.json").read_text())
#: R's hat values come from its last weights but one.
RTOL = 1e-8


@pytest.fixture
def birthwt() -> pd.DataFrame:
    return logreg.datasets.load("birthwt")


def test_tidy_has_brooms_columns(birthwt: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ age + smoke", birthwt)
    plain, own = fit.tidy(), fit.coefficients()
    assert list(plain.columns) == ["term", "estimate", "std_error", "statistic", "p_value"]
    np.testing.assert_array_equal(plain["estimate"], own["estimate"])
    ratios = fit.tidy(conf_int=True, confidence=0.9, exponentiate=True)
    again = fit.odds_ratios(confidence=0.9, intercept=True)
    np.testing.assert_allclose(ratios["estimate"], again["odds_ratio"], rtol=1e-14)
    np.testing.assert_allclose(ratios["conf_high"], again["conf_high"], rtol=1e-14)
    np.testing.assert_array_equal(ratios["std_error"], own["std_error"])


def test_tidy_of_a_multinomial_fit_names_the_level() -> None:
    fit = logreg.fit("partic ~ hincome", logreg.datasets.load("womenlf"))
    found = fit.tidy()
    assert found.columns[0] == "y_level"
    assert found["y_level"].tolist() == fit.coefficients()["outcome"].tolist()


def test_glance_is_that_of_a_glm(birthwt: pd.DataFrame) -> None:
    found = logreg.fit("low ~ age + lwt + smoke", birthwt).glance()
    names = ["null_deviance", "df_null", "loglik", "aic", "bic", "deviance", "df_residual", "nobs"]
    assert list(found.columns) == names
    np.testing.assert_allclose(found.iloc[0].to_numpy(dtype=float), R["glm_glance"], rtol=1e-10)


def test_augment_of_single_rows_is_that_of_a_glm(birthwt: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ age + lwt + smoke", birthwt)
    found = fit.augment()
    assert list(found.columns[:4]) == ["low", "age", "lwt", "smoke"]
    assert found["smoke"].tolist() == birthwt["smoke"].tolist()
    for name in ("fitted", "se_fit", "resid", "hat", "std_resid", "cooksd"):
        np.testing.assert_allclose(found[f".{name}"][:10], R[f"glm_{name}"], rtol=RTOL, err_msg=name)
    assert found[".hat"].sum() == pytest.approx(4.0, rel=1e-10)  # the trace of the hat matrix


def test_augment_of_counts_is_that_of_a_glm(birthwt: pd.DataFrame) -> None:
    data = (
        birthwt.astype({"smoke": str, "race": str})
        .groupby(["smoke", "race"], as_index=False)
        .agg(success=("low", "sum"), n=("low", "size"))
    )
    data["failure"] = data["n"] - data["success"]
    data.index = pd.Index(data["smoke"] + " " + data["race"])
    fit = logreg.fit("cbind(success, failure) ~ smoke + C(race)", data)
    found = fit.augment().loc[R["counts_order"]]
    for name in ("resid", "hat", "std_resid", "cooksd"):
        np.testing.assert_allclose(found[f".{name}"], R[f"counts_{name}"], rtol=RTOL, err_msg=name)


def test_a_frequency_is_so_many_rows(birthwt: pd.DataFrame) -> None:
    copies = np.arange(len(birthwt)) % 3
    fit = logreg.fit("low ~ age", birthwt, weights=copies)
    found = fit.augment()
    again = logreg.fit("low ~ age", birthwt.loc[birthwt.index.repeat(copies)]).augment()
    whole = again[~again.index.duplicated()]
    assert found.index.tolist() == whole.index.tolist()
    for name in (".fitted", ".resid", ".hat", ".cooksd"):
        np.testing.assert_allclose(found[name], whole[name], rtol=1e-8)


def test_blocks_and_missing_rows(birthwt: pd.DataFrame) -> None:
    birthwt.loc[[2, 9], "age"] = np.nan
    with pytest.warns(errors.MissingDataWarning):
        whole = logreg.fit("low ~ age + race", birthwt)
    with pytest.warns(errors.MissingDataWarning):
        blocks = logreg.fit("low ~ age + race", open_source(birthwt, block_rows=7))
    assert len(whole.augment()) == 187
    assert whole.augment().index.tolist() == birthwt["age"].dropna().index.tolist()
    left, right = whole.augment(), blocks.augment()
    pd.testing.assert_frame_equal(left, right, check_exact=False, rtol=1e-9)


def test_new_data_keep_their_columns(birthwt: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ age", birthwt)
    new = pd.DataFrame({"who": ["a", "b"], "age": [20.0, np.nan]}, index=[5, 6])
    found = fit.augment(new)
    assert list(found.columns) == ["who", "age", ".fitted", ".se_fit"]
    long = fit.logits(new, interval=True)
    np.testing.assert_array_equal(found[".se_fit"], long["std_error"])
    assert found[".fitted"].isna().tolist() == [False, True]
    assert fit.augment({"age": [20, 30]})[".fitted"].notna().all()


def test_multinomial_rows_get_probabilities_and_the_class() -> None:
    data = logreg.datasets.load("womenlf")
    fit = logreg.fit("partic ~ hincome + children", data)
    found = fit.augment()
    own = fit.probabilities()
    for name in fit.spec.outcome.names:
        np.testing.assert_array_equal(found[f".fitted_{name}"], own[name])
    assert found[".class"].tolist() == fit.classify().tolist()
    assert found["partic"].tolist() == data["partic"].tolist()


def test_leverages_need_the_model_covariance(birthwt: pd.DataFrame) -> None:
    found = logreg.fit("low ~ age", birthwt, covariance="HC1").augment()
    assert found[[".hat", ".cooksd", ".std_resid"]].isna().all(axis=None)
    assert found[".resid"].notna().all()


def test_residuals_hold_in_both_tails() -> None:
    data = pd.DataFrame({"y": [0, 1, 0, 1, 1], "x": [0.0, 0.0, 1.0, 1.0, 2.0]})
    fit = logreg.fit("y ~ 0 + x", data, offset=[40.0, -40.0, 700.0, 0.0, 0.0])
    found = fit.augment()
    # -2 log(1 - p) = 2 (logit + log1p(exp(-logit))), far beyond where p rounds to 1.
    np.testing.assert_allclose(found[".resid"].iloc[[0, 1]], [-np.sqrt(80.0), np.sqrt(80.0)], rtol=1e-12)
    np.testing.assert_allclose(found[".resid"].iloc[2], -np.sqrt(2 * found[".fitted"].iloc[2]), rtol=1e-12)


def test_a_loaded_model_says_that_it_has_no_rows(birthwt: pd.DataFrame, tmp_path: Path) -> None:
    fit = logreg.fit("low ~ age", birthwt)
    fit.save(tmp_path / "model.json")
    loaded = logreg.load(tmp_path / "model.json")
    with pytest.raises(errors.SupportError, match="augment"):
        loaded.augment()
    assert len(loaded.augment(birthwt)) == 189
    pd.testing.assert_frame_equal(loaded.tidy(), fit.tidy())
    pd.testing.assert_frame_equal(loaded.glance(), fit.glance())
