"""The sheet of a calculator that people see: values to change, what they come to, and what each term adds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from logreg.report.calculator import WORDS, CalculatorModel
from logreg.report.spreadsheet_design import NO_NAME
from logreg.report.spreadsheet_formulas import (
    Formula,
    Operand,
    any_of,
    chosen,
    equals,
    greatest,
    is_number,
    item,
    joined,
    length,
    place_in,
    quoted,
)
from logreg.report.spreadsheet_outcomes import Part, Three
from logreg.report.spreadsheet_sheet import Content, Entry, Sheet, Style
from logreg.report.spreadsheet_text import LONGEST_NAME, distinct, shortened
from logreg.report.table_layout import text_width

__all__ = ["Page"]

#: Columns in characters: labels, values, and whatever stands to their right.
_WIDTHS = (36.0, 18.0, *[12.0] * 8)
#: Columns of the record, beside its labels.
_VALUE, _START, _LOWEST, _HIGHEST, _REMARK = 1, 2, 3, 4, 5
#: Columns of the results: an estimate and its two limits each.
_PROBABILITY, _ODDS, _LOGIT = 1, 4, 7
#: Rows of the message and of the answer, which stay in view with those above them.
_MESSAGE, _ANSWER, _FROZEN = 2, 3, 4
_STYLES_OF_RECORD: Mapping[int, Style] = MappingProxyType({0: "column", _REMARK: "remark_column"})
_NOTHING = quoted("")


@dataclass(slots=True, kw_only=True)
class Page:
    """The sheet in the making.

    ``line`` is its next free row, ``message`` the cell that says why there is no result, empty if there is
    one, ``versus`` the place of the outcome compared with, None if that is always the first.
    """

    model: CalculatorModel
    sheet: Sheet
    line: int = 0
    message: Formula = _NOTHING
    versus: Formula | None = None
    versus_name: Formula | None = None

    # Values ------------------------------------------------------------------------------------------------

    def write_opening(self) -> None:
        """Write what this is and how it is used."""
        wider = len(self.model.outcomes) + 1 - len(_WIDTHS)
        self.sheet.widths = (*_WIDTHS, *[_WIDTHS[-1]] * wider)
        event = self.model.event
        about = f"{WORDS['probability_of']} {event}" if event else self.model.outcome
        self._across(f"{shortened(about)}: calculator", "title")
        self._across("Change the values in the framed cells; everything else follows them.", "soft")
        self.line = _FROZEN + 1
        self.sheet.frozen = _FROZEN

    def write_inputs(self, choices: Mapping[int, Formula]) -> list[Formula]:
        """Write a line per input, starting at its typical value, and return the cells to change.

        ``choices`` holds the names to choose from, for the inputs that have them.
        """
        headings = (WORDS["record"], "Value", "Start", "Lowest", "Highest", "Remark")
        for column, heading in enumerate(headings):
            self._put(column, heading, _STYLES_OF_RECORD.get(column, "number_column"))
        self.line += 1
        cells = []
        for k, one in enumerate(self.model.inputs):
            names = choices.get(k)
            start: Content = one.start if names is None else str(names.value[int(one.start), 0])
            cells.append(self._entry(one.label, start, names))
            self._put(_START, start, "soft_value")
            for column, limit in ((_LOWEST, one.low), (_HIGHEST, one.high)):
                if limit is not None:
                    self._put(column, limit, "soft_value")
            self.line += 1
        return cells

    def write_baseline(self, outcomes: Formula) -> Formula | None:
        """Write the choice of an outcome to compare with, where there are more than two; return its cell."""
        if len(self.model.outcomes) > 2:
            self.versus_name = self._entry(WORDS["versus"], str(outcomes.value[0, 0]), outcomes)
            self.line += 1
        return self.versus_name

    def _entry(self, label: str, start: Content, names: Formula | None) -> Formula:
        self._label(label)
        self.sheet.entries.append(Entry(row=self.line, column=_VALUE, remark=_REMARK, choices=names))
        return self._put(_VALUE, start, "input_number" if names is None else "input_choice")

    def write_remarks(self, used: Sequence[Formula]) -> None:
        """Say beside each value what is wrong with it; ``used`` are the numbers that were made of them."""
        for entry, number in zip(self.sheet.entries, used, strict=True):
            otherwise: Operand = _NOTHING
            if (entry.row, _LOWEST) in self.sheet.cells:
                value, low, high = (
                    self.sheet.cell(entry.row, column) for column in (_VALUE, _LOWEST, _HIGHEST)
                )
                otherwise = chosen(any_of(value < low, value > high), quoted(WORDS["outside"]), _NOTHING)
            said = quoted(WORDS["missing"] if entry.choices is None else NO_NAME)
            remark = chosen(is_number(number), otherwise, said)
            self.sheet.put(entry.row, _REMARK, remark, "remark")

    # Results -----------------------------------------------------------------------------------------------

    def write_results(
        self, probabilities: Sequence[Three], compared: Sequence[tuple[Three, Three]], outcomes: Formula
    ) -> None:
        """Write the answer, or the message that says why there is none, and what all outcomes come to.

        ``compared`` holds odds and logits, ``outcomes`` the names to say which is the most probable.
        """
        limits = probabilities[0].low is not None
        self.line += 1
        self._headings_of_results(limits=limits)
        first = self.line
        for k, (probability, (odds, logit)) in enumerate(zip(probabilities, compared, strict=True)):
            self._label(self.model.outcomes[k])
            self._three(_PROBABILITY, probability, "probability")
            if k == 0 and self.versus is None:
                self._result(_ODDS, odds.estimate, "odds")
                self._result(_LOGIT, quoted(WORDS["baseline"]), "soft_value")
            else:
                self._three(_ODDS, odds, "odds", baseline=k)
                self._three(_LOGIT, logit, "logit", baseline=k)
            self.line += 1
        after = self.line
        self._write_answer(first, outcomes, limits=limits)
        self.line = after + 1

    def _write_answer(self, first: int, outcomes: Formula, *, limits: bool) -> None:
        """Write the probability of the event, or of the most probable outcome; results begin at ``first``."""
        self.line = _MESSAGE
        self._across(self.message, "caution")
        self.line, column = _ANSWER, _VALUE
        n_outcomes = len(self.model.outcomes)
        estimates = self.sheet.area(first, _PROBABILITY, n_outcomes)
        most: Operand = 2.0
        if self.model.event:
            self._label(f"{WORDS['probability_of']} {self.model.event}", "strong_label")
        else:
            self._label(WORDS["likeliest"], "strong_label")
            most = place_in(greatest(estimates), estimates)
            self._result(column, item(outcomes, most), "strong_text")
            column += 1
        self._result(column, item(estimates, most), "strong_probability")
        if limits:
            for j in (1, 2):
                limit = item(self.sheet.area(first, _PROBABILITY + j, n_outcomes), most)
                self._result(column + j, limit, "strong_probability")
            self._put(column + 3, f"{self.model.level} CI", "aside")

    def _headings_of_results(self, *, limits: bool) -> None:
        baseline = shortened(self.model.outcomes[0])
        words = {_ODDS: f"{WORDS['odds']} against ", _LOGIT: f"{WORDS['logit']} (log-odds) against "}
        self._put(_PROBABILITY, WORDS["probability"], "upper_column")
        for column, text in words.items():
            heading: Content = text + baseline
            if self.versus_name is not None:
                heading = joined(quoted(text), self.versus_name)
            self._put(column, heading, "upper_column")
        for column in (_PROBABILITY, _ODDS, _LOGIT):
            self.sheet.merged[self.line, column] = 3
        longest = max(map(text_width, self.model.outcomes)) if self.versus_name else text_width(baseline)
        self._tall(text_width(words[_LOGIT]) + min(longest, LONGEST_NAME), sum(_WIDTHS[_LOGIT : _LOGIT + 3]))
        self.line += 1
        self._put(0, shortened(self.model.outcome), "column")
        for column in (_PROBABILITY, _ODDS, _LOGIT):
            headings = ("Estimate", f"{self.model.level} low", f"{self.model.level} high")
            for j, text in enumerate(headings if limits else headings[:1]):
                self._put(column + j, text, "number_column")
        self.line += 1

    def _three(self, column: int, three: Three, style: Style, baseline: int | None = None) -> None:
        """Write an estimate and its limits; ``baseline`` is its outcome where one may be that."""
        hidden = None
        if baseline is not None and self.versus is not None:
            hidden = equals(self.versus, baseline + 1.0)
        for j, cell in enumerate((three.estimate, three.low, three.high)):
            if cell is None:
                continue
            if hidden is not None and (j or style == "logit"):
                cell = chosen(hidden, quoted("" if j else WORDS["baseline"]), cell)
            self._result(column + j, cell, style)

    def write_parts(self, parts: Sequence[Part], logits: Sequence[Three]) -> None:
        """Write what each term adds to the logits, and the logits as their sums."""
        self._across(WORDS["contributions"], "heading")
        binary = len(self.model.outcomes) == 2
        places = range(1 if binary else 0, len(self.model.outcomes))
        names = [WORDS["contribution"]] if binary else distinct(self.model.outcomes)
        self._put(0, WORDS["term"], "column")
        for column, name in enumerate(names, start=1):
            self._put(column, name, "number_column")
        self._tall(max(map(text_width, names)), _WIDTHS[-1])
        self.line += 1
        for part in parts:
            self._label(part.label)
            for column, k in enumerate(places, start=1):
                self._result(column, self._unless_baseline(k, part.added[k], ""), "logit")
            self.line += 1
        self._put(0, WORDS["sum"], "strong_label")
        for column, k in enumerate(places, start=1):
            total = self._unless_baseline(k, logits[k].estimate, WORDS["baseline"])
            self._result(column, total, "strong_logit")
        self.line += 2

    def _unless_baseline(self, k: int, cell: Formula, otherwise: str) -> Formula:
        if self.versus is None:
            return cell
        return chosen(equals(self.versus, k + 1.0), quoted(otherwise), cell)

    def write_notes(self, numbers_name: str) -> None:
        """Write what a reader needs to know about the numbers."""
        model = self.model
        if model.covariance is None:
            self._note("There are no intervals: the covariance of so many coefficients is too large.")
        else:
            self._note(
                f"Low and high: limits of the {model.level} confidence interval (CI, by Wald's method); "
                "those of a probability are computed on its log-odds."
            )
        if any(one.low is not None for one in model.inputs):
            self._note(
                "A value outside the range of the data is marked, because the model was not fitted there. "
                "Values start at medians and most frequent levels."
            )
        if model.direction is not None:
            self._note(
                "∞: the data separate the outcomes, so that the estimate has no bound. It has no interval, "
                "which a dash stands for."
            )
        self._note(
            "A prediction describes records like those of the data; changing a value does not tell what an "
            "intervention would do."
        )
        self._note(f"Coefficients, covariance and all steps between are on the sheet “{numbers_name}”.")

    # Cells -------------------------------------------------------------------------------------------------

    def _put(self, column: int, content: Content, style: Style) -> Formula:
        return self.sheet.put(self.line, column, content, style)

    def _result(self, column: int, cell: Formula, style: Style) -> None:
        """Write what is computed, unless there is a message why it cannot be."""
        self._put(column, chosen(length(self.message) > 0, _NOTHING, cell), style)

    def _label(self, text: str, style: Style = "label") -> None:
        self._put(0, shortened(text), style)
        self._tall(text_width(shortened(text)), _WIDTHS[0])

    def _across(self, content: Content, style: Style) -> None:
        """Write a line over all columns."""
        self._put(0, content, style)
        self.sheet.merged[self.line, 0] = len(_WIDTHS)
        self.line += 1

    def _note(self, text: str) -> None:
        self._across(text, "soft")

    def _tall(self, width: float, column_width: float) -> None:
        """Make the row tall enough for a text that wraps."""
        lines = max(1, math.ceil(width / column_width))
        self.sheet.heights[self.line] = max(lines, self.sheet.heights.get(self.line, 1))
