"""Odds and probabilities side by side: averages over records made by hand, odds ratios of the fit."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.data import open_source
from logreg.report.compared import compared_lines
from logreg.report.context import context_of
from logreg.report.explain_effects import Probabilities
from logreg.report.nodes import Document, Note, Paragraph, Section, Table
from logreg.report.sections_comparisons import comparisons_section
from logreg.report.write import render_as

BIRTHS = logreg.datasets.load("birthwt")
WOMEN = logreg.datasets.load("womenlf")


def section_of(fit: logreg.LogisticFit, **options: Any) -> Section:
    """Return the section by itself: no figure is drawn."""
    context = context_of(fit, **options)
    probabilities = Probabilities(context=context)
    return comparisons_section(context, probabilities, compared_lines(context, probabilities))


def table_of(fit: logreg.LogisticFit, **options: Any) -> Table:
    (table,) = (block for block in section_of(fit, **options).blocks if isinstance(block, Table))
    return table


def lines(fit: logreg.LogisticFit, **options: Any) -> dict[Any, dict[Any, Any]]:
    """Return raw values by change, or by (change, outcome) where there are more than two."""
    table = table_of(fit, **options)
    keys = [column.key for column in table.columns]
    found, change = {}, ""
    for row in table.rows:
        if row.kind == "group":
            change = str(row.cells[0].value)
            continue
        values = dict(zip(keys, (cell.value for cell in row.cells), strict=True))
        found[values["change"] if fit.is_binary else (change, values["outcome"])] = values
    return found


def average(fit: logreg.LogisticFit, data: pd.DataFrame, weights: Any = None, **values: Any) -> pd.Series:
    """Return the average probability of every outcome with variables set."""
    found = fit.probabilities(data.assign(**values))
    return pd.Series(np.average(found, axis=0, weights=weights), index=found.columns)


def ends(text: str) -> tuple[float, float]:
    low, high = map(float, text.split(" to "))
    return low, high


def text_of(doc: Document, key: str) -> str:
    return "\n".join(
        "".join(run.text for run in block.runs) for block in doc[key].blocks if isinstance(block, Paragraph)
    )


def test_numbers_and_factors_stand_with_their_averages() -> None:
    fit = logreg.fit("low ~ age + lwt + race + ftv", BIRTHS)
    found = lines(fit, units={"age": 5})
    assert list(found) == ["age: +5", "lwt: +1", "race: black - white", "race: other - white", "ftv: +1"]
    black = average(fit, BIRTHS, race="black") - average(fit, BIRTHS, race="white")
    assert found["race: black - white"]["difference"] == pytest.approx(100 * black["1"], rel=1e-12)
    older = average(fit, BIRTHS, age=BIRTHS["age"] + 5) - average(fit, BIRTHS)
    assert found["age: +5"]["difference"] == pytest.approx(100 * older["1"], rel=1e-10)
    ratios = fit.odds_ratios(unit={"age": 5}).set_index("term")
    for change, term in (("age: +5", "age"), ("race: other - white", "race[T.other]"), ("ftv: +1", "ftv")):
        row = ratios.loc[term]
        assert found[change]["odds_ratio"] == row["odds_ratio"]
        assert ends(found[change]["ratio_interval"]) == (row["conf_low"], row["conf_high"])


def test_intervals_of_differences_are_those_of_the_delta_method() -> None:
    """Against the gradient of the average difference by central differences of the coefficients."""
    fit = logreg.fit("low ~ age + smoke", BIRTHS, covariance="HC1")
    design = {
        smoke: np.column_stack([np.ones(189), BIRTHS["age"], np.full(189, smoke)]) for smoke in (0.0, 1.0)
    }

    def difference(b: np.ndarray) -> float:
        yes, no = (1.0 / (1.0 + np.exp(-design[k] @ b)) for k in (1.0, 0.0))
        return float(np.mean(yes - no))

    b = fit.coef_array[0]
    step = 1e-5
    gradient = [(difference(b + e) - difference(b - e)) / (2 * step) for e in step * np.eye(3)]
    error = 1.959963984540054 * math.sqrt(gradient @ fit.vcov_array @ gradient)
    row = lines(fit)["smoke: yes - no"]
    low, high = ends(row["interval"])
    assert row["difference"] == pytest.approx(100 * difference(b), rel=1e-10)
    assert (low, high) == pytest.approx(
        (100 * (difference(b) - error), 100 * (difference(b) + error)), rel=1e-7
    )
    notes = " ".join(table_of(fit).notes)
    assert "delta method (Wald; standard errors “HC1”)" in notes
    assert "CI of odds ratios: 95% Wald intervals (standard errors “HC1”)." in notes


def test_all_outcomes_stand_below_a_change_and_add_up_to_nothing() -> None:
    fit = logreg.fit("partic ~ hincome + children", WOMEN)
    found = lines(fit, versus="parttime")
    change = "children: present - absent"
    expected = 100 * (average(fit, WOMEN, children="present") - average(fit, WOMEN, children="absent"))
    assert [outcome for key, outcome in found if key == change] == ["parttime", "not.work", "fulltime"]
    for outcome, value in expected.items():
        assert found[change, outcome]["difference"] == pytest.approx(value, rel=1e-10)
    assert sum(found[change, outcome]["difference"] for outcome in expected.index) == pytest.approx(
        0.0, abs=1e-10
    )
    ratios = fit.odds_ratios(versus="parttime").set_index(["outcome", "term"])
    assert found[change, "parttime"]["odds_ratio"] == 1.0
    for outcome in ("not.work", "fulltime"):
        row = ratios.loc[outcome, "children[T.present]"]
        assert found[change, outcome]["odds_ratio"] == pytest.approx(row["odds_ratio"], rel=1e-12)
        limits = row["conf_low"], row["conf_high"]
        assert ends(found[change, outcome]["ratio_interval"]) == pytest.approx(limits, rel=1e-12)
    table = table_of(fit, versus="parttime")
    assert [row.cells[0].text for row in table.rows if row.kind == "group"] == [
        "Husband's income (1000 $), per 1",
        "Children in the household: present against absent",
    ]


def test_an_outcome_whose_probability_goes_the_other_way_is_marked() -> None:
    """Odds of b against a rise with x while its probability falls, as c takes over."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=3000)
    logits = np.column_stack([np.zeros(3000), 0.6 * x, 3.0 * x + 1.0])
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    y = [rng.choice(["a", "b", "c"], p=p) for p in shares]
    table = table_of(logreg.fit("y ~ x", pd.DataFrame({"y": y, "x": x})))
    cells = {row.cells[0].text: row.cells[1:] for row in table.rows if row.kind != "group"}
    assert cells["b"][0].value > 1.0
    assert cells["b"][2].value < 0.0
    assert cells["b"][0].text.endswith(" †")
    assert not cells["c"][0].text.endswith("†")
    assert any(note.startswith("†: ") for note in table.notes)


def test_joint_variables_move_as_wholes_and_have_no_odds_ratio_of_their_own() -> None:
    fit = logreg.fit("low ~ age * smoke + lwt", BIRTHS)
    found = lines(fit, units={"age": 5})
    moved = average(fit, BIRTHS, age=BIRTHS["age"] + 5) - average(fit, BIRTHS)
    assert found["age: +5"]["difference"] == pytest.approx(100 * moved["1"], rel=1e-10)
    smoke = average(fit, BIRTHS, smoke="yes") - average(fit, BIRTHS, smoke="no")
    assert found["smoke: yes - no"]["difference"] == pytest.approx(100 * smoke["1"], rel=1e-10)
    assert math.isnan(found["age: +5"]["odds_ratio"])
    notes = " ".join(table_of(fit, units={"age": 5}).notes)
    assert "Mother's age (years) (which depends on Smoked in pregnancy)" in notes


def test_splines_go_from_quartile_to_quartile_with_the_odds_ratio_of_that_change() -> None:
    fit = logreg.fit("low ~ ns(lwt, df=3) + smoke", BIRTHS)
    found = lines(fit)["lwt: 140 - 110"]
    moved = average(fit, BIRTHS, lwt=140) - average(fit, BIRTHS, lwt=110)
    assert found["difference"] == pytest.approx(100 * moved["1"], rel=1e-10)
    logits = fit.logits(BIRTHS.assign(lwt=140))["1"] - fit.logits(BIRTHS.assign(lwt=110))["1"]
    assert found["odds_ratio"] == pytest.approx(math.exp(logits.iloc[0]), rel=1e-10)


def test_factors_without_a_reference_coding_are_compared_all_the_same() -> None:
    treated = lines(logreg.fit("low ~ age + race", BIRTHS))
    for formula in ("low ~ age + C(race, Sum)", "low ~ 0 + race + age"):
        found = lines(logreg.fit(formula, BIRTHS))
        for change in ("race: black - white", "race: other - white"):
            for key in ("odds_ratio", "difference"):
                assert found[change][key] == pytest.approx(treated[change][key], rel=1e-8)
            assert ends(found[change]["ratio_interval"]) == pytest.approx(
                ends(treated[change]["ratio_interval"]), rel=1e-8
            )


def test_a_switch_goes_from_0_to_1_whatever_its_unit() -> None:
    data = BIRTHS.assign(smokes=(BIRTHS["smoke"] == "yes").astype(int))
    fit = logreg.fit("low ~ smokes + age", data)
    for units in (None, "sd"):
        found = lines(fit, units=units)["smokes: 1 - 0"]
        assert found["odds_ratio"] == pytest.approx(math.exp(fit.coef_array[0, 1]), rel=1e-12)


def test_the_other_outcome_has_the_opposite_difference() -> None:
    fit = logreg.fit("low ~ smoke + race", BIRTHS)
    event, other = lines(fit), lines(fit, versus=1)
    for change, row in event.items():
        assert other[change]["difference"] == -row["difference"]
        assert other[change]["odds_ratio"] == pytest.approx(1 / row["odds_ratio"])
        low, high = ends(row["interval"])
        assert ends(other[change]["interval"]) == (-high, -low)
    assert "probability of Low birth weight = 0" in table_of(fit, versus=1).caption


def test_weights_count() -> None:
    births = BIRTHS.assign(w=np.arange(189) % 3 + 1)
    frequency = logreg.fit("low ~ smoke + age", births, weights="w")
    repeated = births.loc[births.index.repeat(births["w"])].reset_index(drop=True)
    long = logreg.fit("low ~ smoke + age", repeated)
    change = "smoke: yes - no"
    one, two = (lines(fit)[change] for fit in (frequency, long))
    assert one["difference"] == pytest.approx(two["difference"], rel=1e-9)
    assert ends(one["interval"]) == pytest.approx(ends(two["interval"]), rel=1e-9)
    sampling = logreg.fit("low ~ smoke + age", births, weights="w", weight_kind="sampling")
    moved = average(sampling, births, births["w"], smoke="yes") - average(
        sampling, births, births["w"], smoke="no"
    )
    assert lines(sampling)[change]["difference"] == pytest.approx(100 * moved["1"], rel=1e-10)
    assert "with their weights" in " ".join(table_of(sampling).notes)


def test_blocks_of_rows_give_the_same_table() -> None:
    formula = "low ~ age * smoke + race"
    one = lines(logreg.fit(formula, BIRTHS))
    many = lines(logreg.fit(formula, open_source(BIRTHS, block_rows=7)))
    assert list(one) == list(many)
    for change, row in one.items():
        assert many[change]["difference"] == pytest.approx(row["difference"], rel=1e-9)


def test_an_offset_given_as_an_array_is_averaged_over() -> None:
    offset = np.linspace(-1.0, 1.0, 189)
    fit = logreg.fit("low ~ smoke", BIRTHS, offset=offset)
    column = logreg.fit("low ~ smoke", BIRTHS.assign(t=offset), offset="t")
    expected = lines(column)["smoke: yes - no"]["difference"]
    assert lines(fit)["smoke: yes - no"]["difference"] == pytest.approx(expected, rel=1e-12)


def test_a_loaded_model_says_why_there_are_none(tmp_path: Any) -> None:
    logreg.fit("low ~ age", BIRTHS).save(tmp_path / "m.json")
    doc = logreg.load(tmp_path / "m.json").report_document()
    (note,) = doc["comparisons"].blocks
    assert isinstance(note, Note)
    assert "holds no records to average over" in note.text
    assert "percentage points" not in text_of(doc, "sentences")


def test_a_model_without_predictors_has_no_such_section() -> None:
    assert section_of(logreg.fit("low ~ 1", BIRTHS)).blocks == ()


def test_infinite_odds_ratios_stand_with_their_difference() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        fit = logreg.fit("HG ~ NV + PI + EH", logreg.datasets.load("endometrial"))
    row = lines(fit)["NV: 1 - 0"]
    assert row["odds_ratio"] == math.inf
    assert pd.isna(row["ratio_interval"])
    data = logreg.datasets.load("endometrial")
    moved = 1.0 - average(fit, data, NV=0)["1"]
    assert row["difference"] == pytest.approx(100 * moved, rel=1e-9)


def test_columns_left_out_have_no_line() -> None:
    data = BIRTHS.assign(again=2.0 * BIRTHS["age"])
    with pytest.warns(logreg.CollinearityWarning):
        fit = logreg.fit("low ~ age + again", data)
    assert list(lines(fit)) == ["age: +1"]


def test_the_words_carry_the_same_numbers() -> None:
    fit = logreg.fit("low ~ race + smoke", BIRTHS)
    doc = fit.report_document()
    row = lines(fit)["race: black - white"]
    assert doc.table("comparisons") == table_of(fit)
    size = f"{row['difference']:.1f} percentage points higher"
    assert size in text_of(doc, "sentences")
    assert size in text_of(doc, "answer")


def test_names_from_outside_stay_harmless() -> None:
    data = BIRTHS.rename(columns={"smoke": "<b>{{7*7}}\u202e"})
    fit = logreg.fit("low ~ age * `<b>{{7*7}}\u202e`", data)
    page = render_as(fit.report_document(), ".html").decode()
    assert "<b>{{" not in page
    assert "\u202e" not in page
