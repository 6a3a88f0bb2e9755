"""The exact distribution: counts, moments, quantiles, and the same bits for any blocking."""

from __future__ import annotations

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from logreg.design.distribution import Distribution
from logreg.errors import DataError, WeightError

#: Values with many ties, both zeros, and large shifts.
ROWS = st.lists(st.sampled_from([-0.0, 0.0, 1.5, -2.25, 1e8, 1e8 + 0.1, 1e-300, 3.0]), max_size=30)


def bits(d):
    return d.values.tobytes(), d.counts.tobytes()


def exact_variance(x, ddof=1):
    rows = [Fraction(v) for v in x.tolist()]
    mean = sum(rows) / len(rows)
    return float(sum((v - mean) ** 2 for v in rows) / (len(rows) - ddof))


@given(ROWS)
def test_counts_are_those_of_the_rows(rows):
    d = Distribution.of(rows)
    values, counts = np.unique(np.array(rows, dtype=float), return_counts=True)
    assert_array_equal(d.values, values)
    assert_array_equal(d.counts, counts)
    assert d.n == len(rows)


@given(ROWS, ROWS, ROWS)
def test_merge_gives_the_same_bits_in_any_order(a, b, c):
    whole = bits(Distribution.of(a + b + c))
    x, y, z = Distribution.of(a), Distribution.of(b), Distribution.of(c)
    assert bits(x.merge(y).merge(z)) == whole
    assert bits(x.merge(y.merge(z))) == whole
    assert bits(z.merge(x).merge(y)) == whole


@given(st.lists(st.tuples(st.sampled_from([-1.0, 0.0, 0.5, 7.0]), st.integers(0, 4)), max_size=20))
def test_frequencies_equal_repeated_rows(pairs):
    values = np.array([v for v, _ in pairs], dtype=float)
    times = np.array([t for _, t in pairs], dtype=int)
    assert bits(Distribution.of(values, times)) == bits(Distribution.of(np.repeat(values, times)))


def test_zero_has_no_sign():
    assert not np.signbit(Distribution.of([-0.0]).values[0])


@pytest.mark.parametrize("shift", [0.0, 1e8, -1e12])
def test_moments_survive_a_shift(shift):
    x = shift + np.random.default_rng(5).normal(size=2_000)
    d = Distribution.of(x)
    assert_allclose(d.variance(), exact_variance(x), rtol=1e-13)
    assert_allclose(d.variance(ddof=0), exact_variance(x, ddof=0), rtol=1e-13)
    assert abs(d.mean - float(sum(map(Fraction, x.tolist())) / x.size)) <= np.spacing(abs(shift) + 1.0)


def test_moments_in_closed_form():
    # 0..n-1 twice each: mean (n-1)/2, sum of squares about it n(n^2-1)/6.
    d = Distribution.of(np.repeat(np.arange(1_000.0), 2))
    assert d.mean == 499.5
    assert_allclose(d.variance(), 1_000 * (1_000**2 - 1) / 6 / 1_999, rtol=1e-15)
    assert (d.minimum, d.maximum, d.median, d.n) == (0.0, 999.0, 499.5, 2_000.0)


def test_a_constant_has_no_variance():
    assert Distribution.of(np.full(7, 0.1)).variance() == 0.0
    assert Distribution.of(np.full(7, 0.1)).mean == 0.1


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=40), st.floats(0.0, 1.0))
def test_quantile_is_type_7(rows, p):
    x = np.array(rows, dtype=float)
    assert_allclose(Distribution.of(x).quantile(p), np.quantile(x, p), rtol=1e-13, atol=1e-13)


def test_quantile_of_the_ends():
    d = Distribution.of([3.0, 1.0, 1.0, 9.0])
    assert (d.quantile(0.0), d.quantile(1.0)) == (1.0, 9.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        d.quantile(1.5)


def test_within_keeps_both_ends():
    d = Distribution.of([1.0, 2.0, 2.0, 3.0, 4.0]).within(2.0, 3.0)
    assert (d.values.tolist(), d.counts.tolist()) == ([2.0, 3.0], [2.0, 1.0])


def test_without_rows_everything_is_nan():
    d = Distribution.of([])
    assert d.n == 0.0
    assert all(math.isnan(v) for v in (d.mean, d.variance(), d.minimum, d.maximum, d.median))
    assert math.isnan(Distribution.of([1.0]).variance())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad):
    with pytest.raises(DataError, match="2 rows without a finite value, the first at position 1"):
        Distribution.of([1.0, bad, 2.0, bad])


@pytest.mark.parametrize("bad", [-1.0, 0.5, np.nan, np.inf])
def test_frequencies_that_are_not_whole_are_refused(bad):
    with pytest.raises(WeightError, match=r"1 row with a frequency .* position 2"):
        Distribution.of([1.0, 2.0, 3.0], [1.0, 1.0, bad])


def test_is_frozen_and_leaves_the_data_alone():
    x = np.array([2.0, -0.0, 1.0])
    d = Distribution.of(x)
    assert_array_equal(x, [2.0, 0.0, 1.0])
    assert np.signbit(x[1])
    with pytest.raises(ValueError, match="read-only"):
        d.values[0] = 5.0
    assert bits(pickle.loads(pickle.dumps(d))) == bits(d)
