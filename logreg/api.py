"""`fit` and `load`: options become values, and the rooms are called in order. No statistics here."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, get_args

import numpy as np

from logreg import errors
from logreg.data import open_source
from logreg.data.extended import ExtendedSource
from logreg.data.given import given_column, is_vector
from logreg.data.source import CategoryColumn, FloatArray, NumberColumn, Source
from logreg.design.ast import Column, Expression, Formula
from logreg.design.formula import parse_formula
from logreg.design.learning import DesignRequest, Learned, learn_design
from logreg.design.outcome import lookalikes, quoted
from logreg.design.rows import ZERO_WEIGHT
from logreg.design.spec import DesignSpec, WeightKind
from logreg.errors import DataError, FormulaError, SupportError, WeightError
from logreg.fitted import LogisticFit
from logreg.foreign_arguments import explains_unknown_arguments
from logreg.inference.assemble import assemble
from logreg.inference.covariance import Choice, check_covariance, covariance_name
from logreg.inference.estimate import FitOptions, LogisticEstimate, Remark
from logreg.inference.estimators import check_design, check_estimator
from logreg.inference.normal import normal_quantile
from logreg.inference.survey import survey_weights
from logreg.passes.ascent import maximise, null_loglik
from logreg.passes.encode import TrainingRows, array_rows, training_rows, weight_scale
from logreg.passes.evidence import reach_of_numbers
from logreg.passes.spread import check_spread
from logreg.passes.sums import probability_sums, sums_of_moments
from logreg.progress import progress
from logreg.robust import sandwich_over

__all__ = ["fit", "fit_array", "load"]

#: Names of columns that come from arrays; no data column can be called so by accident.
WEIGHTS, OFFSET = "(weights)", "(offset)"


@explains_unknown_arguments
def fit(
    formula: str | Formula,
    data: Any,
    *,
    event: Any = None,
    baseline: Any = None,
    weights: Any = None,
    weight_kind: str = "frequency",
    offset: Any = None,
    estimator: str = "ml",
    covariance: Any = "model",
    missing: str = "drop",
    confidence: float = 0.95,
    max_iterations: int = 50,
) -> LogisticFit:
    """Fit a binary or multinomial logistic regression.

    Parameters
    ----------
    formula : str or Formula
        R's language, e.g. ``low ~ age + lwt + C(race, Treatment("white")) + smoke``; outcomes as counts are
        written ``cbind(success, failure)`` or ``cbind(a, b, c)``. Or what `parse_formula` made of it.
    data : table
        pandas or polars frame, Arrow table or stream, dictionary of columns, or the path of a CSV or Parquet
        file.
    event : level, optional
        Binary outcomes: the level whose probability is modelled. By default 1 or True, or the level that is
        not the baseline.
    baseline : level, optional
        The outcome level logits are measured against; by default 0 or False, the first declared level, or the
        first in sorted order.
    weights : str or array of shape (n,), optional
        Column name or values.
    weight_kind : {"frequency", "sampling", "precision"}
        Copies of a row; 1 / probability of selection (forces the sandwich covariance); or proportional to 1 /
        variance (rescaled to sum to the number of rows).
    offset : str, array of shape (n,), or a sequence or (n, K - 1) array of these, optional
        Added to the logits with coefficient 1: one for all, or one per non-baseline outcome in level order.
    estimator : {"ml", "firth", "flic", "flac", "median"}
        Maximum likelihood; or, finite under separation and less biased in small samples: Firth's penalised
        likelihood, the same with probabilities that are right on average (two ways), or median bias reduction
        (docs/bias-reduction.md).
    covariance : {"model", "HC0", "HC1", "HC2", "HC3", "stata"}, `logreg.cluster` or `logreg.survey`
        Inverse information, or a sandwich: of rows, of clusters, or of a survey design.
    missing : {"drop", "raise"}
        Leave out rows with missing values (counted in ``fit.sample``), or refuse them.
    confidence : float
        Default level of intervals.
    max_iterations : int
        Newton iterations allowed.

    Returns
    -------
    LogisticFit
        Immutable; estimates are on the logit (log-odds) scale.

    Raises
    ------
    OutcomeError, DataError, FormulaError, WeightError, SupportError
        Each names the column, the value and the remedy.
    TypeError
        For an argument that there is not; it says which one was meant.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> round(float(fit.odds_ratios().query("term == 'age'").odds_ratio.iloc[0]), 3)
    0.951
    """
    weights, weight_kind = survey_weights(covariance, weights, weight_kind)
    options, choice = _options(
        estimator, covariance, missing, confidence, max_iterations, weight_kind, weights
    )
    source, request = _request(
        formula, open_source(data), event, baseline, weights, weight_kind, offset, missing == "drop"
    )
    with progress("reading", source.n_rows) as advance:
        learned = learn_design(source, request, advance)
    _check_offsets(learned.spec)
    check_design(options.estimator, learned.spec)
    rows = training_rows(source, learned.spec, weight_scale(learned))
    estimate = _estimate(source, learned, rows, options, choice)
    for remark in estimate.remarks:
        python_warnings.warn(remark.text, getattr(errors, remark.kind), stacklevel=3)
    return LogisticFit.of(estimate, source)


def fit_array(
    formula: Formula,
    source: Source,
    table: FloatArray,
    outcome: CategoryColumn,
    *,
    event: Any = None,
    baseline: Any = None,
    estimator: str = "ml",
    covariance: Any = "model",
    confidence: float = 0.95,
    max_iterations: int = 50,
) -> LogisticFit:
    """Fit a formula whose terms are the columns of an array, as `fit` does, but without a warning and without
    keeping the rows.

    Parameters
    ----------
    formula : Formula
        One term per column, in their order; no offsets.
    source : Source
        Holds the columns, and the outcome, for covariances that look at their rows.
    table, outcome
        The same for `logreg.passes.encode.array_rows`.
    event, baseline, estimator, covariance, confidence, max_iterations
        As for `fit`; not a survey design, which has weights.

    Raises
    ------
    OutcomeError, DataError, SupportError
        As `fit` does.
    """
    options, choice = _options(estimator, covariance, "drop", confidence, max_iterations, "frequency", None)
    request = DesignRequest(
        formula=formula,
        event=event,
        baseline=baseline,
        weights=None,
        weight_kind="frequency",
        offsets=(),
        offset_per_outcome=False,
        drop_missing=True,
    )
    learned, rows = array_rows(table, outcome, request)
    check_design(options.estimator, learned.spec)
    return LogisticFit.of(_estimate(source, learned, rows, options, choice), None)


def _estimate(
    source: Source, learned: Learned, rows: TrainingRows, options: FitOptions, choice: Choice
) -> LogisticEstimate:
    """Find the optimum of encoded rows, and what is to be said of it."""
    spec, blocks, scale = learned.spec, rows.blocks, weight_scale(learned)
    sandwich = sandwich_over(choice, source, rows, spec)
    totals = np.array([sum(learned.tally.outcome.counts[level].values()) for level in spec.outcome.levels])
    with progress("fitting, rows passed over") as advance:
        optimum = maximise(
            blocks,
            spec,
            totals * scale,
            options.max_iterations,
            estimator=options.estimator,
            meat=None if sandwich is None else sandwich.meat,
            advance=advance,
        )
    check_spread(blocks, spec, optimum)
    null = null_loglik(blocks, totals * scale, options.max_iterations)
    return assemble(
        learned=learned,
        optimum=optimum,
        loglik_null=null,
        row_sums=probability_sums(blocks, np.nan_to_num(optimum.coef), optimum.direction)
        if optimum.moments is None
        else sums_of_moments(optimum.moments),
        weight_scale=scale,
        options=options,
        provenance=source.description,
        remarks=_data_remarks(source, learned),
        sandwich=sandwich,
        reach=None if optimum.direction is None else reach_of_numbers(blocks),
    )


def load(path: str | PathLike[str]) -> LogisticFit:
    """Read a model saved by ``fit.save``.

    Raises
    ------
    LoadError
        If the file is not such a model, or is damaged.
    OSError
        If the file cannot be read.
    """
    from logreg.export.storage import read_model

    return LogisticFit.of(read_model(path), None)


def _one_of(name: str, value: object, allowed: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise SupportError(f"{name}={value!r} is not supported; use {' or '.join(map(repr, allowed))}.")
    return value


def _options(
    estimator: object,
    covariance: object,
    missing: object,
    confidence: object,
    max_iterations: object,
    weight_kind: object,
    weights: object,
) -> tuple[FitOptions, Choice]:
    """Parse the options at the border; deeper rooms see only valid ones."""
    kind = _one_of("weight_kind", weight_kind, get_args(WeightKind))
    if weights is None and kind != "frequency":
        raise WeightError(f"weight_kind={kind!r} was given without weights. Give weights=, or leave it out.")
    if isinstance(confidence, bool) or not isinstance(confidence, float | int):
        raise SupportError(f"confidence={confidence!r} is not a level between 0 and 1; use for example 0.95.")
    normal_quantile(float(confidence))
    if (
        isinstance(max_iterations, bool)
        or not isinstance(max_iterations, int | np.integer)
        or max_iterations < 1
    ):
        raise SupportError(f"max_iterations={max_iterations!r} is not a whole number of at least 1.")
    choice = check_covariance(covariance, sampling=kind == "sampling")
    options = FitOptions(
        estimator=check_estimator(estimator, weight_kind=kind, covariance=covariance_name(choice)),
        covariance=covariance_name(choice),
        missing=_one_of("missing", missing, ("drop", "raise")),
        confidence=float(confidence),
        max_iterations=int(max_iterations),
    )
    return options, choice


def _request(
    formula: object,
    source: Source,
    event: object,
    baseline: object,
    weights: object,
    weight_kind: str,
    offset: object,
    drop_missing: bool,
) -> tuple[Source, DesignRequest]:
    """Parse the formula against the data, and give arrays of weights and offsets a place among the
    columns.
    """
    if not isinstance(formula, str | Formula):
        raise FormulaError(f"the formula must be text such as 'y ~ x', got {type(formula).__name__}.")
    extra: dict[str, NumberColumn] = {}
    weight_column = None
    if weights is not None:
        weight_column = _place(weights, WEIGHTS, source, extra, "weights", WeightError)
    offsets, per_outcome = _offset_columns(offset, source, extra)
    aside = {weight_column, *offsets}
    parsed = (
        formula
        if isinstance(formula, Formula)
        else parse_formula(
            formula, [name for name in source.column_names if name not in aside or name in formula]
        )
    )
    expressions: tuple[Expression, ...] = (*parsed.offsets, *(Column(name) for name in offsets))
    if per_outcome and parsed.offsets:
        raise SupportError(
            "offset() in the formula cannot be combined with one offset per outcome; use offset= for all."
        )
    request = DesignRequest(
        formula=parsed,
        event=event,
        baseline=baseline,
        weights=weight_column,
        weight_kind=weight_kind,  # type: ignore[arg-type]
        offsets=expressions,
        offset_per_outcome=per_outcome,
        drop_missing=drop_missing,
        user_columns=tuple(extra),
    )
    return (ExtendedSource(source, extra) if extra else source), request


def _place(
    value: object,
    name: str,
    source: Source,
    extra: dict[str, NumberColumn],
    role: str,
    error: type[errors.LogregError],
) -> str:
    """Return the column that holds weights or an offset: a data column by name, or the array under a reserved
    name.
    """
    if isinstance(value, str):
        if value not in source.column_names:
            hint = errors.did_you_mean(value, source.column_names)
            raise error(f"{role}={value!r} is not a column of the data.{hint}")
        return value
    if name in source.column_names:
        raise error(
            f"the data have a column named {name!r}, the name that {role} given as an array go by. Rename "
            f"it, or put the {role} into the data as a column."
        )
    extra[name] = given_column(value, source, role=role, error=error)
    return name


def _offset_columns(
    offset: object, source: Source, extra: dict[str, NumberColumn]
) -> tuple[tuple[str, ...], bool]:
    """Return the columns that hold the offsets, and whether there is one per non-baseline outcome."""
    if offset is None:
        return (), False
    if isinstance(offset, Mapping):
        raise DataError(
            "offset must be a column name, an array, or a sequence of these in level order, not a mapping."
        )
    columns: list[Any]
    if isinstance(offset, list | tuple) and any(map(is_vector, offset)):
        columns = list(offset)
    elif len(getattr(offset, "shape", ())) == 2:
        columns = list(np.asarray(offset).T)
    else:
        return (_place(offset, OFFSET, source, extra, "offset", DataError),), False
    names = tuple(
        _place(one, f"{OFFSET[:-1]} {k + 1})", source, extra, "offset", DataError)
        for k, one in enumerate(columns)
    )
    return names, True


def _check_offsets(spec: DesignSpec) -> None:
    if spec.offset_per_outcome and len(spec.offsets) != spec.n_equations:
        raise DataError(
            f"offset has {len(spec.offsets)} columns, but the outcome {spec.outcome.label!r} has "
            f"{spec.n_equations} non-baseline levels: {', '.join(map(repr, spec.outcome.modelled))}. Give "
            "one per level, or one for all."
        )


#: Pairs of levels that look alike named in one warning.
PAIRS_SHOWN = 10


def _data_remarks(source: Source, learned: Learned) -> list[Remark]:
    """Say what deserves a look in the data: rows left out, and levels that look alike."""
    tally, spec = learned.tally, learned.spec
    remarks = []
    missing = {name: count for name, count in tally.dropped.items() if name != ZERO_WEIGHT}
    if missing:
        lost = "; ".join(
            f"{errors.rows_of(count)} dropped because {name!r} is missing (first: "
            f"{source.row_label(tally.first_dropped[name])})"
            for name, count in missing.items()
        )
        remarks.append(
            Remark(
                kind="MissingDataWarning",
                text=f"{lost}; {tally.n_used} used. See fit.sample; missing='raise' refuses instead.",
            )
        )
    gone = [level for level in sorted(tally.lost, key=str) if level not in spec.outcome.levels]
    if gone:
        remarks.append(
            Remark(
                kind="DataWarning",
                text=f"the outcome {spec.outcome.label!r} has the level {quoted(gone)} only in rows that "
                "were left out because other values are missing: the model does not know it. Fill these in, "
                "or leave the column that lacks them out of the formula.",
            )
        )
    for label, levels in [
        (spec.outcome.label, spec.outcome.levels),
        *((factor.variable, factor.levels) for factor in spec.categorical()),
    ]:
        pairs = lookalikes(levels)
        if pairs:
            shown = "; ".join(
                f"{a!r} and {b!r}" if a.isascii() and b.isascii() else f"{a!a} and {b!a}"
                for a, b in pairs[:PAIRS_SHOWN]
            ) + (f" and {len(pairs) - PAIRS_SHOWN} more pairs" if len(pairs) > PAIRS_SHOWN else "")
            remarks.append(
                Remark(
                    kind="DataWarning",
                    text=f"column {label!r} has levels that differ only by case, blanks or invisible "
                    f"characters: {shown}. If they mean the same, strip or recode them.",
                )
            )
    return remarks
