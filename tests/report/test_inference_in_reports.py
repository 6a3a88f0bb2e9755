"""Covariance, intervals, tests in a report: what was done is what is said; the program does it again."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

import logreg
from logreg.errors import SupportError
from logreg.report.context import context_of
from logreg.report.drawing import forest_alt
from logreg.report.forest import beside_text, ratio_frame
from logreg.report.inference_words import covariance_text, interval_note, intervals_named
from logreg.report.nodes import Paragraph
from logreg.report.sections_code import reproduce_code
from logreg.report.sections_coefficients import binary_table, coefficient_tables
from logreg.report.sections_methods import methods_section
from logreg.report.words import ratio_sentence

BIRTHS = logreg.datasets.load("birthwt")
DISTRICTS = logreg.datasets.load("contraception")


def endometrial() -> logreg.LogisticFit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        return logreg.fit("HG ~ NV + PI + EH", logreg.datasets.load("endometrial"))


def methods(fit: logreg.LogisticFit, **options: Any) -> str:
    (block,) = methods_section(context_of(fit, **options)).blocks
    assert isinstance(block, Paragraph)
    return "".join(run.text for run in block.runs)


# Profile likelihood --------------------------------------------------------------------------------------


@pytest.mark.parametrize("versus", [None, "fulltime"])
def test_profile_intervals_reach_every_number(versus: str | None) -> None:
    fit = logreg.fit("partic ~ hincome + children", logreg.datasets.load("womenlf"))
    context = context_of(fit, interval="profile", versus=versus, units={"hincome": 5}, confidence=0.9)
    expected = fit.odds_ratios(unit={"hincome": 5}, interval="profile", versus=versus, confidence=0.9)
    found = [numbers for _, _, numbers in context.estimates()]
    assert [n.low for n in found] == expected["conf_low"].tolist()
    assert [n.high for n in found] == expected["conf_high"].tolist()
    assert [n.p_value for n in found] == expected["p_value"].tolist()
    for table in coefficient_tables(context):
        notes = " ".join(table.notes)
        assert "CI: 90% confidence interval (profile likelihood)" in notes
        assert "p: likelihood ratio test of an odds ratio of 1" in notes
        assert "Wald" not in notes


def test_an_infinite_odds_ratio_has_a_profile_interval_with_one_end() -> None:
    fit = endometrial()
    context = context_of(fit, interval="profile")
    line = next(line for line in context.lines if line.name == "NV")
    assert line.position is not None
    numbers = context.numbers[0][line.position]
    row = fit.odds_ratios(interval="profile").set_index("term").loc["NV"]
    assert (numbers.low, numbers.high, numbers.p_value) == (row["conf_low"], math.inf, row["p_value"])
    assert numbers.reason == "infinite"
    assert not numbers.is_finite
    assert numbers.is_clear
    cells = next(row.cells for row in binary_table(context).rows if row.cells[0].value == "NV")
    columns = [column.key for column in binary_table(context).columns]
    shown = dict(zip(columns, cells, strict=True))
    assert shown["odds_ratio"].text == "∞"
    assert shown["interval"].text.endswith(" to ∞")
    assert shown["interval"].value == f"{float(row['conf_low'])!r} to inf"
    assert shown["p_value"].value == row["p_value"]
    assert not shown["p_value"].reason
    assert shown["std_error"].reason
    said = ratio_sentence(context, 0, line, numbers)
    assert f"grows without limit (95% CI {row['conf_low']:.2f} to ∞): there is no finite estimate" in said
    assert f"Neovasculisation infinite ({row['conf_low']:.2f} to ∞)" in forest_alt(context)
    assert beside_text(context, 0, line) == f"∞ ({row['conf_low']:.2f} to ∞)"
    low, high = ratio_frame(context, [0])
    assert low < row["conf_low"] < high


def test_wald_leaves_infinite_odds_ratios_without_numbers() -> None:
    context = context_of(endometrial())
    line = next(line for line in context.lines if line.name == "NV")
    assert line.position is not None
    assert not context.numbers[0][line.position].has_interval
    assert beside_text(context, 0, line) == "∞ (infinite)"


def test_the_forest_draws_the_finite_end_of_an_infinite_odds_ratio() -> None:
    fit = endometrial()
    axes = fit.plot.odds_ratios(interval="profile")
    low = fit.odds_ratios(interval="profile").set_index("term").loc["NV", "conf_low"]
    ends = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    assert (low, axes.get_xlim()[1]) in [(float(a), float(b)) for a, b in ends]


@pytest.mark.parametrize("options", [{"covariance": "HC1"}, {"estimator": "median"}])
def test_profile_intervals_are_refused_where_they_mean_nothing(options: dict[str, str]) -> None:
    fit = logreg.fit("low ~ age", BIRTHS, **options)
    for refused in (fit.report_document, fit.summary, fit.explain):
        with pytest.raises(SupportError, match=r"interval='profile'"):
            refused(interval="profile")
    with pytest.raises(SupportError, match="'wald' and 'profile'"):
        fit.summary(interval="exact")


def test_the_summary_names_its_intervals() -> None:
    fit = logreg.fit("low ~ age + smoke", BIRTHS)
    wald, profile = (" ".join(str(fit.summary(interval=kind)).split()) for kind in ("wald", "profile"))
    assert "95% confidence interval (Wald)" in wald
    assert "95% confidence interval (profile likelihood)" in profile
    assert "90% CI" in str(fit.summary(confidence=0.9))
    robust = fit.with_covariance("HC3")
    verdict = robust.overall_test("wald")
    assert f"Wald chi2(2) = {verdict.statistic:.2f}" in " ".join(str(robust.summary()).split())


def test_sentences_carry_the_chosen_interval() -> None:
    fit = logreg.fit("low ~ age + smoke", BIRTHS)
    row = fit.odds_ratios(interval="profile").set_index("term").loc["smoke[T.yes]"]
    plain = str(fit.explain(interval="profile"))
    assert f"(95% CI {row['conf_low']:.2f} to {row['conf_high']:.2f})" in plain
    analyst = str(fit.explain("analyst", interval="profile"))
    assert "profile likelihood intervals" in analyst
    assert " z = " not in analyst
    assert "profile likelihood intervals at 95%" in str(fit.explain("methods", interval="profile"))


def test_joint_terms_are_said_with_the_chosen_interval() -> None:
    fit = logreg.fit("low ~ poly(age, 2) + smoke", BIRTHS)
    said = str(fit.explain(interval="profile"))
    (row,) = fit.odds_ratios(variables={"age": (19.0, 23.0)}, interval="profile").to_dict("records")
    assert "= 23 as with" in said
    assert f"(95% CI {row['conf_low']:.2f} to {row['conf_high']:.2f})" in said


# Words ---------------------------------------------------------------------------------------------------


def test_methods_say_what_was_done() -> None:
    text = methods(logreg.fit("low ~ age + smoke", BIRTHS))
    assert "covariance “model”: inverse of the information" in text
    assert "Wald intervals at 95%: estimate ± 1.96 standard errors" in text
    assert "likelihood ratio tests of kind 2" in text
    assert "by the delta method" in text
    text = methods(logreg.fit("low ~ age + smoke", BIRTHS), interval="profile", confidence=0.9)
    assert "profile likelihood intervals at 90%" in text
    assert "less than 2.71 below its maximum" in text
    assert "p values of coefficients belong to likelihood ratio tests" in text


def test_methods_count_clusters_and_strata() -> None:
    one = logreg.fit("use ~ age + urban", DISTRICTS, covariance=logreg.cluster("district"))
    n = DISTRICTS["district"].nunique()
    assert f"there were {n} clusters by district." in methods(one)
    assert one.group_counts() == (("cluster", "district", n),)
    assert "Wald tests of kind 2" in methods(one)
    two = one.with_covariance(logreg.cluster("district", "livch", kind="CR0"))
    kids = DISTRICTS["livch"].nunique()
    assert f"there were {n} clusters by district and {kids} clusters by livch." in methods(two)
    data = logreg.datasets.load("apistrat")
    design = logreg.survey(strata="stype", weights="pw", fpc="fpc")
    survey = logreg.fit("sch_wide ~ ell + meals", data, covariance=design)
    assert "there were 3 strata by stype." in methods(survey)
    assert "t with 195 degrees of freedom" in methods(survey)
    array = one.with_covariance(logreg.cluster(DISTRICTS["district"].to_numpy()))
    assert "there were" not in methods(array)


def test_clusters_are_counted_among_the_rows_used(tmp_path: Any) -> None:
    data = DISTRICTS.assign(age=DISTRICTS["age"].where(DISTRICTS["district"] != 1))
    with pytest.warns(logreg.MissingDataWarning):
        fit = logreg.fit("use ~ age", data, covariance=logreg.cluster("district"))
    assert fit.group_counts() == (("cluster", "district", data["district"].nunique() - 1),)
    fit.save(tmp_path / "m.json")
    assert logreg.load(tmp_path / "m.json").group_counts() == ()


def test_every_interval_says_whose_errors_it_has() -> None:
    robust = context_of(logreg.fit("low ~ age", BIRTHS, covariance="HC3"))
    assert "(Wald; standard errors “HC3”)" in interval_note(robust)
    assert intervals_named(robust) == "95% Wald intervals (standard errors “HC3”)"
    firth = logreg.fit("low ~ age", BIRTHS, estimator="firth")
    assert intervals_named(context_of(firth, interval="profile")) == (
        "95% profile penalised likelihood intervals"
    )
    assert "p: penalised likelihood ratio test" in interval_note(context_of(firth, interval="profile"))
    assert intervals_named(context_of(firth)) == "95% Wald intervals"


def test_figures_and_tables_of_predictions_name_their_intervals() -> None:
    doc = logreg.fit("low ~ age", BIRTHS, covariance="HC1").report_document()
    assert "a pointwise 95% band (Wald; standard errors “HC1”)" in doc.figure("effect_1").caption
    assert "(Wald; standard errors “HC1”)" in doc.table("probabilities").notes[0]
    assert "95% Wald intervals (standard errors “HC1”)" in doc.figure("forest").caption
    profile = logreg.fit("low ~ age", BIRTHS).report_document(interval="profile")
    assert "95% profile likelihood intervals" in profile.figure("forest").caption
    assert "band (Wald)" in profile.figure("effect_1").caption


def test_resampled_covariances_are_explained() -> None:
    fit = logreg.fit("low ~ age", BIRTHS)
    boot = fit.with_covariance(fit.bootstrap(20, rng=3))
    assert covariance_text(boot.options.covariance) == (
        "“bootstrap (20 resamples of rows, seed 3)”: covariance of the estimates over resamples drawn with "
        "replacement"
    )
    assert "jackknife (189 rows)" in methods(fit.with_covariance(fit.jackknife()))


# The program ---------------------------------------------------------------------------------------------


def resampled(**options: Any) -> Any:
    return lambda fit: fit.with_covariance(fit.bootstrap(20, **options))


COVARIANCES: dict[str, Any] = {
    "HC3": "HC3",
    "stata": "stata",
    "cluster": logreg.cluster("district"),
    "two ways": logreg.cluster("district", "livch", kind="CR0"),
    "CR2": logreg.cluster("district", kind="CR2"),
    "strata": logreg.survey(strata="urban", cluster="district", nest=True, df="design"),
    "bootstrap": resampled(rng=8),
    "fresh seed": resampled(),
    "stratified": resampled(rng=8, stratified=True),
    "bootstrap of clusters": resampled(rng=8, cluster="district"),
    "jackknife of clusters": lambda fit: fit.with_covariance(fit.jackknife(cluster="district")),
}


@pytest.mark.parametrize("case", COVARIANCES)
def test_the_code_makes_the_covariance_again(case: str) -> None:
    fit = logreg.fit("use ~ age + urban", DISTRICTS)
    choice = COVARIANCES[case]
    fit = choice(fit) if callable(choice) else fit.with_covariance(choice)
    space: dict[str, Any] = {}
    exec(reproduce_code(context_of(fit)).rpartition("\n")[0], space)
    again = space["fit"]
    assert again.options == fit.options
    np.testing.assert_array_equal(again.vcov_array, fit.vcov_array)
    assert again.reference_df == fit.reference_df


def test_a_survey_with_weights_is_fitted_again() -> None:
    data = logreg.datasets.load("apistrat")
    design = logreg.survey(strata="stype", weights="pw", fpc="fpc")
    fit = logreg.fit("sch_wide ~ ell + meals", data, covariance=design)
    space: dict[str, Any] = {}
    exec(reproduce_code(context_of(fit)).rpartition("\n")[0], space)
    np.testing.assert_array_equal(space["fit"].vcov_array, fit.vcov_array)
    assert space["fit"].options == fit.options


def test_arrays_are_named_where_the_program_needs_them() -> None:
    labels = DISTRICTS["district"].to_numpy()
    fit = logreg.fit("use ~ age", DISTRICTS, weights=np.ones(len(labels)), covariance=logreg.cluster(labels))
    program = reproduce_code(context_of(fit))
    filled = program.replace("weights = ...", "weights = np.ones(len(data))").replace(
        "cluster = ...", "cluster = data['district'].to_numpy()"
    )
    assert filled.count("...") == 0
    space: dict[str, Any] = {"np": np}
    exec(filled.rpartition("\n")[0], space)
    np.testing.assert_array_equal(space["fit"].vcov_array, fit.vcov_array)
    boot = fit.with_covariance(fit.bootstrap(10, rng=1, cluster=labels))
    assert "cluster = ...  # the array" in reproduce_code(context_of(boot))
    named = logreg.fit("use ~ age", DISTRICTS.rename(columns={"livch": "weights"}), weights=None)
    assert "..." not in reproduce_code(context_of(named)).replace("data = ...", "")


def test_the_interval_is_part_of_the_program() -> None:
    program = reproduce_code(context_of(logreg.fit("low ~ age", BIRTHS), interval="profile"))
    assert program.endswith("fit.report(\"report.html\", interval='profile')")


def test_the_same_report_with_robust_errors_has_the_same_bytes() -> None:
    fit = logreg.fit("low ~ age", BIRTHS, covariance="HC3")
    assert fit.report_document() == fit.report_document()
    assert fit.report_document(interval="wald") == fit.report_document()
