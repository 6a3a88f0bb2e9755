"""Hostile text in every field of every node, in every renderer: shown, never obeyed."""

import dataclasses
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import get_type_hints

import pytest

from logreg.report import nodes, render_html, render_json, render_markdown, render_text
from logreg.report.formats import display_width, visible
from logreg.report.nodes import (
    Cell,
    Code,
    Document,
    Fact,
    Facts,
    Figure,
    Labels,
    Note,
    Paragraph,
    Row,
    Run,
    Section,
    Table,
    TableColumn,
)
from logreg.report.write import RENDERERS, render_as, renderer_for

from .document_reader import TEXTUAL

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><path d="M 0 0"/></svg>'

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "script end": "</script><script>alert(1)</script>",
    "style end": "</style><style>* { display: none }</style>",
    "title end": "</title><img src=x onerror=alert(1)>",
    "cdata": "]]><![CDATA[<b>",
    "comment": "<!-- --> <!--",
    "double quote": '" onmouseover="alert(1)" x="',
    "single quote": "' onmouseover='alert(1)' x='",
    "entity": "&lt;script&gt;&#60;b&#62;&amp;",
    "markdown link": "[x](javascript:alert(1))",
    "markdown image": "![x](https://example.org/a.png)",
    "markdown reference": "[x]: https://example.org",
    "address": "https://example.org www.example.org a@example.org <https://example.org>",
    "pipes": "a|b||c\\|d\\\\|e|",
    "backticks": "`a` ``` ~~~ ````",
    "markers": "# * _ - + > 1. ** __ ~~ $x$",
    "hash": "# heading",
    "rule": "---",
    "lines": "one\ntwo\r\n\r\nthree\n| a | b |\n| - | - |",
    "fence": "```\n# out\n```",
    "colour": "\x1b[31mred\x1b[0m",
    "title bar": "\x1b]0;owned\x07\x9b2J",
    "nul": "a\x00b\x08\x7f",
    "carriage return": "safe\rEVIL",
    "bidi": "a\u202eb\u2066c\u200f",
    "zero width": "a\u200bb\ufeffc\u2060d\u00ade",
    "separators": "a\u2028b\u2029c\x85d",
    "tags": "a\U000e0041b",
    "surrogate": "a\ud800b\udfff",
    "noncharacter": "a\uffffb\U0010ffff",
    "template": "{{7*7}} {% raw %} {# x #} ${7*7} #{7*7} <%= 7*7 %>",
    "percent": "100% %s %(x)s %n",
    "braces": "{0} {name} {} {0.__class__}",
    "backslash": "\\ \\n \\u003c \\input{/etc/passwd}",
    "quotes": 'it\'s "x" `y`',
    "wide": "体重 👩\u200d🔬 e\u0301",
    "blank": "   ",
}
LONG = {"long word": "x" * 100_000, "long text": "<b> | " * 17_000, "long run": "`" * 100_000}


def document_of(text: str) -> Document:
    """Return a document with every kind of node whose every free text is ``text``."""
    columns = (
        TableColumn(key=text, heading=text, unit=text),
        TableColumn(key=text, heading=text, unit=text, group=text, align="right"),
        TableColumn(key="other", heading=text, group=text, align="center"),
    )
    cells = (
        Cell(text=text, value=text),
        Cell(text=text, reason=text, style="muted"),
        Cell(text=text, value=float("nan")),
    )
    rows = (
        Row(cells=cells),
        Row(kind="group", cells=(Cell(text=text),)),
        Row(cells=cells, kind="reference", indent=1),
    )
    blocks = (
        Paragraph(runs=tuple(Run(text=text, kind=kind) for kind in ("plain", "strong", "emphasis", "code"))),
        Facts(items=(Fact(label=text, text=text, value=text, note=text),)),
        Table(key="table", caption=text, columns=columns, rows=rows, notes=(text,)),
        Figure(key="figure", svg=SVG, alt=text if text.strip() else "x", caption=text),
        Note(kind="warning", text=text),
        Note(kind="info", text=text),
        Code(text=text, language=text),
    )
    labels = Labels(**{field.name: text for field in dataclasses.fields(Labels)})
    section = Section(key="section", title=text, blocks=blocks)
    return Document(title=text, subtitle=text, blocks=(section,), labels=labels)


def texts_of(node: object) -> Iterator[tuple[str, str, object]]:
    """Yield type, field and value of every field that is declared a string, at any depth."""
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        hints = get_type_hints(type(node), vars(nodes) | {"Section": Section})
        for field in dataclasses.fields(node):
            value = getattr(node, field.name)
            if hints[field.name] is str:
                yield type(node).__name__, field.name, value
            yield from texts_of(value)
    elif isinstance(node, tuple):
        for item in node:
            yield from texts_of(item)


#: Strings with a form of their own, checked when the node is made.
NOT_FREE = {
    ("Section", "key"),
    ("Table", "key"),
    ("Figure", "key"),
    ("Figure", "svg"),
    ("Document", "language"),
}


def test_the_hostile_document_reaches_every_text_of_every_node() -> None:
    reached = {(kind, field) for kind, field, value in texts_of(document_of("HOSTILE")) if value == "HOSTILE"}
    declared = {
        (name, field.name)
        for name in nodes.__all__
        if dataclasses.is_dataclass(kind := getattr(nodes, name)) and name not in ("RowGroup", "DrawnFigure")
        for field in dataclasses.fields(kind)
        if get_type_hints(kind)[field.name] is str
    }
    assert reached == declared - NOT_FREE


@pytest.fixture(params=HOSTILE.values(), ids=HOSTILE.keys())
def text(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("suffix", TEXTUAL)
@pytest.mark.parametrize("text", [*HOSTILE.values(), *LONG.values()], ids=[*HOSTILE, *LONG])
def test_every_renderer_survives_and_gives_visible_characters_only(suffix: str, text: str) -> None:
    if suffix == ".tex" and len(text) > 10_000:
        pytest.skip("escapes make it sixteen times as long; test_render_latex.py takes each alone")
    rendered = str(renderer_for(suffix)(document_of(text)))
    assert render_as(document_of(text), suffix).decode("utf-8") == rendered
    assert visible(rendered, line_breaks=True) == rendered


def test_formats_of_text_and_of_programs_are_all_tested() -> None:
    assert set(TEXTUAL) | {".pdf", ".docx", ".xlsx"} == set(RENDERERS)


class Skeleton(HTMLParser):
    """What a page is made of, without its texts: elements, attribute names, values that are not text."""

    TEXT_ATTRIBUTES = frozenset(["aria-label", "class"])

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[object] = []
        self.texts: list[str] = []
        self.labels: list[str] = []
        self.classes: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append(
            (tag, [(name, "" if name in self.TEXT_ATTRIBUTES else value) for name, value in attrs])
        )
        for name, value in attrs:
            if name == "aria-label":
                self.labels.append(value or "")
            if name == "class":
                self.classes |= set((value or "").split())

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag: str) -> None:
        self.parts.append("/" + tag)

    def handle_comment(self, data: str) -> None:
        self.parts.append(("comment", data))

    def handle_decl(self, decl: str) -> None:
        self.parts.append(("declaration", decl))

    def unknown_decl(self, data: str) -> None:
        self.parts.append(("unknown", data))

    def handle_pi(self, data: str) -> None:
        self.parts.append(("instruction", data))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_html_has_the_same_skeleton_whatever_the_text(text: str) -> None:
    hostile = Skeleton(render_html.render(document_of(text)))
    harmless = Skeleton(render_html.render(document_of("x")))
    assert hostile.parts == harmless.parts
    fits = {"short", "long"}  # a text that stays on one line, and one with a word that may break
    assert hostile.classes | fits == harmless.classes | fits
    assert hostile.labels == [visible(text if text.strip() else "x", line_breaks=True)]


def test_html_shows_the_text_itself(text: str) -> None:
    whole = "\x00".join(Skeleton(render_html.render(document_of(text))).texts)
    harmless = "\x00".join(Skeleton(render_html.render(document_of("HARMLESS"))).texts)
    # The style sheet and layout blanks are the same in both; each mark has become the text.
    assert whole == harmless.replace("HARMLESS", visible(text, line_breaks=True))


def unescaped_pipes(line: str) -> int:
    return len(re.findall(r"(?<!\\)(?:\\\\)*\|", line))


def markdown_without_code(text: str) -> list[str]:
    """Return the lines of a document without its code, which has rules of its own."""
    whole = document_of(text)
    (section,) = whole.blocks
    assert isinstance(section, Section)
    runs = tuple(Run(text=text, kind=kind) for kind in ("plain", "strong", "emphasis"))
    blocks = tuple(block for block in section.blocks if not isinstance(block, (Code, Paragraph)))
    section = dataclasses.replace(section, blocks=(Paragraph(runs=runs), *blocks))
    return render_markdown.render(dataclasses.replace(whole, blocks=(section,))).split("\n")


def test_markdown_tables_keep_their_columns_and_blocks_their_number(text: str) -> None:
    lines = markdown_without_code(text)
    assert [unescaped_pipes(line) for line in lines if line.startswith("|")] == [4] * 5
    assert sum(unescaped_pipes(line) for line in lines) == 20
    n_dropped = 0 if text.strip() else 4  # a blank subtitle and a blank paragraph, each with its blank line
    assert len(lines) == len(markdown_without_code("x")) - n_dropped


def test_markdown_text_holds_no_markup_of_its_own(text: str) -> None:
    whole = "\n".join(markdown_without_code(text))
    assert "<" not in whole
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", whole)
    assert bare.count("](") == 1  # the figure
    assert "`" not in bare
    assert "://" not in bare
    assert "www." not in bare
    marked = re.sub(r"[^*_]", "", bare)
    assert "_" not in marked
    assert len(marked) % 2 == 0


def test_markdown_code_cannot_leave_its_fences(text: str) -> None:
    for kind, block in (("run", Paragraph(runs=(Run(text=text, kind="code"),))), ("block", Code(text=text))):
        body = render_markdown.render(Document(title="T", blocks=(block,))).partition("\n\n")[2].rstrip("\n")
        if not body:
            assert not text.strip()
            continue
        if body.startswith("<"):
            opening, closing = ("<code>", "</code>") if kind == "run" else ("<pre><code>", "</code></pre>")
            assert "<" not in body.removeprefix(opening).removesuffix(closing)
            continue
        fence = re.match("`+", body)
        assert fence is not None
        assert body.endswith(fence[0])
        inner = body[len(fence[0]) : -len(fence[0])]
        longest = max((len(run) for run in re.findall("`+", inner)), default=0)
        assert longest < len(fence[0]) or (kind == "run" and longest == 0)


def strings_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)


def test_json_gives_the_text_back_and_is_inert_in_a_script_element(text: str) -> None:
    rendered = render_json.render(document_of(text))
    assert "<" not in rendered
    assert "\u2028" not in rendered
    found = list(strings_in(json.loads(rendered)))
    harmless = list(strings_in(json.loads(render_json.render(document_of("HARMLESS")))))
    expected = [text if value == "HARMLESS" else value for value in harmless]
    if not text.strip():  # a figure cannot be described by nothing
        found.remove("x")
        expected.remove(text)
    assert sorted(found) == sorted(expected)


def test_text_lines_keep_to_the_width(text: str) -> None:
    whole = document_of(text)
    (section,) = whole.blocks
    assert isinstance(section, Section)
    blocks = tuple(block for block in section.blocks if not isinstance(block, Code))
    labels = Labels() if len(text) > 10 else whole.labels
    whole = dataclasses.replace(whole, blocks=(dataclasses.replace(section, blocks=blocks),), labels=labels)
    lines = render_text.render(whole).split("\n")
    assert max(display_width(line) for line in lines) <= render_text.WIDTH


def test_text_shows_every_character_of_a_hostile_cell(text: str) -> None:
    columns = (TableColumn(key="a", heading="A"),)
    table = Table(key="t", caption="", columns=columns, rows=(Row(cells=(Cell(text=text),)),))
    lines = render_text.render(Document(title="T", blocks=(table,))).split("\n")
    top, middle, bottom = (i for i, line in enumerate(lines) if line and set(line) <= {"━", "─"})
    assert top < middle < bottom
    shown = "".join(lines[middle + 1 : bottom])
    assert shown.replace(" ", "") == visible(text).replace(" ", "")


def test_frames_and_keys_take_hostile_column_names(text: str) -> None:
    if text == HOSTILE["surrogate"]:
        pytest.skip("pandas has no strings with lone surrogates")
    table = document_of(text).table("table")
    assert table.to_frame().columns[1] == (text, text)
