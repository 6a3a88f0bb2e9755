"""Logits, odds, probabilities and classes with their errors: each against its definition, written out."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.errors import PredictError

N = 150
Z = 1.959963984540054


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(21)
    frame = pd.DataFrame(
        {"x": rng.normal(size=N), "g": rng.choice(list("ab"), N), "o": rng.normal(size=N) / 3}
    )
    scores = np.outer(frame.x, [0.0, 0.6, -0.4]) + rng.gumbel(size=(N, 3))
    frame["k"] = np.array(["low", "mid", "top"])[scores.argmax(axis=1)]
    frame["y"] = np.where(frame.k == "low", "no", "yes")
    frame.index = pd.Index([f"r{i}" for i in range(N)])
    return frame


@pytest.fixture(scope="module")
def binary(data: pd.DataFrame) -> Any:
    return logreg.fit("y ~ x + g", data, offset="o")


@pytest.fixture(scope="module")
def three(data: pd.DataFrame) -> Any:
    return logreg.fit("k ~ x + g", data)


def _design(data: pd.DataFrame) -> np.ndarray:
    return np.column_stack([np.ones(len(data)), data.g == "b", data.x])[:, [0, 2, 1]].astype(float)


def _columns(fit: Any, data: pd.DataFrame) -> np.ndarray:
    """The design in the order of the fit's columns."""
    values = {"Intercept": np.ones(len(data)), "x": data.x, "g[T.b]": (data.g == "b").astype(float)}
    return np.column_stack([values[name] for name in fit.spec.column_names])


def test_binary_logits_and_their_errors(binary: Any, data: pd.DataFrame) -> None:
    x = _columns(binary, data)
    eta = x @ binary.coef_array[0] + data.o
    error = np.sqrt(np.einsum("ij,jk,ik->i", x, binary.vcov_array, x))
    wide, long = binary.logits(), binary.logits(interval=True)
    assert list(wide.columns) == ["yes"]
    pd.testing.assert_index_equal(wide.index, data.index)
    np.testing.assert_allclose(wide["yes"], eta, rtol=1e-12)
    assert list(long.columns) == ["row", "outcome", "estimate", "std_error", "conf_low", "conf_high"]
    assert list(long.row) == list(data.index)
    np.testing.assert_allclose(long.std_error, error, rtol=1e-10)
    np.testing.assert_allclose(long.conf_low, eta - Z * error, rtol=1e-10)
    np.testing.assert_allclose(long.conf_high, eta + Z * error, rtol=1e-10)


def test_binary_odds_and_probabilities_are_maps_of_the_logits(binary: Any) -> None:
    logits = binary.logits(interval=True)
    odds = binary.odds(interval=True)
    for name in ("estimate", "conf_low", "conf_high"):
        np.testing.assert_allclose(odds[name], np.exp(logits[name]), rtol=1e-12)
    np.testing.assert_allclose(odds.std_error, logits.std_error * odds.estimate, rtol=1e-12)
    probabilities = binary.probabilities(interval=True)
    event = probabilities[probabilities.outcome == "yes"].reset_index(drop=True)
    other = probabilities[probabilities.outcome == "no"].reset_index(drop=True)
    for name in ("estimate", "conf_low", "conf_high"):
        np.testing.assert_allclose(event[name], 1 / (1 + np.exp(-logits[name])), rtol=1e-12)
    p = event.estimate
    np.testing.assert_allclose(event.std_error, logits.std_error * p * (1 - p), rtol=1e-10)
    np.testing.assert_allclose(other.estimate, 1 - p, rtol=1e-12)
    np.testing.assert_allclose(other.conf_low, 1 - event.conf_high, rtol=1e-10)
    np.testing.assert_allclose(other.std_error, event.std_error, rtol=1e-12)
    assert list(binary.probabilities().columns) == ["no", "yes"]


def test_multinomial_errors_by_numerical_derivatives(three: Any, data: pd.DataFrame) -> None:
    """The delta method, with derivatives of logit(p_k) and p_k in 40 digits by central differences."""
    rows = data.iloc[:4]
    x = _columns(three, rows)
    long = three.probabilities(rows, interval=True)
    m, p = three.coef_array.shape
    flat = three.coef_array.ravel()
    with mpmath.workdps(40):
        step = mpmath.mpf(10) ** -12

        def probability(coef: list[Any], i: int, k: int) -> Any:
            logits = [mpmath.mpf(0)] + [
                mpmath.fsum(coef[j * p + c] * float(x[i, c]) for c in range(p)) for j in range(m)
            ]
            return mpmath.exp(logits[k]) / mpmath.fsum(mpmath.exp(v) for v in logits)

        def gradient(function: Any) -> np.ndarray:
            found = []
            for a in range(m * p):
                ends = []
                for sign in (1, -1):
                    coef = [mpmath.mpf(float(b)) for b in flat]
                    coef[a] += sign * step
                    ends.append(function(coef))
                found.append(float((ends[0] - ends[1]) / (2 * step)))
            return np.array(found)

        for i in range(len(rows)):
            for k in range(m + 1):
                row = long.iloc[i * (m + 1) + k]
                direct = gradient(lambda coef, i=i, k=k: probability(coef, i, k))
                logit = gradient(
                    lambda coef, i=i, k=k: mpmath.log(probability(coef, i, k) / (1 - probability(coef, i, k)))
                )
                error = np.sqrt(logit @ three.vcov_array @ logit)
                centre = np.log(row.estimate / (1 - row.estimate))
                assert row.std_error == pytest.approx(np.sqrt(direct @ three.vcov_array @ direct), rel=1e-9)
                assert row.conf_low == pytest.approx(1 / (1 + np.exp(-(centre - Z * error))), rel=1e-9)
                assert row.conf_high == pytest.approx(1 / (1 + np.exp(-(centre + Z * error))), rel=1e-9)


def test_multinomial_logits_against_any_outcome(three: Any, data: pd.DataFrame) -> None:
    x = _columns(three, data)
    eta = np.vstack([np.zeros(N), three.coef_array @ x.T])
    blocks = three.vcov_array.reshape(2, 3, 2, 3)
    long = three.logits(versus="mid", interval=True)
    assert list(long.outcome[:2]) == ["low", "top"]
    # Var(logit_top - logit_mid) = x' (V_tt + V_mm - V_tm - V_mt) x.
    v = blocks[1, :, 1] + blocks[0, :, 0] - blocks[1, :, 0] - blocks[0, :, 1]
    top = long[long.outcome == "top"]
    np.testing.assert_allclose(top.estimate, eta[2] - eta[1], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(top.std_error, np.sqrt(np.einsum("ij,jk,ik->i", x, v, x)), rtol=1e-10)
    low = long[long.outcome == "low"]
    np.testing.assert_allclose(
        low.std_error, np.sqrt(np.einsum("ij,jk,ik->i", x, blocks[0, :, 0], x)), rtol=1e-10
    )


def test_the_baseline_as_versus_changes_nothing(three: Any) -> None:
    pd.testing.assert_frame_equal(three.logits(versus="low"), three.logits())
    pd.testing.assert_frame_equal(three.odds(versus="low", interval=True), three.odds(interval=True))


@pytest.mark.parametrize("size", [40.0, 300.0, 700.0, 2000.0, 1e5])
def test_intervals_at_extreme_logits(binary: Any, three: Any, size: float) -> None:
    """No NaN, no warning, ends on the right sides; probabilities and complements keep their digits."""
    new = pd.DataFrame({"x": [size, -size], "g": "a", "o": 0.0})
    for fit in (binary, three):
        logits = fit.logits(new).to_numpy()
        long = fit.probabilities(new, interval=True)
        numbers = long[["estimate", "std_error", "conf_low", "conf_high"]].to_numpy()
        assert np.isfinite(numbers).all()
        assert ((long.conf_low <= long.estimate) & (long.estimate <= long.conf_high)).all()
        p = long.estimate.to_numpy().reshape(2, -1)
        for i in range(2):
            with mpmath.workdps(60):
                terms = [mpmath.mpf(1), *(mpmath.exp(mpmath.mpf(float(v))) for v in logits[i])]
                expected = [float(t / mpmath.fsum(terms)) for t in terms]
            np.testing.assert_allclose(p[i], expected, rtol=1e-10, atol=1e-320)


def test_intervals_of_a_certain_outcome_have_honest_width(binary: Any) -> None:
    """At p = 1 - 1e-20 the interval of p is degenerate in doubles; that of the complement is not."""
    new = pd.DataFrame({"x": [100.0], "g": "a", "o": 0.0})
    logits = binary.logits(new, interval=True).iloc[0]
    rare = "no" if logits.estimate > 0 else "yes"
    long = binary.probabilities(new, interval=True).set_index("outcome").loc[rare]
    ends = sorted([np.exp(-abs(logits.conf_low)), np.exp(-abs(logits.conf_high))])
    assert long.conf_low == pytest.approx(ends[0], rel=1e-6)
    assert 0 < long.conf_low < long.estimate < long.conf_high < 1


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.73, 0.999])
def test_classes_at_a_threshold(binary: Any, threshold: float) -> None:
    p = binary.probabilities()["yes"]
    found = binary.classify(threshold=threshold)
    assert found.name == "y"
    np.testing.assert_array_equal(found, np.where(p >= threshold, "yes", "no"))


def test_a_probability_on_the_threshold_is_the_event() -> None:
    even = logreg.fit("y ~ 1", pd.DataFrame({"y": [0, 1, 0, 1]}))
    assert list(even.classify()) == [1, 1, 1, 1]
    assert even.probabilities()["1"].tolist() == [0.5] * 4


def test_classes_have_the_type_of_the_outcome(data: pd.DataFrame) -> None:
    for values, kind in (((data.y == "yes").astype(int), int), (data.y == "yes", bool), (data.y, str)):
        labels = logreg.fit("z ~ x", data.assign(z=values)).classify()
        assert {type(label) for label in labels.tolist()} == {kind}


def test_the_most_probable_of_three(three: Any) -> None:
    np.testing.assert_array_equal(three.classify(), three.probabilities().idxmax(axis=1))


def test_rows_with_missing_values_keep_their_place(three: Any, data: pd.DataFrame) -> None:
    new = data.iloc[:5].copy()
    new.iloc[1, new.columns.get_loc("x")] = np.nan
    new["g"] = new.g.astype(object)
    new.iloc[3, new.columns.get_loc("g")] = None
    whole = three.probabilities(data.iloc[:5])
    found = three.probabilities(new)
    np.testing.assert_array_equal(found.isna().any(axis=1), [False, True, False, True, False])
    pd.testing.assert_frame_equal(found.iloc[[0, 2, 4]], whole.iloc[[0, 2, 4]])
    long = three.probabilities(new, interval=True)
    assert list(long.row) == list(np.repeat(new.index, 3))
    assert long[long.row == "r1"].estimate.isna().all()
    classes = three.classify(new)
    assert list(classes.isna()) == [False, True, False, True, False]


def test_training_rows_are_those_used(data: pd.DataFrame) -> None:
    gaps = data.copy()
    gaps.iloc[[0, 7], gaps.columns.get_loc("x")] = np.nan
    with pytest.warns(logreg.MissingDataWarning):
        fit = logreg.fit("k ~ x + g", gaps)
    used = gaps.index[~gaps.x.isna()]
    pd.testing.assert_index_equal(fit.probabilities().index, used)
    pd.testing.assert_index_equal(fit.classify().index, used)


def test_many_rows_in_pieces(three: Any, data: pd.DataFrame) -> None:
    """More rows than are handled at a time: the seams must not show."""
    many = pd.concat([data] * 120, ignore_index=True)
    one = three.probabilities(data, interval=True)
    found = three.probabilities(many, interval=True)
    assert len(found) == 120 * len(one)
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        np.testing.assert_allclose(
            found[name].to_numpy().reshape(120, -1), np.tile(one[name], (120, 1)), rtol=1e-10
        )


def test_confidence_of_one_call(binary: Any) -> None:
    narrow, wide = binary.logits(interval=True, confidence=0.5), binary.logits(interval=True, confidence=0.99)
    ratio = (wide.conf_high - wide.conf_low) / (narrow.conf_high - narrow.conf_low)
    np.testing.assert_allclose(ratio, 2.5758293035489004 / 0.6744897501960817, rtol=1e-10)


def test_a_column_like_the_reserved_names_is_the_users_own(data: pd.DataFrame) -> None:
    odd = data.rename(columns={"x": "row", "g": "outcome"})
    fit = logreg.fit("y ~ row + outcome", odd)
    pd.testing.assert_frame_equal(fit.logits(odd), fit.logits())


def test_an_unknown_baseline_is_named(three: Any) -> None:
    with pytest.raises(PredictError, match=r"versus='Mid'.*'low', 'mid', 'top'.*Did you mean 'mid'"):
        three.logits(versus="Mid")
