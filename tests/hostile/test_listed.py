"""The listed adversarial inputs, one test each: a right answer, or one message that says what to do."""

from __future__ import annotations

import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import logreg
from logreg.design.fence import quote
from logreg.errors import (
    CollinearityWarning,
    ConvergenceWarning,
    DataError,
    DataWarning,
    FormulaError,
    MissingDataWarning,
    OutcomeError,
    PredictError,
    SeparationWarning,
    WeightError,
)

from .base import (
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
    same_multinomial,
    too_many_levels,
    with_columns,
)
from .verdicts import Case, fits, judge, refused, warned

fit = logreg.fit
DAY = np.datetime64("2020-01-01")
NULLS = pl.from_pandas(BASE).with_columns(
    x1=pl.when(pl.int_range(pl.len()).is_in(GONE)).then(None).otherwise(pl.col("x1"))
)
GROUPS = [BASE.g == "b", BASE.g == "c", BASE.x1]
LIKE_BASE = newton(PLAIN, BASE.y)


def like_base(found: Any) -> None:
    same(found, LIKE_BASE)


def used(n_rows: int) -> Any:
    def check(found: Any) -> None:
        assert (found.n_rows, found.sample.rows_dropped) == (n_rows, N - n_rows)

    return check


def like(columns: list[Any], y: Any, **extra: Any) -> Any:
    return lambda found: same(found, newton(columns, y, **extra))


def infinite(*terms: str, others: bool = True) -> Any:
    """These terms are marked infinite, without a Wald number; the others keep theirs."""

    def check(found: Any) -> None:
        rows = found.coefficients()
        marked = rows[np.isinf(rows["estimate"])]
        assert set(terms) <= set(marked["term"])
        assert marked[["std_error", "statistic", "p_value", "conf_low", "conf_high"]].isna().all(axis=None)
        ratios = found.odds_ratios()
        ratios = ratios[np.isinf(np.log(ratios["odds_ratio"].where(ratios["odds_ratio"] > 0, np.inf)))]
        assert set(terms) <= set(ratios["term"])
        assert ratios[["conf_low", "conf_high", "p_value"]].isna().all(axis=None)
        assert found.separation.verdict in ("complete", "quasi-complete")
        assert found.convergence.status == "separated"
        if others:
            rest = rows[np.isfinite(rows["estimate"])]
            assert rest["std_error"].notna().all()

    return check


def holds(value: object) -> None:
    assert value


def names_the_outcome(event: str) -> Any:
    def check(found: Any) -> None:
        assert found.spec.outcome.modelled == (event,)
        assert f"P({event})" in repr(found)
        assert f"{found.spec.outcome.label}: {event}" in str(found.summary())

    return check


def odd_name(name: str) -> Case:
    """A column of this name gives the estimates of the base table, and its name stands in every table."""

    def check(found: Any) -> None:
        like_base(found)
        assert list(found.coefficients()["variable"]) == ["Intercept", name, "x2"]
        np.testing.assert_array_equal(found.probabilities(renamed(name)), found.probabilities())

    return fits(lambda: fit(f"y ~ {quote(name)} + x2", renamed(name)), check)


LEVELS_21 = with_columns(
    ys=np.where(np.isin(np.arange(N), BASE.index[BASE.y == 1][:5]), "Yes ", BASE.ys).astype(object)
)

CASES: dict[str, Case] = {
    # the outcome
    "O03": fits(
        lambda: fit("ys ~ x1 + x2", BASE), lambda found: (like_base(found), names_the_outcome("yes")(found))
    ),
    "O06": warned(
        lambda: fit("y ~ x1 + x2", put("y", GONE, np.nan)),
        MissingDataWarning,
        *("'y'", "5 rows", "row 3", "195", "missing='raise'"),
        check=used(195),
    ),
    "O06 refused": refused(
        lambda: fit("y ~ x1 + x2", put("y", GONE, np.nan), missing="raise"),
        DataError,
        *("'y'", "5 rows", "row 3", "missing='drop'"),
    ),
    "O07": refused(
        lambda: fit("y ~ x1 + x2", put("y", BASE.index[BASE.y == 1][:10], 2.0), event=1),
        OutcomeError,
        *("'y'", "0, 1, 2", "Recode", "event=", "multinomial"),
    ),
    "O08": refused(
        lambda: fit("y ~ x1 + x2", with_columns(y=np.where(BASE.y == 1, 0.7, 0.3))),
        OutcomeError,
        *("'y'", "0.3", "trials"),
    ),
    "O09": fits(
        lambda: fit("y ~ x1 + x2", with_columns(y=BASE.y + 1)),
        lambda found: (like_base(found), names_the_outcome("2")(found)),
    ),
    "O10": fits(
        lambda: fit("y ~ x1 + x2", with_columns(y=2 * BASE.y - 1)),
        lambda found: (like_base(found), names_the_outcome("1")(found)),
    ),
    "O12": refused(
        lambda: fit("cbind(s, f) ~ x1", counts()),
        OutcomeError,
        *("cbind(s, f)", "'f'", "-2", "row 0", "5 rows", "successes than trials"),
    ),
    "O13": refused(lambda: fit("y ~ x1", BASE.iloc[:0]), DataError, "no rows", "filter"),
    "O14": refused(lambda: fit("y ~ x1", BASE.iloc[:1]), DataError, "1 row", "coefficients"),
    "O18": refused(lambda: fit("y3 ~ x1", with_columns(y3=1)), OutcomeError, "'y3'", "one class", "1"),
    "O20": fits(
        lambda: fit("y3s ~ x1 + x2", with_columns(y3s=pd.Categorical(BASE.y3s, [*"pqr", "zzz"]))),
        lambda found: (
            same_multinomial(found, newton_multinomial(PLAIN, BASE.y3)),
            holds(len(found.spec.outcome.levels) == 3),
        ),
    ),
    "O21": refused(
        lambda: fit("ys ~ x1", LEVELS_21, event="yes"), OutcomeError, "'ys'", "'Yes '", "'yes'", "same level"
    ),
    "O22": warned(
        lambda: fit("ys ~ x1", put("ys", GONE, None, object)),
        MissingDataWarning,
        *("'ys'", "5 rows", "195"),
        check=lambda found: (used(195)(found), holds(found.spec.outcome.names == ("no", "yes"))),
    ),
    "O23": refused(
        lambda: fit("y ~ x1", with_columns(y=DAY + BASE.y.to_numpy().astype("timedelta64[D]"))),
        OutcomeError,
        *("'y'", "datetime", "dates are not numbers"),
    ),
    "O25": refused(lambda: fit("x3 ~ x1 + x2", BASE), OutcomeError, "'x3'", "200 distinct", "categorical"),
    # predictors
    "P05": warned(
        lambda: fit("y ~ x1 + x2", put("x1", GONE, np.nan)),
        MissingDataWarning,
        *("'x1'", "5 rows", "195"),
        check=like([BASE.x1.drop(GONE), BASE.x2.drop(GONE)], BASE.y.drop(GONE)),
    ),
    "P11": refused(
        lambda: fit("y ~ x1 + x2", with_columns(x1=BASE.x1.astype(str))),
        DataError,
        *("'x1'", "200", "numbers", "to_numeric"),
    ),
    "P12": refused(
        lambda: fit("y ~ d + x2", with_columns(d=pd.date_range("2020-01-01", periods=N))),
        DataError,
        *("'d'", "datetime", "dates are not numbers", "days since"),
    ),
    "P13": fits(lambda: fit("y ~ bb + x2", with_columns(bb=BASE.b == 1)), like([BASE.b, BASE.x2], BASE.y)),
    "P15": fits(
        lambda: fit("y ~ x1 + x2", with_columns(x1=[decimal.Decimal(str(v)) for v in BASE.x1])), like_base
    ),
    "P16": refused(
        lambda: fit("y ~ x1 + x2", with_columns(x1=BASE.x1 * 1e300)), DataError, "'x1'", "Rescale", "row 0"
    ),
    "P17": refused(
        lambda: fit("y ~ x1 + x2", with_columns(x1=BASE.x1 * 1e-300)), DataError, "'x1'", "Rescale"
    ),
    "P19": warned(
        lambda: fit("y ~ g + x1", with_columns(y=np.where(BASE.g == "c", 1, BASE.y))),
        SeparationWarning,
        *("quasi-complete", "'g'", "g[T.c]", "Firth", "merging levels"),
        check=infinite("g[T.c]"),
    ),
    "P20": refused(
        lambda: fit("y ~ x1 + C(id)", too_many_levels()), DataError, "'id'", "10000 levels", "GB", "10001"
    ),
    "P21": fits(
        lambda: fit("y ~ g + x1", with_columns(g=pd.Categorical(BASE.g, categories=[*"abc", "zzz"]))),
        like(GROUPS, BASE.y),
    ),
    "P44": refused(
        lambda: fit("y ~ x1 + x2", with_columns(x1=np.nan)), DataError, "'x1'", "200", "no complete rows"
    ),
    "P47": warned(
        lambda: fit("y ~ g + x1", put("g", GONE, None, object)),
        MissingDataWarning,
        *("'g'", "5 rows", "195"),
        check=like([column.drop(GONE) for column in GROUPS], BASE.y.drop(GONE)),
    ),
    "P48": fits(
        lambda: fit("y ~ g + x1", with_columns(g=BASE.g.replace("a", ""))),
        lambda found: (
            like(GROUPS, BASE.y)(found),
            holds(found.coefficients()["reference"].tolist()[1:3] == ["", ""]),
        ),
    ),
    "P49": warned(
        lambda: fit("y ~ g + x1", with_columns(g=blanks())),
        DataWarning,
        *("'g'", "'b '", "'b'", "strip"),
        check=lambda found: holds(len(found.spec.column_names) == 6),
    ),
    "P53": warned(
        lambda: fit("y ~ g + x1", with_columns(g="a")),
        CollinearityWarning,
        *("'g'", "'a'", "one level"),
        check=like([BASE.x1], BASE.y),
    ),
    # names
    "P22": odd_name("my var (kg)"),
    "P23": odd_name('it\'s "x"'),
    "P26": odd_name("a`b"),
    "P27": odd_name("__import__"),
    "P28": odd_name("line1\nline2"),
    "P31": refused(lambda: fit("y ~ x1 + x2", duplicated()), DataError, "'x1'", "duplicate", "rename"),
    "P33": fits(
        lambda: fit("y ~ log + log(u)", with_columns(log=BASE.x1, u=np.exp(BASE.x2))),
        like(PLAIN, BASE.y),
    ),
    "P34": refused(
        lambda: fit("y ~ Intercept + x2", renamed("Intercept")),
        FormulaError,
        *("'Intercept'", "reserved", "Rename"),
    ),
    # types
    "P35": refused(
        lambda: fit("y ~ n + x2", with_columns(n=(2**53 + 1 + BASE.b).astype("int64"))),
        DataError,
        *("'n'", "2**53", "row 0", "subtract a constant", "identifier"),
    ),
    "P36": fits(
        lambda: fit("y ~ x1 + x2", with_columns(x1=BASE.x1.astype("float16"))),
        like([BASE.x1.astype("float16").astype(float), BASE.x2], BASE.y),
    ),
    "P38": fits(
        lambda: fit("y ~ b + x2", with_columns(b=pd.arrays.SparseArray(BASE.b))),
        like([BASE.b, BASE.x2], BASE.y),
    ),
    "P39": fits(
        lambda: fit("y ~ x1 + x2", BASE.set_index(pd.Index(np.arange(N) // 2))),
        lambda found: (
            like_base(found),
            pd.testing.assert_index_equal(found.probabilities().index, pd.Index(np.arange(N) // 2)),
        ),
    ),
    "P42": refused(
        lambda: fit("y ~ x1 + x2", with_columns(x1=BASE.x1 + 1j * BASE.x3)), DataError, "'x1'", "complex"
    ),
    "P45": fits(
        lambda: fit("y ~ I(u - v)", with_columns(u=(95 + BASE.y3 * 4).astype("uint8"), v=np.uint8(99))),
        like([BASE.y3 * 4.0 - 4.0], BASE.y),
    ),
    "P46": fits(
        lambda: fit("y ~ I(m**3)", with_columns(m=(3e6 + 1e5 * BASE.x1).astype("int64"))),
        lambda found: np.testing.assert_allclose(
            found.probabilities()["1"], cube_probabilities(), atol=PROBABILITY_TOLERANCE
        ),
    ),
    "P52": fits(
        lambda: fit("y ~ q + x1", with_columns(q=quarters())),
        lambda found: (
            like([*(quarters().cat.codes == k for k in (1, 2, 3)), BASE.x1], BASE.y)(found),
            holds(len(found.spec.column_names) == 5),
        ),
    ),
    "P56": warned(
        lambda: fit("y ~ x1 + x2", NULLS), MissingDataWarning, "'x1'", "5 rows", "195", check=used(195)
    ),
    "P57": fits(
        lambda: fit("y ~ C(grp)", with_columns(grp=BASE.g.map({"a": 1, "b": 2, "c": 3}))),
        like([BASE.g == "b", BASE.g == "c"], BASE.y),
    ),
    # separation
    "S01": warned(
        lambda: fit("y ~ x1", with_columns(y=(BASE.x1 > 0).astype(int))),
        SeparationWarning,
        *("complete", "'x1'", "Firth"),
        check=infinite("x1", others=False),
    ),
    "S02": warned(
        lambda: fit("y ~ b + x1", with_columns(y=np.where(BASE.b == 1, 1, BASE.y))),
        SeparationWarning,
        *("quasi-complete", "'b'", "Firth"),
        check=lambda found: (
            infinite("b")(found),
            np.testing.assert_allclose(
                found.coefficients().set_index("term").loc[["Intercept", "x1"], "estimate"],
                newton([BASE.x1[BASE.b == 0]], BASE.y[BASE.b == 0])[0],
                rtol=1e-7,
            ),
        ),
    ),
    "S03": warned(
        lambda: fit("y3 ~ x1 + x2", with_columns(y3=np.where(BASE.x1 > 1, 2, BASE.y3 % 2))),
        SeparationWarning,
        *("'2'", "'x1'"),
        check=infinite("x1"),
    ),
    "S06": warned(
        lambda: fit("y ~ x1 + x2", with_columns(y=(BASE.x1 - BASE.x2 > 0).astype(int))),
        SeparationWarning,
        *("complete", "'x1'", "'x2'", "together"),
        check=infinite("x1", "x2", others=False),
    ),
    "S07": warned(
        lambda: fit("y3 ~ x1", with_columns(y3=np.searchsorted([-0.5, 0.5], BASE.x1))),
        SeparationWarning,
        *("complete", "'x1'"),
        check=infinite("x1", others=False),
    ),
    # weights
    "W02": fits(
        lambda: fit("y ~ x1 + x2", with_columns(w=np.r_[np.zeros(5), np.ones(N - 5)]), weights="w"),
        lambda found: (like([BASE.x1[5:], BASE.x2[5:]], BASE.y[5:])(found), used(195)(found)),
    ),
    "W03": refused(
        lambda: fit("y ~ x1", with_columns(w=0.0), weights="w"), WeightError, "'w'", "all weights are zero"
    ),
    "W07": refused(
        lambda: fit("y ~ x1", with_columns(w=at(3, np.inf)), weights="w"),
        WeightError,
        *("'w'", "infinite weight", "1 row", "row 3"),
    ),
    "W10": fits(
        lambda: fit("y ~ x1 + x2", with_columns(w=1e-15), weights="w", weight_kind="precision"), like_base
    ),
    "W11": refused(
        lambda: fit("y ~ x1", with_columns(w=BASE.y), weights="w"), OutcomeError, "'y'", "'w'", "one class"
    ),
    "W12": refused(
        lambda: fit("y ~ x1", BASE, freq_weigths="b"),  # type: ignore[call-arg]
        TypeError,
        "freq_weigths",
        "weight_kind='frequency'",
    ),
    # formulas
    "M02": refused(lambda: fit("y ~ log(x1 + x2", BASE), FormulaError, "(", "position 8", "not closed"),
    "M04": refused(lambda: fit("y ~ C(x1)", BASE), FormulaError, "'x1'", "200", "as many levels as rows"),
    "M11": refused(lambda: fit("", BASE), FormulaError, "empty"),
    "M15": refused(
        lambda: fit("y ~ log(x1)", with_columns(x1=np.where(np.arange(N) == 9, 0.0, BASE.x1))),
        DataError,
        *("log(x1)", "not finite", "rows", "row 0", "missing"),
    ),
    "M28": refused(
        lambda: fit("y ~ log(x1) + x2", BASE),
        DataError,
        *("log(x1)", f"{int((BASE.x1 < 0).sum())} rows", f"row {int(np.argmax(BASE.x1 < 0))}", "transform"),
    ),
    "M16": fits(lambda: fit("y ~ x1 + x1 + x2", BASE), like_base),
    "M17": refused(lambda: fit("y ~ x1 − x2", BASE), FormulaError, "−", "position 8", "'-'"),
    "M25": refused(lambda: fit("y ~ x1 | x2", BASE), FormulaError, "'|'", "no meaning"),
    "M26": refused(lambda: fit("y = x1 + x2", BASE), FormulaError, "=", "'~'"),
    "M08": refused(
        lambda: fit("y ~ x1 + x2 + __import__('os').system('touch pwned_M08')", BASE),
        FormulaError,
        *("'__import__'", "not allowed", "Allowed are"),
    ),
    "M10": refused(
        lambda: fit("I(__import__('os').system('touch pwned_M10') + y) ~ x1", BASE),
        FormulaError,
        *("'__import__'", "not allowed", "Allowed are"),
    ),
    # numbers
    "N01": fits(
        lambda: fit("y ~ x1 + x2", BASE).probabilities({"x1": [2000.0, -2000.0], "x2": [0.0, 0.0]}),
        lambda found: np.testing.assert_array_equal(found, [[0.0, 1.0], [1.0, 0.0]]),
    ),
    "N02": fits(lambda: far_offsets(), lambda found: like_the_others(found)),
    "N04": warned(
        lambda: saturated(), SeparationWarning, "20", check=lambda found: holds(found.n_rows == 20)
    ),
    "N06": fits(
        lambda: fit("y ~ x", rare()),
        lambda found: same(found, newton([rare().x], rare().y)),
    ),
    "N11": warned(
        lambda: fit("y ~ x1 + x2", BASE, max_iterations=2),
        ConvergenceWarning,
        *("not converged after 2 iterations", "max_iterations"),
        check=lambda found: holds(not found.convergence.converged),
    ),
    "N14": fits(
        lambda: fit("y ~ x1 + x2", with_columns(x1=2000 + 10 * BASE.x1, x2=1e5 * (1 + 0.3 * BASE.x2))),
        lambda found: np.testing.assert_allclose(
            found.coef_array[0, 1:] * [10, 3e4], LIKE_BASE[0][1:], rtol=1e-9
        ),
    ),
    "N15": warned(
        lambda: fit("y3 ~ x1 + k", with_columns(k=3)),
        CollinearityWarning,
        *("'k'", "3 Intercept"),
        check=lambda found: np.testing.assert_allclose(
            found.coef_array[:, :2], newton_multinomial([BASE.x1], BASE.y3), rtol=1e-8
        ),
    ),
    # predictions
    "D01": refused(
        lambda: fit("y ~ x1 + x2", BASE).probabilities(BASE[["x1"]]), PredictError, "'x2'", "lack"
    ),
    "D02": fits(lambda: fit("y ~ x1 + x2", BASE).probabilities(BASE[["x2", "x1"]]), lambda p: as_fitted(p)),
    "D08": fits(
        lambda: fit("y ~ g + x1", BASE).probabilities(with_columns(g=pd.Categorical(BASE.g, list("cba")))),
        lambda p: pd.testing.assert_frame_equal(p, fit("y ~ g + x1", BASE).probabilities()),
    ),
    "D09": fits(
        lambda: fit("y ~ g + x1", BASE).probabilities(BASE.iloc[[1]]),
        lambda p: pd.testing.assert_frame_equal(p, fit("y ~ g + x1", BASE).probabilities().iloc[[1]]),
    ),
    "D10": fits(
        lambda: fit("y ~ x1 + x2", BASE).probabilities({"x1": BASE.x1[0], "x2": BASE.x2[0]}),
        lambda p: as_fitted(p, 1),
    ),
    "D11": fits(lambda: fit("y ~ x1 + x2", BASE).probabilities(pl.from_pandas(BASE)), lambda p: as_fitted(p)),
    # names that only look alike
    "H12": warned(
        lambda: fit("y ~ g", with_columns(g=np.resize(["a\u202eb", "a\u200bb", "ab"], N))),
        DataWarning,
        *("'g'", "202e", "200b", "invisible"),
        check=lambda found: holds("<U+202E>" in str(found.summary())),
    ),
}


def quarters() -> pd.Series:
    bounds = np.quantile(BASE.x2, [0, 0.25, 0.5, 0.75, 1])
    return pd.cut(BASE.x2, bounds, include_lowest=True)


def cube_probabilities() -> Any:
    million = (3e6 + 1e5 * BASE.x1).astype("int64").astype(float) ** 3
    scaled = (million - million.mean()) / million.std()
    coef, _ = newton([scaled], BASE.y)
    return 1 / (1 + np.exp(-(coef[0] + coef[1] * scaled)))


UP = (BASE.y == 1) & (BASE.y.cumsum() <= 20)
DOWN = (BASE.y == 0) & ((1 - BASE.y).cumsum() <= 20)


def far_offsets() -> Any:
    offset = np.where(UP, 1000.0, np.where(DOWN, -1000.0, 0.0))
    return fit("y ~ x1 + x2", with_columns(o=offset), offset="o")


def like_the_others(found: Any) -> None:
    rest = BASE[~(UP | DOWN)]
    same(found, newton([rest.x1, rest.x2], rest.y))
    assert np.isfinite(found.loglik)


def saturated() -> Any:
    rng = np.random.default_rng(4)
    extra = pd.DataFrame(rng.normal(size=(20, 19)), columns=[f"z{k}" for k in range(19)])
    extra["y"] = BASE.y[:20]
    return fit("y ~ " + " + ".join(f"z{k}" for k in range(19)), extra)


def rare() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    return pd.DataFrame({"x": rng.normal(size=20_000), "y": np.r_[np.ones(6), np.zeros(19_994)]})


def as_fitted(found: Any, n_rows: int = N) -> None:
    coef = LIKE_BASE[0]
    logit = coef[0] + coef[1] * BASE.x1 + coef[2] * BASE.x2
    np.testing.assert_allclose(found["1"], (1 / (1 + np.exp(-logit)))[:n_rows], atol=PROBABILITY_TOLERANCE)


@pytest.mark.parametrize("case", CASES)
def test_listed(case: str, folder: Path) -> None:
    judge(CASES[case], folder)
