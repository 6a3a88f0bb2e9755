"""Drawings made safe to stand inside a page: parsed, checked against a list of what is allowed, rewritten.

A drawing may come from any program and its labels from any data. Nothing of the original markup reaches the
page: the elements are parsed, what is not on the list is refused, and the rest is written anew, escaped.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

from logreg.report.formats import visible

__all__ = ["clean_svg"]

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"

#: Shapes, text and paint. No scripts, links, animation, foreign markup or filters.
_ELEMENTS = frozenset(
    [
        "svg",
        "g",
        "defs",
        "symbol",
        "use",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "text",
        "tspan",
        "title",
        "desc",
        "clipPath",
        "mask",
        "pattern",
        "marker",
        "linearGradient",
        "radialGradient",
        "stop",
        "image",
    ]
)
#: Elements whose character data is text to be read, so that its spaces count.
_TEXT_ELEMENTS = frozenset(["text", "tspan", "title", "desc"])
#: What a drawing says about itself (authors, licences, a date that is never the same twice) is dropped.
_DROPPED_ELEMENTS = frozenset(["metadata"])
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
#: Attributes that speak to the page around the drawing; the figure says all of this itself.
_FOR_THE_PAGE = re.compile(r"(?:class|role|tabindex)$|aria-|data-")
_PROLOG = re.compile(r"\A\ufeff?\s*(?:<\?xml[^>]*\?>)?\s*(?:<!--.*?-->\s*)*(?:<!DOCTYPE[^>\[]*>)?", re.DOTALL)
_INLINE_IMAGE = re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=\s]*")
_URL = re.compile(r"url\(\s*(['\"]?)([^)]*?)\1\s*\)", re.IGNORECASE)
#: matplotlib sets line joins for a whole drawing this way; in a page the rule would reach every element.
_UNIVERSAL_RULE = re.compile(r"\s*\*\s*\{([^{}]*)\}\s*")
#: Ways for a style (fill and its like are styles too) to reach outside the drawing, or to hide that it does.
_UNSAFE_STYLE = re.compile(
    r"[\\@<>{}]|/\*|expression|javascript|behavior|-moz-binding|image-set|src\(", re.IGNORECASE
)


def clean_svg(svg: str, prefix: str) -> str:
    """Return the drawing rewritten as one ``<svg>`` element that may stand in a page beside others.

    Prolog, document type, comments and metadata are dropped. Identifiers that something refers to become
    ``prefix-1``, ``prefix-2`` ... in the order of the drawing, the others vanish: two drawings never share
    one, and random identifiers do not change the bytes. Cleaning twice changes nothing.

    Raises
    ------
    ValueError
        If the text is not an SVG drawing, or holds a script, an event handler, a reference that leaves the
        drawing, or an element that is not a shape, text or paint.

    Examples
    --------
    >>> drawing = '<svg xmlns="http://www.w3.org/2000/svg"><g id="a"><path d="M 0 0"/></g></svg>'
    >>> clean_svg(drawing, "roc").partition("><")[2]
    'g><path d="M 0 0"/></g></svg>'
    """
    body = _PROLOG.sub("", svg, count=1)
    if "<!ENTITY" in body or "<!DOCTYPE" in body:
        raise ValueError("an SVG may not declare entities; write the characters themselves")
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, UnicodeEncodeError) as error:
        raise ValueError(f"not an SVG drawing: {error}") from error
    if _local_name(root.tag) != "svg":
        raise ValueError(f"not an SVG drawing: the outermost element is {root.tag!r}")
    identifiers = {name: f"{prefix}-{i}" for i, name in enumerate(_referenced(root), start=1)}
    return "".join(_written(root, identifiers, root=True))


def _local_name(tag: object) -> str:
    """Return the name of an SVG element or attribute without its namespace, "" for comments and the like."""
    if not isinstance(tag, str):
        return ""
    namespace, _, name = tag.rpartition("}")
    if namespace in ("", "{" + _SVG):
        return name
    if namespace == "{" + _XLINK:
        return "xlink:" + name
    return "xml:" + name if namespace == "{" + _XML else tag


def _referenced(root: ElementTree.Element) -> list[str]:
    """Return the identifiers that exist and that something refers to, in the order of the drawing."""
    wanted = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            if _local_name(name) in ("href", "xlink:href") and value.startswith("#"):
                wanted.add(value[1:])
            wanted.update(match[2].strip()[1:] for match in _URL.finditer(value))
    found = (element.get("id", "") for element in root.iter())
    return [name for name in dict.fromkeys(found) if name in wanted]


def _written(
    element: ElementTree.Element, identifiers: Mapping[str, str], *, root: bool = False
) -> Iterator[str]:
    """Yield the markup of one element and what it contains."""
    name = _local_name(element.tag)
    if name in _DROPPED_ELEMENTS or name == "" or name == "style":
        if name == "style":
            _universal_style(element)
        return
    if name not in _ELEMENTS:
        raise ValueError(f"an SVG may not contain the element {name!r}; allowed are shapes, text and paint")
    attributes = dict(_attributes(element, identifiers))
    if root:
        declared = [_universal_style(style) for style in element.iter(f"{{{_SVG}}}style")]
        own = attributes.get("style")
        attributes |= {"style": "; ".join([*declared, *([own] if own else [])])} if declared else {}
        attributes = {"xmlns": _SVG, "xmlns:xlink": _XLINK} | attributes
    yield f"<{name}" + "".join(f' {key}="{_escaped(value)}"' for key, value in attributes.items())
    content = [part for child in element for part in (*_written(child, identifiers), _text(child.tail, name))]
    inner = _text(element.text, name) + "".join(content)
    yield f">{inner}</{name}>" if inner else "/>"


def _text(text: str | None, element_name: str) -> str:
    """Return character data escaped; spaces between shapes are layout of the file and dropped."""
    if text is None or (element_name not in _TEXT_ELEMENTS and not text.strip()):
        return ""
    return _escaped(text)


def _escaped(text: str) -> str:
    return html.escape(visible(" ".join(text.split("\n")), line_breaks=True), quote=True)


def _attributes(element: ElementTree.Element, identifiers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the allowed attributes with references renamed; refuse what acts or leaves the drawing."""
    for full_name, value in element.attrib.items():
        name = _local_name(full_name)
        if name in ("href", "xlink:href"):
            yield "xlink:href", _reference(value, element, identifiers)
        elif name.lower().startswith("on"):
            raise ValueError(f"an SVG may not contain the event handler {name!r}")
        elif name == "id":
            if value in identifiers:
                yield "id", identifiers[value]
        elif _ATTRIBUTE_NAME.fullmatch(name) and not _FOR_THE_PAGE.match(name):
            yield name, _paint(value, identifiers)


def _reference(value: str, element: ElementTree.Element, identifiers: Mapping[str, str]) -> str:
    if value.startswith("#"):
        return "#" + identifiers.get(value[1:], "none")
    if _local_name(element.tag) == "image" and _INLINE_IMAGE.fullmatch(value):
        return "".join(value.split())
    raise ValueError(f"an SVG may only refer to its own parts, not to {value[:80]!r}")


def _paint(value: str, identifiers: Mapping[str, str]) -> str:
    """Return an attribute's value with ``url(#...)`` renamed; refuse any other address."""

    def renamed(match: re.Match[str]) -> str:
        target = match[2].strip()
        if not target.startswith("#"):
            raise ValueError(f"an SVG may only refer to its own parts, not to {target[:80]!r}")
        return f"url(#{identifiers.get(target[1:], 'none')})"

    result = " ".join(_URL.sub(renamed, value).split())
    if _UNSAFE_STYLE.search(result):
        raise ValueError(f"an SVG may not use the style {result[:80]!r}")
    if result.lower().replace(" ", "").count("url(") != result.count("url(#"):
        raise ValueError(f"an SVG may only refer to its own parts, not to {result[:80]!r}")
    return result


def _universal_style(style: ElementTree.Element) -> str:
    """Return the declarations of a rule for all elements; they are inherited from the outermost one."""
    match = _UNIVERSAL_RULE.fullmatch(style.text or "")
    if match is None or "url(" in match[1].lower() or _UNSAFE_STYLE.search(match[1]):
        raise ValueError("an SVG may not bring a style sheet, which would reach the whole page")
    return "; ".join(part.strip() for part in match[1].split(";") if part.strip())
