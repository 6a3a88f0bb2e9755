"""The answer in brief: what is modelled, what is clear, what is not."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from logreg.report.context import Context, Numbers
from logreg.report.explain import Differences
from logreg.report.explain_effects import Move, Probabilities, change_text
from logreg.report.material import Material
from logreg.report.nodes import Section, paragraph
from logreg.report.outline import Line, joint_terms
from logreg.report.words import (
    REASONS,
    compared_text,
    endless_names,
    event_text,
    listed,
    odds_text,
    outcome_sentence,
    plural,
)

__all__ = ["answer_section", "answer_sentences"]

#: Associations that the answer in brief names.
MOST_NAMED = 3


def answer_section(material: Material) -> Section:
    """Return the answer in brief, a paragraph for each sentence."""
    figures = [effect.variable for effect in material.effects]
    said = answer_sentences(material.context, figures, material.differences)
    return Section(key="answer", title="The answer in brief", blocks=tuple(map(paragraph, said)))


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
    endless = endless_names(context, found)
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
    lead = "Among the clearest: " if n_clear > len(named) else ""
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
