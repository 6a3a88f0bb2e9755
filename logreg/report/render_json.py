"""A `Document` as strict JSON: every raw value at full precision beside the text that was shown.

Floats are written with the fewest digits that give back the same float. JSON has no infinities: they stand as
the strings "inf" and "-inf" with ``"type": "number"`` beside them; a NaN stands as null with its reason.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, assert_never

from logreg.report.formats import UNSEEN
from logreg.report.nodes import (
    Block,
    Cell,
    Code,
    Document,
    Fact,
    Facts,
    Figure,
    Note,
    Paragraph,
    Row,
    Section,
    Table,
    Value,
)

__all__ = ["SCHEMA", "SCHEMA_VERSION", "render"]

SCHEMA = "logreg.document"
#: Raised when a field changes its meaning or goes; not when one is added.
SCHEMA_VERSION = 1

_MARKUP = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def render(document: Document) -> str:
    """Return the document as JSON text, keys sorted.

    Markup characters and characters that cannot be seen are written as ``\\uXXXX``, so that the text is safe
    inside a script element and on a terminal; a reader gets the same strings back.

    Examples
    --------
    >>> json.loads(render(Document(title="</script>", blocks=())))["title"]
    '</script>'
    """
    content = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "title": document.title,
        "subtitle": document.subtitle,
        "language": document.language,
        "blocks": [_block(block) for block in document.blocks],
    }
    text = json.dumps(content, allow_nan=False, ensure_ascii=False, sort_keys=True, indent=1)
    for character, escaped in _MARKUP.items():
        text = text.replace(character, escaped)
    return UNSEEN.sub(_escape, text) + "\n"


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\n":  # between tokens: inside a string json.dumps has escaped it
        return character
    return f"\\u{ord(character):04x}" if ord(character) <= 0xFFFF else json.dumps(character)[1:-1]


def _block(node: Block) -> dict[str, Any]:
    """Return one block as plain dictionaries and lists."""
    match node:
        case Section():
            blocks = [_block(block) for block in node.blocks]
            return {"type": "section", "key": node.key, "title": node.title, "blocks": blocks}
        case Paragraph():
            return {"type": "paragraph", "runs": [{"kind": run.kind, "text": run.text} for run in node.runs]}
        case Facts():
            return {"type": "facts", "items": [_fact(item) for item in node.items]}
        case Table():
            return _table(node)
        case Figure():
            figure = {"type": "figure", "key": node.key, "svg": node.svg, "alt": node.alt}
            return figure | {"caption": node.caption}
        case Note():
            return {"type": "note", "kind": node.kind, "text": node.text}
        case Code():
            return {"type": "code", "text": node.text, "language": node.language}
        case _:
            assert_never(node)


def _table(table: Table) -> dict[str, Any]:
    columns = [
        {
            "key": column.key,
            "heading": column.heading,
            "align": column.align,
            "unit": column.unit,
            "group": column.group,
        }
        for column in table.columns
    ]
    return {
        "type": "table",
        "key": table.key,
        "caption": table.caption,
        "columns": columns,
        "rows": [_row(row) for row in table.rows],
        "notes": list(table.notes),
        "row_headers": table.row_headers,
    }


def _row(row: Row) -> dict[str, Any]:
    return {"kind": row.kind, "indent": row.indent, "cells": [_cell(cell) for cell in row.cells]}


def _cell(cell: Cell) -> dict[str, Any]:
    entry = _raw(cell.value, cell.reason or cell.text) | {"text": cell.text, "style": cell.style}
    return entry | {"reason": cell.reason} if cell.reason else entry


def _fact(fact: Fact) -> dict[str, Any]:
    return _raw(fact.value, fact.note or fact.text) | {
        "label": fact.label,
        "text": fact.text,
        "note": fact.note,
    }


def _raw(value: Value, reason: str) -> dict[str, Any]:
    """Return a raw value as JSON can hold it, with the reason where there is no number."""
    if isinstance(value, float) and math.isnan(value):
        return {"value": None, "type": "number", "reason": reason}
    if isinstance(value, float) and math.isinf(value):
        return {"value": "inf" if value > 0 else "-inf", "type": "number"}
    return {"value": value}
