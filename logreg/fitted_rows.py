"""The rows behind a fit, on demand: encoded, as a likelihood, to resample, to average over, to predict for.

Nothing here is kept: every verb of a fit that needs rows asks for them, and a loaded model says that it has
none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from logreg.data import open_new_data, open_source
from logreg.data.extended import ExtendedSource
from logreg.data.source import Source
from logreg.engine.recession import find_recession
from logreg.errors import DataError, PredictError, SupportError, WeightError, did_you_mean
from logreg.inference.covariance import covariance_roles
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.estimators import require_likelihood, require_maximum
from logreg.inference.likelihood import Likelihood
from logreg.inference.resampling import Resampler
from logreg.inference.sandwich import groups_of_rows
from logreg.interpret.population import Access
from logreg.interpret.predictions import LabelledRows
from logreg.interpret.worked_example import one_row, values_of_row
from logreg.passes.against_rest import PredictedRows, new_rows, predicted_rows
from logreg.passes.counterfactual import Population, population_of
from logreg.passes.describe import distribution_of, missing_counts, profiles_of, spread_of
from logreg.passes.encode import PredictionRows, TrainingRows, encode_for_prediction, training_rows
from logreg.passes.firth import penalised_objective
from logreg.passes.leave_out import deletion_refits, influences_of
from logreg.passes.moments import DesignSpread, design_spread
from logreg.passes.outcomes import RowsByOutcome
from logreg.passes.refits import FAILURES, clusters_of, resampling_of
from logreg.passes.resample import bootstrap_refits
from logreg.passes.scores import Scores
from logreg.passes.sums import objective_of
from logreg.passes.training import working_rows
from logreg.threads import one_blas_thread

if TYPE_CHECKING:
    import pandas as pd

    from logreg.data.source import Level

__all__ = ["FittedRows"]


@dataclass(frozen=True, slots=True)
class FittedRows:
    """The rows a fit was made of, or none for a loaded model (``source`` is None)."""

    estimate: LogisticEstimate
    source: Source | None

    @property
    def labels(self) -> Mapping[str, str]:
        """Headings of columns that the data carry (a pandas frame in ``attrs["labels"]``)."""
        labels: Mapping[str, str] = getattr(_innermost(self.source), "labels", {})
        return labels

    def training(self, what: str, also: Sequence[str] = ()) -> TrainingRows:
        """Return the rows of the fit, encoded, with further columns beside them; ``what`` needs them.

        Raises
        ------
        SupportError
            For a loaded model, which holds no rows.
        DataError
            If a further column is not in the data.
        """
        if self.source is None:
            raise SupportError(
                f"{what} needs the rows the model was fitted to, which a loaded model does not hold. Fit the "
                "model again with its data."
            )
        for name in also:
            if name not in self.source.column_names:
                hint = did_you_mean(name, self.source.column_names)
                raise DataError(f"{what}: {name!r} is not a column of the data.{hint}")
        return training_rows(self.source, self.estimate.spec, also=also)

    def access(self) -> Access:
        """Return what effects need beyond the numbers of the fit."""
        return Access(
            population=self.population,
            profiles=self.profiles,
            distribution=self.distribution,
        )

    def population(self, what: str, data: Any, weights: Any, also: Sequence[str]) -> Population:
        """Return the rows that ``what`` averages over: those of the fit, or new ones.

        Raises
        ------
        SupportError
            For a loaded model without data.
        DataError
            If a column is not in the data.
        """
        if data is None and self.source is None:
            raise SupportError(
                f"{what} needs rows, and a loaded model holds none of those it was fitted to. Give data=."
            )
        source = self.source if data is None else open_new_data(data)
        assert source is not None
        if data is not None:
            self.require(source, (*self.estimate.spec.predictors, *self.estimate.spec.offset_columns))
        for name in (*also, *(() if weights is None else (weights,))):
            if name not in source.column_names:
                hint = did_you_mean(str(name), source.column_names)
                raise DataError(f"{what}: {name!r} is not a column of the data.{hint}")
        return population_of(
            source,
            self.estimate.spec,
            training=data is None,
            weights=weights,
            also=also,
            index=getattr(_innermost(source), "index", None),
        )

    def distribution(self, name: str) -> Any:
        """Return the distribution of a numeric column over the rows of the fit.

        Raises
        ------
        SupportError
            For a loaded model.
        """
        if self.source is None:
            raise SupportError(
                f"the distribution of {name!r} is not known: a loaded model holds no rows. Give numbers."
            )
        return distribution_of(self.source, self.estimate.spec, name)

    def profiles(self) -> dict[str, Any]:
        """Return what each predictor looks like over the rows used; see `logreg.passes.describe.profiles_of`.

        Raises
        ------
        SupportError
            For a loaded model.
        """
        if self.source is None:
            raise SupportError(
                "a loaded model holds no rows of the data, so that typical values are not known. Give values "
                "of every variable (data=, at=), or fit the model again with its data."
            )
        return profiles_of(self.source, self.estimate.spec)

    def missing_counts(self) -> dict[str, int]:
        """Return in how many of the rows read each column of the model has no value.

        Raises
        ------
        SupportError
            For a loaded model.
        """
        if self.source is None:
            raise SupportError(
                "missing_values() needs the rows of the data, which a loaded model does not hold; fit.sample "
                "has the rows left out, by the first column that lacks a value."
            )
        return missing_counts(self.source, self.estimate.spec)

    def likelihood(self, what: str) -> Likelihood:
        """Return the log-likelihood over the rows of the fit, for what Wald statistics cannot say.

        Raises
        ------
        SupportError
            For a loaded model, under sampling weights, which have no likelihood, and for estimates that
            maximise none. Firth's likelihood is the penalised one, with the penalty of the full design
            whatever is held fixed.
        """
        require_likelihood(self.estimate, what)
        working = working_rows(self.training(what), self.estimate.spec)
        aliased = {name for name, _ in self.estimate.aliases}
        kept = np.array([name not in aliased for name in self.estimate.spec.column_names], dtype=bool)
        free = np.flatnonzero(np.tile(kept, len(self.estimate.coef_array)))
        optimum = working.working(self.estimate.limit_coef)
        objective = working.objective
        if self.estimate.options.estimator == "firth":
            # With the penalty counted from its value at the estimate, the maximum is ``loglik`` here as well.
            penalised = penalised_objective(working.blocks, free, optimum)
            # Far from the estimate rows are nearly separated: there an approximate Hessian leads nowhere.
            objective = penalised.exact or penalised
        return Likelihood(
            objective=objective,
            to_design=working.coordinates.to_design(),
            optimum=optimum,
            free=free,
            n_rows=working.n_rows,
            max_iterations=self.estimate.options.max_iterations,
            recession=None
            if self.estimate.separation.direction is None
            else partial(
                find_recession,
                working.blocks,
                objective_of,
                np.flatnonzero(kept),
                working.working(np.array(self.estimate.separation.direction)),
                self.estimate.options.max_iterations,
            ),
            alone=one_blas_thread,
        )

    def spread(self) -> DesignSpread:
        """Return how far the design columns and the logits spread over the rows of the fit."""
        blocks = self.training("a standardised coefficient").blocks
        return design_spread(blocks, self.estimate.filled_coef)

    def spread_of(self, name: str, measure: str) -> float:
        """Return the standard deviation ("sd") or the interquartile range ("iqr") of a numeric column."""
        assert self.source is not None
        return spread_of(self.source, self.estimate.spec, name, measure)

    def by_outcome(self, what: str) -> RowsByOutcome:
        """Return the rows for refits without one outcome."""
        require_maximum(self.estimate, what)
        return RowsByOutcome(
            blocks=self.training(what).blocks,
            spec=self.estimate.spec,
            max_iterations=self.estimate.options.max_iterations,
        )

    def group_counts(self) -> tuple[tuple[str, str, int], ...]:
        """Return (role, column, number of groups among the rows used) of the columns that the covariance
        groups rows by; none for a loaded model.
        """
        roles = covariance_roles(self.estimate.options.covariance)
        if self.source is None or not roles:
            return ()
        rows = self.training("the number of clusters")
        scores = Scores(source=self.source, places=rows.places, frequencies=False)
        return tuple(
            (role, column, int(groups_of_rows(scores, column, "the column").max(initial=-1)) + 1)
            for role, column in roles
        )

    def resampler(self, what: str, cluster: Any) -> Resampler:
        """Return the rows of the fit for refits, in clusters if a column or an array names them."""
        rows = self.training(what)
        assert self.source is not None
        scores = Scores(
            source=self.source,
            places=rows.places,
            frequencies=self.estimate.spec.weight_kind == "frequency",
        )
        groups = None if cluster is None else clusters_of(scores, cluster)
        resampling = resampling_of(
            working_rows(rows, self.estimate.spec),
            self.estimate.spec,
            coef=self.estimate.filled_coef,
            estimated=self.estimate.estimated,
            groups=groups,
            max_iterations=self.estimate.options.max_iterations,
        )
        return Resampler(
            unit=resampling.unit,
            n_units=resampling.n_units,
            n_distinct=resampling.n_distinct,
            reasons=FAILURES,
            in_design=resampling.in_design,
            in_centred=resampling.in_centred,
            centre=resampling.centre(),
            bootstrap=partial(bootstrap_refits, resampling),
            deletions=partial(deletion_refits, resampling),
            influences=partial(influences_of, resampling),
        )

    def labelled(self, data: Any) -> LabelledRows:
        """Return new data, or the rows of the fit, encoded and with their labels.

        Raises
        ------
        PredictError
            Without data for a loaded model, or when the data do not match the model.
        """
        if data is None and self.source is None:
            raise PredictError("a loaded model holds no rows of the data. Give data= to predict for.")
        training = data is None
        source = self.source if data is None else open_new_data(data)
        assert source is not None
        needed = (*self.estimate.spec.predictors, *self.estimate.spec.offset_columns)
        if not training:
            self.require(source, needed)
        rows = encode_for_prediction(source, self.estimate.spec, training=training)
        return LabelledRows(rows=rows, index=_index_of(source, rows, training=training))

    def predicted(self, what: str, data: Any, weights: Any) -> PredictedRows:
        """Return what is predicted for the rows of the fit, or for new ones, with what happened to them.

        Raises
        ------
        SupportError
            For a loaded model without data.
        PredictError
            When new data do not match the model, its outcome included.
        WeightError
            For weights given for the fit's own rows, and frequencies that are not whole.
        """
        estimate = self.estimate
        if data is None:
            if weights is not None:
                raise WeightError("weights= belongs to data=. The rows of the fit carry its own weights.")
            rows = self.training(what)
        else:
            source, spec = open_new_data(data), replace(estimate.spec, weights=weights)
            given = () if weights is None else (weights,)
            self.require(source, (*spec.outcome.columns, *spec.predictors, *spec.offset_columns, *given))
            rows = new_rows(source, spec, what)
        direction = estimate.separation.direction
        return predicted_rows(
            rows.blocks, estimate.filled_coef, None if direction is None else np.array(direction)
        )

    def encoded(self, rows: Mapping[str, Sequence[Any]]) -> PredictionRows:
        """Return rows that were made up, encoded; offsets given as arrays are columns like others here."""
        return encode_for_prediction(open_source(rows), self.estimate.spec, training=False)

    def one_record(self, data: Any, row: Any) -> dict[str, Level]:
        """Return the values of one record: given, or a row of the fit by its label.

        Raises
        ------
        SupportError
            Unless one of data and row is given, and the data have one row.
        DataError, PredictError
            For a row or values that the model does not know.
        """
        if (data is None) == (row is None):
            raise SupportError("a worked example is about one record: give either data= or row=.")
        needed = tuple(dict.fromkeys((*self.estimate.spec.predictors, *self.estimate.spec.offset_columns)))
        if data is None:
            return self.values_of_row(row, needed)
        source = open_new_data(data)
        self.require(source, needed)
        return one_row(source, needed)

    def values_of_row(self, label: Any, names: tuple[str, ...]) -> dict[str, Level]:
        """Return what a row of the fit holds in the named columns."""
        rows = self.training("a worked example of a row", also=names)
        own = getattr(_innermost(self.source), "index", None)
        known = label in own if own is not None else isinstance(label, int) and label >= 0
        place = (label if own is None else own.get_loc(label)) if known else None
        if not isinstance(place, int):
            what = "names several rows" if known else "is not the label of a row"
            raise DataError(f"row={label!r} {what} of the data.")
        for positions, columns in zip(rows.positions, rows.others, strict=True):
            here = np.flatnonzero(positions == place)
            if len(here):
                return values_of_row(columns, int(here[0]))
        raise DataError(f"row={label!r} was not used in the fit: it lacks a value, or has no weight.")

    def require(self, source: Source, needed: tuple[str, ...]) -> None:
        """Refuse new data without the columns that the model needs.

        Raises
        ------
        PredictError
            Naming the columns.
        """
        from_arrays = [name for name in needed if name in self.estimate.spec.user_columns]
        if from_arrays:
            raise PredictError(
                "the model was fitted with an offset given as an array, which new data cannot carry. Fit it "
                "with the offset as a column, offset='name', to predict for new data."
            )
        missing = [name for name in needed if name not in source.column_names]
        if missing:
            names = ", ".join(map(repr, missing))
            raise PredictError(
                f"the new data lack the column {names}, which the model needs."
                f"{did_you_mean(missing[0], source.column_names)} Its columns are: "
                f"{', '.join(map(repr, needed))}."
            )


def _innermost(source: Source | None) -> Source | None:
    """Return the user's own table, without the columns that came as arrays."""
    while isinstance(source, ExtendedSource):
        source = source.source
    return source


def _index_of(source: Source, rows: PredictionRows, *, training: bool) -> pd.Index[Any]:
    """Return the labels of the predicted rows: those of a pandas frame, or positions."""
    import pandas as pd

    own = getattr(_innermost(source), "index", None)
    if training:
        positions = rows.source_positions
        return pd.Index(positions) if own is None else own[positions]
    return pd.RangeIndex(rows.n_rows) if own is None else own
