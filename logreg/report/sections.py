"""The report of a fit: which sections there are, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from logreg.errors import SupportError
from logreg.report.baselines import coefficient_blocks
from logreg.report.chosen import Wanted, check_wanted, chosen_blocks
from logreg.report.context import Units, context_of
from logreg.report.drawing import forest_figure
from logreg.report.forest import forest_lines
from logreg.report.formats import NumberStyle
from logreg.report.journals import style_named
from logreg.report.material import Material
from logreg.report.nodes import Block, Document, Section
from logreg.report.sections_answer import answer_section
from logreg.report.sections_calculator import calculator_section
from logreg.report.sections_checklist import strobe_section, tripod_section
from logreg.report.sections_code import reproduce_section
from logreg.report.sections_comparisons import comparisons_section
from logreg.report.sections_convergence import convergence_section
from logreg.report.sections_crude import crude_section
from logreg.report.sections_data import data_section
from logreg.report.sections_effects import effects_section
from logreg.report.sections_methods import methods_section
from logreg.report.sections_model import model_fit_section
from logreg.report.sections_performance import performance_section
from logreg.report.sections_sentences import sentences_section
from logreg.report.sections_table_one import table_one_section

if TYPE_CHECKING:
    from logreg.fitted import LogisticFit

__all__ = ["SECTIONS", "USUAL", "check_sections", "report_document"]


def _data(material: Material) -> Section:
    return data_section(material.context, material.context.profiles, material.notes("data"))


def _odds_ratios(material: Material) -> Section:
    return Section(
        key="odds_ratios",
        title="Coefficients and odds ratios",
        blocks=(*material.notes("odds_ratios"), *coefficient_blocks(material.context)),
    )


def _comparisons(material: Material) -> Section:
    return comparisons_section(material.context, material.probabilities, material.compared)


def _forest(material: Material) -> Section:
    context = material.context
    lines = forest_lines(context)
    shown = any(numbers.is_finite for _, line, numbers in context.estimates() if line in lines)
    blocks: tuple[Block, ...] = (forest_figure(context),) if shown else ()
    return Section(key="forest", title="Odds ratios at a glance", blocks=blocks)


#: Every section that a report can have, by its key.
SECTIONS: Mapping[str, Callable[[Material], Section]] = MappingProxyType(
    {
        "answer": answer_section,
        "data": _data,
        "table_one": lambda material: table_one_section(material.context),
        "methods": lambda material: methods_section(material.context),
        "model_fit": lambda material: model_fit_section(material.context),
        "odds_ratios": _odds_ratios,
        "crude": lambda material: crude_section(material.context),
        "comparisons": _comparisons,
        "forest": _forest,
        "sentences": sentences_section,
        "effects": lambda material: effects_section(material.context, material.effects),
        "performance": lambda material: performance_section(material.context),
        "calculator": lambda material: calculator_section(material.context, material.context.profiles),
        "convergence": lambda material: convergence_section(material.context, material.notes("convergence")),
        "reproduce": lambda material: reproduce_section(material.context),
        "strobe": lambda material: strobe_section(material.context),
        "tripod": lambda material: tripod_section(material.context),
    }
)
#: The sections of a report that asks for none, in reading order.
USUAL = (
    *("answer", "data", "methods", "model_fit", "odds_ratios", "crude", "comparisons", "forest", "sentences"),
    *("effects", "calculator", "convergence", "reproduce"),
)


def check_sections(wanted: Wanted) -> None:
    """Refuse with a SupportError what is no list of sections; see `report_document`."""
    check_wanted(wanted, SECTIONS)


def report_document(
    fit: LogisticFit,
    *,
    title: str | None = None,
    labels: Mapping[str, str] | None = None,
    units: Units | None = None,
    confidence: float | None = None,
    versus: object = None,
    interval: str = "wald",
    style: str | NumberStyle = "report",
    sections: Wanted = None,
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
    style : str or NumberStyle
        How numbers are written: "report", "plain", or a journal's: "apa", "jama", "nejm", "lancet".
    sections : sequence of str or Section, optional
        Sections in the order wanted, by name (`SECTIONS`; without it those of `USUAL` that have content),
        and the author's own: see `logreg.report.section` and `logreg.report.figure`. "usual" stands for
        those of `USUAL` that are not named beside it. Warnings of the fit stand at the top whatever is
        chosen.

    Returns
    -------
    Document
        ``document["odds_ratios"]`` is a section, table or figure by its key; ``.to_frame()`` its numbers.

    Raises
    ------
    SupportError, PredictError
        For labels, units, outcomes, styles or sections that are not known, and profile likelihood intervals
        where there is no likelihood.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> document = fit.report_document(units={"age": 10}, sections=["answer", "odds_ratios"])
    >>> document.title
    'Logistic regression of Low birth weight'
    >>> document["odds_ratios"].to_frame()["odds_ratio"].round(2).tolist()[:1]
    [0.61]
    """
    context = context_of(
        fit,
        labels=labels,
        units=units,
        confidence=confidence,
        versus=versus,
        interval=interval,
        style=style_named(style),
    )
    material = Material(context=context)
    makers = {name: partial(make, material) for name, make in SECTIONS.items()}
    blocks = chosen_blocks(sections, makers, USUAL)
    kind = "Logistic" if fit.is_binary else "Multinomial logistic"
    try:
        return Document(
            title=title if title is not None else f"{kind} regression of {context.outcome_heading}",
            subtitle=fit.spec.formula,
            blocks=(*material.notes(), *blocks),
        )
    except ValueError as error:  # a part of the author's own has the key of another
        raise SupportError(f"sections=: {error}.") from None
