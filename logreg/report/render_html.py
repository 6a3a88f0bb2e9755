"""A `Document` as one HTML file that needs nothing else: no network, no second file.

The template may print anything: every string passes `visible` and is escaped. Only what this module marks as
markup (the style sheet, the script, the cleaned drawings, the calculator's data) is not. Without script the
page says the same; the script sorts and copies tables and runs the calculator.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from logreg.report.calculator import Calculator
from logreg.report.formats import visible
from logreg.report.nodes import Cell, Document, Figure, Note, Paragraph, Section, row_groups

__all__ = ["render", "render_fragment"]

#: Nothing is loaded, whatever the page may hold, and nothing runs but the script of this hash: styles and
#: images come from the file.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "script-src 'sha256-{}'"
)
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
    return (
        _environment()
        .get_template(template)
        .render(
            document=document,
            interactive=interactive,
            policy=_policy(),
            table_numbers={table.key: i for i, table in enumerate(document.tables, start=1)},
            figure_numbers={figure.key: i for i, figure in enumerate(document.figures, start=1)},
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
        "drawing": _drawing,
        "row_groups": row_groups,
        "numbers": _numbers,
        "is_prose": _is_prose,
        "calculator_data": _calculator_data,
    }
    environment.globals["style_sheet"] = partial(_source, "page.css")
    environment.globals["fragment_style_sheet"] = partial(_source, "fragment.css")
    environment.globals["script"] = _script
    return environment


def _printed(value: object) -> object:
    """Return what a template prints: strings made visible, markup and numbers as they are."""
    return (
        value if isinstance(value, Markup) or not isinstance(value, str) else visible(value, line_breaks=True)
    )


def _kind_of(node: object) -> str:
    """Return the name of the macro that writes this block."""
    return type(node).__name__.lower()


def _drawing(figure: Figure) -> Markup:
    """Return a figure's drawing, which was cleaned when the figure was made, as markup."""
    return Markup(figure.svg)


def _numbers(cell: Cell) -> str:
    """Return the number behind a cell with all its digits, two for an interval, "" for anything else."""
    value = cell.value
    if isinstance(value, str):
        found = _INTERVAL.fullmatch(value)
        return f"{found[1]} {found[2]}" if found else ""
    if value is None or isinstance(value, bool) or math.isnan(value):
        return ""
    return repr(value)


def _is_prose(section: Section) -> bool:
    """Whether a section is text that someone may want to take over as it is."""
    found = [block for block in section.blocks if not isinstance(block, Note)]
    return bool(found) and all(isinstance(block, Paragraph) for block in found)


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
