"""What the page lets a reader do: structure that works without script, and what the script finds there.

What happens in a browser (sorting, copying, the calculator's form, axe-core) is checked by ``axe/check.js``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import logreg
import logreg.report
from logreg.report import render_html
from logreg.report.baselines import coefficient_blocks
from logreg.report.calculator import WORDS, Calculator, calculator_model
from logreg.report.context import context_of
from logreg.report.nodes import Cell, Code, Document, Labels, Row, Section, Table, TableColumn, paragraph
from logreg.report.sections_calculator import calculator_section
from logreg.report.switched import SwitchedTable

CHROMIUM = shutil.which("chromium")
TEMPLATES = Path(logreg.report.__file__).parent / "templates"
#: Script and style of a page together.
MOST_BYTES = 42_000


def document(name: str = "birthwt", formula: str | None = None) -> Document:
    sheet = logreg.datasets.describe(name)
    fit = logreg.fit(formula or sheet.formula, logreg.datasets.load(name))
    context = context_of(fit)
    prose = Section(key="methods", title="Methods", blocks=(paragraph("First."), paragraph("Second.")))
    tables = Section(key="coefficients", title="Coefficients", blocks=coefficient_blocks(context))
    return Document(title="T", blocks=(prose, tables, calculator_section(context, fit.profiles())))


class Page(HTMLParser):
    """The elements of a page with their attributes, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts[-1] += data

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture(scope="module", params=["birthwt", "womenlf"])
def whole(request: pytest.FixtureRequest) -> tuple[Document, str, Page]:
    made = document(request.param)
    text = render_html.render(made)
    return made, text, Page(text)


def test_identifiers_are_unique_and_references_have_targets(whole: Any) -> None:
    _, _, page = whole
    identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    for _, attributes in page.elements:
        for name in ("href", "aria-labelledby", "aria-describedby", "for"):
            if name in attributes:
                assert str(attributes[name]).removeprefix("#") in identifiers


def test_nothing_comes_from_elsewhere(whole: Any) -> None:
    _, text, page = whole
    assert not page.all("link", "iframe", "object", "embed", "img", "base", "form")
    for _, attributes in page.elements:
        assert not {"src", "srcset", "action", "data"} & attributes.keys()
        assert not any(name.startswith("on") for name in attributes)
    addresses = set(re.findall(r"[a-z]+://[^\s\"'<>)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    for script in page.scripts:
        for word in (
            "fetch(",
            "XMLHttpRequest",
            "WebSocket",
            "import(",
            "eval(",
            "innerHTML",
            "sendBeacon",
            "new Function",
        ):
            assert word not in script


def test_only_the_pages_own_script_may_run(whole: Any) -> None:
    made, _, page = whole
    (policy,) = [m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    kinds = [attributes.get("type") for attributes in page.all("script")]
    n_switches = int(any(isinstance(table, SwitchedTable) for table in made.tables))
    assert kinds == ["application/json"] * (1 + n_switches) + [None]
    digest = base64.b64encode(hashlib.sha256(page.scripts[-1].encode("utf-8")).digest()).decode("ascii")
    assert f"script-src 'sha256-{digest}'" in str(policy)
    assert str(policy).startswith("default-src 'none';")


def test_script_and_style_are_small() -> None:
    names = ("page.css", "calculate.js", "page.js")
    assert sum(len((TEMPLATES / name).read_bytes()) for name in names) < MOST_BYTES


def test_ranges_of_numbers_stay_on_one_line_and_names_are_still_escaped() -> None:
    names = ("Income (10-24)", "1-9 <b> & 2.5-3.5", "log(x - 1)", "2-" * 40 + "2", "against \u22121")
    columns = (TableColumn(key="name", heading="Age 5-9", align="left"),)
    rows = tuple(Row(cells=(Cell(text=name),)) for name in names)
    group = Row(cells=(Cell(text="Group 3-4"),), kind="group")
    table = Table(key="t", caption="C", columns=columns, rows=(group, *rows), row_headers=1)
    text = render_html.render(Document(title="T", blocks=(table,)))
    found = [cell.replace('<span class="short">', "[").replace("</span>", "]") for cell in _cells(text)]
    assert found == [
        "Age [5-9]",
        "<span>Group [3-4]]",
        "Income ([10-24])",
        "[1-9] &lt;b&gt; &amp; [2.5-3.5]",
        "log(x - 1)",
        names[3],
        names[4],
    ]


def _cells(text: str) -> list[str]:
    return re.findall(r"<th[^>]*>(.*?)</th>", text)


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_a_table_scrolled_sideways_keeps_its_names_in_front(tmp_path: Path) -> None:
    """Headings that sort must not be painted over the first column, and headings of groups stay in view."""
    page = tmp_path / "page.html"
    text = render_html.render(document("womenlf"))
    policy = re.search(r'<meta http-equiv="Content-Security-Policy"[^>]*>', text)
    assert policy is not None
    text = text.replace(policy[0], "").replace("</body>", f"<script>{{{SCROLLED}}}</script></body>")
    page.write_text(text, "utf-8")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    done = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=True, timeout=60
    )
    match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, flags=re.DOTALL)
    assert match is not None, done.stderr
    found = json.loads(match[1])
    assert found["moved"] > 20
    assert found["inFront"]
    assert all(found["inFront"])
    assert found["groups"]
    assert all(found["groups"])


#: Makes every table narrow, scrolls it, and asks what is seen at the middle of the first cells and of groups.
SCROLLED = """
const inFront = [], groups = [], moves = [];
for (const box of document.querySelectorAll("#content .table .scroll")) {
  box.style.width = "260px";
  for (let left = 10; left < 200; left += 10) {
    box.scrollLeft = left;
    box.scrollIntoView();
    for (const cell of box.querySelectorAll("thead tr:first-child th:first-child, [scope=row]:first-child")) {
      const { left: x, right, top, bottom } = cell.getBoundingClientRect();
      if (top < 0 || bottom > innerHeight) continue;
      for (const at of [x + 5, (x + right) / 2, right - 2]) {
        inFront.push(cell.contains(document.elementFromPoint(at, bottom - 8)));
      }
    }
    for (const name of box.querySelectorAll(".group span")) {
      groups.push(name.getBoundingClientRect().left >= box.getBoundingClientRect().left);
    }
    moves.push(box.scrollLeft);
  }
}
const result = document.createElement("pre");
result.id = "found";
result.textContent = JSON.stringify({ inFront, groups, moved: Math.max(...moves) });
document.body.append(result);
"""


def test_scripts_are_plain_ascii_without_an_end_tag() -> None:
    for name in ("calculate.js", "page.js"):
        source = (TEMPLATES / name).read_text(encoding="utf-8")
        assert source.isascii()
        assert "</" not in source
        assert "<!--" not in source


def test_scripts_can_be_read_by_a_browser() -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    for name in ("calculate.js", "page.js"):
        done = subprocess.run(
            ["node", "--check", str(TEMPLATES / name)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_every_word_the_script_asks_for_is_there() -> None:
    source = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    assert set(re.findall(r"\bwords\.([a-z_]+)", source)) | {"logit", "odds", "probability"} == set(WORDS)
    asked = set(re.findall(r"\bWORDS\.([a-z_]+)", source))
    page = (TEMPLATES / "page.html").read_text(encoding="utf-8")
    assert asked == set(re.findall(r'"([a-z_]+)"', page.partition("for word in (")[2].partition(")")[0]))
    assert asked <= set(Labels.__slots__)


def test_the_words_of_the_page_are_those_of_the_document() -> None:
    labels = Labels(copy_text="Text kopieren", copied="Kopiert")
    text = render_html.render(Document(title="T", blocks=(), labels=labels))
    assert '<span data-word="copy_text">Text kopieren</span>' in text
    assert '<span data-word="copied">Kopiert</span>' in text


def test_without_script_the_calculator_is_a_worked_example(whole: Any) -> None:
    made, text, page = whole
    (block,) = (one for one in made["calculator"].blocks if isinstance(one, Calculator))
    found = text.partition('<div class="calculator">')[2].partition("</div>")[0]
    assert "Worked example" in found
    assert block.text.splitlines()[-1].split(" (")[0] in found
    # Buttons and fields are made by the script: without it there are none that do nothing.
    assert not page.all("button", "input", "select", "textarea")
    assert json.loads(page.scripts[0])["outcomes"] == list(block.model.outcomes)


def test_a_fragment_holds_no_script() -> None:
    text = render_html.render_fragment(document())
    assert "<script" not in text
    assert "Worked example" in text


def test_cells_carry_their_numbers_with_all_digits(whole: Any) -> None:
    made, text, _ = whole
    values = {
        repr(cell.value)
        for table in made.tables
        for row in table.rows
        for cell in row.cells
        if isinstance(cell.value, float)
    }
    marked = set(re.findall(r' data-value="([^"]*)"', text))
    assert values <= marked
    assert all(re.fullmatch(r"[-0-9.e+inf]+( [-0-9.e+inf]+)?", value) for value in marked)
    assert sum(" " in value for value in marked) > 4  # intervals


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, "1.5"),
        (3, "3"),
        (float("inf"), "inf"),
        (True, None),
        (None, None),
        ("0.5 to 1e-07", "0.5 1e-07"),
        ("-inf to 2.0", "-inf 2.0"),
        ('1 to 2" onclick="x', None),
        ("1 to 2\n", None),
        ("a to b", None),
    ],
)
def test_only_numbers_and_intervals_are_marked(value: Any, expected: str | None) -> None:
    columns = (TableColumn(key="a", heading="A"),)
    table = Table(key="t", caption="C", columns=columns, rows=(Row(cells=(Cell(text="x", value=value),)),))
    text = render_html.render(Document(title="T", blocks=(table,)))
    found = re.findall(r' data-value="([^"]*)"', text)
    assert found == ([] if expected is None else [expected])


def test_prose_and_only_prose_can_be_copied_as_text() -> None:
    text = render_html.render(document())
    assert re.findall(r'<section id="section-([a-z_]+)"[^>]* data-copy', text) == ["methods"]


def test_a_calculator_reads_as_code_everywhere_else() -> None:
    fit = logreg.fit("low ~ age", logreg.datasets.load("birthwt"))
    block = Calculator(text="By hand.", model=calculator_model(context_of(fit), fit.profiles()))
    assert isinstance(block, Code)
    assert "By hand." in render_html.render(Document(title="T", blocks=(block,)))


def test_the_same_fit_gives_the_same_page() -> None:
    assert render_html.render(document()) == render_html.render(document())
