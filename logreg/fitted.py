"""`LogisticFit`: the estimate with the verbs of every room bound to it. Bodies are one line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from logreg.data.source import Source
from logreg.diagnose.calibration import calibration_table
from logreg.diagnose.discrimination import roc_table
from logreg.diagnose.performance import performance_table
from logreg.diagnose.rankings import Ranking, no_interval_reason, rankings_of
from logreg.engine.types import DesignBlock
from logreg.errors import SupportError
from logreg.fitted_rows import FittedRows
from logreg.inference.anova import anova, overall_test
from logreg.inference.categories import combine_categories, independence_of_irrelevant_alternatives
from logreg.inference.coefficients import coefficient_table, profile_table
from logreg.inference.comparable import Pairing, RowsSideBySide
from logreg.inference.compare import compare, vuong
from logreg.inference.delta_method import function_table
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.estimators import penalised_loglik, require_maximum
from logreg.inference.fit_statistics import fit_statistics
from logreg.inference.hypotheses import run_test
from logreg.inference.replicates import Bootstrap, Jackknife, Replicates, covariance_fields
from logreg.inference.resampling import bootstrap, jackknife
from logreg.inference.verdict import Verdict
from logreg.interpret.averages import prediction_table
from logreg.interpret.comparisons import comparison_table
from logreg.interpret.crude import crude_odds_ratio_table
from logreg.interpret.evalues import e_value_table
from logreg.interpret.marginal_means import marginal_mean_table, pairwise_table
from logreg.interpret.odds_ratios import odds_ratio_table
from logreg.interpret.odds_ratios_at import conditional_odds_ratio_table
from logreg.interpret.predictions import (
    classify,
    logits_table,
    odds_table,
    probabilities_table,
)
from logreg.interpret.slopes import slope_table
from logreg.interpret.standardised import standardised_table
from logreg.interpret.tidy import glance_table, tidy_table
from logreg.interpret.worked_example import worked_example
from logreg.passes.against_rest import recalibration
from logreg.passes.rows import paired_rows
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

    from logreg.adapters.maketables import MakeTablesView
    from logreg.report.explain import Explanation
    from logreg.report.explain_example import Example
    from logreg.report.nodes import Document
    from logreg.report.plots import Plots
    from logreg.report.presented import Presented
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
        return coefficient_table(self, confidence, interval, self._rows.likelihood)

    def test(
        self, hypothesis: Any, test: str = "wald", confidence: float | None = None, value: Any = None
    ) -> Verdict:
        """Test a linear hypothesis, ``"age = 0, lwt = 0"`` or ``"[black] age = [other] age"``; see
        `logreg.inference.hypotheses.run_test`.
        """
        return run_test(self, self._rows.likelihood, hypothesis, test, confidence, value)

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
        return profile_table(self, self._rows.likelihood, term, outcome, points, confidence)

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
            spread=None if self.source is None else self._rows.spread_of,
            likelihood=self._rows.likelihood,
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
            encode=self._rows.encoded,
            profiles=None if self.source is None else self.profiles,
            variables=variables,
            at=at,
            unit=unit,
            levels=levels,
            versus=versus,
            confidence=confidence,
            interval=interval,
            spread=None if self.source is None else self._rows.spread_of,
            likelihood=self._rows.likelihood,
        )

    def standardised(self, kind: str = "x", confidence: float | None = None) -> pd.DataFrame:
        """Return standardised coefficients of a named kind; see `logreg.interpret.standardised`."""
        return standardised_table(self, kind, self._rows.spread, confidence)

    def crude_odds_ratios(
        self, unit: Any = None, interval: str = "wald", versus: Any = None, confidence: float | None = None
    ) -> pd.DataFrame:
        """Return odds ratios of each variable alone beside the adjusted; see `logreg.interpret.crude`."""
        from logreg.reduced import reduced_fit
        from logreg.report.outline import joint_terms

        return crude_odds_ratio_table(
            self,
            partial(reduced_fit, self, what="crude_odds_ratios()"),
            joint=[group.terms for group in joint_terms(self.spec)],
            unit=unit,
            interval=interval,
            versus=versus,
            confidence=confidence,
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
        return logits_table(
            self, self._rows.labelled(data), interval=interval, versus=versus, confidence=confidence
        )

    def odds(
        self, data: Any = None, interval: bool = False, versus: Any = None, confidence: float | None = None
    ) -> pd.DataFrame:
        """Return odds against the baseline; see `logreg.interpret.predictions`."""
        return odds_table(
            self, self._rows.labelled(data), interval=interval, versus=versus, confidence=confidence
        )

    def probabilities(
        self, data: Any = None, interval: bool = False, confidence: float | None = None
    ) -> pd.DataFrame:
        """Return probabilities of all outcomes; see `logreg.interpret.predictions`."""
        return probabilities_table(self, self._rows.labelled(data), interval=interval, confidence=confidence)

    def classify(self, data: Any = None, threshold: float = 0.5) -> pd.Series[Any]:
        """Return the predicted outcome of each row, decided on the logits; see
        `logreg.interpret.predictions`.
        """
        return classify(self, self._rows.labelled(data), threshold=threshold)

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
            self._rows.access(),
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
            self._rows.access(),
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
            self._rows.access(),
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
            self._rows.access(),
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
            self._rows.access(),
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

    def rankings(self, data: Any = None, weights: str | None = None) -> tuple[Ranking, ...]:
        """Return the trials of each outcome against the rest in the order of their predictions; see
        `logreg.diagnose.rankings`.
        """
        found = self._rows.predicted("the performance of predictions", data, weights)
        weighted = (self.spec.weights if data is None else weights) is not None
        return rankings_of(
            self.spec.outcome.names,
            found.log_odds,
            found.trials,
            apparent=data is None,
            no_interval=no_interval_reason(self, apparent=data is None, weighted=weighted),
        )

    def performance(
        self, data: Any = None, weights: str | None = None, confidence: float | None = None
    ) -> pd.DataFrame:
        """Return area under the ROC curve, Brier score and calibration, in the rows of the fit (where they
        flatter) or in new ``data``; see `logreg.diagnose.performance`.
        """
        level = self.options.confidence if confidence is None else confidence
        return performance_table(self.rankings(data, weights), recalibration, level)

    def calibration(
        self,
        groups: int = 10,
        data: Any = None,
        weights: str | None = None,
        confidence: float | None = None,
    ) -> pd.DataFrame:
        """Return predicted and observed shares in groups of like predictions; see
        `logreg.diagnose.calibration`.
        """
        level = self.options.confidence if confidence is None else confidence
        return calibration_table(self.rankings(data, weights), groups, level)

    def roc(self, data: Any = None, weights: str | None = None) -> pd.DataFrame:
        """Return sensitivity and specificity at every threshold; see `logreg.diagnose.discrimination`."""
        return roc_table(self.rankings(data, weights))

    def anova(self, kind: int = 2, test: str = "LR") -> pd.DataFrame:
        """Return a test of every term; see `logreg.inference.anova.anova`."""
        return anova(self, partial(self._rows.likelihood, f"anova(test={test!r})"), kind, test)

    def overall_test(self, test: str = "LR") -> Verdict:
        """Return the test of all terms together; see `logreg.inference.anova.overall_test`."""
        return overall_test(self, partial(self._rows.likelihood, f"overall_test(test={test!r})"), test)

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
        rows = partial(self._rows.resampler, "the bootstrap", cluster)
        return bootstrap(self, rows, n=n, cluster=cluster, stratified=stratified, rng=rng, threads=threads)

    def jackknife(self, cluster: Any = None, *, threads: int | None = None) -> Jackknife:
        """Return refits without each row or cluster; see `logreg.inference.resampling.jackknife`."""
        rows = partial(self._rows.resampler, "the jackknife", cluster)
        return jackknife(self, rows, cluster=cluster, threads=threads)

    def group_counts(self) -> tuple[tuple[str, str, int], ...]:
        """Return (role, column, number of groups) of the clusters and strata of the covariance; none for a
        loaded model.
        """
        return self._rows.group_counts()

    def missing_values(self) -> pd.DataFrame:
        """Return in how many of the rows read each column of the model has no value: ``column, rows``.

        A row that lacks several values counts for each of them; ``fit.sample`` counts it at the first.

        Raises
        ------
        SupportError
            For a loaded model, which holds no rows.

        Examples
        --------
        >>> import logreg
        >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
        >>> fit.missing_values()["rows"].tolist()
        [0, 0, 0]
        """
        counts = self._rows.missing_counts()
        return table({"column": list(counts), "rows": list(counts.values())})

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
        return combine_categories(
            self, partial(self._rows.likelihood, f"combine_categories(test={test!r})"), test
        )

    def independence_of_irrelevant_alternatives(
        self, test: str = "hausman", rng: np.random.Generator | int | None = None
    ) -> pd.DataFrame:
        """Return for each outcome whether the others' odds depend on it; see
        `logreg.inference.categories.independence_of_irrelevant_alternatives`.
        """

        refits = partial(self._rows.by_outcome, "independence_of_irrelevant_alternatives()")
        return independence_of_irrelevant_alternatives(self, refits, test, rng)

    def profiles(self) -> dict[str, Any]:
        """Return what each predictor looks like over the rows used; see `logreg.passes.describe.profiles_of`.

        Raises
        ------
        PredictError
            For a loaded model.
        """
        return self._rows.profiles()

    def tidy(
        self, conf_int: bool = False, confidence: float | None = None, exponentiate: bool = False
    ) -> pd.DataFrame:
        """Return one row per coefficient in broom's grammar; see `logreg.interpret.tidy.tidy_table`."""
        return tidy_table(
            self.coefficients(confidence),
            multinomial=not self.is_binary,
            conf_int=conf_int,
            exponentiate=exponentiate,
        )

    def glance(self) -> pd.DataFrame:
        """Return one row about the fit in broom's grammar; see `logreg.interpret.tidy.glance_table`."""
        return glance_table(self)

    def augment(self, data: Any = None) -> pd.DataFrame:
        """Return records with logits, errors and residuals; see `logreg.adapters.model_frame.augment`."""
        from logreg.adapters.model_frame import augment

        return augment(self, data)

    def table_one(self, variables: Sequence[str] | None = None, **options: Any) -> Presented:
        """Return the characteristics of the rows by outcome; see `logreg.adapters.describe.table_one_of`."""
        from logreg.adapters.describe import table_one_of

        return table_one_of(self, variables, **options)

    def maketables(self) -> tuple[MakeTablesView, ...]:
        """Return one model per outcome for maketables; see `logreg.adapters.maketables`."""
        from logreg.adapters.maketables import maketables_views

        return maketables_views(self, self.coefficients(), self.fit_statistics(), self.labels)

    def __getattr__(self, name: str) -> Any:
        # maketables looks for attributes of its own on a model of one equation.
        if name.startswith("__maketables_") and self.is_binary:
            return getattr(self.maketables()[0], name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def labels(self) -> Mapping[str, str]:
        """Headings of columns that the data carry (a pandas frame in ``attrs["labels"]``)."""
        return self._rows.labels

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

        values = self._rows.one_record(data, row)
        return Example.of(worked_example(self, values, self._rows.encoded, confidence), self.labels)

    def summary(self, interval: str = "wald", confidence: float | None = None) -> Summary:
        """Return the summary: text when printed, a table in notebooks; intervals "wald" or "profile"."""
        from logreg.report.summary import Summary

        return Summary(self, interval, confidence)

    def report_document(self, **options: Any) -> Document:
        """Return the report as a document; see `logreg.report.sections`."""
        from logreg.report.sections import report_document

        return report_document(self, **options)

    def report(self, path: str | PathLike[str], **options: Any) -> None:
        """Write the report in the format of the suffix: .html .md .txt .json .tex .pdf .docx .xlsx."""
        from logreg.report.write import write_document

        write_document(self.report_document(**options), path)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model as JSON, without any row of the data; see `logreg.export.storage`."""
        from logreg.export.storage import write_model

        write_model(self, path)

    @property
    def _rows(self) -> FittedRows:
        return FittedRows(self, self.source)

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
        return found.get(id(fit)) or found.setdefault(id(fit), fit._rows.training(what).blocks)

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
