"""Outlines that drawings of a page share: every use still finds its outline, and nothing else moves."""

from __future__ import annotations

import re

import logreg
from logreg.report.nodes import Document, Figure
from logreg.report.render_html import render, render_fragment
from logreg.report.svg_shared import share_outlines

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'


def resolved(svgs: list[str]) -> list[list[str]]:
    """Return what each use of each drawing shows: the outline, and the rest of the use."""
    outlines: dict[str, str] = {}
    for svg in svgs:
        for name, rest in re.findall(r'<path id="([^"]*)"([^<>]*)/>', svg):
            assert name not in outlines
            outlines[name] = rest
    return [
        [
            outlines[name] + rest
            for name, rest in re.findall(r'<use (?:xlink:)?href="#([^"]*)"([^<>]*)/>', svg)
        ]
        for svg in svgs
    ]


def test_every_letter_of_a_report_finds_its_outline() -> None:
    fit = logreg.fit("low ~ age + lwt + smoke", logreg.datasets.load("birthwt"))
    document = fit.report_document(sections=["forest", "effects"])
    before = [figure.svg for figure in document.figures]
    sheet, after = share_outlines(before)
    assert resolved([sheet, *after])[1:] == resolved(before)
    assert sum(map(len, resolved(before))) > 200
    assert len(sheet) + sum(map(len, after)) < 0.7 * sum(map(len, before))
    outlines = re.findall(r'<path id="[^"]*"([^<>]*)/>', sheet)
    assert len(set(outlines)) == len(outlines)


def test_a_page_shares_and_a_fragment_beside_others_does_not() -> None:
    inner = '<defs><path id="a" d="M0 0 9 9"/></defs><use xlink:href="#a"/>'
    figures = tuple(Figure(key=key, svg=f"{HEAD}{inner}</svg>", alt="A stroke.") for key in ("x", "y"))
    document = Document(title="T", blocks=figures)
    page, fragment = render(document), render_fragment(document)
    assert page.count("M0 0 9 9") == 1
    assert page.count('<use href="#o1"/>') == 2
    assert fragment.count("M0 0 9 9") == 2
    assert 'id="o1"' not in fragment
    assert 'id="figure-x-1"' in fragment


def test_what_is_clipped_painted_or_inside_of_something_stays() -> None:
    inner = (
        '<defs><path id="a" d="M0 0" fill="url(#b)"/>'
        '<clipPath id="c"><path id="d" d="M1 1"/></clipPath></defs>'
        '<defs><g id="e"><path id="f" d="M2 2"/></g></defs><use xlink:href="#a"/><use xlink:href="#f"/>'
        '<g clip-path="url(#c)"/>'
    )
    drawing = f"{HEAD}{inner}</svg>"
    assert share_outlines([drawing]) == ("", (drawing.replace("xlink:href", "href"),))


def test_nothing_to_share_is_nothing() -> None:
    assert share_outlines([]) == ("", ())
    assert "<svg" not in render(Document(title="T", blocks=()))
