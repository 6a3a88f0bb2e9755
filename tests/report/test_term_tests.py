"""Tests of terms in the report: the numbers of nested fits, the right test, and the words for it."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest
from scipy.stats import chi2, f

import logreg
from logreg.report.context import context_of
from logreg.report.nodes import Document, Paragraph, Section
from logreg.report.sections_tests import overall_statistic, overall_test_text, why_wald

BIRTHS = logreg.datasets.load("birthwt")


def term_table(doc: Document) -> dict[str, dict[str, Any]]:
    frame = doc.table("term_tests").to_frame()
    return {row["term"]: row for row in frame.to_dict("records")}


def said(section: Section) -> str:
    return "\n".join(
        "".join(run.text for run in block.runs) for block in section.blocks if isinstance(block, Paragraph)
    )


def loglik(formula: str, data: Any = BIRTHS, **options: Any) -> float:
    return logreg.fit(formula, data, **options).loglik


def test_each_term_is_compared_with_the_fit_without_it() -> None:
    doc = logreg.fit("low ~ age * smoke + race", BIRTHS).report_document()
    found = term_table(doc)
    assert list(found) == ["age", "smoke", "race", "age:smoke"]
    expected = {
        "age": (1, loglik("low ~ age + smoke + race") - loglik("low ~ smoke + race")),
        "smoke": (1, loglik("low ~ age + smoke + race") - loglik("low ~ age + race")),
        "race": (2, loglik("low ~ age * smoke + race") - loglik("low ~ age * smoke")),
        "age:smoke": (1, loglik("low ~ age * smoke + race") - loglik("low ~ age + smoke + race")),
    }
    for term, (df, gain) in expected.items():
        assert found[term]["df"] == df
        assert found[term]["statistic"] == pytest.approx(2.0 * gain, abs=1e-9)
        assert found[term]["p_value"] == pytest.approx(chi2.sf(2.0 * gain, df), rel=1e-9)
    text = said(doc["model_fit"])
    assert "kind 2" in text
    assert "both without the products that contain it" in text
    assert "likelihood ratio tests" in text


def test_a_factor_of_several_outcomes_is_tested_in_all_logits() -> None:
    women = logreg.datasets.load("womenlf")
    doc = logreg.fit("partic ~ hincome + region", women).report_document(versus="fulltime")
    found = term_table(doc)
    gain = loglik("partic ~ hincome + region", women) - loglik("partic ~ hincome", women)
    assert found["region"]["df"] == 8
    assert found["region"]["statistic"] == pytest.approx(2.0 * gain, abs=1e-9)
    assert "in both logits together" in said(doc["model_fit"])


def test_a_robust_covariance_gives_wald_tests_of_that_covariance() -> None:
    fit = logreg.fit("low ~ age + race", BIRTHS, covariance="HC3")
    doc = fit.report_document()
    found = term_table(doc)
    b = fit.coef_array[0, 2:4]
    v = fit.vcov_array[2:4, 2:4]
    names = fit.spec.column_names[2:4]
    assert names == ("race[T.black]", "race[T.other]")
    determinant = v[0, 0] * v[1, 1] - v[0, 1] ** 2
    wald = (b[0] ** 2 * v[1, 1] - 2 * b[0] * b[1] * v[0, 1] + b[1] ** 2 * v[0, 0]) / determinant
    assert found["race"]["statistic"] == pytest.approx(wald, rel=1e-10)
    text = said(doc["model_fit"])
    assert "standard errors are “HC3”" in text
    assert "Wald χ²" in text


def test_a_survey_gives_f_tests() -> None:
    data = logreg.datasets.load("apistrat")
    design = logreg.survey(strata="stype", weights="pw", fpc="fpc")
    fit = logreg.fit("sch_wide ~ ell + meals", data, covariance=design)
    found = term_table(fit.report_document())
    z = fit.coef_array[0, 1] / fit.std_error_array[0, 1]
    assert found["ell"]["statistic"] == pytest.approx(z**2, rel=1e-10)
    assert found["ell"]["df_error"] == 195.0
    assert found["ell"]["p_value"] == pytest.approx(f.sf(z**2, 1, 195), rel=1e-9)
    context = context_of(fit)
    assert "Wald F = " in overall_test_text(context)
    assert "on 2 and 195 degrees of freedom" in overall_test_text(context)
    assert overall_statistic(context).startswith("Wald F(2, 195) = ")


def test_a_loaded_model_has_wald_tests_and_says_why(tmp_path: Any) -> None:
    fit = logreg.fit("low ~ age + race", BIRTHS)
    fit.save(tmp_path / "m.json")
    loaded = logreg.load(tmp_path / "m.json")
    doc = loaded.report_document()
    frame = fit.anova(test="wald")
    assert doc.table("term_tests").to_frame()["statistic"].tolist() == pytest.approx(
        frame["statistic"].tolist(), rel=1e-12
    )
    assert "holds no rows" in said(doc["model_fit"])
    # The log-likelihood of the intercepts alone is part of the file: the whole is tested as before.
    assert overall_test_text(context_of(loaded)) == overall_test_text(context_of(fit))


def test_a_separated_fit_keeps_its_likelihood_ratios() -> None:
    data = logreg.datasets.load("endometrial")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        fit = logreg.fit("HG ~ NV + PI + EH", data)
        doc = fit.report_document()
        without = loglik("HG ~ PI + EH", data)
    assert term_table(doc)["NV"]["statistic"] == pytest.approx(2.0 * (fit.loglik - without), abs=1e-6)


def test_a_wald_test_without_an_answer_has_its_reason(tmp_path: Any) -> None:
    data = logreg.datasets.load("endometrial")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        logreg.fit("HG ~ NV + PI + EH", data).save(tmp_path / "m.json")
    table = logreg.load(tmp_path / "m.json").report_document().table("term_tests")
    row = next(row for row in table.rows if row.cells[0].value == "NV")
    assert row.cells[2].text == "–"
    assert "separated" in row.cells[2].reason
    assert any("separated" in note for note in table.notes)


def test_firth_has_penalised_tests() -> None:
    fit = logreg.fit("HG ~ NV + PI + EH", logreg.datasets.load("endometrial"), estimator="firth")
    doc = fit.report_document()
    assert doc.table("term_tests").columns[2].heading == "Penalised likelihood ratio χ²"
    assert doc.table("term_tests").to_frame()["statistic"].tolist() == pytest.approx(
        fit.anova()["statistic"].tolist(), rel=1e-12
    )


@pytest.mark.parametrize("formula", ["low ~ 1", "low ~ 0 + race"])
def test_without_slopes_or_intercept_the_whole_has_no_test(formula: str) -> None:
    fit = logreg.fit(formula, BIRTHS)
    text = overall_test_text(context_of(fit))
    if formula == "low ~ 1":
        assert text == "A test of the whole model is not defined: the model has no slopes."
        assert overall_statistic(context_of(fit)) == ""
        assert not any(table.key == "term_tests" for table in fit.report_document().tables)
    else:
        # A factor coded in full spans the constant.
        assert "likelihood ratio" in text


def test_why_wald_is_said_in_the_order_of_what_matters() -> None:
    fit = logreg.fit("low ~ age", BIRTHS)
    assert why_wald(fit, has_rows=True) == ""
    assert "holds no rows" in why_wald(fit, has_rows=False)
    median = logreg.fit("low ~ age", BIRTHS, estimator="median")
    assert "maximise no likelihood" in why_wald(median, has_rows=True)
    weighted = logreg.fit("low ~ age", BIRTHS, weights="lwt", weight_kind="sampling")
    assert "sampling weights" in why_wald(weighted, has_rows=True)


def test_many_rows_take_wald_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    from logreg.report import sections_tests

    fit = logreg.fit("low ~ age + race", BIRTHS)
    monkeypatch.setattr(sections_tests, "LARGEST_REFITS", 189 * 4 * 2 - 1)
    doc = fit.report_document()
    assert "so many rows" in said(doc["model_fit"])
    frame = fit.anova(test="wald")
    shown = doc.table("term_tests").to_frame()
    assert shown["statistic"].tolist() == pytest.approx(frame["statistic"].tolist(), rel=1e-12)
    assert not math.isnan(shown["p_value"].sum())
