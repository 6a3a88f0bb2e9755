"""Conditional odds ratios: one data variable changes, the others stand at stated values.

The change is made in the data and encoded through the design, so that a variable that occurs in several terms
(interactions, polynomials, splines) moves in all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import Level
from logreg.errors import SupportError
from logreg.inference.coefficients import LikelihoodOf, check_interval, profile_of
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.normal import critical_value, two_sided_p_value
from logreg.interpret.changes import Change, changes_of
from logreg.interpret.effects import Profile
from logreg.interpret.predictions import EncodedRows, contrast_of_outcomes
from logreg.logits.limit import without_rounding
from logreg.tables import GLOSSARY, table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["conditional_odds_ratio_table"]

FloatArray = NDArray[np.float64]

#: A design column that moves by less than this share of its size has only been rounded twice.
ROUNDING = 1e-13
#: Combinations of columns that agree up to this part of their size are the same.
ALIAS_TOLERANCE = 1e-8


def conditional_odds_ratio_table(
    fit: LogisticEstimate,
    *,
    encode: Callable[[Mapping[str, Sequence[Any]]], EncodedRows],
    profiles: Callable[[], Mapping[str, Profile]] | None,
    variables: str | Sequence[str] | Mapping[str, Sequence[Any]] | None = None,
    at: Mapping[str, Any] | None = None,
    unit: str | Mapping[str, float] | None = None,
    levels: str | None = None,
    versus: object = None,
    confidence: float | None = None,
    interval: str = "wald",
    spread: Callable[[str, str], float] | None = None,
    likelihood: LikelihoodOf | None = None,
) -> pd.DataFrame:
    """Return the odds ratio of a change in one data variable, the others at stated values.

    With design rows x1 and x0 after and before the change, the log of the odds ratio is ``(x1 - x0)' b`` with
    variance ``(x1 - x0)' V (x1 - x0)`` (Hosmer, Lemeshow and Sturdivant 2013, *Applied Logistic Regression*,
    3rd ed., ch. 3, on odds ratios in the presence of interaction). With more than two outcomes b is that of
    the outcome less that of the baseline, and the odds are P(outcome) / P(baseline).

    Parameters
    ----------
    fit : LogisticEstimate
    encode : callable
        A table of predictors to design rows.
    profiles : callable, optional
        The distributions of the predictors; without, every predictor needs a value.
    variables : name, names or mapping, optional
        Data variables to change, all but those in ``at`` by default. A mapping names (from, to).
    at : mapping, optional
        Column to a value or several; every combination is tabled. What is not named stands at its mean, or
        its most frequent level. A number that is changed itself starts at its value here.
    unit : mapping, "sd" or "iqr", optional
        Increase of numbers; 1 by default.
    levels : {"reference", "pairwise", "sequential"}
        Which levels of a factor are compared: each with its reference, with every other, or with the one
        before.
    versus : level, optional
        Another outcome as the baseline, without refitting.
    confidence : float, optional
        The fit's own level if not given.
    interval : str
        "wald", or "profile": the values whose likelihood ratio stays below its critical value, with p-values
        from the likelihood ratio of 1, for infinite estimates too.
    spread : callable, optional
        ``(variable, "sd" or "iqr")`` to its value in the rows used.
    likelihood : callable, optional
        Hands out the likelihood over the rows, for profiles.

    Returns
    -------
    DataFrame
        ``outcome, baseline, variable, level, reference, unit``, the columns of ``at`` and those the odds
        ratio depends on (``at_level`` for one that is called ``level``), ``odds_ratio, conf_low, conf_high,
        p_value``. ``level`` and ``reference`` are the
        ends of the change; missing for a number whose odds ratio does not depend on where it starts. Odds
        ratios that separation makes 0 or infinite have no interval; those that rest on a column that was left
        out are missing.

    Raises
    ------
    SupportError
        For what is not a predictor, values or units that do not fit it, or a loaded model with a predictor
        that has no value.
    PredictError
        For levels that the model does not know.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age * smoke", logreg.datasets.load("birthwt"))
    >>> fit.odds_ratios(variables="smoke", at={"age": [20, 30]}).odds_ratio.round(2).tolist()
    [1.65, 3.42]
    """
    check_interval(interval)
    level = fit.options.confidence if confidence is None else confidence
    z = critical_value(level, fit.reference_df)
    outcomes, baseline, contrast = contrast_of_outcomes(fit, versus)
    changes = changes_of(
        fit.spec, profiles, variables=variables, at=at, unit=unit, levels=levels, spread=spread
    )
    after, before = _design_rows(fit, encode, changes.lines)
    step = _steps(after, before)
    estimate, std_error, p_value = _log_odds_ratios(fit, contrast, step)
    low, high = estimate - z * std_error, estimate + z * std_error
    moves = [change for change, _ in changes.lines]
    if interval == "profile":
        names = [change.variable for change in moves]
        low, high, p_value = _profiled(fit, likelihood, contrast, step, estimate, names, level)
    with np.errstate(over="ignore"):
        ratio, low, high = np.exp(estimate), np.exp(low), np.exp(high)
    k, n = len(outcomes), len(moves)
    found = table(
        {
            "outcome": np.repeat(np.array(outcomes, dtype=object), n),
            "baseline": [baseline] * (k * n),
            "variable": [change.variable for change in moves] * k,
            "level": [change.level for change in moves] * k,
            "reference": [change.reference for change in moves] * k,
            "unit": [change.unit for change in moves] * k,
            "odds_ratio": ratio.ravel(),
            "conf_low": low.ravel(),
            "conf_high": high.ravel(),
            "p_value": p_value.ravel(),
        }
    )
    place = list(found.columns).index("odds_ratio")
    for name in reversed(changes.shown):
        # A data column may be called like one of the table's own.
        heading = name
        while heading in GLOSSARY or (heading != name and heading in changes.shown):
            heading = f"at_{heading}"
        found.insert(place, heading, changes.held(name) * k)
    return found


# Numbers -------------------------------------------------------------------------------------------------


def _design_rows(
    fit: LogisticEstimate,
    encode: Callable[[Mapping[str, Sequence[Any]]], EncodedRows],
    lines: Sequence[tuple[Change, dict[str, Level]]],
) -> tuple[FloatArray, FloatArray]:
    """Return the design columns (p, n) after and before every change."""
    p, n = fit.coef_array.shape[1], len(lines)
    if not n:
        return np.zeros((p, 0)), np.zeros((p, 0))
    names = dict.fromkeys((*fit.spec.predictors, *fit.spec.offset_columns))
    after = [values | {change.variable: change.end} for change, values in lines]
    rows = [*after, *(values for _, values in lines)]
    encoded = encode({name: [row[name] for row in rows] for name in names})
    parts = [design.to_array() for _, design, _ in encoded.pieces()]
    x = np.concatenate(parts, axis=1)
    if x.shape[1] != 2 * n:
        raise SupportError("a value in at= or variables= is missing, and a row without it has no logit.")
    return x[:, :n], x[:, n:]


def _steps(after: FloatArray, before: FloatArray) -> FloatArray:
    """Return how far the design columns move (p, n), 0 where only rounding does."""
    step = after - before
    step[np.abs(step) <= ROUNDING * np.maximum(np.abs(after), np.abs(before))] = 0.0
    return step


def _profiled(
    fit: LogisticEstimate,
    likelihood: LikelihoodOf | None,
    contrast: FloatArray,
    step: FloatArray,
    estimate: FloatArray,
    names: Sequence[str],
    confidence: float,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the ends of profile intervals and p-values, each (outcomes, n)."""
    low, high, p_value = estimate.copy(), estimate.copy(), np.where(np.isnan(estimate), np.nan, 1.0)
    # What changes nothing is 0 without any doubt; what the data cannot tell has no likelihood either.
    sought = ~np.isnan(estimate) & np.any(step != 0.0, axis=0)
    rows = np.einsum("kj,pn->knjp", contrast, step)[sought].reshape(-1, fit.coef_array.size)
    if len(rows):
        called = np.broadcast_to(np.array(names, dtype=object), estimate.shape)[sought]
        found = profile_of(fit, likelihood, rows, called.tolist(), confidence)
        low[sought], high[sought], p_value[sought] = found.low, found.high, found.p_value
    return low, high, p_value


def _log_odds_ratios(
    fit: LogisticEstimate, contrast: FloatArray, step: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log odds ratios, their standard errors and p-values, each (outcomes, n)."""
    m, p = fit.coef_array.shape
    estimate = contrast @ fit.limit_coef @ step
    # (x1 - x0)' V_jk (x1 - x0): what is subtracted from both rows cancels.
    blocks = fit.logit_vcov.reshape(m, p, m, p)
    pairs = np.einsum("pn,jplq,qn->jln", step, blocks, step, optimize=True)
    variance = np.einsum("kj,jln,kl->kn", contrast, pairs, contrast)
    std_error = np.sqrt(np.maximum(variance, 0.0))
    if fit.separation.direction is not None:
        direction = np.asarray(fit.separation.direction)

        def moved(changes: FloatArray) -> FloatArray:
            size = np.abs(contrast) @ np.abs(changes) @ np.abs(step)
            return without_rounding(contrast @ changes @ step, size)

        way = moved(direction)
        estimate = np.where(way == 0.0, estimate, np.copysign(np.inf, way))
        for probe in () if fit.probes is None else fit.probes:
            estimate[(moved(probe) != 0.0) & (way == 0.0)] = np.nan
    estimate[:, _rests_on_left_out(fit, step)] = np.nan
    std_error[~np.isfinite(estimate)] = np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = two_sided_p_value(estimate / std_error, fit.reference_df)
    # A change that changes nothing: the odds ratio is 1, without any doubt.
    p_value[(estimate == 0.0) & (std_error == 0.0)] = 1.0
    return estimate, std_error, p_value


def _rests_on_left_out(fit: LogisticEstimate, step: FloatArray) -> NDArray[np.bool_]:
    """Return which changes (n,) move a left-out column apart from the columns it equals in the data.

    What that does to the logit the data cannot tell.
    """
    lost = np.zeros(step.shape[1], dtype=np.bool_)
    place = {name: k for k, name in enumerate(fit.spec.column_names)}
    for name, parts in fit.aliases:
        made = np.zeros(step.shape[1])
        size = np.abs(step[place[name]])
        for part, share in parts:
            made += share * step[place[part]]
            size = size + np.abs(share * step[place[part]])
        lost |= np.abs(step[place[name]] - made) > ALIAS_TOLERANCE * size
    return lost
