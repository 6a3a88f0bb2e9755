"""What every part of a report reads: the fit, the words for its columns, and its numbers line by line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from logreg.design.spec import INTERCEPT
from logreg.errors import SupportError, did_you_mean
from logreg.inference.coefficients import coefficient_table
from logreg.inference.estimate import LogisticEstimate
from logreg.interpret.baseline import with_baseline
from logreg.interpret.effects import Profile
from logreg.report.formats import REPORT, NumberStyle, integer, shortest
from logreg.report.outline import Line, level_text, outline

if TYPE_CHECKING:
    import pandas as pd

    from logreg.fitted import LogisticFit

__all__ = ["Context", "Numbers", "Units", "context_of"]

Units = Mapping[str, float] | str

#: Stands where a number is not given because it would say nothing.
BLANK = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The estimates of one coefficient, per unit of its variable.

    ``logit`` and ``std_error`` are log-odds, ``ratio``, ``low`` and ``high`` odds ratios. ``reason`` says why
    numbers are missing; "" if none is. An infinite estimate has an interval where that is a profile
    likelihood one.
    """

    logit: float
    std_error: float
    ratio: float
    low: float
    high: float
    p_value: float
    unit: float | None
    reason: str

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out an odds ratio of 1."""
        return self.low > 1.0 or self.high < 1.0

    @property
    def has_interval(self) -> bool:
        """Whether there is an interval; its ends may be 0 and infinite."""
        return not (math.isnan(self.low) or math.isnan(self.high))

    @property
    def is_finite(self) -> bool:
        """Whether there is a finite estimate with an interval."""
        return math.isfinite(self.logit) and self.has_interval


@dataclass(frozen=True, kw_only=True)
class Context:
    """A fit about to be reported.

    ``fit`` predicts; ``shown`` is the same fit against the baseline of the tables.
    ``numbers[equation][column]`` are their estimates; ``interval`` is how their intervals and p values were
    made, "wald" or "profile".
    """

    fit: LogisticFit
    shown: LogisticEstimate
    labels: Mapping[str, str]
    units: Units | None
    versus: object
    confidence: float
    interval: str
    lines: tuple[Line, ...]
    numbers: tuple[tuple[Numbers, ...], ...]
    style: NumberStyle = REPORT

    @property
    def level(self) -> str:
        """The confidence level as text: 95%."""
        return percent_of(self.confidence, self.style)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes with a logit, in table order."""
        return tuple(map(level_text, self.shown.spec.outcome.modelled))

    @property
    def baseline(self) -> str:
        """The outcome that the tables compare with."""
        return level_text(self.shown.spec.outcome.baseline)

    @property
    def outcome_heading(self) -> str:
        """What the outcome is called: its label, or the left side as written."""
        label = self.shown.spec.outcome.label
        return self.labels.get(label) or label

    @cached_property
    def profiles(self) -> Mapping[str, Profile]:
        """What each predictor looks like in the rows used; nothing for a loaded model."""
        found: Mapping[str, Profile] = {} if self.fit.source is None else self.fit.profiles()
        return found

    def label(self, name: str) -> str:
        """Return the heading of a data column."""
        return self.labels.get(name) or name

    def estimates(self) -> Iterator[tuple[int, Line, Numbers]]:
        """Yield (equation, line, numbers) of every coefficient but the intercepts, outcome by outcome."""
        for equation, found in enumerate(self.numbers):
            for line in self.lines:
                if line.position is not None and line.kind != "intercept":
                    yield equation, line, found[line.position]


def percent_of(confidence: float, style: NumberStyle = REPORT) -> str:
    """Return a confidence level as text.

    Examples
    --------
    >>> percent_of(0.95), percent_of(0.999)
    ('95%', '99.9%')
    """
    return f"{shortest(100.0 * confidence, style)}%"


def context_of(
    fit: LogisticFit,
    *,
    labels: Mapping[str, str] | None = None,
    units: Units | None = None,
    confidence: float | None = None,
    versus: object = None,
    interval: str = "wald",
    style: NumberStyle = REPORT,
) -> Context:
    """Collect what a report reads.

    Parameters
    ----------
    fit : LogisticFit
    labels : mapping, optional
        Headings of columns, beside those that the data carry.
    units : mapping, "sd" or "iqr", optional
        Increase of each numeric variable that its estimates refer to.
    confidence : float, optional
        Level of the intervals; the fit's own if not given.
    versus : level, optional
        Another outcome as the baseline.
    interval : {"wald", "profile"}
        How intervals and p values of the coefficients are made; see `logreg.inference.coefficients`.
    style : NumberStyle
        How numbers are written.

    Raises
    ------
    SupportError
        For labels of columns that the model does not know, units of what is not a number, and profile
        likelihood intervals where there is no likelihood.
    PredictError
        If ``versus`` is not a level of the outcome.
    """
    shown = with_baseline(fit, versus)
    headings = {**fit.labels, **_checked_labels(fit, labels)}
    level = fit.options.confidence if confidence is None else confidence
    # Bound to the rows again for the spread that units="sd" asks for.
    ratios = type(fit).of(shown, fit.source).odds_ratios(unit=units, intercept=True, confidence=level)
    numbers = _numbers(shown, ratios)
    if interval != "wald":
        profiled = fit.odds_ratios(unit=units, interval=interval, versus=versus, confidence=level)
        numbers = _profiled(shown, numbers, profiled)
    return Context(
        fit=fit,
        shown=shown,
        labels=headings,
        units=units,
        versus=versus,
        confidence=level,
        interval=interval,
        lines=outline(shown.spec, headings),
        numbers=numbers,
        style=style,
    )


def _checked_labels(fit: LogisticFit, labels: Mapping[str, str] | None) -> dict[str, str]:
    if labels is None:
        return {}
    spec = fit.spec
    known = (spec.outcome.label, *spec.outcome.columns, *spec.predictors, *spec.offset_columns)
    for name, label in labels.items():
        if not isinstance(name, str) or not isinstance(label, str):
            raise SupportError(f"labels= maps column names to text, but {name!r} is given {label!r}.")
        if name not in known and name not in fit.labels and not _is_column(fit, name):
            raise SupportError(
                f"labels=: {name!r} is not a column of the model.{did_you_mean(name, known)} "
                f"Columns are: {', '.join(map(repr, dict.fromkeys(known)))}."
            )
    return dict(labels)


def _is_column(fit: LogisticFit, name: str) -> bool:
    """Whether the data have the column; a loaded model cannot tell and believes it."""
    return fit.source is None or name in fit.source.column_names


def _numbers(shown: LogisticEstimate, ratios: pd.DataFrame) -> tuple[tuple[Numbers, ...], ...]:
    """Return estimates by equation and design column, each with the reason for what is missing."""
    logits = coefficient_table(shown)
    n_columns = len(shown.spec.columns)
    left_out = {name for name, _ in shown.aliases}
    rows = [
        _one(
            dict(zip(logits.columns, logit, strict=True)),
            dict(zip(ratios.columns, ratio, strict=True)),
            left_out,
        )
        for logit, ratio in zip(logits.itertuples(index=False), ratios.itertuples(index=False), strict=True)
    ]
    return tuple(tuple(rows[k : k + n_columns]) for k in range(0, len(rows), n_columns or 1))


def _one(logit: Mapping[str, Any], ratio: Mapping[str, Any], left_out: set[str]) -> Numbers:
    estimate, std_error = float(logit["estimate"]), float(logit["std_error"])
    unit = None if ratio["unit"] is None or math.isnan(ratio["unit"]) else float(ratio["unit"])
    step = 1.0 if unit is None else unit
    reason = ""
    if logit["term"] in left_out:
        reason = "left out"
    elif math.isinf(estimate):
        reason = "infinite"
    elif math.isnan(estimate) or math.isnan(std_error):
        reason = "not estimated"
    lost = bool(reason)
    nan = math.nan
    return Numbers(
        logit=estimate * step,
        std_error=nan if lost else std_error * abs(step),
        ratio=float(ratio["odds_ratio"]) if not math.isnan(estimate) else nan,
        low=nan if lost else float(ratio["conf_low"]),
        high=nan if lost else float(ratio["conf_high"]),
        p_value=nan if lost else float(ratio["p_value"]),
        unit=unit,
        reason=reason,
    )


def _profiled(
    shown: LogisticEstimate, numbers: tuple[tuple[Numbers, ...], ...], ratios: pd.DataFrame
) -> tuple[tuple[Numbers, ...], ...]:
    """Return the numbers with other intervals and p values; the intercept keeps none, as none is shown."""
    rows = iter(ratios[["conf_low", "conf_high", "p_value"]].itertuples(index=False, name=None))
    columns = shown.spec.columns
    return tuple(
        tuple(
            _without_interval(one) if column.variable == INTERCEPT else _with_interval(one, *next(rows))
            for column, one in zip(columns, found, strict=True)
        )
        for found in numbers
    )


def _without_interval(one: Numbers) -> Numbers:
    return replace(one, low=math.nan, high=math.nan, p_value=math.nan)


def _with_interval(one: Numbers, low: float, high: float, p_value: float) -> Numbers:
    lost = math.isnan(low) or math.isnan(high)
    if one.reason not in ("", "infinite"):
        return _without_interval(one)
    reason = one.reason or ("no interval" if lost else "")
    return replace(one, low=float(low), high=float(high), p_value=float(p_value), reason=reason)


def step_text(unit: float, style: NumberStyle = REPORT) -> str:
    """Return the increase an odds ratio refers to: 10, 0.5, 30.6.

    Examples
    --------
    >>> step_text(10.0), step_text(0.5), step_text(30.5794)
    ('10', '0.5', '30.6')
    """
    if unit == round(unit) and abs(unit) < 1e6:
        return integer(unit, style)
    return shortest(unit, style, digits=style.digits)
