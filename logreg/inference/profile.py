"""Profile likelihood: intervals, tests and curves of one combination of coefficients, the rest at their best.

The interval at a level is ``{c'coef : 2 (l_max - l(coef)) <= q}`` with q the quantile of chi-squared with one
degree of freedom. Its ends are found by `logreg.inference.profile_search`; where the outcome is separated,
whether an end is infinite is decided by the directions of recession, not by how far a search gets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from logreg.engine.newton import Ascent, Metric, climb, factorise
from logreg.engine.types import FloatArray
from logreg.errors import SupportError
from logreg.inference.likelihood import Likelihood, Recession
from logreg.inference.normal import normal_quantile, two_sided_p_value
from logreg.inference.profile_search import Found, Surface, ToEnd, ToPoint, search

__all__ = ["ProfileCurve", "ProfileIntervals", "profile_curve", "profile_intervals"]

#: A curve goes on to this multiple of the critical value.
BEYOND = 1.25
#: Where the estimate is infinite, the curve ends where the signed root has fallen to this.
NEARLY_FLAT = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProfileIntervals:
    """Intervals and likelihood-ratio tests of q combinations; ends the likelihood does not have are infinite.

    ``statistic`` (q,) is the signed root of the likelihood ratio of the value 0 and ``p_value`` belongs to
    it; ``estimate`` is infinite where the maximum is approached at infinity, NaN where every value reaches it
    or the combination is not estimated. ``failed`` marks searches that did not arrive.
    """

    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    statistic: FloatArray
    p_value: FloatArray
    failed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProfileCurve:
    """The profile log-likelihood at values of one combination; ``signed_root`` is ``sign(value - estimate)
    sqrt(2 (l_max - l))``.
    """

    value: FloatArray
    loglik: FloatArray
    signed_root: FloatArray


def profile_intervals(
    likelihood: Likelihood, contrasts: FloatArray, *, loglik: float, confidence: float
) -> ProfileIntervals:
    """Return intervals of combinations of coefficients by the likelihood ratio, and tests of the value 0.

    Parameters
    ----------
    likelihood : Likelihood
        Over the rows of the fit.
    contrasts : (q, m p) array
        Combinations of the flattened coefficients of the design's own columns.
    loglik : float
        The fit's log-likelihood, its supremum if the outcome is separated.
    confidence : float
        Level of the intervals.

    Raises
    ------
    SupportError
        For a level outside (0, 1).

    Notes
    -----
    Venzon and Moolgavkar (1988); the cut is the chi-squared quantile with one degree of freedom. Where the
    outcome is separated, whether an end is infinite is decided by linear programming on the directions of
    recession, not by how far a search gets.
    """
    drop = 0.5 * normal_quantile(confidence) ** 2
    found = [_interval(view, drop) for view in _views(likelihood, contrasts, loglik)]
    estimate, low, high, statistic = np.array(found, dtype=np.float64).reshape(-1, 4).T
    estimated = np.any(likelihood.working_contrast(contrasts)[:, likelihood.free] != 0, axis=1)
    return ProfileIntervals(
        estimate=estimate,
        low=low,
        high=high,
        statistic=statistic,
        p_value=two_sided_p_value(statistic),
        failed=estimated & (np.isnan(low) | np.isnan(high) | np.isnan(statistic)),
    )


def profile_curve(
    likelihood: Likelihood,
    contrast: FloatArray,
    *,
    loglik: float,
    confidence: float,
    points: int | FloatArray,
) -> ProfileCurve:
    """Return the profile log-likelihood of one combination of coefficients (m p,).

    Parameters
    ----------
    likelihood, contrast, loglik, confidence
        As for `profile_intervals`.
    points : int or array
        Values of the combination; a number of them is spread over the interval and a quarter of its critical
        value beyond, or, where it has no end, to where the curve is nearly flat.

    Raises
    ------
    SupportError
        If the combination is not estimated, or every value of it reaches the maximum, or the search fails.
    """
    (view,) = _views(likelihood, contrast[np.newaxis], loglik)
    if view.surface is None and view.falls and view.rises:
        raise SupportError("there is no profile: every value of the coefficient fits the data equally well.")
    if view.surface is None:
        raise SupportError(
            "there is no profile: the coefficient is not estimated, or the linear programmes that tell which "
            "of its values are possible came to no end."
        )
    surface = view.surface
    if isinstance(points, int):
        reach = BEYOND * normal_quantile(confidence)
        ends = [
            # A side without an end is followed from the other one.
            _end(surface, -side if endless else side, 0.5 * (NEARLY_FLAT if endless else reach) ** 2)
            for side, endless in ((-1.0, view.falls), (1.0, view.rises))
        ]
        values = np.linspace(ends[0], ends[1], points)
    else:
        values = points
    start, metric, loglik_at = surface.start, surface.metric, np.full(len(values), np.nan)
    for k, value in enumerate(values):
        found = _point(surface, float(value), start, metric)
        if found is not None:
            loglik_at[k], start = found.loglik, found.x
    if not np.isfinite(np.append(values, loglik_at)).all():
        raise SupportError("the profile could not be followed: the search for a constrained maximum failed.")
    sign = np.sign(values - view.estimate)
    return ProfileCurve(
        value=values,
        loglik=loglik_at,
        signed_root=sign * np.sqrt(2.0 * np.maximum(surface.maximum - loglik_at, 0.0)),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _View:
    """One combination: where its estimate is, which ends are infinite, the surface for those that are not."""

    estimate: float
    falls: bool
    rises: bool
    surface: Surface | None


#: Not estimated, or out of reach of the programmes.
_NOTHING = _View(estimate=np.nan, falls=False, rises=False, surface=None)


def _views(likelihood: Likelihood, contrasts: FloatArray, loglik: float) -> Iterator[_View]:
    working = likelihood.working_contrast(contrasts)
    if likelihood.recession is not None:
        recession = likelihood.recession()
        for c in working:
            yield _NOTHING if recession is None else _separated_view(likelihood, recession, c, loglik)
        return
    start = likelihood.optimum.ravel()[likelihood.free]
    total = likelihood.objective(likelihood.optimum, 2)
    assert total.information is not None
    metric = factorise(total.information[np.ix_(likelihood.free, likelihood.free)])
    for c in working[:, likelihood.free]:
        if metric is None or not c.any():
            yield _NOTHING
            continue
        surface = Surface(
            objective=likelihood.objective,
            held=likelihood.optimum,
            free=likelihood.free,
            contrast=c,
            start=start,
            metric=metric,
            maximum=total.loglik,
        )
        yield _View(estimate=float(c @ start), falls=False, rises=False, surface=surface)


def _separated_view(
    likelihood: Likelihood, recession: Recession, contrast: FloatArray, loglik: float
) -> _View:
    receding = recession.along(contrast) if contrast[likelihood.free].any() else None
    if receding is None:
        return _NOTHING
    if receding.falls and receding.rises:
        return _View(estimate=np.nan, falls=True, rises=True, surface=None)
    free, zero = receding.free, np.zeros_like(likelihood.optimum)
    surface = Surface(
        objective=receding.objective,
        held=zero,
        free=free,
        contrast=contrast[free],
        start=np.zeros(len(free)),
        metric=Metric(factor=np.eye(len(free)), scale=np.ones(len(free))),
        maximum=loglik,
    )
    if receding.falls or receding.rises:
        # The maximum lies at infinity: the search starts from the best point whose combination is 0.
        metric = surface.metric_at(surface.start)
        best = None if metric is None else search(surface, ToPoint(target=0.0), surface.start, metric)
        start = None if best is None else best.x
        estimate = np.inf if receding.rises else -np.inf
    else:
        climbed = climb(receding.objective, Ascent(coef=zero), free, max_iterations=likelihood.max_iterations)
        start = climbed.coef.ravel()[free] if climbed.status == "converged" else None
        estimate = np.nan if start is None else float(contrast[free] @ start)
    metric = None if start is None else surface.metric_at(start)
    if start is None or metric is None:
        return _NOTHING
    return _View(
        estimate=estimate,
        falls=receding.falls,
        rises=receding.rises,
        surface=replace(surface, start=start, metric=metric),
    )


def _interval(view: _View, drop: float) -> tuple[float, float, float, float]:
    """Return estimate, lower end, upper end and the signed root of the likelihood ratio of 0."""
    low, high = (-np.inf if view.falls else np.nan), (np.inf if view.rises else np.nan)
    surface = view.surface
    if surface is None:
        # Both ends at infinity, and any value, 0 among them, reaches the supremum; or nothing is known.
        return view.estimate, low, high, 0.0 if view.falls and view.rises else np.nan
    if not view.falls:
        low = _end(surface, -1.0, drop)
    if not view.rises:
        high = _end(surface, 1.0, drop)
    null = _point(surface, 0.0, surface.start, surface.metric)
    ratio = np.nan if null is None else 2.0 * max(surface.maximum - null.loglik, 0.0)
    return view.estimate, low, high, float(np.sign(view.estimate) * np.sqrt(ratio))


def _end(surface: Surface, side: float, drop: float) -> float:
    found = search(surface, ToEnd(side=side, level=surface.maximum - drop), surface.start, surface.metric)
    return np.nan if found is None else found.value


def _point(surface: Surface, target: float, start: FloatArray, metric: Metric) -> Found | None:
    along = metric.solve(surface.contrast)
    # The nearest point in the metric that has the value: equation (2) at a point without a score.
    shift = (target - float(surface.contrast @ start)) / float(surface.contrast @ along)
    return search(surface, ToPoint(target=target), start + shift * along, metric)
