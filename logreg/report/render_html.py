"""A `Document` as one HTML file that needs nothing else: no network, no second file.

The template may print anything: every string passes `visible` and is escaped. Only what this module marks as
markup (the style sheet, the script, the cleaned drawings, the calculator's data) is not. Without script the
page says the same; the script sorts and copies tables, changes what they compare with, and runs the
calculator.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from logreg.report.calculator import Calculator
from logreg.report.formats import visible
from logreg.report.nodes import Cell, Document, Figure, Note, Paragraph, Section, Table, row_groups
from logreg.report.svg_shared import share_outlines
from logreg.report.switched import SwitchedTable

__all__ = ["render", "render_fragment"]

#: Nothing is loaded, whatever the page may hold, and nothing runs but the script of this hash: styles and
#: images come from the file.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "script-src 'sha256-{}'"
)
#: Characters of a word, and of a text, that a column of names makes room for; on a phone words only.
LONGEST_WHOLE_WORD, LONGEST_LINE = 18, 24
#: Rows of a table and lines of code that stand on one page of paper; longer ones may break.
MOST_LINES_TOGETHER = 25
#: Numbers joined by a hyphen, such as 10-24, which a browser would break behind it.
_RANGE = re.compile(r"(?<![0-9.,])[0-9][0-9.,]*(?:[-\u2013][0-9][0-9.,]*)+")
#: The script of a page, in the order of its parts.
_SCRIPTS = ("calculate.js", "page.js")
#: An interval as tables hold it at full precision.
_INTERVAL = re.compile(r"(-?[0-9.]+(?:e[-+]?[0-9]+)?|-?inf) to (-?[0-9.]+(?:e[-+]?[0-9]+)?|-?inf)")


def render(document: Document) -> str:
    """Return the document as a page in HTML 5.

    Raises
    ------
    jinja2.UndefinedError
        If a template names something that does not exist.
    """
    return _rendered("page.html", document, interactive=True)


def render_fragment(document: Document) -> str:
    """Return the document as one element, with its own style, to stand in another page such as a notebook.

    Raises
    ------
    jinja2.UndefinedError
        If a template names something that does not exist.
    """
    return _rendered("fragment.html", document, interactive=False)


def _rendered(template: str, document: Document, *, interactive: bool) -> str:
    figures = document.figures
    drawings: Sequence[str] = [figure.svg for figure in figures]
    outlines = ""
    if interactive:  # a fragment may stand beside others, which have outlines of their own
        outlines, drawings = share_outlines(drawings)
    return (
        _environment()
        .get_template(template)
        .render(
            document=document,
            interactive=interactive,
            policy=_policy(),
            table_numbers={table.key: i for i, table in enumerate(document.tables, start=1)},
            figure_numbers={figure.key: i for i, figure in enumerate(figures, start=1)},
            # Drawings were cleaned when the figures were made: they are markup.
            drawings={figure.key: Markup(svg) for figure, svg in zip(figures, drawings, strict=True)},
            outlines=Markup(outlines),
            switches=_switches(document) if interactive else None,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("logreg.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "kind_of": _kind_of,
        "row_groups": row_groups,
        "numbers": _numbers,
        "fit_of": _fit_of,
        "unbroken": _unbroken,
        "is_prose": _is_prose,
        "calculator_data": _calculator_data,
    }
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    environment.globals["style_sheet"] = partial(_source, "page.css")
    environment.globals["fragment_style_sheet"] = partial(_source, "fragment.css")
    environment.globals["script"] = _script
    environment.globals["most_lines"] = MOST_LINES_TOGETHER
    return environment


def _printed(value: object) -> object:
    """Return what a template prints: strings made visible, markup and numbers as they are."""
    return (
        value if isinstance(value, Markup) or not isinstance(value, str) else visible(value, line_breaks=True)
    )


def _kind_of(node: object) -> str:
    """Return the name of the macro that writes this block."""
    return "figure" if isinstance(node, Figure) else type(node).__name__.lower()


def _numbers(cell: Cell) -> str:
    """Return the number behind a cell with all its digits, two for an interval, "" for anything else."""
    value = cell.value
    if isinstance(value, str):
        found = _INTERVAL.fullmatch(value)
        return f"{found[1]} {found[2]}" if found else ""
    if value is None or isinstance(value, bool) or math.isnan(value):
        return ""
    return repr(value)


def _fit_of(cell: Cell) -> str:
    """Return the class of a text that stays on one line, or has a word that may break, "" for others."""
    if any(len(word) > LONGEST_WHOLE_WORD for word in cell.text.split()):
        return " long"
    return " short" if len(cell.text) <= LONGEST_LINE else ""


def _unbroken(text: str) -> Markup:
    """Return a text as markup in which ranges of numbers stay on one line."""
    return Markup(_RANGE.sub(_on_one_line, str(escape(visible(text, line_breaks=True)))))


def _on_one_line(found: re.Match[str]) -> str:
    # A joined number longer than a word may break like one.
    return f'<span class="short">{found[0]}</span>' if len(found[0]) <= LONGEST_WHOLE_WORD else found[0]


def _is_prose(section: Section) -> bool:
    """Whether a section is text that someone may want to take over as it is."""
    found = [block for block in section.blocks if not isinstance(block, Note)]
    return bool(found) and all(isinstance(block, Paragraph) for block in found)


def _switches(document: Document) -> dict[str, Any] | None:
    """Return what the script needs to put other tables in the place of those shown; None if there are none.

    Tables that change together make a switch. ``places`` are the parts of a table that differ between its
    choices (see `_parts`), ``texts`` what stands there, choice by choice, as positions in ``strings``: texts,
    or pairs of a text and the numbers behind it.
    """
    strings: dict[object, int] = {}
    switches: dict[object, dict[str, Any]] = {}

    def place_of(part: object) -> int:
        return strings.setdefault(part, len(strings))

    for table in document.tables:
        if not isinstance(table, SwitchedTable):
            continue
        shown = [list(_parts(one)) for one in (table, *table.others)]
        places = [k for k, parts in enumerate(zip(*shown, strict=True)) if len(set(parts)) > 1]
        switch = switches.setdefault(
            (table.question, table.remark, table.choices),
            {
                "question": visible(table.question),
                "remark": visible(table.remark),
                "choices": [visible(choice) for choice in table.choices],
                "tables": [],
            },
        )
        switch["tables"].append(
            {
                "key": table.key,
                "places": places,
                "texts": [[place_of(parts[k]) for k in places] for parts in shown],
                "notes": [[place_of(visible(note)) for note in one.notes] for one in (table, *table.others)],
            }
        )
    return {"strings": list(strings), "switches": list(switches.values())} if switches else None


def _parts(table: Table) -> Iterator[str | tuple[str, str]]:
    """Yield caption, upper headings and cells of a table in the order of the page."""
    yield visible(table.caption, line_breaks=True)
    yield from (visible(group, line_breaks=True) for group, _ in table.column_groups if group)
    for row in table.rows:
        for cell in row.cells:
            text, numbers = visible(cell.text, line_breaks=True), _numbers(cell)
            yield (text, numbers) if numbers and row.kind != "group" else text


def _calculator_data(calculator: Calculator) -> Markup:
    """Return a calculator's model, which holds no character that could end its element, as markup."""
    return Markup(calculator.model.to_json())


def _script() -> Markup:
    return Markup("").join(_source(name) for name in _SCRIPTS)


@cache
def _policy() -> str:
    digest = hashlib.sha256(_script().encode("utf-8")).digest()
    return _CONTENT_SECURITY_POLICY.format(base64.b64encode(digest).decode("ascii"))


def _source(name: str) -> Markup:
    """Return a style sheet or script of the templates as markup."""
    environment = _environment()
    assert environment.loader is not None
    source, _, _ = environment.loader.get_source(environment, name)
    # Browsers read every line end as a line feed before they take the hash of a script.
    return Markup(source.replace("\r\n", "\n"))
