"""A figure alone: the drawing of the report, sharp, described, the same bytes, or one sentence why not."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader

import logreg
from logreg.errors import SupportError
from logreg.report import extra, figure_files
from logreg.report.nodes import Figure

BIRTHS = logreg.datasets.load("birthwt")
DOCUMENT = logreg.fit("low ~ age + smoke", BIRTHS).report_document(
    sections=["forest", "effects", "performance"]
)
FOREST = DOCUMENT.figure("forest")


def size_of_png(content: bytes) -> tuple[int, int]:
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    return width, height


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf", ".SVG"])
@pytest.mark.parametrize("key", [figure.key for figure in DOCUMENT.figures])
def test_every_figure_is_written_with_the_same_bytes(tmp_path: Path, key: str, suffix: str) -> None:
    figure = DOCUMENT.figure(key)
    first, second = figure.write(tmp_path / f"one{suffix}"), figure.write(str(tmp_path / f"two{suffix}"))
    assert first == tmp_path / f"one{suffix}"
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"one{suffix}", f"two{suffix}"]


def test_an_svg_is_the_drawing_of_the_report_and_says_what_it_shows(tmp_path: Path) -> None:
    text = FOREST.write(tmp_path / "forest.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text.encode())
    assert root.get("aria-label") == FOREST.alt
    assert root.get("role") == "img"
    assert text.endswith(FOREST.svg.removeprefix("<svg") + "\n")


def test_a_picture_has_the_pixels_asked_for(tmp_path: Path) -> None:
    usual = size_of_png(FOREST.write(tmp_path / "forest.png").read_bytes())
    half = size_of_png(FOREST.write(tmp_path / "forest.png", dpi=100).read_bytes())
    assert usual[0] == pytest.approx(6.5 * 200, abs=1)
    assert half == pytest.approx((usual[0] / 2, usual[1] / 2), abs=1)


def test_a_pdf_is_one_tagged_page_of_vectors_with_a_description(tmp_path: Path) -> None:
    content = FOREST.write(tmp_path / "forest.pdf").read_bytes()
    reader = PdfReader(io.BytesIO(content))
    (page,) = reader.pages
    assert float(page.mediabox.width) == pytest.approx(6.5 * 72, abs=0.1)
    assert list(page.images) == []
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert FOREST.alt.startswith(str(reader.metadata.title))
    alts = _values(reader.trailer["/Root"]["/StructTreeRoot"], "/Alt", set())
    assert FOREST.alt in alts


def _values(node: Any, key: str, seen: set[int]) -> list[str]:
    """Return the texts under a key in a tree of PDF objects, apart from those that point upwards."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if id(node) in seen:
        return []
    seen.add(id(node))
    if isinstance(node, list):
        return [text for child in node for text in _values(child, key, seen)]
    if not isinstance(node, dict):
        return []
    own = [str(node[key])] if key in node else []
    return own + [text for name in ("/K",) if name in node for text in _values(node[name], key, seen)]


def test_letters_of_any_script_are_written(tmp_path: Path) -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="100pt" height="40pt" viewBox="0 0 100 40">'
        '<text x="5" y="20">体重 \U000f1234</text></svg>'
    )
    figure = Figure(key="own", svg=svg, alt="体重 <b> & “quoted”")
    for suffix in (".svg", ".png", ".pdf"):
        assert figure.write(tmp_path / f"own{suffix}").stat().st_size > 100
    root = ElementTree.fromstring((tmp_path / "own.svg").read_bytes())
    assert root.get("aria-label") == figure.alt


@pytest.mark.parametrize("name", ["forest.jpg", "forest", "forest.svgz"])
def test_other_suffixes_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SupportError, match=r"use one of \.svg, \.png, \.pdf"):
        FOREST.write(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dpi", [0, -5, "300", True, float("nan"), 1e9])
def test_impossible_resolutions_are_refused(tmp_path: Path, dpi: Any) -> None:
    with pytest.raises(SupportError, match="dpi="):
        FOREST.write(tmp_path / "forest.png", dpi=dpi)


@pytest.mark.parametrize("suffix", [".svg", ".pdf"])
def test_a_resolution_is_for_pictures_only(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(SupportError, match="sharp at any size"):
        FOREST.write(tmp_path / f"forest{suffix}", dpi=300)


def _without_typst(name: str) -> Any:
    return None if name == "typst" else find_spec(name)


def test_without_the_extra_pictures_say_so_and_svg_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finder: Callable[[str], Any] = _without_typst
    monkeypatch.setattr(extra, "find_spec", finder)
    for suffix in (".png", ".pdf"):
        with pytest.raises(SupportError, match=r"logreg-stats\[report\]"):
            FOREST.write(tmp_path / f"forest{suffix}")
    assert FOREST.write(tmp_path / "forest.svg").exists()


def test_an_older_file_survives_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "forest.png"
    path.write_bytes(b"old")

    def fails(*_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(figure_files, "drawing_to_png", fails)
    with pytest.raises(MemoryError):
        FOREST.write(path)
    assert path.read_bytes() == b"old"
