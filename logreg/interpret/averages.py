"""Adjusted predictions: of every row, or averaged over rows that are as observed or set to given values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.interpret.estimands import (
    Estimates,
    estimates_of_margins,
    inference_columns,
    result_table,
    std_errors_of_rows,
)
from logreg.interpret.grids import Plan, plan_of
from logreg.interpret.margins import margin_spread, margin_sums, settings_of_piece
from logreg.interpret.population import Access, FloatArray, Piece, Setting, map_settings
from logreg.interpret.row_functions import RowFunction, Scale, check_scale, outcomes_on, row_function

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Margins", "check_unconditional", "margins_of", "prediction_table"]

#: The scale on which intervals of predictions are symmetric, so that they stay where predictions can be.
INTERVAL_OF = {"probability": "logit", "odds": "log", "logit": "identity"}


def prediction_table(
    fit: LogisticEstimate,
    access: Access,
    *,
    data: Any = None,
    at: Any = None,
    by: Any = None,
    average: bool = True,
    scale: str = "probability",
    others: str = "observed",
    weights: str | None = None,
    unconditional: bool = False,
    confidence: float | None = None,
) -> pd.DataFrame:
    """Return predictions with delta-method errors, averaged over rows or row by row.

    Parameters
    ----------
    fit : LogisticEstimate
    access : Access
        Rows and distributions, bound by ``fit.predictions``.
    data : table, optional
        Rows to average over instead of those of the fit; each counts once unless ``weights`` names a column.
        Rows with a missing value are left out of averages.
    at : "mean" or mapping, optional
        ``{"age": [20, 30], "smoke": ["no", "yes"]}`` sets every row to each combination in turn and
        averages: standardisation (g-computation), Stata's ``margins, at()``. Numbers may be the words "mean",
        "median", "min", "max". "mean" is one row at typical values: numbers at their mean, factors, labels
        and 0/1 numbers at the most frequent value (`logreg.interpret.effects.typical_values`; Stata's
        ``atmeans`` puts factors at their proportions instead).
    by : str or list of str, optional
        Columns of the data; averages within each combination of their values.
    average : bool
        False: one line per row, setting and outcome.
    scale : "probability", "logit" or "odds"
        What is averaged. Odds are against the baseline.
    others : "observed" or "typical"
        Variables that ``at`` does not name: as they are in each row, or at typical values in a single row.
    unconditional : bool
        Add the sampling variance of the covariates: (1) of `logreg.interpret.estimands`.
    confidence : float, optional
        The fit's own level if not given.

    Returns
    -------
    DataFrame
        ``[row,] outcome, <by and at columns>, estimate, std_error, statistic, p_value, conf_low, conf_high``.
        All outcomes on the probability scale, for two outcomes the event. ``std_error`` is the delta method's
        on the scale shown. Intervals are symmetric for the logit of the (average) probability, and for the
        logarithm of odds, and mapped back: they never leave (0, 1). ``statistic`` and ``p_value`` test that
        the probability is one half, that odds are 1, that a logit is 0. Averages weigh rows by the weights of
        the fit, and grouped rows by their trials.

    Raises
    ------
    SupportError
        For unknown names and values, and for combinations without a meaning.

    Notes
    -----
    Under separation predictions go to their limits (probability 0 or 1). A row with an infinite logit has no
    standard error; an average has that of the other rows, and none if there are no others.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> fit.predictions(at={"smoke": ["no", "yes"]})[["smoke", "estimate", "std_error"]].round(4)
      smoke  estimate  std_error
    0    no    0.2537     0.0404
    1   yes    0.4022     0.0565
    """
    shown = check_scale(scale)
    plan = plan_of(
        fit,
        access,
        "predictions",
        data=data,
        at=at,
        by=by,
        others=others,
        weights=weights,
        average=average,
    )
    if not average:
        check_rowwise(unconditional, weights)
        return _of_rows(fit, plan, shown, confidence)
    margins = margins_of(fit, plan, plan.settings, shown, unconditional=unconditional)
    lines, own, positions = margins.lines(plan)
    found = margins.estimates.take(positions)
    numbers = inference_columns(
        fit,
        found.values,
        found.std_errors(fit),
        interval=INTERVAL_OF[shown],
        complements=found.complements,
        confidence=confidence,
    )
    return result_table(lines, own, numbers)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Margins:
    """Averages of g groups, s settings and f outcomes, with the groups and outcomes that are shown."""

    estimates: Estimates
    shape: tuple[int, int, int]
    groups: tuple[int, ...]
    outcomes: tuple[tuple[int, str], ...]

    def position(self, group: int, setting: int, outcome: int) -> int:
        """Return where an average stands among the estimates."""
        return int(np.ravel_multi_index((group, setting, outcome), self.shape))

    def lines(self, plan: Plan) -> tuple[dict[str, list[Any]], dict[str, list[Any]], list[int]]:
        """Return outcome labels, ``by`` and ``at`` columns and positions: groups, settings, outcomes."""
        outcome: list[Any] = []
        own: dict[str, list[Any]] = {name: [] for name in (*plan.grouping.columns, *plan.at)}
        positions = []
        for group in self.groups:
            within = plan.grouping.combination(group)
            for setting, values in enumerate(plan.labels):
                for k, name in self.outcomes:
                    outcome.append(name)
                    for column, value in {**within, **values}.items():
                        own[column].append(value)
                    positions.append(self.position(group, setting, k))
        return {"outcome": outcome}, own, positions


def margins_of(
    fit: LogisticEstimate,
    plan: Plan,
    settings: Sequence[Setting],
    scale: Scale,
    *,
    unconditional: bool = False,
    encode_all: bool = False,
) -> Margins:
    """Return the averages under all settings, with their joint derivatives."""
    function = row_function(scale, len(fit.spec.outcome.names))
    estimates, weight = averages_of(
        fit, plan, settings, function, unconditional=unconditional, encode_all=encode_all
    )
    return Margins(
        estimates=estimates,
        shape=(plan.grouping.n_cells, len(settings), len(function.unfold)),
        groups=tuple(int(k) for k in np.flatnonzero(weight > 0.0)),
        outcomes=outcomes_shown(fit, scale),
    )


def averages_of(
    fit: LogisticEstimate,
    plan: Plan,
    settings: Sequence[Setting],
    function: RowFunction,
    *,
    unconditional: bool = False,
    encode_all: bool = False,
) -> tuple[Estimates, FloatArray]:
    """Return the averages of a function of the logits, and the weight (g,) of each group."""
    check_unconditional(fit, unconditional)
    sums = margin_sums(fit, plan.population, settings, plan.grouping, function, encode_all=encode_all)
    spread = None
    if unconditional:
        spread = margin_spread(fit, plan.population, settings, plan.grouping, function, sums)
    return estimates_of_margins(sums, function, spread), sums.weight


def outcomes_shown(fit: LogisticEstimate, scale: Scale) -> tuple[tuple[int, str], ...]:
    """Return (position, name) of the outcomes with a line: of two probabilities the event's."""
    names = tuple(enumerate(outcomes_on(fit, scale)))
    return names[1:] if fit.is_binary and scale == "probability" else names


def check_unconditional(fit: LogisticEstimate, unconditional: object) -> None:
    """Refuse the variance of the covariates where rows are not independent.

    Raises
    ------
    SupportError
        For covariances of clusters and the like.
    """
    if not isinstance(unconditional, bool):
        raise SupportError(f"unconditional={unconditional!r} is not True or False.")
    kind = str(fit.options.covariance)
    if unconditional and not (kind == "model" or kind.startswith("HC")):
        raise SupportError(
            f"unconditional=True takes rows as independent, which covariance={kind!r} does not. Use it with "
            "'model' or one of the HC covariances."
        )


def check_rowwise(unconditional: bool, weights: object) -> None:
    """Refuse arguments that only averages have.

    Raises
    ------
    SupportError
        For ``unconditional`` and ``weights``.
    """
    if unconditional or weights is not None:
        name = "unconditional=True" if unconditional else "weights="
        raise SupportError(f"{name} is about averages; with average=False every row stands for itself.")


# Row by row -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowSetting:
    """The n rows of a piece under one setting: values (f, n) and gradients (f, m, n) in the logits."""

    values: FloatArray
    gradient: FloatArray
    infinite: NDArray[np.bool_] | None
    columns: Callable[[], FloatArray]


def rows_under(
    fit: LogisticEstimate, piece: Piece, maps: Sequence[Any], function: RowFunction
) -> list[RowSetting]:
    """Return a piece under every setting; ``columns()`` gives its design (p, n) less the fit's centre."""
    f, m = function.unfold.shape[:2]
    found: dict[int, RowSetting] = {}
    for batch in settings_of_piece(fit, piece, maps, f * (m + 2)):
        values, products = function(batch.logits)
        gradient = function.gradient(products)
        for k, position in enumerate(batch.positions):

            def columns(design: Any = batch.design, one: Any = maps[position]) -> FloatArray:
                shift = one.constant + (one.keep - 1.0) * fit.logit_centre
                x: FloatArray = design.to_array() - fit.logit_centre[:, np.newaxis]
                x *= one.keep[:, np.newaxis]
                x += shift[:, np.newaxis]
                return x

            found[position] = RowSetting(
                values=values[k],
                gradient=gradient[k],
                infinite=None if batch.infinite is None else batch.infinite[k],
                columns=columns,
            )
    return [found[k] for k in range(len(maps))]


def _of_rows(fit: LogisticEstimate, plan: Plan, scale: Scale, confidence: float | None) -> pd.DataFrame:
    function = row_function(scale, len(fit.spec.outcome.names))
    maps = map_settings(fit.spec, plan.population, plan.settings)
    outcomes = outcomes_shown(fit, scale)
    kept = [k for k, _ in outcomes]

    def of_piece(piece: Piece) -> tuple[NDArray[np.intp], FloatArray]:
        parts = []
        for one in rows_under(fit, piece, maps, function):
            error = std_errors_of_rows(fit, [(one.gradient[kept], one.columns())], one.infinite)
            total = one.values.sum(axis=0) if scale == "probability" else None
            rest = [np.delete(one.values, k, axis=0).sum(axis=0) for k in kept] if total is not None else kept
            complements = np.stack(rest) if total is not None else np.zeros_like(error)
            parts.append(np.stack([one.values[kept], error, complements]))
        return piece.positions, np.stack(parts, axis=1)

    numbers, row = rowwise_numbers(plan, plan.population.each(of_piece))
    values, errors, complements = numbers
    s, f = len(maps), len(kept)
    columns = inference_columns(
        fit,
        values,
        errors,
        interval=INTERVAL_OF[scale],
        complements=complements,
        confidence=confidence,
    )
    n = len(row)
    own = {name: [label[name] for label in plan.labels for _ in range(f)] * n for name in plan.at}
    lines = {
        "row": np.repeat(np.asarray(row, dtype=object), s * f).tolist(),
        "outcome": [name for _, name in outcomes] * (n * s),
    }
    return result_table(lines, own, columns)


def rowwise_numbers(
    plan: Plan, found: Sequence[tuple[NDArray[np.intp], FloatArray]]
) -> tuple[FloatArray, Any]:
    """Put the numbers (k, s, f, n) of pieces in lines (k, n s f), rows first; give the rows' labels.

    Of new data every row has lines, incomplete ones with NaN; of the fit's rows those that it used.
    """
    positions = np.concatenate([places for places, _ in found])
    values = np.concatenate([part for _, part in found], axis=3)
    if not plan.population.training:
        n = plan.population.n_read()
        spread = np.full((*values.shape[:3], n), np.nan)
        spread[..., positions] = values
        values = spread
        labels = plan.population.labels(None)
    else:
        labels = plan.population.labels(positions)
    k = len(values)
    return np.moveaxis(values, 3, 1).reshape(k, -1), labels
