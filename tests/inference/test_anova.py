"""Tests of terms: published cases, car and stats in R, refits of the smaller formulas, and closed forms."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.data import open_source
from logreg.errors import SupportError
from logreg.inference.normal import f_p_value
from logreg.inference.spans import effect_rows, spanned

from ..reference.comparison import HERE, read_json
from ..reference.test_cases import case_of, fitted_to, term_names

CASES = ("a01_birthwt", "a02_titanic", "a03_womenlf", "a05_ucb", "a08_contraception", "a10_alligators")
PUBLISHED = {
    "lr_type1_sequential": (1, "LR"),
    "lr_type2": (2, "LR"),
    "lr_type3_sum": (3, "LR"),
    "wald_type2": (2, "wald"),
    "wald_type3_sum": (3, "wald"),
    "wald_term": (2, "wald"),
    "score_drop1": (2, "score"),
    "score_term": (2, "score"),
}
OWN = read_json(HERE / "own" / "anova" / "anova.json")

#: The references are polished to 1e-12; log-likelihood differences and quadratic forms lose a few digits.
RTOL = 1e-9
#: R's score tests are taken at smaller models as they were when deviance stopped changing.
SCORE_RTOL = 1e-6
#: nnet's optimiser stops short of the maximum; the published multinomial cases are held to `RTOL`.
NNET_RTOL = 1e-5
#: Each of two suprema is approached to some 1e-12, and added up in another order.
SUPREMUM = 1e-9


def indexed(table: pd.DataFrame) -> pd.DataFrame:
    assert table["term"].is_unique
    return table.set_index("term")


def check(table: pd.DataFrame, expected: Mapping[str, Mapping[str, Any]], key: str, rtol: float) -> None:
    found = indexed(table)
    for term, numbers in expected.items():
        row = found.loc[term.replace("^", " ** ")]
        assert row.df == numbers["df"], term
        assert row.statistic == pytest.approx(numbers[key], rel=rtol), term
        # A relative error e of a chi-squared statistic x is up to x e / 2 in its tail.
        assert row.p_value == pytest.approx(numbers["p"], rel=10 * rtol * max(1.0, row.statistic)), term


@pytest.mark.parametrize("name", CASES)
def test_published_cases(name: str) -> None:
    case = case_of(name)
    fit = fitted_to(case)
    seen = 0
    for key, (kind, test) in PUBLISHED.items():
        if key in case["expected"]["tests"]:
            check(fit.anova(kind, test), case["expected"]["tests"][key], "chi2", RTOL)
            seen += 1
    assert seen >= 3


def data_of(name: str, columns: list[str]) -> pd.DataFrame:
    return pd.read_csv(HERE / "data" / f"{name}.csv").dropna(subset=columns)


@pytest.mark.parametrize("case", OWN["cases"], ids=lambda case: case["right"])
def test_car(case: Mapping[str, Any]) -> None:
    data = pd.read_csv(HERE / "data" / f"{case['data']}.csv").dropna()
    options = {"baseline": "not.work"} if case["outcome"] == "partic" else {"event": case["event"]}
    fit = logreg.fit(f"{case['outcome']} ~ {case['right']}", data, **options)
    for key, expected in case["tests"].items():
        test, kind = key.split("_")
        rtol = NNET_RTOL if case["outcome"] == "partic" else SCORE_RTOL if test == "score" else RTOL
        check(fit.anova(int(kind), test.replace("lr", "LR")), expected, "statistic", rtol)


def test_score_test_inside_a_smaller_model_agrees_with_r() -> None:
    expected = OWN["marginal_score"]
    data = data_of("a02_titanic", ["age"])
    fit = logreg.fit(f"survived ~ {expected['right']}", data, event="yes")
    check(fit.anova(2, "score"), {expected["term"]: expected}, "statistic", RTOL)


def test_sandwich_agrees_with_r() -> None:
    data = data_of("a01_birthwt", [])
    fit = logreg.fit("low ~ age + lwt + race + smoke", data, covariance="HC0")
    check(fit.anova(2, "wald"), OWN["robust"], "statistic", RTOL)
    check(fit.anova(3, "wald"), OWN["robust"], "statistic", RTOL)


def test_without_an_intercept_the_smaller_model_is_coded_for_itself() -> None:
    fit = logreg.fit("low ~ 0 + race + smoke", data_of("a01_birthwt", []))
    check(fit.anova(2, "LR"), OWN["no_intercept"], "statistic", RTOL)


def generated(n: int = 300, seed: int = 7) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "a": rng.choice(list("pqr"), n),
            "b": rng.choice(list("uv"), n),
            "c": rng.choice(list("xyz"), n),
            "x": rng.normal(size=n),
            "z": rng.normal(size=n),
            "o": rng.normal(size=n) / 3,
            "w": rng.integers(1, 4, n),
        }
    )
    logit = data.x * (data.a == "p") + 0.5 * (data.b == "u") - 0.3
    data["y"] = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int)
    data["m"] = np.where(rng.random(n) < 0.4, "A", np.where(data.y == 1, "B", "C"))
    data["twice"], data["mixed"] = 2 * data.x, 1000 * data.x + data.z
    return data


DESIGNS = {
    "crossed": (True, ["a", "b", "a:b"]),
    "cells": (False, ["a", "b", "a:b"]),
    "nested": (True, ["a", "a:b"]),
    "interaction alone": (True, ["a:b"]),
    "slopes": (True, ["x", "b", "a:x"]),
    "slopes alone": (False, ["b", "a:x"]),
    "several columns": (True, ["poly(x, 2)", "b", "b:poly(x, 2)"]),
    "sum contrasts": (True, ["C(a, contr.sum)", "b", "C(a, contr.sum):b"]),
    "aliased": (True, ["x", "twice", "z"]),
    "aliased later": (True, ["x", "z", "mixed", "a:twice"]),
}


def right_side(intercept: bool, terms: list[str]) -> str:
    return " + ".join(["1" if intercept else "0", *terms])


def quiet_fit(formula: str, data: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.CollinearityWarning)
        return logreg.fit(formula, data, **options)


@pytest.mark.parametrize("outcome", ["y", "m"])
@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("kind", [1, 2])
def test_likelihood_ratios_are_those_of_refitted_formulas(name: str, outcome: str, kind: int) -> None:
    intercept, terms = DESIGNS[name]
    data = generated()
    fit = quiet_fit(f"{outcome} ~ {right_side(intercept, terms)}", data, weights="w", offset="o")
    table = fit.anova(kind)
    factors = {term: set(term.split(":")) for term in table.term}
    for position, row in enumerate(table.itertuples()):
        if kind == 1:
            larger = list(table.term[: position + 1])
        else:
            larger = [term for term in table.term if not factors[row.term] < factors[term]]
        smaller = [term for term in larger if term != row.term]
        one = quiet_fit(f"{outcome} ~ {right_side(intercept, larger)}", data, weights="w", offset="o")
        if not smaller and not intercept:
            continue
        other = quiet_fit(f"{outcome} ~ {right_side(intercept, smaller)}", data, weights="w", offset="o")
        assert row.df == one.n_coef - other.n_coef
        if row.df:
            assert row.statistic == pytest.approx(2 * (one.loglik - other.loglik), rel=1e-8, abs=1e-9)
        else:
            assert np.isnan(row.statistic)
            assert np.isnan(row.p_value)
            assert row.reason == "it adds nothing to the other terms"


def test_kind_3_does_not_depend_on_the_contrasts_of_the_fit() -> None:
    data = generated()
    tables = [
        logreg.fit(f"m ~ {a} * {b} + x:{a}", data).anova(3, test)
        for a, b in [
            ("a", "b"),
            ("C(a, Treatment('r'))", "C(b, contr.sum)"),
            ("C(a, contr.sum)", "C(b, contr.sum)"),
        ]
        for test in ("LR", "wald", "score")
    ]
    for k in range(3):
        first = tables[k]
        for other in tables[k + 3 :: 3]:
            np.testing.assert_allclose(other.statistic, first.statistic, rtol=1e-8)
            assert list(other.df) == list(first.df)


def test_kind_3_is_the_joint_test_of_sum_coded_columns() -> None:
    """The Wald statistic from the coefficients of a sum-coded fit, by the textbook formula."""
    data = generated()
    fit = logreg.fit("y ~ C(a, contr.sum) * C(b, contr.sum)", data)
    treatment = indexed(logreg.fit("y ~ a * b", data).anova(3, "wald"))
    coef, vcov = fit.coef_array.ravel(), fit.vcov_array
    for ours, theirs in [
        ("a", "C(a, contr.sum)"),
        ("b", "C(b, contr.sum)"),
        ("a:b", "C(a, contr.sum):C(b, contr.sum)"),
    ]:
        here = list(fit.spec.term_slices[theirs])
        expected = coef[here] @ np.linalg.solve(vcov[np.ix_(here, here)], coef[here])
        assert treatment.statistic[ours] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("covariance", ["model", "HC0"])
def test_kind_2_wald_is_a_difference_of_two_quadratic_forms(covariance: str) -> None:
    """W(term and relatives) - W(relatives): nested hypotheses split into uncorrelated parts."""
    fit = logreg.fit("m ~ a * b + x", generated(), covariance=covariance)
    effects, m = effect_rows(fit.spec), 2

    def wald(lacking: list[str]) -> float:
        present = [term for term in fit.spec.terms if term not in lacking]
        pieces = set(effects) - spanned(fit.spec, present)
        rows = np.kron(np.eye(m), np.vstack([effects[piece] for piece in pieces]))
        left = rows @ fit.coef_array.ravel()
        return float(left @ np.linalg.solve(rows @ fit.vcov_array @ rows.T, left))

    found = indexed(fit.anova(2, "wald")).statistic
    assert found["a"] == pytest.approx(wald(["a", "a:b"]) - wald(["a:b"]), rel=1e-8)
    assert found["a:b"] == pytest.approx(wald(["a:b"]), rel=1e-9)


def test_two_by_two_table_in_closed_form() -> None:
    a, b, c, d = 30, 20, 15, 45
    data = pd.DataFrame({"x": [1, 1, 0, 0], "y": [1, 0, 1, 0], "n": [a, b, c, d]})
    fit = logreg.fit("y ~ x", data, weights="n")
    n = a + b + c + d
    pearson = n * (a * d - b * c) ** 2 / ((a + b) * (c + d) * (a + c) * (b + d))
    wald = np.log(a * d / (b * c)) ** 2 / (1 / a + 1 / b + 1 / c + 1 / d)
    cells = [(a, a + b, a + c), (b, a + b, b + d), (c, c + d, a + c), (d, c + d, b + d)]
    ratio = 2 * sum(k * np.log(k * n / (row * column)) for k, row, column in cells)
    for test, expected in [("score", pearson), ("wald", wald), ("LR", ratio)]:
        for kind in (1, 2, 3):
            assert fit.anova(kind, test).statistic[0] == pytest.approx(expected, rel=1e-11)
        assert fit.overall_test(test).statistic == pytest.approx(expected, rel=1e-11)


def test_overall_test_is_that_of_the_fit_statistics() -> None:
    for outcome in ("y", "m"):
        fit = logreg.fit(f"{outcome} ~ 0 + a * b + x", generated(), offset="o")
        statistics = fit.fit_statistics().set_index("statistic").value
        row = fit.overall_test()
        assert row.statistic == pytest.approx(statistics["lr_statistic"], rel=1e-12)
        assert (row.df, row.p_value) == (statistics["lr_df"], statistics["lr_p_value"])
        terms = fit.anova(1)
        assert terms.df.sum() == row.df + (len(fit.coef_array))
        scores = fit.overall_test("score"), fit.overall_test("wald")
        assert all(verdict.df == row.df for verdict in scores)


def test_frequencies_are_repeated_rows_and_counts_are_trials() -> None:
    data = generated(120)
    weighted = logreg.fit("m ~ a * x", data, weights="w")
    repeated = logreg.fit("m ~ a * x", data.loc[data.index.repeat(data.w)].reset_index(drop=True))
    wide = data.assign(**{level: data.w * (data.m == level) for level in "ABC"})
    grouped = logreg.fit("cbind(A, B, C) ~ a * x", wide)
    for kind in (1, 2, 3):
        for test in ("LR", "wald", "score"):
            first = weighted.anova(kind, test)
            for other in (repeated, grouped):
                np.testing.assert_allclose(other.anova(kind, test).statistic, first.statistic, rtol=1e-8)


@pytest.mark.parametrize("test", ["LR", "score", "wald"])
def test_blocks_give_the_same(test: str) -> None:
    data = generated()
    whole = logreg.fit("m ~ a * x + b", data).anova(2, test)
    blocks = logreg.fit("m ~ a * x + b", open_source(data, block_rows=7)).anova(2, test)
    np.testing.assert_allclose(blocks.statistic, whole.statistic, rtol=1e-9)


def test_precision_weights_have_no_unit() -> None:
    data = generated()
    fits = [
        logreg.fit("y ~ a + x", data.assign(w=factor * data.w), weights="w", weight_kind="precision")
        for factor in (1.0, 10.0)
    ]
    for test in ("LR", "wald", "score"):
        np.testing.assert_allclose(
            fits[0].anova(2, test).statistic, fits[1].anova(2, test).statistic, rtol=1e-9
        )


def test_sampling_weights_have_wald_tests_alone() -> None:
    fit = logreg.fit("y ~ a + x", generated(), weights="w", weight_kind="sampling")
    assert np.isfinite(fit.anova(2, "wald").p_value).all()
    for test in ("LR", "score"):
        with pytest.raises(SupportError, match="sampling weights have none"):
            fit.anova(2, test)
        with pytest.raises(SupportError, match="sampling weights have none"):
            fit.overall_test(test)


def test_finite_reference_degrees_of_freedom_give_f() -> None:
    fit = logreg.fit("y ~ a + x", generated())
    chi2, f = fit.anova(2, "wald"), replace(fit, reference_df=17.0).anova(2, "wald")
    np.testing.assert_allclose(f.statistic, chi2.statistic / chi2.df, rtol=1e-13)
    assert list(f.df_error) == [17.0, 17.0]
    assert f.p_value[0] == pytest.approx(f_p_value(f.statistic[0], 2, 17.0), rel=1e-14)
    assert "df_error" not in chi2


def test_published_f_tests_of_a_survey() -> None:
    """R's regTermTest: F with the linearised covariance of the strata and its residual degrees of freedom."""
    case = case_of("a07_apistrat")
    expected = case["expected"]
    fit = fitted_to(case)
    names = term_names(case["parameters"])
    order = [list(names.values()).index(name) for name in fit.spec.column_names]
    vcov = np.array(expected["vcov"])[np.ix_(order, order)]
    published = replace(fit, vcov_array=vcov, centred=None, reference_df=float(expected["residual_df"]))
    found = indexed(published.anova(2, "wald"))
    assert set(found.index) == set(expected["tests"])
    for term, numbers in expected["tests"].items():
        row = found.loc[term]
        assert (row.df, row.df_error) == (numbers["df"], numbers["ddf"])
        assert row.statistic == pytest.approx(numbers["wald_F"], rel=1e-8)
        assert row.p_value == pytest.approx(numbers["p"], rel=1e-7)


def separated() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"a": rng.choice(list("pqr"), 120), "x": rng.normal(size=120)})
    data["y"] = np.where(data.a == "p", 1, rng.random(120) < 0.5).astype(int)
    data["m"] = np.where(data.a == "p", "A", rng.choice(list("ABC"), 120))
    return data


@pytest.mark.parametrize("outcome", ["y", "m"])
def test_separation_leaves_likelihood_ratios_and_takes_wald_tests(outcome: str) -> None:
    data = separated()
    with pytest.warns(logreg.SeparationWarning):
        fit = logreg.fit(f"{outcome} ~ a + x", data)
    with pytest.warns(logreg.SeparationWarning):
        only_a = logreg.fit(f"{outcome} ~ a", data)
    only_x = logreg.fit(f"{outcome} ~ x", data)
    ratio, wald = indexed(fit.anova()), indexed(fit.anova(test="wald"))
    assert ratio.statistic["a"] == pytest.approx(2 * (fit.loglik - only_x.loglik), rel=1e-9)
    assert ratio.statistic["x"] == pytest.approx(2 * (fit.loglik - only_a.loglik), rel=1e-9)
    assert np.isnan(wald.statistic["a"])
    assert "'a[T.q]', 'a[T.r]': use test='LR'" in wald.reason["a"]
    row = fit.coefficients().set_index("term").loc["x"]
    if outcome == "y":
        assert wald.statistic["x"] == pytest.approx(row.statistic**2, rel=1e-9)
    with pytest.warns(logreg.SeparationWarning):
        blocks = logreg.fit(f"{outcome} ~ a + x", open_source(data, block_rows=11))
    for test in ("LR", "score"):
        found, again = fit.anova(test=test), blocks.anova(test=test)
        np.testing.assert_allclose(again.statistic, found.statistic, rtol=1e-8)
    # A score test needs no estimate of what it tests: by hand, at the model without a.
    score = indexed(fit.anova(test="score")).statistic["a"]
    assert score == pytest.approx(score_of_a(data, outcome, only_x), rel=1e-8)


@pytest.mark.parametrize("seed", range(30))
def test_outcomes_separated_in_several_directions_are_compared_all_the_same(seed: int) -> None:
    # Far out one direction is at its end long before the other: the information is singular there.
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {"x": rng.normal(size=60), "z": rng.exponential(size=60), "h": rng.choice(["lo", "hi"], 60)}
    )
    drawn = (np.outer(data.x, [0.0, 0.5, 1.0]) + rng.gumbel(size=(60, 3))).argmax(axis=1)
    data["y"] = np.array(list("pqr"))[np.where(data.x > 0.3, 2, np.minimum(drawn, 1))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        fit = logreg.fit("y ~ x + z + h", data)
        smaller = {"x": "y ~ z + h", "z": "y ~ x + h", "h": "y ~ x + z"}
        found = indexed(fit.anova()).statistic
        for term, formula in smaller.items():
            expected = 2.0 * (fit.loglik - logreg.fit(formula, data).loglik)
            assert found[term] == pytest.approx(expected, abs=SUPREMUM), term


def score_of_a(data: pd.DataFrame, outcome: str, only_x: Any) -> float:
    """``u' I^-1 u`` of the model with a, at the estimates without it."""
    x = np.column_stack([np.ones(len(data)), data.x, data.a == "q", data.a == "r"]).astype(float)
    p = only_x.probabilities(data)
    modelled = list(p.columns[1:])
    score = np.concatenate([x.T @ ((data[outcome].astype(str) == k) - p[k]).to_numpy() for k in modelled])
    parts = [
        [x.T @ (x * (p[j] * ((j == k) - p[k])).to_numpy()[:, np.newaxis]) for k in modelled] for j in modelled
    ]
    return float(score @ np.linalg.solve(np.block(parts), score))


def test_completely_separated() -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"x": rng.normal(size=60), "z": rng.normal(size=60)})
    data["y"] = (data.x > 0.1).astype(int)
    with pytest.warns(logreg.SeparationWarning):
        fit = logreg.fit("y ~ x + z", data)
    without_x = logreg.fit("y ~ z", data)
    found = indexed(fit.anova())
    assert found.statistic["x"] == pytest.approx(-2 * without_x.loglik, rel=1e-8)
    assert found.statistic["z"] == pytest.approx(0.0, abs=1e-8)


def test_a_singular_covariance_gives_a_reason() -> None:
    fit = logreg.fit("y ~ a + x", generated())
    direction = np.ones((4, 1))
    poor = replace(fit, vcov_array=direction @ direction.T)
    found = indexed(poor.anova(test="wald"))
    assert np.isnan(found.p_value["a"])
    assert "too small a rank" in found.reason["a"]
    assert np.isfinite(found.p_value["x"])


def test_a_term_with_one_level_adds_nothing() -> None:
    fit = quiet_fit("y ~ one + x", generated().assign(one="k"))
    for kind in (1, 2, 3):
        assert list(fit.anova(kind).term) == ["one", "x"]
        assert fit.anova(kind).df[0] == 0
        assert fit.anova(kind).reason[0] == "it adds nothing to the other terms"


def test_a_model_without_terms() -> None:
    assert len(logreg.fit("y ~ 1", generated()).anova()) == 0


def test_a_loaded_model_has_what_needs_no_rows(tmp_path: Any) -> None:
    fit = logreg.fit("m ~ a * x", generated())
    fit.save(tmp_path / "model.json")
    loaded = logreg.load(tmp_path / "model.json")
    pd.testing.assert_frame_equal(loaded.anova(3, "wald"), fit.anova(3, "wald"))
    pd.testing.assert_frame_equal(loaded.overall_test().to_frame(), fit.overall_test().to_frame())
    with pytest.raises(SupportError, match="a loaded model does not hold"):
        loaded.anova()


def test_bad_arguments() -> None:
    fit = logreg.fit("y ~ x", generated())
    for kind in (0, 4, "2", "II", True, None, 2.0):
        with pytest.raises(SupportError, match="kind="):
            fit.anova(kind)
    for test in ("lr", "F", None, 1):
        with pytest.raises(SupportError, match="test="):
            fit.anova(2, test)
        with pytest.raises(SupportError, match="test="):
            fit.overall_test(test)
    with pytest.raises(SupportError, match="no intercept"):
        logreg.fit("y ~ 0 + x", generated()).overall_test()


def test_the_note_says_what_was_done() -> None:
    fit = logreg.fit("m ~ a * b", generated())
    assert "contr.sum" in fit.anova(3).attrs["note"]
    assert "all 2 logits" in fit.anova().attrs["note"]
    assert list(fit.anova().columns) == ["term", "df", "statistic", "p_value", "s_value", "reason"]
