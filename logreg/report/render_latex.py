r"""A `Document` as LaTeX: one file for pdfLaTeX, LuaLaTeX or XeLaTeX, tables by booktabs and longtable.

Nothing but packages of every TeX distribution is needed, and no shell escape. LaTeX cannot read SVG: a
figure is included if a PDF or PNG named after its key (``forest.pdf``) stands beside the file, and described
in words if not. Sections, tables and figures carry labels, such as ``\ref{tab:odds_ratios}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from logreg.report.formats import visible
from logreg.report.latex_room import (
    FACT_SHARES,
    PAGES,
    breakable_lines,
    needed_by_facts,
    needed_by_panel,
    needed_by_section,
    rows_held_together,
    upper_rooms,
)
from logreg.report.latex_text import CHARACTER_MACRO, escaped, escaped_code
from logreg.report.nodes import (
    Block,
    Cell,
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
from logreg.report.table_layout import TableLayout, lay_out, text_width, wrapped

__all__ = ["render"]

_TYPE_SIZES = {10: r"\normalsize", 9: r"\small", 8: r"\footnotesize"}
_HEADINGS = ("section", "subsection", "subsubsection", "paragraph", "subparagraph")
_MARKS = {"plain": "{}", "strong": r"\textbf{{{}}}", "emphasis": r"\emph{{{}}}"}
_ALIGNS = {"left": "l", "right": "r", "center": "c"}
_RAGGED = {"left": r"\raggedright", "right": r"\raggedleft", "center": r"\centering"}
_PREAMBLE = r"""% Compile twice with pdflatex, lualatex or xelatex; no shell escape is needed.
% A figure is included from KEY.pdf or KEY.png beside this file (KEY: the name in \logregfigure{KEY}), and
% described in words while there is none.
\documentclass[10pt,a4paper]{article}
\usepackage{iftex}
\ifPDFTeX
  \usepackage[T1]{fontenc}
  \usepackage[utf8]{inputenc}
  \usepackage{lmodern}
\else
  \usepackage{fontspec}
\fi
\usepackage{textcomp}
\usepackage[margin=22mm]{geometry}
\usepackage{array,booktabs,float,graphicx,longtable,pdflscape}
%CHARACTER_MACRO%
\newcommand{\logregfigure}[2]{%
  \IfFileExists{#1.pdf}{\includegraphics[width=\linewidth,height=0.8\textheight,keepaspectratio]{#1.pdf}}{%
  \IfFileExists{#1.png}{\includegraphics[width=\linewidth,height=0.8\textheight,keepaspectratio]{#1.png}}{%
  \fbox{\parbox{0.94\linewidth}{\raggedright\small #2}}}}}
% Start a page unless this one has room for so many lines.
\newcommand{\logregneed}[1]{\par
  \ifdim\dimexpr\pagegoal-\pagetotal\relax<#1\baselineskip\ifdim\pagetotal>0pt \newpage\fi\fi}
% Set text in by so many ems, the lines it is continued on too.
\newcommand{\logregindent}[1]{\hangindent=#1em\hspace*{#1em}}
% Captions start at the left edge of the table, however narrow that is.
\makeatletter
\def\LT@makecaption#1#2#3{\LT@mcol\LT@cols{@{}l}{\hbox to 0pt{\parbox[t]{\linewidth}{%
  \normalfont\normalsize\raggedright#1{#2: }#3\endgraf\vskip0.5\baselineskip}\hss}}}
\long\def\@makecaption#1#2{\vskip\abovecaptionskip{\raggedright#1: #2\par}\vskip\belowcaptionskip}
\makeatother
\setcounter{secnumdepth}{0}
\setcounter{tocdepth}{2}
\setlength{\LTleft}{0pt}
\setlength{\LTright}{\fill}
\setlength{\tabcolsep}{0.6em}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.5\baselineskip}
\emergencystretch=3em
\frenchspacing"""


def render(document: Document) -> str:
    """Return the document as the source of one LaTeX file.

    Examples
    --------
    >>> print(render(Document(title="Birth weight & smoking", blocks=())).splitlines()[-3])
    {\\LARGE\\bfseries\\raggedright Birth weight \\& smoking\\par}
    """
    labels = document.labels
    lines = [
        _PREAMBLE.replace("%CHARACTER_MACRO%", CHARACTER_MACRO),
        rf"\renewcommand{{\tablename}}{{{escaped(labels.table)}}}",
        rf"\renewcommand{{\figurename}}{{{escaped(labels.figure)}}}",
        rf"\renewcommand{{\contentsname}}{{{escaped(labels.contents)}}}",
        r"\begin{document}",
        r"\raggedright",
        rf"{{\LARGE\bfseries\raggedright {escaped(document.title)}\par}}",
    ]
    lines += (
        [rf"{{\large\raggedright {escaped(document.subtitle)}\par}}"] if document.subtitle.strip() else []
    )
    lines += [r"{\setlength{\parskip}{0pt}\tableofcontents}"] if document.sections else []
    for block in document.blocks:
        lines += ["", *_block(block, document, 0)]
    return "\n".join([*lines, "", r"\end{document}"]) + "\n"


def _block(node: Block, document: Document, depth: int) -> Iterator[str]:
    """Yield the lines of one block."""
    match node:
        case Section():
            yield rf"\logregneed{{{needed_by_section(node)}}}"
            yield rf"\{_HEADINGS[depth]}{{{escaped(node.title)}}}\label{{sec:{node.key}}}"
            for block in node.blocks:
                yield ""
                yield from _block(block, document, depth + 1)
        case Paragraph():
            yield "".join(_run(run) for run in node.runs)
        case Facts():
            yield from _facts(node)
        case Table():
            yield from _table(node)
        case Figure():
            yield r"\begin{figure}[H]"
            yield rf"\logregfigure{{{node.key}}}{{{escaped(node.alt)}}}"
            yield rf"\caption{{{escaped(node.caption)}}}\label{{fig:{node.key}}}"
            yield r"\end{figure}"
        case Note():
            label = document.labels.warning if node.kind == "warning" else document.labels.info
            yield rf"\begin{{quote}}\textbf{{{escaped(label)}}} {escaped(node.text)}\end{{quote}}"
        case Code():
            yield from _code(node)
        case _:
            assert_never(node)


def _run(run: Run) -> str:
    if run.kind == "code":
        return rf"\texttt{{{' '.join(escaped_code(run.text))}}}"
    return _MARKS[run.kind].format(escaped(run.text)) if run.text else ""


def _code(code: Code) -> Iterator[str]:
    """Yield the lines of a program; a page may end after few of them, and never within one."""
    lines = escaped_code(code.text)
    breakable = breakable_lines(lines)
    ends = [r"\\" if i in breakable else r"\\*" for i in range(len(lines) - 1)]
    yield r"\begin{flushleft}\ttfamily\small\interlinepenalty=10000"
    for line, end in zip(lines, [*ends, ""], strict=True):
        yield (line or r"\mbox{}") + end
    yield r"\end{flushleft}"


def _facts(facts: Facts) -> Iterator[str]:
    if not facts.items:
        return
    kinds = (rf">{{\raggedright\arraybackslash}}p{{{share}\linewidth}}" for share in FACT_SHARES)
    yield rf"\logregneed{{{needed_by_facts(facts)}}}"
    yield rf"\begin{{longtable}}{{@{{}}{''.join(kinds)}@{{}}}}"
    for fact in facts.items:
        note = rf" ({escaped(fact.note)})" if fact.note else ""
        yield rf"{escaped(fact.label)} & {escaped(fact.text)}{note} \\"
    yield r"\end{longtable}\addtocounter{table}{-1}"


def _table(table: Table) -> Iterator[str]:
    """Yield a longtable per panel; caption and label belong to the first, the notes follow the last."""
    layout = lay_out(table, PAGES)
    if layout.page.landscape:
        yield r"\begin{landscape}"
    yield rf"\begingroup{_TYPE_SIZES[int(layout.page.points)]}"
    for i, panel in enumerate(layout.panels):
        yield from _panel(table, layout, panel, with_caption=i == 0)
    yield r"\endgroup"
    for note in table.notes:
        yield rf"{{\footnotesize\raggedright {escaped(note)}\par}}"
    if layout.page.landscape:
        yield r"\end{landscape}"


def _panel(table: Table, layout: TableLayout, panel: Sequence[int], *, with_caption: bool) -> Iterator[str]:
    columns = [table.columns[j] for j in panel]
    kinds = [_column_kind(table.columns[j], layout.widths[j], wraps=layout.wraps(j)) for j in panel]
    if not (layout.page.landscape and with_caption):  # a page on its side starts afresh
        yield rf"\logregneed{{{needed_by_panel(table, layout, panel, with_caption=with_caption)}}}"
    yield rf"\begin{{longtable}}{{@{{}}{''.join(kinds)}@{{}}}}"
    if with_caption:
        yield rf"\caption{{{escaped(table.caption)}}}\label{{tab:{table.key}}}\\"
    heading = ["\\toprule", *_headings(columns, [layout.widths[j] for j in panel]), "\\midrule"]
    yield from heading
    yield r"\endfirsthead"
    yield from heading
    yield r"\endhead"
    # Feet of one height: a taller last foot could go to a page of its own.
    yield "\\bottomrule\n\\endfoot\n\\bottomrule\n\\endlastfoot"
    held = rows_held_together(table, layout, panel, with_caption=with_caption)
    for i, row in enumerate(table.rows):
        yield _row(row, panel, layout) + (r" \\*" if i in held else r" \\")
    # Every longtable counts as a table, with or without a caption.
    yield r"\end{longtable}" + ("" if with_caption else r"\addtocounter{table}{-1}")


def _column_kind(column: TableColumn, width: float, *, wraps: bool) -> str:
    if wraps:
        return rf">{{{_RAGGED[column.align]}\arraybackslash}}p{{{width / 2:.2f}em}}"
    return _ALIGNS[column.align]


def _headings(columns: Sequence[TableColumn], widths: Sequence[float]) -> Iterator[str]:
    """Yield the line of upper headings, their rules, and the line of headings."""
    last = len(columns) - 1
    if any(column.group for column in columns):
        uppers, rules = [], []
        for group, places, room in upper_rooms(columns, widths):
            upper = _stacked([_bold(line) for line in wrapped(group, room)], "c")
            kind = _at_edges("c", places[0] == 0, places[-1] == last)
            uppers.append(rf"\multicolumn{{{len(places)}}}{{{kind}}}{{{upper}}}" if group else "")
            rules += [rf"\cmidrule(lr){{{places[0] + 1}-{places[-1] + 1}}}"] if group else []
        yield " & ".join(uppers) + r" \\"
        yield "".join(rules)
    headings = [
        _heading(column, width, _at_edges(_ALIGNS[column.align], j == 0, j == last))
        for j, (column, width) in enumerate(zip(columns, widths, strict=True))
    ]
    yield " & ".join(headings) + r" \\"


def _at_edges(kind: str, first: bool, last: bool) -> str:
    r"""Return the kind of a \multicolumn, flush with the edges of the table where it touches them."""
    return ("@{}" if first else "") + kind + ("@{}" if last else "")


def _heading(column: TableColumn, width: float, kind: str) -> str:
    """Return heading and unit, one above the other in lines no wider than the column."""
    lines = [_bold(line) for line in wrapped(column.heading, width)]
    lines += [escaped(line) for line in wrapped(column.unit, width)]
    return rf"\multicolumn{{1}}{{{kind}}}{{{_stacked(lines, _ALIGNS[column.align])}}}"


def _bold(line: str) -> str:
    return rf"\textbf{{{escaped(line)}}}"


def _stacked(lines: Sequence[str], align: str) -> str:
    if len(lines) < 2:
        return "".join(lines)
    return rf"\begin{{tabular}}[b]{{@{{}}{align}@{{}}}}" + r"\\".join(lines) + r"\end{tabular}"


def _row(row: Row, panel: Sequence[int], layout: TableLayout) -> str:
    inset = rf"\logregindent{{{row.indent}}}" if row.indent else ""
    if row.kind == "group":
        text = row.cells[0].text
        room = layout.panel_width(panel) - 2 * row.indent
        kind = "l" if text_width(visible(text)) <= room else rf">{{\raggedright}}p{{{room / 2:.2f}em}}"
        heading = rf"\multicolumn{{{len(panel)}}}{{@{{}}{kind}@{{}}}}"
        return rf"{heading}{{{inset}\emph{{{escaped(text)}}}}}"
    cells = [_cell(row.cells[j], wraps=layout.wraps(j)) for j in panel]
    return " & ".join([inset + cells[0], *cells[1:]])


def _cell(cell: Cell, *, wraps: bool) -> str:
    text = escaped(cell.text)
    text = text if wraps else text.replace(r"\allowbreak{}", "")
    return rf"\textbf{{{text}}}" if cell.style == "strong" and text else text
