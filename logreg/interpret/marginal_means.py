"""Marginal means: predictions on a balanced grid of levels, averaged over the factors that are not shown.

What Searle, Speed and Milliken (1980, *The American Statistician* 34:216) call population marginal means, R's
emmeans and SAS's LSMEANS: every combination of levels counts, whether the data are balanced or not, and
numbers stand at their mean. Averages over the rows as they are: `logreg.interpret.averages`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from logreg.data.source import Level
from logreg.design.distribution import Distribution
from logreg.design.outcome import level_name
from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.interpret.averages import INTERVAL_OF, averages_of, outcomes_shown
from logreg.interpret.estimands import Estimates, inference_columns, result_table
from logreg.interpret.grids import Plan, factor_levels, value_of
from logreg.interpret.grouping import GroupedRows, Grouping, combinations_of
from logreg.interpret.population import AS_OBSERVED, Access, FloatArray, Piece, require_variable
from logreg.interpret.row_functions import check_scale, row_function, row_probabilities

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MarginalMeans", "marginal_mean_table", "marginal_means_of", "pairwise_table"]

#: The column of the grid that weighs its rows: not a name that a formula can read by accident.
WEIGHT = "(weight of the grid)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginalMeans:
    """Means of c cells for f outcomes as estimates, cells first; with the values that define each cell."""

    estimates: Estimates
    cells: tuple[Mapping[str, Level], ...]
    outcomes: tuple[str, ...]


def marginal_mean_table(
    fit: LogisticEstimate,
    access: Access,
    *,
    variables: Any,
    weights: str = "equal",
    scale: str = "logit",
    at: Any = None,
    averaging: str = "logit",
    confidence: float | None = None,
) -> pd.DataFrame:
    """Return marginal means of the levels of factors.

    Parameters
    ----------
    fit : LogisticEstimate
    access : Access
        Rows and distributions, bound by ``fit.marginal_means``.
    variables : str or list of str
        Factors whose levels (or combinations of levels) have a mean each; numbers among them need values in
        ``at``.
    weights : "equal" or "observed"
        How the levels of the other factors are averaged: alike, or by how often their combination occurs in
        the rows of the fit (emmeans' "proportional").
    scale : "logit", "probability" or "odds"
        Scale of the result.
    at : mapping, optional
        Values by variable; several are averaged alike, or shown if the variable is among ``variables``.
    averaging : "logit" or "probability"
        Scale on which the grid is averaged. Averages of logits are mapped to the scale of the result
        (emmeans' default); averages of probabilities are only shown as such (emmeans' ``regrid``, and its
        mode "prob" of multinomial fits).
    confidence : float, optional
        The fit's own level if not given.

    Returns
    -------
    DataFrame
        ``outcome, <variables>, estimate, std_error, statistic, p_value, conf_low, conf_high``; intervals and
        tests as in `logreg.interpret.averages.prediction_table`.

    Raises
    ------
    SupportError
        For unknown names and values, and numbers without a value.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + race + smoke", logreg.datasets.load("birthwt"))
    >>> fit.marginal_means("smoke")[["smoke", "estimate", "std_error"]].round(3)
      smoke  estimate  std_error
    0    no    -1.129      0.244
    1   yes    -0.028      0.280
    """
    found = marginal_means_of(
        fit, access, variables=variables, weights=weights, scale=scale, at=at, averaging=averaging
    )
    shown = check_scale(scale)
    numbers = inference_columns(
        fit,
        found.estimates.values,
        found.estimates.std_errors(fit),
        interval=INTERVAL_OF[shown],
        complements=found.estimates.complements,
        confidence=confidence,
    )
    f = len(found.outcomes)
    own = {name: [cell[name] for cell in found.cells for _ in range(f)] for name in found.cells[0]}
    return result_table({"outcome": list(found.outcomes) * len(found.cells)}, own, numbers)


def pairwise_table(
    fit: LogisticEstimate,
    access: Access,
    *,
    variables: Any,
    adjust: str = "tukey",
    weights: str = "equal",
    scale: str = "logit",
    at: Any = None,
    averaging: str = "logit",
    confidence: float | None = None,
) -> pd.DataFrame:
    """Return all pairwise contrasts of marginal means, adjusted for their number within each outcome.

    Parameters
    ----------
    adjust : str
        A method of `logreg.inference.multiplicity.adjusted`, "none" for none.
    scale : "logit", "probability" or "odds"
        Differences of logits or probabilities; "odds" are ratios: odds ratios of marginal means.
    variables, weights, at, averaging, confidence
        As for `marginal_mean_table`.

    Returns
    -------
    DataFrame
        ``outcome, contrast, estimate, std_error, statistic, p_value, conf_low, conf_high``. Later levels
        less earlier ones (emmeans subtracts the other way round).

    Raises
    ------
    SupportError
        For unknown names and values, and fewer than two means.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + race + smoke", logreg.datasets.load("birthwt"))
    >>> fit.pairwise("race", adjust="none")[["contrast", "estimate", "p_value"]].round(3)
            contrast  estimate  p_value
    0  black - white     1.011    0.040
    1  other - white     1.057    0.009
    2  other - black     0.045    0.926
    """
    shown = check_scale(scale)
    ratio = shown == "odds"
    found = marginal_means_of(
        fit,
        access,
        variables=variables,
        weights=weights,
        scale="logit" if ratio else scale,
        at=at,
        averaging=averaging,
    )
    c, f = len(found.cells), len(found.outcomes)
    if c < 2:
        raise SupportError("pairwise contrasts need two means or more.")
    pairs = list(combinations(range(c), 2))
    join = " / " if ratio else " - "
    names = [", ".join(level_name(value) for value in cell.values()) for cell in found.cells]
    parts = []
    for k in range(f):
        contrast = np.zeros((len(pairs), c * f))
        for row, (a, b) in enumerate(pairs):
            contrast[row, b * f + k], contrast[row, a * f + k] = 1.0, -1.0
        parts.append(_adjusted_columns(fit, found.estimates.combined(contrast), adjust, confidence))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if ratio:
        with np.errstate(over="ignore"):
            columns = {
                **columns,
                "estimate": np.exp(columns["estimate"]),
                "std_error": columns["std_error"] * np.exp(columns["estimate"]),
                "conf_low": np.exp(columns["conf_low"]),
                "conf_high": np.exp(columns["conf_high"]),
            }
    labels = {
        "outcome": [name for name in found.outcomes for _ in pairs],
        "contrast": [f"{names[b]}{join}{names[a]}" for a, b in pairs] * f,
    }
    return result_table(labels, {}, columns)


def _adjusted_columns(
    fit: LogisticEstimate, contrasts: Estimates, adjust: str, confidence: float | None
) -> dict[str, FloatArray]:
    columns = inference_columns(fit, contrasts.values, contrasts.std_errors(fit), confidence=confidence)
    if adjust == "none":
        return columns
    from logreg.inference.multiplicity import adjusted

    level = fit.options.confidence if confidence is None else confidence
    p, low, high = adjusted(contrasts.values, contrasts.covariance(fit), adjust, level, fit.reference_df)
    return {**columns, "p_value": p, "conf_low": low, "conf_high": high}


def marginal_means_of(
    fit: LogisticEstimate,
    access: Access,
    *,
    variables: Any,
    weights: str,
    scale: str,
    at: Any,
    averaging: str,
) -> MarginalMeans:
    """Return marginal means with their joint derivatives; arguments as for `marginal_mean_table`."""
    shown = check_scale(scale)
    if weights not in ("equal", "observed"):
        raise SupportError(f"weights={weights!r} is not supported; use 'equal' or 'observed'.")
    inner = check_scale(averaging)
    if inner == "odds":
        raise SupportError(f"averaging={averaging!r} is not supported; use 'logit' or 'probability'.")
    if inner == "probability" and shown != "probability":
        raise SupportError(f"averaging='probability' gives probabilities, not scale={scale!r}.")
    names = _variables(fit, variables)
    grid = _grid_of(fit, access, names, {} if at is None else at)
    weight = _weights(access, grid, names, weights)
    rows = {name: [row[name] for row in grid.rows] for name in grid.rows[0]}
    population = access.population("marginal means", {**rows, WEIGHT: weight}, WEIGHT, ())
    plan = Plan(
        population=population,
        settings=(AS_OBSERVED,),
        labels=({},),
        grouping=Grouping(columns=names, values=tuple(tuple(grid.values[name]) for name in names)),
    )
    estimates, _ = averages_of(fit, plan, plan.settings, row_function(inner, fit.spec.n_equations + 1))
    if inner == "logit":
        estimates = _mapped(estimates, fit.spec.n_equations, shown)
    outcomes = outcomes_shown(fit, shown)
    cells = combinations_of({name: grid.values[name] for name in names})
    f = len(estimates.values) // len(cells)
    positions = [cell * f + k for cell in range(len(cells)) for k, _ in outcomes]
    return MarginalMeans(
        estimates=estimates.take(positions), cells=tuple(cells), outcomes=tuple(name for _, name in outcomes)
    )


def _variables(fit: LogisticEstimate, variables: Any) -> tuple[str, ...]:
    listed = [variables] if isinstance(variables, str) else variables
    if not isinstance(listed, Sequence) or not listed:
        raise SupportError(f"variables={variables!r} is not a name or a list of names.")
    return tuple(dict.fromkeys(require_variable(fit.spec, name) for name in listed))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Grid:
    """Values by variable, which of them are levels of the data, and all combinations."""

    values: Mapping[str, list[Level]]
    factors: tuple[str, ...]
    rows: list[dict[str, Level]]


def _grid_of(fit: LogisticEstimate, access: Access, names: tuple[str, ...], at: Mapping[str, Any]) -> _Grid:
    if not isinstance(at, Mapping):
        raise SupportError(f"at={at!r} is not a mapping of variables to values.")
    spec = fit.spec
    every = tuple(dict.fromkeys((*spec.predictors, *spec.offset_columns)))
    for name in at:
        if name not in every:
            require_variable(spec, name)
    values: dict[str, list[Level]] = {}
    factors = []
    profiles: Mapping[str, Any] | None = None
    for name in (*names, *(name for name in every if name not in names)):
        levels = factor_levels(spec, name)
        if levels is None and (name not in at or not _all_numbers(at[name])):
            profiles = access.profiles() if profiles is None else profiles
            if not isinstance(profiles[name], Distribution):
                levels = tuple(sorted(profiles[name], key=str))
        if name in at:
            given = at[name]
            scalar = isinstance(given, str | Real) or not np.iterable(given)
            where = f"at[{name!r}]"
            listed = [given] if scalar else list(given)
            values[name] = [value_of(access, name, value, levels, where) for value in listed]
        elif levels is not None:
            values[name] = list(levels)
            factors.append(name)
        elif name in names:
            raise SupportError(f"{name!r} is a number: say at which values, at={{{name!r}: [...]}}.")
        else:
            assert profiles is not None
            values[name] = [profiles[name].mean]
    return _Grid(values=values, factors=tuple(factors), rows=combinations_of(values))


def _all_numbers(given: Any) -> bool:
    listed = [given] if isinstance(given, str | Real) or not np.iterable(given) else list(given)
    return all(isinstance(value, Real) for value in listed)


def _weights(access: Access, grid: _Grid, names: tuple[str, ...], weights: str) -> list[float]:
    """Return the weight of each row of the grid."""
    others = tuple(name for name in grid.factors if name not in names)
    if weights == "equal" or not others:
        return [1.0] * len(grid.rows)
    population = access.population("marginal means with observed weights", None, None, ())
    grouping = Grouping(columns=others, values=tuple(tuple(grid.values[name]) for name in others))

    def of_piece(piece: Piece) -> FloatArray:
        ones = np.ones((1, piece.n_rows))
        groups = GroupedRows(grouping.codes(piece), grouping.n_cells)
        return groups.sums(ones if piece.weights is None else ones * piece.weights)[:, 0]

    counts = population.total(of_piece)
    place = {
        tuple(cell.values()): float(count)
        for cell, count in zip(combinations_of({n: grid.values[n] for n in others}), counts, strict=True)
    }
    return [place[tuple(row[name] for name in others)] for row in grid.rows]


def _mapped(logits: Estimates, m: int, scale: str) -> Estimates:
    """Map averages of logits (cells, m) to the scale of the result, by the chain rule."""
    if scale == "logit":
        return logits
    cells = len(logits.values) // m
    first = np.arange(cells) * m
    eta = logits.values.reshape(cells, m).T
    if scale == "odds":
        odds = np.exp(logits.values)
        return logits.derived(odds, [(np.arange(cells * m), odds)])
    p = row_probabilities(eta[np.newaxis])[0]
    parts = []
    for j in range(m):
        # dp_k / dl_j = p_k ([k = j] - p_j).
        slope = -p * p[j + 1]
        slope[j + 1] = p[j + 1] * np.delete(p, j + 1, axis=0).sum(axis=0)
        parts.append((np.repeat(first + j, m + 1), slope.T.ravel()))
    found = logits.derived(p.T.ravel(), parts)
    rest = np.stack([np.delete(p, k, axis=0).sum(axis=0) for k in range(m + 1)], axis=1)
    return Estimates(
        values=found.values, jacobian=found.jacobian, known=found.known, complements=rest.ravel()
    )
