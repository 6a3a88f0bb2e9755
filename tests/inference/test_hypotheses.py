"""Linear hypotheses and functions of coefficients: the language, the numbers, and what has no answer."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import logreg
from logreg.data import open_source
from logreg.errors import FormulaError, SupportError
from logreg.inference.hypotheses import contrast_covariance, linear_hypothesis
from logreg.inference.hypothesis_text import read_hypothesis
from logreg.inference.verdict import log_upper_tail

from ..reference.comparison import HERE, read_json
from ..reference.test_cases import case_of, fitted_to, term_names

OWN = read_json(HERE / "own/hypotheses/hypotheses.json")


@pytest.fixture(scope="module")
def birthwt() -> Any:
    return fitted_to(case_of("a01_birthwt"))


@pytest.fixture(scope="module")
def womenlf() -> Any:
    return fitted_to(case_of("a03_womenlf"))


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    x, z = rng.normal(size=(2, 80))
    y = (rng.random(80) < expit(0.6 * x - 0.3 * z)).astype(int)
    return pd.DataFrame({"x": x, "z": z, "y": y, "n": rng.integers(1, 4, 80), "my var": rng.normal(size=80)})


# Against R


@pytest.mark.parametrize("expected", OWN["wald"], ids=lambda case: case["hypothesis"])
def test_wald_tests_are_those_of_car(birthwt: Any, expected: dict[str, Any]) -> None:
    verdict = birthwt.test(expected["hypothesis"])
    assert verdict.valid
    assert verdict.statistic == pytest.approx(expected["chi2"], rel=1e-9)
    assert verdict.df == expected["df"]
    assert verdict.p_value == pytest.approx(expected["p"], rel=1e-9)


@pytest.mark.parametrize("expected", OWN["likelihood"], ids=lambda case: case["hypothesis"])
def test_likelihood_ratio_and_score_are_those_of_the_reduced_model_in_r(
    birthwt: Any, expected: dict[str, Any]
) -> None:
    ratio, score = (birthwt.test(expected["hypothesis"], test=test) for test in ("LR", "score"))
    assert ratio.statistic == pytest.approx(expected["LR"], rel=1e-8)
    assert score.statistic == pytest.approx(expected["score"], rel=1e-6)  # R stops one step early
    assert ratio.df == score.df == expected["df"]


@pytest.mark.parametrize(
    "case", case_of("a01_birthwt")["expected"]["linear_hypotheses"], ids=lambda c: c["text"]
)
def test_matrices_of_the_published_case(birthwt: Any, case: dict[str, Any]) -> None:
    names = list(term_names(case_of("a01_birthwt")["parameters"]).values())
    verdict = birthwt.test(pd.DataFrame(case["R"], columns=names), value=case["r"])
    assert verdict.statistic == pytest.approx(case["wald"]["chi2"], rel=1e-9)
    assert verdict.p_value == pytest.approx(case["wald"]["p"], rel=1e-8)


@pytest.mark.parametrize("name", ["a03_womenlf", "a10_alligators"])
@pytest.mark.parametrize(
    ("key", "test"), [("wald_term", "wald"), ("lr_type2", "LR"), ("score_term", "score")]
)
def test_a_term_across_all_equations(name: str, key: str, test: str) -> None:
    case = case_of(name)
    fit = fitted_to(case)
    for term, expected in case["expected"]["tests"][key].items():
        verdict = fit.test(term, test=test)
        assert verdict.statistic == pytest.approx(expected["chi2"], rel=1e-7)
        assert verdict.df == expected["df"]
        assert verdict.p_value == pytest.approx(expected["p"], rel=1e-6)


@pytest.mark.parametrize("expected", OWN["delta"], ids=lambda case: case["expression"])
def test_functions_are_those_of_car(birthwt: Any, expected: dict[str, Any]) -> None:
    [row] = birthwt.function(expected["expression"]).to_dict("records")
    for column in ("estimate", "std_error", "conf_low", "conf_high"):
        assert row[column] == pytest.approx(expected[column], rel=1e-8), column
    assert row["statistic"] == pytest.approx(expected["estimate"] / expected["std_error"], rel=1e-8)


@pytest.mark.parametrize("term", ["NV", "PI", "EH"])
def test_likelihood_ratios_of_a_separated_fit(term: str) -> None:
    with pytest.warns(logreg.SeparationWarning):
        fit = logreg.fit("HG ~ NV + PI + EH", pd.read_csv(HERE / "data/a04_endometrial.csv"))
    verdict, expected = fit.test(term, test="LR"), OWN["separated"][term]
    assert verdict.statistic == pytest.approx(expected["LR"], rel=1e-8)
    assert verdict.conf_low == pytest.approx(expected["low"], rel=1e-7)
    wald = fit.test(term)
    assert wald.valid == (term != "NV")
    if term == "NV":
        assert np.isnan(wald.statistic)
        assert "'NV' has no finite estimate" in wald.reason
        assert "test='LR'" in wald.reason
        assert verdict.estimate == verdict.conf_high == np.inf
        with pytest.raises(SupportError, match="no finite estimate"):
            fit.function("exp(NV)")
    assert fit.test("NV = 0, PI = 0", test="LR").valid


# By other routes


def test_multinomial_hypotheses_from_the_certified_covariance(womenlf: Any) -> None:
    """``c b`` and ``c V c'`` written out by position."""
    coef, vcov = womenlf.coef.to_numpy(), womenlf.vcov.to_numpy()
    terms = list(womenlf.spec.column_names)
    first, second = womenlf.spec.outcome.modelled
    p, income, child = len(terms), terms.index("hincome"), terms.index("children[T.present]")
    cases = {
        f"[{first}] hincome = [{second}] hincome": [(income, 1.0), (p + income, -1.0)],
        f"[{first}] hincome": [(income, 1.0)],
        f"[{first}] children[T.present] - 2*[{second}]children[T.present]": [(child, 1.0), (p + child, -2.0)],
    }
    for text, parts in cases.items():
        c = np.zeros(2 * p)
        for k, share in parts:
            c[k] = share
        verdict = womenlf.test(text)
        assert verdict.estimate == pytest.approx(c @ coef, rel=1e-12)
        assert verdict.statistic == pytest.approx((c @ coef) ** 2 / (c @ vcov @ c), rel=1e-10)
    joint = womenlf.test(f"[{first}] children = [{second}] children, hincome = 0")
    assert joint.df == 3
    assert joint.hypothesis == f"[{first}] children = [{second}] children, hincome = 0"


def test_one_coefficient_is_the_coefficient_table(birthwt: Any) -> None:
    row = birthwt.coefficients().set_index("term").loc["lwt"]
    verdict = birthwt.test("lwt")
    assert verdict.hypothesis == "lwt = 0"
    assert verdict.statistic == pytest.approx(row.statistic**2, rel=1e-12)
    for name in ("estimate", "std_error", "p_value", "conf_low", "conf_high"):
        assert getattr(verdict, name) == pytest.approx(row[name], rel=1e-10)


def test_one_coefficient_by_likelihood_is_the_profile_table(birthwt: Any) -> None:
    row = birthwt.coefficients(interval="profile", confidence=0.9).set_index("term").loc["age"]
    verdict = birthwt.test("age", test="LR", confidence=0.9)
    assert verdict.statistic == pytest.approx(row.statistic**2, rel=1e-9)
    for name in ("estimate", "p_value", "conf_low", "conf_high"):
        assert getattr(verdict, name) == pytest.approx(row[name], rel=1e-9)


def test_the_interval_of_a_contrast_is_that_of_the_reparametrised_model(rows: pd.DataFrame) -> None:
    """x b + z c = (x + z) c + x (b - c)."""
    verdict = logreg.fit("y ~ x + z", rows).test("x = z", test="LR")
    other = logreg.fit("y ~ x + s", rows.assign(s=rows["x"] + rows["z"])).test("x", test="LR")
    for name in ("statistic", "estimate", "conf_low", "conf_high"):
        assert getattr(verdict, name) == pytest.approx(getattr(other, name), rel=1e-8)
    assert verdict.std_error == pytest.approx(other.std_error, rel=1e-9)


@pytest.mark.parametrize("test", ["wald", "LR", "score"])
def test_repeated_constraints_count_once(birthwt: Any, test: str) -> None:
    once = birthwt.test("age = lwt, lwt = 0", test=test)
    again = birthwt.test("age = lwt, lwt = 0, 3*age = 0, age = -lwt", test=test)
    assert again.df == once.df == 2
    assert again.statistic == pytest.approx(once.statistic, rel=1e-8)


def test_repeated_single_constraint_keeps_its_estimate(birthwt: Any) -> None:
    assert birthwt.test("age, 2*age = 0").estimate == pytest.approx(birthwt.test("age").estimate)


@pytest.mark.parametrize("test", ["wald", "LR", "score"])
def test_contradictions_are_refused(birthwt: Any, test: str) -> None:
    with pytest.raises(SupportError, match="contradict"):
        birthwt.test("age = lwt, age = 0, lwt = 1", test=test)


def test_frequencies_and_blocks(rows: pd.DataFrame) -> None:
    weighted = logreg.fit("y ~ x + z", rows, weights="n")
    copied = logreg.fit("y ~ x + z", open_source(rows.loc[rows.index.repeat(rows["n"])], block_rows=7))
    for test in ("wald", "LR", "score"):
        first, second = weighted.test("x = z", test=test), copied.test("x = z", test=test)
        assert first.statistic == pytest.approx(second.statistic, rel=1e-8)


def test_a_robust_covariance_is_the_one_used(rows: pd.DataFrame) -> None:
    fit = logreg.fit("y ~ x + z", rows, covariance="HC0")
    verdict = fit.test("x = z")
    c = np.array([0.0, 1.0, -1.0])
    squared = (c @ fit.coef.to_numpy()) ** 2 / (c @ fit.vcov.to_numpy() @ c)
    assert verdict.statistic == pytest.approx(squared, rel=1e-10)


def test_t_and_f_where_the_fit_has_a_reference(rows: pd.DataFrame) -> None:
    from dataclasses import replace

    from scipy import stats

    fit = logreg.fit("y ~ x + z", rows)
    short = replace(fit, reference_df=12.0)
    single, joint, normal = short.test("x"), short.test("x, z"), fit.test("x, z")
    assert single.p_value == pytest.approx(2 * stats.t.sf(np.sqrt(single.statistic), 12), rel=1e-10)
    row = short.coefficients().set_index("term").loc["x"]
    assert single.conf_low == pytest.approx(row.conf_low, rel=1e-12)
    assert joint.statistic == pytest.approx(normal.statistic / 2, rel=1e-12)
    assert joint.p_value == pytest.approx(stats.f.sf(joint.statistic, 2, 12), rel=1e-10)
    assert np.exp(joint.log_p_value) == pytest.approx(joint.p_value, rel=1e-10)
    assert "F(2, 12)" in str(joint)


def test_columns_far_from_zero_keep_their_digits(rows: pd.DataFrame) -> None:
    """The logit at the centre has the same error, wherever the centre lies."""
    near = logreg.fit("y ~ x + z", rows).test("Intercept + 0.5*x")
    far = logreg.fit("y ~ x + z", rows.assign(x=rows["x"] + 1e7)).test("Intercept + 10000000.5*x")
    assert far.std_error == pytest.approx(near.std_error, rel=1e-7)
    # The estimate is a sum of terms of 1e7 standard errors each.
    assert far.estimate == pytest.approx(near.estimate, abs=1e-6)


def test_contrast_covariance_is_c_v_c(birthwt: Any) -> None:
    c = np.random.default_rng(1).normal(size=(4, birthwt.coef_array.size))
    np.testing.assert_allclose(contrast_covariance(birthwt, c), c @ birthwt.vcov_array @ c.T, rtol=1e-9)


def test_aliased_columns(rows: pd.DataFrame) -> None:
    with pytest.warns(logreg.CollinearityWarning):
        fit = logreg.fit("y ~ x + z + w", rows.assign(w=rows["x"] - 2 * rows["z"]))
    plain = logreg.fit("y ~ x + z", rows)
    for test in ("wald", "LR", "score"):
        lost = fit.test("w", test=test)
        assert not lost.valid
        assert "'w' is a combination of other columns" in lost.reason
        assert np.isnan(lost.statistic)
        # x + w and 2 w - z do change along the alias x - 2 z - w; x + w and z - 2 w do not.
        known = fit.test("x + w = z - 2*w", test=test)
        assert known.valid
        assert known.statistic == pytest.approx(plain.test("x = z", test=test).statistic, rel=1e-8)
    assert fit.function("x + w").loc[0, "estimate"] == pytest.approx(plain.coef["1", "x"], rel=1e-10)
    with pytest.raises(SupportError, match="'w' is a combination"):
        fit.function("exp(w)")


# Functions


def test_gradients_against_differences(birthwt: Any) -> None:
    """The delta method with a central difference in place of the gradient."""
    text = "exp(age) * lwt ** 2 / (1 + sqrt(smoke[T.yes])) - log(ht[T.yes]) ** ui[T.yes] + 2 ^ -ptl"
    names = birthwt.spec.column_names

    def value(b: np.ndarray) -> float:
        v = dict(zip(names, b, strict=True))
        smoke, ht, ui = v["smoke[T.yes]"], v["ht[T.yes]"], v["ui[T.yes]"]
        scaled = np.exp(v["age"]) * v["lwt"] ** 2 / (1 + np.sqrt(smoke))
        return float(scaled - np.log(ht) ** ui + 2 ** -v["ptl"])

    b = birthwt.coef.to_numpy()
    steps = 1e-5 * np.eye(len(b))
    gradient = np.array([(value(b + h) - value(b - h)) / 2e-5 for h in steps])
    [row] = birthwt.function(text).to_dict("records")
    assert row["estimate"] == pytest.approx(value(b), rel=1e-12)
    assert row["std_error"] == pytest.approx(np.sqrt(gradient @ birthwt.vcov_array @ gradient), rel=1e-6)


def test_a_function_of_a_term_has_a_row_for_each_coefficient(womenlf: Any) -> None:
    table = womenlf.function("exp(10 * hincome)")
    assert table["outcome"].tolist() == list(womenlf.spec.outcome.modelled)
    ratios = womenlf.odds_ratios(unit={"hincome": 10})
    np.testing.assert_allclose(
        table["estimate"], ratios.loc[ratios["term"] == "hincome", "odds_ratio"], rtol=1e-12
    )
    assert len(womenlf.function("region")) == 8
    first, second = womenlf.spec.outcome.modelled
    assert womenlf.function(f"[{first}] hincome / [{second}] hincome")["outcome"].tolist() == [None]


@pytest.mark.parametrize("text", ["log(lwt)", "1 / (age - age)", "sqrt(age * 1) * 2"])
def test_functions_without_a_value_are_refused(birthwt: Any, text: str) -> None:
    with pytest.raises(SupportError, match="has no finite value"):
        birthwt.function(text)


def test_a_function_needs_a_coefficient(birthwt: Any) -> None:
    with pytest.raises(FormulaError, match="names no coefficient"):
        birthwt.function("exp(1)")


# The language


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("age=lwt", "age - lwt = 0"),
        ("age == lwt", "-lwt = -age"),
        ("2 * age / 4 = 1", "0.5*age = 1e0"),
        ("-(age - lwt) + .5", "lwt - age + 2**-1"),
        ("age = lwt = ptl", "age = lwt, lwt = ptl"),
        ("race", "race[T.black] = 0, race[T.other] = 0"),
        ("`race[T.black]` = 0", "race[T.black]"),
        ("age * (1 + exp(0)) = 3", "2*age = 3"),
        ("--age", "+age"),
        ("age\n=\tlwt", "age = lwt"),
        ("2*(3*age)", "6*age"),
    ],
)
def test_ways_to_write_the_same(birthwt: Any, text: str, same: str) -> None:
    first, second = (linear_hypothesis(birthwt, written) for written in (text, same))
    np.testing.assert_allclose(
        np.column_stack([first.contrast, first.value])
        * np.sign(first.contrast[0][first.contrast[0] != 0][0]),
        np.column_stack([second.contrast, second.value])
        * np.sign(second.contrast[0][second.contrast[0] != 0][0]),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "operand is missing"),
        ("age =", "operand is missing"),
        ("age = 0,", "operand is missing"),
        ("age lwt", "operator is missing"),
        ("agee", "Did you mean 'age'"),
        ("race[T.blak]", "Did you mean"),
        ("age * lwt", "linear"),
        ("age / lwt", "linear"),
        ("age ** 2", "linear"),
        ("exp(age) = 1", "linear"),
        ("2 / age", "linear"),
        ("(age", "not closed"),
        ("`age", "backtick not closed"),
        ("[yes] age", "not an outcome"),
        ("[age", "not closed"),
        ("age = 1e999", "beyond the range"),
        ("2age", "runs into a name"),
        ("1 = 1", "says nothing"),
        ("age = age", "says nothing"),
        ("race = 0 = 0", "says nothing"),
        ("age; lwt", "no meaning"),
        ("age @ lwt", "no meaning"),
        ("__import__('os').system('true')", "not a coefficient"),
        ("().__class__", "operand is missing"),
        ("age.real", "not a coefficient"),
        ("(" * 80 + "age" + ")" * 80, "nesting"),
        ("-" * 5000 + "age", "nesting"),
        ("age" + " + age" * 5000, "characters"),
        ("age" + "+age" * 1000, "operators"),
        ("2 ** " * 100 + "age", "nesting"),
        ("age = 1/0", "no finite value"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(birthwt: Any, text: str, message: str) -> None:
    with pytest.raises((FormulaError, SupportError), match=message):
        birthwt.test(text)


def test_the_place_is_marked(birthwt: Any) -> None:
    with pytest.raises(FormulaError) as caught:
        birthwt.test("age = 0, lwt*ptl = 0")
    *_, line, caret = str(caught.value).splitlines()
    assert line[caret.index("^")] == "*"


def test_sides_that_stand_for_different_numbers_of_coefficients(womenlf: Any) -> None:
    with pytest.raises(FormulaError, match="2 coefficients meet 8"):
        womenlf.test("hincome + region")
    with pytest.raises(FormulaError, match="compares 2 coefficients with 8"):
        womenlf.test("hincome = region")


def test_names_in_backticks(rows: pd.DataFrame) -> None:
    fit = logreg.fit("y ~ `my var` + x:`my var`", rows)
    assert fit.test("`my var` = 0").statistic == fit.test([[0, 1, 0]]).statistic
    assert fit.test("`x:my var` = `my var`").df == 1
    with pytest.raises(FormulaError, match="Write `my var`, in backticks"):
        fit.test("my var = 0")


def test_the_longest_name_that_fits_is_taken(rows: pd.DataFrame) -> None:
    fit = logreg.fit("y ~ exp(x) + x + x:z + I(z ** 2)", rows)
    names = list(fit.spec.column_names)
    for text in ("exp(x)", "x", "x:z", "I(z ** 2)"):
        contrast = linear_hypothesis(fit, text).contrast
        assert np.flatnonzero(contrast).tolist() == [names.index(text)]
    with pytest.raises(FormulaError, match="'z' is not a coefficient"):
        fit.test("z")


def test_texts_of_equations_are_kept() -> None:
    found = read_hypothesis("a = b = 0,  2 * a", ["a", "b"], ["1"])
    assert [equation.text for equation in found] == ["a = b", "b = 0", "2 * a = 0"]


# Matrices


def test_matrices_of_several_equations(womenlf: Any) -> None:
    first, second = womenlf.spec.outcome.modelled
    columns = pd.MultiIndex.from_tuples([(second, "hincome"), (first, "hincome")])
    verdict = womenlf.test(pd.DataFrame([[-1.0, 1.0]], columns=columns))
    text = womenlf.test(f"[{first}] hincome = [{second}] hincome")
    assert verdict.statistic == pytest.approx(text.statistic, rel=1e-12)
    assert verdict.hypothesis == f"[{first}] hincome - [{second}] hincome = 0"
    series = pd.Series([-1.0, 1.0], index=columns)
    assert womenlf.test(series).statistic == verdict.statistic
    flat = linear_hypothesis(womenlf, series).contrast
    assert womenlf.test(flat[0], test="LR").statistic == pytest.approx(
        womenlf.test(text.hypothesis, test="LR").statistic, rel=1e-10
    )


@pytest.mark.parametrize(
    ("matrix", "value", "message"),
    [
        ([[1, 0]], None, "one column per coefficient, here 10"),
        ("age", 1.0, "value= goes with a matrix"),
        (np.zeros((1, 10)), None, "0 throughout"),
        (np.eye(10)[1:3], [1.0, 2.0, 3.0], "2 numbers"),
        (np.eye(10)[1], np.nan, "1 numbers"),
        (np.full((1, 10), np.inf), None, "finite"),
        (pd.DataFrame([[1.0]], columns=["agee"]), None, "Did you mean 'age'"),
        (pd.DataFrame([[1.0, 2.0]], columns=["age", "age"]), None, "twice"),
        (None, None, "a hypothesis is a text"),
    ],
)
def test_matrices_that_do_not_fit(birthwt: Any, matrix: Any, value: Any, message: str) -> None:
    with pytest.raises(SupportError, match=message):
        birthwt.test(matrix, value=value)


def test_frames_of_a_multinomial_fit_name_the_outcome(womenlf: Any) -> None:
    with pytest.raises(SupportError, match="pairs"):
        womenlf.test(pd.DataFrame([[1.0]], columns=["hincome"]))


# The verdict


def test_a_verdict_is_one_row_and_one_line(birthwt: Any) -> None:
    verdict = birthwt.test("lwt")
    frame = verdict.to_frame()
    assert len(frame) == 1
    assert frame.loc[0, "s_value"] == pytest.approx(-np.log2(verdict.p_value))
    assert str(verdict).startswith("lwt = 0: Wald chi2(1) = 4.969, p = 0.0258; estimate -0.0154")
    assert "\n" not in str(verdict)
    with pytest.raises(AttributeError):
        verdict.statistic = 1.0


def test_refusals(birthwt: Any, rows: pd.DataFrame, tmp_path: Any) -> None:
    with pytest.raises(SupportError, match="'wald', 'LR' and 'score'"):
        birthwt.test("age", test="F")
    with pytest.raises(SupportError, match="level"):
        birthwt.test("age", confidence=1.0)
    birthwt.save(tmp_path / "model.json")
    loaded = logreg.load(tmp_path / "model.json")
    assert loaded.test("age").statistic == pytest.approx(birthwt.test("age").statistic, rel=1e-12)
    with pytest.raises(SupportError, match="loaded model"):
        loaded.test("age", test="LR")
    sampled = logreg.fit("y ~ x", rows, weights="n", weight_kind="sampling")
    with pytest.raises(SupportError, match="sampling weights"):
        sampled.test("x", test="score")


@pytest.mark.parametrize(
    ("statistic", "df"), [(3.0, 1), (1e4, 1), (3.0, 4), (2000.0, 2), (5000.0, 5), (40_000.0, 300), (1e7, 7)]
)
def test_log_tails_of_chi_squared(statistic: float, df: int) -> None:
    with mpmath.workdps(60):
        exact = mpmath.log(mpmath.gammainc(mpmath.mpf(df) / 2, mpmath.mpf(statistic) / 2, regularized=True))
    assert log_upper_tail(statistic, df) == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.parametrize(
    ("statistic", "df", "df_error"),
    [(3.0, 2, 9.0), (1e80, 3, 12.0), (1e5, 4, 400.0), (1e200, 1, 5.0), (900.0, 40, 900)],
)
def test_log_tails_of_f(statistic: float, df: int, df_error: float) -> None:
    with mpmath.workdps(60):
        x = mpmath.mpf(df_error) / (mpmath.mpf(df_error) + df * mpmath.mpf(statistic))
        exact = mpmath.log(
            mpmath.betainc(mpmath.mpf(df_error) / 2, mpmath.mpf(df) / 2, 0, x, regularized=True)
        )
    assert log_upper_tail(statistic, df, df_error) == pytest.approx(float(exact), rel=1e-11)


def test_a_p_value_that_underflows_keeps_its_logarithm() -> None:
    data = pd.DataFrame({"x": [0, 0, 1, 1], "y": [0, 1, 0, 1], "n": [90_000, 10_000, 10_000, 90_000]})
    verdict = logreg.fit("y ~ x", data, weights="n").test("x")
    assert verdict.p_value == 0.0
    assert verdict.log_p_value == pytest.approx(-0.5 * verdict.statistic, rel=1e-3)
    assert verdict.s_value > 1000
    assert "p = 10^-" in str(verdict)
