"""The checklists: every item once, answers with the fit's numbers, and nothing that the fit cannot know."""

from __future__ import annotations

import math
import re
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.report.checklist_strobe import STROBE
from logreg.report.checklist_tripod import TRIPOD
from logreg.report.checklists import FOR_THE_AUTHOR, NEED_ROWS, ON_REQUEST, TITLES
from logreg.report.sections import SECTIONS, USUAL
from logreg.report.write import RENDERERS, render_as


def numbers(text: str) -> list[str]:
    return text.split()


#: The items of von Elm et al. (2007), and of Collins et al. (2015, 2024).
STROBE_ITEMS = numbers(
    "1a 1b 2 3 4 5 6a 6b 7 8 9 10 11 12a 12b 12c 12d 12e 13a 13b 13c 14a 14b 14c 15 16a 16b 16c 17 18 19 20 "
    "21 22"
)
TRIPOD_ITEMS = numbers(
    "1 2 3a 3b 4a 4b 5a 5b 5c 6a 6b 7a 7b 8 9 10a 10b 10c 10d 10e 11 12 13a 13b 13c 14a 14b 15a 15b 16 17 18 "
    "19a 19b 20 21 22"
)
TRIPOD_AI_ITEMS = numbers(
    "1 2 3a 3b 3c 4 5a 5b 6a 6b 6c 7 8a 8b 8c 9a 9b 9c 10 11 12a 12b 12c 12d 12e 12f 12g 13 14 15 16 17 18a "
    "18b 18c 18d 18e 18f 19 20a 20b 20c 21 22 23a 23b 24 25 26 27a 27b 27c"
)


def gaps() -> pd.DataFrame:
    path = Path(__file__).parents[1] / "reference" / "own" / "birthwt_gaps.csv"
    return pd.read_csv(path)


def fitted(formula: str, data: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        return logreg.fit(formula, data, **options)


@cache
def births() -> Any:
    return fitted("low ~ log(lwt) + age + race * smoke", gaps())


def answers(fit: Any, key: str = "strobe", **options: Any) -> dict[str, str]:
    """Return the answers by number; those that TRIPOD+AI adds by its own."""
    frame = fit.report_document(sections=[key], **options).table(key).to_frame()
    names = frame["item"].where(frame["item"] != "", "AI " + frame.get("newer", frame["item"]))
    return dict(zip(names, frame["answer"], strict=True))


def test_strobe_has_every_item_once() -> None:
    assert [item.number for item in STROBE.items] == STROBE_ITEMS


def test_tripod_has_every_item_once() -> None:
    assert [item.number for item in TRIPOD.items if item.number] == TRIPOD_ITEMS


def test_every_item_of_tripod_ai_has_a_place_and_those_added_are_new() -> None:
    old = {n for item in TRIPOD.items if item.number and item.newer for n in item.newer.split(", ")}
    added = [item.newer for item in TRIPOD.items if not item.number]
    assert old.union(added) == set(TRIPOD_AI_ITEMS)
    assert not old.intersection(added)
    assert added == [number for number in TRIPOD_AI_ITEMS if number in added]


def test_every_item_has_an_answer_or_is_for_the_author() -> None:
    for checklist in (STROBE, TRIPOD):
        for item in checklist.items:
            assert item.answer is not None or item.author, item.number
            assert not item.author.endswith("."), item.number
    for key in ("strobe", "tripod"):
        assert all(answers(births(), key).values())


def test_sections_are_called_by_their_headings() -> None:
    fit = fitted("low ~ smoke + ht", logreg.datasets.load("birthwt"))
    document = fit.report_document(sections=list(TITLES))
    assert {key: document.section(key).title for key in TITLES} == dict(TITLES)
    assert [key for key in TITLES if key not in USUAL] == list(ON_REQUEST)


@pytest.mark.parametrize("key", ["strobe", "tripod"])
def test_every_section_named_is_one(key: str) -> None:
    text = " ".join(answers(births(), key).values())
    named = set(re.findall(r"[Ss]ections? ((?:“[^”]+”(?:, | and )?)+)", text))
    titles = {title for names in named for title in re.findall("“([^”]+)”", names)}
    assert titles
    assert titles <= set(TITLES.values())


def test_counts_are_those_of_the_fit() -> None:
    fit, found = births(), answers(births())
    sample = fit.sample
    assert (sample.rows_read, sample.rows_dropped, sample.rows_used) == (189, 10, 179)
    assert "189 rows read, 10 left out, 179 used." in found["13a"]
    no, yes = sample.rows
    assert f"Records by outcome: {no:g} with no and {yes:g} with yes." in found["15"]
    slopes = fit.n_coef - 1
    assert f"has {min(no, yes) / slopes:.1f} records per coefficient" in found["10"]
    assert "179 rows used." in found["10"]
    assert f"{10 / 189:.1%} of the rows were left out" in found["19"]


def test_missing_values_are_counted_column_by_column() -> None:
    """A row that lacks two values counts for both; the ledger counts it once."""
    data = pd.DataFrame(
        {
            "y": [0, 1, 0, 1, 1, 0, 1, np.nan],
            "x": [1.0, np.nan, 3, 4, 2, 5, 6, np.nan],
            "g": ["a", None, "b", "a", "b", "a", "b", "a"],
        }
    )
    fit = fitted("y ~ x + g", data)
    expected = data.isna().sum()
    counts = fit.missing_values().set_index("column")["rows"]
    assert counts.to_dict() == expected.to_dict()
    said = answers(fit)["14b"]
    assert "a value is missing of y in 1, x in 2 and g in 1." in said
    assert "All other columns" not in said
    assert "Of 8 rows read, 2 were left out" in answers(fit)["12c"]


def test_variables_are_named_with_their_levels() -> None:
    found = answers(births(), labels={"age": "Age (years)"})
    assert "The outcome is low: yes against no." in found["7"]
    assert "Age (years); race (black, other, white; reference black)" in found["7"]
    assert "Age (years) as a straight line; log(lwt) as written" in found["11"]
    assert "race × smoke" in found["12b"]


def test_curves_and_categories_of_numbers() -> None:
    fit = fitted("low ~ age + I(age^2) + C(ftv)", logreg.datasets.load("birthwt"))
    found = answers(fit)
    assert "age and I(age ** 2) as written" in found["11"]
    assert "straight" not in found["11"]
    assert "C(ftv)" in found["16b"]
    assert "no categories" in answers(births())["16b"]


def test_methods_say_estimator_covariance_and_interval() -> None:
    found = answers(births())["12a"]
    assert "Binary logistic regression by maximum likelihood" in found
    assert births().spec.formula in found
    assert "Wald intervals at 95%" in found
    firth = fitted("low ~ age + smoke", logreg.datasets.load("birthwt"), estimator="firth")
    said = answers(firth, interval="profile", confidence=0.9)["12a"]
    assert "Firth" in said
    assert "Profile penalised likelihood intervals at 90%" in said


def test_several_outcomes_against_another_baseline() -> None:
    fit = fitted("partic ~ hincome + children", logreg.datasets.load("womenlf"))
    found = answers(fit, versus="fulltime")
    assert "not.work and parttime, each against fulltime" in found["7"]
    assert "66 with fulltime, 155 with not.work and 42 with parttime" in found["15"]
    assert f"has {42 / 2:.1f} records per coefficient of each logit" in found["10"]


def test_counts_are_trials() -> None:
    data = logreg.datasets.load("ucb")
    fit = fitted("cbind(admitted, rejected) ~ dept + gender", data)
    found = answers(fit)
    assert f"{data.rejected.sum()} with rejected and {data.admitted.sum()} with admitted" in found["15"]
    assert f"{data.admitted.sum() / 6:.1f} trials per coefficient" in found["10"]
    assert "counted in the columns rejected and admitted" in found["7"]


def test_weights_clusters_and_strata() -> None:
    schools = logreg.datasets.load("apistrat")
    design = logreg.survey(strata="stype", weights="pw", fpc="fpc")
    found = answers(fitted("sch_wide ~ ell + meals", schools, covariance=design))
    assert "sampling weights: one over the probability of selection" in found["12d"]
    assert "strata by Type of school (3)" in found["12d"]
    counts = schools.groupby("sch_wide")["pw"].agg(["size", "sum"])
    assert f"{counts.loc['No', 'size']} with No and {counts.loc['Yes', 'size']} with Yes" in found["15"]
    assert f"{counts.loc['No', 'sum']:.1f} with No" in found["15"].replace("\u202f", "")
    women = logreg.datasets.load("contraception")
    clustered = fitted("use ~ age", women, covariance=logreg.cluster("district"))
    assert f"clusters by District ({women.district.nunique()})" in answers(clustered)["12d"]
    assert "allow for clusters by District" in answers(clustered, "tripod")["AI 12d"]
    given = clustered.with_covariance(logreg.cluster(women["district"].to_numpy()))
    assert "given as an array" in answers(given)["12d"]
    assert "no sampling weights" not in answers(given)["12d"]
    drawn = clustered.with_covariance(clustered.bootstrap(20, cluster="district", rng=1))
    assert "bootstrap" in answers(drawn)["12d"]
    assert "no sampling weights, clusters or strata" in answers(births())["12d"]


def test_separation_is_a_limit() -> None:
    fit = fitted("HG ~ NV + PI", logreg.datasets.load("endometrial"))
    assert "the outcome is separated" in answers(fit)["19"]
    assert "Warnings at the top of the report: 1." in answers(fit)["19"]


def test_a_fit_without_warnings_says_so() -> None:
    fit = fitted("low ~ age", logreg.datasets.load("birthwt"))
    assert not fit.remarks
    assert answers(fit)["19"].startswith("The fit itself has no warnings.")


def test_performance_and_the_full_model_have_the_numbers_of_the_fit() -> None:
    fit, found = births(), answers(births(), "tripod")
    values = fit.fit_statistics().set_index("statistic")["value"]
    for name, heading in (("brier", "Brier score"), ("tjur", "Tjur’s R²"), ("nagelkerke", "Nagelkerke’s R²")):
        assert f"{heading} {values[name]:.3f}" in found["16"]
    assert f"All {fit.n_coef} coefficients" in found["15a"]
    assert f"the intercept is {fit.coef['yes']['Intercept']:.3f}" in found["15a"]
    without = fitted("low ~ 0 + race", logreg.datasets.load("birthwt"))
    assert "the model has no intercept" in answers(without, "tripod")["15a"]


def test_items_about_validation_do_not_apply() -> None:
    found = answers(births(), "tripod")
    apart = {number for number, said in found.items() if said.startswith("Not applicable")}
    assert apart == {"10c", "10e", "12", "13c", "17", "19a"}


def test_one_predictor_and_none() -> None:
    births = logreg.datasets.load("birthwt")
    one = fitted("low ~ age", births)
    assert "crude and adjusted odds ratios are the same" in answers(one)["16a"]
    assert "“Crude" not in " ".join(answers(one).values())
    assert "adjusted for the other" not in answers(one)["12a"]
    none = fitted("low ~ 1", births)
    assert "no predictors" in answers(none)["7"]
    assert all(answers(none, "tripod").values())


def test_a_loaded_model_refers_to_nothing_that_it_cannot_show(tmp_path: Path) -> None:
    births().save(tmp_path / "model.json")
    fit = logreg.load(tmp_path / "model.json")
    for key in ("strobe", "tripod"):
        document = fit.report_document(sections=[key])
        text = str(render_as(document, ".md"), encoding="utf-8")
        for section in NEED_ROWS:
            assert f"“{TITLES[section]}”" not in text
        whole = answers(births(), key)
        same = {number for number, said in answers(fit, key).items() if said == whole[number]}
        assert same >= ({"7", "10", "13a", "15"} if key == "strobe" else {"7a", "8", "13a", "15a"})
    assert "“Crude" not in answers(fit)["16a"]


@pytest.mark.parametrize("suffix", sorted(RENDERERS))
def test_checklists_stand_in_every_format(suffix: str) -> None:
    wanted = ["strobe", "tripod", "crude", "table_one"]
    first, again = (render_as(births().report_document(sections=wanted), suffix) for _ in range(2))
    assert first == again
    assert len(first) > 1000


def test_they_come_on_request_only() -> None:
    assert {"strobe", "tripod"} <= set(SECTIONS) - set(USUAL)
    assert FOR_THE_AUTHOR in answers(births())["1a"]


def test_hostile_names_stay_text() -> None:
    rng = np.random.default_rng(1)
    name = "<b>x</b>|$\\x"
    data = pd.DataFrame({name: rng.normal(size=60), "z": rng.normal(size=60), "y": [0, 1] * 30})
    document = fitted(f"y ~ `{name}` + z", data).report_document(sections=["strobe", "crude", "table_one"])
    assert b"<b>x</b>" not in render_as(document, ".html")
    assert math.isfinite(document["crude"].to_frame()["Crude", "odds_ratio"].iloc[0])
