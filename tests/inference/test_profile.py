"""Profile intervals: against roots computed in R, against brute force, and under separation."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import expit, logsumexp

import logreg
from logreg.data import open_source
from logreg.engine import programme
from logreg.engine.newton import Metric
from logreg.errors import ConvergenceWarning, SeparationWarning, SupportError
from logreg.inference import profile_search
from logreg.inference.profile import _views as profile_views
from logreg.inference.profile import profile_intervals

from ..reference.comparison import HERE, read_json
from ..reference.test_cases import case_of, data_of, fitted_to, term_names

BINARY = ("a01_birthwt", "a02_titanic", "a05_ucb", "a08_contraception", "a09_pima_glmnet")

#: In standard errors: the search promises 1e-9, the references are good to 1e-12.
END_BOUND = 1e-9

CUT = 3.841458820694124


def profile(fit: Any, **options: Any) -> pd.DataFrame:
    return fit.coefficients(interval="profile", **options).set_index("term")


@pytest.mark.parametrize("name", BINARY)
def test_ends_are_the_roots_of_the_published_cases(name: str) -> None:
    case = case_of(name)
    table = profile(fitted_to(case))
    expected = case["expected"]["profile_ci"]
    for r_name, term in term_names(case["parameters"]).items():
        row = table.loc[term]
        assert abs(row.conf_low - expected["lower"][r_name]) < END_BOUND * row.std_error, term
        assert abs(row.conf_high - expected["upper"][r_name]) < END_BOUND * row.std_error, term


@pytest.mark.parametrize("seed", range(20))
def test_the_step_from_an_end_is_seen_to_be_short(seed: int) -> None:
    # Its length is a difference that cancels; taken from squares it was 3e-8 at best.
    rng = np.random.default_rng(seed)
    x = rng.normal(size=40)
    fit = logreg.fit("y ~ x", {"x": x, "y": (rng.random(40) < expit(x)).astype(int)})
    likelihood = fit._rows.likelihood("test")
    (view,) = profile_views(likelihood, np.array([[0.0, 1.0]]), fit.loglik)
    surface = view.surface
    assert surface is not None
    goal = profile_search.ToEnd(side=1.0, level=fit.loglik - CUT / 2)
    end = profile_search.search(surface, goal, surface.start, surface.metric)
    assert end is not None
    metric = surface.metric_at(end.x)
    assert metric is not None
    state = surface.state(end.x, surface.at(end.x, 1), metric, metric.solve(surface.contrast))
    # The search ends one step further than where one of this length was promised.
    assert state.step(goal.multiplier(state))[1] < 5 * END_BOUND


@pytest.mark.parametrize("name", ["a01_birthwt", "a08_contraception", "a09_pima_glmnet"])
def test_p_values_are_those_of_the_likelihood_ratio_of_each_term(name: str) -> None:
    case = case_of(name)
    table = profile(fitted_to(case))
    compared = 0
    for term, expected in case["expected"]["tests"]["lr_type2"].items():
        if term in table.index:
            row = table.loc[term]
            assert row.statistic**2 == pytest.approx(expected["chi2"], rel=1e-8)
            assert np.sign(row.statistic) == np.sign(row.estimate)
            assert row.p_value == pytest.approx(expected["p"], rel=1e-7)
            compared += 1
    assert compared


@pytest.fixture(scope="module")
def separated() -> pd.DataFrame:
    return read_json(HERE / "own/hypotheses/hypotheses.json")["separated"]


@pytest.fixture(scope="module")
def endometrial() -> Any:
    data = pd.read_csv(HERE / "data/a04_endometrial.csv")
    with pytest.warns(logreg.SeparationWarning):
        return logreg.fit("HG ~ NV + PI + EH", data)


@pytest.mark.parametrize("term", ["NV", "PI", "EH"])
def test_separated_ends_are_those_of_r_with_the_coefficient_held(
    endometrial: Any, separated: Any, term: str
) -> None:
    """R climbs to deviances right to 1e-10 and its root search to 1e-9; `confint` is wrong there."""
    row, expected = profile(endometrial).loc[term], separated[term]
    assert row.conf_low == pytest.approx(expected["low"], rel=1e-7)
    assert row.conf_high == pytest.approx(expected.get("high", np.inf), rel=1e-7)
    assert row.statistic**2 == pytest.approx(expected["LR"], rel=1e-8)


def test_an_infinite_estimate_has_one_finite_end_and_a_p_value(endometrial: Any) -> None:
    row = profile(endometrial).loc["NV"]
    assert row.estimate == row.conf_high == np.inf
    assert np.isnan(row.std_error)
    assert 0 < row.p_value < 0.01
    ratio = endometrial.odds_ratios(interval="profile").set_index("term").loc["NV"]
    assert (ratio.odds_ratio, ratio.conf_high) == (np.inf, np.inf)
    assert ratio.conf_low == pytest.approx(np.exp(row.conf_low), rel=1e-12)
    assert ratio.p_value == row.p_value


def test_firth_profiles_are_those_of_the_penalised_likelihood() -> None:
    """The search asks for scores and some information only, so that any smooth likelihood will do."""
    case = case_of("a04_endometrial")
    data = pd.read_csv(HERE / "data/a04_endometrial.csv")
    table = profile(logreg.fit("HG ~ NV + PI + EH", data, estimator="firth"))
    expected = case["expected"]["firth"]
    for r_name, term in term_names(case["parameters"]).items():
        row, ends = table.loc[term], expected["penalized_profile_ci"]
        assert abs(row.conf_low - ends["lower"][r_name]) < 1e-8 * row.std_error
        assert abs(row.conf_high - ends["upper"][r_name]) < 1e-8 * row.std_error
        assert row.statistic**2 == pytest.approx(expected["penalized_lr"][r_name]["chi2"], rel=1e-8)


def test_ten_of_ten_events_against_a_closed_form() -> None:
    """One exposed group in which all have the event: the likelihood is a product of two binomials."""
    data = pd.DataFrame({"x": [0, 0, 1], "y": [1, 0, 1], "n": [8, 12, 10]})
    with pytest.warns(logreg.SeparationWarning):
        row = profile(logreg.fit("y ~ x", data, weights="n")).loc["x"]

    def below(b: float) -> float:
        def loss(a: float) -> float:
            return -8 * np.log(expit(a)) - 12 * np.log(expit(-a)) - 10 * np.log(expit(a + b))

        top = 8 * np.log(0.4) + 12 * np.log(0.6)
        return 2 * (top + minimize_scalar(loss, bracket=(-2, 1), tol=1e-14).fun)

    assert row.conf_low == pytest.approx(brentq(lambda b: below(b) - CUT, -2, 6, xtol=1e-12), rel=1e-8)
    assert row.statistic == pytest.approx(np.sqrt(below(0.0)), rel=1e-9)


def test_two_infinite_levels_keep_their_own_lower_ends() -> None:
    """With the other level free to go to infinity, each is a two-by-two table of its own."""
    data = pd.DataFrame({"g": list("aabc"), "y": [1, 0, 1, 1], "n": [8, 12, 8, 9]})
    with pytest.warns(logreg.SeparationWarning):
        both = profile(logreg.fit("y ~ g", data, weights="n"))
    for level in "bc":
        with pytest.warns(logreg.SeparationWarning):
            alone = profile(logreg.fit("y ~ g", data[data.g.isin(["a", level])], weights="n"))
        for column in ("conf_low", "conf_high", "statistic"):
            expected = alone.loc[f"g[T.{level}]", column]
            assert both.loc[f"g[T.{level}]", column] == pytest.approx(expected, rel=1e-8), column
    assert both.loc["Intercept", "conf_low"] == pytest.approx(alone.loc["Intercept", "conf_low"], rel=1e-8)


def test_complete_separation_bounds_only_what_the_data_bound() -> None:
    x = np.arange(10.0) - 4.5
    w = np.array([0.3, -1.2, 0.4, 1.1, -0.2, 0.8, -0.5, 0.1, 0.9, -1.0])
    with pytest.warns(logreg.SeparationWarning):
        fit = logreg.fit("y ~ x + w", pd.DataFrame({"x": x, "w": w, "y": (x > 0).astype(int)}))
    table = profile(fit)
    assert (table.loc["w", "conf_low"], table.loc["w", "conf_high"]) == (-np.inf, np.inf)
    assert table.loc["w", "p_value"] == 1.0
    assert table.loc["x", "conf_high"] == np.inf
    # The supremum is 0; at the lower end the best remaining likelihood lies CUT / 2 below it.
    low = table.loc["x", "conf_low"]
    signs = np.where(x > 0, 1.0, -1.0)

    def loss(rest: np.ndarray) -> float:
        return float(np.logaddexp(0, -signs * (rest[0] + low * x + rest[1] * w)).sum())

    found = minimize(loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13})
    assert found.fun == pytest.approx(CUT / 2, rel=1e-8)


def held_loglik(x: np.ndarray, codes: np.ndarray, held: tuple[int, int, float], weights: np.ndarray) -> float:
    """Return the largest multinomial log-likelihood with one coefficient held, by BFGS on its own kernel."""
    m, p = int(codes.max()), x.shape[1]
    free = np.ones((m, p), dtype=bool)
    free[held[0], held[1]] = False
    coef = np.zeros((m, p))
    coef[held[0], held[1]] = held[2]

    def loss(z: np.ndarray) -> tuple[float, np.ndarray]:
        coef[free] = z
        logits = np.vstack([np.zeros(len(x)), coef @ x.T])
        total = logsumexp(logits, axis=0)
        residual = np.exp(logits - total)
        residual[codes, np.arange(len(x))] -= 1
        value = float(weights @ (total - logits[codes, np.arange(len(x))]))
        return value, ((residual[1:] * weights) @ x)[free]

    found = minimize(loss, np.zeros(m * p - 1), jac=True, method="BFGS", options={"gtol": 1e-7})
    return -float(found.fun)


def test_among_hundreds_of_levels_the_rows_of_separated_ones_play_no_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Where all rows were asked about at once, HiGHS solved no programme.
    rng = np.random.default_rng(0)
    n = 3000
    x, z, y = rng.normal(size=n), rng.normal(size=n), rng.random(n) < 0.5
    rng.choice(3, n)
    data = pd.DataFrame({"x": x, "z": z, "y": y, "level": [f"m{k}" for k in rng.integers(0, 300, n)]})
    with pytest.warns(SeparationWarning, match=r"level\[T.m116\], level\[T.m272\]"):
        fit = logreg.fit("y ~ x + z + level", data)
    separated = [f"level[T.{level}]" for level in ("m116", "m272")]
    assert [term for _, term, _ in fit.separation.infinite] == separated
    rest = logreg.fit("y ~ x + z + level", data[~data.level.isin(["m116", "m272"])])
    sizes: list[int] = []
    solved = programme._strict_somewhere

    def watched(constraints: Any) -> Any:
        sizes.append(constraints.shape[1])
        return solved(constraints)

    monkeypatch.setattr(programme, "_strict_somewhere", watched)
    for term in ("x", "z"):
        found, expected = fit.profile(term, points=7), rest.profile(term, points=7)
        np.testing.assert_allclose(found.value, expected.value, rtol=1e-6)
        np.testing.assert_allclose(found.signed_root, expected.signed_root, rtol=1e-6, atol=1e-8)
    assert not sizes
    # What separation moves is asked about in the dimensions that are open alone.
    curve = fit.profile(separated[0], points=5)
    assert max(sizes) <= 2
    assert (np.diff(curve.loglik) > 0).all()


@pytest.mark.parametrize("k", [2, 3])
def test_the_direction_that_is_known_gives_what_the_programmes_find(k: int) -> None:
    rng = np.random.default_rng(k)
    seen = 0
    while seen < 12:
        n = int(rng.integers(12, 40))
        data = pd.DataFrame(
            {"x": rng.integers(-2, 3, n), "g": rng.choice(list("abcd"), n), "y": rng.integers(0, k, n)}
        )
        data.loc[data.g == "b", "y"] = data.y.min()
        if data.y.nunique() < k or data.g.nunique() < 4:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = logreg.fit("y ~ x + g", data)
        if fit.separation.direction is None:
            continue
        seen += 1
        likelihood = fit._rows.likelihood("a profile")
        blind = replace(
            likelihood, recession=partial(likelihood.recession.func, *likelihood.recession.args[:3])
        )
        contrasts = np.eye(likelihood.optimum.size)
        found, expected = (
            profile_intervals(one, contrasts, loglik=fit.loglik, confidence=0.95)
            for one in (likelihood, blind)
        )
        for name in ("low", "high", "statistic"):
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-7, atol=1e-7)


def test_multinomial_ends_lie_at_the_cut_of_an_independent_likelihood() -> None:
    case = case_of("a03_womenlf")
    data = data_of(case)
    fit = fitted_to(case, right="hincome + children")
    table = fit.coefficients(interval="profile")
    scaled = (data["hincome"] - 15) / 7
    x = np.column_stack([np.ones(len(data)), scaled, data["children"] == "present"]).astype(float)
    codes = np.array([fit.spec.outcome.names.index(label) for label in data["partic"]])
    for _, row in table[table["term"] != "Intercept"].iterrows():
        position = {"hincome": 1, "children[T.present]": 2}[row["term"]]
        unit = 7.0 if position == 1 else 1.0
        equation = fit.spec.outcome.modelled.index(row["outcome"])
        for end, bound in ((row["conf_low"], CUT), (row["conf_high"], CUT), (0.0, row["statistic"] ** 2)):
            found = held_loglik(x, codes, (equation, position, end * unit), np.ones(len(data)))
            assert 2 * (fit.loglik - found) == pytest.approx(bound, rel=1e-7, abs=1e-8)


def test_odds_ratios_against_another_baseline_are_those_of_the_refitted_model() -> None:
    case = case_of("a03_womenlf")
    fit, other = fitted_to(case), fitted_to(case, baseline="fulltime")
    keys = ["outcome", "term"]
    found = fit.odds_ratios(interval="profile", versus="fulltime", unit={"hincome": -10}).set_index(keys)
    expected = other.odds_ratios(interval="profile", unit={"hincome": -10}).set_index(keys)
    for column in ("odds_ratio", "conf_low", "conf_high", "p_value"):
        np.testing.assert_allclose(found[column], expected.loc[found.index, column], rtol=1e-7)
    assert (found["conf_low"] < found["odds_ratio"]).all()
    assert (found["odds_ratio"] < found["conf_high"]).all()


def test_units_scale_the_ends_of_the_coefficient() -> None:
    fit = fitted_to(case_of("a01_birthwt"))
    row = profile(fit, confidence=0.9).loc["lwt"]
    ratio = (
        fit.odds_ratios(interval="profile", unit={"lwt": -10}, confidence=0.9).set_index("term").loc["lwt"]
    )
    assert ratio.conf_low == pytest.approx(np.exp(-10 * row.conf_high), rel=1e-9)
    assert ratio.conf_high == pytest.approx(np.exp(-10 * row.conf_low), rel=1e-9)
    assert ratio.p_value == row.p_value


COLUMNS = ["statistic", "conf_low", "conf_high"]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    x, z = rng.normal(size=(2, 60))
    return pd.DataFrame(
        {
            "x": x,
            "z": z,
            "y": (rng.random(60) < expit(0.4 * x - 0.3)).astype(int),
            "n": rng.integers(1, 4, 60),
            "o": 0.3 * rng.normal(size=60),
        }
    )


def test_frequencies_are_copies(rows: pd.DataFrame) -> None:
    weighted = profile(logreg.fit("y ~ x + z", rows, weights="n", offset="o"))
    copied = profile(logreg.fit("y ~ x + z", rows.loc[rows.index.repeat(rows["n"])], offset="o"))
    np.testing.assert_allclose(weighted[COLUMNS], copied[COLUMNS], rtol=1e-8)


def test_precision_weights_do_not_depend_on_their_unit(rows: pd.DataFrame) -> None:
    once = profile(logreg.fit("y ~ x", rows, weights="n", weight_kind="precision"))
    twice = profile(logreg.fit("y ~ x", rows.assign(n=7.0 * rows["n"]), weights="n", weight_kind="precision"))
    np.testing.assert_allclose(once[COLUMNS], twice[COLUMNS], rtol=1e-8)
    assert once.loc["x", "conf_low"] < once.loc["x", "estimate"] < once.loc["x", "conf_high"]


def test_grouped_rows_are_their_trials() -> None:
    grouped = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "yes": [2, 5, 9, 4], "no": [8, 6, 4, 1]})
    single = grouped.melt("x", ["yes", "no"], "y", "n")
    first = profile(logreg.fit("cbind(yes, no) ~ x", grouped))
    second = profile(logreg.fit("y ~ x", single, event="yes", weights="n"))
    np.testing.assert_allclose(first[COLUMNS], second[COLUMNS], rtol=1e-8)


def test_blocks_give_the_same_ends(rows: pd.DataFrame) -> None:
    whole = profile(logreg.fit("y ~ x + z", rows))
    cut = profile(logreg.fit("y ~ x + z", open_source(rows, block_rows=7)))
    np.testing.assert_allclose(whole[COLUMNS], cut[COLUMNS], rtol=1e-9)


def test_columns_far_from_zero_and_on_other_scales(rows: pd.DataFrame) -> None:
    plain = profile(logreg.fit("y ~ x + z", rows))
    moved = profile(logreg.fit("y ~ x + z", rows.assign(x=1e5 + 5 * rows["x"], z=1e-7 * rows["z"])))
    np.testing.assert_allclose(5 * moved.loc["x", COLUMNS[1:]], plain.loc["x", COLUMNS[1:]], rtol=1e-8)
    np.testing.assert_allclose(1e-7 * moved.loc["z", COLUMNS[1:]], plain.loc["z", COLUMNS[1:]], rtol=1e-8)


def test_an_aliased_coefficient_has_no_profile_and_disturbs_none(rows: pd.DataFrame) -> None:
    with pytest.warns(logreg.CollinearityWarning):
        fit = logreg.fit("y ~ x + z + w", rows.assign(w=rows["x"] - 2 * rows["z"]))
    table, plain = profile(fit), profile(logreg.fit("y ~ x + z", rows))
    assert table.loc["w", COLUMNS].isna().all()
    np.testing.assert_allclose(table.loc[plain.index, COLUMNS], plain[COLUMNS], rtol=1e-8)
    with pytest.raises(SupportError, match="'w' is a combination"):
        fit.profile("w")


def test_a_line_of_the_curve_is_the_likelihood_with_the_coefficient_held(rows: pd.DataFrame) -> None:
    fit = logreg.fit("y ~ x + z", rows)
    values = [-0.5, 0.0, 0.9]
    curve = fit.profile("x", points=values)
    for value, loglik in zip(values, curve["loglik"], strict=True):
        held = logreg.fit("y ~ z", rows.assign(held=value * rows["x"]), offset="held")
        assert loglik == pytest.approx(held.loglik, abs=1e-10)
    estimate = fit.coef["1", "x"]
    np.testing.assert_array_equal(np.sign(curve["signed_root"]), np.sign(np.array(values) - estimate))
    np.testing.assert_allclose(curve["signed_root"] ** 2, 2 * (fit.loglik - curve["loglik"]), rtol=1e-9)


def test_a_curve_reaches_beyond_the_interval_or_to_where_it_is_flat(endometrial: Any) -> None:
    ends = profile(endometrial)
    regular = endometrial.profile("EH")
    assert regular["value"].iloc[0] < ends.loc["EH", "conf_low"]
    assert regular["value"].iloc[-1] > ends.loc["EH", "conf_high"]
    endless = endometrial.profile("NV", points=11)
    assert len(endless) == 11
    assert endless["signed_root"].iloc[-1] == pytest.approx(-0.1, rel=1e-6)
    assert (np.diff(endless["loglik"]) > 0).all()


def test_refusals(rows: pd.DataFrame) -> None:
    fit = logreg.fit("y ~ x", rows)
    with pytest.raises(SupportError, match="'wald' and 'profile'"):
        fit.coefficients(interval="exact")
    with pytest.raises(SupportError, match="HC0"):
        logreg.fit("y ~ x", rows, covariance="HC0").coefficients(interval="profile")
    with pytest.raises(SupportError, match="sampling weights"):
        logreg.fit("y ~ x", rows, weights="n", weight_kind="sampling").coefficients(interval="profile")
    with pytest.raises(SupportError, match="Did you mean 'x'"):
        fit.profile("xx")
    with pytest.raises(SupportError, match="points"):
        fit.profile("x", points=[np.nan])
    with pytest.raises(SupportError, match="points"):
        fit.profile("x", points=True)
    with pytest.raises(SupportError, match="not an outcome"):
        fit.profile("x", outcome="0")
    with pytest.raises(SupportError, match="level between"):
        fit.coefficients(interval="profile", confidence=95)
    multinomial = fitted_to(case_of("a03_womenlf"))
    with pytest.raises(SupportError, match="say which outcome"):
        multinomial.profile("hincome")


def test_a_loaded_model_says_that_it_holds_no_rows(rows: pd.DataFrame, tmp_path: Any) -> None:
    logreg.fit("y ~ x", rows).save(tmp_path / "model.json")
    with pytest.raises(SupportError, match="loaded model"):
        logreg.load(tmp_path / "model.json").coefficients(interval="profile")


def test_a_misleading_metric_is_replaced(rows: pd.DataFrame) -> None:
    """The search ends at the same place from an information that is far off in size and shape."""
    fit = logreg.fit("y ~ x + z", rows)
    likelihood = fit._rows.likelihood("test")
    [start] = likelihood.optimum
    right = likelihood.objective(likelihood.optimum, 2).information
    found = []
    for information in (right, 1e-6 * np.eye(3), 1e6 * np.eye(3), np.diag([1.0, 1e4, 1e-4])):
        surface = profile_search.Surface(
            objective=likelihood.objective,
            held=likelihood.optimum,
            free=likelihood.free,
            contrast=np.array([0.0, 1.0, 0.0]),
            start=start,
            metric=Metric(factor=np.linalg.cholesky(information), scale=np.ones(3)),
            maximum=fit.loglik,
        )
        goal = profile_search.ToEnd(side=1.0, level=fit.loglik - CUT / 2)
        end = profile_search.search(surface, goal, start, surface.metric)
        assert end is not None
        found.append(end.value)
    np.testing.assert_allclose(found, profile(fit).loc["x", "conf_high"], rtol=1e-9)


def test_a_search_that_does_not_arrive_is_said(rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile_search, "MAX_STEPS", 1)
    with pytest.warns(ConvergenceWarning, match="'x'"):
        table = profile(logreg.fit("y ~ x", rows))
    assert table[["conf_low", "conf_high"]].isna().all(axis=None)


def test_too_many_constraints_are_not_looked_at(endometrial: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logreg.engine.separation.LARGEST_PROGRAMME", 10)
    with pytest.warns(ConvergenceWarning, match="could not be followed"):
        table = endometrial.coefficients(interval="profile")
    assert table[["conf_low", "conf_high"]].isna().to_numpy().all()


def test_few_passes_over_the_rows() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2000, 6))
    data = pd.DataFrame(x, columns=list("abcdef")).assign(y=(rng.random(2000) < expit(x[:, 0])).astype(int))
    fit = logreg.fit("y ~ a + b + c + d + e + f", data)
    likelihood = fit._rows.likelihood("test")
    passes = [0, 0, 0]

    def counted(coef: Any, order: Any) -> Any:
        passes[order] += 1
        return likelihood.objective(coef, order)

    contrasts = np.eye(7)
    profile_intervals(replace(likelihood, objective=counted), contrasts, loglik=fit.loglik, confidence=0.95)
    # Two ends and one test each: some ten scores per coefficient, the information now and then.
    assert passes[1] <= 15 * 7
    assert passes[2] <= 2 * 7


@pytest.mark.parametrize("seed", range(6))
def test_small_and_extreme_data_end_where_the_likelihood_does(seed: int) -> None:
    """Every finite end lies at the cut, judged by a fit with the coefficient held as an offset."""
    rng = np.random.default_rng(seed)
    n = 18
    data = pd.DataFrame({"x": rng.standard_cauchy(n), "z": rng.integers(0, 2, n).astype(float)})
    data["y"] = (rng.random(n) < expit(1.5 * np.clip(data["x"], -2, 2))).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        fit = logreg.fit("y ~ x + z", data)
        table = profile(fit, confidence=0.99)
        for term, other in (("x", "z"), ("z", "x")):
            for column in ("conf_low", "conf_high"):
                end = table.loc[term, column]
                assert not np.isnan(end)
                if np.isfinite(end):
                    held = logreg.fit(f"y ~ {other}", data.assign(o=end * data[term]), offset="o")
                    assert 2 * (fit.loglik - held.loglik) == pytest.approx(6.634896601021214, rel=1e-7)
