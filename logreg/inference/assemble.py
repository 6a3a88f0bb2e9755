"""From the optimum to the estimate: labels, ledger, certificate and the remarks they call for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from logreg.design.learning import Learned
from logreg.design.spec import DesignSpec
from logreg.engine.types import Optimum
from logreg.inference.estimate import (
    Convergence,
    FitOptions,
    LogisticEstimate,
    Remark,
    RowSums,
    Sample,
)

__all__ = ["assemble"]

FloatArray = NDArray[np.float64]


def assemble(
    *,
    learned: Learned,
    optimum: Optimum,
    vcov: FloatArray,
    loglik_null: float,
    row_sums: tuple[FloatArray, FloatArray],
    weight_scale: float,
    options: FitOptions,
    provenance: Mapping[str, str],
    remarks: Sequence[Remark],
) -> LogisticEstimate:
    """Return the estimate of a fit, with a remark for everything a reader must know before trusting it.

    Parameters
    ----------
    learned : Learned
        Design and tally of the summary pass.
    optimum : Optimum
        Where the ascent ended.
    vcov : (m p, m p) array
        Covariance of the coefficients as asked for.
    loglik_null : float
        Of the intercepts alone, with the engine's weights.
    row_sums : pair of arrays
        From `logreg.passes.probability_sums`.
    weight_scale : float
        What the engine multiplied the user's weights by.
    options : FitOptions
        As parsed.
    provenance : mapping
        Where the rows came from.
    remarks : sequence of Remark
        From the data.
    """
    spec, tally = learned.spec, learned.tally
    # Sampling weights keep the user's unit in the (pseudo-)likelihood; precision weights are rescaled for good.
    unscaled = 1.0 if spec.weight_kind == "precision" else 1.0 / weight_scale
    levels = spec.outcome.levels
    weight = tuple(float(sum(tally.outcome.counts[level].values())) for level in levels)
    rows = tuple(float(tally.rows_by_outcome[level]) for level in levels)
    sum_weights = sum(weight)
    aliases = tuple(
        (
            spec.column_names[alias.column],
            tuple((spec.column_names[k], share) for k, share in alias.combination),
        )
        for alias in optimum.aliases
    )
    probability, others = row_sums
    kept = unscaled if spec.weight_kind != "precision" else 1.0 / weight_scale
    return LogisticEstimate(
        spec=spec,
        coef_array=_frozen(optimum.coef),
        vcov_array=_frozen(vcov),
        loglik=optimum.loglik * unscaled,
        loglik_null=loglik_null * unscaled,
        n_rows=tally.n_used,
        sum_weights=sum_weights,
        n_trials=sum_weights if spec.weight_kind == "frequency" else sum(rows),
        options=options,
        sample=Sample(
            rows_read=tally.n_read,
            rows_used=tally.n_used,
            dropped=tuple(tally.dropped.items()),
            outcomes=spec.outcome.names,
            rows=rows,
            weight=weight,
        ),
        convergence=_convergence(optimum),
        row_sums=RowSums(
            probability=tuple(tuple(float(x) * kept for x in row) for row in probability),
            squared_error=float(others[0]) * kept,
            logit=float(others[1]) * kept,
            logit_squared=float(others[2]) * kept,
        ),
        aliases=aliases,
        # Frequencies are copies of a row: they count, as the copies would.
        remarks=(
            *remarks,
            *_fit_remarks(spec, optimum, aliases, weight if spec.weight_kind == "frequency" else rows, options),
        ),
        provenance=dict(provenance),
    )


def _frozen(array: FloatArray) -> FloatArray:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def _convergence(optimum: Optimum) -> Convergence:
    trace = tuple(
        (row.stage, row.kind, row.loglik, row.newton_decrement, row.max_abs_score, row.step_halvings)
        for row in optimum.trace
    )
    return Convergence(
        status=optimum.status,
        iterations=_iterations(optimum),
        passes=optimum.passes,
        newton_decrement=optimum.newton_decrement,
        max_abs_score=optimum.max_abs_score,
        condition_number=optimum.condition_number,
        trace=trace,
    )


def _iterations(optimum: Optimum) -> int:
    """Count the steps on all rows: every evaluation but the last led to one."""
    return max(sum(row.stage == "full" for row in optimum.trace) - 1, 0)


def _fit_remarks(
    spec: DesignSpec,
    optimum: Optimum,
    aliases: Sequence[tuple[str, Sequence[tuple[str, float]]]],
    rows: Sequence[float],
    options: FitOptions,
) -> list[Remark]:
    remarks = []
    if aliases:
        shown = "; ".join(f"{name!r} = {_combination(parts)}" for name, parts in aliases)
        remarks.append(
            Remark(
                kind="CollinearityWarning",
                text=f"{len(aliases)} columns are combinations of others and were left out: {shown}. Their coefficients "
                "are not estimated (NaN); the fit and its predictions are those of the remaining columns.",
            )
        )
    single = [factor for factor in spec.categorical() if len(factor.levels) == 1]
    for factor in single:
        remarks.append(
            Remark(
                kind="CollinearityWarning",
                text=f"column {factor.variable!r} has one level only, {factor.levels[0]!r}, in the rows used, and adds "
                "nothing to the model. Leave it out of the formula.",
            )
        )
    if optimum.status in ("max_iterations", "no_ascent"):
        remarks.append(
            Remark(
                kind="ConvergenceWarning",
                text=f"not converged after {_iterations(optimum)} iterations "
                f"(max_iterations={options.max_iterations}): half the squared Newton decrement is "
                f"{optimum.newton_decrement:.1e}, and estimates and errors are not those of the optimum. Raise "
                "max_iterations=, or look for separation and badly scaled columns.",
            )
        )
    slopes = sum(1 for column in spec.columns if column.name != "Intercept")
    smallest = min(range(len(rows)), key=lambda k: rows[k])
    if rows[smallest] < slopes:
        remarks.append(
            Remark(
                kind="SmallClassWarning",
                text=f"outcome level {spec.outcome.names[smallest]!r} of {spec.outcome.label!r} has {rows[smallest]:g} rows "
                f"for {slopes} coefficients per logit: estimates are biased away from 0 and intervals too short. Use fewer "
                "terms, or merge levels.",
            )
        )
    return remarks


def _combination(parts: Sequence[tuple[str, float]]) -> str:
    if not parts:
        return "0"
    text = ""
    for name, share in parts:
        size = f"{abs(share):.6g} " if abs(abs(share) - 1.0) > 1e-6 else ""
        sign = " - " if share < 0 else " + "
        text += f"{sign}{size}{name}"
    return text.removeprefix(" + ").replace(" - ", "-", 1) if text.startswith(" - ") else text.removeprefix(" + ")
