"""Broken and hostile tables: every case ends in a right answer, or in one message that says what to do.

The base table has 200 rows: ``x1 x2 x3`` normal, ``b`` 0/1, ``g`` a/b/c, ``y`` 0/1, ``ys`` no/yes, ``y3``
0/1/2, ``y3s`` p/q/r. What is a fit here is compared with a Newton iteration on a matrix that the
test writes out itself.
"""

from __future__ import annotations

import datetime
import decimal
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import logreg
from logreg.design.fence import quote
from logreg.errors import (
    CollinearityWarning,
    ConvergenceWarning,
    DataError,
    DataWarning,
    FormulaError,
    LogregError,
    LogregWarning,
    MissingDataWarning,
    OutcomeError,
    PredictError,
    SmallClassWarning,
    SupportError,
    WeightError,
)

from .hostile.base import (
    BASE,
    GONE,
    PLAIN,
    PROBABILITY_TOLERANCE,
    N,
    at,
    blanks,
    counts,
    duplicated,
    newton,
    newton_multinomial,
    put,
    renamed,
    same,
    too_many_levels,
    with_columns,
)

# Errors -----------------------------------------------------------------------------------------------


DAY = np.datetime64("2020-01-01")
Refusal = tuple[Callable[[], object], type[Exception], list[str]]

REFUSED: dict[str, Refusal] = {
    # the outcome
    "O07 three codes": (
        lambda: logreg.fit("y ~ x1", put("y", BASE.index[BASE.y == 1][:10], 2.0), event=1),
        OutcomeError,
        ["'y'", "0, 1, 2", "Recode"],
    ),
    "O08 fractions": (
        lambda: logreg.fit("y ~ x1", with_columns(y=np.where(BASE.y == 1, 0.7, 0.3))),
        OutcomeError,
        ["'y'", "0.3", "trials", "cbind"],
    ),
    "O12 more successes than trials": (
        lambda: logreg.fit("cbind(s, f) ~ x1", counts()),
        OutcomeError,
        ["cbind(s, f)", "'f'", "-2", "row 0", "5 rows", "trials"],
    ),
    "O12 fractional counts": (
        lambda: logreg.fit("cbind(s, f) ~ x1", with_columns(s=0.5, f=3)),
        OutcomeError,
        ["'s'", "0.5", "200"],
    ),
    "O12 infinite counts": (
        lambda: logreg.fit("cbind(s, f) ~ x1", with_columns(s=at(7, np.inf), f=3)),
        OutcomeError,
        ["'s'", "inf", "row 7"],
    ),
    "O12 text as counts": (
        lambda: logreg.fit("cbind(g, y) ~ x1", BASE),
        OutcomeError,
        ["cbind(g, y)", "'g'", "labels"],
    ),
    "zero trials": (
        lambda: logreg.fit("cbind(s, f) ~ x1", with_columns(s=at(4, 0.0), f=at(4, 0.0))),
        OutcomeError,
        ["cbind(s, f)", "zero trials", "1 row", "row 4"],
    ),
    "a count that is always zero": (
        lambda: logreg.fit("cbind(s, f) ~ x1", with_columns(s=0, f=3)),
        OutcomeError,
        ["cbind(s, f)", "'s'"],
    ),
    "one column twice in cbind": (
        lambda: logreg.fit("cbind(b, b) ~ x1", BASE),
        FormulaError,
        ["cbind", "twice"],
    ),
    "O13 no rows": (lambda: logreg.fit("y ~ x1", BASE.iloc[:0]), DataError, ["no rows", "filter"]),
    "O14 one row": (lambda: logreg.fit("y ~ x1", BASE.iloc[:1]), DataError, ["1 row", "coefficients"]),
    "one class": (
        lambda: logreg.fit("y ~ x1", with_columns(y=0)),
        OutcomeError,
        ["'y'", "only one class", "0", "200"],
    ),
    "O18 one class of three": (
        lambda: logreg.fit("y3 ~ x1", with_columns(y3=1)),
        OutcomeError,
        ["'y3'", "one class", "1"],
    ),
    "O21 a blank makes a third level": (
        lambda: logreg.fit("ys ~ x1", put("ys", BASE.index[BASE.y == 1][:5], "Yes ", object), event="yes"),
        OutcomeError,
        ["'ys'", "'Yes '", "'yes'", "same level"],
    ),
    "O23 dates": (
        lambda: logreg.fit("y ~ x1", with_columns(y=DAY + BASE.y.to_numpy().astype("timedelta64[D]"))),
        OutcomeError,
        ["'y'", "datetime", "dates"],
    ),
    "O23 dates as objects": (
        lambda: logreg.fit("y ~ x1", with_columns(y=[datetime.date(2020, 1, 1 + v) for v in BASE.y])),
        OutcomeError,
        ["'y'", "date"],
    ),
    "O25 a measurement": (
        lambda: logreg.fit("x3 ~ x1 + x2", BASE),
        OutcomeError,
        ["'x3'", "200 distinct", "categorical"],
    ),
    "an identifier as the outcome": (
        lambda: logreg.fit("id ~ x1", with_columns(id=[f"r{i}" for i in range(N)])),
        OutcomeError,
        ["'id'", "200", "identifier"],
    ),
    "infinite outcome": (
        lambda: logreg.fit("y ~ x1", put("y", GONE, np.inf)),
        OutcomeError,
        ["'y'", "5 rows", "row 3", "inf"],
    ),
    "undefined outcome": (
        lambda: logreg.fit("log(y) ~ x1", BASE),
        OutcomeError,
        ["log(y)", f"{int((BASE.y == 0).sum())} rows", f"row {int(np.argmin(BASE.y))}"],
    ),
    "mixed outcome": (
        lambda: logreg.fit("m ~ x1", with_columns(m=[1, "a"] * 100)),
        OutcomeError,
        ["'m'", "int", "str", "row 0"],
    ),
    "huge integers as the outcome": (
        lambda: logreg.fit("n ~ x1", with_columns(n=(2**53 + 1 + BASE.b).astype("int64"))),
        OutcomeError,
        ["'n'", "2**53"],
    ),
    "unknown event": (lambda: logreg.fit("y ~ x1", BASE, event=5), OutcomeError, ["'y'", "event=5", "0, 1"]),
    "a list as the event": (
        lambda: logreg.fit("y ~ x1", BASE, event=np.array([1, 0])),
        OutcomeError,
        ["'y'", "event=array([1, 0])"],
    ),
    "event of three": (
        lambda: logreg.fit("y3s ~ x1", BASE, event="p"),
        OutcomeError,
        ["'y3s'", "'p', 'q', 'r'", "baseline="],
    ),
    "event and baseline alike": (
        lambda: logreg.fit("ys ~ x1", BASE, event="yes", baseline="yes"),
        OutcomeError,
        ["'ys'", "event='yes'", "baseline='yes'"],
    ),
    "unknown baseline": (
        lambda: logreg.fit("y3s ~ x1", BASE, baseline="z"),
        OutcomeError,
        ["'y3s'", "baseline='z'", "'p', 'q', 'r'"],
    ),
    # predictors
    "P11 numbers as text": (
        lambda: logreg.fit("y ~ x1 + x2", with_columns(x1=BASE.x1.astype(str))),
        DataError,
        ["'x1'", "200", "numbers"],
    ),
    "P12 dates": (
        lambda: logreg.fit("y ~ d", with_columns(d=pd.date_range("2020-01-01", periods=N))),
        DataError,
        ["'d'", "datetime", "dates are not numbers", "days since"],
    ),
    "durations": (
        lambda: logreg.fit("y ~ d", with_columns(d=pd.to_timedelta(np.arange(N), unit="D"))),
        DataError,
        ["'d'", "timedelta"],
    ),
    "P16 values of 1e300": (
        lambda: logreg.fit("y ~ x1 + x2", with_columns(x1=BASE.x1 * 1e300)),
        DataError,
        ["'x1'", "Rescale"],
    ),
    "P17 values of 1e-300": (
        lambda: logreg.fit("y ~ x1 + x2", with_columns(x1=BASE.x1 * 1e-300)),
        DataError,
        ["'x1'", "Rescale"],
    ),
    "P17 values of 1e-160 with a shift": (
        lambda: logreg.fit("y3s ~ x1 + x2", with_columns(x1=(BASE.x1 + 5.0) * 1e-160)),
        DataError,
        ["'x1'", "Rescale"],
    ),
    "P20 ten thousand levels": (
        lambda: logreg.fit("y ~ x1 + C(id)", too_many_levels()),
        DataError,
        ["'id'", "10000", "GB"],
    ),
    "P31 one name twice": (
        lambda: logreg.fit("y ~ x1 + x2", duplicated()),
        DataError,
        ["'x1'", "duplicate", "rename"],
    ),
    "P35 integers beyond 2**53": (
        lambda: logreg.fit("y ~ n + x2", with_columns(n=(2**53 + 1 + BASE.b).astype("int64"))),
        DataError,
        ["'n'", "2**53", "row 0", "subtract"],
    ),
    "P42 complex": (
        lambda: logreg.fit("y ~ x1", with_columns(x1=BASE.x1 + 1j * BASE.x3)),
        DataError,
        ["'x1'", "complex"],
    ),
    "P44 all missing": (
        lambda: logreg.fit("y ~ x1", with_columns(x1=np.nan)),
        DataError,
        ["'x1'", "200", "no complete rows"],
    ),
    "P44 all None": (
        lambda: logreg.fit("y ~ x1", with_columns(x1=None)),
        DataError,
        ["'x1'", "200", "no complete rows"],
    ),
    "infinite predictor": (
        lambda: logreg.fit("y ~ x1", put("x1", GONE, -np.inf)),
        DataError,
        ["'x1'", "infinite", "5 rows", "row 3"],
    ),
    "infinite category": (
        lambda: logreg.fit("y ~ C(z)", with_columns(z=np.where(BASE.b == 1, np.inf, 1.0))),
        DataError,
        ["'z'", "not finite", f"{int(BASE.b.sum())} rows"],
    ),
    "undefined category": (
        lambda: logreg.fit("y ~ C(I(sqrt(z)))", with_columns(z=at(8, -1.0))),
        DataError,
        ["sqrt(z)", "1 row", "row 8"],
    ),
    "mixed predictor": (
        lambda: logreg.fit("y ~ m", with_columns(m=[1, "a"] * 100)),
        DataError,
        ["'m'", "int", "str", "row 0"],
    ),
    "objects": (
        lambda: logreg.fit("y ~ m", with_columns(m=[{}] * N)),
        DataError,
        ["'m'", "dict", "row 0"],
    ),
    "bytes": (lambda: logreg.fit("y ~ m", with_columns(m=[b"a", b"b"] * 100)), DataError, ["'m'", "bytes"]),
    "identifier": (
        lambda: logreg.fit("y ~ id", with_columns(id=[f"r{i}" for i in range(N)])),
        DataError,
        ["'id'", "200", "identifier"],
    ),
    "missing='raise'": (
        lambda: logreg.fit("y ~ x1", put("x1", GONE, np.nan), missing="raise"),
        DataError,
        ["'x1'", "5 rows", "row 3", "missing='drop'"],
    ),
    "row labels of the index": (
        lambda: logreg.fit(
            "y ~ x1", put("x1", GONE, np.inf).set_index(pd.Index([f"p{i}" for i in range(N)]))
        ),
        DataError,
        ["'x1'", "row 'p3'"],
    ),
    # names
    "unknown column": (
        lambda: logreg.fit("y ~ x1 + xx2", BASE),
        FormulaError,
        ["'xx2'", "Did you mean 'x2'"],
    ),
    "unknown outcome": (lambda: logreg.fit("yy ~ x1", BASE), FormulaError, ["'yy'", "Did you mean 'y'"]),
    "P34 Intercept": (
        lambda: logreg.fit("y ~ Intercept + x2", renamed("Intercept")),
        FormulaError,
        ["'Intercept'", "reserved", "Rename"],
    ),
    # weights
    "W03 all zero": (
        lambda: logreg.fit("y ~ x1", with_columns(w=0.0), weights="w"),
        WeightError,
        ["'w'", "all weights are zero"],
    ),
    "W07 infinite": (
        lambda: logreg.fit("y ~ x1", with_columns(w=at(3, np.inf)), weights="w"),
        WeightError,
        ["'w'", "infinite weight", "row 3"],
    ),
    "missing weight": (
        lambda: logreg.fit("y ~ x1", with_columns(w=at(3, np.nan)), weights="w"),
        WeightError,
        ["'w'", "missing", "row 3"],
    ),
    "negative weight": (
        lambda: logreg.fit("y ~ x1", BASE, weights=at(3, -1.0)),
        WeightError,
        ["weights", "negative", "1 row", "row 3"],
    ),
    "W11 one class left": (
        lambda: logreg.fit("y ~ x1", with_columns(w=BASE.y), weights="w"),
        OutcomeError,
        ["'y'", "'w'", "one class"],
    ),
    "fractional frequencies": (
        lambda: logreg.fit("y ~ x1", with_columns(w=at(3, 1.5)), weights="w"),
        WeightError,
        ["'w'", "1.5", "row 3", "weight_kind='sampling'", "weight_kind='precision'"],
    ),
    "weights too short": (
        lambda: logreg.fit("y ~ x1", BASE, weights=np.ones(5)),
        WeightError,
        ["weights", "(5,)", "200 rows"],
    ),
    "two columns of weights": (
        lambda: logreg.fit("y ~ x1", BASE, weights=np.ones((N, 2))),
        WeightError,
        ["weights", "(200, 2)"],
    ),
    "text as weights": (lambda: logreg.fit("y ~ x1", BASE, weights="g"), WeightError, ["'g'", "labels"]),
    "a list of text as weights": (
        lambda: logreg.fit("y ~ x1", BASE, weights=["a"] * N),
        WeightError,
        ["weights", "numbers"],
    ),
    "unknown weights": (
        lambda: logreg.fit("y ~ x1", with_columns(weight=1), weights="weigth"),
        WeightError,
        ["'weigth'", "Did you mean 'weight'"],
    ),
    "dates as weights": (
        lambda: logreg.fit("y ~ x1", with_columns(w=DAY), weights="w"),
        WeightError,
        ["'w'", "datetime"],
    ),
    "kind without weights": (
        lambda: logreg.fit("y ~ x1", BASE, weight_kind="sampling"),
        WeightError,
        ["weight_kind='sampling'", "weights="],
    ),
    # offsets
    "offset too short": (
        lambda: logreg.fit("y ~ x1", BASE, offset=[1.0, 2.0]),
        DataError,
        ["offset", "200 rows"],
    ),
    "infinite offset": (
        lambda: logreg.fit("y ~ x1", put("x2", GONE, np.inf), offset="x2"),
        DataError,
        ["'x2'", "infinite", "5 rows", "row 3"],
    ),
    "infinite offset in the formula": (
        lambda: logreg.fit("y ~ x1 + offset(log(x2))", BASE),
        DataError,
        ["log(x2)", f"{int((BASE.x2 <= 0).sum())} rows"],
    ),
    "text as offset": (lambda: logreg.fit("y ~ x1", BASE, offset="g"), DataError, ["'g'", "labels"]),
    "unknown offset": (
        lambda: logreg.fit("y ~ x1", BASE, offset="x22"),
        DataError,
        ["'x22'", "Did you mean"],
    ),
    "one offset for two logits": (
        lambda: logreg.fit("y3s ~ x1", BASE, offset=["x2"]),
        DataError,
        ["'y3s'", "1 columns", "'q', 'r'"],
    ),
    # formulas
    "M02 bracket": (
        lambda: logreg.fit("y ~ log(x1 + x2", BASE),
        FormulaError,
        ["(", "position 8", "not closed"],
    ),
    "M04 C() of a measurement": (lambda: logreg.fit("y ~ C(x1)", BASE), FormulaError, ["'x1'", "200"]),
    "M11 empty": (lambda: logreg.fit("  ", BASE), FormulaError, ["empty"]),
    "no text": (lambda: logreg.fit(None, BASE), FormulaError, ["NoneType"]),  # type: ignore[arg-type]
    "M15 log of zero and less": (
        lambda: logreg.fit("y ~ log(z)", with_columns(z=at(9, 0.0))),
        DataError,
        ["log(z)", "not finite", "1 row", "row 9"],
    ),
    "M28 log of negatives": (
        lambda: logreg.fit("y ~ log(x1) + x2", BASE),
        DataError,
        ["log(x1)", f"{int((BASE.x1 < 0).sum())} rows", f"row {int(np.argmax(BASE.x1 < 0))}", "missing"],
    ),
    "M17 a typographic minus": (
        lambda: logreg.fit("y ~ x1 − x2", BASE),
        FormulaError,
        ["−", "position 8", "'-'"],
    ),
    "M25 a bar": (lambda: logreg.fit("y ~ x1 | x2", BASE), FormulaError, ["'|'", "no meaning"]),
    "M26 an equals sign": (lambda: logreg.fit("y = x1 + x2", BASE), FormulaError, ["=", "'~'"]),
    "the outcome on both sides": (
        lambda: logreg.fit("y ~ y + x1", BASE),
        FormulaError,
        ["'y'", "right side"],
    ),
    "unknown function": (
        lambda: logreg.fit("y ~ lgo(x1)", BASE),
        FormulaError,
        ["'lgo'", "Did you mean 'log'"],
    ),
    "text in a function": (lambda: logreg.fit("y ~ log(g)", BASE), FormulaError, ["'g'", "text"]),
    "overflow": (
        lambda: logreg.fit("y ~ exp(I(1000 * x1))", BASE),
        DataError,
        ["exp(I(1000 * x1))", "not finite"],
    ),
    "polynomial of too few values": (
        lambda: logreg.fit("y ~ poly(b, 3)", BASE),
        DataError,
        ["'b'", "4 distinct values", "have 2"],
    ),
    "unknown reference": (
        lambda: logreg.fit("y ~ C(g, Treatment('z'))", BASE),
        FormulaError,
        ["'z'", "'a', 'b', 'c'"],
    ),
    "a level that levels= lacks": (
        lambda: logreg.fit("y ~ C(g, levels=['a', 'b'])", BASE),
        FormulaError,
        ["'c'", "levels="],
    ),
    # options
    "W12 misspelt keyword": (
        lambda: logreg.fit("y ~ x1", BASE, freq_weigths="b"),  # type: ignore[call-arg]
        TypeError,
        ["freq_weigths"],
    ),
    "estimator": (lambda: logreg.fit("y ~ x1", BASE, estimator="mle"), SupportError, ["'mle'", "'ml'"]),
    "covariance": (lambda: logreg.fit("y ~ x1", BASE, covariance="HC9"), SupportError, ["'HC9'", "HC1"]),
    "no covariance": (lambda: logreg.fit("y ~ x1", BASE, covariance=None), SupportError, ["None", "model"]),
    "missing": (lambda: logreg.fit("y ~ x1", BASE, missing="error"), SupportError, ["'error'", "'drop'"]),
    "weight_kind": (
        lambda: logreg.fit("y ~ x1", BASE, weights="b", weight_kind="freq"),
        SupportError,
        ["'freq'", "'frequency'"],
    ),
    "confidence 95": (lambda: logreg.fit("y ~ x1", BASE, confidence=95), SupportError, ["95", "0.95"]),
    "confidence NaN": (lambda: logreg.fit("y ~ x1", BASE, confidence=np.nan), SupportError, ["nan"]),
    "max_iterations 0": (
        lambda: logreg.fit("y ~ x1", BASE, max_iterations=0),
        SupportError,
        ["0", "at least 1"],
    ),
    # tables that are none
    "a number": (lambda: logreg.fit("y ~ x1", 5), DataError, ["int", "pandas"]),
    "nothing": (lambda: logreg.fit("y ~ x1", None), DataError, ["NoneType", "pandas"]),
    "an array": (lambda: logreg.fit("y ~ x1", BASE[["y", "x1"]].to_numpy()), DataError, ["column names"]),
    "no such file": (
        lambda: logreg.fit("y ~ x1", "no_such_file.csv"),
        FileNotFoundError,
        ["no_such_file.csv"],
    ),
    "an unknown suffix": (lambda: logreg.fit("y ~ x1", __file__), DataError, [".py", ".csv", ".parquet"]),
    "unequal lengths": (
        lambda: logreg.fit("y ~ x1", {"y": [0, 1, 0], "x1": [1.0, 2.0]}),
        DataError,
        ["'y' has 3", "'x1' has 2"],
    ),
}


@pytest.fixture
def untouched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run in an empty folder; nothing may be written there, and the base table stays as it was."""
    monkeypatch.chdir(tmp_path)
    before = BASE.copy(deep=True)
    yield
    assert list(tmp_path.iterdir()) == []
    pd.testing.assert_frame_equal(BASE, before)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    call, kind, words = REFUSED[case]
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    assert [word for word in words if word not in message] == []
    assert len(message) > 30
    if issubclass(kind, LogregError):
        assert isinstance(caught.value, ValueError)


HOSTILE = [
    "y ~ x1 + __import__('os').system('touch pwned')",
    "I(__import__('os').system('touch pwned') + y) ~ x1",
    "y ~ I(open('pwned', 'w'))",
    "y ~ x1 + eval('1')",
    "y ~ x1.__class__",
    "y ~ I((lambda: 0)())",
    "y ~ I([x1 for x1 in x2])",
    "y ~ C(g, levels=__import__('os'))",
    "y ~ `x1` + exec(\"open('pwned', 'w')\")",
]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("formula", HOSTILE)
def test_hostile_formulas_run_nothing(formula: str) -> None:
    with pytest.raises(FormulaError) as caught:
        logreg.fit(formula, BASE)
    if "__import__('os').system" in formula:
        assert "'__import__'" in str(caught.value)
        assert "Allowed are" in str(caught.value)


# Predictions ------------------------------------------------------------------------------------------

BINARY = logreg.fit("y ~ x1 + x2", BASE)
GROUPS = logreg.fit("y ~ g + x1", BASE)
THREE = logreg.fit("y3s ~ x1 + x2", BASE)
OFFSET = logreg.fit("y ~ x1", BASE, offset=BASE.x2.to_numpy())

REFUSED_PREDICTIONS: dict[str, Refusal] = {
    "D01 missing column": (lambda: BINARY.probabilities(BASE[["x1"]]), PredictError, ["'x2'", "lack"]),
    "a column by another case": (
        lambda: BINARY.logits(BASE.rename(columns={"x2": "xx2"})),
        PredictError,
        ["'x2'", "Did you mean 'xx2'"],
    ),
    "unseen level": (
        lambda: GROUPS.probabilities({"x1": [0.5, 1.0], "g": ["a", "zz"]}),
        PredictError,
        ["'g'", "'zz'", "1 row", "row 1", "'a', 'b', 'c'"],
    ),
    "a number for a level": (
        lambda: GROUPS.probabilities({"x1": 0.5, "g": 1}),
        PredictError,
        ["'g'", "level 1", "'a', 'b', 'c'"],
    ),
    "text for a number": (
        lambda: BINARY.probabilities({"x1": ["1", "2"], "x2": [1.0, 2.0]}),
        PredictError,
        ["'x1'", "labels", "numbers"],
    ),
    "dates for a number": (
        lambda: BINARY.probabilities(pd.DataFrame({"x1": [pd.Timestamp("2020-01-01")], "x2": [1.0]})),
        LogregError,
        ["'x1'", "datetime"],
    ),
    "infinite": (
        lambda: BINARY.probabilities({"x1": [1.0, np.inf], "x2": [1.0, 2.0]}),
        LogregError,
        ["'x1'", "infinite", "row 1"],
    ),
    "undefined": (
        lambda: logreg.fit("y ~ log(z)", with_columns(z=np.exp(BASE.x1))).logits({"z": [1.0, -1.0]}),
        LogregError,
        ["log(z)", "1 row", "row 1"],
    ),
    "an offset that was an array": (lambda: OFFSET.probabilities(BASE), PredictError, ["offset", "array"]),
    "a number as data": (lambda: BINARY.probabilities(5), DataError, ["int"]),
    "an array as data": (lambda: BINARY.probabilities(BASE[["x1", "x2"]].to_numpy()), DataError, ["names"]),
    "one name twice": (
        lambda: BINARY.probabilities(pd.concat([BASE, BASE[["x1"]]], axis=1)),
        DataError,
        ["'x1'", "duplicate"],
    ),
    "unknown versus": (lambda: BINARY.logits(versus="z"), PredictError, ["'z'", "'y'", "'0', '1'"]),
    "versus of an array": (
        lambda: BINARY.odds_ratios(versus=np.array([1, 2])),
        PredictError,
        ["versus", "'y'"],
    ),
    "unit of nothing": (lambda: BINARY.odds_ratios(unit={"x9": 2}), SupportError, ["'x9'", "'x1', 'x2'"]),
    "unit of a category": (lambda: GROUPS.odds_ratios(unit={"g": 2}), SupportError, ["'g'", "numeric"]),
    "unit zero": (lambda: BINARY.odds_ratios(unit={"x1": 0}), SupportError, ["'x1'", "0"]),
    "unit of a kind": (lambda: BINARY.odds_ratios(unit="mad"), SupportError, ["'mad'", "'sd'"]),
    "unit without a variable": (lambda: BINARY.odds_ratios(unit=5), SupportError, ["unit=5", "per variable"]),
    "interval": (lambda: BINARY.odds_ratios(interval="exact"), SupportError, ["'exact'", "'wald'"]),
    "confidence": (lambda: BINARY.coefficients(confidence=2), SupportError, ["2", "0.95"]),
    "confidence of text": (lambda: BINARY.coefficients(confidence="x"), SupportError, ["'x'", "0.95"]),  # type: ignore[arg-type]
    "threshold": (lambda: BINARY.classify(threshold=2), SupportError, ["2", "between 0 and 1"]),
    "threshold of three": (
        lambda: THREE.classify(threshold=0.3),
        SupportError,
        ["threshold", "two outcomes"],
    ),
}


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("case", REFUSED_PREDICTIONS)
def test_refused_predictions(case: str) -> None:
    call, kind, words = REFUSED_PREDICTIONS[case]
    with pytest.raises(kind) as caught:
        call()
    assert [word for word in words if word not in str(caught.value)] == []


# Warnings: a result, and exactly one remark -----------------------------------------------------------


def dropped(fit: Any, rows: list[int] = GONE) -> None:
    assert (fit.n_rows, fit.sample.rows_read, fit.sample.rows_dropped) == (N - len(rows), N, len(rows))


def no_row(name: str) -> Callable[[Any], None]:
    return lambda fit: _assert(dropped(fit) is None and name not in " ".join(fit.spec.column_names))


def _assert(value: object) -> None:
    assert value


NULLS = pl.from_pandas(BASE).with_columns(
    x1=pl.when(pl.int_range(pl.len()).is_in(GONE)).then(None).otherwise(pl.col("x1"))
)

WARNED: dict[str, tuple[Callable[[], Any], type[Warning], list[str], Callable[[Any], None]]] = {
    "O06 missing outcome": (
        lambda: logreg.fit("y ~ x1 + x2", put("y", GONE, np.nan)),
        MissingDataWarning,
        ["'y'", "5 rows", "row 3", "195", "missing='raise'"],
        dropped,
    ),
    "O22 None among labels": (
        lambda: logreg.fit("ys ~ x1", put("ys", GONE, None, object)),
        MissingDataWarning,
        ["'ys'", "5 rows"],
        dropped,
    ),
    "P05 missing predictor": (
        lambda: logreg.fit("y ~ x1 + x2", put("x1", GONE, np.nan)),
        MissingDataWarning,
        ["'x1'", "5 rows", "195"],
        lambda fit: same(fit, newton([BASE.x1.drop(GONE), BASE.x2.drop(GONE)], BASE.y.drop(GONE))),
    ),
    "P47 missing category": (
        lambda: logreg.fit("y ~ g + x1", put("g", GONE, None, object)),
        MissingDataWarning,
        ["'g'", "5 rows"],
        no_row("None"),
    ),
    "P56 polars null": (
        lambda: logreg.fit("y ~ x1 + x2", NULLS),
        MissingDataWarning,
        ["'x1'", "5 rows"],
        dropped,
    ),
    "missing offset": (
        lambda: logreg.fit("y ~ x1", put("x2", GONE, np.nan), offset="x2"),
        MissingDataWarning,
        ["'x2'", "5 rows"],
        dropped,
    ),
    "P49 levels that look alike": (
        lambda: logreg.fit("y ~ g + x1", with_columns(g=blanks())),
        DataWarning,
        ["'g'", "'b '", "'b'"],
        lambda fit: _assert(len(fit.spec.column_names) == 6),
    ),
    "outcome levels that look alike": (
        lambda: logreg.fit("ys ~ x1", put("ys", BASE.index[BASE.y == 1][:20], "Yes ", object)),
        DataWarning,
        ["'ys'", "'Yes '", "'yes'"],
        lambda fit: _assert(len(fit.spec.outcome.levels) == 3),
    ),
    "H12 invisible characters": (
        lambda: logreg.fit("y ~ g", with_columns(g=np.resize(["a\u202eb", "a\u200bb", "ab"], N))),
        DataWarning,
        ["'g'", "202e"],
        lambda fit: _assert(len(fit.spec.column_names) == 3),
    ),
    "P53 one level": (
        lambda: logreg.fit("y ~ g + x1", with_columns(g="a")),
        CollinearityWarning,
        ["'g'", "'a'", "one level"],
        lambda fit: same(fit, newton([BASE.x1], BASE.y)),
    ),
    "N15 a constant column": (
        lambda: logreg.fit("y3 ~ x1 + k", with_columns(k=3)),
        CollinearityWarning,
        ["'k'", "3 Intercept"],
        lambda fit: np.testing.assert_allclose(
            fit.coef_array[:, :2], newton_multinomial([BASE.x1], BASE.y3), rtol=1e-8
        ),
    ),
    "N11 too few iterations": (
        lambda: logreg.fit("y ~ x1 + x2", BASE, max_iterations=2),
        ConvergenceWarning,
        ["2 iterations", "max_iterations"],
        lambda fit: _assert(fit.convergence.status == "max_iterations" and not fit.convergence.converged),
    ),
    "fewer events than coefficients": (
        lambda: logreg.fit("y ~ x1 + x2 + x3 + b", BASE.iloc[:10]),
        SmallClassWarning,
        ["'y'", "'0'", "3 rows", "4 coefficients"],
        lambda fit: _assert(fit.n_rows == 10),
    ),
}


@pytest.mark.parametrize("case", WARNED)
def test_warned(case: str) -> None:
    call, kind, words, check = WARNED[case]
    with pytest.warns(LogregWarning) as caught:
        fit = call()
    assert [warning.category for warning in caught] == [kind]
    message = str(caught[0].message)
    assert [word for word in words if word not in message] == []
    assert [(remark.kind, remark.text) for remark in fit.remarks] == [(kind.__name__, message)]
    assert caught[0].filename == __file__, "the warning points at the caller"
    check(fit)


# Fits: the right answer in silence --------------------------------------------------------------------

ODD_NAMES = [
    "my var (kg)",
    'it\'s "x"',
    "a`b",
    "__import__",
    "line1\nline2",
    "log",
    "C",
    "x1 + x2",
    " ",
    "é",
    "y2~x",
    "1st",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names(name: str) -> None:
    fit = logreg.fit(f"y ~ {quote(name)} + x2", renamed(name))
    same(fit, newton(PLAIN, BASE.y))
    assert list(fit.coefficients()["variable"]) == ["Intercept", name, "x2"]
    np.testing.assert_array_equal(fit.probabilities(renamed(name)).to_numpy(), fit.probabilities().to_numpy())


def test_o03_text_outcome_models_the_last_level_and_says_so() -> None:
    fit = logreg.fit("ys ~ x1 + x2", BASE)
    same(fit, newton(PLAIN, BASE.y))
    assert fit.spec.outcome.modelled == ("yes",)
    assert "no" in fit.spec.outcome.rule
    assert "P(yes)" in repr(fit)


@pytest.mark.parametrize(("shift", "factor", "event"), [(1, 1, "2"), (-1, 2, "1")])
def test_o09_o10_other_codes(shift: int, factor: int, event: str) -> None:
    fit = logreg.fit("y ~ x1 + x2", with_columns(y=factor * BASE.y + shift))
    same(fit, newton(PLAIN, BASE.y))
    assert f"P({event})" in repr(fit)


def test_o20_unused_outcome_level() -> None:
    levels = pd.Categorical(BASE.y3s, categories=["p", "q", "r", "zzz"])
    fit = logreg.fit("y3s ~ x1 + x2", with_columns(y3s=levels))
    assert list(fit.probabilities().columns) == ["p", "q", "r"]
    np.testing.assert_allclose(fit.coef_array, newton_multinomial(PLAIN, BASE.y3), rtol=1e-8)


@pytest.mark.parametrize("codes", ["categorical", "C()"])
def test_many_numeric_classes_are_fine_when_declared(codes: str) -> None:
    classes = np.arange(N) % 25
    if codes == "categorical":
        fit = logreg.fit("k ~ x1", with_columns(k=pd.Categorical(classes + 0.5)))
    else:
        fit = logreg.fit("C(k) ~ x1", with_columns(k=classes))
    assert len(fit.spec.outcome.levels) == 25
    np.testing.assert_allclose(fit.probabilities().sum(axis=0), 8.0, rtol=1e-9)


@pytest.mark.parametrize(
    "column",
    [
        BASE.b == 1,
        (BASE.b == 1).astype("boolean"),
        BASE.b.astype("Int8"),
        BASE.b.astype("uint8"),
        pd.arrays.SparseArray(BASE.b),
        BASE.b.astype("float32"),
        [decimal.Decimal(int(v)) for v in BASE.b],
        BASE.b.astype("int64[pyarrow]"),
    ],
    ids=lambda column: str(getattr(column, "dtype", "Decimal")),
)
def test_p13_p15_p38_types_of_a_0_1_column(column: Any) -> None:
    same(logreg.fit("y ~ z + x2", with_columns(z=column)), newton([BASE.b, BASE.x2], BASE.y))
    same(logreg.fit("z ~ x2", with_columns(z=column)), newton([BASE.x2], BASE.b))


def test_p36_float16_is_computed_in_double() -> None:
    half = BASE.x1.astype("float16")
    same(logreg.fit("y ~ x1 + x2", with_columns(x1=half)), newton([half.astype(float), BASE.x2], BASE.y))


def test_p21_p48_p52_p57_categories() -> None:
    unused = logreg.fit("y ~ g + x1", with_columns(g=pd.Categorical(BASE.g, categories=[*"abc", "zzz"])))
    assert unused.spec.column_names == GROUPS.spec.column_names
    np.testing.assert_array_equal(unused.coef_array, GROUPS.coef_array)
    empty = logreg.fit("y ~ g + x1", with_columns(g=BASE.g.replace("a", "")))
    np.testing.assert_array_equal(empty.coef_array, GROUPS.coef_array)
    assert {"", "b"} <= {*empty.coefficients()["level"], *empty.coefficients()["reference"]}
    codes = logreg.fit("y ~ C(grp)", with_columns(grp=BASE.g.map({"a": 1, "b": 2, "c": 3})))
    assert codes.spec.column_names == ("Intercept", "C(grp)[T.2]", "C(grp)[T.3]")
    cut = pd.cut(BASE.x2, np.quantile(BASE.x2, [0, 0.25, 0.5, 0.75, 1]), include_lowest=True)
    interval = logreg.fit("y ~ q + x1", with_columns(q=cut))
    same(interval, newton([*(cut.cat.codes == k for k in (1, 2, 3)), BASE.x1], BASE.y))


def test_one_row_of_counts_per_level_is_not_an_identifier() -> None:
    table = pd.DataFrame({"dept": list("abcd"), "dose": [1, 2, 3, 4], "s": [3, 5, 7, 9], "f": [10, 9, 8, 3]})
    logits = np.log(table.s / table.f)
    for formula in ("cbind(s, f) ~ dept", "cbind(s, f) ~ C(dose)"):
        fit = logreg.fit(formula, table)
        np.testing.assert_allclose(fit.coef_array[0], [logits[0], *(logits[1:] - logits[0])], rtol=1e-10)


def test_p33_a_column_called_log() -> None:
    fit = logreg.fit("y ~ log + log(u)", with_columns(log=BASE.x1, u=np.exp(BASE.x2)))
    same(fit, newton(PLAIN, BASE.y))


def test_p39_an_index_with_repeats() -> None:
    data = BASE.set_index(pd.Index(np.arange(N) // 2))
    fit = logreg.fit("y ~ x1 + x2", data)
    same(fit, newton(PLAIN, BASE.y))
    pd.testing.assert_index_equal(fit.probabilities().index, data.index)
    np.testing.assert_array_equal(fit.probabilities(), BINARY.probabilities())


def test_p45_p46_no_wrap_around() -> None:
    rng = np.random.default_rng(3)
    u, v = (rng.integers(95, 105, N).astype("uint8") for _ in range(2))
    same(logreg.fit("y ~ I(u - v)", with_columns(u=u, v=v)), newton([u.astype(float) - v], BASE.y))
    million = (3e6 + 1e5 * rng.normal(size=N)).astype("int64")
    cube = million.astype(float) ** 3
    fit = logreg.fit("y ~ I(m**3)", with_columns(m=million))
    expected, errors = newton([(cube - cube.mean()) / cube.std()], BASE.y)
    np.testing.assert_allclose(fit.coef_array[0, 1] * cube.std(), expected[1], rtol=1e-8)
    np.testing.assert_allclose(fit.std_error_array[0, 1] * cube.std(), errors[1], rtol=1e-8)


def test_w02_zero_weights_are_absent_rows() -> None:
    weights = np.r_[np.zeros(5), np.ones(N - 5)]
    fit = logreg.fit("y ~ x1", BASE, weights=weights)
    same(fit, newton([BASE.x1[5:]], BASE.y[5:]))
    assert fit.n_rows == 195


@pytest.mark.parametrize("kind", ["precision", "sampling"])
def test_w10_tiny_weights(kind: str) -> None:
    fit = logreg.fit("y ~ x1 + x2", with_columns(w=1e-15), weights="w", weight_kind=kind)
    np.testing.assert_allclose(fit.coef_array, BINARY.coef_array, rtol=1e-9)
    assert fit.convergence.converged
    assert fit.convergence.iterations > 1


def test_m16_a_term_twice() -> None:
    assert logreg.fit("y ~ x1 + x1 + x2", BASE).coef.equals(BINARY.coef)


def test_n01_logits_of_a_thousand() -> None:
    new = pd.DataFrame({"x1": [2000.0, -2000.0], "x2": 0.0})
    np.testing.assert_array_equal(BINARY.probabilities(new), [[0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_array_equal(BINARY.odds(new), [[np.inf], [0.0]])
    np.testing.assert_array_equal(BINARY.classify(new), [1, 0])
    for fit in (BINARY, THREE):
        long = fit.probabilities(new, interval=True)
        assert np.isfinite(long[["estimate", "std_error", "conf_low", "conf_high"]].to_numpy()).all()
        assert (long.conf_low <= long.estimate).all()
        assert (long.estimate <= long.conf_high).all()
        assert not fit.odds(new, interval=True).estimate.isna().any()


def test_n02_offsets_of_a_thousand() -> None:
    up = (BASE.y == 1) & (BASE.y.cumsum() <= 20)
    down = (BASE.y == 0) & ((1 - BASE.y).cumsum() <= 20)
    data = with_columns(o=np.where(up, 1000.0, np.where(down, -1000.0, 0.0)))
    fit = logreg.fit("y ~ x1 + x2", data, offset="o")
    rest = BASE[~(up | down)]
    same(fit, newton([rest.x1, rest.x2], rest.y))
    np.testing.assert_allclose(fit.loglik, logreg.fit("y ~ x1 + x2", rest).loglik, rtol=1e-12)


def test_n06_rare_events() -> None:
    rng = np.random.default_rng(6)
    data = pd.DataFrame({"x": rng.normal(size=20_000), "y": np.r_[np.ones(6), np.zeros(19_994)]})
    same(logreg.fit("y ~ x", data), newton([data.x], data.y))


def test_n14_years_and_incomes() -> None:
    fit = logreg.fit("y ~ x1 + x2", with_columns(x1=2000 + 10 * BASE.x1, x2=1e5 * (1 + 0.3 * BASE.x2)))
    coef, errors = newton(PLAIN, BASE.y)
    np.testing.assert_allclose(fit.coef_array[0, 1:] * [10, 3e4], coef[1:], rtol=1e-9)
    np.testing.assert_allclose(fit.std_error_array[0, 1:] * [10, 3e4], errors[1:], rtol=1e-9)
    np.testing.assert_allclose(fit.probabilities(), BINARY.probabilities(), atol=PROBABILITY_TOLERANCE)


SAME_PREDICTIONS: dict[str, Callable[[], Any]] = {
    "D02 columns in another order": lambda: BINARY.probabilities(BASE[["x2", "x1"]]),
    "D11 polars": lambda: BINARY.probabilities(pl.from_pandas(BASE)),
    "Arrow": lambda: BINARY.probabilities(pa.Table.from_pandas(BASE)),
    "an Arrow stream": lambda: BINARY.probabilities(pa.Table.from_pandas(BASE).to_reader()),
    "a dict of lists": lambda: BINARY.probabilities({"x1": BASE.x1.tolist(), "x2": BASE.x2.tolist()}),
    "no data": lambda: BINARY.probabilities(),
}


@pytest.mark.parametrize("case", SAME_PREDICTIONS)
def test_same_predictions_from_every_table(case: str) -> None:
    coef, _ = newton(PLAIN, BASE.y)
    expected = 1 / (1 + np.exp(-(coef[0] + coef[1] * BASE.x1 + coef[2] * BASE.x2)))
    found = SAME_PREDICTIONS[case]()
    np.testing.assert_allclose(found["1"], expected, atol=PROBABILITY_TOLERANCE)


def test_d08_d09_d10_new_data_matched_by_level() -> None:
    training = GROUPS.probabilities()
    reordered = with_columns(g=pd.Categorical(BASE.g, categories=list("cba")))
    pd.testing.assert_frame_equal(GROUPS.probabilities(reordered), training)
    first = BASE.iloc[[1]]
    pd.testing.assert_frame_equal(GROUPS.probabilities(first), training.iloc[[1]])
    one = GROUPS.probabilities({"g": first.g.iloc[0], "x1": first.x1.iloc[0]})
    np.testing.assert_array_equal(one, training.iloc[[1]])


def test_missing_values_in_new_data_stay_in_place() -> None:
    new = pd.DataFrame({"x1": [0.1, np.nan, 0.3], "g": ["a", "b", None]}, index=["i", "j", "k"])
    found = GROUPS.probabilities(new)
    assert list(found.index) == ["i", "j", "k"]
    np.testing.assert_array_equal(found.isna().all(axis=1), [False, True, True])
    assert list(GROUPS.classify(new).isna()) == [False, True, True]
    long = GROUPS.logits(new, interval=True)
    np.testing.assert_array_equal(long[["estimate", "conf_low"]].isna().any(axis=1), [False, True, True])


def test_no_rows_to_predict() -> None:
    assert BINARY.probabilities(BASE.iloc[:0]).shape == (0, 2)
    assert BINARY.logits(BASE.iloc[:0], interval=True).shape[0] == 0
    assert len(BINARY.classify(BASE.iloc[:0])) == 0


def test_numpy_scalars_are_numbers() -> None:
    by_numpy = BINARY.odds_ratios(unit={"x1": np.int64(2), "x2": np.float32(0.5)})
    pd.testing.assert_frame_equal(by_numpy, BINARY.odds_ratios(unit={"x1": 2, "x2": 0.5}))
    pd.testing.assert_series_equal(
        BINARY.classify(threshold=np.float64(0.25)), BINARY.classify(threshold=0.25)
    )


def test_a_spec_travels() -> None:
    assert pickle.loads(pickle.dumps(GROUPS.spec)) == GROUPS.spec
