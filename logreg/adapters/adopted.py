"""Estimates of other packages as a `LogisticFit`: their numbers, with a certificate of our own.

The same model is fitted to the same rows; the ascent says whether the optimum exists and how far from it the
other package stopped. Coefficients and covariance are then those of the other package.
"""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from logreg import errors
from logreg.api import fit as fit_formula
from logreg.engine.newton import factorise
from logreg.engine.types import DesignBlock, FloatArray, LikelihoodSum
from logreg.errors import LogregWarning, SupportError
from logreg.fitted import LogisticFit
from logreg.inference.estimate import FITTED_BY, CentredCovariance, Remark, RowSums
from logreg.passes.encode import TrainingRows
from logreg.passes.sums import probability_sums
from logreg.passes.training import working_rows

__all__ = ["Theirs", "adopt", "closest", "columns_of", "quiet_fit", "row_sums_of", "warn_of"]

#: Half the squared Newton decrement below which coefficients count as the optimum: they then lie within
#: 1.5e-3 standard errors of it, and the log-likelihood within 1e-6. Default tolerances elsewhere reach that.
AT_THE_OPTIMUM = 1e-6
#: Covariances that agree to this share of their standard errors are the same matrix. Other packages stop
#: their ascent early, differentiate numerically, or invert near-singular matrices with fewer digits.
SAME_COVARIANCE = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Theirs:
    """What another package estimated, in the order of our design's columns.

    ``coef`` (m, p) are log-odds against the baseline; ``vcov`` (m p, m p) their covariance, None where it has
    none of its own and the inverse information stands for it; ``covariance`` names it; ``reference_df`` are
    the degrees of freedom of its t tests, infinite for the normal.
    """

    package: str
    coef: FloatArray
    vcov: FloatArray | None = None
    covariance: str = "model"
    reference_df: float = np.inf
    remarks: tuple[Remark, ...] = ()


def quiet_fit(formula: str, data: Any, **options: Any) -> LogisticFit:
    """Return `logreg.fit` of the model; its remarks are given as warnings later, with the others."""
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore", LogregWarning)
        return fit_formula(formula, data, **options)


def warn_of(fit: LogisticFit, *, stacklevel: int) -> None:
    """Give the remarks of a fit as warnings."""
    for remark in fit.remarks:
        python_warnings.warn(remark.text, getattr(errors, remark.kind), stacklevel=stacklevel + 1)


def adopt(own: LogisticFit, theirs: Theirs) -> LogisticFit:
    """Return our fit of the same rows with the estimates of another package in place.

    Where some estimates do not exist (separation) or are not unique (collinear columns) theirs are where
    an iteration happened to end: ours stay, and a remark says so.

    Parameters
    ----------
    own : LogisticFit
        Maximum likelihood for the same design, rows, weights and offset.
    theirs : Theirs
        What to take over.

    Returns
    -------
    LogisticFit
        Its certificate (``convergence``) is about their coefficients: half the squared Newton decrement
        ``u' I^-1 u / 2`` and the largest score at their place.

    Raises
    ------
    SupportError
        For coefficients that are not finite.
    """
    if not np.isfinite(theirs.coef).all():
        raise SupportError(f"{theirs.package} has coefficients that are not finite: there is no estimate.")
    if own.separation.direction is not None or own.aliases:
        return replace(own, remarks=(*own.remarks, _not_unique(own, theirs), *theirs.remarks))
    rows = own._rows.training("taking over estimates")
    there = _certificate(own, rows, theirs.coef)
    at_optimum = there.decrement <= AT_THE_OPTIMUM
    remarks = [*own.remarks, *theirs.remarks]
    if not at_optimum:
        remarks.append(
            Remark(
                kind="ConvergenceWarning",
                text=f"the coefficients of {theirs.package} are not at the optimum of the likelihood: half "
                f"the squared Newton decrement is {there.decrement:.1e}, so that some lie about "
                f"{np.sqrt(2.0 * there.decrement):.2g} standard errors from it. They are kept; logreg.fit "
                "finds the optimum.",
            )
        )
    unscaled = own.loglik / there.loglik_of_own if there.loglik_of_own else 1.0
    vcov = own.vcov_array if theirs.vcov is None else theirs.vcov
    return replace(
        own,
        coef_array=_frozen(theirs.coef),
        limit_coef=_frozen(theirs.coef),
        vcov_array=_frozen(vcov),
        centred=_centred(own, theirs.vcov),
        loglik=there.loglik * unscaled,
        reference_df=theirs.reference_df,
        options=replace(own.options, covariance=theirs.covariance),
        convergence=replace(
            own.convergence,
            status="converged" if at_optimum else "max_iterations",
            newton_decrement=there.decrement,
            max_abs_score=there.max_abs_score,
            # The way there was theirs, and is not known.
            trace=(),
        ),
        row_sums=row_sums_of(own, rows.blocks, theirs.coef),
        remarks=tuple(remarks),
        provenance={**own.provenance, FITTED_BY: theirs.package},
    )


def _not_unique(own: LogisticFit, theirs: Theirs) -> Remark:
    separated = own.separation.direction is not None
    reason = "their likelihood has no maximum (separation)" if separated else "its columns repeat each other"
    return Remark(
        kind="DataWarning",
        text=f"the coefficients of {theirs.package} were not taken over: {reason}, so that they are where "
        "its iterations ended. Those shown are logreg's, for the same rows.",
    )


def row_sums_of(
    fit: LogisticFit, blocks: Sequence[DesignBlock], coef: FloatArray, direction: FloatArray | None = None
) -> RowSums:
    """Return the sums that fit statistics need, at coefficients (m, p), with the user's weights."""
    probability, others = probability_sums(blocks, coef, direction)
    scale = float(np.sum(fit.sample.weight)) / float(probability.sum())
    return RowSums(
        probability=tuple(tuple(float(x) * scale for x in row) for row in probability),
        squared_error=float(others[0]) * scale,
        logit=float(others[1]) * scale,
        logit_squared=float(others[2]) * scale,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Certificate:
    loglik: float
    loglik_of_own: float
    decrement: float
    max_abs_score: float


def _certificate(own: LogisticFit, rows: TrainingRows, coef: FloatArray) -> _Certificate:
    """Evaluate score and information at their coefficients, in coordinates fit for arithmetic."""
    working = working_rows(rows, own.spec)

    def at(coef: FloatArray) -> LikelihoodSum:
        return working.objective(working.working(coef), 2)

    with np.errstate(over="ignore", invalid="ignore"):
        there, here = at(coef), at(own.limit_coef)
    assert there.score is not None
    assert there.information is not None
    score = there.score.ravel()
    metric = factorise(there.information) if score.size else None
    decrement = 0.5 * float(score @ metric.solve(score)) if metric else np.inf if score.size else 0.0
    return _Certificate(
        loglik=there.loglik,
        loglik_of_own=here.loglik,
        decrement=decrement,
        max_abs_score=float(np.abs(score).max(initial=0.0)),
    )


def _centred(own: LogisticFit, vcov: FloatArray | None) -> CentredCovariance | None:
    """Return the covariance for columns less their centre.

    With ``T`` adding ``centre`` times each slope to the intercept it is ``T V T'``, which loses the digits
    that V does not have: where V is our own matrix, ours is taken.
    """
    if own.centred is None or vcov is None or same_numbers(vcov, own.vcov_array):
        return own.centred
    m, p = own.coef_array.shape
    one = np.eye(p)
    if own.spec.intercept:
        one[0, 1:] = own.centred.centre[1:]
    moved = np.kron(np.eye(m), one)
    return CentredCovariance(centre=own.centred.centre, vcov=_frozen(moved @ vcov @ moved.T))


def same_numbers(one: FloatArray, other: FloatArray) -> bool:
    """Tell whether two covariances agree, in units of their standard errors."""
    return _apart(one, other) <= SAME_COVARIANCE


def _apart(one: FloatArray, other: FloatArray) -> float:
    """Return the largest difference of two covariances, as a share of the product of standard errors."""
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.sqrt(np.abs(np.diagonal(other)))
        apart = np.abs(one - other) / np.outer(size, size)
    return float(np.max(np.nan_to_num(apart, nan=np.inf), initial=0.0))


def closest(vcov: FloatArray, candidates: Iterable[tuple[str, Callable[[], FloatArray]]]) -> str | None:
    """Return the name of the covariance with these numbers: the closest of those that are close enough."""
    found = sorted((_apart(vcov, make()), k, name) for k, (name, make) in enumerate(candidates))
    return found[0][2] if found and found[0][0] <= SAME_COVARIANCE else None


def columns_of(blocks: Sequence[DesignBlock], rows: int) -> Iterator[tuple[slice, FloatArray]]:
    """Yield the design written out (p, n), a few thousand rows at a time, with their places."""
    start = 0
    for block in blocks:
        for first in range(0, block.n_rows, rows):
            last = min(first + rows, block.n_rows)
            yield slice(start + first, start + last), block.matrix.rows(first, last).to_array()
        start += block.n_rows


def _frozen(array: FloatArray) -> FloatArray:
    copy = np.array(array, dtype=np.float64)
    copy.flags.writeable = False
    return copy
