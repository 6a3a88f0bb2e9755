"""Sections chosen, ordered and added by the author of a report."""

from __future__ import annotations

from functools import cache
from typing import Any

import matplotlib.figure
import numpy as np
import pandas as pd
import pytest

import logreg
from logreg import SupportError
from logreg.report.nodes import Document, Figure, Section, Table
from logreg.report.write import RENDERERS, render_as


@cache
def birthwt() -> Any:
    return logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))


def keys(document: Document) -> list[str]:
    return [block.key for block in document.blocks if isinstance(block, Section | Table | Figure)]


def drawing() -> matplotlib.figure.Figure:
    found = matplotlib.figure.Figure(figsize=(3, 2))
    found.subplots().plot([1, 2], [3, 4])
    return found


def test_sections_come_in_the_order_asked_for() -> None:
    asked = ["odds_ratios", "answer", "data"]
    assert keys(birthwt().report_document(sections=asked)) == asked


def test_a_chosen_section_is_that_of_the_whole_report() -> None:
    whole = birthwt().report_document()
    for key in logreg.report.USUAL:
        assert birthwt().report_document(sections=[key])[key] == whole[key]


def test_only_what_is_asked_for_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    from logreg.report import material

    monkeypatch.setattr(material, "effects_of", lambda *_: pytest.fail("no effect was asked for"))
    monkeypatch.setattr(material, "compared_lines", lambda *_: pytest.fail("no average was asked for"))
    assert keys(birthwt().report_document(sections=["methods", "odds_ratios"])) == ["methods", "odds_ratios"]


def test_own_parts_stand_in_every_format() -> None:
    frame = pd.DataFrame({"ward": ["north", "south"], "beds": [12, np.nan], "share": [0.25, 1 / 3]})
    own = logreg.report.section(
        "Limits of the data",
        "Smoking was reported\nby the mothers.\n\nOne hospital.",
        logreg.report.table(frame, caption="Beds"),
        logreg.report.figure(drawing(), alt="A line that rises from 3 to 4.", key="line"),
    )
    document = birthwt().report_document(sections=["answer", own])
    assert keys(document) == ["answer", "limits_of_the_data"]
    assert document["beds"].to_frame()["share"].tolist() == [0.25, 1 / 3]
    for suffix in RENDERERS:
        content = render_as(document, suffix)
        if suffix in (".txt", ".md", ".html", ".tex"):
            text = content.decode()
            assert "Smoking was reported by the mothers." in text.replace("\n", " ").replace("  ", " ")
            assert "0.333333" in text


def test_axes_and_svg_are_drawings_too() -> None:
    axes = drawing().axes[0]
    assert logreg.report.figure(axes, alt="A line.").key == "a_line"
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0L1 1"/></svg>'
    assert "M0 0L1 1" in logreg.report.figure(svg, alt="A stroke.", key="svg").svg
    with pytest.raises(SupportError, match="script"):
        logreg.report.figure(svg.replace("<path", "<script/><path"), alt="A stroke.")


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        (["anwser"], ["'anwser'", "Did you mean 'answer'"]),
        (["answer", "answer"], ["'answer' is there twice"]),
        ("answer", ["sections=['answer']"]),
        ([drawing()], ["Figure", "logreg.report.figure"]),
        ({"answer"}, ["not set"]),
    ],
)
def test_what_is_no_section_is_refused(sections: Any, words: list[str]) -> None:
    with pytest.raises(SupportError) as caught:
        birthwt().report_document(sections=sections)
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: logreg.report.section("Title", 3),
        lambda: logreg.report.section("***", "text"),
        lambda: logreg.report.figure(drawing(), alt=" "),
        lambda: logreg.report.figure(3, alt="three"),
        lambda: logreg.report.table([1, 2], caption="numbers"),
    ],
)
def test_what_makes_no_part_is_refused(make: Any) -> None:
    with pytest.raises(SupportError):
        make()


def test_a_section_without_content_says_so_when_asked_for() -> None:
    fit = logreg.fit("low ~ 1", logreg.datasets.load("birthwt"))
    assert "nothing to show" in str(fit.report_document(sections=["forest"])["forest"])
    assert "forest" not in keys(fit.report_document())


@pytest.mark.parametrize("style", ["apa", "lancet"])
def test_journal_styles_reach_the_report(style: str) -> None:
    document = birthwt().report_document(style=style, sections=["odds_ratios", "reproduce"])
    shown = [cell.text for row in document.table("coefficients").rows for cell in row.cells]
    assert any(text.startswith(".") if style == "apa" else "·" in text for text in shown), shown
    assert f"style='{style}'" in render_as(document, ".txt").decode()
    with pytest.raises(SupportError, match="jama"):
        birthwt().report_document(style="jamma")
