"""Parts that the author of a report adds: sections of text, tables and figures of any origin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from logreg.errors import SupportError
from logreg.report.drawing import svg_of
from logreg.report.formats import NumberStyle, shortest
from logreg.report.journals import style_named
from logreg.report.nodes import BLOCK_TYPES, Block, Cell, Figure, Row, Section, Table, TableColumn, paragraph

if TYPE_CHECKING:
    import matplotlib.figure
    import pandas as pd

__all__ = ["figure", "section", "table"]


def section(title: str, *parts: str | Block, key: str | None = None) -> Section:
    """Return a section of a report with text, tables and figures of the author's own.

    Parameters
    ----------
    title : str
        Its heading.
    *parts : str or block
        Text, which becomes a paragraph where a blank line ends it; figures, tables and sections.
    key : str, optional
        Finds the section in the document; made of the title if not given.

    Raises
    ------
    SupportError
        For a part that is neither text nor a block, and a title without a letter to make a key of.

    Examples
    --------
    >>> own = section("Limits of the data", "Smoking was reported by the mothers.")
    >>> own.key, len(own.blocks)
    ('limits_of_the_data', 1)
    """
    blocks: list[Block] = []
    for part in parts:
        if isinstance(part, str):
            blocks += [paragraph(" ".join(text.split())) for text in _paragraphs(part)]
        elif isinstance(part, BLOCK_TYPES):
            blocks.append(part)
        else:
            raise SupportError(
                f"section {title!r}: {type(part).__name__} is neither text nor a block. Use "
                "logreg.report.figure(drawing, alt=...) and logreg.report.table(frame, caption=...)."
            )
    key = key if key is not None else _key_of(title)
    try:
        return Section(key=key, title=title, blocks=tuple(blocks))
    except ValueError as error:
        raise SupportError(f"section {title!r}: {error}.") from None


def figure(
    drawing: matplotlib.figure.Figure | str, *, alt: str, caption: str = "", key: str | None = None
) -> Figure:
    """Return a figure of a report from a drawing of matplotlib, or from the text of an SVG file.

    Parameters
    ----------
    drawing : matplotlib Figure, or str
        SVG may hold shapes, text and paint; scripts and links are refused.
    alt : str
        What the figure shows, in words, for readers who cannot see it.
    caption : str, optional
    key : str, optional
        Finds the figure in the document; made of the caption, or else of ``alt``, if not given.

    Raises
    ------
    SupportError
        For what is neither, and an empty ``alt``.

    Examples
    --------
    >>> import matplotlib.figure
    >>> drawing = matplotlib.figure.Figure(figsize=(4, 3))
    >>> _ = drawing.subplots().plot([1, 2], [3, 4])
    >>> figure(drawing, alt="A line that rises from 3 to 4.", key="line").key
    'line'
    """
    if not isinstance(alt, str) or not alt.strip():
        raise SupportError("a figure needs alt=, what it shows in words, for readers who cannot see it.")
    svg = drawing if isinstance(drawing, str) else _svg_of_drawing(drawing)
    key = key if key is not None else _key_of(caption or alt)
    try:
        return Figure(key=key, svg=svg, alt=alt, caption=caption)
    except ValueError as error:
        raise SupportError(f"figure {key!r}: {error}.") from None


def table(
    frame: pd.DataFrame,
    *,
    caption: str,
    key: str | None = None,
    notes: tuple[str, ...] = (),
    style: str | NumberStyle = "report",
) -> Table:
    """Return a table of a report from a data frame; its numbers stay numbers in every format.

    Parameters
    ----------
    frame : DataFrame
        One row a line, without its index. Floats are shown to six significant digits.
    caption : str
    key : str, optional
        Finds the table in the document; made of the caption if not given.
    notes : tuple of str
        Stand below the table.
    style : str or NumberStyle
        How its floats are written; see `logreg.report.sections.report_document`.

    Raises
    ------
    SupportError
        For what is no data frame, one without columns or with two of one name, and a style or a key that
        cannot be.

    Examples
    --------
    >>> import pandas as pd
    >>> table(pd.DataFrame({"beds": [12, 7]}), caption="Beds").to_frame()["beds"].tolist()
    [12, 7]
    """
    if not hasattr(frame, "itertuples") or len(frame.columns) == 0:
        raise SupportError("logreg.report.table takes a pandas data frame with at least one column.")
    names = [str(name) for name in frame.columns]
    number = [frame.dtypes.iloc[j].kind in "iuf" for j in range(len(names))]
    numbers = style_named(style)
    key = key if key is not None else _key_of(caption)
    try:
        return Table(
            key=key,
            caption=caption,
            columns=tuple(
                TableColumn(key=name, heading=name, align="right" if is_number else "left")
                for name, is_number in zip(names, number, strict=True)
            ),
            rows=tuple(
                Row(cells=tuple(_cell(value, numbers) for value in values))
                for values in frame.itertuples(index=False, name=None)
            ),
            notes=tuple(notes),
        )
    except ValueError as error:
        raise SupportError(f"table {key!r}: {error}.") from None


def _cell(value: Any, style: NumberStyle) -> Cell:
    if value is None or value != value:
        return Cell(text="–", value=None)
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool | int | str):
        return Cell(text=str(value), value=value)
    if isinstance(value, float):
        return Cell(text=shortest(value, style), value=value)
    return Cell(text=str(value))


def _svg_of_drawing(drawing: Any) -> str:
    if not hasattr(drawing, "savefig"):
        found = getattr(drawing, "figure", None)  # axes know their figure
        if found is None or not hasattr(found, "savefig"):
            raise SupportError(
                f"a figure is made of a matplotlib figure or of SVG text, not of {type(drawing).__name__}."
            )
        drawing = found
    return svg_of(drawing)


def _paragraphs(text: str) -> list[str]:
    return [part for part in re.split(r"\n\s*\n", text) if part.strip()]


def _key_of(text: str) -> str:
    found = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:60].strip("_")
    if not found or not found[0].isalpha():
        raise SupportError(f"no key can be made of {text!r}: give key=, a word of the letters a to z.")
    return found
