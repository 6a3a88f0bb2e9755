"""``fit.explain()``: a fit in sentences, for three kinds of reader."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from logreg.errors import SupportError, did_you_mean
from logreg.report.context import Context, Numbers, Units, context_of
from logreg.report.explain_analyst import analyst_sentences
from logreg.report.explain_effects import (
    AverageDifference,
    Move,
    Probabilities,
    contrary_sentence,
    difference_sentence,
)
from logreg.report.explain_joint import joint_effects
from logreg.report.explain_methods import methods_sentences
from logreg.report.formats import PLAIN, visible
from logreg.report.outline import Line, joint_terms
from logreg.report.words import joint_sentence, outcome_sentence, plural, ratio_sentence

if TYPE_CHECKING:
    from logreg.fitted import LogisticFit

__all__ = ["AUDIENCES", "CAUTION", "MULTINOMIAL_CAUTION", "Explanation", "explain", "sentences"]

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
    """Sentences: a tuple of text that prints as lines."""

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
    interval: str = "wald",
) -> Explanation:
    """Return the fit in sentences: what is modelled, what was found term by term, and how to take it.

    Sizes are given as odds ratios and as average differences in probability (``fit.comparisons``); for a
    loaded model, which has no rows to average over, the latter are left out. Terms that act jointly are
    described by effects at stated values.

    Parameters
    ----------
    fit : LogisticFit
    audience : {"plain", "analyst", "methods"}
        Readers who know what odds are; readers who want every number with its error and how it was made; the
        paragraph on methods of a paper.
    labels : mapping, optional
        Headings of columns.
    units : mapping, "sd" or "iqr", optional
        Increase of each numeric variable.
    confidence : float, optional
        Level of the intervals; the fit's own if not given.
    versus : level, optional
        Another outcome as the baseline.
    interval : {"wald", "profile"}
        Intervals of odds ratios; those of average differences are Wald intervals (delta method).

    Raises
    ------
    SupportError
        For another audience, and for profile likelihood intervals where there is no likelihood.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ smoke", logreg.datasets.load("birthwt"))
    >>> said = fit.explain(labels={"low": "low", "smoke": "smoke"})
    >>> print(said[1])
    The odds of low = 1 (against 0) were 2.02 times as high with smoke = yes as with smoke = no (95% CI 1.08
    to 3.78).
    >>> print(said[2])
    On average over the records, the probability of low = 1 was 15.3 percentage points higher with smoke = yes
    than with smoke = no (95% CI 1.6 to 29.0 higher).
    """
    if not isinstance(audience, str) or audience not in AUDIENCES:
        raise SupportError(
            f"audience={audience!r} is not supported; use {', '.join(map(repr, AUDIENCES))}."
            + did_you_mean(str(audience), AUDIENCES)
        )
    context = context_of(
        fit,
        labels=labels,
        units=units,
        confidence=confidence,
        versus=versus,
        interval=interval,
        style=PLAIN,
    )
    return Explanation(AUDIENCES[audience](context))


def _plain(context: Context) -> Iterator[str]:
    yield f"{outcome_sentence(context)}{_counted(context)}"
    probabilities = Probabilities(context=context)
    lines = [one for one in context.estimates() if not one[1].joint]
    yield from (_binary if context.fit.is_binary else _multinomial)(context, lines, probabilities)
    groups = joint_terms(context.shown.spec)
    for group in groups:
        yield joint_sentence(context, group, ())
        yield from joint_effects(context, group, probabilities)
    if not (lines or groups):
        return
    if probabilities.why_not:
        yield f"Sizes on the scale of probabilities are left out: {probabilities.why_not}."
    if not context.fit.is_binary:
        yield MULTINOMIAL_CAUTION
    yield CAUTION


#: How the sentences for each kind of reader are made.
AUDIENCES: Mapping[str, Callable[[Context], Iterator[str]]] = {
    "plain": _plain,
    "analyst": analyst_sentences,
    "methods": methods_sentences,
}


def _counted(context: Context) -> str:
    """Return how many odds ratios are clear, as a second sentence."""
    found = [
        n for _, line, n in context.estimates() if not line.joint and line.kind != "full" and n.is_finite
    ]
    if not found:
        return ""
    clear = sum(numbers.is_clear for numbers in found)
    total = plural(len(found), "odds ratio", context.style)
    if len(found) == 1:
        return f" The interval of its odds ratio {'leaves out' if clear else 'holds'} 1."
    have = "has" if clear == 1 else "have"
    return f" Of {total}, {clear or 'none'} {have} a {context.level} interval that leaves out 1."


Estimates = list[tuple[int, Line, Numbers]]


def _binary(context: Context, lines: Estimates, probabilities: Probabilities) -> Iterator[str]:
    """Yield every odds ratio, followed by the average difference in probability that goes with it."""
    moves = _moves(lines, probabilities)
    found = probabilities.of([move for move in moves if move is not None])
    for (equation, line, numbers), move in zip(lines, moves, strict=True):
        yield ratio_sentence(context, equation, line, numbers)
        if move in found:
            assert move is not None
            yield difference_sentence(context, move, found[move])


def _multinomial(context: Context, lines: Estimates, probabilities: Probabilities) -> Iterator[str]:
    """Yield the odds ratios outcome by outcome, then what goes with each change on all probabilities."""
    for equation, line, numbers in lines:
        yield ratio_sentence(context, equation, line, numbers)
    first = [one for one in lines if one[0] == 0]
    moves = _moves(first, probabilities)
    found = probabilities.of([move for move in moves if move is not None])
    for (_, line, _), move in zip(first, moves, strict=True):
        if move not in found:
            continue
        assert move is not None
        said = difference_sentence(context, move, found[move])
        contrary = contrary_sentence(context, found[move], probabilities.ratios(line, move))
        yield f"{said} {contrary}".rstrip()


def _moves(lines: Estimates, probabilities: Probabilities) -> list[Move | None]:
    if probabilities.why_not:
        return [None] * len(lines)
    return [probabilities.move_of(line, n) if n.reason != "left out" else None for _, line, n in lines]


Differences = Mapping[Move, Sequence[AverageDifference]]


def sentences(
    context: Context, figures: tuple[str, ...] = (), differences: Differences = MappingProxyType({})
) -> Iterator[tuple[str, list[str]]]:
    """Yield (outcome, its sentences); what is said once, terms that act jointly, under the outcome "".

    Each of the average ``differences`` is said beside the odds ratio of its change if there are two outcomes,
    and at the end otherwise, as all outcomes move at once.
    """
    probabilities = Probabilities(context=context)
    left = dict(differences)
    for equation, outcome in enumerate(context.outcomes):
        found = []
        for k, line, numbers in context.estimates():
            if k != equation or line.joint:
                continue
            said = ratio_sentence(context, equation, line, numbers)
            move = _moves([(k, line, numbers)], probabilities)[0] if context.fit.is_binary else None
            if move in left:
                assert move is not None
                said = f"{said} {difference_sentence(context, move, left.pop(move))}"
            found.append(said)
        if found:
            yield outcome, found
    joint = [joint_sentence(context, group, figures) for group in joint_terms(context.shown.spec)]
    joint += [difference_sentence(context, move, found) for move, found in left.items()]
    if joint:
        yield "", joint
