"""The report: every number is the fit's, every text is harmless, and the same fit gives the same bytes."""

from __future__ import annotations

import itertools
import json
import math
import re
import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.design.fence import quote
from logreg.errors import PredictError, SupportError
from logreg.report.context import context_of
from logreg.report.nodes import Document, Note, Paragraph, Section
from logreg.report.sections_code import reproduce_code
from logreg.report.sections_model import STATISTICS
from logreg.report.write import render_as

KEYS = [
    "answer",
    "data",
    "methods",
    "model_fit",
    "odds_ratios",
    "crude",
    "comparisons",
    "forest",
    "sentences",
    "effects",
    "calculator",
    "convergence",
    "reproduce",
]
DATA_SETS = ("birthwt", "womenlf", "ucb", "anes96", "endometrial", "apistrat", "crashes", "alligators")


@cache
def fitted(name: str) -> logreg.LogisticFit:
    sheet = logreg.datasets.describe(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        return logreg.fit(sheet.formula, logreg.datasets.load(name), **sheet.fit)


@cache
def document(name: str) -> Document:
    return fitted(name).report_document()


def content(doc: Document) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(render_as(doc, ".json"))
    return result


def tables(doc: Document) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}

    def walk(blocks: list[dict[str, Any]]) -> None:
        for block in blocks:
            if block["type"] == "table":
                found[block["key"]] = block
            walk(block.get("blocks", []))

    walk(content(doc)["blocks"])
    return found


def number(cell: dict[str, Any]) -> float:
    value = cell["value"]
    return math.nan if value is None else float(value)


@pytest.mark.parametrize("name", DATA_SETS)
def test_the_sections_stand_in_order(name: str) -> None:
    top = [block.key for block in document(name).blocks if isinstance(block, Section)]
    assert top == KEYS


@pytest.mark.parametrize("name", ["birthwt", "ucb", "endometrial", "apistrat"])
def test_the_table_of_a_binary_fit_holds_its_numbers(name: str) -> None:
    fit = fitted(name)
    logits = fit.coefficients().set_index("term")
    ratios = fit.odds_ratios().set_index("term")
    rows = [row for row in tables(document(name))["coefficients"]["rows"] if row["kind"] != "group"]
    columns = [column["key"] for column in tables(document(name))["coefficients"]["columns"]]
    seen = set()
    for row in rows:
        cells = dict(zip(columns, row["cells"], strict=True))
        term = cells["term"]["value"]
        if term not in logits.index:
            assert row["kind"] == "reference"
            assert cells["odds_ratio"]["value"] == 1.0
            continue
        seen.add(term)
        assert number(cells["estimate"]) == logits.loc[term, "estimate"]
        assert number(cells["std_error"]) == pytest.approx(logits.loc[term, "std_error"], nan_ok=True)
        if term in ratios.index:
            assert number(cells["odds_ratio"]) == ratios.loc[term, "odds_ratio"]
            assert number(cells["p_value"]) == pytest.approx(ratios.loc[term, "p_value"], nan_ok=True)
            if cells["interval"]["value"] is not None:
                low, high = map(float, cells["interval"]["value"].split(" to "))
                assert (low, high) == (ratios.loc[term, "conf_low"], ratios.loc[term, "conf_high"])
    assert seen == set(logits.index)


@pytest.mark.parametrize("name", ["womenlf", "anes96", "alligators"])
def test_outcomes_side_by_side_and_stacked_hold_the_same_numbers(name: str) -> None:
    fit, found = fitted(name), tables(document(name))
    ratios = fit.odds_ratios().set_index(["outcome", "term"])["odds_ratio"]
    wide = found["odds_ratios"]
    side_by_side = {}
    for row in wide["rows"]:
        if row["kind"] == "data":
            for column, cell in zip(wide["columns"], row["cells"], strict=True):
                if column["key"] == "odds_ratio":
                    side_by_side[column["group"], row["cells"][0]["value"]] = number(cell)
    assert side_by_side == ratios.to_dict()
    stacked, outcome = {}, ""
    place = [column["key"] for column in found["coefficients"]["columns"]].index("odds_ratio")
    for row in found["coefficients"]["rows"]:
        if row["kind"] == "group":
            outcome = row["cells"][0]["value"]
        elif (outcome, row["cells"][0]["value"]) in ratios.index:
            stacked[outcome, row["cells"][0]["value"]] = number(row["cells"][place])
    assert stacked == ratios.to_dict()


@pytest.mark.parametrize("name", ["womenlf", "anes96"])
def test_wide_tables_become_frames_by_outcome(name: str) -> None:
    frame = document(name).table("odds_ratios").to_frame()
    assert set(frame.columns.get_level_values(0)) >= set(fitted(name).spec.outcome.modelled)


@pytest.mark.parametrize("name", DATA_SETS)
def test_the_statistics_are_those_of_the_fit(name: str) -> None:
    values = fitted(name).fit_statistics().set_index("statistic")["value"]
    table = tables(document(name))["fit_statistics"]
    shown = {row["cells"][0]["value"]: row["cells"] for row in table["rows"] if row["kind"] != "group"}
    assert set(shown) >= set(values.index) - {"sum_weights", "n_trials"}
    for statistic, (heading, value, meaning) in shown.items():
        assert number(value) == pytest.approx(values[statistic], nan_ok=True)
        assert heading["text"] != statistic
        assert meaning["text"]
        if math.isnan(values[statistic]):
            assert value["reason"]


def test_every_statistic_has_a_name_and_a_meaning() -> None:
    for name in DATA_SETS:
        assert set(fitted(name).fit_statistics()["statistic"]) <= set(STATISTICS)
    assert all(about.heading and about.meaning for about in STATISTICS.values())


def test_counts_by_level_come_from_the_data() -> None:
    births = logreg.datasets.load("birthwt")
    frame = document("birthwt").table("factors").to_frame()
    counts = births.groupby("race", observed=True)["low"].agg(["size", "sum"])
    race = frame[frame.index == "Mother's race"] if frame.index.name else frame.head(3)
    assert race.iloc[:, 2].tolist() == counts["size"].tolist()
    assert race.iloc[:, 3].tolist() == counts["sum"].tolist()
    numbers = document("birthwt").table("numbers").to_frame().set_index("variable")
    assert numbers.loc["lwt", "mean"] == pytest.approx(births["lwt"].mean())
    assert numbers.loc["lwt", "sd"] == pytest.approx(births["lwt"].std())


def test_the_ledger_says_which_rows_were_left_out() -> None:
    with pytest.warns(logreg.MissingDataWarning):
        fit = logreg.fit("species ~ bill_length_mm + sex", logreg.datasets.load("penguins"))
    doc = fit.report_document()
    frame = doc.table("dropped").to_frame()
    assert dict(zip(frame["column"], frame["rows"], strict=True)) == dict(fit.sample.dropped)
    text = fit.remarks[0].text
    notes = [block for block in doc.blocks if isinstance(block, Note)]
    assert [note.text for note in notes] == [text]
    assert notes[0].kind == "warning"
    assert any(isinstance(block, Note) and block.text == text for block in doc["data"].blocks)


def test_a_separated_fit_says_so_where_the_number_would_stand() -> None:
    doc = document("endometrial")
    rows = tables(doc)["coefficients"]["rows"]
    cells = next(row["cells"] for row in rows if row["cells"][0]["value"] == "NV")
    assert [cell["value"] for cell in cells if cell["value"] in ("inf", "-inf")] == ["inf", "inf"]
    assert all("separate" in cell["reason"] for cell in cells[1:])
    assert any("no finite estimate" in note for note in doc.table("coefficients").notes)
    assert "no finite estimate" in _text(doc["answer"])


def test_units_and_another_baseline() -> None:
    fit = fitted("womenlf")
    doc = fit.report_document(units={"hincome": 5}, versus="fulltime", confidence=0.9)
    ratios = fit.odds_ratios(unit={"hincome": 5}, versus="fulltime", confidence=0.9).set_index(
        ["outcome", "term"]
    )
    table = tables(doc)["odds_ratios"]
    row = next(row["cells"] for row in table["rows"] if row["cells"][0]["value"] == "hincome")
    assert row[0]["text"] == "Husband's income (1000 $), per 5"
    groups = {
        c["group"]: number(x) for c, x in zip(table["columns"], row, strict=True) if c["key"] == "odds_ratio"
    }
    assert groups == pytest.approx(ratios.xs("hincome", level="term")["odds_ratio"].to_dict())
    assert "fulltime (the baseline)" in table["caption"]
    intervals = [c["heading"] for c in table["columns"] if c["key"] == "interval"]
    assert set(intervals) == {"90% CI"}


def test_standard_deviations_as_units() -> None:
    fit = fitted("birthwt")
    doc = fit.report_document(units="sd")
    rows = tables(doc)["coefficients"]["rows"]
    cell = next(row["cells"][0] for row in rows if row["cells"][0]["value"] == "lwt")
    assert cell["text"] == "Mother's weight (lb), per 30.6"


def test_options_are_checked() -> None:
    fit = fitted("birthwt")
    with pytest.raises(TypeError):
        fit.report_document(colour="red")
    with pytest.raises(SupportError, match="weight"):
        fit.report_document(units={"weight": 1})
    with pytest.raises(SupportError, match="not a column"):
        fit.report_document(labels={"weight": "x"})
    with pytest.raises(PredictError):
        fit.report_document(versus="maybe")


def test_the_table_of_probabilities_is_what_the_fit_predicts() -> None:
    fit = logreg.fit("low ~ race", logreg.datasets.load("birthwt"))
    frame = fit.report_document().table("probabilities").to_frame().set_index("value")
    shares = logreg.datasets.load("birthwt").groupby("race", observed=True)["low"].mean()
    assert frame["probability"].tolist() == pytest.approx(shares.tolist())


def test_at_most_six_figures_of_effects() -> None:
    effects = [f for f in document("birthwt").figures if f.key.startswith("effect_")]
    assert len(effects) == 6
    assert "Mother's age (years)" in _text(document("birthwt")["effects"])


def test_a_loaded_model_reports_without_effects(tmp_path: Any) -> None:
    path = tmp_path / "model.json"
    fitted("birthwt").save(path)
    doc = logreg.load(path).report_document(labels=fitted("birthwt").labels)
    assert "holds no rows" in _text(doc["effects"])
    original = document("birthwt").table("coefficients").to_frame()
    pd.testing.assert_frame_equal(doc.table("coefficients").to_frame(), original)


def test_every_figure_has_numbers_in_its_alternative_text() -> None:
    for name in DATA_SETS:
        for figure in document(name).figures:
            assert len(re.findall(r"\d\.\d", figure.alt)) >= 2
            said = ("stand", "Odds ratios", "no other", "Read the points")
            assert any(words in figure.caption for words in said)


@pytest.mark.parametrize("name", DATA_SETS)
def test_no_sentence_takes_odds_for_something_else(name: str) -> None:
    doc = document(name)
    for key in ("answer", "sentences", "odds_ratios"):
        text = _text(doc[key]).lower()
        for wrong in ("times more likely", "times as likely", "risk", "no effect", "significant"):
            assert wrong not in text


# The code ------------------------------------------------------------------------------------------------

CASES: dict[str, dict[str, Any]] = {
    "plain": {"formula": "low ~ age + smoke"},
    "event": {"formula": "low ~ age", "event": 0},
    "options": {
        "formula": "low ~ age",
        "covariance": "HC1",
        "confidence": 0.9,
        "missing": "raise",
        "max_iterations": 20,
    },
    "weights": {"formula": "low ~ age", "weights": "lwt"},
    "sampling": {"formula": "low ~ age", "weights": "lwt", "weight_kind": "sampling"},
    "offset": {"formula": "low ~ age + offset(ptl)", "offset": "ftv"},
    "text": {"formula": "low ~ age + I(race == 'white')"},
}


@pytest.mark.parametrize("case", CASES)
def test_the_code_makes_the_fit_again(case: str) -> None:
    options = dict(CASES[case])
    data = logreg.datasets.load("birthwt")
    fit = logreg.fit(options.pop("formula"), data, **options)
    program = reproduce_code(context_of(fit)).rpartition("\n")[0]
    space: dict[str, Any] = {}
    exec(program, space)
    again = space["fit"]
    assert again.coef_array.tolist() == fit.coef_array.tolist()
    assert again.vcov_array.tolist() == fit.vcov_array.tolist()
    assert again.options == fit.options
    assert again.spec == fit.spec


def test_hostile_text_is_a_literal_in_the_code() -> None:
    name = "x'\"); import os; os.abort() #\u202e\n"
    data = pd.DataFrame({name: np.arange(20.0), "y": [0, 1, 1, 0] * 5})
    fit = logreg.fit(f"y ~ {quote(name)}", data)
    program = reproduce_code(context_of(fit))
    assert "\u202e" not in program
    import ast

    calls = [node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Call)]
    assert len(calls) == 2
    literal = next(call.args[0] for call in calls if call.args and len(call.args) > 1)
    assert isinstance(literal, ast.Constant)
    assert literal.value == fit.spec.formula


# Hostile names -------------------------------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script>",
    "a|b||c\\|d",
    "{{7*7}} ${7*7} {0} %s 100%",
    "\x1b[31mred\x1b[0m",
    "a\u202eb\u2066",
    "体重 größe 👩‍👩‍👧",
    "$x^2$ \\input{/etc/passwd}",
    "line1\nline2",
    "",
    "[x](javascript:alert(1))",
    "_leading",
    "x" * 300,
)


@cache
def hostile_fit(several: bool) -> logreg.LogisticFit:
    rng = np.random.default_rng(20)
    n = 600
    name = 'it\'s "x" <b> | {q} $a_b$ \u202e`'
    levels = np.array(HOSTILE, dtype=object)
    data = pd.DataFrame(
        {"g": levels[rng.integers(0, len(levels) if not several else 3, n)], name: rng.normal(size=n)}
    )
    data["<y> | & {z}"] = levels[rng.integers(0, len(levels) if several else 2, n)]
    data.attrs["labels"] = {"g": "</title><img src=x onerror=alert(1)> 人種"}
    return logreg.fit(f"{quote('<y> | & {z}')} ~ g + {quote(name)}", data)


@pytest.mark.parametrize("several", [False, True])
def test_hostile_names_are_shown_and_never_obeyed(several: bool) -> None:
    doc = hostile_fit(several).report_document(title="<script>{{ 7*7 }}</script>")
    page = render_as(doc, ".html").decode()
    # The page has scripts of its own, and no more of them than any other.
    harmless = render_as(document("womenlf" if several else "birthwt"), ".html")
    assert page.count("<script") == harmless.count(b"<script")
    assert "<script>alert" not in page
    assert "<script>{{" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert ">49<" not in page
    for suffix in (".html", ".md", ".txt", ".json", ".tex"):
        text = render_as(doc, suffix).decode()
        assert "\x1b" not in text
        assert "\u202e" not in text
    lines = render_as(doc, ".md").decode().split("\n")
    for first, second in itertools.pairwise(lines):
        if second.startswith(("| :-", "| --")):
            assert _cells(first) == _cells(second)
    labels = {cell["text"] for row in tables(doc)["coefficients"]["rows"] for cell in row["cells"][:1]}
    assert "<script>alert(1)</script>" in labels
    assert "“”" in labels or several


def _cells(line: str) -> int:
    return len(re.findall(r"(?<!\\)\|", line))


def test_nothing_of_the_user_is_changed() -> None:
    data = logreg.datasets.load("birthwt")
    before = data.copy(deep=True)
    logreg.fit("low ~ age + race", data).report_document()
    pd.testing.assert_frame_equal(data, before)


def _text(section: Section) -> str:
    parts = []
    for block in section.blocks:
        if isinstance(block, Paragraph):
            parts.append("".join(run.text for run in block.runs))
        elif isinstance(block, Note):
            parts.append(block.text)
        elif isinstance(block, Section):
            parts.append(_text(block))
        elif hasattr(block, "notes"):
            parts += [block.caption, *block.notes]
    return "\n".join(parts)
