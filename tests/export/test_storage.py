"""A saved model predicts to the last bit what it predicted, and nothing but a sound model is ever loaded."""

from __future__ import annotations

import copy
import errno
import json
import math
import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit

import logreg
from logreg.errors import LoadError, PredictError
from logreg.export.storage import read_model, write_model
from logreg.inference.estimate import LogisticEstimate
from logreg.strict_json import LARGEST_COUNT

WEIRD = '\U0001f9ea "it\'s" \\ {0} %s\n<script>\u202e'
ROOT = Path(__file__).parents[2]


def table(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    x, z = rng.normal(size=(2, n))
    y = rng.random(n) < 1.0 / (1.0 + np.exp(-x))
    return pd.DataFrame(
        {
            "y": np.where(y, WEIRD, "no"),
            "y3": rng.choice(["p", WEIRD, "r"], size=n),
            "s": rng.integers(0, 4, n),
            "f": rng.integers(1, 4, n),
            WEIRD: x,
            "z": np.where(np.arange(n) % 40 == 3, np.nan, z),
            "g": rng.choice(["a", "b", WEIRD], size=n),
            "copy": 3.0 * x,
            "w": rng.integers(1, 4, n),
            "t": rng.uniform(0.5, 2.0, n),
            "apart": np.where(y, 1.0, -1.0) + 0.1 * z,
            "secret": rng.normal(size=n),
        }
    )


DATA = table()
QUOTED = "`" + WEIRD.replace("\\", "\\\\") + "`"
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "binary": (f"y ~ {QUOTED} + g", {}),
    "missing": (f"y ~ poly(z, 2) * g + ns({QUOTED}, df=3)", {"event": "no", "confidence": 0.9}),
    "multinomial": (f"y3 ~ {QUOTED} + C(g, Sum) + scale(log(t))", {"baseline": "r", "offset": ["t", "w"]}),
    "grouped": (f"cbind(s, f) ~ {QUOTED} + g", {"max_iterations": 30}),
    "weighted": (f"y ~ {QUOTED} + g", {"weights": "t", "weight_kind": "sampling"}),
    "robust": (f"y ~ {QUOTED} + bs(t, df=4)", {"covariance": "HC1", "weights": "w"}),
    "aliased": (f"y ~ {QUOTED} + copy + z", {}),
    "intercept": ("y ~ 1", {}),
    "cut off": (f"y ~ {QUOTED} + z", {"max_iterations": 1}),
    "separated": ("y ~ apart + g", {}),
}


@pytest.fixture(autouse=True)
def _warnings_are_expected() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        yield


def fitted(name: str) -> Any:
    formula, options = MODELS[name]
    data = DATA.dropna() if name == "separated" else DATA
    return logreg.fit(formula, data[data["s"] + data["f"] > 0], **options)


def saved(fit: Any, folder: Path) -> Path:
    write_model(fit, folder / "model.json")
    return folder / "model.json"


def same(a: Any, b: Any) -> bool:
    """Compare values of any kind to the last bit, NaN equal to NaN."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.shape == b.shape and a.tobytes() == b.tobytes()
    return repr(a) == repr(b)


# There and back ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_a_loaded_model_is_the_model(tmp_path: Path, name: str) -> None:
    fit = fitted(name)
    estimate = read_model(saved(fit, tmp_path))
    assert estimate.spec == fit.spec
    for field in fields(LogisticEstimate):
        assert same(getattr(estimate, field.name), getattr(fit, field.name)), field.name
    assert not estimate.coef_array.flags.writeable
    assert not estimate.vcov_array.flags.writeable


@pytest.mark.parametrize("name", MODELS)
def test_predictions_and_tables_of_a_loaded_model_are_the_same_to_the_last_bit(
    tmp_path: Path, name: str
) -> None:
    fit = fitted(name)
    loaded = logreg.load(saved(fit, tmp_path))
    new = DATA.dropna().iloc[::3]
    for view in ("logits", "odds", "probabilities"):
        for interval in (False, True):
            before, after = getattr(fit, view)(new, interval), getattr(loaded, view)(new, interval)
            numbers = before.select_dtypes("float").to_numpy()
            assert numbers.size
            assert numbers.tobytes() == after.select_dtypes("float").to_numpy().tobytes()
            pd.testing.assert_frame_equal(before, after, check_exact=True)
    pd.testing.assert_series_equal(fit.classify(new), loaded.classify(new))
    for call in ("coefficients", "fit_statistics", "odds_ratios"):
        pd.testing.assert_frame_equal(getattr(fit, call)(), getattr(loaded, call)(), check_exact=True)
    assert repr(loaded) == repr(fit)
    assert loaded.remarks == fit.remarks


@pytest.mark.parametrize("name", MODELS)
def test_the_summary_of_a_loaded_model_is_that_of_the_fit(tmp_path: Path, name: str) -> None:
    fit = fitted(name)
    assert str(logreg.load(saved(fit, tmp_path)).summary()) == str(fit.summary())


def test_saving_again_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in MODELS:
        first = saved(fitted(name), tmp_path).read_bytes()
        assert saved(logreg.load(tmp_path / "model.json"), tmp_path).read_bytes() == first, name


def test_the_remarks_that_the_fit_warned_of_survive(tmp_path: Path) -> None:
    kinds = {
        name: {remark.kind for remark in read_model(saved(fitted(name), tmp_path)).remarks} for name in MODELS
    }
    assert "MissingDataWarning" in kinds["missing"]
    assert "CollinearityWarning" in kinds["aliased"]
    assert "ConvergenceWarning" in kinds["cut off"]
    assert "SeparationWarning" in kinds["separated"]
    assert "MissingDataWarning" not in kinds["binary"]


def test_a_loaded_model_says_that_it_has_no_rows(tmp_path: Path) -> None:
    loaded = logreg.load(saved(fitted("binary"), tmp_path))
    for view in (loaded.logits, loaded.odds, loaded.probabilities, loaded.classify):
        with pytest.raises(PredictError, match="holds no rows"):
            view()


def test_an_offset_given_as_an_array_is_known_to_be_one(tmp_path: Path) -> None:
    fit = logreg.fit("y ~ g", DATA, offset=DATA["t"].to_numpy())
    loaded = logreg.load(saved(fit, tmp_path))
    with pytest.raises(PredictError, match="offset given as an array"):
        loaded.probabilities(DATA)


def test_infinite_estimates_are_strict_json(tmp_path: Path) -> None:
    text = saved(fitted("separated"), tmp_path).read_text("ascii")
    assert '"inf"' in text
    json.loads(text, parse_constant=pytest.fail)


def test_the_file_holds_no_value_of_a_row_and_no_name_of_a_column_that_was_not_used(tmp_path: Path) -> None:
    text = saved(fitted("multinomial"), tmp_path).read_text("ascii")
    assert "secret" not in text
    values = DATA[[WEIRD, "z", "t", "secret"]].to_numpy().ravel()
    assert not any(repr(value) in text for value in values.tolist() if not math.isnan(value))


def test_a_model_that_is_loaded_first_does_not_stand_in_the_way_of_fitting(tmp_path: Path) -> None:
    path = saved(fitted("binary"), tmp_path)
    fit = "logreg.fit('y ~ x', dict(y=[0, 1, 0, 1], x=[0, 0, 1, 1]))"
    code = f"import logreg; logreg.load({str(path)!r}); {fit}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=120)


def test_a_float_of_any_size_a_fit_can_have_comes_back(tmp_path: Path) -> None:
    fit = fitted("binary")
    values = [5e-324, -0.0, 9.876543210123457e159, 0.1 + 0.2, 2.0**53 + 2.0, -2.2250738585072014e-308]
    coef = np.array([values[: fit.coef_array.size]])
    object.__setattr__(fit, "coef_array", coef)
    object.__setattr__(fit, "limit_coef", coef)
    assert read_model(saved(fit, tmp_path)).coef_array.tobytes() == coef.tobytes()


# Damage ------------------------------------------------------------------------------------------------


def document(name: str, folder: Path) -> Any:
    return json.loads(saved(fitted(name), folder).read_text("ascii"))


def refusal(content: bytes | str | dict[str, Any], folder: Path) -> str:
    """Return the message with which a file is refused; it names the path."""
    path = folder / "damaged.json"
    if isinstance(content, dict):
        content = json.dumps(content)
    path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    with pytest.raises(LoadError) as caught:
        read_model(path)
    assert "damaged.json" in str(caught.value)
    return str(caught.value)


def test_a_file_cut_anywhere_is_refused_with_the_position(tmp_path: Path) -> None:
    content = saved(fitted("missing"), tmp_path).read_bytes()
    assert "empty" in refusal(b"", tmp_path)
    for length in range(1, len(content) - 2, 47):
        assert "not complete JSON" in (message := refusal(content[:length], tmp_path))
        assert "line" in message
    assert "(character" in refusal(content[: len(content) // 2], tmp_path)


def test_a_file_with_something_after_it_is_refused(tmp_path: Path) -> None:
    content = saved(fitted("binary"), tmp_path).read_bytes()
    assert "Extra data" in refusal(content + b"{}", tmp_path)


class Hostile:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_refused_and_not_run(tmp_path: Path, protocol: int) -> None:
    message = refusal(pickle.dumps(Hostile(tmp_path / "pwned"), protocol), tmp_path)
    assert "not JSON" in message
    assert "pickle" in message
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"  \n{}", "'format'"),
        (b'{"format": "other.model"}', "'format'"),
        (b'{"format": null}', "'format'"),
        (b"[]", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"PK\x03\x04", "not JSON"),
        (b"y,x\n1,2\n", "not JSON"),
        (b'{"format": "\xff"}', "byte 12 is not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not JSON"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": [-Infinity]}', "-Infinity"),
        (b'{"a": 1, "a": 1}', "'a': is given twice"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"a": ' + b'{"b": ' * 100_000, "nested too deeply"),
        (b'{"a": ' + b"1" * 10_000 + b"}", "digits"),
        (b'{"format": "logreg.model"}', "'version'"),
        (b'{"format": "logreg.model", "version": "1"}', "'version'"),
        (b'{"format": "logreg.model", "version": true}', "'version'"),
        (b'{"format": "logreg.model", "version": 4}', "newer logreg"),
        (b'{"format": "logreg.model", "version": 0}', "no such"),
        (b'{"format": "logreg.model", "version": 1}', "'written_by': is missing"),
    ],
)
def test_what_is_not_a_model_is_refused_and_says_why(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in refusal(content, tmp_path)


def test_an_endless_file_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="/dev/zero"):
        read_model("/dev/zero")


def test_a_file_that_is_not_there_is_an_os_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.json"):
        logreg.load(tmp_path / "nothing.json")


def members(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every value; of long lists the first and the last entry."""
    if here:
        yield here
    if isinstance(value, dict):
        for key, item in value.items():
            yield from members(item, (*here, key))
    if isinstance(value, list):
        for key in dict.fromkeys((0, len(value) - 1) if value else ()):
            yield from members(value[key], (*here, key))


def place(value: Any, path: tuple[Any, ...]) -> tuple[Any, Any]:
    for key in path[:-1]:
        value = value[key]
    return value, path[-1]


def changed(value: Any, path: tuple[Any, ...], change: Callable[[Any, Any], Any]) -> Any:
    value = copy.deepcopy(value)
    change(*place(value, path))
    return value


#: Members of free content: their names and texts can be anything.
FREE = ("provenance", "remarks", "trace", "dropped", "rule", "written_by", "limit_coefficients", "weights")


@pytest.mark.parametrize("name", ["missing", "multinomial", "separated"])
def test_every_member_that_is_deleted_is_named(tmp_path: Path, name: str) -> None:
    stored = document(name, tmp_path)
    places = [path for path in members(stored) if isinstance(path[-1], str) and "provenance" not in path[:-1]]
    assert len(places) > 80
    for path in places:
        message = refusal(changed(stored, path, lambda parent, key: parent.pop(key)), tmp_path)
        assert f"{path[-1]}'" in message, path
        assert "is missing" in message or path == ("format",), path


def test_every_object_refuses_a_member_that_is_not_known(tmp_path: Path) -> None:
    stored = document("missing", tmp_path)
    for path in [(), *members(stored)]:
        value = copy.deepcopy(stored)
        inner = value
        for key in path:
            inner = inner[key]
        if isinstance(inner, dict) and path != ("provenance",):
            inner["surplus"] = 1
            assert "surplus" in refusal(value, tmp_path)


@pytest.mark.parametrize(
    "wrong", [[], {}, "junk", 7, 0.5, True, None, -3, 10**400, [[[]]]], ids=lambda x: str(x)[:9]
)
@pytest.mark.parametrize("name", ["missing", "separated"])
def test_every_value_of_another_type_is_refused(tmp_path: Path, name: str, wrong: Any) -> None:
    stored = document(name, tmp_path)
    for path in members(stored):
        parent, key = place(stored, path)
        old = parent[key]
        alike = {type(old), type(wrong)} <= {int, float} and wrong not in (-3, 10**400)
        number = type(old) in (float, int) or old is None or old in ("inf", "-inf")
        free = any(part in FREE for part in path) and (
            isinstance(old, str) or old is None or wrong in ([], {})
        )
        extended = path[0] in (
            "coefficients",
            "covariance",
            "convergence",
            "row_sums",
            "limit_coefficients",
            "reference_df",
        )
        extended = extended or path[:2] == ("centred", "covariance")
        if extended and number and (wrong is None or (type(wrong) in (int, float) and wrong != 10**400)):
            continue  # NaN or a number where a number or NaN was
        if path in (("separation", "undetermined"), ("centred",)) and wrong is None:
            continue  # as in a model of an older version, saved again
        if type(old) is type(wrong) or alike or free:
            continue  # a value of the right type, whatever it says
        if wrong == -3 and isinstance(old, float):
            continue
        refusal(changed(stored, path, lambda parent, key: parent.__setitem__(key, wrong)), tmp_path)


@pytest.mark.parametrize("name", ["missing", "multinomial"])
def test_every_list_of_numbers_or_names_that_is_one_short_is_refused(tmp_path: Path, name: str) -> None:
    stored = document(name, tmp_path)
    lists = [path for path in members(stored) if isinstance(place(stored, path)[0][path[-1]], list)]
    checked = 0
    for path in lists:
        parent, key = place(stored, path)
        if not parent[key] or path[-1] in ("remarks", "trace") or path == ("aliases",):
            continue
        refusal(changed(stored, path, lambda parent, key: parent[key].pop()), tmp_path)
        checked += 1
    assert checked > 25


def test_a_coefficient_too_few_is_refused_with_both_counts(tmp_path: Path) -> None:
    stored = document("multinomial", tmp_path)
    short = changed(stored, ("coefficients", 0), lambda parent, key: parent[key].pop())
    message = refusal(short, tmp_path)
    assert "'coefficients[0]'" in message
    assert "has 4 numbers for 5 names" in message
    message = refusal(changed(stored, ("coefficients",), lambda parent, key: parent[key].pop()), tmp_path)
    assert "'coefficients': has 1 rows for 2 outcomes" in message


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("coefficients", 0, 0), None, "aliased"),
        (("coefficients", 0, 0), "inf", "limit_coefficients"),
        (("coefficients", 0, 0), "nan", "'nan', not a number"),
        (("limit_coefficients",), [[0.0] * 4], "only with them"),
        (("covariance", 0, 0), "1.0", "covariance[0][0]"),
        (("loglik",), "-inf", "loglik"),
        (("n_rows",), 12, "rows_used"),
        (("n_rows",), 12.0, "whole number"),
        (("n_rows",), -1, "not a count"),
        (("n_rows",), LARGEST_COUNT + 1, "not a count"),
        (("sample", "rows_read"), 12, "does not add up"),
        (("sample", "outcomes"), ["a", "b"], "sample.outcomes"),
        (("sample", "weight"), [1.0], "sample.weight"),
        (("options", "confidence"), 1.5, "confidence"),
        (("convergence", "status"), "fine", "'fine'"),
        (("row_sums", "probability"), [[1.0]], "2 by 2"),
        (("row_sums", "logit"), 1e308, "row_sums.logit"),
        (("aliases",), [["elsewhere", []]], "elsewhere"),
        (("aliases",), [["Intercept", []]], "aliased"),
        (("remarks",), [{"kind": "fit", "text": ""}], "not a warning"),
        (("remarks",), [{"kind": "__builtins__", "text": ""}], "not a warning"),
        (("design", "formula"), "y ~ __import__('os').system('true')", "design.formula"),
        (("design", "outcome", "levels"), ["no", "other"], "sample.outcomes"),
    ],
)
def test_what_contradicts_the_rest_is_refused_by_name(
    tmp_path: Path, path: Any, value: Any, words: str
) -> None:
    stored = document("binary", tmp_path)
    message = refusal(changed(stored, path, lambda parent, key: parent.__setitem__(key, value)), tmp_path)
    assert words in message


def test_a_number_that_overflows_is_refused(tmp_path: Path) -> None:
    text = saved(fitted("binary"), tmp_path).read_text("ascii")
    number = json.dumps(json.loads(text)["coefficients"][0][0])
    assert "coefficients[0][0]" in refusal(text.replace(number, "1e999", 1), tmp_path)


# Writing -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_full_disk_names_the_path() -> None:
    with pytest.raises(OSError, match="/dev/full") as caught:
        fitted("binary").save("/dev/full")
    assert caught.value.errno == errno.ENOSPC


_LIMITED = """
import resource, sys, logreg
fit = logreg.fit("distress ~ temperature", logreg.datasets.load("challenger"))
fit.save(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
try:
    fit.save(sys.argv[1])
except OSError as error:
    print(error.filename)
print(logreg.load(sys.argv[1]))
"""


def test_a_second_save_cut_off_half_way_leaves_the_first_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", _LIMITED, str(path)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    name, loaded = run.stdout.splitlines()
    assert name == str(path)
    assert loaded.startswith("<LogisticFit distress ~ temperature")
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.json"]


def test_the_documented_example_is_the_file_that_the_documented_call_writes(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "model-file.md").read_text("utf-8").partition("```json\n")[2].partition("```")[0]
    (tmp_path / "documented.json").write_text(text)
    documented = logreg.load(tmp_path / "documented.json")
    fit = logreg.fit("distress ~ temperature", logreg.datasets.load("challenger"))
    assert list(json.loads(text)) == list(json.loads(saved(fit, tmp_path).read_text()))
    assert documented.spec == fit.spec
    # Another machine may round the last digits another way.
    np.testing.assert_allclose(documented.coef_array, fit.coef_array, rtol=1e-10)
    np.testing.assert_allclose(documented.vcov_array, fit.vcov_array, rtol=1e-8)


def test_scoring_by_the_documented_recipe_gives_the_logits(tmp_path: Path) -> None:
    """Follow ``docs/model-file.md`` with plain lists: numbers, a category, their product, two outcomes."""
    fit = logreg.fit("y ~ t * C(g, Sum) + w:g", DATA)
    stored = json.loads(saved(fit, tmp_path).read_text("ascii"))
    factors = {factor["expression"]: factor for factor in stored["design"]["factors"]}

    def block(label: str, full: bool, row: Any) -> list[float]:
        factor = factors[label]
        value = row[factor["columns"][0]]
        if factor["kind"] == "number":
            return [float(value)]
        levels = factor["levels"]
        if full:
            return [float(value == level) for level in levels]
        if factor["contrast"] == "sum":
            return [-1.0 if value == levels[-1] else float(value == level) for level in levels[:-1]]
        return [float(value == level) for level in levels if level != factor["reference"]]

    for position in range(6):
        row = DATA.iloc[position]
        design = [1.0]
        for term in stored["design"]["coded_terms"]:
            columns = [1.0]
            for label in term["factors"]:
                columns = [b * a for b in block(label, label in term["full"], row) for a in columns]
            design += columns
        assert len(design) == len(stored["design"]["column_names"])
        logit = sum((c or 0.0) * x for c, x in zip(stored["coefficients"][0], design, strict=True))
        assert math.isclose(logit, fit.logits(DATA).iloc[position, 0], rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize("name", ["v1_binary", "v1_multinomial", "v1_separated"])
def test_files_of_older_versions_are_read(name: str) -> None:
    path = Path(__file__).parent / "models" / f"{name}.json"
    fit = logreg.load(path)
    assert fit.reference_df == math.inf
    assert fit.convergence.status in ("converged", "separated")
    stored = json.loads(path.read_text())
    assert stored["version"] == 1
    assert fit.loglik == stored["loglik"]


def test_a_separated_model_of_version_2_has_the_errors_that_it_can_have() -> None:
    """Its file says nothing of the covariance of infinite coefficients, on which levels b and c rest."""
    # Saved by version 2 from these rows: level a separates, and is the reference.
    rng = np.random.default_rng(7)
    data = pd.DataFrame({"g": np.repeat(list("abc"), 20), "x": rng.normal(size=60).round(3)})
    event = (data.g != "a") & (rng.random(60) < 0.5)
    left = data.g != "a"
    design = np.column_stack([data.g == "b", data.g == "c", data.x]).astype(float)[left]
    expected = sm.Logit(event[left].astype(float), design).fit(disp=0, tol=1e-14, maxiter=100).params[:2]
    fit = logreg.load(Path(__file__).parent / "models" / "v2_reference_separated.json")
    new = pd.DataFrame({"g": ["a", "b", "c"], "x": [0.0, 0.0, 0.0]})
    found = fit.probabilities(new, interval=True).query("outcome == 'yes'")
    np.testing.assert_allclose(found["estimate"], [0.0, *expit(expected)], rtol=1e-9)
    assert found[["std_error", "conf_low", "conf_high"]].isna().all(axis=None)
    slope = fit.coefficients().set_index("term").loc["x"]
    assert np.isfinite(slope[["estimate", "std_error"]].astype(float)).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda width: [[[1.0] * (width + 1)]], "is not a table of 1 by"),
        (lambda width: [[[0.0] * width]], "is 0 throughout"),
        (lambda width: [[[1e200] * width]], "or beyond 1e+160"),
    ],
)
def test_changes_that_are_none_are_refused(tmp_path: Path, wrong: Any, message: str) -> None:
    stored = document("separated", tmp_path)
    width = len(stored["design"]["column_names"])
    stored["separation"]["undetermined"] = wrong(width)
    said = refusal(stored, tmp_path)
    assert "'separation.undetermined[0]'" in said
    assert message in said
    stored = document("binary", tmp_path)
    stored["separation"]["undetermined"] = [[[1.0] * len(stored["design"]["column_names"])]]
    assert "'separation.undetermined'" in refusal(stored, tmp_path)
