"""LaTeX: hostile text is printed and never obeyed, read by a tokenizer of TeX; tables and labels stand."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from logreg.report.formats import visible
from logreg.report.latex_text import escaped, escaped_code
from logreg.report.nodes import (
    Cell,
    Code,
    Document,
    Fact,
    Facts,
    Figure,
    Row,
    Section,
    Table,
    TableColumn,
    code,
    paragraph,
)
from logreg.report.render_latex import render

from .document_reader import latex_tokens, squeezed
from .test_hostile import HOSTILE, LONG, document_of
from .test_renderers import SVG, odds_table, one, sample


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


def list_of_rows(n: int, *, text: str = "x", indent: int = 0) -> Table:
    columns = (TableColumn(key="a", heading="A"), TableColumn(key="b", heading="B", align="right"))
    rows = tuple(Row(cells=(Cell(text=text), Cell(text=str(i))), indent=indent) for i in range(n))
    return Table(key="t", caption="A caption much wider than its table. " * 4, columns=columns, rows=rows)


def body_of(source: str) -> list[str]:
    return source.partition(r"\endlastfoot" + "\n")[2].partition(r"\end{longtable}")[0].splitlines()


def asked_lines(source: str) -> list[int]:
    body = source.partition(r"\begin{document}")[2]
    return [int(n) for n in re.findall(r"\\logregneed\{(\d+)\}", body)]


def test_captions_are_set_from_the_left_edge_over_the_whole_line() -> None:
    preamble = render(one(list_of_rows(2))).partition(r"\begin{document}")[0]
    caption = preamble.partition(r"\def\LT@makecaption")[2].partition("\\makeatother")[0]
    assert r"\LT@mcol\LT@cols{@{}l}" in caption
    assert r"\parbox[t]{\linewidth}" in caption  # read where the table stands, also on a page on its side
    assert "LTcapwidth" not in preamble


def test_panels_without_a_caption_are_not_counted_as_tables() -> None:
    source = render(one(odds_table(n_outcomes=9)))
    n_panels = source.count(r"\begin{longtable}")
    assert n_panels > 1
    assert source.count(r"\end{longtable}\addtocounter{table}{-1}") == n_panels - 1
    assert not source.partition(r"\end{longtable}")[2].startswith(r"\addtocounter")  # the first has one


def test_figures_stand_where_they_are_in_the_document() -> None:
    source = render(one(Figure(key="f", svg=SVG, alt="a", caption="c")))
    assert r"\begin{figure}[H]" in source
    assert re.search(r"\\usepackage\{[^}]*\bfloat\b", source)


def test_a_heading_asks_for_the_room_of_what_it_stands_above() -> None:
    def asked(*blocks: object) -> int:
        section = Section(key="s", title="S", blocks=blocks)  # type: ignore[arg-type]
        source = render(one(section))
        assert re.search(r"\\logregneed\{\d+\}\n\\section", source)
        return asked_lines(source)[0]

    assert asked(paragraph("x")) >= 6
    assert asked(list_of_rows(10)) >= 10 + 6
    assert asked(list_of_rows(100)) < 25  # no page holds it whatever is asked
    assert asked(paragraph("Short."), list_of_rows(10)) > asked(list_of_rows(10))
    inner = Section(key="i", title="I", blocks=(list_of_rows(10),))
    assert asked(inner) > asked(list_of_rows(10)) + 2


def test_a_short_table_and_a_short_list_of_facts_ask_for_all_their_lines() -> None:
    assert asked_lines(render(one(list_of_rows(9))))[0] >= 9 + 5
    assert asked_lines(render(one(list_of_rows(60))))[0] < 20
    facts = Facts(items=tuple(Fact(label=f"L{i}", text="x") for i in range(8)))
    source = render(one(facts))
    assert asked_lines(source)[0] >= 8 + 2
    assert re.search(r"\\logregneed\{\d+\}\n\\begin\{longtable\}", source)
    long = Facts(items=tuple(Fact(label="L", text="word " * 400) for _ in range(8)))
    assert asked_lines(render(one(long)))[0] < 80


def test_the_last_rows_of_a_long_table_stay_together() -> None:
    rows = body_of(render(one(list_of_rows(60))))
    assert [i for i, row in enumerate(rows) if row.endswith(r"\\*")] == [57, 58]
    assert not any(row.endswith(r"\\*") for row in body_of(render(one(list_of_rows(5)))))


def test_every_page_of_a_table_has_a_foot_of_one_height() -> None:
    assert "\\bottomrule\n\\endfoot\n\\bottomrule\n\\endlastfoot" in render(one(list_of_rows(5)))


def test_headings_are_flush_with_the_edges_of_the_table() -> None:
    source = render(one(list_of_rows(2)))
    assert r"\multicolumn{1}{@{}l}{\textbf{A}} & \multicolumn{1}{r@{}}{\textbf{B}} \\" in source
    source = render(one(odds_table(n_outcomes=2)))
    assert r"\multicolumn{2}{c}{\textbf{outcome 0}} & \multicolumn{2}{c@{}}{\textbf{outcome 1}} \\" in source
    alone = Table(key="t", caption="", columns=(TableColumn(key="a", heading="A"),), rows=())
    assert r"\multicolumn{1}{@{}l@{}}{\textbf{A}}" in render(one(alone))


def test_lines_of_indented_rows_hang() -> None:
    source = render(one(list_of_rows(2, indent=2)))
    assert r"\newcommand{\logregindent}[1]{\hangindent=#1em\hspace*{#1em}}" in source
    assert body_of(source)[0] == r"\logregindent{2}x & 0 \\"


def test_spaces_after_colons_are_not_doubled() -> None:
    assert r"\frenchspacing" in render(Document(title="T", blocks=())).partition(r"\begin{document}")[0]


def code_ends(n_lines: int, text: str = "x") -> list[str]:
    source = render(one(Code(text="\n".join([text] * n_lines))))
    return (
        source.partition(r"\interlinepenalty=10000" + "\n")[2].partition("\n\\end{flushleft}")[0].split("\n")
    )


def test_a_short_program_stays_on_one_page() -> None:
    assert code_ends(40) == [r"x\\*"] * 39 + ["x"]
    assert r"x\\" in code_ends(90)  # it must break somewhere


def test_a_long_program_breaks_at_blank_lines_and_not_after_a_lead() -> None:
    text = "lead:\n\n" + "\n".join(["x"] * 7) + "\n"
    lines = code_ends(6, text)
    breaks = [i for i, line in enumerate(lines) if line.endswith(r"\\")]
    assert breaks
    assert all(lines[i].startswith(r"\mbox{}") and not lines[i - 1].startswith("lead:") for i in breaks)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex here")
def test_pages_end_where_nothing_is_torn(tmp_path: Path) -> None:
    """Read from the numbers and pages that TeX writes down for labels: numbers, order, no lonely heading."""
    filler = paragraph("Filler. " * 30)
    blocks = []
    for i in range(12):
        table = list_of_rows(8)
        table = Table(key=f"t{i}", caption=table.caption, columns=table.columns, rows=table.rows)
        figure = Figure(key=f"f{i}", svg=SVG, alt="alt " * 30, caption="c")
        wide = odds_table(key=f"w{i}", n_outcomes=9)
        parts = (table, *[filler] * (i % 5), figure, wide)
        blocks.append(Section(key=f"s{i}", title=f"Section {i}", blocks=parts))
    (tmp_path / "a.tex").write_text(render(Document(title="T", blocks=tuple(blocks))), encoding="utf-8")
    command = ["pdflatex", "-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode", "a.tex"]
    for _ in range(2):
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60)
        assert run.returncode == 0, run.stdout.decode("utf-8", "replace")[-2000:]
    record = (tmp_path / "a.aux").read_text("utf-8")
    labels = {
        key: (number, int(page))
        for key, number, page in re.findall(r"\\newlabel\{([^}]*)\}\{\{([^}]*)\}\{(\d+)\}", record)
    }
    numbers = [int(labels[f"tab:{kind}{i}"][0]) for i in range(12) for kind in ("t", "w")]
    assert numbers == list(range(1, 25))
    for i in range(12):
        section, first, figure, last = (labels[f"{k}{i}"][1] for k in ("sec:s", "tab:t", "fig:f", "tab:w"))
        assert section == first <= figure <= last
