"""The fence: whatever text comes in, it is a formula or a `FormulaError`, and nothing is executed."""

import builtins
import contextlib
import os
import subprocess
from collections.abc import Iterator
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logreg.design.ast import Column, Formula
from logreg.design.fence import MAX_LENGTH, nearest, quote, refuse, tokenize
from logreg.design.formula import parse_formula
from logreg.errors import FormulaError

COLUMNS = ("y", "x", "race", "my var", "Sepal.Length", "log", "a`b", "lambda_")

PIECES = st.sampled_from(
    [
        *(
            "y",
            "x",
            "race",
            "log",
            "`x`",
            "`my var`",
            "1",
            "0",
            "2",
            ".5",
            "1e3",
            "'a'",
            '"b"',
            "é",
            "७",
            ".",
        ),
        *("~", "~", "+", "-", "*", "/", ":", "^", "**", "%in%", "%%", "%", "//", "==", "!=", "<", "<="),
        *("(", "(", ")", ")", "[", "]", ",", "=", ":=", "|", "&", "{", "}", ";", "@", "!", "$", "#", "\\"),
        *("I(", "log(", "C(", "poly(", "bs(", "cbind(", "offset(", "Treatment(", "Sum", "c(", "True"),
        *("knots=", "df=", "degree=", "'", '"', "`", "__import__", "('os')", ".system", "np.log", "lambda"),
        *("eval", "exec", "−", "×", "“", "\u00a0", "\u200b", "\u202e", "\ud800", "\x00", "😀"),
    ]
)


class Executed(BaseException):
    """Something ran that a formula must not run."""


@contextlib.contextmanager
def tripwire() -> Iterator[None]:
    """Make every way of running code raise."""
    wire = mock.Mock(side_effect=Executed)
    with (
        mock.patch.object(os, "system", wire),
        mock.patch.object(subprocess, "Popen", wire),
        mock.patch.multiple(builtins, eval=wire, exec=wire, compile=wire, open=wire, __import__=wire),
    ):
        yield


def outcome(text: str) -> Formula | FormulaError:
    with tripwire():
        try:
            return parse_formula(text, COLUMNS)
        except FormulaError as error:
            return error


def message(text: str, columns: tuple[str, ...] = COLUMNS) -> str:
    with pytest.raises(FormulaError) as caught:
        parse_formula(text, columns)
    return str(caught.value)


def test_the_tripwire_is_live():
    with tripwire(), pytest.raises(Executed):
        eval("1 + 1")
    with tripwire(), pytest.raises(Executed):
        os.system("true")


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=60))
def test_any_text_is_a_formula_or_an_error(text):
    assert isinstance(outcome(text), Formula | FormulaError)


@settings(deadline=None, max_examples=600)
@given(st.lists(PIECES, max_size=25), st.sampled_from(["", " "]), st.sampled_from(["", "y ~ "]))
def test_any_row_of_tokens_is_a_formula_or_an_error(pieces, between, start):
    assert isinstance(outcome(start + between.join(pieces)), Formula | FormulaError)


@pytest.mark.parametrize(
    "text",
    [
        "y ~ x + __import__('os').system('touch pwned')",
        "I(__import__('os').system('touch pwned') + y) ~ x",
        "y ~ C(race, Treatment(__import__('os')))",
        "y ~ poly(x, __import__('os'))",
        "y ~ bs(x, knots=[__import__('os')])",
        "__import__('os') ~ x",
    ],
)
def test_code_is_refused_by_name_and_never_run(text):
    error = str(outcome(text))
    assert "'__import__'" in error


def test_an_unlisted_function_is_named_with_the_listed_ones():
    error = message("y ~ x + __import__('os').system('touch pwned')")
    assert "function not allowed in a formula: '__import__', at position 9" in error
    assert all(f" {name}," in error for name in ("log", "poly", "bs", "C", "I", "offset"))


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("y ~ x − race", 7, ["'−'", "U+2212", "Use the plain '-'"]),
        ("y ~ x × race", 7, ["'×'", "U+00D7", "Use the plain '*'"]),
        ("y ~ x\uff0brace", 6, ["U+FF0B", "Use the plain '+'"]),
        ("y ~ C(race, Treatment(“a”))", 23, ["'“'", "U+201C", "Use the plain '\"'"]),
        ("y ~ C(race, Treatment(’a’))", 23, ["'’'", "U+2019"]),
        ("y ~ x\u00a0+ race", 6, ["U+00A0 NO-BREAK SPACE", "ordinary space"]),
        ("y ~ x\u200b + race", 6, ["U+200B", "backticks"]),
        ("y ~ I(x ≤ 3)", 9, ["'≤'", "Use the plain '<='"]),
        ("y ~ 😀", 5, ["'😀'", "backticks"]),
        ("y ~ \ud800", 5, ["U+D800"]),
        ("y ~ \x00", 5, ["U+0000"]),
        ("y ~ x | race", 7, ["'|' has no meaning here"]),
        ("y ~ {x}", 5, ["'{'", "I(...)"]),
        ("y ~ x; race", 6, ["';'"]),
        ("y ~ x \\", 7, ["'\\'", "backslash"]),
        ("y ~ I(x & race)", 9, ["'&'", "Multiply two comparisons"]),
        ("y ~ data$x", 9, ["'$'", "column alone"]),
        ("y ~ (x := 3)", 8, ["':='"]),
        ("y ~ lambda x: x", 5, ["'lambda'"]),
        ('y ~ f"{x}"', 5, ["prefix 'f'"]),
        ("y ~ x if race else y", 7, ["'if'"]),
        ("y ~ x.str", 5, ["'x.str'", "attribute access"]),
        ("y ~ log(x).real", 11, ["attribute access", "'.real'"]),
        ("y ~ np.log(x)", 5, ["'np.log'", "write log(x)"]),
        ("y ~ x[0]", 6, ["'['", "indexed"]),
        ("y ~ 'abc", 5, ["quote is not closed"]),
        ("y ~ `abc", 5, ["backtick is not closed"]),
        ("y ~ log(x + race", 8, ["bracket not closed: '('"]),
        ("y ~ (x", 5, ["bracket not closed: '('"]),
        ("y ~ bs(x, knots=[1, 2)", 22, ["'[' is closed by ')'"]),
        ("y ~ x)", 6, ["')' closes no bracket"]),
        ("y ~ 2x", 5, ["'2x'", "`2x`"]),
        ("y ~ I(x * 1e999)", 11, ["'1e999'", "too large"]),
        (r"y ~ C(race, Treatment('\q'))", 24, [r"\q", "backslash"]),
    ],
)
def test_a_refusal_names_the_place(text, position, words):
    error = message(text)
    assert f"at position {position}." in error
    for word in words:
        assert word in error
    line, caret = error.splitlines()[-2:]
    assert line == "    " + "".join(char if char.isprintable() else " " for char in text)
    assert caret == " " * (4 + position - 1) + "^"


def test_the_caret_stands_under_the_right_line_and_wide_characters_count_twice():
    assert message("y ~ x +\n  agee\n  + race").splitlines()[1:] == ["      agee", "      ^"]
    assert message("y ~ `年齢`").splitlines()[1:] == ["    y ~ `年齢`", "        ^"]
    error = refuse("年 ~ ?", 4, "what")
    assert str(error).splitlines()[2] == " " * (4 + 5) + "^"


def test_a_long_formula_is_shown_in_part():
    error = message("y ~ " + "x + " * 200 + "agee" + " + x" * 200)
    line, caret = error.splitlines()[1:]
    assert len(line) < 120
    assert line[caret.index("^") :].startswith("agee")


def test_length_is_limited_but_long_names_are_legal():
    name = "n" * 100_000
    assert parse_formula(f"y ~ {name}", ("y", name)).terms[0].factors == (Column(name),)
    assert f"at most {MAX_LENGTH:,}" in message("y ~ x" + " " * MAX_LENGTH)
    assert len(message("y ~ " + "m" * 100_000, ("y", name))) < 1_000


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "x" + ")" * 10_000,
        "I(" + "(" * 10_000 + "x" + ")" * 10_000 + ")",
        "log(" * 10_000 + "x" + ")" * 10_000,
        "I(" + "x ** " * 10_000 + "x)",
        "I(" + "-" * 10_000 + "x)",
        "I(" + "x + " * 10_000 + "x)",
        "I(" + "x == (" * 10_000 + "x" + ")" * 10_001,
        "1" * 100_000,
        "1" * 100_000 + "x",
        "`" * 99_999,
        "'" * 99_999,
        "`" + "\\" * 99_998,
        "é" * 100_000 + "−",
    ],
)
def test_hostile_shapes_end_in_an_error(text):
    assert isinstance(outcome("y ~ " + text), FormulaError)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_every_name_can_be_written(name):
    columns = ("outcome", name)
    if name in ("Intercept", "outcome"):
        return
    formula = parse_formula(f"outcome ~ {quote(name)}", columns)
    assert formula.terms[0].factors == (Column(name),)
    inside = parse_formula(f"outcome ~ log({quote(name)}):{quote(name)}", columns).terms[0]
    assert inside.labels == (f"log({quote(name)})", name)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("age", "age"),
        ("Sepal.Length", "Sepal.Length"),
        (".hidden", ".hidden"),
        ("größe", "größe"),
        ("नमूना", "नमूना"),
        ("__import__", "__import__"),
        ("class", "class"),
        ("my var (kg)", "`my var (kg)`"),
        ("a`b", r"`a\`b`"),
        ("a\\b", r"`a\\b`"),
        ("line1\nline2", "`line1\nline2`"),
        ("2nd", "`2nd`"),
        (".5", "`.5`"),
        (".", "`.`"),
        ("", "``"),
        ("True", "`True`"),
        ("a−b", "`a−b`"),
        ('it\'s "x"', '`it\'s "x"`'),
    ],
)
def test_names_are_quoted_when_needed(name, written):
    assert quote(name) == written


def test_backslashes_in_backticks_stay_unless_they_escape():
    assert tokenize(r"`a\n\`\\`")[0].value == r"a\n`" + "\\"


def test_texts_understand_what_repr_writes():
    values = [
        "it's",
        'say "x"',
        "both ' and \"",
        "tab\tline\n",
        "\u00a0\u200b",
        "\U000e0001",
        "back\\slash",
        "",
    ]
    for value in values:
        assert tokenize(repr(value))[0].value == value


def test_r_operators_are_read_as_python_ones():
    assert [token.kind for token in tokenize("x ^ 2 %% 3 %/% 4 %in% z")[1::2]] == [
        "**",
        "%",
        "//",
        "%in%",
        "end",
    ]


def test_no_spelling_hint_for_endless_names():
    assert nearest("agee", ["age"]) == "Did you mean 'age'?"
    assert nearest("a" * 10_000, ["a" * 9_999]) == ""
