"""Stateful transforms against R's own bases, against formulaic, and against what defines them."""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import pickle
import re
from functools import cache
from pathlib import Path

import formulaic
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from logreg.design.distribution import Distribution
from logreg.design.transforms import TRANSFORMS, FrozenState
from logreg.errors import DataError

REFERENCE = Path(__file__).parent.parent / "reference" / "transforms"

#: Rounding of a handful of operations on a column, relative to its largest absolute value.
COLUMN_SCALE = 1e-12

#: The sample ``shifted`` is 1e4 from zero with spread 1, where the mean is rounded to 2e-12 of the spread. In
#: the sample R takes polynomials from a QR factorisation, at new points from the recurrence with the rounded
#: mean, as here.
SHIFTED = 1e-11

BS = {
    "df": None,
    "knots": None,
    "degree": 3.0,
    "include_intercept": False,
    "lower_bound": None,
    "upper_bound": None,
}


def inner(x, *p):
    return tuple(x.min() + q * (x.max() - x.min()) for q in p)


#: Case of ``make.R`` -> the function and its arguments for a sample.
CASES = {
    **{f"poly{d}": ("poly", lambda x, d=d: {"degree": float(d), "raw": False}) for d in range(1, 6)},
    "raw3": ("poly", lambda x: {"degree": 3.0, "raw": True}),
    "bs": ("bs", lambda x: BS),
    "bs_df4": ("bs", lambda x: BS | {"df": 4.0}),
    "bs_df6": ("bs", lambda x: BS | {"df": 6.0}),
    "bs_df7_intercept": ("bs", lambda x: BS | {"df": 7.0, "include_intercept": True}),
    "bs_df5_degree2": ("bs", lambda x: BS | {"df": 5.0, "degree": 2.0}),
    "bs_df3_degree1": ("bs", lambda x: BS | {"df": 3.0, "degree": 1.0}),
    "bs_knots": ("bs", lambda x: BS | {"knots": inner(x, 0.3, 0.6)}),
    "bs_narrow": (
        "bs",
        lambda x: (
            BS | dict(zip(("df", "lower_bound", "upper_bound"), (5.0, *inner(x, 0.1, 0.8)), strict=True))
        ),
    ),
    **{f"ns_df{d}": ("ns", lambda x, d=d: {"df": float(d), "knots": None}) for d in range(1, 5)},
    "ns_knots": ("ns", lambda x: {"df": None, "knots": inner(x, 0.25, 0.45, 0.7)}),
    "scale": ("scale", lambda x: {}),
}
SAMPLES = ("smooth", "tied", "shifted")


@cache
def inputs():
    table = pd.read_csv(REFERENCE / "inputs.csv", dtype={"x": str})
    return {key: part["x"].map(float).to_numpy() for key, part in table.groupby(["sample", "part"])}


@cache
def bases():
    table = pd.read_csv(REFERENCE / "bases.csv", dtype={"value": str})
    table["value"] = table["value"].map(float)
    return {
        key: part.pivot(index="row", columns="column", values="value").to_numpy()
        for key, part in table.groupby(["case", "sample", "part"])
    }


def learned(function, x, arguments):
    return TRANSFORMS[function].learn(Distribution.of(x), arguments)


def test_reference_files_are_the_ones_described():
    readme = (REFERENCE / "README.md").read_text()
    stated = dict(re.findall(r"\| `(\w+\.csv)` \| `([0-9a-f]{64})` \|", readme))
    found = {name: hashlib.sha256((REFERENCE / name).read_bytes()).hexdigest() for name in stated}
    assert set(stated) == {"inputs.csv", "bases.csv"}
    assert found == stated


def test_every_case_of_the_reference_is_compared():
    with (REFERENCE / "bases.csv").open() as file:
        cases = {row["case"] for row in csv.DictReader(file)}
    assert cases == set(CASES) | {"quantile", "alpha", "norm2"}


@pytest.mark.parametrize("part", ["sample", "new"])
@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("case", CASES)
def test_equals_r(case, sample, part):
    function, arguments = CASES[case]
    x = inputs()[sample, "sample"]
    state = learned(function, x, arguments(x))
    basis = TRANSFORMS[function].encode(inputs()[sample, part], state)
    expected = bases()[case, sample, part]
    by_qr = case.startswith("poly") and part == "sample"
    tolerance = SHIFTED if sample == "shifted" and by_qr else COLUMN_SCALE
    assert basis.shape == expected.shape
    assert basis.flags.c_contiguous
    assert np.all(np.abs(basis - expected).max(axis=0) <= tolerance * np.abs(expected).max(axis=0))


@pytest.mark.parametrize("sample", ["smooth", "tied"])
def test_poly_keeps_the_coefficients_of_r(sample):
    state = learned("poly", inputs()[sample, "sample"], {"degree": 5.0, "raw": False})
    assert_allclose(state["alpha"], bases()["alpha", sample, "sample"][:, 0], rtol=COLUMN_SCALE)
    assert_allclose(state["norm2"], bases()["norm2", sample, "sample"][:, 0], rtol=COLUMN_SCALE)


@pytest.mark.parametrize("sample", SAMPLES)
def test_quantiles_equal_r(sample):
    d = Distribution.of(inputs()[sample, "sample"])
    ours = [d.quantile(p) for p in np.arange(21) / 20]
    assert_allclose(ours, bases()["quantile", sample, "sample"][:, 0], rtol=1e-14)


FORMULAIC = {
    "poly(x, 1)": ("poly", {"degree": 1.0, "raw": False}),
    "poly(x, degree=4)": ("poly", {"degree": 4.0, "raw": False}),
    "poly(x, degree=3, raw=True)": ("poly", {"degree": 3.0, "raw": True}),
    "bs(x, df=4)": ("bs", BS | {"df": 4.0}),
    "bs(x, df=6, include_intercept=True)": ("bs", BS | {"df": 6.0, "include_intercept": True}),
    "bs(x, degree=2, knots=[-0.5, 0.25])": ("bs", BS | {"degree": 2.0, "knots": (-0.5, 0.25)}),
    "bs(x, df=5, lower_bound=-9, upper_bound=7.5)": (
        "bs",
        BS | {"df": 5.0, "lower_bound": -9.0, "upper_bound": 7.5},
    ),
    "center(x)": ("center", {}),
    "scale(x)": ("scale", {}),
}


@pytest.mark.parametrize("formula", FORMULAIC)
def test_values_and_names_equal_formulaic(formula):
    x = np.random.default_rng(7).normal(size=300)
    function, arguments = FORMULAIC[formula]
    expected = formulaic.model_matrix(f"{formula} - 1", pd.DataFrame({"x": x}))
    state = learned(function, x, arguments)
    assert_allclose(TRANSFORMS[function].encode(x, state), expected.to_numpy(), rtol=0, atol=1e-12)
    assert [formula + suffix for suffix in TRANSFORMS[function].suffixes(state)] == list(expected.columns)


def test_standardize_is_scale():
    assert TRANSFORMS["standardize"] is TRANSFORMS["scale"]


# What defines the bases ------------------------------------------------------------------------------


def test_poly_is_orthonormal_over_the_rows():
    x = np.random.default_rng(1).integers(18, 90, size=5_000).astype(float)
    basis = TRANSFORMS["poly"].encode(x, learned("poly", x, {"degree": 8.0, "raw": False}))
    assert_allclose(basis.T @ basis, np.eye(8), atol=1e-12)
    assert_allclose(basis.sum(axis=0), 0.0, atol=1e-10)


def test_poly_of_two_values_in_closed_form():
    # x is 0 three times and 1 once: mean 1/4, sum of squares about it 3/4.
    x = np.array([0.0, 0.0, 0.0, 1.0])
    state = learned("poly", x, {"degree": 1.0, "raw": False})
    assert_allclose(state["alpha"], [0.25], rtol=1e-15)
    assert_allclose(state["norm2"], [1.0, 4.0, 0.75], rtol=1e-15)


def test_bs_with_intercept_sums_to_one_also_beyond_the_boundary():
    x = np.linspace(-1.0, 2.0, 40)
    state = learned("bs", x, BS | {"df": 7.0, "include_intercept": True})
    beyond = np.array([-3.0, -1.0, 0.3, 2.0, 4.0])
    assert_allclose(TRANSFORMS["bs"].encode(beyond, state).sum(axis=1), 1.0, rtol=1e-10)


def test_bs_continues_the_outermost_polynomial():
    # A cubic is in the span of cubic B-splines, so the fit inside must be the same cubic outside.
    x = np.random.default_rng(2).uniform(0.0, 1.0, 200)
    state = learned("bs", x, BS | {"df": 6.0, "include_intercept": True})
    cubic = np.polynomial.Polynomial([1.0, -2.0, 0.5, 3.0])
    coef = np.linalg.lstsq(TRANSFORMS["bs"].encode(x, state), cubic(x), rcond=None)[0]
    beyond = np.array([-0.5, 1.5])
    assert_allclose(TRANSFORMS["bs"].encode(beyond, state) @ coef, cubic(beyond), rtol=1e-9)


def test_ns_is_linear_beyond_the_boundary():
    x = np.random.default_rng(3).normal(size=100)
    state = learned("ns", x, {"df": 4.0, "knots": None})
    for start in (x.max(), x.min() - 3.0):
        basis = TRANSFORMS["ns"].encode(start + np.array([0.0, 1.0, 2.0, 3.0]), state)
        assert_allclose(np.diff(basis, n=2, axis=0), 0.0, atol=1e-12)
        assert np.abs(np.diff(basis, axis=0)).max() > 0.1


def test_ns_has_no_curvature_at_the_boundary():
    x = np.random.default_rng(3).normal(size=100)
    state = learned("ns", x, {"df": 4.0, "knots": None})
    h = 1e-3 * (x.max() - x.min())
    for end, inward in ((x.min(), h), (x.max(), -h)):
        near = TRANSFORMS["ns"].encode(end + inward * np.arange(3), state)
        middle = TRANSFORMS["ns"].encode(np.median(x) + h * np.arange(3), state)
        assert np.abs(np.diff(near, 2, axis=0)).max() < 0.05 * np.abs(np.diff(middle, 2, axis=0)).max()


# Learned from all rows, whatever the blocks ----------------------------------------------------------

ARGUMENTS = {
    "center": {},
    "scale": {},
    "standardize": {},
    "poly": {"degree": 3.0, "raw": False},
    "bs": BS | {"df": 5.0},
    "ns": {"df": 3.0, "knots": None},
}


def test_every_transform_is_enrolled():
    assert set(ARGUMENTS) == set(TRANSFORMS)


@pytest.mark.parametrize("function", ARGUMENTS)
@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 400), max_size=6), reverse=st.booleans())
def test_state_does_not_depend_on_the_blocks(function, cuts, reverse):
    x = 1e6 + np.random.default_rng(11).normal(size=400).round(3)
    edges = [0, *sorted(cuts), 400]
    blocks = [Distribution.of(x[a:b]) for a, b in itertools.pairwise(edges)]
    merged = Distribution.of([])
    for block in blocks[::-1] if reverse else blocks:
        merged = merged.merge(block)
    whole = TRANSFORMS[function].learn(Distribution.of(x), ARGUMENTS[function])
    assert dict(TRANSFORMS[function].learn(merged, ARGUMENTS[function])) == dict(whole)


@pytest.mark.parametrize("function", ARGUMENTS)
def test_rows_encode_alike_alone_and_together(function):
    x = np.random.default_rng(12).normal(size=257)
    transform = TRANSFORMS[function]
    state = transform.learn(Distribution.of(x), ARGUMENTS[function])
    one_by_one = np.vstack([transform.encode(x[i : i + 1], state) for i in range(x.size)])
    assert_array_equal(transform.encode(x, state), one_by_one)


@pytest.mark.parametrize("function", ARGUMENTS)
def test_frequencies_equal_repeated_rows(function):
    rng = np.random.default_rng(13)
    x, times = rng.normal(size=50), rng.integers(0, 5, size=50)
    weighted = TRANSFORMS[function].learn(Distribution.of(x, times), ARGUMENTS[function])
    repeated = TRANSFORMS[function].learn(Distribution.of(np.repeat(x, times)), ARGUMENTS[function])
    assert dict(weighted) == dict(repeated)


@pytest.mark.parametrize("function", ARGUMENTS)
def test_state_survives_json_and_pickle(function):
    x = np.random.default_rng(14).normal(size=60)
    transform = TRANSFORMS[function]
    state = transform.learn(Distribution.of(x), ARGUMENTS[function])
    from_json = json.loads(json.dumps(dict(state)))
    assert_array_equal(transform.encode(x, from_json), transform.encode(x, state))
    assert transform.suffixes(from_json) == transform.suffixes(state)
    unpickled = pickle.loads(pickle.dumps(state))
    assert unpickled == state
    assert hash(unpickled) == hash(state)


@pytest.mark.parametrize("function", ARGUMENTS)
def test_missing_stays_missing_and_no_rows_give_no_rows(function):
    x = np.random.default_rng(15).normal(size=60)
    transform = TRANSFORMS[function]
    state = transform.learn(Distribution.of(x), ARGUMENTS[function])
    basis = transform.encode(np.array([np.nan, 0.5]), state)
    assert np.isnan(basis[0]).all()
    assert_array_equal(basis[1:], transform.encode(np.array([0.5]), state))
    assert transform.encode(np.empty(0), state).shape == (0, len(transform.suffixes(state)))


def test_a_state_cannot_be_changed():
    state = FrozenState(mean=1.0)
    with pytest.raises(TypeError):
        state["mean"] = 2.0


# What the data do not allow --------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["scale", "poly", "bs", "ns"])
def test_a_constant_is_refused(function):
    with pytest.raises(DataError, match="distinct values, and the 5 rows used have 1"):
        learned(function, np.full(5, 3.0), ARGUMENTS[function])


def test_degree_must_be_below_the_number_of_distinct_values():
    x = np.array([1.0, 2.0, 3.0, 3.0])
    assert len(learned("poly", x, {"degree": 2.0, "raw": False})["alpha"]) == 2
    with pytest.raises(
        DataError, match=r"at least 4 distinct values, and the 4 rows used have 3. Use a degree below 3"
    ):
        learned("poly", x, {"degree": 3.0, "raw": False})


@pytest.mark.parametrize("raw", [False, True])
def test_an_absurd_degree_is_refused_before_it_takes_memory(raw):
    with pytest.raises(DataError, match="distinct values, and the 9 rows used have 9"):
        learned("poly", np.arange(9.0), {"degree": 1e12, "raw": raw})


@pytest.mark.parametrize("function", ["bs", "ns"])
@pytest.mark.parametrize("df", [40.0, 1e12])
def test_more_knots_than_distinct_values_are_refused(function, df):
    with pytest.raises(DataError, match=r"interior knots need at least .* distinct values .* there are 20"):
        learned(function, np.arange(20.0), ARGUMENTS[function] | {"df": df})


def test_values_too_close_for_the_degree_are_refused():
    x = np.array([0.0, 1.0, 1.0 + 1e-13, 1.0 + 2e-13])
    with pytest.raises(DataError, match="too close together for degree 2"):
        learned("poly", x, {"degree": 2.0, "raw": False})


def test_overflow_is_refused():
    with pytest.raises(DataError, match="too large"):
        learned("poly", np.array([0.0, 1e110, 3e110]), {"degree": 2.0, "raw": False})


@pytest.mark.parametrize("function", ["bs", "ns"])
def test_tied_quantile_knots_are_refused(function):
    x = np.array([0.0] * 60 + [1.0, 2.0, 3.0, 4.0])
    with pytest.raises(DataError, match=r"coincide.*Use a smaller df"):
        learned(function, x, ARGUMENTS[function])


@pytest.mark.parametrize("function", ["bs", "ns"])
def test_knots_outside_the_data_are_refused(function):
    with pytest.raises(DataError, match=r"strictly between 0 and 9; 9, 12 do not"):
        learned(function, np.arange(10.0), ARGUMENTS[function] | {"df": None, "knots": (4.0, 9.0, 12.0)})


def test_boundary_knots_away_from_the_data_are_refused():
    with pytest.raises(
        DataError, match=r"fewer than two distinct values lie between the boundary knots 20 and 30"
    ):
        learned("bs", np.arange(10.0), BS | {"lower_bound": 20.0, "upper_bound": 30.0})
