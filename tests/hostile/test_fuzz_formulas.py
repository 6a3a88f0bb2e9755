"""Random formulas: understood or refused by name, in bounded time, and nothing in them runs."""

from __future__ import annotations

import time

from hypothesis import assume, example, given
from hypothesis import strategies as st

from logreg.design.fence import quote
from logreg.design.formula import parse_formula
from logreg.errors import FormulaError

from .base import BASE
from .fuzzing import BOUND, fuzz, refusal_of

MARKS = "~ + - * / : ^ ** %in% ( ) [ ] , = == != < > . | & ; ` `` \" ' \\ { } $ @ # ! ?"
WORDS = (
    "y x1 x2 x3 b g ys 0 1 2 -1 1e5 1e999 0x10 1_000 .5 5. I C log poly bs ns scale offset cbind Treatment "
    "Sum levels reference df knots degree lambda if else for import __import__ os eval x1.__class__ True nan"
)
PIECES = [
    *f"{MARKS} {WORDS}".split(),
    *["'a'", '"b"', "`x1`", "\n", "\t", "\0", "\u202e", "−", "×", "é", "ｘ1", "\u200b", "(" * 60, "9" * 400],
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=15).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=15).map("".join),
    st.text(max_size=60),
)


@fuzz
@given(start=st.sampled_from(["", "y ~ ", "y ~ x1 + ", "cbind(b, y) ~ "]), rest=TEXTS)
@example(start="y ~ ", rest="(" * 2000)
@example(start="y ~ I(", rest="-" * 5000 + "x1)")
@example(start="y ~ ", rest="log(" * 400 + "x1" + ")" * 400)
@example(start="y ~ ", rest="x1 ^ 999999999")
@example(start="y ~ ", rest="*".join(BASE.columns))
@example(start="y ~ ", rest="`" + "n" * 100_000)
def test_formulas(start: str, rest: str) -> None:
    """A formula is understood or refused, nothing in it runs, and reading it takes no time to speak of."""
    begun = time.perf_counter()
    message = refusal_of(lambda: parse_formula(start + rest, list(BASE.columns)), FormulaError)
    assert message is None or 10 < len(message) < 2_000
    assert time.perf_counter() - begun < BOUND


@fuzz
@given(name=st.text(max_size=30))
def test_every_name_can_be_quoted(name: str) -> None:
    """Backticks make a column of any name: the formula reads back the very same name."""
    assume(name not in ("Intercept", "y"))
    assume(not any("\ud800" <= character <= "\udfff" for character in name))
    parsed = parse_formula(f"y ~ {quote(name)}", ["y", name])
    assert [factor.name for term in parsed.terms for factor in term.factors] == [name]
