"""`LogisticFit`: the estimate with the verbs of every room bound to it. Bodies are one line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from logreg.data import open_new_data, open_source
from logreg.data.extended import ExtendedSource
from logreg.data.source import Source
from logreg.engine.recession import find_recession
from logreg.engine.types import DesignBlock
from logreg.errors import DataError, PredictError, SupportError, did_you_mean
from logreg.inference.anova import anova, overall_test
from logreg.inference.categories import combine_categories, independence_of_irrelevant_alternatives
from logreg.inference.coefficients import coefficient_table, profile_table
from logreg.inference.comparable import Pairing, RowsSideBySide
from logreg.inference.compare import compare, vuong
from logreg.inference.delta_method import function_table
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.estimators import penalised_loglik, require_likelihood, require_maximum
from logreg.inference.fit_statistics import fit_statistics
from logreg.inference.hypotheses import run_test
from logreg.inference.likelihood import Likelihood
from logreg.inference.replicates import Bootstrap, Jackknife, Replicates, covariance_fields
from logreg.inference.resampling import Resampler, bootstrap, jackknife
from logreg.inference.verdict import Verdict
from logreg.interpret.averages import prediction_table
from logreg.interpret.comparisons import comparison_table
from logreg.interpret.evalues import e_value_table
from logreg.interpret.marginal_means import marginal_mean_table, pairwise_table
from logreg.interpret.odds_ratios import odds_ratio_table
from logreg.interpret.odds_ratios_at import conditional_odds_ratio_table
from logreg.interpret.population import Access
from logreg.interpret.predictions import (
    LabelledRows,
    classify,
    logits_table,
    odds_table,
    probabilities_table,
)
from logreg.interpret.slopes import slope_table
from logreg.interpret.standardised import standardised_table
from logreg.interpret.worked_example import one_row, values_of_row, worked_example
from logreg.passes.counterfactual import Population, population_of
from logreg.passes.describe import distribution_of, profiles_of, spread_of
from logreg.passes.encode import PredictionRows, TrainingRows, encode_for_prediction, training_rows
from logreg.passes.firth import penalised_objective
from logreg.passes.leave_out import deletion_refits, influences_of
from logreg.passes.moments import design_spread
from logreg.passes.outcomes import RowsByOutcome
from logreg.passes.refits import FAILURES, clusters_of, resampling_of
from logreg.passes.resample import bootstrap_refits
from logreg.passes.rows import paired_rows
from logreg.passes.scores import Scores
from logreg.passes.sums import objective_of
from logreg.passes.training import working_rows

if TYPE_CHECKING:
    import pandas as pd

    from logreg.data.source import Level
    from logreg.report.explain import Explanation
    from logreg.report.explain_example import Example
    from logreg.report.nodes import Document
    from logreg.report.plots import Plots
    from logreg.report.summary import Summary

__all__ = ["LogisticFit"]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class LogisticFit(LogisticEstimate):
    """A fitted logistic regression: immutable, and without a copy of the data.

    It keeps a reference to the table it was fitted to, for calls without ``data``; a loaded model has none.
    """

    source: Source | None = field(default=None)

    @classmethod
    def of(cls, estimate: LogisticEstimate, source: Source | None) -> LogisticFit:
        """Bind an estimate to the source of its rows."""
        values = {f.name: getattr(estimate, f.name) for f in fields(LogisticEstimate)}
        return cls(**values, source=source)

    def coefficients(self, confidence: float | None = None, interval: str = "wald") -> pd.DataFrame:
        """Return the coefficient table on the logit scale; see `logreg.inference.coefficients`."""
        return coefficient_table(self, confidence, interval, self._likelihood)

    def test(
        self, hypothesis: Any, test: str = "wald", confidence: float | None = None, value: Any = None
    ) -> Verdict:
        """Test a linear hypothesis, ``"age = 0, lwt = 0"`` or ``"[black] age = [other] age"``; see
        `logreg.inference.hypotheses.run_test`.
        """
        return run_test(self, self._likelihood, hypothesis, test, confidence, value)

    def function(self, expression: str, confidence: float | None = None) -> pd.DataFrame:
        """Return a function of the coefficients, ``"-Intercept / dose"``, by the delta method; see
        `logreg.inference.delta_method`.
        """
        return function_table(self, expression, confidence)

    def profile(
        self, term: str, outcome: str | None = None, points: Any = 41, confidence: float | None = None
    ) -> pd.DataFrame:
        """Return the profile log-likelihood of a coefficient; see
        `logreg.inference.coefficients.profile_table`.
        """
        return profile_table(self, self._likelihood, term, outcome, points, confidence)

    def odds_ratios(
        self,
        unit: Any = None,
        interval: str = "wald",
        versus: Any = None,
        intercept: bool = False,
        confidence: float | None = None,
        variables: Any = None,
        at: Any = None,
        levels: str | None = None,
    ) -> pd.DataFrame:
        """Return odds ratios with intervals; see `logreg.interpret.odds_ratios`.

        With ``variables``, ``at`` or ``levels`` the table is about changes of data variables, the others at
        stated values: numbers inside transforms, interactions and splines move as a whole; see
        `logreg.interpret.odds_ratios_at`.
        """
        if not (variables is None and at is None and levels is None):
            if intercept:
                raise SupportError(
                    "odds ratios at stated values have no intercept: leave out intercept=, or variables=, "
                    "at= and levels=."
                )
            return self._odds_ratios_at(variables, at, unit, levels, versus, confidence, interval)
        return odds_ratio_table(
            self,
            unit=unit,
            interval=interval,
            versus=versus,
            intercept=intercept,
            confidence=confidence,
            spread=None if self.source is None else partial(spread_of, self.source, self.spec),
            likelihood=self._likelihood,
        )

    def _odds_ratios_at(
        self,
        variables: Any,
        at: Any,
        unit: Any,
        levels: str | None,
        versus: Any,
        confidence: float | None,
        interval: str,
    ) -> pd.DataFrame:
        return conditional_odds_ratio_table(
            self,
            encode=self._encoded,
            profiles=None if self.source is None else self.profiles,
            variables=variables,
            at=at,
            unit=unit,
            levels=levels,
            versus=versus,
            confidence=confidence,
            interval=interval,
            spread=None if self.source is None else partial(spread_of, self.source, self.spec),
            likelihood=self._likelihood,
        )

    def standardised(self, kind: str = "x", confidence: float | None = None) -> pd.DataFrame:
        """Return standardised coefficients of a named kind; see `logreg.interpret.standardised`."""
        rows = partial(self._training, "a standardised coefficient")
        return standardised_table(
            self, kind, lambda: design_spread(rows().blocks, self.filled_coef), confidence
        )

    def e_values(
        self,
        rare: bool | None = None,
        unit: Any = None,
        confidence: float | None = None,
        variables: Any = None,
        at: Any = None,
        levels: str | None = None,
    ) -> pd.DataFrame:
        """Return E-values of the odds ratios; see `logreg.interpret.evalues`."""
        from logreg.report.outline import joint_terms

        ratios = self.odds_ratios(unit=unit, confidence=confidence, variables=variables, at=at, levels=levels)
        terms = {term for group in joint_terms(self.spec) for term in group.terms}
        joint = {column.name for column in self.spec.columns if column.term in terms}
        return e_value_table(self, ratios, rare=rare, joint=joint)

    def logits(
        self, data: Any = None, interval: bool = False, versus: Any = None, confidence: float | None = None
    ) -> pd.DataFrame:
        """Return linear predictors (log-odds); see `logreg.interpret.predictions`."""
        return logits_table(self, self._rows(data), interval=interval, versus=versus, confidence=confidence)

    def odds(
        self, data: Any = None, interval: bool = False, versus: Any = None, confidence: float | None = None
    ) -> pd.DataFrame:
        """Return odds against the baseline; see `logreg.interpret.predictions`."""
        return odds_table(self, self._rows(data), interval=interval, versus=versus, confidence=confidence)

    def probabilities(
        self, data: Any = None, interval: bool = False, confidence: float | None = None
    ) -> pd.DataFrame:
        """Return probabilities of all outcomes; see `logreg.interpret.predictions`."""
        return probabilities_table(self, self._rows(data), interval=interval, confidence=confidence)

    def classify(self, data: Any = None, threshold: float = 0.5) -> pd.Series[Any]:
        """Return the predicted outcome of each row, decided on the logits; see
        `logreg.interpret.predictions`.
        """
        return classify(self, self._rows(data), threshold=threshold)

    def with_covariance(self, covariance: Any) -> LogisticFit:
        """Return the same fit with another covariance, named or from `logreg.cluster` or `logreg.survey`."""
        from logreg.robust import with_covariance

        if isinstance(covariance, Replicates):
            return replace(self, **covariance_fields(self, covariance))
        return with_covariance(self, covariance)

    def predictions(
        self,
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
        """Return predictions, averaged or row by row; see `logreg.interpret.averages.prediction_table`."""
        return prediction_table(
            self,
            self._access(),
            data=data,
            at=at,
            by=by,
            average=average,
            scale=scale,
            others=others,
            weights=weights,
            unconditional=unconditional,
            confidence=confidence,
        )

    def comparisons(
        self,
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
        """Return comparisons of predictions; see `logreg.interpret.comparisons.comparison_table`."""
        return comparison_table(
            self,
            self._access(),
            variables=variables,
            contrast=contrast,
            at=at,
            by=by,
            average=average,
            data=data,
            scale=scale,
            others=others,
            cross=cross,
            weights=weights,
            unconditional=unconditional,
            confidence=confidence,
        )

    def slopes(
        self,
        variables: Any = None,
        at: Any = None,
        by: Any = None,
        average: bool = True,
        data: Any = None,
        scale: str = "probability",
        kind: str = "dydx",
        others: str = "observed",
        weights: str | None = None,
        unconditional: bool = False,
        confidence: float | None = None,
    ) -> pd.DataFrame:
        """Return derivatives of predictions; see `logreg.interpret.slopes.slope_table`."""
        return slope_table(
            self,
            self._access(),
            variables=variables,
            at=at,
            by=by,
            average=average,
            data=data,
            scale=scale,
            kind=kind,
            others=others,
            weights=weights,
            unconditional=unconditional,
            confidence=confidence,
        )

    def marginal_means(
        self,
        variables: Any,
        weights: str = "equal",
        scale: str = "logit",
        at: Any = None,
        averaging: str = "logit",
        confidence: float | None = None,
    ) -> pd.DataFrame:
        """Return marginal means over a grid; see `logreg.interpret.marginal_means.marginal_mean_table`."""
        return marginal_mean_table(
            self,
            self._access(),
            variables=variables,
            weights=weights,
            scale=scale,
            at=at,
            averaging=averaging,
            confidence=confidence,
        )

    def pairwise(
        self,
        variables: Any,
        adjust: str = "tukey",
        weights: str = "equal",
        scale: str = "logit",
        at: Any = None,
        averaging: str = "logit",
        confidence: float | None = None,
    ) -> pd.DataFrame:
        """Return contrasts of marginal means; see `logreg.interpret.marginal_means.pairwise_table`."""
        return pairwise_table(
            self,
            self._access(),
            variables=variables,
            adjust=adjust,
            weights=weights,
            scale=scale,
            at=at,
            averaging=averaging,
            confidence=confidence,
        )

    @property
    def penalised_loglik(self) -> float:
        """Log-likelihood with Jeffreys' penalty, of a Firth fit; see `logreg.inference.estimators`."""
        return penalised_loglik(self)

    def fit_statistics(self) -> pd.DataFrame:
        """Return the statistics of the fit; see `logreg.inference.fit_statistics`."""
        return fit_statistics(self)

    def anova(self, kind: int = 2, test: str = "LR") -> pd.DataFrame:
        """Return a test of every term; see `logreg.inference.anova.anova`."""
        return anova(self, partial(self._likelihood, f"anova(test={test!r})"), kind, test)

    def overall_test(self, test: str = "LR") -> Verdict:
        """Return the test of all terms together; see `logreg.inference.anova.overall_test`."""
        return overall_test(self, partial(self._likelihood, f"overall_test(test={test!r})"), test)

    def bootstrap(
        self,
        n: int = 1000,
        *,
        cluster: Any = None,
        stratified: bool = False,
        rng: Any = None,
        threads: int | None = None,
    ) -> Bootstrap:
        """Return refits to resamples of the rows or clusters; see `logreg.inference.resampling.bootstrap`."""
        rows = partial(self._resampler, "the bootstrap", cluster)
        return bootstrap(self, rows, n=n, cluster=cluster, stratified=stratified, rng=rng, threads=threads)

    def jackknife(self, cluster: Any = None, *, threads: int | None = None) -> Jackknife:
        """Return refits without each row or cluster; see `logreg.inference.resampling.jackknife`."""
        rows = partial(self._resampler, "the jackknife", cluster)
        return jackknife(self, rows, cluster=cluster, threads=threads)

    def compare(self, *others: LogisticFit) -> pd.DataFrame:
        """Return this and other models in order of size, each tested against the one above it; see
        `logreg.inference.compare.compare`.
        """
        return compare((self, *others), _pairing("compare"))

    def vuong(self, other: LogisticFit) -> pd.DataFrame:
        """Return Vuong's test against a model that is not nested; see `logreg.inference.compare.vuong`."""
        return vuong(self, other, _pairing("vuong"))

    def combine_categories(self, test: str = "wald") -> pd.DataFrame:
        """Return for each pair of outcomes whether any variable tells them apart; see
        `logreg.inference.categories.combine_categories`.
        """
        return combine_categories(self, partial(self._likelihood, f"combine_categories(test={test!r})"), test)

    def independence_of_irrelevant_alternatives(
        self, test: str = "hausman", rng: np.random.Generator | int | None = None
    ) -> pd.DataFrame:
        """Return for each outcome whether the others' odds depend on it; see
        `logreg.inference.categories.independence_of_irrelevant_alternatives`.
        """

        def refits() -> RowsByOutcome:
            require_maximum(self, "independence_of_irrelevant_alternatives()")
            blocks = self._training("independence_of_irrelevant_alternatives()").blocks
            return RowsByOutcome(blocks=blocks, spec=self.spec, max_iterations=self.options.max_iterations)

        return independence_of_irrelevant_alternatives(self, refits, test, rng)

    def profiles(self) -> dict[str, Any]:
        """Return what each predictor looks like over the rows used; see `logreg.passes.describe.profiles_of`.

        Raises
        ------
        PredictError
            For a loaded model.
        """
        if self.source is None:
            raise PredictError(
                "a loaded model holds no rows of the data, so that typical values are not known."
            )
        return profiles_of(self.source, self.spec)

    @property
    def labels(self) -> Mapping[str, str]:
        """Headings of columns that the data carry (a pandas frame in ``attrs["labels"]``)."""
        labels: Mapping[str, str] = getattr(_innermost(self.source), "labels", {})
        return labels

    @property
    def plot(self) -> Plots:
        """Plots on matplotlib axes: ``plot.odds_ratios()``, ``plot.effect("age")``; see
        `logreg.report.plots`.
        """
        from logreg.report.plots import Plots

        return Plots(self)

    def explain(self, audience: str = "plain", **options: Any) -> Explanation:
        """Return the fit in sentences, for "plain" readers, "analyst" or "methods"; see
        `logreg.report.explain`.
        """
        from logreg.report.explain import explain

        return explain(self, audience, **options)

    def worked_example(self, data: Any = None, row: Any = None, confidence: float | None = None) -> Example:
        """Return one record's way from values to logit, odds and probability, term by term.

        Parameters
        ----------
        data : mapping or table with one row
            A value of every predictor: ``{"age": 30, "smoke": "yes"}``.
        row : label, optional
            Instead of data, a row of the fit: its label in a pandas frame, or its position.
        confidence : float, optional
            The fit's own level if not given.

        Returns
        -------
        Example
            Prints as text; ``to_frame()`` has the contributions; see `logreg.interpret.worked_example`.

        Raises
        ------
        SupportError
            Unless one of data and row is given, and the data have one row.
        DataError, PredictError
            For a row or values that the model does not know.
        """
        from logreg.report.explain_example import Example

        if (data is None) == (row is None):
            raise SupportError("a worked example is about one record: give either data= or row=.")
        needed = tuple(dict.fromkeys((*self.spec.predictors, *self.spec.offset_columns)))
        if data is None:
            values = self._values_of_row(row, needed)
        else:
            source = open_new_data(data)
            self._require(source, needed)
            values = one_row(source, needed)
        return Example.of(worked_example(self, values, self._encoded, confidence), self.labels)

    def summary(self) -> Summary:
        """Return the summary: text when printed, a table in notebooks."""
        from logreg.report.summary import Summary

        return Summary(self)

    def report_document(self, **options: Any) -> Document:
        """Return the report as a document; see `logreg.report.sections`."""
        from logreg.report.sections import report_document

        return report_document(self, **options)

    def report(self, path: str | PathLike[str], **options: Any) -> None:
        """Write the report in the format of the suffix (.html .md .txt .json); see `logreg.report`."""
        from logreg.report.write import write_document

        write_document(self.report_document(**options), path)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model as JSON, without any row of the data; see `logreg.export.storage`."""
        from logreg.export.storage import write_model

        write_model(self, path)

    def _training(self, what: str, also: Sequence[str] = ()) -> TrainingRows:
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
        return training_rows(self.source, self.spec, also=also)

    def _access(self) -> Access:
        """Return what effects need beyond the numbers of the fit."""
        return Access(
            population=self._population,
            profiles=self.profiles,
            distribution=self._distribution,
        )

    def _population(self, what: str, data: Any, weights: Any, also: Sequence[str]) -> Population:
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
            self._require(source, (*self.spec.predictors, *self.spec.offset_columns))
        for name in (*also, *(() if weights is None else (weights,))):
            if name not in source.column_names:
                hint = did_you_mean(str(name), source.column_names)
                raise DataError(f"{what}: {name!r} is not a column of the data.{hint}")
        return population_of(
            source,
            self.spec,
            training=data is None,
            weights=weights,
            also=also,
            index=getattr(_innermost(source), "index", None),
        )

    def _distribution(self, name: str) -> Any:
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
        return distribution_of(self.source, self.spec, name)

    def _likelihood(self, what: str) -> Likelihood:
        """Return the log-likelihood over the rows of the fit, for what Wald statistics cannot say.

        Raises
        ------
        SupportError
            For a loaded model, under sampling weights, which have no likelihood, and for estimates that
            maximise none. Firth's likelihood is the penalised one, with the penalty of the full design
            whatever is held fixed.
        """
        require_likelihood(self, what)
        working = working_rows(self._training(what), self.spec)
        aliased = {name for name, _ in self.aliases}
        kept = np.array([name not in aliased for name in self.spec.column_names], dtype=bool)
        free = np.flatnonzero(np.tile(kept, len(self.coef_array)))
        optimum = np.asarray(np.linalg.solve(working.to_design, self.limit_coef.T).T, dtype=np.float64)
        penalised = self.options.estimator == "firth"
        return Likelihood(
            # With the penalty counted from its value at the estimate, the maximum is ``loglik`` here as well.
            objective=penalised_objective(working.blocks, free, optimum) if penalised else working.objective,
            to_design=working.to_design,
            optimum=optimum,
            free=free,
            n_rows=working.n_rows,
            max_iterations=self.options.max_iterations,
            recession=None
            if self.separation.direction is None
            else partial(find_recession, working.blocks, objective_of, np.flatnonzero(kept)),
        )

    def _resampler(self, what: str, cluster: Any) -> Resampler:
        """Return the rows of the fit for refits, in clusters if a column or an array names them."""
        require_maximum(self, what)
        rows = self._training(what)
        assert self.source is not None
        scores = Scores(
            source=self.source,
            positions=np.concatenate(rows.positions),
            frequencies=self.spec.weight_kind == "frequency",
        )
        groups = None if cluster is None else clusters_of(scores, cluster)
        resampling = resampling_of(
            working_rows(rows, self.spec),
            self.spec,
            coef=self.filled_coef,
            estimated=self.estimated,
            groups=groups,
            max_iterations=self.options.max_iterations,
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

    def _rows(self, data: Any) -> LabelledRows:
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
        needed = (*self.spec.predictors, *self.spec.offset_columns)
        if not training:
            self._require(source, needed)
        rows = encode_for_prediction(source, self.spec, training=training)
        return LabelledRows(rows=rows, index=_index_of(source, rows, training=training))

    def _encoded(self, rows: Mapping[str, Sequence[Any]]) -> PredictionRows:
        """Return rows that were made up, encoded; offsets given as arrays are columns like others here."""
        return encode_for_prediction(open_source(rows), self.spec, training=False)

    def _values_of_row(self, label: Any, names: tuple[str, ...]) -> dict[str, Level]:
        """Return what a row of the fit holds in the named columns."""
        rows = self._training("a worked example of a row", also=names)
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

    def _require(self, source: Source, needed: tuple[str, ...]) -> None:
        from_arrays = [name for name in needed if name in self.spec.user_columns]
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

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the estimate alone: the table it was fitted to stays behind, as when it is saved."""
        return {**self.__dict__, "source": None}

    def __repr__(self) -> str:
        outcome = self.spec.outcome
        what = (
            f"P({outcome.names[1]})"
            if self.is_binary
            else f"{len(outcome.names)} outcomes against {outcome.baseline}"
        )
        return (
            f"<LogisticFit {self.spec.formula}: {what}, n = {self.n_rows}, loglik = {self.loglik:.6g}, "
            f"{self.convergence.status}>"
        )


def _pairing(what: str) -> Pairing:
    """Return how the rows of two fits are put side by side; each fit's rows are encoded once."""

    found: dict[int, tuple[DesignBlock, ...]] = {}

    def blocks(fit: LogisticFit) -> tuple[DesignBlock, ...]:
        return found.get(id(fit)) or found.setdefault(id(fit), fit._training(what).blocks)

    def pair(
        first: LogisticEstimate, second: LogisticEstimate, order: Sequence[int]
    ) -> RowsSideBySide | None:
        assert isinstance(first, LogisticFit)
        assert isinstance(second, LogisticFit)
        require_maximum(first, what)
        require_maximum(second, what)
        if first.source is None or second.source is None:
            return None
        return paired_rows(blocks(first), blocks(second), order)

    return pair


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
