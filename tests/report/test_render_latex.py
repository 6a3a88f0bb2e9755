"""LaTeX: hostile text is printed and never obeyed, read by a tokenizer of TeX; tables and labels stand."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from logreg.report.formats import visible
from logreg.report.latex_text import escaped, escaped_code
from logreg.report.nodes import Cell, Document, Row, Table, TableColumn, code, paragraph
from logreg.report.render_latex import render

from .document_reader import latex_tokens, squeezed
from .test_hostile import HOSTILE, LONG, document_of
from .test_renderers import odds_table, one, sample


@pytest.fixture(params=HOSTILE.values(), ids=HOSTILE.keys())
def text(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def printed(source: str) -> str:
    return "".join(text for kind, text in latex_tokens(source) if kind == "text")


def structure(source: str) -> Counter[tuple[str, str]]:
    """Count what TeX obeys: commands, groups, alignment marks; layout of columns and widths aside."""
    return Counter((kind, text) for kind, text in latex_tokens(source) if kind != "text")


def test_escaped_text_is_printed_as_it_is(text: str) -> None:
    found = list(latex_tokens(escaped(text)))
    assert all(kind == "text" or text in "{}" for kind, text in found)
    assert squeezed(printed(escaped(text))) == squeezed(nfc(visible(text)))


def nfc(text: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("long", LONG.values(), ids=LONG.keys())
def test_long_text_is_escaped_and_can_be_broken(long: str) -> None:
    source = escaped(long)
    assert squeezed(printed(source)) == squeezed(long)
    assert max(len(word) for word in printed(source.replace(r"\allowbreak{}", " ")).split(" ")) <= 28


def test_a_document_obeys_the_same_commands_whatever_the_text(text: str) -> None:
    """What differs is how many columns wrap and how headings are stacked: those commands are not counted."""
    layout = r"\\raggedright|\\raggedleft|\\centering|\\arraybackslash|\\small|\\footnotesize|\\normalsize"
    hostile, harmless = (structure(re.sub(layout, "", render(document_of(t)))) for t in (text, "x"))
    commands = {key for key, _ in (hostile - harmless).items() if key[0] == "command"}
    assert commands <= {
        ("command", name) for name in ("begin", "end", "\\", "ensuremath", "large", "mbox", "textbf")
    }
    assert hostile["active", "&"] == harmless["active", "&"]
    assert not {mark for (kind, mark) in hostile - harmless if kind == "active"}


def test_a_line_break_is_never_followed_by_an_option() -> None:
    """A row that starts with a bracket or a star would be read as an option of the row end before it."""
    columns = (TableColumn(key="a", heading="A"), TableColumn(key="b", heading="B"))
    rows = tuple(Row(cells=(Cell(text=t), Cell(text=t))) for t in ("[1cm]", "*", "]"))
    source = render(one(Table(key="t", caption="", columns=columns, rows=rows)))
    assert not re.search(r"\\\\\*?\s*[\[*](?!\w)", source.replace(r"\\*", r"\\"))


def test_environments_are_balanced_and_labels_unique() -> None:
    for document in (sample(), document_of("x"), one(odds_table(n_outcomes=9))):
        source = render(document)
        open_environments: list[str] = []
        for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", source):
            if kind == "begin":
                open_environments.append(name)
            else:
                assert open_environments.pop() == name
        assert open_environments == []
        assert max(Counter(re.findall(r"\\label\{[^}]*\}", source)).values()) == 1
    assert r"\label{tab:odds}" in render(sample())
    assert r"\logregfigure{roc}" in render(sample())


def test_every_row_of_a_table_has_as_many_cells_as_columns() -> None:
    source = render(one(odds_table(n_outcomes=2)))
    body = source.partition(r"\endlastfoot")[2].partition(r"\end{longtable}")[0]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert [line.count(" & ") for line in rows] == [4, 4, 4]
    assert r"\cmidrule(lr){2-3}\cmidrule(lr){4-5}" in source
    assert source.count(r"\toprule") == 2  # the first page and those that follow
    assert r"\multicolumn{5}{@{}l@{}}{\emph{Race}} \\*" in body


def test_a_wide_table_becomes_panels_with_one_caption() -> None:
    source = render(one(odds_table(n_outcomes=9)))
    assert source.count(r"\begin{longtable}") > 1
    assert source.count(r"\caption{") == 1
    assert source.count("black") == source.count(r"\begin{longtable}")


def test_code_keeps_its_indents_and_quotes() -> None:
    assert escaped_code("f('a')\n\tb  c\n") == (
        r"f(\textquotesingle{}a\textquotesingle{})",
        "~~~~b ~c",
        "",
    )
    assert r"\texttt{\textquotesingle{}x\textquotesingle{}}" in render(one(paragraph(code("'x'"))))


def test_signs_and_letters() -> None:
    assert escaped("R² ≤ 1,5 × 10⁻⁷ −2 größe -- ''") == (
        r"R\textsuperscript{2} \ensuremath{\leq} 1,5 \ensuremath{\times} "
        r"10\textsuperscript{\ensuremath{-}}\textsuperscript{7} \ensuremath{-}2 größe -{}- '{}'"
    )
    assert escaped("体") == r"\logregchar{4F53}"
    assert escaped("e\u0301") == "é"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex here")
def test_the_source_compiles_without_errors_or_overfull_lines(tmp_path: Path) -> None:
    labels = document_of(HOSTILE["backslash"])
    for document in (sample(), one(odds_table(n_outcomes=9)), labels):
        (tmp_path / "a.tex").write_text(render(document), encoding="utf-8")
        command = ["pdflatex", "-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode", "a.tex"]
        for _ in range(3):
            run = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60)
            assert run.returncode == 0, run.stdout.decode("utf-8", "replace")[-2000:]
        assert "Overfull" not in (tmp_path / "a.log").read_text("utf-8", "replace")


def test_a_document_without_sections_has_no_contents() -> None:
    assert r"\tableofcontents" not in render(Document(title="T", blocks=()))
