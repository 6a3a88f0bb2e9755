"""The arithmetic: exact tails on float64 arrays, no checks, no frames.

Three functions of `scipy.special` are not used. `expit` is 0 below -709.8, where the sigmoid is still a
(subnormal) number; `softmax` subtracts the row maximum with a rounding error that the exponential then
multiplies, 6e-14 at a distance of 500; `log_softmax` returns 0 for the leading class as soon as the others
add less than 1e-16.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatArray", "log_partition", "log_softmax_rows", "sigmoid_pair", "softmax_rows"]

FloatArray: TypeAlias = NDArray[np.float64]


def sigmoid_pair(eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the probability and its complement of each logit, both exact in both tails.

    With ``a = exp(min(eta, 0))`` and ``b = exp(-max(eta, 0))`` one of the two is exactly 1 and neither
    overflows; ``p = a / (a + b)`` and ``1 - p = b / (a + b)``. Nothing is subtracted from one.

    Parameters
    ----------
    eta
        Logits (log-odds), a float64 array of any shape. NaN passes through.

    Returns
    -------
    tuple of arrays
        Probability and complement, fresh arrays of eta's shape.

    Examples
    --------
    >>> sigmoid_pair(np.array([40.0]))
    (array([1.]), array([4.24835426e-18]))
    """
    with np.errstate(under="ignore"):
        p = np.minimum(eta, 0.0, out=np.empty_like(eta))
        np.exp(p, out=p)
        q = np.maximum(eta, 0.0, out=np.empty_like(eta))
        np.negative(q, out=q)
        np.exp(q, out=q)
        total = p + q
        p /= total
        q /= total
    return p, q


def log_partition(eta: FloatArray) -> FloatArray:
    """Return ``log(1 + exp(eta))`` as ``max(eta, 0) + log1p(exp(-abs(eta)))``, two terms of one sign.

    It is the normaliser of the Bernoulli log-likelihood, minus the log of the complement's probability.

    Parameters
    ----------
    eta
        Logits (log-odds), a float64 array of any shape. NaN passes through.

    Returns
    -------
    array
        Fresh array of eta's shape, in units of log-likelihood (nats), never negative.

    Examples
    --------
    >>> log_partition(np.array([-40.0, 0.0, 800.0]))
    array([4.24835426e-18, 6.93147181e-01, 8.00000000e+02])
    """
    with np.errstate(under="ignore"):
        out = np.abs(eta, out=np.empty_like(eta))
        np.negative(out, out=out)
        np.exp(out, out=out)
        np.log1p(out, out=out)
        out += np.maximum(eta, 0.0)
    return out


def softmax_rows(eta: FloatArray, temperature: float = 1.0) -> FloatArray:
    """Return the softmax of ``eta / temperature`` over the last axis.

    Parameters
    ----------
    eta
        Logits, shape (..., K). Infinities that lead a row share it equally; NaN spreads over its row.
    temperature
        Finite and above 0.

    Returns
    -------
    array
        Probabilities, shape (..., K); every row sums to 1 within rounding.

    Examples
    --------
    >>> softmax_rows(np.array([[2.0, 1.0, 0.1]])).round(3)
    array([[0.659, 0.242, 0.099]])
    """
    if eta.size == 0:
        return np.empty_like(eta)
    distance, remainder = _below_leader(eta)
    shares = _exponential(distance, remainder, temperature)
    with np.errstate(under="ignore"):
        shares /= shares.sum(axis=-1, keepdims=True)
    return shares


def log_softmax_rows(eta: FloatArray, temperature: float = 1.0) -> FloatArray:
    """Return the logarithm of the softmax of ``eta / temperature`` over the last axis.

    The leading class is kept out of the sum: its log-probability is ``-log1p(sum of the others)``, which
    stays exact when the others are far below 1e-16.

    Parameters
    ----------
    eta
        Logits, shape (..., K), as for `softmax_rows`.
    temperature
        Finite and above 0.

    Returns
    -------
    array
        Log-probabilities (nats, at most 0), shape (..., K).

    Examples
    --------
    >>> log_softmax_rows(np.array([[0.0, -50.0]]))
    array([[-1.92874985e-22, -5.00000000e+01]])
    """
    if eta.size == 0:
        return np.empty_like(eta)
    distance, remainder = _below_leader(eta)
    others = _exponential(distance, remainder, temperature)
    np.put_along_axis(others, np.argmax(distance, axis=-1, keepdims=True), 0.0, axis=-1)
    with np.errstate(over="ignore", under="ignore"):
        rest = np.log1p(others.sum(axis=-1, keepdims=True))
        return np.asarray(distance / temperature + (remainder / temperature - rest))


def _below_leader(eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return each logit minus its row's largest, as the rounded difference and what rounding took away.

    The remainder is Knuth's TwoSum (The Art of Computer Programming 2, section 4.2.2, theorem B). It matters
    because the exponential turns an absolute error of 6e-14, half a spacing at 512, into a relative one.
    """
    leader = eta.max(axis=-1, keepdims=True)
    if np.isinf(leader).any():
        eta = np.where(np.isinf(leader), np.where(eta == leader, 0.0, -np.inf), eta)
        leader = np.where(np.isinf(leader), 0.0, leader)
    with np.errstate(over="ignore", invalid="ignore"):
        distance = eta - leader
        part = distance - eta
        remainder = (eta - (distance - part)) - (leader + part)
    # A distance of -inf, given or by overflow, has no remainder.
    return distance, np.where(np.isfinite(remainder), remainder, 0.0)


def _exponential(distance: FloatArray, remainder: FloatArray, temperature: float) -> FloatArray:
    """Return ``exp((distance + remainder) / temperature)``, the remainder to first order.

    The remainder is at most 1.1e-16 of a distance; where the exponential is not zero its square is below
    1e-26.
    """
    with np.errstate(over="ignore", under="ignore"):
        out = np.exp(distance / temperature)
        correction = remainder / temperature
    with np.errstate(under="ignore", invalid="ignore", over="ignore"):
        return np.where(out > 0.0, out + out * correction, out)
