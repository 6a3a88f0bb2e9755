"""Relatives of the listed inputs: other types, sources, outcomes and weights, and at prediction time."""

from __future__ import annotations

import datetime
import decimal
import gzip
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import logreg
from logreg.data import open_source
from logreg.errors import (
    CollinearityWarning,
    DataError,
    DataWarning,
    FormulaError,
    MissingDataWarning,
    OutcomeError,
    PredictError,
    SeparationWarning,
    SupportError,
    WeightError,
)

from .base import BASE, GONE, N, at, newton, put, renamed, same, with_columns
from .verdicts import Case, fits, judge, refused, warned

fit = logreg.fit
DAY = datetime.date(2020, 1, 1)


class Unreadable:
    """An object whose own text raises."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")


class Stream:
    """An object that looks like an Arrow stream and fails."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        raise RuntimeError("the server hung up")


def objects(values: Any) -> pd.Series:
    return pd.Series(list(values), dtype=object)


def one(column: Any, formula: str = "y ~ x1 + x2", **options: Any) -> Callable[[], Any]:
    return lambda: fit(formula, with_columns(x1=column), **options)


def outcome(column: Any, **options: Any) -> Callable[[], Any]:
    return lambda: fit("y ~ x1 + x2", with_columns(y=column), **options)


def weighted(values: Any, kind: str = "frequency") -> Callable[[], Any]:
    return lambda: fit("y ~ x1", with_columns(w=values), weights="w", weight_kind=kind)


def text(places: str) -> pd.Series:
    return BASE.x1.map(lambda value: format(value, places))


def many(first: int) -> pd.DataFrame:
    """5,000 rows with 25 whole numbers as text, none of them separated."""
    rows = np.arange(5_000)
    return pd.DataFrame({"k": (first + rows % 25).astype(str), "y": rows // 25 % 2})


CASES: dict[str, Case] = {
    # numbers held as text: never categories by accident
    "text rounded": refused(one(text(".1f")), DataError, "'x1'", "numbers", "to_numeric", "C(x1)"),
    "text with a decimal comma": refused(
        one(text(".2f").str.replace(".", ",")), DataError, "'x1'", "numbers", "to_numeric"
    ),
    "text with percent": refused(one(text(".1f") + "%"), DataError, "'x1'", "numbers"),
    "text with currency": refused(one("$" + text(".1f")), DataError, "'x1'", "numbers"),
    "text with thousands": refused(one((BASE.x1 * 1e5).map("{:,.0f}".format)), DataError, "'x1'", "numbers"),
    "text with a few strays": refused(
        one(text(".1f").where(~BASE.index.isin(GONE), "n/a")), DataError, "'x1'", "all but 'n/a'"
    ),
    "text from polars": refused(
        lambda: fit("y ~ x1", pl.from_pandas(with_columns(x1=text(".1f")))), DataError, "'x1'", "numbers"
    ),
    "text and three outcomes": refused(
        lambda: fit("y3s ~ x1", with_columns(x1=text(".1f"))), DataError, "'x1'", "numbers"
    ),
    "text declared as categories": fits(lambda: fit("y ~ C(k)", many(1))),
    "codes with leading zeros": fits(lambda: fit("y ~ k", many(1001).assign(k=lambda d: "0" + d.k))),
    # what a cell can hold
    "signalling decimal NaN": warned(
        one(objects([decimal.Decimal("sNaN"), *map(decimal.Decimal, range(1, N))])),
        MissingDataWarning,
        *("'x1'", "1 row ", "row 0"),
    ),
    "decimal infinity": refused(
        one(objects([decimal.Decimal("-Infinity"), *map(decimal.Decimal, range(1, N))])),
        DataError,
        *("'x1'", "infinite", "1 row", "row 0"),
    ),
    "integers of 5,000 digits": refused(
        one(objects([10**5000, *range(1, N)])), DataError, "'x1'", "2**53", "bits", "row 0"
    ),
    "objects without a text": refused(one(objects([Unreadable()] * N)), DataError, "'x1'", "Unreadable"),
    "tables in cells": refused(one(objects([BASE] * N)), DataError, "'x1'", "DataFrame", "row 0", "..."),
    "lists": refused(one(objects([[1.0]] * N)), DataError, "'x1'", "list"),
    "bytes": refused(one(objects([b"a", b"b"] * 100)), DataError, "'x1'", "bytes"),
    "dates as objects": refused(one(objects([DAY] * N)), DataError, "'x1'", "dates"),
    "times": refused(one(objects([datetime.time(1)] * N)), DataError, "'x1'", "dates"),
    "all NaT": refused(one(pd.Series([pd.NaT] * N)), DataError, "'x1'", "dates"),
    "numbers and text": refused(one(objects(["n/a", *BASE.x1[1:]])), DataError, "'x1'", "'n/a'", "row 0"),
    "long double beyond doubles": refused(
        one(np.full(N, np.longdouble("1e400"))), DataError, "'x1'", "infinite", "200 rows"
    ),
    "a lone surrogate": refused(
        lambda: fit("y ~ g", with_columns(g=objects(["a\ud800", "b"] * 100))), DataError, "'g'", "ud800"
    ),
    "a lone surrogate in the outcome": refused(
        outcome(objects(["a\ud800", "b"] * 100)), OutcomeError, "'y'", "ud800"
    ),
    "big endian": fits(
        one(BASE.x1.to_numpy().astype(">f8")), lambda f: same(f, newton([BASE.x1, BASE.x2], BASE.y))
    ),
    # scales
    "5e307": refused(one(BASE.x1 * 5e307), DataError, "'x1'", "Rescale", "row 0"),
    "subnormal": refused(one(BASE.x1 * 1e-320), DataError, "'x1'", "Rescale"),
    "one value of 1e300": refused(one(at(3, 1e300, 0.0)), DataError, "'x1'", "1 row", "row 3"),
    "a product of 1e200": refused(
        lambda: fit("y ~ I(x1 * 1e200)", BASE), DataError, "I(x1 * 1e+200)", "Rescale"
    ),
    "1e140 is no problem": fits(
        one(BASE.x1 * 1e140),
        lambda f: np.testing.assert_allclose(
            f.coef_array[0] * [1, 1e140, 1], newton([BASE.x1, BASE.x2], BASE.y)[0], rtol=1e-9
        ),
    ),
    "1e-140 is no problem": fits(
        one(BASE.x1 * 1e-140),
        lambda f: np.testing.assert_allclose(
            f.coef_array[0] / [1, 1e140, 1], newton([BASE.x1, BASE.x2], BASE.y)[0], rtol=1e-9
        ),
    ),
    "noise and one value of 1e20": refused(
        one(BASE.x1 + at(3, 1e20, 0.0)), DataError, "'x1'", "1e+20", "199 others"
    ),
    "noise and one value of 1e100": refused(
        one(BASE.x1 + at(3, 1e100, 0.0), "y3s ~ x1 + x2"), DataError, "'x1'", "1e+100"
    ),
    "noise and one value of 1e8": fits(one(BASE.x1 + at(3, 1e8, 0.0))),
    # near collinearity
    "nearly the same": warned(
        lambda: fit("y ~ x1 + x3", with_columns(x3=BASE.x1 + 1e-6 * BASE.x3)),
        CollinearityWarning,
        *("'x1', 'x3'", "condition number", "nearly collinear", "e+12"),
    ),
    "nearly a sum, three outcomes": warned(
        lambda: fit("y3s ~ x1 + x2 + x3", with_columns(x3=BASE.x1 + BASE.x2 + 1e-7 * BASE.x3)),
        CollinearityWarning,
        *("'x1', 'x2', 'x3'", "condition number"),
    ),
    "an alias by a shift beyond the digits": warned(
        one(BASE.x1 + 1e20), CollinearityWarning, "'x1'", "1e+20 Intercept"
    ),
    "a year and its square": fits(
        lambda: fit("y ~ year + I(year**2)", with_columns(year=2000 + 10 * BASE.x1))
    ),
    # the outcome
    "all missing": refused(outcome(np.nan), OutcomeError, "'y'", "200 rows", "no complete rows"),
    "all missing labels": refused(outcome(None), OutcomeError, "'y'", "200 rows"),
    "one class by missing predictors": refused(
        lambda: fit("y ~ x1", with_columns(x1=BASE.x1.where(BASE.y == 0))),
        OutcomeError,
        *("'y'", "one class", "'x1'", "127 rows"),
    ),
    "a class by missing predictors": warned(
        lambda: fit("y3s ~ x1", with_columns(x1=BASE.x1.where(BASE.y3s != "r"))),
        DataWarning,
        *("'y3s'", "'r'", "only in rows"),
        check=lambda f: f.spec.outcome.names == ("p", "q") or pytest.fail("the class is gone"),
    ),
    "two ways to write one": refused(
        lambda: fit("y ~ x1", with_columns(y=pd.Categorical([1 if v else "1" for v in BASE.y]))),
        OutcomeError,
        *("'y'", "'1'"),
    ),
    "counts beyond 2**53": refused(
        lambda: fit("cbind(s, f) ~ x1", with_columns(s=1e300, f=1.0)), OutcomeError, "'s'", "2**53", "row 0"
    ),
    "an integer code too many": refused(
        outcome(np.where(BASE.y == 1, np.uint64(2**64 - 1), np.uint64(0))), OutcomeError, "'y'", "2**53"
    ),
    "event of the wrong type": refused(outcome(BASE.ys, event=["yes"]), OutcomeError, "'y'", "'no', 'yes'"),
    # names
    "a dummy and a column of one name": refused(
        lambda: fit("y ~ `g[T.b]` + g", with_columns(**{"g[T.b]": BASE.x3})),
        DataError,
        *("'g[T.b]'", "Rename"),
    ),
    "levels that are written alike": refused(
        lambda: fit("y ~ k", with_columns(k=pd.Categorical([1 if v else "1" for v in BASE.b], [1, "1"]))),
        DataError,
        *("'k'", "'1'", "Recode"),
    ),
    "a column called (weights)": refused(
        lambda: fit("y ~ x2", renamed("(weights)"), weights=np.ones(N)), WeightError, "'(weights)'", "Rename"
    ),
    "a column called (offset)": refused(
        lambda: fit("y ~ x2", renamed("(offset)"), offset=np.ones(N)), DataError, "'(offset)'", "Rename"
    ),
    "a column called (weight is zero)": refused(
        lambda: fit("y ~ `(weight is zero)`", renamed("(weight is zero)")), DataError, "reserved", "Rename"
    ),
    "a level listed twice": refused(
        lambda: fit("y ~ C(g, levels=['a', 'a', 'b', 'c'])", BASE), FormulaError, "'a'", "twice"
    ),
    # weights and offsets
    "weights of 1e300": refused(weighted(1e300), WeightError, "'w'", "huge", "200 rows", "row 0"),
    "frequencies beyond 2**53": refused(weighted(2.0**60), WeightError, "'w'", "2**53", "200 rows"),
    "weights of 5e-324": refused(weighted(5e-324), WeightError, "'w'", "tiny", "200 rows", "row 0"),
    "sampling weights of 1e308": refused(weighted(1e308, "sampling"), WeightError, "'w'", "huge"),
    "complex weights": refused(
        lambda: fit("y ~ x1", BASE, weights=np.ones(N) + 1j), WeightError, "weights", "complex"
    ),
    "dates as weights": refused(
        lambda: fit("y ~ x1", BASE, weights=np.array(["2020-01-01"] * N, "M8[D]")), WeightError, "dates"
    ),
    "huge integers as weights": refused(
        lambda: fit("y ~ x1", BASE, weights=[10**400] * N), WeightError, "weights", "2**53"
    ),
    "masked weights": refused(
        lambda: fit("y ~ x1", BASE, weights=np.ma.masked_less(np.ones(N) * BASE.b, 1)),
        WeightError,
        *("(weights)", "missing weight"),
    ),
    "weights with another index": refused(
        lambda: fit("y ~ x1", BASE, weights=pd.Series(1.0, index=range(5, N + 5))),
        WeightError,
        *("weights", "index", "to_numpy()"),
    ),
    "an offset in another order": refused(
        lambda: fit("y ~ x1", BASE, offset=BASE.x2.sort_values()), DataError, "offset", "index", "to_numpy()"
    ),
    "an offset of 1e300": refused(
        lambda: fit("y ~ x1", with_columns(o=1e300), offset="o"), DataError, "'o'", "1e+300", "row 0"
    ),
    "a complex offset": refused(
        lambda: fit("y ~ x1", BASE, offset=np.ones(N) * 1j), DataError, "offset", "complex"
    ),
    "a constant offset of 1e8": fits(
        lambda: fit("y ~ x1 + x2", with_columns(o=1e8), offset="o"),
        lambda f: np.testing.assert_allclose(
            f.coef_array[0, 1:], newton([BASE.x1, BASE.x2], BASE.y)[0][1:], rtol=1e-6
        ),
    ),
    "offsets of 1e5 that are right": fits(
        lambda: fit(
            "y ~ x1 + x2",
            with_columns(o=np.where(np.arange(N) < 100, 0.0, np.where(BASE.y == 1, 1e5, -1e5))),
            offset="o",
        ),
        lambda f: same(f, newton([BASE.x1[:100], BASE.x2[:100]], BASE.y[:100])),
    ),
    # tables
    "a stream that fails": refused(lambda: fit("y ~ x1", Stream()), DataError, "Stream", "server hung up"),
    "a lazy frame that fails": refused(
        lambda: fit("y ~ x1", pl.from_pandas(BASE).lazy().with_columns(q=pl.col("g").cast(pl.Int32))),
        DataError,
        *("lazy frame", "'g'"),
    ),
    "a stream read twice": refused(
        lambda: (lambda s: (fit("y ~ x1", s), fit("y ~ x1", s)))(pa.Table.from_pandas(BASE).to_reader()),
        DataError,
        *("no rows", "only once"),
    ),
    "records": refused(lambda: fit("y ~ x1", [{"y": 1, "x1": 2}]), DataError, "list", "dict of columns"),
    "a series": refused(lambda: fit("y ~ x1", BASE.x1), DataError, "Series", "needs a name"),
    # missing values by every name
    "pd.NA": warned(
        one(pd.array([pd.NA if i in GONE else v for i, v in enumerate(BASE.x1)], "Float64")),
        MissingDataWarning,
        *("'x1'", "5 rows", "row 3", "195"),
    ),
    "missing weights column": refused(
        weighted([None if i == 3 else 1.0 for i in range(N)]), WeightError, "'w'", "missing", "1 row", "row 3"
    ),
    "Decimal and None": warned(
        one(objects(None if i in GONE else decimal.Decimal(str(v)) for i, v in enumerate(BASE.x1))),
        MissingDataWarning,
        *("'x1'", "5 rows"),
    ),
    # separation and its relatives
    "one event": warned(outcome(at(3, 1, 0)), SeparationWarning, "'y'", "Firth"),
    "an outlier alone": warned(one(at(3, 1e20, 0.0)), SeparationWarning, "'x1'", "1 row is fitted perfectly"),
    # calls
    "interval by name": refused(
        lambda: fit("y ~ x1", BASE).logits(interval="profile"), SupportError, "interval='profile'"
    ),
}

PREDICTIONS: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "not a table": (lambda: PLAIN.probabilities(5), ("int", "pandas")),
    "records": (lambda: PLAIN.probabilities([{"x1": 1, "x2": 1}]), ("list", "dict of columns")),
    "an array": (lambda: PLAIN.probabilities(BASE[["x1", "x2"]].to_numpy()), ("column names",)),
    "nothing in it": (lambda: PLAIN.probabilities({}), ("'x1', 'x2'", "lack")),
    "infinite": (lambda: PLAIN.logits({"x1": [1.0, np.inf], "x2": 1.0}), ("'x1'", "1 row", "row 1")),
    "huge": (lambda: PLAIN.logits({"x1": [1.0, 1e308], "x2": 1.0}), ("'x1'", "1e+308", "row 1", "Rescale")),
    "text for a number": (lambda: PLAIN.logits({"x1": "1", "x2": 1.0}), ("'x1'", "labels", "numbers")),
    "a date for a number": (lambda: PLAIN.logits({"x1": DAY, "x2": 1.0}), ("'x1'", "dates")),
    "integers beyond 2**53": (lambda: PLAIN.logits({"x1": 2**60 + 1, "x2": 1.0}), ("'x1'", "2**53")),
    "one name twice": (
        lambda: PLAIN.logits(pd.concat([BASE, BASE[["x1"]]], axis=1)),
        ("'x1'", "duplicate"),
    ),
    "text in a transform": (lambda: LOG.logits({"z": "a"}), ("'z'", "text")),
    "negative in a logarithm": (lambda: LOG.logits({"z": [1.0, -1.0]}), ("log(z)", "1 row", "row 1")),
    "text in a polynomial": (lambda: POLY.logits({"x1": "a"}), ("'x1'", "text")),
    "1e300 in a polynomial": (lambda: POLY.logits({"x1": 1e300}), ("poly(x1, 2)",)),
    "an unseen level": (lambda: GROUPS.logits({"g": ["a", "z"], "x1": 1.0}), ("'g'", "'z'", "row 1", "'a'")),
    "an unseen level, three outcomes": (
        lambda: THREE.classify({"g": "z", "x1": 1.0}),
        ("'g'", "'z'", "row 0", "'a', 'b', 'c'"),
    ),
    "a level in capitals": (lambda: GROUPS.logits({"g": "A", "x1": 1.0}), ("'A'", "'a', 'b', 'c'")),
    "a level with a blank": (lambda: GROUPS.logits({"g": "a ", "x1": 1.0}), ("'a '",)),
    "a number for a level": (lambda: GROUPS.logits({"g": 1, "x1": 1.0}), ("'g'", "level 1")),
    "a date for a level": (lambda: GROUPS.logits({"g": DAY, "x1": 1.0}), ("'g'", "dates")),
    "no offset": (lambda: OFFSET.logits({"x1": 1.0}), ("'x2'", "lack")),
    "an infinite offset": (lambda: OFFSET.logits({"x1": 1.0, "x2": np.inf}), ("'x2'", "infinite", "row 0")),
    "text as offset": (lambda: OFFSET.logits({"x1": 1.0, "x2": "a"}), ("'x2'", "text")),
    "an offset that was an array": (lambda: ARRAY.logits(BASE), ("offset", "array", "column")),
    "an unknown suffix": (lambda: PLAIN.logits("rows.xlsx"), ("rows.xlsx", ".csv")),
}
PLAIN = fit("y ~ x1 + x2", BASE)
GROUPS = fit("y ~ g + x1", BASE)
THREE = fit("y3s ~ g + x1", BASE)
LOG = fit("y ~ log(z)", with_columns(z=np.exp(BASE.x1)))
POLY = fit("y ~ poly(x1, 2)", BASE)
OFFSET = fit("y ~ x1", BASE, offset="x2")
ARRAY = fit("y ~ x1", BASE, offset=BASE.x2.to_numpy())


@pytest.mark.parametrize("case", CASES)
def test_sibling(case: str, folder: Path) -> None:
    judge(CASES[case], folder)


@pytest.mark.parametrize("loaded", [False, True], ids=["fresh", "loaded"])
@pytest.mark.parametrize("case", PREDICTIONS)
def test_refused_predictions(case: str, loaded: bool, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New data that do not match are refused in the words of the table, by a saved model too."""
    if loaded:
        for name in ("PLAIN", "GROUPS", "THREE", "LOG", "POLY", "OFFSET", "ARRAY"):
            globals()[name].save("model.json")
            monkeypatch.setitem(globals(), name, logreg.load("model.json"))
        Path("model.json").unlink()
    call, words = PREDICTIONS[case]
    judge(refused(call, PredictError, *words), folder)


@pytest.mark.parametrize("rows", [7, 64, None])
def test_messages_name_the_same_row_for_any_blocks(rows: int | None) -> None:
    data = open_source(put("x1", [77, 120], np.inf), block_rows=rows)
    with pytest.raises(DataError, match=r"'x1' is infinite in \d+ rows?, first in row 77"):
        fit("y ~ x1", data)


UNITS = [1e-100, 1e-20, 1e-9, 1e9, 1e20, 1e100]


@pytest.mark.filterwarnings("ignore::logreg.errors.SeparationWarning")
@pytest.mark.parametrize("unit", UNITS)
def test_separation_does_not_depend_on_units(unit: float) -> None:
    """The same coefficients are infinite, and the same rows certain, whatever unit a column is in."""
    for formula, y in (("y ~ x1 + x2", BASE.x1 > 0), ("y3 ~ x1 + x2", BASE.y3.where(BASE.x1 <= 1, 2))):
        name = formula.split()[0]
        data = with_columns(**{name: y.astype(int)})
        plain = fit(formula, data)
        other = fit(formula, data.assign(x1=BASE.x1 * unit))
        assert other.separation.infinite == plain.separation.infinite
        np.testing.assert_allclose(other.probabilities(), plain.probabilities(), atol=1e-8)
        np.testing.assert_array_equal(np.isinf(other.logits()), np.isinf(plain.logits()))


# Files ------------------------------------------------------------------------------------------------

TEXT = BASE[["y", "x1", "x2", "g"]].to_csv(index=False)
PARQUET = "base.parquet"

TEXTS: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "semicolons": (TEXT.replace(",", ";"), ("semicolons", "commas")),
    "decimal commas": (TEXT.replace(",", ";").replace(".", ","), ("semicolons", "decimal points")),
    "tabs": (TEXT.replace(",", "\t"), ("tabs",)),
    "UTF-16": (TEXT.encode("utf-16"), ("UTF-8", "UTF-16")),
    "Latin-1": (TEXT.replace("g", "é", 1).encode("latin-1"), ("UTF-8", "header")),
    "a short row": (TEXT + "1,2\n", ("Row #202", "Expected 4 columns")),
    "a long row": (TEXT + "1,2,3,4,5\n", ("Row #202", "Expected 4 columns")),
    "an open quote": (TEXT + '1,"abc,2,a\n', ("Expected 4 columns",)),
    "a web page": ("<html><body>404</body></html>", ("not a table",)),
    "random bytes": (np.random.default_rng(0).bytes(2000), ("data.csv",)),
    "nothing": ("", ("empty", "header")),
    "a header alone": (TEXT.split("\n")[0] + "\n", ("no rows",)),
    "one name twice": (TEXT.replace("y,x1,x2", "y,x1,x1", 1), ("'x1'", "duplicate")),
    "one cell of text": (TEXT + "1,abc,1,a\n", ("'x1'", "all but 'abc'", "numbers")),
    "one cell with a dot": (TEXT + "1,.,1,a\n", ("'x1'", "all but '.'")),
    "infinite": (TEXT + "1,-inf,1,a\n", ("'x1'", "1 row", "row 200")),
    "1e400": (TEXT + "1,1e400,1,a\n", ("'x1'", "infinite", "row 200")),
    "integers beyond 64 bits": (
        "y,x1\n" + "\n".join(f"{i % 3 % 2},{10**25 + i}" for i in range(50)),
        ("'x1'", "2**53", "row 0"),
    ),
    "integers of 80 digits": (
        "y,x1\n" + "\n".join(f"{i % 3 % 2},{10**80 + i}" for i in range(50)),
        ("'x1'", "numbers"),
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_text_files(case: str, folder: Path) -> None:
    content, words = TEXTS[case]
    Path("data.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    formula = "y ~ x1 + x2" if "x2" in str(content) else "y ~ x1"
    with pytest.raises(DataError) as caught:
        fit(formula, "data.csv")
    assert [word for word in words if word not in str(caught.value)] == [], str(caught.value)


def test_a_row_longer_than_the_readers_piece(folder: Path) -> None:
    Path("data.csv").write_text(TEXT + "1,0.5,1," + "a" * 3_000_000 + "\n")
    assert fit("y ~ x1 + x2", "data.csv").n_rows == N + 1


def test_wide_integers_beside_the_formula_do_no_harm(folder: Path) -> None:
    lines = TEXT.splitlines()
    wide = [lines[0] + ",id", *(f"{line},{10**25 + i}" for i, line in enumerate(lines[1:]))]
    Path("data.csv").write_text("\n".join(wide))
    same(fit("y ~ x1 + x2", "data.csv"), newton([BASE.x1, BASE.x2], BASE.y))


@pytest.mark.parametrize("content", ["half", "tail", "random", "empty", "text"])
def test_damaged_parquet_files(content: str, folder: Path) -> None:
    BASE.to_parquet("base.parquet")
    raw = Path("base.parquet").read_bytes()
    damaged = {
        "half": raw[: len(raw) // 2],
        "tail": raw[-100:],
        "random": np.random.default_rng(1).bytes(500),
        "empty": b"",
        "text": TEXT.encode(),
    }[content]
    Path("base.parquet").write_bytes(damaged)
    with pytest.raises(DataError, match=r"base\.parquet"):
        fit("y ~ x1", "base.parquet")


@pytest.mark.filterwarnings("ignore::logreg.errors.LogregWarning")
@pytest.mark.parametrize("seed", range(30))
def test_flipped_bytes_in_a_parquet_file(seed: int, folder: Path) -> None:
    """Damage is refused by name, or the values it leaves are fitted: nothing else leaves the package."""
    BASE.to_parquet("base.parquet")
    raw = bytearray(Path("base.parquet").read_bytes())
    rng = np.random.default_rng(seed)
    for place in rng.integers(4, len(raw) - 8, 8):
        raw[place] ^= int(rng.integers(1, 255))
    Path("base.parquet").write_bytes(bytes(raw))
    with suppress(logreg.LogregError):
        fit("y ~ x1 + x2 + g", "base.parquet")


@pytest.mark.parametrize("content", [gzip.compress(TEXT.encode())[:200], TEXT.encode()])
def test_damaged_archives(content: bytes, folder: Path) -> None:
    Path("data.csv.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"data\.csv\.gz.*unpacked"):
        fit("y ~ x1", "data.csv.gz")


def test_queries_that_fail(folder: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.register("base", pa.Table.from_pandas(BASE))
    with pytest.raises(DataError, match="Could not convert string"):
        fit("y ~ x1", connection.sql("select *, cast(g as int) as q from base"))
    relation = connection.sql("select * from base")
    connection.close()
    with pytest.raises(DataError, match="Relation"):
        fit("y ~ x1", relation)
