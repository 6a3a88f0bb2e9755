"""What a reader finds in a report file of any format: all its words, whitespace as single spaces."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import docx
import openpyxl
import pypdf
from docx.oxml.ns import qn

#: Formats that are text in files; the others need programs to be read.
TEXTUAL = (".html", ".json", ".md", ".txt", ".tex")


def words_of(suffix: str, content: str | bytes) -> str:
    """Return the words of a file, its escapes undone, soft breaks dropped and whitespace collapsed."""
    raw = content.encode("utf-8") if isinstance(content, str) else content
    text = _READERS[suffix](raw) if suffix in _READERS else raw.decode("utf-8")
    return squeezed(text)


def squeezed(text: str) -> str:
    return re.sub(r"[ \t\n\r\u00a0\u2009\u202f]+", " ", text.replace("\u200b", ""))


def strings_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings_in(item)


def _json(raw: bytes) -> str:
    return "\n".join(strings_in(json.loads(raw)))


def _markdown(raw: bytes) -> str:
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", raw.decode("utf-8"))


def _pdf(raw: bytes) -> str:
    reader = pypdf.PdfReader(io.BytesIO(raw))
    texts = [page.extract_text() for page in reader.pages]
    return "\n".join([*texts, *pdf_descriptions(reader)])


def pdf_descriptions(reader: pypdf.PdfReader) -> list[str]:
    """Return the descriptions of pictures, which stand in the structure tree."""
    objects = (
        reader.get_object(pypdf.generic.IndirectObject(i, 0, reader))
        for i in range(1, reader.trailer["/Size"])
    )
    return [str(item["/Alt"]) for item in objects if isinstance(item, dict) and "/Alt" in item]


def _docx(raw: bytes) -> str:
    body = docx.Document(io.BytesIO(raw)).element.body
    parts = []
    for element in body.iter():
        if element.tag == qn("w:t"):
            parts.append(element.text or "")
        elif element.tag in (qn("w:tab"), qn("w:br"), qn("w:p")):
            parts.append("\t")
        elif element.tag == qn("wp:docPr"):
            parts.append(element.get("descr", ""))
    return "".join(parts)


def _xlsx(raw: bytes) -> str:
    """Return texts, and numbers as their format shows them: digits, percentages, bounds."""
    book = openpyxl.load_workbook(io.BytesIO(raw))
    return "\n".join(
        shown_number(cell.value, cell.number_format) if cell.data_type == "n" else str(cell.value)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    )


def shown_number(value: float, pattern: str) -> str:
    """Return a number in a spreadsheet's format: an independent reading of the few that reports use."""
    value += 0.0  # programs know no negative zero
    bound = re.fullmatch(r'\[([<>])([^\]]+)\]"([^"]*)";(.*)', pattern)
    if bound:
        limit = float(bound[2])
        if value < limit if bound[1] == "<" else value > limit:
            return bound[3]
        return shown_number(value, bound[4])
    sections = pattern.split(";")
    section, number = (sections[1], abs(value)) if value < 0 and len(sections) > 1 else (sections[0], value)
    literal, _, digits = section.rpartition('"')
    sign = literal.strip('"')
    if digits.endswith("E+00"):
        places = len(digits[:-4].partition(".")[2])
        return sign + f"{number:.{places}E}"
    percent = digits.endswith("%")
    whole, _, fraction = digits.rstrip("%").partition(".")
    shown = f"{number * (100 if percent else 1):{',' if ',' in whole else ''}.{len(fraction)}f}"
    if not whole:
        shown = shown.replace("0.", ".", 1)
    return sign + shown + ("%" if percent else "")


_COMMANDS = {
    "textbackslash": "\\",
    "textasciicircum": "^",
    "textasciitilde": "~",
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textquotedbl": '"',
    "textasciigrave": "`",
    "textquotesingle": "'",
    "textendash": "–",
    "textemdash": "—",
    "textquotedblleft": "“",
    "textquotedblright": "”",
    "textellipsis": "…",
    "infty": "∞",
    "times": "×",
    "chi": "χ",
    "allowbreak": "",
    "leq": "≤",
    "geq": "≥",
}


def _latex(raw: bytes) -> str:
    """Return what is printed, read as TeX reads it: commands, groups, escaped signs."""
    return "".join(text for kind, text in latex_tokens(raw.decode("utf-8")) if kind == "text")


def latex_tokens(source: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, text): "text" is printed, "command" is obeyed, "brace" groups, "active" is any other."""
    pattern = re.compile(
        r"\\logregchar\{([0-9A-F]+)\}|\\([A-Za-z]+)|\\(.)|(%[^\n]*\n)|([{}])|([&^_#$~])|([^\\{}&^_#$~%]+)",
        re.DOTALL,
    )
    place = 0
    while place < len(source):
        match = pattern.match(source, place)
        assert match is not None, source[place : place + 20]
        code, command, sign, comment, brace, active, text = match.groups()
        if code:
            yield "text", chr(int(code, 16))
        elif command in _COMMANDS:
            yield "text", _COMMANDS[command]
        elif command:
            yield "command", command
        elif sign:
            yield ("text", sign) if sign in "{}$&#%_" else ("command", sign)
        elif comment:
            yield "comment", comment
        elif brace:
            yield "brace", brace
        elif active:
            yield ("text", " ") if active == "~" else ("active", active)
        else:
            yield "text", text
        place = match.end()


def parts_of_archive(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


_READERS = {
    ".json": _json,
    ".md": _markdown,
    ".pdf": _pdf,
    ".docx": _docx,
    ".xlsx": _xlsx,
    ".tex": _latex,
}
