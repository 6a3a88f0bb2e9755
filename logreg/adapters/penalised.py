"""A fit with a penalty: coefficients that describe and predict, without errors.

A penalty pulls coefficients towards zero by an amount that the data do not decide. The inverse information
then measures neither how far they are from the truth nor how much they vary; no standard error, interval or
p-value is given, and what rests on the likelihood's maximum is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from logreg.engine.types import FloatArray
from logreg.errors import SupportError
from logreg.fitted import LogisticFit
from logreg.inference.estimate import FITTED_BY
from logreg.report.chosen import Wanted, chosen_blocks
from logreg.report.context import BLANK, Context, Units, context_of, step_text
from logreg.report.formats import PLAIN, NumberStyle, fixed, odds_ratio
from logreg.report.journals import style_named
from logreg.report.nodes import Cell, Document, Note, Paragraph, Row, Section, Table, TableColumn, paragraph
from logreg.report.render_html import render_fragment
from logreg.report.render_text import render
from logreg.report.sections_coefficients import logit_text
from logreg.report.sections_data import data_section
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NO_ERRORS", "PENALISED", "PenalisedFit", "PenalisedSummary"]

#: The estimator of such fits, in ``options.estimator``.
PENALISED = "penalised"

#: Why they have no errors.
NO_ERRORS = (
    "errors are not valid for penalised fits: the penalty biases the coefficients towards zero by an amount "
    "that standard errors do not know of"
)


def _refused(what: str) -> Any:
    """Return a method that says why a fit with a penalty has no such result."""

    def refuse(_fit: PenalisedFit, *_args: object, **_options: object) -> NoReturn:
        raise SupportError(f"{what} is not supported: {NO_ERRORS}. Fit without a penalty: logreg.fit.")

    refuse.__doc__ = f"Refuse {what}: {NO_ERRORS}."
    return refuse


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class PenalisedFit(LogisticFit):
    """A `LogisticFit` whose coefficients were estimated with a penalty.

    Odds ratios, logits, probabilities, classes, average predictions and comparisons are those of the
    coefficients; every standard error, limit and p-value is NaN. Tests, profiles, resampling and saving are
    refused.
    """

    @cached_property
    def logit_vcov(self) -> FloatArray:
        """NaN throughout (m p, m p): nothing is known of the error of a logit."""
        return np.full_like(self.vcov_array, np.nan)

    def odds_ratios(self, *args: Any, **options: Any) -> pd.DataFrame:
        """Return odds ratios without intervals; see `LogisticFit.odds_ratios`."""
        if options.get("interval", "wald") != "wald":
            _refused("interval=")(self)
        found = super().odds_ratios(*args, **options)
        found[["conf_low", "conf_high", "p_value"]] = np.nan
        return found

    def logits(
        self, data: Any = None, interval: bool = False, versus: Any = None, confidence: float | None = None
    ) -> pd.DataFrame:
        """Return linear predictors (log-odds), limits NaN; see `LogisticFit.logits`."""
        return _without_errors(super().logits(data, False, versus, confidence), interval)

    def odds(
        self, data: Any = None, interval: bool = False, versus: Any = None, confidence: float | None = None
    ) -> pd.DataFrame:
        """Return odds against the baseline, limits NaN; see `LogisticFit.odds`."""
        return _without_errors(super().odds(data, False, versus, confidence), interval)

    def probabilities(
        self, data: Any = None, interval: bool = False, confidence: float | None = None
    ) -> pd.DataFrame:
        """Return probabilities of all outcomes, limits NaN; see `LogisticFit.probabilities`."""
        return _without_errors(super().probabilities(data, False, confidence), interval)

    test = _refused("test()")
    function = _refused("function()")
    with_covariance = _refused("with_covariance()")
    e_values = _refused("e_values()")
    crude_odds_ratios = _refused("crude_odds_ratios()")
    anova = _refused("anova()")
    overall_test = _refused("overall_test()")
    worked_example = _refused("worked_example()")
    explain = _refused("explain()")
    save = _refused("save()")

    def summary(  # type: ignore[override]
        self, interval: str = "wald", confidence: float | None = None
    ) -> PenalisedSummary:
        """Return the summary: text when printed, a table in notebooks. There are no intervals."""
        if interval != "wald" or confidence is not None:
            _refused("an interval")(self)
        return PenalisedSummary(self)

    def report_document(self, **options: Any) -> Document:
        """Return the report; options are those of `penalised_report`."""
        return penalised_report(self, **options)


def _without_errors(wide: pd.DataFrame, interval: object) -> pd.DataFrame:
    """Return predictions as they are, or in the long form of those with intervals."""
    if not isinstance(interval, bool | np.bool_):
        raise SupportError(f"interval={interval!r} is not supported here: use True or False.")
    if not interval:
        return wide
    n, k = wide.shape
    nothing = np.full(n * k, np.nan)
    return table(
        {
            "row": np.repeat(np.asarray(wide.index, dtype=object), k),
            "outcome": np.tile(np.asarray(wide.columns, dtype=object), n),
            "estimate": wide.to_numpy().ravel(),
            "std_error": nothing,
            "conf_low": nothing,
            "conf_high": nothing,
        }
    )


def _coefficients(context: Context) -> Table:
    """Return logits and odds ratios outcome by outcome, without errors."""
    rows = []
    for equation, outcome in enumerate(context.outcomes):
        heading = f"{outcome} (against {context.baseline})"
        rows.append(Row(cells=(Cell(text=heading, value=outcome, style="strong"),), kind="group"))
        for line in context.lines:
            if line.position is None:
                continue
            numbers = context.numbers[equation][line.position]
            ratio = odds_ratio(numbers.ratio, context.style)
            unit = (
                ""
                if numbers.unit in (None, 1.0)
                else f", per {step_text(numbers.unit or 1.0, context.style)}"
            )
            cells = (
                Cell(text=line.text + unit, value=line.name),
                Cell(text=logit_text(numbers.logit, context.style), value=numbers.logit),
                Cell(text=BLANK if line.kind == "intercept" else ratio, value=numbers.ratio),
            )
            rows.append(Row(cells=cells, indent=1))
    return Table(
        key="coefficients",
        caption=f"Penalised logits and odds ratios for {context.outcome_heading}.",
        columns=(
            TableColumn(key="term", heading="Outcome and variable"),
            TableColumn(key="estimate", heading="Logit", unit="log-odds", align="right"),
            TableColumn(key="odds_ratio", heading="Odds ratio", align="right"),
        ),
        rows=tuple(rows),
        notes=(
            "Numeric variables: for an increase by 1 unless “per” says otherwise.",
            f"{_first_upper(NO_ERRORS)}.",
        ),
    )


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _warnings(fit: PenalisedFit) -> tuple[Note, ...]:
    return tuple(Note(text=remark.text, kind="warning") for remark in fit.remarks)


def _closing(context: Context) -> Paragraph:
    fit, style = context.fit, context.style
    null = fixed(fit.loglik_null, 3, style)
    return paragraph(
        f"{fit.n_rows} rows; log-likelihood without the penalty {fixed(fit.loglik, 3, style)} ({null} with "
        f"intercepts only). Estimated by {fit.provenance.get(FITTED_BY, 'another package')}."
    )


def penalised_summary(fit: PenalisedFit) -> Document:
    """Return the summary as a small document."""
    context = context_of(fit, style=PLAIN)
    return Document(
        title="Penalised logistic regression",
        subtitle=fit.spec.formula,
        blocks=(*_warnings(fit), _coefficients(context), _closing(context)),
    )


def penalised_report(
    fit: PenalisedFit,
    *,
    title: str | None = None,
    labels: Mapping[str, str] | None = None,
    units: Units | None = None,
    versus: object = None,
    style: str | NumberStyle = "report",
    sections: Wanted = None,
) -> Document:
    """Return the report of a penalised fit: data, coefficients, and what the model predicts."""
    context = context_of(fit, labels=labels, units=units, versus=versus, style=style_named(style))
    makers = {
        "data": lambda: data_section(context, fit.profiles(), ()),
        "odds_ratios": lambda: Section(
            key="odds_ratios", title="Coefficients", blocks=(_coefficients(context), _closing(context))
        ),
        "comparisons": lambda: _average_changes(context),
    }
    return Document(
        title=title if title is not None else f"Penalised logistic regression of {context.outcome_heading}",
        subtitle=fit.spec.formula,
        blocks=(*_warnings(fit), *chosen_blocks(sections, makers, makers)),
    )


def _average_changes(context: Context) -> Section:
    """Return average changes of probabilities, which need no error to be read."""
    found = context.fit.comparisons()
    rows = tuple(
        Row(
            cells=(
                Cell(text=str(row["outcome"]), value=str(row["outcome"])),
                Cell(text=context.label(str(row["variable"])), value=str(row["variable"])),
                Cell(text=str(row["contrast"]), value=str(row["contrast"])),
                Cell(
                    text=fixed(100.0 * float(row["estimate"]), 2, context.style), value=float(row["estimate"])
                ),
            )
        )
        for row in found.to_dict("records")
    )
    table = Table(
        key="comparisons",
        caption="Average changes of the predicted probabilities, in percentage points.",
        columns=(
            TableColumn(key="outcome", heading="Outcome"),
            TableColumn(key="variable", heading="Variable"),
            TableColumn(key="contrast", heading="Change"),
            TableColumn(key="estimate", heading="Probability", unit="percentage points", align="right"),
        ),
        rows=rows,
        row_headers=3,
    )
    return Section(key="comparisons", title="Average changes of probabilities", blocks=(table,))


class PenalisedSummary:
    """What a penalised fit says, on one screen: prints as text, shows as a table in notebooks."""

    def __init__(self, fit: PenalisedFit) -> None:
        self._document = penalised_summary(fit)

    def __str__(self) -> str:
        return render(self._document).rstrip("\n")

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return render_fragment(self._document)
