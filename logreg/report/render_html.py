"""A `Document` as one HTML file that needs nothing else: no script, no network, no second file.

The template may print anything: every string passes `visible` and is escaped. Only what this module marks as
markup (the style sheet, the cleaned drawings) is not.
"""

from __future__ import annotations

from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from logreg.report.formats import visible
from logreg.report.nodes import Document, Figure, row_groups

__all__ = ["render", "render_fragment"]

#: Nothing is loaded and nothing runs, whatever the page may hold: styles and images come from the file.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)


def render(document: Document) -> str:
    """Return the document as a page in HTML 5.

    Raises
    ------
    jinja2.UndefinedError
        If a template names something that does not exist.
    """
    return _rendered("page.html", document)


def render_fragment(document: Document) -> str:
    """Return the document as one element, with its own style, to stand in another page such as a notebook.

    Raises
    ------
    jinja2.UndefinedError
        If a template names something that does not exist.
    """
    return _rendered("fragment.html", document)


def _rendered(template: str, document: Document) -> str:
    return (
        _environment()
        .get_template(template)
        .render(
            document=document,
            policy=_CONTENT_SECURITY_POLICY,
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
    environment.filters |= {"kind_of": _kind_of, "drawing": _drawing, "row_groups": row_groups}
    environment.globals["style_sheet"] = partial(_style_sheet, "page.css")
    environment.globals["fragment_style_sheet"] = partial(_style_sheet, "fragment.css")
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


def _style_sheet(name: str) -> Markup:
    environment = _environment()
    assert environment.loader is not None
    source, _, _ = environment.loader.get_source(environment, name)
    return Markup(source)
