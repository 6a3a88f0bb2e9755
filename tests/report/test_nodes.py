"""What a document may hold, and that everything else is refused when the node is made."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from logreg.report import nodes
from logreg.report.nodes import (
    Cell,
    Document,
    Fact,
    Facts,
    Figure,
    Paragraph,
    Row,
    Run,
    Section,
    Table,
    TableColumn,
    row_groups,
)

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><path d="M 0 0 L 9 9"/></svg>'


def cell(value: object) -> Cell:
    return Cell(text=str(value), value=value)


def data_row(*values: object, **options: object) -> Row:
    return Row(cells=tuple(cell(value) for value in values), **options)


def table(
    *rows: Row, key: str = "t", columns: tuple[TableColumn, ...] | None = None, **options: object
) -> Table:
    columns = columns or (TableColumn(key="term", heading="Term"), TableColumn(key="p", heading="p"))
    return Table(key=key, caption="A table", columns=columns, rows=rows, **options)


def document(*blocks: nodes.Block) -> Document:
    return Document(title="A report", blocks=blocks)


def test_sections_tables_and_figures_are_found_by_key_at_any_depth() -> None:
    inner = Section(
        key="inner", title="Inner", blocks=(table(key="odds"), Figure(key="roc", svg=SVG, alt="A curve"))
    )
    whole = document(Section(key="outer", title="Outer", blocks=(inner,)))
    assert whole["inner"] is inner
    assert whole["outer"].blocks == (inner,)
    assert whole.table("odds").key == "odds"
    assert whole.figure("roc").alt == "A curve"
    assert [section.key for section in whole.sections] == ["outer", "inner"]


def test_an_unknown_key_names_the_nearest() -> None:
    whole = document(Section(key="odds_ratios", title="Odds ratios", blocks=()))
    with pytest.raises(KeyError, match="Did you mean 'odds_ratios'"):
        whole["odd_ratios"]


def test_frame_holds_raw_values() -> None:
    frame = table(data_row("age", 0.1 + 0.2), data_row("lwt", float("inf"), kind="reference")).to_frame()
    expected = pd.DataFrame({"term": ["age", "lwt"], "p": [0.1 + 0.2, math.inf]})
    pd.testing.assert_frame_equal(frame, expected)


def test_frame_of_grouped_columns_and_rows() -> None:
    columns = (
        TableColumn(key="term", heading="Term"),
        TableColumn(key="or", heading="OR", group="fish"),
        TableColumn(key="or", heading="OR", group="birds"),
    )
    heading = Row(kind="group", cells=(Cell(text="Race"),))
    rows = (
        data_row("age", 1.5, 2.5),
        heading,
        data_row("black", 3.5, 4.5, indent=1),
        data_row("smoke", 5.5, 6.5),
    )
    frame = table(*rows, columns=columns).to_frame()
    assert list(frame.columns) == [("", "term"), ("fish", "or"), ("birds", "or")]
    assert list(frame.index) == ["", "Race", ""]
    assert frame["birds", "or"].tolist() == [2.5, 4.5, 6.5]


def test_an_empty_table_has_an_empty_frame() -> None:
    assert table().to_frame().shape == (0, 2)


def test_a_heading_governs_the_rows_indented_below_it() -> None:
    heading = Row(kind="group", cells=(Cell(text="Race"),))
    other = Row(kind="group", cells=(Cell(text="Smoking"),))
    rows = (
        data_row("a", 1),
        heading,
        data_row("b", 2, indent=1),
        data_row("c", 3),
        other,
        data_row("d", 4, indent=1),
    )
    groups = row_groups(table(*rows))
    headings = [None if group.heading is None else group.heading.cells[0].text for group in groups]
    assert headings == [None, "Race", None, "Smoking"]
    assert [[row.cells[0].text for row in group.rows] for group in groups] == [["a"], ["b"], ["c"], ["d"]]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (np.float64(0.5), float),
        (np.float32(0.5), float),
        (np.int64(3), int),
        (np.bool_(True), bool),
        (np.str_("a"), str),
    ],
)
def test_raw_values_become_python_values(given: object, kept: type) -> None:
    for node in (Cell(text="x", value=given), Fact(label="x", text="x", value=given)):
        assert type(node.value) is kept
        assert node.value == given


@pytest.mark.parametrize(
    "make",
    [
        lambda: Cell(text="x", value=1j),
        lambda: Cell(text="x", value=pd.NA),
        lambda: Cell(text=1.5),
        lambda: Run(text=None),
        lambda: Row(cells=[cell(1)]),
        lambda: Paragraph(runs=("text",)),
        lambda: document("text"),
        lambda: Section(key="a", title="A", blocks=(cell(1),)),
        lambda: table(notes=(1,)),
        lambda: Facts(items=(cell(1),)),
        lambda: nodes.Labels(table=None),
    ],
)
def test_what_is_not_text_or_a_node_is_refused(make) -> None:
    with pytest.raises(TypeError):
        make()


def nested_sections(depth: int) -> tuple[nodes.Block, ...]:
    return (Section(key=f"s{depth}", title="S", blocks=nested_sections(depth - 1)),) if depth else ()


_GROUPS = tuple(TableColumn(key=str(i), heading="", group=group) for i, group in enumerate("aba"))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: table(data_row("age")), "row 0 of table 't' has 1 cells for 2 columns"),
        (
            lambda: table(columns=(TableColumn(key="a", heading=""), TableColumn(key="a", heading=""))),
            "twice",
        ),
        (lambda: table(columns=_GROUPS), "column groups of table 't' must differ by key; 'a' occurs twice"),
        (lambda: table(row_headers=3), "cannot have 3 row headers"),
        (lambda: Table(key="t", caption="", columns=(), rows=()), "has no columns"),
        (lambda: table(key="Bad key"), "a table key is"),
        (lambda: Section(key='"><script>', title="", blocks=()), "a section key is"),
        (lambda: data_row(1, 2, kind="group"), "one cell that spans"),
        (lambda: data_row(1, indent=9), "indented by 0 to 4"),
        (lambda: data_row(1, kind="total"), "kind of row is one of data, reference, group"),
        (lambda: Cell(text="", value=math.nan), "must say why"),
        (lambda: Cell(text="", style="red"), "style of cell"),
        (lambda: Run(text="", kind="link"), "kind of run"),
        (lambda: nodes.Note(text="", kind="error"), "kind of note"),
        (lambda: TableColumn(key="a", heading="", align="justify"), "alignment"),
        (lambda: Figure(key="f", svg=SVG, alt=" "), "needs a description"),
        (lambda: document(*nested_sections(6)), "nest 5 deep"),
        (lambda: document(*nested_sections(1), *nested_sections(1)), "sections must differ by key; 's1'"),
        (lambda: document(table(), table()), "tables must differ by key; 't'"),
        (lambda: Document(title="", blocks=(), language='en" onload="x'), "not a language tag"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_reason(make, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        make()


def test_nodes_are_frozen_and_take_keywords_only() -> None:
    for name in nodes.__all__:
        node = getattr(nodes, name)
        if isinstance(node, type):
            assert node.__dataclass_params__.frozen, name
            assert hasattr(node, "__slots__"), name
            with pytest.raises(TypeError, match="positional"):
                node("x")


# --- drawings ---------------------------------------------------------------------------------------------


def svg(inner: str, attributes: str = "") -> str:
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f"<svg {names} {attributes}>{inner}</svg>"


@pytest.mark.parametrize(
    "drawing",
    [
        svg("<script>alert(1)</script>"),
        svg("<g><ScRiPt>alert(1)</ScRiPt></g>"),
        svg('<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>'),
        svg("<foreignObject><p/></foreignObject>"),
        svg('<a href="https://example.org"><path d="M 0 0"/></a>'),
        svg('<path d="M 0 0" onclick="alert(1)"/>'),
        svg("", 'onload="alert(1)"'),
        svg("", 'ONLOAD="alert(1)"'),
        svg('<use href="https://example.org/a.svg#b"/>'),
        svg('<use xlink:href="javascript:alert(1)"/>'),
        svg('<image href="https://example.org/a.png"/>'),
        svg('<image href="data:image/svg+xml;base64,PHN2Zz48L3N2Zz4="/>'),
        svg('<path fill="url(https://example.org/a)"/>'),
        svg("<path style=\"fill: URL( 'https://example.org/a' )\"/>"),
        svg('<path style="fill: u\\72l(https://example.org)"/>'),
        svg('<path fill="u\\72l(https://example.org)"/>'),
        svg("<path mask=\"image-set('https://example.org/a.png' 1x)\"/>"),
        svg('<path style="fill: url(https://example.org"/>'),
        svg("<style>@import 'https://example.org/a.css'</style>"),
        svg("<style>body { display: none }</style>"),
        svg("<style>* { background: url(https://example.org) }</style>"),
        svg('<animate attributeName="href" to="javascript:alert(1)"/>'),
        svg('<set attributeName="onclick" to="alert(1)"/>'),
        '<!DOCTYPE svg [<!ENTITY a "b">]>' + svg("<text>&a;</text>"),
        "<svg",
        "<p>not a drawing</p>",
        svg("<text>\x00</text>"),
        svg("<text>\ud800</text>"),
        "",
    ],
)
def test_a_drawing_that_acts_or_reaches_out_is_refused(drawing: str) -> None:
    with pytest.raises(ValueError, match="SVG"):
        Figure(key="f", svg=drawing, alt="A figure")


def test_a_drawing_loses_prolog_comments_metadata_and_unused_identifiers() -> None:
    prolog = '<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd">\n'
    inner = '<metadata>2026-01-01</metadata><!-- a --><g id="unused"><path d="M 0 0\n L 1 1"/></g>'
    cleaned = Figure(key="f", svg=prolog + svg(inner), alt="A figure").svg
    assert cleaned.startswith("<svg ")
    assert cleaned.endswith('><g><path d="M 0 0 L 1 1"/></g></svg>')


def test_identifiers_of_two_drawings_do_not_meet_and_references_follow() -> None:
    inner = (
        '<defs><path id="a" d="M 0 0"/><clipPath id="b"/></defs><use xlink:href="#a" clip-path="url(#b)"/>'
    )
    first, second = (Figure(key=key, svg=svg(inner), alt="A figure").svg for key in ("one", "two"))
    assert re.findall(r'id="([^"]*)"', first) == ["figure-one-1", "figure-one-2"]
    assert '<use xlink:href="#figure-one-1" clip-path="url(#figure-one-2)"/>' in first
    assert not set(re.findall(r'id="([^"]*)"', first)) & set(re.findall(r'id="([^"]*)"', second))


def test_random_identifiers_do_not_change_the_bytes_and_cleaning_is_idempotent() -> None:
    drawings = [svg(f'<path id="{name}" d="M 0 0"/><use xlink:href="#{name}"/>') for name in ("p1f", "p9c")]
    first, second = (Figure(key="f", svg=drawing, alt="A figure").svg for drawing in drawings)
    assert first == second == Figure(key="f", svg=first, alt="A figure").svg


def test_a_rule_for_all_elements_moves_to_the_drawing_itself() -> None:
    cleaned = Figure(key="f", svg=svg("<defs><style>*{stroke-linejoin: round}</style></defs>"), alt="A").svg
    assert 'style="stroke-linejoin: round"' in cleaned
    assert "<style" not in cleaned


def test_text_in_a_drawing_stays_text() -> None:
    cleaned = Figure(key="f", svg=svg("<text>a &lt;b&gt; &amp; \u202e c</text>"), alt="A figure").svg
    assert "<text>a &lt;b&gt; &amp; &lt;U+202E&gt; c</text>" in cleaned
