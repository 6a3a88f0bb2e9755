"""Robust covariances brought together with the rows they are summed over, while fitting and after."""

from __future__ import annotations

import warnings as python_warnings
from dataclasses import replace
from typing import Any

import numpy as np

from logreg import errors
from logreg.data.source import Source
from logreg.design.spec import DesignSpec
from logreg.errors import SupportError, WeightError
from logreg.fitted import LogisticFit
from logreg.inference.assemble import covariance_fields
from logreg.inference.clusters import NOT_POSITIVE
from logreg.inference.covariance import ARRAY, Choice, check_covariance, covariance_name, sandwich_of
from logreg.inference.sandwich import Sandwich
from logreg.inference.survey import survey_weights
from logreg.passes.ascent import maximise
from logreg.passes.encode import TrainingRows
from logreg.passes.scores import Scores

__all__ = ["sandwich_over", "with_covariance"]


def with_covariance(fit: LogisticFit, covariance: Any) -> LogisticFit:
    """Return the same fit with another covariance; its rows are passed over again.

    Raises
    ------
    SupportError
        For an unknown covariance, one that does not go with the weights of the fit, and for a loaded model
        unless it has this covariance already.
    """
    spec = fit.spec
    weights, _ = survey_weights(covariance, spec.weights, spec.weight_kind)
    if weights is not spec.weights:
        raise WeightError(
            "the fit has no weights, and survey(weights=) would change its estimates. Fit again."
        )
    choice = check_covariance(covariance, sampling=not fit.has_likelihood)
    name = covariance_name(choice)
    if fit.options.estimator != "ml" and name != fit.options.covariance:
        raise SupportError(
            f"the covariance {name!r} is that of maximum likelihood; for estimator={fit.options.estimator!r} "
            "only 'model' is supported."
        )
    if name == fit.options.covariance and ARRAY not in name:
        return fit
    rows = fit._rows.training(f"the covariance {name!r}")
    assert fit.source is not None
    sandwich = sandwich_over(choice, fit.source, rows, spec)
    optimum = maximise(
        rows.blocks,
        spec,
        np.array(fit.sample.weight),
        fit.options.max_iterations,
        meat=None if sandwich is None else sandwich.meat,
    )
    found = covariance_fields(optimum, name, sandwich, spec=spec, n=fit.n_trials)
    for remark in found.remarks:
        python_warnings.warn(remark.text, getattr(errors, remark.kind), stacklevel=3)
    return replace(
        fit,
        vcov_array=found.vcov_array,
        centred=found.centred,
        reference_df=found.reference_df,
        options=replace(fit.options, covariance=name),
        remarks=(*(r for r in fit.remarks if not r.text.startswith(NOT_POSITIVE)), *found.remarks),
    )


def sandwich_over(choice: Choice, source: Source, rows: TrainingRows, spec: DesignSpec) -> Sandwich | None:
    """Bring a covariance and the rows it is summed over together."""
    scores = Scores(
        source=source,
        places=rows.places,
        frequencies=spec.weight_kind == "frequency",
    )
    return sandwich_of(choice, scores, n_equations=spec.n_equations)
