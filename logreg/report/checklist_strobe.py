"""The items of STROBE, for reports of observational studies, in our words."""

from __future__ import annotations

from logreg.report import checklist_answers as answers
from logreg.report import checklist_records as records
from logreg.report.checklists import Checklist, Item, Part

__all__ = ["STROBE"]

_FRONT = (
    Item(
        number="1a",
        asks="The study’s design, by its usual name, in title or abstract",
        author="cohort, case-control or cross-sectional",
    ),
    Item(
        number="1b",
        asks="A balanced summary in the abstract of what was done and found",
        answer=answers.abstract,
        author="the abstract",
    ),
)
_INTRODUCTION = (
    Item(number="2", asks="Background, and why the study was made", author="the background"),
    Item(
        number="3",
        asks="Objectives, with hypotheses set beforehand",
        author="the objectives, and which were set before the data were seen",
    ),
)
_METHODS = (
    Item(number="4", asks="The main features of the design, early on", author="the design"),
    Item(
        number="5",
        asks="Setting, places and dates of recruitment, exposure, follow-up and data collection",
        author="places and dates",
    ),
    Item(
        number="6a",
        asks="Who was eligible and how they were selected; cohort: how they were followed; case-control: how "
        "cases and controls were found, and why these",
        author="eligibility, selection and follow-up",
    ),
    Item(
        number="6b",
        asks="Matched studies only; cohort: criteria, numbers exposed and unexposed; case-control: criteria, "
        "controls per case",
        author="the matching, if there was any. A matched analysis needs terms for it in the formula",
    ),
    Item(
        number="7",
        asks="Definitions of outcomes, exposures, predictors, confounders and effect modifiers",
        answer=records.variables,
        author="definitions, and which variables are exposures, confounders or effect modifiers",
    ),
    Item(
        number="8",
        asks="For each variable, source and way of measurement, comparable between groups",
        answer=records.data_source,
        author="how each variable was measured",
    ),
    Item(number="9", asks="What was done against bias", author="sources of bias and what was done"),
    Item(
        number="10",
        asks="How the study size came about",
        answer=records.size,
        author="how this size was arrived at",
    ),
    Item(
        number="11",
        asks="How quantitative variables were handled, and which groups were formed and why",
        answer=answers.quantitative,
        author="why in this form",
    ),
    Item(
        number="12a",
        asks="Statistical methods, with those against confounding",
        answer=answers.statistical_methods,
        author="how the variables to adjust for were chosen",
    ),
    Item(
        number="12b",
        asks="Methods for subgroups and interactions",
        answer=answers.interactions,
        author="subgroups, and which interactions were planned",
    ),
    Item(
        number="12c",
        asks="How missing data were handled",
        answer=records.missing,
        author="why values are missing, and whether complete cases can stand for the others",
    ),
    Item(
        number="12d",
        asks="Cohort: loss to follow-up; case-control: how matching was accounted for; cross-sectional: the "
        "sampling strategy in the analysis",
        answer=answers.sampling,
        author="loss to follow-up, matching or sampling",
    ),
    Item(
        number="12e",
        asks="Sensitivity analyses",
        author="the analyses made; fit.e_values() says how strong an unmeasured confounder would have to be",
    ),
)
_RESULTS = (
    Item(
        number="13a",
        asks="Numbers at each stage, from eligible to analysed",
        answer=records.flow,
        author="numbers before the table of the data",
    ),
    Item(
        number="13b",
        asks="Why people dropped out at each stage",
        answer=records.excluded,
        author="reasons before the table of the data",
    ),
    Item(
        number="13c",
        asks="A flow diagram, if it helps",
        author="the diagram; item 13a has its last numbers",
    ),
    Item(
        number="14a",
        asks="Characteristics of the participants, exposures and possible confounders",
        answer=records.characteristics,
        author="variables that are not in the model: logreg.table_one(data, by=...)",
    ),
    Item(
        number="14b",
        asks="How many lack a value, for each variable",
        answer=records.missing_values,
        author="variables that are not in the model",
    ),
    Item(
        number="14c",
        asks="Cohort only: follow-up time, on average and in total",
        author="follow-up time, for a cohort",
    ),
    Item(
        number="15",
        asks="Outcome data; cohort: events over time; case-control: numbers by exposure; cross-sectional: "
        "events",
        answer=records.outcome_counts,
        author="events over time, for a cohort",
    ),
    Item(
        number="16a",
        asks="Unadjusted and adjusted estimates with intervals; what was adjusted for, and why",
        answer=answers.main_results,
        author="why these variables were adjusted for",
    ),
    Item(
        number="16b",
        asks="Boundaries of categories made of continuous variables",
        answer=answers.boundaries,
        author="boundaries of categories made before",
    ),
    Item(
        number="16c",
        asks="Relative risks as absolute ones, where it makes sense",
        answer=answers.absolute_risk,
        author="over which time, for a cohort. In a case-control study probabilities are not those of the "
        "population",
    ),
    Item(
        number="17",
        asks="Other analyses: subgroups, interactions, sensitivity",
        answer=answers.other_analyses,
        author="analyses made elsewhere",
    ),
)
_DISCUSSION = (
    Item(
        number="18",
        asks="Key results, with the objectives in mind",
        answer=answers.key_results,
        author="what they mean for the objectives",
    ),
    Item(
        number="19",
        asks="Limits: bias and imprecision, in which direction and how large",
        answer=answers.limits,
        author="bias of design and measurement, and its direction",
    ),
    Item(
        number="20",
        asks="A cautious interpretation, with objectives, limits, many analyses and other studies in mind",
        author="the interpretation. An association is not a cause, and nothing here is adjusted for multiple "
        "comparisons",
    ),
    Item(number="21", asks="Whether the results hold elsewhere", author="generalisability"),
)
_OTHER = (Item(number="22", asks="Funding and the funders’ part in the study", author="funding"),)

STROBE = Checklist(
    key="strobe",
    title="Checklist: STROBE",
    about="STROBE says what a report of an observational study should hold.",
    parts=(
        Part(title="Title and abstract", items=_FRONT),
        Part(title="Introduction", items=_INTRODUCTION),
        Part(title="Methods", items=_METHODS),
        Part(title="Results", items=_RESULTS),
        Part(title="Discussion", items=_DISCUSSION),
        Part(title="Other information", items=_OTHER),
    ),
    sources=(
        "Items after von Elm et al. (2007), The Strengthening the Reporting of Observational Studies in "
        "Epidemiology (STROBE) statement, PLoS Medicine 4, e296, doi:10.1371/journal.pmed.0040296; in "
        "shortened words: www.strobe-statement.org has the recommendations in full.",
    ),
)
