"""``fit.explain()``: the odds ratios in sentences."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from logreg.errors import SupportError
from logreg.report.context import Context, Units, context_of
from logreg.report.formats import PLAIN, visible
from logreg.report.outline import joint_terms
from logreg.report.words import joint_sentence, outcome_sentence, ratio_sentence

if TYPE_CHECKING:
    from logreg.fitted import LogisticFit

__all__ = ["CAUTION", "MULTINOMIAL_CAUTION", "Explanation", "explain", "sentences"]

#: Belongs to every list of odds ratios.
CAUTION = (
    "Odds are not probabilities: odds of 1 to 3 are a probability of 25%. These are associations among the "
    "records at hand; by themselves they do not say what would happen if something were changed."
)
MULTINOMIAL_CAUTION = (
    "Each odds ratio compares the two outcomes it names and no others; the probability of an outcome may "
    "move the other way, since it depends on all outcomes at once."
)


class Explanation(tuple[str, ...]):
    """Sentences, one per odds ratio: a tuple of text that prints as lines."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(visible(sentence) for sentence in self)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return "".join(f"<p>{html.escape(visible(sentence))}</p>" for sentence in self)


def explain(
    fit: LogisticFit,
    audience: str = "plain",
    *,
    labels: Mapping[str, str] | None = None,
    units: Units | None = None,
    confidence: float | None = None,
    versus: object = None,
) -> Explanation:
    """Return the fit in sentences: what is modelled, one sentence per odds ratio, and how to take them.

    Parameters
    ----------
    fit : LogisticFit
    audience : {"plain"}
        For readers who know what odds are.
    labels : mapping, optional
        Headings of columns.
    units : mapping, "sd" or "iqr", optional
        Increase of each numeric variable.
    confidence : float, optional
        Level of the intervals; the fit's own if not given.
    versus : level, optional
        Another outcome as the baseline.

    Raises
    ------
    SupportError
        For another audience.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ smoke", logreg.datasets.load("birthwt"))
    >>> print(fit.explain(labels={"low": "low", "smoke": "smoke"})[1])
    The odds of low = 1 (against 0) were 2.02 times as high with smoke = yes as with smoke = no (95% CI 1.08
    to 3.78).
    """
    if audience != "plain":
        raise SupportError(f"audience={audience!r} is not supported; use 'plain'.")
    context = context_of(fit, labels=labels, units=units, confidence=confidence, versus=versus, style=PLAIN)
    said = [sentence for _, group in sentences(context) for sentence in group]
    cautions = [CAUTION] if fit.is_binary else [MULTINOMIAL_CAUTION, CAUTION]
    return Explanation([outcome_sentence(context), *said, *(cautions if said else [])])


def sentences(context: Context, figures: tuple[str, ...] = ()) -> Iterator[tuple[str, list[str]]]:
    """Yield (outcome, its sentences); terms that act jointly are said once, under the outcome ""."""
    for equation, outcome in enumerate(context.outcomes):
        found = [
            ratio_sentence(context, equation, line, numbers)
            for k, line, numbers in context.estimates()
            if k == equation and not line.joint
        ]
        if found:
            yield outcome, found
    joint = [joint_sentence(context, group, figures) for group in joint_terms(context.shown.spec)]
    if joint:
        yield "", joint
