"""Every renderer with every kind of block. A new renderer or block is enrolled by its registry."""

import base64
import dataclasses
import hashlib
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from logreg.report import render_html, render_json, render_markdown, render_text
from logreg.report.formats import display_width
from logreg.report.nodes import (
    BLOCK_TYPES,
    Block,
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
    Section,
    Table,
    TableColumn,
    code,
    emphasis,
    paragraph,
    strong,
)
from logreg.report.write import RENDERERS, renderer_for

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><path id="a" d="M 0 0"/></svg>'

NUMBERS = (0.1 + 0.2, -1e-300, 1.7976931348623157e308, 5e-324, 2.0**53 + 2)


def cell(text: str, value: object = None, **options: str) -> Cell:
    return Cell(text=text, value=value, **options)


def odds_table(key: str = "odds", n_outcomes: int = 2, **options: object) -> Table:
    """A table of the kind a multinomial fit needs, with every kind of row."""
    columns = [TableColumn(key="term", heading="Predictor")]
    for outcome in range(n_outcomes):
        group = f"outcome {outcome}"
        columns.append(
            TableColumn(key="or", heading="Odds ratio", align="right", unit="per unit", group=group)
        )
        columns.append(TableColumn(key="p", heading="p", align="right", group=group))

    def row(label: str, text: str, **kwargs: object) -> Row:
        pairs = [(cell(text, 1.5), cell("0.032", 0.0321)) for _ in range(n_outcomes)]
        return Row(cells=(cell(label, label), *(one for pair in pairs for one in pair)), **kwargs)

    rows = (
        row("age", "1.50"),
        Row(kind="group", cells=(cell("Race"),)),
        row("white", "reference", kind="reference", indent=1),
        row("black", "2.41", indent=1),
    )
    return Table(
        key=key,
        caption="Odds ratios",
        columns=tuple(columns),
        rows=rows,
        notes=("Wald intervals.",),
        **options,
    )


EXAMPLES: dict[type, Callable[[], Block]] = {
    Section: lambda: Section(key="part", title="Findings", blocks=(paragraph("Inside."),)),
    Paragraph: lambda: paragraph(
        "Plain, ", strong("strong"), ", ", emphasis("slanted"), " and ", code("y ~ x"), "."
    ),
    Facts: lambda: Facts(items=(Fact(label="Rows read", text="189", value=189, note="none dropped"),)),
    Table: odds_table,
    Figure: lambda: Figure(key="roc", svg=SVG, alt="A curve above the diagonal", caption="ROC curve"),
    Note: lambda: Note(kind="warning", text="Few events."),
    Code: lambda: Code(text="fit = 1\n\tindented", language="python"),
}

#: Words of each example that a reader must find, whatever the format.
WORDS: dict[type, tuple[str, ...]] = {
    Section: ("Findings", "Inside."),
    Paragraph: ("Plain, ", "strong", "slanted", "y ~ x"),
    Facts: ("Rows read", "189", "none dropped"),
    Table: (
        "Odds ratios",
        "Predictor",
        "outcome 1",
        "per unit",
        "Race",
        "reference",
        "2.41",
        "Wald intervals.",
    ),
    Figure: ("A curve above the diagonal", "ROC curve"),
    Note: ("Few events.",),
    Code: ("fit = 1", "\tindented"),
}


def sample() -> Document:
    blocks = tuple(EXAMPLES[kind]() for kind in BLOCK_TYPES)
    return Document(title="Low birth weight", subtitle="A sample", blocks=blocks)


def one(block: Block) -> Document:
    return Document(title="One block", blocks=(block,))


def read_back(suffix: str, text: str) -> str:
    """Undo the escapes of a format, so that words can be looked for."""
    if suffix == ".json":
        strings: list[str] = []
        collect_strings(json.loads(text), strings)
        return "\n".join(strings)
    if suffix == ".md":
        return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)
    return text.replace("\\t", "\t")


def collect_strings(value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict):
        for item in value.values():
            collect_strings(item, found)
    elif isinstance(value, list):
        for item in value:
            collect_strings(item, found)


def missing_words(suffix: str, content: str | bytes, words: tuple[str, ...]) -> list[str]:
    """Return the words that a reader does not find; only formats of text keep spaces and tabs as they are."""
    from .document_reader import squeezed, words_of  # here, since this file runs as a program too

    if isinstance(content, str) and suffix != ".tex":
        text = read_back(suffix, content)
        return [word for word in words if word not in text]
    text = words_of(suffix, content)
    return [word for word in words if squeezed(word) not in text]


def test_every_kind_of_block_has_an_example() -> None:
    assert set(EXAMPLES) == set(WORDS) == set(BLOCK_TYPES)


@pytest.mark.parametrize("suffix", RENDERERS)
@pytest.mark.parametrize("kind", BLOCK_TYPES)
def test_every_renderer_shows_every_kind_of_block(suffix: str, kind: type) -> None:
    content = renderer_for(suffix)(one(EXAMPLES[kind]()))
    assert not missing_words(suffix, content, WORDS[kind])
    assert isinstance(content, bytes) or content.endswith("\n")


@pytest.mark.parametrize("suffix", RENDERERS)
@pytest.mark.parametrize("kind", BLOCK_TYPES)
def test_a_block_inside_a_section_is_shown_too(suffix: str, kind: type) -> None:
    section = Section(key="around", title="Around", blocks=(EXAMPLES[kind](),))
    assert not missing_words(suffix, renderer_for(suffix)(one(section)), (*WORDS[kind], "Around"))


@pytest.mark.parametrize("suffix", RENDERERS)
def test_an_empty_document_renders(suffix: str) -> None:
    empty = Document(title="Nothing", blocks=(Section(key="s", title="Empty", blocks=()), Facts(items=())))
    assert not missing_words(suffix, renderer_for(suffix)(empty), ("Nothing",))


@pytest.mark.parametrize("suffix", RENDERERS)
def test_a_table_without_rows_or_row_headings_renders(suffix: str) -> None:
    columns = (TableColumn(key="a", heading="A"), TableColumn(key="b", heading="B", align="center"))
    bare = Table(key="t", caption="", columns=columns, rows=(), row_headers=0)
    headed = Table(
        key="u", caption="", columns=columns, rows=(Row(cells=(cell("x"), cell("y"))),), row_headers=2
    )
    assert str(renderer_for(suffix)(Document(title="T", blocks=(bare, headed))))


def digests() -> dict[str, str]:
    return {s: hashlib.sha256(str(renderer_for(s)(sample())).encode()).hexdigest() for s in RENDERERS}


def test_same_document_same_bytes_in_this_process_and_in_others() -> None:
    here = digests()
    assert digests() == here
    root = str(Path(__file__).parents[2])
    for seed in ("0", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": root, "TZ": "Asia/Tokyo"}
        run = [sys.executable, __file__]
        output = subprocess.run(run, env=environment, capture_output=True, text=True, check=True, timeout=120)
        assert json.loads(output.stdout) == here


# --- text -------------------------------------------------------------------------------------------------


def test_text_of_a_binary_table_by_hand() -> None:
    columns = (
        TableColumn(key="t", heading="Term"),
        TableColumn(key="or", heading="Odds ratio", align="right"),
    )
    rows = (
        Row(cells=(cell("age"), cell("0.97"))),
        Row(kind="group", cells=(cell("race"),)),
        Row(cells=(cell("体重"), cell("12.30")), indent=1),
    )
    shown = render_text.render(one(Table(key="t", caption="Estimates", columns=columns, rows=rows)))
    assert shown == (
        "One block\n═════════\n\nTable 1. Estimates\n━━━━━━━━━━━━━━━━━━\nTerm    Odds "
        "ratio\n──────────────────\nage           0.97\nrace\n  体重       12.30\n━━━━━━━━━━━━━━━━━━\n"
    )


@pytest.mark.parametrize("width", [40, 72, 100])
@pytest.mark.parametrize("n_outcomes", [1, 2, 7])
def test_text_tables_never_exceed_the_width_and_lose_nothing(width: int, n_outcomes: int) -> None:
    shown = render_text.render(one(odds_table(n_outcomes=n_outcomes)), width=width)
    assert max(display_width(line) for line in shown.split("\n")) <= width
    assert shown.count("2.41") == n_outcomes
    for outcome in range(n_outcomes):
        assert f"outcome {outcome}" in shown
    n_panels = shown.count("Predictor")
    assert shown.count("black") == shown.count("Race") == n_panels


def test_text_wraps_long_cells_and_words_without_losing_characters() -> None:
    columns = (TableColumn(key="t", heading="Term"), TableColumn(key="n", heading="Remark"))
    remark = " ".join(f"word{i}" for i in range(60))
    rows = (Row(cells=(cell("x" * 150), cell(remark))),)
    shown = render_text.render(one(Table(key="t", caption="", columns=columns, rows=rows)))
    assert max(display_width(line) for line in shown.split("\n")) <= render_text.WIDTH
    assert shown.count("x") == 150
    assert all(f"word{i}" in shown for i in range(60))


def test_text_refuses_a_width_no_table_fits() -> None:
    with pytest.raises(ValueError, match="at least 40"):
        render_text.render(one(EXAMPLES[Paragraph]()), width=10)


# --- Markdown ---------------------------------------------------------------------------------------------


def test_markdown_table_by_hand() -> None:
    lines = render_markdown.render(one(odds_table(n_outcomes=1))).split("\n")
    assert lines[2:10] == [
        "**Table 1.** Odds ratios",
        "",
        "| Predictor | outcome 0: Odds ratio (per unit) | outcome 0: p |",
        "| :-- | --: | --: |",
        "| age | 1.50 | 0.032 |",
        "| **Race** |  |  |",
        "| &nbsp;&nbsp;white | reference | 0.032 |",
        "| &nbsp;&nbsp;black | 2.41 | 0.032 |",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# heading", "\\# heading"),
        ("- item", "\\- item"),
        ("12. item", "12\\. item"),
        ("1.5 kg", "1.5 kg"),
        ("-1.5", "-1.5"),
        ("---", "\\---"),
        ("> quote", "&gt; quote"),
        ("a\nb", "a b"),
        ("a|b", "a\\|b"),
        ("https://example.org", "https:\\//example.org"),
        ("&lt;", "&amp;lt;"),
        ("{{7*7}}", "\\{\\{7\\*7\\}\\}"),
    ],
)
def test_markdown_escapes(text: str, expected: str) -> None:
    assert render_markdown.escaped(text) == expected


def test_markdown_code_stays_inside_its_fences() -> None:
    block = Code(text="a\n```\nb", language="py\n<script>")
    assert render_markdown.render(one(block)).endswith("\n\n````pyscript\na\n```\nb\n````\n")
    # Where a reader without fences would see markup, the code is escaped.
    tagged = Code(text="a\n```\n<b>", language="py")
    assert render_markdown.render(one(tagged)).endswith("<pre><code>a\n```\n&lt;b&gt;</code></pre>\n")
    assert "`` a`b ``" in render_markdown.render(one(paragraph("x ", code("a`b"))))


def test_markdown_code_with_more_backticks_than_a_fence_may_have_stands_between_tags() -> None:
    run = "`" * 79
    block = render_markdown.render(one(Code(text=f"{run}\n\n# <b>")))
    assert block.endswith(f"<pre><code>{run}\n\n# &lt;b&gt;</code></pre>\n")
    inline = render_markdown.render(one(paragraph(code(run + "<b>"))))
    assert inline.endswith("\n<code>" + "\\`" * 79 + "&lt;b&gt;</code>\n")


# --- JSON -------------------------------------------------------------------------------------------------


def refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def test_json_keeps_every_raw_value_to_the_last_bit() -> None:
    rows = tuple(Row(cells=(cell("shown", number),)) for number in (*NUMBERS, 9007199254740993, True, None))
    columns = (TableColumn(key="x", heading="x"),)
    text = render_json.render(one(Table(key="t", caption="", columns=columns, rows=rows)))
    table = json.loads(text, parse_constant=refuse_constant)["blocks"][0]
    values = [row["cells"][0]["value"] for row in table["rows"]]
    assert values == [*NUMBERS, 9007199254740993, True, None]
    assert [type(value) for value in values] == [float] * 5 + [int, bool, type(None)]


def test_json_writes_what_is_not_finite_with_its_reason() -> None:
    cells = (
        cell("∞", math.inf),
        cell("−∞", -math.inf),
        cell("separated", math.nan),
        cell("–", math.nan, reason="rank deficient"),
    )
    columns = tuple(TableColumn(key=str(i), heading="") for i in range(4))
    table = Table(key="t", caption="", columns=columns, rows=(Row(cells=cells),))
    fact = Facts(items=(Fact(label="p", text="not available", value=math.nan),))
    text = render_json.render(Document(title="T", blocks=(table, fact)))
    shown, facts = json.loads(text, parse_constant=refuse_constant)["blocks"]
    found = [(c["value"], c["type"], c.get("reason")) for c in shown["rows"][0]["cells"]]
    assert found == [
        ("inf", "number", None),
        ("-inf", "number", None),
        (None, "number", "separated"),
        (None, "number", "rank deficient"),
    ]
    assert facts["items"][0]["value"] is None
    assert facts["items"][0]["reason"] == "not available"


def test_json_names_its_schema_and_sorts_its_keys() -> None:
    text = render_json.render(sample())
    content = json.loads(text, object_pairs_hook=lambda pairs: [pairs, sorted(pairs, key=lambda p: p[0])])
    assert content[0] == content[1]
    assert json.loads(text)["schema"] == "logreg.document"
    assert json.loads(text)["schema_version"] == 1


# --- HTML -------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The elements of a page with their attributes, the text, and whether the tags balance."""

    VOID = frozenset(["meta", "path", "rect", "col", "br"])

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.comments: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture
def page() -> Page:
    return Page(render_html.render(sample()))


def test_html_is_balanced_and_needs_nothing_from_elsewhere(page: Page) -> None:
    assert page.open == []
    assert page.comments == []
    assert not page.all("link", "iframe", "object", "img", "form", "base")
    assert page.all("script") == [{}]
    for _, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
        assert "src" not in attributes
    assert "url(" not in render_html.render(sample())
    assert "@import" not in render_html.render(sample())


def test_html_forbids_network_and_scripts_but_its_own(page: Page) -> None:
    policies = [m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    assert policies[0] is not None
    assert policies[0].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    script = render_html.render(sample()).rpartition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policies[0].partition("script-src ")[2] == f"'sha256-{digest}'"


def test_html_has_the_landmarks_that_assistive_technology_needs(page: Page) -> None:
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("meta")[0]["charset"] == "utf-8"
    for tag in ("title", "main", "nav", "header", "h1"):
        assert len(page.all(tag)) == 1, tag
    first_link = page.all("a")[0]
    assert first_link["href"] == "#" + str(page.all("main")[0]["id"])


def test_html_identifiers_are_unique_and_every_reference_has_its_target(page: Page) -> None:
    identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    for _, attributes in page.elements:
        for name in ("href", "aria-labelledby", "xlink:href"):
            if name in attributes:
                assert str(attributes[name]).removeprefix("#") in identifiers


def test_html_headings_descend_one_by_one() -> None:
    inner = Section(key="c", title="C", blocks=())
    sections = Section(key="a", title="A", blocks=(Section(key="b", title="B", blocks=(inner,)),))
    page = Page(
        render_html.render(Document(title="T", blocks=(sections, dataclasses.replace(inner, key="d"))))
    )
    assert [tag for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)] == ["h1", "h2", "h3", "h4", "h2"]


def test_html_tables_name_rows_columns_and_groups(page: Page) -> None:
    assert len(page.all("caption")) == 1
    scopes = [attributes["scope"] for attributes in page.all("th")]
    assert scopes == ["col", "colgroup", "colgroup"] + ["col"] * 4 + ["row", "rowgroup", "row", "row"]
    assert all("right" in str(attributes["class"]).split() for attributes in page.all("td"))
    assert [attributes["span"] for attributes in page.all("colgroup")] == ["1", "2", "2"]
    scrolling = [attributes for attributes in page.all("div") if attributes.get("class") == "scroll"]
    assert [(box["tabindex"], box["role"]) for box in scrolling] == [("0", "region")]


def test_html_figures_are_described(page: Page) -> None:
    images = [attributes for _, attributes in page.elements if attributes.get("role") == "img"]
    assert [image["aria-label"] for image in images] == ["A curve above the diagonal"]


def relative_luminance(colour: str) -> float:
    """Source: WCAG 2.1, definition of relative luminance."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_html_colours_meet_wcag_aa_in_every_scheme() -> None:
    style = render_html.render(sample()).partition("<style>")[2].partition("</style>")[0]
    palettes = re.findall(r":root \{(.*?)\}", style, flags=re.DOTALL)
    assert len(palettes) == 3  # light, dark, print
    for palette in palettes:
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", palette))
        for ink, ground in [
            ("ink", "paper"),
            ("soft", "paper"),
            ("link", "paper"),
            ("ink", "tint"),
            ("soft", "tint"),
            ("ink", "caution-tint"),
            ("caution", "caution-tint"),
        ]:
            light, dark = sorted((relative_luminance(colours[ink]), relative_luminance(colours[ground])))[
                ::-1
            ]
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def test_html_speaks_the_language_of_the_document() -> None:
    labels = Labels(
        table="Tabelle", figure="Abbildung", warning="Warnung", contents="Inhalt", skip="Zum Inhalt"
    )
    german = dataclasses.replace(sample(), language="de", labels=labels)
    for suffix in (".html", ".md", ".txt"):
        text = str(renderer_for(suffix)(german))
        assert all(word in text for word in ("Tabelle", "Abbildung", "Warnung"))
    assert '<html lang="de">' in render_html.render(german)


if __name__ == "__main__":
    print(json.dumps(digests()))
