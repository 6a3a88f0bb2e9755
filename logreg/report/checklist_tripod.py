"""The items of TRIPOD and TRIPOD+AI, for reports of prediction models, in our words.

The model is being developed: items about its validation in other data do not apply.
"""

from __future__ import annotations

from logreg.report import checklist_answers as answers
from logreg.report import checklist_records as records
from logreg.report.checklists import Checklist, Item, Part
from logreg.report.context import Context

__all__ = ["TRIPOD"]


def _validation_only(context: Context) -> str:
    """Say that an item is about validation."""
    del context
    return "Not applicable: this report is about the development of a model, not its validation."


_FRONT = (
    Item(
        number="1",
        newer="1",
        asks="Title: a prediction model, developed or validated, for whom and for which outcome",
        answer=records.the_outcome,
        author="the title, with the population",
    ),
    Item(
        number="2",
        newer="2",
        asks="A structured abstract",
        answer=answers.abstract,
        author="the abstract",
    ),
)
_INTRODUCTION = (
    Item(
        number="3a",
        newer="3a",
        asks="The medical context, diagnostic or prognostic; why this model, beside which others",
        author="context, rationale and existing models",
    ),
    Item(number="3b", newer="4", asks="Objectives: development, validation or both", author="the objectives"),
)
_METHODS = (
    Item(
        number="4a",
        newer="5a",
        asks="Source of the data: trial, cohort, registry",
        answer=records.data_source,
        author="design of the study, and whom the data represent",
    ),
    Item(number="4b", newer="5b", asks="Dates of accrual and follow-up", author="the dates"),
    Item(number="5a", newer="6a", asks="Setting; number and place of centres", author="the setting"),
    Item(number="5b", newer="6b", asks="Who was eligible", author="eligibility"),
    Item(number="5c", newer="6c", asks="Treatments received", author="treatments, if they matter"),
    Item(
        number="6a",
        newer="8a",
        asks="Definition of the outcome, how and when it was assessed",
        answer=records.the_outcome,
        author="definition, time horizon and assessment",
    ),
    Item(
        number="6b",
        newer="8c",
        asks="Whether the outcome was assessed blind",
        author="blinding of the outcome",
    ),
    Item(
        number="7a",
        newer="9b",
        asks="Definition of all predictors, how and when they were measured",
        answer=records.predictors,
        author="definitions and measurement",
    ),
    Item(
        number="7b",
        newer="9b",
        asks="Whether predictors were assessed blind",
        author="blinding of the predictors",
    ),
    Item(
        number="8",
        newer="10",
        asks="How the study size came about, and why it suffices",
        answer=records.size,
        author="how this size was arrived at, and why it suffices",
    ),
    Item(
        number="9",
        newer="11",
        asks="How missing data were handled",
        answer=records.missing,
        author="why values are missing",
    ),
    Item(
        number="10a",
        newer="12b",
        asks="How predictors were handled: form, scale, transformation",
        answer=answers.quantitative,
        author="why in this form",
    ),
    Item(
        number="10b",
        newer="12c",
        asks="Type of model, how it was built, how it was validated internally",
        answer=answers.no_validation,
        author="how the terms were chosen, and internal validation",
    ),
    Item(
        number="10c",
        newer="12g",
        asks="Validation: how predictions were calculated",
        answer=_validation_only,
    ),
    Item(
        number="10d",
        newer="12e",
        asks="Measures of performance",
        answer=answers.measures,
        author="why these measures, and models compared",
    ),
    Item(number="10e", newer="12f", asks="Validation: how the model was updated", answer=_validation_only),
    Item(
        number="11",
        newer="15",
        asks="How groups of risk or classes were formed",
        answer=answers.risk_groups,
        author="groups or thresholds, if there are any, and why these",
    ),
    Item(
        number="12",
        newer="16",
        asks="Validation: how its data differ from those of the development",
        answer=_validation_only,
    ),
)
_RESULTS = (
    Item(
        number="13a",
        newer="20a",
        asks="Flow of participants, with and without the outcome",
        answer=records.flow,
        author="numbers before the table of the data, and follow-up time",
    ),
    Item(
        number="13b",
        newer="20b",
        asks="Characteristics of the participants, with missing values",
        answer=records.characteristics,
        author="variables that are not in the model: logreg.table_one(data, by=...)",
    ),
    Item(
        number="13c",
        newer="20c",
        asks="Validation: characteristics beside those of the development",
        answer=_validation_only,
    ),
    Item(
        number="14a",
        newer="21",
        asks="Participants and outcome events in each analysis",
        answer=records.size,
    ),
    Item(
        number="14b",
        asks="Unadjusted association of each candidate predictor with the outcome, if done",
        answer=answers.unadjusted,
        author="candidates that are not in the model",
    ),
    Item(
        number="15a",
        newer="22",
        asks="The full model: all coefficients and the intercept",
        answer=answers.full_model,
        author="baseline risk at a given time, for a prognosis",
    ),
    Item(
        number="15b",
        newer="22",
        asks="How to use the model",
        answer=answers.how_to_use,
        author="restrictions of use",
    ),
    Item(
        number="16",
        newer="23a",
        asks="Performance, with intervals",
        answer=answers.performance,
        author="performance corrected for optimism, and in subgroups that matter",
    ),
    Item(
        number="17",
        newer="24",
        asks="Validation: results of updating the model",
        answer=_validation_only,
    ),
)
_DISCUSSION = (
    Item(
        number="18",
        newer="26",
        asks="Limits: sample, events per predictor, missing data",
        answer=answers.limits,
        author="how far the sample represents the population, and overfitting",
    ),
    Item(
        number="19a",
        asks="Validation: results beside those of the development",
        answer=_validation_only,
    ),
    Item(
        number="19b",
        newer="25",
        asks="Interpretation, with objectives, limits, fairness and other studies in mind",
        author="the interpretation",
    ),
    Item(
        number="20",
        newer="27c",
        asks="Use in practice, and what should be studied next",
        author="use and further research",
    ),
)
_OTHER = (
    Item(
        number="21",
        newer="18c, 18e",
        asks="Protocol, calculator, data: where they are",
        answer=answers.model_files,
        author="protocol and access to the data",
    ),
    Item(
        number="22",
        newer="18a",
        asks="Funding and the funders’ part in the study",
        author="funding",
    ),
)
_ADDED = (
    Item(
        number="",
        newer="3b",
        asks="For whom the model is, where in care, and who will use it",
        author="population, purpose and users",
    ),
    Item(number="", newer="3c", asks="Known inequalities in health between groups", author="inequalities"),
    Item(
        number="",
        newer="7",
        asks="How data were prepared and checked, alike in all groups of people",
        answer=records.preparation,
        author="what was done to the data before",
    ),
    Item(
        number="",
        newer="8b",
        asks="Who judged the outcome, where it takes judgement",
        author="the assessors of the outcome",
    ),
    Item(
        number="",
        newer="9a",
        asks="How the first set of predictors was chosen",
        answer=answers.initial_predictors,
        author="how they were chosen before the model was built",
    ),
    Item(
        number="",
        newer="9c",
        asks="Who judged predictors, where it takes judgement",
        author="the assessors of the predictors",
    ),
    Item(
        number="",
        newer="12a",
        asks="Which data served for development and which for evaluation",
        answer=answers.use_of_data,
        author="other data, if the model is evaluated there",
    ),
    Item(
        number="",
        newer="12d",
        asks="How differences between clusters, such as hospitals, were handled",
        answer=answers.clusters,
        author="differences in coefficients and performance between clusters",
    ),
    Item(
        number="",
        newer="13",
        asks="Whether rare outcomes were balanced, and how predictions were put right afterwards",
        answer=answers.balance,
        author="balancing before the analysis, if there was any",
    ),
    Item(number="", newer="14", asks="What was done for fairness", author="fairness"),
    Item(number="", newer="17", asks="Ethical approval and consent", author="approval and consent"),
    Item(number="", newer="18b", asks="Conflicts of interest", author="conflicts of interest"),
    Item(number="", newer="18d", asks="Registration", author="registration, or that there was none"),
    Item(
        number="",
        newer="18f",
        asks="Where the code of the analysis is",
        answer=answers.code_at_hand,
        author="where readers find it",
    ),
    Item(
        number="",
        newer="19",
        asks="Part of patients and public in the study",
        author="their part, or that they had none",
    ),
    Item(
        number="",
        newer="23b",
        asks="Differences in performance between clusters, if examined",
        author="performance by cluster",
    ),
    Item(
        number="",
        newer="27a",
        asks="What to do about poor or missing values when the model is used",
        answer=answers.incomplete_records,
        author="what users should do then",
    ),
    Item(
        number="",
        newer="27b",
        asks="What users have to do and to know",
        answer=answers.how_to_use,
        author="the expertise needed",
    ),
)

TRIPOD = Checklist(
    key="tripod",
    title="Checklist: TRIPOD and TRIPOD+AI",
    about="TRIPOD says what a report of a prediction model should hold; TRIPOD+AI (2024), for regression as "
    "well, replaces it. Both numberings are given.",
    parts=(
        Part(title="Title and abstract", items=_FRONT),
        Part(title="Introduction", items=_INTRODUCTION),
        Part(title="Methods", items=_METHODS),
        Part(title="Results", items=_RESULTS),
        Part(title="Discussion", items=_DISCUSSION),
        Part(title="Other information", items=_OTHER),
        Part(title="Added by TRIPOD+AI", items=_ADDED),
    ),
    sources=(
        "Items after Collins et al. (2015), Transparent Reporting of a multivariable prediction model for "
        "Individual Prognosis Or Diagnosis (TRIPOD), BMJ 350, g7594, doi:10.1136/bmj.g7594, and Collins et "
        "al. (2024), TRIPOD+AI statement, BMJ 385, e078378, doi:10.1136/bmj-2023-078378; in shortened words: "
        "www.tripod-statement.org has the recommendations in full.",
    ),
    newer="TRIPOD+AI",
)
