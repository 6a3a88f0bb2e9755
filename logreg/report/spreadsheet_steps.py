"""The steps and bases of a calculator (see `logreg.report.calculator_steps`) as cells of a sheet.

Every operation has a cell, so that formulas stay short; functions that a spreadsheet lacks,
or computes with fewer digits, are written out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from logreg.report.calculator_steps import Basis, Step
from logreg.report.spreadsheet_formulas import (
    Formula,
    absolute,
    chosen,
    cosine,
    differs,
    equals,
    exactly,
    exponential,
    greatest,
    item,
    least,
    log_10,
    logarithm,
    no_value,
    place_in,
    power,
    rounded,
    rounded_down,
    sign,
    sine,
    square_root,
    sum_of_products,
    tangent,
)
from logreg.report.spreadsheet_sheet import Sheet

__all__ = ["OPERATIONS_AS_FORMULAS", "Choices", "Workings", "sigmoid"]

#: Nearer to 0 than this, exp(x) - 1 and log(1 + x) are sums of powers: their formulas would lose digits.
_NEAR_ZERO = 0.01
#: Powers that are summed there: the next one is below the last digit.
_N_POWERS = 7


def sigmoid(x: Formula) -> Formula:
    """Return ``1 / (1 + exp(-x))`` without an exponential that overflows."""
    small = exponential(-absolute(x))
    return chosen(x >= 0, 1, small) / (1 + small)


def _zero_or_one(condition: Formula) -> Formula:
    return chosen(condition, 1, 0)


def _half_to_even(x: Formula) -> Formula:
    half = equals(x - rounded_down(x), 0.5)
    return chosen(half, 2 * rounded(x / 2, 0), rounded(x, 0))


def _to_the_power(x: Formula, exponent: Formula) -> Formula:
    """Return a power with 1 for the power of 0, and no root of a negative number."""
    constant = exactly(exponent.value)
    if constant is not None and constant.text == exponent.text and exponent.value > 0:
        if exponent.value.is_integer():
            return power(x, exponent)
        return chosen(x < 0, no_value(), power(x, exponent))
    rootless = chosen(equals(rounded_down(exponent), exponent), power(x, exponent), no_value())
    return chosen(equals(exponent, 0), 1, chosen(x < 0, rootless, power(x, exponent)))


def _exponential_less_one(x: Formula) -> Formula:
    series = 1 + x / _N_POWERS
    for k in range(_N_POWERS - 1, 1, -1):
        series = 1 + x / k * series
    return chosen(absolute(x) < _NEAR_ZERO, x * series, exponential(x) - 1)


def _logarithm_of_one_more(x: Formula) -> Formula:
    series: Formula = 1 / Formula(str(_N_POWERS), float(_N_POWERS))
    for k in range(_N_POWERS - 1, 0, -1):
        series = 1 / Formula(str(k), float(k)) - x * series
    return chosen(absolute(x) < _NEAR_ZERO, x * series, logarithm(1 + x))


#: Every operation of a step as a formula of formulas, each a cell or a constant.
OPERATIONS_AS_FORMULAS: Mapping[str, Callable[..., Formula]] = MappingProxyType(
    {
        "I": lambda x: x,
        "abs": absolute,
        "ceil": lambda x: -rounded_down(-x),
        "cos": cosine,
        "exp": exponential,
        "expm1": _exponential_less_one,
        "floor": rounded_down,
        "log": logarithm,
        "log10": log_10,
        "log1p": _logarithm_of_one_more,
        "log2": lambda x: logarithm(x) / logarithm(2),
        "logit": lambda p: logarithm(p / (1 - p)),
        "pmax": greatest,
        "pmin": least,
        "round": _half_to_even,
        "sigmoid": sigmoid,
        "sign": sign,
        "sin": sine,
        "sqrt": square_root,
        "tan": tangent,
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "**": _to_the_power,
        "//": lambda a, b: rounded_down(a / b),
        "%": lambda a, b: a - b * rounded_down(a / b),
        "neg": lambda a: -a,
        "==": lambda a, b: _zero_or_one(equals(a, b)),
        "!=": lambda a, b: _zero_or_one(differs(a, b)),
        "<": lambda a, b: _zero_or_one(a < b),
        "<=": lambda a, b: _zero_or_one(a <= b),
        ">": lambda a, b: _zero_or_one(a > b),
        ">=": lambda a, b: _zero_or_one(a >= b),
        "center": lambda x, mean: x - mean,
        "scale": lambda x, mean, sd: (x - mean) / sd,
    }
)
_INFIX = frozenset(["+", "-", "*", "/", "**", "//", "%", "==", "!=", "<", "<=", ">", ">="])


@dataclass(slots=True, kw_only=True)
class Choices:
    """Names to choose from and their numbers, 1 and up; what else belongs to them goes beside them, from
    ``column`` on.
    """

    names: Formula
    numbers: Formula
    row: int
    column: int


@dataclass(slots=True, kw_only=True)
class Workings:
    """The sheet on which a record is worked out; ``line`` is its next free row.

    ``inputs`` are the numbers of the record, for a choice its place, counted from 1; ``names`` are theirs.
    """

    sheet: Sheet
    names: tuple[str, ...]
    inputs: list[Formula] = field(default_factory=list)
    choices: dict[int, Choices] = field(default_factory=dict)
    found: dict[Step, Formula] = field(default_factory=dict)
    line: int = 0

    def heading(self, text: str, *columns: str) -> None:
        """Begin a block: a heading, and the headings of its columns; the first holds labels."""
        self.line += 1
        self.sheet.put(self.line, 0, text, "heading")
        self.line += 1
        if columns:
            for j, column in enumerate(columns):
                self.sheet.put(self.line, j, column, "number_column" if j else "column")
            self.line += 1

    def labelled(self, label: str, content: Formula | float | str) -> Formula:
        """Write a label with what belongs to it on a row of its own."""
        self.sheet.put(self.line, 0, label, "label")
        self.line += 1
        return self.sheet.put(self.line - 1, 1, content)

    def remove_from(self, line: int) -> None:
        """Take back a block to which nothing was written, which began at a line."""
        for row, column in [place for place in self.sheet.cells if place[0] > line]:
            del self.sheet.cells[row, column]
        self.line = line

    # Steps -------------------------------------------------------------------------------------------------

    def step(self, step: Step) -> Formula:
        """Return the cell with what a step comes to, writing it when it is first needed."""
        if isinstance(step, int | float):
            constant = exactly(float(step))
            if constant is not None:
                return constant
        if step not in self.found:
            self.found[step] = self._written(step)
        return self.found[step]

    def level(self, step: Step) -> Formula:
        """Return the cell with the place of a level, counted from 1, that a step of a factor finds."""
        key = ("level", step)
        if key not in self.found:
            assert isinstance(step, tuple)
            if step[0] == "table":
                content = self._of_choice(step[1], "Level", [value + 1.0 for value in step[2]])
            else:
                part = self.step(step[1])
                numbers = self.sheet.write_across(self.line, 2, list(step[2]))
                content = place_in(part, numbers)
            self.found[key] = self.labelled(f"level of {step_text(step, self.names)}", content)
        return self.found[key]

    def _written(self, step: Step) -> Formula:
        label = step_text(step, self.names)
        if isinstance(step, int | float):
            return self.labelled(label, float(step))
        name, *operands = step
        if name == "input":
            return self.inputs[operands[0]]
        if name == "table":
            return self.labelled(label, self._of_choice(operands[0], "Value", list(operands[1])))
        if name == "match":
            first, second, partners = operands
            partner = self._of_choice(first, "Partner", [place + 1.0 for place in partners])
            return self.labelled(label, _zero_or_one(equals(partner, self.inputs[second])))
        if name == "I":
            return self.step(operands[0])
        parts = [self.step(operand) for operand in operands]
        return self.labelled(label, OPERATIONS_AS_FORMULAS[name](*parts))

    def _of_choice(self, position: int, heading: str, numbers: list[float]) -> Formula:
        """Return the number that belongs to the choice made at an input."""
        place = self.choices[position]
        self.sheet.put(place.row - 1, place.column, heading, "number_column")
        area = self.sheet.write_down(place.row, place.column, numbers)
        place.column += 1
        return item(area, self.inputs[position])

    # Bases -------------------------------------------------------------------------------------------------

    def basis(self, label: str, basis: Basis, x: Formula) -> list[Formula]:
        """Write the columns that a basis makes of one number and return their cells."""
        if basis.kind == "powers":
            self.heading(label, "Column", "Value")
            found = [self.labelled("power 1", x)]
            for k in range(1, basis.degree):
                found.append(self.labelled(f"power {k + 1}", found[-1] * x))
            return found
        return self._polynomials(label, basis, x) if basis.kind == "poly" else self._pieces(label, basis, x)

    def _polynomials(self, label: str, basis: Basis, x: Formula) -> list[Formula]:
        self.heading(label, "Column", "Value", "Centre", "Norm before", "Norm", "Not scaled")
        found: list[Formula] = []
        norms: list[Formula] = []
        unscaled: list[Formula] = []
        for k, centre in enumerate(basis.alpha):
            shift = self.sheet.put(self.line, 2, centre)
            norms.append(self.sheet.put(self.line, 3, basis.norm2[k + 1]))
            norm = self.sheet.put(self.line, 4, basis.norm2[k + 2])
            here = x - shift
            if k:
                before: Formula | float = unscaled[-2] if k > 1 else 1.0
                here = here * unscaled[-1] - norms[k] / norms[k - 1] * before
            unscaled.append(self.sheet.put(self.line, 5, here))
            found.append(self.labelled(f"degree {k + 1}", unscaled[-1] / square_root(norm)))
        return found

    def _pieces(self, label: str, basis: Basis, x: Formula) -> list[Formula]:
        size = max(len(powers) for columns in basis.coefficients for powers in columns)
        n_pieces, n_columns = len(basis.coefficients), len(basis.coefficients[0])
        names = [f"Column {j + 1}, power {k}" for j in range(n_columns) for k in range(size)]
        self.heading(label, "Piece", "Begins at", "Centre", "Half width", *names)
        first = self.line
        for i, columns in enumerate(basis.coefficients):
            self.sheet.put(self.line, 0, f"{i + 1}", "label")
            if i:
                self.sheet.put(self.line, 1, basis.breaks[i - 1])
            self.sheet.put(self.line, 2, basis.centres[i])
            self.sheet.put(self.line, 3, basis.halves[i])
            padded = [c for powers in columns for c in (*powers, *[0.0] * (size - len(powers)))]
            self.sheet.write_across(self.line, 4, padded)
            self.line += 1
        piece: Formula | float = 1.0
        if n_pieces > 1:
            reached = sum_of_products((x >= self.sheet.area(first + 1, 1, n_pieces - 1)) * 1)
            piece = self.labelled("piece of the value", reached + 1)
        centre = item(self.sheet.area(first, 2, n_pieces), piece)
        half = item(self.sheet.area(first, 3, n_pieces), piece)
        scaled = self.labelled("value in the piece, -1 to 1", (x - centre) / half)
        self.sheet.put(self.line, 0, "its powers", "label")
        last = self.sheet.put(self.line, 1, 1.0)
        for k in range(1, size):
            last = self.sheet.put(self.line, k + 1, last * scaled)
        powers = self.sheet.area(self.line, 1, 1, size)
        self.line += 1
        return [
            self.labelled(
                f"column {j + 1}",
                sum_of_products(
                    item(self.sheet.area(first, 4 + j * size, n_pieces, size), piece),
                    powers,
                ),
            )
            for j in range(n_columns)
        ]


def step_text(step: Step, names: tuple[str, ...]) -> str:
    """Return a step as it would be written in a formula, for a label."""
    if isinstance(step, int | float):
        return f"{step:g}"
    name, *operands = step
    if name in ("input", "table"):
        return names[operands[0]]
    if name == "match":
        return f"{names[operands[0]]} == {names[operands[1]]}"
    if name == "position":
        return step_text(operands[0], names)
    if name in _INFIX:
        return f" {name} ".join(_bracketed(operand, names) for operand in operands)
    if name == "neg":
        return f"-{_bracketed(operands[0], names)}"
    texts: list[Any] = [step_text(operand, names) for operand in operands]
    return f"{name}({', '.join(texts)})"


def _bracketed(step: Step, names: tuple[str, ...]) -> str:
    text = step_text(step, names)
    return f"({text})" if isinstance(step, tuple) and step[0] in _INFIX else text
