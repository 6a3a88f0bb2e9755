"""From the optimum to the estimate: labels, ledger, certificate and the remarks they call for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from logreg.design.learning import Learned
from logreg.design.spec import DesignSpec
from logreg.engine.types import Optimum
from logreg.errors import DataError
from logreg.inference.collinearity import LARGEST_CONDITION, alias_remark, near_collinearity_remark
from logreg.inference.covariance import factor_of
from logreg.inference.estimate import (
    CentredCovariance,
    Convergence,
    FitOptions,
    LogisticEstimate,
    Remark,
    RowSums,
    Sample,
    Separation,
    nested,
)
from logreg.inference.sandwich import Sandwich
from logreg.inference.separation_words import NumberReach, joined, separation_remark

__all__ = ["assemble", "covariance_fields", "optimum_fields"]

#: A variance of a sandwich below this share of the model's is rounding: it is the sum of what cancels.
NO_VARIANCE = 1e-13

FloatArray = NDArray[np.float64]

#: Variances of coefficients outside lose digits to underflow, or overflow; standard errors then are 1e145 or
#: 1e-145.
SMALLEST_VARIANCE, LARGEST_VARIANCE = 1e-290, 1e290


def assemble(
    *,
    learned: Learned,
    optimum: Optimum,
    loglik_null: float,
    row_sums: tuple[FloatArray, FloatArray],
    weight_scale: float,
    options: FitOptions,
    provenance: Mapping[str, str],
    remarks: Sequence[Remark],
    sandwich: Sandwich | None = None,
    reach: NumberReach | None = None,
) -> LogisticEstimate:
    """Return the estimate of a fit, with a remark for everything a reader must know before trusting it.

    Parameters
    ----------
    learned : Learned
        Design and tally of the summary pass.
    optimum : Optimum
        Where the ascent ended, with the sandwich if the options ask for one.
    loglik_null : float
        Of the intercepts alone, with the engine's weights.
    row_sums : pair of arrays
        From `logreg.passes.sums.probability_sums`.
    weight_scale : float
        What the engine multiplied the user's weights by.
    options : FitOptions
        As parsed.
    provenance : mapping
        Where the rows came from.
    remarks : sequence of Remark
        From the data.
    sandwich : Sandwich, optional
        Whose meat the optimum was found with.
    reach : NumberReach, optional
        How far the numbers reach among the rows of each outcome, where the outcome is separated.
    """
    spec, tally = learned.spec, learned.tally
    _check_scale(spec, optimum)
    # Sampling weights keep the user's unit in the (pseudo-)likelihood; precision weights are rescaled for
    # good.
    unscaled = 1.0 if spec.weight_kind == "precision" else 1.0 / weight_scale
    levels = spec.outcome.levels
    weight = tuple(float(sum(tally.outcome.counts[level].values())) for level in levels)
    rows = tuple(float(tally.rows_by_outcome[level]) for level in levels)
    sum_weights = sum(weight)
    found = optimum_fields(spec, optimum)
    probability, others = row_sums
    n_trials = sum_weights if spec.weight_kind == "frequency" else sum(rows)
    covariance = covariance_fields(optimum, options.covariance, sandwich, spec=spec, n=n_trials)
    # Sums over rows go with the user's weights, whatever their kind.
    per_weight = 1.0 / weight_scale
    return LogisticEstimate(
        spec=spec,
        coef_array=found.coef_array,
        vcov_array=covariance.vcov_array,
        limit_coef=found.limit_coef,
        centred=covariance.centred,
        separation=found.separation,
        loglik=optimum.loglik * unscaled,
        loglik_null=loglik_null * unscaled,
        n_rows=tally.n_used,
        sum_weights=sum_weights,
        n_trials=n_trials,
        options=options,
        sample=Sample(
            rows_read=tally.n_read,
            rows_used=tally.n_used,
            dropped=tuple(tally.dropped.items()),
            outcomes=spec.outcome.names,
            rows=rows,
            weight=weight,
        ),
        convergence=found.convergence,
        row_sums=RowSums(
            probability=tuple(tuple(float(x) * per_weight for x in row) for row in probability),
            squared_error=float(others[0]) * per_weight,
            logit=float(others[1]) * per_weight,
            logit_squared=float(others[2]) * per_weight,
        ),
        aliases=found.aliases,
        # Frequencies are copies of a row: they count, as the copies would.
        remarks=(
            *remarks,
            *_fit_remarks(
                spec,
                optimum,
                found.aliases,
                weight if spec.weight_kind == "frequency" else rows,
                options,
                reach,
            ),
            *covariance.remarks,
        ),
        provenance=dict(provenance),
        reference_df=covariance.reference_df,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OptimumFields:
    """The fields of an estimate that the place of the optimum decides; see `LogisticEstimate`."""

    coef_array: FloatArray
    limit_coef: FloatArray
    separation: Separation
    convergence: Convergence
    aliases: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]


def optimum_fields(spec: DesignSpec, optimum: Optimum) -> OptimumFields:
    """Return the optimum of a design in the terms of its columns."""
    names = spec.column_names
    return OptimumFields(
        coef_array=_frozen(_with_infinities(optimum)),
        limit_coef=_frozen(np.where(np.isnan(optimum.coef), 0.0, optimum.coef)),
        separation=_separation(spec, optimum),
        convergence=_convergence(optimum),
        aliases=tuple(
            (names[alias.column], tuple((names[k], share) for k, share in alias.combination))
            for alias in optimum.aliases
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CovarianceFields:
    """The fields of an estimate that its covariance decides; see `LogisticEstimate`."""

    vcov_array: FloatArray
    centred: CentredCovariance | None
    reference_df: float
    remarks: tuple[Remark, ...]


def covariance_fields(
    optimum: Optimum, name: str, sandwich: Sandwich | None, *, spec: DesignSpec, n: float
) -> CovarianceFields:
    """Return what the covariance called ``name`` makes of an optimum that was found with its meat.

    ``n`` is the number of trials, or of rows where weights are not frequencies.

    Raises
    ------
    SupportError
        If a survey design has too few degrees of freedom for the model.
    """
    vcov, centred, reference_df, remark = optimum.vcov, optimum.centred_vcov, np.inf, ""
    if sandwich is not None:
        n_coef = len(optimum.coef) * (optimum.coef.shape[1] - len(optimum.aliases))
        factor = factor_of(name, n=n, n_coef=n_coef)
        # Where nothing could be estimated there is no sandwich either, and ``vcov`` is NaN throughout.
        vcov = vcov if optimum.robust is None else factor * optimum.robust
        centred = None if optimum.centred_robust is None else factor * optimum.centred_robust
        remark = sandwich.remark() or _without_variance(vcov, optimum.vcov, name, spec)
        if sandwich.reference_df is not None:
            reference_df = sandwich.reference_df(n_coef, len(optimum.coef))
    return CovarianceFields(
        vcov_array=_frozen(vcov),
        centred=None
        if optimum.centre is None or centred is None
        else CentredCovariance(centre=_frozen(optimum.centre), vcov=_frozen(centred)),
        reference_df=reference_df,
        remarks=(Remark(kind="DataWarning", text=remark),) if remark else (),
    )


def _without_variance(vcov: FloatArray, model: FloatArray, name: str, spec: DesignSpec) -> str:
    """Say of which coefficients a sandwich has no variance: their scores are 0 wherever it looks."""
    variances = np.diagonal(vcov)
    # Exactly 0 is no rounding: a census has no sampling error.
    lost = (variances != 0) & (variances <= NO_VARIANCE * np.diagonal(model))
    if not lost.any():
        return ""
    places = zip(*np.nonzero(lost.reshape(spec.n_equations, -1)), strict=True)
    names = [
        repr(spec.column_names[k]) + ("" if spec.outcome.is_binary else f" of {spec.outcome.modelled[j]!r}")
        for j, k in places
    ]
    return (
        f"the covariance {name!r} has a variance of 0 up to rounding for the coefficient of "
        f"{joined(names, ', ')}: its standard error, test and interval mean nothing. covariance='model' has "
        "a variance for it, where the kind of weights allows that."
    )


def _with_infinities(optimum: Optimum) -> FloatArray:
    if optimum.direction is None:
        return optimum.coef
    with np.errstate(invalid="ignore"):
        return np.where(optimum.direction != 0, np.copysign(np.inf, optimum.direction), optimum.coef)


def _separation(spec: DesignSpec, optimum: Optimum) -> Separation:
    direction = optimum.direction
    if direction is None:
        return Separation(verdict=optimum.separation, infinite=(), direction=None, rows=optimum.perfect_rows)
    return Separation(
        verdict=optimum.separation,
        infinite=tuple(
            (spec.outcome.modelled[j], spec.column_names[k], float(np.sign(direction[j, k])))
            for j, k in zip(*np.nonzero(direction), strict=True)
        ),
        direction=nested(direction),
        rows=optimum.perfect_rows,
        undetermined=None
        if optimum.undetermined is None
        else tuple(nested(one) for one in optimum.undetermined),
    )


def _frozen(array: FloatArray) -> FloatArray:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def _convergence(optimum: Optimum) -> Convergence:
    return Convergence(
        status=optimum.status,
        iterations=_iterations(optimum),
        passes=optimum.passes,
        newton_decrement=optimum.newton_decrement,
        max_abs_score=optimum.max_abs_score,
        condition_number=optimum.condition_number,
        # Plain tuples, as a saved model gives them back.
        trace=tuple((*row,) for row in optimum.trace),
    )


def _check_scale(spec: DesignSpec, optimum: Optimum) -> None:
    """Refuse columns whose coefficient has a variance that doubles cannot hold, though they hold the
    coefficient.

    Raises
    ------
    DataError
        Naming the column and what to do.
    """
    if optimum.status not in ("converged", "separated"):
        return
    variance = optimum.vcov.diagonal().reshape(optimum.coef.shape)
    fine = (variance > SMALLEST_VARIANCE) & (variance < LARGEST_VARIANCE)
    if fine.all():
        return
    lost = np.isfinite(optimum.coef) & ~fine & ~np.isnan(variance)
    if lost.any():
        column = spec.columns[int(np.argmax(lost.any(axis=0)))]
        raise DataError(
            f"column {column.variable!r} is on a scale so far from 1 that the variance of its coefficient is "
            "beyond the range "
            "of doubles. Rescale it: divide it by its standard deviation, or use another unit."
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
    reach: NumberReach | None,
) -> list[Remark]:
    remarks = []
    if aliases:
        remarks.append(alias_remark(aliases))
    single = [factor for factor in spec.categorical() if len(factor.levels) == 1]
    for factor in single:
        remarks.append(
            Remark(
                kind="CollinearityWarning",
                text=f"column {factor.variable!r} has one level only, {factor.levels[0]!r}, in the rows "
                "used, and adds nothing to the model. Leave it out of the formula.",
            )
        )
    if optimum.status == "converged" and optimum.condition_number > LARGEST_CONDITION:
        centred = optimum.vcov if optimum.centred_vcov is None else optimum.centred_vcov
        near = near_collinearity_remark(
            centred, spec.column_names, n_equations=spec.n_equations, intercept=spec.intercept
        )
        remarks.extend([near] if near else [])
    if optimum.status in ("max_iterations", "no_ascent"):
        remarks.append(
            Remark(
                kind="ConvergenceWarning",
                text=f"not converged after {_counted(_iterations(optimum))} "
                f"(max_iterations={options.max_iterations}): half the squared Newton decrement is "
                f"{optimum.newton_decrement:.1e}, and estimates and errors are not those of the optimum. "
                "Raise max_iterations=, or look for separation and badly scaled columns.",
            )
        )
    if optimum.direction is not None:
        remarks.append(separation_remark(spec, optimum, reach))
    elif optimum.separation == "not checked" and options.estimator == "ml":
        remarks.append(
            Remark(
                kind="SeparationWarning",
                text="not checked for separation: the problem is too large for the linear programme, and "
                "some logits are extreme. "
                "Very large estimates with very large errors may stand for infinite ones.",
            )
        )
    if options.estimator == "median" and optimum.separation == "complete":
        remarks.append(
            Remark(
                kind="SeparationWarning",
                text=f"complete separation of {spec.outcome.label!r}: the equations of median bias reduction "
                "can have several solutions then, and this is one reached from Firth's estimate. Use "
                "estimator='firth'.",
            )
        )
    slopes = sum(1 for column in spec.columns if column.name != "Intercept")
    smallest = min(range(len(rows)), key=lambda k: rows[k])
    # Few events are what bias reduction is for.
    if rows[smallest] < slopes and options.estimator == "ml":
        remarks.append(
            Remark(
                kind="SmallClassWarning",
                text=f"outcome level {spec.outcome.names[smallest]!r} of {spec.outcome.label!r} has "
                f"{rows[smallest]:g} rows for {slopes} coefficients per logit: estimates are biased away "
                "from 0 and intervals too short. Use fewer terms, or merge levels.",
            )
        )
    return remarks


def _counted(iterations: int) -> str:
    return "1 iteration" if iterations == 1 else f"{iterations} iterations"
