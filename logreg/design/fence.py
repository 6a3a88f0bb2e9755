"""The outer fence of the formula language: its text is cut into known tokens and nothing else.

A formula is data, not code. What is not part of the language is refused here, before anything is looked up or
computed, and limits keep hostile text from costing more than an error message.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from logreg.errors import FormulaError, did_you_mean

__all__ = ["MAX_LENGTH", "Token", "displayed", "nearest", "quote", "refuse", "tokenize"]

#: Characters in a formula: some ten thousand terms of twenty characters, read in well under a second.
MAX_LENGTH = 200_000

#: Longer names are cut in messages and get no spelling hint: the search is quadratic in their length.
MAX_DISPLAYED = 80

#: Columns searched for the nearest spelling; more would make the error slow, and it is only a hint.
MAX_SEARCHED = 5_000

#: Characters of the formula shown on each side of the caret.
EXCERPT = 50

LITERALS = ("True", "False", "TRUE", "FALSE")

# Possessive quantifiers (``*+``) never backtrack, so the time is linear in the text. Every character outside
# ASCII is first taken as part of a name and then checked, because ``\w`` knows no combining marks.
_NAME = r"[A-Za-z_.\x80-\U0010ffff][\w.\x80-\U0010ffff]*+"
_TOKEN = re.compile(
    rf"""
    (?P<space> [ \t\r\n\f\v]++ )
  | (?P<column> ` [^`\\]*+ (?: \\. [^`\\]*+ )*+ ` )
  | (?P<text> ' [^'\\]*+ (?: \\. [^'\\]*+ )*+ ' | " [^"\\]*+ (?: \\. [^"\\]*+ )*+ " )
  | (?P<number> (?: [0-9]++ (?: \. [0-9]*+ )?+ | \. [0-9]++ ) (?: [eE] [+-]?+ [0-9]++ )?+
                (?! [\w.\x80-\U0010ffff] ) )
  | (?P<name> {_NAME} )
  | (?P<malformed> [0-9] [\w.\x80-\U0010ffff]*+ )
  | (?P<operator> %in% | %/% | %% | \*\* | // | := | == | != | <= | >= | [-+*/:^%(),=\[\]<>~] )
  | (?P<stray> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN_NAME = re.compile(_NAME)
_OPERATORS = {"%%": "%", "%/%": "//", "^": "**"}

_TEXT_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL | re.ASCII
)
_TEXT_ESCAPES = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "r": "\r", "t": "\t"}
_COLUMN_ESCAPE = re.compile(r"\\([\\`])")

#: The plain character to use, where Unicode's compatibility form (NFKC) does not already give it.
_LOOKALIKES = {
    **dict.fromkeys("−–—‐‑‒―﹣", "-"),
    **dict.fromkeys("×∗⋅✕✖", "*"),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("∼˜", "~"),
    **dict.fromkeys("“”„‟«»″", '"'),
    **dict.fromkeys("‘’‚‛′´‹›", "'"),
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
}

_REMEDIES = {
    "|": "There are no random effects, instruments or several parts.",
    "&": "Multiply two comparisons instead, as in I((x > 1) * (z > 2)).",
    "!": "Compare instead, as in I(x != 1) or I(x == 0).",
    "{": "Braces are not allowed; wrap arithmetic in I(...).",
    "}": "Braces are not allowed; wrap arithmetic in I(...).",
    "$": "Write the name of the column alone.",
    ";": "Give one formula only.",
    "#": "A formula holds no comments.",
    "`": "The backtick is not closed: put one on each side of the name.",
    "'": "The quote is not closed.",
    '"': "The quote is not closed.",
}


class Token(NamedTuple):
    """One piece of a formula.

    ``kind`` is ``"name"``, ``"column"`` (in backticks), ``"text"``, ``"number"``, ``"end"``, or the operator
    itself; ``value`` has quotes and escapes removed; ``start`` and ``stop`` count characters from 0.
    """

    kind: str
    value: str
    start: int
    stop: int


def tokenize(text: str) -> list[Token]:
    r"""Cut a formula into tokens, the last of kind ``"end"``.

    ``^`` is read as ``**``, and R's ``%%`` and ``%/%`` as ``%`` and ``//``.

    Raises
    ------
    FormulaError
        When the text is longer than `MAX_LENGTH`, holds a character or escape that is not part of the
        language, or brackets do not match.

    Examples
    --------
    >>> [token.value for token in tokenize(r"y ~ `a\`b` + x^2")]
    ['y', '~', 'a`b', '+', 'x', '**', '2', '']
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(
            f"the formula has {len(text):,} characters; at most {MAX_LENGTH:,} are read. "
            "Use '.' for all columns, or leave columns out."
        )
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind, value, start = str(match.lastgroup), match[0], match.start()
        if kind == "space":
            continue
        if kind == "operator":
            kind = value = _OPERATORS.get(value, value)
        elif kind == "column":
            value = _COLUMN_ESCAPE.sub(lambda escape: escape[1], value[1:-1])
        elif kind == "text":
            value = _unescape(text, value, start)
        elif kind == "stray":
            raise _refuse_character(text, start)
        elif not value.isascii():
            _require_letters(text, value, start)
        if kind == "malformed":
            remedy = f"A column whose name begins with a digit is written in backticks: `{_cut(value)}`."
            raise refuse(text, start, f"{displayed(value)} is neither a number nor a name", remedy)
        tokens.append(Token(kind, value, start, match.end()))
    tokens.append(Token("end", "", len(text), len(text)))
    _require_closed(text, tokens)
    return tokens


def quote(name: str) -> str:
    r"""Return a column name as it is written in a formula: in backticks unless it is a plain name.

    Examples
    --------
    >>> quote("Sepal.Length"), quote("my var (kg)"), quote("a`b")
    ('Sepal.Length', '`my var (kg)`', '`a\\`b`')
    """
    plain = _PLAIN_NAME.fullmatch(name) and (name.isascii() or all(map(_is_letter, name)))
    if plain and name.strip(".") and not name[:2].strip(".").isdecimal() and name not in LITERALS:
        return name
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def refuse(text: str, position: int, what: str, remedy: str = "") -> FormulaError:
    """Return the error for one place in a formula: what is wrong, where (from 1), the remedy, and a caret."""
    first = text.rfind("\n", 0, position) + 1
    last = text.find("\n", position)
    last = len(text) if last < 0 else last
    start, stop = max(first, position - EXCERPT), min(last, position + EXCERPT)
    before = ("..." if start > first else "") + _printable(text[start:position])
    after = _printable(text[position:stop]) + ("..." if stop < last else "")
    margin = " " * (4 + sum(map(_width, before)))
    remedy = f" {remedy}" if remedy else ""
    return FormulaError(f"{what}, at position {position + 1}.{remedy}\n    {before}{after}\n{margin}^")


def displayed(name: str) -> str:
    """Return a name for a message: quoted, unprintable characters escaped, cut if very long."""
    return repr(_cut(name))


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `did_you_mean` for names of ordinary length, or an empty string."""
    if len(word) > MAX_DISPLAYED:
        return ""
    candidates = [name for name in islice(known, MAX_SEARCHED) if len(name) <= MAX_DISPLAYED]
    return did_you_mean(word, candidates).strip()


def _require_closed(text: str, tokens: list[Token]) -> None:
    closing = {"(": ")", "[": "]"}
    opened: list[Token] = []
    for token in tokens:
        if token.kind in closing:
            opened.append(token)
        elif token.kind in (")", "]"):
            if not opened:
                raise refuse(
                    text,
                    token.start,
                    f"{token.kind!r} closes no bracket",
                    "Leave it out, or open one before.",
                )
            opener = opened.pop()
            if closing[opener.kind] != token.kind:
                what = f"{opener.kind!r} is closed by {token.kind!r}"
                raise refuse(text, token.start, what, f"Write {closing[opener.kind]!r}.")
    if opened:
        opener = opened[-1]
        raise refuse(
            text, opener.start, f"bracket not closed: {opener.kind!r}", f"Add {closing[opener.kind]!r}."
        )


def _cut(name: str) -> str:
    return name if len(name) <= MAX_DISPLAYED else name[:MAX_DISPLAYED] + "..."


def _unescape(text: str, literal: str, start: int) -> str:
    """Undo the escapes that Python's ``repr`` writes, and no others."""
    if "\\" not in literal:
        return literal[1:-1]

    def character(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code and int(code, 16) < 0x110000:
            return chr(int(code, 16))
        if match[4] in _TEXT_ESCAPES:
            return _TEXT_ESCAPES[match[4]]
        place = start + 1 + match.start()
        raise refuse(text, place, f"unknown escape {_printable(match[0])}", r"Write a backslash as \\.")

    return _TEXT_ESCAPE.sub(character, literal[1:-1])


def _is_letter(char: str) -> bool:
    return char.isalnum() or char in "._" or ("a" + char).isidentifier()


def _require_letters(text: str, value: str, start: int) -> None:
    for offset, char in enumerate(value):
        if not _is_letter(char):
            raise _refuse_character(text, start + offset)


def _refuse_character(text: str, position: int) -> FormulaError:
    char = text[position]
    if char.isascii() and char.isprintable():
        what = (
            f"{displayed(char)} has no meaning here"
            if char != "\\"
            else "'\\' (backslash) has no meaning here"
        )
        return refuse(text, position, what, _REMEDIES.get(char, ""))
    plain = _LOOKALIKES.get(char) or unicodedata.normalize("NFKC", char)
    code = f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()
    shown = f"{char!r} ({code})" if char.isprintable() else code
    if plain == " ":
        remedy = "Use an ordinary space."
    elif plain.isascii() and plain.isprintable():
        remedy = f"Use the plain {plain!r}."
    else:
        remedy = "A column name that holds it is written in backticks."
    return refuse(text, position, f"unexpected character {shown}", remedy)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
