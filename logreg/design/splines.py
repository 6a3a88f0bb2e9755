"""Spline bases as R's ``splines`` package defines them: knots at quantiles, B-splines, natural splines.

Bases are evaluated by de Boor's recursion value by value, so a row's numbers do not depend on the other
rows of its block. Beyond the boundary knots a B-spline goes on as the polynomial of its outermost piece, a
natural spline as a straight line.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from logreg.data.source import FloatArray
from logreg.design.distribution import Distribution
from logreg.errors import DataError

if TYPE_CHECKING:
    from scipy.interpolate import BSpline

__all__ = ["bspline_basis", "natural_basis", "quantile_knots", "require_inside"]

CUBIC = 3


def quantile_knots(distribution: Distribution, count: int, lower: float, upper: float) -> tuple[float, ...]:
    """Return ``count`` interior knots at equally spaced quantiles of the rows within the boundary knots.

    Raises
    ------
    DataError
        When there are too few distinct values for the knots, or tied values make knots coincide with each
        other or with a boundary knot: the basis would be singular.
    """
    inside = distribution.within(lower, upper)
    if count > 0 and count + 2 > inside.values.size:
        raise DataError(
            f"{count:g} interior knots need at least {count + 2:g} distinct values between the boundary "
            f"knots; there are {inside.values.size}. Use a smaller df."
        )
    knots = tuple(inside.quantile(p) for p in np.linspace(0.0, 1.0, count + 2)[1:-1].tolist())
    path = (lower, *knots, upper)
    if not all(a < b for a, b in pairwise(path)):
        raise DataError(
            f"{count} interior knots at quantiles coincide, because many rows share a value (knots "
            f"{_listed(knots)}, boundary {lower:g} to {upper:g}). Use a smaller df, or name distinct knots "
            "with knots=."
        )
    return knots


def require_inside(knots: Sequence[float], lower: float, upper: float) -> None:
    """Refuse interior knots that are not strictly between the boundary knots.

    Raises
    ------
    DataError
        When a knot is on or beyond a boundary knot.
    """
    outside = [knot for knot in knots if not lower < knot < upper]
    if outside:
        raise DataError(
            f"interior knots must lie strictly between {lower:g} and {upper:g}; {_listed(outside)} "
            f"{'does' if len(outside) == 1 else 'do'} not. Move them or leave them out."
        )


def bspline_basis(
    x: FloatArray, *, knots: Sequence[float], lower: float, upper: float, degree: int, intercept: bool
) -> FloatArray:
    """Evaluate the B-spline basis of R's ``splines::bs``.

    Parameters
    ----------
    x : (n,) float64
        Values, in the units of the column; NaN gives rows of NaN.
    knots, lower, upper
        Interior and boundary knots.
    degree : int
        Degree of the pieces, 1 or more.
    intercept : bool
        Keep the first function; with it every row sums to 1.

    Returns
    -------
    (n, len(knots) + degree + intercept) float64, C-contiguous
    """
    padded = _padded(knots, lower, upper, degree)
    n_functions = padded.size - degree - 1
    coef = np.eye(n_functions)[:, 0 if intercept else 1 :]
    return _evaluate(_spline(padded, coef, degree), x)


def natural_basis(x: FloatArray, *, knots: Sequence[float], lower: float, upper: float) -> FloatArray:
    """Evaluate the natural cubic spline basis of R's ``splines::ns`` (without intercept).

    The cubic B-splines are restricted to combinations whose second derivative is zero at both boundary knots.
    R takes these from the Householder QR factorisation of the constraints; so does this, which gives the same
    functions with the same signs.

    Parameters
    ----------
    x : (n,) float64
        Values, in the units of the column; NaN gives rows of NaN.
    knots, lower, upper
        Interior and boundary knots.

    Returns
    -------
    (n, len(knots) + 1) float64, C-contiguous
    """
    padded = _padded(knots, lower, upper, CUBIC)
    full = _spline(padded, np.eye(padded.size - CUBIC - 1)[:, 1:], CUBIC)
    boundary = np.array([lower, upper])
    constraints = np.asarray(full(boundary, nu=2), dtype=np.float64)
    q, _ = np.linalg.qr(constraints.T, mode="complete")
    coef = np.vstack([np.zeros((1, q.shape[1] - 2)), q[:, 2:]])
    spline = _spline(padded, coef, CUBIC)
    nearest = np.clip(x, lower, upper)
    basis = _evaluate(spline, nearest)
    beyond = np.flatnonzero(nearest != x)
    if beyond.size:
        slopes = np.asarray(spline(boundary, nu=1), dtype=np.float64)
        overshoot = (x - nearest)[beyond]
        basis[beyond] += overshoot[:, None] * slopes[(overshoot > 0.0).astype(np.intp)]
    return basis


def _padded(knots: Sequence[float], lower: float, upper: float, degree: int) -> FloatArray:
    return np.array([lower] * (degree + 1) + list(knots) + [upper] * (degree + 1), dtype=np.float64)


def _spline(padded: FloatArray, coef: FloatArray, degree: int) -> BSpline:
    # A sixth of a second to import, which models without splines need not wait for.
    from scipy.interpolate import BSpline

    return BSpline(padded, coef, degree)


def _evaluate(spline: BSpline, x: FloatArray) -> FloatArray:
    return np.ascontiguousarray(spline(x, extrapolate=True), dtype=np.float64)


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)
