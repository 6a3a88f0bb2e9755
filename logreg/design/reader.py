"""How far a formula has been read: its tokens, the names it may use, and what it has cost so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from logreg.design.ast import Column
from logreg.design.fence import Token, displayed, nearest, quote, refuse
from logreg.design.functions import FUNCTIONS, OPERATORS, Kind
from logreg.errors import FormulaError

__all__ = ["COMPARISONS", "MAX_NESTING", "MAX_OPERATIONS", "Reader", "column_hint", "read_column"]

#: Brackets (and powers of powers) inside one another. Reading needs some eight Python frames for each, which
#: stays far below the interpreter's recursion limit of 1,000.
MAX_NESTING = 50

#: Operators and calls in one factor. It bounds the depth of the expression, so that whoever walks, compares,
#: hashes or pickles it (some five frames a level) stays below the recursion limit too.
MAX_OPERATIONS = 100

#: Columns named in a message about an unknown one.
LISTED_COLUMNS = 5

COMPARISONS = frozenset(name for name, level in OPERATORS.items() if level == OPERATORS["=="])
_KEYWORDS = frozenset(
    {"lambda", "if", "else", "for", "not", "and", "or", "is", "in", "import", "await", "yield"}
)
_OPERANDS = ("name", "column", "text", "number")
_MISPLACED = {
    ")": "It closes no bracket.",
    "]": "It closes no bracket.",
    "[": "Columns cannot be indexed; a list stands only in an argument, as in knots=[1, 2].",
    "(": "Put an operator before the bracket.",
    "=": "To compare write '=='.",
    ":=": "Nothing can be assigned in a formula.",
    ":": "Inside a call multiply with '*'.",
    "%in%": "Inside a call compare with '=='.",
    "~": "A formula has one '~'.",
    "//": "Wrap arithmetic in I(...).",
    "%": "Wrap arithmetic in I(...).",
    **dict.fromkeys(COMPARISONS, "Wrap a comparison in I(...), and compare two values at a time."),
}


@dataclass(slots=True)
class Reader:
    """A place in the tokens of a formula, with the names it may use and what has been spent of the limits.

    ``calls`` are the kinds of functions that may stand inside an expression.
    """

    text: str
    tokens: list[Token]
    columns: Mapping[str, None]
    calls: frozenset[Kind]
    index: int = 0
    nesting: int = 0
    operations: int = 0
    products: int = 0

    @property
    def token(self) -> Token:
        """The token to be read next."""
        return self.tokens[self.index]

    def next(self) -> Token:
        """Read one token; the end stays where it is."""
        token = self.tokens[self.index]
        if token.kind != "end":
            self.index += 1
        return token

    def follows(self, kind: str) -> bool:
        """Whether the token after the one to be read next is of this kind."""
        return self.token.kind != "end" and self.tokens[self.index + 1].kind == kind

    def take(self, kind: str) -> bool:
        """Read the next token if it is of this kind."""
        found = self.tokens[self.index].kind == kind
        self.index += found
        return found

    def refuse(self, token: Token, what: str, remedy: str = "") -> FormulaError:
        """Return the error for a token."""
        return refuse(self.text, token.start, what, remedy)

    def close(self, bracket: str) -> None:
        """Read a closing bracket."""
        if not self.take(bracket):
            raise self.unexpected()

    @contextmanager
    def nested(self, token: Token) -> Iterator[None]:
        """Count one level of nesting."""
        if self.nesting == MAX_NESTING:
            raise self.refuse(token, f"more than {MAX_NESTING} levels of nesting", "Simplify the formula.")
        self.nesting += 1
        yield
        self.nesting -= 1

    def count(self, token: Token) -> None:
        """Count one operator or call of the current factor."""
        self.operations += 1
        if self.operations > MAX_OPERATIONS:
            what = f"more than {MAX_OPERATIONS} operators and calls in one factor"
            raise self.refuse(token, what, "Compute the column in the data first.")

    def unexpected(self) -> FormulaError:
        """Return the error for a next token that nothing can be made of."""
        token = self.token
        previous = self.tokens[self.index - 1] if self.index else None
        after_operand = previous is not None and previous.kind in (*_OPERANDS, ")", "]")
        written = self.text[token.start : token.stop]
        if not after_operand:
            what = "an operand is missing " + (f"before {displayed(written)}" if written else "at the end")
            return self.refuse(token, what, _MISPLACED["["] if token.kind == "[" else "")
        if token.kind == "end":
            return self.refuse(token, "the formula ends too early")
        if token.kind not in _OPERANDS:
            return self.refuse(token, f"{written!r} has no meaning here", _MISPLACED.get(token.kind, ""))
        if token.value.startswith(".") and previous is not None and previous.stop == token.start:
            what = f"attribute access ({displayed(written)}) is not allowed in a formula"
            return self.refuse(token, what, "Name columns and call the listed functions only.")
        if token.kind == "name" and token.value in _KEYWORDS:
            return self.refuse(token, _python(token.value))
        start = previous.start if previous is not None else token.start
        what = f"an operator is missing before {displayed(written)}"
        return self.refuse(token, what, column_hint(self, start) or "Put + between two terms.")


def read_column(reader: Reader, token: Token) -> Column:
    """Return the column a token names.

    Raises
    ------
    FormulaError
        When the data have no such column, or its name is reserved.
    """
    name = token.value
    if name == "Intercept":
        raise reader.refuse(token, "the name 'Intercept' is reserved for the intercept", "Rename the column.")
    if name in reader.columns:
        return Column(name)
    if token.kind == "name":
        _refuse_code(reader, token)
    some = ", ".join(displayed(column) for column in islice(reader.columns, LISTED_COLUMNS))
    listed = f"The columns {'begin with' if len(reader.columns) > LISTED_COLUMNS else 'are'} {some}."
    hint = column_hint(reader, token.start) or nearest(name, reader.columns)
    raise reader.refuse(token, f"column {displayed(name)} is not in the data", f"{hint} {listed}".strip())


def _refuse_code(reader: Reader, token: Token) -> None:
    """Refuse a bare name, not that of a column, that was meant as code or as a function."""
    name = token.value
    if reader.token.kind == "text" and reader.token.start == token.stop:
        raise reader.refuse(
            token, f"a text with the prefix {displayed(name)} is not part of the formula language"
        )
    if name in _KEYWORDS:
        raise reader.refuse(token, _python(name))
    if not name.strip("."):
        what = f"{name!r} has no meaning here"
        raise reader.refuse(token, what, "'.' stands for all other columns, as a term on the right side.")
    if name in FUNCTIONS:
        what = f"column {name!r} is not in the data"
        raise reader.refuse(token, what, f"It is a function: write {FUNCTIONS[name].signature(name)}.")
    if "." in name and name.split(".")[0] in reader.columns:
        what = (
            f"column {displayed(name)} is not in the data, and attribute access is not allowed in a formula"
        )
        raise reader.refuse(token, what, "Name columns and call the listed functions only.")


def _python(keyword: str) -> str:
    return f"Python's {keyword!r} is not part of the formula language"


def column_hint(reader: Reader, start: int) -> str:
    """Return a pointer to a column whose name, not a plain one, is written here without backticks, if any."""
    for name in reader.columns:
        if name and reader.text.startswith(name, start) and quote(name) != name:
            return f"For the column write {quote(name)}, in backticks."
    return ""
