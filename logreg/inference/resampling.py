"""Bootstrap and jackknife of a fit: what its coefficients would have been in other samples.

The refits themselves are made elsewhere, from the rows, and arrive here as arrays.
"""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from logreg.errors import ConvergenceWarning, SupportError
from logreg.inference.estimate import CentredCovariance, LogisticEstimate
from logreg.inference.replicates import Bootstrap, Jackknife, spread_of
from logreg.progress import progress

__all__ = ["Resampler", "bootstrap", "jackknife"]

FloatArray = NDArray[np.float64]


class Refits(Protocol):
    """Refits in working coordinates, as the corridor hands them out (`logreg.passes.refits.Refits`)."""

    @property
    def coef(self) -> FloatArray:
        """(B, m, p), NaN where there is none."""
        ...

    @property
    def reasons(self) -> NDArray[np.int8]:
        """(B,) position in ``Resampler.reasons``, -1 for an estimate."""
        ...

    @property
    def copies(self) -> FloatArray:
        """(B,) how many units each refit stands for."""
        ...

    @property
    def strata(self) -> NDArray[np.intp]:
        """(B,) outcome of the unit that was left out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resampler:
    """The rows of a fit behind three verbs, and how to read what they return.

    ``bootstrap(n, seed=, stratified=, threads=, advance=)``, ``deletions(threads=, advance=)`` and
    ``influences(advance=)`` give refits; ``in_design`` and ``in_centred`` turn them into coefficients of
    the design's own columns, and of these minus ``centre`` (None: the same). ``unit`` says what is drawn,
    ``n_units`` how many there are, ``n_distinct`` how many different ones.
    """

    unit: str
    n_units: int
    n_distinct: int
    reasons: tuple[str, ...]
    in_design: Callable[[FloatArray], FloatArray]
    in_centred: Callable[[FloatArray], FloatArray]
    centre: FloatArray | None
    bootstrap: Callable[..., Refits]
    deletions: Callable[..., Refits]
    influences: Callable[..., Refits]


def bootstrap(
    fit: LogisticEstimate,
    resampler: Callable[[], Resampler],
    *,
    n: int,
    cluster: Any,
    stratified: bool,
    rng: int | np.random.Generator | None,
    threads: int | None,
) -> Bootstrap:
    """Refit resamples of a fit's units, drawn with replacement: ``fit.bootstrap(n, ...)``.

    Each row of the data is a unit; with frequency weights each copy of it, with counts of outcomes each
    trial. Sampling and precision weights stay with their rows. Every refit starts at the fit's optimum and
    has to be certified like it (Davison and Hinkley 1997, sections 2.3, 3.8 and 7.2: resampling cases).

    Parameters
    ----------
    fit : LogisticEstimate
        m equations, p design columns.
    resampler : callable
        Gives the rows of the fit (bound by ``fit``).
    n : int
        Number of resamples: some hundred for standard errors, 1000 to 2000 for limits.
    cluster : str or array, optional
        Column (or one label per row of the data) whose values are drawn instead, with all their rows.
    stratified : bool
        Whether resamples keep the number of units of each outcome.
    rng : int or numpy Generator, optional
        The same seed gives the same numbers, however many threads are at work and in however many blocks
        the data come; fresh entropy by default.
    threads : int, optional
        Threads to refit in; by default as many as are of use.

    Returns
    -------
    Bootstrap
        Replicates (n, m, p) on the logit scale, failures by reason, ``vcov``, ``std_error``, ``bias`` and
        ``intervals()``.

    Raises
    ------
    SupportError
        For a separated fit, stratified clusters, arguments out of their range, and if not two resamples
        give an estimate.

    Warns
    -----
    ConvergenceWarning
        If some resamples gave no estimate.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> boot = fit.bootstrap(200, rng=1)
    >>> boot
    <Bootstrap: 200 resamples of 189 rows>
    >>> boot.intervals("bca", confidence=0.9).columns[-2:].tolist()
    ['conf_low', 'conf_high']
    """
    n = _whole("n", n, 2)
    threads = None if threads is None else _whole("threads", threads, 1)
    if not isinstance(stratified, bool | np.bool_):
        raise SupportError(f"stratified={stratified!r} is not supported; use True or False.")
    if stratified and cluster is not None:
        raise SupportError(
            "stratified=True keeps each outcome's number of rows, and clusters are drawn whole. Leave out "
            "stratified= or cluster=."
        )
    seed = _seed(rng)
    _check(fit, "the bootstrap")
    rows = resampler()
    with progress("bootstrap", n, unit="resamples") as advance:
        refits = rows.bootstrap(n, seed=seed, stratified=bool(stratified), threads=threads, advance=advance)
    return Bootstrap(
        **_replicated(fit, rows, refits, cluster, left_out=False),
        stratified=bool(stratified),
        seed=seed,
        influences=lambda: _influences(rows),
    )


def jackknife(
    fit: LogisticEstimate,
    resampler: Callable[[], Resampler],
    *,
    cluster: Any,
    threads: int | None,
) -> Jackknife:
    """Refit without each unit of a fit in turn, exactly: ``fit.jackknife(cluster)``.

    Units are those of `bootstrap`. The time grows with units times rows: 20,000 rows take seconds, and ten
    times as many a hundred times as long.

    Parameters
    ----------
    fit : LogisticEstimate
        m equations, p design columns.
    resampler : callable
        Gives the rows of the fit (bound by ``fit``).
    cluster : str or array, optional
        Column (or one label per row of the data) whose values are left out instead, with all their rows.
    threads : int, optional
        Threads to refit in; by default as many as are of use.

    Returns
    -------
    Jackknife
        Estimates (N, m, p) on the logit scale, ``vcov``, ``std_error`` and ``bias`` (Efron and Tibshirani
        1993, chapter 11).

    Raises
    ------
    SupportError
        For a separated fit, and if fewer than two refits give an estimate.

    Warns
    -----
    ConvergenceWarning
        If leaving out some units left no estimate.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> fit.jackknife()
    <Jackknife: 189 rows left out in turn>
    """
    threads = None if threads is None else _whole("threads", threads, 1)
    _check(fit, "the jackknife")
    rows = resampler()
    with progress("jackknife", rows.n_distinct, unit="refits") as advance:
        refits = rows.deletions(threads=threads, advance=advance)
    return Jackknife(**_replicated(fit, rows, refits, cluster, left_out=True))


def _replicated(
    fit: LogisticEstimate, rows: Resampler, refits: Refits, cluster: Any, *, left_out: bool
) -> dict[str, Any]:
    """Return the fields that bootstrap and jackknife share, and warn of samples without an estimate."""
    what = "refits" if left_out else "resamples"
    failures = {
        reason: int(refits.copies[refits.reasons == k].sum())
        for k, reason in enumerate(rows.reasons)
        if (refits.reasons == k).any()
    }
    usable = refits.reasons < 0
    shown = ", ".join(f"{count} {reason}" for reason, count in failures.items())
    if usable.sum() < 2:
        raise SupportError(
            f"{int(usable.sum())} of {len(usable)} {what} gave an estimate ({shown}): there is no spread to "
            "look at. Fewer coefficients, or levels put together, would help."
        )
    if failures:
        python_warnings.warn(
            f"{sum(failures.values())} of {int(refits.copies.sum())} {what} gave no estimate ({shown}); "
            "errors and intervals are those of the others.",
            ConvergenceWarning,
            stacklevel=4,
        )
    replicates = rows.in_design(refits.coef)
    replicates[:, ~fit.estimated] = np.nan
    centred = None
    if rows.centre is not None:
        around = rows.in_centred(refits.coef)
        around[:, ~fit.estimated] = np.nan
        moved = around[usable] - around[usable][0]
        vcov = spread_of(moved, refits.copies[usable] if left_out else None)
        centred = CentredCovariance(centre=rows.centre, vcov=vcov)
    return {
        "estimate": fit.coef_array,
        "replicates": replicates,
        "copies": refits.copies,
        "failed": tuple(failures.items()),
        "centred": centred,
        "spec": fit.spec,
        "confidence": fit.options.confidence,
        "unit": rows.unit,
        "n_units": rows.n_units,
        "cluster": cluster if cluster is None or isinstance(cluster, str) else "an array",
    }


def _influences(rows: Resampler) -> tuple[FloatArray, FloatArray, NDArray[np.intp]]:
    """Return the coefficients (N, m, p) without each unit, their copies and strata, where there are any."""
    with progress("leaving out each unit", rows.n_distinct, unit="units") as advance:
        refits = rows.influences(advance=advance)
    usable = refits.reasons < 0
    return rows.in_design(refits.coef[usable]), refits.copies[usable], refits.strata[usable]


def _whole(name: str, value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise SupportError(f"{name}={value!r} is not a whole number of at least {least}.")
    return int(value)


def _seed(rng: object) -> int:
    """Return the entropy of all resamples: given, taken from a generator, or fresh."""
    if rng is None:
        return int.from_bytes(np.random.default_rng().bytes(16), "little")
    if isinstance(rng, np.random.Generator):
        return int.from_bytes(rng.bytes(16), "little")
    if isinstance(rng, bool) or not isinstance(rng, int | np.integer) or rng < 0:
        raise SupportError(f"rng={rng!r} is not a seed; give a whole number, or a numpy Generator.")
    return int(rng)


def _check(fit: LogisticEstimate, what: str) -> None:
    if fit.options.estimator != "ml":
        raise SupportError(f"{what} is at hand for estimator='ml', not for {fit.options.estimator!r}.")
    if not fit.spec.column_names:
        raise SupportError(f"{what} needs coefficients, and the model has none.")
    if fit.separation.direction is not None:
        infinite = ", ".join(f"{term} [{outcome}]" for outcome, term, _ in fit.separation.infinite)
        raise SupportError(
            f"{what} has nothing to say about infinite estimates, and the outcome is separated: {infinite}. "
            "Leave the terms out, or use likelihood-ratio tests."
        )
