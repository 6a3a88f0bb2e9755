"""The language of hypotheses and functions of coefficients: text to a tree that cannot hold code.

    hypothesis = equation { "," equation }          equation = sum { "=" sum }
    sum        = product { ("+" | "-") product }    product  = sign { ("*" | "/") sign }
    sign       = { "+" | "-" } power                power    = operand [ ("**" | "^") sign ]
    operand    = number | "(" sum ")" | function "(" sum ")" | [ "[" outcome "]" ] name

A name is that of a design column, written as in the coefficient table (``race[T.black]``,
``poly(age, 2)[1]``), or of a term with several columns (``race``), which stands for all of them. The longest
name that fits is taken, so that ``log(lwt)`` is the column where the model has one. Names that begin with a
digit, or hold blanks or operators outside brackets, stand in backticks. ``[outcome]`` chooses one equation of
a multinomial fit; without it a name stands for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from logreg.design.fence import displayed, nearest, quote, refuse
from logreg.errors import FormulaError

__all__ = [
    "FUNCTIONS",
    "Call",
    "Equation",
    "Name",
    "Node",
    "Number",
    "Operation",
    "read_function",
    "read_hypothesis",
]

#: Functions of one argument that the delta method can differentiate.
FUNCTIONS = ("exp", "log", "sqrt")
#: Characters read; a hypothesis is a line, not a file.
MAX_LENGTH = 20_000
#: Operators in one text: whoever walks the tree needs some two Python frames for each.
MAX_OPERATIONS = 200
#: Names shown in a message about an unknown one.
LISTED_NAMES = 8
#: Brackets, signs and powers inside one another; each costs a few Python frames.
MAX_NESTING = 50

_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[^\W\d][\w.]*")
_QUOTED = re.compile(r"`([^`\\]*+(?:\\.[^`\\]*+)*+)`", re.DOTALL)
_SUFFIX = re.compile(r"(?:\[[^\]]*\]|:[\w.]+)*")
_BRACKETS = {"(": ")", "[": "]"}


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written."""

    value: float
    position: int


@dataclass(frozen=True, slots=True)
class Name:
    """A coefficient, or all those of a term; ``outcome`` is None for every equation."""

    outcome: str | None
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Operation:
    """Two operands with ``+ - * / **`` between them."""

    operator: str
    left: Node
    right: Node
    position: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function of `FUNCTIONS`, or ``neg``."""

    function: str
    argument: Node
    position: int


Node = Number | Name | Operation | Call


@dataclass(frozen=True, slots=True)
class Equation:
    """``left = right``; ``text`` is what was written, with ``= 0`` where the right side was left out."""

    left: Node
    right: Node
    text: str


def read_hypothesis(text: str, names: Iterable[str], outcomes: Iterable[str]) -> tuple[Equation, ...]:
    """Read a hypothesis: equations that hold together, separated by commas.

    An expression without ``=`` means that it is 0; ``a = b = 0`` means ``a = b`` and ``b = 0``.

    Parameters
    ----------
    text : str
        The hypothesis.
    names, outcomes : iterable of str
        What may be named: columns and terms, and the outcomes with coefficients.

    Raises
    ------
    FormulaError
        With the place marked, for what is not part of the language.

    Examples
    --------
    >>> [equation.text for equation in read_hypothesis("age = lwt = 0, 2*age", ["age", "lwt"], ["1"])]
    ['age = lwt', 'lwt = 0', '2*age = 0']
    """
    reader = _Reader(text, names, outcomes)
    equations: list[Equation] = []
    while True:
        sides = [reader.side()]
        while reader.take("==", "="):
            sides.append(reader.side())
        if len(sides) == 1:
            sides.append((Number(0.0, reader.index), "0"))
        for (left, before), (right, after) in pairwise(sides):
            equations.append(Equation(left=left, right=right, text=f"{before} = {after}"))
        if not reader.take(","):
            break
    reader.end()
    return tuple(equations)


def read_function(text: str, names: Iterable[str], outcomes: Iterable[str]) -> Node:
    """Read one expression; parameters and errors as for `read_hypothesis`."""
    reader = _Reader(text, names, outcomes)
    node, _ = reader.side()
    reader.end()
    return node


class _Reader:
    """A place in the text."""

    def __init__(self, text: str, names: Iterable[str], outcomes: Iterable[str]) -> None:
        self.text = text
        self.index = 0
        self.nesting = 0
        self.operations = 0
        self.listed = list(dict.fromkeys(names))
        self.names = sorted(self.listed, key=len, reverse=True)
        self.bare = [name for name in self.names if _is_bare(name)]
        self.outcomes = tuple(outcomes)
        if len(text) > MAX_LENGTH:
            raise FormulaError(
                f"the hypothesis has {len(text):,} characters; at most {MAX_LENGTH:,} are read."
            )

    def refuse(self, position: int, what: str, remedy: str = "") -> FormulaError:
        return refuse(self.text, position, what, remedy)

    def blanks(self) -> None:
        while self.index < len(self.text) and self.text[self.index].isspace():
            self.index += 1

    def take(self, *symbols: str) -> str | None:
        """Read one of the symbols, the first that fits."""
        self.blanks()
        for symbol in symbols:
            if self.text.startswith(symbol, self.index):
                self.index += len(symbol)
                return symbol
        return None

    def end(self) -> None:
        self.blanks()
        if self.index < len(self.text):
            char = self.text[self.index]
            raise self.refuse(
                self.index,
                f"an operator is missing before {displayed(char)}"
                if char.isalnum() or char in "`[(_."
                else f"{displayed(char)} has no meaning here",
                "Names with blanks or operators stand in backticks.",
            )

    def side(self) -> tuple[Node, str]:
        self.blanks()
        start = self.index
        node = self.sum()
        return node, " ".join(self.text[start : self.index].split())

    def sum(self) -> Node:
        node = self.product()
        while True:
            self.blanks()
            position = self.index
            operator = self.take("+", "-")
            if operator is None:
                return node
            node = self.operation(operator, node, self.product(), position)

    def product(self) -> Node:
        node = self.sign()
        while True:
            self.blanks()
            position = self.index
            operator = self.take("*", "/")
            if operator is None:
                return node
            node = self.operation(operator, node, self.sign(), position)

    def sign(self) -> Node:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.refuse(
                self.index, f"more than {MAX_NESTING} levels of nesting", "Simplify the expression."
            )
        self.blanks()
        position = self.index
        operator = self.take("+", "-")
        if operator is None:
            node = self.power()
        else:
            inner = self.sign()
            node = Call("neg", inner, position) if operator == "-" else inner
        self.nesting -= 1
        return node

    def power(self) -> Node:
        node = self.operand()
        self.blanks()
        position = self.index
        return self.operation("**", node, self.sign(), position) if self.take("**", "^") else node

    def operation(self, operator: str, left: Node, right: Node, position: int) -> Node:
        self.operations += 1
        if self.operations > MAX_OPERATIONS:
            raise self.refuse(
                position, f"more than {MAX_OPERATIONS} operators", "Give the hypothesis as a matrix instead."
            )
        return Operation(operator, left, right, position)

    def operand(self) -> Node:
        self.blanks()
        position = self.index
        if position == len(self.text):
            raise self.refuse(position, "an operand is missing at the end")
        char = self.text[position]
        if char == "(":
            return self.bracketed(position)
        if char == "[":
            return self.of_outcome(position)
        number = _NUMBER.match(self.text, position)
        if number:
            self.index = number.end()
            if _WORD.match(self.text, self.index):
                raise self.refuse(
                    position,
                    "a number runs into a name",
                    "A name that begins with a digit stands in backticks.",
                )
            if float(number[0]) == float("inf"):
                raise self.refuse(position, f"{displayed(number[0])} is beyond the range of numbers")
            return Number(float(number[0]), position)
        return self.name(None, position)

    def bracketed(self, position: int) -> Node:
        self.index = position + 1
        node = self.sum()
        if not self.take(")"):
            raise self.refuse(position, "bracket not closed: '('", "Add ')'.")
        return node

    def of_outcome(self, position: int) -> Node:
        self.index = position + 1
        self.blanks()
        if self.text.startswith("`", self.index):
            outcome = self.quoted()
            closed = self.take("]") is not None
        else:
            stop = self.text.find("]", self.index)
            closed = stop >= 0
            outcome = self.text[self.index : stop].strip() if closed else ""
            self.index = stop + 1
        if not closed:
            raise self.refuse(
                position, "bracket not closed: '['", "Write the outcome as [outcome], before the name."
            )
        if outcome not in self.outcomes:
            listed = ", ".join(map(displayed, self.outcomes))
            hint = nearest(outcome, self.outcomes)
            raise self.refuse(
                position,
                f"{displayed(outcome)} is not an outcome with coefficients",
                f"{hint} Those are: {listed}.".strip(),
            )
        self.blanks()
        return self.name(outcome, self.index)

    def name(self, outcome: str | None, position: int) -> Node:
        if self.text.startswith("`", position):
            name = self.quoted()
            if name not in self.names:
                raise self.unknown(name, position)
            return Name(outcome, name, position)
        for name in self.bare:
            if self.text.startswith(name, position) and self.ends_at(position + len(name)):
                self.index = position + len(name)
                return Name(outcome, name, position)
        word = _WORD.match(self.text, position)
        if word is None:
            shown = displayed(self.text[position : position + 1]) if position < len(self.text) else "the end"
            raise self.refuse(position, f"an operand is missing before {shown}")
        self.index = word.end()
        if outcome is None and word[0] in FUNCTIONS and self.take("("):
            return Call(word[0], self.bracketed(self.index - 1), position)
        raise self.unknown(self.text[position : self.index] + self.suffix(), position)

    def suffix(self) -> str:
        """Return the rest of what was meant as a name: brackets and colons that follow directly."""
        found = _SUFFIX.match(self.text, self.index)
        return found[0] if found else ""

    def quoted(self) -> str:
        found = _QUOTED.match(self.text, self.index)
        if found is None:
            raise self.refuse(self.index, "backtick not closed", "Put one on each side of the name.")
        self.index = found.end()
        return re.sub(r"\\([\\`])", r"\1", found[1])

    def ends_at(self, index: int) -> bool:
        """Whether a name may end here: what follows does not go on with it."""
        following = self.text[index : index + 1]
        return not following or not (following.isalnum() or following in "_.[:(`")

    def unknown(self, name: str, position: int) -> FormulaError:
        hint = nearest(name, self.names)
        for known in self.names:
            if known not in self.bare and self.text.startswith(known, position):
                hint = f"Write {quote(known)}, in backticks."
        some = ", ".join(map(displayed, self.listed[:LISTED_NAMES]))
        what = f"{displayed(name)} is not a coefficient or term of the model"
        return self.refuse(position, what, hint or f"Its names begin with {some}.")


def _is_bare(name: str) -> bool:
    """Whether a name may be written without backticks: no blanks or operators outside its brackets."""
    outside: list[str] = []
    closing: list[str] = []
    for char in name:
        if closing and char == closing[-1]:
            closing.pop()
        elif char in _BRACKETS:
            closing.append(_BRACKETS[char])
        elif not closing:
            outside.append(char)
    parts = "".join(outside).split(":")
    return not closing and all(_WORD.fullmatch(part) for part in parts)
