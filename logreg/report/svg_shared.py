"""Outlines that several drawings of one page have in common, such as those of letters, written once."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["share_outlines"]

#: The outlines at the beginning of some definitions; one that speaks of other parts of its drawing ends them.
_OUTLINES = re.compile(r'<defs>((?:<path id="[^"]*"[^<>()]*/>)+)(</defs>)?')
_OUTLINE = re.compile(r'<path id="([^"]*)"([^<>]*)/>')
_USE = re.compile(r'xlink:href="#([^"]*)"')


def share_outlines(drawings: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return a drawing that shows nothing but holds the outlines of all others, and these without them.

    ``drawings`` are cleaned (see `logreg.report.svg.clean_svg`). The results must stand in one page, where no
    other element may have the identifiers ``o1``, ``o2`` ...; "" is returned if there is nothing to share.

    Examples
    --------
    >>> def drawing(name):
    ...     return f'<svg><defs><path id="{name}" d="M0 0"/></defs><use xlink:href="#{name}"/></svg>'
    >>> share_outlines([drawing("a"), drawing("b")])[1]
    ('<svg><use href="#o1"/></svg>', '<svg><use href="#o1"/></svg>')
    """
    names: dict[str, str] = {}
    lighter = tuple(_without_outlines(drawing, names) for drawing in drawings)
    if not names:
        return "", lighter
    outlines = "".join(f'<path id="{name}"{rest}/>' for rest, name in names.items())
    sheet = f'<svg class="aside" width="0" height="0" aria-hidden="true"><defs>{outlines}</defs></svg>'
    return sheet, lighter


def _without_outlines(drawing: str, names: dict[str, str]) -> str:
    """Return a drawing that uses the outlines of ``names``, to which its own are added."""
    renamed: dict[str, str] = {}

    def moved(definitions: re.Match[str]) -> str:
        for outline in _OUTLINE.finditer(definitions[1]):
            renamed[outline[1]] = names.setdefault(outline[2], f"o{len(names) + 1}")
        return "" if definitions[2] else "<defs>"

    drawing = _OUTLINES.sub(moved, drawing)
    return _USE.sub(lambda use: f'href="#{renamed.get(use[1], use[1])}"', drawing)
