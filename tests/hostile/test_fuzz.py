"""Random formulas, model files and tables: a right answer or a named error, in bounded time.

`make test` runs a few hundred examples of each; HYPOTHESIS_EXAMPLES=20000 in the environment runs more.
"""

from __future__ import annotations

import copy
import json
import os
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

import logreg
from logreg.design.fence import quote
from logreg.design.formula import parse_formula
from logreg.errors import FormulaError, LoadError, LogregError, LogregWarning
from logreg.passes.encode import training_rows

from .base import BASE, newton

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "150"))
#: Seconds that no formula and no file of a few thousand characters may take.
BOUND = 5.0

fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 1000,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.filter_too_much,
    ],
)

# Formulas ---------------------------------------------------------------------------------------------

MARKS = "~ + - * / : ^ ** %in% ( ) [ ] , = == != < > . | & ; ` `` \" ' \\ { } $ @ # ! ?"
WORDS = (
    "y x1 x2 x3 b g ys 0 1 2 -1 1e5 1e999 0x10 1_000 .5 5. I C log poly bs ns scale offset cbind Treatment "
    "Sum levels reference df knots degree lambda if else for import __import__ os eval x1.__class__ True nan"
)
PIECES = [
    *f"{MARKS} {WORDS}".split(),
    *["'a'", '"b"', "`x1`", "\n", "\t", "\0", "\u202e", "−", "×", "é", "ｘ1", "\u200b", "(" * 60, "9" * 400],
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=15).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=15).map("".join),
    st.text(max_size=60),
)


@fuzz
@given(start=st.sampled_from(["", "y ~ ", "y ~ x1 + ", "cbind(b, y) ~ "]), rest=TEXTS)
@example(start="y ~ ", rest="(" * 2000)
@example(start="y ~ I(", rest="-" * 5000 + "x1)")
@example(start="y ~ ", rest="log(" * 400 + "x1" + ")" * 400)
@example(start="y ~ ", rest="x1 ^ 999999999")
@example(start="y ~ ", rest="*".join(BASE.columns))
@example(start="y ~ ", rest="`" + "n" * 100_000)
def test_formulas(start: str, rest: str) -> None:
    """A formula is understood or refused, nothing in it runs, and reading it takes no time to speak of."""
    begun = time.perf_counter()
    message = refusal_of(lambda: parse_formula(start + rest, list(BASE.columns)), FormulaError)
    assert message is None or 10 < len(message) < 2_000
    assert time.perf_counter() - begun < BOUND


def refusal_of(call: Callable[[], Any], kind: type[LogregError]) -> str | None:
    """Return the message of a named error, None if there is none; anything else passes through."""
    try:
        call()
    except kind as error:
        return str(error)
    return None


@fuzz
@given(name=st.text(max_size=30))
def test_every_name_can_be_quoted(name: str) -> None:
    """Backticks make a column of any name: the formula reads back the very same name."""
    assume(name not in ("Intercept", "y"))
    assume(not any("\ud800" <= character <= "\udfff" for character in name))
    parsed = parse_formula(f"y ~ {quote(name)}", ["y", name])
    assert [factor.name for term in parsed.terms for factor in term.factors] == [name]


# Model files ------------------------------------------------------------------------------------------


@cache
def documents() -> dict[str, Any]:
    """Return models of several kinds as they are written."""
    from tempfile import TemporaryDirectory

    with warnings.catch_warnings(), TemporaryDirectory() as folder:
        warnings.simplefilter("ignore", LogregWarning)
        fits = {
            "binary": logreg.fit("y ~ x1 + C(b)", BASE),
            "splines": logreg.fit("y3s ~ g + poly(x1, 2) + bs(x2, df=4)", BASE),
            "separated": logreg.fit("y ~ x1 + x2", BASE.assign(y=(BASE.x1 > 0).astype(int))),
            "offset": logreg.fit("y ~ x1 + offset(log(z))", BASE.assign(z=np.exp(BASE.x2))),
        }
        found = {}
        for name, fit in fits.items():
            path = Path(folder) / "model.json"
            fit.save(path)
            found[name] = json.loads(path.read_text())
    for path in sorted((Path(__file__).parents[1] / "export" / "models").glob("*.json")):
        found[path.stem] = json.loads(path.read_text())
    return found


STRANGE = st.sampled_from(
    [
        *[None, True, 0, 1, -1, 2**70, 1e308, -0.0, 1.5, -5, 10**400],
        *["", "x", "NaN", "inf", "a" * 1000, "`", "\ud800", "__import__('os').system('touch pwned')"],
        *[[], [[]], {}, {"a": 1}, [None], [1e308] * 3, ["inf"]],
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


@fuzz
@given(data=st.data())
def test_model_files(data: Any, folder: Path) -> None:
    """A changed file is refused by the field at fault, or is a model that answers without a word."""
    document = copy.deepcopy(documents()[data.draw(st.sampled_from(sorted(documents())))])
    for _ in range(data.draw(st.integers(1, 2))):
        found = [place for place in places(document) if place]
        *path, last = found[data.draw(st.integers(0, len(found) - 1))]
        parent = document
        for key in path:
            parent = parent[key]
        if data.draw(st.booleans()) or not isinstance(parent, dict):
            parent[last] = copy.deepcopy(data.draw(STRANGE))
        else:
            del parent[last]
    text = json.dumps(document)
    if data.draw(st.integers(0, 9)) == 0:
        cut = data.draw(st.integers(0, len(text)))
        text = text[:cut] + data.draw(st.sampled_from(["", "}", "]", ",", '"', "\0", "NaN", "Infinity"]))
    Path("model.json").write_text(text)
    begun = time.perf_counter()
    message = refusal_of(lambda: logreg.load("model.json"), LoadError)
    assert time.perf_counter() - begun < BOUND
    if message is not None:
        assert "model.json" in message
        return
    fit = logreg.load("model.json")
    rows = BASE.head(3).assign(z=1.0)
    with suppress(LogregError):
        fit.probabilities(rows), fit.logits(rows, interval=True), fit.classify(rows)
        fit.coefficients(), fit.odds_ratios(), fit.fit_statistics(), repr(fit), str(fit.summary())
    assert not Path("pwned").exists()


@pytest.mark.parametrize("depth", [100, 10_000, 1_000_000])
@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_deeply_nested_files(bracket: str, depth: int, folder: Path) -> None:
    begun = time.perf_counter()
    Path("model.json").write_text('{"format": "logreg.model", "version": 2, "design": ' + bracket * depth)
    with pytest.raises(LoadError, match=r"model\.json"):
        logreg.load("model.json")
    assert time.perf_counter() - begun < BOUND


@fuzz
@given(content=st.binary(max_size=400))
def test_files_of_any_bytes(content: bytes, folder: Path) -> None:
    Path("model.json").write_bytes(content)
    with pytest.raises(LoadError, match=r"model\.json"):
        logreg.load("model.json")


# Tables -----------------------------------------------------------------------------------------------

CELLS = st.one_of(
    st.floats(width=64),
    st.integers(-3, 3),
    st.integers(),
    st.booleans(),
    st.none(),
    st.text(max_size=3),
    st.sampled_from(["a", "b", "c", "1", "1.5", np.nan, pd.NA, pd.NaT, np.inf, 1e300, 1e-300, b"a", 1j, [1]]),
)


def columns(n: int) -> Any:
    return st.one_of(
        st.lists(st.floats(-5, 5), min_size=n, max_size=n),
        st.lists(st.integers(0, 2), min_size=n, max_size=n),
        st.lists(st.sampled_from("abc"), min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n, max_size=n),
        st.lists(CELLS, min_size=n, max_size=n),
        st.lists(st.one_of(st.none(), st.floats(-5, 5)), min_size=n, max_size=n),
    )


FORMULAS = [
    "y ~ x",
    "y ~ x + z",
    "y ~ x * z",
    "y ~ C(x)",
    "y ~ log(x)",
    "y ~ poly(x, 2)",
    "y ~ 0 + z",
    "C(y) ~ x",
]


@fuzz
@given(data=st.data())
def test_tables(data: Any) -> None:
    """Any table and options give an optimum that an independent iteration confirms, or a named error."""
    n = data.draw(st.integers(0, 12))
    table = {name: data.draw(columns(n)) for name in ("y", "x", "z", "w")}
    options: dict[str, Any] = {}
    if data.draw(st.booleans()):
        options = {
            "weights": "w",
            "weight_kind": data.draw(st.sampled_from(["frequency", "sampling", "precision"])),
        }
    if data.draw(st.integers(0, 4)) == 0:
        options["offset"] = "z"
    kind = data.draw(st.sampled_from(["dict", "pandas", "polars", "arrow"]))
    frame: Any = {name: pd.Series(values, dtype=object).tolist() for name, values in table.items()}
    try:
        if kind == "pandas":
            frame = pd.DataFrame(frame)
        elif kind == "polars":
            frame = pl.DataFrame(frame, strict=False)
        elif kind == "arrow":
            frame = pa.table(frame)
    except (TypeError, ValueError, OverflowError, pa.ArrowException, pl.exceptions.PolarsError):
        assume(False)
    formula = data.draw(st.sampled_from(FORMULAS))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", LogregWarning)
        message = refusal_of(lambda: logreg.fit(formula, frame, **options), LogregError)
        if message is not None:
            assert len(message) > 20
            return
        fit = logreg.fit(formula, frame, **options)
        fit.coefficients(), fit.odds_ratios(), fit.probabilities(), fit.fit_statistics(), str(fit.summary())
        confirm(fit)


def confirm(fit: Any) -> None:
    """The score of a certified optimum is zero, by an independent sum over the rows."""
    if fit.convergence.status != "converged" or np.isnan(fit.coef_array).any():
        return
    (block,) = training_rows(fit.source, fit.spec).blocks
    x = block.matrix.to_array()
    logits = fit.coef_array @ x
    if block.offset is not None:
        logits = logits + block.offset
    full = np.vstack([np.zeros(x.shape[1]), logits])
    full = full - full.max(axis=0)
    probability = np.exp(full) / np.exp(full).sum(axis=0)
    weights = np.ones(x.shape[1]) if block.weights is None else block.weights
    hit = np.arange(len(full))[:, np.newaxis] == block.codes
    score = ((hit - probability) * weights)[1:] @ x.T
    size = (np.abs(hit - probability) * weights)[1:] @ np.abs(x).T
    np.testing.assert_array_less(np.abs(score), 1e-6 * size + 1e-9)


@fuzz
@given(seed=st.integers(0, 2**32 - 1), shift=st.floats(-1e6, 1e6), scale=st.floats(1e-6, 1e6))
def test_scale_and_shift_change_nothing(seed: int, shift: float, scale: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=60)
    y = (rng.uniform(size=60) < 1 / (1 + np.exp(-x))).astype(int)
    assume(10 < y.sum() < 50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = logreg.fit("y ~ x", {"y": y, "x": shift + scale * x})
    coef, errors = newton([x], y)
    digits = 1e-16 * (1.0 + abs(shift) / scale)  # what the shift leaves of x
    found = fit.coef_array[0, 1] * scale
    assert abs(found - coef[1]) / errors[1] < 1e-6 + 1e3 * digits
