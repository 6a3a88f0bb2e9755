"""Text for LaTeX: shown as it is by pdfTeX, LuaTeX and XeTeX, never obeyed.

Letters that T1 fonts have stand in UTF-8, signs that TeX names are named, and every other character goes
through the macro ``\\logregchar``, which prints it where the font has it and ``<U+4F53>`` where not.
"""

from __future__ import annotations

import re
import unicodedata

from logreg.report.formats import visible
from logreg.report.table_layout import soft_breaks

__all__ = ["CHARACTER_MACRO", "escaped", "escaped_code"]

#: The definition that a document needs before the first escaped text.
CHARACTER_MACRO = r"""\protected\def\logregcode#1{\textless U+#1\textgreater{}}
\ifPDFTeX
  \protected\def\logregchar#1{\logregcode{#1}}
\else
  \protected\def\logregchar#1{\iffontchar\font"#1\relax\char"#1\relax\else\logregcode{#1}\fi}
\fi"""

#: Characters that TeX acts on. Brackets and the star stand in braces, since ``\\`` takes them for options.
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
}
_SIGNS = {
    "\u00a0": "~",
    "\u2009": r"\,",
    "\u202f": r"\,",
    "\u200b": r"\allowbreak{}",
    "\u2010": "-",
    "\u2011": r"\mbox{-}",
    "\u2013": r"\textendash{}",
    "\u2014": r"\textemdash{}",
    "\u2018": r"\textquoteleft{}",
    "\u2019": r"\textquoteright{}",
    "\u201c": r"\textquotedblleft{}",
    "\u201d": r"\textquotedblright{}",
    "\u201e": r"\quotedblbase{}",
    "…": r"\textellipsis{}",
    "•": r"\textbullet{}",
    "§": r"\S{}",
    "ª": r"\textordfeminine{}",
    "º": r"\textordmasculine{}",
    "¼": r"\textonequarter{}",
    "½": r"\textonehalf{}",
    "¾": r"\textthreequarters{}",
    "¶": r"\P{}",
    "©": r"\textcopyright{}",
    "®": r"\textregistered{}",
    "™": r"\textsuperscript{TM}",
    "€": r"\texteuro{}",
    "†": r"\dag{}",
    "‡": r"\ddag{}",
    "°": r"\textdegree{}",
    "µ": r"\textmu{}",
    "·": r"\textperiodcentered{}",
    "×": r"\ensuremath{\times}",
    "÷": r"\ensuremath{\div}",
    "±": r"\ensuremath{\pm}",
    "−": r"\ensuremath{-}",
    "∞": r"\ensuremath{\infty}",
    "≤": r"\ensuremath{\leq}",
    "≥": r"\ensuremath{\geq}",
    "≠": r"\ensuremath{\neq}",
    "≈": r"\ensuremath{\approx}",
    "∼": r"\ensuremath{\sim}",
    "√": r"\ensuremath{\surd}",
    "∑": r"\ensuremath{\sum}",
    "∏": r"\ensuremath{\prod}",
    "∂": r"\ensuremath{\partial}",
    "→": r"\ensuremath{\rightarrow}",
    "←": r"\ensuremath{\leftarrow}",
    "¬": r"\ensuremath{\lnot}",
}
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξπρσςτυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
        (
            *("alpha", "beta", "gamma", "delta", "varepsilon", "zeta", "eta", "theta", "iota", "kappa"),
            *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "varsigma", "tau", "upsilon", "varphi"),
            *("chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon"),
            *("Phi", "Psi", "Omega"),
        ),
        strict=True,
    )
)
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "0123456789-+n", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
_NAMED = (
    _SPECIAL
    | _SIGNS
    | {letter: rf"\ensuremath{{\{name}}}" for letter, name in _GREEK.items()}
    | {sign: rf"\textsuperscript{{{plain}}}" for sign, plain in _SUPERSCRIPTS.items() if plain != "-"}
    | {"⁻": r"\textsuperscript{\ensuremath{-}}"}
    | {sign: rf"\textsubscript{{{plain}}}" for sign, plain in _SUBSCRIPTS.items()}
)
#: Letters and signs of Latin-1 and Latin Extended-A that the encoding T1 declares (t1enc.dfu of LaTeX).
_LETTERS = frozenset(map(chr, range(0xC0, 0x17F))) - set("×÷ĦħĲĳĸĿŀŉŦŧ") | set("¡£«»¿")
#: What is not printed as it stands, and neighbours that fonts draw as one sign: dashes and quotation marks.
_TO_CHANGE = re.compile(r"[^A-Za-z0-9 .,:;!?()/=+@'-]|-(?=-)|'(?=')|,(?=,)")
#: A space at the start of a line or after another.
_SPACE_THAT_VANISHES = re.compile(r"(?<![^ ]) ")
_TAB_WIDTH = 4


def escaped(text: str) -> str:
    r"""Return ``text`` on one line such that LaTeX prints it as it is.

    Examples
    --------
    >>> print(escaped("50 % of a_b"))
    50 \% of a\_b
    """
    return _escaped(soft_breaks(visible(text)))


def escaped_code(text: str) -> tuple[str, ...]:
    r"""Return the lines of a program such that LaTeX prints them as they are, indents included.

    Examples
    --------
    >>> print(*escaped_code("if x_1:\n  y = 'a'"), sep="|")
    if x\_1:|~~y = \textquotesingle{}a\textquotesingle{}
    """
    return tuple(
        _escaped(_SPACE_THAT_VANISHES.sub("\u00a0", soft_breaks(line.expandtabs(_TAB_WIDTH)))).replace(
            "'", r"\textquotesingle{}"
        )
        for line in visible(text, line_breaks=True).split("\n")
    )


def _escaped(line: str) -> str:
    return _TO_CHANGE.sub(_printed, unicodedata.normalize("NFC", line))


def _printed(match: re.Match[str]) -> str:
    character = match[0]
    if character in "-',":
        return character + "{}"
    if character in _NAMED:
        return _NAMED[character]
    return character if character in _LETTERS else f"\\logregchar{{{ord(character):X}}}"
