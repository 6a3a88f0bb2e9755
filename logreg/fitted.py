"""`LogisticFit`: the estimate with the verbs of every room bound to it. Bodies are one line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from logreg.data import open_source
from logreg.data.extended import ExtendedSource
from logreg.data.source import Source
from logreg.engine.recession import find_recession
from logreg.errors import DataError, PredictError, SupportError, did_you_mean
from logreg.inference.anova import anova, overall_test
from logreg.inference.coefficients import coefficient_table
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.fit_statistics import fit_statistics
from logreg.inference.likelihood import Likelihood
from logreg.interpret.evalues import e_value_table
from logreg.interpret.odds_ratios import odds_ratio_table
from logreg.interpret.odds_ratios_at import conditional_odds_ratio_table
from logreg.interpret.predictions import (
    LabelledRows,
    classify,
    logits_table,
    odds_table,
    probabilities_table,
)
from logreg.interpret.standardised import standardised_table
from logreg.passes.describe import profiles_of, spread_of
from logreg.passes.encode import PredictionRows, TrainingRows, encode_for_prediction, training_rows
from logreg.passes.moments import design_spread
from logreg.passes.sums import objective_of
from logreg.passes.training import working_rows

if TYPE_CHECKING:
    import pandas as pd

    from logreg.report.explain import Explanation
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
        return coefficient_table(self, confidence, interval)

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
            if interval != "wald" or intercept:
                raise SupportError(
                    "odds ratios at stated values have Wald intervals and no intercept: leave out interval= "
                    "and intercept=, or variables=, at= and levels=."
                )
            return self._odds_ratios_at(variables, at, unit, levels, versus, confidence)
        return odds_ratio_table(
            self,
            unit=unit,
            interval=interval,
            versus=versus,
            intercept=intercept,
            confidence=confidence,
            spread=None if self.source is None else partial(spread_of, self.source, self.spec),
        )

    def _odds_ratios_at(
        self, variables: Any, at: Any, unit: Any, levels: str | None, versus: Any, confidence: float | None
    ) -> pd.DataFrame:
        return conditional_odds_ratio_table(
            self,
            encode=lambda rows: encode_for_prediction(open_source(rows), self.spec, training=False),
            profiles=None if self.source is None else self.profiles,
            variables=variables,
            at=at,
            unit=unit,
            levels=levels,
            versus=versus,
            confidence=confidence,
            spread=None if self.source is None else partial(spread_of, self.source, self.spec),
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

        ratios = self.odds_ratios(
            unit=unit, confidence=confidence, variables=variables, at=at, levels=levels
        )
        joint = {term for group in joint_terms(self.spec) for term in group.terms}
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

    def fit_statistics(self) -> pd.DataFrame:
        """Return the statistics of the fit; see `logreg.inference.fit_statistics`."""
        return fit_statistics(self)

    def anova(self, kind: int = 2, test: str = "LR") -> pd.DataFrame:
        """Return a test of every term; see `logreg.inference.anova.anova`."""
        return anova(self, partial(self._likelihood, f"anova(test={test!r})"), kind, test)

    def overall_test(self, test: str = "LR") -> pd.DataFrame:
        """Return the test of all terms together; see `logreg.inference.anova.overall_test`."""
        return overall_test(self, partial(self._likelihood, f"overall_test(test={test!r})"), test)

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
        """Return the odds ratios in sentences; see `logreg.report.explain`."""
        from logreg.report.explain import explain

        return explain(self, audience, **options)

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

    def _likelihood(self, what: str) -> Likelihood:
        """Return the log-likelihood over the rows of the fit, for what Wald statistics cannot say.

        Raises
        ------
        SupportError
            For a loaded model, and under sampling weights, which have no likelihood.
        """
        if not self.has_likelihood:
            raise SupportError(
                f"{what} needs a likelihood, and sampling weights have none. Use Wald tests and intervals."
            )
        working = working_rows(self._training(what), self.spec)
        aliased = {name for name, _ in self.aliases}
        kept = np.array([name not in aliased for name in self.spec.column_names], dtype=bool)
        return Likelihood(
            objective=working.objective,
            to_design=working.to_design,
            optimum=np.asarray(np.linalg.solve(working.to_design, self.limit_coef.T).T, dtype=np.float64),
            free=np.flatnonzero(np.tile(kept, len(self.coef_array))),
            n_rows=working.n_rows,
            max_iterations=self.options.max_iterations,
            recession=None
            if self.separation.direction is None
            else partial(find_recession, working.blocks, objective_of, np.flatnonzero(kept)),
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
        source = self.source if data is None else open_source(data)
        assert source is not None
        needed = (*self.spec.predictors, *self.spec.offset_columns)
        if not training:
            self._require(source, needed)
        rows = encode_for_prediction(source, self.spec, training=training)
        return LabelledRows(rows=rows, index=_index_of(source, rows, training=training))

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
