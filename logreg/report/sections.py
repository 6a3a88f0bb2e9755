"""The report of a fit: which sections there are, in which order, and the answer in brief."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from logreg.inference.estimate import Remark
from logreg.interpret.effects import Effect
from logreg.report.compared import compared_lines
from logreg.report.context import Context, Numbers, Units, context_of
from logreg.report.drawing import forest_figure, house_style
from logreg.report.explain import CAUTION, MULTINOMIAL_CAUTION, Differences, sentences
from logreg.report.explain_effects import Move, Probabilities, change_text
from logreg.report.forest import forest_lines
from logreg.report.nodes import Block, Document, Note, Paragraph, Section, paragraph, strong
from logreg.report.outline import Line, joint_terms
from logreg.report.sections_calculator import calculator_section
from logreg.report.sections_code import reproduce_section
from logreg.report.sections_coefficients import coefficient_tables
from logreg.report.sections_comparisons import comparisons_section
from logreg.report.sections_convergence import convergence_section
from logreg.report.sections_data import data_section
from logreg.report.sections_effects import effects_of, effects_section
from logreg.report.sections_methods import methods_section
from logreg.report.sections_model import model_fit_section
from logreg.report.words import (
    NO_CLEAR_DIFFERENCE,
    REASONS,
    compared_text,
    event_text,
    listed,
    odds_text,
    outcome_sentence,
    plural,
)

if TYPE_CHECKING:
    from logreg.fitted import LogisticFit

__all__ = ["answer_sentences", "report_document"]

#: Where each kind of remark belongs, beside the top of the report.
PLACES = {
    "MissingDataWarning": "data",
    "DataWarning": "data",
    "ConvergenceWarning": "convergence",
}
#: The odds ratio in a sentence of `logreg.report.words`.
RATIO = re.compile(r"(?<= were )[0-9.\u202f×⁰¹²³⁴⁵⁶⁷⁸⁹⁻\u00a0]+ times as high(?= (?:with|for) )")
#: Associations that the answer in brief names.
MOST_NAMED = 3


def report_document(
    fit: LogisticFit,
    *,
    title: str | None = None,
    labels: Mapping[str, str] | None = None,
    units: Units | None = None,
    confidence: float | None = None,
    versus: object = None,
    interval: str = "wald",
) -> Document:
    """Return the report of a fit.

    Parameters
    ----------
    fit : LogisticFit
    title : str, optional
        By default the kind of model and its outcome.
    labels : mapping, optional
        Headings of columns; by default those that the data carry.
    units : mapping, "sd" or "iqr", optional
        Increase of each numeric variable that its odds ratio refers to; 1 by default.
    confidence : float, optional
        Level of the intervals; the fit's own if not given.
    versus : level, optional
        Another outcome as the baseline of the tables, without refitting.
    interval : {"wald", "profile"}
        Intervals and p values of coefficients and odds ratios; predictions have Wald intervals either way.

    Returns
    -------
    Document
        Sections ``answer, data, methods, model_fit, coefficients, comparisons, forest, sentences, effects,
        calculator, convergence, reproduce``.

    Raises
    ------
    SupportError, PredictError
        For labels, units or outcomes that the fit does not know, and profile likelihood intervals where there
        is no likelihood.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> document = fit.report_document(units={"age": 10})
    >>> document.title
    'Logistic regression of Low birth weight'
    >>> document.table("coefficients").to_frame()["odds_ratio"].round(2).tolist()[:1]
    [0.61]
    """
    context = context_of(
        fit, labels=labels, units=units, confidence=confidence, versus=versus, interval=interval
    )
    profiles = context.profiles
    effects = effects_of(context, profiles)
    probabilities = Probabilities(context=context)
    compared = compared_lines(context, probabilities)
    differences = {one.move: one.differences for one in compared}
    with house_style():
        sections = (
            _answer(context, effects, differences),
            data_section(context, profiles, _notes(context, "data")),
            methods_section(context),
            model_fit_section(context),
            _coefficients(context),
            comparisons_section(context, probabilities, compared),
            _forest(context),
            _sentences(context, effects, differences),
            effects_section(context, effects),
            calculator_section(context, profiles),
            convergence_section(context, _notes(context, "convergence")),
            reproduce_section(context),
        )
    kind = "Logistic" if fit.is_binary else "Multinomial logistic"
    return Document(
        title=title if title is not None else f"{kind} regression of {context.outcome_heading}",
        subtitle=fit.spec.formula,
        blocks=(*_notes(context), *(section for section in sections if section.blocks)),
    )


def _notes(context: Context, place: str | None = None) -> tuple[Note, ...]:
    """Return the remarks of a fit as warnings: all of them, or those of one section."""
    return tuple(
        Note(text=remark.text, kind="warning")
        for remark in context.fit.remarks
        if place is None or _place(remark) == place
    )


def _place(remark: Remark) -> str:
    return PLACES.get(remark.kind, "coefficients")


# The answer in brief -------------------------------------------------------------------------------------


def _answer(context: Context, effects: tuple[Effect, ...], differences: Differences) -> Section:
    return Section(
        key="answer",
        title="The answer in brief",
        blocks=tuple(
            paragraph(sentence)
            for sentence in answer_sentences(context, [e.variable for e in effects], differences)
        ),
    )


def answer_sentences(
    context: Context, figures: list[str], differences: Differences = MappingProxyType({})
) -> list[str]:
    """Return what is modelled, the clearest associations in words of odds, and of probabilities for two
    outcomes, and what is not clear.

    ``figures`` are the variables with an effect plot; ``differences`` the average differences at hand.
    """
    found = [
        (k, line, numbers)
        for k, line, numbers in context.estimates()
        if not line.joint and line.kind != "full"
    ]
    clear = [one for one in found if one[2].has_interval and one[2].is_clear]
    said = [outcome_sentence(context)]
    if found:
        named = _clearest([one for one in clear if one[2].is_finite])
        said.append(_counted(context, len(found), len(clear), named))
        said += _in_probability(context, _moves_of(context, named), differences)
    unclear = _unclear_variables(found)
    if unclear:
        said.append(
            f"For {listed(unclear)}, no interval leaves out an odds ratio of 1: the data do not show clearly "
            "in which direction, if any, the odds differ."
        )
    endless = dict.fromkeys(line.subject for _, line, numbers in found if numbers.reason == "infinite")
    if endless:
        said.append(f"For {listed(endless)}, there is {REASONS['infinite']}.")
    groups = joint_terms(context.shown.spec)
    if groups:
        names = list(dict.fromkeys(context.label(name) for group in groups for name in group.variables))
        how = "enters through terms that act jointly and is read from its curve"
        if len(names) > 1:
            how = "enter through terms that act jointly and are read from their curves"
        where = " (see the predicted probabilities)" if figures else ""
        said.append(f"{listed(names)} {how}{where}.")
        joint = {name for group in groups for name in group.variables}
        clear_moves = [m for m, found in differences.items() if m.variable in joint and found[0].is_clear]
        clear_moves.sort(key=lambda move: differences[move][0].p_value)
        said += _in_probability(context, clear_moves[:MOST_NAMED], differences)
    if found or groups:
        said.append("These are associations; the model cannot tell whether they are causes.")
    return said


def _counted(context: Context, n: int, n_clear: int, named: list[tuple[int, Line, Numbers]]) -> str:
    total = plural(n, "odds ratio", context.style)
    if not n_clear:
        return f"Of {total}, none has a {context.level} interval that leaves out 1."
    have = "has" if n_clear == 1 else "have"
    lead = "The clearest (smallest p): " if n_clear > len(named) else ""
    said = f" {_sentence(lead + _named(context, named))}" if named else ""
    return f"Of {total}, {n_clear} {have} a {context.level} interval that leaves out 1.{said}"


def _moves_of(context: Context, named: list[tuple[int, Line, Numbers]]) -> list[Move]:
    """Return the changes that odds ratios are about."""
    probabilities = Probabilities(context=context)
    if probabilities.why_not:
        return []
    moves = [probabilities.move_of(line, numbers) for _, line, numbers in named]
    return [move for move in moves if move is not None]


def _in_probability(context: Context, moves: list[Move], differences: Differences) -> Iterator[str]:
    """Yield what goes with some changes on the scale of probabilities in one sentence, for two outcomes."""
    texts = [change_text(context, move, differences[move][0]) for move in moves if move in differences]
    if texts and context.fit.is_binary:
        event = event_text(context.shown, context.outcome_heading, context.outcomes[0])
        yield f"On average over the records, the probability of {event} was {'; '.join(texts)}."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _clearest(clear: list[tuple[int, Line, Numbers]]) -> list[tuple[int, Line, Numbers]]:
    """Return the clearest odds ratio of each variable, smallest p first, then others to fill up."""
    ordered = sorted(clear, key=lambda one: one[2].p_value)
    best: dict[str, tuple[int, Line, Numbers]] = {}
    for one in ordered:
        best.setdefault(one[1].subject, one)
    first = list(best.values())
    return [*first, *(one for one in ordered if one not in first)][:MOST_NAMED]


def _named(context: Context, named: list[tuple[int, Line, Numbers]]) -> str:
    """Return the clearest associations in one sentence; odds that stay the same are named once."""
    texts = []
    before = -1
    for k, line, numbers in named:
        odds = f"{odds_text(context, context.outcomes[k])} were " if k != before else ""
        texts.append(odds + compared_text(context, line, numbers))
        before = k
    alike = "among otherwise alike records, " if len(context.shown.spec.predictors) > 1 else ""
    return alike + "; ".join(texts)


def _unclear_variables(found: list[tuple[int, Line, Numbers]]) -> list[str]:
    clear = {line.subject for _, line, numbers in found if numbers.is_clear or not numbers.is_finite}
    return list(dict.fromkeys(line.subject for _, line, _ in found if line.subject not in clear))


# Coefficients --------------------------------------------------------------------------------------------


def _coefficients(context: Context) -> Section:
    return Section(
        key="coefficients",
        title="Coefficients and odds ratios",
        blocks=(*_notes(context, "coefficients"), *coefficient_tables(context)),
    )


def _sentences(context: Context, effects: tuple[Effect, ...], differences: Differences) -> Section:
    """Return one sentence per coefficient; with several outcomes, a part for each."""
    found = list(sentences(context, tuple(effect.variable for effect in effects), differences))
    if not found:
        return Section(key="sentences", title="In words", blocks=())
    blocks: list[Block] = []
    if not context.fit.is_binary:
        blocks.append(paragraph(MULTINOMIAL_CAUTION))
    for k, (outcome, group) in enumerate(found, start=1):
        said = tuple(_emphasised(sentence) for sentence in group)
        if context.fit.is_binary:
            blocks += said
        else:
            title = f"{outcome} against {context.baseline}" if outcome else "All outcomes together"
            blocks.append(Section(key=f"sentences_{k}", title=title, blocks=said))
    blocks.append(Note(text=CAUTION))
    return Section(key="sentences", title="In words", blocks=tuple(blocks))


def _emphasised(sentence: str) -> Paragraph:
    """Return a sentence in which a clear odds ratio stands out."""
    found = None if sentence.startswith(NO_CLEAR_DIFFERENCE) else RATIO.search(sentence)
    if found is None:
        return paragraph(sentence)
    return paragraph(sentence[: found.start()], strong(found[0]), sentence[found.end() :])


def _forest(context: Context) -> Section:
    lines = forest_lines(context)
    shown = any(numbers.is_finite for _, line, numbers in context.estimates() if line in lines)
    blocks: tuple[Block, ...] = (forest_figure(context),) if shown else ()
    return Section(key="forest", title="Odds ratios at a glance", blocks=blocks)
