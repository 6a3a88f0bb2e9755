"""The bootstrap's refits: units drawn with replacement, each resample from a random stream of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import Advance, unwatched
from logreg.engine.types import FloatArray
from logreg.passes.refits import FITTED, Refits, Resampling, in_threads, refit, threads_for

__all__ = ["bootstrap_refits", "draw"]


def bootstrap_refits(
    resampling: Resampling,
    n: int,
    *,
    seed: int,
    stratified: bool,
    threads: int | None = None,
    advance: Advance = unwatched,
) -> Refits:
    """Refit ``n`` resamples; each has a random stream of its own, so that threads change no number.

    Parameters
    ----------
    resampling : Resampling
        The rows and their units.
    n : int
        Number of resamples; those of a smaller number are the first of a larger one.
    seed : int
        Entropy that, with the resample's number, makes its stream.
    stratified : bool
        Whether each outcome keeps its number of units.
    threads : int, optional
        Threads to use; by default as many as are of use.
    advance : callable
        Told of every refit.
    """
    strata = resampling.strata() if stratified else None

    def replicate(number: int) -> tuple[FloatArray | None, int]:
        stream = np.random.SeedSequence(seed, spawn_key=(number,))
        return refit(resampling, draw(resampling, np.random.default_rng(stream), strata))

    found = in_threads(replicate, range(n), threads_for(resampling, threads), advance)
    coef = np.full((n, *resampling.optimum.shape), np.nan)
    reasons = np.full(n, FITTED, dtype=np.int8)
    for b, (one, reason) in enumerate(found):
        reasons[b] = reason
        if one is not None:
            coef[b] = one
    return Refits(coef=coef, reasons=reasons, copies=np.ones(n), strata=np.zeros(n, dtype=np.intp))


def draw(
    resampling: Resampling, generator: np.random.Generator, strata: NDArray[np.intp] | None = None
) -> FloatArray:
    """Draw as many units as there are, with replacement; return how often each came, as ``copies``.

    ``strata``, in the same shape, keeps the number of units in each of them.
    """
    copies = resampling.copies.ravel()
    if strata is None:
        return _drawn(copies, generator).reshape(resampling.copies.shape)
    result = np.zeros(copies.size)
    flat = strata.ravel()
    for stratum in range(int(flat.max()) + 1):
        here = np.flatnonzero(flat == stratum)
        if copies[here].any():
            result[here] = _drawn(copies[here], generator)
    return result.reshape(resampling.copies.shape)


def _drawn(copies: FloatArray, generator: np.random.Generator) -> FloatArray:
    size = round(float(copies.sum()))
    if (copies == 1.0).all():
        return np.bincount(generator.integers(0, size, size=size), minlength=size).astype(np.float64)
    return generator.multinomial(size, copies / copies.sum()).astype(np.float64)
