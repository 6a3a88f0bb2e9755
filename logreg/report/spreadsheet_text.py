"""Names of the data as texts of cells: short enough to read, and each different from the others."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["LONGEST_NAME", "distinct", "shortened"]

#: Excel takes 32,767 characters in a cell, and 255 in the places where names are compared; a name of more
#: than this is no longer read.
LONGEST_NAME = 120


def shortened(name: str) -> str:
    """Return a name, cut with an ellipsis where it is very long.

    Examples
    --------
    >>> shortened("age"), len(shortened("x" * 100_000))
    ('age', 120)
    """
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def distinct(names: Iterable[str]) -> list[str]:
    """Return names cut to their length, with a number behind each that would stand there twice.

    Examples
    --------
    >>> distinct(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    found: dict[str, None] = {}
    for name in names:
        text, number = shortened(name), 2
        while text in found:
            ending = f" ({number})"
            text = shortened(name)[: LONGEST_NAME - len(ending)] + ending
            number += 1
        found[text] = None
    return list(found)
