"""The calculator as a spreadsheet equals the fit: formulas computed again in Python, and by LibreOffice."""

from __future__ import annotations

import io
import math
import os
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.formula import Tokenizer

import logreg
from logreg.errors import DataWarning
from logreg.fitted import LogisticFit
from logreg.report import calculator, render_xlsx
from logreg.report.calculator import WORDS, Calculator, CalculatorModel, calculator_model
from logreg.report.calculator_steps import OPERATIONS
from logreg.report.context import context_of
from logreg.report.formats import visible
from logreg.report.nodes import Cell, Document, Row, Table, TableColumn
from logreg.report.sections_calculator import calculator_section
from logreg.report.spreadsheet_calculator import calculator_sheets
from logreg.report.spreadsheet_formulas import Formula, chosen, exactly
from logreg.report.spreadsheet_sheet import Sheet
from logreg.report.spreadsheet_steps import OPERATIONS_AS_FORMULAS
from logreg.report.spreadsheet_text import LONGEST_NAME, distinct
from logreg.report.spreadsheet_write import write_sheet

from .spreadsheet_reader import Book, CellError, Parser
from .test_calculator import (
    FITS,
    assert_equal,
    dataset,
    model_of,
    own,
    random_records,
    two_equally_endless,
)
from .test_hostile import HOSTILE

#: Records of each of 30 fits, computed in Python; and in LibreOffice, as many if that is asked for.
N_RECORDS = 7
N_IN_LIBREOFFICE = int(os.environ.get("LOGREG_LIBREOFFICE_RECORDS", "1"))
PAGE, NUMBERS = "Calculator", "Calculator model"
SHOWN = {"\N{EN DASH}": math.nan, "∞": math.inf, "\N{MINUS SIGN}∞": -math.inf}
#: Known to Excel 2007 and LibreOffice alike.
KNOWN = {
    "ABS", "COS", "EXACT", "EXP", "IF", "INDEX", "INT", "ISNUMBER", "LEN", "LN", "LOG10", "MATCH", "MAX",
    "MIN", "MMULT", "NA", "OR", "POWER", "ROUND", "SIGN", "SIN", "SQRT", "SUM", "SUMIF", "SUMPRODUCT", "TAN",
}  # fmt: skip


def rendered(*models: CalculatorModel) -> bytes:
    blocks = tuple(Calculator(text="worked example", model=model) for model in models)
    return render_xlsx.render(Document(title="T", blocks=blocks))


def modelled(fit: LogisticFit) -> CalculatorModel:
    return calculator_model(context_of(fit), fit.profiles())


def workbook(raw: bytes, *, values: bool = False) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(raw), data_only=values)


class Reader:
    """The calculator of a workbook: inputs are set and results read, by what stands beside them."""

    def __init__(self, book: openpyxl.Workbook, model: CalculatorModel, page: str = PAGE) -> None:
        self.book, self.model, self.page = Book(book), model, page
        labels = {row: book[page].cell(row, 1).value for row in range(1, book[page].max_row + 1)}
        self.first_input = self.row_of(labels, WORDS["record"]) + 1
        self.versus = self.first_input + len(model.inputs)
        self.outcomes = next(row for row in labels if book[page].cell(row, 2).value == "Estimate") + 1
        self.parts = self.row_of(labels, WORDS["term"]) + 1

    @staticmethod
    def row_of(labels: dict[int, Any], label: str) -> int:
        return next(row for row, text in labels.items() if text == label)

    def get(self, column: str, row: int) -> Any:
        value = self.book.value(self.page, f"{column}{row}")
        return SHOWN.get(value, value)

    def set(self, record: list[Any], versus: int | None = None) -> None:
        for k, (one, value) in enumerate(zip(self.model.inputs, record, strict=True)):
            value = value if one.choices is None else distinct(one.choices)[int(value)]
            self.book.put(self.page, f"B{self.first_input + k}", value)
        if versus is not None:
            self.book.put(self.page, f"B{self.versus}", distinct(self.model.outcomes)[versus])

    def results(self, columns: str) -> list[list[Any]]:
        """Return estimate and limits of every outcome; what is empty is not there."""
        rows = range(self.outcomes, self.outcomes + len(self.model.outcomes))
        return [[self.get(column, row) for column in columns] for row in rows]

    def remarks(self) -> list[str]:
        return [self.get("F", self.first_input + k) or "" for k in range(len(self.model.inputs))]


PROBABILITY, ODDS, LOGIT = "BCD", "EFG", "HIJ"
CASES: dict[str, tuple[LogisticFit, CalculatorModel]] = {}


def case_of(name: str) -> tuple[LogisticFit, CalculatorModel]:
    if name not in CASES:
        fit = FITS[name]()
        CASES[name] = fit, modelled(fit)
    return CASES[name]


def records_of(name: str, fit: LogisticFit, n: int) -> tuple[pd.DataFrame, list[list[float]]]:
    columns, records = random_records(fit, model_of(fit), np.random.default_rng(len(name)))
    return pd.DataFrame(columns).iloc[:n], records[:n]


def expected_of(fit: LogisticFit, data: pd.DataFrame, kind: str, **options: Any) -> np.ndarray[Any, Any]:
    table = getattr(fit, kind)(data, interval=True, **options)
    return table[["estimate", "conf_low", "conf_high"]].to_numpy().reshape(len(data), -1, 3)


# The numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FITS)
def test_formulas_give_the_predictions_of_the_fit(name: str) -> None:
    fit, model = case_of(name)
    reader = Reader(workbook(rendered(model)), model)
    data, records = records_of(name, fit, N_RECORDS)
    found: dict[str, list[Any]] = {PROBABILITY: [], ODDS: [], LOGIT: []}
    for record in records:
        reader.set(record)
        for columns, rows in found.items():
            rows.append(reader.results(columns))
    assert_equal(found[PROBABILITY], expected_of(fit, data, "probabilities"))
    assert_equal([rows[1:] for rows in found[ODDS]], expected_of(fit, data, "odds"))
    assert_equal([rows[1:] for rows in found[LOGIT]], expected_of(fit, data, "logits"))


@pytest.mark.parametrize(
    "name", ["births", "three outcomes", "three, separated", "offset", "spline in a product"]
)
def test_what_is_stored_beside_every_formula_is_what_it_comes_to(name: str) -> None:
    _, model = case_of(name)
    raw = rendered(model)
    formulas, stored = Book(workbook(raw)), workbook(raw, values=True)
    n_formulas = 0
    for sheet in (PAGE, NUMBERS):
        for row in formulas.book[sheet].iter_rows():
            for cell in row:
                if cell.data_type != "f":
                    continue
                n_formulas += 1
                expected, found = formulas.value(sheet, cell.coordinate), stored[sheet][cell.coordinate].value
                if isinstance(expected, str):
                    assert (found or "") == expected
                else:
                    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert n_formulas > 40


def test_stored_values_are_the_predictions_for_the_typical_record() -> None:
    fit, model = case_of("births")
    sheet = workbook(rendered(model), values=True)[PAGE]
    reader = Reader(workbook(rendered(model)), model)
    data = calculator.starting_values(fit.spec, fit.profiles())
    table = fit.probabilities({name: [value] for name, value in data.items()}, interval=True)
    found = [[sheet[f"{c}{reader.outcomes + k}"].value for c in PROBABILITY] for k in range(2)]
    assert_equal(found, table[["estimate", "conf_low", "conf_high"]].to_numpy())


@pytest.mark.parametrize("versus", [0, 1, 2])
def test_any_outcome_can_be_compared_with_and_terms_add_up(versus: int) -> None:
    fit = own("y3 ~ ns(x, df=3) * g + h + offset(log(exposure))")
    model = modelled(fit)
    reader = Reader(workbook(rendered(model)), model)
    data, records = records_of("terms", fit, 4)
    names = list(fit.spec.outcome.names)
    others = [k for k in range(3) if k != versus]
    expected = {kind: expected_of(fit, data, kind, versus=names[versus]) for kind in ("logits", "odds")}
    for k, record in enumerate(records):
        reader.set(record, versus)
        logits, odds = reader.results(LOGIT), reader.results(ODDS)
        assert logits[versus] == ["baseline", "", ""]
        assert odds[versus] == [1.0, "", ""]
        assert_equal([logits[j] for j in others], expected["logits"][k])
        assert_equal([odds[j] for j in others], expected["odds"][k])
        labels = [reader.get("A", reader.parts + i) for i in range(7)]
        assert labels == ["Intercept", "ns(x, df=3)", "g", "h", "ns(x, df=3) × g", "Offset", WORDS["sum"]]
        for j in others:
            *adds, total = (reader.get("BCD"[j], reader.parts + i) for i in range(7))
            assert math.fsum(adds) == pytest.approx(total, rel=1e-12)
            assert total == logits[j][0]


def test_contributions_are_those_of_the_worked_example() -> None:
    fit, model = case_of("separated")
    reader = Reader(workbook(rendered(model)), model)
    assert model.inputs[0].choices is not None
    for level in "bc":
        reader.set([model.inputs[0].choices.index(level), 11.5])
        example = fit.worked_example({"g": level, "x": 11.5}).to_frame()
        by_term = {"Intercept": "Intercept", "g[T.b]": "g", "g[T.c]": "g", "x": "x"}
        expected = example.groupby(example["term"].map(by_term))["contribution"].sum()
        found = {reader.get("A", reader.parts + i): reader.get("B", reader.parts + i) for i in range(3)}
        assert found == pytest.approx(dict(expected), rel=1e-12)
    assert math.isinf(found["g"])


def test_one_infinity_less_another_is_not_a_number() -> None:
    fit = two_equally_endless()
    assert np.isposinf(fit.coef_array[:, 2]).all()
    model = modelled(fit)
    reader = Reader(workbook(rendered(model)), model)
    place = (model.inputs[0].choices or ()).index("c")
    shown = {}
    for versus in range(3):
        reader.set([place, 10.0], versus)
        shown[versus] = [reader.book.value(PAGE, f"{column}{reader.parts + 1}") for column in "BCD"]
    minus, none = "\N{MINUS SIGN}∞", "\N{EN DASH}"
    assert shown == {0: ["", "∞", "∞"], 1: [minus, "", none], 2: [minus, none, ""]}
    expected = fit.logits({"g": ["c"], "x": [10.0]}, interval=True, versus="q")
    reader.set([place, 10.0], 1)
    rows = reader.results(LOGIT)
    assert_equal([rows[0], rows[2]], expected[["estimate", "conf_low", "conf_high"]].to_numpy())


@pytest.mark.parametrize("name", ["births", "three outcomes", "seven outcomes", "robust"])
@pytest.mark.parametrize("size", [-1e9, -300.0, 300.0, 1e9])
def test_both_tails_are_exact(name: str, size: float) -> None:
    fit, model = case_of(name)
    reader = Reader(workbook(rendered(model)), model)
    data, records = records_of(name, fit, 1)
    k = next(k for k, one in enumerate(model.inputs) if one.choices is None)
    steps = abs(fit.filled_coef[:, 1:]).max()
    value = max(size / steps, 0.0) if name == "seven outcomes" else size / steps
    records[0][k] = value
    data = data.astype({model.inputs[k].name: float})
    data.loc[data.index[0], model.inputs[k].name] = value
    reader.set(records[0])
    assert_equal(reader.results(PROBABILITY), expected_of(fit, data, "probabilities")[0])
    logits = expected_of(fit, data, "logits")[0]
    assert_equal(reader.results(LOGIT)[1:], logits)


def test_all_digits_are_kept() -> None:
    fit, model = case_of("seven outcomes")
    sheet = workbook(rendered(model))[NUMBERS]
    found = {cell.value for row in sheet.iter_rows() for cell in row if cell.data_type == "n"}
    assert set(fit.filled_coef.ravel().tolist()) <= found
    assert set(fit.logit_vcov.ravel().tolist()) <= found
    assert any(float(f"{b:.16G}") != b for b in fit.filled_coef.ravel())


# Functions --------------------------------------------------------------------------------------------------


def test_every_operation_of_a_step_has_a_formula() -> None:
    assert OPERATIONS_AS_FORMULAS.keys() >= OPERATIONS | {"center", "scale"}


def value_of(formula: Formula) -> float:
    """Return what the text of a formula comes to, nan for an error."""
    try:
        return float(Book(openpyxl.Workbook()).run(Parser(f"={formula.text}").tree, "Sheet"))
    except CellError:
        return math.nan


REFERENCE = {
    "expm1": np.expm1, "log1p": np.log1p, "round": np.rint, "floor": np.floor, "ceil": np.ceil,
    "sign": np.sign, "abs": np.abs, "sqrt": np.sqrt, "log2": np.log2, "log10": np.log10, "exp": np.exp,
    "log": np.log,    "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "logit": lambda p: np.log(p / (1 - p)),
    "//": np.floor_divide, "%": np.mod, "**": np.power, "pmin": np.minimum, "pmax": np.maximum,
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
    "==": np.equal, "!=": np.not_equal,
}  # fmt: skip
VALUES = [
    -700.0,
    -3.5,
    -2.5,
    -1.5,
    -0.5,
    -0.25,
    -1e-3,
    -1e-12,
    0.0,
    1e-12,
    0.0099,
    0.25,
    0.5,
    1.5,
    2.5,
    3.75,
    700.0,
]


@pytest.mark.parametrize("name", REFERENCE)
def test_functions_are_those_of_formulas(name: str) -> None:
    binary = name in ("pmin", "pmax") or not name.isidentifier()
    for x in VALUES:
        for y in [-2.0, 0.0, 0.5, 0.75, 2.0] if binary else [None]:
            operands = [number for number in (x, y) if number is not None]
            with np.errstate(all="ignore"):
                expected = float(REFERENCE[name](*operands))
            formulas = [exactly(number) for number in operands]
            formula = OPERATIONS_AS_FORMULAS[name](*formulas)
            if not math.isfinite(expected):
                assert math.isnan(formula.value)
                assert math.isnan(value_of(formula))
            else:
                assert formula.value == pytest.approx(expected, rel=1e-12, abs=1e-300)
                assert value_of(formula) == pytest.approx(expected, rel=1e-12, abs=1e-300)


LEAVES = st.integers(-9, 9).map(lambda n: exactly(n / 4))
TREES = st.recursive(
    LEAVES,
    lambda part: (
        st.tuples(part, st.sampled_from(["+", "-", "*", "/"]), part).map(
            lambda triple: OPERATIONS_AS_FORMULAS[triple[1]](triple[0], triple[2])
        )
        | part.map(lambda formula: -formula)
        | st.tuples(part, part, part).map(lambda triple: chosen(triple[0] < triple[1], triple[2], triple[0]))
    ),
    max_leaves=12,
)


@given(TREES)
def test_brackets_stand_where_they_are_needed(formula: Formula) -> None:
    assert value_of(formula) == pytest.approx(formula.value, rel=1e-9, abs=1e-9, nan_ok=True)


def test_a_constant_with_too_many_digits_does_not_stand_in_a_formula() -> None:
    assert exactly(0.1 + 0.2) is None
    with pytest.raises(ValueError, match="belongs in a cell"):
        Formula("$A$1", 1.0) + (0.1 + 0.2)


def test_formulas_hold_known_functions_and_no_text_of_the_data() -> None:
    literals = set()
    for name in ("births", "three, separated", "functions", "labels compared", "B-splines", "offset by name"):
        book = workbook(rendered(case_of(name)[1]))
        for sheet in (PAGE, NUMBERS):
            for cell in (cell for row in book[sheet].iter_rows() for cell in row if cell.data_type == "f"):
                assert len(cell.value) < 8_192
                for token in Tokenizer(cell.value).items:
                    if token.type == "FUNC" and token.subtype == "OPEN":
                        assert token.value[:-1] in KNOWN
                    if token.subtype == "TEXT":
                        literals.add(token.value)
                    if token.subtype == "RANGE" and "!" in token.value:
                        assert token.value.split("!")[0] in (f"'{PAGE}'", f"'{NUMBERS}'")
    assert {text for text in literals if len(text) > 4} == {
        f'"{text}"'
        for text in ("a number is needed", "a name from the list is needed", "outside the data", "baseline")
    } | {'"Odds against "', '"Logit (log-odds) against "'}


# The reader's sheet -----------------------------------------------------------------------------------------


def test_a_value_that_needs_care_is_marked_and_one_without_a_logit_has_no_result() -> None:
    model = modelled(own("y ~ log(x) + g + C(round(z / 2))"))
    reader = Reader(workbook(rendered(model)), model)
    good = [10.0, 0, 2.0]
    lowest = model.inputs[0].low
    assert lowest is not None

    def said(record: list[Any]) -> tuple[str, list[str], Any]:
        reader.set(record)
        return reader.get("A", 3), reader.remarks(), reader.results(PROBABILITY)[1][0]

    message, remarks, probability = said(good)
    assert (message, remarks) == ("", ["", "", ""])
    assert 0 < probability < 1
    message, remarks, probability = said([lowest - 0.5, 0, 2.0])
    assert (message, remarks) == ("", ["outside the data", "", ""])
    assert 0 < probability < 1
    no_logit = "has no value here, so that there is no logit"
    assert said([-1.0, 0, 2.0]) == (f"log(x): {no_logit}", ["outside the data", "", ""], "")
    message, remarks, probability = said([10.0, 0, 1000.0])
    assert (message, remarks[2], probability) == (f"C(round(z / 2)): {no_logit}", "outside the data", "")
    for nothing in (None, "ten"):
        assert said([nothing, 0, 2.0]) == ("x: a number is needed", ["a number is needed", "", ""], "")
    reader.set(good)
    reader.book.put(PAGE, f"B{reader.first_input + 1}", "A")
    assert reader.remarks()[1] == "a name from the list is needed"
    assert reader.get("A", 3) == "g: a name from the list is needed"
    assert reader.results(PROBABILITY) == [["", "", ""]] * 2
    assert reader.get("B", reader.parts) == ""


def test_inputs_are_checked_offered_and_framed() -> None:
    model = modelled(dataset("birthwt", "low ~ age + race"))
    sheet = workbook(rendered(model))[PAGE]
    reader = Reader(workbook(rendered(model)), model)
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    age, race = f"B{reader.first_input}", f"B{reader.first_input + 1}"
    assert (rules[age].type, rules[race].type) == ("decimal", "list")
    source = rules[race].formula1.replace("$", "").split("!")[1]
    offered = [row[0].value for row in workbook(rendered(model))[NUMBERS][source]]
    assert offered == ["white", "black", "other"]
    for cell in (sheet[age], sheet[race]):
        assert {cell.border.left.style, cell.border.top.style} == {"medium"}
    assert sheet[race].number_format == "@"
    assert not sheet.protection.sheet
    assert [sheet[f"{c}{reader.first_input}"].value for c in "BCDE"] == [23.0, 23.0, 14.0, 45.0]
    marked = {str(area.sqref) for area in sheet.conditional_formatting}
    assert {age, race} <= marked


def test_texts_of_the_sheet_with_the_numbers_wrap_in_rows_that_fit() -> None:
    sheet = Sheet(name="S", widths=(44.0, 22.0))
    said = "body_mass_g: has no value here, so that there is no logit"
    heading = "C(baseline_condition, Treatment('poor'))[T.good]"
    sheet.put(0, 0, said, "label")
    sheet.put(1, 1, heading, "number_column")
    sheet.put(2, 0, "short", "label")
    book = xlsxwriter.Workbook(file := io.BytesIO(), {"in_memory": True})
    write_sheet(book, sheet, lambda **properties: book.add_format(properties))
    book.close()
    rows = workbook(file.getvalue())["S"].row_dimensions
    assert rows[1].height >= 30
    assert rows[2].height >= 45  # 48 characters without a space near the middle of a column of 22
    assert rows[3].height is None or rows[3].height < 30


def test_odds_and_negative_numbers_look_as_expected() -> None:
    _, model = case_of("births")
    page = workbook(rendered(model))[PAGE]
    odds = {cell.coordinate for row in page.iter_rows() for cell in row if "0.0000" in cell.number_format}
    assert odds
    for place in odds:
        assert page[place].number_format == "[=0]0;[<0.1]0.0000;0.000"
        rules = [rule for area in page.conditional_formatting if place in area.cells for rule in area.rules]
        shown = [([float(limit) for limit in rule.formula], rule.dxf.numFmt.formatCode) for rule in rules]
        for value, pattern in (
            (1e-9, "0.00E+00"),
            (250.0, "0.0"),
            (1e9, "0.00E+00"),
            (0.0064, None),
            (0.0, None),
        ):
            assert [code for (low, high), code in shown if low <= value <= high] == (
                [pattern] if pattern else []
            )
    framed = [cell for row in page.iter_rows() for cell in row if cell.border.left.style == "medium"]
    assert {cell.number_format for cell in framed} <= {'General;"\N{MINUS SIGN}"General', "@"}


@pytest.mark.parametrize("versus", [None, "three outcomes"])
def test_the_answer_stays_in_view(versus: str | None) -> None:
    fit, model = case_of(versus or "births")
    book = workbook(rendered(model))
    reader = Reader(book, model)
    assert book[PAGE].freeze_panes == "A5"
    if versus is None:
        assert [reader.get(c, 4) for c in "BCD"] == reader.results(PROBABILITY)[1]
        return
    data, records = records_of("likeliest", fit, 5)
    likeliest = fit.classify(data).tolist()
    for record, name in zip(records, likeliest, strict=True):
        reader.set(record)
        assert reader.get("B", 4) == name
        assert reader.get("C", 4) == max(row[0] for row in reader.results(PROBABILITY))


def test_a_model_without_covariance_has_no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calculator, "MOST_WITH_COVARIANCE", 3)
    fit = own("y3 ~ x + g")
    model = modelled(fit)
    reader = Reader(workbook(rendered(model)), model)
    data, records = records_of("no limits", fit, 2)
    reader.set(records[1])
    rows = reader.results(PROBABILITY)
    assert [row[1:] for row in rows] == [[None, None]] * 3
    assert_equal([row[0] for row in rows], expected_of(fit, data, "probabilities")[1][:, 0])


def test_a_loaded_model_has_no_ranges_and_says_why_it_has_no_result(tmp_path: Path) -> None:
    own(
        "y ~ I(log(x - 1.5)) + g + z",
    ).save(tmp_path / "model.json")
    model = calculator_model(context_of(logreg.load(tmp_path / "model.json")), {})
    raw = rendered(model)
    reader = Reader(workbook(raw), model)
    stored = workbook(raw, values=True)[PAGE]
    assert stored["A3"].value.startswith("I(log(x - 1.5)): has no value here")
    assert stored[f"B{reader.outcomes}"].value is None
    reader.set([11.5, 1, 2.0])
    fit = logreg.load(tmp_path / "model.json")
    expected = fit.probabilities({"x": [11.5], "g": ["b"], "z": [2.0]}, interval=True)
    assert_equal(reader.results(PROBABILITY), expected[["estimate", "conf_low", "conf_high"]].to_numpy())
    reader.set([1e7, 1, 2.0])
    assert reader.remarks() == ["", "", ""]


def test_several_calculators_have_sheets_of_their_own() -> None:
    first, second = case_of("births")[1], case_of("three outcomes")[1]
    raw = rendered(first, second, first)
    book = workbook(raw)
    assert book.sheetnames == [
        "Report", "Calculator", "Calculator 2", "Calculator 3",
        "Calculator model", "Calculator model 2", "Calculator model 3",
    ]  # fmt: skip
    links = {cell.hyperlink.location for row in book["Report"].iter_rows() for cell in row if cell.hyperlink}
    assert links == {"'Calculator'!A1", "'Calculator 2'!A1", "'Calculator 3'!A1"}
    reader = Reader(book, second, "Calculator 2")
    assert_equal(reader.results(PROBABILITY), Reader(workbook(rendered(second)), second).results(PROBABILITY))
    assert rendered(first, second, first) == raw


def test_tables_make_way_for_the_names_of_calculators() -> None:
    block = Calculator(text="worked example", model=case_of("births")[1])
    keys = ("calculator", "calculator_model")
    cells = (Row(cells=(Cell(text="1"),)),)
    columns = (TableColumn(key="a", heading="A"),)
    tables = [Table(key=key, caption="C", columns=columns, rows=cells) for key in keys]
    names = workbook(render_xlsx.render(Document(title="T", blocks=(block, *tables)))).sheetnames
    assert names == ["Report", PAGE, "calculator_2", "calculator_model", NUMBERS]


def test_the_report_of_a_fit_has_its_calculator() -> None:
    fit, _ = case_of("births")
    section = calculator_section(context_of(fit), fit.profiles())
    book = workbook(render_xlsx.render(Document(title="T", blocks=(section,))))
    assert book.sheetnames[:2] == ["Report", PAGE]
    texts = [row[0].value for row in book["Report"].iter_rows()]
    assert "Live calculator: sheet “Calculator”" in texts


# Names ------------------------------------------------------------------------------------------------------

LEVELS = [
    "=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "*", "?", "~*", "a", "A", "ä", "1", "1.0",
    "TRUE", "#N/A", "'quoted", '"double"', "a,b;c", "é\u0301", "l" * 300, "l" * 300 + "m", "<U+202E>",
    " a", "1/2",
]  # fmt: skip


def test_levels_of_any_name_are_told_apart() -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"g": LEVELS * 12, "x": rng.normal(size=12 * len(LEVELS))})
    data["y"] = (rng.random(len(data)) < 0.5).astype(int)
    data["=1+cmd|' /C calc'!A0"] = rng.normal(size=len(data))
    with pytest.warns(DataWarning, match="differ only by case"):
        fit = logreg.fit("y ~ g + x + `=1+cmd|' /C calc'!A0`", data, estimator="firth")
    model = modelled(fit)
    book = workbook(rendered(model))
    reader = Reader(book, model)
    rows = pd.DataFrame({"g": LEVELS, "x": 0.25, "=1+cmd|' /C calc'!A0": 0.5})
    expected = expected_of(fit, rows, "probabilities")
    choices = model.inputs[0].choices or ()
    assert len(set(distinct(choices))) == len(LEVELS)
    for k, level in enumerate(LEVELS):
        reader.set([choices.index(level), 0.25, 0.5])
        assert_equal(reader.results(PROBABILITY), expected[k])
    texts = [cell.value for row in book[NUMBERS].iter_rows() for cell in row if cell.data_type == "s"]
    assert max(map(len, texts)) < 400
    assert set(LEVELS) - set(texts) == {level for level in LEVELS if len(level) > LONGEST_NAME}


@cache
def ordinary() -> tuple[dict[str, set[str]], list[list[Any]]]:
    model = case_of("three outcomes")[1]
    book = workbook(rendered(model))
    return formulas_of(book), Reader(book, model).results(PROBABILITY)


def formulas_of(book: openpyxl.Workbook) -> dict[str, set[str]]:
    """Return where there are formulas."""
    return {
        sheet: {cell.coordinate for row in book[sheet].iter_rows() for cell in row if cell.data_type == "f"}
        for sheet in (PAGE, NUMBERS)
    }


@pytest.mark.parametrize("text", [*HOSTILE.values(), "x" * 100_000], ids=[*HOSTILE, "long"])
def test_hostile_names_stay_text(text: str) -> None:
    model, shown = case_of("three outcomes")[1], visible(text)
    hostile = replace(
        model,
        outcome=shown,
        outcomes=(shown, shown, "last"),
        inputs=tuple(
            replace(one, name=shown, label=shown, choices=one.choices and (shown, *one.choices[1:]))
            for one in model.inputs
        ),
        factors=tuple(replace(factor, label=shown) for factor in model.factors),
        term_labels=tuple((name, shown) for name, _ in model.term_labels),
        column_names=tuple(shown for _ in model.column_names),
    )
    read = workbook(rendered(hostile))
    places, results = ordinary()
    assert formulas_of(read) == places
    assert Reader(read, hostile).results(PROBABILITY) == results


def test_the_sheets_of_a_model_are_the_same_every_time() -> None:
    model = case_of("separated")[1]
    first, second = (calculator_sheets(model, "a", "b") for _ in range(2))
    for one, other in zip(first, second, strict=True):
        texts = [
            [getattr(cell.content, "text", cell.content) for cell in sheet.cells.values()]
            for sheet in (one, other)
        ]
        assert texts[0] == texts[1]
    assert rendered(model) == rendered(model)


# LibreOffice ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_computes_the_predictions_of_the_fit(tmp_path: Path) -> None:
    """Workbooks without stored values, so that LibreOffice has to compute them; all in one call.

    One record of each fit; with ``LOGREG_LIBREOFFICE_RECORDS=7``, as many as in Python. Last result of that,
    with LibreOffice 7.4: 210 records, the largest difference 4e-11.
    """
    expected = {}
    for k, name in enumerate(FITS):
        fit, model = case_of(name)
        data, records = records_of(name, fit, N_IN_LIBREOFFICE)
        book = workbook(rendered(*[model] * len(records)))
        readers = [Reader(book, model, PAGE if i == 0 else f"{PAGE} {i + 1}") for i in range(len(records))]
        for reader, record in zip(readers, records, strict=True):
            reader.set(record)
        file = tmp_path / f"{k}.xlsx"
        book.save(file)
        assert all(cell.value is None for cell in workbook(file.read_bytes(), values=True)[PAGE][4][1:4])
        kinds = (PROBABILITY, "probabilities", 0), (ODDS, "odds", 1), (LOGIT, "logits", 1)
        expected[file] = (
            readers,
            [(columns, first, expected_of(fit, data, kind)) for columns, kind, first in kinds],
        )
    home = f"-env:UserInstallation={(tmp_path / 'home').as_uri()}"
    command = ["soffice", home, "--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path / "out")]
    subprocess.run([*command, *map(str, expected)], check=True, capture_output=True, timeout=300)
    for file, (readers, predictions) in expected.items():
        computed = Book(openpyxl.load_workbook(tmp_path / "out" / file.name, data_only=True))
        for i, reader in enumerate(readers):
            reader.book = computed
            for columns, first, values in predictions:
                assert_equal(reader.results(columns)[first:], values[i])
