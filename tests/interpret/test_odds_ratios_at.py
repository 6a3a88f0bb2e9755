"""Odds ratios at stated values: R's model matrices, differences of our own logits, and closed forms."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.data import open_source
from logreg.errors import PredictError, SupportError
from logreg.interpret.changes import moves_alone, partners_of

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference/own/interpret/interpret.json").read_text(encoding="utf-8")
)
#: The reference has 15 digits, and a covariance of its own.
RTOL = 1e-8
NUMBERS = ["odds_ratio", "conf_low", "conf_high", "p_value"]
JOINT = "low ~ poly(age, 2) * smoke + bs(lwt, df=4)"


@pytest.fixture(scope="module")
def births() -> pd.DataFrame:
    return logreg.datasets.load("birthwt")


@pytest.fixture(scope="module")
def women() -> pd.DataFrame:
    return logreg.datasets.load("womenlf")


def agrees(found: pd.DataFrame, expected: dict[str, list[float]]) -> None:
    for name in NUMBERS:
        np.testing.assert_allclose(found[name], expected[name], rtol=RTOL, err_msg=name)


def test_a_factor_by_another_factor_and_a_number(births: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ race * smoke + age * smoke + lwt", births)
    found = fit.odds_ratios(
        variables="smoke", at={"race": ["white", "black", "other"], "age": [20, 30], "lwt": 120}
    )
    agrees(found, REFERENCE["smoke_at"])
    columns = (
        "outcome baseline variable level reference unit race age lwt odds_ratio conf_low conf_high p_value"
    )
    assert list(found.columns) == columns.split()
    assert found.race.tolist() == ["white"] * 2 + ["black"] * 2 + ["other"] * 2
    assert found.age.tolist() == [20, 30] * 3
    assert set(found.level) == {"yes"}
    assert set(found.reference) == {"no"}


def test_polynomials_and_splines_move_as_a_whole(births: pd.DataFrame) -> None:
    fit = logreg.fit(JOINT, births)
    found = fit.odds_ratios(variables={"age": (20, 30)}, at={"smoke": ["no", "yes"], "lwt": 120})
    agrees(found, REFERENCE["age_from_to"])
    assert found[["reference", "level", "unit"]].values.tolist() == [["20", "30", 10.0]] * 2
    steps = fit.odds_ratios(
        variables="age", at={"age": [20, 30], "smoke": "yes", "lwt": 120}, unit={"age": 5}
    )
    agrees(steps, REFERENCE["age_steps"])
    assert steps[["reference", "level"]].values.tolist() == [["20", "25"], ["30", "35"]]
    one = fit.odds_ratios(
        variables="lwt", at={"lwt": 120, "age": 20, "smoke": "no"}, unit={"lwt": 10}, versus=0
    )
    agrees(one, REFERENCE["lwt_step"])


def test_three_outcomes_against_any(women: pd.DataFrame) -> None:
    fit = logreg.fit("partic ~ hincome * children", women, baseline="not.work")
    order = list(fit.spec.outcome.modelled)
    found = fit.odds_ratios(variables="children", at={"hincome": [10, 20]})
    assert found.outcome.tolist() == [order[0]] * 2 + [order[1]] * 2
    by_name = pd.concat([found[found.outcome == name] for name in ("parttime", "fulltime")])
    agrees(by_name, REFERENCE["children_at"])
    against = fit.odds_ratios(variables="children", at={"hincome": [10, 20]}, versus="fulltime")
    by_name = pd.concat([against[against.outcome == name] for name in ("not.work", "parttime")])
    agrees(by_name, REFERENCE["children_at_versus_fulltime"])
    assert set(against.baseline) == {"fulltime"}


def test_what_is_alone_agrees_with_the_coefficient(births: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ age + race + smoke", births)
    found, plain = fit.odds_ratios(levels="reference", unit={"age": 5}), fit.odds_ratios(unit={"age": 5})
    for name in NUMBERS:
        np.testing.assert_allclose(found[name], plain[name], rtol=1e-12)
    assert found.level.fillna("").tolist() == plain.level.fillna("").tolist()
    assert found.unit.fillna(0).tolist() == plain.unit.fillna(0).tolist()


def test_pairs_of_levels(births: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ race * age", births)
    at = {"age": 25}
    pairs = fit.odds_ratios(variables="race", at=at, levels="pairwise").set_index(["level", "reference"])
    assert pairs.index.tolist() == [("black", "white"), ("other", "white"), ("other", "black")]
    steps = fit.odds_ratios(variables="race", at=at, levels="sequential")
    assert steps[["level", "reference"]].values.tolist() == [["black", "white"], ["other", "black"]]
    product = pairs.odds_ratio["black", "white"] * pairs.odds_ratio["other", "black"]
    assert product == pytest.approx(pairs.odds_ratio["other", "white"], rel=1e-12)
    named = fit.odds_ratios(variables={"race": ("other", "black")}, at=at)
    assert named.odds_ratio[0] == pytest.approx(1 / pairs.odds_ratio["other", "black"], rel=1e-12)


def test_the_reference_of_the_formula_is_the_reference(births: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ C(race, Treatment('other')) * smoke", births)
    assert set(fit.odds_ratios(variables="race", at={"smoke": "no"}).reference) == {"other"}


def test_what_nobody_named_stands_at_typical_values_and_is_shown(births: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ age * smoke + race * ht + lwt", births)
    found = fit.odds_ratios(variables=["smoke", "ht"])
    assert list(found.columns[6:-4]) == ["race", "age"] or list(found.columns[6:-4]) == ["age", "race"]
    assert found.age.tolist() == pytest.approx([births.age.mean()] * 2)
    assert set(found.race) == {"white"}
    explicit = fit.odds_ratios(variables="smoke", at={"age": births.age.mean()})
    assert explicit.odds_ratio[0] == pytest.approx(found.odds_ratio[0], rel=1e-12)


@pytest.mark.parametrize("formula", ["low ~ age * smoke", JOINT, "low ~ log(lwt) * race + I(age**2) + age"])
def test_differences_of_logits(formula: str, births: pd.DataFrame) -> None:
    fit = logreg.fit(formula, births)
    held = {"age": 24.0, "smoke": "yes", "lwt": 130.0, "race": "other"}
    held = {name: held[name] for name in fit.spec.predictors}
    for name in set(held) & {"age", "lwt"}:
        found = fit.odds_ratios(
            variables={name: (held[name], held[name] + 7)},
            at={other: value for other, value in held.items() if other != name},
        )
        before, after = fit.logits(held).iloc[0, 0], fit.logits(held | {name: held[name] + 7}).iloc[0, 0]
        assert np.log(found.odds_ratio[0]) == pytest.approx(after - before, rel=1e-9)


def test_columns_far_from_zero_keep_their_digits(births: pd.DataFrame) -> None:
    near = logreg.fit("low ~ age * smoke", births)
    with warnings.catch_warnings():
        # So far from zero, age:smoke is nearly a multiple of smoke, which deserves a remark.
        warnings.simplefilter("ignore", logreg.CollinearityWarning)
        far = logreg.fit("low ~ age * smoke", births.assign(age=births.age + 1e4))
    found = far.odds_ratios(variables="smoke", at={"age": [1e4 + 20, 1e4 + 30]})
    expected = near.odds_ratios(variables="smoke", at={"age": [20, 30]})
    for name in NUMBERS:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-8)


def test_blocks_weights_and_counts_give_the_same(births: pd.DataFrame) -> None:
    formula = "low ~ age * smoke"
    ask = {"variables": "smoke", "at": {"age": [20, 30]}}
    counted = births.groupby(["age", "smoke", "low"], observed=True).size().reset_index(name="n")
    wide = counted.pivot_table(
        index=["age", "smoke"], columns="low", values="n", fill_value=0, observed=True
    ).reset_index()
    wide.columns = ["age", "smoke", "no_event", "event"]
    expected = logreg.fit(formula, births).odds_ratios(**ask)
    for fit in (
        logreg.fit(formula, open_source(births, block_rows=7)),
        logreg.fit(formula, counted, weights="n"),
        logreg.fit("cbind(event, no_event) ~ age * smoke", wide),
    ):
        found = fit.odds_ratios(**ask)
        for name in NUMBERS:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-8)


@pytest.mark.parametrize("kind", ["sampling", "precision"])
def test_the_covariance_of_the_fit_is_used(kind: str, births: pd.DataFrame) -> None:
    data = births.assign(w=1.0 + births.age % 3)
    fit = logreg.fit("low ~ age * smoke", data, weights="w", weight_kind=kind)
    found = fit.odds_ratios(variables="smoke", at={"age": 30})
    step = np.array([0.0, 0.0, 1.0, 30.0])
    assert fit.spec.column_names[2:] == ("smoke[T.yes]", "age:smoke[T.yes]")
    error = np.sqrt(step @ fit.vcov_array @ step)
    expected = np.exp(step @ fit.coef_array[0] + 1.959963984540054 * error)
    assert found.conf_high[0] == pytest.approx(expected, rel=1e-10)


def test_an_offset_cancels(births: pd.DataFrame) -> None:
    data = births.assign(shift=births.lwt / 100)
    for offset in ("shift", data["shift"].to_numpy()):
        fit = logreg.fit("low ~ age * smoke", data, offset=offset)
        found = fit.odds_ratios(variables="smoke", at={"age": 20})
        step = np.array([0.0, 0.0, 1.0, 20.0])
        assert found.odds_ratio[0] == pytest.approx(np.exp(step @ fit.coef_array[0]), rel=1e-12)


def test_separation_gives_ratios_without_intervals() -> None:
    data = pd.DataFrame(
        {"x": ["yes"] * 5 + ["no"] * 30, "z": [k % 5 for k in range(35)], "y": [1] * 5 + [0, 1, 0] * 10}
    )
    with pytest.warns(logreg.SeparationWarning):
        fit = logreg.fit("y ~ x + z", data)
    found = fit.odds_ratios(levels="reference")
    assert found.odds_ratio[0] == np.inf
    assert found.loc[0, ["conf_low", "conf_high", "p_value"]].isna().all()
    assert np.isfinite(found.loc[1, NUMBERS].to_numpy(float)).all()
    back = fit.odds_ratios(variables={"x": ("yes", "no")})
    assert back.odds_ratio[0] == 0.0


def test_profile_intervals_are_those_of_the_model_with_another_reference(births: pd.DataFrame) -> None:
    found = logreg.fit("low ~ race * smoke + age", births).odds_ratios(
        variables="smoke", at={"race": ["white", "black", "other"]}, interval="profile"
    )
    for k, level in enumerate(("white", "black", "other")):
        other = logreg.fit(f"low ~ C(race, Treatment('{level}')) * smoke + age", births)
        line = other.odds_ratios(interval="profile").set_index("term").loc["smoke[T.yes]"]
        np.testing.assert_allclose(
            found.loc[k, NUMBERS].to_numpy(float), line[NUMBERS].to_numpy(float), rtol=1e-6
        )
    women = logreg.datasets.load("womenlf")
    fit = logreg.fit("partic ~ hincome + children", women)
    for versus in (None, "parttime"):
        at = fit.odds_ratios(levels="reference", interval="profile", versus=versus)
        plain = fit.odds_ratios(interval="profile", versus=versus)
        np.testing.assert_allclose(at[NUMBERS].to_numpy(float), plain[NUMBERS].to_numpy(float), rtol=1e-6)


def test_profile_intervals_have_the_finite_end_under_separation() -> None:
    data = pd.DataFrame(
        {"x": ["yes"] * 5 + ["no"] * 30, "z": [k % 5 for k in range(35)], "y": [1] * 5 + [0, 1, 0] * 10}
    )
    with pytest.warns(logreg.SeparationWarning):
        fit = logreg.fit("y ~ x + z", data)
    found = fit.odds_ratios(levels="reference", interval="profile")
    plain = fit.odds_ratios(interval="profile")
    np.testing.assert_allclose(found[NUMBERS].to_numpy(float), plain[NUMBERS].to_numpy(float), rtol=1e-6)
    assert found.conf_high[0] == np.inf
    assert 1.0 < found.conf_low[0] < np.inf


def test_what_the_data_cannot_tell_is_missing() -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"a": rng.choice(["p", "q"], 200), "b": rng.choice(["r", "s"], 200)})
    data["y"] = rng.integers(0, 2, 200)
    data = data[~((data.a == "q") & (data.b == "s"))]
    with pytest.warns(logreg.CollinearityWarning):
        fit = logreg.fit("y ~ a * b", data)
    found = fit.odds_ratios(variables="a", at={"b": ["r", "s"]})
    assert np.isfinite(found.odds_ratio[0])
    assert np.isnan(found.odds_ratio[1])
    twice = data.assign(x=np.arange(len(data)) % 7, xx=2 * (np.arange(len(data)) % 7))
    with pytest.warns(logreg.CollinearityWarning):
        fit = logreg.fit("y ~ x + xx", twice)
    assert fit.odds_ratios(variables=["x", "xx"]).odds_ratio.isna().all()


def test_a_change_that_changes_nothing(births: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ I(age > 30)", births)
    for interval in ("wald", "profile"):
        found = fit.odds_ratios(variables={"age": (20, 25)}, interval=interval)
        assert found.loc[0, NUMBERS].tolist() == [1.0, 1.0, 1.0, 1.0]


def test_units_of_spread_and_switches(births: pd.DataFrame) -> None:
    data = births.assign(flag=births.smoke == "yes", often=(births.ht != "yes").astype(int))
    fit = logreg.fit("low ~ age * flag + often", data)
    sd = fit.odds_ratios(variables="age", at={"flag": False}, unit="sd")
    assert sd.unit[0] == pytest.approx(births.age.std(), rel=1e-12)
    one = fit.odds_ratios(variables=["flag", "often"], at={"age": 20})
    assert np.isfinite(one.odds_ratio).all()


def test_a_loaded_model_needs_values(births: pd.DataFrame, tmp_path: Path) -> None:
    fit = logreg.fit("low ~ age * smoke + lwt", births)
    fit.save(tmp_path / "model.json")
    loaded = logreg.load(tmp_path / "model.json")
    ask: dict[str, Any] = {"variables": "smoke", "at": {"age": [20, 30], "lwt": 120}}
    pd.testing.assert_frame_equal(loaded.odds_ratios(**ask), fit.odds_ratios(**ask), check_dtype=False)
    with pytest.raises(SupportError, match="'age', 'lwt'"):
        loaded.odds_ratios(variables="smoke")
    with pytest.raises(SupportError, match="loaded model"):
        loaded.odds_ratios(**ask, unit="sd")


@pytest.mark.parametrize(
    ("ask", "match"),
    [
        ({"variables": "smok"}, "Did you mean 'smoke'"),
        ({"at": {"agee": 20}}, "Did you mean 'age'"),
        ({"at": [20, 30]}, "at="),
        ({"at": {"age": []}}, "one value or more"),
        ({"at": {"age": [20, None]}}, "missing"),
        ({"at": {"age": float("nan")}}, "missing"),
        ({"variables": "smoke", "at": {"smoke": "no"}}, "leave it out of at="),
        ({"variables": {"age": (20, 30)}, "at": {"age": 20}}, "leave it out of at="),
        ({"variables": {"age": 10}}, "unit="),
        ({"variables": "age", "at": {"age": "old"}}, "is a number"),
        ({"variables": "smoke", "unit": {"age": 5}}, "changes by a step"),
        ({"variables": "age", "unit": {"age": 0}}, "not 0"),
        ({"variables": "age", "unit": "mad"}, "'sd', 'iqr'"),
        ({"variables": "smoke", "levels": "all"}, "'pairwise'"),
        ({"variables": "smoke", "interval": "bayes"}, "'wald' and 'profile'"),
        ({"variables": "smoke", "intercept": True}, "intercept"),
    ],
)
def test_what_is_refused(ask: dict[str, Any], match: str, births: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ age * smoke", births)
    with pytest.raises(SupportError, match=match):
        fit.odds_ratios(**ask)


def test_unknown_levels_and_names_that_clash(births: pd.DataFrame) -> None:
    fit = logreg.fit("low ~ age * race", births)
    with pytest.raises(PredictError, match="green"):
        fit.odds_ratios(variables="age", at={"race": "green"})
    renamed = logreg.fit("low ~ level * smoke", births.rename(columns={"age": "level"}))
    found = renamed.odds_ratios(variables="smoke", at={"level": [20, 30]})
    assert found.at_level.tolist() == [20, 30]
    assert found.level.tolist() == ["yes"] * 2


def test_who_depends_on_whom(births: pd.DataFrame) -> None:
    spec = logreg.fit("low ~ age * smoke + log(lwt) + race:lwt + ht", births).spec
    assert partners_of(spec, "age") == ("smoke",)
    assert partners_of(spec, "lwt") == ("race",)
    assert partners_of(spec, "ht") == ()
    assert moves_alone(spec, "age")
    assert not moves_alone(spec, "lwt")
