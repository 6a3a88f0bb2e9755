"""Errors under separation: of what is finite they are those of the rows that are left; the rest has none.

Which level is the reference changes which coefficients are infinite, and nothing else: where it is the one
that separates, all coefficients of the factor are, and finite logits are differences of them.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.errors import LogregWarning

#: Two limits reached from different sides, and added up in another order.
RTOL = 1e-7


def quiet(formula: str, data: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", LogregWarning)
        return logreg.fit(formula, data, **options)


def table(outcomes: str, shift: float = 0.0, n: int = 120) -> pd.DataFrame:
    """Level a of g never has the last outcome."""
    rng = np.random.default_rng(3)
    data = pd.DataFrame(
        {
            "g": rng.choice(list("abc"), n),
            "h": rng.choice(["lo", "hi"], n),
            # Digits that a shift leaves alone.
            "x": shift + np.round(1024 * rng.normal(size=n)) / 1024,
            "w": rng.integers(1, 4, n),
        }
    )
    drawn = rng.integers(0, len(outcomes), n)
    drawn = np.where((data.g == "a") & (drawn == len(outcomes) - 1), 0, drawn)
    return data.assign(y=np.array(list(outcomes))[drawn])


def new_rows(shift: float) -> pd.DataFrame:
    cells = pd.MultiIndex.from_product([list("abc"), ["lo", "hi"]], names=["g", "h"]).to_frame(index=False)
    return cells.assign(x=shift + np.linspace(-1.0, 1.0, len(cells)))


def same(one: pd.DataFrame, other: pd.DataFrame, rtol: float = RTOL) -> None:
    numbers = one.select_dtypes("float").columns
    np.testing.assert_allclose(one[numbers], other[numbers], rtol=rtol, atol=1e-9)


@pytest.mark.parametrize("options", [{}, {"weights": "w"}, {"covariance": "HC1"}])
@pytest.mark.parametrize("shift", [0.0, 2048.0])
@pytest.mark.parametrize("outcomes", ["pq", "pqr"])
def test_the_reference_level_may_be_the_one_that_separates(
    outcomes: str, shift: float, options: dict[str, Any]
) -> None:
    data, new = table(outcomes, shift), new_rows(shift)
    one = quiet("y ~ g + h + x", data, **options)
    other = quiet('y ~ C(g, Treatment("b")) + h + x', data, **options)
    assert np.isinf(one.coef["q" if len(outcomes) == 2 else "r"][["Intercept", "g[T.b]", "g[T.c]"]]).all()
    for view in ("logits", "odds", "probabilities"):
        same(getattr(one, view)(new, interval=True), getattr(other, view)(new, interval=True))
    found = one.probabilities(new, interval=True).query("row >= 2")
    assert (found["std_error"] > 1e-3).all()
    for make in (
        lambda fit: fit.predictions(by="h"),
        lambda fit: fit.predictions(data=new, average=False),
        lambda fit: fit.comparisons("h"),
        lambda fit: fit.comparisons("x"),
        lambda fit: fit.marginal_means("g").sort_values(["outcome", "g"]),
        lambda fit: fit.odds_ratios(variables="h"),
    ):
        same(make(one), make(other))


def test_two_outcomes_are_those_of_the_levels_that_are_left() -> None:
    data, new = table("pq"), new_rows(0.0)
    left = quiet("y ~ g + h + x", data[data.g != "a"])
    fit = quiet("y ~ g + h + x", data)
    same(
        fit.probabilities(new, interval=True).query("row >= 2"),
        left.probabilities(new[2:], interval=True),
    )
    # And by the definition of the odds ratio of b and c, which the reference a has no part in.
    found = fit.pairwise("g", adjust="none").set_index("contrast").loc["c - b"]
    expected = left.coefficients().set_index("term").loc["g[T.c]"]
    np.testing.assert_allclose(
        found[["estimate", "std_error"]].astype(float),
        expected[["estimate", "std_error"]].astype(float),
        rtol=RTOL,
    )


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("formula", ["y ~ g*h + x", "y ~ x*h + g", "y ~ v*h + x"])
def test_a_shift_changes_neither_estimates_nor_errors(formula: str, seed: int) -> None:
    def fitted(shift: float) -> Any:
        rng = np.random.default_rng(seed)
        data = pd.DataFrame(
            {
                "g": rng.choice(list("abcd"), 40),
                "h": rng.choice(list("uvw"), 40),
                "x": shift + np.round(1024 * rng.normal(size=40)) / 1024,
                "v": rng.integers(0, 3, 40).astype(float),
                "y": rng.integers(0, 2 + seed % 2, 40),
            }
        )
        return quiet(formula, data), data

    (near, data), (far, moved) = fitted(0.0), fitted(2048.0)
    for fit, rows in ((near, data), (far, moved)):
        assert fit.probabilities(rows).notna().all(axis=None)
    same(near.probabilities(data, interval=True), far.probabilities(moved, interval=True), 1e-5)
    # Of several directions of separation the shortest is taken: another origin may make it another one.
    alike = [(k, name) for k, name, _ in near.separation.infinite] == [
        (k, name) for k, name, _ in far.separation.infinite
    ]
    if "x*h" not in formula and alike:
        one, other = (fit.coefficients().query("term != 'Intercept'") for fit in (near, far))
        same(one[["estimate", "std_error"]], other[["estimate", "std_error"]], 1e-5)


@pytest.fixture(scope="module")
def torn() -> Any:
    """Level c pulls to 1 and level v to 0; they never meet in a row."""
    rng = np.random.default_rng(1)
    data = pd.DataFrame(
        {"g": rng.choice(list("abcd"), 160), "k": rng.choice(["u", "v"], 160), "x": rng.normal(size=160)}
    )
    data["y"] = (rng.random(160) < 0.5).astype(int)
    data.loc[data.g.isin(["c", "d"]), "k"] = "u"
    data.loc[data.g.isin(["c", "d"]), "y"] = 1
    data.loc[data.k == "v", "y"] = 0
    return quiet("y ~ g + k + x", data), data


def test_where_infinities_of_both_signs_meet_nothing_is_known(torn: Any) -> None:
    fit, data = torn
    new = pd.DataFrame({"g": ["c", "a", "c", "a"], "k": ["v", "v", "u", "u"], "x": 0.5})
    assert np.isnan(fit.logits(new).iloc[0, 0])
    assert fit.logits(new).iloc[1:3, 0].tolist() == [-np.inf, np.inf]
    assert fit.probabilities(new).isna().any(axis=1).tolist() == [True, False, False, False]
    assert fit.probabilities(new, interval=True).query("row == 0")["conf_low"].isna().all()
    assert fit.classify(new).tolist() == [None, 0, 1, fit.classify(new)[3]]
    assert fit.odds(new).isna().iloc[:, 0].tolist() == [True, False, False, False]
    assert fit.predictions(at={"g": "c", "k": "v"})["estimate"].isna().all()
    assert fit.comparisons("g").set_index("contrast")["estimate"].isna().to_dict() == {
        "b - a": False,
        "c - a": True,
        "d - a": True,
    }
    assert fit.slopes("x", at={"g": "c", "k": "v"})["estimate"].isna().all()
    # Rows like those of the data are known, whatever is asked of them.
    assert fit.probabilities(data).notna().all(axis=None)
    assert fit.predictions()["std_error"].notna().all()


def test_a_warning_says_where_separation_goes_several_ways(torn: Any) -> None:
    (remark,) = (r.text for r in torn[0].remarks if r.kind == "SeparationWarning")
    assert "goes several ways" in remark
    (remark,) = (r.text for r in quiet("y ~ g + x", table("pq")).remarks if r.kind == "SeparationWarning")
    assert "several ways" not in remark


def test_two_levels_without_end_have_no_known_distance(torn: Any) -> None:
    fit, _ = torn
    found = fit.pairwise("g", at={"k": "u"}, adjust="none").set_index("contrast")["estimate"]
    assert found["c - a"] == found["d - b"] == np.inf
    assert np.isfinite(found["b - a"])
    assert np.isnan(found["d - c"])


def test_a_saved_model_knows_it_too(torn: Any, tmp_path: Any) -> None:
    fit, _ = torn
    fit.save(tmp_path / "model.json")
    new = pd.DataFrame({"g": ["c", "a"], "k": ["v", "u"], "x": 0.5})
    loaded = logreg.load(tmp_path / "model.json")
    pd.testing.assert_frame_equal(loaded.probabilities(new, True), fit.probabilities(new, True))
    seen = fit.logits(new, versus=0)
    pd.testing.assert_frame_equal(loaded.logits(new, versus=0), seen)


def test_coefficients_that_the_limit_leaves_open_are_parameters_all_the_same() -> None:
    data = table("pqr").query("g != 'a' or h == 'hi'")
    fit = quiet("y ~ g*h + x", table("pqr"))
    assert fit.coef_array.size == fit.n_coef == 14
    assert fit.aic == pytest.approx(-2.0 * fit.loglik + 28.0)
    # Aliased columns are none: there is no row of level a with h = lo.
    assert quiet("y ~ g*h + x", data).n_coef == 12


def test_a_worked_example_says_where_infinite_parts_cancel_and_where_nothing_is_known(torn: Any) -> None:
    data = table("pq")
    fit = quiet("y ~ g + h + x", data)
    shown = str(fit.worked_example(data=pd.DataFrame({"g": ["b"], "h": ["lo"], "x": [0.5]})))
    assert "The infinite parts cancel" in shown
    assert "Probability = " in shown
    shown = str(torn[0].worked_example(data=pd.DataFrame({"g": ["c"], "k": ["v"], "x": [0.5]})))
    assert "Probability: not known" in shown
    assert "nan" not in shown


@pytest.mark.parametrize("suffix", ["html", "txt", "xlsx", "json"])
def test_reports_are_written_of_all_of_them(torn: Any, tmp_path: Any, suffix: str) -> None:
    fits = (torn[0], quiet("y ~ g + h + x", table("pq")), quiet("y ~ g*h + x", table("pqr")))
    for k, fit in enumerate(fits):
        path = tmp_path / f"report{k}.{suffix}"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit.report(path)
        assert path.stat().st_size > 1000
    if suffix == "txt":
        said = " ".join((tmp_path / "report0.txt").read_text().split())
        assert "separated in several directions" in said


def test_standardised_coefficients_of_infinite_ones_come_without_numpys_warnings() -> None:
    found = quiet("y ~ g + h + x", table("pq")).standardised()
    assert np.isinf(found["estimate"]).sum() >= 2
