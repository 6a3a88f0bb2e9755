"""Bootstrap and jackknife: refits against ordinary fits of the rows written out, limits against R's boot.

The R numbers are in ``tests/reference/own/bootstrap``; their refits come from a Newton method of its own.
"""

from __future__ import annotations

import copy
import json
import pickle
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

import logreg
from logreg.data import open_source
from logreg.design import encode
from logreg.design.matrices import SplitMatrix
from logreg.errors import (
    CollinearityWarning,
    ConvergenceWarning,
    DataError,
    DataWarning,
    SeparationWarning,
    SupportError,
)
from logreg.inference import bootstrap_intervals as limits_of
from logreg.inference.resampling import Resampler
from logreg.passes import leave_out, refits
from logreg.passes.leave_out import deletion_refits, influence_refits, influences_of
from logreg.passes.refits import FAILURES, Resampling, refit
from logreg.passes.resample import bootstrap_refits, draw

REFERENCE = Path(__file__).parents[1] / "reference"

AGREEMENT = 1e-8
"""In standard errors: refits are certified to 1.4e-10 of them, and so are the fits they are held against."""


@pytest.fixture(scope="module")
def r_numbers() -> dict[str, Any]:
    text = (REFERENCE / "own" / "bootstrap" / "resampling.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def data_of(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "data" / f"{name}.csv", keep_default_na=False)


@pytest.fixture(scope="module")
def birthwt() -> Any:
    return logreg.fit("low ~ age + lwt + smoke", data_of("a01_birthwt"))


@pytest.fixture(scope="module")
def womenlf() -> Any:
    return logreg.fit("partic ~ hincome + children", women(), baseline="not.work")


def women() -> pd.DataFrame:
    return data_of("a03_womenlf").assign(
        partic=lambda d: pd.Categorical(d.partic, ["not.work", "parttime", "fulltime"]),
        children=lambda d: pd.Categorical(d.children, ["absent", "present"]),
    )


def simulated(n: int = 90, *, seed: int = 3) -> pd.DataFrame:
    """Three outcomes, two numbers, a factor, clusters, weights and an offset."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, n))
    logits = np.column_stack([np.zeros(n), 0.5 + x, -0.2 + 0.6 * z])
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    k = (shares.cumsum(axis=1) < rng.uniform(size=(n, 1))).sum(axis=1)
    return pd.DataFrame(
        {
            "y": np.array(["a", "b", "c"])[k],
            "two": (k > 0).astype(int),
            "x": x,
            "z": z,
            "g": np.array(["u", "v", "w"])[rng.integers(3, size=n)],
            "town": rng.integers(15, size=n),
            "copies": rng.integers(1, 4, size=n),
            "w": rng.uniform(0.5, 2.0, size=n),
            "off": 0.3 * rng.normal(size=n),
        }
    )


def resampling_of(fit: Any, cluster: Any = None) -> Resampling:
    """Return the rows behind a fit's resampler."""
    found = fit._rows.resampler("the test", cluster).bootstrap.args[0]
    assert isinstance(found, Resampling)
    return found


def stream(seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def assert_estimates(actual: np.ndarray, expected: np.ndarray, fit: Any, what: str) -> None:
    error = np.abs(actual - expected) / fit.std_error_array
    assert np.nanmax(error) < AGREEMENT, f"{what}: off by {np.nanmax(error):.3g} standard errors"
    assert (np.isnan(actual) == np.isnan(expected)).all()


# --- the bootstrap: refits ---------------------------------------------------------------------------------


def test_refits_to_the_resamples_of_boot(birthwt: Any, r_numbers: dict[str, Any]) -> None:
    rows, expected = resampling_of(birthwt), r_numbers["bootstrap"]
    for index, coef in zip(expected["index"], expected["replicates"], strict=True):
        occurs = np.bincount(index, minlength=189).astype(float)
        found, reason = refit(rows, occurs)
        assert reason == refits.FITTED
        # R's columns: intercept, age, lwt, smoke
        assert_estimates(rows.in_design(found)[0], np.array(coef), birthwt, "resample")


MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "binary": ("two ~ x + g", {}),
    "multinomial": ("y ~ x + z", {}),
    "offset": ("two ~ x", {"offset": "off"}),
    "no intercept": ("two ~ 0 + g + x", {}),
    "far from zero": ("two ~ I(x + 5000) + I((x + 5000)**2)", {}),
}


@pytest.mark.filterwarnings("ignore::logreg.errors.CollinearityWarning")
@pytest.mark.parametrize("name", MODELS)
def test_replicates_are_fits_of_the_rows_drawn(name: str) -> None:
    formula, options = MODELS[name]
    data = simulated()
    fit = logreg.fit(formula, data, **options)
    boot = fit.bootstrap(6, rng=5)
    rows = resampling_of(fit)
    for b in range(6):
        index = np.repeat(np.arange(len(data)), draw(rows, stream(5, b)).astype(int))
        again = logreg.fit(formula, data.iloc[index], **options)
        # The quadratic of a number near 5000 has its coefficients known to 1e-5 of their errors.
        scale = 1e-4 if name == "far from zero" else 1.0
        assert_estimates(scale * boot.replicates[b], scale * again.coef_array, fit, name)


@pytest.mark.parametrize("kind", ["sampling", "precision"])
def test_weights_that_are_not_copies_stay_with_their_rows(kind: str) -> None:
    data = simulated()
    fit = logreg.fit("y ~ x", data, weights="w", weight_kind=kind)
    boot = fit.bootstrap(4, rng=2)
    assert boot.unit == "rows"
    rows = resampling_of(fit)
    for b in range(4):
        index = np.repeat(np.arange(len(data)), draw(rows, stream(2, b)).astype(int))
        again = logreg.fit("y ~ x", data.iloc[index], weights="w", weight_kind=kind)
        assert_estimates(boot.replicates[b], again.coef_array, fit, kind)


def test_copies_are_drawn_one_by_one() -> None:
    data = simulated()
    fit = logreg.fit("y ~ x", data, weights="copies")
    boot = fit.bootstrap(4, rng=2)
    assert (boot.unit, boot.n_units) == ("trials", data.copies.sum())
    rows = resampling_of(fit)
    for b in range(4):
        occurs = draw(rows, stream(2, b))
        assert occurs.sum() == data.copies.sum()
        index = np.repeat(np.arange(len(data)), occurs.astype(int))
        assert_estimates(boot.replicates[b], logreg.fit("y ~ x", data.iloc[index]).coef_array, fit, "copies")


@pytest.mark.parametrize("weights", [None, "n"])
def test_trials_of_counts_are_drawn_one_by_one(weights: str | None) -> None:
    data = data_of("a05_ucb").assign(n=[2, 1] * 6)
    fit = logreg.fit("cbind(admitted, rejected) ~ gender + dept", data, weights=weights)
    boot = fit.bootstrap(3, rng=4)
    times = 1 if weights is None else data.n
    trials = np.array([data.rejected * times, data.admitted * times])
    assert (boot.unit, boot.n_units) == ("trials", trials.sum())
    rows = resampling_of(fit)
    for b in range(3):
        occurs = draw(rows, stream(4, b))
        assert occurs.sum() == trials.sum()
        again = logreg.fit(
            "cbind(admitted, rejected) ~ gender + dept",
            data.assign(rejected=occurs[0], admitted=occurs[1]),
        )
        assert_estimates(boot.replicates[b], again.coef_array, fit, "counts")


def test_clusters_are_drawn_whole() -> None:
    data = simulated()
    fit = logreg.fit("y ~ x", data, weights="w", weight_kind="precision")
    boot = fit.bootstrap(4, cluster="town", rng=2)
    towns = np.unique(data.town)
    assert (boot.unit, boot.n_units, boot.cluster) == ("clusters", len(towns), "town")
    assert "clusters of 'town'" in boot.label
    same = fit.bootstrap(4, cluster=data.town.to_numpy(), rng=2)
    np.testing.assert_array_equal(same.replicates, boot.replicates)
    rows = resampling_of(fit, "town")
    for b in range(4):
        occurs = draw(rows, stream(2, b)).astype(int)
        assert occurs.sum() == len(towns)
        pieces = [data[data.town == town] for town, k in zip(towns, occurs, strict=True) for _ in range(k)]
        again = logreg.fit("y ~ x", pd.concat(pieces), weights="w", weight_kind="precision")
        assert_estimates(boot.replicates[b], again.coef_array, fit, "clusters")


@pytest.mark.parametrize("weights", [None, "copies"])
def test_strata_keep_the_size_of_each_outcome(weights: str | None) -> None:
    data = simulated()
    fit = logreg.fit("y ~ x", data, weights=weights)
    rows = resampling_of(fit)
    size = np.ones(len(data)) if weights is None else data.copies.to_numpy()
    expected = [size[data.y == level].sum() for level in "abc"]
    different = set()
    for b in range(5):
        occurs = draw(rows, stream(8, b), rows.strata())
        assert [occurs[data.y == level].sum() for level in "abc"] == expected
        different.add(tuple(occurs))
    assert len(different) == 5
    boot = fit.bootstrap(3, stratified=True, rng=8)
    assert "stratified by outcome" in repr(boot)
    index = np.repeat(np.arange(len(data)), draw(rows, stream(8, 2), rows.strata()).astype(int))
    again = logreg.fit("y ~ x", data.iloc[index])
    assert_estimates(boot.replicates[2], again.coef_array, fit, "strata")


def test_strata_of_counts_keep_the_size_of_each_outcome() -> None:
    data = data_of("a05_ucb")
    rows = resampling_of(logreg.fit("cbind(admitted, rejected) ~ gender", data))
    occurs = draw(rows, stream(1, 1), rows.strata())
    assert occurs.sum(axis=1).tolist() == [data.rejected.sum(), data.admitted.sum()]


def test_every_unit_is_drawn_equally_often() -> None:
    """Counts of 4,000 resamples of 90 rows: mean 1, variance 1 - 1/n, within five standard errors."""
    rows = resampling_of(logreg.fit("two ~ x", simulated()))
    counts = np.array([draw(rows, stream(0, b)) for b in range(4000)])
    n = counts.shape[1]
    assert np.abs(counts.mean(axis=0) - 1.0).max() < 5 * np.sqrt((1 - 1 / n) / 4000)
    assert counts.var(axis=0).mean() == pytest.approx(1 - 1 / n, abs=5 * np.sqrt(3 / 4000 / n))


# --- the bootstrap: the same numbers -----------------------------------------------------------------------


def test_seeds_threads_and_blocks(birthwt: Any) -> None:
    boot = birthwt.bootstrap(30, rng=7)
    assert boot.replicates.shape == (30, 1, 4)
    for same in (
        birthwt.bootstrap(30, rng=7, threads=1),
        birthwt.bootstrap(30, rng=7, threads=3),
        birthwt.bootstrap(30, rng=boot.seed),
        birthwt.bootstrap(30, rng=np.int64(7)),
    ):
        np.testing.assert_array_equal(same.replicates, boot.replicates)
    np.testing.assert_array_equal(birthwt.bootstrap(10, rng=7).replicates, boot.replicates[:10])
    in_blocks = logreg.fit(
        "low ~ age + lwt + smoke", open_source(data_of("a01_birthwt"), block_rows=7)
    ).bootstrap(30, rng=7)
    for b in range(30):
        assert_estimates(in_blocks.replicates[b], boot.replicates[b], birthwt, "blocks")
    assert not np.array_equal(birthwt.bootstrap(3, rng=8).replicates, boot.replicates[:3])
    assert not np.array_equal(birthwt.bootstrap(3).replicates, birthwt.bootstrap(3).replicates)
    generator = np.random.default_rng(1)
    first, second = (birthwt.bootstrap(3, rng=generator) for _ in range(2))
    assert not np.array_equal(first.replicates, second.replicates)
    again = birthwt.bootstrap(3, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(again.replicates, first.replicates)


def test_dummies_that_are_never_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    data = simulated()

    def numbers() -> list[np.ndarray]:
        fit = logreg.fit("two ~ x + g", data)
        return [
            fit.bootstrap(10, rng=1).replicates,
            fit.jackknife().replicates,
            fit.jackknife("town").replicates,
            influence_refits(resampling_of(fit)).coef,
            fit.bootstrap(2, rng=1).acceleration,
        ]

    dense = numbers()
    monkeypatch.setattr(encode, "DENSE_CELLS", 0)
    assert isinstance(resampling_of(logreg.fit("two ~ x + g", data)).steps[0].matrix, SplitMatrix)
    for split_value, dense_value in zip(numbers(), dense, strict=True):
        np.testing.assert_allclose(split_value, dense_value, rtol=1e-9, atol=1e-12)


def test_moments_of_the_replicates(womenlf: Any) -> None:
    boot = womenlf.bootstrap(50, rng=1)
    flat = boot.replicates.reshape(50, -1)
    np.testing.assert_allclose(boot.vcov_array, np.cov(flat.T), rtol=1e-10)
    np.testing.assert_allclose(boot.std_error.ravel(), flat.std(axis=0, ddof=1), rtol=1e-10)
    bias = (flat.mean(axis=0) - womenlf.coef_array.ravel()).reshape(2, 3)
    np.testing.assert_allclose(boot.bias, bias, rtol=1e-8, atol=1e-14)
    assert boot.vcov.index.equals(womenlf.vcov.index)
    frame = boot.to_frame()
    assert frame.columns.tolist() == ["outcome", "term", "estimate", "bias", "std_error"]
    assert frame.estimate.tolist() == womenlf.coef_array.ravel().tolist()
    assert boot.label == f"bootstrap (50 resamples of rows, seed {boot.seed})"
    assert "hincome" in str(boot)


def test_covariance_around_the_centre_of_columns_far_from_zero() -> None:
    """The same resamples of the same model with the number moved to its centre before the fit."""
    data = simulated(200).assign(year=lambda d: 2000.0 + d.x)
    fit = logreg.fit("two ~ year + g", data)
    boot, jack = fit.bootstrap(40, rng=3), fit.jackknife()
    assert boot.centred is not None
    assert jack.centred is not None
    moved = logreg.fit("two ~ year + g", data.assign(year=data.year - boot.centred.centre[1]))
    np.testing.assert_allclose(boot.centred.centre, fit.centred.centre, rtol=1e-10, atol=1e-14)
    near, others = moved.bootstrap(40, rng=3), boot.centred.centre[2:]
    assert near.centred is None
    # In such a fit dummies are centred too: what they take from the intercept is given back.
    shift = np.eye(4)
    shift[0, 2:] = others
    for far, close in ((boot, near), (jack, moved.jackknife())):
        expected = shift @ close.vcov_array @ shift.T
        np.testing.assert_allclose(far.centred.vcov, expected, rtol=1e-8, atol=1e-11)


def test_replicates_as_the_covariance_of_the_fit(womenlf: Any, tmp_path: Path) -> None:
    for made in (womenlf.bootstrap(60, rng=1), womenlf.jackknife()):
        fit = womenlf.with_covariance(made)
        found = fit.coefficients()
        np.testing.assert_array_equal(found.std_error, made.std_error.ravel())
        np.testing.assert_allclose(found.conf_high, found.estimate + ndtri(0.975) * found.std_error)
        np.testing.assert_array_equal(found.estimate, womenlf.coefficients().estimate)
        x = np.array([1.0, 20.0, 0.0])
        row = pd.DataFrame({"hincome": [20.0], "children": ["absent"]})
        spread = np.sqrt([x @ made.vcov_array[s, s] @ x for s in (slice(0, 3), slice(3, 6))])
        np.testing.assert_allclose(fit.logits(row, interval=True).std_error, spread, rtol=1e-9)
        assert made.label in str(fit.summary())
        fit.save(tmp_path / "model.json")
        again = logreg.load(tmp_path / "model.json")
        np.testing.assert_array_equal(again.vcov_array, made.vcov_array)
        assert again.options.covariance == made.label
        other = logreg.fit("partic ~ hincome", women(), baseline="not.work")
        with pytest.raises(SupportError, match="belongs to another fit"):
            other.with_covariance(made)


# --- the bootstrap: limits ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["normal", "basic", "percentile", "bca"])
def test_limits_are_those_of_boot_ci(birthwt: Any, r_numbers: dict[str, Any], kind: str) -> None:
    expected = r_numbers["bootstrap"]
    boot = birthwt.bootstrap(199, rng=1)
    boot = replace(boot, replicates=np.array(expected["replicates"])[:, np.newaxis, :])
    for which, level in enumerate((0.8, 0.93, 0.95)):
        found = boot.intervals(kind, confidence=level)
        ends = np.array([term[which][kind] for term in expected["limits"]])
        assert expected["limits"][0][which]["level"] == level
        spread = found.std_error.to_numpy()[:, np.newaxis]
        error = np.abs(found[["conf_low", "conf_high"]].to_numpy() - ends) / spread
        assert error.max() < 1e-7


def test_the_table_of_intervals(womenlf: Any) -> None:
    boot = womenlf.bootstrap(60, rng=1)
    found = boot.intervals()
    table = womenlf.coefficients()
    assert found.columns.tolist() == table.columns.tolist()
    names = ["outcome", "term", "variable", "level", "reference", "estimate"]
    pd.testing.assert_frame_equal(found[names], table[names])
    np.testing.assert_allclose(found.statistic, found.estimate / found.std_error, rtol=1e-14)
    wald = womenlf.coefficients().assign(statistic=found.statistic)
    assert (found.p_value < 1).all()
    assert found.p_value[wald.statistic.abs() > 1.96].max() < 0.05
    assert boot.intervals(confidence=0.5).conf_low.gt(found.conf_low).all()
    assert found.attrs["note"] == ""


def test_quantiles_by_hand() -> None:
    replicates = np.arange(1.0, 20.0)[:, np.newaxis]
    for level, expected in ((0.05, 1.0), (0.1, 2.0), (0.95, 19.0), (0.5, 10.0)):
        found, beyond = limits_of.quantile(replicates, np.array([level]))
        assert found[0] == pytest.approx(expected, rel=1e-12)
        assert not beyond[0]
    # between order statistics 2 and 3, linear in normal quantiles
    share = (ndtri(0.12) - ndtri(0.1)) / (ndtri(0.15) - ndtri(0.1))
    assert limits_of.quantile(replicates, np.array([0.12]))[0][0] == pytest.approx(2 + share, rel=1e-12)
    for level, expected in ((0.01, 1.0), (0.99, 19.0), (0.0, 1.0), (1.0, 19.0)):
        found, beyond = limits_of.quantile(replicates, np.array([level]))
        assert (found[0], beyond[0]) == (expected, True)
    found, beyond = limits_of.quantile(replicates, np.array([np.nan]))
    assert np.isnan(found[0])
    assert not beyond[0]


def test_fewest_resamples_of_a_level() -> None:
    for level in (0.5, 0.8, 0.9, 0.95, 0.99, 0.999):
        n = limits_of.replicates_needed(level)
        tail = np.array([(1 - level) / 2])
        assert n == round(2 / (1 - level)) - 1
        assert not limits_of.quantile(np.arange(n + 1.0)[:, np.newaxis], tail)[1][0]
        assert limits_of.quantile(np.arange(n - 1.0)[:, np.newaxis], tail)[1][0]


def test_acceleration_is_a_sixth_of_the_skewness() -> None:
    """Of a mean, and of a difference of means of two strata: skewness from the moments of each."""
    rng = np.random.default_rng(0)
    y, other = rng.exponential(size=30), rng.exponential(size=50) ** 2

    def moment(values: np.ndarray, power: int) -> float:
        return float(((values - values.mean()) ** power).mean())

    without = np.array([np.delete(y, i).mean() for i in range(30)])
    found = limits_of.acceleration(without[:, np.newaxis], np.ones(30), np.zeros(30, dtype=np.intp))
    expected = moment(y, 3) / 30**2 / (moment(y, 2) / 30) ** 1.5 / 6
    assert found[0] == pytest.approx(expected, rel=1e-10)

    both = np.concatenate(
        [without - other.mean(), [y.mean() - np.delete(other, i).mean() for i in range(50)]]
    )
    strata = np.repeat([0, 1], [30, 50])
    found = limits_of.acceleration(both[:, np.newaxis], np.ones(80), strata)
    skewness = (moment(y, 3) / 30**2 - moment(other, 3) / 50**2) / (
        moment(y, 2) / 30 + moment(other, 2) / 50
    ) ** 1.5
    assert found[0] == pytest.approx(skewness / 6, rel=1e-10)
    # copies count as themselves
    copies = rng.integers(1, 4, size=80)
    repeated = np.repeat(np.arange(80), copies)
    once = limits_of.acceleration(both[:, np.newaxis], copies.astype(float), strata)
    long = limits_of.acceleration(both[repeated, np.newaxis], np.ones(len(repeated)), strata[repeated])
    assert once[0] == pytest.approx(long[0], rel=1e-12)


def test_limits_that_the_resamples_cannot_reach(birthwt: Any) -> None:
    boot = birthwt.bootstrap(40, rng=1)
    with pytest.raises(SupportError, match=r"need at least 199 resamples .* there are 40"):
        boot.intervals(confidence=0.99)
    assert boot.intervals("normal", confidence=0.99).conf_low.notna().all()
    shifted = replace(boot, replicates=boot.replicates + 100 * boot.std_error)
    with pytest.warns(DataWarning, match="all resamples lie on one side"):
        found = shifted.intervals("bca")
    assert found.conf_low.isna().all()
    assert "all resamples lie on one side" in found.attrs["note"]
    sides = boot.replicates - birthwt.coef_array
    lopsided = replace(boot, replicates=birthwt.coef_array + sides - 1.5 * boot.std_error)
    with pytest.warns(DataWarning, match="beyond the outermost"):
        found = lopsided.intervals("bca")
    assert "beyond the outermost" in found.attrs["note"]


# --- the jackknife -----------------------------------------------------------------------------------------

REFERENCE_FITS: dict[str, tuple[str, dict[str, Any], str | None]] = {
    "bootstrap": ("low ~ age + lwt + smoke", {}, None),
    "womenlf": ("partic ~ hincome + children", {}, None),
    "ucb": ("cbind(admitted, rejected) ~ C(gender, Treatment('Male')) + dept", {}, None),
    "alligators": ("foodchoice ~ size", {"baseline": "Fish", "weights": "freq"}, None),
    "contraception": ("use ~ age + urban", {}, "district"),
}
FILES = {
    "bootstrap": "a01_birthwt",
    "ucb": "a05_ucb",
    "alligators": "a10_alligators",
    "contraception": "a08_contraception",
}


@pytest.mark.parametrize("name", REFERENCE_FITS)
def test_jackknife_of_refits_in_r(r_numbers: dict[str, Any], name: str) -> None:
    formula, options, cluster = REFERENCE_FITS[name]
    data = women() if name == "womenlf" else data_of(FILES[name])
    if name == "alligators":
        order = ["Fish", "Bird", "Invertebrate", "Other", "Reptile"]
        data["foodchoice"] = pd.Categorical(data["foodchoice"], order)
    expected = r_numbers[name]["jackknife"] if name == "bootstrap" else r_numbers[name]
    fit = logreg.fit(formula, data, **options)
    jack = fit.jackknife(cluster)
    assert jack.n_units == expected["n_units"]
    vcov = np.array(expected["vcov"])
    scale = np.sqrt(np.diagonal(vcov))
    assert np.abs((jack.vcov_array - vcov) / np.outer(scale, scale)).max() < 1e-7
    np.testing.assert_allclose(jack.std_error.ravel(), scale, rtol=1e-7)
    assert_estimates(jack.mean.ravel(), np.array(expected["mean"]), replace_shape(fit), name)
    # N - 1 times a difference of estimates good to 1e-13 standard errors
    assert np.abs(jack.bias.ravel() - expected["bias"]).max() < 1e-6 * scale.max()
    found = limits_of.acceleration(
        jack.replicates.reshape(len(jack.copies), -1), jack.copies, np.zeros(len(jack.copies), dtype=np.intp)
    )
    np.testing.assert_allclose(found, expected["acceleration"], rtol=1e-6, atol=1e-9)


def replace_shape(fit: Any) -> Any:
    class Flat:
        std_error_array = fit.std_error_array.ravel()

    return Flat


def test_jackknife_of_a_log_odds_in_closed_form() -> None:
    """k events in n: log odds without an event, k times, and without another, n - k times."""
    k, n = 7, 25
    fit = logreg.fit("y ~ 1", {"y": [1.0] * k + [0.0] * (n - k)})
    values = np.repeat([np.log((k - 1) / (n - k)), np.log(k / (n - k - 1))], [k, n - k])
    jack = fit.jackknife()
    np.testing.assert_allclose(jack.replicates.ravel(), values, rtol=1e-12)
    np.testing.assert_allclose(jack.vcov_array, (n - 1) * values.var(), rtol=1e-11)
    assert jack.bias[0, 0] == pytest.approx((n - 1) * (values.mean() - np.log(k / (n - k))), rel=1e-9)
    grouped = logreg.fit("cbind(yes, no) ~ 1", {"yes": [float(k)], "no": [float(n - k)]}).jackknife()
    assert sorted(grouped.copies.tolist()) == [k, n - k]
    np.testing.assert_allclose(grouped.vcov_array, jack.vcov_array, rtol=1e-11)


@pytest.mark.parametrize("n", [24, 90])
@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("two ~ x + z", {}),
        ("two ~ x", {"offset": "off"}),
        ("y ~ x", {}),
        ("two ~ x + z", {"weights": "w", "weight_kind": "precision"}),
        ("y ~ z", {"weights": "w", "weight_kind": "sampling"}),
    ],
)
def test_each_row_left_out_in_full(n: int, formula: str, options: dict[str, Any]) -> None:
    data = simulated(n, seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = logreg.fit(formula, data, **options)
        jack = fit.jackknife()
        for i in range(0, n, 1 if n < 50 else 9):
            again = logreg.fit(formula, data.drop(index=i), **options)
            assert_estimates(jack.replicates[i], again.coef_array, fit, f"without row {i}")


def test_copies_left_out_are_those_of_repeated_rows() -> None:
    data = simulated(40)
    weighted = logreg.fit("y ~ x", data, weights="copies").jackknife()
    long = logreg.fit("y ~ x", data.loc[data.index.repeat(data.copies)]).jackknife()
    np.testing.assert_allclose(weighted.vcov_array, long.vcov_array, rtol=1e-8)
    np.testing.assert_allclose(weighted.bias, long.bias, rtol=1e-5)
    assert weighted.n_units == long.n_units == data.copies.sum()
    assert len(weighted.replicates) == 40


def test_clusters_left_out_whole_in_blocks_and_threads() -> None:
    data = simulated()
    fit = logreg.fit("y ~ x + g", data, weights="copies")
    jack = fit.jackknife("town")
    for number, town in enumerate(np.unique(data.town)):
        again = logreg.fit("y ~ x + g", data[data.town != town], weights="copies")
        assert_estimates(jack.replicates[number], again.coef_array, fit, f"without town {town}")
    assert jack.label == f"jackknife ({data.town.nunique()} clusters of 'town')"
    blocks = logreg.fit("y ~ x + g", open_source(data, block_rows=7), weights="copies")
    np.testing.assert_allclose(blocks.jackknife("town", threads=3).vcov_array, jack.vcov_array, rtol=1e-8)


def test_units_without_which_nothing_is_left_are_counted() -> None:
    data = simulated(60).assign(rare=lambda d: np.where(d.index == 3, "one", "many"))
    data.loc[[3, 4], "two"] = [1, 0]
    data = pd.concat([data, data.iloc[[3]].assign(two=0, rare="two"), data.iloc[[3]].assign(rare="two")])
    data = data.assign(rare=np.where(data.rare == "one", "two", data.rare))
    fit = logreg.fit("two ~ x + rare", data)
    with pytest.warns(ConvergenceWarning, match="gave no estimate .*separated"):
        jack = fit.jackknife()
    # one of three rows speaks against separation of the level
    assert dict(jack.failures) == {"separated": 1}
    assert "1 without an estimate (1 separated)" in repr(jack)
    assert jack.n_usable == len(data) - 1
    usable = jack.replicates[jack.usable].reshape(jack.n_usable, -1)
    expected = (jack.n_usable - 1) ** 2 / jack.n_usable * np.cov(usable.T)
    np.testing.assert_allclose(jack.vcov_array, expected, rtol=1e-9)


def test_a_lost_outcome_is_counted() -> None:
    data = simulated(60)
    data.loc[data.y == "c", "y"] = "b"
    data.loc[0, "y"] = "c"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = logreg.fit("y ~ 1", data)
    with pytest.warns(
        ConvergenceWarning, match="1 of 60 refits gave no estimate .1 an outcome level is lost"
    ):
        jack = fit.jackknife()
    assert np.isnan(jack.replicates[0]).all()


def test_influences_to_first_order_are_the_inverse_information_times_scores() -> None:
    data = simulated()
    fit = logreg.fit("y ~ x + z", data, weights="w", weight_kind="precision")
    rows = resampling_of(fit)
    found = rows.in_design(influence_refits(rows).coef)
    x = np.column_stack([np.ones(90), data.x, data.z])
    p = fit.probabilities().to_numpy()
    residual = (np.array(data.y)[:, np.newaxis] == np.array(["b", "c"])) - p[:, 1:]
    weight = data.w.to_numpy() / data.w.mean()
    scores = weight[:, np.newaxis] * np.concatenate([residual[:, [j]] * x for j in range(2)], axis=1)
    expected = fit.coef_array.ravel() - scores @ fit.vcov_array
    np.testing.assert_allclose(found.reshape(90, -1), expected, rtol=1e-9, atol=1e-12)
    in_towns = influence_refits(resampling_of(fit, "town"))
    sums = np.array([scores[data.town == town].sum(axis=0) for town in np.unique(data.town)])
    expected = fit.coef_array.ravel() - sums @ fit.vcov_array
    np.testing.assert_allclose(in_towns.coef.reshape(len(sums), -1), expected, rtol=1e-9, atol=1e-12)


def test_influences_of_counts_are_those_of_trials() -> None:
    data = data_of("a05_ucb")
    fit = logreg.fit("cbind(admitted, rejected) ~ gender", data)
    found = influence_refits(resampling_of(fit))
    long = pd.concat(
        [data.assign(two=k, n=data[name]) for k, name in enumerate(("rejected", "admitted"))], axis=0
    )
    single = influence_refits(resampling_of(logreg.fit("two ~ gender", long, weights="n")))
    assert found.copies.tolist() == single.copies.tolist() == long.n.tolist()
    np.testing.assert_allclose(found.coef, single.coef, rtol=1e-9)
    assert found.strata.tolist() == single.strata.tolist() == long.two.tolist()


def test_influences_stand_in_for_deletion_where_rows_are_many(
    birthwt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = birthwt.bootstrap(60, rng=1).acceleration
    monkeypatch.setattr(leave_out, "EXACT_ROWS", 0.0)
    rough = birthwt.bootstrap(60, rng=1).acceleration
    np.testing.assert_array_equal(influences_of(resampling_of(birthwt)).copies, np.ones(189))
    assert not np.array_equal(rough, exact)
    np.testing.assert_allclose(rough, exact, atol=0.01)


def test_the_quick_way_and_the_ordinary_refit_agree(womenlf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = womenlf.jackknife()
    monkeypatch.setattr(leave_out, "MOST_STEPS", 0)
    rows = resampling_of(womenlf)
    slow = rows.in_design(deletion_refits(rows).coef)
    for u in range(len(slow)):
        assert_estimates(quick.replicates[u], slow[u], womenlf, "ordinary refit")


# --- failures, and what cannot be asked for ----------------------------------------------------------------


def test_resamples_without_an_estimate_are_counted_by_reason() -> None:
    data = {
        "y": [0, 0, 0, 0, 0, 0, 0, 1, 1, 1],
        "x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 4.5, 2.5, 6.5],
        "g": ["a", "a", "a", "a", "b", "a", "a", "b", "a", "a"],
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = logreg.fit("y ~ x + g", data)
    with pytest.warns(ConvergenceWarning, match="of 80 resamples gave no estimate"):
        boot = fit.bootstrap(80, rng=1)
    assert set(boot.failures) == {"an outcome level is lost", "rank deficient", "separated"}
    assert boot.n_usable + sum(boot.failures.values()) == 80
    assert boot.n_usable == boot.usable.sum() == (~np.isnan(boot.replicates[:, 0, 0])).sum()
    assert f"{80 - boot.n_usable} without an estimate" in repr(boot)
    assert repr(boot)[1:-1] in str(boot)
    assert "without an estimate" in boot.intervals(confidence=0.5).attrs["note"]
    # Each verdict against the ordinary fit of the rows drawn.
    rows, frame = resampling_of(fit), pd.DataFrame(data)
    verdicts = deletion_reasons(fit, boot, rows, frame)
    assert verdicts == 80


def deletion_reasons(fit: Any, boot: Any, rows: Resampling, frame: pd.DataFrame) -> int:
    """Refit every resample from scratch; return how many agree with what was counted."""
    agreeing = 0
    for b in range(boot.n_replicates):
        occurs = draw(rows, stream(1, b))
        drawn = frame.loc[frame.index.repeat(occurs.astype(int))]
        _, reason = refit(rows, occurs)
        if drawn.y.nunique() < 2:
            agreeing += FAILURES[reason] == "an outcome level is lost"
            continue
        if np.linalg.matrix_rank(np.column_stack([np.ones(10), drawn.x, drawn.g == "b"])) < 3:
            agreeing += FAILURES[reason] == "rank deficient"
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again = logreg.fit("y ~ x + g", drawn)
        if again.separation.direction is not None:
            agreeing += FAILURES[reason] == "separated"
        else:
            assert reason == refits.FITTED
            np.testing.assert_allclose(boot.replicates[b], again.coef_array, rtol=1e-7, atol=1e-12)
            agreeing += 1
    return agreeing


def test_refits_that_do_not_arrive_are_counted(birthwt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refits, "FIRST_ITERATIONS", 0)
    rows = replace(resampling_of(birthwt), max_iterations=0)
    _, reason = refit(rows, draw(rows, stream(0, 0)))
    assert FAILURES[reason] == "not converged"
    # a first attempt cut short is taken up where it stopped
    patient = resampling_of(birthwt)
    found, reason = refit(patient, draw(patient, stream(0, 0)))
    assert reason == refits.FITTED
    assert_estimates(patient.in_design(found), birthwt.bootstrap(1 + 1, rng=0).replicates[0], birthwt, "cut")


def test_too_few_estimates_are_refused(birthwt: Any) -> None:
    data = {"y": [0, 1, 0, 1], "x": [1.0, 2.0, 3.0, 1.5]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = logreg.fit("y ~ x", data)
    with pytest.raises(SupportError, match=r"of 2 resamples gave an estimate .*no spread"):
        fit.bootstrap(2, rng=3)


def test_aliased_columns_have_no_spread() -> None:
    data = simulated().assign(twice=lambda d: 2 * d.x)
    with pytest.warns(CollinearityWarning):
        fit = logreg.fit("y ~ x + twice + z", data)
    plain = logreg.fit("y ~ x + z", data)
    boot, other = fit.bootstrap(40, rng=2), plain.bootstrap(40, rng=2)
    kept = [0, 1, 3]
    for b in range(40):
        assert_estimates(boot.replicates[b][:, kept], other.replicates[b], plain, "aliased")
    assert np.isnan(boot.replicates[:, :, 2]).all()
    assert boot.n_usable == 40
    for kind in ("percentile", "bca"):
        found = boot.intervals(kind, confidence=0.5).set_index("term")
        assert found.loc["twice", "conf_low"].isna().all()
        assert found.drop("twice").conf_low.notna().all()
    np.testing.assert_allclose(fit.jackknife().std_error[:, kept], plain.jackknife().std_error, rtol=1e-8)
    assert np.isnan(fit.jackknife().std_error[:, 2]).all()


def test_separated_fits_are_refused() -> None:
    data = {"y": [0, 0, 0, 1, 1, 1], "x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeparationWarning)
        warnings.simplefilter("ignore", logreg.errors.SmallClassWarning)
        fit = logreg.fit("y ~ x", data)
    for call in (fit.bootstrap, fit.jackknife):
        with pytest.raises(SupportError, match=r"infinite estimates.*x \[1\]"):
            call()


def test_a_model_without_rows_is_refused(birthwt: Any, tmp_path: Path) -> None:
    birthwt.save(tmp_path / "model.json")
    loaded = logreg.load(tmp_path / "model.json")
    with pytest.raises(SupportError, match="the bootstrap needs the rows"):
        loaded.bootstrap()
    with pytest.raises(SupportError, match="the jackknife needs the rows"):
        loaded.jackknife()


def test_a_pickled_bootstrap_keeps_its_replicates(birthwt: Any) -> None:
    boot = birthwt.bootstrap(40, rng=1)
    again = pickle.loads(pickle.dumps(boot))
    pd.testing.assert_frame_equal(again.intervals(), boot.intervals())
    with pytest.raises(SupportError, match="a pickled bootstrap does not hold"):
        again.intervals("bca")
    jack = birthwt.jackknife()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(jack)).vcov_array, jack.vcov_array)
    assert repr(copy.copy(jack)) == "<Jackknife: 189 rows left out in turn>"
    assert "bias" in str(jack)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 1}, "n=1 is not a whole number of at least 2"),
        ({"n": True}, "n=True"),
        ({"n": 10.0}, "n=10.0"),
        ({"threads": 0}, "threads=0"),
        ({"rng": -1}, "rng=-1 is not a seed"),
        ({"rng": "now"}, "rng='now' is not a seed"),
        ({"rng": True}, "rng=True"),
        ({"stratified": "y"}, "stratified='y'"),
        ({"stratified": True, "cluster": "ht"}, "clusters are drawn whole"),
    ],
)
def test_arguments_out_of_range(birthwt: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SupportError, match=message):
        birthwt.bootstrap(**arguments)


def test_clusters_that_cannot_be_used(birthwt: Any) -> None:
    with pytest.raises(DataError, match="Did you mean 'smoke'"):
        birthwt.bootstrap(cluster="smokes")
    with pytest.raises(DataError, match="has 3 values"):
        birthwt.jackknife(cluster=[1, 2, 3])
    data = simulated().assign(town=lambda d: d.town.where(d.index > 1), same="s")
    fit = logreg.fit("two ~ x", data)
    with pytest.raises(DataError, match="'town' is missing in 2 rows of the fit, first in row 0"):
        fit.bootstrap(cluster="town")
    with pytest.raises(DataError, match="'same' has one value"):
        fit.jackknife("same")


def test_kinds_and_levels_of_intervals(birthwt: Any) -> None:
    boot = birthwt.bootstrap(40, rng=1)
    with pytest.raises(SupportError, match="kind='studentized' is not supported"):
        boot.intervals("studentized")
    with pytest.raises(SupportError, match="confidence=95"):
        boot.intervals(confidence=95)


def test_a_model_without_coefficients_is_refused() -> None:
    fit = logreg.fit("two ~ 0", simulated(), offset="off")
    with pytest.raises(SupportError, match="needs coefficients"):
        fit.jackknife()


def test_progress_is_told_of_every_refit(womenlf: Any) -> None:
    told: list[int] = []
    rows = resampling_of(womenlf)
    bootstrap_refits(rows, 7, seed=1, stratified=False, threads=2, advance=told.append)
    assert told == [1] * 7
    deletion_refits(rows, threads=1, advance=told.append)
    assert told == [1] * (7 + 263)


def test_the_resampler_says_what_it_draws(birthwt: Any) -> None:
    found = birthwt._rows.resampler("the test", None)
    assert isinstance(found, Resampler)
    assert (found.unit, found.n_units, found.n_distinct) == ("rows", 189, 189)
