"""A fit reduced to some of its terms, on the rows that the whole model used."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import replace

import numpy as np

from logreg.adapters.adopted import row_sums_of
from logreg.design.spec import DesignSpec
from logreg.errors import SupportError
from logreg.fitted import LogisticFit
from logreg.inference.assemble import covariance_fields, optimum_fields
from logreg.inference.clusters import cluster
from logreg.inference.covariance import (
    ARRAY,
    COVARIANCES,
    Choice,
    covariance_code,
    covariance_meaning,
    resampling_code,
)
from logreg.inference.survey import survey
from logreg.passes.ascent import maximise
from logreg.robust import sandwich_over

__all__ = ["reduced_fit", "reduced_spec"]


def reduced_spec(fit: LogisticFit, terms: Collection[str]) -> DesignSpec:
    """Return the design with some of its terms, coded as in the whole.

    The constant stays a part of the model if it is one of the whole, through an intercept or through a factor
    coded in full. All factors stay, as they decide which rows are complete.
    """
    kept = tuple(coded for coded in fit.spec.coded_terms if coded.term in terms)
    constant = any(len(coded.full) == len(coded.labels) > 0 for coded in kept)
    return replace(
        fit.spec,
        coded_terms=kept,
        intercept=fit.spec.intercept or (fit.spans_constant and not constant),
    )


def reduced_fit(fit: LogisticFit, terms: Collection[str], what: str) -> LogisticFit:
    """Return the model with some of the terms of a fit, estimated in the same way on the same rows.

    Same outcome and baseline, weights, offset, estimator and kind of covariance.

    Parameters
    ----------
    fit : LogisticFit
        The whole model.
    terms : collection of str
        Names of terms, as in ``fit.spec.terms``.
    what : str
        What needs it, for messages.

    Raises
    ------
    SupportError
        For a loaded model, which holds no rows, and a covariance that cannot be made again.
    """
    spec = reduced_spec(fit, terms)
    rows = replace(fit, spec=spec)._rows.training(what)
    choice = _choice_of(fit.options.covariance, what)
    assert fit.source is not None
    sandwich = sandwich_over(choice, fit.source, rows, spec)
    optimum = maximise(
        rows.blocks,
        spec,
        np.array(fit.sample.weight),
        fit.options.max_iterations,
        estimator=fit.options.estimator,
        meat=None if sandwich is None else sandwich.meat,
    )
    found = optimum_fields(spec, optimum)
    covariance = covariance_fields(optimum, fit.options.covariance, sandwich, spec=spec, n=fit.n_trials)
    # Sampling weights have mean 1 in the ascent, and the user's unit in the log-likelihood of a fit.
    unit = fit.sum_weights / fit.n_rows if spec.weights and spec.weight_kind == "sampling" else 1.0
    return replace(
        fit,
        spec=spec,
        coef_array=found.coef_array,
        vcov_array=covariance.vcov_array,
        limit_coef=found.limit_coef,
        centred=covariance.centred,
        separation=found.separation,
        loglik=optimum.loglik * unit,
        convergence=found.convergence,
        row_sums=row_sums_of(fit, rows.blocks, found.limit_coef, optimum.direction),
        aliases=found.aliases,
        remarks=covariance.remarks,
        # A survey design counts its own; t tests of another package keep theirs.
        reference_df=fit.reference_df if np.isinf(covariance.reference_df) else covariance.reference_df,
    )


def _choice_of(name: str, what: str) -> Choice:
    """Return the covariance that a fit keeps as a text.

    Raises
    ------
    SupportError
        For clusters and strata that were arrays, which a fit does not keep, and for covariances that came
        from resamples or from another package.
    """
    if name in COVARIANCES:
        return name
    remedy = "use fit.with_covariance('model'), or another covariance, first."
    if ARRAY in name:
        raise SupportError(
            f"{what} fits smaller models with the same covariance, {name!r}, whose array is not kept: name a "
            f"column of the data instead, or {remedy}"
        )
    if resampling_code(name) or not covariance_meaning(name):
        why = "would have to be resampled as well" if resampling_code(name) else "cannot be made here"
        raise SupportError(
            f"{what} fits smaller models with the same covariance, and {name!r} {why}: {remedy}"
        )
    call = ast.parse(covariance_code(name), mode="eval").body
    assert isinstance(call, ast.Call)
    make = survey if name.startswith("survey") else cluster
    found: Choice = make(
        *(ast.literal_eval(argument) for argument in call.args),
        **{str(option.arg): ast.literal_eval(option.value) for option in call.keywords},
    )
    return found
