"""The summary of a fit: compact text in a terminal, a table in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logreg.inference.estimators import ESTIMATORS
from logreg.inference.fit_statistics import NO_LIKELIHOOD, NO_MAXIMUM
from logreg.report.context import Context, context_of
from logreg.report.formats import PLAIN, fixed
from logreg.report.inference_words import covariance_text
from logreg.report.nodes import Block, Document, Fact, Facts, Note, paragraph
from logreg.report.outline import level_text
from logreg.report.render_html import render_fragment
from logreg.report.render_text import render
from logreg.report.sections_coefficients import binary_table, stacked_table
from logreg.report.sections_tests import overall_statistic
from logreg.report.words import amount

if TYPE_CHECKING:
    from logreg.fitted import LogisticFit

__all__ = ["Summary", "summary_document"]


class Summary:
    """What a fit says, on one screen: prints as text, shows as a table in notebooks.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ smoke", logreg.datasets.load("birthwt"))
    >>> print(str(fit.summary()).splitlines()[0])
    Logistic regression
    """

    def __init__(self, fit: LogisticFit, interval: str = "wald", confidence: float | None = None) -> None:
        self._document = summary_document(fit, interval, confidence)

    def __str__(self) -> str:
        return render(self._document).rstrip("\n")

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return render_fragment(self._document)


def summary_document(fit: LogisticFit, interval: str = "wald", confidence: float | None = None) -> Document:
    """Return the summary as a small document.

    Parameters
    ----------
    fit : LogisticFit
    interval : {"wald", "profile"}
        Intervals and p values of the coefficients.
    confidence : float, optional
        Level of the intervals; the fit's own if not given.

    Raises
    ------
    SupportError
        For profile likelihood intervals where there is no likelihood.
    """
    context = context_of(fit, interval=interval, confidence=confidence, style=PLAIN)
    table = binary_table(context, counts=False) if fit.is_binary else stacked_table(context)
    blocks: list[Block] = [
        *(Note(text=remark.text, kind="warning") for remark in fit.remarks),
        _facts(context),
        table,
        paragraph(_statistics(context)),
        paragraph(_first_upper(str(fit.convergence)) + "."),
    ]
    kind = "Logistic regression" if fit.is_binary else "Multinomial logistic regression"
    return Document(title=kind, subtitle=fit.spec.formula, blocks=tuple(blocks))


def _facts(context: Context) -> Facts:
    fit, style = context.fit, context.style
    sample, outcome = fit.sample, fit.spec.outcome
    counts = ", ".join(
        f"{level_text(name)} {amount(n, style)}" for name, n in zip(outcome.names, sample.weight, strict=True)
    )
    what = (
        f"{context.outcomes[0]} (against {context.baseline})"
        if outcome.is_binary
        else f"each against {context.baseline}"
    )
    items = [
        Fact(label="Outcome", text=f"{outcome.label}: {what}; {outcome.rule}"),
        Fact(label="Counts" if fit.spec.weights is None else "Weights", text=counts),
        Fact(label="Rows", text=f"{sample.rows_used} used of {sample.rows_read}", value=sample.rows_used),
        Fact(
            label="Covariance",
            text=covariance_text(fit.options.covariance, fit.reference_df),
            value=fit.options.covariance,
        ),
    ]
    if fit.options.estimator != "ml":
        estimator = fit.options.estimator
        items.append(Fact(label="Estimator", text=ESTIMATORS[estimator], value=estimator))
    if fit.spec.weights is not None:
        items.append(Fact(label="Weighted by", text=f"{fit.spec.weights} ({fit.spec.weight_kind} weights)"))
    return Facts(items=tuple(items))


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _statistics(context: Context) -> str:
    fit, style = context.fit, context.style
    frame = fit.fit_statistics()
    values = dict(zip(frame["statistic"].tolist(), frame["value"].tolist(), strict=True))
    null = fixed(fit.loglik_null, 3, style)
    parts = [f"og-likelihood {fixed(fit.loglik, 3, style)} ({null} with intercepts only)"]
    parts[0] = f"L{parts[0]}" if fit.has_likelihood else f"Pseudo-l{parts[0]}"
    if fit.options.estimator == "firth":
        parts.append(f"penalised {fixed(values['loglik_penalised'], 3, style)}")
    overall = overall_statistic(context)
    parts += [overall] if overall else []
    if fit.maximises_likelihood:
        parts.append(f"AIC {fixed(fit.aic, 2, style)}, BIC {fixed(fit.bic, 2, style)}")
        parts.append(f"McFadden R2 {fixed(values['mcfadden'], 3, style)}")
    else:
        parts.append(f"criteria are {NO_MAXIMUM if fit.has_likelihood else NO_LIKELIHOOD}")
    return "; ".join(parts) + "."
