"""The formulas of a workbook computed again, from the rules of spreadsheets alone.

Enough of the language for calculators: cells are computed when they are asked for, IF looks at one of its
branches, an error anywhere else spreads, and text in the place of a number is an error.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import openpyxl
from openpyxl.formula import Tokenizer
from openpyxl.utils import range_boundaries


class CellError(Exception):
    """An error value such as #N/A."""


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "<>": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
LEVELS = (COMPARISONS, {"&": None}, {"+": None, "-": None}, {"*": None, "/": None})
ELEMENTWISE: dict[str, Callable[[float], float]] = {
    "ABS": abs, "COS": math.cos, "EXP": math.exp, "INT": math.floor, "LN": math.log, "LOG10": math.log10,
    "SIN": math.sin, "SQRT": math.sqrt, "TAN": math.tan, "SIGN": lambda x: float((x > 0) - (x < 0)),
}  # fmt: skip


def number(value: Any) -> float:
    if value is None:
        return 0.0
    if isinstance(value, str):
        raise CellError("#VALUE!")
    return float(value)


def each(compute: Callable[..., Any], *values: Any) -> Any:
    """Apply a function to numbers, or to every cell of areas."""
    try:
        if any(isinstance(value, np.ndarray) for value in values):
            cells = np.frompyfunc(compute, len(values), 1)(*values)
            return np.asarray(cells, dtype=object)
        return compute(*values)
    except (ArithmeticError, ValueError) as error:
        raise CellError("#NUM!") from error


def numbers(values: Any) -> list[float]:
    """Return the numbers of arguments that are added up or compared: text in an area counts nothing."""
    found = []
    for value in values:
        cells = value.ravel() if isinstance(value, np.ndarray) else [value]
        found += [float(x) for x in cells if isinstance(x, (int, float)) and not isinstance(x, bool)]
    return found


class Book:
    """A workbook whose cells can be set and asked for what they come to."""

    def __init__(self, book: openpyxl.Workbook) -> None:
        self.book = book
        self.known: dict[tuple[str, str], Any] = {}
        self.parsed: dict[str, Any] = {}

    def put(self, sheet: str, cell: str, value: Any) -> None:
        self.book[sheet][cell].value = value
        if isinstance(value, str):
            self.book[sheet][cell].data_type = "s"  # text is text, as in a cell with the format @
        self.known.clear()

    def value(self, sheet: str, cell: str) -> Any:
        key = (sheet, cell)
        if key not in self.known:
            found = self.book[sheet][cell]
            content = found.value
            if found.data_type == "f":
                if content not in self.parsed:
                    self.parsed[content] = Parser(content).tree
                try:
                    content = self.run(self.parsed[content], sheet)
                except CellError as error:
                    content = error
            self.known[key] = content
        if isinstance(self.known[key], CellError):
            raise self.known[key]
        return self.known[key]

    def run(self, tree: Any, sheet: str) -> Any:
        kind, *parts = tree
        if kind == "constant":
            return parts[0]
        if kind == "reference":
            return self.reference(parts[0], sheet)
        if kind == "negative":
            return each(lambda x: -number(x), self.run(parts[0], sheet))
        if kind == "infix":
            mark, left, right = parts
            return infix(mark, self.run(left, sheet), self.run(right, sheet))
        name, arguments = parts
        if name == "IF":
            condition = self.run(arguments[0], sheet)
            return self.run(arguments[1 if condition else 2], sheet)
        if name == "ISNUMBER":
            try:
                return isinstance(self.run(arguments[0], sheet), (int, float))
            except CellError:
                return False
        return function(name, [self.run(argument, sheet) for argument in arguments])

    def reference(self, text: str, sheet: str) -> Any:
        if "!" in text:
            sheet, text = text.rsplit("!", 1)
            sheet = sheet.strip("'")
        text = text.replace("$", "")
        if ":" not in text:
            return self.value(sheet, text)
        left, top, right, bottom = range_boundaries(text)
        letters = [openpyxl.utils.get_column_letter(column) for column in range(left, right + 1)]
        cells = [
            [self.value(sheet, f"{letter}{row}") for letter in letters] for row in range(top, bottom + 1)
        ]
        area = np.empty((bottom - top + 1, right - left + 1), dtype=object)
        area[:] = cells
        return area


def infix(mark: str, left: Any, right: Any) -> Any:
    if mark in COMPARISONS:
        return each(lambda a, b: bool(COMPARISONS[mark](*comparable(a, b))), left, right)
    if mark == "&":
        return f"{left}{right}"
    return each(lambda a, b: ARITHMETIC[mark](number(a), number(b)), left, right)


def comparable(a: Any, b: Any) -> tuple[Any, Any]:
    """Return two values in the order of spreadsheets: numbers before texts, texts in any case."""
    pairs = [(1, value.lower()) if isinstance(value, str) else (0, value) for value in (a, b)]
    return pairs[0], pairs[1]


def function(name: str, values: list[Any]) -> Any:
    if name in ELEMENTWISE:
        return each(lambda x: float(ELEMENTWISE[name](number(x))), values[0])
    if name == "NA":
        raise CellError("#N/A")
    if name in ("MAX", "MIN", "SUM"):
        return float({"MAX": max, "MIN": min, "SUM": math.fsum}[name](numbers(values)))
    if name == "SUMPRODUCT":
        return sum_of_products(values)
    if name == "SUMIF":
        keys, key, terms = values
        return math.fsum(numbers([terms.ravel()[[x == key for x in keys.ravel()]]]))
    if name == "MMULT":
        first, second = (np.array(value, dtype=float) for value in values)
        assert min(first.size, second.size) > 1
        return (first @ second).astype(object)
    if name == "INDEX":
        area, row, column = (*values, 1.0)[:3]
        if not 1 <= row <= len(area):
            raise CellError("#REF!")
        return area[int(row) - 1][np.newaxis] if column == 0 else area[int(row) - 1, int(column) - 1]
    if name == "MATCH":
        sought, area, kind = values
        assert kind == 0
        places = [k for k, x in enumerate(area.ravel(), start=1) if x == sought and not isinstance(x, str)]
        if not places:
            raise CellError("#N/A")
        return float(places[0])
    if name == "EXACT":
        return each(lambda a, b: str(a or "") == str(b or ""), *values)
    if name == "POWER":
        base, exponent = map(number, values)
        if base == 0 and exponent == 0:
            raise CellError("#NUM!")
        found = each(lambda a, b: a**b, base, exponent)
        # LibreOffice finds odd roots of negative numbers; nobody may rely on either answer.
        assert not isinstance(found, complex)
        return found
    if name == "ROUND":
        assert values[1] == 0
        return math.copysign(math.floor(abs(values[0]) + 0.5), values[0])
    if name == "LEN":
        return float(len(values[0] or ""))
    assert name == "OR", name
    return any(values)


def sum_of_products(values: list[Any]) -> float:
    """Add up products; in areas, what is not a number counts as 0, truth values too."""
    areas = [
        value if isinstance(value, np.ndarray) else np.array([[value]], dtype=object) for value in values
    ]
    assert len({area.shape for area in areas}) == 1
    total = []
    for cells in zip(*(area.ravel() for area in areas), strict=True):
        plain = [x if isinstance(x, (int, float)) and not isinstance(x, bool) else 0.0 for x in cells]
        total.append(math.prod(plain))
    return math.fsum(total)


class Parser:
    """A formula as a tree of tuples; comparisons bind least, then &, then sums, then products."""

    def __init__(self, formula: str) -> None:
        self.tokens = [token for token in Tokenizer(formula).items if token.type != "WHITE-SPACE"]
        self.place = 0
        self.tree = self.level(0)
        assert self.place == len(self.tokens), formula

    def level(self, depth: int) -> Any:
        if depth == len(LEVELS):
            return self.piece()
        tree = self.level(depth + 1)
        while self.place < len(self.tokens):
            token = self.tokens[self.place]
            if token.type != "OPERATOR-INFIX" or token.value not in LEVELS[depth]:
                break
            self.place += 1
            tree = ("infix", token.value, tree, self.level(depth + 1))
        return tree

    def piece(self) -> Any:
        token = self.tokens[self.place]
        self.place += 1
        if token.type == "OPERATOR-PREFIX":
            assert token.value == "-"
            return ("negative", self.piece())
        if token.type == "PAREN":
            tree = self.level(0)
            self.place += 1
            return tree
        if token.type == "FUNC":
            return ("function", token.value.rstrip("("), self.arguments())
        assert token.type == "OPERAND", token.value
        if token.subtype == "RANGE":
            return ("reference", token.value)
        if token.subtype == "TEXT":
            return ("constant", token.value[1:-1].replace('""', '"'))
        assert token.subtype == "NUMBER", token.value
        return ("constant", float(token.value))

    def arguments(self) -> list[Any]:
        found = []
        while self.tokens[self.place].subtype != "CLOSE":
            found.append(self.level(0))
            if self.tokens[self.place].type == "SEP":
                self.place += 1
        self.place += 1
        return found
