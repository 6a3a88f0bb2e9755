"""The same fit against another baseline: a change of coordinates, not a new estimate."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from logreg.design.spec import DesignSpec, LevelCount
from logreg.inference.estimate import LogisticEstimate, Sample, Separation, nested
from logreg.interpret.predictions import contrast_of_outcomes

__all__ = ["with_baseline"]

FloatArray = NDArray[np.float64]


def with_baseline(fit: LogisticEstimate, versus: object) -> LogisticEstimate:
    """Return the estimate with logits against another outcome, as if it had been fitted so.

    New logits are ``b_j - b_v`` with covariance ``V_jk - V_jv - V_vk + V_vv`` (b of the old baseline is 0).
    The log-likelihood and all that follows from it stay. Offsets per outcome are not carried over: predict
    with the fit itself.

    Parameters
    ----------
    fit : LogisticEstimate
        m equations.
    versus : level or None
        The outcome to compare with; None returns the fit as it is.

    Raises
    ------
    PredictError
        If ``versus`` is not a level of the outcome.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("partic ~ hincome", logreg.datasets.load("womenlf"))
    >>> with_baseline(fit, "fulltime").spec.outcome.names
    ('fulltime', 'not.work', 'parttime')
    """
    if versus is None:
        return fit
    others, name, contrast = contrast_of_outcomes(fit, versus)
    names = fit.spec.outcome.names
    if name == names[0]:
        return fit
    order = [names.index(name), *(names.index(other) for other in others)]
    m, p = fit.coef_array.shape
    lost = np.isnan(_differences(fit.std_error_array, order)).ravel()

    def moved(vcov: FloatArray) -> FloatArray:
        # Sums of products would turn infinite estimates into NaN (0 * inf): only what has a share is added.
        blocks = np.nan_to_num(vcov.reshape(m, p, m, p))
        result: FloatArray = np.einsum("kj,jplq,nl->kpnq", contrast, blocks, contrast)
        result = result.reshape(m * p, m * p)
        result[lost, :] = result[:, lost] = np.nan
        return result

    values = {field.name: getattr(fit, field.name) for field in fields(LogisticEstimate)}
    values |= {
        "spec": _reordered_spec(fit.spec, order),
        "coef_array": _coefficients(fit, order),
        "vcov_array": moved(fit.vcov_array),
        "centred": fit.centred and replace(fit.centred, vcov=moved(fit.centred.vcov)),
        "limit_coef": _differences(fit.limit_coef, order),
        "separation": _reordered_separation(fit, order),
        "sample": _reordered_sample(fit.sample, order),
    }
    return LogisticEstimate(**values)


def _coefficients(fit: LogisticEstimate, order: list[int]) -> FloatArray:
    """Return the coefficients; where infinity meets infinity, the direction of the ascent decides."""
    if fit.separation.direction is None:
        return _differences(fit.coef_array, order)
    direction = _differences(np.asarray(fit.separation.direction), order)
    found = _differences(fit.limit_coef, order)
    found[:, np.isnan(fit.coef_array).all(axis=0)] = np.nan
    return np.where(direction != 0.0, np.copysign(np.inf, direction), found)


def _differences(rows: FloatArray, order: list[int]) -> FloatArray:
    """Return ``b_j - b_v`` for each outcome j of the new order but the first, which is v."""
    full = np.vstack([np.zeros(rows.shape[1]), rows])
    with np.errstate(invalid="ignore"):
        result: FloatArray = full[order[1:]] - full[order[0]]
    # A column that was left out of all equations has no value for the old baseline either.
    result[:, np.isnan(rows).all(axis=0)] = np.nan
    return result


def _reordered_separation(fit: LogisticEstimate, order: list[int]) -> Separation:
    """Return the verdict with the direction seen from the new baseline."""
    found = fit.separation
    if found.direction is None:
        return found
    direction = _differences(np.asarray(found.direction), order)
    names = fit.spec.outcome.names
    return replace(
        found,
        direction=nested(direction),
        undetermined=None
        if fit.undetermined is None
        else tuple(nested(_differences(one, order)) for one in fit.undetermined),
        infinite=tuple(
            (names[order[j + 1]], fit.spec.column_names[k], float(np.sign(direction[j, k])))
            for j, k in zip(*np.nonzero(direction), strict=True)
        ),
    )


def _reordered_spec(spec: DesignSpec, order: list[int]) -> DesignSpec:
    outcome = spec.outcome
    names = tuple(outcome.names[k] for k in order)
    return replace(
        spec,
        outcome=replace(
            outcome,
            levels=tuple(outcome.levels[k] for k in order),
            names=names,
            columns=tuple(outcome.columns[k] for k in order) if outcome.grouped else outcome.columns,
            rule=f"the baseline {names[0]} was named for this table",
        ),
        level_counts=tuple(
            (
                label,
                tuple(LevelCount(level=c.level, counts=tuple(c.counts[k] for k in order)) for c in counts),
            )
            for label, counts in spec.level_counts
        ),
    )


def _reordered_sample(sample: Sample, order: list[int]) -> Sample:
    return replace(
        sample,
        outcomes=tuple(sample.outcomes[k] for k in order),
        rows=tuple(sample.rows[k] for k in order),
        weight=tuple(sample.weight[k] for k in order),
    )
