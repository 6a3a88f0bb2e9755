"""Derivatives of predictions with respect to a variable of the data: average marginal effects.

How they are computed: `logreg.interpret.slope_averages`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import Level
from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.interpret.averages import check_rowwise, outcomes_shown, rowwise_numbers
from logreg.interpret.comparisons import comparison_table
from logreg.interpret.estimands import inference_columns, result_table, std_errors_of_rows
from logreg.interpret.grids import Plan, plan_of
from logreg.interpret.population import Access, FloatArray, Piece, map_settings
from logreg.interpret.row_functions import check_scale
from logreg.interpret.slope_averages import Slopes
from logreg.interpret.variations import asked_variables, numeric_variables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KINDS", "slope_table"]

#: What the derivative is of and with respect to: y or log y, x or log x.
KINDS: Mapping[str, str] = {"dydx": "dy/dx", "eyex": "ey/ex", "dyex": "dy/ex", "eydx": "ey/dx"}


def slope_table(
    fit: LogisticEstimate,
    access: Access,
    *,
    variables: Any = None,
    at: Any = None,
    by: Any = None,
    average: bool = True,
    data: Any = None,
    scale: str = "probability",
    kind: str = "dydx",
    others: str = "observed",
    weights: str | None = None,
    unconditional: bool = False,
    confidence: float | None = None,
) -> pd.DataFrame:
    """Return average derivatives (average marginal effects) with delta-method errors.

    Parameters
    ----------
    fit : LogisticEstimate
    access : Access
        Rows and distributions, bound by ``fit.slopes``.
    variables : str or list of str, optional
        Columns of the data; all predictors if not given. Labels and factors have no derivative: they give
        their levels' differences with the reference, as `logreg.interpret.comparisons`. Numbers have one,
        also those that are 0 and 1 only.
    scale : "probability", "logit" or "odds"
        What is differentiated.
    kind : "dydx", "eyex", "dyex" or "eydx"
        The derivative; on the probability scale also the elasticity ``dp/dx x/p`` and the semi-elasticities
        ``dp/dx x`` and ``dp/dx / p`` (of numbers only), averaged over rows.
    at, by, average, data, others, weights, unconditional, confidence
        As for `logreg.interpret.averages.prediction_table`.

    Returns
    -------
    DataFrame
        ``[row,] outcome, <by and at columns>, variable, contrast, estimate, std_error, statistic, p_value,
        conf_low, conf_high``, per unit of the variable. Symmetric intervals, tests of 0.

    Raises
    ------
    SupportError
        For unknown names, and combinations without a meaning.

    Notes
    -----
    The derivative of the design is exact (`logreg.design.derivatives`).

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + I(age^2) + smoke", logreg.datasets.load("birthwt"))
    >>> fit.slopes()[["variable", "contrast", "estimate", "std_error"]].round(4)
      variable  contrast  estimate  std_error
    0      age     dy/dx   -0.0061     0.0069
    1    smoke  yes - no    0.1476     0.0691
    """
    shown = check_scale(scale)
    if kind not in KINDS:
        raise SupportError(f"kind={kind!r} is not supported; use {', '.join(map(repr, KINDS))}.")
    if kind != "dydx" and shown != "probability":
        raise SupportError(f"kind={kind!r} is an elasticity of probabilities; leave out scale={scale!r}.")
    if isinstance(variables, Mapping):
        raise SupportError("slopes have no steps: name the variables, or use comparisons.")
    plan = plan_of(
        fit, access, "slopes", data=data, at=at, by=by, others=others, weights=weights, average=average
    )
    asked = asked_variables(fit, variables)
    levels = numeric_variables(fit, plan.population, list(asked))
    numbers = [name for name, found in levels.items() if found is None]
    factors = [name for name, found in levels.items() if found is not None]
    if variables is None:
        factors = [name for name in factors if name not in plan.at]
    if variables is None and kind != "dydx":
        factors = []
    if kind != "dydx" and (factors or not numbers):
        raise SupportError(f"kind={kind!r} is of numbers; {(factors or list(asked))[0]!r} has levels.")
    if variables is None:
        numbers = [name for name in numbers if name not in plan.at or others == "typical"]
    if not average:
        check_rowwise(unconditional, weights)
    tables = []
    if numbers:
        slopes = Slopes(fit=fit, plan=plan, names=tuple(numbers), scale=shown, kind=kind)
        if average:
            tables.append(_averages(slopes, unconditional, confidence))
        else:
            tables.append(_of_rows(slopes, confidence))
    if factors:
        tables.append(
            comparison_table(
                fit,
                access,
                variables=factors,
                at=at,
                by=by,
                average=average,
                data=data,
                scale=scale,
                others=others,
                weights=weights,
                unconditional=unconditional,
                confidence=confidence,
            )
        )
    if not tables:
        raise SupportError("there is no variable to differentiate: at= sets all of them.")
    return _joined(tables, list(asked), plan)


def _joined(tables: list[pd.DataFrame], names: list[str], plan: Plan) -> pd.DataFrame:
    """Put the lines of numbers and factors in the order of the variables, within groups and settings."""
    import pandas as pd

    if len(tables) == 1:
        return tables[0]
    frame = pd.concat(tables, ignore_index=True)
    labels = [name for name in ("row", *plan.grouping.columns, *plan.at) if name in frame]
    place = {name: k for k, name in enumerate(names)}
    cells = (
        [frame.groupby(name, sort=False, observed=True).ngroup() for name in labels]
        if labels
        else [pd.Series(0, index=frame.index)]
    )
    keys = [*reversed([cell.to_numpy() for cell in cells])]
    order = np.lexsort((np.arange(len(frame)), frame["variable"].map(place).to_numpy(), *keys))
    return frame.iloc[order].reset_index(drop=True)


def _averages(slopes: Slopes, unconditional: bool, confidence: float | None) -> pd.DataFrame:
    fit, plan = slopes.fit, slopes.plan
    estimates, weight = slopes.averages(unconditional=unconditional)
    outcomes = outcomes_shown(fit, slopes.scale)
    shape = (plan.grouping.n_cells, len(plan.settings), len(slopes.names), slopes.n_values)
    outcome: list[str] = []
    variable: list[str] = []
    own: dict[str, list[Level]] = {name: [] for name in (*plan.grouping.columns, *plan.at)}
    positions = []
    for group in np.flatnonzero(weight > 0.0).tolist():
        within = plan.grouping.combination(group)
        for setting, values in enumerate(plan.labels):
            for v, name in enumerate(slopes.names):
                for k, label in outcomes:
                    outcome.append(label)
                    variable.append(name)
                    for column, value in {**within, **values}.items():
                        own[column].append(value)
                    positions.append(int(np.ravel_multi_index((group, setting, v, k), shape)))
    found = estimates.take(positions)
    contrast = [KINDS[slopes.kind]] * len(outcome)
    numbers = inference_columns(fit, found.values, found.std_errors(fit), confidence=confidence)
    return result_table({"outcome": outcome, "variable": variable, "contrast": contrast}, own, numbers)


def _of_rows(slopes: Slopes, confidence: float | None) -> pd.DataFrame:
    fit, plan = slopes.fit, slopes.plan
    maps = map_settings(fit.spec, plan.population, plan.settings, encode_all=True)
    outcomes = outcomes_shown(fit, slopes.scale)
    kept = [k for k, _ in outcomes]

    def of_piece(piece: Piece) -> tuple[NDArray[np.intp], FloatArray]:
        found: dict[int, list[FloatArray]] = {}
        for position, x, infinite, rows in slopes.pieces(piece, maps):
            found[position] = [
                np.stack(
                    [
                        one.values[kept],
                        np.where(
                            np.isfinite(one.values[kept]),
                            std_errors_of_rows(
                                fit,
                                [(one.in_logits[kept], x), (one.in_slopes[kept], one.columns)],
                                infinite,
                            ),
                            np.nan,
                        ),
                    ]
                )
                for one in rows
            ]
        return piece.positions, np.stack([part for k in sorted(found) for part in found[k]], axis=1)

    (values, errors), row = rowwise_numbers(plan, plan.population.each(of_piece))
    n, f, q, s = len(row), len(kept), len(slopes.names), len(plan.settings)
    return result_table(
        {
            "row": np.repeat(np.asarray(row, dtype=object), s * q * f).tolist(),
            "outcome": [name for _, name in outcomes] * (n * s * q),
            "variable": [name for name in slopes.names for _ in range(f)] * (n * s),
            "contrast": [KINDS[slopes.kind]] * (n * s * q * f),
        },
        {name: [one[name] for one in plan.labels for _ in range(f * q)] * n for name in plan.at},
        inference_columns(fit, values, errors, confidence=confidence),
    )
