"""How many lines text takes in cells of a spreadsheet: not every program fits rows to their text.

Widths are in digits of the sheet's font, as spreadsheets measure columns.
"""

from __future__ import annotations

import math

from logreg.report.formats import display_width, visible
from logreg.report.table_layout import text_width

__all__ = ["LINE_HEIGHT", "MOST_LINES", "code_lines", "cut", "pieces", "text_lines"]

#: In points, for the font of all cells; of these lines, so many fit into the tallest row that Excel draws.
LINE_HEIGHT, MOST_LINES = 15.0, 26
#: Estimated widths are a little too large for running text; for a word that is broken they are not.
_PROSE = 0.97
#: A word that is broken leaves part of a character empty at the end of each line.
_BROKEN = 1.0
#: Excel takes 32,767 units of UTF-16 in a cell; any character is two at most.
_LONGEST_TEXT = 16_000


def text_lines(text: str, width: float) -> int:
    """Return the lines that text takes in a column, broken at spaces, and in words that are too long.

    Examples
    --------
    >>> text_lines("Rows used", 30.0), text_lines("0123456789" * 6, 30.0)
    (1, 3)
    """
    words = visible(text).split(" ")
    return _filled([text_width(word) for word in words], text_width(" "), width, _PROSE)


def code_lines(text: str, width: float) -> int:
    """Return the lines that text of a fixed pitch takes where ``width`` characters stand on one.

    Examples
    --------
    >>> code_lines("x = 1", 10), code_lines("12345678 12345678 1", 10), code_lines("x" * 30, 11)
    (1, 2, 3)
    """
    return _filled([float(display_width(word)) for word in visible(text).split(" ")], 1.0, width, 1.0)


def _filled(words: list[float], space: float, width: float, share: float) -> int:
    """Return the lines that words of these widths fill, if whole words take a share of theirs."""
    lines, used = 1, 0.0
    for whole in words:
        word = whole * share
        if used and used + space * share + word > width:
            lines, used = lines + 1, 0.0
        elif used:
            used += space * share
        if word > width:
            more = math.ceil(whole / (width - _BROKEN)) - 1
            lines, used = lines + more, width
        else:
            used += word
    return min(lines, MOST_LINES)


def pieces(text: str, longest: int) -> list[str]:
    """Return the text in pieces of at most so many characters, cut at spaces where there are any."""
    found = []
    while len(text) > longest:
        end = text.rfind(" ", 1, longest)
        end = longest if end < 0 else end
        found.append(text[:end])
        text = text[end:].lstrip(" ")
    return [*found, text]


def cut(text: str, longest: int = _LONGEST_TEXT) -> str:
    """Return a text, cut with an ellipsis behind a word where it is longer than a cell takes."""
    return text if len(text) <= longest else pieces(text, longest)[0] + "…"
