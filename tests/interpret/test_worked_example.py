"""Worked examples: every number shown follows from the numbers shown before it."""

from __future__ import annotations

import math
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.data import open_source
from logreg.errors import DataError, PredictError, SupportError
from logreg.report.explain_example import apportioned

SUM = "Logit (their sum)"


@pytest.fixture(scope="module")
def births() -> pd.DataFrame:
    return logreg.datasets.load("birthwt")


def tables(text: str) -> list[list[list[str]]]:
    """Read the tables of a text: lines of term, value, coefficient and contribution."""
    found: list[list[list[str]]] = []
    for line in text.splitlines():
        cells = re.split(r"  +", line.strip())
        if cells[0] == "Term":
            found.append([])
        elif found and (len(cells) == 4 or cells[0] == SUM):
            found[-1].append(cells)
    return found


def places(text: str) -> int:
    return len(text.partition(".")[2])


def check_arithmetic(text: str) -> None:
    for table in tables(text):
        *lines, total = table
        assert total[0] == SUM
        digits = places(total[1])
        assert round(sum(float(line[3]) for line in lines), digits) == float(total[1])
        for _, value, coefficient, contribution in lines:
            assert places(contribution) == digits
            assert round(float(value) * float(coefficient), digits) == float(contribution)
        odds = re.search(rf"exp\({re.escape(total[1])}\) = (\S+) to 1", text)
        assert odds is not None
        assert float(f"{math.exp(float(total[1])):.{significant(odds[1])}g}") == float(odds[1])
    for up, down, p in re.findall(r"(\S+) / (\S+) = ([0-9.e-]+),", text):
        shown = f".{significant(p)}g" if "e" in p else f".{places(p)}f"
        assert float(f"{float(up) / float(down):{shown}}") == float(p)
    single = re.search(r"= (\S+) / \(1 \+ (\S+)\) = ([0-9.e-]+),", text)
    if single is not None:
        assert single[1] == single[2]
        odds_shown = float(single[1])
        assert float(f"{odds_shown / (1 + odds_shown):.{places(single[3])}f}") == float(single[3])


def significant(text: str) -> int:
    return len(text.partition("e")[0].replace(".", "").lstrip("0"))


def test_one_birth(births: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ age + lwt + race * smoke", births)
    values = {"age": 30, "lwt": 120, "race": "black", "smoke": "yes"}
    example = fit.worked_example(values)
    frame = example.to_frame()
    assert list(frame.columns) == ["outcome", "term", "design_value", "coefficient", "contribution"]
    assert tuple(frame.term) == fit.spec.column_names
    assert frame.design_value.tolist() == [1, 30, 120, 1, 0, 1, 1, 0]
    np.testing.assert_allclose(frame.coefficient, fit.coef_array[0], rtol=1e-15)
    assert frame.contribution.sum() == pytest.approx(fit.logits(values).iloc[0, 0], rel=1e-12)
    assert example.logits[0].estimate == pytest.approx(frame.contribution.sum(), rel=1e-12)
    assert example.odds[0] == pytest.approx(math.exp(example.logits[0].estimate), rel=1e-12)
    found = fit.probabilities(values, interval=True).iloc[1]
    p = example.probabilities[1]
    assert (p.estimate, p.low, p.high) == (found.estimate, found.conf_low, found.conf_high)
    text = str(example)
    check_arithmetic(text)
    assert text.splitlines()[0] == "Worked example: Low birth weight = 1 (against 0)"
    assert f"{100 * found.estimate:.1f}% (95% CI {100 * found.conf_low:.1f}% to" in text


@pytest.mark.parametrize(
    ("name", "n"),
    [("birthwt", 60), ("womenlf", 40), ("anes96", 20), ("titanic", 40), ("penguins", 10), ("pima", 30)],
)
def test_every_number_shown_follows_from_those_before(name: str, n: int) -> None:
    sheet = logreg.datasets.describe(name)
    data = logreg.datasets.load(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        fit = logreg.fit(sheet.formula, data, **sheet.fit)
    complete = data.dropna(subset=[*fit.spec.predictors, *fit.spec.outcome.columns])
    loose = 0
    for label in complete.index[:: max(1, len(complete) // n)]:
        example = fit.worked_example(row=label)
        text = str(example)
        if any(math.isinf(logit.estimate) for logit in example.logits):
            assert "without limit" in text
            continue
        try:
            check_arithmetic(text)
        except AssertionError:
            loose += 1
            for table in tables(text):
                *lines, total = table
                digits = places(total[1])
                assert round(sum(float(line[3]) for line in lines), digits) == float(total[1])
    # Where nine digits are not enough, the sum still is exact and products may be off by the last digit.
    assert loose <= n // 20


def test_three_outcomes_share_one_total() -> None:
    fit = logreg.fit("partic ~ hincome * children", logreg.datasets.load("womenlf"))
    example = fit.worked_example({"hincome": 10, "children": "present"}, confidence=0.9)
    assert example.baseline == fit.spec.outcome.baseline
    assert sum(p.estimate for p in example.probabilities) == pytest.approx(1.0, abs=1e-14)
    text = str(example)
    check_arithmetic(text)
    assert len(tables(text)) == 2
    assert "fulltime against not.work:" in text
    assert "(90% CI" in text
    exact = fit.probabilities({"hincome": 10, "children": "present"}).iloc[0]
    for outcome, p in zip(example.outcomes, example.probabilities, strict=True):
        assert p.estimate == pytest.approx(exact[outcome], rel=1e-13)


def test_a_row_by_label_is_the_same_record(births: pd.DataFrame) -> None:
    named = births.set_index(pd.Index([f"b{k}" for k in range(len(births))]))
    fit = logreg.fit("low ~ age + smoke", named)
    by_label = fit.worked_example(row="b17")
    assert by_label.values == fit.worked_example(named[["age", "smoke"]].iloc[[17]]).values
    assert str(by_label) == str(fit.worked_example(named.iloc[17][["age", "smoke"]].to_dict()))
    blocks = logreg.fit("low ~ age + smoke", open_source(births, block_rows=7))
    np.testing.assert_allclose(
        blocks.worked_example(row=17).to_frame().contribution, by_label.to_frame().contribution, rtol=1e-8
    )


def test_rows_that_are_not_there(births: pd.DataFrame, tmp_path: Path) -> None:
    gaps = births.assign(age=births.age.where(births.index != 3))
    with pytest.warns(logreg.MissingDataWarning):
        fit = logreg.fit("low ~ age", gaps)
    with pytest.raises(DataError, match="not used in the fit"):
        fit.worked_example(row=3)
    with pytest.raises(DataError, match="not the label"):
        fit.worked_example(row=1000)
    twice = logreg.fit("low ~ age", births.set_index(births.index // 2))
    with pytest.raises(DataError, match="several rows"):
        twice.worked_example(row=3)
    fit.save(tmp_path / "model.json")
    loaded = logreg.load(tmp_path / "model.json")
    with pytest.raises(SupportError, match="loaded model"):
        loaded.worked_example(row=4)
    assert (
        str(loaded.worked_example({"age": 20})).splitlines()[2:]
        == str(fit.worked_example({"age": 20})).replace("Mother's age (years)", "age").splitlines()[2:]
    )


def test_an_offset_has_its_line(births: pd.DataFrame) -> None:
    data = births.assign(shift=births.lwt / 100)
    for offset in ("shift", data["shift"].to_numpy()):
        fit = logreg.fit("low ~ age", data, offset=offset)
        frame = fit.worked_example(row=0).to_frame()
        assert frame.term.tolist() == ["Intercept", "age", "(offset)"]
        assert frame.contribution.iloc[-1] == pytest.approx(data["shift"][0], rel=1e-14)
        assert frame.contribution.sum() == pytest.approx(fit.logits().iloc[0, 0], rel=1e-12)


def test_columns_without_a_number_say_so() -> None:
    data = pd.DataFrame(
        {"x": ["yes"] * 5 + ["no"] * 30, "z": [k % 5 for k in range(35)], "y": [1] * 5 + [0, 1, 0] * 10}
    )
    with pytest.warns(logreg.LogregWarning):
        fit = logreg.fit("y ~ x + z + I(2 * z)", data)
    endless = fit.worked_example({"x": "yes", "z": 1})
    assert "grows without limit" in str(endless)
    assert "1.000, that is 100.0% (no interval)" in str(endless)
    assert endless.to_frame().contribution[1] == math.inf
    finite = fit.worked_example({"x": "no", "z": 1})
    assert "left out" in str(finite)
    assert finite.to_frame().contribution.sum() == pytest.approx(finite.logits[0].estimate, rel=1e-12)


def test_a_model_of_the_intercept_alone(births: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ 1", births)
    assert str(fit.worked_example({})).count("Intercept") == 1


def test_names_from_outside_stay_harmless() -> None:
    evil = "\x1b[31m<b>\u202e"
    data = pd.DataFrame({evil: [1.0, 2.0, 3.0, 4.0] * 5, "y": [0, 1, 1, 0, 1] * 4})
    example = logreg.fit(f"y ~ `{evil}`", data).worked_example({evil: 2.0})
    assert "\x1b" not in str(example)
    assert "\u202e" not in str(example)
    assert "<b>" not in example._repr_html_()


@pytest.mark.parametrize(
    ("ask", "error", "match"),
    [
        ({}, SupportError, "either data= or row="),
        ({"data": {"age": 1, "smoke": "no"}, "row": 1}, SupportError, "either data= or row="),
        ({"data": {"age": [20, 30], "smoke": ["no", "no"]}}, SupportError, "more than one row"),
        ({"data": {"age": 20}}, PredictError, "'smoke'"),
        ({"data": {"age": math.nan, "smoke": "no"}}, PredictError, "'age' is missing"),
        ({"data": {"age": 20, "smoke": None}}, (PredictError, DataError), "smoke"),
        ({"data": {"age": 20, "smoke": "maybe"}}, PredictError, "maybe"),
    ],
)
def test_what_is_refused(ask: dict[str, Any], error: Any, match: str, births: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ age + smoke", births)
    with pytest.raises(error, match=match):
        fit.worked_example(**ask)


@pytest.mark.parametrize(
    ("values", "total", "digits"),
    [([0.25, 0.25, 0.5], 1.0, 1), ([-1.2345, 0.9, 2.0], 1.6655, 2), ([1 / 3] * 3, 1.0, 4)],
)
def test_what_rounding_leaves_is_shared_out(values: list[float], total: float, digits: int) -> None:
    shown = apportioned(values, total, digits)
    assert round(sum(shown), digits) == round(total, digits)
    assert all(abs(a - b) <= 1.5 * 10.0**-digits for a, b in zip(shown, values, strict=True))
