"""Models side by side: terms aligned, numbers those of the fits, differences between models named."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from sklearn.linear_model import LogisticRegression

import logreg
from logreg import errors
from logreg.report.nodes import Table
from logreg.report.write import write_document


@pytest.fixture
def birthwt() -> pd.DataFrame:
    return logreg.datasets.load("birthwt")


@pytest.fixture
def pair(birthwt: pd.DataFrame) -> tuple[logreg.LogisticFit, logreg.LogisticFit]:
    return logreg.fit("low ~ smoke + age", birthwt), logreg.fit("low ~ race + smoke + lwt", birthwt)


def rows_of(found: Any) -> dict[str, list[str]]:
    table: Table = found.document.table("models")
    return {str(row.cells[0].value): [cell.text for cell in row.cells[1:]] for row in table.rows}


def shown(formula: str) -> list[str]:
    """Return smoking's odds ratio and interval from statsmodels, as text."""
    result = smf.logit(formula, logreg.datasets.load("birthwt")).fit(disp=0)
    ratio, (low, high) = (np.exp(x.loc["smoke[T.yes]"]) for x in (result.params, result.conf_int()))
    return [f"{ratio:.2f}", f"{low:.2f} to {high:.2f}"]


def test_numbers_are_those_of_the_fits(pair: Any) -> None:
    frame = logreg.compare_table(*pair, names=["small", "large"]).to_frame()
    for name, fit in zip(("small", "large"), pair, strict=True):
        own = fit.odds_ratios()
        part = frame[frame["model"] == name]
        assert part["term"].tolist() == own["term"].tolist()
        for column in ("odds_ratio", "conf_low", "conf_high", "p_value"):
            np.testing.assert_array_equal(part[column], own[column])


def test_the_same_term_stands_on_one_line(pair: Any) -> None:
    found = logreg.compare_table(*pair)
    rows = rows_of(found)
    assert rows["smoke[T.yes]"] == [*shown("low ~ smoke + age"), *shown("low ~ race + smoke + lwt")]
    assert rows["age"][2:] == ["", ""]
    assert rows["lwt"][:2] == ["", ""]
    assert rows["smoke[no]"][:2] == ["1", "reference"]
    order = [key for key in rows if key in ("smoke[T.yes]", "age", "race[T.black]", "lwt")]
    assert order == ["smoke[T.yes]", "age", "race[T.black]", "lwt"]
    assert rows["n_rows"] == ["189", "", "189", ""]
    assert rows["aic"][0] == f"{pair[0].aic:.2f}"
    assert rows["mcfadden"][2] == f"{1 - pair[1].loglik / pair[1].loglik_null:.3f}"


def test_estimates_with_intercepts_and_p_values(pair: Any) -> None:
    found = logreg.compare_table(*pair, statistic="estimate", p_values=True, interval=None)
    rows = rows_of(found)
    assert rows["Intercept"][0] == f"{pair[0].coef_array[0, 0]:.3f}".replace("-", "\u2212")
    assert len(rows["age"]) == 4
    frame = found.to_frame()
    assert {"estimate", "std_error", "statistic"} <= set(frame.columns)
    assert "Intercept" in frame["term"].tolist()


def test_units_for_the_models_that_have_the_variable(pair: Any) -> None:
    found = logreg.compare_table(*pair, units={"lwt": 10})
    frame = found.to_frame()
    row = frame[frame["term"] == "lwt"].iloc[0]
    assert row["unit"] == 10.0
    slope = pair[1].coef.droplevel("outcome")["lwt"]
    assert row["odds_ratio"] == pytest.approx(np.exp(10 * slope), rel=1e-13)
    assert "per 10" in str(found)


def test_multinomial_models_in_blocks_against_one_baseline() -> None:
    data = logreg.datasets.load("womenlf")
    first = logreg.fit("partic ~ hincome", data)
    second = logreg.fit("partic ~ hincome + children", data, baseline="fulltime")
    found = logreg.compare_table(first, second)
    frame = found.to_frame()
    assert set(frame["baseline"]) == {"not.work"}
    again = logreg.fit("partic ~ hincome + children", data)
    keys = ["outcome", "term"]
    part = frame[frame["model"] == "Model 2"].sort_values(keys)
    own = again.odds_ratios().sort_values(keys)
    assert part[keys].to_numpy().tolist() == own[keys].to_numpy().tolist()
    np.testing.assert_allclose(part["odds_ratio"], own["odds_ratio"], rtol=1e-8)
    np.testing.assert_allclose(part["conf_low"], own["conf_low"], rtol=1e-8)
    text = str(found)
    assert text.count("(against not.work)") == 2


def test_binary_models_of_different_outcomes_are_labelled(birthwt: pd.DataFrame) -> None:
    one, other = logreg.fit("low ~ age", birthwt), logreg.fit("ht ~ age", birthwt)
    found = logreg.compare_table(one, other)
    groups = [name for name, _ in found.document.table("models").column_groups if name]
    assert groups[1].startswith("Model 2: History of hypertension, yes against no")
    assert "different outcomes" in str(found)


def test_a_binary_model_the_other_way_round_is_told_against_the_same_baseline(birthwt: pd.DataFrame) -> None:
    one, other = logreg.fit("low ~ age", birthwt), logreg.fit("low ~ age", birthwt, event=0)
    frame = logreg.compare_table(one, other).to_frame()
    assert frame["odds_ratio"].iloc[0] == pytest.approx(frame["odds_ratio"].iloc[1], rel=1e-10)


def test_models_of_other_packages_stand_beside(birthwt: pd.DataFrame) -> None:
    own = logreg.fit("low ~ lwt + age", birthwt)
    theirs = logreg.from_statsmodels(smf.logit("low ~ lwt + age", birthwt).fit(disp=0))
    X = birthwt[["lwt", "age"]].astype(float)
    with pytest.warns(errors.DataWarning):
        ridge = logreg.from_sklearn(LogisticRegression().fit(X, birthwt["low"]), X, birthwt["low"])
    found = logreg.compare_table(own, theirs, ridge, names=["logreg", "statsmodels", "ridge"], p_values=True)
    rows = rows_of(found)
    assert rows["lwt"][:3] == rows["lwt"][3:6]
    assert rows["lwt"][7:] == ["–", "–"]
    assert rows["aic"][6] == "–"
    text = " ".join(str(found).split())
    assert "errors are not valid for penalised fits" in text
    assert "Estimated by statsmodels" in text


def test_infinite_estimates_have_no_wald_number() -> None:
    data = logreg.datasets.load("endometrial")
    with pytest.warns(errors.SeparationWarning):
        separated = logreg.fit("HG ~ NV + PI", data)
    firth = logreg.fit("HG ~ NV + PI", data, estimator="firth")
    found = logreg.compare_table(separated, firth, p_values=True)
    rows = rows_of(found)
    assert rows["NV"][:3] == ["∞", "–", "–"]
    assert rows["NV"][3] != "–"
    assert rows["aic"][3] == "–"
    assert "Model 1, Neovasculisation: no finite estimate" in " ".join(str(found).split())
    profile = rows_of(logreg.compare_table(separated, interval="profile"))
    assert profile["NV"][1].endswith("∞")


def test_aliased_columns_and_other_rows(birthwt: pd.DataFrame) -> None:
    data = birthwt.assign(twice=2 * birthwt["age"])
    data.loc[0, "lwt"] = np.nan
    with pytest.warns(errors.LogregWarning):
        one, other = logreg.fit("low ~ age + twice", data), logreg.fit("low ~ age + lwt", data)
    found = logreg.compare_table(one, other)
    assert rows_of(found)["twice"][0] == "–"
    assert "different rows (189, 188)" in " ".join(str(found).split())


def test_robust_covariances_are_named(birthwt: pd.DataFrame) -> None:
    one = logreg.fit("low ~ age", birthwt)
    found = logreg.compare_table(one, one.with_covariance("HC3"), names=["model", "robust"])
    assert "model: model; robust: HC3" in " ".join(str(found).split())


@pytest.mark.parametrize(
    ("style", "interval", "p"),
    [
        ("apa", "[{}, {}]", ".032"),
        ("jama", "{} to {}", ".03"),
        ("nejm", "{} to {}", "0.03"),
        ("lancet", "{} to {}", "0·032"),
    ],
)
def test_journals_write_numbers_their_way(pair: Any, style: str, interval: str, p: str) -> None:
    row = rows_of(logreg.compare_table(pair[0], p_values=True, style=style))["smoke[T.yes]"]
    low, _, high = shown("low ~ smoke + age")[1].partition(" to ")
    expected = interval.format(low, high)
    assert row[1:] == [expected.replace(".", "·") if style == "lancet" else expected, p]


def test_it_is_a_document_of_every_format(pair: Any, tmp_path: Any) -> None:
    found = logreg.compare_table(*pair, title="Two models", fit_statistics=["n_rows", "tjur"])
    for suffix in (".html", ".md", ".json", ".txt"):
        path = found.write(tmp_path / f"models{suffix}")
        again = write_document(found.document, tmp_path / f"again{suffix}")
        assert path.read_bytes() == again.read_bytes()
    assert "Two models" in found._repr_html_()
    assert set(rows_of(found)) >= {"n_rows", "tjur"}
    assert "aic" not in rows_of(found)
    shown = found.document.table("models").to_frame()
    assert ("Model 1", "odds_ratio") in shown.columns


def test_what_cannot_stand_side_by_side_is_refused(pair: Any, birthwt: pd.DataFrame) -> None:
    women = logreg.datasets.load("womenlf")
    multinomial = logreg.fit("partic ~ hincome", women)
    cases: list[tuple[Any, str]] = [
        (lambda: logreg.compare_table(), "one or more fits"),
        (lambda: logreg.compare_table(pair[0], "fit"), "from_statsmodels"),
        (lambda: logreg.compare_table(*pair, names=["a"]), "different names"),
        (lambda: logreg.compare_table(*pair, names=["a", "a"]), "different names"),
        (lambda: logreg.compare_table(pair[0], multinomial), "same outcome"),
        (lambda: logreg.compare_table(*pair, statistic="risk"), "'odds_ratio' or 'estimate'"),
        (lambda: logreg.compare_table(*pair, interval="exact"), "interval="),
        (lambda: logreg.compare_table(*pair, style="nature"), "style="),
        (lambda: logreg.compare_table(*pair, labels={"agee": "Age"}), "agee"),
        (lambda: logreg.compare_table(*pair, fit_statistics=["r2"]), "r2"),
        (lambda: logreg.compare_table(*pair, statistic="estimate", units={"age": 10}), "units="),
        (lambda: logreg.compare_table(*pair, units={"aeg": 10}), "aeg"),
    ]
    for call, message in cases:
        with pytest.raises(errors.SupportError, match=message):
            call()
