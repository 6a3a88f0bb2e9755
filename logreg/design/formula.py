"""The formula language: from text such as ``low ~ age + C(race, Treatment('white')) * smoke`` to a `Formula`.

The language is R's and formulaic's: ``+ - * / : ^ %in%`` and brackets combine terms (`logreg.design.terms`),
columns and calls from a fixed list are factors (`logreg.design.calls`). A formula is data: it is cut into
known tokens (`logreg.design.fence`), read, and never evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from logreg.design.ast import Call, Expression, Formula, Number, Term, Text, columns_of
from logreg.design.calls import read_call, read_expression
from logreg.design.fence import Token, displayed, tokenize
from logreg.design.functions import ALIASES, FUNCTIONS, OPERATORS, Kind
from logreg.design.reader import Reader
from logreg.design.spelling import spell
from logreg.design.terms import INTERCEPT, RightSide, Terms, read_sum
from logreg.errors import FormulaError

__all__ = ["parse_formula", "spell"]

_INSIDE_LEFT: frozenset[Kind] = frozenset({"elementwise", "identity"})
_INSIDE_RIGHT: frozenset[Kind] = _INSIDE_LEFT | {"stateful"}
_LEFT: frozenset[Kind] = _INSIDE_LEFT | {"categorical", "response"}


def parse_formula(text: str, columns: Sequence[str]) -> Formula:
    """Parse a formula.

    Parameters
    ----------
    text
        The formula, e.g. ``"low ~ age * smoke"``. Column names that are not plain go in backticks; see
        `logreg.design.fence.quote`.
    columns
        The names of the data's columns, in order.

    Raises
    ------
    FormulaError
        For whatever is not a formula over these columns; the message gives the position and the remedy.

    Examples
    --------
    >>> formula = parse_formula("low ~ smoke * age + I(age^2)", ["low", "age", "smoke"])
    >>> formula.response_label, [term.name for term in formula.terms]
    ('low', ['smoke', 'age', 'I(age ** 2)', 'smoke:age'])
    """
    if not isinstance(text, str):
        raise FormulaError(f"a formula is a text such as 'y ~ x', not {type(text).__name__}.")
    if not text.strip():
        raise FormulaError("the formula is empty. Write the outcome, '~' and the terms, as in 'y ~ x1 + x2'.")
    reader = Reader(text, tokenize(text), dict.fromkeys(columns), _INSIDE_LEFT)
    _require_tilde(reader)
    response = _read_response(reader)
    reader.calls, reader.operations = _INSIDE_RIGHT, 0
    side = RightSide(reader, columns_of(response), {})
    terms: Terms = {INTERCEPT: ()}
    read_sum(side, terms)
    if reader.token.kind != "end":
        raise reader.unexpected()
    factors = list(side.factors)
    offsets = [factors[parts[0]] for key, parts in terms.items() if key & side.offsets]
    parts_of_terms = [parts for key, parts in terms.items() if key and not key & side.offsets]
    formula = Formula(
        text=text,
        response=response,
        response_label=spell(response),
        intercept=INTERCEPT in terms,
        terms=_named_terms(factors, parts_of_terms),
        offsets=tuple(call.arguments[0] for call in offsets if isinstance(call, Call)),
    )
    _require_outcome_absent(side, formula)
    return formula


# The left side ----------------------------------------------------------------------------------------


def _require_tilde(reader: Reader) -> None:
    tildes = [token for token in reader.tokens if token.kind == "~"]
    if len(tildes) > 1:
        raise reader.refuse(tildes[1], "two '~' in one formula", "Write the outcome, one '~', and the terms.")
    if not tildes:
        equals = next(_outside_brackets(reader.tokens, ("=", "==")), None)
        if equals is not None:
            what = f"{equals.kind!r} in place of '~': use '~' between outcome and terms"
            raise reader.refuse(equals, what)
        what = "the formula has no '~'"
        raise reader.refuse(reader.tokens[-1], what, "Write '~' between outcome and terms, as in 'y ~ x'.")
    if reader.tokens[0].kind == "~":
        raise reader.refuse(tildes[0], "no outcome before '~'", "Write the outcome first, as in 'y ~ x'.")
    if reader.tokens[-2].kind == "~":
        raise reader.refuse(reader.tokens[-1], "no terms after '~'", "For the intercept alone write '~ 1'.")


def _outside_brackets(tokens: list[Token], kinds: tuple[str, ...]) -> Iterator[Token]:
    depth = 0
    for token in tokens:
        depth += (token.kind in ("(", "[")) - (token.kind in (")", "]"))
        if depth == 0 and token.kind in kinds:
            yield token


def _read_response(reader: Reader) -> Expression:
    first = reader.token
    function = FUNCTIONS.get(ALIASES.get(first.value, first.value))
    if reader.follows("(") and function is not None and function.kind in ("categorical", "response"):
        response: Expression = read_call(reader, reader.next(), _LEFT)
    else:
        response = read_expression(reader)
    if reader.token.kind == "=":
        raise reader.refuse(reader.token, "'=' on the left side", "Use '~' between outcome and terms only.")
    if not reader.take("~"):
        raise reader.unexpected()
    if isinstance(response, Text | Number) or not columns_of(response):
        remedy = "Write its name without quotes, in backticks if need be."
        raise reader.refuse(first, "the outcome must be a column of the data", remedy)
    if isinstance(response, Call) and OPERATORS.get(response.function, 0) > OPERATORS["=="]:
        remedy = "Write I(...) around it, or cbind(a, b) for counts in two columns."
        raise reader.refuse(first, "arithmetic on the left side", remedy)
    return response


# The result -------------------------------------------------------------------------------------------


def _named_terms(factors: list[Expression], terms: Iterable[tuple[int, ...]]) -> tuple[Term, ...]:
    """Return the terms by degree, each label as in column names.

    Raises
    ------
    FormulaError
        When two different terms would have one name, e.g. the column `log(u)` and the function log of u.
    """
    labels = [spell(factor) for factor in factors]
    named = tuple(
        Term(tuple(factors[part] for part in parts), tuple(labels[part] for part in parts))
        for parts in sorted(terms, key=len)
    )
    seen: set[str] = set()
    for term in named:
        if term.name in seen:
            raise FormulaError(
                f"two different terms have the name {displayed(term.name)}: a column is named like a call or "
                "an interaction that is also in the formula. Rename the column."
            )
        seen.add(term.name)
    return named


def _require_outcome_absent(side: RightSide, formula: Formula) -> None:
    used = [factor for term in formula.terms for factor in term.factors] + list(formula.offsets)
    names = {name for factor in used for name in columns_of(factor)}
    for token in reversed(side.reader.tokens):
        if token.kind == "~":
            return
        if token.kind in ("name", "column") and token.value in names and token.value in side.outcome:
            what = f"the outcome {displayed(token.value)} is also on the right side"
            raise side.reader.refuse(token, what, "It cannot predict itself; leave it out there.")
