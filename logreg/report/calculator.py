"""A fit as a calculator: everything that turns the values of one record into logits, odds and probabilities.

`calculator_model` collects it as numbers and shown names, for a page, a sheet or any other reader that
computes by itself; `Calculator` carries it through a document. Where nothing can be computed, the block is
the worked example that it holds as text.

How to compute, with m equations, p design columns and K = m + 1 outcomes, the baseline first:

1. Factors from inputs by their steps and bases (`logreg.report.calculator_steps`), terms as products of
   factors, design row x from the constant (if ``intercept``) and the terms.
2. Logits ``l = coefficients x + offset``. Under separation, with direction d, outcomes are ranked by their
   speeds ``d x``, the baseline's being 0: each is ``2 far`` ahead of the next slower one, unless their speeds
   differ by at most ``still`` times the larger of ``sum |d| |x|`` and the row's fastest. A logit whose size
   is ``far`` or more is infinite. See `logreg.logits.limit.endless`.
3. The variance of ``g' l`` is ``sum_jk g_j g_k c' V_jk c`` with ``c = x - centre``; ``covariance`` holds the
   lower triangle of V row by row, equation by equation. Limits are ``l -+ critical`` standard errors; those
   of the probability of k stand on its log-odds against all others, where
   ``g_j = [k = j] - [k != j] p_j / (1 - p_k)``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np

from logreg.data.source import Level
from logreg.design.ast import Call, Column, Expression, Text
from logreg.design.distribution import Distribution
from logreg.design.spec import DesignSpec
from logreg.errors import SupportError
from logreg.fitted import LogisticFit
from logreg.inference.normal import critical_value
from logreg.interpret.effects import Profile
from logreg.logits.limit import FAR, STILL
from logreg.report.calculator_steps import (
    FactorSteps,
    Place,
    Step,
    TermParts,
    factor_steps,
    offset_steps,
    term_parts,
)
from logreg.report.context import Context
from logreg.report.formats import visible
from logreg.report.nodes import Code
from logreg.report.outline import factor_heading, level_text
from logreg.report.words import event_text

__all__ = [
    "Calculator",
    "CalculatorInput",
    "CalculatorModel",
    "calculator_model",
    "choices_of",
    "starting_values",
]

#: More coefficients than this make neither a page nor a sheet that people work with.
MOST_COEFFICIENTS = 2_000
#: The covariance of so many coefficients takes some 150 kB; of more, the calculator shows no intervals.
MOST_WITH_COVARIANCE = 120
#: Records that can be chosen, numbers at one value, up to which all are looked at: a fraction of a second.
MOST_RECORDS = 20_000
#: Steps of a slider over the range of a number, about.
SLIDER_STEPS = 100
#: Stands for a label that a loaded model compares with nothing.
ANOTHER = "(another)"
#: Digits of a value that is rounded to a step, so that no trace of the binary fraction is left.
STEP_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class CalculatorInput:
    """One data column that the user sets.

    A number has ``low`` and ``high`` in the data (None if they are not known) and a ``step`` for a slider;
    its ``start`` is a number. A choice has ``choices`` as shown; its ``start`` is a position among them.
    """

    name: str
    label: str
    start: float
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalculatorModel:
    """What a calculator computes with; the module says how.

    ``event`` names the event of two outcomes in full, "" with more. ``coefficients`` and ``direction`` (None
    unless separated) are (m, p). ``shown_coefficients`` are the estimates as reported where these differ:
    None in a column that was left out, infinite where the outcome is separated. ``term_labels`` give the
    terms their headings; ``covariance`` is None where it would be too large.
    """

    outcome: str
    event: str
    outcomes: tuple[str, ...]
    inputs: tuple[CalculatorInput, ...]
    factors: tuple[FactorSteps, ...]
    terms: tuple[TermParts, ...]
    term_labels: tuple[tuple[str, str], ...]
    intercept: bool
    offsets: tuple[Step, ...]
    offset_per_outcome: bool
    coefficients: tuple[tuple[float, ...], ...]
    shown_coefficients: tuple[tuple[float | None, ...], ...] | None
    column_names: tuple[str, ...]
    direction: tuple[tuple[float, ...], ...] | None
    far: float
    still: float
    covariance: tuple[tuple[float, ...], ...] | None
    centre: tuple[float, ...]
    critical: float
    level: str

    def to_json(self) -> str:
        """Return the model as JSON in ASCII, without a character that ends a script element.

        Infinite numbers stand as the strings "inf" and "-inf".
        """
        content = {**_plain(asdict(self)), "words": dict(WORDS)}
        text = json.dumps(content, allow_nan=False, separators=(",", ":"))
        return "".join(_HARMLESS.get(character, character) for character in text)


#: What the calculator says, by the name that its script knows.
WORDS = MappingProxyType(
    {
        "record": "Values of one record",
        "to": "to",
        "slider": "slider",
        "missing": "a number is needed",
        "outside": "outside the data",
        "no_value": "has no value here, so that there is no logit",
        "results": "Predictions, logits and odds against",
        "intervals": "intervals below",
        "outcome": "Outcome",
        "logit": "Logit",
        "odds": "Odds",
        "probability": "Probability",
        "probability_of": "Probability of",
        "likeliest": "Most probable",
        "baseline": "baseline",
        "contributions": "What each term adds to the logit (log-odds)",
        "term": "Term",
        "contribution": "Contribution",
        "sum": "Logit (sum)",
        "versus": "Compare with",
        "reset": "Typical values",
        "example": "The same by hand: a worked example",
    }
)
#: Markup inside strings, which a reader of JSON gets back as it was.
_HARMLESS = MappingProxyType({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculator(Code):
    """A calculator where the reader's format can compute, else ``text``: an example worked by hand."""

    model: CalculatorModel


def _plain(value: Any) -> Any:
    """Return lists, dictionaries and numbers; strings made visible, infinities as strings."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        if math.isinf(value):
            return "inf" if value > 0 else "-inf"
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    return value


def calculator_model(context: Context, profiles: Mapping[str, Profile]) -> CalculatorModel:
    """Return what turns the values of one record into logits, odds and probabilities.

    Parameters
    ----------
    context : Context
        Of the fit, with its labels and the level of the intervals.
    profiles : mapping
        Data column to what it looks like, from ``fit.profiles()``; empty for a loaded model, whose inputs
        then have no range.

    Raises
    ------
    SupportError
        If the model has no predictor, an offset that was given as an array, too many coefficients for a
        calculator, or a function that it cannot compute; or if separation leaves some records open.

    Examples
    --------
    >>> import logreg
    >>> from logreg.report.context import context_of
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> model = calculator_model(context_of(fit), fit.profiles())
    >>> [(one.name, one.low, one.high, one.choices) for one in model.inputs]
    [('age', 14.0, 45.0, None), ('smoke', None, None, ('no', 'yes'))]
    """
    fit, spec = context.fit, context.fit.spec
    objection = _objection(spec)
    if objection:
        raise SupportError(f"there is no calculator: {objection}.")
    values = starting_values(spec, profiles)
    levels = {name: choices_of(spec, name, profiles.get(name)) for name in values}
    if _has_open_records(fit, values, levels):
        raise SupportError(
            "there is no calculator: the outcome is separated in several directions, and nothing is known of "
            "the probabilities of records where they meet."
        )
    places = {name: Place(position=k, levels=levels[name]) for k, name in enumerate(values)}
    m, p = fit.coef_array.shape
    direction = fit.separation.direction
    covariance = None
    if m * p <= MOST_WITH_COVARIANCE:
        covariance = tuple(tuple(row[: k + 1]) for k, row in enumerate(fit.logit_vcov.tolist()))
    return CalculatorModel(
        outcome=visible(context.outcome_heading),
        event=visible(event_text(fit, context.outcome_heading, fit.spec.outcome.names[1]))
        if fit.is_binary
        else "",
        outcomes=tuple(visible(level_text(level)) for level in spec.outcome.names),
        inputs=tuple(
            _input(context, name, value, levels[name], profiles.get(name)) for name, value in values.items()
        ),
        factors=factor_steps(spec, places),
        terms=term_parts(spec),
        term_labels=_term_labels(context),
        intercept=spec.intercept,
        offsets=offset_steps(spec, places),
        offset_per_outcome=spec.offset_per_outcome,
        coefficients=tuple(map(tuple, fit.filled_coef.tolist())),
        shown_coefficients=None
        if np.isfinite(fit.coef_array).all()
        else tuple(tuple(None if math.isnan(b) else b for b in row) for row in fit.coef_array.tolist()),
        column_names=tuple(map(visible, spec.column_names)),
        direction=None if direction is None else tuple(map(tuple, np.asarray(direction).tolist())),
        far=FAR,
        still=STILL,
        covariance=covariance,
        centre=tuple(fit.logit_centre.tolist()),
        critical=critical_value(context.confidence, fit.reference_df),
        level=context.level,
    )


def _objection(spec: DesignSpec) -> str:
    """Return why there can be no calculator; "" if there can."""
    if not spec.predictors:
        return "the model has no predictors"
    if any(name in spec.user_columns for name in spec.offset_columns):
        return "the offset was given as an array, which has no value for records that are made up"
    n_coefficients = spec.n_equations * len(spec.column_names)
    if n_coefficients > MOST_COEFFICIENTS:
        return f"the model has {n_coefficients} coefficients, more than {MOST_COEFFICIENTS}"
    return ""


def _has_open_records(
    fit: LogisticFit, values: Mapping[str, Level], levels: Mapping[str, tuple[Level, ...] | None]
) -> bool:
    """Tell whether the probabilities of some record that can be chosen are not known, as where separation
    pulls it both ways.
    """
    # One direction alone pulls one way.
    if fit.undetermined is None or len(fit.undetermined) == 1:
        return False
    choices = [levels[name] or (value,) for name, value in values.items()]
    if math.prod(map(len, choices)) > MOST_RECORDS:
        return True
    records = zip(*product(*choices), strict=True)
    return bool(fit.probabilities(dict(zip(values, map(list, records), strict=True))).isna().any(axis=None))


def _term_labels(context: Context) -> tuple[tuple[str, str], ...]:
    """Return the terms with their headings; a term may be made of several products."""
    factors = context.fit.spec.factor
    found: dict[str, list[str]] = {}
    for coded in context.fit.spec.coded_terms:
        known = found.setdefault(coded.term, [])
        known += [label for label in coded.labels if label not in known]
    return tuple(
        (
            term,
            visible(" × ".join(factor_heading(factors[label], context.labels) for label in labels)) or term,
        )
        for term, labels in found.items()
    )


# Inputs --------------------------------------------------------------------------------------------------


def starting_values(spec: DesignSpec, profiles: Mapping[str, Profile]) -> dict[str, Level]:
    """Return a value of every predictor and offset column: typical where the data are known.

    What is chosen stands at what occurs most often, numbers at their median, rounded to the step of a slider.
    Without profiles, factors stand at their reference level and numbers at what transforms have learned, or
    at 1.
    """
    names = dict.fromkeys((*spec.predictors, *spec.offset_columns))
    return {name: _start(spec, name, profiles.get(name)) for name in names}


def _start(spec: DesignSpec, name: str, profile: Profile | None) -> Level:
    levels = choices_of(spec, name, profile)
    if profile is None:
        return _remembered(spec, name) if levels is None else levels[0]
    if levels is not None:
        counts = _counts(profile)
        return max(levels, key=lambda level: counts.get(level_text(level), 0.0))
    assert isinstance(profile, Distribution)
    step = _step_of(profile)
    near = float(f"{round(profile.median / step) * step:.{STEP_DIGITS}g}")
    return min(max(near, profile.minimum), profile.maximum)


def _counts(profile: Profile) -> dict[str, float]:
    if isinstance(profile, Distribution):
        pairs = zip(profile.values.tolist(), profile.counts.tolist(), strict=True)
        return {level_text(value): count for value, count in pairs}
    return {level_text(level): count for level, count in profile.items()}


def _remembered(spec: DesignSpec, name: str) -> float:
    """Return a number that some transform has learned about a column, else 1."""
    for call, state in spec.states:
        if call.arguments[0] == Column(name):
            for key in ("mean", "alpha", "lower"):
                if key in state:
                    learned = state[key]
                    return float(learned[0] if isinstance(learned, tuple) else learned)
    return 1.0


def _step_of(profile: Distribution) -> float:
    """Return a power of ten that takes some hundred steps over the range; 1 for whole numbers nearby."""
    extent = profile.maximum - profile.minimum
    step = 10.0 ** math.floor(math.log10(extent / SLIDER_STEPS)) if extent > 0 else 1.0
    whole = bool(np.all(profile.values == np.rint(profile.values)))
    return max(step, 1.0) if whole else step


def choices_of(spec: DesignSpec, name: str, profile: Profile | None) -> tuple[Level, ...] | None:
    """Return what can be chosen for a column: levels of a factor, labels, or two numbers; else None."""
    for factor in spec.categorical():
        if factor.expression == Column(name):
            return factor.levels if factor.contrast == "sum" else (factor.reference, *factor.reduced)
    if isinstance(profile, Distribution):
        return tuple(profile.values.tolist()) if len(profile.values) <= 2 else None
    if profile is not None:
        return tuple(sorted(profile, key=str))
    expressions = [*(factor.expression for factor in spec.factors), *spec.offsets]
    compared = dict.fromkeys(text for one in expressions for text in _compared(one, name))
    return (ANOTHER, *compared) if compared else None


def _compared(expression: Expression, name: str) -> Iterator[str]:
    """Yield the texts that an expression compares a column with."""
    if isinstance(expression, Call):
        if Column(name) in expression.arguments:
            yield from (part.value for part in expression.arguments if isinstance(part, Text))
        for part in expression.arguments:
            yield from _compared(part, name)


def _input(
    context: Context, name: str, value: Level, levels: tuple[Level, ...] | None, profile: Profile | None
) -> CalculatorInput:
    label = visible(context.label(name))
    if levels is not None:
        choices = tuple(visible(level_text(level)) for level in levels)
        at = [level_text(level) for level in levels].index(level_text(value))
        return CalculatorInput(name=visible(name), label=label, start=at, choices=choices)
    known = profile if isinstance(profile, Distribution) else None
    return CalculatorInput(
        name=visible(name),
        label=label,
        start=float(value),
        low=None if known is None else known.minimum,
        high=None if known is None else known.maximum,
        step=None if known is None else _step_of(known),
    )
