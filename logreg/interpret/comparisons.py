"""Comparisons of predictions: what changes when a variable of the data changes, everything else as it is.

The variable is changed in the data and encoded again, so that interactions, polynomials and splines move with
it. Averages come first and are compared then: a risk ratio is the ratio of average probabilities, not the
average of ratios (standardisation, g-computation).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.interpret.averages import (
    Margins,
    check_rowwise,
    margins_of,
    outcomes_shown,
    rows_under,
    rowwise_numbers,
)
from logreg.interpret.contrasts import CONTRASTS, Contrast, check_contrast
from logreg.interpret.estimands import (
    Estimates,
    inference_columns,
    reciprocal_columns,
    result_table,
    std_errors_of_rows,
)
from logreg.interpret.grids import Plan, plan_of
from logreg.interpret.population import Access, Change, FloatArray, Piece, Setting, map_settings
from logreg.interpret.row_functions import Scale, check_scale, row_function
from logreg.interpret.variations import Variation, asked_variables, variations_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["comparison_estimates", "comparison_table"]


def comparison_table(
    fit: LogisticEstimate,
    access: Access,
    *,
    variables: Any = None,
    contrast: str = "difference",
    at: Any = None,
    by: Any = None,
    average: bool = True,
    data: Any = None,
    scale: str = "probability",
    others: str = "observed",
    cross: bool = False,
    weights: str | None = None,
    unconditional: bool = False,
    confidence: float | None = None,
) -> pd.DataFrame:
    """Return comparisons of predictions with delta-method errors.

    Parameters
    ----------
    fit : LogisticEstimate
    access : Access
        Rows and distributions, bound by ``fit.comparisons``.
    variables : str, list of str or mapping, optional
        Columns of the data; all predictors that ``at`` leaves alone if not given. A mapping says how each
        moves. Numbers: a step (``{"age": 10}``, the default is 1 up from where each row is), ``(from, to)``,
        "sd" (from half a standard deviation below the mean to half above), "iqr" (first to third quartile) or
        "minmax". Levels: "reference" (each with the reference, the default), "pairwise", "sequential" or
        ``(from, to)``. Booleans and numbers that are 0 and 1 only go from 0 to 1.
    contrast : str
        "difference" (of probabilities: the risk difference), "ratio" (risk ratio), "odds_ratio" (marginal: of
        the odds of an outcome against all others), "log_ratio", "log_odds_ratio", "lift" (ratio less 1) or
        "number_needed" (1 / difference).
    at, by, average, data, others, weights, unconditional, confidence
        As for `logreg.interpret.averages.prediction_table`. With ``average=False`` comparisons are of each
        row.
    scale : "probability", "logit" or "odds"
        Which predictions are averaged and compared.
    cross : bool
        With two variables: the difference of differences, how much the comparison of the first changes with
        the second (Norton, Wang and Ai 2004, *Stata Journal* 4:154).

    Returns
    -------
    DataFrame
        ``[row,] outcome, <by and at columns>, variable, contrast, estimate, std_error, statistic, p_value,
        conf_low, conf_high``. Intervals of ratios and lifts are symmetric for the logarithm of the ratio and
        the test is of a ratio of 1; those of differences are symmetric. "number_needed" inverts the ends of
        the interval of the difference, whose statistic and p-value it shows: if that includes 0, the region
        is below ``conf_low < 0`` and above ``conf_high > 0``.

    Raises
    ------
    SupportError
        For unknown names, and combinations without a meaning.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> found = fit.comparisons({"smoke": None, "age": 10})
    >>> found[["variable", "contrast", "estimate", "conf_low", "conf_high"]].round(3)
      variable  contrast  estimate  conf_low  conf_high
    0    smoke  yes - no     0.148     0.012      0.285
    1      age       +10    -0.093    -0.195      0.009
    """
    shown = check_scale(scale)
    kind = check_contrast(contrast, shown)
    if not isinstance(cross, bool):
        raise SupportError(f"cross={cross!r} is not True or False.")
    plan = plan_of(
        fit, access, "comparisons", data=data, at=at, by=by, others=others, weights=weights, average=average
    )
    lines = _lines(fit, access, plan, variables, contrast, cross=cross)
    if not average:
        check_rowwise(unconditional, weights)
        return _of_rows(fit, plan, lines, shown, contrast, confidence)
    labels, own, estimates = compared_averages(fit, plan, lines, kind, shown, unconditional=unconditional)
    return result_table(labels, own, _numbers(fit, estimates, contrast, confidence))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One comparison: changes on top of an ``at`` setting with their signs, high before low."""

    variable: str
    contrast: str
    ends: tuple[tuple[float, tuple[tuple[str, Change], ...]], ...]


def comparison_estimates(
    fit: LogisticEstimate,
    access: Access,
    *,
    variables: Any = None,
    contrast: str = "difference",
    at: Any = None,
    by: Any = None,
    encode_all: bool = False,
) -> tuple[dict[str, list[Any]], Estimates]:
    """Return average comparisons on the probability scale with their derivatives, and their labels."""
    plan = plan_of(
        fit, access, "comparisons", data=None, at=at, by=by, others="observed", weights=None, average=True
    )
    lines = _lines(fit, access, plan, variables, contrast, cross=False)
    kind = check_contrast(contrast, "probability")
    labels, own, estimates = compared_averages(fit, plan, lines, kind, "probability", encode_all=encode_all)
    return {**labels, **own}, estimates


def _lines(
    fit: LogisticEstimate, access: Access, plan: Plan, variables: Any, contrast: str, *, cross: bool
) -> list[Line]:
    asked = asked_variables(fit, variables, leave_out=plan.at)
    fixed = [name for name in asked if name in plan.at]
    if fixed:
        raise SupportError(f"{fixed[0]!r} is compared and cannot be set by at= too: leave it out of one.")
    variations = variations_of(fit, access, plan.population, asked)
    if not cross:
        return [_line(one, contrast) for one in variations]
    if len(asked) != 2 or contrast != "difference":
        raise SupportError("cross=True is the difference of differences of two variables: name two of them.")
    first, second = asked
    return [
        _crossed(a, b)
        for a, b in product(variations, variations)
        if a.variable == first and b.variable == second
    ]


def _line(one: Variation, contrast: str) -> Line:
    label = one.label(CONTRASTS[contrast].join)
    plain = contrast == "difference" or (contrast == "ratio" and len(one.ends) == 2)
    ends = ((1.0, tuple(one.after())), (-1.0, tuple(one.before())))
    return Line(variable=one.variable, contrast=label if plain else f"{contrast}({label})", ends=ends)


def _crossed(a: Variation, b: Variation) -> Line:
    ends = (
        (1.0, (*a.after(), *b.after())),
        (-1.0, (*a.before(), *b.after())),
        (-1.0, (*a.after(), *b.before())),
        (1.0, (*a.before(), *b.before())),
    )
    label = f"({a.label(' - ')}) x ({b.label(' - ')})"
    return Line(variable=f"{a.variable}:{b.variable}", contrast=label, ends=ends)


class _Settings:
    """Distinct settings in order of appearance."""

    def __init__(self) -> None:
        self.place: dict[Setting, int] = {}

    def of(self, base: Setting, changes: Sequence[tuple[str, Change]]) -> int:
        """Return the position of a setting with further changes."""
        return self.place.setdefault(base.with_changes(changes), len(self.place))


def compared_averages(
    fit: LogisticEstimate,
    plan: Plan,
    lines: Sequence[Line],
    kind: Contrast,
    scale: Scale,
    *,
    unconditional: bool = False,
    encode_all: bool = False,
) -> tuple[dict[str, list[Any]], dict[str, list[Any]], Estimates]:
    """Return labels, ``by`` and ``at`` columns, and the comparisons: groups, settings, lines, outcomes."""
    settings = _Settings()
    # Per at-setting and line: (sign, setting) of every end.
    ends = [
        [[(sign, settings.of(base, changes)) for sign, changes in line.ends] for line in lines]
        for base in plan.settings
    ]
    margins = margins_of(
        fit, plan, tuple(settings.place), scale, unconditional=unconditional, encode_all=encode_all
    )
    labels: dict[str, list[Any]] = {"outcome": [], "variable": [], "contrast": []}
    own: dict[str, list[Any]] = {name: [] for name in (*plan.grouping.columns, *plan.at)}
    positions: list[list[int]] = []
    signs: list[list[float]] = []
    for group in margins.groups:
        within = plan.grouping.combination(group)
        for values, of_lines in zip(plan.labels, ends, strict=True):
            for line, found in zip(lines, of_lines, strict=True):
                for k, name in margins.outcomes:
                    labels["outcome"].append(name)
                    labels["variable"].append(line.variable)
                    labels["contrast"].append(line.contrast)
                    for column, value in {**within, **values}.items():
                        own[column].append(value)
                    positions.append([margins.position(group, setting, k) for _, setting in found])
                    signs.append([sign for sign, _ in found])
    return labels, own, _compare(margins, np.array(positions), np.array(signs), kind)


def _compare(margins: Margins, positions: NDArray[np.intp], signs: FloatArray, kind: Contrast) -> Estimates:
    found = margins.estimates
    if positions.shape[1] == 4:
        values = (signs * found.values[positions]).sum(axis=1)
        return found.derived(values, [(positions[:, k], signs[:, k]) for k in range(4)])
    high, low = positions.T
    complements = np.zeros_like(found.values) if found.complements is None else found.complements
    with np.errstate(divide="ignore", invalid="ignore"):
        value, up, down = kind.compare(
            found.values[high], found.values[low], complements[high], complements[low]
        )
    return found.derived(value, [(high, up), (low, down)])


def _numbers(
    fit: LogisticEstimate, found: Estimates, contrast: str, confidence: float | None
) -> dict[str, FloatArray]:
    return _columns(fit, found.values, found.std_errors(fit), contrast, confidence)


def _columns(
    fit: LogisticEstimate,
    values: FloatArray,
    errors: FloatArray,
    contrast: str,
    confidence: float | None,
) -> dict[str, FloatArray]:
    interval = CONTRASTS[contrast].interval
    if interval == "reciprocal":
        return reciprocal_columns(fit, values, errors, confidence=confidence)
    return inference_columns(fit, values, errors, interval=interval, confidence=confidence)


def _of_rows(
    fit: LogisticEstimate,
    plan: Plan,
    lines: Sequence[Line],
    scale: Scale,
    contrast: str,
    confidence: float | None,
) -> pd.DataFrame:
    function = row_function(scale, len(fit.spec.outcome.names))
    settings = _Settings()
    ends = [
        [(sign, settings.of(base, changes)) for sign, changes in line.ends]
        for base in plan.settings
        for line in lines
    ]
    maps = map_settings(fit.spec, plan.population, tuple(settings.place))
    outcomes = outcomes_shown(fit, scale)
    kept = [k for k, _ in outcomes]
    kind = CONTRASTS[contrast]

    def of_piece(piece: Piece) -> tuple[NDArray[np.intp], FloatArray]:
        rows = rows_under(fit, piece, maps, function)
        result = []
        for found in ends:
            used = [rows[setting] for _, setting in found]
            slopes = [np.full((len(kept), piece.n_rows), sign) for sign, _ in found]
            values = np.sum([s * one.values[kept] for s, one in zip(slopes, used, strict=True)], axis=0)
            if len(found) == 2:
                high, low = used
                rest = [
                    np.stack([np.delete(one.values, k, axis=0).sum(axis=0) for k in kept])
                    if scale == "probability"
                    else one.values
                    for one in used
                ]
                with np.errstate(divide="ignore", invalid="ignore"):
                    values, up, down = kind.compare(high.values[kept], low.values[kept], *rest)
                slopes = [up, down]
            parts = [
                (slope[:, np.newaxis] * one.gradient[kept], one.columns())
                for slope, one in zip(slopes, used, strict=True)
            ]
            infinite = None
            if used[0].infinite is not None:
                infinite = np.any([one.infinite for one in used if one.infinite is not None], axis=0)
            result.append(np.stack([values, std_errors_of_rows(fit, parts, infinite)]))
        return piece.positions, np.stack(result, axis=1)

    (values, errors), row = rowwise_numbers(plan, plan.population.each(of_piece))
    n, f, n_lines = len(row), len(kept), len(lines)
    labels = [(label, line) for label in plan.labels for line in lines]
    return result_table(
        {
            "row": np.repeat(np.asarray(row, dtype=object), len(ends) * f).tolist(),
            "outcome": [name for _, name in outcomes] * (n * len(ends)),
            "variable": [line.variable for _, line in labels for _ in range(f)] * n,
            "contrast": [line.contrast for _, line in labels for _ in range(f)] * n,
        },
        {name: [one[name] for one in plan.labels for _ in range(f * n_lines)] * n for name in plan.at},
        _columns(fit, values, errors, contrast, confidence),
    )
