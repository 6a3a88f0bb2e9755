"""What must not change a fit, or must change it in a known way, whatever the data.

No reference software is needed: each test fits twice and compares. Tables are drawn
with weak effects, so that the maximum is finite; where it is not, the example is skipped.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import logreg
from logreg.data import open_source
from logreg.errors import LogregWarning
from logreg.passes import sums as passes

settings.register_profile("invariances", derandomize=True, deadline=None, max_examples=20, database=None)
settings.load_profile("invariances")

#: Two certified optima of one likelihood, in standard errors: the rounding of sums of a hundred terms.
COEF_TOLERANCE = 1e-10
#: Relative error of a covariance or a statistic from the same optimum.
RTOL = 1e-9
#: Statistics that count rows of the table, not trials.
ROW_COUNTS = {"n_rows"}

FORMULAS = ["x + z", "g", "x + g", "x*g", "0 + g + x", "poly(x, 2) + h", "g*h + z", "1"]


@st.composite
def tables(draw: st.DrawFn, outcomes: tuple[int, ...] = (2, 3)) -> pd.DataFrame:
    """80 to 160 rows: numbers ``x z o``, x in 2**-20ths; labels ``g h``; outcome ``y``; counts ``w``."""
    n = draw(st.integers(80, 160))
    k = draw(st.sampled_from(outcomes))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n).round(4),
            "z": rng.exponential(size=n),
            "o": rng.normal(size=n) / 4,
            "g": rng.choice(list("abc"), n),
            "h": pd.Categorical(rng.choice(["lo", "hi"], n), categories=["lo", "hi"]),
            "w": rng.integers(1, 4, n),
        }
    )
    frame["x"] = np.rint(frame.x * 2**20) / 2**20
    slopes = rng.normal(size=k) / 2
    scores = np.outer(frame.x, slopes) + rng.gumbel(size=(n, k))
    frame["y"] = np.array(list("pqrs"))[scores.argmax(axis=1)]
    return frame


def fitted(formula: str, data: Any, **options: Any) -> Any:
    """Fit, or skip the example where there is something to warn of."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", LogregWarning)
        try:
            return logreg.fit(formula, data, **options)
        except LogregWarning:
            assume(False)


def close(found: Any, expected: Any, tolerance: float = COEF_TOLERANCE) -> None:
    """Coefficients to a fraction of their standard errors, the covariance to a fraction of their products."""
    errors = expected.std_error_array
    np.testing.assert_allclose(
        found.coef_array / errors, expected.coef_array / errors, rtol=0, atol=tolerance
    )
    flat = errors.ravel()
    scale = np.outer(flat, flat)
    np.testing.assert_allclose(
        found.vcov_array / scale, expected.vcov_array / scale, rtol=0, atol=max(RTOL, tolerance)
    )


def statistics(fit: Any) -> pd.Series:
    table = fit.fit_statistics().set_index("statistic")["value"]
    return table.drop(list(ROW_COUNTS))


def same_statistics(found: Any, expected: Any, rtol: float = RTOL) -> None:
    pd.testing.assert_series_equal(statistics(found), statistics(expected), rtol=rtol, atol=1e-12)


formulas = st.sampled_from(FORMULAS)
covariances = st.sampled_from(["model", "HC0", "HC1"])


# Blocks, threads, layout ------------------------------------------------------------------------------


@given(tables(), formulas, st.integers(1, 60), st.booleans())
def test_blocks_add_up(data: pd.DataFrame, right: str, block_rows: int, grouped: bool) -> None:
    options: dict[str, Any] = {"weights": "w", "offset": "o"} if grouped else {}
    whole = fitted(f"y ~ {right}", data, **options)
    blocked = fitted(f"y ~ {right}", open_source(data, block_rows=block_rows), **options)
    assert blocked.spec == whole.spec
    assert blocked.sample == whole.sample
    close(blocked, whole)
    same_statistics(blocked, whole)
    np.testing.assert_allclose(blocked.probabilities(), whole.probabilities(), rtol=1e-9)


@pytest.mark.parametrize("chunk", [1000, 7, 64])
@pytest.mark.parametrize("formula", ["y ~ x*g + z", "k ~ x + g"])
def test_threads_and_chunks(chunk: int, formula: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    n = 700
    data = pd.DataFrame({"x": rng.normal(size=n), "z": rng.normal(size=n), "g": rng.choice(list("ab"), n)})
    data["y"] = rng.integers(0, 2, n)
    data["k"] = rng.choice(list("pqr"), n)
    whole = logreg.fit(formula, data, covariance="HC0")
    monkeypatch.setattr(passes, "CHUNK_ROWS", chunk)
    found = []
    for n_cpu in (1, 2, 8, None):
        monkeypatch.setattr(os, "cpu_count", lambda n_cpu=n_cpu: n_cpu)
        found.append(logreg.fit(formula, data, covariance="HC0"))
    close(found[0], whole)
    for other in found[1:]:
        assert np.array_equal(other.coef_array, found[0].coef_array), (
            "bit for bit, whatever the number of threads"
        )
        assert np.array_equal(other.vcov_array, found[0].vcov_array)
        assert other.loglik == found[0].loglik


@given(tables(), formulas, st.randoms(use_true_random=False))
def test_order_of_rows_and_columns(data: pd.DataFrame, right: str, random: Any) -> None:
    rows = list(range(len(data)))
    random.shuffle(rows)
    names = list(data.columns)
    random.shuffle(names)
    expected = fitted(f"y ~ {right}", data)
    found = fitted(f"y ~ {right}", data.iloc[rows][names])
    assert found.spec == expected.spec
    close(found, expected)
    same_statistics(found, expected)
    ours = found.probabilities().sort_index()
    np.testing.assert_allclose(ours, expected.probabilities(), rtol=1e-9)


@given(tables())
def test_order_of_terms(data: pd.DataFrame) -> None:
    expected = fitted("y ~ x + g + z:h", data)
    found = fitted("y ~ z:h + g + x", data)
    label = found.coef.index
    pd.testing.assert_series_equal(found.coef, expected.coef[label], rtol=1e-8)
    pd.testing.assert_frame_equal(found.vcov, expected.vcov.loc[label, label], rtol=1e-8)
    same_statistics(found, expected)


@given(tables(), st.permutations(["a", "b", "c"]))
def test_order_of_levels(data: pd.DataFrame, levels: list[str]) -> None:
    """Another reference is another set of contrasts of the same model."""
    expected = fitted("y ~ g + x", data)
    found = fitted("y ~ g + x", data.assign(g=pd.Categorical(data.g, categories=levels)))
    assert found.spec.categorical()[0].reference == levels[0]
    np.testing.assert_allclose(found.probabilities(), expected.probabilities(), rtol=1e-9)
    same_statistics(found, expected)
    effects = expected.coef.unstack().assign(**{"g[T.a]": 0.0})
    theirs = found.coef.unstack()
    for level in levels[1:]:
        difference = effects[f"g[T.{level}]"] - effects[f"g[T.{levels[0]}]"]
        np.testing.assert_allclose(theirs[f"g[T.{level}]"], difference, rtol=1e-8, atol=1e-10)


@given(tables(), formulas)
def test_prediction_for_the_training_rows(data: pd.DataFrame, right: str) -> None:
    data.loc[[3, 11], "x"] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = logreg.fit(f"y ~ {right}", data)
    used = data if fit.n_rows == len(data) else data.dropna()
    for verb in ("logits", "odds", "probabilities"):
        pd.testing.assert_frame_equal(getattr(fit, verb)(used), getattr(fit, verb)())
    pd.testing.assert_series_equal(fit.classify(used), fit.classify())
    long, again = fit.probabilities(interval=True), fit.probabilities(used, interval=True)
    pd.testing.assert_frame_equal(long, again)


# Copies, counts, weights ------------------------------------------------------------------------------


@given(tables(), formulas, covariances, st.booleans())
def test_frequency_weights_are_repeated_rows(
    data: pd.DataFrame, right: str, covariance: str, offset: bool
) -> None:
    options: dict[str, Any] = {"covariance": covariance, "offset": "o" if offset else None}
    if "poly" in right:
        right = "scale(x) + h"
    weighted = fitted(f"y ~ {right}", data, weights="w", **options)
    repeated = fitted(f"y ~ {right}", data.loc[data.index.repeat(data.w)], **options)
    close(weighted, repeated)
    same_statistics(weighted, repeated)
    pd.testing.assert_frame_equal(weighted.odds_ratios(unit="sd"), repeated.odds_ratios(unit="sd"), rtol=1e-8)
    pd.testing.assert_frame_equal(
        weighted.odds_ratios(unit="iqr"), repeated.odds_ratios(unit="iqr"), rtol=1e-8
    )
    assert weighted.spec.level_counts == repeated.spec.level_counts
    assert weighted.sample.weight == repeated.sample.weight


@given(tables(outcomes=(2, 3)), covariances, st.booleans())
def test_grouped_is_ungrouped(data: pd.DataFrame, covariance: str, offset: bool) -> None:
    data = data.assign(x=np.rint(data.x), o=np.where(data.g == "a", 0.3, -0.1))
    levels = sorted(data.y.unique())
    options: dict[str, Any] = {"covariance": covariance, "offset": "o" if offset else None}
    single = fitted("y ~ x + g", data, **options)
    cells = pd.crosstab([data.x, data.g, data.o], data.y).reset_index()
    # Of two counts the first is the event; of several the first is the baseline.
    order = levels[::-1] if len(levels) == 2 else levels
    grouped = fitted(f"cbind({', '.join(order)}) ~ x + g", cells, **options)
    assert grouped.spec.outcome.names == single.spec.outcome.names
    close(grouped, single)
    same_statistics(grouped, single)
    pd.testing.assert_frame_equal(grouped.odds_ratios(), single.odds_ratios(), rtol=1e-8)


@given(tables(), formulas, covariances, st.sampled_from(["frequency", "precision", "sampling"]), st.data())
def test_zero_weights_are_absent_rows(
    data: pd.DataFrame, right: str, covariance: str, kind: str, draw: Any
) -> None:
    absent = draw.draw(st.sets(st.integers(0, len(data) - 1), max_size=10))
    zero = data.assign(w=data.w.where(~data.index.isin(list(absent)), 0))
    options: dict[str, Any] = {"weights": "w", "weight_kind": kind, "covariance": covariance}
    expected = fitted(f"y ~ {right}", data.drop(index=list(absent)), **options)
    found = fitted(f"y ~ {right}", zero, **options)
    assert found.spec == expected.spec
    close(found, expected)
    same_statistics(found, expected)
    assert found.n_rows == expected.n_rows == len(data) - len(absent)


@given(
    tables(), formulas, st.sampled_from(["precision", "sampling"]), st.sampled_from([1e-15, 0.3, 7.0, 1e9])
)
def test_the_unit_of_weights_that_are_no_counts(
    data: pd.DataFrame, right: str, kind: str, factor: float
) -> None:
    expected = fitted(f"y ~ {right}", data, weights=data.w, weight_kind=kind)
    found = fitted(f"y ~ {right}", data, weights=data.w * factor, weight_kind=kind)
    close(found, expected)
    if kind == "precision":
        drop = ["sum_weights", "events"]
        ours, theirs = (statistics(fit).drop(drop, errors="ignore") for fit in (found, expected))
        pd.testing.assert_series_equal(ours, theirs, rtol=RTOL, atol=1e-12)


@given(tables(), formulas)
def test_equal_precision_weights_are_none(data: pd.DataFrame, right: str) -> None:
    expected = fitted(f"y ~ {right}", data)
    found = fitted(f"y ~ {right}", data, weights=np.full(len(data), 2.5), weight_kind="precision")
    close(found, expected)
    np.testing.assert_allclose(found.loglik, expected.loglik, rtol=1e-12)


@given(tables(), formulas)
def test_hc1_is_hc0_times_its_factor(data: pd.DataFrame, right: str) -> None:
    hc0, hc1 = (fitted(f"y ~ {right}", data, covariance=kind) for kind in ("HC0", "HC1"))
    factor = len(data) / (len(data) - hc0.n_coef)
    np.testing.assert_allclose(hc1.vcov_array, factor * hc0.vcov_array, rtol=1e-12)
    np.testing.assert_array_equal(hc1.coef_array, hc0.coef_array)


# Coordinates ------------------------------------------------------------------------------------------


@given(
    tables(),
    st.sampled_from([0.0, 1.0, 1000.0, 2.0**20, 1e8]),
    st.integers(-26, 26),
    covariances,
    st.sampled_from(["x + z", "x + g"]),
)
def test_shift_and_scale_of_a_column(
    data: pd.DataFrame, shift: float, power: int, covariance: str, right: str
) -> None:
    """x' = (x + shift) * 2**power, exactly; so b' = b / 2**power and b0' = b0 - b * shift."""
    expected = fitted(f"y ~ {right}", data, covariance=covariance)
    found = fitted(f"y ~ {right}", data.assign(x=(data.x + shift) * 2.0**power), covariance=covariance)
    m, p = expected.coef_array.shape
    at = expected.spec.column_names.index("x")
    transform = np.eye(p)
    transform[at, at] = 2.0**-power
    transform[0, at] = -shift
    coef = expected.coef_array @ transform.T
    whole = np.kron(np.eye(m), transform)
    vcov = whole @ expected.vcov_array @ whole.T
    errors = np.sqrt(np.diagonal(vcov))
    np.testing.assert_allclose((found.coef_array - coef).ravel() / errors, 0.0, atol=1e-8)
    np.testing.assert_allclose(
        found.vcov_array / np.outer(errors, errors), vcov / np.outer(errors, errors), atol=1e-8
    )
    np.testing.assert_allclose(found.loglik, expected.loglik, rtol=1e-12)
    np.testing.assert_allclose(found.probabilities(), expected.probabilities(), rtol=1e-7)


@given(
    tables(),
    st.sampled_from([10.0, 1e4]),
    st.sampled_from(["x*g", "poly(x, 2, raw=True)", "I(x**2) + x + h"]),
)
def test_shift_inside_products(data: pd.DataFrame, shift: float, right: str) -> None:
    """The model is the same; its coefficients are not, the fitted probabilities are."""
    expected = fitted(f"y ~ {right}", data)
    found = fitted(f"y ~ {right}", data.assign(x=data.x + shift))
    np.testing.assert_allclose(found.loglik, expected.loglik, rtol=1e-10)
    np.testing.assert_allclose(found.probabilities(), expected.probabilities(), rtol=1e-6)


@given(tables(), st.floats(-3, 3), formulas)
def test_an_offset_moves_its_coefficient(data: pd.DataFrame, slope: float, right: str) -> None:
    """With ``slope * o`` as an offset, the coefficient of o falls by slope."""
    right = "o" if right == "1" else right + " + o"
    expected = fitted(f"y ~ {right}", data)
    found = fitted(f"y ~ {right}", data, offset=slope * data.o)
    moved = expected.coef_array.copy()
    moved[:, expected.spec.column_names.index("o")] -= slope
    np.testing.assert_allclose((found.coef_array - moved) / expected.std_error_array, 0.0, atol=1e-9)
    np.testing.assert_allclose(found.loglik, expected.loglik, rtol=1e-12)


@given(tables(outcomes=(3,)), st.integers(0, 2**32))
def test_one_offset_per_outcome(data: pd.DataFrame, seed: int) -> None:
    slopes = np.random.default_rng(seed).normal(size=2)
    expected = fitted("y ~ x + o", data)
    each = fitted("y ~ x + o", data, offset=np.outer(data.o, slopes))
    moved = expected.coef_array.copy()
    moved[:, 2] -= slopes
    np.testing.assert_allclose((each.coef_array - moved) / expected.std_error_array, 0.0, atol=1e-9)
    shared = fitted("y ~ x + z", data, offset="o")
    twice = fitted("y ~ x + z", data, offset=["o", "o"])
    close(twice, shared)


# Baselines --------------------------------------------------------------------------------------------


@given(tables(outcomes=(3, 4)), st.sampled_from(["x + g", "x", "0 + g"]), covariances)
def test_versus_is_a_refit(data: pd.DataFrame, right: str, covariance: str) -> None:
    fit = fitted(f"y ~ {right}", data, covariance=covariance)
    for baseline in fit.spec.outcome.names[1:]:
        refit = fitted(f"y ~ {right}", data, baseline=baseline, covariance=covariance)
        pd.testing.assert_frame_equal(
            fit.odds_ratios(versus=baseline, intercept=True), refit.odds_ratios(intercept=True), rtol=1e-8
        )
        for verb in ("logits", "odds"):
            ours, theirs = getattr(fit, verb)(versus=baseline), getattr(refit, verb)()
            pd.testing.assert_frame_equal(ours[theirs.columns], theirs, rtol=1e-8, atol=1e-10)
        ours = fit.logits(versus=baseline, interval=True)
        pd.testing.assert_frame_equal(ours, refit.logits(interval=True), rtol=1e-8, atol=1e-10)
        same_statistics(fit, refit)
        columns = list(fit.spec.outcome.names)
        np.testing.assert_allclose(refit.probabilities()[columns], fit.probabilities(), rtol=1e-9)


@given(tables(outcomes=(2,)), formulas, covariances)
def test_the_other_event_negates(data: pd.DataFrame, right: str, covariance: str) -> None:
    q, p = (fitted(f"y ~ {right}", data, event=event, covariance=covariance) for event in "qp")
    np.testing.assert_allclose(q.coef_array, -p.coef_array, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(q.vcov_array, p.vcov_array, rtol=1e-8, atol=1e-14)
    pd.testing.assert_frame_equal(
        q.odds_ratios(versus="q", intercept=True), p.odds_ratios(intercept=True), rtol=1e-8
    )
    assert q.loglik == pytest.approx(p.loglik, rel=1e-13)


@given(tables(outcomes=(3, 4)))
def test_merging_all_but_two_outcomes_is_the_binary_model_of_those_rows(data: pd.DataFrame) -> None:
    """Without slopes the multinomial logits are those of each pair of outcomes (Begg and Gray)."""
    full = fitted("y ~ g", data)
    pair = fitted("y ~ g", data[data.y.isin(["p", "q"])])
    np.testing.assert_allclose(full.coef["q"], pair.coef["q"], rtol=1e-8, atol=1e-10)


# Scales -----------------------------------------------------------------------------------------------


@given(tables(), formulas, st.floats(0.01, 0.99))
def test_logits_odds_probabilities_classes(data: pd.DataFrame, right: str, threshold: float) -> None:
    fit = fitted(f"y ~ {right}", data)
    logits, odds, probabilities = fit.logits(), fit.odds(), fit.probabilities()
    baseline, *others = fit.spec.outcome.names
    np.testing.assert_allclose(np.log(odds), logits, rtol=1e-12, atol=1e-12)
    ratio = probabilities[others].to_numpy() / probabilities[[baseline]].to_numpy()
    np.testing.assert_allclose(ratio, odds, rtol=1e-12)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-14)
    ranked = np.sort(probabilities.to_numpy(), axis=1)
    clear = ranked[:, -1] - ranked[:, -2] > 1e-12
    np.testing.assert_array_equal(fit.classify()[clear], probabilities.idxmax(axis=1)[clear])
    if fit.is_binary:
        event = probabilities[others[0]]
        sure = (event - threshold).abs() > 1e-12
        chosen = fit.classify(threshold=threshold) == others[0]
        np.testing.assert_array_equal(chosen[sure], (event >= threshold)[sure])
    for verb in ("logits", "odds", "probabilities"):
        long = getattr(fit, verb)(interval=True, confidence=0.9)
        wide = long.pivot(index="row", columns="outcome", values="estimate")
        own = getattr(fit, verb)()
        np.testing.assert_allclose(wide[own.columns], own, rtol=1e-12)
        assert (long.conf_low < long.estimate).all()
        assert (long.estimate < long.conf_high).all()
        if verb == "probabilities":
            assert (long.conf_low > 0).all()
            assert (long.conf_high < 1).all()


@given(tables(), st.sampled_from(["x + g", "x*g", "0 + g", "poly(x, 2) + h"]))
def test_the_score_equations(data: pd.DataFrame, right: str) -> None:
    """At the maximum, fitted counts equal observed ones: in total, and in every level of a factor."""
    fit = fitted(f"y ~ {right}", data)
    probabilities = fit.probabilities()
    observed = pd.get_dummies(data.y).astype(float)[probabilities.columns]
    np.testing.assert_allclose(probabilities.sum(), observed.sum(), rtol=1e-9)
    if "g" in right:
        np.testing.assert_allclose(
            probabilities.groupby(data.g).sum(), observed.groupby(data.g).sum(), rtol=1e-9
        )
