"""Cells of a table of models side by side: terms aligned, one group of columns for each model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from logreg.inference.fit_statistics import NO_LIKELIHOOD, NO_MAXIMUM
from logreg.report.context import BLANK, percent_of, step_text
from logreg.report.formats import NumberStyle, fixed, odds_ratio, odds_ratio_interval, p_value
from logreg.report.nodes import Cell, Row, TableColumn
from logreg.report.outline import Line, level_text, outline
from logreg.report.sections_coefficients import logit_text
from logreg.report.words import REASONS, amount

if TYPE_CHECKING:
    import pandas as pd

    from logreg.fitted import LogisticFit

__all__ = ["FIT_STATISTICS", "Layout", "SideModel", "same_outcome", "statistic_rows"]

#: Fit statistics below the coefficients, with their headings.
FIT_STATISTICS: Mapping[str, str] = {
    "n_rows": "Rows",
    "events": "Events",
    "n_coef": "Coefficients",
    "loglik": "Log-likelihood",
    "aic": "AIC",
    "bic": "BIC",
    "mcfadden": "McFadden R²",
}
#: Those that are counts.
COUNTS = frozenset({"n_rows", "events", "n_coef", "sum_weights", "n_trials", "df_model"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SideModel:
    """A fit with its name, against the baseline of the table."""

    name: str
    fit: LogisticFit
    lines: tuple[Line, ...]

    @property
    def modelled(self) -> tuple[str, ...]:
        """The outcomes with a logit."""
        return self.fit.spec.outcome.modelled


def same_outcome(models: Sequence[SideModel]) -> bool:
    """Tell whether all models are about one outcome against one baseline."""
    first = models[0].fit.spec.outcome
    return all(
        m.fit.spec.outcome.names == first.names and m.fit.spec.outcome.label == first.label for m in models
    )


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What the cells are made of."""

    models: tuple[SideModel, ...]
    frames: list[pd.DataFrame]
    statistic: str
    interval: str | None
    p_values: bool
    level: float
    headings: Mapping[str, str]
    style: NumberStyle

    @property
    def what(self) -> str:
        """What the numbers are."""
        return "Odds ratios" if self.statistic == "odds_ratio" else "Coefficients (logit scale)"

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns of each model."""
        keys = [self.statistic]
        keys += ["interval"] if self.interval else []
        keys += ["p_value"] if self.p_values else []
        return tuple(keys)

    def columns(self) -> Iterator[TableColumn]:
        """Yield the columns: the terms, and those of each model."""
        heading = {
            "odds_ratio": "Odds ratio",
            "estimate": "Logit",
            "interval": f"{percent_of(self.level, self.style)} CI",
            "p_value": "p",
        }
        yield TableColumn(key="term", heading="Variable")
        for model in self.models:
            for key in self.keys:
                yield TableColumn(key=key, heading=heading[key], align="right", group=self.head_of(model))

    def head_of(self, model: SideModel) -> str:
        """Return the name of a model, with its outcome where the models differ in it."""
        if same_outcome(self.models):
            return model.name
        outcome = model.fit.spec.outcome
        label = self.headings.get(outcome.label) or outcome.label
        return f"{model.name}: {label}, {level_text(outcome.names[1])} against {level_text(outcome.baseline)}"

    def coefficient_rows(self) -> Iterator[Row]:
        """Yield the coefficients; under a heading per outcome where there are several."""
        lines = _merged([outline(model.fit.spec, self.headings) for model in self.models])
        several = len(self.models[0].modelled) > 1
        for equation, outcome in enumerate(self.models[0].modelled):
            if several:
                base = level_text(self.models[0].fit.spec.outcome.baseline)
                text = f"{level_text(outcome)} (against {base})"
                yield Row(cells=(Cell(text=text, value=outcome, style="strong"),), kind="group")
            for line in lines:
                if line.kind == "intercept" and self.statistic == "odds_ratio":
                    continue
                yield self._row(line, equation, several)

    def _row(self, line: Line, equation: int, several: bool) -> Row:
        width = len(self.keys) * len(self.models)
        indent = line.indent + int(several)
        step = self._step(line)
        name = Cell(text=line.text + step, value=line.name)
        if line.kind == "heading":
            if not several:
                return Row(cells=(name,), kind="group", indent=line.indent)
            return Row(cells=(name, *[Cell(text="")] * width), indent=indent)
        cells = [name]
        for model, frame in zip(self.models, self.frames, strict=True):
            cells += self._cells(model, frame, line, equation)
        kind: Literal["data", "reference"] = "reference" if line.kind == "reference" else "data"
        return Row(cells=tuple(cells), kind=kind, indent=indent)

    def _step(self, line: Line) -> str:
        """Return the increase that an odds ratio refers to, where it is not 1."""
        if self.statistic != "odds_ratio" or line.kind != "number":
            return ""
        found = {
            float(unit)
            for frame in self.frames
            for unit in frame.loc[frame["term"] == line.name, "unit"]
            if unit is not None and not math.isnan(unit)
        }
        if found in ({1.0}, set()):
            return ""
        return ", per " + " or ".join(step_text(unit, self.style) for unit in sorted(found))

    def _cells(self, model: SideModel, frame: pd.DataFrame, line: Line, equation: int) -> list[Cell]:
        own = {own.name: own for own in model.lines}
        if line.name not in own:
            return [Cell(text="") for _ in self.keys]
        if own[line.name].position is None:
            shown = {
                "odds_ratio": Cell(text="1", value=1.0),
                "estimate": Cell(text=fixed(0.0, 3, self.style), value=0.0),
                "interval": Cell(text="reference"),
            }
            if line.kind != "reference":
                return [Cell(text=BLANK, style="muted") for _ in self.keys]
            return [shown.get(key, Cell(text="")) for key in self.keys]
        row = frame[(frame["outcome"] == model.modelled[equation]) & (frame["term"] == line.name)].iloc[0]
        value, low, high = (float(row[name]) for name in (self.statistic, "conf_low", "conf_high"))
        reason = self._reason(model, line, value, low, high)
        cells = {
            self.statistic: self._number(value, reason),
            "interval": self._interval(low, high, reason),
            "p_value": self._p_value(float(row["p_value"]), reason),
        }
        return [cells[key] for key in self.keys]

    def _reason(self, model: SideModel, line: Line, value: float, low: float, high: float) -> str:
        if line.name in {name for name, _ in model.fit.aliases}:
            return f"{line.name}: {REASONS['left out']}"
        open_ended = math.isnan(low) or math.isnan(high)
        if math.isinf(value) or (value == 0.0 and self.statistic == "odds_ratio"):
            return f"{line.name}: {REASONS['infinite']}" if open_ended else ""
        if math.isnan(value):
            return f"{line.name}: {REASONS['not estimated']}"
        return f"{line.name}: no interval" if open_ended else ""

    def _number(self, value: float, reason: str) -> Cell:
        if math.isnan(value):
            return Cell(text=BLANK, value=value, reason=reason)
        ratio = self.statistic == "odds_ratio"
        text = odds_ratio(value, self.style) if ratio else logit_text(value, self.style)
        return Cell(text=text, value=value, reason=reason)

    def _interval(self, low: float, high: float, reason: str) -> Cell:
        if math.isnan(low) or math.isnan(high):
            return Cell(text=BLANK, reason=reason)
        if self.statistic == "odds_ratio":
            text = odds_ratio_interval(low, high, self.style)
        else:
            before, after = self.style.interval_brackets
            ends = (logit_text(end, self.style) for end in (low, high))
            text = before + self.style.interval_word.join(ends) + after
        return Cell(text=text, value=f"{low!r} to {high!r}")

    def _p_value(self, value: float, reason: str) -> Cell:
        text = p_value(value, self.style, reason=BLANK)
        return Cell(text=text, value=value, reason=(reason or "not tested") if math.isnan(value) else "")


def _merged(outlines: Sequence[Sequence[Line]]) -> list[Line]:
    """Return the lines of all models in one order: terms as they first occur, the intercept last.

    A level that an earlier model does not have stands after the one it follows in its own model.
    """
    terms: dict[str, list[Line]] = {}
    for lines in outlines:
        place = 0
        for line in lines:
            own = terms.setdefault(line.term, [])
            known = [k for k, other in enumerate(own) if _key(other) == _key(line)]
            place = known[0] if known else 0 if not own else min(place, len(own))
            if not known:
                own.insert(place, line)
            place += 1
    merged = [line for own in terms.values() for line in own]
    return sorted(merged, key=lambda line: line.kind == "intercept")


def _key(line: Line) -> tuple[str, bool]:
    return line.name, line.kind == "heading"


def statistic_rows(layout: Layout, names: Sequence[str]) -> Iterator[Row]:
    """Yield the fit statistics of all models, below a heading of their own."""
    if not names:
        return
    yield Row(cells=(Cell(text="Fit", value="fit", style="strong"),), kind="group")
    values = [
        dict(zip(frame["statistic"].tolist(), frame["value"].tolist(), strict=True))
        for frame in (model.fit.fit_statistics() for model in layout.models)
    ]
    for name in names:
        cells = [Cell(text=FIT_STATISTICS.get(name, name), value=name)]
        for model, found in zip(layout.models, values, strict=True):
            value = float(found.get(name, np.nan))
            cells.append(_statistic_cell(model, name, value, layout.style))
            cells += [Cell(text="")] * (len(layout.keys) - 1)
        yield Row(cells=tuple(cells), indent=1)


def _statistic_cell(model: SideModel, name: str, value: float, style: NumberStyle) -> Cell:
    if math.isnan(value):
        fit = model.fit
        reason = (
            NO_LIKELIHOOD if not fit.has_likelihood else NO_MAXIMUM if not fit.maximises_likelihood else ""
        )
        return Cell(text=BLANK, value=value, reason=reason or "not defined for this model")
    if name in COUNTS:
        return Cell(text=amount(value, style), value=value)
    return Cell(text=fixed(value, 2 if abs(value) >= 10.0 else 3, style), value=value)
