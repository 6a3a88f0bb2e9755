"""A `Document` as GitHub-flavoured Markdown (specification 0.29): tables, and figures as inline images.

Text of the document can never act as Markdown or HTML: what could is written as a backslash escape
(section 6.1 of the specification: any ASCII punctuation may be) or as an entity.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import assert_never

from logreg.report.formats import visible
from logreg.report.nodes import (
    Block,
    Code,
    Document,
    Facts,
    Figure,
    Note,
    Paragraph,
    Row,
    Run,
    Section,
    Table,
    TableColumn,
)

__all__ = ["escaped", "render"]

#: Below the title; Markdown knows six levels.
_FIRST_SECTION_LEVEL = 2
#: ``{`` because site generators evaluate ``{{...}}`` before Markdown is read.
_SPECIAL = re.compile(r"[\\`*_\[\]|~$^{}]|(?<=\])\(")
_MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "[": "&#91;"}
#: Marks at the start of a line that would begin a heading, list, quotation or rule.
_BLOCK_START = re.compile(r"^(\s*)(#|[-+=](?=\s|[-+=]|$)|\d{1,9}(?=[.)](?:\s|$)))")
#: Addresses that GitHub turns into links without being asked (section 6.9 of the specification). A bare
#: e-mail address it still links, since it looks for those after the escapes are gone.
_ADDRESS = re.compile(r"(?<=:)//|(?<=www)\.|@", re.IGNORECASE)
#: Parsers count the backticks of a fence up to a limit (cmark: 80 in a line, 255 around a block).
_LONGEST_FENCE = 79
#: What a loose reader might take for markup or for a link, though it stands in code.
_LOOSE = re.compile(r"<[A-Za-z/!?]|\]\(")
#: Letters, digits and a few marks: all that a language name needs in the first line of a code block.
_NOT_LANGUAGE = re.compile(r"[^A-Za-z0-9+#.-]")


def render(document: Document) -> str:
    """Return the document as Markdown.

    Examples
    --------
    >>> print(render(Document(title="Birth weight | [all](x)", blocks=())))
    # Birth weight \\| \\[all\\]\\(x)
    """
    numbers = {
        id(node): i for nodes in (document.tables, document.figures) for i, node in enumerate(nodes, start=1)
    }
    parts = ["# " + escaped(document.title)]
    parts += ["*" + escaped(document.subtitle.strip()) + "*"] if document.subtitle.strip() else []
    parts += [_block(block, document, numbers, _FIRST_SECTION_LEVEL) for block in document.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """Return ``text`` on one line, such that Markdown shows it as it is.

    Examples
    --------
    >>> escaped("a|b <i> [x](javascript:alert(1)) my_var")
    'a\\\\|b &lt;i&gt; \\\\[x\\\\]\\\\(javascript:alert(1)) my\\\\_var'
    """
    line = visible(text)
    line = _SPECIAL.sub(lambda match: "\\" + match[0], line)
    line = _ADDRESS.sub(lambda match: "\\" + match[0], line)
    line = re.sub(r"[&<>]", lambda match: _MARKUP[match[0]], line)
    return _BLOCK_START.sub(_inert_start, line)


def _inert_start(match: re.Match[str]) -> str:
    space, mark = match.groups()
    return f"{space}{mark}\\" if mark.isdigit() else f"{space}\\{mark}"


def _block(node: Block, document: Document, numbers: dict[int, int], level: int) -> str:
    """Return the Markdown of one block, without blank lines around it."""
    labels = document.labels
    match node:
        case Section():
            parts = ["#" * level + " " + escaped(node.title)]
            parts += [_block(block, document, numbers, level + 1) for block in node.blocks]
            return "\n\n".join(part for part in parts if part)
        case Paragraph():
            return _paragraph(node.runs)
        case Facts():
            return "\n".join(_fact(fact.label, fact.text, fact.note) for fact in node.items)
        case Table():
            return _table(node, f"**{escaped(labels.table)} {numbers[id(node)]}.** {escaped(node.caption)}")
        case Figure():
            caption = f"**{escaped(labels.figure)} {numbers[id(node)]}.** {escaped(node.caption)}".rstrip()
            return f"{_image(node)}\n\n{caption}"
        case Note():
            label = labels.warning if node.kind == "warning" else labels.info
            return f"> **{escaped(label)}:** {escaped(node.text)}"
        case Code():
            return _code_block(node)
        case _:
            assert_never(node)


def _paragraph(runs: Sequence[Run]) -> str:
    return _BLOCK_START.sub(_inert_start, "".join(_run(run) for run in runs).strip())


def _run(run: Run) -> str:
    """Return a run; spaces at its ends stand outside of the marks, where they do not undo them."""
    text = visible(run.text)
    inner = text.strip()
    if run.kind == "plain" or not inner:
        return escaped(text)
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    if run.kind == "code" and _needs_tags(inner):
        return f"{before}<code>{escaped(inner)}</code>{after}"
    if run.kind == "code":
        fence = "`" * (_longest_backticks(inner) + 1)
        return f"{before}{fence} {inner} {fence}{after}" if "`" in inner else f"{before}`{inner}`{after}"
    mark = "**" if run.kind == "strong" else "*"
    return f"{before}{mark}{escaped(inner)}{mark}{after}"


def _needs_tags(text: str) -> bool:
    """Tell whether code is better written with tags: then its marks and links are escaped like those of any
    text, and programs that read Markdown loosely meet none.
    """
    return _longest_backticks(text) >= _LONGEST_FENCE or _LOOSE.search(text) is not None


def _longest_backticks(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _fact(label: str, text: str, note: str) -> str:
    remark = f" ({escaped(note)})" if note else ""
    return f"- **{escaped(label.strip())}:** {escaped(text)}{remark}"


def _table(table: Table, caption: str) -> str:
    """Return caption, table and notes; a column's upper heading and unit join its heading."""
    rules = {"left": ":--", "right": "--:", "center": ":-:"}
    lines = [
        _table_line([_column_heading(column) for column in table.columns]),
        _table_line([rules[column.align] for column in table.columns]),
    ]
    lines += [_row(row, len(table.columns)) for row in table.rows]
    notes = [escaped(note) for note in table.notes]
    return "\n\n".join([caption.rstrip(), "\n".join(lines), *notes])


def _column_heading(column: TableColumn) -> str:
    heading = f"{column.group}: {column.heading}" if column.group else column.heading
    return escaped(f"{heading} ({column.unit})" if column.unit else heading)


def _row(row: Row, width: int) -> str:
    indent = "&nbsp;" * (2 * row.indent)
    if row.kind == "group":
        heading = escaped(row.cells[0].text.strip())
        return _table_line([indent + (f"**{heading}**" if heading else ""), *[""] * (width - 1)])
    texts = [escaped(cell.text) for cell in row.cells]
    return _table_line([indent + texts[0], *texts[1:]])


def _table_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _image(figure: Figure) -> str:
    data = base64.b64encode(figure.svg.encode()).decode("ascii")
    return f"![{escaped(figure.alt)}](data:image/svg+xml;base64,{data})"


def _code_block(block: Code) -> str:
    text = visible(block.text, line_breaks=True)
    if _needs_tags(text):
        return "<pre><code>" + re.sub(r"[&<>[]", lambda match: _MARKUP[match[0]], text) + "</code></pre>"
    fence = "`" * max(3, _longest_backticks(text) + 1)
    return f"{fence}{_NOT_LANGUAGE.sub('', block.language)}\n{text}\n{fence}"
