"""Drawings of matplotlib made lighter without looking different.

matplotlib writes coordinates to a millionth of a point, every style twice and a group around every stroke,
and spells each letter with a transformation of its own. Here coordinates keep a hundredth of a point, which
is a tenth of what a printer resolves at 700 dots per inch; groups that say nothing are opened; definitions
are collected in one place; letters are placed by one number. Letters stay outlines: a drawing then looks the
same wherever it is shown, with or without the font, in a page, in a PDF and in Word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from xml.etree import ElementTree

__all__ = ["compact"]

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
#: Digits after the point of a coordinate in points.
DIGITS = 2
#: Attributes that hold lengths in points, and nothing else.
_LENGTHS = frozenset(["x", "y", "width", "height", "points", "x1", "x2", "y1", "y2", "cx", "cy", "r"])
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")
_COMMAND = re.compile(r"([A-Za-z])([^A-Za-z]*)")
#: The commands of paths that matplotlib writes; a path with others keeps its own.
_COMMANDS = frozenset("MLQCz")
_TRANSLATE = re.compile(r"translate\(([^)]*)\)")
#: matplotlib draws letters in 64ths of its own unit.
_LETTER_SCALE = "scale(0.015625)"
_PER_UNIT = 64
#: How a line of text is placed: where, turned or not, and its size, down being positive on a page.
_TEXT_PLACE = re.compile(r"(translate\([^)]*\)(?: rotate\([^)]*\))?) scale\(([0-9.]+) -\2\)")
_ALONG_LINE = re.compile(r"translate\((-?[0-9.]+) 0\)")
_LONG_COLOUR = re.compile(r"#([0-9a-f])\1([0-9a-f])\2([0-9a-f])\3\b")


def compact(svg: str) -> str:
    """Return a drawing of matplotlib with the same look in fewer bytes.

    Raises
    ------
    ElementTree.ParseError
        If it is no XML.
    """
    root = ElementTree.fromstring(svg)
    referenced = set(_references(root))
    letters = _letters(root)
    parents = [root]
    for parent in parents:
        for child in list(parent):
            _place_letters(child, letters)
        parents += list(parent)
    styles = {name: _style(one) for one in root.iter() if (name := one.get("id"))}
    for element in root.iter():
        _shorten(element, styles)
    _open_groups(root, referenced)
    _collect_definitions(root)
    return ElementTree.tostring(root, encoding="unicode")


def _references(root: ElementTree.Element) -> Iterator[str]:
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == _HREF:
                yield value.removeprefix("#")
            else:
                yield from re.findall(r"url\(#([^)]*)\)", value)


def _letters(root: ElementTree.Element) -> set[str]:
    """Return the outlines of letters, which lose the scale that they all share."""
    found = set()
    for path in root.iter(f"{_SVG}path"):
        if path.get("transform") == _LETTER_SCALE and path.get("id"):
            found.add(path.attrib["id"])
            del path.attrib["transform"]
    return found


def _place_letters(element: ElementTree.Element, letters: set[str]) -> None:
    """Give the scale of its letters to the line of text, and each letter its place along the line."""
    uses = [one for one in element if one.tag == f"{_SVG}use" and _target(one) in letters]
    if not uses:
        return
    size = _TEXT_PLACE.fullmatch(element.get("transform", ""))
    places = [_ALONG_LINE.fullmatch(one.get("transform", "translate(0 0)")) for one in uses]
    if size is None or len(uses) < sum(one.tag != f"{_SVG}defs" for one in element) or not all(places):
        for use in uses:  # a formula: letters of several sizes and heights
            use.set("transform", f"{use.get('transform', '')} {_LETTER_SCALE}".strip())
        return
    scale = f"{float(size[2]) / _PER_UNIT:.8g}"
    element.set("transform", f"{size[1]} scale({scale} -{scale})")
    for use, place in zip(uses, places, strict=True):
        use.attrib.pop("transform", None)
        along = float(place[1]) * _PER_UNIT if place else 0.0
        if along:
            use.set("x", f"{along:.8g}")


def _target(use: ElementTree.Element) -> str:
    return use.get(_HREF, "").removeprefix("#")


def _style(element: ElementTree.Element) -> dict[str, str]:
    pairs = (part.partition(":") for part in element.get("style", "").split(";") if part.strip())
    return {name.strip(): _LONG_COLOUR.sub(r"#\1\2\3", value.strip()) for name, _, value in pairs}


def _shorten(element: ElementTree.Element, styles: Mapping[str, Mapping[str, str]]) -> None:
    """Round lengths, and leave out styles that what is used has already."""
    for name, value in element.attrib.items():
        if name == "d":
            element.set(name, _path(value))
        elif name in _LENGTHS:
            element.set(name, _NUMBER.sub(_rounded, value))
        elif name == "transform":
            element.set(name, _TRANSLATE.sub(lambda m: f"translate({_NUMBER.sub(_rounded, m[1])})", value))
    if "style" in element.attrib:
        own = _style(element)
        there = styles.get(_target(element), {}) if element.tag == f"{_SVG}use" else {}
        kept = [f"{name}:{value}" for name, value in own.items() if there.get(name) != value]
        element.set("style", ";".join(kept))
        if not kept:
            del element.attrib["style"]


def _rounded(match: re.Match[str]) -> str:
    return _decimal(round(float(match[0]) * 10**DIGITS))


def _decimal(hundredths: int) -> str:
    """Return a number with no more signs than it takes.

    Examples
    --------
    >>> [_decimal(x) for x in (31421, -50, 0, 12000, 7)]
    ['314.21', '-.5', '0', '120', '.07']
    """
    whole, rest = divmod(abs(hundredths), 10**DIGITS)
    fraction = f"{rest:0{DIGITS}d}".rstrip("0")
    text = f"{whole or ''}.{fraction}" if fraction else f"{whole}"
    return f"-{text}" if hundredths < 0 else text


@lru_cache(maxsize=2048)  # the same letters in every drawing
def _path(data: str) -> str:
    """Return a path with steps from point to point, and without letters and blanks that can be left out.

    Examples
    --------
    >>> _path("M 0 314.208 L 468 314.208 L -468 0 L 0 0 z")
    'M0 314.21l468 0-936-314.21 468 0z'
    """
    commands = [
        (letter, [round(float(x) * 10**DIGITS) for x in _NUMBER.findall(numbers)])
        for letter, numbers in _COMMAND.findall(data)
    ]
    if not commands or {letter for letter, _ in commands} - _COMMANDS:
        return _NUMBER.sub(_rounded, data)
    written: list[str] = []
    before = ""
    x = y = first_x = first_y = 0
    for letter, numbers in commands:
        if letter == "z":
            written.append("z")
            x, y = first_x, first_y
        elif letter == "M":
            written += ["M", _listed(numbers)]
            x, y = first_x, first_y = numbers[0], numbers[1]
        else:
            steps = [a - (y if k % 2 else x) for k, a in enumerate(numbers)]
            # Only a minus sign tells where a number without a letter before it begins.
            apart = letter.lower() if letter != before else "" if steps[0] < 0 else " "
            written += [apart, _listed(steps)]
            x, y = numbers[-2], numbers[-1]
        before = letter
    return "".join(written)


def _listed(numbers: Sequence[int]) -> str:
    return " ".join(map(_decimal, numbers)).replace(" -", "-")


def _open_groups(element: ElementTree.Element, referenced: set[str]) -> None:
    """Put what stands in a group without a word of its own into the place of the group."""
    children: list[ElementTree.Element] = []
    for child in element:
        _open_groups(child, referenced)
        bare = not (child.attrib.keys() - {"id"}) and child.get("id") not in referenced
        children += list(child) if child.tag == f"{_SVG}g" and bare else [child]
    element[:] = children


def _collect_definitions(root: ElementTree.Element) -> None:
    """Move all definitions to the front of the drawing, outlines before all others."""
    together = ElementTree.Element(f"{_SVG}defs")
    for element in list(root.iter()):
        for child in [one for one in element if one.tag == f"{_SVG}defs"]:
            together.extend(child)
            element.remove(child)
    together[:] = sorted(together, key=lambda one: one.tag != f"{_SVG}path")
    root.insert(0, together)
