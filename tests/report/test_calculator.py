"""The calculator equals the fit: its data read again in plain Python, and by the page's own script."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
import logreg.report
from logreg.data import open_source
from logreg.design.ast import Column
from logreg.design.distribution import Distribution
from logreg.design.functions import FUNCTIONS
from logreg.errors import SeparationWarning, SupportError
from logreg.fitted import LogisticFit
from logreg.report import calculator, render_html, render_json, render_markdown, render_text
from logreg.report.calculator import Calculator, calculator_model, starting_values
from logreg.report.calculator_steps import OPERATIONS
from logreg.report.context import context_of
from logreg.report.formats import visible
from logreg.report.nodes import Code, Document
from logreg.report.outline import level_text
from logreg.report.sections_calculator import calculator_section

from . import calculator_reader

TEMPLATES = Path(logreg.report.__file__).parent / "templates"
#: Values of the calculator and of the fit differ by rounding only; probabilities and logits near 1.
TOLERANCE = 1e-9
N_RANDOM = 25


def made_up() -> pd.DataFrame:
    """Two hundred rows with numbers, labels and an outcome of two and one of three classes."""
    rng = np.random.default_rng(7)
    n = 200
    frame = pd.DataFrame(
        {
            "x": rng.normal(10.0, 3.0, n).round(2),
            "z": rng.uniform(0.5, 4.0, n).round(3),
            "year": rng.integers(1990, 2020, n).astype(float),
            "share": rng.uniform(0.05, 0.95, n).round(3),
            "g": rng.choice(["a", "b", "c"], n),
            "h": rng.choice(["b", "c", "d"], n),
            "flag": rng.random(n) < 0.4,
            "coded": rng.integers(1, 4, n),
            "half": rng.choice([1.0, 2.0], n),
            "exposure": rng.uniform(1.0, 5.0, n).round(2),
        }
    )
    logit = 0.25 * (frame["x"] - 10.0) - 0.6 * np.log(frame["z"]) + 0.5 * (frame["g"] == "b")
    frame["y"] = (rng.random(n) < 1.0 / (1.0 + np.exp(-logit))).astype(int)
    frame["y3"] = np.where(rng.random(n) < 0.3, "r", np.where(frame["y"] == 1, "q", "p"))
    return frame


def dataset(name: str, formula: str | None = None, **options: Any) -> LogisticFit:
    sheet = logreg.datasets.describe(name)
    return logreg.fit(formula or sheet.formula, logreg.datasets.load(name), **options)


def own(formula: str, **options: Any) -> LogisticFit:
    return logreg.fit(formula, made_up(), **options)


def separated() -> LogisticFit:
    data = made_up()
    data.loc[data["g"] == "c", "y"] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeparationWarning)
        return logreg.fit("y ~ g + x", data)


def separated_in_three() -> LogisticFit:
    data = made_up()
    data.loc[data["g"] == "c", "y3"] = "r"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeparationWarning)
        return logreg.fit("y3 ~ g + x", data)


def two_equally_endless() -> LogisticFit:
    """At g = c two of three outcomes are left, whose logits grow alike."""
    data = made_up()
    never = (data["g"] == "c") & (data["y3"] == "p")
    data.loc[never, "y3"] = np.where(data.loc[never, "x"] > 10.0, "q", "r")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeparationWarning)
        return logreg.fit("y3 ~ g + x", data)


def aliased() -> LogisticFit:
    data = made_up()
    data["twice"] = 2.0 * data["x"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return logreg.fit("y ~ x + twice + g", data)


FITS: dict[str, Callable[[], LogisticFit]] = {
    "births": lambda: dataset("birthwt", "low ~ age + lwt + race + smoke"),
    "three outcomes": lambda: dataset("womenlf"),
    "seven outcomes": lambda: dataset("anes96"),
    "counts": lambda: dataset("ucb"),
    "sampling weights": lambda: dataset(
        "apistrat", "sch_wide ~ ell + meals", weights="pw", weight_kind="sampling"
    ),
    "natural spline": lambda: own("y ~ ns(x, df=4) + ns(z, knots=[1.0, 2.5])"),
    "B-splines": lambda: own("y ~ bs(x, df=5) + bs(z, degree=2, lower_bound=0.0, upper_bound=3.0)"),
    "B-spline with its constant": lambda: own("y ~ 0 + bs(x, df=6, include_intercept=True) + z"),
    "spline of degree 6": lambda: own("y ~ bs(x, df=7, degree=6)"),
    "polynomials": lambda: own("y ~ poly(x, 3) + poly(z, 2, raw=True)"),
    "polynomial of a scaled logarithm": lambda: own("y ~ poly(scale(log(z)), 2) + center(x)"),
    "functions": lambda: own(
        "y ~ log(z) + log2(x + 20) + log10(share) + log1p(z) + sqrt(z) + exp(z / 4) + sin(x)"
        " + I(cos(x) * tan(z / 4)) + logit(share) + sigmoid(x - 10) + pmin(x, 10 * z) + floor(x)"
        " + I(round(z) ** 2) + sign(x - 10)"
    ),
    "arithmetic": lambda: own(
        "y ~ I(x**2 / 100) + I(-z % 2) + I(x // 3) + I((x > 9) * (z <= 2)) + abs(x - 10)"
    ),
    "labels compared": lambda: own('y ~ I(g == "b") + I(h != "c") + I((g == h) * x)'),
    "interactions": lambda: own("y ~ x * g + z:h + g:h"),
    "numbers multiplied": lambda: own("y ~ x * z"),
    "sums to zero": lambda: own("y ~ C(g, Sum) * C(h, Sum)"),
    "no intercept": lambda: own("y ~ 0 + g + h + x"),
    "numbers as categories": lambda: own("y ~ C(coded) + C(half) + flag + I(half * x)"),
    "computed categories": lambda: own("y ~ C(round(z)) + x"),
    "spline in a product": lambda: own("y ~ ns(x, df=2) * g"),
    "offset": lambda: own("y ~ x + g + offset(log(exposure))"),
    "offset by name": lambda: own("y3 ~ x + g", offset="exposure"),
    "two offsets": lambda: own("y3 ~ x", offset=["exposure", "z"]),
    "far from zero": lambda: own("y3 ~ year + I(year**2)"),
    "separated": separated,
    "three, separated": separated_in_three,
    "three, two of them equally endless": two_equally_endless,
    "aliased": aliased,
    "Firth": lambda: own("y ~ x + g", estimator="firth"),
    "robust": lambda: own("y3 ~ x + g", covariance="HC1"),
}


def random_records(
    fit: LogisticFit, model: dict[str, Any], rng: np.random.Generator
) -> tuple[dict[str, list[Any]], list[list[float]]]:
    """Return random records as columns of data and as inputs of the calculator; some beyond the data."""
    profiles = fit.profiles()
    computed = any(not isinstance(factor.expression, Column) for factor in fit.spec.categorical())
    columns: dict[str, list[Any]] = {entry["name"]: [] for entry in model["inputs"]}
    records = []
    for k in range(N_RANDOM):
        record: list[float] = []
        for entry in model["inputs"]:
            name, profile = entry["name"], profiles[entry["name"]]
            values = profile.values.tolist() if isinstance(profile, Distribution) else list(profile)
            if entry["choices"] is not None:
                place = int(rng.integers(len(entry["choices"])))
                by_text = {level_text(value): value for value in values}
                columns[name].append(by_text[entry["choices"][place]])
                record.append(place)
                continue
            low, high = entry["low"], entry["high"]
            beyond = 0.0 if computed or k % 5 else 0.2 * (high - low)
            x = float(rng.uniform(low - beyond, high + beyond))
            x = max(x, 0.01) if low >= 0 else x
            x = min(x, 0.99) if name == "share" else x
            columns[name].append(x)
            record.append(x)
        records.append(record)
    return columns, records


def model_of(fit: LogisticFit) -> dict[str, Any]:
    """Return the data of a calculator as a page holds them."""
    text = calculator_model(context_of(fit), fit.profiles()).to_json()
    found: dict[str, Any] = json.loads(text)
    return found


def expected_of(fit: LogisticFit, columns: dict[str, list[Any]], kind: str) -> np.ndarray[Any, Any]:
    """Return (records, outcomes, 3): estimate and limits by the fit itself."""
    table = getattr(fit, kind)(pd.DataFrame(columns), interval=True)
    return table[["estimate", "conf_low", "conf_high"]].to_numpy().reshape(N_RANDOM, -1, 3)


def assert_equal(found: Any, expected: Any) -> None:
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    finite = np.isfinite(expected)
    assert np.array_equal(np.isnan(found), np.isnan(expected))
    assert np.array_equal(found[~finite & ~np.isnan(expected)], expected[~finite & ~np.isnan(expected)])
    size = np.maximum(1.0, np.abs(expected[finite]))
    assert np.max(np.abs(found[finite] - expected[finite]) / size, initial=0.0) < TOLERANCE


@pytest.fixture(scope="module", params=FITS, ids=FITS.keys())
def case(request: pytest.FixtureRequest) -> tuple[LogisticFit, dict[str, Any], Any, Any]:
    fit = FITS[request.param]()
    model = model_of(fit)
    columns, records = random_records(fit, model, np.random.default_rng(len(request.param)))
    return fit, model, columns, records


def test_the_data_read_in_python_give_the_predictions_of_the_fit(case: Any) -> None:
    fit, model, columns, records = case
    found = [calculator_reader.predict(model, record) for record in records]
    assert_equal([one["logit"] for one in found], expected_of(fit, columns, "logits"))
    assert_equal([one["probability"] for one in found], expected_of(fit, columns, "probabilities"))


# The page's own script --------------------------------------------------------------------------------------

#: Reads [model, records] pairs; JSON has no NaN and no infinities, so that numbers come back as texts.
RUNNER = """
const [jobs] = [JSON.parse(require("fs").readFileSync(0, "utf8"))];
const said = (value) => JSON.stringify(value, (_, x) => (typeof x === "number" ? String(x) : x));
console.log(said(jobs.map(({ model, records, versus }) => records.map((record) => {
  try { return calculate(model, record, versus ?? 0); }
  catch (error) { return error.name + " " + error.message; }
}))));
"""


def number(text: str) -> float:
    return float(text.replace("Infinity", "inf"))


def script_of(page: str) -> str:
    return page.rpartition("<script>")[2].partition("</script>")[0]


def run_script(jobs: list[dict[str, Any]]) -> list[list[Any]]:
    """Run the script of a rendered page in node, where there is no document."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    script = script_of(render_html.render(Document(title="T", blocks=())))
    done = subprocess.run(
        ["node", "-e", script + RUNNER], input=json.dumps(jobs), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[list[Any]] = json.loads(done.stdout)
    return found


def test_the_script_of_the_page_gives_the_predictions_of_the_fit() -> None:
    jobs, expected = [], []
    for name, made in FITS.items():
        fit = made()
        model = model_of(fit)
        columns, records = random_records(fit, model, np.random.default_rng(len(name)))
        jobs.append({"model": model, "records": records})
        expected.append([expected_of(fit, columns, kind) for kind in ("logits", "odds", "probabilities")])
    for answers, (logits, odds, probabilities) in zip(run_script(jobs), expected, strict=True):
        scales: dict[str, list[Any]] = {"logit": [], "odds": [], "probability": []}
        for answer in answers:
            assert isinstance(answer, dict), answer
            for scale, rows in scales.items():
                rows.append([[number(x) for x in outcome[scale]] for outcome in answer["outcomes"]])
        assert_equal(np.array(scales["logit"])[:, 1:], logits)
        assert_equal(np.array(scales["odds"])[:, 1:], odds)
        assert_equal(scales["probability"], probabilities)


def test_the_terms_of_the_script_add_up_to_the_logit_against_any_outcome() -> None:
    fit = own("y3 ~ ns(x, df=3) * g + h + offset(log(exposure))")
    model = model_of(fit)
    columns, records = random_records(fit, model, np.random.default_rng(1))
    versions = [{"model": model, "records": records, "versus": k} for k in range(3)]
    for k, answers in enumerate(run_script(versions)):
        names = list(fit.spec.outcome.names)
        table = fit.logits(pd.DataFrame(columns), interval=True, versus=names[k])
        expected = table[["estimate", "conf_low", "conf_high"]].to_numpy().reshape(N_RANDOM, 2, 3)
        others = [j for j in range(3) if j != k]
        for answer, row in zip(answers, expected, strict=True):
            assert_equal([[number(x) for x in answer["outcomes"][j]["logit"]] for j in others], row)
            sums = [sum(number(part["adds"][j]) for part in answer["parts"]) for j in others]
            assert_equal(sums, row[:, 0])
        assert [part["label"] for part in answers[0]["parts"]] == [
            "Intercept", "ns(x, df=3)", "g", "h", "ns(x, df=3) × g", "Offset",
        ]  # fmt: skip


def test_logits_of_outcomes_that_an_offset_makes_impossible_are_numbers() -> None:
    """Without separation every logit is known, however far it lies behind that of another outcome."""
    rng = np.random.default_rng(2)
    data = pd.DataFrame(
        {"x": rng.normal(size=90), "far": rng.normal(size=90), "y": rng.choice(list("abc"), 90)}
    )
    fit = logreg.fit("y ~ x + offset(far)", data)
    model = model_of(fit)
    record = {"x": 0.5, "far": -5e6}
    values = [record[entry["name"]] for entry in model["inputs"]]
    [[answer]] = run_script([{"model": model, "records": [values], "versus": 1}])
    expected = fit.logits(pd.DataFrame([record]), versus="b")["c"].iloc[0]
    assert number(answer["outcomes"][2]["logit"][0]) == pytest.approx(expected, abs=1e-8)


def test_contributions_are_those_of_the_worked_example() -> None:
    fit = separated()
    model = model_of(fit)
    record = {"g": "c", "x": 11.5}
    levels = model["inputs"][0]["choices"]
    [[answer]] = run_script([{"model": model, "records": [[levels.index("c"), 11.5]]}])
    example = fit.worked_example(record).to_frame()
    by_term = {"Intercept": "Intercept", "g[T.b]": "g", "g[T.c]": "g", "x": "x"}
    expected = example.groupby(example["term"].map(by_term))["contribution"].sum()
    assert math.isinf(expected["g"])
    for part in answer["parts"]:
        assert number(part["adds"][1]) == pytest.approx(expected[part["label"]], rel=1e-12)


def test_a_value_without_a_logit_is_named() -> None:
    model = model_of(own("y ~ log(x) + C(round(z / 2))"))
    assert [entry["name"] for entry in model["inputs"]] == ["x", "z"]
    answers = run_script([{"model": model, "records": [[-1.0, 2.0], [10.0, 1000.0], [0.0, 2.0]]}])
    assert answers == [["RangeError log(x)", "RangeError C(round(z / 2))", "RangeError log(x)"]]


@pytest.mark.parametrize("x", [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.4999, 0.1, -7.2])
def test_the_script_rounds_floors_and_takes_remainders_as_formulas_do(x: float) -> None:
    model = model_of(own("y ~ I(round(x)) + I(x // 0.75) + I(x % 0.75) + sign(x - 10)"))
    [[answer]] = run_script([{"model": model, "records": [[x]]}])
    expected = [1.0, np.rint(x), np.floor_divide(x, 0.75), np.mod(x, 0.75), np.sign(x - 10.0)]
    assert_equal([number(value) for value in answer["row"]], expected)


# What the data hold -----------------------------------------------------------------------------------------


def test_every_function_of_formulas_that_makes_numbers_has_a_step() -> None:
    elementwise = {name for name, one in FUNCTIONS.items() if one.kind in ("elementwise", "identity")}
    assert elementwise <= OPERATIONS
    assert calculator_reader.FUNCTIONS.keys() >= OPERATIONS
    script = (TEMPLATES / "calculate.js").read_text(encoding="utf-8")
    table = script.partition("const FUNCTIONS = {")[2].partition("\n};")[0]
    named = re.findall(r'(?:^|[{,])\s*"?([A-Za-z0-9]+|[-+*/%=!<>]+)"?(?=:|,\n)', table, re.MULTILINE)
    assert set(named) >= OPERATIONS


def test_inputs_start_at_typical_values_inside_the_data() -> None:
    fit = dataset("birthwt", "low ~ age + lwt + race + ptl")
    model = calculator_model(context_of(fit, labels={"lwt": "Weight"}), fit.profiles())
    data = logreg.datasets.load("birthwt")
    by_name = {one.name: one for one in model.inputs}
    assert (by_name["age"].low, by_name["age"].high) == (data["age"].min(), data["age"].max())
    assert by_name["age"].start == data["age"].median()
    assert by_name["race"].choices is not None
    assert by_name["race"].choices[int(by_name["race"].start)] == data["race"].mode()[0]
    assert by_name["race"].choices[0] == fit.spec.categorical()[0].reference
    assert by_name["lwt"].label == "Weight"
    assert starting_values(fit.spec, fit.profiles())["race"] == data["race"].mode()[0]


def test_the_step_of_a_slider_suits_the_range() -> None:
    rng = np.random.default_rng(2)
    data = pd.DataFrame(
        {"y": [0, 1, 0, 1, 0, 1, 1, 0] * 5, "a": rng.permutation(np.linspace(0.001, 0.009, 40))}
    )
    data["b"] = rng.permutation(40) * 1e6
    data["c"] = rng.permutation(40) + 0.5
    data["d"] = rng.permutation(40)
    fit = logreg.fit("y ~ a + b + c + d", data)
    steps = [one.step for one in calculator_model(context_of(fit), fit.profiles()).inputs]
    assert steps == pytest.approx([1e-5, 1e5, 0.1, 1.0])


def test_the_level_of_the_intervals_is_that_of_the_report() -> None:
    fit = dataset("birthwt", "low ~ age")
    model = json.loads(calculator_model(context_of(fit, confidence=0.8), fit.profiles()).to_json())
    found = calculator_reader.predict(model, [30.0])["probability"][1]
    table = fit.probabilities({"age": [30.0]}, interval=True, confidence=0.8).iloc[1]
    assert found == pytest.approx(tuple(table[["estimate", "conf_low", "conf_high"]]), rel=1e-12)
    assert model["level"] == "80%"


def test_a_loaded_model_computes_without_ranges(tmp_path: Path) -> None:
    fit = own('y ~ poly(x, 2) + g + I(h == "b") + center(z)')
    fit.save(tmp_path / "model.json")
    loaded = logreg.load(tmp_path / "model.json")
    model = json.loads(calculator_model(context_of(loaded), {}).to_json())
    assert [entry["low"] for entry in model["inputs"]] == [None] * 4
    choices = {entry["name"]: entry["choices"] for entry in model["inputs"]}
    assert choices == {"x": None, "g": ["a", "b", "c"], "h": ["(another)", "b"], "z": None}
    found = calculator_reader.predict(model, [9.0, 1, 1, 2.0])["probability"]
    expected = fit.probabilities({"x": [9.0], "g": ["b"], "h": ["b"], "z": [2.0]}, interval=True)
    assert_equal(found, expected[["estimate", "conf_low", "conf_high"]].to_numpy())
    section = calculator_section(context_of(loaded), {})
    assert any(isinstance(block, Calculator) for block in section.blocks)


def test_what_has_no_calculator_says_why() -> None:
    with pytest.raises(SupportError, match="no predictors"):
        calculator_model(context_of(own("y ~ 1")), {})
    assert calculator_section(context_of(own("y ~ 1")), {}).blocks == ()
    fit = own("y ~ x", offset=np.log(made_up()["exposure"].to_numpy()))
    with pytest.raises(SupportError, match="given as an array"):
        calculator_model(context_of(fit), fit.profiles())
    (note,) = calculator_section(context_of(fit), fit.profiles()).blocks
    assert "given as an array" in note.text  # type: ignore[union-attr]


def test_too_many_coefficients_have_no_intervals_or_no_calculator(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = own("y ~ x + g")
    monkeypatch.setattr(calculator, "MOST_WITH_COVARIANCE", 3)
    model = calculator_model(context_of(fit), fit.profiles())
    assert model.covariance is None
    assert any(
        "no intervals" in str(block) for block in calculator_section(context_of(fit), fit.profiles()).blocks
    )
    [[answer]] = run_script([{"model": json.loads(model.to_json()), "records": [[10.0, 0]]}])
    assert answer["outcomes"][1]["probability"][1] == "NaN"
    monkeypatch.setattr(calculator, "MOST_COEFFICIENTS", 3)
    with pytest.raises(SupportError, match="4 coefficients, more than 3"):
        calculator_model(context_of(fit), fit.profiles())


def test_other_formats_hold_the_worked_example() -> None:
    fit = dataset("birthwt", "low ~ age + smoke")
    section = calculator_section(context_of(fit), fit.profiles())
    example = str(fit.worked_example(starting_values(fit.spec, fit.profiles())))
    (block,) = (one for one in section.blocks if isinstance(one, Code))
    assert block.text == example
    document = Document(title="T", blocks=(section,))
    last = example.splitlines()[-1]
    assert last in render_text.render(document)
    assert last.split(", that")[0] in render_markdown.render(document).replace("\\", "")
    blocks = json.loads(render_json.render(document))["blocks"][0]["blocks"]
    assert any(last in str(one.get("text")) for one in blocks)


HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!-- <script>",
    "]]>&lt;",
    "a\u2028b\u2029c",
    "x\"y'z\\",
    "{{7*7}}",
    "a\u202eb",
    "体重",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_and_levels_stay_inside_their_strings(text: str) -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"y": rng.choice(["no", text], 90), text: rng.choice(["k", text + "!"], 90)})
    data["x"] = rng.normal(size=90)
    data.attrs["labels"] = {"x": text}
    fit = logreg.fit(f"y ~ x + `{text.replace(chr(92), chr(92) * 2)}`", data)
    encoded = calculator_model(context_of(fit), fit.profiles()).to_json()
    assert encoded.isascii()
    assert not re.search("[<>&]", encoded)
    model = json.loads(encoded)
    assert model["outcomes"][1 if fit.spec.outcome.names[1] == text else 0] == visible(text)
    assert model["inputs"][0]["label"] == visible(text)
    assert model["inputs"][1]["choices"][1 if "!" in model["inputs"][1]["choices"][1] else 0] == visible(
        text + "!"
    )
    page = render_html.render(
        Document(title="T", blocks=(calculator_section(context_of(fit), fit.profiles()),))
    )
    assert page.count("<script") == 2
    assert page.count("</script>") == 2


def test_the_same_fit_gives_the_same_bytes() -> None:
    first, second = (model_of(own("y3 ~ ns(x, df=3) * g")) for _ in range(2))
    assert json.dumps(first) == json.dumps(second)


def test_block_size_does_not_change_the_calculator() -> None:
    data = logreg.datasets.load("birthwt")
    whole = model_of(logreg.fit("low ~ age + poly(lwt, 2) + race", data))
    blocks = model_of(logreg.fit("low ~ age + poly(lwt, 2) + race", open_source(data, block_rows=7)))
    assert whole["inputs"] == blocks["inputs"]
    record = [30.0, 150.0, 1]
    first, second = (calculator_reader.predict(one, record)["probability"] for one in (whole, blocks))
    assert_equal(first, second)
