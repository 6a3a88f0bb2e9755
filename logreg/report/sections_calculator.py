"""The section with the calculator and the nomogram."""

from __future__ import annotations

from collections.abc import Mapping

from logreg.errors import LogregError, SupportError
from logreg.interpret.effects import Profile
from logreg.report.calculator import Calculator, calculator_model, starting_values
from logreg.report.context import Context
from logreg.report.nodes import Block, Note, Section, paragraph
from logreg.report.nomogram_drawing import nomogram_figure

__all__ = ["calculator_section"]


def calculator_section(context: Context, profiles: Mapping[str, Profile]) -> Section:
    """Return the section with the calculator, and the nomogram where there is one.

    A model for which there is no calculator gets a note that says why; one without predictors gets nothing.
    """
    title = "Calculator"
    spec = context.fit.spec
    if not spec.predictors:
        return Section(key="calculator", title=title, blocks=())
    try:
        model = calculator_model(context, profiles)
        example = context.fit.worked_example(starting_values(spec, profiles), confidence=context.confidence)
    except LogregError as error:
        return Section(key="calculator", title=title, blocks=(Note(text=_as_sentence(str(error))),))
    blocks: list[Block] = [
        paragraph(_introduction(profiles)),
        Calculator(text=str(example), model=model),
    ]
    if model.covariance is None:
        blocks.append(
            Note(text="The calculator has no intervals: the covariance of so many coefficients is too large.")
        )
    return Section(key="calculator", title=title, blocks=(*blocks, *_nomogram(context, profiles)))


def _nomogram(context: Context, profiles: Mapping[str, Profile]) -> tuple[Block, ...]:
    """Return the nomogram of two outcomes, or why there is none; more outcomes get none in a report."""
    if not context.fit.is_binary or not profiles:
        return ()
    try:
        return (nomogram_figure(context, profiles),)
    except SupportError as error:
        return (Note(text=_as_sentence(str(error))),)


def _introduction(profiles: Mapping[str, Profile]) -> str:
    text = (
        "From the values of one record to its logit, odds and probability, term by term. In the HTML "
        "report and in the spreadsheet (XLSX) the values can be changed; elsewhere the sum is worked for one "
        "record. "
    )
    if profiles:
        return text + (
            "It starts at a typical record: numbers at about their median, factors at their most frequent "
            "level. A value outside the range of the data is marked, because the model was not fitted "
            "there. A prediction describes records like those of the data; changing a value does not tell "
            "what an intervention would do."
        )
    return text + "The model was loaded from a file, so that the range of the data is not known."


def _as_sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
