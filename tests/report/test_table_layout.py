"""Tables fit the page: every column is shown, numbers never wrap, groups stay together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logreg.report.nodes import Cell, Row, Table, TableColumn
from logreg.report.table_layout import (
    Page,
    column_ranges,
    lay_out,
    natural_widths,
    soft_breaks,
    text_width,
    wrapped,
)

PAGES = (
    Page(points=9.5, width=100),
    Page(points=8.0, width=120),
    Page(points=8.0, width=180, landscape=True),
)


def table(n_groups: int, *, label: str = "Predictor", sizes: int = 3, row_headers: int = 1) -> Table:
    columns = [TableColumn(key="t", heading=label)]
    for g in range(n_groups):
        for k in range(sizes):
            columns.append(TableColumn(key=f"c{k}", heading="Value", align="right", group=f"outcome {g}"))
    cells = (Cell(text=label), *(Cell(text="0.123 to 4.567") for _ in columns[1:]))
    return Table(
        key="t", caption="", columns=tuple(columns), rows=(Row(cells=cells),), row_headers=row_headers
    )


@given(st.integers(1, 12), st.integers(1, 5), st.text(min_size=1, max_size=300))
def test_every_column_is_in_one_panel_and_the_row_headings_in_all(n: int, sizes: int, label: str) -> None:
    whole = table(n, label=label, sizes=sizes)
    layout = lay_out(whole, PAGES)
    assert all(panel[0] == 0 for panel in layout.panels)
    assert [j for panel in layout.panels for j in panel[1:]] == list(range(1, len(whole.columns)))
    assert all(not layout.wraps(j) for j in range(1, len(whole.columns)))
    assert all(width > 0 for width in layout.widths)


@pytest.mark.parametrize(("n", "points", "landscape"), [(1, 9.5, False), (2, 8.0, False), (3, 8.0, True)])
def test_smaller_type_then_wider_paper(n: int, points: float, landscape: bool) -> None:
    layout = lay_out(table(n), PAGES)
    assert (layout.page.points, layout.page.landscape, len(layout.panels)) == (points, landscape, 1)
    assert layout.panel_width(layout.panels[0]) <= layout.page.width


def test_panels_are_upright_equally_wide_and_never_split_a_group() -> None:
    whole = table(7)
    layout = lay_out(whole, PAGES)
    assert not layout.page.landscape
    for panel in layout.panels:
        assert layout.panel_width(panel) <= layout.page.width
        assert all(
            len(places) == 3 for group, places in column_ranges([whole.columns[j] for j in panel]) if group
        )
    sizes = [len(panel) for panel in layout.panels]
    assert max(sizes) - min(sizes) <= 3


def test_a_group_wider_than_a_page_is_split() -> None:
    layout = lay_out(table(1, sizes=30), PAGES)
    assert len(layout.panels) > 2
    assert all(layout.panel_width(panel) <= layout.page.width for panel in layout.panels)


@pytest.mark.parametrize("row_headers", [0, 1, 4])
def test_any_number_of_row_headings(row_headers: int) -> None:
    whole = table(1, row_headers=row_headers)
    layout = lay_out(whole, PAGES)
    assert layout.panels == (tuple(range(len(whole.columns))),)


def test_text_is_narrowed_before_type_shrinks() -> None:
    layout = lay_out(table(1, label="a long explanation of something " * 5), PAGES)
    assert layout.page == PAGES[0]
    assert layout.wraps(0)


def test_an_upper_heading_wider_than_its_columns_widens_the_last() -> None:
    columns = (TableColumn(key="t", heading="T"), TableColumn(key="a", heading="A", group="w" * 30))
    cells = (Cell(text="x"), Cell(text="1"))
    widths = natural_widths(Table(key="t", caption="", columns=columns, rows=(Row(cells=cells),)))
    assert widths[1] >= text_width("w" * 30)


@given(st.text(alphabet="ab _.-", max_size=200))
def test_soft_breaks_change_nothing_but_long_words(text: str) -> None:
    broken = soft_breaks(text)
    assert broken.replace("\u200b", "") == text
    assert max((len(part) for word in broken.split() for part in word.split("\u200b")), default=0) <= 28
    if all(len(word) <= 28 for word in text.split()):
        assert broken == text


@given(st.text(alphabet="abc ", max_size=100), st.floats(1, 50))
def test_wrapped_lines_keep_the_words_in_order(text: str, width: float) -> None:
    lines = wrapped(text, width)
    assert " ".join(lines).split() == text.split()
    assert all(text_width(line) <= width or " " not in line for line in lines)
